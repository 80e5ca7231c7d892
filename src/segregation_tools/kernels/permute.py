"""Values that change places by chance: among all units, or among the others of each.

Every draw has a stream of its own, so that it is the same on any number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled
from segregation_tools.kernels.pool import in_chunks
from segregation_tools.kernels.sample import numbered, seeds_of, sequence, stream, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    State = NDArray[np.uint64]

__all__ = ["each_for_itself", "order_of", "shared_by_class"]

UNITS = 1024  # worked on together
ROOM = 1 << 20  # neighbours drawn at a time for all units, which bounds the memory that units with many of them take


@compiled
def order_of(seed: np.uint64, order: Whole) -> None:
    """Shuffle: write the numbers below the size of `order` in an order drawn by chance."""
    state = stream(seed)
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        j = int(uniform(state) * (i + 1))
        order[i], order[j] = order[j], order[i]


@compiled
def _some(state: State, size: int, order: Whole, swapped: Whole, chosen: Whole) -> None:
    """Choose some different numbers below `size`, in an order drawn by chance; `order`, 0, 1, 2 …, is left as it was."""
    many = chosen.size
    if many * many < size:  # hardly ever one twice
        for j in range(many):
            again = True
            while again:
                chosen[j] = int(uniform(state) * size)
                again = False
                for i in range(j):
                    again |= chosen[i] == chosen[j]
        return
    for j in range(many):
        swapped[j] = j + int(uniform(state) * (size - j))
        chosen[j] = order[swapped[j]]
        order[swapped[j]] = order[j]
        order[j] = chosen[j]
    for j in range(many - 1, -1, -1):
        other = order[swapped[j]]
        order[swapped[j]] = order[j]
        order[j] = other


def shared_by_class(
    root: int,
    draws: int,
    u: Floats,
    loose: Floats,
    many: Whole,
    observed: Floats,
    slack: Floats,
    *,
    squared: bool = False,
) -> Whole:
    """Count the draws in which others who take the places of a unit's neighbours say as much as those do or more, or less.

    The draws of all units are the same, and so are those with as many neighbours: their sums are sorted once, and each unit
    looks up its own. Of k + 1 others drawn, the first k are neighbours; where the unit itself is among those, the last one
    takes its place. So each draw is one of k others without replacement, exactly.

    Two sums are the same where they differ by no more than what adding them up in another order may change.

    Parameters
    ----------
    root : int
        Of the streams.
    draws : int
        How many.
    u : ndarray of shape (units,)
        What neighbours say.
    loose : ndarray of shape (units,)
        What each adds to the rounding of a sum: of Σ u_j for each j, of Σ (u_i − u_j)² for each j and for i.
    many : ndarray of int, shape (units,)
        How many neighbours each unit has, all of them counting alike.
    observed, slack : ndarray of shape (units,)
        Σ u_j over the neighbours, and its rounding.
    squared : bool
        Whether sums are Σ (u_i − u_j)² instead.

    Returns
    -------
    ndarray of int, shape (2, units)
        Draws that say as much or more, and as much or less: those that say the same are counted in both.
    """
    units, most = len(u), int(many.max())
    counts = np.zeros((2, units), dtype=np.int64)
    small = many.astype(np.uint16) if most < 2**16 else many  # which are sorted in two steps
    order, begins = np.argsort(small, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(many))])
    members = {k: order[begins[k] : begins[k + 1]] for k in (1 + np.flatnonzero(np.diff(begins[1:]))).tolist()}
    at_once = max(ROOM // (most + 1), 1)
    for begin in range(0, draws, at_once):
        seeds = seeds_of(root, begin, min(begin + at_once, draws))
        drawn = np.empty((len(seeds), most + 1), dtype=np.int64)
        _draw_all(seeds, units, drawn)
        sums, slacks = _running_sums(u, drawn), _running_sums(loose, drawn)
        squares = _running_sums(u * u, drawn) if squared else sums
        for k, here in members.items():
            if squared:
                bounds = sums[k], squares[k] + slacks[k], squares[k] - slacks[k]
                _look_at_all(here, k, u, loose, observed, slack, bounds, counts)
            else:
                _look_up_all(here, observed, slack, np.sort(sums[k] + slacks[k]), np.sort(sums[k] - slacks[k]), counts)
        _without_oneself(drawn, u, loose, many, observed, slack, squared, sums, squares, slacks, counts)
    return counts


def _draw_all(seeds: State, units: int, drawn: Whole) -> None:
    in_chunks(lambda first, last: _drawn(seeds[first:last], units, drawn[first:last]), len(seeds), 64)


def _look_up_all(here: Whole, observed: Floats, slack: Floats, highest: Floats, lowest: Floats, counts: Whole) -> None:
    in_chunks(
        lambda first, last: _looked_up(here[first:last], observed, slack, highest, lowest, counts),
        len(here),
        UNITS * 64,
    )


def _look_at_all(
    here: Whole,
    k: int,
    u: Floats,
    loose: Floats,
    observed: Floats,
    slack: Floats,
    bounds: tuple[Floats, Floats, Floats],
    counts: Whole,
) -> None:
    in_chunks(
        lambda first, last: _looked_at(here[first:last], k, u, loose, observed, slack, *bounds, counts),
        len(here),
        UNITS,
    )


@compiled
def _drawn(seeds: State, size: int, drawn: Whole) -> None:
    swapped, order = np.empty(drawn.shape[1], np.int64), np.arange(size)
    for p in range(len(seeds)):
        _some(stream(seeds[p]), size, order, swapped, drawn[p])


def _running_sums(u: Floats, drawn: Whole) -> Floats:
    """Σ u over the first k drawn, shape (most + 1, draws): row k for those with k neighbours."""
    sums = np.zeros((drawn.shape[1], len(drawn)))
    np.cumsum(u[drawn[:, :-1]].T, axis=0, out=sums[1:])
    return sums


@compiled
def _first_not_below(ordered: Floats, limit: float, begin: int, end: int) -> int:
    """Where the first number that is not below a limit stands, which is known to lie from `begin` to `end`."""
    size = end - begin
    while size > 0:
        half = size >> 1
        if ordered[begin + half] < limit:
            begin += half + 1
            size -= half + 1
        else:
            size = half
    return begin


@compiled
def _looked_up(members: Whole, observed: Floats, slack: Floats, highest: Floats, lowest: Floats, counts: Whole) -> None:
    # How many sums lie below so many parts of their range: a first guess, from which a step or two remain.
    draws = highest.size
    low, span, parts = highest[0], highest[-1] - highest[0], draws
    scale = parts / span if span > 0 else 0.0
    below = np.full(parts + 2, draws)
    at = 0
    for part in range(parts + 1):
        while at < draws and (highest[at] - low) * scale < part:
            at += 1
        below[part] = at
    for i in members:
        limit = observed[i] - slack[i]
        part = int(min(max((limit - low) * scale, 0.0), np.float64(parts)))
        less = _first_not_below(highest, limit, below[part], below[part + 1])
        counts[0, i] += draws - less
        limit = observed[i] + slack[i]
        if less < draws and lowest[less] <= limit:  # some draws are the value itself
            less = _first_not_below(lowest, np.nextafter(limit, np.inf), less + 1, draws)
        counts[1, i] += less


@compiled
def _looked_at(
    members: Whole,
    k: int,
    u: Floats,
    loose: Floats,
    observed: Floats,
    slack: Floats,
    sums: Floats,
    highest: Floats,
    lowest: Floats,
    counts: Whole,
) -> None:
    for i in members:
        # Σ (u_i − u)² = k u_i² − 2 u_i Σ u + Σ u²
        rest, off = observed[i] - k * u[i] * u[i], slack[i] + k * loose[i]
        more, less = _beyond(sums, highest, lowest, -2 * u[i], rest - off, rest + off)
        counts[0, i] += more
        counts[1, i] += less


@added_in_any_order
def _beyond(sums: Floats, highest: Floats, lowest: Floats, factor: float, low: float, high: float) -> tuple[int, int]:
    more, less = 0, 0
    for p in range(sums.size):
        off = factor * sums[p]
        more += highest[p] + off >= low
        less += lowest[p] + off <= high
    return more, less


@compiled
def _without_oneself(
    drawn: Whole,
    u: Floats,
    loose: Floats,
    many: Whole,
    observed: Floats,
    slack: Floats,
    squared: bool,
    sums: Floats,
    squares: Floats,
    slacks: Floats,
    counts: Whole,
) -> None:
    """Where a unit was drawn as its own neighbour, the one drawn behind its neighbours takes its place."""
    for p in range(drawn.shape[0]):
        for j in range(drawn.shape[1] - 1):
            i = drawn[p, j]
            k = many[i]
            if j >= k:
                continue
            other, off = drawn[p, k], slacks[k, p]
            if squared:
                low, high = squares[k, p] + off - 2 * u[i] * sums[k, p], squares[k, p] - off - 2 * u[i] * sums[k, p]
                rest, near = observed[i] - k * u[i] * u[i], slack[i] + k * loose[i]
                change = (u[i] - u[other]) ** 2
                after = squares[k, p] - 2 * u[i] * sums[k, p] + change
                off += loose[other]
            else:
                low, high = sums[k, p] + off, sums[k, p] - off
                rest, near = observed[i], slack[i]
                if 2 * loose[i] > off:  # what is left without a unit so large has lost its digits
                    after, off = u[other], loose[other]
                    for at in range(k):
                        if at != j:
                            after += u[drawn[p, at]]
                            off += loose[drawn[p, at]]
                else:
                    after = sums[k, p] - u[i] + u[other]
                    off += loose[other]
            counts[0, i] += int(after + off >= rest - near) - int(low >= rest - near)
            counts[1, i] += int(after - off <= rest + near) - int(high <= rest + near)


def each_for_itself(
    root: int,
    draws: int,
    u: Floats,
    loose: Floats,
    begins: Whole,
    weights: Floats,
    observed: Floats,
    slack: Floats,
    *,
    squared: bool = False,
) -> Whole:
    """Count as `shared_by_class` does where the neighbours of a unit count for more or less: with draws for each unit.

    Parameters
    ----------
    root : int
        Of the streams.
    draws : int
        How many.
    u, loose : ndarray of shape (units,)
        What neighbours say, and what each adds to the rounding of a sum.
    begins : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    weights : ndarray of shape (links,)
        How much each counts.
    observed, slack : ndarray of shape (units,)
        Σ w_j u_j over the neighbours, and its rounding.
    squared : bool
        Whether sums are Σ w_j (u_i − u_j)² instead.

    Returns
    -------
    ndarray of int, shape (2, units)
    """
    units = len(u)
    counts = np.zeros((2, units), dtype=np.int64)
    loosest = float(loose.max())

    def work(first: int, last: int) -> None:
        seeds = seeds_of(root, first, last)
        _each_for_itself(seeds, first, draws, u, loose, loosest, begins, weights, observed, slack, squared, counts)

    in_chunks(work, units, UNITS // 4)
    return counts


@compiled
def _each_for_itself(
    seeds: State,
    first: int,
    draws: int,
    u: Floats,
    loose: Floats,
    loosest: float,
    begins: Whole,
    weights: Floats,
    observed: Floats,
    slack: Floats,
    squared: bool,
    counts: Whole,
) -> None:
    others = u.size - 1
    order, room, swapped = np.arange(others), np.empty(others, np.int64), np.empty(others, np.int64)
    rest = u[1:].copy()  # what the others of a unit say
    rest[:first] = u[:first]
    for at in range(len(seeds)):
        i = first + at
        here, center = weights[begins[i] : begins[i + 1]], u[i]
        many, own = here.size, here.sum() * loose[i] if squared else 0.0
        low, high = observed[i] - slack[i] - own, observed[i] + slack[i] + own
        least, most = low - here.sum() * loosest, high + here.sum() * loosest
        chosen = room[:many]
        quick = many * many < others  # hardly ever one twice
        state, numbers = stream(seeds[at]), sequence(seeds[at])
        more, less = 0, 0
        for p in range(draws if many else 0):
            twice = not quick
            if quick:
                # Numbers of a counter: none waits for the one before.
                for j in range(many):
                    chosen[j] = int(numbered(numbers, p * many + j) * others)
                for j in range(many):
                    for k in range(j):
                        twice |= chosen[k] == chosen[j]
            if twice:
                _some(state, others, order, swapped, chosen)
            total = 0.0
            if squared:
                for j in range(many):
                    total += here[j] * (center - rest[chosen[j]]) ** 2
            else:
                for j in range(many):
                    total += here[j] * rest[chosen[j]]
            over, under = total > most, total < least
            if over == under:  # so near that it may be the value itself
                off = 0.0
                for j in range(many):
                    off += here[j] * loose[chosen[j] + (chosen[j] >= i)]
                over, under = total + off >= low, total - off <= high
            more += over
            less += under
        counts[0, i], counts[1, i] = more, less
        if i < others:
            rest[i] = u[i]
