"""How sure is a value? Bootstrap over people or units: bias, standard error, intervals, and differences of two places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.margins import PrivacyNoise, errors_drawn, noise_drawn
from segregation_tools.analysis.null_models import whole_people, with_every_group
from segregation_tools.analysis.replicates import (
    begun_by,
    checked_level,
    labelled_like,
    mean_of,
    measurable,
    measured,
    one_value,
    quantiles,
    replicated,
    rows_of,
    spread_of,
)
from segregation_tools.errors import CapabilityError, GroupError, listed
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = ["Bootstrap", "bootstrap", "difference", "people_drawn", "units_drawn"]

OF = ("people", "units", "margins")
INTERVALS = ("basic", "percentile", "bca")
MOST_LEFT_OUT = 50_000  # people or units
BATCH = 64  # tables that leave somebody out, measured together


def bootstrap(
    index: Index,
    pop: Population,
    *,
    draws: int = 1000,
    of: str | PrivacyNoise = "people",
    rng: np.random.Generator | int | None = None,
    client: Any = None,
) -> Bootstrap:
    """Measure an index on populations drawn from the population itself.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups; options are bound, ``sgt.atkinson.bind(b=0.9)``.
    pop : Population
        With a local environment, drawn people meet others within the same environment.
    draws : int
        How many populations are drawn.
    of : {"people", "units", "margins"} or PrivacyNoise
        Who is drawn, with replacement: everyone, with the group and the unit of one of the people counted, as if the census
        were a sample of all who might live here; or units with all who live in them, as if they were a sample of units. Or
        the error of a survey: every count anew, normally distributed within its margin of error (90 %), none below 0, as
        ``Population.from_frame(..., margins={"black": "black_moe"})`` reads them (Napierala & Denton 2017); or the noise
        that an office adds for privacy, `PrivacyNoise`.
    rng : Generator or int
        Source of chance.
    client : dask.distributed.Client, optional
        Whose workers draw and measure; without, it is done here. The same seed gives the same draws.

    Returns
    -------
    Bootstrap
        `.value`, `.bias`, `.se`, `.interval(level, method)`, `.draws`, and `.more(draws)`.

    Raises
    ------
    CapabilityError
        If units are drawn and the environment depends on how many live in each.
    DataError
        If people cannot be drawn because they are no whole numbers, or there are no margins of error.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993), An Introduction to the Bootstrap. Elbers, B. (2021), Sociological Methods &
    Research 52, 5–42. Napierala, J. & Denton, N. (2017), Measuring residential segregation with the ACS: how the margin
    of error affects the dissimilarity index, Demography 54, 285–309.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["black", "white"])
    >>> sure = sgt.bootstrap(sgt.dissimilarity, pop, draws=200, rng=7)
    >>> round(sure.value, 4), [round(end, 3) for end in sure.interval(0.95)]
    (0.58, [0.577, 0.582])
    """
    pop = as_population(pop)
    index = measurable(index)
    number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    sample = _Sample(index, pop, _source(of))
    root = begun_by(rng)
    return Bootstrap((sample,), index(pop), sample.measured(root, 0, number, client), root)


def difference(
    index: Index,
    a: Population,
    b: Population,
    *,
    draws: int = 1000,
    of: str | PrivacyNoise = "people",
    rng: np.random.Generator | int | None = None,
    client: Any = None,
) -> Bootstrap:
    """Measure by how much an index is larger in one population than in another, with its uncertainty.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups.
    a, b : Population
        Two places, or the dates before and after; the difference is `b` less `a`.
    draws : int
        How many pairs of populations are drawn.
    of : {"people", "units", "margins"} or PrivacyNoise
        What is drawn, as in `bootstrap`. Units that have the same labels in both are drawn together, unless they are merely
        numbered.
    rng : Generator or int
        Source of chance.
    client : dask.distributed.Client, optional
        Whose workers draw and measure; without, it is done here. The same seed gives the same draws.

    Returns
    -------
    Bootstrap

    Raises
    ------
    GroupError
        If the groups are not the same.

    Examples
    --------
    >>> counties = sgt.load("nc_births")
    >>> before, after = (
    ...     sgt.Population(counties[[f"nonwhite_{year}", f"white_{year}"]].T, ["nonwhite", "white"], units=counties.index)
    ...     for year in (1974, 1979)
    ... )
    >>> change = sgt.difference(sgt.dissimilarity, before, after, draws=200, rng=7)
    >>> round(change.value, 4), [round(end, 3) for end in change.interval()]
    (-0.0033, [-0.008, 0.0])
    """
    index = measurable(index)
    a, b = as_population(a), as_population(b)
    number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    if set(a.groups) != set(b.groups):
        msg = (
            f"the groups differ: {listed(a.groups)}, and {listed(b.groups)}. Name them alike, frame.rename(columns=...)"
        )
        raise GroupError(msg)
    b = b if a.groups == b.groups else b[list(a.groups)]
    of = _source(of)
    among = _shared(a, b) if of == "units" else None
    samples = tuple(_Sample(index, pop, of, among) for pop in (a, b))
    values = [index(pop) for pop in (a, b)]
    value = labelled_like(values[0], np.ravel(values[1]) - np.ravel(values[0]))
    root = begun_by(rng)
    found = Bootstrap(samples, value, np.empty((0, np.size(value))), root)
    return found.more(number, client=client)


def _source(of: Any) -> str | PrivacyNoise:
    """Check what is to be drawn."""
    return of if isinstance(of, PrivacyNoise) else one_of(of, "of", OF)


@dataclass(frozen=True, eq=False)
class _Sample:
    """An index, on a population from which people or units are drawn."""

    index: Index
    pop: Population
    of: str | PrivacyNoise
    among: pd.Index[Any] | None = None  # labels from which units are drawn, where another population shares them

    def measured(self, root: int, first: int, last: int, client: Any) -> Floats:
        """Values of some draws."""
        return replicated([self.index], [self.pop], self.draw, root, first, last, client)

    @cached_property
    def draw(self) -> Callable[[Seeds], Floats]:
        if isinstance(self.of, PrivacyNoise):
            return noise_drawn(self.of, self.pop)
        if self.of == "units":
            return with_every_group(units_drawn(self.pop, self.among), self.pop)
        return people_drawn(self.pop) if self.of == "people" else errors_drawn(self.pop)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Sample, (self.index, self.pop, self.of, self.among)

    def influences(self) -> tuple[Floats, Floats]:
        """How much each of the people, or units, moves the value, and how many are alike: by leaving one out."""
        if self.of not in ("people", "units"):
            msg = "errors of counts are nobody to be left out: method='basic' or 'percentile'"
            raise CapabilityError(msg)
        counts = self.pop.counts.reshape(len(self.pop.groups), -1).astype(np.float64)
        if self.of == "people":
            leave = np.argwhere(counts >= 1)
            weights = counts[tuple(leave.T)]
            without: Iterator[Floats] = (_less(counts, tuple(cell)) for cell in leave)
        else:
            units = np.flatnonzero(counts.sum(axis=0) > 0)
            weights = np.ones(len(units))
            without = (_emptied(counts, int(unit)) for unit in units)
        if len(weights) > MOST_LEFT_OUT:
            msg = f"bca would measure {len(weights):,} populations that lack one of them: method='basic' measures none"
            raise CapabilityError(msg)
        found: list[Floats] = []
        batch: list[Floats] = []
        for table in without:
            batch.append(table.reshape(self.pop.counts.shape))
            if len(batch) == BATCH or len(found) + len(batch) == len(weights):
                found.extend(measured([self.index], [self.pop], np.stack(batch)))
                batch = []
        values = np.stack(found)
        defined = ~np.isnan(values).any(axis=1)  # without its only member a group is gone
        values, weights = values[defined], weights[defined]
        mean = np.average(values, axis=0, weights=weights)
        return (mean - values) * (weights.sum() - 1) / weights.sum(), weights


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """A value, or the difference of two, with the values of populations drawn from the same people.

    Attributes
    ----------
    samples : tuple
        What was drawn from: one population, or two of which the difference is taken.
    value : float, Series or DataFrame
        What was found.
    draws : ndarray of shape (draws, values)
        What the drawn populations gave.
    seed : int
        With which the draws began.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sure = sgt.bootstrap(sgt.dissimilarity, pop, draws=200, rng=7)
    >>> low, high = sure.interval(0.95)
    >>> low < sure.value < high, sure.more(300).draws.shape
    (True, (500, 1))
    """

    samples: tuple[_Sample, ...] = field(repr=False)
    value: Any
    draws: Floats = field(repr=False)
    seed: int

    @property
    def bias(self) -> Any:
        """Bootstrap bias: how much higher the draws lie than the value, on average.

        As few people make a city look more segregated than it is, so do draws from it: the value is too high by about as
        much.
        """
        return labelled_like(self.value, mean_of(self.draws) - np.ravel(self.value))

    @property
    def se(self) -> Any:
        """Standard error: the standard deviation of the draws."""
        return labelled_like(self.value, spread_of(self.draws))

    def interval(self, level: float = 0.95, method: str = "basic") -> tuple[Any, Any]:
        """Give the ends of the interval.

        Parameters
        ----------
        level : float
            How often such intervals hold the truth.
        method : {"basic", "percentile", "bca"}
            Twice the value less the quantiles of the draws, which takes out their bias; the quantiles themselves; or
            quantiles shifted for bias and skewness (Efron 1987), which leaves one of the people (or units) out at a time.

        Returns
        -------
        low, high : float, Series or DataFrame
            Never clipped: an end may lie below 0.
        """
        level = checked_level(level)
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        if one_of(method, "method", INTERVALS) == "bca":
            ends = self._shifted(tails)
        else:
            ends = quantiles(self.draws, tails)
            if method == "basic":
                ends = 2 * np.ravel(self.value) - ends[::-1]
        return labelled_like(self.value, ends[0]), labelled_like(self.value, ends[1])

    def _shifted(self, tails: Floats) -> Floats:
        from scipy.stats import norm

        value = np.ravel(self.value)
        defined = ~np.isnan(self.draws)
        if np.isnan(value).any() or not defined.any(axis=0).all():
            return np.full((2, len(value)), np.nan)
        below = ((self.draws < value).sum(axis=0) + (self.draws == value).sum(axis=0) / 2) / defined.sum(axis=0)
        if not ((below > 0) & (below < 1)).all():
            msg = "all draws lie on one side of the value, too far for bca: method='basic' takes their bias out"
            raise CapabilityError(msg)
        bias = norm.ppf(below)
        cubes, squares = 0.0, 0.0
        for sign, sample in zip((1,) if len(self.samples) == 1 else (-1, 1), self.samples, strict=True):
            moves, weights = sample.influences()
            moves = sign * moves / weights.sum()
            cubes, squares = cubes + weights @ moves**3, squares + weights @ moves**2
        skew = cubes / (6 * np.where(squares > 0, squares, 1) ** 1.5)
        z = bias + norm.ppf(tails)[:, np.newaxis]
        at = norm.cdf(bias + z / (1 - skew * z))
        return np.stack([[np.nanquantile(self.draws[:, v], at[end, v]) for v in range(len(value))] for end in range(2)])

    def more(self, draws: int, *, client: Any = None) -> Bootstrap:
        """Draw more populations, behind those that were drawn: as if all had been drawn at once.

        Parameters
        ----------
        draws : int
            How many.
        client : dask.distributed.Client, optional
            Whose workers draw and measure.

        Returns
        -------
        Bootstrap
        """
        number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
        first = len(self.draws)
        found = [
            sample.measured(self.seed ^ int(i > 0 and sample.among is None), first, first + number, client)
            for i, sample in enumerate(self.samples)
        ]
        added = found[0] if len(found) == 1 else found[1] - found[0]
        return replace(self, draws=np.concatenate([self.draws, added]))

    def __float__(self) -> float:
        return one_value(self.value, "value")

    def to_frame(self, level: float = 0.95, method: str = "basic") -> pd.DataFrame:
        """Return one row a value: `value`, `bias`, `se`, `low`, `high`, behind the groups it is about.

        Parameters
        ----------
        level : float
            Of the interval.
        method : str
            As in `interval`.

        Returns
        -------
        DataFrame
        """
        frame = pd.DataFrame(rows_of(self.value))
        low, high = self.interval(level, method)
        for name, column in (("bias", self.bias), ("se", self.se), ("low", low), ("high", high)):
            frame[name] = np.ravel(column)
        return frame

    @property
    def _title(self) -> str:
        what = self.samples[0].index.__name__
        return (
            f"{'change of ' if len(self.samples) > 1 else ''}{what}, {len(self.draws):,} draws of {self.samples[0].of}"
        )

    def __str__(self) -> str:
        return f"{self._title}:\n{self.to_frame().to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), self._title)


def people_drawn(pop: Population) -> Callable[[Seeds], Floats]:
    """Prepare to draw as many people as there are, each with the group and the unit of one of them: Mult(T, n/T).

    Parameters
    ----------
    pop : Population
        Who lives where.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, …), somebody of every group in each.

    Raises
    ------
    DataError
        If there are parts of people.
    """
    from segregation_tools.kernels.sample import Allotment

    people = whole_people(pop)
    everyone = Allotment(np.array([people.sum()]), people.ravel() / people.sum())
    return with_every_group(lambda seeds: everyone.draw(seeds).reshape(len(seeds), *people.shape), pop)


def _shared(a: Population, b: Population) -> pd.Index[Any] | None:
    """Labels of all inhabited units, where two populations share some that are more than numbers of rows."""
    here, there = (pd.Index(pop.units.to_flat_index())[pop.sizes.reshape(-1) > 0] for pop in (a, b))
    numbered = isinstance(a.units, pd.RangeIndex) or isinstance(b.units, pd.RangeIndex)
    if numbered or here.intersection(there).empty:
        return None
    every: pd.Index[Any] = here.union(there, sort=False)
    return every


def units_drawn(pop: Population, among: pd.Index[Any] | None = None) -> Callable[[Seeds], Floats]:
    """Prepare to draw as many units as have residents, here or in another population too, each time all who live in them.

    Parameters
    ----------
    pop : Population
        Who lives where.
    among : pandas.Index, optional
        Labels from which units are drawn, where another population shares them.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, units).

    Raises
    ------
    CapabilityError
        If the environment depends on how many live in each unit.
    """
    from segregation_tools.kernels.sample import Allotment

    if pop.surroundings is not None and not pop.surroundings.linear:
        msg = "drawn units would change whom the others meet: draw people, of='people'"
        raise CapabilityError(msg)
    counts = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
    labels = pd.Index(pop.units.to_flat_index())
    home = np.flatnonzero(counts.sum(axis=0) > 0)
    every = labels[home] if among is None else among
    at = every.get_indexer(labels[home])
    units = Allotment(np.array([len(every)]), np.full(len(every), 1 / len(every)))

    def draw(seeds: Seeds) -> Floats:
        drawn = np.zeros((len(seeds), *counts.shape))
        drawn[:, :, home] = counts[:, home] * units.draw(seeds)[:, at, 0][:, np.newaxis]
        return drawn

    return draw


def _less(counts: Floats, cell: tuple[int, ...]) -> Floats:
    fewer = counts.copy()
    fewer[cell] -= 1
    return fewer


def _emptied(counts: Floats, unit: int) -> Floats:
    fewer = counts.copy()
    fewer[:, unit] = 0
    return fewer
