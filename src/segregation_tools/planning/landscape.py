"""A district with its goal and rules, as the search walks it; what cannot be kept to is refused here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from segregation_tools.errors import CapabilityError, DataError, GeographyError, OptionError, listed
from segregation_tools.kernels import moves
from segregation_tools.planning.constraints import ROUNDING, Contiguous, rooms_of
from segregation_tools.planning.feasible import check_feasible
from segregation_tools.planning.goals import check_groups, guide_of, measured_by, value_of
from segregation_tools.planning.pieces import joining, pieces, strays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.constraints import Rule
    from segregation_tools.planning.goals import Goal
    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Allowed = NDArray[np.bool_]
    Codes = NDArray[np.intp]

__all__ = ["ROUNDING", "Landscape"]

KINDS = {"deviation": moves.DEVIATION, "entropy": moves.ENTROPY, "quadratic": moves.QUADRATIC, "hinge": moves.HINGE}
STEEP = 16.0  # power by which the largest of all zones is followed
LARGEST = 1e30  # goal
TINY = 1e-12
COLD = 1e-9  # temperature
DEAR = 1e9  # price of a pupil without room
BEGINNINGS = 30  # tried from the schools, where today's zones leave no start


@dataclass(frozen=True, eq=False)
class Landscape:
    """A district with its goal and rules, as the search walks it."""

    problem: Problem
    goal: Goal
    parts: Codes  # unit of each block: blocks that stay together are one
    units: Problem
    left_out: Codes  # units that are joined to nothing
    one_piece: Allowed  # zones that are joined, all of them, to the block of their school
    cost: Floats  # of units in zones; infinite where they may not lie
    district: moves.District
    graph: moves.Graph
    terms: moves.Terms
    constant: float
    exact: bool  # whether what the search follows is the goal itself
    start: Codes

    @classmethod
    def of(cls, problem: Problem, goal: Goal, rules: Sequence[Rule], begin: Codes | None = None) -> Landscape:
        """Bring goal and rules together, and refuse what cannot be kept to.

        Parameters
        ----------
        problem : Problem
            The district.
        goal : Goal
            What is to be small.
        rules : sequence of Rule
            What is kept to.
        begin : ndarray of int, shape (blocks,), optional
            Where the search begins, instead of today's zones. What breaks rules in it is mended as in those.

        Returns
        -------
        Landscape

        Raises
        ------
        DataError
            If a block has no school, pupils no room, or a part of the district no school.
        """
        each = [rule.allowed(problem) for rule in rules]
        allowed = np.logical_and.reduce([np.ones(problem.minutes.shape, dtype=bool), *each])
        shut = np.flatnonzero(~allowed.any(axis=1))
        if len(shut):
            taking_part = [repr(rule) for rule, its in zip(rules, each, strict=True) if not its[shut].all()]
            msg = (
                f"{len(shut)} blocks have no school that they may go to: {listed(problem.blocks[shut])}, under "
                f"{', '.join(taking_part)}. Loosen one of these for them"
            )
            raise DataError(msg)
        low, high = rooms_of(problem, rules)
        _check_room(problem, low, high)
        whole = next((rule for rule in rules if isinstance(rule, Contiguous)), None)
        if whole is not None:
            _check_joined(problem, whole)
        check_groups(problem)
        linear, terms, constant, exact = _followed(problem, goal)
        if not max(np.abs(linear).max(initial=0), np.abs(terms.scales).max(initial=0)) < LARGEST:
            msg = f"the weights of {goal!r} are too large: let what matters most weigh about 1"
            raise OptionError(msg)
        parts = _parts(problem, rules)
        placed = problem if whole is None else problem.touching(whole.tolerance)
        touching = None if whole is None else joining(placed, whole.left_out(problem))
        units, cost, may = placed.joined(parts, touching), *_added(parts, linear, allowed)
        _check_parts(problem, parts, units, may, whole, rules)
        one_piece = np.zeros(len(low), dtype=bool)
        left_out, most, joins = np.zeros(0, dtype=np.intp), None, csr_array((len(units.blocks),) * 2)
        if whole is not None:
            outside = np.isin(np.arange(len(parts)), whole.left_out(problem))
            left_out = np.setdiff1d(parts[outside], parts[~outside])
            most = whole.most(problem)
            joins = joining(units, left_out)
            one_piece = (units.stands >= 0) & (most == 1) & ~np.isin(units.stands, left_out)
        cost = np.where(may, cost, np.inf)
        fewest = min([rule.most_moved(problem) for rule in rules], default=np.inf)
        district = moves.District(
            np.ascontiguousarray(units.counts.T),
            units.sizes,
            cost.astype(np.float32),
            low,
            high,
            units.current.astype(np.int32),
            fewest if fewest < problem.sizes.sum() else np.inf,
            whole is not None,
        )
        here = units.current if begin is None else begin[np.unique(parts, return_index=True)[1]]
        start = _nearest(units, here, may) if most is None else _started(units, here, may, left_out, most)
        rolls = np.bincount(start, units.sizes, len(low))
        moved = units.sizes[(units.current >= 0) & (start != units.current)].sum()
        if (rolls > high + ROUNDING).any() or (rolls < low - ROUNDING).any() or moved > fewest + ROUNDING:
            check_feasible(problem, rules)
        graph = moves.ringed(joins.indptr.astype(np.int32), joins.indices.astype(np.int32))
        return cls(
            problem, goal, parts, units, left_out, one_piece, cost, district, graph, terms, constant, exact, start
        )

    @cached_property
    def away(self) -> Floats:
        """Pupils of each unit who change school if it lies in a zone, (units, zones)."""
        home = self.district.home[:, np.newaxis]
        elsewhere: Floats = ((home >= 0) & (home != np.arange(len(self.district.low)))) * self.district.sizes[
            :, np.newaxis
        ]
        return elsewhere

    def rooted(self, zone: NDArray[Any]) -> tuple[Codes, Allowed]:
        """Find the units that are joined to the school of their zone.

        Parameters
        ----------
        zone : ndarray of int, shape (units,)
            Position of the school of each unit.

        Returns
        -------
        roots : ndarray of int, shape (schools,)
            Unit in which each school stands; where that is unknown, one of the largest piece of its zone. −1 without a zone.
        rooted : ndarray of bool, shape (units,)
        """
        inside = np.isin(np.arange(len(zone)), self.left_out, invert=True)
        piece, _ = pieces(self.units, zone.astype(np.intp), self.left_out)
        size = np.bincount(piece[inside], minlength=len(zone))
        order = np.flatnonzero(inside)[np.argsort(size[piece[inside]], kind="stable")]
        roots = np.full(len(self.district.low), -1)
        roots[zone[order]] = order  # the last, of the largest piece, stays
        roots = np.where(self.units.stands >= 0, self.units.stands, roots)
        return roots, inside & (piece == piece[roots[zone]])

    def plan(self, zone: NDArray[np.integer[Any]]) -> Codes:
        """Give the school of each block.

        Parameters
        ----------
        zone : ndarray of int, shape (units,)
            Position of the school of each unit of the search.

        Returns
        -------
        ndarray of int, shape (blocks,)
        """
        return zone[self.parts].astype(np.intp)

    def at(self, zone: Codes, seed: int) -> moves.Annealing:
        """Stand at a plan.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.
        seed : int
            Of the random numbers.

        Returns
        -------
        Annealing
        """
        return moves.begun(zone.astype(np.int32), self.district, self.graph, self.terms, seed)

    def step(self, at: moves.Annealing, steps: int, heat: tuple[float, float], toll: tuple[float, float]) -> None:
        """Walk on.

        Parameters
        ----------
        at : Annealing
            Where; changed.
        steps : int
            How many.
        heat, toll : tuple of float
            At their beginning and end.
        """
        moves.anneal(at, self.district, self.graph, self.terms, 0, steps, steps, heat, toll, steps)

    def unguided(self) -> Landscape:
        """Return the landscape without a goal: what is allowed is all that counts.

        Returns
        -------
        Landscape
        """
        terms = self.terms
        nothing = moves.Terms(terms.kinds[:0], terms.weights[:0], terms.scales[:0], terms.powers[:0], terms.mix)
        level = np.where(np.isfinite(self.cost), 0.0, np.inf)
        return replace(self, terms=nothing, cost=level, district=self.district._replace(cost=level.astype(np.float32)))

    def change(self, at: moves.Annealing, tries: int) -> bool:
        """Move one unit so that the goal is no larger, and nobody more without room.

        Parameters
        ----------
        at : Annealing
            Where; changed.
        tries : int
            How many are tried at most.

        Returns
        -------
        bool
            Whether one moved.
        """
        before = int(at.tally[2])
        moves.anneal(at, self.district, self.graph, self.terms, 0, tries, tries, (COLD, COLD), (DEAR, DEAR), 1)
        return int(at.tally[2]) > before

    def back(self, at: moves.Annealing, zone: NDArray[Any]) -> moves.Annealing:
        """Stand at a plan again, with chance going on.

        Parameters
        ----------
        at : Annealing
            Where chance stands.
        zone : ndarray of int, shape (units,)
            The plan.

        Returns
        -------
        Annealing
        """
        again = self.at(zone, 0)
        again.state[:] = at.state
        return again

    def beyond(self, at: moves.Annealing) -> float:
        """Count pupils for whom there is no room, or who move beyond what is allowed.

        Parameters
        ----------
        at : Annealing
            Where.

        Returns
        -------
        float
        """
        rolls = at.sums[:, -1]
        over = np.maximum(rolls - self.district.high, 0) + np.maximum(self.district.low - rolls, 0)
        return float(over.sum() + max(0.0, at.moved[0] - self.district.most_moved))

    def height(self, at: moves.Annealing) -> float:
        """Take the goal's value.

        Parameters
        ----------
        at : Annealing
            Where.

        Returns
        -------
        float
        """
        if not self.exact:
            return self.goal.value(self.problem, self.plan(at.zone))
        return self.constant + float(at.worth.sum() + self.cost[np.arange(len(at.zone)), at.zone].sum())


def _followed(problem: Problem, goal: Goal) -> tuple[Floats, moves.Terms, float, bool]:
    """Say what blocks cost in zones, what zones add, what never changes, and whether that is the goal itself."""
    linear, constant, exact = np.zeros(problem.minutes.shape), 0.0, True
    kinds, weights, scales, powers = [], [], [], []
    today = np.where(problem.current >= 0, problem.current, problem.minutes.argmin(axis=1))
    mix = np.asarray(problem.pupils.mix, dtype=np.float64)
    for weight, what in goal.terms:
        _check_measurable(problem, today, what)
        guide = guide_of(problem, what)
        exact &= guide.exact
        if guide.cost is not None:
            linear += weight * guide.cost
        for form in guide.forms:
            kinds.append(KINDS[form.kind])
            weights.append(form.weights if form.kind == "quadratic" else np.tile(np.diag(form.weights), (len(mix), 1)))
            if guide.steep:  # rises as the worst school does, near what that is today
                worst = max(float(form.of_residents(problem.by_school(today)).max()), TINY)
                scales.append(weight * worst ** (1 - STEEP) / STEEP)
                powers.append(STEEP)
            else:
                scales.append(weight / problem.sizes.sum())
                powers.append(1.0)
                constant += weight * form.constant
    terms = moves.Terms(
        np.array(kinds, dtype=np.int64),
        np.array(weights, dtype=np.float64).reshape(len(kinds), len(mix), len(mix)),
        np.array(scales, dtype=np.float64),
        np.array(powers, dtype=np.float64),
        mix,
    )
    return linear, terms, constant, exact


def _check_measurable(problem: Problem, zone: Codes, what: Any) -> None:
    """Refuse groups that an index cannot compare, and indices of the map: schools as units have no place on it."""
    try:
        value_of(problem, zone, what)
    except GeographyError as lacking:
        msg = (
            f"{measured_by(what)} reads the map, on which schools, as units in which pupils meet, have no shape: take an "
            "index of evenness or exposure"
        )
        raise CapabilityError(msg) from lacking


def _parts(problem: Problem, rules: Sequence[Rule]) -> Codes:
    """Give blocks that some rule keeps together, directly or by way of others, one number."""
    blocks = np.arange(len(problem.blocks))
    same = csr_array((len(blocks), len(blocks)))
    for rule in rules:
        labels = rule.together(problem)
        first = blocks[np.unique(labels, return_index=True)[1]][np.unique(labels, return_inverse=True)[1]]
        same = same + csr_array((np.ones(len(blocks)), (blocks, first)), shape=same.shape)
    number, parts = connected_components(same, directed=False)
    return parts.astype(np.intp) if number < len(blocks) else blocks


def _added(parts: Codes, linear: Floats, allowed: Allowed) -> tuple[Floats, Allowed]:
    """Add up what the blocks of units cost in zones, and find where all of them may go."""
    shape = (int(parts.max()) + 1, linear.shape[1])
    if shape == linear.shape:
        return linear, allowed
    cost, may = np.zeros(shape), np.ones(shape, dtype=bool)
    np.add.at(cost, parts, linear)
    np.logical_and.at(may, parts, allowed)
    return cost, may


def _check_parts(
    problem: Problem, parts: Codes, units: Problem, may: Allowed, whole: Contiguous | None, rules: Sequence[Rule]
) -> None:
    """Refuse blocks that are to stay together, and cannot."""

    def members(of: Codes) -> str:
        return listed(problem.blocks[np.flatnonzero(np.isin(parts, of))])

    if len(units.blocks) == len(parts):
        return
    stand = units.stands[units.stands >= 0]
    shared = np.flatnonzero(np.bincount(stand, minlength=1) > 1)
    if whole is not None and len(shared):
        msg = f"together(...) joins blocks in which different schools stand: {members(shared)}. Leave these apart"
        raise DataError(msg)
    shut = np.flatnonzero(~may.any(axis=1))
    if len(shut):
        msg = f"blocks that are to stay together have no school that all of them may go to: {members(shut)}. Loosen one"
        raise DataError(msg)
    if whole is not None:
        outside = whole.left_out(problem)
        piece, _ = pieces(problem.touching(whole.tolerance), parts, outside, len(units.blocks))
        inside = np.setdiff1d(np.arange(len(parts)), outside)
        pairs = np.unique(np.stack([parts[inside], piece[inside]]), axis=1)
        apart = np.flatnonzero(np.bincount(pairs[0]) > 1)
        if len(apart):
            msg = f"blocks that are to stay together do not touch: {members(apart)}. Exempt some from contiguous()"
            raise DataError(msg)
    home = np.zeros(len(units.blocks))
    np.add.at(home, parts, problem.current != units.current[parts])
    split = np.flatnonzero(home > 0)
    if len(split) and min(rule.most_moved(problem) for rule in rules) < problem.sizes.sum():
        msg = (
            "most_moved(...) cannot be kept beside together(...) of blocks that go to different schools today: "
            f"{members(split)}. Leave these apart, or let minimize(moves) keep moves few"
        )
        raise CapabilityError(msg)


def _check_room(problem: Problem, low: Floats, high: Floats) -> None:
    pupils = problem.sizes.sum()
    tight = np.flatnonzero(low > high)
    if len(tight):
        msg = (
            f"schools that must have more pupils than they may: {listed(problem.schools[tight])}. Loosen low= or seats="
        )
        raise DataError(msg)
    room, must = high.sum(), low.sum()
    if room < pupils - ROUNDING:
        msg = (
            f"the schools hold {room:,.0f} pupils, {pupils - room:,.0f} fewer than there are ({pupils:,.0f}): give room"
        )
        raise DataError(msg)
    if must > pupils + ROUNDING:
        msg = f"schools must have {must:,.0f} pupils, {must - pupils:,.0f} more than there are ({pupils:,.0f}): lower low="
        raise DataError(msg)


def _check_joined(problem: Problem, whole: Contiguous) -> None:
    """Refuse blocks from which no way leads to any school."""
    if (problem.stands < 0).any():
        return
    one = np.zeros(len(problem.blocks), dtype=np.intp)
    piece, _ = pieces(problem.touching(whole.tolerance), one, whole.left_out(problem))
    reached = np.isin(piece, piece[problem.stands])
    reached[whole.left_out(problem)] = True
    if not reached.all():
        lost = problem.blocks[np.flatnonzero(~reached)]
        msg = (
            f"{len(lost)} blocks lie in a part of the district without a school, cut off from the rest: {listed(lost)}. "
            "Exempt them, contiguous(exempt=[...]), or say which blocks touch, adjacency="
        )
        raise DataError(msg)


def _nearest(units: Problem, here: Codes, allowed: Allowed) -> Codes:
    """Begin at zones; what may not stay, or closes, goes to the nearest school that it may."""
    zone = here.copy()
    wrong = (zone < 0) | ~allowed[np.arange(len(zone)), zone]
    zone[wrong] = np.where(allowed, units.minutes, np.inf).argmin(axis=1)[wrong]
    return zone


def _started(units: Problem, here: Codes, allowed: Allowed, left_out: Codes, most: Codes) -> Codes:
    """Begin at zones; what may not stay, or closes, goes to a school whose zone touches, the nearest first."""
    zone = here.copy()
    rows = np.arange(len(zone))
    placed = np.flatnonzero(units.stands >= 0)
    nowhere = np.flatnonzero((units.stands < 0) & (np.bincount(zone[zone >= 0], minlength=len(units.stands)) == 0))
    if len(nowhere):
        names = listed(units.schools[nowhere])
        msg = f"no block goes to {names} alone today, and none says where a zone could begin: give 'block'"
        raise DataError(msg)
    zone[units.stands[placed]] = placed
    zone[(zone >= 0) & ~allowed[rows, zone]] = -1
    exempt = np.isin(rows, left_out)
    lost = exempt & (zone < 0)  # joined to nothing
    zone[lost] = np.where(allowed, units.minutes, np.inf).argmin(axis=1)[lost]
    piece, many = pieces(units, zone, left_out)
    for apart in strays(zone, piece, many, most, units.stands, left_out).values():
        zone[apart] = -1  # a block that another school took may have cut a zone apart
    joins = joining(units, left_out)
    grown = _grown(zone, units.minutes, allowed, joins)
    if (grown < 0).any():  # today's zones are in the way: begin at the schools, the near first, but not always
        bare = np.where(exempt | np.isin(zone, np.flatnonzero(units.stands < 0)), zone, -1)
        bare[units.stands[placed]] = placed
        chance = np.random.default_rng(0)
        for _ in range(BEGINNINGS):
            again = _grown(bare, units.minutes * chance.uniform(0.5, 1.5, allowed.shape), allowed, joins)
            if (again >= 0).all():
                return again
    left = units.blocks[np.flatnonzero(grown < 0)]
    if len(left):
        msg = (
            f"no start was found in which zones hang together: {len(left)} blocks touch no zone of a school that they may "
            f"go to, {listed(left)}. Allow them another school, or exempt them from contiguous()"
        )
        raise DataError(msg)
    return grown


def _grown(zone: Codes, minutes: Floats, allowed: Allowed, matrix: csr_array) -> Codes:
    """Give blocks without a school to one whose zone touches them, the shortest way first; −1 for what is left."""
    import heapq

    zone = zone.copy()
    waiting: list[tuple[float, int, int]] = []

    def offer(block: int) -> None:
        for near in matrix.indices[matrix.indptr[block] : matrix.indptr[block + 1]]:
            if zone[near] < 0 and allowed[near, zone[block]]:
                heapq.heappush(waiting, (minutes[near, zone[block]], int(near), int(zone[block])))

    for block in np.flatnonzero(zone >= 0).tolist():
        offer(block)
    while waiting:
        _, block, school = heapq.heappop(waiting)
        if zone[block] < 0:
            zone[block] = school
            offer(block)
    return zone
