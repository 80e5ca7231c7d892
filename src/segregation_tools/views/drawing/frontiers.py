"""What is given up for what: plans beside each other, and the chosen one among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter

from segregation_tools.errors import OptionError
from segregation_tools.planning.evidence import check_alike
from segregation_tools.planning.goals import moves, travel_time
from segregation_tools.planning.plan import Plan, values_of
from segregation_tools.views.drawing.sheet import CHANCE, FALLS, FOUND, SOFT, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from segregation_tools.planning.facilities.placing import FacilityFrontier
    from segregation_tools.planning.frontier import Frontier
    from segregation_tools.views.drawing.sheet import Sheet

__all__ = ["facilities", "zones"]

GOALS = {
    "p_median": "mean cost of the way to the nearest",
    "coverage": "share of people within the standard",
    "worst_group": "mean cost for the group that has it farthest",
}
PERCENT = FuncFormatter(lambda share, _: f"{100 * share:g}%".replace("-", "−"))
RING: dict[str, Any] = {"marker": "o", "s": 150, "facecolors": "none", "edgecolors": FOUND, "linewidths": 2}


def zones(
    found: Frontier,
    sheet: Sheet,
    *,
    chosen: int | Plan | None = None,
    color: Any = None,
    legend: bool = True,
) -> Axes:
    """Draw the share of pupils who move and the index of each plan; today's zones and a chosen plan beside them.

    Parameters
    ----------
    found : Frontier
        From `frontier`.
    sheet : Sheet
        Where.
    chosen : int or Plan, optional
        Row in ``.to_frame()``, or a plan of the same district: it is ringed.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes
    """
    table = found.to_frame()
    index = str(table.columns[2])
    x, y = table[moves.name].to_numpy(), table[index].to_numpy()
    first = found.plans[0].problem
    ring = None if chosen is None else _of_plan(found, chosen)
    ax = sheet.one()
    if color is None and table["travel_penalty"].nunique() > 1:
        dots = ax.scatter(x, y, c=table[travel_time.name], cmap="cividis", s=45, zorder=3)
        if legend:
            ax.figure.colorbar(dots, ax=ax, label="mean minutes", shrink=0.8)
    else:
        line = table[table["efficient"]].sort_values(moves.name)
        ax.plot(line[moves.name], line[index], color=SOFT, linewidth=1.2, zorder=1)
        ax.scatter(
            x, y, color=FALLS if color is None else color, s=45, zorder=3, label="plan; beside it, the price of a move"
        )
        places = list(zip(x.tolist(), y.tolist(), strict=True))
        for at in dict.fromkeys(places):
            same = [place == at for place in places]
            told = ", ".join(f"{price:g}" for price in table.loc[same, "move_penalty"])
            ax.annotate(told, at, (5, 5), textcoords="offset points", fontsize="x-small")
    if (first.current >= 0).all():
        today = values_of(first, first.current, [found.index])
        ax.scatter(0, today.iloc[0], color=CHANCE, marker="s", s=45, zorder=3, label="today")
    if ring is not None:
        ax.scatter(*ring, **RING, zorder=4, label="chosen")
    ax.xaxis.set_major_formatter(PERCENT)
    _finish(ax, "pupils whose school is another than today", words(index), legend)
    return ax


def _of_plan(found: Frontier, chosen: int | Plan) -> tuple[float, float]:
    """Return what a chosen plan asks to move, and its index."""
    plan = chosen if isinstance(chosen, Plan) else found.plans[_position(chosen, len(found.plans))]
    check_alike({"the frontier": found.plans[0], "the chosen plan": plan})
    moved, value = values_of(plan.problem, plan.zone, [moves, found.index])
    return float(moved), float(value)


def _position(chosen: Any, many: int) -> int:
    if isinstance(chosen, bool) or not isinstance(chosen, (int, np.integer)) or not 0 <= chosen < many:
        msg = f"chosen must be a plan, or the row of one in .to_frame(), from 0 to {many - 1}, not {chosen!r}"
        raise OptionError(msg)
    return int(chosen)


def facilities(
    found: FacilityFrontier, sheet: Sheet, *, chosen: int | None = None, color: Any = FALLS, legend: bool = True
) -> Axes:
    """Draw expected meetings across groups and the goal of each plan, and a chosen one among them.

    Parameters
    ----------
    found : FacilityFrontier
        From `facility_frontier`.
    sheet : Sheet
        Where.
    chosen : int, optional
        Row in ``.to_frame()``: it is ringed.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes
    """
    goal = found.plans[0].goal
    meetings = np.array([plan.meetings for plan in found.plans])
    values = np.array([plan.value for plan in found.plans])
    at = None if chosen is None else _position(chosen, len(found.plans))
    ax = sheet.one()
    ax.plot(meetings, values, color=SOFT, linewidth=1.2, zorder=1)
    ax.scatter(meetings, values, color=color, s=45, zorder=3, label="plan")
    if at is not None:
        ax.scatter(meetings[at], values[at], **RING, zorder=4, label="chosen")
    if goal == "coverage":
        ax.yaxis.set_major_formatter(PERCENT)
    _finish(ax, "expected meetings across groups", GOALS[goal], legend)
    return ax


def _finish(ax: Axes, across: str, upwards: str, legend: bool) -> None:
    ax.set(xlabel=across, ylabel=upwards)
    ax.spines[["top", "right"]].set_visible(False)
    if legend and ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small")
