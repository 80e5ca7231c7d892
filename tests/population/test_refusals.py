"""Bad input: every refusal names the column, the rows and the mend; nothing of the caller's is changed."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt


def frame(**columns):
    return pd.DataFrame({"a": [5.0, 6.0, 7.0], "b": [1.0, 2.0, 3.0]} | columns, index=["u1", "u2", "u3"])


def refused(data, *, says, kind=sgt.DataError, groups=("a", "b"), **options):
    before = data.copy(deep=True)
    with pytest.raises(kind) as refusal:
        sgt.Population.from_frame(data, list(groups), **options)
    pd.testing.assert_frame_equal(data, before)
    assert isinstance(refusal.value, ValueError)
    for word in says:
        assert word in str(refusal.value), str(refusal.value)


def test_negative_counts():
    refused(frame(a=[5, -1, -2]), says=["'a'", "negative", "'u2', 'u3'"])


def test_rows_are_named_to_the_fifth_and_counted():
    many = pd.DataFrame({"a": -np.ones(9), "b": np.ones(9)}, index=[f"r{i}" for i in range(9)])
    refused(many, says=["'r0', 'r1', 'r2', 'r3', 'r4'", "(9 in all)"])


def test_infinite_counts():
    refused(frame(b=[1, np.inf, 2]), says=["'b'", "infinite", "'u2'"])


def test_text():
    refused(frame(a=["5", "6", "7"]), says=["'a'", "text", "'u1', 'u2', 'u3'", "to_numeric"])
    refused(frame(a=[5, "six", 7]), says=["'six'", "'u2'", "no counts"])
    refused(frame(a=[5, [6], 7]), says=["[6]", "'u2'"])
    refused(frame(a=[5, 10**400, 7]), says=["infinite", "'u2'"])


@pytest.mark.parametrize("values", [[True, False, True], [1 + 2j, 3, 4], pd.to_datetime(["2020", "2021", "2022"])])
def test_other_types(values):
    refused(frame(a=values), says=["'a'", "counts of people"])


def test_objects_that_are_numbers_are_read():
    data = frame(a=pd.Series([5, 6.5, np.int64(7)], dtype=object, index=["u1", "u2", "u3"]))
    assert sgt.Population.from_frame(data, ["a", "b"]).counts[0].tolist() == [5, 6.5, 7]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int8", "uint16", "float32", "int64[pyarrow]"])
def test_number_types_are_read(dtype):
    data = frame().astype({"a": dtype})
    assert sgt.Population.from_frame(data, ["a", "b"]).counts[0].tolist() == [5, 6, 7]


@pytest.mark.parametrize("values", [[5, np.nan, 7], pd.array([5, None, 7], dtype="Int64"), [5, None, 7]])
def test_missing_counts(values):
    data = frame(a=values)
    refused(data, says=["'a'", "'u2'", "missing='drop'", "missing='zero'"])
    assert sgt.Population.from_frame(data, ["a", "b"], missing="zero").counts[0].tolist() == [5, 0, 7]
    assert sgt.Population.from_frame(data, ["a", "b"], missing="drop").units.tolist() == ["u1", "u3"]
    refused(data, says=["missing must be"], missing="ignore")


def test_dropping_everything_is_refused():
    refused(frame(a=[np.nan] * 3), says=["empty", "missing='drop'"], missing="drop")


@pytest.mark.parametrize("code", [-666666666, -999999999, -888888888, -555555555, -333333333, -222222222])
def test_census_sentinels(code):
    refused(frame(a=[5, code, 7]), says=["'a'", str(code), "'u2'", "American Community Survey", "not a count"])


def test_of_estimates_of_zero_only_the_largest_margin_counts():
    """As the Census Bureau advises for sums: 30 and 40 make 50; of the margins of zero cells, 12 counts, 11 does not."""
    pop = sgt.Population([[100, 80, 0, 0], [5, 0, 0, 7]], ["a", "b"], margins=[[30, 40, 12, 11], [3, 12, 12, 4]])
    merged = pop.merge(["x", "x", "x", "x"]).margins[:, 0]
    np.testing.assert_allclose(merged, np.sqrt([30**2 + 40**2 + 12**2, 3**2 + 4**2 + 12**2]))
    rest = sgt.Population([[9, 1], [0, 2], [0, 5]], ["a", "b", "c"], margins=[[1, 1], [12, 4], [10, 3]]).versus("a")
    np.testing.assert_allclose(rest.margins, [[1, 1], [12, 5]])


def test_margins_read_the_sentinel_of_a_controlled_estimate_as_zero():
    data = frame(a_moe=[2, -555555555, 4], b_moe=[1, 1, 1])
    pop = sgt.Population.from_frame(data, ["a", "b"], margins={"a": "a_moe", "b": "b_moe"})
    assert pop.margins.tolist() == [[2, 0, 4], [1, 1, 1]]
    assert pop[["b", "a"]].margins.tolist() == [[1, 1, 1], [2, 0, 4]]
    assert pop.merge(["x", "x", "y"]).margins[0].tolist() == [2, 4]
    np.testing.assert_allclose(pop.versus("a").margins[1], [1, 1, 1])
    refused(data.assign(a_moe=[-222222222, 1, 1]), says=["'a_moe'", "'u1'"], margins={"a": "a_moe", "b": "b_moe"})
    refused(data, says=["'a', 'b'"], kind=sgt.GroupError, margins={"a": "a_moe"})


def test_duplicate_units():
    refused(frame().set_axis(["u1", "u1", "u2"]), says=["'u1'", "more than once"])


def test_duplicate_groups():
    refused(frame(), says=["'a'", "more than once"], kind=sgt.GroupError, groups=("a", "a", "b"))


def test_no_groups_or_one_name_for_a_list():
    refused(frame(), says=["at least one"], kind=sgt.GroupError, groups=())
    for groups in ("ab", {"a", "b"}, None, 0):
        with pytest.raises(sgt.GroupError, match="list of names"):
            sgt.Population.from_frame(frame(), groups)
    with pytest.raises(sgt.GroupError, match="not a list of them"):
        sgt.Population.from_frame(frame(), [["a", "b"]])
    with pytest.raises(sgt.DataError, match="list of names"):
        sgt.Population.from_frame(frame(t=["x"] * 3), ["a", "b"], tiers="t")


def test_missing_and_doubled_columns():
    refused(frame(), says=["'c'", "'a', 'b'"], groups=("a", "c"))
    refused(pd.concat([frame(), frame()[["a"]]], axis=1), says=["'a'", "2 times"])


def test_groups_above_the_total():
    refused(frame(all=[6, 7, 10]), says=["more than the stated total", "'u2'", "8 against 7"], total="all")


def test_a_total_that_the_groups_reach_is_read():
    assert sgt.Population.from_frame(frame(all=[6, 8, 10]), ["a", "b"], total="all").total.tolist() == [6, 8, 10]


def test_empty_populations():
    refused(frame().iloc[:0], says=["empty"])
    refused(frame(a=[0, 0, 0], b=[0, 0, 0]), says=["empty", "nobody"])


def test_tiers_that_do_not_nest():
    data = frame(state=["S", "S", "T"], county=["k", "m", "k"])
    refused(data, says=["county", "'k'", "'S', 'T'", "state"], tiers=["state", "county"])
    refused(frame(state=["S", None, "T"]), says=["'state'", "'u2'"], tiers=["state"])


def test_tiers_that_nest_are_kept():
    data = frame(state=["S", "S", "T"], county=["k", "m", "n"])
    pop = sgt.Population.from_frame(data, ["a", "b"], tiers=["state", "county"])
    assert pop.tiers.columns.tolist() == ["state", "county"]
    assert pop.merge("county").tiers.columns.tolist() == ["state", "county"]
    assert pop.merge("state").tiers["state"].tolist() == ["S", "T"]


def test_an_empty_group_is_dropped_with_a_warning():
    with pytest.warns(sgt.DataWarning, match="'b'") as caught:
        pop = sgt.Population.from_frame(frame(b=[0, 0, 0], c=[1, 1, 1]), ["a", "b", "c"])
    assert pop.groups == ("a", "c")
    assert caught[0].filename == __file__  # at the caller's own line


@pytest.mark.parametrize(("codes", "spelled"), [([6067000100, 6067000200], "06067000100"), ([1001, 6067], "01001")])
def test_geoids_read_as_integers_get_their_zeros_back(codes, spelled):
    data = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=pd.Index(codes, name="GEOID"))
    with pytest.warns(sgt.DataWarning, match="leading zeros"):
        pop = sgt.Population.from_frame(data, ["a", "b"])
    assert pop.units[0] == spelled
    assert data.index[0] == codes[0]


def test_geoids_of_tiers_get_their_zeros_back():
    data = frame(county_fips=[6067, 6067, 6113])
    with pytest.warns(sgt.DataWarning, match="county_fips"):
        pop = sgt.Population.from_frame(data, ["a", "b"], tiers=["county_fips"])
    assert pop.tiers["county_fips"].tolist() == ["06067", "06067", "06113"]
    with pytest.warns(sgt.DataWarning, match="3 digits"):
        pop = sgt.Population.from_frame(frame(county_fips=[1, 67, 67]), ["a", "b"], tiers=["county_fips"])
    assert pop.tiers["county_fips"].tolist() == ["001", "067", "067"]


def test_codes_of_no_known_length_are_left_alone():
    data = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=pd.Index([1, 113], name="GEOID"))
    with pytest.warns(sgt.DataWarning, match="no known code"):
        assert sgt.Population.from_frame(data, ["a", "b"]).units.tolist() == [1, 113]


def test_integer_labels_that_are_no_geoids_stay():
    data = frame().set_axis(pd.Index([7, 8, 9], name="precinct"))
    assert sgt.Population.from_frame(data, ["a", "b"]).units.tolist() == [7, 8, 9]


def test_web_mercator_warns_and_degrees_refuse_metres(tracts):
    with pytest.warns(sgt.DataWarning, match="EPSG:3857"):
        sgt.Population.from_frame(tracts.to_crs(3857), ["white", "black"])
    pop = sgt.Population.from_frame(tracts, ["white", "black"])
    for what in ("areas", "perimeters", "centroids"):
        with pytest.raises(sgt.GeographyError, match=r"to_crs\(frame.estimate_utm_crs\(\)\)"):
            getattr(pop.geography, what)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"counts": [[1, -1], [1, 1]]}, sgt.DataError, "negative"),
        ({"counts": [[1, 2, 3]]}, sgt.DataError, "group axis first"),
        ({"counts": [1, 2]}, sgt.DataError, "shape"),
        ({"counts": np.ones((2, 2, 2))}, sgt.DataError, "Grid"),
        ({"counts": np.ones((2, 0))}, sgt.DataError, "empty"),
        (
            {"counts": np.ones((2, 2)), "units": ["x"]},
            sgt.DataError,
            "1 units are labelled, one group of the counts has 2",
        ),
        ({"counts": np.ones((2, 2)), "total": [3]}, sgt.DataError, "shape"),
        ({"counts": np.ones((2, 2)), "margins": [3]}, sgt.DataError, "shape"),
    ],
)
def test_arrays_are_checked_too(options, kind, says):
    with pytest.raises(kind, match=says):
        sgt.Population(**({"groups": ["a", "b"]} | options))


def test_what_is_no_population_is_refused():
    with pytest.raises(sgt.DataError, match="expected a Population"):
        sgt.dissimilarity([[1, 2], [3, 4]])
    with pytest.raises(sgt.GroupError, match="groups="):
        sgt.dissimilarity(frame())


def test_long_frames_are_refused_alike():
    long = pd.DataFrame({"school": ["s", "s", "t"], "race": ["a", "b", "a"], "n": [1, -1, 2], "d": ["x", "y", "x"]})
    with pytest.raises(sgt.DataError, match="negative"):
        sgt.Population.from_long(long, unit="school", group="race", count="n")
    with pytest.raises(sgt.DataError, match="two places of tier 'd'"):
        sgt.Population.from_long(long.assign(n=1), unit="school", group="race", count="n", tiers=["d"])
    with pytest.raises(sgt.DataError, match="no value"):
        sgt.Population.from_long(long.assign(n=1, race=["a", None, "b"]), unit="school", group="race", count="n")


def test_geometry_that_is_absent_is_named(tracts):
    torn = tracts.to_crs(32610).copy()
    torn.loc[torn.index[1], "geometry"] = None
    place = sgt.Population.from_frame(torn, ["white", "black"]).geography
    with pytest.raises(sgt.GeographyError, match=torn.index[1]):
        _ = place.areas
    with pytest.raises(sgt.GeographyError, match="no geometry"):
        _ = sgt.Population.from_frame(pd.DataFrame(torn.drop(columns="geometry")), ["white", "black"]).geography.areas


def test_a_geodataframe_without_active_geometry_is_read_as_a_table():
    data = geopandas.GeoDataFrame({"a": [1], "b": [2]})
    assert sgt.Population.from_frame(data, ["a", "b"]).geography.source is None


def test_names_that_would_hide_each_other_are_refused(tracts):
    data = frame(total=[1, 1, 1], all=[9, 9, 9])
    refused(data, says=["'total'", "stated total"], kind=sgt.GroupError, groups=("total", "b"), total="all")
    refused(frame(), says=["'a'", "a tier"], kind=sgt.GroupError, tiers=["a"])
    with pytest.raises(sgt.GroupError, match="'rest'"):
        sgt.Population([[1, 2], [3, 4]], ["a", "rest"]).versus("a")
    assert sgt.Population([[1, 2], [3, 4]], ["a", "rest"]).versus("a", rest="others").groups == ("a", "others")
    long = pd.DataFrame({"s": ["s", "s", "t"], "g": ["state", "b", "b"], "n": [1, 2, 3], "state": ["CA", "CA", "NY"]})
    with pytest.raises(sgt.GroupError, match="'state' bears the name of a tier"):
        sgt.Population.from_long(long, unit="s", group="g", count="n", tiers=["state"])
    with pytest.raises(sgt.DataError, match="no rows"):
        sgt.Population.from_long(long[:0], unit="s", group="g", count="n")


def test_tiers_and_totals_are_matched_on_the_unit_index():
    counts, units = [[1, 2, 3], [3, 4, 5]], ["u", "v", "w"]
    tiers = pd.DataFrame({"county": ["K", "K", "M"]}, index=["w", "v", "u"])
    total = pd.Series([30, 20, 10], index=["w", "v", "u"])
    pop = sgt.Population(counts, ["a", "b"], units=units, tiers=tiers, total=total)
    assert pop.tiers["county"].tolist() == ["M", "K", "K"]
    assert pop.total.tolist() == [10, 20, 30]
    with pytest.raises(sgt.DataError, match="no row for 'u'"):
        sgt.Population(counts, ["a", "b"], units=units, tiers=tiers[:2])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"counts": np.ones((2, 2, 2)), "geography": sgt.Grid(3, 4, 10.0)}, "3 × 4 units are labelled"),
        ({"counts": np.ones((2, 2)), "margins": [[-1, 1], [1, 1]]}, "margin of a.*negative"),
        ({"counts": np.ones((2, 2), dtype=bool)}, "type bool"),
        ({"counts": np.ones((2, 2), dtype=complex)}, "type complex"),
        ({"counts": [["1", "<5"], ["2", "3"]]}, "array of numbers"),
        ({"counts": [[1, 2], [3]]}, "array of numbers"),
        ({"counts": np.full((2, 2), 1e308)}, "too large"),
    ],
)
def test_arrays_that_are_no_counts(options, says):
    with pytest.raises(sgt.DataError, match=says):
        sgt.Population(**({"groups": ["a", "b"]} | options))


def test_units_are_labelled_once():
    place = sgt.Population([[1, 2], [3, 4]], ["a", "b"], units=["x", "y"]).geography
    with pytest.raises(sgt.DataError, match="leave out units="):
        sgt.Population([[1, 2], [3, 4]], ["a", "b"], units=["x", "y"], geography=place)


@pytest.mark.parametrize("size", [{"rows": -1}, {"cols": 0}, {"cell_size": np.inf}, {"cell_size": -1.0}])
def test_grids_that_cannot_be(size):
    with pytest.raises(sgt.GeographyError):
        sgt.Grid(**({"rows": 2, "cols": 3, "cell_size": 10.0} | size))


@pytest.mark.parametrize("what", ["perimeters", "centroids", "borders", "bands", "cell_metres"])
def test_grids_in_degrees_refuse_metres(what):
    with pytest.raises(sgt.GeographyError, match=r"gdalwarp .* -r sum.*to_crs\(frame.estimate_utm_crs\(\)\)"):
        getattr(sgt.Grid(2, 3, 0.1, crs=4326), what)
    with pytest.raises(sgt.GeographyError, match="cell_size=100"):
        getattr(sgt.Grid(2, 3, None), what)


def test_groups_are_picked_by_any_list_but_a_set():
    pop = sgt.Population([[1, 2], [3, 4]], ["a", "b"])
    for groups in (pd.Index(["b", "a"]), pd.Series(["b", "a"]), np.array(["b", "a"]), ("b", "a")[::1].__iter__()):
        assert pop[groups].groups == ("b", "a")
    for groups, says in (
        (0, "no group 0"),
        ("zz", "no group 'zz'"),
        ({"a", "b"}, "list of names"),
        (None, "no group None"),
    ):
        with pytest.raises(sgt.GroupError, match=says):
            pop[groups]


def test_environments_are_recipes():
    with pytest.raises(sgt.CapabilityError, match="'county'"):
        sgt.Population([[1, 2], [3, 4]], ["a", "b"]).within("county")


def test_labels_that_stand_twice_are_refused():
    pop = sgt.Population([[1, 2], [3, 4]], ["a", "b"], units=["x", "y"])
    with pytest.raises(sgt.DataError, match="'x'"):
        pop.merge(pd.Series([1, 2, 3], index=["x", "x", "y"]))


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("my_city.gpkg", r"geopandas\.read_file\('my_city.gpkg'\)"),
        (Path("t.csv"), r"pandas\.read_csv"),
        ([1], "not list"),
    ],
)
def test_the_name_of_a_file_is_no_frame(name, reader):
    with pytest.raises(sgt.DataError, match=reader):
        sgt.Population.from_frame(name, ["a"])
    with pytest.raises(sgt.DataError, match=reader):
        sgt.dissimilarity(name, groups=["a", "b"])


@pytest.mark.parametrize(("whole", "what"), [(1, "shares"), (100, "per cent")])
def test_shares_are_no_counts(whole, what):
    shares = np.random.default_rng(1).dirichlet([1, 1], 30) * whole
    with pytest.warns(sgt.DataWarning, match=f"look like {what}, not counts"):
        sgt.Population.from_frame(pd.DataFrame(shares, columns=["a", "b"]), ["a", "b"])
    sgt.Population.from_frame(pd.DataFrame(shares * 3.3, columns=["a", "b"]), ["a", "b"])  # people, in parts


def test_a_folder_that_is_not_there_is_told_before_the_work(tmp_path):
    pop = sgt.synthetic_city("gradient", groups=["a", "b"])
    for write in (sgt.report, sgt.explore, lambda pop, path: sgt.export(sgt.summary(pop), path)):
        with pytest.raises(sgt.OptionError, match="there is no folder"):
            write(pop, tmp_path / "nowhere" / "page.html")


def test_what_has_labels_elsewhere_says_how_to_set_them():
    town = sgt.synthetic_district(40, 3, rng=1)
    blocks = town.blocks.reset_index(drop=True)
    given = {"current": blocks["school"], "schools": town.schools, "travel": town.travel}
    with pytest.raises(sgt.DataError, match=r"row numbers for labels: read them with frame = frame\.set_index\("):
        sgt.rezone(sgt.Population.from_frame(blocks, ["a", "b", "c"]), **given, steps=1000, rng=1)


def test_a_plan_in_degrees_where_the_format_asks_for_them(tmp_path):
    blocks, layers = sgt.load("sacramento_district"), {}
    for layer in ("schools", "travel"):
        layers[layer] = sgt.load("sacramento_district", layer=layer)
    pupils = sgt.Population.from_frame(blocks, ["white", "black"])
    plan = sgt.rezone(pupils, current=blocks["school"], **layers, steps=1000, rng=1)
    plan.to_file(tmp_path / "plan.geojson")
    west, south, east, north = geopandas.read_file(tmp_path / "plan.geojson").total_bounds
    assert -123 < west < east < -119
    assert 37 < south < north < 40
    with pytest.raises(sgt.DataError, match=r"plan\.to_file\('plan\.csv'\)"):
        sgt.export(plan, tmp_path / "plan.csv")
