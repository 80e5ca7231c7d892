"""What the documents show runs: the README, the first steps, the notebooks."""

import ast
import re
import textwrap
from pathlib import Path

import jupytext
import pytest

import segregation_tools as sgt

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        *[
            f"docs/{page}.md"
            for page in (
                "index",
                "start",
                "idea",
                "chance",
                "scale",
                "neighbourhoods",
                "autocorrelation",
                "certainty",
                "zones",
                "bounds",
                "homes",
                "interaction",
                "access",
                "policy",
                "pictures",
                "reports",
                "beyond",
                "editor",
            )
        ],
    ],
)
def test_the_code_runs_and_says_the_truth(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = {}
    text = (ROOT / document).read_text("utf-8")
    exec("import segregation_tools as sgt", space)  # noqa: S102 - our own document
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        code = textwrap.dedent(block)
        lines = code.encode().splitlines()
        for statement in ast.parse(code).body:
            exec(compile(ast.Module([statement], []), document, "exec"), space)  # noqa: S102 - our own document
            said = lines[statement.end_lineno - 1][statement.end_col_offset :].decode()
            number = re.match(r" *# (\d+(?:\.\d+)?)[,:]", said)
            if number:
                value = eval(ast.unparse(statement), space)  # noqa: S307 - our own document
                assert value == pytest.approx(float(number[1]), abs=5e-4), said
    assert (tmp_path / "report.html").exists() == ("report(" in text)


def test_the_command_of_the_readme_is_the_one_there_is():
    text = (ROOT / "README.md").read_text("utf-8")
    assert "python -m segregation_tools report my_city.gpkg --groups white,black,asian --out report.html" in text


@pytest.mark.parametrize("script", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_notebooks_and_their_scripts_are_one(script):
    notebook = jupytext.read(script.with_suffix(".ipynb"))
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in jupytext.read(script).cells]


@pytest.mark.parametrize("script", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_notebooks_are_one_course(script):
    first, *_, last = [cell.source for cell in jupytext.read(script).cells]
    assert re.match(r"# .*\?\n", first), "the title is the question"
    assert "*Assumed:*" in first
    assert "## What you can now say" in last
    assert "**Next:**" in last.replace("\n", " ")
    assert f"[{script.stem}]({script.stem}.ipynb)" in (ROOT / "notebooks" / "README.md").read_text("utf-8")
    assert script.with_suffix(".ipynb").stat().st_size < 700_000


@pytest.mark.parametrize("page", sorted((ROOT / "notebooks").glob("*.[pm][yd]")), ids=lambda path: path.stem)
def test_links_between_notebooks_lead_somewhere(page):
    for target in re.findall(r"\]\(([\w.]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_glossary_has_the_words_of_the_shelf():
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for dimension in sgt.shelf()["dimension"].unique():
        assert f"\n{dimension}\n: " in glossary


def test_every_index_has_its_question():
    choosing = (ROOT / "docs" / "choosing.md").read_text("utf-8")
    missing = [name for name in sgt.shelf().index if f"[`{name}`](reference/{name}.md)" not in choosing]
    assert not missing


def test_versions_agree():
    assert f"version: {sgt.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {sgt.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
