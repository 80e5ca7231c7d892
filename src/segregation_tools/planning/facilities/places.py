"""The best places out of many: p-median and its kin, exactly, without a variable for each unit and site.

Each unit pays for the way to its nearest open site, d_i(y) = min_j c_ij over the sites with y_j = 1. For any number l,
d_i(y) ≥ l − Σ_j max(0, l − c_ij) y_j, and the best of these bounds is d_i(y) itself where y is whole. The numbers l of a
Lagrangian relaxation bound all choices, and close most sites for good. A tree of such relaxations decides what is left;
where there are several sums, or something to be brought besides, by HiGHS, which has y and one number a unit, and gets these
bounds as cuts where it is too optimistic (Benders cuts of the radius formulation).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from segregation_tools.planning.facilities.tree import CLOSED, branched, kept_and_fixed, relaxed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Choice", "Places", "chosen_places"]

EXCHANGED = 12  # relaxed choices that are improved by exchanges
ROUNDS = 60  # of cuts in the relaxation of the program
WORTH = 0.02  # of the gap: what a round of the relaxation must gain
SLACK = 1e-7
BEYOND = 1.001  # times the best value known
NONE = 2  # milp: there is no solution


@dataclass(frozen=True, eq=False)
class Places:
    """What is to be decided: which sites to open.

    Attributes
    ----------
    costs : ndarray of shape (units, sites)
        Of the way; finite.
    otherwise : ndarray of shape (units,)
        Of the way to what is open already; infinite where there is none.
    weights : ndarray of shape (rows, units)
        How much a unit counts in each of several sums: the value is the largest of them, and is to be small.
    number : int
        How many sites are opened.
    gains : ndarray of shape (sites,), optional
        What each site brings besides; of one size with 1.
    least : float
        How much the open ones must bring together: no more than the best of them do.
    """

    costs: Floats
    otherwise: Floats
    weights: Floats
    number: int
    gains: Floats | None = None
    least: float = -np.inf

    def nearest(self, sites: Codes) -> Floats:
        """Cost of the way from each unit to the nearest of some sites, or to what is open already."""
        return np.asarray(np.minimum(self.costs[:, sites].min(axis=1), self.otherwise))

    def value(self, sites: Codes) -> float:
        """Largest sum, if some sites are opened."""
        return float((self.weights @ self.nearest(sites)).max())

    def allowed(self, sites: Codes) -> bool:
        """Tell whether some sites bring enough."""
        return self.gains is None or bool(self.gains[sites].sum() >= self.least - SLACK)


@dataclass(frozen=True, eq=False)
class Choice:
    """Sites that were chosen.

    Attributes
    ----------
    sites : ndarray of int
        Ascending.
    value : float
        Of these.
    bound : float
        No choice has a lower value.
    """

    sites: Codes
    value: float
    bound: float


def chosen_places(places: Places, seconds: float) -> Choice:
    """Choose the sites that make the largest sum smallest.

    Parameters
    ----------
    places : Places
        What is to be decided.
    seconds : float
        After which the best so far is taken; bound and gap say what is not known then.

    Returns
    -------
    Choice
    """
    end = time.monotonic() + seconds
    if places.gains is not None and np.abs(places.gains).max() > 0:
        unit = float(np.abs(places.gains).max())
        places = replace(places, gains=places.gains / unit, least=places.least / unit)
    merged = _merged(places)
    best = _exchanged(merged, _greedy(merged), end)
    value = merged.value(best)
    merged = _capped(merged, value)
    everything = np.arange(merged.costs.shape[1])
    root = relaxed(merged, _from_outside(merged), everything[:0], everything, value, end)
    for sites in sorted(root.choices, key=root.choices.__getitem__)[:EXCHANGED]:
        better = _exchanged(merged, np.array(sites), end)
        if merged.value(better) < value:
            best, value = better, merged.value(better)
    bound = max(root.bound, 0.0)  # no way costs less than nothing
    if value - bound <= CLOSED * abs(value):
        return _told(places, best, bound)
    if len(merged.weights) == 1 and merged.gains is None:
        return _told(places, *branched(merged, root, best, end, lambda sites: _exchanged(merged, sites, end)))
    may_open, open_for_good = kept_and_fixed(root.prices, places.number, value - bound + SLACK * abs(value))
    program = _Program(merged, root.levels, open_for_good, may_open)
    return _told(places, *program.closed(best, value, bound, end))


def _capped(places: Places, value: float) -> Places:
    """Let no way cost more than what makes a choice worse than a known one: that choice stays worse, costs of one size."""
    if not value > 0:
        return places
    most = BEYOND * value / places.weights.max(axis=0)
    return replace(
        places, costs=np.minimum(places.costs, most[:, np.newaxis]), otherwise=np.minimum(places.otherwise, most)
    )


def _told(places: Places, sites: Codes, bound: float) -> Choice:
    value = places.value(sites)
    return Choice(sites, value, min(bound, value))


def _merged(places: Places) -> Places:
    """Make one of units from which all ways are alike, and leave out those who count nothing."""
    counting = (places.weights > 0).any(axis=0)
    costs = np.minimum(places.costs, places.otherwise[:, np.newaxis])[counting]
    rows, unit = np.unique(np.column_stack([costs, places.otherwise[counting]]), axis=0, return_inverse=True)
    weights = np.stack(
        [np.bincount(unit.reshape(-1), row[counting], len(rows)).astype(np.float64) for row in places.weights]
    )
    return Places(rows[:, :-1].copy(), rows[:, -1].copy(), weights, places.number, places.gains, places.least)


# ---------------------------------------------------------------- choices that are good


def _greedy(places: Places) -> Codes:
    """Open one site after the other, each where it helps most; those that bring most, if they must bring something."""
    if places.gains is not None:
        return np.sort(np.argsort(-places.gains, kind="stable")[: places.number])
    now = places.otherwise
    ceiling = places.costs.max(axis=1) if np.isinf(now).any() else now
    now = np.minimum(now, ceiling)
    chosen: list[int] = []
    for _ in range(places.number):
        values = (places.weights @ np.minimum(now[:, np.newaxis], places.costs)).max(axis=0)
        values[chosen] = np.inf
        site = int(values.argmin())
        chosen.append(site)
        now = np.minimum(now, places.costs[:, site])
    return np.sort(np.array(chosen))


def _exchanged(places: Places, sites: Codes, end: float) -> Codes:
    """Exchange one open site for another as long as it helps (Teitz & Bart 1968)."""
    sites = sites.copy()
    value, idle, at = places.value(sites), 0, 0
    brings = 0.0 if places.gains is None else float(places.gains[sites].sum())
    while idle < len(sites) and time.monotonic() < end:
        rest = np.delete(sites, at)
        left = np.minimum(places.costs[:, rest].min(axis=1, initial=np.inf), places.otherwise)
        values = (places.weights @ np.minimum(left[:, np.newaxis], places.costs)).max(axis=0)
        values[sites] = np.inf
        if places.gains is not None:
            values[brings - places.gains[sites[at]] + places.gains < places.least - SLACK] = np.inf
        site = int(values.argmin())
        if values[site] < value - CLOSED * abs(value):
            if places.gains is not None:
                brings += places.gains[site] - places.gains[sites[at]]
            sites[at], value, idle = site, float(values[site]), 0
        else:
            idle += 1
        at = (at + 1) % len(sites)
    return np.sort(sites)


# ---------------------------------------------------------------- a bound on all of them


def _from_outside(places: Places) -> Floats:
    """Levels at which a relaxation begins: as many sites as are opened are nearer, and one is as near."""
    beyond = min(places.number, places.costs.shape[1] - 1)
    ceiling = np.minimum(places.otherwise, places.costs.max(axis=1))
    return np.asarray(np.minimum(np.partition(places.costs, beyond, axis=1)[:, beyond], ceiling))


# ---------------------------------------------------------------- the program


class _Program:
    """Sites y and the cost d of every unit, with cuts, for HiGHS; and the largest sum, behind them."""

    def __init__(self, places: Places, levels: Floats, fixed: NDArray[np.bool_], may: NDArray[np.bool_]) -> None:
        self.places, self.fixed, self.relaxed = places, fixed, False
        self.may = np.flatnonzero(may)
        self.costs = places.costs[:, self.may]
        self.units, self.sites = self.costs.shape
        self.order = np.argsort(self.costs, axis=1, kind="stable")
        self.sorted = np.take_along_axis(self.costs, self.order, axis=1)
        everyone = np.arange(self.units)
        self.unit, self.level = np.tile(everyone, 2), np.concatenate([levels, self.sorted[:, 0]])
        self.unit_cost = max(float(self.costs.max()), 1e-300)
        self.scale = float(places.weights.sum(axis=1).max()) * self.unit_cost / self.units  # of what the solver sees

    def cuts_at(self, y: Floats, d: Floats) -> tuple[Codes, Floats]:
        """Find for each unit the level at which its cost is bounded most, where that is more than d."""
        opened = np.cumsum(y[self.order], axis=1)
        before = opened - y[self.order]
        reached = opened >= 1 - SLACK
        at = np.where(reached.any(axis=1), reached.argmax(axis=1), self.sites - 1)
        rows = np.arange(self.units)
        level = np.where(reached.any(axis=1), self.sorted[rows, at], self.places.otherwise)
        level = np.where(np.isfinite(level), level, self.sorted[:, -1])
        paid = np.where(before < 1, y[self.order], 0) * np.maximum(level[:, np.newaxis] - self.sorted, 0)
        short = level - paid.sum(axis=1) - d
        cut = np.flatnonzero(short > SLACK * self.costs.max())
        return cut, level[cut]

    def second(self, y: Floats, unit: Codes) -> tuple[Codes, Floats]:
        """Take the way to the second of some open sites, which bounds the cost of a unit there as well, and more around."""
        behind = np.cumsum(y[self.order[unit]], axis=1) >= 2 - SLACK
        some = behind.any(axis=1)
        level = np.minimum(self.sorted[unit, behind.argmax(axis=1)], self.places.otherwise[unit])
        return unit[some], level[some]

    def add(self, unit: Codes, level: Floats) -> None:
        self.unit, self.level = np.append(self.unit, unit), np.append(self.level, level)

    def kept(self, y: Floats, d: Floats) -> None:
        """Leave out cuts that bind nothing."""
        loose = self._cuts() @ np.concatenate([y, d / self.unit_cost]) - self.level / self.unit_cost > 0.05
        loose[: 2 * self.units] = False
        self.unit, self.level = self.unit[~loose], self.level[~loose]

    def _cuts(self) -> Any:
        """Rows of max(0, l − c_ij) y_j + d_i, which are l_i or more."""
        under = np.maximum(self.level[:, np.newaxis] - self.costs[self.unit], 0) / self.unit_cost
        rows = np.arange(len(self.unit))
        of_unit = sparse.csr_array((np.ones(len(rows)), (rows, self.unit)), shape=(len(rows), self.units))
        return sparse.hstack([sparse.csr_array(under), of_unit], format="csr")

    def solved(self, whole: bool, seconds: float) -> tuple[Floats | None, Floats, float]:
        """Solve it with the cuts so far: y, d, and the bound; y is None where there is no choice."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        places, width = self.places, self.sites + self.units + 1
        sums = sparse.hstack(
            [
                sparse.csr_array((len(places.weights), self.sites)),
                sparse.csr_array(places.weights * self.unit_cost / self.scale),
                sparse.csr_array(-np.ones((len(places.weights), 1))),
            ]
        )
        count = sparse.csr_array(np.concatenate([np.ones(self.sites), np.zeros(self.units + 1)])[np.newaxis])
        cuts = sparse.hstack([self._cuts(), sparse.csr_array((len(self.unit), 1))])
        many = np.array([float(places.number)])
        parts, low = [cuts, count, sums], [self.level / self.unit_cost, many, np.full(len(places.weights), -np.inf)]
        high = [np.full(len(self.unit), np.inf), many, np.zeros(len(places.weights))]
        if places.gains is not None:
            unit = max(float(np.abs(places.gains).max()), 1e-300)
            row = np.concatenate([places.gains[self.may] / unit, np.zeros(self.units + 1)])
            parts.append(sparse.csr_array(row[np.newaxis]))
            low.append(np.array([places.least / unit]))
            high.append(np.array([np.inf]))
        goal, integral = np.zeros(width), np.zeros(width)
        goal[-1], integral[: self.sites] = 1, whole
        found = milp(
            goal,
            integrality=integral,
            bounds=Bounds(
                np.concatenate([self.fixed[self.may], np.zeros(self.units + 1)]),
                np.concatenate([np.ones(self.sites), np.full(self.units + 1, np.inf)]),
            ),
            constraints=LinearConstraint(sparse.vstack(parts, format="csc"), np.concatenate(low), np.concatenate(high)),
            options={"mip_rel_gap": 1e-9, "time_limit": max(seconds, 0.1)},
        )
        told = found.mip_dual_bound if whole else found.fun if found.status == 0 else None
        bound = np.inf if found.status == NONE else -np.inf if told is None else float(told) * self.scale
        if found.x is None:
            return None, np.zeros(0), bound
        return found.x[: self.sites], found.x[self.sites : -1] * self.unit_cost, bound

    def closed(self, best: Codes, value: float, bound: float, end: float) -> tuple[Codes, float]:
        """Solve and cut until no choice is better than the best: the choice and the bound."""
        for whole in self._rounds(end):
            y, d, told = self.solved(whole, end - time.monotonic())
            gained, bound = min(told, value) - bound, max(bound, min(told, value))
            if y is None:  # time is up, or no choice that is left is better
                break
            if whole:
                y = np.round(y)
                sites = np.sort(self.may[y > 0.5])
                if self.places.allowed(sites) and self.places.value(sites) < value:
                    best, value = sites, self.places.value(sites)
            if value - bound <= CLOSED * abs(value):
                break
            unit, level = self.cuts_at(y, d)
            if whole and not len(unit):  # as near as the solver's numbers are
                break
            self.relaxed = self.relaxed or not len(unit) or gained < WORTH * (value - bound)
            if not whole:
                self.kept(y, d)
            self.add(unit, level)
            if whole:
                self.add(*self.second(y, unit))
        return best, bound

    def _rounds(self, end: float) -> Iterator[bool]:
        """First the relaxation, until there is nothing to cut; then whole sites."""
        for number in range(ROUNDS * 10):
            if time.monotonic() > end:
                return
            yield self.relaxed or number >= ROUNDS
