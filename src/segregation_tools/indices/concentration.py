"""Concentration: whether a group lives on little land."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.placed import ALIKE, like, of_the_map, undefined
from segregation_tools.indices.shapes import mean_of_scores
from segregation_tools.population.options import one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


SAME_LAND = (
    "all units where people live are of one area, or the first group fills them all, so that its members could not live on "
    "less land, nor on more"
)


@of_the_map(
    symbol="DEL", dimension="concentration", bounds=(0, 1), source=["hoover1941", "duncan1961", "massey1988"], groups=2
)
def delta(x: Array, areas: Array) -> float:
    """Share of the first group that would have to live elsewhere for the same density everywhere: ½ Σ |x_i/X − a_i/A|.

    Land where nobody lives counts as land.

    Parameters
    ----------
    x : ndarray of shape (units,)
        People of the first group.
    areas : ndarray of shape (units,)
        Of the units.

    Returns
    -------
    float

    Examples
    --------
    Half of the land holds 9 of 10: ½ (|0.9 − 0.5| + |0.1 − 0.5|) = 0.4.

    >>> land = sgt.Grid(1, 2, cell_size=1000)
    >>> round(sgt.delta(sgt.Population([[[90, 10]], [[10, 90]]], groups=["a", "b"], geography=land)), 10)
    0.4
    """
    return float(np.abs(x / x.sum() - areas / areas.sum()).sum() / 2)


@of_the_map(symbol="ACO", dimension="concentration", bounds=(-np.inf, np.inf), source=["massey1988"], groups=2)
def absolute_concentration(x: Array, y: Array, areas: Array, *, last: str = "whole") -> float:
    """How near the first group comes to living on as little land as it could.

    1 − (Σ (x_i/X) a_i − S1)/(S2 − S1): the mean area of the units in which its members live, between S1, the mean were all
    of them in the smallest units, and S2, were all of them in the largest. 1 is the least land; above
    1 only where the last unit counts whole.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    areas : ndarray of shape (units,)
        Of the units.
    last : {"whole", "fraction"}
        Whether the last unit that is filled counts whole, as in the sources, or in the part that is filled. Of units of one
        area the fullest is filled first, so that the order of rows does not matter.

    Returns
    -------
    float
        NaN, with a warning, where all areas are equal or the group fills them all.

    Examples
    --------
    All of the first group live in the small unit, which they fill: they could not live on less.

    >>> import geopandas
    >>> from shapely import box
    >>> frame = geopandas.GeoDataFrame({"a": [20, 0], "b": [0, 80]}, geometry=[box(0, 0, 1, 1), box(1, 0, 5, 1)])
    >>> sgt.absolute_concentration(frame, groups=["a", "b"])
    1.0
    """
    smallest, largest = _least_and_most(x, x + y, areas, last)
    if largest <= smallest * (1 + ALIKE):
        return undefined("absolute_concentration", SAME_LAND)
    return 1 - (mean_over(x, areas) - smallest) / (largest - smallest)


@of_the_map(symbol="RCO", dimension="concentration", bounds=(-np.inf, np.inf), source=["massey1988"], groups=2)
def relative_concentration(x: Array, y: Array, areas: Array, *, last: str = "whole") -> float:
    """How much less land the first group lives on than the second, by how much less it could.

    [Σ (x_i/X) a_i / Σ (y_i/Y) a_i − 1] / [S1/S2 − 1], S1 and S2 as in `absolute_concentration`, both for as many people as
    the first group has. 0 is the same, 1 the most that could be.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    areas : ndarray of shape (units,)
        Of the units.
    last : {"whole", "fraction"}
        As in `absolute_concentration`.

    Returns
    -------
    float
        NaN, with a warning, where all areas are equal or the group fills them all.

    Examples
    --------
    Members of the first group live on 1, of the second on 4: (1/4 − 1)/(1/4 − 1) = 1.

    >>> import geopandas
    >>> from shapely import box
    >>> frame = geopandas.GeoDataFrame({"a": [20, 0], "b": [0, 80]}, geometry=[box(0, 0, 1, 1), box(1, 0, 5, 1)])
    >>> sgt.relative_concentration(frame, groups=["a", "b"])
    1.0
    """
    smallest, largest = _least_and_most(x, x + y, areas, last)
    if largest <= smallest * (1 + ALIKE):
        return undefined("relative_concentration", SAME_LAND)
    return (mean_over(x, areas) / mean_over(y, areas) - 1) / (smallest / largest - 1)


@mean_of_scores(
    symbol="CP",
    dimension="concentration",
    bounds=(0, 1),
    source=["poulsen2002", "hong2014"],
    groups=2,
)
def concentration_profile(p: Array, mix: Array) -> Array:
    """How far members of the first group live from its share of the region: Σ (x_i/X) |p_i − P| / (1 − P).

    The area between two profiles, of the share of the group's members who live in units where it makes up at least τ, and
    of the same were it spread evenly, over all τ. It reads no map.

    Parameters
    ----------
    p : ndarray of shape (2, units)
        Shares of those met.
    mix : ndarray of shape (2, 1)
        Shares of the region.

    Returns
    -------
    ndarray of shape (units,)

    Examples
    --------
    0.9 · |0.9 − 0.5|/0.5 + 0.1 · |0.1 − 0.5|/0.5 = 0.8.

    >>> round(sgt.concentration_profile(sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])), 10)
    0.8
    """
    return p[0] / mix[0] * np.abs(p[0] - mix[0]) / mix[1]


def mean_over(people: Array, values: Array) -> float:
    """Mean of values of units over people.

    Parameters
    ----------
    people, values : ndarray of shape (units,)

    Returns
    -------
    float
    """
    return float(people @ values / people.sum())


def _least_and_most(x: Array, t: Array, areas: Array, last: str) -> tuple[float, float]:
    """Mean area were as many people as the first group has in the smallest units, and in the largest."""
    one_of(last, "last", ("whole", "fraction"))
    size = like(areas)
    up, down = np.lexsort((-t, size)), np.lexsort((-t, -size))
    return _filled(t[up], areas[up], x.sum(), last), _filled(t[down], areas[down], x.sum(), last)


def _filled(t: Array, areas: Array, wanted: float, last: str) -> float:
    """Mean area over the people in the first units that hold so many."""
    filled = min(int(np.searchsorted(np.cumsum(t), wanted * (1 - 1e-12))) + 1, len(t))
    people = t[:filled].copy()
    if last == "fraction":
        people[-1] -= people.sum() - wanted
    return mean_over(people, areas[:filled])
