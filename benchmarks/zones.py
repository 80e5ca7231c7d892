"""School zones for districts of up to 10,000 blocks: ``python3 tasks.py bench zones``.

How low D is after how many seconds, on three invented districts (best plans known: .4392, .3739, .3318) and on Chicago;
how many moves are tried; and D by GerryChain, and by a model for CP-SAT after Gillani et al. (2023). D is that of the first
group against the rest; rolls stay within 15 % of today's, zones in one piece, ways within 1.5 times today's. Reads the
folder that SGT_TEST_DATA names.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numba
import numpy as np
import pandas as pd
from _districts import RULES, chicago, district, unseen
from _measure import cpu, fresh, line, run
from _rivals import by_cp_sat, by_gerrychain, proposed

import segregation_tools as sgt
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.search import annealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from segregation_tools.kernels.moves import Annealing
    from segregation_tools.planning.problem import Problem

GOAL = sgt.minimize(sgt.dissimilarity)

# Blocks x schools, and the highest D (in hundredths) after how many seconds.
GOOD = {
    "600x12": {3: 44, 20: 43.93},
    "2000x40": {3: 38, 10: 37.85, 60: 37.55},
    "10000x120": {5: 34.2, 20: 34, 60: 33.7},
}
LARGEST = "10000x120"
MOVES = {"2000x40": {"evaluated": 3, "accepted": 0.8}, "10000x120": {"evaluated": 1.6}}  # millions a CPU-second
STEPS = 4000  # a block, in two starts
RIVALS = ("600x12", "2000x40")  # districts on which other searches have so many seconds
TIME = 60
UNSEEN = ((600, 12, 2), (600, 12, 3), (1500, 30, 4))  # blocks, schools, seed
SHORT, LONG = 5, 50  # seconds
CITY = 30  # seconds for Chicago
FOCAL = {"white against the rest": "white", "black against the rest": "black", "all five groups": None}
HELD = "white"  # the first group; for the others the figures are shown


def folder() -> Path:
    """Where data are."""
    return Path(os.environ["SGT_TEST_DATA"])


def of_today(told: dict[str, Any]) -> sgt.Plan:
    """Today's zones as a plan."""
    return sgt.score(assignment=told["current"], **told)


# ---------------------------------------------------------------- how good, how soon


def searched(size: str, seconds: float) -> dict[str, float]:
    """D of a plan, and the seconds that `rezone` takes besides those of its search."""
    told = district(folder(), size)
    start = time.perf_counter()
    plan = sgt.rezone(**told, goal=GOAL, rng=7, seconds=seconds)
    besides = time.perf_counter() - start - seconds
    return {"D": plan.after["dissimilarity"], "besides": besides}


def cold() -> dict[str, float]:
    """Search the largest district where nothing is compiled yet."""
    with tempfile.TemporaryDirectory() as empty:
        os.environ["NUMBA_CACHE_DIR"] = empty
        return fresh(__file__, f"{LARGEST} {min(GOOD[LARGEST])}")


def not_seen(blocks: int, schools: int, seed: int) -> dict[str, float]:
    """D of a short search and of one ten times as long, on a district by which nothing was tuned."""
    told = unseen(blocks, schools, seed)
    plans = [sgt.rezone(**told, goal=GOAL, rng=7, seconds=seconds) for seconds in (SHORT, LONG)]
    return {name: plan.after["dissimilarity"] for name, plan in zip(("short", "long"), plans, strict=True)}


def of_chicago(focal: str | None) -> dict[str, float]:
    """D today and in plans with and without a price of moves, and the share of children who change zone."""
    told = chicago(folder(), focal)
    free, dear = (sgt.rezone(**told, goal=goal, rng=7, seconds=CITY) for goal in (GOAL, None))
    today = dear.before["dissimilarity"]
    return {
        "today": today,
        "D": dear.after["dissimilarity"],
        "kept": (today - dear.after["dissimilarity"]) / (today - free.after["dissimilarity"]),
        "moved": dear.moved,
        "moved freely": free.moved,
    }


# ---------------------------------------------------------------- how many moves


class Counted(Landscape):
    """A landscape that remembers the walks over it, which count their moves."""

    walks: ClassVar[list[Annealing]] = []

    def at(self, zone: np.ndarray, seed: int) -> Annealing:
        """Stand at a plan."""
        self.walks.append(super().at(zone, seed))
        return self.walks[-1]


def flips(size: str) -> dict[str, float]:
    """Count moves a CPU-second, in millions, of the search on one thread; and GerryChain's proposals."""
    numba.set_num_threads(1)
    problem = of_today(district(folder(), size)).problem
    land = Counted.of(problem, GOAL, RULES)

    def search() -> None:
        land.walks.clear()
        annealed(land, 1, None, STEPS * len(problem.blocks), lambda done, value: None)

    millions = 1e6 * cpu(search, 2)
    _, evaluated, made, _ = np.sum([walk.tally for walk in land.walks], axis=0)
    theirs = max(proposed(problem, 5) for _ in range(3)) / 1e6
    return {"evaluated": evaluated / millions, "accepted": made / millions, "GerryChain": theirs}


def edited() -> dict[str, float]:
    """CPU milliseconds until measures are known after one block is given to another school."""
    told = district(folder(), LARGEST)
    plan = of_today(told)
    block = told["current"].index[0]
    other = told["travel"].loc[block].drop(told["current"][block]).idxmin()
    return {"ms": 1e3 * cpu(lambda: plan.edited({block: other}).after, 20)}


# ---------------------------------------------------------------- other searches


def by_others(size: str, search: Callable[[Problem], np.ndarray]) -> dict[str, float]:
    """D of a plan by another search, which must keep to the same rules."""
    told = district(folder(), size)
    problem = of_today(told).problem
    zone = search(problem)
    plan = sgt.score(assignment=pd.Series(problem.schools[zone], index=problem.blocks), **told)
    kept = sgt.check(plan)
    if not kept:
        sys.exit(f"the plan breaks rules:\n{kept}")
    return {"D": plan.after["dissimilarity"]}


SEARCHES = {
    "GerryChain, short bursts": partial(by_gerrychain, how="short bursts", seconds=TIME),
    "GerryChain, annealing": partial(by_gerrychain, how="annealing", seconds=TIME),
    "CP-SAT, two threads": partial(by_cp_sat, seconds=TIME),
}


def table(taken: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    if not taken:
        print("SGT_TEST_DATA names no folder of data: nothing is measured")
        return []
    held = []
    for size, limits in GOOD.items():
        print(f"{size} blocks x schools: D, in hundredths")
        for seconds, limit in limits.items():
            held.append(line(f"rezone, {seconds} seconds", 100 * taken[f"{size} {seconds}"]["D"], f"≤ {limit}"))
        for name in SEARCHES if size in RIVALS else ():
            print(f"{f'{name}, {TIME} seconds':<58}{100 * taken[f'{size} {name}']['D']:>10.2f}")
        print()
    print("What rezone takes besides the seconds of its search")
    most = max(of["besides"] for of in taken.values() if "besides" in of)
    held.append(line("the longest of those above, and with nothing compiled yet", most, "≤ 5"))
    for size, limits in MOVES.items():
        print(f"\n{size} blocks x schools: moves, in millions a CPU-second on one thread")
        moves = taken[f"{size} moves"]
        held += [line(what, moves[what], f"≥ {limit}") for what, limit in limits.items()]
        held.append(
            line("so many for each proposal of GerryChain's", moves["evaluated"] / moves["GerryChain"], "≥ 500")
        )
    print(f"\n{LARGEST} blocks x schools: another school for one block")
    held.append(line("CPU milliseconds until measures are known", taken["edited"]["ms"], "≤ 50"))
    print(f"\nDistricts not seen before: D after {SHORT} seconds above that after {LONG}, in per cent")
    for blocks, schools, seed in UNSEEN:
        of = taken[f"unseen {blocks}x{schools} {seed}"]
        held.append(line(f"{blocks}x{schools}, D {of['long']:.4f}", 100 * (of["short"] / of["long"] - 1), "≤ 1"))
    print(f"\nChicago, 2,069 precincts, 47 high-school zones, children under 18, {CITY} seconds: per cent")
    for name, focal in FOCAL.items():
        of = taken[f"Chicago {name}"]
        print(f"{name}: D {of['today']:.4f} today, {of['D']:.4f}; {of['moved freely']:.1%} would move without a price")
        rows = {
            "of what D could fall without a price of moves": ("kept", "≥ 97"),
            "who change zone": ("moved", "≤ 7.5"),
        }
        for what, (key, limit) in rows.items():
            if focal == HELD:
                held.append(line(what, 100 * of[key], limit))
            else:
                print(f"{what:<58}{100 * of[key]:>10.2f}")
    return held


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = (
    {}
    if not os.environ.get("SGT_TEST_DATA")
    else {
        **{f"{size} {seconds}": partial(searched, size, seconds) for size, of in GOOD.items() for seconds in of},
        "cold": cold,
        **{f"{size} moves": partial(flips, size) for size in MOVES},
        **{f"{size} {name}": partial(by_others, size, how) for size in RIVALS for name, how in SEARCHES.items()},
        "edited": edited,
        **{f"unseen {of[0]}x{of[1]} {of[2]}": partial(not_seen, *of) for of in UNSEEN},
        **{f"Chicago {name}": partial(of_chicago, focal) for name, focal in FOCAL.items()},
    }
)

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
