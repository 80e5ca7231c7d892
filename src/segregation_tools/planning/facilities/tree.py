"""Bounds on the mean cost of all choices by Lagrangian relaxation; a tree of open and closed sites that closes the gap."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.facilities.places import Places

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["CLOSED", "Relaxation", "branched", "kept_and_fixed", "relaxed"]

CLOSED = 1e-6  # of the value: a gap that is none, as the solver counts
LONG, SHORT = (
    (1500, 20, 1.0),
    (60, 6, 0.3),
)  # steps, those without a better bound until they become shorter, first length


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What a relaxation tells of all choices with some sites open and others to be chosen.

    Attributes
    ----------
    levels : ndarray of shape (units,)
        l of the highest bound.
    bound : float
        No such choice has a lower value.
    prices : ndarray of shape (free,)
        What each site that is free adds to the bound.
    often : ndarray of shape (free,)
        How often each was taken of late, from 0 to 1.
    choices : dict of tuple of int to float
        Choices that were met, and their values.
    """

    levels: Floats
    bound: float
    prices: Floats
    often: Floats
    choices: dict[tuple[int, ...], float] = field(default_factory=dict)


def relaxed(
    places: Places, levels: Floats, opened: Codes, free: Codes, aim: float, end: float, *, briefly: bool = False
) -> Relaxation:
    """Raise the levels l of a Lagrangian relaxation: Σ w l − Σ_i w_i max(0, l_i − c_ij) over the sites that pay most.

    Steps go along the slope and a part of the way before (Camerini, Fratta & Maffioli 1975).

    Parameters
    ----------
    places : Places
        What is to be decided; of several sums the mean is taken, which is no more than the largest.
    levels : ndarray of shape (units,)
        At which to begin.
    opened, free : ndarray of int
        Sites that are open, and others of which as many are chosen as are wanting.
    aim : float
        Value of the best choice known.
    end : float
        When to stop, by the monotonic clock.
    briefly : bool
        Whether the levels are near the best already.

    Returns
    -------
    Relaxation
    """
    weights, wanted = places.weights.mean(axis=0), places.number - len(opened)
    ceiling, floor = np.minimum(places.otherwise, places.costs.max(axis=1)), places.costs.min(axis=1)
    fixed, open_to = places.costs[:, opened], places.costs[:, free]
    steps, patience, step = SHORT if briefly else LONG
    best, highest, prices_there = levels, -np.inf, np.zeros(len(free))
    stale, way, often, choices = 0, np.zeros(len(levels)), np.zeros(len(free)), dict[tuple[int, ...], float]()
    for _ in range(steps):
        here, there = (np.maximum(levels[:, np.newaxis] - costs, 0) for costs in (fixed, open_to))
        prices = -(weights @ there)
        taken = np.argpartition(prices, wanted - 1)[:wanted]
        bound = float(weights @ levels - (weights @ here).sum() + prices[taken].sum())
        stale = 0 if bound > highest + 1e-6 * abs(aim) else stale + 1
        if bound > highest:
            best, highest, prices_there = levels, bound, prices
        often *= 0.9
        often[taken] += 0.1
        sites = np.sort(np.append(opened, free[taken]))
        if places.allowed(sites):
            reached = choices.setdefault(tuple(sites.tolist()), places.value(sites))
            aim = min(aim, reached)
        if stale >= patience:
            step, stale, levels, way = step / 1.5, 0, best, 0 * way
            continue
        paid = (here > 0).sum(axis=1) + (there[:, taken] > 0).sum(axis=1) + (levels >= places.otherwise)
        way = 1.0 - paid + 0.6 * way
        length = float(weights @ way**2)
        if aim - highest <= CLOSED * abs(aim) or length == 0 or step < 1e-3 or time.monotonic() > end:
            break
        levels = np.clip(levels + step * max(aim - bound, 1e-5 * abs(aim)) / length * way, floor, ceiling)
    return Relaxation(best, highest, prices_there, often, choices)


def kept_and_fixed(prices: Floats, wanted: int, room: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which free sites may be open in a better choice, and which are open in all of them.

    Parameters
    ----------
    prices : ndarray of shape (free,)
        Of a `Relaxation`.
    wanted : int
        How many are chosen.
    room : float
        Between the bound and the best value.

    Returns
    -------
    may, must : ndarray of bool
    """
    order = np.sort(prices)
    may = prices - order[wanted - 1] <= room
    must = order[wanted] - prices > room if wanted < len(prices) else np.ones(len(prices), dtype=bool)
    return may, must & may


def branched(
    places: Places,
    root: Relaxation,
    best: Codes,
    end: float,
    improved: Callable[[Codes], Codes],
) -> tuple[Codes, float]:
    """Open and close sites, one after the other, until no part of the tree can hold a better choice.

    Parameters
    ----------
    places : Places
        With one sum, and nothing to be brought besides.
    root : Relaxation
        Of all sites.
    best : ndarray of int
        The best choice known.
    end : float
        When to stop, by the monotonic clock.
    improved : callable
        Makes a choice better, if it can.

    Returns
    -------
    best : ndarray of int
        The best choice.
    bound : float
        No choice has a lower value.
    """
    value, count, lowest = places.value(best), 0, np.inf
    everything = np.arange(places.costs.shape[1])
    heap: list[tuple[float, int, Codes, Codes, Relaxation]] = [(root.bound, 0, everything[:0], everything, root)]
    while heap:
        bound, number, opened, free, parent = heapq.heappop(heap)
        if value - bound <= CLOSED * abs(value) or time.monotonic() > end:
            return best, min(bound, lowest)  # all that are left are no lower
        fresh = root if number == 0 else relaxed(places, parent.levels, opened, free, value, end, briefly=True)
        for sites, reached in fresh.choices.items() if number else ():
            if reached < value:
                best = improved(np.array(sites))
                value = places.value(best)
        bound = max(bound, fresh.bound)
        wanted = places.number - len(opened)
        if wanted == len(free):  # there is one choice, which was met
            continue
        if value - bound <= CLOSED * abs(value):
            lowest = min(lowest, bound)
            continue
        may, must = kept_and_fixed(fresh.prices, wanted, value - bound + 1e-9 * abs(value))
        opened, unsure = np.append(opened, free[must]), may & ~must
        often, free = fresh.often[unsure], free[unsure]
        if len(opened) == places.number:
            if places.value(opened) < value:
                best, value = np.sort(opened), places.value(opened)
            continue
        site = int(np.abs(often - 0.5).argmin())
        rest = np.delete(free, site)
        with_it = np.append(opened, free[site])
        for chosen in (with_it, opened):
            count += 1
            if len(chosen) + len(rest) >= places.number > len(chosen):
                heapq.heappush(heap, (bound, count, chosen, rest, fresh))
            elif len(chosen) == places.number and places.value(chosen) < value:
                best, value = np.sort(chosen), places.value(chosen)
    return best, min(value, lowest)
