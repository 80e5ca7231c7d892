"""Whom people meet through the day: against following everyone by hand, and against what must hold whoever goes where."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt

GROUPS = ["a", "b", "c"]
ENDS = {"origin": "from", "destination": "to"}
SIMILAR = {"atol": 1e-12, "rtol": 0}


class Town:
    """Homes, flows to work by group, flows of everyone to leisure, and schools that pupils are counted at."""

    def __init__(self, seed, units=5, places=4):
        chance = np.random.default_rng(seed)
        self.counts = chance.integers(1, 40, (3, units)).astype(float)
        self.work = chance.integers(0, 9, (3, units, places)).astype(float)
        self.work[:, :, 0] += 1
        self.leisure = chance.integers(0, 9, (units, places)).astype(float)
        self.leisure[:, 1] += 1
        self.school = chance.integers(1, 30, (3, 3)).astype(float)
        self.hours = pd.DataFrame(chance.integers(1, 90, (4, 3)), ["home", "work", "leisure", "school"], GROUPS)
        self.units = [f"u{i}" for i in range(units)]

    @property
    def homes(self):
        return sgt.Population(self.counts, GROUPS, units=self.units)

    def trips(self):
        rows = [
            {"from": unit, "to": f"w{j}", "who": group, "n": self.work[g, i, j]}
            for g, group in enumerate(GROUPS)
            for i, unit in enumerate(self.units)
            for j in range(self.work.shape[2])
        ]
        return pd.DataFrame(rows)

    def outings(self):
        rows = [
            {"from": unit, "to": f"l{j}", "n": self.leisure[i, j]}
            for i, unit in enumerate(self.units)
            for j in range(self.leisure.shape[1])
        ]
        return pd.DataFrame(rows)

    def domains(self, **changed):
        return {
            "home": self.homes,
            "work": sgt.Visits(self.trips(), **ENDS, weight="n", group="who"),
            "leisure": sgt.Flows(self.outings(), **ENDS, weight="n"),
            "school": sgt.Population(self.school, GROUPS),
        } | changed

    def meeting(self, **changed):
        return sgt.meeting(self.domains(**changed), hours=self.hours)

    def by_hand(self):
        """Exposure in each domain, following the members of each group of each unit."""
        n = self.counts
        to_work = self.work / self.work.sum(axis=2, keepdims=True)
        out = np.stack([self.leisure / self.leisure.sum(axis=1, keepdims=True)] * 3)
        found = {}
        for name, going in (("home", np.stack([np.eye(n.shape[1])] * 3)), ("work", to_work), ("leisure", out)):
            there = np.array([[sum(n[g] * going[g, :, j]) for j in range(going.shape[2])] for g in range(3)])
            met = np.zeros((3, 3))
            for g in range(3):
                for i in range(n.shape[1]):
                    for j in range(going.shape[2]):
                        if there[:, j].sum():
                            met[g] += n[g, i] / n[g].sum() * going[g, i, j] * there[:, j] / there[:, j].sum()
            found[name] = met
        s = self.school
        found["school"] = (s / s.sum(axis=1, keepdims=True)) @ (s / s.sum(axis=0)).T
        return found


towns = st.builds(Town, st.integers(0, 9999), st.integers(2, 6), st.integers(2, 4))


# ---------------------------------------------------------------- who meets whom


@given(town=towns)
@settings(max_examples=30)
def test_it_is_whom_one_meets_by_following_everyone(town):
    found, hand = town.meeting(), town.by_hand()
    shares = town.hours / town.hours.sum()
    for domain, matrix in hand.items():
        np.testing.assert_allclose(found.exposure.loc[domain], matrix, **SIMILAR)
    together = sum(shares.loc[domain].to_numpy()[:, np.newaxis] * matrix for domain, matrix in hand.items())
    np.testing.assert_allclose(found.together, together, **SIMILAR)


@given(town=towns)
@settings(max_examples=30)
def test_domains_add_up_and_rows_to_one(town):
    found = town.meeting()
    np.testing.assert_allclose(found.exposure.sum(axis=1), 1, **SIMILAR)
    np.testing.assert_allclose(found.together.sum(axis=1), 1, **SIMILAR)
    tidy = found.to_frame().groupby(["from", "to"])["contribution"].sum().to_numpy()
    np.testing.assert_allclose(tidy, found.together.to_numpy().ravel(), **SIMILAR)
    own = found.isolation["contribution"].groupby("group").sum()
    np.testing.assert_allclose(own, np.diag(found.together), **SIMILAR)
    assert found.domains["share"].drop("together").sum() == pytest.approx(1, abs=1e-12)


@given(town=towns)
@settings(max_examples=30)
def test_every_index_measures_the_residents_among_those_they_meet(town):
    found = town.meeting()
    np.testing.assert_allclose(sgt.exposure(found.population), found.together, **SIMILAR)
    np.testing.assert_allclose(found.population.group_totals, town.counts.sum(axis=1))
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.variance_ratio):
        row = found.measured(index)
        assert row["together"] == pytest.approx(index(found.population))
        assert row["home"] == pytest.approx(index(town.homes), abs=1e-12)
    assert found.population.units.names == ["unit", "group"]


@given(town=towns, seed=st.integers(0, 99))
@settings(max_examples=20)
def test_places_add_up_to_what_groups_meet_of_each_other(town, seed):
    found = town.meeting()
    sizes = town.homes.mix.to_numpy()
    places = found.bridges()
    across = 1 - sizes @ np.diag(found.together)
    np.testing.assert_allclose(places[["time", "contribution", "share"]].sum(), [1, across, 1], **SIMILAR)
    pair = found.bridges(of="a", to="c")
    np.testing.assert_allclose(pair["contribution"].sum(), found.together.loc["a", "c"], **SIMILAR)
    np.testing.assert_allclose(pair["time"].sum(), 1, **SIMILAR)
    assert (places["contribution"].diff().dropna() <= 0).all()
    parted = pd.concat([town.trips().assign(n=lambda f: f["n"] / 2)] * 2).sample(frac=1, random_state=seed)
    order = np.random.default_rng(seed).permutation(len(town.units))
    moved = sgt.Population(town.counts[:, order], GROUPS, units=[town.units[i] for i in order])
    again = town.meeting(home=moved, work=sgt.Visits(parted, **ENDS, weight="n", group="who"))
    np.testing.assert_allclose(again.together, found.together, **SIMILAR)
    np.testing.assert_allclose(again.bridges().loc[places.index], places, atol=1e-12)


@given(town=towns)
@settings(max_examples=20)
def test_flows_in_columns_and_in_rows_are_one(town):
    wide = town.trips().pivot_table(index=["from", "to"], columns="who", values="n").reset_index()
    columns = sgt.Visits(wide, **ENDS, weight={group: group for group in GROUPS})
    np.testing.assert_allclose(town.meeting(work=columns).together, town.meeting().together, **SIMILAR)


@given(town=towns)
@settings(max_examples=20)
def test_flows_of_everyone_are_the_environment_of_that_name(town):
    flows = sgt.Flows(town.outings(), **ENDS, weight="n")
    np.testing.assert_allclose(
        town.meeting().exposure.loc["leisure"], sgt.exposure(town.homes.within(flows)), **SIMILAR
    )
    shared = sgt.Flows(town.outings(), **ENDS, weight="n", home_share=0.3)
    found = town.meeting(leisure=shared)
    np.testing.assert_allclose(found.exposure.loc["leisure"], sgt.exposure(town.homes.within(shared)), **SIMILAR)
    assert ("leisure", "at home") in found.bridges().index


@given(town=towns)
@settings(max_examples=20)
def test_hours_choose_between_domains(town):
    domains = {name: town.domains()[name] for name in ("home", "work")}
    only = sgt.meeting(domains, hours={"home": 0, "work": 7})
    np.testing.assert_allclose(only.together, only.exposure.loc["work"], **SIMILAR)
    home = sgt.meeting(domains, hours={"work": 0, "home": 2})
    for index in (sgt.dissimilarity, sgt.gini, sgt.information_theory):
        assert index(home.population) == pytest.approx(index(town.homes), abs=1e-12)


def test_other_environments_are_domains_and_the_one_of_home_counts():
    town = Town(3)
    zones = sgt.Zones(pd.Series(["n", "n", "s", "s", "s"], town.units))
    home = town.homes.within(zones)
    found = sgt.meeting({"flat": home, "school": zones}, hours={"flat": 1, "school": 1}, home="flat")
    for domain in ("flat", "school"):
        np.testing.assert_allclose(found.exposure.loc[domain], sgt.exposure(home), **SIMILAR)
    np.testing.assert_allclose(found.together, sgt.exposure(home), **SIMILAR)


# ---------------------------------------------------------------- counted by hand


def two_streets():
    """20 a live in u, 20 b in v. Ten a work alone in x, ten at y with all b."""
    homes = sgt.Population([[20, 0], [0, 20]], groups=["a", "b"], units=["u", "v"])
    trips = pd.DataFrame({"from": ["u", "u", "v"], "to": ["x", "y", "y"], "a": [10, 10, 0], "b": [0, 0, 20]})
    work = sgt.Visits(trips, **ENDS, weight={"a": "a", "b": "b"})
    return sgt.meeting({"home": homes, "work": work}, hours={"home": 60, "work": 40})


def test_two_streets_counted_by_hand():
    found = two_streets()
    np.testing.assert_allclose(found.exposure.loc["home"], [[1, 0], [0, 1]])
    np.testing.assert_allclose(found.exposure.loc["work"], [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])  # ½·1 + ½·⅓, and ⅔
    assert found.measured(sgt.dissimilarity)["work"] == pytest.approx(0.5)  # half of a would have to change
    places = found.bridges()
    assert places.index[0] == ("work", "y")
    # at y are 0.4 · 30/40 of all time; ten a meet ⅔ others, twenty b ⅓: (10 · ⅔ + 20 · ⅓)/40 · 0.4
    assert places.loc[("work", "y")].tolist() == pytest.approx([0.3, 4 / 9, 0.4 / 3, 1])
    isolating = found.isolating()
    assert isolating["domain"].tolist() == ["home", "home"]
    assert isolating["least"].tolist() == ["work", "work"]
    assert isolating.loc["a", ["isolation", "even", "beyond"]].tolist() == [1, 0.5, 1]
    table = found.exposure_segregation()
    np.testing.assert_allclose(table.loc[["home", "work", "together"], "a"], [1, 1 / 3, 0.6 + 0.4 / 3])


def test_what_is_given_stays_as_it_is_and_results_can_be_kept():
    town = Town(1)
    trips = town.trips()
    before = trips.copy()
    found = town.meeting(work=sgt.Visits(trips, **ENDS, weight="n", group="who"))
    pd.testing.assert_frame_equal(trips, before)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    pd.testing.assert_frame_equal(again.domains, found.domains)
    assert "4 domains" in str(found)
    assert "<table>" in found._repr_html_()


# ---------------------------------------------------------------- own against met


@given(town=towns)
@settings(max_examples=20)
def test_the_slope_of_two_groups_is_the_variance_ratio_and_the_correlation_its_root(town):
    pair = sgt.Population(town.counts[:2], GROUPS[:2], units=town.units)
    trips = town.trips().query("who != 'c'")
    domains = {"home": pair, "work": sgt.Visits(trips, **ENDS, weight="n", group="who")}
    found = sgt.meeting(domains, hours={"home": 3, "work": 2})
    lines = found.exposure_segregation({"a": 1.0, "b": 0.0})
    ratios = found.measured(sgt.variance_ratio)
    for group in ("a", "b"):
        np.testing.assert_allclose(found.exposure_segregation()[group], lines["slope"], atol=1e-12)
    np.testing.assert_allclose(lines["slope"].drop("together"), ratios.drop("together"), atol=1e-12)
    np.testing.assert_allclose(lines["correlation"].drop("together") ** 2, ratios.drop("together"), atol=1e-12)


@given(town=towns, seed=st.integers(0, 99))
@settings(max_examples=20)
def test_own_and_met_are_those_of_every_person(town, seed):
    """Each member of each group and unit as a row, with each place of work."""
    chance = np.random.default_rng(seed)
    income = pd.DataFrame(chance.integers(1, 90, (len(town.units), 3)), town.units, GROUPS).astype(float)
    found = sgt.meeting(
        {name: town.domains()[name] for name in ("home", "work")}, hours={"home": 3, "work": 2}
    ).exposure_segregation(income)
    x = income.to_numpy().T
    going = town.work / town.work.sum(axis=2, keepdims=True)
    people = town.counts[:, :, np.newaxis] * going
    at_work = (people * x[:, :, np.newaxis]).sum(axis=(0, 1)) / people.sum(axis=(0, 1))
    at_home = (town.counts * x).sum(axis=0) / town.counts.sum(axis=0)
    met = {
        "home": np.broadcast_to(at_home[:, np.newaxis], people.shape),
        "work": np.broadcast_to(at_work, people.shape),
    }
    met["together"] = 0.6 * met["home"] + 0.4 * met["work"]
    own = np.broadcast_to(x[:, :, np.newaxis], people.shape).ravel()
    for domain, values in met.items():
        covariance = np.cov(own, values.ravel(), aweights=people.ravel(), ddof=0)
        slope = covariance[0, 1] / covariance[0, 0]
        correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
        np.testing.assert_allclose(found.loc[domain], [slope, correlation], atol=1e-9)


def test_values_of_units_need_to_know_who_comes_from_where():
    town = Town(5)
    by_unit = pd.Series(np.arange(5.0), town.units)
    with pytest.raises(sgt.CapabilityError, match=r"'school' come: give sgt\.Visits"):
        town.meeting().exposure_segregation(by_unit)
    with pytest.raises(sgt.DataError, match=r"group 'a', 'b', 'c' in units 'u0'"):
        town.meeting().exposure_segregation(by_unit.drop("u0"))
    with pytest.raises(sgt.DataError, match="group 'c'"):
        town.meeting().exposure_segregation({"a": 1, "b": 2})
    with pytest.warns(sgt.UndefinedWarning, match="one value"):
        assert town.meeting().exposure_segregation({"a": 1, "b": 1, "c": 1}).isna().all().all()


# ---------------------------------------------------------------- what is not known, and what is refused


def test_those_who_go_nowhere_meet_those_they_meet_at_home():
    homes = sgt.Population([[10, 10], [10, 30]], ["a", "b"], units=["u", "v"])
    trips = pd.DataFrame({"from": ["u", "u", "v"], "to": ["x"] * 3, "who": ["a", "b", "b"], "n": [5, 5, 5]})
    with pytest.warns(sgt.DataWarning, match=r"'work'.*10 of 'a'.*'v'"):
        found = sgt.meeting(
            {"home": homes, "work": sgt.Visits(trips, **ENDS, weight="n", group="who")}, hours={"home": 1, "work": 1}
        )
    # at x are 10 a and 40 b; the a of v meet ¼ a at home
    np.testing.assert_allclose(found.exposure.loc["work"], [[0.225, 0.775], [0.2, 0.8]])
    np.testing.assert_allclose(sgt.exposure(found.population), found.together, **SIMILAR)
    # x has incomes 10 · 1 + 10 · 1 + 30 · 5 over 50; at home in v everyone has 5
    lines = found._means(found.parts[1], np.array([[1.0, 5], [1, 5]]), by_unit=True)
    np.testing.assert_allclose(lines, [170 / 50, 5])


def test_others_than_the_residents_are_refused():
    found = two_streets()
    with pytest.raises(sgt.CapabilityError, match="worked out for these residents"):
        sgt.bootstrap(sgt.dissimilarity, found.population, draws=5, rng=1)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"home": 1}, "no 'work', 'leisure', 'school'"),
        ({"home": 1, "work": 1, "leisure": 1, "school": 1, "gym": 2}, "unknown or twice: 'gym'"),
        ({"home": 1, "work": -1, "leisure": 1, "school": 1}, "0 or more"),
        ({"home": 0, "work": 0, "leisure": 0, "school": 0}, "some for every group"),
        ({"home": "long", "work": 0, "leisure": 0, "school": 0}, "must be numbers"),
        (7, "must be a mapping"),
        (pd.DataFrame(1, ["home", "work", "leisure", "school"], ["a", "b"]), "each group once.*no 'c'"),
    ],
)
def test_hours_that_are_wrong_are_named(hours, said):
    with pytest.raises(sgt.OptionError, match=said):
        sgt.meeting(Town(1).domains(), hours=hours)


def test_domains_that_are_wrong_are_named():
    town = Town(2)
    with pytest.raises(sgt.DataError, match="where people live, 'home'"):
        sgt.meeting({"work": town.homes}, hours={"work": 1})
    with pytest.raises(sgt.DataError, match="'work' must be a Population by place"):
        town.meeting(work=3)
    with pytest.raises(sgt.GroupError, match=r"'school' has the groups 'a', 'b', home has"):
        town.meeting(school=sgt.Population([[1, 2], [3, 4]], ["a", "b"]))
    with pytest.raises(sgt.GroupError, match=r"'work' has the groups 'a', 'b'"):
        town.meeting(work=sgt.Visits(town.trips().query("who != 'c'"), **ENDS, weight="n", group="who"))
    with pytest.raises(sgt.DataError, match="may be called 'together'"):
        sgt.meeting({"home": town.homes, "together": town.homes}, hours={"home": 1, "together": 1})
    with pytest.raises(sgt.GroupError, match="name two groups"):
        town.meeting().bridges(of="a")
    with pytest.raises(sgt.CapabilityError, match="several values"):
        town.meeting().measured(sgt.exposure)


def test_visits_that_are_wrong_are_named():
    trips = Town(2).trips()
    with pytest.raises(sgt.OptionError, match="name the groups once"):
        sgt.Visits(trips, **ENDS, weight="n")
    with pytest.raises(sgt.DataError, match="one column 'number' is needed"):
        sgt.Visits(trips, **ENDS, weight="number", group="who")
    with pytest.raises(sgt.DataError, match="not list"):
        sgt.Visits([], **ENDS, weight="n", group="who")
    for wrong in (-1, np.nan):
        rows = trips.copy()
        rows.loc[7, "n"] = wrong
        with pytest.raises(sgt.DataError, match="correct rows 7"):
            Town(2).meeting(work=sgt.Visits(rows, **ENDS, weight="n", group="who"))
    rows = pd.concat([trips, trips.head(1).assign(**{"from": "abroad", "n": 3})])
    with pytest.warns(sgt.DataWarning, match="no units are left out"):
        Town(2).meeting(work=sgt.Visits(rows, **ENDS, weight="n", group="who"))


# ---------------------------------------------------------------- real flows


def test_low_and_high_earners_of_rhode_island_are_farther_apart_at_work(real_data):
    """LODES 2019: D .146 by tract of residence, .251 by tract of work."""
    od = pd.read_parquet(real_data / "ri_lodes_od_tract_2019.parquet")
    columns = {"low": "SE01", "high": "SE03"}
    counted = {}
    for end in ("h_tract", "w_tract"):
        table = od.groupby(end)[list(columns.values())].sum()
        table.columns = list(columns)
        counted[end] = sgt.Population.from_frame(table, list(columns))
        x, y = (table / table.sum()).to_numpy().T
        expected = {"h_tract": 0.146, "w_tract": 0.251}[end]
        assert np.abs(x - y).sum() / 2 == pytest.approx(expected, abs=5e-4)  # the formula of Duncan & Duncan
    visits = sgt.Visits(od, origin="h_tract", destination="w_tract", weight=columns)
    found = sgt.meeting({"home": counted["h_tract"], "work": visits}, hours={"home": 60, "work": 40})
    values = found.measured(sgt.dissimilarity)
    assert values["home"] == pytest.approx(0.146, abs=5e-4)
    assert values["work"] == pytest.approx(0.251, abs=5e-4)
    np.testing.assert_allclose(
        found.exposure.loc["work"], sgt.exposure(counted["w_tract"]), **SIMILAR
    )  # those who are counted at work are those whom visits send there
    tau = pd.Series({"home": 0.6, "work": 0.4})
    np.testing.assert_allclose(
        found.together, sum(tau[d] * found.exposure.loc[d].to_numpy() for d in tau.index), **SIMILAR
    )
    assert (found.isolating()["domain"] == "work").all()
    given = sgt.meeting({"home": counted["h_tract"], "work": counted["w_tract"]}, hours=tau)
    np.testing.assert_allclose(given.together, found.together, **SIMILAR)


def test_a_grid_can_be_home():
    chance = np.random.default_rng(4)
    cells = sgt.Population.from_raster(chance.integers(0, 9, (2, 4, 5)), groups=["a", "b"], cell_size=100)
    near = cells.within(sgt.Square(150))
    school = sgt.Population([[30, 20], [10, 50]], ["a", "b"])
    found = sgt.meeting({"home": near, "school": school}, hours={"home": 3, "school": 1})
    np.testing.assert_allclose(found.exposure.loc["home"], sgt.exposure(near), **SIMILAR)
    np.testing.assert_allclose(sgt.exposure(found.population), found.together, **SIMILAR)
    assert found.bridges()["share"].sum() == pytest.approx(1)
    assert found.exposure_segregation({"a": 3, "b": 1}).loc["home", "slope"] == pytest.approx(
        found.exposure_segregation().loc["home", "a"]
    )


def test_labels_that_come_twice_or_are_strange_are_refused():
    homes = sgt.Population([[20, 5], [5, 20]], groups=["a", "b"], units=["u", "v"])
    day = sgt.meeting({"home": homes}, hours={"home": 1})
    with pytest.raises(sgt.DataError, match="hours has several rows for 'home'"):
        sgt.meeting({"home": homes}, hours=pd.Series([1, 2], index=["home", "home"]))
    with pytest.raises(sgt.DataError, match="values has several rows for 'a'"):
        day.exposure_segregation(pd.Series([1, 2, 9], index=["a", "b", "a"]))
    with pytest.raises(sgt.DataError, match="values has 'z', which are neither groups"):
        day.exposure_segregation({"a": 1, "b": 2, "z": 9})
