"""What every benchmark measures with: CPU time, the least of several runs; peak memory; fresh processes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def cpu(work: Callable[[], Any], repeats: int = 5) -> float:
    """Seconds of processor time of the quickest run; the first one, which may compile, does not count."""
    work()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def peak() -> float:
    """Largest memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def extra(work: Callable[[], Any]) -> float:
    """Bytes by which a first run raises the peak; what is held before must be near the peak already."""
    before = peak()
    work()
    return peak() - before


def fresh(script: str, name: str) -> dict[str, float]:
    """Run one measurement of a script in a process of its own."""
    done = subprocess.run([sys.executable, script, "--only", name], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def run(script: str, measurements: dict[str, Callable[[], dict[str, float]]], table: Callable[..., list[bool]]) -> int:
    """Take all measurements, each in a fresh process, and print the table; or, with ``--only``, one of them.

    The exit code is 1 where a limit was missed.
    """
    if len(sys.argv) == 3 and sys.argv[1] == "--only":
        print(json.dumps(measurements[sys.argv[2]]()))
        return 0
    print(f"NumPy {np.__version__}, Python {sys.version.split()[0]}, {processor()}\n", flush=True)
    return 0 if all(table({name: fresh(script, name) for name in measurements})) else 1


def processor() -> str:
    """Which vector instructions NumPy found: they decide how quick logarithms and sorting are."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    wide = any(name.startswith(("AVX512", "X86_V4")) for name in found)
    return f"{'with' if wide else 'without'} AVX-512 ({', '.join(found) or 'baseline only'})"


def line(what: str, figure: float, limit: str) -> bool:
    """Print one row: what, the figure, the limit (``≤ 12``, ``≥ 100``) it is held against; tell whether it holds."""
    bound = float(limit.split()[1])
    holds = figure <= bound if limit.startswith("≤") else figure >= bound
    print(f"{what:<58}{figure:>10.2f}   {limit:<10}{'holds' if holds else 'MISSED'}")
    return holds
