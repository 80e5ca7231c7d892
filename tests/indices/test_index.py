"""The driver and the shelf: what every index can do beside its value."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from tests.properties.cases import ALL, assert_same, ids, population

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
    assert "https://doi.org" in index.citation() or "Croom Helm" in index.citation()
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
    assert_same(index(frame, groups=list(pop.groups)), index(pop))


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
        assert_same(index(city), index(wide))


def test_two_group_indices_refuse_more_and_say_how_to_choose():
    with pytest.raises(sgt.GroupError, match=r"pop\[\['g0', 'g1'\]\].*pop.versus\('g0'\)"):
        sgt.interaction(population(COUNTS))


@pytest.mark.parametrize("index", [i for i in ALL if i.dimension == "evenness"] + [sgt.interaction], ids=ids)
def test_one_group_alone_is_undefined_with_the_reason(index):
    lonely = sgt.Population([[3, 4]], ["a"])
    with pytest.warns(sgt.UndefinedWarning, match=f"{index.__name__} is undefined .*'a'") as caught:
        assert np.isnan(index(lonely))
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


def test_a_part_without_one_of_the_groups_is_measured_against_the_region():
    region = COUNTS.sum(axis=1)
    parts = [sgt.gini.partial(population(COUNTS)._derive(counts=COUNTS[:, [i]]), region=region) for i in range(4)]
    assert_same(sgt.gini.combine(parts), sgt.gini(population(COUNTS)))


def test_residents_who_meet_nobody_are_refused():
    class Nobody:
        linear, includes_self = True, True

        def on(self, geography):
            return self

        def strips(self, counts):
            yield slice(None), np.zeros(counts.shape)

    for index in ALL:
        if index.dimension != "diversity":
            with pytest.raises(sgt.CapabilityError, match="3 units meet nobody"):
                index(population(COUNTS, index).within(Nobody()))


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
    values = {index.__name__: index(population(counts, index)) for index in ALL}
    widths = [here.shape[1] for here, _ in driver.blocks(population(counts))]
    assert sum(widths) == counts.shape[1]
    assert max(widths) * 8 * 3 <= driver.BLOCK_BYTES
    monkeypatch.setattr(driver, "BLOCK_BYTES", 10**9)
    for index in ALL:
        assert_same(index(population(counts, index)), values[index.__name__], 1e-12)


def test_the_shelf_lists_every_index():
    table = sgt.shelf()
    assert table.index.tolist() == list(stocked())
    assert table.loc["interaction", "groups"] == "two"
    assert not table.loc["gini", "local"]
    assert list(dict.fromkeys(table["dimension"])) == ["evenness", "exposure", "diversity"]


def test_nothing_is_remembered_between_calls():
    """The same index on two threads at once gives what it gives alone."""
    from concurrent.futures import ThreadPoolExecutor

    chance = np.random.default_rng(4)
    pops = [population(chance.integers(0, 99, (3, 5_000)).astype(float)) for _ in range(8)]
    alone = [sgt.information_theory(pop) for pop in pops]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(sgt.information_theory, pops)) == alone
