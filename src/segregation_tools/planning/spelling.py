"""Values as plain text and arrays, and back: labels with their types, tables, maps. Reading runs no code of the file's.

A value is taken apart into simpler ones, until they are what JSON knows, or arrays of numbers, which are set aside. Reading
puts together what has a name here, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

__all__ = ["Kind", "read", "spelled"]

NUMBERS = "biuf"
TIMES = "mM"


@dataclass(frozen=True)
class Kind:
    """How one kind of value is written.

    Attributes
    ----------
    name : str
        Under which it is written.
    fits : callable
        ``fits(value)``: whether a value is of this kind.
    apart : callable
        ``apart(value)``: simpler values.
    together : callable
        ``together(parts)``: the value again.
    """

    name: str
    fits: Callable[[Any], bool]
    apart: Callable[[Any], Any]
    together: Callable[[Any], Any]


def spelled(value: Any, arrays: Arrays, more: Sequence[Kind] = ()) -> Any:
    """Write a value as what JSON knows.

    Parameters
    ----------
    value : object
        What is written.
    arrays : dict
        Where arrays are set aside, under names.
    more : sequence of Kind
        Kinds beside those of this file.

    Returns
    -------
    None, bool, int, float, str, list or dict

    Raises
    ------
    DataError
        If it is of no kind.
    """
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is list:
        return [spelled(part, arrays, more) for part in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in NUMBERS + TIMES:
        name = f"{len(arrays)}.npy"
        arrays[name] = value
        return {"array": name}
    for kind in (*more, *KINDS):
        if kind.fits(value):
            return {kind.name: spelled(kind.apart(value), arrays, more)}
    msg = (
        f"{value!r} ({type(value).__name__}) cannot be written to a file: label blocks, schools and groups by text or "
        "numbers, and leave out columns of schools that hold something else"
    )
    raise DataError(msg)


def read(written: Any, arrays: Mapping[str, NDArray[Any]], more: Sequence[Kind] = ()) -> Any:
    """Read what `spelled` wrote.

    Parameters
    ----------
    written : object
        From JSON.
    arrays : mapping
        Arrays by name.
    more : sequence of Kind
        Kinds beside those of this file.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If something is of a kind that is not known.
    """
    if isinstance(written, list):
        return [read(part, arrays, more) for part in written]
    if not isinstance(written, dict):
        return written
    ((name, parts),) = written.items()
    if name == "array":
        return arrays[parts]
    for kind in (*more, *KINDS):
        if kind.name == name:
            return kind.together(read(parts, arrays, more))
    msg = f"nothing is known of {name!r}"
    raise ValueError(msg)


# ---------------------------------------------------------------- columns and labels


def _values(data: pd.Series[Any] | pd.Index[Any]) -> Any:
    """Take the values of a column: an array of numbers, or what pandas holds."""
    plain = isinstance(data.dtype, np.dtype) and data.dtype.kind in NUMBERS + TIMES
    return data.to_numpy() if plain else data.array


def _is_geometry(value: Any) -> bool:
    return isinstance(value, pd.api.extensions.ExtensionArray) and str(value.dtype) == "geometry"


def _each(values: Any) -> list[Any]:
    return [str(values.dtype), list(values)]


def _of_each(parts: list[Any]) -> Any:
    dtype, each = parts
    held = np.empty(len(each), dtype=object)
    for i, value in enumerate(each):  # one by one: of tuples NumPy would make a table
        held[i] = value
    return held if dtype == "object" else pd.Series(held, dtype=dtype).array


def _table(frame: pd.DataFrame) -> list[Any]:
    active = getattr(frame, "active_geometry_name", None)
    return [frame.index, frame.columns, [_values(frame.iloc[:, i]) for i in range(frame.shape[1])], active]


def _of_table(parts: list[Any]) -> pd.DataFrame:
    index, names, columns, active = parts
    frame = pd.DataFrame(
        {i: pd.Series(column, index=index, dtype=column.dtype) for i, column in enumerate(columns)}, index=index
    )
    frame = frame.set_axis(names, axis=1)
    if active is None:
        return frame
    import geopandas

    return geopandas.GeoDataFrame(frame, geometry=active)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- places


def _shapes(geometry: Any) -> list[Any]:
    """Well-known binary, one after the other; nothing where there is no geometry."""
    import shapely

    each = [b"" if shape is None else shape for shape in shapely.to_wkb(np.asarray(geometry, dtype=object))]
    ends = np.cumsum([len(shape) for shape in each])
    return [ends, np.frombuffer(b"".join(each), dtype=np.uint8), geometry.crs]


def _of_shapes(parts: list[Any]) -> Any:
    import shapely
    from geopandas.array import from_shapely

    ends, written, crs = parts
    text = written.tobytes()
    starts = [0, *ends.tolist()[:-1]]
    each = np.empty(len(ends), dtype=object)
    for i, (start, end) in enumerate(zip(starts, ends.tolist(), strict=True)):
        each[i] = text[start:end] or None
    return from_shapely(shapely.from_wkb(each), crs=crs)


def _is_crs(value: Any) -> bool:
    from pyproj import CRS

    return isinstance(value, CRS)


def _of_crs(text: str) -> Any:
    from pyproj import CRS

    return CRS.from_wkt(text)


def _place(place: Geography) -> list[Any]:
    return [place.units, place.geometry.name, place.geometry.array] if place.outlined else [place.units, None, None]


def _of_place(parts: list[Any]) -> Geography:
    units, name, shapes = parts
    if shapes is None:
        return Geography(units)
    import geopandas

    return Geography(units, geopandas.GeoSeries(shapes, index=units, name=name))


def _is_sparse(value: Any) -> bool:
    from scipy.sparse import csr_array

    return isinstance(value, csr_array)


def _sparse(matrix: Any) -> list[Any]:
    return [matrix.data, matrix.indices, matrix.indptr, list(matrix.shape)]


def _of_sparse(parts: list[Any]) -> Any:
    from scipy.sparse import csr_array

    data, indices, starts, shape = parts
    matrix = csr_array((data, indices, starts), shape=tuple(shape))
    matrix.check_format()
    return matrix


def _grid(grid: Grid) -> list[Any]:
    return [grid.rows, grid.cols, grid.cell_size, grid.crs, grid.x, grid.y]


def _people(pop: Population) -> list[Any]:
    return [pop.counts, list(pop.groups), pop.geography, pop.tiers, pop.stated_total, pop.margins]


def _of_people(parts: list[Any]) -> Population:
    counts, groups, geography, tiers, total, margins = parts
    there = counts.reshape(len(counts), -1).any(axis=1)  # a group that nobody belongs to was put there on purpose
    some = [group for group, any_of_it in zip(groups, there, strict=True) if any_of_it]
    margins = None if margins is None else margins[there]
    pop = Population(counts[there], some, geography=geography, tiers=tiers, total=total, margins=margins)
    return pop.with_groups(groups)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, np.generic) and value.dtype.kind in NUMBERS + "U"


KINDS = (
    Kind("number", lambda value: type(value) is float, repr, float),
    Kind(
        "scalar",
        _is_scalar,
        lambda value: [value.dtype.str, value.item()],
        lambda parts: np.dtype(parts[0]).type(parts[1]),
    ),
    Kind("NA", lambda value: value is pd.NA, lambda _: None, lambda _: pd.NA),
    Kind("tuple", lambda value: type(value) is tuple, list, tuple),
    Kind(
        "mapping",
        lambda value: isinstance(value, Mapping),
        lambda value: [list(item) for item in value.items()],
        lambda items: {key: value for key, value in items},  # noqa: C416 - pairs are lists
    ),
    Kind(
        "levels",
        lambda value: isinstance(value, pd.MultiIndex),
        lambda value: [[value.get_level_values(i) for i in range(value.nlevels)], list(value.names)],
        lambda parts: pd.MultiIndex.from_arrays(parts[0], names=parts[1]),
    ),
    Kind(
        "labels",
        lambda value: isinstance(value, pd.Index),
        lambda value: [value.name, _values(value)],
        lambda parts: pd.Index(parts[1], name=parts[0], dtype=parts[1].dtype, tupleize_cols=False),
    ),
    Kind(
        "series",
        lambda value: isinstance(value, pd.Series),
        lambda value: [value.name, value.index, _values(value)],
        lambda parts: pd.Series(parts[2], index=parts[1], name=parts[0], dtype=parts[2].dtype),
    ),
    Kind("table", lambda value: isinstance(value, pd.DataFrame), _table, _of_table),
    Kind(
        "categories",
        lambda value: isinstance(value, pd.Categorical),
        lambda value: [value.codes, value.categories, bool(value.ordered)],
        lambda parts: pd.Categorical.from_codes(parts[0], categories=parts[1], ordered=parts[2]),
    ),
    Kind("geometry", _is_geometry, _shapes, _of_shapes),
    Kind("values", lambda value: isinstance(value, pd.api.extensions.ExtensionArray), _each, _of_each),
    Kind("sparse", _is_sparse, _sparse, _of_sparse),
    Kind("crs", _is_crs, lambda crs: crs.to_wkt(), _of_crs),
    Kind("place", lambda value: isinstance(value, Geography), _place, _of_place),
    Kind("grid", lambda value: isinstance(value, Grid), _grid, lambda parts: Grid(*parts)),
    Kind("population", lambda value: isinstance(value, Population), _people, _of_people),
)
