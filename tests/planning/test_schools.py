"""School zones: plans that keep to their rules, say what they do, and are refused where they cannot be."""

import pickle
import threading
import time

import geopandas
import numba
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import segregation_tools as sgt
from segregation_tools.indices.index import Index
from segregation_tools.planning import search
from segregation_tools.planning.feasible import check_feasible
from segregation_tools.planning.pieces import pieces
from tests.planning.towns import GROUPS, RULES, Town


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone()


def measured(town, assignment, index):
    """An index of the schools, without any of the planning code."""
    return index(town.blocks.groupby(assignment)[GROUPS].sum(), groups=GROUPS)


def test_a_plan_brings_pupils_together_within_its_rules(town, plan):
    school = plan.assignment
    assert measured(town, school, sgt.dissimilarity) == pytest.approx(plan.after["dissimilarity"])
    assert measured(town, town.blocks["school"], sgt.dissimilarity) == pytest.approx(plan.before["dissimilarity"])
    assert plan.after["dissimilarity"] < 0.85 * plan.before["dissimilarity"]
    assert sgt.dissimilarity(town.pupils.within(sgt.Zones(school))) == pytest.approx(plan.after["dissimilarity"])
    moved = (school != town.blocks["school"]) @ town.blocks[GROUPS].sum(axis=1) / town.blocks[GROUPS].to_numpy().sum()
    assert plan.moved == plan.after["moves"] == pytest.approx(moved)
    assert plan.before["moves"] == 0
    assert sgt.check(plan)
    # each rule once more, written out
    rolls, today = (town.blocks.groupby(by)[GROUPS].sum().sum(axis=1) for by in (school, town.blocks["school"]))
    assert (rolls <= 1.15 * today + 1e-9).all()
    assert (rolls >= 0.85 * today - 1e-9).all()
    travel = town.district.travel
    for block in school.index:
        way, was = (travel.loc[block, schools[block]] for schools in (school, town.blocks["school"]))
        assert way <= 1.5 * was + 1e-6
    a, b = town.pupils.geography.adjacency("rook").nonzero()
    codes = pd.factorize(school)[0]
    same = codes[a] == codes[b]
    joined = coo_array((np.ones(same.sum()), (a[same], b[same])), shape=(200, 200))
    assert connected_components(joined)[0] == 6
    for name, block in town.district.schools["block"].items():
        assert school[block] == name


def test_the_same_steps_give_the_same_plan_on_any_number_of_threads(town, plan):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = town.rezone()
    finally:
        numba.set_num_threads(before)
    assert alone.assignment.equals(plan.assignment)
    assert town.rezone(rng=plan.seed).assignment.equals(plan.assignment)
    drawn = town.rezone(rng=np.random.default_rng(5))
    assert town.rezone(rng=drawn.seed).assignment.equals(drawn.assignment)
    few = [town.rezone(rng=seed, steps=2000).assignment for seed in (7, 8)]
    assert not few[0].equals(few[1])


def test_seconds_are_those_of_the_search(town):
    town.rezone(seconds=0.2, steps=None)
    begun = time.monotonic()
    seen = []
    found = town.rezone(seconds=1.0, steps=None, progress=lambda done, value: seen.append((done, value)))
    assert 0.8 < time.monotonic() - begun < 1 + 20  # compiled and read besides
    assert sgt.check(found)
    assert seen[-1][1] == pytest.approx(found.after["dissimilarity"] + 0.1 * found.moved, abs=1e-5)
    assert all(0 <= done <= 1 for done, _ in seen)


def test_interrupted_the_best_plan_so_far_is_kept(town, monkeypatch):
    """A search of an hour, interrupted after a second."""
    begun = time.monotonic()
    waited = search.wait

    def interrupt(*given, **more):
        if time.monotonic() - begun > 1:
            raise KeyboardInterrupt
        return waited(*given, **more)

    monkeypatch.setattr(search, "wait", interrupt)
    found = town.rezone(seconds=3600, steps=None)
    assert time.monotonic() - begun < 40
    assert sgt.check(found)
    assert found.after["dissimilarity"] < found.before["dissimilarity"]
    assert threading.active_count() < 10


@pytest.mark.parametrize(
    "goal",
    [
        sgt.minimize(sgt.information_theory),
        sgt.minimize(sgt.variance_ratio) + 0.05 * sgt.minimize(sgt.moves),
        sgt.minimize(sgt.dissimilarity) + 0.01 * sgt.minimize(sgt.travel_time),
        0.5 * sgt.minimize(sgt.mutual_information) + sgt.minimize(sgt.normalized_exposure) * 2,
    ],
    ids=repr,
)
def test_any_sum_over_zones_is_a_goal(town, goal):
    found = town.rezone(goal=goal, steps=200_000)
    assert sgt.check(found)
    before, after = (sum(w * values[name] for w, name in weights(goal)) for values in (found.before, found.after))
    assert after < before
    for index in (what for _, what in goal.terms if isinstance(what, Index)):
        assert found.after[index.__name__] == pytest.approx(measured(town, found.assignment, index))


def weights(goal):
    return [(weight, getattr(what, "__name__", None) or what.name) for weight, what in goal.terms]


def test_what_is_to_be_large_becomes_large(town):
    apart = town.rezone(goal=sgt.maximize(sgt.dissimilarity), steps=200_000)
    assert apart.after["dissimilarity"] > apart.before["dissimilarity"]


def test_moves_and_travel_are_what_they_are_called(town):
    near = town.rezone(goal=sgt.minimize(sgt.travel_time), steps=200_000)
    assert near.after["travel_time"] <= near.before["travel_time"]
    minutes = [town.district.travel.loc[b, s] for b, s in near.assignment.items()]
    assert near.after["travel_time"] == pytest.approx(np.average(minutes, weights=town.blocks[GROUPS].sum(axis=1)))
    stay = town.rezone(goal=sgt.minimize(sgt.moves), steps=50_000)
    assert stay.moved == 0


def test_dearer_moves_are_fewer_moves(town):
    plans = [
        town.rezone(goal=sgt.minimize(sgt.dissimilarity) + weight * sgt.minimize(sgt.moves), steps=200_000)
        for weight in (0, 0.2, 1)
    ]
    shares = [plan.moved for plan in plans]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]


def test_two_groups_and_groups_of_any_kind(town):
    incomes = town.blocks.rename(columns={"a": "low", "b": "middle", "c": "high"})
    pupils = sgt.Population.from_frame(incomes, ["low", "middle", "high"]).versus("low")
    found = sgt.rezone(pupils, **town.today, goal=sgt.minimize(sgt.gorard), constraints=RULES, rng=1, steps=100_000)
    assert found.after["gorard"] < found.before["gorard"]
    with pytest.raises(sgt.GroupError, match="compares two groups"):
        town.rezone(goal=sgt.minimize(sgt.gorard))


def test_at_most_so_many_move(town):
    found = town.rezone(constraints=[*RULES, sgt.most_moved(0.05)], goal=sgt.minimize(sgt.dissimilarity))
    assert 0.02 < found.moved <= 0.05
    assert sgt.check(found)


def test_locks_and_forbidden_pairs_hold(town, plan):
    moving = plan.assignment[plan.to_frame()["moved"]]
    stay, avoid = moving.index[:5], [(block, moving[block]) for block in moving.index[5:15]]
    found = town.rezone(constraints=[*RULES, sgt.locked(stay), sgt.forbidden(avoid)])
    assert (found.assignment[stay] == town.blocks.loc[stay, "school"]).all()
    assert all(found.assignment[block] != school for block, school in avoid)
    assert sgt.check(found)


def test_a_school_that_closes_and_a_school_that_opens(town):
    schools = town.district.schools.copy()
    schools["open"] = schools.index != schools.index[2]
    closed = town.rezone(schools=schools, constraints=[sgt.contiguous(), sgt.capacity(seats=2500)])
    assert set(closed.assignment) == set(schools.index[schools["open"]])
    assert sgt.check(closed)
    assert np.isnan(closed.before["dissimilarity"])
    assert closed.to_frame()["current"].tolist() == town.blocks["school"].tolist()
    there = town.blocks["school"] == schools.index[2]
    assert closed.to_frame()["minutes_before"].isna().equals(there)
    assert np.isfinite(closed.burden().drop(columns="minutes_of_moved").to_numpy()).all()
    only = town.score(town.blocks["school"].replace(schools.index[2], schools.index[0]), schools=schools).burden()
    assert only["minutes_of_moved"].isna().all()  # whoever moves had a school that closes

    free = town.blocks.index.difference(town.district.schools["block"])[77]
    more = pd.concat([town.district.schools, pd.DataFrame({"block": [free]}, index=["new"])])
    travel = town.district.travel.assign(new=town.district.travel.iloc[:, 0])
    opened = town.rezone(schools=more, travel=travel, constraints=[sgt.contiguous(), sgt.capacity(seats=1800, low=200)])
    assert opened.assignment[free] == "new"
    assert 200 <= opened.rolls["plan"].sum(axis=1)["new"] <= 1800
    assert sgt.check(opened)
    with pytest.raises(sgt.DataError, match=r"nobody goes to 'new': say how many may, capacity\(seats"):
        town.rezone(schools=more, travel=travel)


def test_no_zone_has_more_pieces_than_today(town):
    """A zone in two pieces may stay so; no other may fall apart."""
    current = town.blocks["school"].copy()
    first, second = town.district.schools.index[:2]
    inside = [b for b in current.index[current == second] if b != town.district.schools.loc[second, "block"]]
    current[inside[len(inside) // 2]] = first
    found = town.rezone(current=current, constraints=[sgt.contiguous(), sgt.capacity(within=0.2)])
    assert sgt.check(found)


def test_without_contiguity_blocks_go_anywhere_near_enough(town):
    found = town.rezone(constraints=[sgt.capacity(within=0.15), sgt.longest_trip(minutes=60)])
    tight = town.rezone()
    assert sgt.check(found)
    assert found.after["dissimilarity"] < tight.after["dissimilarity"]


# ---------------------------------------------------------------- what a plan tells


def test_check_finds_what_each_rule_forbids(town, plan):
    school = plan.assignment
    schools = list(town.district.schools.index)
    crowded = pd.Series(schools[0], index=school.index)
    swapped = town.blocks["school"].replace(dict(zip(schools, schools[1:] + schools[:1], strict=True)))
    lone = school.index[0]
    cases = [
        (sgt.capacity(within=0.15), crowded, "capacity"),
        (sgt.capacity(seats=1), school, "capacity"),
        (sgt.capacity(low=10_000), school, "capacity"),
        (sgt.contiguous(), swapped, "contiguous"),
        (sgt.longest_trip(minutes=1), swapped, "longest_trip"),
        (sgt.longest_trip(ratio=1.01), swapped, "longest_trip"),
        (sgt.most_moved(0.01), swapped, "most_moved"),
        (sgt.locked([lone]), swapped, "locked"),
        (sgt.forbidden([(lone, school[lone])]), school, "forbidden"),
    ]
    for rule, assignment, name in cases:
        found = sgt.check(town.score(assignment, constraints=[rule]))
        assert not found
        assert set(found.violations["rule"]) == {name}
        assert (found.violations["by"] > 0).all()
        assert name in str(found)
    apart = town.blocks["school"].copy()
    far = town.district.travel[schools[0]].idxmax()
    apart[far] = schools[0]
    assert schools[0] in set(sgt.check(town.score(apart, constraints=[sgt.contiguous()])).violations["where"])
    far_off = sgt.check(town.score(swapped, constraints=[sgt.longest_trip(minutes=5)])).violations.set_index("where")[
        "by"
    ]
    ways = pd.Series(
        [town.district.travel.loc[block, school] for block, school in swapped.items()], index=swapped.index
    )
    pd.testing.assert_series_equal(far_off, (ways - 5)[ways > 5], check_names=False)
    over = sgt.check(town.score(crowded, constraints=[sgt.capacity(seats=100)])).violations
    assert over["by"].tolist() == [town.pupils.group_totals.sum() - 100]
    assert str(sgt.check(plan)) == "keeps to all rules"


def test_the_burden_adds_up(town, plan):
    burden = plan.burden()
    assert list(burden.index) == [*GROUPS, "all"]
    assert burden.loc[GROUPS, "pupils"].sum() == burden.loc["all", "pupils"]
    assert burden.loc[GROUPS, "moved"].sum() == pytest.approx(burden.loc["all", "moved"])
    assert burden.loc["all", "share_moved"] == pytest.approx(plan.moved)
    assert burden.loc["all", "ratio_moved"] == 1
    assert burden.loc["all", "minutes_now"] == pytest.approx(plan.after["travel_time"])
    assert burden.loc["all", "minutes_before"] == pytest.approx(plan.before["travel_time"])
    frame = plan.to_frame()
    for group in GROUPS:
        people = town.blocks[group].to_numpy()
        moved = frame["moved"].to_numpy()
        assert burden.loc[group, "moved"] == people[moved].sum()
        longer = (frame["minutes_now"] - frame["minutes_before"]).to_numpy()
        assert burden.loc[group, "minutes_of_moved"] == pytest.approx(np.average(longer[moved], weights=people[moved]))
        each = np.repeat(frame["minutes_now"].to_numpy(), people.astype(int))
        assert burden.loc[group, "p90_now"] == np.quantile(each, 0.9, method="inverted_cdf")
        assert burden.loc[group, "longest_now"] == each.max()


def test_frames_and_files(town, plan, tmp_path):
    frame = plan.to_frame()
    assert list(frame.drop(columns="geometry")) == ["current", "moved", "minutes_before", "minutes_now", "school"]
    assert frame.index.equals(town.blocks.index)
    assert frame["moved"].equals(frame["current"] != frame["school"])
    plan.to_file(tmp_path / "plan.csv")
    read = pd.read_csv(tmp_path / "plan.csv", index_col=0)
    assert read["school"].tolist() == frame["school"].tolist()
    plan.to_file(tmp_path / "plan.gpkg")
    assert len(geopandas.read_file(tmp_path / "plan.gpkg")) == 200
    table = sgt.rezone(
        sgt.Population(town.pupils.counts, GROUPS, units=town.blocks.index),
        **town.today,
        constraints=RULES,
        adjacency=town.pupils.geography.adjacency("rook", 1.0),
        rng=7,
        steps=400_000,
    )
    assert table.assignment.equals(plan.assignment)
    with pytest.raises(sgt.GeographyError, match=r"plan\.csv"):
        table.to_file(tmp_path / "plan2.gpkg")
    assert "change school" in str(plan)
    assert "dissimilarity" in plan._repr_html_()
    again = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own bytes
    assert again.assignment.equals(plan.assignment)
    assert sgt.check(again)


def test_why_a_block_goes_where_it_goes(town, plan):
    moving = plan.assignment.index[plan.to_frame()["moved"]][0]
    why = plan.why(moving)
    chosen = why[why["plan"]]
    assert len(chosen) == 1
    assert chosen["breaks"].tolist() == [""]
    free = why[why["breaks"] == ""]
    assert chosen["goal"].iloc[0] == pytest.approx(free["goal"].min())  # no better school for this block alone
    assert (
        why.loc[why["today"], "minutes"].iloc[0] == town.district.travel.loc[moving, town.blocks.loc[moving, "school"]]
    )
    with pytest.raises(sgt.DataError, match="no block 'nowhere'"):
        plan.why("nowhere")


def test_an_assignment_made_elsewhere_is_scored(town, plan):
    scored = town.score(plan.assignment)
    pd.testing.assert_series_equal(scored.after, plan.after)
    assert sgt.check(scored)
    with pytest.raises(sgt.DataError, match="schools that are not open: 'x'"):
        town.score(plan.assignment.replace(plan.assignment.iloc[0], "x"))


# ---------------------------------------------------------------- refusals


def test_what_does_not_match_is_named(town):
    schools, travel, current = town.district.schools, town.district.travel, town.blocks["school"]
    first, block = schools.index[0], town.blocks.index[0]
    hole = travel.copy()
    hole.loc[block, first] = np.nan
    twice = schools.assign(block=[schools["block"].iloc[0]] * len(schools))
    cases = [
        ({"current": current.replace(first, "x")}, "current names schools that are not in the index of schools: 'x'"),
        ({"current": current.drop(block)}, "units without a label"),
        ({"travel": hole}, f"travel holds nan from block {block!r} to school {first!r}"),
        ({"travel": -travel}, "give minutes"),
        ({"travel": travel.drop(columns=first)}, "schools absent"),
        ({"travel": travel.drop(index=block)}, "blocks absent"),
        ({"travel": travel.to_numpy()}, "DataFrame of blocks × schools"),
        ({"schools": schools.assign(block="nowhere")}, "stand in no block"),
        ({"schools": twice}, "stand in the same block"),
        ({"schools": schools.assign(open=False)}, "no school is open"),
        ({"schools": list(schools.index)}, "one row a school"),
        ({"adjacency": np.ones((3, 3))}, "adjacency is of 3 × 3, there are 200 blocks"),
        ({"constraints": sgt.contiguous()}, "list of rules"),
        ({"constraints": ["contiguous"]}, "not 'contiguous'"),
        ({"goal": sgt.dissimilarity}, "minimize"),
        ({"rng": None}, "rng=7"),
        ({"steps": 0.5}, "steps"),
        ({"steps": None, "seconds": -1}, "seconds"),
        ({"constraints": [sgt.locked(["nowhere"])]}, "blocks that are not there: 'nowhere'"),
        ({"constraints": [sgt.forbidden([(block, "x")])]}, "schools that are not there: 'x'"),
    ]
    for given, says in cases:
        with pytest.raises(ValueError, match=says):
            town.rezone(**given)


def test_what_cannot_be_kept_to_is_said_at_once_and_by_how_much(town):
    pupils = town.pupils.group_totals.sum()
    everywhere = [(town.blocks.index[5], school) for school in town.district.schools.index]
    cases = [
        ([sgt.capacity(seats=100)], f"hold 600 pupils, {pupils - 600:,.0f} fewer than there are"),
        ([sgt.capacity(low=10_000)], "schools must have 60,000 pupils"),
        ([sgt.capacity(seats=100, low=200)], "more pupils than they may"),
        (
            [sgt.forbidden(everywhere), sgt.contiguous()],
            r"1 blocks have no school .*'B00006', under forbidden\(6 pairs\)\.",
        ),
    ]
    for constraints, says in cases:
        with pytest.raises(sgt.DataError, match=says):
            town.rezone(constraints=constraints)
    tight = pd.Series(np.ceil(pupils / 6), index=town.district.schools.index)
    rules = [sgt.capacity(seats=tight, low=tight - 1), sgt.contiguous(), sgt.most_moved(0.001)]
    with pytest.raises(sgt.DataError, match="cannot be kept together"):
        town.rezone(constraints=rules, steps=20_000)
    rules = [sgt.capacity(seats=tight, low=tight - 1), sgt.contiguous()]  # of whole blocks none does
    with pytest.raises(sgt.CapabilityError, match="no plan that keeps to all rules was found: the best leaves"):
        town.rezone(constraints=rules, steps=20_000)


def test_rules_that_conflict_are_named_with_those_that_could_give_way(town):
    """Nobody may come to the first school, which must have more pupils."""
    first, *others = town.schools.index
    today = town.rolls(town.blocks["school"]).sum(axis=1)
    away = [(block, first) for block in town.blocks.index[town.blocks["school"] != first]]
    rules = [
        sgt.capacity(low={first: today[first] + 50, **dict.fromkeys(others, 0)}),
        sgt.forbidden(away),
        sgt.contiguous(),
    ]
    says = rf"at least 50 pupils .* \({first} 50\): loosen capacity\(low=…\) or forbidden\(\d+ pairs\)"
    with pytest.raises(sgt.DataError, match=says):
        town.rezone(constraints=rules)
    assert sgt.check(town.rezone(constraints=rules[:1] + rules[2:], steps=20_000))
    three = [*rules, sgt.capacity(low={first: today[first] + 20, **dict.fromkeys(others, 0)})]
    with pytest.raises(sgt.DataError, match=r"loosen forbidden\("):
        town.rezone(constraints=three)
    with pytest.raises(sgt.DataError, match=r"more than one of .* without any one of them, 20 or more"):
        town.rezone(constraints=[*three, sgt.locked(town.blocks.index)])


@pytest.mark.parametrize("seed", range(8))
def test_rules_that_some_plan_keeps_are_never_refused(town, seed):
    """Room exactly for a plan drawn at random, of schools in reach."""
    chance = np.random.default_rng(seed)
    near = (town.travel <= 2 * town.travel.min(axis=1).to_numpy()[:, np.newaxis]).to_numpy()
    school = pd.Series([chance.choice(town.schools.index[row]) for row in near], index=town.blocks.index)
    rolls = town.rolls(school).sum(axis=1).reindex(town.schools.index, fill_value=0)
    far = [
        (block, name) for block, row in zip(town.blocks.index, near, strict=True) for name in town.schools.index[~row]
    ]
    moved = town.score(school).moved
    rules = [sgt.capacity(seats=rolls, low=rolls), sgt.forbidden(far), sgt.most_moved(min(1, moved + 1e-9))]
    check_feasible(town.score(school).problem, rules)
    with pytest.raises(sgt.DataError, match="cannot be kept together"):
        check_feasible(town.score(school).problem, [*rules, sgt.capacity(seats=rolls - 1)])


def test_an_island_without_a_school_is_exempt_by_name(town):
    """The last row of blocks is cut off."""
    a, b = town.pupils.geography.adjacency("rook").nonzero()
    last = town.blocks.index[-3:]
    cut = (a >= 197) == (b >= 197)
    adjacency = coo_array((np.ones(cut.sum()), (a[cut], b[cut])), shape=(200, 200))
    with pytest.raises(
        sgt.DataError, match=r"3 blocks lie in a part of the district without a school.*contiguous\(exempt"
    ):
        town.rezone(adjacency=adjacency)
    found = town.rezone(adjacency=adjacency, constraints=[sgt.capacity(within=0.15), sgt.contiguous(exempt=last)])
    assert sgt.check(found)


def test_goals_and_rules_say_what_is_wrong_with_them():
    cases = [
        (lambda: sgt.minimize(sgt.isolation), sgt.CapabilityError, "say which.*of=group"),
        (lambda: sgt.minimize(sgt.exposure, of="a"), sgt.CapabilityError, "of=.group, group it meets."),
        (lambda: sgt.minimize(sgt.gini, of="a"), sgt.OptionError, "has one value"),
        (lambda: sgt.minimize(sgt.location_quotient), sgt.CapabilityError, "worst_school"),
        (lambda: sgt.worst_school(sgt.isolation), sgt.CapabilityError, "local value of each school"),
        (lambda: sgt.worst_school(sgt.gini), sgt.CapabilityError, "local value of each school"),
        (lambda: sgt.outside_band("a", 0.5, 0.2), sgt.OptionError, "from low to high"),
        (lambda: sgt.walkers_lost(-1), sgt.OptionError, "walk"),
        (lambda: sgt.together("old town"), sgt.OptionError, "from block to label"),
        (lambda: sgt.together(pd.Series(["x", "y"], index=["b", "b"])), sgt.DataError, "more than once: 'b'"),
        (lambda: sgt.minimize("moves"), sgt.OptionError, "an index or a measure"),
        (lambda: -1 * sgt.minimize(sgt.moves), sgt.OptionError, "weight of a goal"),
        (lambda: sgt.capacity(), sgt.OptionError, "one of the two"),
        (lambda: sgt.capacity(within=0.1, seats=9), sgt.OptionError, "one of the two"),
        (lambda: sgt.longest_trip(), sgt.OptionError, "one of the two"),
        (lambda: sgt.longest_trip(ratio=0), sgt.OptionError, "ratio"),
        (lambda: sgt.most_moved(5), sgt.OptionError, "from 0 to 1"),
    ]
    for make, kind, says in cases:
        with pytest.raises(kind, match=says):
            make()
    with pytest.raises(TypeError):
        sgt.minimize(sgt.moves) + 1
    assert repr(2 * sgt.maximize(sgt.dissimilarity)) == "2 * maximize(dissimilarity)"


def test_adjacency_is_matched_by_its_labels(town, plan):
    mixed = town.blocks.sample(frac=1, random_state=0)
    graph = Graph.build_contiguity(mixed, rook=True)
    dense = pd.DataFrame(graph.sparse.toarray(), index=mixed.index, columns=mixed.index)
    for adjacency in (graph, dense):
        found = town.rezone(adjacency=adjacency)
        assert found.assignment.equals(plan.assignment)
        assert sgt.check(town.score(found.assignment))
    cases = [
        (dense.iloc[:, ::-1], "labelled by the blocks"),
        (dense.set_axis(range(200)).set_axis(range(200), axis=1), "labelled by the blocks; absent: 'B00001'"),
        (np.full((200, 200), np.nan), "missing or infinite"),
        ("queen", "libpysal Graph or a matrix"),
    ]
    for adjacency, says in cases:
        with pytest.raises(sgt.DataError, match=says):
            town.rezone(adjacency=adjacency)


def path(current, schools, exempt=(), **given):
    """Six blocks in a row, and more that touch none."""
    blocks = [f"B{i}" for i in range(len(current))]
    counts = np.array([[90, 10], [90, 10], [50, 50], [50, 50], [10, 90], [20, 80], [30, 70]][: len(blocks)])
    adjacency = np.diag(np.arange(len(blocks) - 1) < 5 - (len(blocks) == 6), 1).astype(float)
    rules = [sgt.contiguous(exempt=exempt), *given.pop("rules", [])]
    return sgt.rezone(
        sgt.Population(counts.T, ["x", "y"], units=blocks),
        current=pd.Series(list(current), index=blocks),
        schools=schools,
        travel=pd.DataFrame(1.0, index=blocks, columns=schools.index),
        adjacency=adjacency,
        constraints=rules,
        rng=1,
        steps=20_000,
        **given,
    )


def test_exempt_islands_find_a_school():
    closing = pd.DataFrame({"block": ["B0", "B4", None], "open": [True, True, False]}, index=list("ABC"))
    assert path("AABBBC", closing, ["B5"]).assignment["B5"] in "AB"
    two = closing[["block"]][:2]
    assert path("AABBBA", two, ["B5"], rules=[sgt.forbidden([("B5", "A")])]).assignment["B5"] == "B"
    new = pd.DataFrame({"block": ["B0", "B2", "B5"]}, index=list("ANB"))
    assert path("AAAAABA", new, ["B6"]).assignment["B6"] == "A"


def test_a_zone_is_not_joined_through_an_island(town):
    for label in town.blocks.index[80:110].difference(town.district.schools["block"]):
        current = town.blocks["school"].copy()
        current[label] = town.district.schools.index[0]
        rules = [sgt.contiguous(exempt=[label]), sgt.locked([label])]
        assert sgt.check(town.rezone(current=current, constraints=rules, steps=20_000))


def test_an_exempt_block_joins_nothing_whichever_school_it_goes_to():
    """Of six blocks in a row the second is exempt: what lies on either side are two pieces, today and without it."""
    blocks = [f"B{i}" for i in range(6)]
    pupils = sgt.Population([[9, 8, 7, 6, 5, 4], [4, 5, 6, 7, 8, 9]], ["x", "y"], units=blocks)
    today = pd.Series(list("AAAABB"), index=blocks)
    given = {
        "current": today,
        "schools": pd.DataFrame({"block": ["B0", "B5"]}, index=list("AB")),
        "travel": pd.DataFrame(1.0, index=blocks, columns=list("AB")),
        "adjacency": np.diag(np.ones(5), 1),
        "constraints": [sgt.contiguous(exempt=["B1"])],
    }
    for school in "AB":
        assert sgt.check(sgt.score(pupils, today.where(today.index != "B1", school), **given))
    assert not sgt.check(sgt.score(pupils, pd.Series(list("AABABB"), index=blocks), **given))


def test_an_error_in_progress_ends_the_search(town):
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        town.rezone(seconds=3600, steps=None, progress=lambda done, value: 1 / 0)
    assert time.monotonic() - begun < 40


def test_progress_begins_at_today(town):
    seen = []
    found = town.rezone(seconds=0.6, steps=None, progress=lambda done, value: seen.append(value))
    assert seen[0] == pytest.approx(found.before["dissimilarity"], abs=1e-5)
    assert seen == sorted(seen, reverse=True)


def test_tight_rules_end_in_time(town):
    big = Town(2000, 12, seed=1)
    room = np.ceil(big.pupils.group_totals.sum() / 12)
    rules = [sgt.contiguous(), sgt.capacity(seats=room, low=room - 1)]
    big.rezone(steps=1000)
    begun = time.monotonic()
    with pytest.raises(sgt.DataError, match=r"cannot be kept together.*loosen capacity\(.*\) or most_moved\(0.01\)"):
        big.rezone(constraints=[*rules, sgt.most_moved(0.01)], seconds=600, steps=None)
    assert time.monotonic() - begun < 60  # of the 600 it may take
    begun = time.monotonic()
    with pytest.raises(sgt.CapabilityError, match="no plan that keeps to all rules"):
        big.rezone(constraints=rules, seconds=0.5, steps=None)
    assert time.monotonic() - begun < 0.5 + 20


def test_what_else_is_refused(town):
    schools, first = town.district.schools, town.district.schools.index[0]
    more = pd.concat([schools, pd.DataFrame({"block": [None]}, index=["new"])])
    travel = town.district.travel.assign(new=1.0)
    cases = [
        (lambda: town.rezone(schools=schools.assign(open="no")), "'open' must be true or false"),
        (
            lambda: town.rezone(schools=schools.assign(open=[True, None, *[True] * (len(schools) - 2)])),
            "'open' must be",
        ),
        (
            lambda: town.rezone(schools=more, travel=travel, constraints=[sgt.contiguous()]),
            "no block goes to 'new' alone today",
        ),
        (lambda: town.rezone(constraints=[sgt.contiguous(), sgt.contiguous()]), "more than once"),
        (lambda: town.rezone(goal=1e300 * sgt.minimize(sgt.travel_time)), "too large"),
        (lambda: town.rezone(constraints=[sgt.capacity(seats=dict.fromkeys(schools.index, "seven"))]), "no counts"),
        (
            lambda: town.rezone(constraints=[sgt.capacity(seats=pd.Series([9, 9], index=[first, first]))]),
            "more than once",
        ),
        (lambda: sgt.forbidden([("b",)]), "takes pairs"),
        (lambda: sgt.forbidden("ab"), "takes a list"),
        (lambda: sgt.locked("B00001"), "takes a list"),
        (lambda: sgt.contiguous(exempt="B00001"), "takes a list"),
        (lambda: town.score(town.blocks["school"], constraints=[sgt.locked(["zz"])]), "not there: 'zz'"),
    ]
    for make, says in cases:
        with pytest.raises(sgt.SegregationError, match=says):
            make()
    some = town.blocks.assign(tot=2 * town.blocks[GROUPS].sum(axis=1))
    with pytest.raises(sgt.CapabilityError, match=r"pupils\.with_rest\(\)"):
        sgt.rezone(sgt.Population.from_frame(some, GROUPS, total="tot"), **town.today, rng=1)
    with pytest.raises(sgt.GroupError, match="one group, 'a'"):
        sgt.rezone(sgt.Population.from_frame(town.blocks, ["a"]), **town.today, rng=1)


def test_a_group_may_be_called_all_and_rules_keep_what_they_were_told(town):
    named = sgt.Population.from_frame(town.blocks.rename(columns={"a": "all"}), ["all", "b", "c"])
    burden = sgt.score(named, town.blocks["school"], **town.today).burden()
    assert list(burden.index) == ["all", "b", "c", "all groups"]
    seats = pd.Series(5000.0, index=town.district.schools.index)
    found = town.rezone(constraints=[sgt.capacity(seats=seats)], steps=1000)
    seats[:] = 1
    assert sgt.check(found)


def test_an_edit_is_measured_and_checked_anew(town, plan):
    block = plan.to_frame().query("moved").index[0]
    other = next(school for school in town.district.schools.index if school != plan.assignment[block])
    edited = plan.edited({block: other, plan.problem.blocks[3]: plan.assignment.iloc[3]})
    assignment = plan.assignment.copy()
    assignment[block] = other
    scored = town.score(assignment)
    assert edited.assignment.equals(assignment)
    pd.testing.assert_series_equal(edited.after, scored.after)
    pd.testing.assert_frame_equal(sgt.check(edited).violations, sgt.check(scored).violations)
    assert edited.seed is None
    assert plan.assignment[block] != other  # the plan is as it was
    with pytest.raises(sgt.DataError, match="no blocks 'nowhere'"):
        plan.edited({"nowhere": other})
    with pytest.raises(sgt.DataError, match="no open schools 'none'"):
        plan.edited({block: "none"})


def test_a_bar_shows_how_far_it_is(town, capsys):
    town.rezone(seconds=0.5, steps=None, progress=True)
    shown = capsys.readouterr().err
    assert "goal 0." in shown
    town.rezone(steps=1000, progress=False)
    assert capsys.readouterr().err == ""
    with pytest.raises(sgt.OptionError, match="progress must be True"):
        town.rezone(progress="yes")


def test_files_of_any_ending_have_names_that_they_can_hold(town, plan, tmp_path):
    plan.to_file(tmp_path / "plan.CSV")
    assert pd.read_csv(tmp_path / "plan.CSV", index_col="block")["school"].tolist() == plan.assignment.tolist()
    plan.to_file(tmp_path / "plan.shp")
    held = geopandas.read_file(tmp_path / "plan.shp")
    np.testing.assert_allclose(held["min_now"], plan.to_frame()["minutes_now"])
    assert {"block", "current", "moved", "min_before", "school"} <= set(held)
    for name in ("school", "geometry", None):
        blocks = town.blocks.rename_axis(name)
        scored = sgt.score(
            sgt.Population.from_frame(blocks, GROUPS),
            plan.assignment.rename_axis(name),
            current=blocks["school"],
            schools=town.schools,
            travel=town.travel,
        )
        for ending in ("csv", "gpkg"):
            path = tmp_path / f"{name}.{ending}"
            scored.to_file(path)
            held = pd.read_csv(path) if ending == "csv" else geopandas.read_file(path)
            assert held["block"].tolist() == list(town.blocks.index)
            assert held["school"].tolist() == plan.assignment.tolist()


def test_different_measures_have_different_names(town, plan):
    mine = sgt.Measure("moves", lambda problem: problem.minutes)
    for refused in (
        lambda: town.score(plan.assignment, goal=sgt.minimize(mine)),
        lambda: town.rezone(goal=sgt.minimize(mine)),
    ):
        with pytest.raises(sgt.OptionError, match="two different measures are called 'moves'"):
            refused()
    twice = (
        sgt.minimize(sgt.walkers_lost(4)) + sgt.minimize(sgt.walkers_lost(4)) + sgt.minimize(sgt.walkers_lost(4.0001))
    )
    assert list(town.score(plan.assignment, goal=twice).after.index[:2]) == [
        "walkers_lost(walk=4)",
        "walkers_lost(walk=4.0001)",
    ]
    called = town.score(plan.assignment, goal=sgt.minimize(sgt.Measure("longest_way", lambda problem: problem.minutes)))
    with pytest.raises(sgt.OptionError, match="'longest_way', as rows of the table"):
        sgt.compare_plans([called])


def test_interrupted_at_once_todays_zones_are_the_plan(town):
    def stop(done, value):
        raise KeyboardInterrupt

    for goal in (None, sgt.minimize(sgt.information_theory), sgt.minimize(sgt.gini)):
        for length in ({"steps": 50_000}, {"seconds": 60, "steps": None}):
            begun = time.monotonic()
            plan = town.rezone(goal=goal, progress=stop, **length)
            assert plan.moved == 0
            assert time.monotonic() - begun < 30


def test_where_todays_zones_are_in_the_way_zones_grow_from_the_schools():
    """Two schools on either side of x; y, beyond x, may not go to the school whose zone x lies in."""
    blocks = ["p", "q", "x", "y"]
    touching = np.zeros((4, 4))
    for i, j in [(0, 2), (1, 2), (2, 3)]:
        touching[i, j] = touching[j, i] = 1
    pupils = sgt.Population(np.array([[5.0, 6, 7, 8], [8, 7, 6, 5]]), ["a", "b"], units=blocks)
    given = {
        "current": pd.Series(["S1", "S2", "S1", "S1"], index=blocks),
        "schools": pd.DataFrame({"block": ["p", "q"]}, index=["S1", "S2"]),
        "travel": pd.DataFrame(1.0, index=blocks, columns=["S1", "S2"]),
        "adjacency": touching,
    }
    rules = [sgt.contiguous(), sgt.forbidden([("y", "S1")])]
    plan = sgt.rezone(pupils, **given, constraints=rules, rng=1, steps=2000)
    assert plan.assignment.tolist() == ["S1", "S2", "S2", "S2"]
    rules = [sgt.contiguous(), sgt.forbidden([("y", "S1"), ("x", "S2")])]
    with pytest.raises(sgt.DataError, match=r"no start was found.*'y'"):
        sgt.rezone(pupils, **given, constraints=rules, rng=1, steps=2000)


def test_an_older_matrix_of_weights_is_matched_by_its_labels(town):
    from libpysal.weights import Rook

    shuffled = town.blocks.iloc[np.random.default_rng(0).permutation(200)]
    given = town.score(town.blocks["school"], adjacency=Rook.from_dataframe(shuffled, use_index=True)).problem
    assert (given.adjacency != town.pupils.geography.adjacency("rook", 1.0)).nnz == 0


def test_schools_of_several_labels_are_refused(town):
    several = town.schools.set_index(pd.MultiIndex.from_product([["city"], town.schools.index]))
    with pytest.raises(sgt.DataError, match="labelled by several columns"):
        town.score(town.blocks["school"], schools=several)


def test_borders_may_lie_as_far_apart_as_is_said(tmp_path):
    """Two halves of a town, five metres apart, a school in one of them."""
    place = np.array([(x + 5.0 * (x >= 400), y) for y in (0, 200) for x in (0, 200, 400, 600)])
    blocks = geopandas.GeoDataFrame(
        {"a": np.arange(8.0) + 3, "b": 12 - np.arange(8.0), "school": ["S1", "S2"] * 4},
        geometry=shapely.box(*place.T, *(place + 200).T),
        crs=32610,
    )
    given = {
        "current": blocks["school"],
        "schools": pd.DataFrame({"block": [0, 1]}, index=["S1", "S2"]),
        "travel": pd.DataFrame(1.0, index=blocks.index, columns=["S1", "S2"]),
    }
    pupils = sgt.Population.from_frame(blocks, ["a", "b"])
    with pytest.raises(sgt.DataError, match="4 blocks lie in a part of the district without a school"):
        sgt.rezone(pupils, **given, constraints=[sgt.contiguous()], rng=1, steps=5000)
    wide = sgt.contiguous(tolerance=6)
    plan = sgt.rezone(pupils, **given, constraints=[wide], rng=1, steps=5000)
    assert sgt.check(plan)
    assert repr(wide) == "contiguous(tolerance=6)"
    joined = sgt.score(pupils, plan.assignment, **given, constraints=[sgt.contiguous()])
    assert (pieces_of(plan) <= pieces_of(joined)).all()
    plan.save(tmp_path / "plan")
    assert sgt.check(sgt.load_plan(tmp_path / "plan"))
    with pytest.raises(sgt.OptionError, match="tolerance"):
        sgt.contiguous(tolerance=-1)


def pieces_of(plan):
    """Pieces of each zone of a plan, under its own rule."""
    (rule,) = plan.constraints
    problem = plan.problem.touching(rule.tolerance)
    return pieces(problem, plan.zone, rule.left_out(problem))[1]
