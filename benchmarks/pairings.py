"""Paired schools of a city: ``python3 tasks.py bench pairings``.

Chicago's 351 elementary zones with the children under 18 of 2,069 precincts, nine grades of equal size: CPU seconds until
the best pairs, and the best pairs and threes, are known and proven, and those until it is known which precincts touch; how
far D falls, and how many children attend another school in an average year. Reads the folder that SGT_TEST_DATA names.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from _districts import chicago_elementary
from _measure import cpu, line, run

import segregation_tools as sgt

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = sgt.minimize(sgt.dissimilarity)
GROUPS = {"white against the rest": "white", "all five groups": None}
GOALS = {"D": FREE, "D + 0.1 moves": None}
RULES = {"room for anybody": (), "rolls within 15 %": (sgt.capacity(within=0.15),)}
CASES = {
    f"{groups}, {goal}, {rules}, {'threes' if largest == 3 else 'pairs'}": (groups, goal, rules, largest)
    for groups in GROUPS
    for goal in GOALS
    for rules in RULES
    for largest in (2, 3)
}


def merged(groups: str, goal: str, rules: str, largest: int) -> dict[str, float]:
    """CPU seconds, and what merges do."""
    told = chicago_elementary(Path(os.environ["SGT_TEST_DATA"]), GROUPS[groups])
    start = time.process_time()
    touching = told["pupils"].geography.adjacency("rook", 1.0)
    reading = time.process_time() - start
    asked = told | {"adjacency": touching, "goal": GOALS[goal], "constraints": RULES[rules], "largest": largest}
    found = sgt.pair_schools(**asked)
    return {
        "cpu": cpu(lambda: sgt.pair_schools(**asked)),
        "reading": reading,
        "today": found.before["dissimilarity"],
        "D": found.after["dissimilarity"],
        "moved": found.moved,
        "merges": found.merges,
        "gap": found.gap,
        "proven": found.proven,
    }


def table(taken: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    if not taken:
        print("SGT_TEST_DATA names no folder of data: nothing is measured")
        return []
    held = []
    for name, of in taken.items():
        print(
            f"{name}: D {of['today']:.4f} today, {of['D']:.4f} by {of['merges']:.0f} merges; {of['moved']:.1%} attend "
            f"another school; {of['reading']:.2f} CPU seconds for what touches"
        )
        held.append(line("CPU seconds", of["cpu"], "≤ 0.5"))
        held.append(line("proven: gap, in billionths", 1e9 * of["gap"] if of["proven"] else float("inf"), "≤ 1"))
    return held


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = (
    {name: partial(merged, *case) for name, case in CASES.items()} if os.environ.get("SGT_TEST_DATA") else {}
)

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
