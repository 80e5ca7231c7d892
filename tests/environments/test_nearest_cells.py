"""The nearest people on grids, against walking outward from every cell, whichever way they are looked for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segregation_tools as sgt
from segregation_tools.environments.nearest import NearestCells
from segregation_tools.kernels.grids import nearest
from tests.environments.places import read, squares
from tests.reference.environments import nearest_cells

SHAPES = pytest.mark.parametrize("shape", ["disc", "square"])
RINGS = pytest.mark.parametrize("last_ring", ["whole", "proportional"])


@st.composite
def grids(draw, height=11, width=13):
    """Towns between fields where nobody lives, in whole or in broken numbers, of either kind of float."""
    chance = np.random.default_rng(draw(st.integers(0, 99_999)))
    groups, rows, cols = draw(st.integers(1, 3)), draw(st.integers(1, height)), draw(st.integers(1, width))
    inhabited = chance.random((rows, cols)) < draw(st.sampled_from([0.02, 0.2, 0.7, 1.0]))
    inhabited[chance.random(rows) < draw(st.sampled_from([0, 0.5]))] = False
    counts = chance.integers(0, 40, (groups, rows, cols)) * inhabited
    counts[:, chance.integers(rows), chance.integers(cols)] += 1
    if draw(st.booleans()):
        counts = counts * chance.random(counts.shape)
    return counts.astype(draw(st.sampled_from([np.float32, np.float64])))


def found(bounds, counts, cuts=(), **how):
    """Environments from chunks of rows that end at `cuts`, as often as they are yielded, every row once and in order."""
    ends = sorted({0, counts.shape[1], *(cut for cut in cuts if cut < counts.shape[1])})
    met, done = np.full((len(bounds), *counts.shape), np.nan), 0
    wanted = sorted(bound.k for bound in bounds)
    for first, last in pairwise(ends):
        rows = nearest.nearest_rows(
            counts, wanted, first, last, square=bounds[0].square, partly=bounds[0].partly, **{"inhabited": False} | how
        )
        for start, stop, met_by in rows:
            parts = [met_by[wanted.index(bound.k)] for bound in bounds]
            assert start == done < stop <= last
            assert all(part.flags.c_contiguous and part.dtype == np.float64 for part in parts)
            met[:, :, start:stop], done = parts, stop
    assert done == counts.shape[1]
    return met


def close(met, counts, bounds):
    """Exactly so in whole numbers, unless they are taken in part; else as exact as sums of floats are."""
    for one, bound in zip(met, bounds, strict=True):
        expected = nearest_cells(counts.astype(float), bound.k, square=bound.square, partly=bound.partly)
        rounding = 0 if (counts == counts.round()).all() and not bound.partly else 1e-12
        np.testing.assert_allclose(one, expected, rtol=rounding, atol=rounding * counts.sum())


@pytest.fixture(params=["as it comes", "little laid out", "in full", "by homes", "by homes, several strips"])
def way(request, monkeypatch):
    """Small grids are searched as large ones are: too little at first, strip by strip."""
    for name, value in {
        "as it comes": {},
        "little laid out": {"FEW": 0, "MARGIN": 1, "WIDE": 0, "STRIP": 1, "LOWEST": 2},
        "in full": {"FEW": 0, "STRIP": 1, "LOWEST": 3},
        "by homes": {"FEW": 2},
        "by homes, several strips": {"FEW": 2, "STRIP": 1, "LOWEST": 1, "SHIFT": 1},
    }[request.param].items():
        monkeypatch.setattr(nearest, name, value)


@SHAPES
@RINGS
@given(
    counts=grids(),
    wanted=st.lists(st.sampled_from([0.3, 1, 17, 40, 120, 333.3, 1500, 1e5]), min_size=1, max_size=3),
    cuts=st.lists(st.integers(1, 10), max_size=3),
)
@pytest.mark.usefixtures("way")
@settings(max_examples=25)
def test_nearest_cells_equal_walking_outward(shape, last_ring, counts, wanted, cuts):
    bounds = [NearestCells(k, last_ring == "proportional", shape == "square") for k in wanted]
    close(found(bounds, counts, cuts), counts, bounds)
    homes = nearest.homes_where_few(counts)
    near = found(bounds, counts, cuts, inhabited=True, homes=homes)
    lived_in = counts.sum(axis=0) > 0
    assert (near[:, :, ~lived_in] == 0).all()
    everywhere = nearest_cells(counts.astype(float), wanted[0], square=shape == "square", partly=bounds[0].partly)
    np.testing.assert_allclose(near[0][:, lived_in], everywhere[:, lived_in], rtol=1e-12, atol=1e-12 * counts.sum())


@SHAPES
@given(seed=st.integers(0, 999), share=st.sampled_from([0.01, 0.05, 0.3, 1.0]))
@settings(max_examples=6)
def test_wider_than_what_is_skipped_together(shape, seed, share):
    """Several blocks of 64 cells in a row, and searches that reach across many empty ones."""
    chance = np.random.default_rng(seed)
    counts = chance.integers(1, 90, (2, 21, 150)) * (chance.random((21, 150)) < share).astype(np.float32)
    counts[:, 3, 140] += 2
    bounds = [NearestCells(k, square=shape == "square") for k in (900, 60)]
    for homes in (None, nearest.homes_where_few(counts)):
        close(found(bounds, counts, [5, 6], homes=homes), counts, bounds)


@SHAPES
@given(
    seed=st.integers(0, 9999), cuts=st.lists(st.integers(1, 199), min_size=3, max_size=9), few=st.sampled_from([0, 2])
)
@settings(max_examples=30)
def test_chunks_look_as_far_beyond_their_rows_as_they_need_to(shape, seed, cuts, few):
    """From far above and below, a row at a time, but not from all over the grid."""
    chance = np.random.default_rng(seed)
    counts = (chance.integers(1, 30, (1, 200, 3)) * (chance.random((200, 3)) < 0.2)).astype(float)
    counts[:, 7] += 1
    bound = NearestCells(70, square=shape == "square")
    with pytest.MonkeyPatch.context() as small:
        for name, value in {"FEW": few, "SHIFT": 0, "MARGIN": 0, "WIDE": 1}.items():
            small.setattr(nearest, name, value)
        close(found([bound], counts, cuts), counts, [bound])


@SHAPES
@pytest.mark.parametrize("few", [0, 2])
def test_the_last_row_that_a_chunk_looks_at_counts(shape, few, monkeypatch):
    """Whatever that row is: ten people above and ten below, equally far away, come in together."""
    monkeypatch.setattr(nearest, "FEW", few)
    monkeypatch.setattr(nearest, "SHIFT", 0)
    for away in range(1, 90):
        counts = np.zeros((2, 200, 1))
        counts[:, 100], counts[0, 100 - away], counts[1, 100 + away] = 0.5, 10, 10
        ((_, _, (met,)),) = nearest.nearest_rows(counts, [5], 100, 101, square=shape == "square")
        assert met.ravel().tolist() == [10.5, 10.5]


@SHAPES
@RINGS
@given(counts=grids(), k=st.sampled_from([1, 60, 500]), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_the_same_chunks_give_the_same_bits_alone_or_together(shape, last_ring, counts, k, seed):
    one, other = (NearestCells(many, last_ring == "proportional", shape == "square") for many in (k, 7.5 * k))
    met = found([one, other], counts, [4])
    np.testing.assert_array_equal(met, found([one, other], counts, [4]))
    for alone, both in ((one, met[0]), (other, met[1])):
        np.testing.assert_allclose(found([alone], counts)[0], both, rtol=1e-12, atol=1e-12 * counts.sum())


@SHAPES
@pytest.mark.parametrize("inhabited", [0.05, 1.0])
def test_a_handful_beside_millions(shape, inhabited):
    """What a few fractions add up to is as exact where millions live in the same row."""
    chance = np.random.default_rng(3)
    counts = chance.random((2, 9, 140)) * (chance.random((9, 140)) < inhabited)
    counts[:, 4, 3] = 7e6
    counts[:, 4, 130] = 0.1
    bound = NearestCells(1.5, square=shape == "square")
    met = found([bound], counts)[0]
    expected = nearest_cells(counts, 1.5, square=bound.square, partly=False)
    lonely = expected.sum(axis=0) < 100
    assert lonely.sum() > 1000
    np.testing.assert_allclose(met[:, lonely], expected[:, lonely], rtol=1e-10)
    assert (met >= 0).all()


@SHAPES
@RINGS
@pytest.mark.parametrize("inhabited", [0.05, 1.0])
def test_nobody_is_too_few_to_be_met(shape, last_ring, inhabited):
    """A smooth surface of density: in the outskirts live fewer than what the sums of the centre are rounded to."""
    rows, cols = np.indices((60, 70)) - 30.0
    density = np.exp(-(rows**2 + cols**2) / 12) * 1e4 * (np.random.default_rng(2).random((60, 70)) < inhabited)
    density[30, 30] = 1e4
    assert 0 < density[density > 0].min() < 1e-30
    pop = sgt.Population(np.stack([density, density / 3]), ["a", "b"], geography=sgt.Grid(60, 70, cell_size=100))
    near = pop.within(sgt.NearestPeople(0.5, last_ring, shape=shape))
    assert (near.environment.sum(axis=0)[density > 0] > 0).all()
    for index in (sgt.dissimilarity, sgt.information_theory, sgt.exposure):
        assert np.isfinite(index(pop.within(near.recipe))).all(axis=None)


@SHAPES
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, ">f8", np.float16, np.float32, np.float64])
def test_counts_of_any_type(shape, dtype):
    counts = np.random.default_rng(1).integers(0, 60, (2, 7, 9))
    met = [
        sgt.Population(given, ["a", "b"], geography=sgt.Grid(7, 9, cell_size=100)).within(
            sgt.NearestPeople(150, shape=shape)
        )
        for given in (counts.astype(dtype), counts[:, ::-1].astype(dtype)[:, ::-1])
    ]
    for pop in met:
        np.testing.assert_array_equal(
            pop.environment, nearest_cells(counts * 1.0, 150, square=shape == "square", partly=False)
        )


@SHAPES
@pytest.mark.parametrize("scale", [1e-250, 1e-9, 1e290])
def test_people_may_be_counted_in_any_unit(shape, scale):
    counts = np.random.default_rng(2).integers(0, 60, (2, 7, 9)).astype(float)
    bound, scaled = (NearestCells(150 * unit, True, shape == "square") for unit in (1, scale))
    np.testing.assert_allclose(found([scaled], counts * scale)[0] / scale, found([bound], counts)[0], rtol=1e-12)


def test_whoever_is_asked_for_more_people_than_there_are_meets_everyone():
    for inhabited in (0.01, 1.0):
        counts = (np.random.default_rng(8).random((2, 40, 70)) < inhabited) * 3.0
        for square in (False, True):
            whole = found([NearestCells(1e300, square=square)], counts)[0]
            np.testing.assert_array_equal(whole, np.broadcast_to(counts.sum(axis=(1, 2))[:, None, None], counts.shape))


def test_squares_are_of_cells():
    with pytest.raises(sgt.GeographyError, match="no cells of a grid: leave it out"):
        read(squares()).within(sgt.NearestPeople(30, shape="square"))
    with pytest.raises(sgt.OptionError, match="'disc', 'square', not 'hexagon'"):
        sgt.NearestPeople(30, shape="hexagon")
    with pytest.raises(TypeError):
        sgt.NearestPeople(30, "whole", "square")
    assert str(sgt.NearestPeople(30, shape="square")) == "the nearest 30 people by squares of cells"


@SHAPES
@given(counts=grids(), wanted=st.lists(st.sampled_from([3, 40, 333.3, 1e5]), min_size=2, max_size=3))
@settings(max_examples=15)
def test_a_profile_finds_several_numbers_of_people_at_once(shape, counts, wanted):
    cells = sgt.Grid(*counts.shape[1:], cell_size=100)
    pop = sgt.Population(counts, list("abc")[: len(counts)], geography=cells)
    bounds = [sgt.NearestPeople(k, shape=shape).on(cells) for k in wanted]
    assert len({bound.alike for bound in [*bounds, NearestCells(3, square=shape != "square")]}) == 2
    rows = bounds[0].reader(bounds[1:], pop.counts, everywhere=True)
    parts = [(start, [part.copy() for part in met]) for start, _, met in rows(0, cells.rows)]
    for i, bound in enumerate(bounds):
        met = np.concatenate([part[i] for _, part in parts], axis=1)
        close([met], pop.counts, [bound])


# equipop 1.62.1, run_knn_counts(..., self_potential=0, overshoot_mode=...): people and foreigners met, over all cells
# where somebody lives; and D of foreigners by Reardon & O'Sullivan's formula, in NumPy, from those it found.
COLOGNE = {
    ("whole", 100): (5_150_842, 613_991, 0.3643711264389753),
    ("whole", 1000): (27_256_663, 3_200_668, 0.3024736798302857),
    ("whole", 10_000): (239_407_508, 29_723_848, 0.23522654548448196),
    ("proportional", 100): (2_352_700, 251_543.39352389635, 0.3729376748960557),
    ("proportional", 1000): (23_527_000, 2_666_179.1962677017, 0.305351519348071),
    ("proportional", 10_000): (235_270_000, 29_072_605.392645083, 0.23573975096917926),
}


@pytest.mark.parametrize(("last_ring", "k"), COLOGNE)
def test_cologne_as_another_program_has_it(last_ring, k, real_data):
    file = real_data / "cologne_100m_citizenship_2011.tif"
    near = sgt.Population.from_raster(file, groups=["germans", "foreign"]).within(sgt.NearestPeople(k, last_ring))
    people, foreign, unevenness = COLOGNE[last_ring, k]
    met = near.environment[:, near.sizes > 0]
    np.testing.assert_allclose([met.sum(), met[1].sum()], [people, foreign], rtol=0 if last_ring == "whole" else 1e-12)
    assert sgt.dissimilarity(near) == pytest.approx(unevenness, rel=1e-12)
