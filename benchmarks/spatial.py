"""Local environments and measures of the map on a city's worth of units: ``python3 tasks.py bench spatial``.

Beside SciPy and PySAL segregation.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import shapely
from _measure import cpu, line, peak, run
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from segregation_tools.kernels.pairs import pair_sums

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPS = ["a", "b", "c", "d"]
UNITS, FEWER, FEWEST = 100_000, 10_000, 1_000
DISTORTED = 5_000
NEIGHBOURS = 80
SIDE = 20_000.0  # metres


def tracts(units: int) -> geopandas.GeoDataFrame:
    """Points in a square city, groups drifting from west to east."""
    chance = np.random.default_rng(1)
    places = chance.random((units, 2)) * SIDE
    east = places[:, 0] / SIDE
    mix = np.column_stack([0.2 + 0.6 * east, 0.6 - 0.5 * east, np.full(units, 0.15), 0.05 - 0.1 * east])
    mix = np.clip(mix, 0.01, None)
    counts = chance.multinomial(400, mix / mix.sum(axis=1, keepdims=True))
    points = geopandas.points_from_xy(600_000 + places[:, 0], 4_200_000 + places[:, 1], crs=32610)
    return geopandas.GeoDataFrame(dict(zip(GROUPS, counts.T, strict=True)), geometry=points)


def radius(units: int) -> float:
    """Distance within which a unit has about as many neighbours as is said."""
    return SIDE * float(np.sqrt(NEIGHBOURS / (np.pi * units)))


def whole_shelf(kernel: str) -> dict[str, float]:
    """Seconds and memory from a frame to every index of the shelf, environment included, in a process of its own."""
    frame = tracts(UNITS)
    start = time.process_time()
    pop = sgt.Population.from_frame(frame, GROUPS)
    near = pop.within(sgt.Radius(radius(UNITS), kernel))
    pair = near[GROUPS[:2]]
    for index in stocked().values():
        if not index.reads_map:
            ready = index.bind(incomes=[1, 2, 3, 4]) if "incomes" in index.about.needs else index
            ready(pair if index.groups == 2 else near)
    return {"seconds": time.process_time() - start, "gigabytes": peak() / 1e9}


def profiles() -> dict[str, float]:
    """Seconds and memory of ten radii at ten thousand units, and of a band of 99 draws beside it."""
    frame = tracts(FEWER)
    radii = np.linspace(250, 5_000, 10)
    start = time.process_time()
    pop = sgt.Population.from_frame(frame, GROUPS)
    sgt.profile(sgt.information_theory, pop, radii=radii)
    first = time.process_time() - start
    memory = peak()
    people = cpu(lambda: sgt.profile(sgt.information_theory, pop, people=[400 * 2**i for i in range(10)]), 1)
    return {
        "first": first,
        "megabytes": memory / 1e6,
        "warm": cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=radii), 2),
        "smooth": cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=radii, kernel="biweight"), 1),
        "people": people,
        "envelope": cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=[250, 1000], rng=7), 1),
    }


def beside_a_tree() -> dict[str, float]:
    """Environments of 100,000 units by bands, beside a tree and a sparse matrix of all pairs within the radius."""
    frame, reach = tracts(UNITS), radius(UNITS)
    pop = sgt.Population.from_frame(frame, GROUPS)
    points, counts = pop.geography.centroids.to_numpy(), np.ascontiguousarray(pop.counts.T)

    def by_tree() -> tuple[object, np.ndarray]:
        tree = cKDTree(points)
        matrix = tree.sparse_distance_matrix(tree, reach, output_type="coo_matrix").tocsr()
        matrix.data[:] = 1
        matrix.setdiag(1)
        return matrix, (matrix @ counts).T

    def by_bands() -> np.ndarray:
        fresh = sgt.Population(pop.counts, GROUPS, geography=type(pop.geography)(pop.units, frame.geometry))
        return fresh.within(sgt.Radius(reach)).environment

    matrix, met = by_tree()
    np.testing.assert_allclose(by_bands(), met, rtol=1e-12)
    bound = pop.within(sgt.Radius(reach)).surroundings
    return {
        "built": cpu(by_tree, 2) / cpu(by_bands, 3),
        "again": cpu(lambda: matrix @ counts, 3) / cpu(lambda: list(bound.strips(pop.counts)), 3),
        "matrix": (matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes) / 1e6,
        "bands": sum(getattr(bound.bands, name).nbytes for name in ("order", "x", "y", "starts", "low", "high")) / 1e6,
    }


def beside_pysal() -> dict[str, float]:
    """How many times longer PySAL takes; its values differ, since it smooths the residents as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside PySAL and its dependencies
        from segregation.dynamics import compute_multiscalar_profile
        from segregation.multigroup import MultiInfoTheory

        def once(work: Callable[[], object]) -> float:
            start = time.process_time()
            work()
            return time.process_time() - start

        found = {}
        for name, units in (("index", FEWER), ("profile", FEWEST)):
            frame, reach = tracts(units), radius(units)
            radii = [reach * i for i in (1, 2, 3)]

            def ours(frame=frame, reach=reach, radii=radii, name=name) -> object:
                pop = sgt.Population.from_frame(frame, GROUPS)
                if name == "index":
                    return sgt.information_theory(pop.within(sgt.Radius(reach)))
                return sgt.profile(sgt.information_theory, pop, radii=radii)

            def theirs(frame=frame, reach=reach, radii=radii, name=name) -> object:
                if name == "index":
                    return MultiInfoTheory(frame, GROUPS, distance=reach)
                return compute_multiscalar_profile(
                    frame, segregation_index=MultiInfoTheory, distances=radii, groups=GROUPS
                )

            found[f"{name}: PySAL, seconds"] = once(theirs)
            found[name] = found[f"{name}: PySAL, seconds"] / cpu(ours, 3)
        return found


def blocks(side: int) -> geopandas.GeoDataFrame:
    """Rectangles of several sizes without gaps, two groups."""
    chance = np.random.default_rng(2)
    xs, ys = (np.append(0, np.cumsum(chance.uniform(50, 150, side))) for _ in range(2))
    west, south = (edges.ravel() for edges in np.meshgrid(xs[:-1], ys[:-1]))
    east, north = (edges.ravel() for edges in np.meshgrid(xs[1:], ys[1:]))
    counts = chance.integers(0, 300, (2, side * side))
    return geopandas.GeoDataFrame(
        {"a": counts[0], "b": counts[1]}, geometry=shapely.box(west, south, east, north), crs=32610
    )


def on_maps() -> dict[str, float]:
    """Seconds on the clock, warm, of the indices that read the map, at ten thousand units; memory above the data.

    Distortion and the least movement are measured on their own.
    """
    pop = sgt.Population.from_frame(blocks(100), ["a", "b"])
    needed = {"decay": 1000.0, "center": "mean", "nearest": 20}
    before, found = peak(), {}
    for name, index in stocked().items():
        if index.reads_map and name not in ("distortion", "dissimilarity_in_metres"):
            ready = index.bind(**{option: needed[option] for option in index.about.needs})
            ready(pop)
            start = time.perf_counter()
            ready(pop)
            found[name] = time.perf_counter() - start
    return {**found, "megabytes": (peak() - before) / 1e6}


def of_pairs() -> dict[str, float]:
    """Spatial proximity of 100,000 points, exact, per pair of the full square; beside SciPy's cdist on fewer."""
    chance = np.random.default_rng(3)
    places = chance.random((UNITS, 2)) * SIDE
    counts = chance.integers(0, 300, (2, UNITS)).astype(float)

    def ours(n: int) -> object:
        return pair_sums(places[:n], counts[:, :n], 1000.0)

    def by_distances(n: int, rows: int) -> np.ndarray:
        total = np.zeros((2, 2))
        for first in range(0, rows, 500):
            near = np.exp(cdist(places[first : first + 500], places[:n]) / -1000.0)
            total += counts[:, first : first + 500] @ near @ counts[:, :n].T
        return total - counts[:, :rows] @ counts[:, :rows].T

    few = 20_000
    error = np.abs(ours(few) / by_distances(few, few) - 1).max()
    whole = cpu(lambda: ours(UNITS), 2)
    beside = cpu(lambda: by_distances(UNITS, 2_000), 1) / 2_000  # some rows of the square stand for all
    return {"ns": whole / UNITS**2 * 1e9, "seconds": whole, "error": error, "cdist": beside * UNITS / whole}


def of_trajectories() -> dict[str, float]:
    """Distortion of 5,000 units with four groups, beside PySAL, which holds every trajectory; in a process of its own."""
    frame = tracts(DISTORTED)
    pop = sgt.Population.from_frame(frame, GROUPS)
    ranked = sgt.distortion.bind(over="units", focal=False, normalized=False)
    ranked(sgt.Population.from_frame(tracts(100), GROUPS))  # the compiler's memory is not that of trajectories
    before = peak()
    ranked(pop)
    memory = peak() - before
    exact, binned = (cpu(lambda tolerance=tolerance: ranked(pop, tolerance=tolerance), 3) for tolerance in (0.0, 2e-3))
    every, close = ranked.local(pop), ranked.local(pop, tolerance=2e-3)
    people = sgt.distortion.local(pop)
    found = {
        "exact": exact,
        "binned": binned,
        "error": float(np.abs(close / every - 1).mean()),
        "focal": float(np.abs(sgt.distortion.local(pop, tolerance=2e-3) / people - 1).mean()),
        "megabytes": memory / 1e6,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside PySAL and its dependencies
        from segregation.multigroup import GlobalDistortion

        start = time.process_time()
        theirs = GlobalDistortion(frame, GROUPS).statistic
        found["PySAL"] = time.process_time() - start
    np.testing.assert_allclose(ranked(pop), theirs, rtol=1e-7)  # distances alike but for a millimetre are one here
    return found


def of_moves() -> dict[str, float]:
    """Even two groups in 1,000 and in 10,000 blocks with the least movement."""
    return {
        f"{side * side:,}": cpu(
            lambda side=side: sgt.dissimilarity_in_metres(sgt.Population.from_frame(blocks(side), ["a", "b"])), 1
        )
        for side in (32, 100)
    }


def by_street() -> dict[str, float]:
    """Two kilometres around each of 1,000 units on a lattice of 40,000 crossings."""
    chance, corners = np.random.default_rng(4), np.arange(200) * 100.0
    lines = [shapely.linestrings(corners, np.full(200, at)) for at in corners]
    lines += [shapely.linestrings(np.full(200, at), corners) for at in corners]
    streets = geopandas.GeoDataFrame(geometry=lines, crs=32610)
    counts = chance.integers(1, 300, (2, 1000))
    frame = geopandas.GeoDataFrame(
        {"a": counts[0], "b": counts[1]}, geometry=shapely.points(chance.random((1000, 2)) * corners[-1]), crs=32610
    )
    pop = sgt.Population.from_frame(frame, ["a", "b"])
    return {"seconds": cpu(lambda: pop.within(sgt.NetworkRadius(streets, 2000)), 2), "megabytes": peak() / 1e6}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    held = []
    print(f"{UNITS:,} units, {len(GROUPS)} groups, about {NEIGHBOURS} neighbours: from the frame to every index")
    for kernel in ("uniform", "biweight"):
        held.append(line(f"{kernel}: CPU seconds", found[kernel]["seconds"], "≤ 5"))
        held.append(line(f"{kernel}: memory of the process, GB", found[kernel]["gigabytes"], "≤ 1"))
    scales = found["profile"]
    print(f"\nProfile over ten scales, {FEWER:,} units")
    held.append(line("radii from 250 to 5,000 m, first call: CPU seconds", scales["first"], "≤ 3"))
    held.append(line("memory of the process, MB", scales["megabytes"], "≤ 500"))
    held.append(line("radii again: CPU seconds", scales["warm"], "≤ 3"))
    held.append(line("radii, biweight", scales["smooth"], "≤ 3"))
    held.append(line("people from 400 to 204,800", scales["people"], "≤ 3"))
    held.append(line("two radii with 99 draws", scales["envelope"], "≤ 10"))
    tree = found["tree"]
    print("\nBeside scipy's cKDTree with a sparse matrix of pairs, which takes so many times longer")
    held.append(line("built and read once", tree["built"], "≥ 1"))
    print(f"{'read again (the matrix is there)':<58}{tree['again']:>10.2f}")
    print(
        f"{'memory held: matrix, MB':<58}{tree['matrix']:>10.2f}\n{'memory held: bands, MB':<58}{tree['bands']:>10.2f}"
    )
    print(
        "\nPySAL segregation, distance=, takes so many times longer (its values differ: it smooths the residents too)"
    )
    for name, what in (("index", f"H, {FEWER:,} units"), ("profile", f"H at three radii, {FEWEST:,} units")):
        print(f"{what + ': PySAL, CPU seconds':<58}{found['PySAL'][f'{name}: PySAL, seconds']:>10.2f}")
        held.append(line(what, found["PySAL"][name], "≥ 20"))
    print("\nTen thousand blocks: seconds on the clock, warm")
    held += [line(name, figure, "≤ 1") for name, figure in found["maps"].items() if name != "megabytes"]
    held.append(line("memory above the data, MB", found["maps"]["megabytes"], "≤ 300"))
    pairs = found["pairs"]
    print(f"\nExact sums over all pairs of {UNITS:,} points")
    held.append(line("CPU-nanoseconds a pair of the full square", pairs["ns"], "≤ 0.35"))
    held.append(line("relative error, in millionths", pairs["error"] * 1e6, "≤ 1"))
    # Between 7 and 50 ns a pair from run to run, by how the machine hands out its 400 MB of distances: 25 to 180 times.
    held.append(line("SciPy's cdist and exp, 500 rows at once, times longer", pairs["cdist"], "≥ 60"))
    walks = found["trajectories"]
    print(
        f"\nDistortion of {DISTORTED:,} units x {len(GROUPS)} groups over ranked units; PySAL takes so many times longer"
    )
    print(f"{'PySAL: CPU seconds':<58}{walks['PySAL']:>10.2f}")
    held.append(line("exact", walks["PySAL"] / walks["exact"], "≥ 5"))
    held.append(line("binned", walks["PySAL"] / walks["binned"], "≥ 50"))
    held.append(line("binned: mean relative error of units, thousandths", walks["error"] * 1e3, "≤ 2"))
    held.append(line("memory above the data, MB", walks["megabytes"], "≤ 50"))
    print(f"{'with focal distances over people: mean error, thousandths':<58}{walks['focal'] * 1e3:>10.2f}")
    print("\nThe least movement that evens a city of blocks: CPU seconds")
    for size, seconds in found["moves"].items():
        print(f"{size + ' blocks':<58}{seconds:>10.2f}")
    print("\nTwo kilometres by street around 1,000 units, 40,000 crossings")
    held.append(line("CPU seconds", found["streets"]["seconds"], "≤ 2"))
    held.append(line("memory of the process, MB", found["streets"]["megabytes"], "≤ 500"))
    return held


MEASUREMENTS = {
    "uniform": lambda: whole_shelf("uniform"),
    "biweight": lambda: whole_shelf("biweight"),
    "profile": profiles,
    "tree": beside_a_tree,
    "PySAL": beside_pysal,
    "maps": on_maps,
    "pairs": of_pairs,
    "trajectories": of_trajectories,
    "moves": of_moves,
    "streets": by_street,
}

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
