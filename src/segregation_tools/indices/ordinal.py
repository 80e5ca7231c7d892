"""Ordered groups, such as incomes and years of schooling: groups are named from low to high.

The ordinal indices compare the categories as they are; the rank-order indices estimate what would be found if incomes were
known exactly, and do not depend on where the categories were cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segregation_tools.errors import DataWarning, GroupError, OptionError, UndefinedWarning, warn
from segregation_tools.indices.shapes import mean_of_scores
from segregation_tools.indices.words import binary_entropy, binary_root, binary_variance, cumulative
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Array = NDArray[np.float64]

LN2 = np.log(2)  # compiled sums are in nats


@mean_of_scores(
    symbol="H^O",
    dimension="ordinal",
    bounds=(0, 1),
    source=["reardon2009"],
    compiled=(
        "thresholds",
        lambda varied, mix, people: people - varied.sum() / (LN2 * binary_entropy(cumulative(mix)).sum()),
    ),
)
def ordinal_information(p: Array, mix: Array) -> Array:
    """Ordinal information theory index: how much less varied the ordered groups of an environment are.

    1 − Σ_i t_i v_i / (T v), v = Σ_k f(C_k) over the thresholds between groups, C_k the share at or below threshold k,
    f(C) = −[C log₂ C + (1 − C) log₂(1 − C)]. With two groups it is H.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.

    Returns
    -------
    ndarray of shape (…)
        Local values, whose mean over residents is the index.

    Examples
    --------
    Low and middle in one unit, middle and high in the other: C is ½, 1 and 0, ½; in the region ¼, ¾. v_i = 1 in each unit,
    v = 2 · 0.811278: 1 − 1/1.622556.

    >>> pop = sgt.Population([[50, 0], [50, 50], [0, 50]], groups=["low", "middle", "high"])
    >>> round(sgt.ordinal_information(pop), 6)
    0.383689
    """
    return _ordinal(binary_entropy, p, mix)


@mean_of_scores(symbol="R^O", dimension="ordinal", bounds=(0, 1), source=["reardon2009"])
def ordinal_variance(p: Array, mix: Array) -> Array:
    """Ordinal variance ratio index: `ordinal_information` with f(C) = 4C(1 − C). With two groups it is R.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.

    Returns
    -------
    ndarray of shape (…)
        Local values, whose mean over residents is the index.

    Examples
    --------
    v_i = 1 in each unit, v = 2 · 4 · ¼ · ¾ = 1.5: 1 − 1/1.5.

    >>> pop = sgt.Population([[50, 0], [50, 50], [0, 50]], groups=["low", "middle", "high"])
    >>> round(sgt.ordinal_variance(pop), 6)
    0.333333
    """
    return _ordinal(binary_variance, p, mix)


@mean_of_scores(symbol="S^O", dimension="ordinal", bounds=(0, 1), source=["reardon2009"])
def ordinal_squareroot(p: Array, mix: Array) -> Array:
    """Ordinal square root index: `ordinal_information` with f(C) = 2√(C(1 − C)). With two groups it is Hutchens' O.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.

    Returns
    -------
    ndarray of shape (…)
        Local values, whose mean over residents is the index.

    Examples
    --------
    v_i = 1 in each unit, v = 2 · 2√(3/16) = 1.732051: 1 − 1/1.732051.

    >>> pop = sgt.Population([[50, 0], [50, 50], [0, 50]], groups=["low", "middle", "high"])
    >>> round(sgt.ordinal_squareroot(pop), 6)
    0.42265
    """
    return _ordinal(binary_root, p, mix)


def _ordinal(f: Callable[[Array], Array], p: Array, mix: Array) -> Array:
    return 1 - f(cumulative(p)).sum(axis=0) / f(cumulative(mix)).sum(axis=0)


# ---------------------------------------------------------------- rank order


def _fitted(name: str, f: Callable[[Array], Array], moment: Callable[[int], float]) -> Callable[..., float]:
    """Finish a rank-order index: ∫ f·ŝ / ∫ f, where the polynomial ŝ is fitted to s(C_k) with weights f(C_k)²."""

    def finish(mean: Array, mix: Array, *, degree: int | None) -> float:
        thresholds = cumulative(mix)
        chosen = _degree(degree, len(thresholds))
        # The mean is that of f at each threshold; one less its share of f in the region is the index there.
        weights = f(thresholds)
        fit, (_, rank, _, _) = np.polynomial.polynomial.polyfit(
            thresholds, 1 - mean / weights, chosen, w=weights, full=True
        )
        value = float(sum(b * moment(power) for power, b in enumerate(fit)) / moment(0))
        if rank <= chosen or not -1e-9 <= value <= 1 + 1e-9:
            warn(
                f"{name} is {value:.4g}: a polynomial of degree {chosen} does not fit these {len(thresholds)} thresholds, "
                "which is no measure of the place. Lower degree=, and look at rank_order_table",
                DataWarning,
            )
        return value

    return finish


def _degree(degree: int | None, thresholds: int) -> int:
    """Degree of the polynomial: the smaller of 4 and one less than there are thresholds, unless it is given."""
    highest = thresholds - 1
    if degree is None:
        return min(4, highest)
    if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or not 0 <= degree <= highest:
        msg = f"degree must be a whole number from 0 to {highest}, one less than there are thresholds, not {degree!r}"
        raise OptionError(msg)
    return int(degree)


def _entropy_moment(m: int) -> float:
    """∫₀¹ x^m f(x) dx for f = −x ln x − (1 − x) ln(1 − x)."""
    from scipy.special import beta, digamma

    return float(1 / (m + 2) ** 2 - beta(m + 1, 2) * (digamma(2) - digamma(m + 3)))


def _variance_moment(m: int) -> float:
    """∫₀¹ x^m f(x) dx for f = x (1 − x)."""
    return 1 / ((m + 2) * (m + 3))


def _root_moment(m: int) -> float:
    """∫₀¹ x^m f(x) dx for f = √(x (1 − x))."""
    from scipy.special import beta

    return float(beta(m + 1.5, 1.5))


@mean_of_scores(
    symbol="H^R",
    dimension="ordinal",
    bounds=(-float("inf"), float("inf")),
    source=["reardon2011"],
    finish=_fitted("rank_order_information", binary_entropy, _entropy_moment),
    compiled=("thresholds", lambda varied, mix, people: varied / LN2),
)
def rank_order_information(p: Array, mix: Array, *, degree: int | None = None) -> Array:
    """Rank-order information theory index H^R: two-group H at every percentile, averaged with entropy weights.

    2 ln 2 ∫ E(x) s(x) dx. H is known at the thresholds between groups only; a polynomial s is fitted through them with
    weights E². `rank_order_table` shows the degree that was taken and the ordinal index beside it.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.
    degree : int, optional
        Of the polynomial; without, the smaller of 4 and one less than there are thresholds.

    Returns
    -------
    ndarray of shape (groups − 1, …)
        Variation f(C_k) at each threshold.

    Examples
    --------
    With two groups there is one threshold, and H^R is H.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["low", "high"])
    >>> round(sgt.rank_order_information(pop), 6)
    0.531004
    """
    return binary_entropy(cumulative(p))


@mean_of_scores(
    symbol="R^R",
    dimension="ordinal",
    bounds=(-float("inf"), float("inf")),
    source=["reardon2011"],
    finish=_fitted("rank_order_variance", binary_variance, _variance_moment),
)
def rank_order_variance(p: Array, mix: Array, *, degree: int | None = None) -> Array:
    """Rank-order variance ratio index R^R: two-group R at every percentile, averaged with weights x(1 − x).

    6 ∫ x(1 − x) s(x) dx, with s fitted as for `rank_order_information`, by the squares of its own weights.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.
    degree : int, optional
        Of the polynomial; without, the smaller of 4 and one less than there are thresholds.

    Returns
    -------
    ndarray of shape (groups − 1, …)
        Variation f(C_k) at each threshold.

    Examples
    --------
    With two groups there is one threshold, and R^R is R.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["low", "high"])
    >>> round(sgt.rank_order_variance(pop), 6)
    0.64
    """
    return binary_variance(cumulative(p))


@mean_of_scores(
    symbol="S^R",
    dimension="ordinal",
    bounds=(-float("inf"), float("inf")),
    source=["reardon2011"],
    finish=_fitted("rank_order_squareroot", binary_root, _root_moment),
)
def rank_order_squareroot(p: Array, mix: Array, *, degree: int | None = None) -> Array:
    """Rank-order square root index S^R: Hutchens' O at every percentile, averaged with weights √(x(1 − x)).

    (8/π) ∫ √(x(1 − x)) s(x) dx, with s fitted as for `rank_order_information`, by the squares of its own weights.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region, groups from low to high.
    degree : int, optional
        Of the polynomial; without, the smaller of 4 and one less than there are thresholds.

    Returns
    -------
    ndarray of shape (groups − 1, …)
        Variation f(C_k) at each threshold.

    Examples
    --------
    With two groups there is one threshold, and S^R is O.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["low", "high"])
    >>> round(sgt.rank_order_squareroot(pop), 6)
    0.4
    """
    return binary_root(cumulative(p))


# ---------------------------------------------------------------- incomes


@mean_of_scores(
    symbol="NSI",
    dimension="ordinal",
    bounds=(0, 1),
    source=["jargowsky1996", "jargowsky2005"],
    finish=lambda mean, mix, *, incomes: _sorted_share(mean, mix, _amounts(incomes, len(mix))),
    needs=("incomes",),
)
def neighborhood_sorting_index(p: Array, mix: Array, *, incomes: Sequence[float] | None = None) -> Array:
    """Neighborhood sorting index NSI: how much of the spread of incomes lies between units, as a standard deviation.

    √[Σ_i t_i (m_i − m)² / Σ (y − m)²], m_i the mean income of the unit, the sum below over all people. Read through a local
    environment, where m_i is the mean of those met, it is the generalised index GNSI.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.
    incomes : sequence of float
        Income of each group, in the order of the groups: its mean, or the middle of its bracket. Needed.

    Returns
    -------
    ndarray of shape (…)
        (m_i − m)².

    Examples
    --------
    Incomes of 10 and 20: unit means are 11 and 19, ±4 around 15; people are ±5 around it. NSI = 4/5.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["low", "high"])
    >>> round(sgt.neighborhood_sorting_index(pop, incomes=[10, 20]), 10)
    0.8
    """
    amounts = _amounts(incomes, len(mix))
    return (amounts @ p - amounts @ mix) ** 2


def _amounts(incomes: Sequence[float] | None, groups: int) -> Array:
    try:
        amounts = np.asarray(incomes if isinstance(incomes, (list, tuple, np.ndarray)) else [], dtype=np.float64)
    except (TypeError, ValueError):
        amounts = np.empty(0)
    if amounts.shape != (groups,) or not np.isfinite(amounts).all():
        msg = f"incomes must be a list of one number for each of the {groups} groups, in their order; got {incomes!r}"
        raise OptionError(msg)
    return amounts


def _sorted_share(between: Array, mix: Array, amounts: Array) -> float:
    spread = mix @ (amounts - mix @ amounts) ** 2
    if not spread > 0:
        warn("neighborhood_sorting_index is undefined (NaN): all incomes are the same", UndefinedWarning)
        return np.nan
    return float(np.sqrt(between / spread))


def rank_order_table(
    data: Population | pd.DataFrame, *, groups: Sequence[Hashable] | None = None, degree: int | None = None
) -> pd.DataFrame:
    """Rank-order indices beside the ordinal ones, with the degree of the polynomial.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame
        Groups from low to high; a frame needs `groups`.
    groups : sequence, optional
        Columns of counts.
    degree : int, optional
        As for `rank_order_information`.

    Returns
    -------
    DataFrame
        Rows `information`, `variance`, `squareroot`; columns `rank_order`, `ordinal`, `degree`, `thresholds`. A degree of
        one less than there are thresholds runs through all of them: nothing is left to tell whether it fits.

    Examples
    --------
    >>> pop = sgt.Population([[50, 0], [50, 50], [0, 50]], groups=["low", "middle", "high"])
    >>> sgt.rank_order_table(pop)[["ordinal", "degree", "thresholds"]].round(4).values.tolist()
    [[0.3837, 1.0, 2.0], [0.3333, 1.0, 2.0], [0.4226, 1.0, 2.0]]
    """
    pop = as_population(data, groups)
    thresholds = len(pop.groups) - 1
    if not thresholds:
        msg = f"one group, {pop.groups[0]!r}, has no order: name groups from low to high"
        raise GroupError(msg)
    rows = {
        "information": (rank_order_information, ordinal_information),
        "variance": (rank_order_variance, ordinal_variance),
        "squareroot": (rank_order_squareroot, ordinal_squareroot),
    }
    chosen = _degree(degree, thresholds)
    return pd.DataFrame(
        {
            name: {
                "rank_order": fitted(pop, degree=degree),
                "ordinal": plain(pop),
                "degree": chosen,
                "thresholds": thresholds,
            }
            for name, (fitted, plain) in rows.items()
        }
    ).T.astype({"degree": int, "thresholds": int})
