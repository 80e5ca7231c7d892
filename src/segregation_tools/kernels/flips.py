"""Plans drawn by chance: units flip between zones so that in the long run every plan comes as often as it should."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.moves import closed, holds, opened
from segregation_tools.kernels.sample import uniform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from segregation_tools.kernels.moves import Annealing, District, Graph

    Whole = NDArray[np.int32]

__all__ = ["flip"]


@compiled
def flip(
    at: Annealing,
    district: District,
    graph: Graph,
    loose: Whole,
    parted: NDArray[np.bool_],
    compactness: float,
    steps: int,
) -> None:
    """Try flips of one unit, and keep what comes out in `at`.

    A chain of Metropolis and Hastings: in the long run plans come in proportion to exp(−compactness × borders). With the
    chance that a unit is loose, one of these and any zone are drawn; otherwise a border between two zones, and one of its
    units for the zone of the other. From a plan with B borders a unit that touches a units of its own zone and b of the new
    one is drawn for that with the chance b / 2B, and from there back with a / 2B', where B' = B + a − b: it flips with the
    chance exp(−compactness (a − b)) × (a / B') / (b / B), or 1 if that is more.

    Parameters
    ----------
    at : Annealing
        Where it stands; changed. It keeps to what is allowed.
    district : District
        What is allowed: zones of infinite cost are not, and room is never exceeded. Neither cost nor counts are read.
    graph : Graph
        Which units touch.
    loose : ndarray of int
        Units that may go to any zone, touched or not: those that touch none, or all where zones may fall apart.
    parted : ndarray of bool, shape (zones,)
        Which zones have more than one piece. No flip changes of how many pieces a zone is: two that merged could not be
        parted by the same flip back, nor could a piece that is gone be founded.
    compactness : float
        How much rarer a plan is for each border, as a logarithm.
    steps : int
        How many flips are tried.
    """
    units, zones = len(at.zone), len(parted)
    at.sums[:, -1], at.moved[0] = 0, 0
    for unit in range(units):  # anew, so that rounding does not add up
        at.sums[at.zone[unit], -1] += district.sizes[unit]
        if district.home[unit] >= 0 and district.home[unit] != at.zone[unit]:
            at.moved[0] += district.sizes[unit]
    for _ in range(steps):
        drawn = uniform(at.state) * units - len(loose)
        along = drawn >= 0
        if along:
            if at.tally[0] == 0:
                continue
            side = int(drawn / (units - len(loose)) * 2 * at.tally[0])
            border = at.border[side >> 1]
            unit, new = graph.ends[border, side & 1], at.zone[graph.ends[border, 1 - (side & 1)]]
        else:
            unit, new = loose[int(drawn + len(loose))], int(uniform(at.state) * zones)
        old = at.zone[unit]
        if new == old or not district.cost[unit, new] < math.inf:
            continue
        people, home = district.sizes[unit], district.home[unit]
        if at.sums[new, -1] + people > district.high[new] or at.sums[old, -1] - people < district.low[old]:
            continue
        gone = 0.0
        if home >= 0:
            gone = people * ((new != home) - 1.0 * (old != home))
        if at.moved[0] + gone > district.most_moved:
            continue
        left, met = 0, 0
        for edge in range(graph.starts[unit], graph.starts[unit + 1]):
            other = at.zone[graph.near[edge]]
            left += other == old
            met += other == new
        if along and left == 0:
            continue
        chance = math.exp(-compactness * (left - met))
        if along:
            chance *= (left * at.tally[0]) / (met * (at.tally[0] + left - met))
        if chance < 1 and uniform(at.state) >= chance:
            continue
        if along and not holds(at, graph, unit):
            continue
        at.zone[unit] = new
        if along and parted[new] and not holds(at, graph, unit):  # there, it would join two pieces
            at.zone[unit] = old
            continue
        at.tally[2] += 1
        at.moved[0] += gone
        at.sums[old, -1] -= people
        at.sums[new, -1] += people
        for edge in range(graph.starts[unit], graph.starts[unit + 1]):
            other = at.zone[graph.near[edge]]
            if other == old:
                opened(at, graph.border[edge])
            elif other == new:
                closed(at, graph.border[edge])
