"""A plan over the years: phased in, and followed over projected pupils, against cohorts followed one by one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from tests.planning.test_evidence import small
from tests.planning.towns import GROUPS, Town


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone(constraints=[sgt.capacity(within=0.15)], steps=100_000)


def three(counts=((40, 8), (60, 20), (80, 12)), **more):
    """Three blocks: one goes from A to B, one stays, one goes from B to A."""
    district = small(counts, "ABB", {"A": [1, 1, 1], "B": [1, 1, 1]}, **more)
    return sgt.score(assignment=pd.Series(list("BBA"), index=["B0", "B1", "B2"]), **district)


def everyone(phased):
    return phased.pupils.groupby(level="year").last()


# ---------------------------------------------------------------- phased in, by hand


def test_by_hand_the_top_grade_may_stay_and_younger_siblings_follow():
    """One block of 40 pupils in four grades of 10; half of the entrants have an older sibling, of whom a third stay."""
    district = small([[20, 20], [30, 10]], "AB", {"A": [1, 1], "B": [1, 1]})
    plan = sgt.score(assignment=pd.Series(["B", "B"], index=["B0", "B1"]), **district)
    found = sgt.phase_in(plan, grades=4, grandfathered=[4], siblings=0.5, follow=0.6)
    followed = 10 * 0.5 * (10 / 30) * 0.6
    table = everyone(found)
    assert found.years == [0, 1, 2, 3, 4, 5]
    assert table["pupils"].tolist() == [80] * 6
    assert table["grandfathered"].tolist() == pytest.approx([0, 10, 0, 0, 0, 0])
    assert table["followed"].tolist() == pytest.approx([0, *[followed] * 4, 0])
    assert table["parted"].tolist() == pytest.approx([0, 10 * 0.5 / 3 * 0.4, 0, 0, 0, 0])
    assert table["change"].tolist() == pytest.approx([0, 20, 0, 0, 0, 0])  # of grades 2 and 3; grade 1 has just entered
    assert table["at_old_school"].tolist() == pytest.approx([40, 10 + followed, *[followed] * 3, 0])
    assert table["at_new_school"].tolist() == pytest.approx([0, 30 - followed, *[40 - followed] * 3, 40])
    assert (found.begins, found.in_force) == (1, 5)
    rolls = found.rolls["phase_in"].sum(axis=1)
    assert rolls.xs("A", level="school").tolist() == pytest.approx([40, 10 + followed, *[followed] * 3, 0])
    half = found.pupils.xs("x", level="group") * 2  # both groups have the same pupils in this block
    pd.testing.assert_frame_equal(half.drop(columns="pupils"), table.drop(columns="pupils"))
    assert "in force for all in 5" in str(found)
    assert "grandfathered" in found._repr_html_()


def test_with_nobody_grandfathered_all_of_it_happens_at_once(plan):
    found = sgt.phase_in(plan, grades=6)
    assert found.years == [0, 1]
    assert found.in_force == 1
    rolls = found.rolls["phase_in"]
    pd.testing.assert_frame_equal(rolls.loc[0], plan.rolls["today"], check_names=False)
    pd.testing.assert_frame_equal(rolls.loc[1], plan.rolls["plan"], check_names=False)
    frame = found.to_frame()
    assert frame.loc[1, "share_at_new_school"] == pytest.approx(plan.moved)
    assert frame.loc[0, "dissimilarity_phase_in"] == pytest.approx(plan.before["dissimilarity"])
    assert frame.loc[1, "dissimilarity_phase_in"] == pytest.approx(plan.after["dissimilarity"])
    moved = plan.burden()["moved"]
    assert found.pupils.loc[1, "at_new_school"].to_dict() == pytest.approx(moved.to_dict())
    assert found.pupils.loc[1, "change"].to_dict() == pytest.approx((moved * 5 / 6).to_dict())


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ({"grandfathered": "all"}, 6),
        ({"grandfathered": [6]}, 2),
        ({"grandfathered": [2]}, 6),
        ({"grandfathered": "all", "siblings": 0.3}, 11),
        ({"grandfathered": [6, 5], "siblings": 0.3}, 8),
        ({"grandfathered": "all", "siblings": 0.3, "follow": 0}, 6),
        ({"grandfathered": "all", "take_up": 0}, 1),
        ({"siblings": 1.0}, 1),
        ({"grandfathered": "all", "begins": 3}, 8),
    ],
    ids=str,
)
def test_at_last_the_plan_is_in_force_and_nobody_is_lost_on_the_way(plan, given, last):
    found = sgt.phase_in(plan, grades=6, **given)
    assert found.years == list(range(last + 1))
    assert found.in_force == last
    rolls = found.rolls["phase_in"]
    pd.testing.assert_frame_equal(rolls.loc[last], plan.rolls["plan"], check_names=False)
    for zones in ("today", "phase_in", "plan"):
        totals = found.rolls[zones].groupby(level="year").sum()
        np.testing.assert_allclose(totals, np.tile(plan.problem.pupils.group_totals, (last + 1, 1)))
    assert found.pupils.loc[last, "at_new_school"].to_dict() == pytest.approx(plan.burden()["moved"].to_dict())
    table = everyone(found)
    begun = table.loc[found.begins :]
    assert (table.loc[: found.begins - 1, "at_new_school"] == 0).all()
    np.testing.assert_allclose(table["at_new_school"] + table["at_old_school"], plan.moved * table["pupils"])
    np.testing.assert_allclose(begun["at_old_school"], begun["grandfathered"] + begun["followed"])
    assert (table["change"].drop(found.begins) == 0).all()
    assert (begun["at_old_school"].diff().dropna() < 1e-9).all()
    index = [sgt.dissimilarity(rolls.loc[year], groups=GROUPS) for year in found.years]
    np.testing.assert_allclose(found.to_frame()["dissimilarity_phase_in"], index)
    longer = sgt.phase_in(plan, grades=6, **given, years=last + 2)
    pd.testing.assert_frame_equal(longer.pupils.loc[:last], found.pupils)
    assert longer.in_force == last
    if last > found.begins:
        shorter = sgt.phase_in(plan, grades=6, **given, years=last - 1)
        pd.testing.assert_frame_equal(shorter.pupils, found.pupils.loc[: last - 1])
        assert shorter.in_force is None
        assert "later than that" in str(shorter)


def test_those_who_may_stay_need_not():
    plan = three()
    all_stay = sgt.phase_in(plan, grades=4, grandfathered="all", years=5)
    some = sgt.phase_in(plan, grades=4, grandfathered="all", take_up=pd.Series({"x": 0.25, "y": 1.0}), years=5)
    ratio = some.pupils["grandfathered"] / all_stay.pupils["grandfathered"].where(lambda stay: stay > 0)
    assert ratio.xs("x", level="group").dropna().tolist() == pytest.approx([0.25] * 3)
    assert ratio.xs("y", level="group").dropna().tolist() == pytest.approx([1] * 3)
    assert some.pupils.loc[(1, "x"), "change"] == pytest.approx(0.75 * (40 + 80) * 3 / 4)
    assert all_stay.pupils["change"].sum() == 0


# ---------------------------------------------------------------- against cohorts followed one by one


def followed_one_by_one(counts, moving, may, shares, begins, stays, takes, older, follow):
    """By block and group: every cohort, by the year in which it entered, and who of it stays at the old school."""
    years, groups, blocks = counts.shape
    grades = len(shares)
    at_old, change = np.zeros(counts.shape), np.zeros(counts.shape)
    for group, block in np.ndindex(groups, blocks):
        if not moving[block]:
            continue

        def size(entered, year, group=group, block=block):
            return counts[year, group, block] * shares[year - entered]

        grandfathered, followers = {}, {}
        for year in range(years):
            if year < begins:
                at_old[year, group, block] = counts[year, group, block]
                continue
            enrolled = [entered for entered in range(year - grades + 1, year) if entered < begins]
            for entered in enrolled:
                still = min(size(entered, year - 1), size(entered, year))
                if year == begins:
                    staying = still * takes[group] * (may[block] and (year - entered) in stays)
                    change[year, group, block] += still - staying
                else:
                    staying = grandfathered[entered] * (still / size(entered, year - 1))
                grandfathered[entered] = staying
            grandfathered = {entered: people for entered, people in grandfathered.items() if entered in enrolled}
            for entered in list(followers):
                if year - entered >= grades:
                    del followers[entered]
                else:
                    followers[entered] *= min(size(entered, year - 1), size(entered, year)) / size(entered, year - 1)
            above = sum(size(entered, year) for entered in range(year - grades + 1, year))
            share = sum(grandfathered.values()) / above if above else 0
            followers[year] = size(year, year) * older[group] * share * follow[group]
            at_old[year, group, block] = sum(grandfathered.values()) + sum(followers.values())
    return at_old, change


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cohorts_are_followed_as_one_by_one(seed):
    chance = np.random.default_rng(seed)
    blocks, groups = 6, ["x", "y"]
    labels = [f"B{i}" for i in range(blocks)]
    grades = int(chance.integers(1, 6))
    by_grade = pd.Series(chance.uniform(10, 20, grades), index=[f"grade {i}" for i in range(grades)])
    schools = pd.DataFrame({"open": [True, True, False]}, index=list("ABC"))
    district = small(
        chance.integers(1, 60, size=(blocks, 2)), "AABBCA", dict.fromkeys("ABC", [1] * blocks), schools=schools
    )
    plan = sgt.score(assignment=pd.Series(list("ABABAB"), index=labels), **district)
    years = int(chance.integers(2, 9))
    growth = pd.DataFrame(chance.uniform(-0.3, 0.3, (blocks, 2)), index=labels, columns=groups)
    homes = pd.DataFrame({"block": ["B1", "B4"], "year": [1, years], "homes": [50, 20]})
    ahead = sgt.project_pupils(
        district["pupils"], years=years, growth=growth, housing=homes, yields=pd.Series({"x": 0.2, "y": 0.3})
    )
    begins = int(chance.integers(1, years + 1))
    stays = [i for i in range(1, grades) if chance.random() < 0.6]
    takes, older, follow = chance.random((3, 2))
    found = sgt.phase_in(
        plan,
        grades=by_grade,
        begins=begins,
        grandfathered=[by_grade.index[i] for i in stays],
        take_up=pd.Series(takes, groups),
        siblings=pd.Series(older, groups),
        follow=pd.Series(follow, groups),
        projection=ahead,
    )
    counts = np.stack([ahead[year].counts for year in ahead])
    today, then = np.array(list("AABBCA")), np.array(list("ABABAB"))
    shares = (by_grade / by_grade.sum()).to_numpy()
    at_old, change = followed_one_by_one(
        counts, today != then, today != "C", shares, begins, stays, takes, older, follow
    )
    for g, group in enumerate(groups):
        told = found.pupils.xs(group, level="group")
        np.testing.assert_allclose(told["at_old_school"], at_old[:, g].sum(axis=1), atol=1e-9)
        np.testing.assert_allclose(told["change"], change[:, g].sum(axis=1), atol=1e-9)
        np.testing.assert_allclose(told["pupils"], counts[:, g].sum(axis=1))
        for school in "ABC":
            roll = found.rolls.xs(school, level="school")
            here, goes = today == school, then == school
            by_today, by_plan = counts[:, g, here].sum(axis=1), counts[:, g, goes].sum(axis=1)
            now = at_old[:, g] + counts[:, g] * (today == then)
            phased = now[:, here].sum(axis=1) + (counts[:, g] - now)[:, goes].sum(axis=1)
            np.testing.assert_allclose(roll["today", group], by_today, atol=1e-9)
            np.testing.assert_allclose(roll["plan", group], by_plan, atol=1e-9)
            np.testing.assert_allclose(roll["phase_in", group], phased, atol=1e-9)


def test_nobody_stays_at_a_school_that_closes():
    schools = pd.DataFrame({"open": [True, True, False]}, index=list("ABC"))
    district = small([[40, 8], [60, 20], [80, 12]], "ABC", {"A": [1] * 3, "B": [1] * 3, "C": [1] * 3}, schools=schools)
    plan = sgt.score(assignment=pd.Series(list("BBA"), index=["B0", "B1", "B2"]), **district)
    found = sgt.phase_in(plan, grades=5, grandfathered="all", siblings=0.4, begins=2)
    rolls = found.rolls["phase_in"].xs("C", level="school").sum(axis=1)
    assert rolls.tolist() == [92, 92, *[0] * (len(found.years) - 2)]
    whole = found.rolls["phase_in"].loc[0]
    assert found.segregation.loc[0, "today"] == pytest.approx(sgt.dissimilarity(whole, groups=["x", "y"]))
    assert whole.loc["C"].tolist() == [80, 12]
    assert everyone(found).loc[2, "change"] == pytest.approx(92 * 4 / 5)
    np.testing.assert_allclose(found.rolls["phase_in"].groupby(level="year").sum(), [[180, 40]] * len(found.years))


# ---------------------------------------------------------------- room, and projected pupils


def test_rooms_are_those_of_the_rules(town, plan):
    seats = plan.rolls["plan"].sum(axis=1) * [1.2, 0.9, 1.2, 1, 1, 1]
    rules = [sgt.capacity(seats=seats), sgt.capacity(low=1240)]
    tight = town.score(plan.assignment, constraints=rules)
    found = sgt.phase_in(tight, grades=4, grandfathered="all")
    wrong = sgt.check(tight).violations
    assert set(wrong["by"] > 0) == {True}
    beyond = found.beyond_room["plan"].loc[0]
    assert len(wrong) == (beyond != 0).sum() > 1
    for row in wrong.itertuples():
        assert abs(beyond[row.where]) == pytest.approx(row.by)
    assert {np.sign(value) for value in beyond[wrong["where"]]} == {-1, 1}
    rolls = found.rolls["phase_in"].sum(axis=1)
    over = {(year, school): rolls[year, school] - seats[school] for year, school in rolls.index}
    for at, value in found.beyond_room["phase_in"].items():
        low = rolls[at] - 1240
        assert value == pytest.approx(over[at] if over[at] > 1e-6 else low if low < -1e-6 else 0)
    many = found.to_frame()["schools_beyond_phase_in"]
    assert many.tolist() == [(found.beyond_room["phase_in"].loc[year] != 0).sum() for year in found.years]
    free = sgt.phase_in(town.score(plan.assignment, constraints=[]), grades=4)
    assert free.beyond_room.isna().to_numpy().all()
    assert not [name for name in free.to_frame() if "beyond" in name]


def test_a_projection_is_followed_by_the_plan(town, plan):
    growth = pd.Series({"a": 0.1, "b": -0.05, "c": 0.0})
    ahead = sgt.project_pupils(town.pupils, years=range(2025, 2029), growth=growth)
    found = sgt.score_years(plan, ahead)
    assert type(found) is sgt.PlanYears
    assert found.years == [2025, 2026, 2027, 2028]
    for year in found.years:
        then = sgt.score(ahead[year], plan.assignment, **town.today)
        for date in ("today", "plan"):
            pd.testing.assert_frame_equal(found.rolls[date].loc[year], then.rolls[date], check_names=False)
        assert found.segregation.loc[year, "plan"] == pytest.approx(then.after["dissimilarity"])
        assert found.segregation.loc[year, "today"] == pytest.approx(then.before["dissimilarity"])
    at_once = sgt.phase_in(plan, grades=6, projection=ahead)
    pd.testing.assert_frame_equal(at_once.rolls["plan"].loc[2026:], at_once.rolls["phase_in"].loc[2026:])
    pd.testing.assert_frame_equal(at_once.rolls[["today", "plan"]], found.rolls)
    assert (at_once.begins, at_once.in_force) == (2026, 2026)
    later = sgt.phase_in(plan, grades=6, projection=ahead, begins=2028)
    pd.testing.assert_frame_equal(later.rolls["phase_in"].loc[:2027], later.rolls["today"].loc[:2027])
    assert "2025 to 2028" in str(found)
    assert "dissimilarity_plan" in found._repr_html_()


def test_any_index_or_none(plan):
    found = sgt.phase_in(plan, grades=2, index=sgt.information_theory)
    told = sgt.information_theory(found.rolls["phase_in"].loc[1], groups=GROUPS)
    assert found.to_frame()["information_theory_phase_in"].loc[1] == pytest.approx(told)
    none = sgt.phase_in(plan, grades=2, index=None)
    assert none.segregation.empty
    assert not [name for name in none.to_frame() if "information" in name or "dissimilarity" in name]


def test_years_may_have_names_of_their_own(plan):
    found = sgt.phase_in(plan, grades=3, grandfathered="all", years=range(2025, 2030), begins=2027)
    named = sgt.phase_in(plan, grades=3, grandfathered="all", years=4, begins=2)
    assert found.in_force == 2029
    np.testing.assert_array_equal(found.pupils, named.pupils)


def test_it_is_followed_to_its_end_however_many_grades_there_are():
    """Entrants follow siblings of a grandfathered cohort as long as it is there: 2 · 30 − 2 years more, beyond fifty."""
    phased = sgt.phase_in(three(), grades=30, grandfathered="all", siblings=0.5)
    assert phased.in_force == phased.years[-1] == 1 + 2 * 30 - 2 > 50


def test_grades_of_other_sizes_have_their_share():
    plan = three()
    found = sgt.phase_in(plan, grades=pd.Series({"K": 30, "1": 10, "2": 20}), grandfathered=["2"])
    assert found.grades.to_dict() == pytest.approx({"K": 1 / 2, "1": 1 / 6, "2": 1 / 3})
    moving = 48 + 92
    first = everyone(found).loc[1]
    assert first["grandfathered"] == pytest.approx(moving / 6)  # as many as were in grade 1; others have moved in
    assert first["change"] == pytest.approx(moving / 6)  # of half in K, as many as grade 1 holds


def test_what_is_malformed_is_refused(town, plan):
    other = sgt.project_pupils(Town(seed=4).pupils, years=3)
    fewer = sgt.project_pupils(town.pupils[["b", "a", "c"]], years=3)
    own = sgt.project_pupils(town.pupils, years=3)
    for told, says in [
        ({"grades": 3, "grandfathered": [4]}, "not there: 4; grades are 1, 2, 3"),
        ({"grades": 3, "grandfathered": [1]}, "first grade, 1"),
        ({"grades": 3, "grandfathered": "3"}, "'all' or a list of grades"),
        ({"grades": 3, "grandfathered": 3}, "'all' or a list of grades"),
        ({"grades": 3, "siblings": 1.1}, "siblings must be a share, at most 1"),
        ({"grades": 3, "take_up": -1}, "take_up must be a share"),
        ({"grades": 3, "follow": pd.Series({"a": 1})}, "follow must have one row for each of the groups"),
        ({"grades": 3, "begins": 0}, "begins must be a year after today"),
        ({"grades": 3, "begins": 2026}, "begins=2026 counts from today.*name the years, years=range"),
        ({"grades": 3, "years": 2030}, "years=2030 counts from today.*name the years, years=range"),
        ({"grades": 3, "begins": 5, "years": 3}, "begins must be one of the years after today, 1 to 3"),
        ({"grades": 3, "begins": 4, "projection": own}, "begins must be one of the years after today, 1 to 3"),
        ({"grades": 3, "years": 0}, "years must be a whole number"),
        ({"grades": 3, "years": [2025, 2027]}, "follow on each other"),
        ({"grades": 3, "years": [2025.5, 2026]}, "whole numbers"),
        ({"grades": 3, "years": 3, "projection": own}, "leave out years="),
        ({"grades": 3, "projection": other}, "other pupils, groups or blocks"),
        ({"grades": 3, "projection": fewer}, "other pupils, groups or blocks"),
        ({"grades": 3, "projection": {1: town.pupils}}, "must come from project_pupils, not dict"),
        ({"grades": 3, "index": sgt.exposure}, "say which"),
    ]:
        with pytest.raises(sgt.SegregationError, match=says):
            sgt.phase_in(plan, **told)
    with pytest.raises(sgt.DataError, match="other pupils, groups or blocks"):
        sgt.score_years(plan, other)
