"""Large grids: ``python3 tasks.py bench grid``. Beside SciPy's filters and transforms, OpenCV and equipop.

Figures are ratios of CPU time in one process. A *read* is one vectorised pass over the counts on one thread. Real grids are
read from the folder that SGT_TEST_DATA names; without it those lines are left out.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numba
import numpy as np
from _measure import cpu, line, run
from scipy import ndimage, signal

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from segregation_tools.indices.together import values_in
from segregation_tools.kernels.grids.weighted import weighted_rows
from segregation_tools.population.environment import pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZE, GROUPS, SIDE = 4096, ["a", "b", "c", "d"], 100.0
THREE = [sgt.dissimilarity, sgt.information_theory, sgt.exposure]
PEOPLE = [100, 1000, 10_000]
DATA = Path(os.environ.get("SGT_TEST_DATA", ""))


def country(groups: int = 4, size: int = SIZE) -> np.ndarray:
    """Make counts with fractions, every cell inhabited: the hardest case, since nothing can be skipped."""
    return np.random.default_rng(0).gamma(0.5, 20, (groups, size, size)).astype(np.float32)


def on_grid(counts: np.ndarray) -> sgt.Population:
    """Make the population of a grid."""
    return sgt.Population(counts, GROUPS[: len(counts)], geography=sgt.Grid(*counts.shape[1:], cell_size=SIDE))


def wall(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds on the clock of the quickest run."""
    work()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def box() -> dict[str, float]:
    """D, H and exposure in squares, in reads; beside a filter that only adds up; other indices; ten radii."""
    counts = country()
    pop = on_grid(counts)
    numba.set_num_threads(1)

    def three(cells: int, pop: sgt.Population = pop) -> object:
        return sgt.measure(pop.within(sgt.Square(cells * SIDE)), THREE)

    def filters() -> object:
        return [ndimage.uniform_filter(group, 21, mode="constant", output=np.float64) for group in counts]

    def single() -> object:
        return [ndimage.uniform_filter(group, 21, mode="constant") for group in counts]

    radii = range(5, 55, 5)
    three(10), three(100)
    read = cpu(counts.max, 15)
    small, large = cpu(lambda: three(10), 5), cpu(lambda: three(100), 5)
    middle = cpu(lambda: three(27), 3)
    ten = cpu(lambda: values_in([pop.within(sgt.Square(SIDE * cells)) for cells in radii], THREE), 3)
    one_disc = cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=[27 * SIDE]), 1)
    ten_discs = cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=[SIDE * cells for cells in radii]), 1)
    tracemalloc.start()
    three(10)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    numba.set_num_threads(2)
    both = wall(lambda: three(10))
    import cv2

    cv2.setNumThreads(1)
    opencv = cpu(lambda: [cv2.boxFilter(group, cv2.CV_32F, (21, 21), normalize=False) for group in counts], 3)
    return {
        "read": read,
        "reads": small / read,
        "wall": both / read,
        "wider": large / small,
        "uniform": cpu(filters, 2) / small,
        "uniform, float32 out": cpu(single, 2) / small,
        "ten": ten / (10 * middle),
        "ten discs beside ten times the middle one": ten_discs / (10 * one_disc),
        "rows": held / (len(GROUPS) * SIZE * 8),
        "OpenCV's boxFilter alone, reads": opencv / read,
    }


def shelf() -> dict[str, float]:
    """Every other index that adds up over the cells, in the same squares, in reads of the counts that it is given."""
    numba.set_num_threads(1)
    found = {}
    counts = country()
    for groups in (4, 2):
        pop = on_grid(counts[:groups])
        read = cpu(pop.counts.max, 9)
        near = pop.within(sgt.Square(10 * SIDE))
        for name, index in stocked().items():
            if (index.groups or 4) == groups and index.answer != "units" and not index.reads_map:
                ready = index.bind(incomes=[1, 2, 3, 4]) if "incomes" in index.about.needs else index
                if ready.summand_of(near) is not None:
                    found[name] = cpu(lambda ready=ready, near=near: ready(near), 2) / read
    return found


def _all_rows(counts: np.ndarray, kernel: str, cells: float) -> float:
    counts.flags.writeable = False
    total = 0.0
    for first in range(0, counts.shape[1], 256):
        for _, _, met in weighted_rows(counts, kernel, cells, first, first + 256):
            total += met[0, 0, 0]
    return total


def _weights(cells: int) -> np.ndarray:
    y, x = np.ogrid[-cells : cells + 1, -cells : cells + 1]
    return (x * x + y * y <= cells * cells).astype(np.float32)


def discs() -> dict[str, float]:
    """One group in discs, exact, beside SciPy's Fourier transforms in single precision and its direct convolution."""
    import cv2

    numba.set_num_threads(1)
    cv2.setNumThreads(1)
    fractions, found = country(1), {}
    whole = np.floor(fractions)
    for cells in (10, 40):
        weights = _weights(cells)
        by_tiles = cpu(lambda weights=weights: signal.oaconvolve(whole[0], weights, mode="same"), 3)
        at_once = cpu(lambda weights=weights: signal.fftconvolve(whole[0], weights, mode="same"), 2)
        for name, counts in (("whole", whole), ("fractions", fractions)):
            ours = cpu(lambda cells=cells, counts=counts: _all_rows(counts, "uniform", cells), 5)
            found[f"fft {cells} {name}"] = min(by_tiles, at_once) / ours
            found[f"ns {cells} {name}"] = ours / counts.size * 1e9
            if cells == 10:
                start = time.process_time()
                ndimage.convolve(counts[0, :512], weights, mode="constant")
                found[f"direct {name}"] = (time.process_time() - start) * SIZE / 512 / ours
        found[f"opencv {cells}"] = cpu(lambda w=weights: cv2.filter2D(whole[0], cv2.CV_32F, w), 1) / ours
    return found


def gaussians() -> dict[str, float]:
    """One group under a Gaussian, beside SciPy's filter and OpenCV's; the error beside a sum in double precision."""
    numba.set_num_threads(1)
    counts, found = country(1), {}
    import cv2

    cv2.setNumThreads(1)
    part = counts[:, :600, :600].copy()
    part[:, 200:, 300:] *= 1e-4  # few beside many
    for sigma in (5, 20):
        ours = cpu(lambda sigma=sigma: _all_rows(counts, "gaussian", sigma), 3)
        theirs = cpu(lambda sigma=sigma: ndimage.gaussian_filter(counts[0], sigma, mode="constant"), 1)
        found[f"scipy {sigma}"] = theirs / ours
        found[f"opencv {sigma}"] = cpu(lambda s=sigma: cv2.GaussianBlur(counts[0], (8 * s + 1, 8 * s + 1), s), 1) / ours
        part.flags.writeable = False
        met = np.concatenate([met.copy() for _, _, met in weighted_rows(part, "gaussian", sigma, 0, 600)], axis=1)[0]
        y, x = np.ogrid[-4 * sigma : 4 * sigma + 1, -4 * sigma : 4 * sigma + 1]
        weights = np.exp(-(x * x + y * y) / (2.0 * sigma**2)) * (x * x + y * y <= 16 * sigma**2)
        rows = np.arange(0, 600, 37)
        padded = np.pad(part[0].astype(float), 4 * sigma)
        for row in rows:
            band = padded[row : row + 8 * sigma + 1]
            exact = np.array([(band[:, c : c + 8 * sigma + 1] * weights).sum() for c in range(0, 600, 37)])
            error = np.abs(met[row, ::37] / exact - 1).max()
            found[f"error {sigma}"] = max(error, found.get(f"error {sigma}", 0.0))
    return found


def kernels() -> dict[str, float]:
    """Nanoseconds a cell of every other kernel, near and far."""
    numba.set_num_threads(1)
    counts = country(1, 2048)
    return {
        f"{kernel} {cells}": cpu(lambda kernel=kernel, cells=cells: _all_rows(counts, kernel, cells), 2)
        / counts.size
        * 1e9
        for kernel in ("triangular", "epanechnikov", "biweight", "exponential")
        for cells in (2, 10, 40)
    }


def _nearest(pop: sgt.Population, people: Sequence[int], shape: str = "disc") -> object:
    """Take D for several numbers of nearest people from one expansion; built anew each time."""
    return values_in([pop.within(sgt.NearestPeople(k, shape=shape)) for k in people], [sgt.dissimilarity])


def _met_by(near: sgt.Population, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Whom the residents of some cells meet, in the order of rows."""
    rows, found = near.surroundings.reader((), near.counts, everywhere=False), []
    for piece in pieces_of(near.counts.shape[1]):
        for start, stop, (met,) in rows(*piece):
            here = slice(*np.searchsorted(row, [start, stop]))
            found.append(met[:, row[here] - start, col[here]])
    return np.concatenate(found, axis=1)


def _beside_equipop(pop: sgt.Population, origins: np.ndarray | None) -> dict[str, float]:
    """Compare who is met with equipop's whole rings, and the time of all cells with that of some, taken up to all."""
    from equipop.cells import CellData
    from equipop.fastcounts import run_knn_counts

    row, col = np.nonzero(pop.sizes)
    people, second = pop.sizes[row, col], pop.counts[1][row, col].astype(float)
    cells = CellData(E=col * 100 + 50, N=-(row * 100 + 50), n=people, binary_sums={"second": second})
    some = np.arange(len(row)) if origins is None else origins
    found = {}
    for name, wanted in (("100", PEOPLE[:1]), ("three", PEOPLE)):

        def theirs(origins: np.ndarray, wanted: Sequence[int] = wanted) -> tuple[object, float]:
            start = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                table = run_knn_counts(
                    cells,
                    k_values=list(wanted),
                    origins=origins,
                    self_potential=0,
                    report=False,
                    overshoot_mode="whole",
                )
            return table, time.process_time() - start

        theirs(some[::100])
        few = theirs(some[::4])[1]
        table, spent = theirs(some)
        if len(some) < len(row):  # what it builds first is built once, the rest is for each cell
            spent += (spent - few) / (len(some) - len(some[::4])) * (len(row) - len(some))
        ours = cpu(lambda wanted=wanted: _nearest(pop, wanted), 3)
        found[name] = spent / ours
        found[f"{name}: seconds"] = ours
        for k in wanted:
            met = _met_by(pop.within(sgt.NearestPeople(k)), row[some], col[some])
            same = (met.sum(axis=0) == table[f"N_{k}"]) & (met[1] == table[f"T_second_{k}"])
            found[f"differ at {k}"] = float((~same).sum())
    return found


def cologne() -> dict[str, float]:
    """Measure Cologne, 289 × 264 cells, in whole rings, beside equipop; squares beside nobody."""
    numba.set_num_threads(1)
    pop = sgt.Population.from_raster(DATA / "cologne_100m_citizenship_2011.tif", groups=["germans", "foreign"])
    squares = cpu(lambda: _nearest(pop, PEOPLE, "square"), 5)
    return {**_beside_equipop(pop, None), "square ns": squares / (len(pop) * len(PEOPLE)) * 1e9}


def germany() -> dict[str, float]:
    """Measure Germany, 8586 × 6404 cells: foreigners of the European Union and others; equipop from 8,000 cells."""
    import pandas as pd

    numba.set_num_threads(1)
    table = pd.read_parquet(DATA / "germany_100m_foreigners_2011_sparse.parquet")
    table["others"] = table["foreign"] - table["eu27"]
    place = {"x": table["e"] * 100 + 50, "y": table["n"] * 100 + 50}
    start = time.process_time()
    pop = sgt.Population.from_cells(
        table.assign(**place), x="x", y="y", groups=["others", "eu27"], cell_size=100, crs=3035
    )
    read = time.process_time() - start
    some = np.random.default_rng(1).choice(int((pop.sizes > 0).sum()), 8000, replace=False)
    discs = cpu(lambda: sgt.measure(pop.within(sgt.Radius(1000)), THREE), 1)
    return {**_beside_equipop(pop, np.sort(some)), "read": read, "cells": len(pop) / 1e6, "radius": discs}


def _first_call(folder: str) -> dict[str, float]:
    """Time the first call of each kind in a process of its own, with compiled code kept in a folder."""
    code = (
        "import json, time, numba, numpy as np, segregation_tools as sgt\n"
        "pop = sgt.Population(np.ones((2, 8, 9), np.float32) + np.arange(9), ['a', 'b'], geography=sgt.Grid(8, 9, 100.0))\n"
        "found = {}\n"
        "for recipe in (sgt.Square(200), sgt.Radius(200), sgt.Radius(200, 'gaussian'), sgt.Radius(200, 'biweight'),\n"
        "               sgt.Radius(2000, 'biweight'), sgt.NearestPeople(9), sgt.NearestPeople(9, shape='square')):\n"
        "    start = time.process_time()\n"
        "    sgt.dissimilarity(pop.within(recipe))\n"
        "    found[str(recipe)] = time.process_time() - start\n"
        "print(json.dumps(found))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compiled() -> dict[str, float]:
    """Time the first call of each kind of window, compiled anew and loaded."""
    with tempfile.TemporaryDirectory() as folder:
        cold, cached = _first_call(folder), _first_call(folder)
    return {"cold": max(cold.values()), "cached": max(cached.values()), **{f"cold: {k}": v for k, v in cold.items()}}


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    "box": box,
    "shelf": shelf,
    "discs": discs,
    "gaussians": gaussians,
    "kernels": kernels,
    "compiled": compiled,
}
if DATA.is_dir() and str(DATA) != ".":
    MEASUREMENTS |= {"cologne": cologne, "germany": germany}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print every figure beside its limit."""
    squares, others, round_, bell, first = (found[name] for name in ("box", "shelf", "discs", "gaussians", "compiled"))
    slowest = max(others, key=lambda name: others[name])
    print(f"4096 × 4096 cells, 4 groups, float32; one read is {squares['read'] * 1e3:.1f} ms\n")
    lines = [
        line("D, H and exposure in squares of 21 cells, reads, 1 thread", squares["reads"], "≤ 20"),
        line("… the same on the clock, 2 threads", squares["wall"], "≤ 11"),
        line("… squares of 201 cells beside those of 21", squares["wider"], "≤ 1.3"),
        line("… beside SciPy's uniform_filter of 4 groups, float64 out", squares["uniform"], "≥ 7.5"),
        line("… ten radii beside ten times the middle one", squares["ten"], "≤ 1"),
        line("… memory, rows of all groups in float64", squares["rows"], "≤ 64"),
        line(f"slowest other index there, {slowest}, reads", others[slowest], "≤ 35"),
        line("disc, 10 cells, beside SciPy FFT, float32, times", round_["fft 10 whole"], "≥ 5"),
        line("disc, 40 cells, beside SciPy FFT, float32, times", round_["fft 40 whole"], "≥ 1.6"),
        line("disc, 10 cells, beside ndimage.convolve, times", round_["direct whole"], "≥ 60"),
        line("disc of fractions, 10 cells, beside SciPy FFT, times", round_["fft 10 fractions"], "≥ 5"),
        line("disc of fractions, 40 cells, beside SciPy FFT, times", round_["fft 40 fractions"], "≥ 1.6"),
        line("Gaussian, 5 cells, beside gaussian_filter, times", bell["scipy 5"], "≥ 5"),
        line("Gaussian, 20 cells, beside gaussian_filter, times", bell["scipy 20"], "≥ 6"),
        line("Gaussian, largest error of a sum, in thousandths", 1e3 * max(bell["error 5"], bell["error 20"]), "≤ 1"),
        line("cold compile of one window and the scores, CPU s", first["cold"], "≤ 8"),
        line("first call, loaded, CPU s", first["cached"], "≤ 0.5"),
    ]
    for name in ("cologne", "germany"):
        if name in found:
            there = found[name]
            lines += [
                line(f"{name}: nearest 100 beside equipop, times", there["100"], "≥ 70"),
                line(f"{name}: nearest 100, 1,000, 10,000 beside equipop, times", there["three"], "≥ 400"),
                *[
                    line(f"{name}: cells that differ from equipop at {k}", there[f"differ at {k}"], "≤ 0")
                    for k in PEOPLE
                ],
            ]
    if "cologne" in found:
        lines.append(line("cologne: squares, CPU ns a cell and k", found["cologne"]["square ns"], "≤ 60"))
    print("\nBeside them, without a limit:")
    for name, figures in found.items():
        print(f"  {name}: " + ", ".join(f"{what} {figure:.3g}" for what, figure in figures.items()))
    return lines


if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
