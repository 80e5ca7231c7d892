"""Expected rolls when families choose, against pupils counted one by one."""

import itertools

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import segregation_tools as sgt
from segregation_tools.planning import choice
from tests.planning.test_evidence import small
from tests.planning.towns import GROUPS, Town

SCHOOLS = list("ABC")
BLOCKS = [f"B{i}" for i in range(6)]


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone(constraints=[sgt.capacity(within=0.15)], steps=100_000)


def tiny(seed=1, **more):
    """Six blocks, three schools, a few pupils; two blocks change school."""
    counts = np.random.default_rng(seed).integers(0, 5, size=(6, 2)) + [[1, 1]] * 6
    district = small(counts, "AABBCC", dict.fromkeys(SCHOOLS, [1] * 6), **more)
    rules = [sgt.capacity(seats=pd.Series({"A": 14, "B": 12, "C": 16}), low=9)]
    return sgt.score(assignment=pd.Series(list("ABBBCA"), index=BLOCKS), constraints=rules, **district)


def table(seed, rows, columns):
    return pd.DataFrame(np.random.default_rng(seed).uniform(0.3, 1, (len(rows), len(columns))), rows, columns)


def rowwise(frame):
    return frame.div(frame.sum(axis=1), axis=0)


ATTEND = {
    "all": (0.7, lambda block, group, school: 0.7),
    "group": (pd.Series({"y": 0.9, "x": 0.6}), lambda block, group, school: {"x": 0.6, "y": 0.9}[group]),
    "school": (
        pd.Series([1.0, 0.5, 0.8], SCHOOLS),
        lambda block, group, school: {"A": 1.0, "B": 0.5, "C": 0.8}[school],
    ),
    "block": (table(1, BLOCKS, ["p"])["p"], lambda block, group, school: table(1, BLOCKS, ["p"]).loc[block, "p"]),
    "school, group": (
        table(2, SCHOOLS[::-1], ["y", "x"]),
        lambda block, group, school: table(2, SCHOOLS[::-1], ["y", "x"]).loc[school, group],
    ),
    "block, group": (
        table(3, BLOCKS[::-1], ["x", "y"]),
        lambda block, group, school: table(3, BLOCKS[::-1], ["x", "y"]).loc[block, group],
    ),
}
BY_SCHOOL = pd.DataFrame([[0, 0.5, 0.25, 0.25], [0.75, 0, 0, 0.25], [0, 1, 0, 0]], SCHOOLS, [*SCHOOLS, "leaves"])
BY_GROUP = rowwise(table(4, ["y", "x"], ["leaves", "C", "A"]))
BY_BLOCK = rowwise(table(5, BLOCKS, ["leaves", "B", "A"]))
ELSEWHERE = {
    "leaves": (None, lambda block, group, school: {"leaves": 1.0}),
    "school": (BY_SCHOOL, lambda block, group, school: BY_SCHOOL.loc[school].to_dict()),
    "group": (BY_GROUP, lambda block, group, school: BY_GROUP.loc[group].to_dict()),
    "block": (BY_BLOCK, lambda block, group, school: BY_BLOCK.loc[block].to_dict()),
}


def one_by_one(plan, school_of, attends, goes):
    """Each pupil's chance of each school, and of none."""
    pupils = []
    for (block, school), group in itertools.product(school_of.items(), ["x", "y"]):
        p, others = attends(block, group, school), goes(block, group, school)
        others = {to: chance for to, chance in others.items() if to != school}
        chances = {to: (1 - p) * chance / sum(others.values()) for to, chance in others.items()} | {school: p}
        many = plan.problem.pupils.to_frame().loc[block, group]
        pupils += [(group, school, chances)] * int(many)
    return pupils


def added_up(chances):
    """The chance of each number of successes, one trial after the other."""
    found = np.ones(1)
    for p in chances:
        found = np.append(found * (1 - p), 0) + np.append(0, found * p)
    return found


@pytest.mark.parametrize(("attend", "elsewhere"), list(itertools.product(ATTEND, ELSEWHERE)))
def test_rolls_are_those_of_pupils_counted_one_by_one(attend, elsewhere):
    plan = tiny()
    (given_attend, attends), (given_elsewhere, goes) = ATTEND[attend], ELSEWHERE[elsewhere]
    found = sgt.expected_rolls(plan, attend=given_attend, elsewhere=given_elsewhere)
    assert found.exact
    for date, zone in (("today", plan.problem.today), ("plan", plan.assignment)):
        pupils = one_by_one(plan, pd.Series(list(zone), index=BLOCKS), attends, goes)
        for school, group in itertools.product(SCHOOLS, ["x", "y"]):
            mean = sum(chances.get(school, 0) for one, _, chances in pupils if one == group)
            assert found.rolls.loc[school, (date, group)] == pytest.approx(mean)
        for school, (seats, low) in {"A": (14, 9), "B": (12, 9), "C": (16, 9)}.items():
            p = np.array([chances.get(school, 0) for _, _, chances in pupils])
            assert found.deviation.loc[school, date] == pytest.approx(np.sqrt((p * (1 - p)).sum()))
            chance = added_up(p)
            assert found.over.loc[school, date] == pytest.approx(chance[seats + 1 :].sum(), abs=1e-12)
            assert found.under.loc[school, date] == pytest.approx(chance[:low].sum(), abs=1e-12)
        for group in ("x", "y"):
            own = [
                (chances.get(school, 0), chances.get("leaves", 0)) for one, school, chances in pupils if one == group
            ]
            stays, leaves = np.sum(own, axis=0)
            told = found.choices.loc[group, date]
            np.testing.assert_allclose(told, [stays, len(own) - stays - leaves, leaves], atol=1e-12)
        rolls = found.rolls[date]
        assert found.segregation.loc[date, "of_expected"] == pytest.approx(sgt.dissimilarity(rolls, groups=["x", "y"]))


def test_where_all_attend_rolls_are_those_of_the_zones(town, plan):
    found = sgt.expected_rolls(plan, attend=1)
    pd.testing.assert_frame_equal(found.rolls, plan.rolls)
    assert (found.deviation.to_numpy() == 0).all()
    assert (found.over.to_numpy() == 0).all()
    assert (found.under.to_numpy() == 0).all()
    for date, values in (("today", plan.before), ("plan", plan.after)):
        for column in ("assigned", "of_expected"):
            assert found.segregation.loc[date, column] == pytest.approx(values["dissimilarity"], abs=1e-12)
    full = town.score(plan.assignment, constraints=[sgt.capacity(seats=1300)])
    beyond = full.rolls["plan"].sum(axis=1) > 1300
    assert 0 < beyond.sum() < 6
    assert (sgt.expected_rolls(full, attend=1).over["plan"] == beyond).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nobody_is_lost(seed):
    chance = np.random.default_rng(seed)
    plan = tiny(seed)
    attend = pd.DataFrame(chance.random((3, 2)), SCHOOLS, ["x", "y"])
    elsewhere = rowwise(pd.DataFrame(chance.random((2, 4)), ["x", "y"], [*SCHOOLS, "leaves"]))
    found = sgt.expected_rolls(plan, attend=attend, elsewhere=elsewhere)
    people = plan.problem.pupils.group_totals
    for date in ("today", "plan"):
        np.testing.assert_allclose(found.choices[date].sum(axis=1), [*people, people.sum()])
        at_school = found.choices[date][["assigned", "other"]].sum(axis=1)
        np.testing.assert_allclose(found.rolls[date].sum(), at_school[["x", "y"]])
        assert found.deviation[date].max() <= np.sqrt(people.sum()) / 2


def test_only_who_is_reassigned_attends_otherwise():
    plan = tiny()
    less = sgt.expected_rolls(plan, attend=0.9, attend_reassigned=pd.Series({"x": 0.2, "y": 0.9}))
    same = sgt.expected_rolls(plan, attend=0.9)
    pd.testing.assert_frame_equal(less.rolls["today"], same.rolls["today"])
    moved = plan.problem.pupils.to_frame().loc[["B1", "B5"], "x"]
    fewer = same.rolls["plan"] - less.rolls["plan"]
    assert fewer["x"].to_dict() == pytest.approx({"A": 0.7 * moved["B5"], "B": 0.7 * moved["B1"], "C": 0})
    assert fewer["y"].to_dict() == pytest.approx(dict.fromkeys(SCHOOLS, 0))


def test_a_school_without_a_zone_has_those_who_choose_it():
    counts = [[10, 20], [30, 40]]
    district = small(counts, "AB", {"A": [1, 9], "B": [9, 1], "magnet": [5, 5]})
    plan = sgt.score(assignment=district["current"], **district)
    goes = pd.DataFrame({"magnet": [1.0, 0.5], "leaves": [0.0, 0.5]}, index=["x", "y"])
    found = sgt.expected_rolls(plan, attend=0.8, elsewhere=goes)
    assert found.rolls["plan"].loc["magnet"].to_dict() == pytest.approx({"x": 0.2 * 40, "y": 0.1 * 60})
    assert found.over.isna().to_numpy().all()  # no rule says what room there is
    assert "assigned_plan" in str(found)
    assert "magnet" in found._repr_html_()


# ---------------------------------------------------------------- the chance of a roll


@pytest.mark.parametrize(
    ("n", "p"), [(100_000, 0.3), (50, 0.5), (1, 0.2), (3000, 1e-4), (2000, 0.999), (10**6, 0.5), (7, 1e-12)]
)
def test_the_chance_of_a_roll_is_binomial(n, p):
    """Also where those who choose alike come in several parts, beside some who surely come and some who surely do not."""
    people, chances = np.array([n // 3, n - n // 3, 5.0, 9.0]), np.array([p, p, 1.0, 0.0])
    law = stats.binom(n, p)
    for at in np.unique(law.ppf([1e-6, 0.01, 0.5, 0.99, 1 - 1e-6])):
        under, over = choice.chances_of_rolls(people, chances, at + 5, at + 5, exact=True)
        assert over == pytest.approx(law.sf(at), abs=1e-12 + n * 1e-16)
        assert under == pytest.approx(law.cdf(at - 1), abs=1e-12 + n * 1e-16)
    assert choice.chances_of_rolls(people, chances, 0, np.inf, exact=True) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1)), min_size=1, max_size=8), st.integers(0, 60))
def test_the_chance_of_a_roll_is_that_of_trial_after_trial(cells, at):
    people, chances = np.array(cells, dtype=float).T
    law = added_up(np.repeat(chances, people.astype(int)))
    under, over = choice.chances_of_rolls(people, chances, at, at, exact=True)
    assert over == pytest.approx(law[at + 1 :].sum(), abs=1e-12)
    assert under == pytest.approx(law[:at].sum(), abs=1e-12)


@pytest.mark.parametrize(("cells", "most"), [(400, 1.0), (400, 0.02), (1500, 0.5), (60, 1.0)])
def test_many_who_choose_otherwise_are_trials_as_well(cells, most):
    """Chances near 0, near 1 and between, few and many of them."""
    chance = np.random.default_rng(cells)
    chances = np.where(chance.random(cells) < 0.5, 1 - most * chance.random(cells), most * chance.random(cells))
    people = chance.integers(1, 4, cells).astype(float)
    law = added_up(np.repeat(chances, people.astype(int)))
    mean = int(people @ chances)
    for at in range(max(0, mean - 30), mean + 30, 7):
        under, over = choice.chances_of_rolls(people, chances, at, at, exact=True)
        assert over == pytest.approx(law[at + 1 :].sum(), abs=1e-12)
        assert under == pytest.approx(law[:at].sum(), abs=1e-12)


def test_of_parts_of_pupils_the_chance_is_normal(town, plan):
    """As near to the exact one as the normal distribution is, which is told."""
    half = sgt.Population.from_frame(town.blocks.assign(a=town.blocks["a"] + 0.25), GROUPS)
    rule = sgt.capacity(seats=1150)
    exact = sgt.expected_rolls(town.score(plan.assignment, constraints=[rule]), attend=0.85)
    normal = sgt.expected_rolls(sgt.score(half, plan.assignment, **town.today, constraints=[rule]), attend=0.85)
    assert exact.exact
    assert not normal.exact
    for school in normal.rolls.index:
        law = stats.norm(normal.rolls["plan"].loc[school].sum(), normal.deviation.loc[school, "plan"])
        assert normal.over.loc[school, "plan"] == pytest.approx(law.sf(1150))
    by_normal = [
        stats.norm(exact.rolls["plan"].loc[school].sum(), exact.deviation.loc[school, "plan"]).sf(1150.5)
        for school in exact.rolls.index
    ]
    np.testing.assert_allclose(exact.over["plan"], by_normal, atol=0.005)
    assert exact.over["plan"].between(0.01, 0.99).any()
    with pytest.raises(sgt.DataError, match="whole people"):
        sgt.expected_rolls(normal.plan, attend=0.9, draws=10, rng=1)


def test_who_is_nearly_sure_to_come_breaks_no_room_that_who_is_sure_does_not():
    """Rolls that are known but for rounding are within a room of just so many, of parts of pupils as of whole ones."""
    for people in (np.array([300.0, 90.5]), np.array([300.0, 90.0])):
        roll = people.sum()
        for attends in (1.0, 1 - 2**-53):
            told = choice.chances_of_rolls(people, np.full(2, attends), roll, roll, exact=False)
            assert told == pytest.approx((0, 0), abs=1e-6)
    district = small([[9.5, 2], [8, 4.25]], "AB", {"A": [1, 1], "B": [1, 1]})
    plan = sgt.score(assignment=district["current"], **district, constraints=[sgt.capacity(within=0)])
    for attends in (1, 1 - 2**-53):
        found = sgt.expected_rolls(plan, attend=attends)
        assert not found.exact
        np.testing.assert_allclose(found.over, 0, atol=1e-6)
        np.testing.assert_allclose(found.under, 0, atol=1e-6)


# ---------------------------------------------------------------- the index by chance


def test_the_mean_of_draws_is_the_expected_index():
    """Two schools, few pupils: every outcome with its chance; one without pupils of a group is drawn again."""
    district = small([[2, 1], [1, 3]], "AB", {"A": [1, 1], "B": [1, 1]})
    plan = sgt.score(assignment=district["current"], **district)
    attend, goes = pd.Series({"x": 0.7, "y": 0.6}), pd.DataFrame({"A": 0.5, "B": 0.5}, index=["x", "y"])
    goes = goes * 0.5
    goes["leaves"] = 0.5
    pupils = one_by_one(plan, district["current"], lambda b, g, s: attend[g], lambda b, g, s: goes.loc[g].to_dict())
    tables = {}
    for outcome in itertools.product(["A", "B", "leaves"], repeat=len(pupils)):
        chance = np.prod([chances.get(to, 0) for to, (_, _, chances) in zip(outcome, pupils, strict=True)])
        come = [(to, group) for to, (group, _, _) in zip(outcome, pupils, strict=True)]
        rolls = tuple(come.count(cell) for cell in itertools.product("AB", "xy"))
        tables[rolls] = tables.get(rolls, 0) + chance
    total = weight = squares = 0.0
    for rolls, chance in tables.items():
        frame = pd.DataFrame(np.reshape(rolls, (2, 2)), columns=["x", "y"])
        if (frame.sum() > 0).all():
            value = sgt.dissimilarity(frame, groups=["x", "y"])
            total, weight, squares = total + chance * value, weight + chance, squares + chance * value**2
    mean = total / weight
    spread = np.sqrt(squares / weight - mean**2)
    found = sgt.expected_rolls(plan, attend=attend, elsewhere=goes, draws=8_000, rng=3)
    told = found.segregation.loc["plan"]
    assert told["drawn_mean"] == pytest.approx(mean, abs=4 * spread / np.sqrt(8_000))
    assert told["drawn_sd"] == pytest.approx(spread, rel=0.05)
    assert mean > told["of_expected"] + 10 * spread / np.sqrt(8_000)  # the index of expected rolls is another thing


def test_draws_have_the_mean_and_deviation_of_the_rolls():
    plan = tiny()
    found = sgt.expected_rolls(plan, attend=0.8, elsewhere=BY_SCHOOL)
    problem = plan.problem
    cells = choice._choosing(problem, problem.counts, plan.zone, 0.8, None, BY_SCHOOL)
    drawn = choice._drawing(cells, 2)(np.random.default_rng(5).integers(2**63, size=20_000).astype(np.uint64))
    np.testing.assert_allclose(drawn.mean(axis=0), found.rolls["plan"].to_numpy().T, atol=0.08)
    np.testing.assert_allclose(drawn.sum(axis=1).std(axis=0), found.deviation["plan"], rtol=0.03)


def test_zones_that_stay_are_drawn_with_the_same_chance(town):
    """So that what differs between draws of today and of a plan is the plan."""
    stay = town.score(town.blocks["school"])
    found = sgt.expected_rolls(stay, attend=0.8, attend_reassigned=0.2, draws=30, rng=2)
    assert found.draws["today"].nunique() > 20
    assert found.draws["today"].tolist() == found.draws["plan"].tolist()
    told = found.segregation
    assert told.loc["today"].tolist() == told.loc["plan"].tolist()


def test_the_same_seed_gives_the_same_draws_on_any_number_of_threads(plan, monkeypatch):
    draw = {"attend": pd.Series({"a": 0.8, "b": 0.9, "c": 0.9}), "draws": 40}
    found = sgt.expected_rolls(plan, **draw, rng=4)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        monkeypatch.setattr(choice, "DRAWN_AT_ONCE", 1000)
        alone = sgt.expected_rolls(plan, **draw, rng=4)
    finally:
        numba.set_num_threads(before)
    pd.testing.assert_frame_equal(found.draws, alone.draws)
    assert found.draws.shape == (40, 2)
    assert (found.draws["today"] != found.draws["plan"]).all()
    other = sgt.expected_rolls(plan, **draw, rng=5)
    assert (found.draws != other.draws).to_numpy().all()
    assert sgt.expected_rolls(plan, attend=0.9).segregation["drawn_mean"].isna().all()
    with pytest.raises(sgt.OptionError, match="rng=7"):
        sgt.expected_rolls(plan, **draw)


def test_without_an_index_one_group_has_rolls_as_well():
    blocks = [f"B{i}" for i in range(2)]
    pupils = sgt.Population([[10, 20]], ["all"], units=blocks)
    district = small([[1, 1], [1, 1]], "AB", {"A": [1, 1], "B": [1, 1]}) | {"pupils": pupils}
    plan = sgt.score(assignment=district["current"], **district)
    found = sgt.expected_rolls(plan, attend=0.5, index=None)
    assert found.to_frame()["expected_plan"].tolist() == [5, 10]
    assert found.choices.index.tolist() == ["all", "all groups"]
    assert "50.0%" in str(found)
    assert found.segregation.empty
    with pytest.raises(sgt.OptionError, match="name it, index="):
        sgt.expected_rolls(plan, attend=0.5, index=None, draws=3, rng=1)


# ---------------------------------------------------------------- what cannot be told, and what is refused


def test_of_a_school_that_closes_there_is_no_today():
    schools = pd.DataFrame({"open": [True, True, False]}, index=SCHOOLS)
    district = small([[9, 2]] * 6, "AABBCC", dict.fromkeys(SCHOOLS, [1] * 6), schools=schools)
    plan = sgt.score(assignment=pd.Series(list("AABBAB"), index=BLOCKS), **district)
    found = sgt.expected_rolls(plan, attend=0.9, attend_reassigned=0.5, draws=5, rng=1)
    assert found.rolls["today"].isna().to_numpy().all()
    assert found.draws["today"].isna().all()
    assert found.segregation.loc["today"].isna().all()
    assert found.rolls["plan"]["x"].tolist() == pytest.approx([9 * (0.9 * 2 + 0.5)] * 2)
    assert "nan today" in str(found)


def test_a_group_of_which_nobody_comes_has_no_index():
    plan = tiny()
    attend = pd.Series({"x": 0.0, "y": 1.0})
    assert np.isnan(sgt.expected_rolls(plan, attend=attend).segregation.loc["plan", "of_expected"])
    with pytest.raises(sgt.CapabilityError, match="nobody of 'x'"):
        sgt.expected_rolls(plan, attend=attend, draws=3, rng=1)


def test_what_is_malformed_is_refused():
    plan = tiny()
    group = pd.Series({"x": 0.5, "y": 0.5})
    square = BY_SCHOOL.copy()
    square.loc["A"] = [0.5, 0.5, 0, 0]
    alike = small([[9, 2]] * 3, "ABC", dict.fromkeys(SCHOOLS, [1] * 3))
    alike["pupils"] = sgt.Population([[9, 9, 9], [2, 2, 2]], ["x", "y"], units=SCHOOLS)
    alike["current"], alike["travel"] = (alike[name].set_axis(SCHOOLS) for name in ("current", "travel"))
    same_names = sgt.score(assignment=alike["current"], **alike)
    leaving = small([[9, 2]] * 2, ["A", "leaves"], {"A": [1, 1], "leaves": [1, 1]})
    called = sgt.score(assignment=leaving["current"], **leaving)
    for of, told, says in [
        (plan, {"attend": 1.2}, "attend must be a chance, at most 1, not 1.2"),
        (plan, {"attend": -0.1}, "attend must be a chance"),
        (plan, {"attend": True}, "attend must be a chance"),
        (plan, {"attend": group * np.nan}, "attend must be a chance, from 0 to 1; it is nan for 'x'"),
        (plan, {"attend": group * 3}, "it is 1.5 for 'x' .2 such"),
        (plan, {"attend": group.drop("x")}, "one row for each of the groups: absent are 'x'"),
        (plan, {"attend": pd.Series({"x": 1, "y": 1, "z": 1})}, "not known are 'z'"),
        (plan, {"attend": pd.Series({"u": 1, "v": 1})}, "neither groups nor schools nor blocks"),
        (plan, {"attend": pd.concat([group, group])}, "several rows for 'x', 'y'"),
        (plan, {"attend": pd.Series(["a", "b"], ["x", "y"])}, "attend"),
        (plan, {"attend": table(1, BLOCKS, ["x"])}, "one column for each of the groups: absent are 'y'"),
        (plan, {"attend": table(1, ["x", "y"], ["x", "y"])}, "neither schools nor blocks"),
        (plan, {"attend": 1, "attend_reassigned": 2}, "attend_reassigned must be a chance"),
        (plan, {"attend": 1, "elsewhere": 3}, "elsewhere must be a DataFrame"),
        (plan, {"attend": 1, "elsewhere": BY_SCHOOL.rename(columns={"A": "D"})}, "no open school.*'D'"),
        (plan, {"attend": 1, "elsewhere": BY_SCHOOL * 0.9}, r"add up to 1; 'A', 'B', 'C' do not \(0.9"),
        (plan, {"attend": 1, "elsewhere": BY_SCHOOL - 0.1}, "elsewhere must be chances"),
        (plan, {"attend": 1, "elsewhere": square}, "pupils of 'A' to their own school"),
        (plan, {"attend": 0.5, "elsewhere": pd.DataFrame({"A": [1, 1]}, ["x", "y"])}, "nowhere else.*'A', 'x'"),
        (same_names, {"attend": pd.Series(1, SCHOOLS)}, "schools or blocks, which are labelled alike"),
        (called, {"attend": 1}, "a school is called 'leaves'"),
        (plan, {"attend": 1, "index": sgt.isolation}, "say which"),
        (plan, {"attend": 1, "index": "D"}, "index must be"),
        (plan, {"attend": 1, "draws": 1.5, "rng": 1}, "draws"),
    ]:
        with pytest.raises(sgt.SegregationError, match=says):
            sgt.expected_rolls(of, **told)


def test_what_was_given_is_not_changed():
    plan, attend, goes = tiny(), ATTEND["school, group"][0].copy(), BY_SCHOOL.copy()
    sgt.expected_rolls(plan, attend=attend, elsewhere=goes, draws=2, rng=1)
    pd.testing.assert_frame_equal(goes, BY_SCHOOL)
    pd.testing.assert_frame_equal(attend, ATTEND["school, group"][0])
