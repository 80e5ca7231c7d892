"""Dissimilarity in people × metres: not only how many would have to move for an even city, but how far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.placed import of_the_map
from segregation_tools.indices.words import simpson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Places = NDArray[np.int64]

SLIVER = 1e-11  # of all who move: fewer are where two sums of the same people differ
ROUNDING = 16 * np.finfo(np.float64).eps  # of the people who are compared: a smaller surplus is none


def movements(counts: Array, centroids: Array) -> list[tuple[Places, Places, Array]]:
    """Find, for each group, the moves that even the city with the least people × metres; units keep their sizes.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        People.
    centroids : ndarray of shape (units, 2)
        In metres.

    Returns
    -------
    list of (start, end, people)
        For each group, the units between which how many move.
    """
    from segregation_tools.kernels.transport import cheapest_flow

    people = counts.sum(axis=0)
    even = counts.sum(axis=1, keepdims=True) * (people / people.sum())
    surplus: Array = np.where(np.abs(counts - even) > ROUNDING * (counts + even), counts - even, 0.0)
    places, place = np.unique(centroids, axis=0, return_inverse=True)
    found: list[tuple[Places, Places, Array]] = []
    for here in surplus.astype(np.float64):
        if len(surplus) == 2 and found:
            start, end, moved = found[0]
            found.append((end, start, moved))  # the second of two groups goes the opposite way
            break
        at_place = np.bincount(place, here).astype(np.float64)
        at_place[np.abs(at_place) <= ROUNDING * np.bincount(place, np.abs(here))] = 0
        much, little = np.flatnonzero(at_place > 0), np.flatnonzero(at_place < 0)
        if len(much) and len(little):
            start, end, moved = cheapest_flow(places[much], at_place[much], places[little], -at_place[little])
            ways = much[start], little[end], moved
        else:
            ways = much[:0], little[:0], here[:0]
        found.append(_between_units(here, place, *ways))
    return found


def _between_units(
    surplus: Array, place: Places, start: Places, end: Places, moved: Array
) -> tuple[Places, Places, Array]:
    """Say which units of places send and take; units at one place change with each other first.

    What leaves a place is laid out along a line, once by unit and once by where it goes; so is what arrives.
    """
    gives, takes = np.flatnonzero(surplus > 0), np.flatnonzero(surplus < 0)
    out, into = np.bincount(place, np.maximum(surplus, 0)), np.bincount(place, np.maximum(-surplus, 0))
    stays = np.minimum(out, into)
    here = np.flatnonzero(stays > 0)
    start, end, moved = np.append(start, here), np.append(end, here), np.append(moved, stays[here])
    way, giver, people = _laid_out((start, moved), (place[gives], surplus[gives]))
    start, end = gives[giver], end[way]
    way, taker, people = _laid_out((end, people), (place[takes], -surplus[takes]))
    return start[way], takes[taker], people


def _laid_out(one: tuple[Places, Array], other: tuple[Places, Array]) -> tuple[Places, Places, Array]:
    """Cut two ways to divide the people of each place at each other's ends: pieces of the one and of the other."""
    orders = [np.argsort(place, kind="stable") for place, _ in (one, other)]
    ends = [np.cumsum(people[order]) for (_, people), order in zip((one, other), orders, strict=True)]
    total = ends[0][-1] if len(ends[0]) else 0.0
    ends[1] *= total / ends[1][-1] if len(ends[1]) else 1.0
    cuts = np.union1d(*ends)
    people = np.diff(cuts, prepend=0)
    real = people > SLIVER * total
    a, b = (
        order[np.minimum(np.searchsorted(end, (cuts - people / 2)[real]), len(end) - 1)]
        for order, end in zip(orders, ends, strict=True)
    )
    return a, b, people[real]


@of_the_map(symbol="D(m)", dimension="evenness", bounds=(0, np.inf), source=["jakubs1981", "sakoda1981"])
def dissimilarity_in_metres(counts: Array, centroids: Array) -> float:
    """Dissimilarity that counts how far: the least people × metres that even the city, as D counts people.

    Σ_g W_g/(T I): W_g is the cheapest transport of group g from the units where it is above its share of the city to those
    where it is below, every unit keeping its size; T I is how many would have to move in a city of complete separation.
    It is D times the mean distance of a move: a checkerboard is mended next door, a city of two halves is not.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        People.
    centroids : ndarray of shape (units, 2)
        In metres; distances are straight.

    Returns
    -------
    float
        In metres; 0 where every unit has the mix of the city.

    See Also
    --------
    least_movement : Who moves where.

    Notes
    -----
    Jakubs divides by the largest effort that any city with the same units could ask for, to get a share; metres say more to
    those who would have to move, but grow with the extent of a city. A measure, not a plan: nobody is asked to move.

    Examples
    --------
    Cells of 100 m. On the checkerboard half of everyone changes with a neighbour, 100 m away; D is 1 in both cities.

    >>> cities = [sgt.synthetic_city(kind) for kind in ("checkerboard", "ghetto")]
    >>> [round(sgt.dissimilarity_in_metres(city)) for city in cities]
    [100, 500]
    """
    everyone = counts.sum()
    effort = sum(
        moved @ np.hypot(*(centroids[start] - centroids[end]).T) for start, end, moved in movements(counts, centroids)
    )
    return float(effort / (everyone * simpson(counts.sum(axis=1) / everyone)))
