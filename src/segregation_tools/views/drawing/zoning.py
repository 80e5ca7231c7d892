"""School zones today and in a plan, the blocks that change school outlined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from segregation_tools.errors import GeographyError
from segregation_tools.population.options import one_of
from segregation_tools.views.drawing.sheet import answer, plain
from segregation_tools.views.maps import NOBODY, can_be_drawn
from segregation_tools.views.parts import DPI
from segregation_tools.views.zones import INK, LETTER, ZoneMaps

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.planning.plan import Plan
    from segregation_tools.views.drawing.sheet import Sheet

__all__ = ["zones"]

DATES = ("today", "plan")
ROOM = 0.88  # of a panel, for the map: its title and the key take the rest


def zones(
    plan: Plan, sheet: Sheet, *, date: str | None = None, names: bool = True, legend: bool = True
) -> Axes | NDArray[Any]:
    """Draw the zones of today and of the plan, one colour a school; colours mean nothing else.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.
    sheet : Sheet
        Where.
    date : {"today", "plan"}, optional
        One of the maps; both without.
    names : bool
        Whether names are written where there is room.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes or ndarray of Axes
    """
    dates = DATES if date is None else (one_of(date, "date", DATES),)
    if not can_be_drawn(plan.problem.pupils):
        msg = "the blocks of this plan have no geometry: read the pupils from a GeoDataFrame"
        raise GeographyError(msg)
    drawn = ZoneMaps.of(plan)
    width, height = drawn.size
    axes = sheet.several(len(dates), "draw one, date='today' or date='plan'", (5.2, 5.2 * height / width))
    wide, high = sheet.inches(axes)
    scale = ROOM * min(wide, high * width / height) / drawn.inches
    for ax, when in zip(axes, dates, strict=True):
        drawn.paint(when, ax, scale)
        _schools(ax, drawn, when, scale, names=names)
        ax.set_title(when)
    if legend:
        sheet.key(axes, _explained(plan, dates))
    return answer(axes)


def _schools(ax: Axes, drawn: ZoneMaps, date: str, scale: float, *, names: bool) -> None:
    """Mark schools, and name them where there is room."""
    (west, south, east, north), (width, height) = drawn.box, drawn.size

    def at(x: float, y: float) -> tuple[float, float]:
        return west + x / width * (east - west), north - y / height * (north - south)

    white = [withStroke(linewidth=2, foreground="white")]
    for mark in drawn.marks(date):
        ax.plot(*at(mark.x, mark.y), "o", color=INK, markersize=5, markeredgecolor="white", gid="school")
        if names and mark.box is not None:
            size = scale * LETTER * 72 / DPI
            ax.text(*at(*mark.written_at), plain(mark.name), fontsize=size, color=INK, path_effects=white)


def _explained(plan: Plan, dates: tuple[str, ...]) -> list[Artist]:
    look: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white"}
    handles: list[Artist] = [Line2D([], [], marker="o", color=INK, label="school", **look)]
    if "plan" in dates and (plan.zone != plan.problem.current).any():
        handles.append(Patch(facecolor="none", edgecolor=INK, linewidth=1.4, label="goes to another school than today"))
    if "today" in dates and (plan.problem.current < 0).any():
        handles.append(Patch(facecolor=NOBODY, label="school closes"))
    return handles
