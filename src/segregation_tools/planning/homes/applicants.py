"""Households that apply for flats, the blocks they accept and the quotas: read, checked, and put in an order of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.kernels.best_places import NEVER, UNLIMITED, placed_best
from segregation_tools.population.columns import check_one_row, columns_in_order, numbers_of
from segregation_tools.population.geography import Geography
from segregation_tools.population.options import one_of
from segregation_tools.population.reading import column_of_numbers, geometry_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Codes = NDArray[np.intp]

__all__ = ["Applicants", "Worth", "read_applicants"]

QUOTAS_IN = ("shares", "homes")
MOST = 10**12  # homes of a block
ROUNDING = 1e-9  # of a flat: 0.29 of 100 flats are 29
BITS = 61  # of the whole numbers in which ways are added up


@dataclass(frozen=True, eq=False)
class Worth:
    """Where everyone is placed, and what places are worth, in the unit of the utilities.

    Attributes
    ----------
    at : ndarray of int, shape (households,)
        Position of the block; −1 for those without a home.
    flat : ndarray of shape (blocks,)
        By how much the sum rises with one more flat; the price of a flat.
    place : ndarray of shape (groups, blocks)
        By how much the sum rises with one more place of the quota.
    quota : ndarray of shape (groups, blocks)
        Price of a place of the quota beside that of a flat: together they prove that no sum is larger.
    """

    at: Codes
    flat: Floats
    place: Floats
    quota: Floats


@dataclass(frozen=True, eq=False)
class Applicants:
    """A round of allocation.

    Attributes
    ----------
    households, blocks : pandas.Index
        Labels, in the order given.
    groups : tuple
        Labels, in the order of their text.
    group : ndarray of int, shape (households,)
        Position of the group.
    utility : ndarray of shape (households, blocks)
        NaN where a block is not acceptable.
    homes : ndarray of int, shape (blocks,)
        Flats of each block.
    limits : ndarray of int, shape (groups, blocks)
        Most flats for each group; `UNLIMITED` without a quota.
    geography : Geography
        Of the blocks.
    """

    households: pd.Index[Any] = field(repr=False)
    groups: tuple[Any, ...]
    geography: Geography = field(repr=False)
    group: Codes = field(repr=False)
    utility: Floats = field(repr=False)
    homes: Whole = field(repr=False)
    limits: Whole = field(repr=False)

    @property
    def blocks(self) -> pd.Index[Any]:
        """Labels of the blocks."""
        return self.geography.units

    @cached_property
    def by_label(self) -> tuple[Codes, Codes]:
        """Households and blocks in the order of their labels' text, so that the order of rows decides nothing."""
        return _by_text(self.households), _by_text(self.blocks)

    @cached_property
    def best(self) -> Floats:
        """Utility of the block that each household likes best; NaN where none is acceptable, shape (households,)."""
        best: Floats = np.fmax.reduce(self.utility, axis=1)
        return best

    def placed(self, turn: Codes, *, everyone: bool) -> Worth:
        """Place the households so that the sum of utilities is largest.

        Parameters
        ----------
        turn : ndarray of int, shape (households,)
            In which order they come in, which decides between placements of equal worth.
        everyone : bool
            Whether first of all as many as possible have a home.

        Returns
        -------
        Worth
        """
        columns = self.by_label[1]
        utility = self.utility[np.ix_(turn, columns)]
        accepts = ~np.isnan(utility)
        groups, blocks = self.limits.shape
        nodes = (groups + 1) * (blocks + 1) + 1
        highest = float(np.max(utility, where=accepts, initial=0))
        # So fine that sums along any way still are whole numbers below 2 ** BITS.
        fine = BITS - int(np.frexp(highest)[1]) - int(np.ceil(np.log2((groups + 2) * (nodes + 2)))) if highest else 0
        whole = np.full((len(turn), blocks + 1), NEVER)
        whole[:, :-1][accepts] = np.rint(np.ldexp(utility[accepts], fine)).astype(np.int64)
        whole[:, -1] = -(nodes + 1) * (int(np.rint(np.ldexp(highest, fine))) + 1) if everyone else 0
        found = placed_best(whole, self.group[turn], self.homes[columns], self.limits[:, columns])
        at = np.empty(len(turn), dtype=np.intp)
        at[turn] = np.append(columns, -1)[found.at]
        flat, place, quota = np.empty(blocks), np.empty((groups, blocks)), np.empty((groups, blocks))
        flat[columns] = np.ldexp(found.flat.astype(np.float64), -fine)
        place[:, columns] = np.ldexp(found.place.astype(np.float64), -fine)
        quota[:, columns] = np.ldexp((found.pair - found.flat).astype(np.float64), -fine)
        return Worth(at, flat, place, quota)

    def counts(self, at: Codes) -> Whole:
        """Count who was placed where.

        Parameters
        ----------
        at : ndarray of int, shape (households,)
            Position of the block; −1 for those without a home.

        Returns
        -------
        ndarray of int, shape (groups, blocks)
        """
        groups, blocks = self.limits.shape
        housed = at >= 0
        codes = self.group[housed] * blocks + at[housed]
        return np.bincount(codes, minlength=groups * blocks).reshape(groups, blocks)


def _by_text(labels: pd.Index[Any]) -> Codes:
    keys = [(str(label), type(label).__name__) for label in labels]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


# ---------------------------------------------------------------- reading


def read_applicants(
    households: Any, homes: Any, preferences: Any, quotas: Any, *, group: Hashable, quotas_in: str
) -> Applicants:
    """Read a round of allocation; see `allocate`.

    Parameters
    ----------
    households, homes, preferences, quotas, group, quotas_in
        As in `allocate`.

    Returns
    -------
    Applicants

    Raises
    ------
    DataError, OptionError
        Naming what does not fit.
    """
    one_of(quotas_in, "quotas_in", QUOTAS_IN)
    labels, groups, code = _groups(households, group)
    geography, flats = _homes(homes)
    utility = _preferences(preferences, labels, geography.units)
    limits = _limits(quotas, groups, geography.units, flats, quotas_in)
    return Applicants(labels, groups, geography, code, utility, flats, limits)


def _groups(households: Any, group: Hashable) -> tuple[pd.Index[Any], tuple[Any, ...], Codes]:
    if isinstance(households, pd.DataFrame):
        if int((households.columns == group).sum()) != 1:
            msg = (
                f"households must have one column {group!r}; it has {listed(households.columns)}. "
                "Another attribute is chosen with group="
            )
            raise DataError(msg)
        households = households[group]
    if not isinstance(households, pd.Series):
        kind = type(households).__name__
        msg = f"households must be a DataFrame with a column {group!r}, or a Series of groups, by household, not {kind}"
        raise DataError(msg)
    if not len(households):
        msg = "households has no rows: nobody applies"
        raise DataError(msg)
    check_one_row(households.index, "households")
    missing = households.isna().to_numpy()
    if missing.any():
        msg = f"households have no group in rows {listed(households.index[missing])}: give each one, 'not stated' if need be"
        raise DataError(msg)
    codes, found = pd.factorize(households.astype(object))
    order = _by_text(pd.Index(found, tupleize_cols=False))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return households.index, tuple(found[i] for i in order), rank[codes]


def _homes(homes: Any) -> tuple[Geography, Whole]:
    if isinstance(homes, Mapping):
        homes = pd.Series(homes)
    if isinstance(homes, pd.Series):
        geometry, homes = None, homes.to_frame("homes")
    elif isinstance(homes, pd.DataFrame):
        geometry = geometry_of(homes)
    else:
        kind = type(homes).__name__
        msg = f"homes must be a Series of numbers by block, or a DataFrame with a column 'homes', not {kind}"
        raise DataError(msg)
    if list(homes.columns).count("homes") != 1:
        msg = f"homes must have one column 'homes', the flats of each block; it has {listed(homes.columns)}"
        raise DataError(msg)
    if not len(homes):
        msg = "homes has no rows: there are no blocks"
        raise DataError(msg)
    check_one_row(homes.index, "homes")
    return Geography(homes.index, geometry), _whole(homes[["homes"]], "homes", "a number of homes")[:, 0]


def _whole(table: pd.DataFrame, name: str, what: str) -> Whole:
    numbers = numbers_of(table, name, what, most=MOST)
    parts = (numbers % 1 != 0).any(axis=1)
    if parts.any():
        msg = f"{name} must be whole numbers of homes; those of {listed(table.index[parts])} are not"
        raise DataError(msg)
    return numbers.astype(np.int64)


def _preferences(preferences: Any, households: pd.Index[Any], blocks: pd.Index[Any]) -> Floats:
    if not isinstance(preferences, pd.DataFrame):
        msg = f"preferences must be a DataFrame of households × blocks, not {type(preferences).__name__}"
        raise DataError(msg)
    check_one_row(preferences.index, "preferences")
    table = columns_in_order(preferences, blocks, "preferences", "blocks of homes")
    at = preferences.index.get_indexer(households)
    strangers = preferences.index[~preferences.index.isin(households)]
    if (at < 0).any() or len(strangers):
        found = [f"absent are {listed(households[at < 0])}"] if (at < 0).any() else []
        found += [f"not known are {listed(strangers)}"] if len(strangers) else []
        msg = f"preferences must have one row for each of the households: {', '.join(found)}"
        raise DataError(msg)
    utility = np.stack([column_of_numbers(table, block, table.index) for block in blocks], axis=1)[at]
    wrong = (utility < 0) | np.isinf(utility)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        msg = (
            f"preferences must be utilities, finite and 0 or more, NaN where a block is not acceptable; that of "
            f"{listed([households[row]])} for {listed([blocks[column]])} is {utility[row, column]:g} "
            f"({int(wrong.sum())} such in all)"
        )
        raise DataError(msg)
    if np.nanmax(utility, initial=0) > np.finfo(np.float64).max / len(utility):
        msg = "preferences are too large to be added up: divide them by a power of ten"
        raise DataError(msg)
    return utility


def _limits(quotas: Any, groups: tuple[Any, ...], blocks: pd.Index[Any], homes: Whole, quotas_in: str) -> Whole:
    """Read the most flats for each group in each block."""
    if quotas is None:
        return np.full((len(groups), len(blocks)), UNLIMITED)
    if isinstance(quotas, Mapping):
        quotas = pd.Series(quotas)
    if isinstance(quotas, pd.Series):
        check_one_row(quotas.index, "quotas")
        quotas = pd.DataFrame([quotas.tolist()] * len(blocks), index=blocks, columns=quotas.index)
    elif not isinstance(quotas, pd.DataFrame):
        msg = f"quotas must be a Series by group, or a DataFrame of blocks × groups, not {type(quotas).__name__}"
        raise DataError(msg)
    check_one_row(quotas.index, "quotas")
    absent = [group for group in groups if list(quotas.columns).count(group) != 1]
    if absent:
        msg = (
            f"quotas must name each group of the households once: {listed(absent)} is absent, or repeated; there are "
            f"{listed(quotas.columns)}. NaN says that a group has no quota"
        )
        raise DataError(msg)
    at = quotas.index.get_indexer(blocks)
    strangers = quotas.index[~quotas.index.isin(blocks)]
    if (at < 0).any() or len(strangers):
        found = [f"absent are {listed(blocks[at < 0])}"] if (at < 0).any() else []
        found += [f"not known are {listed(strangers)}"] if len(strangers) else []
        msg = f"quotas must have one row for each block of homes: {', '.join(found)}"
        raise DataError(msg)
    table = quotas.iloc[at][list(groups)]
    given = np.stack([column_of_numbers(table, group, table.index) for group in groups], axis=1)
    free = np.isnan(given)
    kept = pd.DataFrame(np.where(free, 0.0, given), index=table.index, columns=table.columns)
    if quotas_in == "homes":
        most = _whole(kept, "quotas", "numbers of homes")
    else:
        if (given > 1).any():
            row, column = np.argwhere(given > 1)[0]
            msg = (
                f"quotas are shares of the homes of a block, from 0 to 1; it is {given[row, column]:g} for "
                f"{listed([groups[column]])}. Percentages are divided by 100; for numbers of homes say quotas_in='homes'"
            )
            raise OptionError(msg)
        shares = numbers_of(kept, "quotas", "shares of the homes of a block", most=1.0)
        most = np.floor(shares * homes[:, np.newaxis] + ROUNDING).astype(np.int64)
    return np.where(free, UNLIMITED, most).T
