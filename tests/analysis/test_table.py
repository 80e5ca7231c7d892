"""The summary table."""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import stocked


def test_every_fitting_index_has_its_row(sacramento):
    table = sgt.summary(sacramento)
    assert list(table) == [
        "index", "symbol", "dimension", "value", "expected", "units", "median_unit", "groups", "source",
    ]  # fmt: skip
    fitting = {
        name
        for name, index in stocked().items()
        if index.groups is None
        and index.answer in ("number", "groups")
        and index.dimension != "ordinal"
        and not index.reads_map
    }
    assert set(table["index"]) == fitting
    assert {"dissimilarity", "isolation", "entropy_diversity"} < fitting
    assert (table["units"] == 403).all()
    assert (table["median_unit"] == np.median(sacramento.sizes)).all()
    assert (table["value"].notna()).all()
    by_index = table.set_index("index")
    assert by_index.loc["dissimilarity", "value"] == sgt.dissimilarity(sacramento)
    assert by_index.loc["dissimilarity", "expected"] == sgt.dissimilarity.expected(sacramento)
    assert np.isnan(by_index.loc["gini", "expected"])
    isolation = by_index.loc["isolation"].set_index("groups")
    np.testing.assert_array_equal(isolation["value"], sgt.isolation(sacramento))
    np.testing.assert_array_equal(isolation["expected"], sgt.isolation.expected(sacramento))


def test_two_groups_bring_the_two_group_indices(sacramento):
    table = sgt.summary(sacramento[["black", "white"]]).set_index("index")
    assert table.loc["interaction", "value"] == sgt.interaction(sacramento[["black", "white"]])
    assert table.loc["interaction", "groups"] == "black, white"


def test_one_dimension_and_frames(tracts, sacramento):
    table = sgt.summary(tracts, groups=["white", "black", "asian", "hispanic"], dimension="evenness")
    assert set(table["dimension"]) == {"evenness"}
    with pytest.raises(sgt.DataError, match="'evenness', 'exposure', 'diversity'"):
        sgt.summary(sacramento, dimension="beauty")


def test_a_local_environment_has_no_closed_form(sacramento, tracts):
    table = sgt.summary(sacramento.within(sgt.Zones(tracts["county"])))
    assert table["expected"].isna().all()


def test_one_group_gives_reasons(recwarn):
    table = sgt.summary(sgt.Population([[1, 2]], ["a"])).set_index("index")
    assert table.loc["isolation", "value"] == 1
    assert table.loc[table["dimension"] == "evenness", "value"].isna().all()
    assert {w.category for w in recwarn} == {sgt.UndefinedWarning}
    assert {w.filename for w in recwarn} == {__file__}


def test_many_places_in_one_call(tracts):
    groups = ["white", "black", "asian", "hispanic"]
    table = sgt.summary(tracts.groupby("county"), groups=groups, dimension="evenness")
    assert table.columns[0] == "county"
    for county, part in tracts.groupby("county"):
        alone = sgt.summary(part, groups=groups, dimension="evenness")
        here = table[table["county"] == county].drop(columns="county").reset_index(drop=True)
        assert here.equals(alone)


def test_places_and_dates_in_one_call(tracts):
    both = tracts.assign(year=2000, size=(tracts["total"] > 4_000))
    table = sgt.summary(both.groupby(["county", "size"]), groups=["white", "black"], dimension="diversity")
    assert list(table.columns[:2]) == ["county", "size"]
    assert len(table) == 2 * both.groupby(["county", "size"]).ngroups
    with pytest.raises(sgt.DataError, match="no place"):
        sgt.summary(both[:0].groupby("county"), groups=["white", "black"])


def test_a_place_that_is_odd_is_named_and_the_others_are_measured(tracts):
    groups = ["white", "black", "asian"]
    odd = tracts.copy()
    odd.loc[odd["county"] == "06017", groups] = 0
    odd.loc[odd["county"] == "06061", "asian"] = 0
    odd.loc[odd["county"] == "06113", "county"] = None
    with pytest.warns(sgt.DataWarning) as caught:
        table = sgt.summary(odd.groupby("county"), groups=groups)
    said = [str(warning.message) for warning in caught]
    assert any(text.startswith("place '06017': no people") and text.endswith("left out") for text in said)
    assert "place '06061': no people in group 'asian'" in said
    assert any("rows belong to no place" in text for text in said)
    assert set(table["county"]) == {"06061", "06067"}
    rows = table[table["index"] != "isolation"].groupby("county")["index"].apply(list)
    assert rows["06061"] == rows["06067"]  # two groups are left there, but three were asked for


def test_a_place_that_is_refused_is_named(tracts):
    odd = tracts.copy()
    odd.loc[odd.index[0], "white"] = -1
    with pytest.raises(sgt.DataError, match=r"place '06061': column 'white'.*negative"):
        sgt.summary(odd.groupby("county"), groups=["white", "black"])
    with pytest.raises(sgt.GroupError, match="groups="):
        sgt.summary(tracts.groupby("county"))
    with pytest.raises(sgt.DataError, match="'units'"):
        sgt.summary(tracts.rename(columns={"county": "units"}).groupby("units"), groups=["white", "black"])


def test_any_way_of_grouping_is_taken(tracts):
    groups = ["white", "black"]
    plain = sgt.summary(tracts.groupby("county"), groups=groups)
    category = tracts.assign(county=pd.Categorical(tracts["county"], [*tracts["county"].unique(), "none"]))
    for places in (
        category.groupby("county", observed=False),
        tracts.groupby("county", as_index=False),
        tracts.set_index("county", drop=True).groupby(level=0),
    ):
        table = sgt.summary(places, groups=groups).sort_values(["county", "index", "groups"], ignore_index=True)
        expected = plain.sort_values(["county", "index", "groups"], ignore_index=True)
        pd.testing.assert_frame_equal(table.assign(county=table["county"].astype(str)), expected, check_dtype=False)


def test_with_chance_every_value_has_an_expectation_and_an_interval(sacramento):
    table = sgt.summary(sacramento[["black", "white"]], rng=7, draws=60)
    assert table.columns.tolist() == [
        "index", "symbol", "dimension", "value", "expected", "low", "high", "units", "median_unit", "groups", "source",
    ]  # fmt: skip
    assert table[["expected", "low", "high"]].notna().all(axis=None)
    assert (table["low"] <= table["high"]).all()
    rows = table.set_index("index")
    plain = sgt.summary(sacramento[["black", "white"]]).set_index("index")
    pd.testing.assert_series_equal(rows["value"], plain["value"])
    for name in ("dissimilarity", "variance_ratio", "information_theory"):
        assert rows.loc[name, "expected"] == pytest.approx(plain.loc[name, "expected"], rel=0.1)
        assert rows.loc[name, "low"] < rows.loc[name, "value"] < rows.loc[name, "high"] + 0.002
    found = sgt.bootstrap(sgt.gini, sacramento[["black", "white"]], draws=60, rng=1).interval()
    assert rows.loc["gini", "high"] - rows.loc["gini", "low"] == pytest.approx(found[1] - found[0], rel=0.6)


def test_places_have_draws_of_their_own(tracts):
    groups = ["white", "black"]
    table = sgt.summary(tracts.groupby("county"), groups=groups, dimension="evenness", rng=3, draws=20)
    assert table[["expected", "low", "high"]].notna().all(axis=None)
    again = sgt.summary(tracts.groupby("county"), groups=groups, dimension="evenness", rng=3, draws=20)
    pd.testing.assert_frame_equal(table, again)
    with pytest.raises(sgt.OptionError, match="draws must be a whole number of populations"):
        sgt.summary(tracts, groups=groups, rng=1, draws=0)
