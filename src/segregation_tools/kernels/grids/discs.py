"""Sums over discs of cells, exact where counts are whole.

A disc is a square and four caps. The rows of the caps above and below, and the columns of those to either side, are
differences of running totals, and so is the square: some 1.2 of them for each cell of radius, where rows alone would take
2. Running totals begin anew in every tile, so that nothing far away is subtracted, and none ever falls, so that no sum is
negative and that of empty cells is 0; and whoever is lost in rounding beside a crowd still meets his own cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import vectorized
from segregation_tools.kernels.grids.strips import half_widths, strips, tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.strips import Strips

    Numbers = NDArray[Any]

__all__ = ["disc_rows"]

HEIGHT = 128
TILE_BYTES = 4096  # of a row of a tile: much of what a disc reaches stays in the second-level cache
LARGEST = 2**30  # whole counts whose totals stay below this are added up in integers of half the size


def disc_rows(counts: Numbers, reach: float, first: int, last: int) -> Strips:
    """Add up what lies within a radius of every cell of some rows.

    Parameters
    ----------
    counts : ndarray of float, shape (groups, rows, cols)
        0 or more.
    reach : float
        Radius in cells, 0 or more.
    first, last : int
        Rows to cover.

    Yields
    ------
    tuple of int, int and ndarray of shape (groups, last row − first row, cols)
        First and last row, and their sums, valid until the next strip. Whole counts add up exactly; others but for the
        rounding of what lives in the tile, 10⁻¹³ of it at most, and are no less than the cell itself.
    """
    _, rows, cols = counts.shape
    half = half_widths(reach, (rows, cols))
    rooms = [_Room(np.int32, counts.dtype, half, rows, cols), _Room(np.float64, counts.dtype, half, rows, cols)]
    for top, bottom, met in strips(counts, first, last, HEIGHT):
        if half.tolist() == [0]:
            met[:] = counts[:, top:bottom]
        else:
            for group, sums in zip(counts, met, strict=True):
                while not rooms[0].add_up(group, top, bottom, sums):
                    rooms.pop(0)  # not whole, or too many: from here on in floating point
        yield top, bottom, met


class _Room:
    """Room for the running totals of a tile: along rows, down columns, and down segments as wide as the square."""

    def __init__(self, number: Any, counted: np.dtype[Any], half: NDArray[np.int64], rows: int, cols: int) -> None:
        reach = len(half) - 1
        self.half = half
        self.side = int(np.flatnonzero(half >= np.arange(reach + 1))[-1])
        self.most = counted.type(LARGEST if number is np.int32 else np.finfo(counted).max)
        self.width = min(cols, TILE_BYTES // np.dtype(number).itemsize)
        height, width = min(rows, HEIGHT + 2 * reach) + 1, self.width + 2 * reach
        # Memory is taken when it is first written to: what is not used costs nothing.
        self.along = np.empty((height, width + 1), dtype=number)
        self.down = np.empty((height, width), dtype=number)
        self.square = np.empty((height, self.width), dtype=number)
        self.row = np.empty(self.width, dtype=number)

    def add_up(self, counts: Numbers, top: int, bottom: int, sums: NDArray[np.float64]) -> bool:
        """Fill a strip of one group; False if these numbers cannot hold the totals."""
        reach = len(self.half) - 1
        above, below = max(0, top - reach), min(len(counts), bottom + reach)
        for left, right in tiles(counts.shape[1], self.width):
            area = above, below, left, right
            if not _lay_out(counts, *area, reach, self.side, self.most, self.along, self.down, self.square):
                return False
            _add_up(counts, self.along, self.down, self.square, *area, self.half, self.side, top, self.row, sums)
        return True


@vectorized
def _lay_out(
    counts: Numbers,
    above: int,
    below: int,
    left: int,
    right: int,
    reach: int,
    side: int,
    most: float,
    along: Numbers,
    down: Numbers,
    square: Numbers,
) -> bool:
    """Write the running totals of a tile; tell whether they hold what lives there."""
    number = along.dtype.type
    size, width = below - above, right - left
    start, stop = max(0, left - reach), min(counts.shape[1], right + reach)
    low, high = start - (left - reach), stop - (left - reach)
    nobody = number(0) * 0  # in floating point, or an integer of full size
    everyone = nobody
    # Along a row each addition waits for the one before: four rows at once take hardly more time than one.
    for y in range(0, size, 4):
        y1, y2, y3 = min(y + 1, size - 1), min(y + 2, size - 1), min(y + 3, size - 1)
        n0, n1 = counts[above + y, start:stop], counts[above + y1, start:stop]
        n2, n3 = counts[above + y2, start:stop], counts[above + y3, start:stop]
        t0, t1, t2, t3 = along[y, low:], along[y1, low:], along[y2, low:], along[y3, low:]
        s0, s1, s2, s3 = nobody, nobody, nobody, nobody
        for x in range(stop - start):
            t0[x], t1[x], t2[x], t3[x] = s0, s1, s2, s3
            s0 += number(min(n0[x], most))
            s1 += number(min(n1[x], most))
            s2 += number(min(n2[x], most))
            s3 += number(min(n3[x], most))
        for z, s in ((y, s0), (y1, s1), (y2, s2), (y3, s3)):
            along[z, :low] = 0
            along[z, high : width + 2 * reach + 1] = s
        everyone += s0 + s1 + s2 + s3
    along[size, : width + 2 * reach + 1] = 0  # rows outside the grid
    down[0, : width + 2 * reach] = 0
    square[0, :width] = 0
    altered = 0
    for y in range(size):
        down[y + 1, :low] = 0
        down[y + 1, high : width + 2 * reach] = 0
        here, before, after = counts[above + y, start:stop], down[y, low:high], down[y + 1, low:high]
        for x in range(stop - start):
            n = number(min(here[x], most))
            altered += n != here[x]
            after[x] = before[x] + n
        far, near = along[y, reach + side + 1 :], along[y, reach - side :]
        before, after = square[y, :width], square[y + 1, :width]
        for x in range(width):
            after[x] = before[x] + (far[x] - near[x])
    return altered == 0 and everyone <= most


@vectorized
def _add_up(
    counts: Numbers,
    along: Numbers,
    down: Numbers,
    square: Numbers,
    above: int,
    below: int,
    left: int,
    right: int,
    half: NDArray[np.int64],
    side: int,
    top: int,
    row: Numbers,
    sums: NDArray[np.float64],
) -> None:
    """Add up the square and the four caps around every cell of a tile."""
    size, width, reach = below - above, right - left, len(half) - 1
    row = row[:width]
    for i in range(len(sums)):
        y = top - above + i
        far, near = square[min(y + side + 1, size)], square[max(y - side, 0)]
        for x in range(width):
            row[x] = far[x] - near[x]
        for d in range(side + 1, reach + 1):
            h = half[d]
            lower, upper = along[y + d if y + d < size else size], along[y - d if y >= d else size]
            a, b = lower[reach + h + 1 :], lower[reach - h :]
            c, e = upper[reach + h + 1 :], upper[reach - h :]
            far, near = down[min(y + h + 1, size)], down[max(y - h, 0)]
            f, g = far[reach + d :], near[reach + d :]
            p, q = far[reach - d :], near[reach - d :]
            for x in range(width):
                row[x] += ((a[x] - b[x]) + (c[x] - e[x])) + ((f[x] - g[x]) + (p[x] - q[x]))
        met, own = sums[i, left:right], counts[top + i, left:right]
        for x in range(width):
            met[x] = max(row[x], own[x])
