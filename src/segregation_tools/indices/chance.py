"""What chance alone would give, in closed form: people allotted to units at random, unit sizes fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.words import entropy, simpson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "expected_deviation",
    "expected_gorard",
    "expected_information",
    "expected_meetings",
    "expected_mutual",
    "expected_variance",
]


def expected_deviation(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> float:
    """D by chance: the mean absolute deviation of a binomial, exact in each unit (de Moivre).

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit; rounded to whole people, who alone can be allotted.
    mix : ndarray of shape (groups,)
        Shares of the region, taken as the chance of belonging to each group.

    Returns
    -------
    float
    """
    from scipy.special import gammaln, xlogy

    t = np.rint(sizes)
    if len(sizes) == 1:
        return 0.0
    if not t.sum() > 0:
        return np.nan
    total = 0.0
    for P in mix:
        v = np.floor(t * P) + 1
        inside = v <= t
        n, k = t[inside], v[inside]
        log_term = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, P) + xlogy(n - k + 1, 1 - P)
        total += float((2 * k * np.exp(log_term)).sum())
    return total / (2 * float(t.sum()) * float(simpson(mix)))


def expected_gorard(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> float:
    """GS by chance: that of D, times the share of the other group.

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    float
    """
    return expected_deviation(sizes, mix) * float(1 - mix[0])


def expected_variance(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> float:
    """V by chance, (units − 1)/(people − 1): exact with fixed group totals.

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit.
    mix : ndarray of shape (groups,)
        Shares of the region; they do not matter.

    Returns
    -------
    float
        NaN where there are fewer people than units, as only fractional counts have it.
    """
    people = float(sizes.sum())
    return (len(sizes) - 1) / (people - 1) if people > 1 and people >= len(sizes) else np.nan


def expected_mutual(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> float:
    """M by chance, (units − 1)(groups − 1)/(2 people): first order, for units of many people.

    It errs where units are small, first downwards and, with few people a group and unit, far upwards; NaN where it exceeds
    the largest value that M can have.

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    float
    """
    value = (len(sizes) - 1) * (len(mix) - 1) / (2 * float(sizes.sum()))
    return value if value <= float(entropy(mix)) else np.nan


def expected_information(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> float:
    """H by chance: that of M, over the entropy of the region.

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    float
    """
    return expected_mutual(sizes, mix) / float(entropy(mix))


def expected_meetings(sizes: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exposure by chance: P_h, and a little more to one's own group, since everyone also meets himself. Exact.

    Parameters
    ----------
    sizes : ndarray of shape (units,)
        Residents of each inhabited unit.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ndarray of shape (groups, groups)
        Rows from, columns to; each row adds up to 1.
    """
    oneself = expected_variance(sizes, mix)
    return (1 - oneself) * mix + oneself * np.eye(len(mix))
