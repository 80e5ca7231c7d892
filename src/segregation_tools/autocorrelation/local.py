"""Where neighbours are alike: one number for each unit, beside what it would be were the others dealt out anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from segregation_tools.autocorrelation.dealt import SAME, Around, center_of, counted, of_some, of_squares, summed
from segregation_tools.autocorrelation.field import Field, field_of, field_of_two, refuse_population
from segregation_tools.autocorrelation.joins import yes_or_no
from segregation_tools.autocorrelation.neighbours import dot, less_mean
from segregation_tools.autocorrelation.whole import undefined
from segregation_tools.errors import OptionError
from segregation_tools.population.options import real_number
from segregation_tools.tables import as_html

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
        The statistic, 0 of units without neighbours; how many standard deviations it lies above what is expected where the
        others are dealt out anew, by formula; and the one-sided p-value of the tail in which it lies: (k + 1)/(draws + 1),
        where k draws say as much or more, or as much or less, whichever are fewer. `z` and `p_value` are NaN where chance
        has no say (see `local_moran`), and all three where there is no value, or nothing to divide by.
    cluster : ndarray of str, of the same shape
        What kind of place it is, where p is at most `level`, by the tail of which that p is.
    level : float
        Largest p-value that counts: 0.05, or what is left of it where the share of false discoveries is limited.

    Examples
    --------
    >>> halves = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    >>> found = sgt.local_moran(halves, sgt.Contiguity(rule="rook"), rng=7)
    >>> found.value.shape, found.to_frame().columns.tolist()
    ((3, 4), ['value', 'z', 'p', 'cluster'])
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
        return f"{self._title}: {', '.join(f'{count:,} {kind}' for kind, count in self._kinds())}"

    def _repr_html_(self) -> str:
        """Write a table for a notebook: how many units are in clusters."""
        return as_html(pd.DataFrame(self._kinds(), columns=["cluster", "units"]), self._title)

    @property
    def _title(self) -> str:
        return f"{self.name} of {self.value.size:,} units at p ≤ {self.level:.3g}"

    def _kinds(self) -> list[tuple[str, int]]:
        kinds, often = np.unique(self.cluster, return_counts=True)
        return list(zip(kinds.tolist(), often.tolist(), strict=True))


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
        Limit for the share of clusters that are none (Benjamini & Hochberg, of two-sided p-values, twice those that are
        told), 0.05 or so. Without it every p of at most 0.05 counts in each tail, so that a tenth of all units are clusters
        where there are none.

    Returns
    -------
    LocalAutocorrelation
        Clusters are `High-High` and `Low-Low`, `High-Low` and `Low-High`: the unit first, above or below the mean; then its
        neighbours, above or below what is dealt out to them. `Insignificant`; and `Undefined` where chance has no say: of
        units without neighbours, of units exactly at the mean, and where all others are neighbours or have the same value.

    Raises
    ------
    DataError
        If values are missing or infinite, or values and weights are not of the same units.
    OptionError
        If draws have no source of chance, or `fdr` is no share.

    Notes
    -----
    Where all neighbours of a unit count alike (contiguity, the nearest k, rows that add up to 1), all units with as many of
    them share their draws, and each looks up its own sum among theirs. A unit drawn among its own neighbours is replaced by
    the next one drawn, so that every draw is one of the others without replacement. Where weights differ, every unit has
    draws of its own. Variances are those of Sokal, Oden & Thomson (1998) for the same null model.

    Values that are exactly the same, such as many shares of 0, make draws that equal the value. They are counted in both
    tails, as the definition of a p-value has it. Without such draws p is that of esda with ``alternative="directed"``, which
    counts them in the upper tail only: where most draws equal the value, its p can be near 0, and is near 1 here.

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
    n, z = len(x), less_mean(x)
    v = z if second is x else less_mean(second)
    links = float(read.neighbours.degree.sum())
    if any(undefined(name, n, dot(one, one), float(raw.mean()), links) for one, raw in ((z, x), (v, second))):
        return _nothing(read, name)
    factor = (n - 1) * z / np.sqrt(dot(z, z) * dot(v, v))
    kinds = np.where(z > 0, HIGH, LOW_AMONG_HIGH), np.where(z > 0, HIGH_AMONG_LOW, LOW)
    return _located(read, name, second, factor, kinds, permutations, rng, fdr)


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
        Where neighbours are more alike than those dealt out, clusters are `High-High` or `Low-Low` if both are on one side
        of the mean and `Other Positive` if not; where they are less alike, `Negative`.

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
    off = less_mean(x)
    if undefined(name, len(x), dot(off, off), float(x.mean()), float(near.degree.sum())):
        return _nothing(read, name)
    spread = float(np.sqrt(dot(off, off) / len(x)))
    u = (x - center_of(x)) / spread
    value, lag = near.squares(u), near.lag(off)
    mean, one = of_squares(u)
    loose = 2 * SAME * u * u
    counts = counted(read, Around(u, 0.0, loose, value, near.lag(loose)), permutations, rng, squared=True)
    alike = np.where((off > 0) & (lag > 0), HIGH, np.where((off < 0) & (lag < 0), LOW, ALIKE))
    variance = of_some(near, len(u) - 1, one)
    beside = _Beside(value, value - near.degree * mean, variance, near.many > 0, (UNLIKE, alike))
    return _concluded(read, name, beside, counts, permutations, fdr)


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
        Clusters are `High-High` where neighbours hold more than those dealt out, `Low-Low` where less. A unit beside which
        all others are 0 has no value.

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
        Clusters as in `local_g`. `z`, and p-values without draws, are of values dealt out to all units, the unit itself
        among them (Ord & Getis); draws, as in esda, deal out the others to its neighbours and leave it as it is. So `z`
        tells of the unit and its neighbours, p and cluster of the neighbours.

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
    n, off, mean = len(x), less_mean(x), float(x.mean())
    if undefined(name, n, dot(off, off), mean, float(near.degree.sum())):
        return _nothing(read, name)
    if not star:
        top = int(np.argmax(x))
        rest = x.sum() - x
        rest[top] = x[:top].sum() + x[top + 1 :].sum()  # whatever its size, the others are not lost beside it
        factor = np.divide(1, rest, out=np.full(n, np.nan), where=rest > 0)
        return _located(read, name, x, factor, (HIGH, LOW), permutations, rng, fdr, value=factor * near.lag(x))
    own = near.own if near.own.any() else near.largest
    degree, squared = near.degree + own, near.squared_degree + own**2
    near_by = summed(read, x)
    spread = n * squared - degree**2
    variance = dot(off, off) / n * np.where(spread > SAME * n * squared, spread, 0.0) / (n - 1)
    away = near_by.lag + near.degree * (near_by.center - mean) + own * off
    counts = counted(read, near_by, permutations, rng)
    beside = _Beside((near.lag(x) + own * x) / x.sum(), away, variance, near.many > 0, (HIGH, LOW))
    return _concluded(read, name, beside, counts, permutations, fdr)


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
        Without p-values where the count is 0. Clusters are `High-High` where there are more joins than those dealt out make,
        `Negative` where fewer.

    Raises
    ------
    DataError
        If values are neither 0 nor 1.
    CapabilityError
        If a population is given.

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
    name = "local join counts"
    refuse_population(values, name)
    read = field_of(values, graph, None)
    read.refuse_own()
    yes_or_no(read)
    x, off = read.known, less_mean(read.known)
    if undefined(name, len(x), dot(off, off), float(x.mean()), float(read.neighbours.degree.sum())):
        return _nothing(read, name)
    value = x * read.neighbours.lag(x)
    return _located(read, name, x, np.where(value > 0, x, 0.0), (HIGH, UNLIKE), permutations, rng, fdr, value=value)


class _Beside(NamedTuple):
    """What is concluded on.

    Attributes
    ----------
    value : ndarray of shape (units,)
        The statistic.
    away, variance : ndarray of shape (units,)
        How far what neighbours say lies above what is expected, and its variance.
    defined : ndarray of bool, shape (units,)
        Whether chance has a say.
    kinds : pair of int or ndarray of int
        Of units whose neighbours say more than those dealt out, and of those whose neighbours say less.
    signs : ndarray of shape (units,) or int
        Below 0 where the statistic falls with what neighbours say.
    """

    value: Floats
    away: Floats
    variance: Floats
    defined: NDArray[np.bool_]
    kinds: tuple[Any, Any]
    signs: Any = 1


def _located(
    read: Field,
    name: str,
    x: Floats,
    factor: Floats,
    kinds: tuple[Any, Any],
    permutations: Any,
    rng: Any,
    fdr: Any,
    *,
    value: Floats | None = None,
) -> LocalAutocorrelation:
    """Conclude on factor_i Σ_j w_ij x_j, the x of the others dealt out anew; of x less their mean if no value is given."""
    near, n = read.neighbours, len(x) - 1
    near_by = summed(read, x)
    u, lag = near_by.u, near_by.lag
    squares, total = u * u, float(u.sum())
    others, top, all_squares = (total - u) / max(n, 1), int(np.argmax(squares)), float(squares.sum())
    one = (all_squares - squares) / max(n, 1) - others * others
    if 2 * squares[top] > all_squares:  # beside one that is far from all others, sums say nothing of these
        rest = np.delete(u, top)
        one[top] = rest.var() if np.ptp(rest) > 0 else 0.0
    counts = counted(read, near_by, permutations, rng)
    if value is None:
        value = factor * (lag - near.degree * (total / len(u)))
    defined = (near.many > 0) & (factor != 0) & np.isfinite(factor)
    beside = _Beside(value, lag - near.degree * others, of_some(near, n, one), defined, kinds, np.sign(factor))
    return _concluded(read, name, beside, counts, permutations, fdr)


def _concluded(
    read: Field, name: str, beside: _Beside, counts: NDArray[np.int64] | None, permutations: Any, fdr: Any
) -> LocalAutocorrelation:
    from scipy.stats import norm

    value, away, variance, defined, kinds, signs = beside
    defined = defined & (variance > 0)
    z = np.divide(away, np.sqrt(variance), out=np.full(len(value), np.nan), where=defined)
    if counts is None:
        upper, p = z > 0, norm.sf(np.abs(z))
    else:
        more, less = counts
        upper, p = more < less, (np.minimum(more, less) + 1) / (permutations + 1)
        p[~defined] = np.nan
    level = LEVEL if fdr is None else _level(p[defined], fdr)
    codes = np.where(p <= level, np.where(upper, *kinds), NOT)
    codes[~defined] = UNDEFINED
    cluster = np.array(CLUSTERS, dtype=object)[read.placed(codes, nothing=UNDEFINED)]
    return LocalAutocorrelation(name, read.placed(value), read.placed(z * signs), read.placed(p), cluster, level, read)


def _level(p: Floats, fdr: Any) -> float:
    """Largest one-sided p-value of Benjamini & Hochberg: of n, the k-th of which twice is at most k/n of the limit."""
    limit = LEVEL if fdr is True else real_number(fdr, "fdr", 0, "a share of false discoveries", above=True)
    if limit > 1:
        msg = f"fdr must be a share of false discoveries, at most 1, not {fdr!r}"
        raise OptionError(msg)
    steps = limit / 2 * np.arange(1, len(p) + 1) / max(len(p), 1)
    below = np.flatnonzero(np.sort(p) <= steps)
    return float(steps[below[-1] if len(below) else 0]) if len(p) else limit / 2


def _nothing(read: Field, name: str) -> LocalAutocorrelation:
    nowhere = np.full(read.given.shape, np.nan)
    cluster = np.full(read.given.shape, CLUSTERS[UNDEFINED], dtype=object)
    return LocalAutocorrelation(name, nowhere, nowhere, nowhere, cluster, LEVEL, read)
