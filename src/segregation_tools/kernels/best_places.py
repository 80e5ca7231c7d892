"""Households into blocks of flats so that the sum of their utilities is largest, under quotas; and who is served in turn.

A flow of least cost, by successive shortest paths. A household does not stand on the map of ways by itself: those of a group
in a block are one node, and the way from there to another block costs what the one of them loses who loses least. Everything
is in whole numbers, so that no rounding decides and reduced costs are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.permute import order_of
from segregation_tools.kernels.pool import in_chunks
from segregation_tools.kernels.sample import seeds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["NEVER", "UNLIMITED", "Placed", "placed_best", "served_in_turn"]

NEVER = np.iinfo(np.int64).min  # utility of a block that is not acceptable
UNLIMITED = 2**62  # places of a group in a block without a quota
FAR = np.iinfo(np.int64).max
NONE = -1
ENTRIES = 2  # of heaps, as many times as all households have ways to go
ORDERS = 16  # worked on together


class Placed(NamedTuple):
    """Households in their blocks, and what the places are worth.

    Attributes
    ----------
    at : ndarray of int, shape (households,)
        The block of each; the number of blocks for those without a home.
    flat : ndarray of int, shape (blocks,)
        By how much the sum rises with one more flat.
    pair : ndarray of int, shape (groups, blocks)
        What a household of the group pays for the block when places have the lowest prices at which everyone prefers what it
        has: of the flat, and of the place of the quota besides.
    place : ndarray of int, shape (groups, blocks)
        By how much the sum rises with one more place of the quota.
    """

    at: Whole
    flat: Whole
    pair: Whole
    place: Whole


class _Round(NamedTuple):
    """What is given: a last block beyond the others stands for no home, and has room for all."""

    utility: Whole  # (households, blocks + 1)
    group: Whole  # (households,)
    room: Whole  # (blocks,)
    limit: Whole  # (groups, blocks)


class _State(NamedTuple):
    """Who is where, what the places cost, and the household of each that could go elsewhere at the least loss."""

    at: Whole  # (households,)
    held: Whole  # (groups, blocks + 1), households
    filled: Whole  # (blocks,)
    of_pair: Whole  # (groups, blocks + 1), potentials
    of_block: Whole  # (blocks,)
    loss: Whole  # (groups, blocks + 1, blocks + 1)
    mover: Whole  # the same shape


class _Heaps(NamedTuple):
    """Pairing heaps, one from each group and block to each other block; some entries are of households that have left."""

    root: Whole  # (groups, blocks + 1, blocks + 1)
    key: Whole  # (entries,)
    who: Whole
    child: Whole
    after: Whole
    free: Whole  # (1,): the first entry that is in no heap
    left: Whole  # (1,): how many are in none


class _Search(NamedTuple):
    """Distances by reduced cost, and whence each place was reached."""

    to_pair: Whole  # (groups, blocks + 1)
    to_block: Whole  # (blocks,)
    to_end: Whole  # (1,)
    done_pair: Flags
    done_block: Flags
    pair_from: (
        Whole  # a block of the same group; −1 where the search began; blocks + 1 for the node of the block itself
    )
    block_from: Whole  # a group
    end_from: Whole  # (1,): a block; from `blocks` on, the group of one without a home
    nearest: Whole  # (groups + 1,): the nearest place of each group that is not done; of all blocks
    stops: Flags  # (1,): whether nothing beyond the end is wanted


def placed_best(utility: Whole, group: Whole, room: Whole, limit: Whole) -> Placed:
    """Place every household so that the sum of utilities is largest.

    Parameters
    ----------
    utility : ndarray of int, shape (households, blocks + 1)
        Of each block; `NEVER` where it is not acceptable. The last column, never `NEVER`, is that of having no home.
    group : ndarray of int, shape (households,)
        Codes from 0.
    room : ndarray of int, shape (blocks,)
        Flats of each block.
    limit : ndarray of int, shape (groups, blocks)
        Most flats for each group; `UNLIMITED` without a quota.

    Returns
    -------
    Placed
        The same for the same order of households; those of equal worth differ with it, prices do not.
    """
    given = _Round(*(np.ascontiguousarray(part, dtype=np.int64) for part in (utility, group, room, limit)))
    (households, width), groups = utility.shape, len(limit)
    pairs, blocks, ways = (groups, width), width - 1, (groups, width, width)

    def whole(value: int, shape: int | tuple[int, ...]) -> Whole:
        return np.full(shape, value, dtype=np.int64)

    state = _State(
        at=whole(NONE, households),
        held=whole(0, pairs),
        filled=whole(0, blocks),
        of_pair=whole(0, pairs),
        of_block=whole(0, blocks),
        loss=whole(FAR, ways),
        mover=whole(NONE, ways),
    )
    entries = ENTRIES * (households + 1) * width
    key, who, child, after = (whole(NONE, entries) for _ in range(4))
    heaps = _Heaps(whole(NONE, ways), key, who, child, after, whole(0, 1), whole(0, 1))
    search = _Search(
        to_pair=whole(FAR, pairs),
        to_block=whole(FAR, blocks),
        to_end=whole(FAR, 1),
        done_pair=np.zeros(pairs, dtype=np.bool_),
        done_block=np.zeros(blocks, dtype=np.bool_),
        pair_from=whole(NONE, pairs),
        block_from=whole(NONE, blocks),
        end_from=whole(NONE, 1),
        nearest=whole(NONE, groups + 1),
        stops=np.ones(1, dtype=np.bool_),
    )
    _place(given, state, heaps, search, whole(NONE, (groups * width + 1, 2)))
    return Placed(state.at, *_gains(given, state, search))


@compiled
def _place(given: _Round, state: _State, heaps: _Heaps, search: _Search, moves: Whole) -> None:
    """Let one household after the other come in, by the shortest way to a free place."""
    households, width = given.utility.shape
    _freed(heaps)
    for i in range(households):
        _begun(search)
        g = given.group[i]
        best = NEVER
        for b in range(width):
            if given.utility[i, b] != NEVER:
                best = max(best, given.utility[i, b] + state.of_pair[g, b])
        for b in range(width):
            if given.utility[i, b] != NEVER:
                search.to_pair[g, b] = best - given.utility[i, b] - state.of_pair[g, b]
        _look_again(search, g)
        _spread(given, state, search)
        _repriced(state, search)
        _moved(given, state, search, heaps, i, moves)


# ---------------------------------------------------------------- the shortest way


@compiled
def _begun(search: _Search) -> None:
    """Forget the last search."""
    groups, width = search.to_pair.shape
    for g in range(groups):
        for b in range(width):
            search.to_pair[g, b] = FAR
            search.done_pair[g, b] = False
            search.pair_from[g, b] = NONE
        search.nearest[g] = NONE
    for b in range(width - 1):
        search.to_block[b] = FAR
        search.done_block[b] = False
        search.block_from[b] = NONE
    search.to_end[0], search.end_from[0], search.nearest[groups] = FAR, NONE, NONE


@compiled
def _look_again(search: _Search, g: int) -> None:
    """Find the nearest place of a group that is not done; of all blocks, where there is no such group."""
    groups, width = search.to_pair.shape
    nearest, lowest = NONE, FAR
    if g < groups:
        for b in range(width):
            if not search.done_pair[g, b] and search.to_pair[g, b] < lowest:
                nearest, lowest = b, search.to_pair[g, b]
    else:
        for b in range(width - 1):
            if not search.done_block[b] and search.to_block[b] < lowest:
                nearest, lowest = b, search.to_block[b]
    search.nearest[g] = nearest


@compiled
def _spread(given: _Round, state: _State, search: _Search) -> None:
    """Follow the ways, the nearest place first (Dijkstra): until the end is reached, or everywhere.

    A household may move to another block of which its group has places, where it takes a free flat, which is the end, or
    that of one of any group, who moves on. It is the end, too, if somebody has no home.
    """
    groups, width = search.to_pair.shape
    blocks = width - 1
    lowest: Any
    while True:
        kind, lowest = NONE, FAR
        for g in range(groups):
            if search.nearest[g] != NONE and search.to_pair[g, search.nearest[g]] < lowest:
                kind, lowest = g, search.to_pair[g, search.nearest[g]]
        if search.nearest[groups] != NONE and search.to_block[search.nearest[groups]] <= lowest:
            kind, lowest = groups, search.to_block[search.nearest[groups]]
        if kind == NONE or (search.stops[0] and search.to_end[0] <= lowest):
            return
        b = search.nearest[kind]
        if kind == groups:
            search.done_block[b] = True
            if state.filled[b] < given.room[b] and lowest + state.of_block[b] < search.to_end[0]:
                search.to_end[0] = lowest + state.of_block[b]
                search.end_from[0] = b
            for g in range(groups):
                far = lowest + state.of_block[b] - state.of_pair[g, b]
                if state.held[g, b] > 0 and far < search.to_pair[g, b]:
                    _reached(search, g, b, far)
            _look_again(search, groups)
            continue
        g = kind
        search.done_pair[g, b] = True
        here = lowest + state.of_pair[g, b]
        if b == blocks:
            if here < search.to_end[0]:
                search.to_end[0] = here
                search.end_from[0] = blocks + g
        elif state.held[g, b] < given.limit[g, b] and here - state.of_block[b] < search.to_block[b]:
            search.to_block[b] = here - state.of_block[b]
            search.block_from[b] = g
            if search.nearest[groups] == NONE or search.to_block[b] < search.to_block[search.nearest[groups]]:
                search.nearest[groups] = b
        _to_other_blocks(state, search, g, b, here)


@compiled
def _to_other_blocks(state: _State, search: _Search, g: int, b: int, here: int) -> None:
    """Let the household of a group in a block move that loses least, to each other block."""
    nearest, lowest = NONE, FAR
    for other in range(search.to_pair.shape[1]):
        if search.done_pair[g, other]:
            continue
        if state.loss[g, b, other] != FAR:
            far = here + state.loss[g, b, other] - state.of_pair[g, other]
            if far < search.to_pair[g, other]:
                search.to_pair[g, other] = far
                search.pair_from[g, other] = b
        if search.to_pair[g, other] < lowest:
            nearest, lowest = other, search.to_pair[g, other]
    search.nearest[g] = nearest


@compiled
def _reached(search: _Search, g: int, b: int, far: int) -> None:
    """Come to a group in a block from the block itself."""
    search.to_pair[g, b] = far
    search.pair_from[g, b] = search.to_pair.shape[1]
    if search.nearest[g] == NONE or far < search.to_pair[g, search.nearest[g]]:
        search.nearest[g] = b


@compiled
def _repriced(state: _State, search: _Search) -> None:
    """Lower the potentials of what lies nearer than the end, so that no way costs less than nothing."""
    groups, width = search.to_pair.shape
    end = search.to_end[0]
    for g in range(groups):
        for b in range(width):
            if search.to_pair[g, b] < end:
                state.of_pair[g, b] += search.to_pair[g, b] - end
    for b in range(width - 1):
        if search.to_block[b] < end:
            state.of_block[b] += search.to_block[b] - end


# ---------------------------------------------------------------- households move


@compiled
def _moved(given: _Round, state: _State, search: _Search, heaps: _Heaps, newcomer: int, moves: Whole) -> None:
    """Go back along the way that was found, and move whoever moves on it."""
    width = state.held.shape[1]
    blocks = width - 1
    end = search.end_from[0]
    if end < blocks:
        state.filled[end] += 1
        b, g = end, search.block_from[end]
    else:
        b, g = blocks, end - blocks
    many = 0
    while search.pair_from[g, b] != NONE:
        whence = search.pair_from[g, b]
        if whence == width:
            g = search.block_from[b]
        else:
            moves[many, 0], moves[many, 1] = state.mover[g, whence, b], b
            many += 1
            b = whence
    moves[many, 0], moves[many, 1] = newcomer, b
    for m in range(many + 1):
        _placed_at(given, state, heaps, moves[m, 0], moves[m, 1])


@compiled
def _placed_at(given: _Round, state: _State, heaps: _Heaps, i: int, b: int) -> None:
    g, before = given.group[i], state.at[i]
    width = state.held.shape[1]
    state.at[i] = b
    state.held[g, b] += 1
    if before != NONE:
        state.held[g, before] -= 1
        for other in range(width):
            if state.mover[g, before, other] == i:
                _without_those_who_left(state, heaps, g, before, other)
    if heaps.left[0] < width:
        _rebuilt(given, state, heaps)
    else:
        _entered(given, state, heaps, i)


@compiled
def _entered(given: _Round, state: _State, heaps: _Heaps, i: int) -> None:
    """Put a household among those who could leave its block, for each other block that it accepts."""
    g, b = given.group[i], state.at[i]
    for other in range(state.held.shape[1]):
        if other != b and given.utility[i, other] != NEVER:
            entry = heaps.free[0]
            heaps.free[0] = heaps.after[entry]
            heaps.left[0] -= 1
            heaps.key[entry] = given.utility[i, b] - given.utility[i, other]
            heaps.who[entry] = i
            heaps.child[entry] = heaps.after[entry] = NONE
            root = heaps.root[g, b, other]
            heaps.root[g, b, other] = entry if root == NONE else _joined(heaps, root, entry)
            _read(state, heaps, g, b, other)


@compiled
def _without_those_who_left(state: _State, heaps: _Heaps, g: int, b: int, other: int) -> None:
    root = heaps.root[g, b, other]
    while root != NONE and state.at[heaps.who[root]] != b:
        gone = root
        root = _in_pairs(heaps, heaps.child[gone])
        heaps.after[gone] = heaps.free[0]
        heaps.free[0] = gone
        heaps.left[0] += 1
    heaps.root[g, b, other] = root
    _read(state, heaps, g, b, other)


@compiled
def _read(state: _State, heaps: _Heaps, g: int, b: int, other: int) -> None:
    root = heaps.root[g, b, other]
    state.loss[g, b, other] = FAR if root == NONE else heaps.key[root]
    state.mover[g, b, other] = NONE if root == NONE else heaps.who[root]


@compiled
def _joined(heaps: _Heaps, a: int, b: int) -> int:
    """Join two heaps; of two equal ones the first stays on top."""
    if heaps.key[b] < heaps.key[a]:
        a, b = b, a
    heaps.after[b] = heaps.child[a]
    heaps.child[a] = b
    return a


@compiled
def _in_pairs(heaps: _Heaps, first: int) -> int:
    """Join a row of heaps to one: two by two, and then from the last pair to the first."""
    stack = NONE
    while first != NONE:
        second = heaps.after[first]
        if second == NONE:
            heaps.after[first] = stack
            stack = first
            break
        following = heaps.after[second]
        pair = _joined(heaps, first, second)
        heaps.after[pair] = stack
        stack = pair
        first = following
    if stack == NONE:
        return NONE
    whole, rest = stack, heaps.after[stack]
    while rest != NONE:
        following = heaps.after[rest]
        whole = _joined(heaps, whole, rest)
        rest = following
    heaps.after[whole] = NONE
    return whole


@compiled
def _freed(heaps: _Heaps) -> None:
    """Empty all heaps."""
    groups, width = heaps.root.shape[:2]
    for g in range(groups):
        for b in range(width):
            for other in range(width):
                heaps.root[g, b, other] = NONE
    for entry in range(heaps.after.size):
        heaps.after[entry] = entry + 1
    heaps.after[heaps.after.size - 1] = NONE
    heaps.free[0] = 0
    heaps.left[0] = heaps.after.size


@compiled
def _rebuilt(given: _Round, state: _State, heaps: _Heaps) -> None:
    """Put everyone into the heaps of where it is now, and nobody else."""
    _freed(heaps)
    groups, width = state.held.shape
    for g in range(groups):
        for b in range(width):
            for other in range(width):
                state.loss[g, b, other], state.mover[g, b, other] = FAR, NONE
    for i in range(state.at.size):
        if state.at[i] != NONE:
            _entered(given, state, heaps, i)


# ---------------------------------------------------------------- what places are worth


def _gains(given: _Round, state: _State, search: _Search) -> tuple[Whole, Whole, Whole]:
    """Read what one more place would bring: the loss along the shortest way that it opens, where that is below nothing.

    To a new flat: from the end, where somebody leaves a flat empty, or had no home. For a new place of a quota: from the
    block, where somebody leaves a flat to it, back to the group in the block; maybe by way of the end.
    """
    groups, blocks = given.limit.shape
    search.stops[0] = False
    _begun(search)
    search.to_block[:] = np.where(state.filled > 0, -state.of_block, FAR)
    search.to_pair[:, blocks] = np.where(state.held[:, blocks] > 0, -state.of_pair[:, blocks], FAR)
    to_block, to_pair = _followed(given, state, search)
    flat = np.where(to_block != FAR, np.maximum(-to_block, 0), 0)
    pair = np.maximum(np.where(to_pair != FAR, -to_pair, 0)[:, :-1], flat)
    place, full = np.zeros((groups, blocks), dtype=np.int64), state.held[:, :-1] >= given.limit
    for b in np.flatnonzero(full.any(axis=0)):
        _begun(search)
        search.to_block[b] = 0
        there = _followed(given, state, search, start=int(state.of_block[b]))[1][:, b]
        if search.to_end[0] != FAR:
            around = search.to_end[0] - state.of_block[b] + np.where(to_pair[:, b] != FAR, to_pair[:, b], 0)
            there = np.where(to_pair[:, b] != FAR, np.minimum(there, around), there)
        place[:, b] = np.where(full[:, b] & (there != FAR), np.maximum(-there, 0), 0)
    return flat, pair, place


def _followed(given: _Round, state: _State, search: _Search, start: int = 0) -> tuple[Whole, Whole]:
    """Follow ways everywhere: true distances of blocks and of groups in them, from a place of that potential."""
    for g in range(len(search.nearest)):
        _look_again(search, g)
    _spread(given, state, search)
    to_block = np.where(search.to_block != FAR, search.to_block + state.of_block - start, FAR)
    return to_block, np.where(search.to_pair != FAR, search.to_pair + state.of_pair - start, FAR)


# ---------------------------------------------------------------- in turn


def served_in_turn(
    root: int, draws: int, ranked: Whole, utility: Floats, group: Whole, room: Whole, limit: Whole
) -> Floats:
    """Serve households in an order drawn by chance, each with the best block that has room for it.

    Parameters
    ----------
    root : int
        Of the streams.
    draws : int
        How many orders.
    ranked : ndarray of int, shape (households, blocks)
        Acceptable blocks of each, from the best; −1 behind them.
    utility : ndarray of shape (households, blocks)
        Read where blocks are acceptable.
    group, room, limit : ndarray of int
        As in `placed_best`.

    Returns
    -------
    ndarray of shape (3, draws, groups)
        Sum of utilities; households who got none less than their best; households without a home.
    """
    given = [np.ascontiguousarray(part, dtype=np.int64) for part in (ranked, group, room, limit)]
    told = np.zeros((3, draws, len(limit)))

    def work(first: int, last: int) -> None:
        _in_turn(seeds_of(root, first, last), given[0], utility, given[1], given[2], given[3], told[:, first:last])

    in_chunks(work, draws, ORDERS)
    return told


@compiled
def _in_turn(
    seeds: NDArray[np.uint64],
    ranked: Whole,
    utility: Floats,
    group: Whole,
    room: Whole,
    limit: Whole,
    told: Floats,
) -> None:
    households, blocks = ranked.shape
    order, got = np.empty(households, np.int64), np.empty(households, np.int64)
    for r in range(len(seeds)):
        order_of(seeds[r], order)
        flats, places = room.copy(), limit.copy()
        for turn in range(households):
            i = order[turn]
            got[i] = NONE
            for rank in range(blocks):
                b = ranked[i, rank]
                if b == NONE:
                    break
                if flats[b] > 0 and places[group[i], b] > 0:
                    flats[b] -= 1
                    places[group[i], b] -= 1
                    got[i] = b
                    break
        for i in range(households):  # in one order, so that sums are the same in all
            g = group[i]
            if got[i] == NONE:
                told[2, r, g] += 1
            else:
                told[0, r, g] += utility[i, got[i]]
                told[1, r, g] += utility[i, got[i]] >= utility[i, ranked[i, 0]]
