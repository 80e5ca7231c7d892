"""Maps of who lives where, every group drawn alike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes

    from segregation_tools.population.population import Population

__all__ = ["CLASSES", "NOBODY", "can_be_drawn", "class_colours", "share_map", "small_map"]

# One scale for every group; narrow classes at the bottom, since most shares are small.
CLASSES = (0, 0.02, 0.05, 0.10, 0.20, 0.40, 0.60, 1.0)
PALETTE = ListedColormap(colormaps["YlGnBu"](np.linspace(0.06, 1, len(CLASSES) - 1)), name="shares")
NOBODY = "#d9d9d9"


def class_colours() -> list[tuple[float, float, str]]:
    """List the classes of the scale: from, to, colour.

    Returns
    -------
    list of tuple
    """
    return [(low, high, to_hex(PALETTE(i))) for i, (low, high) in enumerate(pairwise(CLASSES))]


def can_be_drawn(pop: Population) -> bool:
    """Tell whether there is anything to draw: a grid, or at least one geometry.

    Parameters
    ----------
    pop : Population
        Any.

    Returns
    -------
    bool
    """
    if pop.counts.ndim > 2:
        return True
    return pop.geography.outlined and not (_geometry(pop).isna() | _geometry(pop).is_empty).all()


def _geometry(pop: Population) -> Any:
    return pop.geography.geometry  # type: ignore[union-attr]  # asked for only where there are outlines


def share_map(pop: Population, group: Hashable, ax: Axes) -> Any:
    """Draw the share of a group among the residents of each unit.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    group : hashable
        Which group.
    ax : matplotlib.axes.Axes
        Where.

    Returns
    -------
    matplotlib.cm.ScalarMappable or None
        For a colour bar. Units without residents are grey.
    """
    norm = BoundaryNorm(CLASSES, PALETTE.N)
    counts = pop.counts[pop.groups.index(group)]
    shares = np.divide(counts, pop.sizes, out=np.full(counts.shape, np.nan), where=pop.sizes > 0)
    palette = PALETTE.with_extremes(bad=NOBODY)
    ax.set_axis_off()
    if counts.ndim > 1:
        ax.set_aspect("equal")
        return ax.imshow(shares, cmap=palette, norm=norm, interpolation="nearest")
    place = _geometry(pop)
    drawn = place.set_axis(range(len(place))).to_frame("geometry").set_geometry("geometry").assign(share=shares)
    drawn = drawn[~(drawn.geometry.isna() | drawn.geometry.is_empty)]
    look = {"missing_kwds": {"color": NOBODY}} if drawn["share"].isna().any() else {}
    drawn.plot(
        "share",
        ax=ax,
        cmap=palette,
        norm=norm,
        edgecolor="face",
        linewidth=0.25,
        markersize=3,
        aspect=_aspect(drawn),
        **look,
    )
    return next((collection for collection in ax.collections if collection.get_array() is not None), None)


def _aspect(drawn: Any) -> float:
    """Height over width of a degree at the middle of the map; 1 in metres, or where degrees cannot be meant."""
    _, south, _, north = drawn.total_bounds
    middle = (south + north) / 2
    return (
        1 / np.cos(np.radians(middle))
        if drawn.crs is not None and drawn.crs.is_geographic and abs(middle) < 89
        else 1.0
    )


def small_map(pop: Population, group: Hashable) -> Figure:
    """Draw the map of one group, without words: they are beside it on the page.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    group : hashable
        Which group.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    share_map(pop, group, figure.subplots())
    return figure
