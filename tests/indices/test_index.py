"""The driver and the shelf: what every index can do beside its value."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from tests.properties.cases import assert_same, flat, ids, population, ready, value
from tests.properties.proved import ALL

import segregation_tools as sgt
from segregation_tools.indices import blocks as driver
from segregation_tools.indices.index import stocked

COUNTS = np.array([[9.0, 1.0, 2.0, 0.0], [1.0, 5.0, 3.0, 0.0], [2.0, 4.0, 5.0, 0.0]])
every = pytest.mark.parametrize("index", ALL, ids=ids)


@every
def test_it_says_what_it_is(index):
    assert index.symbol
    assert index.dimension
    assert index.source
    assert index.citation().count("\n") == len(index.references) - 1
    assert all(reference.authors and reference.year > 1900 for reference in index.references)
    assert len(inspect.signature(index).parameters) >= 2
    assert inspect.signature(index).parameters["groups"].kind is inspect.Parameter.KEYWORD_ONLY
    assert index.__name__ in repr(index)
    for heading in ("Parameters", "Returns", "Examples"):
        assert heading in index.__doc__


@every
def test_it_pickles_by_name(index):
    assert pickle.loads(pickle.dumps(index)) is index  # noqa: S301 - our own bytes


def test_bound_options_survive_pickling_and_show():
    alone = sgt.exposure.bind(with_self=False)
    again = pickle.loads(pickle.dumps(alone))  # noqa: S301 - our own bytes
    assert again.options == {"with_self": False}
    assert "with_self=False" in repr(again)
    assert_same(again(population(COUNTS)), sgt.exposure(population(COUNTS), with_self=False))
    assert_same(again(population(COUNTS), with_self=True), sgt.exposure(population(COUNTS)))
    assert inspect.signature(again).parameters["with_self"].default is False


@every
@pytest.mark.parametrize("verb", ["__call__", "local", "partial", "bind", "expected"])
def test_an_unknown_option_fails(index, verb):
    with pytest.raises(TypeError, match="colour"):
        getattr(index, verb)(*([] if verb == "bind" else [population(COUNTS, index)]), colour="red")


@every
def test_frames_and_populations_are_read_alike(index):
    pop = population(COUNTS, index)
    frame = pd.DataFrame(pop.counts.T, columns=list(pop.groups))
    assert_same(ready(index, pop)(frame, groups=list(pop.groups)), value(index, pop))


def test_answers_are_labelled():
    pop = sgt.Population(COUNTS, ["a", "b", "c"], units=list("uvwx"))
    assert isinstance(sgt.dissimilarity(pop), float)
    assert sgt.isolation(pop).index.tolist() == ["a", "b", "c"]
    matrix = sgt.exposure(pop)
    assert (matrix.index.name, matrix.columns.name) == ("from", "to")
    local = sgt.dissimilarity.local(pop)
    assert local.index.tolist() == list("uvwx")
    assert local.isna().tolist() == [False, False, False, True]  # nobody lives in x
    assert sgt.exposure.local(pop).columns.tolist() == ["a", "b", "c"]


def test_grids_answer_in_their_shape():
    city = sgt.synthetic_city("gradient", rows=30, cols=40, kind="grid")
    flat = sgt.synthetic_city("gradient", rows=30, cols=40)
    for index in (sgt.information_theory, sgt.entropy_diversity):
        assert index.local(city).shape == (30, 40)
        assert_same(index.local(city).ravel(), index.local(flat))
    assert sgt.exposure.local(city).shape == (2, 30, 40)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
def test_grids_keep_their_number_type_and_are_summed_in_float64(dtype):
    counts = np.full((2, 300, 400), 200, dtype=dtype)
    counts[0, :150] = 100
    city = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(300, 400, 100.0))
    wide = sgt.Population(counts.reshape(2, -1).astype(float), ["a", "b"])
    for index in ALL:
        one, two = value(index, city), value(index, wide)
        if index.answer == "units":  # an array, its groups in front
            two = np.asarray(two).T.reshape(np.shape(one))
        assert_same(one, two)


def test_two_group_indices_refuse_more_and_say_how_to_choose():
    with pytest.raises(sgt.GroupError, match=r"pop\[\['g0', 'g1'\]\].*pop.versus\('g0'\)"):
        sgt.interaction(population(COUNTS))


ALONE = {"exposure", "isolation", "entropy_diversity", "simpson_diversity", "location_quotient", "local_isolation"}
ALONE |= {"local_mutual_information"}


@pytest.mark.parametrize("index", [i for i in ALL if i.__name__ not in ALONE], ids=ids)
def test_one_group_alone_is_undefined_with_the_reason(index):
    lonely = sgt.Population([[3, 4]], ["a"])
    steps = [index] if index.local_refusal or index.answer == "matrix" else [index, index.local]
    for step in steps:
        with pytest.warns(sgt.UndefinedWarning, match=f"{index.__name__} is undefined .*'a'") as caught:
            assert np.isnan(flat(step(lonely))).all()
        assert caught[0].filename == __file__


@pytest.mark.parametrize("index", [sgt.exposure, sgt.isolation, sgt.entropy_diversity, sgt.simpson_diversity], ids=ids)
def test_one_group_alone_is_defined_where_it_means_something(index):
    assert_same(index(sgt.Population([[3, 4]], ["a"])), 1 if index.dimension == "exposure" else 0)


def test_whoever_is_alone_meets_nobody_without_himself():
    pop = sgt.Population([[1.0, 5.0], [0.0, 5.0], [0.0, 0.0]][:2], ["a", "b"])
    assert sgt.exposure(pop, with_self=False).loc["a", "a"] == pytest.approx(4 / 9)
    hermits = sgt.Population([[1.0, 0.0], [0.0, 1.0]], ["a", "b"])
    assert sgt.exposure(hermits, with_self=False).isna().all(axis=None)


def test_gini_has_no_local_value():
    with pytest.raises(sgt.CapabilityError, match="pair by pair"):
        sgt.gini.local(population(COUNTS))


def test_local_exposure_counts_oneself():
    with pytest.raises(sgt.CapabilityError, match="with_self"):
        sgt.exposure.local(population(COUNTS), with_self=False)


def test_parts_of_different_regions_do_not_combine():
    one, two = population(COUNTS[:, :2]), population(COUNTS[:, 1:3])
    parts = [sgt.dissimilarity.partial(part) for part in (one, two)]
    with pytest.raises(sgt.DataError, match="different regions"):
        sgt.dissimilarity.combine(parts)
    with pytest.raises(sgt.DataError, match="no parts"):
        sgt.dissimilarity.combine([])
    with pytest.raises(sgt.DataError, match="one total for each"):
        sgt.dissimilarity.partial(one, region=[1, 2])


REGION = pd.Series(COUNTS.sum(axis=1), index=["g0", "g1", "g2"])


def test_the_region_is_matched_by_group_and_must_hold_the_part():
    one = population(COUNTS)
    assert_same(sgt.dissimilarity.partial(one, region=REGION[::-1]).region, REGION[::-1])
    assert_same(
        sgt.dissimilarity.combine([sgt.dissimilarity.partial(one, region=REGION[::-1])]), sgt.dissimilarity(one)
    )
    for region in ([1, 1, 1], [np.nan, 1, 1], -REGION):
        with pytest.raises(sgt.DataError, match="fewer than live"):
            sgt.dissimilarity.partial(one, region=region)
    with pytest.raises(sgt.DataError, match="without 'g0'"):
        sgt.dissimilarity.partial(one, region=REGION[1:])


def test_parts_that_do_not_belong_together_are_refused():
    one, two = population(COUNTS[:, :2]), population(COUNTS[:, 2:3])
    parts = [sgt.variance_ratio.partial(part, region=REGION) for part in (one, two)]
    with pytest.raises(sgt.DataError, match="parts of 'variance_ratio'"):
        sgt.dissimilarity.combine(parts)
    with pytest.raises(sgt.DataError, match="missing or doubled"):
        sgt.variance_ratio.combine(parts[:1])
    with pytest.raises(sgt.DataError, match="other options"):
        sgt.exposure.combine([sgt.exposure.partial(one)], with_self=False)


@pytest.mark.parametrize("name", ["gini", "information_theory", "exposure"])
def test_a_part_without_one_of_the_groups_is_measured_against_the_region(name):
    index = getattr(sgt, name)
    counts = np.array([[9.0, 0.0, 2.0], [0.0, 5.0, 3.0], [2.0, 4.0, 0.0]])
    whole = population(counts)
    region = pd.Series(whole.group_totals, index=whole.groups)
    parts = []
    for i in range(3):
        with pytest.warns(sgt.DataWarning, match="dropped"):
            parts.append(index.partial(population(counts[:, [i]]), region=region))
    assert_same(index.combine(parts), index(whole))


def test_a_source_may_be_named_in_words():
    from segregation_tools.indices.index import SHELF
    from segregation_tools.indices.shapes import mean_of_scores

    @mean_of_scores(symbol="Q", dimension="evenness", bounds=(0, 1), source="Me & Myself 2024")
    def query(p, mix):
        """Nothing."""
        return p[0]

    try:
        assert query.source == query.citation() == "Me & Myself 2024"
        assert sgt.shelf().loc["query", "source"] == "Me & Myself 2024"
    finally:
        del SHELF["query"]


def test_groups_named_by_pairs_are_labels():
    frame = pd.DataFrame([[9, 1], [1, 9]], columns=pd.MultiIndex.from_tuples([("x", "a"), ("x", "b")]))
    pop = sgt.Population.from_frame(frame, [("x", "a"), ("x", "b")])
    assert sgt.exposure(pop).loc[[("x", "a")], [("x", "b")]].iloc[0, 0] == pytest.approx(0.18)
    assert sgt.isolation(pop).index.tolist() == [("x", "a"), ("x", "b")]


@pytest.mark.parametrize("size", [1e-200, 1e150])
def test_the_size_of_people_does_not_matter_however_far(size):
    pop = population(COUNTS * size)
    assert_same(sgt.gini(pop), sgt.gini(population(COUNTS)))
    assert_same(sgt.dissimilarity(pop), sgt.dissimilarity(population(COUNTS)))


def test_local_interaction_is_the_share_of_the_other_group():
    pop = sgt.Population([[9, 1], [1, 4]], ["a", "b"])
    assert sgt.interaction.local(pop).tolist() == [0.1, 0.8]


def test_strips_must_come_in_the_order_of_units():
    class Shuffled(sgt.Zones):
        def on(self, geography):
            bound = super().on(geography)

            class Late:
                linear, includes_self = True, True

                def strips(self, counts):
                    whole = next(bound.strips(counts))[1]
                    yield slice(2, 4), whole[:, 2:]
                    yield slice(0, 2), whole[:, :2]

            return Late()

    with pytest.raises(sgt.CapabilityError, match="in their order"):
        sgt.dissimilarity.local(population(COUNTS).within(Shuffled([1, 1, 2, 2])))


def test_residents_who_meet_nobody_are_refused():
    class Nobody:
        linear, includes_self = True, True

        def on(self, geography):
            return self

        def strips(self, counts):
            yield slice(None), np.zeros(counts.shape)

    for index in ALL:
        if index.dimension != "diversity":
            pop = population(COUNTS, index).within(Nobody())
            with pytest.raises(sgt.CapabilityError, match=r"meet nobody.*: 0, 1"):
                value(index, pop)


def test_environments_in_which_people_do_not_count_once_keep_themselves():
    class Doubled(sgt.Zones):
        def on(self, geography):
            bound = super().on(geography)
            object.__setattr__(bound, "includes_self", False)
            return bound

    pop = population(COUNTS).within(Doubled([1, 1, 2, 2]))
    with pytest.raises(sgt.CapabilityError, match="counts once"):
        sgt.exposure(pop, with_self=False)


def test_exposure_without_self_in_zones_is_that_of_merged_units():
    labels = [1, 1, 2, 2]
    pop = population(COUNTS)
    assert_same(
        sgt.exposure(pop.within(sgt.Zones(labels)), with_self=False), sgt.exposure(pop.merge(labels), with_self=False)
    )


def test_blocks_are_small_whatever_the_number_of_units(monkeypatch):
    chance = np.random.default_rng(2)
    counts = chance.integers(0, 99, (3, 20_011)).astype(float)
    values = {index.__name__: value(index, population(counts, index)) for index in ALL}
    widths = [here.shape[1] for here, _ in driver.blocks(population(counts))]
    assert sum(widths) == counts.shape[1]
    assert max(widths) * 8 * 3 <= driver.BLOCK_BYTES
    monkeypatch.setattr(driver, "BLOCK_BYTES", 10**9)
    for index in ALL:
        assert_same(value(index, population(counts, index)), values[index.__name__], 1e-12)


def test_the_shelf_lists_every_index():
    table = sgt.shelf()
    assert table.index.tolist() == list(stocked())
    assert table.loc["interaction", "groups"] == "two"
    assert not table.loc["gini", "local"]
    assert list(dict.fromkeys(table["dimension"])) == [
        "evenness", "exposure", "diversity", "concentration", "centralization", "clustering", "ordinal", "local",
    ]  # fmt: skip


def test_nothing_is_remembered_between_calls():
    """The same index on two threads at once gives what it gives alone."""
    from concurrent.futures import ThreadPoolExecutor

    chance = np.random.default_rng(4)
    pops = [population(chance.integers(0, 99, (3, 5_000)).astype(float)) for _ in range(8)]
    alone = [sgt.information_theory(pop) for pop in pops]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(sgt.information_theory, pops)) == alone


@pytest.mark.parametrize("crowd", [1e6, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("order", [["few", "many"], ["many", "few"]])
def test_a_rare_group_keeps_its_digits(crowd, order):
    """One person apart from everyone else is complete separation, however many everyone is."""
    pop = sgt.Population([[1, 0], [0, crowd]], ["few", "many"])[order]
    for index in (sgt.dissimilarity, sgt.gini, sgt.variance_ratio, sgt.min_max, sgt.hutchens):
        assert index(pop) == pytest.approx(1, rel=1e-9)
    half = sgt.Population([[1, 1], [0, crowd]], ["few", "many"])[order]
    exact = 0.5 * (0.5 + abs(0.5 - 1))  # ½ Σ |x/X − y/Y|
    assert sgt.dissimilarity(half) == pytest.approx(exact, rel=1e-9)


def test_replicates_ride_along_behind_the_units():
    """A formula reduces the group axis and nothing else, with one region for each replicate."""
    chance = np.random.default_rng(6)
    counts = chance.integers(1, 50, (3, 20, 4)).astype(float)
    p = counts / counts.sum(axis=0)
    mix = counts.sum(axis=1, keepdims=True) / counts.sum(axis=(0, 1))
    for name in ("dissimilarity", "information_theory", "relative_diversity", "divergence", "ordinal_variance"):
        formula = getattr(sgt, name).formula
        together = formula(p, mix)
        for r in range(4):
            np.testing.assert_allclose(together[:, r], formula(p[..., r], mix[..., r]), rtol=1e-12)
