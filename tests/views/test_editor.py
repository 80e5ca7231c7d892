"""The zone editor without a browser: steps, locks, measures equal to those from scratch, searches, what is told."""

import json
import re
import threading
import time

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import box

import segregation_tools as sgt
from segregation_tools.views.editor.live import Live
from segregation_tools.views.editor.outlines import Outlines
from segregation_tools.views.editor.session import Session
from tests.planning.towns import GROUPS, RULES, Town

GOAL = sgt.minimize(sgt.gini) + 0.3 * sgt.minimize(sgt.walkers_lost(6)) + sgt.minimize(sgt.isolation, of="a")


@pytest.fixture(scope="module")
def town():
    return Town(blocks=120, schools=5)


@pytest.fixture(scope="module")
def plan(town):
    return town.score(town.blocks["school"])


@pytest.fixture
def session(plan):
    return Session(plan)


def labels(plan, at):
    return [plan.problem.blocks[i] for i in at]


# ---------------------------------------------------------------- steps


def test_painting_changes_the_plan_and_nothing_else(plan, session):
    first, second = labels(plan, [3, 70])
    before = plan.zone.copy()
    session.paint({first: "S02", second: "S04"})
    assert session.plan.assignment[[first, second]].tolist() == ["S02", "S04"]
    assert (plan.zone == before).all()
    assert session.plan.seed is None
    others = plan.problem.blocks.difference([first, second])
    assert (session.plan.assignment[others] == plan.assignment[others]).all()


def test_a_plan_that_was_not_changed_is_the_one_that_was_opened(town):
    found = town.rezone(steps=20_000)
    session = Session(found)
    session.paint({labels(found, [0])[0]: "S02"})
    session.undo()
    assert session.plan is found


def test_undo_and_redo_restore_every_number_exactly(plan, session):
    standings = [session.standing()]
    chance = np.random.default_rng(3)
    for turn in range(12):
        blocks = chance.integers(0, len(plan.zone), 4)
        session.paint_at(blocks, chance.integers(0, 5, 4), stroke=turn)
        standings.append(session.standing())
    for expected in standings[-2::-1]:
        session.undo()
        alike(session.standing(), expected)
    assert not len(session.undo())
    for expected in standings[1:]:
        session.redo()
        alike(session.standing(), expected)
    assert not len(session.redo())


def alike(one, other):
    assert one.values == other.values
    for name in ("rolls", "moved", "minutes"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert one.broken == other.broken
    assert {school: blocks.tolist() for school, blocks in one.cut.items()} == {
        school: blocks.tolist() for school, blocks in other.cut.items()
    }


def test_one_stroke_is_one_step_even_over_the_same_block(plan, session):
    block, other = labels(plan, [10, 11])
    was = plan.assignment[block]
    for school in ("S01", "S02", "S03"):
        session.paint({block: school}, stroke="a")
    session.paint({other: "S03"}, stroke="a")
    assert session.steps == (1, 0)
    session.undo()
    assert session.plan.assignment[block] == was
    session.redo()
    assert session.plan.assignment[[block, other]].tolist() == ["S03", "S03"]
    session.paint({block: "S01"}, stroke="b")
    assert session.steps == (2, 0)


def test_a_new_step_forgets_what_was_undone(plan, session):
    block, other = labels(plan, [0, 1])
    session.paint({block: "S02"})
    session.undo()
    session.paint({other: "S03"})
    assert session.steps == (1, 0)


def test_what_changes_nothing_is_no_step(plan, session):
    block = labels(plan, [0])[0]
    assert not len(session.paint({block: plan.assignment[block]}))
    assert not len(session.lock([block], on=False))
    assert not len(session.paint({}))
    assert session.steps == (0, 0)


def test_locked_blocks_are_not_painted_and_locking_is_undone(plan, session):
    block = labels(plan, [5])[0]
    session.lock([block])
    assert not len(session.paint({block: "S02", "B00001": plan.assignment["B00001"]}))
    session.undo()
    assert not session.locked.any()
    assert len(session.paint({block: "S02" if plan.assignment[block] != "S02" else "S03"}))


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda it: it.paint({"nowhere": "S01"}), "'nowhere'"),
        (lambda it: it.paint({"B00001": "S99"}), "'S99'"),
        (lambda it: it.lock(["nowhere"]), "'nowhere'"),
        (lambda it: it.lock("B00001"), "list"),
    ],
)
def test_what_is_not_there_is_refused_by_name(session, act, told):
    with pytest.raises(sgt.DataError, match=told):
        act(session)
    assert session.steps == (0, 0)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("goal", [None, GOAL], ids=["usual", "other"])
def test_measures_are_those_of_the_edited_plan_from_scratch(town, goal):
    plan = town.score(town.blocks["school"], goal=goal)
    session, chance = Session(plan), np.random.default_rng(1)
    for _ in range(5):
        session.paint_at(chance.integers(0, len(plan.zone), 6), chance.integers(0, 5, 6))
        now = session.standing()
        drawn = plan.edited(dict(zip(plan.problem.blocks, session.plan.assignment, strict=True)))
        assert {name: now.values[name] for name in drawn.after.index} == drawn.after.to_dict()
        assert now.values["goal"] == drawn.goal.value(drawn.problem, drawn.zone)
        assert now.values["dissimilarity"] == sgt.dissimilarity(drawn.problem.schools_of(drawn.zone))
        assert now.values["information_theory"] == sgt.information_theory(drawn.problem.schools_of(drawn.zone))
        burden = drawn.burden()
        assert np.allclose(now.moved, burden["moved"], rtol=1e-12)
        assert np.allclose(now.minutes, burden["minutes_now"], rtol=1e-12)
        assert np.array_equal(now.rolls.T, drawn.rolls["plan"].to_numpy())
        assert sorted(now.broken, key=str) == sorted(
            sgt.check(drawn).violations.itertuples(index=False, name=None), key=str
        )


def test_blocks_that_are_cut_off_are_found(plan, session):
    problem = plan.problem
    far = int(np.argmax(problem.minutes[:, 0] * (problem.current != 0)))  # the farthest from the first school
    session.paint_at(np.array([far]), np.array([0]))
    cut = session.standing().cut
    assert cut[0].tolist() == [far]
    session.undo()
    assert session.standing().cut == {}


def test_a_zone_without_the_block_of_its_school_is_broken(plan, session):
    stand = int(plan.problem.stands[1])
    session.paint_at(np.array([stand]), np.array([0]))
    assert ("contiguous", "S02", 1.0) in session.standing().broken


def test_pieces_are_told_without_a_rule_but_not_as_broken(town):
    session = Session(town.score(town.blocks["school"], constraints=[]))
    far = int(np.argmax(session.opened.problem.minutes[:, 0] * (session.zone != 0)))
    session.paint_at(np.array([far]), np.array([0]))
    assert session.standing().cut[0].tolist() == [far]
    assert session.standing().broken == []


def test_degrees_are_drawn_and_tell_no_pieces_where_no_rule_asks(town):
    blocks = town.blocks.to_crs(4326)
    pupils = sgt.Population.from_frame(blocks, GROUPS)
    editor = sgt.edit(sgt.score(pupils, blocks["school"], **town.today))
    editor.paint({"B00001": "S05"})
    assert editor._session.standing().cut == {}
    width, height = editor._outlines.size
    metres = town.blocks.total_bounds
    assert width / height == pytest.approx((metres[2] - metres[0]) / (metres[3] - metres[1]), rel=0.05)


def test_a_school_that_closes_leaves_today_unknown(town):
    schools = town.schools.assign(open=[False, True, True, True, True])
    nearest = town.travel.drop(columns="S01").idxmin(axis=1)
    plan = town.score(nearest, schools=schools, constraints=[])
    live = Live(plan)
    assert np.isnan(list(live.values(plan.problem.current).values())).all()
    assert np.isnan(live.ways(plan.problem.current)).all()
    assert live.at(plan.zone).values["dissimilarity"] == plan.after["dissimilarity"]


# ---------------------------------------------------------------- searching on


def test_a_search_lowers_the_goal_keeps_locks_and_is_one_step(plan, session):
    locked = labels(plan, range(0, 120, 9))
    session.lock(locked)
    kept, before = session.plan.assignment[locked], session.standing().values["goal"]
    changed = session.improve(steps=200_000, rng=1)
    assert len(changed)
    assert session.standing().values["goal"] < before
    assert (session.plan.assignment[locked] == kept).all()
    assert sgt.check(session.plan)
    assert session.plan.constraints == plan.constraints
    session.undo()
    assert session.standing().values["goal"] == before


def test_a_search_begins_at_the_zones_as_they_are(town):
    """A plan that was found before is never left for a worse one, and what is locked stays where it was painted."""
    found = town.rezone(steps=200_000)
    session = Session(found)
    before = session.standing().values["goal"]
    session.improve(steps=1000, rng=5)
    assert session.standing().values["goal"] <= before


def test_locked_blocks_stay_where_they_were_painted(town):
    plan = town.rezone(steps=100_000)
    moved = np.flatnonzero(plan.zone != plan.problem.current)
    session = Session(plan)
    session.lock_at(moved, on=True)
    session.improve(steps=50_000, rng=2)
    assert (session.zone[moved] == plan.zone[moved]).all()


def test_broken_zones_are_mended_by_a_search(plan, session):
    far = int(np.argmax(plan.problem.minutes[:, 0] * (plan.problem.current != 0)))
    session.paint_at(np.array([far]), np.array([0]))
    assert session.standing().cut
    session.improve(steps=50_000, rng=1)
    assert not session.standing().cut
    assert sgt.check(session.plan)


def test_what_is_locked_against_the_rules_is_refused_and_left_as_it_is(town):
    plan = town.score(town.blocks["school"], constraints=[*RULES, sgt.locked(["B00001"])])
    session = Session(plan)
    other = "S01" if plan.assignment["B00001"] != "S01" else "S02"
    session.paint({"B00001": other})
    session.lock(["B00001"])
    with pytest.raises(sgt.DataError, match=r"B00001.*locked"):
        session.improve(steps=1000, rng=1)
    assert session.steps == (2, 0)
    assert not session.searching


def test_a_search_is_stopped_from_another_thread_and_refuses_edits_meanwhile(session):
    heard = threading.Event()
    thread = threading.Thread(target=lambda: session.improve(seconds=60, rng=1, progress=lambda *_: heard.set()))
    thread.start()
    assert heard.wait(20)
    with pytest.raises(sgt.CapabilityError, match="stop"):
        session.paint({"B00001": "S02"})
    began = time.monotonic()
    session.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert time.monotonic() - began < 10
    assert sgt.check(session.plan)
    session.undo()
    assert session.plan is session.opened


def test_ctrl_c_ends_a_search_with_the_best_until_then(session):
    def interrupt(done, lowest):
        raise KeyboardInterrupt

    session.improve(seconds=60, rng=1, progress=interrupt)
    assert sgt.check(session.plan)
    assert not session.searching


# ---------------------------------------------------------------- outlines


def test_outlines_know_who_lies_beside_whom(plan):
    outlines = Outlines.of(plan.problem)
    touching = plan.problem.adjacency
    pairs = outlines.beside >= 0
    found = np.zeros(touching.shape, dtype=bool)
    found[outlines.block[pairs], outlines.beside[pairs]] = True
    assert np.array_equal(found, touching.toarray() > 0)


def test_outlines_of_blocks_without_shape_or_too_small_to_be_seen():
    from shapely import Point, box

    shapes = [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000), box(10, 10, 10.01, 10.01), None]
    town = Town(blocks=4, schools=2)
    blocks = town.blocks.set_geometry(shapes, crs=32610)
    pupils = sgt.Population.from_frame(blocks, GROUPS)
    plan = sgt.score(pupils, town.blocks["school"], **town.today)
    drawn = Outlines.of(plan.problem)
    assert sorted(set(drawn.block.tolist())) == [0, 1, 2]
    assert (drawn.xy >= 0).all()
    assert (drawn.xy.max(axis=0) <= drawn.size).all()
    points = sgt.Population.from_frame(town.blocks.set_geometry([Point(i, i) for i in range(4)], crs=32610), GROUPS)
    assert set(Outlines.of(sgt.score(points, town.blocks["school"], **town.today).problem).block.tolist()) == {
        0,
        1,
        2,
        3,
    }


def test_what_has_no_geometry_is_refused_with_the_mend(town):
    import pandas as pd

    pupils = sgt.Population.from_frame(pd.DataFrame(town.blocks[GROUPS]), GROUPS)
    plan = sgt.score(pupils, town.blocks["school"], **town.today)
    with pytest.raises(sgt.GeographyError, match="GeoDataFrame"):
        sgt.edit(plan)


# ---------------------------------------------------------------- the widget


class Heard:
    """A widget, and what it says to the page."""

    def __init__(self, plan):
        self.widget, self.messages = sgt.edit(plan), []
        self.widget.send = lambda content, buffers=None: self.messages.append((content, buffers))

    def say(self, **message):
        self.widget._heard(message)
        return self.messages[-1][0] if self.messages else None


@pytest.fixture
def heard(plan):
    return Heard(plan)


def test_only_changes_are_sent_and_they_hold_the_new_numbers(plan, heard):
    other = int((plan.zone[7] + 1) % 5)
    answer = heard.say(kind="paint", turn="v:1", pairs=[[7, other]], stroke="s")
    assert (answer["kind"], answer["turn"]) == ("changed", "v:1")
    assert answer["blocks"] == [[7, other, 0]]
    edited = plan.edited({plan.problem.blocks[7]: plan.problem.schools[other]})
    assert answer["values"]["dissimilarity"] == f"{edited.after['dissimilarity']:.4f}"
    assert answer["rolls"] == edited.problem.rolls(edited.zone).tolist()
    assert len(json.dumps(answer)) < 5000
    assert heard.widget.plan.assignment.equals(edited.assignment)


def test_what_python_changes_is_told_to_the_page(heard):
    heard.widget.paint({"B00001": "S02", "B00002": "S02"})
    heard.widget.lock(["B00003"])
    heard.widget.undo()
    said = [content for content, _ in heard.messages]
    assert [one["kind"] for one in said] == ["changed"] * 3
    assert said[1]["blocks"][0][2] == 1
    assert said[2]["blocks"][0][2] == 0
    assert said[2]["redo"] == 1
    heard.widget.redo()
    assert heard.widget.locked == ["B00003"]
    heard.widget.unlock(["B00003"])
    assert heard.widget.locked == []


def test_the_page_is_told_what_is_refused(heard):
    for message in ({"pairs": [[0, 99]]}, {"pairs": [[-1, 0]]}, {"pairs": [[10_000, 0]]}):
        assert heard.say(kind="paint", **message)["kind"] == "refused"
    assert heard.say(kind="dance")["kind"] == "refused"
    assert heard.widget.plan.moved == 0


def test_a_search_that_the_page_began_is_told_when_it_is_asked_for(heard):
    heard.say(kind="improve", turn="v:2", seconds=1)
    assert heard.say(kind="how")["kind"] == "progress"
    heard.widget._search.join(30)
    last = heard.say(kind="how")
    assert (last["kind"], last["searching"], last["undo"]) == ("changed", False, 1)
    assert last["searched"]
    many = len(heard.messages)
    heard.say(kind="how")
    assert len(heard.messages) == many  # once


def test_a_search_that_is_stopped_at_once_is_stopped(heard):
    begun = time.monotonic()
    heard.widget._heard({"kind": "improve", "turn": "v:3", "seconds": 60})
    heard.widget._heard({"kind": "improve", "turn": "v:4", "seconds": 60})
    heard.widget._heard({"kind": "stop"})
    heard.widget._search.join(30)
    assert time.monotonic() - begun < 30
    assert heard.say(kind="how")["kind"] in ("changed", "refused")


def test_a_search_that_fails_tells_the_page_so(town):
    def fails(problem, zone):
        raise ValueError("no such school")

    plan = town.score(town.blocks["school"])
    heard = Heard(plan)
    heard.widget._session._searched = lambda *_: fails(None, None)
    heard.widget._heard({"kind": "improve", "turn": "v:5", "seconds": 1})
    heard.widget._search.join(30)
    last = heard.say(kind="how")
    assert last["kind"] == "refused"
    assert "no such school" in last["text"]
    assert not heard.widget._searching


def test_a_school_in_an_exempt_block_leaves_its_zone_whole(town):
    stand = int(town.score(town.blocks["school"]).problem.stands[0])
    exempt = [town.blocks.index[stand]]
    plan = town.score(town.blocks["school"], constraints=[sgt.contiguous(exempt=exempt)])
    session = Session(plan)
    far = int(np.argmax(plan.problem.minutes[:, 0] * (plan.problem.current != 0)))
    session.paint_at(np.array([far]), np.array([0]))
    assert session.standing().cut[0].tolist() == [far]


def test_a_search_from_python_is_told_and_its_refusal_raised(town):
    heard = Heard(town.score(town.blocks["school"], constraints=[*RULES, sgt.locked(["B00001"])]))
    heard.widget.improve(steps=20_000)
    last = heard.messages[-1][0]
    assert (last["kind"], last["searching"], last["undo"]) == ("changed", False, 1)
    other = "S01" if heard.widget.plan.assignment["B00001"] != "S01" else "S02"
    heard.widget.paint({"B00001": other})
    heard.widget.lock(["B00001"])
    with pytest.raises(sgt.DataError, match="B00001"):
        heard.widget.improve(steps=1000)
    assert heard.messages[-1][0]["kind"] == "refused"


@pytest.mark.parametrize("ending", ["zip", "csv", "gpkg", "geojson"])
def test_files_of_the_page_are_those_of_the_plan(heard, ending, tmp_path):
    import geopandas
    import pandas as pd

    heard.widget.paint({"B00001": "S03"})
    answer = heard.say(kind="download", turn="v:3", what=ending)
    path = tmp_path / answer["name"]
    path.write_bytes(heard.messages[-1][1][0])
    if ending == "zip":
        assigned = sgt.load_plan(path).assignment
    else:
        frame = pd.read_csv(path) if ending == "csv" else geopandas.read_file(path)
        assigned = frame.set_index("block")["school"]
    assert (assigned == heard.widget.plan.assignment).all()
    heard.widget.save(tmp_path / "again.zip")
    heard.widget.to_file(tmp_path / "again.csv")
    assert sgt.load_plan(tmp_path / "again.zip").assignment["B00001"] == "S03"


def test_a_block_is_told_with_its_pupils_and_ways(plan, heard):
    answer = heard.say(kind="ask", turn="v:4", block=9)
    assert [float(count) for count in answer["pupils"]] == [*plan.problem.counts[:, 9], plan.problem.sizes[9]]
    assert [float(way) for way in answer["minutes"]] == pytest.approx(plan.problem.minutes[9], abs=0.051)


def test_a_picture_stands_where_no_widget_can(heard):
    data, _ = heard.widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    picture = data["image/svg+xml"]
    assert picture.startswith("<svg xmlns=")
    assert not re.findall(r"(?:href|src)=", picture)


def test_only_a_plan_is_opened(town):
    with pytest.raises(sgt.OptionError, match="plan"):
        sgt.edit(town.blocks)


def test_the_missing_package_is_named(plan, monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "segregation_tools.views.editor.widget", raising=False)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(sgt.CapabilityError, match=r"segregation-tools\[interactive\]"):
        sgt.edit(plan)


# ---------------------------------------------------------------- the page for residents


def given_on(path):
    text = path.read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="given">(.*?)</script>', text, re.DOTALL)[1]), text


def test_the_page_for_residents_tells_both_schools_of_each_block(town, tmp_path):
    plan = town.rezone(steps=50_000)
    given, _ = given_on(sgt.standalone(plan, tmp_path / "page.html"))
    frame = plan.to_frame()
    schools = given["schools"]
    assert [schools[school] for school in given["plan"]] == frame["school"].tolist()
    assert [schools[school] for school in given["today"]] == frame["current"].tolist()
    assert [float(way) for way in given["minutes"][1]] == pytest.approx(frame["minutes_now"].tolist(), abs=0.51)


def test_it_tells_nothing_of_who_lives_in_a_block(town, tmp_path):
    given, text = given_on(sgt.standalone(town.rezone(steps=20_000), tmp_path / "page.html"))
    assert set(given) == {"blocks", "schools", "today", "plan", "minutes", "outlines", "colours", "marks", "words"}
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


def test_numbers_of_few_blocks_that_move_are_not_on_it(town, tmp_path):
    plan = town.score(town.blocks["school"])
    others = [block for block in plan.problem.blocks if plan.assignment[block] != "S01"]
    for many, told in ((0, True), (1, False), (2, False), (3, True)):
        edited = plan.edited(dict.fromkeys(others[:many], "S01"))
        _, text = given_on(sgt.standalone(edited, tmp_path / "page.html"))
        assert ("Whom it asks" in text or "asks to" in text or "<table" in text) == told
        assert ("so few blocks" in text.lower().split('id="given"')[0]) != told


def test_minutes_of_few_who_move_are_not_told(tmp_path):
    counts = np.full((2, 40), 100.0)
    counts[:, 0] = 2, 18
    blocks = [f"u{i}" for i in range(40)]
    travel = pd.DataFrame({"S": 5.0, "T": 35.0}, index=blocks)
    current = pd.Series("S", index=blocks)
    current.iloc[20:] = "T"
    places = geopandas.GeoSeries([box(i, 0, i + 1, 1) for i in range(40)], index=blocks, crs=32610)
    pupils = sgt.Population.from_frame(
        geopandas.GeoDataFrame(dict(zip("ab", counts, strict=True)), index=blocks, geometry=places), ["a", "b"]
    )
    plan = sgt.score(pupils, current, current=current, schools=pd.DataFrame(index=["S", "T"]), travel=travel)
    moved = plan.edited({"u0": "T", "u1": "T", "u2": "T"})
    few = plan.edited({"u0": "T"})
    assert "35.0" in sgt.report(moved, tmp_path / "many.html").read_text("utf-8")
    row = re.search(
        r"<tr>(?:(?!</tr>).)*>a</t[hd]>.*?</tr>", sgt.report(few, tmp_path / "few.html").read_text("utf-8"), re.DOTALL
    )
    assert "fewer than 5" in row[0]
    assert "→" not in row[0]


def test_names_cannot_leave_the_script(town, tmp_path):
    name = "</script><b>\u2028"
    blocks = town.blocks.rename({"B00001": name})
    schools = town.schools.replace("B00001", name)
    pupils = sgt.Population.from_frame(blocks, GROUPS)
    plan = sgt.score(
        pupils, blocks["school"], current=blocks["school"], schools=schools, travel=town.travel.rename({"B00001": name})
    )
    given, text = given_on(sgt.standalone(plan, tmp_path / "page.html", title="<i>&"))
    assert given["blocks"][0] == name
    assert "</script><b>" not in text
    assert "<h1>&lt;i&gt;&amp;</h1>" in text
