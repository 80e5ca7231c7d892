"""Access to services: counted by hand in a town of 5 × 5 blocks, beside loops on random towns, and what must add up."""

import pickle

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

import segregation_tools as sgt

UTM = 32610


# ---------------------------------------------------------------- a town of 5 × 5 blocks, 100 m apart


def town(crs=UTM):
    """4 people of a in each of the two western columns, 2 of b in each block of the others; two wards."""
    x, y = (axis.ravel() * 100.0 for axis in np.meshgrid(np.arange(5), np.arange(5)))
    west = x < 150
    frame = geopandas.GeoDataFrame(
        {"a": np.where(west, 4.0, 0), "b": np.where(west, 0, 2.0), "ward": np.where(y < 150, "south", "north")},
        index=[f"{int(i / 100)}{int(j / 100)}" for i, j in zip(x, y, strict=True)],
        geometry=geopandas.points_from_xy(x, y),
        crs=crs,
    )
    return frame, sgt.Population.from_frame(frame, ["a", "b"], tiers=["ward"])


def services(points, crs=UTM, **columns):
    frame = pd.DataFrame(columns, index=[f"s{i}" for i in range(len(points))])
    return geopandas.GeoDataFrame(frame, geometry=[shapely.Point(p) for p in points], crs=crs)


def test_the_hand_count_of_a_town():
    """One clinic of 12 doctors at the western corner 00, one of 6 at block 40; standard 100 m: three blocks each."""
    _, pop = town()
    found = sgt.access(pop, services([(0, 0), (400, 0)], capacity=[12, 6]), standard=[100, 200])
    units = found.to_frame()
    assert units.loc["00", "nearest"] == 0
    assert units.loc["11", "nearest"] == pytest.approx(100 * 2**0.5)
    assert units.loc["44", "nearest"] == 400
    assert units.loc["11", "service"] == "s0"
    assert units.loc["30", "service"] == "s1"
    assert sorted(units.index[units["within_100"] == 1]) == ["00", "01", "10", "30", "40", "41"]
    assert units.loc["20", "services_200"] == 2  # 200 m from both
    # s0: blocks 00, 10, 01 of 4 people each; s1: 40, 30, 41 of 2 each
    assert units.loc["01", "access_100"] == pytest.approx(12 / 12)
    assert units.loc["41", "access_100"] == pytest.approx(6 / 6)
    # within 200 m: s0 has 00 10 01 11 02 (4 each) and 20 (2), s1 has 40 30 41 31 42 20 (2 each)
    assert units.loc["20", "access_200"] == pytest.approx(12 / 22 + 6 / 12)
    groups = found.groups()
    assert groups.loc["a", "people"] == 40
    assert groups.loc["a", "within_100"] == pytest.approx(3 / 10)
    assert groups.loc["b", "within_100"] == pytest.approx(3 / 15)
    assert groups.loc["all", "within_100"] == pytest.approx(18 / 70)
    assert groups.loc["b", "services_200"] == pytest.approx(7 / 15)
    assert groups.loc["a", "nearest_median"] == pytest.approx(200)  # 0, 100, 100, 141, 200 have half of a
    gaps = found.gaps(draws=0).set_index(["group", "measure"])
    assert gaps.loc[("a", "within_100"), "gap"] == pytest.approx(0.1)
    assert gaps.loc[("a", "within_100"), "ratio"] == pytest.approx(1.5)
    assert list(found.by_service()["people_100"]) == [12, 6]
    # Ranked by the share of a: 30 of b first, 40 of a last; ranks 15/70 and 50/70
    ranked = found.concentration("a", draws=0).set_index("measure")
    by_hand = 2 * (6 * 15 / 70 + 12 * 50 / 70) / 18 - 1
    assert ranked.loc["within_100", "value"] == pytest.approx(by_hand)
    assert ranked.loc["within_100", "normalised"] == pytest.approx(by_hand / (1 - 18 / 70))


def test_the_tiers_of_a_town_by_hand():
    """South (y 0 and 100) has all 18 people within 100 m; it has 28 people, the north 42."""
    _, pop = town()
    found = sgt.access(pop, services([(0, 0), (400, 0)]), standard=100)
    split = found.tiers().set_index(["measure", "tier"])["value"]
    mean, south = 18 / 70, 18 / 28
    assert split["within_100", "ward"] == pytest.approx((28 * (south - mean) ** 2 + 42 * mean**2) / 70)
    assert split["within_100"].sum() == pytest.approx(mean * (1 - mean))
    gap = found.tiers(group="a").set_index(["measure", "tier"])["value"]
    assert gap["within_100", "ward"] == pytest.approx(0)  # both groups live in the south alike: 2 rows of 5
    assert gap["within_100", "unit"] == pytest.approx(0.1)


def test_minutes_from_a_table_are_used_as_they_are():
    frame, pop = town()
    minutes = pd.DataFrame(np.inf, index=frame.index[::-1], columns=["y", "x"])
    minutes.loc["33", "x"], minutes.loc["34", "y"] = 5, 10
    with pytest.warns(sgt.DataWarning, match="no way leads to any service from units '00'"):
        found = sgt.access(pop, pd.DataFrame(index=["x", "y"]), cost=minutes, standard=[5, 10])
    groups = found.groups()
    assert groups.loc["b", "unreached"] == 26
    assert groups.loc["b", "nearest"] == 7.5
    assert np.isnan(groups.loc["a", "nearest"])
    assert groups.loc["all", "nearest_median"] == np.inf
    assert groups.loc["all", "within_5"] == pytest.approx(2 / 70)
    units = found.to_frame()
    assert units.loc["33", "service"] == "x"
    assert units["service"].isna().sum() == 23


def test_by_street_a_river_counts():
    """Two banks 100 m apart, and 300 by the bridge."""
    road = geopandas.GeoSeries([shapely.LineString([(0, 0), (0, 100), (100, 100), (100, 0)])], crs=UTM)
    banks = geopandas.GeoDataFrame(
        {"a": [9.0, 1], "b": [1.0, 9]}, geometry=[shapely.Point(0, 0), shapely.Point(100, 0)]
    )
    pop = sgt.Population.from_frame(banks.set_crs(UTM), ["a", "b"])
    clinic = services([(100, 0)])
    straight, by_street = (sgt.access(pop, clinic, cost=cost, standard=300) for cost in ("metres", road))
    assert straight.to_frame()["nearest"].tolist() == [100, 0]
    assert by_street.to_frame()["nearest"].tolist() == [300, 0]
    assert by_street.to_frame()["within_300"].tolist() == [1, 1]  # a way that is the standard keeps to it


def test_by_street_is_what_dijkstra_finds(tracts):
    from scipy.sparse.csgraph import dijkstra

    from segregation_tools.population.streets import network_of

    some = tracts.to_crs(UTM).iloc[::8]
    pop = sgt.Population.from_frame(some, ["white", "black"])
    streets = sgt.load("sacramento_streets")
    clinics = geopandas.GeoDataFrame(geometry=some.representative_point().iloc[:4])
    clinics = pd.concat([clinics, clinics.iloc[:1].set_axis(["again"])])
    found = sgt.access(pop, clinics, cost=streets, standard=1e6)
    homes = pop.geography.centroids.to_numpy()
    places = np.concatenate([homes, shapely.get_coordinates(clinics.geometry.iloc[:4])])
    graph, nodes, _ = network_of(streets, pop.geography.crs).with_places(places)
    full = dijkstra(graph, directed=False, indices=nodes[-4:])[:, nodes[:-4]].T
    np.testing.assert_allclose(found.ways.costs, full[:, [0, 1, 2, 3, 0]])


# ---------------------------------------------------------------- random towns, beside loops


def random_town(seed, groups=3):
    chance = np.random.default_rng(seed)
    units, many = int(chance.integers(2, 9)), int(chance.integers(1, 5))
    counts = chance.integers(0, 5, (units, groups)) + np.eye(units, groups, dtype=int)
    counts[0] += 1
    names = list("abc")[:groups]
    frame = pd.DataFrame(counts, columns=names, index=[f"u{i}" for i in chance.permutation(units)])
    frame["county"] = chance.integers(0, 2, units)
    frame["ward"] = frame["county"] * 10 + chance.integers(0, 2, units)
    minutes = pd.DataFrame(chance.integers(0, 12, (units, many)) * 1.0, index=frame.index, columns=range(many))
    offers = pd.DataFrame({"capacity": chance.integers(0, 9, many)}, index=range(many))
    return frame, names, offers, minutes


def measured(frame, names, offers, minutes, **told):
    pop = sgt.Population.from_frame(frame, names, tiers=["county", "ward"])
    return sgt.access(pop, offers, cost=minutes, **({"standard": [12]} | told))


RINGS = {4: 1, 8: 0.5, 12: 0.25}
PLAIN = {
    "uniform": lambda t: float(t <= 12),
    "triangular": lambda t: max(0.0, 1 - t / 12),
    "epanechnikov": lambda t: max(0.0, 1 - (t / 12) ** 2),
    "biweight": lambda t: max(0.0, 1 - (t / 12) ** 2) ** 2,
    "rings": lambda t: 1 if t <= 4 else 0.5 if t <= 8 else 0.25 if t <= 12 else 0,
}


@settings(max_examples=25)
@drawn(seed=st.integers(0, 9999), kernel=st.sampled_from(list(PLAIN)))
def test_floating_catchments_are_two_loops(seed, kernel):
    frame, names, offers, minutes = random_town(seed)
    found = measured(frame, names, offers, minutes, kernel=RINGS if kernel == "rings" else kernel)
    people = frame[names].sum(axis=1)
    expected = dict.fromkeys(frame.index, 0.0)
    reached = 0.0
    for service, capacity in offers["capacity"].items():
        demand = sum(people[unit] * PLAIN[kernel](minutes.loc[unit, service]) for unit in frame.index)
        reached += capacity if demand else 0
        for unit in frame.index:
            expected[unit] += capacity / demand * PLAIN[kernel](minutes.loc[unit, service]) if demand else 0
    units = found.to_frame()
    np.testing.assert_allclose(units["access_12"], pd.Series(expected)[units.index])
    assert (units["access_12"] * people).sum() == pytest.approx(reached)  # supply is shared out, none is lost


@settings(max_examples=25)
@drawn(seed=st.integers(0, 9999))
def test_groups_add_up_to_everyone(seed):
    found = measured(*random_town(seed), standard=[3, 6, 12])
    groups = found.groups()
    alone, whole = groups.drop(index="all"), groups.loc["all"]
    for name in found.measures:
        assert np.average(alone[name], weights=alone["people"]) == pytest.approx(whole[name])
    assert alone["people"].sum() == whole["people"]
    for against in ("all", "others"):
        gaps = found.gaps(against=against, draws=0).set_index(["measure", "group"])
        for name in found.measures:
            gap = gaps.loc[name, "gap"]
            weights = alone["people"] * (1 - alone["people"] / whole["people"] if against == "others" else 1)
            assert (gap * weights[gap.index]).sum() == pytest.approx(0, abs=1e-9)


@settings(max_examples=25)
@drawn(seed=st.integers(0, 9999))
def test_tiers_add_up_to_the_variance_and_to_the_gap(seed):
    frame, names, offers, minutes = random_town(seed)
    found = measured(frame, names, offers, minutes)
    people = frame[names].sum(axis=1).to_numpy()
    variance, gap = (found.tiers(group=g).groupby("measure")["value"].sum() for g in (None, "a"))
    told = found.gaps(draws=0).set_index(["group", "measure"])["gap"]
    for name, values in found.measures.items():
        mean = np.average(values, weights=people)
        assert variance[name] == pytest.approx(np.average((values - mean) ** 2, weights=people), abs=1e-12)
        assert gap[name] == pytest.approx(told["a", name], abs=1e-12)
    assert (found.tiers()["value"] >= 0).all()


@settings(max_examples=25)
@drawn(seed=st.integers(0, 9999))
def test_the_concentration_index_is_the_sum_over_pairs_of_people(seed):
    """Σ over all pairs of people: the value of the one who ranks higher less that of the other, over n² mean."""
    frame, names, offers, minutes = random_town(seed)
    found = measured(frame, names, offers, minutes)
    income = pd.Series(np.random.default_rng(seed).integers(0, 4, len(frame)) * 1.0, index=frame.index[::-1])
    people = frame[names].sum(axis=1)
    told = found.concentration(income, draws=0).set_index("measure")["value"]
    person = frame.index.repeat(people)
    rank = income[person].to_numpy()
    for name, values in found.measures.items():
        y = pd.Series(values, index=frame.index)[person].to_numpy()
        if y.sum() == 0:
            assert np.isnan(told[name])
            continue
        pairs = ((y[:, None] - y) * np.sign(rank[:, None] - rank)).sum() / 2
        assert told[name] == pytest.approx(pairs / (len(y) ** 2 * y.mean()), abs=1e-12)


@settings(max_examples=15)
@drawn(seed=st.integers(0, 9999))
def test_the_order_of_rows_is_nothing(seed):
    frame, names, offers, minutes = random_town(seed)
    chance = np.random.default_rng(seed)
    one = measured(frame, names, offers, minutes)
    shuffled = frame.iloc[chance.permutation(len(frame))]
    other = measured(shuffled, names, offers, minutes.iloc[::-1, ::-1])
    pd.testing.assert_frame_equal(one.groups(), other.groups())
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame().loc[frame.index])


def test_who_belongs_to_no_group_competes_for_services_too():
    frame, _ = town()
    frame["total"] = frame["a"] + frame["b"] + 1
    pop = sgt.Population.from_frame(frame, ["a", "b"], total="total")
    groups = sgt.access(pop, services([(0, 0)]), standard=100).groups()
    assert list(groups.index) == ["a", "b", "rest", "all"]
    assert groups.loc["all", "people"] == 95
    assert groups.loc["all", "access_100"] == pytest.approx(1 / 95)


# ---------------------------------------------------------------- chance


def test_intervals_hold_the_value_and_are_the_same_for_a_seed():
    _, pop = town()
    found = sgt.access(pop, services([(0, 0), (400, 0)]), standard=100)
    gaps = found.gaps(draws=300, rng=7)
    pd.testing.assert_frame_equal(gaps, found.gaps(draws=300, rng=7))
    assert ((gaps["gap_low"] <= gaps["gap"]) & (gaps["gap"] <= gaps["gap_high"])).all()
    # The standard error of a mean of n people is that of their values: both groups drawn, 40 of a and 30 of b
    wide = found.gaps(draws=4000, rng=3, level=0.6827).set_index(["group", "measure"]).loc[("a", "within_100")]
    expected = (0.3 * 0.7 / 40 + 0.2 * 0.8 / 30) ** 0.5
    assert (wide["gap_high"] - wide["gap_low"]) / 2 == pytest.approx(expected, rel=0.1)
    units = found.gaps(draws=50, of="units", rng=7)
    assert (units["gap_low"] < units["gap_high"]).any()
    ranked = found.concentration("a", draws=99, rng=7)
    assert ((ranked["low"] <= ranked["value"]) & (ranked["value"] <= ranked["high"])).all()
    with pytest.raises(sgt.OptionError, match="rng=7"):
        found.gaps()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"services": services([(0, 0)], crs=4326)}, sgt.GeographyError, r"services.to_crs\(pop.geography.crs\)"),
        ({"services": services([(0, 0)], crs=None)}, sgt.GeographyError, "set_crs"),
        ({"services": services([(0, 0)]).iloc[:0]}, sgt.DataError, "empty"),
        ({"services": pd.DataFrame(index=["x"])}, sgt.GeographyError, "services has no places"),
        ({"services": "clinics"}, sgt.DataError, "not str"),
        ({"services": services([(0, 0), (1, 1)]).set_axis(["x", "x"])}, sgt.DataError, "several rows for 'x'"),
        ({"services": services([(0, 0)], capacity=[-1])}, sgt.DataError, "capacity must be the supply"),
        ({"services": services([(0, 0), (np.inf, 0)])}, sgt.GeographyError, "infinite or missing: 's1'"),
        ({"standard": -5}, sgt.OptionError, "standard must be"),
        ({"standard": [500, 500]}, sgt.OptionError, "several different"),
        ({"standard": []}, sgt.OptionError, "several different"),
        ({"kernel": "gaussian"}, sgt.OptionError, "kernel must be one of"),
        ({"kernel": {10: 0.5, 20: 1}}, sgt.OptionError, "near ones no less than far ones"),
        ({"cost": "minutes"}, sgt.OptionError, "cost must be 'metres', streets"),
        ({"cost": 5}, sgt.OptionError, "not int"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(change, error, words):
    _, pop = town()
    with pytest.raises(error, match=words):
        sgt.access(pop, **({"services": services([(0, 0)]), "standard": 500} | change))


def test_missing_places_are_named():
    _, pop = town()
    lost = services([(0, 0), (1, 1)])
    lost.loc["s1", "geometry"] = None
    with pytest.raises(sgt.GeographyError, match="without geometry: 's1'"):
        sgt.access(pop, lost, standard=500)


def test_degrees_are_refused_with_the_line_to_type(tracts):
    pop = sgt.Population.from_frame(tracts, ["white", "black"])
    points = geopandas.GeoDataFrame(geometry=tracts.representative_point().iloc[:2])
    with pytest.raises(sgt.GeographyError, match="estimate_utm_crs"):
        sgt.access(pop, points, standard=500)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda m: m.iloc[1:], "absent are '00'"),
        (lambda m: m.rename(index={"00": "zz"}), "not known are 'zz'"),
        (lambda m: m.rename(columns={"s0": "s9"}), "absent are 's0'"),
        (lambda m: m.replace(0.0, np.nan), r"fillna\(np.inf\)"),
        (lambda m: m - 1, "cost must be 0 or more; it is -1.0 from unit '00' to 's0'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(spoil, words):
    frame, pop = town()
    minutes = pd.DataFrame({"s0": np.arange(25.0)}, index=frame.index)
    with pytest.raises(sgt.DataError, match=words):
        sgt.access(pop, services([(0, 0)]), cost=spoil(minutes), standard=5)


def test_a_service_that_is_far_from_everyone_is_named():
    _, pop = town()
    with pytest.warns(sgt.DataWarning, match="services that no unit has within 100 metres: 's1'"):
        sgt.access(pop, services([(0, 0), (9000, 0)]), standard=100)


def test_questions_that_cannot_be_answered_are_refused():
    frame, pop = town()
    found = sgt.access(pop, services([(0, 0)]), standard=500)
    with pytest.raises(sgt.GroupError, match="no group 'c'"):
        found.gaps(against="c", draws=0)
    with pytest.raises(sgt.GroupError, match="no group 'z'"):
        found.tiers(group="z")
    with pytest.raises(sgt.GroupError, match="by must be a group"):
        found.concentration("c", draws=0)
    with pytest.raises(sgt.DataError, match="no value for units '00'"):
        found.concentration(pd.Series(1.0, index=frame.index[1:]), draws=0)
    with pytest.raises(sgt.CapabilityError, match="without within"):
        sgt.access(pop.within(sgt.Radius(100)), services([(0, 0)]), standard=500)
    flat = sgt.Population.from_frame(frame, ["a", "b"])
    with pytest.raises(sgt.DataError, match="no tiers"):
        sgt.access(flat, services([(0, 0)]), standard=500).tiers()
    with pytest.raises(sgt.GroupError, match="only group"):
        sgt.access(sgt.Population.from_frame(frame, ["a"]), services([(0, 0)]), standard=500).gaps(draws=0)


def test_a_result_is_read_written_and_kept():
    _, pop = town()
    found = sgt.access(pop, services([(0, 0)], capacity=[3]), standard=500)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301
    pd.testing.assert_frame_equal(again.groups(), found.groups())
    assert "1 service;" in str(found)
    assert "<table>" in found._repr_html_()
    assert found.to_frame().crs == pop.geography.crs


def test_cells_of_a_grid_have_access_too():
    cells = sgt.Population.from_raster(np.array([[[3, 0], [0, 5]], [[1, 2], [1, 0]]]), cell_size=100)
    corner = cells.geography.centroids.iloc[0]
    clinic = geopandas.GeoDataFrame(geometry=[shapely.Point(corner["x"], corner["y"])])
    units = sgt.access(cells, clinic, standard=100).to_frame()
    np.testing.assert_allclose(units["nearest"], [0, 100, 100, 100 * 2**0.5])


def test_standards_that_are_nearly_alike_keep_names_of_their_own():
    pop = sgt.Population([[3, 4]], ["a"], units=["u", "v"])
    cost = pd.DataFrame({"s": [10.0, 2e6]}, index=["u", "v"])
    found = sgt.access(pop, pd.DataFrame(index=["s"]), cost=cost, standard=[1_000_000, 1_000_001, 1234.567])
    names = ["within_1000000", "within_1000001", "within_1234.567"]
    assert [name for name in found.to_frame() if name.startswith("within")] == sorted(names, key=lambda n: float(n[7:]))


def test_what_is_the_same_everywhere_has_nothing_between_tiers():
    frame = pd.DataFrame({"a": [3, 5, 7, 9], "b": [1, 8, 2, 2], "town": list("xxyy")}, index=list("pqrs"))
    pop = sgt.Population.from_frame(frame, ["a", "b"], tiers=["town"])
    cost = pd.DataFrame({"s": 0.1}, index=list("pqrs"))
    found = sgt.access(pop, pd.DataFrame(index=["s"]), cost=cost, standard=1)
    for table in (found.tiers(), found.tiers(group="a")):
        rows = table[table["measure"] == "nearest"]
        assert (rows["value"] == 0).all()
        assert rows["share"].isna().all()


def test_a_ranking_is_needed_where_people_live():
    pop = sgt.Population([[3, 4, 0], [5, 1, 0]], ["a", "b"], units=["u", "v", "empty"])
    cost = pd.DataFrame({"s": [1.0, 2.0, 3.0]}, index=["u", "v", "empty"])
    found = sgt.access(pop, pd.DataFrame(index=["s"]), cost=cost, standard=1)
    income = pd.Series([10.0, 20.0, np.nan], index=["u", "v", "empty"])
    ranked = found.concentration(income, draws=0)
    assert ranked["value"].notna().all()
    with pytest.raises(sgt.DataError, match="a number; it is nan for 'v'"):
        found.concentration(pd.Series([10.0, np.nan, 1.0], index=["u", "v", "empty"]), draws=0)
    with pytest.raises(sgt.GroupError, match="not ndarray"):
        found.concentration(income.to_numpy(), draws=0)
    with pytest.raises(sgt.GroupError, match="not ndarray"):
        found.gaps(against=income.to_numpy(), draws=0)
