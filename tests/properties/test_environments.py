"""What the theory says of every environment, tried on random places."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

import segregation_tools as sgt
from segregation_tools.kernels.decay import KERNELS
from tests.properties.cases import assert_same, flat, ready, value
from tests.properties.proved import LOCAL, NOT_ZONED, VALUES

pytestmark = pytest.mark.filterwarnings("ignore:rank_order:segregation_tools.errors.DataWarning")

SIDE = 100.0
UTM = CRS(32610)
KILOMETRES = CRS.from_proj4("+proj=utm +zone=10 +datum=WGS84 +units=km +no_defs")
FEET = CRS.from_proj4("+proj=utm +zone=10 +datum=WGS84 +units=us-ft +no_defs")


def zones(pop):
    """Zones by place, so that they hold the same units in any order of rows and any unit of length."""
    cells = ((pop.geography.centroids - 0.3) // (2 * SIDE)).astype(int)
    return sgt.Zones(cells["x"] * 100_000 + cells["y"])


def inverse_distance(pop):
    points = pop.geography.centroids.to_numpy()
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    return sgt.Neighbours(1 / (1 + apart / apart.max()))


RECIPES = {
    **{kernel: lambda pop, kernel=kernel: sgt.Radius(1.5 * SIDE, kernel) for kernel in KERNELS},
    "queen": lambda pop: sgt.Contiguity(),
    "rook, two steps": lambda pop: sgt.Contiguity(2, "rook"),
    "gaps closed": lambda pop: sgt.Contiguity(tolerance=5, rule="rook"),
    "units": lambda pop: sgt.NearestUnits(6),
    "people": lambda pop: sgt.NearestPeople(150),
    "people, in part": lambda pop: sgt.NearestPeople(150, last_ring="proportional"),
    "zones": zones,
    "given": inverse_distance,
}
few = settings(max_examples=15)
each = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@st.composite
def squares(draw):
    """Counts on a lattice of squares, full of ties, far from the origin."""
    shape = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    counts = chance.integers(0, 60, (draw(st.integers(2, 4)), shape[0] * shape[1]))
    counts[:, 0] += 1
    boxes = [
        shapely.box(
            630_000.3 + c * SIDE, 4_270_000.7 + r * SIDE, 630_000.3 + (c + 1) * SIDE, 4_270_000.7 + (r + 1) * SIDE
        )
        for r in range(shape[0])
        for c in range(shape[1])
    ]
    frame = geopandas.GeoDataFrame(dict(enumerate(counts.astype(float))), geometry=boxes, crs=UTM)
    return frame.set_axis([f"u{i}" for i in range(len(frame))])


def read(frame):
    return sgt.Population.from_frame(frame, [name for name in frame if name != "geometry"])


def met(frame, recipe):
    pop = read(frame)
    return pd.DataFrame(pop.within(recipe(pop)).environment.T, index=pop.units)


@each
@given(frame=squares(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter_ties_included(recipe, frame, seed):
    shuffled = frame.sample(frac=1, random_state=seed)
    assert_same(met(shuffled, recipe).loc[frame.index], met(frame, recipe))


@each
@pytest.mark.parametrize("crs", [KILOMETRES, FEET], ids=["kilometres", "feet"])
@given(frame=squares())
def test_the_unit_of_length_does_not_matter(recipe, crs, frame):
    smaller = 1 / crs.axis_info[0].unit_conversion_factor
    shapes = frame.scale(smaller, smaller, origin=(0, 0)).set_crs(crs, allow_override=True)
    other = frame.set_geometry(shapes)
    assert_same(met(other, recipe), met(frame, recipe))


@each
@given(frame=squares())
def test_a_unit_divided_in_halves_changes_nothing(recipe, frame):
    names = [name for name in frame if name != "geometry"]
    half = frame.iloc[:1].copy()
    half[names] /= 2
    divided = pd.concat([half, half.set_axis(["other half"]), frame.iloc[1:]])
    answer, again = met(frame, recipe), met(divided, recipe)
    assert_same(again.loc[frame.index], answer)
    assert_same(again.loc["other half"], answer.iloc[0])


class Held:
    """An environment that was worked out before."""

    linear = includes_self = False

    def __init__(self, met):
        self.met = met

    def on(self, geography):
        return self

    def strips(self, counts):
        yield slice(None), self.met


def of_two(index, pop):
    return pop[list(pop.groups[:2])] if index.groups == 2 else pop


@each
@few
@given(frame=squares())
def test_every_index_reads_residents_and_whom_they_meet_and_nothing_else(recipe, frame):
    pop = read(frame)
    for index in VALUES:
        near = of_two(index, pop)
        near = near.within(recipe(near))
        answer = flat(value(index, near))
        assert np.isfinite(answer).all()
        held = sgt.Population(near.counts, near.groups).within(Held(near.environment))
        assert_same(flat(value(index, held)), answer)


@each
@few
@given(frame=squares())
def test_the_mean_of_local_values_is_the_value(recipe, frame):
    for index in LOCAL:
        if index.dimension == "evenness":
            near = of_two(index, read(frame))
            near = near.within(recipe(near))
            local = ready(index, near).local(near)
            assert_same(np.nansum(local * near.sizes) / near.sizes.sum(), value(index, near))


@each
@given(frame=squares())
def test_rows_of_exposure_add_up_to_one(recipe, frame):
    pop = read(frame)
    assert_same(sgt.exposure(pop.within(recipe(pop))).sum(axis=1), 1)


SMALLEST = {
    **{kernel: sgt.Radius(1e-3, kernel) for kernel in KERNELS},
    "radius of nothing": sgt.Radius(0),
    "one unit": sgt.NearestUnits(1),
    "one person": sgt.NearestPeople(1e-3),
    "one person, in part": sgt.NearestPeople(1e-3, last_ring="proportional"),
}


@pytest.mark.parametrize("recipe", SMALLEST.values(), ids=SMALLEST)
@few
@given(frame=squares())
def test_the_smallest_environment_is_the_unit(recipe, frame):
    pop = read(frame)
    for index in VALUES:
        if index.__name__ not in NOT_ZONED:  # surfaces count whom empty units would meet, and how many
            pair = of_two(index, pop)
            assert_same(value(index, pair.within(recipe)), value(index, pair))


LARGEST = {
    **{kernel: sgt.Radius(1e9, kernel) for kernel in KERNELS},
    "contiguity": sgt.Contiguity(8),
    "units": sgt.NearestUnits(999),
    "people": sgt.NearestPeople(1e9),
    "people, in part": sgt.NearestPeople(1e9, last_ring="proportional"),
}


@pytest.mark.parametrize("recipe", LARGEST.values(), ids=LARGEST)
@given(frame=squares())
def test_who_meets_everyone_is_not_segregated(recipe, frame):
    pop = read(frame)
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.gini):
        assert abs(index(pop.within(recipe))) < 1e-6  # kernels fall off a little even within 10⁹ metres
    assert_same(sgt.dissimilarity(pop.within(sgt.Radius(1e9))), 0)


@given(frame=squares())
def test_two_steps_are_the_neighbours_of_neighbours(frame):
    one = read(frame).geography.adjacency("rook").toarray() > 0
    two = read(frame).within(sgt.Contiguity(2, "rook")).surroundings.weights.toarray() > 0
    np.testing.assert_array_equal(two, (one @ one) | one | np.eye(len(frame), dtype=bool))


@given(frame=squares(), k=st.integers(1, 400))
def test_a_ring_in_part_makes_it_exactly_k_people(frame, k):
    pop = read(frame)
    people = pop.within(sgt.NearestPeople(k, last_ring="proportional")).environment.sum(axis=0)
    assert_same(people, min(k, pop.sizes.sum()))
    assert (pop.within(sgt.NearestPeople(k)).environment.sum(axis=0) >= people - 1e-9).all()
