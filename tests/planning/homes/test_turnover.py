"""Years of turnover: who is conserved, what chance alone would do, and what a plan differs by."""

import pickle

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import segregation_tools as sgt

GROUPS = ["a", "b", "c"]


def town(seed=1, units=8, most=60):
    rng = np.random.default_rng(seed)
    return sgt.Population(rng.integers(1, most, (3, units)), GROUPS, units=[f"u{i}" for i in range(units)])


def stress(populations, **given):
    return sgt.relocation_stress(populations, **({"years": 2, "rate": 0.3, "draws": 4, "rng": 1} | given))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    rate=st.sampled_from([0.1, 0.6, 1.0]),
    own_share=st.sampled_from([0, 2.0, -3.0, 400.0]),
    spare=st.integers(0, 4),
)
def test_people_are_conserved_and_units_are_as_full_as_they_may(seed, rate, own_share, spare):
    pop = town(seed)
    room = pd.Series(pop.sizes + spare, index=pop.units).sample(frac=1, random_state=1)
    found = stress(pop, rate=rate, own_share=own_share, capacity=room, rng=seed, draws=1)
    after = found.after["population"].counts
    np.testing.assert_array_equal(after.sum(axis=1), pop.counts.sum(axis=1))
    assert (after.sum(axis=0) <= room[pop.units]).all()
    assert (after == np.rint(after)).all()
    assert (after >= 0).all()
    if not spare:
        np.testing.assert_array_equal(after.sum(axis=0), pop.sizes)
    last = found.to_frame().xs(2, level="year")["value"].droplevel("population")
    assert last["dissimilarity"] == pytest.approx(sgt.dissimilarity(found.after["population"]))
    first = found.to_frame().xs(0, level="year")["value"].droplevel("population")
    assert first["dissimilarity"] == pytest.approx(sgt.dissimilarity(pop))


def test_without_turnover_nothing_changes():
    pop = town()
    found = stress(pop, rate=0, own_share=7, capacity=pd.Series(pop.sizes + 9, index=pop.units))
    np.testing.assert_array_equal(found.after["population"].counts, pop.counts)
    values = found.draws["population"]
    np.testing.assert_array_equal(values, np.broadcast_to(values[:1, :1], values.shape))


def test_who_looks_at_no_group_mixes_as_chance_does():
    """All move, and nobody looks at groups: both margins stay, and D is what chance gives."""
    pop = sgt.Population([[200, 0, 50, 0], [0, 100, 50, 200]], ["a", "b"])
    found = stress(pop, rate=1, years=1, draws=600, indices=sgt.dissimilarity)
    np.testing.assert_allclose(
        found.after["population"].counts, np.outer([250, 350], pop.sizes) / 600, atol=4.5 * 6 / np.sqrt(600)
    )
    chance = sgt.null_test(sgt.dissimilarity, pop, null="both_margins", draws=600, rng=3)
    values = found.draws["population"][:, 1, 0]
    assert values.mean() == pytest.approx(chance.expected, abs=4.5 * values.std() * np.sqrt(2 / 600))
    assert values.std() == pytest.approx(chance.draws.std(), rel=0.2)


def test_in_the_long_run_shares_are_those_of_the_region():
    pop = sgt.Population([[150, 0, 10], [0, 150, 90]], ["a", "b"])
    found = stress(pop, rate=0.3, years=30, draws=200, indices=sgt.dissimilarity)
    shares = found.after["population"].counts[0] / pop.sizes
    np.testing.assert_allclose(shares, 0.4, atol=0.015)
    expected = sgt.expected(sgt.dissimilarity, pop, null="both_margins", draws=400, rng=1)
    frame = found.to_frame().xs("dissimilarity", level="measure")["value"]
    assert frame.iloc[-1] == pytest.approx(expected, abs=0.02)
    assert (frame.iloc[:8].diff().iloc[1:] < 0).all()


def test_as_many_move_as_the_rate_says():
    """One unit empties into another that is preferred beyond all doubt: who moved lives there."""
    pop = sgt.Population([[400, 0], [0, 1]], ["a", "b"], units=["u", "v"])
    room = pd.Series([400, 1000], index=["u", "v"])
    worth, taste = pd.DataFrame({"park": [0.0, 1.0]}, index=["u", "v"]), pd.Series({"park": 500.0})
    told = {"capacity": room, "attributes": worth, "coefficients": taste, "draws": 300, "years": 1}
    moved = stress(pop, rate=0.25, **told).after["population"].counts[0, 1]
    assert moved == pytest.approx(100, abs=4.5 * binom(400, 0.25).std() / np.sqrt(300))
    by_group = stress(pop, rate=pd.Series({"b": 0.5, "a": 0.0}), **told)
    assert by_group.after["population"].counts[0, 1] == 0
    by_unit = stress(pop, rate=pd.Series({"v": 0.5, "u": 1.0}), **told)
    assert by_unit.after["population"].counts[0, 1] == 400
    either = pd.DataFrame({"b": [-500.0], "a": [500.0]}, index=["park"])
    apart = stress(pop, rate=1, **(told | {"coefficients": either})).after["population"].counts
    np.testing.assert_array_equal(apart, [[0, 400], [1, 0]])


def test_who_looks_for_the_own_group_segregates():
    pop = town(3, units=12, most=80)
    values = [
        stress(pop, own_share=taste, years=8, rate=0.5, draws=8).to_frame()["value"].iloc[8] for taste in (-2, 0, 4, 12)
    ]
    assert values == sorted(values)
    assert values[-1] > 2 * values[1]


def test_residents_look_at_the_environment():
    """A unit is empty; next to it lives the own group, at the other end of the town the others."""
    grid = sgt.Grid(1, 6, cell_size=100)
    counts = np.array([[[40, 40, 0, 0, 0, 0]], [[0, 0, 0, 0, 40, 40]]])
    pop = sgt.Population(counts, ["a", "b"], geography=grid)
    room = pd.Series([40, 40, 80, 80, 40, 40], index=pop.units)
    told = {"capacity": room, "rate": 1, "own_share": 300, "years": 1, "draws": 3}
    after = stress(pop.within(sgt.Radius(100)), **told).after["population"].counts
    assert after[0, 0, 3:].sum() == 0  # around cell 3 live only b
    assert after[1, 0, :3].sum() == 0
    alone = stress(pop, **told).after["population"].counts
    np.testing.assert_allclose(alone, counts)  # those of the own cell alone: back where all are like oneself
    assert stress(pop.within(sgt.NearestPeople(50)), **told).after["population"].group_totals.tolist() == [80, 80]


def test_draws_and_years_do_not_depend_on_how_many_there_are():
    pop = town()
    few = stress(pop, own_share=2, rng=9)
    more = stress(pop, own_share=2, draws=9, years=5, rng=9)
    np.testing.assert_array_equal(few.draws["population"], more.draws["population"][:4, :3])
    again = stress(pop, own_share=2, rng=np.random.default_rng(9))
    np.testing.assert_array_equal(few.draws["population"], again.draws["population"])


def test_threads_decide_nothing():
    before, found = numba.get_num_threads(), []
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            found.append(stress(town(), own_share=2, draws=20).draws["population"])
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_populations_share_their_seeds():
    pop = town()
    found = stress({"today": pop, "the same": pop}, own_share=3)
    assert (found.difference() == 0).all(axis=None)
    np.testing.assert_array_equal(found.draws["today"], stress(pop, own_share=3).draws["population"])
    other = found.after["today"]
    assert list(found.after) == ["today", "the same"]
    assert other.groups == pop.groups


def test_a_difference_varies_less_than_that_of_strangers():
    """A plan that changes one unit of many: common seeds take most of chance out."""
    pop = town(2, units=60, most=100)
    counts = pop.counts.copy()
    counts[:, 0] += [10, 5, 0]
    plan = sgt.Population(counts, GROUPS, units=pop.units)
    told = {"rate": 0.1, "years": 2, "draws": 150, "indices": sgt.dissimilarity}
    found = stress({"today": pop, "plan": plan}, **told)
    strangers = stress(plan, rng=77, **told).draws["population"] - found.draws["today"]
    own = found.draws["plan"] - found.draws["today"]
    assert own[:, 1].std() < 0.7 * strangers[:, 1].std()
    frame = found.difference("plan", "today")
    assert frame["value"].iloc[0] == pytest.approx(sgt.dissimilarity(plan) - sgt.dissimilarity(pop))
    np.testing.assert_allclose(frame["value"], own[:, :, 0].mean(axis=0))
    np.testing.assert_allclose(found.difference("today", "plan")["value"], -frame["value"])
    assert (frame["low"] <= frame["high"]).all()


def test_outcomes_of_a_scenario_go_in():
    pop = town()
    tenures = pd.DataFrame({"a": [0.5], "b": [1.0], "c": [0.2]}, index=["social"])
    changes = pd.DataFrame({"unit": ["u1", "u2"], "homes": [20, -5], "tenure": "social"})
    plan = sgt.what_if(pop, changes, tenures=tenures, draws=5, rng=1)
    for r in range(5):
        assert sgt.dissimilarity(plan.outcome(r)) == pytest.approx(plan.draws["dissimilarity"][r], rel=1e-12)
    found = stress({"today": pop, "plan": plan.outcome(0)}, own_share=1)
    assert found.draws["plan"][0, 0, 0] == pytest.approx(plan.draws["dissimilarity"][0])


def test_groups_in_another_order_are_the_same_groups():
    pop = town()
    found = stress({"one": pop, "other": pop[["c", "a", "b"]]}, own_share=pd.Series({"a": 1.0, "b": 2.0, "c": 0.0}))
    np.testing.assert_array_equal(found.draws["one"], found.draws["other"])


def test_results_can_be_kept_and_shown():
    found = stress({"today": town(), "plan": town(2)}, indices=[sgt.minimize(sgt.isolation, of="b")])
    kept = pickle.loads(pickle.dumps(found))  # noqa: S301
    pd.testing.assert_frame_equal(kept.to_frame(), found.to_frame())
    assert list(found.to_frame().columns) == ["value", "low", "high"]
    assert "isolation of b" in found._repr_html_()
    assert "2 years of turnover" in str(found)
    assert found.to_frame().loc["plan", "isolation of b", 0]["value"] == pytest.approx(sgt.isolation(town(2))["b"])


POP = town()
PARK = pd.DataFrame({"park": 0.0}, index=POP.units)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"rate": 1.5}, sgt.OptionError, "rate must be a share of residents"),
        ({"rate": -0.1}, sgt.OptionError, "rate must be a share of residents"),
        (
            {"rate": pd.Series({"a": 0.1, "b": 0.2})},
            sgt.DataError,
            "rate must have one row for each of the groups.*'c'",
        ),
        ({"rate": pd.Series({"a": 0.1, "b": 0.2, "c": np.nan})}, sgt.DataError, "rate must be a share.*'c'"),
        ({"own_share": np.inf}, sgt.OptionError, "own_share"),
        ({"years": 0}, sgt.OptionError, "years"),
        ({"years": 2040}, sgt.OptionError, "years"),
        ({"draws": 0.5}, sgt.OptionError, "draws"),
        ({"level": 1}, sgt.OptionError, "level"),
        ({"rng": None}, sgt.OptionError, "chance needs a source"),
        ({"indices": sgt.exposure}, sgt.CapabilityError, "several values"),
        ({"attributes": PARK}, sgt.OptionError, "belong together"),
        ({"attributes": PARK, "coefficients": {"rent": 1.0}}, sgt.DataError, "absent are 'park'"),
        ({"attributes": PARK, "coefficients": 3}, sgt.DataError, "coefficients must be a Series"),
        ({"attributes": PARK.iloc[1:], "coefficients": {"park": 1.0}}, sgt.DataError, "no row for units 'u0'"),
        ({"attributes": PARK + np.nan, "coefficients": {"park": 1.0}}, sgt.DataError, "attributes must be a number"),
        (
            {"attributes": PARK + 1e300, "coefficients": {"park": 1e300}},
            sgt.DataError,
            "no finite number in units 'u0'",
        ),
        ({"capacity": 300}, sgt.DataError, "capacity must be a Series"),
        ({"capacity": pd.Series(1, index=POP.units)}, sgt.DataError, "no fewer than live in the unit.*'u0'"),
        ({"capacity": pd.Series(POP.sizes + 0.5, index=POP.units)}, sgt.DataError, "whole people"),
        ({"capacity": {"plan": None}}, sgt.OptionError, "capacity is given for 'plan'"),
    ],
)
def test_what_cannot_be_read_is_named(given, error, message):
    with pytest.raises(error, match=message):
        stress(POP, **given)


def test_populations_that_cannot_be_compared_are_refused():
    with pytest.raises(sgt.OptionError, match="no population"):
        stress({})
    with pytest.raises(sgt.GroupError, match="groups of populations differ"):
        stress({"one": POP, "other": POP[["a", "b"]]})
    with pytest.raises(sgt.DataError, match="only whole people"):
        stress(sgt.Population([[1.5, 2], [3, 4]], ["a", "b"]))
    frame = pd.DataFrame({"a": [5, 6], "b": [3, 9], "all": [10, 20]})
    with pytest.raises(sgt.CapabilityError, match="with_rest"):
        stress(sgt.Population.from_frame(frame, ["a", "b"], total="all"))
    found = stress(POP)
    for names in ((), ("population", "plan")):
        with pytest.raises(sgt.OptionError, match="difference is that of two populations"):
            found.difference(*names)
