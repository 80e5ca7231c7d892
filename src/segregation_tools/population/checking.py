"""What a population must be: every check, once, at the door. A refusal names the column, the rows and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import DataError, DataWarning, GroupError, listed, warn

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

NAMED = 30  # as many labels as a refusal ever names
LIKE_SHARES = 20, 0.95, 0.01  # rows at least, of them this part, so near to 1 or 100
# Codes of the American Community Survey that stand where a number could not be given.
SENTINELS = (-999999999, -888888888, -666666666, -555555555, -333333333, -222222222)


@dataclass(frozen=True)
class FirstOf:
    """The first of many labels, for a refusal that names a few and says how many there are."""

    first: pd.Index[Any]
    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.first)


class Labels:
    """Unit labels of a geography that are only made when a refusal needs them (a grid has millions)."""

    def __init__(self, geography: Geography | Grid) -> None:
        self.geography = geography

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> FirstOf:
        chosen = np.flatnonzero(rows) if rows.dtype == bool else rows
        return FirstOf(self.geography.labels(chosen[:NAMED]), len(chosen))


def warn_of_shares(counts: NDArray[np.float64]) -> None:
    """Warn of shares or percentages that were given as counts.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        As they were read.

    Warns
    -----
    DataWarning
        If they are not whole and the groups of nearly every unit add up to 1, or to 100.
    """
    least, part, near = LIKE_SHARES
    people = counts.sum(axis=0)
    people = people[people > 0]
    if len(people) < least or (counts == np.rint(counts)).all():
        return
    for whole, what in ((1, "shares"), (100, "per cent")):
        alike = np.abs(people / whole - 1) <= near
        if alike.mean() >= part:
            warn(
                f"these look like {what}, not counts of people: the groups add up to {whole} in {int(alike.sum()):,} of "
                f"{len(people):,} units, so that all would weigh the same. Multiply {what} by the people of each unit"
                + (", and divide by 100" if whole == 100 else ""),
                DataWarning,
            )


def check_counts(
    values: NDArray[Any], name: Hashable, units: pd.Index[Any] | Labels, *, missing: str | None = None
) -> None:
    """Refuse counts that are negative, infinite or missing.

    Parameters
    ----------
    values : ndarray of shape (units,)
        Counts of one group.
    name : hashable
        Its column.
    units : pandas.Index or Labels
        Labels of the rows.
    missing : {"refuse", "zero", "drop", "keep"}, optional
        What to do with NaN, where there is a choice: it is dealt with later, unless it is to be refused.

    Raises
    ------
    DataError
        Naming the column, the rows and the mend.
    """
    if values.min() >= 0 and values.max() < np.inf:
        return
    negative = values < 0
    if negative.any():
        codes = sorted(set(values[negative]) & set(SENTINELS))
        if codes:
            rows = units[np.isin(values, codes)]
            msg = (
                f"column {name!r} holds {listed(int(code) for code in codes)} in rows {listed(rows)}: a code of the "
                "American Community Survey for 'no estimate', not a count. Make it missing, "
                f"frame[{name!r}] = frame[{name!r}].where(frame[{name!r}] >= 0), and "
                + ("drop those rows" if missing is None else "choose missing='drop' or 'zero'")
            )
        else:
            msg = f"column {name!r} holds negative counts in rows {listed(units[negative])}. Correct or drop those rows"
        raise DataError(msg)
    infinite = np.isinf(values)
    if infinite.any():
        msg = f"column {name!r} holds infinite counts in rows {listed(units[infinite])}. Correct or drop those rows"
        raise DataError(msg)
    absent = np.isnan(values)
    if absent.any() and missing in (None, "refuse"):
        drop, zero = ("drop those rows", "fill in 0") if missing is None else ("missing='drop'", "missing='zero'")
        msg = (
            f"column {name!r} holds no value (NaN) in rows {listed(units[absent])}. To leave those units out: {drop}; "
            f"if nobody of the group lives there: {zero}"
        )
        raise DataError(msg)


def check_nested(tiers: pd.DataFrame) -> None:
    """Refuse tiers in which a narrower place lies in two broader ones.

    Parameters
    ----------
    tiers : DataFrame
        One column a tier, broad to narrow, one row a unit.

    Raises
    ------
    DataError
        Naming the two tiers and the places.
    """
    for name in tiers:
        absent = tiers[name].isna().to_numpy()
        if absent.any():
            msg = f"tier {name!r} has no value in rows {listed(tiers.index[absent])}. Give every unit its place"
            raise DataError(msg)
    for broad, narrow in zip(tiers.columns[:-1], tiers.columns[1:], strict=True):
        pairs = tiers[[broad, narrow]].drop_duplicates()
        torn = pairs[pairs[narrow].duplicated(keep=False)]
        if len(torn):
            place = torn[narrow].iloc[0]
            parents = torn[broad][torn[narrow] == place]
            msg = (
                f"tiers do not nest: {narrow} {place!r} lies in {broad} {listed(parents)} "
                f"(such places: {listed(torn[narrow].unique())}). Name tiers from broad to narrow, and make labels "
                f"unique: frame[{narrow!r}] = frame[{broad!r}].astype(str) + '/' + frame[{narrow!r}].astype(str)"
            )
            raise DataError(msg)


def names(columns: Sequence[Hashable], what: str) -> list[Hashable]:
    """List column names; one name alone is a mistake, and a set has no order."""
    if isinstance(columns, (str, bytes, set, frozenset, dict)) or not hasattr(columns, "__iter__"):
        msg = f"{what} must be a list of names, {what}=[…], not {columns!r}"
        raise GroupError(msg) if what == "groups" else DataError(msg)
    return list(columns)


def checked_groups(groups: Sequence[Hashable]) -> tuple[Any, ...]:
    """List groups; at least one, and each once."""
    named = tuple(names(groups, "groups"))
    if not named:
        msg = "name at least one group"
        raise GroupError(msg)
    try:
        twice = [group for group in dict.fromkeys(named) if named.count(group) > 1]
    except TypeError as unhashable:
        msg = f"a group must be one column name, not a list of them: {listed(named)}"
        raise GroupError(msg) from unhashable
    if twice:
        msg = f"groups named more than once: {listed(twice)}. Name each group once"
        raise GroupError(msg)
    return named


def is_one_name(groups: Any) -> bool:
    """Tell a single label from a list of them."""
    return isinstance(groups, (str, bytes, tuple)) or not hasattr(groups, "__iter__")


def taken_names(tiers: pd.DataFrame | None, total: Any, geography: Geography | Grid) -> dict[Any, str]:
    """Names that no group may bear, since a frame of the population holds something else under them."""
    taken = {} if tiers is None else dict.fromkeys(tiers.columns, "a tier")
    if total is not None:
        taken["total"] = "the stated total"
    if geography.outlined:
        taken["geometry"] = "the geometry"
    return taken


def check_names(groups: tuple[Any, ...], others: Mapping[Any, str]) -> None:
    """Refuse a group that bears the name of something else in the same frame.

    Parameters
    ----------
    groups : tuple
        Group labels.
    others : mapping
        Names that are taken → what by.
    """
    taken = [group for group in groups if group in others]
    if taken:
        msg = f"group {taken[0]!r} bears the name of {others[taken[0]]}: rename the column"
        raise GroupError(msg)


def numbers(values: ArrayLike, what: str) -> NDArray[Any]:
    """Take an array of real numbers; text, truth values and complex numbers are refused."""
    try:
        array = np.asarray(values)
    except ValueError as ragged:
        msg = f"{what} must be an array of numbers: {ragged}"
        raise DataError(msg) from ragged
    if array.dtype.kind not in "iuf":
        msg = f"{what} must be an array of numbers, not of type {array.dtype}"
        raise DataError(msg)
    return array


def aligned(given: Any, geography: Geography | Grid, what: str) -> Any:
    """Match a Series or DataFrame with the units; anything else is in their order already."""
    if not hasattr(given, "reindex"):
        return given
    units = geography.units
    if given.index.equals(units):
        return given
    absent = units[~units.isin(given.index)]
    if len(absent) or not given.index.is_unique:
        msg = (
            f"{what} must have one row for each unit; no row for {listed(absent)}"
            if len(absent)
            else (f"{what} has several rows for {listed(given.index[given.index.duplicated()].unique())}")
        )
        raise DataError(msg)
    return given.reindex(units)


def check_units(units: pd.Index[Any]) -> None:
    """Refuse unit labels that are repeated."""
    if not units.is_unique:
        twice = units[units.duplicated()].unique()
        msg = (
            f"unit labels that stand more than once in the index: {listed(twice)}. "
            "Add up their rows, frame.groupby(level=0).sum(numeric_only=True), or give each row a label of its own"
        )
        raise DataError(msg)


def checked_total(
    total: ArrayLike | None, counts: NDArray[Any], geography: Geography | Grid
) -> NDArray[np.float64] | None:
    """Check that a stated total is a count, and that the groups do not add up to more."""
    if total is None:
        return None
    stated = numbers(total, "total").astype(np.float64)
    if stated.shape != counts.shape[1:]:
        msg = f"total has the shape {stated.shape}, one group has {counts.shape[1:]}"
        raise DataError(msg)
    check_counts(stated.reshape(-1), "total", Labels(geography))
    sums = counts.sum(axis=0, dtype=np.float64)
    above = sums > stated * (1 + 1e-9)
    if above.any():
        where = np.flatnonzero(above)
        example = f"{sums.flat[where[0]]:g} against {stated.flat[where[0]]:g}"
        msg = (
            f"the groups add up to more than the stated total in rows {listed(Labels(geography)[above.reshape(-1)])} "
            f"({example} in the first). Do groups overlap? Without total=, the sum of the groups counts"
        )
        raise DataError(msg)
    return stated


def inhabited_groups(totals: NDArray[np.float64], groups: tuple[Any, ...], dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Tell which groups have people; a population without any, or one that cannot be added up, is refused.

    Parameters
    ----------
    totals : ndarray of shape (groups,)
        People of each group.
    groups : tuple
        Their labels.
    dtype : dtype
        Of the counts.

    Returns
    -------
    ndarray of bool, shape (groups,)

    Warns
    -----
    DataWarning
        If a group has none.
    """
    largest = np.finfo(dtype if dtype.kind == "f" else np.float64).max
    if not np.isfinite(totals).all() or totals.max() > largest / len(totals):
        msg = f"the counts are too large to be added up (groups {listed(groups)}): give people, not codes"
        raise DataError(msg)
    inhabited = totals > 0
    if not inhabited.any():
        msg = f"the population is empty: nobody lives in any unit (groups {listed(groups)})"
        raise DataError(msg)
    empty = [group for group, some in zip(groups, inhabited, strict=True) if not some]
    if empty:
        warn(f"no people in group {listed(empty)}: dropped. It cannot be near to or far from anyone", DataWarning)
    return inhabited


def checked_margins(
    margins: ArrayLike | None, counts: NDArray[Any], groups: tuple[Any, ...], geography: Geography | Grid
) -> NDArray[np.float64] | None:
    """Check that margins of error are numbers, none negative, in the shape of the counts."""
    if margins is None:
        return None
    widths = numbers(margins, "margins").astype(np.float64)
    if widths.shape != counts.shape:
        msg = f"margins have the shape {widths.shape}, counts {counts.shape}"
        raise DataError(msg)
    for group, row in zip(groups, widths, strict=True):
        check_counts(row.reshape(-1), f"margin of {group}", Labels(geography))
    return widths


def by_group(margins: Mapping[Hashable, Hashable], groups: tuple[Any, ...]) -> list[Hashable]:
    """Order a mapping of groups to columns by group; every group needs its column."""
    if set(margins) != set(groups):
        msg = f"margins must name a column for each group, {listed(groups, 30)}; it names {listed(margins, 30)}"
        raise GroupError(msg)
    return [margins[group] for group in groups]
