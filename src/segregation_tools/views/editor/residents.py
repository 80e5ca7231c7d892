"""The page for residents: find a block, see its school today and in the plan; nothing can be changed on it."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.planning.plan import Plan
from segregation_tools.population.options import real_number, writable
from segregation_tools.views.editor.assets import text_of
from segregation_tools.views.editor.outlines import Outlines
from segregation_tools.views.parts import refuse_rare, said, section, words_in, written
from segregation_tools.views.plans import PlanFacts, burden_part, moved_sentences

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    Words = dict[str, Any]

__all__ = ["standalone"]

FEWEST = 3  # blocks that move, of which numbers by group are told


def standalone(
    plan: Plan,
    path: str | PathLike[str],
    *,
    language: str = "en",
    title: str | None = None,
    min_count: float = 5,
) -> Path:
    """Write a page on which residents find their block, with its school today and in the plan, and the minutes to both.

    One HTML file that needs nothing else and asks nothing of the network: a map, a field to find a block by its name, and
    whom the plan asks to change school. It tells schools and ways of blocks, and nothing of who lives in them.

    Parameters
    ----------
    plan : Plan
        From `rezone`, `score`, `load_plan` or an editor.
    path : path-like
        Where the page goes.
    language : str
        Language of the page, as in `report`.
    title : str, optional
        Instead of that of the language.
    min_count : float
        Smallest count that is published, as in `report`.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    GeographyError
        If blocks have no geometry.
    CapabilityError
        If a group has fewer than `min_count` pupils in the whole district.

    Examples
    --------
    >>> import tempfile
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.rezone(pupils, **today, rng=7, steps=20_000)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     standalone(plan, folder + "/page.html").name
    'page.html'
    """
    if not isinstance(plan, Plan):
        msg = f"standalone takes a plan, from rezone, score or load_plan, not {type(plan).__name__}"
        raise OptionError(msg)
    if title is not None and not isinstance(title, str):
        msg = f"title must be text, not {title!r}"
        raise OptionError(msg)
    target = writable(path)
    words, least = words_in(language), real_number(min_count, "min_count", 0, "a number of people")
    refuse_rare(plan.problem.pupils, least)
    text = words["residents"]
    facts, outlines = PlanFacts(plan, words, least), Outlines.of(plan.problem)
    tells = _moves_tell_of_nobody(plan)
    parts = [
        f"<style>{text_of('map.css', 'residents.css')}</style>",
        said(" ".join(moved_sentences(facts)) if tells else text["few_move"], "lead"),
        section(text["find_title"], _finder(text, outlines)),
        section(words["plan"]["burden_title"], burden_part(facts)) if tells else "",
        section(text["not_title"], "".join(said(one) for one in text["not_text"])),
        f'<script type="application/json" id="given">{_script_safe(_given(plan, outlines, text))}</script>',
        f'<script type="module">{text_of("map.js", "residents.js")}</script>',
    ]
    return written(target, title or text["title"], parts, language)


def _moves_tell_of_nobody(plan: Plan) -> bool:
    """Whether numbers of those who move are of so many blocks that they do not tell who lives in one."""
    moved = (plan.zone != plan.problem.current) & (plan.problem.sizes > 0)
    return not 0 < moved.sum() < FEWEST


def _finder(text: Words, outlines: Outlines) -> str:
    width, height = outlines.size
    dates = "".join(
        f'<label><input type="radio" name="date" value="{date}"{" checked" if date == "plan" else ""}> '
        f"{escape(text[date])}</label>"
        for date in ("today", "plan")
    )
    zoom = "".join(
        f'<button type="button" data-zoom="{by}" aria-label="{escape(text[word])}">{sign}</button>'
        for by, word, sign in (("0.667", "wider", "−"), ("1.5", "closer", "+"), ("0", "whole", "⤢"))
    )
    looks = "".join(
        f'<li><span class="sample {look}"></span>{escape(text[word])}</li>'
        for look, word in (("of-moved", "moved"), ("of-school", "school"))
    )
    return (
        f'<form class="find"><label for="name">{escape(text["find"])}</label><input id="name" type="search" list="found" '
        f'autocomplete="off"><datalist id="found"></datalist><button>{escape(text["find_button"])}</button></form>'
        f'<p class="told" id="told" role="status" aria-live="polite">{escape(text["hint"])}</p>'
        f'<div class="tools"><div role="radiogroup" aria-labelledby="dates"><span id="dates">{escape(text["dates"])}</span>'
        f"{dates}</div><span>{zoom}</span></div>"
        f'<div class="map" id="map" style="aspect-ratio: {width} / {height}"></div><ul class="key">{looks}</ul>'
    )


def _given(plan: Plan, outlines: Outlines, text: Words) -> dict[str, Any]:
    problem, rows = plan.problem, np.arange(len(plan.zone))
    before = np.where(problem.current >= 0, problem.minutes[rows, problem.current], np.nan)
    return {
        "blocks": [str(label) for label in problem.blocks],
        "schools": [str(label) for label in problem.schools],
        "today": problem.current.tolist(),
        "plan": plan.zone.tolist(),
        "minutes": [_spelled(before), _spelled(problem.minutes[rows, plan.zone])],
        "outlines": outlines.written(),
        "colours": outlines.colours(plan),
        "marks": outlines.marks(problem),
        "words": text,
    }


def _spelled(minutes: NDArray[np.float64]) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.0f}" for value in minutes]


def _script_safe(given: dict[str, Any]) -> str:
    """Write JSON that can stand in a script: nothing in it ends that."""
    return json.dumps(given, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
