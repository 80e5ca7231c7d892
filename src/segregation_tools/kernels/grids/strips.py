"""How windows walk over a grid: strip by strip of rows, each strip tile by tile of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.nearby import ALIKE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Strips = Iterator[tuple[int, int, NDArray[np.float64]]]

__all__ = ["aligned", "half_widths", "strips", "tiles"]

MOST_CELLS = 2**20  # of one group in a strip


def strips(counts: NDArray[Any], first: int, last: int, height: int) -> Strips:
    """Cut rows of a grid into strips, each with room for its environment.

    Parameters
    ----------
    counts : ndarray of shape (groups, rows, cols)
        The grid.
    first, last : int
        Rows to cover.
    height : int
        Rows of a strip; fewer where the grid is very wide.

    Yields
    ------
    tuple of int, int and ndarray of shape (groups, last row − first row, cols)
        First and last row, and an array to fill; it is the same memory every time.
    """
    groups, _, cols = counts.shape
    height = min(height, max(16, MOST_CELLS // cols))
    room = np.empty(groups * min(height, last - first) * cols)
    for top in range(first, last, height):
        bottom = min(top + height, last)
        yield top, bottom, room[: groups * (bottom - top) * cols].reshape(groups, bottom - top, cols)


def tiles(cols: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut columns into tiles.

    Parameters
    ----------
    cols, width : int
        Of the grid and of a tile.

    Yields
    ------
    tuple of int
        First and last column.
    """
    for left in range(0, cols, width):
        yield left, min(left + width, cols)


def half_widths(reach: float, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Measure how far a disc reaches to either side, row by row from its middle.

    Parameters
    ----------
    reach : float
        Radius in cells. What is as far but for rounding lies within.
    shape : tuple of int
        Rows and columns of the grid: nothing is farther than that.

    Returns
    -------
    ndarray of int
        In cells, of as many rows as the disc reaches to either side and the middle one; never growing.
    """
    farthest = max(shape) - 1
    reach *= 1 + ALIKE
    rows = np.arange(int(min(reach, farthest)) + 1)
    widths: NDArray[np.int64] = np.minimum(np.sqrt(np.maximum(reach * reach - rows * rows, 0)), farthest).astype(
        np.int64
    )
    return widths


def aligned(shape: tuple[int, ...], number: Any) -> NDArray[Any]:
    """Take room that begins where a cache line does, so that fewer reads touch two of them.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    number : dtype
        Of its numbers.

    Returns
    -------
    ndarray, with no values yet
    """
    number = np.dtype(number)
    size = int(np.prod(shape)) * number.itemsize
    room = np.empty(size + 64, dtype=np.uint8)
    start = -room.ctypes.data % 64
    lined_up: NDArray[Any] = room[start : start + size].view(number).reshape(shape)
    return lined_up
