"""Lines: how two groups are spread over the units, and how an index falls as neighbourhoods grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from segregation_tools.views.curves import curve, even_spread, line_of
from segregation_tools.views.drawing.sheet import SOFT, answer, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from segregation_tools.views.drawing.sheet import Sheet

__all__ = ["is_curve", "is_profile", "scales", "steps"]

BAND = "by chance (95 of 100 draws)"
PALE = 0.3


def is_curve(frame: pd.DataFrame) -> bool:
    """Tell a segregation curve: two columns of numbers, from 0 to 1, that never fall.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    bool
    """
    if frame.shape[1] != 2 or len(frame) < 2 or not all(dtype.kind == "f" for dtype in frame.dtypes):
        return False
    numbers = frame.to_numpy()
    ends = (numbers[0] == 0).all() and np.allclose(numbers[-1], 1, rtol=0, atol=1e-9)
    return bool(ends and (np.diff(numbers, axis=0) >= 0).all())


def steps(
    frame: pd.DataFrame,
    sheet: Sheet,
    *,
    color: Any = None,
    linestyle: Any = None,
    linewidth: float | None = None,
    label: str | None = None,
    legend: bool = True,
) -> Axes:
    """Draw the segregation curve of two groups beside an even spread; once more on the same axes, another one.

    Parameters
    ----------
    frame : DataFrame
        From `segregation_curve`.
    sheet : Sheet
        Where.
    color : colour
        As in matplotlib.
    linestyle : optional
        As in ``ax.plot``.
    linewidth : float, optional
        As in ``ax.plot``.
    label : str, optional
        What is drawn, for the key.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes
    """
    first, second = map(plain, frame.columns)
    ax = sheet.one((5.4, 5.0))
    curves = [line for line in ax.lines if line.get_gid() == "curve"]
    if not curves:
        even_spread(ax, label="even spread")
        ax.set(xlabel=f"share of {second}, cumulated (%)", ylabel=f"share of {first}, cumulated (%)")
    look = line_of(len(curves)) | _given(color=color, linestyle=linestyle, linewidth=linewidth)
    curve(frame, ax, **look, gid="curve", label=f"{first} and {second}" if label is None else plain(label))
    if legend:
        ax.legend(frameon=False, loc="upper left")
    return ax


def _given(**look: Any) -> dict[str, Any]:
    return {name: value for name, value in look.items() if value is not None}


def is_profile(frame: pd.DataFrame) -> bool:
    """Tell what `profile` gives: columns `scale` and `value`.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    bool
    """
    return {"scale", "value"} <= set(frame.columns)


def scales(
    frame: pd.DataFrame,
    sheet: Sheet,
    *,
    color: Any = None,
    xlabel: str = "scale: metres or people",
    ylabel: str = "value",
    legend: bool = True,
) -> Axes | NDArray[Any]:
    """Draw the value of an index by scale, and between which values chance alone would put it.

    Parameters
    ----------
    frame : DataFrame
        From `profile`.
    sheet : Sheet
        Where.
    color : colour
        As in matplotlib.
    xlabel : str
        Below.
    ylabel : str
        Beside.
    legend : bool
        Whether what is drawn is explained.

    Returns
    -------
    Axes or ndarray of Axes
    """
    pairs = "from" in frame
    panels = [(plain(start), part) for start, part in frame.groupby("from", sort=False)] if pairs else [("", frame)]
    axes = sheet.several(len(panels), "draw the rows of one group, frame[frame['from'] == ...]", (5.4, 3.8))
    for ax, (start, part) in zip(axes, panels, strict=True):
        by = "to" if pairs else "group" if "group" in part else None
        rows = [("value", part)] if by is None else list(part.groupby(by, sort=False))
        lines = [
            _line(ax, row.sort_values("scale"), line_of(i) | _given(color=color), plain(name))
            for i, (name, row) in enumerate(rows)
        ]
        ax.set(title=f"from {start}" if start else "", xlabel=plain(xlabel), ylabel=plain(ylabel))
        ax.axhline(0, color=SOFT, linewidth=0.8, zorder=0)
    _on_one_scale(axes)
    handles = [*lines, *([Patch(color="#888888", alpha=PALE, label=BAND)] if "low" in frame else [])]
    if legend and len(handles) > 1:
        sheet.key(axes, handles, beside=True)
    return answer(axes)


def _line(ax: Axes, rows: pd.DataFrame, look: dict[str, Any], name: str) -> Line2D:
    (line,) = ax.plot(rows["scale"], rows["value"], marker="o", markersize=4, label=name, **look)
    if "low" in rows:
        edge: dict[str, Any] = {"linewidth": 1.2, "gid": "chance"}  # to be seen where chance leaves next to no room
        ax.fill_between(rows["scale"], rows["low"], rows["high"], color=look["color"], alpha=PALE, **edge)
    return line


def _on_one_scale(axes: Sequence[Axes]) -> None:
    """Let the panels of all groups have the same height."""
    if len(axes) > 1:
        ends = np.array([ax.get_ylim() for ax in axes])
        for ax in axes:
            ax.set_ylim(ends[:, 0].min(), ends[:, 1].max())
