"""Draws follow their distributions, whether by table, by adding up or by rejection, on any number of threads."""

import numba
import numpy as np
import pytest
from scipy import stats

from segregation_tools.kernels import sample
from segregation_tools.kernels.sample import Allotment, Shuffle, seeds_of

MANY = 60_000


def fits(drawn, theory):
    """Chi-square test of counts against a discrete distribution."""
    edges = np.unique(theory.ppf(np.linspace(0.02, 0.98, 25)))
    chance = np.diff(np.append(np.append(0, theory.cdf(edges)), 1))
    seen = np.histogram(drawn, np.concatenate([[-0.5], edges + 0.5, [np.inf]]))[0]
    real = chance * len(drawn) > 5
    expected = chance[real] * seen[real].sum() / chance[real].sum()
    return stats.chisquare(seen[real], expected).pvalue > 1e-5


@pytest.mark.parametrize("tabled", [True, False])
@pytest.mark.parametrize(
    ("n", "p"), [(5, 0.3), (30, 0.2), (100, 0.11), (400, 0.37), (3000, 0.5), (1000, 0.9), (500, 0.999), (70, 0.5)]
)
def test_one_group_of_two_is_binomial(n, p, tabled, monkeypatch):
    monkeypatch.setattr(sample, "ENTRIES", sample.ENTRIES if tabled else 0)
    people = Allotment(np.full(MANY, n), np.array([p, 1 - p]))
    assert (len(people.labels.keep) > 0) == tabled
    drawn = people.draw(seeds_of(n, 0, 1))[0]
    assert fits(drawn[0], stats.binom(n, p))
    np.testing.assert_array_equal(drawn.sum(axis=0), n)


def test_no_number_is_0_or_1():
    """Of the largest and the smallest that the generator can give."""
    largest, smallest = (sample.uniform(np.array([first, 0, 0, 0], dtype=np.uint64)) for first in (2**64 - 1, 0))
    assert 0 < smallest < 1e-15
    assert 1 - 1e-15 < largest < 1


@pytest.mark.parametrize(("n", "p"), [(10**5, 0.01), (10**9, 0.3), (10**6, 1e-6)])
def test_large_units_are_drawn_without_tables(n, p):
    assert fits(Allotment(np.full(MANY, n), np.array([p, 1 - p])).draw(seeds_of(1, 0, 1))[0, 0], stats.binom(n, p))


@pytest.mark.parametrize("tabled", [True, False])
def test_several_groups_are_multinomial(tabled, monkeypatch):
    monkeypatch.setattr(sample, "ENTRIES", sample.ENTRIES if tabled else 0)
    shares = np.array([0.5, 0.0, 0.2, 0.3])
    drawn = Allotment(np.full(MANY, 40), shares).draw(seeds_of(3, 0, 1))[0]
    for g, p in enumerate(shares):
        assert fits(drawn[g], stats.binom(40, p)) if p else not drawn[g].any()
    covariance = np.cov(drawn)
    np.testing.assert_allclose(covariance, 40 * (np.diag(shares) - np.outer(shares, shares)), atol=0.15)


def test_units_may_have_chances_of_their_own():
    shares = np.array([[0.1, 1.0, 0.0, 0.4], [0.9, 0.0, 1.0, 0.6]])
    sizes = np.array([50, 7, 9, 0])
    drawn = Allotment(sizes, shares).draw(seeds_of(9, 0, MANY))
    assert fits(drawn[:, 0, 0], stats.binom(50, 0.1))
    assert (drawn[:, 0, 1] == 7).all()
    assert (drawn[:, 0, 2] == 0).all()
    assert (drawn[:, :, 3] == 0).all()


def test_shuffled_tables_are_as_likely_as_scipy_says():
    counts = np.array([[5, 3, 4], [2, 6, 1], [3, 3, 3]])
    ours = Shuffle(counts).draw(seeds_of(3, 0, MANY))
    theirs = stats.random_table(counts.sum(axis=1), counts.sum(axis=0), seed=2).rvs(MANY)
    cells = [tuple(np.minimum(table[:2, :2].ravel(), 6)) for table in (*ours.astype(int), *theirs.astype(int))]
    kinds, which = np.unique(np.array(cells), axis=0, return_inverse=True)
    seen = np.stack([np.bincount(part, minlength=len(kinds)) for part in np.split(which.ravel(), 2)])
    common = seen.sum(axis=0) > 20
    assert stats.chi2_contingency(seen[:, common]).pvalue > 1e-5


def test_places_are_shuffled_one_by_one():
    chance = np.random.default_rng(1)
    counts, places = chance.integers(0, 9, (3, 12)), np.array([2, 0, 1] * 4)
    drawn = Shuffle(counts, places).draw(seeds_of(1, 0, 500))
    for place in range(3):
        here = places == place
        np.testing.assert_array_equal(drawn[:, :, here].sum(axis=2), np.tile(counts[:, here].sum(axis=1), (500, 1)))
    np.testing.assert_array_equal(drawn.sum(axis=1), np.tile(counts.sum(axis=0), (500, 1)))


def test_threads_and_batches_change_no_draw():
    counts = np.random.default_rng(1).integers(0, 99, (3, 50))
    before = numba.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(min(threads, before))
            found.append(Shuffle(counts).draw(seeds_of(7, 0, 40)))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)
    parts = [Shuffle(counts).draw(seeds_of(7, first, last)) for first, last in ((0, 3), (3, 29), (29, 40))]
    np.testing.assert_array_equal(np.concatenate(parts), found[0])
    assert len(np.unique(seeds_of(2**63 - 1, 0, 1000))) == 1000
