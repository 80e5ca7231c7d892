"""The page about a plan: parsed, and held against the plan and the district."""

import base64
import io
import re

import geopandas
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_rgb

import segregation_tools as sgt
from segregation_tools.analysis.small_counts import withheld
from segregation_tools.views.zones import DOT, FILLS, INK, ZoneMaps, placed, told_apart
from tests.planning.towns import GROUPS, RULES
from tests.planning.towns import Town as Ruled
from tests.views.pages import Page, counted, percent


class Town(Ruled):
    """A district whose zones are scored without rules."""

    def score(self, assignment, **given):
        return super().score(assignment, **({"constraints": ()} | given))


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone(steps=60_000)


@pytest.fixture(scope="module")
def file(plan, tmp_path_factory):
    return sgt.report(plan, tmp_path_factory.mktemp("plan") / "plan.html", title="Ourtown", min_count=1)


@pytest.fixture(scope="module")
def page(file):
    return Page(file)


def written(plan, tmp_path, **given):
    return Page(sgt.report(plan, tmp_path / "page.html", **given))


def both(text):
    """What stands before and behind an arrow; one number is of both dates."""
    before, _, after = text.partition(" → ")
    return before, after or before


def table_of(page, first):
    """The table whose first column has this name, without its header."""
    return next(table[1:] for table in page.tables if table[0][0] == first)


# ---------------------------------------------------------------- numbers


def test_it_says_how_low_zones_could_be_where_that_is_known(town, plan, page, tmp_path):
    (said,) = [text for text in page.texts["p"] if "come to less than" in text]
    goal = 1 * plan.after["dissimilarity"] + 0.1 * plan.after["moves"]
    assert [float(number) for number in re.findall(r"\d\.\d{4}", said)] == pytest.approx([goal, plan.bound], abs=5.1e-5)
    best = sgt.certify(town.rezone(goal=sgt.minimize(sgt.dissimilarity), steps=1_000), seconds=3).plan
    assert best.seed is None  # it was found with the proof
    page_of_best = written(best, tmp_path)
    assert not [
        text for text in page_of_best.texts["p"] if "not show the best" in text or "nothing was searched" in text
    ]
    assert "found with a proof" in dict(page_of_best.tables[-1][1:])["Search"]
    unknown = town.score(plan.assignment, goal=sgt.minimize(sgt.gini), constraints=RULES)
    assert not [text for text in written(unknown, tmp_path).texts["p"] if "come to less than" in text]


def test_it_stands_alone(page, file):
    assert [source[:22] for source in page.fetched] == ["data:image/png;base64,"] * 2
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object")]
    text = file.read_text("utf-8")
    assert "url(" not in text
    assert "@import" not in text
    sources = [item for item in page.texts["li"] if "https://doi.org" in item]  # as text, not as links
    assert text.count("http") == len(sources) > 0
    assert page.headings[0] == "Ourtown"


def test_the_lead_counts_pupils_and_those_who_move(page, plan, town):
    pupils = town.blocks[GROUPS].to_numpy().sum()
    moved = town.blocks.loc[plan.assignment != town.blocks["school"], GROUPS].to_numpy().sum()
    lead = page.texts["p"][0]
    numbers = [counted(number) for number in re.findall(r"\d[\d\u202f]*(?:\.\d+)?", lead)]
    assert numbers[:5] == [pupils, 3, 200, 6, moved]
    assert numbers[5] == pytest.approx(100 * moved / pupils, abs=0.05)
    by_school = [town.blocks.groupby(by)[GROUPS].sum() for by in (town.blocks["school"], plan.assignment)]
    d = [sgt.dissimilarity(rolls, groups=GROUPS) for rolls in by_school]
    assert numbers[6:8] == pytest.approx(d, abs=5e-5)


def test_the_goal_and_the_rules_are_said_in_words(page, plan):
    rows = {row[0]: row[1:] for row in table_of(page, "Measure")}
    assert rows["Dissimilarity"][:2] == ["small", "1"]
    assert rows["Pupils who change school"][:2] == ["small", "0.1"]
    assert rows["Mean way to school"][:2] == ["not asked", "–"]
    assert float(rows["Dissimilarity"][2]) == pytest.approx(plan.before["dissimilarity"], abs=5e-5)
    assert float(rows["Dissimilarity"][3]) == pytest.approx(plan.after["dissimilarity"], abs=5e-5)
    assert percent(rows["Pupils who change school"][3]) == pytest.approx(100 * plan.moved, abs=0.05)
    assert rows["Mean way to school"][3] == f"{plan.after['travel_time']:.1f} minutes"
    rules = " ".join(page.texts["li"])
    assert "within 15\u202f%" in rules
    assert "in one piece" in rules
    assert "1.5 times as far" in rules


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (sgt.capacity(seats="seats", low=10), "room for, nor fewer"),
        (sgt.capacity(seats="seats"), "than it has room for."),
        (sgt.capacity(low=10), "No school has fewer pupils"),
        (sgt.contiguous(exempt=["B00001", "B00002"]), "Exempt: 2 blocks"),
        (sgt.longest_trip(minutes=25), "more than 25 minutes away"),
        (sgt.most_moved(0.125), "At most 12.5\u202f% of the pupils"),
        (sgt.locked(["B00001", "B00002", "B00003"]), "stay with their school: 3."),
        (sgt.forbidden([("B00001", "S02")]), "may not go together: 1 pairs"),
        (sgt.together({"B00001": "x", "B00002": "x", "B00003": "y"}), "go to one school: 2 neighbourhoods."),
    ],
    ids=repr,
)
def test_every_rule_has_words(rule, words, town, tmp_path):
    today = town.score(town.blocks["school"], constraints=[rule])
    assert any(words in item for item in written(today, tmp_path).texts["li"])


def test_goals_that_are_to_be_large_and_measures_without_words_are_told(town, tmp_path):
    goal = sgt.maximize(sgt.normalized_exposure) + 2 * sgt.minimize(sgt.travel_time)
    rows = {row[0]: row for row in table_of(written(town.score(town.blocks["school"], goal=goal), tmp_path), "Measure")}
    assert rows["Normalised exposure"][1:3] == ["large", "1"]
    assert rows["Mean way to school"][1:3] == ["small", "2"]
    assert rows["Pupils who change school"][1] == "not asked"


def test_every_measure_has_words(town, tmp_path):
    goal = (
        sgt.minimize(sgt.worst_school(sgt.dissimilarity))
        + sgt.minimize(sgt.outside_band("a", 0.32, 0.4))
        + sgt.minimize(sgt.walkers_lost(4))
        + sgt.minimize(sgt.split_feeders)
        + sgt.maximize(sgt.exposure, of=("a", "c"))
        + sgt.minimize(sgt.isolation, of="b")
        + sgt.minimize(sgt.rank_order_information.bind(degree=1))
    )
    plan = town.score(pd.Series(np.roll(town.blocks["school"], 3), index=town.blocks.index), goal=goal)
    page = written(plan, tmp_path)
    rows = {row[0]: row for row in table_of(page, "Measure")}
    assert list(rows) == [
        "Dissimilarity in the school where it is largest",
        "Pupils outside the band of group a",
        "Pupils who can no longer walk",
        "Pupils parted from their school fellows",
        "Exposure of a to c",
        "Isolation of b",
        "rank_order_information(degree=1)",
        "Pupils who change school",
        "Mean way to school",
    ]
    for row, value in zip(rows.values(), plan.after, strict=True):
        told = percent(row[4]) / 100 if row[4].endswith("%") else float(row[4].split()[0])
        assert told == pytest.approx(value, abs=0.05 if "minutes" in row[4] else 5.1e-4)
        assert len(row[5]) > 20
    assert "above 40\u202f% or below 32\u202f% of their pupils" in rows["Pupils outside the band of group a"][5]
    assert "at most 4 minutes" in rows["Pupils who can no longer walk"][5]
    assert any("Lieberson" in source for source in page.texts["li"])


def test_a_share_of_few_pupils_is_not_told(town, tmp_path):
    sizes = town.blocks[GROUPS].sum(axis=1)
    few = sizes[(sizes > 0) & (town.blocks["school"] == "S01")].idxmin()
    school = town.blocks["school"].copy()
    school[few] = "S02"
    goal = sgt.minimize(sgt.split_feeders)
    page = written(town.score(school, goal=goal), tmp_path, min_count=sizes[few] + 1)
    assert {row[0]: row[4] for row in table_of(page, "Measure")}["Pupils parted from their school fellows"] == "–"


def test_the_table_of_schools_is_that_of_the_district(page, plan, town):
    by = {"today": town.blocks["school"], "plan": plan.assignment}
    rolls = {date: town.blocks.groupby(school)[GROUPS].sum() for date, school in by.items()}
    people = town.blocks[GROUPS].sum(axis=1)
    rows = table_of(page, "School")
    assert [row[0] for row in rows] == list(town.schools.index)
    for name, pupils, room, *shares, mix, minutes in rows:
        assert mix == ""
        totals = [rolls[date].loc[name].sum() for date in by]
        assert [counted(text) for text in both(pupils)] == totals
        least, most = map(counted, room.split(" – "))
        assert least == np.ceil(0.85 * totals[0] - 1e-6)
        assert most == np.floor(1.15 * totals[0] + 1e-6)
        for group, text in zip(GROUPS, shares, strict=True):
            for told, date, total in zip(both(text), by, totals, strict=True):
                assert float(told) == pytest.approx(100 * rolls[date].loc[name, group] / total, abs=0.5)
        for told, school in zip(both(minutes), by.values(), strict=True):
            there = school == name
            mean = np.average(town.travel.loc[there, name], weights=people[there])
            assert float(told) == pytest.approx(mean, abs=0.05)
    bars = [about["style"] for tag, about in page.tags if tag == "i"]
    assert len(bars) == 6 * 2 * 3
    widths = np.array([float(re.search(r"width: (\d+)%", style)[1]) for style in bars]).reshape(6, 2, 3)
    for date, width in zip(by, widths.transpose(1, 0, 2), strict=True):
        share = rolls[date].div(rolls[date].sum(axis=1), axis=0)
        np.testing.assert_allclose(width, 100 * share, atol=0.5)


def test_the_burden_is_that_of_the_plan(page, plan, town):
    moves = plan.assignment != town.blocks["school"]
    burden = plan.burden()
    rows = table_of(page, "Group")
    assert [row[0] for row in rows] == [*GROUPS, "all pupils"]
    for row, (_, wanted) in zip(rows, burden.iterrows(), strict=True):
        assert counted(row[1]) == wanted["pupils"]
        assert counted(row[2]) == wanted["moved"]
        assert percent(row[3]) == pytest.approx(100 * wanted["share_moved"], abs=0.05)
        assert float(row[4]) == pytest.approx(wanted["ratio_moved"], abs=0.005)
        for text, what in zip(row[5:8], ("minutes", "p90", "longest"), strict=True):
            told = [float(number) for number in both(text)]
            assert told == pytest.approx([wanted[f"{what}_before"], wanted[f"{what}_now"]], abs=0.05)
        assert float(row[8].replace("−", "-")) == pytest.approx(wanted["minutes_of_moved"], abs=0.05)
    assert [counted(row[2]) for row in rows[:3]] == town.blocks.loc[moves, GROUPS].sum().tolist()
    read = next(text for text in page.texts["p"] if text.startswith("Read it so"))
    assert f"{rows[0][2]} ({rows[0][3]})" in read
    assert f"{rows[0][4]} times" in read


def test_how_it_was_made_is_told(page, plan):
    facts = dict(page.tables[-1][1:])
    assert facts["Data"] == "Ourtown"
    assert facts["Goal"] == "minimize(dissimilarity) + 0.1 * minimize(moves)"
    assert facts["Rules"] == "capacity(within=0.15), contiguous(), longest_trip(ratio=1.5)"
    assert str(plan.seed) in facts["Search"]
    assert sgt.__version__ in facts["Software"]
    assert "EPSG:32610" in facts["Coordinates"]
    assert any("Morgan" in item for item in page.texts["li"])


def test_a_plan_that_keeps_to_its_rules_says_so_and_one_that_does_not_says_where(page, town, tmp_path):
    assert any(text.startswith("It does.") for text in page.texts["p"])
    second = town.travel.columns[np.argsort(town.travel.to_numpy(), axis=1)[:, 1]]
    elsewhere = town.blocks["school"].where(np.arange(200) % 7 > 0, second)
    bad = town.score(elsewhere, constraints=[*RULES, sgt.most_moved(0.01)])
    broken = written(bad, tmp_path)
    assert "does not keep to all of its rules" in broken.texts["p"][0]
    found = sgt.check(bad).violations
    names = {
        "capacity": "Room in schools",
        "contiguous": "Zones in one piece",
        "longest_trip": "Longest way",
        "most_moved": "How many change school",
    }
    told = [table[1:] for table in broken.tables if table[0][0] == "Rule"]
    assert len(told) == 2
    for name, often, in_all, most in told[0]:
        of = found.loc[found["rule"].map(names) == name, "by"]
        assert int(often) == len(of)
        assert counted(in_all.rpartition(" ")[0]) == pytest.approx(of.sum(), abs=0.05)
        assert counted(most.rpartition(" ")[0]) == pytest.approx(of.max(), abs=0.05)
    assert {row[0] for row in told[0]} == set(found["rule"].map(names))
    places = ["the whole district" if where == "all" else where for where in found["where"]]
    assert [row[1] for row in told[1]] == places
    assert "drawn elsewhere" in dict(broken.tables[-1][1:])["Search"]
    free = written(town.score(elsewhere), tmp_path)
    assert any(text.startswith("No rules were set, so") for text in free.texts["p"])
    assert "Room by the rules" not in free.tables[2][0]


def test_it_says_what_it_cannot_say(page):
    said = " ".join(page.texts["p"])
    assert "only the best that were found" in said
    assert "private or public" in said


# ---------------------------------------------------------------- schools that close and new ones


def test_a_school_that_closes_is_told(tmp_path):
    town = Town()
    town.schools = town.schools.assign(open=town.schools.index != "S02")
    today = town.blocks["school"]
    nearest = town.travel.drop(columns="S02").idxmin(axis=1)
    plan = town.score(today.where(today != "S02", nearest))
    page = written(plan, tmp_path, min_count=1)
    closing = town.blocks.loc[today == "S02", GROUPS].sum()
    assert f"{closing.sum():,.0f} belong today to a school that closes".replace(",", "\u202f") in page.texts["p"][0]
    assert {row[0]: row[3] for row in table_of(page, "Measure")} == dict.fromkeys(
        ["Dissimilarity", "Pupils who change school", "Mean way to school"], "not known"
    )
    *_, last = table_of(page, "School")
    assert last[0] == "a school that closes"
    assert [counted(text) for text in both(last[1])] == [closing.sum(), 0]
    told = [float(both(text)[0]) for text in last[2:5]]
    assert told == pytest.approx(100 * (closing / closing.sum()).to_numpy(), abs=0.5)
    assert "zone of a school that closes" in page.texts["li"]


def test_a_new_school_is_told_and_has_no_mark_today(tmp_path):
    town = Town()
    town.schools = pd.concat([town.schools, pd.DataFrame({"block": [town.blocks.index[105]]}, index=["New"])])
    town.travel = town.travel.assign(New=abs(np.arange(200) - 105) / 10)
    plan = town.score(town.blocks["school"].where(abs(np.arange(200) - 105) > 2, "New"))
    page = written(plan, tmp_path)
    assert "New, so that nobody goes there today: New." in page.texts["p"][0]
    assert page.texts["title"].count("New") == 1
    assert page.texts["title"].count("S01") == 2
    assert table_of(page, "School")[-1][1].startswith("0 → ")
    assert both(table_of(page, "School")[-1][-1])[0] == "–"


# ---------------------------------------------------------------- small counts


def audit(counts, hidden):
    """Which hidden cells follow from what is told: rows add up to their last cell, columns to sums that are known."""
    rows, columns = hidden.shape
    cells = np.argwhere(hidden)
    equations = np.zeros((rows + columns, len(cells)))
    for k, (row, column) in enumerate(cells):
        equations[row, k] = -1 if column == columns - 1 else 1
        equations[rows + column, k] = 1
    if not len(cells):
        return np.zeros(0, dtype=bool), cells
    _, sizes, ways = np.linalg.svd(equations)
    free = ways[(sizes > 1e-9).sum() :]
    return (abs(free) < 1e-9).all(axis=0), cells


@pytest.mark.parametrize("seed", range(60))
def test_what_is_withheld_cannot_be_had_from_what_is_told(seed):
    rng = np.random.default_rng(seed)
    schools, groups = rng.integers(2, 12), rng.integers(2, 6)
    counts = rng.poisson(rng.choice([2, 9, 60], size=(schools, groups))) + 0.0
    counts[0] += 5  # everyone is somewhere in numbers that can be told
    counts = np.column_stack([counts, counts.sum(axis=1)])
    hidden = withheld(counts[np.newaxis], 5)
    assert hidden[(counts > 0) & (counts < 5)].all()
    had, cells = audit(counts, hidden)
    small = (counts[tuple(cells.T)] > 0) & (counts[tuple(cells.T)] < 5)
    assert not (had & small).any()
    assert not hidden[counts.astype(int) == 0].any()


def test_small_counts_of_a_group_in_a_school_are_not_told(tmp_path):
    town = Town(schools=4)
    few = town.blocks["school"] == "S02"
    town.blocks.loc[few, "c"] = 0
    town.blocks.loc[town.blocks.index[few][:3], "c"] = 1  # three pupils of the group
    plan = town.score(town.blocks["school"])
    rows = {row[0]: row for row in table_of(written(plan, tmp_path), "School")}
    assert rows["S02"][4] == "fewer than 5"
    cells = {(name, group): cell for name, row in rows.items() for group, cell in zip("abc", row[2:5], strict=True)}
    hidden = {at for at, cell in cells.items() if not cell.isdigit()}
    assert len(hidden) == 4  # with it one of its row, one of its column, and where the two meet
    assert ("S02", "c") in hidden
    assert {cells[at] for at in hidden - {("S02", "c")}} == {"–"}
    bars = [about for tag, about in written(plan, tmp_path).tags if tag == "i"]
    assert len(bars) == 2 * (4 * 3 - 4)
    told = written(plan, tmp_path, min_count=1)
    assert table_of(told, "School")[1][4] == "under 1"
    assert not any("in the bars such shares are grey" in text for text in told.texts["p"])


def test_few_who_move_are_not_told(tmp_path):
    town = Town(schools=4)
    block = town.blocks.index[town.blocks["school"] == "S01"][0]
    town.blocks.loc[block, GROUPS] = [1, 0, 2]
    plan = town.score(town.blocks["school"].where(town.blocks.index != block, "S02"))
    page = written(plan, tmp_path)
    assert "fewer than 5 pupils would go to another school" in page.texts["p"][0]
    burden = table_of(page, "Group")
    assert [row[2] for row in burden] == ["fewer than 5", "0", "fewer than 5", "fewer than 5"]
    assert [row[3:5] for row in burden if row[2] == "fewer than 5"] == [["–", "–"]] * 3
    assert {row[0]: row for row in table_of(page, "Measure")}["Pupils who change school"][4] == "–"
    assert "Read it so" not in " ".join(page.texts["p"])


def test_groups_that_are_small_in_all_are_refused(tmp_path):
    town = Town()
    town.blocks["c"] = 0
    town.blocks.loc[town.blocks.index[:3], "c"] = 1
    with pytest.raises(sgt.CapabilityError, match=r"'c'.*min_count"):
        sgt.report(town.score(town.blocks["school"]), tmp_path / "page.html")


# ---------------------------------------------------------------- maps


@pytest.fixture(scope="module")
def wide():
    town = Town(blocks=900, schools=25, seed=5)
    return town, town.rezone(steps=100_000)


def test_neighbours_differ_and_a_school_has_one_colour(wide):
    """Also where the plan makes others neighbours; the pixels are those colours."""
    town, plan = wide
    maps = ZoneMaps.of(plan)
    colours = np.array(maps.colours())
    assert len(set(colours)) <= 6 < len(FILLS)
    a, b = town.pupils.geography.adjacency("queen").nonzero()
    for zone in (plan.problem.current, plan.zone):
        apart = zone[a] != zone[b]
        assert (colours[zone[a[apart]]] != colours[zone[b[apart]]]).all()
    west, south, east, north = maps.box
    centre = town.blocks.centroid
    for date, zone in (("today", plan.problem.current), ("plan", plan.zone)):
        pixels = picture(maps.svg(date, "words"))
        assert pixels.shape[:2] == maps.size[::-1]
        x = ((centre.x - west) / (east - west) * pixels.shape[1]).astype(int)
        y = ((north - centre.y) / (north - south) * pixels.shape[0]).astype(int)
        wanted = np.array([to_rgb(colours[school]) for school in zone])
        np.testing.assert_allclose(pixels[y, x, :3], wanted, atol=0.01)
        dark = (abs(pixels[..., :3] - to_rgb(INK)) < 0.05).all(axis=-1)
        assert dark.any() == (date == "plan")


def picture(svg):
    encoded = re.search(r'href="data:image/png;base64,([^"]*)"', svg)[1]
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(encoded)))


def test_blocks_that_move_are_outlined_and_no_others(town):
    """The outline of a block in the middle of a zone, and nothing else that is dark."""
    today = town.blocks["school"]
    block = town.schools.loc["S04", "block"]
    plan = town.score(today.where(today.index != block, "S01"))
    maps = ZoneMaps.of(plan)
    pixels = picture(maps.svg("plan", "words"))
    dark = np.argwhere((abs(pixels[..., :3] - to_rgb(INK)) < 0.05).all(axis=-1))
    west, south, east, north = maps.box
    width, height = maps.size
    x = west + (dark[:, 1] + 0.5) / width * (east - west)
    y = north - (dark[:, 0] + 0.5) / height * (north - south)
    away = shapely.distance(town.blocks.geometry[block].exterior, shapely.points(x, y))
    assert (away < 3 * (east - west) / width).all()
    assert len(dark) > 100


@pytest.mark.parametrize("seed", range(5))
def test_told_apart_gives_neighbours_different_colours(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((40, 2))
    near = np.linalg.norm(points[:, None] - points, axis=-1) < 0.2
    np.fill_diagonal(near, val=False)
    colours = told_apart(near)
    a, b = np.nonzero(near)
    assert (colours[a] != colours[b]).all()
    assert colours.max() <= near.sum(axis=1).max()
    even = np.zeros((8, 8), dtype=bool)  # a ring needs two
    even[np.arange(8), (np.arange(8) + 1) % 8] = True
    assert set(told_apart(even | even.T)) == {0, 1}


def test_names_stand_where_there_is_room(wide, tmp_path):
    town, plan = wide
    page = written(plan, tmp_path)
    schools = set(town.schools.index)
    assert sorted(page.texts["title"][1:]) == sorted([*schools, *schools])  # of the page itself, and of every mark
    assert set(page.texts["text"]) <= schools
    assert len(page.texts["text"]) > len(schools)  # more than half of them, in two maps
    crowd = Town(blocks=900, schools=300, seed=5)
    crowded = written(crowd.score(crowd.blocks["school"]), tmp_path)
    assert 0 < len(crowded.texts["text"]) < 2 * 300


def test_names_keep_clear_of_each_other():
    rng = np.random.default_rng(3)
    dots = dict(enumerate(map(tuple, rng.uniform(0, 900, size=(80, 2)))))
    boxes = placed(dots, ["A school of some name"] * 80, (900, 900))
    shapes = shapely.box(*np.array(list(boxes.values())).T)
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="overlaps")
    assert not len(a[a != b])
    for i, dot in dots.items():
        others = [box for j, box in zip(boxes, shapes, strict=True) if j != i]
        assert min(shapely.distance(shapely.Point(dot), others)) >= DOT * 0.99
    assert (shapely.bounds(shapes).min() >= 0) & (shapely.bounds(shapes).max() <= 900)
    assert 5 < len(boxes) < 80
    assert placed({0: (450.0, 450.0)}, ["群" * 100], (900, 900)) == {}


def test_without_geometry_there_is_no_map_and_the_page_says_so(town, tmp_path):
    table = pd.DataFrame(town.blocks.drop(columns="geometry"))
    plan = sgt.score(sgt.Population.from_frame(table, GROUPS), table["school"], **town.today)
    page = written(plan, tmp_path)
    assert not page.fetched
    assert "The data hold no geometry, so there is no map." in page.texts["p"]
    assert "not stated" in dict(page.tables[-1][1:])["Coordinates"]


def test_blocks_may_be_points_cells_or_in_degrees_and_some_without_a_place(town, tmp_path):
    points = town.blocks.set_geometry(town.blocks.centroid)
    degrees = town.blocks.to_crs(4326)
    some = town.blocks.copy()
    some.loc[some.index[:20], "geometry"] = None
    bow = town.blocks.copy()  # a ring that crosses itself
    west, south, east, north = bow.geometry.iloc[3].bounds
    bow.loc[bow.index[3], "geometry"] = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    moved = town.blocks["school"].where(np.arange(200) % 20 > 0, "S01")
    for frame in (points, degrees, some, bow):
        pupils = sgt.Population.from_frame(geopandas.GeoDataFrame(frame), GROUPS)
        plan = sgt.score(pupils, moved, **town.today)
        page = written(plan, tmp_path)
        assert len(page.fetched) == 2
        assert np.std(picture(f'href="{page.fetched[1]}"')[..., :3]) > 0.05
    raster = sgt.synthetic_city("gradient", rows=6, cols=8, kind="grid", groups=["a", "b"])
    units = raster.units
    halves = pd.Series(np.where(np.arange(48) % 8 < 4, "W", "E"), index=units)
    schools = pd.DataFrame({"block": [units[1], units[6]]}, index=["W", "E"])
    travel = pd.DataFrame(1.0, index=units, columns=["W", "E"])
    plan = sgt.score(raster, halves, current=halves, schools=schools, travel=travel)
    assert len(written(plan, tmp_path).fetched) == 2


def test_schools_whose_block_is_unknown_have_no_mark(town, tmp_path):
    schools = town.schools.assign(block=town.schools["block"].where(town.schools.index != "S03"))
    page = written(town.score(town.blocks["school"], schools=schools), tmp_path)
    assert sorted({*page.texts["title"][1:]}) == ["S01", "S02", "S04", "S05", "S06"]


# ---------------------------------------------------------------- names and refusals


def test_names_are_escaped(tmp_path):
    town = Town()
    odd = {"S01": '<b>North</b> & "co"', "S02": "<script>alert(1)</script>", "S03": "$x_i$ {0}", "S04": "群"}
    town.blocks["school"] = town.blocks["school"].replace(odd)
    town.schools, town.travel = town.schools.rename(odd), town.travel.rename(columns=odd)
    town.blocks = town.blocks.rename(columns={"a": "<i>a</i>"})
    pupils = sgt.Population.from_frame(town.blocks, ["<i>a</i>", "b", "c"])
    plan = sgt.score(pupils, town.blocks["school"], **town.today, constraints=RULES)
    path = sgt.report(plan, tmp_path / "page.html", title="<u>Town</u>")
    text = path.read_text("utf-8")
    assert not [tag for tag in ("<b>", "<script", "<i>", "<u>") if tag in text]
    page = Page(path)
    assert page.headings[0] == "<u>Town</u>"
    assert [row[0] for row in table_of(page, "School")][:4] == list(odd.values())
    assert table_of(page, "Group")[0][0] == "<i>a</i>"
    assert set(odd.values()) <= set(page.texts["text"])


@pytest.mark.parametrize("given", [{"groups": ["a", "b"]}, {"rng": 1}, {"draws": 200}], ids=str)
def test_options_that_mean_nothing_for_a_plan_are_refused(plan, tmp_path, given):
    with pytest.raises(sgt.OptionError, match=f"{next(iter(given))}= means nothing for a plan"):
        sgt.report(plan, tmp_path / "page.html", **given)
    assert not (tmp_path / "page.html").exists()


def test_languages_that_do_not_exist_are_refused(plan, tmp_path):
    with pytest.raises(sgt.DataError, match="'en'"):
        sgt.report(plan, tmp_path / "page.html", language="xx")


def test_the_same_plan_gives_the_same_page(plan, tmp_path):
    pages = [sgt.report(plan, tmp_path / name).read_bytes() for name in ("one.html", "two.html")]
    assert pages[0] == pages[1]


def test_one_group_and_a_plan_that_moves_nobody_are_told_as_far_as_they_go(town, tmp_path):
    alone = sgt.score(sgt.Population.from_frame(town.blocks, ["a"]), town.blocks["school"], **town.today)
    with pytest.warns(sgt.UndefinedWarning):
        page = written(alone, tmp_path)
    rows = {row[0]: row for row in table_of(page, "Measure")}
    assert rows["Dissimilarity"][3:5] == ["not defined", "not defined"]
    assert "nobody would go to another school" in page.texts["p"][0]
    assert "blocks that change school" not in page.texts["li"]
    assert not any("closes" in text for text in page.texts["p"])


def test_a_share_does_not_tell_a_sum_that_is_left_out(tmp_path):
    """One school of 3 and 97, one of 7 and none: with 97 %, its sum would be 100, and the 3 no secret."""
    town = Town(blocks=20, schools=2)
    town.blocks[GROUPS] = 0
    first = town.blocks.index[town.blocks["school"] == "S01"][0]
    other = town.blocks.index[town.blocks["school"] == "S02"][0]
    town.blocks.loc[first, ["a", "b"]] = [3, 97]
    town.blocks.loc[other, ["a"]] = 7
    town.blocks = town.blocks.drop(columns="c")
    rows = {row[0]: row for row in table_of(written(town.score(town.blocks["school"]), tmp_path), "School")}
    assert rows["S01"][1] == "–"
    assert not any(char.isdigit() for char in rows["S01"][3].replace("fewer than 5", ""))


def test_few_pupils_are_not_told_by_what_is_broken(tmp_path):
    town = Town(schools=4)
    block = town.blocks.index[town.blocks["school"] == "S01"][0]
    town.blocks.loc[block, GROUPS] = [1, 0, 2]
    moved = town.blocks["school"].where(town.blocks.index != block, "S02")
    page = written(town.score(moved, constraints=[sgt.most_moved(0)]), tmp_path)
    (row,) = table_of(page, "Rule")
    assert row == ["How many change school", "1", "–", "–"]


@pytest.mark.parametrize("least", [float("nan"), -1, "5"])
def test_a_smallest_count_is_a_number(town, plan, tmp_path, least):
    for made in (plan, town.pupils):
        with pytest.raises(sgt.OptionError, match="min_count"):
            sgt.report(made, tmp_path / "page.html", min_count=least)
    with pytest.raises(sgt.OptionError, match="title must be text"):
        sgt.report(plan, tmp_path / "page.html", title=5)
