"""The words of formulas: each reduces the group axis (the first) and lets everything behind it ride along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "absolute_deviation",
    "binary_entropy",
    "binary_root",
    "binary_variance",
    "cumulative",
    "deviation",
    "divergence_from",
    "entropy",
    "share",
    "simpson",
    "squared_deviation",
    "squared_deviations_met",
]

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
    return -logs.sum(axis=0)


def simpson(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that two people drawn with replacement are of different groups, Σ p (1 − p) = 2 Σ_{g<h} p_g p_h.

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
    below, pairs = p[0], 0 * p[0]
    for share_here in p[1:]:  # pair by pair: 1 − p would lose digits where one group is nearly everyone
        pairs = pairs + share_here * below
        below = below + share_here
    return 2 * pairs


def deviation(p: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """P − P of each group; that of the largest is what the others leave, so that rare groups keep all their digits.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment, which add up to 1, and of the region.

    Returns
    -------
    ndarray of shape (groups, …)
    """
    off = p - mix
    largest = int(mix.reshape(len(mix), -1).sum(axis=1).argmax())
    off[largest] = 0
    off[largest] = -off.sum(axis=0)
    return off


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
    off = deviation(p, mix)
    np.abs(off, out=off)
    return off.sum(axis=0)


def squared_deviations_met(meetings: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ_i t_i (own − P)(p − P) of each group, from who meets whom.

    Parameters
    ----------
    meetings : ndarray of shape (groups, groups)
        Σ_i n_ig p_ih.
    mix : ndarray of shape (groups,)
        Shares P of the region.

    Returns
    -------
    ndarray of shape (groups,)
    """
    members, met = meetings.sum(axis=1), meetings.sum(axis=0)
    off = meetings - np.outer(members, mix) - np.outer(mix, met - meetings.sum() * mix)
    largest = mix.argmax()
    off[largest] = off[:, largest] = 0
    off[largest, largest] = off.sum()  # what the others leave, so that rare groups keep all their digits
    return off.diagonal()


def squared_deviation(
    own: NDArray[np.float64], p: NDArray[np.float64], mix: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(own − P)(p − P) of each group: where environment and unit are one, the squared deviation from the region.

    Parameters
    ----------
    own, p, mix : ndarray of shape (groups, …)
        Shares of the unit, of its environment and of the region.

    Returns
    -------
    ndarray of shape (groups, …)
    """
    product = deviation(p, mix)
    product *= product if own is p else deviation(own, mix)
    return product


def divergence_from(p: NDArray[np.float64], mix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kullback–Leibler divergence Σ p ln(p/P) of shares from those of the region, in nats.

    Parameters
    ----------
    p, mix : ndarray of shape (groups, …)
        Shares of the environment and of the region.

    Returns
    -------
    ndarray of shape (…), 0 or more
    """
    logs = p + TINY
    logs /= mix
    np.log(logs, out=logs)
    logs *= p
    return logs.sum(axis=0)


def cumulative(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of people at or below each threshold between ordered groups.

    Parameters
    ----------
    p : ndarray of shape (groups, …)
        Shares, groups from low to high.

    Returns
    -------
    ndarray of shape (groups − 1, …)
    """
    below: NDArray[np.float64] = p[:-1].copy()
    for k in range(1, len(below)):  # ten times as quick as cumsum along the first axis
        below[k] += below[k - 1]
    return np.minimum(below, 1, out=below)


def binary_entropy(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variation of two parts, −[c log₂ c + (1 − c) log₂(1 − c)]: 0 where one is empty, 1 at a half.

    Parameters
    ----------
    c : ndarray
        Share of one of the parts.

    Returns
    -------
    ndarray of the shape of `c`
    """
    left = 1 - c
    logs, logs_left = c + TINY, left + TINY
    np.log2(logs, out=logs)
    np.log2(logs_left, out=logs_left)
    logs *= c
    logs_left *= left
    logs += logs_left
    return np.negative(logs, out=logs)


def binary_variance(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variation of two parts, 4c(1 − c): 0 where one is empty, 1 at a half.

    Parameters
    ----------
    c : ndarray
        Share of one of the parts.

    Returns
    -------
    ndarray of the shape of `c`
    """
    return 4 * c * (1 - c)


def binary_root(c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variation of two parts, 2√(c(1 − c)): 0 where one is empty, 1 at a half.

    Parameters
    ----------
    c : ndarray
        Share of one of the parts.

    Returns
    -------
    ndarray of the shape of `c`
    """
    return 2 * np.sqrt(c * (1 - c))
