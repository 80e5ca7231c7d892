"""HTML tables of which every cell is escaped. Imports nothing of the package."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Cell", "html_table"]


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


def html_table(header: Sequence[str], rows: Iterable[Sequence[Cell | str]], *, caption: str = "") -> str:
    """Write a table.

    Parameters
    ----------
    header : sequence of str
        Column names.
    rows : iterable of sequences
        Text, or cells that are more than text.
    caption : str
        What the table shows.

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
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
