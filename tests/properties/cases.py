"""Random populations for the properties of indices."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from tests.properties.proved import PROPERTIES

TRIED: dict[str, set[str]] = {name: set() for name in PROPERTIES}


def proves(*names, among=None):
    """Parametrize a test with the indices of which properties are stated; some of them, where several tests prove it."""
    (stated,) = {tuple(i.__name__ for i in PROPERTIES[name].indices if among is None or i in among) for name in names}
    for name in names:
        TRIED[name].update(stated)
    return pytest.mark.parametrize("index", [stocked()[name] for name in stated], ids=ids)


def ids(index):
    return index.__name__


@st.composite
def tables(draw, groups=None):
    """Counts in which every group has people; units may be empty."""
    rows = draw(st.integers(2, 5)) if groups is None else groups
    shape = (rows, draw(st.integers(2, 14)))
    counts = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 60)))
    for row in counts:
        if not row.any():
            row[draw(st.integers(0, shape[1] - 1))] = draw(st.integers(1, 60))
    return counts.astype(float)


def population(counts, index=None, **more):
    """A population of counts; of two groups where the index takes no more."""
    if index is not None and index.groups == 2:
        counts = counts[:2]
    return sgt.Population(counts, [f"g{i}" for i in range(len(counts))], **more)


def ready(index, pop):
    """The index with the options it needs, for a population."""
    return (
        index.bind(incomes=[10.0 * 2**i for i in range(len(pop.groups))]) if "incomes" in index.about.needs else index
    )


def value(index, pop):
    """Value of an index that may need an option."""
    return ready(index, pop)(pop)


def flat(answer):
    """Numbers of any answer, in one array."""
    return np.asarray(answer.to_numpy() if isinstance(answer, (pd.Series, pd.DataFrame)) else answer, dtype=float)


def assert_same(a, b, tolerance=1e-10):
    np.testing.assert_allclose(flat(a), flat(b), rtol=tolerance, atol=tolerance)
