"""Indices without a map, on millions of units, beside PySAL segregation: ``python3 tasks.py bench aspatial``.

A *read* is one vectorised one-thread pass of NumPy over the counts. Ratios are taken within one process, so that they
do not depend on how busy the machine is.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _measure import cpu, extra, line, processor, run

import segregation_tools as sgt
from segregation_tools.kernels.lorenz import MANY

UNITS, GROUPS = 10_000_000, 8
SMALLER = 100_000


def city(groups: int, units: int) -> sgt.Population:
    """People at random, made without temporaries, so that memory stands at its peak once it is there."""
    chance = np.random.default_rng(1)
    counts = np.empty((groups, units))
    for row in counts:
        chance.random(out=row)
        row *= 1000
    return sgt.Population(counts, [f"g{i}" for i in range(groups)])


def of_scores(name: str) -> dict[str, float]:
    """Time and memory of an index of eight groups, in reads and in counts."""
    index, pop = getattr(sgt, name), city(GROUPS, UNITS)
    more = extra(lambda: index(pop)) / pop.counts.nbytes
    read = min(cpu(pop.counts.sum), cpu(pop.counts.max))
    return {"reads": cpu(lambda: index(pop)) / read, "memory": more}


def of_order() -> dict[str, float]:
    """Time of the two-group Gini over that of sorting the shares alone; memory in arrays of one group."""
    sgt.gini(city(2, MANY + 1))  # compiled before memory is measured
    pop = city(2, UNITS)
    more = extra(lambda: sgt.gini(pop)) / pop.counts[0].nbytes
    shares = pop.counts[0] / pop.sizes
    return {"sorts": cpu(lambda: sgt.gini(pop), 3) / cpu(lambda: np.argsort(shares), 3), "memory": more}


def beside_pysal() -> dict[str, float]:
    """How many times quicker, on a frame of 100,000 units and on Sacramento, reading the frame included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside PySAL and its dependencies
        from segregation import multigroup, singlegroup

        chance = np.random.default_rng(2)
        total = chance.integers(500, 5_000, SMALLER)
        many = chance.multinomial(1_000, [0.5, 0.3, 0.15, 0.05], SMALLER)
        frame = pd.DataFrame({"x": chance.binomial(total, chance.beta(1, 4, SMALLER)), "total": total})
        frame["rest"] = frame["total"] - frame["x"]
        groups = ["a", "b", "c", "d"]
        frame[groups] = many
        tracts, named = sgt.load("sacramento"), ["white", "black", "asian", "hispanic"]

        def ratio(theirs, ours, repeats: int = 3) -> float:
            np.testing.assert_allclose(theirs().statistic, ours(), rtol=1e-9)
            return cpu(theirs, repeats) / cpu(ours, repeats)

        two = ["x", "rest"]
        return {
            "Gini": ratio(lambda: singlegroup.Gini(frame, "x", "total"), lambda: sgt.gini(frame, groups=two), 1),
            "D": ratio(lambda: singlegroup.Dissim(frame, "x", "total"), lambda: sgt.dissimilarity(frame, groups=two)),
            "H": ratio(
                lambda: multigroup.MultiInfoTheory(frame, groups), lambda: sgt.information_theory(frame, groups=groups)
            ),
            "D many": ratio(
                lambda: multigroup.MultiDissim(frame, groups), lambda: sgt.dissimilarity(frame, groups=groups)
            ),
            "D Sacramento": ratio(
                lambda: multigroup.MultiDissim(tracts, named), lambda: sgt.dissimilarity(tracts, groups=named), 20
            ),
        }


def of_a_country() -> dict[str, float]:
    """Seconds for every index of 181,408 areas and 14 groups, where the folder of real data is named."""
    folder = os.environ.get("SGT_TEST_DATA")
    if not folder:
        return {}
    areas = pd.read_parquet(Path(folder) / "mlid_oa_ethnicity_2011_ew.parquet")
    counted = areas.select_dtypes("number").columns.drop("Persons")
    pop = sgt.Population.from_frame(areas, list(counted))

    def everything() -> None:
        sgt.summary(pop)
        sgt.exposure(pop)

    return {"seconds": cpu(everything, 3)}


def many_places() -> dict[str, float]:
    """Seconds for every index of many groups in each of 200 places of 500 units and 6 groups."""
    chance = np.random.default_rng(3)
    frame = pd.DataFrame(chance.integers(0, 300, (200 * 500, 6)), columns=list("abcdef"))
    places = frame.groupby(np.arange(len(frame)) // 500)
    return {"seconds": cpu(lambda: sgt.summary(places, groups=list("abcdef")), 3)}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    print(f"{UNITS:,} units, {GROUPS} groups")
    held = []
    for name, limit in (("dissimilarity", 12), ("information_theory", 18 if "with AVX" in processor() else 25)):
        held.append(line(f"{name}: reads of the counts", found[name]["reads"], f"≤ {limit}"))
        held.append(line(f"{name}: extra memory, of the counts", found[name]["memory"], "≤ 0.3"))
    print(f"\n{UNITS:,} units, two groups, distinct shares")
    held.append(line("gini: np.argsort of the shares", found["gini"]["sorts"], "≤ 1.1"))
    held.append(line("gini: extra memory, arrays of one group", found["gini"]["memory"], "≤ 4.1"))
    print("\nEvery index at once, in seconds")
    held.append(line("200 places × 500 units × 6 groups", found["places"]["seconds"], "≤ 2"))
    if found["country"]:
        held.append(line("England and Wales, 181,408 areas × 14 groups", found["country"]["seconds"], "≤ 3"))
    print(f"\n{SMALLER:,} units: PySAL segregation takes so many times longer (values agree to 1e-9)")
    held += [line(name, times, "≥ 100" if name == "Gini" else "≥ 1") for name, times in found["PySAL"].items()]
    return held


MEASUREMENTS = {
    "dissimilarity": lambda: of_scores("dissimilarity"),
    "information_theory": lambda: of_scores("information_theory"),
    "gini": of_order,
    "places": many_places,
    "country": of_a_country,
    "PySAL": beside_pysal,
}

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
