"""Where residents are present: each of them spread over the neighbourhood, in which they count as one person in all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.environments.radius import Radius
from segregation_tools.errors import CapabilityError
from segregation_tools.kernels.spread import Columns, columns_within
from segregation_tools.population.environment import joined
from segregation_tools.population.grid import Grid
from segregation_tools.population.population import Population, as_population

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography

    Floats = NDArray[np.float64]

__all__ = ["presence", "presence_columns", "spread_evenly", "unbound"]


def presence(pop: Population | pd.DataFrame, metres: float, *, kernel: str = "biweight") -> Population:
    """Spread residents over their neighbourhood: counts of those who are present, instead of those who live there.

    Parameters
    ----------
    pop : Population
        With a geography in metres.
    metres : float
        Scale of the kernel, 0 or more, as in `Radius`. At 0 everyone is where they live.
    kernel : str
        As in `Radius`.

    Returns
    -------
    Population
        Of the same groups and units, without an environment. Totals by group are those of `pop`.

    Raises
    ------
    GeographyError
        If coordinates are degrees, or units have no geometry.

    Notes
    -----
    A resident of unit j is present in unit i by the share K(d_ij) / Σ_i K(d_ij); shares add up to 1. An index of those
    present asks how alike the mixes of places are, where each place counts by how many pass through it; the index of
    ``pop.within(Radius(metres, kernel))`` asks for the same mixes, but each counts by how many live there. The first is a
    convex function of the counts for D, H, M, V and others, which is why `site_homes` can say how far its plan may be from
    the best.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> around = sgt.presence(pop, 2000)
    >>> bool(abs(around.group_totals - pop.group_totals).max() < 1e-6)
    True
    >>> sgt.information_theory(around) < sgt.information_theory(pop)
    True
    """
    pop = unbound(as_population(pop), "presence(...)")
    spread = Radius(metres, kernel).on(pop.geography)
    counts = np.asarray(pop.counts, dtype=np.float64)
    return pop.redrawn(joined(spread, counts / spread_evenly(pop.geography, metres, kernel)))


def unbound(pop: Population, what: str) -> Population:
    """Refuse a population that has an environment already.

    Parameters
    ----------
    pop : Population
        Which.
    what : str
        What takes neighbourhoods of its own, for the refusal.

    Returns
    -------
    Population

    Raises
    ------
    CapabilityError
        If it has one.
    """
    if pop.recipe is not None:
        msg = f"{what} takes neighbourhoods of its own, and this population is within {pop.recipe!r}: leave out .within(...)"
        raise CapabilityError(msg)
    return pop


def spread_evenly(geography: Geography | Grid, metres: float, kernel: str) -> Floats:
    """Add up the kernel around each unit: Σ_i K(d_ij).

    Parameters
    ----------
    geography : Geography or Grid
        The places.
    metres : float
        Scale of the kernel.
    kernel : str
        Which.

    Returns
    -------
    ndarray of the shape of one group
    """
    ones = np.ones((1, *geography.shape))
    around: Floats = np.asarray(joined(Radius(metres, kernel).on(geography), ones), dtype=np.float64)[0]
    return around


def presence_columns(geography: Geography | Grid, at: NDArray[np.intp], metres: float, kernel: str) -> Columns:
    """Tell where the residents of some units are present, and by which share.

    Parameters
    ----------
    geography : Geography or Grid
        The places.
    at : ndarray of int
        Positions of the units; of a grid, when it is flattened.
    metres : float
        Scale of the kernel.
    kernel : str
        Which.

    Returns
    -------
    Columns
        Each adds up to 1.
    """
    if isinstance(geography, Grid):
        columns = _stencils(geography, at, metres, kernel)
    else:
        columns = columns_within(geography.bands, at, metres, kernel)
    sums = np.add.reduceat(columns.weights, columns.starts[:-1]) if len(at) else np.zeros(0)
    return columns._replace(weights=columns.weights / np.repeat(sums, np.diff(columns.starts)))


def _stencils(grid: Grid, at: NDArray[np.intp], metres: float, kernel: str) -> Columns:
    """Lay what a single person is met by, cell by cell, around each cell, cut where the grid ends."""
    recipe = Radius(metres, kernel)
    reach: Any = recipe.on(grid)
    half = min(math.ceil(reach.reach), max(grid.rows, grid.cols))
    alone = np.zeros((1, 2 * half + 1, 2 * half + 1))
    alone[0, half, half] = 1
    around = Grid(2 * half + 1, 2 * half + 1, grid.cell_size, grid.crs)
    stencil = np.asarray(joined(recipe.on(around), alone), dtype=np.float64)[0]
    down, across = np.nonzero(stencil)
    weights = stencil[down, across]
    row, col = np.divmod(at, grid.cols)
    rows, cols = row[:, np.newaxis] + down - half, col[:, np.newaxis] + across - half
    inside = (rows >= 0) & (rows < grid.rows) & (cols >= 0) & (cols < grid.cols)
    starts = np.append(0, np.cumsum(inside.sum(axis=1))).astype(np.int64)
    units = (rows * grid.cols + cols)[inside].astype(np.int32)
    return Columns(starts, units, np.broadcast_to(weights, inside.shape)[inside])
