"""Sources of formulas: as in a table, as in a list of references, as BibTeX."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reference", "references"]


@dataclass(frozen=True)
class Reference:
    """One source.

    Attributes
    ----------
    key : str
        As in ``references.toml``.
    type : str
        Of the BibTeX entry.
    authors, editors : tuple of str
        "Last, F. M.".
    year : int
    title : str
    journal, volume, number, pages, doi, book, publisher : str
        Empty where it does not apply.
    """

    key: str
    type: str
    authors: tuple[str, ...]
    year: int
    title: str
    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    doi: str = ""
    book: str = ""
    publisher: str = ""
    editors: tuple[str, ...] = ()

    @classmethod
    def in_words(cls, text: str) -> Reference:
        """Take a source that is only named, such as "Theil & Finizza 1971"."""
        return cls(key=re.sub(r"\W+", "", text).lower(), type="misc", authors=(), year=0, title=text)

    @property
    def short(self) -> str:
        """Authors and year, as in a table."""
        if not self.authors:
            return self.title
        last = [name.partition(",")[0] for name in self.authors]
        names = f"{last[0]} et al." if len(last) > 3 else " & ".join([", ".join(last[:-1]), last[-1]][len(last) == 1 :])
        return f"{names} {self.year}"

    @property
    def full(self) -> str:
        """As in a list of references."""
        if not self.authors:
            return self.title
        text = f"{_listed(self.authors)} ({self.year}). {self.title}."
        if self.journal:
            issue = f"({self.number})" if self.number else ""
            text += f" {self.journal}, {self.volume}{issue}, {self.pages}."
        elif self.book:
            given = _listed(tuple(" ".join(reversed(name.split(", "))) for name in self.editors))
            text += f" In {given} (Eds.), {self.book} (pp. {self.pages}). {self.publisher}."
        else:
            text += f" {self.publisher}."
        return text + (f" https://doi.org/{self.doi}" if self.doi else "")

    @property
    def bibtex(self) -> str:
        """As a BibTeX entry."""
        fields: Mapping[str, str] = {
            "author": " and ".join(self.authors),
            "editor": " and ".join(self.editors),
            "year": str(self.year or ""),
            "title": "{" + self.title + "}",
            "journal": self.journal,
            "booktitle": self.book,
            "volume": self.volume,
            "number": self.number,
            "pages": self.pages.replace("–", "--"),
            "institution" if self.type == "techreport" else "publisher": self.publisher,
            "doi": self.doi,
        }
        lines = [f"  {name} = {{{_latex(value)}}}" for name, value in fields.items() if value]
        return f"@{self.type}{{{self.key},\n" + ",\n".join(lines) + "\n}"


@cache
def references() -> dict[str, Reference]:
    """Read every source, by key.

    Returns
    -------
    dict
    """
    text = files("segregation_tools.indices").joinpath("references.toml").read_text("utf-8")
    found = {}
    for key, fields in tomllib.loads(text).items():
        known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        found[key] = Reference(key, **known)
    return found


def _listed(names: tuple[str, ...]) -> str:
    if len(names) < 3:
        return " & ".join(names) if "," not in names[0] else ", & ".join(names)
    return ", ".join(names[:-1]) + f", & {names[-1]}"


def _latex(text: str) -> str:
    """Spell what BibTeX would misread."""
    for plain, spelled in (("&", r"\&"), ("–", "--"), ("ü", r"{\"u}")):
        text = text.replace(plain, spelled)
    return text
