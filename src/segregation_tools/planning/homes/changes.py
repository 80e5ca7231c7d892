"""What is done to homes, read from the rows of a table: built, demolished, or let under another tenure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, listed
from segregation_tools.population.columns import check_one_column, check_one_row, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.homes.mixes import Mixes
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Codes = NDArray[np.intp]

__all__ = ["Changes", "Pool", "read_changes"]

NEEDED = ("unit", "homes", "tenure")
MOST = 1e6  # homes in a row; who says more means something else
WHOLE = 1e-6  # a count that is farther from a whole number is none


@dataclass(frozen=True, eq=False)
class Pool:
    """Homes of a unit, and of one tenure where that is known, of which some are vacated.

    Attributes
    ----------
    unit : int
        Position of the unit.
    tenure : int
        Position of the tenure; −1 where it is not known who lives in homes of which.
    homes : int
        How many homes there are, or as many as the residents fill.
    sizes, chances : ndarray of shape (sizes,)
        How many persons live in an inhabited one, and how often.
    rows : ndarray of int
        Which of the vacated lots are taken from these homes, one after the other.
    """

    unit: int
    tenure: int
    homes: int
    sizes: Floats
    chances: Floats
    rows: Codes


@dataclass(frozen=True, eq=False)
class Changes:
    """Changes of homes, those that are alike added up: in one order, whatever that of the rows.

    Attributes
    ----------
    built : tuple of three ndarrays of int, shape (lots,)
        Unit, tenure and number of homes into which households of the tenure move.
    vacated : tuple of three ndarrays of int, shape (lots,)
        Unit, unit where the displaced are rehoused (−1: they leave the area), and number of homes.
    pools : tuple of Pool
        The homes from which vacated ones are taken.
    shares : dict of int to ndarray of shape (groups, tenures)
        Of units whose homes are known by tenure: chance that one of a group lives in a home of each tenure.
    """

    built: tuple[Codes, Codes, Whole]
    vacated: tuple[Codes, Codes, Whole]
    pools: tuple[Pool, ...]
    shares: dict[int, Floats]


def read_changes(pop: Population, changes: Any, mixes: Mixes, stock: Any) -> Changes:
    """Read a table of changes.

    Parameters
    ----------
    pop : Population
        Who lives where today.
    changes : DataFrame
        See `what_if`.
    mixes : Mixes
        Who lives in homes of each tenure.
    stock : DataFrame or None
        Unit × tenure: homes of today.

    Returns
    -------
    Changes

    Raises
    ------
    DataError
        Naming the rows that cannot be read, or contradict themselves, one another or the people there are.
    """
    _check_columns(changes)
    rows = changes.index
    unit = _units(pop, changes["unit"], "unit", rows)
    tenure = mixes.position(pd.Index(changes["tenure"], tupleize_cols=False), "changes", rows)
    homes = _homes(changes)
    before, goes = np.full(len(rows), -1), np.full(len(rows), -1)
    if "from_tenure" in changes:
        given = changes["from_tenure"].notna().to_numpy()
        before[given] = mixes.position(
            pd.Index(changes["from_tenure"][given], tupleize_cols=False), "changes", rows[given]
        )
    if "to" in changes:
        given = changes["to"].notna().to_numpy()
        goes[given] = _units(pop, changes["to"][given], "to", rows[given])
    _check_rows(rows, homes, tenure, before, goes)
    gone = (homes < 0) | (before >= 0)
    built = _added_up(np.stack([unit, tenure])[:, homes > 0], homes[homes > 0])
    left = np.stack([unit, np.where(before >= 0, before, tenure), goes])[:, gone]
    (where, of, to), many = _added_up(left, np.abs(homes[gone]))
    counts = pop.counts.reshape(len(pop.groups), -1)[:, np.unique(where)]
    _check_whole(pop, np.unique(where), counts)
    known = None if stock is None else _stock(pop, stock, mixes, np.unique(where))
    pools = _pools(pop, where, of, many, mixes, known)
    shares = {} if known is None else {u: _shares(homes_of, mixes) for u, homes_of in known.items()}
    return Changes((*built[0], built[1]), (where, to, many), pools, shares)


def _check_columns(changes: Any) -> None:
    if not isinstance(changes, pd.DataFrame):
        msg = f"changes must be a DataFrame with columns unit, homes and tenure, not {type(changes).__name__}"
        raise DataError(msg)
    absent = [name for name in NEEDED if name not in changes]
    strangers = [name for name in changes if name not in (*NEEDED, "from_tenure", "to")]
    if absent or strangers:
        found = [f"absent are {listed(absent)}"] if absent else []
        found += [f"not known are {listed(strangers)}"] if strangers else []
        msg = f"changes has columns unit, homes, tenure, and may have from_tenure and to: {', '.join(found)}"
        raise DataError(msg)
    check_one_column(changes, changes.columns, "changes")
    if not len(changes):
        msg = "changes has no rows: there is nothing to compare"
        raise DataError(msg)


def _units(pop: Population, labels: pd.Series[Any], name: str, rows: pd.Index[Any]) -> Codes:
    wanted = pd.Index(labels, tupleize_cols=False)
    at = pop.units.to_flat_index().get_indexer(wanted)
    if (at < 0).any():
        msg = (
            f"column {name!r} of changes names units that the population does not have: {listed(wanted[at < 0].unique())} "
            f"in rows {listed(rows[at < 0])}; its units are {listed(pop.units.to_flat_index())}"
        )
        raise DataError(msg)
    return at


def _homes(changes: pd.DataFrame) -> Whole:
    given = numbers_of(changes[["homes"]], "homes of changes", "a number of homes", least=-MOST, most=MOST)[:, 0]
    wrong = (given == 0) | (given != np.rint(given))
    if wrong.any():
        msg = (
            "homes must be whole numbers, above 0 for homes that are built and below for those demolished; rows "
            f"{listed(changes.index[wrong])} have {listed(given[wrong])}"
        )
        raise DataError(msg)
    return given.astype(np.int64)


def _check_rows(rows: pd.Index[Any], homes: Whole, tenure: Codes, before: Codes, goes: Codes) -> None:
    changed = before >= 0
    for wrong, why in (
        (changed & (homes < 0), "homes that change tenure, from_tenure, are a number above 0: they are not demolished"),
        (changed & (before == tenure), "from_tenure and tenure are the same: nothing would change"),
        ((goes >= 0) & (homes > 0) & ~changed, "nobody is displaced by homes that are built: leave `to` empty"),
    ):
        if wrong.any():
            msg = f"rows {listed(rows[wrong])} of changes contradict themselves: {why}"
            raise DataError(msg)


def _added_up(keys: Codes, homes: Whole) -> tuple[Codes, Whole]:
    """Add up homes of the same keys, sorted by them."""
    alike, code = np.unique(keys, axis=1, return_inverse=True)
    return alike, np.bincount(code.reshape(-1), homes, alike.shape[1]).astype(np.int64)


def _check_whole(pop: Population, units: Codes, counts: Floats) -> None:
    part = (np.abs(counts - np.rint(counts)) > WHOLE).any(axis=0)
    if part.any():
        msg = (
            f"only whole people can be displaced; counts of units {listed(pop.units[units[part]])} have parts of people. "
            "Round them: frame[groups].round()"
        )
        raise DataError(msg)


def _stock(pop: Population, stock: Any, mixes: Mixes, units: Codes) -> dict[int, Whole]:
    """Homes of today by tenure, in the order of the mixes, of the units in which homes are vacated."""
    if not isinstance(stock, pd.DataFrame):
        msg = f"stock must be a DataFrame of unit × tenure with the homes of today, not {type(stock).__name__}"
        raise DataError(msg)
    check_one_row(stock.index, "stock")
    columns = mixes.position(pd.Index(stock.columns, tupleize_cols=False), "stock", stock.columns)
    labels = pop.units.to_flat_index()[units]
    at = stock.index.to_flat_index().get_indexer(labels)
    if (at < 0).any():
        msg = f"stock has no row for units in which homes are vacated: {listed(labels[at < 0])}"
        raise DataError(msg)
    homes = numbers_of(stock.iloc[at], "stock", "a number of homes")
    if (homes != np.rint(homes)).any():
        msg = f"stock must be whole homes; rows {listed(labels[(homes != np.rint(homes)).any(axis=1)])} have parts of some"
        raise DataError(msg)
    known = np.zeros((len(units), len(mixes.tenures)), dtype=np.int64)
    known[:, columns] = homes
    return dict(zip(units.tolist(), known, strict=True))


def _shares(homes: Whole, mixes: Mixes) -> Floats:
    """Chance that one of a group lives in a home of each tenure: homes × mean persons of the group, over all tenures.

    A group that no tenure of the unit has on average lives in any of its homes alike.
    """
    persons: Floats = homes * mixes.mean.T
    persons = np.where(persons.sum(axis=1, keepdims=True) > 0, persons, homes * mixes.size)
    total = persons.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(persons, total, out=np.zeros(persons.shape), where=total > 0)
    return shares


def _pools(
    pop: Population, where: Codes, of: Codes, many: Whole, mixes: Mixes, known: dict[int, Whole] | None
) -> tuple[Pool, ...]:
    """Find the homes from which each lot is taken, and refuse to vacate more than there are."""
    people = np.rint(pop.counts.reshape(len(pop.groups), -1).sum(axis=0, dtype=np.float64)).astype(np.int64)
    pools, short = [], []
    for u in np.unique(where).tolist():
        here = np.flatnonzero(where == u)
        if known is None:
            size = float(np.average(mixes.size[of[here]], weights=many[here]))
            homes = max(round(people[u] / size), int(people[u] > 0))
            kinds = [mixes.household_sizes(t) for t in of[here]]
            sizes = np.concatenate([kind for kind, _ in kinds])
            chances = np.concatenate([n * chance for n, (_, chance) in zip(many[here], kinds, strict=True)])
            found = [Pool(u, -1, homes, sizes, chances / chances.sum(), here)]
        else:
            found = [
                Pool(u, int(t), int(known[u][t]), *mixes.household_sizes(int(t)), here[of[here] == t])
                for t in np.unique(of[here])
            ]
            if people[u] and not known[u].any():
                short.append(f"{pop.units[u]!r} has residents and no homes in stock")
        for pool in found:
            if many[pool.rows].sum() > pool.homes:
                tenure = "" if pool.tenure < 0 else f" of tenure {mixes.tenures[pool.tenure]!r}"
                short.append(f"{pop.units[u]!r}: {many[pool.rows].sum()} homes{tenure}, where there are {pool.homes}")
        pools.extend(found)
    if short:
        why = (
            "As many are counted as the residents fill by the mean persons in a home. Where there are more, give the homes "
            "of today by unit and tenure, stock="
            if known is None
            else "Correct the homes, their tenure, or stock="
        )
        msg = f"changes vacate more homes than there are in units {'; '.join(short[:5])}. {why}"
        raise DataError(msg)
    return tuple(pools)
