"""Closed forms of what chance gives, against simulation and against hand-made cases."""

import numpy as np
import pytest

import segregation_tools as sgt

SIZES = np.array([1, 2, 3, 5, 8, 13, 40, 200])


def shuffled(mix, draws, rng):
    """People dealt to units at random, group totals and unit sizes fixed."""
    for _ in range(draws):
        people = rng.permutation(np.repeat(np.arange(len(mix)), mix))
        units = np.repeat(np.arange(len(SIZES)), SIZES)
        yield np.stack([np.bincount(units[people == g], minlength=len(SIZES)) for g in range(len(mix))]).astype(float)


@pytest.mark.parametrize("mix", [(172, 100), (100, 100, 72)])
@pytest.mark.parametrize(
    "name",
    [
        "variance_ratio",
        "relative_diversity",
        "normalized_exposure",
        "squared_coefficient_of_variation",
        "exposure",
        "isolation",
    ],
)
def test_exact_forms_equal_the_mean_of_shuffles(name, mix):
    index = getattr(sgt, name)
    groups = [f"g{i}" for i in range(len(mix))]
    values = np.array(
        [np.asarray(index(sgt.Population(n, groups))) for n in shuffled(mix, 3_000, np.random.default_rng(1))]
    )
    exact = np.asarray(index.expected(sgt.Population(next(shuffled(mix, 1, np.random.default_rng(2))), groups)))
    error = values.std(axis=0) / np.sqrt(len(values))
    assert (np.abs(values.mean(axis=0) - exact) < 4 * error + 1e-12).all()


@pytest.mark.parametrize("share", [0.03, 0.3, 0.5, 0.97])
def test_expected_dissimilarity_is_the_mean_deviation_of_a_binomial(share):
    """Sum the deviation over all outcomes, unit by unit."""
    from scipy.stats import binom

    total = 0.0
    for size in SIZES:
        k = np.arange(size + 1)
        total += (binom.pmf(k, size, share) * np.abs(k - size * share)).sum()
    by_hand = total / (2 * SIZES.sum() * share * (1 - share))
    pop = sgt.Population(np.stack([SIZES * share, SIZES * (1 - share)]), ["a", "b"])
    assert sgt.dissimilarity.expected(pop) == pytest.approx(by_hand, rel=1e-10)


def test_expected_dissimilarity_of_england_and_wales(real_data):
    """Published beside a simulation: Bangladeshi and white British residents of 181,408 output areas."""
    import pandas as pd

    areas = pd.read_parquet(real_data / "mlid_oa_ethnicity_2011_ew.parquet")
    for group, value in (("Bangladeshi", 0.2513269), ("Chinese", 0.2676723)):
        pop = sgt.Population.from_frame(areas, [group, "WhiteBrit"])
        assert sgt.dissimilarity.expected(pop) == pytest.approx(value, abs=5e-8)


def test_schools_by_chance(real_data):
    import pandas as pd

    long = pd.read_csv(real_data / "schools00.csv")
    pop = sgt.Population.from_long(long, unit="school", group="race", count="n")
    assert sgt.variance_ratio.expected(pop) == pytest.approx(0.0023287, abs=5e-8)
    assert sgt.mutual_information.expected(pop) == pytest.approx(0.0046574, abs=5e-8)
    assert sgt.information_theory.expected(pop) == pytest.approx(0.0046574 / sgt.entropy_diversity(pop), abs=5e-8)


def test_expected_exposure_adds_up_to_one():
    pop = sgt.Population([[3, 4, 1], [9, 1, 0], [2, 2, 2]], ["a", "b", "c"])
    expected = sgt.exposure.expected(pop)
    np.testing.assert_allclose(expected.sum(axis=1), 1)
    np.testing.assert_allclose(sgt.isolation.expected(pop), np.diag(expected))
    two = pop[["a", "b"]]
    assert sgt.interaction.expected(two) == pytest.approx(sgt.exposure.expected(two).loc["a", "b"])


def test_there_is_no_closed_form_for_gini_or_with_an_environment_or_other_options():
    pop = sgt.Population([[3, 4], [9, 1]], ["a", "b"])
    assert sgt.gini.expected(pop) is None
    assert sgt.dissimilarity.expected(pop.within(sgt.Zones([1, 1]))) is None
    assert sgt.exposure.expected(pop, with_self=False) is None


def test_units_nobody_lives_in_do_not_count():
    with_empty = sgt.Population([[3, 4, 0], [9, 1, 0]], ["a", "b"])
    without = sgt.Population([[3, 4], [9, 1]], ["a", "b"])
    for index in (sgt.dissimilarity, sgt.variance_ratio, sgt.mutual_information):
        assert index.expected(with_empty) == index.expected(without)


def test_what_chance_cannot_give_is_not_stated():
    """First order is no value where it exceeds what the index can be; one unit is even whatever chance does."""
    lonely = sgt.Population(np.eye(8).repeat(8, axis=1), [f"g{i}" for i in range(8)])
    assert np.isnan(sgt.mutual_information.expected(lonely))
    assert np.isnan(sgt.information_theory.expected(lonely))
    fractions = sgt.Population(np.full((2, 50), 0.05), ["a", "b"])
    for index in (sgt.variance_ratio, sgt.dissimilarity, sgt.mutual_information):
        assert np.isnan(index.expected(fractions))
    assert sgt.dissimilarity.expected(sgt.Population([[3], [4]], ["a", "b"])) == 0


def test_forms_that_follow_from_others():
    pop = sgt.Population([[30, 40, 10], [90, 10, 20]], ["a", "b"])
    share = pop.mix.iloc[0]
    assert sgt.gorard.expected(pop) == pytest.approx(sgt.dissimilarity.expected(pop) * (1 - share))
    assert sgt.divergence.expected(pop) == sgt.mutual_information.expected(pop)
