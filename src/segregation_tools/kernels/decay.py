"""How much those met at a distance count: the distance kernels, 1 at distance 0 and nothing beyond their reach."""

from __future__ import annotations

import math

from segregation_tools.kernels.compile import compiled

__all__ = ["KERNELS", "REACH", "decay"]

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
