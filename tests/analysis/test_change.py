"""Causes of a change: what they add up to, values of other programs, and when a fall is no mixing."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.cases import assert_same

import segregation_tools as sgt
from segregation_tools.analysis.change import fitted

METHODS = ["shapley", "karmel_maclachlan", "mora_ruiz_castillo", "composition"]


@pytest.fixture(scope="module")
def dates(real_data):
    return [
        sgt.Population.from_long(pd.read_csv(real_data / f"schools{year}.csv"), unit="school", group="race", count="n")
        for year in ("00", "05")
    ]


def terms(found):
    return found.to_frame().set_index("term")["value"]


@st.composite
def towns(draw, units=8):
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    labels = sorted(chance.choice(units + 3, units, replace=False).tolist())
    return sgt.Population(chance.integers(1, 40, (3, units)), ["a", "b", "c"], units=labels)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25)
@given(one=towns(), other=towns())
def test_causes_add_up_to_the_change(method, one, other):
    measures = [sgt.mutual_information]
    if method != "mora_ruiz_castillo":
        measures += [sgt.information_theory, sgt.dissimilarity, sgt.gini]
    for index in measures:
        found = sgt.decompose_change(one, other, index=index, method=method)
        assert_same(terms(found).sum(), index(other) - index(one), 1e-9)
        back = sgt.decompose_change(other, one, index=index, method=method)
        assert_same(float(back), -float(found))
        if method in ("shapley", "composition"):  # the order of the dates does not matter
            assert_same(terms(back)["structure"], -terms(found)["structure"], 1e-8)
        if method != "mora_ruiz_castillo" and not index.local_refusal:
            local = found.local()
            assert local.index.equals(found.units)
            assert_same(local.sum(), terms(found)[local.columns], 1e-8)


@settings(max_examples=25)
@given(one=towns(), growth=st.sampled_from([0.25, 3.0]))
def test_growth_alone_is_no_structure(one, growth):
    counts = one.counts.copy()
    counts[0] *= growth
    grown = terms(sgt.decompose_change(one, one.redrawn(counts)))
    assert_same(grown[["additions", "removals", "structure"]], 0, 1e-9)
    counts = one.counts * np.where(np.arange(8) % 2, growth, 1)
    assert_same(terms(sgt.decompose_change(one, one.redrawn(counts)))["structure"], 0, 1e-9)


@settings(max_examples=25)
@given(one=towns(), other=towns())
def test_a_fitted_table_has_the_margins_of_one_and_the_odds_of_the_other(one, other):
    table, wanted = one.counts / one.counts.sum(), other.counts / other.counts.sum()
    found = fitted(table, wanted.sum(axis=1), wanted.sum(axis=0))
    assert_same(found.sum(axis=1), wanted.sum(axis=1), 1e-12)
    assert_same(found.sum(axis=0), wanted.sum(axis=0), 1e-12)
    odds = [t[0, 0] * t[1, 1] / (t[0, 1] * t[1, 0]) for t in (found, table)]
    assert_same(odds[0], odds[1], 1e-9)


def test_values_of_the_r_package_segregation(dates, real_data):
    """Elbers' mutual_difference; the loosest fit of his would say that structure fell."""
    rows = json.loads((real_data.parent / "oracles" / "elbers_shapley_precision.json").read_text("utf-8"))
    sharp = next(row for row in rows if row["params"]["precision"] == 1e-10)
    theirs = dict(zip(sharp["value"]["stat"], sharp["value"]["est"], strict=True))
    found = sgt.decompose_change(*dates)
    ours = terms(found)
    for here, there in (
        ("additions", "additions"),
        ("removals", "removals"),
        ("group_margin", "group_marginal"),
        ("unit_margin", "unit_marginal"),
        ("structure", "structural"),
    ):
        assert ours[here] == pytest.approx(theirs[there], abs=1e-8)
    assert float(found) == pytest.approx(theirs["diff"], abs=1e-12)
    assert_same(ours[["group_margin", "unit_margin", "structure"]], [0.0162504232, -0.0167399786, 0.0031535410], 1e-9)
    karmel = terms(sgt.decompose_change(*dates, method="karmel_maclachlan"))
    assert_same(
        karmel[["group_margin", "unit_margin", "interaction", "structure"]],
        [0.0174977223, -0.0206091286, 0.0033961145, 0.0023792774],
        1e-9,
    )
    mora = terms(sgt.decompose_change(*dates, method="mora_ruiz_castillo"))
    assert_same(mora[["group_margin", "unit_margin", "structure"]], [0.0623344483, -0.0042077566, -0.0554627061], 1e-9)


def test_units_and_groups_that_come_and_go_are_told_apart():
    one = sgt.Population([[9, 1, 5], [1, 9, 5], [2, 2, 2]], ["a", "b", "gone"], units=["x", "y", "closed"])
    other = sgt.Population([[9, 1, 7, 0], [1, 9, 0, 7]], ["a", "b"], units=["x", "y", "new", "newer"])
    found = sgt.decompose_change(one, other)
    assert found.units.tolist() == ["x", "y"]
    both = sgt.Population([[9, 1], [1, 9]], ["a", "b"])
    assert_same(terms(found)["additions"], sgt.mutual_information(other) - sgt.mutual_information(both))
    assert_same(terms(found)["removals"], sgt.mutual_information(both) - sgt.mutual_information(one))
    assert_same(terms(found)[["group_margin", "unit_margin", "structure"]], 0)


def test_a_fall_because_people_left_is_no_mixing():
    one = sgt.Population([[90, 10, 50], [10, 90, 50]], ["a", "b"], units=["x", "y", "z"])
    fewer = sgt.Population([[90, 10, 50], [1, 9, 5]], ["a", "b"], units=["x", "y", "z"])
    found = sgt.decompose_change(one, fewer)
    assert found.value < 0
    assert found.fell_as_groups_left == ["b"]
    assert "It fell as people left: 'b'" in str(found)
    mixed = sgt.Population([[60, 40, 50], [40, 60, 50]], ["a", "b"], units=["x", "y", "z"])
    assert sgt.decompose_change(one, mixed).fell_as_groups_left == []
    assert sgt.decompose_change(mixed, one).fell_as_groups_left == []
    three = sgt.Population([[50, 50, 50], [50, 50, 50], [0, 0, 90]], ["a", "b", "c"], units=["x", "y", "z"])
    without = sgt.Population([[50, 50, 50], [50, 50, 50]], ["a", "b"], units=["x", "y", "z"])
    assert sgt.decompose_change(three, without).fell_as_groups_left == ["c"]
    assert "<table" in found._repr_html_()


def test_what_cannot_be_compared_is_refused(dates):
    one = sgt.Population([[9, 1], [1, 9]], ["a", "b"], units=["x", "y"])
    with pytest.raises(sgt.DataError, match="too little in common: 0 units"):
        sgt.decompose_change(one, sgt.Population([[9, 1], [1, 9]], ["a", "b"], units=["p", "q"]))
    with pytest.raises(sgt.DataError, match="groups 'a'"):
        sgt.decompose_change(one, sgt.Population([[9, 1], [1, 9]], ["a", "c"], units=["x", "y"]))
    with pytest.raises(sgt.CapabilityError, match="split mutual information alone, not dissimilarity"):
        sgt.decompose_change(*dates, index=sgt.dissimilarity, method="mora_ruiz_castillo")
    with pytest.raises(sgt.CapabilityError, match="is not one number of counts alone"):
        sgt.decompose_change(*dates, index=sgt.exposure)
    with pytest.raises(sgt.CapabilityError, match="depends on how many people there are"):
        sgt.decompose_change(*dates, index=sgt.adjusted(sgt.dissimilarity))
    with pytest.raises(sgt.CapabilityError, match="no parts of single units"):
        sgt.decompose_change(*dates, index=sgt.gini).local()
    with pytest.raises(sgt.OptionError, match="method must be one of"):
        sgt.decompose_change(one, one, method="half")
    apart = sgt.Population([[9, 0], [0, 9]], ["a", "b"], units=["x", "y"])
    with pytest.raises(sgt.CapabilityError, match="too many cells are empty"):
        sgt.decompose_change(apart, sgt.Population([[9, 1], [1, 1]], ["a", "b"], units=["x", "y"]))
