"""The nearest people on a grid by squares of cells: sums over any rectangle from four corners of a table of sums.

Counts have become whole numbers of a very small unit: sums of those are exact, and may be taken as differences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled, inlined
from segregation_tools.kernels.grids.rings import take_part, whole_units

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["around_in_boxes", "table_of_sums"]


@compiled
def table_of_sums(counts: NDArray[Any], first: int, unit: float, table: Whole) -> None:
    """Add up, for every corner of a cell, what lies above and left of it, in whole units.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.
    first : int
        Row of the grid with which the table begins.
    unit : float
        In people, a power of two.
    table : ndarray of int, shape (groups, rows + 1, cols + 1)
        Filled: first of all groups, then of each group but the last.
    """
    groups, height, width = table.shape
    scale = 1 / unit
    line = np.empty(width - 1, dtype=np.int64)
    table[:, 0] = 0
    for y in range(1, height):
        row = first + y - 1
        for a in range(groups):
            line[:] = 0
            for g in range(groups if a == 0 else 1):
                for x in range(width - 1):
                    line[x] += whole_units(counts[a - 1 if a else g, row, x], scale)
            total = np.int64(0)
            table[a, y, 0] = 0
            for x in range(width - 1):
                total += line[x]
                table[a, y, x + 1] = table[a, y - 1, x + 1] + total


@compiled
def around_in_boxes(
    table: Whole,
    reach: int,
    enough: Whole,
    partly: bool,
    wanted: Floats,
    unit: float,
    inhabited: bool,
    start: int,
    begin: int,
    end: int,
    before: Whole,
    met: Floats,
    missed: Whole,
) -> int:
    """Find whom the residents of each cell of a strip meet; tell how many cells have to look farther than the table does.

    Parameters
    ----------
    table : ndarray of int, shape (groups, rows + 1, cols + 1)
        What `table_of_sums` filled.
    reach : int
        How many rings of cells around each cell the table holds.
    enough : ndarray of int, shape (several,)
        How many units of people are enough, from few to many.
    partly : bool
        Whether of the last ring only the part is taken that makes it `wanted`.
    wanted : ndarray of shape (several,)
        How many people are to be met, in units.
    unit : float
        In people.
    inhabited : bool
        Whether cells where nobody lives are left as they are.
    start : int
        Row of the table with which the strip begins.
    begin, end : int
        Columns whose cells are asked for.
    before : ndarray of int, shape (several,)
        Rings around the cell before; changed.
    met : ndarray of shape (several, groups, rows, cols)
        Filled.
    missed : ndarray of int, shape (rows * cols,)
        Filled: cells that are not done.

    Returns
    -------
    int
        How many are not done.
    """
    groups, rows, cols = met.shape[1:]
    ring = np.zeros(groups, dtype=np.int64)
    left = 0
    for row in range(rows):
        y = start + row
        for col in range(begin, end):
            if inhabited and _box(table, 0, y, col, 0) == 0:
                continue
            least = 0
            for k in range(len(enough)):
                half = max(least, before[k])
                low, step = least - 1, 1  # too few are within `low`
                found = _box(table, 0, y, col, half)
                while found >= enough[k] and half > least and low < least:
                    nearer = max(least, half - step)
                    fewer = _box(table, 0, y, col, nearer)
                    if fewer >= enough[k]:
                        half, found, step = nearer, fewer, 2 * step
                    else:
                        low = nearer
                while found < enough[k] and half < reach:
                    low, half, step = half, min(reach, half + step), 2 * step
                    found = _box(table, 0, y, col, half)
                if found < enough[k]:
                    missed[left] = row * cols + col
                    left += 1
                    break
                while half - low > 1:
                    middle = (low + half) // 2
                    fewer = _box(table, 0, y, col, middle)
                    if fewer >= enough[k]:
                        half, found = middle, fewer
                    else:
                        low = middle
                least = before[k] = half
                rest = found
                for g in range(1, groups):
                    members = _box(table, g, y, col, half)
                    met[k, g - 1, row, col] = members * unit
                    rest -= members
                met[k, groups - 1, row, col] = rest * unit
                if partly:
                    for a in range(groups):
                        ring[a] = _box(table, a, y, col, half) - (_box(table, a, y, col, half - 1) if half else 0)
                    take_part(met[k, :, row, col], ring, found, wanted[k], unit)
    return left


@inlined
def _box(table: Whole, a: int, y: int, x: int, half: Any) -> Any:
    """Sum over a square around a cell."""
    top, bottom = max(0, y - half), min(table.shape[1] - 1, y + half + 1)
    left, right = max(0, x - half), min(table.shape[2] - 1, x + half + 1)
    return (table[a, bottom, right] - table[a, bottom, left]) - (table[a, top, right] - table[a, top, left])
