"""What a plan is to make small or large: indices over zones, moves, travel, and weighted sums of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError, OptionError
from segregation_tools.indices.index import Index
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Plan = NDArray[np.intp]

__all__ = ["Goal", "Measure", "maximize", "measured_by", "minimize", "moves", "travel_time"]


@dataclass(frozen=True)
class Measure:
    """Something of a plan that adds up over blocks: what each costs in the zone of each school.

    Attributes
    ----------
    name : str
        As results call it.
    cost : callable
        ``cost(problem)`` gives an array of blocks × schools; a plan's value is the sum over its blocks.
    """

    name: str
    cost: Callable[[Problem], Floats]

    def __repr__(self) -> str:
        return f"<measure {self.name}>"


def _moved(problem: Problem) -> Floats:
    elsewhere = np.arange(len(problem.schools)) != problem.current[:, np.newaxis]
    cost: Floats = elsewhere * (problem.sizes / problem.sizes.sum())[:, np.newaxis]
    return cost


def _travelled(problem: Problem) -> Floats:
    cost: Floats = problem.minutes * (problem.sizes / problem.sizes.sum())[:, np.newaxis]
    return cost


moves = Measure("moves", _moved)
"""Share of pupils whose school is another than today."""

travel_time = Measure("travel_time", _travelled)
"""Mean minutes that a pupil travels."""


@dataclass(frozen=True)
class Goal:
    """A weighted sum of measures, to be made small.

    Attributes
    ----------
    terms : tuple of (float, Index or Measure)
        Weights, negative for what is to be large.

    Examples
    --------
    >>> minimize(sgt.dissimilarity) + 0.1 * minimize(moves)
    minimize(dissimilarity) + 0.1 * minimize(moves)
    """

    terms: tuple[tuple[float, Index | Measure], ...]

    def __add__(self, other: Goal) -> Goal:
        if not isinstance(other, Goal):
            return NotImplemented
        return Goal(self.terms + other.terms)

    def __mul__(self, weight: float) -> Goal:
        weight = real_number(weight, "the weight of a goal", 0, "a number")
        return Goal(tuple((weight * own, what) for own, what in self.terms))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return " + ".join(
            f"{'' if abs(weight) == 1 else f'{abs(weight):g} * '}"
            f"{'maximize' if weight < 0 else 'minimize'}({measured_by(what)})"
            for weight, what in self.terms
        )


def minimize(what: Index | Measure) -> Goal:
    """Ask for a plan in which something is small.

    Parameters
    ----------
    what : Index or Measure
        An index with one value, over zones; `moves`, `travel_time`.

    Returns
    -------
    Goal

    Raises
    ------
    CapabilityError
        If an index has several values, or cannot be followed move by move.

    Examples
    --------
    >>> minimize(sgt.dissimilarity)
    minimize(dissimilarity)
    """
    if isinstance(what, Index) and (what.answer != "number" or what.about.zonal is None):
        msg = (
            f"{what.__name__} is no sum over zones that can be followed move by move: take dissimilarity, gorard, "
            "information_theory, mutual_information, variance_ratio, relative_diversity or another that is"
        )
        raise CapabilityError(msg)
    if not isinstance(what, (Index, Measure)):
        msg = f"a goal is an index or a measure, such as sgt.dissimilarity or sgt.moves, not {what!r}"
        raise OptionError(msg)
    return Goal(((1.0, what),))


def maximize(what: Index | Measure) -> Goal:
    """Ask for a plan in which something is large.

    Parameters
    ----------
    what : Index or Measure
        As in `minimize`.

    Returns
    -------
    Goal
    """
    ((weight, what),) = minimize(what).terms
    return Goal(((-weight, what),))


def measured_by(what: Any) -> str:
    """Name a measure.

    Parameters
    ----------
    what : Index or Measure
        Of a goal.

    Returns
    -------
    str
    """
    return what.__name__ if isinstance(what, Index) else str(what.name)
