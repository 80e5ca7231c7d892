"""Grades, read alike wherever they are given."""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from tests.planning.test_pairings import street
from tests.planning.test_years import three


def paired(grades):
    return street([[90, 10], [10, 90]], grades=grades)


def phased(grades):
    return sgt.phase_in(three(), grades=grades)


EVERYWHERE = pytest.mark.parametrize("read", [paired, phased])


@EVERYWHERE
@pytest.mark.parametrize(
    ("grades", "names", "shares"),
    [
        (4, [1, 2, 3, 4], [0.25] * 4),
        (["K", "1", "2", "3"], ["K", "1", "2", "3"], [0.25] * 4),
        (["K", 1], ["K", 1], [0.5, 0.5]),
        (range(6, 8), [6, 7], [0.5, 0.5]),
        (np.array(["K", "1"]), ["K", "1"], [0.5, 0.5]),
        ([("lower", 1), ("lower", 2)], [("lower", 1), ("lower", 2)], [0.5, 0.5]),
        ({"K": 30, "1": 10}, ["K", "1"], [0.75, 0.25]),
        (pd.Series([0.6, 0.3, 0.3], ["K", "1", "2"]), ["K", "1", "2"], [0.5, 0.25, 0.25]),
        (pd.Series([3, 1], pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])), [("a", 1), ("a", 2)], [0.75, 0.25]),
    ],
    ids=str,
)
def test_grades_are_a_number_or_names_or_shares_by_name(read, grades, names, shares):
    found = read(grades).grades
    assert found.index.tolist() == names
    assert found.tolist() == pytest.approx(shares)
    assert (found.name, found.index.name) == ("share", "grade")


@EVERYWHERE
@pytest.mark.parametrize(
    ("grades", "says"),
    [
        (
            0,
            "grades must be a number of grades, a list of their names, or a Series of pupils by grade, 1 or more, not 0",
        ),
        (2.5, "grades must be a number of grades"),
        (True, "grades must be a number of grades"),
        (None, "grades must be a number of grades"),
        ("K-5", "grades must be a number of grades.*not 'K-5'"),
        (b"K-5", "grades must be a number of grades"),
        (pd.DataFrame({"K": [1], "1": [1]}), "grades must be a number of grades"),
        ({"K", "1", "2"}, "in order, from low to high; a set has none"),
        (frozenset({"K", "1"}), "a set has none"),
        ([], "grades are none"),
        ({}, "grades are none"),
        (pd.Series(dtype=float), "grades are none"),
        (["K", "K", "1"], "more than once: 'K'"),
        ([1, "1"], "more than once: '1'"),
        (pd.Series([1.0, 1.0], index=["a", "a"]), "more than once: 'a'"),
        (["K", None], "must have names.*not None"),
        ([1.0, np.nan], "must have names.*not nan"),
        ([["K"], ["1"]], r"must have names.*not \['K'\]"),
        ({"K": 1, "1": 0}, "share of grade '1' must be a number, above 0, not 0"),
        ({"K": 1, "1": -1}, "share of grade '1'"),
        (pd.Series({"K": 1, "1": np.nan}), "share of grade '1'"),
        (pd.Series({"K": 1, "1": np.inf}), "share of grade '1'"),
        ({"K": 1, "1": True}, "share of grade '1'"),
        ({"K": 1, "1": "2"}, "share of grade '1'"),
        (pd.Series(["K", "1", "2"]), "share of grade 0 must be a number, above 0, not 'K'"),
    ],
    ids=str,
)
def test_what_says_no_grades_is_refused_alike(read, grades, says):
    with pytest.raises(sgt.OptionError, match=says):
        read(grades)


@EVERYWHERE
def test_names_may_come_one_by_one(read):
    assert read(name for name in "KAB").grades.index.tolist() == ["K", "A", "B"]


def test_what_was_given_is_not_changed():
    given = pd.Series({"K": 30, "1": 10})
    paired(given)
    pd.testing.assert_series_equal(given, pd.Series({"K": 30, "1": 10}))


def test_grades_of_merges_are_those_of_a_plan_phased_in():
    merged = paired({"K": 30, "1": 10, "2": 20})
    found = sgt.phase_in(three(), grades=merged.grades, grandfathered=["2"])
    assert found.grades.to_dict() == pytest.approx(merged.grades.to_dict())
    again = sgt.phase_in(three(), grades={"K": 30, "1": 10, "2": 20}, grandfathered=["2"])
    pd.testing.assert_frame_equal(found.pupils, again.pupils)


def test_who_may_stay_is_named_as_grades_are():
    """Whatever the grades are called, the second of three is the same pupils."""
    by_number = sgt.phase_in(three(), grades=3, grandfathered=[2])
    assert by_number.pupils["grandfathered"].sum() > 0
    for grades, second in ((["K", "1", "2"], "1"), (["K", 1, 2], 1), ([6, 7, 8], 7)):
        by_name = sgt.phase_in(three(), grades=grades, grandfathered=[second])
        pd.testing.assert_frame_equal(by_name.pupils, by_number.pupils)
    with pytest.raises(sgt.OptionError, match="not there: 1; grades are 'K', '1', '2'"):
        sgt.phase_in(three(), grades=["K", "1", "2"], grandfathered=[1])
    with pytest.raises(sgt.OptionError, match="first grade, 'K'"):
        sgt.phase_in(three(), grades=["K", "1", "2"], grandfathered=["K"])
