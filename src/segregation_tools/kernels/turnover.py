"""Residents who move out, and choose one after the other among what is vacant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.pool import in_chunks
from segregation_tools.kernels.sample import binomial, chances_of, ln_factorials, stream, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    State = NDArray[np.uint64]

__all__ = ["Turnover"]

OF_A_UNIT = 0xD1B54A32D192ED03  # by which the streams of units differ
WORN = 1e-3  # of what a tree held when it was planted: below, what was taken out of it could blur what is left


class Turnover:
    """Years in which some residents move out, and into what is vacant then.

    Parameters
    ----------
    rates : ndarray of shape (groups, units)
        Chance of each resident to move out.
    capacity : ndarray of int, shape (units,)
        How many people each unit has room for: of all, no fewer than there are.
    """

    def __init__(self, rates: Floats, capacity: Whole) -> None:
        self.chances, self.factorials = chances_of(rates), ln_factorials()
        self.capacity = np.ascontiguousarray(capacity, dtype=np.int64)

    def year(self, counts: Whole, utility: Floats, leaving: State, choosing: State) -> Whole:
        """Let a year pass.

        Each unit's leavers come from a stream of its own, so that they are the same in populations that agree on it.

        Parameters
        ----------
        counts : ndarray of int, shape (draws, groups, units)
            Residents; no unit above its capacity.
        utility : ndarray of shape (draws, groups, units)
            Of a vacancy in each unit: it is chosen in proportion to its exponential.
        leaving, choosing : ndarray of uint64, shape (draws,)
            Seeds.

        Returns
        -------
        ndarray of int, shape (draws, groups, units)
        """
        found = np.array(counts, dtype=np.int64, order="C")

        def work(first: int, last: int) -> None:
            _years(found, utility, leaving, choosing, self.chances, self.factorials, self.capacity, first, last)

        in_chunks(work, len(found), 1)
        return found


@compiled
def _years(
    counts: Whole,
    utility: Floats,
    leaving: State,
    choosing: State,
    chances: Floats,
    factorials: Floats,
    capacity: Whole,
    first: int,
    last: int,
) -> None:
    groups, units = counts.shape[1:]
    movers, vacant = np.empty(groups, np.int64), np.empty(units, np.int64)
    for r in range(first, last):
        movers[:] = 0
        for u in range(units):
            state = stream(leaving[r] ^ (np.uint64(u + 1) * np.uint64(OF_A_UNIT)))
            vacant[u] = capacity[u]
            for g in range(groups):
                out = binomial(state, counts[r, g, u], chances, g, u, factorials)
                counts[r, g, u] -= out
                movers[g] += out
                vacant[u] -= counts[r, g, u]
        _choose(stream(choosing[r]), movers, vacant, utility[r], counts[r])


@compiled
def _choose(state: State, movers: Whole, vacant: Whole, utility: Floats, counts: Whole) -> None:
    """Let movers choose in an order drawn by chance; a tree of sums (Fenwick) for each group holds what is vacant."""
    groups, units = counts.shape
    weights, tree = np.empty((units, groups)), np.empty((units + 1, groups))
    left, worn = np.empty(groups), np.empty(groups)
    for g in range(groups):
        _plant(g, vacant, utility, weights, tree, left, worn)
    top = 1
    while 2 * top <= units:
        top *= 2
    for waiting in range(movers.sum(), 0, -1):
        at = int(uniform(state) * waiting)
        g = 0
        while at >= movers[g]:
            at -= movers[g]
            g += 1
        movers[g] -= 1
        u = units
        while u == units or vacant[u] == 0:  # again where rounding led to a unit that is full
            if u < units or left[g] < worn[g]:
                _plant(g, vacant, utility, weights, tree, left, worn)
            wanted = uniform(state) * left[g]
            u, step = 0, top
            while step > 0:
                if u + step <= units and tree[u + step, g] <= wanted:
                    u += step
                    wanted -= tree[u, g]
                step //= 2
            if u == units:
                _plant(g, vacant, utility, weights, tree, left, worn)
        counts[g, u] += 1
        vacant[u] -= 1
        for h in range(groups):
            left[h] -= weights[u, h]
        i = u + 1
        while i <= units:
            for h in range(groups):
                tree[i, h] -= weights[u, h]
            i += i & -i


@compiled
def _plant(g: int, vacant: Whole, utility: Floats, weights: Floats, tree: Floats, left: Floats, worn: Floats) -> None:
    """Build the tree of a group anew, its weights relative to the best unit that has a vacancy."""
    units = vacant.size
    best = -np.inf
    for u in range(units):
        if vacant[u] > 0:
            best = max(best, utility[g, u])
    left[g] = 0.0
    tree[:, g] = 0.0
    for u in range(units):
        weights[u, g] = math.exp(utility[g, u] - best) if vacant[u] > 0 else 0.0
        added = vacant[u] * weights[u, g]
        left[g] += added
        tree[u + 1, g] += added
        above = u + 1 + ((u + 1) & -(u + 1))
        if above <= units:
            tree[above, g] += tree[u + 1, g]
    worn[g] = WORN * left[g]
