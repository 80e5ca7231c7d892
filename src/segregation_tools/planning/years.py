"""A plan over the years: who really moves while it is phased in, and whether it still fits when pupils grow in number."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.planning.constraints import ROUNDING
from segregation_tools.planning.goals import measured_by
from segregation_tools.planning.grades import read_grades
from segregation_tools.planning.projection import Projection, years_ahead, years_of
from segregation_tools.planning.rates import Pupils
from segregation_tools.planning.rolls import index_of_rolls, one_valued, room_of, years_and_groups
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.plan import Plan

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Bools = NDArray[np.bool_]

__all__ = ["PhaseIn", "PlanYears", "phase_in", "score_years"]

NOBODY = 1e-9  # pupils


# ---------------------------------------------------------------- rolls of several years


@dataclass(frozen=True, eq=False)
class PlanYears:
    """Rolls of a plan, year by year, beside those that today's zones would have.

    Attributes
    ----------
    plan : Plan
        The plan.
    index : Index or None
        What is measured on the rolls of each year.
    rolls : DataFrame
        One row a year and school, schools that close among them; columns ``(zones, group)``: `today`, had today's zones
        stayed; `plan`, were the plan in force for all; of a `PhaseIn` also `phase_in`, as it is in that year.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> ahead = sgt.project_pupils(pupils, years=3, growth=pd.Series({"a": 0.1, "b": 0.0, "c": 0.0}))
    >>> sgt.score_years(plan, ahead).years
    [0, 1, 2, 3]
    """

    plan: Plan = field(repr=False)
    index: Index | None
    rolls: pd.DataFrame = field(repr=False)

    @property
    def years(self) -> list[int]:
        """The years, in order."""
        return [int(year) for year in self.rolls.index.unique("year")]

    @property
    def _zones(self) -> list[str]:
        return list(self.rolls.columns.unique("zones"))

    @cached_property
    def segregation(self) -> pd.DataFrame:
        """The index of the rolls of each year: columns as the zones of `rolls`."""
        if self.index is None:
            return pd.DataFrame(index=pd.Index(self.years, name="year"))
        groups = self.plan.problem.pupils.groups
        values = {
            zones: [index_of_rolls(self.index, self.rolls[zones].loc[year].to_numpy().T, groups) for year in self.years]
            for zones in self._zones
        }
        return pd.DataFrame(values, index=pd.Index(self.years, name="year"))

    @cached_property
    def beyond_room(self) -> pd.DataFrame:
        """By how many pupils rolls are too large, or (below 0) too small, for the plan's rules of capacity.

        One row a year and school, columns as the zones of `rolls`; 0 where a roll is within its room, NaN without a rule.
        """
        schools = self.rolls.index.get_level_values("school")
        room = room_of(self.plan, schools.unique()).reindex(schools).to_numpy()
        low, high = room[:, :1], room[:, 1:]
        rolls = np.stack([self.rolls[zones].to_numpy().sum(axis=1) for zones in self._zones], axis=1)
        beyond = np.where(rolls > high + ROUNDING, rolls - high, np.where(rolls < low - ROUNDING, rolls - low, 0.0))
        return pd.DataFrame(np.where(np.isnan(low), np.nan, beyond), index=self.rolls.index, columns=self._zones)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a year.

        Returns
        -------
        DataFrame
            `pupils`; the index, ``<index>_today`` and so on for each of the zones of `rolls`; and, where the plan has a rule
            of capacity, ``schools_beyond_today`` …: how many schools are too full or too empty.
        """
        frame = pd.DataFrame({"pupils": self.rolls["plan"].groupby(level="year").sum().T.sum()})
        if self.index is not None:
            frame = frame.join(self.segregation.add_prefix(f"{measured_by(self.index)}_"))
        beyond = self.beyond_room
        if beyond.notna().to_numpy().any():
            many = (beyond.fillna(0) != 0).groupby(level="year").sum()
            frame = frame.join(many.add_prefix("schools_beyond_"))
        return frame

    @property
    def _title(self) -> str:
        return f"{self.plan._title}, {self.years[0]} to {self.years[-1]}"

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().reset_index().astype(object), self._title)


@dataclass(frozen=True, eq=False)
class _District:
    """Schools of today and of the plan, those that close at the end; the school of each block by both."""

    schools: pd.Index[Any]
    today: Codes
    plan: Codes

    @classmethod
    def of(cls, plan: Plan) -> _District:
        problem = plan.problem
        closes = problem.current < 0
        closing = problem.today[closes].unique()
        today = problem.current.copy()
        today[closes] = len(problem.schools) + closing.get_indexer(problem.today[closes])
        return cls(problem.schools.append(closing).rename("school"), today, plan.zone)

    def rolls(
        self, counts: Mapping[str, tuple[Floats, Floats]], years: Sequence[int], groups: tuple[Hashable, ...]
    ) -> pd.DataFrame:
        """Add up who goes by today's zones and who by the plan: arrays (years, groups, blocks) for each of some zones."""
        schools = len(self.schools)
        columns = {}
        for zones, (by_today, by_plan) in counts.items():
            rolls = np.stack(
                [
                    sum_by_code(old, self.today, schools) + sum_by_code(new, self.plan, schools)
                    for old, new in zip(by_today, by_plan, strict=True)
                ]
            )
            for group, row in zip(groups, rolls.transpose(1, 0, 2), strict=True):
                columns[zones, group] = row.reshape(-1)
        rows = pd.MultiIndex.from_product([years, self.schools], names=["year", "school"])
        return pd.DataFrame(columns, index=rows).rename_axis(["zones", "group"], axis=1)


def score_years(plan: Plan, projection: Projection, *, index: Index | None = dissimilarity) -> PlanYears:
    """Follow a plan over projected years: rolls, room and index of each, beside today's zones.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    projection : Projection
        Of the plan's pupils, from `project_pupils`.
    index : Index, optional
        With one value, measured on the rolls of each year; None for none.

    Returns
    -------
    PlanYears
        In each year either all pupils go by today's zones, or all by the plan; `phase_in` follows who goes by which. Room is
        that of the plan's rules of capacity, the same in all years: ``capacity(within=...)`` is a share of today's rolls.

    Raises
    ------
    DataError
        If the projection is of other pupils than the plan.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> rules = [sgt.capacity(within=0.15)]
    >>> plan = sgt.rezone(pupils, **today, constraints=rules, rng=7, steps=50_000)
    >>> ahead = sgt.project_pupils(pupils, years=3, growth=pd.Series({"a": 0.1, "b": 0.0, "c": 0.0}))
    >>> followed = sgt.score_years(plan, ahead).to_frame()
    >>> followed["schools_beyond_plan"].tolist()
    [0, 0, 1, 1]
    """
    index = None if index is None else one_valued(index)
    counts = _projected(plan, projection)
    nobody = np.zeros_like(counts)
    by = {"today": (counts, nobody), "plan": (nobody, counts)}
    return PlanYears(plan, index, _District.of(plan).rolls(by, projection.years, plan.problem.pupils.groups))


def _projected(plan: Plan, projection: Any) -> Floats:
    """Take the pupils of a projection that is of the plan's own."""
    if not isinstance(projection, Projection):
        msg = f"projection must come from project_pupils, not {type(projection).__name__}"
        raise OptionError(msg)
    problem, of = plan.problem, projection.pupils
    same = of.groups == problem.pupils.groups and of.units.equals(problem.blocks)
    if not same or not np.array_equal(projection.counts[0], problem.counts):
        msg = (
            "the projection is of other pupils, groups or blocks than the plan: project those that the plan was made of"
        )
        raise DataError(msg)
    return projection.counts


# ---------------------------------------------------------------- who goes by the plan already


@dataclass(frozen=True, eq=False)
class PhaseIn(PlanYears):
    """Who goes where while a plan is phased in.

    Attributes
    ----------
    plan, index, rolls
        As of `PlanYears`; rolls have a third of zones, `phase_in`, as it is in each year.
    begins : int
        First year in which the plan holds.
    grades : Series
        Share of pupils in each grade, from the first to the top.
    pupils : DataFrame
        One row a year and group, and one for all groups: `pupils`; `at_new_school`, who goes to another school than by
        today's zones; `at_old_school`, who goes by today's zones although the plan says another school, which are all before
        it begins, and then `grandfathered`, who began there under today's zones, and `followed`, who went there after an
        older sibling; `change`, who changes school before having finished it; `parted`, new entrants who go by the plan
        while an older sibling stays.

    Examples
    --------
    Six grades; the highest may stay where it began.

    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> phased = sgt.phase_in(plan, grades=6, grandfathered=[6])
    >>> phased.begins, phased.to_frame().columns.tolist()[:2]
    (1, ['pupils', 'at_new_school'])
    """

    begins: int
    grades: pd.Series[float] = field(repr=False)
    pupils: pd.DataFrame = field(repr=False)

    @property
    def in_force(self) -> int | None:
        """First year from which all pupils go by the plan; None if that comes later."""
        at_old = self._everyone["at_old_school"]
        waiting = [year for year in self.years if at_old[year] > NOBODY]
        last = waiting[-1] if waiting else None
        return next((year for year in self.years if year >= self.begins and (last is None or year > last)), None)

    @property
    def _everyone(self) -> pd.DataFrame:
        return self.pupils.groupby(level="year", sort=False).last()  # the row of all groups

    def to_frame(self) -> pd.DataFrame:
        """Return one row a year.

        Returns
        -------
        DataFrame
            Of all groups what `pupils` has, and `share_at_new_school`; then index and schools beyond their room as in
            `PlanYears.to_frame`.
        """
        frame = self._everyone
        frame.insert(2, "share_at_new_school", frame["at_new_school"] / frame["pupils"])
        return frame.join(super().to_frame().drop(columns="pupils"))

    @property
    def _title(self) -> str:
        when = "later than that" if self.in_force is None else f"in {self.in_force}"
        change = self._everyone["change"].sum()
        return f"{super()._title}: begins in {self.begins}, in force for all {when}; {change:,.0f} pupils change school"


def phase_in(
    plan: Plan,
    *,
    grades: int | Sequence[Any] | pd.Series[Any] | Mapping[Any, float],
    begins: int | None = None,
    grandfathered: Any = (),
    take_up: Any = 1.0,
    siblings: Any = 0.0,
    follow: Any = 1.0,
    years: int | None = None,
    projection: Projection | None = None,
    index: Index | None = dissimilarity,
) -> PhaseIn:
    """Follow a plan, year by year, until it is in force for all: who may stay, who really changes school.

    Each year the top grade leaves, all others go up by one, and a new cohort enters the first grade. Whoever enters when the
    plan has begun goes by the plan; who is enrolled then changes school, unless grandfathered.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    grades : int, sequence, Series or mapping
        How many grades of equal size (1, 2, …), or their names, from the first to the top; or the share (or number) of
        pupils in each grade, by name: as in `pair_schools`. In every block, group and year the grades have these shares.
    begins : int, optional
        First year in which the plan holds; the year after today without. Today is year 0, or the projection's first.
    grandfathered : "all" or sequence of grades
        Grades, by the names that `grades` gives them, as they are in the year in which the plan begins ("rising fifth
        graders"), whose pupils may stay at today's school until they have finished it; nobody without. Who enters the first
        grade in that year has not been enrolled.
    take_up : float, Series or DataFrame
        Share from 0 to 1 of them who do stay; the others change with the plan: one for all, a Series by group or by block,
        or a DataFrame of blocks × groups.
    siblings : float, Series or DataFrame
        Share of new entrants who in an ordinary year have an older sibling at the same school.
    follow : float, Series or DataFrame
        Share of those with an older sibling who is grandfathered who may, and do, enter that sibling's school.
    years : int or sequence of int, optional
        How many years after today are followed, or which, as in `project_pupils`; without, until the plan is in force for
        all.
    projection : Projection, optional
        Pupils of each year, from `project_pupils`, instead of as many as today; it says which years are followed.
    index : Index, optional
        With one value, measured on the rolls of each year; None for none.

    Returns
    -------
    PhaseIn
        `.pupils` by year and group, `.rolls` by year and school, `.beyond_room`, `.segregation`, `.in_force`. With nobody
        grandfathered the plan is in force in the year in which it begins; with `grades` grades and no siblings, after
        at most ``grades - 1`` more years; with siblings, after ``2 * grades - 2`` at most.

    Raises
    ------
    DataError, OptionError
        If grades, shares or years are out of range, or the projection is of other pupils.

    Notes
    -----
    A sibling follows only after pupils who are grandfathered themselves, of the same block and group: of N entrants, N ×
    `siblings` × (share of the higher grades that is grandfathered) have such a sibling. Those who followed stay until they
    have finished, but nobody follows them. Where a cohort shrinks, by the shares of grades or by a projection, those who
    stay leave in proportion; where it grows, who is new goes by the plan. Nobody stays at a school that closes. Pupils who
    repeat a grade, move house or choose another school are not modelled; of choice, see `expected_rolls`.

    Examples
    --------
    Six grades; the two highest may stay, and half of the entrants have an older sibling at school.

    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.rezone(pupils, **today, constraints=[sgt.capacity(within=0.15)], rng=7, steps=50_000)
    >>> phased = sgt.phase_in(plan, grades=6, grandfathered=[5, 6], siblings=0.5)
    >>> phased.to_frame()["share_at_new_school"].round(3).tolist(), round(plan.moved, 3)
    ([0.0, 0.265, 0.328, 0.398, 0.398, 0.398, 0.398, 0.412, 0.419], 0.419)
    >>> phased.in_force
    8
    """
    index = None if index is None else one_valued(index)
    problem, shares = plan.problem, read_grades(grades)
    stays = _grandfathered(grandfathered, shares.index)
    apart = Pupils.of(problem.pupils)
    takes, has_older, follows = (
        apart.rates(given, name, "a share")
        for given, name in ((take_up, "take_up"), (siblings, "siblings"), (follow, "follow"))
    )
    labels, counts = _followed(plan, years, projection, begins, 2 * len(shares) - 1)
    start = labels[1] if begins is None else int(begins)
    moving = plan.zone != problem.current
    cohorts = _Cohorts.of(
        counts * moving,
        np.array(shares, dtype=np.float64),
        labels.index(start),
        stays=stays[:, np.newaxis, np.newaxis] * takes * (problem.current >= 0),
        older=has_older * (problem.current >= 0),
        follow=follows,
    )
    if years is None and projection is None:
        last = labels.index(start) + int((cohorts.at_old[labels.index(start) :].sum(axis=(1, 2)) > NOBODY).sum())
        labels, counts, cohorts = labels[: last + 1], counts[: last + 1], cohorts.until(last + 1)
    nobody = np.zeros_like(counts)
    by = {
        "today": (counts, nobody),
        "phase_in": (cohorts.at_old, counts - cohorts.at_old),
        "plan": (nobody, counts),
    }
    return PhaseIn(
        plan,
        index,
        _District.of(plan).rolls(by, labels, problem.pupils.groups),
        begins=start,
        grades=shares,
        pupils=cohorts.table(labels, counts, moving, problem.pupils.groups),
    )


def _grandfathered(given: Any, grades: pd.Index[Any]) -> Bools:
    """Say which grades may stay."""
    if isinstance(given, str) and given == "all":
        return np.arange(len(grades)) > 0
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        msg = f"grandfathered must be 'all' or a list of grades, grandfathered=[{listed(grades[-1:])}], not {given!r}"
        raise OptionError(msg)
    named = pd.Index(list(given), tupleize_cols=False)
    strangers = named[~named.isin(grades)]
    if len(strangers):
        msg = f"grandfathered names grades that are not there: {listed(strangers)}; grades are {listed(grades, 20)}"
        raise OptionError(msg)
    if grades[0] in named:
        msg = (
            f"grandfathered names the first grade, {listed(grades[:1])}: who enters it when the plan begins is not enrolled "
            "yet. Leave it out; siblings= says who may follow an older sibling"
        )
        raise OptionError(msg)
    return np.asarray(grades.isin(named))


def _followed(
    plan: Plan, years: Any, projection: Projection | None, begins: Any, most: int
) -> tuple[tuple[int, ...], Floats]:
    """List the years that are followed, today first, and the pupils of each, (years, groups, blocks)."""
    if projection is not None:
        if years is not None:
            msg = "the projection says which years are followed: leave out years="
            raise OptionError(msg)
        counts = _projected(plan, projection)
        labels = projection.years
    else:
        if years is None:
            first = 1 if begins is None else years_ahead(begins, "begins", "a year after today")
            years = range(first + most + 1)
        labels = years_of(years)
        counts = np.broadcast_to(plan.problem.counts, (len(labels), *plan.problem.counts.shape))
    if begins is not None and begins not in labels[1:]:
        msg = f"begins must be one of the years after today, {labels[1]} to {labels[-1]}, not {begins!r}"
        raise OptionError(msg)
    return labels, counts


@dataclass(frozen=True, eq=False)
class _Cohorts:
    """Pupils whose block changes school: arrays of shape (years, groups, blocks)."""

    at_old: Floats
    grandfathered: Floats
    followed: Floats
    change: Floats
    parted: Floats

    @classmethod
    def of(
        cls, pupils: Floats, shares: Floats, start: int, *, stays: Floats, older: Floats, follow: Floats
    ) -> _Cohorts:
        """Let cohorts go up, grade by grade.

        Parameters
        ----------
        pupils : ndarray of shape (years, groups, blocks)
            Of blocks whose school changes; 0 elsewhere.
        shares : ndarray of shape (grades,)
            Of pupils, the same in each year.
        start : int
            Position of the year in which the plan begins.
        stays : ndarray of shape (grades, groups, blocks)
            Share of the enrolled who stay, by grade in that year.
        older, follow : ndarray of shape (groups, blocks)
            Share of entrants with an older sibling, and of these who follow one who is grandfathered.

        Returns
        -------
        _Cohorts
        """
        found = cls(*np.zeros((5, *pupils.shape)))
        found.at_old[:start] = pupils[:start]
        staying, following = np.zeros((2, len(shares), *pupils.shape[1:]))
        for year in range(start, len(pupils)):
            was, now = (
                shares[:, np.newaxis, np.newaxis] * pupils[year - 1],
                shares[:, np.newaxis, np.newaxis] * pupils[year],
            )
            kept = np.minimum(was[:-1], now[1:])  # of each cohort, who is still there
            if year == start:
                staying[1:] = kept * stays[1:]
                found.change[year] = (kept - staying[1:]).sum(axis=0)
            else:
                share = np.divide(kept, was[:-1], out=np.zeros_like(kept), where=was[:-1] > 0)
                for cohort in (staying, following):
                    cohort[1:] = cohort[:-1] * share
            above = now[1:].sum(axis=0)
            with_older = (
                now[0] * older * np.divide(staying.sum(axis=0), above, out=np.zeros_like(above), where=above > 0)
            )
            following[0] = with_older * follow
            found.parted[year] = with_older - following[0]
            found.grandfathered[year], found.followed[year] = staying.sum(axis=0), following.sum(axis=0)
            found.at_old[year] = found.grandfathered[year] + found.followed[year]
        return found

    def until(self, years: int) -> _Cohorts:
        """Return the first years."""
        return _Cohorts(*(getattr(self, name)[:years] for name in self.__dataclass_fields__))

    def table(self, years: Sequence[int], counts: Floats, moving: Bools, groups: tuple[Hashable, ...]) -> pd.DataFrame:
        """Add up blocks: one row a year and group, and one for all groups."""
        arrays = {"pupils": counts, "at_new_school": counts * moving - self.at_old, "at_old_school": self.at_old}
        arrays |= {name: getattr(self, name) for name in ("grandfathered", "followed", "change", "parted")}
        return years_and_groups(arrays, years, groups)
