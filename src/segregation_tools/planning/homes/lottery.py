"""Flats by lot: what households get who choose one after the other, in an order drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by, checked_level, quantiles
from segregation_tools.kernels.best_places import served_in_turn
from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.options import real_number
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.applicants import Applicants

    Floats = NDArray[np.float64]

__all__ = ["Lottery", "drawn_by_lot"]


@dataclass(frozen=True, eq=False)
class Lottery:
    """Many lotteries for the same flats.

    Attributes
    ----------
    groups : tuple
        Labels.
    households : ndarray of int, shape (groups,)
        How many apply.
    utility, first_choice, unplaced : ndarray of shape (draws, groups)
        Sum of utilities in each lottery; households who got a block than which none is better for them; those without any.
    seed : int
        With which draws begin; draw r is the same however many are drawn.

    Examples
    --------
    >>> groups = pd.Series(["a", "a", "b", "b"], index=["Ann", "Bob", "Cleo", "Dan"])
    >>> likes = pd.DataFrame({"north": [9, 8, 2, 1], "south": [1, 3, 2, 6]}, index=groups.index)
    >>> best = sgt.allocate(groups, pd.Series({"north": 2, "south": 2}), preferences=likes, quotas={"a": 0.5, "b": 0.5})
    >>> drawn = best.lottery(draws=100, rng=7)
    >>> bool((drawn.draws <= best.value).all()), drawn.unplaced.shape
    (True, (100, 2))
    """

    groups: tuple[Any, ...]
    households: NDArray[np.int64] = field(repr=False)
    utility: Floats = field(repr=False)
    first_choice: Floats = field(repr=False)
    unplaced: Floats = field(repr=False)
    seed: int

    @property
    def draws(self) -> Floats:
        """Sum of utilities in each lottery, shape (draws,)."""
        sums: Floats = self.utility.sum(axis=1)
        return sums

    @property
    def value(self) -> float:
        """Mean of the sum of utilities over lotteries."""
        return float(self.draws.mean())

    def __float__(self) -> float:
        return self.value

    @property
    def se(self) -> float:
        """Standard error of the mean, from the number of draws; NaN of one draw."""
        draws = self.draws
        return float(draws.std(ddof=1) / np.sqrt(len(draws))) if len(draws) > 1 else float("nan")

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Say between which sums of utilities lotteries end.

        Parameters
        ----------
        level : float
            How many of them, as a share.

        Returns
        -------
        low, high : float
            Quantiles of the draws.
        """
        level = checked_level(level)
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row a group, and one for all.

        Parameters
        ----------
        level : float
            Of the interval.

        Returns
        -------
        DataFrame
            `households`; the mean `utility` of a household, 0 without a home, and `low` and `high`, between which it lies in
            so many of the lotteries; mean shares who get their `first_choice`, and who stay `unplaced`.
        """
        level = checked_level(level)
        many = np.append(self.households, self.households.sum())
        told = [np.column_stack([table, table.sum(axis=1)]) / many for table in self._tables]
        low, high = quantiles(told[0], [(1 - level) / 2, (1 + level) / 2])
        columns = {"households": many, "utility": told[0].mean(axis=0), "low": low, "high": high}
        columns |= {"first_choice": told[1].mean(axis=0), "unplaced": told[2].mean(axis=0)}
        rows = pd.Index(groups_and_all(self.groups), name="group", tupleize_cols=False)
        return pd.DataFrame(columns, index=rows)

    @property
    def _tables(self) -> tuple[Floats, Floats, Floats]:
        return self.utility, self.first_choice, self.unplaced

    @property
    def _title(self) -> str:
        low, high = self.interval()
        return (
            f"{len(self.utility):,} lotteries of {self.households.sum():,} households: sum of utilities {self.value:,.6g} "
            f"on average, 95 % of them between {low:,.6g} and {high:,.6g}"
        )

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().reset_index().astype(object), self._title)


def drawn_by_lot(applicants: Applicants, draws: int, rng: np.random.Generator | int | None) -> Lottery:
    """Draw lotteries; see `Allocation.lottery`.

    Parameters
    ----------
    applicants : Applicants
        The round.
    draws : int
        How many orders.
    rng : Generator or int
        Source of chance.

    Returns
    -------
    Lottery
    """
    number = int(real_number(draws, "draws", 1, "a whole number of lotteries", whole=True))
    root = begun_by(rng)
    rows, columns = applicants.by_label
    utility, group = applicants.utility[np.ix_(rows, columns)], applicants.group[rows]
    ranked = np.argsort(-utility, axis=1, kind="stable")  # NaN comes last
    ranked[np.isnan(np.take_along_axis(utility, ranked, axis=1))] = -1
    limits = applicants.limits[:, columns]
    value, first, unplaced = served_in_turn(root, number, ranked, utility, group, applicants.homes[columns], limits)
    return Lottery(applicants.groups, np.bincount(group), value, first, unplaced, root)
