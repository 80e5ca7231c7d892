"""Writes the reference: a page for each index on the shelf, and one for everything else at the front door."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import segregation_tools as sgt
from segregation_tools.indices.index import Index, stocked

if TYPE_CHECKING:
    from pathlib import Path


def write_index_pages(folder: Path) -> None:
    """Write every page anew."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, index in stocked().items():
        (folder / f"{name}.md").write_text(index_page(name, index), encoding="utf-8")
    (folder / "index.md").write_text(overview(), encoding="utf-8")
    (folder / "everything_else.md").write_text(everything_else(), encoding="utf-8")


def index_page(name: str, index: Index) -> str:
    """Write formula, source and worked example of one index, from its docstring."""
    low, high = index.bounds
    references = "\n".join(f"- {line}" for line in index.citation().splitlines())
    needed = index.about.needs
    known = (f"`{name}`, needed" if name in needed else f"`{name}={value!r}`" for name, value in index.defaults.items())
    options = ", ".join(known) or "none"
    text = inspect.cleandoc(index.__doc__)
    about, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    prose, _, code = sections["Examples"].partition(">>>")
    notes = f"\n## Notes\n\n{sections['Notes'].strip()}\n" if "Notes" in sections else ""
    return f"""# {name}

{about.strip()}

| | |
|---|---|
| symbol | {index.symbol} |
| dimension | {index.dimension} |
| groups | {"two" if index.groups == 2 else "two or more"} |
| bounds without a local environment | {low} to {"unbounded" if high == float("inf") else high} |
| options | {options} |
| local values | {"yes, `." + "local`" if not index.local_refusal else "no: " + index.local_refusal} |
| tiers add up | {"yes" if index.decomposable else "no"} |
{described(sections.get("Parameters", ""), index)}{notes}
## Worked example

{prose.strip()}

```python
>>>{code.rstrip()}
```

## Sources

{references}
"""


def described(parameters: str, index: Index) -> str:
    """List what the options mean; what the formula reads beside them comes from the population."""
    entries = re.findall(r"^(\w+) : (.+)\n((?: +.*\n?)+)", parameters, flags=re.MULTILINE)
    lines = [f"- `{name}`, {kind}: {' '.join(text.split())}" for name, kind, text in entries if name in index.defaults]
    return "\n".join(["", "## Options", "", *lines, ""]) if lines else ""


def overview() -> str:
    """List all indices by dimension."""
    lines = ["# Reference", "", "```{toctree}", ":hidden:", "", *stocked(), "everything_else", "```", ""]
    lines += ["| index | symbol | dimension | groups | source |", "|---|---|---|---|---|"]
    lines += [
        f"| [{name}]({name}.md) | {row['symbol']} | {row['dimension']} | {row['groups']} | {row['source']} |"
        for name, row in sgt.shelf().iterrows()
    ]
    return "\n".join(
        [*lines, "", "Everything else at the front door: [populations, environments, tables](everything_else.md).", ""]
    )


def everything_else() -> str:
    """Document what is not an index."""
    names = [name for name in sgt.__all__ if name not in stocked() and name != "__version__"]
    parts = ["# Populations, environments, tables, pages", ""]
    rooms = ["population", "environments", "autocorrelation", "indices", "analysis", "planning", "views", "errors"]
    for name in sorted(names, key=lambda name: (rooms.index(getattr(sgt, name).__module__.split(".")[1]), name)):
        thing = getattr(sgt, name)
        kind = "autoclass" if inspect.isclass(thing) else "autofunction" if callable(thing) else "autodata"
        members = "\n   :members:" if inspect.isclass(thing) and not issubclass(thing, Exception) else ""
        parts += ["```{eval-rst}", f".. {kind}:: {thing.__module__}.{name}{members}", "```", ""]
    return "\n".join(parts)
