"""Chance and certainty on a city's worth of units: ``python3 tasks.py bench certainty``.

Beside the simulations of PySAL segregation; and whether intervals hold the truth as often as they say.
"""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from pathlib import Path

import pytest
from _measure import cpu, line, run
from spatial import FEWER, GROUPS, tracts

import segregation_tools as sgt
from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import replicated

DRAWS = 999
ROOT = Path(__file__).resolve().parents[1]


def draws() -> dict[str, float]:
    """CPU seconds of 999 draws with D and H, and those that PySAL takes for one, at the same null."""
    frame = tracts(FEWER)
    pop = sgt.Population.from_frame(frame, GROUPS)
    measures = [sgt.dissimilarity, sgt.information_theory]
    found = {
        null: cpu(lambda null=null: replicated(measures, [pop], null_model(null, pop), 5, 0, DRAWS), 2)
        for null in ("both_margins", "evenness")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside PySAL and its dependencies
        from segregation.inference.randomization import simulate_evenness, simulate_person_permutation
        from segregation.multigroup import MultiDissim, MultiInfoTheory

        for null, simulate in (("both_margins", simulate_person_permutation), ("evenness", simulate_evenness)):
            start = time.process_time()
            table = simulate(frame, groups=GROUPS).fillna(0)
            MultiDissim(table, GROUPS)
            MultiInfoTheory(table, GROUPS)
            found[f"PySAL: {null}"] = time.process_time() - start
    return found


def resampled() -> dict[str, float]:
    """CPU seconds of 999 bootstrap draws of people."""
    pop = sgt.Population.from_frame(tracts(FEWER), GROUPS)
    return {"people": cpu(lambda: sgt.bootstrap(sgt.dissimilarity, pop, draws=DRAWS, rng=1), 1)}


def coverage() -> dict[str, float]:
    """Run the slow proofs: 1 where every interval holds the truth as often as it should."""
    with contextlib.redirect_stdout(sys.stderr):
        failed = pytest.main(["-q", "-m", "slow", "-p", "no:cacheprovider", str(ROOT / "tests" / "analysis")])
    return {"held": float(failed == 0)}


def table(found: dict[str, dict[str, float]]) -> list[bool]:
    """Print the figures and the limits they are held against."""
    held, drawn = [], found["draws"]
    print(f"{DRAWS} draws with D and H, {FEWER:,} units x {len(GROUPS)} groups")
    held.append(line("both_margins: CPU seconds", drawn["both_margins"], "≤ 5.5"))
    for null, least in (("both_margins", 800), ("evenness", 60)):
        ratio = drawn[f"PySAL: {null}"] * DRAWS / drawn[null]
        held.append(line(f"{null}: PySAL takes so many times longer", ratio, f"≥ {least}"))
    print(f"{'bootstrap of people, D: CPU seconds':<58}{found['resampled']['people']:>10.2f}")
    print("\nIntervals of 95 %, 400 samples of a city of known truth: whether they hold it 92 to 98 times of 100")
    held.append(line("all of them (1) or not (0)", found["coverage"]["held"], "≥ 1"))
    return held


MEASUREMENTS = {"draws": draws, "resampled": resampled, "coverage": coverage}

if __name__ == "__main__":
    sys.exit(run(__file__, MEASUREMENTS, table))
