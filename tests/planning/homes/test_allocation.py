"""Flats for households: beside another solver, proved by prices, and counted by hand."""

import itertools
import math
import pickle
import re
import time

import geopandas
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import maximum_flow
from shapely.geometry import Point

import segregation_tools as sgt

# ---------------------------------------------------------------- rounds, and another way to solve them


class Round:
    """Households by chance; `kind` says what utilities look like."""

    def __init__(self, seed, households=40, blocks=5, groups=3, kind="floats", spare=1.2, shares=(0.2, 0.9), gaps=0.15):
        rng = np.random.default_rng(seed)
        labels = pd.Index([f"H{i}" for i in rng.permutation(households)])
        self.names = list("abcdefgh")[:groups]
        self.group = pd.Series(rng.choice(self.names, households), index=labels)
        self.blocks = [f"B{b}" for b in rng.permutation(blocks)]
        utility = {
            "floats": lambda: rng.gamma(1.0, 1.0, (households, blocks)),
            "ranks": lambda: rng.permuted(np.tile(np.arange(blocks), (households, 1)), axis=1),
            "ties": lambda: rng.integers(0, 3, (households, blocks)),
        }[kind]()
        utility = np.where(rng.random((households, blocks)) < gaps, np.nan, utility)
        self.likes = pd.DataFrame(utility, index=labels, columns=self.blocks)
        flats = rng.multinomial(math.ceil(households * spare), np.full(blocks, 1 / blocks))
        self.homes = pd.Series(flats, index=self.blocks)
        quotas = rng.uniform(*shares, (blocks, groups))
        quotas = np.where(
            rng.random(quotas.shape) < 0.15, np.where(rng.random(quotas.shape) < 0.5, 0.0, np.nan), quotas
        )
        self.quotas = pd.DataFrame(quotas, index=self.blocks, columns=self.names)

    def allocate(self, **told):
        told = {"preferences": self.likes, "quotas": self.quotas, "unplaced": "allow"} | told
        return sgt.allocate(self.group, self.homes, **told)

    @property
    def places(self):
        """Most homes of each block for each group; as many as there are without a quota."""
        shares = self.quotas.fillna(1.0)
        return np.floor(shares.mul(self.homes, axis=0) + 1e-9).astype(int)

    def rows(self):
        """What a program keeps to: each household has a home at most, blocks and quotas are kept to."""
        household, block = np.nonzero(self.likes.notna().to_numpy())
        group = pd.Index(self.names).get_indexer(self.group)[household]
        one = np.ones(len(household))
        wide = len(household)
        homes = [
            sparse.csr_array((one, (household, np.arange(wide))), shape=(len(self.group), wide)),
            sparse.csr_array((one, (block, np.arange(wide))), shape=(len(self.blocks), wide)),
            sparse.csr_array((one, (block * len(self.names) + group, np.arange(wide))), shape=(self.places.size, wide)),
        ]
        return homes, self.likes.to_numpy()[household, block]

    def solved(self, everyone=False):
        """The largest sum, by branch and bound; None where not everyone can be housed."""
        rows, worth = self.rows()
        if not len(worth):
            return None if everyone else 0.0
        one = LinearConstraint(rows[0], 1.0 if everyone else 0.0, 1.0)
        rest = [LinearConstraint(rows[1], ub=self.homes), LinearConstraint(rows[2], ub=self.places.to_numpy().ravel())]
        found = milp(-worth, integrality=np.ones(len(worth)), bounds=Bounds(0, 1), constraints=[one, *rest])
        return -found.fun if found.success else None

    def most_housed(self):
        """As many as can have a home: a flow from households by quotas to blocks."""
        n, blocks, groups = len(self.group), len(self.blocks), len(self.names)
        edges = [(0, 1 + i, 1) for i in range(n)]
        for i, group in enumerate(pd.Index(self.names).get_indexer(self.group)):
            accepts = np.flatnonzero(self.likes.iloc[i].notna())
            edges += [(1 + i, 1 + n + b * groups + group, 1) for b in accepts]
        edges += [
            (1 + n + b * groups + g, 1 + n + blocks * groups + b, int(self.places.iloc[b, g]))
            for b in range(blocks)
            for g in range(groups)
        ]
        end = 1 + n + blocks * groups + blocks
        edges += [(end - blocks + b, end, int(flats)) for b, flats in enumerate(self.homes)]
        start, stop, room = np.array(edges).T
        network = sparse.csr_array((room.astype(np.int32), (start, stop)), shape=(end + 1, end + 1))
        return maximum_flow(network, 0, end).flow_value


def wide(told, column):
    """A column of `blocks`, blocks × groups."""
    rows = [[column.loc[block, group] for group in [*told.names, "all"]] for block in told.blocks]
    return pd.DataFrame(rows, index=told.blocks, columns=[*told.names, "all"])


def check_kept(told, found):
    """Everyone is at most in one block, which it accepts; homes and quotas are kept to; the sum is what the table says."""
    table = found.to_frame()
    assert table.index.equals(told.group.index)
    assert (table["group"] == told.group).all()
    housed = table[table["block"].notna()]
    worth = [told.likes.loc[name, block] for name, block in housed["block"].items()]
    np.testing.assert_array_equal(housed["utility"], worth)
    assert (table["utility"][table["block"].isna()] == 0).all()
    assert list(found.unplaced) == list(table.index[table["block"].isna()])
    assert found.value == pytest.approx(math.fsum(worth), rel=1e-12)
    held = pd.crosstab(housed["block"], housed["group"]).reindex(index=told.blocks, columns=told.names, fill_value=0)
    assert (held.sum(axis=1) <= told.homes).all()
    assert (held <= told.places).all(axis=None)
    better = [(told.likes.loc[name] > told.likes.loc[name, block]).sum() + 1 for name, block in housed["block"].items()]
    np.testing.assert_array_equal(housed["rank"], better)
    assert table["rank"][table["block"].isna()].isna().all()
    blocks = found.blocks()
    np.testing.assert_array_equal(wide(told, blocks["filled"])[told.names], held)
    np.testing.assert_array_equal(blocks.xs("all", level="group")["filled"], held.sum(axis=1))
    np.testing.assert_array_equal(blocks.xs("all", level="group")["places"], told.homes)
    quotas = wide(told, blocks["places"])[told.names]
    np.testing.assert_array_equal(quotas, told.places.where(told.quotas.notna()))


def check_proved(told, found):
    """Weak duality holds for any prices, so a bound that is reached proves the sum; complementary slackness, too."""
    duals, table = found.duals, found.to_frame()
    assert (duals >= 0).all(axis=None)
    price = (duals.loc[told.names] + duals.loc["all"]).T
    net = told.likes - price[told.group].T.set_axis(told.group.index)
    surplus = net.max(axis=1)
    surplus = surplus if found.everyone else surplus.clip(lower=0).fillna(0)
    scale = max(1.0, told.likes.max(axis=None))
    np.testing.assert_allclose(found.surplus, surplus, atol=1e-9 * scale)
    got = [net.loc[name, block] if block is not None else 0.0 for name, block in table["block"].items()]
    np.testing.assert_allclose(got, surplus, atol=1e-9 * scale)
    quotas = duals.loc[told.names].T * told.places
    bound = math.fsum(surplus) + math.fsum(duals.loc["all"] * told.homes) + math.fsum(quotas.to_numpy().ravel())
    assert found.bound == pytest.approx(bound, rel=1e-9, abs=1e-9)
    assert found.value == pytest.approx(bound, rel=1e-9, abs=1e-9)
    assert (duals.loc[told.names].T.where(told.quotas.isna(), 0) == 0).all(axis=None)
    blocks = found.blocks()
    free = wide(told, blocks["filled"] < blocks["places"]).T
    assert (duals.where(free, 0) == 0).all(axis=None)
    assert (found.prices.where(free, 0) == 0).all(axis=None)
    assert (found.prices <= duals + 1e-9 * scale).all(axis=None)
    np.testing.assert_array_equal(found.prices.loc["all"], duals.loc["all"])


KINDS = st.sampled_from(["floats", "ranks", "ties"])


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), kind=KINDS, spare=st.sampled_from([0.7, 1.0, 1.3]), groups=st.integers(1, 4))
def test_no_allocation_is_better(seed, kind, spare, groups):
    told = Round(seed, kind=kind, spare=spare, groups=groups)
    found = told.allocate()
    assert found.value == pytest.approx(told.solved(), rel=1e-9, abs=1e-9)
    check_kept(told, found)
    check_proved(told, found)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), kind=KINDS, spare=st.sampled_from([1.0, 1.2, 1.5]))
def test_everyone_is_housed_in_the_best_way_or_it_is_said_how_many_cannot_be(seed, kind, spare):
    told = Round(seed, kind=kind, spare=spare, shares=(0.3, 1.0))
    best = told.solved(everyone=True)
    if best is not None:
        found = told.allocate(unplaced="refuse")
        assert found.value == pytest.approx(best, rel=1e-9, abs=1e-9)
        assert not len(found.unplaced)
        check_kept(told, found)
        check_proved(told, found)
        return
    with pytest.raises(sgt.DataError) as refusal:
        told.allocate(unplaced="refuse")
    said = str(refusal.value)
    if "NaN in all" not in said:
        short = len(told.group) - told.most_housed()
        assert said.startswith(f"{short} household{'' if short == 1 else 's'} cannot be housed")
        assert sum(map(int, re.findall(r"(\d+) too few", said))) == short
        check_conflicts(told, said)


def check_conflicts(told, said):
    """Each conflict is one: as many households are counted who accept nothing else, and as much room."""
    for many, who, room, short in re.findall(
        r"(\d+) households? accepts? no blocks but .*? \((\d.*?)\), where (.*?): (\d+) too few", said
    ):
        assert int(many) == sum(map(int, re.findall(r"(\d+) of group", who)))
        left = sum(map(int, re.findall(r"(?:quotas leave|there are) (\d+)", room)))
        assert int(many) - left == int(short)


def test_ten_thousand_households_are_placed_in_seconds():
    told = Round(1, 10_000, 50, 4, spare=1.02, shares=(0.26, 0.4))
    Round(1).allocate()  # which compiles
    start = time.process_time()
    found = told.allocate()
    assert time.process_time() - start < 8
    assert len(found.unplaced)
    check_proved(told, found)


# ---------------------------------------------------------------- prices


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), kind=KINDS, unplaced=st.sampled_from(["allow", "refuse"]))
def test_a_price_is_what_one_more_place_brings(seed, kind, unplaced):
    told = Round(seed, 20, 3, 2, kind=kind, spare=1.1, shares=(0.4, 0.9), gaps=0.1)
    assume(unplaced == "allow" or told.solved(everyone=True) is not None)
    given_places = told.places.where(told.quotas.notna()).astype(float)
    now = told.allocate(quotas=given_places, quotas_in="homes", unplaced=unplaced)
    for block in told.blocks:
        more = told.homes.copy()
        more[block] += 1
        options = {"preferences": told.likes, "quotas": given_places, "quotas_in": "homes", "unplaced": unplaced}
        rise = sgt.allocate(told.group, more, **options).value - now.value
        assert now.prices.loc["all", block] == pytest.approx(rise, abs=1e-9)
        for group in told.names:
            places = given_places.copy()
            places.loc[block, group] += 1
            rise = sgt.allocate(told.group, told.homes, **(options | {"quotas": places})).value - now.value
            assert now.prices.loc[group, block] == pytest.approx(rise, abs=1e-9)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), kind=KINDS)
def test_quotas_cost_and_cost_no_more_than_their_smallest_share_tells(seed, kind):
    """Of the best allocation without quotas, each quota can keep its best ones: PoD ≤ 1/least share (Benabbou et al.)."""
    told = Round(seed, kind=kind, spare=1.1, shares=(0.3, 0.9))
    found = told.allocate()
    assert found.without_quotas.value == pytest.approx(told.allocate(quotas=None).value, rel=1e-12)
    assert found.value <= found.without_quotas.value * (1 + 1e-12)
    assert found.price_of_diversity == pytest.approx(found.without_quotas.value / found.value, rel=1e-12)
    assert found.price_of_diversity >= 1
    with_homes = told.homes[told.homes > 0]
    least = (told.places.loc[with_homes.index].div(with_homes, axis=0)).min(axis=None)
    assert least == 0 or found.price_of_diversity <= 1 / least + 1e-9
    assert found.without_quotas.without_quotas is found.without_quotas
    assert found.without_quotas.price_of_diversity == 1
    assert (found.without_quotas.duals.loc[told.names] == 0).all(axis=None)
    assert (found.burden()["utility_without"] == found.without_quotas.burden()["utility"]).all()


def test_what_cannot_be_divided_is_said_to_be_undefined():
    one = {"preferences": pd.DataFrame({"x": [1.0]}), "unplaced": "allow"}
    group = pd.Series(["a"])
    assert sgt.allocate(group, {"x": 1}, quotas={"a": 0}, **one).price_of_diversity == math.inf
    assert math.isnan(sgt.allocate(group, {"x": 0}, quotas={"a": 1}, **one).price_of_diversity)


def test_the_burden_is_counted_household_by_household():
    told = Round(4, 60, groups=3, spare=1.05)
    found = told.allocate()
    now, free, burden = found.to_frame(), found.without_quotas.to_frame(), found.burden()
    assert list(burden.index) == [*told.names, "all"]
    assert burden.loc["all", "worse_off"] > 0
    for group in burden.index:
        mine = told.group.index if group == "all" else told.group.index[told.group == group]
        row = burden.loc[group]
        assert row["households"] == len(mine)
        for suffix, table in (("", now), ("_without", free)):
            assert row[f"utility{suffix}"] == pytest.approx(table.loc[mine, "utility"].mean())
            assert row[f"first_choice{suffix}"] == pytest.approx((table.loc[mine, "rank"] == 1).mean())
            assert row[f"unplaced{suffix}"] == pytest.approx(table.loc[mine, "block"].isna().mean())
        assert row["worse_off"] == pytest.approx((now.loc[mine, "utility"] < free.loc[mine, "utility"]).mean())
        assert row["better_off"] == pytest.approx((now.loc[mine, "utility"] > free.loc[mine, "utility"]).mean())


# ---------------------------------------------------------------- ties, order and chance


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["ties", "ranks"]), rng=st.sampled_from([None, 5]))
def test_the_order_of_rows_and_columns_decides_nothing(seed, kind, rng):
    told = Round(seed, kind=kind, spare=1.0)
    chance = np.random.default_rng(seed)
    first = told.allocate(rng=rng)
    group = told.group.iloc[chance.permutation(len(told.group))]
    likes = told.likes.iloc[chance.permutation(len(group)), chance.permutation(len(told.blocks))]
    quotas = told.quotas.iloc[chance.permutation(len(told.blocks)), ::-1]
    second = sgt.allocate(group, told.homes[::-1], preferences=likes, quotas=quotas, unplaced="allow", rng=rng)
    pd.testing.assert_frame_equal(second.to_frame().loc[told.group.index], first.to_frame())
    pd.testing.assert_frame_equal(second.prices[told.blocks], first.prices)
    pd.testing.assert_frame_equal(second.duals[told.blocks], first.duals)
    np.testing.assert_array_equal(second.lottery(draws=3, rng=2).utility, first.lottery(draws=3, rng=2).utility)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_what_does_not_depend_on_ties_is_the_same_for_each_rng(seed):
    told = Round(seed, kind="ties", spare=1.0)
    one, other = told.allocate(), told.allocate(rng=seed)
    assert one.value == other.value
    pd.testing.assert_frame_equal(one.prices, other.prices)
    pd.testing.assert_frame_equal(one.duals, other.duals)
    assert one.price_of_diversity == other.price_of_diversity


def test_households_alike_have_the_same_chances():
    """Six want the one flat: each gets it about as often, whatever its label; 11.07 is χ² of 5 at 0.95, 20.5 at 0.999."""
    names = list("ABCDEF")
    likes = pd.DataFrame({"x": 1.0}, index=names)
    won = pd.Series(0, index=names)
    for seed in range(600):
        table = sgt.allocate(
            pd.Series("g", index=names), {"x": 1}, preferences=likes, unplaced="allow", rng=seed
        ).to_frame()
        won[table["block"].notna()] += 1
    assert ((won - 100) ** 2 / 100).sum() < 20.5


def test_a_home_is_not_given_where_it_takes_more_than_it_gives():
    """One flat of x: who likes it more has it, and one more would be worth what the other would give."""
    group, likes = pd.Series(["g", "g"], index=["P", "Q"]), pd.DataFrame({"x": [5.0, 9.0]}, index=["P", "Q"])
    found = sgt.allocate(group, {"x": 1}, preferences=likes, unplaced="allow")
    assert list(found.unplaced) == ["P"]
    assert found.prices.loc["all", "x"] == 5
    assert found.surplus.to_dict() == {"P": 0, "Q": 4}


def test_groups_in_other_words_are_placed_alike():
    told = Round(11)
    other = {"a": "z", "b": "y", "c": "x"}
    found = told.allocate()
    quotas = told.quotas.rename(columns=other)
    group = told.group.map(other)
    renamed = sgt.allocate(group, told.homes, preferences=told.likes, quotas=quotas, unplaced="allow")
    assert renamed.value == found.value
    prices = renamed.prices.rename({new: old for old, new in other.items()})
    pd.testing.assert_frame_equal(prices.loc[found.prices.index], found.prices)


def test_utilities_twice_as_large_are_worth_twice_as_much():
    told = Round(12)
    one, twice = told.allocate(), told.allocate(preferences=told.likes * 2)
    pd.testing.assert_frame_equal(twice.prices, one.prices * 2)
    assert twice.value == one.value * 2


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e12, 1e200])
def test_utilities_may_be_of_any_size(scale):
    told = Round(13)
    found = told.allocate(preferences=told.likes * scale)
    assert found.value / scale == pytest.approx(told.solved(), rel=1e-9)
    assert found.bound / found.value == pytest.approx(1, rel=1e-9)


# ---------------------------------------------------------------- lotteries


def test_lotteries_are_on_average_what_all_orders_are():
    told = Round(55, 6, 3, 2, kind="ranks", spare=1.0, shares=(0.4, 0.8), gaps=0.1)
    room, places = told.homes.to_dict(), told.places
    sums, unplaced = [], []
    for order in itertools.permutations(told.group.index):
        left, share, total, without = dict(room), places.copy(), 0.0, 0
        for name in order:
            group = told.group[name]
            for block in told.likes.loc[name].dropna().sort_values(ascending=False).index:
                if left[block] and share.loc[block, group]:
                    left[block] -= 1
                    share.loc[block, group] -= 1
                    total += told.likes.loc[name, block]
                    break
            else:
                without += 1
        sums.append(total)
        unplaced.append(without)
    found = told.allocate()
    lots = found.lottery(draws=4000, rng=1)
    assert np.std(sums) > 0
    assert lots.se == pytest.approx(np.std(sums) / math.sqrt(4000), rel=0.1)
    assert lots.value == pytest.approx(np.mean(sums), abs=4 * lots.se)
    assert {round(total, 9) for total in lots.draws} == {round(total, 9) for total in sums}
    table = lots.to_frame()
    spread = np.std(unplaced) / 6 / math.sqrt(4000)
    assert table.loc["all", "unplaced"] == pytest.approx(np.mean(unplaced) / 6, abs=4 * spread)
    assert max(sums) <= found.value * (1 + 1e-12)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), kind=KINDS)
def test_no_lottery_is_better_than_the_best(seed, kind):
    told = Round(seed, kind=kind)
    found = told.allocate()
    lots = found.lottery(draws=20, rng=seed)
    assert lots.draws.max() <= found.value * (1 + 1e-12)
    low, high = lots.interval(0.9)
    assert lots.draws.min() <= low <= high <= lots.draws.max()
    assert float(lots) == lots.value == pytest.approx(lots.draws.mean())
    table = lots.to_frame()
    assert table.loc["all", "utility"] * table.loc["all", "households"] == pytest.approx(lots.value)
    assert (
        (table["low"] <= table["high"]) & table["unplaced"].between(0, 1) & table["first_choice"].between(0, 1)
    ).all()


def test_a_draw_is_the_same_however_many_are_drawn_and_on_any_number_of_threads():
    found = Round(5, 200, 6).allocate()
    many = found.lottery(draws=100, rng=3)
    few = found.lottery(draws=10, rng=3)
    np.testing.assert_array_equal(many.draws[:10], few.draws)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        np.testing.assert_array_equal(found.lottery(draws=100, rng=3).utility, many.utility)
    finally:
        numba.set_num_threads(threads)
    assert len(set(many.draws)) > 50


def test_lotteries_need_a_source_of_chance():
    found = Round(1).allocate()
    with pytest.raises(sgt.OptionError, match="chance needs a source"):
        found.lottery()
    with pytest.raises(sgt.OptionError, match="whole number of lotteries"):
        found.lottery(draws=0, rng=1)
    with pytest.raises(sgt.OptionError, match="level"):
        found.lottery(draws=2, rng=1).interval(95)


# ---------------------------------------------------------------- what is read, and given back


def test_shares_are_rounded_down_and_not_by_rounding_errors():
    group = pd.Series("a", index=range(200))
    likes = pd.DataFrame({"x": 1.0}, index=group.index)
    for share, places in ((0.29, 29), (0.57, 57), (0.999, 99), (1, 100), (0, 0), (1 / 3, 33)):
        found = sgt.allocate(group, {"x": 100}, preferences=likes, quotas={"a": share}, unplaced="allow")
        assert found.value == places
        assert found.blocks().loc[("x", "a"), "places"] == places


def test_any_attribute_may_have_quotas():
    told = Round(6)
    people = pd.DataFrame({"income": told.group, "age": 30})
    found = sgt.allocate(
        people, told.homes, preferences=told.likes, quotas=told.quotas, group="income", unplaced="allow"
    )
    pd.testing.assert_frame_equal(found.to_frame(), told.allocate().to_frame())
    table = pd.DataFrame({"homes": told.homes, "year": 1990})
    found = sgt.allocate(told.group, table, preferences=told.likes, quotas=told.quotas, unplaced="allow")
    pd.testing.assert_frame_equal(found.to_frame(), told.allocate().to_frame())


def test_one_share_for_all_blocks_is_the_same_in_each():
    told = Round(7)
    shares = {"a": 0.5, "b": 0.4, "c": np.nan, "nobody": 0.1}
    table = pd.DataFrame([shares] * 5, index=told.blocks)
    found = told.allocate(quotas=shares)
    for quotas in (pd.Series(shares), table, table[::-1]):
        pd.testing.assert_frame_equal(told.allocate(quotas=quotas).to_frame(), found.to_frame())


def test_segregation_between_blocks_is_measured_as_that_of_any_population():
    points = [Point(b * 500, 0) for b in range(5)]
    told = Round(8)
    homes = geopandas.GeoDataFrame({"homes": told.homes}, geometry=points, crs=32633)
    found = sgt.allocate(told.group, homes, preferences=told.likes, quotas=told.quotas, unplaced="allow")
    pop = found.population()
    housed = found.to_frame().dropna(subset="block")
    assert pop.groups == tuple(told.names)
    assert list(pop.units) == told.blocks
    np.testing.assert_array_equal(pop.group_totals, housed["group"].value_counts()[told.names])
    counts = pd.crosstab(housed["block"], housed["group"]).reindex(told.blocks, fill_value=0)
    assert sgt.dissimilarity(pop) == pytest.approx(sgt.dissimilarity(counts, groups=told.names))
    near = sgt.dissimilarity(pop.within(sgt.Radius(10_000)))
    assert near == pytest.approx(0, abs=1e-9)


def test_quotas_of_the_mix_make_blocks_even():
    """Two groups who like opposite blocks: apart without quotas, half and half with quotas of a half."""
    group = pd.Series(["a", "b"] * 20)
    north = np.where(group == "a", 2.0, 1.0)
    found = sgt.allocate(
        group, {"n": 20, "s": 20}, preferences=pd.DataFrame({"n": north, "s": 3 - north}), quotas={"a": 0.5, "b": 0.5}
    )
    assert sgt.dissimilarity(found.without_quotas.population()) == 1
    assert sgt.dissimilarity(found.population()) == 0
    assert found.price_of_diversity == pytest.approx(80 / 60)


def test_nothing_that_was_given_is_changed():
    told = Round(9)
    kept = [told.group.copy(), told.homes.copy(), told.likes.copy(), told.quotas.copy()]
    found = told.allocate(rng=1)
    found.burden(), found.lottery(draws=2, rng=1), found.prices, str(found)
    pd.testing.assert_series_equal(told.group, kept[0])
    pd.testing.assert_series_equal(told.homes, kept[1])
    pd.testing.assert_frame_equal(told.likes, kept[2])
    pd.testing.assert_frame_equal(told.quotas, kept[3])


def test_an_allocation_survives_a_pickle_and_shows_itself():
    found = Round(10).allocate()
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert float(again) == found.value
    assert "price of diversity" in str(found)
    assert str(found) == str(again)
    assert "<table>" in found._repr_html_()
    lots = found.lottery(draws=10, rng=1)
    assert str(pickle.loads(pickle.dumps(lots))) == str(lots)  # noqa: S301 - our own
    assert "10 lotteries" in lots._repr_html_()
    with pytest.raises(AttributeError):
        found.everyone = True
