"""People told by the units of another division."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import segregation_tools as sgt

SQUARES = geopandas.GeoDataFrame(
    {"a": [40, 10, 0, 30], "b": [10, 50, 20, 0]},
    index=["sw", "se", "nw", "ne"],
    geometry=[shapely.box(x, y, x + 1, y + 1) for y in (0, 1) for x in (0, 1)],
)
STRIPS = geopandas.GeoDataFrame(
    index=["left", "middle", "right"],
    geometry=[shapely.box(0, 0, 0.5, 2), shapely.box(0.5, 0, 1.25, 2), shapely.box(1.25, 0, 2, 2)],
)


@pytest.fixture
def squares():
    return sgt.Population.from_frame(SQUARES, ["a", "b"])


def test_people_are_shared_out_by_area(squares):
    moved = sgt.crosswalk(squares, STRIPS)
    assert list(moved.units) == ["left", "middle", "right"]
    np.testing.assert_allclose(moved.counts, [[20, 30, 30], [15, 27.5, 37.5]])
    assert moved.geography.geometry.loc["left"].equals(STRIPS.geometry.loc["left"])
    np.testing.assert_allclose(moved.group_totals, squares.group_totals)


def test_onto_its_own_units_nothing_changes(tracts):
    metres = tracts.to_crs(32610)
    pop = sgt.Population.from_frame(metres, ["black", "white"], tiers=["county"])
    same = sgt.crosswalk(pop, pop)
    np.testing.assert_allclose(same.counts, pop.counts, atol=1e-3)  # slivers along borders
    assert same.tiers.equals(pop.tiers)
    identity = pd.Series(1.0, index=pd.MultiIndex.from_arrays([pop.units, pop.units]))
    np.testing.assert_array_equal(sgt.crosswalk(pop, pop, weights=identity).counts, pop.counts)
    assert sgt.decompose_change(pop, same).to_frame()["value"].abs().max() < 1e-6


def test_nested_units_are_merged(tracts):
    """Tracts shared out among their counties: what merging them gives, in any coordinate system."""
    pop = sgt.Population.from_frame(tracts.to_crs(32610), ["black", "white"])
    counties = tracts.to_crs(3310)[["county", "geometry"]].dissolve("county")
    moved = sgt.crosswalk(pop, counties)
    merged = pop.merge(tracts["county"])
    np.testing.assert_allclose(moved.counts, merged.counts, rtol=1e-4)
    tiers = pd.Series(1.0, index=pd.MultiIndex.from_arrays([tracts.index, tracts["county"]]))
    by_tier = sgt.crosswalk(pop, weights=tiers).to_frame().sort_index()
    np.testing.assert_allclose(by_tier, merged.to_frame()[["black", "white"]])


def test_sharing_out_never_raises_evenness_indices():
    """Each new unit is a mixture of old ones."""
    chance = np.random.default_rng(2)
    for _ in range(20):
        pop = sgt.Population(chance.integers(1, 90, (3, 12)), ["a", "b", "c"])
        shares = chance.dirichlet(np.full(5, 0.4), 12)
        pairs = pd.MultiIndex.from_product([pop.units, list("vwxyz")])
        moved = sgt.crosswalk(pop, weights=pd.Series(shares.ravel(), index=pairs))
        np.testing.assert_allclose(moved.counts, pop.counts @ shares)
        for index in (sgt.dissimilarity, sgt.information_theory, sgt.gini):
            assert index(moved) <= index(pop) + 1e-12


def test_totals_and_margins_come_along():
    pop = sgt.Population([[10, 20]], ["a"], units=["x", "y"], total=[40, 50], margins=[[3, 4]])
    weights = pd.Series({("x", "p"): 0.5, ("x", "q"): 0.5, ("y", "q"): 1.0})
    moved = sgt.crosswalk(pop, weights=weights)
    assert moved.total.tolist() == [20, 70]
    np.testing.assert_allclose(moved.margins, [[1.5, np.hypot(1.5, 4)]])


def test_a_published_crosswalk_covers_more_than_the_city():
    pop = sgt.Population([[10, 20]], ["a"], units=pd.Index(["06067000100", "06067000200"], name="GEOID"))
    first, second, elsewhere = 6067000100, 6067000200, 1001020100
    parts = {
        (first, 6067000101): 1.0,
        (second, 6067000101): 0.25,
        (second, 6067000102): 0.75,
        (elsewhere, elsewhere): 1.0,
    }
    weights = pd.Series(parts).rename_axis(["GEOID10", "GEOID20"])
    with pytest.warns(sgt.DataWarning, match="leading zeros"):
        moved = sgt.crosswalk(pop, weights=weights)
    assert moved.units.tolist() == ["06067000101", "06067000102"]
    assert moved.counts.tolist() == [[15, 15]]


def test_whoever_is_lost_is_counted(squares):
    shorter = STRIPS[:2].assign(geometry=[shapely.box(0, 0, 0.5, 2), shapely.box(0.5, 0, 1.2, 2)])
    with pytest.warns(
        sgt.DataWarning, match=r"72 of 160 people live in none .* units 'se', 'ne'. To.*weights / weights"
    ):
        moved = sgt.crosswalk(squares, shorter)
    assert moved.group_totals.sum() == pytest.approx(88)


def test_refusals_name_units_and_mend(squares, tracts):
    pop = sgt.Population([[10, 20]], ["a"], units=["x", "y"])
    weights = pd.Series({("x", "p"): 0.5, ("x", "q"): 0.5, ("y", "q"): 1.0})
    overlapping = STRIPS.assign(geometry=shapely.box(0, 0, 2, 2))
    degrees = sgt.Population.from_frame(tracts, ["black", "white"])
    flat = sgt.Population.from_frame(SQUARES.assign(geometry=SQUARES.centroid), ["a", "b"])
    grid = sgt.Population(np.ones((1, 2, 2)), ["a"], geography=sgt.Grid(2, 2, 1.0))
    cases = [
        (pop, {}, "give onto="),
        (pop, {"weights": weights.drop(("y", "q"))}, "do not name: 'y'"),
        (pop, {"weights": weights.replace(1.0, 1.2)}, "more than 1: 'y'"),
        (pop, {"weights": weights.replace(1.0, -1.0)}, "units 'y' are not"),
        (pop, {"weights": weights.replace(1.0, np.nan)}, "units 'y' are not"),
        (pop, {"weights": pd.concat([weights, weights[:1]])}, "more than once"),
        (pop, {"weights": weights.reset_index()}, "by pairs"),
        (pop, {"onto": STRIPS}, "no geometry"),
        (squares, {"onto": overlapping}, "more than 1"),
        (squares, {"onto": "strips"}, "is a Population or a GeoDataFrame"),
        (degrees, {"onto": tracts}, "estimate_utm_crs"),
        (flat, {"onto": STRIPS}, "without an area"),
        (grid, {"onto": grid}, "onto one grid first"),
        (grid, {"weights": weights}, "onto=...*merge"),
        (squares, {"onto": grid, "weights": weights}, "onto=...*merge"),
        (squares.within(sgt.Contiguity()), {"onto": STRIPS}, "first the units"),
    ]
    for source, given, says in cases:
        with pytest.raises(ValueError, match=says):
            sgt.crosswalk(source, **given)


def test_blank_targets_are_nobodys_and_labels_may_be_mixed():
    pop = sgt.Population([[90, 10], [30, 60]], ["a", "b"], units=["west", "east"])
    for blank in (None, np.nan):
        with pytest.warns(sgt.DataWarning, match="70 of 190 people"):
            moved = sgt.crosswalk(pop, weights=pd.Series({("west", "x"): 1.0, ("east", blank): 1.0}))
        assert moved.units.tolist() == ["x"]
    mixed = sgt.crosswalk(pop, weights=pd.Series({("west", "x"): 1.0, ("east", 3): 1.0}))
    assert mixed.units.tolist() == ["x", 3]
    with pytest.raises(sgt.DataError, match="weights must be an array of numbers"):
        sgt.crosswalk(pop, weights=pd.Series({("west", "x"): "1", ("east", "x"): "1"}))
    with pytest.raises(sgt.GroupError, match="groups="):
        sgt.crosswalk(pop.to_frame(), weights=pd.Series({("west", "x"): 1.0}))


def test_margins_of_whole_units_are_those_of_merging_them():
    pop = sgt.Population([[0, 0, 5], [30, 60, 5]], ["a", "b"], units=list("uvw"), margins=[[12, 11, 3], [5, 5, 5]])
    weights = pd.Series({("u", "x"): 1.0, ("v", "x"): 1.0, ("w", "y"): 1.0})
    np.testing.assert_allclose(sgt.crosswalk(pop, weights=weights).margins, pop.merge(["x", "x", "y"]).margins)
    grid = sgt.Population(
        np.ones((2, 4, 4)), ["a", "b"], geography=sgt.Grid(4, 4, 100), margins=np.full((2, 4, 4), 3.0)
    )
    np.testing.assert_allclose(grid.merge(list("aabb" * 4)).margins, 3 * np.sqrt(8))
