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
from segregation_tools.errors import DataError, listed
from segregation_tools.indices.exposure import exposure
from segregation_tools.indices.index import stocked
from segregation_tools.population.geography import Geography
from segregation_tools.population.population import as_population
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.maps import small_maps

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from os import PathLike

    import pandas as pd

    from segregation_tools.population.population import Population

__all__ = ["report"]

LEAST = 5  # counts below are not published

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d5d5d5; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --ink: #ececec; --soft: #a9a9a9; --line: #3a3d42; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: .2rem; } h2 { margin-top: 2.4rem; } p { max-width: 46rem; }
.lead, caption, .note { color: var(--soft); }
figure { margin: 0; background: #fff; border-radius: 4px; } figure img { width: 100%; height: auto; display: block; }
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

    Returns
    -------
    pathlib.Path

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
    words = _words(language)
    page = words["page"]
    sizes = pop.sizes[pop.sizes > 0]
    lead = page["lead"].format(
        people=_whole(sizes.sum()), groups=len(pop.groups), units=_whole(len(pop)), median=_whole(np.median(sizes))
    )
    heading = title or page["title"]
    parts = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="lead">{escape(lead)}</p>',
        _section(page["mix_title"], _mix(pop, page)),
        _section(page["where_title"], _where(pop, page)),
        _section(page["table_title"], _indices(pop, words)),
        _section(page["isolation_title"], _isolation(pop, page)),
        _section(page["meet_title"], _meetings(pop, page)),
        _section(page["source_title"], _provenance(pop, page, title)),
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


def _people(number: float, page: dict[str, Any]) -> str:
    return page["suppressed"].format(least=LEAST) if 0 < number < LEAST else _whole(number)


def _mix(pop: Population, page: dict[str, Any]) -> str:
    rows = [
        [Cell(str(group), head=True), Cell(_people(people, page), number=True), Cell(_percent(share, ""), number=True)]
        for group, people, share in zip(pop.groups, pop.group_totals, pop.mix, strict=True)
    ]
    return html_table(page["mix_header"], rows)


def _where(pop: Population, page: dict[str, Any]) -> str:
    if isinstance(pop.geography, Geography) and pop.geography.source is None:
        return _said(page["no_map"])
    picture = io.BytesIO()
    small_maps(pop, page["where_label"]).savefig(picture, format="png", dpi=130)
    encoded = base64.b64encode(picture.getvalue()).decode("ascii")
    image = f'<figure><img alt="{escape(page["where_alt"])}" src="data:image/png;base64,{encoded}"></figure>'
    return _said(page["where_text"]) + image


def _indices(pop: Population, words: dict[str, Any]) -> str:
    page, shelf = words["page"], stocked()
    rows = []
    for row in summary(pop).itertuples():
        index = shelf[row.index]  # type: ignore[index]
        if index.answer != "number":
            continue
        about = words["indices"].get(row.index, {"name": row.index, "text": (index.__doc__ or "").partition("\n")[0]})
        text = about["text"].format(most=f"{np.log(len(pop.groups)):.2f}")
        value, by_chance = _number(row.value, page["undefined"]), _number(row.expected, "–")  # type: ignore[arg-type]
        rows.append([Cell(about["name"], head=True), str(row.symbol), value, by_chance, text])
    return _said(page["table_text"]) + f'<div class="wide">{html_table(page["table_header"], rows)}</div>'


def _isolation(pop: Population, page: dict[str, Any]) -> str:
    table = summary(pop, dimension="exposure")
    rows = [
        [
            Cell(str(row.groups), head=True),
            Cell(_percent(row.value, page["undefined"]), number=True),  # type: ignore[arg-type]
            Cell(_percent(row.expected, "–"), number=True),  # type: ignore[arg-type]
        ]
        for row in table[table["index"] == "isolation"].itertuples()
    ]
    return _said(page["isolation_text"]) + html_table(page["isolation_header"], rows)


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


def _provenance(pop: Population, page: dict[str, Any], title: str | None) -> str:
    inhabited = pop.sizes[pop.sizes > 0]
    units = page["source_units_text"].format(
        units=_whole(len(inhabited)),
        empty=_whole(len(pop) - len(inhabited)),
        median=_whole(np.median(inhabited)),
        smallest=_people(inhabited.min(), page),
        largest=_whole(inhabited.max()),
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
    if pop.stated_total is not None:
        others = pop.stated_total.sum() - pop.group_totals.sum()
        facts[page["source_total"]] = page["source_total_text"].format(others=_people(others, page))
    facts[page["source_version"]] = f"segregation_tools {segregation_tools.__version__}"
    facts[page["source_caution"]] = page["source_caution_text"]
    rows = [[Cell(name, head=True), text] for name, text in facts.items()]
    used = sorted({line for index in stocked().values() for line in index.citation().splitlines()})
    sources = "".join(f"<li>{escape(line)}</li>" for line in used)
    return (
        html_table(page["source_header"], rows)
        + f"<h3>{escape(page['source_references'])}</h3><ul class='note'>{sources}</ul>"
    )
