"""The nearest people on a grid on which few cells are inhabited: only those are kept, in tiles of a few cells.

Tiles that lie within a radius for certain are counted by row, two look-ups each; only of the tiles on the rim is every
inhabited cell looked at. Counts have become whole numbers of a very small unit, so that sums are exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled, inlined
from segregation_tools.kernels.grids.rings import span, take_part, whole_units

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Small = NDArray[np.int32]

__all__ = ["around_some", "census", "in_units", "kept_in_tiles"]

BLOCK = 64  # cells of a row that are skipped together where nobody lives in any of them
NEAR = 16  # cells from the one before, within which its radius foretells this one's


@added_in_any_order
def census(counts: NDArray[Any], first: int, last: int, step: int) -> tuple[float, int]:
    """Count the people of some rows, and the cells where somebody lives.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.
    first, last, step : int
        Rows.

    Returns
    -------
    tuple of float and int
    """
    groups, _, width = counts.shape
    lived = np.empty(width)
    people, inhabited = 0.0, 0
    for row in range(first, last, step):
        lived[:] = 0
        for g in range(groups):
            for col in range(width):
                lived[col] += counts[g, row, col]
        for col in range(width):
            people += lived[col]
            inhabited += lived[col] > 0
    return people, inhabited


@compiled
def kept_in_tiles(
    bits: NDArray[Any],
    counts: NDArray[Any],
    shift: int,
    first: int,
    place: int,
    begins: Small,
    rows: Small,
    cols: Small,
    values: Floats,
) -> int:
    """Keep the cells of some rows of tiles where somebody lives, tile by tile.

    Parameters
    ----------
    bits : ndarray of shape (groups, rows, cols)
        The counts, taken for whole numbers: their zeros are found faster.
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.
    shift : int
        A tile is ``2**shift`` cells high and wide.
    first : int
        First row of tiles.
    place : int
        How many cells are kept already.
    begins : ndarray of int, shape (rows of tiles, tiles in a row + 1)
        Filled: where the cells of each tile begin.
    rows, cols : ndarray of int, shape (cells,)
        Filled: where each cell is that is kept; room for all of them.
    values : ndarray of shape (groups, cells)
        Filled: who lives there.

    Returns
    -------
    int
        How many cells are kept of these rows.
    """
    groups, height, width = counts.shape
    size = 1 << shift
    found_row, found_col = np.empty(size * width, dtype=np.int32), np.empty(size * width, dtype=np.int32)
    kept = 0
    for line in range(len(begins)):
        tiles = begins[line]
        tiles[:] = 0
        found = 0
        for row in range((first + line) * size, min(height, (first + line + 1) * size)):
            for start in range(0, width, BLOCK):
                if start + BLOCK <= width:
                    some = _anybody(bits, row, start, start + BLOCK)
                else:
                    some = _anybody(bits, row, start, width)
                for col in range(start, min(start + BLOCK, width) if some else start):
                    people = np.float64(counts[0, row, col])
                    for g in range(1, groups):
                        people += counts[g, row, col]
                    if people > 0:
                        found_row[found], found_col[found] = row, col
                        found += 1
                        tiles[(col >> shift) + 1] += 1
        for tile in range(1, len(tiles)):
            tiles[tile] += tiles[tile - 1]
        for i in range(found):
            tile = found_col[i] >> shift
            j = kept + tiles[tile]
            tiles[tile] += 1
            rows[j], cols[j] = found_row[i], found_col[i]
            for g in range(groups):
                values[g, j] = counts[g, found_row[i], found_col[i]]
        for tile in range(len(tiles) - 1, 0, -1):
            tiles[tile] = tiles[tile - 1] + kept + place
        tiles[0] = kept + place
        kept += found
    return kept


@inlined
def _anybody(bits: NDArray[Any], row: int, start: int, stop: int) -> Any:
    some = bits[0, row, start]
    for g in range(len(bits)):
        for col in range(start, stop):
            some |= bits[g, row, col]
    return some != 0


@compiled
def in_units(values: Floats, unit: float, running: Whole) -> None:
    """Turn counts into running totals in whole units.

    Parameters
    ----------
    values : ndarray of shape (groups, cells)
        Who lives in each cell.
    unit : float
        In people, a power of two.
    running : ndarray of int, shape (groups, cells + 1)
        Filled: who lives in the cells before each one, first of all groups, then of each group but the last.
    """
    scale = 1 / unit
    groups, cells = values.shape
    running[0] = 0
    for g in range(groups):
        total = np.int64(0)
        for j in range(cells):
            total += whole_units(values[g, j], scale)
            running[0, j + 1] += total
            if g + 1 < groups:
                running[g + 1, j + 1] = total
    running[1:, 0] = 0


@compiled
def around_some(
    begins: Small,
    shift: int,
    top: int,
    rows: Small,
    cols: Small,
    running: Whole,
    limit: int,
    square: bool,
    enough: Whole,
    partly: bool,
    wanted: Floats,
    unit: float,
    cells: Whole,
    start: int,
    offset: int,
    above: Whole,
    scratch: Whole,
    met: Floats,
) -> int:
    """Find whom the residents of some cells of a strip meet, as far as what is kept suffices.

    Parameters
    ----------
    begins, shift, rows, cols : ndarray, int, ndarray, ndarray
        What `kept_in_tiles` filled.
    top : int
        First row of tiles.
    running : ndarray of int, shape (groups, cells + 1)
        What `in_units` filled.
    limit : int
        Squared radius within which everyone is kept.
    square : bool
        Whether the distance of two cells is their rows or columns apart, whichever is more.
    enough : ndarray of int, shape (several,)
        How many units of people are enough, from few to many.
    partly : bool
        Whether of the last ring only the part is taken that makes it `wanted`.
    wanted : ndarray of shape (several,)
        How many people are to be met, in units.
    unit : float
        In people.
    cells : ndarray of int, shape (cells asked for,)
        Their numbers in the strip, row by row.
    start : int
        The first of them that is not done.
    offset : int
        Row of the grid with which the strip begins.
    above : ndarray of int, shape (several, cols // NEAR + 1)
        Squared radius found last around there; changed.
    scratch : ndarray of int, shape (4, cells kept)
        Room to work in.
    met : ndarray of shape (several, groups, rows, cols)
        Filled.

    Returns
    -------
    int
        The first of `cells` for which more has to be kept, or how many there are.
    """
    groups, width = met.shape[1], met.shape[3]
    edges = np.empty((4, len(begins)), dtype=np.int32)
    halves = np.empty((2, len(begins)), dtype=np.int32)
    inside, squares, people, places = scratch[0], scratch[1], scratch[2], scratch[3]  # rows that are known to be dense
    before = np.full(len(enough), 8)
    ring = np.zeros(groups, dtype=np.int64)
    last_row, last_col = -2 * NEAR, -2 * NEAR
    for i in range(start, len(cells)):
        strip_row, col = cells[i] // width, cells[i] % width
        row = strip_row + offset
        gap = abs(row - last_row) + abs(col - last_col)
        squared = 0
        for k in range(len(enough)):
            low, high, tries = squared - 1, limit + 1, 0  # too few are within `low`, enough within `high`
            aim = before[k]
            if gap > NEAR and above[k, col // NEAR] > 0:
                aim = above[k, col // NEAR]
            slack = int(0.5 * (1 + min(gap, NEAR)) * math.sqrt(aim)) + 4
            while True:
                aim = max(low + 1, min(aim, high - 1))
                inner, outer = max(low, aim - slack), min(high, aim + slack, limit)
                if inner <= slack:
                    inner = low
                radius = int(math.sqrt(outer))
                first, last = ((row - radius) >> shift) - top, ((row + radius) >> shift) + 1 - top
                first, last = max(0, first), min(len(begins), last)
                _outline(begins, shift, top, square, row, col, width, inner, outer, first, last, halves, edges)
                fewer, within, size = _looked_at(
                    rows, cols, running, square, row, col, inner, outer, first, last, edges,
                    inside, squares, people, places,
                )  # fmt: skip
                more = fewer
                for j in range(size):
                    more += people[j]
                if fewer < enough[k] <= more:
                    break
                if fewer >= enough[k]:
                    high = inner
                    aim = int(inner * max(0.25, enough[k] / fewer))
                else:
                    low = outer
                    if low == limit:
                        return i
                    aim = int((low + 1) * min(4.0, enough[k] / max(more, 1))) + slack
                tries += 1
                slack *= 2
                if tries > 6 and high <= limit:
                    aim, slack = (low + high) // 2, high - low
            squared = _reached(squares, people, size, inner, outer, enough[k] - fewer)
            before[k] = above[k, col // NEAR] = squared
            found = fewer
            for j in range(size):
                if squares[j] <= squared:
                    found += people[j]
                    inside[within] = places[j]
                    within += 1
            rest = found
            for g in range(1, groups):
                members: Any = np.int64(0)
                for line in range(first, last):
                    members += span(running, g, edges[1, line], edges[2, line])
                for j in range(within):
                    members += span(running, g, inside[j], inside[j] + 1)
                met[k, g - 1, strip_row, col] = members * unit
                rest -= members
            met[k, groups - 1, strip_row, col] = rest * unit
            if partly:
                ring[:] = 0
                for j in range(size):
                    if squares[j] == squared:
                        for a in range(groups):
                            ring[a] += span(running, a, places[j], places[j] + 1)
                take_part(met[k, :, strip_row, col], ring, found, wanted[k], unit)
        last_row, last_col = row, col
    return len(cells)


@compiled
def _outline(
    begins: Small,
    shift: int,
    top: int,
    square: bool,
    row: int,
    col: int,
    width: int,
    inner: int,
    outer: int,
    first: int,
    last: int,
    halves: Small,
    edges: Small,
) -> None:
    """In each row of tiles, find the cells in tiles that touch the outer shape, and those in tiles within the inner one.

    Edges are where the tiles that touch begin, those within begin and end, and those that touch end.
    """
    size = 1 << shift
    half: Any
    for line in range(first, last):
        high = (line + top) * size
        near = max(0, high - row, row - (high + size - 1))
        far = max(row - high, high + size - 1 - row)
        curved = 0 if square else 1
        halves[0, line] = np.int32(math.sqrt(float(max(0, outer - curved * near * near))))
        half = np.int32(math.sqrt(float(max(0, inner - curved * far * far))))
        halves[1, line] = half if inner >= far * far else -1
    for line in range(first, last):
        half, tiles = np.int64(halves[0, line]), begins[line]
        edges[0, line] = tiles[max(0, col - half) >> shift]
        edges[3, line] = tiles[(min(width - 1, col + half) >> shift) + 1]
        half = np.int64(halves[1, line])
        start = (max(0, col - half) + size - 1) >> shift
        stop = (col + half + 1) >> shift if col + half + 1 < width else begins.shape[1] - 1
        if half < 0 or stop <= start:
            edges[1, line] = edges[2, line] = edges[3, line]
        else:
            edges[1, line], edges[2, line] = tiles[start], tiles[stop]


@compiled
def _looked_at(
    rows: Small,
    cols: Small,
    running: Whole,
    square: bool,
    row: int,
    col: int,
    inner: int,
    outer: int,
    first: int,
    last: int,
    edges: Small,
    inside: Whole,
    squares: Whole,
    people: Whole,
    places: Whole,
) -> tuple[Any, int, int]:
    """Look at every cell on the rim; return the people within the inner shape, and how many cells are in it and beyond."""
    within, size, fewer = 0, 0, np.int64(0)
    for line in range(first, last):
        fewer += span(running, 0, edges[1, line], edges[2, line])
        for side in range(2):
            for j in range(np.int64(edges[2 * side, line]), np.int64(edges[2 * side + 1, line])):
                down, right = rows[np.uint64(j)] - row, cols[np.uint64(j)] - col
                squared, here = down * down + right * right, span(running, 0, j, j + 1)
                if square:
                    squared = max(down * down, right * right)
                # Written first and counted then: no jump that nobody can foretell.
                inside[within], places[size] = j, j
                squares[size], people[size] = squared, here
                near = squared <= inner
                fewer += here if near else 0
                within += near
                size += (squared > inner) & (squared <= outer)
    return fewer, within, size


@compiled
def _reached(squares: Whole, people: Whole, size: int, low: int, high: int, enough: Any) -> int:
    """Smallest squared radius above `low`, up to `high`, within which there are enough people."""
    while high - low > 1:
        middle, total = (low + high) // 2, np.int64(0)
        for j in range(size):
            total += people[j] if squares[j] <= middle else 0
        if total >= enough:
            high = middle
        else:
            low = middle
    return high
