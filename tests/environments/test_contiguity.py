"""Which units touch: exact borders, gaps closed by a tolerance, islands, and what other programs find."""

import geopandas
import libpysal
import numpy as np
import pytest
import shapely

import segregation_tools as sgt
from tests.environments.places import read, squares


def test_touching_needs_no_metres(tracts):
    degrees = sgt.Population.from_frame(tracts, ["white", "black"]).within(sgt.Contiguity())
    metres = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black"]).within(sgt.Contiguity())
    np.testing.assert_array_equal(degrees.environment, metres.environment)


def test_units_that_touch_no_other_are_named():
    with pytest.warns(sgt.DataWarning, match="touch no other: 'v'") as caught:
        near = read(squares()).within(sgt.Contiguity())
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(near.environment, [[30, 60, 50, 40], [70, 90, 50, 10]])
    with pytest.warns(sgt.DataWarning, match="'v'"):
        nobody = read(squares()).within(sgt.Contiguity(self_weight=0))
    with pytest.raises(sgt.CapabilityError, match="meet nobody in this environment: 'v'"):
        sgt.dissimilarity(nobody)


def test_an_empty_unit_may_meet_nobody():
    frame = squares()
    frame.loc["v", ["a", "b"]] = 0
    with pytest.warns(sgt.DataWarning, match="'v'"):
        near = read(frame).within(sgt.Contiguity(self_weight=0))
    assert sgt.dissimilarity.local(near).isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_a_tolerance_closes_gaps_and_no_more(rule):
    gap = squares((0, 1.005, 2.05, 3.2))  # half a metre, five, fifteen
    for tolerance, pairs in ((0.4, 0), (1, 1), (6, 2), (20, 3)):
        assert read(gap).geography.adjacency(rule, tolerance).sum() / 2 == pairs
    feet = gap.scale(1 / 0.3048006096, 1 / 0.3048006096, origin=(0, 0)).set_crs(2226, allow_override=True)
    assert read(gap.set_geometry(feet)).geography.adjacency(rule, 1).sum() / 2 == 1


@pytest.mark.parametrize("tolerance", [0, 1])
def test_corners_touch_by_one_rule_only(tolerance):
    board = squares((0, 1))
    board.geometry = [shapely.box(0, 0, 100, 100), shapely.box(100, 100, 200, 200)]
    assert read(board).geography.adjacency("queen", tolerance).sum() == 2
    assert read(board).geography.adjacency("rook", tolerance).sum() == 0


@pytest.mark.parametrize("tolerance", [0.1, 1, 5])
@pytest.mark.parametrize("between", [10, 20, 30, 90])
def test_acute_corners_are_no_borders(between, tolerance):
    """Three wedges that meet in one point: the outer two share no border, however sharp the one between them is."""
    edges = np.radians([0, 60, 60 + between, 150 + between])
    points = 5000 * np.column_stack([np.cos(edges), np.sin(edges)])
    frame = squares((0, 1, 2))
    frame.geometry = [shapely.Polygon([(0, 0), points[i], points[i + 1]]) for i in range(3)]
    assert read(frame).geography.adjacency("rook", tolerance).toarray()[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize("tolerance", [0.1, 1, 10])
def test_a_tolerance_takes_no_neighbour_away_and_adds_few_where_borders_fit(tolerance):
    tracts = sgt.load("sacramento").to_crs(32610)
    exact, near = (sgt.Population.from_frame(tracts, ["white"]).geography.adjacency("rook", t) for t in (0, tolerance))
    assert (exact > near).nnz == 0
    assert near.nnz == exact.nnz or tolerance == 10  # there, some corners are as blunt as a border over ten metres


def test_mended_polygons_keep_their_borders():
    spiked = shapely.Polygon([(0, 0), (100, 0), (100, 100), (100, 150), (100, 100), (0, 100)])
    frame = squares((0, 1))
    frame.geometry = [spiked, shapely.box(100, 0, 200, 100)]
    with pytest.raises(sgt.GeographyError, match=r"'s'\. Mend them: frame\.geometry = frame\.geometry\.make_valid\(\)"):
        read(frame).within(sgt.Contiguity())
    frame.geometry = frame.geometry.make_valid()  # a polygon and a line
    for tolerance in (0, 1):
        assert read(frame).geography.adjacency("rook", tolerance).toarray().tolist() == [[0, 1], [1, 0]]


def test_steps_end_where_nobody_is_left_to_reach():
    frame = squares((0, 1, 2, 3))
    assert sgt.dissimilarity(read(frame).within(sgt.Contiguity(10**9))) == pytest.approx(0)


def test_borders_with_different_corners_are_found():
    """One large unit beside two small ones: no two corners of a side are shared, which misses it elsewhere."""
    frame = squares((0, 1, 2))
    frame.geometry = [shapely.box(0, 0, 100, 300), shapely.box(100, 100, 200, 200), shapely.box(50, 50, 120, 120)]
    assert read(frame).geography.adjacency("rook").toarray().tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_touching_agrees_with_libpysal_on_clean_borders(rule):
    for frame in (sgt.load("sacramento"), sgt.load("nc_births"), sgt.load("sacramento_district")):
        theirs = libpysal.graph.Graph.build_contiguity(frame, rook=rule == "rook").sparse.toarray() > 0
        ours = sgt.Population.from_frame(frame, [frame.select_dtypes("number").columns[0]]).geography.adjacency(rule)
        np.testing.assert_array_equal(ours.toarray() > 0, theirs)


def test_points_do_not_touch():
    frame = squares()
    frame.geometry = [*frame.geometry.iloc[:3], shapely.Point(0, 0)]
    with pytest.raises(sgt.GeographyError, match=r"polygons.*'v'.*sgt\.Radius"):
        read(frame).within(sgt.Contiguity())


@pytest.mark.parametrize(
    ("name", "rook", "queen"),
    [("oasis_grehsize", 206, 220), ("oasis_segdata", 360, 684), ("de_tract_5groups_utm18", 1088, 1250)],
)
def test_as_many_links_as_oasisr_finds(name, rook, queen, real_data):
    frame = geopandas.read_file(real_data / f"{name}.gpkg")
    geography = sgt.Population.from_frame(frame, [frame.select_dtypes("number").columns[0]]).geography
    assert (geography.adjacency("rook").nnz, geography.adjacency("queen").nnz) == (rook, queen)
