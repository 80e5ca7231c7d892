"""Evenness: how differently groups are spread over the units, or over the environments, of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.indices.chance import (
    expected_deviation,
    expected_gorard,
    expected_information,
    expected_mutual,
    expected_variance,
)
from segregation_tools.indices.shapes import lorenz, mean_of_scores, of_surfaces
from segregation_tools.indices.tiers import by_diversity, by_entropy, by_geometric_mean, by_people
from segregation_tools.indices.words import (
    absolute_deviation,
    divergence_from,
    entropy,
    simpson,
    squared_deviation,
    squared_deviations_met,
)
from segregation_tools.indices.zonal import (
    by_deviation,
    by_deviation_of_the_first,
    by_entropy_left,
    by_information,
    by_rarity,
    by_squares,
    by_squares_of_each,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@mean_of_scores(
    symbol="D",
    dimension="evenness",
    bounds=(0, 1),
    source=["duncan1955", "morgan1975", "sakoda1981", "reardon2004"],
    expected=expected_deviation,
    contact=lambda p, P: p >= P,
    zonal=by_deviation,
    compiled=("deviation", lambda deviation, mix, people: deviation / (2 * simpson(mix))),
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
    contribution=lambda p, mix: divergence_from(p, mix) / entropy(mix),
    zonal=by_entropy_left,
    compiled=("entropy", lambda left, mix, people: people - left / entropy(mix)),
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
    contribution=lambda p, mix: divergence_from(p, mix),
    zonal=by_information,
    compiled=("entropy", lambda left, mix, people: people * entropy(mix) - left),
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
    source=["bell1954", "james1985", "goodman1954", "reardon2002", "fossett2017"],
    within=by_diversity,
    expected=expected_variance,
    contact=lambda p, P: p,
    zonal=by_squares,
    compiled=("meetings", lambda met, mix, people: squared_deviations_met(met, mix).sum() / simpson(mix)),
)
def variance_ratio(p: Array, mix: Array, own: Array) -> Array:
    """Variance ratio V (η², separation): the share of the variance of group membership that lies between units.

    Σ_i t_i Σ_g (o_ig − P_g)(p_ig − P_g) / (T I), with o the shares at home, p those of the environment (the same
    without one) and I = Σ P_g (1 − P_g). With two groups Σ t (p − P)² / (T P (1 − P)), which is xPx − yPx: how much
    more often x meets x than y does; that reading also holds with a local environment. With many groups the variances
    of all groups are added up before the ratio is taken, which is Goodman and Kruskal's τ and, where there is no local
    environment, the relative diversity index.

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
    return squared_deviation(own, p, mix).sum(axis=0) / simpson(mix)


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
    return areas.sum() / simpson(mix)


@mean_of_scores(
    symbol="R",
    dimension="evenness",
    bounds=(0, 1),
    source=["goodman1954", "carlson1992", "reardon2002", "reardon2004"],
    within=by_diversity,
    expected=expected_variance,
    zonal=by_squares,
)
def relative_diversity(p: Array, mix: Array) -> Array:
    """Relative diversity R: how much less likely two people of one environment are of different groups.

    1 − Σ_i t_i I_i / (T I), with I = Σ P_g (1 − P_g). Without a local environment this is Σ_i t_i Σ_g (p_ig − P_g)² /
    (T I), Goodman and Kruskal's τ, and equals the variance ratio; with one the two differ.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local R, 1 − I_i/I, whose mean over residents is R; negative where the environment is more diverse.

    Examples
    --------
    I is 0.18 in each unit and 0.5 in the region: R = 1 − 0.18/0.5 = 0.64.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.relative_diversity(pop), 10)
    0.64
    """
    return 1 - simpson(p) / simpson(mix)


@mean_of_scores(
    symbol="Pn",
    dimension="evenness",
    bounds=(0, 1),
    source=["james1986", "reardon2002"],
    expected=expected_variance,
    zonal=by_squares_of_each,
    compiled=("meetings", lambda met, mix, people: (squared_deviations_met(met, mix) / (1 - mix)).sum()),
)
def normalized_exposure(p: Array, mix: Array, own: Array) -> Array:
    """Normalised exposure: the variance ratio of each group against the rest, averaged with the size of the groups.

    Σ_g P_g V_g = Σ_i t_i Σ_g (o_ig − P_g)(p_ig − P_g)/(1 − P_g) / T, with o the shares at home (those met, where there is
    no local environment). With two groups it is the variance ratio; with more, large groups weigh more than there.

    Parameters
    ----------
    p, mix, own : ndarray of shape (groups, …)
        Shares of the environment, of the region and of the unit itself.

    Returns
    -------
    ndarray of shape (…)
        Local values, whose mean over residents is the index.

    Examples
    --------
    Each unit is 0.4 off for both groups: (0.16 + 0.16)/0.5 = 0.64.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.normalized_exposure(pop), 10)
    0.64
    """
    return (squared_deviation(own, p, mix) / (1 - mix)).sum(axis=0)


@mean_of_scores(
    symbol="C",
    dimension="evenness",
    bounds=(0, 1),
    source=["reardon2002"],
    expected=expected_variance,
    zonal=by_rarity,
)
def squared_coefficient_of_variation(p: Array, mix: Array) -> Array:
    """Squared coefficient of variation C: how far shares are from those of the region, relative to each group's own.

    Σ_i t_i Σ_g (p_ig − P_g)²/P_g / (T (K − 1)). Small groups weigh as much as large ones, so that a rare group that lives
    apart raises C more than any other index.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local C, whose mean over residents is C.

    Examples
    --------
    Each unit is 0.4 off for both groups: (0.16 + 0.16)/0.5/(2 − 1) = 0.64.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.squared_coefficient_of_variation(pop), 10)
    0.64
    """
    return (squared_deviation(p, p, mix) / mix).sum(axis=0) / (len(mix) - 1)


@mean_of_scores(
    symbol="KL",
    dimension="evenness",
    bounds=(0, float("inf")),
    source=["roberto2016"],
    within=by_people,
    expected=expected_mutual,
    zonal=by_information,
)
def divergence(p: Array, mix: Array) -> Array:
    """Divergence index: how surprising the environment is to someone who expects the mix of the region, in nats.

    Σ_i t_i/T · Σ_g p_ig ln(p_ig/P_g), never negative, in no unit. Equals mutual information where there is no local
    environment; with one the two differ, and this one cannot fall below 0.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local divergence, 0 or more, whose mean over residents is the index.

    Examples
    --------
    0.9 ln(0.9/0.5) + 0.1 ln(0.1/0.5) = 0.529008 − 0.160944 = 0.368064 in both units.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.divergence(pop), 6)
    0.368064
    """
    return divergence_from(p, mix)


@mean_of_scores(
    symbol="O",
    dimension="evenness",
    bounds=(0, 1),
    source=["hutchens2001"],
    groups=2,
    within=by_geometric_mean,
)
def hutchens(p: Array, mix: Array) -> Array:
    """Hutchens' square root index O, of two groups: one less the overlap of their spreads.

    1 − Σ_i √(x_i/X · y_i/Y) = 1 − Σ_i t_i/T √(p(1 − p)/(P(1 − P))). Adds up over tiers; a place weighs √(X_s Y_s/(X Y)).

    Parameters
    ----------
    p, mix : ndarray of shape (2, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local values, whose mean over residents is O.

    Examples
    --------
    √(0.9 · 0.1)/√(0.5 · 0.5) = 0.6 in both units: O = 0.4.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.hutchens(pop), 10)
    0.4
    """
    return 1 - np.sqrt(p.prod(axis=0) / mix.prod(axis=0))


@mean_of_scores(
    symbol="A",
    dimension="evenness",
    bounds=(0, 1),
    source=["james1985", "massey1988"],
    groups=2,
    finish=lambda mean, mix, *, b: 1 - mix[0] / mix[1] * (mean / mix[0]) ** (1 / (1 - b)),
)
def atkinson(p: Array, mix: Array, *, b: float = 0.5) -> Array:
    """Atkinson index A(b), of two groups; b says whether units where the first group is many or few weigh more.

    1 − P/(1 − P) · (Σ_i t_i (1 − p_i)^(1−b) p_i^b / (P T))^(1/(1−b)), 0 < b < 1. Larger b weighs units where the first
    group is over-represented; A(½) = 1 − (1 − O)² with Hutchens' O. The mean of scores is transformed, so that no unit has
    a part of its own.

    Parameters
    ----------
    p, mix : ndarray of shape (2, …)
        Shares of the environment and of the region.
    b : float
        Between 0 and 1.

    Returns
    -------
    ndarray of shape (…)
        (1 − p)^(1−b) p^b.

    Examples
    --------
    With b = ½ the mean is √(0.9 · 0.1) = 0.3: A = 1 − (0.3/0.5)² = 0.64.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.atkinson(pop), 10)
    0.64
    """
    if not 0 < b < 1:
        msg = f"b must lie between 0 and 1, not {b!r}"
        raise OptionError(msg)
    return p[1] ** (1 - b) * p[0] ** b


@mean_of_scores(
    symbol="GS",
    dimension="evenness",
    bounds=(0, 1),
    source=["gorard2002"],
    groups=2,
    expected=expected_gorard,
    zonal=by_deviation_of_the_first,
)
def gorard(p: Array, mix: Array) -> Array:
    """Gorard's segregation index GS: the share of the first of two groups that would have to live elsewhere.

    ½ Σ_i |x_i/X − t_i/T| = D (1 − P). Its largest value is the share of the other group, not 1.

    Parameters
    ----------
    p, mix : ndarray of shape (2, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)
        Local values |p − P|/(2P), whose mean over residents is GS.

    Examples
    --------
    ½ (|0.9 − 0.5| + |0.1 − 0.5|) = 0.4.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.gorard(pop), 10)
    0.4
    """
    return np.abs(p[0] - mix[0]) / (2 * mix[0])


@of_surfaces(symbol="S", dimension="evenness", bounds=(0, 1), source=["osullivan2007"], groups=2)
def min_max(shared: float, covered: float) -> float:
    """Surface index S, of two groups: one less the overlap of their two surfaces.

    1 − Σ_i min(x̃_i, ỹ_i) / Σ_i max(x̃_i, ỹ_i), where x̃ and ỹ are how the members of each group are spread over the
    environments, each adding up to 1. Without a local environment 2D/(1 + D).

    Parameters
    ----------
    shared, covered : float
        Volume under both surfaces, and under either.

    Returns
    -------
    float

    Examples
    --------
    0.1 + 0.1 under both, 0.9 + 0.9 under either: S = 1 − 0.2/1.8 = 8/9.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.min_max(pop), 6)
    0.888889
    """
    return 1 - shared / covered
