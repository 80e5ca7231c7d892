"""Curves: how two groups are spread over the units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from segregation_tools.indices.curve import segregation_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from segregation_tools.population.population import Population

__all__ = ["curve", "small_curves"]

STYLES = ("-", "--", "-.", ":")
COLOURS = ("#1b6ca8", "#b35806", "#4d4d4d", "#35978f", "#8073ac", "#a6611a")


def curve(pop: Population, ax: Axes, **style: object) -> None:
    """Draw the segregation curve of two groups.

    Parameters
    ----------
    pop : Population
        Of two groups.
    ax : matplotlib.axes.Axes
        Where.
    **style
        Of the line, as in ``ax.plot``.
    """
    steps = segregation_curve(pop).to_numpy()
    ax.plot(100 * steps[:, 1], 100 * steps[:, 0], **style)  # type: ignore[arg-type]


def small_curves(pop: Population, across: str, up: str, even: str) -> Figure:
    """Draw the curve of every group against the rest, all alike.

    Parameters
    ----------
    pop : Population
        Of two or more groups.
    across, up, even : str
        Words for the two axes and for the diagonal.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if pop.surroundings is not None and not pop.surroundings.linear:
        pop = pop.redrawn(
            pop.counts
        )  # the nearest were found among the groups: those of no group are no part of the rest
    figure = Figure(figsize=(5.4, 4.6), layout="constrained")
    ax = figure.subplots()
    ax.plot([0, 100], [0, 100], color="#888888", linewidth=1, label=even)
    for i, group in enumerate(pop.groups if len(pop.groups) > 2 else pop.groups[:1]):
        pair = pop.versus(group, rest=object()) if len(pop.groups) > 2 else pop
        look = {"color": COLOURS[i % len(COLOURS)], "linestyle": STYLES[i % len(STYLES)], "linewidth": 1.8}
        curve(pair, ax, **look, label=f"{i + 1}")
    ax.set(xlim=(0, 100), ylim=(0, 100), xlabel=across, ylabel=up, aspect="equal")
    ax.legend(frameon=False, loc="upper left")
    return figure
