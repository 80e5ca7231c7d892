"""What a plan becomes when families choose: expected rolls, how far they may lie off, and who goes elsewhere."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import WHOLE, whole_people, with_every_group
from segregation_tools.analysis.replicates import begun_by, mean_of, replicated, spread_of
from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.planning.constraints import ROUNDING
from segregation_tools.planning.goals import measured_by
from segregation_tools.planning.rates import Pupils
from segregation_tools.planning.rolls import index_of_rolls, one_valued, room_of
from segregation_tools.population.columns import groups_and_all, numbers_of
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.plan import Plan
    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Seeds = NDArray[np.uint64]

__all__ = ["LEAVES", "ExpectedRolls", "chances_of_rolls", "expected_rolls"]

LEAVES = "leaves"  # column of those who leave the schools of the district
ADDS_UP = 1e-6  # chances of a row may miss 1 by so much
UNLIKELY = 1e-18  # chance of a roll that is not looked at
FAST = 0.4  # up to which ln(1 + x) is summed as a series
DRAWN_AT_ONCE = 1 << 22  # entries of tables that are drawn together


@dataclass(frozen=True, eq=False)
class ExpectedRolls:
    """Rolls of a plan and of today's zones when not every pupil attends the assigned school.

    Attributes
    ----------
    plan : Plan
        The plan.
    index : Index or None
        What is measured on the rolls.
    rolls : DataFrame
        Expected pupils of each school by group: columns ``("today", group)`` and ``("plan", group)``, as `Plan.rolls`. NaN
        of today where a school closes.
    deviation : DataFrame
        Standard deviation of the roll of each school: columns `today` and `plan`.
    room : DataFrame
        `low` and `high`: between how many pupils each school has room for, by the plan's rules of capacity; NaN without.
    over, under : DataFrame
        Chance that a roll is above and below its room: columns `today` and `plan`.
    exact : bool
        Whether these chances are exact, or those of a normal distribution, as for counts that are no whole numbers.
    choices : DataFrame
        One row a group and one for all; columns ``(date, what)``: expected pupils who go to the assigned school
        (`assigned`), to another (`other`), or to none of the district (`leaves`).
    draws : DataFrame
        The index on rolls drawn by chance: one row a draw, columns `today` and `plan`, both with the same random numbers.

    Examples
    --------
    Of every hundred pupils of a zone, ninety attend its school.

    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> found = sgt.expected_rolls(plan, attend=0.9)
    >>> found.to_frame()[["assigned_plan", "expected_plan"]].iloc[0].round(1).tolist()
    [432.0, 388.8]
    """

    plan: Plan = field(repr=False)
    index: Index | None
    rolls: pd.DataFrame = field(repr=False)
    deviation: pd.DataFrame = field(repr=False)
    room: pd.DataFrame = field(repr=False)
    over: pd.DataFrame = field(repr=False)
    under: pd.DataFrame = field(repr=False)
    exact: bool
    choices: pd.DataFrame = field(repr=False)
    draws: pd.DataFrame = field(repr=False)

    @property
    def segregation(self) -> pd.DataFrame:
        """The index today and in the plan.

        `assigned`: if all attend the assigned school; `of_expected`: of the expected rolls; `drawn_mean` and `drawn_sd`:
        mean and standard deviation over drawn rolls, NaN without. The index of the expected rolls is not the expected
        index: chance alone makes rolls uneven, so that D is larger on average, most of all in small schools.
        """
        problem, index = self.plan.problem, self.index
        dates = ["today", "plan"]
        if index is None:
            return pd.DataFrame(index=dates)
        drawn = self.draws.to_numpy(dtype=np.float64)
        zones = (problem.current, self.plan.zone)
        return pd.DataFrame(
            {
                "assigned": [float(index(problem.schools_of(zone))) if (zone >= 0).all() else np.nan for zone in zones],
                "of_expected": [
                    index_of_rolls(index, self.rolls[date].to_numpy().T, problem.pupils.groups) for date in dates
                ],
                "drawn_mean": mean_of(drawn),
                "drawn_sd": spread_of(drawn),
            },
            index=dates,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a school.

        Returns
        -------
        DataFrame
            `low` and `high`, the room; then of today and of the plan `assigned`, pupils of the zone, `expected` and `sd`,
            mean and standard deviation of the roll, `over` and `under`, chances that it is beyond the room.
        """
        columns: dict[str, Any] = {"low": self.room["low"], "high": self.room["high"]}
        problem = self.plan.problem
        for date, zone in {"today": problem.current, "plan": self.plan.zone}.items():
            columns |= {
                f"assigned_{date}": problem.rolls(zone),
                f"expected_{date}": self.rolls[date].to_numpy().sum(axis=1),
                f"sd_{date}": self.deviation[date],
                f"over_{date}": self.over[date],
                f"under_{date}": self.under[date],
            }
        return pd.DataFrame(columns, index=problem.schools)

    @property
    def _title(self) -> str:
        everyone = self.choices["plan"].iloc[-1]
        shares = everyone / everyone.sum()
        told = (
            f"expected rolls: {shares['assigned']:.1%} of pupils attend the school that the plan assigns, "
            f"{shares['other']:.1%} another, {shares['leaves']:.1%} none of the district"
        )
        if self.index is None:
            return told
        name, values = measured_by(self.index), self.segregation["of_expected"]
        return f"{told}; {name} of expected rolls {values['today']:.4f} today, {values['plan']:.4f} in the plan"

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        frame.insert(0, "school", [str(school) for school in frame.index])
        return as_html(frame.astype(dict.fromkeys(frame, object)), self._title)


def expected_rolls(
    plan: Plan,
    *,
    attend: Any,
    elsewhere: pd.DataFrame | None = None,
    attend_reassigned: Any = None,
    index: Index | None = dissimilarity,
    draws: int = 0,
    rng: np.random.Generator | int | None = None,
) -> ExpectedRolls:
    """Say what rolls to expect if not every pupil attends the assigned school: choice, opt-out, private schools.

    Pupils choose one by one, independently, with the chances that are given; what they are is for the user to say. A plan
    that counts on all to attend may promise more than it can keep: families opt out more often where they are reassigned.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    attend : float, Series or DataFrame
        Chance from 0 to 1 that a pupil attends the assigned school: one for all; a Series by group, by assigned school or by
        block; a DataFrame of assigned schools × groups or of blocks × groups.
    elsewhere : DataFrame, optional
        Where those go who do not: one row for each assigned school, each group or each block; columns are open schools
        (those left out get nobody) and ``"leaves"``, those who go to no school of the district; chances, which add up to 1
        in each row. In rows by group or block, the column of the pupil's own school is left out and the others are scaled
        up to 1. Without a table, all of them leave the district.
    attend_reassigned : float, Series or DataFrame, optional
        The same as `attend` for pupils whom the plan sends to another school than today's; as `attend` without.
    index : Index, optional
        With one value, measured on the rolls; None for none, as where there is one group.
    draws : int
        How often rolls are drawn by chance, to tell the mean and spread of the index; whole numbers of pupils are needed.
    rng : Generator or int, optional
        Source of chance; needed for draws.

    Returns
    -------
    ExpectedRolls
        Today's zones and the plan, both with the same chances. Room is that of the plan's rules of capacity;
        ``capacity(within=...)`` is a share of the pupils whom today's zones assign.

    Raises
    ------
    DataError
        If labels of tables do not match, chances are missing, out of range or do not add up to 1, or pupils have nowhere
        else to go.
    OptionError
        If a single number is out of its range, or draws have no source of chance.

    Notes
    -----
    With chance p_is that pupil i is at school s, the expected roll is Σ_i p_is and its variance Σ_i p_is (1 − p_is). The
    chance to be beyond the room is that of the Poisson binomial distribution, from its characteristic function, exact but
    for rounding; of counts that are no whole numbers, that of a normal distribution with this mean and variance, without a
    correction for continuity. Families that decide together (siblings, neighbours) make rolls vary more than this. Draws of
    today and of the plan begin with the same random numbers: where no zone changes, they are the same.

    References
    ----------
    Hong, Y. (2013), On computing the distribution function for the Poisson binomial distribution, Computational Statistics
    & Data Analysis 59, 41–51. Bjerre-Nielsen, A. & Gandil, M. H. (2024), Attendance boundary policies and the limits to
    combating school segregation, American Economic Journal: Economic Policy.

    Examples
    --------
    Nine of ten pupils of groups b and c attend, and eight of ten of group a; of those who do not, half leave the district.

    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.blocks["school"], **today, constraints=[sgt.capacity(within=0.05)])
    >>> attend = pd.Series({"a": 0.8, "b": 0.9, "c": 0.9})
    >>> elsewhere = pd.DataFrame({"S01": 0.5, "leaves": 0.5}, index=["a", "b", "c"])
    >>> elsewhere.loc["a"] = [0.0, 1.0]
    >>> found = sgt.expected_rolls(plan, attend=attend, elsewhere=elsewhere)
    >>> found.choices["plan"].loc["a"].round(1).tolist()
    [683.2, 0.0, 170.8]
    >>> found.to_frame()["expected_plan"].round(1).tolist()
    [426.1, 558.6, 664.8, 395.2]
    >>> found.under["plan"].round(3).tolist()  # chance that a roll is more than 5 % below today's zone
    [0.075, 1.0, 1.0, 1.0]
    """
    index = None if index is None else one_valued(index)
    number = int(real_number(draws, "draws", 0, "a whole number of draws", whole=True))
    if number and index is None:
        msg = "draws tell how an index varies: name it, index=sgt.dissimilarity, or leave out draws="
        raise OptionError(msg)
    problem = plan.problem
    root = begun_by(rng) if number else 0
    people = whole_people(problem.pupils).astype(np.float64) if number else problem.counts
    exact = bool((np.abs(people - np.rint(people)) <= WHOLE).all())
    room = room_of(plan, problem.schools)
    found, drawn = {}, {}
    for date, zone in {"today": problem.current, "plan": plan.zone}.items():
        found[date], drawn[date] = _Told.unknown(problem), np.full(number, np.nan)
        if (zone >= 0).all():
            reassigned = attend_reassigned if date == "plan" else None
            cells = _choosing(problem, people, zone, attend, reassigned, elsewhere)
            found[date] = _Told.of(cells, problem, room, exact)
            if number and index is not None:
                drawn[date] = _drawn(cells, problem, index, number, root)
    by_school = {
        name: pd.DataFrame({date: getattr(told, name) for date, told in found.items()}, index=problem.schools)
        for name in ("deviation", "over", "under")
    }
    groups = problem.pupils.groups
    rolls = {(date, group): row for date, told in found.items() for group, row in zip(groups, told.rolls, strict=True)}
    choices = {
        (date, what): np.append(row, row.sum())
        for date, told in found.items()
        for what, row in zip(("assigned", "other", LEAVES), told.choices, strict=True)
    }
    named: pd.Index[Any] = pd.Index(groups_and_all(groups), tupleize_cols=False, name="group")
    return ExpectedRolls(
        plan,
        index,
        rolls=pd.DataFrame(rolls, index=problem.schools),
        room=room,
        exact=exact,
        choices=pd.DataFrame(choices, index=named),
        draws=pd.DataFrame(drawn),
        **by_school,
    )


# ---------------------------------------------------------------- who chooses alike


@dataclass(frozen=True, eq=False)
class _Cells:
    """Pupils of a group who go to each school with the same chance.

    Attributes
    ----------
    group : ndarray of int, shape (cells,)
        Of which group.
    zone : ndarray of int, shape (cells,)
        Which school they are assigned to.
    people : ndarray of shape (cells,)
        How many they are.
    chances : ndarray of shape (cells, schools + 1)
        With which chance each goes to a school; at last, to none of the district.
    """

    group: Codes
    zone: Codes
    people: Floats
    chances: Floats

    def going(self, groups: int) -> Floats:
        """Give the expected pupils of each group at each school and, at last, at none: shape (groups, schools + 1)."""
        return sum_by_code((self.people[:, np.newaxis] * self.chances).T, self.group, groups).T


def _choosing(
    problem: Problem, people: Floats, zone: Codes, attend: Any, reassigned: Any, elsewhere: pd.DataFrame | None
) -> _Cells:
    """Take pupils together by what they may choose from."""
    apart = Pupils.of(problem.pupils, problem.schools, zone)
    stays = apart.rates(attend, "attend", "a chance")
    if reassigned is not None:
        changed = apart.rates(reassigned, "attend_reassigned", "a chance")
        stays = np.where(zone != problem.current, changed, stays)
    others, row = _elsewhere(problem, apart, elsewhere)
    groups = np.arange(len(problem.pupils.groups))[:, np.newaxis]
    here = people > 0
    keys = [np.broadcast_to(key, apart.shape)[here] for key in (groups, zone[np.newaxis], row, stays)]
    alike, cell = np.unique(np.stack(keys, axis=1).astype(np.float64), axis=0, return_inverse=True)
    group, school, source = alike[:, :3].astype(np.intp).T
    attends, cells = alike[:, 3], np.arange(len(alike))
    going = others[source]
    going[cells, school] = 0
    reached = going.sum(axis=1)
    stuck = (reached <= 0) & (attends < 1)
    if stuck.any():
        where = dict.fromkeys(
            zip(problem.schools[school[stuck]], problem.pupils.group_index()[group[stuck]], strict=True)
        )
        msg = (
            f"pupils who do not attend the assigned school have nowhere else to go (school, group): {listed(where)}. Give "
            f"elsewhere= another school for them, or a column {LEAVES!r}"
        )
        raise DataError(msg)
    chances = going * np.divide(1 - attends, reached, out=np.zeros(len(alike)), where=reached > 0)[:, np.newaxis]
    chances[cells, school] = attends
    return _Cells(group, school, np.bincount(cell.reshape(-1), people[here], len(alike)).astype(np.float64), chances)


def _elsewhere(problem: Problem, apart: Pupils, given: pd.DataFrame | None) -> tuple[Floats, Codes]:
    """Read chances to go to each school and, at last, to none; and which row of them is each pupil's."""
    schools = problem.schools
    if LEAVES in schools:
        msg = f"a school is called {LEAVES!r}, as the column of those who leave the district: give it another name"
        raise CapabilityError(msg)
    if given is None:
        return np.eye(1, len(schools) + 1, len(schools)), np.zeros((1, 1), dtype=np.intp)
    if not isinstance(given, pd.DataFrame):
        msg = f"elsewhere must be a DataFrame with schools and {LEAVES!r} as columns, not {type(given).__name__}"
        raise DataError(msg)
    places = schools.append(pd.Index([LEAVES]))
    strangers = given.columns[~given.columns.isin(places) | given.columns.duplicated()]
    if len(strangers):
        msg = (
            f"elsewhere has columns that are no open school, or stand twice: {listed(strangers)}; open are "
            f"{listed(schools)}, and {LEAVES!r} is who goes to none of them"
        )
        raise DataError(msg)
    order, codes = apart.matched(given.index, "elsewhere")
    chances = np.zeros((len(given), len(places)))
    chances[:, places.get_indexer(given.columns)] = numbers_of(given, "elsewhere", "chances", most=1.0)
    wrong = np.abs(chances.sum(axis=1) - 1) > ADDS_UP
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        msg = (
            f"rows of elsewhere must add up to 1; {listed(given.index[wrong])} do not ({chances[row].sum():g} in the "
            f"first). Who goes to no school of the district has a column, {LEAVES!r}"
        )
        raise DataError(msg)
    chances = chances[order]
    if codes is apart.codes["schools"] and np.diagonal(chances).any():
        own = schools[np.flatnonzero(np.diagonal(chances))]
        msg = f"elsewhere sends pupils of {listed(own)} to their own school: give 0 there; attend= says who goes to it"
        raise DataError(msg)
    return chances, codes


# ---------------------------------------------------------------- what follows


@dataclass(frozen=True, eq=False)
class _Told:
    """What is to be told of one date: arrays by school, of rolls and choices by group as well."""

    rolls: Floats
    deviation: Floats
    over: Floats
    under: Floats
    choices: Floats

    @classmethod
    def of(cls, cells: _Cells, problem: Problem, room: pd.DataFrame, exact: bool) -> _Told:
        groups, schools = len(problem.pupils.groups), len(problem.schools)
        going = cells.going(groups)
        assigned = cells.people * cells.chances[np.arange(len(cells.zone)), cells.zone]
        stays = np.bincount(cells.group, assigned, groups)
        variance = cells.people @ (cells.chances * (1 - cells.chances))
        beyond = [
            chances_of_rolls(cells.people, cells.chances[:, school], *ends, exact=exact)
            for school, ends in enumerate(room.to_numpy())
        ]
        under, over = np.array(beyond).T
        others = np.maximum(going[:, :schools].sum(axis=1) - stays, 0)
        choices = np.stack([stays, others, going[:, schools]])
        return cls(going[:, :schools], np.sqrt(variance[:schools]), over, under, choices)

    @classmethod
    def unknown(cls, problem: Problem) -> _Told:
        groups, schools = len(problem.pupils.groups), len(problem.schools)
        unknown = [np.full(shape, np.nan) for shape in ((groups, schools), schools, schools, schools, (3, groups))]
        return cls(*unknown)


def chances_of_rolls(people: Floats, chances: Floats, low: float, high: float, *, exact: bool) -> tuple[float, float]:
    """Give the chance that a roll is below and above its room.

    Parameters
    ----------
    people : ndarray of shape (cells,)
        How many choose alike.
    chances : ndarray of shape (cells,)
        With which chance each of them comes.
    low, high : float
        Room; NaN for none.
    exact : bool
        Whether people are whole numbers, so that the chance is exact.

    Returns
    -------
    under, over : float
        NaN without room.
    """
    if np.isnan(low) or np.isnan(high):
        return np.nan, np.nan
    least, most = low - ROUNDING, high + ROUNDING
    if exact:
        first, chance = _roll_by_chance(np.rint(people), chances)
        rolls = first + np.arange(len(chance))
        return float(min(chance[rolls < least].sum(), 1)), float(min(chance[rolls > most].sum(), 1))
    from scipy.special import ndtr

    mean, spread = people @ chances, np.sqrt(people @ (chances * (1 - chances)))
    if spread == 0:
        return float(mean < least), float(mean > most)
    return float(ndtr((least - mean) / spread)), float(ndtr((mean - most) / spread))


def _roll_by_chance(people: Floats, chances: Floats) -> tuple[int, Floats]:
    """Give the distribution of how many come, from the first number that is not too unlikely.

    The Fourier transform of the characteristic function φ = Π (1 − p + p e^{iω})^n, over a window outside of which there is
    less than `UNLIKELY` (Bernstein's inequality), without the frequencies at which |φ| ≤ exp(−σ² (1 − cos ω)) is less. With
    p above ½ those are counted who do not come.
    """
    sure = int(people[chances >= 1].sum())
    some = (chances > 0) & (chances < 1) & (people > 0)
    n, p = people[some], chances[some]
    mean, variance, least = n @ p, n @ (p * (1 - p)), -np.log(UNLIKELY / 2)
    reach = least / 3 + np.sqrt(least**2 / 9 + 2 * least * variance)
    first = int(max(0, np.floor(mean - reach)))
    width = int(min(n.sum(), np.ceil(mean + reach))) - first + 1
    step = np.arange(width // 2 + 1)
    turn = 2 * np.pi * step / width
    step, turn = (row[variance * (1 - np.cos(turn)) < least] for row in (step, turn))
    often = p > 0.5
    begin = int(n[often].sum()) - first
    law = np.zeros(width // 2 + 1, dtype=np.complex128)
    law[: len(step)] = np.exp(2j * np.pi * (step * begin % width) / width)
    w = np.expm1(1j * turn)
    for those, way, chance in ((~often, w, p), (often, w.conj(), 1 - p)):
        law[: len(step)] *= _product(n[those], chance[those], way)
    return sure + first, np.maximum(np.fft.irfft(law.conj(), width), 0)


def _product(n: Floats, p: Floats, w: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Multiply (1 + p w)^n for p up to ½: by the series of the logarithm where it converges fast, which is nearly always."""
    largest = float(np.abs(w).max(initial=0))
    fast = p * largest <= FAST
    logarithm, power = np.zeros(len(w), dtype=np.complex128), n[fast]
    for k in itertools.count(1):
        power = power * p[fast]
        if power.sum() * largest**k < UNLIKELY:
            break
        logarithm -= power.sum() * (-w) ** k / k
    slow = np.prod((1 + p[~fast, np.newaxis] * w) ** n[~fast, np.newaxis], axis=0)
    return np.asarray(np.exp(logarithm) * slow)


def _drawn(cells: _Cells, problem: Problem, index: Index, draws: int, root: int) -> Floats:
    """Measure the index on rolls that are drawn by chance."""
    expected = cells.going(len(problem.pupils.groups))
    gone = ~(expected[:, :-1].sum(axis=1) > 0)
    if gone.any():
        groups = problem.pupils.group_index()[np.flatnonzero(gone)]
        msg = f"nobody of {listed(groups)} goes to a school of the district: there is nothing to measure in draws"
        raise CapabilityError(msg)
    schools = Population(expected[:, :-1], problem.pupils.groups, units=problem.schools)
    values = replicated(
        [index], [schools], with_every_group(_drawing(cells, len(schools.groups)), schools), root, 0, draws
    )
    return values[:, 0]


def _drawing(cells: _Cells, groups: int) -> Callable[[Seeds], Floats]:
    """Prepare to draw rolls: where the pupils of each cell go, added up by group."""
    from segregation_tools.kernels.sample import Allotment

    chances = np.ascontiguousarray(cells.chances.T)
    allotment = Allotment(np.rint(cells.people).astype(np.int64), chances)
    places, at_once = len(chances), max(1, DRAWN_AT_ONCE // chances.size)

    def draw(seeds: Seeds) -> Floats:
        rolls = np.empty((len(seeds), groups, places - 1))
        for begin in range(0, len(seeds), at_once):
            gone = allotment.draw(seeds[begin : begin + at_once])[:, :-1]
            for group in range(groups):
                rolls[begin : begin + at_once, group] = gone[:, :, cells.group == group].sum(axis=2)
        return rolls

    return draw
