"""What the theory says of the indices that read the map."""

import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from tests.properties.cases import assert_same, flat, proves
from tests.properties.proved import ON_MAPS
from tests.properties.test_environments import FEET, KILOMETRES, SIDE, UTM, read
from tests.reference import maps as plain

OPTIONS = {"decay": 150.0, "center": "mean", "nearest": 5}
PAIRS = ["spatial_proximity", "absolute_clustering", "relative_clustering", "distance_decay_exposure"]
OWN = ["massey_denton", "white", "zero", "left_out"]
few = settings(max_examples=25)


def ready(index, **more):
    return index.bind(**{name: OPTIONS[name] for name in index.about.needs}, **more)


@st.composite
def strips(draw):
    """Rectangles of several widths in two rows, some of them empty, far from the origin."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    cols = draw(st.integers(2, 5))
    widths = chance.integers(1, 4, cols)
    widths[[0, -1]] = 1, 3
    edges = np.append(0, np.cumsum(widths)) * SIDE
    counts = chance.integers(0, 60, (2, 2 * cols)) * chance.integers(0, 2, 2 * cols)
    counts[:, 0] += [1, 90]
    counts[:, -1] += [2, 90]
    boxes = [
        shapely.box(
            630_000.3 + edges[c], 4_270_000.7 + r * SIDE, 630_000.3 + edges[c + 1], 4_270_000.7 + (r + 1) * SIDE
        )
        for r in range(2)
        for c in range(cols)
    ]
    frame = geopandas.GeoDataFrame(dict(enumerate(counts.astype(float))), geometry=boxes, crs=UTM)
    return frame.set_axis([f"u{i}" for i in range(len(frame))])


def measured(index, frame):
    """Numbers of the answer; those of units in the order of their labels."""
    with np.errstate(all="raise"):
        answer = index(read(frame))
    return flat(answer.sort_index() if index.answer == "units" else answer)


@proves("rows", among=ON_MAPS)
@few
@given(frame=strips(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(index, frame, seed):
    shuffled = frame.sample(frac=1, random_state=seed)
    assert_same(measured(ready(index), shuffled), measured(ready(index), frame), 1e-9)


@proves("length")
@pytest.mark.parametrize("crs", [KILOMETRES, FEET], ids=["kilometres", "feet"])
@few
@given(frame=strips())
def test_the_unit_of_length_does_not_matter(index, crs, frame):
    smaller = 1 / crs.axis_info[0].unit_conversion_factor
    shapes = frame.scale(smaller, smaller, origin=(0, 0)).set_crs(crs, allow_override=True)
    assert_same(measured(ready(index), frame.set_geometry(shapes)), measured(ready(index), frame), 1e-8)


@proves("size", among=ON_MAPS)
@few
@given(frame=strips(), factor=st.sampled_from([0.25, 7.0]))
def test_scaling_all_counts_changes_nothing(index, frame, factor):
    more = frame.copy()
    for name in (0, 1):
        more[name] = frame[name] * factor
    assert_same(measured(ready(index), more), measured(ready(index), frame), 1e-9)


@pytest.mark.parametrize("self_distance", OWN)
@pytest.mark.parametrize("name", PAIRS)
@few
@given(frame=strips(), decay=st.sampled_from([40.0, 300.0, 5000.0]))
def test_pair_by_pair_it_is_the_same(name, self_distance, frame, decay):
    pop = read(frame)
    place = pop.geography.centroids.to_numpy(), pop.geography.areas.to_numpy(), decay, self_distance
    index = getattr(sgt, name).bind(decay=decay, self_distance=self_distance)
    assert_same(index(pop), np.array(getattr(plain, name)(pop.counts, *place)), 1e-8)


@pytest.mark.parametrize("standardize", ["global", "rows"])
@pytest.mark.parametrize("weights", ["adjacent", "border", "border_shape"])
@few
@given(
    frame=strips(),
    order=st.integers(1, 4),
    falling=st.sampled_from(["exponential", "power"]),
    rate=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_across_borders_it_is_pair_by_pair(weights, standardize, frame, order, falling, rate):
    order = order if weights == "adjacent" else 1
    place = read(frame).geography
    touching, lengths = place.adjacency("rook").toarray(), place.borders.toarray()
    steps = {"order": order, "falling": falling, "rate": rate} if weights == "adjacent" else {}
    index = sgt.boundary_dissimilarity.bind(weights=weights, standardize=standardize, **steps)
    twin = plain.boundary_dissimilarity(
        read(frame).counts, touching, lengths, place.areas.to_numpy(), place.perimeters.to_numpy(), weights, order, falling,
        rate, standardize,
    )  # fmt: skip
    assert_same(index(read(frame)), twin)


@settings(max_examples=5)
@given(frame=strips())
def test_the_proximity_profile_is_the_area_under_its_steps(frame):
    pop = read(frame)
    twin = plain.spatial_proximity_profile(pop.counts, pop.geography.adjacency("queen").toarray(), 4000)
    assert sgt.spatial_proximity_profile(pop) == pytest.approx(twin, abs=0.02)


@few
@given(frame=strips())
def test_centralization_compares_all_pairs(frame):
    pop = read(frame)
    x, y = pop.counts
    places = pop.geography.centroids.to_numpy()
    centers = places[[0, -1]]
    apart = np.min([np.hypot(*(places - at).T) for at in centers], axis=0)
    assert_same(sgt.relative_centralization(pop, center=centers), plain.centralization(x, y, apart))
    areas = pop.geography.areas.to_numpy()
    assert_same(sgt.absolute_centralization(pop, center=centers), plain.centralization(x, areas, apart))


@few
@given(frame=strips())
def test_rows_of_distance_decay_exposure_add_up_to_one(frame):
    assert_same(sgt.distance_decay_exposure(read(frame), decay=200).sum(axis=1), 1)


@few
@given(frame=strips())
def test_contact_that_never_falls_is_the_mix_of_the_region(frame):
    pop = read(frame)
    assert_same(sgt.distance_decay_exposure(pop, decay=1e12), np.tile(pop.mix, (2, 1)), 1e-6)
    assert_same(sgt.spatial_proximity(pop, decay=1e12), 1, 1e-6)
    assert_same(sgt.distance_decay_exposure(pop, decay=1e-3, self_distance="zero"), sgt.exposure(pop))


@few
@given(frame=strips())
def test_the_second_group_mirrors_the_first(frame):
    pop = read(frame)
    swapped = pop[list(pop.groups[::-1])]
    assert_same(sgt.relative_centralization(swapped, center="mean"), -sgt.relative_centralization(pop, center="mean"))
    assert_same(sgt.spatial_proximity(swapped, decay=200), sgt.spatial_proximity(pop, decay=200))
    one, other = (sgt.relative_clustering(p, decay=200) for p in (pop, swapped))
    assert_same((1 + one) * (1 + other), 1)


@pytest.mark.parametrize("name", ["spatial_proximity", "absolute_clustering", "distance_decay_exposure"])
@pytest.mark.parametrize("decay", [100, 300])
def test_two_halves_are_more_clustered_than_a_checkerboard(name, decay):
    halves, board = (sgt.synthetic_city(kind, rows=8, cols=8) for kind in ("ghetto", "checkerboard"))
    index = getattr(sgt, name).bind(decay=decay)
    assert flat(index(halves)).flat[0] > flat(index(board)).flat[0] + 0.1
    assert sgt.dissimilarity(halves) == sgt.dissimilarity(board) == 1


def test_a_group_in_the_middle_is_more_central_than_one_around_it():
    rows, cols = np.mgrid[:7, :7]
    middle = (np.maximum(abs(rows - 3), abs(cols - 3)) < 2).astype(float)
    ring = (np.maximum(abs(rows - 3), abs(cols - 3)) == 3).astype(float)
    land = sgt.Grid(7, 7, cell_size=100)
    first, second = (sgt.Population(np.stack([x, 1 - x]) * 10, ["x", "y"], geography=land) for x in (middle, ring))
    for index in (sgt.absolute_centralization, sgt.relative_centralization):
        assert index(first, center="mean") > 0.5 > -0.5 > index(second, center="mean")


def test_a_group_on_little_land_is_concentrated():
    frame = geopandas.GeoDataFrame(
        {"x": [40.0, 10, 0], "y": [10.0, 40, 50]}, geometry=[shapely.box(0, 0, s, 1) for s in (1, 2, 9)]
    )
    pop = sgt.Population.from_frame(frame, ["x", "y"])
    other = pop[["y", "x"]]
    assert sgt.absolute_concentration(pop) > sgt.absolute_concentration(other)
    assert sgt.relative_concentration(pop) > 0 > sgt.relative_concentration(other)
    assert sgt.delta(pop) > sgt.delta(other)


def test_units_of_one_area_tell_nothing_of_concentration():
    city = sgt.synthetic_city("ghetto")
    for index in (sgt.absolute_concentration, sgt.relative_concentration):
        with pytest.warns(sgt.UndefinedWarning, match="all units where people live are of one area"):
            assert np.isnan(index(city))


def test_what_is_missing_is_said_with_the_mend(tracts):
    city = sgt.synthetic_city("ghetto", kind="points")
    for index, words in (
        (sgt.spatial_proximity, r"needs decay=1000\.0, the metres over which proximity falls"),
        (sgt.distance_decay_exposure, "needs decay="),
        (sgt.absolute_centralization, r"needs center=\(x, y\)"),
    ):
        with pytest.raises(sgt.OptionError, match=words):
            index(city)
    with pytest.raises(sgt.GeographyError, match=r"units without one, such as points.*Give polygons"):
        sgt.delta(city)
    with pytest.raises(sgt.GeographyError, match="no geometry"):
        sgt.delta(sgt.Population([[1, 2], [3, 4]], ["a", "b"]))
    with pytest.raises(sgt.GeographyError, match="to_crs"):
        sgt.delta(tracts, groups=["white", "black"])
    with pytest.raises(sgt.CapabilityError, match="reads the map itself"):
        sgt.spatial_proximity(city.within(sgt.Radius(100)), decay=100)
    for wrong in (0, -5, "far", float("nan")):
        with pytest.raises(sgt.OptionError, match="decay must be a distance in metres, above 0"):
            sgt.spatial_proximity(sgt.synthetic_city("ghetto"), decay=wrong)
    for wrong in ("downtown", 5, [1, 2, 3], [(np.nan, 0)], [], object()):
        with pytest.raises(sgt.OptionError, match="center must be"):
            sgt.relative_centralization(city, center=wrong)
    with pytest.raises(sgt.OptionError, match="self_distance must be one of"):
        sgt.spatial_proximity(sgt.synthetic_city("ghetto"), decay=5, self_distance="half")
    for refused in (sgt.delta.local, sgt.delta.partial):
        with pytest.raises(sgt.CapabilityError, match=r"map|units"):
            refused(sgt.synthetic_city("ghetto"))


def test_land_elsewhere_makes_no_two_areas_alike():
    parcels = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 30, 15)]
    frame = geopandas.GeoDataFrame({"a": [10.0, 0], "b": [0.0, 90]}, geometry=parcels)
    desert = geopandas.GeoDataFrame({"a": [0.0], "b": [0.0]}, geometry=[shapely.box(30, 0, 1e6, 4e5)])
    for index in (sgt.absolute_concentration, sgt.relative_concentration):
        with_desert = index(pd.concat([frame, desert], ignore_index=True), groups=["a", "b"])
        assert with_desert == pytest.approx(index(frame, groups=["a", "b"]))


def test_where_nobody_is_near_anybody_the_value_is_undefined():
    blocks = [shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 3000, 1000), shapely.box(3000, 0, 9000, 1000)]
    frame = geopandas.GeoDataFrame({"a": [50.0, 20, 30], "b": [10.0, 60, 30]}, geometry=blocks)
    for name in PAIRS:
        with pytest.warns(sgt.UndefinedWarning, match=r"with decay=0\.5 nobody is near anybody"):
            assert np.isnan(flat(getattr(sgt, name)(frame, groups=["a", "b"], decay=0.5))).all()
    alone = frame.assign(b=[0.0, 0, 9])
    with pytest.warns(sgt.UndefinedWarning, match="nobody is near"):
        assert np.isnan(sgt.relative_clustering(alone, groups=["a", "b"], decay=500, self_distance="left_out"))
    one = frame.iloc[:1]
    with pytest.warns(sgt.UndefinedWarning, match="only one unit has residents"):
        assert np.isnan(sgt.spatial_proximity_profile(one, groups=["a", "b"]))


def test_points_do_where_no_area_is_needed():
    points, squares = (sgt.synthetic_city("ghetto", kind=kind) for kind in ("points", "polygons"))
    for name in PAIRS:
        for own in ("zero", "left_out"):
            index = getattr(sgt, name).bind(decay=200, self_distance=own)
            assert_same(index(points), index(squares))


def test_counts_may_be_of_any_size():
    city = sgt.synthetic_city("gradient")
    for name in PAIRS:
        index = getattr(sgt, name).bind(decay=200)
        for factor in (1e200, 1e-200):
            assert_same(index(city.redrawn(city.counts * factor)), index(city))


def test_areas_of_polygons_that_cross_themselves_are_refused():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 1)])
    frame = geopandas.GeoDataFrame({"a": [5.0, 1], "b": [1.0, 5]}, geometry=[bow, shapely.box(2, 0, 4, 2)])
    with pytest.raises(sgt.GeographyError, match=r"area needs valid polygons.*make_valid"):
        sgt.delta(frame, groups=["a", "b"])


def test_a_table_leaves_out_what_cannot_be_measured():
    frame, groups = pd.DataFrame({"a": [5, 1], "b": [1, 5]}), ["a", "b"]
    assert "dissimilarity" in set(sgt.summary(frame, groups=groups, dimension="evenness")["index"])
    with pytest.warns(sgt.DataWarning, match=r"left out: 'delta'.*no geometry"):
        table = sgt.summary(frame, groups=groups, dimension="concentration")
    assert table["index"].tolist() == ["concentration_profile"]
    with pytest.raises(sgt.DataError, match="without an option that has to be named"):
        sgt.summary(frame, groups=groups, dimension="centralization")
    with pytest.raises(sgt.CapabilityError, match="reads the map itself and no local environment"):
        sgt.profile(sgt.delta, sgt.synthetic_city("ghetto"), radii=[100])


def test_a_centre_in_another_coordinate_system_is_refused():
    blocks = [shapely.box(5e5, 4e6, 501_000, 4_001_000), shapely.box(501_000, 4e6, 502_000, 4_001_000)]
    frame = geopandas.GeoDataFrame({"a": [5.0, 1], "b": [1.0, 5]}, geometry=blocks, crs=UTM)
    point = geopandas.GeoSeries([shapely.Point(501_900, 4_000_500)], crs=UTM)
    there = sgt.relative_centralization(frame, groups=["a", "b"], center=point)
    assert there == sgt.relative_centralization(frame, groups=["a", "b"], center=point.to_frame("geometry")) < 0
    with pytest.raises(sgt.GeographyError, match=r"center is in EPSG:4326, the map in EPSG:32610.*to_crs"):
        sgt.relative_centralization(frame, groups=["a", "b"], center=point.to_crs(4326))
    wrong = (
        [[1.0, 2, 3], [4, 5, 6]],
        pd.DataFrame({"y": [1.0], "x": [2.0]}),
        (True, False),
        [shapely.Point(), point[0]],
    )
    for center in wrong:
        with pytest.raises(sgt.OptionError, match="center must be"):
            sgt.relative_centralization(frame, groups=["a", "b"], center=center)


def test_options_that_would_change_nothing_are_refused():
    city = sgt.synthetic_city("gradient")
    for options, named in (
        ({"weights": "border", "rule": "queen"}, "rule='queen' needs weights='adjacent'"),
        ({"weights": "border", "falling": "power"}, "falling='power' needs weights='adjacent'"),
        ({"weights": "border_shape", "rate": 2.0}, "rate=2.0 needs weights='adjacent'"),
        ({"weights": "border_shape", "order": 2}, "order=2 needs weights='adjacent'"),
        ({"weights": "border", "perimeter": "shared"}, "perimeter='shared' needs weights='border_shape'"),
    ):
        with pytest.raises(sgt.OptionError, match=named):
            sgt.boundary_dissimilarity(city, **options)


def test_a_remark_stays_when_options_are_bound():
    noted = sgt.from_pysal("DistanceDecayIsolation").bind(decay=3.0)
    assert "proximity rises with distance" in repr(noted)
    assert repr(pickle.loads(pickle.dumps(noted))) == repr(noted)  # noqa: S301 — written on the same line


def test_a_centre_may_be_given_in_many_ways():
    city = sgt.synthetic_city("ghetto")
    point = shapely.Point(150, -250)
    answers = {
        sgt.relative_centralization(city, center=center)
        for center in ((150, -250), [150, -250], [(150, -250)], point, [point, point], geopandas.GeoSeries([point]))
    }
    assert len(answers) == 1


def test_the_table_has_what_reads_the_map_where_it_is_asked_for():
    births, groups = sgt.load("nc_births").to_crs(32119), ["white_1974", "nonwhite_1974"]
    assert "delta" not in sgt.summary(births, groups=groups)["index"].tolist()
    table = sgt.summary(births, groups=groups, dimension="concentration")
    assert set(table["index"]) == {"delta", "absolute_concentration", "relative_concentration", "concentration_profile"}


def by_displacement(kind, decay, own):
    """Proximity of the groups of a pattern of 10 × 10 cells of 100 m, derived without looking at any pair of cells.

    Cells that lie (dx, dy) apart are (10 − |dx|)(10 − |dy|) ordered pairs, whatever the pattern. Of two halves, those of one
    column distance dx that stay in their half are 2 (5 − |dx|); on a checkerboard all pairs with dx + dy even are of one
    group; with shares that fall from west to east in equal steps, Σ over columns of p_c p_{c+dx}.
    """
    xx = tt = xt = cells = 0.0
    falling = 1 - (np.arange(10) + 0.5) / 10
    for dx in range(-9, 10):
        for dy in range(-9, 10):
            near = np.exp(-100 * np.hypot(dx, dy) / decay) if (dx, dy) != (0, 0) else own
            rows = 10 - abs(dy)
            both = (10 - abs(dx)) * rows
            if kind == "ghetto":
                alike = max(0, 5 - abs(dx)) * rows
                met = both / 2
            elif kind == "checkerboard":
                alike = both / 2 if (dx + dy) % 2 == 0 else 0
                met = both / 2
            else:
                shifted = falling[max(0, dx) : 10 + min(0, dx)] * falling[max(0, -dx) : 10 + min(0, -dx)]
                alike = shifted.sum() * rows
                met = falling[max(0, dx) : 10 + min(0, dx)].sum() * rows
            xx, xt, tt, cells = xx + near * alike, xt + near * met, tt + near * both, cells + near * both
    people = 100.0  # of each cell
    x_all, t_all = 50 * people, 100 * people
    p_xx, p_tt = xx * people**2 / x_all**2, tt * people**2 / t_all**2
    evenly = x_all / 100**2 * cells  # k of absolute clustering
    acl = (xx * people**2 / x_all - evenly) / (xt * people**2 / x_all - evenly)
    return {"spatial_proximity": p_xx / p_tt, "relative_clustering": 0.0, "absolute_clustering": acl}


@pytest.mark.parametrize("decay", [100.0, 350.0])
@pytest.mark.parametrize(
    ("self_distance", "own_metres"),
    [("massey_denton", np.sqrt(6000)), ("white", 60.0), ("zero", 0.0), ("left_out", np.inf)],
)
@pytest.mark.parametrize("kind", ["ghetto", "checkerboard", "gradient"])
def test_on_ten_by_ten_cells_it_is_what_is_derived_by_hand(kind, self_distance, own_metres, decay):
    city = sgt.synthetic_city(kind, groups=["x", "y"])
    derived = by_displacement(kind, decay, np.exp(-own_metres / decay))
    for name, value in derived.items():
        found = getattr(sgt, name)(city, decay=decay, self_distance=self_distance)
        assert found == pytest.approx(value, rel=1e-10, abs=1e-10), name
