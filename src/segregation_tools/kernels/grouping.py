"""Sums over labelled columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["margins_of_sums", "sum_by_code"]


def sum_by_code(counts: NDArray[Any], codes: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """Add up the columns of each code.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        What is added up.
    codes : ndarray of int, shape (units,)
        Code of each column, from 0 to `size` − 1.
    size : int
        Number of codes.

    Returns
    -------
    ndarray of shape (groups, size)

    Examples
    --------
    >>> sum_by_code(np.array([[1, 2, 3], [4, 5, 6]]), np.array([0, 1, 0]), 2)
    array([[ 4.,  2.],
           [10.,  5.]])
    """
    return np.stack([np.bincount(codes, weights=row, minlength=size) for row in counts])


def margins_of_sums(counts: NDArray[Any], margins: NDArray[np.float64], shares: csr_array) -> NDArray[np.float64]:
    """Give margins of error of weighted sums of independent estimates: the root of the sum of squares.

    Of estimates of 0, which all have the same large margin, only the largest counts, as the Census Bureau advises.

    Parameters
    ----------
    counts, margins : ndarray of shape (groups, units)
        Estimates and their margins.
    shares : csr_array of shape (units, sums)
        How much of each unit a sum holds.

    Returns
    -------
    ndarray of shape (groups, sums)
    """
    squares = np.where(counts > 0, margins, 0) ** 2 @ shares.power(2)
    largest = np.zeros(squares.shape)
    for row, width in zip(largest, np.where(counts > 0, 0, margins), strict=True):
        np.maximum.at(row, shares.indices, (np.repeat(width, np.diff(shares.indptr)) * shares.data) ** 2)
    widths: NDArray[np.float64] = np.sqrt(squares + largest)
    return widths
