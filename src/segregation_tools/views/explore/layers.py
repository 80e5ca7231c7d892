"""What can be chosen on an interactive map, and what is told of each unit: of a population, of values, of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from segregation_tools.analysis.small_counts import small, withheld_in_lines
from segregation_tools.autocorrelation.local import CLUSTERS, LocalAutocorrelation
from segregation_tools.errors import DataError, listed
from segregation_tools.indices.evenness import information_theory
from segregation_tools.population.reading import column_of_numbers
from segregation_tools.views.maps import (
    CLASSES,
    LESS_DIVERSE,
    NOBODY,
    classed,
    diversity_classes,
    share_classes,
    shares_of,
)
from segregation_tools.views.parts import people, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Flags = NDArray[np.bool_]
    Words = dict[str, Any]

__all__ = ["Content", "Layer", "named", "of_population"]

FEW = "#8c8c8c"  # where a colour would tell of few people
STEPS = 6  # classes of values, about
# High is orange and low is purple, as on all maps of what lies above and below.
CLUSTER_COLOURS = dict(
    zip(
        CLUSTERS,
        ("#f2f2f2", "#b35806", "#b2abd2", "#542788", "#fdb863", "#80cdc1", "#35978f", NOBODY),
        strict=True,
    )
)


@dataclass(frozen=True)
class Layer:
    """One way to colour the map.

    Attributes
    ----------
    name : str
        What is chosen.
    note : str
        How it is read.
    colours : sequence of str
        Fills.
    fills : sequence of int
        Of each unit, which of them.
    key : sequence of (str, str)
        How each class looks, in CSS, and what it means.
    outlined : sequence of int
        Units with a line around them.
    """

    name: str
    note: str
    colours: Sequence[str]
    fills: Sequence[int]
    key: Sequence[tuple[str, str]]
    outlined: Sequence[int] = ()


@dataclass(frozen=True)
class Content:
    """What an interactive map shows.

    Attributes
    ----------
    layers : sequence of Layer
        The first is shown at once.
    columns : sequence of str
        What is told of a unit.
    rows : sequence of sequence of str
        That, of each unit, as it is read.
    """

    layers: Sequence[Layer]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


# ---------------------------------------------------------------- a population


@dataclass(frozen=True, eq=False)
class _Told:
    """What is told of the residents of each unit.

    Attributes
    ----------
    counts : ndarray of shape (groups + 1, units)
        People, and all of them at last.
    hidden : ndarray of bool, of the same shape
        Which are not told.
    min_count : float
        Smallest count that is published.
    """

    counts: Floats
    hidden: Flags
    min_count: float

    @classmethod
    def of(cls, pop: Population, min_count: float) -> _Told:
        """Choose the counts that are too small to be told, and those from which they could be had."""
        flat = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
        counts = np.vstack([flat, flat.sum(axis=0)])
        rows, units = np.indices(counts.shape)
        hidden = withheld_in_lines(counts.ravel(), [units.ravel(), rows.ravel()], min_count)
        return cls(counts, hidden.reshape(counts.shape), min_count)

    @cached_property
    def coloured(self) -> Flags:
        """Say of which shares the class may be seen: it is the same for all that a hidden count may be."""
        total, hidden = self.counts[-1], self.hidden[:-1]
        few = np.asarray(small(self.counts[:-1], self.min_count))
        most = np.where(hidden, self.counts[:-1], 0).sum(axis=0)  # of a hidden count that is not small
        alone = (hidden & ~few).sum(axis=0) == 1
        least = np.where(alone, most - few.sum(axis=0) * self.min_count, 0)
        low, high = np.where(few, 0, least), np.where(few, self.min_count, most)
        spread = [np.divide(end, total, out=np.zeros_like(low), where=total > 0) for end in (low, high)]
        same = classed(spread[0], CLASSES) == classed(spread[1], CLASSES)
        return np.asarray(~hidden | (~self.hidden[-1] & same))

    @cached_property
    def exact(self) -> Flags:
        """Units of which everything is told."""
        return np.asarray(~self.hidden.any(axis=0))

    def total(self, page: Words, untold: str) -> list[str]:
        """Spell how many people live in each unit."""
        pairs = zip(self.counts[-1], self.hidden[-1], strict=True)
        return [self._count(count, hides, page, untold) for count, hides in pairs]

    def group(self, g: int, page: Words, text: Words) -> list[str]:
        """Spell how many of a group live in each unit, and their share."""
        spelled = []
        for count, total, hides in zip(self.counts[g], self.counts[-1], self.hidden[g], strict=True):
            number = self._count(count, hides, page, text["untold"])
            share = text["share"].format(people=number, share=percent(count / total, "")) if total and not hides else ""
            # a share and a count tell the sum
            spelled.append(share or number)
        return spelled

    def _count(self, count: float, hides: bool, page: Words, untold: str) -> str:
        return untold if hides and not small(count, self.min_count) else people(count, page, self.min_count)


def of_population(pop: Population, values: Mapping[str, Any], units: Codes, words: Words, min_count: float) -> Content:
    """Lay out a population: a layer for each value and each group, and for local diversity.

    Parameters
    ----------
    pop : Population
        Who lives where.
    values : mapping of str to Series, ndarray or LocalAutocorrelation
        Values of the units, by name.
    units : ndarray of int
        Positions of the units that are on the page.
    words : dict
        Of a language.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    Content
    """
    page, text, told = words["page"], words["explore"], _Told.of(pop, min_count)
    nobody, seen = np.asarray(told.counts[-1] == 0), np.asarray(told.coloured.all(axis=0))
    layers: list[Layer] = []
    columns: list[tuple[str, Sequence[str]]] = [(text["residents"], told.total(page, text["untold"]))]

    def add(layer: Layer, shown: Flags, spelled: Mapping[str, Sequence[str]]) -> None:
        layers.append(_drawn(layer, units, {text["nobody"]: nobody, text["few"]: ~shown}))
        columns.extend(spelled.items())

    def known(numbers: Sequence[str]) -> list[str]:
        return [number if exact else text["untold"] for number, exact in zip(numbers, told.exact, strict=True)]

    for name, given in values.items():
        layer, spelled = (_clusters if isinstance(given, LocalAutocorrelation) else _numbers)(name, given, pop, text)
        add(layer, told.exact, {column: known(numbers) for column, numbers in spelled.items()})
    for g, group in enumerate(pop.groups):
        shares = classed(shares_of(pop, group).reshape(-1), CLASSES)
        layer = Layer(str(group), text["share_note"].format(group=group), *_looks(share_classes(), shares))
        add(layer, told.coloured[g], {str(group): told.group(g, page, text)})
    if len(pop.groups) > 1:
        local = np.asarray(information_theory.local(pop)).reshape(-1)
        looks = _looks(diversity_classes(page["local_below"]), classed(local, LESS_DIVERSE))
        layer = Layer(text["diversity"], page["local_text"], *looks)
        add(layer, seen, {text["diversity"]: known([_spelled(one, text) for one in local])})
    if pop.tiers is not None:
        columns += [(str(tier), list(map(str, pop.tiers[tier]))) for tier in pop.tiers]
    return Content(layers, [name for name, _ in columns], [[column[unit] for _, column in columns] for unit in units])


# ---------------------------------------------------------------- values


def named(values: Any, pop: Population, text: Words) -> dict[str, Any]:
    """Read what was given to be shown beside a population.

    Parameters
    ----------
    values : Series, ndarray, LocalAutocorrelation, mapping of these, or None
        By name, or with the name they have.
    pop : Population
        Whose units they are of.
    text : dict
        Words.

    Returns
    -------
    dict
        Numbers as arrays in the order of the units, and results, by name.

    Raises
    ------
    DataError
        If something is not of these units, or is no number.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        name = getattr(values, "name", None)
        values = {text["value"] if name is None else str(name): values}
    read: dict[str, Any] = {}
    for name, given in values.items():
        series = given.to_frame()["value"] if isinstance(given, LocalAutocorrelation) else given
        labels = series.index if isinstance(series, pd.Series) else None
        if labels is None and np.shape(given) not in (pop.sizes.shape, (len(pop),)):
            msg = (
                f"values {name!r} must be a Series on the units, an array of shape {pop.sizes.shape} or a result such as "
                f"local_moran's, not {type(given).__name__} of shape {np.shape(given)}"
            )
            raise DataError(msg)
        if labels is not None:
            _refuse_strangers(str(name), labels, pop.units)
        read[str(name)] = given if isinstance(given, LocalAutocorrelation) else _array(str(name), given, pop)
    return read


def _refuse_strangers(name: str, labels: pd.Index[Any], units: pd.Index[Any]) -> None:
    if not labels.is_unique:
        msg = f"values {name!r} have units more than once: {listed(labels[labels.duplicated()].unique())}"
        raise DataError(msg)
    strange, missing = labels.difference(units), units.difference(labels)
    if len(strange) or len(missing):
        what = (
            f"of units that are not there: {listed(strange)}"
            if len(strange)
            else f"missing for units: {listed(missing)}"
        )
        msg = f"values {name!r} are {what}. They must be of the units of the population; a unit without a value has NaN"
        raise DataError(msg)


def _array(name: str, given: Any, pop: Population) -> Floats:
    column = given.reindex(pop.units) if isinstance(given, pd.Series) else pd.Series(np.ravel(given), index=pop.units)
    numbers = column_of_numbers(pd.DataFrame({name: column}), name, pop.units)
    endless = np.isinf(numbers)
    if endless.any():
        msg = f"values {name!r} are infinite in units {listed(pop.units[endless])}: put NaN where there is no value"
        raise DataError(msg)
    return numbers


def _numbers(name: str, values: Floats, _: Population, text: Words) -> tuple[Layer, dict[str, list[str]]]:
    """Lay out numbers in classes of one width: on both sides of 0 where there are numbers on both."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    both = low < 0 < high
    # classes are round numbers; where all values are the same there is one class, around them
    ends = (low, high) if high > low else (low - 0.5, low + 0.5)
    edges: Floats = MaxNLocator(nbins=STEPS, symmetric=both, steps=[1, 2, 2.5, 5, 10]).tick_values(*ends)  # type: ignore[assignment]  # an array
    edges = edges[max(0, np.searchsorted(edges, low, "right") - 1) : np.searchsorted(edges, high, "left") + 1]
    if len(edges) < 2:
        edges = np.array([low, low + 1])
    middle = (edges[1:] + edges[:-1]) / 2
    if both:
        colours = colormaps["PuOr"](0.5 - 0.45 * middle / np.abs(edges).max())
    else:
        colours = colormaps["YlGnBu"](np.linspace(0.06, 1, len(middle)))
    scale = [(to_hex(c), f"{_short(a)} – {_short(b)}") for c, (a, b) in zip(colours, pairwise(edges), strict=True)]
    found = classed(values, edges.tolist())
    if (found < 0).any():
        scale.append((NOBODY, text["no_value"]))
        found[found < 0] = len(scale) - 1
    return Layer(name, text["value_note"], *_looks(scale, found)), {name: [_spelled(one, text) for one in values]}


def _clusters(
    name: str, found: LocalAutocorrelation, pop: Population, text: Words
) -> tuple[Layer, dict[str, list[str]]]:
    frame = found.to_frame().reindex(pop.units)
    kinds = [kind for kind in CLUSTERS if (frame["cluster"] == kind).any()]
    scale = [(CLUSTER_COLOURS[kind], text["clusters"][kind]) for kind in kinds]
    codes = np.array([kinds.index(kind) for kind in frame["cluster"]], dtype=np.intp)
    note = text["cluster_note"].format(name=found.name, level=f"{found.level:.3g}")
    spelled = {
        name: [_spelled(one, text) for one in frame["value"]],
        text["p_value"]: [_spelled(one, text) for one in frame["p"]],
        text["cluster"]: [text["clusters"][kind] for kind in frame["cluster"]],
    }
    return Layer(name, note, *_looks(scale, codes)), spelled


# ---------------------------------------------------------------- looks


def _looks(scale: Iterable[tuple[str, str]], fills: Codes) -> tuple[list[str], list[int], list[tuple[str, str]]]:
    classes = list(scale)
    return [colour for colour, _ in classes], fills.tolist(), [(f"background: {c}", text) for c, text in classes]


def _drawn(layer: Layer, units: Codes, instead: Mapping[str, Flags]) -> Layer:
    """Choose the units that are on the page, and fill some otherwise: the first reason counts."""
    fills, colours, key = np.array(layer.fills), list(layer.colours), list(layer.key)
    done = np.zeros(len(fills), dtype=bool)
    for (text, where), colour in zip(instead.items(), (NOBODY, FEW), strict=True):
        if (where & ~done)[units].any():
            fills[where & ~done] = len(colours)
            colours.append(colour)
            key.append((f"background: {colour}", text))
        done |= where
    return Layer(layer.name, layer.note, colours, fills[units].tolist(), key)


def _short(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _spelled(value: float, text: Words) -> str:
    return str(text["no_value"]) if np.isnan(value) else f"{value:.4g}".replace("-", "−")
