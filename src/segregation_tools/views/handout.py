"""The hand-out: whom a plan asks to change school, on one page in plain words, in the language of those who read it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import numpy as np

import segregation_tools
from segregation_tools.analysis.small_counts import small, withheld_in_line
from segregation_tools.errors import DataError, GroupError, OptionError, listed
from segregation_tools.planning.burden import WALK
from segregation_tools.planning.plan import Plan
from segregation_tools.population.options import real_number, writable
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.parts import page_of, refuse_rare, said, section, words_in

if TYPE_CHECKING:
    from collections.abc import Hashable
    from os import PathLike

    import pandas as pd
    from numpy.typing import NDArray

    Words = dict[str, Any]

__all__ = ["handout", "handout_words"]

FOLDER = "handouts"
ABOUT_AS_OFTEN = 0.1  # a ratio as near to 1 is told as "about as often"
MADE = 0.5  # of a share: above it, "one in two" would say too little


def handout(
    plan: Plan,
    path: str | PathLike[str] | None = None,
    *,
    language: str | PathLike[str] | Mapping[str, Any] = "en",
    names: Mapping[Hashable, str] | None = None,
    title: str | None = None,
    contact: str | None = None,
    walk: float = WALK,
    min_count: float = 5,
) -> Path | str:
    """Write a page for everyone about whom a plan for school zones asks to change school: `Plan.burden` in plain words.

    Parameters
    ----------
    plan : Plan
        From `rezone`, `score` or `load_plan`.
    path : path-like, optional
        Where the page goes: one HTML file that needs nothing else, made to be printed. Without, its text is returned.
    language : {"en", "fr", "de", "es"}, path-like or mapping
        Language of the page; or a file of words of another one (``.toml`` or ``.json``), or the words themselves: see
        `handout_words`.
    names : mapping, optional
        What groups are called on the page, in its language.
    title : str, optional
        Instead of that of the language.
    contact : str, optional
        Where to ask, and to answer.
    walk : float
        Minutes up to which a way is taken to be walked, as in `Plan.burden`.
    min_count : float
        Smallest count that is published; others are left out, and those from which they could be had.

    Returns
    -------
    pathlib.Path or str

    Raises
    ------
    DataError
        If there is no such language, or its words lack something.
    GroupError
        If `names` has groups that are not there.
    CapabilityError
        If a group has fewer than `min_count` pupils in the whole district.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.rezone(pupils, **today, rng=7, steps=20_000)
    >>> page = sgt.handout(plan, language="fr", names={"a": "à l’heure", "b": "à pied", "c": "en car"})
    >>> "Ce que changerait le projet de carte scolaire" in page
    True
    """
    if not isinstance(plan, Plan):
        msg = f"handout takes a plan, from rezone, score or load_plan, not {type(plan).__name__}"
        raise OptionError(msg)
    for name, text in (("title", title), ("contact", contact)):
        if text is not None and not isinstance(text, str):
            msg = f"{name} must be text, not {text!r}"
            raise OptionError(msg)
    target = None if path is None else writable(path)
    least = real_number(min_count, "min_count", 0, "a number of people")
    refuse_rare(plan.problem.pupils, least)
    words = handout_words(language)
    facts = _Facts(plan, words, _names(plan, names), real_number(walk, "walk", 0, "minutes that a pupil walks"), least)
    page = page_of(title or words["title"], _parts(facts, contact), words["code"], words["direction"])
    if target is None:
        return page
    target.write_text(page, encoding="utf-8")
    return target


def handout_words(language: str | PathLike[str] | Mapping[str, Any] = "en") -> dict[str, Any]:
    """Read the words of a hand-out: those of the library, or of one's own file, which is checked.

    Parameters
    ----------
    language : {"en", "fr", "de", "es"}, path-like or mapping
        A language; a file in TOML or JSON; or the words themselves.

    Returns
    -------
    dict
        To begin another language with: write it to a file, ``json.dump(sgt.handout_words("en"), file)``, and put its texts
        in place of these. Names in braces stay as they are; each may be left out. `decimal`, `thousands`, `grouped_from`
        (the smallest number that has separators) and `percent` say how numbers are written, `code` (such as "pt-BR") and
        `direction` ("ltr" or "rtl") how the page is read aloud and set.

    Raises
    ------
    DataError
        If there is no such language or file, or keys, types or names in braces are not those of English.

    Examples
    --------
    >>> sgt.handout_words("de")["one_in"]
    'Das betrifft ungefähr eine von {number} Personen.'
    """
    if isinstance(language, Mapping):
        return _checked(dict(language), "the words")
    if isinstance(language, str) and not language.endswith((".toml", ".json")):
        return words_in(language, FOLDER)
    source = Path(language)
    if not source.is_file() or source.suffix not in (".toml", ".json"):
        msg = f"no file of words {str(source)!r}: it must be there, and end in .toml or .json"
        raise DataError(msg)
    try:
        text = source.read_text("utf-8-sig")
        found = tomllib.loads(text) if source.suffix == ".toml" else json.loads(text)
    except UnicodeDecodeError as broken:
        msg = f"{source.name!r} is not written in UTF-8: save it anew with that encoding"
        raise DataError(msg) from broken
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as broken:
        msg = f"{source.name!r} is no {source.suffix[1:].upper()}: {broken}"
        raise DataError(msg) from broken
    return _checked(found, repr(source.name))


def _checked(found: Any, name: str) -> Words:
    """Hold the words of a language against those of English."""
    model = words_in("en", FOLDER)
    if not isinstance(found, dict):
        msg = f"{name} must be a table of words, not {type(found).__name__}"
        raise DataError(msg)
    missing, strange = [key for key in model if key not in found], [key for key in found if key not in model]
    if missing or strange:
        what = f"lacks {listed(missing)}" if missing else f"has {listed(strange)}, which means nothing"
        msg = f"{name} {what}: the keys are those of sgt.handout_words('en')"
        raise DataError(msg)
    for key, text in model.items():
        given = found[key]
        texts = given if isinstance(text, list) else [given]
        kind = int if isinstance(text, int) else str
        length = isinstance(text, list) and key == "table_header" and len(texts) != len(text)
        if not isinstance(texts, list) or not all(type(one) is kind for one in texts) or length:
            wanted = f"a list of {len(text)} texts" if isinstance(text, list) else "a number" if kind is int else "text"
            msg = f"{name}: {key!r} must be {wanted}, not {given!r}"
            raise DataError(msg)
        known = set().union(*(_fields(one, name, key) for one in (text if isinstance(text, list) else [text])))
        unknown = set().union(*(_fields(one, name, key) for one in texts)) - known
        if unknown:
            msg = f"{name}: {key!r} has {{{sorted(unknown)[0]}}}; the names in braces there are {listed(sorted(known))}"
            raise DataError(msg)
    if found["direction"] not in ("ltr", "rtl"):
        msg = f"{name}: 'direction' must be 'ltr' or 'rtl', not {found['direction']!r}"
        raise DataError(msg)
    return found


def _fields(text: Any, name: str, key: str) -> set[str]:
    """Names in braces."""
    try:
        parts = [part for part in Formatter().parse(str(text)) if part[1] is not None]
    except ValueError as broken:
        msg = f"{name}: {key!r} has braces that do not match: {text!r}"
        raise DataError(msg) from broken
    if any(form or turned for _, _, form, turned in parts):
        msg = f"{name}: {key!r} has more than a name in its braces: {text!r}"
        raise DataError(msg)
    return {str(one) for _, one, _, _ in parts}


def _names(plan: Plan, names: Mapping[Hashable, str] | None) -> list[str]:
    if names is not None and not isinstance(names, Mapping):
        msg = f"names= must be a mapping of group to what it is called, not {names!r}"
        raise OptionError(msg)
    groups, called = plan.problem.pupils.groups, dict(names or {})
    strange = [group for group in called if group not in groups]
    if strange:
        msg = f"names= has {listed(strange)}; groups are {listed(groups)}"
        raise GroupError(msg)
    told = [str(called.get(group, group)) for group in groups]
    if len(set(told)) < len(told):
        msg = f"names= must tell groups apart: they would be called {listed(told, 20)}"
        raise GroupError(msg)
    return told


@dataclass(frozen=True, eq=False)
class _Facts:
    """What the page is made of.

    Attributes
    ----------
    plan : Plan
        What it is about.
    words : dict
        Of a language.
    names : list of str
        Of the groups.
    walk : float
        Minutes.
    least : float
        Smallest count that is published.
    """

    plan: Plan
    words: Words
    names: list[str]
    walk: float
    least: float

    @cached_property
    def burden(self) -> pd.DataFrame:
        """Whom the plan asks to move, by group, and all at last.

        Ways of today are those of pupils whose school stays: where few go to another one, or it is not told how many move,
        their number could be had from mean minutes, which are left out then.
        """
        burden = self.plan.burden(walk=self.walk)
        problem = self.plan.problem
        leave = problem.counts[:, problem.current < 0].sum(axis=1)
        if small(leave, self.least).any() or (leave.any() and _untold(burden, self.least)["moved"].any()):
            burden["minutes_before"] = np.nan
        return burden

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The burden, row by row."""
        return [{str(name): value for name, value in row.items()} for row in self.burden.to_dict("records")]

    @cached_property
    def untold(self) -> dict[str, NDArray[np.bool_]]:
        """Of which groups, and of all at last, it is not told how many change school, or can no longer walk."""
        return _untold(self.burden, self.least)

    def number(self, value: float, digits: int = 0) -> str:
        """Spell a number as the language does."""
        rounded = (
            f"{value:,.{digits}f}" if round(value, digits) >= self.words["grouped_from"] else f"{value:.{digits}f}"
        )
        swapped = rounded.translate({ord(","): self.words["thousands"], ord("."): self.words["decimal"]})
        return swapped.replace("-", "−")

    def minutes(self, value: float) -> str:
        """Spell how long a way takes, in sentences as in the table: none reads as a change that the other does not show."""
        return self.number(value, 1)

    def share(self, value: float) -> str:
        """Spell a share: whole per cent, and more digits where it is small."""
        digits = 0 if value >= 0.095 or value == 0 else 1 if value >= 0.0005 else 2
        return str(self.words["percent"].format(number=self.number(100 * value, digits)))

    def say(self, key: str, **values: str) -> str:
        """Fill in a sentence."""
        return str(self.words[key].format(**values))


def _untold(burden: pd.DataFrame, least: float) -> dict[str, NDArray[np.bool_]]:
    """Choose what is not told: who move, beside those who stay; whose way grows too long, beside others who move."""
    pupils, moved, lost = (burden[name].to_numpy()[:-1] for name in ("pupils", "moved", "walkers_lost"))
    return {
        "moved": withheld_in_line(np.stack([moved, pupils - moved]), least),
        "walkers_lost": withheld_in_line(np.stack([lost, moved - lost]), least),
    }


def _parts(facts: _Facts, contact: str | None) -> list[str]:
    words = facts.words
    groups = "".join(f"<h3>{escape(name)}</h3>{said(' '.join(_group(facts, g)))}" for g, name in enumerate(facts.names))
    note = said(facts.say("table_note", least=facts.number(facts.least)), "note")
    parts = [
        said(" ".join(_lead(facts)), "lead"),
        section(words["groups_title"], groups),
        section(words["table_title"], f'<div class="wide">{_table(facts)}</div>{note}'),
        section(words["not_title"], "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in words["not_text"]) + "</ul>"),
    ]
    if contact is not None:
        parts.append(section(words["contact_title"], said(contact)))
    made = facts.say("made", software=f"segregation_tools {segregation_tools.__version__}")
    return [*parts, said(made, "note")]


def _lead(facts: _Facts) -> list[str]:
    problem, everyone = facts.plan.problem, facts.rows[-1]
    moved, share = everyone["moved"], everyone["share_moved"]
    sentences = [
        facts.say("lead", pupils=facts.number(everyone["pupils"]), schools=facts.number(len(problem.schools))),
    ]
    if facts.untold["moved"][-1]:
        sentences.append(facts.say("moved_untold"))
    elif not moved:
        sentences.append(facts.say("moved_nobody"))
    else:
        sentences.append(facts.say("moved", moved=facts.number(moved), share=facts.share(share)))
        if share <= MADE:
            sentences.append(facts.say("one_in", number=facts.number(1 / share)))
    return [*sentences, facts.say("closing")] if (problem.current < 0).any() else sentences


def _group(facts: _Facts, g: int) -> list[str]:
    """Sentences about a group."""
    row, everyone, untold = facts.rows[g], facts.rows[-1], facts.untold["moved"]
    pupils, moved, hides = facts.number(row["pupils"]), row["moved"], untold[g]
    if hides:
        sentences = [facts.say("group_untold", pupils=pupils)]
    elif not moved:
        sentences = [facts.say("group_nobody", pupils=pupils)]
    else:
        share = facts.share(row["share_moved"])
        sentences = [facts.say("group_moved", pupils=pupils, moved=facts.number(moved), share=share)]
    if not hides and not untold[-1] and everyone["moved"]:
        beyond = row["ratio_moved"] - 1
        often = "alike" if abs(beyond) <= ABOUT_AS_OFTEN else "more" if beyond > 0 else "less"
        sentences.append(facts.say(often, all=facts.share(everyone["share_moved"])))
    columns = ("minutes_before", "minutes_now", "p90_now", "longest_now")
    before, now, most, longest = (facts.minutes(row[column]) for column in columns)
    if np.isnan(row["minutes_before"]):
        sentences.append(facts.say("way_new", now=now))
    elif before == now:
        sentences.append(facts.say("way_same", now=now))
    else:
        sentences.append(facts.say("way", before=before, now=now))
    sentences.append(facts.say("longest", most=most, longest=longest))
    walk = facts.number(facts.walk)
    if not facts.untold["walkers_lost"][g]:
        lost = facts.number(row["walkers_lost"])
        sentences.append(
            facts.say("walk", lost=lost, walk=walk) if row["walkers_lost"] else facts.say("walk_nobody", walk=walk)
        )
    return sentences


def _table(facts: _Facts) -> str:
    words, untold = facts.words, facts.words["untold"]
    told, lost = facts.untold["moved"], facts.untold["walkers_lost"]
    body = []
    for g, (name, row) in enumerate(zip([*facts.names, words["all"]], facts.rows, strict=True)):
        cells = [
            facts.number(row["pupils"]),
            untold if told[g] else facts.number(row["moved"]),
            untold if told[g] else facts.share(row["share_moved"]),
            *[
                untold if np.isnan(row[column]) else facts.minutes(row[column])
                for column in ("minutes_before", "minutes_now", "longest_now")
            ],
            untold if lost[g] else facts.number(row["walkers_lost"]),
        ]
        body.append([Cell(name, head=True), *[Cell(cell, number=True) for cell in cells]])
    walk = facts.number(facts.walk)
    return html_table([one.format(walk=walk) for one in words["table_header"]], body)
