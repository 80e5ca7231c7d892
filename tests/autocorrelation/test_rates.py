"""Shares of small units: as esda has them."""

import numpy as np
import pandas as pd
import pytest
from esda import smoothing

import segregation_tools as sgt


@pytest.mark.parametrize("seed", range(4))
def test_rates_of_esda(seed):
    chance = np.random.default_rng(seed)
    people = chance.integers(5, 4000, 60)
    members = chance.binomial(people, chance.beta(2, 9, 60))
    np.testing.assert_allclose(
        sgt.empirical_bayes(members, people), smoothing.assuncao_rate(members, people), rtol=1e-9
    )
    np.testing.assert_allclose(
        sgt.empirical_bayes(members, people, standardized=False),
        smoothing.Empirical_Bayes(members, people).r.ravel(),
        rtol=1e-9,
    )


def test_where_units_differ_by_chance_alone_all_are_the_whole():
    """esda draws shares beyond the whole, to the other side, where they vary less than chance would have them."""
    people = np.full(6, 10)
    members = np.array([3, 3, 3, 3, 3, 2])
    smoothed = sgt.empirical_bayes(members, people, standardized=False)
    np.testing.assert_allclose(smoothed, members.sum() / 60)
    theirs = smoothing.Empirical_Bayes(members, people).r.ravel()
    assert theirs[5] > members.sum() / 60 > members[5] / 10
    assert np.isfinite(sgt.empirical_bayes(members, people)).all()
    assert (sgt.empirical_bayes([0, 0], [3, 4]) == 0).all()


def test_labels_stay_and_impossible_units_are_named():
    series = pd.Series([1, 2], index=["a", "b"])
    assert sgt.empirical_bayes(series, [5, 9]).index.tolist() == ["a", "b"]
    for members, people in (([1, 9], [5, 5]), ([1, 2], [5, 0]), ([-1, 2], [5, 5]), ([1, np.nan], [5, 5])):
        with pytest.raises(sgt.DataError, match="rows"):
            sgt.empirical_bayes(pd.Series(members, index=["a", "b"]), people)
    with pytest.raises(sgt.DataError, match="shapes"):
        sgt.empirical_bayes([1, 2], [3])


def test_labels_bring_members_and_people_together():
    members, people = pd.Series([1, 30, 7], index=["a", "b", "c"]), pd.Series([90, 20, 60], index=["c", "a", "b"])
    for standardized in (True, False):
        found = sgt.empirical_bayes(members, people, standardized=standardized)
        assert found.index.tolist() == ["a", "b", "c"]
        assert found.tolist() == sgt.empirical_bayes([1, 30, 7], [20, 60, 90], standardized=standardized).tolist()
    with pytest.raises(sgt.DataError, match="only one has 'a', 'd'"):
        sgt.empirical_bayes(members, people.rename({"a": "d"}))
    with pytest.raises(sgt.DataError, match="stand more than once: 'a'"):
        sgt.empirical_bayes(members, people.rename({"b": "a"}))


def test_what_are_no_numbers_is_refused_and_nothing_is_nothing():
    with pytest.raises(sgt.DataError, match="at_risk must be numbers"):
        sgt.empirical_bayes([1, 2], ["many", "few"])
    assert sgt.empirical_bayes([], []).size == 0
