"""Zones: residents meet everyone of their zone. (That this equals merging is proved with the properties.)"""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.population.environment import Environment, Surroundings

COUNTS = np.array([[9.0, 1.0, 2.0], [1.0, 5.0, 3.0]])


@pytest.fixture
def pop():
    return sgt.Population(COUNTS, ["a", "b"], units=["u", "v", "w"])


def test_everyone_of_the_zone_is_met_and_residents_stay(pop):
    zoned = pop.within(sgt.Zones(["z", "y", "z"]))
    np.testing.assert_array_equal(zoned.environment, [[11, 1, 11], [4, 5, 4]])
    np.testing.assert_array_equal(zoned.counts, COUNTS)


def test_labels_are_matched_on_the_unit_index(pop):
    labels = pd.Series({"w": "z", "u": "z", "v": "y", "elsewhere": "x"})
    np.testing.assert_array_equal(pop.within(sgt.Zones(labels)).environment, [[11, 1, 11], [4, 5, 4]])


def test_a_unit_without_a_zone_is_refused(pop):
    with pytest.raises(sgt.DataError, match="'v'"):
        pop.within(sgt.Zones(pd.Series({"u": 1, "w": 1})))
    with pytest.raises(sgt.DataError, match="2 labels for 3 units"):
        pop.within(sgt.Zones([1, 2]))


def test_grids_take_labels_in_their_shape():
    city = sgt.synthetic_city("checkerboard", rows=4, cols=6, kind="grid")
    labels = np.arange(24).reshape(4, 6) // 12
    assert sgt.dissimilarity(city.within(sgt.Zones(labels))) == 0
    assert city.within(sgt.Zones(labels)).environment.shape == (2, 4, 6)


def test_it_keeps_the_protocol(pop):
    recipe = sgt.Zones([1, 1, 2])
    assert isinstance(recipe, Environment)
    assert isinstance(recipe.on(pop.geography), Surroundings)


def test_the_school_of_every_block_is_an_environment():
    blocks = sgt.load("sacramento_district")
    pupils = sgt.Population.from_frame(blocks, ["white", "black", "asian", "hispanic"])
    at_school = pupils.within(sgt.Zones(blocks["school"]))
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.gini):
        assert index(at_school) == pytest.approx(index(pupils.merge(blocks["school"])), rel=1e-12)
        assert index(at_school) < index(pupils)
