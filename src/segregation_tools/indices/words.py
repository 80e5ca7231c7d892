"""The words of formulas: each reduces the group axis (the first) and lets everything behind it ride along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["absolute_deviation", "covariance", "entropy", "share", "simpson"]

TINY = 1e-300  # ln(0 + TINY) is finite, so that 0 ln 0 = 0; any share above 1e-284 is unchanged by adding it


def share(counts: NDArray[Any], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each group in each unit; 0 where nobody is.

    Parameters
    ----------
    counts : ndarray of shape (groups, …)
        People.
    total : ndarray of shape (…)
        People of all groups.

    Returns
    -------
    ndarray of the shape of `counts`, from 0 to 1

    Examples
    --------
    >>> share(np.array([[30.0, 0.0], [10.0, 0.0]]), np.array([40.0, 0.0]))
    array([[0.75, 0.  ],
           [0.25, 0.  ]])
    """
    shares: NDArray[np.float64] = counts / np.where(total > 0, total, 1)
    return shares


def entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shannon's entropy −Σ p ln p, in nats, with 0 ln 0 = 0.

    Parameters
    ----------
    p : ndarray of shape (groups, …)
        Shares.

    Returns
    -------
    ndarray of shape (…), from 0 to ln(groups)

    Examples
    --------
    >>> entropy(np.array([0.5, 0.5])) / np.log(2)
    np.float64(1.0)
    """
    logs = p + TINY
    np.log(logs, out=logs)
    logs *= p
    return -logs.sum(axis=0)  # type: ignore[no-any-return]


def simpson(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that two people drawn with replacement are of different groups, Σ p (1 − p).

    Parameters
    ----------
    p : ndarray of shape (groups, …)
        Shares.

    Returns
    -------
    ndarray of shape (…), from 0 to 1 − 1/groups

    Examples
    --------
    >>> simpson(np.array([0.5, 0.5]))
    np.float64(0.5)
    """
    return (p * (1 - p)).sum(axis=0)  # type: ignore[no-any-return]


def absolute_deviation(p: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ |p − P|: how far shares are from those of the region.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…), from 0 to 2
    """
    deviation = p - mix
    np.abs(deviation, out=deviation)
    return deviation.sum(axis=0)  # type: ignore[no-any-return]


def covariance(own: NDArray[np.float64], p: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ (own − P)(p − P): whether those who are over-represented at home are so in the environment.

    Parameters
    ----------
    own, p, mix : ndarray of shape (groups, …)
        Shares of the unit, of its environment and of the region.

    Returns
    -------
    ndarray of shape (…)
    """
    product = p - mix
    product *= own - mix
    return product.sum(axis=0)  # type: ignore[no-any-return]
