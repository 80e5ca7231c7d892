"""Values by chance, tests against them, and indices with chance taken out."""

import pickle

import numpy as np
import pandas as pd
import pytest
from tests.properties.cases import flat

import segregation_tools as sgt
from segregation_tools.analysis.null_models import NULLS, null_model
from segregation_tools.analysis.replicates import begun_by
from segregation_tools.indices.index import stocked
from segregation_tools.kernels.sample import seeds_of

GROUPS = ["white", "black", "asian", "hispanic"]
NEEDED = {"incomes": [1.0, 2, 4, 8], "decay": 2000.0, "center": "mean", "nearest": 5}
MEASURES = [index for index in stocked().values() if index.answer != "units"]


@pytest.fixture(scope="module")
def city(tracts):
    return sgt.Population.from_frame(tracts.to_crs(32610), GROUPS, tiers=["county"])


@pytest.fixture(scope="module")
def town():
    counts = np.random.default_rng(3).integers(1, 40, (2, 5, 6))
    return sgt.Population(counts, ["a", "b"], geography=sgt.Grid(5, 6, cell_size=100))


@pytest.fixture(scope="module")
def schools(real_data):
    return sgt.Population.from_long(pd.read_csv(real_data / "schools00.csv"), unit="school", group="race", count="n")


def ready(index):
    return index.bind(**{name: NEEDED[name] for name in index.about.needs})


@pytest.mark.parametrize("index", MEASURES, ids=lambda index: index.__name__)
def test_every_measure_has_a_value_by_chance(index, city):
    pop = city[GROUPS[:2]] if index.groups == 2 else city
    index = ready(index)
    found = sgt.null_test(index, pop, draws=3, rng=1)
    np.testing.assert_array_equal(flat(found.value), flat(index(pop)))
    drawn = null_model("random_allocation", pop)(seeds_of(begun_by(1), 0, 3))
    by_hand = [flat(index(sgt.Population(c, pop.groups, geography=pop.geography))) for c in drawn]
    np.testing.assert_allclose(flat(found.expected), np.mean(by_hand, axis=0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("recipe", [sgt.Radius(3000), sgt.NearestPeople(20_000), sgt.Contiguity(), None], ids=str)
def test_chance_goes_through_the_same_environment(recipe, null, city):
    near = city.within(recipe) if recipe else city
    if recipe is None and null == "permuted_units":
        with pytest.raises(sgt.CapabilityError, match="leave information_theory as it is"):
            sgt.null_test(sgt.information_theory, near, null=null, draws=3, rng=2)
        return
    found = sgt.null_test(sgt.information_theory, near, null=null, draws=3, rng=2)
    drawn = null_model(null, near)(seeds_of(begun_by(2), 0, 3))
    for value, counts in zip(found.draws[:, 0], drawn, strict=True):
        pop = sgt.Population(counts, city.groups, geography=city.geography)
        assert value == pytest.approx(sgt.information_theory(pop.within(recipe) if recipe else pop), rel=1e-9)


def test_closed_forms_are_what_draws_come_to(city):
    for index in (sgt.dissimilarity, sgt.variance_ratio, sgt.mutual_information, sgt.information_theory):
        found = sgt.null_test(index, city, null="both_margins", draws=300, rng=4)
        error = found.draws.std() / np.sqrt(300)
        assert sgt.expected(index, city) == index.expected(city)
        assert abs(sgt.expected(index, city) - found.expected) < 4 * error + 0.01 * found.expected


def test_values_of_the_r_package_segregation(schools):
    """Elbers' mutual_total_expected and dissimilarity_expected, 200 draws of their own."""
    for index, null, theirs, error in (
        (sgt.mutual_information, "both_margins", 0.00479557895401086, 7.34270184624701e-05),
        (sgt.information_theory, "both_margins", 0.00471972828182238, 7.22656386247935e-05),
        (sgt.mutual_information, "random_allocation", 0.00480649124410328, 7.61089445388608e-05),
        (sgt.information_theory, "random_allocation", 0.0047308944291138, 7.4573805723139e-05),
    ):
        ours = sgt.expected(index, schools, null=null, draws=200, rng=1)
        assert abs(ours - theirs) < 3 * error * np.sqrt(2 / 200)
    white = schools.versus("white")
    assert abs(sgt.expected(sgt.dissimilarity, white, null="both_margins", rng=1) - 0.0390112522445114) < 2e-4
    assert sgt.expected(sgt.dissimilarity, white) == pytest.approx(0.0390113, abs=2e-5)
    assert sgt.expected(sgt.variance_ratio, schools) == pytest.approx(0.0023287, abs=5e-8)


def test_small_areas_of_england_and_wales_look_segregated_by_chance(real_data):
    """Chinese and everyone else in output areas: two thirds of what D is would be there by chance in the smallest units."""
    frame = pd.read_parquet(real_data / "mlid_oa_ethnicity_2011_ew.parquet")
    pop = sgt.Population.from_frame(frame, ["Chinese", "WhiteBrit"])
    exact = sgt.expected(sgt.dissimilarity, pop)
    drawn = sgt.expected(sgt.dissimilarity, pop, draws=5, rng=1)
    assert exact == pytest.approx(0.2678, abs=0.001)
    assert drawn == pytest.approx(0.2678, abs=0.001)
    people, share = pop.sizes.sum(), pop.mix.iloc[0]
    mean_size = people / (pop.sizes > 0).sum()
    textbook = 1 / np.sqrt(2 * np.pi * mean_size * share * (1 - share))
    assert textbook == pytest.approx(0.2722, abs=0.0005)  # an approximation, which lies above
    assert sgt.expected(sgt.variance_ratio, pop) == pytest.approx(0.004, abs=0.0005)
    assert sgt.adjusted(sgt.dissimilarity)(pop) < sgt.dissimilarity(pop)


def test_p_values_count_the_value_itself(town):
    for alternative in ("greater", "less", "two-sided"):
        found = sgt.null_test(sgt.gini, town, draws=49, rng=1, alternative=alternative)
        above = int((found.draws >= found.value).sum())
        below = int((found.draws <= found.value).sum())
        k = {"greater": above, "less": below}.get(alternative)
        expected = (k + 1) / 50 if k is not None else min(1, 2 * (min(above, below) + 1) / 50)
        assert found.p_value == expected
    assert float(found) == found.value == sgt.gini(town)
    assert found.z == pytest.approx((found.value - found.draws.mean()) / found.draws.std(ddof=1))
    assert "gini beside 49 draws of random_allocation" in str(found)
    assert "<table" in found._repr_html_()
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert again.p_value == found.p_value


def test_p_values_are_even_where_chance_is_all_there_is():
    p = []
    for seed in range(60):
        pop = sgt.synthetic_city("random", groups=["a", "b"], rows=5, cols=5, people=30, rng=seed)
        p.append(sgt.null_test(sgt.dissimilarity, pop, null="both_margins", draws=39, rng=seed).p_value)
    from scipy import stats

    assert stats.kstest(p, stats.uniform.cdf).pvalue > 1e-4


def test_several_values_are_labelled(town):
    found = sgt.null_test(sgt.exposure, town, draws=9, rng=1)
    assert found.to_frame().columns.tolist() == ["from", "to", "value", "expected", "p_value"]
    assert found.p_value.loc["a", "b"] == found.to_frame()["p_value"][1]
    assert sgt.null_test(sgt.isolation, town, draws=9, rng=1).to_frame()["group"].tolist() == ["a", "b"]
    with pytest.raises(TypeError, match=r"several values: take them from \.value"):
        float(found)


def test_the_same_seed_gives_the_same_draws_in_any_batches(town, monkeypatch):
    from segregation_tools.analysis import replicates

    one = sgt.null_test(sgt.dissimilarity, town, draws=20, rng=3)
    monkeypatch.setattr(replicates, "BATCH_BYTES", 1)
    other = sgt.null_test(sgt.dissimilarity, town, draws=20, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(one.draws, other.draws)
    first = sgt.null_test(sgt.dissimilarity, town, draws=7, rng=3)
    np.testing.assert_array_equal(one.draws[:7], first.draws)


def test_chance_needs_a_source_and_something_to_measure(town):
    with pytest.raises(sgt.OptionError, match="chance needs a source: rng=7"):
        sgt.null_test(sgt.dissimilarity, town)
    with pytest.raises(sgt.CapabilityError, match=r"no closed form for dissimilarity here: .* rng=7"):
        sgt.expected(sgt.dissimilarity, town.within(sgt.Radius(100)))
    with pytest.raises(sgt.CapabilityError, match="has a value for each unit"):
        sgt.null_test(sgt.location_quotient, town, rng=1)
    with pytest.raises(sgt.OptionError, match="index must be an index"):
        sgt.null_test("D", town, rng=1)
    with pytest.raises(sgt.OptionError, match="alternative must be one of"):
        sgt.null_test(sgt.gini, town, rng=1, alternative="more")
    with pytest.raises(sgt.OptionError, match="draws must be a whole number of populations"):
        sgt.expected(sgt.gini, town, rng=1, draws=0)


# ---------------------------------------------------------------- adjusted


def test_chance_is_taken_out_as_the_formulas_say(city, town):
    value, chance = sgt.dissimilarity(city), sgt.expected(sgt.dissimilarity, city)
    assert sgt.adjusted(sgt.dissimilarity)(city) == pytest.approx((value - chance) / (1 - chance))
    even = town.redrawn(np.full(town.counts.shape, 5.0))
    below = sgt.expected(sgt.dissimilarity, even)
    assert sgt.adjusted(sgt.dissimilarity)(even) == pytest.approx(-below / (1 - below))
    assert sgt.adjusted(sgt.dissimilarity, method="carrington_troske")(even) == -1
    apart = sgt.synthetic_city("ghetto")
    for method in ("winship", "carrington_troske"):
        assert sgt.adjusted(sgt.dissimilarity, method=method)(apart) == 1


def test_an_adjusted_index_is_an_index(city):
    fair = sgt.adjusted(sgt.gini, draws=5, rng=3)
    two = city[["black", "white"]]
    assert fair(two) == fair(two)
    assert pickle.loads(pickle.dumps(fair))(two) == fair(two)  # noqa: S301 - our own bytes
    assert "adjusted(gini, winship)" in repr(fair)
    noted = pickle.loads(pickle.dumps(fair.noted("see the annex")))  # noqa: S301 - our own bytes
    assert "see the annex" in repr(noted.bind())
    drawn = sgt.null_test(fair, two, draws=3, rng=1)
    assert abs(drawn.expected) < 0.01 < drawn.value
    table = sgt.profile(sgt.adjusted(sgt.dissimilarity, draws=5, rng=1), two, radii=[0, 3000])
    assert table["value"].is_monotonic_decreasing
    near = two.within(sgt.Radius(2000))
    assert sgt.adjusted(sgt.information_theory, draws=20, rng=1)(near) == pytest.approx(
        sgt.information_theory(near), abs=0.01
    )
    bound = sgt.adjusted(sgt.atkinson, draws=5, rng=1).bind(b=0.9)
    assert bound(two) == pytest.approx(sgt.adjusted(sgt.atkinson.bind(b=0.9), draws=5, rng=1)(two))
    with pytest.raises(sgt.CapabilityError, match="chance is taken out of the whole"):
        fair.local(two)
    with pytest.raises(sgt.CapabilityError, match="chance is taken out of the whole"):
        fair.partial(two)


def test_corrected_values_of_other_programs(tracts, real_data, schools):
    """PySAL's modified, bias- and density-corrected D, two programs each; EXACT values of Fossett's V."""
    births = sgt.load("nc_births").rename(columns=str)
    groups = ["nonwhite_1974", "white_1974"]
    hispanic = sgt.Population.from_frame(tracts, ["hispanic"], total="total").versus("hispanic")
    synth = sgt.Population.from_frame(pd.read_csv(real_data / "synth.csv"), ["a"], total="tot").versus("a")
    carolina = sgt.Population.from_frame(births, groups)
    by_bias, by_density = (sgt.adjusted(sgt.dissimilarity, method=m, rng=1) for m in ("bias", "density"))
    for pop, modified, bias, density in (
        (carolina, 0.2850218613889444, 0.2941471475204048, 0.29427048432499636),
        (synth, 0.6116566395308065, 0.6317942836570518, 0.6317135683143067),
        (hispanic, 0.31074712122373194, 0.3214187511278918, 0.3213802698032897),
    ):
        assert sgt.adjusted(sgt.dissimilarity)(pop) == pytest.approx(modified, abs=1e-3)
        assert by_bias(pop) == pytest.approx(bias, abs=5e-4)
        assert by_density(pop) == pytest.approx(density, abs=1e-9)
    assert sgt.adjusted(sgt.gini, rng=3)(hispanic) == pytest.approx(0.42178339943384774, abs=1e-3)
    unbiased = sgt.adjusted(sgt.variance_ratio, method="leave_one_out")
    assert unbiased(schools[["black", "white"]]) == pytest.approx(0.5872976926, abs=1e-10)
    met = sgt.exposure(schools[["black", "white"]], with_self=False)
    assert unbiased(schools[["black", "white"]]) == pytest.approx(met.loc["black", "black"] - met.loc["white", "black"])


@pytest.mark.parametrize("index", [sgt.dissimilarity, sgt.variance_ratio], ids=lambda index: index.__name__)
def test_without_oneself_nothing_is_left_of_chance(index):
    unbiased = sgt.adjusted(index, method="leave_one_out")
    towns = [
        sgt.synthetic_city("random", groups=["a", "b"], people=8, rows=10, cols=10, rng=seed) for seed in range(200)
    ]
    found, raw = [unbiased(town) for town in towns], index(towns[0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(200)
    assert raw > 10 * abs(np.mean(found))


def test_what_cannot_be_adjusted_is_refused(town):
    three = sgt.Population([[1, 2], [3, 4], [5, 6]], ["a", "b", "c"])
    for attempt, words in (
        (lambda: sgt.adjusted(sgt.exposure), "has several values"),
        (lambda: sgt.adjusted(sgt.mutual_information), "no largest value of 1"),
        (
            lambda: sgt.adjusted(sgt.gini, method="leave_one_out"),
            "leave_one_out takes dissimilarity and variance_ratio",
        ),
        (lambda: sgt.adjusted(sgt.adjusted(sgt.dissimilarity), method="density"), "is adjusted already"),
        (lambda: sgt.adjusted(sgt.gini, method="density"), "derived for dissimilarity alone"),
        (
            lambda: sgt.adjusted(sgt.dissimilarity, method="density")(town.within(sgt.Radius(100))),
            "is about who lives in a unit",
        ),
        (lambda: sgt.adjusted(sgt.gini)(town), "no closed form for gini"),
    ):
        with pytest.raises(sgt.CapabilityError, match=words):
            attempt()
    with pytest.raises(sgt.GroupError, match="compares two groups"):
        sgt.adjusted(sgt.dissimilarity, method="density")(three)
    with pytest.raises(sgt.OptionError, match="chance needs a source"):
        sgt.adjusted(sgt.dissimilarity, method="bias")
    with pytest.raises(sgt.OptionError, match="method must be one of"):
        sgt.adjusted(sgt.dissimilarity, method="half")
