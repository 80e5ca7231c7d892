"""Neutral plans: feasible, blind to groups, as often as they should be, and what is said of where plans stand among them."""

import itertools
from dataclasses import replace
from math import exp

import numba
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.stats import beta, chi2

import segregation_tools as sgt
from segregation_tools.analysis.mixing import effective_size
from tests.kernels.test_moves import lattice
from tests.planning.towns import GROUPS, RULES, Town


@pytest.fixture(scope="module")
def town():
    return Town()


def drawn_from(town, pupils=None, **given):
    defaults = {"constraints": RULES, "rng": 7, "n": 100, "steps": 1_000_000}
    return sgt.neutral_plans(town.pupils if pupils is None else pupils, **(defaults | town.today | given))


@pytest.fixture(scope="module")
def drawn(town):
    return drawn_from(town, n=200, steps=None)


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone()


# ---------------------------------------------------------------- which plans


def test_every_plan_keeps_to_every_rule(town, drawn):
    assert len(drawn) == 200
    assert all(sgt.check(drawn.plan(i)) for i in range(200))
    assert len({tuple(zone) for zone in drawn.zones.tolist()}) == 200
    assert drawn.mixed
    again = sgt.score(town.pupils, drawn.assignments[17], **town.today, constraints=RULES)
    assert again.assignment.equals(drawn.plan(17).assignment)


def test_rules_of_every_kind_are_kept(town):
    blocks = town.blocks.index
    school = town.blocks["school"]
    pairs = [(block, other) for block in blocks[:40] for other in town.schools.index[:2] if other != school[block]]
    held = {*town.schools["block"], *blocks[60:80]}
    a, b = town.pupils.geography.adjacency("rook").nonzero()
    codes = pd.factorize(school)[0]
    border = set(a[codes[a] != codes[b]])
    first, second = next(
        pair
        for pair in zip(a, b, strict=True)
        if codes[pair[0]] == codes[pair[1]] and border >= set(pair) and not held & set(blocks[list(pair)])
    )
    island = next(block for block in blocks[150:] if block not in held)
    rules = [
        sgt.capacity(within=0.3),
        sgt.contiguous(exempt=[island]),
        sgt.most_moved(0.15),
        sgt.locked(blocks[60:80]),
        sgt.forbidden(pairs),
        sgt.together({blocks[first]: "estate", blocks[second]: "estate"}),
    ]
    drawn = drawn_from(town, constraints=rules)
    assert all(sgt.check(drawn.plan(i)) for i in range(len(drawn)))
    schools = drawn.assignments
    assert (schools.loc[blocks[first]] == schools.loc[blocks[second]]).all()
    assert len(set(schools.loc[blocks[first]])) > 1
    assert len(set(schools.loc[island])) > 2  # it may go anywhere
    assert (schools.loc[blocks[60:80]].eq(school[blocks[60:80]], axis=0)).all(axis=None)
    assert drawn.values(sgt.moves).between(0.05, 0.15).all()


def test_nobodys_group_is_looked_at(town):
    """Others in the same places, as many in each: the same plans."""
    counts = town.blocks[GROUPS].to_numpy(dtype=float)
    chance = np.random.default_rng(1)
    exchanged = chance.permuted(counts, axis=1)
    two = np.stack([np.floor(counts.sum(axis=1) / 3), counts.sum(axis=1) - np.floor(counts.sum(axis=1) / 3)])
    geography, ours = town.blocks[["geometry"]], drawn_from(town)
    for table, groups in ((counts[:, ::-1], GROUPS), (exchanged, GROUPS), (two.T, ["x", "y"])):
        people = sgt.Population.from_frame(geography.assign(**dict(zip(groups, table.T, strict=True))), groups)
        others = drawn_from(town, people)
        np.testing.assert_array_equal(others.zones, ours.zones)
    infeasible = [sgt.capacity(seats=1.05 * town.pupils.group_totals.sum() / 6), sgt.contiguous()]
    assert not sgt.check(sgt.score(town.pupils, town.blocks["school"], **town.today, constraints=infeasible))
    ours, theirs = (drawn_from(town, who, constraints=infeasible) for who in (town.pupils, people))
    np.testing.assert_array_equal(ours.zones, theirs.zones)


def test_the_same_plans_on_any_number_of_threads(town, drawn):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = drawn_from(town, n=200, steps=None)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(alone.zones, drawn.zones)
    np.testing.assert_array_equal(drawn_from(town, n=200, steps=None, rng=drawn.seed).zones, drawn.zones)
    first, second = (drawn_from(town, rng=np.random.default_rng(seed)).zones for seed in (1, 2))
    assert (first != second).any()


def test_where_todays_zones_break_a_rule_the_chains_begin_elsewhere(town):
    half = town.pupils.group_totals.sum() / 6
    rules = [sgt.capacity(seats=1.03 * half), sgt.contiguous()]
    assert not sgt.check(sgt.score(town.pupils, town.blocks["school"], **town.today, constraints=rules))
    drawn = drawn_from(town, constraints=rules, n=16, steps=160)  # too few to have come from today's zones
    assert all(sgt.check(drawn.plan(i)) for i in range(len(drawn)))
    closing = {"schools": town.schools.assign(open=town.schools.index != town.schools.index[1])}
    drawn = drawn_from(town, constraints=[sgt.capacity(seats=1.4 * half), sgt.contiguous()], **closing)
    assert all(sgt.check(drawn.plan(i)) for i in range(len(drawn)))
    assert drawn.place().isna().tolist() == [True, True, True, False]
    assert "NaN" in str(drawn)
    with pytest.raises(sgt.DataError, match="hold"):
        drawn_from(town, constraints=[sgt.capacity(seats=0.9 * half)])


def test_what_no_search_finds_is_said():
    """Three blocks of 2 pupils for two schools of 3 seats: there is room for six, and no plan."""
    given = grid([2, 2, 2], "AAB", adjacency=[(0, 1), (1, 2)])
    with pytest.raises(sgt.CapabilityError, match="no plan that keeps to all rules was found"):
        sgt.neutral_plans(**given, constraints=[sgt.capacity(seats=3)], rng=1)


def grid(sizes, current, *, adjacency, **given):
    """A few blocks of two groups, and their schools."""
    blocks, schools = [f"B{i}" for i in range(len(sizes))], sorted(set(current))
    a, b = np.array(adjacency).T
    odd = np.arange(len(sizes)) % 2
    return {
        "pupils": sgt.Population(np.array([odd, sizes - odd]), ["x", "y"], units=blocks),
        "current": pd.Series(list(current), index=blocks),
        "schools": pd.DataFrame(index=schools),
        "travel": pd.DataFrame(1.0, index=blocks, columns=schools),
        "adjacency": coo_array((np.ones(len(a)), (a, b)), shape=(len(blocks),) * 2),
    } | given


SIZES = np.array([5, 1, 4, 2, 3, 6, 1, 7, 2])
NINE = grid(SIZES, "AAABBABBB", adjacency=lattice(3, 3))
PLACES = pd.DataFrame({"block": ["B0", "B1", "B2"]}, index=list("ABC"))
THREE = grid(SIZES, "ABC" * 3, adjacency=lattice(3, 3), schools=PLACES)
SOME = {
    "all alike": (NINE, [sgt.contiguous()], 0.0),
    "compact": (NINE, [sgt.contiguous()], 1.0),
    "schools stay": (THREE, [sgt.contiguous(), sgt.forbidden([("B6", "C")])], 0.4),
    "room": (NINE, [sgt.capacity(low=8, seats=23), sgt.contiguous()], 0.4),
    "together": (NINE, [sgt.together({"B0": 1, "B1": 1}), sgt.contiguous()], 0.3),
    "few move": (NINE, [sgt.most_moved(0.5), sgt.contiguous(), sgt.locked(["B4"])], 0.5),
    "an island": (NINE, [sgt.contiguous(exempt=["B8"]), sgt.capacity(seats=24)], 0.5),
    "fall apart": (NINE, [sgt.locked(["B4"]), sgt.capacity(seats=19)], 0.5),
}


OFTEN = ("compact", "together", "fall apart")  # the others take minutes more


@pytest.mark.parametrize(
    "name", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in SOME]
)
def test_plans_come_as_often_as_they_should(name):
    """Beside all plans there are, each checked by `check`: as often as exp(−compactness × borders) says."""
    given, rules, compactness = SOME[name]
    start = sgt.score(assignment=given["current"], **given, constraints=rules)
    free = [range(len(given["schools"]))] * 9
    if given is THREE:
        free = [(0,), (1,), (2,), *free[3:]]
    # of blocks that stay together the first stands for both; an island has no border
    of = {1: 0} if name == "together" else {}
    edges = {tuple(sorted(of.get(end, end) for end in edge)) for edge in lattice(3, 3).tolist()}
    edges = {(a, b) for a, b in edges if a != b and (name != "an island" or 8 not in (a, b))}
    weights = {}
    for zone in itertools.product(*free):
        emptied = len(set(zone[:8] if name == "an island" else zone)) < len(given["schools"])
        if (name == "fall apart" or not emptied) and sgt.check(replace(start, zone=np.array(zone))):
            weights[zone] = exp(-compactness * sum(zone[a] != zone[b] for a, b in edges))
    assert len(weights) > 20
    drawn = sgt.neutral_plans(**given, constraints=rules, n=6000, steps=2_000_000, compactness=compactness, rng=5)
    found = pd.Series([tuple(zone) for zone in drawn.zones.tolist()]).value_counts()
    assert not set(found.index) - set(weights)
    expected = np.array(list(weights.values())) / sum(weights.values()) * len(drawn)
    found = np.array([found.get(zone, 0) for zone in weights])
    assert chi2.sf(((found - expected) ** 2 / expected).sum(), len(expected) - 1) > 0.001
    cut = [sum(zone[a] != zone[b] for a, b in edges) for zone in drawn.zones.tolist()]
    np.testing.assert_array_equal(drawn.to_frame()["cut_borders"], cut)


def test_compact_plans_have_fewer_borders(town):
    ragged, usual, compact = (drawn_from(town, compactness=c).to_frame()["cut_borders"].mean() for c in (0, 1, 2))
    assert ragged > 1.2 * usual > 1.2 * 1.1 * compact


def test_without_contiguous_any_block_may_go_anywhere(town):
    places = sgt.Population(town.pupils.counts, GROUPS, units=town.blocks.index)
    free = drawn_from(town, places, constraints=RULES[2:], compactness=0)
    assert list(free.to_frame()) == ["chain", "draw", "dissimilarity", "travel_time", "moves"]
    assert all(sgt.check(free.plan(i)) for i in range(len(free)))
    with pytest.raises(sgt.GeographyError, match="adjacency=, or take compactness=0"):
        drawn_from(town, places, constraints=RULES[2:])
    near = drawn_from(town, constraints=RULES[2:])
    assert (
        near.values(near.cut_borders).max()
        < pd.Series(near.cut_borders.value(near.problem, z) for z in free.zones).min()
    )


# ---------------------------------------------------------------- what is said of them


def test_values_are_those_of_the_schools(town, drawn):
    frame = drawn.to_frame()
    assert list(frame) == ["chain", "draw", "dissimilarity", "travel_time", "moves", "cut_borders"]
    assert frame["chain"].value_counts().to_dict() == {0: 50, 1: 50, 2: 50, 3: 50}
    assert frame["draw"].tolist() == 4 * list(range(50))
    for i in (0, 80, 199):
        rolls, school = town.rolls(drawn.assignments[i]), drawn.assignments[i]
        assert frame["dissimilarity"][i] == pytest.approx(sgt.dissimilarity(rolls, groups=GROUPS))
        assert drawn.values(sgt.gini)[i] == pytest.approx(sgt.gini(rolls, groups=GROUPS))
        isolated = drawn.values(sgt.minimize(sgt.isolation, of="b"))
        assert isolated[i] == pytest.approx(sgt.isolation(rolls, groups=GROUPS)["b"])
        a, b = town.pupils.geography.adjacency("rook", 1.0).nonzero()
        assert frame["cut_borders"][i] == (school.to_numpy()[a] != school.to_numpy()[b]).sum() / 2
        assert frame["moves"][i] == pytest.approx(drawn.plan(i).moved)
    assert drawn.values(sgt.gini).name == "gini"
    odd = drawn_from(town, n=18)
    assert odd.to_frame()["draw"].tolist() == [0, 1, 2, 3, 4] * 2 + [0, 1, 2, 3] * 2
    assert odd.chain.tolist() == [0] * 5 + [1] * 5 + [2] * 4 + [3] * 4


def test_a_plan_has_its_place(town, drawn, plan):
    values = drawn.values().to_numpy()
    for zones, placed in ((plan, drawn.place(plan)), (drawn.plan(7), drawn.place(drawn.plan(7)))):
        value = sgt.dissimilarity(town.rolls(zones.assignment), groups=GROUPS)
        lower, same = (values < value - 1e-9).mean(), (np.abs(values - value) < 1e-9).mean()
        assert placed["value"] == pytest.approx(value)
        assert placed["lower"] == pytest.approx(lower + same / 2)
    assert drawn.place(plan)["lower"] == 0
    assert 0 < drawn.place(plan)["standard_error"] < 0.01
    today = drawn.place(what=sgt.moves)
    assert today["value"] == today["lower"] == 0
    median = pd.Series(values).sort_values(ignore_index=True).index[100]
    at = drawn.plan(int(np.argsort(values)[100]))
    placed = drawn.place(at)
    assert placed["lower"] == pytest.approx((median + 0.5) / 200)
    score = np.where(values < placed["value"] - 1e-9, 1, np.where(values < placed["value"] + 1e-9, 0.5, 0))
    size = min(effective_size(score.reshape(4, 50)), 200)
    assert placed["effective_plans"] == pytest.approx(size)
    share = placed["lower"]
    assert placed["standard_error"] == pytest.approx(beta.std(share * size + 0.5, (1 - share) * size + 0.5))
    assert drawn.place(at, drawn.cut_borders)["value"] == drawn.to_frame()["cut_borders"][int(np.argsort(values)[100])]


def test_the_place_of_a_plan_holds_from_seed_to_seed(town, drawn):
    """Its standard error is how far it differs from one ensemble to the next."""
    at = drawn.plan(int(np.argsort(drawn.values().to_numpy())[60]))
    placed = pd.DataFrame([drawn_from(town, n=60, steps=400_000, rng=seed).place(at) for seed in range(20)])
    assert placed["lower"].std() == pytest.approx(placed["standard_error"].mean(), rel=0.5)
    assert placed["lower"].mean() == pytest.approx(0.3, abs=0.1)


def test_ties_count_half_and_what_never_changes_says_nothing():
    """Two blocks that may only change places without changing a roll: every plan has the value of today."""
    given = grid(np.array([4, 4, 4]), "ABB", adjacency=[(0, 1), (1, 2)])
    drawn = sgt.neutral_plans(**given, constraints=[sgt.contiguous(), sgt.locked(["B1"])], n=16, rng=1)
    assert drawn.accepted == 0
    assert not drawn.mixed
    assert drawn.mixing.isna().all(axis=None)
    assert "no flip was possible" in str(drawn)
    placed = drawn.place()
    assert placed["lower"] == 0.5
    assert placed["effective_plans"] == 1


def test_plans_of_other_districts_are_refused(drawn):
    other = Town(seed=4)
    with pytest.raises(sgt.DataError, match="'the neutral plans' and 'the plan' are plans of other"):
        drawn.place(sgt.score(other.pupils, other.blocks["school"], **other.today))
    with pytest.raises(sgt.OptionError, match="place takes a plan"):
        drawn.place(drawn.assignments[0])
    with pytest.raises(sgt.CapabilityError, match="say which"):
        drawn.values(sgt.isolation)
    for i in (-1, 200, 1.5, "first"):
        with pytest.raises(sgt.OptionError, match="number of a plan"):
            drawn.plan(i)


# ---------------------------------------------------------------- whether they have mixed


def test_chains_that_have_not_mixed_say_so():
    large = Town(blocks=1500, schools=10)
    short = drawn_from(large, constraints=RULES[:2], n=100, steps=20_000)
    assert not short.mixed
    assert (short.mixing["r_hat"] > 1.05).any()
    assert "THE CHAINS HAVE NOT MIXED" in str(short)
    assert "steps=80_000" in str(short)
    assert "NOT MIXED" in short._repr_html_()
    assert all(sgt.check(short.plan(i)) for i in range(0, 100, 10))


@pytest.mark.parametrize(("blocks", "schools", "room"), [(100, 5, 0.03), (60, 6, 0.05), (60, 6, 0.15)])
def test_two_beginnings_tell_the_same_or_the_chains_say_that_they_cannot(blocks, schools, room):
    """Where room is scarce, plans lie on islands: whoever begins on one must not believe that it is all there is."""
    small = Town(blocks, schools, seed=2)
    rolls = small.rolls("school").sum(axis=1)
    table = small.schools.assign(high=(1 + room) * rolls, low=(1 - room) * rolls)
    rules = [sgt.capacity(seats="high", low="low"), sgt.contiguous()]
    goal = sgt.minimize(sgt.dissimilarity)
    other = small.rezone(schools=table, constraints=rules, goal=goal, steps=100_000).assignment
    drawn = [
        drawn_from(small, n=200, steps=None, schools=table, current=current, constraints=rules)
        for current in (small.blocks["school"], other)
    ]
    means = [each.values().mean() for each in drawn]
    if all(each.mixed for each in drawn):
        errors = [each.values().std() / np.sqrt(each.mixing.loc["dissimilarity", "effective_plans"]) for each in drawn]
        assert abs(means[0] - means[1]) < 5 * np.hypot(*errors)
    assert all(each.mixed for each in drawn) == (room > 0.1)


def test_few_plans_cannot_tell(town):
    few = drawn_from(town, n=20)
    assert not few.mixed
    assert "so few plans hardly can" in str(few)
    assert "n=200" in str(few)


def test_what_is_written(drawn):
    text, page = str(drawn), drawn._repr_html_()
    for said in ("200 neutral plans for 200 blocks and 6 schools", "compactness 1", "cut_borders", "have mixed"):
        assert said in text
        assert said in page
    assert list(drawn.mixing) == ["r_hat", "effective_plans"]
    assert list(drawn.mixing.index) == ["dissimilarity", "travel_time", "moves", "cut_borders"]


def test_what_has_no_value_is_said_once(town):
    plans = drawn_from(town, n=16, steps=2000)
    unknown = sgt.Measure("unknown", value=lambda problem, zone: np.nan)
    with pytest.warns(sgt.UndefinedWarning, match="unknown is undefined") as told:
        placed = plans.place(what=unknown)
    assert len(told) == 1
    assert placed[["value", "lower", "standard_error"]].isna().all()


# ---------------------------------------------------------------- how it is asked for


def test_progress_is_told_in_order(town, capsys):
    told = []
    drawn_from(town, n=40, steps=4000, progress=lambda done, plans: told.append((done, plans)))
    assert told == sorted(told)
    assert told[-1] == (1.0, 40)
    assert told[0][1] == 0
    drawn_from(town, n=40, steps=4000, progress=True)
    assert "40 plans" in capsys.readouterr().err

    def broken(done, plans):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        drawn_from(town, progress=broken)


def test_what_cannot_be_read_is_refused(town):
    for wrong, says in [
        ({"n": 15}, "n must be a whole number of plans, 16 or more"),
        ({"n": 20.5}, "whole number of plans"),
        ({"n": True}, "whole number of plans"),
        ({"compactness": -1}, "compactness must be how much rarer"),
        ({"compactness": np.inf}, "compactness"),
        ({"compactness": "high"}, "compactness"),
        ({"steps": 999}, "steps must be a whole number of flips, 10 for each plan, 1000 or more"),
        ({"rng": None}, "chance needs a source"),
        ({"progress": "yes"}, "progress must be"),
        ({"constraints": RULES[0]}, "constraints must be a list"),
    ]:
        with pytest.raises(sgt.OptionError, match=says):
            drawn_from(town, **wrong)
    with pytest.raises(sgt.DataError, match="current names schools"):
        drawn_from(town, current=town.blocks["school"].replace("S01", "X"))


def test_what_was_given_stays_as_it_is(town):
    frames = town.blocks, town.schools, town.travel
    before = [frame.copy(deep=True) for frame in frames]
    drawn_from(town, n=16, steps=2000)
    for frame, copy in zip(frames, before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
