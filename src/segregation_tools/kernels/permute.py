"""Values that change places by chance: among all units, or among the others of each.

Every draw has a stream of its own, so that it is the same on any number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled
from segregation_tools.kernels.pool import in_chunks
from segregation_tools.kernels.sample import numbered, seeds_of, stream, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    State = NDArray[np.uint64]

__all__ = ["each_for_itself", "order_of", "shared_by_class"]

UNITS = 1024  # worked on together
TIE = 1e-12  # sums that differ by less than this part of the largest they could be are one: they were added in other orders


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
    root: int, draws: int, u: Floats, many: Whole, observed: Floats, signs: Floats, *, squared: bool = False
) -> Whole:
    """Count the draws in which the others who take the places of a unit's neighbours say as much as those do, or more.

    The draws of all units are the same, and so are those with as many neighbours: their sums are sorted once, and each unit
    looks up its own. Of k + 1 others drawn, the first k are neighbours; where the unit itself is among those, the last one
    takes its place. So each draw is one of k others without replacement, exactly.

    Parameters
    ----------
    root : int
        Of the streams.
    draws : int
        How many.
    u : ndarray of shape (units,)
        What neighbours say.
    many : ndarray of int, shape (units,)
        How many neighbours each unit has, all of them counting alike.
    observed : ndarray of shape (units,)
        Σ u_j over the neighbours.
    signs : ndarray of shape (units,)
        Where it is below 0, draws are counted that say as much or less.
    squared : bool
        Whether sums are Σ (u_i − u_j)² instead; signs are not read.

    Returns
    -------
    ndarray of int, shape (units,)
        0 for units without neighbours.
    """
    units, most = len(u), int(many.max())
    drawn = np.empty((draws, most + 1), dtype=np.int64)
    in_chunks(lambda first, last: _drawn(seeds_of(root, first, last), units, drawn[first:last]), draws, 64)
    sums = _running_sums(u, drawn)
    squares = _running_sums(u * u, drawn) if squared else sums
    counts = np.zeros(units, dtype=np.int64)
    tie = _tie(u, squared)
    small = many.astype(np.uint16) if most < 2**16 else many  # which are sorted in two steps
    order, begins = np.argsort(small, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(many))])
    for k in (1 + np.flatnonzero(np.diff(begins[1:]))).tolist():
        members = order[begins[k] : begins[k + 1]]
        ordered = sums[k] if squared else np.sort(sums[k])

        def work(first: int, last: int, k: int = k, members: Whole = members, ordered: Floats = ordered) -> None:
            if squared:
                _looked_at(members[first:last], k, observed, tie * k, u, sums[k], squares[k], counts)
            else:
                _looked_up(members[first:last], observed, signs, ordered, tie * k, counts)

        in_chunks(work, len(members), UNITS if squared else UNITS * 64)
    _without_oneself(drawn, u, many, observed, signs, squared, sums, squares, tie, counts)
    return counts


def _tie(u: Floats, squared: bool) -> float:
    return TIE * float(4 * (u * u).max() if squared else np.abs(u).max())


@compiled
def _drawn(seeds: State, size: int, drawn: Whole) -> None:
    many = drawn.shape[1]
    chosen, swapped, order = np.empty(min(many, size), np.int64), np.empty(many, np.int64), np.arange(size)
    for p in range(len(seeds)):
        _some(stream(seeds[p]), size, order, swapped, chosen)
        drawn[p, : chosen.size] = chosen
        drawn[p, chosen.size :] = -1


def _running_sums(u: Floats, drawn: Whole) -> Floats:
    """Σ u over the first k drawn, shape (most + 1, draws): row k for those with k neighbours."""
    sums = np.zeros((drawn.shape[1], len(drawn)))
    np.cumsum(u[drawn[:, :-1]].T, axis=0, out=sums[1:])
    return sums


@compiled
def _looked_up(members: Whole, observed: Floats, signs: Floats, ordered: Floats, tie: float, counts: Whole) -> None:
    # How many sums lie below so many parts of their range: a first guess, from which a step or two remain.
    low, span, parts = ordered[0], ordered[-1] - ordered[0], ordered.size
    scale = parts / span if span > 0 else 0.0
    below = np.full(parts + 2, ordered.size)
    at = 0
    for part in range(parts + 1):
        while at < ordered.size and (ordered[at] - low) * scale < part:
            at += 1
        below[part] = at
    for i in members:
        limit = observed[i] - tie if signs[i] >= 0 else observed[i] + tie
        part = int(min(max((limit - low) * scale, 0.0), np.float64(parts)))
        begin, size = below[part], below[part + 1] - below[part]
        while size > 0:  # the first that is not below the limit; a sum within rounding of the value is a tie
            half = size >> 1
            if ordered[begin + half] < limit:
                begin += half + 1
                size -= half + 1
            else:
                size = half
        counts[i] = ordered.size - begin if signs[i] >= 0 else begin


@compiled
def _looked_at(
    members: Whole, k: int, observed: Floats, tie: float, u: Floats, sums: Floats, squares: Floats, counts: Whole
) -> None:
    for i in members:
        # Σ (u_i − u)² = k u_i² − 2 u_i Σ u + Σ u²
        counts[i] = _at_least(squares, sums, -2 * u[i], observed[i] - tie - k * u[i] * u[i])


@added_in_any_order
def _at_least(squares: Floats, sums: Floats, factor: float, limit: float) -> int:
    found = 0
    for p in range(sums.size):
        found += squares[p] + factor * sums[p] >= limit
    return found


@compiled
def _without_oneself(
    drawn: Whole,
    u: Floats,
    many: Whole,
    observed: Floats,
    signs: Floats,
    squared: bool,
    sums: Floats,
    squares: Floats,
    tie: float,
    counts: Whole,
) -> None:
    """Where a unit was drawn as its own neighbour, the one drawn behind its neighbours takes its place."""
    for p in range(drawn.shape[0]):
        for j in range(drawn.shape[1] - 1):
            i = drawn[p, j]
            k = many[i] if i >= 0 else 0
            if j >= k:
                continue
            other = drawn[p, k]
            if squared:
                before = k * u[i] * u[i] - 2 * u[i] * sums[k, p] + squares[k, p]
                after = before + (u[i] - u[other]) ** 2
            else:
                before = sums[k, p]
                after = before - u[i] + u[other]
            if squared or signs[i] >= 0:
                counts[i] += int(after >= observed[i] - tie * k) - int(before >= observed[i] - tie * k)
            else:
                counts[i] += int(after <= observed[i] + tie * k) - int(before <= observed[i] + tie * k)


def each_for_itself(
    root: int,
    draws: int,
    u: Floats,
    begins: Whole,
    weights: Floats,
    observed: Floats,
    signs: Floats,
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
    u : ndarray of shape (units,)
        What neighbours say.
    begins : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    weights : ndarray of shape (links,)
        How much each counts.
    observed : ndarray of shape (units,)
        Σ w_j u_j over the neighbours.
    signs : ndarray of shape (units,)
        Where it is below 0, draws are counted that say as much or less.
    squared : bool
        Whether sums are Σ w_j (u_i − u_j)² instead; signs are not read.

    Returns
    -------
    ndarray of int, shape (units,)
    """
    units = len(u)
    counts = np.zeros(units, dtype=np.int64)
    tie = _tie(u, squared)

    def work(first: int, last: int) -> None:
        seeds = seeds_of(root, first, last)
        _each_for_itself(seeds, first, draws, u, begins, weights, observed, squared, signs, tie, counts)

    in_chunks(work, units, UNITS // 4)
    return counts


@compiled
def _each_for_itself(
    seeds: State,
    first: int,
    draws: int,
    u: Floats,
    begins: Whole,
    weights: Floats,
    observed: Floats,
    squared: bool,
    signs: Floats,
    tie: float,
    counts: Whole,
) -> None:
    others = u.size - 1
    order, room, swapped = np.arange(others), np.empty(others, np.int64), np.empty(others, np.int64)
    for at in range(len(seeds)):
        i = first + at
        here, center = weights[begins[i] : begins[i + 1]], u[i]
        many, found, slack = here.size, 0, tie * here.sum()
        chosen = room[:many]
        quick = many * many < others  # hardly ever one twice
        state = stream(seeds[at])
        for p in range(draws if many else 0):
            twice = not quick
            if quick:
                # Numbers of a counter: none waits for the one before.
                for j in range(many):
                    chosen[j] = int(numbered(seeds[at], p * many + j) * others)
                    for k in range(j):
                        twice |= chosen[k] == chosen[j]
            if twice:
                _some(state, others, order, swapped, chosen)
            total = 0.0
            if squared:
                for j in range(many):
                    total += here[j] * (center - u[chosen[j] + (chosen[j] >= i)]) ** 2
            else:
                for j in range(many):
                    total += here[j] * u[chosen[j] + (chosen[j] >= i)]
            found += total >= observed[i] - slack if squared or signs[i] >= 0 else total <= observed[i] + slack
        counts[i] = found
