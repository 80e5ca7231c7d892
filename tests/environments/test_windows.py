"""Windows on grids against their plain twins, in any piece of the grid, on any number of threads."""

import _thread
import io
import multiprocessing
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import geopandas
import numba
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from segregation_tools.kernels import pool
from segregation_tools.kernels.decay import KERNELS
from segregation_tools.kernels.grids import scores, windows
from tests.environments.grids import SIDE, grids, population
from tests.properties.cases import flat, ids, ready
from tests.reference import environments as plain

SUMMED = [index for index in stocked().values() if not index.reads_map and index.answer != "units"]


@given(counts=grids(), half=st.sampled_from([0, 1, 2, 7, 10, 500]))
def test_square_equals_cell_by_cell(counts, half):
    near = population(counts).within(sgt.Square(half * SIDE))
    np.testing.assert_allclose(near.environment, plain.square(counts, half), rtol=1e-13)


@given(counts=grids(dtypes=["i2", "i8"]), half=st.integers(0, 9))
def test_whole_people_are_added_up_exactly(counts, half):
    near = population(counts).within(sgt.Square(half * SIDE))
    np.testing.assert_array_equal(near.environment, plain.square(counts, half))


def test_what_leaves_the_window_takes_nothing_with_it():
    counts = np.full((1, 60, 40), 1e-12)
    counts[0, 20] = 1e12  # a crowd comes into the window and goes
    met = np.concatenate([met[0].copy() for _, _, met in windows.box_rows(counts, 3, 0, 60)])
    np.testing.assert_allclose(met[40], 7 * np.minimum(7, np.minimum(np.arange(4, 44), np.arange(43, 3, -1))) * 1e-12)
    np.testing.assert_allclose(met[20], met[23])


@given(counts=grids(dtypes=["f8"]), first=st.integers(0, 5), half=st.integers(0, 12))
def test_any_rows_can_be_asked_for(counts, first, half):
    whole = plain.square(counts, half)
    for start, stop, met in windows.box_rows(counts, half, min(first, counts.shape[1] - 1), counts.shape[1]):
        np.testing.assert_allclose(met, whole[:, start:stop], rtol=1e-13)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25)
@given(counts=grids(), cells=st.sampled_from([0, 0.4, 1, np.sqrt(2), 3, 5, 11.5, 90]))
def test_radius_equals_all_pairs_of_cells(kernel, counts, cells):
    pop = population(counts)
    points = pop.geography.centroids.to_numpy()
    wanted = plain.within(points, counts.reshape(len(counts), -1).astype(float), cells * SIDE, kernel)
    found = pop.within(sgt.Radius(cells * SIDE, kernel)).environment
    precision = 1e-5 if counts.dtype in ("f4", "i2") else 1e-9
    lost = 1e-13 * counts.sum(dtype=float) if kernel == "uniform" else 0  # what a crowd nearby rounds off
    np.testing.assert_allclose(found, wanted.reshape(counts.shape), rtol=precision, atol=lost)


def test_a_square_wider_than_a_tile():
    counts = np.random.default_rng(1).integers(0, 9, (2, 3, 2600)).astype(np.int16)
    for half in (1, 600, 1100):
        met = population(counts).within(sgt.Square(half * SIDE)).environment
        columns = np.pad(counts.sum(axis=1), ((0, 0), (half + 1, half))).cumsum(axis=1)
        np.testing.assert_array_equal(met[:, 1], (columns[:, 2 * half + 1 :] - columns[:, : -2 * half - 1]))


def test_a_square_reaches_cells_whose_centre_lies_on_its_edge():
    cells = population(np.ones((1, 1, 9)), side=0.1)
    assert cells.within(sgt.Square(0.3)).environment[0, 0, 4] == 7  # 0.3 / 0.1 is below 3 by rounding


def test_squares_are_for_grids():
    place = geopandas.GeoDataFrame({"a": [1.0], "b": [2.0]}, geometry=[shapely.Point(0, 0)], crs=32610)
    with pytest.raises(sgt.CapabilityError, match=r"sgt\.Radius\(500\)"):
        sgt.Population.from_frame(place, ["a", "b"]).within(sgt.Square(500))
    with pytest.raises(sgt.OptionError, match="metres"):
        sgt.Square(-1)


@pytest.mark.parametrize("metres", [0, 100, 1000])
def test_whoever_is_lost_beside_a_crowd_still_meets_his_own_cell(metres):
    counts = np.zeros((2, 1, 40))
    counts[:, 0, :4] = [1e6 + 0.5, 0, 0, 1e-11], [1e6 + 0.25, 0, 0, 2e-11]
    pop = population(counts)
    near = pop.within(sgt.Radius(metres))
    assert (near.environment >= counts).all()
    assert np.isfinite(sgt.information_theory(pop.within(sgt.Radius(metres))))
    if metres == 0:
        np.testing.assert_array_equal(near.environment, counts)


# ---------------------------------------------------------------- straight into the scores


@pytest.mark.parametrize("index", SUMMED, ids=ids)
@settings(max_examples=15)
@given(counts=grids(groups=2, dtypes=["f4", "i2", "f8"]), half=st.sampled_from([0, 1, 3]))
def test_every_index_is_the_same_whether_the_environment_is_held_or_not(index, counts, half):
    if index.about.needs or len(population(counts)) < 2:
        return
    options = {"incomes": [1.0, 3.0]} if "incomes" in index.defaults else {}
    one, other = (population(counts).within(sgt.Square(half * SIDE)) for _ in range(2))
    assert other.environment.shape == counts.shape  # held from now on: formulas read it block by block
    held = index(other, **options)
    np.testing.assert_allclose(flat(index(one, **options)), flat(held), rtol=1e-11, atol=1e-12)


@given(counts=grids(groups=5), half=st.sampled_from([0, 2]))
def test_many_indices_in_one_pass_are_what_each_is_alone(counts, half):
    near = population(counts).within(sgt.Square(half * SIDE))
    asked = [sgt.dissimilarity, sgt.information_theory, sgt.exposure, sgt.relative_diversity, sgt.gini, sgt.isolation]
    together = sgt.measure(near, asked)
    for index in asked:
        np.testing.assert_allclose(flat(together[index.__name__]), flat(index(near)), rtol=1e-12, atol=1e-14)


def test_people_are_counted_once_for_all_environments():
    pop = population(np.ones((2, 3, 4), np.float32))
    near = pop.within(sgt.Square(SIDE))
    assert near.group_totals is pop.group_totals
    assert near[["g1"]].group_totals.tolist() == [12]


def test_measuring_takes_indices_and_each_once():
    pop = sgt.Population([[9, 1], [1, 9]], ["a", "b"])
    with pytest.raises(sgt.OptionError, match="list of indices"):
        sgt.measure(pop, ["D"])
    with pytest.raises(sgt.OptionError, match=r"must be a list of indices.*dissimilarity"):
        sgt.measure(pop, sgt.dissimilarity)
    with pytest.raises(sgt.OptionError, match="each index once"):
        sgt.measure(pop, [sgt.atkinson.bind(b=0.1), sgt.atkinson.bind(b=0.9)])


def test_nobody_is_met_where_nobody_lives_far_around():
    counts = np.zeros((2, 200, 300), np.float32)
    counts[:, :5, :5], counts[0, 150, 250] = 3, 8
    near = population(counts).within(sgt.Square(2 * SIDE))
    # Those in the corner meet both groups alike; the eight live among themselves.
    assert sgt.isolation(near)["g1"] == pytest.approx(0.5)
    assert sgt.isolation(near)["g0"] == pytest.approx((75 * 0.5 + 8) / 83)


@pytest.mark.parametrize(
    "index", [sgt.exposure, sgt.exposure.bind(with_self=False), sgt.isolation, sgt.rank_order_information], ids=ids
)
def test_pieces_where_nobody_lives_add_nothing(index):
    counts = np.zeros((6, 400, 3))
    counts[:, 100:120] = np.random.default_rng(4).integers(1, 9, (6, 20, 3))
    index = ready(index, population(counts))
    near, alone = (population(part).within(sgt.Square(SIDE)) for part in (counts, counts[:, 100:120]))
    np.testing.assert_allclose(flat(index(near)), flat(index(alone)), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kernel", ["triangular", "biweight", "epanechnikov"])
def test_whoever_lives_with_one_other_meets_him_whatever_the_rounding(dtype, kernel):
    """Couples, one of each group, out of everybody's reach; transforms add up to hardly less than two people."""
    counts = np.zeros((2, 200, 200), dtype)
    counts[:, 5::45, 5::45] = 1
    counts[0, 27, 27] = 300
    met = sgt.exposure(population(counts).within(sgt.Radius(20 * SIDE, kernel)), with_self=False)
    np.testing.assert_allclose(met, [[300 / 325, 25 / 325], [1, 0]], atol=1e-12)
    assert (met >= 0).all(axis=None)


def test_logarithms_are_right_to_the_last_digit_but_one():
    x = np.concatenate(
        [
            10 ** np.random.default_rng(0).uniform(-300, 0, 20_000),
            1 - 10 ** np.random.default_rng(1).uniform(-16, -1, 5000),
            [1.0, 0.5, np.sqrt(0.5), 2.0, 1e-300],
        ]
    )
    out = np.empty(len(x))
    _ln_of(x, out)
    np.testing.assert_allclose(out, np.log(x), rtol=3e-16)


@numba.njit
def _ln_of(x, out):
    for k in range(x.size):
        out[k] = scores._ln(x[k])


# ---------------------------------------------------------------- threads


@pytest.fixture(scope="module")
def city():
    counts = np.random.default_rng(7).gamma(0.3, 20, (4, 700, 90)).astype(np.float32)
    return population(counts * (np.random.default_rng(8).random(counts.shape[1:]) < 0.6))


def numbers(pop, half=9):
    near = pop.within(sgt.Square(half * SIDE))
    asked = sgt.measure(near, [sgt.dissimilarity, sgt.information_theory, sgt.exposure, sgt.variance_ratio])
    return np.concatenate([np.ravel(flat(value)) for value in asked.values()])


def test_threads_change_no_digit(city):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = numbers(city)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        np.testing.assert_array_equal(numbers(city), alone)
    finally:
        numba.set_num_threads(before)


def test_four_threads_at_once_get_the_right_answers(city):
    wanted = [numbers(city, half) for half in (1, 3, 9, 30)]
    with ThreadPoolExecutor(4) as four:
        found = list(four.map(numbers, [city] * 4, (1, 3, 9, 30)))
    np.testing.assert_array_equal(found, wanted)


def _send(pipe, city):
    pipe.send(numbers(city))


@pytest.mark.skipif(not hasattr(multiprocessing, "get_context") or sys.platform != "linux", reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_gets_the_right_answer(city):
    wanted, (here, there) = numbers(city), multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_send, args=(there, city))
    child.start()
    assert here.poll(60)
    np.testing.assert_array_equal(here.recv(), wanted)
    child.join(10)


class Slow:
    """Surroundings of a grid that take a minute: everyone meets those of the own cell."""

    linear = includes_self = True
    alike = "slow"

    def on(self, geography):
        return self

    def strips(self, counts):
        yield slice(None), counts

    def reader(self, others, counts, *, everywhere):
        def rows(first, last):
            for row in range(first, last):
                time.sleep(0.05)
                yield row, row + 1, [np.ascontiguousarray(counts[:, row : row + 1], dtype=float)] * (1 + len(others))

        return rows


def test_an_interrupted_run_stops_and_leaves_nothing_broken(city):
    slow = city.within(Slow())
    begun, before = time.monotonic(), threading.active_count()
    threading.Timer(0.4, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        sgt.dissimilarity(slow)
    assert time.monotonic() - begun < 30  # of the minute it would take
    np.testing.assert_array_equal(numbers(city), numbers(city))
    assert threading.active_count() <= before


def test_what_fails_in_a_thread_fails_the_run(city):
    class Broken(Slow):
        def reader(self, others, counts, *, everywhere):
            def rows(first, last):
                msg = "no more"
                raise ZeroDivisionError(msg)

            return rows

    with pytest.raises(ZeroDivisionError, match="no more"):
        sgt.dissimilarity(city.within(Broken()))


def test_what_fails_stops_the_rest_at_once():
    begun = []

    def work(first, last):
        begun.append(first)
        if first == 1:
            msg = "no more"
            raise ZeroDivisionError(msg)
        for _ in range(200):
            time.sleep(0.02)
            yield 0.0

    started = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="no more"):
        pool.in_pieces(work, [(i, i + 1) for i in range(8)])
    assert time.monotonic() - started < 2
    assert len(begun) < 8


def test_a_long_run_tells_how_far_it_is(city, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(pool, "PATIENCE", 0.05)
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)

    def work(first, last):
        for step in range(10):
            time.sleep(0.03)
            yield step / 10
        return last - first

    assert pool.in_pieces(work, [(0, 3), (3, 5)]) == [3, 2]
    assert "%" in shown.getvalue()
