"""What cuts nodes off from a root, beside all sets of nodes there are."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from segregation_tools.kernels.separators import dominators, separators

ROOT, LESS = 0, 1e-6


class Net:
    """A small graph, searched plainly."""

    def __init__(self, touching):
        self.touching = touching | touching.T
        self.nodes = range(len(touching))
        matrix = csr_array(self.touching.astype(float))
        self.starts, self.near = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
        whose = np.repeat(np.arange(len(touching)), np.diff(self.starts))
        place = {pair: i for i, pair in enumerate(zip(whose.tolist(), self.near.tolist(), strict=True))}
        pairs = zip(self.near.tolist(), whose.tolist(), strict=True)
        self.back = np.array([place[pair] for pair in pairs], dtype=np.int32)

    def reached(self, without=()):
        seen, ahead = {ROOT}, [ROOT]
        while ahead:
            here = ahead.pop()
            for there in np.flatnonzero(self.touching[here]).tolist():
                if there not in seen and there not in without:
                    seen.add(there)
                    ahead.append(there)
        return seen

    def cuts(self, node):
        """All sets of other nodes without which a node is not reached."""
        others = [other for other in self.nodes if other not in (ROOT, node)]
        sets = (set(some) for size in range(len(others) + 1) for some in combinations(others, size))
        return [some for some in sets if node not in self.reached(some)]


@st.composite
def nets(draw):
    nodes = draw(st.integers(2, 8))
    pairs = list(combinations(range(nodes), 2))
    touching = np.zeros((nodes, nodes), dtype=bool)
    for one, other in draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=3 * nodes)):
        touching[one, other] = True
    return Net(touching)


shares = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.6, 0.75, 1.0])


@given(nets())
def test_the_last_node_on_all_ways(net):
    """A dominator cuts a node off, and every other one that does cuts it off, too."""
    last, reached = dominators(net.starts, net.near, ROOT), net.reached()
    for node in net.nodes:
        if node == ROOT or node not in reached:
            assert last[node] == (ROOT if node == ROOT else -1)
            continue
        alone = [one for one in net.nodes if one not in (ROOT, node) and node not in net.reached({one})]
        if last[node] == ROOT:
            assert not alone
        else:
            assert last[node] in alone
            assert all(one == last[node] or last[node] not in net.reached({one}) for one in alone)


@given(nets(), st.data())
def test_all_that_is_cut_off_is_found_and_every_cut_is_needed(net, data):
    weights = np.array([1.0, *data.draw(st.lists(shares, min_size=len(net.nodes) - 1, max_size=len(net.nodes) - 1))])
    whose, ends, members = separators(net.starts, net.near, net.back, ROOT, weights, LESS)
    lists = np.split(members, ends)[: len(ends)]
    for node, some in zip(whose.tolist(), lists, strict=True):
        cut = set(some.tolist())
        assert node not in net.reached(cut)
        assert weights[list(cut)].sum() < weights[node] - LESS
        assert all(node in net.reached(cut - {one}) for one in cut)
    for node in net.reached() - {ROOT}:
        least = min((weights[list(cut)].sum() for cut in net.cuts(node)), default=np.inf)
        assert (node in whose) == (weights[node] > LESS and least < weights[node] - LESS)


def test_of_two_ways_each_narrow_elsewhere_both_cuts_are_found():
    """Root 0, then 1 (½), 2 (1), 3 (½), then 4 (1): cut off at 1, near the root, and at 3, near itself."""
    line = np.zeros((5, 5), dtype=bool)
    line[range(4), range(1, 5)] = True
    net = Net(line)
    whose, ends, members = separators(net.starts, net.near, net.back, ROOT, np.array([1, 0.5, 1, 0.5, 1]), LESS)
    found = sorted(zip(whose.tolist(), [part.tolist() for part in np.split(members, ends)][: len(ends)], strict=True))
    assert found == [(2, [1]), (4, [1]), (4, [3])]


@pytest.mark.parametrize("nodes", [400])
def test_a_long_chain_is_searched_through(nodes):
    chain = np.zeros((nodes, nodes), dtype=bool)
    chain[range(nodes - 1), range(1, nodes)] = True
    net = Net(chain)
    np.testing.assert_array_equal(dominators(net.starts, net.near, ROOT), [0, *range(nodes - 1)])
