"""Sections of the report about scale: how much lies between the places of each tier, and how far segregation reaches."""

from __future__ import annotations

from html import escape
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.analysis.nested import decompose_tiers
from segregation_tools.analysis.scales import profile
from segregation_tools.errors import GeographyError
from segregation_tools.indices.evenness import information_theory
from segregation_tools.tables import Cell, html_table
from segregation_tools.views.parts import figure, number, percent, said, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segregation_tools.population.population import Population

__all__ = ["scale_parts", "telling_radii"]

INK, BAR, WHOLE = "#1c1c1c", "#1b6ca8", "#4d4d4d"
STEPS = (1, 2, 5)
MOST_RADII = 7
LEAST_RADII = 2
PAIRS = 2e8  # of units that may be looked at for one radius; a second or so
SAMPLE = 200  # units of which neighbours are counted beforehand


def scale_parts(pop: Population, page: Mapping[str, Any]) -> list[str]:
    """Write what a population tells of tiers and of distances.

    Parameters
    ----------
    pop : Population
        Any; of one group, nothing is told, and what its data do not hold is left out.
    page : mapping
        Words.

    Returns
    -------
    list of str
        HTML.
    """
    if len(pop.groups) < 2:
        return []
    sections = {}
    if pop.tiers is not None:
        sections[page["tiers_title"]] = said(page["tiers_environment"]) if pop.recipe is not None else _tiers(pop, page)
    if pop.geography.outlined and pop.recipe is None:
        sections[page["scale_title"]] = _distances(pop, page)
    return [section(title, body) for title, body in sections.items()]


def _tiers(pop: Population, page: Mapping[str, Any]) -> str:
    """Write the parts of the index, tier by tier, as a table and as steps."""
    parts = decompose_tiers(information_theory, pop)
    table, missing = parts.to_frame(), page["undefined"]
    names = [page["tiers_first"].format(tier=parts.tiers[0])]
    names += [page["tiers_next"].format(tier=tier, outer=outer) for outer, tier in pairwise(parts.tiers)]
    names.append(page["tiers_areas"].format(outer=parts.tiers[-1]))
    rows: list[list[Cell | str]] = [
        [Cell(name, head=True), number(value, missing), Cell(percent(part, missing), number=True)]
        for name, value, part in zip(names, table["value"], table["share"], strict=True)
    ]
    rows.append([Cell(page["tiers_whole"], head=True), number(parts.value, missing), ""])
    steps = _waterfall([*names, page["tiers_whole"]], table["value"].tolist(), page["tiers_alt"])
    told = f'<div class="wide">{html_table(page["tiers_header"], rows)}</div>'
    return f'{said(page["tiers_text"])}{told}<div class="single">{figure(steps, "")}</div>'


def _waterfall(names: Sequence[str], values: Sequence[float], words: str) -> str:
    """Draw parts as steps that add up, and their sum below."""
    ends = list(accumulate(values, initial=0.0))
    bars = [*pairwise(ends), (0.0, ends[-1])]
    low, high = min(ends), max(ends)
    wide = (high - low) or 1.0
    drawn = []
    for i, (name, (start, end)) in enumerate(zip(names, bars, strict=True)):
        left, across = 10 + 440 * (min(start, end) - low) / wide, 440 * abs(end - start) / wide
        top, fill = 46 * i + 24, WHOLE if i == len(values) else BAR
        drawn.append(
            f'<text x="10" y="{top - 6}">{escape(name)}</text>'
            f'<rect x="{left:.1f}" y="{top}" width="{max(across, 1):.1f}" height="18" fill="{fill}"/>'
            f'<text x="{left + across + 6:.1f}" y="{top + 14}">{_told(end - start)}</text>'
        )
    return _svg(f"0 0 540 {46 * len(bars) + 8}", words, "".join(drawn))


def _told(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def _svg(box: str, words: str, drawn: str) -> str:
    return (
        f'<svg viewBox="{box}" role="img" aria-label="{escape(words)}" font-family="system-ui, sans-serif" '
        f'font-size="13" fill="{INK}">{drawn}</svg>'
    )


def _distances(pop: Population, page: Mapping[str, Any]) -> str:
    """Write the index as the neighbourhood grows, as a table and as a curve."""
    try:
        radii = telling_radii(pop)
        if len(radii) < LEAST_RADII:
            return said(page["scale_few"])
        values = profile(information_theory, pop, radii=[0, *radii])["value"].tolist()
    except GeographyError:
        return said(page["scale_none"])
    left = [value / values[0] if values[0] > 0 else np.nan for value in values]
    names = [page["scale_own"], *(_spelled(metres, page) for metres in radii)]
    rows = [
        [Cell(name, head=True), number(value, page["undefined"]), Cell(percent(part, "–"), number=True)]
        for name, value, part in zip(names, values, left, strict=True)
    ]
    line = figure(_curve(names, values, page["scale_alt"]), "")
    return f'{said(page["scale_text"])}{html_table(page["scale_header"], rows)}<div class="single">{line}</div>'


def _spelled(metres: float, page: Mapping[str, Any]) -> str:
    far, unit = (metres / 1000, "scale_kilometres") if metres >= 1000 else (metres, "scale_metres")
    return str(page[unit].format(distance=f"{far:,g}".replace(",", "\u202f")))


def _curve(names: Sequence[str], values: Sequence[float], words: str) -> str:
    """Draw values over distances, of which each is about twice the one before."""
    low, high = min(0.0, *values), max(values)
    wide, apart = (high - low) or 1.0, 440 / (len(values) - 1)
    points = [(50 + apart * i, 200 - 170 * (value - low) / wide) for i, value in enumerate(values)]
    ground, path = 200 + 170 * low / wide, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    drawn = [
        f'<line x1="30" x2="510" y1="{ground:.1f}" y2="{ground:.1f}" stroke="{WHOLE}"/>',
        f'<polyline points="{path}" fill="none" stroke="{BAR}" stroke-width="2"/>',
    ]
    drawn += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{BAR}"/>'
        f'<text x="{x:.1f}" y="{y - 10:.1f}" text-anchor="middle">{value:.3f}</text>'.replace(">-", ">−")
        + f'<text x="{x:.1f}" y="222" text-anchor="middle" font-size="12">{escape(name)}</text>'
        for name, value, (x, y) in zip(names, values, points, strict=True)
    ]
    return _svg("0 0 540 234", words, "".join(drawn))


def telling_radii(pop: Population) -> list[float]:
    """Choose distances that tell something of these units: from that of neighbours to a quarter of the region.

    Parameters
    ----------
    pop : Population
        With geometry in metres.

    Returns
    -------
    list of float
        Metres: 1, 2 or 5 times a power of ten, from short to long. Few or none where there are so many units that the people
        around each could not be added up while one waits.

    Raises
    ------
    GeographyError
        If there are no metres.
    """
    side = pop.geography.cell_metres
    if side is not None:
        cells = float(np.prod(pop.geography.shape))
        return [radius for radius in _round(side, side * cells**0.5 / 4) if cells * 2 * radius / side <= PAIRS]
    from scipy.spatial import cKDTree

    places = np.asarray(pop.geography.centroids, dtype=np.float64)[pop.sizes.reshape(-1) > 0]
    if len(places) < 3:
        return []
    tree = cKDTree(places)
    nearest = float(np.median(np.asarray(tree.query(places, k=[2])[0])))
    extent = float(np.sqrt(np.prod(np.ptp(places, axis=0))))
    sample = places[:: max(1, len(places) // SAMPLE)]
    return [
        radius
        for radius in _round(nearest, extent / 4)
        if tree.query_ball_point(sample, radius, return_length=True).mean() * len(places) <= PAIRS
    ]


def _round(least: float, most: float) -> list[float]:
    """List round numbers between two, a few."""
    if not 0 < least <= most:
        return []
    powers = range(int(np.floor(np.log10(least))), int(np.ceil(np.log10(most))) + 1)
    every = [step * 10.0**power for power in powers for step in STEPS]
    return [number for number in every if least <= number <= most][:MOST_RADII]
