"""Values and who is whose neighbour, read from what is given: a population, a Series, an array, the cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.autocorrelation.neighbours import Cells, Links
from segregation_tools.autocorrelation.numbers import numbers_of, within_range
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
    from scipy.sparse import csr_array

    from segregation_tools.population.geography import Geography

    Floats = NDArray[np.float64]

__all__ = ["RATES", "Field", "field_of", "field_of_two", "refuse_population"]

RATES = ("share", "empirical_bayes")
EASY = (1e-50, 1e50)  # sums of values that are numbers, none of them missing, neither very large nor very small


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
    numbers = numbers_of(values)
    if numbers.ndim == 2:
        return _of_cells(numbers, graph, None)
    if numbers.ndim != 1:
        msg = f"values have the shape (units,), or (rows, cols) on a grid, not {numbers.shape}"
        raise DataError(msg)
    units = values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(numbers))
    if not len(units):
        msg = "there are no values: statistics need two units or more"
        raise DataError(msg)
    _refuse_twice(units)
    if graph is None or _touching(graph):
        msg = (
            "who touches whom is not known of values alone: give a graph, libpysal.graph.Graph.build_contiguity(frame), or "
            "the population itself with group="
        )
        raise CapabilityError(msg)
    _refuse_missing(numbers, units)
    weights = weights_between(graph, units) if isinstance(values, pd.Series) else _in_order(graph, units)
    return Field(within_range(numbers), Links.of(weights, units), units)


def refuse_population(values: Any, name: str) -> None:
    """Refuse a population where values are 0 or 1.

    Parameters
    ----------
    values : object
        What was given.
    name : str
        Of the statistic.

    Raises
    ------
    CapabilityError
        If it is a population.
    """
    if isinstance(values, Population):
        msg = (
            f"{name} are of values that are 0 or 1, not of a population. Say what counts, and give a graph: "
            "(share > share.median()).astype(int)"
        )
        raise CapabilityError(msg)


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
        if graph is None and _like_a_graph(others):
            graph, others = others, None
        if others is not None or other is None:
            msg = "of a population, name two groups, group=..., other=..., and give nothing else but a graph"
            raise GroupError(msg)
        return field_of(values, graph, group), field_of(values, graph, _group(values, other)).known
    if other is not None:
        msg = "group= and other= are for populations; of values, give the two variables"
        raise CapabilityError(msg)
    if others is None:
        msg = "two variables are compared, and one is given: values, others, graph"
        raise DataError(msg)
    first, second = numbers_of(values), numbers_of(others, "others")
    if isinstance(values, pd.Series) and isinstance(others, pd.Series):
        _refuse_twice(values.index)
        _refuse_twice(others.index)
        if set(values.index) != set(others.index):
            odd = values.index.symmetric_difference(others.index)
            msg = f"the two values are not of the same units: only one has {listed(odd)}"
            raise DataError(msg)
        second = second[others.index.get_indexer(values.index)]
    if first.shape != second.shape:
        msg = f"the two values are not of the same units: shapes {first.shape} and {second.shape}"
        raise DataError(msg)
    if first.ndim == 2:
        nowhere = np.isnan(first) | np.isnan(second)
        first, second = (np.where(nowhere, np.nan, one) for one in (first, second))
        return field_of(first, graph, group), _of_cells(second, None, None).known
    if isinstance(others, pd.Series) and not isinstance(values, pd.Series):
        values = pd.Series(first, index=others.index)
    read = field_of(values, graph, group)
    _refuse_missing(second, read.labels)
    return read, within_range(second).astype(np.float64)


def _refuse_twice(units: pd.Index[Any]) -> None:
    if not units.is_unique:
        msg = f"labels that stand more than once: {listed(units[units.duplicated()].unique())}. Give every unit its own"
        raise DataError(msg)


def _labels_of(graph: Any) -> pd.Index[Any] | None:
    """Labels of a graph or a frame of weights; None of a matrix."""
    if isinstance(graph, pd.DataFrame):
        return graph.index
    labels = getattr(graph, "unique_ids", getattr(graph, "id_order", None))
    return None if labels is None else pd.Index(labels)


def _like_a_graph(graph: Any) -> bool:
    return graph is not None and (_touching(graph) or sparse.issparse(graph) or _labels_of(graph) is not None)


def _in_order(graph: Any, units: pd.Index[Any]) -> csr_array:
    """Weights between units that have no labels: in the order of the graph."""
    labels = _labels_of(graph)
    if labels is None:
        return weights_between(graph, units)
    if len(labels) != len(units):
        msg = f"the weights are of {len(labels)} units, the values of {len(units)}"
        raise DataError(msg)
    return weights_between(graph, labels)


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
    if graph is None or _touching(graph):
        weights = _steps(
            graph, pop.geography.adjacency(getattr(graph, "rule", "queen"), getattr(graph, "tolerance", 0.0))
        )
    else:
        weights = weights_between(graph, pop.units)
    where = None if somebody.all() else somebody
    if where is not None:
        weights = sparse.csr_array(weights[where][:, where])
    return Field(values, Links.of(weights, pop.units if where is None else pop.units[where], where), pop.units)


def _of_cells(values: NDArray[Any], graph: Any, geography: Geography | Grid | None) -> Field:
    from segregation_tools.kernels.grids.cells import total_of

    rule, order = getattr(graph, "rule", "queen"), getattr(graph, "order", 1)
    pivot = float(values[0, 0]) if values.size else np.nan
    where, total = None, total_of(values, pivot) if values.size else np.nan
    if not np.isfinite(total):
        where = _there(values)
    if where is not None:
        pivot = float(values.reshape(-1)[where.argmax()])
        total = total_of(values, pivot, holes=True)
    if not EASY[0] < abs(total) < EASY[1]:
        values = within_range(values)
        pivot = float(values.reshape(-1)[0 if where is None else where.argmax()])
        total = total_of(values, pivot, holes=where is not None)
    if graph is None or (_touching(graph) and order == 1):
        return Field(values, Cells(values.shape, one_of(rule, "rule", RULES) == "queen", pivot, total, where), None)
    grid = geography or Grid(values.shape[0], values.shape[1], None)
    inside = None if where is None else where.reshape(-1)
    labels = grid.units if inside is None else grid.units[inside]
    if _touching(graph):
        touching = grid.adjacency(rule, getattr(graph, "tolerance", 0.0))
        if (
            geography is None and inside is not None
        ):  # where there is no cell, no way leads; one without residents is there
            return Field(values, Links.of(_steps(graph, touching[inside][:, inside]), labels, where), None)
        weights = _steps(graph, touching)
    else:
        weights = _between_cells(graph, grid, labelled=geography is not None)
    if inside is not None:
        weights = sparse.csr_array(weights[inside][:, inside])
    return Field(values, Links.of(weights, labels, where), None)


def _there(values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which cells there are; None for all."""
    if np.isinf(values).any():
        cells = Grid(values.shape[0], values.shape[1], None).labels(np.isinf(values).reshape(-1))
        msg = f"values are infinite in cells {listed(cells)}. Correct them"
        raise DataError(msg)
    where: NDArray[np.bool_] = ~np.isnan(values)
    if not where.any():
        msg = "no cell has a value"
        raise DataError(msg)
    return None if where.all() else where


def _between_cells(graph: Any, grid: Geography | Grid, *, labelled: bool) -> csr_array:
    """Weights between cells, called by row and column or numbered from 0; in the order of the graph where they are not."""
    labels = _labels_of(graph)
    numbered = pd.RangeIndex(len(grid.units))
    if labels is not None and set(labels) == set(grid.units):
        return weights_between(graph, grid.units)
    if labelled or labels is None or set(labels) == set(numbered):
        return weights_between(graph, numbered)
    return _in_order(graph, numbered)


def _touching(graph: Any) -> bool:
    """Whether a recipe is given, such as `Contiguity`, that says which units touch."""
    return all(hasattr(graph, name) for name in ("rule", "order", "tolerance"))


def _steps(graph: Any, touching: csr_array) -> csr_array:
    order = int(getattr(graph, "order", 1))
    if order == 1:
        return touching
    reached = within_steps(sparse.csr_array(touching), order)
    reached.setdiag(0)
    reached.eliminate_zeros()
    return reached


def _refuse_missing(numbers: NDArray[Any], units: pd.Index[Any]) -> None:
    wrong = ~np.isfinite(numbers.astype(np.float64))
    if wrong.any():
        msg = (
            f"values are missing or infinite in rows {listed(units[wrong])}. Drop those rows from values and graph: "
            "values.dropna(), and a graph built on the rows that are left"
        )
        raise DataError(msg)
