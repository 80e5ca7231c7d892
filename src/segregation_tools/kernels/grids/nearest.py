"""The nearest people on a grid, strip by strip: which way of looking for them suits a grid, and how much of it is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.grids.boxes import around_in_boxes, table_of_sums
from segregation_tools.kernels.grids.homes import NEAR, around_some, census, in_units, kept_in_tiles
from segregation_tools.kernels.grids.rings import around_each, lay_out, rings_within
from segregation_tools.kernels.nearby import ALIKE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Homes", "homes_where_few", "nearest_rows"]

FEW = 1 / 8  # of the cells inhabited: where they are fewer, only those are kept
SAMPLED = 8  # every so many rows tell whether they are few
SHIFT = 2  # tiles of 4 × 4 cells
# What is laid out in full has a margin of so many cells, and of so many radii of a disc that would do were people spread
# evenly; together at most `WIDEST` cells.
MARGIN, WIDE, WIDEST = 16, 4, 512
MORE_THAN_ALL = 2.0**62.5  # units; everyone is less than 2⁶² but for rounding
PIECE = 1_000_000  # cells from which the inhabited ones are picked at once
STRIP = 16_384  # cells in a strip, and at least so many rows:
LOWEST = 8


@dataclass(frozen=True)
class Asked:
    """How many people are to be met, from few to many, and how they are counted."""

    wanted: Floats
    square: bool
    partly: bool
    inhabited: bool
    columns: tuple[int, int]

    def in_units(self, unit: float) -> tuple[Whole, Floats]:
        """How many units are enough, and how many are wanted."""
        wanted = np.minimum(self.wanted, MORE_THAN_ALL * unit) / unit
        return np.maximum(np.ceil(wanted * (1 - ALIKE)), 1).astype(np.int64), wanted

    def radius(self, people: float, cells: int) -> float:
        """Radius of a disc with the largest number of people, were they spread evenly, in cells; 1 where there is nobody."""
        return math.sqrt(self.wanted[-1] * cells / (math.pi * people)) if people > 0 else 1.0


def unit_for(people: float) -> float:
    """Smallest power of two of which a whole number of 63 bits can hold all people."""
    return math.ldexp(1.0, max(-1022, min(1022, math.frexp(people)[1] - 62)))


def _as_bits(counts: NDArray[Any]) -> NDArray[Any]:
    return counts.view(f"u{counts.itemsize}")


class Homes:
    """The inhabited cells of some rows of a grid, tile by tile, and of as many rows around them as were needed so far.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.
    first, last : int
        Rows whose residents look around.
    reach : int
        How many rows above and below to begin with.
    """

    def __init__(self, counts: NDArray[Any], first: int, last: int, reach: int) -> None:
        groups, _, width = counts.shape
        self.counts, self.first, self.last = counts, first, last
        self.top, self.bottom = first >> SHIFT, first >> SHIFT
        self.begins = np.empty((0, ((width - 1) >> SHIFT) + 2), dtype=np.int32)
        self.rows = self.cols = np.empty(0, dtype=np.int32)
        self.values = np.empty((groups, 0))
        self.widen(reach)

    def widen(self, reach: int) -> None:
        """Keep the inhabited cells so many rows above and below as well."""
        height = self.counts.shape[1]
        top, bottom = max(0, self.first - reach) >> SHIFT, ((min(height, self.last + reach) - 1) >> SHIFT) + 1
        above, below = self._kept(top, self.top), self._kept(self.bottom, bottom)
        self.begins = np.concatenate([above, self.begins, below])
        self.top, self.bottom, self.reach = top, bottom, reach
        self.people = float(self.values.sum())
        self.unit = unit_for(self.people)
        self.running = np.empty((len(self.values), len(self.rows) + 1), dtype=np.int64)
        in_units(self.values, self.unit, self.running)

    def _kept(self, first: int, last: int) -> NDArray[np.int32]:
        """Keep the inhabited cells of some rows of tiles, behind the others; return where those of each tile begin."""
        groups, _, width = self.counts.shape
        begins = np.empty((max(0, last - first), self.begins.shape[1]), dtype=np.int32)
        rows, cols, values, place = [self.rows], [self.cols], [self.values], len(self.rows)
        lines = max(1, PIECE // (width << SHIFT))
        room = (min(lines, len(begins)) << SHIFT) * width
        for start in range(0, len(begins), lines):
            here_rows, here_cols = np.empty((2, room), dtype=np.int32)
            here = np.empty((groups, room))
            kept = kept_in_tiles(
                _as_bits(self.counts), self.counts, SHIFT, first + start, place,
                begins[start : start + lines], here_rows, here_cols, here,
            )  # fmt: skip
            rows.append(here_rows[:kept].copy())
            cols.append(here_cols[:kept].copy())
            values.append(here[:, :kept].copy())
            place += kept
        self.rows, self.cols, self.values = np.concatenate(rows), np.concatenate(cols), np.concatenate(values, axis=1)
        return begins

    @property
    def whole(self) -> bool:
        """Whether the whole grid is kept."""
        return self.top == 0 and self.bottom << SHIFT >= self.counts.shape[1]

    @property
    def limit(self) -> int:
        """Squared radius within which everyone is kept."""
        _, height, width = self.counts.shape
        return (height - 1) ** 2 + (width - 1) ** 2 if self.whole else self.reach**2

    def cells(self, first: int, last: int) -> Whole:
        """Give the inhabited cells of a strip, by their number row by row."""
        start, stop = self.begins[(first >> SHIFT) - self.top, 0], self.begins[((last - 1) >> SHIFT) - self.top, -1]
        rows, cols = self.rows[start:stop], self.cols[start:stop]
        own = (rows >= first) & (rows < last)
        numbers: Whole = (rows[own].astype(np.int64) - first) * self.counts.shape[2] + cols[own]
        return numbers


def homes_where_few(counts: NDArray[Any]) -> Homes | None:
    """Keep the inhabited cells of a whole grid, if they are few; None otherwise.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.

    Returns
    -------
    Homes or None
    """
    counts = counts.view()
    counts.flags.writeable = False
    _, height, cols = counts.shape
    lived_in = census(counts, 0, height, SAMPLED)[1]
    return Homes(counts, 0, height, 0) if lived_in * SAMPLED < FEW * height * cols else None


def nearest_rows(
    counts: NDArray[Any],
    wanted: Sequence[float],
    first: int,
    last: int,
    *,
    square: bool = False,
    partly: bool = False,
    inhabited: bool = False,
    columns: tuple[int, int] | None = None,
    homes: Homes | None = None,
) -> Iterator[tuple[int, int, Floats]]:
    """Find whom the residents of some rows of a grid meet: the nearest people, ring by ring, for several numbers at once.

    Parameters
    ----------
    counts : ndarray of float32 or float64, shape (groups, rows, cols)
        Who lives in each cell.
    wanted : sequence of float
        How many people to meet, from few to many; where there are no more, everyone is met.
    first, last : int
        Rows.
    square : bool
        Whether rings are squares of cells, instead of cells equally far.
    partly : bool
        Whether of the last ring only the part is taken that is needed to meet exactly so many.
    inhabited : bool
        Whether to leave 0 where nobody lives.
    columns : pair of int, optional
        First column and the one behind the last of those that are wanted; all without. Nothing is said of the others.
    homes : Homes, optional
        The inhabited cells of the whole grid, where they are few.

    Yields
    ------
    tuple of int, int and ndarray of shape (several, groups, rows of the strip, cols)
        The array is valid until the next strip.
    """
    every = (0, counts.shape[2])
    asked = Asked(np.array(wanted, dtype=np.float64), square, partly, inhabited, columns or every)
    counts = counts.view()
    counts.flags.writeable = False  # one type of array, so that kernels are compiled once
    look = _Search(counts, asked, first, last, homes)
    cols = counts.shape[2]
    rows = max(LOWEST, STRIP // cols)
    met = np.empty((0, 0, 0, 0))
    for start in range(first, last, rows):
        stop = min(last, start + rows)
        if met.shape[2] != stop - start:
            met = np.empty((len(asked.wanted), len(counts), stop - start, cols))
        if inhabited:
            met.fill(0)
        look.fill(start, stop, met)
        yield start, stop, met


class _Search:
    """What is laid out in full where many cells are inhabited; where few are, or where that is too little, their homes."""

    def __init__(self, counts: NDArray[Any], asked: Asked, first: int, last: int, homes: Homes | None) -> None:
        self.counts, self.asked, self.first, self.last, self.homes = counts, asked, first, last, homes
        self.above = np.zeros((len(asked.wanted), counts.shape[2] // NEAR + 1), dtype=np.int64)
        self.scratch = np.empty((4, 0), dtype=np.int64)
        self.full: _LaidOut | _Boxes | None = None
        everywhere = asked.square and not asked.inhabited
        if homes is not None and not everywhere:
            return
        people, lived_in = census(counts, first, last, 1)
        cells, largest = (last - first) * counts.shape[2], max(counts.shape[1:])
        radius = asked.radius(people, cells)
        self.guess = 2 + int(min(2 * radius, largest))
        reach = MARGIN + int(min(WIDE * radius, largest))
        if everywhere or (asked.square and lived_in >= FEW * cells):
            self.full = _Boxes(counts, asked, first, last, min(largest, reach))
        elif lived_in >= FEW * cells and 1.5 * radius < WIDEST:
            self.full = _LaidOut(counts, asked, first, last, min(WIDEST, reach))

    def fill(self, first: int, last: int, met: Floats) -> None:
        """Fill whom the residents of some rows meet."""
        if self.full is not None:
            missed = np.empty((last - first) * met.shape[3], dtype=np.int64)
            cells = missed[: self.full.fill(first, met, missed)]
            if not len(cells):
                return
        homes = self.homes = self.homes or Homes(self.counts, self.first, self.last, self.guess)
        if self.full is None:
            cells = homes.cells(first, last) if self.asked.inhabited else np.arange((last - first) * met.shape[3])
            begin, end = self.asked.columns
            if end - begin < met.shape[3]:
                cells = cells[(cells % met.shape[3] >= begin) & (cells % met.shape[3] < end)]
        done = several = 0
        while done < len(cells):
            if self.scratch.shape[1] != len(homes.rows):
                self.scratch = np.empty((4, len(homes.rows)), dtype=np.int64)
            enough, wanted = self.asked.in_units(homes.unit)
            several = int(np.searchsorted(enough, homes.running[0, -1], side="right"))
            if homes.whole or several == len(enough):
                done = around_some(
                    homes.begins, SHIFT, homes.top, homes.rows, homes.cols, homes.running, homes.limit,
                    self.asked.square, enough[:several], self.asked.partly, wanted, homes.unit,
                    cells, done, first, self.above, self.scratch, met[:several],
                )  # fmt: skip
            if done < len(cells):
                homes.widen(2 * homes.reach)
        for everyone in met[several:]:
            everyone.reshape(len(everyone), -1)[:, cells] = homes.values.sum(axis=1)[:, np.newaxis]


class _LaidOut:
    """Some rows in full, with a margin."""

    def __init__(self, counts: NDArray[Any], asked: Asked, first: int, last: int, reach: int) -> None:
        groups, height, cols = counts.shape
        self.asked, self.first, self.reach, self.width = asked, first, reach, cols + 2 * reach + 1
        self.unit = unit_for(census(counts, max(0, first - reach), min(height, last + reach), 1)[0])
        rows = last - first + 2 * reach
        people = np.empty((rows, self.width), dtype=np.int64)
        running = np.empty((groups, rows, self.width), dtype=np.int64)
        lay_out(counts, first, reach, self.unit, people, running)
        self.people, self.running = people.ravel(), running.reshape(groups, -1)
        self.rings = rings_within(reach)
        self.ahead = self.rings.down * self.width + self.rings.right
        self.aside = self.rings.right * self.width - self.rings.down
        self.before = np.zeros((len(asked.wanted), cols + 1), dtype=np.int64)

    def fill(self, first: int, met: Floats, missed: Whole) -> int:
        """Fill whom the residents of some rows meet, and the cells, by number, that look farther; return how many do."""
        enough, wanted = self.asked.in_units(self.unit)
        return around_each(
            self.people, self.running, self.width, self.reach,
            self.rings.begins, self.rings.squares, self.ahead, self.aside,
            enough, self.asked.partly, wanted, self.unit, self.asked.inhabited,
            first - self.first, *self.asked.columns, self.before, met, missed,
        )  # fmt: skip


class _Boxes:
    """A table of sums of some rows, and of some around them."""

    def __init__(self, counts: NDArray[Any], asked: Asked, first: int, last: int, reach: int) -> None:
        groups, height, cols = counts.shape
        self.asked, self.reach = asked, reach
        self.top, bottom = max(0, first - reach), min(height, last + reach)
        self.unit = unit_for(census(counts, self.top, bottom, 1)[0])
        self.table = np.empty((groups, bottom - self.top + 1, cols + 1), dtype=np.int64)
        table_of_sums(counts, self.top, self.unit, self.table)
        self.before = np.zeros(len(asked.wanted), dtype=np.int64)

    def fill(self, first: int, met: Floats, missed: Whole) -> int:
        """Fill whom the residents of some rows meet, and the cells, by number, that look farther; return how many do."""
        enough, wanted = self.asked.in_units(self.unit)
        return around_in_boxes(
            self.table, self.reach, enough, self.asked.partly, wanted, self.unit, self.asked.inhabited,
            first - self.top, *self.asked.columns, self.before, met, missed,
        )  # fmt: skip
