"""What the theory says of the least movement that evens a city."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.kernels.transport import cheapest_flow
from tests.properties.cases import assert_same
from tests.properties.test_environments import read
from tests.properties.test_maps import strips
from tests.reference import maps as plain

few = settings(max_examples=40)


def evened(pop, moves):
    """Counts after the moves."""
    after = pop.to_frame()[list(pop.groups)].astype(float)
    for group, start, end, people in moves[["group", "from", "to", "people"]].itertuples(index=False):
        after.loc[start, group] -= people
        after.loc[end, group] += people
    return after


def on_a_line(counts, gaps):
    frame = geopandas.GeoDataFrame(
        dict(enumerate(counts)), geometry=shapely.points(np.append(0, np.cumsum(gaps)), np.zeros(len(gaps) + 1))
    )
    return sgt.Population.from_frame(frame, list(range(len(counts))))


@few
@given(frame=strips())
def test_no_plan_is_cheaper(frame):
    pop = read(frame)
    everyone, mix = pop.sizes.sum(), pop.mix.to_numpy()
    effort = plain.least_effort(pop.counts, pop.geography.centroids.to_numpy())
    assert_same(sgt.dissimilarity_in_metres(pop), effort / (everyone * (mix * (1 - mix)).sum()), 1e-8)


@few
@given(frame=strips())
def test_the_moves_even_the_city_and_are_as_many_as_d_says(frame):
    pop = read(frame)
    moves = sgt.least_movement(pop)
    after = evened(pop, moves)
    assert_same(after, np.outer(pop.sizes, pop.mix), 1e-8)
    at_most = pop.sizes.sum() * (pop.mix * (1 - pop.mix)).sum()
    assert moves["people"].sum() == pytest.approx(sgt.dissimilarity(pop) * at_most, abs=1e-8)
    effort = (moves["people"] * moves["metres"]).sum()
    assert effort / at_most == pytest.approx(sgt.dissimilarity_in_metres(pop), abs=1e-8)
    assert (moves["people"] > 0).all()


@st.composite
def lines(draw):
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    units = draw(st.integers(2, 40))
    counts = chance.integers(0, 9, (draw(st.integers(2, 4)), units)).astype(float)
    counts[:, 0] += 1
    return counts, chance.integers(0, 4, units - 1) * 100.0


@few
@given(line=lines())
def test_along_a_line_it_is_the_area_between_the_two_distributions(line):
    counts, gaps = line
    pop = on_a_line(counts, gaps)
    surplus = counts - np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    effort = (np.abs(np.cumsum(surplus, axis=1)[:, :-1]) * gaps).sum()
    mix = counts.sum(axis=1) / counts.sum()
    assert_same(sgt.dissimilarity_in_metres(pop), effort / (counts.sum() * (mix * (1 - mix)).sum()), 1e-9)


def test_nobody_moves_in_an_even_city():
    even = sgt.Population(np.outer([1, 2, 4], [3, 8, 5]).reshape(3, 1, 3), ["a", "b", "c"],
                          geography=sgt.Grid(1, 3, cell_size=100))  # fmt: skip
    assert sgt.dissimilarity_in_metres(even) == 0
    assert len(sgt.least_movement(even)) == 0


def test_metres_grow_with_the_city():
    small, large = (sgt.synthetic_city("random", cell_size=side, rng=1) for side in (100, 250))
    assert_same(2.5 * sgt.dissimilarity_in_metres(small), sgt.dissimilarity_in_metres(large))


def test_the_prices_of_a_large_city_prove_the_optimum():
    """Duality: prices that no way undercuts, and that the ways in use just cover, bound every plan from below."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, kron, vstack

    chance = np.random.default_rng(5)
    starts, ends = chance.random((60, 2)) * 1000, chance.random((80, 2)) * 1000
    supply, demand = chance.random(60), chance.random(80)
    demand *= supply.sum() / demand.sum()
    start, end, flow = cheapest_flow(starts, supply, ends, demand)
    away = np.hypot(*(starts[:, None] - ends).transpose(2, 0, 1))
    ways = csr_array(vstack([kron(eye_array(60), np.ones((1, 80))), kron(np.ones((1, 60)), eye_array(80))]))
    prices = linprog(-np.append(supply, demand), A_ub=ways.T, b_ub=away.ravel(), bounds=(None, None), method="highs")
    assert flow @ away[start, end] == pytest.approx(-prices.fun, rel=1e-9)
    assert_same(np.bincount(start, flow, minlength=60), supply)
    assert_same(np.bincount(end, flow, minlength=80), demand)
    assert len(flow) < 60 + 80


def test_a_local_environment_and_missing_places_are_refused():
    city = sgt.synthetic_city("ghetto")
    for measure in (sgt.dissimilarity_in_metres, sgt.least_movement):
        with pytest.raises(sgt.CapabilityError, match="reads the map itself"):
            measure(city.within(sgt.Radius(100)))
        with pytest.raises(sgt.GeographyError, match="no geometry"):
            measure(sgt.Population([[1, 2], [3, 4]], ["a", "b"]))


def test_labels_may_be_tuples():
    labels = [("w", 1), ("b", 2)]
    pop = sgt.Population([[[10, 10, 0, 0]], [[0, 0, 10, 10]]], groups=labels, geography=sgt.Grid(1, 4, cell_size=100))
    moves = sgt.least_movement(pop)
    assert sorted(moves["group"]) == sorted(labels * 2)
    assert set(moves["from"]) == set(pop.units)


@few
@given(frame=strips(), seed=st.integers(0, 99))
def test_units_at_one_place_change_with_each_other_first(frame, seed):
    chance = np.random.default_rng(seed)
    points = frame.set_geometry(frame.geometry.centroid).sample(2 * len(frame), replace=True, random_state=seed)
    points = points.reset_index(drop=True)
    points[[0, 1]] = chance.integers(1, 30, (len(points), 2)).astype(float)
    pop = read(points)
    moves = sgt.least_movement(pop)
    assert_same(evened(pop, moves), np.outer(pop.sizes, pop.mix), 1e-8)
    places = points.geometry.to_wkb()
    at_places = read(points.dissolve(places, aggfunc="sum"))
    share = pop.sizes.sum() * (pop.mix * (1 - pop.mix)).sum()
    assert_same((moves["people"] * moves["metres"]).sum() / share, sgt.dissimilarity_in_metres(at_places), 1e-8)


def test_many_units_at_few_places_take_no_time():
    import time

    places = np.repeat([[0, 0], [500, 0], [0, 700], [900, 900]], 1000, axis=0)
    counts = np.random.default_rng(1).integers(0, 50, (2, 4000)).astype(float)
    frame = geopandas.GeoDataFrame(dict(enumerate(counts)), geometry=shapely.points(places))
    start = time.process_time()
    sgt.dissimilarity_in_metres(frame, groups=[0, 1])
    assert time.process_time() - start < 2


def test_a_rare_group_among_many_people_moves():
    pop = sgt.Population([[[1, 0, 1, 0]], [[1e13] * 4]], ["a", "b"], geography=sgt.Grid(1, 4, cell_size=100))
    assert sgt.dissimilarity_in_metres(pop) == pytest.approx(0.5 * 100, rel=1e-2)
    assert sgt.least_movement(pop)["people"].sum() == pytest.approx(2, rel=1e-2)
