"""How alike neighbours are, in one number for the whole place: Moran, Geary, Getis and Ord, two variables together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.autocorrelation.field import Field, field_of, field_of_two
from segregation_tools.autocorrelation.neighbours import dot, less_mean
from segregation_tools.errors import UndefinedWarning, warn
from segregation_tools.population.options import one_of, real_number, source_of_chance
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Autocorrelation", "bivariate_moran", "geary", "getis_ord", "lee", "moran"]

ASSUMPTIONS = ("randomization", "normality")
SAME = 1e-12  # of a value, as which rounding is taken


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """A statistic of a whole place, and what it would be were values dealt out to units by chance.

    Attributes
    ----------
    name : str
        Of the statistic.
    value : float
        The statistic; ``float(result)`` as well.
    expected, variance : float
        Under the null model: by formula, or those of the draws where there is no formula.
    p_value : float
        Without draws two-sided, of the normal distribution; with draws one-sided, of the tail in which the value lies,
        (k + 1)/(draws + 1), where k draws say as much as the value or more, or as much or less, whichever are fewer.
    draws : ndarray of shape (permutations,)
        The statistic of each draw; empty without.

    Examples
    --------
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> found = sgt.moran(halves, sgt.Contiguity(rule="rook"))
    >>> round(found.value, 4), round(found.expected, 4), found.p_value < 0.01
    (0.6471, -0.0909, True)
    """

    name: str
    value: float
    expected: float
    variance: float
    p_value: float
    draws: Floats = field(repr=False)

    @property
    def z(self) -> float:
        """How many standard deviations the value lies above what is expected."""
        return (self.value - self.expected) / float(np.sqrt(self.variance)) if self.variance > 0 else np.nan

    def __float__(self) -> float:
        """Give the value."""
        return self.value

    def __repr__(self) -> str:
        """Say all that is known."""
        return f"{self.name} {self.value:.4f} (by chance {self.expected:.4f}; z {self.z:.2f}, p {self.p_value:.3g}" + (
            f", {len(self.draws):,} draws)" if len(self.draws) else ")"
        )

    def _repr_html_(self) -> str:
        """Write a table for a notebook."""
        row = {"value": self.value, "expected": self.expected, "z": self.z, "p": self.p_value}
        told = f"{self.name}, {len(self.draws):,} draws" if len(self.draws) else self.name
        return as_html(pd.DataFrame([row]), told)


def concluded(
    name: str,
    value: float,
    moments: tuple[float, float],
    draws: Floats,
    *,
    tail: str = "directed",
    base: float = 0.0,
) -> Autocorrelation:
    """Set a value beside its null model.

    Parameters
    ----------
    name : str
        Of the statistic.
    value : float
        The statistic.
    moments : tuple of float
        Expectation and variance by formula; NaN where there is none.
    draws : ndarray
        Drawn values, or none.
    tail : {"directed", "greater"}
        Of drawn values: the tail in which the value lies, or the upper one.
    base : float
        What all of them have in common, and is told with them.

    Returns
    -------
    Autocorrelation
    """
    from scipy.stats import norm

    expected, variance = moments
    if len(draws) and np.isnan(expected):
        expected, variance = float(draws.mean()), float(draws.var())
    slack = SAME * float(np.abs([value, *draws]).max())
    if np.isnan(value) or (len(draws) and np.ptp(draws) <= slack):
        p = np.nan
    elif len(draws):  # the same value, added up in another order, is in both tails
        more, less = int(np.count_nonzero(draws >= value - slack)), int(np.count_nonzero(draws <= value + slack))
        p = ((min(more, less) if tail == "directed" else more) + 1) / (len(draws) + 1)
    else:
        p = 2 * float(norm.sf(abs(value - expected) / np.sqrt(variance))) if variance > 0 else np.nan
    if np.isnan(variance) and np.isfinite(value) and not len(draws) and np.isfinite(expected):
        warn(f"the variance of {name} is undefined (NaN): it takes four units", UndefinedWarning)
    return Autocorrelation(
        name, float(base + value), float(base + expected), float(variance), float(p), base + draws if base else draws
    )


def drawn(
    statistic: Callable[..., Any], values: tuple[Floats, ...], permutations: Any, rng: Any, *, parts: int = 0
) -> Floats:
    """Compute a statistic of values that change places by chance.

    Parameters
    ----------
    statistic : callable
        ``statistic(*values)``.
    values : tuple of ndarray of shape (units,)
        Values that change places together.
    permutations : int
        How many draws; 0 for none.
    rng : Generator or int
        Source of chance, where there are draws.
    parts : int
        How many numbers the statistic gives, where it is more than one.

    Returns
    -------
    ndarray of shape (permutations,) or (permutations, parts)
        The same on any number of threads.
    """
    draws = int(real_number(permutations, "permutations", 0, "a whole number of draws", whole=True))
    found = np.empty((draws, parts) if parts else draws)
    if draws:
        from segregation_tools.kernels.permute import order_of
        from segregation_tools.kernels.pool import in_chunks
        from segregation_tools.kernels.sample import seeds_of

        root = int(source_of_chance(rng).integers(2**63))

        def work(first: int, last: int) -> None:
            order = np.empty(len(values[0]), dtype=np.int64)
            for k, seed in enumerate(seeds_of(root, first, last), start=first):
                order_of(seed, order)
                found[k] = statistic(*[one[order] for one in values])

        in_chunks(work, draws, 16)
    return found


def undefined(name: str, n: int, squares: float, mean: float, links: float, *, zeros: bool = False) -> bool:
    """Whether a statistic has no value, and say why.

    Parameters
    ----------
    name : str
        Of the statistic.
    n : int
        Units.
    squares, mean : float
        Σ z² and the mean.
    links : float
        Σ w_ij.
    zeros : bool
        Whether no two units have a value above 0, and that is asked for.

    Returns
    -------
    bool
    """
    why = ""
    if n < 2 or squares <= n * (8 * np.finfo(float).eps * abs(mean)) ** 2:
        why = "all values are the same" if n > 1 else "there is one unit"
    elif not links > 0:
        why = "no unit has a neighbour"
    elif zeros:
        why = "no two units have values above 0"
    if why:
        warn(f"{name} is undefined (NaN): {why}", UndefinedWarning)
    return bool(why)


def product_moments(
    z: tuple[int, float, float, float], links: tuple[float, float, float], mean: float = 0.0, uneven: float = 0.0
) -> tuple[float, float]:
    """Give expectation and variance of Σ w_ij x_i x_j − S₀ m² were values x = m + z dealt out by chance (Cliff & Ord).

    It is Σ w_ij z_i z_j + m Σ_i d_i z_i, with d_i = Σ_j (w_ij + w_ji): of values far from 0, no digits are lost.

    Parameters
    ----------
    z : tuple of int and float
        How many values, 4 or more for a variance, and Σ z², Σ z³ and Σ z⁴ of what is left without their mean.
    links : tuple of float
        S₀, S₁ and S₂ of the weights.
    mean : float
        m.
    uneven : float
        Σ (d_i − d̄)²; not read where m is 0.

    Returns
    -------
    tuple of float
    """
    (n, b, c, d), (s0, s1, s2) = z, links
    expected = -s0 * b / (n * (n - 1)) if n > 1 else np.nan
    if n < 4:
        return expected, np.nan
    second = (
        ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) * b * b - ((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2) * d
    ) / (n * (n - 1) * (n - 2) * (n - 3))
    variance = second - expected**2
    if mean:
        variance += mean * uneven / (n - 1) * (mean * b - 2 * c / (n - 2))
    return expected, variance if variance > SAME * expected**2 else 0.0  # who changes places does not matter


def variance_of_squares(z: Floats, links: tuple[float, float, float]) -> float:
    """Give the variance of Geary's C were values dealt out by chance (Cliff & Ord).

    Parameters
    ----------
    z : ndarray of shape (units,)
        Values less their mean; 4 or more.
    links : tuple of float
        S₀, S₁ and S₂ of the weights.

    Returns
    -------
    float
    """
    n, (s0, s1, s2) = len(z), links
    if n < 4:
        return np.nan
    k = n * dot(z * z, z * z) / dot(z, z) ** 2
    variance = (
        (n - 1) * s1 * (n * n - 3 * n + 3 - (n - 1) * k)
        - (n - 1) * s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * k) / 4
        + s0**2 * (n * n - 3 - (n - 1) ** 2 * k)
    ) / (n * (n - 2) * (n - 3) * s0**2)
    return variance if variance > SAME else 0.0


def moran(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    rates: str = "share",
    permutations: int = 0,
    rng: np.random.Generator | int | None = None,
    assumption: str = "randomization",
) -> Autocorrelation:
    """Moran's I: how much of the variance of values neighbours have in common.

    n Σ_ij w_ij z_i z_j / (S₀ Σ z²), z the values less their mean and S₀ = Σ w_ij. Above −1/(n − 1) neighbours are alike,
    below they differ.

    Parameters
    ----------
    values : Population, Series or ndarray of shape (units,) or (rows, cols)
        Of a population, shares of a group among residents, whatever their environment; units without residents are left
        out. An array with two dimensions is a grid, NaN where there is no cell.
    graph : libpysal Graph or W, DataFrame, sparse matrix, array, or Contiguity
        Weights, taken as they are: for rows that add up to 1, ``graph.transform("r")``. A Series is matched with a graph by
        labels; else the order counts. Of a population or a grid, `Contiguity` says which units touch (its `self_weight` is
        not read); without it, those that meet in a point. Cells of a grid are found without a graph. Units of a
        population without residents leave the graph, so that rows that link to them add up to less: where rows are to add up
        to 1, build the population, and the graph, of the others.
    group : hashable, optional
        Group of a population; of two, the first.
    rates : {"share", "empirical_bayes"}
        Of a population: shares, or shares standardized by `empirical_bayes`, where units are small.
    permutations : int
        Draws in which values change places, for a p-value without the normal distribution.
    rng : Generator or int
        Source of chance for draws; the same gives the same, on any number of threads.
    assumption : {"randomization", "normality"}
        Whether the variance is that of the same values dealt out anew, or of values from a normal distribution.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    DataError
        If values are missing or infinite, or values and weights are not of the same units.

    Warns
    -----
    DataWarning
        If units have no neighbours: they count among the units and have no say.
    UndefinedWarning
        If all values are the same, or nobody has a neighbour: the value is NaN. Of fewer than four units, the variance is.

    References
    ----------
    Moran 1950; Cliff & Ord 1981.

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> round(float(moran(halves, sgt.Contiguity(rule="rook"))), 4)
    0.6471
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> moran(pop, group="black")
    Moran's I 0.5795 (by chance -0.0025; z 20.94, p 2.53e-97)
    """
    one_of(assumption, "assumption", ASSUMPTIONS)
    read = field_of(values, graph, group, rates)
    read.refuse_own()
    n, mean, (m2, m4, cross) = read.neighbours.moment_sums(read.given)
    s0, s1, s2 = read.neighbours.moments
    if undefined("Moran's I", n, m2, mean, s0):
        return concluded("Moran's I", np.nan, (np.nan, np.nan), np.empty(0))
    scale = n / (s0 * m2)
    if assumption == "normality":
        variance = (n * n * s1 - n * s2 + 3 * s0**2) / ((n * n - 1) * s0**2) - 1 / (n - 1) ** 2
    else:
        variance = scale**2 * product_moments((n, m2, 0.0, m4), (s0, s1, s2))[1]
    draws = _draws_of_products(read, permutations, rng) * scale if permutations else np.empty(0)
    return concluded("Moran's I", scale * cross, (-1 / (n - 1), variance), draws)


def _draws_of_products(read: Field, permutations: Any, rng: Any) -> Floats:
    return drawn(lambda z: read.neighbours.products(z, z), (less_mean(read.known),), permutations, rng)


def geary(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    rates: str = "share",
    permutations: int = 0,
    rng: np.random.Generator | int | None = None,
    assumption: str = "randomization",
) -> Autocorrelation:
    """Geary's C: how much neighbours differ, beside any two units.

    (n − 1) Σ_ij w_ij (x_i − x_j)² / (2 S₀ Σ z²). Below 1 neighbours are alike.

    Parameters
    ----------
    values, graph, group, rates, permutations, rng, assumption
        See `moran`.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    DataError
        If values are missing or infinite, or values and weights are not of the same units.

    References
    ----------
    Geary 1954; Cliff & Ord 1981.

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> round(float(geary(halves, sgt.Contiguity(rule="rook"))), 4)
    0.3235
    """
    one_of(assumption, "assumption", ASSUMPTIONS)
    read = field_of(values, graph, group, rates)
    read.refuse_own()
    x = read.known
    n, mean, z = len(x), float(x.mean()), less_mean(x)
    m2, (s0, s1, s2) = dot(z, z), read.neighbours.moments
    if undefined("Geary's C", n, m2, mean, s0):
        return concluded("Geary's C", np.nan, (np.nan, np.nan), np.empty(0))
    scale = (n - 1) / (2 * s0 * m2)
    if assumption == "normality":
        variance = ((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)
    else:
        variance = variance_of_squares(z, (s0, s1, s2))
    squares = read.neighbours.squares
    draws = drawn(lambda z: float(squares(z).sum()), (z,), permutations, rng) * scale
    return concluded("Geary's C", scale * float(squares(z).sum()), (1.0, variance), draws)


def getis_ord(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    permutations: int = 0,
    rng: np.random.Generator | int | None = None,
) -> Autocorrelation:
    """Getis and Ord's G: whether large values lie beside large ones, or small ones beside small ones.

    Σ_ij w_ij x_i x_j / Σ_{i≠j} x_i x_j, of values of 0 or more.

    Parameters
    ----------
    values, graph, group, permutations, rng
        See `moran`.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    DataError
        If values are negative, missing or infinite, or values and weights are not of the same units.

    References
    ----------
    Getis & Ord 1992.

    Examples
    --------
    >>> import numpy as np
    >>> float(getis_ord(np.array([[9, 9, 1], [9, 1, 1]]), sgt.Contiguity(rule="rook"))) > 14 / 30
    True
    """
    read = field_of(values, graph, group)
    read.refuse_own()
    x = read.known
    read.refuse_negative("Getis and Ord's G")
    near, z, mean, name = read.neighbours, less_mean(x), float(x.mean()), "Getis and Ord's G"
    m2, (s0, s1, s2) = dot(z, z), near.moments
    pairs = dot(x, x.sum() - x)
    if undefined(name, len(x), m2, mean, s0, zeros=int(np.count_nonzero(x)) < 2):
        return concluded(name, np.nan, (np.nan, np.nan), np.empty(0))
    ends = near.degree + near.received(np.ones(len(x)))
    uneven = ends - ends.mean()

    def products(z: Floats) -> float:
        """Σ w_ij x_i x_j − S₀ m²."""
        return near.products(z, z) + mean * dot(uneven, z)

    expected, variance = product_moments(
        (len(x), m2, float((z**3).sum()), float((z**4).sum())), (s0, s1, s2), mean, dot(uneven, uneven)
    )
    draws = drawn(products, (z,), permutations, rng) / pairs
    moments = expected / pairs, variance / pairs**2
    return concluded(name, products(z) / pairs, moments, draws, base=s0 * mean**2 / pairs)


def bivariate_moran(
    values: Any,
    others: Any = None,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    other: Hashable | None = None,
    permutations: int = 0,
    rng: np.random.Generator | int | None = None,
) -> Autocorrelation:
    """Bivariate Moran's I: whether one variable is high where another is high next door.

    Σ_ij w_ij z_i v_j / (n − 1), both standardized with n − 1. The null model deals the second out anew. It mixes what the
    two have in common at home with what they have in common next door: look at their correlation as well.

    Parameters
    ----------
    values, others : Population, Series or ndarray
        The variable at home and that next door. Of a population name two groups instead, `group` and `other`.
    graph : object
        See `moran`.
    group, other : hashable, optional
        Two groups of a population.
    permutations, rng
        See `moran`.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    DataError
        If values are missing or infinite, or not of the same units.

    References
    ----------
    Wartenberg 1985; Anselin, Syabri & Smirnov 2002.

    Examples
    --------
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> float(bivariate_moran(pop, group="black", other="hispanic")) > 0
    True
    """
    read, second = field_of_two(values, others, graph, group, other)
    read.refuse_own()
    x = read.known
    n, z, v = len(x), less_mean(x), less_mean(second)
    links = read.neighbours.moments[0]
    name = "bivariate Moran's I"
    if any(undefined(name, n, dot(one, one), float(raw.mean()), links) for one, raw in ((z, x), (v, second))):
        return concluded(name, np.nan, (np.nan, np.nan), np.empty(0))
    scale = 1 / float(np.sqrt(dot(z, z) * dot(v, v)))
    # Σ_j v_j a_j with a_j = Σ_i w_ij z_i: dealing v out anew, the mean is 0 and the variance that of a sum of two lists.
    received = read.neighbours.received(z)
    uneven = less_mean(received)
    variance = scale**2 * dot(v, v) * dot(uneven, uneven) / (n - 1)
    draws = drawn(lambda v: dot(received, v), (v,), permutations, rng) * scale
    return concluded(name, scale * dot(received, v), (0.0, variance), draws)


def lee(
    values: Any,
    others: Any = None,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    other: Hashable | None = None,
    permutations: int = 0,
    rng: np.random.Generator | int | None = None,
) -> Autocorrelation:
    """Lee's L: the correlation of two variables, each smoothed over its neighbourhood, times how smooth they are.

    n Σ_i (Σ_j w_ij z_j)(Σ_j w_ij v_j) / (Σ_i (Σ_j w_ij)² √(Σ z² Σ v²)). Weights are taken as they are; here a unit may count
    among its own neighbours. The null model deals pairs of values out anew; without draws there is no p-value.

    Parameters
    ----------
    values, others, graph, group, other, permutations, rng
        See `bivariate_moran`.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    DataError
        If values are missing or infinite, or not of the same units.

    References
    ----------
    Lee 2001.

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> float(lee(halves, 1 - halves, sgt.Contiguity())) < 0
    True
    """
    read, second = field_of_two(values, others, graph, group, other)
    x = read.known
    n, z, v = len(x), less_mean(x), less_mean(second)
    if any(undefined("Lee's L", n, dot(one, one), float(raw.mean()), 1.0) for one, raw in ((z, x), (v, second))):
        return concluded("Lee's L", np.nan, (np.nan, np.nan), np.empty(0))
    near, own = read.neighbours, read.neighbours.own
    breadth = float(np.square(near.degree + own).sum())
    if undefined("Lee's L", n, 1.0, 0.0, breadth):
        return concluded("Lee's L", np.nan, (np.nan, np.nan), np.empty(0))
    scale = n / breadth / float(np.sqrt(dot(z, z) * dot(v, v)))

    def smoothed(z: Floats, v: Floats) -> float:
        return dot(near.lag(z) + own * z, near.lag(v) + own * v)

    # Σ P_ij z_i v_j with P = WᵀW: of pairs dealt out anew, z_i v_i is Σ zv/n on average, and z_i v_j −Σ zv/(n (n − 1)).
    alike = float(np.sum(near.squared_degree + own**2))
    expected = scale * dot(z, v) / n * (alike - (breadth - alike) / (n - 1))
    draws = drawn(smoothed, (z, v), permutations, rng) * scale
    found = concluded("Lee's L", scale * smoothed(z, v), (np.nan, np.nan), draws)
    variance = float(draws.var()) if len(draws) else np.nan
    return Autocorrelation(found.name, found.value, expected, variance, found.p_value, draws)
