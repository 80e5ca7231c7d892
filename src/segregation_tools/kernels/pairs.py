"""Sums over all pairs of many points, with a proximity that falls exponentially with distance; no matrix is held."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["pair_sums", "potentials"]

CHUNK = 256


def pair_sums(points: Floats, rows: Floats, decay: float) -> Floats:
    """Add up Σ_i Σ_{j≠i} u_i v_j exp(−d_ij/decay) for every two of some quantities.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    rows : ndarray of shape (quantities, points)
        What lies at each point.
    decay : float
        Distance over which proximity falls to 1/e.

    Returns
    -------
    ndarray of shape (quantities, quantities)
        Symmetric.
    """
    x, y = np.ascontiguousarray((points - points.mean(axis=0)).T / decay)
    columns = np.ascontiguousarray(rows.T, dtype=np.float64)
    n = len(x)
    parts = np.zeros((-(-n // CHUNK), len(rows), len(rows)))
    in_chunks(lambda first, last: _pair_sums(x, y, columns, first, last, parts[first // CHUNK]), n, CHUNK)
    once: Floats = parts.sum(axis=0)
    return once + once.T


@compiled
def _pair_sums(x: Floats, y: Floats, rows: Floats, first: int, last: int, sums: Floats) -> None:
    n, quantities = rows.shape
    near = np.empty(quantities)
    for i in range(first, last):
        near[:] = 0
        for j in range(i + 1, n):
            proximity = math.exp(-math.sqrt((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2))
            for q in range(quantities):
                near[q] += proximity * rows[j, q]
        for p in range(quantities):
            for q in range(quantities):
                sums[p, q] += rows[i, p] * near[q]


def potentials(points: Floats, rows: Floats, decay: float) -> Floats:
    """Add up Σ_{j≠i} v_j exp(−d_ij/decay) for every point.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    rows : ndarray of shape (quantities, points)
        What lies at each point.
    decay : float
        Distance over which proximity falls to 1/e.

    Returns
    -------
    ndarray of the shape of `rows`
    """
    x, y = np.ascontiguousarray((points - points.mean(axis=0)).T / decay)
    columns = np.ascontiguousarray(rows.T, dtype=np.float64)
    near = np.zeros_like(columns)
    in_chunks(lambda first, last: _potentials(x, y, columns, first, last, near), len(x), CHUNK)
    return np.ascontiguousarray(near.T)


@compiled
def _potentials(x: Floats, y: Floats, rows: Floats, first: int, last: int, near: Floats) -> None:
    n, quantities = rows.shape
    for i in range(first, last):
        for j in range(n):
            if j != i:
                proximity = math.exp(-math.sqrt((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2))
                for q in range(quantities):
                    near[i, q] += proximity * rows[j, q]
