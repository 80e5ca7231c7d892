"""Weights that are given: matched by their labels, refused where they do not fit, never changed."""

import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import segregation_tools as sgt
from tests.environments.places import read, squares


def test_a_frame_of_weights_is_matched_by_its_labels():
    pop, chance = read(squares()), np.random.default_rng(1)
    frame = pd.DataFrame(chance.random((4, 4)), index=list("stuv"), columns=list("stuv"))
    near = pop.within(sgt.Neighbours(frame)).environment
    np.testing.assert_allclose(near, pop.within(sgt.Neighbours(frame.to_numpy())).environment)
    np.testing.assert_allclose(pop.within(sgt.Neighbours(frame.loc[list("vust"), list("tsvu")])).environment, near)
    with pytest.raises(sgt.DataError, match="without weights: 'v'; only in the weights: 'x'"):
        pop.within(sgt.Neighbours(frame.rename(index={"v": "x"}, columns={"v": "x"})))
    with pytest.raises(sgt.DataError, match="once as a row and once as a column"):
        pop.within(sgt.Neighbours(frame.rename(index={"v": "x"})))


def test_weights_that_do_not_fit_are_refused():
    pop = read(squares())
    with pytest.raises(sgt.DataError, match=r"weights between 4 units have the shape \(4, 4\), not \(3, 3\)"):
        pop.within(sgt.Neighbours(np.eye(3)))
    for wrong in (-1.0, np.nan, np.inf):
        weights = np.eye(4)
        weights[2, 1] = wrong
        with pytest.raises(sgt.DataError, match="rows 'u'"):
            pop.within(sgt.Neighbours(sparse.csr_array(weights)))
    graph = libpysal.graph.Graph.from_sparse(sparse.csr_array(np.eye(4)), ids=list("stux"))
    with pytest.raises(sgt.DataError, match="without weights: 'v'; only in the weights: 'x'"):
        pop.within(sgt.Neighbours(graph))


def test_nothing_of_the_callers_weights_is_changed():
    weights = sparse.csr_array(np.ones((4, 4)) - np.eye(4))
    before = weights.copy()
    near = read(squares()).within(sgt.Neighbours(weights, self_weight=1))
    assert sgt.dissimilarity(near) == 0
    assert (weights != before).nnz == 0


def test_weights_written_to_later_change_nothing():
    weights = sparse.csr_array(np.ones((4, 4)))
    near = read(squares()).within(sgt.Neighbours(weights))
    weights.data[:] = np.eye(4).ravel()
    assert sgt.dissimilarity(near) == 0


def test_graphs_without_the_own_unit_mean_what_they_say():
    graph = libpysal.graph.Graph.build_knn(squares().centroid, k=1)
    near = read(squares()).within(sgt.Neighbours(graph))
    np.testing.assert_array_equal(near.environment[0], [20, 10, 20, 30])
    with pytest.raises(sgt.CapabilityError, match="each resident counts once"):
        sgt.exposure(near, with_self=False)
