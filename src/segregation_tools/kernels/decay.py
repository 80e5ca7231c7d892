"""How much those met at a distance count: the distance kernels, 1 at distance 0 and nothing beyond their reach."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KERNELS", "REACH", "decay", "weights_at"]

KERNELS = ("uniform", "triangular", "epanechnikov", "biweight", "gaussian", "exponential")

# How far each reaches, in its scale: e⁻⁸ is 0.0003, and a Gaussian is as small at 4 standard deviations.
REACH = {"gaussian": 4.0, "exponential": 8.0}


@compiled
def decay(kernel: int, squared: float) -> float:
    """Weight at a distance within the reach.

    Parameters
    ----------
    kernel : int
        Position in `KERNELS`.
    squared : float
        Square of the distance over the scale.

    Returns
    -------
    float
        From 0 to 1.
    """
    if kernel == 0:
        return 1.0
    if kernel == 1:
        return max(0.0, 1 - math.sqrt(squared))
    if kernel == 2:
        return max(0.0, 1 - squared)
    if kernel == 3:
        return max(0.0, 1 - squared) ** 2
    if kernel == 4:
        return math.exp(-squared / 2)
    return math.exp(-math.sqrt(squared))


def weights_at(distances: NDArray[np.float64], scale: float, kernel: str) -> NDArray[np.float64]:
    """Weights at distances within the reach.

    Parameters
    ----------
    distances : ndarray
        0 or more.
    scale : float
        Of the kernel.
    kernel : str
        One of `KERNELS`.

    Returns
    -------
    ndarray of the shape of `distances`, from 0 to 1
    """
    weights = np.ones(distances.shape)
    if scale > 0:
        _weights_at(np.ascontiguousarray(distances).ravel(), scale, KERNELS.index(kernel), weights.ravel())
    return weights


@compiled
def _weights_at(distances: NDArray[np.float64], scale: float, kernel: int, weights: NDArray[np.float64]) -> None:
    for i in range(len(distances)):
        weights[i] = decay(kernel, (distances[i] / scale) ** 2)
