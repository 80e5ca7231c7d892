"""Homes sited: beside all plans there are, below every plan drawn by lot, and refused where they cannot be."""

import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import segregation_tools as sgt
from segregation_tools.planning.homes import siting

from .sites import Site, spread

D, H, V = (sgt.minimize(index) for index in (sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio))
KERNELS = ["uniform", "triangular", "epanechnikov", "biweight", "gaussian", "exponential"]


def fits(town, plan, *, full=False):
    homes = plan.homes.to_numpy()
    assert (homes == np.round(homes)).all()
    assert (homes >= 0).all()
    np.testing.assert_array_equal(homes.sum(axis=0), town.units)
    built, room = homes.sum(axis=1), town.sites["capacity"].to_numpy()
    assert (built <= room).all()
    if full:
        assert ((built == 0) | (built == room)).all()


# ---------------------------------------------------------------- presence


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("metres", [0, 180, 5000])
def test_everyone_is_present_once_in_all(kernel, metres):
    pop = Site(3).pop
    around = sgt.presence(pop, metres, kernel=kernel)
    np.testing.assert_allclose(around.group_totals, pop.group_totals)
    np.testing.assert_allclose(around.counts, spread(pop, metres, kernel).counts, atol=1e-9)


@pytest.mark.parametrize("kernel", ["triangular", "biweight", "gaussian"])
def test_a_grid_spreads_as_its_centres_do(kernel):
    counts = np.random.default_rng(5).integers(0, 9, (2, 6, 8)).astype(float)
    cells = sgt.Population.from_raster(counts, cell_size=100)
    x, y = np.meshgrid(np.arange(8) * 100.0, np.arange(6) * -100.0)
    frame = geopandas.GeoDataFrame(
        {"a": counts[0].ravel(), "b": counts[1].ravel()}, geometry=geopandas.points_from_xy(x.ravel(), y.ravel())
    )
    points = sgt.Population.from_frame(frame, ["a", "b"])
    for metres in (0, 250):
        on_grid, on_points = (sgt.presence(pop, metres, kernel=kernel).counts for pop in (cells, points))
        np.testing.assert_allclose(on_grid.reshape(2, -1), on_points, rtol=1e-9, atol=1e-9)


def test_presence_of_an_even_town_is_even():
    frame = Site(4).frame
    frame[["a", "b", "c"]] = [3, 2, 1]
    pop = sgt.Population.from_frame(frame, ["a", "b", "c"])
    assert sgt.information_theory(sgt.presence(pop, 300)) == pytest.approx(0, abs=1e-12)


# ---------------------------------------------------------------- the best of all


@pytest.mark.parametrize("goal", [H, D, V, 0.5 * H + D], ids=repr)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_plan_of_a_small_town_is_better(goal, full, seed):
    town = Site(seed, sites=5, tenures=2, most=2)
    if full:
        town.sites["capacity"] = 2
        town.units[:] = [3, 3]
    values = np.array([town.value(homes, goal) for homes in town.all_plans(full=full)])
    assert len(values) > 15
    plan = town.plan(goal=goal, whole_sites=full, seconds=20)
    fits(town, plan, full=full)
    assert plan.value == pytest.approx(values.min(), abs=1e-9)
    assert plan.bound <= values.min() + 1e-9
    assert plan.value == pytest.approx(town.value(plan.homes, goal), abs=1e-12)


def test_twelve_sites_of_one_tenure_are_chosen_as_all_subsets_say():
    town = Site(8, units=30, sites=12, tenures=1)
    town.sites["capacity"] = np.random.default_rng(1).integers(2, 6, 12)
    town.units[:] = 15
    subsets = (
        np.array([[bits >> site & 1 for site in range(12)] for bits in range(2**12)])
        * town.sites["capacity"].to_numpy()
    )
    subsets = subsets[subsets.sum(axis=1) == 15]
    best = min(town.value(homes[:, np.newaxis], H) for homes in subsets)
    plan = town.plan(whole_sites=True, seconds=30)
    fits(town, plan, full=True)
    assert plan.value == pytest.approx(best, abs=1e-9)
    assert 0 <= plan.gap <= 5e-8  # but for the rounding of the solver


@given(seed=st.integers(0, 10_000), goal=st.sampled_from([H, D, V]), metres=st.sampled_from([0, 90, 700]))
@settings(max_examples=25)
def test_no_homes_drawn_by_lot_come_below_the_bound(seed, goal, metres):
    town = Site(seed, units=25, sites=9, most=9)
    plan = town.plan(goal=goal, bandwidths=metres, method="greedy", seconds=0.5)
    fits(town, plan)
    rng = np.random.default_rng(seed)
    room = np.repeat(np.arange(9), town.sites["capacity"])
    for _ in range(6):
        places = rng.permutation(room)[: town.units.sum()]
        homes = np.zeros((9, 2))
        np.add.at(homes, (places, np.repeat([0, 1], town.units)), 1)
        assert town.value(homes, goal, [metres]) >= plan.bound - 1e-10


@pytest.mark.parametrize("goal", [H, D, V], ids=repr)
def test_many_sites_come_near_the_best(goal):
    town = Site(11, units=400, sites=120, tenures=2, most=30)
    plan = town.plan(goal=goal, gap=5e-4, seconds=20)
    fits(town, plan)
    assert 0 <= plan.gap <= 7e-4  # whole homes lose a little
    assert plan.share_of_best > 0.99
    greedy = town.plan(goal=goal, method="greedy")
    assert plan.value < greedy.value < plan.value_before
    even = np.outer(town.sites["capacity"] / town.sites["capacity"].sum(), town.units)
    assert greedy.value < town.value(even, goal)


def test_full_sites_are_certified():
    town = Site(12, units=400, sites=120, tenures=2, most=30)
    town.sites["capacity"] = np.random.default_rng(3).choice([5, 8, 12], 120)
    town.units[:] = [120, 100]
    plan = town.plan(whole_sites=True, seconds=3)
    fits(town, plan, full=True)
    assert plan.share_of_best > 0.94
    assert plan.bound <= plan.value


# ---------------------------------------------------------------- rules


def test_money_mixes_and_ways_are_kept_to():
    town = Site(21, units=60, sites=30, tenures=3, most=20)
    town.sites["walk"] = np.random.default_rng(2).uniform(0, 30, 30)
    free = town.plan()
    spent = float((free.homes.sum(axis=1) * town.sites["cost"]).sum())
    most = 0.8 * spent
    rules = [sgt.budget(most), sgt.least_share(["t0", "t1"], 0.5), sgt.walk_to("walk", 25)]
    town.units[:] = [40, 60, 50]
    plan = town.plan(constraints=rules)
    fits(town, plan)
    built = plan.homes.sum(axis=1)
    assert float((built * town.sites["cost"]).sum()) <= most + 1e-6
    assert (plan.homes[["t0", "t1"]].sum(axis=1) >= 0.5 * built - 1e-6).all()
    assert built[town.sites["walk"] > 25].sum() == 0
    assert plan.value >= town.plan().value - 1e-4


def test_money_costs_what_it_is_said_to_cost():
    town = Site(22, units=40, sites=12, tenures=2, most=12)
    dear = float((town.plan().homes.sum(axis=1) * town.sites["cost"]).sum())
    by_cost = town.sites.sort_values("cost")
    cheap = float(np.repeat(by_cost["cost"], by_cost["capacity"]).iloc[: town.units.sum()].sum())
    tight, loose = (
        town.plan(constraints=sgt.budget(cheap + part * (dear - cheap)), gap=1e-7, seconds=10) for part in (0.3, 0.35)
    )
    price = tight.binding.set_index("rule").loc["budget", "gain"]
    fall = (tight.bound - loose.bound) / (0.05 * (dear - cheap))
    assert 0 < fall <= price * 1.1  # convex: the first pound gains most


@pytest.mark.parametrize("goal", [H, D, V], ids=repr)
def test_what_one_more_home_gains_is_measured_by_building_it(goal):
    town = Site(23, units=40, sites=10, tenures=2, most=12)
    plan = town.plan(goal=goal, seconds=2)
    step = np.zeros(plan.homes.shape)
    for site, tenure in ((3, 1), (7, 0)):
        step[:] = 0
        step[site, tenure] = 1e-4
        homes = plan.homes.to_numpy()
        fall = (town.value(homes - step, goal) - town.value(homes + step, goal)) / 2e-4
        assert plan.marginal.iloc[site, tenure] == pytest.approx(fall, rel=1e-3)


@pytest.mark.parametrize("goal", [H, D], ids=repr)
def test_one_home_more_in_all_gains_what_a_plan_for_it_does(goal):
    town = Site(23, units=40, sites=10, tenures=2, most=12)
    plan = town.plan(goal=goal, gap=1e-8, seconds=4)
    gains = plan.binding.set_index(["rule", "of"])["gain"]
    for tenure in ("t0", "t1"):
        values = []
        for more in (1, -1):
            units = town.units.copy()
            units[tenure] += more
            values.append(town.plan(goal=goal, units=units, gap=1e-8, seconds=4).value)
        assert gains["homes in all", tenure] == pytest.approx((values[1] - values[0]) / 2, rel=0.02)


def test_services_are_places_too():
    town = Site(24, units=40, sites=15, tenures=1, most=12)
    clinic = geopandas.GeoSeries([Point(200, 200), Point(800, 800)], crs=32632)
    near = town.sites.distance(clinic.union_all()) <= 350
    town.units[:] = int(town.sites["capacity"][near].sum() // 2)
    plan = town.plan(constraints=[sgt.walk_to(clinic, 350)])
    assert near.any()
    assert not near.all()
    assert plan.homes[~near].to_numpy().sum() == 0
    with pytest.raises(sgt.errors.GeographyError, match="to_crs"):
        town.plan(constraints=[sgt.walk_to(clinic.to_crs(25833), 350)])


# ---------------------------------------------------------------- what follows from a plan


def test_before_and_after_are_what_others_measure():
    town = Site(31)
    plan = town.plan(goal=D + 0.5 * sgt.maximize(sgt.exposure, of=("a", "b")))
    after = town.with_homes(plan.homes)
    for pop, values in ((town.pop, plan.before), (after, plan.after)):
        for metres in (150, 400):
            around, within = sgt.presence(pop, metres), pop.within(sgt.Radius(metres, "biweight"))
            assert values["dissimilarity", metres] == pytest.approx(sgt.dissimilarity(around))
            assert values["dissimilarity, residents", metres] == pytest.approx(sgt.dissimilarity(within))
            assert values["exposure of a to b", metres] == pytest.approx(sgt.exposure(around).loc["a", "b"])
    assert np.isnan(plan.bound)  # exposure of one of three groups is not concave
    assert float(plan) == plan.value


def test_people_are_conserved():
    town = Site(32)
    plan = town.plan()
    np.testing.assert_allclose(plan.population.counts, town.with_homes(plan.homes).counts)
    moved_in = plan.homes.to_numpy().sum(axis=0) @ town.tenures.to_numpy()
    np.testing.assert_allclose(plan.people.sum(), moved_in)
    np.testing.assert_allclose(plan.population.group_totals - town.pop.group_totals, moved_in)


def test_rows_may_come_in_any_order():
    town = Site(33, sites=6, most=3)
    plan = town.plan(seconds=20)
    rng = np.random.default_rng(1)
    mixed = Site(33, sites=6, most=3)
    mixed.pop = sgt.Population.from_frame(town.frame.iloc[rng.permutation(20)], town.groups)
    mixed.sites = town.sites.iloc[rng.permutation(6)]
    mixed.tenures = town.tenures.iloc[::-1, [2, 0, 1]]
    again = mixed.plan(seconds=20)
    assert again.value == pytest.approx(plan.value, abs=1e-9)
    assert again.value_before == pytest.approx(plan.value_before, abs=1e-12)


def test_a_plan_does_not_depend_on_sites_that_are_not_built():
    town = Site(34, sites=6, most=3)
    more = pd.concat([town.sites, town.sites.iloc[:1].assign(capacity=0).rename(index={"s0": "shut"})])
    plan, again = (
        town.plan(seconds=20),
        sgt.site_homes(town.pop, more, units=town.units, tenures=town.tenures, bandwidths=[150, 400], seconds=20),
    )
    assert again.value == pytest.approx(plan.value, abs=1e-9)
    assert again.before.equals(plan.before)


def test_nothing_given_is_changed():
    town = Site(35)
    sites, tenures, units = town.sites.copy(), town.tenures.copy(), town.units.copy()
    plan = town.plan()
    plan.to_frame()["homes"] = 0
    pd.testing.assert_frame_equal(town.sites, sites)
    pd.testing.assert_frame_equal(town.tenures, tenures)
    pd.testing.assert_series_equal(town.units, units)


def test_plans_by_lot_are_what_dealing_out_makes_of_them():
    town = Site(36, units=100, sites=40, most=12)
    plan, again, rough = (town.plan(rng=5, draws=30, gap=gap) for gap in (1e-3, 1e-3, 1.0))
    assert plan.by_lot.equals(again.by_lot)
    assert plan.by_lot.equals(rough.by_lot)  # whatever was planned before
    assert town.plan(rng=5, draws=3, gap=1.0).by_lot.equals(plan.by_lot.iloc[:3])
    room, chance = np.repeat(np.arange(40), town.sites["capacity"]), np.random.default_rng(1)
    dealt = []
    for _ in range(30):
        homes = np.zeros((40, 2))
        np.add.at(homes, (chance.permutation(room)[: town.units.sum()], np.repeat([0, 1], town.units)), 1)
        dealt.append(town.value(homes, H))
    error = np.std(dealt) * np.sqrt(2 / 30)
    assert plan.by_lot.mean() == pytest.approx(np.mean(dealt), abs=4 * error)
    assert plan.by_lot.std() == pytest.approx(np.std(dealt), rel=0.6)
    assert (plan.by_lot > plan.value).all()
    assert len(town.plan(gap=1.0).by_lot) == 0


def test_plans_by_lot_keep_to_the_rules(monkeypatch):
    town = Site(37, units=100, sites=30, tenures=2, most=9)
    town.units[:] = [50, 40]
    rules = [sgt.least_share("t0", 0.5), sgt.budget(4.2 * 90)]
    seen = []
    made = siting.Town.present

    def noted(self, homes):
        seen.append(homes)
        return made(self, homes)

    monkeypatch.setattr(siting.Town, "present", noted)
    plan = town.plan(constraints=rules, method="greedy", seconds=0.1)
    begun = len(seen)
    plan = town.plan(constraints=rules, method="greedy", seconds=0.1, rng=1, draws=4)
    lots = [homes for homes in seen[begun:] if (homes == np.round(homes)).all()][-5:-1]  # the plan itself comes last
    assert len(plan.by_lot) == len(lots) == 4
    for homes in lots:
        built = homes.sum(axis=1)
        assert (homes.sum(axis=0) == town.units).all()
        assert (built <= town.sites["capacity"]).all()
        assert built @ town.sites["cost"] <= 4.2 * 90 + 1e-6
        assert (homes[:, 0] >= 0.5 * built - 1e-6).all()


def test_areas_and_cells_take_their_sites():
    cells = np.random.default_rng(7).integers(1, 20, (2, 5, 5)).astype(float)
    grid = sgt.Population.from_raster(cells, cell_size=100, crs=32632, groups=["a", "b"])
    squares = geopandas.GeoDataFrame(
        {"a": cells[0].ravel(), "b": cells[1].ravel()},
        geometry=[box(c * 100, -r * 100 - 100, c * 100 + 100, -r * 100) for r in range(5) for c in range(5)],
        crs=32632,
    )
    areas = sgt.Population.from_frame(squares, ["a", "b"])
    sites = geopandas.GeoDataFrame(
        {"capacity": [4, 4, 4, 4]},
        geometry=[Point(50, -50), Point(110, -250), Point(460, -460), Point(250, -50)],
        crs=32632,
    )
    tenures = pd.DataFrame({"a": [2.0], "b": [1.0]}, index=["new"])
    told = {"units": {"new": 8}, "tenures": tenures, "bandwidths": [0, 250], "seconds": 20}
    on_grid, on_areas = sgt.site_homes(grid, sites, **told), sgt.site_homes(areas, sites, **told)
    assert on_grid.value == pytest.approx(on_areas.value, abs=1e-9)
    assert on_grid.homes.equals(on_areas.homes)
    pd.testing.assert_series_equal(on_grid.before, on_areas.before)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_site_on_a_border_counts_to_one_of_both(order):
    squares = geopandas.GeoDataFrame(
        {"a": [5, 9], "b": [7, 2]}, ["west", "east"], geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)]
    )
    pop = sgt.Population.from_frame(squares.iloc[order], ["a", "b"])
    sites = geopandas.GeoDataFrame({"capacity": [1]}, geometry=[Point(9, 4)])
    tenures = pd.DataFrame({"a": [2.0], "b": [1.0]}, index=["new"])
    plan = sgt.site_homes(pop, sites, units={"new": 1}, tenures=tenures, bandwidths=0)
    assert plan.people.loc["west"].tolist() == [2, 1]
    assert plan.people.loc["east"].tolist() == [0, 0]


def test_results_can_be_kept_and_shown():
    town = Site(37)
    plan = town.plan(constraints=[sgt.least_share("t0", 0.0)])
    again = pickle.loads(pickle.dumps(plan))  # noqa: S301
    pd.testing.assert_frame_equal(again.homes, plan.homes)
    frame = plan.to_frame()
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame["homes"].sum() == town.units.sum()
    assert (frame["homes t0"] + frame["homes t1"] == frame["homes"]).all()
    assert "homes at" in str(plan)
    assert "<table" in plan._repr_html_()
    with pytest.raises(sgt.errors.DataError, match="'homes' already"):
        sgt.site_homes(
            town.pop, town.sites.assign(homes=1), units=town.units, tenures=town.tenures, bandwidths=100
        ).to_frame()
    for method in ("descent", "greedy"):
        told = []
        town.plan(method=method, progress=lambda share, value, told=told: told.append((share, value)))
        assert told[-1][0] <= 1


# ---------------------------------------------------------------- refusals


def refused(town, match, error=sgt.errors.SegregationError, **options):
    with pytest.raises(error, match=match):
        town.plan(**options)


def test_what_cannot_be_is_refused_with_its_mend():
    town = Site(41)
    room = int(town.sites["capacity"].sum())
    refused(town, "room for", units={"t0": room, "t1": 1})
    refused(town, "cost .* at the cheapest sites", constraints=sgt.budget(0.5))
    refused(town, "raise these, or lower the share", constraints=sgt.least_share("t0", 1.0))
    refused(town, "'t9'", constraints=sgt.least_share("t9", 0.1))
    refused(town, "one least share", constraints=[sgt.least_share("t0", 0.1), sgt.least_share("t1", 0.1)])
    refused(town, "rules for homes", constraints=[sgt.capacity(within=0.1)])
    refused(town, "absent are 't1'", units={"t0": 1})
    refused(town, "not known are 'x'", units={"t0": 1, "t1": 1, "x": 2})
    refused(town, "whole homes", units={"t0": 1.5, "t1": 1})
    refused(town, "no homes at all", units={"t0": 0, "t1": 0})
    refused(town, "several rows for 't0'", units=pd.Series([1, 2, 3], index=["t0", "t0", "t1"]))
    refused(town, "not DataFrame", units=town.units.to_frame())
    refused(town, "are no groups", tenures=town.tenures.assign(z=1))
    refused(town, "draws must be", draws=-5)
    refused(town, "units must be homes", units={"t0": -1, "t1": 3})
    refused(town, "absent are 'c'", tenures=town.tenures[["a", "b"]])
    refused(town, "persons of a group", tenures=town.tenures.assign(a=np.nan))
    refused(town, "nobody lives", tenures=town.tenures * 0)
    refused(town, "bandwidths", bandwidths=[])
    refused(town, "bandwidths", bandwidths=[-5])
    refused(town, "bandwidths", bandwidths=[5, 5])
    refused(town, "adds up over places", goal=sgt.minimize(sgt.gini))
    refused(town, "adds up over places", goal=sgt.minimize(sgt.moves))
    refused(town, "kernel must be one of", kernel="box")
    refused(town, "method must be one of", method="best")
    refused(town, "a goal is made by", goal=sgt.information_theory)


def test_wrong_sites_are_refused_by_name():
    town = Site(42)
    good = town.sites
    for sites, match in (
        (good.assign(capacity=[1, 2, -3, 1, 1]), "'s2'"),
        (good.assign(capacity=[1, 2, np.nan, 1, 1]), "'s2'"),
        (good.assign(capacity=[1, 2, 1.5, 1, 1]), "'s2'"),
        (good.drop(columns="capacity"), "'capacity'"),
        (good.to_crs(25833), r"sites = sites.to_crs\(pop.geography.crs\)"),
        (good.rename(index={"s1": "s0"}), "several rows for 's0'"),
        (pd.DataFrame(good.drop(columns="geometry")), "GeoDataFrame"),
        (good.set_geometry([None, *good.geometry[1:]], crs=32632), "'s0'"),
    ):
        with pytest.raises(sgt.errors.SegregationError, match=match):
            sgt.site_homes(town.pop, sites, units=town.units, tenures=town.tenures, bandwidths=100)
    town.sites = good.drop(columns="cost")
    refused(town, "needs a column 'cost'", constraints=sgt.budget(1e6))
    squares = town.frame.set_geometry(town.frame.buffer(20))
    pop = sgt.Population.from_frame(squares, town.groups)
    away = good.set_geometry(good.translate(5000, 0))
    with pytest.raises(sgt.errors.GeographyError, match=r"lie in no unit.*'s0'"):
        sgt.site_homes(pop, away, units=town.units, tenures=town.tenures, bandwidths=100)
    degrees = sgt.Population.from_frame(town.frame.to_crs(4326), town.groups)
    with pytest.raises(sgt.errors.GeographyError, match="degrees"):
        sgt.site_homes(degrees, good.to_crs(4326), units=town.units, tenures=town.tenures, bandwidths=100)
    with pytest.raises(sgt.errors.CapabilityError, match=r"leave out .within"):
        sgt.site_homes(town.pop.within(sgt.Radius(50)), good, units=town.units, tenures=town.tenures, bandwidths=100)


@pytest.mark.parametrize("seed", range(6))
def test_full_sites_keep_to_money_and_mixes(seed):
    town = Site(seed, units=100, sites=40, tenures=2, most=10)
    town.sites["capacity"] = np.random.default_rng(seed).choice([3, 5, 7], 40)
    town.units[:] = [32, 48]
    free = town.plan(whole_sites=True, seconds=0.5)
    money = 0.9 * float((free.homes.sum(axis=1) * town.sites["cost"]).sum())
    plan = town.plan(whole_sites=True, seconds=0.5, constraints=[sgt.least_share("t0", 0.3), sgt.budget(money)])
    fits(town, plan, full=True)
    built = plan.homes.sum(axis=1)
    assert (plan.homes["t0"] >= 0.3 * built - 1e-6).all()
    assert (built * town.sites["cost"]).sum() <= money * (1 + 1e-9)


def test_money_may_be_counted_in_any_unit():
    plans = []
    for unit in (1e-6, 1.0, 1e6):
        town = Site(21, units=60, sites=30, tenures=2, most=20)
        town.sites["cost"] *= unit
        by_cost = town.sites.sort_values("cost")
        least = float(np.repeat(by_cost["cost"], by_cost["capacity"]).iloc[: town.units.sum()].sum())
        plans.append(town.plan(constraints=sgt.budget(least), gap=1e-3))
        assert (plans[-1].homes.sum(axis=1) * town.sites["cost"]).sum() <= least * (1 + 1e-9)
        assert plans[-1].gap >= 0
    assert plans[0].value == pytest.approx(plans[1].value, abs=1e-3)
    assert plans[2].value == pytest.approx(plans[1].value, abs=1e-3)


def test_many_tenures_and_small_weights():
    town = Site(6, units=200, sites=60, tenures=15, most=30)
    fits(town, town.plan(seconds=1))
    small = Site(1, sites=5, tenures=2, most=2)
    heavy, light = (small.plan(goal=weight * H, seconds=20) for weight in (1.0, 1e-6))
    assert light.value == pytest.approx(1e-6 * heavy.value, rel=1e-6)
    assert 0 <= light.gap <= 1e-12


def test_full_sites_that_add_up_to_nothing_wanted_are_refused():
    town = Site(43)
    town.sites["capacity"] = 4
    refused(town, "no full sites add up to 6 homes", units={"t0": 3, "t1": 3}, whole_sites=True)
