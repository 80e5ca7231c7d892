"""Weights between units that are given: a libpysal graph, or any sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.errors import DataError, listed
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["BoundWeights", "Neighbours", "with_self"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Residents of a unit meet the people of other units, as often as weights say that are given.

    Parameters
    ----------
    graph : libpysal Graph or W, DataFrame, sparse matrix or array, of shape (units, units)
        Row i holds how much the people of each unit count for the residents of i. A graph or frame is matched by its labels,
        a matrix taken in the order of the units. Whether rows add up to one does not matter.
    self_weight : float, optional
        How much the people of one's own unit count. Without it the diagonal stays as it is given: in most graphs it is
        empty, so that nobody meets those of their own unit.

    Raises
    ------
    DataError
        If a unit is missing, labels do not match, or weights are negative or missing.

    Examples
    --------
    >>> import numpy as np
    >>> pop = sgt.Population([[90, 10, 0], [10, 90, 100]], groups=["a", "b"])
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> pop.within(Neighbours(chain, self_weight=1)).environment
    array([[100., 100.,  10.],
           [100., 200., 190.]])
    """

    graph: Any = field(repr=False)
    self_weight: float | None = None

    def __post_init__(self) -> None:
        if self.self_weight is not None:
            real_number(self.self_weight, "self_weight", 0, "a weight")

    def __str__(self) -> str:
        return "the people of other units, as often as given weights say"

    def on(self, geography: Geography | Grid) -> BoundWeights:
        """Match the weights with the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundWeights
        """
        weights = _matrix(self.graph, geography.units)
        _check_weights(weights, geography.units)
        return BoundWeights(weights if self.self_weight is None else with_self(weights, self.self_weight))


def _is_matrix(weights: Any) -> bool:
    return getattr(weights, "ndim", 0) == 2 and (sparse.issparse(weights) or isinstance(weights, np.ndarray))


def _matrix(graph: Any, units: pd.Index[Any]) -> sparse.csr_array:
    labels = getattr(graph, "unique_ids", getattr(graph, "id_order", None))
    weights: Any = graph if labels is None else graph.sparse
    if isinstance(graph, pd.DataFrame):
        if not graph.index.is_unique or set(graph.index) != set(graph.columns):
            msg = "a frame of weights has every unit once as a row and once as a column"
            raise DataError(msg)
        labels, weights = graph.index, graph[graph.index].to_numpy()
    size = len(units)
    if not _is_matrix(weights):
        msg = f"weights are a libpysal graph, a DataFrame, a sparse matrix or an array, not {type(graph).__name__}"
        raise DataError(msg)
    if weights.dtype.kind not in "buif":
        msg = f"weights must be numbers, not {weights.dtype}"
        raise DataError(msg)
    if labels is None and weights.shape != (size, size):
        msg = f"weights between {size} units have the shape ({size}, {size}), not {weights.shape}"
        raise DataError(msg)
    matrix = sparse.csr_array(weights, dtype=np.float64, copy=True)
    if labels is None:
        return matrix
    place = pd.Index(labels).get_indexer(units)
    if (place < 0).any() or len(labels) != size:
        absent, surplus = units[place < 0], pd.Index(labels).difference(units, sort=False)
        msg = (
            f"the weights and the population are not of the same units; without weights: {listed(absent) or 'none'}; "
            f"only in the weights: {listed(surplus) or 'none'}. Make them on the frame of the population"
        )
        raise DataError(msg)
    return sparse.csr_array(matrix[place][:, place])


def _check_weights(weights: sparse.csr_array, units: pd.Index[Any]) -> None:
    wrong = ~(np.isfinite(weights.data) & (weights.data >= 0))
    if wrong.any():
        rows = np.unique(np.repeat(np.arange(len(units)), np.diff(weights.indptr))[wrong])
        msg = f"weights must be 0 or more; negative or missing ones stand in rows {listed(units[rows])}"
        raise DataError(msg)


def with_self(weights: sparse.csr_array, weight: float) -> sparse.csr_array:
    """Let the people of one's own unit count so much.

    Parameters
    ----------
    weights : csr_array of shape (units, units)
        Not changed.
    weight : float
        0 or more.

    Returns
    -------
    csr_array
    """
    own = sparse.diags_array(weight - weights.diagonal())
    return sparse.csr_array(weights + own)


@dataclass(frozen=True, eq=False)
class BoundWeights:
    """Weights between the units of a population."""

    weights: sparse.csr_array
    linear = True

    @property
    def includes_self(self) -> bool:
        """Whether the people of one's own unit count once."""
        return bool((self.weights.diagonal() == 1).all())

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once."""
        met = self.weights @ np.ascontiguousarray(counts.reshape(len(counts), -1).T, dtype=np.float64)
        yield slice(None), np.ascontiguousarray(met.T).reshape(counts.shape)
