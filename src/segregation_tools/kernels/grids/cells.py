"""Sums over neighbouring cells of a grid, whose links are never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["links_of_cells", "moment_sums"]

ROWS = 256  # worked on together


def moment_sums(values: NDArray[Any], mean: float, *, corners: bool, holes: bool) -> Floats:
    """Add up what Moran's I and its variance are made of, with z the values less their mean.

    Parameters
    ----------
    values : ndarray of numbers, shape (rows, cols)
        NaN where there is no cell.
    mean : float
        Of the values.
    corners : bool
        Whether cells that meet in a corner are neighbours.
    holes : bool
        Whether there are NaN.

    Returns
    -------
    ndarray of shape (3,)
        Σ z², Σ z⁴ and the sum of z_i z_j over all pairs of neighbours, each once.
    """
    firsts = range(0, len(values), ROWS)
    sums = np.zeros((len(firsts), 3))

    def work(first: int, last: int) -> None:
        _moment_sums(values, mean, corners, holes, first, last, sums[first // ROWS])

    in_chunks(work, len(values), ROWS)
    total: Floats = sums.sum(axis=0)
    return total


@compiled
def _moment_sums(
    values: NDArray[Any], mean: float, corners: bool, holes: bool, first: int, last: int, sums: Floats
) -> None:
    rows, cols = values.shape
    here, below = np.empty(cols), np.empty(cols)
    _deviations(values[first], mean, holes, here)
    for i in range(first, last):
        a, b, c = _along(here)
        sums[0] += a
        sums[1] += b
        sums[2] += c
        if i + 1 < rows:
            _deviations(values[i + 1], mean, holes, below)
            sums[2] += _across(here, below, corners)
            here, below = below, here


@compiled
def _deviations(row: NDArray[Any], mean: float, holes: bool, z: Floats) -> None:
    if holes:
        for j in range(z.size):
            off = np.float64(row[j]) - mean
            z[j] = off if off == off else 0.0  # NaN is no cell, and adds nothing
    else:
        for j in range(z.size):
            z[j] = np.float64(row[j]) - mean


@added_in_any_order
def _along(z: Floats) -> tuple[float, float, float]:
    squares, fourths, pairs = 0.0, 0.0, 0.0
    after = z[1:]
    for j in range(after.size):
        s = z[j] * z[j]
        squares += s
        fourths += s * s
        pairs += z[j] * after[j]
    s = z[-1] * z[-1]
    return squares + s, fourths + s * s, pairs


@added_in_any_order
def _across(above: Floats, below: Floats, corners: bool) -> float:
    pairs = float(above[0] * below[0])
    after, next_below = above[1:], below[1:]
    if corners:
        for j in range(after.size):
            pairs += after[j] * (next_below[j] + below[j]) + above[j] * next_below[j]
    else:
        for j in range(after.size):
            pairs += after[j] * next_below[j]
    return pairs


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
