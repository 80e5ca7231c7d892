"""Pieces of zones: which blocks hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.planning.problem import Problem

    Codes = NDArray[np.intp]

__all__ = ["joining", "pieces"]


def joining(problem: Problem, left_out: Codes) -> csr_array:
    """Say which blocks join a zone to another block; those that are left out join nothing.

    Parameters
    ----------
    problem : Problem
        The district.
    left_out : ndarray of int
        Blocks that are exempt.

    Returns
    -------
    csr_array of shape (blocks, blocks)
    """
    from scipy.sparse import csr_array, diags_array

    counts = np.ones(len(problem.blocks))
    counts[left_out] = 0
    matrix = csr_array(diags_array(counts) @ problem.adjacency @ diags_array(counts))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def pieces(problem: Problem, zone: Codes, left_out: Codes, zones: int | None = None) -> tuple[Codes, Codes]:
    """Find the pieces of zones.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    left_out : ndarray of int
        Blocks that belong to no piece, and join none.
    zones : int, optional
        How many zones there are: the schools, without.

    Returns
    -------
    piece : ndarray of int, shape (blocks,)
        Number of the piece of each block.
    many : ndarray of int, shape (schools,)
        How many pieces each zone has.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array(joining(problem, left_out))
    a, b = edges.coords
    same = zone[a] == zone[b]
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=edges.shape)
    _, piece = connected_components(graph, directed=False)
    counted = np.setdiff1d(np.arange(len(zone)), left_out)
    pairs = np.unique(np.stack([zone[counted], piece[counted]]), axis=1)
    many = np.bincount(pairs[0][pairs[0] >= 0], minlength=zones or len(problem.schools))
    return piece.astype(np.intp), many.astype(np.intp)
