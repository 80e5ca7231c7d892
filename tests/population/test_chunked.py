"""Populations in chunks: every index is what it is in one memory, on threads and on a cluster, whatever the chunks."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.environments.nearest import NearestCells
from segregation_tools.indices.index import stocked
from segregation_tools.population.chunked.parts import cut_up, overlaps, tile_edges
from segregation_tools.population.environment import Tiles

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

GROUPS = ["a", "b", "c"]
NEEDED = {"neighborhood_sorting_index": {"incomes": [1, 2, 4]}}
ENVIRONMENTS = [
    None,
    sgt.Square(300),
    sgt.Radius(450),
    sgt.Radius(200, kernel="gaussian"),
    sgt.NearestPeople(60),
    sgt.NearestPeople(60, last_ring="proportional"),
    sgt.NearestPeople(45, shape="square"),
]
SUMMED = [index.bind(**NEEDED.get(name, {})) for name, index in stocked().items() if not index.reads_map]
OF_MAPS = [index for index in stocked().values() if index.reads_map]


def counted(rows, cols, seed, groups=3, empty=0.4):
    """Counts with districts, of which some are empty, and a corner where nobody lives."""
    chance = np.random.default_rng(seed)
    shares = chance.dirichlet(np.ones(groups), (rows // 8 + 1, cols // 8 + 1)).repeat(8, axis=0).repeat(8, axis=1)
    people = chance.poisson(6, (rows, cols)) * (chance.random((rows, cols)) >= empty)
    people[: rows // 3, : cols // 3] = 0
    people[-1, -1] = 3
    return chance.poisson(people * np.moveaxis(shares[:rows, :cols], -1, 0)).astype(np.float32) + (people == 3)


COUNTS = counted(96, 88, seed=4)
RAGGED = (2, (40, 0, 7, 32, 17), (29, 30, 29))


def two(counts, chunks=None, **said):
    """The same people in one memory and in chunks."""
    here = sgt.Population.from_raster(counts, groups=GROUPS, cell_size=100, **said)
    return here, sgt.Population.from_raster(
        da.from_array(counts, chunks=chunks or RAGGED), groups=GROUPS, cell_size=100, **said
    )


def same(here, there):
    there = there.compute() if hasattr(there, "dask") else there
    np.testing.assert_allclose(np.asarray(there, dtype=float), np.asarray(here, dtype=float), rtol=1e-12, atol=1e-12)


def agrees(index, here, there):
    """The value of an index, or the bounds of one that is not sorted for."""
    if index.__name__ == "gini":
        low, high = index.between(there)
        assert low <= index(here) <= high <= low + 1.1e-6
        assert low <= index(there) <= high
    else:
        same(index(here), index(there))


@pytest.fixture(scope="module")
def client():
    from dask.distributed import Client, LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cluster's own libraries
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


# ---------------------------------------------------------------- every index


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize("index", SUMMED, ids=lambda index: index.__name__)
def test_every_index_is_what_it_is_in_one_memory(index, environment):
    here, there = two(COUNTS)
    if index.groups == 2:
        here, there = here[["a", "c"]], there[["a", "c"]]
    if environment is not None:
        here, there = here.within(environment), there.within(environment)
    agrees(index, here, there)


@pytest.mark.parametrize("environment", [None, sgt.Radius(450), sgt.NearestPeople(60)], ids=str)
def test_every_index_is_what_it_is_in_one_memory_on_a_cluster(client, environment):
    with client.as_current():
        everything_agrees(environment)
    assert client.status == "running"


def everything_agrees(environment):
    here, there = two(COUNTS)
    for groups in (GROUPS, ["a", "c"]):
        near, far = here[groups], there[groups]
        if environment is not None:
            near, far = near.within(environment), far.within(environment)
        alone = [index for index in SUMMED if index.answer != "units" and (index.groups == 2) == (len(groups) == 2)]
        values = sgt.measure(far, alone)
        for index in alone:
            if index.__name__ != "gini":
                same(index(near), values[index.__name__])
        if len(groups) > 2:
            agrees(sgt.gini, near, far)


@pytest.mark.parametrize("index", OF_MAPS, ids=lambda index: index.__name__)
def test_what_reads_the_whole_map_says_how_to_bring_it_together(index):
    _, there = two(COUNTS)
    if index.groups == 2:
        there = there[["a", "b"]]
    with pytest.raises(sgt.CapabilityError, match=rf"sgt\.{index.__name__}\(pop\.compute\(\)"):
        index(there)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_chunks_of_any_size_change_nothing(data):
    rows, cols = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    counts = counted(rows, cols, data.draw(st.integers(0, 99)), empty=data.draw(st.sampled_from([0, 0.5, 0.97])))
    counts += np.array([1, 2, 0])[:, None, None] * (counts.sum(axis=(1, 2)) == 0)[:, None, None]

    def cut(size):
        ends = sorted(data.draw(st.lists(st.integers(0, size), max_size=4)))
        return tuple(np.diff([0, *ends, size]).tolist())

    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.uint8, np.int32]))
    here, there = two(counts.astype(dtype), (data.draw(st.integers(1, 3)), cut(rows), cut(cols)))
    environment = data.draw(
        st.one_of(
            st.builds(sgt.Radius, st.integers(0, 3000)),
            st.builds(sgt.Square, st.integers(0, 3000)),
            st.builds(sgt.NearestPeople, st.integers(1, 2000), st.sampled_from(["whole", "proportional"])),
            st.builds(sgt.NearestPeople, st.integers(1, 2000), shape=st.just("square")),
        )
    )
    here, there = here.within(environment), there.within(environment)
    for index in (sgt.dissimilarity, sgt.exposure, sgt.relative_diversity, sgt.gini):
        agrees(index, here, there)
    same(sgt.information_theory.local(here), sgt.information_theory.local(there))


def test_chunks_in_which_there_is_no_data(monkeypatch):
    counts = COUNTS.copy()
    counts[:, 40:47] = -9
    counts[0, 50:, 60:] = np.nan
    here, there = two(counts, nodata=[-9, np.nan])
    for index in SUMMED:
        if index.groups != 2:
            agrees(index, here.within(sgt.Radius(300)), there.within(sgt.Radius(300)))
    np.testing.assert_array_equal(there.compute().counts, here.counts)


@pytest.mark.parametrize("k", [30, 400, 4000, 1e9])
@pytest.mark.parametrize("shape", ["disc", "square"])
def test_who_looks_farther_than_chunks_reach_is_found_all_the_same(k, shape):
    counts = np.zeros((3, 400, 410), dtype=np.float32)
    chance = np.random.default_rng(8)
    for row, col, many in ((20, 30, 900), (200, 210, 400), (380, 20, 60), (100, 390, 9)):
        at = np.clip(chance.normal([row, col], 6, (many, 2)).astype(int), 0, 399)
        np.add.at(counts, (chance.integers(3, size=many), at[:, 0], at[:, 1]), 1)
    here, there = two(counts, (3, 50, 64))
    nearest = sgt.NearestPeople(k, shape=shape)
    here, there = here.within(nearest), there.within(nearest)
    for index in (sgt.information_theory, sgt.exposure, sgt.relative_diversity):
        agrees(index, here, there)
    same(sgt.dissimilarity.local(here), sgt.dissimilarity.local(there))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_residents_find_whom_they_meet_as_far_as_is_said(data):
    rows, cols = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    people = np.random.default_rng(data.draw(st.integers(0, 99))).poisson(
        data.draw(st.sampled_from([0.01, 0.1, 2])), (rows, cols)
    )
    k, square = data.draw(st.integers(1, 300)), data.draw(st.booleans())
    down, across = (np.unique([0, *range(0, size, data.draw(st.integers(1, 32))), size]) for size in (rows, cols))
    lines = np.add.reduceat(people, down[:-1], axis=0)
    tiles = Tiles(np.add.reduceat(lines, across[:-1], axis=1).astype(float), down, across)
    reach = NearestCells(k, square=square).reaches(tiles)
    row, col = np.indices(people.shape)
    for i, j in np.argwhere(people > 0)[::7]:
        far = np.maximum(abs(row - i), abs(col - j)) if square else np.hypot(row - i, col - j)
        said = reach[np.searchsorted(down, i, "right") - 1, np.searchsorted(across, j, "right") - 1]
        assert people[far <= said].sum() >= min(k, people.sum())


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_parts_share_out_the_cells_and_read_as_far_as_they_look(data):
    rows, cols = (
        np.concatenate([[0], np.cumsum(data.draw(st.lists(st.integers(1, 200), min_size=1, max_size=4)))]) for _ in "rc"
    )
    tiles = Tiles(np.zeros((len(tile_edges(rows)) - 1, len(tile_edges(cols)) - 1)), tile_edges(rows), tile_edges(cols))
    reach = np.random.default_rng(data.draw(st.integers(0, 99))).choice([0, 5, 90, 700], tiles.people.shape)
    asked = np.zeros((rows[-1], cols[-1]), dtype=int)
    for first, last in pairwise(rows):
        for begin, end in pairwise(cols):
            for part in cut_up((first, last, begin, end), reach, tiles):
                top, bottom, left, right = part.window
                assert 0 <= top <= first < last <= bottom <= rows[-1]
                assert 0 <= left <= begin < end <= right <= cols[-1]
                mine = np.ones((last - first, end - begin), dtype=bool) if part.asked is None else part.asked
                asked[first:last, begin:end] += mine
                for i, j in np.add(np.argwhere(mine)[:: max(1, mine.sum() // 5)], [first, begin]):
                    assert part.own[0] <= i - first < part.own[1]
                    assert part.own[2] <= j - begin < part.own[3]
                    far = reach[
                        np.searchsorted(tiles.rows, i, "right") - 1, np.searchsorted(tiles.cols, j, "right") - 1
                    ]
                    assert top <= max(0, i - far)
                    assert bottom >= min(rows[-1], i + far + 1)
                    assert left <= max(0, j - far)
                    assert right >= min(cols[-1], j + far + 1)
    assert (asked == 1).all()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_a_range_is_put_together_from_the_chunks_it_touches(sizes, data):
    edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    first = data.draw(st.integers(0, edges[-1] - 1))
    last = data.draw(st.integers(first + 1, edges[-1]))
    every = [number for i, part in overlaps(edges, first, last) for number in range(edges[i], edges[i + 1])[part]]
    assert every == list(range(first, last))


# ---------------------------------------------------------------- gini


@pytest.mark.parametrize("k", [1e9, 3])
def test_where_everyone_meets_everyone_the_ends_hold_the_value(k):
    here, there = (pop.within(sgt.NearestPeople(k)) for pop in two(COUNTS[:, 60:, 60:], (3, 20, 20)))
    low, high = sgt.gini.between(there)
    assert low <= sgt.gini(here) <= high


@pytest.mark.parametrize("share", [0.5, 1e-5, 0.3333333])
def test_where_all_units_are_nearly_alike_the_ends_lie_no_farther_apart(share):
    chance = np.random.default_rng(3)
    size = 1e9 * (1 + chance.random((60, 70)))
    members = size * (share + 1e-6 * share * chance.standard_normal((60, 70)))
    counts = np.stack([members, size - members])
    here = sgt.Population.from_raster(counts, groups=["a", "b"], cell_size=1)
    there = sgt.Population.from_raster(da.from_array(counts, chunks=(2, 25, 30)), groups=["a", "b"], cell_size=1)
    agrees(sgt.gini, here, there)


def test_of_a_population_in_one_memory_both_ends_are_the_value():
    here, _ = two(COUNTS)
    assert sgt.gini.between(here) == (sgt.gini(here), sgt.gini(here))


# ---------------------------------------------------------------- the population


def test_groups_and_the_rest_are_chosen_as_in_one_memory():
    here, there = two(COUNTS)
    assert there.groups == here.groups
    assert len(there) == len(here)
    np.testing.assert_array_equal(there.group_totals, here.group_totals)
    pd.testing.assert_series_equal(there.mix, here.mix)
    for one, other in ((here[["c", "a"]], there[["c", "a"]]), (here.versus("b"), there.versus("b"))):
        assert one.groups == other.groups
        np.testing.assert_allclose(other.group_totals, one.group_totals)
        for environment in (None, sgt.NearestPeople(50)):
            if environment is not None:
                one, other = one.within(environment), other.within(environment)
            agrees(sgt.variance_ratio, one, other)
    near = there.within(sgt.Radius(400))
    assert near.compute().recipe == sgt.Radius(400)
    agrees(sgt.dissimilarity, here.within(sgt.Radius(400)).versus("a"), near.versus("a"))
    assert "chunks" in repr(there)


def test_profiles_are_read_in_one_pass():
    here, there = two(COUNTS)
    for scales in ({"radii": [0, 250, 600]}, {"people": [20, 200]}):
        same(sgt.profile(sgt.information_theory, here, **scales), sgt.profile(sgt.information_theory, there, **scales))


def test_what_is_masked_is_nobody():
    masked = np.ma.masked_array(COUNTS, mask=COUNTS == 3)
    here = sgt.Population.from_raster(masked, groups=GROUPS, cell_size=100)
    for chunks in (da.from_array(masked, chunks=RAGGED), da.ma.masked_equal(da.from_array(COUNTS, chunks=RAGGED), 3)):
        there = sgt.Population.from_raster(chunks, groups=GROUPS, cell_size=100)
        np.testing.assert_array_equal(there.group_totals, here.group_totals)
        agrees(sgt.dissimilarity, here.within(sgt.Radius(300)), there.within(sgt.Radius(300)))


def test_people_of_tiles_are_counted_once_for_all_neighbourhoods():
    reads = []

    def seen(block):
        reads.append(1)
        return block

    counts = da.from_array(COUNTS, chunks=(3, 48, 88)).map_blocks(seen, meta=np.empty((0, 0, 0), "f4"))
    there = sgt.Population.from_raster(counts, groups=GROUPS, cell_size=100)
    sgt.dissimilarity(there.within(sgt.NearestPeople(30)))
    first = len(reads)
    sgt.dissimilarity(there.within(sgt.NearestPeople(50)))
    assert len(reads) - first == 2
    with pytest.raises(ValueError, match="read-only"):
        there.group_totals[0] = 1


def test_what_is_no_array_in_chunks_is_refused(tmp_path):
    zarr = pytest.importorskip("zarr")
    unknown = da.from_array(COUNTS, chunks=RAGGED)
    unknown = unknown[:, unknown.sum(axis=(0, 2)) > 0]
    group = zarr.open_group(tmp_path / "several.zarr", mode="w")
    for source, said in (
        (unknown, r"compute_chunk_sizes\(\)"),
        (dd.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=1), "Dask array, not"),
        (group, r"group\['counts'\]"),
    ):
        with pytest.raises(sgt.DataError, match=said):
            sgt.Population.from_raster(source, groups=GROUPS, cell_size=100)
    with pytest.raises(sgt.DataError, match=r"Population\.from_raster"):
        sgt.Population(da.from_array(COUNTS), GROUPS, geography=sgt.Grid(*COUNTS.shape[1:], 100))


def test_a_population_in_chunks_is_sent_to_workers_as_any_other(client):
    there = two(COUNTS)[1]
    assert client.submit(sgt.dissimilarity, there).result() == sgt.dissimilarity(there)


def test_a_zarr_array_and_a_labelled_one_are_read_where_they_lie(tmp_path):
    zarr, xarray = pytest.importorskip("zarr"), pytest.importorskip("xarray")
    stored = zarr.create_array(tmp_path / "counts.zarr", shape=COUNTS.shape, chunks=(3, 30, 30), dtype="float32")
    stored[:] = COUNTS
    here, _ = two(COUNTS)
    there = sgt.Population.from_raster(stored, groups=GROUPS, cell_size=100)
    assert there.chunks.chunksize == (3, 30, 30)
    agrees(sgt.dissimilarity, here.within(sgt.Radius(500)), there.within(sgt.Radius(500)))
    rows, cols = COUNTS.shape[1:]
    said = xarray.DataArray(
        COUNTS[:, ::-1],
        dims=["band", "y", "x"],
        coords={"band": GROUPS, "y": 50 + 100 * np.arange(rows), "x": 50 + 100 * np.arange(cols)},
    )
    labelled = sgt.Population.from_raster(said.chunk({"y": 40, "x": 33}))
    assert labelled.groups == tuple(GROUPS)
    assert labelled.geography == sgt.Population.from_raster(said).geography
    np.testing.assert_array_equal(labelled.compute().counts, COUNTS)
    agrees(sgt.gini, here, labelled)


def test_what_needs_all_counts_is_refused_with_the_mend():
    _, there = two(COUNTS)
    for verb in (
        lambda: there.counts,
        lambda: there.sizes,
        lambda: there.environment,
        lambda: there.to_frame(),
        lambda: there.merge([0] * len(there)),
        lambda: sgt.summary(there),
        lambda: sgt.bootstrap(sgt.dissimilarity, there, rng=1),
        lambda: there.within(sgt.Contiguity()),
        lambda: there.within(sgt.Zones(np.zeros(len(there)))),
    ):
        with pytest.raises(sgt.CapabilityError, match=r"pop\.compute\(\)"):
            verb()


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, r"NaN\) in cells \(row, col\) \(50, 61\)"), (-2, r"negative .* \(50, 61\)")]
)
def test_what_cannot_be_people_is_named_where_it_lies(value, said):
    counts = COUNTS.copy()
    counts[1, 50, 61] = value
    with pytest.raises(sgt.DataError, match=f"'b' holds .*{said}"):
        two(counts)
    with pytest.raises(sgt.DataError, match=f"'b' holds .*{said}"):
        sgt.Population.from_raster(da.from_array(counts, chunks=RAGGED), groups=GROUPS, cell_size=100)


def test_groups_without_people_are_dropped_and_a_population_without_any_is_refused():
    counts = COUNTS * np.array([1, 0, 1], dtype=np.float32)[:, None, None]
    with pytest.warns(sgt.DataWarning, match="no people in group 'b'"):
        there = sgt.Population.from_raster(da.from_array(counts, chunks=RAGGED), groups=GROUPS, cell_size=100)
    assert there.groups == ("a", "c")
    agrees(sgt.dissimilarity, two(COUNTS)[0][["a", "c"]], there)
    with pytest.raises(sgt.DataError, match="the population is empty"):
        sgt.Population.from_raster(da.zeros((3, 9, 9)), groups=GROUPS)


# ---------------------------------------------------------------- frames


@pytest.fixture(scope="module")
def tracts():
    return pd.DataFrame(sgt.load("sacramento").drop(columns="geometry"))


def test_a_frame_in_partitions_is_read_like_one(tracts):
    groups = ["white", "black", "asian"]
    here = sgt.Population.from_frame(tracts, groups, total="total")
    there = sgt.Population.from_frame(dd.from_pandas(tracts, npartitions=7, sort=False), groups, total="total")
    assert len(there) == len(here)
    for index in SUMMED:
        if not index.about.of_everyone:
            two_or_more = groups[:2] if index.groups == 2 else groups
            agrees(index, here[two_or_more], there[two_or_more])
    agrees(sgt.information_theory, here.versus("black"), there.versus("black"))
    pd.testing.assert_series_equal(
        sgt.dissimilarity.local(here), sgt.dissimilarity.local(there), check_index_type=False
    )
    pd.testing.assert_frame_equal(there.compute().to_frame(), here.to_frame(), check_index_type=False)
    assert sgt.dissimilarity(dd.from_pandas(tracts, npartitions=3), groups=groups) == sgt.dissimilarity(
        tracts, groups=groups
    )
    with pytest.raises(sgt.CapabilityError, match=r"sgt\.location_quotient\(pop\.compute\(\)\)"):
        sgt.location_quotient(there)
    with pytest.raises(sgt.CapabilityError, match=r"pop\.compute\(\)\.within"):
        there.within(sgt.Radius(100))


def test_codes_that_were_read_as_numbers_are_spelled_alike_in_all_partitions():
    codes = [60010001001 + i for i in range(20)] + [360010001001 + i for i in range(20)]
    frame = pd.DataFrame({"a": range(1, 41), "b": 5}, index=pd.Index(codes, name="geoid"))
    with pytest.warns(sgt.DataWarning, match="taken as text of 12 digits") as told:
        there = sgt.Population.from_frame(dd.from_pandas(frame, npartitions=2, sort=False), ["a", "b"])
    assert len(told) == 1
    with pytest.warns(sgt.DataWarning, match="taken as text of 12 digits"):
        here = sgt.Population.from_frame(frame, ["a", "b"])
    assert there.compute().units.tolist() == here.units.tolist()
    with pytest.raises(sgt.GroupError, match="bears the name of the stated total"):
        sgt.Population.from_frame(
            dd.from_pandas(frame.rename(columns={"b": "total"}), npartitions=2), ["a", "total"], total="a"
        )


def test_what_is_wrong_in_a_partition_is_named(tracts):
    groups = ["white", "black"]
    wrong = tracts.astype({"black": float})
    wrong.iloc[300, wrong.columns.get_loc("black")] = np.nan
    with pytest.raises(sgt.DataError, match=rf"'black' holds no value \(NaN\) in rows .*{wrong.index[300]}"):
        sgt.Population.from_frame(dd.from_pandas(wrong, npartitions=4, sort=False), groups)
    for missing in ("zero", "drop"):
        here = sgt.Population.from_frame(wrong, groups, missing=missing)
        there = sgt.Population.from_frame(dd.from_pandas(wrong, npartitions=4, sort=False), groups, missing=missing)
        agrees(sgt.dissimilarity, here, there)
    twice = pd.concat([tracts, tracts.iloc[[5]]])
    with pytest.raises(sgt.DataError, match=f"more than once in the index: .*{tracts.index[5]}"):
        sgt.Population.from_frame(dd.from_pandas(twice, npartitions=4, sort=False), groups)
    with pytest.raises(sgt.CapabilityError, match=r"frame\.compute\(\)"):
        sgt.Population.from_frame(dd.from_pandas(tracts, npartitions=4), groups, tiers=["county"])


# ---------------------------------------------------------------- clusters


def test_draws_and_plans_of_a_cluster_are_those_made_here(client, tracts):
    pop = sgt.Population.from_frame(tracts, ["white", "black"])
    here, there = (sgt.bootstrap(sgt.gini, pop, draws=90, rng=3, client=where) for where in (None, client))
    np.testing.assert_array_equal(there.draws, here.draws)
    np.testing.assert_array_equal(there.more(40, client=client).draws, here.more(40).draws)
    tests = [sgt.null_test(sgt.gini, pop, draws=70, rng=3, client=where) for where in (None, client)]
    np.testing.assert_array_equal(tests[0].draws, tests[1].draws)
    assert sgt.expected(sgt.gini, pop, draws=70, rng=3, client=client) == tests[0].expected
    town = sgt.synthetic_district(40, 3, rng=1)
    pupils = sgt.Population.from_frame(town.blocks, ["a", "b", "c"])
    given = {"current": town.blocks["school"], "schools": town.schools, "travel": town.travel}
    rules = [sgt.capacity(within=0.2), sgt.contiguous()]
    drawn = [
        sgt.neutral_plans(pupils, **given, constraints=rules, rng=7, n=21, steps=8000, client=where)
        for where in (None, client)
    ]
    np.testing.assert_array_equal(drawn[0].zones, drawn[1].zones)
    assert drawn[0].accepted == drawn[1].accepted
    with pytest.raises(sgt.OptionError, match=r"client must be a dask\.distributed\.Client"):
        sgt.bootstrap(sgt.gini, pop, rng=3, client="tcp://address:8786")


def slowly(block):
    time.sleep(0.1)
    return block


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(client):
    here, _ = two(COUNTS)
    slow = da.from_array(COUNTS, chunks=(3, 16, 16)).map_blocks(slowly, dtype=np.float32)
    with client.as_current():
        there = sgt.Population.from_raster(slow, groups=GROUPS, cell_size=100).within(sgt.Radius(300))
    pids = client.run(os.getpid)
    killed = []

    def kill():
        pid = next(iter(pids.values()))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    timer = threading.Timer(0.8, kill)
    timer.start()
    with client.as_current():
        found = sgt.measure(there, [sgt.information_theory, sgt.exposure])
    timer.join()
    assert killed
    near = here.within(sgt.Radius(300))
    same(sgt.information_theory(near), found["information_theory"])
    same(sgt.exposure(near), found["exposure"])
    client.wait_for_workers(2, timeout=60)


INTERRUPTED = """
    import time, warnings
    import numpy as np

    def slowly(block):
        time.sleep(0.5)
        return block

    if __name__ == "__main__":
        warnings.simplefilter("ignore")
        import dask.array as da
        from dask.distributed import Client, LocalCluster
        import segregation_tools as sgt
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
            with Client(cluster) as client:
                counts = da.ones((2, 640, 640), chunks=(2, 64, 64)) * np.array([1, 2])[:, None, None]
                pop = sgt.Population.from_raster(counts, cell_size=100)
                slow = sgt.Population.from_raster(counts, cell_size=100)
                slow.__dict__["counts"] = slow.chunks.map_blocks(slowly)
                print("begun", flush=True)
                try:
                    sgt.dissimilarity(slow)
                except KeyboardInterrupt:
                    print("stopped", flush=True)
"""


def test_interrupted_it_leaves_no_processes_behind(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(INTERRUPTED))
    started = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "begun\n"
    children = psutil.Process(started.pid).children(recursive=True)
    assert len(children) >= 2
    time.sleep(1)
    started.send_signal(signal.SIGINT)
    said, _ = started.communicate(timeout=60)
    assert said == "stopped\n"
    assert started.returncode == 0
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert len(gone) == len(children)
