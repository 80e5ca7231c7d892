"""HTML tables of which every cell is escaped. Imports nothing of the package."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

__all__ = ["MOST", "Cell", "as_html", "html_table"]

MOST = 20  # rows that are shown of a result
LARGE, TELLING = 1000, 10  # from which on a number is told with one decimal, and a whole one without


@dataclass(frozen=True)
class Cell:
    """A cell that is more than text.

    Attributes
    ----------
    text : str
        What is read; escaped when written.
    number : bool
        Whether it is set as a number, to the right.
    head : bool
        Whether it heads its row.
    shade : float or None
        From 0 to 1, how strongly the cell is coloured.
    bars : tuple of tuple of (float, str)
        Stacked bars, one above the other: share of the whole, from 0 to 1, and colour of each part.
    """

    text: str
    number: bool = False
    head: bool = False
    shade: float | None = None
    bars: tuple[tuple[tuple[float, str], ...], ...] = ()

    def html(self) -> str:
        """Write the cell."""
        tag = 'th scope="row"' if self.head else "td"
        looks = ' class="number"' if self.number else ""
        if self.shade is not None:
            looks += f' style="background: rgba(33, 113, 181, {0.65 * min(max(self.shade, 0), 1):.3f})"'
        return f"<{tag}{looks}>{''.join(map(_bar, self.bars))}{escape(self.text)}</{tag.split(maxsplit=1)[0]}>"


def _bar(parts: Iterable[tuple[float, str]]) -> str:
    drawn = "".join(f'<i style="width: {100 * share:.0f}%; background: {colour}"></i>' for share, colour in parts)
    return f'<span class="bar">{drawn}</span>'


def html_table(
    header: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    *,
    caption: str = "",
    more: int = 0,
) -> str:
    """Write a table.

    Parameters
    ----------
    header : sequence of str
        Column names.
    rows : iterable of sequences
        Text, or cells that are more than text.
    caption : str
        What the table shows.
    more : int
        How many rows there are that are not shown; said below the others.

    Returns
    -------
    str

    Examples
    --------
    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        "<tr>" + "".join((cell if isinstance(cell, Cell) else Cell(cell)).html() for cell in row) + "</tr>"
        for row in rows
    )
    if more > 0:
        body += f'<tr><td colspan="{len(header)}">… {more:,} more</td></tr>'
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_html(frame: pd.DataFrame, caption: str) -> str:
    """Write a result for a notebook: the first rows of a table.

    Parameters
    ----------
    frame : DataFrame
        One row a value; its index is not shown.
    caption : str
        What it shows.

    Returns
    -------
    str
    """
    rows: list[list[Cell | str]] = [
        [Cell(_spelled(cell), number=True) if isinstance(cell, float) else str(cell) for cell in row]
        for row in frame.head(MOST).itertuples(index=False, name=None)
    ]
    return html_table([str(name) for name in frame.columns], rows, caption=caption, more=len(frame) - MOST)


def _spelled(number: float) -> str:
    if number.is_integer() and abs(number) >= TELLING:
        return f"{number:,.0f}"
    return f"{number:,.1f}" if abs(number) >= LARGE else f"{number:.4f}"
