"""A few zones at a time, solved exactly: the best that they can be while all others stay, or the proof that they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from segregation_tools.kernels import moves
from segregation_tools.planning.landscape import ROUNDING
from segregation_tools.planning.progress import spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.landscape import Landscape

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["linear", "reoptimized"]

ZONES = (3, 4, 5)  # how many at a time: more when no choice of fewer is left
NODES = 500  # of the tree of one choice, where steps are counted
SECONDS = 2.0  # for one choice, where seconds are
LESS = 1e-7  # by how much the goal must become smaller
DRAWS = 100  # choices drawn without one that is new, until more zones are taken


def linear(land: Landscape) -> bool:
    """Say whether a goal adds up costs of blocks, and people above or below a share; and there are zones enough.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.

    Returns
    -------
    bool
        Whether `reoptimized` takes it.
    """
    terms = land.terms
    known = np.isin(terms.kinds, [moves.DEVIATION, moves.HINGE]) & (terms.scales >= 0)
    enough = len(land.district.low) >= ZONES[0]
    return bool(enough and land.exact and known.all() and (terms.weights[terms.kinds == moves.DEVIATION] >= 0).all())


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
    shares : ndarray of shape (sums, units)
        What each unit adds to the sums of its zone.
    weights : ndarray of shape (sums,)
        How much a sum counts.
    both : ndarray of bool, shape (sums,)
        Whether it counts below 0 as well.
    roots : ndarray of int, shape (zones,)
        Unit at which each zone begins.
    free : ndarray of bool, shape (units,)
        What may move: blocks that are exempt, and pieces that are cut off from their school, stay.
    value : float
        Of the goal.
    """

    land: Landscape
    zone: NDArray[Any]
    shares: Floats
    weights: Floats
    both: NDArray[np.bool_]
    roots: Codes
    free: NDArray[np.bool_]
    value: float

    @classmethod
    def of(cls, land: Landscape, zone: NDArray[Any]) -> _Plan:
        """Add up the goal of a plan."""
        district, terms = land.district, land.terms
        rows: list[tuple[Floats, float, bool]] = []
        for kind, weight, scale in zip(terms.kinds, terms.weights[:, 0], terms.scales, strict=True):
            if kind == moves.HINGE:
                rows.append((district.counts @ weight, scale, False))
            else:
                apart = district.counts - np.outer(district.sizes, terms.mix)
                rows += [(apart[:, g], scale * weight[g], True) for g in np.flatnonzero(weight)]
        shares = np.array([row[0] for row in rows]).reshape(len(rows), len(zone))
        weights, both = (np.array([row[i] for row in rows]) for i in (1, 2))
        roots, free = np.full(len(district.low), -1), np.ones(len(zone), dtype=bool)
        if district.whole:
            roots, free = land.rooted(zone)
        return cls(land, zone, shares, weights, both.astype(bool), roots, free, land.height(land.at(zone, 0)))

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
        sums, cost = self.shares[:, inside] @ here, self.land.district.cost[np.ix_(inside, which)]
        least = self._counted(sums.sum(axis=1)) + cost.min(axis=1).sum()
        return bool(self._counted(sums) + cost[here].sum() > least + LESS)

    def _counted(self, sums: Floats) -> float:
        """Weigh sums; those of zones, which are columns, are added up."""
        counted = np.where(self.both.reshape(-1, *[1] * (sums.ndim - 1)), np.abs(sums), np.maximum(sums, 0))
        return float(self.weights @ counted.sum(axis=tuple(range(1, counted.ndim))))

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
        """Solve the program of some zones.

        Zone after zone, its unknowns are whether a unit lies in it (x), what flows along borders from its root, one to each
        of its units, so that it hangs together (f), and how far its sums are from 0 (d).
        """
        district, k = self.land.district, len(which)
        inside = np.isin(self.zone, which)
        units, stay = np.flatnonzero(inside & self.free), np.flatnonzero(inside & ~self.free)
        here = self.zone[stay, np.newaxis] == which
        cost = district.cost[np.ix_(units, which)].astype(np.float64).T
        may, cost = np.isfinite(cost), np.where(np.isfinite(cost), cost, 0.0)
        lies = (self.zone[units] == which[:, np.newaxis]).astype(np.float64)
        shares, sums = self.shares[:, units], self.shares[:, stay] @ here
        sizes, rolls = district.sizes[units], district.sizes[stay] @ here
        into, out, flows = self._borders(units, which, may)
        program = _Program(may.size, flows.size if whole else 0, k * len(sums))

        one = sparse.eye_array(len(units), format="csr")
        program.add(1, 1, x=sparse.hstack([one] * k))
        program.add(district.low[which] - rolls, district.high[which] - rolls, x=_each(k, sizes[np.newaxis]))
        if np.isfinite(district.most_moved):
            away = ((district.home[units] >= 0) & (district.home[units] != which[:, np.newaxis])) * sizes
            others = float(self.land.at(self.zone, 0).moved[0] - (away * lies).sum())
            program.add(-np.inf, district.most_moved - others, x=away.reshape(1, -1))
        if whole:
            fed = sparse.block_diag([one[units != root] for root in self.roots[which]])
            program.add(0, 0, x=-fed, f=fed @ _each(k, into - out))
            program.add(-np.inf, 0, x=-len(units) * fed, f=fed @ _each(k, into))
        for q in range(len(sums)):
            for sign in (1, -1)[: 1 + self.both[q]]:
                apart = -_each(k, np.eye(1, len(sums), q))
                program.add(-np.inf, -sign * sums[q], x=_each(k, sign * shares[q : q + 1]), d=apart)
        now = self._counted(shares @ lies.T + sums) + float((cost * lies).sum())
        room = (len(units) * flows).ravel().astype(np.float64)
        found = program.solved(cost.ravel(), np.tile(self.weights, k), now - LESS, may.ravel(), room, seconds)
        if found is None:
            return None
        zone = self.zone.copy()
        zone[units] = which[found.reshape(may.shape).argmax(axis=0)]
        return zone

    def _borders(self, units: Codes, which: Codes, may: NDArray[np.bool_]) -> tuple[Any, Any, NDArray[np.bool_]]:
        """Which units the borders among some lead into and out of, and along which something of each zone may flow."""
        at = np.full(len(self.zone), -1)
        at[units] = np.arange(len(units))
        ends = at[self.land.graph.ends]
        ends = ends[(ends >= 0).all(axis=1)]
        start, end = np.concatenate([ends, ends[:, ::-1]]).T
        ones, arcs = np.ones(len(start)), np.arange(len(start))
        into, out = (sparse.csr_array((ones, (side, arcs)), shape=(len(units), len(start))) for side in (end, start))
        flows = may[:, start] & may[:, end] & (units[end] != self.roots[which][:, np.newaxis])
        return into, out, flows


def _each(many: int, matrix: Any) -> Any:
    """Repeat a matrix for each of some zones."""
    return sparse.kron(sparse.eye_array(many), matrix, format="csr")


class _Program:
    """A mixed-integer program of three kinds of unknowns: x is 0 or 1, f flows, d are distances.

    Parameters
    ----------
    x, f, d : int
        How many of each.
    """

    def __init__(self, x: int, f: int, d: int) -> None:
        self.widths = (x, f, d)
        self.rows: list[Any] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []

    def add(self, least: Any, most: Any, *, x: Any, f: Any = None, d: Any = None) -> None:
        """Keep sums of unknowns between two bounds, row by row."""
        height = x.shape[0]
        parts = zip((x, f, d), self.widths, strict=True)
        self.rows.append(
            [sparse.csr_array((height, width)) if part is None else part for part, width in parts if width]
        )
        self.low.append(np.broadcast_to(least, height))
        self.high.append(np.broadcast_to(most, height))

    def solved(
        self, cost: Floats, weights: Floats, most: float, may: NDArray[Any], flows: Floats, seconds: float | None
    ) -> Floats | None:
        """Find x for which costs and weighed distances are least, and at most so much; None where none was found."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        x, f, d = self.widths
        blank = np.zeros(f)
        self.add(-np.inf, most, x=cost[np.newaxis], f=blank[np.newaxis], d=weights[np.newaxis])
        found = milp(
            np.concatenate([cost, blank, weights]),
            integrality=np.repeat([1, 0, 0], self.widths),
            bounds=Bounds(0, np.concatenate([may, flows[:f], np.full(d, np.inf)])),
            constraints=LinearConstraint(
                sparse.block_array(self.rows, format="csc"), np.concatenate(self.low), np.concatenate(self.high)
            ),
            options={"node_limit": NODES} if seconds is None else {"time_limit": seconds},
        )
        return None if found.x is None else np.asarray(found.x[:x])
