"""Who gets a flat in which block: the best sum of utilities under quotas, what quotas cost, and who bears it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.kernels.best_places import UNLIMITED
from segregation_tools.planning.homes.applicants import Applicants, Worth, read_applicants
from segregation_tools.planning.homes.lottery import Lottery, drawn_by_lot
from segregation_tools.planning.homes.shortage import check_enough, refuse_shortage
from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.options import one_of, source_of_chance
from segregation_tools.population.population import Population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Allocation", "allocate"]

UNPLACED = ("refuse", "allow")


@dataclass(frozen=True, eq=False)
class Allocation:
    """Households in blocks of flats: no other placement that keeps to the quotas has a larger sum of utilities.

    Attributes
    ----------
    applicants : Applicants
        Households, blocks, utilities and quotas, as they were given.
    everyone : bool
        Whether everyone had to have a home.

    Examples
    --------
    Both blocks have two flats, of which each group may have half. Without quotas Bob and Cleo would change places.

    >>> groups = pd.Series(["a", "a", "b", "b"], index=["Ann", "Bob", "Cleo", "Dan"])
    >>> likes = pd.DataFrame({"north": [9, 8, 2, 1], "south": [1, 3, 2, 6]}, index=groups.index)
    >>> best = sgt.allocate(groups, pd.Series({"north": 2, "south": 2}), preferences=likes, quotas={"a": 0.5, "b": 0.5})
    >>> best.value, best.without_quotas.value, best.price_of_diversity
    (20.0, 25.0, 1.25)
    """

    applicants: Applicants
    everyone: bool
    _turn: Codes = field(repr=False)
    _worth: Worth = field(repr=False)

    @property
    def value(self) -> float:
        """Sum of utilities; that of having no home is 0."""
        return math.fsum(self._utility)

    def __float__(self) -> float:
        return self.value

    @property
    def _at(self) -> Codes:
        return self._worth.at

    @cached_property
    def _utility(self) -> Floats:
        """What everyone gets, shape (households,)."""
        got = self.applicants.utility[np.arange(len(self._at)), self._at]
        return np.where(self._at >= 0, got, 0.0)

    @property
    def unplaced(self) -> pd.Index[Any]:
        """Households without a home."""
        return self.applicants.households[self._at < 0]

    # ---------------------------------------------------------------- who lives where

    def to_frame(self) -> pd.DataFrame:
        """Return one row a household, in the order given.

        Returns
        -------
        DataFrame
            `group`; `block`, missing for those without a home; `utility`; `rank` of the block among their preferences, 1 for
            one than which none is better.
        """
        given, at = self.applicants, self._at
        housed = at >= 0
        better = (given.utility > self._utility[:, np.newaxis]).sum(axis=1)
        block = pd.Series(given.blocks.take(np.maximum(at, 0)), index=given.households)
        columns = {
            "group": pd.Index(list(given.groups), tupleize_cols=False).take(given.group),
            "block": block if housed.all() else block.astype(object).where(housed, None),
            "utility": self._utility,
            "rank": better + 1 if housed.all() else np.where(housed, better + 1, np.nan),
        }
        return pd.DataFrame(columns, index=given.households)

    def blocks(self) -> pd.DataFrame:
        """Return one row a block and group, and one a block for all groups.

        Returns
        -------
        DataFrame
            `places`: the most homes for the group (NaN without a quota), for all groups the homes of the block; `filled`:
            how many of them were given; `price`: what one more would be worth, as in `prices`.
        """
        given = self.applicants
        counts = given.counts(self._at)
        limits = np.where(given.limits == UNLIMITED, np.nan, given.limits)
        columns = {
            "places": np.vstack([limits, given.homes]),
            "filled": np.vstack([counts, counts.sum(axis=0)]),
            "price": self.prices.to_numpy(),
        }
        rows = pd.MultiIndex.from_product([given.blocks, self._rows], names=["block", "group"])
        return pd.DataFrame({name: table.T.reshape(-1) for name, table in columns.items()}, index=rows)

    def population(self) -> Population:
        """Return the households who have a home, by group and block: a population that every index takes.

        Returns
        -------
        Population
            With the geometry of the blocks, where `homes` had one.
        """
        given = self.applicants
        return Population(given.counts(self._at), given.groups, geography=given.geography)

    # ---------------------------------------------------------------- what places are worth

    @property
    def prices(self) -> pd.DataFrame:
        """By how much the sum of utilities would rise with one more place, groups × blocks.

        A place of the quota of a group in a block; in the last row, for all groups, a flat of the block. Exact, for each
        place by itself: two more places may bring less than both prices, or more.

        Returns
        -------
        DataFrame
        """
        return self._table(self._worth.place)

    @property
    def duals(self) -> pd.DataFrame:
        """Prices that hold together and prove the optimum, groups × blocks, flats in the last row.

        Whoever pays the price of a flat and of the place of a quota prefers no other block to its own, and places that stay
        free cost nothing. Flats are as in `prices`, places of quotas at least as in `prices`.

        Returns
        -------
        DataFrame
        """
        return self._table(self._worth.quota)

    @cached_property
    def surplus(self) -> pd.Series[float]:
        """What each household gains after `duals` are paid, by its best choice at these prices."""
        worth, given = self._worth, self.applicants
        net = np.fmax.reduce(given.utility - (worth.quota + worth.flat)[given.group], axis=1)
        gained: Floats = net if self.everyone else np.fmax(net, 0.0)
        return pd.Series(gained, index=given.households, name="surplus")

    @property
    def bound(self) -> float:
        """No placement has a larger sum of utilities: what `surplus` and all places at `duals` add up to."""
        worth, given = self._worth, self.applicants
        quotas = np.where(given.limits == UNLIMITED, 0, given.limits) * worth.quota
        return math.fsum([*self.surplus, *(worth.flat * given.homes), *quotas.ravel()])

    def _table(self, by_group: Floats) -> pd.DataFrame:
        rows = pd.Index(self._rows, name="group", tupleize_cols=False)
        return pd.DataFrame(np.vstack([by_group, self._worth.flat]), index=rows, columns=self.applicants.blocks)

    @property
    def _rows(self) -> list[Hashable]:
        return groups_and_all(self.applicants.groups)

    # ---------------------------------------------------------------- what quotas cost, and whom

    @cached_property
    def without_quotas(self) -> Allocation:
        """The best allocation if there were no quotas."""
        given = self.applicants
        if (given.limits == UNLIMITED).all():
            return self
        # Groups are of no account then: as one they are placed faster.
        as_one = replace(given, group=np.zeros_like(given.group), limits=np.full((1, len(given.homes)), UNLIMITED))
        worth = as_one.placed(self._turn, everyone=self.everyone)
        nothing = np.zeros(given.limits.shape)
        free = replace(given, limits=np.full_like(given.limits, UNLIMITED))
        return replace(self, applicants=free, _worth=Worth(worth.at, worth.flat, nothing, nothing))

    @property
    def price_of_diversity(self) -> float:
        """Sum of utilities without quotas over that with them, 1 or more: what the quotas cost all households together.

        NaN where both are 0, infinite where only that with quotas is.
        """
        free = self.without_quotas.value
        if self.value == 0:
            return math.inf if free > 0 else math.nan
        return max(free / self.value, 1.0) if self.without_quotas is not self else 1.0

    def burden(self) -> pd.DataFrame:
        """Tell by group what the quotas cost, and whom.

        Returns
        -------
        DataFrame
            One row a group, and one for all: `households`; with and `_without` quotas the mean `utility`, the share who have
            a `first_choice`, and the share `unplaced`; the shares of households who are `worse_off` and `better_off` with
            the quotas than without. Of several best allocations, one is compared with one.
        """
        given, free = self.applicants, self.without_quotas
        columns: dict[str, NDArray[Any]] = {}
        for suffix, found in (("", self), ("_without", free)):
            columns[f"utility{suffix}"] = found._utility
            columns[f"first_choice{suffix}"] = (found._at >= 0) & (found._utility >= given.best)
            columns[f"unplaced{suffix}"] = found._at < 0
        columns["worse_off"] = self._utility < free._utility
        columns["better_off"] = self._utility > free._utility
        table = pd.DataFrame(columns, index=pd.RangeIndex(len(given.group)), dtype=np.float64)
        order = ["utility", "utility_without", "first_choice", "first_choice_without", "unplaced", "unplaced_without"]
        table = table[[*order, "worse_off", "better_off"]]
        means = pd.concat([table.groupby(given.group).mean(), table.mean().to_frame().T])
        means.insert(0, "households", [*np.bincount(given.group), len(given.group)])
        return means.set_axis(pd.Index(self._rows, name="group", tupleize_cols=False))

    def lottery(self, *, draws: int = 1000, rng: np.random.Generator | int | None = None) -> Lottery:
        """Draw lots instead: households choose in random order the block they like best that has room for them.

        Parameters
        ----------
        draws : int
            How many orders.
        rng : Generator or int
            Source of chance.

        Returns
        -------
        Lottery
            Under the same quotas; that of `without_quotas` has none.

        Notes
        -----
        Random serial dictatorship. Between blocks that it likes equally, a household takes the first by label; who finds no
        room in an acceptable block stays without a home, even where everyone could have one.
        """
        return drawn_by_lot(self.applicants, draws, rng)

    # ---------------------------------------------------------------- shown

    @property
    def _title(self) -> str:
        given = self.applicants
        without = f"; {len(self.unplaced):,} without a home" if len(self.unplaced) else ""
        return (
            f"{len(given.households):,} households in {len(given.blocks):,} blocks of {given.homes.sum():,} homes: sum of "
            f"utilities {self.value:,.6g}, without quotas {self.without_quotas.value:,.6g} (price of diversity "
            f"{self.price_of_diversity:.4f}){without}"
        )

    def __str__(self) -> str:
        return f"{self._title}\n{self.burden().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.burden().reset_index().astype(object), self._title)


def allocate(
    households: pd.DataFrame | pd.Series[Any],
    homes: pd.Series[Any] | pd.DataFrame,
    *,
    preferences: pd.DataFrame,
    quotas: pd.Series[Any] | pd.DataFrame | Mapping[Any, float] | None = None,
    rng: np.random.Generator | int | None = None,
    group: Hashable = "group",
    quotas_in: str = "shares",
    unplaced: str = "refuse",
) -> Allocation:
    """Give households flats in blocks so that the sum of their utilities is largest, under quotas by group.

    Parameters
    ----------
    households : DataFrame or Series
        One row a household, with its group in column `group`; or a Series of groups.
    homes : Series, DataFrame or GeoDataFrame
        How many flats each block has, or a table with this in column `homes`. Flats of a block are alike: where they are
        not, each kind of each block can be a block of its own, with quotas of its own.
    preferences : DataFrame of households × blocks
        Utilities, 0 or more, larger is better, that can be added up over households; NaN where a block is not acceptable.
    quotas : Series, mapping or DataFrame, optional
        By group, or blocks × groups: the largest share of a block's flats that households of the group may get, from 0 to 1;
        the number of flats is rounded down. NaN says that there is no quota. Each group is named.
    rng : Generator or int, optional
        Breaks ties between allocations of equal worth. Without, labels decide.
    group : hashable
        Column of `households` whose values have quotas: any attribute, such as income or tenure.
    quotas_in : {"shares", "homes"}
        "homes": quotas are whole numbers of flats.
    unplaced : {"refuse", "allow"}
        Whether everyone must have a home. With "allow", to have none has utility 0, and the largest sum decides who; a block
        of utility 0 then is as good as none: give acceptable blocks more than 0 where any home is better.

    Returns
    -------
    Allocation
        `.value`, `.to_frame()`, `.blocks()`, `.population()`; `.prices`, `.duals` and `.bound`, the proof;
        `.price_of_diversity`, `.burden()`, `.without_quotas`, `.lottery(rng=7)`.

    Raises
    ------
    DataError
        If labels do not match, utilities are negative; or not everyone can be housed: the message names the households, and
        quotas or homes that are too few.
    OptionError
        If quotas are no shares, or an option is unknown.

    Notes
    -----
    max Σ u_ib x_ib, where each household i has one block b, each block at most its number of flats, and each group in each
    block at most its quota. As flats of a block are alike, it is a flow through the quotas and the blocks: whole without
    asking for it, and solved exactly by successive shortest paths (utilities are held as whole numbers of some 50 bits:
    exact for whole utilities, else within 10⁻¹² of the largest one a household). With flats that differ within a block it
    would be NP-hard (Benabbou et al. 2018).

    The sum, prices and duals do not depend on ties. Who is placed where may: without `rng` the order of labels, read as
    text, decides, whatever the order of rows and columns; labels in the order of application favour the early or the late.
    With `rng` households take part in random order, so that those of the same group and preferences have the same chances;
    not every best allocation is equally likely. Between blocks that a household likes equally, labels decide.

    The sum of utilities weighs a household by how large its numbers are: scale them alike, such as ranks, or utilities that
    add up to 1 for each. To state preferences untruthfully can pay here; in `Allocation.lottery` it cannot.

    References
    ----------
    Benabbou, N., Chakraborty, M., Ho, X.-V., Sliwinski, J. & Zick, Y. (2018), Diversity constraints in public housing
    allocation, AAMAS 2018; and (2020), The price of quota-based diversity in assignment problems, arXiv:1711.10241.

    Examples
    --------
    Both blocks have two flats, of which each group may have half.

    >>> groups = pd.Series(["a", "a", "b", "b"], index=["Ann", "Bob", "Cleo", "Dan"])
    >>> likes = pd.DataFrame({"north": [9, 8, 2, 1], "south": [1, 3, 2, 6]}, index=groups.index)
    >>> best = sgt.allocate(groups, pd.Series({"north": 2, "south": 2}), preferences=likes, quotas={"a": 0.5, "b": 0.5})
    >>> best.to_frame()
         group  block  utility  rank
    Ann      a  north      9.0     1
    Bob      a  south      3.0     2
    Cleo     b  north      2.0     1
    Dan      b  south      6.0     1
    >>> best.value, best.price_of_diversity  # without quotas, Bob and Cleo would change places: 25
    (20.0, 1.25)
    >>> best.prices
           north  south
    group
    a        0.0    0.0
    b        0.0    0.0
    all      0.0    0.0
    """
    everyone = one_of(unplaced, "unplaced", UNPLACED) == "refuse"
    given = read_applicants(households, homes, preferences, quotas, group=group, quotas_in=quotas_in)
    if everyone:
        check_enough(given)
    turn = given.by_label[0]
    if rng is not None:
        turn = source_of_chance(rng).permutation(turn)
    worth = given.placed(turn, everyone=everyone)
    if everyone and (worth.at < 0).any():
        refuse_shortage(given, worth.at)
    return Allocation(given, everyone, turn, worth)
