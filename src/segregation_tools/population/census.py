"""Tables as census offices publish them: readable names, labels as text, counts joined to boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from segregation_tools.errors import DataError, DataWarning, listed, warn
from segregation_tools.population.reading import geometry_of, spelled_geoids

if TYPE_CHECKING:
    from collections.abc import Hashable

    from geopandas import GeoDataFrame

__all__ = ["census_frame", "join_boundaries"]

# Numbers of the variables in a table, by group. Those of a table add up to its total.
TABLES = {
    "B03002": {  # American Community Survey: Hispanic or Latino origin by race
        "total": "001",
        "white": "003",
        "black": "004",
        "native": "005",
        "asian": "006",
        "pacific": "007",
        "other": "008",
        "multiracial": "009",
        "hispanic": "012",
    },
    "P2": {  # redistricting data (PL 94-171) 2020: the same question
        "total": "001",
        "hispanic": "002",
        "white": "005",
        "black": "006",
        "native": "007",
        "asian": "008",
        "pacific": "009",
        "other": "010",
        "multiracial": "011",
    },
}
SPELLED = {  # how a variable is written: of a count, of its margin of error
    "B03002": ("B03002_{}E", "B03002_{}M", "B03002_{}"),
    "P2": ("P2_{}N", "", "P2_{}N"),
}


def census_frame(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Give a table of the US Census Bureau readable columns, one row a unit, labelled by GEOID.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Wide, with the Bureau's own columns (``B03002_003E``, ``P2_005N``), or long as tidycensus gives it (`GEOID`,
        `variable`, `estimate` and `moe`, or `value`). Never changed. GEOID may be a column or the index; a column
        `GEO_ID` (``1400000US06067000100``) is read too.
    table : {"B03002", "P2"}
        Which one: origin and race in the American Community Survey, or in the redistricting data of 2020.

    Returns
    -------
    DataFrame or GeoDataFrame
        `total`, `white`, `black`, `native`, `asian`, `pacific`, `other`, `multiracial`, `hispanic`, where the survey has
        them also their margins of error (`white_moe` …), and whatever other columns a wide frame has. Codes for "no
        estimate" stay as they are: a population refuses them by name.

    Raises
    ------
    DataError
        If a variable of the table is absent, or there is no GEOID.

    Examples
    --------
    >>> wide = pd.DataFrame({"GEOID": ["06067000100"], **{f"P2_{n:03}N": [n] for n in (1, 2, 5, 6, 7, 8, 9, 10, 11)}})
    >>> census_frame(wide, "P2")[["total", "white"]]
                 total  white
    GEOID
    06067000100      1      5
    """
    if table not in TABLES:
        msg = f"no table {table!r}; there are {listed(TABLES)}"
        raise DataError(msg)
    if "GEO_ID" in frame and "GEOID" not in frame:  # as the Bureau's own downloads have it, 1400000US06067000100
        frame = frame.assign(GEOID=frame["GEO_ID"].astype(str).str.rpartition("US")[2])
    if frame.index.name != "GEOID":
        if "GEOID" not in frame:
            msg = f"no column 'GEOID'; the columns are {listed(frame.columns, 30)}"
            raise DataError(msg)
        frame = frame.set_index("GEOID")
    if "variable" in frame:
        frame = _widened(frame, table)
    count, margin, _ = SPELLED[table]
    names = {count.format(number): group for group, number in TABLES[table].items()}
    absent = [name for name in names if name not in frame]
    if absent:
        msg = f"columns of table {table} that are absent: {listed(absent)}; the columns are {listed(frame.columns, 30)}"
        raise DataError(msg)
    if margin:
        names |= {margin.format(number): f"{group}_moe" for group, number in TABLES[table].items()}
    renamed = frame.rename(columns={name: group for name, group in names.items() if name in frame})
    return renamed.set_axis(spelled_geoids(renamed.index), axis=0)


def _widened(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """One row a unit, in the order in which units come, from one row a unit and variable."""
    count, margin, spelled = SPELLED[table]
    wide: list[pd.DataFrame] = []
    for column, name in {"estimate": count, "moe": margin, "value": count}.items():
        if column not in frame or not name:
            continue
        numbers = {spelled.format(number): name.format(number) for number in TABLES[table].values()}
        known = frame.loc[frame["variable"].isin(list(numbers)), ["variable", column]].reset_index()
        twice = known[known.duplicated(["GEOID", "variable"])]
        if len(twice):
            first = tuple(twice.iloc[0][["GEOID", "variable"]])
            msg = f"{len(twice)} pairs of GEOID and variable stand more than once, such as {first}: keep one year or survey"
            raise DataError(msg)
        wide.append(known.set_index(["GEOID", "variable"])[column].unstack().rename(columns=numbers))  # noqa: PD010
    if not wide:
        msg = (
            f"a long table has the columns 'variable' and 'estimate' or 'value'; these are {listed(frame.columns, 30)}"
        )
        raise DataError(msg)
    return pd.concat(wide, axis=1).reindex(frame.index.unique())


def join_boundaries(counts: pd.DataFrame, boundaries: GeoDataFrame, *, on: Hashable | None = None) -> GeoDataFrame:
    """Join counts to the boundaries of their units by code; what does not match is named and counted.

    Parameters
    ----------
    counts : DataFrame
        Its index holds the codes. Never changed.
    boundaries : GeoDataFrame
        Never changed.
    on : hashable, optional
        Column of `boundaries` that holds the codes; its index without.

    Returns
    -------
    GeoDataFrame
        Units that are in both, in the order of `counts`.

    Raises
    ------
    DataError
        If no code is in both, or one stands twice.

    Warns
    -----
    DataWarning
        Naming the codes of either side that the other does not have.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> joined = join_boundaries(pd.DataFrame({"pupils": 1}, index=tracts.index), tracts[["geometry"]])
    >>> len(joined), joined.crs.to_epsg()
    (403, 4269)
    """
    shapes = geometry_of(boundaries)
    if shapes is None:
        msg = "boundaries must be a GeoDataFrame with geometry"
        raise DataError(msg)
    if on is not None and on not in boundaries:
        msg = f"no column {on!r} in the boundaries; the columns are {listed(boundaries.columns, 30)}"
        raise DataError(msg)
    if counts.index.nlevels > 1 or boundaries.index.nlevels > 1:
        msg = "codes must be one label a row: reset or drop the other levels of the index"
        raise DataError(msg)
    codes: pd.Index[Any] = boundaries.index if on is None else pd.Index(boundaries[on], name=on)
    units, places = spelled_geoids(counts.index), spelled_geoids(codes)
    for side, labels in (("counts", units), ("boundaries", places)):
        if not labels.is_unique:
            msg = f"codes that stand more than once in {side}: {listed(labels[labels.duplicated()].unique())}"
            raise DataError(msg)
    shared = units[units.isin(places)]
    if not len(shared):
        msg = f"no code is in both: counts have {listed(units, 3)}, boundaries {listed(places, 3)}"
        raise DataError(msg)
    for side, alone in (("counts", units[~units.isin(places)]), ("boundaries", places[~places.isin(units)])):
        if len(alone):
            warn(f"{len(alone)} codes are in the {side} only and are left out: {listed(alone)}", DataWarning)
    import geopandas

    geometry = shapes.set_axis(places).reindex(shared)
    return geopandas.GeoDataFrame(counts.set_axis(units, axis=0).loc[shared], geometry=geometry)
