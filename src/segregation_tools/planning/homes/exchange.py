"""Full sites chosen, and exchanged for others of the same size as long as the goal falls."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from segregation_tools.errors import DataError
from segregation_tools.planning.homes.supply import NEARLY, ROUNDING
from segregation_tools.planning.homes.whole import INFEASIBLE, ROUGH, SOME_TIME, SPARE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.planning.homes.descent import Town
    from segregation_tools.planning.homes.supply import Supply

    Floats = NDArray[np.float64]

__all__ = ["exchanged", "full_sites"]

LEAST = 1e-9  # fall of the goal that counts, of what one home changes
HALVINGS = 30


def full_sites(supply: Supply, homes: Floats) -> Supply:
    """Choose the sites that are built in full: those that the homes fill most, and that add up to all homes.

    Parameters
    ----------
    supply : Supply
        Which homes may be built.
    homes : ndarray of shape (sites, tenures)
        At sites that need not be full.

    Returns
    -------
    Supply
        Without room at the other sites.

    Raises
    ------
    DataError
        If no sites add up to the homes wanted within the budget and the least share at each.
    """
    filled = homes.sum(axis=1)
    chosen = _adding_up(supply, filled)
    limits = _limits(supply)
    if any(float(cost[chosen].sum()) > most for cost, most in limits):
        chosen = _adding_up_within(supply, filled, limits)
    return replace(supply, capacity=np.where(chosen, supply.capacity, 0.0), answers=[])


def _limits(supply: Supply) -> list[tuple[Floats, float]]:
    """Say what each full site takes of the money, and of homes that are to be a share of it; and how much there is."""
    limits = [(supply.capacity * supply.price, supply.budget * (1 + ROUNDING))] if np.isfinite(supply.budget) else []
    for marked, share in supply.least:
        limits.append((np.ceil(share * supply.capacity - NEARLY), float(supply.units[marked].sum()) + 0.5))
    return limits


def _adding_up_within(supply: Supply, score: Floats, limits: list[tuple[Floats, float]]) -> NDArray[np.bool_]:
    """Choose sites of a high score among those that add up and keep to limits."""
    wanted = supply.units.sum()
    taken = np.array([cost / (most or 1.0) for cost, most in limits])
    solved = milp(
        -score / wanted,
        integrality=np.ones(len(score), dtype=np.int64),
        bounds=Bounds(0, (supply.capacity > 0).astype(np.float64)),
        constraints=[LinearConstraint(supply.capacity, wanted, wanted), LinearConstraint(taken, -np.inf, 1 - SPARE)],
        options={"mip_rel_gap": ROUGH, "time_limit": SOME_TIME},
    )
    if solved.x is not None:
        return np.asarray(solved.x > 0.5)
    dearest = taken.max(axis=0)
    low, high, chosen = 0.0, 1.0, None  # of what counts, the part that is the limits'
    for _ in range(HALVINGS):
        middle = 1.0 if chosen is None else (low + high) / 2
        tried = _adding_up(supply, (1 - middle) * score / wanted - middle * dearest)
        if (taken[:, tried].sum(axis=1) <= 1).all():
            high, chosen = middle, tried
        elif chosen is None:
            break
        else:
            low = middle
    if chosen is None:
        found = "" if solved.status == INFEASIBLE else f" were found in {SOME_TIME:g} seconds"
        least = float((supply.capacity * supply.price)[_adding_up(supply, -supply.capacity * supply.price)].sum())
        cheap = (
            f" (they cost {least:,.0f} or more, and the budget is {supply.budget:,.0f})"
            if supply.budget < least
            else ""
        )
        msg = (
            f"no full sites{found} that add up to {wanted:,.0f} homes{cheap} and keep to all rules: loosen these, or let "
            "sites be built in part, whole_sites=False"
        )
        raise DataError(msg)
    return chosen


def _adding_up(supply: Supply, score: Floats) -> NDArray[np.bool_]:
    """Choose sites of the highest score among those that add up to the homes wanted: a knapsack, filled exactly."""
    sizes = supply.capacity.astype(np.int64)
    unit = int(np.gcd.reduce(sizes)) or 1
    wanted, left = divmod(int(supply.units.sum()), unit)
    best = np.full(wanted + 1, -np.inf)
    best[0] = 0
    taken = np.zeros((len(sizes), wanted // 8 + 1), dtype=np.uint8)
    for site, size in enumerate((sizes // unit).tolist()):
        if 0 < size <= wanted:
            with_it = best[:-size] + score[site]
            better = with_it > best[size:]
            best[size:] = np.where(better, with_it, best[size:])
            taken[site] = np.packbits(np.append(np.zeros(size, dtype=bool), better))[: taken.shape[1]]
    if left or not np.isfinite(best[-1]):
        near = np.flatnonzero(np.isfinite(best)).max() * unit
        msg = (
            f"no full sites add up to {supply.units.sum():,.0f} homes (the next number below is {near:,}): change units, or "
            "let sites be built in part, whole_sites=False"
        )
        raise DataError(msg)
    chosen, at = np.zeros(len(sizes), dtype=bool), wanted
    for site in range(len(sizes) - 1, -1, -1):
        if taken[site, at // 8] >> (7 - at % 8) & 1:
            chosen[site] = True
            at -= int(sizes[site]) // unit
    return chosen


def exchanged(town: Town, homes: Floats, seconds: float) -> Floats:
    """Move the homes of full sites to others of the same size, or let two full sites change their homes.

    Parameters
    ----------
    town : Town
        All sites, and the goal.
    homes : ndarray of shape (sites, tenures)
        At full sites.
    seconds : float
        How long at most.

    Returns
    -------
    ndarray of shape (sites, tenures)
        As many homes within the same budget; the goal is no larger.
    """
    begun, supply, homes = time.monotonic(), town.supply, homes.copy()
    present = town.present(homes)
    least = LEAST * float(np.abs(town.worth(town.surface.slopes(present))).max())
    money = supply.budget - float(homes.sum(axis=1) @ supply.price)
    gained = True
    while gained:
        gained = False
        for off, on in _pairs(town.worth(town.surface.slopes(present)), homes, supply.capacity):
            if time.monotonic() - begun > seconds:
                return homes
            dearer = float((homes[off] - homes[on]).sum() * (supply.price[on] - supply.price[off]))
            if dearer <= money and _moved(town, present, (off, on), (homes[off] - homes[on]) @ town.persons, least):
                homes[[off, on]] = homes[[on, off]]
                money, gained = money - dearer, True
    return homes


def _pairs(worth: Floats, homes: Floats, sizes: Floats) -> Iterator[tuple[int, int]]:
    """Yield for each full site the one with which slopes say it best changes homes, the most gainful first."""
    found: list[tuple[float, int, int]] = []
    built = np.flatnonzero(homes.sum(axis=1) > 0)
    for size in np.unique(sizes[built]):
        off, on = built[sizes[built] == size], np.flatnonzero(sizes == size)
        here, there = homes[off], homes[on]
        own, theirs = (here * worth[off]).sum(axis=1), (there * worth[on]).sum(axis=1)
        change = here @ worth[on].T + worth[off] @ there.T - own[:, np.newaxis] - theirs
        best = change.argmin(axis=1)
        found += zip(change[np.arange(len(off)), best].tolist(), off.tolist(), on[best].tolist(), strict=True)
    seen: set[int] = set()
    for fall, a, b in sorted(found):
        if fall >= 0:
            break
        if a not in seen and b not in seen:
            seen |= {a, b}
            yield a, b


def _moved(town: Town, present: Floats, pair: tuple[int, int], people: Floats, least: float) -> bool:
    """Move people from one site to another if the goal falls by it: who is present changes in place."""
    surface = town.surface
    changes, fall = [], 0.0
    for scale, columns in enumerate(surface.columns):
        ends = [slice(columns.starts[source], columns.starts[source + 1]) for source in town.source[list(pair)]]
        units = np.unique(np.concatenate([columns.units[end] for end in ends]))
        share = np.zeros(len(units))
        for sign, end in zip((-1.0, 1.0), ends, strict=True):
            share[np.searchsorted(units, columns.units[end])] += sign * columns.weights[end]
        before = surface.today[scale][:, units] + present[scale][:, units]
        change = people[:, np.newaxis] * share
        fall += surface.part(before + change) - surface.part(before)
        changes.append((scale, units, change))
    if fall >= -least:
        return False
    for scale, units, change in changes:
        present[scale][:, units] += change
    return True
