"""Where to build, and who gets which flat: ``python3 tasks.py bench housing``.

An invented town of 10,000 blocks of 100 m, three groups that live apart in patches of several hundred metres, a site in
every block, 9,000 homes of three tenures, scales of 500, 1000 and 2000 m. Seconds are those on the clock, least of several
runs in a process of its own; what is compiled is compiled before.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pandas as pd
from _measure import line, run
from scipy.ndimage import gaussian_filter

import segregation_tools as sgt
from segregation_tools.planning.homes.descent import Town, blended, greedy
from segregation_tools.planning.homes.sites import read_supply
from segregation_tools.planning.homes.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE, SCALES, GAP = 100, [500, 1000, 2000], 1e-3
GROUPS = ["a", "b", "c"]
UNITS = pd.Series({"owned": 4000, "rented": 3000, "social": 2000})
PERSONS = pd.DataFrame(
    [[1.5, 0.5, 0.3], [0.5, 1.2, 0.8], [0.3, 0.6, 1.5]], index=["owned", "rented", "social"], columns=GROUPS
)


def clock(work: Callable[[], object], times: int) -> float:
    """Least seconds on the clock of several runs."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def town(capacity: str) -> tuple[sgt.Population, geopandas.GeoDataFrame]:
    """Make the town and its sites, of any size from 5 to 59 homes, of three sizes, or alike."""
    chance = np.random.default_rng(1)
    patches = [gaussian_filter(chance.normal(size=(SIDE, SIDE)), width, mode="wrap").ravel() for width in (8, 6, 5)]
    pull = np.exp([strength * patch / patch.std() for strength, patch in zip((1.2, 1.2, 0.8), patches, strict=True)])
    residents = chance.integers(20, 120, SIDE * SIDE)
    counts = [
        chance.multinomial(many, shares) for many, shares in zip(residents, (pull / pull.sum(axis=0)).T, strict=True)
    ]
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE)
    blocks = geopandas.GeoDataFrame(
        pd.DataFrame(counts, columns=GROUPS), geometry=geopandas.points_from_xy(100.0 * x, 100.0 * y), crs=32632
    )
    room = {"any": chance.integers(5, 60, SIDE * SIDE), "three": chance.choice([30, 50, 80], SIDE * SIDE), "alike": 50}
    return sgt.Population.from_frame(blocks, GROUPS), blocks[["geometry"]].assign(capacity=room[capacity])


def divided() -> dict[str, float]:
    """Greedy start and descent, once it is known who is present where; then the whole verb."""
    pop, sites = town("any")
    found = {}
    for name, index in (("H", sgt.information_theory), ("D", sgt.dissimilarity), ("V", sgt.variance_ratio)):
        goal = sgt.minimize(index)
        supply = read_supply(sites, UNITS, PERSONS.index, (), whole_sites=False)
        start = time.perf_counter()
        people = UNITS.to_numpy() @ PERSONS.to_numpy()
        surface = Surface.of(pop, goal, people, np.arange(len(sites)), SCALES, "biweight")
        found[f"{name} who is present where"] = time.perf_counter() - start
        made = Town(supply, surface, np.arange(len(sites)), PERSONS.to_numpy())
        begin = greedy(made)
        found[f"{name} greedy"] = clock(lambda t=made: greedy(t), 5)

        def descend(
            made: Town = made, begin: np.ndarray = begin, found: dict[str, float] = found, name: str = name
        ) -> None:
            made.supply.answers.clear()
            ended = blended(made, begin, GAP, 60.0)
            found[f"{name} gap"] = ended.value - ended.bound

        found[f"{name} descent"] = clock(descend, 3)
    start = time.perf_counter()
    plan = sgt.site_homes(pop, sites, units=UNITS, tenures=PERSONS, bandwidths=SCALES, gap=GAP)
    found["all of site_homes"] = time.perf_counter() - start
    found["its gap"], found["its share of the best"] = plan.gap, plan.share_of_best
    found["H before"], found["H after"] = plan.value_before, plan.value
    return found


def full() -> dict[str, float]:
    """Sites that are built in full or not at all."""
    found = {}
    for kind in ("alike", "three", "any"):
        pop, sites = town(kind)
        start = time.perf_counter()
        plan = sgt.site_homes(pop, sites, units=UNITS, tenures=PERSONS, bandwidths=SCALES, whole_sites=True, seconds=5)
        found[f"{kind} seconds"] = time.perf_counter() - start
        found[f"{kind} share of the best"] = plan.share_of_best
    return found


def flats() -> dict[str, float]:
    """Who gets which flat: 10,000 households, 50 blocks, three groups with quotas."""
    chance = np.random.default_rng(2)
    names, blocks = [f"H{i}" for i in range(10_000)], [f"B{i}" for i in range(50)]
    households = pd.DataFrame({"group": chance.choice(GROUPS, 10_000, p=[0.6, 0.25, 0.15])}, index=names)
    likes = chance.normal(size=(3, 50))[pd.factorize(households["group"])[0]] + chance.normal(size=(10_000, 50))
    preferences = pd.DataFrame(likes, index=names, columns=blocks).rank(axis=1) - 1
    homes = pd.Series(205, index=blocks)
    quotas = {"a": 0.65, "b": 0.35, "c": 0.25}
    made = []

    def solve() -> None:
        made[:] = [sgt.allocate(households, homes, preferences=preferences, quotas=quotas)]
        made[0].duals  # noqa: B018 - worked out when asked for

    seconds = clock(solve, 3)
    best = made[0]
    return {
        "seconds": seconds,
        "bound less value": best.bound - best.value,
        "price of diversity": best.price_of_diversity,
        "1,000 lotteries": clock(lambda: best.lottery(draws=1000, rng=7), 1),
    }


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print every figure beside its limit."""
    siting, sites, homes = found["divided"], found["full"], found["flats"]
    lines = [line(f"{name}: greedy, seconds", siting[f"{name} greedy"], "≤ 0.3") for name in "HDV"]
    lines += [line(f"{name}: gap ≤ {GAP}, seconds", siting[f"{name} descent"], "≤ 2") for name in "HDV"]
    for kind in ("alike", "three", "any"):
        lines.append(line(f"full sites, sizes {kind}: share of the best", sites[f"{kind} share of the best"], "≥ 0.94"))
        lines.append(line(f"full sites, sizes {kind}: seconds", sites[f"{kind} seconds"], "≤ 15"))
    lines.append(line("10,000 households × 50 blocks with duals, seconds", homes["seconds"], "≤ 8"))
    print("\nBeside them, without a limit:")
    for name, figures in found.items():
        print(f"  {name}: " + ", ".join(f"{what} {figure:.4g}" for what, figure in figures.items()))
    return lines


if __name__ == "__main__":
    sys.exit(run(__file__, {f.__name__: f for f in (divided, full, flats)}, table))
