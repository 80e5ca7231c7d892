"""From Dask and zarr arrays and Dask frames to a population in chunks: looked at and added up once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError
from segregation_tools.population import checking, rasters, reading
from segregation_tools.population.chunked.cluster import dask_here
from segregation_tools.population.chunked.population import ChunkedPopulation
from segregation_tools.population.geography import Geography

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.grid import Grid
    from segregation_tools.population.rasters import Cells

    Floats = NDArray[np.float64]

__all__ = ["cells_in_chunks", "units_in_partitions"]


def cells_in_chunks(cells: Cells, grid: Grid) -> ChunkedPopulation:
    """Make a population of a raster in chunks: looked at and added up once, chunk by chunk.

    Parameters
    ----------
    cells : Cells
        With a Dask array.
    grid : Grid
        Where the cells lie.

    Returns
    -------
    ChunkedPopulation
    """
    dask = dask_here()

    stored: Any = cells.counts
    chunks = stored[:, :: 1 if cells.down else -1, :: 1 if cells.right else -1]
    sizes = tuple(tuple(size for size in along if size) for along in chunks.chunks[1:])
    chunks = chunks.rechunk({0: -1, 1: sizes[0], 2: sizes[1]})
    read = replace(cells, counts=None, down=True, right=True)  # type: ignore[arg-type]  # what is said of every chunk
    kind = np.dtype(np.float64) if cells.scaled else chunks.dtype
    chunks = chunks.map_blocks(partial(_cleaned, read), dtype=kind, meta=np.empty((0, 0, 0), dtype=kind))
    rows, cols = (np.concatenate([[0], np.cumsum(along)]) for along in sizes)
    look = dask.delayed(_looked_at, pure=False)
    blocks = chunks.to_delayed(optimize_graph=False)[0]
    totals = dask.compute(
        *[
            look(block, cells.groups, cells.fills, (int(rows[i]), int(cols[j])))
            for i, line in enumerate(blocks)
            for j, block in enumerate(line)
        ]
    )
    return ChunkedPopulation.checked(chunks, cells.groups, grid, np.sum(totals, axis=0))


def _cleaned(cells: Cells, block: NDArray[Any]) -> NDArray[Any]:
    """Give a chunk with nobody where there is no data."""
    masked = isinstance(block, np.ma.MaskedArray)
    absent = np.ma.getmaskarray(block) if masked else None
    return np.ascontiguousarray(rasters.people_of(replace(cells, counts=np.ma.getdata(block), absent=absent)))


def _looked_at(
    block: NDArray[Any], groups: tuple[Any, ...], fills: tuple[tuple[float, ...], ...], at: tuple[int, int]
) -> Floats:
    """Refuse what cannot be a number of people, and add up the groups."""
    for band, name, fill in zip(block, groups, fills, strict=True):
        rasters.check_band(band, name, fill, at)
    return np.array([band.sum(dtype=np.float64) for band in block])


def units_in_partitions(
    frame: Any, groups: Sequence[Hashable], *, total: Hashable | None, missing: str
) -> ChunkedPopulation:
    """Make a population of a Dask frame with one row a unit: looked at and added up once, partition by partition.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        Or one of dask-geopandas, whose geometry is not read.
    groups : sequence
        Columns of counts.
    total : hashable or None
        Column with the stated number of people.
    missing : {"refuse", "zero", "drop"}
        As in `Population.from_frame`.

    Returns
    -------
    ChunkedPopulation
    """
    dask = dask_here()

    groups = checking.checked_groups(groups)
    checking.check_names(groups, {} if total is None else {"total": "the stated total"})
    columns = groups if total is None else (*groups, total)
    read = dask.delayed(partial(_read_units, columns=columns, missing=missing), pure=False)
    units = [read(part) for part in frame.to_delayed()]
    look = dask.delayed(partial(_looked_up, groups=groups, stated=total is not None), pure=False)
    sizes, totals, hashes, largest = zip(*dask.compute(*[look(part) for part in units]), strict=True)
    if not sum(sizes):
        msg = "the population is empty: the frame has no rows, or missing='drop' left none"
        raise DataError(msg)
    _refuse_twice([part[1] for part in units], np.concatenate(hashes))
    kept = [(part, size) for part, size in zip(units, sizes, strict=True) if size]
    spelled = dask.delayed(partial(_spelled, length=_length(frame.index.name, largest)), pure=False)
    table = dask.array.concatenate(
        [dask.array.from_delayed(part[0], (len(columns), size), dtype=np.float64) for part, size in kept], axis=1
    )
    geography = Geography(pd.RangeIndex(sum(sizes)))
    labels = tuple(spelled(part[1]) for part, _ in kept)
    stated = None if total is None else table[-1]
    counts = table[: len(groups)]
    return ChunkedPopulation.checked(counts, groups, geography, np.sum(totals, axis=0), labels=labels, stated=stated)


def _read_units(frame: pd.DataFrame, *, columns: tuple[Any, ...], missing: str) -> tuple[Floats, pd.Index[Any]]:
    """Read the counts of a partition, and the labels of its units."""
    units = frame.index
    if not len(frame):
        return np.empty((len(columns), 0)), units
    counts, kept = reading.read_columns(frame, columns, units, missing)
    return counts, units if kept is None else units[kept]


def _looked_up(
    part: tuple[Floats, pd.Index[Any]], *, groups: tuple[Any, ...], stated: bool
) -> tuple[int, Floats, NDArray[Any], int | None]:
    """How many units there are, people of each group, a number for each label, and the largest, where they are numbers."""
    table, units = part
    counts = table[: len(groups)]
    if len(units):
        checking.check_units(units)
        for name, row in zip(groups, counts, strict=True):
            checking.check_counts(row, name, units)
        if stated:
            checking.checked_total(table[-1], counts, Geography(units))
    largest = int(units.max()) if len(units) and units.dtype.kind in "iu" else None
    return len(units), counts.sum(axis=1), pd.util.hash_pandas_object(units, index=False).to_numpy(), largest


def _length(name: Any, largest: Sequence[int | None]) -> int:
    """How many digits codes of the census have that were read as integers, 0 where labels are none; told once for all."""
    known = [label for label in largest if label is not None]
    if not known:
        return 0
    spelled = reading.spelled_geoids(pd.Index([max(known)], name=name))[0]
    return len(spelled) if isinstance(spelled, str) else 0


def _spelled(units: pd.Index[Any], length: int) -> pd.Index[Any]:
    return units.astype(str).str.zfill(length) if length else units


def _refuse_twice(labels: Sequence[Any], hashes: NDArray[Any]) -> None:
    """Refuse labels that stand in several partitions."""
    if len(np.unique(hashes)) == len(hashes):
        return
    dask = dask_here()

    every = dask.compute(*labels)
    checking.check_units(every[0].append(list(every[1:])))
