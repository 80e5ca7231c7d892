"""References, the paragraph on methods, files."""

import builtins
import re

import openpyxl
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from segregation_tools.indices.references import references


def test_every_source_of_the_shelf_is_known_and_used():
    used = {key for index in stocked().values() for key in index.about.source}
    assert used == set(references())


def test_bibtex_has_each_source_once_and_balanced():
    text = sgt.cite()
    assert re.findall(r"@\w+\{(\w+),", text) == sorted(references())
    assert text.count("{") == text.count("}")
    for entry in text.split("\n\n"):
        assert "author = {" in entry
        assert re.search(r"year = \{\d{4}\}", entry)
        assert " & " not in entry.replace(r"\&", "")


def test_sources_can_be_asked_for_by_index_name_or_table(sacramento):
    one = sgt.cite(sgt.dissimilarity)
    assert "duncan1955" in one
    assert sgt.cite("dissimilarity") == one
    table = sgt.summary(sacramento, dimension="evenness")
    assert "theil1971" in sgt.cite(table)
    assert "bell1954" in sgt.cite(table, sgt.isolation)
    with pytest.raises(sgt.DataError, match="'beauty'"):
        sgt.cite("beauty")


def test_references_read_as_in_a_paper():
    found = references()
    assert found["duncan1955"].short == "Duncan & Duncan 1955"
    assert found["coleman1975"].short == "Coleman, Kelly & Moore 1975"
    assert found["krieger2016"].short == "Krieger et al. 2016"
    assert found["bell1954"].short == "Bell 1954"
    assert (
        found["lieberson1981"].full.endswith(
            "In C. Peach, V. Robinson & S. Smith (Eds.), Ethnic segregation in cities (pp. 61–82). Croom Helm."
        )
        or "In C. Peach" in found["lieberson1981"].full
    )


def test_the_paragraph_states_what_a_reader_needs(sacramento):
    text = sgt.methods(sacramento, sgt.dissimilarity, "gini", data="US Census 2000, Summary File 3")
    for fact in (
        "US Census 2000, Summary File 3",
        "white (67.2%)",
        "1,701,630 people in 403 units",
        "median 4,163 residents",
        "nest in county",
        "EPSG:4269",
        "dissimilarity D (Duncan & Duncan 1955;",
        "gini G (James & Taeuber 1985;",
        f"segregation_tools {sgt.__version__}",
    ):
        assert fact in text, fact
    two = sacramento.versus("black").within(sgt.Zones(sacramento.tiers["county"]))
    assert "We compare black with rest" in sgt.methods(two, data="x")
    assert "Residents meet everyone of the same zone; they weigh where they live (Zones(of 403 units))." in sgt.methods(
        two, data="x"
    )


@pytest.mark.parametrize(("ending", "read"), [(".csv", pd.read_csv), (".xlsx", pd.read_excel)])
def test_files_leave_out_small_counts(ending, read, tmp_path):
    pop = sgt.Population([[3, 50], [40, 0]], ["a", "b"], units=["u", "v"], total=[60, 70])
    frame = read(sgt.export(pop, tmp_path / f"counts{ending}"), index_col=0)
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["total"].isna().tolist() == [True, False]
    frame = read(sgt.export(pop, tmp_path / f"all{ending}", min_count=1), index_col=0)
    assert frame["a"].tolist() == [3, 50]


def test_text_in_a_sheet_is_never_a_formula(tmp_path):
    pop = sgt.Population([[9, 50], [40, 60]], ["=1+1", "b"], units=["=HYPERLINK(1)", "#N/A"])
    sheet = openpyxl.load_workbook(sgt.export(pop, tmp_path / "counts.xlsx")).active
    assert [sheet[cell].value for cell in ("B1", "A2", "A3")] == ["=1+1", "=HYPERLINK(1)", "#N/A"]
    assert not {cell.data_type for row in sheet.iter_rows() for cell in row} & {"f", "e"}


def test_tables_for_a_paper(tmp_path):
    named = sgt.Population([[90, 10], [10, 90]], ["a_b", "c&d 50%"])
    lines = sgt.export(sgt.summary(named), tmp_path / "table.tex").read_text("utf-8").splitlines()
    assert r"\begin{tabular}" in lines[0]
    rows = [line for line in lines if line.endswith(r"\\")]
    assert len(rows) == len(sgt.summary(named)) + 1
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {9}
    assert not [row for row in rows if re.search(r"(?<!\\)[_%#]", row)]
    tiny = sgt.summary(sgt.Population([[1, 2], [2, 1]], ["a", "b"]))
    assert pd.read_csv(sgt.export(tiny, tmp_path / "tiny.csv"))["median_unit"].isna().all()


def test_other_endings_and_absent_packages_are_refused(sacramento, tmp_path, monkeypatch):
    with pytest.raises(sgt.CapabilityError, match=r"'\.csv', '\.tex', '\.xlsx'"):
        sgt.export(sacramento, tmp_path / "table.docx")
    real = builtins.__import__

    def absent(name, *rest):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(sgt.CapabilityError, match=r"segregation-tools\[report\]"):
        sgt.export(sacramento, tmp_path / "table.xlsx")


def test_few_people_of_no_group_are_not_told_either():
    pop = sgt.Population([[30, 30], [27, 20]], ["a", "b"], total=[60, 60])
    assert pop.to_frame(export=True)["total"].isna().tolist() == [True, False]


def test_the_paragraph_tells_options_and_no_small_counts():
    pop = sgt.Population([[2, 90], [1, 10]], ["a", "b"], total=[10, 120])
    text = sgt.methods(pop, sgt.atkinson.bind(b=0.9), data="x")
    assert "atkinson(b=0.9) A" in text
    assert "from fewer than 5 to 100" in text
    assert "27 people of no named group are left out" in text
    with pytest.raises(sgt.DataError, match="summary"):
        sgt.methods(pop, sgt.exposure(pop), data="x")
    with pytest.raises(sgt.GroupError, match="groups="):
        sgt.methods(pop.to_frame(), data="x")
