"""What a plan is to make small or large: indices over zones, moves, travel, and weighted sums of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, GroupError, OptionError, listed
from segregation_tools.indices.index import Index
from segregation_tools.indices.zonal import ZonalForm, by_deviation
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = [
    "Chosen",
    "Goal",
    "Guide",
    "Measure",
    "alike",
    "check_groups",
    "cost_of",
    "feeder_parts",
    "guide_of",
    "maximize",
    "measured_by",
    "minimize",
    "moves",
    "named",
    "outside_band",
    "parted",
    "split_feeders",
    "travel_time",
    "value_of",
    "walkers_lost",
    "worst_school",
]


FEEDER = "feeder"  # tier that names the school from which pupils come


@dataclass(frozen=True, eq=False)
class Guide:
    """What the search follows to make something small: what blocks cost in zones, and what zones add by their counts.

    Attributes
    ----------
    cost : ndarray of shape (blocks, schools), optional
        Adds up over blocks.
    forms : tuple of ZonalForm
        Add up over zones.
    steep : bool
        Whether the largest form per pupil is followed, instead of their sum.
    exact : bool
        Whether that is the thing itself; otherwise the search ends with a walk by the thing itself.
    """

    cost: Floats | None = None
    forms: tuple[ZonalForm, ...] = ()
    steep: bool = False
    exact: bool = True


@dataclass(frozen=True)
class Measure:
    """Something of a plan besides the indices.

    Attributes
    ----------
    name : str
        As results call it.
    cost : callable
        ``cost(problem)`` gives an array of blocks × schools: what each block adds in the zone of each school.
    value : callable, optional
        ``value(problem, zone)`` where that is no sum over blocks; `guide` then says what the search follows.
    guide : callable, optional
        ``guide(problem)``, a `Guide`.
    options : mapping
        With what it was made.

    Examples
    --------
    Minutes beyond twenty. `moves`, `travel_time` and `split_feeders` are measures that are there.

    >>> beyond = sgt.Measure("beyond_twenty", lambda problem: (problem.minutes > 20) * problem.share[:, np.newaxis])
    >>> sgt.minimize(sgt.dissimilarity) + 0.1 * sgt.minimize(beyond) + 0.01 * sgt.minimize(sgt.travel_time)
    minimize(dissimilarity) + 0.1 * minimize(beyond_twenty) + 0.01 * minimize(travel_time)
    >>> sgt.minimize(sgt.moves) + sgt.minimize(sgt.split_feeders)
    minimize(moves) + minimize(split_feeders)
    """

    name: str
    cost: Callable[[Problem], Floats] | None = None
    value: Callable[[Problem, Codes], float] | None = None
    guide: Callable[[Problem], Guide] | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        return f"<measure {measured_by(self)}>"


def _moved(problem: Problem) -> Floats:
    elsewhere = np.arange(len(problem.schools)) != problem.current[:, np.newaxis]
    cost: Floats = elsewhere * problem.share[:, np.newaxis]
    return cost


def _travelled(problem: Problem) -> Floats:
    cost: Floats = problem.minutes * problem.share[:, np.newaxis]
    return cost


moves = Measure("moves", _moved)
"""Share of pupils whose school is another than today."""

travel_time = Measure("travel_time", _travelled)
"""Mean minutes that a pupil travels."""


def walkers_lost(walk: float = 20) -> Measure:
    """Count pupils who can walk to school today, and could not in the plan.

    Parameters
    ----------
    walk : float
        Minutes of `travel` up to which pupils walk.

    Returns
    -------
    Measure
        As a share of all pupils.

    Examples
    --------
    >>> sgt.minimize(sgt.dissimilarity) + 0.5 * sgt.minimize(walkers_lost(15))
    minimize(dissimilarity) + 0.5 * minimize(walkers_lost(walk=15))
    """
    walk = real_number(walk, "walk", 0, "minutes that pupils walk")

    def cost(problem: Problem) -> Floats:
        walks = (problem.current >= 0) & (problem.minutes[np.arange(len(problem.current)), problem.current] <= walk)
        lost: Floats = (walks[:, np.newaxis] & (problem.minutes > walk)) * problem.share[:, np.newaxis]
        return lost

    return Measure("walkers_lost", cost, options={"walk": walk})


def outside_band(group: Hashable, low: float = 0, high: float = 1) -> Measure:
    """Count the pupils by whom the rolls of schools miss a band of shares of a group.

    Parameters
    ----------
    group : hashable
        Which group.
    low, high : float
        Between which shares of the roll of every school it should lie.

    Returns
    -------
    Measure
        Members of the group beyond ``high`` or short of ``low`` times the roll, over all schools, as a share of all pupils.

    Examples
    --------
    >>> sgt.minimize(outside_band("a", 0.2, 0.5))
    minimize(outside_band(group='a', low=0.2, high=0.5))
    """
    low, high = (real_number(value, name, 0, "a share, from 0 to 1") for value, name in ((low, "low"), (high, "high")))
    if not low <= high <= 1:
        msg = f"a band reaches from low to high, both shares from 0 to 1; got {low:g} and {high:g}"
        raise OptionError(msg)

    def guide(problem: Problem) -> Guide:
        at = _group(problem, group)
        own = np.arange(len(problem.counts)) == at
        return Guide(forms=tuple(ZonalForm("hinge", np.diag(w)) for w in (own - high, low - own)))

    def value(problem: Problem, zone: Codes) -> float:
        rolls = problem.by_school(zone)
        own, all_ = rolls[_group(problem, group)], rolls.sum(axis=0)
        return float((np.maximum(own - high * all_, 0) + np.maximum(low * all_ - own, 0)).sum() / problem.sizes.sum())

    return Measure("outside_band", None, value, guide, {"group": group, "low": low, "high": high})


def worst_school(index: Index) -> Measure:
    """Take the value of an index in the school where it is largest.

    Parameters
    ----------
    index : Index
        With one local value a unit.

    Returns
    -------
    Measure

    Examples
    --------
    >>> sgt.minimize(worst_school(sgt.dissimilarity))
    minimize(worst_school(index=dissimilarity))
    """
    if not isinstance(index, Index) or index.answer != "number" or index.local_refusal:
        msg = f"worst_school(...) takes an index with a local value of each school, such as sgt.dissimilarity, not {index!r}"
        raise CapabilityError(msg)

    def value(problem: Problem, zone: Codes) -> float:
        return float(np.nanmax(np.asarray(index.local(problem.schools_of(zone)))))

    def guide(problem: Problem) -> Guide:
        return Guide(forms=(by_deviation(_mix(problem)),), steep=True, exact=False)

    return Measure("worst_school", None, value, guide, {"index": index})


def _feeders(problem: Problem) -> Codes:
    tiers = problem.pupils.tiers
    schools = problem.today if tiers is None or FEEDER not in tiers else tiers[FEEDER]
    return pd.factorize(schools, use_na_sentinel=False)[0].astype(np.intp)


def feeder_parts(sizes: Floats, feeders: Codes, zone: Codes, shape: tuple[int, int]) -> Floats:
    """Count the pupils who come from each feeder to each school.

    Parameters
    ----------
    sizes : ndarray of shape (blocks,)
        Pupils who go to the school.
    feeders, zone : ndarray of int, shape (blocks,)
        Number of the feeder and of the school of each block.
    shape : tuple of int
        How many feeders and schools.

    Returns
    -------
    ndarray of shape (feeders, schools)
    """
    parts = np.zeros(shape)
    np.add.at(parts, (feeders, zone), sizes)
    return parts


def parted(parts: Floats) -> float:
    """Take the share of pupils who are parted from the largest part of those they come with.

    Parameters
    ----------
    parts : ndarray of shape (feeders, schools)
        From `feeder_parts`.

    Returns
    -------
    float
        1 − Σ_f max_s n_fs / n.
    """
    return float(1 - parts.max(axis=1).sum() / parts.sum())


def _parts_of(problem: Problem, zone: Codes) -> Floats:
    feeders = _feeders(problem)
    return feeder_parts(problem.sizes, feeders, zone, (feeders.max() + 1, len(problem.schools)))


def _split(problem: Problem, zone: Codes) -> float:
    return parted(_parts_of(problem, zone))


def _split_guide(problem: Problem) -> Guide:
    """Cost of another school than that of most of the feeder's pupils today: never less than how many are parted."""
    stays = problem.current >= 0
    today = np.where(stays, problem.current, problem.minutes.argmin(axis=1))
    usual = _parts_of(problem, today).argmax(axis=1)[_feeders(problem)]
    elsewhere = np.arange(len(problem.schools)) != usual[:, np.newaxis]
    return Guide(cost=elsewhere * problem.share[:, np.newaxis], exact=False)


split_feeders = Measure("split_feeders", None, _split, _split_guide)
"""Share of pupils who are parted from the largest part of those they come with: of the tier "feeder", the school before
this one; without such a tier, of today's school."""


@dataclass(frozen=True)
class Chosen:
    """One of the values of an index that has several.

    Attributes
    ----------
    index : Index
        Which index.
    of : tuple
        A group, or a group and the group it meets.
    """

    index: Index
    of: tuple[Hashable, ...]


@dataclass(frozen=True)
class Goal:
    """A weighted sum of measures, to be made small.

    Attributes
    ----------
    terms : tuple of (float, Index, Chosen or Measure)
        Weights, negative for what is to be large.

    Examples
    --------
    >>> minimize(sgt.dissimilarity) + 0.1 * minimize(moves)
    minimize(dissimilarity) + 0.1 * minimize(moves)
    """

    terms: tuple[tuple[float, Index | Chosen | Measure], ...]

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

    def value(self, problem: Problem, zone: Codes) -> float:
        """Measure a plan by the goal.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Returns
        -------
        float
        """
        return float(sum(weight * value_of(problem, zone, what) for weight, what in self.terms))


def minimize(what: Index | Measure, *, of: Any = None) -> Goal:
    """Ask for a plan in which something is small.

    Parameters
    ----------
    what : Index or Measure
        Any index over zones; `moves`, `travel_time`, `split_feeders`, `worst_school(index)`, `walkers_lost()`,
        `outside_band(group, low, high)`. Sums over zones are followed move by move. Of other indices, such as Gini's, a plan
        that is good by dissimilarity is found first, and changed block by block as the index itself says: that is slower.
    of : group, or (group, group it meets), optional
        Which value of an index that has several, such as `exposure` or `isolation`.

    Returns
    -------
    Goal

    Raises
    ------
    CapabilityError
        If an index has several values and `of` does not say which.

    Examples
    --------
    >>> minimize(sgt.dissimilarity)
    minimize(dissimilarity)
    >>> maximize(sgt.exposure, of=("a", "b"))
    maximize(exposure of a to b)
    """
    if not isinstance(what, (Index, Measure)):
        msg = f"a goal is an index or a measure, such as sgt.dissimilarity or sgt.moves, not {what!r}"
        raise OptionError(msg)
    if isinstance(what, Measure) or what.answer == "number":
        if of is not None:
            msg = f"{measured_by(what)} has one value: leave out of={of!r}"
            raise OptionError(msg)
        return Goal(((1.0, what),))
    wanted = {"groups": 1, "matrix": 2}.get(what.answer)
    if wanted is None:
        msg = f"{what.__name__} has a value for each unit: take worst_school(index) of an index that has one for all"
        raise CapabilityError(msg)
    chosen = () if of is None else of if isinstance(of, tuple) else (of,)
    if len(chosen) != wanted:
        one = "of=group" if wanted == 1 else "of=(group, group it meets)"
        msg = f"{what.__name__} has several values: say which, minimize({what.__name__}, {one}); got of={of!r}"
        raise CapabilityError(msg)
    return Goal(((1.0, Chosen(what, chosen)),))


def maximize(what: Index | Measure, *, of: Any = None) -> Goal:
    """Ask for a plan in which something is large.

    Parameters
    ----------
    what : Index or Measure
        As in `minimize`.
    of : group, or (group, group it meets), optional
        As in `minimize`.

    Returns
    -------
    Goal

    Examples
    --------
    >>> sgt.maximize(sgt.exposure, of=("a", "b"))
    maximize(exposure of a to b)
    """
    ((weight, what_of),) = minimize(what, of=of).terms
    return Goal(((-weight, what_of),))


def measured_by(what: Any) -> str:
    """Name a measure.

    Parameters
    ----------
    what : Index, Chosen or Measure
        Of a goal.

    Returns
    -------
    str
    """
    if isinstance(what, Chosen):
        return f"{measured_by(what.index)} of {' to '.join(map(str, what.of))}"
    name, options = (what.__name__, what.options) if isinstance(what, Index) else (what.name, what.options)
    told = ", ".join(f"{option}={_told(value)}" for option, value in options.items())
    return f"{name}({told})" if told else str(name)


def _told(value: Any) -> str:
    if isinstance(value, Index):
        return measured_by(value)
    return f"{value:.10g}" if isinstance(value, float) else repr(value)


def named(whats: Iterable[Any]) -> dict[str, Any]:
    """Give measures by their names.

    Parameters
    ----------
    whats : iterable of Index, Chosen or Measure
        The same may come again.

    Returns
    -------
    dict

    Raises
    ------
    OptionError
        If different ones have one name.
    """
    by_name: dict[str, Any] = {}
    for what in whats:
        name = measured_by(what)
        if not alike(by_name.setdefault(name, what), what):
            msg = f"two different measures are called {name!r}: give your own another name, sgt.Measure('another', ...)"
            raise OptionError(msg)
    return by_name


def alike(one: Any, other: Any) -> bool:
    """Say whether two measures are the same: of one name and formula, made with the same options.

    Parameters
    ----------
    one, other : Index, Chosen or Measure
        Which.

    Returns
    -------
    bool
    """
    return bool(_made_of(one) == _made_of(other))


def _made_of(what: Any) -> list[Any]:
    if isinstance(what, Chosen):
        return [_made_of(what.index), what.of]
    if isinstance(what, Index):
        return [what.__name__, what.formula, what.options]
    parts = [getattr(part, "__code__", part) for part in (what.cost, what.value, what.guide)]
    options = {key: _made_of(value) if isinstance(value, Index) else value for key, value in what.options.items()}
    return [what.name, options, parts]


def value_of(problem: Problem, zone: Codes, what: Index | Chosen | Measure) -> float:
    """Measure a plan.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    what : Index, Chosen or Measure
        By what.

    Returns
    -------
    float
    """
    if isinstance(what, Index):
        return float(what(problem.schools_of(zone)))
    if isinstance(what, Chosen):
        group, *met = _groups(problem, what)
        values = np.asarray(what.index(problem.schools_of(zone)))
        return float(values[(group, *met)])
    if what.value is not None:
        return what.value(problem, zone)
    return float(cost_of(problem, what)[np.arange(len(zone)), zone].sum())


def guide_of(problem: Problem, what: Index | Chosen | Measure) -> Guide:
    """Say what the search follows.

    Parameters
    ----------
    problem : Problem
        The district.
    what : Index, Chosen or Measure
        To be made small.

    Returns
    -------
    Guide
    """
    if isinstance(what, Measure):
        return (
            Guide(cost=cost_of(problem, what), exact=what.value is None) if what.guide is None else what.guide(problem)
        )
    index, at = (what, []) if isinstance(what, Index) else (what.index, _groups(problem, what))
    if index.about.zonal is not None:
        return Guide(forms=(index.about.zonal(_mix(problem), *at),), exact=not index.options)
    return Guide(forms=() if at else (by_deviation(_mix(problem)),), exact=False)


def cost_of(problem: Problem, what: Measure) -> Floats:
    """Say what each block adds to a measure in the zone of each school.

    Parameters
    ----------
    problem : Problem
        The district.
    what : Measure
        A sum over blocks.

    Returns
    -------
    ndarray of shape (blocks, schools)

    Raises
    ------
    OptionError
        If it says nothing, or no number for some.
    """
    if what.cost is None:
        msg = f"the measure {what.name!r} has neither cost=, what a block costs, nor value= with a guide="
        raise OptionError(msg)
    cost = np.asarray(what.cost(problem))
    if cost.shape != problem.minutes.shape or not np.isfinite(cost).all():
        found = (
            "values that are missing or infinite" if cost.shape == problem.minutes.shape else f"the shape {cost.shape}"
        )
        msg = (
            f"the cost of measure {what.name!r} has {found}: give a number for each of {len(problem.blocks)} blocks × "
            f"{len(problem.schools)} schools, and forbidden([...]) for ways that may not be"
        )
        raise OptionError(msg)
    return cost


def check_groups(problem: Problem) -> None:
    """Refuse one group, which has none to meet.

    Parameters
    ----------
    problem : Problem
        The district.

    Raises
    ------
    GroupError
        If there are no others.
    """
    if len(problem.pupils.groups) < 2:
        msg = f"there is one group, {listed(problem.pupils.groups)}, and none for it to meet: name more groups"
        raise GroupError(msg)


def _mix(problem: Problem) -> Floats:
    return np.asarray(problem.pupils.mix, dtype=np.float64)


def _group(problem: Problem, group: Hashable) -> int:
    groups = list(problem.pupils.groups)
    if group not in groups:
        msg = f"a goal names group {group!r}; groups are {listed(groups)}"
        raise GroupError(msg)
    return groups.index(group)


def _groups(problem: Problem, what: Chosen) -> list[int]:
    return [_group(problem, group) for group in what.of]
