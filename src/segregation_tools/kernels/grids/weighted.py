"""Sums over what lies around every cell of a grid, weighted by a kernel of distance: the reach says how to add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.decay import REACH, weights_at
from segregation_tools.kernels.grids.around import direct_rows, gaussian_rows
from segregation_tools.kernels.grids.discs import disc_rows
from segregation_tools.kernels.grids.fourier import fourier_rows
from segregation_tools.kernels.grids.strips import half_widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.strips import Strips

__all__ = ["weighted_rows"]

# A transform takes some 20 ns a cell at any reach; adding up directly takes as long where the reach is about 12 cells.
DIRECT_REACH = 12


def weighted_rows(counts: NDArray[Any], kernel: str, scale: float, first: int, last: int) -> Strips:
    """Add up what lies around every cell of some rows, weighted by distance: Σ_j K(d_ij) n_j.

    Parameters
    ----------
    counts : ndarray of float, shape (groups, rows, cols)
        0 or more.
    kernel : str
        One of `KERNELS`.
    scale : float
        Scale of the kernel in cells, 0 or more. What lies at a distance that is its reach but for rounding is within.
    first, last : int
        Rows to cover.

    Yields
    ------
    tuple of int, int and ndarray of shape (groups, last row − first row, cols)
        First and last row, and their sums, valid until the next strip.
    """
    if kernel == "uniform":
        return disc_rows(counts, scale, first, last)
    if kernel == "gaussian":
        return gaussian_rows(counts, scale, first, last)
    _, rows, cols = counts.shape
    reach = scale * REACH.get(kernel, 1.0)
    widths = np.minimum(half_widths(reach, (rows, cols))[:rows], cols - 1)
    y, x = np.ogrid[: len(widths), : widths[0] + 1]
    table = weights_at(np.hypot(y, x), scale, kernel) * (x <= widths[:, np.newaxis])
    return _way(reach)(counts, table, widths, first, last)


def _way(reach: float) -> Callable[..., Strips]:
    return direct_rows if reach <= DIRECT_REACH else fourier_rows
