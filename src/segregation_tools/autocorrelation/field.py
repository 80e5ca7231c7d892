"""Values and who is whose neighbour, read from what is given: a population, a Series, an array, the cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.autocorrelation.neighbours import Cells, Links
from segregation_tools.autocorrelation.rates import empirical_bayes
from segregation_tools.errors import CapabilityError, DataError, GroupError, listed
from segregation_tools.population.adjacency import RULES
from segregation_tools.population.grid import Grid
from segregation_tools.population.options import one_of
from segregation_tools.population.population import Population
from segregation_tools.population.weights import weights_between, within_steps

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography

    Floats = NDArray[np.float64]

__all__ = ["RATES", "Field", "field_of", "field_of_two"]

RATES = ("share", "empirical_bayes")


@dataclass(frozen=True, eq=False)
class Field:
    """One value for each unit, and their neighbours.

    Attributes
    ----------
    given : ndarray of shape (units,) or (rows, cols)
        Values of all units or cells; NaN where there is none.
    neighbours : Links or Cells
        Of the units that have a value.
    index : pandas.Index or None
        Labels of all units; None for cells, which are called by row and column.
    """

    given: NDArray[Any]
    neighbours: Links | Cells
    index: pd.Index[Any] | None

    @cached_property
    def known(self) -> Floats:
        """Values of the units that have one."""
        chosen = self.given.reshape(-1) if self.neighbours.where is None else self.given[self.neighbours.where]
        return chosen.astype(np.float64)

    def placed(self, found: NDArray[Any], nothing: Any = np.nan) -> NDArray[Any]:
        """Lay what was found for units with a value out as they were given.

        Parameters
        ----------
        found : ndarray of shape (units with a value,)
            What was found.
        nothing : object
            For the others.

        Returns
        -------
        ndarray of the shape of `given`
        """
        if self.neighbours.where is None:
            return found.reshape(self.given.shape)
        laid = np.full(self.given.shape, nothing, dtype=found.dtype)
        laid[self.neighbours.where] = found
        return laid

    def refuse_own(self) -> None:
        """Refuse units that are their own neighbours.

        Raises
        ------
        DataError
            Naming them.
        """
        own = self.neighbours.own
        if own.any():
            where = self.placed(own != 0, nothing=False).reshape(-1)
            msg = (
                f"units that are their own neighbours: {listed(self.labels[where])}. Take the diagonal away, "
                "graph.assign_self_weight(0); local_g_star and lee alone read it"
            )
            raise DataError(msg)

    def refuse_negative(self, name: str) -> None:
        """Refuse values below 0.

        Parameters
        ----------
        name : str
            Of the statistic.

        Raises
        ------
        DataError
            Naming the units.
        """
        if self.known.min() < 0:
            where = self.placed(self.known < 0, nothing=False).reshape(-1)
            msg = f"{name} is of values of 0 or more; negative ones stand in rows {listed(self.labels[where])}"
            raise DataError(msg)

    @property
    def labels(self) -> pd.Index[Any]:
        """Labels of all units; those of cells are made when they are asked for."""
        if self.index is not None:
            return self.index
        rows, cols = self.given.shape
        return Grid(rows, cols, None).units


def field_of(values: Any, graph: Any, group: Hashable | None, rates: str = "share") -> Field:
    """Read values and neighbours.

    Parameters
    ----------
    values : Population, Series or ndarray of shape (units,) or (rows, cols)
        Of a population, the share of a group; of a grid with two dimensions, one value a cell, NaN where there is none.
    graph : libpysal Graph or W, DataFrame, sparse matrix, array, Contiguity, or None
        Weights as they are. Of a population or a grid, units that touch, where nothing is given.
    group : hashable or None
        Group of the population; of two, the first where nothing is given.
    rates : {"share", "empirical_bayes"}
        Of a population: shares, or shares less that of the region over their standard error.

    Returns
    -------
    Field

    Raises
    ------
    DataError
        If values are missing or infinite, or labels do not match.
    """
    one_of(rates, "rates", RATES)
    if isinstance(values, Population):
        return _of_population(values, graph, _group(values, group), rates)
    if group is not None or rates != "share":
        msg = "group= and rates= are for populations; values are taken as they are"
        raise CapabilityError(msg)
    numbers = _numbers(values)
    if numbers.ndim == 2:
        return _of_cells(numbers, graph, None)
    if numbers.ndim != 1:
        msg = f"values have the shape (units,), or (rows, cols) on a grid, not {numbers.shape}"
        raise DataError(msg)
    units = values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(numbers))
    if not units.is_unique:
        msg = f"labels that stand more than once: {listed(units[units.duplicated()].unique())}. Give every unit its own"
        raise DataError(msg)
    labelled = isinstance(values, pd.Series) or getattr(graph, "unique_ids", getattr(graph, "id_order", None)) is None
    if graph is None or _touching(graph):
        msg = (
            "who touches whom is not known of values alone: give a graph, libpysal.graph.Graph.build_contiguity(frame), or "
            "the population itself with group="
        )
        raise CapabilityError(msg)
    _refuse_missing(numbers, units)
    return Field(numbers, Links.of(weights_between(graph if labelled else graph.sparse, units), units), units)


def field_of_two(values: Any, others: Any, graph: Any, group: Any, other: Any) -> tuple[Field, Floats]:
    """Read two values a unit, and neighbours; what is missing of one is missing of both.

    Parameters
    ----------
    values, others : Population, Series or ndarray
        See `field_of`; of a population there are no `others`, but an `other` group.
    graph : object
        Weights.
    group, other : hashable or None
        Two groups of a population.

    Returns
    -------
    field : Field
        Of the first.
    others : ndarray of shape (units,)
        The second, of the same units.
    """
    if isinstance(values, Population):
        if others is not None or other is None:
            msg = "of a population, name two groups: group=..., other=..."
            raise GroupError(msg)
        return field_of(values, graph, group), field_of(values, graph, _group(values, other)).known
    if isinstance(values, pd.Series) and isinstance(others, pd.Series):
        if set(values.index) != set(others.index):
            odd = values.index.symmetric_difference(others.index)
            msg = f"the two values are not of the same units: only one has {listed(odd)}"
            raise DataError(msg)
        others = others.reindex(values.index)
    first, second = np.asarray(values), np.asarray(others)
    if first.shape != second.shape:
        msg = f"the two values are not of the same units: shapes {first.shape} and {second.shape}"
        raise DataError(msg)
    if first.ndim == 2:
        nowhere = np.isnan(first) | np.isnan(second)
        first, second = (np.where(nowhere, np.nan, one) for one in (first, second))
        return field_of(first, graph, group), field_of(second, graph, None).known
    return field_of(values, graph, group), field_of(others, graph, None).known


def _group(pop: Population, group: Hashable | None) -> Hashable:
    if group is None and len(pop.groups) == 2:
        first: Hashable = pop.groups[0]
        return first
    if group not in pop.groups:
        msg = f"group must be one of {listed(pop.groups, 20)}, not {group!r}"
        raise GroupError(msg)
    return group


def _of_population(pop: Population, graph: Any, group: Hashable, rates: str) -> Field:
    members, people = pop.counts[pop.groups.index(group)], pop.sizes
    somebody = people > 0
    values = np.full(people.shape, np.nan)
    if rates == "share":
        np.divide(members, people, out=values, where=somebody)
    else:
        values[somebody] = empirical_bayes(members[somebody], people[somebody])
    if values.ndim == 2:
        return _of_cells(values, graph, pop.geography)
    weights = _steps(graph, pop.geography) if graph is None or _touching(graph) else weights_between(graph, pop.units)
    where = None if somebody.all() else somebody
    if where is not None:
        weights = sparse.csr_array(weights[where][:, where])
    return Field(values, Links.of(weights, pop.units if where is None else pop.units[where], where), pop.units)


def _of_cells(values: NDArray[Any], graph: Any, geography: Geography | Grid | None) -> Field:
    from segregation_tools.kernels.grids.cells import total_of

    rule, order = getattr(graph, "rule", "queen"), getattr(graph, "order", 1)
    where, total = None, total_of(values) if values.size else np.nan
    if not np.isfinite(total):
        if np.isinf(values).any():
            infinite = np.isinf(values).reshape(-1)
            cells = Grid(values.shape[0], values.shape[1], None).labels(infinite)
            msg = f"values are infinite in cells {listed(cells)}. Correct them"
            raise DataError(msg)
        where = ~np.isnan(values)
        if not where.any():
            msg = "no cell has a value"
            raise DataError(msg)
    if graph is None or (_touching(graph) and order == 1):
        return Field(values, Cells(values.shape, one_of(rule, "rule", RULES) == "queen", total, where), None)
    geography = geography or Grid(values.shape[0], values.shape[1], None)
    weights = _steps(graph, geography) if _touching(graph) else weights_between(graph, pd.RangeIndex(values.size))
    if where is not None:
        inside = where.reshape(-1)
        weights = sparse.csr_array(weights[inside][:, inside])
    labels = geography.units if where is None else geography.units[where.reshape(-1)]
    return Field(values, Links.of(weights, labels, where), None)


def _touching(graph: Any) -> bool:
    """Whether a recipe is given, such as `Contiguity`, that says which units touch."""
    return all(hasattr(graph, name) for name in ("rule", "order", "tolerance"))


def _steps(graph: Any, geography: Geography | Grid) -> sparse.csr_array:
    touching = geography.adjacency(getattr(graph, "rule", "queen"), getattr(graph, "tolerance", 0.0))
    order = int(getattr(graph, "order", 1))
    if order == 1:
        return touching
    reached = within_steps(touching, order)
    reached.setdiag(0)
    reached.eliminate_zeros()
    return reached


def _numbers(values: Any) -> NDArray[Any]:
    """Take values as numbers; missing ones, of whatever type, are NaN."""
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "buif":
        try:
            series = isinstance(values, pd.Series)
            numbers = values.to_numpy(np.float64, na_value=np.nan) if series else numbers.astype(np.float64)
        except (TypeError, ValueError) as text:
            msg = f"values must be numbers, not {numbers.dtype}"
            raise DataError(msg) from text
    return numbers


def _refuse_missing(numbers: NDArray[Any], units: pd.Index[Any]) -> None:
    wrong = ~np.isfinite(numbers.astype(np.float64))
    if wrong.any():
        msg = (
            f"values are missing or infinite in rows {listed(units[wrong])}. Drop those rows from values and graph: "
            "values.dropna(), and a graph built on the rows that are left"
        )
        raise DataError(msg)
