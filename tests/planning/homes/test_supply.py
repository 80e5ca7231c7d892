"""The cheapest homes beside the linear program written out, and knapsacks beside all subsets."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from segregation_tools.errors import DataError
from segregation_tools.planning.homes.exchange import full_sites
from segregation_tools.planning.homes.supply import Supply


def some_supply(seed, sites, tenures, *, limited, share):
    rng = np.random.default_rng(seed)
    capacity = rng.integers(0, 9, sites).astype(float)
    capacity[0] += 5
    units = rng.multinomial(int(capacity.sum() * rng.uniform(0.2, 0.9)), np.ones(tenures) / tenures).astype(float)
    price = rng.uniform(1, 5, sites)
    marked = np.arange(tenures) == 0
    least = ((marked, share * units[0] / max(units.sum(), 1)),) if share else ()
    order = np.argsort(price)
    built = np.clip(units.sum() - (np.cumsum(capacity[order]) - capacity[order]), 0, capacity[order])
    budget = float(built @ price[order]) * rng.uniform(1.001, 1.5) if limited else np.inf
    return Supply(pd.RangeIndex(sites), pd.RangeIndex(tenures), capacity, units, price, budget, least)


def lowest_cost(supply, cost):
    """The same as a linear program with a number for each site and tenure."""
    sites, tenures = cost.shape
    along, beside = np.kron(np.eye(sites), np.ones(tenures)), np.kron(np.ones(sites), np.eye(tenures))
    upper, limits = [along], [supply.capacity]
    if np.isfinite(supply.budget):
        upper.append(np.repeat(supply.price, tenures)[np.newaxis])
        limits.append([supply.budget])
    for marked, share in supply.least:
        upper.append(np.kron(np.eye(sites), share - marked))
        limits.append(np.zeros(sites))
    return linprog(cost.ravel(), np.vstack(upper), np.concatenate(limits), beside, supply.units).fun


@given(
    seed=st.integers(0, 10**6),
    sites=st.integers(1, 25),
    tenures=st.integers(1, 4),
    limited=st.booleans(),
    share=st.sampled_from([0, 0.5, 1.0]),
)
@settings(max_examples=60)
def test_the_cheapest_homes_are_those_of_the_linear_program(seed, sites, tenures, limited, share):
    supply = some_supply(seed, sites, tenures, limited=limited, share=share)
    rng = np.random.default_rng(seed + 1)
    for _ in range(3):  # answers to one question help with the next
        cost = rng.normal(size=(sites, tenures)).round(1)  # with ties
        least = lowest_cost(supply, cost)
        found = supply.cheapest(cost, 1e-7)
        assert found.bound <= least + 1e-6
        assert found.value == pytest.approx(least, abs=2e-6)
        assert (found.homes * cost).sum() == pytest.approx(least, abs=1e-4)
        np.testing.assert_allclose(found.homes.sum(axis=0), supply.units, atol=1e-6)
        built = found.homes.sum(axis=1)
        assert (built <= supply.capacity + 1e-9).all()
        assert built @ supply.price <= supply.budget + 1e-6
        for marked, part in supply.least:
            assert (found.homes[:, marked].sum(axis=1) >= part * built - 1e-9).all()


@given(seed=st.integers(0, 10**6), sites=st.integers(1, 9), limited=st.booleans())
@settings(max_examples=60)
def test_full_sites_are_the_fullest_that_add_up(seed, sites, limited):
    rng = np.random.default_rng(seed)
    capacity = rng.integers(0, 6, sites) * 2.0
    wanted = 2.0 * rng.integers(1, 8)
    price, homes = rng.uniform(1, 3, sites), rng.uniform(0, 1, (sites, 1)) * capacity[:, np.newaxis]
    subsets = np.array(list(itertools.product([False, True], repeat=sites)))
    subsets = subsets[(subsets @ capacity == wanted) & ~(subsets & (capacity == 0)).any(axis=1)]
    cost = subsets @ (capacity * price)
    budget = np.median(cost) if limited and len(cost) else np.inf
    supply = Supply(pd.RangeIndex(sites), pd.RangeIndex(1), capacity, np.array([wanted]), price, budget)
    if not len(subsets):
        with pytest.raises(DataError, match="no full sites add up"):
            full_sites(supply, homes)
        return
    chosen = full_sites(supply, homes).capacity > 0
    assert capacity[chosen].sum() == wanted
    assert (capacity * price)[chosen].sum() <= budget + 1e-9
    if not limited:
        assert homes[chosen].sum() == pytest.approx((subsets @ homes.sum(axis=1)).max())


def test_full_sites_beyond_the_budget_are_refused():
    supply = Supply(pd.RangeIndex(3), pd.RangeIndex(1), np.array([2.0, 2, 2]), np.array([4.0]), np.ones(3), 3.9)
    with pytest.raises(DataError, match="cost 4 or more"):
        full_sites(supply, np.ones((3, 1)))
