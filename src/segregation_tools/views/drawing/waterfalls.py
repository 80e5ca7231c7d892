"""Parts that add up to a whole, one after the other: of an index by tier, of a change by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.views.drawing.sheet import FALLS, FOUND, RISES, SOFT, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.analysis.change import ChangeDecomposition
    from segregation_tools.analysis.nested import TierDecomposition
    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["causes", "tiers"]


def tiers(found: TierDecomposition, sheet: Sheet, *, color: Any = FALLS) -> Axes:
    """Draw what lies between the places of each tier, broad to narrow, and the whole.

    Parameters
    ----------
    found : TierDecomposition
        From `decompose_tiers`.
    sheet : Sheet
        Where.
    color : colour
        As in matplotlib.

    Returns
    -------
    Axes
    """
    table = found.to_frame()
    index = words(found.index.__name__)
    names = list(map(words, table["tier"]))
    shares = [f"{value:.4f}\n{share:.0%}" for value, share in zip(table["value"], table["share"], strict=True)]
    parts = table["value"].to_numpy()
    ax = sheet.one((1.6 + 1.2 * (len(parts) + 1), 4.2))
    _fall(ax, names, parts, shares, index, [color] * len(parts), f"{found.value:.4f}")
    ax.set_ylabel(index)
    return ax


def causes(found: ChangeDecomposition, sheet: Sheet, *, rises: Any = RISES, falls: Any = FALLS) -> Axes:
    """Draw what each cause added to a change, or took from it, and the whole change.

    Parameters
    ----------
    found : ChangeDecomposition
        From `decompose_change`.
    sheet : Sheet
        Where.
    rises : colour
        Of what adds.
    falls : colour
        Of what takes away.

    Returns
    -------
    Axes
    """
    table = found.to_frame()
    parts = table["value"].to_numpy(dtype=np.float64)
    signed = [f"{value:+.4f}".replace("-", "−") if value else "0" for value in parts]
    ax = sheet.one((1.6 + 1.1 * (len(parts) + 1), 4.2))
    names = [words(term).replace(" ", "\n") for term in table["term"]]
    colours = [rises if part > 0 else falls for part in parts]
    _fall(ax, names, parts, signed, "change", colours, f"{found.value:+.4f}".replace("-", "−"))
    ax.set_ylabel(f"change of {words(found.index.__name__)}")
    return ax


def _fall(
    ax: Axes, names: Sequence[str], parts: Floats, told: Sequence[str], whole: str, colours: Sequence[Any], total: str
) -> None:
    """Stand each part on the sum of those before, and the whole at last on the ground."""
    sums = np.cumsum(parts)
    starts = np.append(0.0, sums[:-1])
    many = len(parts)
    bars = ax.bar(range(many), parts, bottom=starts, color=list(colours), width=0.65)
    last = ax.bar([many], [sums[-1]], color=FOUND, width=0.65)
    for at, level in enumerate(sums):
        ax.plot([at + 0.325, at + 0.675], [level, level], color=SOFT, linewidth=1, zorder=0)
    for bar, text in zip([*bars, *last], [*told, total], strict=True):
        top = max(bar.get_y(), bar.get_y() + bar.get_height())
        place = (bar.get_x() + bar.get_width() / 2, top)
        ax.annotate(text, place, (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize="small")
    ax.axhline(0, color=FOUND, linewidth=0.8)
    ax.set_xticks(range(many + 1), [*names, whole])
    ax.tick_params(axis="x", length=0)
    low, high = min(0.0, sums.min()), max(0.0, sums.max())
    room = 0.15 * (high - low or 1)
    ax.set_ylim(low - room if low < 0 else low, high + room)
    ax.spines[["top", "right"]].set_visible(False)
