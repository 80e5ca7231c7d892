"""Who meets whom, as a table of colours beside the one that chance alone would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize

from segregation_tools.errors import GroupError, OptionError, listed
from segregation_tools.population.population import Population
from segregation_tools.views.drawing.places import BOTH_WAYS, upwards
from segregation_tools.views.drawing.sheet import answer, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["is_matrix", "meetings"]

ROUNDING = 1e-6  # of shares that add up to 1
DARK = 0.45  # brightness below which text on a colour is white


def is_matrix(frame: pd.DataFrame) -> bool:
    """Tell a matrix of groups by groups: the rows are called `from`, the columns `to`.

    Parameters
    ----------
    frame : DataFrame
        Any.

    Returns
    -------
    bool
    """
    return frame.index.name == "from" and frame.columns.name == "to"


def meetings(
    matrix: pd.DataFrame, sheet: Sheet, *, on: Any = None, cmap: str | Colormap | None = None
) -> Axes | NDArray[Any]:
    """Draw whom the average member of each group meets; with the population, beside an even spread.

    Parameters
    ----------
    matrix : DataFrame
        From `exposure` and its like.
    sheet : Sheet
        Where.
    on : Population, optional
        Who was measured, for what chance would give.
    cmap : str or Colormap, optional
        Colours.

    Returns
    -------
    Axes or ndarray of Axes
    """
    values = matrix.to_numpy(dtype=np.float64)
    shares = bool(np.allclose(values.sum(axis=1), 1, atol=ROUNDING) and (values >= 0).all())
    panels = {"observed": values}
    if on is not None:
        panels["expected by chance"] = _even(matrix, on, shares)
    groups = list(map(plain, matrix.columns))
    end = 1.0 if shares else max(1.0, float(np.nanmax(np.abs(values), initial=0)))
    norm = Normalize(0 if shares else -end, end)
    colours = upwards(256) if shares and cmap is None else colormaps.get_cmap(cmap or BOTH_WAYS)
    side = 1.8 + 0.62 * len(groups)
    axes = sheet.several(len(panels), "leave out on=", (side + 0.6, side))
    for ax, (name, numbers) in zip(axes, panels.items(), strict=True):
        ax.imshow(numbers, cmap=colours, norm=norm)
        _written(ax, numbers, colours, norm, "{:.1%}" if shares else "{:.2f}")
        ax.set_xticks(range(len(groups)), groups, rotation=30, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(matrix)), list(map(plain, matrix.index)))
        ax.tick_params(length=0)
        ax.set(xlabel="meets, on average", ylabel="member of", title=name if len(panels) > 1 else "")
    return answer(axes)


def _even(matrix: pd.DataFrame, on: Any, shares: bool) -> Floats:
    """Return the matrix of an even spread: every row is the mix of the region."""
    if not isinstance(on, Population):
        msg = f"on= is the population that was measured, whose mix chance would give every row, not {type(on).__name__}"
        raise OptionError(msg)
    if not shares:
        msg = "the rows are no shares that add up to 1, so that chance gives them no mix: leave out on="
        raise OptionError(msg)
    absent = [group for group in matrix.columns if group not in on.groups]
    if absent or len(on.groups) != len(matrix.columns):
        msg = f"the matrix is of {listed(matrix.columns)}, the population of {listed(on.groups)}: give the one measured"
        raise GroupError(msg)
    return np.tile(on.mix[list(matrix.columns)].to_numpy(), (len(matrix), 1))


def _written(ax: Axes, numbers: Floats, cmap: Colormap, norm: Normalize, spelled: str) -> None:
    """Write each number on its colour, so that it can be read."""
    for (row, column), value in np.ndenumerate(numbers):
        red, green, blue, _ = cmap(norm(0 if np.isnan(value) else value))
        bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        text = "–" if np.isnan(value) else spelled.format(value).replace("-", "−")
        ink = "white" if bright < DARK and not np.isnan(value) else "black"
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize="small")
