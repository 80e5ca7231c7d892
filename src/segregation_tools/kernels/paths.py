"""Shortest paths on a network, as far as a limit, without a matrix of sources × nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["within_reach"]

CHUNK = 64


def within_reach(
    starts: NDArray[Any],
    ends: NDArray[Any],
    lengths: Floats,
    sources: NDArray[Any],
    reach: float,
    targets: NDArray[Any] | None = None,
) -> tuple[Ints, Ints, Floats]:
    """Find which sources lie within reach of each other on a network, or which targets within reach of each source.

    Parameters
    ----------
    starts, ends, lengths : ndarray
        Compressed rows of a symmetric graph, lengths 0 or more.
    sources : ndarray of int
        Its nodes between which distances are wanted, no node twice.
    reach : float
        How far to search.
    targets : ndarray of int, optional
        Nodes to which distances are wanted, instead of the sources; no node twice.

    Returns
    -------
    one, other : ndarray of int
        Positions in `sources`, and in `targets`, of two that are within reach; a source that is a target is with itself.
    apart : ndarray of float
        Their distance.
    """
    which = np.full(len(starts) - 1, -1, dtype=np.int64)
    found_at = sources if targets is None else targets
    which[found_at] = np.arange(len(found_at))
    graph = starts.astype(np.int64), ends.astype(np.int64), lengths.astype(np.float64)
    found: dict[int, tuple[Ints, Ints, Floats]] = {}

    def work(first: int, last: int) -> None:
        found[first] = _within_reach(*graph, sources.astype(np.int64), which, reach, first, last)

    in_chunks(work, len(sources), CHUNK)
    one, other, apart = (np.concatenate([found[first][part] for first in sorted(found)]) for part in range(3))
    return one, other, apart


@compiled
def _within_reach(
    starts: Ints, ends: Ints, lengths: Floats, sources: Ints, which: Ints, reach: float, first: int, last: int
) -> tuple[Ints, Ints, Floats]:
    """Search from each source with a binary heap; a node is settled when it leaves the heap for the first time."""
    nodes = len(starts) - 1
    settled = np.full(nodes, -1)
    heap, far = np.empty(64, dtype=np.int64), np.empty(64)
    one, other, apart = np.empty(64, dtype=np.int64), np.empty(64, dtype=np.int64), np.empty(64)
    found = 0
    for source in range(first, last):
        heap[0], far[0], size = sources[source], 0.0, 1
        while size:
            node, distance = heap[0], far[0]
            size -= 1
            moved, key, at = heap[size], far[size], 0
            while 2 * at + 1 < size:
                child = 2 * at + 1
                if child + 1 < size and far[child + 1] < far[child]:
                    child += 1
                if far[child] >= key:
                    break
                heap[at], far[at] = heap[child], far[child]
                at = child
            heap[at], far[at] = moved, key
            if settled[node] == source:
                continue
            settled[node] = source
            if which[node] >= 0:
                if found == len(one):
                    one, other, apart = np.append(one, one), np.append(other, other), np.append(apart, apart)
                one[found], other[found], apart[found] = source, which[node], distance
                found += 1
            for e in range(starts[node], starts[node + 1]):
                farther = distance + lengths[e]
                if farther <= reach and settled[ends[e]] != source:
                    if size == len(heap):
                        heap, far = np.append(heap, heap), np.append(far, far)
                    at = size
                    size += 1
                    while at and far[(at - 1) // 2] > farther:
                        heap[at], far[at] = heap[(at - 1) // 2], far[(at - 1) // 2]
                        at = (at - 1) // 2
                    heap[at], far[at] = ends[e], farther
    return one[:found], other[:found], apart[:found]
