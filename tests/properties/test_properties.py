"""What the theory says of every index on the shelf, tried on random populations.

An index that lacks a property is named where the property is tested, with the counterexample beside it.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import segregation_tools as sgt
from tests.properties.cases import assert_same, flat, ids, population, proves, ready, tables, value
from tests.properties.proved import UNITS, VALUES

pytestmark = pytest.mark.filterwarnings("ignore:rank_order:segregation_tools.errors.DataWarning")


@proves("rows", among=VALUES)
@given(counts=tables(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(index, counts, seed):
    order = np.random.default_rng(seed).permutation(counts.shape[1])
    assert_same(value(index, population(counts[:, order], index)), value(index, population(counts, index)))


@proves("names")
@given(counts=tables(), seed=st.integers(0, 99))
def test_the_names_of_groups_do_not_matter(index, counts, seed):
    pop = population(counts, index)
    order = [pop.groups[i] for i in np.random.default_rng(seed).permutation(len(pop.groups))]
    answer, again = value(index, pop), value(index, pop[order])
    if index.answer == "number":
        assert_same(again, answer)
    elif index.answer == "groups":
        assert_same(again[list(pop.groups)], answer)
    else:
        assert_same(again.loc[list(pop.groups), list(pop.groups)], answer)


@proves("reversal")
@given(counts=tables())
def test_from_high_to_low_is_the_same_as_from_low_to_high(index, counts):
    assert_same(value(index, population(counts[::-1])), value(index, population(counts)), 1e-8)


@proves("empty")
@given(counts=tables())
def test_an_empty_unit_changes_nothing(index, counts):
    padded = np.column_stack([counts, np.zeros(len(counts))])
    assert_same(value(index, population(padded, index)), value(index, population(counts, index)))


@proves("organisational equivalence")
@given(counts=tables(), parts=st.integers(2, 4))
def test_splitting_a_unit_in_proportion_changes_nothing(index, counts, parts):
    split = np.column_stack([counts[:, 1:], *[counts[:, :1] / parts] * parts])
    assert_same(value(index, population(split, index)), value(index, population(counts, index)))


@proves("size", among=VALUES)
@given(counts=tables(), factor=st.sampled_from([0.25, 3.0, 1e6]))
def test_scaling_all_counts_changes_nothing(index, counts, factor):
    assert_same(value(index, population(counts * factor, index)), value(index, population(counts, index)))


@proves("merging")
@given(counts=tables(), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_merging_units_never_raises_unevenness(index, counts, labels):
    pop = population(counts, index)
    merged = pop.merge(labels[: counts.shape[1]])
    assert value(index, merged) <= value(index, pop) + 1e-12


@proves("bounds", among=VALUES)
@given(counts=tables())
def test_values_stay_within_their_bounds(index, counts):
    values = flat(value(index, population(counts, index)))
    low, high = index.bounds
    assert (values >= low - 1e-12).all()
    assert (values <= high + 1e-12).all()


@proves("even")
@given(
    mix=st.lists(st.integers(1, 50), min_size=2, max_size=5), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8)
)
def test_an_even_spread_is_zero(index, mix, sizes):
    assert_same(value(index, population(np.outer(mix, sizes).astype(float), index)), 0)


@proves("separation")
@given(people=st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_complete_separation_is_one(index, people):
    assert_same(value(index, population(np.diag(people).astype(float), index)), 1)


@given(people=st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_complete_separation_is_the_entropy_for_indices_in_nats(people):
    pop = population(np.diag(people).astype(float))
    assert_same(sgt.mutual_information(pop), sgt.entropy_diversity(pop))
    assert_same(sgt.divergence(pop), sgt.entropy_diversity(pop))


@proves("local")
@given(counts=tables())
def test_the_mean_of_local_values_over_residents_is_the_value(index, counts):
    pop = population(counts, index)
    assert_same(np.nansum(index.local(pop) * pop.sizes) / pop.sizes.sum(), value(index, pop))


@proves("local to a group")
@given(counts=tables())
def test_the_mean_of_local_values_over_the_first_group_is_the_value(index, counts):
    pop = population(counts, index)
    assert_same(np.nansum(index.local(pop) * pop.counts[0]) / pop.counts[0].sum(), value(index, pop))


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


@proves("parts")
@given(counts=tables(), cut=st.integers(0, 14))
def test_parts_merge_to_the_whole(index, counts, cut):
    pop = population(counts, index)
    cut = min(cut, counts.shape[1])
    pieces = [pop.counts[:, :cut], pop.counts[:, cut:]]
    index = ready(index, pop)
    parts = [index.partial(pop._derive(counts=piece), region=pop.group_totals) for piece in pieces if piece.shape[1]]
    assert_same(index.combine(parts), index(pop))


@proves("zones")
@given(counts=tables(), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_zones_as_environment_equal_merging_their_units(index, counts, labels):
    """The plan theorem: a school plan is an environment."""
    pop = population(counts, index)
    labels = labels[: counts.shape[1]]
    assert_same(value(index, pop.within(sgt.Zones(labels))), value(index, pop.merge(labels)))


@proves("tiers")
@given(counts=tables(), labels=st.lists(st.integers(0, 2), min_size=14, max_size=14))
def test_between_and_within_add_up_to_the_total(index, counts, labels):
    pop = population(counts, index)
    labels = np.array(labels[: counts.shape[1]])
    within = 0.0
    for label in np.unique(labels):
        place = pop.counts[:, labels == label]
        present = place.sum(axis=1) > 0
        if present.sum() < 2:
            continue  # one group alone is not segregated
        within += index.within(place.sum(axis=1), pop.group_totals) * value(index, population(place[present]))
    assert_same(value(index, pop.merge(labels)) + within, value(index, pop))


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


@proves("transfers")
@given(counts=tables(groups=2), seed=st.integers(0, 99))
def test_moving_someone_to_where_his_group_is_scarcer_never_raises_evenness_indices(index, counts, seed):
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
    assert value(index, population(swapped)) <= value(index, pop) + 1e-12


# ---------------------------------------------------------------- ties between indices


@given(counts=tables())
def test_indices_that_are_one_without_an_environment(counts):
    pop = population(counts)
    assert_same(sgt.relative_diversity(pop), sgt.variance_ratio(pop))
    assert_same(sgt.divergence(pop), sgt.mutual_information(pop))


@given(counts=tables(groups=2))
def test_indices_of_two_groups_that_follow_from_each_other(counts):
    pop = population(counts)
    d, share = sgt.dissimilarity(pop), pop.mix.iloc[0]
    assert_same(sgt.gorard(pop), d * (1 - share))
    assert_same(sgt.min_max(pop), 2 * d / (1 + d))
    assert_same(sgt.atkinson(pop), 1 - (1 - sgt.hutchens(pop)) ** 2)
    for index in (sgt.normalized_exposure, sgt.relative_diversity, sgt.squared_coefficient_of_variation):
        assert_same(index(pop), sgt.variance_ratio(pop))
    for ordered, plain in (
        (sgt.ordinal_information, sgt.information_theory),
        (sgt.ordinal_variance, sgt.relative_diversity),
        (sgt.ordinal_squareroot, sgt.hutchens),
        (sgt.rank_order_information, sgt.information_theory),
        (sgt.rank_order_variance, sgt.relative_diversity),
        (sgt.rank_order_squareroot, sgt.hutchens),
    ):
        assert_same(ordered(pop), plain(pop))


@given(counts=tables())
def test_normalised_exposure_is_symmetric_and_averages_to_its_index(counts):
    pop = population(counts)
    z, mix = sgt.normalized_exposure_matrix(pop).to_numpy(), pop.mix.to_numpy()
    assert_same(z, z.T, 1e-8)
    assert_same(z.diagonal() @ mix, sgt.normalized_exposure(pop))
    pairs = np.outer(mix, mix) * (1 - np.eye(len(mix)))
    assert_same((pairs * z).sum() / pairs.sum(), sgt.relative_diversity(pop))


@given(counts=tables())
def test_local_segregation_adds_up_to_mutual_information(counts):
    pop = population(counts)
    by_unit, by_group = (sgt.local_mutual_information(pop, by=by) for by in ("unit", "group"))
    assert (by_unit.dropna() >= -1e-12).all()
    assert_same((by_unit * pop.sizes).sum() / pop.sizes.sum(), sgt.mutual_information(pop))
    assert_same((by_group * pop.mix).sum(), sgt.mutual_information(pop))


@given(counts=tables())
def test_location_quotients_average_to_one(counts):
    pop = population(counts)
    assert_same(sgt.location_quotient(pop).mul(pop.sizes, axis=0).sum() / pop.sizes.sum(), 1)


# ---------------------------------------------------------------- values of single units


@proves("rows", "bounds", among=UNITS)
@given(counts=tables(), seed=st.integers(0, 99))
def test_values_of_units_do_not_depend_on_other_rows(index, counts, seed):
    order = np.random.default_rng(seed).permutation(counts.shape[1])
    pop = population(counts, index)
    one = flat(index(pop))
    assert_same(flat(index(population(counts[:, order], index))), one[order])
    assert_same(flat(index.local(pop)), one)
    assert np.isnan(one[pop.sizes == 0]).all()
    low, high = index.bounds
    known = one[~np.isnan(one)]
    assert ((known >= low - 1e-12) & (known <= high + 1e-12)).all()


@pytest.mark.parametrize("index", UNITS, ids=ids)
@given(counts=tables(), labels=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_units_in_zones_have_the_value_of_their_zone(index, counts, labels):
    pop = population(counts, index)
    labels = labels[: counts.shape[1]]
    zoned, merged = index(pop.within(sgt.Zones(labels))), index(pop.merge(labels))
    expected = merged.loc[labels]
    inhabited = pop.sizes > 0
    assert_same(flat(zoned)[inhabited], flat(expected)[inhabited])


@pytest.mark.parametrize("index", [i for i in UNITS if i.about.of_everyone], ids=ids)
@given(counts=tables())
def test_a_stated_total_is_the_same_as_naming_the_rest(index, counts):
    rest = counts[-1] if len(counts) > 2 else counts[0] + 1
    named = counts[:2]
    stated = sgt.Population(named, ["a", "b"], total=named.sum(axis=0) + rest)
    everyone = sgt.Population(np.vstack([named, rest]), ["a", "b", "rest"])
    if index.groups == 2:
        p, mix = everyone.counts / np.maximum(everyone.sizes, 1), everyone.mix.to_numpy()[:, None]
        assert_same(flat(index(stated))[everyone.sizes > 0], index.formula(p, mix)[everyone.sizes > 0])
    else:
        assert_same(index(stated), index(everyone)[["a", "b"]])
