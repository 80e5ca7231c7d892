"""Whole homes, and sites that are built in full or not at all: near the blend of the descent, or the best of all.

Small plans are solved exactly. Slopes at every plan tried bound the goal from below; the plan that the bounds allow to be
best is tried next, until it is no better than one known (outer approximation; Duran & Grossmann 1986).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from segregation_tools.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.descent import Town
    from segregation_tools.planning.homes.supply import Supply

    Floats = NDArray[np.float64]

__all__ = ["best_whole", "rounded"]

WIDER = (0, 1, 3, 10)  # homes beyond the next whole number that a site and tenure may get
ALIKE = 1e-10  # of the goal
ROUGH = 1e-3  # of what is chosen: the choice among full sites is a beginning
SOME_TIME = 5.0  # seconds for it
NEARLY = 1e-6  # of a home
SCALE = 1e4  # of the goal in the exact program, whose solver rounds at 1e-6


def _rows(supply: Supply, *, full: bool) -> list[LinearConstraint]:
    """Say which homes may be built: x for each site and tenure, and, if sites are full, z for each site behind them."""
    sites, tenures = len(supply.sites), len(supply.tenures)
    behind = sites if full else 0
    at_site = sparse.kron(sparse.eye_array(sites), np.ones((1, tenures)))
    of_tenure = sparse.kron(np.ones((1, sites)), sparse.eye_array(tenures))
    if full:
        rows = [LinearConstraint(sparse.hstack([at_site, -sparse.diags_array(supply.capacity)]), 0, 0)]
    else:
        rows = [LinearConstraint(at_site, -np.inf, supply.capacity)]
    rows.append(LinearConstraint(_padded(of_tenure, behind), supply.units, supply.units))
    if np.isfinite(supply.budget):
        spent = np.repeat(supply.price, tenures)[np.newaxis]
        rows.append(LinearConstraint(_padded(spent, behind), -np.inf, supply.budget + NEARLY))
    for marked, share in supply.least:
        short = sparse.kron(sparse.eye_array(sites), (share - marked)[np.newaxis])
        rows.append(LinearConstraint(_padded(short, behind), -np.inf, NEARLY))
    return rows


def _padded(matrix: Any, columns: int) -> Any:
    return sparse.hstack([sparse.csr_array(matrix), sparse.csr_array((matrix.shape[0], columns))])


def rounded(supply: Supply, homes: Floats, worth: Floats) -> Floats:
    """Build whole homes: at each site and of each tenure the next smaller or larger number, wherever that is possible.

    Parameters
    ----------
    supply : Supply
        Which homes may be built.
    homes : ndarray of shape (sites, tenures)
        Not whole.
    worth : ndarray of shape (sites, tenures)
        By how much the goal changes with one more home.

    Returns
    -------
    ndarray of shape (sites, tenures)
        Whole numbers.

    Raises
    ------
    DataError
        If no whole homes near these keep to all rules.
    """
    flat, rows = homes.ravel(), _rows(supply, full=False)
    for more in WIDER:
        low, high = np.floor(flat + NEARLY) - more, np.ceil(flat - NEARLY) + more
        low, high = np.maximum(low, 0), np.minimum(high, np.repeat(supply.capacity, len(supply.tenures)))
        solved = milp(
            worth.ravel() / max(np.abs(worth).max(), NEARLY),
            integrality=np.ones(len(flat), dtype=np.int64),
            bounds=Bounds(np.minimum(low, high), high),
            constraints=rows,
            options={"mip_rel_gap": ROUGH, "time_limit": SOME_TIME},
        )
        if solved.x is not None:
            return np.asarray(np.round(solved.x).reshape(homes.shape))
    msg = (
        "no whole homes near the best divided ones keep to all rules: leave a little more room in the budget or the "
        "capacity of sites, or a smaller least share"
    )
    raise DataError(msg)


def best_whole(town: Town, start: Floats, *, full: bool, seconds: float) -> tuple[Floats, float, float]:
    """Find the best whole homes, as far as time allows.

    Parameters
    ----------
    town : Town
        Sites, and a convex goal.
    start : ndarray of shape (sites, tenures)
        Whole homes that keep to all rules.
    full : bool
        Whether a site is built in full or not at all.
    seconds : float
        How long at most.

    Returns
    -------
    homes : ndarray of shape (sites, tenures)
        The best that were tried.
    value : float
        Of the goal.
    bound : float
        No whole homes come below it.
    """
    begun, (sites, tenures) = time.monotonic(), start.shape
    behind = sites if full else 0
    cost = np.zeros(sites * tenures + behind + 1)
    cost[-1] = 1
    highest = np.concatenate([np.repeat(town.supply.capacity, tenures), np.ones(behind), [np.inf]])
    lowest = np.append(np.zeros(len(cost) - 1), -np.inf)
    rows = [LinearConstraint(_padded(row.A, 1), row.lb, row.ub) for row in _rows(town.supply, full=full)]
    cuts, floors = [], []
    best, value, bound, tried = start, np.inf, -np.inf, start
    zero = town.surface.value(town.present(start))  # from where the program counts
    while True:
        present = town.present(tried)
        now, slopes = town.surface.value(present), town.surface.slopes(present)
        if now < value:
            best, value = tried, now
        worth = town.worth(slopes).ravel()
        cuts.append(np.concatenate([SCALE * worth, np.zeros(behind), [-1.0]]))
        floors.append(SCALE * (zero - town.surface.floor(slopes)))
        left = seconds - (time.monotonic() - begun)
        if value - bound <= ALIKE or left <= 0:
            return best, value, bound
        solved = milp(
            cost,
            integrality=np.append(np.ones(len(cost) - 1, dtype=np.int64), 0),
            bounds=Bounds(lowest, highest),
            constraints=[*rows, LinearConstraint(np.array(cuts), -np.inf, floors)],
            options={"mip_rel_gap": 0.0, "time_limit": left},
        )
        if solved.x is None:
            return best, value, bound
        bound = max(bound, zero + solved.mip_dual_bound / SCALE)
        again = np.round(solved.x[: sites * tenures]).reshape(start.shape)
        if (again == tried).all():
            return best, value, value if solved.status == 0 else bound
        tried = again
