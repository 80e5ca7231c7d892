"""A walk by the goal itself, for goals that no sum over zones tells: each change is measured as a plan is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.planning.progress import spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.landscape import Landscape

__all__ = ["walked"]

FELT = 50  # changes in which a typical rise is felt
HEAT = (0.3, 0.02)  # first and last temperature, in typical rises
TRIES = 10_000  # units tried for one that may change, before the walk ends


def walked(
    land: Landscape,
    zone: NDArray[Any],
    *,
    seed: int,
    seconds: float | None,
    many: int,
    tell: Callable[[float, float], Any],
) -> NDArray[Any]:
    """Anneal by the goal itself from a good plan.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.
    zone : ndarray of int, shape (units,)
        Where it begins; keeps to all rules.
    seed : int
        Of the random numbers.
    seconds : float or None
        How long it lasts.
    many : int
        Instead: how many changes are tried.
    tell : callable
        ``tell(share done, best value so far)``, every fifth of a second.

    Returns
    -------
    ndarray of int, shape (units,)
        The best plan on the way; interrupted, the best until then.
    """
    chance = np.random.default_rng(seed)
    best, rises = zone.copy(), list[float]()
    begun = told = time.monotonic()
    made = 0
    try:
        free = land.unguided()
        at = free.at(zone, seed)
        here = lowest = land.goal.value(land.problem, land.plan(zone))
        while True:
            done = spent(begun, seconds, made, many)
            if done >= 1:
                break
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                tell(done, lowest)
            before = at.zone.copy()
            if not free.change(at, TRIES):
                break
            made += 1
            there = land.goal.value(land.problem, land.plan(at.zone))
            rises.append(abs(there - here))
            warmth = np.mean(rises[-FELT:]) * HEAT[0] * (HEAT[1] / HEAT[0]) ** done
            if there - here > warmth * chance.exponential():
                at = free.back(at, before)
            else:
                here = there
            if here < lowest:
                lowest, best = here, at.zone.copy()
    except KeyboardInterrupt:
        pass  # the best until now
    return best
