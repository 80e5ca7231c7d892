"""Plans in files: what comes back is what was saved, and nothing else is taken for a plan."""

import io
import json
import os
import zipfile
from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from scipy.sparse import coo_array

import segregation_tools as sgt
from segregation_tools.indices.index import SHELF
from segregation_tools.indices.shapes import mean_of_scores
from segregation_tools.planning import goals
from segregation_tools.planning.constraints import Rule
from segregation_tools.planning.spelling import read, spelled
from tests.planning.towns import GROUPS, Town


class Village(Town):
    """A smaller one, of which some zones are swapped."""

    def __init__(self):
        super().__init__(blocks=80, schools=4)
        self.swapped = self.blocks["school"].where(np.arange(80) % 7 > 0, "S02")

    def score(self, pupils=None, **given):
        return sgt.score(pupils or self.pupils, self.swapped, **(self.today | given))


@pytest.fixture(scope="module")
def town():
    return Village()


@pytest.fixture(scope="module")
def plan(town):
    rules = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)]
    return sgt.rezone(town.pupils, **town.today, constraints=rules, rng=7, steps=50_000)


def assert_same(again, plan):
    """Everything that a plan tells is told again, to the last digit and with the same labels and types."""
    for a, b in [(again.after, plan.after), (again.before, plan.before), (again.assignment, plan.assignment)]:
        pd.testing.assert_series_equal(a, b, check_exact=True)
    for a, b in [
        (again.burden(), plan.burden()),
        (again.rolls, plan.rolls),
        (sgt.check(again).violations, sgt.check(plan).violations),
        (again.to_frame(), plan.to_frame()),
        (again.problem.table, plan.problem.table),
        (again.problem.pupils.to_frame(), plan.problem.pupils.to_frame()),
    ]:
        assert type(a) is type(b)
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    for block in plan.problem.blocks[:3]:
        pd.testing.assert_frame_equal(again.why(block), plan.why(block), check_exact=True)
    assert again.problem.pupils.groups == plan.problem.pupils.groups
    assert [type(group) for group in again.problem.pupils.groups] == [
        type(group) for group in plan.problem.pupils.groups
    ]
    assert again.problem.pupils.geography.crs == plan.problem.pupils.geography.crs
    assert repr(again.goal) == repr(plan.goal)
    assert again.goal == plan.goal
    assert repr(again.constraints) == repr(plan.constraints)
    assert again.seed == plan.seed
    assert str(again) == str(plan)


def test_what_comes_back_is_what_was_saved(plan, tmp_path):
    plan.save(tmp_path / "plan.zip")
    again = sgt.load_plan(tmp_path / "plan.zip")
    assert_same(again, plan)
    assert sgt.check(again)
    assert (again.problem.adjacency != plan.problem.adjacency).nnz == 0
    assert again.problem.adjacency.nnz > 0
    again.save(str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "plan.zip").read_bytes()


def every_rule(town):
    schools = town.district.schools.index
    return [
        sgt.capacity(within=0.2),
        sgt.capacity(seats="seats", low=3),
        sgt.capacity(seats=pd.Series(np.arange(4) + 200.5, index=schools), low=dict.fromkeys(schools, 2)),
        sgt.contiguous(exempt=town.blocks.index[:2]),
        sgt.longest_trip(minutes=30),
        sgt.longest_trip(ratio=1.2),
        sgt.most_moved(0.1),
        sgt.locked(town.blocks.index[5:9]),
        sgt.forbidden([(town.blocks.index[4], "S01")]),
    ]


def labelled(town, blocks, schools, groups=GROUPS):
    """The same district under other labels."""
    named, halls = (
        dict(zip(town.blocks.index, blocks, strict=True)),
        dict(zip(town.district.schools.index, schools, strict=True)),
    )
    table = town.district.schools.set_axis(pd.Index(schools, name="hall", tupleize_cols=False))
    places = pd.Index(blocks, name="place", tupleize_cols=False)
    return sgt.score(
        sgt.Population(town.pupils.counts, groups, units=places),
        pd.Series([halls[its] for its in town.swapped], index=places),
        current=pd.Series([halls[its] for its in town.blocks["school"]], index=places),
        schools=table.assign(block=[named[block] for block in table["block"]]),
        travel=pd.DataFrame(town.district.travel.to_numpy(), index=places, columns=table.index),
        constraints=[sgt.capacity(within=0.1), sgt.locked([blocks[3]])],
    )


def with_many_columns(town):
    points = town.blocks.centroid.loc[town.district.schools["block"]].array
    schools = geopandas.GeoDataFrame(
        town.district.schools.assign(
            block=[*town.district.schools["block"][:3], None],
            kind=pd.Categorical(["x", "y", "x", None], categories=["y", "x"], ordered=True),
            name=["Ä", None, "", "д"],
            mixed=pd.Series([1, "two", 3.5, True], dtype=object, index=town.district.schools.index),
            maybe=pd.array([1, None, 3, 4], dtype="Int64"),
            said=pd.array([True, None, False, True], dtype="boolean"),
            since=pd.to_datetime(["1950-01-01", "1960-05-05", None, "2000-01-01"]),
            share=[0.1, np.nan, np.inf, 1e-300],
            open=True,
        ),
        geometry=points,
        crs=32610,
    )
    return town.score(schools=schools, constraints=[sgt.capacity(seats="seats")])


def closing(town):
    schools = town.district.schools.assign(open=[True, True, True, False])
    return sgt.score(
        town.pupils,
        town.swapped.replace("S04", "S01"),
        **(town.today | {"schools": schools}),
        constraints=[sgt.contiguous()],
    )


def on_a_grid(town):
    grid = sgt.Grid(4, 5, 250.0, "EPSG:3035", 10.0, 20.0)
    counts = np.random.default_rng(2).integers(1, 40, size=(2, 4, 5)).astype(np.int32)
    pupils = sgt.Population(counts, ["a", "b"], geography=grid)
    current = pd.Series(np.repeat(["N", "S"], 10), index=pupils.units)
    return sgt.score(
        pupils,
        current.where(np.arange(20) % 9 > 0, "S"),
        current=current,
        schools=pd.DataFrame(index=["N", "S"]),
        travel=pd.DataFrame(1.5, index=pupils.units, columns=["N", "S"]),
        constraints=[sgt.contiguous()],
    )


def with_all_that_is_known_of_pupils(town):
    frame = town.blocks.assign(
        tot=town.blocks[GROUPS].sum(axis=1), part=np.arange(80) // 40, row=np.arange(80) // 10, moe=3.0
    )
    margins = dict.fromkeys(GROUPS, "moe")
    pupils = sgt.Population.from_frame(frame, GROUPS, tiers=["part", "row"], total="tot", margins=margins)
    return town.score(pupils)


def with_a_group_of_nobody(town):
    return town.score(town.pupils.with_groups([*GROUPS, "d"]), goal=sgt.minimize(sgt.dissimilarity))


def with_holes_in_the_map(town):
    frame = town.blocks.copy()
    frame.loc[frame.index[3], "geometry"] = None
    return town.score(sgt.Population.from_frame(frame.rename_geometry("shape"), GROUPS))


MADE = {
    "rules of all kinds": lambda town: town.score(constraints=every_rule(town)),
    "no rules": lambda town: town.score(),
    "goal of several terms": lambda town: town.score(
        goal=0.25 * sgt.minimize(sgt.information_theory)
        + 3 * sgt.maximize(sgt.travel_time)
        + np.float64(0.1) * sgt.minimize(sgt.moves)
    ),
    "two groups": lambda town: town.score(town.pupils.versus("b"), goal=sgt.minimize(sgt.gorard)),
    "adjacency given": lambda town: town.score(
        adjacency=coo_array((np.ones(79), (np.arange(79), np.arange(1, 80))), shape=(80, 80)),
        constraints=[sgt.contiguous()],
    ),
    "whole numbers": lambda town: labelled(town, list(range(100, 180)), [7, 5, 3, 1], [1, 2, 3]),
    "numbers with points": lambda town: labelled(town, [i / 7 for i in range(80)], [0.1, 0.2, 0.3, 1e-9]),
    "pairs": lambda town: labelled(town, [(i, str(i)) for i in range(80)], ["a", 1, 2.5, ("b", 3)], ["x", ("y", 1), 2]),
    "a map of no system": lambda town: town.score(
        sgt.Population.from_frame(town.blocks.set_crs(None, allow_override=True), GROUPS)
    ),
    "many columns": with_many_columns,
    "a school closes": closing,
    "a grid": on_a_grid,
    "tiers, totals, margins": with_all_that_is_known_of_pupils,
    "merged units": lambda town: sgt.score(
        town.pupils.merge(np.arange(80) // 2),
        pd.Series("S01", index=range(40)),
        current=pd.Series(np.repeat(["S01", "S02"], 20), index=range(40)),
        schools=pd.DataFrame(index=["S01", "S02"]),
        travel=pd.DataFrame(2.0, index=range(40), columns=["S01", "S02"]),
        constraints=[sgt.contiguous()],
    ),
    "holes in the map": with_holes_in_the_map,
}


@pytest.mark.parametrize("name", MADE)
def test_whatever_a_plan_holds_comes_back(town, name, tmp_path):
    plan = MADE[name](town)
    plan.save(tmp_path / "plan")
    assert_same(sgt.load_plan(tmp_path / "plan"), plan)


def test_a_group_that_nobody_belongs_to_stays(town, tmp_path):
    plan = with_a_group_of_nobody(town)
    plan.save(tmp_path / "plan")
    again = sgt.load_plan(tmp_path / "plan")
    assert again.problem.pupils.groups == (*GROUPS, "d")
    pd.testing.assert_frame_equal(again.rolls, plan.rolls, check_exact=True)


def test_labels_of_several_levels_come_back(town, tmp_path):
    units = pd.MultiIndex.from_arrays([np.arange(80) // 10, [f"b{i}" for i in range(80)]], names=["row", "block"])
    plan = sgt.score(
        sgt.Population.from_frame(town.blocks[GROUPS].set_axis(units), GROUPS),
        town.swapped.set_axis(units),
        current=town.blocks["school"].set_axis(units),
        schools=town.district.schools[["seats"]],
        travel=town.district.travel.set_axis(units),
    )
    plan.save(tmp_path / "plan")
    again = sgt.load_plan(tmp_path / "plan")
    pd.testing.assert_index_equal(again.problem.blocks, units)
    pd.testing.assert_frame_equal(again.to_frame(), plan.to_frame(), check_exact=True)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
LABELS = PLAIN | st.tuples(PLAIN, PLAIN) | st.tuples(PLAIN, st.tuples(PLAIN, PLAIN))


@drawn(st.lists(LABELS, max_size=6), LABELS)
def test_labels_keep_their_values_and_types(labels, name):
    arrays = {}
    written = json.loads(json.dumps(spelled([tuple(labels), {"name": name}], arrays), allow_nan=False))
    back, named = read(written, arrays)
    assert repr(back) == repr(tuple(labels))
    assert repr(named) == repr({"name": name})


@drawn(st.lists(st.integers(-5, 5) | st.text(max_size=3) | st.floats(0, 1) | st.booleans(), min_size=1, max_size=6))
def test_indexes_keep_their_kind(labels):
    for index in (pd.Index(labels, dtype=object), pd.Index(labels), pd.Series(labels)):
        arrays = {}
        back = read(json.loads(json.dumps(spelled(index, arrays))), arrays)
        assert back.dtype == index.dtype
        assert [repr(one) for one in back] == [repr(one) for one in index]


# ---------------------------------------------------------------- the file


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, change):
    """The same file with other contents in its text."""
    parts = parts_of(path)
    head = json.loads(parts["plan.json"])
    parts["plan.json"] = json.dumps(change(head)).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_the_file_is_text_and_numbers_and_says_who_wrote_it(plan, tmp_path):
    plan.save(tmp_path / "plan.zip")
    parts = parts_of(tmp_path / "plan.zip")
    head = json.loads(parts.pop("plan.json"))
    assert (head["what"], head["format"], head["library"]) == ("segregation_tools plan", 1, sgt.__version__)
    assert parts
    for name, content in parts.items():
        assert name.endswith(".npy")
        assert np.load(io.BytesIO(content), allow_pickle=False).dtype.kind in "biufM"


def test_a_file_that_is_there_is_replaced_when_the_new_one_is_whole(town, plan, tmp_path, monkeypatch):
    path = tmp_path / "plan"
    path.write_text("something precious")
    own = replace(plan, goal=sgt.minimize(goals.Measure("mine", lambda problem: problem.minutes)))
    with pytest.raises(sgt.DataError, match="'mine' is your own"):
        own.save(path)

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            plan.save(path)
    assert path.read_text() == "something precious"
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]
    plan.save(path)
    assert_same(sgt.load_plan(path), plan)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        plan.save(tmp_path / "folder")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "plan"]
    (tmp_path / "link").symlink_to(path)
    before = path.read_bytes()
    MADE["no rules"](town).save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert path.read_bytes() != before


def test_what_is_no_plan_is_refused(plan, tmp_path):
    path = tmp_path / "thing"
    for content in (b"", b"block,school\n1,2\n", os.urandom(5000)):
        path.write_bytes(content)
        with pytest.raises(sgt.DataError, match=r"'.*thing' is no plan"):
            sgt.load_plan(path)
    for name, content in (
        ("a.txt", "x"),
        ("plan.json", "[]"),
        ("plan.json", "{}"),
        ("plan.json", '{"what": "a recipe"}'),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)
        with pytest.raises(sgt.DataError, match="is no plan"):
            sgt.load_plan(path)
    with pytest.raises(FileNotFoundError):
        sgt.load_plan(tmp_path / "nothing")


def test_a_file_of_a_newer_format_is_refused(plan, tmp_path):
    path = tmp_path / "plan"
    plan.save(path)
    rewritten(path, lambda head: head | {"format": 2, "library": "9.0"})
    with pytest.raises(sgt.DataError, match=r"written by segregation_tools 9\.0 in format 2; this version .* format 1"):
        sgt.load_plan(path)


def test_a_damaged_file_is_refused(plan, tmp_path):
    """Cut off anywhere, or with any byte another: refused, or nothing of it mattered."""
    path = tmp_path / "plan"
    plan.save(path)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 40).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(sgt.DataError, match=r"is no plan|is damaged"):
            sgt.load_plan(path)
    chance, refused = np.random.default_rng(1), 0
    tail = range(len(whole) - 1200, len(whole), 5)  # the table of contents
    for at in [*chance.integers(len(whole), size=200), *tail]:
        changed = bytearray(whole)
        changed[at] ^= 1 << int(chance.integers(8))
        path.write_bytes(changed)
        try:
            again = sgt.load_plan(path)
        except sgt.DataError:
            refused += 1
        else:
            again.save(tmp_path / "again")
            assert (tmp_path / "again").read_bytes() == whole
    assert refused > 200


def test_parts_that_do_not_belong_together_are_refused(plan, tmp_path):
    path = tmp_path / "plan"
    wrong = [
        (replace(plan, zone=plan.zone + 4), "zone does not fit"),
        (replace(plan, zone=plan.zone[:-1]), "zone does not fit"),
        (replace(plan, zone=plan.zone * 1.0), "zone does not fit"),
        (replace(plan, problem=replace(plan.problem, current=plan.problem.current - 2)), "current does not fit"),
        (replace(plan, problem=replace(plan.problem, stands=plan.problem.stands + 80)), "stands does not fit"),
        (replace(plan, problem=replace(plan.problem, minutes=plan.problem.minutes.T)), "minutes are not those"),
        (replace(plan, problem=replace(plan.problem, minutes=-plan.problem.minutes)), "minutes are not those"),
        (replace(plan, problem=replace(plan.problem, schools=plan.problem.schools[::-1])), "table of schools"),
        (
            replace(plan, constraints=(), problem=replace(plan.problem, given=plan.problem.adjacency[:3, :3])),
            "adjacency",
        ),
    ]
    for one, says in wrong:
        one.save(path)
        with pytest.raises(sgt.DataError, match=f"is damaged .*{says}"):
            sgt.load_plan(path)
    plan.save(path)
    rewritten(path, lambda head: head | {"plan": {"tuple": []}})
    with pytest.raises(sgt.DataError, match="something else than a plan"):
        sgt.load_plan(path)
    objects = io.BytesIO()
    np.save(objects, np.array([Odd()], dtype=object), allow_pickle=True)
    plan.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, objects.getvalue() if name == "0.npy" else part)
    with pytest.raises(sgt.DataError, match="Object arrays cannot be loaded"):
        sgt.load_plan(path)
    plan.save(path)
    rewritten(path, lambda head: head | {"plan": {"os.system": ["ls"]}})
    with pytest.raises(sgt.DataError, match=r"nothing is known of 'os\.system'"):
        sgt.load_plan(path)


# ---------------------------------------------------------------- what is the user's own


class Odd(Rule):
    """A rule of somebody's own."""


def test_what_is_your_own_is_refused(town, plan, tmp_path):
    @mean_of_scores(symbol="D2", dimension="evenness", bounds=(0, 1), source="me", zonal=sgt.dissimilarity.about.zonal)
    def dissimilarity(p, mix):
        return p[0]

    SHELF["dissimilarity"] = sgt.dissimilarity  # the decorator put the other one there
    cases = [
        (replace(plan, goal=sgt.minimize(dissimilarity)), "'dissimilarity' is not on the shelf"),
        (replace(plan, goal=sgt.minimize(goals.Measure("mine", goals.moves.cost))), "'mine' is your own"),
        (replace(plan, goal=sgt.minimize(goals.Measure("moves", goals.travel_time.cost))), "'moves' is your own"),
        (replace(plan, goal=sgt.minimize(goals.Measure("minimize", goals.moves.cost))), "'minimize' is your own"),
        (replace(plan, constraints=(Odd(),)), "is your own"),
        (
            labelled(town, pd.date_range("2020-01-01", periods=80, tz="UTC"), list("abcd")),
            "cannot be written to a file",
        ),
    ]
    for one, says in cases:
        with pytest.raises(sgt.DataError, match=says):
            one.save(tmp_path / "plan")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('["dissimilarity",', '["another",', "the index 'another', which is not on the shelf"),
        ('["moves",', '["loops",', "the measure 'loops', which this version does not know"),
        ('["Contiguous",', '["Round",', "the rule 'Round', which this version does not know"),
    ],
)
def test_what_this_version_does_not_know_is_named(plan, tmp_path, old, new, says):
    path = tmp_path / "plan"
    plan.save(path)
    assert old in parts_of(path)["plan.json"].decode()
    rewritten(path, lambda head: json.loads(json.dumps(head).replace(old, new)))
    with pytest.raises(sgt.DataError, match=says):
        sgt.load_plan(path)


def test_an_index_of_your_own_that_is_on_the_shelf_is_known_by_its_name(town, tmp_path):
    @mean_of_scores(symbol="D2", dimension="evenness", bounds=(0, 1), source="me", zonal=sgt.dissimilarity.about.zonal)
    def halves(p, mix):
        return np.abs(p - mix).sum(axis=0) / 2

    try:
        plan = town.score(goal=sgt.minimize(halves))
        plan.save(tmp_path / "plan")
        assert_same(sgt.load_plan(tmp_path / "plan"), plan)
    finally:
        del SHELF["halves"]
    with pytest.raises(sgt.DataError, match="'halves', which is not on the shelf: define it"):
        sgt.load_plan(tmp_path / "plan")


def test_measures_with_options_are_made_again(town, tmp_path):
    goal = (
        sgt.minimize(sgt.worst_school(sgt.ordinal_information))
        + 2 * sgt.minimize(sgt.outside_band("a", 0.3, 0.4))
        + sgt.minimize(sgt.walkers_lost(4.5))
        + sgt.minimize(sgt.split_feeders)
        + sgt.maximize(sgt.exposure, of=("a", "c"))
        + sgt.minimize(sgt.isolation, of="b")
        + sgt.minimize(sgt.rank_order_information.bind(degree=1))
    )
    labels = pd.Series(np.arange(len(town.blocks)) // 20, index=town.blocks.index)
    plan = town.score(goal=goal, constraints=[sgt.together(labels)])
    plan.save(tmp_path / "plan")
    again = sgt.load_plan(tmp_path / "plan")
    pd.testing.assert_series_equal(again.after, plan.after, check_exact=True)
    assert repr(again.goal) == repr(goal)
    pd.testing.assert_frame_equal(sgt.check(again).violations, sgt.check(plan).violations)
    assert len(sgt.check(again).violations)


def test_a_measure_of_ones_own_is_refused_whatever_its_name(town, tmp_path):
    for own in (
        sgt.Measure("shunned", lambda problem: problem.minutes),
        replace(sgt.moves, options={"miles": 4}),
        replace(sgt.walkers_lost(3), options={"miles": 4}),
        replace(sgt.walkers_lost(3), cost=lambda problem: problem.minutes),
    ):
        with pytest.raises(sgt.DataError, match="is your own"):
            town.score(goal=sgt.minimize(own)).save(tmp_path / "other")


def test_a_file_keeps_who_may_read_it(plan, tmp_path):
    path = tmp_path / "plan"
    plan.save(path)
    path.chmod(0o640)
    plan.save(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_a_file_holds_besides_is_not_read(plan, tmp_path):
    path = tmp_path / "plan"
    plan.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../more.npy", b"no array")
    assert_same(sgt.load_plan(path), plan)
    rewritten(path, lambda head: head | {"format": -1})
    with pytest.raises(sgt.DataError, match="its format is -1"):
        sgt.load_plan(path)
