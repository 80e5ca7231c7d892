"""A few zones at a time, solved exactly: the best that they can be while all others stay, or the proof that they are."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.planning.landscape import ROUNDING
from segregation_tools.planning.program import Program, Sums, linear
from segregation_tools.planning.progress import spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.landscape import Landscape

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["reoptimizable", "reoptimized"]

ZONES = (3, 4, 5)  # how many at a time: more when no choice of fewer is left
NODES = 500  # of the tree of one choice, where steps are counted
SECONDS = 2.0  # for one choice, where seconds are
LESS = 1e-7  # by how much the goal must become smaller
DRAWS = 100  # choices drawn without one that is new, until more zones are taken


def reoptimizable(land: Landscape) -> bool:
    """Say whether some zones can be solved while others stay: the goal is linear, and there are zones enough.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.

    Returns
    -------
    bool
        Whether `reoptimized` takes it.
    """
    return len(land.district.low) >= ZONES[0] and linear(land)


def reoptimized(
    land: Landscape,
    zone: NDArray[Any],
    *,
    seed: int,
    seconds: float | None,
    many: int,
    tell: Callable[[float, float], Any],
) -> NDArray[Any]:
    """Solve some zones that touch while all others stay, then others, until the time is over.

    Parameters
    ----------
    land : Landscape
        District, goal and rules; the goal is linear.
    zone : ndarray of int, shape (units,)
        A plan that keeps to all rules.
    seed : int
        Of the random numbers.
    seconds : float or None
        How long it lasts.
    many : int
        Instead: how many choices of zones are solved.
    tell : callable
        ``tell(share done, goal's value)``.

    Returns
    -------
    ndarray of int, shape (units,)
        A plan that is as good or better; interrupted, the best until then, when the choice that is being solved is done.
    """
    chance = np.random.default_rng(seed)
    begun, solved, size = time.monotonic(), 0, 0
    seen: set[tuple[int, ...]] = set()
    best = zone
    try:
        here = _Plan.of(land, zone)
        while size < len(ZONES) and ZONES[size] <= len(land.district.low):
            done = spent(begun, seconds, solved, many)
            if done >= 1:
                break
            tell(done, here.value)
            drawn = (here.drawn(ZONES[size], chance) for _ in range(DRAWS))
            few = next((few for few in drawn if few and few not in seen and here.may_gain(few)), None)
            if few is None:
                size += 1
                continue
            seen.add(few)
            solved += 1
            left = None if seconds is None else min(SECONDS, seconds * (1 - done))
            better = here.solved(np.array(few), left)
            if better is not None and better.value < here.value:
                here = better
                best = here.zone
                seen = {others for others in seen if not set(others) & set(few)}  # what was proven holds no longer
    except KeyboardInterrupt:
        pass  # the best until now
    return best


@dataclass(frozen=True, eq=False)
class _Plan:
    """A plan, and what of it adds up.

    Attributes
    ----------
    zone : ndarray of int, shape (units,)
        Position of the school of each unit.
    sums : Sums
        What of the goal is a distance of sums from 0.
    roots : ndarray of int, shape (zones,)
        Unit at which each zone begins.
    free : ndarray of bool, shape (units,)
        What may move: blocks that are exempt, and pieces that are cut off from their school, stay.
    value : float
        Of the goal.
    """

    land: Landscape
    zone: NDArray[Any]
    sums: Sums
    roots: Codes
    free: NDArray[np.bool_]
    value: float

    @classmethod
    def of(cls, land: Landscape, zone: NDArray[Any]) -> _Plan:
        """Add up the goal of a plan."""
        district = land.district
        roots, free = np.full(len(district.low), -1), np.ones(len(zone), dtype=bool)
        if district.whole:
            roots, free = land.rooted(zone)
        return cls(land, zone, Sums.of(land), roots, free, land.height(land.at(zone, 0)))

    def drawn(self, many: int, chance: np.random.Generator) -> tuple[int, ...]:
        """Draw zones that touch each other; nothing where so many do not."""
        ends = self.zone[self.land.graph.ends] if self.land.district.whole else np.zeros((0, 2), dtype=np.intp)
        apart = ends[ends[:, 0] != ends[:, 1]]
        zones = len(self.land.district.low)
        few = [int(chance.integers(zones))]
        while len(few) < many:
            beside = np.concatenate([apart[np.isin(apart[:, i], few), 1 - i] for i in range(2)])
            beside = np.setdiff1d(beside if self.land.district.whole else np.arange(zones), few)
            if not len(beside):
                return ()
            few.append(int(chance.choice(beside)))
        return tuple(sorted(few))

    def may_gain(self, few: tuple[int, ...]) -> bool:
        """Whether zones could be better at all: cut units to pieces, and their sums are at least that of all together."""
        inside, which = np.isin(self.zone, few), np.array(few)
        here = self.zone[inside, np.newaxis] == which
        sums, cost = self.sums.shares[:, inside] @ here, self.land.cost[np.ix_(inside, which)]
        least = self.sums.counted(sums.sum(axis=1)) + cost.min(axis=1).sum()
        return bool(self.sums.counted(sums) + cost[here].sum() > least + LESS)

    def solved(self, which: Codes, seconds: float | None) -> _Plan | None:
        """Share the units of some zones among these in the best way; None where no better one was found.

        First as if zones could fall apart: mostly there is nothing better even so, or it happens to hang together.
        """
        for whole in (False, True)[: 1 + self.land.district.whole]:
            zone = self._shared(which, seconds, whole=whole)
            if zone is None:
                return None
            better = _Plan.of(self.land, zone)
            if (better.free | ~self.free).all():
                return better if self.land.beyond(self.land.at(zone, 0)) <= ROUNDING else None
        return None

    def _shared(self, which: Codes, seconds: float | None, *, whole: bool) -> NDArray[Any] | None:
        """Solve the program of some zones."""
        district, land = self.land.district, self.land
        inside = np.isin(self.zone, which)
        units, stay = np.flatnonzero(inside & self.free), np.flatnonzero(inside & ~self.free)
        lies, stays = (self.zone[some, np.newaxis] == which for some in (units, stay))
        cost = land.cost[np.ix_(units, which)]
        sums, sizes = replace(self.sums, shares=self.sums.shares[:, units]), district.sizes[units]
        beside, rolls = self.sums.shares[:, stay] @ stays, district.sizes[stay] @ stays
        program = Program(np.isfinite(cost), cost, sums, beside)
        program.add(district.low[which] - rolls, district.high[which] - rolls, x=program.by_zone(sizes))
        if np.isfinite(district.most_moved):
            others = float(land.at(self.zone, 0).moved[0] - (land.away[np.ix_(units, which)] * lies).sum())
            away = land.away[units[program.unit], which[program.zone]]
            program.add(-np.inf, district.most_moved - others, x=away[np.newaxis])
        if whole:
            at = np.full(len(self.zone), -1)
            at[units] = np.arange(len(units))
            ends = at[np.concatenate([land.graph.ends, land.graph.ends[:, ::-1]])]
            ends = ends[(ends >= 0).all(axis=1)]
            start, end = (program.number[side].T.ravel() for side in ends.T)
            along = (start >= 0) & (end >= 0)
            roots = program.number[at[self.roots[which]], np.arange(len(which))]
            program.flowing(start[along], end[along], roots)
        now = self.sums.counted(sums.shares @ lies + beside) + float(cost[lies].sum())
        program.below(now - LESS)
        found = program.solved(seconds=seconds, nodes=NODES if seconds is None else None).x
        if found is None:
            return None
        zone = self.zone.copy()
        zone[units[program.unit[found > 0.5]]] = which[program.zone[found > 0.5]]
        return zone
