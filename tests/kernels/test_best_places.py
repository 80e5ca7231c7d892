"""Households in the best places, beside all that can be done; prices beside rounds with one more place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import places

from segregation_tools.kernels import best_places
from segregation_tools.kernels.best_places import NEVER, UNLIMITED, placed_best, served_in_turn
from segregation_tools.kernels.permute import order_of
from segregation_tools.kernels.sample import seeds_of


@st.composite
def rounds(draw, households=7):
    """Utilities, with the one of no home behind; groups; flats; quotas. None where a block is not acceptable."""
    n, blocks, groups = draw(st.integers(1, households)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    worth = st.one_of(st.none(), st.integers(0, 4), st.integers(0, 2**49))
    none = draw(st.sampled_from([0, -(2**56)]))
    utility = [[*(draw(worth) for _ in range(blocks)), none] for _ in range(n)]
    group = [draw(st.integers(0, groups - 1)) for _ in range(n)]
    room = [draw(st.integers(0, 4)) for _ in range(blocks)]
    quota = st.one_of(st.integers(0, 2), st.just(UNLIMITED))
    return utility, group, room, [[draw(quota) for _ in range(blocks)] for _ in range(groups)]


def as_arrays(utility, group, room, limit):
    return np.array([[NEVER if u is None else u for u in row] for row in utility]), *map(np.array, (group, room, limit))


@settings(max_examples=150)
@given(told=rounds())
def test_no_placement_is_better_and_one_more_place_brings_its_price(told):
    utility, group, room, limit = told
    placed = placed_best(*as_arrays(*told))
    best = places.best_sum(*told)
    got = [row[b] for row, b in zip(utility, placed.at, strict=True)]
    assert None not in got
    assert sum(got) == best
    held = np.zeros((len(limit), len(room) + 1), int)
    np.add.at(held, (group, placed.at), 1)
    assert (held[:, :-1] <= limit).all()
    assert (held[:, :-1].sum(axis=0) <= room).all()
    for b in range(len(room)):
        assert places.best_sum(utility, group, places.one_more(room, b), limit) - best == placed.flat[b]
        for g in range(len(limit)):
            if limit[g][b] < UNLIMITED:
                more = places.best_sum(utility, group, room, places.one_more(limit, g, b))
                assert more - best == placed.place[g, b]


@settings(max_examples=100)
@given(told=rounds(20))
def test_prices_prove_the_sum_exactly(told):
    """Strong duality, in whole numbers: everyone has what is best for it at these prices, and what is left over is free."""
    utility, group, room, limit = as_arrays(*told)
    at, flat, pair, _ = placed_best(utility, group, room, limit)
    quota = pair - flat
    price = np.column_stack([pair, np.zeros(len(pair), int)])[group]
    net = np.where(utility == NEVER, -(2**60), utility - price)
    mine = np.arange(len(at)), at
    assert (net[mine] == net.max(axis=1)).all()
    held = np.zeros((len(limit), len(room) + 1), int)
    np.add.at(held, (group, at), 1)
    assert (flat >= 0).all()
    assert (quota >= 0).all()
    assert (flat[held[:, :-1].sum(axis=0) < room] == 0).all()
    assert (quota[held[:, :-1] < limit] == 0).all()


@pytest.mark.parametrize("entries", [1, 2])
def test_heaps_that_are_full_are_built_anew(entries, monkeypatch):
    """Crowds who all want the same blocks move so often that entries of those who left fill the heaps."""
    rng = np.random.default_rng(3)
    utility = np.column_stack([rng.integers(0, 10**6, (300, 12)) * 3 // np.arange(3, 15), np.zeros(300, int)])
    told = utility, rng.integers(0, 3, 300), np.full(12, 25), np.full((3, 12), 9)
    expected = placed_best(*told)
    monkeypatch.setattr(best_places, "ENTRIES", entries)
    found = placed_best(*told)
    rows = np.arange(300)
    assert utility[rows, found.at].sum() == utility[rows, expected.at].sum()
    np.testing.assert_array_equal(found.pair, expected.pair)


@settings(max_examples=60)
@given(told=rounds(), root=st.integers(0, 2**62))
def test_served_in_turn_equals_its_twin(told, root):
    utility, group, room, limit = told
    utility = [row[:-1] for row in utility]
    ranked = np.full((len(group), len(room)), -1)
    for i, row in enumerate(utility):
        order = sorted((-u, b) for b, u in enumerate(row) if u is not None)
        ranked[i, : len(order)] = [b for _, b in order]
    worth = np.array([[np.nan if u is None else u for u in row] for row in utility], dtype=float)
    sums, first, without = served_in_turn(root, 3, ranked, worth, *map(np.array, (group, room, limit)))
    for r, seed in enumerate(seeds_of(root, 0, 3)):
        turn = np.empty(len(group), dtype=np.int64)
        order_of(seed, turn)
        got = places.in_turn(turn.tolist(), utility, group, room, limit)
        for g in range(len(limit)):
            mine = [i for i in range(len(group)) if group[i] == g]
            assert sums[r, g] == pytest.approx(sum(utility[i][got[i]] for i in mine if got[i] is not None))
            assert without[r, g] == sum(got[i] is None for i in mine)
            best = [i for i in mine if got[i] is not None and utility[i][got[i]] == worth[i][ranked[i, 0]]]
            assert first[r, g] == len(best)
