"""Turnover: step by step beside a plain twin, and on small cases beside the law of a choice."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from tests.reference.turnover import year

from segregation_tools.kernels.sample import seeds_of
from segregation_tools.kernels.turnover import Turnover


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    groups=st.integers(1, 4),
    units=st.integers(1, 20),
    steep=st.sampled_from([0.0, 1.0, 30.0, 900.0]),
    spare=st.integers(0, 5),
)
def test_a_year_is_that_of_the_twin(seed, groups, units, steep, spare):
    """Also where vacancies are worth e^900 times as much as others, and are taken first."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 12, (3, groups, units))
    capacity = counts.sum(axis=1).max(axis=0) + rng.integers(0, spare + 1, units)
    rates, utility = rng.choice([0.0, 0.2, 1.0], (groups, units)), steep * rng.random((3, groups, units))
    leaving, choosing = seeds_of(seed, 0, 3), seeds_of(seed + 1, 5, 8)
    found = Turnover(rates, capacity).year(counts, utility, leaving, choosing)
    for r in range(3):
        plain = year(counts[r], utility[r], leaving[r], choosing[r], rates, capacity)
        np.testing.assert_array_equal(found[r], plain)
    np.testing.assert_array_equal(found.sum(axis=2), counts.sum(axis=2))
    assert (found.sum(axis=1) <= capacity).all()


def law(movers, vacant, weights):
    """Chance of every outcome, by all orders of movers and all that each may choose."""
    chances = {}
    orders = list(itertools.permutations([g for g, many in enumerate(movers) for _ in range(many)]))
    for order in orders:
        ways = {(tuple(vacant), ()): 1 / len(orders)}
        for g in order:
            after = {}
            for (free, chosen), chance in ways.items():
                worth = [free[u] * weights[g][u] for u in range(len(free))]
                for u, one in enumerate(worth):
                    if one:
                        left = tuple(n - (v == u) for v, n in enumerate(free))
                        key = (left, (*chosen, (g, u)))
                        after[key] = after.get(key, 0) + chance * one / sum(worth)
            ways = after
        for (_, chosen), chance in ways.items():
            key = tuple(sorted(chosen))
            chances[key] = chances.get(key, 0) + chance
    return chances


@pytest.mark.parametrize("spare", [0, 1])
def test_choices_follow_the_law(spare):
    """All movers of a tiny town, in all orders: chi-square of 20,000 outcomes."""
    counts, draws = np.array([[2, 0, 0], [0, 1, 2]]), 20_000
    capacity = counts.sum(axis=0) + spare
    utility = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 2.0]])
    chances = law([2, 3], capacity, np.exp(utility))
    found = Turnover(np.ones((2, 3)), capacity).year(
        np.repeat(counts[np.newaxis], draws, axis=0),
        np.repeat(utility[np.newaxis], draws, axis=0),
        seeds_of(1, 0, draws),
        seeds_of(2, 0, draws),
    )
    outcomes = {}
    for one in found:
        key = tuple(sorted((g, u) for g in range(2) for u in range(3) for _ in range(one[g, u])))
        outcomes[key] = outcomes.get(key, 0) + 1
    assert set(outcomes) <= set(chances)
    observed = np.array([outcomes.get(key, 0) for key in chances])
    wanted = draws * np.array(list(chances.values()))
    statistic = (np.square(observed - wanted) / wanted).sum()
    assert statistic < chi2.ppf(0.9999, len(chances) - 1)


def test_who_does_not_move_stays():
    counts = np.random.default_rng(1).integers(0, 9, (2, 3, 7))
    still = Turnover(np.zeros((3, 7)), counts.sum(axis=1).max(axis=0))
    np.testing.assert_array_equal(still.year(counts, np.zeros((2, 3, 7)), seeds_of(1, 0, 2), seeds_of(2, 0, 2)), counts)
