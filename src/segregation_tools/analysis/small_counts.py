"""Counts that are too small to be told, and what must go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["small", "withheld", "withheld_in_line", "withheld_in_lines"]


def small(count: Any, min_count: float) -> Any:
    """Say whether a count, or each of several, is too small to be told; nobody is no secret.

    Parameters
    ----------
    count : float or ndarray
        People.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    bool or ndarray of bool
    """
    return (count > 0) & (count < min_count)


def withheld(counts: Floats, min_count: float) -> NDArray[np.bool_]:
    """Choose the cells of a table that are not told, so that small counts cannot be had from the others.

    Parameters
    ----------
    counts : ndarray of shape (dates, rows, columns)
        People. The last column is the sum of the others; the sum of each column is known as well.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
        Cells that are small at any of the dates, and what must go with them.

    Notes
    -----
    A cell can be had from the sums of rows and columns unless hidden cells lead round from it, by row and by column in turn,
    back to itself. Where they do not, three more that make a rectangle with it are hidden, those with the fewest people.

    Examples
    --------
    >>> withheld(np.array([[[3.0, 40, 60, 103], [50, 20, 30, 100], [20, 60, 40, 120]]]), 5).astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 0, 0],
           [0, 0, 0, 0]])
    """
    hidden = np.asarray(small(counts, min_count).any(axis=0))
    # cells that nobody is in hide nothing; a school that is new or closes counts on the date when it has pupils
    peopled = np.where(counts.sum(axis=2, keepdims=True) > 0, counts, np.inf).min(axis=0)
    sizes = np.where(peopled > 0, peopled, np.inf)
    for row, column in np.argwhere(hidden):
        if _leads_round(hidden, row, column):
            continue
        cost = np.where(hidden, 0, sizes)
        corners = cost + cost[row] + cost[:, [column]]
        corners[row], corners[:, column] = np.inf, np.inf
        if np.isfinite(corners).any():
            other, beside = np.unravel_index(corners.argmin(), corners.shape)
            hidden[[row, other, other], [beside, column, beside]] = True
    return hidden


def withheld_in_line(counts: Floats, min_count: float) -> NDArray[np.bool_]:
    """Choose the groups of which counts are not told, where those of all groups together are known.

    Parameters
    ----------
    counts : ndarray of shape (kinds, groups)
        People of each kind: a group is told of all kinds, or of none. Where there is nobody that is told.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    ndarray of bool, shape (groups + 1,)
        At last, whether the sums are not told either.

    Notes
    -----
    Who sees that n groups are hidden, none of them empty, and that S people are in them, knows of each that it has from 1 to
    S − n + 1. Groups are hidden, those with the fewest people first, until that reaches from 1 to `min_count` or more.

    Examples
    --------
    >>> withheld_in_line(np.array([[3.0, 40, 7, 90]]), 5).astype(int)
    array([1, 0, 1, 0, 0])
    >>> withheld_in_line(np.array([[1.0, 10, 1]]), 5).astype(int)
    array([1, 1, 1, 0])
    >>> withheld_in_line(np.array([[1.0, 0, 2]]), 5).astype(int)
    array([1, 1, 1, 1])
    """
    few = small(counts, min_count)
    hidden = few.any(axis=0)
    if not hidden.any():
        return np.append(hidden, False)
    told_of = few.any(axis=1)  # kinds of which small counts are hidden
    while True:
        sums, many = counts[told_of][:, hidden].sum(axis=1), int(hidden.sum())
        if many > 1 and (sums >= min_count + many - 1).all():
            return np.append(hidden, False)
        others = ~hidden & (counts[told_of] > 0).all(axis=0)
        if not others.any():
            return np.ones(len(hidden) + 1, dtype=bool)
        least = np.where(others, counts[told_of].min(axis=0), np.inf)
        hidden = hidden | (np.arange(len(hidden)) == least.argmin())


def withheld_in_lines(counts: Floats, lines: Sequence[NDArray[np.intp]], min_count: float) -> NDArray[np.bool_]:
    """Choose counts that are not told, where they stand in many lines of which the sum is known.

    Parameters
    ----------
    counts : ndarray of shape (cells,)
        People.
    lines : sequence of ndarray of int, shape (cells,)
        In which line each cell stands, from 0: in one of the rows, in one of the columns …; a sum that may itself be hidden
        is a cell of its line.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    ndarray of bool, shape (cells,)

    Notes
    -----
    As in `withheld_in_line`, in every line of which something is hidden: counts are hidden, the smallest first, until each
    that is hidden may be anything from 1 to `min_count`, or nothing is left to hide.

    Examples
    --------
    Two areas with 3 and 40, and with 50 and 20 people; each column adds up to what is known:

    >>> counts, areas, groups = np.array([3.0, 40, 50, 20]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> withheld_in_lines(counts, [groups], 5).astype(int)
    array([1, 0, 1, 0])
    >>> withheld_in_lines(counts, [groups, areas], 5).astype(int)
    array([1, 1, 1, 1])
    """
    hidden = np.asarray(small(counts, min_count))
    while True:
        more = np.zeros_like(hidden)
        for line in lines:
            many, sums = np.bincount(line, hidden), np.bincount(line, counts * hidden)
            bare = (many == 1) | ((many > 0) & (sums < min_count + many - 1))
            others = np.flatnonzero(~hidden & (counts > 0) & bare[line])
            others = others[np.argsort(counts[others], kind="stable")]
            more[others[np.unique(line[others], return_index=True)[1]]] = True
        if not more.any():
            return hidden
        hidden = hidden | more


def _leads_round(hidden: NDArray[np.bool_], row: int, column: int) -> bool:
    """Say whether hidden cells lead from a cell along its row, and on, back to its column."""
    others = hidden.copy()
    others[row, column] = False
    rows = np.arange(len(hidden)) == row
    while True:
        columns = others[rows].any(axis=0)
        reached = rows | others[:, columns].any(axis=1)
        if (reached == rows).all():
            return bool(columns[column])
        rows = reached
