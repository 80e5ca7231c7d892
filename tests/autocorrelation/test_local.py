"""Statistics of each unit, against their definitions, all draws there are, and esda."""

import itertools

import esda
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

import segregation_tools as sgt
from segregation_tools.population.adjacency import cell_adjacency
from tests.autocorrelation.places import as_esda_reads_it, places, sacramento

pytestmark = [
    pytest.mark.filterwarnings("ignore:units without neighbours:segregation_tools.errors.DataWarning"),
    pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning"),  # of esda's next release
]


@pytest.fixture(scope="module")
def tracts():
    return sacramento()


def local_moran(x, w):
    z = x - x.mean()
    return (len(x) - 1) * z * (w @ z) / (z @ z)


def local_geary(x, w):
    z = (x - x.mean()) / x.std()
    return (w * np.subtract.outer(z, z) ** 2).sum(axis=1)


def local_g(x, w):
    return (w @ x) / (x.sum() - x)


STATISTICS = [(sgt.local_moran, local_moran), (sgt.local_geary, local_geary), (sgt.local_g, local_g)]


def dealt_out(x, i):
    """All orders of the others, with i in his place."""
    others = np.delete(np.arange(len(x)), i)
    for order in itertools.permutations(others):
        yield np.insert(np.array(order), i, i)


@given(place=places(least=5, most=6))
@settings(max_examples=15)
def test_moments_and_p_values_are_those_of_all_draws(place):
    x, w = place
    for ours, plain in STATISTICS:
        found = ours(x, sparse.csr_array(w), permutations=999, rng=7)
        np.testing.assert_allclose(found.value, plain(x, w), rtol=1e-9, atol=1e-12)
        exact = ours(x, sparse.csr_array(w), permutations=0)
        for i in range(len(x)):
            draws = np.array([plain(x[order], w)[i] for order in dealt_out(x, i)])
            if np.isnan(found.p_value[i]):
                assert w[i].sum() == 0 or np.ptp(draws) < 1e-9
                continue
            if draws.std() > 1e-9:
                assert found.z[i] == pytest.approx((plain(x, w)[i] - draws.mean()) / draws.std(), abs=1e-6)
                assert exact.p_value[i] == pytest.approx(stats.norm.sf(abs(found.z[i])))
            p = min((draws >= found.value[i] - 1e-9).mean(), (draws <= found.value[i] + 1e-9).mean())
            # What 999 draws leave open, five times over.
            assert found.p_value[i] == pytest.approx(p, abs=0.001 + 5 * np.sqrt(p * (1 - p) / 999))


@pytest.mark.parametrize("transformation", ["r", "b"])
def test_values_and_moments_of_esda(tracts, transformation):
    x, y, graph = tracts
    graph = graph.transform(transformation)
    theirs = esda.Moran_Local(x, graph, transformation=transformation, permutations=0)
    ours = sgt.local_moran(x, graph, permutations=0)
    np.testing.assert_allclose(ours.value, theirs.Is, rtol=1e-9, atol=1e-12)
    # esda's moments are those of n/(n − 1) of its statistic.
    np.testing.assert_allclose(
        ours.z, (len(x) / (len(x) - 1) * theirs.Is - theirs.EIc) / np.sqrt(theirs.VIc), rtol=1e-9
    )
    np.testing.assert_allclose(
        sgt.local_bivariate_moran(x, y, graph, permutations=0).value,
        esda.Moran_Local_BV(x, y, graph, transformation=transformation, permutations=0).Is,
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    theirs = esda.G_Local(x.to_numpy(), graph, transform=transformation, permutations=0)
    ours = sgt.local_g(x, graph, permutations=0)
    np.testing.assert_allclose(ours.value, theirs.Gs, rtol=1e-9)
    if transformation == "b":  # esda's variance of weights that add up to 1 does not see how many neighbours there are
        np.testing.assert_allclose(ours.z, theirs.Zs, rtol=1e-9)
        theirs = esda.G_Local(x.to_numpy(), graph, transform="b", permutations=0, star=True)
        ours = sgt.local_g_star(x, graph, permutations=0)
        np.testing.assert_allclose(ours.value, theirs.Gs, rtol=1e-9)
        np.testing.assert_allclose(ours.z, theirs.Zs, rtol=1e-9)
    else:
        geary = esda.Geary_Local(connectivity=graph, permutations=0).fit(x)
        np.testing.assert_allclose(sgt.local_geary(x, graph, permutations=0).value, geary.localG, rtol=1e-9)


def without_ties(tracts):
    """Shares that are nowhere the same: where sums are, esda lets their rounding decide."""
    x, _, graph = tracts
    return x + 1e-7 * np.random.default_rng(0).random(len(x)), graph


def test_draws_that_are_the_value_are_counted_as_such():
    """The only neighbour of the last unit has a share of 0, as some others: a tenth of all draws are the value itself."""
    x = np.r_[np.zeros(10), np.random.default_rng(4).random(89) * 0.3, 0.1 / 3]
    line = np.eye(100, k=1) + np.eye(100, k=-1)
    line[99], line[:, 99] = 0, 0
    line[99, 0] = 1
    found = sgt.local_moran(x, sparse.csr_array(line), rng=7, permutations=9999)
    assert found.p_value[99] == pytest.approx(10 / 99, abs=0.015)


def test_local_joins_of_esda(tracts):
    x, _, graph = tracts
    graph = graph.transform("b")
    high = (x > x.median()).astype(int)
    theirs = esda.Join_Counts_Local(connectivity=graph).fit(high.to_numpy(), permutations=199)
    ours = sgt.local_join_counts(high, graph, rng=7)
    np.testing.assert_array_equal(ours.value, theirs.LJC)
    np.testing.assert_array_equal(np.isnan(ours.p_value), np.isnan(theirs.p_sim.astype(float)))
    there = ~np.isnan(ours.p_value)
    # The count of ones among the neighbours of a one is hypergeometric.
    many, ones = graph.cardinalities.to_numpy(), int(high.sum())
    dealt = len(high) - 1, ones - 1, many
    above, below = stats.hypergeom.sf(ours.value - 1, *dealt), stats.hypergeom.cdf(ours.value, *dealt)
    assert np.abs(np.minimum(above, below) - ours.p_value)[there].max() < 5 * np.sqrt(0.25 / 999)
    # esda counts draws that equal the value in the upper tail alone.
    assert np.abs(np.minimum(above, 1 - above) - theirs.p_sim)[there].max() < 5 * np.sqrt(0.25 / 199)


def test_draws_that_equal_the_value_are_where_esda_differs():
    """A single 1 in a ring: nearly all draws deal out zeros to the neighbours of a zero, as they are."""
    x = np.zeros(100)
    x[0] = 1
    ring = np.roll(np.eye(100), 1, axis=1) + np.roll(np.eye(100), -1, axis=1)
    ours = sgt.local_moran(x, sparse.csr_array(ring), rng=7)
    theirs = esda.Moran_Local(x, as_esda_reads_it(ring), transformation="O", seed=1)
    others = np.arange(2, 99)
    assert np.abs(theirs.p_sim[others] - 2 / 99).max() < 0.03
    assert np.abs(ours.p_value[others] - 97 / 99).max() < 0.03
    assert (ours.cluster[others] == "Insignificant").all()


@pytest.mark.parametrize("weights", ["alike", "not alike"])
def test_p_values_are_as_good_as_those_of_esda(tracts, weights):
    """How many units 999 draws put on the other side of 0.05 than 99,999 do: as many as chance says, as with esda."""
    x, graph = without_ties(tracts)
    if weights == "not alike":
        chance = np.random.default_rng(1)
        links = graph.adjacency * chance.uniform(0.5, 1.5, len(graph.adjacency))
        graph = type(graph)(links)
    graph = graph.transform("r")
    reference = esda.Moran_Local(
        x, graph, transformation="r", permutations=99_999, seed=1, keep_simulations=False
    ).p_sim
    clear = np.abs(reference - 0.05) > 0.02

    def wrong(p):
        assert ((p <= 0.05) == (reference <= 0.05))[clear].all()
        return int(((p <= 0.05) != (reference <= 0.05)).sum())

    seeds = range(8)
    theirs = [wrong(esda.Moran_Local(x, graph, transformation="r", seed=seed).p_sim) for seed in seeds]
    ours = [wrong(sgt.local_moran(x, graph, rng=seed).p_value) for seed in seeds]
    spread = np.sqrt((np.var(ours) + np.var(theirs)) / len(seeds))
    assert np.mean(ours) <= np.mean(theirs) + 3 * spread
    below = stats.binom.cdf(49, 999, reference)
    assert np.mean(ours) == pytest.approx(np.where(reference <= 0.05, 1 - below, below).sum(), abs=3 * spread)
    assert np.abs(sgt.local_moran(x, graph, permutations=9999, rng=3).p_value - reference).max() < 0.03


def test_clusters_bear_the_words_of_esda(tracts):
    x, graph = without_ties(tracts)
    graph = graph.transform("r")
    ours = sgt.local_moran(x, graph, permutations=9999, rng=7)
    theirs = esda.Moran_Local(x, graph, transformation="r", permutations=9999, seed=1)
    labels = theirs.get_cluster_labels(crit_value=0.05)
    clear = np.abs(ours.p_value - 0.05) > 0.01
    assert (ours.cluster == labels)[clear].all()
    assert ours.to_frame()["cluster"].dtype == "category"
    assert "High-High" in repr(ours)


@pytest.mark.parametrize("limit", [0.05, 0.2])
def test_false_discoveries_are_limited_as_esda_does(tracts, limit):
    x, _, graph = tracts
    found = sgt.local_moran(x, graph, permutations=9999, rng=7, fdr=limit)
    # Of two-sided p-values, of which ours are the half.
    assert found.level == pytest.approx(esda.fdr(np.minimum(2 * found.p_value, 1), limit) / 2)
    assert (found.cluster != "Insignificant").sum() == (found.p_value <= found.level).sum() > 0
    assert found.level < limit
    chance = np.random.default_rng(3).permutation(x.to_numpy())
    none = sgt.local_moran(chance, graph, permutations=9999, rng=7, fdr=0.01)
    assert (none.cluster == "Insignificant").all()
    for wrong in (-1, 0, 2, 1e9):
        with pytest.raises(sgt.OptionError, match="fdr"):
            sgt.local_moran(x, graph, rng=1, fdr=wrong)


def test_local_values_add_up_to_the_whole(tracts):
    x, _, graph = tracts
    n, links = len(x), float(graph.sparse.sum())
    z = x - x.mean()
    assert sgt.local_moran(x, graph, permutations=0).value.sum() * n / (n - 1) / links == pytest.approx(
        sgt.moran(x, graph).value, rel=1e-9
    )
    assert sgt.local_geary(x, graph, permutations=0).value.sum() * (n - 1) / (2 * n * links) == pytest.approx(
        sgt.geary(x, graph).value, rel=1e-9
    )
    high = (z > 0).astype(int)
    assert sgt.local_join_counts(high, graph, permutations=0).value.sum() / 2 == sgt.join_counts(high, graph).value


@given(place=places(least=6, most=12), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_the_same_seed_gives_the_same_on_any_number_of_threads(place, seed):
    x, w = place
    before = numba.get_num_threads()
    found = []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            found.append([ours(x, sparse.csr_array(w), rng=seed).p_value for ours, _ in STATISTICS])
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_what_cannot_be_tested_is_undefined():
    """esda calls units without neighbours, and units at the mean, significant: 1 in 1,000 draws."""
    weights = np.eye(7, k=1) + np.eye(7, k=-1)
    weights[6] = weights[:, 6] = 0
    x = np.array([1.0, 2, 9, 1, 3, 4, 8])
    x[4] = 17 / 3 - 1  # now x₄ is the mean of all
    x[4] = np.delete(x, 4).mean()
    with pytest.warns(sgt.DataWarning, match="without neighbours: 'g'"):
        found = sgt.local_moran(pd.Series(x, index=list("abcdefg")), sparse.csr_array(weights), rng=7)
    frame = found.to_frame()
    assert frame.loc[["e", "g"], "p"].isna().all()
    assert (frame.loc[["e", "g"], "cluster"] == "Undefined").all()
    assert (frame.loc[["e", "g"], "value"] == 0).all()
    assert frame["p"].drop(["e", "g"]).notna().all()
    with np.errstate(invalid="ignore"):
        theirs = esda.Moran_Local(x, as_esda_reads_it(weights), transformation="O", permutations=999, seed=1)
    assert theirs.p_sim[6] == 0.001


@pytest.mark.parametrize("statistic", [sgt.local_moran, sgt.local_geary, sgt.local_g, sgt.local_g_star])
def test_constant_values_are_undefined(statistic):
    ring = sparse.csr_array(np.roll(np.eye(6), 1, axis=1))
    with pytest.warns(sgt.UndefinedWarning, match="all values are the same"):
        found = statistic(np.full(6, 0.1), ring, rng=1)
    assert np.isnan(found.value).all()
    assert (found.cluster == "Undefined").all()
    with pytest.raises(sgt.OptionError, match="rng=7"):
        statistic(np.arange(6.0), ring)


def test_the_own_unit_counts_in_g_star_as_the_graph_says(tracts):
    x, _, graph = tracts
    half = graph.transform("b").assign_self_weight(0.5)
    expected = (half.sparse @ x) / x.sum()
    np.testing.assert_allclose(sgt.local_g_star(x, half, permutations=0).value, expected, rtol=1e-12)
    rows = graph.transform("r")
    standardized, plain = (sgt.local_g_star(x, one, permutations=0) for one in (rows, graph.transform("b")))
    np.testing.assert_allclose(standardized.z, plain.z, rtol=1e-9)  # the scale of the weights does not matter
    one, other = (sgt.local_g_star(x, one, rng=5).p_value for one in (rows, graph.transform("b")))
    np.testing.assert_array_equal(one, other)
    with pytest.raises(sgt.DataError, match="their own neighbours"):
        sgt.local_g(x, half, permutations=0)
    with pytest.raises(sgt.DataError, match="negative"):
        sgt.local_g_star(-x, graph, permutations=0)


def test_values_far_from_zero_keep_their_digits():
    """z, p and clusters of G do not depend on what is added to all values, if not on rounding."""
    x, ring = np.random.default_rng(1).random(60), np.roll(np.eye(60), 1, axis=1) + np.roll(np.eye(60), -2, axis=1)
    plain = sgt.local_g(x, sparse.csr_array(ring), rng=1)
    assert np.isfinite(plain.z).all()
    for far in (1e3, 1e6):
        found = sgt.local_g(x + far, sparse.csr_array(ring), rng=1)
        np.testing.assert_allclose(found.z, plain.z, rtol=1e-15 * far * 1e3, atol=1e-13 * far)
        np.testing.assert_array_equal(found.p_value, plain.p_value)


def test_cells_and_links_agree_though_one_value_is_far_away():
    values = np.random.default_rng(3).random((12, 9))
    values[4, 4] = 1e7
    graph = cell_adjacency(12, 9, "queen")
    ours, theirs = sgt.local_geary(values, permutations=0), sgt.local_geary(values.reshape(-1), graph, permutations=0)
    np.testing.assert_allclose(ours.value.reshape(-1), theirs.value, rtol=1e-9)


def test_what_there_is_nothing_to_divide_by_has_no_value():
    ring = sparse.csr_array(np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1))
    found = sgt.local_g(np.array([5.0, 0, 0, 0, 0, 0]), ring, rng=1)
    assert np.isnan([found.value[0], found.z[0], found.p_value[0]]).all()
    assert found.value[1:].tolist() == [1, 0, 0, 0, 1]
    large = np.array([1e17, 1, 2, 3, 1, 1])
    assert sgt.local_g(large, ring, permutations=0).value[0] == 2 / 8  # the others are not lost beside it
