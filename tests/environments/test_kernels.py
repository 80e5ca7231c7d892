"""Every environment against its dense plain twin, on random points with ties and units at one place."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.kernels import nearby
from segregation_tools.kernels.decay import KERNELS
from tests.reference import environments as plain


@st.composite
def places(draw, most=25):
    """Points on a coarse lattice, so that ties and coincidences abound, or anywhere; far from the origin, as maps are."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    size = draw(st.integers(2, most))
    steps = draw(st.sampled_from([3, 6, 0]))
    points = chance.integers(0, steps, (size, 2)) * 100.0 if steps else chance.random((size, 2)) * 600
    origin = draw(st.sampled_from([(0, 0), (630_000.3, 4_270_000.7)]))
    counts = chance.integers(0, 40, (3, size)) * chance.integers(0, 2, size)  # half of the units are empty
    counts[:, 0] += 1
    return points + origin, counts.astype(float)


def located(points, counts):
    frame = geopandas.GeoDataFrame(dict(zip("abc", counts, strict=True)), geometry=shapely.points(points), crs=32610)
    return sgt.Population.from_frame(frame, ["a", "b", "c"])


def close(pop, met):
    np.testing.assert_allclose(pop.environment, met, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel", KERNELS)
@given(both=places(), metres=st.sampled_from([0, 25, 100, 141.4213562373095, 200, 300, 5000]))
def test_radius_equals_all_pairs(kernel, both, metres):
    points, counts = both
    close(located(points, counts).within(sgt.Radius(metres, kernel)), plain.within(points, counts, metres, kernel))


@given(both=places(), k=st.integers(1, 30))
def test_nearest_units_equal_walking_outward(both, k):
    points, counts = both
    met = plain.nearest(points, counts, k, plain.one_per_place(points), partly=False)
    close(located(points, counts).within(sgt.NearestUnits(k)), met)


@pytest.mark.parametrize("last_ring", ["whole", "proportional"])
@given(both=places(), k=st.sampled_from([0.5, 1, 17, 100, 333.3, 1e4]))
def test_nearest_people_equal_walking_outward(last_ring, both, k):
    points, counts = both
    met = plain.nearest(points, counts, k, counts.sum(axis=0), partly=last_ring == "proportional")
    close(located(points, counts).within(sgt.NearestPeople(k, last_ring=last_ring)), met)


@settings(max_examples=10)
@given(seed=st.integers(0, 99), k=st.sampled_from([50, 4_000, 60_000]), many=st.integers(1, 7))
def test_many_units_in_many_chunks_and_threads(seed, k, many):
    """Large enough for many bands, several chunks and searches that start from what was found before."""
    chance = np.random.default_rng(seed)
    points = chance.gamma(0.3, 9_000, (2_500, 2))  # crowded in one corner, sparse elsewhere
    counts = chance.integers(0, 80, (3, 2_500)).astype(float)
    bands = nearby.in_bands(points)
    some = chance.integers(0, 2_500, 5)
    apart = np.hypot(*(points[some, None] - points).transpose(2, 0, 1))
    near = nearby.sum_within(bands, counts, 100.0 * many, "biweight")[:, some]
    weights = np.maximum(0, 1 - (apart / (100.0 * many)) ** 2) ** 2
    np.testing.assert_allclose(near, counts @ weights.T, rtol=1e-10, atol=1e-10)
    met = nearby.sum_nearest(bands, counts, counts.sum(axis=0), k)[:, some]
    for i, row in enumerate(apart):
        order = np.argsort(row)
        reached = np.cumsum(counts.sum(axis=0)[order])
        np.testing.assert_allclose(met[:, i], counts[:, order[: np.searchsorted(reached, k) + 1]].sum(axis=1))


def test_the_answer_does_not_depend_on_threads():
    import numba

    chance = np.random.default_rng(5)
    bands, counts = nearby.in_bands(chance.random((9_000, 2))), chance.random((4, 9_000))
    answers = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            answers.append(
                (
                    nearby.sum_within(bands, counts, 0.05, "gaussian"),
                    nearby.sum_nearest(bands, counts, counts.sum(0), 90),
                )
            )
        finally:
            numba.set_num_threads(before)
    np.testing.assert_array_equal(*answers)


def test_work_that_fails_fails():
    from segregation_tools.kernels.pool import in_chunks

    def broken(first, last):
        if first:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_chunks(broken, 9_000, 100)


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("kind", ["polygons", "grid"])
@given(seed=st.integers(0, 99), order=st.integers(1, 4), own=st.sampled_from([0.5, 1.0, 3.0]))
def test_contiguity_equals_steps_on_a_lattice(rule, kind, seed, order, own):
    counts = np.random.default_rng(seed).integers(1, 50, (2, 4, 5)).astype(float)
    if kind == "grid":
        pop = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(4, 5, cell_size=100))
    else:
        squares = [shapely.box(c, -r - 1, c + 1, -r) for r in range(4) for c in range(5)]
        frame = geopandas.GeoDataFrame(dict(zip("ab", counts.reshape(2, -1), strict=True)), geometry=squares)
        pop = sgt.Population.from_frame(frame, ["a", "b"])
    steps = plain.touching(4, 5, rule)
    met = counts.reshape(2, -1) @ ((steps > 0) & (steps <= order)) + own * counts.reshape(2, -1)
    close(pop.within(sgt.Contiguity(order, rule, self_weight=own)), met.reshape(pop.counts.shape))


@given(both=places(), metres=st.sampled_from([50, 150, 400]))
def test_a_grid_meets_as_its_cells_do_as_points(both, metres):
    _, counts = both
    grid = sgt.Grid(1, counts.shape[1], cell_size=100)
    cells = sgt.Population(counts[:, None], ["a", "b", "c"], geography=grid)
    for recipe in (sgt.Radius(metres, "triangular"), sgt.NearestUnits(3), sgt.NearestPeople(metres)):
        points = located(grid.centroids.to_numpy(), counts)
        np.testing.assert_allclose(cells.within(recipe).environment[:, 0], points.within(recipe).environment)


@given(both=places(), seed=st.integers(0, 99))
def test_given_weights_equal_adding_up_by_hand(both, seed):
    import libpysal
    from scipy import sparse

    _, counts = both
    size = counts.shape[1]
    chance = np.random.default_rng(seed)
    weights = chance.random((size, size)) * (chance.random((size, size)) < 0.4)
    np.fill_diagonal(weights, 1)
    pop = sgt.Population(counts, ["a", "b", "c"], units=[f"u{i}" for i in range(size)])
    met = np.array([sum(weights[i, j] * counts[:, j] for j in range(size)) for i in range(size)]).T
    shuffled = chance.permutation(size)
    mixed = sparse.csr_array(weights[shuffled][:, shuffled])
    graph = libpysal.graph.Graph.from_sparse(mixed, ids=pop.units[shuffled])
    for given_weights in (weights, sparse.coo_array(weights), graph):
        close(pop.within(sgt.Neighbours(given_weights)), met)
    close(pop.within(sgt.Neighbours(weights, self_weight=2.5)), met + 1.5 * counts)
