"""Where residents go: against a plain twin that follows everyone, and what must hold whoever goes where."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segregation_tools as sgt

COLUMNS = {"origin": "from", "destination": "to", "weight": "n"}


def trips(flows):
    """A frame of flows from a matrix of units × places."""
    start, end = np.nonzero(flows)
    return pd.DataFrame({"from": start, "to": [f"p{j}" for j in end], "n": flows[start, end].astype(float)})


@st.composite
def towns(draw):
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    units, places = draw(st.integers(2, 7)), draw(st.integers(1, 5))
    flows = chance.integers(0, 9, (units, places)) * (chance.random((units, places)) < 0.6)
    flows[:, 0] += 1  # everyone goes somewhere
    counts = chance.integers(0, 40, (3, units)).astype(float)
    counts[:, 0] += 1
    return counts, flows


@given(town=towns(), home=st.sampled_from([0.0, 0.3, 1.0]))
def test_it_is_whom_one_meets_by_following_everyone(town, home):
    counts, flows = town
    pop = sgt.Population(counts, ["a", "b", "c"])
    met = pop.within(sgt.Flows(trips(flows), **COLUMNS, home_share=home)).environment
    chance = flows / flows.sum(axis=1, keepdims=True)
    for i in range(counts.shape[1]):
        expected = np.zeros(3)
        for j in range(flows.shape[1]):
            there = sum(chance[k, j] * counts[:, k] for k in range(counts.shape[1]))
            if there.sum():
                expected += (1 - home) * chance[i, j] * there / there.sum()
        t = counts[:, i].sum()
        np.testing.assert_allclose(met[:, i], t * expected + home * counts[:, i], atol=1e-9)


@given(town=towns())
def test_the_mean_of_those_met_is_the_mix_of_the_region(town):
    counts, flows = town
    pop = sgt.Population(counts, ["a", "b", "c"])
    away = pop.within(sgt.Flows(trips(flows), **COLUMNS))
    np.testing.assert_allclose(away.environment.sum(axis=1), pop.group_totals)
    np.testing.assert_allclose(sgt.exposure(away).sum(axis=1), 1)
    assert sgt.information_theory(away) <= sgt.information_theory(pop) + 1e-9  # going out mixes


@given(town=towns(), seed=st.integers(0, 99))
def test_rows_of_units_and_of_flows_do_not_matter(town, seed):
    counts, flows = town
    chance = np.random.default_rng(seed)
    od = trips(flows)
    split = pd.concat([od.assign(n=od["n"] / 2)] * 2).sample(frac=1, random_state=seed)
    order = chance.permutation(counts.shape[1])
    one = sgt.Population(counts, ["a", "b", "c"]).within(sgt.Flows(od, **COLUMNS))
    other = sgt.Population(counts[:, order], ["a", "b", "c"], units=order).within(sgt.Flows(split, **COLUMNS))
    np.testing.assert_allclose(other.environment, one.environment[:, order])


@given(town=towns())
def test_staying_at_home_is_the_unit_and_one_place_for_all_is_the_region(town):
    counts, flows = town
    pop = sgt.Population(counts, ["a", "b", "c"])
    size = counts.shape[1]
    stay = pd.DataFrame({"from": range(size), "to": range(size), "n": 1.0})
    for recipe in (sgt.Flows(stay, **COLUMNS), sgt.Flows(trips(flows), **COLUMNS, home_share=1)):
        np.testing.assert_allclose(sgt.dissimilarity(pop.within(recipe)), sgt.dissimilarity(pop), atol=1e-12)
    together = sgt.Flows(stay.assign(to="square"), **COLUMNS)
    assert sgt.dissimilarity(pop.within(together)) == pytest.approx(0, abs=1e-12)


@given(town=towns())
def test_a_school_that_each_unit_goes_to_is_a_zone(town):
    counts, _ = town
    pop = sgt.Population(counts, ["a", "b", "c"])
    school = np.arange(counts.shape[1]) % 3
    od = pd.DataFrame({"from": pop.units, "to": school, "n": 5.0})
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.gini, sgt.isolation):
        there, zoned = index(pop.within(sgt.Flows(od, **COLUMNS))), index(pop.within(sgt.Zones(school)))
        np.testing.assert_allclose(there, zoned, atol=1e-12)


def test_units_and_rows_that_do_not_fit_are_named():
    pop = sgt.Population([[9, 1, 5], [1, 9, 5]], ["a", "b"], units=["u", "v", "w"])
    od = pd.DataFrame({"from": ["u", "v", "x"], "to": ["v", "v", "v"], "n": [1.0, 2, 1]})
    with (
        pytest.warns(sgt.DataWarning, match=r"no units are left out \(25\.0%\): 'x'"),
        pytest.warns(sgt.DataWarning, match="nobody goes anywhere from 'w': their residents meet only each other"),
    ):
        near = pop.within(sgt.Flows(od, **COLUMNS))
    np.testing.assert_allclose(near.environment, [[5, 5, 5], [5, 5, 5]])
    for wrong in (-1.0, np.nan, np.inf, "many"):
        bad = od.assign(n=[1.0, wrong, 1])
        with pytest.raises(sgt.DataError, match="correct rows 1"):
            pop.within(sgt.Flows(bad, **COLUMNS))
    with pytest.raises(sgt.DataError, match="correct rows 0"):
        pop.within(sgt.Flows(od.assign(to=[None, "v", "v"]), **COLUMNS))
    with pytest.raises(sgt.DataError, match="one column 'n' is needed"):
        sgt.Flows(od.drop(columns="n"), **COLUMNS)
    with pytest.raises(sgt.DataError, match="one column 'n' is needed"):
        sgt.Flows(pd.concat([od, od["n"]], axis=1), **COLUMNS)
    with pytest.raises(sgt.DataError, match="is of type complex128, not numbers"):
        sgt.Flows(od.assign(n=[1j, 2, 3]), **COLUMNS)
    with pytest.raises(sgt.DataError, match="no flow starts at a unit: origins are 1, 2, 3, units are 'u', 'v', 'w'"):
        pop.within(sgt.Flows(od.assign(**{"from": [1, 2, 3]}), **COLUMNS))
    with pytest.raises(sgt.DataError, match="a DataFrame with one row a flow, not list"):
        sgt.Flows([1], **COLUMNS)
    for wrong in (-0.1, 1.1, "half"):
        with pytest.raises(sgt.OptionError, match="home_share must be a share from 0 to 1"):
            sgt.Flows(od, **COLUMNS, home_share=wrong)


def test_commuting_in_rhode_island(real_data):
    """Low and high earners work more apart than they live. Flows of everyone alike cannot show that: they show a mixture."""
    od = pd.read_parquet(real_data / "ri_lodes_od_tract_2019.parquet")
    by_home, by_work = (
        sgt.Population.from_frame(od.groupby(where)[["SE01", "SE03"]].sum(), ["SE01", "SE03"])
        for where in ("h_tract", "w_tract")
    )
    assert sgt.dissimilarity(by_home) == pytest.approx(0.146, abs=5e-4)
    assert sgt.dissimilarity(by_work) == pytest.approx(0.251, abs=5e-4)
    alike = by_home.within(sgt.Flows(od, origin="h_tract", destination="w_tract", weight="S000"))
    assert sgt.dissimilarity(alike) < 0.02
    np.testing.assert_allclose(alike.environment.sum(axis=1), by_home.group_totals)
