"""The evidence on a plan: beside others, beside the neighbourhoods, school by school, and over prices."""

import itertools
import time

import numba
import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.planning import frontier as frontiers
from tests.planning.towns import GROUPS, RULES, Town


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone()


def small(counts, current, minutes, **given):
    """A few blocks, two groups, minutes by school."""
    blocks = [f"B{i}" for i in range(len(current))]
    return {
        "pupils": sgt.Population(np.array(counts).T, ["x", "y"], units=blocks),
        "current": pd.Series(list(current), index=blocks),
        "schools": pd.DataFrame(index=list(minutes)),
        "travel": pd.DataFrame(minutes, index=blocks, dtype=float),
    } | given


# ---------------------------------------------------------------- who can no longer walk


def test_walkers_are_lost_where_the_new_way_is_too_long():
    """Four blocks: one stays near, one goes too far, one already took the bus, one walks more but still walks."""
    given = small([[10, 1], [20, 2], [40, 4], [80, 8]], "AAAA", {"A": [5, 20, 20.5, 3], "B": [9, 20.1, 90, 20]})
    moved = sgt.score(assignment=pd.Series(list("ABBB"), index=given["current"].index), **given)
    burden = moved.burden()
    assert burden["walkers_lost"].to_dict() == {"x": 20, "y": 2, "all": 22}
    np.testing.assert_allclose(burden["share_walkers_lost"], [20 / 110, 2 / 11, 22 / 121])
    assert moved.burden(walk=19)["walkers_lost"].to_dict() == {"x": 80, "y": 8, "all": 88}
    assert moved.burden(walk=100)["share_walkers_lost"].tolist() == [0, 0, 0]
    assert moved.burden(walk=1)["share_walkers_lost"].isna().all()  # nobody walks today
    for walk in (-1, np.nan, "far"):
        with pytest.raises(sgt.OptionError, match="walk"):
            moved.burden(walk=walk)


def test_whose_school_closes_has_no_way_of_today_to_lose():
    schools = pd.DataFrame({"open": [True, False]}, index=list("AB"))
    given = small([[10, 1], [20, 2]], "AB", {"A": [5, 50], "B": [5, 5]}, schools=schools)
    burden = sgt.score(assignment=pd.Series(["A", "A"], index=["B0", "B1"]), **given).burden()
    assert burden["walkers_lost"].tolist() == [0, 0, 0]
    assert burden["share_walkers_lost"].tolist() == [0, 0, 0]


# ---------------------------------------------------------------- beside other plans


def test_plans_stand_side_by_side_by_every_measure_of_any(town, plan):
    near = sgt.distance_minimizing(town.pupils, **town.today)
    informed = town.rezone(goal=sgt.minimize(sgt.information_theory), constraints=[sgt.contiguous()], steps=100_000)
    table = sgt.compare_plans({"mixed": plan, "near": near, "informed": informed})
    assert list(table) == ["today", "mixed", "near", "informed"]
    assert list(table.index) == [
        "dissimilarity",
        "moves",
        "travel_time",
        "information_theory",
        "longest_way",
        "largest_share_moved",
        "rules_broken",
        "schools_beyond_capacity",
    ]
    zones = {"today": town.blocks["school"], "mixed": plan.assignment, "near": near.assignment}
    zones["informed"] = informed.assignment
    pupils, travel = town.blocks[GROUPS], town.district.travel
    for name, school in zones.items():
        for index in (sgt.dissimilarity, sgt.information_theory):
            assert table.loc[index.__name__, name] == pytest.approx(index(town.rolls(school), groups=GROUPS))
        ways = np.array([travel.loc[block, its] for block, its in school.items()])
        moving = (school != town.blocks["school"]).to_numpy()
        assert table.loc["longest_way", name] == ways.max()
        assert table.loc["travel_time", name] == pytest.approx(np.average(ways, weights=pupils.sum(axis=1)))
        assert table.loc["moves", name] == pytest.approx(pupils[moving].to_numpy().sum() / pupils.to_numpy().sum())
        assert table.loc["largest_share_moved", name] == pytest.approx((pupils[moving].sum() / pupils.sum()).max())
    assert table.loc["rules_broken"].tolist() == [0, 0, 0, 0]
    assert table.loc["schools_beyond_capacity", ["today", "mixed"]].tolist() == [0, 0]
    assert table.loc["schools_beyond_capacity", ["near", "informed"]].isna().all()
    listed = sgt.compare_plans([plan, near])
    pd.testing.assert_series_equal(listed["plan 2"], table["near"].loc[listed.index], check_names=False)


def test_broken_rules_are_counted(town, plan):
    rolls = town.pupils.group_totals.sum() / 6
    rules = [sgt.capacity(seats=rolls), sgt.most_moved(0)]
    full = sgt.score(town.pupils, plan.assignment, **town.today, constraints=rules)
    table = sgt.compare_plans([full])
    over = (town.rolls(plan.assignment).sum(axis=1) > rolls).sum()
    assert over > 0
    assert table.loc["schools_beyond_capacity", "plan 1"] == over
    assert table.loc["rules_broken", "plan 1"] == over + 1
    assert table.loc["rules_broken", "today"] == (town.rolls(town.blocks["school"]).sum(axis=1) > rolls).sum()
    assert (
        "schools_beyond_capacity" not in sgt.compare_plans([sgt.distance_minimizing(town.pupils, **town.today)]).index
    )


def test_a_plan_that_closes_a_school_stands_beside_one_that_does_not(town, plan):
    schools = town.district.schools.assign(open=town.district.schools.index != town.district.schools.index[1])
    closing = sgt.distance_minimizing(town.pupils, **(town.today | {"schools": schools}))
    table = sgt.compare_plans({"closing": closing, "all open": plan})
    pd.testing.assert_series_equal(table["today"][plan.before.index], plan.before, check_names=False)
    assert table.loc["moves", "closing"] > 0
    assert sgt.compare_plans([closing])["today"].isna().all()


def test_plans_of_other_districts_are_refused(town, plan):
    other = Town(seed=4)
    same = dict(town.today)
    swapped = same["current"].replace(dict(zip(["S01", "S02"], ["S02", "S01"], strict=True)))
    shuffled = town.blocks.sample(frac=1, random_state=1)
    cases = [
        (sgt.distance_minimizing(other.pupils, **other.today), "other pupils"),
        (sgt.distance_minimizing(town.pupils, **(same | {"travel": same["travel"] + 1})), "other minutes"),
        (sgt.distance_minimizing(town.pupils, **(same | {"current": swapped})), "other zones of today"),
        (sgt.distance_minimizing(sgt.Population.from_frame(shuffled, GROUPS), **same), "another order"),
        (sgt.distance_minimizing(Town(100, 6).pupils, **Town(100, 6).today), "other blocks"),
    ]
    for stranger, says in cases:
        with pytest.raises(sgt.DataError, match=f"'ours' and 'theirs' are plans of .*{says.removeprefix('other ')}"):
            sgt.compare_plans({"ours": plan, "theirs": stranger})
    for given, says in [
        (plan, "list of plans"),
        ([], "there is none"),
        ([plan, plan.assignment], "'plan 2' is none"),
        ({"today": plan}, "called 'today'"),
    ]:
        with pytest.raises(sgt.OptionError, match=says):
            sgt.compare_plans(given)


# ---------------------------------------------------------------- beside the neighbourhoods


def test_exposures_add_up_to_one_and_gaps_to_nothing(town, plan):
    for neighbourhood in (None, sgt.Radius(1500), sgt.NearestUnits(4)):
        gap = sgt.residential_gap(plan, neighbourhood=neighbourhood)
        sums = gap.groupby("group").sum()
        np.testing.assert_allclose(sums[["neighbourhood", "today", "plan"]], 1)
        np.testing.assert_allclose(sums[["gap_today", "gap_plan"]], 0, atol=1e-12)
    assert gap.index.names == ["group", "met"]
    assert (gap["gap_plan"] == gap["plan"] - gap["neighbourhood"]).all()


def test_exposure_at_school_is_that_of_the_rolls(town, plan):
    gap = sgt.residential_gap(plan)
    for date, school in (("today", town.blocks["school"]), ("plan", plan.assignment)):
        rolls = town.rolls(school)
        shares = rolls.div(rolls.sum(axis=1), axis=0)
        for g, h in itertools.product(GROUPS, GROUPS):
            assert gap.loc[(g, h), date] == pytest.approx(np.average(shares[h], weights=rolls[g]))
    assert gap.loc[("a", "a"), "gap_plan"] < gap.loc[("a", "a"), "gap_today"]


def test_the_neighbourhood_is_as_large_as_a_school_or_what_was_asked_for(town, plan):
    mean = town.pupils.group_totals.sum() / 6
    nearest = sgt.exposure(town.pupils.within(sgt.NearestPeople(mean)))
    np.testing.assert_allclose(sgt.residential_gap(plan)["neighbourhood"], nearest.to_numpy().reshape(-1))
    zones = sgt.residential_gap(plan, neighbourhood=sgt.Zones(town.blocks["school"]))
    np.testing.assert_allclose(zones["gap_today"], 0, atol=1e-12)


def test_without_places_the_neighbourhood_must_be_named(town):
    table = sgt.Population(town.pupils.counts, GROUPS, units=town.blocks.index)
    degrees = sgt.Population.from_frame(town.blocks.to_crs(4326), GROUPS)
    for pupils, says in ((table, "no geometry"), (degrees, "degrees")):
        near = sgt.distance_minimizing(pupils, **town.today)
        with pytest.raises(sgt.GeographyError, match=rf"{says}.*neighbourhood=sgt"):
            sgt.residential_gap(near)
        found = sgt.residential_gap(near, neighbourhood=sgt.Zones(town.blocks["school"]))
        np.testing.assert_allclose(found["gap_today"], 0, atol=1e-12)


def test_of_a_school_that_closes_there_is_no_today(town):
    schools = town.district.schools.assign(open=town.district.schools.index != town.district.schools.index[1])
    closing = sgt.distance_minimizing(town.pupils, **(town.today | {"schools": schools}))
    gap, parts = sgt.residential_gap(closing), sgt.school_contributions(closing)
    for frame in (gap, parts):
        assert frame["today"].isna().all()
        assert frame["plan"].notna().all()
    assert parts["plan"].sum() == pytest.approx(1)


# ---------------------------------------------------------------- school by school


def entropy(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=0)


BY_HAND = {
    "dissimilarity": lambda p, P: np.abs(p - P).sum(axis=0) / (2 * (P * (1 - P)).sum()),
    "information_theory": lambda p, P: 1 - entropy(p) / entropy(P),
    "variance_ratio": lambda p, P: ((p - P) ** 2).sum(axis=0) / (P * (1 - P)).sum(),
    "divergence": lambda p, P: (p * np.log(p / P)).sum(axis=0),
    "gorard": lambda p, P: np.abs(p[0] - P[0]) / (2 * P[0]),
    "hutchens": lambda p, P: 1 - np.sqrt(p[0] * p[1] / (P[0] * P[1])),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_school_holds_what_the_index_loses_when_it_gets_the_mix_of_the_district(town, plan, name):
    """The definition: measured anew with one school replaced, the mix of the district kept."""
    index = getattr(sgt, name)
    of = plan
    if index.groups == 2:
        of = sgt.score(town.pupils.versus("b"), plan.assignment, **town.today)
    parts = sgt.school_contributions(of, index)
    assert list(parts) == ["today", "plan", "change"]
    assert parts.index.equals(town.district.schools.index)
    for date in ("today", "plan"):
        rolls = of.rolls[date].to_numpy().T
        P = (rolls.sum(axis=1) / rolls.sum())[:, np.newaxis]

        def value(rolls, P=P):
            sizes = rolls.sum(axis=0)
            return (BY_HAND[name](rolls / sizes, P) * sizes).sum() / sizes.sum()

        whole = value(rolls)
        assert whole == pytest.approx(index(pd.DataFrame(rolls.T), groups=list(range(len(rolls)))))
        for i, school in enumerate(parts.index):
            mended = rolls.copy()
            mended[:, i] = P[:, 0] * rolls[:, i].sum()
            assert parts.loc[school, date] == pytest.approx((whole - value(mended)) / whole, abs=1e-12)
    assert parts["today"].sum() == pytest.approx(1)
    assert parts["plan"].sum() == pytest.approx(1)
    np.testing.assert_allclose(parts["change"], parts["plan"] - parts["today"])


def test_ordered_groups_have_their_schools_too(plan):
    assert sgt.school_contributions(plan, sgt.ordinal_information)["plan"].sum() == pytest.approx(1)


def test_a_school_more_mixed_than_the_district_holds_less_than_nothing():
    given = small([[90, 10], [90, 10], [50, 50]], "ABC", {school: [1, 1, 1] for school in "ABC"})
    parts = sgt.school_contributions(sgt.score(assignment=given["current"], **given), sgt.information_theory)["plan"]
    assert parts["C"] < 0 < parts["A"] == parts["B"]
    assert parts.sum() == pytest.approx(1)


def test_where_there_is_no_segregation_no_school_holds_any():
    given = small([[30, 70], [3, 7], [27, 63]], "ABA", {school: [1, 1, 1] for school in "AB"})
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.hutchens):
        assert sgt.school_contributions(sgt.score(assignment=given["current"], **given), index).isna().all(axis=None)


def test_indices_of_which_schools_have_no_part_are_refused(plan):
    for index, says in [
        (sgt.gini, "compares units pair by pair"),
        (sgt.exposure, "exposure"),
        (sgt.isolation, "exposure"),
        (sgt.entropy_diversity, "diversity"),
        (sgt.concentration_profile, "concentration"),
        (sgt.atkinson, "not the mean of its parts"),
        (sgt.interaction, "exposure"),
    ]:
        with pytest.raises(sgt.CapabilityError, match=rf"no part of {index.__name__}: .*{says}"):
            sgt.school_contributions(plan, index)
    with pytest.raises(sgt.OptionError, match="index must be"):
        sgt.school_contributions(plan, "dissimilarity")
    with pytest.raises(sgt.GroupError, match="compares two groups"):
        sgt.school_contributions(plan, sgt.hutchens)


# ---------------------------------------------------------------- the shortest ways


def test_without_rules_everyone_goes_to_the_nearest_school(town):
    chance = np.random.default_rng(5)
    travel = pd.DataFrame(
        chance.integers(1, 9, size=(200, 6)), index=town.blocks.index, columns=town.district.schools.index
    )
    today = town.today | {"travel": travel.astype(float)}
    near = sgt.distance_minimizing(town.pupils, **today)
    ways = np.array([travel.loc[block, school] for block, school in near.assignment.items()])
    assert (ways == travel.min(axis=1).to_numpy()).all()
    ways_now = np.array([travel.loc[block, school] for block, school in town.blocks["school"].items()])
    stays = ways_now == travel.min(axis=1).to_numpy()
    assert 0 < stays.sum() < 200  # equally near schools are common here: nobody moves for nothing
    assert (near.assignment[stays] == town.blocks["school"][stays]).all()
    assert near.seed is None


def test_of_the_schools_it_may_go_to_the_nearest(town):
    nearest = town.district.travel.idxmin(axis=1)
    pairs = [(block, nearest[block]) for block in town.blocks.index[:20]]
    near = sgt.distance_minimizing(town.pupils, **town.today, constraints=[sgt.forbidden(pairs)])
    for block, school in pairs:
        assert near.assignment[block] == town.district.travel.loc[block].drop(school).idxmin()
    assert (near.assignment[20:] == nearest[20:]).all()


@pytest.mark.parametrize("case", [8, 9, 10])
def test_within_rules_no_shorter_plan_is_found_by_trying_all(case):
    chance = np.random.default_rng(case)
    counts, minutes = chance.integers(1, 30, size=(8, 2)), chance.uniform(1, 30, size=(8, 3))
    given = small(counts, "AAABBBCC", dict(zip("ABC", minutes.T, strict=True)))
    seats = np.ceil(counts.sum() * 0.4)
    near = sgt.distance_minimizing(**given, constraints=[sgt.capacity(seats=seats)], rng=1, steps=1_000_000)
    sizes, best = counts.sum(axis=1), np.inf
    for zone in itertools.product(range(3), repeat=8):
        if np.bincount(zone, sizes, 3).max() <= seats:
            best = min(best, sizes @ minutes[range(8), zone] / sizes.sum())
    assert near.after["travel_time"] == pytest.approx(best)
    assert sgt.check(near)
    assert best > minutes.min(axis=1) @ sizes / sizes.sum()
    with pytest.raises(sgt.OptionError, match="rng=7"):
        sgt.distance_minimizing(**given, constraints=[sgt.capacity(seats=seats)])


# ---------------------------------------------------------------- what is given up for what


@pytest.fixture(scope="module")
def found(town):
    return sgt.frontier(town.pupils, **town.today, constraints=RULES, rng=7, steps=400_000)


def test_where_moves_are_dearer_fewer_move_and_the_index_is_no_lower(town, found):
    table = found.to_frame()
    assert list(table) == ["move_penalty", "travel_penalty", "dissimilarity", "moves", "travel_time", "efficient"]
    assert table["move_penalty"].tolist() == [0, 0.05, 0.1, 0.2, 0.5]
    assert (table["dissimilarity"].diff().dropna() >= -1e-12).all()
    assert (table["moves"].diff().dropna() <= 1e-12).all()
    assert table["moves"].iloc[0] > table["moves"].iloc[-1]
    for plan, (move, minute) in zip(found.plans, found.penalties, strict=True):
        assert sgt.check(plan)
        goals = {getattr(what, "__name__", None) or what.name: weight for weight, what in plan.goal.terms}
        assert goals == {"dissimilarity": 1} | ({"moves": move} if move else {})
        assert minute == 0
        row = table[table["move_penalty"] == move].iloc[0]
        assert row["dissimilarity"] == pytest.approx(sgt.dissimilarity(town.rolls(plan.assignment), groups=GROUPS))
        assert row["moves"] == pytest.approx(plan.moved)
    assert "0.0500" in str(found)
    assert "<table>" in found._repr_html_()


def test_the_same_steps_give_the_same_frontier_on_any_number_of_threads(town, found):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = sgt.frontier(town.pupils, **town.today, constraints=RULES, rng=7, steps=400_000)
    finally:
        numba.set_num_threads(before)
    pd.testing.assert_frame_equal(alone.to_frame(), found.to_frame())
    assert all(a.assignment.equals(b.assignment) for a, b in zip(alone.plans, found.plans, strict=True))


def test_over_two_prices_each_is_paid_for(town):
    grid = sgt.frontier(
        town.pupils,
        **town.today,
        move_penalties=(0, 0.1, 0.5),
        travel_penalties=(0, 0.01, 0.1),
        index=sgt.information_theory,
        constraints=RULES,
        rng=1,
        steps=270_000,
    ).to_frame()
    assert len(grid) == 9
    for _, row in grid.groupby("move_penalty"):
        assert (row["travel_time"].diff().dropna() <= 1e-9).all()
    for _, column in grid.groupby("travel_penalty"):
        assert (column["moves"].diff().dropna() <= 1e-12).all()
    for row in grid.itertuples():  # no other of the plans would have been better at its prices
        every = grid["information_theory"] + row.move_penalty * grid["moves"] + row.travel_penalty * grid["travel_time"]
        assert every[row.Index] == pytest.approx(every.min(), abs=1e-12)


def test_a_plan_found_for_one_price_is_taken_for_another(town, plan, monkeypatch):
    """A search that finds good plans for the wrong prices."""
    stay = sgt.score(town.pupils, town.blocks["school"], **town.today)
    wrong = iter([stay, plan, plan])
    monkeypatch.setattr(frontiers, "searched", lambda *given, **more: next(wrong))
    table = sgt.frontier(town.pupils, **town.today, move_penalties=(0, 0.01, 100), rng=1)
    assert [one.moved for one in table.plans] == [plan.moved, plan.moved, 0]
    assert [one.assignment.equals(plan.assignment) for one in table.plans] == [True, True, False]


def test_a_plan_that_another_beats_in_all_is_not_efficient(town, found):
    far = sgt.score(town.pupils, town.district.travel.idxmax(axis=1), **town.today)
    more = sgt.Frontier((*found.plans, far), (*found.penalties, (0.0, 0.0)), found.index).to_frame()
    assert more["efficient"].tolist() == [True] * 5 + [False]
    three = more[["dissimilarity", "moves", "travel_time"]]
    assert (three.iloc[:5] < three.iloc[5]).all(axis=1).any()


def test_seconds_are_those_of_the_whole_frontier(town):
    seen, begun = [], time.monotonic()
    sgt.frontier(
        town.pupils, **town.today, constraints=RULES, rng=2, seconds=1.5, progress=lambda done, _: seen.append(done)
    )
    assert 1.2 < time.monotonic() - begun < 1.5 + 20
    assert seen == sorted(seen)
    assert 0 <= seen[0] < 0.2 < 0.8 < seen[-1] <= 1


def test_prices_that_are_none_are_refused(town):
    for given, says in [
        ({"move_penalties": 0.1}, "move_penalties must be a list"),
        ({"move_penalties": ()}, "move_penalties is empty"),
        ({"travel_penalties": (0, -1)}, "travel_penalties must be prices"),
        ({"travel_penalties": "01"}, "travel_penalties must be a list"),
        ({"index": sgt.isolation}, "say which"),
        ({"steps": 0}, "steps"),
        ({"rng": None}, "rng=7"),
    ]:
        with pytest.raises(sgt.SegregationError, match=says):
            sgt.frontier(town.pupils, **town.today, **({"rng": 1, "steps": 1000} | given))
