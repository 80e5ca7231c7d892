"""Access to services and the places of facilities: ``python3 tasks.py bench access``.

Seconds on the clock, each in a process of its own, what is compiled and imported included.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
from _measure import line, run

import segregation_tools as sgt

UNITS, SITES, NUMBERS = 2000, 200, (5, 10, 20)


def audit() -> dict[str, float]:
    """Audit 40 invented libraries on the tracts of Sacramento, by street: groups, gaps with intervals, ranks and tiers."""
    start = time.perf_counter()
    tracts = sgt.load("sacramento").to_crs(32610)
    pop = sgt.Population.from_frame(tracts, ["white", "black", "asian", "hispanic"], tiers=["county"])
    some = np.random.default_rng(7).permutation(len(tracts))[:40]
    libraries = tracts.set_geometry(tracts.representative_point()).iloc[some][["geometry"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sgt.DataWarning)
        found = sgt.access(pop, libraries, cost=sgt.load("sacramento_streets"), standard=[1000, 3000])
    found.groups()
    first = time.perf_counter() - start
    found.gaps(rng=7)
    found.concentration("black", rng=7)
    found.tiers()
    return {"access": first, "all": time.perf_counter() - start}


def _placed(goal: str, number: int) -> dict[str, float]:
    import geopandas

    chance = np.random.default_rng(number)
    places = chance.random((UNITS, 2)) * 20_000
    people = geopandas.GeoDataFrame(
        {"a": chance.integers(50, 3000, UNITS), "b": chance.integers(50, 3000, UNITS)},
        geometry=geopandas.points_from_xy(*places.T),
    )
    sites = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*(places[:SITES] + 100).T))
    pop = sgt.Population.from_frame(people, ["a", "b"])
    start = time.perf_counter()
    plan = sgt.place_facilities(pop, sites, number=number, standard=1500, goal=goal)
    return {"seconds": time.perf_counter() - start, "gap, %": 100 * plan.gap / plan.value}


MEASURES = {
    f"{goal} {number}": lambda goal=goal, number=number: _placed(goal, number)
    for goal in ("p_median", "coverage")
    for number in NUMBERS
}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print every figure beside its limit."""
    lines = [line("access of 403 tracts by street, 40 services, seconds", found["audit"]["access"], "≤ 5")]
    for name in MEASURES:
        what = f"{name} of {SITES} sites, {UNITS:,} units"
        lines.append(line(f"{what}, seconds", found[name]["seconds"], "≤ 20"))
        lines.append(line(f"{what}, gap in per cent", found[name]["gap, %"], "≤ 0.5"))
    print(f"\nBeside them: the audit with intervals, ranks and tiers takes {found['audit']['all']:.1f} seconds")
    return lines


if __name__ == "__main__":
    sys.exit(run(__file__, {"audit": audit, **MEASURES}, table))
