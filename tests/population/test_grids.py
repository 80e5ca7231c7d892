"""Grids: read from rasters, arrays and tables of cells, their places in metres and degrees, and polygons told by them."""

import sys
import tracemalloc
from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from pyproj import CRS, Geod

import segregation_tools as sgt
from segregation_tools.population import rasters
from segregation_tools.population.coverage import covered

TWO = np.array([[[3, 0, 7], [1, 5, 2]], [[1, 2, 0], [4, 0, 6]]], dtype=np.int16)
read = sgt.Population.from_raster


def written(path, bands=TWO, transform=(100, 0, 4_000_000, 0, -100, 3_000_000), names=(), **profile):
    """A GeoTIFF of some bands."""
    rasterio = pytest.importorskip("rasterio")
    shape = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    placed = {} if transform is None else {"transform": rasterio.Affine(*transform)}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:3035", **shape, **placed, **profile) as file:
        file.write(bands)
        if names:
            file.descriptions = names
    return path


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32, np.float64])
def test_an_array_is_the_counts(dtype):
    bands = TWO.astype(dtype)
    pop = read(bands, groups=["a", "b"], cell_size=50, crs=3035)
    assert np.shares_memory(pop.counts, bands)
    assert pop.counts.dtype == dtype
    assert not pop.counts.flags.writeable
    assert bands.flags.writeable
    assert pop.groups == ("a", "b")
    assert pop.geography == sgt.Grid(2, 3, 50, 3035)
    assert read(bands[0], cell_size=50).counts.shape == (1, 2, 3)
    assert sgt.dissimilarity(pop) == sgt.dissimilarity(sgt.Population(bands.reshape(2, -1), ["a", "b"]))


def test_one_cell_is_a_grid():
    pop = read(np.array([[[3]], [[4]]]), cell_size=10)
    assert sgt.dissimilarity(pop) == 0
    assert pop.geography.cell_metres == 10


def test_without_a_size_only_distances_are_refused():
    pop = read(TWO)
    assert sgt.dissimilarity(pop) > 0
    assert pop.geography.adjacency().sum() == 22
    for asked in ("areas", "perimeters", "centroids", "cell_metres", "borders"):
        with pytest.raises(sgt.GeographyError, match="cell_size=100"):
            getattr(pop.geography, asked)


@pytest.mark.parametrize("nodata", [-1, [-1, 99], np.float32(-1)])
def test_where_there_is_no_data_nobody_lives(nodata):
    bands = TWO.copy()
    bands[0, 0, 1] = -1
    pop = read(bands, nodata=nodata)
    assert bands[0, 0, 1] == -1
    assert pop.counts.dtype == np.int16
    np.testing.assert_array_equal(pop.counts, TWO)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("stored", "declared"),
    [
        (np.nan, np.nan),
        (-9999.9, -9999.9),
        (-3.4028234663852886e38, -3.40282306073709653e38),
        (-3.4e38, -3.4e38),
        (-3.4e38, float(np.float32(-3.4e38))),
        (-3.4028234663852886e38, -3.4e38),
        (np.inf, np.inf),
    ],
)
def test_nodata_is_known_however_it_was_rounded(dtype, stored, declared):
    bands = TWO.astype(dtype)
    bands[:, 1, 1] = stored
    pop = read(bands, nodata=declared)
    assert pop.counts[:, 1, 1].tolist() == [0, 0]
    assert pop.group_totals.sum() == TWO.sum() - 5


def test_huge_nodata_of_double_precision():
    bands = TWO.astype(float)
    bands[0, 1, 1] = -1.7976931348623157e308
    assert read(bands, nodata=-1.797693134862315e308).counts[0, 1, 1] == 0


def test_people_are_not_taken_for_nodata():
    bands = np.array([[[9999.0, 9999.05, 1.0]]])
    assert read(bands, nodata=9999).counts[0, 0].tolist() == [0, 9999.05, 1]


def test_a_masked_array_is_read_without_what_is_masked():
    bands = np.ma.masked_array(TWO, mask=np.zeros(TWO.shape, dtype=bool))
    bands[1, 1, 2] = np.ma.masked
    pop = read(bands)
    assert pop.counts[1].tolist() == [[1, 2, 0], [4, 0, 0]]
    assert bands.data[1, 1, 2] == 6


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (np.nan, r"band 'b' holds no value \(NaN\) in cells \(row, col\) \(1, 2\)\..*nodata=float\(\"nan\"\)"),
        (-5.0, r"band 'b' holds negative numbers \(-5.0\) in cells \(row, col\) \(1, 2\)\..*nodata=-5.0"),
        (np.inf, r"'b' holds numbers that cannot be people \(inf\) in cells .*\(1, 2\)"),
        (3.4e38, r"'b' holds numbers that cannot be people .*nodata=3.4e\+38"),
    ],
)
def test_what_cannot_be_people_is_named_with_its_mend(cell, says):
    bands = TWO.astype(float)
    bands[1, 1, 2] = cell
    with pytest.raises(sgt.DataError, match=says):
        read(bands, groups=["a", "b"])


def test_a_mend_keeps_what_was_declared_and_promises_nothing_of_several_values():
    bands = TWO.astype(float)
    bands[0, 0, 0], bands[0, 0, 1] = np.nan, -1
    with pytest.raises(sgt.DataError, match=r"nodata=\[-1, float\(\"nan\"\)\]"):
        read(bands, nodata=-1)
    assert read(bands, nodata=[-1, float("nan")]).counts[0, 0].tolist() == [0, 0, 7]
    with pytest.raises(sgt.DataError, match=r"negative numbers in cells .*\(0, 0\), \(0, 1\)\. Correct them"):
        read(np.array([[[-1, -2, 5]]]))


def test_the_largest_number_of_a_type_is_doubted():
    bands = np.array([[[65535, 3]]], dtype=np.uint16)
    with pytest.warns(sgt.DataWarning, match=r"65535, in cells \(0, 0\).*nodata=65535"):
        assert read(bands).group_totals == 65538
    assert read(bands, nodata=65535).group_totals == 3


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"source": np.zeros(3)}, sgt.DataError, "shape"),
        ({"source": np.zeros((1, 0, 4))}, sgt.DataError, "no cells"),
        ({"source": np.zeros((2, 3, 4))}, sgt.DataError, "nobody lives"),
        ({"source": TWO > 1}, sgt.DataError, "numbers"),
        ({"source": TWO + 1j}, sgt.DataError, "numbers"),
        ({"source": pd.DataFrame({"x": [1]})}, sgt.DataError, "from_cells"),
        ({"source": TWO, "groups": ["a"]}, sgt.GroupError, "1 groups are named, and there are 2 bands"),
        ({"source": TWO, "groups": ["a", "a"]}, sgt.GroupError, "more than once"),
        ({"source": TWO, "cell_size": -1}, sgt.OptionError, "cell_size"),
        ({"source": TWO, "cell_size": "100 m"}, sgt.OptionError, "cell_size"),
        ({"source": TWO, "nodata": "none"}, sgt.DataError, "nodata must be a number"),
    ],
)
def test_arrays_that_are_no_raster(given, error, says):
    with pytest.raises(error, match=says):
        read(**given)


def test_an_empty_band_is_dropped_with_a_warning():
    with pytest.warns(sgt.DataWarning, match="'band_2': dropped"):
        assert read(TWO * np.array([[[1]], [[0]]])).groups == ("band_1",)


# ---------------------------------------------------------------- files


def test_a_file_says_what_it_is(tmp_path):
    pop = read(written(tmp_path / "a.tif", names=("germans", "foreign")))
    np.testing.assert_array_equal(pop.counts, TWO)
    assert pop.counts.dtype == np.int16
    assert not pop.counts.flags.writeable
    assert pop.groups == ("germans", "foreign")
    assert pop.geography == sgt.Grid(2, 3, 100.0, 3035, 4_000_000, 3_000_000)
    assert read(str(tmp_path / "a.tif")).groups == ("germans", "foreign")


def test_bands_are_picked_by_name_and_only_they_are_read(tmp_path):
    path = written(tmp_path / "a.tif", np.stack([*TWO, -TWO[0]]), names=("germans", "foreign", "broken"))
    pop = read(path, groups=["foreign", "germans"])  # the third band would be refused
    np.testing.assert_array_equal(pop.counts, TWO[::-1])
    assert read(path, groups=["foreign"]).groups == ("foreign",)
    for groups, says in (
        (["foreign", "germans", "x"], "'foreign', 'germans' would name another band"),
        (["x", "foreign"], "2 groups are named, and there are 3 bands, called 'germans', 'foreign', 'broken'"),
    ):
        with pytest.raises(sgt.GroupError, match=says):
            read(path, groups=groups)
    with pytest.raises(sgt.GroupError, match="than the one that is called so, of 3 bands, called 'germans'"):
        read(path, groups=["foreign", "germans", "x"])


def test_bands_are_named_in_their_order(tmp_path):
    assert read(written(tmp_path / "a.tif")).groups == ("band_1", "band_2")
    assert read(tmp_path / "a.tif", groups=["x", "y"]).groups == ("x", "y")
    twice = written(tmp_path / "b.tif", names=("x", "x"))
    with pytest.raises(sgt.GroupError, match="more than once"):
        read(twice)
    with pytest.raises(sgt.GroupError, match="several bands are called 'x'"):
        read(twice, groups=["x"])
    assert read(twice, groups=["p", "q"]).groups == ("p", "q")


def test_nodata_of_the_header_is_nobody_and_an_argument_wins(tmp_path):
    bands = TWO.astype(np.float32)
    bands[0, 0, 0] = bands[1, 1, 1] = -3.4028235e38
    pop = read(written(tmp_path / "a.tif", bands, nodata=-3.4028234663852886e38))
    assert pop.group_totals.tolist() == [15, 13]
    assert pop.counts.dtype == np.float32
    bands[0, 0, 0] = bands[1, 1, 1] = 7
    path = written(tmp_path / "b.tif", bands, nodata=7)
    assert read(path).group_totals.tolist() == [8, 13]
    assert read(path, nodata=2).group_totals.tolist() == [20, 18]


def test_a_mask_of_the_file_is_nobody(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    path = written(tmp_path / "a.tif")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.write_mask(np.array([[0, 255, 255], [255, 255, 255]], dtype=np.uint8))
    assert read(path).group_totals.tolist() == [15, 12]


def test_scaled_numbers_are_people(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    bands = TWO.copy()
    bands[0, 0, 0] = -1
    path = written(tmp_path / "a.tif", bands, nodata=-1)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.1, 1.0), (0.0, 0.5)
    pop = read(path)
    np.testing.assert_allclose(pop.counts[0], [[0, 0, 0.7], [0.1, 0.5, 0.2]])
    np.testing.assert_allclose(pop.counts[1], TWO[1] + 0.5)


@pytest.mark.parametrize(
    ("transform", "bands"),
    [
        ((100, 0, 4_000_000, 0, 100, 2_999_800), TWO[:, ::-1]),
        ((-100, 0, 4_000_300, 0, -100, 3_000_000), TWO[:, :, ::-1]),
    ],
)
def test_north_is_up_however_it_was_stored(tmp_path, transform, bands):
    pop = read(written(tmp_path / "a.tif", bands, transform))
    np.testing.assert_array_equal(pop.counts, TWO)
    assert pop.counts.flags.c_contiguous
    assert pop.geography == sgt.Grid(2, 3, 100.0, 3035, 4_000_000, 3_000_000)


@pytest.mark.parametrize(
    ("transform", "says"),
    [
        ((99, 10, 0, 10, -99, 0), "rotated or sheared.*gdalwarp -r sum a.tif a_square.tif"),
        ((100, 0, 0, 0, -50, 0), "100 wide and 50 high.*gdalwarp -tr 100 100 -r sum a.tif a_square.tif"),
    ],
)
def test_cells_that_are_no_squares_in_rows_are_refused(tmp_path, transform, says):
    path = written(tmp_path / "a.tif", transform=transform)
    with pytest.raises(sgt.GeographyError, match=says):
        read(path)


def test_a_file_without_a_place_needs_a_size_only_for_distances(tmp_path):
    with pytest.warns(match="no geotransform"):  # rasterio warns who writes
        path = written(tmp_path / "a.tif", transform=None)
    assert read(path).geography.cell_size is None
    assert read(path, cell_size=100).geography == sgt.Grid(2, 3, 100.0, 3035)
    placed = written(tmp_path / "b.tif")
    assert read(placed, cell_size=100).geography.cell_size == 100
    with pytest.raises(sgt.GeographyError, match="says that cells are 100 wide, cell_size=50"):
        read(placed, cell_size=50)


def test_the_coordinates_are_doubted_where_they_should_be(tmp_path):
    path = written(tmp_path / "a.tif")
    with pytest.warns(sgt.DataWarning, match="Web Mercator.*gdalwarp"):
        read(path, crs=3857)
    globe = written(tmp_path / "b.tif", transform=(0.1, 0, 13, 0, -0.1, 52), nodata=-1)
    assert read(globe, crs=4326).geography.crs == CRS(4326)
    with pytest.warns(sgt.DataWarning, match="crs=4326"):
        read(xr_of(TWO, y=[52.0, 51.9], x=[13.0, 13.1, 13.2]))


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    (tmp_path / "city.tif").touch()
    with pytest.raises(sgt.CapabilityError, match=r'pip install "segregation-tools\[raster\]"'):
        read(tmp_path / "city.tif")


def test_what_is_no_raster_file_is_refused_before_any_package_is_missed(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(sgt.DataError, match=r"there is no file .*nowhere\.tif"):
        read(tmp_path / "nowhere.tif")
    (tmp_path / "city.zarr").mkdir()
    with pytest.raises(sgt.DataError, match=r"zarr\.open_array\(.*city\.zarr'\).*segregation-tools\[distributed\]"):
        read(tmp_path / "city.zarr")


def test_real_rasters(real_data):
    cologne = read(real_data / "cologne_100m_citizenship_2011.tif", groups=["germans", "foreign"])
    assert cologne.counts.dtype == np.int16
    assert cologne.counts.shape == (2, 289, 264)
    assert cologne.geography.cell_metres == 100
    assert (cologne.geography.x, cologne.geography.y) == (4094850, 3112950)
    assert len(read(real_data / "cologne_100m_citizenship_2011.tif").groups) == 11
    races = read(real_data / "raceland_race_raster.tif")  # nodata is NaN
    assert races.groups == ("asian", "black", "hispanic", "other", "white")
    assert races.group_totals.sum() == pytest.approx(10005.7, abs=1)
    other = read(real_data / "raceland_asian.tif")
    assert other.counts.max() < 2  # nodata is −3.4e38
    assert len(repr(other)) < 90


# ---------------------------------------------------------------- labelled arrays


def xr_of(bands, dims=("band", "y", "x"), attrs=None, name=None, **coords):
    xarray = pytest.importorskip("xarray")
    return xarray.DataArray(bands, dims=dims[-bands.ndim :], coords=coords, attrs=attrs, name=name)


def test_a_labelled_array_says_where_it_lies():
    data = xr_of(TWO, y=[350.0, 250.0], x=[50.0, 150.0, 250.0])
    pop = read(data)
    assert np.shares_memory(pop.counts, data.values)
    assert data.values.flags.writeable
    assert pop.geography == sgt.Grid(2, 3, 100.0, None, 0.0, 400.0)
    south_up = read(data[:, ::-1])
    np.testing.assert_array_equal(south_up.counts, TWO)
    assert south_up.geography == pop.geography
    assert read(data[0, :1]).geography == sgt.Grid(1, 3, 100.0, None, 0.0, 400.0)
    assert read(data[0, :1, :1], cell_size=100).geography == sgt.Grid(1, 1, 100.0, None, 0.0, 400.0)
    assert read(data[0, :1, :1]).geography.cell_size is None
    assert read(xr_of(TWO)).geography.cell_size is None


def test_bands_of_a_labelled_array_have_its_names():
    assert read(xr_of(TWO, band=["p", "q"])).groups == ("p", "q")
    picked = read(xr_of(TWO, band=["p", "q"]), groups=["q"])
    np.testing.assert_array_equal(picked.counts, TWO[1:])
    assert read(xr_of(TWO, attrs={"long_name": ("p", "q")}, band=[1, 2])).groups == ("p", "q")
    assert read(xr_of(TWO, band=[1, 2])).groups == ("band_1", "band_2")
    assert read(xr_of(TWO[0], name="people")).groups == ("people",)


def test_nodata_of_a_labelled_array():
    bands = TWO.astype(float)
    bands[0, 0, 0] = -1
    assert read(xr_of(bands, attrs={"_FillValue": -1})).counts[0, 0, 0] == 0
    bands[0, 0, 0] = np.nan
    decoded = xr_of(bands)
    with pytest.raises(sgt.DataError, match="NaN"):
        read(decoded)
    decoded.encoding["_FillValue"] = -1
    assert read(decoded).counts[0, 0, 0] == 0
    assert np.isnan(decoded.values[0, 0, 0])
    scaled = xr_of(TWO, attrs={"scale_factor": 0.5})
    np.testing.assert_allclose(read(scaled).counts, TWO / 2)


def test_coordinates_of_a_labelled_array():
    globe = {"lat": [10.5, 9.5], "lon": [0.5, 1.5, 2.5]}
    assert read(xr_of(TWO, ("band", "lat", "lon"), **globe)).geography == sgt.Grid(2, 3, 1.0, 4326, 0.0, 11.0)
    known = xr_of(TWO, y=[350.0, 250.0], x=[50.0, 150.0, 250.0]).assign_coords(spatial_ref=0)
    known.coords["spatial_ref"].attrs["crs_wkt"] = CRS(3035).to_wkt()
    assert read(known).geography.crs == CRS(3035)
    assert read(known, crs=25832).geography.crs == CRS(25832)


@pytest.mark.parametrize(
    ("dims", "coords", "says"),
    [
        (("band", "x", "y"), {}, r"data.transpose\(..., 'y', 'x'\)"),
        (("lat", "lon", "band"), {}, r"data.transpose\(..., 'lat', 'lon'\)"),
        (("band", "y", "x"), {"x": [0.0, 1.0, 3.0], "y": [1.0, 0.0]}, "'x' are not evenly spaced"),
        (("band", "y", "x"), {"x": [0.0, 2.0, 4.0], "y": [1.0, 0.0]}, "2 wide and 1 high.*resolution=2"),
        (("band", "y", "x"), {"x": [3.0, 3.0, 3.0], "y": [1.0, 0.0]}, "'x' are not evenly spaced"),
    ],
)
def test_labelled_arrays_that_are_no_raster(dims, coords, says):
    with pytest.raises(ValueError, match=says):
        read(xr_of(TWO, dims, **coords))


# ---------------------------------------------------------------- tables of cells

CELLS = pd.DataFrame({"x": [150, 450, 250], "y": [50, 50, 250], "a": [1, 2, 3], "b": [0, 5, 1]}, index=["p", "q", "r"])


def from_cells(frame, **changes):
    return sgt.Population.from_cells(frame, **({"x": "x", "y": "y", "groups": ["a", "b"], "cell_size": 100} | changes))


def test_cells_fall_into_their_places():
    pop = from_cells(CELLS, crs=3035)
    assert pop.counts[0].tolist() == [[0, 3, 0, 0], [0, 0, 0, 0], [1, 0, 0, 2]]
    assert pop.counts.dtype == np.int64
    assert pop.geography == sgt.Grid(3, 4, 100.0, 3035, 100, 300)
    centers = pop.geography.centroids.to_numpy()[pop.counts[0].ravel() > 0]
    assert sorted(map(tuple, centers)) == sorted(zip(CELLS["x"], CELLS["y"], strict=True))
    corners = CELLS.assign(x=CELLS["x"] - 50, y=CELLS["y"] - 50)
    same = from_cells(corners, crs=3035, anchor="corner")
    assert same.geography == pop.geography
    np.testing.assert_array_equal(same.counts, pop.counts)


@pytest.mark.parametrize(
    ("a", "b", "dtype"),
    [
        ("int16", "int16", np.int16),
        ("float32", "int16", np.float32),
        ("int64", "uint8", np.int64),
        ("Int32", "int16", np.int32),
        ("object", "int16", np.float64),
    ],
)
def test_cells_keep_the_number_type_that_columns_have_in_common(a, b, dtype):
    pop = from_cells(CELLS.astype({"a": a, "b": b}))
    assert pop.counts.dtype == dtype
    assert pop.group_totals.tolist() == [6, 6]


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from([100.0, 1 / 120, 0.1, 30.0, 1000 / 3]), st.data())
def test_a_grid_comes_back_from_its_inhabited_cells(rows, cols, side, data):
    chance = np.random.default_rng(data.draw(st.integers(0, 99)))
    counts = chance.integers(0, 3, (2, rows, cols)) * (chance.random((rows, cols)) < 0.3)
    counts[:, 0, 0] = counts[:, -1, -1] = 1
    whole = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(rows, cols, side, 3035, 4_000_123.4, 2_999_876.5))
    frame = pd.DataFrame(whole.geography.centroids.reset_index(drop=True)).assign(
        a=counts[0].ravel(), b=counts[1].ravel()
    )
    some = frame[(frame["a"] > 0) | (frame["b"] > 0)].sample(frac=1, random_state=1)
    pop = from_cells(some, cell_size=side, crs=3035)
    np.testing.assert_array_equal(pop.counts, counts)
    assert pop.geography.x == pytest.approx(whole.geography.x, abs=1e-6)
    assert pop.geography.y == pytest.approx(whole.geography.y, abs=1e-6)


@pytest.mark.parametrize(
    ("frame", "changes", "says"),
    [
        (CELLS.replace({"x": {250: 270}}), {}, "'x' in rows 'r'. Its values lie 120 apart or more"),
        (CELLS.replace({"x": {150: 170}}), {}, "'x' in rows 'p'"),
        (CELLS, {"cell_size": 150}, "on no lattice of cell_size=150"),
        (
            pd.concat([CELLS, CELLS[1:2]]),
            {},
            r"in rows 'q', 'q'.*groupby\(\['x', 'y'\], as_index=False\)\[\['a', 'b'\]\].sum",
        ),
        (CELLS.assign(y=[np.nan, 50, 250]), {}, "'y' holds no coordinate in rows 'p'"),
        (CELLS.assign(a=[1, np.nan, 3]), {}, "'a' holds no value .* 'q'.*drop those rows; .*fill in 0"),
        (CELLS, {"crs": "nonsense"}, "crs='nonsense' is no coordinate reference system.*crs=25832"),
        (CELLS.assign(a=[1, -2, 3]), {}, "'a' holds negative counts in rows 'q'"),
        (CELLS.assign(a=["1", "2", "3"]), {}, "to_numeric"),
        (CELLS.astype({"a": "Int64"}).replace({"a": {2: pd.NA}}), {}, "'a' holds no value .* 'q'"),
        (CELLS.assign(x=[150, 450, 9e12 + 50]), {}, r"span 3 × 90,000,000,000 cells.* GB.*outermost.*'p', 'r'"),
        (CELLS.assign(x=[150, 450, 1e300]), {}, "'p', 'r' right"),
        (CELLS, {"x": "z"}, "no column 'z'"),
        (CELLS, {"groups": "a"}, "list of names"),
        (CELLS, {"cell_size": 0}, "cell_size"),
        (CELLS, {"anchor": "middle"}, "anchor must be one of 'center', 'corner'"),
        (CELLS[:0], {}, "no rows"),
    ],
)
def test_tables_that_are_no_cells(frame, changes, says):
    before = frame.copy()
    with pytest.raises(ValueError, match=says):
        from_cells(frame, **changes)
    pd.testing.assert_frame_equal(frame, before)


def test_an_array_is_no_table():
    with pytest.raises(sgt.DataError, match=r"rows of a DataFrame, not ndarray.*from_raster\(array\)"):
        sgt.Population.from_cells(np.ones((3, 2)), x="x", y="y", groups=["a"], cell_size=100)


def test_a_lattice_larger_than_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(rasters, "_memory", lambda: 2 * (2 * 3 * 4 * 8 - 1))
    with pytest.raises(sgt.DataError, match="3 × 4 cells"):
        from_cells(CELLS)
    monkeypatch.setattr(rasters, "_memory", lambda: 2 * (2 * 3 * 4 * 8))
    assert len(from_cells(CELLS)) == 12


def test_cells_that_seem_larger_are_told():
    row, col = np.divmod(np.arange(25), 5)
    frame = pd.DataFrame({"x": 1000 * col, "y": 1000 * row, "a": 1, "b": 2})
    with pytest.warns(sgt.DataWarning, match="10 × 100 apart, as cells of 1000 would"):
        from_cells(frame)
    assert len(from_cells(frame, cell_size=1000)) == 25


def test_a_country_is_read_without_holding_it_twice(real_data):
    frame = pd.read_parquet(real_data / "germany_100m_foreigners_2011_sparse.parquet")
    groups = ["foreign", "eu27", "europe_other", "world_other"]
    place = frame[groups].assign(x=frame["e"] * 100 + 50, y=frame["n"] * 100 + 50)
    tracemalloc.start()
    pop = from_cells(place, groups=groups, crs=3035)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pop.counts.shape == (4, 8586, 6404)
    assert pop.counts.dtype == np.int16
    assert pop.group_totals.tolist() == frame[groups].sum().tolist()
    assert peak < 1.5 * pop.counts.nbytes
    i = 765_432
    row = 35476 - frame["n"][i], frame["e"][i] - 40313
    assert pop.counts[:, *row].tolist() == frame[groups].iloc[i].tolist()
    assert pop.geography.x + 100 * row[1] + 50 == place["x"][i]


# ---------------------------------------------------------------- the place


@pytest.mark.parametrize("ellipsoid", ["WGS84", "clrk66", "sphere"])
@pytest.mark.parametrize(("side", "north"), [(10.0, 90.0), (1.0, 0.5), (1 / 120, 60.0), (1 / 3600, -47.3)])
def test_cells_in_degrees_are_as_large_as_on_the_ellipsoid(ellipsoid, side, north):
    crs = CRS.from_proj4(f"+proj=longlat +ellps={ellipsoid} +no_defs")
    grid = sgt.Grid(2, 3, side, crs, 5.0, north)
    assert grid.areas.shape == (2, 3)
    along = np.linspace(5, 5 + side, max(int(side * 20_000), 200))  # parallels are no geodesics
    for row in (0, 1):
        top, bottom = north - row * side, north - (row + 1) * side
        x, y = np.append(along, along[::-1]), np.repeat([bottom, top], len(along))
        area, _ = Geod(ellps=ellipsoid).geometry_area_perimeter(shapely.Polygon(np.column_stack([x, y])))
        np.testing.assert_allclose(grid.areas[row], area, rtol=1e-9)


def test_the_cells_of_the_world_are_its_surface():
    world = sgt.Grid(180, 360, 1.0, 4326, -180, 90)
    area = 510_065_621_724_088.44  # Moritz, H. (2000), Geodetic Reference System 1980, made WGS 84 by its flattening
    assert world.areas.sum() == pytest.approx(area, rel=1e-12)
    beyond = sgt.Grid(182, 360, 1.0, 4326, -180, 91)
    np.testing.assert_allclose(beyond.areas[1:-1], world.areas)
    assert not beyond.areas[[0, -1]].any()


def test_the_side_of_a_cell_in_metres():
    assert sgt.Grid(2, 3, 100).cell_metres == 100
    assert sgt.Grid(2, 3, 100, 2226).cell_metres == pytest.approx(100 * 1200 / 3937)  # US survey feet
    assert sgt.Population([[1, 2]], ["a"]).geography.cell_metres is None


def test_labels_are_made_of_some_cells_only():
    grid = sgt.Grid(4000, 5000, 100)
    at = np.array([0, 5000, 19_999_999])
    assert grid.labels(at).tolist() == [(0, 0), (1, 0), (3999, 4999)]
    assert "units" not in grid.__dict__
    small = sgt.Grid(3, 4, 100)
    assert small.labels(np.arange(12)).equals(small.units)
    assert small.labels(np.arange(12) % 2 == 1).equals(small.units[1::2])


def test_a_large_grid_is_held_once():
    """What is derived from a population of millions of cells makes no labels, and no copy that it does not need."""
    bands = np.ones((4, 1000, 1000), dtype=np.float32)
    grid = sgt.Grid(1000, 1000, 100)
    tracemalloc.start()
    pop = sgt.Population(bands, list("abcd"), geography=grid)
    assert "4,000,000 people" in repr(pop)
    assert pop._repr_html_()
    assert pop.mix.tolist() == [0.25] * 4
    assert np.shares_memory(pop[["b", "c"]].counts, bands)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.reset_peak()
    two = pop.versus("a")
    assert tracemalloc.get_traced_memory()[1] < two.counts.nbytes + pop.sizes.nbytes + 1e6
    tracemalloc.stop()
    assert "units" not in grid.__dict__
    bands[2, 500, 7] = -1
    with pytest.raises(sgt.DataError, match=r"'c' holds negative counts in rows \(500, 7\)"):
        sgt.Population(bands, list("abcd"), geography=grid)
    assert "units" not in grid.__dict__


# ---------------------------------------------------------------- polygons


def plain_cover(polygon, grid):
    """The part of each cell that a polygon covers, cell by cell."""
    side = grid.cell_size
    return np.array(
        [
            [
                polygon.intersection(
                    shapely.box(
                        grid.x + col * side, grid.y - (row + 1) * side, grid.x + (col + 1) * side, grid.y - row * side
                    )
                ).area
                / side**2
                for col in range(grid.cols)
            ]
            for row in range(grid.rows)
        ]
    )


def cover(polygons, grid):
    """The same, all at once."""
    parts = np.zeros((len(polygons), grid.rows * grid.cols))
    for some in covered(np.asarray(polygons, dtype=object), grid):
        for polygon, cell, share in some.within(grid).cells():
            np.add.at(parts, (polygon, cell), share)
    return parts.reshape(-1, grid.rows, grid.cols)


places = st.one_of(st.integers(-2, 8).map(float), st.floats(-2, 8).map(lambda value: round(value, 3)))
rings = st.lists(st.tuples(places, places), min_size=3, max_size=9)


def areal(points):
    """Valid polygons, with holes and parts, of any points."""
    made = shapely.make_valid(shapely.Polygon(points))
    return shapely.union_all([part for part in shapely.get_parts(made) if part.geom_type.endswith("Polygon")])


@given(st.lists(rings, min_size=1, max_size=4), st.integers(1, 6), st.integers(1, 6), st.sampled_from([1.0, 0.7, 3.0]))
@example([[(0.0, 0.0), (6.0, 0.0), (6.0, 6.0), (0.0, 6.0)]], 6, 6, 1.0)
@example([[(-2.0, -2.0), (8.0, -2.0), (8.0, 8.0), (-2.0, 8.0)]], 1, 1, 3.0)
@example([[(0.0, 0.0), (5.0, 5.0), (5.0, 0.0)]], 5, 5, 1.0)
@example([[(0.2, 0.3), (5.7, 0.3), (5.7, 5.6), (0.2, 5.6)]], 6, 6, 1.0)
def test_cells_are_covered_as_intersections_say(drawn, rows, cols, side):
    polygons = [areal(points) for points in drawn]
    polygons.append(shapely.difference(polygons[0], shapely.box(1.3, 1.3, 2.6, 4.1)))
    grid = sgt.Grid(rows, cols, side, None, 0.0, 6.0)
    found = cover(polygons, grid)
    assert found.min() >= 0
    assert found.max() <= 1
    for polygon, parts in zip(polygons, found, strict=True):
        np.testing.assert_allclose(parts, plain_cover(polygon, grid), atol=3e-9)
    whole = [np.zeros(len(polygons))]
    whole += [
        np.bincount(some.polygon, some.share * some.width, len(polygons)) for some in covered(np.array(polygons), grid)
    ]
    np.testing.assert_allclose(sum(whole) * side**2, shapely.area(polygons), atol=1e-7)


def test_many_polygons_are_covered_piece_by_piece(monkeypatch):
    from segregation_tools.population import coverage

    chance = np.random.default_rng(3)
    polygons = [shapely.Point(*at).buffer(width) for *at, width in chance.uniform(1, 9, (30, 3)) * [1, 1, 0.3]]
    grid = sgt.Grid(10, 10, 1.0, None, 0.0, 10.0)
    at_once = cover(polygons, grid)
    assert len(list(covered(np.array(polygons), grid))) == 1
    monkeypatch.setattr(coverage, "PIECES", 300)
    monkeypatch.setattr(coverage, "RUN", 5)
    assert len(list(covered(np.array(polygons), grid))) > 5
    np.testing.assert_array_equal(cover(polygons, grid), at_once)


def strips(*at, high=4.0):
    """Polygons side by side, from 0 to `high`."""
    return geopandas.GeoDataFrame(
        index=[f"p{i}" for i in range(len(at) - 1)],
        geometry=[shapely.box(west, 0, east, high) for west, east in pairwise(at)],
    )


def towns(rows=4, cols=6, **given):
    counts = np.random.default_rng(8).integers(0, 30, (2, rows, cols))
    return sgt.Population(counts, ["a", "b"], geography=sgt.Grid(rows, cols, 1.0, None, 0.0, float(rows)), **given)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_cells_are_added_up_to_polygons(dtype):
    pop = towns()
    pop = sgt.Population(pop.counts.astype(dtype), pop.groups, geography=pop.geography)
    told = sgt.crosswalk(pop, strips(0, 2, 4.25, 6))
    here = pop.counts.sum(axis=1, dtype=float)
    expected = [here[:, :2].sum(1), here[:, 2:4].sum(1) + here[:, 4] / 4, here[:, 4] * 0.75 + here[:, 5]]
    np.testing.assert_allclose(told.counts, np.transpose(expected), rtol=1e-14)
    assert told.units.tolist() == ["p0", "p1", "p2"]
    np.testing.assert_allclose(told.group_totals, pop.group_totals, rtol=1e-14)
    whole = sgt.crosswalk(pop, strips(0, 2, 6))
    assert whole.counts.tolist() == pop.merge(np.where(np.arange(24) % 6 < 2, "p0", "p1")).counts.tolist()


def test_rows_are_split_by_level_borders():
    pop = towns()
    halves = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 6, 1.25), shapely.box(0, 1.25, 6, 4)])
    rows = pop.counts.sum(axis=2, dtype=float)
    told = sgt.crosswalk(pop, halves)
    np.testing.assert_allclose(told.counts[:, 0], rows[:, 3] + rows[:, 2] / 4, rtol=1e-14)
    np.testing.assert_allclose(told.group_totals, pop.group_totals, rtol=1e-14)
    back = sgt.crosswalk(told, pop)
    np.testing.assert_allclose(back.counts[:, 3], np.repeat(told.counts[:, :1] / 7.5, 6, axis=1), rtol=1e-14)


def test_borders_along_the_lattice_leave_no_slivers():
    grid = sgt.Grid(30, 30, 0.1, None, 40_000.7, 30_000.3)
    block = shapely.box(40_001.0, 29_998.3, 40_002.4, 29_999.9)
    assert set(np.unique(cover([block], grid))) == {0.0, 1.0}
    assert cover([block], grid).sum() == 14 * 16


@given(st.integers(0, 999))
def test_totals_survive_to_polygons_and_back(seed):
    """Polygons that cover a grid, of any form: everyone is counted once, whatever the sizes."""
    chance = np.random.default_rng(seed)
    rows, cols = chance.integers(1, 12, 2)
    counts = chance.random((2, rows, cols)) * 10.0 ** chance.integers(-3, 7, (2, rows, cols))
    pop = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(rows, cols, 100.0, 3035, 4_321_012.3, 3_210_045.6))
    west, north = pop.geography.x, pop.geography.y
    box = shapely.box(west, north - 100 * rows, west + 100 * cols, north)
    points = shapely.multipoints(chance.random((9, 2)) * [100 * cols, -100 * rows] + [west, north])
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=box))
    city = geopandas.GeoDataFrame(
        geometry=[cell for cell in shapely.intersection(cells, box) if cell.area > 0], crs=3035
    )
    told = sgt.crosswalk(pop, city)
    np.testing.assert_allclose(told.group_totals, pop.group_totals, rtol=1e-12)
    back = sgt.crosswalk(told, pop)
    np.testing.assert_allclose(back.group_totals, pop.group_totals, rtol=1e-12)
    assert back.counts.min() >= 0
    assert back.geography is pop.geography


def test_people_of_polygons_are_spread_by_area():
    frame = strips(0, 1.5, 3, high=1.0).assign(a=[30, 10], b=[0, 60])
    told = sgt.crosswalk(sgt.Population.from_frame(frame, ["a", "b"]), sgt.Grid(1, 3, 1.0, None, 0.0, 1.0))
    np.testing.assert_allclose(told.counts, [[[20, 10 + 10 / 3, 20 / 3]], [[0, 20, 40]]])
    assert isinstance(told.geography, sgt.Grid)
    overlapping = geopandas.GeoDataFrame({"a": [6, 4]}, geometry=[shapely.box(0, 0, 3, 1), shapely.box(1, 0, 3, 1)])
    both = sgt.crosswalk(sgt.Population.from_frame(overlapping, ["a"]), sgt.Grid(1, 3, 1.0, None, 0.0, 1.0))
    np.testing.assert_allclose(both.counts, [[[2, 4, 4]]])


def test_totals_margins_and_tiers_come_along():
    margins = np.full((2, 4, 6), 3.0)
    pop = towns(total=np.full((4, 6), 99.0), margins=margins)
    told = sgt.crosswalk(pop, strips(0, 2, 4.25, 6))
    assert told.total.tolist() == pytest.approx([99 * 8, 99 * 9, 99 * 7])
    # Independent estimates: the root of the sum of squares of parts; of zeros, the largest alone.
    parts = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0.25, 0], [0, 0, 0, 0, 0.75, 1]])
    for group in (0, 1):
        lives = pop.counts[group] > 0
        squares = [(9 * part**2 * lives).sum() + (9 * part**2 * ~lives).max() for part in parts]
        np.testing.assert_allclose(told.margins[group], np.sqrt(squares))
    tiers = pd.DataFrame({"half": np.repeat(["north", "south"], 12)}, index=pop.units)
    with_tiers = sgt.Population(pop.counts, pop.groups, geography=pop.geography, tiers=tiers)
    back = sgt.crosswalk(told, with_tiers)
    assert back.tiers.equals(tiers)
    assert back.total.sum() == pytest.approx(99 * 24)
    assert back.margins.shape == (2, 4, 6)
    np.testing.assert_allclose(back.margins[:, 0, 0], told.margins[:, 0] / 8)


def test_whoever_lives_outside_is_counted():
    pop = towns()
    lost = pop.counts[:, :, 5].sum() + pop.counts[:, :, 4].sum() / 2
    with pytest.warns(sgt.DataWarning, match=rf"{lost:,.0f} of .* from cells \(row, col\) \(0, 4\), \(0, 5\)"):
        told = sgt.crosswalk(pop, strips(0, 2, 4.5))
    assert told.group_totals.sum() == pytest.approx(pop.group_totals.sum() - lost)
    unsure = sgt.Population(np.ones((1, 1, 1)), ["a"], geography=sgt.Grid(1, 1, 1.0, None, 0.0, 1.0), margins=[[[4.0]]])
    with pytest.warns(sgt.DataWarning, match="in none"):
        assert sgt.crosswalk(unsure, strips(0, 0.25)).margins.tolist() == [[1.0]]
    frame = strips(0, 4, 8, high=4.0).assign(a=[3, 10])
    with pytest.warns(sgt.DataWarning, match="5 of 13 people live outside the grid.* 'p1'.*reaches further"):
        told = sgt.crosswalk(sgt.Population.from_frame(frame, ["a"]), pop)
    assert told.group_totals.tolist() == pytest.approx([8])


def test_where_polygons_overlap_nobody_is_counted_twice():
    pop = sgt.Population(np.full((1, 1, 1000), 10), ["a"], geography=sgt.Grid(1, 1000, 1.0, None, 0.0, 1.0))
    for width, people in ((501, 10), (501.5, 15), (500.0001, None)):
        torn = geopandas.GeoDataFrame(
            index=["west", "east"], geometry=[shapely.box(0, 0, width, 1), shapely.box(500, 0, 1000, 1)]
        )
        if people is None:
            told = sgt.crosswalk(pop, torn)
        else:
            with pytest.warns(sgt.DataWarning, match=rf"{people} of 10,000 people .*overlap.*'west', 'east'"):
                told = sgt.crosswalk(pop, torn)
        assert told.group_totals.sum() == pytest.approx(10_000, rel=1e-12)
    torn.geometry = [shapely.box(0, 0, 501, 1), shapely.box(500, 0, 1000, 1)]
    unsure = sgt.Population(pop.counts, ["a"], geography=pop.geography, margins=np.full((1, 1, 1000), 2.0))
    with pytest.warns(sgt.DataWarning, match="overlap"):
        assert sgt.crosswalk(unsure, torn).margins[0].tolist() == pytest.approx(
            [np.sqrt(4 * 500 + 1), np.sqrt(4 * 499 + 1)]
        )
    torn.geometry = [shapely.box(0, 0, 700, 1), shapely.box(500, 0, 1000, 1)]
    with pytest.raises(
        sgt.DataError, match=r"2,000 of 10,000 people .* 'west', 'east', and would be counted more than once"
    ):
        sgt.crosswalk(pop, torn)


def test_polygons_come_to_the_coordinates_of_the_grid():
    grid = sgt.Grid(40, 40, 100.0, 25832, 350_000, 5_650_000)
    pop = sgt.Population(np.random.default_rng(1).random((1, 40, 40)), ["a"], geography=grid)
    halves = geopandas.GeoDataFrame(
        geometry=[
            shapely.box(350_000, 5_646_000, 351_234, 5_650_000),
            shapely.box(351_234, 5_646_000, 354_000, 5_650_000),
        ],
        crs=25832,
    )
    here, there = sgt.crosswalk(pop, halves), sgt.crosswalk(pop, halves.to_crs(4326))
    np.testing.assert_allclose(there.counts, here.counts, rtol=1e-6)
    assert there.geography.crs == CRS(4326)
    bare = sgt.Population(pop.counts, ["a"], geography=sgt.Grid(40, 40, 100.0, None, 350_000, 5_650_000))
    np.testing.assert_allclose(sgt.crosswalk(bare, halves).counts, here.counts)
    with pytest.raises(sgt.GeographyError, match="estimate_utm_crs"):
        sgt.crosswalk(bare, halves.to_crs(4326))
    with pytest.raises(sgt.GeographyError, match="cell_size=100"):
        sgt.crosswalk(read(TWO), halves)


def test_in_degrees_people_are_spread_by_area_on_the_ellipsoid():
    grid = sgt.Grid(60, 4, 1.0, 4326, 0.0, 70.0)
    frame = geopandas.GeoDataFrame({"a": [1e6]}, geometry=[shapely.box(0, 10, 4, 70)], crs=4326)
    told = sgt.crosswalk(sgt.Population.from_frame(frame, ["a"]), grid)
    np.testing.assert_allclose(told.counts[0], 1e6 * grid.areas / grid.areas.sum(), rtol=1e-12)
    half = sgt.Grid(30, 4, 1.0, 4326, 0.0, 70.0)
    with pytest.warns(sgt.DataWarning, match="outside the grid"):
        north = sgt.crosswalk(sgt.Population.from_frame(frame, ["a"]), half)
    np.testing.assert_allclose(north.counts[0], told.counts[0][:30], rtol=1e-12)


def test_refusals_of_polygons_and_grids():
    pop = towns()
    square, point = strips(0, 6), strips(0, 6).set_geometry(strips(0, 6).centroid)
    bow = geopandas.GeoDataFrame(geometry=[shapely.Polygon([(0, 0), (6, 4), (6, 0), (0, 4)])])
    for source, onto, says in (
        (pop, bow, "cross themselves"),
        (pop, pd.DataFrame(index=["x"]), "no geometry"),
        (pop, strips(0, 3, 6).assign(geometry=[shapely.box(0, 0, 1, 1), None]), "units without geometry"),
        (pop, "districts", "or a Grid"),
        (sgt.Population.from_frame(point.assign(a=3), ["a"]), pop, "without an area"),
        (sgt.Population([[1]], ["a"]), pop, "no geometry"),
        (pop, pop, "onto one grid first"),
    ):
        with pytest.raises(ValueError, match=says):
            sgt.crosswalk(source, onto)
    for pair in ((pop, square), (square.assign(a=1), pop)):
        with pytest.raises(sgt.CapabilityError, match=r"crosswalk\(pop, onto=...\)"):
            sgt.area_weights(*pair)


# ---------------------------------------------------------------- other programs

# Computed by tobler 0.13.0, tobler.area_weighted.area_interpolate(source, target, extensive_variables=[...],
# allocate_total=False), of which the source or the target was the cells as squares.
TOBLER_COLOGNE = {
    "Porz": (11059.28783734392, 2685.1580409986377),
    "Nippes": (28871.699060193252, 5715.360384633636),
    "Godorf": (1885.4404632337569, 335.0),
    "Weiden": (14159.535064717866, 2018.578728264618),
    "Altstadt/Süd": (21410.193801541136, 4195.668543969727),
    "Chorweiler": (7968.182062557984, 4327.080461013795),
    "Lindenthal": (25720.383860576483, 2325.9339078175426),
}
TOBLER_SACRAMENTO = {
    (7, 9): (151073.3702003621, 12873.687132843335),
    (8, 8): (105083.24130174486, 19916.757409478607),
    (8, 9): (101557.47771123402, 9909.785065397147),
    (7, 7): (1585.5712273374072, 59.76167187445643),
    (2, 13): (454.93163771147226, 1.9866125916381685),
    (5, 5): (217.76346166160252, 24.83482175129512),
}


@pytest.fixture
def cologne(real_data):
    return read(real_data / "cologne_100m_citizenship_2011.tif", groups=["germans", "foreign"])


@pytest.fixture
def districts(real_data):
    return geopandas.read_parquet(real_data / "cologne_districts.parquet").set_index("NAME")


@pytest.mark.filterwarnings("ignore:.*people live (where|in none):segregation_tools.DataWarning")
def test_cells_to_districts_as_tobler_has_it(cologne, districts):
    """The districts overlap by a few metres, where tobler counts people twice."""
    told = sgt.crosswalk(cologne, districts).to_frame()
    for name, values in TOBLER_COLOGNE.items():
        np.testing.assert_allclose(told.loc[name, ["germans", "foreign"]].astype(float), values, rtol=1e-5)


def test_tracts_to_cells_as_tobler_has_it(tracts):
    pop = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black"])
    told = sgt.crosswalk(pop, sgt.Grid(15, 23, 10_000, 32610, 550_000, 4_357_000))
    np.testing.assert_allclose(told.group_totals, pop.group_totals, rtol=1e-12)
    for at, values in TOBLER_SACRAMENTO.items():
        np.testing.assert_allclose(told.counts[:, *at], values, rtol=1e-6)


def test_covered_parts_are_those_of_exactextract_and_exact_beside(cologne, districts):
    """Its fractions are rounded to 32 bits; intersections of the same cells say which of the two is right."""
    exactextract = pytest.importorskip("exactextract")
    from exactextract.raster import NumPyRasterSource

    grid = cologne.geography
    source = NumPyRasterSource(
        np.zeros(grid.shape),
        grid.x,
        grid.y - grid.rows * 100,
        grid.x + grid.cols * 100,
        grid.y,
        srs_wkt=districts.crs.to_wkt(),
    )
    shapes = districts[["geometry"]].reset_index(drop=True)
    theirs = np.zeros((len(shapes), grid.rows * grid.cols))
    for row, answer in zip(theirs, exactextract.exact_extract(source, shapes, ["coverage", "cell_id"]), strict=True):
        row[answer["properties"]["cell_id"].astype(int)] = answer["properties"]["coverage"]
    ours = cover(shapes.geometry.to_numpy(), grid).reshape(theirs.shape)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)
    which, cell = np.nonzero((ours > 0) & (ours < 1))
    squares = grid.cells(cell).to_numpy()
    exact = shapely.area(shapely.intersection(squares, shapes.geometry.to_numpy()[which])) / 1e4
    np.testing.assert_allclose(ours[which, cell], exact, atol=1e-10)
    assert np.abs(theirs[which, cell] - exact).max() > 1e-9
