"""Values of several places or dates with their intervals, in the order given: nobody is ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.resampling import Bootstrap
from segregation_tools.errors import DataError, listed
from segregation_tools.views.drawing.draws import called
from segregation_tools.views.drawing.sheet import FOUND, SOFT, answer, plain, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["bootstraps", "compared", "is_compared"]

COLUMNS = ("place", "index", "adjusted", "low", "high")
WIDTH, ROW = 6.4, 0.32  # inches


def is_compared(frame: pd.DataFrame) -> bool:
    """Tell what `compare` gives.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    bool
    """
    return set(COLUMNS) <= set(frame.columns)


def compared(frame: pd.DataFrame, sheet: Sheet, *, color: Any = FOUND) -> Axes | NDArray[Any]:
    """Draw by how much each place is above chance, index by index.

    Parameters
    ----------
    frame : DataFrame
        From `compare`.
    sheet : Sheet
        Where.
    color : colour
        As in matplotlib.

    Returns
    -------
    Axes or ndarray of Axes
    """
    parts = list(frame.groupby("index", sort=False))
    most = max(len(part) for _, part in parts)
    axes = sheet.several(
        len(parts), "draw the rows of one index, frame[frame['index'] == ...]", (WIDTH, 1.2 + ROW * most)
    )
    for ax, (index, part) in zip(axes, parts, strict=True):
        ends = part[["low", "high"]].to_numpy(dtype=np.float64).T
        _dots(ax, part["place"].tolist(), part["adjusted"].to_numpy(dtype=np.float64), ends, color)
        ax.axvline(0, color=SOFT, linewidth=1, zorder=0)
        ax.set_xlabel(f"{words(index)} beyond chance")
    return answer(axes)


def bootstraps(
    places: Mapping[Any, Bootstrap],
    sheet: Sheet,
    *,
    level: float = 0.95,
    method: str = "basic",
    color: Any = FOUND,
) -> Axes:
    """Draw a value and its interval for each of some places.

    Parameters
    ----------
    places : mapping of name to Bootstrap
        By name.
    sheet : Sheet
        Where.
    level : float
        Of the interval.
    method : str
        As in `Bootstrap.interval`.
    color : colour
        As in matplotlib.

    Returns
    -------
    Axes
    """
    strangers = [name for name, found in places.items() if not isinstance(found, Bootstrap)]
    if strangers or not places:
        what = f"{listed(strangers)} is none" if strangers else "it is empty"
        msg = (
            f"a mapping is drawn where it holds a Bootstrap for each name, {{'1990': sgt.bootstrap(...), ...}}: {what}"
        )
        raise DataError(msg)
    several = [name for name, found in places.items() if isinstance(found.value, (pd.Series, pd.DataFrame))]
    if several:
        msg = (
            f"one value a place is drawn, and these have several: {listed(several)}; bootstrap an index with one value"
        )
        raise DataError(msg)
    values = np.array([float(found) for found in places.values()])
    ends = np.array([found.interval(level, method) for found in places.values()], dtype=np.float64).T
    ax = sheet.one((WIDTH, 1.2 + ROW * len(places)))
    _dots(ax, list(places), values, ends, color)
    measured = " / ".join(dict.fromkeys(called(found) for found in places.values()))
    ax.set_xlabel(f"{measured}, {100 * level:g} % intervals")
    return ax


def _dots(ax: Axes, names: Sequence[Any], values: Floats, ends: Floats, color: Any) -> None:
    """Draw values as dots on their intervals, the first above."""
    rows = np.arange(len(names))
    ax.hlines(rows, *ends, color=color, linewidth=1.6)
    ax.plot(values, rows, "o", color=color, markersize=6)
    ax.set_yticks(rows, list(map(plain, names)))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(visible=True, axis="x", color="#eeeeee")
    ax.set_axisbelow(True)
