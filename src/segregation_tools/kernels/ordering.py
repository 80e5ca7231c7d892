"""Sums over units in the order of a share, without holding the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bucketed_area"]

CELLS = 8192  # as many write streams as the caches and page tables of common machines bear
SHORT = 24  # up to here, insertion sort is fastest
DEEP = 3


@compiled
def bucketed_area(
    p: NDArray[np.float64], t: NDArray[np.float64], below: float, mass: float, depth: int
) -> tuple[float, float, float]:
    """Add up Σ t_i (p_i·T_i − X_i), where T_i and X_i are Σ t and Σ t·p over the units of smaller share.

    Units are distributed into cells of equal width, cells that are still large into cells of their own, and so on:
    after one pass over memory everything happens in cache. Equal shares add nothing, in whatever order they come.

    Parameters
    ----------
    p, t : ndarray of shape (units,)
        Share and weight of each unit; not changed.
    below, mass : float
        Σ t and Σ t·p over units that come before all of these.
    depth : int
        How often cells were split already; shares that span so many decades that splitting does not help are sorted.

    Returns
    -------
    area, below, mass : float
        The sum, and `below` and `mass` with these units added.
    """
    n = p.size
    lowest, highest = p[0], p[0]
    for i in range(1, n):
        lowest = min(lowest, p[i])
        highest = max(highest, p[i])
    if lowest == highest:
        weight = 0.0
        for i in range(n):
            weight += t[i]
        return weight * (lowest * below - mass), below + weight, mass + weight * lowest

    cells = min(CELLS, max(2, n // 2))
    scale = (cells - 0.5) / (highest - lowest)
    q, u = np.empty(n), np.empty(n)
    starts = np.zeros(cells + 1, dtype=np.int64)
    if n <= SHORT or depth > DEEP or not np.isfinite(scale):
        order = np.argsort(p)
        for i in range(n):
            q[i], u[i] = p[order[i]], t[order[i]]
        starts[:] = n
        starts[0] = 0
    else:
        for i in range(n):
            starts[int((p[i] - lowest) * scale) + 1] += 1
        for c in range(cells):
            starts[c + 1] += starts[c]
        for i in range(n):
            c = int((p[i] - lowest) * scale)
            q[starts[c]], u[starts[c]] = p[i], t[i]
            starts[c] += 1
        for c in range(cells, 0, -1):
            starts[c] = starts[c - 1]
        starts[0] = 0

    area = 0.0
    for c in range(cells):
        first, last = starts[c], starts[c + 1]
        if last - first > SHORT and last - first < n:
            part, below, mass = bucketed_area(q[first:last], u[first:last], below, mass, depth + 1)
            area += part
            continue
        for i in range(first + 1, last):
            share, weight, j = q[i], u[i], i
            while j > first and q[j - 1] > share:
                q[j], u[j] = q[j - 1], u[j - 1]
                j -= 1
            q[j], u[j] = share, weight
        for i in range(first, last):
            area += u[i] * (q[i] * below - mass)
            below += u[i]
            mass += u[i] * q[i]
    return area, below, mass
