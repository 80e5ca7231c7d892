"""Profiles: an index in one environment after the other, beside what chance alone gives."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import segregation_tools as sgt
from segregation_tools.analysis import replicates
from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import begun_by
from segregation_tools.kernels.sample import seeds_of

RADII = [0, 1000, 3000, 9000]


@pytest.fixture(scope="module")
def city(tracts):
    return sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black", "asian", "hispanic"])


@pytest.fixture(scope="module")
def mixed():
    """A city without segregation but by chance: 400 units of 60 people."""
    counts = np.random.default_rng(3).multinomial(60, [0.6, 0.3, 0.1], 400).T.reshape(3, 20, 20)
    return sgt.Population(counts, ["a", "b", "c"], geography=sgt.Grid(20, 20, cell_size=100))


@pytest.mark.parametrize("kernel", ["uniform", "biweight"])
@pytest.mark.parametrize("index", [sgt.dissimilarity, sgt.gini, sgt.divergence], ids=lambda index: index.__name__)
def test_a_profile_is_the_index_in_each_environment(index, kernel, city):
    table = sgt.profile(index, city, radii=RADII, kernel=kernel)
    assert table.columns.tolist() == ["scale", "value"]
    assert table["scale"].tolist() == RADII
    assert table["value"].tolist() == [index(city.within(sgt.Radius(metres, kernel))) for metres in RADII]
    assert table["value"][0] == pytest.approx(index(city), rel=1e-12)


def test_a_profile_over_people_counts_people(city):
    table = sgt.profile(sgt.information_theory, city, people=[1, 50_000, 1e9])
    assert table["value"].tolist() == [
        sgt.information_theory(city.within(sgt.NearestPeople(k))) for k in (1, 50_000, 1e9)
    ]
    assert table["value"].iloc[-1] == pytest.approx(0, abs=1e-12)


def test_answers_for_groups_and_pairs_keep_their_labels(city):
    by_group = sgt.profile(sgt.isolation, city, radii=[500, 5000], rng=1, draws=5)
    assert by_group.columns.tolist() == ["scale", "group", "value", "low", "high"]
    near = sgt.isolation(city.within(sgt.Radius(5000)))
    pd.testing.assert_series_equal(
        by_group[by_group["scale"] == 5000].set_index("group")["value"], near, check_names=False, check_index_type=False
    )
    by_pair = sgt.profile(sgt.exposure, city, people=[9000])
    assert by_pair.columns.tolist() == ["scale", "from", "to", "value"]
    one = by_pair[(by_pair["from"] == "black") & (by_pair["to"] == "white")]
    assert one["value"].item() == sgt.exposure(city.within(sgt.NearestPeople(9000))).loc["black", "white"]


def test_options_are_bound_and_two_groups_are_two_groups(city):
    pair = city[["black", "white"]]
    table = sgt.profile(sgt.atkinson.bind(b=0.9), pair, radii=[2000])
    assert table["value"][0] == sgt.atkinson(pair.within(sgt.Radius(2000)), b=0.9)
    with pytest.raises(sgt.GroupError, match="two groups"):
        sgt.profile(sgt.atkinson, city, radii=[2000])


@pytest.mark.parametrize("over", [{"radii": [0, 150, 450]}, {"people": [60, 500, 3000]}], ids=["radii", "people"])
def test_chance_lies_within_its_band_and_segregation_above(over):
    """Of cities that are random, about 95 of 100 lie in a band of 95 %; one of two halves lies far above it."""
    inside = np.zeros(3)
    for seed in range(60):
        city = sgt.synthetic_city("random", rows=10, cols=10, people=60, kind="grid", rng=seed)
        table = sgt.profile(sgt.information_theory, city, **over, rng=seed, draws=99)
        inside += (table["low"] <= table["value"]) & (table["value"] <= table["high"])
    assert (inside >= stats.binom.ppf(1e-4, 60, 0.95)).all()
    halves = sgt.synthetic_city("ghetto", rows=10, cols=10, people=60, kind="grid")
    apart = sgt.profile(sgt.information_theory, halves, **over, rng=7)
    assert (apart["value"] > 3 * apart["high"].clip(lower=0)).all()


def test_the_band_holds_what_drawing_one_by_one_gives(mixed):
    index, radii = sgt.dissimilarity, [0, 250]
    table = sgt.profile(index, mixed, radii=radii, rng=11, draws=40)
    draws = null_model("random_allocation", mixed)(seeds_of(begun_by(11), 0, 40))
    for i, metres in enumerate(radii):
        values = [
            index(sgt.Population(c, mixed.groups, geography=mixed.geography).within(sgt.Radius(metres))) for c in draws
        ]
        np.testing.assert_allclose(
            table.loc[i, ["low", "high"]].tolist(), np.quantile(values, [0.025, 0.975]), rtol=1e-10
        )


def test_the_same_seed_gives_the_same_band_in_any_batches(mixed, monkeypatch):
    several = [sgt.profile(sgt.dissimilarity, mixed, radii=[250], rng=5, draws=9)]
    several.append(sgt.profile(sgt.dissimilarity, mixed, radii=[250], rng=np.random.default_rng(5), draws=9))
    monkeypatch.setattr(replicates, "BATCH_BYTES", 1)
    several.append(sgt.profile(sgt.dissimilarity, mixed, radii=[250], rng=5, draws=9))
    pd.testing.assert_frame_equal(several[0], several[1])
    pd.testing.assert_frame_equal(several[0], several[2], rtol=1e-12)
    assert not sgt.profile(sgt.dissimilarity, mixed, radii=[250], rng=6, draws=9).equals(several[0])


def test_a_group_of_one_is_drawn_somewhere():
    counts = np.array([[500.0] * 8, [300.0] * 8, [1.0] + [0.0] * 7])
    pop = sgt.Population(counts.reshape(3, 2, 4), ["a", "b", "rare"], geography=sgt.Grid(2, 4, cell_size=1))
    table = sgt.profile(sgt.isolation, pop, radii=[0, 2], rng=0, draws=30)
    assert np.isfinite(table.drop(columns="group").to_numpy(dtype=float)).all()
    assert np.isfinite(sgt.profile(sgt.squared_coefficient_of_variation, pop, radii=[1], rng=0, draws=30)["high"]).all()
    incomes = sgt.neighborhood_sorting_index.bind(incomes=[1, 2, 3])
    assert np.isfinite(sgt.profile(incomes, pop, radii=[1], rng=0, draws=30)["high"]).all()


def test_macro_micro_is_the_ratio_of_two_radii(city):
    ratio = sgt.macro_micro(sgt.information_theory, city, macro=8000, micro=1000, kernel="biweight")
    large, small = (sgt.information_theory(city.within(sgt.Radius(r, "biweight"))) for r in (8000, 1000))
    assert ratio == large / small
    blocks = sgt.synthetic_city("checkerboard", rows=12, cols=12, cell_size=500, kind="grid")
    quarters = sgt.synthetic_city("ghetto", rows=12, cols=12, cell_size=500, kind="grid")
    assert sgt.macro_micro(sgt.information_theory, blocks, macro=2000, micro=100) < 0.05
    assert sgt.macro_micro(sgt.information_theory, quarters, macro=2000, micro=100) > 0.4


def test_nothing_over_nothing_is_undefined():
    even = sgt.Population(np.full((2, 3, 3), 10.0), ["a", "b"], geography=sgt.Grid(3, 3, cell_size=100))
    with pytest.warns(sgt.UndefinedWarning, match=r"dissimilarity is 0\.0 within 500 metres"):
        assert np.isnan(sgt.macro_micro(sgt.dissimilarity, even))
    sizes = np.arange(1.0, 41).reshape(5, 8)
    rounded = sgt.Population(np.stack([sizes, 2 * sizes]), ["a", "b"], geography=sgt.Grid(5, 8, cell_size=300))
    for index in (sgt.dissimilarity, sgt.gini):
        with pytest.warns(sgt.UndefinedWarning, match="within 400 metres"):
            assert np.isnan(sgt.macro_micro(index, rounded, macro=1000, micro=400, kernel="gaussian"))


def test_scales_may_come_twice_and_groups_may_be_called_anything():
    pop = sgt.Population(
        np.arange(1.0, 19).reshape(3, 2, 3), [None, ("a", 1), 7], geography=sgt.Grid(2, 3, cell_size=100)
    )
    table = sgt.profile(sgt.isolation, pop, radii=[100, 100], rng=1, draws=3)
    assert table["scale"].tolist() == [100.0] * 6
    assert table["group"].tolist() == [None, ("a", 1), 7] * 2
    assert sgt.macro_micro(sgt.dissimilarity, pop, macro=100, micro=100) == 1


def test_what_a_profile_cannot_do_is_refused(city, tracts):
    for scale in ({}, {"radii": [1], "people": [1]}, {"radii": []}, {"people": ()}, {"radii": 500}, {"radii": "500"}):
        with pytest.raises(sgt.OptionError, match=r"radii=\[...\] \(metres\) or people"):
            sgt.profile(sgt.dissimilarity, city, **scale)
    with pytest.raises(sgt.CapabilityError, match="without one"):
        sgt.profile(sgt.dissimilarity, city.within(sgt.Radius(500)), radii=[1000])
    with pytest.raises(sgt.CapabilityError, match="value for each unit"):
        sgt.profile(sgt.location_quotient, city, radii=[1000])
    with pytest.raises(sgt.CapabilityError, match="several values"):
        sgt.macro_micro(sgt.isolation, city)
    with pytest.raises(sgt.OptionError, match="0 or more, not -5"):
        sgt.profile(sgt.dissimilarity, city, radii=[-5])
    for draws in (0, 2.5, "5"):
        with pytest.raises(sgt.OptionError, match="draws must be a whole number of populations, 1 or more"):
            sgt.profile(sgt.dissimilarity, city, radii=[5], rng=1, draws=draws)
    with pytest.raises(sgt.OptionError, match="nearest people all count alike"):
        sgt.profile(sgt.dissimilarity, city, people=[5], kernel="biweight")
    with pytest.raises(sgt.OptionError, match=r"index must be an index.*not 'dissimilarity'"):
        sgt.profile("dissimilarity", city, radii=[5])
    with pytest.raises(sgt.GroupError, match="name the columns"):
        sgt.profile(sgt.dissimilarity, tracts, radii=[5])
    for wrong in ([None], ["5"], [[5, 6]]):
        with pytest.raises(sgt.OptionError, match="metres must be a distance"):
            sgt.profile(sgt.dissimilarity, city, radii=wrong)
    degrees = sgt.Population.from_frame(tracts, ["white", "black"])
    with pytest.raises(sgt.GeographyError, match="to_crs"):
        sgt.profile(sgt.dissimilarity, degrees, radii=[1000])
