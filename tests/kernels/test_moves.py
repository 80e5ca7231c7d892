"""Units that move between zones, beside plain computation: what is kept up to date, what holds together, what is found."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

from segregation_tools.kernels import moves
from segregation_tools.kernels.moves import (
    DEVIATION,
    ENTROPY,
    HINGE,
    QUADRATIC,
    District,
    Terms,
    anneal,
    begun,
    ringed,
)

SCALES = [1.0, -0.5, 2.0]


def graph_of(edges, units):
    """The graph of a list of edges, each given once."""
    a, b = np.asarray(edges, dtype=np.int32).reshape(-1, 2).T
    whose, near = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((near, whose))
    starts = np.searchsorted(whose[order], np.arange(units + 1)).astype(np.int32)
    return ringed(starts, near[order].astype(np.int32))


def lattice(rows, cols):
    cells = np.arange(rows * cols).reshape(rows, cols)
    across = np.stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()], axis=1)
    down = np.stack([cells[:-1].ravel(), cells[1:].ravel()], axis=1)
    return np.concatenate([across, down])


def triangles(chance, units):
    corners = Delaunay(chance.random((units, 2))).simplices
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def pieces(zone, edges, units):
    """Pieces of all zones together."""
    a, b = np.asarray(edges).T
    same = zone[a] == zone[b]
    return connected_components(coo_array((np.ones(same.sum()), (a[same], b[same])), shape=(units, units)))[0]


def town(seed, *, rows=6, cols=7, zones=4, groups=3, kinds=(DEVIATION,), whole=True, most_moved=np.inf, power=1):
    chance = np.random.default_rng(seed)
    units, edges = rows * cols, lattice(rows, cols)
    counts = chance.integers(0, 40, (units, groups)).astype(float)
    zone = np.minimum(np.arange(units) // cols * zones // rows, zones - 1).astype(np.int32)
    sizes = counts.sum(axis=1)
    roll = np.bincount(zone, sizes, zones)
    cost = chance.random((units, zones)).astype(np.float32) / 1e4
    cost[chance.random((units, zones)) < 0.1] = np.inf
    cost[np.arange(units), zone] = 0
    district = District(counts, sizes, cost, 0.8 * roll, 1.2 * roll, zone, most_moved, whole)
    weights = chance.random((len(kinds), groups, groups)) / sizes.sum()
    if HINGE in kinds:
        weights -= weights.mean()  # over and under
    terms = Terms(
        np.array(kinds),
        weights,
        np.array(SCALES[: len(kinds)]),
        np.full(len(kinds), float(power)),
        counts.sum(axis=0) / sizes.sum(),
    )
    return district, graph_of(edges, units), terms, edges, zone


def worth(zone, district, terms):
    """The goal, written out."""
    zones = len(district.low)
    n = np.stack([np.bincount(zone, row, zones) for row in district.counts.T])
    t = n.sum(axis=0)
    total = district.cost[np.arange(len(zone)), zone].sum()
    for kind, w, scale, power in zip(terms.kinds, terms.weights, terms.scales, terms.powers, strict=True):
        if kind == DEVIATION:
            value = w[0] @ np.abs(n - np.outer(terms.mix, t))
        elif kind == HINGE:
            value = np.maximum(w[0] @ n, 0)
        elif kind == ENTROPY:
            p = n / np.where(t > 0, t, 1)
            value = w[0] @ (n * np.log(np.where(p > 0, p, 1)))
        else:
            value = np.einsum("gh,gs,hs->s", w, n, n) / np.where(t > 0, t, 1)
        if power != 1:
            value = np.sign(value) * np.abs(value / np.where(t > 0, t, np.inf)) ** power
        total += scale * value.sum()
    return total


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("power", [1, 6])
@pytest.mark.parametrize("kinds", [(DEVIATION,), (ENTROPY,), (QUADRATIC,), (HINGE,), (DEVIATION, ENTROPY, QUADRATIC)])
def test_what_is_kept_up_to_date_is_what_the_plan_says(kinds, power, whole):
    district, graph, terms, edges, zone = town(1, kinds=kinds, whole=whole, power=power)
    at = begun(zone, district, graph, terms, 5)
    assert at.worth.sum() + district.cost[np.arange(len(zone)), zone].sum() == pytest.approx(
        worth(zone, district, terms)
    )
    anneal(at, district, graph, terms, 0, 20_000, 20_000, (1e-2, 1e-4), (1e-4, 1e-2), 20_000)
    assert at.tally[2] > 200
    n = np.stack([np.bincount(at.zone, row, 4) for row in (*district.counts.T, district.sizes)], axis=1)
    np.testing.assert_allclose(at.sums, n)
    cost = district.cost[np.arange(len(zone)), at.zone]
    assert np.isfinite(cost).all()
    assert at.worth.sum() + cost.sum() == pytest.approx(worth(at.zone, district, terms))
    assert at.moved[0] == district.sizes[at.zone != zone].sum()
    border = np.flatnonzero(at.zone[graph.ends[:, 0]] != at.zone[graph.ends[:, 1]])
    assert sorted(at.border[: at.tally[0]].tolist()) == border.tolist()
    np.testing.assert_array_equal(at.border[at.place[border]], border)
    assert np.array_equal(zone, district.home)  # the plan that was handed over is as it was
    if whole:
        assert pieces(at.zone, edges, len(zone)) <= pieces(zone, edges, len(zone))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(6, 60), st.integers(1, 5), st.booleans())
def test_a_unit_may_leave_when_its_zone_has_no_more_pieces_without_it(seed, units, zones, hub):
    chance = np.random.default_rng(seed)
    edges = triangles(chance, units)
    if hub:  # one unit that touches all others, more than a mask holds
        far = np.arange(units, units + 70)
        edges = np.concatenate(
            [edges, np.stack([np.full(70, 0), far], axis=1), np.stack([far[:-1:2], far[1::2]], axis=1)]
        )
        units += 70
    graph = graph_of(edges, units)
    zone = chance.integers(0, zones, units).astype(np.int32)
    free, room = np.zeros((units, zones), dtype=np.float32), (np.zeros(zones), np.full(zones, 1e9))
    district = District(np.ones((units, 1)), np.ones(units), free, *room, zone, np.inf, whole=True)
    at = begun(
        zone, district, graph, Terms(np.array([DEVIATION]), np.zeros((1, 1, 1)), np.ones(1), np.ones(1), np.ones(1)), 1
    )
    for unit in range(units):
        without = zone.copy()
        without[unit] = zones  # a zone of its own
        alone = not (zone[graph.near[graph.starts[unit] : graph.starts[unit + 1]]] == zone[unit]).any()
        falls_apart = pieces(without, edges, units) > pieces(zone, edges, units) + (not alone)
        assert moves.holds(at, graph, unit) == (not falls_apart)


def test_borders_know_their_ends():
    graph = graph_of(triangles(np.random.default_rng(3), 40), 40)
    whose = np.repeat(np.arange(40), np.diff(graph.starts))
    np.testing.assert_array_equal(graph.ends[graph.border], np.sort(np.stack([whose, graph.near], axis=1), axis=1))
    assert len(np.unique(graph.border)) == len(graph.ends) == len(graph.near) / 2


def test_every_choice_of_neighbours_is_looked_up():
    units = 40
    edges = triangles(np.random.default_rng(3), units)
    graph = graph_of(edges, units)
    for unit in range(units):
        near = graph.near[graph.starts[unit] : graph.starts[unit + 1]]
        if len(near) > moves.MASKED:
            assert graph.tables[unit] < 0
            continue
        for choice in range(1 << len(near)):
            chosen = near[[bool(choice >> i & 1) for i in range(len(near))]]
            among = np.isin(edges, chosen).all(axis=1)
            joins = coo_array((np.ones(among.sum()), tuple(edges[among].T)), shape=(units, units))
            told = graph.meets[graph.tables[unit] + (choice >> 6)] >> np.uint64(choice & 63) & np.uint64(1)
            assert bool(told) == (len(np.unique(connected_components(joins)[1][chosen])) <= 1)


def test_in_parts_as_at_once():
    district, graph, terms, _, zone = town(2)
    once, parts = (begun(zone, district, graph, terms, 9) for _ in range(2))
    anneal(once, district, graph, terms, 0, 9000, 9000, (1e-2, 1e-4), (1e-4, 1e-2), 9000)
    for first in range(0, 9000, 1024):
        anneal(parts, district, graph, terms, first, min(first + 1024, 9000), 9000, (1e-2, 1e-4), (1e-4, 1e-2), 9000)
    np.testing.assert_array_equal(once.zone, parts.zone)


def test_rooms_and_moves_are_held_to_where_the_toll_is_high():
    district, graph, terms, _, zone = town(3, most_moved=200.0)
    at = begun(zone, district, graph, terms, 1)
    anneal(at, district, graph, terms, 0, 50_000, 50_000, (1e-3, 1e-5), (1e3, 1e3), 50_000)
    assert at.tally[2] > 100
    assert (at.sums[:, -1] <= district.high).all()
    assert (at.sums[:, -1] >= district.low).all()
    assert 0 < at.moved[0] <= 200


def test_cold_annealing_never_goes_up():
    district, graph, terms, _, zone = town(4)
    at = begun(zone, district, graph, terms, 1)
    before = worth(at.zone, district, terms)
    for first in range(0, 4000, 100):
        anneal(at, district, graph, terms, first, first + 100, 4000, (1e-300, 1e-300), (1e3, 1e3), 4000)
        now = worth(at.zone, district, terms)
        assert now <= before + 1e-12
        before = now


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_all_plans_is_found(seed):
    """Twelve blocks, two schools: all 1,024 plans, those in one piece and with room, measured one by one."""
    chance = np.random.default_rng(seed)
    edges, units = lattice(3, 4), 12
    counts = chance.integers(1, 30, (units, 2)).astype(float)
    sizes = counts.sum(axis=1)
    zone = (np.arange(units) % 4 >= 2).astype(np.int32)
    cost = np.zeros((units, 2), dtype=np.float32)
    cost[0, 1] = cost[11, 0] = np.inf  # the schools
    low, high = np.full(2, 0.35 * sizes.sum()), np.full(2, 0.65 * sizes.sum())
    district = District(counts, sizes, cost, low, high, zone, np.inf, True)
    terms = Terms(
        np.array([DEVIATION]),
        np.full((1, 2, 2), 1 / sizes.sum()),
        np.ones(1),
        np.ones(1),
        counts.sum(axis=0) / sizes.sum(),
    )
    best = np.inf
    for rest in itertools.product((0, 1), repeat=units - 2):
        plan = np.array([0, *rest, 1], dtype=np.int32)
        rolls = np.bincount(plan, sizes, 2)
        if pieces(plan, edges, units) == 2 and (rolls >= low).all() and (rolls <= high).all():
            best = min(best, worth(plan, district, terms))
    found = np.inf
    for start in range(60):
        at = begun(zone, district, graph_of(edges, units), terms, start)
        anneal(at, district, graph_of(edges, units), terms, 0, 40_000, 40_000, (0.05, 1e-4), (1e-3, 1.0), 40_000)
        found = min(found, worth(at.zone, district, terms))
    assert found == pytest.approx(best)
