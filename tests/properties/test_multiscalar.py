"""What the theory says of distortion, of trajectories, and of centralization around every unit."""

import math
from itertools import pairwise

import geopandas
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import segregation_tools as sgt
from segregation_tools.indices.multiscalar import _most_distorted
from segregation_tools.kernels.trajectories import sum_binned, sum_trajectories
from tests.properties.cases import assert_same
from tests.properties.test_environments import read
from tests.properties.test_maps import strips
from tests.reference import maps as plain

few = settings(max_examples=25)
RAW = {"over": "units", "focal": False, "normalized": False}


def scattered(units, groups=3, seed=0):
    chance = np.random.default_rng(seed)
    places = chance.random((units, 2)) * 10_000
    drift = np.stack([places[:, 0], places[:, 1], np.full(units, 5000.0)][:groups])
    counts = chance.poisson(drift / 50) + 1.0
    frame = {f"g{i}": row for i, row in enumerate(counts)}
    points = geopandas.points_from_xy(600_000 + places[:, 0], 4_200_000 + places[:, 1], crs=32610)
    return sgt.Population.from_frame(geopandas.GeoDataFrame(frame, geometry=points), list(frame))


@pytest.mark.parametrize("focal", [True, False])
@pytest.mark.parametrize("over", ["people", "units"])
@few
@given(frame=strips())
def test_distortion_is_what_a_plain_walk_gives(over, focal, frame):
    pop = read(frame)
    twin = plain.distortion(pop.counts, pop.geography.centroids.to_numpy(), over, focal)
    found = sgt.distortion.local(pop, over=over, focal=focal, normalized=False)
    assert_same(found, np.array(twin, dtype=float), 1e-9)


@few
@given(frame=strips(), nearest=st.sampled_from([2, 4, 7, math.inf]))
def test_centralization_around_units_compares_all_pairs_nearby(frame, nearest):
    pop = read(frame)
    twin = plain.local_centralization(pop.counts, pop.geography.centroids.to_numpy(), min(nearest, 99))
    assert_same(sgt.local_centralization(pop, nearest=nearest), np.array(twin, dtype=float), 1e-9)


@few
@given(frame=strips(), over=st.sampled_from(["people", "units"]))
def test_the_index_is_the_mean_over_residents(frame, over):
    pop = read(frame)
    index = sgt.distortion.bind(over=over, normalized=over == "people")
    local = index.local(pop)
    lived = pop.sizes > 0
    assert index(pop) == pytest.approx(pop.sizes[lived] @ local[lived] / pop.sizes.sum())
    assert local.isna().to_numpy().tolist() == (~lived).tolist()


@few
@given(frame=strips(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter_to_units(frame, seed):
    shuffled = read(frame.sample(frac=1, random_state=seed))
    for index in (sgt.distortion, sgt.local_centralization.bind(nearest=4)):
        assert_same(index.local(shuffled).sort_index(), index.local(read(frame)).sort_index(), 1e-9)


@few
@given(frame=strips())
def test_distortion_lies_between_an_even_city_and_nested_ghettos(frame):
    pop = read(frame)
    local = sgt.distortion.local(pop).dropna()
    assert (local > -1e-12).all()
    assert (local < 1 + 1e-12).all()
    even = pop.redrawn(np.outer(pop.group_totals, pop.sizes) / pop.sizes.sum())
    assert sgt.distortion(even) == pytest.approx(0, abs=1e-12)


def test_in_nested_ghettos_the_midst_of_the_smallest_group_is_the_most_distorted():
    sizes = np.array([50, 150, 800])
    counts = np.zeros((3, 1, sizes.sum()))
    for group, (first, last) in enumerate(zip([0, 50, 200], np.cumsum(sizes), strict=True)):
        counts[group, 0, first:last] = 1
    city = sgt.Population(counts, ["s", "m", "l"], geography=sgt.Grid(1, 1000, cell_size=10))
    local = sgt.distortion.local(city)[0]
    assert local[0] == local.max() == pytest.approx(1, abs=3e-3)
    assert local[0] < 1


@pytest.mark.parametrize("totals", [[1.0, 1.0], [3.0, 40.0, 5.0], [1e-3, 7.0, 7.0, 900.0]])
def test_the_largest_distortion_is_the_integral_of_its_trajectory(totals):
    by_size = np.sort(totals)
    everyone = by_size.sum()

    def divergence(n):
        inside = np.clip(n - np.append(0, np.cumsum(by_size)[:-1]), 0, by_size)
        p = inside[inside > 0] / n
        return float(p @ np.log(p * everyone / by_size[inside > 0]))

    edges = np.append(0, np.cumsum(by_size))
    area = sum(quad(divergence, a, b, limit=200)[0] for a, b in pairwise(edges))
    assert _most_distorted(np.array(totals)) == pytest.approx(area / everyone, rel=1e-7)


def test_over_units_it_adds_up_the_divergence_of_the_nearest():
    pop = scattered(30)
    steps = [sgt.divergence.local(pop.within(sgt.NearestUnits(k))) for k in range(1, 31)]
    assert_same(sgt.distortion.local(pop, **RAW), sum(steps), 1e-9)


def test_a_trajectory_is_the_divergence_of_the_nearest_people():
    pop = scattered(30)
    walk = sgt.divergence_trajectories(pop, units=[7])
    for people, divergence in zip(walk["people"], walk["divergence"], strict=True):
        assert divergence == pytest.approx(sgt.divergence.local(pop.within(sgt.NearestPeople(people)))[7], abs=1e-10)
    assert walk["divergence"].iloc[0] == pytest.approx(sgt.divergence.local(pop)[7])
    assert walk["divergence"].iloc[-1] == pytest.approx(0, abs=1e-12)
    assert walk["people"].iloc[-1] == pytest.approx(pop.sizes.sum())
    # The focal distances of all thresholds together are the area under the largest divergence still to come.
    to_come = walk["divergence"][::-1].cummax()[::-1]
    area = (to_come * walk["people"].diff().fillna(walk["people"])).sum() / pop.sizes.sum()
    assert sgt.distortion.local(pop, normalized=False)[7] == pytest.approx(area)


def test_how_a_place_is_cut_matters_over_units_and_not_over_people():
    pop = scattered(25)
    halves = read_halves(pop)
    assert_same(sgt.distortion(halves), sgt.distortion(pop))
    assert_same(sgt.distortion(halves, **RAW), 2 * sgt.distortion(pop, **RAW))


def read_halves(pop):
    frame = pop.to_frame()
    frame[list(pop.groups)] /= 2
    return sgt.Population.from_frame(pd.concat([frame, frame], ignore_index=True), list(pop.groups))


def test_two_halves_are_more_distorted_than_a_checkerboard():
    halves, board = (sgt.synthetic_city(kind, rows=8, cols=8) for kind in ("ghetto", "checkerboard"))
    assert sgt.distortion(halves) > sgt.distortion(board) + 0.3


@pytest.mark.parametrize("focal", [True, False])
def test_bins_come_close_to_the_exact_sums(focal):
    pop = scattered(900)
    points, sizes = pop.geography.centroids.to_numpy(), pop.sizes / pop.sizes.sum()
    every = np.arange(len(pop))
    exact = sum_trajectories(points, pop.counts, sizes, every, focal=focal)
    off = [
        np.abs(sum_binned(points, pop.counts, sizes, every, fineness, focal=focal)[0] / exact - 1).mean()
        for fineness in (2, 4, 6, 8)
    ]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 2e-3


@pytest.mark.parametrize("options", [{}, RAW])
@pytest.mark.parametrize("tolerance", [5e-3, 1e-3])
def test_the_tolerance_holds(options, tolerance):
    for pop in (scattered(700), sgt.synthetic_city("random", rows=26, cols=26, rng=3)):
        exact = sgt.distortion.local(pop, **options)
        close = sgt.distortion.local(pop, tolerance=tolerance, **options)
        assert np.abs(close / exact - 1).mean() <= 1.5 * tolerance  # kept on 64 units, held for all


def test_the_number_of_threads_changes_no_bit():
    pop = scattered(300)
    before = numba.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(min(threads, before))
            found.append([sgt.distortion.local(pop), sgt.distortion.local(pop, tolerance=0.01)])
            found[-1].append(sgt.local_centralization(pop.versus("g0"), nearest=9))
    finally:
        numba.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        assert one.equals(other)


def test_around_a_centre_it_is_relative_centralization():
    pop = scattered(40, groups=2)
    at = pop.geography.centroids.iloc[11].tolist()
    assert sgt.local_centralization(pop, nearest=math.inf)[11] == pytest.approx(
        sgt.relative_centralization(pop, center=at)
    )
    apart = np.hypot(*(pop.geography.centroids.to_numpy() - at).T)
    reach = np.sort(apart)[8]
    within = sgt.relative_centralization(pop, center=at, reach=reach)
    assert sgt.local_centralization(pop, nearest=9)[11] == pytest.approx(within)


def test_where_one_group_is_absent_it_is_undefined():
    city = sgt.synthetic_city("ghetto", groups=["west", "east"])
    local = sgt.local_centralization(city, nearest=5)
    assert np.isnan(local[0])
    assert np.isfinite(local[4])
    for index in (sgt.relative_centralization, sgt.absolute_centralization):
        with pytest.warns(sgt.UndefinedWarning, match="within reach=150 of a centre one of the groups is absent"):
            assert np.isnan(index(city[["east", "west"]], center=(50, 50), reach=150))
    with pytest.warns(sgt.UndefinedWarning, match="only one group has people"):
        assert np.isnan(sgt.distortion(sgt.Population([[[3, 4]]], ["a"], geography=sgt.Grid(1, 2, cell_size=1))))


def test_options_are_refused_by_name():
    city = sgt.synthetic_city("ghetto")
    with pytest.raises(sgt.OptionError, match="over must be one of"):
        sgt.distortion(city, over="rooms")
    with pytest.raises(sgt.OptionError, match="normalized=False"):
        sgt.distortion(city, over="units")
    with pytest.raises(sgt.OptionError, match="tolerance must be a relative error"):
        sgt.distortion(city, tolerance=-1)
    with pytest.raises(sgt.OptionError, match="needs nearest=10"):
        sgt.local_centralization(city)
    with pytest.raises(sgt.OptionError, match="nearest must be a whole number of units"):
        sgt.local_centralization(city, nearest=2.5)
    with pytest.raises(sgt.OptionError, match="reach must be a distance in metres"):
        sgt.relative_centralization(city, center="mean", reach="far")
    with pytest.raises(sgt.DataError, match="no unit with residents bears these labels: 'x'"):
        sgt.divergence_trajectories(city, units=["x"])
    for wrong in ("ab", 3, []):
        with pytest.raises(sgt.OptionError, match=r"units must be a list of labels, such as units=\[0\]"):
            sgt.divergence_trajectories(city, units=wrong)
    with pytest.raises(sgt.CapabilityError, match="reads the map itself"):
        sgt.divergence_trajectories(city.within(sgt.Radius(100)))
    with pytest.raises(sgt.CapabilityError, match=r"name some of them, units="):
        sgt.divergence_trajectories(scattered(5000))


def test_from_an_island_the_city_is_no_single_bin():
    chance = np.random.default_rng(5)
    places = chance.random((900, 2)) * 1000
    places[0] = [100_000, 100_000]
    counts = chance.integers(1, 9, (2, 900)).astype(float)
    frame = geopandas.GeoDataFrame(dict(enumerate(counts)), geometry=geopandas.points_from_xy(*places.T))
    exact, close = (sgt.distortion.local(frame, groups=[0, 1], tolerance=tolerance) for tolerance in (0.0, 0.02))
    assert close[0] == exact[0]
    assert np.abs(close / exact - 1).mean() <= 0.03


def test_all_at_one_place_is_one_step():
    counts = {"a": np.arange(200.0), "b": np.arange(200.0)[::-1]}
    for at in ((0, 0), (4e6, 4e6)):
        frame = geopandas.GeoDataFrame(counts, geometry=geopandas.points_from_xy([at[0]] * 200, [at[1]] * 200))
        for tolerance in (0.0, 0.01):
            assert sgt.distortion(frame, groups=["a", "b"], tolerance=tolerance) == 0
