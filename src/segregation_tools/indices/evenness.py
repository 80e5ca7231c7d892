"""Evenness: how differently groups are spread over the units, or over the environments, of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segregation_tools.indices.chance import (
    expected_deviation,
    expected_information,
    expected_mutual,
    expected_variance,
)
from segregation_tools.indices.shapes import lorenz, mean_of_scores
from segregation_tools.indices.tiers import by_diversity, by_entropy, by_people
from segregation_tools.indices.words import absolute_deviation, covariance, entropy, simpson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@mean_of_scores(
    symbol="D",
    dimension="evenness",
    bounds=(0, 1),
    source=["duncan1955", "morgan1975", "sakoda1981", "reardon2004"],
    expected=expected_deviation,
)
def dissimilarity(p: Array, mix: Array) -> Array:
    """Dissimilarity D: how many would have to move for an even spread, of those who would if no groups met.

    Σ_i t_i Σ_g |p_ig − P_g| / (2 T I), with I = Σ P_g (1 − P_g). With two groups ½ Σ_i |x_i/X − y_i/Y|: the share of
    either group that would have to change unit for every unit to have the mix of the region. 0 is even, 1 is complete
    separation. Reads any number of groups and any environment.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local D, whose mean over residents is D.

    Examples
    --------
    Two units of 100: 90 and 10 of group a, 10 and 90 of b. P = ½, so both units are 0.4 off for either group:
    D = (100 · 0.8 + 100 · 0.8) / (2 · 200 · 0.5) = 0.8.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.dissimilarity(pop), 10)
    0.8
    >>> sgt.dissimilarity.local(pop).round(10).tolist()
    [0.8, 0.8]
    """
    return absolute_deviation(p, mix) / (2 * simpson(mix))


@mean_of_scores(
    symbol="H",
    dimension="evenness",
    bounds=(0, 1),
    source=["theil1971", "reardon2002", "reardon2004"],
    within=by_entropy,
    expected=expected_information,
)
def information_theory(p: Array, mix: Array) -> Array:
    """Theil's information theory index H: how much less diverse the environment is than the region.

    1 − Σ_i t_i E_i / (T E), with the entropy E = −Σ P_g ln P_g. 0 where everyone's environment has the mix of the
    region, 1 where nobody meets another group. Locally negative where an environment is more diverse than the region;
    with wide environments the whole may be below 0 and is not clipped.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local H, 1 − E_i/E, whose mean over residents is H.

    Examples
    --------
    90 : 10 has the entropy 0.325083, one half each ln 2 = 0.693147: H = 1 − 0.325083/0.693147 = 0.531004.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.information_theory(pop), 6)
    0.531004
    """
    return 1 - entropy(p) / entropy(mix)


@mean_of_scores(
    symbol="M",
    dimension="evenness",
    bounds=(0, float("inf")),
    source=["theil1971", "frankel2011", "mora2011"],
    within=by_people,
    expected=expected_mutual,
)
def mutual_information(p: Array, mix: Array) -> Array:
    """Mutual information M, in nats: how much knowing where someone lives tells about the group.

    E − Σ_i t_i E_i / T. Without a local environment this is Σ_i Σ_g (n_ig/T) ln(p_ig/P_g), the same whether units or
    groups are swapped, and H = M/E. At most the smaller of ln(groups) and ln(units).

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local M, E − E_i, whose mean over residents is M; negative where the environment is more diverse.

    Examples
    --------
    ln 2 − 0.325083 = 0.368064, from 90 : 10 and 10 : 90.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.mutual_information(pop), 6)
    0.368064
    """
    return entropy(mix) - entropy(p)


@mean_of_scores(
    symbol="V",
    dimension="evenness",
    bounds=(0, 1),
    source=["bell1954", "james1985", "fossett2017"],
    within=by_diversity,
    expected=expected_variance,
)
def variance_ratio(p: Array, mix: Array, own: Array) -> Array:
    """Variance ratio V (η², separation): the share of the variance of group membership that lies between units.

    Σ_i t_i Σ_g (o_ig − P_g)(p_ig − P_g) / (T I), with o the shares at home, p those of the environment (the same
    without one) and I = Σ P_g (1 − P_g). With two groups Σ t (p − P)² / (T P (1 − P)), which is xPx − yPx: how much
    more often x meets x than y does; that reading also holds with a local environment. With many groups the variances
    of all groups are added up before the ratio is taken.

    Parameters
    ----------
    p, mix, own : ndarray of shape (groups, …)
        Shares of the environment, of the region and of the unit itself.

    Returns
    -------
    ndarray of shape (…)
        Local V, whose mean over residents is V.

    Examples
    --------
    Members of a meet 0.9 · 0.9 + 0.1 · 0.1 = 0.82 of their own, members of b meet 0.18 of a: V = 0.82 − 0.18 = 0.64.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.variance_ratio(pop), 10)
    0.64
    """
    return covariance(own, p, mix) / simpson(mix)


@lorenz(symbol="G", dimension="evenness", bounds=(0, 1), source=["james1985", "reardon2002"])
def gini(areas: Array, mix: Array) -> Array:
    """Gini index of segregation G: the mean difference of shares between any two residents, over its largest value.

    Σ_g Σ_i Σ_j t_i t_j |p_ig − p_jg| / (2 T² I), with I = Σ P_g (1 − P_g); with two groups twice the area between the
    segregation curve and the diagonal. Units are ordered by share once, O(n log n); units of equal share are one. No
    unit has a part of its own, so that there is no local Gini, and tiers do not add up.

    Parameters
    ----------
    areas, mix : ndarray of shape (groups,)
        ½ ΣΣ t_i t_j |p_i − p_j| / T² of each group, and its share of the region.

    Returns
    -------
    float

    Examples
    --------
    With two units the curve has one corner, and G = D.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.gini(pop), 10)
    0.8
    """
    return areas.sum() / simpson(mix)  # type: ignore[no-any-return]
