"""Options outside their range are refused, with the range."""

import numpy as np
import pytest

import segregation_tools as sgt

TWO = sgt.Population([[90, 10], [10, 90]], ["a", "b"])
FOUR = sgt.Population([[9, 1], [1, 9], [5, 2], [2, 2]], ["1", "2", "3", "4"])


@pytest.mark.parametrize("b", [0, 1, -0.5, 2, float("nan")])
def test_atkinson_needs_a_fraction(b):
    with pytest.raises(sgt.OptionError, match="between 0 and 1"):
        sgt.atkinson(TWO, b=b)


@pytest.mark.parametrize("degree", [-1, 3, 1.5, 1.0, True])
def test_rank_order_degrees_are_fewer_than_thresholds(degree):
    with pytest.raises(sgt.OptionError, match="from 0 to 2"):
        sgt.rank_order_information(FOUR, degree=degree)


@pytest.mark.parametrize("incomes", [None, [1, 2, 3], [1, 2, 3, np.nan], "1234", ["x"] * 4, {"1": 2}])
def test_incomes_are_one_for_each_group(incomes):
    with pytest.raises(sgt.OptionError, match="one number for each of the 4 groups"):
        sgt.neighborhood_sorting_index(FOUR, incomes=incomes)


def test_local_segregation_is_by_unit_or_group():
    with pytest.raises(sgt.OptionError, match="'unit' or 'group'"):
        sgt.local_mutual_information(TWO, by="place")


def test_equal_incomes_have_no_spread():
    with pytest.warns(sgt.UndefinedWarning, match="incomes"):
        assert np.isnan(sgt.neighborhood_sorting_index(TWO, incomes=[10, 10]))


def test_local_exposure_has_the_published_form():
    """Bemanian & Beyer 2017, for the first tract of Sacramento, with shares of all residents."""
    tracts = sgt.load("sacramento")
    pop = sgt.Population.from_frame(tracts, ["black", "white"], total="total")
    assert sgt.local_exposure(pop).iloc[0] == pytest.approx(-2.24632451, abs=5e-9)
    assert sgt.local_exposure(pop).isna().sum() == 38  # tracts in which one of the groups is absent


def test_values_of_units_cannot_be_summed():
    for step in (lambda: sgt.location_quotient.partial(TWO), lambda: sgt.location_quotient.combine([])):
        with pytest.raises(sgt.SegregationError):
            step()


def test_surfaces_need_the_whole_region():
    zoned = TWO.within(sgt.Zones([1, 2]))
    with pytest.raises(sgt.CapabilityError, match="whole region"):
        sgt.min_max.partial(zoned, region=[200, 200])


def test_the_rank_order_table_shows_degree_and_ordinal_beside(real_data):
    import pandas as pd

    pupils = pd.read_csv(real_data / "school_ses.csv")
    schools = pd.crosstab(pupils["school_id"], pupils["ses_quintile"])
    table = sgt.rank_order_table(schools, groups=[1, 2, 3, 4, 5], degree=2)
    assert table.loc["information", "rank_order"] == pytest.approx(0.3123929061, abs=1e-9)
    assert table.loc["information", "ordinal"] == pytest.approx(0.29150441847872693)
    assert table[["degree", "thresholds"]].to_numpy().tolist() == [[2, 4]] * 3
    assert sgt.rank_order_table(schools, groups=[1, 2, 3, 4, 5])["degree"].tolist() == [3, 3, 3]


def test_a_fit_that_is_none_is_said():
    schooling = sgt.Population([[900, 1000], [30, 5], [10, 2], [3, 6], [1000, 700]], list("abcde"))
    with pytest.warns(
        sgt.DataWarning, match=r"rank_order_information is -15.11: a polynomial of degree 3 does not fit"
    ):
        assert sgt.rank_order_information(schooling) < -15
    assert 0 < sgt.rank_order_information(schooling, degree=0) < 0.1


def test_one_group_has_no_order():
    with pytest.raises(sgt.GroupError, match="no order"):
        sgt.rank_order_table(sgt.Population([[1, 2]], ["a"]))


def test_local_segregation_by_group_is_no_value_of_units():
    with pytest.raises(sgt.CapabilityError, match="none of units"):
        sgt.local_mutual_information.local(TWO, by="group")


def test_one_against_a_stated_rest_has_location_quotients():
    pop = sgt.Population([[90, 3], [10, 90]], ["a", "b"], total=[120, 100])
    assert sgt.location_quotient(pop.versus("a"))["a"].tolist() == pytest.approx(
        [90 / 120 / (93 / 220), 0.03 / (93 / 220)]
    )
