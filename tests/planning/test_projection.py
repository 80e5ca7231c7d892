"""Pupils projected: growth of those there today, and new homes with theirs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from tests.planning.towns import Town

BLOCKS, GROUPS = ["north", "south", "east"], ["x", "y"]
YIELDS = pd.Series({"y": 0.3, "x": 0.1})
BY_TENURE = pd.DataFrame({"x": [0.1, 0.4], "y": [0.3, 0.2]}, index=["rent", "own"])


def pupils():
    return sgt.Population([[40, 10, 0], [5, 0, 30]], GROUPS, units=BLOCKS)


def homes(**more):
    built = {"block": ["south", "east", "south"], "year": [1, 3, 1], "homes": [100, 60, 20.5]}
    return pd.DataFrame(built | more)


def test_without_growth_and_homes_nothing_changes():
    ahead = sgt.project_pupils(pupils(), years=4)
    assert list(ahead) == [0, 1, 2, 3, 4]
    assert len(ahead) == 5
    for year in ahead:
        np.testing.assert_array_equal(ahead[year].counts, pupils().counts)
        assert ahead[year].units.equals(pupils().units)
        assert ahead[year].groups == ("x", "y")
    frame = ahead.to_frame()
    assert frame["pupils"].loc[3].to_dict() == {"x": 50, "y": 35, "all": 85}
    assert (frame["of_new_homes"] == 0).all()
    with pytest.raises(KeyError):
        ahead[5]
    assert 5 not in ahead


@pytest.mark.parametrize("by", ["all", "tenure"])
def test_new_pupils_are_homes_times_yields(by):
    if by == "all":
        ahead = sgt.project_pupils(pupils(), years=4, housing=homes(), yields=YIELDS)
        south, east = 120.5 * np.array([0.1, 0.3]), 60 * np.array([0.1, 0.3])
    else:
        tenures = ["own", "own", "rent"]
        ahead = sgt.project_pupils(pupils(), years=4, housing=homes(tenure=tenures), yields=BY_TENURE)
        south = 100 * np.array([0.4, 0.2]) + 20.5 * np.array([0.1, 0.3])
        east = 60 * np.array([0.4, 0.2])
    for year in ahead:
        new = ahead[year].to_frame() - pupils().to_frame()
        np.testing.assert_allclose(new.loc["north"], 0)
        np.testing.assert_allclose(new.loc["south"], south * (year >= 1))
        np.testing.assert_allclose(new.loc["east"], east * (year >= 3), atol=1e-12)
        told = ahead.to_frame().loc[year]
        np.testing.assert_allclose(told["of_new_homes"], [*new.sum(), new.to_numpy().sum()], atol=1e-12)
    assert "of them in new homes" in str(ahead)
    assert "of_new_homes" in ahead._repr_html_()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_each_block_and_group_grows_by_its_rate(seed):
    chance = np.random.default_rng(seed)
    rates = pd.DataFrame(chance.uniform(-0.9, 0.9, (3, 2)), index=BLOCKS[::-1], columns=GROUPS[::-1])
    first = int(chance.integers(1990, 2030))
    many = int(chance.integers(0, 9))
    housing = pd.DataFrame(
        {
            "block": chance.choice(BLOCKS, many),
            "year": chance.integers(first + 1, first + 6, many),
            "homes": chance.uniform(0, 90, many),
        }
    )
    ahead = sgt.project_pupils(pupils(), years=range(first, first + 6), growth=rates, housing=housing, yields=YIELDS)
    today = pupils().to_frame()
    for year in range(first, first + 6):
        for block, group in np.ndindex(3, 2):
            block, group = BLOCKS[block], GROUPS[group]
            grown = today.loc[block, group] * (1 + rates.loc[block, group]) ** (year - first)
            built = housing[(housing["block"] == block) & (housing["year"] <= year)]["homes"].sum()
            told = ahead[year].to_frame().loc[block, group]
            assert told == pytest.approx(grown + built * YIELDS[group])


def test_a_rate_may_be_one_or_by_group_or_by_block():
    def after(growth):
        return sgt.project_pupils(pupils(), years=2, growth=growth)[2].to_frame()

    today = pupils().to_frame()
    pd.testing.assert_frame_equal(after(0.1), today * 1.1**2)
    pd.testing.assert_frame_equal(after(pd.Series({"y": 0.5, "x": 0})), today * [1, 1.5**2])
    by_block = after({"east": 0.5, "north": 0.0, "south": -0.5})
    pd.testing.assert_frame_equal(by_block, today.mul([1, 0.25, 2.25], axis=0))


def test_projected_pupils_go_into_a_plan():
    town = Town(60, 4)
    block = town.blocks.index[7]
    built = pd.DataFrame({"block": [block], "year": [2], "homes": [300]})
    ahead = sgt.project_pupils(town.pupils, years=2, housing=built, yields=pd.Series({"a": 0.5, "b": 0.1, "c": 0.0}))
    rules = [sgt.capacity(within=0.3), sgt.contiguous()]
    plan = sgt.rezone(ahead[2], **town.today, constraints=rules, rng=7, steps=50_000)
    assert sgt.check(plan)
    assert plan.rolls["today"].to_numpy().sum() == pytest.approx(town.pupils.group_totals.sum() + 180)
    stay = sgt.score(ahead[2], town.blocks["school"], **town.today)
    more = stay.rolls["today"] - sgt.score(ahead[1], town.blocks["school"], **town.today).rolls["today"]
    assert more.loc[town.blocks.loc[block, "school"]].to_dict() == pytest.approx({"a": 150, "b": 30, "c": 0})
    assert ahead[2].geography.crs == town.pupils.geography.crs


def test_what_was_given_is_not_changed():
    people, built, rate = pupils(), homes(tenure=["own"] * 3), pd.Series({"y": 0.5, "x": 0})
    sgt.project_pupils(people, years=3, growth=rate, housing=built, yields=BY_TENURE)
    pd.testing.assert_frame_equal(built, homes(tenure=["own"] * 3))
    np.testing.assert_array_equal(people.counts, pupils().counts)
    assert rate.to_dict() == {"y": 0.5, "x": 0}


def test_years_are_counted_up_to_fifty_and_named_beyond():
    assert list(sgt.project_pupils(pupils(), years=50))[-1] == 50
    assert len(sgt.project_pupils(pupils(), years=range(1990, 2051))) == 61


def test_pupils_without_end_are_refused():
    with pytest.raises(sgt.DataError, match=r"no finite number from 30\d\d on"):
        sgt.project_pupils(pupils(), years=range(2000, 4000), growth=0.99)
    many = homes(homes=[1e308, 0, 1e308])
    with pytest.raises(sgt.DataError, match="no finite number from 1 on"):
        sgt.project_pupils(pupils(), years=3, housing=many, yields=pd.Series({"x": 2.0, "y": 1.0}))


def test_what_is_malformed_is_refused():
    uncounted = sgt.Population([[4, 1], [1, 4]], GROUPS, total=[9, 9])
    for told, says in [
        ({"years": 0}, "years must be a whole number of years"),
        ({"years": "12"}, "years must be a whole number of years"),
        ({"years": [2025]}, "follow on each other"),
        ({"years": [2026, 2025]}, "follow on each other"),
        ({"years": [1.5, 2.5]}, "whole numbers"),
        ({"years": 2030}, r"years=2030 counts from today.*name the years, years=range\(2025, 2031\)"),
        ({"years": 51}, "no farther than 50 years"),
        ({"growth": -1}, r"growth must be a yearly rate \(0.02 for 2 %\), above -1"),
        ({"growth": 2}, r"growth must be a yearly rate \(0.02 for 2 %\), below 1, not 2"),
        ({"growth": 1}, "below 1, not 1"),
        ({"growth": -2}, "above -1, not -2"),
        ({"growth": np.inf}, "growth must be a yearly rate"),
        ({"growth": pd.Series({"x": 1.0, "y": 0.5})}, "above -1 and below 1; it is 1.0 for 'x' .1 such"),
        ({"growth": pd.DataFrame(-3, BLOCKS, GROUPS)}, "it is -3.0 for 'north', 'x' .6 such"),
        ({"growth": pd.Series({"x": 0.1, "y": np.nan})}, "growth must be a yearly rate.*it is nan for 'y'"),
        ({"growth": pd.Series({"x": 0.1})}, "one row for each of the groups: absent are 'y'"),
        (
            {"growth": pd.DataFrame({"x": [0.1], "y": [0.1]}, ["north"])},
            "each of the blocks: absent are 'south', 'east'",
        ),
        ({"housing": homes()}, "belong together"),
        ({"yields": YIELDS}, "belong together"),
        ({"housing": homes().drop(columns="year"), "yields": YIELDS}, "no column 'year'"),
        ({"housing": homes(), "yields": BY_TENURE}, "no column 'tenure'; yields are by tenure"),
        ({"housing": homes(tenure=["own", "let", "own"]), "yields": BY_TENURE}, "without yields: 'let'"),
        ({"housing": homes(block=["west", "east", "south"]), "yields": YIELDS}, "no row among the pupils: 'west'"),
        ({"housing": homes(homes=[1, -2, 3]), "yields": YIELDS}, "homes of housing must be.*it is -2.0 for 1"),
        ({"housing": homes(homes=[1, np.nan, 3]), "yields": YIELDS}, "homes of housing must be"),
        ({"housing": homes(year=[1, 4, 2]), "yields": YIELDS}, "outside of 1 to 3: 4.0 in rows 1"),
        ({"housing": homes(year=[0, 1, 2]), "yields": YIELDS}, "outside of 1 to 3: 0.0 in rows 0"),
        ({"housing": homes(year=[1.5, 1, 2]), "yields": YIELDS}, "outside of 1 to 3: 1.5"),
        ({"housing": homes(year=[None, 1, 2]), "yields": YIELDS}, "year of housing must be a year"),
        ({"housing": homes(), "yields": YIELDS * np.nan}, "yields must be pupils in a home, from 0; it is nan"),
        ({"housing": homes(), "yields": -YIELDS}, "yields must be pupils in a home"),
        ({"housing": homes(), "yields": 100 * YIELDS}, "at most 3 in all groups together; there are 40"),
        (
            {"housing": homes(tenure=["own"] * 3), "yields": BY_TENURE * [1, 14]},
            "in one home, not in 100.*there are 4.3 for 'rent'",
        ),
        ({"housing": homes(), "yields": YIELDS.drop("x")}, "one column for each of the groups: absent are 'x'"),
        ({"housing": homes(), "yields": pd.Series({"x": 1, "y": 1, "z": 1})}, "are 'z'"),
        ({"housing": homes(), "yields": 0.3}, "yields must be a Series by group"),
        ({"housing": [1], "yields": YIELDS}, "housing must be a DataFrame"),
        (
            {"housing": homes(tenure=["own"] * 3), "yields": pd.concat([BY_TENURE, BY_TENURE])},
            "several rows for 'rent', 'own'",
        ),
    ]:
        with pytest.raises(sgt.SegregationError, match=says):
            sgt.project_pupils(pupils(), **({"years": 3} | told))
    with pytest.raises(sgt.CapabilityError, match="with_rest"):
        sgt.project_pupils(uncounted, years=1)
