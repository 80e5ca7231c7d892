"""Past one memory, on Dask: ``python3 tasks.py bench beyond``.

Seconds on the clock and the largest memory of processes of their own. Makes and removes a grid of 30,000 × 30,000 cells in
three groups, 10 GB, in the folder that TMPDIR names.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _measure import line, run

import segregation_tools as sgt

SIDE, CHUNK, GROUPS = 8192, 1024, ("a", "b", "c")
VAST = 30_000
REPEATS = 3
DISC = sgt.Radius(1000)  # cells of 100 m
FOLDER = Path(tempfile.gettempdir()) / "segregation_tools_beyond"


def stored(side: int) -> Path:
    """Write a grid chunk by chunk, if it is not there: towns of different mixes, float32."""
    import zarr

    path = FOLDER / f"{side}.zarr"
    if path.exists():
        return path
    half = path.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    grid = zarr.create_array(half, shape=(3, side, side), chunks=(3, CHUNK, CHUNK), dtype="float32", compressors=None)
    for number, (row, col) in enumerate(np.ndindex(-(-side // CHUNK), -(-side // CHUNK))):
        chance = np.random.default_rng(number)
        here = np.s_[:, row * CHUNK : (row + 1) * CHUNK, col * CHUNK : (col + 1) * CHUNK]
        shape = grid[here].shape
        towns = chance.dirichlet(np.ones(3), (-(-shape[1] // 64), -(-shape[2] // 64)))
        shares = np.moveaxis(towns.repeat(64, axis=0).repeat(64, axis=1), -1, 0)[:, : shape[1], : shape[2]]
        people = chance.integers(0, 40, shape[1:]) * (chance.random(shape[1:]) < 0.3)
        grid[here] = np.rint(people * shares)
    half.rename(path)
    return path


def whole(side: int) -> sgt.Population:
    """Read a grid into the memory of this process."""
    import zarr

    return sgt.Population.from_raster(zarr.open_array(stored(side), mode="r")[:], groups=GROUPS, cell_size=100)


def in_chunks(side: int) -> sgt.Population:
    """Leave a grid where it lies."""
    import zarr

    return sgt.Population.from_raster(zarr.open_array(stored(side), mode="r"), groups=GROUPS, cell_size=100)


def measured(made: Any, side: int, repeats: int = REPEATS) -> dict[str, float]:
    """Time H and exposure within a disc, from the file to the values, and from the population to the values."""
    stored(side)
    sgt.measure(made(side)[list(GROUPS)].within(DISC), [sgt.information_theory, sgt.exposure]) if repeats > 1 else None
    every, read = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        pop = made(side)
        half = time.perf_counter()
        values = sgt.measure(pop.within(DISC), [sgt.information_theory, sgt.exposure])
        every.append(time.perf_counter() - start)
        read.append(time.perf_counter() - half)
    return {
        "all": min(every),
        "measured": min(read),
        "H": values["information_theory"],
        "peak, GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


MEASURES = {
    "memory": lambda: measured(whole, SIDE),
    "chunks": lambda: measured(in_chunks, SIDE),
    "vast": lambda: measured(in_chunks, VAST, repeats=1),
}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print every figure beside its limit."""
    memory, chunks, vast = (found[name] for name in MEASURES)
    size = f"{SIDE:,} × {SIDE:,} × 3"
    lines = [
        line(
            f"{size}, zarr chunks of {CHUNK}²: from file to values, × one memory",
            chunks["all"] / memory["all"],
            "≤ 1.8",
        ),
        line(f"{size}: from population to values, × one memory", chunks["measured"] / memory["measured"], "≤ 1.8"),
        line(f"{size}: H, apart by", abs(chunks["H"] - memory["H"]), "≤ 1e-12"),
        line(f"{VAST:,} × {VAST:,} × 3 ({vast['all']:.0f} s): peak of memory, GB", vast["peak, GB"], "≤ 3"),
    ]
    print(
        f"\nSeconds from file to values: {memory['all']:.1f} in one memory ({memory['peak, GB']:.1f} GB), "
        f"{chunks['all']:.1f} in chunks ({chunks['peak, GB']:.1f} GB), {vast['all']:.0f} for the vast one"
    )
    shutil.rmtree(FOLDER)
    return lines


if __name__ == "__main__":
    sys.exit(run(__file__, MEASURES, table))
