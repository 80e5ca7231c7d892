"""Box windows on grids: everyone within so many rows and columns of each cell, in rows that are handed on at once.

Down the columns runs a sum that takes in a row and lets go of one, carried in two numbers so that nothing is lost by what
leaves it; along the rows, sums of 1, 4, 16 … neighbours are put together, by adding alone. So the work does not grow with
the window, fractional counts come out as right as whole ones, and the memory is that of a few rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["add_one", "add_two", "box_rows"]

STRIP = 2**16  # numbers handed on together, which stay in the second-level cache; and at least so many rows:
LOWEST = 4
TILE = 1024  # columns worked on together: they stay in the first-level cache


def box_rows(counts: NDArray[Any], half: int, first: int, last: int) -> Iterator[tuple[int, int, Floats]]:
    """Add up what lies within so many rows and columns of every cell.

    Parameters
    ----------
    counts : ndarray of float, shape (groups, rows, cols)
        What is added up.
    half : int
        How many rows and columns to each side, 0 or more.
    first, last : int
        Rows whose windows are wanted.

    Yields
    ------
    first_row, last_row : int
    met : ndarray of shape (groups, last_row − first_row, cols)
        Valid until the next strip.
    """
    groups, size, cols = counts.shape
    half = min(half, max(size, cols))
    down, lost = np.zeros((groups, cols)), np.zeros((groups, cols))
    wide = np.zeros(cols + 2 * half)  # nobody lives beyond the edges
    fours, others = np.empty(TILE + 2 * half), np.empty(TILE + 2 * half)
    height = min(max(LOWEST, STRIP // (groups * cols)), last - first)
    met = np.empty((groups, height, cols))
    nobody = np.zeros(cols, dtype=counts.dtype)
    nobody.flags.writeable = False
    _begin_columns(counts, nobody, first - half - 1, first + half, down, lost, wide[half : half + cols])
    for start in range(first, last, height):
        stop = min(start + height, last)
        _box_rows(counts, nobody, start, stop, half, down, lost, wide, fours, others, met)
        yield start, stop, met[:, : stop - start]


@compiled
def _begin_columns(
    counts: NDArray[Any], nobody: NDArray[Any], start: int, stop: int, down: Floats, lost: Floats, both: Floats
) -> None:
    for g in range(counts.shape[0]):
        for i in range(max(0, start), min(counts.shape[1], stop)):
            _move_on(counts[g, i], nobody, down[g], lost[g], both)


@compiled
def _box_rows(
    counts: NDArray[Any],
    nobody: NDArray[Any],
    first: int,
    last: int,
    half: int,
    down: Floats,
    lost: Floats,
    wide: Floats,
    fours: Floats,
    others: Floats,
    met: Floats,
) -> None:
    groups, rows, cols = counts.shape
    tile = fours.size - 2 * half
    for i in range(first, last):
        for g in range(groups):
            comes = counts[g, i + half] if i + half < rows else nobody
            leaves = counts[g, i - half - 1] if i > half else nobody
            _move_on(comes, leaves, down[g], lost[g], wide[half : half + cols])
            for start in range(0, cols, tile):
                stop = min(start + tile, cols)
                _neighbours(wide[start : stop + 2 * half], fours, others, 2 * half + 1, met[g, i - first, start:stop])


@compiled
def _move_on(comes: NDArray[Any], leaves: NDArray[Any], down: Floats, lost: Floats, both: Floats) -> None:
    """Take a row into the sums of the columns and let one go, keeping what rounding takes away (Knuth's two-sum)."""
    for j in range(down.size):
        a, b, here = np.float64(comes[j]), np.float64(leaves[j]), down[j]
        more = a - b
        back = more - a
        rest = (a - (more - back)) - (b + back)
        total = here + more
        back = total - here
        rest += lost[j] + ((here - (total - back)) + (more - back))
        lost[j] = rest
        down[j] = total
        both[j] = total + rest


@compiled
def _neighbours(row: Floats, fours: Floats, others: Floats, many: int, sums: Floats) -> None:
    """Sum of so many neighbours from each on: of 1, 4, 16 … neighbours, as many as the number has in base 4."""
    ones, at, length, size = row, many % 4, 4, row.size  # the number is odd
    begun = at == 3
    if begun:
        _add_up(row, row[1:], row[2:], sums)
    elif many == 1:
        sums[:] = row
    while at < many:
        if begun and at + length == many:
            _add_four(sums, ones[at:], length // 4)
            return
        left = many // length % 4
        size -= 3 * length // 4
        _four(ones, length // 4, fours[:size])
        ones, fours, others = fours, others, fours
        if left > 1 and not begun:
            _add_up(row, ones[at:], ones[at + length :], sums)
        elif left and not begun:
            _add(row, ones[at:], sums)
        elif left > 1:
            add_two(sums, ones[at:], ones[at + length :])
        elif left:
            add_one(sums, ones[at:])
        if left == 3:
            add_one(sums, ones[at + 2 * length :])
        begun |= left > 0
        at += left * length
        length *= 4


# In functions of their own, with few arrays each, these loops work on several numbers at once.


@compiled
def add_one(sums: Floats, a: NDArray[Any]) -> None:
    """Add a row of counts, or of sums."""
    for k in range(sums.size):
        sums[k] += a[k]


@compiled
def add_two(sums: Floats, a: NDArray[Any], b: NDArray[Any]) -> None:
    """Add two rows of counts, or of sums."""
    for k in range(sums.size):
        sums[k] += np.float64(a[k]) + np.float64(b[k])


@compiled
def _add(a: Floats, b: Floats, sums: Floats) -> None:
    for k in range(sums.size):
        sums[k] = a[k] + b[k]


@compiled
def _add_up(a: Floats, b: Floats, c: Floats, sums: Floats) -> None:
    for k in range(sums.size):
        sums[k] = a[k] + (b[k] + c[k])


@compiled
def _add_four(sums: Floats, one: Floats, step: int) -> None:
    a, b, c, d = one, one[step:], one[2 * step :], one[3 * step :]
    for k in range(sums.size):
        sums[k] += (a[k] + b[k]) + (c[k] + d[k])


@compiled
def _four(one: Floats, step: int, four: Floats) -> None:
    size = four.size
    a, b, c, d = one[:size], one[step : step + size], one[2 * step : 2 * step + size], one[3 * step : 3 * step + size]
    for k in range(size):
        four[k] = (a[k] + b[k]) + (c[k] + d[k])
