"""Maps of who lives where, every group drawn alike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure

from segregation_tools.indices.evenness import information_theory
from segregation_tools.population.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.population import Population

__all__ = [
    "CLASSES",
    "DIVERGING",
    "LESS_DIVERSE",
    "NOBODY",
    "PALETTE",
    "aspect",
    "can_be_drawn",
    "class_colours",
    "classed",
    "diversity_classes",
    "diversity_map",
    "painted",
    "share_classes",
    "share_map",
    "shares_of",
    "small_map",
    "value_map",
]

# One scale for every group; narrow classes at the bottom, since most shares are small.
CLASSES = (0, 0.02, 0.05, 0.10, 0.20, 0.40, 0.60, 1.0)
PALETTE = ListedColormap(colormaps["YlGnBu"](np.linspace(0.06, 1, len(CLASSES) - 1)), name="shares")
NOBODY = "#d9d9d9"

# Less diverse than the region above 0, more diverse below; local H is at most 1 and has no lowest value.
LESS_DIVERSE = (-99.0, -0.2, 0.0, 0.2, 0.4, 0.6, 1.0)
DIVERGING = ListedColormap(colormaps["PuOr"]([0.85, 0.68, 0.42, 0.3, 0.18, 0.05]), name="diversity")


def class_colours(classes: Sequence[float], palette: ListedColormap) -> list[tuple[float, float, str]]:
    """List the classes of a scale: from, to, colour.

    Parameters
    ----------
    classes : sequence of float
        Edges.
    palette : ListedColormap
        One colour a class.

    Returns
    -------
    list of tuple
    """
    return [(low, high, to_hex(palette(i))) for i, (low, high) in enumerate(pairwise(classes))]


def share_classes() -> list[tuple[str, str]]:
    """List the classes of shares: colour, and from where to where.

    Returns
    -------
    list of (str, str)
    """
    return [(colour, f"{low:.0%} – {high:.0%}") for low, high, colour in class_colours(CLASSES, PALETTE)]


def diversity_classes(below: str) -> list[tuple[str, str]]:
    """List the classes of local diversity: colour, and from where to where.

    Parameters
    ----------
    below : str
        Words for the class without a lower end, with ``{edge}``.

    Returns
    -------
    list of (str, str)
    """
    scale = class_colours(LESS_DIVERSE, DIVERGING)
    texts = [below.format(edge=_signed(scale[0][1]))]
    texts += [f"{_signed(low)} – {_signed(high)}" for low, high, _ in scale[1:]]
    return [(colour, text) for (_, _, colour), text in zip(scale, texts, strict=True)]


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def classed(values: NDArray[np.float64], classes: Sequence[float]) -> NDArray[np.intp]:
    """Say in which class each value is: a class begins at its lower edge; the last one holds its upper edge too.

    Parameters
    ----------
    values : ndarray
        Any; NaN where there is none.
    classes : sequence of float
        Edges.

    Returns
    -------
    ndarray of int, of the same shape
        From 0; −1 where there is no value.

    Examples
    --------
    >>> classed(np.array([0.0, 0.02, 1.0, np.nan]), CLASSES).tolist()
    [0, 1, 6, -1]
    """
    found = np.clip(np.digitize(values, classes) - 1, 0, len(classes) - 2)
    return np.where(np.isnan(values), -1, found)


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
    place = pop.geography
    return isinstance(place, Grid) or (place.outlined and not (place.geometry.isna() | place.geometry.is_empty).all())


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
    return value_map(pop, shares_of(pop, group), ax, CLASSES, PALETTE)


def shares_of(pop: Population, group: Hashable) -> NDArray[np.float64]:
    """Share of a group among the residents of each unit.

    Parameters
    ----------
    pop : Population
        Any.
    group : hashable
        Which group.

    Returns
    -------
    ndarray
        NaN where nobody lives.
    """
    counts = pop.counts[pop.groups.index(group)]
    shares: NDArray[np.float64] = np.divide(counts, pop.sizes, out=np.full(counts.shape, np.nan), where=pop.sizes > 0)
    return shares


def diversity_map(pop: Population, ax: Axes) -> Any:
    """Draw how much less diverse the environment of each unit is than the region (local H).

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    ax : matplotlib.axes.Axes
        Where.

    Returns
    -------
    matplotlib.cm.ScalarMappable or None
        For a colour bar. Units without residents are grey.
    """
    return value_map(pop, np.asarray(information_theory.local(pop)), ax, LESS_DIVERSE, DIVERGING)


def value_map(
    pop: Population, values: NDArray[np.float64], ax: Axes, classes: Sequence[float], palette: ListedColormap
) -> Any:
    """Draw a value of each unit in classes.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    values : ndarray
        One value a unit, NaN where nobody lives.
    ax : matplotlib.axes.Axes
        Where.
    classes : sequence of float
        Edges of the classes.
    palette : ListedColormap
        One colour a class.

    Returns
    -------
    matplotlib.cm.ScalarMappable or None
    """
    return painted(pop.geography, values, ax, cmap=palette, norm=BoundaryNorm(classes, palette.N))


def painted(
    place: Geography | Grid,
    values: NDArray[np.float64],
    ax: Axes,
    *,
    cmap: Colormap,
    norm: Normalize,
    nothing: str = NOBODY,
    edgecolor: str = "face",
    linewidth: float = 0.25,
    alpha: float | None = None,
    markersize: float = 3,
) -> Any:
    """Draw a value of each unit in the colours of a scale.

    Parameters
    ----------
    place : Geography or Grid
        Of the units; those without geometry are left out.
    values : ndarray of the shape of the place
        NaN where there is none.
    ax : matplotlib.axes.Axes
        Where.
    cmap : Colormap
        Colours.
    norm : Normalize
        Which value has which.
    nothing : str
        Colour where there is no value.
    edgecolor, linewidth, alpha, markersize
        As in ``GeoDataFrame.plot``; cells have no edges.

    Returns
    -------
    matplotlib.cm.ScalarMappable or None
    """
    colours = cmap.with_extremes(bad=nothing)
    ax.set_axis_off()
    if isinstance(place, Grid):
        ax.set_aspect("equal")
        look: dict[str, Any] = {"alpha": alpha, "interpolation": "nearest", "extent": _extent(place)}
        return ax.imshow(values, cmap=colours, norm=norm, **look)
    drawn = place.geometry.set_axis(range(len(values))).to_frame("geometry").set_geometry("geometry")
    drawn = drawn.assign(value=values)[~(drawn.geometry.isna() | drawn.geometry.is_empty)]
    look = {"missing_kwds": {"color": nothing}} if drawn["value"].isna().any() else {}
    look |= {"edgecolor": edgecolor, "linewidth": linewidth, "markersize": markersize, "alpha": alpha}
    before = len(ax.collections)
    drawn.plot("value", ax=ax, cmap=colours, norm=norm, aspect=aspect(drawn), **look)
    return next((collection for collection in ax.collections[before:] if collection.get_array() is not None), None)


def _extent(grid: Grid) -> tuple[float, float, float, float] | None:
    """West, east, south and north of a grid, where the size of its cells is known."""
    if grid.cell_size is None:
        return None
    return (grid.x, grid.x + grid.cols * grid.cell_size, grid.y - grid.rows * grid.cell_size, grid.y)


def aspect(drawn: Any) -> float:
    """Say how high a degree is over how wide, at the middle of the map; 1 in metres, or where degrees cannot be meant.

    Parameters
    ----------
    drawn : GeoDataFrame or GeoSeries
        What is on the map.

    Returns
    -------
    float
    """
    _, south, _, north = drawn.total_bounds
    middle = (south + north) / 2
    return (
        1 / np.cos(np.radians(middle))
        if drawn.crs is not None and drawn.crs.is_geographic and abs(middle) < 89
        else 1.0
    )


def small_map(pop: Population, group: Hashable | None = None) -> Figure:
    """Draw the map of one group, or of diversity, without words: they are beside it on the page.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    group : hashable, optional
        Which group; local diversity without.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    ax = figure.subplots()
    if group is None:
        diversity_map(pop, ax)
    else:
        share_map(pop, group, ax)
    return figure
