"""Tables and labels as they are given: one row for each label, the columns that are wanted, numbers in their range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import DataError, listed
from segregation_tools.population.reading import column_of_numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["check_one_column", "check_one_row", "columns_in_order", "groups_and_all", "numbers_of"]


def groups_and_all(groups: tuple[Hashable, ...]) -> list[Hashable]:
    """List the groups and, at last, all of them.

    Parameters
    ----------
    groups : tuple
        Labels.

    Returns
    -------
    list
    """
    return [*groups, "all" if "all" not in groups else "all groups"]


def check_one_row(index: pd.Index[Any], name: str) -> None:
    """Refuse a table with several rows of one label.

    Parameters
    ----------
    index : pandas.Index
        Labels of the rows.
    name : str
        Of the argument.

    Raises
    ------
    DataError
        If labels are repeated.
    """
    if not index.is_unique:
        msg = f"{name} has several rows for {listed(index[index.duplicated()].unique())}: give one for each"
        raise DataError(msg)


def check_one_column(table: pd.DataFrame, columns: Iterable[Any], name: str) -> None:
    """Refuse a table with several columns of one name.

    Parameters
    ----------
    table : DataFrame
        Which.
    columns : iterable
        Names that are read.
    name : str
        Of the argument.

    Raises
    ------
    DataError
        If a column is there twice.
    """
    twice = [column for column in columns if list(table.columns).count(column) > 1]
    if twice:
        msg = f"{name} has several columns {listed(twice)}: keep one of each"
        raise DataError(msg)


def columns_in_order(table: pd.DataFrame, wanted: pd.Index[Any], name: str, what: str) -> pd.DataFrame:
    """Put the columns of a table in order.

    Parameters
    ----------
    table : DataFrame
        Not changed.
    wanted : pandas.Index
        Its columns, in any order.
    name, what : str
        Of the argument, and of what its columns are, for refusals.

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        If columns are absent, repeated or unknown.
    """
    columns = table.columns
    absent, strangers = wanted[~wanted.isin(columns)], columns[~columns.isin(wanted) | columns.duplicated()]
    if len(absent) or len(strangers):
        found = [f"absent are {listed(absent)}"] if len(absent) else []
        found += [f"not known, or repeated, are {listed(strangers)}"] if len(strangers) else []
        msg = f"{name} must have one column for each of the {what}: {', '.join(found)}"
        raise DataError(msg)
    return table[list(wanted)]


def numbers_of(
    table: pd.DataFrame,
    name: str,
    what: str,
    least: float = 0.0,
    most: float = float("inf"),
    *,
    above: bool = False,
    below: bool = False,
) -> Floats:
    """Read a table of numbers.

    Parameters
    ----------
    table : DataFrame
        With columns of different names.
    name, what : str
        Of the argument, and what its numbers say, for refusals.
    least, most : float
        Their range; infinite numbers are refused.
    above, below : bool
        Whether `least` itself is refused, and `most`.

    Returns
    -------
    ndarray of shape (rows, columns)

    Raises
    ------
    DataError
        If numbers are missing or out of their range; says where.
    """
    if not table.shape[1]:
        msg = f"{name} has no columns: give {what}"
        raise DataError(msg)
    values = np.stack([column_of_numbers(table, column, table.index) for column in table.columns], axis=1)
    enough, few = values > least if above else values >= least, values < most if below else values <= most
    fine = np.isfinite(values) & enough & few
    if not fine.all():
        row, column = np.argwhere(~fine)[0]
        at: tuple[Hashable, ...] = (table.index[row], table.columns[column])[: 1 + (table.shape[1] > 1)]
        limits = f"{'above' if above else 'from'} {least:g}" if np.isfinite(least) else "a number"
        limits += f" {'and below' if below else 'to'} {most:g}" if np.isfinite(most) else ""
        msg = (
            f"{name} must be {what}, {limits}; it is {values[row, column]} for {listed(at)} "
            f"({int((~fine).sum())} such in all)"
        )
        raise DataError(msg)
    return values
