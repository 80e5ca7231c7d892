"""What is given up for what: the plan with the shortest ways, and plans over the prices of moves and of minutes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by
from segregation_tools.errors import OptionError
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.planning.goals import minimize, moves, travel_time
from segregation_tools.planning.plan import Plan, check, values_of
from segregation_tools.planning.problem import read_problem
from segregation_tools.planning.progress import telling
from segregation_tools.planning.schools import checked_length, checked_rules, root_of, searched
from segregation_tools.population.options import real_number, source_of_chance
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.constraints import Rule
    from segregation_tools.planning.goals import Goal
    from segregation_tools.planning.problem import Problem
    from segregation_tools.planning.progress import Progress, Tell
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Frontier", "distance_minimizing", "frontier"]

MOVE_PENALTIES = (0, 0.05, 0.1, 0.2, 0.5)


def distance_minimizing(
    pupils: Population | pd.DataFrame,
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[..., pd.DataFrame],
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
    rng: np.random.Generator | int | None = None,
    seconds: float = 10,
    steps: int | None = None,
) -> Plan:
    """Draw the zones with the shortest ways, which look at nobody's group: a neutral plan to set others beside.

    Parameters
    ----------
    pupils, current, schools, travel, constraints, adjacency
        As in `rezone`.
    rng : Generator or int
        Source of chance; needed where the nearest school of each block breaks a rule, so that a plan is searched.
    seconds, steps
        As in `rezone`.

    Returns
    -------
    Plan
        Each block goes to the nearest school that it may go to, today's among equals, if this keeps to all rules: then no
        plan has shorter ways. Otherwise the best that was found.

    Raises
    ------
    DataError, CapabilityError
        As in `rezone`.

    References
    ----------
    Monarrez, T. (2023), School attendance boundaries and the segregation of public schools in the United States, American
    Economic Journal: Applied Economics 15(3), 210–237.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> plan = sgt.distance_minimizing(
    ...     pupils, current=district.blocks["school"], schools=district.schools, travel=district.travel
    ... )
    >>> bool((plan.assignment == district.travel.idxmin(axis=1)).all())
    True
    """
    rules = checked_rules(constraints)
    steps = checked_length(seconds, steps)
    problem = read_problem(pupils, current, schools, travel, adjacency)
    goal = minimize(travel_time)
    nearest = Plan(problem, _nearest(problem, rules), goal, rules, None)
    if check(nearest):
        return nearest
    return searched(problem, goal, rules, root=root_of(rng), seconds=seconds, steps=steps)


def _nearest(problem: Problem, rules: Sequence[Rule]) -> Codes:
    """Nearest school that each block may go to; what it may not, if there is none, `check` finds."""
    allowed = np.logical_and.reduce([np.ones(problem.minutes.shape, bool), *(rule.allowed(problem) for rule in rules)])
    minutes = np.where(allowed, problem.minutes, np.inf)
    nearest = minutes.argmin(axis=1)
    rows, stays_open = np.arange(len(nearest)), problem.current >= 0
    as_near = stays_open & (minutes[rows, problem.current] == minutes[rows, nearest])
    return np.where(as_near, problem.current, nearest)


@dataclass(frozen=True, eq=False)
class Frontier:
    """Plans over the prices of moves and of minutes: what each gives up for a lower index.

    Attributes
    ----------
    plans : tuple of Plan
        One for each pair of penalties.
    penalties : tuple of (float, float)
        Of moves and of travel, what each plan was chosen for.
    index : Index
        What was to be small.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> found = sgt.frontier(pupils, **today, move_penalties=(0, 1), rng=7, steps=50_000)
    >>> free, dear = found.plans
    >>> free.moved > dear.moved, bool(free.after["dissimilarity"] < dear.after["dissimilarity"])
    (True, True)
    """

    plans: tuple[Plan, ...]
    penalties: tuple[tuple[float, float], ...]
    index: Index

    def to_frame(self) -> pd.DataFrame:
        """Return one row a plan.

        Returns
        -------
        DataFrame
            `move_penalty`, `travel_penalty`, the index under its name, `moves`, `travel_time`, and `efficient`: no other
            plan of these is as good in all three and better in one. Every plan that `frontier` chose is; one drawn elsewhere
            and put beside them, ``Frontier((*found.plans, drawn), (*found.penalties, (0, 0)), found.index)``, may not be.
        """
        measured = [values_of(plan.problem, plan.zone, [self.index, moves, travel_time]) for plan in self.plans]
        frame = pd.DataFrame(measured)
        values = frame.to_numpy()
        no_worse = (values[:, np.newaxis] <= values).all(axis=2)
        better = (values[:, np.newaxis] < values).any(axis=2)
        prices = pd.DataFrame(list(self.penalties), columns=["move_penalty", "travel_penalty"], dtype=np.float64)
        return prices.join(frame).assign(efficient=np.asarray(~(no_worse & better).any(axis=0)))

    @property
    def _title(self) -> str:
        return f"{len(self.plans):,} plans, by the price of moves and of minutes"

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), self._title)


def frontier(
    pupils: Population | pd.DataFrame,
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[..., pd.DataFrame],
    move_penalties: Sequence[float] = MOVE_PENALTIES,
    travel_penalties: Sequence[float] = (0,),
    index: Index = dissimilarity,
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
    rng: np.random.Generator | int | None = None,
    seconds: float = 10,
    steps: int | None = None,
    progress: Progress = None,
) -> Frontier:
    """Search for plans over a grid of prices: how much lower the index could be if more pupils moved, or went farther.

    Parameters
    ----------
    pupils, current, schools, travel, constraints, adjacency
        As in `rezone`.
    move_penalties : sequence of float
        What it counts if all pupils move, in points of the index; 0 or more.
    travel_penalties : sequence of float
        What a minute more counts, for the average pupil; 0 or more.
    index : Index
        With one value, as in `minimize`.
    rng : Generator or int
        Source of chance.
    seconds : float
        How long is searched in all.
    steps : int, optional
        Instead of `seconds`: how many moves are tried in all. The plans are then the same each time, on any number of
        threads.
    progress : bool or callable, optional
        A bar comes after two seconds where somebody is looking; True: at once, False: never. Or a function,
        ``progress(share done, lowest value so far)``; the value is that of the prices being searched.
        Interrupted (Ctrl-C), the search for one pair of prices ends, with the best plan until then, and that for the next
        begins.

    Returns
    -------
    Frontier
        One plan for each pair of prices, of all that were found the one that is best for it. Where moves are dearer, no more
        pupils move; with travel of no price the index is no lower.

    Raises
    ------
    OptionError, DataError, CapabilityError
        As in `rezone`; if a list of penalties is empty, or holds something else than numbers from 0.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> rules = [sgt.capacity(within=0.15), sgt.contiguous()]
    >>> found = sgt.frontier(pupils, **today, move_penalties=(0, 0.1, 1), constraints=rules, rng=7, steps=150_000)
    >>> table = found.to_frame()
    >>> bool(table["dissimilarity"].is_monotonic_increasing), bool(table["moves"].is_monotonic_decreasing)
    (True, True)
    """
    penalties = tuple(product(_prices(move_penalties, "move_penalties"), _prices(travel_penalties, "travel_penalties")))
    goals = [_priced(index, *pair) for pair in penalties]
    rules = checked_rules(constraints)
    steps = checked_length(seconds, steps)
    problem = read_problem(pupils, current, schools, travel, adjacency)
    chance, many = source_of_chance(rng), len(goals)
    with telling(progress) as tell:
        plans = [
            searched(
                problem,
                goal,
                rules,
                root=begun_by(chance),
                seconds=seconds / many,
                steps=None if steps is None else max(1, steps // many),
                progress=None if tell is None else _part_of(tell, i, many),
            )
            for i, goal in enumerate(goals)
        ]
    values = np.array([values_of(problem, plan.zone, [index, moves, travel_time]) for plan in plans])
    chosen = [_best(values, np.array([1.0, *pair])) for pair in penalties]
    kept = tuple(replace(plans[best], goal=goal) for best, goal in zip(chosen, goals, strict=True))
    return Frontier(kept, penalties, index)


def _prices(given: Any, name: str) -> list[float]:
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        msg = f"{name} must be a list of prices, such as (0, 0.1, 0.5), not {given!r}"
        raise OptionError(msg)
    prices = [real_number(price, name, 0, "prices") for price in given]
    if not prices:
        msg = f"{name} is empty: give at least one price, such as (0,)"
        raise OptionError(msg)
    return prices


def _priced(index: Index, move: float, minute: float) -> Goal:
    """Weigh an index with moves and minutes; what costs nothing is left out."""
    goal = minimize(index)
    for price, measure in ((move, moves), (minute, travel_time)):
        if price > 0:
            goal = goal + price * minimize(measure)
    return goal


def _best(values: Floats, weights: Floats) -> int:
    """Find the lowest weighted sum; of equals, that with the lowest index, fewest moves and shortest ways."""
    return min(range(len(values)), key=lambda i: (values[i] @ weights, *values[i]))


def _part_of(tell: Tell, part: int, parts: int) -> Tell:
    return lambda done, value: tell((part + done) / parts, value)
