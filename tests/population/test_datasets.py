"""The data sets that come with the library."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import segregation_tools as sgt
from segregation_tools.population import datasets

ROOT = Path(__file__).parents[2]


def test_sacramento_adds_up(tracts):
    groups = ["white", "black", "asian", "hispanic", "multiracial", "other"]
    assert (tracts[groups].sum(axis=1) == tracts["total"]).all()
    assert len(tracts) == 403
    assert tracts.index.name == "GEOID"
    assert (tracts.index.str[:5] == tracts["county"]).all()
    assert tracts.geometry.is_valid.all()


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("nc_births", 100, ["white_1974", "nonwhite_1974", "white_1979", "nonwhite_1979"]),
        ("us_counties", 3085, [f"{g}_{y}" for y in (1960, 1970, 1980, 1990) for g in ("black", "other")] + ["state"]),
        ("streets", 1545, []),
        ("sacramento_streets", 1480, []),
        ("sacramento_district", 704, ["white", "black", "asian", "hispanic", "school"]),
    ],
)
def test_data_sets_hold_what_they_promise(name, rows, columns):
    frame = sgt.load(name)
    assert len(frame) == rows
    assert frame.crs is not None
    assert set(columns) <= set(frame)
    assert frame.geometry.is_valid.all()
    assert not frame.geometry.is_empty.any()


def test_counties_share_their_borders():
    counties = sgt.load("us_counties").geometry.to_numpy()
    tree = shapely.STRtree(counties)
    one, two = tree.query(counties, predicate="overlaps")
    shared = shapely.area(shapely.intersection(counties[one], counties[two]))
    assert shared.sum() < 1e-3 * shapely.area(counties).sum()


def test_the_district_fits_together():
    blocks, schools, travel = (sgt.load("sacramento_district", layer=layer) for layer in (None, "schools", "travel"))
    assert schools["block"].isin(blocks.index).all()
    assert list(travel.columns) == list(schools.index)
    assert travel.index.equals(blocks.index)
    minutes = travel.to_numpy()
    today = minutes[np.arange(len(blocks)), travel.columns.get_indexer(blocks["school"])]
    np.testing.assert_allclose(today, minutes.min(axis=1), atol=0.011)  # stored to hundredths
    assert (blocks.dissolve("school").geom_type == "Polygon").all()
    assert isinstance(travel, pd.DataFrame)


def test_unknown_names_list_the_known():
    with pytest.raises(sgt.DataError, match="'sacramento'"):
        sgt.load("atlantis")
    with pytest.raises(sgt.DataError, match="'schools', 'travel'"):
        sgt.load("sacramento", layer="schools")


def test_files_are_small_and_documented():
    files = list((ROOT / "sample_data").glob("*.gpkg"))
    assert {file.stem for file in files} == set(datasets.LABELS)
    assert sum(file.stat().st_size for file in files) < 5e6
    about = (ROOT / "sample_data" / "README.md").read_text("utf-8")
    assert all(file.name in about for file in files)


def test_the_package_is_looked_into_before_the_checkout(tmp_path, monkeypatch):
    package = tmp_path / "src" / "segregation_tools"
    (tmp_path / "sample_data").mkdir()
    package.mkdir(parents=True)
    monkeypatch.setattr(datasets, "files", lambda _: package)
    assert datasets.sample_folder() == tmp_path / "sample_data"
    (package / "sample_data").mkdir()
    assert datasets.sample_folder() == package / "sample_data"
