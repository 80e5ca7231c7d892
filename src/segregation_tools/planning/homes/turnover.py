"""What becomes of a plan when residents move on: years of turnover, in which people choose among what is vacant."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import whole_people
from segregation_tools.analysis.replicates import BATCH_BYTES, begun_by, checked_level, mean_of, quantiles
from segregation_tools.errors import CapabilityError, DataError, GroupError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.indices.evenness import dissimilarity, information_theory
from segregation_tools.indices.together import values_in
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.planning.homes.scenario import wanted
from segregation_tools.planning.projection import years_ahead
from segregation_tools.planning.rates import Pupils
from segregation_tools.population.columns import check_one_row, columns_in_order, numbers_of
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.kernels.turnover import Turnover
    from segregation_tools.planning.goals import Goal
    from segregation_tools.planning.homes.scenario import Wanted

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["RelocationStress", "relocation_stress"]

ROOTS = 2**63


def relocation_stress(
    populations: Population | Mapping[Hashable, Population],
    *,
    years: int,
    rate: Any,
    own_share: Any = 0.0,
    attributes: pd.DataFrame | None = None,
    coefficients: pd.Series[Any] | pd.DataFrame | None = None,
    capacity: Any = None,
    indices: Index | Goal | Sequence[Index | Goal] = (dissimilarity, information_theory),
    draws: int = 99,
    level: float = 0.95,
    rng: np.random.Generator | int | None = None,
) -> RelocationStress:
    """Let years of turnover pass, with a plan and without: whether what it does lasts when residents move on.

    Each year some residents of every unit move out. They choose anew, one after the other in an order drawn by chance, among
    all that is vacant then: a unit in proportion to its vacancies × exp(`own_share` × share of the own group among those
    whom its residents meet at the beginning of the year + `attributes` × `coefficients`).

    Parameters
    ----------
    populations : Population, or mapping of name to Population
        Such as ``{"today": pop, "with the plan": scenario.outcome(0)}``: whole people of the same groups. What residents see
        of a unit, and what indices are measured in, is each population's own environment, ``pop.within(sgt.Radius(500))``.
    years : int
        How many, at most 50.
    rate : float, Series or DataFrame
        Share of residents who move in a year, from 0 to 1: of all, by group or by unit (a Series), or of units × groups.
    own_share : float, Series or DataFrame
        What a share of 1 of the own group adds to the utility of a unit, against a share of 0: of all, by group or by unit,
        or of units × groups. At 0 nobody looks at groups.
    attributes : DataFrame, optional
        Unit × attribute: what else makes units different, such as rents, or minutes to work.
    coefficients : Series or DataFrame, optional
        What one of each attribute adds to the utility: by attribute, or attribute × group.
    capacity : Series or mapping of name to Series, optional
        How many people each unit has room for, no fewer than live in it today; of several populations one for all, or one
        for each. Without it, as many as today, so that all units keep their sizes.
    indices : Index or Goal, or sequence of them
        What is measured, as in `what_if`.
    draws : int
        How many courses are drawn. Draw r of all populations begins with the same seeds, so that their difference is that of
        the populations more than that of chance.
    level : float
        How many of the courses an interval holds.
    rng : Generator or int
        Source of chance. Draw r of a seed is the same whatever the number of draws, years and threads.

    Returns
    -------
    RelocationStress
        `.to_frame()`, `.difference()`, `.after`, `.draws`.

    Raises
    ------
    DataError
        If there are parts of people, room is short, or labels do not match.
    GroupError
        If populations have different groups.
    CapabilityError
        If some people belong to no group.
    OptionError
        If rates or options are out of their range.

    Notes
    -----
    A stress test, no forecast: nobody comes from outside or leaves the area, groups keep their totals, rents do not answer,
    and residents know of every vacancy. Those who moved out may choose their own unit again. Where nobody is met, residents
    expect the mix of the region. A logit model of one's own, from a survey of moves, gives `own_share` and `coefficients`.

    References
    ----------
    Schelling, T. C. (1971), Dynamic models of segregation, Journal of Mathematical Sociology 1, 143–186. Bruch, E. E. &
    Mare, R. D. (2006), Neighborhood choice and neighborhood change, American Journal of Sociology 112, 667–709.

    Examples
    --------
    Where nobody looks at groups, turnover mixes; where all do, it does not.

    >>> pop = sgt.Population([[90, 10], [10, 90]], ["a", "b"])
    >>> for own_share in (0, 5):
    ...     found = sgt.relocation_stress(pop, years=10, rate=0.5, own_share=own_share, indices=sgt.dissimilarity, rng=7)
    ...     print(found.to_frame()["value"].iloc[[0, -1]].round(1).tolist())
    [0.8, 0.1]
    [0.8, 1.0]
    """
    named = _named(populations)
    ahead = years_ahead(years, "years", "a whole number of years")
    number = int(real_number(draws, "draws", 1, "a whole number of courses", whole=True))
    level = checked_level(level)
    asked = wanted(indices)
    if (attributes is None) != (coefficients is None):
        msg = "attributes= of units and their coefficients= belong together: give both, or neither"
        raise OptionError(msg)
    rooms = capacity if isinstance(capacity, Mapping) else dict.fromkeys(named, capacity)
    if set(rooms) != set(named):
        msg = f"capacity is given for {listed(rooms)}; the populations are {listed(named)}"
        raise OptionError(msg)
    courses = {
        name: _course(pop, rate, own_share, attributes, coefficients, rooms[name], asked) for name, pop in named.items()
    }
    root = begun_by(rng)
    values, after = {}, {}
    for name, course in courses.items():
        values[name], ended = course.run(root, ahead, number)
        after[name] = course.pop.redrawn(ended.reshape(course.pop.counts.shape))
    undefined = int(np.any([np.isnan(found).any(axis=(1, 2)) for found in values.values()], axis=0).sum())
    if undefined:
        warn(f"measures are undefined (NaN) in {undefined} of {number} draws: they are left out", UndefinedWarning)
    return RelocationStress(values, tuple(asked.labels), after, level, root)


def _named(populations: Any) -> dict[Hashable, Population]:
    """Read populations by their names, all of the same groups in the same order."""
    given = dict(populations) if isinstance(populations, Mapping) else {"population": populations}
    if not given:
        msg = "there is no population: {'today': pop, 'with the plan': other}"
        raise OptionError(msg)
    named = {name: as_population(pop) for name, pop in given.items()}
    first = next(iter(named.values()))
    for name, pop in named.items():
        if pop.with_rest() is not pop:
            msg = f"some people of {name!r} belong to none of the groups: read them as a group, pop.with_rest()"
            raise CapabilityError(msg)
        if set(pop.groups) != set(first.groups):
            msg = f"the groups of populations differ: {listed(first.groups)}, and of {name!r} {listed(pop.groups)}"
            raise GroupError(msg)
    return {name: pop if pop.groups == first.groups else pop[list(first.groups)] for name, pop in named.items()}


@dataclass(frozen=True, eq=False)
class _Course:
    """A population that years are to pass over."""

    pop: Population
    people: Whole
    by_share: Floats
    utility: Floats
    turnover: Turnover
    asked: Wanted

    def run(self, root: int, years: int, draws: int) -> tuple[Floats, Floats]:
        """Draw courses: values of shape (draws, years + 1, measures), and the mean of people at the end."""
        of_years = np.random.default_rng(root).integers(ROOTS, size=(years, 2))
        at_once = max(1, BATCH_BYTES // (8 * self.people.size))
        values: list[Floats] = []
        ended = np.zeros(self.people.shape)
        for first in range(0, draws, at_once):
            last = min(first + at_once, draws)
            counts = np.repeat(self.people[np.newaxis], last - first, axis=0)
            found, utility = self._seen(counts)
            passed = [found]
            for leaving, choosing in of_years.tolist():
                seeds = seeds_of(leaving, first, last), seeds_of(choosing, first, last)
                counts = self.turnover.year(counts, utility, *seeds)
                found, utility = self._seen(counts)
                passed.append(found)
            values.append(np.stack(passed, axis=1))
            ended += counts.sum(axis=0)
        return np.concatenate(values), ended / draws

    def _seen(self, counts: Whole) -> tuple[Floats, Floats]:
        """Measure each draw, and tell what its units are worth to each group."""
        values, utility = [], np.empty(counts.shape)
        region = self.people.sum(axis=1, keepdims=True) / self.people.sum()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedWarning)  # NaN says it, once for all draws
            for r, people in enumerate(counts):
                drawn = self.pop.redrawn(people.astype(np.float64).reshape(self.pop.counts.shape))
                met = drawn.environment.reshape(people.shape)
                total = met.sum(axis=0)
                share = np.where(total > 0, met / np.where(total > 0, total, 1), region)
                utility[r] = self.by_share * share + self.utility
                row = values_in([drawn], self.asked.indices)[0]
                values.append(np.concatenate([np.ravel(value) for value in row]))
        return self.asked.taken(np.stack(values), self.pop), utility


def _course(
    pop: Population, rate: Any, own_share: Any, attributes: Any, coefficients: Any, capacity: Any, asked: Wanted
) -> _Course:
    from segregation_tools.kernels.turnover import Turnover

    people = whole_people(pop)
    groups, units = np.arange(len(people))[:, np.newaxis], np.arange(people.shape[1])[np.newaxis]
    told = Pupils({"groups": pop.group_index(), "units": pop.units}, {"groups": groups, "units": units})
    by_share = told.rates(own_share, "own_share", "what a share of the own group adds", least=-np.inf, most=np.inf)
    rates = told.rates(rate, "rate", "a share of residents who move in a year")
    utility = np.zeros(people.shape)
    if attributes is not None:
        utility = _utility(pop, attributes, coefficients)
    sizes = people.sum(axis=0)
    room = sizes if capacity is None else _room(pop, sizes, capacity)
    return _Course(pop, people, by_share, utility, Turnover(rates, room), asked)


def _rows(pop: Population, index: pd.Index[Any], name: str) -> NDArray[np.intp]:
    """Find the row of each unit in a table, which may have others."""
    check_one_row(index, name)
    units = pop.units.to_flat_index()
    at = index.to_flat_index().get_indexer(units)
    if (at < 0).any():
        msg = f"{name} has no row for units {listed(units[at < 0])}"
        raise DataError(msg)
    return at


def _utility(pop: Population, attributes: Any, coefficients: Any) -> Floats:
    if not isinstance(attributes, pd.DataFrame):
        msg = f"attributes must be a DataFrame of unit × attribute, not {type(attributes).__name__}"
        raise DataError(msg)
    table = attributes.iloc[_rows(pop, attributes.index, "attributes")]
    of_units = numbers_of(table, "attributes", "a number", least=-np.inf)
    if isinstance(coefficients, (pd.Series, Mapping)):
        column = pd.Series(coefficients)
        coefficients = pd.DataFrame(dict.fromkeys(pop.groups, column))
    elif isinstance(coefficients, pd.DataFrame):
        coefficients = columns_in_order(coefficients, pop.group_index(), "coefficients", "groups")
    else:
        msg = f"coefficients must be a Series by attribute or a DataFrame of attribute × group, not {coefficients!r}"
        raise DataError(msg)
    check_one_row(coefficients.index, "coefficients")
    in_order = columns_in_order(coefficients.T, table.columns, "coefficients", "attributes").T
    weights = numbers_of(in_order, "coefficients", "a number", least=-np.inf)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        utility: Floats = (of_units @ weights).T
    endless = np.flatnonzero(~np.isfinite(utility).all(axis=0))
    if len(endless):
        msg = f"attributes × coefficients is no finite number in units {listed(pop.units[endless])}: give smaller ones"
        raise DataError(msg)
    return utility


def _room(pop: Population, sizes: Whole, capacity: Any) -> Whole:
    if not isinstance(capacity, pd.Series):
        msg = f"capacity must be a Series on the units, not {type(capacity).__name__}"
        raise DataError(msg)
    column = capacity.iloc[_rows(pop, capacity.index, "capacity")]
    room = numbers_of(column.to_frame("capacity"), "capacity", "a number of people")[:, 0]
    short = (room < sizes) | (room != np.rint(room))
    if short.any():
        msg = (
            f"capacity must be whole people, no fewer than live in the unit; it is {listed(room[short])} in units "
            f"{listed(pop.units[short])}, where {listed(sizes[short])} live"
        )
        raise DataError(msg)
    return room.astype(np.int64)


@dataclass(frozen=True, eq=False)
class RelocationStress:
    """Indices over years of turnover, of one population or of several.

    Attributes
    ----------
    draws : dict of name to ndarray of shape (draws, years + 1, measures)
        What was measured in each course; year 0 is today.
    measures : tuple of str
        Names.
    after : dict of name to Population
        Mean people of each unit after the last year.
    level : float
        How many of the courses an interval holds.
    seed : int
        With which the draws began.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> found = sgt.relocation_stress(pop, years=5, rate=0.5, own_share=0, indices=sgt.dissimilarity, draws=20, rng=7)
    >>> found.to_frame()["value"].round(1).tolist()[0], len(found.to_frame())
    (0.8, 6)
    """

    draws: dict[Hashable, Floats] = field(repr=False)
    measures: tuple[str, ...]
    after: dict[Hashable, Population] = field(repr=False)
    level: float
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row a population, measure and year.

        Returns
        -------
        DataFrame
            `value`, mean over the courses; `low` and `high`, between which the share `level` of them lies.
        """
        return pd.concat({name: self._over_years(found) for name, found in self.draws.items()}, names=["population"])

    def difference(self, name: Hashable = None, other: Hashable = None) -> pd.DataFrame:
        """Compare two populations, course by course.

        Parameters
        ----------
        name, other : hashable, optional
            The difference is `name` less `other`; without, the last less the first.

        Returns
        -------
        DataFrame
            One row a measure and year: `value`, `low` and `high` of the difference.

        Raises
        ------
        OptionError
            If a population is not known, or there is only one.
        """
        names = list(self.draws)
        name, other = names[-1] if name is None else name, names[0] if other is None else other
        if name == other or not {name, other} <= set(names):
            msg = f"the difference is that of two populations; there are {listed(names)}, not {name!r} and {other!r}"
            raise OptionError(msg)
        return self._over_years(self.draws[name] - self.draws[other])

    def _over_years(self, found: Floats) -> pd.DataFrame:
        rows = pd.MultiIndex.from_product([self.measures, range(found.shape[1])], names=["measure", "year"])
        columns = found.transpose(0, 2, 1).reshape(len(found), -1)
        low, high = quantiles(columns, [(1 - self.level) / 2, (1 + self.level) / 2])
        return pd.DataFrame({"value": mean_of(columns), "low": low, "high": high}, index=rows)

    @property
    def _title(self) -> str:
        draws, years = next(iter(self.draws.values())).shape[:2]
        return f"{years - 1} years of turnover, {draws:,} draws"

    def _ends(self) -> pd.DataFrame:
        """Rows of today and of the last year."""
        frame = self.to_frame()
        years = frame.index.get_level_values("year")
        ends: pd.DataFrame = frame.loc[(years == 0) | (years == years.max())]
        return ends

    def __str__(self) -> str:
        return f"{self._title}\n{self._ends().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self._ends().reset_index().astype(object), self._title)
