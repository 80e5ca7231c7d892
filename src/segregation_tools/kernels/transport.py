"""The cheapest way to carry what one set of places has too much of to another that has too little.

Network simplex: ways in use form a tree, which gives every place a price; a way that costs less than the difference of its
prices comes in, another goes out. Costs are straight distances, worked out when they are looked at, so that nothing is held
for pairs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["cheapest_flow"]

TIGHT = 1e-11  # a detour shorter than this part of the longest way is none
LOOKED_AT = 4  # sources, the cheapest way from which comes in: more take longer to look at, fewer more exchanges
NONE = -1


def cheapest_flow(starts: Floats, supply: Floats, ends: Floats, demand: Floats) -> tuple[Places, Places, Floats]:
    """Solve the transportation problem with straight distances as costs: min Σ f_ij d_ij, Σ_j f_ij = s_i, Σ_i f_ij = d_j.

    Parameters
    ----------
    starts : ndarray of shape (starts, 2)
        Coordinates.
    supply : ndarray of shape (starts,)
        What has to leave, above 0.
    ends : ndarray of shape (ends, 2)
        Coordinates.
    demand : ndarray of shape (ends,)
        What has to arrive, above 0; as much in all, but for rounding.

    Returns
    -------
    start, end : ndarray of int, shape (flows,)
        Positions in `starts` and `ends`; fewer than both together.
    flow : ndarray of shape (flows,)
        Above 0.
    """
    low = np.minimum(starts.min(axis=0), ends.min(axis=0))
    extent = np.maximum(starts.max(axis=0), ends.max(axis=0)) - low
    scale = max(math.hypot(*extent), np.finfo(np.float64).tiny)
    places = np.ascontiguousarray((np.concatenate([starts, ends]) - low) / scale)
    mass = np.concatenate([supply / supply.sum(), -demand / demand.sum()])
    parent, flow = _simplex(places, mass, len(starts))
    node = np.flatnonzero((parent < len(places)) & (flow > TIGHT * np.abs(mass).min()))
    leaves = node < len(starts)
    start = np.where(leaves, node, parent[node])
    end = np.where(leaves, parent[node], node) - len(starts)
    return start, end, flow[node] * supply.sum()


@compiled
def _simplex(places: Floats, mass: Floats, sources: int) -> tuple[Places, Floats]:
    """Parent of each place in the best tree, and the flow between the two; all hang together at a root beside the map.

    Only ways from a source to a sink carry anything, so that a flow goes up from a source and down to a sink. From and to
    the root a way costs more than any on the map: in the end it is empty.
    """
    n = len(places)
    root = n
    parent, depth = np.full(n + 1, root), np.ones(n + 1, dtype=np.int64)
    flow, price = np.empty(n + 1), np.empty(n + 1)
    child, after, before = np.full(n + 1, NONE), np.full(n + 1, NONE), np.full(n + 1, NONE)
    parent[root], depth[root], price[root] = NONE, 0, 0.0
    up = np.empty(n + 1, dtype=np.bool_)
    for x in range(n):
        up[x] = x < sources
        flow[x] = abs(mass[x])
        price[x] = -2.0 if up[x] else 2.0
        _hang(x, root, parent, child, after, before)
    stack = np.empty(n + 1, dtype=np.int64)
    saving = np.empty(n - sources)
    at, clean = 0, 0
    while clean < sources:
        best, start, end = -TIGHT, NONE, NONE
        for _ in range(LOOKED_AT):
            lowest = _reduced_costs(places, price, at, sources, saving)
            clean += 1
            if lowest < best:
                best, start, end = lowest, at, sources
                while saving[end - sources] > lowest:
                    end += 1
            at = at + 1 if at + 1 < sources else 0
        if start != NONE:
            clean = 0
            _pivot(start, end, best, parent, depth, flow, price, up, child, after, before, stack)
    return parent[:n], flow[:n]


@added_in_any_order
def _reduced_costs(places: Floats, price: Floats, at: int, sources: int, costs: Floats) -> float:
    """Work out what a way from a source to each sink costs beyond the difference of their prices, and the least of it."""
    x, y, here = places[at, 0], places[at, 1], price[at]
    for j in range(len(costs)):
        way = math.sqrt((places[sources + j, 0] - x) ** 2 + (places[sources + j, 1] - y) ** 2)
        costs[j] = way + here - price[sources + j]
    lowest = float(costs[0])
    for j in range(len(costs)):
        lowest = min(lowest, costs[j])
    return lowest


@compiled
def _pivot(
    start: int,
    end: int,
    cost: float,
    parent: Places,
    depth: Places,
    flow: Floats,
    price: Floats,
    up: NDArray[np.bool_],
    child: Places,
    after: Places,
    before: Places,
    stack: Places,
) -> None:
    """Let the way from start to end come in, and the first to run empty around the circle that it closes go out."""
    a, b = start, end
    while a != b:  # up to where the two branches meet
        if depth[a] >= depth[b]:
            a = parent[a]
        else:
            b = parent[b]
    meet = a
    # Of several that run empty, the last on the way round goes out: the tree never comes back to itself.
    most, leaving, above_start = np.inf, NONE, True
    a = start
    while a != meet:
        if up[a] and flow[a] < most:
            most, leaving = flow[a], a
        a = parent[a]
    b = end
    while b != meet:
        if not up[b] and flow[b] <= most:
            most, leaving, above_start = flow[b], b, False
        b = parent[b]
    a = start
    while a != meet:
        flow[a] += -most if up[a] else most
        a = parent[a]
    b = end
    while b != meet:
        flow[b] += most if up[b] else -most
        b = parent[b]

    # The branch that is cut off is hung up again by its end of the new way.
    top, x = (end, start) if above_start else (start, end)
    carried, upward = most, above_start
    while True:
        old, old_flow, old_up = parent[x], flow[x], up[x]
        _take_off(x, parent, child, after, before)
        _hang(x, top, parent, child, after, before)
        flow[x], up[x] = carried, upward
        if x == leaving:
            break
        top, x, carried, upward = x, old, old_flow, not old_up
    shift = -cost if above_start else cost
    size = 1
    stack[0] = start if above_start else end
    while size:
        size -= 1
        x = stack[size]
        price[x] += shift
        depth[x] = depth[parent[x]] + 1
        x = child[x]
        while x != NONE:
            stack[size] = x
            size += 1
            x = after[x]


@compiled
def _hang(x: int, top: int, parent: Places, child: Places, after: Places, before: Places) -> None:
    parent[x], before[x], after[x] = top, NONE, child[top]
    if child[top] != NONE:
        before[child[top]] = x
    child[top] = x


@compiled
def _take_off(x: int, parent: Places, child: Places, after: Places, before: Places) -> None:
    if before[x] == NONE:
        child[parent[x]] = after[x]
    else:
        after[before[x]] = after[x]
    if after[x] != NONE:
        before[after[x]] = before[x]
