"""Weighted sums over what lies around every cell, added up directly: nothing is subtracted, so that small sums are good.

Weights depend on the distance alone, and no kernel is replaced by a product of two: rows as far above as below a cell are
added first, then columns as far to the left as to the right, as far as the disc reaches there. A Gaussian is the product of
its rows and columns inside the disc, so that its work grows with the radius; that of other kernels grows with the square.
Arithmetic is that of the counts: where they are of single precision, sums are good to 10⁻⁵ of each (most often 10⁻⁶).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import vectorized
from segregation_tools.kernels.decay import REACH, weights_at
from segregation_tools.kernels.grids.strips import aligned, half_widths, strips, tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.strips import Strips

    Numbers = NDArray[Any]
    Ints = NDArray[np.int64]

__all__ = ["direct_rows", "gaussian_rows"]

HEIGHT = 128
TILE_BYTES = 4096  # of a row of a tile: the few rows at work stay in the first-level cache


def gaussian_rows(counts: Numbers, sigma: float, first: int, last: int) -> Strips:
    """Add up what lies around every cell of some rows, weighted by exp(−d²/2σ²) as far as d = 4 σ.

    Parameters
    ----------
    counts : ndarray of float, shape (groups, rows, cols)
        0 or more.
    sigma : float
        Standard deviation in cells, 0 or more.
    first, last : int
        Rows to cover.

    Yields
    ------
    tuple of int, int and ndarray of shape (groups, last row − first row, cols)
        First and last row, and their sums, valid until the next strip.
    """
    _, rows, cols = counts.shape
    heights = np.minimum(half_widths(sigma * REACH["gaussian"], (rows, cols))[:cols], rows - 1)
    tile = _Tile(counts, int(heights[0]), len(heights) - 1)
    down = weights_at(np.arange(heights[0] + 1.0), sigma, "gaussian").astype(counts.dtype)
    across = tile.halved(weights_at(np.arange(float(len(heights))), sigma, "gaussian"))
    for top, bottom, met in strips(counts, first, last, HEIGHT):
        for group, sums in zip(counts, met, strict=True):
            for left, right in tiles(cols, tile.width):
                if tile.holds(group, top, bottom, left):
                    _gaussian(tile.counts, tile.some, heights, down, across, tile.sums, tile.row, left, right, sums)
                else:
                    sums[:, left:right] = 0
        yield top, bottom, met


def direct_rows(counts: Numbers, table: NDArray[np.float64], widths: Ints, first: int, last: int) -> Strips:
    """Add up what lies around every cell of some rows, weighted by a table.

    Parameters
    ----------
    counts : ndarray of float, shape (groups, rows, cols)
        0 or more.
    table : ndarray of shape (reach in rows + 1, reach in columns + 1)
        Weight of what lies so many rows and columns away.
    widths : ndarray of int, shape (reach in rows + 1,)
        How many columns to either side count, so many rows away.
    first, last : int
        Rows to cover.

    Yields
    ------
    tuple of int, int and ndarray of shape (groups, last row − first row, cols)
        First and last row, and their sums, valid until the next strip.
    """
    tile = _Tile(counts, len(table) - 1, table.shape[1] - 1)
    across = tile.halved(table)
    for top, bottom, met in strips(counts, first, last, HEIGHT):
        for group, sums in zip(counts, met, strict=True):
            for left, right in tiles(counts.shape[2], tile.width):
                if tile.holds(group, top, bottom, left):
                    _direct(tile.counts, tile.some, widths, across, tile.sums[0], tile.row[0], left, right, sums)
                else:
                    sums[:, left:right] = 0
        yield top, bottom, met


class _Tile:
    """Room for a tile of counts with all that is in reach of it, and for the rows at work; outside the grid there is nobody.

    Rows are copied because those of a grid are often a power of two apart, where few of them fit into a cache together.
    """

    def __init__(self, counts: Numbers, reach_down: int, reach_across: int) -> None:
        _, rows, cols = counts.shape
        self.reach = reach_down
        self.pad = -(-(reach_across + 4) // 16) * 16  # columns are taken four at a time, some beyond the reach
        self.width = min(cols, TILE_BYTES // counts.itemsize)
        height, width = min(rows, HEIGHT) + 2 * reach_down + 1, self.width + 2 * self.pad
        self.room = aligned((height, width), counts.dtype)
        self.some = np.empty(height, dtype=np.bool_)
        self.sums = aligned((2, width), counts.dtype)
        self.row = aligned((2, self.width), counts.dtype)

    def halved(self, weights: NDArray[np.float64]) -> Numbers:
        """Lay out weights of columns four at a time; the middle one, which is added to itself, counts half."""
        filled = np.zeros((*weights.shape[:-1], -(-weights.shape[-1] // 4) * 4), dtype=self.row.dtype)
        filled[..., : weights.shape[-1]] = weights
        filled[..., 0] /= 2
        return filled

    def holds(self, counts: Numbers, top: int, bottom: int, left: int) -> bool:
        """Copy what is in reach of a tile; False if nobody lives there."""
        self.counts = self.room[: bottom - top + 2 * self.reach + 1]
        return bool(_copied(counts, top - self.reach, left - self.pad, self.counts, self.some))


@vectorized
def _copied(counts: Numbers, top: int, left: int, tile: Numbers, some: NDArray[np.bool_]) -> bool:
    """Copy a part of a grid and zeros around it; note in which rows somebody lives, and tell whether in any."""
    rows, cols = counts.shape
    start, stop = max(0, left), min(cols, left + tile.shape[1])
    any_row = False
    for y in range(len(tile)):
        row = tile[y]
        row[:] = 0
        some[y] = False
        if 0 <= top + y < rows:
            here, inside = counts[top + y, start:stop], row[start - left : stop - left]
            inhabited = 0
            for x in range(len(here)):
                inside[x] = here[x]
                inhabited += here[x] != 0
            some[y] = inhabited > 0
            any_row |= some[y]
    return any_row


@vectorized
def _gaussian(
    counts: Numbers,
    some: NDArray[np.bool_],
    heights: Ints,
    down: Numbers,
    across: Numbers,
    sums_down: Numbers,
    row: Numbers,
    left: int,
    right: int,
    sums: NDArray[np.float64],
) -> None:
    """Weigh what lies around every cell of a tile, column by column from the farthest, which is the shortest, inward.

    Two rows of cells are served at once, as nearly the same rows lie around them.
    """
    reach, width = len(down) - 1, right - left
    pad = (counts.shape[1] - row.shape[1]) // 2
    for i in range(0, len(sums), 2):
        y = i + reach
        for x in range(counts.shape[1]):
            sums_down[0, x] = counts[y, x]
            sums_down[1, x] = counts[y + 1, x]
        row[:] = 0
        s, t, height, column = sums_down[0], sums_down[1], 0, len(heights) - 1
        while column >= 0:
            wanted = heights[column]
            low = (pad - column) // 16 * 16  # what lies farther to either side was needed before
            high = counts.shape[1] - low
            while height < wanted:
                h, many = height + 1, min(2, wanted - height)
                height += many
                if not (_any(some, y - height, many + 1) or _any(some, y + h, many + 1)):
                    continue
                a1, a2 = counts[y - h, low:high], counts[y - h + 1, low:high]
                b0, b1 = counts[y + h, low:high], counts[y + h + 1, low:high]
                if many == 2:
                    a0, b2 = counts[y - h - 1, low:high], counts[y + h + 2, low:high]
                    _two_more(s[low:high], t[low:high], a0, a1, a2, b0, b1, b2, down[h], down[h + 1])
                else:
                    _one_more(s[low:high], t[low:high], a1, a2, b0, b1, down[h])
            lowest = column
            while lowest > 0 and heights[lowest - 1] == wanted:
                lowest -= 1
            while column >= lowest:
                many = 4 if column - lowest >= 3 else 2 if column - lowest >= 1 else 1
                column -= many
                for k in range(2):
                    if many == 4:
                        _four_across(row[k, :width], sums_down[k], pad, column + 1, across)
                    elif many == 2:
                        _two_across(row[k, :width], sums_down[k], pad, column + 1, across)
                    else:
                        _one_across(row[k, :width], sums_down[k], pad, column + 1, across)
        for k in range(min(2, len(sums) - i)):
            met, here = sums[i + k, left:right], row[k]
            for x in range(width):
                met[x] = here[x]


@vectorized
def _direct(
    counts: Numbers,
    some: NDArray[np.bool_],
    widths: Ints,
    table: Numbers,
    both: Numbers,
    row: Numbers,
    left: int,
    right: int,
    sums: NDArray[np.float64],
) -> None:
    """Weigh what lies around every cell of a tile, two rows at a time."""
    reach, width = len(widths) - 1, right - left
    pad = (counts.shape[1] - len(row)) // 2
    row = row[:width]
    for i in range(len(sums)):
        y = i + reach
        row[:] = 0
        for h in range(reach, -1, -1):
            upper, lower = counts[y - h], counts[y + h]
            if some[y - h] or some[y + h]:
                if h > 0:
                    for x in range(counts.shape[1]):
                        both[x] = upper[x] + lower[x]
                else:
                    both[:] = upper
                for c in range(widths[h] // 4 * 4, -4, -4):
                    _four_across(row, both, pad, c, table[h])
        met = sums[i, left:right]
        for x in range(width):
            met[x] = row[x]


@vectorized
def _any(some: NDArray[np.bool_], first: int, many: int) -> bool:
    found = False
    for y in range(first, first + many):
        found |= some[y]
    return found


@vectorized
def _one_more(s: Numbers, t: Numbers, a0: Numbers, a1: Numbers, b0: Numbers, b1: Numbers, w: float) -> None:
    for x in range(len(s)):
        s[x] += w * (a0[x] + b0[x])
        t[x] += w * (a1[x] + b1[x])


@vectorized
def _two_more(
    s: Numbers,
    t: Numbers,
    a0: Numbers,
    a1: Numbers,
    a2: Numbers,
    b0: Numbers,
    b1: Numbers,
    b2: Numbers,
    w0: float,
    w1: float,
) -> None:
    for x in range(len(s)):
        s[x] += w0 * (a1[x] + b0[x]) + w1 * (a0[x] + b1[x])
        t[x] += w0 * (a2[x] + b1[x]) + w1 * (a1[x] + b2[x])


@vectorized
def _one_across(row: Numbers, s: Numbers, pad: int, c: int, weights: Numbers) -> None:
    a0, b0, w0 = s[pad + c :], s[pad - c :], weights[c]
    for x in range(len(row)):
        row[x] += w0 * (a0[x] + b0[x])


@vectorized
def _two_across(row: Numbers, s: Numbers, pad: int, c: int, weights: Numbers) -> None:
    w0, w1 = weights[c], weights[c + 1]
    a0, b0, a1, b1 = s[pad + c :], s[pad - c :], s[pad + c + 1 :], s[pad - c - 1 :]
    for x in range(len(row)):
        row[x] += w1 * (a1[x] + b1[x]) + w0 * (a0[x] + b0[x])


@vectorized
def _four_across(row: Numbers, s: Numbers, pad: int, c: int, weights: Numbers) -> None:
    """Add columns c to c + 3 away on both sides."""
    w0, w1, w2, w3 = weights[c], weights[c + 1], weights[c + 2], weights[c + 3]
    a0, b0, a1, b1 = s[pad + c :], s[pad - c :], s[pad + c + 1 :], s[pad - c - 1 :]
    a2, b2, a3, b3 = s[pad + c + 2 :], s[pad - c - 2 :], s[pad + c + 3 :], s[pad - c - 3 :]
    for x in range(len(row)):
        row[x] += (w3 * (a3[x] + b3[x]) + w2 * (a2[x] + b2[x])) + (w1 * (a1[x] + b1[x]) + w0 * (a0[x] + b0[x]))
