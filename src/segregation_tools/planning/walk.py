"""A walk by the goal itself, for goals that no sum over zones tells: each change is measured as a plan is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

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
    changes: int,
    progress: Callable[[float, float], Any] | None,
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
    changes : int
        Instead: how many changes are tried.
    progress : callable or None
        ``progress(share done, best value so far)``, every fifth of a second.

    Returns
    -------
    ndarray of int, shape (units,)
        The best plan on the way; interrupted, the best until then.
    """
    free = land.unguided()
    at = free.at(zone, seed)
    chance = np.random.default_rng(seed)
    here = lowest = land.goal.value(land.problem, land.plan(zone))
    best, rises = zone.copy(), list[float]()
    begun = told = time.monotonic()
    made = 0
    try:
        while True:
            now = time.monotonic()
            done = made / changes if seconds is None else (now - begun) / seconds
            if progress is not None and now - told > 0.2:
                told = now
                progress(min(done, 1.0), lowest)
            if done >= 1:
                break
            before = at.zone.copy()
            if not free.change(at, TRIES):
                break
            made += 1
            (unit,) = np.flatnonzero(at.zone != before)
            there = land.goal.value(land.problem, land.plan(at.zone))
            rises.append(abs(there - here))
            warmth = np.mean(rises[-FELT:]) * HEAT[0] * (HEAT[1] / HEAT[0]) ** done
            if there - here > warmth * chance.exponential():
                free.put(at, int(unit), int(before[unit]))
            else:
                here = there
            if here < lowest:
                lowest, best = here, at.zone.copy()
    except KeyboardInterrupt:
        pass  # the best until now
    return best
