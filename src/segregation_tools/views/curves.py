"""Curves: how two groups are spread over the units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from segregation_tools.indices.curve import segregation_curve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from segregation_tools.population.population import Population

__all__ = ["COLOURS", "curve", "even_spread", "line_of", "small_curves"]

STYLES = ("-", "--", "-.", ":")
COLOURS = ("#1b6ca8", "#b35806", "#4d4d4d", "#35978f", "#8073ac", "#a6611a")


def line_of(i: int) -> dict[str, Any]:
    """Choose the look of one of several lines, all alike in weight.

    Parameters
    ----------
    i : int
        Which, from 0.

    Returns
    -------
    dict
        For ``ax.plot``.
    """
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": STYLES[i % len(STYLES)], "linewidth": 1.8}


def curve(steps: pd.DataFrame, ax: Axes, **style: Any) -> None:
    """Draw the segregation curve of two groups.

    Parameters
    ----------
    steps : DataFrame
        From `segregation_curve`.
    ax : matplotlib.axes.Axes
        Where.
    **style
        Of the line, as in ``ax.plot``.
    """
    ax.plot(100 * steps.iloc[:, 1], 100 * steps.iloc[:, 0], **style)


def even_spread(ax: Axes, **style: Any) -> None:
    """Draw the diagonal, and frame the square in which curves lie.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where.
    **style
        Of the line, as in ``ax.plot``.
    """
    ax.plot([0, 100], [0, 100], color="#888888", linewidth=1, **style)
    ax.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")


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
    even_spread(ax, label=even)
    for i, group in enumerate(pop.groups if len(pop.groups) > 2 else pop.groups[:1]):
        pair = pop.versus(group, rest=object()) if len(pop.groups) > 2 else pop
        curve(segregation_curve(pair), ax, **line_of(i), label=f"{i + 1}")
    ax.set(xlabel=across, ylabel=up)
    ax.legend(frameon=False, loc="upper left")
    return figure
