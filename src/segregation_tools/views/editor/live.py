"""What follows from zones while they are changed: measures, rolls, ways, rules; what never changes is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import GeographyError
from segregation_tools.indices.evenness import dissimilarity, information_theory
from segregation_tools.planning.constraints import Contiguous, rooms_of
from segregation_tools.planning.goals import Measure, cost_of, measured_by, moves, named, travel_time, value_of
from segregation_tools.planning.pieces import joining, pieces_of, strays
from segregation_tools.population.columns import groups_and_all

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.planning.plan import Plan
    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Live", "Standing"]

GOAL = "goal"
ALWAYS = (dissimilarity, information_theory, moves, travel_time)  # measured whatever the goal


@dataclass(frozen=True, eq=False)
class Standing:
    """What follows from zones.

    Attributes
    ----------
    values : dict of str to float
        `goal`, and each measure by its name; NaN where a school closes.
    rolls : ndarray of shape (groups, schools)
        Pupils of each school.
    moved : ndarray of shape (groups + 1,)
        Pupils who change school by group, and of all at last.
    minutes : ndarray of shape (groups + 1,)
        Their mean way, NaN where a school closes or nobody is in the group.
    cut : dict of int to ndarray of int
        By school whose zone is in too many pieces: the blocks that are cut off.
    broken : list of (str, object, float)
        Which rules are broken, where, and by how much, as `check` tells.
    """

    values: dict[str, float]
    rolls: Floats
    moved: Floats
    minutes: Floats
    cut: dict[int, Codes]
    broken: list[tuple[str, Any, float]]


class Live:
    """Measures zones of a district again and again, each time as `Plan.edited` does.

    Parameters
    ----------
    plan : Plan
        Whose district, goal and rules.

    Attributes
    ----------
    whats : dict
        What is measured, by name: what the goal asks, then what is always told.
    """

    def __init__(self, plan: Plan) -> None:
        self.problem, self.goal, self.rules = plan.problem, plan.goal, plan.constraints
        pupils = plan.problem.pupils
        always = ALWAYS if len(pupils.groups) > 1 else (moves, travel_time)
        self.whats = named([*(what for _, what in plan.goal.terms), *always])
        self.whole = next((rule for rule in plan.constraints if isinstance(rule, Contiguous)), Contiguous())
        self._people = np.vstack([plan.problem.counts, plan.problem.sizes])

    def at(self, zone: Codes) -> Standing:
        """Measure zones.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Returns
        -------
        Standing
        """
        cut, broken = self._rules(zone)
        moved = self._people @ (zone != self.problem.current)
        return Standing(self.values(zone), self.problem.by_school(zone), moved, self.ways(zone), cut, broken)

    def values(self, zone: Codes) -> dict[str, float]:
        """Take the goal, and all measures; see `Standing`.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block; −1 where that closes.

        Returns
        -------
        dict
        """
        if (zone < 0).any():
            return dict.fromkeys([GOAL, *self.whats], np.nan)
        values = {name: self._value(zone, what) for name, what in self.whats.items()}
        goal = float(sum(weight * values[measured_by(what)] for weight, what in self.goal.terms))
        return {**values, GOAL: goal}

    def _value(self, zone: Codes, what: Any) -> float:
        if isinstance(what, Measure) and what.value is None:
            name = measured_by(what)
            if name not in self._costs:
                self._costs[name] = cost_of(self.problem, what)
            return float(self._costs[name][self._rows, zone].sum())
        return value_of(self.problem, zone, what)

    def ways(self, zone: Codes) -> Floats:
        """Take the mean way of each group, and of all; see `Standing`.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block; −1 where that closes.

        Returns
        -------
        ndarray of shape (groups + 1,)
        """
        if (zone < 0).any():
            return np.full(len(self._people), np.nan)
        people = self._people.sum(axis=1)
        minutes = self._people @ self.problem.minutes[self._rows, zone]
        means: Floats = np.divide(minutes, people, out=np.full(len(people), np.nan), where=people > 0)
        return means

    def _rules(self, zone: Codes) -> tuple[dict[int, Codes], list[tuple[str, Any, float]]]:
        broken = [
            found
            for rule in self.rules
            if not isinstance(rule, Contiguous)
            for found in rule.broken(self.problem, zone)
        ]
        if self._joins is None:
            return {}, broken
        piece, many = pieces_of(self._joins, zone, self._left_out, len(self.problem.schools))
        cut = strays(zone, piece, many, self._most, self.problem.stands, self._left_out)
        if self.whole in self.rules:
            broken += self.whole.apart(self.problem, zone, many - self._most)
        return cut, broken

    @cached_property
    def rooms(self) -> tuple[Floats, Floats]:
        """Between how many pupils each school has room for."""
        return rooms_of(self.problem, self.rules)

    @cached_property
    def groups(self) -> list[Any]:
        """Groups, and all pupils at last."""
        return list(groups_and_all(self.problem.pupils.groups))

    @cached_property
    def pupils(self) -> Floats:
        """Pupils of each group, and of all at last."""
        return np.asarray(self._people.sum(axis=1))

    @cached_property
    def _rows(self) -> Codes:
        return np.arange(len(self.problem.blocks))

    @cached_property
    def _costs(self) -> dict[str, Floats]:
        return {}

    @cached_property
    def _placed(self) -> Problem:
        return self.problem.touching(self.whole.tolerance)

    @cached_property
    def _joins(self) -> csr_array | None:
        """Which blocks join a zone; None where no rule asks, and that cannot be told: of degrees, or without geometry."""
        place = self.problem.pupils.geography
        measured = place.outlined and not (place.crs is not None and place.crs.is_geographic)
        told = self.whole in self.rules or self.problem.given is not None or measured
        if not told:
            return None
        try:
            return joining(self._placed, self._left_out)
        except GeographyError:  # of points, lines or blocks without a place: nothing is told, unless a rule asks
            if self.whole in self.rules:
                raise
            return None

    @cached_property
    def _left_out(self) -> Codes:
        return self.whole.left_out(self.problem)

    @cached_property
    def _most(self) -> Codes:
        return self.whole.most(self.problem)
