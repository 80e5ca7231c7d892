"""Maps of who lives where, every group drawn alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import PatchCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from segregation_tools.population.geography import Geography

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes

    from segregation_tools.population.population import Population

__all__ = ["CLASSES", "share_map", "small_maps"]

# One scale for every group; narrow classes at the bottom, since most shares are small.
CLASSES = (0, 0.02, 0.05, 0.10, 0.20, 0.40, 0.60, 1.0)
PALETTE = ListedColormap(colormaps["YlGnBu"](np.linspace(0.06, 1, len(CLASSES) - 1)), name="shares")
NOBODY = "#e3e3e3"


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
    matplotlib.cm.ScalarMappable
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
    if not isinstance(pop.geography, Geography):
        raise TypeError(pop.geography)
    place = pop.geography.geometry
    drawn = place.set_axis(range(len(place))).to_frame("geometry").set_geometry("geometry").assign(share=shares)
    look = {"missing_kwds": {"color": NOBODY}} if np.isnan(shares).any() else {}
    drawn.plot("share", ax=ax, cmap=palette, norm=norm, edgecolor="face", linewidth=0.25, markersize=3, **look)
    collections = [c for c in ax.collections if c.get_array() is not None]
    return collections[0] if collections else PatchCollection([])


def small_maps(pop: Population, label: str) -> Figure:
    """Draw one small map a group, all on one scale.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    label : str
        Title of the scale.

    Returns
    -------
    matplotlib.figure.Figure
    """
    across = min(len(pop.groups), 2 if len(pop.groups) <= 4 else 3)
    down = -(-len(pop.groups) // across)
    figure = Figure(figsize=(9.0, 9.0 / across * 0.75 * down + 0.8), layout="constrained")
    axes = np.atleast_1d(figure.subplots(down, across)).reshape(-1)
    for ax in axes[len(pop.groups) :]:
        ax.set_axis_off()
    for ax, group in zip(axes, pop.groups, strict=False):
        drawn = share_map(pop, group, ax)
        ax.set_title(str(group), fontsize=11)
    bar = figure.colorbar(
        drawn, ax=list(axes), location="bottom", fraction=0.05, aspect=50, pad=0.03, spacing="uniform"
    )
    bar.set_ticks(list(CLASSES), labels=[f"{edge:.0%}" for edge in CLASSES])
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure
