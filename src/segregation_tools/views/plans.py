"""The page about a plan for school zones: what was asked, whom it asks to move, each school, its rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.analysis.small_counts import small, withheld
from segregation_tools.indices.index import Index
from segregation_tools.planning.constraints import (
    ROUNDING,
    Capacity,
    Contiguous,
    Forbidden,
    Locked,
    LongestTrip,
    MostMoved,
    Rule,
    Together,
    rooms_of,
)
from segregation_tools.planning.goals import Chosen, measured_by, moves, named, travel_time
from segregation_tools.planning.plan import check
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.curves import COLOURS
from segregation_tools.views.maps import can_be_drawn
from segregation_tools.views.measures import MeasureWords, amount, rounded
from segregation_tools.views.parts import (
    coordinates,
    explained,
    figure,
    key,
    people,
    percent,
    provenance,
    said,
    section,
    whole,
)
from segregation_tools.views.zones import ZoneMaps, zone_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Check, Plan

    Floats = NDArray[np.float64]
    Words = dict[str, Any]

__all__ = ["PlanFacts", "burden_part", "moved_sentences", "plan_parts"]

SHOWN = 20  # broken rules that are listed at once; more can be opened


def plan_parts(plan: Plan, words: Words, title: str | None, min_count: float) -> list[str]:
    """Write what stands below the title of the page about a plan.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    words : dict
        Of a language.
    title : str or None
        Name of the place.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    list of str
    """
    facts = PlanFacts(plan, words, min_count)
    text = facts.text
    drawn = _maps(plan, text) if can_be_drawn(plan.problem.pupils) else said(words["page"]["no_map"])
    found = "not_given" if plan.seed is None else "not_found"
    return [
        _lead(facts),
        section(text["asked_title"], _asked(facts)),
        section(text["maps_title"], drawn),
        section(text["burden_title"], burden_part(facts)),
        section(text["schools_title"], _schools(facts)),
        section(text["check_title"], _check(facts)),
        section(text["not_title"], "".join(said(one) for one in [text[found], *text["not_text"]])),
        section(words["page"]["source_title"], _provenance(facts, title)),
    ]


@dataclass(frozen=True, eq=False)
class PlanFacts:
    """What several parts of the page are made of, computed once.

    Attributes
    ----------
    plan : Plan
        What the page is about.
    words : dict
        Of a language.
    min_count : float
        Smallest count that is published.
    """

    plan: Plan
    words: Words
    min_count: float

    @cached_property
    def text(self) -> Words:
        """Words of this page."""
        return {**self.words["plan"], "suppressed": self.words["page"]["suppressed"]}

    @cached_property
    def measures(self) -> dict[str, tuple[float, float]]:
        """Value of each measure today and in the plan."""
        before, after = self.plan.before, self.plan.after
        return {str(name): (float(before[name]), float(after[name])) for name in before.index}

    @cached_property
    def burden(self) -> pd.DataFrame:
        """Whom the plan asks to move."""
        return self.plan.burden()

    @cached_property
    def untold(self) -> NDArray[np.bool_]:
        """Of which groups, and of all pupils at last, it is not told how many move: so few move, or so few stay."""
        moved = self.burden["moved"].to_numpy()
        table = np.stack([moved, self.burden["pupils"] - moved])
        return np.asarray(withheld(table[np.newaxis], self.min_count)[0])

    @cached_property
    def rolls(self) -> Floats:
        """Pupils by date, school, and group with their sum at last; below the schools, those whose school closes."""
        problem = self.plan.problem
        tables = [problem.by_school(zone).T for zone in (problem.current, self.plan.zone)]
        closing = problem.counts[:, problem.current < 0].sum(axis=1)
        if (problem.current < 0).any():
            tables = [np.vstack([table, row]) for table, row in zip(tables, (closing, 0 * closing), strict=True)]
        return np.stack([np.column_stack([table, table.sum(axis=1)]) for table in tables])

    @cached_property
    def hidden(self) -> NDArray[np.bool_]:
        """Which cells of the rolls are not told, for both dates."""
        return withheld(self.rolls, self.min_count)

    @cached_property
    def broken(self) -> Check:
        """What rules the plan breaks."""
        return check(self.plan)

    def told(self, count: float, hides: bool) -> str:
        """Spell a count, unless it is not told."""
        return str(self.text["untold"]) if hides and not self.few(count) else people(count, self.text, self.min_count)

    def few(self, count: float) -> bool:
        """Say whether a count is too small to be told."""
        return bool(small(count, self.min_count))

    @cached_property
    def spelled(self) -> MeasureWords:
        """What its measures are called."""
        whats = [*(what for _, what in self.plan.goal.terms), moves, travel_time]
        return MeasureWords(self.plan.problem, named(whats), self.words, self.min_count)


# ---------------------------------------------------------------- what was asked


def moved_sentences(facts: PlanFacts) -> list[str]:
    """Say of whom the page is, how many change school, and which schools close or are new.

    Parameters
    ----------
    facts : PlanFacts
        Of the plan.

    Returns
    -------
    list of str
    """
    problem, text, untold = facts.plan.problem, facts.text, bool(facts.untold[-1])
    moved = float(facts.burden["moved"].iloc[-1])
    said_moved = "lead_few" if untold else "lead_moved" if moved else "lead_nobody"
    sentences = [
        text["lead"].format(
            pupils=whole(problem.sizes.sum()),
            groups=len(problem.pupils.groups),
            blocks=whole(len(problem.blocks)),
            schools=whole(len(problem.schools)),
        ),
        text[said_moved].format(moved=facts.told(moved, untold), share=percent(facts.plan.moved, "")),
    ]
    if (problem.current < 0).any():
        closing = facts.told(facts.rolls[0, -1, -1], facts.hidden[-1, -1])
        sentences.append(text["lead_closing"].format(pupils=closing))
    new = [str(school) for i, school in enumerate(problem.schools) if i not in problem.current]
    if new:
        sentences.append(text["lead_new"].format(schools=", ".join(new)))
    return sentences


def _lead(facts: PlanFacts) -> str:
    text, sentences = facts.text, moved_sentences(facts)
    if not facts.broken:
        sentences.append(text["lead_broken"])
    for name, (before, after) in facts.measures.items():
        if name != moves.name and not np.isnan(after):
            form = text["lead_new_value" if np.isnan(before) else "lead_changes"]
            values = {"before": facts.spelled.value(name, before), "after": facts.spelled.value(name, after)}
            sentences.append(form.format(name=facts.spelled.about(name)[0], **values))
    return said(" ".join(sentences), "lead")


def _asked(facts: PlanFacts) -> str:
    plan, text = facts.plan, facts.text
    asked: dict[str, float] = {}
    for weight, what in plan.goal.terms:
        asked[measured_by(what)] = asked.get(measured_by(what), 0) + weight
    rows = []
    for name, dates in facts.measures.items():
        called, read = facts.spelled.about(name)
        weight = asked.get(name, 0)
        wanted = text["asked_small" if weight > 0 else "asked_large" if weight < 0 else "asked_nothing"]
        values = [facts.spelled.value(name, value) for value in dates]
        if name == moves.name and facts.untold[-1]:
            values[1] = text["untold"]
        weighed = f"{abs(weight):g}" if weight else text["untold"]
        rows.append([Cell(called, head=True), wanted, *[Cell(cell, number=True) for cell in (weighed, *values)], read])
    unknown = said(text["asked_unknown"], "note") if (plan.problem.current < 0).any() else ""
    table = explained(text["asked_header"], rows)
    above = said(text["asked_given" if plan.seed is None else "asked_found"]) + said(text["asked_areas"])
    return above + table + unknown + _rules(plan, text)


def _rules(plan: Plan, text: Words) -> str:
    if not plan.constraints:
        return said(text["rules_none"])
    listed = "".join(f"<li>{escape(_rule(rule, text['rules']))}</li>" for rule in plan.constraints)
    return f"{said(text['rules_text'])}<ul>{listed}</ul>"


def _rule(rule: Rule, rules: Words) -> str:
    """Say in words what a rule asks; as it is written where there are no words for it."""
    match rule:
        case Capacity(within=None):
            form = (
                "both" if rule.low is not None and rule.seats is not None else "low" if rule.seats is None else "seats"
            )
            return str(rules[f"capacity_{form}"])
        case Capacity(within=float() | int() as share):
            return str(rules["capacity_within"].format(within=rounded(share)))
        case Contiguous(exempt=()):
            return str(rules["contiguous"])
        case Contiguous():
            return str(rules["contiguous_exempt"].format(blocks=whole(len(rule.exempt))))
        case LongestTrip(ratio=None):
            return str(rules["longest_trip_minutes"].format(minutes=f"{rule.minutes:g}"))
        case LongestTrip():
            return str(rules["longest_trip_ratio"].format(ratio=f"{rule.ratio:g}"))
        case MostMoved():
            return str(rules["most_moved"].format(share=rounded(rule.share)))
        case Locked():
            return str(rules["locked"].format(blocks=whole(len(rule.units))))
        case Forbidden():
            return str(rules["forbidden"].format(pairs=whole(len(rule.pairs))))
        case Together():
            return str(rules["together"].format(labels=whole(rule.labels.nunique())))
    return repr(rule)


# ---------------------------------------------------------------- maps


def _maps(plan: Plan, text: Words) -> str:
    drawn = ZoneMaps.of(plan)
    maps = "".join(
        figure(drawn.svg(date, text[f"maps_alt_{date}"]), text[f"maps_{date}"]) for date in ("today", "plan")
    )
    return f'{said(text["maps_text"])}{key(zone_key(plan, text))}<div class="maps">{maps}</div>'


# ---------------------------------------------------------------- whom it asks to move


def burden_part(facts: PlanFacts) -> str:
    """Write whom a plan asks to change school, and how far: a table, and how it is read.

    Parameters
    ----------
    facts : PlanFacts
        Of the plan.

    Returns
    -------
    str
        HTML.
    """
    burden, untold, text = facts.burden, facts.untold, facts.text
    names = [*map(str, facts.plan.problem.pupils.groups), text["burden_all"]]
    rows = []
    for name, row, hides in zip(names, burden.to_dict("records"), untold, strict=True):
        numbers = [
            whole(row["pupils"]),
            facts.told(row["moved"], hides),
            text["untold"] if hides else percent(row["share_moved"], text["untold"]),
            _plain(np.nan if hides else row["ratio_moved"], text, "{:.2f}"),
            *[  # from how a mean changes, and the way of the blocks that move, it could be had how many those are
                text["untold"] if hides else _both(text, row[f"{what}_before"], row[f"{what}_now"])
                for what in ("minutes", "p90", "longest")
            ],
            _plain(np.nan if hides else row["minutes_of_moved"], text, "{:+.1f}"),
        ]
        rows.append([Cell(name, head=True), *[Cell(cell, number=True) for cell in numbers]])
    table = f'<div class="wide">{html_table(text["burden_header"], rows)}</div>'
    return said(text["burden_text"]) + _read(burden, untold, names, text) + table


def _read(burden: pd.DataFrame, untold: NDArray[np.bool_], names: Sequence[str], text: Words) -> str:
    """Read one row aloud: the first of which something can be told."""
    for name, row, hides in zip(names[:-1], burden.to_dict("records"), untold, strict=False):
        if row["moved"] and not hides:
            form = text["burden_read_new" if np.isnan(row["minutes_before"]) else "burden_read"]
            sentence = form.format(
                group=name,
                pupils=whole(row["pupils"]),
                moved=whole(row["moved"]),
                share=percent(row["share_moved"], ""),
                ratio=f"{row['ratio_moved']:.2f}",
                before=f"{row['minutes_before']:.1f}",
                after=f"{row['minutes_now']:.1f}",
            )
            return said(sentence)
    return ""


def _plain(value: float, text: Words, spelled: str) -> str:
    return str(text["untold"]) if np.isnan(value) else spelled.format(value).replace("-", "−")


def _arrow(text: Words, before: str, after: str) -> str:
    """Show both dates, or one where they are the same."""
    return before if before == after else str(text["arrow"].format(before=before, after=after))


def _both(text: Words, before: float, after: float) -> str:
    return _arrow(text, _plain(before, text, "{:.1f}"), _plain(after, text, "{:.1f}"))


# ---------------------------------------------------------------- each school


def _schools(facts: PlanFacts) -> str:
    plan, text, counts, hidden = facts.plan, facts.text, facts.rolls, facts.hidden
    groups = plan.problem.pupils.groups
    room = _room(plan, text)
    ways = [_ways(plan, zone) for zone in (plan.problem.current, plan.zone)]
    names = [*map(str, plan.problem.schools), text["schools_closing"]]
    rows = []
    for i in range(counts.shape[1]):
        totals = [facts.told(total, hidden[i, -1]) for total in counts[:, i, -1]]
        cells = [Cell(_arrow(text, *totals), number=True)]
        if room is not None:
            cells.append(Cell(text["untold"] if hidden[i, -1] else room[i], number=True))
        untold = hidden[i] | hidden[i, -1]  # a share and a count tell the sum
        cells += [
            Cell(_arrow(text, *[_share(facts, row, g, untold) for row in counts[:, i]]), number=True)
            for g in range(len(groups))
        ]
        cells.append(Cell("", bars=tuple(_bar(row, untold) for row in counts[:, i])))
        minutes = [np.nan if hidden[i, -1] else way[i] for way in ways]
        rows.append([Cell(names[i], head=True), *cells, Cell(_both(text, *minutes), number=True)])
    header = [text["schools_name"], text["schools_pupils"]]
    header += [] if room is None else [text["schools_room"]]
    header += [text["schools_group"].format(group=group) for group in groups]
    header += [text["schools_mix"], text["schools_minutes"]]
    colours = [(f"background: {COLOURS[g % len(COLOURS)]}", str(group)) for g, group in enumerate(groups)]
    few = said(text["schools_few"].format(least=f"{facts.min_count:g}"), "note") if hidden.any() else ""
    return said(text["schools_text"]) + few + key(colours) + f'<div class="wide">{html_table(header, rows)}</div>'


def _ways(plan: Plan, zone: NDArray[np.intp]) -> Floats:
    """Mean minutes to each school of those who go there; NaN for those that nobody goes to, or that close."""
    problem, schools = plan.problem, len(plan.problem.schools)
    rows = np.flatnonzero(zone >= 0)
    people = problem.sizes[rows]
    minutes = np.bincount(zone[rows], people * problem.minutes[rows, zone[rows]], schools)
    rolls = np.bincount(zone[rows], people, schools)
    return np.append(np.divide(minutes, rolls, out=np.full(schools, np.nan), where=rolls > 0), np.nan)


def _room(plan: Plan, text: Words) -> list[str] | None:
    """Say how many pupils the rules let each school have; None where they say nothing."""
    low, high = rooms_of(plan.problem, plan.constraints)
    low, high = np.ceil(low - ROUNDING), np.floor(high + ROUNDING)
    if not low.any() and np.isinf(high).all():
        return None
    told = []
    for least, most in zip(low, high, strict=True):
        form = "room_least" if np.isinf(most) else "room_between" if least else "room_most"
        told.append(text[form].format(low=whole(least), high=whole(most)))
    return [*told, text["untold"]]


def _share(facts: PlanFacts, counts: Floats, group: int, hidden: NDArray[np.bool_]) -> str:
    """Share of a group in a school, in whole per cent: finer, and a block that moves could be had from the difference."""
    if hidden[group] or not counts[-1]:
        return facts.told(counts[group], hides=True)
    share = 100 * counts[group] / counts[-1]
    return str(facts.text["under_one"]) if 0 < share < 0.5 else f"{share:.0f}"


def _bar(counts: Floats, hidden: NDArray[np.bool_]) -> tuple[tuple[float, str], ...]:
    """Parts of a bar, groups in order; what is not told stays grey."""
    if not counts[-1]:
        return ()
    return tuple(
        (float(people / counts[-1]), COLOURS[g % len(COLOURS)])
        for g, people in enumerate(counts[:-1])
        if people and not hidden[g]
    )


# ---------------------------------------------------------------- rules and provenance


def _check(facts: PlanFacts) -> str:
    text = facts.text
    if not facts.plan.constraints:
        return said(text["check_free"])
    if facts.broken:
        return said(text["check_kept"]) + _bound(facts)
    found = facts.broken.violations
    by_rule = found.groupby("rule", sort=False)["by"].agg(["size", "sum", "max"])
    rows = [
        [Cell(_called(rule, text), head=True), Cell(whole(row["size"]), number=True)]
        + [Cell(_amount(rule, row[how], facts), number=True) for how in ("sum", "max")]
        for rule, row in zip(map(str, by_rule.index), by_rule.to_dict("records"), strict=True)
    ]
    places = [
        [
            _called(rule, text),
            text["check_all"] if where == "all" else str(where),
            Cell(_amount(rule, by, facts), number=True),
        ]
        for rule, where, by in found.itertuples(index=False)
    ]
    state = " open" if len(places) <= SHOWN else ""
    below = (
        f"<details{state}><summary>{text['check_more']}</summary>{html_table(text['check_where'], places)}</details>"
    )
    return said(text["check_broken"]) + f'<div class="wide">{html_table(text["check_header"], rows)}</div>' + below


def _bound(facts: PlanFacts) -> str:
    """Say how low zones could be at all, where that is known."""
    plan = facts.plan
    if np.isnan(plan.bound):
        return ""
    value = plan.bound + plan.gap
    return said(facts.text["check_bound"].format(value=f"{value:.4f}", bound=f"{plan.bound:.4f}"))


def _called(rule: str, text: Words) -> str:
    return str(text["called"].get(rule, rule))


def _amount(rule: str, by: float, facts: PlanFacts) -> str:
    """Say by how much a rule is broken; not where that would tell of few pupils."""
    unit = facts.text["measured"].get(rule)
    hides = unit == facts.text["measured"]["capacity"] and (
        facts.hidden[:, -1].any() or facts.untold[-1] or facts.few(by)
    )
    return "–" if unit is None or hides else amount(by, unit)


def _provenance(facts: PlanFacts, title: str | None) -> str:
    plan, page, text, min_count = facts.plan, facts.words["page"], facts.text, facts.min_count
    problem = plan.problem
    sizes = problem.sizes[problem.sizes > 0]
    told = {
        page["source_data"]: title or "–",
        page["source_groups"]: ", ".join(map(str, problem.pupils.groups)),
        text["source_pupils"]: text["source_pupils_text"].format(
            blocks=whole(len(sizes)),
            empty=whole(len(problem.sizes) - len(sizes)),
            median=people(float(np.median(sizes)), text, min_count),
            smallest=people(sizes.min(), text, min_count),
            largest=people(sizes.max(), text, min_count),
        ),
        page["source_crs"]: coordinates(problem.pupils, page),
        text["source_goal"]: repr(plan.goal),
        text["source_rules"]: ", ".join(map(repr, plan.constraints)) or "–",
        text["source_search"]: text["source_given" if plan.seed is None else "source_found"].format(seed=plan.seed),
        text["source_small"]: text["source_small_text"].format(least=f"{min_count:g}"),
    }
    indices = (what.index if isinstance(what, Chosen) else what for what in facts.spelled.whats.values())
    return provenance(told, [index.__name__ for index in indices if isinstance(index, Index)], page)
