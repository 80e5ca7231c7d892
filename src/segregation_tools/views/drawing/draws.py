"""What was drawn, as a histogram: values of chance, of people drawn again, of neutral plans, of homes dealt out by lot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.analysis.replicates import rows_of
from segregation_tools.errors import CapabilityError, DataError
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.views.drawing.sheet import CHANCE, FOUND, answer, plain, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.analysis.chance import NullTest
    from segregation_tools.analysis.resampling import Bootstrap
    from segregation_tools.indices.index import Index
    from segregation_tools.planning.goals import Goal, Measure
    from segregation_tools.planning.homes.siting import HomePlan
    from segregation_tools.planning.neutral import NeutralPlans
    from segregation_tools.planning.plan import Plan
    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]
    Line = tuple[str, float, str, str]  # what, where, colour, style

__all__ = ["DRAWN", "by_lot", "called", "neutral", "null_tests", "resampled"]

BINS = 30
DRAWN = "#a3a3a3"
INSTEAD = "draw an index with one value"


def null_tests(
    found: NullTest, sheet: Sheet, *, bins: int | Sequence[float] | str = BINS, color: Any = DRAWN, legend: bool = True
) -> Axes | NDArray[Any]:
    """Draw what chance gave, the value that was found and the one expected.

    Parameters
    ----------
    found : NullTest
        From `null_test`.
    sheet : Sheet
        Where.
    bins : int, str or sequence of float
        As in ``ax.hist``.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes or ndarray of Axes
    """
    values, expected, p = (np.ravel(part) for part in (found.value, found.expected, found.p_value))
    axes = sheet.several(len(values), INSTEAD, (5.6, 3.6))
    for v, (ax, name) in enumerate(zip(axes, _names(found.value), strict=True)):
        lines = [
            (f"found {_short(values[v])} (p = {p[v]:.3g})", values[v], FOUND, "-"),
            (f"expected by chance {_short(expected[v])}", expected[v], CHANCE, "--"),
        ]
        _histogram(ax, found.draws[:, v], lines, bins, color, sheet, legend)
        ax.set(xlabel=words(found.index.__name__), ylabel=f"draws of {words(found.null)}", title=name)
    return answer(axes)


def resampled(
    found: Bootstrap,
    sheet: Sheet,
    *,
    level: float = 0.95,
    method: str = "basic",
    bins: int | Sequence[float] | str = BINS,
    color: Any = DRAWN,
    legend: bool = True,
) -> Axes | NDArray[Any]:
    """Draw what populations drawn again gave, the value that was found and its interval.

    Parameters
    ----------
    found : Bootstrap
        From `bootstrap` or `difference`.
    sheet : Sheet
        Where.
    level : float
        Of the interval.
    method : str
        As in `Bootstrap.interval`.
    bins : int, str or sequence of float
        As in ``ax.hist``.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes or ndarray of Axes
    """
    values = np.ravel(found.value)
    low, high = (np.ravel(end) for end in found.interval(level, method))
    axes = sheet.several(len(values), INSTEAD, (5.6, 3.6))
    for v, (ax, name) in enumerate(zip(axes, _names(found.value), strict=True)):
        interval = f"{100 * level:g} % interval ({method}) {_short(low[v])} – {_short(high[v])}"
        ax.axvspan(low[v], high[v], color=CHANCE, alpha=0.15, linewidth=0, label=interval, gid="interval")
        _histogram(
            ax, found.draws[:, v], [(f"found {_short(values[v])}", values[v], FOUND, "-")], bins, color, sheet, legend
        )
        ax.set(xlabel=called(found), ylabel="draws", title=name)
    return answer(axes)


def neutral(
    drawn: NeutralPlans,
    sheet: Sheet,
    *,
    plan: Plan | None = None,
    what: Index | Measure | Goal = dissimilarity,
    bins: int | Sequence[float] | str = BINS,
    color: Any = DRAWN,
    legend: bool = True,
) -> Axes:
    """Draw what neutral plans give, and where today's zones and a plan stand among them.

    Parameters
    ----------
    drawn : NeutralPlans
        From `neutral_plans`.
    sheet : Sheet
        Where.
    plan : Plan, optional
        Which is placed among them, beside today's zones.
    what : Index, Measure or Goal
        By what.
    bins : int, str or sequence of float
        As in ``ax.hist``.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes
    """
    values = drawn.values(what)
    lines: list[Line] = []
    places = {"today": drawn.place(what=what)} | ({} if plan is None else {"plan": drawn.place(plan, what)})
    for (name, place), style in zip(places.items(), ("--", "-"), strict=False):
        told = f"{name} {_short(place['value'])}: {place['lower']:.1%} of neutral plans are lower"
        lines.append((told, float(place["value"]), CHANCE if name == "today" else FOUND, style))
    ax = sheet.one()
    _histogram(ax, values.to_numpy(dtype=np.float64), lines, bins, color, sheet, legend)
    ax.set(xlabel=words(values.name), ylabel="neutral plans")
    if not drawn.mixed:
        ax.set_title("The chains have not shown that they mixed: shares are not to be relied on", fontsize="small")
    return ax


def by_lot(plan: HomePlan, sheet: Sheet, *, color: Any = DRAWN, legend: bool = True) -> Axes:
    """Draw the goal of homes dealt out by lot, that of the plan, that of today and the bound.

    Parameters
    ----------
    plan : HomePlan
        From `site_homes`, with ``rng=``.
    sheet : Sheet
        Where.
    color : colour
        As in matplotlib.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes
    """
    if not len(plan.by_lot):
        msg = "no plans were drawn by lot: site_homes(..., rng=7) draws them"
        raise CapabilityError(msg)
    marks = {
        "today": (plan.value_before, CHANCE, "--"),
        "plan": (plan.value, FOUND, "-"),
        "bound": (plan.bound, FOUND, ":"),
    }
    lines = [(f"{name} {_short(at)}", at, colour, style) for name, (at, colour, style) in marks.items()]
    ax = sheet.one()
    _histogram(ax, plan.by_lot.to_numpy(dtype=np.float64), lines, BINS, color, sheet, legend)
    ax.set(xlabel=plain(repr(plan.goal)), ylabel="plans drawn by lot")
    return ax


def called(found: Bootstrap) -> str:
    """Name what was drawn again: an index, or its change.

    Parameters
    ----------
    found : Bootstrap
        From `bootstrap` or `difference`.

    Returns
    -------
    str
    """
    index = words(found.samples[0].index.__name__)
    return index if len(found.samples) == 1 else f"change of {index}"


def _histogram(
    ax: Axes, draws: NDArray[Any], lines: Sequence[Line], bins: Any, color: Any, sheet: Sheet, legend: bool
) -> None:
    """Draw values that are defined, and lines at some that stand out."""
    defined = draws[~np.isnan(draws)]
    if not len(defined):
        msg = "there is nothing to draw: the index is undefined in every draw"
        raise DataError(msg)
    ax.hist(defined, bins=bins, color=color, edgecolor=color, linewidth=0.8)  # the edge shows what is very narrow
    for name, at, colour, style in lines:
        if np.isfinite(at):
            ax.axvline(at, color=colour, linestyle=style, linewidth=1.5, label=name)
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(y=0.05)
    if legend:
        below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2)} if sheet.given is None else {}
        ax.legend(frameon=False, fontsize="small", **below)


def _names(value: Any) -> list[str]:
    """Name the panels of an answer: its groups, or nothing where there is one value."""
    rows = rows_of(value)
    return [plain(row.get("group", f"{row['from']} → {row['to']}" if "from" in row else "")) for row in rows]


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
