"""Weighted sums over what lies around every cell as far as a long reach: by Fourier transforms, small sums mended.

The noise of a transform is a part of the greatest sums, not of each. Where it could be more than 10⁻⁶ of a sum, as around
a handful of people not far from millions, the sum is added up directly instead; where nobody is in reach it is 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled
from segregation_tools.kernels.grids.strips import strips, tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.strips import Strips

    Numbers = NDArray[Any]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["fourier_rows"]

HEIGHT = 256
TILE = 1024  # columns of a transform
ERROR = 1e-6  # of each sum

# The noise of a sum is below this times ε log₂(cells) ‖counts‖ ‖weights‖: more than twenty times what is seen.
NOISE = 4.0


def fourier_rows(counts: Numbers, table: Floats, widths: Ints, first: int, last: int) -> Strips:
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
        First and last row, and their sums, valid until the next strip; each is good to 10⁻⁶ of itself.
    """
    from scipy import fft

    down, across = table.shape[0] - 1, table.shape[1] - 1
    width = min(counts.shape[2], max(TILE, 6 * across) - 2 * across)
    columns = fft.next_fast_len(width + 2 * across, real=True)
    width = min(counts.shape[2], columns - 2 * across)
    room = spectrum = np.empty((0, 0))
    noise = 0.0
    for top, bottom, met in strips(counts, first, last, HEIGHT):
        if not room.size:  # the first strip is the highest
            room = np.empty((fft.next_fast_len(bottom - top + 2 * down), columns))
            around = _around(table, room.shape)
            size = math.sqrt(np.square(around).sum())
            noise = NOISE * float(np.finfo(np.float64).eps) * math.log2(room.size) * size
            spectrum = np.ascontiguousarray(fft.rfft2(around).real)  # the other half of a real, symmetric array is 0
            del around  # as large as the tile
        for group, sums in zip(counts, met, strict=True):
            for left, right in tiles(counts.shape[2], width):
                size = _laid_out(group, top - down, bottom + down, left - across, right + across, room)
                if size == 0:
                    sums[:, left:right] = 0
                    continue
                waves = fft.rfft2(room, overwrite_x=True)
                waves *= spectrum
                found = fft.irfft2(waves, room.shape, overwrite_x=True)
                least = noise * math.sqrt(size) / ERROR
                _mended(found, least, group, table, widths, top, left, right, sums)
        yield top, bottom, met


def _around(table: Floats, shape: tuple[int, ...]) -> Floats:
    """Lay out a quarter of a window on all four sides of the first cell of a grid that goes around."""
    down, across = table.shape[0] - 1, table.shape[1] - 1
    around = np.zeros(shape)
    around[: down + 1, : across + 1] = table
    around[shape[0] - down :, : across + 1] = table[:0:-1]
    around[:, shape[1] - across :] = around[:, across:0:-1]
    return around


@added_in_any_order
def _laid_out(counts: Numbers, top: int, bottom: int, left: int, right: int, room: Floats) -> float:
    """Copy a part of a grid, and zeros for what is outside or beyond it; give back the sum of its squares."""
    rows, cols = counts.shape
    start, stop = max(0, left), min(cols, right)
    size = 0.0
    for y in range(len(room)):
        room[y] = 0
        if 0 <= top + y < min(rows, bottom):
            here, there = counts[top + y, start:stop], room[y, start - left : stop - left]
            for x in range(len(here)):
                n = np.float64(here[x])
                there[x] = n
                size += n * n
    return size


@compiled
def _mended(
    found: Floats,
    least: float,
    counts: Numbers,
    table: Floats,
    widths: Ints,
    top: int,
    left: int,
    right: int,
    sums: Floats,
) -> None:
    """Take what the transform found where it is large enough; add up the rest from those who live in reach."""
    rows, cols = counts.shape
    down, across = table.shape[0] - 1, table.shape[1] - 1
    above, start, stop = max(0, top - down), max(0, left - across), min(cols, right + across)
    following = np.empty((0, 0), dtype=np.int32)
    for i in range(len(sums)):
        here = sums[i, left:right]
        if _taken(found[i + down, across : across + right - left], least, here) == 0:
            continue
        if following.size == 0:
            following = _following(counts, above, min(rows, top + len(sums) + down), start, stop)
        for x in range(left, right):
            if here[x - left] >= least:
                continue
            total = 0.0
            for y in range(max(0, top + i - down), min(rows, top + i + down + 1)):
                away = abs(y - top - i)
                last = min(x + widths[away], stop - 1)
                at = following[y - above, max(x - widths[away], start) - start] + start
                while at <= last:
                    total += table[away, abs(at - x)] * counts[y, at]
                    at = following[y - above, at + 1 - start] + start
            here[x - left] = total


@compiled
def _taken(found: Floats, least: float, sums: Floats) -> int:
    """Copy a row; give back how many of its numbers are too small."""
    small = 0
    for x in range(len(sums)):
        sums[x] = found[x]
        small += found[x] < least
    return small


@compiled
def _following(counts: Numbers, above: int, below: int, start: int, stop: int) -> NDArray[np.int32]:
    """For every cell of a part of a grid, where the next begins in its row, itself included, in which somebody lives."""
    following = np.empty((below - above, stop - start + 1), dtype=np.int32)
    for y in range(above, below):
        near = stop - start
        following[y - above, near] = near
        for x in range(stop - 1, start - 1, -1):
            if counts[y, x] > 0:
                near = x - start
            following[y - above, x - start] = near
    return following
