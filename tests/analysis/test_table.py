"""The summary table."""

import numpy as np
import pytest

import segregation_tools as sgt


def test_every_fitting_index_has_its_row(sacramento):
    table = sgt.summary(sacramento)
    assert list(table) == [
        "index", "symbol", "dimension", "value", "expected", "units", "median_unit", "groups", "source",
    ]  # fmt: skip
    shelf = sgt.shelf()
    assert set(table["index"]) == set(shelf.index) - {"exposure", "interaction"}
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
    assert table.loc["dissimilarity":"gini", "value"].isna().all()
    assert {w.category for w in recwarn} == {sgt.UndefinedWarning}
    assert {w.filename for w in recwarn} == {__file__}
