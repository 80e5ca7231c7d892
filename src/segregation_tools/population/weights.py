"""Weights between units, read from whatever they are given as: one reader for environments and autocorrelation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.errors import DataError, listed

__all__ = ["weights_between", "within_steps"]


def weights_between(graph: Any, units: pd.Index[Any]) -> sparse.csr_array:
    """Match weights with units.

    Parameters
    ----------
    graph : libpysal Graph or W, DataFrame, sparse matrix or array, of shape (units, units)
        A graph or frame is matched by its labels, a matrix taken in the order of the units.
    units : pandas.Index
        Labels of the units.

    Returns
    -------
    csr_array of shape (units, units)
        A copy, in the order of the units, every link once, without explicit zeros.

    Raises
    ------
    DataError
        If a unit is missing, labels do not match, or weights are negative or missing.
    """
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
    matrix.sum_duplicates()
    if labels is None:
        return _checked(matrix, units)
    place = pd.Index(labels).get_indexer(units)
    if (place < 0).any() or len(labels) != size:
        absent, surplus = units[place < 0], pd.Index(labels).difference(units, sort=False)
        msg = (
            f"the weights and the values are not of the same units; without weights: {listed(absent) or 'none'}; "
            f"only in the weights: {listed(surplus) or 'none'}. Make them on the frame that holds the values"
        )
        raise DataError(msg)
    return _checked(sparse.csr_array(matrix[place][:, place]), units)


def within_steps(touching: sparse.csr_array, order: int) -> sparse.csr_array:
    """Link each unit with itself and with whom it reaches in so many steps.

    Parameters
    ----------
    touching : csr_array of shape (units, units)
        Links of one step.
    order : int
        Steps, 1 or more.

    Returns
    -------
    csr_array
        1 where there is a way.
    """
    one_step = sparse.csr_array(touching + sparse.diags_array(1 - touching.diagonal()))
    reached = one_step
    for _ in range(1, order):
        farther = reached @ one_step
        if farther.nnz == reached.nnz:
            break  # whoever can be reached is
        farther.data[:] = 1
        reached = farther
    return reached


def _is_matrix(weights: Any) -> bool:
    return getattr(weights, "ndim", 0) == 2 and (sparse.issparse(weights) or isinstance(weights, np.ndarray))


def _checked(weights: sparse.csr_array, units: pd.Index[Any]) -> sparse.csr_array:
    if not weights.nnz or (weights.data.min() > 0 and weights.data.max() < np.inf):
        return weights
    wrong = ~(np.isfinite(weights.data) & (weights.data >= 0))
    if wrong.any():
        rows = np.unique(np.repeat(np.arange(len(units)), np.diff(weights.indptr))[wrong])
        msg = f"weights must be 0 or more; negative or missing ones stand in rows {listed(units[rows])}"
        raise DataError(msg)
    weights.eliminate_zeros()
    return weights
