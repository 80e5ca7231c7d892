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


# ---------------------------------------------------------------- slopes and convexity


def every_form(counts):
    """Forms of all indices for some counts: of each value, where there are several."""
    mix = counts.sum(axis=1) / counts.sum()
    for index in EVERY:
        if index.groups not in (None, len(mix)):
            continue
        each = {"groups": 1, "matrix": 2}.get(index.answer, 0)
        for at in np.ndindex((len(mix),) * each):
            yield index.about.zonal(mix, *at)


def grown(form, counts, mix):
    """What each zone adds, in people: in proportion with the zone."""
    return form.of_residents(counts, mix) * counts.sum(axis=0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), groups=st.integers(2, 4))
def test_slopes_are_what_one_more_person_changes(seed, groups):
    rng = np.random.default_rng(seed)
    counts = rng.uniform(1, 9, (groups, 6))
    mix = counts.sum(axis=1) / counts.sum()
    for form in every_form(counts):
        slopes = form.slopes(counts, mix)
        np.testing.assert_allclose((slopes * counts).sum(axis=0), grown(form, counts, mix), atol=1e-4)  # n·slope = form
        for group in range(groups):
            step = np.zeros(counts.shape)
            step[group] = 1e-6
            rise = (grown(form, counts + step, mix) - grown(form, counts - step, mix)) / 2e-6
            np.testing.assert_allclose(slopes[group], rise, rtol=1e-4, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), groups=st.integers(2, 4), width=st.sampled_from([0.0, 3.0]))
def test_slopes_of_one_table_bound_every_other(seed, groups, width):
    rng = np.random.default_rng(seed)
    counts, others = (rng.poisson(2.0, (groups, 40)).astype(float) for _ in range(2))
    mix = (counts.sum(axis=1) + 1) / (counts.sum() + groups)
    found = {True: 0, False: 0}
    for form in every_form(counts + 1):
        for sign in (1.0, -1.0):
            bounded = (
                sign * (others * form.slopes(counts, mix, width)).sum(axis=0) <= sign * grown(form, others, mix) + 1e-9
            )
            found[form.convex(sign)] += 1
            assert bounded.all() or not form.convex(sign)
    assert min(found.values()) > 0


@pytest.mark.parametrize(("index", "at", "sign"), [(sgt.exposure, (0, 1), -1.0), (sgt.dissimilarity, (), -1.0)])
def test_what_is_not_convex_is_below_its_slopes_somewhere(index, at, sign):
    rng = np.random.default_rng(1)
    counts, others = (rng.poisson(4.0, (3, 300)) + 1.0 for _ in range(2))
    mix = np.array([0.5, 0.3, 0.2])
    form = index.about.zonal(mix, *at)
    assert not form.convex(sign)
    assert (sign * (others * form.slopes(counts, mix)).sum(axis=0) > sign * grown(form, others, mix) + 1e-6).any()


def test_exposure_of_two_groups_is_concave():
    assert sgt.exposure.about.zonal(np.array([0.4, 0.6]), 0, 1).convex(-1.0)
    assert not sgt.exposure.about.zonal(np.array([0.4, 0.6]), 0, 1).convex(1.0)
