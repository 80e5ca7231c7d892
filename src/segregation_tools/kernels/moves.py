"""Units that move between zones: annealing by flips along borders, in which no zone falls apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from segregation_tools.kernels.compile import compiled, inlined
from segregation_tools.kernels.sample import stream, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int32]

__all__ = [
    "DEVIATION",
    "ENTROPY",
    "HINGE",
    "QUADRATIC",
    "Annealing",
    "District",
    "Graph",
    "Terms",
    "anneal",
    "begun",
    "closed",
    "holds",
    "opened",
    "ringed",
]

DEVIATION, ENTROPY, QUADRATIC, HINGE = range(4)
MASKED = 10  # neighbours of a unit up to which every choice of them is looked up


class Graph(NamedTuple):
    """Which units touch, and how the neighbours of each hang together without it.

    Attributes
    ----------
    starts : ndarray of int, shape (units + 1,)
        Where the neighbours of each unit begin.
    near : ndarray of int, shape (edges,)
        Neighbours.
    border : ndarray of int, shape (edges,)
        Number of the border between the two, the same from both sides.
    ends : ndarray of int, shape (borders, 2)
        The two units of each border.
    tables : ndarray of int, shape (units,)
        Where the table of each unit begins; −1 for one of too many neighbours.
    meets : ndarray of uint64
        Tables: a bit for each choice of neighbours, set where those hang together by touching each other.
    rings : ndarray of int, shape (units + 1,)
        Where the links between the neighbours of each unit begin.
    pairs : ndarray of uint64, shape (links,)
        Which two neighbours a link joins: a mask of their places among the neighbours.
    through : ndarray of int, shape (links,)
        The unit over which it leads; −1 where they touch.
    """

    starts: Whole
    near: Whole
    border: Whole
    ends: Whole
    tables: Whole
    meets: NDArray[np.uint64]
    rings: Whole
    pairs: NDArray[np.uint64]
    through: Whole


def ringed(starts: Whole, near: Whole) -> Graph:
    """Look up how the neighbours of each unit hang together.

    Parameters
    ----------
    starts : ndarray of int32, shape (units + 1,)
        Where the neighbours of each unit begin.
    near : ndarray of int32, shape (edges,)
        Neighbours, in order; each edge stands on both sides.

    Returns
    -------
    Graph
    """
    whose = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    ends, border = np.unique(np.sort(np.stack([whose, near], axis=1), axis=1), axis=0, return_inverse=True)
    rings = np.zeros(len(starts), dtype=np.int32)
    _link(starts, near, rings, np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int32))
    rings = np.cumsum(rings, dtype=np.int32)
    links = int(rings[-1])
    pairs, through = np.empty(links, dtype=np.uint64), np.empty(links, dtype=np.int32)
    _link(starts, near, rings.copy(), pairs, through)
    degree = np.diff(starts)
    words = np.where(degree <= MASKED, np.maximum(1 << np.minimum(degree, MASKED) >> 6, 1), 0)
    tables = np.where(words > 0, np.cumsum(words) - words, -1).astype(np.int32)
    meets = np.zeros(int(words.sum()), dtype=np.uint64)
    _tabulate(starts, rings, pairs, through, tables, meets)
    return Graph(starts, near, border.astype(np.int32).ravel(), ends, tables, meets, rings, pairs, through)


@compiled
def _touch(starts: Whole, near: Whole, a: Any, b: Any) -> bool:
    for k in range(starts[a], starts[a + 1]):  # noqa: SIM110 - as it is compiled
        if near[k] == b:
            return True
    return False


@compiled
def _link(starts: Whole, near: Whole, rings: Whole, pairs: NDArray[np.uint64], through: Whole) -> None:
    """Count the links of each unit behind it, or where they have their places, write them."""
    for unit in range(len(starts) - 1):
        first, degree = starts[unit], starts[unit + 1] - starts[unit]
        if degree > MASKED:
            continue
        at = rings[unit] if len(pairs) else 0
        for i in range(degree):
            a = np.int64(near[first + i])
            for j in range(i + 1, degree):
                b = np.int64(near[first + j])
                pair = (np.uint64(1) << np.uint64(i)) | (np.uint64(1) << np.uint64(j))
                touching = _touch(starts, near, a, b)
                for k in range(starts[a], starts[a + 1]):
                    over = np.int64(-1 if touching else near[k])
                    if touching or (over != unit and _touch(starts, near, over, b)):
                        if len(pairs):
                            pairs[at], through[at] = pair, over
                        at += 1
                    if touching:
                        break
        if not len(pairs):
            rings[unit + 1] = at


@compiled
def _tabulate(
    starts: Whole, rings: Whole, pairs: NDArray[np.uint64], through: Whole, tables: Whole, meets: NDArray[np.uint64]
) -> None:
    """Set the bits of all choices of neighbours that hang together: none, one, or joined by those that touch."""
    for unit in range(len(tables)):
        if tables[unit] < 0:
            continue
        for choice in range(1 << (starts[unit + 1] - starts[unit])):
            here = np.uint64(choice)
            joined = here & (~here + np.uint64(1))
            before = np.uint64(0)
            while joined != before:
                before = joined
                for link in range(rings[unit], rings[unit + 1]):
                    if through[link] < 0 and pairs[link] & here == pairs[link] and pairs[link] & joined:
                        joined |= pairs[link]
            if joined == here:
                meets[tables[unit] + (choice >> 6)] |= np.uint64(1) << np.uint64(choice & 63)


class Terms(NamedTuple):
    """What zones add to the goal: each term is a sum over zones of a form of its counts n and size t.

    Attributes
    ----------
    kinds : ndarray of int, shape (terms,)
        `DEVIATION`: Σ_g w_g |n_g − P_g t|; `ENTROPY`: Σ_g w_g n_g ln(n_g/t); `QUADRATIC`: Σ_gh w_gh n_g n_h / t;
        `HINGE`: max(0, Σ_g w_g n_g).
    weights : ndarray of shape (terms, groups, groups)
        w; w_g stand in the first row.
    scales : ndarray of shape (terms,)
        By which the form of a zone is multiplied, at last.
    powers : ndarray of shape (terms,)
        1, or to which the form of a zone over its size is raised first: the larger, the more the largest zone counts alone.
    mix : ndarray of shape (groups,)
        P.
    """

    kinds: NDArray[np.int64]
    weights: Floats
    scales: Floats
    powers: Floats
    mix: Floats


class District(NamedTuple):
    """What does not change while units move.

    Attributes
    ----------
    counts : ndarray of shape (units, groups)
        People.
    sizes : ndarray of shape (units,)
        People of all groups.
    cost : ndarray of float32, shape (units, zones)
        What it adds to the goal that a unit lies in a zone; infinite where it may not.
    low, high : ndarray of shape (zones,)
        Between how many people a zone has room for.
    home : ndarray of int, shape (units,)
        Zone in which a unit lies today; −1 for none.
    most_moved : float
        How many people may lie in another zone than today.
    whole : bool
        Whether zones may not fall apart.
    """

    counts: Floats
    sizes: Floats
    cost: NDArray[np.float32]
    low: Floats
    high: Floats
    home: Whole
    most_moved: float
    whole: bool


class Annealing(NamedTuple):
    """What changes while units move.

    Attributes
    ----------
    zone : ndarray of int, shape (units,)
        Zone of each unit.
    sums : ndarray of shape (zones, groups + 1)
        People by group, and of all groups.
    worth : ndarray of shape (zones,)
        What each zone adds to the goal.
    border, place : ndarray of int, shape (borders,)
        Borders between two zones, and where in that list each border stands, as long as it does.
    state : ndarray of uint64, shape (4,)
        Of the stream of random numbers.
    tally : ndarray of int, shape (4,)
        How many borders lie in `border`, how many moves were evaluated, how many made, and the last mark in `seen`.
    moved : ndarray of shape (1,)
        People in another zone than today.
    felt : ndarray of shape (1,)
        By how much the moves that were evaluated would change the goal, up or down, added up.
    seen : ndarray of int, shape (units,)
        Marks of the search of a way.
    queue : ndarray of int, shape (2, units)
        Where it goes on, from either end.
    """

    zone: Whole
    sums: Floats
    worth: Floats
    border: Whole
    place: Whole
    state: NDArray[np.uint64]
    tally: NDArray[np.int64]
    moved: Floats
    felt: Floats
    seen: NDArray[np.int64]
    queue: Whole


def begun(zone: Whole, district: District, graph: Graph, terms: Terms, seed: int) -> Annealing:
    """Begin at a plan.

    Parameters
    ----------
    zone : ndarray of int, shape (units,)
        Zone of each unit; not changed.
    district : District
        Who lives where, and what is allowed.
    graph : Graph
        Which units touch.
    terms : Terms
        The goal.
    seed : int
        Of the random numbers.

    Returns
    -------
    Annealing
    """
    zones, people = len(district.low), np.column_stack([district.counts, district.sizes])
    sums = np.stack([np.bincount(zone, row, zones) for row in people.T], axis=1).astype(np.float64)
    open_ = np.flatnonzero(zone[graph.ends[:, 0]] != zone[graph.ends[:, 1]])
    border, place = np.zeros((2, len(graph.ends)), dtype=np.int32)
    border[: len(open_)], place[open_] = open_, np.arange(len(open_))
    away = (district.home >= 0) & (zone != district.home)
    at = Annealing(
        zone.astype(np.int32),
        sums,
        np.zeros(zones),
        border,
        place,
        stream(np.uint64(seed)),
        np.array([len(open_), 0, 0, 0]),
        np.array([district.sizes[away].sum()]),
        np.zeros(1),
        np.zeros(len(zone), dtype=np.int64),
        np.zeros((2, len(zone)), dtype=np.int32),
    )
    _weigh(at, terms)
    return at


@compiled
def _weigh(at: Annealing, terms: Terms) -> None:
    for z in range(len(at.worth)):
        at.worth[z] = _worth(at.sums[z], terms)


@inlined
def _worth(counts: Floats, terms: Terms) -> float:
    """Take what a zone of these counts, the size behind them, adds to the goal."""
    groups = len(counts) - 1
    size = counts[groups]
    total = 0.0
    for q in range(len(terms.kinds)):
        kind = terms.kinds[q]
        value = 0.0
        if kind == DEVIATION:
            for g in range(groups):
                value += terms.weights[q, 0, g] * abs(counts[g] - terms.mix[g] * size)
        elif kind == HINGE:
            for g in range(groups):
                value += terms.weights[q, 0, g] * counts[g]
            value = max(0.0, value)
        elif size > 0 and kind == ENTROPY:
            for g in range(groups):
                if counts[g] > 0:
                    value += terms.weights[q, 0, g] * counts[g] * math.log(counts[g] / size)
        elif size > 0:
            for g in range(groups):
                for h in range(groups):
                    value += terms.weights[q, g, h] * counts[g] * counts[h] / size
        if terms.powers[q] != 1:
            value = math.copysign(abs(value / size) ** terms.powers[q], value) if size > 0 else 0.0
        total += terms.scales[q] * value
    return total


@inlined
def _beyond(people: Any, low: float, high: float) -> float:
    return max(0.0, people - high) + max(0.0, low - people)  # type: ignore[no-any-return]  # a number of an array


@inlined
def holds(at: Annealing, graph: Graph, unit: int) -> bool:
    """Whether the neighbours of a unit in its zone stay joined when it leaves: around it, or else by another way."""
    zone, z = at.zone, at.zone[unit]
    if graph.tables[unit] < 0:
        return _all_meet(at, graph, unit)
    here, one = np.uint64(0), np.uint64(1)
    for i in range(graph.starts[unit], graph.starts[unit + 1]):
        here |= one * np.uint64(zone[graph.near[i]] == z)
        one <<= np.uint64(1)
    if (graph.meets[graph.tables[unit] + (here >> np.uint64(6))] >> (here & np.uint64(63))) & np.uint64(1):
        return True
    joined = here & (~here + np.uint64(1))  # the first of them, and all that hang together with it
    while joined != here:
        before = joined
        for link in range(graph.rings[unit], graph.rings[unit + 1]):
            pair = graph.pairs[link]
            if pair & here == pair and pair & joined and pair & joined != pair:
                over = graph.through[link]
                if over < 0 or zone[over] == z:
                    joined |= pair
        if joined == before:
            return _all_meet(at, graph, unit)
    return True


@compiled
def _all_meet(at: Annealing, graph: Graph, unit: int) -> bool:
    """Whether from every neighbour of a unit in its zone there is a way to the next one, without the unit."""
    last = np.int64(-1)
    for i in range(graph.starts[unit], graph.starts[unit + 1]):
        if at.zone[graph.near[i]] == at.zone[unit]:
            here = np.int64(graph.near[i])
            if last >= 0 and not _meet(at, graph, unit, last, here):
                return False
            last = here
    return True


@compiled
def _meet(at: Annealing, graph: Graph, unit: int, a: Any, b: Any) -> bool:
    """Search from both ends by turns: the smaller side, where they do not meet, is soon searched through."""
    at.tally[3] += 2  # marks of earlier searches are lower
    last = at.tally[3]
    at.seen[a], at.seen[b] = last, last - 1
    at.queue[0, 0], at.queue[1, 0] = a, b
    head, tail_a, tail_b = 0, 1, 1
    while head < tail_a and head < tail_b:
        tail_a = _spread(at, graph, unit, 0, head, tail_a, last, last - 1)
        tail_b = _spread(at, graph, unit, 1, head, tail_b, last - 1, last)
        if tail_a < 0 or tail_b < 0:
            return True
        head += 1
    return False


@inlined
def _spread(at: Annealing, graph: Graph, unit: int, side: int, head: int, tail: int, mine: int, theirs: int) -> int:
    """Mark the neighbours of the next unit of one side, and give the new end of its queue; −1 where the sides met."""
    here = at.queue[side, head]
    for k in range(graph.starts[here], graph.starts[here + 1]):
        there = graph.near[k]
        if at.zone[there] == at.zone[unit] and there != unit and tail >= 0:
            if at.seen[there] == theirs:
                tail = -1
            elif at.seen[there] != mine:
                at.seen[there] = mine
                at.queue[side, tail] = there
                tail += 1
    return tail


@compiled
def anneal(
    at: Annealing,
    district: District,
    graph: Graph,
    terms: Terms,
    first: int,
    last: int,
    steps: int,
    heat: tuple[float, float],
    toll: tuple[float, float],
    most: int,
) -> None:
    """Move units from zone to zone, upward with a chance that falls with time, and keep what comes out in `at`.

    Parameters
    ----------
    at : Annealing
        Where it stands; changed.
    district : District
        Who lives where, and what is allowed.
    graph : Graph
        Which units touch.
    terms : Terms
        The goal, to be made small.
    first, last : int
        Which steps are made.
    steps : int
        Of how many: at step s the temperature is ``heat[0]`` (``heat[1]``/``heat[0]``)^(s/steps), and so is the toll.
    heat : tuple of float
        First and last temperature, in the unit of the goal.
    toll : tuple of float
        First and last price of a person for whom a zone has no room, or who moves beyond what is allowed.
    most : int
        After how many units have moved it ends, if that is before the last step.
    """
    groups = district.counts.shape[1]
    most += at.tally[2]
    fewer, more = np.empty(groups + 1), np.empty(groups + 1)
    units, zones = len(at.zone), len(at.worth)
    warmth, price = heat[0], toll[0]
    for step in range(first, last):
        if step % 1024 == 0 or step == first:
            time = step / steps
            warmth = heat[0] * (heat[1] / heat[0]) ** time
            price = toll[0] * (toll[1] / toll[0]) ** time
        if district.whole:
            if at.tally[0] == 0:
                return
            drawn = int(uniform(at.state) * 2 * at.tally[0])
            border = at.border[drawn >> 1]
            unit, new = graph.ends[border, drawn & 1], at.zone[graph.ends[border, 1 - (drawn & 1)]]
        else:
            unit, new = int(uniform(at.state) * units), int(uniform(at.state) * zones)
        old = at.zone[unit]
        cost = district.cost[unit, new] - district.cost[unit, old]
        if new == old or not cost < math.inf:
            continue
        at.tally[1] += 1
        for g in range(groups):
            fewer[g] = at.sums[old, g] - district.counts[unit, g]
            more[g] = at.sums[new, g] + district.counts[unit, g]
        people, home = district.sizes[unit], district.home[unit]
        fewer[groups], more[groups] = at.sums[old, groups] - people, at.sums[new, groups] + people
        worth = _worth(fewer, terms), _worth(more, terms)
        gone = 0.0
        if home >= 0:
            gone = people * ((new != home) - 1.0 * (old != home))
        beyond = (
            _beyond(fewer[groups], district.low[old], district.high[old])
            + _beyond(more[groups], district.low[new], district.high[new])
            + max(0.0, at.moved[0] + gone - district.most_moved)
            - _beyond(at.sums[old, groups], district.low[old], district.high[old])
            - _beyond(at.sums[new, groups], district.low[new], district.high[new])
            - max(0.0, at.moved[0] - district.most_moved)
        )
        rise = worth[0] + worth[1] - at.worth[old] - at.worth[new] + cost
        at.felt[0] += abs(rise)
        rise += price * beyond
        if rise > 0 and rise > -warmth * math.log(uniform(at.state)):
            continue
        if district.whole and not holds(at, graph, unit):
            continue
        at.tally[2] += 1
        at.moved[0] += gone
        at.worth[old], at.worth[new] = worth
        for g in range(groups + 1):
            at.sums[old, g], at.sums[new, g] = fewer[g], more[g]
        at.zone[unit] = new
        for edge in range(graph.starts[unit], graph.starts[unit + 1]):
            other = at.zone[graph.near[edge]]
            if other == old:
                opened(at, graph.border[edge])
            elif other == new:
                closed(at, graph.border[edge])
        if at.tally[2] >= most:
            return


@inlined
def opened(at: Annealing, border: int) -> None:
    """Put a border on the list."""
    at.border[at.tally[0]] = border
    at.place[border] = at.tally[0]
    at.tally[0] += 1


@inlined
def closed(at: Annealing, border: int) -> None:
    """Take a border off the list: the last takes its place."""
    at.tally[0] -= 1
    last = at.border[at.tally[0]]
    at.border[at.place[border]] = last
    at.place[last] = at.place[border]
