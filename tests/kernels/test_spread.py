"""Columns of a spreading kernel, and sums along and across them, beside full matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segregation_tools.kernels.decay import KERNELS, REACH
from segregation_tools.kernels.nearby import in_bands, sum_within
from segregation_tools.kernels.spread import columns_within, gathered, scattered


def as_matrix(columns, units):
    matrix = np.zeros((units, len(columns.starts) - 1))
    for source in range(matrix.shape[1]):
        part = slice(columns.starts[source], columns.starts[source + 1])
        np.add.at(matrix[:, source], columns.units[part], columns.weights[part])
    return matrix


@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 70),
    scale=st.sampled_from([0.0, 0.5, 2.0, 30.0]),
    kernel=st.sampled_from(KERNELS),
)
@settings(max_examples=80)
def test_columns_and_sums(seed, size, scale, kernel):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 8, (size, 2)) * 1.0 + 500_000  # some at the same place
    bands, at = in_bands(points), rng.permutation(size)[: rng.integers(1, size + 1)]
    columns = columns_within(bands, at, scale, kernel)
    matrix = as_matrix(columns, size)
    between = np.hypot(*(points[:, np.newaxis] - points[np.newaxis, at]).transpose(2, 0, 1))
    within = between <= scale * REACH.get(kernel, 1.0)
    assert ((matrix > 0) <= within).all()
    people = rng.uniform(0, 5, (2, len(at)))
    here = np.zeros((2, size))
    here[:, at] = people
    expected = sum_within(bands, here, scale, kernel)
    np.testing.assert_allclose(people @ matrix.T, expected, atol=1e-9)
    onto = rng.uniform(0, 1, (2, size))
    start = onto.copy()
    scattered(columns, people, onto)
    np.testing.assert_allclose(onto - start, expected, atol=1e-9)
    values = rng.normal(size=(3, size))
    np.testing.assert_allclose(gathered(columns, values), values @ matrix, atol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_column_is_in_all_chunks_the_same(kernel):
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 100, (3000, 2))
    bands = in_bands(points)
    every = columns_within(bands, np.arange(3000), 4.0, kernel)
    some = columns_within(bands, np.arange(1500, 1510), 4.0, kernel)
    matrix = as_matrix(some, 3000)
    for k, source in enumerate(range(1500, 1510)):
        part = slice(every.starts[source], every.starts[source + 1])
        column = np.zeros(3000)
        column[every.units[part]] = every.weights[part]
        np.testing.assert_array_equal(column, matrix[:, k])
