"""What every picture stands on: the axes it was given or a figure of its own, its key, and text that is taken as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable

from segregation_tools.errors import OptionError, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter
    from numpy.typing import NDArray

__all__ = [
    "CHANCE",
    "FALLS",
    "FOUND",
    "RISES",
    "SOFT",
    "Sheet",
    "answer",
    "colour_bar",
    "plain",
    "refuse_unused",
    "words",
]

# Colours that tell nothing of anybody: what was found, what chance gives, up and down, and what is beside the point.
FOUND = "#1c1c1c"
CHANCE = "#b35806"
RISES, FALLS = "#b35806", "#1b6ca8"
SOFT = "#c9c9c9"

COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}  # of panels; four beyond


def plain(label: object) -> str:
    r"""Spell a label so that it is drawn as it is: a dollar sign begins no formula.

    Parameters
    ----------
    label : object
        Of a group, a place, a school …

    Returns
    -------
    str

    Examples
    --------
    >>> print(plain("$0 – $9,999"))
    \$0 – \$9,999
    """
    return str(label).replace("$", r"\$")


def words(name: object) -> str:
    """Spell the name of a measure, a term or a column for people.

    Parameters
    ----------
    name : object
        Such as ``group_margin``.

    Returns
    -------
    str

    Examples
    --------
    >>> words("group_margin")
    'group margin'
    """
    return plain(name).replace("_", " ")


def refuse_unused(where: str, **given: Any) -> None:
    """Refuse keywords that mean nothing together with others.

    Parameters
    ----------
    where : str
        Of what they mean nothing.
    **given
        Keywords; those that are None were not given.

    Raises
    ------
    OptionError
        Naming them.
    """
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        msg = f"{listed(unused)} mean nothing {where}: leave out"
        raise OptionError(msg)


@dataclass
class Sheet:
    """Where a picture is drawn.

    Attributes
    ----------
    given : Axes or None
        Those of the caller; without them a figure is made when the first axes are asked for.
    figsize : (float, float) or None
        Of that figure, in inches.
    figure : Figure or None
        What was made.
    """

    given: Axes | None = None
    figsize: tuple[float, float] | None = None
    figure: Figure | None = field(default=None, init=False)

    def one(self, size: tuple[float, float] = (6.4, 4.4)) -> Axes:
        """Return the axes of a picture that needs no more than one.

        Parameters
        ----------
        size : (float, float)
            Of its figure, in inches, where the caller does not say.

        Returns
        -------
        Axes
        """
        return self.several(1, "", size)[0]

    def several(self, panels: int, instead: str, size: tuple[float, float] = (4.4, 3.6)) -> list[Axes]:
        """Return the axes of a picture of some panels.

        Parameters
        ----------
        panels : int
            How many.
        instead : str
            How to ask for a picture that fits into the axes given, for the refusal.
        size : (float, float)
            Of a panel, in inches, where the caller does not say how large the figure is.

        Returns
        -------
        list of Axes

        Raises
        ------
        OptionError
            If axes were given, and there are several panels.
        """
        if self.given is not None:
            if panels > 1:
                msg = f"this picture has {panels} panels, which one ax cannot hold: leave out ax=, or {instead}"
                raise OptionError(msg)
            return [self.given]
        from matplotlib import pyplot as plt

        columns = COLUMNS.get(panels, 4)
        rows = ceil(panels / columns)
        figsize = (size[0] * columns, size[1] * rows) if self.figsize is None else self.figsize
        self.figure, grid = plt.subplots(rows, columns, figsize=figsize, layout="constrained", squeeze=False)
        axes = list(grid.flat)
        for empty in axes[panels:]:
            empty.remove()
        return axes[:panels]

    def inches(self, axes: Sequence[Axes]) -> tuple[float, float]:
        """Say how large a panel is; of a figure that was made, before it is laid out.

        Parameters
        ----------
        axes : sequence of Axes
            All panels.

        Returns
        -------
        wide, high : float
        """
        if self.figure is None:
            extent = axes[0].get_window_extent()
            return extent.width / axes[0].figure.dpi, extent.height / axes[0].figure.dpi
        wide, high = self.figure.get_size_inches()
        columns = COLUMNS.get(len(axes), 4)
        return wide / columns, high / ceil(len(axes) / columns)

    def discard(self) -> None:
        """Close the figure of a picture that came to nothing, so that no empty one is shown."""
        if self.figure is not None:
            from matplotlib import pyplot as plt

            plt.close(self.figure)

    def key(self, axes: Sequence[Axes], handles: Iterable[Artist], *, beside: bool = False) -> None:
        """Explain what is drawn, below it.

        Parameters
        ----------
        axes : sequence of Axes
            All panels.
        handles : iterable of Artist
            With labels.
        beside : bool
            Whether the key of a single panel stands to its right instead, for what is below is in use; on axes that were
            given, whose neighbours are not known, inside.
        """
        explained = list(handles)
        look: dict[str, Any] = {"handles": explained, "frameon": False, "fontsize": "small"}
        if not explained:
            return
        if len(axes) > 1 and self.figure is not None:
            self.figure.legend(loc="outside lower center", ncols=min(len(explained), 4), **look)
        elif not beside:
            columns = min(len(explained), 4 if self.given is None else 2)
            axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=columns, **look)
        elif self.given is None:
            axes[0].legend(loc="upper left", bbox_to_anchor=(1, 1), **look)
        else:
            axes[0].legend(loc="best", **look)


def answer(axes: Sequence[Axes]) -> Axes | NDArray[Any]:
    """Return the axes of one panel as they are, of several as an array.

    Parameters
    ----------
    axes : sequence of Axes
        All panels.

    Returns
    -------
    Axes or ndarray of Axes
    """
    if len(axes) == 1:
        return axes[0]
    panels = np.empty(len(axes), dtype=object)
    panels[:] = axes
    return panels


def colour_bar(
    axes: Sequence[Axes],
    values: NDArray[np.float64],
    cmap: Colormap,
    norm: Normalize,
    label: str,
    *,
    alpha: float | None = None,
    spelled: Formatter | None = None,
) -> None:
    """Explain the colours of all panels by one bar, pointed where values go on beyond it.

    Parameters
    ----------
    axes : sequence of Axes
        All panels.
    values : ndarray
        All that is drawn.
    cmap : Colormap
        Colours.
    norm : Normalize
        Which value has which.
    label : str
        What is measured.
    alpha : float, optional
        As on the map.
    spelled : Formatter, optional
        Of the numbers.
    """
    low, high = np.array([norm.vmin, norm.vmax], dtype=np.float64)
    below, above = np.nanmin(values) < low, np.nanmax(values) > high
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    look: dict[str, Any] = {"shrink": 0.7, "label": label, "alpha": alpha, "format": spelled, "extend": extend}
    bar = axes[0].figure.colorbar(ScalarMappable(norm, cmap), ax=list(axes), **look)
    bar.outline.set_edgecolor(SOFT)
