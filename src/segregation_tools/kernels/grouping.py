"""Sums over labelled columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sum_by_code"]


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
