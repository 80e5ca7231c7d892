"""What zones add to an index: forms whose change, when a unit moves between two zones, takes a few operations a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.words import entropy, simpson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "ZonalForm",
    "by_deviation",
    "by_deviation_of_the_first",
    "by_entropy_left",
    "by_information",
    "by_rarity",
    "by_squares",
    "by_squares_of_each",
]


@dataclass(frozen=True, eq=False)
class ZonalForm:
    """An index of T people as a sum over zones: ``constant + Σ form(n, t) / T``, with the counts n and sizes t of zones.

    Attributes
    ----------
    kind : {"deviation", "entropy", "quadratic"}
        Σ_g w_gg |n_g − P_g t|, or Σ_g w_gg n_g ln(n_g/t), or Σ_gh w_gh n_g n_h/t.
    weights : ndarray of shape (groups, groups)
        w.
    constant : float
        What does not depend on zones.
    """

    kind: str
    weights: Floats
    constant: float = 0.0


def by_deviation(mix: Floats) -> ZonalForm:
    """Add up absolute deviations over 2I, as dissimilarity does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("deviation", np.eye(len(mix)) / (2 * simpson(mix)))


def by_deviation_of_the_first(mix: Floats) -> ZonalForm:
    """Add up absolute deviations of the first group over 2P, as Gorard's index does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("deviation", np.diag(np.arange(len(mix)) == 0) / (2 * mix[0]))


def by_information(mix: Floats) -> ZonalForm:
    """Take the entropy of the region less that of zones, as mutual information does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("entropy", np.eye(len(mix)), float(entropy(mix)))


def by_entropy_left(mix: Floats) -> ZonalForm:
    """Take 1 less the entropy of zones over that of the region, as the information theory index does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("entropy", np.eye(len(mix)) / entropy(mix), 1.0)


def by_squares(mix: Floats) -> ZonalForm:
    """Add up squared deviations over I, as the variance ratio does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("quadratic", np.eye(len(mix)) / simpson(mix), -float((mix**2).sum() / simpson(mix)))


def by_squares_of_each(mix: Floats) -> ZonalForm:
    """Add up squared deviations of each group over 1 − P, as normalised exposure does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("quadratic", np.diag(1 / (1 - mix)), -float((mix**2 / (1 - mix)).sum()))


def by_rarity(mix: Floats) -> ZonalForm:
    """Add up squared deviations of each group over P, as the squared coefficient of variation does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ZonalForm
    """
    return ZonalForm("quadratic", np.diag(1 / mix) / (len(mix) - 1), -1 / (len(mix) - 1))
