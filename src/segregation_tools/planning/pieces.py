"""Pieces of zones: which blocks hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.planning.problem import Problem

    Codes = NDArray[np.intp]

__all__ = ["joining", "pieces", "pieces_of", "strays"]


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
    return pieces_of(joining(problem, left_out), zone, left_out, zones or len(problem.schools))


def pieces_of(joins: csr_array, zone: Codes, left_out: Codes, zones: int) -> tuple[Codes, Codes]:
    """Find the pieces of zones, where it is known what joins; see `pieces`.

    Parameters
    ----------
    joins : csr_array of shape (blocks, blocks)
        From `joining`.
    zone, left_out, zones
        As in `pieces`.

    Returns
    -------
    piece, many : ndarray of int
        As `pieces` gives them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array(joins)
    a, b = edges.coords
    same = zone[a] == zone[b]
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=edges.shape)
    _, piece = connected_components(graph, directed=False)
    counted = np.setdiff1d(np.arange(len(zone)), left_out)
    pairs = np.unique(zone[counted] * np.int64(len(zone)) + piece[counted])
    whose = pairs // len(zone)
    many = np.bincount(whose[whose >= 0], minlength=zones)
    return piece.astype(np.intp), many.astype(np.intp)


def strays(zone: Codes, piece: Codes, many: Codes, most: Codes, stands: Codes, left_out: Codes) -> dict[int, Codes]:
    """Find the blocks that are cut off from their zone: in other pieces than that of the school, and the largest.

    Parameters
    ----------
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    piece, many : ndarray of int
        From `pieces`.
    most : ndarray of int, shape (schools,)
        How many pieces each zone may have.
    stands : ndarray of int, shape (schools,)
        Block in which each school stands, −1 where that is unknown.
    left_out : ndarray of int
        Blocks that are exempt.

    Returns
    -------
    dict of int to ndarray of int
        By school with too many pieces, the blocks outside those that it may keep.
    """
    exempt = np.isin(np.arange(len(zone)), left_out)
    found = {}
    for school in np.flatnonzero(many > most).tolist():
        mine = np.flatnonzero((zone == school) & ~exempt)
        sizes = np.bincount(piece[mine], minlength=len(zone))
        stand = stands[school]
        if stand >= 0 and zone[stand] == school and not exempt[stand]:
            sizes[piece[stand]] = len(zone) + 1
        kept = np.argsort(-sizes, kind="stable")[: most[school]]
        found[school] = mine[~np.isin(piece[mine], kept)]
    return found
