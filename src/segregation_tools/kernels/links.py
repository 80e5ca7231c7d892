"""Sums over the weights of each unit's neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["sums_and_sizes", "sums_of_links"]


@compiled
def sums_of_links(begins: NDArray[Any], ends: NDArray[Any], weights: Floats) -> Floats:
    """Add up the weights of each unit, and find the least, the largest and its own.

    Parameters
    ----------
    begins : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    ends : ndarray of int, shape (links,)
        Who they are.
    weights : ndarray of shape (links,)
        How much each counts.

    Returns
    -------
    ndarray of shape (5, units)
        Σ w, Σ w², the smallest and the largest w, 0, 0, 1 and 1 of units without neighbours; and w of the unit itself.
    """
    sums = np.zeros((5, begins.size - 1))
    for i in range(begins.size - 1):
        least, most = (np.inf, 0.0) if begins[i] < begins[i + 1] else (1.0, 1.0)
        for at in range(begins[i], begins[i + 1]):
            w = weights[at]
            sums[0, i] += w
            sums[1, i] += w * w
            least, most = min(least, w), max(most, w)
            if ends[at] == i:
                sums[4, i] += w
        sums[2, i], sums[3, i] = least, most
    return sums


@compiled
def sums_and_sizes(begins: NDArray[Any], ends: NDArray[Any], weights: Floats, u: Floats) -> Floats:
    """Add up values over the neighbours of each unit, and what they are without their signs, in one pass.

    Parameters
    ----------
    begins : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    ends : ndarray of int, shape (links,)
        Who they are.
    weights : ndarray of shape (links,)
        How much each counts.
    u : ndarray of shape (units,)
        What neighbours say.

    Returns
    -------
    ndarray of shape (2, units)
        Σ w u and Σ w |u|.
    """
    sums = np.empty((2, begins.size - 1))
    for i in range(begins.size - 1):
        total, size = 0.0, 0.0
        for at in range(begins[i], begins[i + 1]):
            part = weights[at] * u[ends[at]]
            total += part
            size += abs(part)
        sums[0, i], sums[1, i] = total, size
    return sums
