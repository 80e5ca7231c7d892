"""Blocks through which every way from a school leads: one alone, or several that share the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int32]
    Marks = NDArray[np.bool_]

__all__ = ["dominators", "separators"]

TINY = 1e-12  # of a flow
ROOM = 64  # places in the list of separators, a node


@compiled
def dominators(starts: Whole, near: Whole, root: int) -> Whole:
    """Find for each node the last one through which all ways from the root to it lead.

    Parameters
    ----------
    starts, near : ndarray of int32
        Compressed rows of a symmetric graph.
    root : int
        Where ways begin.

    Returns
    -------
    ndarray of int32, shape (nodes,)
        The root for the root itself and for what can be reached in two ways that share nothing; −1 where no way leads.

    Notes
    -----
    Depth first, after Hopcroft and Tarjan (1973): a node cuts off what hangs below a child of it in the tree, if nothing
    there touches anything above the node.
    """
    nodes = len(starts) - 1
    found, above = np.full(nodes, -1, dtype=np.int32), np.full(nodes, -1, dtype=np.int32)
    order, low, place = np.empty(nodes, np.int32), np.empty(nodes, np.int32), starts[:-1].copy()
    many, here = 1, np.int64(root)
    found[root], low[root], order[0] = 0, 0, root
    while here >= 0:
        if place[here] < starts[here + 1]:
            there = np.int64(near[place[here]])
            place[here] += 1
            if found[there] < 0:
                found[there] = low[there] = many
                above[there], order[many] = here, there
                many += 1
                here = there
            elif there != above[here]:
                low[here] = min(low[here], found[there])
        else:
            if above[here] >= 0:
                low[above[here]] = min(low[above[here]], low[here])
            here = np.int64(above[here])
    last = np.full(nodes, -1, dtype=np.int32)
    last[root] = root
    for i in range(1, many):
        node, parent = order[i], above[order[i]]
        last[node] = parent if low[node] >= found[parent] else last[parent]
    return last


@compiled
def separators(
    starts: Whole, near: Whole, back: Whole, root: int, weights: Floats, less: float
) -> tuple[Whole, Whole, Whole]:
    """Find nodes that weigh more than all of the nodes that cut them off from the root.

    Parameters
    ----------
    starts, near : ndarray of int32
        Compressed rows of a symmetric graph.
    back : ndarray of int32, shape of near
        Where each arc is found the other way round.
    root : int
        Where ways begin.
    weights : ndarray of shape (nodes,)
        From 0 to 1.
    less : float
        How much less those that cut it off must weigh.

    Returns
    -------
    whose : ndarray of int32, shape (found,)
        Nodes that are cut off; one may come twice, cut off near the root and near itself.
    ends : ndarray of int32, shape (found,)
        Where the list of each ends.
    members : ndarray of int32
        Lists, one after the other: nodes of which none can be left out.
    """
    nodes = len(starts) - 1
    whose, ends = np.empty(2 * nodes, dtype=np.int32), np.empty(2 * nodes, dtype=np.int32)
    members = np.empty(ROOM * nodes, dtype=np.int32)
    through, along = np.zeros(nodes), np.zeros(len(near))
    came, queue = np.empty(2 * nodes, dtype=np.int64), np.empty(2 * nodes, dtype=np.int64)
    solid = _solid(starts, near, root, weights, queue)
    many, end = 0, 0
    for node in np.argsort(-weights):
        if weights[node] <= less:
            break
        if solid[node] or _touches(starts, near, solid, node):
            continue
        if _flow(starts, near, back, solid, weights, node, weights[node] - less, through, along, came, queue):
            continue
        before = np.zeros(nodes, dtype=np.bool_)
        for side in range(2):
            if side == 0:
                cut = (came[0::2] != -1) & (came[1::2] == -1) & ~solid
            else:
                cut = _nearest_cut(starts, near, solid, weights, node, through, along, queue)
            least = _needed(starts, near, root, node, cut, queue)
            if (least == before).all():
                continue
            before, size = least, least.sum()
            if end + size > len(members):
                return whose[:many], ends[:many], members[:end]
            if weights[least].sum() < weights[node] - less:
                members[end : end + size] = np.flatnonzero(least)
                end += size
                whose[many], ends[many] = node, end
                many += 1
    return whose[:many], ends[:many], members[:end]


@inlined
def _solid(starts: Whole, near: Whole, root: int, weights: Floats, queue: Any) -> Marks:
    """Mark what is joined to the root by nodes of full weight."""
    solid = np.zeros(len(starts) - 1, dtype=np.bool_)
    solid[root], queue[0] = True, root
    head, tail = 0, 1
    while head < tail:
        here = queue[head]
        head += 1
        for arc in range(starts[here], starts[here + 1]):
            there = near[arc]
            if not solid[there] and weights[there] >= 1 - TINY:
                solid[there], queue[tail] = True, there
                tail += 1
    return solid


@inlined
def _touches(starts: Whole, near: Whole, marked: Marks, node: Any) -> bool:
    touching = False
    for arc in range(starts[node], starts[node + 1]):
        touching |= marked[near[arc]]
    return touching


@compiled
def _flow(
    starts: Whole,
    near: Whole,
    back: Whole,
    solid: Marks,
    weights: Floats,
    sink: int,
    wanted: float,
    through: Floats,
    along: Floats,
    came: Any,
    queue: Any,
) -> bool:
    """Say whether as much as is wanted flows to a node, through each other one no more than it weighs.

    Shortest ways first (Edmonds and Karp 1972). A node is entered at 2 × its number, and left at 2 × its number + 1; `came`
    tells from where each was reached last, −2 at the beginning, −1 if it was not.
    """
    through[:], along[:] = 0.0, 0.0
    flowing = 0.0
    while flowing < wanted:
        if not _reached(starts, near, back, solid, weights, sink, through, along, came, queue):
            return False
        more, at = np.inf, np.int64(2 * sink)
        while came[at] >= 0:
            more = min(more, _left(starts, near, back, weights, through, along, came[at], at))
            at = came[at]
        at = np.int64(2 * sink)
        while came[at] >= 0:
            before = came[at]
            if before >> 1 == at >> 1:
                through[at >> 1] += more if at & 1 else -more
            else:
                arc = _arc(starts, near, before >> 1, at >> 1)
                if before & 1:
                    along[arc] += more
                else:
                    along[back[arc]] -= more
            at = before
        flowing += more
    return True


@inlined
def _arc(starts: Whole, near: Whole, one: Any, other: Any) -> int:
    found = starts[one]
    while near[found] != other:
        found += 1
    return found  # type: ignore[no-any-return]


@inlined
def _left(
    starts: Whole, near: Whole, back: Whole, weights: Floats, through: Floats, along: Floats, one: Any, other: Any
) -> Any:
    """How much more may flow from one place to the next."""
    a, b = one >> 1, other >> 1
    if a == b:
        room = weights[a] - through[a] if other & 1 else through[a]
    elif one & 1:
        room = np.inf
    else:
        room = along[back[_arc(starts, near, a, b)]]
    return room


@compiled
def _reached(
    starts: Whole,
    near: Whole,
    back: Whole,
    solid: Marks,
    weights: Floats,
    sink: int,
    through: Floats,
    along: Floats,
    came: Any,
    queue: Any,
) -> bool:
    """Search for a way on which more can flow to a node."""
    came[:] = -1
    head, tail = 0, 0
    for node in np.flatnonzero(solid):
        came[2 * node + 1], queue[tail] = -2, 2 * node + 1
        tail += 1
    while head < tail:
        at = queue[head]
        head += 1
        node = at >> 1
        if not solid[node]:
            other = at ^ 1
            room = through[node] if at & 1 else weights[node] - through[node]
            if came[other] == -1 and room > TINY:
                came[other], queue[tail] = at, other
                tail += 1
        for arc in range(starts[node], starts[node + 1]):
            there = near[arc]
            to = 2 * there if at & 1 else 2 * there + 1
            if solid[there] or came[to] != -1 or not (at & 1 or along[back[arc]] > TINY):
                continue
            came[to], queue[tail] = at, to
            tail += 1
            if to == 2 * sink:
                return True
    return False


@compiled
def _nearest_cut(
    starts: Whole,
    near: Whole,
    solid: Marks,
    weights: Floats,
    sink: int,
    through: Floats,
    along: Floats,
    queue: Any,
) -> Marks:
    """Mark the nodes at which a flow to a node is stopped last: what it may leave, and cannot be entered on a way there."""
    leads = np.zeros(2 * len(solid), dtype=np.bool_)
    leads[2 * sink], queue[0] = True, 2 * sink
    head, tail = 0, 1
    while head < tail:
        at = queue[head]
        head += 1
        node = at >> 1
        if node != sink:
            room = weights[node] - through[node] if at & 1 else through[node]
            if not leads[at ^ 1] and room > TINY:
                leads[at ^ 1], queue[tail] = True, at ^ 1
                tail += 1
        for arc in range(starts[node], starts[node + 1]):
            there = near[arc]
            to = 2 * there if at & 1 else 2 * there + 1
            if solid[there] or there == sink or leads[to] or (at & 1 and not along[arc] > TINY):
                continue
            leads[to], queue[tail] = True, to
            tail += 1
    return leads[1::2] & ~leads[0::2]


@compiled
def _needed(starts: Whole, near: Whole, root: int, node: int, cut: Marks, queue: Any) -> Marks:
    """Leave out of a cut what touches only one side of it."""
    for begin in (node, root):
        seen, met = np.zeros(len(cut), dtype=np.bool_), np.zeros(len(cut), dtype=np.bool_)
        seen[begin], queue[0] = True, begin
        head, tail = 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            for arc in range(starts[here], starts[here + 1]):
                there = near[arc]
                if cut[there]:
                    met[there] = True
                elif not seen[there]:
                    seen[there], queue[tail] = True, there
                    tail += 1
        cut = met
    return cut
