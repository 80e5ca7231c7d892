"""Sums over pairs against every pair by hand, in double and in single precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segregation_tools.kernels import pairs


def by_hand(points, rows, decay):
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    near = np.exp(-apart / decay)
    np.fill_diagonal(near, 0)
    return near


@given(size=st.integers(1, 60), seed=st.integers(0, 999), decay=st.sampled_from([0.01, 1.0, 50.0]))
def test_sums_and_potentials_equal_all_pairs(size, seed, decay):
    chance = np.random.default_rng(seed)
    points, rows = chance.random((size, 2)) * 5 + [6e5, 4e6], chance.random((3, size))
    near = by_hand(points, rows, decay)
    np.testing.assert_allclose(pairs.pair_sums(points, rows, decay), rows @ near @ rows.T, rtol=1e-9)
    np.testing.assert_allclose(pairs.potentials(points, rows, decay), rows @ near, rtol=1e-9)


@pytest.mark.parametrize("extent", [0.5, 20.0, 90.0, 2000.0])
@settings(max_examples=1)
@given(seed=st.integers(0, 999))
def test_single_precision_is_within_a_millionth(extent, seed):
    chance = np.random.default_rng(seed)
    points = chance.gamma(0.5, extent, (8_000, 2)) * 1000 + [6e5, 4e6]
    rows = chance.integers(0, 900, (2, 8_000)) * 1e6
    expected = pairs.pair_sums(points, rows, 1000.0)
    before, pairs.MANY = pairs.MANY, 0
    try:
        found = pairs.pair_sums(points, rows, 1000.0)
    finally:
        pairs.MANY = before
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_twins_in_places_far_apart_keep_their_digits(monkeypatch):
    chance = np.random.default_rng(1)
    places = chance.random((2_000, 2)) * 4.5e6
    points = np.vstack([places, places + chance.normal(0, 30, places.shape)])
    rows = np.vstack([np.ones(4_000), np.zeros(4_000)])
    expected = pairs.pair_sums(points, rows, 50.0)
    monkeypatch.setattr(pairs, "MANY", 0)
    np.testing.assert_allclose(pairs.pair_sums(points, rows, 50.0), expected, rtol=1e-6)


def test_nothing_near_is_nothing():
    before, pairs.MANY = pairs.MANY, 0
    try:
        assert (pairs.pair_sums(np.array([[0.0, 0], [1e6, 0]]), np.ones((1, 2)), 1.0) == 0).all()
    finally:
        pairs.MANY = before
