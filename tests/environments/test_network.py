"""By street: against shortest paths that SciPy finds in a full matrix, and against what can be counted on a lattice."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import csgraph

import segregation_tools as sgt
from segregation_tools.kernels.decay import KERNELS
from segregation_tools.kernels.paths import within_reach
from tests.reference import environments as plain

UTM = 32610


def lattice(rows, cols, step=100.0):
    """Streets of a chessboard town, each from one end to the other."""
    lines = [shapely.LineString([(c * step, r * step) for c in range(cols)]) for r in range(rows)]
    lines += [shapely.LineString([(c * step, r * step) for r in range(rows)]) for c in range(cols)]
    return geopandas.GeoDataFrame(geometry=lines, crs=UTM)


def people(points, counts=None):
    counts = np.arange(1.0, 2 * len(points) + 1).reshape(2, -1) if counts is None else counts
    frame = geopandas.GeoDataFrame(dict(zip("ab", counts, strict=True)), geometry=shapely.points(points), crs=UTM)
    return sgt.Population.from_frame(frame, ["a", "b"])


@given(nodes=st.integers(1, 40), seed=st.integers(0, 999), reach=st.sampled_from([0.0, 1.0, 2.5, 100.0]))
def test_bounded_search_finds_what_a_full_matrix_holds(nodes, seed, reach):
    chance = np.random.default_rng(seed)
    lengths = chance.integers(0, 4, (nodes, nodes)) * (chance.random((nodes, nodes)) < 0.15)
    graph = sparse.csr_array(np.triu(lengths, 1) + np.triu(lengths, 1).T, dtype=float)
    sources = chance.permutation(nodes)[: chance.integers(1, nodes + 1)]
    full = csgraph.dijkstra(graph, indices=sources)[:, sources]
    one, other, apart = within_reach(graph.indptr, graph.indices, graph.data, sources, reach)
    found = np.full(full.shape, np.inf)
    found[one, other] = apart
    np.testing.assert_allclose(found, np.where(full <= reach, full, np.inf))


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25)
@given(seed=st.integers(0, 999), metres=st.sampled_from([0, 80, 200, 330, 4000]))
def test_on_a_chessboard_the_way_is_along_and_across(kernel, seed, metres):
    """Units lie on streets, off crossings: the way to another street leads over the nearer crossing."""
    chance = np.random.default_rng(seed)
    corners = chance.integers(0, 5, (12, 2)) * 100.0
    points = corners.copy()
    points[np.arange(12), chance.integers(0, 2, 12)] += chance.integers(0, 4, 12) * 20.0
    points = np.minimum(points, 400)
    counts = chance.integers(0, 30, (2, 12)) + np.eye(2, 12)

    def way(p, q):
        along = np.abs(p - q)
        for axis in (0, 1):
            block = p[axis] // 100 == q[axis] // 100
            if p[axis] % 100 and q[axis] % 100 and block and along[1 - axis] > 0:
                detour = min(p[axis] % 100 + q[axis] % 100, 200 - p[axis] % 100 - q[axis] % 100)
                return detour + along[1 - axis]
        return along.sum()

    near = np.array(
        [[plain.K[kernel](way(p, q) / metres) if metres else way(p, q) == 0 for q in points] for p in points]
    )
    pop = people(points, counts).within(sgt.NetworkRadius(lattice(5, 5), metres, kernel))
    np.testing.assert_allclose(pop.environment, counts @ near.T, rtol=1e-9, atol=1e-9)
    assert (pop.surroundings.snapped == 0).all()


@settings(max_examples=25)
@given(seed=st.integers(0, 999), metres=st.sampled_from([60, 300, 900]))
def test_no_way_by_street_is_shorter_than_the_straight_line(seed, metres):
    chance = np.random.default_rng(seed)
    pop = people(chance.random((20, 2)) * 400)
    by_street = pop.within(sgt.NetworkRadius(lattice(5, 5), metres)).surroundings.weights.toarray() > 0
    places = pop.geography.centroids.to_numpy()
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert (apart[by_street] <= metres * (1 + 1e-9)).all()
    assert by_street.diagonal().all()
    np.testing.assert_array_equal(by_street, by_street.T)


@given(seed=st.integers(0, 99))
@settings(max_examples=20)
def test_rows_of_units_and_halves_of_units_do_not_matter(seed):
    chance = np.random.default_rng(seed)
    points, counts = chance.integers(0, 9, (15, 2)) * 50.0, chance.integers(1, 30, (2, 15)).astype(float)
    recipe = sgt.NetworkRadius(lattice(5, 5), 250, "triangular")
    met = people(points, counts).within(recipe).environment
    order = chance.permutation(15)
    np.testing.assert_allclose(people(points[order], counts[:, order]).within(recipe).environment, met[:, order])
    halves = np.column_stack([counts[:, :1] / 2, counts[:, :1] / 2, counts[:, 1:]])
    divided = people(np.vstack([points[:1], points]), halves).within(recipe).environment
    np.testing.assert_allclose(divided, np.column_stack([met[:, :1], met]))


def test_a_river_without_a_bridge_divides():
    streets = lattice(2, 6)
    pop = people([(100, 0), (400, 0)])
    assert sgt.dissimilarity(pop.within(sgt.NetworkRadius(streets, 1000))) == pytest.approx(0)
    banks = geopandas.GeoDataFrame(geometry=[line for line in streets.geometry if shapely.length(line) < 200], crs=UTM)
    divided = pop.within(sgt.NetworkRadius(banks, 1000))
    np.testing.assert_array_equal(divided.environment, pop.counts)


def test_units_far_from_any_street_are_named_and_stay_alone():
    pop = people([(0, 0), (100, 30), (2000, 2000)])
    with pytest.warns(sgt.DataWarning, match=r"farther than 150 metres from any street: 2\. Their residents meet only"):
        near = pop.within(sgt.NetworkRadius(lattice(3, 3), 150))
    np.testing.assert_array_equal(near.environment, [[3, 3, 3], [9, 9, 6]])
    np.testing.assert_allclose(near.surroundings.snapped, [0, 0, np.hypot(1800, 1800)])
    assert str(near.recipe) == "everyone within 150 metres by street"


def test_streets_that_do_not_fit_are_refused():
    pop, streets = people([(0, 0), (100, 0)]), lattice(2, 2)
    for wrong, words in (
        (
            streets.to_crs(4326),
            r"streets are in EPSG:4326, units in EPSG:32610: streets = streets\.to_crs\(frame\.crs\)",
        ),
        (streets.set_geometry(streets.centroid), "streets must be lines, not 'Point'"),
        (streets.iloc[:0], "streets must be lines, not 'nothing'"),
    ):
        with pytest.raises(sgt.GeographyError, match=words):
            pop.within(sgt.NetworkRadius(wrong, 500))
    with pytest.raises(sgt.DataError, match="streets are a GeoDataFrame of lines, not list"):
        pop.within(sgt.NetworkRadius([1], 500))
    degrees = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black"])
    with pytest.raises(sgt.GeographyError, match="to_crs"):
        degrees.within(sgt.NetworkRadius(streets.to_crs(4269), 500))
    for options in ({"metres": -1}, {"metres": 5, "kernel": "flat"}):
        with pytest.raises(sgt.OptionError):
            sgt.NetworkRadius(streets, **options)


@settings(max_examples=20)
@given(seed=st.integers(0, 99))
def test_a_street_that_is_drawn_twice_is_one_street(seed):
    chance = np.random.default_rng(seed)
    streets = lattice(4, 4)
    pop = people(chance.random((12, 2)) * 300)
    twice = pd.concat([streets, streets.reverse().to_frame("geometry"), streets.iloc[::2]])
    one, other = (pop.within(sgt.NetworkRadius(lines, 200, "triangular")).environment for lines in (streets, twice))
    np.testing.assert_allclose(other, one)


def test_streets_that_are_no_streets_are_refused():
    pop = people([(0, 0), (100, 0)])
    for line, words in (
        (shapely.LineString([(0, 0), (1e-5, 0)]), "streets have no length"),
        (shapely.LineString([(0, 0), (np.inf, 0)]), "infinite or missing"),
    ):
        with pytest.raises(sgt.GeographyError, match=words):
            pop.within(sgt.NetworkRadius(geopandas.GeoSeries([line], crs=UTM), 500))
    with pytest.raises(sgt.DataError, match="streets are a GeoDataFrame of lines, not DataFrame"):
        pop.within(sgt.NetworkRadius(pd.DataFrame({"geometry": [1]}), 500))
    with pytest.raises(sgt.GeographyError, match=r"streets are in no stated system.*set_crs"):
        pop.within(sgt.NetworkRadius(lattice(2, 2).set_crs(None, allow_override=True), 500))
    apart = shapely.MultiLineString([[(0, 0), (0, 50)], [(100, 0), (100, 50)]])
    for shape in (apart, shapely.GeometryCollection([apart])):
        divided = pop.within(sgt.NetworkRadius(geopandas.GeoSeries([shape], crs=UTM), 500))
        np.testing.assert_array_equal(divided.environment, pop.counts)


def test_the_streets_of_another_town_can_be_read():
    streets = sgt.load("streets")
    streets = streets.to_crs(streets.estimate_utm_crs())
    x, y = streets.geometry.iloc[5].coords[0]
    places = shapely.points([(x, y), (x + 200, y), (x, y + 900)])
    frame = geopandas.GeoDataFrame({"a": [1.0, 2, 3], "b": [3.0, 2, 1]}, geometry=places, crs=streets.crs)
    near = sgt.Population.from_frame(frame, ["a", "b"]).within(sgt.NetworkRadius(streets, 3000))
    assert sgt.dissimilarity(near) < sgt.dissimilarity(frame, groups=["a", "b"])
    assert near.surroundings.snapped.iloc[0] < 0.01
