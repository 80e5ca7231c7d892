"""What each null model keeps, and what it leaves to chance."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import segregation_tools as sgt
from segregation_tools.analysis.null_models import NULLS, null_model
from segregation_tools.kernels.sample import seeds_of

SEEDS = seeds_of(5, 0, 3000)
UNLIKELY = stats.norm.ppf(1 - 1e-5)


@pytest.fixture(scope="module")
def town():
    chance = np.random.default_rng(2)
    counts = chance.integers(0, 30, (3, 8))
    counts[:, 3] = 0
    tiers = pd.DataFrame({"side": list("eeeewwww"), "quarter": list("aabbccdd")})
    return sgt.Population(counts, ["x", "y", "z"], tiers=tiers)


def off(draws, expected):
    """How many standard errors the mean of draws is away."""
    spread = draws.std(axis=0)
    z = (draws.mean(axis=0) - expected)[spread > 0] / (spread[spread > 0] / np.sqrt(len(draws)))
    return np.abs(z).max()


def quarters(draws, town):
    return np.stack([draws[..., codes].sum(axis=-1) for codes in np.arange(8).reshape(4, 2)], axis=-1)


def test_random_allocation_keeps_sizes_and_draws_the_mix(town):
    draws = null_model("random_allocation", town)(SEEDS)
    np.testing.assert_array_equal(draws.sum(axis=1), np.broadcast_to(town.sizes, (3000, 8)))
    assert off(draws, np.outer(town.mix, town.sizes)) < UNLIKELY
    np.testing.assert_array_equal(draws, null_model("evenness", town)(SEEDS))
    p = town.mix.iloc[0]
    np.testing.assert_allclose(draws[:, 0, 0].var(), town.sizes[0] * p * (1 - p), rtol=0.1)


def test_a_part_of_a_person_falls_to_one_group():
    pop = sgt.Population(np.random.default_rng(0).random((3, 4)) * 40, ["a", "b", "c"])
    draws = null_model("random_allocation", pop)(SEEDS)
    np.testing.assert_allclose(draws.sum(axis=1), np.broadcast_to(pop.sizes, (3000, 4)))
    assert off(draws, np.outer(pop.mix, pop.sizes)) < UNLIKELY


def test_both_margins_stay_and_tables_are_as_likely_as_they_should_be(town):
    draws = null_model("both_margins", town)(SEEDS)
    np.testing.assert_array_equal(draws.sum(axis=1), np.broadcast_to(town.sizes, (3000, 8)))
    np.testing.assert_array_equal(draws.sum(axis=2), np.broadcast_to(town.group_totals, (3000, 3)))
    assert off(draws, np.outer(town.mix, town.sizes)) < UNLIKELY
    one = stats.hypergeom(int(town.sizes.sum()), int(town.group_totals[1]), int(town.sizes[0]))
    np.testing.assert_allclose(draws[:, 1, 0].var(), one.var(), rtol=0.1)


def test_within_tiers_nobody_leaves_the_narrowest_place(town):
    draws = null_model("within_tiers", town)(SEEDS)
    np.testing.assert_array_equal(draws.sum(axis=1), np.broadcast_to(town.sizes, (3000, 8)))
    np.testing.assert_array_equal(quarters(draws, town), np.broadcast_to(quarters(town.counts, town), (3000, 3, 4)))
    assert draws.std(axis=0)[:, [0, 1, 4, 5, 6, 7]].min() > 0
    assert draws.std(axis=0)[:, [2, 3]].max() == 0  # where one of two is empty there is nobody to change with
    with pytest.raises(sgt.DataError, match=r"tiers=\['county'\]"):
        null_model("within_tiers", sgt.Population([[1, 2], [3, 4]], ["a", "b"]))


def test_systematic_keeps_groups_and_lets_sizes_vary(town):
    draws = null_model("systematic", town)(SEEDS)
    np.testing.assert_array_equal(draws.sum(axis=2), np.broadcast_to(town.group_totals, (3000, 3)))
    assert off(draws, np.outer(town.mix, town.sizes)) < UNLIKELY
    assert draws.sum(axis=1).std(axis=0)[0] > 1


def test_permuted_units_move_with_all_who_live_in_them(town):
    draws = null_model("permuted_units", town)(SEEDS[:50])
    units = {tuple(unit) for unit in town.counts.T}
    assert all({tuple(unit) for unit in draw.T} == units for draw in draws)
    assert not (draws == town.counts).all(axis=(1, 2)).all()


@pytest.mark.parametrize("null", NULLS)
def test_a_draw_does_not_depend_on_those_beside_it(null, town):
    draw = null_model(null, town)
    together = draw(SEEDS[:20])
    np.testing.assert_array_equal(together[7:12], draw(SEEDS[7:12]))
    np.testing.assert_array_equal(together[3:4], draw(SEEDS[3:4]))
    assert not np.array_equal(together[0], together[1])


def test_a_group_of_one_is_drawn_somewhere():
    counts = np.array([[500.0] * 8, [300.0] * 8, [1.0] + [0.0] * 7])
    pop = sgt.Population(counts, ["a", "b", "rare"])
    assert (null_model("random_allocation", pop)(SEEDS[:200])[:, 2].sum(axis=1) > 0).all()
    tiny = sgt.Population([[1e6, 1e6], [1e-9, 0]], ["many", "few"])
    with pytest.raises(sgt.CapabilityError, match=r"'few' \(1e-09 people\) is too small to be drawn"):
        null_model("random_allocation", tiny)(SEEDS[:1])


def test_parts_of_people_cannot_change_places():
    with pytest.raises(sgt.DataError, match=r"round the counts of 'b', frame\[groups\]\.round\(\)"):
        null_model("both_margins", sgt.Population([[1, 2], [3, 4.5]], ["a", "b"]))
    with pytest.raises(sgt.OptionError, match="null must be one of 'random_allocation'"):
        null_model("shuffled", sgt.Population([[1, 2], [3, 4]], ["a", "b"]))
