"""School zones: a plan that brings pupils together, what it does, and whom it asks to move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by
from segregation_tools.errors import DataError, GeographyError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.planning.burden import WALK, burden_of
from segregation_tools.planning.constraints import Contiguous, Rule
from segregation_tools.planning.goals import Goal, measured_by, minimize, moves, travel_time, value_of
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.problem import Problem, read_problem
from segregation_tools.planning.search import found
from segregation_tools.population.options import real_number
from segregation_tools.population.reading import labels_on
from segregation_tools.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Check", "Plan", "check", "checked_length", "checked_rules", "rezone", "score", "searched", "values_of"]

DEFAULT = minimize(dissimilarity) + 0.1 * minimize(moves)


@dataclass(frozen=True, eq=False)
class Plan:
    """Which school each block goes to, and what follows from it.

    Attributes
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    goal : Goal
        What was to be small.
    constraints : tuple of Rule
        What was kept to.
    seed : int or None
        With which the search began; None for an assignment made elsewhere.
    """

    problem: Problem = field(repr=False)
    zone: Codes = field(repr=False)
    goal: Goal
    constraints: tuple[Rule, ...]
    seed: int | None

    @property
    def assignment(self) -> pd.Series[Any]:
        """School of each block."""
        return pd.Series(self.problem.schools[self.zone], index=self.problem.blocks, name="school")

    @property
    def before(self) -> pd.Series[float]:
        """Measures of today's zones; NaN where a school closes."""
        return self._measured(self.problem.current)

    @property
    def after(self) -> pd.Series[float]:
        """Measures of the plan."""
        return self._measured(self.zone)

    def _measured(self, zone: Codes) -> pd.Series[float]:
        return values_of(self.problem, zone, [*(what for _, what in self.goal.terms), moves, travel_time])

    @property
    def moved(self) -> float:
        """Share of pupils whose school is another than today."""
        return value_of(self.problem, self.zone, moves)

    @property
    def rolls(self) -> pd.DataFrame:
        """Pupils of each school by group: columns ``("today", group)`` and ``("plan", group)``."""
        dates = {"today": self.problem.current, "plan": self.zone}
        columns = {
            (date, group): row
            for date, zone in dates.items()
            for group, row in zip(self.problem.pupils.groups, self.problem.by_school(zone), strict=True)
        }
        return pd.DataFrame(columns, index=self.problem.schools)

    def burden(self, *, walk: float = WALK) -> pd.DataFrame:
        """Tell by group whom the plan asks to move, and how far.

        Parameters
        ----------
        walk : float
            Minutes up to which pupils are taken to walk. Twenty is an assumption: minutes are those that were given, on foot
            or by whatever means.

        Returns
        -------
        DataFrame
            One row a group and one for all: `pupils`, `moved`, `share_moved`, `ratio_moved` (share moved over that of all),
            `minutes_before`, `minutes_now`, `p90_before`, `p90_now`, `longest_before`, `longest_now` (mean, ninth decile and
            longest way), `minutes_of_moved` (by how much the way of those who move becomes longer, on average),
            `walkers_lost` (pupils whose way today is `walk` minutes or less, and longer in the plan), `share_walkers_lost`
            (of those whose way is so short today). Ways of today are those to schools that stay open; NaN where there are
            none.
        """
        return burden_of(self.problem, self.zone, walk)

    def why(self, unit: Any) -> pd.DataFrame:
        """Show what every school would mean for a block, all other blocks left as they are.

        Parameters
        ----------
        unit : hashable
            Label of the block.

        Returns
        -------
        DataFrame
            One row a school, the best first: `minutes`, the goal's value if the block went there (`goal`), which rules that
            would break (`breaks`, empty where none); `today` and `plan` mark the two schools.
        """
        labels = list(self.problem.blocks)
        at = labels.index(unit) if unit in labels else -1
        if at < 0:
            msg = f"no block {unit!r}; blocks are {listed(self.problem.blocks)}"
            raise DataError(msg)
        rows = []
        for school in range(len(self.problem.schools)):
            zone = self.zone.copy()
            zone[at] = school
            value = self.goal.value(self.problem, zone)
            broken = dict.fromkeys(rule for one in self.constraints for rule, _, _ in one.broken(self.problem, zone))
            rows.append(
                {
                    "minutes": self.problem.minutes[at, school],
                    "goal": value,
                    "breaks": ", ".join(broken),
                    "today": school == self.problem.current[at],
                    "plan": school == self.zone[at],
                }
            )
        frame = pd.DataFrame(rows, index=self.problem.schools)
        return frame.sort_values("goal", kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a block: `current`, `moved`, `minutes_before`, `minutes_now`, `school`; and geometry.

        Returns
        -------
        DataFrame or GeoDataFrame
        """
        problem, rows = self.problem, np.arange(len(self.zone))
        stays_open = problem.current >= 0
        current = pd.Series(problem.schools[problem.current], index=problem.blocks, dtype=object).where(stays_open)
        frame = pd.DataFrame(
            {
                "current": current,
                "moved": self.zone != problem.current,
                "minutes_before": np.where(stays_open, problem.minutes[rows, problem.current], np.nan),
                "minutes_now": problem.minutes[rows, self.zone],
                "school": self.assignment,
            }
        )
        return problem.pupils.geography.placing(frame)

    def to_file(self, path: Any) -> None:
        """Write the blocks with their schools: a CSV table, or any file of areas that geopandas writes.

        Parameters
        ----------
        path : path-like
            Its ending says what is written: ``.csv``, ``.gpkg``, ``.shp`` …

        Raises
        ------
        GeographyError
            If a file of areas is asked for and there is no geometry.
        """
        frame = self.to_frame()
        if str(path).endswith(".csv"):
            pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).to_csv(path)
            return
        if "geometry" not in frame:
            msg = "there is no geometry to write: plan.to_file('plan.csv') writes the table"
            raise GeographyError(msg)
        frame.to_file(path)  # type: ignore[operator]  # a GeoDataFrame

    def save(self, path: Any) -> None:
        """Write the plan with its district, goal and rules into one file, which `load_plan` reads.

        Parameters
        ----------
        path : path-like
            Of any name: a ZIP archive of plain text (JSON) and arrays of numbers (NumPy), so that reading runs no code. A
            file that is there is replaced when the new one is whole.

        Raises
        ------
        DataError
            If the goal or a rule is not the library's own, or labels are neither text nor numbers.
        """
        from segregation_tools.planning.saving import save_plan

        save_plan(self, path)

    @property
    def _title(self) -> str:
        return f"plan for {len(self.problem.blocks):,} blocks and {len(self.problem.schools):,} schools"

    def __str__(self) -> str:
        table = pd.DataFrame({"before": self.before, "after": self.after})
        return (
            f"{self._title}: {self.moved:.1%} of pupils change school\n{table.to_string(float_format='{:.4f}'.format)}"
        )

    def _repr_html_(self) -> str:
        values = zip(map(str, self.before.index), self.before, self.after, strict=True)
        rows = [[name, f"{was:.4f}", f"{now:.4f}"] for name, was, now in values]
        return html_table(
            ["", "before", "after"], rows, caption=f"{self._title}: {self.moved:.1%} of pupils change school"
        )


def values_of(problem: Problem, zone: Codes, whats: Iterable[Any]) -> pd.Series[float]:
    """Measure a plan by several measures.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block; −1 where that closes.
    whats : iterable of Index or Measure
        By what.

    Returns
    -------
    Series by measure
        NaN where a school closes.
    """
    named = {measured_by(what): what for what in whats}
    known = (zone >= 0).all()
    values = {name: value_of(problem, zone, what) if known else np.nan for name, what in named.items()}
    return pd.Series(values, dtype=np.float64)


def rezone(
    pupils: Population | pd.DataFrame,
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[..., pd.DataFrame],
    goal: Goal | None = None,
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
    rng: np.random.Generator | int | None = None,
    seconds: float = 10,
    steps: int | None = None,
    progress: Callable[[float, float], Any] | None = None,
) -> Plan:
    """Search for school zones in which pupils of all groups meet more.

    Parameters
    ----------
    pupils : Population
        Pupils by group in each block; groups of any kind.
    current : Series on the units
        School of each block today.
    schools : DataFrame
        Index: school. `block` in which it stands, which may be missing; `seats`, where `capacity(seats="seats")` asks for
        it; ``open=False`` for one that closes. A school that nobody goes to today is a new one.
    travel : DataFrame of blocks × schools, or callable
        Minutes; or ``travel(pupils, schools)``, which gives them.
    goal : Goal, optional
        ``minimize(dissimilarity) + 0.1 * minimize(moves)`` without; one that is given is used as it is.
    constraints : sequence of Rule
        `capacity`, `contiguous`, `longest_trip`, `most_moved`, `locked`, `forbidden`.
    adjacency : sparse matrix or libpysal Graph, optional
        Which blocks touch; without, those that share a border, up to one metre apart.
    rng : Generator or int
        Source of chance.
    seconds : float
        How long is searched.
    steps : int, optional
        Instead of `seconds`: how many moves are tried in all. The plan is then the same each time, on any number of
        threads.
    progress : callable, optional
        ``progress(share done, lowest value so far)``, about five times a second; infinite where no plan keeps to all rules.

    Returns
    -------
    Plan
        The best that was found, at least as good as today's zones where these keep to the rules. Interrupted (Ctrl-C), the
        best until then.

    Raises
    ------
    DataError
        If blocks, schools and travel do not match, a block has no school that it may go to, or pupils no room.
    CapabilityError
        If no plan was found that keeps to all rules.

    Notes
    -----
    Simulated annealing: blocks at the border of a zone change to the zone they touch, unless their zone would fall apart;
    room is a price that rises until it is hard. A plan is an environment (`Zones`): any sum over zones can be its goal.

    References
    ----------
    Kirkpatrick, S., Gelatt, C. & Vecchi, M. (1983), Optimization by simulated annealing, Science 220, 671–680. Gillani, N.,
    Beeferman, D., Vega-Pourheydarian, C., Overney, C., Van Hentenryck, P. & Roy, D. (2023), Redrawing attendance boundaries
    to promote racial and ethnic diversity in elementary schools, Educational Researcher 52, 348–364.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> plan = sgt.rezone(
    ...     sgt.Population.from_frame(district.blocks, ["a", "b", "c"]),
    ...     current=district.blocks["school"],
    ...     schools=district.schools,
    ...     travel=district.travel,
    ...     constraints=[sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)],
    ...     rng=7,
    ...     steps=100_000,
    ... )
    >>> bool(sgt.check(plan)), plan.after["dissimilarity"] < plan.before["dissimilarity"]
    (True, np.True_)
    """
    goal = DEFAULT if goal is None else _goal(goal)
    rules = checked_rules(constraints)
    steps = checked_length(seconds, steps)
    problem = read_problem(pupils, current, schools, travel, adjacency)
    return searched(problem, goal, rules, root=begun_by(rng), seconds=seconds, steps=steps, progress=progress)


def searched(
    problem: Problem,
    goal: Goal,
    rules: tuple[Rule, ...],
    *,
    root: int,
    seconds: float,
    steps: int | None,
    progress: Callable[[float, float], Any] | None = None,
) -> Plan:
    """Search for a plan of a district that is read, and check what is found; see `rezone`.

    Parameters
    ----------
    problem : Problem
        The district.
    goal : Goal
        What is to be small.
    rules : tuple of Rule
        What is kept to.
    root : int
        Where chance begins.
    seconds, steps, progress
        As in `rezone`.

    Returns
    -------
    Plan
    """
    land = Landscape.of(problem, goal, rules)
    zone = found(land, root=root, seconds=None if steps is not None else seconds, steps=steps, progress=progress)
    plan = Plan(problem, zone, goal, rules, root)
    broken = check(plan)
    if not broken:
        msg = f"the search made a plan that breaks its rules, which it must not: {broken}"
        raise ArithmeticError(msg)
    return plan


def checked_length(seconds: float, steps: int | None) -> int | None:
    """Check how long is searched.

    Parameters
    ----------
    seconds : float
        How long is searched.
    steps : int or None
        Instead: how many moves are tried.

    Returns
    -------
    int or None
        Steps.

    Raises
    ------
    OptionError
        If it is none.
    """
    if steps is not None:
        return int(real_number(steps, "steps", 1, "a whole number of moves", whole=True))
    real_number(seconds, "seconds", 0, "how long is searched", above=True)
    return None


def _goal(goal: Any) -> Goal:
    if not isinstance(goal, Goal):
        msg = f"goal must be minimize(...) or maximize(...), or a sum of them, not {goal!r}"
        raise OptionError(msg)
    return goal


def checked_rules(constraints: Any) -> tuple[Rule, ...]:
    """List the rules of a plan.

    Parameters
    ----------
    constraints : sequence of Rule
        What was given.

    Returns
    -------
    tuple of Rule

    Raises
    ------
    OptionError
        If something else is among them, or `contiguous` stands twice.
    """
    if isinstance(constraints, Rule) or not hasattr(constraints, "__iter__"):
        msg = f"constraints must be a list of rules, [sgt.capacity(within=0.15), sgt.contiguous()], not {constraints!r}"
        raise OptionError(msg)
    rules = tuple(constraints)
    if sum(isinstance(rule, Contiguous) for rule in rules) > 1:
        msg = "contiguous() stands more than once: name all that are exempt in one"
        raise OptionError(msg)
    strangers = [rule for rule in rules if not isinstance(rule, Rule)]
    if strangers:
        msg = f"constraints must be rules, such as sgt.capacity(within=0.15), not {listed(strangers)}"
        raise OptionError(msg)
    return rules


def score(
    pupils: Population | pd.DataFrame,
    assignment: pd.Series[Any],
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[..., pd.DataFrame],
    goal: Goal | None = None,
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
) -> Plan:
    """Take an assignment made elsewhere as a plan, to be measured and checked; nothing is searched.

    Parameters
    ----------
    pupils : Population
        Pupils by group in each block.
    assignment : Series on the units
        School of each block.
    current, schools, travel, goal, constraints, adjacency
        As in `rezone`.

    Returns
    -------
    Plan

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> nearest = district.travel.idxmin(axis=1)
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> round(sgt.score(pupils, nearest, **today).moved, 3)
    0.0
    """
    problem = read_problem(pupils, current, schools, travel, adjacency)
    given = labels_on(problem.blocks, assignment)
    zone = problem.schools.get_indexer(pd.Index(given))
    strangers = given[zone < 0]
    if len(strangers):
        named = listed(strangers.unique())
        msg = f"the assignment names schools that are not open: {named}; open are {listed(problem.schools)}"
        raise DataError(msg)
    rules = checked_rules(constraints)
    for rule in rules:  # what they name must be there
        rule.allowed(problem)
        rule.rooms(problem)
    return Plan(problem, zone.astype(np.intp), DEFAULT if goal is None else _goal(goal), rules, None)


@dataclass(frozen=True, eq=False)
class Check:
    """Whether a plan keeps to its rules: true or false, and what it breaks.

    Attributes
    ----------
    violations : DataFrame
        `rule`, `where` (block, school, or "all"), `by` (pupils, pieces, minutes, or 1 for what may not be at all).
    """

    violations: pd.DataFrame

    def __bool__(self) -> bool:
        return not len(self.violations)

    def __str__(self) -> str:
        return "keeps to all rules" if self else self.violations.to_string(index=False)


def check(plan: Plan) -> Check:
    """Check a plan against its rules, apart from the search that made it.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.

    Returns
    -------
    Check
        True when all rules hold; `.violations` says what does not.

    Examples
    --------
    See `rezone`.
    """
    broken = [found for rule in plan.constraints for found in rule.broken(plan.problem, plan.zone)]
    return Check(pd.DataFrame(broken, columns=["rule", "where", "by"]))
