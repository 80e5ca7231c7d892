"""Values and graphs in all the forms they come in, and grids without a graph."""

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy import sparse

import segregation_tools as sgt
from segregation_tools.autocorrelation.neighbours import Cells
from segregation_tools.population.adjacency import cell_adjacency
from tests.autocorrelation.places import sacramento

STATISTICS = [sgt.moran, sgt.geary, sgt.getis_ord]


def test_labels_decide_and_order_does_not():
    x, _, graph = sacramento()
    value = sgt.moran(x, graph).value
    turned = x.sample(frac=1, random_state=3)
    assert sgt.moran(turned, graph).value == pytest.approx(value, rel=1e-12)
    assert sgt.moran(x.to_numpy(), graph).value == pytest.approx(value, rel=1e-12)  # in the order of the graph
    assert sgt.moran(x, graph.sparse).value == pytest.approx(value, rel=1e-12)
    assert sgt.moran(x, graph.to_W()).value == pytest.approx(value, rel=1e-12)
    found = sgt.local_moran(turned, graph, permutations=0).to_frame()
    assert found.index.equals(turned.index)
    np.testing.assert_allclose(
        found["value"].reindex(x.index), sgt.local_moran(x, graph, permutations=0).value, rtol=1e-9, atol=1e-12
    )


def test_units_that_do_not_match_are_named():
    x, _, graph = sacramento()
    with pytest.raises(sgt.DataError, match="not of the same units; without weights: 'elsewhere'"):
        sgt.moran(x.rename({x.index[0]: "elsewhere"}), graph)
    with pytest.raises(sgt.DataError, match="only in the weights"):
        sgt.moran(x[1:], graph)
    with pytest.raises(sgt.DataError, match="stand more than once"):
        sgt.moran(pd.concat([x, x[:1]]), graph)
    with pytest.raises(sgt.DataError, match="only one has"):
        sgt.lee(x, x[1:], graph)


def test_a_population_brings_shares_and_neighbours():
    tracts = sgt.load("sacramento")
    tracts.loc[tracts.index[[3, 50, 200]], ["white", "black", "asian", "hispanic"]] = 0
    pop = sgt.Population.from_frame(tracts, ["white", "black", "asian", "hispanic"])
    share = tracts["black"] / tracts[["white", "black", "asian", "hispanic"]].sum(axis=1)
    queen, rook = (Graph.build_contiguity(tracts, rook=rook) for rook in (False, True))
    keep = share.notna()
    assert (~keep).sum() == 3
    graph = queen.subgraph(share.index[keep])
    assert sgt.moran(pop, group="black").value == pytest.approx(sgt.moran(share[keep], graph).value, rel=1e-9)
    assert sgt.moran(pop, queen, group="black").value == pytest.approx(sgt.moran(pop, group="black").value, rel=1e-9)
    assert sgt.moran(pop, sgt.Contiguity(rule="rook"), group="black").value == pytest.approx(
        sgt.moran(pop, rook, group="black").value, rel=1e-9
    )
    two_steps = sgt.moran(pop, sgt.Contiguity(2), group="black")  # by way of units where nobody lives, too
    assert two_steps.value == pytest.approx(
        sgt.moran(pop, queen.higher_order(2, lower_order=True), group="black").value
    )
    frame = sgt.local_moran(pop, group="black", rng=7).to_frame()
    assert frame.index.equals(pop.units)
    assert frame["value"].isna().tolist() == (~keep).tolist()
    assert (frame.loc[~keep, "cluster"] == "Undefined").all()
    with pytest.raises(sgt.GroupError, match="group must be one of 'white'"):
        sgt.moran(pop)
    with pytest.raises(sgt.GroupError, match="two groups"):
        sgt.lee(pop, group="black")
    with pytest.raises(sgt.CapabilityError, match="for populations"):
        sgt.moran(share, queen, group="black")
    assert sgt.moran(pop.versus("black")).value == sgt.moran(pop, group="black").value


def test_rates_of_small_units():
    tracts = sgt.load("sacramento")
    pop = sgt.Population.from_frame(tracts, ["white", "black", "asian", "hispanic"])
    inhabited = pop.sizes > 0
    assert inhabited.all()
    rates = pd.Series(np.nan, index=pop.units)
    rates[inhabited] = sgt.empirical_bayes(pop.counts[1][inhabited], pop.sizes[inhabited])
    graph = Graph.build_contiguity(tracts, rook=False)
    keep = rates.notna()
    assert sgt.moran(pop, group="black", rates="empirical_bayes").value == pytest.approx(
        sgt.moran(rates[keep], graph.subgraph(rates.index[keep])).value, rel=1e-9
    )


@st.composite
def rasters(draw):
    chance = np.random.default_rng(draw(st.integers(0, 9999)))
    shape = draw(st.sampled_from([(1, 5), (6, 1), (2, 2), (3, 7), (20, 9)]))
    values = chance.integers(0, 9, shape) + chance.random(shape) * draw(st.sampled_from([0, 1]))
    values[0, 0], values[-1, -1] = 3, 4.5
    holes = chance.random(shape) < draw(st.sampled_from([0, 0, 0.3]))
    holes[0, :2] = holes[:2, 0] = holes[-1, -1] = False
    values[holes] = np.nan
    return values.astype(draw(st.sampled_from(["f4", "f8"])))


@pytest.mark.parametrize("rule", ["queen", "rook"])
@given(values=rasters())
@settings(max_examples=40)
@pytest.mark.filterwarnings("ignore:units without neighbours:segregation_tools.errors.DataWarning")
@pytest.mark.filterwarnings("ignore:the variance of:segregation_tools.errors.UndefinedWarning")
def test_cells_are_what_their_graph_says(rule, values):
    links = cell_adjacency(*values.shape, rule)
    there = ~np.isnan(values).reshape(-1)
    flat, graph = values.reshape(-1)[there].astype(float), sparse.csr_array(links[there][:, there])
    cells = sgt.Contiguity(rule=rule)
    for statistic in STATISTICS:
        ours, theirs = statistic(values, cells), statistic(flat, graph)
        for name in ("value", "expected", "variance"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-12, nan_ok=True)
    for statistic in (sgt.local_moran, sgt.local_geary, sgt.local_g, sgt.local_g_star):
        ours, theirs = (statistic(one, by, permutations=49, rng=3) for one, by in ((values, cells), (flat, graph)))
        assert ours.value.shape == values.shape
        for name in ("value", "z", "p_value"):
            np.testing.assert_allclose(
                getattr(ours, name).reshape(-1)[there], getattr(theirs, name), rtol=1e-7, atol=1e-9
            )
            assert np.isnan(getattr(ours, name).reshape(-1)[~there]).all()
        assert (ours.cluster.reshape(-1)[there] == theirs.cluster).all()


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_links_of_a_whole_grid_are_counted_by_formula(rule):
    for shape in [(1, 1), (1, 4), (2, 2), (5, 3), (7, 11)]:
        links = cell_adjacency(*shape, rule)
        degree = links.sum(axis=1)
        found = Cells(shape, rule == "queen", 0.0, 0.0).moments
        assert found == (degree.sum(), 2 * degree.sum(), 4 * (degree**2).sum())


def test_a_population_on_a_grid():
    counts = np.random.default_rng(2).integers(0, 9, (2, 12, 15)).astype(np.float32)
    counts[:, 3:6, 3:6] = 0
    pop = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(12, 15, cell_size=100))
    with np.errstate(invalid="ignore"):
        share = counts[0] / counts.sum(axis=0)
    assert sgt.moran(pop, group="a").value == pytest.approx(sgt.moran(share, sgt.Contiguity()).value, rel=1e-6)
    frame = sgt.local_moran(pop, group="a", rng=1).to_frame()
    assert frame.index.names == ["row", "col"]
    assert frame.loc[(4, 4), "cluster"] == "Undefined"
    two = sgt.moran(pop, sgt.Contiguity(2), group="a")
    weights = libpysal.weights.higher_order(libpysal.weights.lat2W(12, 15, rook=False), 2, lower_order=True)
    there = ~np.isnan(share.reshape(-1))
    graph = sparse.csr_array(weights.sparse)[there][:, there]
    assert two.value == pytest.approx(sgt.moran(share.reshape(-1)[there], graph).value, rel=1e-6)


def test_labels_of_a_grid_are_made_when_they_are_asked_for():
    pop = sgt.Population(np.arange(1.0, 41).reshape(2, 4, 5), ["a", "b"], geography=sgt.Grid(4, 5, cell_size=100))
    found = sgt.local_moran(pop, rng=1)
    assert np.isfinite(sgt.moran(pop).value)
    assert "units" not in vars(pop.geography)
    assert found.to_frame().index.equals(pop.units)


def test_values_of_nullable_types():
    ring = sparse.csr_array(np.roll(np.eye(6), 1, axis=1))
    whole = pd.Series([1, 5, 2, 7, 4, 3], index=list("abcdef"), dtype="Int64")
    assert sgt.moran(whole, ring).value == sgt.moran(whole.astype(float), ring).value
    whole["c"] = pd.NA
    with pytest.raises(sgt.DataError, match="missing or infinite in rows 'c'"):
        sgt.moran(whole, ring)


@pytest.mark.parametrize("values", [np.full((3, 4), np.nan), np.empty((0, 4)), np.full((2, 2), np.nan, np.float32)])
def test_a_grid_without_a_value_is_refused(values):
    with pytest.raises(sgt.DataError, match="no cell has a value"):
        sgt.moran(values)


def test_infinite_cells_are_named():
    values = np.ones((3, 4))
    values[1, 2] = np.inf
    with pytest.raises(sgt.DataError, match=r"infinite in cells \(1, 2\)"):
        sgt.moran(values)


RING = sparse.csr_array(np.roll(np.eye(8), 1, axis=1) + np.roll(np.eye(8), -1, axis=1))
VALUES = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])


def test_links_that_are_given_twice_are_one():
    rows = np.repeat(np.arange(8), 4)
    columns = np.stack([np.roll(np.arange(8), shift) for shift in (1, -1, 1, -1)], axis=1).reshape(-1)
    twice = sparse.csr_array((np.full(32, 0.5), columns, np.arange(0, 33, 4)), shape=(8, 8))
    assert twice.nnz == 32
    assert (twice.toarray() == RING.toarray()).all()
    assert rows.size == twice.nnz
    for statistic in (sgt.local_moran, sgt.local_geary):
        ours, theirs = statistic(VALUES, twice, rng=1), statistic(VALUES, RING, rng=1)
        np.testing.assert_allclose(ours.z, theirs.z, rtol=1e-12)
        np.testing.assert_array_equal(ours.p_value, theirs.p_value)
    assert twice.nnz == 32  # as it was


def test_two_groups_of_a_population_and_a_graph():
    pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    rook = sgt.Contiguity(rule="rook")
    for statistic in (sgt.lee, sgt.bivariate_moran):
        named = statistic(pop, graph=rook, group="black", other="asian")
        assert statistic(pop, rook, group="black", other="asian").value == named.value
    with pytest.raises(sgt.GroupError, match="nothing else but a graph"):
        sgt.lee(pop, VALUES, group="black", other="asian")
    with pytest.raises(sgt.CapabilityError, match="other= are for populations"):
        sgt.lee(VALUES, VALUES, RING, other="asian")
    with pytest.raises(sgt.DataError, match="two variables"):
        sgt.lee(VALUES, None, RING)


def test_two_series_that_are_not_of_one_place_are_refused():
    one = pd.Series(VALUES, index=list("abcdefgh"))
    with pytest.raises(sgt.DataError, match="stand more than once: 'b'"):
        sgt.lee(one, one.rename({"a": "b"}), RING)
    with pytest.raises(sgt.DataError, match="missing or infinite in rows 'c'"):
        sgt.lee(one, one.where(one.index != "c"), RING)
    turned = one.iloc[::-1]
    assert sgt.lee(one, turned, RING).value == pytest.approx(sgt.lee(one, one, RING).value)
    with pytest.raises(sgt.DataError, match="others must be numbers"):
        sgt.lee(np.ones((2, 2)), np.array([["a", "b"], ["c", "d"]]))


def test_what_a_mask_hides_is_no_cell():
    values = np.arange(1.0, 21).reshape(4, 5) ** 2
    hidden = np.zeros((4, 5), dtype=bool)
    hidden[1, 2:4] = True
    masked = np.ma.masked_array(values.astype(int), hidden, fill_value=-9999)
    assert sgt.moran(masked).value == sgt.moran(np.where(hidden, np.nan, values)).value
    with pytest.raises(sgt.DataError, match="missing or infinite in rows 0"):
        sgt.moran(np.ma.masked_array(VALUES, np.arange(8) == 0), RING)


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i2", "longdouble", "float16", "uint8", "bool", "O", ">u4"])
def test_numbers_of_any_kind(kind):
    values = (np.arange(20).reshape(4, 5) % 7 > 2).astype(kind)
    assert sgt.moran(values).value == pytest.approx(sgt.moran(values.astype(float)).value, rel=1e-12)
    assert sgt.local_moran(values, permutations=0).value.shape == (4, 5)
    assert sgt.moran(values.reshape(-1)[:8], RING).value == sgt.moran(values.reshape(-1)[:8].astype(float), RING).value


@pytest.mark.parametrize(
    "values",
    [
        np.arange(8).astype("M8[D]"), np.arange(8).astype("m8[D]"), np.arange(8) * 1j, np.array(list("12345678")),
        pd.Series(list("12345678")), pd.Series(list("12345678"), dtype="string"),
        pd.Series(pd.date_range("2020", periods=8)),
        np.array([*"1234567", 8], dtype=object),
    ],
)  # fmt: skip
def test_what_are_no_numbers_is_refused(values):
    with pytest.raises(sgt.DataError, match="must be numbers"):
        sgt.moran(values, RING)


def test_a_table_is_no_grid():
    frame = pd.DataFrame({"share": VALUES})
    with pytest.raises(sgt.DataError, match=r"give one column, frame\['share'\]"):
        sgt.moran(frame, RING)


@pytest.mark.parametrize("statistic", [sgt.moran, sgt.geary, sgt.getis_ord, sgt.local_moran])
def test_cells_without_neighbours_are_named(statistic):
    values = np.random.default_rng(1).random((6, 7))
    values[0:2, 1], values[1, 0] = np.nan, np.nan
    more = {"permutations": 0} if statistic is sgt.local_moran else {}
    with pytest.warns(sgt.DataWarning, match=r"units without neighbours: \(0, 0\)\."):
        statistic(values, **more)
    values[1, 1] = 0.5
    statistic(values, **more)  # by a corner
    with pytest.warns(sgt.DataWarning, match=r"units without neighbours: \(0, 0\), \(1, 1\)|neighbours: \(0, 0\)\."):
        statistic(values, sgt.Contiguity(rule="rook"), **more)


def test_no_way_leads_over_what_is_no_cell():
    """Two halves of an array with nothing between them, two steps apart, are not neighbours."""
    values = np.random.default_rng(1).random((4, 5))
    values[:, 2] = np.nan
    there = ~np.isnan(values).reshape(-1)
    links = cell_adjacency(4, 5, "queen")[there][:, there]
    two = ((links @ links + links).toarray() > 0) * 1.0
    np.fill_diagonal(two, 0)
    expected = sgt.moran(values.reshape(-1)[there], sparse.csr_array(two)).value
    assert sgt.moran(values, sgt.Contiguity(2)).value == pytest.approx(expected, rel=1e-12)


def test_without_labels_the_order_of_a_frame_counts():
    names = list("hgfedcba")
    frame = pd.DataFrame(RING.toarray(), index=names, columns=names)
    assert sgt.moran(VALUES, frame).value == sgt.moran(VALUES, RING).value
    assert sgt.moran(VALUES, frame[sorted(names)]).value == sgt.moran(VALUES, RING).value  # whose columns have labels
    with pytest.raises(sgt.DataError, match="of 8 units, the values of 6"):
        sgt.moran(VALUES[:6], frame)


def test_cells_of_a_population_are_called_by_label_or_number():
    counts = np.random.default_rng(2).integers(1, 9, (2, 3, 4))
    pop = sgt.Population(counts, ["a", "b"], geography=sgt.Grid(3, 4, cell_size=100))
    links = cell_adjacency(3, 4, "rook")
    value = sgt.moran(pop, sgt.Contiguity(rule="rook"), group="a").value
    for labels in (pop.units, pd.RangeIndex(12)):
        turned = pd.DataFrame(links.toarray(), index=labels, columns=labels).iloc[::-1]
        assert sgt.moran(pop, turned, group="a").value == pytest.approx(value, rel=1e-12)
    assert sgt.moran(pop, links, group="a").value == pytest.approx(value, rel=1e-12)
    named = pd.DataFrame(links.toarray(), index=list("abcdefghijkl"), columns=list("abcdefghijkl"))
    with pytest.raises(sgt.DataError, match="not of the same units"):
        sgt.moran(pop, named, group="a")
    assert sgt.moran(counts[0], named).value == sgt.moran(counts[0], links).value


def test_joins_are_not_of_a_population():
    pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    for statistic in (sgt.join_counts, sgt.local_join_counts):
        with pytest.raises(sgt.CapabilityError, match="0 or 1, not of a population"):
            statistic(pop)


def test_no_values_and_weights_beyond_numbers_are_refused():
    for statistic in (sgt.moran, sgt.getis_ord):
        with pytest.raises(sgt.DataError, match="there are no values"):
            statistic(np.empty(0), sparse.csr_array((0, 0)))
    for scale in (1e-200, 1e200):
        with pytest.raises(sgt.DataError, match="Divide all by it"):
            sgt.moran(VALUES, RING * scale)
