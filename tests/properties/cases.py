"""Random populations, and which index has which property."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import segregation_tools as sgt
from segregation_tools.indices.index import stocked

ALL = [index for index in stocked().values() if not index.reads_map]  # those that do are tried in test_maps
VALUES = [index for index in ALL if index.answer != "units"]
UNITS = [index for index in ALL if index.answer == "units"]
EVENNESS = [index for index in ALL if index.dimension == "evenness"]
ORDINAL = [index for index in ALL if index.dimension == "ordinal"]
LOCAL = [index for index in VALUES if not index.local_refusal]
DECOMPOSABLE = [index for index in ALL if index.decomposable]

# What an index lacks; each has its counterexample in test_counterexamples.py.
DIRECTED = {
    "interaction",
    "atkinson",
    "gorard",
    "concentration_profile",
}  # the first of two groups is another question than the second
FITTED = {"rank_order_information", "rank_order_variance", "rank_order_squareroot"}  # through a polynomial
NOT_ONE = {"gorard", "mutual_information", "divergence"}  # under complete separation
NOT_A_MEAN = {"entropy_diversity", "simpson_diversity"}  # of its local values
NOT_ZONED = {"min_max"}  # zones as environment differ from merged units


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
