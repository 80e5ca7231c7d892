"""Small scales and nearest neighbours: units at one place, empty places, people taken in part."""

import time

import geopandas
import numpy as np
import pytest
import shapely

import segregation_tools as sgt
from tests.environments.places import read, squares


@pytest.mark.parametrize("origin", [(0, 0), (630_000.3, 4_270_000.7)])
def test_towers_of_one_estate_are_one_unit(origin):
    """Their centroids are one but for rounding."""
    shapes = [shapely.Point(origin).buffer(30, quad_segs=q) for q in (3, 5, 7, 11)]
    shapes += [shapely.Point(origin[0] + far, origin[1]) for far in (300, 600)]
    frame = geopandas.GeoDataFrame({"a": [10.0, 20, 30, 40, 1, 1], "b": [5.0] * 6}, geometry=shapes, crs=32610)
    met = [read(frame).within(sgt.NearestUnits(k)).environment[0, :4].tolist() for k in (1, 2, 3)]
    assert met == [[100] * 4, [101] * 4, [102] * 4]


def test_very_many_units_at_one_place_are_one_unit():
    size = 38_260  # as many parts of one add up to a little less than one
    frame = geopandas.GeoDataFrame(
        {"a": np.ones(size + 1)}, geometry=[shapely.Point(1, 1)] * size + [shapely.Point(9, 9)]
    )
    pop = sgt.Population.from_frame(frame, ["a"])
    assert pop.within(sgt.NearestUnits(1)).environment[0, [0, -1]].tolist() == [size, 1]


@pytest.mark.parametrize("kernel", ["triangular", "biweight", "gaussian", "exponential"])
def test_a_scale_below_rounding_is_the_unit(kernel):
    pop = read(squares())
    for metres in (1e-300, 1e-170, 1e-12):
        np.testing.assert_array_equal(pop.within(sgt.Radius(metres, kernel)).environment, pop.counts)


def test_places_where_nobody_lives_neither_change_the_nearest_people_nor_cost_time():
    counts = np.zeros((2, 500, 500))
    counts[:, 240:260, 240:260] = np.random.default_rng(0).integers(1, 9, (2, 20, 20))
    plain = sgt.Population(counts[:, 240:260, 240:260], ["a", "b"], geography=sgt.Grid(20, 20, cell_size=100))
    wide = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(500, 500, cell_size=100))
    start = time.process_time()
    near = wide.within(sgt.NearestPeople(300)).environment[:, 240:260, 240:260]
    assert time.process_time() - start < 20  # of minutes, where every empty place was searched
    np.testing.assert_array_equal(near, plain.within(sgt.NearestPeople(300)).environment)


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
