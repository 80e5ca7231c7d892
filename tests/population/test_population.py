"""Populations: what they hold, that they cannot be changed, and those made from them."""

import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import segregation_tools as sgt

COUNTS = np.array([[9.0, 1.0, 2.0], [1.0, 5.0, 3.0], [0.0, 4.0, 5.0]])


@pytest.fixture
def pop():
    return sgt.Population(COUNTS, ["a", "b", "c"], units=["u", "v", "w"])


def test_it_cannot_be_changed(pop):
    with pytest.raises(AttributeError):
        pop.groups = ("x",)
    for array in (pop.counts, pop.environment, pop.within(sgt.Zones(["z", "z", "y"])).environment):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    for array in (pop.group_totals, pop.sizes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    again = pickle.loads(pickle.dumps(pop))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.counts, pop.counts)
    assert not again.counts.flags.writeable
    assert COUNTS.flags.writeable


def test_arrays_of_floats_are_not_copied():
    counts = np.ones((2, 5))
    assert np.shares_memory(sgt.Population(counts, ["a", "b"]).counts, counts)
    cells = np.ones((2, 5, 4), dtype=np.int32)
    grid = sgt.Population(cells, ["a", "b"], geography=sgt.Grid(5, 4, 100.0))
    assert np.shares_memory(grid.counts, cells)
    assert grid.counts.dtype == np.int32


def test_without_an_environment_people_meet_those_who_live_there(pop):
    assert pop.environment is pop.counts


def test_groups_are_picked_in_the_order_named(pop):
    assert pop[["c", "a"]].groups == ("c", "a")
    np.testing.assert_array_equal(pop[["c", "a"]].counts, COUNTS[[2, 0]])
    with pytest.raises(sgt.GroupError, match="'a', 'b', 'c'"):
        pop[["a", "d"]]
    with pytest.raises(sgt.GroupError, match=r"versus\('a'\)"):
        pop["a"]


def test_versus_the_other_groups_or_a_stated_total(pop):
    np.testing.assert_array_equal(pop.versus("b").counts, [COUNTS[1], COUNTS[[0, 2]].sum(axis=0)])
    assert pop.versus("b").groups == ("b", "rest")
    stated = sgt.Population(COUNTS[:1], ["a"], total=[20, 10, 10])
    np.testing.assert_array_equal(stated.versus("a").counts, [COUNTS[0], [11, 9, 8]])
    with pytest.raises(sgt.GroupError, match="only group"):
        sgt.Population(COUNTS[:1], ["a"]).versus("a")
    with pytest.raises(sgt.GroupError, match="no rest"):
        sgt.Population(COUNTS[:1], ["a"], total=COUNTS[0]).versus("a")


def test_merging_adds_counts_totals_and_dissolves_geometry():
    place = geopandas.GeoDataFrame(
        {"a": [1, 2, 3], "b": [4, 5, 6], "all": [10, 10, 10]},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1), box(5, 0, 6, 2)],
        crs=32610,
        index=["u", "v", "w"],
    )
    merged = sgt.Population.from_frame(place, ["a", "b"], total="all").merge(["x", "x", "y"])
    np.testing.assert_array_equal(merged.counts, [[3, 3], [9, 6]])
    assert merged.total.to_dict() == {"x": 20, "y": 10}
    assert merged.geography.areas.to_dict() == {"x": 2, "y": 2}
    assert merged.geography.perimeters.to_dict() == {"x": 6, "y": 6}
    assert merged.geography.crs.to_epsg() == 32610


def test_labels_to_merge_by_are_matched_or_refused(pop):
    shuffled = pd.Series({"w": 2, "u": 1, "v": 1})
    np.testing.assert_array_equal(pop.merge(shuffled).counts, pop.merge([1, 1, 2]).counts)
    with pytest.raises(sgt.DataError, match="2 labels for 3 units"):
        pop.merge([1, 2])
    with pytest.raises(sgt.DataError, match="'w'"):
        pop.merge(pd.Series({"u": 1, "v": 1}))
    with pytest.raises(sgt.DataError, match="no tier 'county'"):
        pop.merge("county")
    with pytest.raises(sgt.CapabilityError, match="merge the units first"):
        pop.within(sgt.Zones([1, 1, 2])).merge([1, 1, 2])


def test_choosing_groups_after_an_environment_needs_a_linear_one(pop):
    class Nearest(sgt.Zones):
        def on(self, geography):
            bound = super().on(geography)
            object.__setattr__(bound, "linear", False)
            return bound

    zones = sgt.Zones([1, 1, 2])
    np.testing.assert_array_equal(pop.within(zones)[["a", "b"]].environment, pop[["a", "b"]].within(zones).environment)
    stated = sgt.Population(pop.counts, pop.groups, total=pop.sizes + 5)
    for step in (
        lambda: pop.within(Nearest([1, 1, 2]))[["a", "b"]],
        lambda: stated.within(Nearest([1, 1, 2])).versus("a"),
    ):
        with pytest.raises(sgt.CapabilityError, match="choose the groups first"):
            step()
    # as many people live in every unit as before
    np.testing.assert_array_equal(
        pop.within(Nearest([1, 1, 2])).versus("a").environment[0], pop.within(zones).environment[0]
    )


def test_metres_come_from_feet_and_kilometres():
    side = 1000 / (1200 / 3937)  # a kilometre in US survey feet
    frame = geopandas.GeoDataFrame({"a": [1], "b": [1]}, geometry=[box(0, 0, side, side)], crs=2226)
    place = sgt.Population.from_frame(frame, ["a", "b"]).geography
    assert place.areas.iloc[0] == pytest.approx(1e6)
    assert place.perimeters.iloc[0] == pytest.approx(4000)
    assert place.centroids.to_numpy() == pytest.approx(np.array([[500, 500]]))


def test_frames_leave_the_house_without_small_counts():
    pop = sgt.Population([[3, 50], [40, 0]], ["a", "b"], units=["u", "v"], total=[60, 70])
    inside, outside = pop.to_frame(), pop.to_frame(export=True)
    assert inside.loc["u", "a"] == 3
    assert outside.loc["u"].isna().to_dict() == {"a": True, "b": False, "total": True}  # 60 − 40 would tell
    assert outside.loc["v"].tolist() == [50, 0, 70]
    assert pop.to_frame(export=True, min_count=3).loc["u", "a"] == 3


def test_frames_bring_geometry_and_tiers_back(sacramento, tracts):
    frame = sacramento.to_frame()
    assert frame.crs == tracts.crs
    assert frame.geometry.geom_equals(tracts.geometry).all()
    pd.testing.assert_series_equal(frame["county"], tracts["county"])
    pd.testing.assert_series_equal(frame["black"], tracts["black"], check_dtype=False)


def test_long_and_wide_are_one_population(real_data):
    long = pd.read_csv(real_data / "schools00.csv")
    columns = {"unit": "school", "group": "race", "count": "n"}
    pop = sgt.Population.from_long(long, **columns, tiers=["state", "district"])
    assert len(pop) == 2045
    assert pop.counts.sum() == long["n"].sum()
    halves = pd.concat([long.assign(n=long["n"] / 2)] * 2).sample(frac=1, random_state=1)
    again = sgt.Population.from_long(halves, **columns, tiers=["state", "district"])
    np.testing.assert_array_equal(again.counts, pop.counts)  # weights are repeated rows
    pd.testing.assert_frame_equal(again.tiers, pop.tiers)


def test_categories_set_the_order_of_groups():
    race = pd.Categorical(["x", "y", "x"], categories=["y", "x"])
    long = pd.DataFrame({"school": ["s", "s", "t"], "race": race, "n": [1, 2, 3]})
    assert sgt.Population.from_long(long, unit="school", group="race", count="n").groups == ("y", "x")


def test_notebooks_show_it_escaped():
    html = sgt.Population([[1, 2], [3, 4]], ["<b>", "b"])._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_what_is_handed_out_is_a_copy(tracts):
    pop = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black"], tiers=["county"])
    before = pop.tiers, pop.geography.areas, pop.geography.centroids, pop.total
    for frame in (pop.tiers, pop.geography.areas, pop.geography.centroids, pop.total):
        frame.iloc[:] = frame.iloc[::-1].to_numpy()
    after = pop.tiers, pop.geography.areas, pop.geography.centroids, pop.total
    assert all(one.equals(two) for one, two in zip(before, after, strict=True))
    with pytest.raises(ValueError, match="WRITEABLE"):
        pop.counts.flags.writeable = True


def test_merged_geometry_is_made_when_it_is_needed(tracts, monkeypatch):
    tracts = tracts.to_crs(32610)
    merged = sgt.Population.from_frame(tracts, ["white", "black"], tiers=["county"]).merge("county")
    again = pickle.loads(pickle.dumps(merged))  # noqa: S301 - our own bytes
    assert "EPSG:32610" in repr(merged)
    assert "geometry" not in merged.geography.__dict__
    assert again.geography.geometry.geom_equals(merged.geography.geometry).all()
    assert merged.geography.geometry.area.sum() == pytest.approx(tracts.geometry.area.sum())


def test_groups_that_are_added_bring_no_margins():
    pop = sgt.Population([[3, 4]], ["a"], total=[10, 10], margins=[[1, 1]])
    assert pop.with_rest().groups == ("a", "rest")
    assert pop.with_rest().counts.tolist() == [[3, 4], [7, 6]]
    assert pop.with_rest().margins is None
    assert pop.with_groups(["b", "a"]).margins is None
    assert pop.with_groups(["a"]) is pop
