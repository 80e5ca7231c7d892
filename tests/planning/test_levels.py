"""Schools of several levels: who is parted from whom, counted by hand, and joint plans as good as trying all finds them."""

import itertools
import time
from dataclasses import replace

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.planning import levels as of_levels
from segregation_tools.planning import search
from segregation_tools.planning.goals import parted
from tests.planning.towns import GROUPS, RULES, Town

LEVELS = ("elementary", "middle", "high")
SHARES = {"elementary": 1.0, "middle": 0.6, "high": 0.7}  # of the pupils of a block who go to each level


def schooling(blocks, schools, seed, rules=RULES, **more):
    """Schools of some levels on the same blocks, each level with pupils of its own."""
    chance, levels = np.random.default_rng(seed), {}
    for level, many in zip(LEVELS, schools, strict=False):
        town = Town(blocks, many, seed)
        people = town.blocks[GROUPS].to_numpy().astype(int)
        town.blocks[GROUPS] = chance.binomial(people, SHARES[level])
        levels[level] = {"pupils": town.pupils, **town.today, "constraints": list(rules)} | more
    return levels


def sizes_of(level):
    return pd.Series(level["pupils"].sizes, index=level["pupils"].units)


def parted_by_hand(level, feeders, school):
    """Share of pupils who go elsewhere than most of those they come with: groups, sums and largest parts alone."""
    sizes = sizes_of(level)
    largest = sizes.groupby([feeders, school]).sum().groupby(level=0).max()
    return 1 - largest.sum() / sizes.sum()


def dissimilarity_of(level, school):
    rolls = pd.DataFrame(level["pupils"].counts.T, index=level["pupils"].units).groupby(school).sum().to_numpy()
    mix = rolls.sum(axis=0) / rolls.sum()
    roll = rolls.sum(axis=1, keepdims=True)
    return np.abs(rolls - roll * mix).sum() / (2 * rolls.sum() * (mix * (1 - mix)).sum())


@pytest.fixture(scope="module")
def levels():
    return schooling(400, (12, 6, 3), 2)


@pytest.fixture(scope="module")
def found(levels):
    return sgt.rezone_levels(levels, rng=7, steps=6_000_000)


@pytest.fixture(scope="module")
def apart(levels):
    """Each level for itself, with a third of the steps."""
    return {name: sgt.rezone(**level, rng=7, steps=2_000_000) for name, level in levels.items()}


def schools_in(plans):
    return {level: plan.assignment for level, plan in plans.items()}


def test_fewer_are_parted_and_every_level_is_more_even_than_today(levels, found, apart):
    today = {name: level["current"] for name, level in levels.items()}
    plans, alone = schools_in(found.plans), schools_in(apart)
    assert all(map(sgt.check, found.plans.values()))
    for level in levels.values():
        assert level["pupils"].units.equals(levels["elementary"]["pupils"].units)
    for name, level in levels.items():
        assert dissimilarity_of(level, plans[name]) < dissimilarity_of(level, today[name]) - 0.01
    for below, name in itertools.pairwise(LEVELS):
        joint, was, each = (parted_by_hand(levels[name], of[below], of[name]) for of in (plans, today, alone))
        assert joint < 0.75 * min(was, each)


def test_with_a_small_weight_levels_are_as_even_as_each_alone(levels, apart):
    """Of plans that are nearly as good for each level, one with fewer parted pupils."""
    found = sgt.rezone_levels(levels, split=0.05, rng=7, steps=6_000_000)
    plans, alone = schools_in(found.plans), schools_in(apart)
    apart_now, apart_alone = (
        [parted_by_hand(levels[name], of[below], of[name]) for below, name in itertools.pairwise(LEVELS)]
        for of in (plans, alone)
    )
    assert sum(apart_now) < 0.95 * sum(apart_alone)
    for name, level in levels.items():
        assert dissimilarity_of(level, plans[name]) < dissimilarity_of(level, alone[name]) + 0.01


def test_the_joint_goal_is_the_sum_of_what_is_counted_by_hand(levels, found):
    plans = schools_in(found.plans)
    value = 0.0
    for name, level in levels.items():
        sizes = sizes_of(level)
        moved = sizes[plans[name] != level["current"]].sum() / sizes.sum()
        even = dissimilarity_of(level, plans[name])
        assert found.after.loc[name, ["dissimilarity", "moves"]].tolist() == pytest.approx([even, moved])
        value += even + 0.1 * moved
    for below, name in itertools.pairwise(LEVELS):
        now = parted_by_hand(levels[name], plans[below], plans[name])
        was = parted_by_hand(levels[name], levels[below]["current"], levels[name]["current"])
        assert found.after.loc[name, "split_feeders"] == pytest.approx(now)
        assert found.before.loc[name, "split_feeders"] == pytest.approx(was)
        value += 0.25 * now
    assert found.value == pytest.approx(value)
    assert np.isnan(found.after.loc["elementary", "split_feeders"])


def test_it_is_the_measure_of_one_plan_with_its_feeders(levels, found):
    frame = levels["middle"]["pupils"].to_frame().assign(feeder=found.plans["elementary"].assignment)
    pupils = sgt.Population.from_frame(frame, GROUPS, tiers=["feeder"])
    given = {key: levels["middle"][key] for key in ("current", "schools", "travel")}
    one = sgt.score(pupils, found.plans["middle"].assignment, **given, goal=sgt.minimize(sgt.split_feeders))
    assert one.after["split_feeders"] == pytest.approx(found.after.loc["middle", "split_feeders"])


def test_feeders_tell_how_many_go_on_where(levels, found):
    plans = schools_in(found.plans)
    assert list(found.feeders) == ["today", "plan"]
    assert found.feeders.index.names == ["level", "feeder", "school"]
    assert set(found.feeders.index.get_level_values("level")) == {"middle", "high"}
    for below, name in itertools.pairwise(LEVELS):
        sizes, table = sizes_of(levels[name]), found.feeders.loc[name]
        dates = {
            "today": (levels[below]["current"], levels[name]["current"]),
            "plan": (plans[below], plans[name]),
        }
        assert (table > 0).any(axis=1).all()
        for date, (feeder, school) in dates.items():
            counted = {}
            for block, pupils in sizes.items():
                way = feeder[block], school[block]
                counted[way] = counted.get(way, 0) + pupils
            assert table.loc[table[date] > 0, date].to_dict() == {way: n for way, n in counted.items() if n}
            largest = table[date].groupby("feeder").max()
            column = found.before if date == "today" else found.after
            assert column.loc[name, "split_feeders"] == pytest.approx(1 - largest.sum() / sizes.sum())


def test_blocks_by_level(levels, found):
    frame = found.to_frame()
    assert list(frame.drop(columns="geometry")) == [
        f"{level}_{what}"
        for level in LEVELS
        for what in ("current", "school", "moved", "parted")[: 3 + (level != "elementary")]
    ]
    assert len(frame) == 400
    for level in LEVELS:
        assert (frame[f"{level}_moved"] == (frame[f"{level}_school"] != levels[level]["current"])).all()
    for level in LEVELS[1:]:
        sizes = sizes_of(levels[level])
        share = sizes[frame[f"{level}_parted"]].sum() / sizes.sum()
        assert share == pytest.approx(found.after.loc[level, "split_feeders"])


def test_what_it_shows(found):
    shown, page = str(found), found._repr_html_()
    for text in ("3 levels and 400 blocks", "elementary", "split_feeders", f"{found.after.loc['high', 'moves']:.4f}"):
        assert text in shown
        assert text in page
    assert "NaN" not in shown
    assert "nan" not in page


def test_the_same_steps_give_the_same_plan_on_any_number_of_threads(levels):
    before = numba.get_num_threads()
    one = sgt.rezone_levels(levels, rng=3, steps=300_000)
    try:
        numba.set_num_threads(1)
        two = sgt.rezone_levels(levels, rng=one.seed, steps=300_000)
    finally:
        numba.set_num_threads(before)
    pd.testing.assert_frame_equal(pd.DataFrame(one.to_frame()), pd.DataFrame(two.to_frame()))
    assert one.value == two.value
    other = sgt.rezone_levels(levels, rng=4, steps=300_000)
    assert not pd.DataFrame(other.to_frame()).equals(pd.DataFrame(one.to_frame()))


# ---------------------------------------------------------------- as good as trying all


def every_zone(level):
    """All zones of a level that keep to its rules, by trying all."""
    plan = sgt.score(level["pupils"], level["current"], **{key: level[key] for key in level if key != "pupils"})
    problem, schools = plan.problem, len(plan.problem.schools)
    free = np.setdiff1d(np.arange(len(plan.zone)), problem.stands)
    choices = np.array(list(itertools.product(range(schools), repeat=len(free))))
    zones = np.empty((len(choices), len(plan.zone)), dtype=np.intp)
    zones[:, problem.stands], zones[:, free] = range(schools), choices
    rolls = np.stack([(zones == school) @ problem.sizes for school in range(schools)], axis=1)
    today = np.bincount(plan.zone, problem.sizes, schools)
    kept = (abs(rolls - today) <= level["constraints"][0].within * today + 1e-9).all(axis=1)
    return [one for zone in zones[kept] if sgt.check(one := replace(plan, zone=zone))]


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.slow)])
def village(request):
    """A district so small that all plans can be tried: its levels, and the value of all pairs of zones by parts."""
    levels = schooling(12, (4, 2), request.param, [sgt.capacity(within=0.4), sgt.contiguous()])
    lower, upper = (every_zone(level) for level in levels.values())
    assert min(len(lower), len(upper)) > 15
    sizes = sizes_of(levels["middle"]).to_numpy()
    own = [[plan.goal.value(plan.problem, plan.zone) for plan in plans] for plans in (lower, upper)]
    split = np.empty((len(lower), len(upper)))
    for (i, one), (j, two) in itertools.product(enumerate(lower), enumerate(upper)):
        largest = [max(sizes[(one.zone == f) & (two.zone == s)].sum() for s in range(2)) for f in range(4)]
        split[i, j] = 1 - sum(largest) / sizes.sum()
    return levels, np.add.outer(*own), split


@pytest.mark.parametrize("weight", [0.1, 0.25, 0.5, 1.0])
def test_the_best_of_all_joint_plans_is_found(village, weight):
    levels, own, split = village
    best = (own + weight * split).min()
    values = [sgt.rezone_levels(levels, split=weight, rng=rng, steps=100_000).value for rng in range(3)]
    assert min(values) == pytest.approx(best, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_zones_follow_is_never_less_than_who_is_parted_and_is_it_where_they_stand(few, seed):
    """The bound of majorize–minimize, for zones and targets drawn at random."""
    chance = np.random.default_rng(seed)

    def drawn(plan):
        return replace(plan, zone=chance.integers(len(plan.problem.schools), size=len(plan.zone)))

    here = tuple(map(drawn, few))
    own = sum(plan.goal.value(plan.problem, plan.zone) for plan in here)
    pairs = list(itertools.pairwise(range(3)))
    for level in range(3):
        there = tuple(drawn(plan) if i == level else plan for i, plan in enumerate(here))
        touched = [pair for pair in pairs if level in pair]
        rows = np.arange(len(here[level].zone))
        for plans, targets, exact in [
            (here, of_levels._targets(here), True),
            (there, of_levels._targets(here), False),
            (there, [chance.integers(6, size=12), chance.integers(3, size=6)], False),
        ]:
            cost = of_levels._parting(plans, level, targets)[rows, plans[level].zone].sum()
            split = sum(parted(of_levels._parts(plans[i], plans[j])) for i, j in touched)
            assert cost >= split - 1e-12
            assert not exact or cost == pytest.approx(split)
    whole = sum(parted(of_levels._parts(here[i], here[j])) for i, j in pairs)
    assert of_levels._value(here, 0.3) == pytest.approx(own + 0.3 * whole)


@pytest.fixture(scope="module")
def few():
    levels = schooling(60, (12, 6, 3), 1)
    return tuple(sgt.score(assignment=level["current"], **level) for level in levels.values())


# ---------------------------------------------------------------- never worse than today


@pytest.mark.parametrize(("goal", "split"), [(sgt.minimize(sgt.moves), 0.25), (sgt.minimize(sgt.dissimilarity), 1000)])
def test_today_is_kept_where_nothing_better_is_found(goal, split):
    """The same zones at both levels, so that nobody is parted: more even zones of one level part some."""
    levels = schooling(200, (6, 6), 3, goal=goal)
    levels["middle"] |= {key: levels["elementary"][key] for key in ("current", "schools", "travel")}
    found = sgt.rezone_levels(levels, split=split, rng=1, steps=1)
    assert found.value <= sum(goal.value(plan.problem, plan.problem.current) for plan in found.plans.values()) + 1e-9
    assert found.after.loc["middle", "split_feeders"] == 0
    assert goal.terms[0][1] is not sgt.moves or not any(plan.moved for plan in found.plans.values())


def test_of_a_search_that_only_finds_worse_plans_nothing_is_taken(monkeypatch):
    levels = schooling(60, (4, 2), 1, [])
    monkeypatch.setattr(
        of_levels,
        "searched",
        lambda problem, goal, rules, **_: sgt.Plan(problem, problem.minutes.argmax(axis=1), goal, rules, None),
    )
    found = sgt.rezone_levels(levels, rng=1, steps=1000)
    for name, plan in found.plans.items():
        assert plan.assignment.tolist() == levels[name]["current"].tolist()


@pytest.mark.parametrize("split", [0, 0.1, 10])
def test_hardly_searched_it_is_no_worse_than_today(levels, split):
    found = sgt.rezone_levels(levels, split=split, rng=1, steps=200)
    today = sum(found.before["dissimilarity"]) + split * sum(found.before["split_feeders"].dropna())
    assert found.value <= today + 1e-9
    assert all(map(sgt.check, found.plans.values()))


def test_the_dearer_the_fewer_are_parted(levels):
    sums = [
        sgt.rezone_levels(levels, split=split, rng=5, steps=1_500_000).after["split_feeders"].sum()
        for split in (0, 0.2, 2)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] < 0.5 * sums[0]


def test_what_is_told_never_rises(levels):
    seen = []
    found = sgt.rezone_levels(levels, rng=1, steps=600_000, progress=lambda *told: seen.append(told))
    shares, values = zip(*seen, strict=True)
    assert list(values) == sorted(values, reverse=True)
    assert list(shares) == sorted(shares)
    assert 0 <= shares[0] < 0.1 < 0.9 < shares[-1] <= 1
    assert values[0] == np.inf
    assert found.value <= values[-1] < np.inf


# ---------------------------------------------------------------- time


def test_seconds_are_those_of_the_whole_search(levels):
    sgt.rezone_levels(levels, rng=1, steps=1000)
    begun = time.monotonic()
    found = sgt.rezone_levels(levels, rng=1, seconds=3)
    assert 2.7 < time.monotonic() - begun < 3 + 20
    assert all(map(sgt.check, found.plans.values()))


@pytest.mark.parametrize("closes", [False, True])
def test_interrupted_the_best_until_then_is_kept(monkeypatch, closes):
    """A search of an hour, interrupted once, after two seconds, in the first level; the next may have no zones to keep."""
    levels = schooling(200, (6, 3), 3, [sgt.capacity(seats=5000), sgt.contiguous()])
    if closes:
        schools = levels["middle"]["schools"]
        levels["middle"]["schools"] = schools.assign(open=schools.index != schools.index[1])
    begun, waited, given = time.monotonic(), search.wait, []

    def interrupt(*args, **more):
        if not given and time.monotonic() - begun > 2:
            given.append(True)
            raise KeyboardInterrupt
        return waited(*args, **more)

    monkeypatch.setattr(search, "wait", interrupt)
    found = sgt.rezone_levels(levels, rng=1, seconds=3600)
    assert given
    assert time.monotonic() - begun < 30
    assert all(map(sgt.check, found.plans.values()))


# ---------------------------------------------------------------- schools that close, pupils that are few


def test_a_school_of_a_level_that_closes():
    levels = schooling(200, (6, 3), 3, [sgt.capacity(seats=3000), sgt.contiguous()])
    schools = levels["elementary"]["schools"]
    levels["elementary"]["schools"] = schools.assign(open=schools.index != schools.index[2])
    found = sgt.rezone_levels(levels, rng=1, steps=300_000)
    assert found.before["dissimilarity"].isna().tolist() == [True, False]
    current = {name: level["current"] for name, level in levels.items()}
    was = parted_by_hand(levels["middle"], current["elementary"], current["middle"])
    assert found.before.loc["middle", "split_feeders"] == pytest.approx(was)
    assert schools.index[2] in found.feeders.loc["middle"].index.get_level_values("feeder")
    assert schools.index[2] not in set(found.to_frame()["elementary_school"])
    assert all(map(sgt.check, found.plans.values()))


def test_levels_have_goals_rules_and_groups_of_their_own():
    levels = schooling(200, (6, 3), 3)
    levels["middle"]["pupils"] = levels["middle"]["pupils"].versus("a")
    levels["middle"] |= {"goal": sgt.minimize(sgt.gini), "constraints": [sgt.most_moved(0.05), sgt.contiguous()]}
    levels["elementary"]["goal"] = sgt.minimize(sgt.dissimilarity) + sgt.minimize(sgt.outside_band("b", 0.3, 0.5))
    found = sgt.rezone_levels(levels, rng=1, steps=600_000)
    assert found.plans["middle"].moved <= 0.05
    assert [list(row.dropna().index) for _, row in found.after.iterrows()] == [
        ["dissimilarity", "outside_band(group='b', low=0.3, high=0.5)", "moves", "travel_time"],
        ["moves", "travel_time", "gini", "split_feeders"],
    ]
    assert found.after.loc["middle", "gini"] < found.before.loc["middle", "gini"]
    assert np.isnan(found.after.loc["elementary", "gini"])
    assert all(map(sgt.check, found.plans.values()))


def test_blocks_may_be_without_pupils_of_a_level():
    levels = schooling(60, (4, 2), 1, [sgt.capacity(within=0.3), sgt.contiguous()])
    middle = levels["middle"]
    counts = middle["pupils"].counts.copy()
    counts[:, :15] = 0
    middle["pupils"] = sgt.Population(counts, GROUPS, geography=middle["pupils"].geography)
    found = sgt.rezone_levels(levels, rng=1, steps=200_000)
    plans = schools_in(found.plans)
    now = parted_by_hand(middle, plans["elementary"], plans["middle"])
    assert found.after.loc["middle", "split_feeders"] == pytest.approx(now)


def test_schools_may_be_called_by_numbers_and_text():
    levels = schooling(60, (4, 2), 1, [sgt.capacity(within=0.3)])
    names = dict(zip(levels["elementary"]["schools"].index, ["north", 2, "south", 4], strict=True))
    lower = levels["elementary"]
    lower |= {
        "current": lower["current"].map(names),
        "schools": lower["schools"].rename(names),
        "travel": lower["travel"].rename(columns=names),
    }
    found = sgt.rezone_levels(levels, rng=1, steps=20_000)
    assert set(found.feeders.index.get_level_values("feeder")) == {"north", 2, "south", 4}
    assert found.feeders["plan"].sum() == sizes_of(levels["middle"]).sum()


# ---------------------------------------------------------------- what is refused


def test_levels_that_are_none_are_refused():
    levels = schooling(60, (4, 2), 1)
    lower, upper = levels["elementary"], levels["middle"]
    for wrong, says in [
        ([lower, upper], "mapping of two or more.*not list"),
        ({"elementary": lower}, "not a mapping of 'elementary'; for one, sgt.rezone"),
        ({1: lower, 2: upper}, "called 1"),
        ({"elementary": lower, "middle": [upper]}, "'middle' must be a mapping"),
        ({"elementary": lower, "middle": upper | {"seats": 3}}, "'middle' has 'seats'"),
        ({"elementary": lower, "middle": {k: v for k, v in upper.items() if k != "travel"}}, "'middle' lacks 'travel'"),
        ({"elementary": lower, "middle": upper | {"goal": sgt.gini}}, "level 'middle': goal must be"),
        (
            {"elementary": lower, "middle": upper | {"constraints": sgt.contiguous()}},
            "level 'middle': constraints must",
        ),
        (
            {"elementary": lower, "middle": upper | {"goal": sgt.minimize(sgt.split_feeders)}},
            "'middle': its feeders are .* by split=",
        ),
    ]:
        with pytest.raises(sgt.OptionError, match=says):
            sgt.rezone_levels(wrong, rng=1, steps=100)
    with pytest.raises(sgt.OptionError, match="split must be"):
        sgt.rezone_levels(levels, split=-1, rng=1, steps=100)
    with pytest.raises(sgt.OptionError, match="rng=7"):
        sgt.rezone_levels(levels, steps=100)


def test_what_does_not_fit_is_named_with_its_level():
    levels = schooling(60, (4, 2), 1)
    upper = levels["middle"]
    fewer, other = schooling(59, (4, 2), 1)["middle"], upper["pupils"].to_frame().iloc[::-1]
    turned = upper | {"pupils": sgt.Population.from_frame(other, GROUPS)}
    for wrong, error, says in [
        (fewer, sgt.DataError, "'elementary' and 'middle' have different blocks, only one of them has 'B00060'"),
        (turned, sgt.DataError, "different blocks, in another order"),
        (upper | {"travel": upper["travel"].iloc[1:]}, sgt.DataError, "level 'middle': travel must have one row"),
        (upper | {"constraints": [sgt.capacity(seats=10)]}, sgt.DataError, "level 'middle': the schools hold 20"),
        (upper | {"goal": sgt.minimize(sgt.hutchens)}, sgt.GroupError, "level 'middle': .*two groups"),
    ]:
        with pytest.raises(error, match=says):
            sgt.rezone_levels(levels | {"middle": wrong}, rng=1, steps=100)


def test_at_the_youngest_level_feeders_are_those_one_gives():
    """Kindergartens, whose children come to the elementary schools."""
    levels = schooling(60, (4, 2), 1, [sgt.capacity(within=0.4), sgt.contiguous()])
    lower = levels["elementary"]
    frame = lower["pupils"].to_frame().assign(feeder=np.arange(60) // 8)
    lower["pupils"] = sgt.Population.from_frame(frame, GROUPS, tiers=["feeder"])
    lower["goal"] = sgt.minimize(sgt.dissimilarity) + sgt.minimize(sgt.split_feeders)
    found = sgt.rezone_levels(levels, rng=1, steps=100_000)
    now = parted_by_hand(lower, frame["feeder"], found.plans["elementary"].assignment)
    assert found.after.loc["elementary", "split_feeders"] == pytest.approx(now)


def test_nothing_that_was_given_is_changed():
    levels = schooling(60, (4, 2), 1)
    before = {name: (set(level), level["current"].copy(), level["schools"].copy()) for name, level in levels.items()}
    sgt.rezone_levels(levels, rng=1, steps=5000)
    for name, (keys, current, schools) in before.items():
        assert set(levels[name]) == keys
        pd.testing.assert_series_equal(levels[name]["current"], current)
        pd.testing.assert_frame_equal(levels[name]["schools"], schools)
