"""Values of single units that are not parts of a whole: how one place compares with the region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.indices.shapes import of_units
from segregation_tools.indices.words import TINY, divergence_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@of_units(
    symbol="LQ", dimension="local", bounds=(0, float("inf")), source=["isard1960"], answer="units", of_everyone=True
)
def location_quotient(p: Array, mix: Array) -> Array:
    """Location quotient LQ: the share of a group in a unit, over its share of the region.

    p_ig/P_g: 1 as in the region, 2 twice as much. Wild where a group is rare. Where a total is stated, shares are of
    everyone.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (groups, …)

    Examples
    --------
    0.9/0.5 and 0.1/0.5.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.location_quotient(pop)["a"].tolist()
    [1.8, 0.2]
    """
    return p / mix


@of_units(
    symbol="L",
    dimension="local",
    bounds=(0, float("inf")),
    source=["frankel2011", "mora2011"],
    answer=lambda options: "groups" if options["by"] == "group" else "units",
)
def local_mutual_information(p: Array, mix: Array, *, by: str = "unit") -> Array:
    """Local segregation L: how much a unit, or a group, adds to mutual information, in nats.

    By unit, L_i = Σ_g p_ig ln(p_ig/P_g), never negative, and Σ_i (t_i/T) L_i = M. By group, L_g = Σ_i (n_ig/T_g)
    ln(p_ig/P_g), and Σ_g P_g L_g = M. `mutual_information.local` has the same mean over residents but may be negative: it
    compares diversity, this compares composition.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.
    by : {"unit", "group"}
        Whose part.

    Returns
    -------
    ndarray of shape (…), or (groups, …) by group

    Examples
    --------
    0.9 ln(0.9/0.5) + 0.1 ln(0.1/0.5) = 0.368064, for either unit and, by symmetry, either group.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.local_mutual_information(pop).round(6).tolist()
    [0.368064, 0.368064]
    >>> sgt.local_mutual_information(pop, by="group").round(6).to_dict()
    {'a': 0.368064, 'b': 0.368064}
    """
    if by == "unit":
        return divergence_from(p, mix)
    if by == "group":
        return np.log(p + TINY) - np.log(mix)
    msg = f"by must be 'unit' or 'group', not {by!r}"
    raise OptionError(msg)


@of_units(
    symbol="LIs",
    dimension="local",
    bounds=(-float("inf"), float("inf")),
    source=["bemanian2017"],
    answer="units",
    of_everyone=True,
)
def local_isolation(p: Array, mix: Array) -> Array:
    """Local isolation LIs: how much likelier two residents of a unit are both of a group, than two of the region.

    logit(p_ig²) − logit(P_g²), with logit(x) = ln(x/(1 − x)). 0 as in the region. NaN where none or all of the residents
    are of the group: the logit has no value there, and none is made up. Where a total is stated, shares are of everyone.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (groups, …)

    Examples
    --------
    logit(0.81) − logit(0.25) = 1.450010 + 1.098612.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.local_isolation(pop)["a"].round(6).tolist()
    [2.548622, -3.496508]
    """
    return _logit(p**2) - _logit(mix**2)


@of_units(
    symbol="LEx",
    dimension="local",
    bounds=(-float("inf"), float("inf")),
    source=["bemanian2017"],
    groups=2,
    answer="units",
    of_everyone=True,
)
def local_exposure(p: Array, mix: Array) -> Array:
    """Local exposure LEx: how much likelier two residents of a unit are one of each group, than two of the region.

    logit(p_ix p_iy) − logit(P_x P_y), of two groups. 0 as in the region, above 0 where they live together more than there.
    NaN where one of them is absent. State the total where other groups live there too: shares are of everyone then.

    Parameters
    ----------
    p, mix : ndarray of shape (2, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)

    Examples
    --------
    logit(0.09) − logit(0.25) = −2.313635 + 1.098612.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.local_exposure(pop).round(6).tolist()
    [-1.215023, -1.215023]
    """
    return _logit(p[0] * p[1]) - _logit(mix[0] * mix[1])


@of_units(
    symbol="ICE",
    dimension="local",
    bounds=(-1, 1),
    source=["massey2001", "krieger2016"],
    groups=2,
    answer="units",
    of_everyone=True,
)
def index_of_concentration_at_extremes(p: Array, mix: Array) -> Array:
    """Index of concentration at the extremes ICE: by how much the most privileged outnumber the most deprived.

    (A_i − D_i)/t_i, the first of two groups being the most privileged, the second the most deprived. −1 where all are
    deprived, 1 where all are privileged, 0 where they are as many, or where all are in between. State the total, so that
    those in between count.

    Parameters
    ----------
    p, mix : ndarray of shape (2, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…)

    Examples
    --------
    30 in the highest and 10 in the lowest of 100: 0.2.

    >>> pop = sgt.Population([[30, 5], [10, 45]], groups=["highest fifth", "lowest fifth"], total=[100, 100])
    >>> sgt.index_of_concentration_at_extremes(pop).round(10).tolist()
    [0.2, -0.4]
    """
    return p[0] - p[1]


def _logit(x: Array) -> Array:
    """Take ln(x/(1 − x)); NaN at 0 and 1."""
    inside = (x > 0) & (x < 1)
    safe = np.where(inside, x, 0.5)
    return np.where(inside, np.log(safe / (1 - safe)), np.nan)
