"""The report: one self-contained page that can be put before a council."""

from __future__ import annotations

import base64
import io
import tomllib
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import segregation_tools
from segregation_tools.analysis.table import summary
from segregation_tools.errors import CapabilityError, DataError, listed
from segregation_tools.indices.exposure import exposure
from segregation_tools.indices.index import stocked
from segregation_tools.population.population import as_population
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.curves import small_curves
from segregation_tools.views.maps import (
    CLASSES,
    DIVERGING,
    LESS_DIVERSE,
    NOBODY,
    PALETTE,
    can_be_drawn,
    class_colours,
    small_map,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from os import PathLike

    import pandas as pd
    from matplotlib.figure import Figure

    from segregation_tools.population.population import Population

__all__ = ["report"]

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d5d5d5; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --ink: #ececec; --soft: #a9a9a9; --line: #3a3d42; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: .2rem; } h2 { margin-top: 2.4rem; } p { max-width: 46rem; }
.lead, caption, .note { color: var(--soft); }
figure { margin: 0; } figure img { width: 100%; height: auto; display: block; background: #fff; border-radius: 4px; }
figcaption { font-weight: 600; padding: .2rem 0; } .maps { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1rem; list-style: none; padding: 0; } .key span { display: inline-block;
  width: 1.4rem; height: .9rem; margin-right: .4rem; border: 1px solid var(--line); vertical-align: -.1rem; }
.single { max-width: 34rem; } summary { cursor: pointer; padding: .6rem 0; }
.wide { overflow-x: auto; } .pair { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }
table { border-collapse: collapse; } caption { text-align: left; padding: .3rem .6rem .3rem 0; }
th, td { padding: .35rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; } th[scope=row] { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


def report(
    data: Population | pd.DataFrame,
    path: str | PathLike[str],
    *,
    groups: Sequence[Hashable] | None = None,
    language: str = "en",
    title: str | None = None,
    min_count: float = 5,
    rng: np.random.Generator | int | None = None,
    draws: int = 200,
) -> Path:
    """Write a page about a population: who lives where, how evenly, who can meet whom, and how it was made.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame
        A frame needs `groups`.
    path : path-like
        Where the page goes; one HTML file that needs nothing else.
    groups : sequence, optional
        Columns of counts.
    language : str
        Language of the page; each is one file of words.
    title : str, optional
        Name of the place or of the data, shown above and in the provenance.
    min_count : float
        Smallest count that is published; smaller units are shown as "fewer than".
    rng : Generator or int, optional
        Source of chance: every measure then has an interval, and stands beside what chance gives.
    draws : int
        How many populations are drawn, as in `summary`.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CapabilityError
        If a group has fewer people than that in the whole region: every number of the page would tell of them.

    Examples
    --------
    >>> import tempfile
    >>> import segregation_tools as sgt
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = report(sgt.synthetic_city("gradient"), folder.name + "/city.html", title="A gradient")
    >>> made.name
    'city.html'
    >>> folder.cleanup()
    """
    pop = as_population(data, groups)
    rare = [group for group, people in zip(pop.groups, pop.group_totals, strict=True) if people < min_count]
    if rare:
        msg = (
            f"fewer than {min_count:g} people in group {listed(rare)}, whom every number of the page would tell of: "
            "leave the group out, merge it with another, or lower min_count"
        )
        raise CapabilityError(msg)
    words = _words(language)
    page = words["page"]
    table = summary(pop, rng=rng, draws=draws)
    sizes = pop.sizes[pop.sizes > 0]
    lead = page["lead"].format(
        people=_whole(sizes.sum()),
        groups=len(pop.groups),
        units=_whole(len(pop)),
        median=_people(np.median(sizes), page, min_count),
    )
    heading = title or page["title"]
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="lead">{escape(lead)}</p>',
        _section(page["mix_title"], _mix(pop, page)),
        _section(page["where_title"], _where(pop, page)),
        _section(page["table_title"], _indices(pop, table, words)),
        _section(page["isolation_title"], _isolation(table, page)),
        _section(page["meet_title"], _meetings(pop, page)),
        _section(page["local_title"], _less_diverse(pop, page)),
        _section(page["curve_title"], _curves(pop, page)),
        _section(page["not_title"], "".join(_said(text) for text in page["not_text"])),
        _section(page["source_title"], _provenance(pop, page, title, min_count, table, _chance(rng, draws, page))),
    ]
    html = (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )
    target = Path(path)
    target.write_text(html, encoding="utf-8")
    return target


def _words(language: str) -> dict[str, Any]:
    folder = files("segregation_tools.views").joinpath("languages")
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if language not in known:
        msg = f"no language {language!r}; there are {listed(known)}"
        raise DataError(msg)
    return tomllib.loads(folder.joinpath(f"{language}.toml").read_text("utf-8"))


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _said(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _whole(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u202f")


def _number(value: float, missing: str) -> Cell:
    return Cell(missing if np.isnan(value) else f"{value:.4f}", number=True)


def _percent(value: float, missing: str) -> str:
    return missing if np.isnan(value) else f"{100 * value:.1f}\u202f%"


def _people(number: float, page: dict[str, Any], min_count: float) -> str:
    return page["suppressed"].format(least=f"{min_count:g}") if 0 < number < min_count else _whole(number)


def _mix(pop: Population, page: dict[str, Any]) -> str:
    rows = [
        [Cell(str(group), head=True), Cell(_whole(people), number=True), Cell(_percent(share, ""), number=True)]
        for group, people, share in zip(pop.groups, pop.group_totals, pop.mix, strict=True)
    ]
    return html_table(page["mix_header"], rows)


def _where(pop: Population, page: dict[str, Any]) -> str:
    if not can_be_drawn(pop):
        return _said(page["no_map"])
    maps = "".join(
        _figure(small_map(pop, group), page["where_alt"].format(group=group), str(group)) for group in pop.groups
    )
    classes = [(colour, f"{low:.0%} – {high:.0%}") for low, high, colour in class_colours(CLASSES, PALETTE)]
    return (
        f'{_said(page["where_text"])}{_key([*classes, (NOBODY, page["where_nobody"])])}<div class="maps">{maps}</div>'
    )


def _less_diverse(pop: Population, page: dict[str, Any]) -> str:
    if len(pop.groups) < 2:
        return _said(page["curve_none"])
    if not can_be_drawn(pop):
        return _said(page["no_map"])
    scale = class_colours(LESS_DIVERSE, DIVERGING)
    first = (scale[0][2], page["local_below"].format(edge=_signed(scale[0][1])))
    classes = [first, *[(colour, f"{_signed(low)} – {_signed(high)}") for low, high, colour in scale[1:]]]
    picture = _figure(small_map(pop), page["local_alt"], "")
    key = _key([*classes, (NOBODY, page["where_nobody"])])
    return f'{_said(page["local_text"])}{key}<div class="single">{picture}</div>'


def _curves(pop: Population, page: dict[str, Any]) -> str:
    if len(pop.groups) < 2:
        return _said(page["curve_none"])
    pair = len(pop.groups) == 2
    names = "".join(f"<li>{escape(str(group))}</li>" for group in (pop.groups[:1] if pair else pop.groups))
    drawn = small_curves(
        pop, page["curve_across_pair" if pair else "curve_across"], page["curve_up"], page["curve_even"]
    )
    if pair:
        text = page["curve_text_pair"].format(first=pop.groups[0], second=pop.groups[1])
        return f'{_said(text)}<div class="single">{_figure(drawn, page["curve_alt"], "")}</div>'
    return (
        f'{_said(page["curve_text"])}<ol>{names}</ol><div class="single">{_figure(drawn, page["curve_alt"], "")}</div>'
    )


def _signed(number: float) -> str:
    return f"{number:.1f}".replace("-", "−")


def _key(classes: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<li><span style="background: {colour}"></span>{escape(text)}</li>' for colour, text in classes)
    return f'<ul class="key">{items}</ul>'


def _figure(drawn: Figure, words: str, caption: str) -> str:
    picture = io.BytesIO()
    drawn.savefig(picture, format="png", dpi=130)
    encoded = base64.b64encode(picture.getvalue()).decode("ascii")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(words)}" src="data:image/png;base64,{encoded}">{below}</figure>'


def _indices(pop: Population, table: pd.DataFrame, words: dict[str, Any]) -> str:
    page, shelf, drawn = words["page"], stocked(), "low" in table
    rows: dict[bool, list[list[Cell | str]]] = {True: [], False: []}
    for row in table.to_dict("records"):
        index = shelf[row["index"]]
        if index.answer != "number":
            continue
        known = words["indices"].get(row["index"])
        about = known or {"name": row["index"], "text": (index.__doc__ or "").partition("\n")[0]}
        text = about["text"].format(most=f"{np.log(len(pop.groups)):.2f}")
        numbers = [_number(row["value"], page["undefined"]), _number(row["expected"], "–")]
        if drawn:
            numbers.insert(1, _interval(row["low"], row["high"], "{:.4f}".format))
        first = known is None or row["index"] in page["first"]
        rows[first].append([Cell(about["name"], head=True), row["symbol"], *numbers, text])
    header = page["table_header_drawn" if drawn else "table_header"]
    shown, folded = (f'<div class="wide">{html_table(header, rows[first])}</div>' for first in (True, False))
    more = f"<details><summary>{escape(page['more_title'])}</summary>{folded}</details>" if rows[False] else ""
    return _said(page["table_text_drawn" if drawn else "table_text"]) + shown + more


def _interval(low: float, high: float, spelled: Callable[[float], str]) -> Cell:
    ends = "–" if np.isnan(low) else f"{spelled(low)} – {spelled(high)}".replace("-", "−")
    return Cell(ends, number=True)


def _isolation(table: pd.DataFrame, page: dict[str, Any]) -> str:
    drawn = "low" in table
    rows = []
    for row in table[table["index"] == "isolation"].to_dict("records"):
        numbers = [
            Cell(_percent(row["value"], page["undefined"]), number=True),
            Cell(_percent(row["expected"], "–"), number=True),
        ]
        if drawn:
            numbers.insert(1, _interval(row["low"], row["high"], lambda end: _percent(end, "–")))
        rows.append([Cell(row["groups"], head=True), *numbers])
    header = page["isolation_header_drawn" if drawn else "isolation_header"]
    return _said(page["isolation_text"]) + html_table(header, rows)


def _meetings(pop: Population, page: dict[str, Any]) -> str:
    observed = exposure(pop)
    header = [page["meet_corner"], *map(str, pop.groups)]

    def heat(rows: Any, caption: str) -> str:
        cells = [
            [Cell(str(group), head=True)]
            + [Cell(_percent(v, page["undefined"]), number=True, shade=None if np.isnan(v) else v) for v in row]
            for group, row in zip(pop.groups, rows, strict=True)
        ]
        return f'<div class="wide">{html_table(header, cells, caption=caption)}</div>'

    even = np.tile(pop.mix.to_numpy(), (len(pop.groups), 1))
    both = heat(observed.to_numpy(), page["meet_observed"]) + heat(even, page["meet_expected"])
    return _said(page["meet_text"]) + f'<div class="pair">{both}</div>'


def _chance(rng: np.random.Generator | int | None, draws: int, page: dict[str, Any]) -> str:
    """Say what was drawn, or nothing."""
    if rng is None:
        return ""
    begun = page["source_chance_generator"] if isinstance(rng, np.random.Generator) else str(rng)
    return str(page["source_chance_text"].format(draws=_whole(draws), rng=begun))


def _provenance(
    pop: Population, page: dict[str, Any], title: str | None, min_count: float, table: pd.DataFrame, chance: str
) -> str:
    inhabited = pop.sizes[pop.sizes > 0]
    units = page["source_units_text"].format(
        units=_whole(len(inhabited)),
        empty=_whole(len(pop) - len(inhabited)),
        median=_people(np.median(inhabited), page, min_count),
        smallest=_people(inhabited.min(), page, min_count),
        largest=_people(inhabited.max(), page, min_count),
    )
    facts = {
        page["source_data"]: title or "–",
        page["source_groups"]: ", ".join(map(str, pop.groups)),
        page["source_units"]: units,
    }
    if pop.tiers is not None:
        facts[page["source_tiers"]] = ", ".join(f"{name} ({pop.tiers[name].nunique()})" for name in pop.tiers)
    crs = pop.geography.crs
    facts[page["source_crs"]] = page["no_crs"] if crs is None else f"{crs.to_string()} ({crs.name})"
    if pop.recipe is not None:
        text = page["source_environment_text"].format(recipe=pop.recipe)
        facts[page["source_environment"]] = text if chance else f"{text}; {page['source_environment_undrawn']}"
    if chance:
        facts[page["source_chance"]] = chance
    if pop.stated_total is not None:
        others = pop.stated_total.sum() - pop.group_totals.sum()
        facts[page["source_total"]] = page["source_total_text"].format(others=_people(others, page, min_count))
    facts[page["source_version"]] = f"segregation_tools {segregation_tools.__version__}"
    facts[page["source_caution"]] = page["source_caution_text"]
    rows = [[Cell(name, head=True), text] for name, text in facts.items()]
    shelf = stocked()
    shown = [*dict.fromkeys(table["index"]), exposure.__name__]
    used = sorted({line for name in shown for line in shelf[name].citation().splitlines()})
    sources = "".join(f"<li>{escape(line)}</li>" for line in used)
    return (
        html_table(page["source_header"], rows)
        + f"<h3>{escape(page['source_references'])}</h3><ul class='note'>{sources}</ul>"
    )
