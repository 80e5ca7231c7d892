"""A plan for school zones on an interactive map: today and in the plan, and what changes for each block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from segregation_tools.analysis.small_counts import small, withheld_in_lines
from segregation_tools.views.explore.layers import Content, Layer
from segregation_tools.views.maps import NOBODY
from segregation_tools.views.parts import people
from segregation_tools.views.zones import FILLS, ZoneMaps, zone_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan

    Codes = NDArray[np.intp]
    Words = dict[str, Any]

__all__ = ["of_plan", "places_of"]


def of_plan(plan: Plan, units: Codes, words: Words, min_count: float) -> Content:
    """Lay out a plan: a layer for today and one for the plan.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    units : ndarray of int
        Positions of the blocks that are on the page.
    words : dict
        Of a language.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    Content
    """
    problem, text = plan.problem, words["explore"]
    fills = [*ZoneMaps.of(plan).colours(), NOBODY]  # at −1, where a school closes
    outlined = np.flatnonzero((plan.zone != problem.current)[units]).tolist()
    key = [*_fills_of(plan, fills), *zone_key(plan, words["plan"])]
    layers = []
    for date, zone in (("today", problem.current), ("plan", plan.zone)):
        codes = np.where(zone < 0, len(fills) - 1, zone)[units].tolist()
        layers.append(Layer(words["plan"][f"maps_{date}"], text["zones_note"], fills, codes, key, outlined))
    columns = [text[name] for name in ("school_today", "school_plan", "minutes_today", "minutes_plan", "pupils")]
    return Content(layers, columns, _rows(plan, units, words, min_count))


def _fills_of(plan: Plan, fills: Sequence[str]) -> list[tuple[str, str]]:
    """Name the schools beside their colours, where each has its own."""
    schools = plan.problem.schools
    return (
        [(f"background: {fills[i]}", str(school)) for i, school in enumerate(schools)]
        if len(schools) <= len(FILLS)
        else []
    )


def _rows(plan: Plan, units: Codes, words: Words, min_count: float) -> list[list[str]]:
    problem, text, page = plan.problem, words["explore"], words["page"]
    everyone = np.zeros(len(plan.zone), dtype=np.intp)
    hidden = withheld_in_lines(problem.sizes, [everyone, problem.current + 1, plan.zone], min_count)
    rows = []
    for i in units:
        was, goes, size = problem.current[i], plan.zone[i], problem.sizes[i]
        today = str(problem.today[i])
        few = hidden[i] and not small(size, min_count)
        rows.append(
            [
                today if was >= 0 else text["closes"].format(school=today),
                str(problem.schools[goes]),
                _minutes(problem.minutes[i, was], words) if was >= 0 else words["plan"]["unknown"],
                _minutes(problem.minutes[i, goes], words),
                text["untold"] if few else people(size, page, min_count),
            ]
        )
    return rows


def _minutes(minutes: float, words: Words) -> str:
    return str(words["plan"]["unknown"]) if np.isnan(minutes) else f"{minutes:.1f}"


def places_of(plan: Plan, units: Codes, shapes: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Say where the schools stand, on the page.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    units : ndarray of int
        Positions of the blocks that are on the page.
    shapes : sequence of dict or None
        Their geometries, as in GeoJSON.

    Returns
    -------
    list of dict
        `name` and `at`, of schools whose place is known.
    """
    drawn = {int(unit): shape for unit, shape in zip(units, shapes, strict=True) if shape is not None}
    places = []
    for name, block in zip(plan.problem.schools, plan.problem.stands, strict=True):
        if int(block) in drawn:
            point = shapely.geometry.shape(drawn[int(block)]).representative_point()
            places.append({"name": str(name), "at": [point.x, point.y]})
    return places
