"""A panel beside its population: intervals beside those of SciPy, proportions counted by hand, small counts kept."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial

import segregation_tools as sgt
from segregation_tools.analysis.representation import interval_of_shares

TOWN = sgt.Population([[600], [300], [100]], groups=["a", "b", "c"])


def county(counts=((300, 100, 50), (100, 200, 80))):
    return sgt.Population(
        counts, ["a", "b"], units=["x1", "x2", "y1"], tiers=pd.DataFrame({"town": ["x", "x", "y"]}, ["x1", "x2", "y1"])
    )


# ---------------------------------------------------------------- shares and their intervals


def test_shares_and_ratios_counted_by_hand():
    found = sgt.representation({"a": 30, "b": 15, "c": 15}, TOWN)
    table = found.to_frame()
    assert table["share"].tolist() == [0.6, 0.3, 0.1]
    assert table["panel_share"].tolist() == [0.5, 0.25, 0.25]
    assert table["ratio"].tolist() == pytest.approx([5 / 6, 5 / 6, 2.5])
    # for 15 to be a tenth there must be 150: 90 a, 45 b
    assert table["more"].tolist() == [60, 30, 0]
    assert found.distance == pytest.approx(0.15)
    sized = sgt.representation({"a": 30, "b": 15, "c": 15}, TOWN, size=100).to_frame()
    assert sized["more"].tolist() == [30, 15, 0]


@given(panel=st.lists(st.integers(0, 90), min_size=3, max_size=3).filter(any), level=st.sampled_from([0.8, 0.95]))
def test_intervals_are_those_of_the_binomial_in_scipy(panel, level):
    groups = dict(zip("abc", panel, strict=True))
    for method, scipys, at in (("exact", "exact", level), ("wilson", "wilson", level), ("goodman", "wilson", None)):
        table = sgt.representation(groups, TOWN, method=method, level=level).to_frame()
        within = 1 - (1 - level) / 3 if at is None else at
        for group, count in groups.items():
            ends = binomtest(count, sum(panel)).proportion_ci(within, method=scipys)
            np.testing.assert_allclose(table.loc[group, ["low", "high"]], [ends.low, ends.high], atol=1e-9)
    np.testing.assert_allclose(table["ratio_low"] * table["share"], table["low"])
    assert table["panel_share"].between(table["low"], table["high"]).all()


def test_goodmans_intervals_hold_all_at_once_and_wilsons_do_not():
    """All panels of 60 that there are, weighed by how likely they are."""
    truth = np.array([0.6, 0.3, 0.1])
    panels = np.array([(i, j, 60 - i - j) for i in range(61) for j in range(61 - i)], dtype=float)
    likely = multinomial(60, truth).pmf(panels)
    held = {}
    for method in ("goodman", "wilson"):
        low, high = interval_of_shares(panels, np.full(panels.shape, 60.0), method, 0.95)
        held[method] = likely[((low <= truth) & (truth <= high)).all(axis=1)].sum()
    assert held["goodman"] >= 0.945
    assert held["wilson"] < 0.93


@given(st.permutations(["a", "b", "c"]), st.integers(1, 9))
def test_order_of_groups_and_scale_of_the_population_do_not_matter(order, times):
    panel = {"a": 7, "b": 3, "c": 4}
    found = sgt.representation({g: panel[g] for g in order}, TOWN[order]).to_frame().loc[["a", "b", "c"]]
    many = sgt.Population(TOWN.counts * times, TOWN.groups)
    shares = ["share", "panel_share", "ratio", "more", "low"]
    pd.testing.assert_frame_equal(found[shares], sgt.representation(panel, many).to_frame()[shares])


@given(panel=st.lists(st.integers(0, 90), min_size=3, max_size=3).filter(any))
def test_with_those_who_are_missing_it_is_in_proportion(panel):
    table = sgt.representation(dict(zip("abc", panel, strict=True)), TOWN).to_frame()
    then = table["panel"] + table["more"]
    aim = (table["panel"] / table["share"]).max()
    assert (abs(then - aim * table["share"]) < 1).all()  # whole people
    assert table["more"].min() == 0


# ---------------------------------------------------------------- places, and those who were invited


def test_places_are_set_beside_their_own_people():
    panel = pd.DataFrame({"a": [6, 1], "b": [2, 9]}, index=["x", "y"])
    found = sgt.representation(panel, county(), by="town")
    table = found.to_frame()
    assert table.index.names == ["town", "group"]
    assert table["people"].tolist() == [400, 300, 50, 80]
    assert table.loc[("x", "a"), "share"] == pytest.approx(4 / 7)
    assert table.loc[("y", "b"), "panel_share"] == pytest.approx(0.9)
    alone = sgt.representation(dict(panel.loc["y"]), sgt.Population([[50], [80]], ["a", "b"])).to_frame()
    np.testing.assert_allclose(table.loc["y"], alone)
    assert found.distance["y"] == pytest.approx(0.9 - 80 / 130)
    # a population of members, with the tier, says the same
    members = sgt.Population([[4, 2, 1], [1, 1, 9]], ["a", "b"], units=county().units, tiers=county().tiers)
    pd.testing.assert_frame_equal(sgt.representation(members, county(), by="town").to_frame(), table)


def test_response_rates_and_invitations():
    found = sgt.representation({"a": 30, "b": 5}, TOWN[["a", "b"]], invited={"a": 60, "b": 50}, method="exact")
    table = found.to_frame()
    assert table["response_rate"].tolist() == [0.5, 0.1]
    ends = binomtest(5, 50).proportion_ci(method="exact")
    np.testing.assert_allclose(table.loc["b", ["rate_low", "rate_high"]], [ends.low, ends.high])
    # b are a third of the two groups, so beside 30 a there are to be 15: 10 more, at one answer in ten 100 letters
    assert table["more"].tolist() == [0, 10]
    assert table["invitations"].tolist() == [0, 100]
    with pytest.warns(sgt.UndefinedWarning, match="nobody of 'b' answered"):
        silent = sgt.representation({"a": 30}, TOWN[["a", "b"]], invited={"a": 60, "b": 50}).to_frame()
    assert np.isnan(silent.loc["b", "invitations"])
    assert silent.loc["b", "more"] == 15


def test_a_place_without_members_is_undefined():
    panel = pd.DataFrame({"a": [6], "b": [2]}, index=["x"])
    found = sgt.representation(panel, county(), by="town")
    with pytest.warns(sgt.UndefinedWarning, match="no member in 'y'"):
        table = found.to_frame()
    assert table.loc["y", ["panel_share", "low", "ratio", "more"]].isna().all().all()
    assert np.isnan(found.distance["y"])


# ---------------------------------------------------------------- what leaves the house


def test_small_counts_are_not_told_nor_what_would_tell_of_them():
    found = sgt.representation({"a": 40, "b": 30, "c": 3}, TOWN)
    told = found.to_frame(export=True)
    assert told.loc["c", ["panel", "panel_share", "low", "ratio", "more"]].isna().all()
    assert told["more"].isna().all()  # the numbers of the others would tell
    # either another group goes too, or the sum of the members is not to be had
    assert told["panel"].isna().sum() >= 2 or told["panel_share"].isna().all()
    whole = found.to_frame()
    assert whole["panel"].tolist() == [40, 30, 3]
    free = found.to_frame(export=True, min_count=2)
    pd.testing.assert_frame_equal(free, whole)


def fitting(shown, total, most):
    """Every table of one place that fits what is published: None where a count is hidden, hidden ones not 0."""
    ranges = [[int(n)] if n is not None else range(1, limit) for n, limit in zip(shown, most, strict=True)]
    return [table for table in itertools.product(*ranges) if total is None or sum(table) == total]


@settings(max_examples=150)
@given(st.integers(0, 100_000))
def test_no_small_count_can_be_had_from_what_is_told_of_a_place(seed):
    chance = np.random.default_rng(seed)
    people = chance.integers(6, 60, (1, 3))
    panel = np.minimum(chance.choice([0, 1, 2, 3, 7, 12, 30], (1, 3)), people)
    if not panel.any():
        return
    pop = sgt.Population(people.T.astype(float), list("abc"))
    told = sgt.representation(dict(zip("abc", map(int, panel[0]), strict=True)), pop).to_frame(export=True)
    shown = [None if np.isnan(n) else n for n in told["panel"]]
    known = [(n / s) for n, s in zip(told["panel"], told["panel_share"], strict=True) if s > 0]
    total = round(known[0]) if known else None
    tables = fitting(shown, total, people[0] + 1)
    for group in range(3):
        for few in (panel[0, group], people[0, group] - panel[0, group]):
            if 0 < few < 5:
                assert shown[group] is None
                values = {
                    table[group] if few == panel[0, group] else people[0, group] - table[group] for table in tables
                }
                assert len(values) > 1
                assert max(values) >= 5


@pytest.mark.parametrize(
    ("panel", "people"),
    [
        ([[1, 10, 1]], [[100, 100, 100]]),
        ([[3, 10, 0], [0, 20, 9]], [[90, 90, 90], [90, 90, 90]]),
        ([[8, 50, 20], [20, 60, 20]], [[10, 200, 90], [90, 90, 90]]),
    ],
)
def test_places_do_not_tell_of_their_small_counts(panel, people):
    counts, places = np.array(people, dtype=float).T, ["x", "y"][: len(people)]
    frame = pd.DataFrame(counts.T, columns=list("abc")).assign(town=places)
    pop = sgt.Population.from_frame(frame, list("abc"), tiers=["town"])
    table = pd.DataFrame(panel, index=places, columns=list("abc"))
    told = sgt.representation(table, pop, by="town").to_frame(export=True)
    for place in places:
        rows, row = told.loc[place], table.loc[place].to_numpy()
        shown = [None if np.isnan(n) else n for n in rows["panel"]]
        known = [(n / s) for n, s in zip(rows["panel"], rows["panel_share"], strict=True) if s > 0]
        most = frame.loc[frame["town"] == place, list("abc")].to_numpy()[0].astype(int) + 1
        tables = fitting(shown, round(known[0]) if known else None, most)
        for group, hidden in enumerate(shown):
            if hidden is None:
                assert len({one[group] for one in tables}) > 1
            else:
                assert row[group] == 0 or row[group] >= 5


def test_a_small_group_of_the_population_cannot_be_had_from_shares():
    pop = sgt.Population([[3.0], [100.0], [100.0]], list("abc"))
    told = sgt.representation({"b": 10, "c": 10}, pop).to_frame(export=True)
    assert told["share"].isna().all()
    assert told[["ratio", "ratio_low", "more"]].isna().all().all()
    assert told["people"].isna().sum() >= 2


def test_labels_that_come_twice_are_refused():
    with pytest.raises(sgt.GroupError, match="'a' more than once"):
        sgt.representation(pd.Series([1, 5], index=["a", "a"]), TOWN)


def test_few_who_did_not_answer_are_not_told():
    found = sgt.representation({"a": 40, "b": 30, "c": 20}, TOWN, invited={"a": 42, "b": 90, "c": 60})
    told = found.to_frame(export=True)
    assert told.loc["a", ["invited", "response_rate", "rate_low"]].isna().all()
    assert told.loc["a", "panel"] == 40


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("panel", "given", "error", "said"),
    [
        ({"a": 1, "z": 2}, {}, sgt.GroupError, "does not know 'z'"),
        ({"a": 1.5}, {}, sgt.DataError, "whole numbers of people; correct 'a'"),
        ({"a": -1}, {}, sgt.DataError, "whole numbers"),
        ({"a": None}, {}, sgt.DataError, "whole numbers"),
        ({"c": 101}, {}, sgt.DataError, "more members than people of the population, in group 'c'"),
        ({"a": 9}, {"invited": {"a": 8}}, sgt.DataError, "more members than invited, in group 'a'"),
        ({"a": 9}, {"by": "town"}, sgt.DataError, "no tier 'town'"),
        ([1, 2], {}, sgt.DataError, "a number for each group"),
        ({"a": 9}, {"method": "normal"}, sgt.OptionError, "must be one of 'goodman'"),
        ({"a": 9}, {"level": 95}, sgt.OptionError, "between 0 and 1"),
        ({"a": 9}, {"size": 0}, sgt.OptionError, "size must be"),
    ],
)
def test_what_cannot_be_is_refused_by_name(panel, given, error, said):
    with pytest.raises(error, match=said):
        sgt.representation(panel, TOWN, **given)


def test_places_that_are_not_there_are_named():
    panel = pd.DataFrame({"a": [1], "b": [2]}, index=["z"])
    with pytest.raises(sgt.DataError, match="does not know 'z'"):
        sgt.representation(panel, county(), by="town")
    with pytest.raises(sgt.DataError, match="places of 'town' × groups"):
        sgt.representation({"a": 1}, county(), by="town")


def test_results_can_be_kept_and_read():
    found = sgt.representation({"a": 30, "b": 15, "c": 15}, TOWN)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert "60 members beside 1,000 people" in str(found)
    assert "<table>" in found._repr_html_()
