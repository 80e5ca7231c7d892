"""The area that Lorenz measures need, by sorting or by buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["area_between"]

MANY = 500_000  # from here on a compiled bucket sort repays being loaded; below, the first call stays instant


def area_between(p: NDArray[np.float64], t: NDArray[np.float64]) -> float:
    """Half the mean absolute difference of shares, ½ Σ_i Σ_j t_i t_j |p_i − p_j| / T².

    Parameters
    ----------
    p, t : ndarray of shape (units,)
        Share of a group and number of residents of each unit; not changed.

    Returns
    -------
    float
        From 0 to ¼.

    Examples
    --------
    >>> float(area_between(np.array([0.0, 1.0]), np.array([10.0, 10.0])))
    0.25
    """
    if len(p) >= MANY:
        from segregation_tools.kernels.ordering import bucketed_area

        area, people, _ = bucketed_area(p, t, 0.0, 0.0, 0)
        return area / people**2
    order = np.argsort(p)  # equal shares may come in any order: they add nothing to each other
    p, t = p[order], t[order]
    below, mass = np.cumsum(t), np.cumsum(t * p)
    return float(t @ (p * below - mass)) / float(below[-1]) ** 2
