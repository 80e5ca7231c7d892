"""Interactive maps: the data in the page, held against the result; what is not told; what is refused."""

import html
import json
import re
from dataclasses import replace
from itertools import pairwise

import geopandas
import geopandas.testing
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.analysis.small_counts import withheld_in_lines
from segregation_tools.views.explore import shapes
from segregation_tools.views.explore.layers import FEW
from segregation_tools.views.maps import CLASSES, LESS_DIVERSE, NOBODY, PALETTE, class_colours
from tests.planning.towns import Town
from tests.views.pages import Page, counted, percent

NASTY = "</script><script>alert(1)</script><!-- \u2028 & \"'"


def data_of(made):
    """What the page's program reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', made.page, re.DOTALL)
    return json.loads(found[1])


def keys_of(made, tmp_path):
    """Words of the keys of the layers, in their order."""
    page = Page(made.save(tmp_path / "page.html"))
    return page.texts["li"]


def colours_of(layer):
    return [layer["colours"][fill] for fill in layer["fills"]]


@pytest.fixture(scope="module")
def made(sacramento):
    return sgt.explore(sacramento, title="Sacramento")


@pytest.fixture(scope="module")
def data(made):
    return data_of(made)


@pytest.fixture(scope="module")
def city():
    return sgt.synthetic_city("gradient", rows=6, cols=8, groups=["a", "b", "c"])


@pytest.fixture(scope="module")
def plan():
    return Town().rezone(steps=60_000)


# ---------------------------------------------------------------- a population


def test_every_group_has_the_classes_of_the_report(made, data, sacramento, tmp_path):
    names = [text.strip() for text in re.findall(r'name="layer"[^>]*>([^<]*)<', made.page)]
    assert names == [*sacramento.groups, "Less diverse than the region"]
    scale = class_colours(CLASSES, PALETTE)
    for layer, counts in zip(data["layers"], sacramento.counts, strict=False):
        assert layer["colours"][: len(scale)] == [colour for _, _, colour in scale]
        shares = counts / sacramento.sizes
        for share, colour in zip(shares, colours_of(layer), strict=True):
            if colour != FEW:
                assert any(low <= share < high or share == high == 1 for low, high, own in scale if own == colour)
        assert colours_of(layer).count(FEW) < 5
    local = sgt.information_theory.local(sacramento)
    ranked = pd.Series(local.to_numpy()).groupby(colours_of(data["layers"][-1])).agg(["min", "max"]).drop(FEW)
    edges = np.array(LESS_DIVERSE)
    for low, high in ranked.itertuples(index=False):
        assert np.searchsorted(edges, low, "right") == np.searchsorted(edges, high, "right")


def test_the_numbers_are_those_of_the_population(data, sacramento):
    assert data["columns"] == ["Residents", *sacramento.groups, "Less diverse than the region", "county"]
    assert data["names"] == list(sacramento.units)
    local = sgt.information_theory.local(sacramento)
    compared = 0
    for i, (residents, *groups, diversity, county) in enumerate(data["rows"]):
        assert county == sacramento.tiers["county"].iloc[i]
        if "–" in (*groups, residents) or "fewer than 5" in (*groups, residents):
            assert diversity == "–"
            continue
        assert counted(residents) == sacramento.sizes[i]
        for text, count in zip(groups, sacramento.counts[:, i], strict=True):
            people, share = text.removesuffix(")").split(" (")
            assert counted(people) == count
            assert percent(share) == pytest.approx(100 * count / sacramento.sizes[i], abs=0.0501)
        assert float(diversity.replace("−", "-")) == pytest.approx(local.iloc[i], rel=1e-3, abs=1e-9)
        compared += 1
    assert compared > 380


def test_it_stands_alone_and_is_small(made, tmp_path):
    page = Page(made.save(tmp_path / "page.html"))
    assert page.fetched == []
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "img")]
    assert len(made.page.encode()) < 1_500_000
    assert "sourceMappingURL" not in made.page
    assert not re.search(r"url\((?!#default)", made.page)
    policy = next(about["content"] for tag, about in page.tags if "http-equiv" in about)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "http" not in policy


def test_people_of_no_group_are_counted(made, city):
    assert "people (5.3\u202f%) belong to none of these groups; shares are of those who do." in made.page
    assert "none of these groups" not in sgt.explore(city).page


def test_leaflet_comes_with_its_licence(made):
    assert "Leaflet 1.9.4" in made.page
    assert "Redistribution and use in source and binary forms" in made.page
    assert "Volodymyr Agafonkin" in made.page


def test_borders_stay_shared_and_areas_stay_what_they_are(data, tracts):
    drawn = geopandas.GeoSeries([shapely.geometry.shape(shape) for shape in data["shapes"]], crs=4326)
    corners = shapely.get_coordinates(drawn)
    np.testing.assert_array_equal(corners, np.round(corners, 5))
    assert len(corners) < len(shapely.get_coordinates(tracts.geometry)) / 2
    metres, real = drawn.to_crs(32610), tracts.to_crs(32610)
    assert metres.area.sum() == pytest.approx(real.area.sum(), rel=1e-3)
    assert metres.union_all().area == pytest.approx(metres.area.sum(), rel=1e-4)  # nothing overlaps
    real_gaps = real.union_all().convex_hull.area - real.area.sum()
    assert metres.union_all().convex_hull.area - metres.area.sum() == pytest.approx(real_gaps, rel=1e-2)
    assert metres.representative_point().within(real.buffer(300).set_axis(metres.index)).all()


def test_coordinates_without_a_system_lie_on_a_plane(city):
    drawn = data_of(sgt.explore(city))
    assert drawn["plane"]
    corners = shapely.get_coordinates([shapely.geometry.shape(shape) for shape in drawn["shapes"]])
    assert corners.min() == 0
    assert corners.max() == 1000


@pytest.mark.parametrize("kind", ["polygons", "points", "grid"])
def test_every_kind_of_geography_is_laid_out_alike(kind):
    city = sgt.synthetic_city("gradient", rows=3, cols=4, kind=kind)
    drawn = data_of(sgt.explore(city))
    middles = [shapely.geometry.shape(shape).centroid for shape in drawn["shapes"]]
    assert len(middles) == len(drawn["names"]) == len(drawn["rows"]) == 12
    assert [m.x < n.x for m, n in pairwise(middles)].count(True) == 9  # along each of three rows


def test_of_a_grid_inhabited_cells_are_drawn_and_no_more_than_fit(monkeypatch):
    counts = np.zeros((2, 4, 5))
    counts[:, 1, 2:4] = [[30, 40], [20, 10]]
    pop = sgt.Population.from_raster(counts, groups=["a", "b"], cell_size=100, crs=25832)
    drawn = data_of(sgt.explore(pop))
    assert drawn["names"] == ["1, 2", "1, 3"]
    assert [row[0] for row in drawn["rows"]] == ["50", "50"]
    assert not drawn["plane"]
    monkeypatch.setattr(shapes, "MOST", 1)
    with pytest.raises(sgt.CapabilityError, match=r"2 inhabited cells.*larger cells"):
        sgt.explore(pop)


def test_units_without_a_place_are_told_but_not_drawn(tracts):
    frame = tracts.head(9).copy()
    frame.loc[frame.index[4], "geometry"] = None
    drawn = data_of(sgt.explore(frame, groups=["white", "black"]))
    assert [shape is None for shape in drawn["shapes"]] == [i == 4 for i in range(9)]
    assert len(drawn["rows"]) == 9
    frame["geometry"] = None
    with pytest.raises(sgt.GeographyError, match="needs geometry"):
        sgt.explore(frame, groups=["white", "black"])


def test_broken_outlines_are_mended_for_drawing():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    spike = shapely.Polygon([(4, 0), (6, 0), (6, 2), (6, 4), (6, 2), (4, 2)])
    frame = geopandas.GeoDataFrame({"a": [50, 60], "b": [20, 30]}, geometry=[bow, spike])
    drawn = [shapely.geometry.shape(shape) for shape in data_of(sgt.explore(frame, groups=["a", "b"]))["shapes"]]
    assert all(shape.is_valid and shape.area > 0 for shape in drawn)


def test_nothing_of_the_users_is_changed(tracts):
    frame = tracts.head(20).copy()
    sgt.explore(frame, groups=["white", "black"])
    geopandas.testing.assert_geodataframe_equal(frame, tracts.head(20))


# ---------------------------------------------------------------- small counts


def test_small_counts_and_what_would_tell_of_them_are_not_shown(city):
    counts = np.array([[40, 300, 60, 0, 4000], [3, 20, 10, 0, 2], [50, 80, 90, 0, 900]], dtype=float)
    frame = geopandas.GeoDataFrame(counts.T, columns=list("abc"), geometry=shapely.box(range(5), 0, range(1, 6), 1))
    made = sgt.explore(frame, groups=list("abc"))
    drawn = data_of(made)
    rows, layers = drawn["rows"], [colours_of(layer) for layer in drawn["layers"]]
    assert rows[0][:3] == ["93", "–", "fewer than 5"]
    assert rows[0][4] == "–"  # local diversity
    assert layers[1][0] == layers[0][0] == layers[3][0] == FEW  # of 93, some 3 % in one class or in another
    assert [layer[3] for layer in layers] == [NOBODY] * 4
    assert rows[3][:2] == ["0", "0"]
    # under 5 of 4902 are below 2 %, whatever they are: the colour tells nothing, and is shown
    assert rows[4][2] == "fewer than 5"
    assert layers[1][4] == class_colours(CLASSES, PALETTE)[0][2]
    told = data_of(sgt.explore(frame, groups=list("abc"), min_count=0))
    assert [row[2] for row in told["rows"]][:2] == ["3 (3.2\u202f%)", "20 (5.0\u202f%)"]
    assert FEW not in {colour for layer in told["layers"] for colour in layer["colours"]}
    with pytest.raises(sgt.CapabilityError, match="fewer than 50"):
        sgt.explore(frame, groups=list("abc"), min_count=50)


def test_values_tell_no_more_than_counts_do():
    frame = geopandas.GeoDataFrame(
        {"a": [40, 30, 60], "b": [3, 20, 10], "c": [50, 80, 90]}, geometry=shapely.box(range(3), 0, range(1, 4), 1)
    )
    pop = sgt.Population.from_frame(frame, list("abc"))
    drawn = data_of(sgt.explore(pop, values=sgt.dissimilarity.local(pop)))
    assert drawn["rows"][0][1] == "–"
    assert colours_of(drawn["layers"][0])[0] == FEW


TABLES = st.integers(1, 5).flatmap(
    lambda cols: st.lists(st.lists(st.integers(0, 30), min_size=cols, max_size=cols), min_size=1, max_size=6)
)


@given(TABLES)
def test_no_small_count_can_be_had_from_sums(table):
    """Rows and columns add up to what is known: of each, two counts or more are hidden, which may be anything small."""
    counts = np.array(table, dtype=float)
    lines = [line.ravel() for line in np.indices(counts.shape)]
    hidden = withheld_in_lines(counts.ravel(), lines, 5).reshape(counts.shape)
    assert hidden[(counts > 0) & (counts < 5)].all()
    assert not hidden[counts == 0].any()
    assert hidden.any() == ((counts > 0) & (counts < 5)).any()
    for own, line in [*zip(hidden, counts, strict=True), *zip(hidden.T, counts.T, strict=True)]:
        if own.any() and not own[line > 0].all():
            assert own.sum() > 1
            assert line[own].sum() >= 5 + own.sum() - 1


# ---------------------------------------------------------------- values


def test_values_are_matched_by_unit_and_stand_in_their_class(sacramento, tmp_path):
    local = sgt.information_theory.local(sacramento)
    made = sgt.explore(sacramento, values=local.sample(frac=1, random_state=1).rename("local H"), min_count=0)
    drawn = data_of(made)
    assert drawn["columns"][1] == "local H"
    told = [float(row[1].replace("−", "-")) for row in drawn["rows"]]
    np.testing.assert_allclose(told, local, rtol=6e-4)
    classes = [re.findall(r"−?[\d.]+", text) for text in keys_of(made, tmp_path)]
    ends = [[float(end.replace("−", "-")) for end in ends] for ends in classes[: len(drawn["layers"][0]["colours"])]]
    assert any(low == 0 for low, _ in ends)  # both sides of 0 have classes of their own
    for fill, value in zip(drawn["layers"][0]["fills"], local, strict=True):
        assert ends[fill][0] - 1e-9 <= value <= ends[fill][1] + 1e-9


@pytest.mark.parametrize(
    "numbers", [[0, 0, 0], [7.5, 7.5, 7.5], [-3, -2, -1], [1e9, 2e9, 3e9], [np.nan, 1, 2], [np.nan] * 3]
)
def test_any_values_have_classes(numbers, tmp_path):
    city = sgt.synthetic_city("gradient", rows=1, cols=3)
    made = sgt.explore(city, values={"v": pd.Series(numbers, index=city.units, dtype=float)}, min_count=0)
    layer, texts = data_of(made)["layers"][0], keys_of(made, tmp_path)
    for fill, value in zip(layer["fills"], numbers, strict=True):
        if np.isnan(value):
            assert texts[fill] == "no value"
        else:
            low, high = (float(end.replace("−", "-")) for end in texts[fill].split(" – "))
            assert low <= value <= high


def test_clusters_are_those_of_the_result(sacramento, tmp_path):
    found = sgt.local_moran(sacramento, group="black", rng=7)
    made = sgt.explore(sacramento, values=found, min_count=0)
    drawn, texts = data_of(made), keys_of(made, tmp_path)
    words = {"Insignificant": "no more than chance", "High-High": "high among high neighbours",
             "Low-High": "low among high neighbours", "Low-Low": "low among low neighbours",
             "High-Low": "high among low neighbours"}  # fmt: skip
    told = found.to_frame()
    assert drawn["columns"][1:4] == ["local Moran's I", "p", "Cluster"]
    assert [row[3] for row in drawn["rows"]] == [words[kind] for kind in told["cluster"]]
    assert [texts[fill] for fill in drawn["layers"][0]["fills"]] == [words[kind] for kind in told["cluster"]]
    np.testing.assert_allclose([float(row[2]) for row in drawn["rows"]], told["p"], rtol=1e-3)


def test_values_of_a_grid_are_an_array():
    city = sgt.synthetic_city("gradient", rows=4, cols=5, kind="grid")
    local = sgt.information_theory.local(city)
    drawn = data_of(sgt.explore(city, values=local, min_count=0))
    told = [float(row[1].replace("−", "-")) for row in drawn["rows"]]
    np.testing.assert_allclose(told, local.ravel(), rtol=1e-3)


def test_columns_of_one_name_are_kept_apart(city):
    drawn = data_of(sgt.explore(city, values=pd.Series(7.0, index=city.units, name="a"), min_count=0))
    assert drawn["columns"][:3] == ["Residents", "a", "a"]
    assert drawn["rows"][0][1] == "7"
    assert "(" in drawn["rows"][0][2]


# ---------------------------------------------------------------- a plan


def test_a_plan_tells_each_block_its_schools_and_ways(plan):
    drawn, frame = data_of(sgt.explore(plan, min_count=0)), plan.to_frame()
    assert drawn["names"] == list(frame.index)
    for row, block in zip(drawn["rows"], frame.itertuples(), strict=True):
        assert row[:2] == [block.current, block.school]
        assert [float(minutes) for minutes in row[2:4]] == pytest.approx(
            [block.minutes_before, block.minutes_now], abs=0.05
        )
    assert [counted(row[4]) for row in drawn["rows"]] == plan.problem.sizes.tolist()
    today, future = drawn["layers"]
    assert future["outlined"] == np.flatnonzero(frame["moved"]).tolist() != []
    for layer, column in ((today, "current"), (future, "school")):
        assert len(set(zip(colours_of(layer), frame[column], strict=True))) == frame[column].nunique()
    assert [place["name"] for place in drawn["places"]] == list(plan.problem.schools)
    blocks = dict(zip(drawn["names"], drawn["shapes"], strict=True))
    for place, block in zip(drawn["places"], plan.problem.blocks[plan.problem.stands], strict=True):
        assert shapely.geometry.shape(blocks[block]).contains(shapely.Point(place["at"]))


def test_few_pupils_of_a_block_are_not_told_nor_had_from_rolls(plan):
    least = float(np.quantile(plan.problem.sizes, 0.1))
    drawn = data_of(sgt.explore(plan, min_count=least))
    sizes = plan.problem.sizes
    untold = np.array([not row[4].isdigit() for row in drawn["rows"]])
    assert untold[(sizes > 0) & (sizes < least)].all()
    for zone in (plan.problem.current, plan.zone):
        assert not (np.bincount(zone, untold) == 1).any()


def test_a_school_that_closes_is_said_to(plan):
    problem = replace(plan.problem, current=np.where(plan.problem.current == 0, -1, plan.problem.current))
    drawn = data_of(sgt.explore(replace(plan, problem=problem)))
    closing = np.flatnonzero(problem.current < 0)
    assert {drawn["rows"][i][0] for i in closing} == {f"{plan.problem.schools[0]}, which closes"}
    assert {drawn["rows"][i][2] for i in closing} == {"not known"}
    assert {colours_of(drawn["layers"][0])[i] for i in closing} == {NOBODY}


# ---------------------------------------------------------------- what is given back, what is refused


def test_a_notebook_shows_the_page_itself(made):
    shown = made._repr_html_()
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', shown)[1]) == made.page
    assert shown.count("<") == 2
    assert repr(made) == "Exploration(title='Sacramento')"


def test_it_is_written_where_it_is_asked_for(city, tmp_path):
    made = sgt.explore(city, tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text("utf-8") == made.page
    assert made.save(tmp_path / "again.html").read_text("utf-8") == made.page


def test_names_are_text(tmp_path):
    frame = geopandas.GeoDataFrame(
        {NASTY: [40, 50], "b": [50, 60], "t": [NASTY, NASTY]},
        index=[NASTY, "x"], geometry=shapely.box([0, 1], 0, [1, 2], 1),
    )  # fmt: skip
    pop = sgt.Population.from_frame(frame, [NASTY, "b"], tiers=["t"])
    made = sgt.explore(pop, title=NASTY, values={NASTY: pd.Series([1.0, 2.0], index=frame.index)})
    page = Page(made.save(tmp_path / "page.html"))
    assert [tag for tag, _ in page.tags].count("script") == 3
    drawn = data_of(made)
    assert drawn["names"][0] == NASTY
    assert drawn["columns"] == ["Residents", NASTY, NASTY, "b", "Less diverse than the region", "t"]
    assert page.headings[0] == NASTY


def test_a_background_is_fetched_only_where_it_is_asked_for_and_is_credited(tracts):
    address = "https://{s}.tiles.example/{z}/{x}/{y}.png"
    made = sgt.explore(tracts.head(9), groups=["white", "black"], tiles=address, attribution="© <b>them</b>")
    assert data_of(made)["tiles"] == {"address": address, "attribution": "© &lt;b&gt;them&lt;/b&gt;"}
    assert "img-src data: https://*.tiles.example;" in html.unescape(made.page)


GOOD = "https://tiles.example/{z}/{x}/{y}.png"


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"tiles": GOOD}, sgt.OptionError, "attribution"),
        ({"tiles": GOOD, "attribution": " "}, sgt.OptionError, "attribution"),
        ({"attribution": "them"}, sgt.OptionError, "not given"),
        ({"tiles": "https://tiles.example/", "attribution": "them"}, sgt.OptionError, "{z}"),
        ({"tiles": "javascript:{z}{x}{y}", "attribution": "them"}, sgt.OptionError, "{z}"),
        ({"tiles": "https://a;script-src */{z}/{x}/{y}", "attribution": "them"}, sgt.OptionError, "{z}"),
        ({"tiles": GOOD, "attribution": "them"}, sgt.OptionError, "reference system"),
        ({"title": 7}, sgt.OptionError, "title"),
        ({"min_count": -1}, sgt.OptionError, "min_count"),
        ({"language": "xx"}, sgt.DataError, "language"),
        ({"values": [1, 2]}, sgt.DataError, "shape"),
        ({"values": {"v": None}}, sgt.DataError, "'v'"),
        ({"values": pd.Series([1.0], index=["nowhere"])}, sgt.DataError, "nowhere"),
        ({"values": "half"}, sgt.DataError, "missing for units"),
        ({"values": "twice"}, sgt.DataError, "more than once"),
        ({"values": "text"}, sgt.DataError, "'1.0!'"),
        ({"values": "endless"}, sgt.DataError, "infinite"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_the_mend(city, options, kind, message):
    one = pd.Series(1.0, index=city.units)
    known = {
        "half": one.head(3),
        "twice": pd.concat([one, one.head(1)]),
        "text": one.astype(str) + "!",
        "endless": one * np.inf,
    }
    values = options.get("values")
    if isinstance(values, str):
        options = {"values": known[values]}
    with pytest.raises(kind, match=message):
        sgt.explore(city, **options)


def test_what_has_no_place_of_its_own_asks_for_the_population(city, plan):
    local = pd.Series(1.0, index=city.units)
    for given_alone in (local, sgt.local_moran(city, group="a", permutations=0)):
        with pytest.raises(sgt.OptionError, match=r"sgt\.explore\(pop, values="):
            sgt.explore(given_alone)
    with pytest.raises(sgt.OptionError, match=r"values= mean"):
        sgt.explore(plan, values=local)


def test_coordinates_that_are_mislabelled_are_refused(tracts):
    metres = tracts.head(9).to_crs(32610).set_crs(4326, allow_override=True)
    with pytest.raises(sgt.GeographyError, match=r"EPSG:4326.*set_crs"):
        sgt.explore(metres, groups=["white", "black"])
