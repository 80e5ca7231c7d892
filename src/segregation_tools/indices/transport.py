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

EVEN = 1e-12  # of the people of a unit: a smaller surplus is rounding


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
    surplus = counts - counts.sum(axis=1, keepdims=True) * (people / people.sum())
    surplus[np.abs(surplus) <= EVEN * people] = 0
    found: list[tuple[Places, Places, Array]] = []
    for here in surplus:
        if len(surplus) == 2 and found:
            start, end, moved = found[0]
            found.append((end, start, moved))  # the second of two groups goes the opposite way
            break
        much, little = np.flatnonzero(here > 0), np.flatnonzero(here < 0)
        if len(much) and len(little):
            start, end, moved = cheapest_flow(centroids[much], here[much], centroids[little], -here[little])
            found.append((much[start], little[end], moved))
        else:
            found.append((much[:0], little[:0], here[:0]))
    return found


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
    those who would have to move, and compare cities of different extent. A measure, not a plan: nobody is asked to move.

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
