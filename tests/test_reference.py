"""The reference: every public name has its place and an example that runs; every link of the documents leads somewhere."""

import doctest
import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import stocked
from tests.properties.proved import PROPERTIES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = ("reference", "notebooks")  # by the build
PAGES = [*sorted(DOCS.glob("*.md")), *[ROOT / name for name in ("README.md", "CONTRIBUTING.md")]]
NAMES = [name for name in sgt.__all__ if name != "__version__"]


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(DOCS))
    yield importlib.import_module("pages")
    sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def written(pages, tmp_path_factory):
    """The pages that the build writes, by name."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "removed.md").write_text("an index that is no more")
    pages.write_reference(folder)
    return {page.stem: page.read_text("utf-8") for page in folder.glob("*.md")}


def test_every_public_name_has_its_place(written):
    assert "removed" not in written
    for name in NAMES:
        if name in stocked():
            assert f".. py:function:: segregation_tools.{name}(" in written[name]
        else:
            directives = re.compile(
                rf"^\.\. (?:autofunction|autoclass|py:data):: segregation_tools\.{name}$", re.MULTILINE
            )
            assert sum(len(directives.findall(page)) for page in written.values()) == 1, name


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example_that_runs(name):
    thing = getattr(sgt, name)
    owner = thing if inspect.isroutine(thing) or inspect.isclass(thing) or name in stocked() else type(thing)
    assert "Examples\n" in inspect.getdoc(owner)
    (found,) = (
        test
        for test in doctest.DocTestFinder(recurse=True).find(sys.modules[owner.__module__])
        if test.name == f"{owner.__module__}.{owner.__name__}"
    )
    assert found.examples
    assert name in found.docstring or owner is thing


@pytest.mark.parametrize("name", stocked())
def test_a_page_says_what_is_declared_and_proved(written, name):
    page, index = written[name], stocked()[name]
    for heading in ("Formula", "Properties", "On textbook patterns", "Worked example", "Sources"):
        assert f"\n## {heading}\n" in page
    assert all(line in page for line in index.citation().splitlines())
    for stated in PROPERTIES.values():
        assert (f"- {stated.says}\n" in page) == (index in stated.indices)
    assert len(re.findall(rf"^:alt: \w+ city, {name} \S", page, re.MULTILINE)) == 4
    assert not re.search(r"[a-zA-Z]_[a-z]{1,2}\b(?![^`]*`)", page.partition("## Formula")[2].partition("## ")[0])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dissimilarity", {"ghetto": "1.00", "checkerboard": "1.00"}),
        ("mutual_information", {"ghetto": "0.69", "checkerboard": "0.69"}),  # ln 2
        ("dissimilarity_in_metres", {"ghetto": "500", "checkerboard": "100"}),
        ("isolation", {"ghetto": "a 1.00, b 1.00"}),
        ("location_quotient", {"ghetto": "0.00 to 2.00", "gradient": "0.10 to 1.90"}),
        ("relative_centralization", {"ghetto": "0.00"}),
        ("delta", {"ghetto": "0.73"}),  # half of all columns have 15/55 of the land
    ],
)
def test_values_under_the_patterns_are_those_of_theory(written, name, values):
    for pattern, value in values.items():
        assert f":alt: {pattern} city, {name} {value}\n" in written[name]


def test_values_say_what_is_written_beside_them(written):
    assert "Share of pupils whose school is another than today." in written["planning"]
    assert (
        "| [`travel_time`](#segregation_tools.travel_time) | Mean minutes that a pupil travels. |"
        in written["planning"]
    )


def test_ranges_and_values_by_chance_are_said_in_words(pages):
    said = [pages.bounds(*ends) for ends in ((0, 1), (-1, 1), (0, np.inf), (-np.inf, 1), (-np.inf, np.inf))]
    assert said == ["0 to 1", "−1 to 1", "0 or more", "1 or less", "open to both sides"]
    known = {name: pages.by_chance(index) for name, index in stocked().items()}
    city = sgt.synthetic_city("random", rng=1)
    for name in ("dissimilarity", "gini", "exposure"):
        assert (stocked()[name].expected(city) is not None) == known[name].startswith("in closed form")
    with pytest.raises(sgt.CapabilityError):
        sgt.expected(sgt.location_quotient, city, rng=1)
    assert known["location_quotient"].startswith("none")


def test_formulas_are_set_and_code_is_left_alone(pages):
    assert pages.as_markdown("P*(g→h) = Σ_i n_ig^(1−b) X_{k−1}, `n_ig`") == (
        "P\\*(g→h) = Σ<sub>i</sub> n<sub>ig</sub><sup>1−b</sup> X<sub>k−1</sub>, `n_ig`"
    )
    assert pages.as_markdown("0 < b, `gini`", "atkinson") == "0 &lt; b, [`gini`](gini.md)"
    assert pages.split_formula("Twice: Σ t_i\n\nMore.") == ("Twice.", "Σ t_i.\n\nMore.")


# ---------------------------------------------------------------- links


def anchors(text):
    """Where links into a page may lead: its headings, as they are numbered by the builder."""
    headings = re.findall(
        r"^#{1,3} (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page, written):
    text = re.sub(r"^```(?!\{toctree).*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        if not path and anchor.startswith("segregation_tools."):
            assert anchor.removeprefix("segregation_tools.") in NAMES, target
            continue
        folder, _, name = path.rpartition("/")
        if folder in WRITTEN and page.parent == DOCS:
            source = ROOT / path if folder == "notebooks" else None
            there = source.exists() if source else name.removesuffix(".md") in written
            known = anchors(written[name.removesuffix(".md")]) if there and not source else set()
        else:
            at = page.parent / path if path else page
            there, known = at.exists(), anchors(at.read_text("utf-8")) if at.suffix == ".md" else set()
        assert there, target
        assert not anchor or anchor in known, target


def test_every_page_is_in_a_table_of_contents(written):
    trees = [page.read_text("utf-8") for page in DOCS.glob("*.md")]
    entries = {
        line.strip()
        for text in trees
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
        for line in tree.splitlines()
        if line.strip() and not line.startswith(":")
    }
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    notebooks = {f"notebooks/{path.stem}" for kind in ("*.ipynb", "*.md") for path in (ROOT / "notebooks").glob(kind)}
    assert entries == pages | notebooks | {"reference/index"}
    inside = re.findall(r"^\w+$", written["index"], re.MULTILINE)
    assert set(inside) == written.keys() - {"index"}
