"""The segregation curve, and what it says of D, Gini and dominance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.cases import assert_same, population, tables
from tests.properties.proved import EVENNESS

import segregation_tools as sgt

EVEN = sgt.Population([[60, 40], [40, 60]], ["a", "b"])
APART = sgt.Population([[90, 10], [10, 90]], ["a", "b"])


@given(counts=tables(groups=2), seed=st.integers(0, 99))
def test_the_curve_holds_dissimilarity_and_gini(counts, seed):
    pop = population(counts)
    first, second = sgt.segregation_curve(pop).to_numpy().T
    assert first[0] == second[0] == 0
    assert_same([first[-1], second[-1]], 1)
    assert (np.diff(first) >= 0).all()
    assert (first <= second + 1e-12).all()
    assert_same((second - first).max(), sgt.dissimilarity(pop))
    assert_same(1 - 2 * np.trapezoid(first, second), sgt.gini(pop))
    order = np.random.default_rng(seed).permutation(counts.shape[1])
    assert_same(sgt.segregation_curve(population(counts[:, order])), sgt.segregation_curve(pop))


@given(counts=tables(groups=2), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_merging_units_never_brings_the_curve_away_from_the_diagonal(counts, labels):
    pop = population(counts)
    merged = pop.merge(labels[: counts.shape[1]])
    assert sgt.lorenz_dominance(merged, pop) in ("first", "equal")
    assert_same(sgt.segregation_curve(pop.within(sgt.Zones(labels[: counts.shape[1]]))), sgt.segregation_curve(merged))


@given(one=tables(groups=2), two=tables(groups=2))
def test_dominance_means_that_indices_agree(one, two):
    one, two = population(one), population(two)
    verdict = sgt.lorenz_dominance(one, two)
    same_mix = abs(one.mix.iloc[0] - two.mix.iloc[0]) < 1e-12
    for index in (sgt.dissimilarity, sgt.gini, sgt.hutchens, *(EVENNESS if same_mix else ())):
        if verdict in ("first", "equal"):
            assert index(one) <= index(two) + 1e-9, index
        if verdict in ("second", "equal"):
            assert index(two) <= index(one) + 1e-9, index


def test_curves_that_cross_decide_nothing():
    one = sgt.Population([[50, 40, 10], [10, 40, 50]], ["a", "b"])
    two = sgt.Population([[40, 60, 0], [30, 40, 30]], ["a", "b"])
    assert sgt.lorenz_dominance(EVEN, APART) == "first"
    assert sgt.lorenz_dominance(APART, EVEN) == "second"
    assert sgt.lorenz_dominance(APART, APART) == "equal"
    assert sgt.lorenz_dominance(sgt.Population([[1, 0], [0, 1]], ["a", "b"]), EVEN) == "second"
    assert sgt.lorenz_dominance(one, two) == "neither"


def test_a_curve_compares_two_groups():
    with pytest.raises(sgt.GroupError, match="two groups"):
        sgt.segregation_curve(sgt.Population(np.ones((3, 2)), ["a", "b", "c"]))
    assert list(sgt.segregation_curve(APART)) == ["a", "b"]


def test_places_are_compared_group_by_group():
    one = sgt.Population([[50, 5, 30], [50, 10, 5]], ["x", "y"])
    assert sgt.lorenz_dominance(one, one[["y", "x"]]) == "equal"
    with pytest.raises(sgt.GroupError, match="same groups"):
        sgt.lorenz_dominance(one, EVEN)


def test_indices_that_look_at_the_size_of_groups_may_say_the_contrary():
    one = sgt.Population([[6, 4], [400, 600]], ["a", "b"])
    two = sgt.Population([[58, 42], [42, 58]], ["a", "b"])
    assert sgt.lorenz_dominance(one, two) == "second"
    assert sgt.gini(two) < sgt.gini(one)
    assert sgt.information_theory(two) > sgt.information_theory(one)
