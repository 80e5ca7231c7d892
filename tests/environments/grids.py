"""Random grids: with holes, of whole and of fractional counts, of several number types, from one cell on."""

import numpy as np
from hypothesis import strategies as st

import segregation_tools as sgt

SIDE = 100.0
SHAPES = [(1, 1), (1, 9), (9, 1), (6, 7), (13, 40), (70, 5)]


@st.composite
def grids(draw, groups=3, dtypes=("f4", "f8", "i2", "i8")):
    """Counts of a grid; half of the cells are empty, and in fractions a handful lives beside a million."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    shape = draw(st.sampled_from(SHAPES))
    dtype = draw(st.sampled_from(dtypes))
    counts = chance.integers(0, 40, (groups, *shape)) * chance.integers(0, 2, shape)
    if dtype[0] == "f" and draw(st.booleans()):
        counts = counts * 10.0 ** chance.integers(-3, 6, shape) * chance.random((groups, *shape))
    counts[:, 0, 0] += 1
    counts[:, -1] *= draw(st.integers(0, 1)) or shape[0] == 1
    return counts.astype(dtype)


def population(counts, side=SIDE):
    cells = sgt.Grid(*counts.shape[1:], cell_size=side)
    return sgt.Population(counts, [f"g{g}" for g in range(len(counts))], geography=cells)
