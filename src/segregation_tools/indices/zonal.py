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
    "by_meetings",
    "by_meetings_beyond_chance",
    "by_rarity",
    "by_squares",
    "by_squares_of_each",
]

ABSENT = 1e-6  # share of the region's mix in that of a zone, when slopes are taken
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class ZonalForm:
    """An index of T people as a sum over zones: ``constant + Σ form(n, t) / T``, with the counts n and sizes t of zones.

    Attributes
    ----------
    kind : {"deviation", "entropy", "quadratic", "hinge"}
        Σ_g w_gg |n_g − P_g t|, or Σ_g w_gg n_g ln(n_g/t), or Σ_gh w_gh n_g n_h/t, or max(0, Σ_g w_gg n_g).
    weights : ndarray of shape (groups, groups)
        w.
    constant : float
        What does not depend on zones.
    """

    kind: str
    weights: Floats
    constant: float = 0.0

    def of_residents(self, counts: Floats, mix: Floats | None = None) -> Floats:
        """Take the form of each zone over its size, and the constant.

        Parameters
        ----------
        counts : ndarray of shape (groups, zones)
            Who is where.
        mix : ndarray of shape (groups,), optional
            Shares of the region, where these are not all its zones, or some of them twice.

        Returns
        -------
        ndarray of shape (zones,)
            Its mean over residents is the index; 0 where nobody lives.
        """
        sizes, mix = counts.sum(axis=0), counts.sum(axis=1) / counts.sum() if mix is None else mix
        each, p = np.diag(self.weights), counts / np.where(sizes > 0, sizes, 1)
        if self.kind == "deviation":
            value = each @ np.abs(p - mix[:, np.newaxis])
        elif self.kind == "entropy":
            value = each @ (p * np.log(np.where(p > 0, p, 1)))
        elif self.kind == "quadratic":
            value = np.einsum("gh,gs,hs->s", self.weights, p, p)
        else:
            value = np.maximum(each @ p, 0)
        return np.where(sizes > 0, value + self.constant, 0.0)

    def slopes(self, counts: Floats, mix: Floats, width: float = 0.0) -> Floats:
        """Tell by how much what a zone adds changes with one more person of each group.

        Forms grow in proportion with a zone, n·slope(n) = form(n). A convex form is n·slope(m) or more for any m: slopes of
        one table tell how low the form can be in every other.

        Parameters
        ----------
        counts : ndarray of shape (groups, zones)
            Who is where.
        mix : ndarray of shape (groups,)
            Shares of the region.
        width : float
            Deviations of so many people or less count in proportion, so that slopes do not jump where there is none.

        Returns
        -------
        ndarray of shape (groups, zones)
            The constant is part of them.
        """
        sizes = counts.sum(axis=0)
        p = np.where(sizes > 0, counts / np.where(sizes > 0, sizes, 1), mix[:, np.newaxis])
        each = np.diag(self.weights)[:, np.newaxis]
        if self.kind == "deviation":
            deviations = counts - mix[:, np.newaxis] * sizes
            signs = each * (np.clip(deviations / width, -1, 1) if width > 0 else np.sign(deviations))
            slopes = signs - mix @ signs
        elif self.kind == "entropy":
            p = p + ABSENT * (mix[:, np.newaxis] - p)  # the slope of a group that is absent is infinite
            slopes = each * (np.log(p) + 1) - (each * p).sum(axis=0)
        elif self.kind == "quadratic":
            slopes = (self.weights + self.weights.T) @ p - np.einsum("gh,gs,hs->s", self.weights, p, p)
        else:
            slopes = each * ((each * counts).sum(axis=0) > 0)
        return slopes + self.constant

    def convex(self, sign: float = 1.0) -> bool:
        """Say whether what zones add is a convex function of their counts.

        Parameters
        ----------
        sign : float
            Below 0 to ask it of the form with its sign changed.

        Returns
        -------
        bool
        """
        if self.kind == "quadratic":  # only what lies between groups matters: Σ (n_g − p_g t) = 0
            between = np.eye(len(self.weights)) - 1 / len(self.weights)
            bends = sign * between @ (self.weights + self.weights.T) @ between
            return bool(np.linalg.eigvalsh(bends).min() >= -FLAT * np.abs(bends).max())
        each = np.diag(self.weights)
        if self.kind == "entropy":
            return sign > 0 and bool(np.allclose(each, each[0]) and each[0] >= 0)
        return sign > 0 and bool((each >= 0).all() or self.kind == "hinge")


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


def by_meetings(mix: Floats, group: int = 0, met: int = 1) -> ZonalForm:
    """Add up meetings of one group with another over P, as exposure does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.
    group, met : int
        Which groups; the same for isolation.

    Returns
    -------
    ZonalForm
    """
    weights = np.zeros((len(mix), len(mix)))
    weights[group, met] = 1 / mix[group]
    return ZonalForm("quadratic", weights)


def by_meetings_beyond_chance(mix: Floats, group: int, met: int) -> ZonalForm:
    """Set meetings of one group with another against an even spread, as the normalised exposure matrix does.

    Parameters
    ----------
    mix : ndarray of shape (groups,)
        Shares of the region.
    group, met : int
        Which groups.

    Returns
    -------
    ZonalForm
    """
    meetings = by_meetings(mix, group, met)
    if group == met:
        return ZonalForm("quadratic", meetings.weights / (1 - mix[group]), -mix[group] / (1 - mix[group]))
    return ZonalForm("quadratic", -meetings.weights / mix[met], 1.0)
