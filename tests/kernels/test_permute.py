"""Values dealt out by chance: every draw counted as its slow twin counts it, and no unit reads the draws of another."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.permute import shared

from segregation_tools.kernels import permute
from segregation_tools.kernels.sample import numbered, seeds_of, sequence


@st.composite
def places(draw):
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    n = draw(st.integers(3, 12))
    u = chance.integers(-3, 4, n) * draw(st.sampled_from([1, 1000])) + draw(st.sampled_from([0, 10**4])) * (
        np.arange(n) == 1
    )
    return u, [chance.permutation(np.delete(np.arange(n), i))[: chance.integers(0, n)].tolist() for i in range(n)]


@pytest.mark.parametrize("squared", [False, True])
@given(place=places(), root=st.integers(0, 99), room=st.sampled_from([1, 40, 1 << 20]))
@settings(max_examples=60)
def test_draws_are_counted_as_the_twin_counts_them(squared, place, root, room):
    """Ties and all, with a value thousands of times the others, in pieces of any size."""
    u, near = place
    many, draws = np.array([len(one) for one in near]), 30
    if not many.any():
        many[0], near[0] = 1, [1]
    drawn = np.empty((draws, many.max() + 1), dtype=np.int64)
    permute._drawn(seeds_of(root, 0, draws), len(u), drawn)
    said = u.astype(float)
    loose = 2e-12 * said**2 if squared else 1e-12 * np.abs(said)
    value = [sum((u[i] - u[j]) ** 2 if squared else u[j] for j in one) for i, one in enumerate(near)]
    slack = np.array([sum(loose[j] for j in one) for one in near])
    was, permute.ROOM = permute.ROOM, room
    try:
        found = permute.shared_by_class(root, draws, said, loose, many, np.array(value, float), slack, squared=squared)
    finally:
        permute.ROOM = was
    assert found.tolist() == shared(u.tolist(), drawn.tolist(), near, squared=squared)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("size", [4, 60])
def test_each_for_itself_deals_out_the_others_evenly(squared, size):
    """Neighbours that count alike: as many draws on either side as where draws are shared, but for chance."""
    chance = np.random.default_rng(size)
    u, k = chance.integers(0, 4, size).astype(float), 3
    near = np.array([chance.permutation(np.delete(np.arange(size), i))[:k] for i in range(size)])
    loose = 2e-12 * u**2 if squared else 1e-12 * u
    value = ((u[:, None] - u[near]) ** 2 if squared else u[near]).sum(axis=1)
    many, slack, draws = np.full(size, k), loose[near].sum(axis=1), 20_000
    begins, ones = np.arange(0, size * k + 1, k), np.ones(size * k)
    one = permute.shared_by_class(3, draws, u, loose, many, value, slack, squared=squared)
    other = permute.each_for_itself(3, draws, u, loose, begins, ones, value, slack, squared=squared)
    assert np.abs(one - other).max() < 5 * np.sqrt(2 * 0.25 * draws)


def test_no_unit_reads_the_draws_of_another():
    """Seeds are one step of splitmix64 apart: unmixed, the sequence of a unit is that of the one before, shifted."""
    seen = [numbered(np.uint64(sequence(seed)), j) for seed in seeds_of(7, 0, 40) for j in range(200)]
    assert len(set(seen)) == len(seen)
    assert np.mean(seen) == pytest.approx(0.5, abs=5 * np.sqrt(1 / 12 / len(seen)))


def test_a_unit_with_many_neighbours_takes_little_memory():
    n = 6000
    many = np.full(n, 4)
    many[0] = n - 1
    u = np.random.default_rng(1).random(n)
    value, slack = 2.0 * many / 4, 1e-12 * many
    permute.shared_by_class(1, 9, u, 1e-12 * u, many, value, slack)
    tracemalloc.start()
    permute.shared_by_class(1, 999, u, 1e-12 * u, many, value, slack)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100e6  # 999 draws of 6,000 neighbours, at 8 bytes three times over, are 144 MB
