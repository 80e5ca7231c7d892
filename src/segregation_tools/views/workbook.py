"""The workbook: counts, and live formulas by which anyone can follow how dissimilarity and exposure come about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import segregation_tools
from segregation_tools.analysis.small_counts import small
from segregation_tools.errors import CapabilityError, DataError, GroupError, lacking, listed
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.indices.exposure import exposure
from segregation_tools.views.parts import refuse_rare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Row = Sequence[str | float]

__all__ = ["write_workbook"]

ROWS, COLUMNS = 1_048_576, 16_384  # of a sheet, as Excel holds them
LONGEST = 32_767  # characters of a cell
ABOVE = 2  # rows above the first unit: names, and sums
CHOICES = (4, 5)  # rows of the first sheet in which the two groups are chosen
BESIDE = 10  # row of the first sheet with the first measure
AGREE = "1E-9"
PAPER = 9  # A4
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")  # text that a program could take for a formula when it is edited
SHARE, DIFFERENCE = "0.0000", "0.0E+00"


class _Formula(str):
    """What is computed; other text is only ever text."""

    __slots__ = ()


class _Head(str):
    """Text in bold."""

    __slots__ = ()


def write_workbook(
    pop: Population, path: str | PathLike[str], book: Mapping[str, Any], title: str | None, min_count: float
) -> Path:
    """Write counts, and the formulas that make dissimilarity and exposure of them.

    Parameters
    ----------
    pop : Population
        Of two groups or more, without an environment.
    path : path-like
        Where it goes.
    book : mapping
        Words.
    title : str or None
        Name of the place or of the data.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CapabilityError
        If a sheet would be too small, counts are too small to be told, there is an environment, or openpyxl is missing.
    GroupError
        If there is one group, or two are spelled alike.
    DataError
        If a label cannot stand in a cell.
    """
    try:
        from openpyxl import Workbook
    except ImportError as absent:
        raise lacking("a workbook needs one more package", "report", absent) from absent
    refuse_rare(pop, min_count)
    _refuse_misfits(pop, min_count)
    sheets = _Sheets(pop, book)
    _refuse_unwritable([title or "", *sheets.groups, *sheets.labels()])
    made = Workbook(write_only=True)
    made.calculation.fullCalcOnLoad = True
    whole, shares, narrow = sheets.counted, [SHARE] * len(pop.groups), (24, *[16] * (len(pop.groups) + 1))
    written = {
        "check": (
            sheets.check(title),
            ("General", "General", "General", DIFFERENCE, "General"),
            (36, 26, 22, 14, 24, 24),
        ),
        "counts": (sheets.counts(), ("General", whole), narrow),
        "pair": (sheets.pair(), ("General", whole, whole, SHARE), (24, 16, 16, 22, 22, 22)),
        "mix": (sheets.mix(), ("General", *shares, whole), narrow),
        "exposure": (sheets.exposure(), ("General", SHARE), narrow),
        "computed": (sheets.computed(), ("General",), narrow),
    }
    for name, (rows, formats, widths) in written.items():
        sheet = made.create_sheet(book[name])
        if name == "check":
            sheet.data_validations.append(sheets.choices())
        _write(sheet, rows, formats, widths, frozen="B3" if name in ("counts", "pair", "mix") else "")
    target = Path(path)
    made.save(target)
    return target


def _refuse_misfits(pop: Population, min_count: float) -> None:
    """Refuse what no workbook can show, or may not."""
    if pop.recipe is not None:
        msg = (
            "the formulas of a workbook read who lives in each unit and no local environment: give the population without "
            "within(...), or write a page, report(pop, 'report.html')"
        )
        raise CapabilityError(msg)
    names = [str(group) for group in pop.groups]
    if len(names) < 2 or len(set(names)) < len(names):
        msg = (
            f"a workbook compares groups, two or more, no two of them spelled alike: there are {listed(pop.groups, 30)}"
        )
        raise GroupError(msg)
    if len(pop) > ROWS - ABOVE or len(names) > COLUMNS - 2:
        msg = (
            f"{len(pop):,} units and {len(names):,} groups do not fit: a sheet holds at most {ROWS:,} rows and {COLUMNS:,} "
            "columns. Merge units, pop.merge(by), or write a page, report(pop, 'report.html')"
        )
        raise CapabilityError(msg)
    few = np.asarray(small(pop.counts, min_count)).any(axis=0).reshape(-1)
    if few.any():
        msg = (
            f"formulas need the counts as they are, and {int(few.sum()):,} of {len(pop):,} units hold some above 0 and "
            f"below {min_count:g}: {listed(pop.geography.labels(few))}. Merge units, pop.merge(by), or, for those who may "
            "see every count, min_count=0 writes them all"
        )
        raise CapabilityError(msg)


def _refuse_unwritable(texts: Iterable[str]) -> None:
    """Refuse names that no cell can hold, before anything is written."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for text in texts:
        if len(text) > LONGEST or ILLEGAL_CHARACTERS_RE.search(text):
            msg = f"{text[:60]!r} is too long for a cell or holds characters that no cell can: give it another name"
            raise DataError(msg)


@dataclass(frozen=True)
class _Sheets:
    """The rows of each sheet, top to bottom."""

    pop: Population
    book: Mapping[str, Any]

    @cached_property
    def groups(self) -> list[str]:
        return [str(group) for group in self.pop.groups]

    @cached_property
    def table(self) -> NDArray[Any]:
        """Counts, shape (groups, units)."""
        return self.pop.counts.reshape(len(self.groups), -1)

    @cached_property
    def met(self) -> NDArray[np.float64]:
        """Exposure, as the library computes it."""
        return np.asarray(exposure(self.pop), dtype=np.float64)

    @property
    def last(self) -> int:
        """Row of the last unit."""
        return len(self.pop) + ABOVE

    @property
    def counted(self) -> str:
        """How counts are shown."""
        return "#,##0" if (self.table % 1 == 0).all() else "#,##0.0##"

    def labels(self) -> Iterator[str]:
        for unit in self.pop.units:
            yield " / ".join(map(str, unit)) if isinstance(unit, tuple) else str(unit)

    def on(self, sheet: str, cells: str) -> str:
        """Spell cells of a sheet."""
        name = str(self.book[sheet]).replace("'", "''")
        return f"'{name}'!{cells}"

    def chosen(self, which: int) -> str:
        """Spell the place, among the groups, of the first or the second that is chosen."""
        return self.on("check", f"$C${CHOICES[which]}")

    def choices(self) -> Any:
        """Let the two groups be chosen from a list."""
        from openpyxl.worksheet.datavalidation import DataValidation

        names = self.on("counts", f"$B$1:${_letter(len(self.groups))}$1")
        first, last = CHOICES
        return DataValidation(type="list", formula1=names, allow_blank=False, sqref=f"B{first}:B{last}")

    def check(self, title: str | None) -> Iterator[Row]:
        """Measures, by formula and by the library."""
        book, pop, many = self.book, self.pop, len(self.groups)
        yield [_Head(title or book["title"])]
        yield [book["lead"].format(version=segregation_tools.__version__)]
        yield [_Head(book["choose"]), _Head(book["group"]), _Head(book["place"])]
        names = self.on("counts", f"$B$1:${_letter(many)}$1")
        for which, row in enumerate(CHOICES):
            at = _Formula(f"=SUMPRODUCT(EXACT({names},$B${row})*(COLUMN({names})-1))")
            yield [book["first" if which == 0 else "second"], self.groups[which], at]
        yield [book["small"].format(units=f"{len(pop):,}")]
        yield []
        yield []
        yield [_Head(name) for name in book["header"]]
        whole = self.on("counts", f"{_letter(many + 1)}2")
        region = self.on("mix", f"B2:{_letter(many)}2")
        apart = self.on("mix", f"{_letter(many + 1)}2")
        of_pairs = self.on("computed", f"$B$2:${_letter(many)}${many + 1}")
        two = f"=INDEX({of_pairs},{self.chosen(0)},{self.chosen(1)})"
        yield self._beside(0, book["of_two"], f"={self.on('pair', 'F2')}/2", _Formula(two))
        of_all = f"={apart}/(2*{whole}*SUMPRODUCT({region},1-{region}))"
        yield self._beside(1, book["of_all"], of_all, float(dissimilarity(pop)))
        for i, group in enumerate(self.groups):
            own = f"={self.on('exposure', f'{_letter(i + 1)}{i + 3}')}"
            name = book["isolation"].format(group=group)
            yield self._beside(i + 2, name, own, float(self.met[i, i]))
        sheets = {sheet: book[sheet] for sheet in ("pair", "mix", "exposure")}
        yield []
        yield [_Head(book["how"])]
        yield from ([book[name].format(**sheets)] for name in ("how_two", "how_all", "how_isolation"))

    def _beside(self, place: int, name: str, formula: str, computed: float | str) -> Row:
        row = BESIDE + place
        agrees, changed = (str(self.book[word]).replace('"', '""') for word in ("agrees", "changed"))
        verdict = f'=IF(ABS(D{row})<{AGREE},"{agrees}","{changed}")'
        return [name, _Formula(formula), computed, _Formula(f"=B{row}-C{row}"), _Formula(verdict)]

    def counts(self) -> Iterator[Row]:
        """Who lives where, with sums."""
        end, sums = _letter(len(self.groups)), range(1, len(self.groups) + 2)
        yield [_Head(name) for name in (self.book["unit"], *self.groups, self.book["everyone"])]
        yield [_Head(self.book["sum"]), *(_Formula(f"=SUM({_column(i, self.last)})") for i in sums)]
        for row, (label, people) in enumerate(zip(self.labels(), self.table.T, strict=True), ABOVE + 1):
            yield [label, *map(float, people), _Formula(f"=SUM(B{row}:{end}{row})")]

    def pair(self) -> Iterator[Row]:
        """Of the two groups that are chosen, where each lives, and how far apart that is."""
        book, end = self.book, _letter(len(self.groups))
        names = [_Formula(f"={self.on('check', f'$B${row}')}") for row in CHOICES]
        yield [_Head(book["unit"]), *names, *(_Head(book[name]) for name in ("part_first", "part_second", "apart"))]
        yield [_Head(book["sum"]), *(_Formula(f"=SUM({_column(i, self.last)})") for i in range(1, 6))]
        for row, label in enumerate(self.labels(), ABOVE + 1):
            line = self.on("counts", f"$B{row}:${end}{row}")
            people = [_Formula(f"=INDEX({line},1,{self.chosen(which)})") for which in (0, 1)]
            parts = [_Formula(f"=B{row}/B$2"), _Formula(f"=C{row}/C$2"), _Formula(f"=ABS(D{row}-E{row})")]
            yield [label, *people, *parts]

    def mix(self) -> Iterator[Row]:
        """Shares of the groups in each unit, and how far they are from those of the region, times its people."""
        book, many = self.book, len(self.groups)
        end, everyone = _letter(many), _letter(many + 1)
        yield [_Head(name) for name in (book["unit"], *self.groups, book["distance"])]
        sums = [self.on("counts", f"{_letter(i)}2") for i in range(1, many + 2)]
        region = [_Formula(f"={people}/{sums[-1]}") for people in sums[:-1]]
        yield [_Head(book["region"]), *region, _Formula(f"=SUM({_column(many + 1, self.last)})")]
        for row, label in enumerate(self.labels(), ABOVE + 1):
            whole = self.on("counts", f"${everyone}{row}")
            cells = [self.on("counts", f"{_letter(i)}{row}") for i in range(1, many + 1)]
            shares = [_Formula(f"=IF({whole}=0,0,{cell}/{whole})") for cell in cells]
            yield [label, *shares, _Formula(f"={whole}*SUMPRODUCT(ABS(B{row}:{end}{row}-B$2:{end}$2))")]

    def exposure(self) -> Iterator[Row]:
        """Who can meet whom: by formula, by the library, and the difference."""
        book, many = self.book, len(self.groups)
        head = [_Head(name) for name in (book["corner"], *self.groups)]
        yield [_Head(book["now"])]
        yield head
        for i, group in enumerate(self.groups, 1):
            mine, all_mine = self.on("counts", _column(i, self.last)), self.on("counts", f"{_letter(i)}2")
            met = [self.on("mix", _column(j, self.last)) for j in range(1, many + 1)]
            yield [_Head(group), *(_Formula(f"=SUMPRODUCT({mine},{theirs})/{all_mine}") for theirs in met)]
        yield []
        yield [_Head(book["was"])]
        yield head
        for group, row in zip(self.groups, self.met, strict=True):
            yield [_Head(group), *map(float, row)]
        yield []
        yield [_Head(book["difference"])]
        yield head
        for i, group in enumerate(self.groups):
            columns = [_letter(j) for j in range(1, many + 1)]
            yield [_Head(group), *(_Formula(f"={column}{i + 3}-{column}{i + many + 6}") for column in columns)]

    def computed(self) -> Iterator[Row]:
        """Dissimilarity of every two groups, as the library computes it."""
        pop, many = self.pop, len(self.groups)
        values = np.zeros((many, many))
        for i in range(many):
            for j in range(i):
                values[i, j] = values[j, i] = dissimilarity(pop[[pop.groups[j], pop.groups[i]]])
        yield [_Head(name) for name in (self.book["of_pairs"], *self.groups)]
        for group, row in zip(self.groups, values, strict=True):
            yield [_Head(group), *map(float, row)]


def _letter(column: int) -> str:
    """Spell a column; 0 is that of the labels."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column + 1))


def _column(column: int, last: int) -> str:
    """Spell the cells of all units in a column."""
    letter = _letter(column)
    return f"{letter}${ABOVE + 1}:{letter}${last}"


def _write(sheet: Any, rows: Iterable[Row], formats: Sequence[str], widths: Sequence[float], frozen: str) -> None:
    """Write a sheet, row by row; text is never taken for a formula."""
    from openpyxl.worksheet.properties import PageSetupProperties

    for i, width in enumerate(widths):
        sheet.column_dimensions[_letter(i)].width = width
    sheet.freeze_panes = frozen or None
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", PAPER
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr = 0, PageSetupProperties(fitToPage=True)
    if frozen:
        sheet.print_title_rows = f"1:{ABOVE}"
    for row in rows:
        sheet.append([_cell(sheet, thing, formats[min(i, len(formats) - 1)]) for i, thing in enumerate(row)])


def _cell(sheet: Any, thing: str | float, look: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if not isinstance(thing, str) or isinstance(thing, _Formula):
        cell = WriteOnlyCell(sheet, str(thing) if isinstance(thing, str) else thing)
        cell.number_format = look
        return cell
    cell = WriteOnlyCell(sheet, str(thing))
    cell.data_type = "s"
    if thing.startswith(RISKY):
        cell.quotePrefix = True
    if isinstance(thing, _Head):
        cell.font = Font(name="Calibri", size=11, bold=True)
    return cell
