"""Radial windows on grids beside all pairs of cells: discs, Gaussians and the other kernels of distance."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import environments as plain

from segregation_tools.kernels.decay import KERNELS, REACH
from segregation_tools.kernels.grids import fourier
from segregation_tools.kernels.grids.strips import half_widths
from segregation_tools.kernels.grids.weighted import DIRECT_REACH, weighted_rows

REACHES = [
    0,
    0.4,
    1,
    math.sqrt(2),
    1.5,
    2,
    math.sqrt(5),
    5,
    7.3,
    0.3 / 0.1,
    13,
    90,
]  # in cells: none, ties, longer than any grid here


def frozen(counts):
    counts = np.ascontiguousarray(counts)
    counts.flags.writeable = False
    return counts


@st.composite
def grids(draw):
    """Small grids with holes, of whole numbers or fractions, in single or double precision."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    rows, cols = draw(st.sampled_from([(1, 1), (1, 9), (8, 1), (2, 3), (7, 9), (11, 5)]))
    counts = chance.integers(0, 60, (2, rows, cols)) * (
        chance.random((rows, cols)) < draw(st.sampled_from([0.1, 0.6, 1]))
    )
    counts[:, chance.random(rows) < 0.2] = 0
    share = draw(st.sampled_from([1, 0.37]))
    return frozen((counts * share).astype(draw(st.sampled_from([np.float32, np.float64]))))


def gathered(counts, kernel, scale, cuts=()):
    """The sums of all rows, asked for in chunks."""
    bounds = [0, *cuts, counts.shape[1]]
    met, done = [], 0
    for first, last in itertools.pairwise(bounds):
        for top, bottom, strip in weighted_rows(counts, kernel, scale, first, last):
            assert (top, strip.shape) == (done, (len(counts), bottom - top, counts.shape[2]))
            assert strip.flags.c_contiguous
            assert strip.dtype == np.float64
            met.append(strip.copy())
            done = bottom
        assert done == last
    return np.concatenate(met, axis=1)


def precision(counts, kernel, reach):
    """How good each sum must be: arithmetic is that of the counts where they are weighed directly."""
    if kernel == "uniform" or counts.dtype == np.float64:
        return 1e-11
    return 1e-5 if kernel == "gaussian" or reach <= DIRECT_REACH else 1e-11


@pytest.mark.parametrize("kernel", KERNELS)
@given(counts=grids(), reach=st.sampled_from(REACHES))
def test_every_kernel_equals_all_pairs_of_cells(kernel, counts, reach):
    _, rows, cols = counts.shape
    centres = np.indices((rows, cols)).reshape(2, -1).T.astype(float)
    scale = reach / REACH.get(kernel, 1)
    met = plain.within(centres, counts.reshape(2, -1).astype(float), scale, kernel).reshape(counts.shape)
    found = gathered(counts, kernel, scale)
    np.testing.assert_allclose(found, met, rtol=precision(counts, kernel, reach), atol=1e-300)
    assert (found[met == 0] == 0).all()


def hamlets_and_a_city(seed, shape=(300, 1_250), kind=np.float64):
    """A wide grid: a city of millions, and hamlets of few or of parts of people, some near it, in much empty land."""
    chance = np.random.default_rng(seed)
    counts = np.zeros((2, *shape))
    for row, col in zip(chance.integers(0, shape[0], 60), chance.integers(0, shape[1], 60), strict=True):
        counts[:, row, col] = chance.random(2) * 10.0 ** chance.integers(-3, 2)
    counts[:, 100:140, 500:530] = chance.random((2, 40, 30)) * 1e7
    counts[:, 90:100, 531:560] = chance.random((2, 10, 29)) * 1e-3
    return frozen(counts.astype(kind))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("reach", [6.5, 24])
@pytest.mark.parametrize("kernel", KERNELS)
def test_few_people_beside_millions(kernel, reach, kind):
    """Many tiles and strips; every sum is good to its own size, next to the city too, and 0 where nobody is in reach."""
    counts = hamlets_and_a_city(5, kind=kind)
    scale = reach / REACH.get(kernel, 1)
    found = gathered(counts, kernel, scale)
    assert (found >= 0).all()
    chance = np.random.default_rng(1)
    cells = [
        *zip(chance.integers(0, 300, 60), chance.integers(0, 1_250, 60), strict=True),
        (95, 560),
        (90, 584),
        (70, 484),
    ]
    inhabited = counts.any(axis=0)
    people = counts[:, inhabited].astype(float)
    empty = 0
    for row, col in [*cells, (66, 530), (95, 533), (120, 512), (299, 1_249), (128, 1_024), (256, 512)]:
        apart = np.hypot(*(np.argwhere(inhabited) - (row, col)).T)
        weights = np.array([plain.K[kernel](u) for u in apart / scale])
        met = [math.fsum(weights * group) for group in people]
        if kernel == "uniform":  # running totals are rounded by what lives in the tile
            np.testing.assert_allclose(found[:, row, col], met, rtol=1e-12, atol=1e-13 * counts.sum())
            assert (found[:, row, col] > 0).tolist() == [total > 0 for total in met]
        else:
            np.testing.assert_allclose(
                found[:, row, col], met, rtol=max(1e-6, precision(counts, kernel, reach)), atol=1e-300
            )
        empty += met == [0, 0]
    assert empty > 5


@pytest.mark.parametrize("most", [9, 2**20, 2**28, 2**34])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_discs_of_whole_counts_are_exact(kind, most):
    counts = np.random.default_rng(most).integers(0, most, (2, 140, 1_100)).astype(np.float32).astype(np.int64)
    around = np.zeros_like(counts)
    reach = 5  # 3² + 4² = 5²
    padded = np.pad(counts, [(0, 0), (reach, reach), (reach, reach)])
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            if down**2 + across**2 <= reach**2:
                around += padded[:, reach + down : reach + down + 140, reach + across : reach + across + 1_100]
    np.testing.assert_array_equal(gathered(frozen(counts.astype(kind)), "uniform", reach), around)


def test_discs_where_only_some_counts_are_whole():
    """Numbers change from integers to floating point on the way, tile by tile and group by group."""
    counts = np.random.default_rng(3).integers(0, 9, (3, 40, 2_500)).astype(float)
    counts[1, 20, 2_400] += 0.25
    counts[2, 0, 0] = 2.0**31
    found = gathered(frozen(counts), "uniform", 3.2)
    padded = np.pad(counts, [(0, 0), (3, 3), (3, 3)])
    half = [3, 3, 2, 1]
    met = sum(
        padded[:, 3 + d : 43 + d, 3 + a : 2_503 + a]
        for d in range(-3, 4)
        for a in range(-half[abs(d)], half[abs(d)] + 1)
    )
    np.testing.assert_array_equal(found, met)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("reach", [3, 17.2])
def test_chunks_of_rows_equal_the_whole(kernel, reach):
    counts = frozen(np.random.default_rng(7).gamma(0.2, 50, (2, 330, 40)))
    scale = reach / REACH.get(kernel, 1)
    whole = gathered(counts, kernel, scale)
    np.testing.assert_allclose(gathered(counts, kernel, scale, [1, 100, 101, 290]), whole, rtol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_chunks_on_many_threads_are_the_same_bit_for_bit(kernel):
    counts = frozen(np.random.default_rng(8).gamma(0.2, 50, (2, 400, 90)))

    def chunk(first):
        return np.concatenate(
            [met.copy() for _, _, met in weighted_rows(counts, kernel, 6.0, first, first + 50)], axis=1
        )

    firsts = range(0, 400, 50)
    with ThreadPoolExecutor(4) as pool:
        for alone, together in zip(map(chunk, firsts), pool.map(chunk, firsts), strict=True):
            np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("seed", range(4))
def test_the_noise_of_transforms_is_far_below_its_bound(seed, monkeypatch):
    chance = np.random.default_rng(seed)
    counts = chance.random((1, 90, 120)) ** [1, 9, 40, 2][seed] * (
        chance.random((1, 90, 120)) < [1, 0.3, 1, 0.01][seed]
    )
    widths = half_widths(20, (90, 120))
    y, x = np.ogrid[:21, :21]
    table = np.maximum(0, 1 - (y**2 + x**2) / 400) * (x <= widths[:, np.newaxis])
    monkeypatch.setattr(fourier, "NOISE", 0.0)  # only what is negative is mended
    found = np.concatenate(
        [met.copy() for *_, met in fourier.fourier_rows(frozen(counts), table, widths, 0, 90)], axis=1
    )
    monkeypatch.undo()
    window = np.pad(table, [(20, 0), (20, 0)], mode="reflect").astype(np.longdouble)
    padded = np.pad(counts[0], 20).astype(np.longdouble)
    noise = max(
        abs((padded[i : i + 41, j : j + 41] * window).sum() - found[0, i, j])
        for i, j in chance.integers(0, 90, (300, 2))
    )
    bound = np.finfo(float).eps * math.log2(130 * 160) * math.sqrt((counts**2).sum() * (window**2).sum())
    assert noise < fourier.NOISE * bound / 20


def test_transforms_and_direct_sums_are_the_same_in_hard_places():
    """What is mended is most of the land here; an error of 10⁻⁶ is what the rest may have."""
    counts = hamlets_and_a_city(11, (200, 700))
    widths = half_widths(30, (200, 700))
    y, x = np.ogrid[:31, :31]
    table = np.exp(-np.hypot(y, x) / 3.75) * (x <= widths[:, np.newaxis])
    found = np.concatenate([met.copy() for *_, met in fourier.fourier_rows(counts, table, widths, 0, 200)], axis=1)
    met = gathered_directly(counts, table, widths)
    np.testing.assert_allclose(found, met, rtol=fourier.ERROR, atol=0)
    assert ((found > 0) & (found < 1e-3 * met.max() * 1e-6)).any()


def gathered_directly(counts, table, widths):
    """Every inhabited cell handed to those around it, in turn."""
    reach = len(widths) - 1
    window = np.pad(table, [(reach, 0), (reach, 0)], mode="reflect")
    met = np.zeros_like(np.pad(counts, [(0, 0), (reach, reach), (reach, reach)]))
    for group, row, col in zip(*np.nonzero(counts), strict=True):
        met[group, row : row + 2 * reach + 1, col : col + 2 * reach + 1] += counts[group, row, col] * window
    return met[:, reach:-reach, reach:-reach]


@pytest.mark.parametrize("shape", [(1, 1), (40, 3), (5, 200)])
def test_a_disc_is_as_wide_as_counting_cells_says(shape):
    for reach in [*REACHES, 1e200]:
        half = half_widths(reach, shape)
        far = max(shape) - 1
        cells = np.arange(far + 1)
        for down in range(far + 1):
            inside = cells[np.hypot(down, cells) <= reach * (1 + 1e-9)]
            assert (half[down] if down < len(half) else -1) == (inside[-1] if inside.size else -1)
