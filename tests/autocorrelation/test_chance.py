"""What chance alone gives: ties, outliers and noise, counted independently, in which no cluster may come out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

import segregation_tools as sgt
from segregation_tools.population.adjacency import cell_adjacency
from tests.reference.permute import tails

LOCAL = [sgt.local_moran, sgt.local_geary, sgt.local_g, sgt.local_g_star]
# Clusters of the upper tail of what neighbours say.
ABOVE = dict.fromkeys(LOCAL, ("High-High", "Low-High")) | {sgt.local_geary: ("Negative",)}


def ring(n):
    return sparse.csr_array(np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1))


def said(statistic, x, w, i, others):
    """What the neighbours of i say where these others are theirs."""
    if statistic is sgt.local_geary:
        return np.round((w * (x[i] - x[others]) ** 2).sum(axis=-1), 9)
    return np.round((w * x[others]).sum(axis=-1), 9)


@pytest.mark.parametrize("statistic", LOCAL)
def test_noise_with_many_zeros_gives_no_clusters(statistic):
    """A unit among zeros only: some half of all draws say the same, and p is near 1, not near 0."""
    x = (np.random.default_rng(0).random((40, 40)) < 0.1) * 1.0
    found = statistic(x, rng=1)
    counted = found.p_value[~np.isnan(found.p_value)]
    assert (counted <= 0.05).mean() < 0.1
    assert (found.cluster != "Low-Low").all()
    near_zeros = (np.asarray(cell_adjacency(40, 40, "queen") @ x.reshape(-1)) == 0) & (x.reshape(-1) == 0)
    assert near_zeros.sum() > 400
    p = found.p_value.reshape(-1)[near_zeros]
    assert p[~np.isnan(p)].min() > 0.3
    limited = statistic(x, rng=1, permutations=9999, fdr=0.05)
    assert set(np.unique(limited.cluster)) <= {"Insignificant", "Undefined"}


@pytest.mark.parametrize("permutations", [0, 999])
def test_joins_that_are_fewer_than_by_chance_are_not_high(permutations):
    b = (np.random.default_rng(0).random((60, 60)) < 0.7).astype(int)
    found = sgt.local_join_counts(b, rng=1, permutations=permutations)
    high, few = found.cluster == "High-High", found.cluster == "Negative"
    assert few.any()
    assert (found.z[high] > 0).all()
    assert (found.z[few] < 0).all()
    many = np.asarray(cell_adjacency(60, 60, "queen").sum(axis=1)).reshape(60, 60)
    above = stats.hypergeom.sf(found.value - 1, b.size - 1, b.sum() - 1, many)
    assert (above[high] < 0.1).all()
    assert (above[few] > 0.9).all()


@pytest.mark.parametrize("statistic", LOCAL)
@pytest.mark.parametrize("kind", ["one far away", "zeros", "skewed", "all different"])
@pytest.mark.parametrize("weights", ["alike", "not alike"])
def test_p_and_cluster_are_of_the_same_tail(statistic, kind, weights):
    """Beside draws of numpy, in the one tail and the other, ties in both."""
    chance = np.random.default_rng(5)
    n, k, draws = 250, 4, 2000
    x = chance.random(n)
    x = {
        "one far away": np.where(np.arange(n) == 7, 1e4, x),
        "zeros": np.where(x < 0.7, 0, np.round(x, 1)),
        "skewed": np.exp(4 * x),
        "all different": x,
    }[kind]
    near = np.array([np.sort(chance.permutation(np.delete(np.arange(n), i))[:k]) for i in range(n)])
    w = np.ones((n, k)) if weights == "alike" else chance.uniform(0.5, 1.5, (n, k))
    graph = sparse.csr_array((w.reshape(-1), near.reshape(-1), np.arange(0, n * k + 1, k)), shape=(n, n))
    found = statistic(x, graph, rng=1, permutations=1999)
    places = np.argsort(chance.random((draws, n - 1)), axis=1)[:, :k]
    for i in np.flatnonzero(~np.isnan(found.p_value)):
        dealt = np.delete(np.arange(n), i)[places]
        p, upper = tails(said(statistic, x, w[i], i, near[i]), said(statistic, x, w[i], i, dealt))
        assert found.p_value[i] == pytest.approx(p, abs=0.001 + 6 * np.sqrt(p * (1 - p) * (1 / 1999 + 1 / draws)))
        if max(found.p_value[i], p) < 0.04:
            assert (found.cluster[i] in ABOVE[statistic]) == upper
    if statistic is not sgt.local_geary and statistic is not sgt.local_moran:
        assert set(np.unique(found.cluster)) <= {"High-High", "Low-Low", "Insignificant"}


def test_g_star_calls_the_neighbours_what_its_draws_say():
    """A low unit in the midst of high ones: z, of the unit with its neighbours, is below 0, and its neighbours are high."""
    x = 100 + 10 * np.random.default_rng(0).standard_normal((20, 20))
    x[9:12, 9:12] = 106.8
    x[10, 10] = 40
    found = sgt.local_g_star(x, rng=1)
    assert found.z[10, 10] < 0
    assert found.p_value[10, 10] < 0.05
    assert found.cluster[10, 10] == "High-High"
    assert sgt.local_g_star(x, permutations=0).cluster[10, 10] == "Insignificant"


@pytest.mark.parametrize("statistic", LOCAL)
@pytest.mark.parametrize("far", [1e6, 1e9, 1e13])
@pytest.mark.parametrize("weights", ["alike", "not alike"])
def test_one_value_far_away_makes_nothing_significant(statistic, far, weights):
    n, chance = 400, np.random.default_rng(0)
    x = chance.random(n)
    x[200] = far if statistic is not sgt.local_geary else min(far, 1e9)
    graph = ring(n)
    if weights == "not alike":
        graph.data *= chance.uniform(0.5, 1.5, graph.nnz)
    found = statistic(x, graph, rng=1)
    assert (found.p_value <= 0.05).mean() < 0.15
    ordinary = np.setdiff1d(np.arange(n), [199, 200, 201])
    plain = x.copy()
    plain[200] = 1.5  # above all others still: every draw is in the tail in which it is
    beside = statistic(plain, graph, rng=1).p_value
    assert np.abs(found.p_value - beside)[ordinary].max() < 0.05


def test_decimals_that_add_up_to_the_same_are_ties():
    """.1 + .3 and .2 + .2 are one sum, whatever the last binary digit says, also of values far from 0."""
    for far in (0, 1000, 1e6):
        x = far + np.array([0.1, 0.3, 0.2, 0.2] * 10)
        exact = np.array([1.0, 3, 2, 2] * 10)
        graph = sparse.csr_array(np.roll(np.eye(40), 1, axis=1) + np.roll(np.eye(40), 2, axis=1))
        for statistic in (sgt.local_moran, sgt.local_g):
            np.testing.assert_array_equal(statistic(x, graph, rng=3).p_value, statistic(exact, graph, rng=3).p_value)


def test_a_unit_at_the_mean_is_undefined_in_any_order():
    x, graph = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 0.6, 0.5]), ring(10).toarray()
    chance = np.random.default_rng(0)
    for _ in range(100):
        order = chance.permutation(10)
        found = sgt.local_moran(x[order], sparse.csr_array(graph[np.ix_(order, order)]), rng=1, permutations=19)
        np.testing.assert_array_equal(np.isnan(found.p_value), x[order] == 0.5)
        assert (found.value[x[order] == 0.5] == 0).all()


def test_false_discoveries_are_as_few_as_said():
    """Where nothing is alike, at most a share `fdr` of all places has a cluster; without it, a tenth of all units is one."""
    chance, graph, runs = np.random.default_rng(11), ring(60), 400
    places = [sgt.local_moran(chance.random(60), graph, rng=seed, permutations=4999, fdr=0.1) for seed in range(runs)]
    some = sum((found.cluster != "Insignificant").any() for found in places)
    assert some <= stats.binom.isf(0.001, runs, 0.1)
    assert np.mean([found.p_value <= 0.05 for found in places]) == pytest.approx(0.1, abs=0.01)


@given(seed=st.integers(0, 9999), many=st.integers(1, 3))
@settings(max_examples=20)
def test_the_whole_counts_ties_in_both_tails(seed, many):
    chance = np.random.default_rng(seed)
    x = np.r_[np.zeros(8), chance.integers(0, 3, many)].astype(float)
    x[0] = 1
    for statistic in (sgt.moran, sgt.geary, sgt.getis_ord):
        if statistic is sgt.getis_ord and np.count_nonzero(x) < 2:
            continue
        found = statistic(x, ring(len(x)), permutations=199, rng=seed)
        if np.ptp(found.draws) > 1e-9:
            assert found.p_value == pytest.approx(tails(round(found.value, 9), np.round(found.draws, 9))[0])


@pytest.mark.parametrize("statistic", [*LOCAL, sgt.local_join_counts])
def test_large_places_are_the_same_on_any_number_of_threads(statistic):
    """Larger than the chunks in which units are worked on."""
    import numba

    chance = np.random.default_rng(3)
    grid = chance.integers(0, 2, (270, 260)).astype(float)  # 70,200 cells
    series = chance.integers(0, 2, 3000).astype(float)
    uneven = ring(3000)
    uneven.data *= chance.uniform(0.5, 1.5, uneven.nnz)
    before, found = numba.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            both = statistic(grid, rng=2, permutations=99), statistic(series, uneven, rng=2, permutations=99)
            found.append([(one.value, one.z, one.p_value) for one in both])
    finally:
        numba.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_row_order_does_not_matter_for_labels():
    x = pd.Series(np.random.default_rng(2).random(50), index=[f"u{i}" for i in range(50)])
    frame = pd.DataFrame(ring(50).toarray(), index=x.index, columns=x.index)
    turned = x.sample(frac=1, random_state=1)
    for statistic in LOCAL:
        ours, theirs = (statistic(one, frame, permutations=0).to_frame() for one in (x, turned))
        pd.testing.assert_frame_equal(ours, theirs.reindex(x.index))
