"""The report: one self-contained page that can be put before a council."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.analysis.table import summary
from segregation_tools.errors import CapabilityError, OptionError, listed
from segregation_tools.indices.exposure import exposure
from segregation_tools.indices.index import stocked
from segregation_tools.planning.plan import Plan
from segregation_tools.population.options import real_number, writable
from segregation_tools.population.population import as_population
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.curves import small_curves
from segregation_tools.views.maps import NOBODY, can_be_drawn, diversity_classes, share_classes, small_map
from segregation_tools.views.parts import (
    about,
    coordinates,
    explained,
    figure,
    image,
    key,
    number,
    others_of,
    others_said,
    people,
    percent,
    provenance,
    refuse_rare,
    said,
    section,
    title_of,
    whole,
    words_in,
    written,
)
from segregation_tools.views.plans import plan_parts
from segregation_tools.views.scale import scale_parts
from segregation_tools.views.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from os import PathLike

    import pandas as pd

    from segregation_tools.population.population import Population

__all__ = ["report"]

DRAWS = 200
PAGES, WORKBOOK = (".html", ".htm"), ".xlsx"


def report(
    data: Population | Plan | pd.DataFrame,
    path: str | PathLike[str],
    *,
    groups: Sequence[Hashable] | None = None,
    language: str = "en",
    title: str | None = None,
    min_count: float = 5,
    rng: np.random.Generator | int | None = None,
    draws: int | None = None,
) -> Path:
    """Write a page about a population, or about a plan for school zones; or a workbook about a population.

    Of a population: who lives where, how evenly, who can meet whom, how much lies between the places of each tier, how far
    segregation reaches. Of a plan: what was asked, maps before and after, whom it asks to move and how far, each school,
    and whether it keeps to its rules. Of both: how it was made. The page prints, and saves as PDF, from any browser. The
    workbook holds the counts, and dissimilarity and exposure as live formulas beside the values computed here.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame; or Plan
        A frame needs `groups`.
    path : path-like
        Where it goes: a page, one HTML file that needs nothing else, or a workbook, where it ends in ``.xlsx`` (install
        ``segregation-tools[report]``).
    groups : sequence, optional
        Columns of counts; not for a plan, nor are `rng` and `draws`.
    language : str
        Language of the page; each is one file of words.
    title : str, optional
        Name of the place or of the data, shown above and in the provenance.
    min_count : float
        Smallest count that is published; smaller ones are shown as "fewer than". Where so few of a group go to a school,
        shares that would tell of them are left out. Formulas need every count: a workbook is refused where some are
        smaller, unless 0 lets it hold them all.
    rng : Generator or int, optional
        Source of chance: every measure then has an interval, and stands beside what chance gives. Not for a workbook.
    draws : int, optional
        How many populations are drawn, as in `summary`; 200 without.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CapabilityError
        If a group has fewer than `min_count` people in the whole region: every number of the page would tell of them. If
        the file ends otherwise. Of a workbook, if units hold such counts, or there are more than a sheet has rows for.
    OptionError
        If `groups`, `rng` or `draws` are given for a plan, or `rng` or `draws` for a workbook. If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> import segregation_tools as sgt
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = report(sgt.synthetic_city("gradient"), folder.name + "/city.html", title="A gradient")
    >>> made.name
    'city.html'

    The page about a plan:

    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.rezone(pupils, **today, constraints=[sgt.contiguous()], rng=7, steps=20_000)
    >>> report(plan, folder.name + "/plan.html").name
    'plan.html'
    >>> folder.cleanup()
    """
    words = words_in(language)
    min_count = real_number(min_count, "min_count", 0, "a number of people")
    in_cells = _ends(writable(path)) == WORKBOOK
    if isinstance(data, Plan):
        if in_cells:
            msg = (
                "a workbook is of a population: merge the pupils by the schools of the plan, "
                "report(pupils.merge(plan.to_frame()['school']), path), or write a page, report(plan, 'plan.html')"
            )
            raise CapabilityError(msg)
        reason = "it has its groups, and nothing is drawn for its page"
        _refuse_for("a plan", reason, "report(plan, path)", groups=groups, rng=rng, draws=draws)
        refuse_rare(data.problem.pupils, min_count)
        heading, parts = title_of(title, words["plan"]["title"]), plan_parts(data, words, title, min_count)
    else:
        pop = as_population(data, groups)
        if in_cells:
            _refuse_for("a workbook", "its formulas read the counts alone", "report(pop, path)", rng=rng, draws=draws)
            return write_workbook(pop, path, words["workbook"], title, min_count)
        refuse_rare(pop, min_count)
        heading = title_of(title, words["page"]["title"])
        parts = _parts(pop, words, title, min_count, rng, DRAWS if draws is None else draws)
    return written(path, heading, parts, language)


def _ends(path: str | PathLike[str]) -> str:
    """Say how a file is called; a page or a workbook."""
    ending = Path(path).suffix.lower()
    if ending not in (*PAGES, WORKBOOK):
        msg = f"reports end in {listed((*PAGES, WORKBOOK))}, not {ending!r}; for a PDF print the page from a browser"
        raise CapabilityError(msg)
    return ending


def _refuse_for(what: str, why: str, mend: str, **given: Any) -> None:
    unused = [f"{name}=" for name, value in given.items() if value is not None]
    if unused:
        msg = (
            f"{', '.join(unused)} {'mean' if len(unused) > 1 else 'means'} nothing for {what}: {why}. Leave out what is for "
            f"the page of a population: {mend}"
        )
        raise OptionError(msg)


def _parts(
    pop: Population,
    words: dict[str, Any],
    title: str | None,
    min_count: float,
    rng: np.random.Generator | int | None,
    draws: int,
) -> list[str]:
    page = words["page"]
    table = summary(pop, rng=rng, draws=draws)
    sizes = pop.sizes[pop.sizes > 0]
    lead = page["lead"].format(
        people=whole(sizes.sum()),
        groups=len(pop.groups),
        units=whole(len(pop)),
        median=people(np.median(sizes), page, min_count),
    )
    return [
        said(lead, "lead"),
        section(page["mix_title"], _mix(pop, page, min_count)),
        section(page["where_title"], _where(pop, page)),
        section(page["table_title"], _indices(pop, table, words)),
        section(page["isolation_title"], _isolation(table, page)),
        section(page["meet_title"], _meetings(pop, page)),
        section(page["local_title"], _less_diverse(pop, page)),
        section(page["curve_title"], _curves(pop, page)),
        *scale_parts(pop, page),
        section(page["not_title"], "".join(said(text) for text in page["not_text"])),
        section(page["source_title"], _provenance(pop, page, title, min_count, table, _chance(rng, draws, page))),
    ]


def _mix(pop: Population, page: dict[str, Any], min_count: float) -> str:
    rows = [
        [Cell(str(group), head=True), Cell(whole(many), number=True), Cell(percent(share, ""), number=True)]
        for group, many, share in zip(pop.groups, pop.group_totals, pop.mix, strict=True)
    ]
    others = others_said(pop, page, min_count)
    return html_table(page["mix_header"], rows) + (said(others) if others else "")


def _where(pop: Population, page: dict[str, Any]) -> str:
    if not can_be_drawn(pop):
        return said(page["no_map"])
    maps = "".join(
        figure(image(small_map(pop, group), page["where_alt"].format(group=group)), str(group)) for group in pop.groups
    )
    classes = [(f"background: {colour}", text) for colour, text in share_classes()]
    return f'{said(page["where_text"])}{key([*classes, _nobody(page)])}<div class="maps">{maps}</div>'


def _less_diverse(pop: Population, page: dict[str, Any]) -> str:
    if len(pop.groups) < 2:
        return said(page["curve_none"])
    if not can_be_drawn(pop):
        return said(page["no_map"])
    classes = [(f"background: {colour}", text) for colour, text in diversity_classes(page["local_below"])]
    picture = figure(image(small_map(pop), page["local_alt"]), "")
    return f'{said(page["local_text"])}{key([*classes, _nobody(page)])}<div class="single">{picture}</div>'


def _curves(pop: Population, page: dict[str, Any]) -> str:
    if len(pop.groups) < 2:
        return said(page["curve_none"])
    pair = len(pop.groups) == 2
    names = "".join(f"<li>{escape(str(group))}</li>" for group in (pop.groups[:1] if pair else pop.groups))
    across = page["curve_across_pair" if pair else "curve_across"]
    drawn = image(small_curves(pop, across, page["curve_up"], page["curve_even"]), page["curve_alt"])
    if pair:
        text = page["curve_text_pair"].format(first=pop.groups[0], second=pop.groups[1])
        return f'{said(text)}<div class="single">{figure(drawn, "")}</div>'
    return f'{said(page["curve_text"])}<ol>{names}</ol><div class="single">{figure(drawn, "")}</div>'


def _nobody(page: dict[str, Any]) -> tuple[str, str]:
    return f"background: {NOBODY}", page["where_nobody"]


def _indices(pop: Population, table: pd.DataFrame, words: dict[str, Any]) -> str:
    page, shelf, drawn = words["page"], stocked(), "low" in table
    rows: dict[bool, list[list[Cell | str]]] = {True: [], False: []}
    for row in table.to_dict("records"):
        index = shelf[row["index"]]
        if index.answer != "number":
            continue
        name, text = about(row["index"], words, len(pop.groups))
        numbers = [number(row["value"], page["undefined"]), number(row["expected"], "–")]
        if drawn:
            numbers.insert(1, _interval(row["low"], row["high"], "{:.4f}".format))
        first = row["index"] not in words["indices"] or row["index"] in page["first"]
        rows[first].append([Cell(name, head=True), row["symbol"], *numbers, text])
    header = page["table_header_drawn" if drawn else "table_header"]
    shown, folded = (explained(header, rows[first]) for first in (True, False))
    more = f"<details><summary>{escape(page['more_title'])}</summary>{folded}</details>" if rows[False] else ""
    return said(page["table_text_drawn" if drawn else "table_text"]) + shown + more


def _interval(low: float, high: float, spelled: Callable[[float], str]) -> Cell:
    ends = "–" if np.isnan(low) else f"{spelled(low)} – {spelled(high)}".replace("-", "−")
    return Cell(ends, number=True)


def _isolation(table: pd.DataFrame, page: dict[str, Any]) -> str:
    drawn = "low" in table
    rows = []
    for row in table[table["index"] == "isolation"].to_dict("records"):
        numbers = [
            Cell(percent(row["value"], page["undefined"]), number=True),
            Cell(percent(row["expected"], "–"), number=True),
        ]
        if drawn:
            numbers.insert(1, _interval(row["low"], row["high"], lambda end: percent(end, "–")))
        rows.append([Cell(row["groups"], head=True), *numbers])
    header = page["isolation_header_drawn" if drawn else "isolation_header"]
    return said(page["isolation_text"]) + f'<div class="wide">{html_table(header, rows)}</div>'


def _meetings(pop: Population, page: dict[str, Any]) -> str:
    observed = exposure(pop)
    header = [page["meet_corner"], *map(str, pop.groups)]

    def heat(rows: Any, caption: str) -> str:
        cells = [
            [Cell(str(group), head=True)]
            + [Cell(percent(v, page["undefined"]), number=True, shade=None if np.isnan(v) else v) for v in row]
            for group, row in zip(pop.groups, rows, strict=True)
        ]
        return f'<div class="wide">{html_table(header, cells, caption=caption)}</div>'

    even = np.tile(pop.mix.to_numpy(), (len(pop.groups), 1))
    both = heat(observed.to_numpy(), page["meet_observed"]) + heat(even, page["meet_expected"])
    return said(page["meet_text"]) + f'<div class="pair">{both}</div>'


def _chance(rng: np.random.Generator | int | None, draws: int, page: dict[str, Any]) -> str:
    """Say what was drawn, or nothing."""
    if rng is None:
        return ""
    begun = page["source_chance_generator"] if isinstance(rng, np.random.Generator) else str(rng)
    return str(page["source_chance_text"].format(draws=whole(draws), rng=begun))


def _provenance(
    pop: Population, page: dict[str, Any], title: str | None, min_count: float, table: pd.DataFrame, chance: str
) -> str:
    inhabited = pop.sizes[pop.sizes > 0]
    units = page["source_units_text"].format(
        units=whole(len(inhabited)),
        empty=whole(len(pop) - len(inhabited)),
        median=people(np.median(inhabited), page, min_count),
        smallest=people(inhabited.min(), page, min_count),
        largest=people(inhabited.max(), page, min_count),
    )
    facts = {
        page["source_data"]: title or "–",
        page["source_groups"]: ", ".join(map(str, pop.groups)),
        page["source_units"]: units,
    }
    if pop.tiers is not None:
        facts[page["source_tiers"]] = ", ".join(f"{name} ({pop.tiers[name].nunique()})" for name in pop.tiers)
    facts[page["source_crs"]] = coordinates(pop, page)
    if pop.recipe is not None:
        text = page["source_environment_text"].format(recipe=pop.recipe)
        facts[page["source_environment"]] = text if chance else f"{text}; {page['source_environment_undrawn']}"
    if chance:
        facts[page["source_chance"]] = chance
    if pop.stated_total is not None:
        others = people(others_of(pop), page, min_count)
        facts[page["source_total"]] = page["source_total_text"].format(others=others)
    facts[page["source_caution"]] = page["source_caution_text"]
    return provenance(facts, [*table["index"], exposure.__name__], page)
