"""Spatial autocorrelation beside esda: ``python3 tasks.py bench autocorrelation``.

Figures are ratios of CPU time in one process, on one thread. A *read* is one vectorised pass over the values. Where esda
takes minutes, it is timed once.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING

import numba
import numpy as np
from _measure import cpu, line, run
from libpysal.graph import Graph
from scipy import sparse
from scipy.ndimage import uniform_filter

import segregation_tools as sgt
from segregation_tools.population.adjacency import cell_adjacency

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS, SIDE, LARGE, DRAWS = 100_000, 316, 4096, 999

warnings.simplefilter("ignore", DeprecationWarning)  # of esda's next release
warnings.simplefilter("ignore", sgt.DataWarning)


def once(work: Callable[[], object]) -> float:
    """Seconds of CPU time of a single run."""
    start = time.process_time()
    work()
    return time.process_time() - start


def smooth(shape: tuple[int, ...]) -> np.ndarray:
    """Make values that are alike next door, with noise."""
    chance = np.random.default_rng(0)
    return uniform_filter(chance.random(shape), 5) + 0.05 * chance.random(shape)


def grid() -> dict[str, float]:
    """Moran's I with its moments on 4096² cells, in reads; the same with holes."""
    numba.set_num_threads(1)
    found = {}
    for kind in (np.float32, np.float64):
        values = smooth((LARGE, LARGE)).astype(kind)
        read = cpu(values.max, 9)
        for rule in ("rook", "queen"):
            cells = sgt.Contiguity(rule=rule)
            found[f"{rule} {np.dtype(kind)}"] = cpu(lambda v=values, c=cells: sgt.moran(v, c), 3) / read
    values[np.random.default_rng(1).random(values.shape) < 0.2] = np.nan
    found["queen with holes"] = cpu(lambda: sgt.moran(values, sgt.Contiguity()), 2) / read
    found["read"] = read
    return found


def _of_polygons() -> tuple[np.ndarray, Graph]:
    """Values of 100,000 points and the polygons around them, as a graph of those that share a border."""
    from scipy.spatial import Delaunay

    points = np.random.default_rng(3).random((UNITS, 2))
    triangles = Delaunay(points).simplices
    pairs = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0
    )
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    links = sparse.csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(UNITS, UNITS))
    values = np.sin(points[:, 0] * 20) + np.random.default_rng(4).normal(size=UNITS)
    return values, Graph.from_sparse(links)


def _local(values: np.ndarray, graph: Graph, ours: Callable[[], object]) -> dict[str, float]:
    import esda

    def theirs(**more: object) -> object:
        return esda.Moran_Local(values, graph, transformation="r", permutations=DRAWS, seed=1, **more)

    esda.Moran_Local(values, graph, transformation="r", permutations=9, seed=1)  # compiled now
    spent, as_it_comes = cpu(ours, 9), once(theirs)
    lean = once(lambda: theirs(keep_simulations=False))
    return {
        "ratio": as_it_comes / spent,
        "seconds": spent,
        "esda": as_it_comes,
        "beside esda without its draws": lean / spent,
    }


def polygons() -> dict[str, float]:
    """Local Moran's I of 100,000 polygons, all neighbours of a unit counting alike."""
    numba.set_num_threads(1)
    values, graph = _of_polygons()
    graph = graph.transform("r")
    weights = graph.sparse
    return _local(values, graph, lambda: sgt.local_moran(values, weights, permutations=DRAWS, rng=7))


def cells() -> dict[str, float]:
    """Local Moran's I of 316² cells; esda has their graph, made beforehand."""
    numba.set_num_threads(1)
    values = smooth((SIDE, SIDE))
    graph = Graph.from_sparse(cell_adjacency(SIDE, SIDE, "queen")).transform("r")
    return _local(values.reshape(-1), graph, lambda: sgt.local_moran(values, permutations=DRAWS, rng=7))


def unequal() -> dict[str, float]:
    """Local Moran's I of 100,000 polygons whose neighbours count for more or less: draws for each unit."""
    numba.set_num_threads(1)
    values, graph = _of_polygons()
    links = graph.adjacency * np.random.default_rng(5).uniform(0.5, 1.5, len(graph.adjacency))
    graph = Graph(links).transform("r")
    weights = graph.sparse
    return _local(values, graph, lambda: sgt.local_moran(values, weights, permutations=DRAWS, rng=7))


def others() -> dict[str, float]:
    """Seconds of the other statistics of 100,000 polygons, 999 draws each."""
    numba.set_num_threads(1)
    values, graph = _of_polygons()
    weights = sparse.csr_array(graph.transform("r").sparse)
    above = (values > 0).astype(int)
    positive = values - values.min()
    return {
        "local_geary": cpu(lambda: sgt.local_geary(values, weights, rng=7), 1),
        "local_g": cpu(lambda: sgt.local_g(positive, weights, rng=7), 1),
        "local_g_star": cpu(lambda: sgt.local_g_star(positive, weights, rng=7), 1),
        "local_join_counts": cpu(lambda: sgt.local_join_counts(above, weights, rng=7), 1),
        "moran, 99 draws": cpu(lambda: sgt.moran(values, weights, permutations=99, rng=7), 1),
        "geary, 99 draws": cpu(lambda: sgt.geary(values, weights, permutations=99, rng=7), 1),
    }


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print every figure beside its limit."""
    lines = [
        line(f"Moran's I on 4096² cells, {name}, reads", found["grid"][name], "≤ 8")
        for name in ("rook float32", "queen float32", "rook float64", "queen float64")
    ]
    lines += [
        line("local Moran, 999 draws, 100,000 polygons, beside esda, times", found["polygons"]["ratio"], "≥ 600"),
        line("local Moran, 999 draws, 316² cells, beside esda, times", found["cells"]["ratio"], "≥ 800"),
        line("local Moran, neighbours not alike, beside esda, times", found["unequal"]["ratio"], "≥ 4"),
    ]
    print("\nBeside them, without a limit:")
    for name, figures in found.items():
        print(f"  {name}: " + ", ".join(f"{what} {figure:.3g}" for what, figure in figures.items()))
    return lines


if __name__ == "__main__":
    sys.exit(run(__file__, {f.__name__: f for f in (grid, polygons, cells, unequal, others)}, table))
