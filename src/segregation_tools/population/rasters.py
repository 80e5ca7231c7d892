"""From rasters, arrays and tables of cells to the counts of a grid: bands × rows × cols, north up."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, DataWarning, GeographyError, GroupError, lacking, listed, warn
from segregation_tools.population.checking import NAMED, FirstOf, check_counts, checked_groups, numbers
from segregation_tools.population.chunked.cluster import in_chunks
from segregation_tools.population.geography import warn_web_mercator
from segregation_tools.population.grid import TO_METRES, Grid
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.reading import column_of_numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

__all__ = ["Cells", "check_band", "people_of", "read_cells", "read_raster"]

OFF = 0.01  # of a cell, by which coordinates may be rounded
ROUNDED = 1e-2  # of a huge nodata value, by which files that write it as text round it
HUGE = 1e30  # no count of people
ELSEWHERE = re.compile(
    r"/vsi|<|[A-Za-z][\w+.-]+:"
)  # in an archive, on a server, a text: what GDAL reads that is no file
MOST = 2**40  # cells in a row, among which a float still tells hundredths apart
MANY = 20  # cells that do not lie far apart by chance
ACROSS = ("x", "lon", "longitude", "easting")
DOWN = ("y", "lat", "latitude", "northing")


@dataclass(frozen=True)
class Cells:
    """What a source says of its cells.

    Attributes
    ----------
    counts : ndarray or dask.array.Array of shape (bands, rows, cols)
        The bands that are groups.
    groups : tuple
        A name for each.
    fills : tuple of tuples of float
        For each, values that stand for nobody.
    ours : bool
        Whether nobody else holds the array, so that it may be written to.
    absent : ndarray of bool or None
        Where nobody lives, whatever the array holds.
    scales : tuple of tuples of float
        For each, factor and offset that make people of what is stored.
    cell_size : float or None
        Side of a cell.
    crs : object or None
        Coordinate reference system.
    x, y : float
        Upper left corner.
    down, right : bool
        Whether rows run from north to south, and columns from west to east.
    """

    counts: NDArray[Any]
    groups: tuple[Any, ...]
    fills: tuple[tuple[float, ...], ...]
    ours: bool = False
    absent: NDArray[np.bool_] | None = None
    scales: tuple[tuple[float, float], ...] = ()
    cell_size: float | None = None
    crs: Any = None
    x: float = 0.0
    y: float = 0.0
    down: bool = True
    right: bool = True

    @property
    def in_chunks(self) -> bool:
        """Whether the counts lie in chunks."""
        return not isinstance(self.counts, np.ndarray)

    @property
    def scaled(self) -> bool:
        """Whether something else than people is stored."""
        return any(scale != (1, 0) for scale in self.scales)


def read_raster(
    source: Any, groups: Sequence[Hashable] | None, cell_size: float | None, crs: Any, nodata: Any
) -> tuple[Cells, Grid]:
    """Read bands of counts.

    Parameters
    ----------
    source : path, array or xarray.DataArray
        See `Population.from_raster`, which says what the others are.
    groups, cell_size, crs, nodata
        Or None, for what the source says.

    Returns
    -------
    cells : Cells
        Its counts are people in the number type of the source; the source's own array where nothing had to be changed. What
        lies in chunks is left as it is stored.
    grid : Grid
    """
    if cell_size is not None:
        real_number(cell_size, "cell_size", 0, "the side of a cell", above=True)
    if isinstance(source, (str, os.PathLike)):
        cells = _of_file(source, groups)
    elif hasattr(source, "dims") and hasattr(source, "coords"):
        cells = _of_labelled(source, groups, cell_size)
    elif isinstance(source, pd.DataFrame):
        msg = "a raster is a path or an array; of a table with one row a cell: Population.from_cells(frame, ...)"
        raise DataError(msg)
    else:
        cells = _of_array(source, groups)
    if nodata is not None:
        cells = replace(cells, fills=(_values(nodata),) * len(cells.groups))
    if cells.counts.shape[1] == 0 or cells.counts.shape[2] == 0:
        msg = "the population is empty: the raster has no cells"
        raise DataError(msg)
    if not cells.in_chunks:
        counts = people_of(cells)
        for band, name, fills in zip(counts, cells.groups, cells.fills, strict=True):
            check_band(band, name, fills)
        if counts is not cells.counts or cells.ours:
            counts.flags.writeable = False
        cells = replace(cells, counts=counts)
    _, rows, cols = cells.counts.shape
    grid = Grid(rows, cols, _size(cells, cell_size), cells.crs if crs is None else crs, cells.x, cells.y)
    _warn_of_coordinates(grid)
    return cells, grid


# ---------------------------------------------------------------- sources


def _refuse_unreadable(path: str) -> None:
    """Refuse a file that is not there, and one that is an array of chunks."""
    if not ELSEWHERE.match(path) and not Path(path).exists():
        msg = f"there is no file {path}"
        raise DataError(msg)
    if Path(path).suffix.lower() == ".zarr":
        msg = (
            f"{path} is an array in chunks, no raster file: give the array, zarr.open_array({path!r}), which comes with "
            'pip install "segregation-tools[distributed]"'
        )
        raise DataError(msg)


def _of_file(path: str | os.PathLike[str], groups: Sequence[Hashable] | None) -> Cells:
    _refuse_unreadable(os.fspath(path))
    try:
        import rasterio
        from rasterio.enums import MaskFlags
        from rasterio.errors import NotGeoreferencedWarning
    except ImportError as absent:
        raise lacking("raster files need one more package", "raster", absent) from absent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # distances are refused where they are asked for
        data = rasterio.open(path)
    with data:
        at, named = _picked(groups, data.descriptions, data.count)
        bands = [i + 1 for i in at]
        masked = any(MaskFlags.per_dataset in data.mask_flag_enums[i] for i in at)
        return Cells(
            numbers(data.read(bands, out_dtype=np.result_type(*[data.dtypes[i] for i in at])), "the raster"),
            named,
            tuple(() if data.nodatavals[i] is None else (data.nodatavals[i],) for i in at),
            ours=True,
            absent=data.read_masks(bands) == 0 if masked else None,
            scales=tuple((data.scales[i], data.offsets[i]) for i in at),
            crs=data.crs,
            **_corner(data),
        )


def _corner(data: Any) -> dict[str, Any]:
    """Where the cells of a file lie, and how large they are."""
    way, name = data.transform, Path(data.name)
    if way.is_identity:  # nothing is said
        return {}
    files = f"{name.name} {name.stem}_square.tif"
    if way.b or way.d:
        msg = (
            f"the raster is rotated or sheared (its transform is {tuple(way)[:6]}), and rows must run from west to east: "
            f"turn it, adding up people: gdalwarp -r sum {files}"
        )
        raise GeographyError(msg)
    _refuse_oblong(abs(way.a), abs(way.e), max(data.shape), f"gdalwarp -tr {{0}} {{0}} -r sum {files}")
    down, right = way.e < 0, way.a > 0
    return {
        "cell_size": abs(way.a),
        "x": way.c + (0 if right else way.a * data.width),
        "y": way.f + (0 if down else way.e * data.height),
        "down": down,
        "right": right,
    }


def _refuse_oblong(wide: float, high: float, cells: int, mend: str) -> None:
    if abs(wide - high) * cells > OFF * wide:
        msg = (
            f"cells are {wide:.10g} wide and {high:.10g} high, and must be square: "
            f"{mend.format(f'{max(wide, high):.10g}')}, which adds up people"
        )
        raise GeographyError(msg)


def _of_array(source: Any, groups: Sequence[Hashable] | None) -> Cells:
    masked = isinstance(source, np.ma.MaskedArray)
    counts = _bands(_lazily(source.data if masked else source))
    at, named = _picked(groups, (None,) * len(counts), len(counts))
    absent = _bands(np.ma.getmaskarray(source)) if masked else None
    return Cells(counts, named, ((),) * len(at), absent=absent)


def _of_labelled(source: Any, groups: Sequence[Hashable] | None, cell_size: float | None) -> Cells:
    """Read an array whose dimensions have names and coordinates, as those of xarray."""
    dims = [str(dim) for dim in source.dims]
    own = _lazily(source.data)
    counts = _bands(own)
    called = [dim.lower() for dim in dims]
    if called[-2] in ACROSS or called[-1] in DOWN or (len(called) == 3 and called[0] in (*ACROSS, *DOWN)):
        down, right = (next((dim for dim in dims if dim.lower() in known), known[0]) for known in (DOWN, ACROSS))
        mend = f"data.transpose(..., {down!r}, {right!r})"
        msg = f"dimensions must be bands, rows and columns; these are {listed(dims)}: {mend}"
        raise DataError(msg)
    described = (source.name,) if own.ndim == 2 else _described(source, source.dims[0], len(counts))
    at, named = _picked(groups, described, len(counts))
    every = at == list(range(len(counts)))
    fills, decoded = _fills(source.attrs), _fills(source.encoding)
    if decoded:
        fills = (*fills, *decoded, np.nan)  # which is what they have become, unless they were left as they are
    scale = float(source.attrs.get("scale_factor", 1)), float(source.attrs.get("add_offset", 0))
    return Cells(
        counts if every else counts[at],
        named,
        (fills,) * len(at),
        ours=not every,
        scales=(scale,) * len(at),
        crs=_crs(source),
        **_corner_of_labelled(source, cell_size),
    )


def _fills(said: Any) -> tuple[float, ...]:
    names = [name for name in ("_FillValue", "missing_value") if said.get(name) is not None]
    return tuple(value for name in names for value in _values(said[name]))


def _described(source: Any, dim: Hashable, bands: int) -> tuple[Any, ...]:
    """Names of the bands: text along their dimension, or the descriptions that a file had."""
    if dim in source.coords and source.coords[dim].dtype.kind in "OUT":
        return tuple(np.asarray(source.coords[dim]).tolist())
    said = source.attrs.get("long_name")
    said = (said,) if isinstance(said, str) else said
    return tuple(said) if isinstance(said, (tuple, list)) and len(said) == bands else (None,) * bands


def _crs(source: Any) -> Any:
    """Coordinate reference system: what rioxarray says, or the file said, or degrees where dimensions are called so."""
    said = getattr(getattr(source, "rio", None), "crs", None)
    if said is None and "spatial_ref" in source.coords:
        attrs = source.coords["spatial_ref"].attrs
        said = attrs.get("crs_wkt") or attrs.get("spatial_ref")
    if said is None:
        dim = source.dims[-1]
        units = source.coords[dim].attrs.get("units", "") if dim in source.coords else ""
        said = 4326 if str(dim).lower() in ("lon", "longitude") or str(units).startswith("degree") else None
    return said


def _corner_of_labelled(source: Any, cell_size: float | None) -> dict[str, Any]:
    """Where cells lie whose centres are the coordinates, and how large they are."""
    if any(dim not in source.coords for dim in source.dims[-2:]):
        return {}
    ends, steps = [], []
    for dim in source.dims[-2:]:
        along = np.asarray(source.coords[dim].values, dtype=np.float64)
        step = (along[-1] - along[0]) / (len(along) - 1) if len(along) > 1 else 0.0
        if len(along) > 1 and not np.abs(along - np.linspace(along[0], along[-1], len(along))).max() < OFF * abs(step):
            msg = f"coordinates {dim!r} are not evenly spaced, and cells must be: take the raster itself, not a part of it"
            raise GeographyError(msg)
        steps.append(step)
        ends.append((along.min(), along.max()))
    sizes = [abs(step) for step in steps if step]
    if len(sizes) == 2:
        mend = "data.rio.reproject(data.rio.crs, resolution={0}, resampling=Resampling.sum)"
        _refuse_oblong(sizes[1], sizes[0], max(source.shape[-2:]), mend)
    size = sizes[-1] if sizes else cell_size
    if size is None:
        return {}
    return {
        "cell_size": size,
        "x": ends[1][0] - size / 2,
        "y": ends[0][1] + size / 2,
        "down": steps[0] <= 0,
        "right": steps[1] >= 0,
    }


# ---------------------------------------------------------------- what they have in common


def _bands(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim not in (2, 3):
        msg = (
            f"a raster has the shape (bands, rows, cols), or (rows, cols) where it is one band; this has {array.shape}"
        )
        raise DataError(msg)
    return array if array.ndim == 3 else array[np.newaxis]


def _picked(
    groups: Sequence[Hashable] | None, described: Sequence[Any], bands: int
) -> tuple[list[int], tuple[Any, ...]]:
    """Positions of the bands that are groups, and a name for each."""
    every = list(range(bands))
    if groups is None:
        return every, checked_groups([name or f"band_{i + 1}" for i, name in enumerate(described)])
    named = checked_groups(groups)
    known = [name for name in described if name]
    twice = [name for name in named if known.count(name) > 1]
    if twice:
        msg = f"several bands are called {listed(twice)}: name all {bands} bands, in their order"
        raise GroupError(msg)
    if all(name in known for name in named):
        return [list(described).index(name) for name in named], named
    called = f", called {listed(known, 30)}" if known else ""
    if len(named) != bands:
        msg = (
            f"{len(named)} groups are named, and there are {bands} bands{called}: name one for each, in their order"
            + (", or some of those" if known else "")
        )
        raise GroupError(msg)
    moved = [name for i, name in enumerate(named) if name in known and described[i] != name]
    if moved:
        msg = (
            f"{listed(moved)} would name another band than the one that is called so, of {bands} bands{called}: "
            "name bands as they are called, or choose other names for all"
        )
        raise GroupError(msg)
    return every, named


def _values(nodata: Any) -> tuple[float, ...]:
    """Values that stand for nobody: a number, or several."""
    several = np.atleast_1d(np.asarray(nodata))
    if several.ndim != 1 or several.dtype.kind not in "iuf":
        msg = f"nodata must be a number that stands for nobody, or several, not {nodata!r}"
        raise DataError(msg)
    values: list[float] = several.tolist()
    return tuple(values)


def _size(cells: Cells, cell_size: float | None) -> float | None:
    said = cells.cell_size
    if cell_size is None or said is None:
        return said if cell_size is None else float(cell_size)
    if abs(said - cell_size) * max(cells.counts.shape[1:]) > OFF * said:
        msg = f"the raster says that cells are {said:.10g} wide, cell_size={cell_size!r}: leave it out"
        raise GeographyError(msg)
    return said


def _lazily(source: Any) -> Any:
    """Take an array of real numbers; what lies in chunks stays there."""
    chunks = in_chunks(source)
    if chunks is None:
        return numbers(source, "the raster")
    numbers(np.empty(0, dtype=chunks.dtype), "the raster")
    return chunks


def people_of(cells: Cells) -> NDArray[Any]:
    """Turn counts north up, with nobody where there is no data.

    Parameters
    ----------
    cells : Cells
        What a source says; in memory.

    Returns
    -------
    ndarray of shape (bands, rows, cols)
        The same array where nothing had to be changed.
    """
    turn = slice(None), slice(None, None, 1 if cells.down else -1), slice(None, None, 1 if cells.right else -1)
    stored = cells.counts if cells.down and cells.right else np.ascontiguousarray(cells.counts[turn])
    absent = None if cells.absent is None else cells.absent[turn]
    people = stored.astype(np.float64) if cells.scaled else stored
    ours = cells.ours or people is not cells.counts
    for i in range(len(cells.groups)):
        nobody = _stand_for_nobody(stored[i], cells.fills[i])
        if absent is not None:
            nobody = absent[i] if nobody is None else nobody | absent[i]
        if cells.scaled:
            factor, offset = cells.scales[i]
            people[i] = people[i] * factor + offset
        if nobody is not None and nobody.any():
            if not ours:
                people, ours = people.copy(), True
            people[i][nobody] = 0
    return people


def _stand_for_nobody(band: NDArray[Any], fills: tuple[float, ...]) -> NDArray[np.bool_] | None:
    nobody = None
    for fill in fills:
        if band.dtype.kind != "f":
            limits = np.iinfo(band.dtype)
            if not (np.isfinite(fill) and fill == int(fill) and limits.min <= fill <= limits.max):
                continue
            here = band == band.dtype.type(int(fill))
        elif np.isnan(fill):
            here = np.isnan(band)
        elif HUGE <= abs(fill) < np.inf:
            limit = np.finfo(band.dtype)
            near = sorted([fill * (1 - ROUNDED), fill * (1 + ROUNDED)])
            low, high = np.clip(near, limit.min, limit.max).astype(band.dtype)
            here = (band >= low) & (band <= high)
        else:
            here = band == band.dtype.type(fill)
        nobody = here if nobody is None else nobody | here
    return nobody


def check_band(band: NDArray[Any], name: Hashable, fills: tuple[float, ...], at: tuple[int, int] = (0, 0)) -> None:
    """Refuse what cannot be a number of people, naming the band, the cells and the mend.

    Parameters
    ----------
    band : ndarray of shape (rows, cols)
        A group, or part of it.
    name : hashable
        What it is called.
    fills : tuple of float
        Values that were said to stand for nobody.
    at : pair of int
        Row and column of the grid with which it begins.

    Raises
    ------
    DataError
    """
    low, high = band.min(), band.max()
    if low >= 0 and float(high) < HUGE:
        if band.dtype.kind != "f" and band.itemsize > 1 and high == np.iinfo(band.dtype).max:
            where = _cells(band == high, at)
            warn(
                f"band {name!r} holds the largest number of its type, {high}, in cells {listed(where)}: are these people? "
                f"If it stands for nobody: {_declared(fills, high)}",
                DataWarning,
            )
        return
    trouble: tuple[tuple[NDArray[np.bool_], str, Any], ...] = (
        (np.isnan(band), "no value (NaN)", np.nan),
        (band < 0, "negative numbers", low),
        (band >= np.float64(HUGE), "numbers that cannot be people", high),
    )
    for wrong, what, value in trouble:
        if wrong.any():
            mend = "Correct them"
            if np.isnan(value) or (band[wrong] == value).all():
                what = what if np.isnan(value) else f"{what} ({value})"
                mend = f"If nobody lives there: {_declared(fills, value)}"
            msg = f"band {name!r} holds {what} in cells (row, col) {listed(_cells(wrong, at))}. {mend}"
            raise DataError(msg)


def _cells(where: NDArray[np.bool_], at: tuple[int, int]) -> FirstOf:
    """Rows and columns of some cells, for a refusal."""
    row, col = np.nonzero(where)
    first = pd.MultiIndex.from_arrays([row[:NAMED] + at[0], col[:NAMED] + at[1]], names=["row", "col"])
    return FirstOf(first, len(row))


def _declared(fills: tuple[float, ...], more: Any) -> str:
    values = [*dict.fromkeys(fills), more.item() if hasattr(more, "item") else more]
    spelled = ['float("nan")' if np.isnan(value) else f"{value!r}" for value in values]
    return f"nodata={spelled[0]}" if len(spelled) == 1 else f"nodata=[{', '.join(spelled)}]"


def _warn_of_coordinates(grid: Grid) -> None:
    warn_web_mercator(grid.crs, TO_METRES)
    if grid.crs is None and grid.cell_size is not None and (grid.x, grid.y) != (0, 0):
        east, south = grid.x + grid.cols * grid.cell_size, grid.y - grid.rows * grid.cell_size
        if grid.cell_size < 1 and -181 < grid.x < east < 361 and -91 < south < grid.y < 91:
            warn(
                f"no coordinate reference system is stated, and cells {grid.cell_size:.6g} wide are taken to be in metres. "
                "If they are degrees: crs=4326",
                DataWarning,
            )


# ---------------------------------------------------------------- tables of cells


def read_cells(
    frame: pd.DataFrame,
    x: Hashable,
    y: Hashable,
    groups: Sequence[Hashable],
    cell_size: float,
    crs: Any,
    anchor: str,
) -> tuple[NDArray[Any], tuple[Any, ...], Grid]:
    """Read a table of inhabited cells into a dense grid; see `Population.from_cells`.

    Parameters
    ----------
    frame : DataFrame
        Not changed.
    x, y : hashable
        Columns of coordinates.
    groups : sequence
        Columns of counts.
    cell_size : float
        Side of a cell.
    crs : object or None
        Coordinate reference system.
    anchor : {"center", "corner"}
        Which point of a cell the coordinates are.

    Returns
    -------
    counts : ndarray of shape (groups, rows, cols)
        In the number type that the columns have in common.
    groups : tuple
    grid : Grid
    """
    if not isinstance(frame, pd.DataFrame):
        msg = (
            f"cells are the rows of a DataFrame, not {type(frame).__name__}; of an array: Population.from_raster(array)"
        )
        raise DataError(msg)
    groups = checked_groups(groups)
    side = real_number(cell_size, "cell_size", 0, "the side of a cell", above=True)
    middle = 0.5 if one_of(anchor, "anchor", ("center", "corner")) == "center" else 0.0
    if len(frame) == 0:
        msg = "the population is empty: the frame has no rows"
        raise DataError(msg)
    col, west = _along(frame, x, side)
    row, south = _along(frame, y, side)
    cols, rows = int(col.max()) + 1, int(row.max()) + 1
    values = [_whole_column(frame, name) for name in groups]
    dtype = np.result_type(*values)
    _refuse_vast(frame, (x, y), (len(groups), rows, cols), dtype)
    _tell_of_spacing(row, col, side)
    at = (rows - 1 - row) * cols + col
    twice = pd.Series(at).duplicated(keep=False).to_numpy()
    if twice.any():
        msg = (
            f"cells that stand more than once, in rows {listed(frame.index[twice])}. If their people belong together: "
            f"frame.groupby([{x!r}, {y!r}], as_index=False)[{list(groups)!r}].sum()"
        )
        raise DataError(msg)
    counts = np.zeros((len(groups), rows, cols), dtype=dtype)
    for band, column in zip(counts.reshape(len(groups), -1), values, strict=True):
        band[at] = column
    counts.flags.writeable = False
    grid = Grid(rows, cols, side, crs, west - middle * side, south + (rows - middle) * side)
    _warn_of_coordinates(grid)
    return counts, groups, grid


def _whole_column(frame: pd.DataFrame, name: Hashable) -> NDArray[Any]:
    """Read a column of counts in its own number type."""
    values = column_of_numbers(frame, name, frame.index)
    check_counts(values, name, frame.index)
    own: Any = getattr(frame[name].dtype, "numpy_dtype", frame[name].dtype)
    return frame[name].to_numpy(dtype=own) if own.kind in "iuf" else values


def _along(frame: pd.DataFrame, name: Hashable, side: float) -> tuple[NDArray[np.int64], float]:
    """Count the cells along one axis from 0, and give the coordinate of the first."""
    values = column_of_numbers(frame, name, frame.index)
    absent = ~np.isfinite(values)
    if absent.any():
        msg = f"column {name!r} holds no coordinate in rows {listed(frame.index[absent])}. Correct or drop those rows"
        raise DataError(msg)
    steps = (values - values[0]) / side
    if np.abs(steps).max() > MOST:
        far = frame.index[[int(values.argmin()), int(values.argmax())]]
        msg = f"column {name!r} spans more cells of {side:g} than can be told apart: are rows {listed(far)} right?"
        raise DataError(msg)
    off = steps - np.round(steps)
    usual = np.median(off)  # the first cell itself may lie elsewhere
    off = off - usual
    off -= np.round(off)
    astray = np.abs(off) > OFF
    if astray.any():
        apart = np.diff(np.unique(values))
        msg = (
            f"cells that lie on no lattice of cell_size={side:g}: column {name!r} in rows {listed(frame.index[astray])}. "
            f"Its values lie {apart.min():.10g} apart or more: is cell_size right, and are these cells, in the "
            "coordinates in which they are square?"
        )
        raise DataError(msg)
    number = np.round(steps - usual).astype(np.int64)
    first = int(number.min())
    return number - first, float(values[0] + (first + usual) * side)


def _refuse_vast(frame: pd.DataFrame, at: tuple[Hashable, Hashable], shape: tuple[int, int, int], dtype: Any) -> None:
    """Refuse a lattice that this machine cannot hold."""
    size = int(np.prod([float(n) for n in shape]) * dtype.itemsize)
    if size <= _memory() / 2:
        return
    ends = {
        end: None for name in at for end in (frame[name].astype(float).idxmin(), frame[name].astype(float).idxmax())
    }
    msg = (
        f"these {len(frame):,} cells span {shape[1]:,} × {shape[2]:,} cells, which for {shape[0]} groups is "
        f"{size / 1e9:,.0f} GB, more than half the memory of this machine. Are the outermost cells right, rows "
        f"{listed(ends)}? If so take one region, frame[frame[{at[0]!r}].between(west, east)], or fewer groups"
    )
    raise DataError(msg)


def _memory() -> float:
    """Memory of this machine in bytes, where the system says."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return 64e9


def _tell_of_spacing(row: NDArray[np.int64], col: NDArray[np.int64], side: float) -> None:
    """Warn where cells are wider than was said: no cell has a neighbour."""
    apart = int(np.gcd(np.gcd.reduce(row), np.gcd.reduce(col)))
    if len(row) >= MANY and apart > 1:
        warn(
            f"all cells lie {apart} × {side:g} apart, as cells of {apart * side:g} would: is cell_size={side:g} right?",
            DataWarning,
        )
