"""School zones: a plan that brings pupils together, what it does, and whom it asks to move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by
from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.planning.constraints import Contiguous, Rule
from segregation_tools.planning.goals import Goal, minimize, moves, named, travel_time
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.plan import Plan, check
from segregation_tools.planning.problem import Problem, read_problem
from segregation_tools.planning.progress import telling
from segregation_tools.planning.search import found
from segregation_tools.population.options import real_number
from segregation_tools.population.reading import labels_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.progress import Progress
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["DEFAULT", "checked_goal", "checked_length", "checked_rules", "rezone", "root_of", "score", "searched"]

LARGEST_ROOT = 1 << 63
DEFAULT = minimize(dissimilarity) + 0.1 * minimize(moves)


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
    progress: Progress = None,
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
        Minutes; or ``travel(pupils, schools)``, which gives them, such as `street_travel`.
    goal : Goal, optional
        ``minimize(dissimilarity) + 0.1 * minimize(moves)`` without; one that is given is used as it is.
    constraints : sequence of Rule
        `capacity`, `contiguous`, `longest_trip`, `most_moved`, `together`, `locked`, `forbidden`.
    adjacency : sparse matrix or libpysal Graph, optional
        Which blocks touch; without, those that share a border, up to one metre apart.
    rng : Generator or int
        Source of chance. `Plan.seed` is where it began: with that as `rng`, and the same `steps`, the plan is made again.
    seconds : float
        How long is searched.
    steps : int, optional
        Instead of `seconds`: how many moves are tried in all. The plan is then the same each time, on any number of
        threads.
    progress : bool or callable, optional
        A bar comes after two seconds where somebody is looking; True: at once, False: never. Or a function,
        ``progress(share done, lowest value so far)``, about five times a second; infinite as long as no
        plan keeps to all rules.

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
    room is a price that rises until it is hard. Where the goal is linear (dissimilarity, bands, costs), the last tenth of
    the time goes to some zones at a time, solved exactly; where it is no sum over zones, most of it to a walk by the goal.
    A plan is an environment (`Zones`): any index of it can be its goal.

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
    goal = checked_goal(goal)
    rules = checked_rules(constraints)
    steps = checked_length(seconds, steps)
    problem = read_problem(pupils, current, schools, travel, adjacency)
    return searched(problem, goal, rules, root=root_of(rng), seconds=seconds, steps=steps, progress=progress)


def searched(
    problem: Problem,
    goal: Goal,
    rules: tuple[Rule, ...],
    *,
    root: int,
    seconds: float,
    steps: int | None,
    begin: Codes | None = None,
    progress: Progress = None,
    interrupted: Callable[[], Any] | None = None,
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
    seconds, steps
        As in `rezone`.
    begin : ndarray of int, shape (blocks,), optional
        Where the search begins, instead of today's zones. What is found is no worse, if that keeps to all rules; what
        breaks them is mended first.
    progress : bool or callable, optional
        As in `rezone`.
    interrupted : callable, optional
        Called when the search was interrupted.

    Returns
    -------
    Plan
    """
    land = Landscape.of(problem, goal, rules, begin)
    with telling(progress) as tell:
        limit = None if steps is not None else seconds
        zone = found(land, root=root, seconds=limit, steps=steps, progress=tell, interrupted=interrupted)
    plan = Plan(problem, zone, goal, rules, root)
    broken = check(plan)
    if not broken:
        msg = f"the search made a plan that breaks its rules, which it must not: {broken}"
        raise ArithmeticError(msg)
    return plan


def root_of(rng: np.random.Generator | int | None) -> int:
    """Choose where chance begins: a number is taken as it is.

    Parameters
    ----------
    rng : Generator or int
        As in `rezone`.

    Returns
    -------
    int

    Raises
    ------
    OptionError
        If it is neither.
    """
    begun = begun_by(rng)  # refuses what is no source of chance
    return int(rng) if isinstance(rng, (int, np.integer)) and rng < LARGEST_ROOT else begun


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


def checked_goal(goal: Any) -> Goal:
    """Check what a plan is to make small.

    Parameters
    ----------
    goal : Goal, optional
        What was given.

    Returns
    -------
    Goal
        `DEFAULT` without one.

    Raises
    ------
    OptionError
        If it is none, or has different measures of one name.
    """
    if goal is None:
        return DEFAULT
    if not isinstance(goal, Goal):
        msg = f"goal must be minimize(...) or maximize(...), or a sum of them, not {goal!r}"
        raise OptionError(msg)
    named([*(what for _, what in goal.terms), moves, travel_time])  # refuses different ones of one name
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
    return Plan(problem, zone.astype(np.intp), checked_goal(goal), rules, None)
