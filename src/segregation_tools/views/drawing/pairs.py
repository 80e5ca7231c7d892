"""Two values of each unit on one map: thirds by thirds, with their key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colorbar import make_axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from segregation_tools.errors import DataError, OptionError
from segregation_tools.views.drawing.sheet import SOFT
from segregation_tools.views.maps import painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid
    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["MIXED", "thirds", "two_values"]

# Stevens (2015), Bivariate choropleth maps: from left to right the first value, from below to above the second.
MIXED = ("#e8e8e8", "#ace4e4", "#5ac8c8", "#dfb0d6", "#a5add3", "#5698b9", "#be64ac", "#8c62aa", "#3b4994")
NOTHING = "#ffffff"
PARTS = 3


def thirds(values: Floats) -> tuple[Floats, Floats]:
    """Sort units into a low, a middle and a high third.

    Parameters
    ----------
    values : ndarray
        NaN where there is none.

    Returns
    -------
    third : ndarray of the same shape
        0, 1 or 2, NaN where there is none; units of the same value are together.
    edges : ndarray of shape (2,)
        The largest values of the low and of the middle third.

    Examples
    --------
    >>> third, edges = thirds(np.array([0.0, 1, 2, 3, 4, 5, np.nan]))
    >>> third.tolist(), edges.tolist()
    ([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, nan], [1.0, 3.0])
    """
    known = values[~np.isnan(values)]
    edges = np.quantile(known, [1 / PARTS, 2 / PARTS], method="inverted_cdf")
    return np.where(np.isnan(values), np.nan, np.searchsorted(edges, values, side="left")), edges


def two_values(
    place: Geography | Grid,
    values: Sequence[Floats],
    names: Sequence[str],
    sheet: Sheet,
    nothing: str,
    legend: bool,
    *,
    percent: bool,
    **look: Any,
) -> Axes:
    """Draw two values of each unit.

    Parameters
    ----------
    place : Geography or Grid
        Where units lie.
    values : two ndarrays of the shape of the place
        NaN where there is none.
    names : two str
        What they are.
    sheet : Sheet
        Where.
    nothing : str
        What units without a value have in common.
    legend : bool
        Whether there is a key.
    percent : bool
        Whether values are shares.
    **look
        As in `painted`.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If there are not two values.
    DataError
        If no unit has both.
    """
    if len(values) != 2:
        msg = f"bivariate=True is about two values, not {len(values)}: name them, column=[..., ...]"
        raise OptionError(msg)
    if np.isnan(values[0] + values[1]).all():
        msg = "there is nothing to draw: no unit has both values"
        raise DataError(msg)
    (first, across), (second, upwards) = thirds(values[0]), thirds(values[1])
    both = first + PARTS * second
    cmap, norm = ListedColormap(MIXED, name="two values"), BoundaryNorm(np.arange(len(MIXED) + 1) - 0.5, len(MIXED))
    ax = sheet.one((7.2, 4.6))
    painted(place, both, ax, cmap=cmap, norm=norm, nothing=NOTHING, **look)
    if legend:
        _key(ax, names, (across, upwards), "{:.0%}" if percent else "{:.3g}")
        if np.isnan(both).any():
            sheet.key([ax], [Patch(facecolor=NOTHING, edgecolor=SOFT, label=nothing)])
    return ax


def _key(ax: Axes, names: Sequence[str], edges: Sequence[Floats], spelled: str) -> None:
    """Draw the nine colours beside the map, which makes room as for a colour bar, and the values at which thirds meet."""
    current = ax.figure.gca()
    key, _ = make_axes(ax, location="right", fraction=0.24, pad=0.14, shrink=0.5, anchor=(0.0, 0.8), aspect=1)
    ax.figure.sca(current)
    key.imshow(np.arange(len(MIXED)).reshape(PARTS, PARTS), cmap=ListedColormap(MIXED), origin="lower")
    at = np.arange(1, PARTS) - 0.5
    key.set_xticks(at, [spelled.format(edge) for edge in edges[0]])
    key.set_yticks(at, [spelled.format(edge) for edge in edges[1]])
    key.tick_params(labelsize="x-small", length=2)
    key.set_xlabel(f"{names[0]} →", fontsize="small")
    key.set_ylabel(f"{names[1]} →", fontsize="small")
    for spine in key.spines.values():
        spine.set_visible(False)
