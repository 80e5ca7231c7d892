"""Sums over the weights of each unit's neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["sums_of_links"]


@compiled
def sums_of_links(begins: NDArray[Any], weights: Floats) -> Floats:
    """Add up the weights of each unit, and find the least and the largest.

    Parameters
    ----------
    begins : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    weights : ndarray of shape (links,)
        How much each counts.

    Returns
    -------
    ndarray of shape (4, units)
        Σ w, Σ w², the smallest and the largest w; 0, 0, 1 and 1 of units without neighbours.
    """
    sums = np.zeros((4, begins.size - 1))
    for i in range(begins.size - 1):
        least, most = (np.inf, 0.0) if begins[i] < begins[i + 1] else (1.0, 1.0)
        for at in range(begins[i], begins[i + 1]):
            w = weights[at]
            sums[0, i] += w
            sums[1, i] += w * w
            least, most = min(least, w), max(most, w)
        sums[2, i], sums[3, i] = least, most
    return sums
