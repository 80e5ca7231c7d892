"""What zones add to an index, beside the index itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.indices.index import stocked

EVERY = [index for index in stocked().values() if index.about.zonal is not None]
ZONAL = [index for index in EVERY if index.answer == "number"]
OF_GROUPS = [index for index in EVERY if index.answer != "number"]


def added(form, counts):
    """The form of each zone, written out."""
    sizes = counts.sum(axis=0)
    mix = counts.sum(axis=1) / counts.sum()
    p = counts / np.where(sizes > 0, sizes, 1)
    if form.kind == "deviation":
        return np.diag(form.weights) @ np.abs(counts - np.outer(mix, sizes))
    if form.kind == "entropy":
        return np.diag(form.weights) @ (counts * np.log(np.where(p > 0, p, 1)))
    return np.einsum("gh,gs,hs->s", form.weights, counts, p)


@pytest.mark.parametrize("index", ZONAL, ids=lambda index: index.__name__)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), zones=st.integers(2, 9), groups=st.integers(2, 5))
def test_the_sum_over_zones_is_the_index(index, seed, zones, groups):
    groups = index.groups or groups
    counts = np.random.default_rng(seed).poisson(6, (groups, 40)).astype(float) + np.eye(groups, 40)
    plan = np.arange(40) % zones
    pop = sgt.Population(counts, [f"g{i}" for i in range(groups)])
    merged = np.stack([np.bincount(plan, row, zones) for row in counts])
    form = index.about.zonal(pop.mix.to_numpy())
    value = form.constant + added(form, merged).sum() / counts.sum()
    assert value == pytest.approx(index(pop.merge(plan)), abs=1e-12)
    assert form.of_residents(merged) @ merged.sum(axis=0) / counts.sum() == pytest.approx(value, abs=1e-12)
    assert value == pytest.approx(index(pop.within(sgt.Zones(plan))), abs=1e-12)


@pytest.mark.parametrize("index", OF_GROUPS, ids=lambda index: index.__name__)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), zones=st.integers(2, 9), groups=st.integers(2, 4))
def test_so_is_each_value_of_those_that_have_several(index, seed, zones, groups):
    counts = np.random.default_rng(seed).poisson(6, (groups, 40)).astype(float) + np.eye(groups, 40)
    plan = np.arange(40) % zones
    pop = sgt.Population(counts, range(groups)).merge(plan)
    values = np.asarray(index(pop))
    for at in np.ndindex(values.shape):
        form = index.about.zonal(pop.mix.to_numpy(), *at)
        assert form.constant + added(form, pop.counts).sum() / counts.sum() == pytest.approx(values[at], abs=1e-12)


def test_those_that_planners_use_have_one():
    names = {index.__name__ for index in ZONAL}
    assert {"dissimilarity", "information_theory", "mutual_information", "variance_ratio"} <= names
    assert sgt.adjusted(sgt.dissimilarity).about.zonal is None
