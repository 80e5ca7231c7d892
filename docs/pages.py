"""Writes the reference: a page for each index on the shelf, and one for each room of everything else at the front door."""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import patterns
from tests.properties.proved import PROPERTIES

import segregation_tools as sgt
from segregation_tools.indices.index import Index, stocked

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = {
    "population": "Populations, reading, invented cities",
    "environments": "Environments",
    "indices": "Beside the indices",
    "autocorrelation": "Spatial autocorrelation",
    "analysis": "Chance, certainty, scale, change, access",
    "planning": "Planning",
    "views": "Pages and pictures",
    "errors": "Refusals and warnings",
}
ANSWERS = {
    "number": "a float",
    "groups": "a Series, one value for each group",
    "matrix": "a DataFrame, from each group (rows) to each group (columns)",
    "units": "one value for each unit: a Series, or a DataFrame of units × groups",
}


def write_reference(folder: Path) -> None:
    """Write every page anew."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    patterns.draw(folder / "patterns")
    for name, index in stocked().items():
        (folder / f"{name}.md").write_text(index_page(name, index), encoding="utf-8")
    for room, names in rooms().items():
        (folder / f"{room}.md").write_text(room_page(room, names), encoding="utf-8")
    (folder / "index.md").write_text(overview(), encoding="utf-8")


# ---------------------------------------------------------------- a page for an index


def index_page(name: str, index: Index) -> str:
    """Write formula, source, properties, pictures and worked example of one index."""
    about, sections = docstring(index)
    lead, formula = split_formula(about)
    prose, _, code = sections["Examples"].partition(">>>")
    notes = ["## Notes", as_markdown(sections["Notes"], name)] if "Notes" in sections else []
    return "\n\n".join(
        [
            f"# {name}",
            as_markdown(lead, name),
            "```{eval-rst}\n"
            f".. py:function:: segregation_tools.{name}{signature(index)}\n   :no-index-entry:\n\n"
            f"   Returns {ANSWERS[index.answer]}.\n```",
            "## Formula",
            as_markdown(formula, name),
            "Letters are those of the [notation](index.md#notation).",
            facts(index),
            options(sections.get("Parameters", ""), index),
            *notes,
            "## Properties",
            properties(name),
            "## On textbook patterns",
            pictures(name, index),
            "## Worked example",
            as_markdown(prose, name),
            f"```python\n>>>{code.rstrip()}\n```",
            "## Sources",
            "\n".join(f"- {line}" for line in index.citation().splitlines()),
            "",
        ]
    )


def docstring(thing: object) -> tuple[str, dict[str, str]]:
    """Split a docstring into what stands before its sections, and these."""
    about, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(thing.__doc__ or ""), flags=re.MULTILINE)
    return about.strip(), dict(zip(rest[::2], rest[1::2], strict=True))


def split_formula(about: str) -> tuple[str, str]:
    """Tell what an index says from how it is computed; a formula may end the first line."""
    lead, _, rest = about.partition("\n\n")
    said, colon, formula = " ".join(lead.split()).rpartition(": ")
    if colon and re.search(r"[Σ_]", formula):
        return f"{said}.", f"{formula.rstrip('.')}.\n\n{rest}".strip()
    return lead, rest


def as_markdown(text: str, own: str = "") -> str:
    """Set formulas with raised and lowered letters, and link the names of indices; code stays as it is."""
    parts = re.split(r"(`+[^`]+`+)", text.strip())
    return "".join(linked(part, own) if at % 2 else maths(part) for at, part in enumerate(parts))


def maths(text: str) -> str:
    """Raise and lower letters."""
    text = text.replace("<", "&lt;")
    text = re.sub(r"(?<=[A-Z])\*", r"\\*", text)  # P* is no emphasis
    text = re.sub(r"\^(?:\(((?:[^()]|\([^()]*\))*)\)|([A-Za-z0-9*]))", r"<sup>\1\2</sup>", text)
    return re.sub(r"(?<=\S)(?<![A-Za-z]{2})_([A-Za-z0-9]+)|_\{([^{}]*)\}", r"<sub>\1\2</sub>", text)


def linked(code: str, own: str) -> str:
    """Link a name to its page."""
    name = code.strip("`")
    return f"[`{name}`]({name}.md)" if name in stocked() and name != own else code


def signature(index: Index) -> str:
    """Write how it is called; what must be named has no default."""
    needed = index.about.needs
    shown = [name if name in needed else f"{name}={value!r}" for name, value in index.defaults.items()]
    return f"(data, /, *, {', '.join(['groups=None', *shown])})"


def facts(index: Index) -> str:
    """List what is declared on an index."""
    rows = {
        "symbol": maths(index.symbol).replace("|", r"\|"),
        "dimension": index.dimension,
        "groups": "two" if index.groups == 2 else "two or more",
        "range" if index.reads_map else "range without a local environment": bounds(*index.bounds),
        "reads": "the map" if index.reads_map else "any environment",
        "local values": "yes, `.local`" if not index.local_refusal else f"no: {index.local_refusal}",
        "tiers add up": "yes" if index.decomposable else "no",
        "value by chance": by_chance(index),
    }
    return "\n".join([f"| | {index.__name__} |", "|---|---|", *[f"| {what} | {said} |" for what, said in rows.items()]])


def by_chance(index: Index) -> str:
    """Say how the value that chance would give is known."""
    if index.answer == "units":
        return "none: it has a value for each unit"
    return "in closed form, `.expected`" if index.about.expected else "by simulation, `sgt.expected`"


def bounds(low: float, high: float) -> str:
    """Write a range, whose ends may be open."""
    ends = [f"{end:g}".replace("-", "−") for end in (low, high)]
    if low == -math.inf:
        return "open to both sides" if high == math.inf else f"{ends[1]} or less"
    return f"{ends[0]} or more" if high == math.inf else " to ".join(ends)


def options(parameters: str, index: Index) -> str:
    """List what the options mean; what the formula reads beside them comes from the population."""
    entries = re.findall(r"^(\w+) : (.+)\n((?: +.*\n?)+)", parameters, flags=re.MULTILINE)
    lines = [f"- `{name}`, {kind}: {' '.join(text.split())}" for name, kind, text in entries if name in index.defaults]
    return "\n".join(["## Options", "", *lines]) if lines else ""


def properties(name: str) -> str:
    """State what the tests prove of an index, and what it lacks, with a counterexample there."""
    held = [stated.says for stated in PROPERTIES.values() if name in [index.__name__ for index in stated.indices]]
    lacking = [stated.lacking[name] for stated in PROPERTIES.values() if name in stated.lacking]
    lines = ["Proved on random populations by the tests of this library, without a local environment:", ""]
    lines += [f"- {says}" for says in held]
    if lacking:
        lines += ["", "What it lacks, each with a counterexample there:", "", *[f"- {says}" for says in lacking]]
    return "\n".join(lines)


def pictures(name: str, index: Index) -> str:
    """Show the textbook patterns with the value under each."""
    kind = patterns.family(index)
    stated = ", ".join(f"{option}={patterns.OPTIONS[option]!r}" for option in index.about.needs)
    what = "lowest to highest value of the cells" if index.answer == "units" else "value"
    of = f"`{name}({stated})`" if stated else f"`{name}`"
    shown = [
        f":::{{figure}} patterns/{kind}_{pattern}.png\n:alt: {pattern} city, {name} {value}\n:width: 100%\n\n"
        f"{pattern}<br>**{value.replace('; ', '<br>')}**\n:::"
        for pattern, value in patterns.values(index).items()
    ]
    return "\n\n".join(
        [f"Under each map the {what} of {of}. {patterns.legend(kind)}", "::::{container} patterns", *shown, "::::"]
    )


# ---------------------------------------------------------------- everything else


def overview() -> str:
    """List all indices by dimension, and the rooms of everything else."""
    dimensions = dict.fromkeys(index.dimension for index in stocked().values())
    lines = [
        "# Reference",
        "",
        "Every index on the shelf, and everything else at the front door, `import segregation_tools as sgt`.",
    ]
    lines += ["", "## Indices", "", "Which one to take: [which index?](../choosing.md)", ""]
    for dimension in dimensions:
        names = [name for name, index in stocked().items() if index.dimension == dimension]
        lines += ["```{toctree}", ":hidden:", f":caption: {dimension}", "", *names, "```", ""]
    lines += ["```{toctree}", ":hidden:", ":caption: everything else", "", *rooms(), "```", ""]
    lines += ["| index | symbol | dimension | groups | source |", "|---|---|---|---|---|"]
    lines += [
        f"| [{name}]({name}.md) | {maths(row['symbol'])} | {row['dimension']} | {row['groups']} | {row['source']} |"
        for name, row in sgt.shelf().iterrows()
    ]
    lines += ["", "## Notation", "", maths(NOTATION), "", "## Everything else", ""]
    for room, names in rooms().items():
        lines += [f"- [{ROOMS[room]}]({room}.md): " + ", ".join(f"`{name}`" for name in names)]
    return "\n".join([*lines, ""])


NOTATION = """
| letter | what it is |
|---|---|
| i, j | units |
| g, h | groups; of two groups x is the first, y the second |
| n_ig, x_i, y_i | people of a group in a unit |
| t_i | people of a unit |
| T_g, X, Y | people of a group in the region |
| T | people of the region |
| p_ig, p_i | share of a group (of the first) among those whom residents of a unit meet; at home n_ig/t_i |
| P_g, P | share of a group (of the first) in the region |
| K | how many groups there are |
| E, I | entropy −Σ P_g ln P_g and interaction Σ P_g (1 − P_g) of the region; with an index, of an environment |
| a_i, A | area of a unit, of the region |
| d_ij, c_ij | distance between two units; proximity exp(−d_ij/decay) |
""".strip()


def rooms() -> dict[str, list[str]]:
    """Names at the front door that are no indices, by the room they live in."""
    names = sorted(name for name in sgt.__all__ if name not in stocked() and name != "__version__")
    lives = {name: home(name).split(".")[1] for name in names}
    return {room: [name for name in names if lives[name] == room] for room in ROOMS if room in lives.values()}


def home(name: str) -> str:
    """Name the module in which a public name is written."""
    return str(getattr(sgt, name).__module__)


def room_page(room: str, names: list[str]) -> str:
    """Document what a room has at the front door: functions, then what they return."""
    ordered = sorted(names, key=lambda name: (inspect.isclass(getattr(sgt, name)), name))
    parts = [f"# {ROOMS[room]}", "", "| name | what it is |", "|---|---|"]
    parts += [f"| [`{name}`](#segregation_tools.{name}) | {first_line(name)} |" for name in ordered] + [""]
    more = [EVERY_INDEX] if room == "indices" else []
    return "\n".join([*parts, *[described(name) for name in ordered], *more])


EVERY_INDEX = """
## What every index can do

`sgt.dissimilarity` and its kin are values of this class: called with a population they give the index, and every verb that
takes an index takes them.

```{eval-rst}
.. autoclass:: segregation_tools.indices.index.Index
   :members: __call__, local, expected, bind, partial, combine, citation
```
"""


def first_line(name: str) -> str:
    """Say in a line what a name is, as it says itself."""
    thing = getattr(sgt, name)
    said = (docstring(thing)[0] if described_itself(thing) else beside(name)).partition("\n\n")[0]
    return " ".join(said.split()).replace("|", r"\|").replace("<", "&lt;")


def described_itself(thing: object) -> bool:
    """Whether a thing has a docstring of its own; values have that of their class."""
    return inspect.isclass(thing) or inspect.isfunction(thing)


def beside(name: str) -> str:
    """Read what is written below a value where it is made."""
    body = ast.parse(inspect.getsource(sys.modules[home(name)])).body
    said = {
        target.id: note.value.value
        for made, note in pairwise(body)
        if isinstance(made, ast.Assign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant)
        for target in made.targets
        if isinstance(target, ast.Name)
    }
    return " ".join(str(said[name]).split())


def described(name: str) -> str:
    """Ask for what a name says of itself: parameters, what it returns, an example."""
    thing = getattr(sgt, name)
    if not described_itself(thing):
        of = f":class:`~segregation_tools.{type(thing).__name__}`"
        text = f".. py:data:: segregation_tools.{name}\n\n   {beside(name)} A {of}, where an example stands."
        return f"## {name}\n\n```{{eval-rst}}\n{text}\n```\n"
    kind = "autoclass" if inspect.isclass(thing) else "autofunction"
    members = "\n   :members:" if inspect.isclass(thing) and not issubclass(thing, Exception) else ""
    return f"## {name}\n\n```{{eval-rst}}\n.. {kind}:: segregation_tools.{name}{members}\n```\n"
