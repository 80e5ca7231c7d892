"""Tables as census offices publish them."""

import re
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import segregation_tools as sgt
from segregation_tools.population.census import TABLES

GEOIDS = ["06067000100", "06067000200", "06067000300"]
GROUPS = [group for group in TABLES["B03002"] if group != "total"]


def numbers(table):
    """Three units in which the groups add up to the total."""
    people = {group: np.arange(3) * 10 + 5 + i for i, group in enumerate(TABLES[table]) if group != "total"}
    return people | {"total": np.sum(list(people.values()), axis=0)}


@pytest.fixture
def acs_wide():
    people = numbers("B03002")
    columns = {f"B03002_{number}E": people[group] for group, number in TABLES["B03002"].items()}
    margins = {f"B03002_{number}M": [3, -555555555, 4] for number in TABLES["B03002"].values()}
    return pd.DataFrame({"GEOID": GEOIDS, "NAME": ["a", "b", "c"]} | columns | margins)


@pytest.fixture
def acs_long():
    people = numbers("B03002")
    rows = [
        {"GEOID": geoid, "NAME": "x", "variable": f"B03002_{number}", "estimate": people[group][i], "moe": 3}
        for i, geoid in enumerate(GEOIDS)
        for group, number in TABLES["B03002"].items()
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=1)


@pytest.fixture
def redistricting():
    people = numbers("P2")
    return pd.DataFrame({"GEOID": GEOIDS} | {f"P2_{number}N": people[group] for group, number in TABLES["P2"].items()})


@pytest.fixture
def boundaries():
    cells = [box(500_000 + i * 1000, 4_000_000, 501_000 + i * 1000, 4_001_000) for i in range(3)]
    return geopandas.GeoDataFrame({"GEOID": GEOIDS[::-1]}, geometry=cells[::-1], crs=32610).to_crs(4269)


@pytest.fixture
def ons():
    category, areas = "Ethnic group (20 categories)", ["E00000001", "E00000002"]
    pairs = [(area, group, 10 + i) for i, area in enumerate(areas) for group in "ab"]
    return pd.DataFrame(pairs, columns=["Output Areas Code", category, "Observation"])


@pytest.fixture
def grid():
    return pd.DataFrame({"GRD_ID": ["c1", "c2", "c3"], "NAT": [90, 50, -9999], "EU_OTH": [5, 20, 3], "OTH": [5, 30, 3]})


@pytest.fixture
def iris():
    return pd.DataFrame({"IRIS": ["010010000"], "P20_POP": [100.5], "P20_POP_FR": [90.5], "P20_POP_ETR": [10.0]})


def test_every_recipe_of_the_documents_runs(acs_wide, acs_long, redistricting, boundaries, ons, grid, iris):
    text = (Path(__file__).parents[2] / "docs" / "reading.md").read_text("utf-8")
    space = dict(locals(), sgt=sgt)
    populations = 0
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, space)  # noqa: S102 - our own document
        assert isinstance(space["counts"], pd.DataFrame)
        populations += block.count("pop = ")
    assert populations == 5
    assert space["pop"].groups == ("foreign", "French")


def test_wide_and_long_are_one(acs_wide, acs_long):
    wide, long = sgt.census_frame(acs_wide, "B03002"), sgt.census_frame(acs_long, "B03002").sort_index()
    pd.testing.assert_frame_equal(
        wide[["total", *GROUPS]], long[["total", *GROUPS]], check_dtype=False, check_names=False
    )
    assert wide["total"].tolist() == wide[GROUPS].sum(axis=1).tolist()
    assert "NAME" in wide
    assert "B03002_003E" in acs_wide  # not changed


def test_margins_come_along(acs_wide):
    counts = sgt.census_frame(acs_wide, "B03002")
    pop = sgt.Population.from_frame(counts, GROUPS, margins={group: f"{group}_moe" for group in GROUPS})
    assert pop.margins[0].tolist() == [3, 0, 4]


def test_redistricting_data(redistricting):
    counts = sgt.census_frame(redistricting, "P2")
    assert counts["white"].tolist() == redistricting["P2_005N"].tolist()
    assert sgt.Population.from_frame(counts, GROUPS, total="total").counts.shape == (8, 3)


def test_geoids_get_their_zeros_back(redistricting):
    with pytest.warns(sgt.DataWarning, match="leading zeros"):
        counts = sgt.census_frame(redistricting.astype({"GEOID": int}), "P2")
    assert counts.index.tolist() == GEOIDS


def test_codes_for_no_estimate_are_left_for_the_population_to_refuse(acs_wide):
    acs_wide.loc[1, "B03002_004E"] = -666666666
    counts = sgt.census_frame(acs_wide, "B03002")
    with pytest.raises(sgt.DataError, match=r"'black'.*'06067000200'"):
        sgt.Population.from_frame(counts, GROUPS)


@pytest.mark.parametrize(
    ("spoil", "table", "says"),
    [
        (lambda frame: frame, "B01001", "'B03002', 'P2'"),
        (lambda frame: frame.drop(columns="B03002_004E"), "B03002", "'B03002_004E'"),
        (lambda frame: frame.drop(columns="GEOID"), "B03002", "'GEOID'"),
        (lambda frame: frame.assign(variable="x"), "B03002", "'estimate' or 'value'"),
    ],
)
def test_what_is_absent_is_named(acs_wide, spoil, table, says):
    with pytest.raises(sgt.DataError, match=says):
        sgt.census_frame(spoil(acs_wide), table)


def test_unmatched_codes_are_named_and_counted(redistricting, boundaries):
    counts = sgt.census_frame(redistricting, "P2").rename(index={GEOIDS[0]: "06067999999"})
    with pytest.warns(sgt.DataWarning) as caught:
        placed = sgt.join_boundaries(counts, boundaries, on="GEOID")
    said = [str(warning.message) for warning in caught]
    assert said == [
        "1 codes are in the counts only and are left out: '06067999999'",
        "1 codes are in the boundaries only and are left out: '06067000100'",
    ]
    assert placed.index.tolist() == GEOIDS[1:]
    assert placed.crs == boundaries.crs
    assert placed.geometry.iloc[0].equals(boundaries.set_index("GEOID").geometry[GEOIDS[1]])


def test_codes_that_cannot_be_joined_are_refused(redistricting, boundaries):
    counts = sgt.census_frame(redistricting, "P2")
    with pytest.raises(sgt.DataError, match="no code is in both"):
        sgt.join_boundaries(counts, boundaries)
    with pytest.raises(sgt.DataError, match="more than once in boundaries"):
        sgt.join_boundaries(counts, pd.concat([boundaries, boundaries]), on="GEOID")
    with pytest.raises(sgt.DataError, match="must be a GeoDataFrame"):
        sgt.join_boundaries(counts, counts)


def test_two_years_in_one_table_are_refused_not_averaged(acs_long):
    both = pd.concat([acs_long.assign(year=2015), acs_long.assign(year=2020)])
    with pytest.raises(sgt.DataError, match=r"more than once.*keep one year"):
        sgt.census_frame(both, "B03002")


def test_units_stay_in_their_order_and_text_is_left_for_the_population(acs_long):
    acs_long = acs_long.sort_values("GEOID", ascending=False)
    text = acs_long.assign(estimate=acs_long["estimate"].astype(object).where(acs_long["GEOID"] != GEOIDS[2], None))
    counts = sgt.census_frame(text, "B03002")
    assert counts.index.tolist() == GEOIDS[::-1]
    with pytest.raises(sgt.DataError, match=GEOIDS[2]):
        sgt.Population.from_frame(counts, GROUPS)


def test_the_bureaus_own_labels_are_read(redistricting):
    own = redistricting.rename(columns={"GEOID": "GEO_ID"}).assign(GEO_ID=lambda frame: "1400000US" + frame["GEO_ID"])
    assert sgt.census_frame(own, "P2").index.tolist() == GEOIDS


def test_boundaries_without_the_column_are_refused(redistricting, boundaries):
    with pytest.raises(sgt.DataError, match="no column 'nope'"):
        sgt.join_boundaries(sgt.census_frame(redistricting, "P2"), boundaries, on="nope")
