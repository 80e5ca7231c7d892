"""What every page is made of: style, words, sections, numbers, figures, and which counts are too small to be told."""

from __future__ import annotations

import base64
import io
import tomllib
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

import segregation_tools
from segregation_tools.analysis.small_counts import small
from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.indices.index import stocked
from segregation_tools.population.options import writable
from segregation_tools.tables import Cell, html_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from matplotlib.figure import Figure

    from segregation_tools.population.population import Population

__all__ = [
    "DPI",
    "about",
    "coordinates",
    "explained",
    "figure",
    "image",
    "key",
    "number",
    "others_of",
    "others_said",
    "page_of",
    "people",
    "percent",
    "png",
    "provenance",
    "refuse_rare",
    "said",
    "section",
    "title_of",
    "whole",
    "words_in",
    "written",
]

DPI = 130  # dots an inch

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d5d5d5; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --ink: #ececec; --soft: #a9a9a9; --line: #3a3d42; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: .2rem; } h2 { margin-top: 2.4rem; } p { max-width: 46rem; }
.lead, caption, .note { color: var(--soft); }
figure { margin: 0; } figure img, figure svg { width: 100%; height: auto; display: block; background: #fff;
  border-radius: 4px; }
figcaption { font-weight: 600; padding: .2rem 0; } .maps { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1rem; list-style: none; padding: 0; } .key span { display: inline-block;
  width: 1.4rem; height: .9rem; margin-right: .4rem; border: 1px solid var(--line); vertical-align: -.1rem;
  box-sizing: border-box; }
.single { max-width: 34rem; margin-top: .8rem; } summary { cursor: pointer; padding: .6rem 0; }
.wide { overflow-x: auto; } .pair { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }
table { border-collapse: collapse; } caption { text-align: left; padding: .3rem .6rem .3rem 0; }
th, td { padding: .35rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; } th[scope=row] { font-weight: 500; min-width: 7.5rem; max-width: 16rem; }
p, li, h1, th[scope=row], td { overflow-wrap: anywhere; } .wide td { overflow-wrap: normal; }
.wide td:last-child:not(.number) { min-width: 15rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: flex; width: 6rem; height: .6rem; margin: .2rem 0; background: var(--line); }
.bar i { border-right: 1px solid var(--page); box-sizing: border-box; min-width: 3px; }
@media (max-width: 40rem) { .wide th { min-width: 5rem; } .wide th[scope=row] { overflow-wrap: break-word; }
  .explained table { display: grid; } .explained :is(thead, tbody, tr) { display: contents; }
  .explained table { grid-template-columns: repeat(var(--columns), auto); } .explained thead th:last-child { display: none; }
  .wide.explained :is(th, td) { min-width: auto; max-width: none; padding: .35rem .25rem; border-bottom: 0; }
  .wide.explained td:last-child { grid-column: 1 / -1;
  min-width: 0; max-width: calc(100vw - 3rem); border-bottom: 1px solid var(--line); } }
@page { size: A4; margin: 16mm 15mm 18mm; }
@media print { :root { color-scheme: light; --page: #fff; --ink: #1c1c1c; --soft: #5a5a5a; --line: #d5d5d5;
  font-size: 11px; } body { margin: 0; padding: 0; font-size: 11px; max-width: none; } p { max-width: none; }
  h2 { margin-top: 1.6rem; } .maps { grid-template-columns: 1fr 1fr; } .single { max-width: 30rem; }
  .wide { overflow: visible; } th, td { padding: .25rem .4rem; }
  .key span, .bar, .bar i, td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, tr, .pair > *, .key, summary { break-inside: avoid; } thead { display: table-header-group; }
  table { break-inside: auto; } h1, h2, h3, caption, summary, .key, ol { break-after: avoid; }
  section > p:first-of-type { break-after: avoid; } p, li { break-inside: avoid; }
  details::details-content { content-visibility: visible; height: auto; } details > summary { list-style: none; } }
"""


def written(path: str | PathLike[str], heading: str, parts: Iterable[str], language: str) -> Path:
    """Write a page that needs nothing else.

    Parameters
    ----------
    path : path-like
        Where it goes.
    heading : str
        Its title.
    parts : iterable of str
        HTML that stands below the title.
    language : str
        Of the words.

    Returns
    -------
    pathlib.Path
    """
    target = writable(path)
    target.write_text(page_of(heading, parts, language), encoding="utf-8")
    return target


def page_of(heading: str, parts: Iterable[str], language: str, direction: str = "ltr", head: str = "") -> str:
    """Put together a page that needs nothing else.

    Parameters
    ----------
    heading : str
        Its title.
    parts : iterable of str
        HTML that stands below the title.
    language : str
        Of the words.
    direction : {"ltr", "rtl"}
        In which it is read.
    head : str
        HTML that stands in its head.

    Returns
    -------
    str
    """
    from_right = ' dir="rtl"' if direction == "rtl" else ""
    return (
        f'<!doctype html><html lang="{escape(language)}"{from_right}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style>{head}</head>"
        f"<body><main><h1>{escape(heading)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def title_of(given: str | None, otherwise: str) -> str:
    """Choose the title of a page.

    Parameters
    ----------
    given : str or None
        By the user.
    otherwise : str
        That of the language.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If it is no text.
    """
    if given is not None and not isinstance(given, str):
        msg = f"title must be text, not {given!r}"
        raise OptionError(msg)
    return given or otherwise


def words_in(language: str, kind: str = "languages") -> dict[str, Any]:
    """Read the words of a language.

    Parameters
    ----------
    language : str
        Name of a file.
    kind : str
        Folder of the files: of which page they are.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If there is no such file.
    """
    folder = files("segregation_tools.views").joinpath(kind)
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if language not in known:
        msg = f"no language {language!r}; there are {listed(known)}"
        raise DataError(msg)
    return tomllib.loads(folder.joinpath(f"{language}.toml").read_text("utf-8"))


def refuse_rare(pop: Population, min_count: float, where: str = "page") -> None:
    """Refuse groups of whom every number of a page would tell.

    Parameters
    ----------
    pop : Population
        Whom the page is about.
    min_count : float
        Smallest count that is published.
    where : str
        What is not made.

    Raises
    ------
    CapabilityError
        Naming them.
    """
    rare = [group for group, many in zip(pop.groups, pop.group_totals, strict=True) if many < min_count]
    if rare:
        msg = (
            f"fewer than {min_count:g} people in group {listed(rare)}, whom every number of the {where} would tell of: "
            "leave the group out, merge it with another, or lower min_count"
        )
        raise CapabilityError(msg)


def section(title: str, body: str) -> str:
    """Put a title above HTML.

    Parameters
    ----------
    title : str
        Text.
    body : str
        HTML.

    Returns
    -------
    str
    """
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def explained(header: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> str:
    """Write a table whose last column is text that explains the row; on a phone it stands below the row."""
    return f'<div class="wide explained" style="--columns: {len(header) - 1}">{html_table(header, rows)}</div>'


def said(text: str, looks: str = "") -> str:
    """Write a paragraph.

    Parameters
    ----------
    text : str
        Escaped here.
    looks : str
        Its class, if any.

    Returns
    -------
    str
    """
    return f'<p class="{looks}">{escape(text)}</p>' if looks else f"<p>{escape(text)}</p>"


def whole(count: float) -> str:
    """Spell a whole number.

    Parameters
    ----------
    count : float
        Any.

    Returns
    -------
    str
    """
    return f"{count:,.0f}".replace(",", "\u202f")


def number(value: float, missing: str) -> Cell:
    """Write a value of a measure.

    Parameters
    ----------
    value : float
        Any.
    missing : str
        What stands for NaN.

    Returns
    -------
    Cell
    """
    return Cell(missing if np.isnan(value) else f"{value:.4f}", number=True)


def percent(value: float, missing: str) -> str:
    """Spell a share.

    Parameters
    ----------
    value : float
        From 0 to 1.
    missing : str
        What stands for NaN.

    Returns
    -------
    str
    """
    return missing if np.isnan(value) else f"{100 * value:.1f}\u202f%"


def people(count: float, page: Mapping[str, Any], min_count: float) -> str:
    """Spell how many people; few are told as fewer than.

    Parameters
    ----------
    count : float
        Any.
    page : mapping
        Words.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    str
    """
    return page["suppressed"].format(least=f"{min_count:g}") if small(count, min_count) else whole(count)


def others_of(pop: Population) -> float:
    """Count those of a stated total who belong to none of the groups; 0 where none is stated."""
    return 0.0 if pop.stated_total is None else float(pop.stated_total.sum() - pop.group_totals.sum())


def others_said(pop: Population, page: Mapping[str, Any], min_count: float) -> str:
    """Say how many belong to none of the groups, as text; it is empty where nobody does. Of few, no share is told."""
    others = others_of(pop)
    everyone = others + pop.group_totals.sum()
    if others <= 1e-9 * everyone:  # what rounding leaves of a total
        return ""
    few, share = small(others, min_count), percent(others / everyone, "")
    return str(page["others_few" if few else "others"].format(others=people(others, page, min_count), share=share))


def key(classes: Iterable[tuple[str, str]]) -> str:
    """Write the key of a map.

    Parameters
    ----------
    classes : iterable of (str, str)
        How each looks, in CSS, and what it means.

    Returns
    -------
    str
    """
    items = "".join(f'<li><span style="{looks}"></span>{escape(text)}</li>' for looks, text in classes)
    return f'<ul class="key">{items}</ul>'


def png(drawn: Figure) -> str:
    """Encode a picture, to stand in the page itself.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure
        What is drawn.

    Returns
    -------
    str
        Its address.
    """
    picture = io.BytesIO()
    drawn.savefig(picture, format="png", dpi=DPI)
    return "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode("ascii")


def image(drawn: Figure, words: str) -> str:
    """Write a picture, with words for those who cannot see it.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure
        What is drawn.
    words : str
        What is to be seen.

    Returns
    -------
    str
    """
    return f'<img alt="{escape(words)}" src="{png(drawn)}">'


def figure(picture: str, caption: str) -> str:
    """Put a picture above its caption.

    Parameters
    ----------
    picture : str
        HTML.
    caption : str
        Text; there is none where it is empty.

    Returns
    -------
    str
    """
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture}{below}</figure>"


def about(
    name: str, words: Mapping[str, Any], groups: int, options: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Say what a measure is called and how it is read.

    Parameters
    ----------
    name : str
        Of an index or a measure.
    words : mapping
        Of a language.
    groups : int
        How many groups are measured.
    options : mapping, optional
        With what a measure was made, spelled.

    Returns
    -------
    name, text : str
        From the index itself where the language has no words for it.
    """
    known = words["indices"].get(name) or words["measures"].get(name)
    if known:
        told = {"most": f"{np.log(groups):.2f}", **(options or {})}
        return known["name"].format(**told), known["text"].format(**told)
    index = stocked().get(name)
    return name, ((index.__doc__ or "") if index else "").partition("\n")[0]


def coordinates(pop: Population, page: Mapping[str, Any]) -> str:
    """Name the coordinates of a population.

    Parameters
    ----------
    pop : Population
        Any.
    page : mapping
        Words.

    Returns
    -------
    str
    """
    crs = pop.geography.crs
    return page["no_crs"] if crs is None else f"{crs.to_string()} ({crs.name})"


def provenance(facts: Mapping[str, str], measured: Iterable[str], page: Mapping[str, Any]) -> str:
    """Write how a page was made: facts, with which version, and the sources of its measures.

    Parameters
    ----------
    facts : mapping
        What, and how.
    measured : iterable of str
        Names of indices; others have no source.
    page : mapping
        Words.

    Returns
    -------
    str
    """
    version = {page["source_version"]: f"segregation_tools {segregation_tools.__version__}"}
    rows: list[list[Cell | str]] = [[Cell(name, head=True), text] for name, text in {**facts, **version}.items()]
    shelf = stocked()
    used = sorted({line for name in measured if name in shelf for line in shelf[name].citation().splitlines()})
    sources = "".join(f"<li>{escape(line)}</li>" for line in used)
    below = f"<h3>{escape(page['source_references'])}</h3><ul class='note'>{sources}</ul>" if used else ""
    return html_table(page["source_header"], rows) + below
