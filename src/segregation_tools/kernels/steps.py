"""Steps between the nodes of a graph, by breadth-first search from each, without a matrix of distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["steps_to_stronger"]

CHUNK = 64


def steps_to_stronger(starts: NDArray[Any], ends: NDArray[Any], order: NDArray[np.intp]) -> NDArray[np.int64]:
    """Add up, for each of some nodes, the steps to all that come before it.

    Parameters
    ----------
    starts, ends : ndarray of int
        Compressed rows of a symmetric graph.
    order : ndarray of int
        Some of its nodes, from first to last.

    Returns
    -------
    ndarray of int, the shape of `order`
        −1 where one of those before cannot be reached.
    """
    nodes = len(starts) - 1
    rank = np.full(nodes, len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    sums = np.zeros(len(order), dtype=np.int64)
    graph = starts.astype(np.int64), ends.astype(np.int64)
    in_chunks(lambda first, last: _steps(*graph, order, rank, first, last, sums), len(order), CHUNK)
    return sums


@compiled
def _steps(
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    order: NDArray[np.intp],
    rank: NDArray[np.int64],
    first: int,
    last: int,
    sums: NDArray[np.int64],
) -> None:
    nodes = len(starts) - 1
    seen, queue, steps = np.full(nodes, -1), np.empty(nodes, dtype=np.int64), np.empty(nodes, dtype=np.int64)
    for r in range(first, last):
        source = order[r]
        seen[source] = r
        queue[0], steps[source] = source, 0
        head, tail, found, total = 0, 1, 0, 0
        while head < tail and found < r:
            node = queue[head]
            head += 1
            for e in range(starts[node], starts[node + 1]):
                other = ends[e]
                if seen[other] != r:
                    seen[other] = r
                    steps[other] = steps[node] + 1
                    queue[tail] = other
                    tail += 1
                    if rank[other] < r:
                        found += 1
                        total += steps[other]
        sums[r] = total if found == r else -1
