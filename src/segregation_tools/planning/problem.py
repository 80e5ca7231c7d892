"""A school district as it is read: pupils, schools, today's zones, travel, and which blocks touch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, listed
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.population.population import Population, as_population
from segregation_tools.population.reading import column_of_numbers, labels_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["TOUCHING", "Problem", "read_problem"]

TOUCHING = 1.0  # metres that borders may lie apart
TINY = 1e-9  # pupils: blocks without any count by their ways alone


@dataclass(frozen=True, eq=False)
class Problem:
    """A district, checked once.

    Attributes
    ----------
    pupils : Population
        Who lives in each block.
    schools : pandas.Index
        Open schools.
    today : pandas.Index, of length blocks
        School of each block today, which may close.
    current : ndarray of int, shape (blocks,)
        Its position; −1 where it closes.
    minutes : ndarray of shape (blocks, schools)
        How long the way is.
    stands : ndarray of int, shape (schools,)
        Position of the block in which each school stands; −1 where that is unknown.
    table : DataFrame
        What else is known of the schools, on `schools`.
    adjacency : csr_array of shape (blocks, blocks)
        Which blocks touch.
    """

    pupils: Population
    schools: pd.Index[Any]
    today: pd.Index[Any]
    current: Codes
    minutes: Floats
    stands: Codes
    table: pd.DataFrame
    given: csr_array | None

    @cached_property
    def counts(self) -> Floats:
        """Pupils, (groups, blocks)."""
        return self.pupils.counts.reshape(len(self.pupils.groups), -1).astype(np.float64)

    @cached_property
    def sizes(self) -> Floats:
        """Pupils of all groups in each block."""
        sizes: Floats = self.counts.sum(axis=0)
        return sizes

    @cached_property
    def share(self) -> Floats:
        """Share of all pupils who live in each block."""
        share: Floats = self.sizes / self.sizes.sum()
        return share

    @cached_property
    def adjacency(self) -> csr_array:
        """Which blocks share a border."""
        if self.given is not None:
            return self.given
        return self.pupils.geography.adjacency("rook", TOUCHING)

    @cached_property
    def _by_tolerance(self) -> dict[float, Problem]:
        return {TOUCHING: self}

    def touching(self, tolerance: float) -> Problem:
        """Return the district with borders that may lie so far apart.

        Parameters
        ----------
        tolerance : float
            In metres; an adjacency that was given stays.

        Returns
        -------
        Problem
        """
        if self.given is not None:
            return self
        known = self._by_tolerance
        if tolerance not in known:
            known[tolerance] = replace(self, given=self.pupils.geography.adjacency("rook", tolerance))
        return known[tolerance]

    @property
    def blocks(self) -> pd.Index[Any]:
        """Labels of the blocks."""
        return self.pupils.units

    def rolls(self, zone: Codes) -> Floats:
        """Count the pupils of each school.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block; −1 for none.

        Returns
        -------
        ndarray of shape (schools,)
        """
        return self.by_school(zone).sum(axis=0)  # type: ignore[no-any-return]

    def by_school(self, zone: Codes) -> Floats:
        """Count the pupils of each school by group.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block; −1 for none.

        Returns
        -------
        ndarray of shape (groups, schools)
        """
        there = zone >= 0
        rolls = [np.bincount(zone[there], row[there], len(self.schools)) for row in self.counts]
        return np.stack(rolls).astype(np.float64)

    def joined(self, parts: Codes, touching: csr_array | None) -> Problem:
        """Take blocks together.

        Parameters
        ----------
        parts : ndarray of int, shape (blocks,)
            From 0: number of the unit of each block.
        touching : csr_array of shape (blocks, blocks), optional
            Which blocks touch, if that matters.

        Returns
        -------
        Problem
            With a row for each unit, named by its first block; its way is the mean over its pupils, its school of today
            −1 where blocks differ in it.
        """
        from scipy.sparse import csr_array

        size, first = int(parts.max()) + 1, np.unique(parts, return_index=True)[1]
        if size == len(parts):
            return self
        sums = csr_array((np.ones(len(parts)), (parts, np.arange(len(parts)))))
        weights = np.maximum(self.sizes, TINY)
        minutes = sum_by_code(self.minutes.T * weights, parts, size) / sum_by_code(weights[np.newaxis], parts, size)
        same = np.bincount(parts, self.current == self.current[first][parts], size) == np.bincount(parts)
        return Problem(
            Population(sum_by_code(self.counts, parts, size), self.pupils.groups, units=self.blocks[first]),
            self.schools,
            self.today[first],
            np.where(same, self.current[first], -1),
            np.ascontiguousarray(minutes.T),
            np.where(self.stands >= 0, parts[self.stands], -1),
            self.table,
            None if touching is None else _without_loops(csr_array(sums @ touching @ sums.T)),
        )

    def schools_of(self, zone: Codes) -> Population:
        """Take schools as units: their pupils are who meets.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Returns
        -------
        Population
        """
        return Population(self.by_school(zone), self.pupils.groups, units=self.schools)


def read_problem(
    pupils: Population | pd.DataFrame,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[[Population, pd.DataFrame], pd.DataFrame],
    adjacency: Any = None,
) -> Problem:
    """Match pupils, zones, schools and travel with each other.

    Parameters
    ----------
    pupils : Population
        Pupils by group in each block.
    current : Series on the units
        School of each block today.
    schools : DataFrame
        Index: school; `block` in which it stands, which may be missing; `open`, where some close.
    travel : DataFrame of blocks × schools, or callable
        Minutes; or ``travel(pupils, schools)``, which gives them.
    adjacency : sparse matrix or libpysal Graph, optional
        Which blocks touch; from their geometry without.

    Returns
    -------
    Problem

    Raises
    ------
    DataError
        Naming the blocks or schools that do not match, and the mend.
    """
    pupils = as_population(pupils)
    if pupils.surroundings is not None:
        msg = "pupils meet those of their school: leave out within(...)"
        raise CapabilityError(msg)
    if not isinstance(schools, pd.DataFrame) or not len(schools) or not schools.index.is_unique:
        msg = "schools must be a DataFrame with one row a school, labelled by its index"
        raise DataError(msg)
    if isinstance(schools.index, pd.MultiIndex):
        msg = "schools are labelled by several columns: take one, schools.index = schools.index.map('/'.join)"
        raise DataError(msg)
    if pupils.stated_total is not None and pupils.with_rest() is not pupils:
        msg = (
            "some pupils belong to none of the groups, but sit in schools too: read them as a group, pupils.with_rest()"
        )
        raise CapabilityError(msg)
    said = schools["open"] if "open" in schools else pd.Series(True, index=schools.index)
    unclear = [school for school, value in said.items() if not isinstance(value, (bool, np.bool_))]
    if unclear:
        msg = f"'open' must be true or false; it is neither for schools {listed(unclear)}"
        raise DataError(msg)
    is_open = said.to_numpy(dtype=bool)
    if not is_open.any():
        msg = "no school is open"
        raise DataError(msg)
    today = labels_on(pupils.units, current)
    strangers = sorted(set(today) - set(schools.index), key=str)
    if strangers:
        msg = (
            f"current names schools that are not in the index of schools: {listed(strangers)}; schools are "
            f"{listed(schools.index)}. Are ids text in one place and numbers in the other? A school that closes stays in "
            "the table, with open=False"
        )
        raise DataError(msg)
    table = schools[is_open]
    minutes = _minutes(travel(pupils, table) if callable(travel) else travel, pupils.units, table.index)
    stands = _stands(table, pupils.units)
    attended = pd.Index(today, tupleize_cols=False)
    where = table.index.get_indexer(attended)
    return Problem(pupils, table.index, attended, where, minutes, stands, table, _touching(adjacency, pupils.units))


def _minutes(travel: Any, blocks: pd.Index[Any], schools: pd.Index[Any]) -> Floats:
    if not isinstance(travel, pd.DataFrame):
        msg = "travel must be a DataFrame of blocks × schools, in minutes, or a function that gives one"
        raise DataError(msg)
    for what, wanted, found in (("blocks", blocks, travel.index), ("schools", schools, travel.columns)):
        absent = wanted[~wanted.isin(found)]
        if len(absent) or not found.is_unique:
            msg = f"travel must have one row for each block and one column for each school; {what} absent or repeated: "
            msg += listed(absent) if len(absent) else listed(found[found.duplicated()].unique())
            if what == "blocks" and len(absent) == len(wanted) and wanted.equals(pd.RangeIndex(len(wanted))):
                column = found.name or "block"
                msg += f". The blocks have row numbers for labels: read them with frame = frame.set_index({column!r})"
            raise DataError(msg)
    there = travel.loc[blocks, schools]
    minutes = np.stack([column_of_numbers(there, school, blocks) for school in schools], axis=1)
    wrong = ~(np.isfinite(minutes) & (minutes >= 0))
    if wrong.any():
        block, school = np.argwhere(wrong)[0]
        msg = (
            f"travel holds {minutes[block, school]} from block {blocks[block]!r} to school {schools[school]!r} "
            f"({int(wrong.sum())} such in all): give minutes, and forbidden([...]) for ways that nobody can take"
        )
        raise DataError(msg)
    return minutes


def _stands(schools: pd.DataFrame, blocks: pd.Index[Any]) -> Codes:
    """Positions of the blocks in which schools stand."""
    if "block" not in schools:
        return np.full(len(schools), -1)
    named = schools["block"]
    stands = np.where(named.isna(), -1, blocks.get_indexer(pd.Index(named)))
    lost = named[named.notna() & (stands < 0)]
    if len(lost):
        msg = f"schools that stand in no block of the pupils: {listed(zip(lost.index, lost, strict=True))}. Correct 'block'"
        raise DataError(msg)
    shared = named[named.notna() & named.duplicated(keep=False)]
    if len(shared):
        pairs = listed(zip(shared.index, shared, strict=True))
        msg = f"schools that stand in the same block: {pairs}. Leave out the 'block' of one"
        raise DataError(msg)
    return stands.astype(np.intp)


def _touching(adjacency: Any, blocks: pd.Index[Any]) -> csr_array | None:
    """Put a given adjacency in the order of the blocks, make it symmetric, without loops."""
    from scipy.sparse import csr_array, issparse

    if adjacency is None:
        return None
    ordered = getattr(adjacency, "id_order", None)  # of W, the older kind
    labels = adjacency.index if isinstance(adjacency, pd.DataFrame) else getattr(adjacency, "unique_ids", ordered)
    given = adjacency.to_numpy() if isinstance(adjacency, pd.DataFrame) else getattr(adjacency, "sparse", adjacency)
    if not issparse(given) and np.ndim(given) != 2:
        msg = f"adjacency must be a libpysal Graph or a matrix of blocks × blocks, not {type(adjacency).__name__}"
        raise DataError(msg)
    matrix = csr_array(given).astype(np.float64)
    if matrix.shape != (len(blocks), len(blocks)):
        msg = f"adjacency is of {matrix.shape[0]} × {matrix.shape[1]}, there are {len(blocks)} blocks"
        raise DataError(msg)
    if not np.isfinite(matrix.data).all():
        msg = "adjacency holds values that are missing or infinite: give 1 where blocks touch, 0 elsewhere"
        raise DataError(msg)
    if labels is not None:
        order = pd.Index(labels).get_indexer(blocks)
        columns = adjacency.columns if isinstance(adjacency, pd.DataFrame) else labels
        if (order < 0).any() or list(columns) != list(labels):
            msg = f"adjacency must be labelled by the blocks; absent: {listed(blocks[np.flatnonzero(order < 0)]) or 'none'}"
            raise DataError(msg)
        matrix = csr_array(matrix[order][:, order])
    matrix.data = (matrix.data != 0).astype(np.float64)
    return _without_loops(csr_array(matrix + matrix.T))


def _without_loops(matrix: csr_array) -> csr_array:
    """One where blocks touch, none where a block touches itself."""
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    matrix.data[:] = 1
    return matrix
