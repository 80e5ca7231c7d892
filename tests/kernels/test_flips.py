"""Plans drawn by flips: on small districts beside all plans there are, and step by step beside a plain twin."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from tests.kernels.test_moves import graph_of, lattice, triangles
from tests.reference.flips import Plain

from segregation_tools.kernels.flips import flip
from segregation_tools.kernels.moves import District, Terms, begun

NO_GOAL = Terms(np.zeros(0, dtype=np.int64), np.zeros((0, 0, 0)), np.zeros(0), np.zeros(0), np.zeros(0))


class Chain:
    """The kernel on a plain district."""

    def __init__(self, plain, start, seed):
        units = len(start)
        cost = np.full((units, plain.zones), inf, dtype=np.float32)
        for unit, zones in enumerate(plain.allowed):
            cost[unit, list(zones)] = 0
        sizes, home = np.array(plain.sizes, dtype=float), np.array(plain.home, dtype=np.int32)
        rooms = np.array(plain.low, dtype=float), np.array(plain.high, dtype=float)
        whole = len(plain.loose) < units
        self.district = District(np.empty((units, 0)), sizes, cost, *rooms, home, plain.most_moved, whole)
        self.graph = graph_of(plain.edges, units)
        self.loose = np.array(plain.loose, dtype=np.int32)
        self.parted = np.array(plain.pieces(start)) > 1 if whole else np.zeros(plain.zones, dtype=bool)
        self.compactness = plain.compactness
        self.at = begun(np.array(start), self.district, self.graph, NO_GOAL, seed)

    def walk(self, steps):
        flip(self.at, self.district, self.graph, self.loose, self.parted, self.compactness, steps)
        return tuple(self.at.zone.tolist())


def plain(rows, cols, start, **given):
    """A grid on which zones begin as `start`, and each may go everywhere."""
    units, zones = rows * cols, max(start) + 1
    defaults = {
        "sizes": [1] * units,
        "allowed": [range(zones)] * units,
        "low": [0] * zones,
        "high": [inf] * zones,
        "home": list(start),
    }
    return Plain(edges=lattice(rows, cols).tolist(), zones=zones, **(defaults | given))


COLUMNS = (0, 1, 2) * 3
HALVES = (0, 0, 1, 1) * 3
APART = (0, 1, 1, 0) * 3  # one zone of two pieces
PUPILS = [5, 1, 4, 2, 3, 6, 1, 7, 2]
PINNED = [(zone,) if unit < 3 else range(3) for unit, zone in enumerate(COLUMNS)]
DISTRICTS = {
    "all plans alike": (plain(3, 3, COLUMNS), COLUMNS),
    "compact": (plain(3, 3, COLUMNS, compactness=0.7), COLUMNS),
    "schools stay": (plain(3, 3, COLUMNS, allowed=PINNED, compactness=0.3), COLUMNS),
    "two schools": (plain(3, 4, HALVES, compactness=1.0), HALVES),
    "room": (plain(3, 3, COLUMNS, sizes=PUPILS, low=[6] * 3, high=[15] * 3), COLUMNS),
    "few move": (plain(3, 3, COLUMNS, sizes=PUPILS, most_moved=9, home=[-1, *COLUMNS[1:]], compactness=0.2), COLUMNS),
    "two pieces": (
        plain(3, 4, APART, allowed=[(z,) if u in (4, 5, 7) else (0, 1) for u, z in enumerate(APART)]),
        APART,
    ),
    "two pieces, compact": (plain(3, 4, APART, compactness=0.4), APART),
    "an island": (
        replace(
            plain(3, 3, COLUMNS, loose=[8], compactness=0.5), edges=[e for e in lattice(3, 3).tolist() if 8 not in e]
        ),
        COLUMNS,
    ),
    "zones fall apart": (plain(2, 3, COLUMNS[:6], loose=list(range(6)), compactness=0.6), COLUMNS[:6]),
    "zones fall apart, room": (
        plain(2, 3, COLUMNS[:6], loose=list(range(6)), sizes=PUPILS[:6], high=[11] * 3),
        COLUMNS[:6],
    ),
}


def misfit(frequencies, target, draws):
    """How far frequencies are from what they should be: the chance of more, if draws were independent."""
    expected = np.array(list(target.values())) * draws
    found = np.array([frequencies.get(plan, 0) for plan in target])
    few = expected < 5  # taken together
    expected = np.append(expected[~few], expected[few].sum() or 1)
    found = np.append(found[~few], found[few].sum() if few.any() else 1)
    return chi2.sf(((found - expected) ** 2 / expected).sum(), len(expected) - 1 - (not few.any()))


@pytest.fixture(scope="module", params=DISTRICTS)
def small(request):
    """A district, where it begins, and the plans to which steps of the twin lead, each with its own steps."""
    district, start = DISTRICTS[request.param]
    rows = district.reached(start)
    if request.param != "few move":  # there, one step of two would be needed
        assert not set(rows) ^ district.every(start)
    return district, start, rows


def test_every_plan_comes_as_often_as_it_should(small):
    district, start, rows = small
    target = district.target(rows)
    assert len(target) > 20
    chain, draws, frequencies = Chain(district, start, 3), 20_000, {}
    for _ in range(draws):
        plan = chain.walk(100)
        frequencies[plan] = frequencies.get(plan, 0) + 1
    assert not set(frequencies) - set(target)
    assert misfit(frequencies, target, draws) > 0.001


def test_what_goes_from_one_plan_to_another_comes_back(small):
    """Detailed balance, exactly: the plans, as often as they should be, stay as often."""
    district, _, rows = small
    target = district.target(rows)
    for plan, row in rows.items():
        assert sum(row.values()) < 1 + 1e-12
        for after, chance in row.items():
            assert target[plan] * chance == pytest.approx(target[after] * rows[after][plan], rel=1e-12)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(6, 25), st.integers(2, 5), st.booleans(), st.integers(0, 3), st.floats(0, 2))
def test_the_kernel_takes_the_steps_of_its_twin(seed, units, zones, whole, islands, compactness):
    chance = np.random.default_rng(seed)
    edges = triangles(chance, units)
    loose = list(range(units)) if not whole else list(range(units - islands, units))
    if whole:
        edges = edges[(edges < units - islands).all(axis=1)]
    start = tuple(chance.integers(0, zones, units).tolist())
    sizes = chance.integers(0, 30, units).tolist()
    rolls = np.bincount(start, sizes, zones)
    allowed = [{zone, *np.flatnonzero(chance.random(zones) < 0.8).tolist()} for zone in start]
    home = [zone if chance.random() < 0.8 else -1 for zone in start]
    low, high, most = (0.6 * rolls).tolist(), (1.5 * rolls + 20).tolist(), float(chance.choice([inf, sum(sizes) / 3]))
    district = Plain(edges.tolist(), sizes, zones, allowed, low, high, home, most, loose, compactness)
    chain = Chain(district, start, seed)
    plan, made = district.walked(start, seed, 300)
    assert chain.walk(300) == tuple(plan)
    assert chain.at.tally[2] == made


def test_what_is_kept_up_to_date_is_what_the_plan_says():
    start = tuple(np.repeat(range(4), 12).tolist())
    sizes = np.random.default_rng(1).random(48) * 10
    district = plain(8, 6, start, sizes=sizes.tolist(), compactness=0.5)
    chain = Chain(district, start, 5)
    for _ in range(5):
        plan = np.array(chain.walk(20_000))
        np.testing.assert_allclose(chain.at.sums[:, -1], np.bincount(plan, sizes, 4))
        assert chain.at.moved[0] == pytest.approx(sizes[plan != start].sum())
        border = np.flatnonzero(plan[chain.graph.ends[:, 0]] != plan[chain.graph.ends[:, 1]])
        assert sorted(chain.at.border[: chain.at.tally[0]].tolist()) == border.tolist()
        np.testing.assert_array_equal(chain.at.border[chain.at.place[border]], border)
        assert district.pieces(plan.tolist()) == [1, 1, 1, 1]
    assert chain.at.tally[2] > 10_000


def test_in_parts_as_at_once():
    start = tuple(np.repeat(range(4), 12).tolist())
    once, parts = (Chain(plain(8, 6, start, compactness=0.5), start, 5) for _ in range(2))
    for _ in range(10):
        plan = parts.walk(1000)
    assert once.walk(10_000) == plan


def test_where_no_flip_is_possible_nothing_moves():
    for district, start in (
        (plain(3, 3, COLUMNS, allowed=[(zone,) for zone in COLUMNS]), COLUMNS),
        (plain(1, 1, (0,)), (0,)),
        (plain(3, 3, COLUMNS, most_moved=0.5), COLUMNS),
    ):
        chain = Chain(district, start, 1)
        assert chain.walk(5000) == start
        assert chain.at.tally[2] == 0
