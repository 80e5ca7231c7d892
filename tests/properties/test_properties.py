"""What the theory says of every index on the shelf, tried on random populations.

An index that lacks a property is named where the property is tested, with the counterexample beside it.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import segregation_tools as sgt
from tests.properties.cases import (
    ALL,
    DECOMPOSABLE,
    EVENNESS,
    LOCAL,
    NOT_A_MEAN,
    assert_same,
    flat,
    ids,
    population,
    tables,
)

every = pytest.mark.parametrize("index", ALL, ids=ids)
evenness = pytest.mark.parametrize("index", EVENNESS, ids=ids)


@every
@given(counts=tables(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(index, counts, seed):
    order = np.random.default_rng(seed).permutation(counts.shape[1])
    assert_same(index(population(counts[:, order], index)), index(population(counts, index)))


@every
@given(counts=tables(), seed=st.integers(0, 99))
def test_the_names_of_groups_do_not_matter(index, counts, seed):
    pop = population(counts, index)
    order = [pop.groups[i] for i in np.random.default_rng(seed).permutation(len(pop.groups))]
    answer, again = index(pop), index(pop[order])
    if index.answer == "number":
        if index.__name__ != "interaction":  # xPy names its direction; yPx is another number, as the next test shows
            assert_same(again, answer)
    elif index.answer == "groups":
        assert_same(again[list(pop.groups)], answer)
    else:
        assert_same(again.loc[list(pop.groups), list(pop.groups)], answer)


def test_interaction_has_a_direction():
    pop = population(np.array([[9.0, 1.0], [10.0, 80.0]]))
    assert sgt.interaction(pop) != pytest.approx(sgt.interaction(pop[["g1", "g0"]]))


@every
@given(counts=tables())
def test_an_empty_unit_changes_nothing(index, counts):
    padded = np.column_stack([counts, np.zeros(len(counts))])
    assert_same(index(population(padded, index)), index(population(counts, index)))


@every
@given(counts=tables(), parts=st.integers(2, 4))
def test_splitting_a_unit_in_proportion_changes_nothing(index, counts, parts):
    split = np.column_stack([counts[:, 1:], *[counts[:, :1] / parts] * parts])
    assert_same(index(population(split, index)), index(population(counts, index)))


@every
@given(counts=tables(), factor=st.sampled_from([0.25, 3.0, 1e6]))
def test_scaling_all_counts_changes_nothing(index, counts, factor):
    assert_same(index(population(counts * factor, index)), index(population(counts, index)))


@evenness
@given(counts=tables(), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_merging_units_never_raises_evenness_indices(index, counts, labels):
    pop = population(counts, index)
    merged = pop.merge(labels[: counts.shape[1]])
    assert index(merged) <= index(pop) + 1e-12


@every
@given(counts=tables())
def test_values_stay_within_their_bounds(index, counts):
    values = flat(index(population(counts, index)))
    low, high = index.bounds
    assert (values >= low - 1e-12).all()
    assert (values <= high + 1e-12).all()


@evenness
@given(
    mix=st.lists(st.integers(1, 50), min_size=2, max_size=5), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8)
)
def test_an_even_spread_is_zero(index, mix, sizes):
    assert_same(index(population(np.outer(mix, sizes).astype(float), index)), 0)


@pytest.mark.parametrize("index", [index for index in EVENNESS if index.bounds[1] == 1], ids=ids)
@given(people=st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_complete_separation_is_one(index, people):
    assert_same(index(population(np.diag(people).astype(float), index)), 1)


@given(people=st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_complete_separation_is_the_entropy_for_mutual_information(people):
    pop = population(np.diag(people).astype(float))
    assert_same(sgt.mutual_information(pop), sgt.entropy_diversity(pop))


@pytest.mark.parametrize("index", [i for i in LOCAL if i.answer == "number" and i.__name__ not in NOT_A_MEAN], ids=ids)
@given(counts=tables())
def test_the_mean_of_local_values_over_residents_is_the_value(index, counts):
    pop = population(counts, index)
    local = index.local(pop)
    if index.__name__ == "interaction":  # met by the first group, so that its members weigh
        assert_same(np.nansum(local[pop.groups[1]] * pop.counts[0]) / pop.counts[0].sum(), index(pop))
    else:
        assert_same(np.nansum(local * pop.sizes) / pop.sizes.sum(), index(pop))


@given(counts=tables())
def test_local_diversity_is_lower_than_that_of_the_region_by_segregation(counts):
    pop = population(counts)
    mean = np.nansum(sgt.entropy_diversity.local(pop) * pop.sizes) / pop.sizes.sum()
    assert_same(mean, sgt.entropy_diversity(pop) - sgt.mutual_information(pop))


@given(counts=tables())
def test_local_exposure_weighted_with_a_group_is_its_row(counts):
    pop = population(counts)
    local = sgt.exposure.local(pop).fillna(0)
    rows = (pop.counts @ local.to_numpy()) / pop.group_totals[:, None]
    assert_same(sgt.exposure(pop), rows)


@every
@given(counts=tables(), cut=st.integers(0, 14))
def test_parts_merge_to_the_whole(index, counts, cut):
    pop = population(counts, index)
    cut = min(cut, counts.shape[1])
    pieces = [pop.counts[:, :cut], pop.counts[:, cut:]]
    parts = [index.partial(pop._derive(counts=piece), region=pop.group_totals) for piece in pieces if piece.shape[1]]
    assert_same(index.combine(parts), index(pop))


@every
@given(counts=tables(), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_zones_as_environment_equal_merging_their_units(index, counts, labels):
    """The plan theorem: a school plan is an environment."""
    pop = population(counts, index)
    labels = labels[: counts.shape[1]]
    assert_same(index(pop.within(sgt.Zones(labels))), index(pop.merge(labels)))


@pytest.mark.parametrize("index", DECOMPOSABLE, ids=ids)
@given(counts=tables(), labels=st.lists(st.integers(0, 2), min_size=14, max_size=14))
def test_between_and_within_add_up_to_the_total(index, counts, labels):
    pop = population(counts)
    labels = np.array(labels[: counts.shape[1]])
    within = 0.0
    for label in np.unique(labels):
        place = counts[:, labels == label]
        present = place.sum(axis=1) > 0
        if present.sum() < 2:
            continue  # one group alone is not segregated
        within += index.within(place.sum(axis=1), pop.group_totals) * index(population(place[present]))
    assert_same(index(pop.merge(labels)) + within, index(pop))


@pytest.mark.parametrize("name", ["dissimilarity", "gini"])
def test_indices_that_do_not_decompose_say_so(name):
    index = getattr(sgt, name)
    counts = np.array([[8.0, 2.0, 1.0, 9.0], [2.0, 3.0, 9.0, 1.0]])
    pop, labels = population(counts), np.array([0, 0, 1, 1])
    within = sum(
        population(counts[:, labels == s]).sizes.sum() / 35 * index(population(counts[:, labels == s])) for s in (0, 1)
    )
    assert not index.decomposable
    assert index(pop.merge(labels)) + within != pytest.approx(index(pop), abs=1e-3)


@given(counts=tables())
def test_rows_of_exposure_add_up_to_one(counts):
    for with_self in (True, False):
        rows = sgt.exposure(population(counts), with_self=with_self).sum(axis=1)
        assert_same(rows[rows > 0], 1)


@given(counts=tables())
def test_exposure_is_balanced(counts):
    """As many meetings of g with h as of h with g: T_g P*(g→h) = T_h P*(h→g)."""
    pop = population(counts)
    meetings = sgt.exposure(pop).to_numpy() * pop.group_totals[:, None]
    assert_same(meetings, meetings.T)


@given(counts=tables())
def test_isolation_is_the_diagonal_of_exposure(counts):
    pop = population(counts)
    assert_same(sgt.isolation(pop), np.diag(sgt.exposure(pop)))


@given(counts=tables(groups=2))
def test_two_groups_tie_the_indices_together(counts):
    pop = population(counts)
    x, y = pop.counts
    matrix = sgt.exposure(pop).to_numpy()
    assert_same(sgt.dissimilarity(pop), 0.5 * np.abs(x / x.sum() - y / y.sum()).sum())
    assert_same(sgt.interaction(pop), matrix[0, 1])
    assert_same(sgt.variance_ratio(pop), matrix[0, 0] - matrix[1, 0])  # V = xPx − yPx
    assert sgt.dissimilarity(pop) <= sgt.gini(pop) + 1e-12


@given(counts=tables())
def test_mutual_information_does_not_care_which_axis_is_the_group(counts):
    counts = counts[:, counts.sum(axis=0) > 0]
    assume(counts.shape[1] > 1)
    assert_same(sgt.mutual_information(population(counts)), sgt.mutual_information(population(counts.T)))
    assert_same(
        sgt.information_theory(population(counts)) * sgt.entropy_diversity(population(counts)),
        sgt.mutual_information(population(counts)),
    )


@given(counts=tables(groups=2), seed=st.integers(0, 99))
def test_moving_someone_to_where_his_group_is_scarcer_never_raises_evenness_indices(counts, seed):
    """The principle of transfers."""
    chance = np.random.default_rng(seed)
    pop = population(counts)
    i, j = chance.choice(counts.shape[1], 2, replace=False)
    shares = counts[0] / np.maximum(counts.sum(axis=0), 1)
    if shares[i] < shares[j]:
        i, j = j, i
    assume(counts[0, i] >= 1)
    assume(counts[1, j] >= 1)
    swapped = counts.copy()  # unit sizes stay: one moves each way
    swapped[0, i], swapped[0, j] = counts[0, i] - 1, counts[0, j] + 1
    swapped[1, i], swapped[1, j] = counts[1, i] + 1, counts[1, j] - 1
    after = swapped[0] / np.maximum(swapped.sum(axis=0), 1)
    assume(after[i] >= after[j])
    for index in EVENNESS:
        assert index(population(swapped)) <= index(pop) + 1e-12
