"""How good a plan is: ``python3 tasks.py bench proofs``.

How soon bounds of three invented districts are proven, how high they are after a minute, and which part of what can be
gained at most the search gains; how many of nine small districts are proven to the end; what a rule costs that keeps zones
in one piece by asking for more; how long neutral plans take. D is that of the first group
against the rest; rolls stay within 15 % of today's, zones in one piece, ways within 1.5 times today's. Reads the folder that
SGT_TEST_DATA names. Bounds are raised faster where highspy is installed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _districts import RULES, district, unseen
from _measure import line, run

import segregation_tools as sgt
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.relaxed import Relaxed, cut_rows

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = sgt.minimize(sgt.dissimilarity)

# Blocks x schools: the bound, in hundredths, and in how many CPU-seconds it is to be proven.
SOON = {"600x12": (43.7, 60), "2000x40": (34.7, 1), "10000x120": (30.8, 2.5)}
SEARCHED = {"600x12": 20, "2000x40": 60, "10000x120": 60}  # seconds of `rezone`
KNOWN = {"600x12": 0.43917, "2000x40": 0.37391, "10000x120": 0.33179}  # D of the best plan known
LONG = 60  # seconds of `certify`
SMALL = [(blocks, schools, seed) for blocks, schools in ((200, 5), (300, 6), (400, 8)) for seed in (1, 2, 3)]
NEARER = [(200, 5, 3, 1.5), (300, 6, 2, 1.5), (400, 8, 1, 1.5), (200, 5, 3, 2)]  # with how many times today's way
DRAWN = "2000x40"  # blocks x schools of neutral plans
ENOUGH = 6  # of these are to be proven
SAME = 1e-6


def soon(size: str) -> dict[str, float]:
    """CPU-seconds until the bound that is asked for is proven, reading the district again included."""
    limit = SOON[size][0] / 100
    told = district(Path(os.environ["SGT_TEST_DATA"]), size)
    sgt.certify(small_plan(), seconds=1)  # what is compiled
    plan = sgt.rezone(**told, goal=GOAL, rng=7, seconds=10)
    spent, bounds = [], []

    def until(done: float, bound: float) -> None:
        if bound >= limit:
            raise KeyboardInterrupt

    for _ in range(3 if SOON[size][1] < LONG else 1):
        start = time.process_time()
        proof = sgt.certify(plan, seconds=2 * LONG, progress=until)
        spent.append(time.process_time() - start)
        for solver in threading.enumerate():  # which still solves what nobody waits for
            if solver is not threading.main_thread():
                solver.join()
        bounds.append(proof.bound)
    reached = min(bounds) >= limit
    return {"seconds": min(spent) if reached else float("inf"), "cheap": plan.bound}


def small_plan() -> sgt.Plan:
    """Plan a district of no size."""
    return sgt.rezone(**unseen(25, 3, 1), goal=GOAL, rng=7, steps=1000)


def proven(told: dict[str, Any], searched: float) -> dict[str, float]:
    """Value of a search, value and bound after a proof, and what the search gained of what can be gained at most."""
    plan = sgt.rezone(**told, goal=GOAL, rng=7, seconds=searched)
    proof = sgt.certify(plan, seconds=LONG)
    if not sgt.check(proof.plan):
        sys.exit("the plan of a proof breaks rules")
    today, after = plan.before["dissimilarity"], plan.after["dissimilarity"]
    return {
        "today": today,
        "searched": after,
        "value": proof.value,
        "bound": proof.bound,
        "proven": proof.proven,
        "seconds": proof.seconds,
        "gained": 100 * (today - after) / (today - proof.bound),
        "again": abs(proof.recomputed() - proof.relaxed),
    }


def large(size: str) -> dict[str, float]:
    """Search and proof of a district of some size."""
    return proven(district(Path(os.environ["SGT_TEST_DATA"]), size), SEARCHED[size])


def small(blocks: int, schools: int, seed: int) -> dict[str, float]:
    """Search and proof of a small district."""
    return proven(unseen(blocks, schools, seed), 10)


def nearer(blocks: int, schools: int, seed: int, ratio: float) -> dict[str, float]:
    """Best D with zones in one piece, and where each block in a zone touches one that is nearer to the school."""
    rules = (*RULES[:2], sgt.longest_trip(ratio=ratio))
    plan = sgt.rezone(**unseen(blocks, schools, seed) | {"constraints": rules}, goal=GOAL, rng=7, seconds=10)
    best = sgt.certify(plan, seconds=LONG)
    problem, relaxed = plan.problem, Relaxed(Landscape.of(plan.problem, GOAL, rules))
    program, rows = relaxed.program, list(relaxed.cuts)
    for block, zone in zip(program.unit.tolist(), program.zone.tolist(), strict=True):
        near = problem.adjacency.indices[slice(*problem.adjacency.indptr[block : block + 2])]
        if block != problem.stands[zone]:
            rows.append((zone, block, near[problem.minutes[near, zone] < problem.minutes[block, zone]]))
    program.add(-np.inf, 0, x=cut_rows(program, rows))
    solution = program.solved(seconds=LONG)
    taken = solution.x > 0.5
    zones = np.zeros(len(problem.blocks), dtype=int)
    zones[program.unit[taken]] = program.zone[taken]
    under = replace(plan, zone=zones)
    if not sgt.check(under):
        sys.exit("zones in which each block touches a nearer one are not in one piece")
    today, after = plan.before["dissimilarity"], under.after["dissimilarity"]
    return {
        "today": today,
        "value": best.value,
        "bound": best.bound,
        "nearer": after,
        "proven": float(after - solution.bound < SAME),
        "lost": 100 * (after - best.value) / (today - best.value),
    }


def ensemble() -> dict[str, float]:
    """Seconds that neutral plans take, by the clock, and how far their chains agree."""
    told = district(Path(os.environ["SGT_TEST_DATA"]), DRAWN)
    sgt.neutral_plans(**unseen(25, 3, 1), n=16, rng=7, steps=1000)  # what is compiled
    start = time.perf_counter()
    drawn = sgt.neutral_plans(**told, rng=7)
    seconds = time.perf_counter() - start
    if not all(sgt.check(drawn.plan(i)) for i in range(len(drawn))):
        sys.exit("a neutral plan breaks rules")
    place = drawn.place()
    return {"seconds": seconds, "plans": len(drawn), "r_hat": drawn.mixing["r_hat"].max(), "lower": place["lower"]}


def table(taken: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    held = []
    for size, (bound, seconds) in SOON.items() if f"soon {next(iter(SOON))}" in taken else ():
        of, long = taken[f"soon {size}"], taken[f"large {size}"]
        print(f"{size} blocks x schools: plan.bound {of['cheap']:.5f}")
        held.append(line(f"CPU-seconds until .{bound * 10:.0f} is proven", of["seconds"], f"≤ {seconds}"))
        print(
            f"D {long['today']:.5f} today, {long['searched']:.5f} by rezone in {SEARCHED[size]} s, {long['bound']:.5f} "
            f"proven in {long['seconds']:.0f} s"
        )
        share = 100 * (long["today"] - long["searched"]) / (long["today"] - KNOWN[size])
        held.append(line("per cent of what the best plan known gains, by the search", share, "≥ 96"))
        print(f"per cent of what can be gained at most: {long['gained']:.1f} by the search")
        print()
    if "ensemble" in taken:
        of = taken["ensemble"]
        print(f"{DRAWN}: {of['plans']:.0f} neutral plans, {of['lower']:.0%} of them with a lower D than today's zones")
        held.append(line("seconds by the clock", of["seconds"], "≤ 10"))
        held.append(line("largest R-hat", of["r_hat"], "≤ 1.05"))
        print()
    print(f"Small districts: ten seconds of search, at most {LONG} of proof")
    few = {case: taken["small {}x{} {}".format(*case)] for case in SMALL}
    for (blocks, schools, seed), of in few.items():
        print(
            f"{blocks}x{schools} {seed}: D {of['today']:.5f} today, {of['searched']:.5f} searched, {of['value']:.5f} after "
            f"the proof, bound {of['bound']:.5f}{', proven' if of['proven'] else ''}, {of['seconds']:.0f} s"
        )
    done = [of for of in few.values() if of["proven"]]
    held.append(line("proven to be the best", len(done), f"≥ {ENOUGH}"))
    apart = max((abs(of["value"] - of["bound"]) for of in done), default=0)
    held.append(line("farthest that a plan is from its optimum, in millionths", 1e6 * apart, "≤ 1"))
    held.append(
        line("least per cent of what can be gained, by the search", min(of["gained"] for of in few.values()), "≥ 98")
    )
    print("\nWhat it costs if each block must touch another of its zone that is nearer to the school: D")
    for case in NEARER:
        of = taken["nearer {}x{} {} {}".format(*case)]
        name = "{}x{} {}, ways up to {} times today's".format(*case)
        print(
            f"{name}: {of['today']:.4f} today, {of['value']:.4f} in one piece (proven: {of['bound']:.4f} or more), "
            f"{of['nearer']:.4f}{' proven' if of['proven'] else ''} with a nearer one: {of['lost']:.0f} % of the gain lost"
        )
    again = max(of["again"] for of in taken.values() if "again" in of)
    held.append(line("proofs computed again, apart by billionths at most", 1e9 * again, "≤ 1"))
    return held


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    **(
        {
            **{f"soon {size}": partial(soon, size) for size in SOON},
            **{f"large {size}": partial(large, size) for size in SOON},
            "ensemble": ensemble,
        }
        if os.environ.get("SGT_TEST_DATA")
        else {}
    ),
    **{f"small {blocks}x{schools} {seed}": partial(small, blocks, schools, seed) for blocks, schools, seed in SMALL},
    **{"nearer {}x{} {} {}".format(*case): partial(nearer, *case) for case in NEARER},
}

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
