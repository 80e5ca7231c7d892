"""Large grids: ``python3 tasks.py bench grid``. Beside SciPy's filters and transforms, OpenCV and equipop.

Figures are ratios of CPU time in one process. A *read* is one vectorised, one-thread pass over the counts. Real grids are read
from the folder that SGT_TEST_DATA names; without it those lines are left out.
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
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numba
import numpy as np
from _measure import cpu, line, run
from scipy import ndimage, signal

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from segregation_tools.kernels.weighted import weighted_rows
from segregation_tools.kernels.windows import box_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZE, GROUPS, SIDE = 4096, ["a", "b", "c", "d"], 100.0
THREE = [sgt.dissimilarity, sgt.information_theory, sgt.exposure]
PEOPLE = [100, 1000, 10_000]
DATA = Path(os.environ.get("SGT_TEST_DATA", ""))


def country(groups: int = 4, size: int = SIZE) -> np.ndarray:
    """Counts with fractions, every cell inhabited: the hardest case, since nothing can be skipped."""
    return np.random.default_rng(0).gamma(0.5, 20, (groups, size, size)).astype(np.float32)


def on_grid(counts: np.ndarray) -> sgt.Population:
    """The population of a grid."""
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
        return [ndimage.uniform_filter(group, 21, mode="constant") for group in counts]

    three(10), three(100)
    read = cpu(counts.max, 15)
    small, large = cpu(lambda: three(10), 5), cpu(lambda: three(100), 3)
    others = cpu(filters, 2)
    ten = cpu(lambda: sgt.profile(sgt.information_theory, pop, radii=[SIDE * r for r in range(5, 55, 5)]), 1)
    ten_squares = cpu(lambda: [three(cells) for cells in range(5, 55, 5)], 1)
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
        "uniform": others / small,
        "ten": ten_squares / (10 * small),
        "discs": ten / read,
        "rows": held / (len(GROUPS) * SIZE * 8),
        "opencv": opencv / read,
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
    numba.set_num_threads(1)
    counts, found = country(1), {}
    import cv2

    cv2.setNumThreads(1)
    for cells in (10, 40):
        weights = _weights(cells)
        ours = cpu(lambda cells=cells: _all_rows(counts, "uniform", cells), 3)
        by_tiles = cpu(lambda weights=weights: signal.oaconvolve(counts[0], weights, mode="same"), 2)
        at_once = cpu(lambda weights=weights: signal.fftconvolve(counts[0], weights, mode="same"), 2)
        found[f"fft {cells}"] = min(by_tiles, at_once) / ours
        found[f"opencv {cells}"] = cpu(lambda w=weights: cv2.filter2D(counts[0], cv2.CV_32F, w), 1) / ours
        found[f"ns {cells}"] = ours / counts.size * 1e9
        if cells == 10:
            start = time.process_time()
            ndimage.convolve(counts[0, :512], weights, mode="constant")
            found["direct 10"] = (time.process_time() - start) * SIZE / 512 / ours
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


MEASUREMENTS = {"box": box, "shelf": shelf, "discs": discs, "gaussians": gaussians, "kernels": kernels}

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, lambda found: [print(found) is None]))
