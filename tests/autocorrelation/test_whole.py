"""Statistics of a whole place, against their definitions, all permutations there are, and esda."""

import itertools
from fractions import Fraction

import esda
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import segregation_tools as sgt
from tests.autocorrelation.places import places, sacramento

pytestmark = [
    pytest.mark.filterwarnings("ignore:units without neighbours:segregation_tools.errors.DataWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),  # of esda
]


@pytest.fixture(scope="module")
def tracts():
    return sacramento()


def moran(x, w):
    z = x - x.mean()
    return len(x) / w.sum() * (z @ w @ z) / (z @ z)


def geary(x, w):
    z = x - x.mean()
    return (len(x) - 1) * (w * np.subtract.outer(x, x) ** 2).sum() / (2 * w.sum() * (z @ z))


def getis_ord(x, w):
    return (x @ w @ x) / (x.sum() ** 2 - x @ x)


def bivariate(x, y, w):
    z, v = ((one - one.mean()) / one.std(ddof=1) for one in (x, y))
    return (z @ w @ v) / (len(x) - 1)


def lee(x, y, w):
    z, v = ((one - one.mean()) / one.std() for one in (x, y))
    return (w @ z) @ (w @ v) / np.square(w.sum(axis=1)).sum()


@given(place=places(), seed=st.integers(0, 99))
def test_statistics_are_their_definitions(place, seed):
    x, w = place
    y = np.random.default_rng(seed).random(len(x))
    graph = sparse.csr_array(w)
    assert sgt.moran(x, graph).value == pytest.approx(moran(x, w), abs=1e-12)
    assert sgt.geary(x, graph).value == pytest.approx(geary(x, w), rel=1e-12)
    assert sgt.getis_ord(x, graph).value == pytest.approx(getis_ord(x, w), rel=1e-12)
    assert sgt.bivariate_moran(x, y, graph).value == pytest.approx(bivariate(x, y, w), abs=1e-12)
    assert sgt.lee(x, y, graph).value == pytest.approx(lee(x, y, w), abs=1e-12)


@given(place=places(least=5, most=6), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_moments_are_those_of_all_permutations(place, seed):
    x, w = place
    y = np.random.default_rng(seed).random(len(x))
    graph, orders = sparse.csr_array(w), [list(order) for order in itertools.permutations(range(len(x)))]
    binary = (x > np.median(x)).astype(float)
    binary[0], binary[1] = 0, 1
    found = {
        "moran": (sgt.moran(x, graph), [moran(x[o], w) for o in orders]),
        "geary": (sgt.geary(x, graph), [geary(x[o], w) for o in orders]),
        "getis_ord": (sgt.getis_ord(x, graph), [getis_ord(x[o], w) for o in orders]),
        "bivariate": (sgt.bivariate_moran(x, y, graph), [bivariate(x, y[o], w) for o in orders]),
    }
    joins = sgt.join_counts(binary, graph)
    for part, kind in ((joins.ones, binary), (joins.zeros, 1 - binary)):
        found[part.name] = part, [kind[o] @ w @ kind[o] / 2 for o in orders]
    apart = np.subtract.outer(binary, binary) ** 2
    found["BW"] = joins.mixed, [(w * apart[np.ix_(o, o)]).sum() / 2 for o in orders]
    for name, (statistic, values) in found.items():
        assert statistic.expected == pytest.approx(np.mean(values), abs=1e-10), name
        assert statistic.variance == pytest.approx(np.var(values), abs=1e-10), name
        assert statistic.value == pytest.approx(values[0], abs=1e-10), name
    pairs = [lee(x[o], y[o], w) for o in orders]
    assert sgt.lee(x, y, graph).expected == pytest.approx(np.mean(pairs), abs=1e-10)


@pytest.mark.parametrize("transformation", ["r", "b"])
def test_moments_and_values_of_esda(tracts, transformation):
    x, y, graph = tracts
    graph = graph.transform(transformation)
    theirs = esda.Moran(x, graph, transformation=transformation, permutations=0)
    ours = sgt.moran(x, graph)
    assert [ours.value, ours.expected, ours.variance, ours.z, ours.p_value] == pytest.approx(
        [theirs.I, theirs.EI, theirs.VI_rand, theirs.z_rand, theirs.p_rand], rel=1e-9
    )
    normal = sgt.moran(x, graph, assumption="normality")
    assert [normal.variance, normal.z] == pytest.approx([theirs.VI_norm, theirs.z_norm], rel=1e-9)
    theirs = esda.Geary(x, graph, transformation=transformation, permutations=0)
    for ours, variance, z in (
        (sgt.geary(x, graph), theirs.VC_rand, theirs.z_rand),
        (sgt.geary(x, graph, assumption="normality"), theirs.VC_norm, theirs.z_norm),
    ):
        assert [ours.value, ours.expected, ours.variance, ours.z] == pytest.approx([theirs.C, 1, variance, z], rel=1e-9)
    assert sgt.bivariate_moran(x, y, graph).value == pytest.approx(
        esda.Moran_BV(x, y, graph, transformation=transformation, permutations=0).I, rel=1e-9
    )
    pearson = esda.Spatial_Pearson(connectivity=graph.sparse, permutations=0).fit(
        x.to_numpy()[:, None], y.to_numpy()[:, None]
    )
    assert sgt.lee(x, y, graph).value == pytest.approx(pearson.association_[0, 1], rel=1e-9)
    assert sgt.lee(x, x, graph).value == pytest.approx(pearson.association_[0, 0], rel=1e-9)


def test_getis_ord_and_joins_of_esda(tracts):
    x, _, graph = tracts
    graph = graph.transform("b")
    theirs = esda.G(x.to_numpy(), graph, permutations=0)
    ours = sgt.getis_ord(x, graph)
    assert [ours.value, ours.expected, ours.variance, ours.z] == pytest.approx(
        [theirs.G, theirs.EG, theirs.VG, theirs.z_norm], rel=1e-9
    )
    high = (x > x.median()).astype(int)
    theirs = esda.Join_Counts(high.to_numpy(), graph, permutations=0)
    ours = sgt.join_counts(high, graph)
    assert ours.to_frame()["value"].tolist() == [theirs.bb, theirs.ww, theirs.bw]
    assert ours.value == theirs.bb == float(ours)


def test_p_values_of_draws_are_those_of_esda(tracts):
    """By chance, each with 999 draws of its own: within what 999 draws leave open."""
    x, y, graph = tracts
    graph, chance = graph.transform("r"), np.random.default_rng(5)
    shuffled = pd.Series(0.15 * x.to_numpy() + chance.permutation(x.to_numpy()), index=x.index)
    np.random.seed(1)  # noqa: NPY002  # esda draws from there
    for ours, theirs in (
        (sgt.moran(shuffled, graph, permutations=999, rng=7), esda.Moran(shuffled, graph)),
        (sgt.geary(shuffled, graph, permutations=999, rng=7), esda.Geary(shuffled, graph)),
        (sgt.bivariate_moran(shuffled, y, graph, permutations=999, rng=7), esda.Moran_BV(shuffled, y, graph)),
    ):
        assert ours.p_value == pytest.approx(theirs.p_sim, abs=0.05)
        assert ours.draws.mean() == pytest.approx(ours.expected, abs=4 * np.sqrt(ours.variance / 999))
        assert ours.draws.var() == pytest.approx(ours.variance, rel=0.2)


def test_the_p_value_is_of_the_tail_in_which_the_value_lies():
    line = np.eye(40, k=1) + np.eye(40, k=-1)
    rising = np.arange(40.0)
    for values in (rising, np.where(np.arange(40) % 2, 1.0, 0.0)):
        found = sgt.moran(values, sparse.csr_array(line), permutations=99, rng=3)
        assert found.p_value == 0.01
    joins = sgt.join_counts((rising > 19).astype(int), sparse.csr_array(line), permutations=99, rng=3)
    assert [joins.ones.p_value, joins.zeros.p_value, joins.mixed.p_value] == [0.01, 0.01, 1]
    assert (joins.ones.draws + joins.zeros.draws + joins.mixed.draws == 39).all()


def test_the_same_seed_gives_the_same_draws_on_any_number_of_threads(tracts):
    x, _, graph = tracts
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = sgt.moran(x, graph, permutations=199, rng=7)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        np.testing.assert_array_equal(sgt.moran(x, graph, permutations=199, rng=7).draws, alone.draws)
    finally:
        numba.set_num_threads(before)
    assert (sgt.moran(x, graph, permutations=199, rng=8).draws != alone.draws).any()


def test_a_result_tells_what_it_is(tracts):
    x, _, graph = tracts
    assert repr(sgt.moran(x, graph.transform("r"))).startswith("Moran's I 0.")
    assert "199 draws" in repr(sgt.geary(x, graph, permutations=199, rng=1))


@pytest.mark.parametrize("statistic", [sgt.moran, sgt.geary, sgt.getis_ord])
def test_what_does_not_vary_or_touch_is_undefined(statistic):
    ring = sparse.csr_array(np.roll(np.eye(6), 1, axis=1))
    with pytest.warns(sgt.UndefinedWarning, match="all values are the same"):
        assert np.isnan(statistic(np.full(6, 0.1), ring).value)
    with pytest.warns(sgt.UndefinedWarning, match="no unit has a neighbour"):
        assert np.isnan(statistic(np.arange(6.0), sparse.csr_array((6, 6))).p_value)
    with pytest.warns(sgt.UndefinedWarning):
        assert np.isnan(sgt.lee(np.arange(6.0), np.ones(6), ring).value)


def test_where_all_are_neighbours_of_all_chance_has_no_say():
    everyone = sparse.csr_array(1 - np.eye(7))
    for statistic in (sgt.moran, sgt.geary, sgt.getis_ord):
        for draws in ({}, {"permutations": 99, "rng": 1}):
            found = statistic(np.arange(7.0) ** 2, everyone, **draws)
            assert found.value == pytest.approx(found.expected)
            assert np.isnan([found.z, found.p_value]).all()


def test_what_cannot_be_answered_is_refused():
    x, ring = np.arange(6.0), sparse.csr_array(np.roll(np.eye(6), 1, axis=1))
    for values, graph, error, says in (
        (np.array([0, 1, np.nan, 3, np.inf, 5]), ring, sgt.DataError, "missing or infinite in rows 2, 4"),
        (x, ring + sparse.eye_array(6), sgt.DataError, "their own neighbours: 0, 1"),
        (x, -ring, sgt.DataError, "0 or more"),
        (x, ring[:5, :5], sgt.DataError, r"shape \(6, 6\)"),
        (x, None, sgt.CapabilityError, "give a graph"),
        (x, sgt.Contiguity(), sgt.CapabilityError, "the population itself"),
        (x.reshape(1, 2, 3), ring, sgt.DataError, r"\(rows, cols\)"),
        (np.array(["a"] * 6), ring, sgt.DataError, "numbers"),
    ):
        with pytest.raises(error, match=says):
            sgt.moran(values, graph)
    with pytest.raises(sgt.OptionError, match="rng=7"):
        sgt.moran(x, ring, permutations=9)
    with pytest.raises(sgt.OptionError, match="assumption"):
        sgt.moran(x, ring, assumption="chance")
    with pytest.raises(sgt.DataError, match=r"negative ones stand in rows 0"):
        sgt.getis_ord(x - 1, ring)
    with pytest.raises(sgt.DataError, match=r"0 or 1; others stand in rows 2, 3.*astype\(int\)"):
        sgt.join_counts(x, ring)
    with pytest.raises(sgt.DataError, match="shapes"):
        sgt.lee(x, x[:5], ring)


def test_islands_are_named_and_have_no_say():
    weights = np.eye(5, k=1) + np.eye(5, k=-1)
    weights[4] = weights[:, 4] = 0
    x = np.array([1.0, 2, 4, 3, 9])
    with pytest.warns(sgt.DataWarning, match="units without neighbours: 4"):
        found = sgt.moran(x, sparse.csr_array(weights))
    assert found.value == pytest.approx(moran(x, weights))


@pytest.mark.parametrize(
    "values",
    [
        np.full((500, 1), 0.1),
        np.full((300, 3), 0.7),
        np.full((700, 900), 1 / 3),
        np.full((10, 20_000), 0.1),
        np.where(np.arange(6000).reshape(600, 10) % 7 == 0, np.nan, 0.1),
        np.full((600, 7), 0.1, dtype=np.float32),
    ],
)
def test_grids_that_do_not_vary_are_undefined(values):
    """However many rounding errors of a sum there are: less one of them, nothing is left of any value."""
    with pytest.warns(sgt.UndefinedWarning, match="all values are the same"):
        found = sgt.moran(values)
    assert np.isnan([found.value, found.p_value]).all()


@pytest.mark.parametrize("far", [0, 10, 10**3, 10**6, 10**9])
def test_moments_of_g_keep_their_digits_far_from_zero(far):
    """Beside exact fractions over all orders; a ring, in which only products vary, and a place in which sums do too."""
    x = [far + one for one in (3, 1, 4, 1, 5)]
    around = np.roll(np.eye(5, dtype=int), 1, axis=1) + np.roll(np.eye(5, dtype=int), -1, axis=1)
    uneven = np.triu(np.arange(25).reshape(5, 5) % 3, 1)
    for w in (around, uneven):
        links = [(i, j, int(w[i, j])) for i in range(5) for j in range(5) if w[i, j]]
        sums = [sum(k * o[i] * o[j] for i, j, k in links) for o in itertools.permutations(x)]
        mean = Fraction(sum(sums), len(sums))
        variance = sum((one - mean) ** 2 for one in sums) / len(sums)
        pairs = sum(x) ** 2 - sum(one * one for one in x)
        found = sgt.getis_ord(np.array(x, dtype=float), sparse.csr_array(w.astype(float)))
        assert found.expected == pytest.approx(float(mean / pairs), rel=1e-12)
        assert found.variance == pytest.approx(float(variance / pairs**2), rel=1e-9)
        assert np.isfinite(found.p_value)


@pytest.mark.parametrize("scale", [1e-300, 1e-90, 1e-30, 1e80, 1e300])
def test_the_unit_of_values_does_not_matter(scale):
    x, w = np.random.default_rng(1).random(30), sparse.csr_array(np.roll(np.eye(30), 1, axis=1))
    grid = np.random.default_rng(2).random((6, 7))
    holes = np.where(grid < 0.1, np.nan, grid)
    for statistic in (sgt.moran, sgt.geary, sgt.getis_ord):
        for values, by in ((x, [w]), (grid, []), (holes, [])):
            ours, theirs = statistic(values * scale, *by), statistic(values, *by)
            assert [ours.value, ours.z] == pytest.approx([theirs.value, theirs.z], rel=1e-9)
    for statistic in (sgt.local_moran, sgt.local_geary, sgt.local_g):
        ours, theirs = statistic(x * scale, w, rng=1), statistic(x, w, rng=1)
        np.testing.assert_allclose(ours.z, theirs.z, rtol=1e-9)
        np.testing.assert_array_equal(ours.p_value, theirs.p_value)


def test_what_is_undefined_says_why():
    w = sparse.csr_array(np.roll(np.eye(6), 1, axis=1))
    with pytest.warns(sgt.UndefinedWarning, match="no two units have values above 0"):
        assert np.isnan(sgt.getis_ord(np.array([5.0, 0, 0, 0, 0, 0]), w).value)
    three = sparse.csr_array(np.roll(np.eye(3), 1, axis=1))
    for statistic in (sgt.moran, sgt.geary, sgt.getis_ord):
        with pytest.warns(sgt.UndefinedWarning, match="takes four units"):
            assert np.isnan(statistic(np.array([1.0, 2, 4]), three).p_value)
    with pytest.warns(sgt.UndefinedWarning, match="there is one unit"):
        sgt.moran(np.ones((1, 1)))
