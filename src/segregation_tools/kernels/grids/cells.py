"""Sums over neighbouring cells of a grid, whose links are never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, added_with_gaps, compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["cells_alone", "links_of_cells", "moment_sums", "squares_of_cells", "total_of"]

ROWS = 256  # worked on together


def total_of(values: NDArray[Any], pivot: float, *, holes: bool = False) -> float:
    """Add up all values less one of them.

    Parameters
    ----------
    values : ndarray of numbers, shape (rows, cols)
        One a cell.
    pivot : float
        What is taken from each: where all are the same, nothing is left.
    holes : bool
        Whether NaN is no cell; else the total is NaN where one is.

    Returns
    -------
    float
    """
    totals = np.zeros(len(range(0, len(values), ROWS)))

    def work(first: int, last: int) -> None:
        totals[first // ROWS] = _total(values[first:last], pivot, holes)

    in_chunks(work, len(values), ROWS)
    return float(totals.sum())


def moment_sums(values: NDArray[Any], cells: int, pivot: float, total: float, *, corners: bool) -> tuple[float, Floats]:
    """Add up what Moran's I and its variance are made of, with z the values less their mean.

    Parameters
    ----------
    values : ndarray of numbers, shape (rows, cols)
        NaN where there is no cell.
    cells : int
        How many there are.
    pivot : float
        One of the values.
    total : float
        Of the values less the pivot.
    corners : bool
        Whether cells that meet in a corner are neighbours.

    Returns
    -------
    mean : float
    sums : ndarray of shape (6,)
        Σ z², Σ z⁴ and the sum of z_i z_j over all pairs of neighbours, each once; where there are holes, the sums of the
        numbers of neighbours and of their squares, and how many cells have any, else 0.
    """
    holes = cells < values.size
    mean = pivot + total / cells
    sums = np.zeros((len(range(0, len(values), ROWS)), 6))

    def work(first: int, last: int) -> None:
        _moment_sums(values, mean, corners, holes, first, last, sums[first // ROWS])

    in_chunks(work, len(values), ROWS)
    return mean, sums.sum(axis=0)


@compiled
def _total(values: NDArray[Any], pivot: float, holes: bool) -> float:
    cols, total = values.shape[1], 0.0
    z, there = np.empty(cols), np.empty(cols + 2)
    for i in range(len(values)):
        if holes:
            _deviations(values[i], pivot, holes, z, there)
            total += _sum(z, 0.0)
        else:
            total += _sum(values[i], pivot)
    return total


@compiled
def _moment_sums(
    values: NDArray[Any], mean: float, corners: bool, holes: bool, first: int, last: int, sums: Floats
) -> None:
    rows, cols = values.shape
    here, below = np.empty(cols), np.empty(cols)
    # Which cells there are, with nothing to the left and right.
    over, there, under = np.zeros(cols + 2), np.zeros(cols + 2), np.zeros(cols + 2)
    if holes and first > 0:
        _deviations(values[first - 1], mean, holes, below, over)
    _deviations(values[first], mean, holes, here, there)
    for i in range(first, last):
        if i + 1 < rows:
            _deviations(values[i + 1], mean, holes, below, under)
        else:
            below[:] = under[:] = 0
        a, b, c = _products(here, below, corners)
        sums[0] += a
        sums[1] += b
        sums[2] += c
        if holes:
            a, b, c = _degrees(over, there, under, corners)
            sums[3] += a
            sums[4] += b
            sums[5] += c
        here, below = below, here
        over, there, under = there, under, over


@compiled
def _deviations(row: NDArray[Any], mean: float, holes: bool, z: Floats, there: Floats) -> None:
    if holes:
        inside = there[1:-1]
        for j in range(z.size):
            off = np.float64(row[j]) - mean
            some = off == off  # NaN is no cell, and adds nothing
            z[j] = off if some else 0.0
            inside[j] = some
    else:
        for j in range(z.size):
            z[j] = np.float64(row[j]) - mean


@added_with_gaps
def _sum(row: NDArray[Any], pivot: float) -> float:
    total = 0.0
    for j in range(row.size):
        total += np.float64(row[j]) - pivot
    return total


@added_in_any_order
def _degrees(over: Floats, there: Floats, under: Floats, corners: bool) -> tuple[float, float, float]:
    links, squares, linked = 0.0, 0.0, 0.0
    for j in range(there.size - 2):
        many = there[j] + there[j + 2] + over[j + 1] + under[j + 1]
        if corners:
            many += over[j] + over[j + 2] + under[j] + under[j + 2]
        many *= there[j + 1]
        links += many
        squares += many * many
        linked += many > 0
    return links, squares, linked


@added_in_any_order
def _products(z: Floats, below: Floats, corners: bool) -> tuple[float, float, float]:
    """Σ z², Σ z⁴ of a row, and what its cells make with those behind them and below."""
    squares, fourths, pairs = 0.0, 0.0, 0.0
    after, next_below = z[1:], below[1:]
    for j in range(after.size):
        s = z[j] * z[j]
        squares += s
        fourths += s * s
        if corners:
            pairs += z[j] * (after[j] + below[j] + next_below[j]) + after[j] * below[j]
        else:
            pairs += z[j] * (after[j] + below[j])
    s = z[-1] * z[-1]
    return squares + s, fourths + s * s, pairs + z[-1] * below[-1]


def links_of_cells(x: Floats, *, corners: bool) -> Floats:
    """Add up the values of the neighbours of every cell.

    Parameters
    ----------
    x : ndarray of shape (rows, cols)
        0 where there is no cell.
    corners : bool
        Whether cells that meet in a corner are neighbours.

    Returns
    -------
    ndarray of shape (rows, cols)
    """
    sums = np.zeros_like(x)
    sums[:, 1:] += x[:, :-1]
    sums[:, :-1] += x[:, 1:]
    lines = sums + x if corners else x  # with corners, whole lines of three
    if corners:
        sums = sums.copy()
    sums[1:] += lines[:-1]
    sums[:-1] += lines[1:]
    return sums


def squares_of_cells(x: Floats, where: NDArray[np.bool_] | None, *, corners: bool) -> Floats:
    """Add up the squared differences between every cell and its neighbours.

    Parameters
    ----------
    x : ndarray of shape (rows, cols)
        Values.
    where : ndarray of bool, shape (rows, cols), or None
        Cells that there are; None for all.
    corners : bool
        Whether cells that meet in a corner are neighbours.

    Returns
    -------
    ndarray of shape (rows, cols)
    """
    sums = np.zeros_like(x)
    for one, other in _pairs(corners):
        apart = np.square(x[one] - x[other])
        if where is not None:
            apart *= where[one] & where[other]
        sums[one] += apart
        sums[other] += apart
    return sums


def cells_alone(where: NDArray[np.bool_], *, corners: bool) -> NDArray[np.bool_]:
    """Find cells without neighbours.

    Parameters
    ----------
    where : ndarray of bool, shape (rows, cols)
        Cells that there are.
    corners : bool
        Whether cells that meet in a corner are neighbours.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
    """
    near = np.zeros_like(where)
    for one, other in _pairs(corners):
        near[one] |= where[other]
        near[other] |= where[one]
    return where & ~near


def _pairs(corners: bool) -> list[Any]:
    """Where both cells of all pairs of neighbours are, each pair once."""
    pairs: list[Any] = [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])]
    return [*pairs, (np.s_[:-1, :-1], np.s_[1:, 1:]), (np.s_[:-1, 1:], np.s_[1:, :-1])] if corners else pairs
