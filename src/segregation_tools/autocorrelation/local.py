"""Where neighbours are alike: one number for each unit, beside what it would be were the others dealt out anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.autocorrelation.field import Field, field_of, field_of_two
from segregation_tools.autocorrelation.joins import yes_or_no
from segregation_tools.autocorrelation.neighbours import dot
from segregation_tools.autocorrelation.whole import undefined
from segregation_tools.population.options import real_number, source_of_chance

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "LocalAutocorrelation",
    "local_bivariate_moran",
    "local_g",
    "local_g_star",
    "local_geary",
    "local_join_counts",
    "local_moran",
]

LEVEL = 0.05
SAME = 1e-12  # of a variance, as which rounding is taken
CLUSTERS = ("Insignificant", "High-High", "Low-High", "Low-Low", "High-Low", "Other Positive", "Negative", "Undefined")
NOT, HIGH, LOW_AMONG_HIGH, LOW, HIGH_AMONG_LOW, ALIKE, UNLIKE, UNDEFINED = range(len(CLUSTERS))


@dataclass(frozen=True, eq=False)
class LocalAutocorrelation:
    """A statistic of every unit.

    Attributes
    ----------
    name : str
        Of the statistic.
    value, z, p_value : ndarray of the shape of the values
        The statistic; how many standard deviations it lies above what is expected where the others are dealt out anew, by
        formula; and the one-sided p-value of the tail in which it lies. NaN where the statistic is not defined.
    cluster : ndarray of str, of the same shape
        What kind of place it is, where p is at most `level`.
    level : float
        Largest p-value that counts: 0.05, or what is left of it where the share of false discoveries is limited.
    """

    name: str
    value: Floats
    z: Floats
    p_value: Floats
    cluster: NDArray[Any] = field(repr=False)
    level: float
    _read: Field = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Give one row a unit.

        Returns
        -------
        DataFrame
            On the labels of the values; columns `value`, `z`, `p` and `cluster`.
        """
        columns = {"value": self.value, "z": self.z, "p": self.p_value, "cluster": self.cluster}
        flat = {name: column.reshape(-1) for name, column in columns.items()}
        return pd.DataFrame(flat, index=self._read.labels).astype({"cluster": pd.CategoricalDtype(list(CLUSTERS))})

    def __repr__(self) -> str:
        """Say how many units are in clusters."""
        kinds, often = np.unique(self.cluster, return_counts=True)
        told = ", ".join(f"{count:,} {kind}" for kind, count in zip(kinds, often, strict=True))
        return f"{self.name} of {self.value.size:,} units at p ≤ {self.level:.3g}: {told}"


def local_moran(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    rates: str = "share",
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Local Moran's I: where a unit and its neighbours are on the same side of the mean, and how far.

    I_i = (n − 1) z_i Σ_j w_ij z_j / Σ z². A cluster says that neighbours are more alike than chance explains, high or low;
    it says nothing of why, nor of the people there.

    Parameters
    ----------
    values, graph, group, rates
        See `moran`.
    permutations : int
        Draws in which the values of the others are dealt out anew to the neighbours of each unit; 0 for p-values of the
        normal distribution.
    rng : Generator or int
        Source of chance for draws; the same gives the same, on any number of threads.
    fdr : float, optional
        Limit for the share of clusters that are none (Benjamini & Hochberg), 0.05 or so. Without it every p of at most 0.05
        counts, so that a twentieth of all units are clusters where there are none.

    Returns
    -------
    LocalAutocorrelation
        Clusters are `High-High` and `Low-Low`, `High-Low` and `Low-High` (the unit first, then its neighbours),
        `Insignificant`, and `Undefined` where chance has no say: of units without neighbours, of units exactly at the mean,
        and where all others are neighbours or have the same value.

    Raises
    ------
    DataError
        If values are missing or infinite, or values and weights are not of the same units.
    OptionError
        If draws have no source of chance.

    Notes
    -----
    Where all neighbours of a unit count alike (contiguity, the nearest k, rows that add up to 1), all units with as many of
    them share their draws, and each looks up its own sum among theirs. A unit drawn among its own neighbours is replaced by
    the next one drawn, so that every draw is one of the others without replacement. Where weights differ, every unit has
    draws of its own. Variances are those of Sokal, Oden & Thomson (1998) for the same null model.

    Values that are exactly the same, such as many shares of 0, make draws that equal the value; as in esda, they are counted
    above it, which favours the lower tail.

    References
    ----------
    Anselin 1995; Sokal, Oden & Thomson 1998; Benjamini & Hochberg 1995.

    Examples
    --------
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> found = local_moran(pop, group="black", rng=7)
    >>> found.to_frame().columns.tolist()
    ['value', 'z', 'p', 'cluster']
    >>> local_moran(pop, group="black", rng=7, fdr=0.05).level < 0.05
    True
    """
    read = field_of(values, graph, group, rates)
    return _products(read, read.known, "local Moran's I", permutations, rng, fdr)


def local_bivariate_moran(
    values: Any,
    others: Any = None,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    other: Hashable | None = None,
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Local bivariate Moran's I: where one variable goes with another next door.

    I_i = (n − 1) z_i Σ_j w_ij v_j / n, both standardized with n. The second is dealt out anew among the others.

    Parameters
    ----------
    values, others, graph, group, other
        See `bivariate_moran`.
    permutations, rng, fdr
        See `local_moran`.

    Returns
    -------
    LocalAutocorrelation

    Raises
    ------
    DataError
        If values are missing or infinite, or not of the same units.

    References
    ----------
    Anselin, Syabri & Smirnov 2002.

    Examples
    --------
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> len(local_bivariate_moran(pop, group="black", other="asian", permutations=0).to_frame())
    403
    """
    read, second = field_of_two(values, others, graph, group, other)
    return _products(read, second, "local bivariate Moran's I", permutations, rng, fdr)


def _products(read: Field, second: Floats, name: str, permutations: Any, rng: Any, fdr: Any) -> LocalAutocorrelation:
    """(n − 1) z_i Σ_j w_ij v_j / √(Σ z² Σ v²)."""
    read.refuse_own()
    x = read.known
    n, z, v = len(x), x - x.mean(), second - second.mean()
    links = float(read.neighbours.degree.sum())
    if any(undefined(name, n, dot(one, one), float(raw.mean()), links) for one, raw in ((z, x), (v, second))):
        return _nothing(read, name)
    lag = read.neighbours.lag(v)
    factor = (n - 1) * z / np.sqrt(dot(z, z) * dot(v, v))
    quadrant = np.where(lag > 0, np.where(z > 0, HIGH, LOW_AMONG_HIGH), np.where(z > 0, HIGH_AMONG_LOW, LOW))
    return _located(read, name, v, lag, factor, quadrant, permutations, rng, fdr)


def local_geary(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    rates: str = "share",
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Local Geary's c: how much a unit differs from its neighbours.

    c_i = Σ_j w_ij (z_i − z_j)², z standardized with n. Small values say that neighbours are alike.

    Parameters
    ----------
    values, graph, group, rates
        See `moran`.
    permutations, rng, fdr
        See `local_moran`.

    Returns
    -------
    LocalAutocorrelation
        Where neighbours are more alike than expected, clusters are `High-High` or `Low-Low` if both are on one side of the
        mean and `Other Positive` if not; where they are less alike, `Negative`.

    Raises
    ------
    DataError
        If values are missing or infinite, or values and weights are not of the same units.

    References
    ----------
    Anselin 1995, 2019.

    Examples
    --------
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> found = local_geary(pop, group="black", rng=7)
    >>> bool((found.value >= 0).all())
    True
    """
    read = field_of(values, graph, group, rates)
    name = "local Geary's c"
    read.refuse_own()
    x, near = read.known, read.neighbours
    off = x - x.mean()
    if undefined(name, len(x), dot(off, off), float(x.mean()), float(near.degree.sum())):
        return _nothing(read, name)
    z = off / x.std()
    value, lag = near.squares(z), near.lag(z)
    # (z_i − u)² of the others: their mean, and the mean of its square, from the power sums without i.
    n = len(z) - 1
    first, second, third, fourth = ((np.sum(z**power) - z**power) / n for power in (1, 2, 3, 4))
    mean = z**2 - 2 * z * first + second
    square = z**4 - 4 * z**3 * first + 6 * z**2 * second - 4 * z * third + fourth
    expected = near.degree * mean
    variance = _of_some(near, n, _of_one(mean, square))
    more = _more(read, z, value, np.ones(len(z)), permutations, rng, squared=True)
    alike = np.where((z > 0) & (lag > 0), HIGH, np.where((z < 0) & (lag < 0), LOW, ALIKE))
    kind = np.where(value < expected, alike, UNLIKE)
    return _concluded(read, name, value, (expected, variance), more, permutations, kind, near.many > 0, fdr)


def local_g(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Getis and Ord's G_i: which share of all values, but its own, the neighbours of a unit hold.

    Σ_{j≠i} w_ij x_j / Σ_{j≠i} x_j, of values of 0 or more.

    Parameters
    ----------
    values, graph, group
        See `moran`.
    permutations, rng, fdr
        See `local_moran`.

    Returns
    -------
    LocalAutocorrelation
        Clusters are `High-High` where neighbours hold more than expected, `Low-Low` where less.

    Raises
    ------
    DataError
        If values are negative, missing or infinite, or values and weights are not of the same units.

    References
    ----------
    Getis & Ord 1992; Ord & Getis 1995.

    Examples
    --------
    >>> import numpy as np
    >>> local_g(np.array([[9, 9, 1], [9, 1, 1]]), sgt.Contiguity(rule="rook"), permutations=0).value.round(3)
    array([[0.857, 0.524, 0.345],
           [0.476, 0.655, 0.069]])
    """
    return _g(field_of(values, graph, group), "Getis and Ord's G_i", permutations, rng, fdr, star=False)


def local_g_star(
    values: Any,
    graph: Any = None,
    *,
    group: Hashable | None = None,
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Getis and Ord's G_i*: which share of all values a unit and its neighbours hold.

    Σ_j w_ij x_j / Σ_j x_j, of values of 0 or more. A unit counts for itself what the diagonal of the graph says; where that
    is empty, as much as the neighbour that counts most.

    Parameters
    ----------
    values, graph, group
        See `moran`.
    permutations, rng, fdr
        See `local_moran`.

    Returns
    -------
    LocalAutocorrelation
        Clusters as in `local_g`. Moments are those of values dealt out to all units, the unit itself among them.

    Raises
    ------
    DataError
        If values are negative, missing or infinite, or values and weights are not of the same units.

    References
    ----------
    Ord & Getis 1995.

    Examples
    --------
    >>> import numpy as np
    >>> local_g_star(np.array([[9, 9, 1], [9, 1, 1]]), sgt.Contiguity(rule="rook"), permutations=0).value.round(3)
    array([[0.9  , 0.667, 0.367],
           [0.633, 0.667, 0.1  ]])
    """
    return _g(field_of(values, graph, group), "Getis and Ord's G_i*", permutations, rng, fdr, star=True)


def _g(read: Field, name: str, permutations: Any, rng: Any, fdr: Any, *, star: bool) -> LocalAutocorrelation:
    x, near = read.known, read.neighbours
    if not star:
        read.refuse_own()
    read.refuse_negative(name)
    if undefined(name, len(x), float(np.square(x - x.mean()).sum()), float(x.mean()), float(near.degree.sum())):
        return _nothing(read, name)
    n, lag = len(x), near.lag(x)
    if not star:
        rest = x.sum() - x
        factor = np.divide(1, rest, out=np.zeros(n), where=rest > 0)
        return _located(read, name, x, lag, factor, None, permutations, rng, fdr)
    own = near.own if near.own.any() else near.largest
    value = (lag + own * x) / x.sum()
    degree, squared = near.degree + own, near.squared_degree + own**2
    variance = x.var() * (n * squared - degree**2) / (n - 1) / x.sum() ** 2
    more = _more(read, x, lag, np.ones(n), permutations, rng)
    expected = degree / n
    kind = np.where(value > expected, HIGH, LOW)
    return _concluded(read, name, value, (expected, variance), more, permutations, kind, near.many > 0, fdr)


def local_join_counts(
    values: Any,
    graph: Any = None,
    *,
    permutations: int = 999,
    rng: np.random.Generator | int | None = None,
    fdr: float | None = None,
) -> LocalAutocorrelation:
    """Local join counts: how many neighbours of a unit of the one kind are of that kind too.

    BB_i = x_i Σ_j w_ij x_j, of values that are 0 or 1.

    Parameters
    ----------
    values : Series or ndarray of 0 and 1, shape (units,) or (rows, cols)
        What kind each unit is of.
    graph
        See `moran`.
    permutations, rng, fdr
        See `local_moran`.

    Returns
    -------
    LocalAutocorrelation
        Without p-values where the count is 0. Clusters are `High-High`.

    Raises
    ------
    DataError
        If values are neither 0 nor 1.

    References
    ----------
    Anselin & Li 2019.

    Examples
    --------
    >>> import numpy as np
    >>> local_join_counts(np.array([[1, 1, 0], [1, 0, 0]]), sgt.Contiguity(rule="rook"), permutations=0).value
    array([[2., 1., 0.],
           [1., 0., 0.]])
    """
    read = field_of(values, graph, None)
    read.refuse_own()
    yes_or_no(read)
    x, name = read.known, "local join counts"
    if undefined(
        name, len(x), float(np.square(x - x.mean()).sum()), float(x.mean()), float(read.neighbours.degree.sum())
    ):
        return _nothing(read, name)
    lag = read.neighbours.lag(x)
    return _located(read, name, x, lag, x, np.full(len(x), HIGH), permutations, rng, fdr, there=x * lag > 0)


def _located(
    read: Field,
    name: str,
    u: Floats,
    lag: Floats,
    factor: Floats,
    kind: NDArray[Any] | None,
    permutations: Any,
    rng: Any,
    fdr: Any,
    *,
    there: NDArray[np.bool_] | None = None,
) -> LocalAutocorrelation:
    """Conclude on factor_i Σ_j w_ij u_j, where the u of the others are dealt out anew."""
    near, n = read.neighbours, len(u) - 1
    mean, square = (u.sum() - u) / n, (np.square(u).sum() - u * u) / n
    variance = _of_one(mean, square)
    value, expected = factor * lag, factor * near.degree * mean
    more = _more(read, u, lag, factor, permutations, rng)
    if kind is None:
        kind = np.where(value > expected, HIGH, LOW)
    spread = factor**2 * _of_some(near, n, variance)
    defined = (near.many > 0) & (factor != 0)
    return _concluded(
        read, name, value, (expected, spread), more, permutations, kind, defined if there is None else there, fdr
    )


def _of_one(mean: Floats, square: Floats) -> Floats:
    """Variance of values from their mean and that of their squares; 0 where they are the same but for rounding."""
    off = square - mean**2
    return np.where(off > SAME * square, off, 0.0)


def _of_some(near: Any, n: int, variance: Floats) -> Floats:
    """Variance of Σ_j w_j u_j of some of n values without replacement, from the variance of one."""
    if n < 2:
        return np.full(len(variance), np.nan)
    whole, some = n * near.squared_degree, n * near.squared_degree - near.degree**2
    return np.where(some > SAME * whole, variance * some / (n - 1), 0.0)  # all others are neighbours, and count alike


def _more(
    read: Field, u: Floats, observed: Floats, signs: Floats, permutations: Any, rng: Any, *, squared: bool = False
) -> NDArray[np.int64] | None:
    """Count, unit by unit, the draws that say as much or more; None without draws."""
    draws = int(real_number(permutations, "permutations", 0, "a whole number of draws", whole=True))
    if not draws:
        return None
    from segregation_tools.kernels.permute import each_for_itself, shared_by_class

    near, root = read.neighbours, int(source_of_chance(rng).integers(2**63))
    alike = near.equal
    if alike is not None:
        return shared_by_class(root, draws, u, near.many, observed / alike, signs, squared=squared)
    begins = near.weights.indptr.astype(np.int64)  # type: ignore[union-attr]  # cells always count alike
    return each_for_itself(root, draws, u, begins, near.weights.data, observed, signs, squared=squared)  # type: ignore[union-attr]


def _concluded(
    read: Field,
    name: str,
    value: Floats,
    moments: tuple[Floats, Floats],
    more: NDArray[np.int64] | None,
    permutations: Any,
    kind: NDArray[Any],
    defined: NDArray[np.bool_],
    fdr: Any,
) -> LocalAutocorrelation:
    from scipy.stats import norm

    expected, variance = moments
    defined = defined & (variance > 0)
    z = np.divide(value - expected, np.sqrt(variance), out=np.full(len(value), np.nan), where=defined)
    if more is None:
        p = norm.sf(np.abs(z))
    else:
        p = np.where(defined, (np.minimum(more, permutations - more) + 1) / (permutations + 1), np.nan)
    level = LEVEL if fdr is None else _level(p[~np.isnan(p)], fdr)
    codes = np.where(np.isnan(p), UNDEFINED, np.where(p <= level, kind, NOT))
    cluster = np.array(CLUSTERS, dtype=object)[read.placed(codes, nothing=UNDEFINED)]
    return LocalAutocorrelation(name, read.placed(value), read.placed(z), read.placed(p), cluster, level, read)


def _level(p: Floats, fdr: Any) -> float:
    """Largest p-value of Benjamini & Hochberg: the k-th of n that is at most k/n of the limit."""
    limit = LEVEL if fdr is True else real_number(fdr, "fdr", 0, "a share of false discoveries", above=True)
    steps = limit * np.arange(1, len(p) + 1) / max(len(p), 1)
    below = np.flatnonzero(np.sort(p) <= steps)
    return float(steps[below[-1] if len(below) else 0]) if len(p) else limit


def _nothing(read: Field, name: str) -> LocalAutocorrelation:
    nowhere = np.full(read.given.shape, np.nan)
    cluster = np.full(read.given.shape, CLUSTERS[UNDEFINED], dtype=object)
    return LocalAutocorrelation(name, nowhere, nowhere, nowhere, cluster, LEVEL, read)
