"""The report: parsed, and held against the numbers."""

import base64
import itertools
import re

import geopandas
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import segregation_tools as sgt
from segregation_tools.__main__ import main
from segregation_tools.views.curves import small_curves
from segregation_tools.views.maps import CLASSES, LESS_DIVERSE, NOBODY, diversity_map, share_map
from segregation_tools.views.scale import telling_radii
from tests.views.pages import Page, counted, percent


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    groups = ["white", "black", "asian", "hispanic"]
    pop = sgt.Population.from_frame(sgt.load("sacramento"), groups, tiers=["county"], total="total")
    return Page(sgt.report(pop, tmp_path_factory.mktemp("report") / "report.html", title="Sacramento"))


def test_it_stands_alone(page):
    assert [source[:22] for source in page.fetched] == ["data:image/png;base64,"] * 6
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe")]
    assert ("html", {"lang": "en"}) in page.tags
    assert page.headings[0] == "Sacramento"


def test_each_map_is_a_picture_with_words_for_those_who_cannot_see_it(page, tmp_path, sacramento):
    images = [about for tag, about in page.tags if tag == "img"]
    assert [image["alt"] for image in images[:4]] == [
        f"Map: share of {group} among the residents of each area." for group in sacramento.groups
    ]
    assert "less diverse" in images[4]["alt"]
    assert "curves" in images[5]["alt"]
    for image in images:
        picture = tmp_path / "map.png"
        picture.write_bytes(base64.b64decode(image["src"].partition(",")[2]))
        pixels = matplotlib.image.imread(picture)
        assert pixels.shape[1] > 500
        assert pixels[..., :3].std() > 0.05


def test_its_numbers_are_those_of_the_library(page, sacramento):
    mix, indices, more, isolation, observed, even, tiers, provenance = page.tables
    assert [row[0] for row in mix[1:]] == list(sacramento.groups)
    assert [percent(row[2]) for row in mix[1:]] == pytest.approx(100 * sacramento.mix.to_numpy(), abs=0.05)

    table = sgt.summary(sacramento)
    numbers = table[table["groups"].str.contains(",")].set_index("symbol")
    assert {row[1] for row in indices[1:]} == {"D", "H", "V", "E"}
    indices = indices[:1] + indices[1:] + more[1:]
    numbers = numbers.loc[[row[1] for row in indices[1:]]]
    assert len(numbers) == (table["groups"].str.contains(",")).sum()
    assert [float(row[2]) for row in indices[1:]] == pytest.approx(numbers["value"].to_numpy(), abs=5e-5)
    chance = ["–" if np.isnan(value) else f"{value:.4f}" for value in numbers["expected"]]
    assert [row[3] for row in indices[1:]] == chance
    assert all(len(row[4]) > 20 for row in indices[1:])

    assert [percent(row[1]) for row in isolation[1:]] == pytest.approx(100 * sgt.isolation(sacramento), abs=0.05)
    seen = np.array([[percent(cell) for cell in row[1:]] for row in observed[1:]])
    np.testing.assert_allclose(seen, 100 * sgt.exposure(sacramento), atol=0.05)
    for row in even[1:]:
        assert [percent(cell) for cell in row[1:]] == pytest.approx(100 * sacramento.mix.to_numpy(), abs=0.05)

    parts = sgt.decompose_tiers(sgt.information_theory, sacramento)
    assert [row[0] for row in tiers[1:]] == [
        "Between places of the tier county", "Between areas, inside county", "All of it"
    ]  # fmt: skip
    assert [float(row[1]) for row in tiers[1:]] == pytest.approx([*parts.to_frame()["value"], parts.value], abs=5e-5)
    assert [percent(row[2]) for row in tiers[1:3]] == pytest.approx(100 * parts.to_frame()["share"], abs=0.05)

    facts = {row[0]: row[1] for row in provenance if len(row) == 2}
    assert facts["Data"] == "Sacramento"
    assert facts["Tiers"] == "county (4)"
    assert "EPSG:4269" in facts["Coordinates"]
    assert "95\u202f227" in facts["Others"]
    assert sgt.__version__ in facts["Software"]


def test_with_a_source_of_chance_every_measure_has_an_interval(sacramento, tmp_path):
    drawn = Page(sgt.report(sacramento, tmp_path / "page.html", rng=7, draws=40))
    _, shown, more, isolation, *_, provenance = drawn.tables
    table = sgt.summary(sacramento, rng=7, draws=40)
    numbers = table[table["groups"].str.contains(",")].set_index("symbol")
    assert len(shown) + len(more) - 2 == len(numbers)
    for _, symbol, value, interval, chance, _ in shown[1:] + more[1:]:
        row = numbers.loc[symbol]
        low, high = interval.split(" – ")
        wanted = [row["value"], row["low"], row["high"], row["expected"]]
        assert [float(cell) for cell in (value, low, high, chance)] == pytest.approx(wanted, abs=5e-5)
    for name, value, interval, _ in isolation[1:]:
        low, high = map(percent, interval.split(" – "))
        assert low <= percent(value) <= high
        assert name in sacramento.groups
    facts = {row[0]: row[1] for row in provenance if len(row) == 2}
    assert "40 populations" in facts["Chance"]
    assert facts["Chance"].endswith("began with 7")
    same = sgt.report(sacramento, tmp_path / "again.html", rng=7, draws=40)
    assert same.read_text("utf-8") == (tmp_path / "page.html").read_text("utf-8")
    near = Page(
        sgt.report(sacramento.within(sgt.Zones(sacramento.tiers["county"])), tmp_path / "near.html", rng=7, draws=9)
    )
    facts = {row[0]: row[1] for row in near.tables[-1] if len(row) == 2}
    assert "not stated" not in facts["Who meets whom"]
    handed = Page(sgt.report(sacramento, tmp_path / "page.html", rng=np.random.default_rng(1), draws=5))
    assert "a generator" in {row[0]: row[-1] for row in handed.tables[-1]}["Chance"]


def test_every_measure_is_explained_in_plain_words(page):
    shown = {row[0] for table in page.tables[1:3] for row in table[1:]}
    assert not shown & set(sgt.shelf().index), "a measure without a plain name"


def test_names_are_escaped(tmp_path):
    pop = sgt.Population([[90, 10], [10, 90]], ['<script>alert("a")</script>', "b & c"])
    path = sgt.report(pop, tmp_path / "page.html", title="<i>here</i>")
    text = path.read_text("utf-8")
    assert "<script" not in text
    assert "<i>" not in text
    assert Page(path).tables[0][1][0] == '<script>alert("a")</script>'


@pytest.mark.parametrize("name", ["$\\foo$", "$x_i$", "群", "{0}", "index"])
def test_any_name_can_be_drawn(name, tmp_path):
    city = sgt.synthetic_city("gradient", rows=2, cols=3, groups=[name, "b"])
    assert Page(sgt.report(city, tmp_path / "page.html")).tables[0][1][0] == name


def test_geometry_that_is_absent_or_mislabelled_is_drawn_as_far_as_it_goes(tracts, tmp_path):
    metres = tracts.head(20).to_crs(32610).set_crs(4326, allow_override=True)
    assert len(Page(sgt.report(metres, tmp_path / "page.html", groups=["white", "black"])).fetched) == 4
    nowhere = tracts.head(20).copy()
    nowhere["geometry"] = None
    assert len(Page(sgt.report(nowhere, tmp_path / "page.html", groups=["white", "black"])).fetched) == 1


def test_a_table_without_geometry_says_so(tmp_path):
    path = sgt.report(sgt.Population([[90, 10], [10, 90]], ["a", "b"]), tmp_path / "page.html")
    assert "no geometry" in path.read_text("utf-8")
    assert len(Page(path).fetched) == 1  # the curve needs none


def test_small_counts_are_not_told(tmp_path):
    units = sgt.Population([[90, 10, 1], [40, 20, 1]], ["a", "b"])
    text = sgt.report(units, tmp_path / "page.html").read_text("utf-8")
    assert "smallest fewer than 5" in text
    rare = sgt.Population([[90, 10], [3, 0]], ["a", "b"])
    with pytest.raises(sgt.CapabilityError, match=r"'b'.*min_count"):
        sgt.report(rare, tmp_path / "page.html")
    assert Page(sgt.report(rare, tmp_path / "page.html", min_count=1)).tables[0][2][1] == "3"


def test_people_of_no_group_are_counted_where_shares_are_told(page, sacramento, tmp_path):
    drawn = sgt.load("sacramento")
    everyone = drawn["total"].sum()
    others = everyone - drawn[["white", "black", "asian", "hispanic"]].to_numpy().sum()
    (told,) = [text for text in page.texts["p"] if "none of these groups" in text]
    many, share = re.match(r"(.+) people \((.+)\) belong to none of these groups; shares are of those", told).groups()
    assert counted(many) == others
    assert percent(share) == pytest.approx(100 * others / everyone, abs=0.05)

    def text(total):
        units = sgt.Population([[90, 10], [40, 20]], ["a", "b"], total=total)
        return sgt.report(units, tmp_path / "page.html").read_text("utf-8")

    few = text([132, 31])
    assert "fewer than 5 people belong to none of these groups" in few
    assert "1.8" not in few  # the share would tell of three
    assert "none of these groups" not in text([130, 30])
    assert "none of these groups" not in text(None)


def test_the_nearest_people_can_be_reported(tracts, tmp_path):
    """Also where a stated total has people of no group: the nearest were found among the groups."""
    metres = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black", "asian"], total="total")
    page = Page(sgt.report(metres.within(sgt.NearestPeople(20_000)), tmp_path / "page.html"))
    assert "residents meet the nearest 20,000 people, not only" in dict(page.tables[-1][1:])["Who meets whom"]


def test_an_environment_is_named(tmp_path):
    pop = sgt.Population([[90, 10], [10, 90]], ["a", "b"]).within(sgt.Zones([1, 1]))
    facts = dict(Page(sgt.report(pop, tmp_path / "page.html")).tables[-1][1:])
    assert "residents meet everyone of the same zone, not only" in facts["Who meets whom"]


def test_one_group_is_reported_as_far_as_it_goes(tmp_path):
    with pytest.warns(sgt.UndefinedWarning):
        page = Page(sgt.report(sgt.Population([[90, 10]], ["a"]), tmp_path / "page.html"))
    assert page.tables[1][1][2] == "not defined"


@pytest.mark.parametrize("kind", ["polygons", "points", "grid"])
@pytest.mark.parametrize("groups", ["ab", "abcde"])
def test_every_kind_of_geography_is_drawn(kind, groups, tmp_path):
    city = sgt.synthetic_city("gradient", rows=6, cols=8, groups=list(groups), kind=kind)
    assert len(Page(sgt.report(city, tmp_path / "page.html")).fetched) == len(groups) + 2


def test_every_group_is_drawn_on_one_scale_and_empty_units_are_grey(tracts):
    frame = tracts.head(30).copy()
    frame.loc[frame.index[3], ["white", "black"]] = 0
    pop = sgt.Population.from_frame(frame, ["white", "black"])
    drawn = []
    for group in pop.groups:
        ax = Figure().subplots()
        scale = share_map(pop, group, ax)
        shares = pop.counts[pop.groups.index(group)] / np.where(pop.sizes > 0, pop.sizes, np.nan)
        np.testing.assert_allclose(np.sort(scale.get_array()), np.sort(shares[~np.isnan(shares)]))
        drawn.append((tuple(scale.norm.boundaries), scale.cmap.name))
        greys = [c for c in ax.collections if c.get_array() is None]
        assert len(greys) == 1
        assert matplotlib.colors.to_hex(greys[0].get_facecolor()[0]) == NOBODY
    assert drawn[0] == drawn[1]
    assert drawn[0][0] == CLASSES


def test_the_map_of_diversity_shows_local_values(tracts):
    pop = sgt.Population.from_frame(tracts.head(50), ["white", "black", "asian"])
    drawn = diversity_map(pop, Figure().subplots())
    np.testing.assert_allclose(drawn.get_array(), sgt.information_theory.local(pop))
    assert tuple(drawn.norm.boundaries) == LESS_DIVERSE
    assert sgt.information_theory.local(pop).between(LESS_DIVERSE[0], LESS_DIVERSE[-1]).all()


def test_the_curves_are_those_of_each_group_against_the_rest(sacramento):
    ax = small_curves(sacramento, "x", "y", "even").axes[0]
    assert len(ax.lines) == 5
    for line, group in zip(ax.lines[1:], sacramento.groups, strict=True):
        steps = 100 * sgt.segregation_curve(sacramento.versus(group)).to_numpy()
        np.testing.assert_allclose(line.get_xydata(), steps[:, ::-1])


def test_a_pair_is_called_by_its_names_and_one_group_has_no_curve(tracts, tmp_path):
    pair = sgt.Population.from_frame(tracts, ["black", "white"], total="total")
    text = sgt.report(pair, tmp_path / "page.html").read_text("utf-8")
    assert "a given part of white has been" in text
    assert "everyone else has been" not in text
    with pytest.warns(sgt.UndefinedWarning):
        text = sgt.report(tracts, tmp_path / "page.html", groups=["white"]).read_text("utf-8")
    assert "nobody to compare it with" in text
    assert "no geometry" not in text


def test_a_group_may_be_called_rest(tmp_path):
    pop = sgt.Population([[90, 10], [10, 90], [50, 40]], ["a", "b", "rest"])
    assert sgt.report(pop, tmp_path / "page.html").exists()


def test_only_sources_of_what_is_shown_are_named(page, tmp_path):
    text = sgt.report(sgt.Population([[90, 10], [10, 90]], ["a", "b"]), tmp_path / "page.html").read_text("utf-8")
    assert "Hutchens" in text
    assert "Jargowsky" not in text


def test_the_page_says_what_numbers_do_not_say(page):
    assert "What these numbers do not say" in page.headings


def test_languages_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(sgt.DataError, match="'en'"):
        sgt.report(sgt.Population([[9, 2], [3, 9]], ["a", "b"]), tmp_path / "page.html", language="xx")


# ---------------------------------------------------------------- tiers and distances


def test_distances_stand_beside_the_index_within_them(tracts, tmp_path):
    pop = sgt.Population.from_frame(tracts.to_crs(32610), ["white", "black", "asian"])
    page = Page(sgt.report(pop, tmp_path / "page.html"))
    table = next(table for table in page.tables if table[0][0] == "Distance")
    radii = telling_radii(pop)
    assert [row[0] for row in table[1:]] == ["area alone", *(f"{metres / 1000:g} km" for metres in radii)]
    values = sgt.profile(sgt.information_theory, pop, radii=[0, *radii])["value"]
    assert [float(row[1]) for row in table[1:]] == pytest.approx(values, abs=5e-5)
    assert [percent(row[2]) for row in table[1:]] == pytest.approx(100 * values / values[0], abs=0.05)
    assert [text for text in page.texts["text"] if "." in text] == [f"{value:.3f}" for value in values]


def test_distances_suit_the_units():
    city = sgt.synthetic_city("gradient", rows=40, cols=40, cell_size=100.0, kind="points")
    assert telling_radii(city) == [100, 200, 500]
    grid = sgt.synthetic_city("gradient", rows=40, cols=40, cell_size=100.0, kind="grid")
    assert telling_radii(grid) == [100, 200, 500, 1000]
    assert telling_radii(sgt.synthetic_city("gradient", rows=1, cols=2, kind="points")) == []


def test_what_the_data_do_not_hold_is_said(sacramento, tracts, tmp_path):
    text = sgt.report(sacramento, tmp_path / "page.html").read_text("utf-8")
    assert "which these data do not have" in text  # degrees
    near = sacramento.within(sgt.Zones(sacramento.tiers["county"]))
    page = Page(sgt.report(near, tmp_path / "page.html"))
    assert "Between which places people are apart" in page.headings
    assert "How far it reaches" not in page.headings
    assert any("here they meet others too" in text for text in page.texts["p"])
    plain = Page(sgt.report(sgt.Population([[90, 10], [10, 90]], ["a", "b"]), tmp_path / "page.html"))
    assert not {"Between which places people are apart", "How far it reaches"} & set(plain.headings)
    few = sgt.Population.from_frame(tracts.to_crs(32610).head(2), ["white", "hispanic"])
    assert "too few areas" in sgt.report(few, tmp_path / "page.html").read_text("utf-8")


def test_steps_of_nested_tiers_add_up_and_names_are_escaped(tmp_path):
    counts = np.random.default_rng(1).integers(5, 90, (2, 8))
    tiers = pd.DataFrame({"<b>": list("uuuuvvvv"), "t&": list("aabbccdd")})
    pop = sgt.Population(counts, ["a", "b"], tiers=tiers)
    path = sgt.report(pop, tmp_path / "page.html")
    page = Page(path)
    assert "<b>" not in path.read_text("utf-8")
    names = ["Between places of the tier <b>", "Between places of the tier t&, inside <b>", "Between areas, inside t&"]
    texts = page.texts["text"]
    assert texts[::2] == [*names, "All of it"]
    assert sum(map(float, texts[1:7:2])) == pytest.approx(float(texts[7]), abs=2e-4)
    bars = [about for tag, about in page.tags if tag == "rect"]
    ends = [(float(bar["x"]), float(bar["x"]) + float(bar["width"])) for bar in bars]
    for (_, end), (start, _) in itertools.pairwise(ends[:3]):
        assert start == pytest.approx(end, abs=0.2)
    assert (ends[0][0], ends[2][1]) == pytest.approx(ends[3], abs=0.2)


def test_the_page_is_made_for_paper(page, tmp_path):
    text = sgt.report(sgt.Population([[90, 10], [10, 90]], ["a", "b"]), tmp_path / "page.html").read_text("utf-8")
    assert "@page { size: A4;" in text
    assert re.search(r"@media print .*figure, tr[^{]*\{ break-inside: avoid", text, re.DOTALL)


# ---------------------------------------------------------------- the command line


def test_the_command_line_reports_any_file(tmp_path, capsys, tracts):
    source, out = tmp_path / "areas.geojson", tmp_path / "page.html"
    tracts.head(40).reset_index().to_file(source)
    code = main(
        ["report", str(source), "--groups", "white, black", "--tiers", "county", "--unit", "GEOID",
         "--total", "total", "--out", str(out)]
    )  # fmt: skip
    assert code == 0
    assert capsys.readouterr().out.strip() == str(out)
    page = Page(out)
    assert page.headings[0] == "areas.geojson"
    assert [row[0] for row in page.tables[0][1:]] == ["white", "black"]


def test_the_command_line_draws_intervals_unless_told_not_to(tmp_path, capsys, tracts):
    source, out = tmp_path / "areas.csv", tmp_path / "page.html"
    table = tracts.head(40)[["white", "black"]]
    table.to_csv(source)
    command = ["report", str(source), "--groups", "white,black", "--out", str(out)]
    for more, columns in ([], 6), (["--draws", "30", "--rng", "4"], 6), (["--draws", "0"], 5):
        assert main([*command, *more]) == 0
        assert len(Page(out).tables[1][0]) == columns
    assert not capsys.readouterr().err
    (table + 0.5).to_csv(source)
    assert main(command) == 0
    assert "without intervals" in capsys.readouterr().err
    assert len(Page(out).tables[1][0]) == 5


def test_the_command_line_reads_parquet(tmp_path, tracts):
    source = tmp_path / "areas.parquet"
    tracts.head(40).to_parquet(source)
    assert main(["report", str(source), "--groups", "white,black", "--out", str(tmp_path / "page.html")]) == 0


def test_the_command_line_reads_tables(tmp_path, tracts):
    plain = tracts.head(40).drop(columns="geometry")
    for source, write in (("areas.csv", plain.to_csv), ("plain.parquet", plain.to_parquet)):
        write(tmp_path / source)
        out = tmp_path / "page.html"
        assert main(["report", str(tmp_path / source), "--groups", "white,black", "--out", str(out)]) == 0
        assert len(Page(out).fetched) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.gpkg", "--groups", "a"], "no file nowhere.gpkg"),
        (["{file}", "--groups", "white,purple"], "no column 'purple'"),
        (["{file}", "--groups", "white", "--unit", "id"], "no column 'id'"),
        (["{file}", "--groups", "white,black", "--language", "xx"], "no language 'xx'"),
        (["{file}", "--groups", "white,black", "--out", "/nonexistent/page.html"], "/nonexistent/page.html"),
        (["{text}", "--groups", "white"], "text.gpkg"),
        (["{corrupt}", "--groups", "white"], "areas.parquet cannot be read"),
        (["{corrupt}", "--groups", "white", "--layer", "x"], "leave out --layer"),
        (["{file}", "--groups", "white", "--layer", "x"], "cannot be read"),
    ],
)
def test_the_command_line_refuses_in_one_line(arguments, says, tmp_path, tracts, capsys):
    file, text, corrupt = tmp_path / "areas.gpkg", tmp_path / "text.gpkg", tmp_path / "areas.parquet"
    tracts.head(5).to_file(file)
    text.write_text("not a map")
    corrupt.write_text("not a table")
    assert main(["report", *[part.format(file=file, text=text, corrupt=corrupt) for part in arguments]]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_the_demo_prints_the_table_and_writes_the_page(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "report.html")]) == 0
    printed = capsys.readouterr().out
    row = re.search(r"dissimilarity +D +evenness +0\.4134 +(\S+) +(\S+) +(\S+)", printed)
    chance, low, high = map(float, row.groups())
    assert chance == pytest.approx(0.0163, abs=0.0003)  # drawn; in closed form without
    assert low < 0.4134 < high
    assert Page(tmp_path / "report.html").headings[0].startswith("Sacramento")
    assert isinstance(sgt.load("sacramento"), geopandas.GeoDataFrame)
