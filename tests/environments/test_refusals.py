"""Malformed places and options: each is refused by name, with the mend, or answered as documented."""

import pickle

import geopandas
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import sparse

import segregation_tools as sgt
from segregation_tools.population.environment import Environment, Surroundings

BY_DISTANCE = [
    sgt.Radius(500),
    sgt.NearestUnits(2),
    sgt.NearestPeople(30),
    sgt.NearestPeople(30, last_ring="proportional"),
]


def squares(xs=(0, 1, 2, 5), crs=32610):
    frame = geopandas.GeoDataFrame(
        {"a": [10.0, 20, 30, 40][: len(xs)], "b": [40.0, 30, 20, 10][: len(xs)]},
        geometry=[shapely.box(x * 100, 0, x * 100 + 100, 100) for x in xs],
        crs=crs,
    )
    return frame.set_axis(list("stuv")[: len(xs)])


def read(frame):
    return sgt.Population.from_frame(frame, ["a", "b"])


@pytest.mark.parametrize("recipe", [*BY_DISTANCE, sgt.Contiguity(tolerance=1)], ids=repr)
def test_degrees_are_refused_with_the_line_to_type(recipe, tracts):
    pop = sgt.Population.from_frame(tracts, ["white", "black"])
    with pytest.raises(sgt.GeographyError, match=r"frame = frame\.to_crs\(frame\.estimate_utm_crs\(\)\)"):
        pop.within(recipe)
    mended = tracts.to_crs(tracts.estimate_utm_crs())
    assert 0 < sgt.dissimilarity(sgt.Population.from_frame(mended, ["white", "black"]).within(recipe)) < 1


def test_touching_needs_no_metres(tracts):
    degrees = sgt.Population.from_frame(tracts, ["white", "black"]).within(sgt.Contiguity())
    metres = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black"]).within(sgt.Contiguity())
    np.testing.assert_array_equal(degrees.environment, metres.environment)


@pytest.mark.parametrize("recipe", [*BY_DISTANCE, sgt.Contiguity()], ids=repr)
def test_units_without_a_place_are_named(recipe):
    frame = squares()
    for nothing in (None, shapely.Polygon()):
        frame.geometry = [frame.geometry.iloc[0], nothing, *frame.geometry.iloc[2:]]
        with pytest.raises(sgt.GeographyError, match="units without geometry: 't'"):
            read(frame).within(recipe)
    with pytest.raises(sgt.GeographyError, match="no geometry"):
        read(pd.DataFrame(frame.drop(columns="geometry"))).within(recipe)


@pytest.mark.parametrize("recipe", BY_DISTANCE, ids=repr)
def test_places_at_infinity_are_named(recipe):
    frame = squares()
    frame.geometry = [shapely.Point(0, 0), shapely.Point(np.inf, 0), shapely.Point(1, 1), shapely.Point(np.inf, np.inf)]
    with pytest.raises(sgt.GeographyError, match=r"infinite or missing: 't', 'v'.*to_crs"):
        read(frame).within(recipe)


def test_geometries_of_several_coordinate_systems_are_refused():
    frame = squares()
    frame.geometry = [
        shapely.set_srid(shape, code) for shape, code in zip(frame.geometry, [32610, 4326] * 2, strict=True)
    ]
    with pytest.raises(sgt.GeographyError, match=r"EPSG:4326 in rows 't', 'v'; EPSG:32610 in rows 's', 'u'"):
        read(frame)


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
    ("recipe", "words"),
    [
        (lambda: sgt.Radius(-1), "metres must be a distance, 0 or more, not -1"),
        (lambda: sgt.Radius(float("nan")), "not nan"),
        (lambda: sgt.Radius(float("inf")), "not inf"),
        (
            lambda: sgt.Radius(500, "quartic"),
            "'uniform', 'triangular', 'epanechnikov', 'biweight', 'gaussian', 'exponential'",
        ),
        (lambda: sgt.NearestUnits(0), "1 or more, not 0"),
        (lambda: sgt.NearestUnits(2.5), "not 2.5"),
        (lambda: sgt.NearestPeople(0), "above 0, not 0"),
        (lambda: sgt.NearestPeople(5, last_ring="half"), "'whole', 'proportional', not 'half'"),
        (lambda: sgt.Contiguity(0), "1 or more, not 0"),
        (lambda: read(squares((0, 1))).within(sgt.Contiguity(rule="bishop")), "'queen', 'rook', not 'bishop'"),
        (lambda: read(squares((0, 1))).within(sgt.Contiguity(tolerance=-1)), "0 or more, not -1"),
        (lambda: read(squares((0, 1))).within(sgt.Contiguity(self_weight=-1)), "self_weight must be 0 or more, not -1"),
        (lambda: read(squares((0, 1))).within(sgt.Neighbours(np.eye(2), self_weight=np.nan)), "not nan"),
    ],
)
def test_options_out_of_range_are_refused(recipe, words):
    with pytest.raises(sgt.OptionError, match=words):
        recipe()


def test_weights_that_do_not_fit_are_refused():
    pop = read(squares())
    with pytest.raises(sgt.DataError, match=r"weights between 4 units have the shape \(4, 4\), not \(3, 3\)"):
        pop.within(sgt.Neighbours(np.eye(3)))
    for wrong in (-1.0, np.nan, np.inf):
        weights = np.eye(4)
        weights[2, 1] = wrong
        with pytest.raises(sgt.DataError, match="rows 'u'"):
            pop.within(sgt.Neighbours(sparse.csr_array(weights)))
    graph = libpysal.graph.Graph.from_sparse(sparse.csr_array(np.eye(4)), ids=list("stux"))
    with pytest.raises(sgt.DataError, match="not in the graph: 'v'; only in the graph: 'x'"):
        pop.within(sgt.Neighbours(graph))


def test_nothing_of_the_callers_weights_is_changed():
    weights = sparse.csr_array(np.ones((4, 4)) - np.eye(4))
    before = weights.copy()
    near = read(squares()).within(sgt.Neighbours(weights, self_weight=1))
    assert sgt.dissimilarity(near) == 0
    assert (weights != before).nnz == 0


def test_graphs_without_the_own_unit_mean_what_they_say():
    graph = libpysal.graph.Graph.build_knn(squares().centroid, k=1)
    near = read(squares()).within(sgt.Neighbours(graph))
    np.testing.assert_array_equal(near.environment[0], [20, 10, 20, 30])
    with pytest.raises(sgt.CapabilityError, match="each resident counts once"):
        sgt.exposure(near, with_self=False)


def test_people_in_part_cannot_be_taken_out_again():
    near = read(squares()).within(sgt.NearestPeople(30, last_ring="proportional"))
    with pytest.raises(sgt.CapabilityError, match="each resident counts once"):
        sgt.exposure(near, with_self=False)
    assert (sgt.exposure(read(squares()).within(sgt.Radius(100)), with_self=False).sum(axis=1) - 1).abs().max() < 1e-12


def test_nearest_people_depend_on_the_groups_so_they_are_chosen_first():
    near = read(squares()).within(sgt.NearestPeople(30))
    with pytest.raises(sgt.CapabilityError, match=r"choose the groups first, then within"):
        near[["b", "a"]]
    assert sgt.dissimilarity(read(squares()).within(sgt.Radius(100))[["b", "a"]]) > 0


@pytest.mark.parametrize("recipe", [*BY_DISTANCE, sgt.Contiguity(tolerance=400), sgt.Neighbours(np.eye(4))], ids=repr)
def test_every_environment_keeps_the_protocol_and_travels(recipe):
    pop = read(squares())
    near = pop.within(recipe)
    assert isinstance(recipe, Environment)
    assert isinstance(near.surroundings, Surroundings)
    assert repr(recipe) in repr(near)
    np.testing.assert_array_equal(near.counts, pop.counts)
    again = pickle.loads(pickle.dumps(near))  # noqa: S301 — written on the same line
    np.testing.assert_array_equal(again.environment, near.environment)
    assert not near.environment.flags.writeable


def test_environments_say_in_words_whom_residents_meet():
    said = {
        sgt.Radius(1500): "everyone within 1,500 metres",
        sgt.Radius(500, "gaussian"): "those around them, the near more than the far (gaussian kernel of 500 metres)",
        sgt.NearestUnits(6): "everyone in the nearest 6 units, their own among them",
        sgt.NearestPeople(1600, last_ring="proportional"): "the nearest 1,600 people (of the farthest units a part)",
        sgt.Contiguity(): "the people of their unit and of those that touch it",
        sgt.Contiguity(2, "rook", self_weight=3): "the people of their unit and of those that share a border with it, "
        "up to 2 steps away (their own counting 3 times)",
    }
    for recipe, words in said.items():
        assert str(recipe) == words
        if not isinstance(recipe, sgt.Contiguity):
            assert f"Residents meet {words}; they weigh" in sgt.methods(read(squares()).within(recipe), data="x")


def test_an_environment_is_made_once_and_bands_serve_every_radius():
    pop = read(squares())
    near, wider = pop.within(sgt.Radius(100)), pop.within(sgt.Radius(200))
    assert near.surroundings.bands is wider.surroundings.bands
    assert near.environment is near.environment
    sgt.summary(near)
    assert next(iter(near.strips()))[2] is near.environment


@pytest.mark.parametrize(
    ("name", "rook", "queen"),
    [("oasis_grehsize", 206, 220), ("oasis_segdata", 360, 684), ("de_tract_5groups_utm18", 1088, 1250)],
)
def test_as_many_links_as_oasisr_finds(name, rook, queen, real_data):
    frame = geopandas.read_file(real_data / f"{name}.gpkg")
    geography = sgt.Population.from_frame(frame, [frame.select_dtypes("number").columns[0]]).geography
    assert (geography.adjacency("rook").nnz, geography.adjacency("queen").nnz) == (rook, queen)
