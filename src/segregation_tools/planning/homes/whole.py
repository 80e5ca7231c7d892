"""Whole homes, and sites that are built in full or not at all: near the blend of the descent, or the best of all.

Small plans are solved exactly. Slopes at every plan tried bound the goal from below; the plan that the bounds allow to be
best is tried next, until it is no better than one known (outer approximation; Duran & Grossmann 1986).
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from segregation_tools.errors import DataError
from segregation_tools.planning.homes.supply import NEARLY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.descent import Town
    from segregation_tools.planning.homes.supply import Supply

    Floats = NDArray[np.float64]

__all__ = ["INFEASIBLE", "ROUGH", "SOME_TIME", "SPARE", "best_whole", "nearest", "padded", "rounded", "rows_of"]

WIDER = (0, 3, np.inf)  # homes beyond the next whole number that a site and tenure may get
ROUGH = 1e-3  # of what whole homes lose
SOME_TIME = 10.0  # seconds for them
SPARE = 2e-6  # of the budget: the solver may overdraw it by half of this
FINE = 1e-7  # of what one home changes: better homes are no longer looked for
LARGE = 50.0  # what one home changes in the exact program
ROUGHLY = 2e-6  # by which its solver may be wrong
INFEASIBLE, FAILED = 2, 4  # says the solver


def rows_of(supply: Supply, *, full: bool, spare: float = 0.0) -> list[LinearConstraint]:
    """Say which homes may be built: x for each site and tenure, and, if sites are full, z for each site behind them.

    Parameters
    ----------
    supply : Supply
        Room, totals, budget and mixes.
    full : bool
        Whether a site is built in full or not at all.
    spare : float
        Share of the budget that is left.

    Returns
    -------
    list of LinearConstraint
    """
    sites, tenures = len(supply.sites), len(supply.tenures)
    behind = sites if full else 0
    at_site = sparse.kron(sparse.eye_array(sites), np.ones((1, tenures)))
    of_tenure = sparse.kron(np.ones((1, sites)), sparse.eye_array(tenures))
    if full:
        rows = [LinearConstraint(sparse.hstack([at_site, -sparse.diags_array(supply.capacity)]), 0, 0)]
    else:
        rows = [LinearConstraint(at_site, -np.inf, supply.capacity)]
    rows.append(LinearConstraint(padded(of_tenure, behind), supply.units, supply.units))
    if np.isfinite(supply.budget):
        spent = np.repeat(supply.price, tenures)[np.newaxis] / (supply.budget or 1.0)
        rows.append(LinearConstraint(padded(spent, behind), -np.inf, 1.0 - spare if supply.budget else 0.0))
    for marked, share in supply.least:
        short = sparse.kron(sparse.eye_array(sites), (share - marked)[np.newaxis])
        rows.append(LinearConstraint(padded(short, behind), -np.inf, NEARLY))
    return rows


def padded(matrix: Any, columns: int) -> Any:
    """Put columns of nothing behind a matrix.

    Parameters
    ----------
    matrix : ndarray or sparse array
        Which.
    columns : int
        How many.

    Returns
    -------
    sparse array
    """
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
        If no whole homes keep to all rules, or none were found in time.
    """
    flat, most = homes.ravel(), np.repeat(supply.capacity, len(supply.tenures))
    cost = worth.ravel() / (np.abs(worth).max() or 1.0)
    bound_alone = not supply.least and np.isinf(supply.budget)  # room and totals: corners are whole
    for more, spare in itertools.product(WIDER, (0.0, SPARE)):
        low, high = np.maximum(np.floor(flat + NEARLY) - more, 0), np.minimum(np.ceil(flat - NEARLY) + more, most)
        solved = milp(
            cost,
            integrality=np.full(len(flat), not bound_alone, dtype=np.int64),
            bounds=Bounds(np.minimum(low, high), high),
            constraints=rows_of(supply, full=False, spare=spare),
            options={"mip_rel_gap": ROUGH, "time_limit": SOME_TIME},
        )
        if solved.x is not None:
            whole: Floats = np.round(solved.x).reshape(homes.shape)
            if supply.affords(whole):
                return whole
    if solved.status == INFEASIBLE:
        msg = (
            "divided homes keep to all rules, whole ones do not: leave a little more room in the budget or the capacity of "
            "sites, or ask for a smaller least share"
        )
    else:
        msg = f"whole homes that keep to all rules were not found in {SOME_TIME:g} seconds: loosen the budget or the share"
    raise DataError(msg)


def nearest(supply: Supply, homes: Floats) -> Floats:
    """Build whole homes that keep to all rules and have as many as possible where others have them.

    Parameters
    ----------
    supply : Supply
        Which homes may be built.
    homes : ndarray of shape (sites, tenures)
        Whole; need not keep to the rules.

    Returns
    -------
    ndarray of shape (sites, tenures)

    Raises
    ------
    DataError
        If none were found in time.
    """
    flat = homes.ravel()
    most = np.concatenate([np.repeat(supply.capacity, len(supply.tenures)), flat])
    kept = sparse.hstack([-sparse.eye_array(len(flat)), sparse.eye_array(len(flat))])  # the same where others have them
    for spare in (0.0, SPARE):
        rows = [
            LinearConstraint(padded(row.A, len(flat)), row.lb, row.ub)
            for row in rows_of(supply, full=False, spare=spare)
        ]
        solved = milp(
            np.repeat([0.0, -1.0], len(flat)),
            integrality=np.ones(2 * len(flat), dtype=np.int64),
            bounds=Bounds(0, most),
            constraints=[*rows, LinearConstraint(kept, -np.inf, 0)],
            options={"mip_rel_gap": ROUGH, "time_limit": SOME_TIME},
        )
        if solved.x is not None:
            whole: Floats = np.round(solved.x[: len(flat)]).reshape(homes.shape)
            if supply.affords(whole):
                return whole
    msg = f"whole homes that keep to all rules were not found in {SOME_TIME:g} seconds: loosen the budget or the share"
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
    rows = [LinearConstraint(padded(row.A, 1), row.lb, row.ub) for row in rows_of(town.supply, full=full)]
    cuts, floors = [], []
    best, value, bound, tried, seen = start, np.inf, -np.inf, start, [start]
    present = town.present(start)
    zero = town.surface.value(present)  # from where the program counts, in what one home changes
    one = float(np.abs(town.worth(town.surface.slopes(present))).max()) or 1.0
    scale = LARGE / one
    while True:
        present = town.present(tried)
        now, slopes = town.surface.value(present), town.surface.slopes(present)
        if now < value and town.supply.affords(tried):
            best, value = tried, now
        cuts.append(np.concatenate([scale * town.worth(slopes).ravel(), np.zeros(behind), [-1.0]]))
        floors.append(scale * (zero - town.surface.floor(slopes)))
        left = seconds - (time.monotonic() - begun)
        if value - bound <= FINE * one or left <= 0:
            return best, value, min(bound, value)
        for presolve in (True, False):  # the solver gives up now and then, and not on both ways
            solved = milp(
                cost,
                integrality=np.append(np.ones(len(cost) - 1, dtype=np.int64), 0),
                bounds=Bounds(lowest, highest),
                constraints=[*rows, LinearConstraint(np.array(cuts), -np.inf, floors)],
                options={"mip_rel_gap": 0.0, "time_limit": left, "presolve": presolve},
            )
            if solved.status != FAILED:
                break
        if solved.x is None:
            return best, value, min(bound, value)
        bound = max(bound, zero + (solved.mip_dual_bound - ROUGHLY) / scale)
        again = np.round(solved.x[: sites * tenures]).reshape(start.shape)
        if any((again == known).all() for known in seen):
            return best, value, min(bound, value)
        seen.append(again)
        tried = again
