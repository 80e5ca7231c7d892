"""Parts of a population in chunks: some units, with as much around them as their residents look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.population.geography import Geography
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.environment import InParts, Tiles
    from segregation_tools.population.grid import Grid

    Floats = NDArray[np.float64]
    Block = tuple[int, int, int, int]  # first row, row behind the last, first column, column behind the last

__all__ = [
    "Header",
    "Part",
    "Place",
    "Shared",
    "cut_up",
    "of_population",
    "on_cells",
    "on_units",
    "overlaps",
    "people_of_tiles",
    "piece_of",
    "tile_edges",
    "unchecked",
    "whoever_answers",
    "whole",
]

TILE = 32  # cells a side; how far residents look for the nearest people is told tile by tile
NARROW, MARGIN = 0.5, 64  # of a chunk, and cells: what lies farther around is read for those alone who look so far


@dataclass(frozen=True)
class Header:
    """What a part knows of its population.

    Attributes
    ----------
    groups : tuple
        Labels of the groups.
    totals : ndarray of shape (groups,)
        Of the whole region.
    grid : Grid or None
        The whole grid.
    surroundings : Surroundings or None
        Whom residents meet.
    """

    groups: tuple[Any, ...]
    totals: Floats
    grid: Grid | None
    surroundings: Any


@dataclass(frozen=True, eq=False)
class Part:
    """Some units of a population, with those around them.

    Attributes
    ----------
    of : Header
        What it is a part of.
    lived : ndarray of shape (groups, units) or (groups, rows, cols)
        Who lives there.
    around : ndarray of shape (groups, …)
        The same with as much around it as residents look; the same object where there are no surroundings.
    top, left : int
        Row and column of `around` with which `lived` begins.
    own : tuple of int, or None
        First row, row behind the last, first column, column behind the last of `lived` in which those live who are asked;
        None for all of them.
    asked : ndarray of bool, or None
        Cells of `lived` that are asked; the residents of others belong to another part. None for all.
    units : pandas.Index or None
        Labels, of a table.
    everywhere : bool
        Whether it matters, too, whom those would meet who lived where nobody does.
    """

    of: Header
    lived: NDArray[Any]
    around: NDArray[Any]
    top: int = 0
    left: int = 0
    own: tuple[int, int, int, int] | None = None
    asked: NDArray[np.bool_] | None = None
    units: pd.Index[Any] | None = None
    everywhere: bool = False

    def rows(self, surroundings: Sequence[InParts]) -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
        """Yield whom those who are asked meet in several surroundings that are alike, as wide as `around`.

        Parameters
        ----------
        surroundings : sequence of InParts
            Of the same kind.

        Yields
        ------
        tuple of int, int and list of ndarray
            First row of `lived`, the row behind the last one, and whom their residents meet in each.
        """
        _, height, width = self.lived.shape
        first, last, begin, end = self.own or (0, height, 0, width)
        columns = (self.left + begin, self.left + end)
        read = surroundings[0].reader(surroundings[1:], self.around, everywhere=self.everywhere, columns=columns)
        for start, stop, mets in read(self.top + first, self.top + last):
            yield start - self.top, stop - self.top, mets

    @property
    def alone(self) -> NDArray[Any]:
        """Who lives there, as wide as what is read around them, where nobody is put: strips need not be cut."""
        if self.lived.shape == self.around.shape:
            return self.lived
        groups, height, width = self.lived.shape
        wide = np.zeros((groups, height, self.around.shape[2]), dtype=self.lived.dtype)
        wide[:, :, self.left : self.left + width] = self.lived
        return wide

    def population(self) -> Population:
        """Return the part as a population of its own, measured against the whole region.

        Returns
        -------
        Population
            It knows whom its residents meet; `group_totals` are those of the region.
        """
        _, *shape = self.lived.shape
        if self.of.grid is None:
            labels = pd.RangeIndex(shape[0]) if self.units is None else self.units
            geography: Geography | Grid = Geography(labels)
        else:
            geography = replace(self.of.grid, rows=shape[0], cols=shape[1])
        here: Population = unchecked(Population, counts=self.lived, groups=self.of.groups, geography=geography)
        here.__dict__["group_totals"] = self.of.totals
        if self.of.surroundings is not None:
            met = np.zeros(self.lived.shape)
            for start, stop, (strip,) in self.rows([self.of.surroundings]):
                met[:, start:stop] = strip[:, :, self.left : self.left + shape[1]]
            if self.asked is not None:
                met[:, ~self.asked] = 0
            here.__dict__["surroundings"] = self.of.surroundings
            here.__dict__["_met"] = met
        return here


@dataclass(frozen=True)
class Place:
    """Where a part lies in the grid: rows and columns of its chunk, of what is read, and who is asked."""

    core: tuple[int, int, int, int]
    window: tuple[int, int, int, int]
    own: tuple[int, int, int, int] | None = None
    asked: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Shared:
    """What all tasks have in common: the work, and what parts know of their population."""

    work: Callable[[Part], Any]
    of: Header
    everywhere: bool


def on_cells(place: Place, shared: Shared, pieces: list[list[NDArray[Any]]]) -> Any:
    """Put a part of a grid together from pieces of chunks, and work on it."""
    one = len(pieces) == len(pieces[0]) == 1
    around = pieces[0][0] if one else np.concatenate([np.concatenate(row, axis=2) for row in pieces], axis=1)
    (first, last, begin, end), (top, _, left, _) = place.core, place.window
    lived = around[:, first - top : last - top, begin - left : end - left]
    if place.asked is not None:
        lived = np.where(place.asked, lived, lived.dtype.type(0))
    at = first - top, begin - left
    return shared.work(Part(shared.of, lived, around, *at, place.own, place.asked, everywhere=shared.everywhere))


def on_units(shared: Shared, lived: NDArray[Any], units: pd.Index[Any] | None) -> Any:
    """Work on a partition of a table."""
    return shared.work(Part(shared.of, lived, lived, units=units))


def of_population(work: Callable[[Population], Any], part: Part) -> Any:
    """Work on a part as a population of its own."""
    return work(part.population())


def piece_of(block: NDArray[Any], down: slice, across: slice) -> NDArray[Any]:
    """Copy a piece of a chunk, so that the chunk itself need not be kept."""
    return block[:, down, across].copy()


def whoever_answers(several: list[Floats]) -> Floats:
    """Join what parts of one chunk say of the cells that each was asked for."""
    values = several[0]
    for others in several[1:]:
        values = np.where(np.isnan(values), others, values)
    return values


def overlaps(edges: Sequence[int], first: int, last: int) -> list[tuple[int, slice]]:
    """List the chunks that a range touches, with what it takes of each."""
    found = []
    for i in range(np.searchsorted(edges, first, side="right") - 1, np.searchsorted(edges, last)):
        low, high = max(first, edges[i]) - edges[i], min(last, edges[i + 1]) - edges[i]
        found.append((i, slice(int(low), int(high))))
    return found


def tile_edges(edges: Sequence[int]) -> NDArray[np.intp]:
    """Edges of tiles: those of chunks, and as many between them as are needed."""
    return np.concatenate([np.arange(low, high, TILE) for low, high in pairwise(edges)] + [edges[-1:]])


def people_of_tiles(part: Part) -> Floats:
    """People in each tile of a chunk."""
    _, rows, cols = part.lived.shape
    people = part.lived.sum(axis=0, dtype=np.float64)
    lines = np.add.reduceat(people, np.arange(0, rows, TILE), axis=0)
    tiles: Floats = np.add.reduceat(lines, np.arange(0, cols, TILE), axis=1)
    return tiles


def cut_up(core: tuple[int, int, int, int], reach: NDArray[np.int64], tiles: Tiles) -> Iterator[Place]:
    """Say what is read around a chunk: as far as most of its residents look, and farther for those who look farther.

    Parameters
    ----------
    core : tuple of int
        First row of the chunk, row behind the last, first column, column behind the last.
    reach : ndarray of int
        How far the residents of each tile of the grid look, in cells.
    tiles : Tiles
        Of the whole grid.
    """
    first, last, begin, end = core
    at = tiles.within(core)
    here = reach[at]
    near = max(MARGIN, int(NARROW * min(last - first, end - begin)))
    level = np.where(here <= near, 0, np.ceil(np.log2(np.maximum(here, 1) / near))).astype(int)
    if here.min() > near:
        level[:] = 0  # nobody looks less far
    down, across = np.diff(tiles.rows)[at[0]], np.diff(tiles.cols)[at[1]]
    for step in np.unique(level):
        some = level == step
        rows, cols = (np.flatnonzero(some.any(axis=axis)) for axis in (1, 0))
        top, left = first + int(down[: rows[0]].sum()), begin + int(across[: cols[0]].sum())
        bottom, right = first + int(down[: rows[-1] + 1].sum()), begin + int(across[: cols[-1] + 1].sum())
        far = int(here[some].max())
        window = (
            max(0, min(first, top - far)),
            min(int(tiles.rows[-1]), max(last, bottom + far)),
            max(0, min(begin, left - far)),
            min(int(tiles.cols[-1]), max(end, right + far)),
        )
        asked = None if some.all() else np.repeat(np.repeat(some, down, axis=0), across, axis=1)
        yield Place(core, window, (top - first, bottom - first, left - begin, right - begin), asked)


def whole(edges: Sequence[int], i: int) -> slice:
    """All of a chunk."""
    return slice(0, edges[i + 1] - edges[i])


def unchecked(kind: Any, **fields: Any) -> Any:
    """Make a population of what has been checked."""
    pop = object.__new__(kind)
    pop._set(**dict.fromkeys(Population.__dataclass_fields__) | fields)
    return pop
