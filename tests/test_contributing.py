"""The worked example of CONTRIBUTING.md, executed: one function and one oracle row make an index."""

import csv
import doctest
import io
import re
from pathlib import Path

import numpy as np
import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import SHELF
from tests.properties.cases import assert_same, population

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[1]


@pytest.fixture
def square_root():
    space = {"__name__": __name__}
    exec(block("python"), space)  # noqa: S102 - our own document
    yield space["square_root"]
    del SHELF["square_root"]


def test_one_function_and_one_oracle_row_make_an_index(square_root):
    (row,) = csv.DictReader(io.StringIO("data,groups,against,index,options,cell,value,tol,source\n" + block("csv")))
    births = sgt.load(row["data"])
    pop = sgt.Population.from_frame(births, row["groups"].split("|"))
    assert square_root(pop) == pytest.approx(float(row["value"]), rel=float(row["tol"]))

    table = sgt.summary(pop)
    assert table.set_index("index").loc[row["index"], "value"] == square_root(pop)
    assert sgt.shelf().loc[row["index"], "symbol"] == "O"

    for heading in ("Parameters", "Returns", "Examples"):
        assert heading in square_root.__doc__
    examples = doctest.DocTestParser().get_doctest(
        square_root.__doc__, {"sgt": sgt, "square_root": square_root}, "", "", 0
    )
    assert not doctest.DocTestRunner().run(examples).failed

    local = square_root.local(pop)
    assert_same((local * pop.sizes).sum() / pop.sizes.sum(), square_root(pop))

    zones = births["name"].str[0]
    assert_same(square_root(pop.within(sgt.Zones(zones))), square_root(pop.merge(zones)))

    halves = [pop.counts[:, :50], pop.counts[:, 50:]]
    parts = [square_root.partial(population(half), region=pop.group_totals) for half in halves]
    assert_same(square_root.combine(parts), square_root(pop))


def test_the_report_takes_it_too(square_root, tmp_path):
    pop = sgt.Population([[90, 10], [10, 90]], ["a", "b"])
    page = sgt.report(pop, tmp_path / "page.html").read_text("utf-8")
    assert "square_root" in page
    assert f"{square_root(pop):.4f}" in page
    assert np.isclose(square_root(pop), 1 - 2 * np.sqrt(0.9 * 0.1))
