"""Which homes may stand at which sites: room, totals by tenure, budget and mix; and the cheapest of all that may."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linprog

from segregation_tools.errors import CapabilityError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["NEARLY", "ROUNDING", "Cheapest", "Supply"]

MOST_ANSWERS = 200  # and as many again for every four tenures
HELD = 0.5  # of the way from new prices back to the best so far: prices that swing ask for little
FIRST_PENALTY = 30.0  # for a home too many or too few; what homes cost lies between −1 and 1
ROUNDING = 1e-9  # of all homes
NEARLY = 1e-6  # of a home
KEPT = 40  # answers that the next question begins with


class Cheapest(NamedTuple):
    """What `Supply.cheapest` found.

    Attributes
    ----------
    homes : ndarray of shape (sites, tenures)
        Homes.
    value : float
        What they cost.
    bound : float
        None cost less.
    prices : ndarray of shape (tenures,)
        By how much the cost rises with one more home of each tenure.
    price_of_money : float
        By how much it falls with one more unit of the budget.
    """

    homes: Floats
    value: float
    bound: float
    prices: Floats
    price_of_money: float


class _Answer(NamedTuple):
    """What all sites together build when homes have prices."""

    built: Floats  # sites × patterns
    totals: Floats
    spent: float


@dataclass(eq=False)
class Supply:
    """Homes that may be built.

    Attributes
    ----------
    sites, tenures : pandas.Index
        Labels.
    capacity : ndarray of shape (sites,)
        Homes that a site has room for.
    units : ndarray of shape (tenures,)
        Homes in all.
    price : ndarray of shape (sites,)
        What a home costs.
    budget : float
        What all may cost.
    least : tuple of (ndarray of bool, float)
        Tenures that make up a share of the homes of every site, at least; at most one such rule.
    answers : list
        Of sites to prices, kept from question to question.
    """

    sites: pd.Index
    tenures: pd.Index
    capacity: Floats
    units: Floats
    price: Floats
    budget: float = np.inf
    least: tuple[tuple[NDArray[np.bool_], float], ...] = ()
    answers: list[_Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last = np.zeros(len(self.units)), 0.0  # prices that the next question begins with

    @cached_property
    def patterns(self) -> Floats:
        """Mixes of tenures, shares, of which any blend may be built at a site, shape (patterns, tenures)."""
        pure = np.eye(len(self.units))
        if not self.least:
            return pure
        ((marked, share),) = self.least
        blends = [
            share * pure[one] + (1 - share) * pure[two]
            for one in np.flatnonzero(marked)
            for two in np.flatnonzero(~marked)
        ]
        return np.array([*pure[marked], *blends])

    def affords(self, homes: Floats) -> bool:
        """Tell whether homes keep to the budget, but for rounding.

        Parameters
        ----------
        homes : ndarray of shape (sites, tenures)
            Which.

        Returns
        -------
        bool
        """
        return bool(homes.sum(axis=1) @ self.price <= self.budget * (1 + ROUNDING))

    def keeps_mixes(self, homes: Floats) -> bool:
        """Tell whether every site keeps to its least share.

        Parameters
        ----------
        homes : ndarray of shape (sites, tenures)
            Which.

        Returns
        -------
        bool
        """
        built = homes.sum(axis=1)
        return all(bool((homes[:, marked].sum(axis=1) >= share * built - NEARLY).all()) for marked, share in self.least)

    def cheapest(self, cost: Floats, tolerance: float) -> Cheapest:
        """Find the homes whose cost is lowest.

        Parameters
        ----------
        cost : ndarray of shape (sites, tenures)
            Of a home; any sign.
        tolerance : float
            How far from the lowest.

        Returns
        -------
        Cheapest

        Notes
        -----
        Dantzig and Wolfe's decomposition: given a price for each tenure and for money, every site decides for itself; a
        small program blends such answers so that totals and budget hold, and its prices ask for the next.
        """
        each, limited = cost @ self.patterns.T, np.isfinite(self.budget)
        scale = float(np.abs(each).max()) or 1.0
        each = each / scale  # the solver of blends rounds at 1e-7
        enough = max(tolerance / scale, ROUNDING * float(self.units.sum()))
        penalty, bound = FIRST_PENALTY, -np.inf
        prices, money = self.last[0] / scale, self.last[1] / scale
        best = prices, money
        for tried in range(MOST_ANSWERS * (1 + len(self.units) // 4)):
            if tried % 3:  # between the best prices and the newest
                prices = HELD * best[0] + (1 - HELD) * prices
                money = HELD * best[1] + (1 - HELD) * money
            answer = self._answer(each, prices, money)
            self.answers.append(answer)
            low = float((answer.built * each).sum() - prices @ (answer.totals - self.units))
            low += money * (answer.spent - self.budget) if limited else 0.0
            if low > bound:
                bound, best = low, (prices, money)
            blend, value, beyond, prices, money = self._blend(each, penalty)
            kept = beyond <= ROUNDING * self.units.sum()
            if value - bound <= enough:
                if kept:
                    break
                penalty *= 10  # it was cheaper to pay it than to keep to the totals
        if not kept:
            msg = (
                f"no homes at {len(self.sites)} sites were found that keep to totals and budget: leave a little more room "
                "in the budget, or fewer tenures"
            )
            raise CapabilityError(msg)
        homes = np.tensordot(blend, np.array([answer.built for answer in self.answers]), 1) @ self.patterns
        self.answers = [answer for answer, its in zip(self.answers, blend > 0, strict=True) if its][-KEPT:]
        self.last = best[0] * scale, best[1] * scale
        return Cheapest(homes, value * scale, bound * scale, *self.last)

    def _answer(self, each: Floats, prices: Floats, money: float) -> _Answer:
        left = each - self.patterns @ prices + money * self.price[:, np.newaxis]
        which, every = left.argmin(axis=1), np.arange(len(left))
        built = np.zeros(left.shape)
        built[every, which] = np.where(left[every, which] < 0, self.capacity, 0.0)
        return _Answer(built, built.sum(axis=0) @ self.patterns, float(built.sum(axis=1) @ self.price))

    def _blend(self, each: Floats, penalty: float) -> tuple[Floats, float, float, Floats, float]:
        """Blend answers so that totals and budget hold; what is missing or too much costs a penalty."""
        many, tenures = len(self.answers), len(self.units)
        costs = np.array([float((answer.built * each).sum()) for answer in self.answers])
        totals = np.column_stack([answer.totals for answer in self.answers])
        limited = np.isfinite(self.budget)
        unit = max(self.budget, ROUNDING) if limited else 1.0
        slack = np.concatenate([np.eye(tenures), -np.eye(tenures), np.zeros((tenures, 1))], axis=1)
        spent = np.concatenate([[answer.spent / unit for answer in self.answers], np.zeros(2 * tenures), [-1.0]])
        solved = linprog(
            np.append(costs, np.full(slack.shape[1], penalty)),
            A_eq=np.block([[np.ones((1, many)), np.zeros((1, slack.shape[1]))], [totals, slack]]),
            b_eq=np.append(1.0, self.units),
            A_ub=spent[np.newaxis] if limited else None,
            b_ub=[self.budget / unit] if limited else None,
            method="highs-ds",
        )
        if solved.x is None:
            msg = f"the solver could not blend homes of {len(self.sites)} sites: {solved.message}"
            raise CapabilityError(msg)
        money = max(-float(solved.ineqlin.marginals[0]), 0.0) / unit if limited else 0.0
        blend, beyond = solved.x[:many], float(solved.x[many:].sum())
        return blend, float(solved.fun or 0.0), beyond, np.asarray(solved.eqlin.marginals[1:]), money
