"""Is it chance? What an index would be if people were dealt out at random, and how often chance alone goes so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import (
    begun_by,
    labelled_like,
    mean_of,
    measurable,
    one_value,
    replicated,
    rows_of,
    spread_of,
)
from segregation_tools.errors import CapabilityError
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]

__all__ = ["ALTERNATIVES", "NullTest", "expected", "null_test", "p_values"]

ALTERNATIVES = ("greater", "less", "two-sided")
TIE = 1e-12  # values that are closer, or by this part of themselves, are one


def expected(
    index: Index,
    pop: Population,
    *,
    null: str | None = None,
    draws: int = 200,
    rng: np.random.Generator | int | None = None,
    client: Any = None,
) -> Any:
    """Value that chance alone would give.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups; options are bound, ``sgt.atkinson.bind(b=0.9)``.
    pop : Population
        With a local environment, chance deals people out, and they meet others within the same environment.
    null : str, optional
        How chance deals people out: ``"random_allocation"`` (the default: everyone belongs to a group with its share of the
        region, units keep their sizes; also ``"evenness"``, as PySAL names it), ``"both_margins"`` (groups keep their totals
        too), ``"systematic"`` (groups keep their totals, sizes of units vary), ``"within_tiers"`` (everyone changes places
        within the narrowest tier) or ``"permuted_units"`` (units change places with all who live in them; for measures that
        read the map or a local environment).
    draws : int
        How many populations are drawn.
    rng : Generator or int, optional
        Source of chance. Without `null` and `rng` the value comes in closed form, where there is one: exact sums for D
        (mean deviation of binomials) and V, first order for M and H.
    client : dask.distributed.Client, optional
        Whose workers draw and measure; without, it is done here. The same seed gives the same draws.

    Returns
    -------
    float, Series by group, or DataFrame from group × to group
        Mean over draws, or the closed form.

    Raises
    ------
    CapabilityError
        If there is no closed form and no source of chance, or the null model would change nothing.

    Notes
    -----
    The smaller the units, the more segregated they look by chance. A value near this one says nothing of people's choices or
    of anyone's policy.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> round(sgt.expected(sgt.dissimilarity, pop), 4), round(sgt.expected(sgt.dissimilarity, pop, rng=7), 4)
    (0.0163, 0.0163)
    """
    pop = as_population(pop)
    index = measurable(index)
    if null is None and rng is None:
        value = index.expected(pop)
        if value is None:
            msg = f"no closed form for {index.__name__} here: name a source of chance to simulate it, rng=7"
            raise CapabilityError(msg)
        return value
    drawn = _drawn(index, pop, null or "random_allocation", draws, begun_by(rng), client)
    return labelled_like(index(pop), mean_of(drawn))


def null_test(
    index: Index,
    pop: Population,
    *,
    null: str = "random_allocation",
    draws: int = 999,
    rng: np.random.Generator | int | None = None,
    alternative: str = "greater",
    client: Any = None,
) -> NullTest:
    """Compare a value with those that chance alone would give.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups.
    pop : Population
        With a local environment, drawn people meet others within the same environment.
    null : str
        How chance deals people out, as in `expected`.
    draws : int
        How many populations are drawn.
    rng : Generator or int
        Source of chance.
    alternative : {"greater", "less", "two-sided"}
        Which values speak against chance.
    client : dask.distributed.Client, optional
        Whose workers draw and measure; without, it is done here. The same seed gives the same draws.

    Returns
    -------
    NullTest
        `.value`, `.expected`, `.p_value` = (k + 1)/(draws + 1), k draws going as far, and `.draws`. Draws in which the
        index is undefined are left out, with a warning.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> found = sgt.null_test(sgt.dissimilarity, pop, null="both_margins", draws=99, rng=7)
    >>> round(found.value, 3), round(found.expected, 3), found.p_value
    (0.413, 0.016, 0.01)
    """
    pop = as_population(pop)
    index = measurable(index)
    one_of(alternative, "alternative", ALTERNATIVES)
    drawn = _drawn(index, pop, null, draws, begun_by(rng), client)
    return NullTest(index=index, value=index(pop), draws=drawn, null=null, alternative=alternative)


@dataclass(frozen=True)
class NullTest:
    """A value beside those that chance alone gives.

    Attributes
    ----------
    index : Index
        What was measured.
    value : float, Series or DataFrame
        What was found.
    draws : ndarray of shape (draws, values)
        What chance gave.
    null : str
        How chance dealt people out.
    alternative : str
        Which values speak against chance.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> found = sgt.null_test(sgt.dissimilarity, pop, draws=99, rng=7)
    >>> found.p_value, round(found.value - found.expected, 1)
    (0.01, 0.7)
    """

    index: Index
    value: Any
    draws: Floats = field(repr=False)
    null: str
    alternative: str

    @cached_property
    def expected(self) -> Any:
        """Mean of what chance gives."""
        return labelled_like(self.value, mean_of(self.draws))

    @cached_property
    def p_value(self) -> Any:
        """Share of draws, the value itself included, that go as far."""
        return labelled_like(self.value, p_values(np.ravel(self.value), self.draws, self.alternative))

    @cached_property
    def z(self) -> Any:
        """How many standard deviations of the draws the value lies above their mean."""
        spread = spread_of(self.draws)
        with np.errstate(divide="ignore", invalid="ignore"):
            return labelled_like(self.value, (np.ravel(self.value) - np.ravel(self.expected)) / spread)

    def __float__(self) -> float:
        return one_value(self.value, "value")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a value: `value`, `expected`, `p_value`, behind the groups it is about.

        Returns
        -------
        DataFrame
        """
        frame = pd.DataFrame(rows_of(self.value))
        for name in ("expected", "p_value"):
            frame[name] = np.ravel(getattr(self, name))
        return frame

    def __str__(self) -> str:
        return f"{self._title}:\n{self.to_frame().to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), self._title)

    @property
    def _title(self) -> str:
        return f"{self.index.__name__} beside {len(self.draws):,} draws of {self.null}"


def p_values(value: Floats, draws: Floats, alternative: str) -> Floats:
    """Take the share of draws, the value itself included, that go as far.

    Parameters
    ----------
    value : ndarray of shape (values,)
        What was found.
    draws : ndarray of shape (draws, values)
        What chance gave.
    alternative : str
        One of `ALTERNATIVES`.

    Returns
    -------
    ndarray of shape (values,)
        NaN where the value, or every draw, is undefined.
    """
    tie = TIE * np.maximum(np.abs(value), 1)
    above = (draws >= value - tie).sum(axis=0)
    below = (draws <= value + tie).sum(axis=0)
    defined = (~np.isnan(draws)).sum(axis=0)
    far = {"greater": above, "less": below, "two-sided": 2 * np.minimum(above, below) + 1}[alternative]
    p = np.minimum((far + 1) / (defined + 1), 1)
    return np.where(np.isnan(value) | (defined == 0), np.nan, p)


def _drawn(index: Index, pop: Population, null: str, draws: int, root: int, client: Any) -> Floats:
    number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    if null == "permuted_units" and not index.reads_map and pop.surroundings is None:
        msg = f"units that change places leave {index.__name__} as it is: it reads neither map nor environment"
        raise CapabilityError(msg)
    return replicated([index], [pop], null_model(null, pop), root, 0, number, client)
