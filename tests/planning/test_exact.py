"""A few zones solved exactly, beside all plans there are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.planning.exact import reoptimizable, reoptimized
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.program import linear
from tests.planning.towns import CASES, MOVES, D, Town, best_of_all, land_of, small


def silent(done, value):
    pass


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_three_zones_of_three_are_the_best_there_are(case, seed):
    town, goal, rules = small(case, seed)
    land = land_of(town, goal, rules)
    assert reoptimizable(land)
    found = reoptimized(land, land.start, seed=1, seconds=None, many=3, tell=silent)
    plan = sgt.Plan(land.problem, land.plan(found), goal, tuple(rules), None)
    assert sgt.check(plan)
    assert goal.value(land.problem, plan.zone) == pytest.approx(best_of_all(case, seed), abs=2e-7)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_keeps_to_the_rules_and_is_no_worse(seed):
    town = Town(blocks=120, schools=8, seed=seed)
    rules = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5), sgt.most_moved(0.2)]
    start = town.rezone(goal=D, constraints=rules, steps=20_000)
    land = land_of(town, D, rules)
    found = reoptimized(land, start.zone.astype(np.int32), seed=seed, seconds=None, many=12, tell=silent)
    again = reoptimized(land, start.zone.astype(np.int32), seed=seed, seconds=None, many=12, tell=silent)
    np.testing.assert_array_equal(found, again)
    plan = replace(start, zone=land.plan(found))
    assert sgt.check(plan)
    assert plan.after["dissimilarity"] <= start.after["dissimilarity"]


def test_pieces_that_are_cut_off_today_stay_where_they_are():
    """A zone in two pieces: what is joined to the school is free, the rest is not."""
    town = Town(blocks=25, schools=4, seed=2)
    home = town.blocks["school"].copy()
    schools = set(town.district.schools["block"])
    far = next(block for block in home.index[::-1] if block not in schools and home[block] != home.iloc[0])
    home[far] = home.iloc[0]
    problem = sgt.score(town.pupils, home, **town.today | {"current": home}).problem
    rules = [sgt.capacity(within=0.5), sgt.contiguous()]
    land = Landscape.of(problem, D, rules)
    assert not land.rooted(land.start)[1][home.index.get_loc(far)]
    found = reoptimized(land, land.start, seed=1, seconds=None, many=3, tell=silent)
    assert found[home.index.get_loc(far)] == land.start[home.index.get_loc(far)]
    assert sgt.check(sgt.Plan(problem, land.plan(found), D, tuple(rules), None))
    assert D.value(problem, land.plan(found)) < D.value(problem, land.plan(land.start))


def test_goals_that_are_no_sums_of_shares_are_not_taken():
    town = Town(blocks=25, schools=4, seed=2)
    for goal, takes in [
        (sgt.minimize(sgt.information_theory), False),
        (sgt.maximize(sgt.dissimilarity), False),
        (sgt.minimize(sgt.gini), False),
        (sgt.minimize(sgt.worst_school(sgt.dissimilarity)), False),
        (sgt.maximize(sgt.outside_band("a", 0, 0.3)), False),
        (D + sgt.maximize(sgt.travel_time), True),
        (MOVES, True),
    ]:
        assert linear(land_of(town, goal, [])) is takes, goal


def test_a_search_of_many_steps_ends_with_exact_ones(monkeypatch):
    from segregation_tools.planning import search

    town, taken = Town(blocks=25, schools=4, seed=2), []

    def counted(land, zone, **given):
        taken.append(given["many"])
        return reoptimized(land, zone, **given)

    monkeypatch.setattr(search, "reoptimized", counted)
    monkeypatch.setattr(search, "STEPS_A_CHOICE", 100_000)
    plan = town.rezone(steps=250_000)
    assert taken == [2]
    assert sgt.check(plan)


def test_a_school_without_a_block_begins_at_its_largest_piece():
    town = Town(blocks=25, schools=4, seed=2)
    schools = town.district.schools.assign(block=pd.Series(None, index=town.district.schools.index, dtype=object))
    problem = sgt.score(town.pupils, town.blocks["school"], **town.today | {"schools": schools}).problem
    rules = [sgt.capacity(within=0.5), sgt.contiguous()]
    land = Landscape.of(problem, D, rules)
    found = reoptimized(land, land.start, seed=1, seconds=None, many=3, tell=silent)
    assert sgt.check(sgt.Plan(problem, land.plan(found), D, tuple(rules), None))
    assert D.value(problem, land.plan(found)) < D.value(problem, land.plan(land.start))


@pytest.mark.parametrize(
    "goal", [MOVES, sgt.minimize(sgt.travel_time), sgt.minimize(sgt.walkers_lost(4)) + 0 * MOVES], ids=repr
)
def test_costs_alone_are_a_goal(goal):
    town = Town(blocks=25, schools=4, seed=2)
    land = land_of(town, goal, [sgt.contiguous()])
    far = sgt.score(town.pupils, town.blocks["school"], **town.today).zone
    assert reoptimizable(land)
    found = reoptimized(land, far.astype(np.int32), seed=1, seconds=None, many=3, tell=silent)
    assert goal.value(land.problem, land.plan(found)) <= goal.value(land.problem, far)
    assert sgt.check(town.rezone(goal=goal, seconds=0.3, steps=None))


def test_islands_stay_with_their_school():
    town = Town(blocks=60, schools=5, seed=2)
    islands = [block for block in town.blocks.index if block not in set(town.schools["block"])][:35]
    rules = [sgt.contiguous(exempt=islands)]
    land = land_of(town, D, rules)
    found = reoptimized(land, land.start, seed=1, seconds=None, many=3, tell=silent)
    plan = sgt.Plan(land.problem, land.plan(found), D, tuple(rules), None)
    assert plan.assignment[islands].equals(town.blocks["school"][islands].rename("school"))
    assert plan.after["dissimilarity"] < plan.before["dissimilarity"]
