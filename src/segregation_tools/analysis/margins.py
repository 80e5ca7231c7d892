"""Errors of the counts themselves: margins of a survey, its replicate weights, and noise added for privacy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import whole_people, with_every_group
from segregation_tools.analysis.replicates import (
    checked_level,
    labelled_like,
    measurable,
    measured,
    one_value,
    rows_of,
)
from segregation_tools.errors import DataError, DataWarning, GroupError, OptionError, listed, warn
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.population.reading import column_of_numbers, spelled_geoids
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = ["PrivacyNoise", "ReplicateError", "errors_drawn", "noise_drawn", "replicate_error"]

PER_MARGIN = 1.645  # standard errors in a margin of error of 90 %, as the American Community Survey publishes it
LARGEST = 100_000  # people: σ of noise; its steps are tabulated
REACH = 12  # standard deviations of noise, beyond which there is less than 1e-31
DESIGNS = ("successive_difference", "balanced", "jackknife")


def errors_drawn(pop: Population) -> Callable[[Seeds], Floats]:
    """Prepare to draw counts anew, normally distributed within their margins of error; none below 0.

    Parameters
    ----------
    pop : Population
        With margins of error.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, …), somebody of every group in each.

    Raises
    ------
    DataError
        If there are no margins.
    """
    if pop.margins is None:
        msg = "there are no margins of error: Population.from_frame(..., margins={'black': 'black_moe', ...})"
        raise DataError(msg)
    counts, errors = (array.reshape(len(pop.groups), -1) for array in (pop.counts, pop.margins / PER_MARGIN))

    def draw(seeds: Seeds) -> Floats:
        drawn = np.stack([np.random.default_rng(seed).standard_normal(counts.shape) for seed in seeds])
        drawn *= errors
        drawn += counts
        return np.maximum(drawn, 0, out=drawn)

    return with_every_group(draw, pop)


@dataclass(frozen=True)
class PrivacyNoise:
    """Noise that a statistical office added to every count so that nobody can be recognised: discrete Gaussian.

    A count is off by k people with a chance that is proportional to exp(−k²/2σ²).

    Parameters
    ----------
    scale : float or mapping
        σ in people, above 0; or by group. Offices publish it, or the privacy budget ρ of each count, σ = 1/√(2ρ).

    Notes
    -----
    What an office did to the noisy counts afterwards, such as raising those below 0 or making tables add up, is not undone.

    References
    ----------
    Canonne, C., Kamath, G. & Steinke, T. (2020), The discrete Gaussian for differential privacy. Abowd, J. et al. (2022),
    The 2020 Census disclosure avoidance system TopDown algorithm, Harvard Data Science Review.

    Examples
    --------
    >>> pop = sgt.Population([[40, 5], [10, 90]], ["a", "b"])
    >>> sure = sgt.bootstrap(sgt.dissimilarity, pop, of=PrivacyNoise(3), draws=500, rng=7)
    >>> round(sure.value, 3), [round(end, 2) for end in sure.interval()]
    (0.789, [0.67, 0.9])
    """

    scale: float | Mapping[Any, float]

    def __post_init__(self) -> None:
        scales = list(self.scale.values()) if isinstance(self.scale, Mapping) else [self.scale]
        for scale in scales:
            real_number(scale, "scale", 0, "σ of the noise, in people", above=True)
        if not scales or max(scales) > LARGEST:
            msg = f"scale must be σ of the noise, in people, up to {LARGEST:,}, or by group, not {self.scale!r}"
            raise OptionError(msg)

    def __str__(self) -> str:
        return "privacy noise"

    def of_groups(self, groups: Sequence[Any]) -> list[float]:
        """Give the scale of each group.

        Parameters
        ----------
        groups : sequence
            Of a population.

        Returns
        -------
        list of float
        """
        if not isinstance(self.scale, Mapping):
            return [float(self.scale)] * len(groups)
        if set(self.scale) != set(groups):
            msg = f"scale must name each group, {listed(groups, 30)}; it names {listed(self.scale, 30)}"
            raise GroupError(msg)
        return [float(self.scale[group]) for group in groups]


def noise_drawn(noise: PrivacyNoise, pop: Population) -> Callable[[Seeds], Floats]:
    """Prepare to add noise to the counts; none falls below 0.

    Parameters
    ----------
    noise : PrivacyNoise
        How much.
    pop : Population
        As published.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, …), somebody of every group in each.
    """
    counts = whole_people(pop)
    off = [_discrete_gaussian(scale) for scale in noise.of_groups(pop.groups)]

    def draw(seeds: Seeds) -> Floats:
        drawn = np.empty((len(seeds), *counts.shape))
        for table, seed in zip(drawn, seeds, strict=True):
            chance = np.random.default_rng(seed)
            for row, people, (steps, up_to) in zip(table, counts, off, strict=True):
                row[:] = people + steps[np.searchsorted(up_to, chance.random(len(row)), side="right")]
        return np.maximum(drawn, 0, out=drawn)

    return with_every_group(draw, pop)


def _discrete_gaussian(scale: float) -> tuple[NDArray[np.int64], Floats]:
    """Tabulate steps k, and the chance of each or a smaller one: exp(−k²/2σ²) over their sum."""
    far = int(np.ceil(REACH * scale)) + 1
    steps = np.arange(-far, far + 1)
    with np.errstate(over="ignore"):  # a step that is much larger than σ has no chance
        weights = np.exp(-((steps / scale) ** 2) / 2)
    up_to = np.cumsum(weights) / weights.sum()
    up_to[-1] = 1
    return steps, up_to


def replicate_error(
    index: Index,
    pop: Population,
    replicates: Iterable[Population | pd.DataFrame] | Floats,
    *,
    design: str = "successive_difference",
    fay: float = 0.0,
) -> ReplicateError:
    """Measure an index with each of a survey's replicate weights, and take its standard error from how far they scatter.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups.
    pop : Population
        Estimates with the survey's own weights.
    replicates : sequence of Population or DataFrame, or array of shape (replicates, groups, units)
        Estimates with each set of replicate weights. Units are matched by their labels, groups by their names.
    design : {"successive_difference", "balanced", "jackknife"}
        How the R sets were made, which says how squared differences from the value add up to a variance: 4/R times (the
        American Community Survey and its 80 sets); 1/R times, or 1/(R (1 − k)²) with Fay's k; (R − 1)/R times.
    fay : float
        Fay's k, from 0 to below 1, of balanced replicates.

    Returns
    -------
    ReplicateError
        `.value`, `.se`, `.interval(level)`, `.draws`.

    Raises
    ------
    DataError
        If there are fewer than two sets, or units or groups are missing from one.

    Warns
    -----
    DataWarning
        If weights gave estimates below 0: they count as 0.

    Notes
    -----
    Unlike margins of error, which say nothing of how errors of neighbouring cells go together, replicates carry that. The
    variance of a difference of two independent surveys is the sum of theirs.

    References
    ----------
    Fay, R. & Train, G. (1995), Aspects of survey and model-based postcensal estimation of income and poverty characteristics
    for states and counties. Wolter, K. (2007), Introduction to Variance Estimation.

    Examples
    --------
    >>> pop = sgt.Population([[40, 5], [10, 90]], ["a", "b"])
    >>> scattered = pop.counts * (1 + np.random.default_rng(1).normal(0, 0.05, (80, 2, 2)))
    >>> round(sgt.replicate_error(sgt.dissimilarity, pop, scattered).se, 3)
    0.019
    """
    index, pop = measurable(index), as_population(pop)
    one_of(design, "design", DESIGNS)
    if not 0 <= real_number(fay, "fay", 0, "Fay's k") < 1 or (fay and design != "balanced"):
        msg = f"fay must lie from 0 to below 1, and belongs to design='balanced': not {fay!r} with {design!r}"
        raise OptionError(msg)
    if isinstance(replicates, (pd.DataFrame, Population)) or not hasattr(replicates, "__iter__"):
        msg = (
            f"replicates must be a list of frames or populations, one a set of weights, not {type(replicates).__name__}"
        )
        raise DataError(msg)
    tables = [_table(one, pop, r) for r, one in enumerate(replicates, start=1)]
    if len(tables) < 2:
        msg = f"an error needs at least two sets of replicate weights; there are {len(tables)}"
        raise DataError(msg)
    below = int((np.stack(tables) < 0).sum())
    if below:
        warn(f"{below} estimates with replicate weights are below 0: they count as 0", DataWarning)
    values = np.stack(list(measured([index], [pop], np.maximum(np.stack(tables), 0))))
    count = len(values)
    factor = {
        "successive_difference": 4 / count,
        "balanced": 1 / (count * (1 - fay) ** 2),
        "jackknife": (count - 1) / count,
    }[design]
    return ReplicateError(index, index(pop), values, factor)


def _table(one: Population | pd.DataFrame | Floats, pop: Population, number: int) -> Floats:
    """Estimates of one replicate, in the order of the groups and units of the survey."""
    if isinstance(one, Population):
        frame = one.to_frame()
        for group in pop.groups:
            if group not in one.groups:
                frame[group] = 0.0  # nobody with these weights: the population dropped it
        one = frame
    if isinstance(one, pd.DataFrame):
        one = one.set_axis(spelled_geoids(one.index), axis=0)
        absent = [group for group in pop.groups if group not in one]
        twice = [group for group in pop.groups if list(one.columns).count(group) > 1]
        lacking = pop.units[~pop.units.isin(one.index)]
        if absent or twice or len(lacking) or not one.index.is_unique:
            msg = (
                f"replicate {number} needs one row for each unit and one column for each group; without groups "
                f"{listed(absent) or 'none'}, twice {listed(twice) or 'none'}, without units {listed(lacking) or 'none'}"
            )
            raise DataError(msg)
        here = one.loc[pop.units]
        one = np.stack([column_of_numbers(here, group, pop.units) for group in pop.groups])
    try:
        table = np.asarray(one, dtype=np.float64)
    except (TypeError, ValueError) as unreadable:
        msg = f"replicate {number} must be a frame, a population or an array of numbers: {unreadable}"
        raise DataError(msg) from unreadable
    if table.shape not in (pop.counts.shape, (len(pop.groups), len(pop))):
        msg = f"replicate {number} has the shape {table.shape}, the estimates have {pop.counts.shape}"
        raise DataError(msg)
    if not np.isfinite(table).all():
        unknown = np.flatnonzero(~np.isfinite(table.reshape(len(pop.groups), -1)).all(axis=0))
        msg = f"replicate {number} has no estimate for units {listed(pop.units[unknown])}: leave those out of all"
        raise DataError(msg)
    return table.reshape(pop.counts.shape)


@dataclass(frozen=True, eq=False)
class ReplicateError:
    """A value, and how far it moves from one set of replicate weights to the next.

    Attributes
    ----------
    index : Index
        What was measured.
    value : float, Series or DataFrame
        With the survey's own weights.
    draws : ndarray of shape (replicates, values)
        With each set.
    factor : float
        Variance for each squared difference from the value.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> scattered = pop.counts * (1 + np.random.default_rng(1).normal(0, 0.05, (80, 2, 2)))
    >>> found = sgt.replicate_error(sgt.dissimilarity, pop, scattered)
    >>> low, high = found.interval(0.95)
    >>> bool(low < found.value < high)
    True
    """

    index: Index
    value: Any
    draws: Floats = field(repr=False)
    factor: float

    @property
    def se(self) -> Any:
        """Standard error; NaN where a replicate has no value."""
        off = self.draws - np.ravel(self.value)
        return labelled_like(self.value, np.sqrt(self.factor * (off**2).sum(axis=0)))

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Give the ends of the interval, from the normal distribution.

        Parameters
        ----------
        level : float
            How often such intervals hold the truth.

        Returns
        -------
        low, high : float, Series or DataFrame
            Never clipped.
        """
        from scipy.stats import norm

        half = norm.ppf((1 + checked_level(level)) / 2) * np.ravel(self.se)
        value = np.ravel(self.value)
        return labelled_like(self.value, value - half), labelled_like(self.value, value + half)

    def __float__(self) -> float:
        return one_value(self.value, "value")

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row a value: `value`, `se`, `low`, `high`, behind the groups it is about.

        Parameters
        ----------
        level : float
            Of the interval.

        Returns
        -------
        DataFrame
        """
        frame = pd.DataFrame(rows_of(self.value))
        low, high = self.interval(level)
        for name, column in (("se", self.se), ("low", low), ("high", high)):
            frame[name] = np.ravel(column)
        return frame

    @property
    def _title(self) -> str:
        return f"{self.index.__name__}, {len(self.draws):,} sets of replicate weights"

    def __str__(self) -> str:
        return f"{self._title}:\n{self.to_frame().to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), self._title)
