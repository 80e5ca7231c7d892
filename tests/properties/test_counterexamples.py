"""Indices that lack a property, each with a counterexample."""

import numpy as np
import pytest

import segregation_tools as sgt
from tests.properties.cases import population
from tests.properties.proved import DIRECTED, NOT_A_MEAN, NOT_ADDED, NOT_ONE, NOT_ZONED, ORDERED

pytestmark = pytest.mark.filterwarnings("ignore:rank_order:segregation_tools.errors.DataWarning")

UNEVEN = population(np.array([[9.0, 1.0, 5.0], [10.0, 80.0, 20.0]]))


@pytest.mark.parametrize("name", sorted(DIRECTED))
def test_the_first_group_is_another_question_than_the_second(name):
    index = getattr(sgt, name)
    options = {"b": 0.9} if name == "atkinson" else {}
    assert index(UNEVEN, **options) != pytest.approx(index(UNEVEN[["g1", "g0"]], **options), rel=0.01)


@pytest.mark.parametrize("name", sorted(ORDERED))
def test_the_order_of_ordered_groups_matters(name):
    index = getattr(sgt, name)
    pop = population(np.array([[9.0, 1.0], [1.0, 9.0], [5.0, 2.0]]))
    assert index(pop) != pytest.approx(index(pop[["g1", "g0", "g2"]]), rel=0.01)


@pytest.mark.parametrize("name", sorted(NOT_ONE))
def test_complete_separation_is_not_one(name):
    separate = population(np.diag([10.0, 30.0]))
    assert getattr(sgt, name)(separate) == pytest.approx({"gorard": 0.75}.get(name, sgt.entropy_diversity(separate)))


@pytest.mark.parametrize("name", sorted(NOT_A_MEAN))
def test_the_diversity_of_the_region_is_not_the_mean_of_its_units(name):
    index = getattr(sgt, name)
    mean = (index.local(UNEVEN) * UNEVEN.sizes).sum() / UNEVEN.sizes.sum()
    assert mean < index(UNEVEN) - 0.01


@pytest.mark.parametrize("name", sorted(NOT_ZONED))
def test_surfaces_count_units_not_residents(name):
    """A zone of two units lies under the surface twice."""
    index, labels = getattr(sgt, name), [1, 1, 2]
    assert index(UNEVEN.within(sgt.Zones(labels))) != pytest.approx(index(UNEVEN.merge(labels)), rel=0.01)


@pytest.mark.parametrize("name", sorted(NOT_ADDED))
def test_tiers_do_not_add_up(name):
    """Weighted with people, what lies between and within places misses the whole."""
    index = getattr(sgt, name)
    counts = np.array([[8.0, 2.0, 1.0, 9.0], [2.0, 3.0, 9.0, 1.0], [1.0, 1.0, 4.0, 2.0]])
    pop, labels = population(counts), np.array([0, 0, 1, 1])
    parts = [population(counts[:, labels == label]) for label in (0, 1)]
    weights = [part.sizes.sum() / pop.sizes.sum() for part in parts]
    added = index(pop.merge(labels)) + sum(w * index(part) for w, part in zip(weights, parts, strict=True))
    assert not index.decomposable
    assert added != pytest.approx(index(pop), abs=1e-3)


def test_a_fitted_index_may_fall_below_zero():
    """The polynomial runs through few thresholds; between them it may dip below what any index can be."""
    for name, counts in {
        "rank_order_information": [[5, 8], [0, 3], [5, 3], [6, 9], [3, 7]],
        "rank_order_variance": [[4, 6, 1], [7, 3, 0], [2, 3, 6], [5, 8, 4]],
        "rank_order_squareroot": [[8, 8], [5, 1], [3, 8], [9, 8]],
    }.items():
        assert getattr(sgt, name)(population(np.array(counts, dtype=float))) < 0


def test_merging_units_may_raise_a_fitted_index():
    for name, counts in {
        "rank_order_information": [[9, 2, 8], [6, 0, 3], [8, 5, 0], [7, 7, 8]],
        "rank_order_variance": [[6, 5, 5], [0, 3, 3], [6, 3, 5], [4, 3, 5]],
        "rank_order_squareroot": [[8, 3, 9], [7, 5, 2], [7, 1, 0], [7, 2, 6]],
    }.items():
        index, pop = getattr(sgt, name), population(np.array(counts, dtype=float))
        assert index(pop.merge([0, 0, 1])) > index(pop) + 1e-3
