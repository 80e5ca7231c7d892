"""Plans in files: one file holds the district, the plan, its goal and rules; reading it runs no code of the file's."""

from __future__ import annotations

import inspect
import io
import json
import os
import secrets
import shutil
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import segregation_tools
from segregation_tools.errors import DataError, SegregationError
from segregation_tools.indices.index import Index, stocked
from segregation_tools.planning import goals
from segregation_tools.planning.constraints import Contiguous, Rule
from segregation_tools.planning.goals import Chosen, Goal, Measure, alike
from segregation_tools.planning.plan import Plan
from segregation_tools.planning.problem import Problem
from segregation_tools.planning.spelling import Kind, read, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["load_plan", "save_plan"]

FORMAT = 1  # rises when older versions could no longer read a file
WHAT = "segregation_tools plan"
HEAD = "plan.json"


def save_plan(plan: Plan, path: Any) -> None:
    """Write a plan with its district; see `Plan.save`.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    path : path-like
        Where; a file that is there is replaced when the new one is whole.
    """
    arrays: dict[str, NDArray[Any]] = {}
    written = spelled(replace(plan, problem=_with_adjacency(plan)), arrays, KINDS)
    head = {"what": WHAT, "format": FORMAT, "library": segregation_tools.__version__, "plan": written}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        _add(archive, HEAD, json.dumps(head, ensure_ascii=False, allow_nan=False).encode())
        for name, array in arrays.items():
            held = io.BytesIO()
            np.lib.format.write_array(held, array, allow_pickle=False)
            _add(archive, name, held.getvalue())
    _put(Path(path).resolve(), whole.getvalue())


def _with_adjacency(plan: Plan) -> Problem:
    """Take the district, with the blocks that touch as the plan's rules saw them."""
    asked = next((rule for rule in plan.constraints if isinstance(rule, Contiguous)), None)
    problem = plan.problem
    return problem if asked is None else replace(problem, given=problem.touching(asked.tolerance).adjacency)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a part; without the time of day, so that one plan always makes the same file."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _put(target: Path, content: bytes) -> None:
    """Write beside the file, then put the new one into its place."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def load_plan(path: Any) -> Plan:
    """Read a plan that `Plan.save` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Plan
        As it was saved: `after`, `before`, `burden()`, `why()`, `to_frame()` and `check` are the same.

    Raises
    ------
    DataError
        If the file is no plan, is damaged, was written in a newer format, or names an index that is not on the shelf.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> plan = sgt.distance_minimizing(
    ...     pupils, current=district.blocks["school"], schools=district.schools, travel=district.travel
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plan.save(pathlib.Path(folder, "plan.zip"))
    ...     again = sgt.load_plan(pathlib.Path(folder, "plan.zip"))
    >>> again.assignment.equals(plan.assignment)
    True
    """
    content = Path(path).read_bytes()
    try:
        plan = _read(content, str(path))
    except SegregationError:
        raise
    except Exception as wrong:  # whatever a changed byte leads to
        msg = f"{str(path)!r} is damaged ({type(wrong).__name__}: {wrong}): take another copy, or save the plan again"
        raise DataError(msg) from wrong
    return plan


def _read(content: bytes, path: str) -> Plan:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        msg = f"{path!r} is no plan, or only a part of one: load_plan reads what plan.save(path) wrote"
        raise DataError(msg)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if HEAD not in archive.namelist():
            msg = f"{path!r} is no plan: load_plan reads what plan.save(path) wrote"
            raise DataError(msg)
        head = json.loads(archive.read(HEAD))
        if not isinstance(head, dict) or head.get("what") != WHAT:
            msg = f"{path!r} is no plan: load_plan reads what plan.save(path) wrote"
            raise DataError(msg)
        if type(head["format"]) is not int or head["format"] < 1:
            msg = f"its format is {head['format']!r}, which is none"
            raise ValueError(msg)
        if head["format"] > FORMAT:
            msg = (
                f"{path!r} was written by segregation_tools {head['library']} in format {head['format']}; this version "
                f"({segregation_tools.__version__}) reads up to format {FORMAT}: update the library"
            )
            raise DataError(msg)
        plan = read(head["plan"], _Arrays(archive), KINDS)
    if not isinstance(plan, Plan):
        msg = "there is something else than a plan in it"
        raise TypeError(msg)
    for wrong in _mismatches(plan):
        raise ValueError(wrong)
    return plan


class _Arrays(dict[str, "NDArray[Any]"]):
    """Arrays of a file, each read when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        super().__init__()
        self.archive = archive

    def __missing__(self, name: str) -> NDArray[Any]:
        content = io.BytesIO(self.archive.read(name))
        array: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
        self[name] = array
        return array


def _mismatches(plan: Plan) -> Iterator[str]:
    """Find parts of a plan that do not belong together."""
    problem, blocks, schools = plan.problem, len(plan.problem.blocks), len(plan.problem.schools)
    for name, codes, shape, least, most in (
        ("zone", plan.zone, blocks, 0, schools),
        ("current", problem.current, blocks, -1, schools),
        ("stands", problem.stands, schools, -1, blocks),
    ):
        if codes.dtype.kind != "i" or codes.shape != (shape,) or (codes < least).any() or (codes >= most).any():
            yield f"{name} does not fit {blocks} blocks and {schools} schools"
    if problem.minutes.shape != (blocks, schools) or not (np.isfinite(problem.minutes) & (problem.minutes >= 0)).all():
        yield f"minutes are not those of {blocks} blocks and {schools} schools"
    if not problem.schools.equals(problem.table.index):
        yield "the table of schools is not that of the plan's schools"
    if problem.given is not None and problem.given.shape != (blocks, blocks):
        yield f"adjacency is not that of {blocks} blocks"


# ---------------------------------------------------------------- goals, rules, plans


def _rules() -> dict[str, type[Rule]]:
    """Rules of the library by name."""
    kinds: list[type[Rule]] = [Rule]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    package = segregation_tools.__name__ + "."
    return {kind.__name__: kind for kind in kinds if kind.__module__.startswith(package) and kind is not Rule}


def _rule(rule: Rule) -> list[Any]:
    name = type(rule).__name__
    if _rules().get(name) is not type(rule):
        msg = f"the rule {rule!r} is your own: a file holds rules of the library only. Save the plan without it"
        raise DataError(msg)
    return [name, _fields(rule)]


def _of_rule(parts: list[Any]) -> Rule:
    name, given = parts
    if name not in _rules():
        msg = f"the plan has the rule {name!r}, which this version does not know: update the library"
        raise DataError(msg)
    return _rules()[name](**given)


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _index(index: Index) -> list[Any]:
    known = stocked().get(index.__name__)
    if known is None or known.formula is not index.formula:
        msg = (
            f"the index {index.__name__!r} is not on the shelf, sgt.shelf(), by which a file names it: give your own a name "
            "of its own"
        )
        raise DataError(msg)
    return [index.__name__, index.options]


def _of_index(parts: list[Any]) -> Index:
    name, options = parts
    known = stocked().get(name)
    if known is None:
        msg = (
            f"the plan's goal is the index {name!r}, which is not on the shelf: define it, or update the library, first"
        )
        raise DataError(msg)
    return known.bind(**options) if options else known


def _measure(measure: Measure) -> list[Any]:
    own = _made(measure.name, measure.options)
    if own is None or not alike(own, measure):
        msg = (
            f"the measure {measure.name!r} is your own: a file holds the library's only, by name. Save the plan with "
            "another goal, sgt.score(pupils, plan.assignment, goal=..., ...)"
        )
        raise DataError(msg)
    return [measure.name, dict(measure.options)]


def _of_measure(parts: list[Any]) -> Measure:
    made = _made(*parts)
    if made is None:
        msg = f"the plan's goal is the measure {parts[0]!r}, which this version does not know: update the library"
        raise DataError(msg)
    return made


def _made(name: str, options: Mapping[str, Any]) -> Measure | None:
    """Find a measure of the library by name, or have it made with its options."""
    known = getattr(goals, name) if name in goals.__all__ else None
    if isinstance(known, Measure):
        return None if options else known
    if not inspect.isfunction(known):
        return None
    try:
        inspect.signature(known).bind(**options)
    except TypeError:  # it takes other options
        return None
    made = known(**options)
    return made if isinstance(made, Measure) else None


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


KINDS = (
    Kind("plan", _is(Plan), _fields, lambda given: Plan(**given)),
    Kind("problem", _is(Problem), _fields, lambda given: Problem(**given)),
    Kind("goal", _is(Goal), lambda goal: goal.terms, Goal),
    Kind("rule", _is(Rule), _rule, _of_rule),
    Kind("index", _is(Index), _index, _of_index),
    Kind("chosen", _is(Chosen), lambda chosen: [chosen.index, chosen.of], lambda parts: Chosen(*parts)),
    Kind("measure", _is(Measure), _measure, _of_measure),
)
