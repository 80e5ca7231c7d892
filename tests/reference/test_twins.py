"""Every formula and kernel against its slow plain twin, on random input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import segregation_tools as sgt
from segregation_tools.kernels import lorenz
from segregation_tools.kernels.ordering import SHORT, bucketed_area
from tests.properties.cases import assert_same, population, tables
from tests.reference import plain

pytestmark = pytest.mark.filterwarnings("ignore:rank_order:segregation_tools.errors.DataWarning")

TWINS = [
    "dissimilarity",
    "information_theory",
    "mutual_information",
    "variance_ratio",
    "gini",
    "exposure",
    "relative_diversity",
    "normalized_exposure",
    "squared_coefficient_of_variation",
    "divergence",
    "hutchens",
    "gorard",
    "atkinson",
    "min_max",
]


class Mixed:
    """An environment that keeps no totals, as kernels do: a fixed random weight between any two units."""

    linear = True
    includes_self = False

    def __init__(self, seed, strip=3):
        self.seed, self.strip = seed, strip

    def on(self, geography):
        size = len(geography.units)
        self.weights = np.random.default_rng(self.seed).uniform(0.1, 1, (size, size))
        return self

    def strips(self, counts):
        for start in range(0, counts.shape[1], self.strip):
            part = slice(start, min(start + self.strip, counts.shape[1]))
            yield part, counts @ self.weights[:, part]


@pytest.mark.parametrize("name", TWINS)
@given(counts=tables())
def test_index_equals_its_twin(name, counts):
    pop = population(counts, getattr(sgt, name))
    assert_same(getattr(sgt, name)(pop), getattr(plain, name)(pop.counts, pop.counts))


@pytest.mark.parametrize("name", TWINS)
@given(counts=tables(), seed=st.integers(0, 999))
def test_index_equals_its_twin_with_an_environment_in_strips(name, counts, seed):
    pop = population(counts, getattr(sgt, name)).within(Mixed(seed))
    assert_same(getattr(sgt, name)(pop), getattr(plain, name)(pop.counts, pop.environment))


@given(counts=tables(groups=2), b=st.floats(0.05, 0.95))
def test_atkinson_equals_its_twin_for_any_b(counts, b):
    assert_same(sgt.atkinson(population(counts), b=b), plain.atkinson(counts, counts, b))


@pytest.mark.parametrize("kind", ["information", "variance", "squareroot"])
@given(counts=tables(), seed=st.integers(0, 999))
def test_ordinal_indices_equal_their_twins(kind, counts, seed):
    index = getattr(sgt, f"ordinal_{kind}")
    assert_same(index(population(counts)), plain.ordinal(kind, counts, counts))
    local = population(counts).within(Mixed(seed))
    assert_same(index(local), plain.ordinal(kind, counts, local.environment))


@pytest.mark.parametrize("kind", ["information", "variance", "squareroot"])
@settings(max_examples=20)
@given(counts=tables(), seed=st.integers(0, 999), degree=st.integers(0, 4))
def test_rank_order_indices_equal_their_twins(kind, counts, seed, degree):
    degree = min(degree, len(counts) - 2)
    local = population(counts).within(Mixed(seed))
    index = getattr(sgt, f"rank_order_{kind}")
    for pop in (population(counts), local):
        twin = plain.rank_order(kind, counts, pop.environment, degree)
        assert index(pop, degree=degree) == pytest.approx(twin, rel=1e-5, abs=1e-5)  # the twin integrates on a grid
    highest = min(4, len(counts) - 2)
    assert_same(index(local), index(local, degree=highest))


@given(counts=tables(), seed=st.integers(0, 999))
def test_sorting_of_incomes_equals_its_twin(counts, seed):
    incomes = [10.0 * 2**i for i in range(len(counts))]
    for pop in (population(counts), population(counts).within(Mixed(seed))):
        twin = plain.neighborhood_sorting_index(counts, pop.environment, incomes)
        assert_same(sgt.neighborhood_sorting_index(pop, incomes=incomes), twin)


@given(counts=tables())
def test_exposure_without_self_equals_asking_everyone(counts):
    assert_same(sgt.exposure(population(counts), with_self=False), plain.exposure_without_self(counts))


def shares_and_weights(size):
    values = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0, 1 / 3]))
    return st.tuples(hnp.arrays(float, size, elements=values), hnp.arrays(float, size, elements=st.integers(0, 99)))


@given(both=st.integers(1, 60).flatmap(shares_and_weights))
def test_sorted_and_bucketed_areas_equal_all_pairs(both):
    p, t = both
    t = t + (t.sum() == 0)
    expected = plain.area(p, t)
    assert_same(lorenz.area_between(p, t), expected)
    assert_same(bucketed_area(p, t, 0.0, 0.0, 0)[0] / t.sum() ** 2, expected)


@pytest.mark.parametrize("size", [SHORT - 1, SHORT + 1, 3_000])
@pytest.mark.parametrize("shape", ["uniform", "skewed", "decades", "ties", "one apart", "subnormal"])
def test_buckets_take_any_distribution_and_change_nothing(size, shape):
    chance = np.random.default_rng(7)
    p = {
        "uniform": lambda: chance.random(size),
        "skewed": lambda: chance.beta(0.5, 30, size),
        "decades": lambda: 10 ** (-300 * chance.random(size)),
        "ties": lambda: chance.integers(0, 5, size) / 4,
        "one apart": lambda: np.append(1.0, 1e-9 * chance.random(size - 1)),
        "subnormal": lambda: chance.integers(0, 50, size) * 5e-324,
    }[shape]()
    t = chance.integers(0, 3_000, size).astype(float)
    before = p.copy(), t.copy()
    assert_same(bucketed_area(p, t, 0.0, 0.0, 0)[0] / t.sum() ** 2, plain.area(p, t), 1e-11)
    np.testing.assert_array_equal((p, t), before)


def test_many_units_take_the_buckets_and_agree_with_sorting(monkeypatch):
    chance = np.random.default_rng(3)
    size = lorenz.MANY
    p, t = chance.random(size), chance.integers(1, 3_000, size).astype(float)
    bucketed = lorenz.area_between(p, t)
    monkeypatch.setattr(lorenz, "MANY", size + 1)
    assert lorenz.area_between(p, t) == pytest.approx(bucketed, rel=1e-12)
