"""Places beside each other: at one scale, without chance, and no order that is not known."""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt


def town(seed, *, shape=(2, 5), units=60, people=400):
    chance = np.random.default_rng(seed)
    share = chance.beta(*shape, units)
    size = np.full(units, people)
    few = chance.binomial(size, share)
    return sgt.Population([few, size - few], ["a", "b"])


@pytest.fixture(scope="module")
def counties(tracts):
    """Neighbouring counties, each in a coordinate system of its own."""
    systems = [32610, 3310, 32611, 26910]
    return {
        name: sgt.Population.from_frame(frame.to_crs(crs), ["black", "white"])
        for (name, frame), crs in zip(tracts.groupby("county"), systems, strict=False)
    }


def test_columns_and_what_they_are_made_of(counties):
    found = sgt.compare(counties, indices=[sgt.dissimilarity, sgt.mutual_information], draws=99, rng=1)
    assert list(found["place"]) == [name for name in counties for _ in range(2)]  # no league table: the order given
    assert list(found["index"]) == ["dissimilarity", "mutual_information"] * len(counties)
    for row in found.itertuples():
        index = getattr(sgt, row.index)
        pop = counties[row.place]
        assert row.value == index(pop)
        assert row.expected == pytest.approx(sgt.expected(index, pop), rel=0.2)
        room = 1 - row.expected if row.symbol == "D" else 1
        assert row.adjusted == pytest.approx((row.value - row.expected) / room)
        assert row.low < row.adjusted < row.high
        se = sgt.bootstrap(index, pop, draws=99, rng=3).se / room
        assert (row.high - row.low) / (2 * 1.96) == pytest.approx(se, rel=0.4)
        assert row.people == pop.group_totals.sum()
        assert (row.units, row.median_unit) == ((pop.sizes > 0).sum(), np.median(pop.sizes[pop.sizes > 0]))
        assert 1 <= row.rank_low <= row.rank_high <= len(counties)
    again = sgt.compare(counties, indices=[sgt.dissimilarity, sgt.mutual_information], draws=99, rng=1)
    pd.testing.assert_frame_equal(found, again)
    first, *others = counties
    turned = {name: counties[name] for name in [*others[1:], first]}
    fewer = sgt.compare(turned, indices=[sgt.dissimilarity, sgt.mutual_information], draws=99, rng=1)
    kept = [name for name in list(found) if not name.startswith("rank")]
    both = found.set_index(["place", "index"])[kept[2:]].loc[fewer.set_index(["place", "index"]).index]
    pd.testing.assert_frame_equal(both, fewer.set_index(["place", "index"])[kept[2:]])


@pytest.mark.parametrize("scale", [{"radius": 3000}, {"people": 9000}])
def test_one_scale_in_places_of_different_coordinates(counties, scale):
    recipe = sgt.Radius(3000) if "radius" in scale else sgt.NearestPeople(9000)
    found = sgt.compare(counties, indices=[sgt.information_theory], draws=9, rng=1, **scale)
    for row in found.itertuples():
        assert row.value == sgt.information_theory(counties[row.place].within(recipe))


def test_ranks_that_are_certain_and_ranks_that_are_not():
    apart = {"low": town(1, shape=(60, 60)), "high": town(2, shape=(1, 1)), "middle": town(3, shape=(4, 4))}
    found = sgt.compare(apart, indices=[sgt.dissimilarity], rng=1).set_index("place")
    assert found[["rank_low", "rank_high"]].to_numpy().tolist() == [[3, 3], [1, 1], [2, 2]]
    alike = {name: town(1, people=30) for name in "abcd"}
    found = sgt.compare(alike, indices=[sgt.dissimilarity], rng=1)
    assert (found["rank_low"] == 1).all()
    assert (found["rank_high"] == 4).all()
    alone = sgt.compare({"x": town(1)}, rng=1)
    assert alone[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1]] * 2


@pytest.mark.slow
def test_intervals_of_ranks_hold_all_true_ranks_at_once():
    """Five cities of known shares, measured 200 times: none of the five intervals misses, in 95 of 100 cases or more."""
    chance = np.random.default_rng(5)
    shares = [chance.beta(shape, shape, 80) for shape in (3, 3.3, 3.4, 4, 6)]
    sizes = np.full(80, 500)
    truth = np.array([sgt.dissimilarity(sgt.Population([500 * p, 500 * (1 - p)], ["a", "b"])) for p in shares])
    ranks = 1 + (truth[:, None] < truth).sum(axis=1)
    held = 0
    for r in range(200):
        drawn = {}
        for name, share in zip("vwxyz", shares, strict=True):
            few = chance.binomial(sizes, share)
            drawn[name] = sgt.Population([few, sizes - few], ["a", "b"])
        found = sgt.compare(drawn, indices=[sgt.dissimilarity], draws=200, rng=r)
        held += ((found["rank_low"] <= ranks) & (ranks <= found["rank_high"])).all()
    assert held / 200 >= 0.92


def test_an_undefined_place_has_no_rank_and_takes_none():
    places = {"x": town(1), "y": town(2), "alone": sgt.Population([[1, 0], [0, 1]], ["a", "b"])}
    fair = sgt.adjusted(sgt.dissimilarity, method="leave_one_out")
    with pytest.warns(sgt.UndefinedWarning), pytest.warns(sgt.DataWarning, match="1 residents"):
        found = sgt.compare(places, indices=[fair], rng=1, draws=20).set_index("place")
    assert found.loc["alone", ["value", "adjusted", "rank_low", "rank_high"]].isna().all()
    assert found.loc[["x", "y"], "rank_high"].max() == 2


def test_differences_in_kind_are_told():
    small = sgt.Population(town(1).counts / 10, ["a", "b"]).merge(range(60))
    whole = sgt.Population(np.rint(small.counts), ["a", "b"])
    with pytest.warns(sgt.DataWarning, match=r"units differ in size: .* 40 residents in 'small', 400 in 'large'"):
        sgt.compare({"small": whole, "large": town(1)}, rng=1, draws=9)
    tract = sgt.Population(town(1).counts, ["a", "b"], units=[f"06067{i:06}" for i in range(60)])
    group = sgt.Population(town(2).counts, ["a", "b"], units=[f"06067{i:07}" for i in range(60)])
    with pytest.warns(sgt.DataWarning, match=r"codes of 11 digits in 'x'; 12 digits in 'y'"):
        sgt.compare({"x": tract, "y": group}, rng=1, draws=9)
    near = tract.within(sgt.Zones(["p", "q"] * 30))
    with pytest.warns(
        sgt.DataWarning, match="residents meet everyone of the same zone in 'x'; those of their unit in 'y'"
    ):
        sgt.compare({"x": near, "y": tract}, rng=1, draws=9)


def test_refusals(tracts):
    x = town(1)
    other = sgt.Population(x.counts, ["a", "c"])
    turned = x[["b", "a"]]
    one, same = sgt.compare({"x": x, "y": turned}, indices=[sgt.interaction], rng=1, draws=9)["value"]
    assert one == same  # the second place's groups in the order of the first's
    degrees = sgt.Population.from_frame(tracts, ["black", "white"])
    cases = [
        ({"places": [x]}, "mapping of names"),
        ({"places": {}}, "mapping of names"),
        ({"places": {"x": x, "y": other}}, "groups differ: 'a', 'b' in 'x', 'a', 'c' in 'y'"),
        ({"rng": None}, "rng=7"),
        ({"indices": [sgt.isolation]}, "one value; not so: 'isolation'"),
        ({"indices": []}, "none was given"),
        ({"radius": 9, "people": 9}, "not both"),
        ({"draws": 1}, "draws"),
        ({"level": 95}, "level"),
        ({"places": {"x": x.within(sgt.Zones(["p", "q"] * 30))}, "radius": 9}, "without one, 'x'"),
        ({"places": {"Sacramento": degrees}, "radius": 900}, "place 'Sacramento': .*estimate_utm_crs"),
        ({"places": {"x": sgt.Population(x.counts + 0.5, x.groups)}}, "place 'x': only whole people"),
    ]
    for given, says in cases:
        with pytest.raises(ValueError, match=says):
            sgt.compare(**({"places": {"x": x}, "rng": 1, "draws": 9} | given))


def test_places_that_are_tied_are_not_ranked_apart():
    """Both fully separate: D is 1 but for the last digit."""
    a = sgt.Population([[7, 0, 13, 0], [0, 11, 0, 17]], ["a", "b"])
    b = sgt.Population([[3, 0, 9, 0, 1, 0, 0], [0, 3, 0, 5, 0, 1, 7]], ["a", "b"])
    with pytest.warns(sgt.DataWarning, match="differ in size"):
        found = sgt.compare({"A": a, "B": b}, indices=sgt.dissimilarity, rng=0, draws=50)
    assert found[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_where_chance_separates_all_nothing_can_be_adjusted():
    one = sgt.Population(np.eye(2)[[0, 1, 1, 0, 1, 0]].T, ["a", "b"])
    with pytest.warns(sgt.UndefinedWarning, match="chance alone separates all groups in 'A'"):
        found = sgt.compare({"A": one}, indices=[sgt.dissimilarity], rng=1, draws=20)
    assert found[["adjusted", "low", "high", "rank_low"]].isna().all(axis=None)
    assert found["value"].tolist() == [1]


def test_grids_are_places_too():
    counts = np.random.default_rng(0).integers(1, 9, (2, 6, 6))
    grid = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(6, 6, 100))
    found = sgt.compare({"A": grid, "B": grid}, radius=150, rng=1, draws=20)
    assert found["value"].notna().all()
    with pytest.raises(sgt.OptionError, match="kernel='gaussian' is of a radius"):
        sgt.compare({"A": grid}, kernel="gaussian", rng=1)
