"""Places for the tests of autocorrelation: values on polygons and random graphs, and what esda needs to read them."""

import warnings

import libpysal
import numpy as np
import pandas as pd
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy import sparse

import segregation_tools as sgt


def sacramento():
    """Shares of a group of real tracts, and who touches whom."""
    tracts = sgt.load("sacramento").sort_index()  # in which order some of esda answers, whatever was asked
    inhabited = tracts[tracts["total"] > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = Graph.build_contiguity(inhabited, rook=False)
    return inhabited["black"] / inhabited["total"], inhabited["hispanic"] / inhabited["total"], graph


def as_esda_reads_it(weights):
    """An old-style W, of which esda takes the weights as they are: transformation 'O'."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return libpysal.weights.WSP(sparse.csr_matrix(weights)).to_W(silence_warnings=True)


@st.composite
def places(draw, least=5, most=14, weighted=True):
    """Values and any weights, not symmetric, some units without neighbours."""
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    n = draw(st.integers(least, most))
    linked = chance.random((n, n)) < draw(st.sampled_from([0.2, 0.5, 1.0]))
    np.fill_diagonal(linked, val=False)
    linked[0, 1] = True
    weights = linked * (chance.random((n, n)) if weighted and draw(st.booleans()) else 1.0)
    if draw(st.booleans()):
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    values = chance.gamma(1, 3, n) if draw(st.booleans()) else chance.integers(0, 4, n) + np.arange(n) % 2
    return values.astype(float), weights


def series(values):
    return pd.Series(values, index=[f"u{i}" for i in range(len(values))])
