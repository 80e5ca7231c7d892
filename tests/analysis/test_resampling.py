"""The bootstrap: what is drawn, what is made of it, and whether intervals hold the truth."""

import pickle

import numba
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import segregation_tools as sgt


@pytest.fixture(scope="module")
def two(tracts):
    return sgt.Population.from_frame(tracts.to_crs(32610), ["black", "white"])


@pytest.fixture(scope="module")
def town():
    counts = np.random.default_rng(3).integers(1, 40, (3, 30))
    return sgt.Population(counts, ["a", "b", "c"], units=[f"u{i}" for i in range(30)])


def test_values_of_the_r_package_segregation(real_data):
    """Elbers' bootstrap of 500: debiased values and standard errors, within Monte Carlo error."""
    schools = sgt.Population.from_long(pd.read_csv(real_data / "schools00.csv"), unit="school", group="race", count="n")
    for index, debiased, se in (
        (sgt.mutual_information, 0.421863872457344, 0.000805856632779379),
        (sgt.information_theory, 0.415210944145253, 0.000737687415280425),
    ):
        found = sgt.bootstrap(index, schools, draws=500, rng=1)
        assert abs(found.value - found.bias - debiased) < 3 * se * np.sqrt(2 / 500)
        assert found.se == pytest.approx(se, rel=3 * np.sqrt(1 / 500))
    white = sgt.bootstrap(sgt.dissimilarity, schools.versus("white"), draws=500, rng=1)
    assert abs(white.value - white.bias - 0.595236518859409) < 3 * 0.000876940836960293 * np.sqrt(2 / 500)
    assert white.se == pytest.approx(0.000876940836960293, rel=3 * np.sqrt(1 / 500))


def test_intervals_are_what_they_are_called(two):
    found = sgt.bootstrap(sgt.dissimilarity, two, draws=199, rng=2)
    low, high = np.quantile(found.draws, [0.05, 0.95])
    assert found.interval(0.9, "percentile") == pytest.approx((low, high))
    assert found.interval(0.9) == pytest.approx((2 * found.value - high, 2 * found.value - low))
    assert found.bias == pytest.approx(found.draws.mean() - found.value)
    assert found.se == pytest.approx(found.draws.std(ddof=1))
    assert float(found) == found.value == sgt.dissimilarity(two)
    wide, narrow = found.interval(0.99), found.interval(0.5)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_bca_is_what_scipy_makes_of_units():
    """Of units: the mean of a group's share over units, which SciPy can bootstrap too."""
    chance = np.random.default_rng(4)
    share = chance.beta(2, 5, 40)
    people = np.full(40, 1000.0)
    pop = sgt.Population(np.stack([share * people, (1 - share) * people]), ["a", "b"])
    found = sgt.bootstrap(sgt.isolation, pop, draws=6000, of="units", rng=1).interval(0.9, "bca")

    def isolation(p, axis=-1):
        return (p**2).sum(axis=axis) / p.sum(axis=axis)

    theirs = stats.bootstrap((share,), isolation, n_resamples=6000, confidence_level=0.9, rng=1).confidence_interval
    assert found[0]["a"] == pytest.approx(theirs.low, abs=0.006)
    assert found[1]["a"] == pytest.approx(theirs.high, abs=0.006)


def test_more_draws_are_as_if_drawn_at_once(town):
    for of in ("people", "units"):
        once = sgt.bootstrap(sgt.information_theory, town, draws=30, of=of, rng=5)
        later = sgt.bootstrap(sgt.information_theory, town, draws=11, of=of, rng=5).more(19)
        np.testing.assert_array_equal(once.draws, later.draws)
        again = pickle.loads(pickle.dumps(later))  # noqa: S301 - our own bytes
        assert again.more(2).draws.shape == (32, 1)
    one = sgt.difference(sgt.gini, town, town, draws=9, rng=1)
    np.testing.assert_array_equal(one.more(5).draws, sgt.difference(sgt.gini, town, town, draws=14, rng=1).draws)


def test_threads_change_no_draw(town):
    before = numba.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(min(threads, before))
            found.append(sgt.bootstrap(sgt.dissimilarity, town, draws=40, rng=5).draws)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_people_are_drawn_from_those_who_are_there(town):
    sample = sgt.bootstrap(sgt.dissimilarity, town, draws=1, rng=1).samples[0]
    drawn = sample.draw(np.arange(4000, dtype=np.uint64))
    assert (drawn.sum(axis=(1, 2)) == town.sizes.sum()).all()
    cell, everyone = town.counts[1, 4], town.sizes.sum()
    z = (drawn[:, 1, 4].mean() - cell) / np.sqrt(cell * (1 - cell / everyone) / 4000)
    assert abs(z) < 5
    units = sgt.bootstrap(sgt.dissimilarity, town, draws=1, of="units", rng=1).samples[0]
    weights = units.draw(np.arange(50, dtype=np.uint64)) / town.counts
    assert (weights == weights[:, :1]).all()
    assert (weights[:, 0].sum(axis=1) == 30).all()


def test_two_dates_are_compared(town):
    chance = np.random.default_rng(1)
    later = town.redrawn(town.counts + chance.integers(0, 9, town.counts.shape))
    change = sgt.difference(sgt.dissimilarity, town, later, draws=300, rng=7)
    assert change.value == sgt.dissimilarity(later) - sgt.dissimilarity(town)
    low, high = change.interval()
    assert low < change.value < high
    assert "change of dissimilarity, 300 draws of people" in str(change)
    here, there = (sgt.bootstrap(sgt.dissimilarity, pop, draws=300, rng=s).se for s, pop in ((1, town), (2, later)))
    assert change.se == pytest.approx(np.hypot(here, there), rel=0.2)
    # The same units on both dates: what they have in common cancels out.
    paired = sgt.difference(sgt.dissimilarity, town, later, draws=300, of="units", rng=7)
    labels = [f"v{i}" for i in range(30)]
    apart = sgt.difference(
        sgt.dissimilarity, town, sgt.Population(later.counts, later.groups, units=labels), draws=300, of="units", rng=7
    )
    assert paired.se < 0.6 * apart.se
    assert sgt.difference(sgt.dissimilarity, town, town, draws=20, of="units", rng=1).se == 0
    for method in ("percentile", "bca"):
        low, high = change.interval(method=method)
        assert low < high


def test_chance_goes_through_the_environment(two):
    near = two.within(sgt.Radius(3000))
    found = sgt.bootstrap(sgt.information_theory, near, draws=3, rng=2)
    for value, counts in zip(found.draws[:, 0], found.samples[0].draw(_seeds(found, 3)), strict=True):
        drawn = sgt.Population(counts, two.groups, geography=two.geography)
        assert value == pytest.approx(sgt.information_theory(drawn.within(sgt.Radius(3000))), rel=1e-9)
    nearest = two.within(sgt.NearestPeople(20_000))
    assert np.isfinite(sgt.bootstrap(sgt.information_theory, nearest, draws=2, rng=2).draws).all()
    with pytest.raises(sgt.CapabilityError, match="draw people, of='people'"):
        sgt.bootstrap(sgt.information_theory, nearest, of="units", rng=1)


def _seeds(found, draws):
    from segregation_tools.kernels.sample import seeds_of

    return seeds_of(found.seed, 0, draws)


def test_several_values_are_labelled(town):
    found = sgt.bootstrap(sgt.exposure, town, draws=9, rng=1)
    assert found.to_frame().columns.tolist() == ["from", "to", "value", "bias", "se", "low", "high"]
    assert found.interval()[0].loc["a", "b"] == found.to_frame()["low"][1]
    assert "<table" in found._repr_html_()


@pytest.mark.slow
@pytest.mark.parametrize(
    "index", [sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio], ids=lambda i: i.__name__
)
def test_intervals_hold_the_truth(index):
    """A city of known truth, from which people are sampled 400 times."""
    chance = np.random.default_rng(11)
    sizes = chance.integers(200, 600, 60)
    shares = chance.dirichlet([3, 2, 1], 60).T * 0.7 + 0.3 * np.array([[0.5], [0.3], [0.2]])
    truth = index(sgt.Population(shares * sizes, ["a", "b", "c"]))
    cells = (shares * sizes).ravel() / sizes.sum()
    held = 0
    for seed in range(400):
        seen = sgt.Population(chance.multinomial(sizes.sum(), cells).reshape(3, 60), ["a", "b", "c"])
        low, high = sgt.bootstrap(index, seen, draws=500, rng=seed).interval(0.95)
        held += low <= truth <= high
    assert 0.92 * 400 <= held <= 0.98 * 400


@pytest.mark.slow
@pytest.mark.parametrize(
    "index", [sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio], ids=lambda i: i.__name__
)
def test_intervals_of_a_survey_hold_the_truth(index):
    """A city of known truth, surveyed 400 times with errors of three times the root of a count, and 20 people."""
    chance = np.random.default_rng(11)
    sizes = chance.integers(1500, 6000, 80)
    shares = chance.dirichlet([3, 2, 1], 80).T * 0.7 + 0.3 * np.array([[0.5], [0.3], [0.2]])
    counts = np.rint(shares * sizes)
    truth, error = index(sgt.Population(counts, ["a", "b", "c"])), 3 * np.sqrt(counts) + 20
    held = 0
    for seed in range(400):
        seen = np.maximum(np.rint(chance.normal(counts, error)), 0)
        survey = sgt.Population(seen, ["a", "b", "c"], margins=1.645 * error)
        low, high = sgt.bootstrap(index, survey, of="margins", draws=500, rng=seed).interval(0.95)
        held += low <= truth <= high
    assert 0.92 * 400 <= held <= 0.98 * 400


def test_errors_of_a_survey_are_drawn_within_their_margins():
    counts, margins = np.array([[400.0, 50, 0], [100, 900, 300]]), np.array([[80.0, 60, 12], [40, 0, 90]])
    frame = pd.DataFrame(np.vstack([counts, margins]).T, columns=["a", "b", "a_moe", "b_moe"])
    frame.loc[1, "b_moe"] = -555555555  # a controlled estimate has no error
    pop = sgt.Population.from_frame(frame, ["a", "b"], margins={"a": "a_moe", "b": "b_moe"})
    found = sgt.bootstrap(sgt.dissimilarity, pop, draws=2000, of="margins", rng=1)
    drawn = found.samples[0].draw(np.arange(4000, dtype=np.uint64))
    np.testing.assert_allclose(drawn[:, 0, 0].std(), 80 / 1.645, rtol=0.05)
    np.testing.assert_allclose(drawn[:, 0, 0].mean(), 400, atol=4)
    assert (drawn[:, 1, 1] == 900).all()
    assert drawn.min() == 0
    by_hand = [sgt.dissimilarity(sgt.Population(table, ["a", "b"])) for table in drawn]
    assert found.se == pytest.approx(np.std(by_hand), rel=0.1)
    change = sgt.difference(sgt.dissimilarity, pop, pop, draws=500, of="margins", rng=2)
    assert change.se == pytest.approx(np.sqrt(2) * found.se, rel=0.15)
    with pytest.raises(sgt.CapabilityError, match="method='basic' or 'percentile'"):
        found.interval(method="bca")
    with pytest.raises(sgt.DataError, match=r"margins=\{'black': 'black_moe'"):
        sgt.bootstrap(sgt.dissimilarity, sgt.Population(counts, ["a", "b"]), of="margins", rng=1)


def test_what_cannot_be_drawn_is_refused(town):
    with pytest.raises(sgt.OptionError, match="chance needs a source"):
        sgt.bootstrap(sgt.gini, town)
    with pytest.raises(sgt.OptionError, match="of must be one of"):
        sgt.bootstrap(sgt.gini, town, of="houses", rng=1)
    with pytest.raises(sgt.DataError, match="round the counts of 'a', 'b', 'c'"):
        sgt.bootstrap(sgt.gini, town.redrawn(town.counts + 0.5), rng=1)
    found = sgt.bootstrap(sgt.gini, town, draws=3, rng=1)
    for level in (0, 1, 95, "most"):
        with pytest.raises(sgt.OptionError, match="level must"):
            found.interval(level)
    with pytest.raises(sgt.OptionError, match="method must be one of"):
        found.interval(method="normal")
    with pytest.raises(sgt.GroupError, match="the groups differ: 'a', 'b', 'c', and 'a', 'b'"):
        sgt.difference(sgt.exposure, town, town[["a", "b"]], draws=3, rng=1)


def test_groups_are_matched_by_name():
    one = sgt.Population([[90, 10, 30], [10, 90, 60]], ["a", "b"])
    other = sgt.Population([[20, 80, 60], [80, 15, 30]], ["b", "a"])
    found = sgt.difference(sgt.isolation, one, other, draws=50, rng=1)
    pd.testing.assert_series_equal(found.value, sgt.isolation(other)[["a", "b"]] - sgt.isolation(one))
    assert found.interval()[0]["a"] < found.value["a"] < found.interval()[1]["a"]
    atkinson = sgt.atkinson.bind(b=0.9)
    assert float(sgt.difference(atkinson, one, other, draws=2, rng=1)) == pytest.approx(
        atkinson(other[["a", "b"]]) - atkinson(one)
    )


def test_units_are_matched_by_label_in_any_order():
    chance = np.random.default_rng(0)
    counts = chance.integers(5, 200, (2, 60)).astype(float)
    later = np.maximum(counts + chance.integers(-5, 6, counts.shape), 0)
    labels = np.array([f"u{i}" for i in range(60)])

    def error(table, names):
        pops = [sgt.Population(t, ["a", "b"], units=n) for t, n in ((counts, labels), (table, names))]
        return sgt.difference(sgt.dissimilarity, *pops, of="units", draws=300, rng=1).se

    paired, shuffle = error(later, labels), chance.permutation(60)
    assert error(later[:, shuffle], labels[shuffle]) == pytest.approx(paired, rel=0.3)
    emptied = later.copy()
    emptied[:, 0] = 0
    assert error(emptied, labels) < 3 * paired
    assert error(later, np.char.add("v", labels)) > 5 * paired
    numbered = [sgt.Population(t, ["a", "b"]) for t in (counts, later)]
    assert sgt.difference(sgt.dissimilarity, *numbered, of="units", draws=300, rng=1).se > 5 * paired


def test_draws_without_a_value_are_left_out_and_told():
    alone = sgt.Population([[1, 0, 0, 0], [30, 50, 20, 40]], ["a", "b"])
    low, high = sgt.bootstrap(sgt.dissimilarity, alone, draws=200, rng=1).interval(method="bca")
    assert low <= high
    one = sgt.Population([[5, 6, 7]], ["a"])
    with pytest.warns(sgt.UndefinedWarning):
        found = sgt.bootstrap(sgt.dissimilarity, one, draws=5, rng=1)
    assert np.isnan([found.value, found.bias, found.se, *found.interval(), *found.interval(method="bca")]).all()
    with pytest.warns(sgt.UndefinedWarning):
        test = sgt.null_test(sgt.dissimilarity, one, draws=5, rng=1)
    assert np.isnan([test.value, test.expected, test.p_value, test.z]).all()
    assert "nan" in str(test).lower()
    few = sgt.Population([[1, 1, 0, 0, 0], [1, 0, 1, 1, 0]], ["a", "b"])
    with pytest.warns(sgt.UndefinedWarning):
        test = sgt.null_test(sgt.adjusted(sgt.dissimilarity, method="leave_one_out"), few, draws=99, rng=1)
    assert test.value == -1
    assert test.p_value == 1
    single = sgt.bootstrap(sgt.dissimilarity, alone, draws=1, rng=1)
    assert np.isnan(single.se)
    assert np.isnan(sgt.null_test(sgt.dissimilarity, alone, draws=1, rng=1).z)


def test_bca_is_refused_where_all_draws_lie_beside_the_value():
    small = sgt.Population(np.random.default_rng(0).binomial(3, 0.5, (2, 300)).astype(float), ["a", "b"])
    found = sgt.bootstrap(sgt.dissimilarity, small, draws=50, rng=1)
    with pytest.raises(sgt.CapabilityError, match="one side of the value, too far for bca: method='basic'"):
        found.interval(method="bca")
