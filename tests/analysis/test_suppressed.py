"""Suppressed counts: the truth lies between the bounds, and the bounds are those of all tables that fit."""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.analysis import suppressed

TOTALS = [{}, {"total": "all"}, {"group_totals": True}, {"total": "all", "group_totals": True}]


def tables(seed, *, gaps, units, totals):
    """A random table, and what is left of it where small counts are kept back."""
    chance = np.random.default_rng(seed)
    groups = ["a", "b", "c", "d"][: 2 + seed % 3]
    counts = chance.poisson(chance.gamma(0.7, 12, (units, len(groups)))).astype(float) + 0.0
    counts[counts.sum(axis=1) == 0] = 5
    truth = pd.DataFrame(counts, columns=groups, index=[f"u{i}" for i in range(units)])
    told = truth.assign(all=truth.sum(axis=1))
    small = np.argwhere((counts >= 1) & (counts <= 4))
    chance.shuffle(small)
    for unit, group in small[:gaps]:
        told.iloc[unit, group] = np.nan
    return truth, told, groups, totals | ({"group_totals": truth.sum()} if "group_totals" in totals else {})


@pytest.mark.parametrize("seed", [*range(30), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(30, 200))])
def test_the_truth_lies_within_the_bounds(seed):
    truth, told, groups, totals = tables(seed, gaps=15, units=18, totals=TOTALS[seed % 4])
    index = [sgt.dissimilarity, sgt.information_theory, sgt.gini, sgt.mutual_information, sgt.atkinson][seed % 5]
    if index is sgt.atkinson:
        truth, told, groups = truth[groups[:2]], told.drop(columns="all"), groups[:2]
        totals = {"group_totals": totals["group_totals"][groups]} if "group_totals" in totals else {}
    found = sgt.suppressed_bounds(index, told, groups, **totals)
    value = index(truth, groups=groups)
    assert found.low - 1e-12 <= value <= found.high + 1e-12
    for filled, end in ((found.lowest, found.low), (found.highest, found.high)):
        assert index(filled, groups=groups) == pytest.approx(end, abs=1e-12)
        given = told[groups].notna().to_numpy()
        np.testing.assert_array_equal(filled.to_numpy()[given], told[groups].to_numpy()[given])
        assert filled.to_numpy()[~given].min() >= 1 - 1e-9
        assert filled.to_numpy()[~given].max() <= 4 + 1e-9
        if "total" in totals:
            np.testing.assert_allclose(filled.sum(axis=1), truth.sum(axis=1))
        if "group_totals" in totals:
            np.testing.assert_allclose(filled.sum(), truth.sum())


@pytest.mark.parametrize("totals", TOTALS)
@pytest.mark.parametrize(
    "index",
    [
        sgt.dissimilarity,
        *(pytest.param(index, marks=pytest.mark.slow) for index in (sgt.information_theory, sgt.mutual_information)),
    ],
)
def test_the_search_finds_what_measuring_every_table_finds(index, totals, monkeypatch):
    for seed in range(3):
        _, told, groups, given = tables(seed, gaps=6, units=8, totals=totals)
        every = sgt.suppressed_bounds(index, told, groups, **given)
        with monkeypatch.context() as few:
            few.setattr(suppressed, "EVERY", 0)
            searched = sgt.suppressed_bounds(index, told, groups, **given)
        assert every.every
        assert not searched.every
        width = every.high - every.low
        assert searched.low <= every.low + 0.001 * width + 1e-9  # parts of people may go farther
        assert searched.high >= every.high - 0.001 * width - 1e-9


def test_each_table_is_measured_where_they_are_few():
    told = pd.DataFrame({"a": [20, np.nan, 7], "b": [np.nan, 30, 9]}, index=list("xyz"))
    found = sgt.suppressed_bounds(sgt.dissimilarity, told, ["a", "b"], suppressed=(0, 3))
    values = [sgt.dissimilarity(told.fillna({"a": a, "b": b}), groups=["a", "b"]) for a in range(4) for b in range(4)]
    assert (found.low, found.high) == (pytest.approx(min(values)), pytest.approx(max(values)))
    assert found.suppressed == 2
    assert "every table was measured" in str(found)
    assert "0." in found._repr_html_()
    assert told.isna().sum().sum() == 2  # the caller's frame is as it was


def test_totals_narrow_the_bounds_and_may_leave_one_table():
    truth, told, groups, _ = tables(5, gaps=6, units=10, totals={})
    free = sgt.suppressed_bounds(sgt.gini, told, groups)
    held = sgt.suppressed_bounds(sgt.gini, told, groups, total="all", group_totals=truth.sum())
    assert free.low <= held.low <= held.high <= free.high
    alone = truth.assign(all=truth.sum(axis=1)).astype(float)
    alone.iloc[0, 0] = np.nan
    found = sgt.suppressed_bounds(sgt.gini, alone, groups, total="all", suppressed=(0, 99))
    assert found.low == pytest.approx(found.high) == pytest.approx(sgt.gini(truth, groups=groups))


def test_people_of_no_group_leave_room():
    told = pd.DataFrame({"a": [20, np.nan], "b": [5, 30], "all": [30, 40]})
    some = sgt.suppressed_bounds(sgt.dissimilarity, told, ["a", "b"], suppressed=(1, 4), total="all")
    free = sgt.suppressed_bounds(sgt.dissimilarity, told, ["a", "b"], suppressed=(1, 4))
    assert (some.low, some.high) == (free.low, free.high)
    tight = told.assign(all=[30, 32])
    assert sgt.suppressed_bounds(sgt.dissimilarity, tight, ["a", "b"], total="all").highest.loc[1, "a"] <= 2
    unknown = told.assign(all=[30, np.nan])
    assert sgt.suppressed_bounds(sgt.dissimilarity, unknown, ["a", "b"], total="all").high == free.high


def test_several_values_and_environments():
    _, told, groups, _ = tables(4, gaps=5, units=10, totals={})
    found = sgt.suppressed_bounds(sgt.isolation, told, groups)
    assert list(found.low.index) == groups
    assert list(found.to_frame()) == ["group", "low", "high"]
    for v, group in enumerate(groups):
        assert sgt.isolation(found.highest[v], groups=groups)[group] == pytest.approx(found.high[group])
    zones = sgt.Zones(["x", "y"] * 5)
    near = sgt.suppressed_bounds(sgt.dissimilarity, told, groups, within=zones)
    pop = sgt.Population.from_frame(near.lowest, groups)
    assert sgt.dissimilarity(pop.within(zones)) == pytest.approx(near.low)


def test_what_cannot_be_filled_is_refused():
    told = pd.DataFrame({"a": [20, np.nan], "b": [5, 30], "all": [25, 60]})
    cases = [
        ({"frame": told.fillna(3)}, "no count of 'a', 'b' is suppressed"),
        ({"total": "all"}, "no table fits the totals"),
        ({"frame": told.assign(all=[25, 29]), "total": "all"}, "more than the stated total in rows 1"),
        ({"group_totals": {"a": 90}}, "says 90 of 'a', but 20 are counted, and 1 suppressed counts hold 4"),
        ({"group_totals": {"b": 9}}, "says 9 of 'b', but 35 are counted"),
        ({"group_totals": [24, 35]}, "must name the groups"),
        ({"frame": told.to_dict()}, "one row a unit"),
        ({"frame": told[:0]}, "one row a unit"),
        ({"suppressed": {1, 4}}, "smallest and the largest"),
        ({"group_totals": {"z": 9}}, "group_totals names 'z'"),
        ({"suppressed": (4, 1)}, "largest count"),
        ({"suppressed": 4}, "smallest and the largest"),
        ({"frame": told.assign(a=["20", "<5"])}, "suppressed counts"),
        ({"total": "everyone"}, "no column 'everyone'"),
    ]
    for given, says in cases:
        options = {"frame": told} | given
        with pytest.raises(ValueError, match=says):
            sgt.suppressed_bounds(sgt.gini, options.pop("frame"), ["a", "b"], **options)


def test_a_group_with_nobody_changes_nothing():
    told = pd.DataFrame({"z": [0, 0, 0], "a": [90, None, 20], "b": [30, 60, None]})
    alone = sgt.suppressed_bounds(sgt.dissimilarity, told, ["a", "b"], suppressed=(1, 9))
    with pytest.warns(sgt.DataWarning, match="no people in group 'z'"):
        found = sgt.suppressed_bounds(sgt.dissimilarity, told, ["z", "a", "b"], suppressed=(1, 9))
    assert (found.low, found.high) == (alone.low, alone.high)
    pd.testing.assert_frame_equal(found.highest, alone.highest)
    unknown = told.assign(z=[None] * 3)
    with pytest.warns(sgt.DataWarning, match="no people in group 'z'"):
        none = sgt.suppressed_bounds(sgt.dissimilarity, unknown, ["z", "a", "b"], suppressed=(0, 0))
    known = unknown.fillna({"a": 7, "b": 8})
    with pytest.warns(sgt.DataWarning, match="no people in group 'z'"):
        nothing_left = sgt.suppressed_bounds(sgt.gini, known, ["z", "a", "b"], suppressed=(0, 0))
    assert nothing_left.low == nothing_left.high == sgt.gini(known, groups=["a", "b"])
    assert none.low == none.high == sgt.dissimilarity(told.fillna(0), groups=["a", "b"])


def test_labels_of_any_kind():
    units = pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)])
    told = pd.DataFrame({1: [90, 40, None], ("b", 2): [None, 60, 95]}, index=units)
    found = sgt.suppressed_bounds(sgt.dissimilarity, told, [1, ("b", 2)], suppressed=(1, 9))
    plain = sgt.suppressed_bounds(sgt.dissimilarity, told.set_axis(["a", "b"], axis=1), ["a", "b"], suppressed=(1, 9))
    assert (found.low, found.high) == (plain.low, plain.high)


def test_totals_are_held_to_and_rounding_is_not():
    rounded = pd.DataFrame({"a": [0.1, 50], "b": [0.2, 20], "c": [None, 10], "t": [0.3, 80]})
    none_left = sgt.suppressed_bounds(sgt.dissimilarity, rounded, ["a", "b", "c"], total="t", suppressed=(0, 3))
    assert none_left.highest.loc[0, "c"] == 0
    told = pd.DataFrame({"a": [90, 40, None], "b": [None, 60, 95], "t": [92, 50, 97]})
    with pytest.raises(sgt.DataError, match="more than the stated total in rows 1"):
        sgt.suppressed_bounds(sgt.dissimilarity, told, ["a", "b"], total="t")
    halves = sgt.suppressed_bounds(sgt.dissimilarity, told.assign(t=[92.5, 100, 97.5]), ["a", "b"], total="t")
    assert halves.highest.loc[2, "a"] == 2.5
    with pytest.raises(sgt.DataError, match="no table fits"):
        sgt.suppressed_bounds(sgt.dissimilarity, told.assign(t=[99, 100, 97]), ["a", "b"], total="t")


@pytest.mark.parametrize(
    "seed", [0, 1, 4, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, *range(5, 12)))]
)
def test_the_search_stays_near_every_table_where_gaps_weigh_much(seed):
    """Eight gaps among a few dozen people: the hardest case for a search, against all 65,536 tables at once."""
    chance = np.random.default_rng(seed)
    counts = chance.integers(0, 60, (2, 8)).astype(float)
    gaps = chance.choice(16, 8, replace=False)
    counts.flat[gaps] = np.nan
    ways = np.stack([axis.ravel() for axis in np.meshgrid(*[[1.0, 2, 3, 4]] * 8, indexing="ij")], axis=1)
    tables = np.repeat(counts[None], len(ways), axis=0)
    tables.reshape(len(ways), -1)[:, gaps] = ways
    x, y = (tables / tables.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
    values = np.abs(x - y).sum(axis=1) / 2
    found = sgt.suppressed_bounds(sgt.dissimilarity, pd.DataFrame(counts.T, columns=["a", "b"]), ["a", "b"])
    assert not found.every
    width = values.max() - values.min()
    assert found.low <= values.min() + 0.02 * width
    assert found.high >= values.max() - 0.02 * width
