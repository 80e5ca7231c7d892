"""One layout and two number types at the door of the grid kernels, so that each is compiled for few cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["at_the_door"]


def at_the_door(counts: NDArray[Any], first: int, last: int) -> tuple[NDArray[Any], int]:
    """Take rows of a grid as floating-point numbers, one row behind the other.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        Any numbers, in any layout.
    first, last : int
        The rows that are needed; beyond the grid there are none.

    Returns
    -------
    rows : ndarray of shape (groups, some rows, cols)
        float32 or float64, cannot be written to. The whole of `counts`, and no copy, where that is what it is.
    above : int
        How many rows of the grid lie above the first of these.
    """
    exact = np.float32 if counts.dtype in (np.float32, np.int16, np.uint16, np.int8, np.uint8) else np.float64
    above = 0
    if counts.dtype != exact or not counts.flags.c_contiguous:
        above = max(0, first)
        counts = np.ascontiguousarray(counts[:, above : min(last, counts.shape[1])], dtype=exact)
    rows = counts.view()
    rows.flags.writeable = False
    return rows, above
