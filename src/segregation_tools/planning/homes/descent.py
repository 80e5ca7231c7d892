"""Homes that make a convex goal small, with a bound: greedy first, then Frank–Wolfe steps that blend all homes found so far.

Every step asks which homes would be best if the goal went on as its slopes say. These homes join the blend, and what slopes
say of them is a bound: no homes at all come below it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.supply import Supply
    from segregation_tools.planning.homes.surface import Surface
    from segregation_tools.planning.progress import Tell

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Blend", "Found", "Town", "blended", "greedy"]

ROUNDS = 8  # of the greedy start: each sees what those before built
EXCHANGES = 20  # between homes found, after each step
HALVINGS = 20  # of the way that a step goes
LEVEL = 0.1  # of the slope at its beginning: there it ends
NARROWER = 0.3  # by which deviations that count in proportion become smaller, step by step
FLATTENED = 0.25  # of the gap: what that may take from the goal at the end


class Found(NamedTuple):
    """Homes and what is known of them.

    Attributes
    ----------
    homes : ndarray of shape (sites, tenures)
        Not whole.
    value : float
        Of the goal.
    bound : float
        No homes come below it; NaN if the goal is not convex.
    worth : ndarray of shape (sites, tenures)
        By how much the goal changes with one more home.
    prices : ndarray of shape (tenures,)
        By how much it changes with one more home of a tenure in all.
    price_of_money : float
        By how much it falls with one more unit of the budget.
    """

    homes: Floats
    value: float
    bound: float
    worth: Floats
    prices: Floats
    price_of_money: float


@dataclass(frozen=True, eq=False)
class Town:
    """Sites and the goal that their homes change.

    Attributes
    ----------
    supply : Supply
        Which homes may be built.
    surface : Surface
        The goal.
    source : ndarray of int, shape (sites,)
        Number of the source of each site, among those of the surface.
    persons : ndarray of shape (tenures, groups)
        Who lives in a home.
    """

    supply: Supply
    surface: Surface
    source: Codes
    persons: Floats

    def people(self, homes: Floats) -> Floats:
        """Count those who move in, by source.

        Parameters
        ----------
        homes : ndarray of shape (sites, tenures)
            Homes.

        Returns
        -------
        ndarray of shape (groups, sources)
        """
        added = np.zeros((self.surface.sources, self.persons.shape[1]))
        np.add.at(added, self.source, homes @ self.persons)
        return np.ascontiguousarray(added.T)

    def present(self, homes: Floats) -> Floats:
        """Spread those who move in.

        Parameters
        ----------
        homes : ndarray of shape (sites, tenures)
            Homes.

        Returns
        -------
        ndarray of shape (scales, groups, units)
        """
        return self.surface.present(self.people(homes))

    def worth(self, slopes: Floats) -> Floats:
        """Tell how the goal changes with one more home.

        Parameters
        ----------
        slopes : ndarray of shape (scales, groups, units)
            Of the surface.

        Returns
        -------
        ndarray of shape (sites, tenures)
        """
        by_source = self.surface.worth(slopes).T @ self.persons.T
        return np.asarray(by_source[self.source])


def greedy(town: Town, rounds: int = ROUNDS) -> Floats:
    """Build homes of all tenures alike in a few rounds, each time where the goal, as it then stands, falls most.

    Parameters
    ----------
    town : Town
        Sites and goal.
    rounds : int
        How many.

    Returns
    -------
    ndarray of shape (sites, tenures)
        Keeps to room, totals and mixes, not to a budget.
    """
    supply, surface = town.supply, town.surface
    mixed = supply.units / supply.units.sum()
    persons = mixed @ town.persons
    built, room = np.zeros(len(supply.sites)), supply.capacity.copy()
    present = np.zeros((len(surface.columns), 1, surface.today.shape[-1]))
    for left in range(rounds, 0, -1):
        slopes = surface.slopes(present * persons[:, np.newaxis], surface.usual)
        worth = surface.worth(np.einsum("g,sgu->su", persons, slopes)[:, np.newaxis])[0, town.source]
        order = np.argsort(worth, kind="stable")
        wanted = (supply.units.sum() - built.sum()) / left
        before = np.cumsum(room[order]) - room[order]
        more = np.zeros(len(room))
        more[order] = np.clip(wanted - before, 0, room[order])
        built, room = built + more, room - more
        present += surface.present(np.bincount(town.source, more, surface.sources)[np.newaxis].astype(np.float64))
    return np.outer(built, mixed)


@dataclass(eq=False)
class Blend:
    """Homes found so far, and how much of each.

    Attributes
    ----------
    town : Town
        Sites and goal.
    homes, present : list of ndarray
        Each answer, and who is present around the sites with it.
    shares : ndarray
        How much of each.
    """

    town: Town
    homes: list[Floats] = field(default_factory=list)
    present: list[Floats] = field(default_factory=list)
    shares: Floats = field(default_factory=lambda: np.zeros(0))

    def join(self, homes: Floats) -> None:
        """Take in an answer, with a share of nothing, or of all if it is the first."""
        self.homes.append(homes)
        self.present.append(self.town.present(homes))
        self.shares = np.append(self.shares, 0.0 if len(self.shares) else 1.0)

    @property
    def all_present(self) -> Floats:
        """Who is present with the blend."""
        return np.asarray(sum(share * each for share, each in zip(self.shares, self.present, strict=True) if share))

    @property
    def all_homes(self) -> Floats:
        """The homes of the blend."""
        return np.asarray(sum(share * each for share, each in zip(self.shares, self.homes, strict=True) if share))

    def settle(self, width: float, enough: float) -> None:
        """Exchange shares between the worst and the best answer, until there is little to gain by it."""
        surface, present = self.town.surface, self.all_present
        for _ in range(EXCHANGES):
            slopes = surface.slopes(present, width)
            gains = np.array([float((slopes * each).sum()) for each in self.present])
            best, worst = int(gains.argmin()), int(np.where(self.shares > 0, gains, -np.inf).argmax())
            if gains[worst] - gains[best] <= enough:
                break
            way = self.present[best] - self.present[worst]
            far = _step(surface, present, way, float(self.shares[worst]), width)
            self.shares[best] += far
            self.shares[worst] -= far
            present = present + far * way
        used = self.shares > 0
        self.homes = [each for each, its in zip(self.homes, used, strict=True) if its]
        self.present = [each for each, its in zip(self.present, used, strict=True) if its]
        self.shares = self.shares[used]


def _step(surface: Surface, present: Floats, way: Floats, far: float, width: float) -> float:
    """Find how far to go: to where the goal rises again, or to the end."""

    def rise(at: float) -> float:
        return float((surface.slopes(present + at * way, width) * way).sum())

    low, high = 0.0, far
    first = rise(low)
    if first >= 0 or rise(high) <= 0:
        return high if first < 0 else 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        here = rise(middle)
        low, high = (low, middle) if here > 0 else (middle, high)
        if here <= 0 and here > first * LEVEL:
            break
    return low


def blended(town: Town, start: Floats, gap: float, seconds: float, tell: Tell | None = None) -> Found:
    """Blend homes until none can be better by more than the gap.

    Parameters
    ----------
    town : Town
        Sites and goal.
    start : ndarray of shape (sites, tenures)
        Homes that keep to all rules.
    gap : float
        Of the goal.
    seconds : float
        How long at most.
    tell : callable, optional
        Is told the share of the time gone and the goal.

    Returns
    -------
    Found
    """
    begun, surface = time.monotonic(), town.surface
    blend, least = Blend(town), surface.width(gap * FLATTENED)
    width = max(surface.usual, least) if least else 0.0
    blend.join(start)
    best = Found(start, np.inf, -np.inf, np.zeros(start.shape), np.zeros(start.shape[1]), 0.0)
    while True:
        present = blend.all_present
        slopes = surface.slopes(present, width)
        worth, value = town.worth(slopes), surface.value(present)
        asked = town.supply.cheapest(worth, gap / 10)
        bound = max(best.bound, surface.floor(slopes) + asked.bound)
        if value < best.value:
            best = Found(blend.all_homes, value, bound, worth, asked.prices, asked.price_of_money)
        best = best._replace(bound=bound)
        gone = time.monotonic() - begun
        if tell is not None:
            tell(min(gone / seconds, 1.0) if seconds else 1.0, best.value)
        if best.value - bound <= gap or gone >= seconds:
            return best if surface.bends_upwards else best._replace(bound=np.nan)
        blend.join(asked.homes)
        blend.settle(width, (best.value - bound) / 20)
        width = max(width * NARROWER, least)
