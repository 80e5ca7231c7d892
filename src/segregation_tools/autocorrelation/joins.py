"""Joins: how often neighbours are of the same kind, where there are two kinds of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.autocorrelation.field import field_of, refuse_population
from segregation_tools.autocorrelation.neighbours import dot, less_mean
from segregation_tools.autocorrelation.whole import (
    Autocorrelation,
    concluded,
    drawn,
    product_moments,
    undefined,
    variance_of_squares,
)
from segregation_tools.errors import DataError, listed
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.autocorrelation.field import Field

    Floats = NDArray[np.float64]

__all__ = ["JoinCounts", "join_counts", "yes_or_no"]


@dataclass(frozen=True, eq=False, repr=False)
class JoinCounts(Autocorrelation):
    """Joins of a place.

    Attributes
    ----------
    name, value, expected, variance, p_value, draws
        Those of joins of ones, as `Autocorrelation` has them.
    ones, zeros, mixed : Autocorrelation
        Joins of two ones (BB), of two zeros (WW), and of one of each (BW).

    Examples
    --------
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> found = sgt.join_counts(halves, sgt.Contiguity(rule="rook"))
    >>> found.ones.value, found.zeros.value, found.mixed.value
    (7.0, 7.0, 3.0)
    """

    ones: Autocorrelation
    zeros: Autocorrelation
    mixed: Autocorrelation

    def to_frame(self) -> pd.DataFrame:
        """Give all three.

        Returns
        -------
        DataFrame
            Index `BB`, `WW`, `BW`; columns `value`, `expected`, `z` and `p`.
        """
        parts = {"BB": self.ones, "WW": self.zeros, "BW": self.mixed}
        rows = [(part.value, part.expected, part.z, part.p_value) for part in parts.values()]
        return pd.DataFrame(rows, index=pd.Index(parts, name="join"), columns=["value", "expected", "z", "p"])

    def _repr_html_(self) -> str:
        """Write a table for a notebook."""
        return as_html(self.to_frame().reset_index(), "joins")


def yes_or_no(read: Field) -> None:
    """Refuse values that are not 0 or 1.

    Parameters
    ----------
    read : Field
        Values.

    Raises
    ------
    DataError
        Naming the units.
    """
    wrong = ~np.isin(read.known, (0, 1))
    if wrong.any():
        where = read.placed(wrong, nothing=False).reshape(-1)
        msg = (
            f"joins are counted of values that are 0 or 1; others stand in rows {listed(read.labels[where])}. Say what "
            "counts: (values > 0.5).astype(int)"
        )
        raise DataError(msg)


def join_counts(
    values: Any, graph: Any = None, *, permutations: int = 0, rng: np.random.Generator | int | None = None
) -> JoinCounts:
    """Count joins between neighbours: of two ones, of two zeros, and of one of each.

    BB = ½ Σ_ij w_ij x_i x_j, WW the same of 1 − x, BW = ½ Σ_ij w_ij (x_i − x_j)². The null model deals out as many ones anew
    (sampling without replacement); p-values of draws are of the upper tail.

    Parameters
    ----------
    values : Series or ndarray of 0 and 1, shape (units,) or (rows, cols)
        What kind each unit is of.
    graph, permutations, rng
        See `moran`.

    Returns
    -------
    JoinCounts

    Raises
    ------
    DataError
        If values are neither 0 nor 1.
    CapabilityError
        If a population is given.

    References
    ----------
    Moran 1948; Cliff & Ord 1981.

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> found = join_counts(halves, sgt.Contiguity(rule="rook"))
    >>> found
    BB joins 7.0000 (by chance 3.8636; z 2.75, p 0.00594)
    >>> found.to_frame()["value"].tolist()
    [7.0, 7.0, 3.0]
    """
    refuse_population(values, "join counts")
    read = field_of(values, graph, None)
    read.refuse_own()
    yes_or_no(read)
    x, near = read.known, read.neighbours
    n, links, z = len(x), near.moments, less_mean(x)
    if undefined("join counts", n, dot(z, z), float(x.mean()), links[0]):
        nothing = concluded("joins", np.nan, (np.nan, np.nan), np.empty(0))
        return _of(nothing, nothing, nothing)
    ends = near.degree + near.received(np.ones(n))

    def joins(x: Floats) -> Floats:
        """BB, WW and BW from Σ w x_i x_j and Σ x_i (Σ_j w_ij + w_ji)."""
        both, either = near.products(x, x), dot(ends, x)
        return np.array([both, links[0] - either + both, either - 2 * both]) / 2

    draws = drawn(joins, (x,), permutations, rng, parts=3)
    moments, uneven, ones = [], less_mean(ends), float(x.sum())
    powers = dot(z, z), float((z**3).sum()), float((z**4).sum())
    for many, sign in ((ones, 1), (n - ones, -1)):
        mean = many / n
        expected, variance = product_moments(
            (n, powers[0], sign * powers[1], powers[2]), links, mean, dot(uneven, uneven)
        )
        moments.append(((links[0] * mean**2 + expected) / 2, variance / 4))
    unlike = links[0] * dot(z, z) / (n - 1)  # what BW is for each unit of Geary's C
    moments.append((links[0] * ones * (n - ones) / (n * (n - 1)), unlike**2 * variance_of_squares(z, links)))
    found = zip(("BB joins", "WW joins", "BW joins"), joins(x), moments, draws.T, strict=True)
    return _of(*[concluded(name, float(value), both, sims, tail="greater") for name, value, both, sims in found])


def _of(ones: Autocorrelation, zeros: Autocorrelation, mixed: Autocorrelation) -> JoinCounts:
    return JoinCounts(ones.name, ones.value, ones.expected, ones.variance, ones.p_value, ones.draws, ones, zeros, mixed)
