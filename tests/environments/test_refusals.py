"""Malformed places and options: each is refused by name, with the mend, or answered as documented."""

import pickle

import numpy as np
import pandas as pd
import pytest
import shapely

import segregation_tools as sgt
from segregation_tools.population.environment import Environment, Surroundings
from tests.environments.places import read, squares

BY_DISTANCE = [
    sgt.Radius(500),
    sgt.NearestUnits(2),
    sgt.NearestPeople(30),
    sgt.NearestPeople(30, last_ring="proportional"),
]


@pytest.mark.parametrize("recipe", [*BY_DISTANCE, sgt.Contiguity(tolerance=1)], ids=repr)
def test_degrees_are_refused_with_the_line_to_type(recipe, tracts):
    pop = sgt.Population.from_frame(tracts, ["white", "black"])
    with pytest.raises(sgt.GeographyError, match=r"frame = frame\.to_crs\(frame\.estimate_utm_crs\(\)\)"):
        pop.within(recipe)
    mended = tracts.to_crs(tracts.estimate_utm_crs())
    assert 0 < sgt.dissimilarity(sgt.Population.from_frame(mended, ["white", "black"]).within(recipe)) < 1


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


def test_merged_units_need_all_their_parts():
    frame = squares()
    frame.loc["t", "geometry"] = None
    with pytest.raises(sgt.GeographyError, match="units without geometry: 'x'"):
        read(frame).merge(["x", "x", "y", "y"]).within(sgt.Radius(500))
    frame.loc["t", "geometry"] = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    with pytest.raises(sgt.GeographyError, match=r"merging units needs valid polygons.*'t'"):
        read(frame).merge(["x", "x", "y", "y"]).within(sgt.Radius(500))
    assert read(squares()).merge(["x", "x", "y", "y"]).within(sgt.Radius(100)).environment.tolist() == [
        [30, 70],
        [70, 30],
    ]


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
        (
            lambda: read(squares((0, 1))).within(sgt.Contiguity(self_weight=-1)),
            "self_weight must be a weight, 0 or more, not -1",
        ),
        (lambda: read(squares((0, 1))).within(sgt.Neighbours(np.eye(2), self_weight=np.nan)), "not nan"),
    ],
)
def test_options_out_of_range_are_refused(recipe, words):
    with pytest.raises(sgt.OptionError, match=words):
        recipe()


@pytest.mark.parametrize(
    "wrong", ["500", None, [500], np.array([500.0]), True, pd.NA, float("nan"), 10**400, -1], ids=type
)
def test_options_that_are_no_numbers_are_refused(wrong):
    for recipe in (
        lambda: sgt.Radius(wrong),
        lambda: sgt.NearestUnits(wrong),
        lambda: sgt.NearestPeople(wrong),
        lambda: sgt.Contiguity(wrong),
        lambda: sgt.Contiguity(tolerance=wrong),
        lambda: sgt.Contiguity(self_weight=wrong),
    ):
        with pytest.raises(sgt.OptionError, match="must be a"):
            recipe()
    with pytest.raises(sgt.OptionError, match="must be one of"):
        sgt.Contiguity(rule=wrong)


@pytest.mark.parametrize("number", [np.float32(2), np.int64(2), 2.0], ids=type)
def test_numbers_of_any_kind_are_taken(number):
    assert sgt.Radius(number) == sgt.Radius(2)
    assert sgt.dissimilarity(read(squares((0, 1, 2))).within(sgt.Contiguity(number))) == pytest.approx(0)


def test_what_is_no_environment_is_refused():
    pop = read(squares())
    for wrong in (sgt.Radius, "Radius", 500, None):
        with pytest.raises(sgt.CapabilityError, match="takes an environment"):
            pop.within(wrong)
    for wrong in ("x.gal", None, 5, {}, np.ones((4, 4, 4)), [[1]]):
        with pytest.raises(sgt.DataError, match="weights are a libpysal graph"):
            pop.within(sgt.Neighbours(wrong))
    for wrong in (np.full((4, 4), "1"), np.ones((4, 4)) + 1j):
        with pytest.raises(sgt.DataError, match="weights must be numbers"):
            pop.within(sgt.Neighbours(wrong))
    for wrong in (None, 5, "school"):
        with pytest.raises(sgt.DataError, match="one label a unit"):
            sgt.Zones(wrong)


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
