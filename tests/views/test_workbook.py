"""The workbook: its formulas, computed by an evaluator of the few words they use, and held against the library."""

import builtins
import itertools
import re

import numpy as np
import openpyxl
import pytest
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

import segregation_tools as sgt
from segregation_tools.__main__ import main
from segregation_tools.views import workbook
from segregation_tools.views.parts import words_in
from tests.planning.towns import Town

GROUPS = ["white", "black", "asian", "hispanic"]
NASTY = ["=1+1", "+a", "-b", "@c", 'it\'s "<&>"', "*", "\tt"]


class Sheets:
    """A workbook of which formulas are computed when a cell is asked for."""

    def __init__(self, path):
        self.book = openpyxl.load_workbook(path)
        self.known = {}

    def change(self, sheet, cell, value):
        self.book[sheet][cell].value = value
        self.known = {}

    def __call__(self, sheet, cell):
        where = (sheet, cell.replace("$", ""))
        if where not in self.known:
            found = self.book[sheet][where[1]]
            self.known[where] = self.computed(found.value, sheet) if found.data_type == "f" else found.value
        return self.known[where]

    def cells(self, sheet, area):
        first, top, last, bottom = range_boundaries(area)
        rows = self.book[sheet].iter_rows(top, bottom, first, last)
        found = np.array([[self(sheet, cell.coordinate) for cell in row] for row in rows], dtype=object)
        return found.astype(float) if not any(isinstance(thing, str) for thing in found.flat) else found

    def computed(self, formula, sheet):
        """Rewrite a formula as an expression of Python, word by word."""
        words, parts = {"=": "=="}, []
        for token in Tokenizer(formula).items:
            if token.type == "OPERAND" and token.subtype == "RANGE":
                name, _, area = token.value.rpartition("!")
                name = name[1:-1].replace("''", "'") if name else sheet
                parts.append(f"of({name!r}, {area!r})")
            elif token.type == "FUNC":
                parts.append(token.value.replace("IF(", "WHEN(") if token.subtype == "OPEN" else ")")
            elif token.type == "OPERAND" and token.subtype == "TEXT":
                parts.append(repr(token.value[1:-1].replace('""', '"')))
            else:
                parts.append(words.get(token.value, token.value))

        def of(name, area):
            return self.cells(name, area) if ":" in area else self(name, area)

        def column(text):
            return np.arange(text.shape[1]) + 2  # the names begin in column B

        meant = {
            "of": of,
            "SUM": np.sum,
            "SUMPRODUCT": lambda first, *more: np.sum(np.prod([first, *more], axis=0)),
            "ABS": np.abs,
            "EXACT": np.equal,
            "COLUMN": column,
            "INDEX": lambda table, row, place: table[int(row) - 1, int(place) - 1],
            "WHEN": lambda true, one, other: one if true else other,
        }
        with np.errstate(invalid="ignore"):
            return eval("".join(parts), {"__builtins__": {}}, meant)  # noqa: S307 — of a file made by this test


def rows_of(sheets, name="Check"):
    """Measures of the first sheet: by formula, computed, verdict."""
    first = next(row for row in range(1, 30) if sheets(name, f"A{row}") == "Measure") + 1
    rows = itertools.takewhile(lambda row: sheets(name, f"A{row}"), itertools.count(first))
    return {sheets(name, f"A{r}"): (sheets(name, f"B{r}"), sheets(name, f"C{r}"), sheets(name, f"E{r}")) for r in rows}


@pytest.fixture(scope="module")
def plan():
    return Town().rezone(steps=2000)


@pytest.fixture
def tracts_of(tracts):
    return sgt.Population.from_frame(tracts.head(40), GROUPS)


@pytest.fixture
def sheets(tracts_of, tmp_path):
    return Sheets(sgt.report(tracts_of, tmp_path / "tracts.xlsx", min_count=0, title="Here"))


def test_formulas_come_to_what_the_library_computes(sheets, tracts_of):
    assert sheets.book.sheetnames == ["Check", "Counts", "Two groups", "All groups", "Exposure", "Computed"]
    found = rows_of(sheets)
    wanted = {
        "Dissimilarity of the two groups": sgt.dissimilarity(tracts_of[["white", "black"]]),
        "Dissimilarity of all groups": sgt.dissimilarity(tracts_of),
        **{f"Isolation of {group}": value for group, value in sgt.isolation(tracts_of).items()},
    }
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        by_formula, computed, verdict = found[name]
        assert by_formula == pytest.approx(value, abs=1e-12)
        assert computed == pytest.approx(value, abs=1e-12)
        assert verdict == "agrees"
    many = len(GROUPS)
    met = sheets.cells("Exposure", f"B3:E{many + 2}")
    np.testing.assert_allclose(met, sgt.exposure(tracts_of), atol=1e-12)
    np.testing.assert_allclose(sheets.cells("Exposure", f"B{many + 6}:E{2 * many + 5}"), met, atol=1e-12)
    assert np.abs(sheets.cells("Exposure", f"B{2 * many + 9}:E{3 * many + 8}")).max() < 1e-12
    assert sheets.book["Check"]["A1"].value == "Here"


def test_any_two_groups_can_be_chosen(sheets, tracts_of):
    for first, second in (("hispanic", "asian"), ("black", "white"), ("asian", "asian")):
        sheets.change("Check", "B4", first)
        sheets.change("Check", "B5", second)
        by_formula, computed, verdict = rows_of(sheets)["Dissimilarity of the two groups"]
        value = sgt.dissimilarity(tracts_of[[first, second]]) if first != second else 0
        assert by_formula == pytest.approx(value, abs=1e-12)
        assert computed == pytest.approx(value, abs=1e-12)
        assert verdict == "agrees"
        assert (sheets("Two groups", "B1"), sheets("Two groups", "C1")) == (first, second)
    (choice,) = sheets.book["Check"].data_validations.dataValidation
    assert choice.formula1 == "'Counts'!$B$1:$E$1"


def test_a_changed_count_changes_every_number(sheets, tracts_of):
    counts = tracts_of.counts.copy()
    counts[1, 7] += 3000
    sheets.change("Counts", "C10", counts[1, 7])
    changed = sgt.Population(counts, GROUPS)
    found = rows_of(sheets)
    assert found["Dissimilarity of the two groups"][0] == pytest.approx(sgt.dissimilarity(changed[["white", "black"]]))
    assert found["Dissimilarity of all groups"][0] == pytest.approx(sgt.dissimilarity(changed))
    assert found["Isolation of black"][0] == pytest.approx(sgt.isolation(changed)["black"])
    assert {verdict for *_, verdict in found.values()} == {"a count was changed"}
    assert sheets("Counts", "C2") == counts[1].sum()
    assert sheets("Counts", "F10") == counts[:, 7].sum()


def test_empty_units_and_parts_of_people_are_no_obstacle(tmp_path):
    pop = sgt.Population([[9.5, 0, 6], [10, 0, 30.25]], ["a", "b"])
    found = rows_of(Sheets(sgt.report(pop, tmp_path / "a.xlsx")))
    assert found["Dissimilarity of all groups"][0] == pytest.approx(sgt.dissimilarity(pop))
    assert found["Isolation of b"][0] == pytest.approx(sgt.isolation(pop)["b"])


def test_text_is_never_a_formula(tmp_path):
    many = len(NASTY)
    counts = 10 + np.random.default_rng(3).integers(0, 90, (many, many))
    pop = sgt.Population(counts, NASTY, units=["#N/A", *NASTY[1:]])
    sheets = Sheets(sgt.report(pop, tmp_path / "a.xlsx", title="=HYPERLINK(1)"))
    assert sheets.book["Check"]["A1"].data_type == "s"
    head = sheets.book["Counts"][1][1 : many + 1]
    assert [cell.value for cell in head] == NASTY
    assert {cell.data_type for cell in head} == {"s"}
    units = [sheets.book["Counts"].cell(i, 1) for i in range(3, many + 3)]
    assert [cell.value for cell in units] == ["#N/A", *NASTY[1:]]
    assert {cell.data_type for cell in units} == {"s"}
    for name in ("=1+1", "+a", "-b", "@c", "\tt"):
        assert [cell.quotePrefix for cell in head if cell.value == name] == [True]
    sheets.change("Check", "B4", "*")
    sheets.book["Check"]["B5"].value = "=1+1"
    sheets.book["Check"]["B5"].data_type = "s"
    found = rows_of(sheets)
    assert found["Dissimilarity of the two groups"][0] == pytest.approx(sgt.dissimilarity(pop[["*", "=1+1"]]))
    assert {verdict for *_, verdict in found.values()} == {"agrees"}


def test_only_what_the_library_wrote_is_a_formula(sheets):
    words = set()
    for sheet in sheets.book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    words |= set(re.findall(r"([A-Z]+)\(", cell.value))
    assert words == {"SUM", "SUMPRODUCT", "ABS", "EXACT", "COLUMN", "INDEX", "IF"}


def test_small_counts_are_withheld_unless_asked_for(tmp_path):
    pop = sgt.Population([[90, 3, 20], [40, 20, 0]], ["a", "b"], units=["x", "y", "z"])
    with pytest.raises(sgt.CapabilityError, match=r"1 of 3 units hold some above 0 and below 5: 'y'.*min_count=0"):
        sgt.report(pop, tmp_path / "a.xlsx")
    assert not (tmp_path / "a.xlsx").exists()
    assert sgt.report(pop, tmp_path / "a.xlsx", min_count=3).exists()
    assert Sheets(sgt.report(pop, tmp_path / "b.xlsx", min_count=0))("Counts", "B4") == 3


def test_what_no_workbook_holds_is_refused(tmp_path, plan):
    target = tmp_path / "a.xlsx"
    two = sgt.Population([[90, 10], [10, 90]], ["a", "b"])
    with pytest.raises(sgt.CapabilityError, match=r"within\(\.\.\.\).*report\.html"):
        sgt.report(two.within(sgt.Zones([1, 1])), target)
    with pytest.raises(sgt.GroupError, match="two or more"):
        sgt.report(two[["a"]], target)
    with pytest.raises(sgt.GroupError, match="spelled alike"):
        sgt.report(sgt.Population([[90, 10], [10, 90]], ["1", 1]), target)
    with pytest.raises(sgt.OptionError, match="rng=, draws= mean nothing for a workbook"):
        sgt.report(two, target, rng=1, draws=3)
    with pytest.raises(sgt.CapabilityError, match=r"merge the pupils"):
        sgt.report(plan, target)
    with pytest.raises(sgt.CapabilityError, match=r"'\.html', '\.htm', '\.xlsx', not '\.pdf'; for a PDF"):
        sgt.report(two, tmp_path / "a.pdf")
    with pytest.raises(sgt.DataError, match="another name"):
        sgt.report(sgt.Population([[90, 10], [10, 90]], ["a\x00", "b"]), target)
    assert not target.exists()


def test_more_units_than_a_sheet_has_rows_are_refused(tmp_path):
    pop = sgt.Population(np.full((2, workbook.ROWS - 1), 9.0), ["a", "b"])
    with pytest.raises(sgt.CapabilityError, match=r"1,048,575 units.*1,048,576 rows.*merge"):
        sgt.report(pop, tmp_path / "a.xlsx")


def test_the_schools_of_a_plan_are_merged_pupils(tmp_path, plan):
    pupils = plan.problem.pupils
    merged = pupils.merge(plan.to_frame()["school"])
    found = rows_of(Sheets(sgt.report(merged, tmp_path / "a.xlsx", min_count=0)))
    met = pupils.within(sgt.Zones(plan.to_frame()["school"]))
    assert found["Dissimilarity of all groups"][0] == pytest.approx(sgt.dissimilarity(met))


def test_it_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(sgt.CapabilityError, match=r'pip install "segregation-tools\[report\]"'):
        sgt.report(sgt.Population([[90, 10], [10, 90]], ["a", "b"]), tmp_path / "a.xlsx")
    with pytest.raises(sgt.CapabilityError, match="report"):  # before anything is said of small counts
        sgt.report(sgt.Population([[90, 1], [10, 1]], ["a", "b"]), tmp_path / "a.xlsx")


def test_the_command_line_writes_it(tmp_path, tracts, capsys):
    source, out = tmp_path / "areas.csv", tmp_path / "areas.xlsx"
    tracts.head(40)[["white", "black"]].to_csv(source)
    command = ["report", str(source), "--groups", "white,black", "--out", str(out)]
    assert main([*command, "--min-count", "0"]) == 0
    assert Sheets(out)("Check", "A1") == "areas.csv"
    assert capsys.readouterr().out.strip() == str(out)


@pytest.mark.parametrize("language", ["en"])
def test_words_fit_their_places(language):
    book = words_in(language)["workbook"]
    names = [book[sheet] for sheet in ("check", "counts", "pair", "mix", "exposure", "computed")]
    assert len({name.lower() for name in names}) == 6
    for name in names:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
    assert len(book["header"]) == 5
