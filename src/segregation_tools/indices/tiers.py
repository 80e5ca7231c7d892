"""What a place weighs when segregation within places is added to segregation between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.words import entropy, simpson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_diversity", "by_entropy", "by_geometric_mean", "by_people"]


def by_people(place: NDArray[np.float64], region: NDArray[np.float64]) -> float:
    """Weigh a place by its share of people, T_s/T.

    Parameters
    ----------
    place, region : ndarray of shape (groups,)
        Totals of the groups.

    Returns
    -------
    float
    """
    return float(place.sum() / region.sum())


def by_entropy(place: NDArray[np.float64], region: NDArray[np.float64]) -> float:
    """Weigh a place by its people and its entropy, (T_s/T)(E_s/E).

    Parameters
    ----------
    place, region : ndarray of shape (groups,)
        Totals of the groups.

    Returns
    -------
    float
    """
    return by_people(place, region) * float(entropy(place / place.sum()) / entropy(region / region.sum()))


def by_diversity(place: NDArray[np.float64], region: NDArray[np.float64]) -> float:
    """Weigh a place by its people and its diversity, (T_s/T)(I_s/I).

    Parameters
    ----------
    place, region : ndarray of shape (groups,)
        Totals of the groups.

    Returns
    -------
    float
    """
    return by_people(place, region) * float(simpson(place / place.sum()) / simpson(region / region.sum()))


def by_geometric_mean(place: NDArray[np.float64], region: NDArray[np.float64]) -> float:
    """Weigh a place by the geometric mean of its shares of two groups, √(X_s Y_s / (X Y)).

    Parameters
    ----------
    place, region : ndarray of shape (groups,)
        Totals of the groups.

    Returns
    -------
    float
    """
    return float(np.sqrt((place / region).prod()))
