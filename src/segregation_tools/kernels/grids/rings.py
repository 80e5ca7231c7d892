"""The nearest people on a grid on which many cells are inhabited: rings around a cell, until so many people are reached.

Counts have become whole numbers of a very small unit: sums of those are exact in whatever order, may be taken as
differences, and never fall below nothing. Around the grid lies a margin where nobody lives, as wide as is looked.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segregation_tools.kernels.compile import compiled, inlined

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Rings", "around_each", "lay_out", "rings_within", "span", "take_part", "whole_units"]

# A disc is looked up anew where walking to it ring by ring, from what is known, takes more than so many steps.
FAR, FAR_BY_RADIUS = 8, 1.5
STRIDE = 100  # steps after which it is asked again how far to go


class Rings(NamedTuple):
    """Steps from a cell by their length; of the four that are quarter turns of each other, one.

    Attributes
    ----------
    begins : ndarray of int, shape (farthest + 2,)
        Where the steps of each squared length begin, and the end.
    squares : ndarray of int, shape (steps,)
        Squared length of each step.
    down, right : ndarray of int, shape (steps,)
        Each step in rows and columns.
    """

    begins: Whole
    squares: Whole
    down: Whole
    right: Whole


@lru_cache(maxsize=8)  # of the largest radius there is, each takes some megabytes
def rings_within(radius: int) -> Rings:
    """List the rings within a radius, from the first that is not the cell itself.

    Parameters
    ----------
    radius : int
        In cells.

    Returns
    -------
    Rings
    """
    down, right = (steps.ravel() for steps in np.mgrid[1 : radius + 1, 0 : radius + 1].astype(np.int64))
    squares = down * down + right * right
    order = np.argsort(squares, kind="stable")
    order = order[: np.searchsorted(squares[order], radius * radius, side="right")]
    begins = np.searchsorted(squares[order], np.arange(radius * radius + 2)).astype(np.int64)
    return Rings(begins, squares[order], down[order], right[order])


@inlined
def whole_units(count: Any, scale: float) -> Any:
    """Nearest whole number of units; where there is anybody at all, one at least."""
    return np.int64(max(np.rint(count * scale), np.float64(count > 0)))


@compiled
def lay_out(counts: NDArray[Any], first: int, reach: int, unit: float, people: Whole, running: Whole) -> None:
    """Lay some rows of a grid out in whole units, with a margin.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.
    first : int
        Row of the grid below the margin; there may be rows above it.
    reach : int
        Width of the margin.
    unit : float
        In people, a power of two.
    people : ndarray of int, shape (rows laid out, cols + 2 reach + 1)
        Filled: who lives in each cell.
    running : ndarray of int, shape (groups, rows laid out, cols + 2 reach + 1)
        Filled: who lives in the cells before it in its row, first of all groups, then of each group but the last.
    """
    groups, rows, cols = counts.shape
    scale = 1 / unit
    people[:] = 0
    running[:] = 0
    for y in range(people.shape[0]):
        row = first - reach + y
        if not 0 <= row < rows:
            continue
        here = people[y, reach:]
        for g in range(groups):
            for x in range(cols):
                here[x] += whole_units(counts[g, row, x], scale)
        for a in range(groups):
            total, line = np.int64(0), running[a, y, reach:]
            for x in range(cols):
                total += whole_units(counts[a - 1, row, x], scale) if a else here[x]
                line[x + 1] = total
            line[cols + 1 :] = total


@compiled
def around_each(
    people: Whole,
    running: Whole,
    width: int,
    reach: int,
    begins: Whole,
    squares: Whole,
    ahead: Whole,
    aside: Whole,
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
    """Find whom the residents of each cell of a strip meet; tell how many cells have to look farther than is laid out.

    Parameters
    ----------
    people, running : ndarray of int, shape (cells,) and (groups, cells)
        What `lay_out` filled, row by row.
    width, reach : int
        Cells in a row, and in the margin.
    begins, squares : ndarray of int
        The rings, as far as the margin.
    ahead, aside : ndarray of int, shape (steps,)
        How many cells each step goes, and how many the same step turned by a quarter.
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
        First of the rows that were laid out, behind the margin, that belongs to the strip.
    begin, end : int
        Columns whose cells are asked for.
    before : ndarray of int, shape (several, cols + 1)
        Squared radius found last in each column, from the second on; changed.
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
    farthest, steps = len(begins) - 2, len(squares)
    halves = np.empty(reach + 1, dtype=np.int32)
    corner = np.zeros(len(enough), dtype=np.int64)
    ring = np.zeros(groups, dtype=np.int64)
    left = 0
    for row in range(rows):
        latest = -2
        for col in range(begin, end):
            here = (reach + start + row) * width + reach + col
            found, at = people[here], 0
            if inhabited and found == 0:
                continue
            for k in range(len(enough)):
                if found < enough[k]:
                    # Radii change as evenly as people's density: what is left, above and above left of here foretells.
                    aim = before[k, col + 1]
                    if latest == col - 1:
                        aim += before[k, col] - corner[k]
                    aim = max(0, min(aim, farthest))
                    while True:
                        goal = begins[aim + 1]
                        if abs(goal - at) > FAR + FAR_BY_RADIUS * math.sqrt(aim):
                            radius = _halves(aim, halves)
                            found, at = _disc(running, 0, here, width, radius, halves), goal
                        while found >= enough[k] and at > 0:
                            at -= 1
                            found -= _turned(people, here, ahead[at], aside[at])
                        stop = min(steps, at + STRIDE)
                        while at < stop and found < enough[k]:
                            found += _turned(people, here, ahead[at], aside[at])
                            at += 1
                        if found >= enough[k] or at == steps:
                            break
                        aim = min(farthest, int(squares[at] * min(4.0, enough[k] / max(found, 1))))
                    while 0 < at < steps and squares[at] == squares[at - 1]:
                        found += _turned(people, here, ahead[at], aside[at])
                        at += 1
                if found < enough[k]:
                    missed[left] = row * cols + col
                    left += 1
                    break
                squared = squares[at - 1] if at else 0
                corner[k], before[k, col + 1] = before[k, col + 1], squared
                radius = _halves(squared, halves)
                rest = found
                for g in range(1, groups):
                    members = _disc(running, g, here, width, radius, halves)
                    met[k, g - 1, row, col] = members * unit
                    rest -= members
                met[k, groups - 1, row, col] = rest * unit
                if partly:
                    ring[:] = 0
                    if at == 0:
                        for a in range(groups):
                            ring[a] = span(running, a, here, here + 1)
                    for step in range(begins[squared] if at else 0, at):
                        for a in range(groups):
                            ring[a] += _turned_span(running, a, here, ahead[step], aside[step])
                    take_part(met[k, :, row, col], ring, found, wanted[k], unit)
            latest = col
    return left


@compiled
def take_part(met: Floats, ring: Whole, found: int, wanted: float, unit: float) -> None:
    """Give back, of the last ring, what is more than wanted.

    Parameters
    ----------
    met : ndarray of shape (groups,)
        Whom they meet with the ring whole; changed.
    ring : ndarray of int, shape (groups,)
        Who lives in the ring, first of all groups, then of each group but the last.
    found, wanted : int, float
        How many people are met with the ring whole, and how many are wanted, in units.
    unit : float
        In people.
    """
    over = max(0.0, (found - wanted) / ring[0])
    rest = ring[0]
    for g in range(1, len(ring)):
        met[g - 1] -= over * ring[g] * unit
        rest -= ring[g]
    met[len(ring) - 1] -= over * rest * unit


@inlined
def span(running: Whole, a: int, start: Any, stop: Any) -> Any:
    """How many live in cells that follow each other, from running totals."""
    return running[a, np.uint64(stop)] - running[a, np.uint64(start)]


@inlined
def _turned(people: Whole, here: int, ahead: Any, aside: Any) -> Any:
    """How many live a step away in each of four directions."""
    return (people[np.uint64(here + ahead)] + people[np.uint64(here - ahead)]) + (
        people[np.uint64(here + aside)] + people[np.uint64(here - aside)]
    )


@inlined
def _turned_span(running: Whole, a: int, here: int, ahead: Any, aside: Any) -> Any:
    return (
        span(running, a, here + ahead, here + ahead + 1)
        + span(running, a, here - ahead, here - ahead + 1)
        + span(running, a, here + aside, here + aside + 1)
        + span(running, a, here - aside, here - aside + 1)
    )


@compiled
def _halves(squared: int, halves: NDArray[np.int32]) -> int:
    """How far a disc reaches to either side, in each row from its middle; float32 is exact up to a radius of 2048."""
    radius = int(math.sqrt(squared))
    whole = np.int32(squared)
    for off in range(np.int32(radius + 1)):
        halves[off] = np.int32(math.sqrt(np.float32(whole - off * off)))
    return radius


@inlined
def _disc(running: Whole, a: int, here: int, width: int, radius: int, halves: NDArray[np.int32]) -> Any:
    """How many live in a disc: two look-ups a row."""
    half = np.int64(halves[0])
    total = span(running, a, here - half, here + half + 1)
    up, down = here, here
    for off in range(1, radius + 1):
        half = np.int64(halves[off])
        up -= width
        down += width
        total += span(running, a, up - half, up + half + 1) + span(running, a, down - half, down + half + 1)
    return total
