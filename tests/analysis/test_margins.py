"""Errors of the counts: privacy noise and replicate weights, beside what theory says of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import segregation_tools as sgt
from segregation_tools.analysis.margins import noise_drawn
from segregation_tools.kernels.sample import seeds_of


@pytest.fixture(scope="module")
def town():
    counts = np.random.default_rng(8).integers(40, 400, (3, 40))
    return sgt.Population(counts, ["a", "b", "c"], units=[f"u{i}" for i in range(40)])


@pytest.mark.parametrize("scale", [0.4, 1.0, 7.5])
def test_noise_is_the_discrete_gaussian(scale):
    """Chances proportional to exp(−k²/2σ²), cell by cell, whole steps only."""
    pop = sgt.Population(np.full((2, 5000), 1000), ["a", "b"])
    steps = (noise_drawn(sgt.PrivacyNoise(scale), pop)(seeds_of(3, 0, 10)) - 1000).ravel()
    assert (steps == np.rint(steps)).all()
    k = np.arange(-int(9 * scale) - 1, int(9 * scale) + 2)
    weights = np.exp(-(k**2) / (2 * scale**2))
    seen = np.array([(steps == step).sum() for step in k])
    assert seen.sum() == len(steps)
    wanted = len(steps) * weights / weights.sum()
    common = wanted > 20
    chi2 = ((seen - wanted)[common] ** 2 / wanted[common]).sum()
    assert chi2 < stats.chi2.ppf(0.9999, common.sum() - 1)
    lag = np.corrcoef(steps[:-1], steps[1:])[0, 1]
    assert abs(lag) < 5 / np.sqrt(len(steps))


def test_noise_of_each_group_and_never_below_nobody(town):
    by_group = sgt.PrivacyNoise({"a": 1, "b": 20, "c": 5})
    drawn = noise_drawn(by_group, town)(seeds_of(3, 0, 200))
    np.testing.assert_allclose((drawn - town.counts).std(axis=(0, 2)), [1, 20, 5], rtol=0.05)
    empty = sgt.Population([[0, 50], [50, 0]], ["a", "b"])
    assert noise_drawn(sgt.PrivacyNoise(10), empty)(seeds_of(3, 0, 200)).min() == 0
    with pytest.raises(sgt.GroupError, match="scale must name each group, 'a', 'b'"):
        sgt.bootstrap(sgt.gini, empty, of=sgt.PrivacyNoise({"a": 1}), draws=2, rng=1)
    for wrong in (0, -1, np.nan, "3", {"a": 0}):
        with pytest.raises(sgt.OptionError, match="scale must be σ of the noise"):
            sgt.PrivacyNoise(wrong)


def test_noise_goes_through_index_environment_and_difference(town):
    noise = sgt.PrivacyNoise(4)
    near = town.within(sgt.Zones(["x", "y"] * 20))
    for pop in (town, near):
        once = sgt.bootstrap(sgt.information_theory, pop, of=noise, draws=30, rng=5)
        later = sgt.bootstrap(sgt.information_theory, pop, of=noise, draws=12, rng=5).more(18)
        np.testing.assert_array_equal(once.draws, later.draws)
        assert once.se > 0
        assert "privacy noise" in str(once)
        with pytest.raises(sgt.CapabilityError, match=r"of counts are nobody|one side"):
            once.interval(method="bca")
    change = sgt.difference(sgt.dissimilarity, town, town, of=noise, draws=300, rng=2)
    alone = sgt.bootstrap(sgt.dissimilarity, town, of=noise, draws=300, rng=2)
    assert change.se == pytest.approx(np.sqrt(2) * alone.se, rel=0.15)
    with pytest.raises(sgt.DataError, match="whole people"):
        sgt.bootstrap(sgt.gini, sgt.Population([[0.5, 2], [3, 4]], ["a", "b"]), of=noise, draws=2, rng=1)


@pytest.mark.slow
def test_intervals_of_noisy_counts_hold_the_truth():
    chance = np.random.default_rng(12)
    share = chance.beta(2, 4, 150)
    truth = np.rint(np.stack([share, 1 - share]) * chance.integers(200, 900, 150))
    true = sgt.dissimilarity(sgt.Population(truth, ["a", "b"]))
    steps = np.arange(-60, 61)
    weights = np.exp(-(steps**2) / 72)
    held = 0
    for r in range(400):
        published = np.maximum(truth + chance.choice(steps, truth.shape, p=weights / weights.sum()), 0)
        low, high = sgt.bootstrap(
            sgt.dissimilarity, sgt.Population(published, ["a", "b"]), of=sgt.PrivacyNoise(6), draws=300, rng=r
        ).interval()
        held += low <= true <= high
    assert 0.92 <= held / 400 <= 0.98


DESIGNS = {"successive_difference": 4 / 200, "balanced": 1 / 200, "jackknife": 199 / 200}


@pytest.mark.parametrize("design", DESIGNS)
def test_replicates_that_scatter_as_margins_do_give_their_error(town, design):
    """Independent errors of known size: with enough sets, the standard error of `of="margins"`."""
    error = 0.03 * town.counts
    survey = sgt.Population(town.counts, town.groups, units=town.units, margins=1.645 * error)
    expected = sgt.bootstrap(sgt.dissimilarity, survey, of="margins", draws=2000, rng=1).se
    chance = np.random.default_rng(4)
    spread = error / np.sqrt(200 * DESIGNS[design])
    sets = town.counts + chance.normal(0, 1, (200, *town.counts.shape)) * spread
    found = sgt.replicate_error(sgt.dissimilarity, town, sets, design=design)
    assert found.se == pytest.approx(expected, rel=0.25)  # 2.5 × the relative error of a deviation from 200 values
    low, high = found.interval(0.9)
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.95) * found.se)
    assert (low + high) / 2 == pytest.approx(found.value) == float(found)


def test_delete_one_jackknife_is_exact_for_a_ratio_of_sums():
    """Isolation of a group where each block is deleted in turn, against the estimator written out."""
    counts = np.random.default_rng(1).integers(5, 90, (2, 12)).astype(float)
    pop = sgt.Population(counts, ["a", "b"])
    sets, values = [], []
    for i in range(12):
        weights = np.where(np.arange(12) == i, 0, 12 / 11)
        sets.append(counts * weights)
        a, t = sets[-1][0], sets[-1].sum(axis=0)
        values.append((a[t > 0] ** 2 / t[t > 0]).sum() / a.sum())
    found = sgt.replicate_error(sgt.isolation, pop, sets, design="jackknife")
    whole = (counts[0] ** 2 / counts.sum(axis=0)).sum() / counts[0].sum()
    assert found.se["a"] == pytest.approx(np.sqrt(11 / 12 * ((np.array(values) - whole) ** 2).sum()))
    assert list(found.to_frame()) == ["group", "value", "se", "low", "high"]


def test_fay_widens_balanced_replicates(town):
    sets = town.counts * (1 + np.random.default_rng(4).normal(0, 0.02, (16, *town.counts.shape)))
    plain, fay = (sgt.replicate_error(sgt.gini, town, sets, design="balanced", fay=k).se for k in (0, 0.5))
    assert fay == pytest.approx(2 * plain)


def test_replicates_as_frames_are_matched_by_label(town):
    sets = town.counts * (1 + np.random.default_rng(4).normal(0, 0.02, (6, *town.counts.shape)))
    frames = [pd.DataFrame(one.T, index=town.units, columns=list(town.groups)) for one in sets]
    mixed = [frame.sample(frac=1, random_state=1)[["c", "a", "b"]] for frame in frames]
    pops = [sgt.Population(one[[1, 0, 2]], ["b", "a", "c"], units=town.units) for one in sets]
    wanted = sgt.replicate_error(sgt.information_theory, town, sets)
    for given in (mixed, pops):
        assert sgt.replicate_error(sgt.information_theory, town, given).se == pytest.approx(wanted.se)
    with pytest.raises(sgt.DataError, match=r"replicate 2 needs .* without groups 'b', .* without units 'u0'"):
        sgt.replicate_error(sgt.gini, town, [frames[0], frames[1].drop(columns="b").drop(index="u0")])
    with pytest.raises(sgt.DataError, match="at least two sets"):
        sgt.replicate_error(sgt.gini, town, frames[:1])
    with pytest.raises(sgt.DataError, match="replicate 1 has the shape"):
        sgt.replicate_error(sgt.gini, town, sets[:, :, :3])
    frames[1].loc["u3", "a"] = np.nan
    with pytest.raises(sgt.DataError, match="replicate 2 has no estimate for units 'u3'"):
        sgt.replicate_error(sgt.gini, town, frames)
    with pytest.raises(sgt.OptionError, match="design must be one of"):
        sgt.replicate_error(sgt.gini, town, sets, design="bootstrap")
    for wrong in ({"fay": 0.5}, {"fay": 1, "design": "balanced"}):
        with pytest.raises(sgt.OptionError, match="fay"):
            sgt.replicate_error(sgt.gini, town, sets, **wrong)
    with pytest.warns(sgt.DataWarning, match="1 estimates with replicate weights are below 0"):
        sgt.replicate_error(
            sgt.gini, sgt.Population([[4, 5], [3, 9]], ["a", "b"]), [[[-1, 5], [3, 9]], [[4, 5], [3, 9]]]
        )


def test_a_group_that_no_replicate_weight_counts_is_nobody():
    pop = sgt.Population([[40, 5], [10, 90], [1, 2]], list("abc"), units=["u", "v"])
    with pytest.warns(sgt.DataWarning, match="no people in group 'c'"):
        without = sgt.Population([[40, 5], [10, 90], [0, 0]], list("abc"), units=["u", "v"])
    sets = np.array([[[40, 5], [10, 90], [0, 0]], pop.counts])
    wanted = sgt.replicate_error(sgt.dissimilarity, pop, sets).se
    assert sgt.replicate_error(sgt.dissimilarity, pop, [without, pop]).se == wanted
    assert sgt.replicate_error(sgt.dissimilarity, pop, (one for one in sets)).se > 0


def test_replicates_of_any_other_kind_are_refused():
    pop = sgt.Population([[40, 5], [10, 90]], ["a", "b"], units=["u", "v"])
    frame = pop.to_frame()
    text = frame.astype(str)
    cases = [
        (frame, "list of frames"),
        (3, "list of frames"),
        ([text, text], "replicate|as text"),
        ([[[1, 2], [3]], [[1, 2], [3]]], "replicate 1 must be"),
        ([frame[["a", "b", "b"]], frame], "twice 'b'"),
    ]
    for given, says in cases:
        with pytest.raises(sgt.DataError, match=says):
            sgt.replicate_error(sgt.gini, pop, given)
    numbered = pd.DataFrame({"a": [40, 5], "b": [10, 90]}, index=pd.Index([6001, 6003], name="GEOID"))
    with pytest.warns(sgt.DataWarning, match="leading zeros"):
        counted = sgt.Population.from_frame(numbered, ["a", "b"])
    with pytest.warns(sgt.DataWarning, match="leading zeros"):
        found = sgt.replicate_error(sgt.gini, counted, [numbered, numbered])
    assert found.se == 0


def test_noise_of_any_size_has_a_table(town):
    for scale in (1e-160, 5e-324):
        assert (noise_drawn(sgt.PrivacyNoise(scale), town)(seeds_of(3, 0, 2)) == town.counts).all()
    for wrong in (1e6, {}, {"a": 1e9}):
        with pytest.raises(sgt.OptionError, match="up to 100,000"):
            sgt.PrivacyNoise(wrong)
