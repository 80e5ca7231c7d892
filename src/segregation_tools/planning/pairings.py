"""Paired schools: zones merged so that all of their pupils go to one school for some grades and to another for the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.planning.burden import WALK
from segregation_tools.planning.constraints import (
    ROUNDING,
    Capacity,
    Contiguous,
    Forbidden,
    Locked,
    LongestTrip,
    MostMoved,
    Rule,
    Together,
    rooms_of,
)
from segregation_tools.planning.goals import Measure, alike, check_groups, guide_of, measured_by, moves, travel_time
from segregation_tools.planning.grades import read_grades
from segregation_tools.planning.pieces import joining
from segregation_tools.planning.plan import Plan, check, values_of
from segregation_tools.planning.problem import Problem, read_problem
from segregation_tools.planning.schools import checked_goal, checked_rules
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population
from segregation_tools.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.zonal import ZonalForm
    from segregation_tools.planning.goals import Goal, Guide

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Codes = NDArray[np.intp]

__all__ = ["Pairings", "pair_schools"]

KEPT = (Capacity, Contiguous, Forbidden, Locked, LongestTrip, MostMoved, Together)
SIZES = (2, 3)  # of zones that merge
EVEN = 1e-12  # of the goal: a merge that gains no more gains nothing
PROVEN = 1e-9  # of the goal
STEEPEST = 1000.0  # what the best merge gains for the solver, whose own tolerance is 1e-6
SOLVED, TIMED_OUT = 0, 1  # of the solver
OF_WAYS = ("minutes", "longest", "p90", "walkers", "share_walkers")  # columns of a burden that read minutes


def pair_schools(
    pupils: Population | pd.DataFrame,
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    grades: int | Sequence[Any] | pd.Series[Any] | Mapping[Any, float],
    travel: pd.DataFrame | Callable[..., pd.DataFrame] | None = None,
    largest: int = 2,
    most: int | None = None,
    goal: Goal | None = None,
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
    seconds: float = 60,
) -> Pairings:
    """Choose the zones that are best merged, and which of their schools takes which grades: the Princeton plan.

    Parameters
    ----------
    pupils : Population
        Pupils by group in each block.
    current : Series on the units
        School of each block today.
    schools : DataFrame
        Index: school. All are open; `seats`, where `capacity(seats="seats")` asks for it.
    grades : int, sequence, Series or mapping
        How many grades of equal size, or their names, from low to high; or the share (or number) of pupils in each grade, by
        name. It is taken to be the same in every block and group.
    travel : DataFrame of blocks × schools, or callable, optional
        Minutes, as in `rezone`; needed for `longest_trip` and for goals of ways.
    largest : {2, 3}
        How many zones merge at most.
    most : int, optional
        How many merges at most; as many as are worth it without.
    goal : Goal, optional
        ``minimize(dissimilarity) + 0.1 * minimize(moves)`` without. Indices that are sums over zones, and costs: `moves`,
        `travel_time`, `walkers_lost`, `outside_band`.
    constraints : sequence of Rule
        See Notes.
    adjacency : sparse matrix or libpysal Graph, optional
        Which blocks touch; without, those that share a border, up to one metre apart.
    seconds : float
        How long is solved at most.

    Returns
    -------
    Pairings
        The best merges, with the proof where `seconds` were enough.

    Raises
    ------
    DataError
        If pupils, zones and schools do not match, a school closes, or the rules cannot be kept together.
    CapabilityError
        If the goal is no sum over zones, or a rule cannot be kept; if no plan was found in `seconds`.

    Notes
    -----
    Two zones can merge if two of their blocks touch, three if they hang together so. Each school of a merged zone serves a
    run of grades, at least one, and each grade has one school, to which all pupils of the zone go. Who has grades before
    and after a cut changes school on the way up; `moves`, ways and rolls are those of an average year. Without `capacity` a
    school may be left with one grade.

    Of all ways to divide the grades that keep to the rules, a merged zone takes that of the lowest goal; of equals, that
    with the fewest moves, then the shortest ways, then the lower grades at the school that stands first in `schools`; under
    `most_moved` that which is best for all zones together. A zone goes into one merge or none: which merges are best is a
    set partitioning problem, solved by branch and bound (HiGHS).

    `capacity` holds for the roll of each school, `most_moved` for the average year. As every block goes to every school of
    its merged zone, `longest_trip` and `forbidden` hold for each of them, and the zone of a `locked` block does not merge.
    What `together` names is in one zone, merged or not. Merged zones hang together by themselves; with
    ``contiguous(tolerance=, exempt=)``, its borders are those that count.

    References
    ----------
    Landry, M. & Gillani, N. (2025), Merging public elementary schools to reduce racial/ethnic segregation, PNAS Nexus 4,
    pgaf050.

    Examples
    --------
    >>> district = sgt.synthetic_district(200, 8, rng=1)
    >>> merged = sgt.pair_schools(
    ...     sgt.Population.from_frame(district.blocks, ["a", "b", "c"]),
    ...     current=district.blocks["school"],
    ...     schools=district.schools,
    ...     grades=["K", "1", "2", "3", "4", "5"],
    ...     constraints=[sgt.capacity(within=0.2)],
    ... )
    >>> merged.proven, bool(merged.after["dissimilarity"] < merged.before["dissimilarity"])
    (True, True)
    """
    goal, rules, shares = checked_goal(goal), checked_rules(constraints), read_grades(grades)
    if isinstance(largest, bool) or largest not in SIZES:
        msg = f"largest must be 2 or 3, how many zones merge at most, not {largest!r}"
        raise OptionError(msg)
    if len(shares) < largest:
        msg = f"{len(shares)} grades cannot be divided between {largest} schools: give at least {largest} grades"
        raise OptionError(msg)
    if most is not None:
        most = int(real_number(most, "most", 0, "a whole number of merges", whole=True))
    real_number(seconds, "seconds", 0, "how long is solved", above=True)
    _check_kept(goal, rules, travel is not None)
    problem = read_problem(pupils, current, schools, _no_ways if travel is None else travel, adjacency)
    closing = problem.today[problem.current < 0]
    if len(closing):
        msg = (
            f"zones of schools that close: {listed(closing.unique())}. pair_schools merges zones of open schools: draw the "
            "zones of those that stay first, with rezone"
        )
        raise DataError(msg)
    return _paired(problem, goal, rules, shares, int(largest), most, seconds, travel is not None)


def _no_ways(pupils: Population, schools: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(0.0, index=pupils.units, columns=schools.index)


def _check_kept(goal: Goal, rules: Sequence[Rule], travelled: bool) -> None:
    """Refuse what merged zones cannot keep, and what reads minutes where there are none."""
    strangers = [rule for rule in rules if not isinstance(rule, KEPT)]
    if strangers:
        msg = f"pair_schools cannot keep {listed(strangers)}: it knows the library's own rules"
        raise CapabilityError(msg)
    if travelled:
        return
    ways = [repr(rule) for rule in rules if isinstance(rule, LongestTrip)]
    ways += [
        measured_by(what)
        for _, what in goal.terms
        if isinstance(what, Measure) and what.cost and not alike(what, moves)
    ]
    if ways:
        msg = f"{', '.join(ways)} may read minutes: give travel=, blocks × schools"
        raise DataError(msg)


# ---------------------------------------------------------------- zones, and what merges of them are worth


@dataclass(frozen=True, eq=False)
class _Spans:
    """Ways to divide the grades among schools: the first and, beyond the last, the next grade of each, (ways, schools)."""

    first: Codes
    beyond: Codes
    share: Floats

    @classmethod
    def of(cls, grades: Floats, schools: int) -> _Spans:
        inner = list(combinations(range(1, len(grades)), schools - 1))
        cuts = np.array(inner, dtype=np.intp).reshape(len(inner), schools - 1)
        edges = np.pad(cuts, ((0, 0), (1, 1)), constant_values=((0, 0), (0, len(grades))))
        turns = np.array(list(permutations(range(schools))))
        first, beyond = (part.T[turns].swapaxes(1, 2).reshape(-1, schools) for part in (edges[:, :-1], edges[:, 1:]))
        return cls(first, beyond, _between(grades, first, beyond))


def _between(grades: Floats, first: Codes, beyond: Codes) -> Floats:
    """Share of pupils in runs of grades."""
    below = np.concatenate([[0.0], np.cumsum(grades)])
    return np.asarray(below[beyond] - below[first])


@dataclass(frozen=True, eq=False)
class _Merges:
    """Merges, each with its grades divided in one way; −1 where a merge has fewer schools than others."""

    schools: Codes  # (merges, schools)
    first: Codes
    beyond: Codes
    value: Floats
    moved: Floats  # pupils

    def only(self, which: Any) -> _Merges:
        return _Merges(*(part[which] for part in self._parts))

    @property
    def _parts(self) -> tuple[Any, ...]:
        return self.schools, self.first, self.beyond, self.value, self.moved

    @classmethod
    def joined(cls, several: Sequence[_Merges], width: int) -> _Merges:
        parts = [[_widened(part, width) for part in one._parts] for one in several]
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _widened(part: NDArray[Any], width: int) -> NDArray[Any]:
    return part if part.ndim == 1 else np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=-1)


@dataclass(frozen=True, eq=False)
class _Zones:
    """A district by zone, each with its school.

    Attributes
    ----------
    counts : ndarray of shape (groups, zones)
        Who lives in each zone.
    low, high : ndarray of shape (zones,)
        For how many pupils there is room.
    may : ndarray of bool, shape (zones, schools)
        Whether all blocks of a zone may go to a school.
    tied, touching : ndarray of bool, shape (zones, zones)
        Whether blocks of two zones stay together; whether they touch.
    cost, moved, minutes : ndarray of shape (zones, schools)
        What the goal counts if a zone goes to a school, how many pupils move, and how many minutes they go in all.
    forms : list of (float, ZonalForm)
        What zones add to the goal.
    limit : float
        How many pupils may move.
    """

    counts: Floats
    low: Floats
    high: Floats
    may: Flags
    tied: Flags
    touching: Flags
    cost: Floats
    moved: Floats
    minutes: Floats
    forms: list[tuple[float, ZonalForm]]
    limit: float

    @classmethod
    def of(cls, problem: Problem, goal: Goal, rules: Sequence[Rule]) -> _Zones:
        at, many = problem.current, len(problem.schools)
        cost, forms = np.zeros(problem.minutes.shape), []
        for weight, what in goal.terms:
            guide = _guide(problem, what)
            cost += 0 if guide.cost is None else weight * guide.cost
            forms += [(weight, form) for form in guide.forms]
        sizes = problem.rolls(at)
        return cls(
            problem.by_school(at),
            *rooms_of(problem, rules),
            _may(problem, rules),
            _tied(problem, rules),
            _touching(problem, rules),
            sum_by_code(cost.T, at, many).T,
            sizes[:, np.newaxis] * ~np.eye(many, dtype=bool),
            sum_by_code((problem.minutes * problem.sizes[:, np.newaxis]).T, at, many).T,
            forms,
            min([rule.most_moved(problem) for rule in rules], default=np.inf),
        )

    @cached_property
    def alone(self) -> tuple[Floats, Flags]:
        """What each zone adds to the goal as it is today, and whether it may stay so."""
        zones = np.arange(len(self.low))
        value = self.mixed(zones[:, np.newaxis]) + np.diag(self.cost)
        sizes = self.counts.sum(axis=0)
        room = (sizes >= self.low - ROUNDING) & (sizes <= self.high + ROUNDING)
        return value, room & np.diag(self.may) & ~self.tied.any(axis=1)

    def mixed(self, schools: Codes) -> Floats:
        """Take what merged zones add by the mix of their pupils; schools of shape (merges, zones)."""
        pooled = self.counts[:, schools].sum(axis=2)
        mix, each = self.counts.sum(axis=1) / self.counts.sum(), pooled.sum(axis=0) / self.counts.sum()
        value: Floats = np.zeros(len(each))
        for weight, form in self.forms:
            value += weight * form.of_residents(pooled, mix) * each
        return value

    def merges(self, schools: Codes, grades: Floats) -> _Merges:
        """Take the merges that keep to the rules and gain something, with their grades divided in the best way.

        Where few may move, also in the ways of which none is better in both goal and moves.
        """
        value, may_stay = self.alone
        parts = np.where(may_stay, value, np.inf)[schools].sum(axis=1)
        spans, even = _Spans.of(grades, schools.shape[1]), self.mixed(schools)
        each, other = schools[:, :, np.newaxis], schools[:, np.newaxis, :]
        ties = self.tied.sum(axis=1)[schools].sum(axis=1) == self.tied[each, other].sum(axis=(1, 2))
        paid = self.cost[each, other].sum(axis=1) @ spans.share.T
        useful = ties & self.may[each, other].all(axis=(1, 2)) & (even + paid.min(axis=1) < parts - EVEN)
        schools, even, paid, each, other, parts = (part[useful] for part in (schools, even, paid, each, other, parts))
        moved, minutes = (matrix[each, other].sum(axis=1) @ spans.share.T for matrix in (self.moved, self.minutes))
        fits = (even[:, np.newaxis] + paid < parts[:, np.newaxis] - EVEN) & self._room(schools, spans)
        merge, way = _chosen(paid, moved, minutes, fits, sparing=self.limit < np.inf)
        return _Merges(
            schools[merge], spans.first[way], spans.beyond[way], even[merge] + paid[merge, way], moved[merge, way]
        )

    def _room(self, schools: Codes, spans: _Spans) -> Flags:
        """Whether every school has room, (merges, ways)."""
        sizes = self.counts.sum(axis=0)[schools].sum(axis=1)
        fits = np.ones((len(schools), len(spans.share)), dtype=bool)
        for school, share in zip(schools.T, spans.share.T, strict=True):
            rolls = np.multiply.outer(sizes, share)
            fits &= (rolls >= self.low[school, np.newaxis] - ROUNDING) & (
                rolls <= self.high[school, np.newaxis] + ROUNDING
            )
        return fits


def _guide(problem: Problem, what: Any) -> Guide:
    """Say how a measure adds up over zones and blocks."""
    guide = guide_of(problem, what)
    if not guide.exact or guide.steep:
        msg = (
            f"{measured_by(what)} is no sum over zones, as which merges are chosen: take one that is, such as "
            "dissimilarity, information_theory, variance_ratio or exposure, without options"
        )
        raise CapabilityError(msg)
    return guide


def _may(problem: Problem, rules: Sequence[Rule]) -> Flags:
    """Whether all blocks of each zone may go to each school."""
    held = [rule.allowed(problem) for rule in rules if not isinstance(rule, Contiguous)]
    shut = ~np.logical_and.reduce([np.ones(problem.minutes.shape, dtype=bool), *held])
    return np.asarray(sum_by_code(shut.T.astype(np.float64), problem.current, len(problem.schools)).T == 0)


def _tied(problem: Problem, rules: Sequence[Rule]) -> Flags:
    """Whether blocks of each two zones stay together."""
    many = len(problem.schools)
    tied = np.zeros((many, many), dtype=bool)
    for rule in rules:
        if isinstance(rule, Together):
            labels, numbers = np.unique(rule.together(problem), return_inverse=True)
            held = sparse.csr_array((np.ones(len(numbers)), (numbers, problem.current)), shape=(len(labels), many))
            tied |= (held.T @ held).toarray() > 0
    np.fill_diagonal(tied, val=False)
    return tied


def _touching(problem: Problem, rules: Sequence[Rule]) -> Flags:
    """Whether blocks of each two zones touch."""
    whole = next((rule for rule in rules if isinstance(rule, Contiguous)), Contiguous())
    blocks = joining(problem.touching(whole.tolerance), whole.left_out(problem))
    a, b = sparse.coo_array(blocks).coords
    touching = np.zeros((len(problem.schools),) * 2, dtype=bool)
    touching[problem.current[a], problem.current[b]] = True
    np.fill_diagonal(touching, val=False)
    return touching | touching.T


def _connected(touching: Flags, size: int) -> Codes:
    """List the sets of two or three zones that hang together, (sets, zones)."""
    pairs = np.argwhere(np.triu(touching))
    if size == 2:
        return pairs
    each = np.nonzero(touching[pairs].any(axis=1))  # pairs, and a third zone that touches one of the two
    triples = np.sort(np.column_stack([pairs[each[0]], each[1]]), axis=1)
    apart = (np.diff(triples, axis=1) > 0).all(axis=1)
    return np.unique(triples[apart], axis=0)


def _chosen(paid: Floats, moved: Floats, minutes: Floats, fits: Flags, *, sparing: bool) -> tuple[Codes, Codes]:
    """Choose the best way to divide the grades of each merge; sparing, also those with a higher goal and fewer moves."""
    paid, moved = (np.where(fits, part, np.inf) for part in (paid, moved))
    order = np.lexsort((minutes.round(6), moved.round(6), paid.round(12)))
    kept, fewest = np.take_along_axis(fits, order, axis=1), np.take_along_axis(moved, order, axis=1)
    better = np.zeros(kept.shape, dtype=bool)
    better[:, 0] = True
    if sparing:
        better[:, 1:] = fewest[:, 1:] < np.minimum.accumulate(fewest, axis=1)[:, :-1] - ROUNDING
    merge, place = np.nonzero(kept & better)
    return merge, order[merge, place]


def _worth_three(zones: _Zones, pairs: _Merges, triples: _Merges) -> Flags:
    """Whether three zones gain more, or move fewer where few may move, than one of them alone and the others as a pair."""
    many = len(zones.low)
    value, may_stay = zones.alone
    order = np.argsort(-pairs.value, kind="stable")  # the best way of each pair is written last
    best, moved = np.full((many, many), np.inf), np.full((many, many), np.inf)
    at = tuple(pairs.schools[order].T)
    best[at], moved[at] = pairs.value[order], pairs.moved[order]
    worth = np.ones(len(triples.value), dtype=bool)
    for one, *two in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        single, pair = triples.schools[:, one], tuple(triples.schools[:, two].T)
        no_worse = may_stay[single] & (value[single] + best[pair] <= triples.value + EVEN)
        worth &= ~(no_worse & ((moved[pair] <= triples.moved + ROUNDING) | (zones.limit == np.inf)))
    return worth


# ---------------------------------------------------------------- which merges are best


def _paired(
    problem: Problem,
    goal: Goal,
    rules: tuple[Rule, ...],
    shares: pd.Series[float],
    largest: int,
    most: int | None,
    seconds: float,
    travelled: bool,
) -> Pairings:
    """Choose merges of a district that is read, and check what is chosen; see `pair_schools`."""
    check_groups(problem)
    zones, grades = _Zones.of(problem, goal, rules), np.asarray(shares, dtype=np.float64)
    goal.value(problem, problem.current)  # refuses groups that an index cannot compare
    found = [zones.merges(_connected(zones.touching, size), grades) for size in range(2, largest + 1)]
    if largest > 2:
        found[1] = found[1].only(_worth_three(zones, *found))
    merges = _Merges.joined(found, largest)
    chosen, least = _partition(problem, zones, merges, rules, most, seconds)
    taken, alone = merges.only(chosen), zones.alone[0]
    cluster, first, beyond, gain = _by_school(taken, alone, len(grades))
    single = ~np.isin(np.arange(len(alone)), taken.schools)
    value = float(alone[single].sum() + taken.value.sum())
    pairings = Pairings(problem, cluster, first, beyond, gain, shares, goal, rules, min(least, value), travelled)
    _check_kept_to(pairings, value, least)
    return pairings


def _by_school(taken: _Merges, alone: Floats, grades: int) -> tuple[Codes, Codes, Codes, Floats]:
    """Give each school the number of its merged zone, the one that gains most first, its grades, and the gain."""
    many = len(alone)
    cluster, gain = np.full(many, -1), np.zeros(many)
    first, beyond = np.zeros(many, dtype=np.intp), np.full(many, grades)
    inside = taken.schools >= 0
    gains = np.where(inside, alone[taken.schools], 0).sum(axis=1) - taken.value
    rank = np.argsort(np.argsort(-gains, kind="stable"))
    merge, place = np.nonzero(inside)
    school = taken.schools[merge, place]
    cluster[school], gain[school] = rank[merge], gains[merge]
    first[school], beyond[school] = taken.first[merge, place], taken.beyond[merge, place]
    cluster[cluster < 0] = len(gains) + np.arange((cluster < 0).sum())
    return cluster, first, beyond, gain


def _check_kept_to(pairings: Pairings, value: float, least: float) -> None:
    """Measure what was chosen with the indices themselves, and count rolls, moves and ways anew."""
    near = PROVEN * max(1, abs(value))
    if not abs(pairings.value - value) <= near or least > value + near:
        msg = f"merges chosen for a goal of {value}, at least {least}, have one of {pairings.value}, which must not be"
        raise ArithmeticError(msg)
    rules = tuple(rule for rule in pairings.constraints if isinstance(rule, (Capacity, LongestTrip, MostMoved)))
    broken = check(replace(pairings.year, constraints=rules))
    if not broken:
        msg = f"merges were chosen that break a rule, which must not be: {broken}"
        raise ArithmeticError(msg)


def _partition(
    problem: Problem, zones: _Zones, merges: _Merges, rules: Sequence[Rule], most: int | None, seconds: float
) -> tuple[Codes, float]:
    """Solve for the best merges, each zone in one or none; with the lowest value that any choice of them could have."""
    value, may_stay = zones.alone
    value = np.where(may_stay, value, 0)
    merge, place = np.nonzero(merges.schools >= 0)
    school = merges.schools[merge, place]
    lost = np.setdiff1d(np.flatnonzero(~may_stay), school)
    if len(lost):
        msg = (
            f"the zones of {listed(problem.schools[lost])} cannot stay as they are, and no merge that keeps to the rules "
            f"takes them in: loosen {_named(rules)} for them"
        )
        raise DataError(msg)
    if not len(merges.value):
        return np.zeros(0, dtype=np.intp), float(value.sum())
    gains = np.bincount(merge, value[school]) - merges.value
    members = sparse.csr_array((np.ones(len(merge)), (school, merge)), shape=(len(value), len(gains)))
    held = [LinearConstraint(members, np.where(may_stay, 0, 1), 1)]
    if most is not None:
        held.append(LinearConstraint(np.ones((1, len(gains))), 0, most))
    if zones.limit < np.inf:
        held.append(LinearConstraint(merges.moved[np.newaxis], 0, zones.limit))
    largest = np.abs(gains).max()
    steep = STEEPEST / largest if largest > EVEN else 1.0
    found = milp(
        -steep * gains,
        integrality=np.ones(len(gains), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=held,
        options={"time_limit": seconds, "mip_rel_gap": 0},
    )
    if found.status not in (SOLVED, TIMED_OUT):
        msg = (
            f"no choice of merges keeps to the rules: the zones of {listed(problem.schools[~may_stay])} cannot stay as they "
            f"are. Loosen {_named(rules)}{'' if most is None else f' or most={most}'}"
        )
        raise DataError(msg)
    if found.x is None and not may_stay.all():
        msg = f"no choice of merges that keeps to the rules was found in {seconds:g} seconds: give more"
        raise CapabilityError(msg)
    chosen = np.zeros(0, dtype=np.intp) if found.x is None else np.flatnonzero(found.x > 0.5)
    bound = -np.inf if found.mip_dual_bound is None else found.mip_dual_bound / steep
    return chosen, float(value.sum() + bound)


def _named(rules: Sequence[Rule]) -> str:
    return " or ".join(map(repr, rules))


@dataclass(frozen=True, eq=False)
class Pairings:
    """Which zones merge, which of their schools takes which grades, and what follows from it.

    Attributes
    ----------
    problem : Problem
        The district.
    cluster : ndarray of int, shape (schools,)
        Number, from 0, of the merged zone of each school: merges first, that which gains most before others; then zones
        that stay.
    first, beyond : ndarray of int, shape (schools,)
        Position of the first grade of each school, and of the next one after its last.
    gain : ndarray of shape (schools,)
        By how much the merge of each school makes the goal smaller; 0 where its zone stays.
    grades : Series
        Share of the pupils in each grade.
    goal : Goal
        What was to be small.
    constraints : tuple of Rule
        What was kept to.
    bound : float
        The goal of no other choice of merges is lower.
    travelled : bool
        Whether minutes were given.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> merged = sgt.pair_schools(
    ...     sgt.Population.from_frame(district.blocks, ["a", "b", "c"]),
    ...     current=district.blocks["school"],
    ...     schools=district.schools,
    ...     grades=["K", "1", "2", "3", "4", "5"],
    ...     constraints=[sgt.capacity(within=0.3)],
    ... )
    >>> merged.proven, bool(merged.after["dissimilarity"] <= merged.before["dissimilarity"])
    (True, True)
    """

    problem: Problem = field(repr=False)
    cluster: Codes = field(repr=False)
    first: Codes = field(repr=False)
    beyond: Codes = field(repr=False)
    gain: Floats = field(repr=False)
    grades: pd.Series[float] = field(repr=False)
    goal: Goal
    constraints: tuple[Rule, ...]
    bound: float
    travelled: bool

    @cached_property
    def share(self) -> Floats:
        """Share of the pupils of its merged zone that each school has, (schools,)."""
        return _between(np.asarray(self.grades, dtype=np.float64), self.first, self.beyond)

    @cached_property
    def year(self) -> Plan:
        """An average year as a plan: a row for each block and school that its pupils attend, with those in its grades."""
        problem = self.problem
        block, school = np.nonzero(self.cluster[problem.current][:, np.newaxis] == self.cluster)
        counts = problem.counts[:, block] * self.share[school]
        parts = replace(
            problem,
            pupils=Population(counts, problem.pupils.groups),
            today=problem.today[block],
            current=problem.current[block],
            minutes=problem.minutes[block],
            stands=np.full(len(problem.schools), -1),
            given=None,
        )
        return Plan(parts, school, self.goal, self.constraints, None)

    @property
    def merges(self) -> int:
        """How many merges there are."""
        return int((np.bincount(self.cluster) > 1).sum())

    @property
    def before(self) -> pd.Series[float]:
        """Measures of today's zones."""
        return self._measured(self.year.problem.current)

    @property
    def after(self) -> pd.Series[float]:
        """Measures of the merged zones, in an average year."""
        return self._measured(self.year.zone)

    def _measured(self, zone: Codes) -> pd.Series[float]:
        costs = [moves, travel_time] if self.travelled else [moves]
        return values_of(self.year.problem, zone, [*(what for _, what in self.goal.terms), *costs])

    @cached_property
    def value(self) -> float:
        """The goal, as its measures say."""
        return self.goal.value(self.year.problem, self.year.zone)

    @property
    def gap(self) -> float:
        """By how much the goal could at most be lower."""
        return max(0.0, self.value - self.bound)

    @property
    def proven(self) -> bool:
        """Whether no choice of merges has a goal that is lower by more than 1e-9."""
        return self.gap <= PROVEN * max(1, abs(self.value))

    @property
    def moved(self) -> float:
        """Share of pupils who, in an average year, attend another school than that of their zone today."""
        return self.year.moved

    @property
    def rolls(self) -> pd.DataFrame:
        """Pupils of each school by group: columns ``("today", group)`` and ``("plan", group)``."""
        return self.year.rolls

    @property
    def clusters(self) -> pd.DataFrame:
        """One row a school, merged zones together, that which gains most first, their schools from low to high grades.

        `cluster` is the number of the merged zone, from 1, `schools` how many it has; `first` and `last` are grades; `gain`
        is by how much the merge makes the goal smaller; `roll_today` and `roll` count pupils; `low` and `high` say for how
        many there is room.
        """
        low, high = rooms_of(self.problem, self.constraints)
        frame = pd.DataFrame(
            {
                "cluster": self.cluster + 1,
                "schools": np.bincount(self.cluster)[self.cluster],
                "first": self.grades.index[self.first],
                "last": self.grades.index[self.beyond - 1],
                "gain": self.gain,
                "roll_today": self.problem.rolls(self.problem.current),
                "roll": self.year.problem.rolls(self.year.zone),
                "low": low,
                "high": high,
            },
            index=self.problem.schools,
        )
        return frame.iloc[np.lexsort((self.first, self.cluster))]

    def burden(self, *, walk: float = WALK) -> pd.DataFrame:
        """Tell by group whom the merges ask to go to another school, and how far, in an average year.

        Parameters
        ----------
        walk : float
            Minutes up to which pupils are taken to walk.

        Returns
        -------
        DataFrame
            As `Plan.burden`; without the columns that read minutes where none were given.
        """
        burden = self.year.burden(walk=walk)
        return burden if self.travelled else burden.loc[:, ~burden.columns.str.startswith(OF_WAYS)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a block, with geometry where there is any.

        `current` is the school of today, `cluster` the number of the merged zone, ``grade K`` … the school in each grade,
        `moved` the share of pupils who attend another school than today's in an average year, `minutes_before` and
        `minutes_now` their mean way, where minutes were given.

        Returns
        -------
        DataFrame or GeoDataFrame
        """
        problem, at = self.problem, self.problem.current
        frame = pd.DataFrame({"current": problem.today, "cluster": self.cluster[at] + 1}, index=problem.blocks)
        for place, grade in enumerate(self.grades.index):
            frame[f"grade {grade}"] = problem.schools[self._school_in(place)[self.cluster[at]]]
        frame["moved"] = 1 - self.share[at]
        if self.travelled:
            attends = (self.cluster[at][:, np.newaxis] == self.cluster) * self.share
            frame["minutes_before"] = problem.minutes[np.arange(len(at)), at]
            frame["minutes_now"] = (attends * problem.minutes).sum(axis=1)
        return problem.pupils.geography.placing(frame)

    def _school_in(self, place: int) -> Codes:
        """Which school of each merged zone serves a grade."""
        serving = np.flatnonzero((self.first <= place) & (place < self.beyond))
        schools = np.zeros(len(serving), dtype=np.intp)
        schools[self.cluster[serving]] = serving
        return schools

    @property
    def _title(self) -> str:
        paired = self.clusters["schools"] > 1
        proof = (
            "no other choice has a lower goal" if self.proven else f"the goal could be lower by at most {self.gap:.2g}"
        )
        return (
            f"{self.merges:,} merges of {int(paired.sum()):,} of {len(paired):,} zones; {self.moved:.1%} of pupils attend "
            f"another school in an average year; {proof}"
        )

    def __str__(self) -> str:
        table = pd.DataFrame({"before": self.before, "after": self.after})
        merged = self.clusters.query("schools > 1").drop(columns="schools")
        told = merged.to_string(float_format="{:.4g}".format, max_rows=20) if len(merged) else ""
        return f"{self._title}\n{table.to_string(float_format='{:.4f}'.format)}\n{told}".rstrip()

    def _repr_html_(self) -> str:
        values = zip(map(str, self.before.index), self.before, self.after, strict=True)
        rows = [[name, f"{was:.4f}", f"{now:.4f}"] for name, was, now in values]
        return html_table(["", "before", "after"], rows, caption=self._title)
