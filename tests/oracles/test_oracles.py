"""Values computed by other programs. A new index adds rows to values.csv (environments.csv, maps.csv) and nothing here.

`against` is empty (the groups among themselves), ``rest:g`` (g against the other groups) or the column of a stated
total (the one group against everyone else). `cell` picks a group, or ``from>to``. With a local environment, `crs` says in
which coordinates and `environment` whom people meet.

Left out, with the reason: normalised entropies of a unit (E_i/ln K, OasisR HLoc and NShannon), which are
`entropy_diversity.local` over a constant; OasisR's fourth ordinal index (1 − |2C − 1|), which is not on the shelf; divseg's
Gini and diversity, which are known to be wrong; published min-max values that take the total for the second group; values
with a kernel that smooths the residents too; OasisR's absolute centralization where units are equally far from a centre
(it takes them in the order of rows: 0.5635 or 0.5473 on Grenoble with three centres, 0.5554 taken together).
"""

import ast
from functools import cache
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import stocked

TABLES = [
    pd.read_csv(Path(__file__).with_name(f"{name}.csv"), dtype={"crs": str}, keep_default_na=False)
    for name in ("values", "environments", "maps")
]
VALUES = pd.concat(TABLES, ignore_index=True).fillna("")
SHIPPED = ("sacramento", "nc_births")


def _long(path, **columns):
    return sgt.Population.from_long(pd.read_csv(path), **columns).to_frame()


READ = {
    "schools00": lambda data: _long(data / "schools00.csv", unit="school", group="race", count="n"),
    "schools05": lambda data: _long(data / "schools05.csv", unit="school", group="race", count="n"),
    "school_ses": lambda data: pd.read_csv(data / "school_ses.csv").pipe(
        lambda pupils: pd.crosstab(pupils["school_id"], pupils["ses_quintile"].astype(str))
    ),
    "synth": lambda data: pd.read_csv(data / "synth.csv"),
    "england_wales": lambda data: pd.read_parquet(data / "mlid_oa_ethnicity_2011_ew.parquet"),
    "delaware": lambda data: geopandas.read_file(data / "de_tract_5groups_utm18.gpkg"),
    "grenoble": lambda data: geopandas.read_file(data / "oasis_grehsize.gpkg"),
    "synth_map": lambda data: geopandas.read_file(data / "synth.gpkg"),
    "segdata": lambda data: geopandas.read_file(data / "oasis_segdata.gpkg"),
}


@cache
def _frame(name, data):
    return sgt.load(name) if name in SHIPPED else READ[name](data)


def _falling(pop, power):
    """Weights exp(−power · d) between all units, however far apart: the default of the R package seg."""
    points = pop.geography.centroids.to_numpy()
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    return sgt.Neighbours(np.exp(-power * apart))


def _environment(text, pop):
    name, arguments = text.rstrip(")").split("(")
    if name == "falling":
        return _falling(pop, float(arguments))
    return getattr(sgt, name)(**_options(arguments.replace(", ", ";")))


def _population(row, data):
    frame = _frame(row.data, data)
    pop = _compared(frame.to_crs(int(row.crs)) if row.crs else frame, row)
    return pop.within(_environment(row.environment, pop)) if row.environment else pop


def _compared(frame, row):
    groups, against = row.groups.split("|"), row.against
    if not against:
        return sgt.Population.from_frame(frame, groups)
    if against.startswith("rest:"):
        return sgt.Population.from_frame(frame, groups).versus(against.removeprefix("rest:"))
    return sgt.Population.from_frame(frame, groups, total=against).versus(groups[0])


def _options(text):
    pairs = (part.split("=") for part in text.split(";") if part)
    return {name: ast.literal_eval(value) for name, value in pairs}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{row.Index}-{row.data}-{row.index}")
        for row in VALUES.rename_axis(None).itertuples(name="Row")
    ],
)
def test_value_of_another_program(row, request):
    data = None if row.data in SHIPPED else request.getfixturevalue("real_data")
    name, _, local = row.index.partition(".")
    index = stocked()[name].local if local else stocked()[name]
    answer = index(_population(row, data), **_options(row.options))
    if row.cell:
        start, _, end = row.cell.partition(">")
        start = answer.index[int(start[1:])] if start.startswith("#") else start
        answer = answer.loc[start, end] if end else answer[start]
    assert answer == pytest.approx(row.value, rel=row.tol, abs=row.tol)


def test_every_tract_of_the_bay_area(real_data):
    """Per-tract columns of the R package rsegregation."""
    bay = pd.read_parquet(real_data / "bay_tracts_2010_with_reference.parquet").set_index("fips")
    groups = ["hispanic", "white", "black", "asian", "all_other"]
    bay = bay[bay["total_pop"] > 0]  # shares of nobody are missing
    pop = sgt.Population.from_frame(bay[groups].mul(bay["total_pop"], axis=0), groups)
    for theirs, ours in (
        ("divergence", sgt.local_mutual_information(pop)),
        ("divergence", sgt.divergence.local(pop)),
        ("entropy", sgt.entropy_diversity.local(pop)),
        ("entropy_index", sgt.information_theory.local(pop)),
        ("white_lq", sgt.location_quotient(pop)["white"]),
    ):
        pd.testing.assert_series_equal(ours, bay[theirs], check_names=False, rtol=1e-9, atol=1e-9)


# No other program we know gives these; they are held against plain twins and the examples in their docstrings.
WITHOUT = {
    "local_exposure",  # the R package ndi moves shares away from 0 and 1 first, which moves every value
    "local_isolation",  # the same
    "index_of_concentration_at_extremes",  # a difference of two shares
    "neighborhood_sorting_index",
}


def test_every_index_on_the_shelf_has_an_oracle():
    assert {name.partition(".")[0] for name in VALUES["index"]} == set(sgt.shelf().index) - WITHOUT
