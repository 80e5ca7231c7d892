"""What speaks for a plan: beside other plans, beside the neighbourhoods, and school by school."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import measurable
from segregation_tools.environments.nearest import NearestPeople
from segregation_tools.errors import CapabilityError, DataError, GeographyError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.indices.exposure import exposure
from segregation_tools.planning.burden import longest_way
from segregation_tools.planning.constraints import Capacity
from segregation_tools.planning.goals import moves, travel_time
from segregation_tools.planning.plan import Plan, check, values_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.problem import Problem
    from segregation_tools.population.environment import Environment

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["check_alike", "compare_plans", "residential_gap", "school_contributions"]

BEYOND = "schools_beyond_capacity"
EVEN = 1e-12  # an index of no more is rounding, and has no parts


# ---------------------------------------------------------------- beside other plans


def compare_plans(plans: Sequence[Plan] | Mapping[Hashable, Plan]) -> pd.DataFrame:
    """Set plans of one district beside each other and beside today, all by the same measures.

    Parameters
    ----------
    plans : sequence of Plan, or mapping of name to Plan
        Over the same pupils, today's zones and minutes; other schools may close or open in each. Without names they are
        ``"plan 1"``, ``"plan 2"`` …

    Returns
    -------
    DataFrame
        One row a measure; columns `today` and one a plan. First what any of the goals names, `moves` and `travel_time`, of
        every plan; then `longest_way` (minutes, of anybody), `largest_share_moved` (of a group) and `rules_broken`: how many
        rows `check` has, each plan under its own rules, today under those of the first plan that closes no school. Where any
        plan has a rule of capacity, `schools_beyond_capacity`: those too full or too empty. NaN of today where every plan
        closes a school, and for capacity of plans without such a rule.

    Raises
    ------
    DataError
        If plans are of other pupils, zones or minutes, and of which.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.rezone(pupils, **today, constraints=[sgt.capacity(within=0.15)], rng=7, steps=50_000)
    >>> table = sgt.compare_plans({"mixed": plan, "nearest": sgt.distance_minimizing(pupils, **today)})
    >>> list(table), list(table.index)[:3], table.loc["moves", "nearest"]
    (['today', 'mixed', 'nearest'], ['dissimilarity', 'moves', 'travel_time'], np.float64(0.0))
    """
    named = _named(plans)
    check_alike(named)
    whats = [what for plan in named.values() for _, what in plan.goal.terms] + [moves, travel_time]
    columns = {name: _measured(plan, whats) for name, plan in named.items()}
    table = pd.DataFrame(columns, columns=pd.Index(list(columns), tupleize_cols=False))
    open_now = next((plan for plan in named.values() if (plan.problem.current >= 0).all()), None)
    today = (
        np.nan if open_now is None else pd.Series(_measured(replace(open_now, zone=open_now.problem.current), whats))
    )
    table.insert(0, "today", today)
    asked = table.loc[BEYOND].notna().any()
    return (table if asked else table.drop(BEYOND)).rename_axis("measure")


def _named(plans: Any) -> dict[Hashable, Plan]:
    if isinstance(plans, Plan) or not hasattr(plans, "__iter__"):
        msg = f"compare_plans takes a list of plans, or a dict of name to plan, not {type(plans).__name__}"
        raise OptionError(msg)
    listed_up = list(plans) if not isinstance(plans, Mapping) else []
    named = dict(plans) if isinstance(plans, Mapping) else {f"plan {i}": plan for i, plan in enumerate(listed_up, 1)}
    strangers = [name for name, plan in named.items() if not isinstance(plan, Plan)]
    if strangers or not named:
        what = f"{listed(strangers)} is none" if strangers else "there is none"
        msg = f"compare_plans takes plans, from rezone, score or load_plan: {what}"
        raise OptionError(msg)
    if "today" in named:
        msg = "a plan is called 'today', as the column of today's zones: give it another name"
        raise OptionError(msg)
    return named


def check_alike(plans: Mapping[Hashable, Plan]) -> None:
    """Refuse plans of which the numbers do not belong into one table.

    Parameters
    ----------
    plans : mapping of name to Plan
        Each is set beside the first.

    Raises
    ------
    DataError
        If pupils, today's zones or minutes are not the same.
    """
    (name, first), *others = plans.items()
    for other, plan in others:
        a, b = first.problem, plan.problem
        what = ""
        if not a.blocks.equals(b.blocks):
            what = "blocks, or of blocks in another order"
        elif a.pupils.groups != b.pupils.groups or not np.array_equal(a.counts, b.counts):
            what = "pupils"
        else:
            shared = a.schools.intersection(b.schools)
            (in_a, today_a), (in_b, today_b) = (
                (one.schools.get_indexer(shared), _position_among(one, shared)) for one in (a, b)
            )
            if not np.array_equal(a.minutes[:, in_a], b.minutes[:, in_b]):
                what = "minutes to the same schools"
            elif not np.array_equal(today_a, today_b):
                what = "zones of today"
        if what:
            msg = (
                f"{name!r} and {other!r} are plans of other {what}: compare plans that were made from the same pupils=, "
                "current= and travel="
            )
            raise DataError(msg)


def _position_among(problem: Problem, schools: pd.Index[Any]) -> Codes:
    """Say which of some schools each block goes to today; −1 where it is another, or closes."""
    return np.where(problem.current >= 0, schools.get_indexer(problem.schools)[problem.current], -1)


def _measured(plan: Plan, whats: Sequence[Any]) -> dict[Hashable, float]:
    problem, zone = plan.problem, plan.zone
    moved = problem.counts[:, zone != problem.current].sum(axis=1) / problem.counts.sum(axis=1)
    broken = check(plan).violations
    held = any(isinstance(rule, Capacity) for rule in plan.constraints)
    others = {
        "longest_way": longest_way(problem.minutes[np.arange(len(zone)), zone], problem.sizes),
        "largest_share_moved": float(moved.max()),
        "rules_broken": float(len(broken)),
        BEYOND: float(broken["where"][broken["rule"] == "capacity"].nunique()) if held else np.nan,
    }
    values = values_of(problem, zone, whats).to_dict()
    taken = [name for name in others if name in values]
    if taken:
        msg = f"measures of plans are called {listed(taken)}, as rows of the table: give them other names"
        raise OptionError(msg)
    return values | others


# ---------------------------------------------------------------- beside the neighbourhoods


def residential_gap(plan: Plan, *, neighbourhood: Environment | None = None) -> pd.DataFrame:
    """Set whom pupils meet at school beside whom they meet where they live.

    It says which is the lever, zones or housing.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    neighbourhood : recipe of an environment, optional
        Whom pupils meet where they live, such as ``sgt.Radius(1000)``; without, the nearest pupils, as many as a school has
        on average, so that schools and neighbourhoods are of one size.

    Returns
    -------
    DataFrame
        One row for each `group` and group it has met (`met`). `neighbourhood`, `today` and `plan` are exposures: the share
        of `met` among those whom the average pupil of `group` has around; they add up to 1 for each group. `gap_today` and
        `gap_plan` are those of schools less that of the neighbourhood; they add up to 0. Above 0 for a group and itself, it
        is more among itself at school than at home, and other zones could change that; near 0, schools are as their
        neighbourhoods; below 0, zones bring together whom housing keeps apart. NaN of today where a school closes.

    Raises
    ------
    GeographyError
        If there is no geometry, or it is in degrees, and the neighbourhood needs metres.

    References
    ----------
    Monarrez, T. (2023), School attendance boundaries and the segregation of public schools in the United States, American
    Economic Journal: Applied Economics 15(3), 210–237.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b"])
    >>> gap = sgt.residential_gap(sgt.distance_minimizing(pupils, **today))
    >>> list(gap), list(gap.index)
    (['neighbourhood', 'today', 'plan', 'gap_today', 'gap_plan'], [('a', 'a'), ('a', 'b'), ('b', 'a'), ('b', 'b')])
    """
    problem = plan.problem
    met = {
        "neighbourhood": exposure(problem.pupils.within(_nearest(problem) if neighbourhood is None else neighbourhood)),
        "today": _exposure_at_school(problem, problem.current),
        "plan": _exposure_at_school(problem, plan.zone),
    }
    groups = problem.pupils.group_index()
    pairs = pd.MultiIndex.from_product([groups, groups], names=["group", "met"])
    frame = pd.DataFrame({name: np.asarray(matrix).reshape(-1) for name, matrix in met.items()}, index=pairs)
    for date in ("today", "plan"):
        frame[f"gap_{date}"] = frame[date] - frame["neighbourhood"]
    return frame


def _nearest(problem: Problem) -> NearestPeople:
    try:
        problem.pupils.geography.bands  # noqa: B018 - made here, so that the refusal can name the way out
    except GeographyError as refusal:
        msg = f"{refusal}. Or say whom pupils meet where they live: neighbourhood=sgt.Zones(...), sgt.Neighbours(...)"
        raise GeographyError(msg) from refusal
    return NearestPeople(problem.sizes.sum() / len(problem.schools))


def _exposure_at_school(problem: Problem, zone: Codes) -> Floats:
    if (zone < 0).any():
        return np.full((len(problem.counts),) * 2, np.nan)
    return np.asarray(exposure(problem.schools_of(zone)))


# ---------------------------------------------------------------- school by school


def school_contributions(plan: Plan, index: Index = dissimilarity) -> pd.DataFrame:
    """Tell which part of segregation each school holds, today and in the plan.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    index : Index
        A mean of scores over pupils: `dissimilarity`, `information_theory`, `variance_ratio`, `gorard`, `hutchens` …

    Returns
    -------
    DataFrame
        One row a school; `today` and `plan`: by which share of its value the index would fall if the school had the mix of
        the district and all else stayed, t_s score_s / Σ t score; they add up to 1. Below 0 where the index would rise, for
        an index such as `information_theory` in a school more diverse than the district. `change` is the plan less today.
        NaN of today where a school closes, and of both where there is no segregation at all.

    Raises
    ------
    CapabilityError
        If schools have no part of the index.

    References
    ----------
    Monarrez, T., Kisida, B. & Chingos, M. (2019), When is a school segregated? Making sense of segregation 65 years after
    Brown v. Board of Education, Urban Institute: the Segregation Contribution Index.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> parts = sgt.school_contributions(sgt.distance_minimizing(pupils, **today))
    >>> parts.sum().round(10).tolist()
    [1.0, 1.0, 0.0]
    """
    index = measurable(index)
    if index.local_refusal or index.answer != "number" or index.dimension not in ("evenness", "ordinal"):
        reason = (
            index.local_refusal or f"it is a measure of {index.dimension}, and 0 for no mix that a school could have"
        )
        msg = (
            f"schools have no part of {index.__name__}: {reason}. Take a mean of scores, such as dissimilarity, "
            "information_theory or variance_ratio"
        )
        raise CapabilityError(msg)
    frame = pd.DataFrame(
        {
            "today": _parts(plan.problem, plan.problem.current, index),
            "plan": _parts(plan.problem, plan.zone, index),
        },
        index=plan.problem.schools,
    )
    frame["change"] = frame["plan"] - frame["today"]
    return frame


def _parts(problem: Problem, zone: Codes, index: Index) -> Floats:
    if (zone < 0).any():
        return np.full(len(problem.schools), np.nan)
    pupils = problem.schools_of(zone)
    falls = np.nan_to_num(np.asarray(index.local(pupils))) * pupils.sizes  # the score of the district's own mix is 0
    even = abs(falls.sum()) <= EVEN * pupils.sizes.sum()
    return np.full(len(falls), np.nan) if even else np.asarray(falls / falls.sum())
