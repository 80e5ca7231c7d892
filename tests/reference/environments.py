"""Slow plain twins of the environments: every distance between any two units, in a matrix."""

from itertools import pairwise

import numpy as np

K = {
    "uniform": lambda u: float(u <= 1 + 1e-9),
    "triangular": lambda u: max(0.0, 1 - u),
    "epanechnikov": lambda u: max(0.0, 1 - u * u),
    "biweight": lambda u: max(0.0, 1 - u * u) ** 2,
    "gaussian": lambda u: np.exp(-u * u / 2) * (u <= 4 + 1e-9),
    "exponential": lambda u: np.exp(-u) * (u <= 8 + 1e-9),
}


def distances(points):
    return np.array([[np.hypot(*(p - q)) for q in points] for p in points])


def within(points, counts, metres, kernel):
    if metres == 0:
        return counts @ (distances(points) == 0)
    weights = np.array([[K[kernel](d / metres) for d in row] for row in distances(points)])
    return counts @ weights.T


def nearest(points, counts, wanted, people, *, partly):
    """Walk outward from each unit, ring by ring."""
    met = np.zeros(counts.shape)
    for i, row in enumerate(distances(points)):
        reached = 0.0
        for ring in rings(row):
            here = people[ring].sum()
            part = min(1.0, (wanted - reached) / here) if partly and here else 1.0
            met[:, i] += part * counts[:, ring].sum(axis=1)
            reached += here
            if reached >= wanted * (1 - 1e-12):
                break
    return met


def rings(row):
    """Units by distance; those that are equally far but for rounding together."""
    order = np.argsort(row)
    ring = [order[0]]
    for before, here in pairwise(order):
        if row[here] > row[before] * (1 + 1e-9) + 1e-9:
            yield np.array(ring)
            ring = []
        ring.append(here)
    yield np.array(ring)


def nearest_cells(counts, wanted, *, square, partly):
    """Walk outward from each cell of a grid: rings of cells equally far, or squares of cells."""
    rows, cols = np.indices(counts.shape[1:])
    met = np.zeros(counts.shape)
    for row, col in np.ndindex(*counts.shape[1:]):
        down, across = np.abs(rows - row), np.abs(cols - col)
        apart = np.maximum(down, across) if square else down**2 + across**2
        here = np.array([np.bincount(apart.ravel(), group.ravel()) for group in counts])
        reached = np.cumsum(here.sum(axis=0))
        last = min(np.searchsorted(reached, wanted * (1 - 1e-12)), len(reached) - 1)
        in_ring = here[:, last].sum()
        part = min(1.0, (wanted - reached[last] + in_ring) / in_ring) if partly and in_ring else 1.0
        met[:, row, col] = here[:, :last].sum(axis=1) + part * here[:, last]
    return met


def one_per_place(points):
    """What each unit counts where all that lie at one place count as one."""
    return 1 / (distances(points) == 0).sum(axis=1)


def touching(rows, cols, rule):
    """Cells of a grid, row by row, that share a side (rook) or at least a corner (queen)."""
    cells = [(r, c) for r in range(rows) for c in range(cols)]

    def apart(a, b):
        down, across = abs(a[0] - b[0]), abs(a[1] - b[1])
        return down + across if rule == "rook" else max(down, across)

    return np.array([[apart(a, b) for b in cells] for a in cells])


def square(counts, half):
    """Everyone within so many rows and columns of each cell, cell by cell."""
    met = np.zeros(counts.shape)
    for i in range(counts.shape[1]):
        for j in range(counts.shape[2]):
            window = counts[:, max(0, i - half) : i + half + 1, max(0, j - half) : j + half + 1]
            met[:, i, j] = window.sum(axis=(1, 2), dtype=float)
    return met
