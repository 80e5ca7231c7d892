"""Social frontiers: what they rank, how they are tested, what they refuse."""

from itertools import combinations

import geopandas
import numpy as np
import pytest
import shapely
from scipy.stats import false_discovery_control, hypergeom
from tests.properties.cases import assert_same

import segregation_tools as sgt


@pytest.fixture(scope="module")
def town():
    """Cells of a few dozen people, two of them empty."""
    chance = np.random.default_rng(4)
    counts = chance.integers(0, 30, (2, 5, 6))
    counts[:, 2, 2:4] = 0
    return sgt.Population(counts, ["a", "b"], geography=sgt.Grid(5, 6, cell_size=100))


def as_polygons(pop, crs=32610):
    rows, cols = pop.counts.shape[1:]
    boxes = [shapely.box(c * 100, -(r + 1) * 100, (c + 1) * 100, -r * 100) for r in range(rows) for c in range(cols)]
    frame = dict(zip(pop.groups, pop.counts.reshape(len(pop.groups), -1).astype(float), strict=True))
    return geopandas.GeoDataFrame(frame, geometry=boxes, crs=crs, index=pop.units.to_flat_index())


def test_borders_are_ranked_by_the_difference_of_shares(town):
    found = sgt.social_frontiers(town, rng=1)
    share = (town.counts[0] / np.where(town.counts.sum(axis=0), town.counts.sum(axis=0), 1)).ravel()
    place = {unit: i for i, unit in enumerate(town.units)}
    sides = [[place[unit] for unit in found[side]] for side in ("unit", "neighbour")]
    assert_same(found["difference"], np.abs(share[sides[0]] - share[sides[1]]))
    assert found["difference"].is_monotonic_decreasing
    assert len(found) == 5 * 5 + 4 * 6 - 7  # borders of the two empty cells are none
    assert_same(found["metres"], 100)
    assert_same(found.length, 100)


def test_many_groups_differ_by_who_would_have_to_be_others():
    pop = sgt.Population([[[6, 1]], [[2, 1]], [[2, 2]]], ["a", "b", "c"], geography=sgt.Grid(1, 2, cell_size=10))
    found = sgt.social_frontiers(pop, rng=1)
    assert found["difference"].tolist() == pytest.approx([0.35])  # |.6 − .25| + |.2 − .25| + |.2 − .5| = .7


def test_cells_and_polygons_have_the_same_frontiers(town):
    frame = as_polygons(town)
    one, other = sgt.social_frontiers(town, rng=3), sgt.social_frontiers(frame, groups=["a", "b"], rng=3)
    assert other.crs == frame.crs
    for name in ("unit", "neighbour", "difference", "metres", "p_value", "frontier"):
        assert (
            one[name].tolist() == pytest.approx(other[name].tolist(), rel=1e-12)
            if name
            in (
                "difference",
                "metres",
            )
            else one[name].tolist() == other[name].tolist()
        )
    assert all(a.equals(b) for a, b in zip(one.geometry.normalize(), other.geometry.normalize(), strict=True))


def test_all_pairs_are_the_permutations_of_units(town):
    found = sgt.social_frontiers(town, null="permuted_units")
    counts = town.counts.reshape(2, -1)
    share = counts[0][counts.sum(axis=0) > 0] / counts.sum(axis=0)[counts.sum(axis=0) > 0]
    every = np.array([abs(p - q) for p, q in combinations(share, 2)])
    assert_same(found["p_value"], [(every >= d - 1e-9).mean() for d in found["difference"]])
    drawn = sgt.social_frontiers(town, null="permuted_units", draws=40_000, rng=5)
    assert np.abs(drawn["p_value"] - found["p_value"]).max() < 4 * np.sqrt(0.25 / 40_000)


def test_people_dealt_out_anew_follow_the_hypergeometric_distribution(town):
    draws = 4000
    found = sgt.social_frontiers(town, draws=draws, rng=6)
    at_once = sgt.social_frontiers(town)
    place = {unit: i for i, unit in enumerate(town.units)}
    counts = town.counts.reshape(2, -1).astype(int)
    exact = []
    for unit, neighbour, difference in found[["unit", "neighbour", "difference"]].itertuples(index=False):
        a, b = counts[:, place[unit]], counts[:, place[neighbour]]
        here = np.arange(a.sum() + 1)
        chance = hypergeom(a.sum() + b.sum(), a[0] + b[0], a.sum()).pmf(here)
        gap = np.abs(here / a.sum() - (a[0] + b[0] - here) / b.sum())
        exact.append(chance[gap >= difference - 1e-9].sum())
    assert_same(at_once["p_value"], exact, 1e-9)
    off = np.abs(found["p_value"] - exact) / np.sqrt(np.maximum(np.array(exact) * (1 - np.array(exact)), 1e-4) / draws)
    assert off.max() < 4.5


def test_false_discoveries_are_controlled(town):
    found = sgt.social_frontiers(town, fdr=0.2)
    assert_same(found["q_value"], false_discovery_control(found["p_value"]))
    assert (found["frontier"] == (found["q_value"] <= 0.2)).all()
    strict = sgt.social_frontiers(town, fdr=0.2, at_least=0.4)
    assert (strict["frontier"] == (found["frontier"] & (found["difference"] >= 0.4))).all()
    assert 0 < strict["frontier"].sum() < found["frontier"].sum()


def test_in_a_city_without_any_few_are_found():
    """Everyone lives anywhere: with fdr = 0.1, any frontier is found in about one city of ten, not in most."""
    with_any = 0
    for seed in range(40):
        city = sgt.synthetic_city("random", rows=6, cols=6, rng=seed)
        with_any += sgt.social_frontiers(city, fdr=0.1)["frontier"].any()
    assert with_any <= 11  # beyond 4 + 4 standard deviations


def test_the_border_between_two_halves_is_the_frontier():
    found = sgt.social_frontiers(sgt.synthetic_city("ghetto", kind="polygons"), rng=7)
    sharp = found[found["frontier"]]
    assert len(sharp) == 10
    assert sharp.union_all().length == pytest.approx(1000)
    assert np.ptp(sharp.get_coordinates()["x"]) == 0  # one line, from north to south


def test_corners_and_loose_ends_are_no_part_of_a_border():
    left = shapely.Polygon([(0, 0), (10, 0), (10, 10), (12, 12), (0, 12)])
    right = shapely.Polygon([(10, 0), (20, 0), (20, 12), (12, 12), (13, 9), (10, 8)])
    frame = geopandas.GeoDataFrame({"a": [5.0, 1], "b": [1.0, 5]}, geometry=[left, right])
    found = sgt.social_frontiers(frame, groups=["a", "b"], rng=1)
    assert found["metres"].tolist() == pytest.approx([8])
    assert found.geometry[0].equals(shapely.LineString([(10, 0), (10, 8)]))


def test_what_cannot_be_tested_is_refused(town):
    three = sgt.Population([[[5, 1]], [[1, 5]], [[1, 1]]], ["a", "b", "c"], geography=sgt.Grid(1, 2, cell_size=1))
    for wrong in (None, -1, "x", 1.5, True):
        with pytest.raises(sgt.OptionError, match="chance needs a source: rng=7"):
            sgt.social_frontiers(three, rng=wrong)
    for wrong in (1.5, 30):
        with pytest.raises(sgt.OptionError, match="at_least must be a difference from 0 to 1"):
            sgt.social_frontiers(town, at_least=wrong)
    crowd = three.redrawn(three.counts * 1e9)
    with pytest.raises(sgt.DataError, match="more than can be dealt out"):
        sgt.social_frontiers(crowd, rng=1)
    with pytest.raises(sgt.OptionError, match="chance needs a source"):
        sgt.social_frontiers(town, null="permuted_units", draws=100)
    with pytest.raises(sgt.OptionError, match="null must be one of 'permuted_units', 'permuted_people'"):
        sgt.social_frontiers(town, null="shuffled", rng=1)
    for wrong in (0, 1, 2):
        with pytest.raises(sgt.OptionError, match="fdr must be"):
            sgt.social_frontiers(town, fdr=wrong, rng=1)
    with pytest.raises(sgt.OptionError, match="draws must be a whole number"):
        sgt.social_frontiers(town, draws=0, rng=1)
    with pytest.raises(sgt.DataError, match="round the counts of 'b'"):
        sgt.social_frontiers(town.redrawn(town.counts + np.array([0, 0.5])[:, None, None]), rng=1)
    boxes = [shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)]
    apart = geopandas.GeoDataFrame({"a": [1.0, 2], "b": [2.0, 1]}, geometry=boxes)
    with pytest.raises(sgt.GeographyError, match="no two units with residents share a border"):
        sgt.social_frontiers(apart, groups=["a", "b"], rng=1)
    with pytest.raises(sgt.CapabilityError, match="reads the map itself"):
        sgt.social_frontiers(town.within(sgt.Radius(100)), rng=1)
    many = sgt.Population(np.ones((2, 150, 150)), ["a", "b"], geography=sgt.Grid(150, 150, cell_size=1))
    with pytest.raises(sgt.CapabilityError, match="draw some, draws="):
        sgt.social_frontiers(many, null="permuted_units")


def test_in_a_divided_city_of_any_size_the_border_is_found():
    for side in (10, 30):
        found = sgt.social_frontiers(sgt.synthetic_city("ghetto", rows=side, cols=side))
        assert found["frontier"].sum() == side
    three = sgt.synthetic_city("ghetto", groups=["a", "b", "c"], rows=30, cols=30)
    with pytest.warns(sgt.DataWarning, match="60 sharpest of 1740 borders from chance: draws=34800 tells"):
        sgt.social_frontiers(three, draws=99.0, rng=1)


def test_counts_of_any_size_are_tested():
    huge = sgt.Population([[[5e8, 9e8]], [[2e8, 1e8]]], ["a", "b"], geography=sgt.Grid(1, 2, cell_size=1))
    assert sgt.social_frontiers(huge)["p_value"].tolist() == [0]
    nobody = sgt.Population([[[1e-9, 9, 3]], [[1e-9, 5, 7]]], ["a", "b"], geography=sgt.Grid(1, 3, cell_size=1))
    assert len(sgt.social_frontiers(nobody)) == 1


def test_mended_polygons_have_frontiers_too():
    mended = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.LineString([(0, 0), (-1, -1)])])
    frame = geopandas.GeoDataFrame({"a": [5, 9], "b": [2, 8]}, geometry=[mended, shapely.box(1, 0, 2, 1)])
    assert sgt.social_frontiers(frame, groups=["a", "b"]).length.tolist() == [1]
