#!/usr/bin/env python3
"""The project's commands: python3 tasks.py demo | test | bench | docs | lint | clean.

Needs Python 3.11 with pip and nothing else: makes ``.venv`` beside this file, installs the project with the versions of
``constraints.txt`` tested together, and runs the command there. What follows the command is passed on
(``python3 tasks.py test -k gini``).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)

# What each command needs beyond the core.
EXTRAS = {"demo": [], "test": ["test"], "lint": ["test", "lint"], "docs": ["docs"], "bench": ["bench"], "clean": []}


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code is the result."""
    if not arguments or arguments[0] not in EXTRAS:
        print(__doc__)
        return 2
    if sys.version_info < OLDEST:
        print(f"Python {'.'.join(map(str, OLDEST))} or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    command, rest = arguments[0], list(arguments[1:])
    if command == "clean":
        written = (ROOT / "docs" / name for name in ("_build", "reference", "notebooks"))
        for leftover in (VENV, ROOT / ".cache", *written):
            shutil.rmtree(leftover, ignore_errors=True)
        return 0
    try:
        install(EXTRAS[command])
        for step in steps(command, rest):
            code = subprocess.run([str(python()), *step], cwd=ROOT, check=False).returncode
            if code:
                return code
    except subprocess.CalledProcessError as failed:
        print(f"failed: {' '.join(map(str, failed.cmd))}")
        return failed.returncode or 1
    except KeyboardInterrupt:
        return 130
    return 0


def steps(command: str, rest: list[str]) -> list[list[str]]:
    """List what a command runs with the Python of the environment, until one fails."""
    if command == "demo":
        return [["-m", "segregation_tools", "demo", "--out", "report.html", *rest]]
    if command == "test":
        return [["-m", "pytest", *rest]]
    if command == "docs":
        return [["-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html", *rest]]
    if command == "bench":
        names = rest[:1] or sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))
        return [[f"benchmarks/{name}.py", *rest[1:]] for name in names]
    return [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ]


def python(venv: Path | None = None) -> Path:
    """Name the Python of an environment."""
    return (venv or VENV) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


# ---------------------------------------------------------------- the environment


def with_uv(venv: Path) -> None:
    """By uv, where it is on PATH: the fastest."""
    subprocess.run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(venv)], check=True)


def with_venv(venv: Path) -> None:
    """By the standard library; Debian keeps the half of it that is needed in a package of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)


def with_virtualenv(venv: Path) -> None:
    """By a private copy of virtualenv: where the system refuses to be installed into, a folder of our own is free."""
    private = ROOT / ".cache" / "virtualenv"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(private), "--upgrade", "virtualenv"]
    subprocess.run(pip, check=True)
    paths = {**os.environ, "PYTHONPATH": str(private)}
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", str(venv)], check=True, env=paths)


MAKERS: tuple[Callable[[Path], None], ...] = (with_uv, with_venv, with_virtualenv)


def make_environment(venv: Path, makers: Sequence[Callable[[Path], None]] = MAKERS) -> None:
    """Make an environment by the first way that works; the last one's failure is the failure."""
    for make in makers:
        shutil.rmtree(venv, ignore_errors=True)
        try:
            make(venv)
        except (OSError, subprocess.CalledProcessError):
            if make is makers[-1]:
                raise
        else:
            return


def install(extras: Sequence[str]) -> None:
    """Install what is missing; nothing is done where pyproject, constraints and Python are those of the last time."""
    stamp = VENV / "installed.json"
    inputs = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    now = hashlib.sha256(inputs + sys.version.encode()).hexdigest()
    known = json.loads(stamp.read_text()) if stamp.exists() else {"inputs": "", "extras": []}
    if known["inputs"] == now and set(extras) <= set(known["extras"]):
        return
    if not python().exists():
        make_environment(VENV)
    wanted = sorted({*known["extras"], *extras})
    print(f"Installing into {VENV.name}: segregation_tools{wanted or ''} …", flush=True)
    tool = (
        ["uv", "pip", "install", "--quiet", "--python", str(python())]
        if shutil.which("uv")
        else [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    )
    project = f".[{','.join(wanted)}]" if wanted else "."
    subprocess.run([*tool, "--constraint", "constraints.txt", "--editable", project], check=True, cwd=ROOT)
    stamp.write_text(json.dumps({"inputs": now, "extras": wanted}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
