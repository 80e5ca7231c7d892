"""How sure is a value? Bootstrap over people or units: bias, standard error, intervals, and differences of two places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import whole_people, with_every_group
from segregation_tools.analysis.replicates import (
    as_html,
    begun_by,
    labelled_like,
    measurable,
    measured,
    one_value,
    replicated,
    rows_of,
)
from segregation_tools.errors import CapabilityError, DataError, OptionError
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = ["Bootstrap", "bootstrap", "difference"]

OF = ("people", "units", "margins")
PER_MARGIN = 1.645  # standard errors in a margin of error of 90 %, as the American Community Survey publishes it
INTERVALS = ("basic", "percentile", "bca")
BATCH = 64  # tables that leave somebody out, measured together


def bootstrap(
    index: Index,
    pop: Population,
    *,
    draws: int = 1000,
    of: str = "people",
    rng: np.random.Generator | int | None = None,
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
    of : {"people", "units", "margins"}
        Who is drawn, with replacement: everyone, with the group and the unit of one of the people counted, as if the census
        were a sample of all who might live here; or units with all who live in them, as if they were a sample of units. Or
        the error of a survey: every count anew, normally distributed within its margin of error (90 %), none below 0, as
        ``Population.from_frame(..., margins={"black": "black_moe"})`` reads them (Napierala & Denton 2017).
    rng : Generator or int
        Source of chance.

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
    Research 52, 286–327. Napierala, J. & Denton, N. (2017), Measuring residential segregation with the ACS: how the margin
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
    sample = _Sample(index, pop, one_of(of, "of", OF))
    root = begun_by(rng)
    return Bootstrap((sample,), index(pop), sample.measured(root, 0, number), root)


def difference(
    index: Index,
    a: Population,
    b: Population,
    *,
    draws: int = 1000,
    of: str = "people",
    rng: np.random.Generator | int | None = None,
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
    of : {"people", "units", "margins"}
        What is drawn, as in `bootstrap`. Units that have the same labels in both are drawn together.
    rng : Generator or int
        Source of chance.

    Returns
    -------
    Bootstrap

    Examples
    --------
    >>> counties = sgt.load("nc_births")
    >>> before, after = (
    ...     sgt.Population.from_frame(counties, groups=[f"nonwhite_{year}", f"white_{year}"]) for year in (1974, 1979)
    ... )
    >>> change = sgt.difference(sgt.dissimilarity, before, after, draws=200, rng=7)
    >>> round(change.value, 4), [round(end, 3) for end in change.interval()]
    (-0.0033, [-0.008, 0.0])
    """
    index = measurable(index)
    a, b = as_population(a), as_population(b)
    number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    samples = tuple(_Sample(index, pop, one_of(of, "of", OF)) for pop in (a, b))
    values = [index(pop) for pop in (a, b)]
    if np.shape(values[0]) != np.shape(values[1]):
        msg = f"{index.__name__} has other groups here and there: {a.groups} and {b.groups}"
        raise OptionError(msg)
    value = labelled_like(values[0], np.ravel(values[1]) - np.ravel(values[0]))
    root = begun_by(rng)
    found = Bootstrap(samples, value, np.empty((0, np.size(value))), root)
    return found.more(number)


@dataclass(frozen=True, eq=False)
class _Sample:
    """An index, on a population from which people or units are drawn."""

    index: Index
    pop: Population
    of: str

    def measured(self, root: int, first: int, last: int) -> Floats:
        """Values of some draws."""
        return replicated([self.index], [self.pop], self.draw, root, first, last)

    @cached_property
    def draw(self) -> Callable[[Seeds], Floats]:
        return with_every_group(DRAWN[self.of](self.pop), self.pop)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Sample, (self.index, self.pop, self.of)

    def influences(self) -> tuple[Floats, Floats]:
        """How much each of the people, or units, moves the value, and how many are alike: by leaving one out."""
        if self.of == "margins":
            msg = "errors of a survey are nobody to be left out: method='basic' or 'percentile'"
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
        found: list[Floats] = []
        batch: list[Floats] = []
        for table in without:
            batch.append(table.reshape(self.pop.counts.shape))
            if len(batch) == BATCH or len(found) + len(batch) == len(weights):
                found.extend(measured([self.index], [self.pop], np.stack(batch)))
                batch = []
        values = np.stack(found)
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
        return labelled_like(self.value, np.nanmean(self.draws, axis=0) - np.ravel(self.value))

    @property
    def se(self) -> Any:
        """Standard error: the standard deviation of the draws."""
        return labelled_like(self.value, np.nanstd(self.draws, axis=0, ddof=1))

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
        if not 0 < real_number(level, "level", 0, "a share of intervals", above=True) < 1:
            msg = f"level must lie between 0 and 1, such as 0.95, not {level!r}"
            raise OptionError(msg)
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        if one_of(method, "method", INTERVALS) == "bca":
            ends = self._shifted(tails)
        else:
            ends = np.nanquantile(self.draws, tails, axis=0)
            if method == "basic":
                ends = 2 * np.ravel(self.value) - ends[::-1]
        return labelled_like(self.value, ends[0]), labelled_like(self.value, ends[1])

    def _shifted(self, tails: Floats) -> Floats:
        from scipy.stats import norm

        value = np.ravel(self.value)
        below = ((self.draws < value).sum(axis=0) + (self.draws == value).sum(axis=0) / 2) / len(self.draws)
        bias = norm.ppf(np.clip(below, 0.5 / len(self.draws), 1 - 0.5 / len(self.draws)))
        cubes, squares = 0.0, 0.0
        for sign, sample in zip((1,) if len(self.samples) == 1 else (-1, 1), self.samples, strict=True):
            moves, weights = sample.influences()
            moves = sign * moves / weights.sum()
            cubes, squares = cubes + weights @ moves**3, squares + weights @ moves**2
        skew = cubes / (6 * np.where(squares > 0, squares, 1) ** 1.5)
        z = bias + norm.ppf(tails)[:, np.newaxis]
        at = norm.cdf(bias + z / (1 - skew * z))
        return np.stack([[np.nanquantile(self.draws[:, v], at[end, v]) for v in range(len(value))] for end in range(2)])

    def more(self, draws: int) -> Bootstrap:
        """Draw more populations, behind those that were drawn: as if all had been drawn at once.

        Parameters
        ----------
        draws : int
            How many.

        Returns
        -------
        Bootstrap
        """
        number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
        first = len(self.draws)
        found = [
            sample.measured(self.seed ^ (i and not self._paired), first, first + number)
            for i, sample in enumerate(self.samples)
        ]
        added = found[0] if len(found) == 1 else found[1] - found[0]
        return replace(self, draws=np.concatenate([self.draws, added]))

    @property
    def _paired(self) -> bool:
        """Whether the units of two populations are drawn together."""
        one, *other = self.samples
        return bool(other) and one.of == "units" and one.pop.units.equals(other[0].pop.units)

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


def _people_drawn(pop: Population) -> Callable[[Seeds], Floats]:
    """As many people as there are, each with the group and the unit of one of them: Mult(T, n/T)."""
    from segregation_tools.kernels.sample import Allotment

    people = whole_people(pop)
    everyone = Allotment(np.array([people.sum()]), people.ravel() / people.sum())
    return lambda seeds: everyone.draw(seeds).reshape(len(seeds), *people.shape)


def _units_drawn(pop: Population) -> Callable[[Seeds], Floats]:
    """As many units as have residents, each time all who live in them."""
    from segregation_tools.kernels.sample import Allotment

    if pop.surroundings is not None and not pop.surroundings.linear:
        msg = "drawn units would change whom the others meet: draw people, of='people'"
        raise CapabilityError(msg)
    counts = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
    home = counts.sum(axis=0) > 0
    units = Allotment(np.array([home.sum()]), home / home.sum())
    return lambda seeds: counts * units.draw(seeds).transpose(0, 2, 1)


def _errors_drawn(pop: Population) -> Callable[[Seeds], Floats]:
    """Draw counts anew, normally distributed within their margins of error; none below 0."""
    if pop.margins is None:
        msg = "there are no margins of error: Population.from_frame(..., margins={'black': 'black_moe', ...})"
        raise DataError(msg)
    counts, errors = (array.reshape(len(pop.groups), -1) for array in (pop.counts, pop.margins / PER_MARGIN))

    def draw(seeds: Seeds) -> Floats:
        drawn = np.stack([np.random.default_rng(seed).standard_normal(counts.shape) for seed in seeds])
        drawn *= errors
        drawn += counts
        return np.maximum(drawn, 0, out=drawn)

    return draw


DRAWN: dict[str, Callable[[Population], Callable[[Seeds], Floats]]] = {
    "people": _people_drawn,
    "units": _units_drawn,
    "margins": _errors_drawn,
}


def _less(counts: Floats, cell: tuple[int, ...]) -> Floats:
    fewer = counts.copy()
    fewer[cell] -= 1
    return fewer


def _emptied(counts: Floats, unit: int) -> Floats:
    fewer = counts.copy()
    fewer[:, unit] = 0
    return fewer
