"""From a frame's columns to arrays: every refusal of bad input names the column, the rows and the mend."""

from __future__ import annotations

import os
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, DataWarning, GeographyError, listed, warn
from segregation_tools.population.checking import check_counts, check_nested

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from geopandas import GeoSeries
    from numpy.typing import NDArray

__all__ = [
    "column_of_numbers",
    "geometry_of",
    "in_partitions",
    "labels_on",
    "read_columns",
    "read_margins",
    "read_tiers",
    "refuse_no_frame",
    "spelled_geoids",
    "wide_counts",
]

CONTROLLED = -555555555  # in a margin column: the estimate is controlled, its margin is zero

SUPPRESSED = re.compile(
    r"^\s*([<≤]=?\s*\d+|\d+\s*[-–]\s*\d+|(fewer|less) than \d+|[cxsdn*.\-–—]+|\(?[a-z]\)?|suppressed|confidential|n/?a)\s*$",
    re.IGNORECASE,
)

GEOID_NAME = re.compile(r"geo_?id|fips", re.IGNORECASE)
COUNTY_NAME = re.compile(r"county|cnty|cofips", re.IGNORECASE)
GEOID_LENGTHS = (2, 5, 11, 12, 15)  # state, county, tract, block group, block


def in_partitions(source: Any) -> bool:
    """Tell whether something is a Dask frame.

    Parameters
    ----------
    source : object
        What was given.

    Returns
    -------
    bool
    """
    return hasattr(source, "to_delayed") and hasattr(source, "npartitions") and hasattr(source, "columns")


def refuse_no_frame(given: Any) -> None:
    """Refuse what is no frame: the name of a file is to be read first.

    Parameters
    ----------
    given : object
        What was given.

    Raises
    ------
    DataError
        If it is no DataFrame.
    """
    if isinstance(given, pd.DataFrame):
        return
    if isinstance(given, (str, os.PathLike)):
        name = os.fspath(given)
        ending = Path(name).suffix.lower()
        reader = {".csv": "pandas.read_csv", ".parquet": "geopandas.read_parquet"}.get(ending, "geopandas.read_file")
        msg = f"expected a (Geo)DataFrame, not the name of a file: read it first, {reader}({name!r})"
    else:
        msg = f"expected a Population or a (Geo)DataFrame, not {type(given).__name__}"
    raise DataError(msg)


def _column(frame: pd.DataFrame, name: Hashable) -> pd.Series[Any]:
    if name not in frame.columns:
        msg = f"no column {name!r}; the columns are {listed(frame.columns, 30)}"
        raise DataError(msg)
    found = frame[name]
    if isinstance(found, pd.DataFrame):
        msg = f"column {name!r} stands {found.shape[1]} times in the frame: rename or drop the others"
        raise DataError(msg)
    return found


def _numbers(column: pd.Series[Any], units: pd.Index[Any]) -> NDArray[np.float64]:
    """Read a column as float64; missing values become NaN, anything that is not a number is refused."""
    dtype = column.dtype
    if dtype.kind in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if dtype.kind != "O" and not pd.api.types.is_string_dtype(dtype):
        msg = f"column {column.name!r} is of type {dtype}, not numbers (rows {listed(units)}): give counts of people"
        raise DataError(msg)
    absent = column.isna().to_numpy(dtype=bool)
    number = column.map(_is_number).to_numpy(dtype=bool)
    if (number | absent).all():
        return column.map(_rounded_to_float).to_numpy(dtype=np.float64, na_value=np.nan)
    spelled = column.map(lambda value: isinstance(value, str) and _parses(value)).to_numpy(dtype=bool)
    wrong = ~(number | absent | spelled)
    here = f"frame[{column.name!r}]"
    if not wrong.any():
        msg = (
            f"column {column.name!r} holds numbers as text in rows {listed(units[spelled])}. "
            f"Make them numbers: {here} = pandas.to_numeric({here})"
        )
        raise DataError(msg)
    rows, values = units[wrong], dict.fromkeys(map(str, column[wrong]))
    if all(SUPPRESSED.match(value) for value in values):
        msg = (
            f"column {column.name!r} holds suppressed counts ({listed(values)}) in rows {listed(rows)}. They are unknown, "
            f"not zero. Make them missing, {here} = pandas.to_numeric({here}, errors='coerce'), "
            "and choose missing='drop' or 'zero'"
        )
    else:
        msg = f"column {column.name!r} holds {listed(values)} in rows {listed(rows)}, which are no counts: correct them"
    raise DataError(msg)


def column_of_numbers(frame: pd.DataFrame, name: Hashable, units: pd.Index[Any]) -> NDArray[np.float64]:
    """Read a column of any numbers.

    Parameters
    ----------
    frame : DataFrame
        One row a unit; not changed.
    name : hashable
        The column.
    units : pandas.Index
        Labels for the refusals.

    Returns
    -------
    ndarray of shape (units,)
        NaN where there is none.

    Raises
    ------
    DataError
        If there is no such column, or it holds something else.
    """
    return _numbers(_column(frame, name), units)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating, Decimal)) and not isinstance(value, bool)


def _parses(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rounded_to_float(value: Any) -> float:
    """Nearest float; an integer too large for one becomes infinite, which is refused by name."""
    try:
        return np.nan if value is None or value is pd.NA else float(value)
    except OverflowError:
        return np.inf


def read_columns(
    frame: pd.DataFrame, columns: Sequence[Hashable], units: pd.Index[Any], missing: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Read columns of counts into one array.

    Parameters
    ----------
    frame : DataFrame
        One row a unit; not changed.
    columns : sequence
        One column a group.
    units : pandas.Index
        Labels for the refusals.
    missing : {"refuse", "zero", "drop", "keep"}
        What to do with NaN.

    Returns
    -------
    counts : ndarray of shape (groups, units)
        Without the dropped units.
    kept : ndarray of bool or None
        Which rows stay; None for all.
    """
    counts = np.empty((len(columns), len(frame)))
    for row, name in zip(counts, columns, strict=True):
        row[:] = column_of_numbers(frame, name, units)
        check_counts(row, name, units, missing=missing)
    if missing in ("refuse", "keep"):
        return counts, None
    absent = np.isnan(counts)
    if not absent.any():
        return counts, None
    if missing == "zero":
        counts[absent] = 0
        return counts, None
    kept = ~np.asarray(absent.any(axis=0))
    return counts[:, kept], kept


def read_margins(frame: pd.DataFrame, columns: Sequence[Hashable], units: pd.Index[Any]) -> NDArray[np.float64]:
    """Read margins of error (90 %, as published by the American Community Survey).

    Parameters
    ----------
    frame : DataFrame
        One row a unit; not changed.
    columns : sequence
        One column a group.
    units : pandas.Index
        Labels for the refusals.

    Returns
    -------
    ndarray of shape (groups, units)
        The code −555555555 (a controlled estimate) is a margin of zero.
    """
    margins = np.empty((len(columns), len(frame)))
    for row, name in zip(margins, columns, strict=True):
        values = column_of_numbers(frame, name, units)
        row[:] = np.where(values == CONTROLLED, 0, values)
        check_counts(row, name, units)
    return margins


def read_tiers(frame: pd.DataFrame, columns: Sequence[Hashable], units: pd.Index[Any]) -> pd.DataFrame:
    """Read the columns that say in which county, state … each unit lies.

    Parameters
    ----------
    frame : DataFrame
        One row a unit; not changed.
    columns : sequence
        Tiers, broad to narrow.
    units : pandas.Index
        Unit labels.

    Returns
    -------
    DataFrame
        On the unit index.
    """
    read = {name: spelled_geoids(pd.Index(_column(frame, name), name=name)) for name in columns}
    tiers = pd.DataFrame(read, index=units)
    check_nested(tiers)
    return tiers


def spelled_geoids(labels: pd.Index[Any]) -> pd.Index[Any]:
    """Give US census codes that were read as integers their leading zeros back, with a warning.

    Parameters
    ----------
    labels : pandas.Index
        Labels of units or of a tier.

    Returns
    -------
    pandas.Index
        Strings if `labels` are integers under a name such as GEOID or FIPS, else unchanged.
    """
    if labels.dtype.kind not in "iu" or GEOID_NAME.search(str(labels.name)) is None or not len(labels):
        return labels
    name, longest = str(labels.name), len(str(labels.max()))
    if COUNTY_NAME.search(name) and longest <= 3:
        length = 3
    else:
        length = next((known for known in GEOID_LENGTHS if longest in (known, known - 1)), 0)
    if not length:
        warn(
            f"{labels.name!r} was read as integers, which lose leading zeros, and {longest} digits are no known code: "
            f"left as it is. Read it as text: dtype={{{labels.name!r}: str}}",
            DataWarning,
        )
        return labels
    spelled = labels.astype(str).str.zfill(length)
    warn(
        f"{labels.name!r} was read as integers, which lose leading zeros; taken as text of {length} digits "
        f"({labels[0]} → {spelled[0]!r}). To be sure, read it as text: dtype={{{labels.name!r}: str}}",
        DataWarning,
    )
    return spelled


def labels_on(units: pd.Index[Any], labels: pd.Series[Any] | Sequence[Any] | NDArray[Any]) -> pd.Series[Any]:
    """Match labels, such as those of zones, with the units.

    Parameters
    ----------
    units : pandas.Index
        Labels of the units.
    labels : Series, sequence or array
        A Series is matched on the unit index; anything else is taken in the order of the units.

    Returns
    -------
    Series
        On `units`.

    Raises
    ------
    DataError
        If a unit has no label, or there are not as many labels as units.
    """
    if isinstance(labels, pd.Series):
        if not labels.index.is_unique:
            twice = labels.index[labels.index.duplicated()].unique()
            msg = f"labels for some units stand more than once: {listed(twice)}. Give each unit one"
            raise DataError(msg)
        matched = labels.reindex(units)
    else:
        flat = labels.reshape(-1) if isinstance(labels, np.ndarray) else labels
        if len(flat) != len(units):
            msg = f"{len(flat)} labels for {len(units)} units: give one a unit, or a Series on the unit index"
            raise DataError(msg)
        matched = pd.Series(flat, index=units)
    absent = matched.isna().to_numpy()
    if absent.any():
        msg = f"units without a label: {listed(units[absent])}. Give every unit one"
        raise DataError(msg)
    return matched


def geometry_of(frame: pd.DataFrame) -> GeoSeries | None:
    """Return the active geometry of a GeoDataFrame; None for any other frame.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Not changed.

    Returns
    -------
    GeoSeries or None

    Raises
    ------
    GeographyError
        If geometries say that they are in several coordinate systems.
    """
    geopandas = sys.modules.get("geopandas")  # a frame cannot be one of its own before it was imported
    if geopandas is None or not isinstance(frame, geopandas.GeoDataFrame) or frame.active_geometry_name is None:
        return None
    import shapely

    codes = shapely.get_srid(np.asarray(frame.geometry.array))  # as databases write them; 0 where nothing is said
    systems = np.unique(codes[codes > 0])
    if len(systems) > 1:
        rows = "; ".join(f"EPSG:{code} in rows {listed(frame.index[codes == code])}" for code in systems)
        msg = (
            f"geometries are in several coordinate systems ({rows}): read each with its own CRS, and to_crs one of them"
        )
        raise GeographyError(msg)
    return frame.geometry


def wide_counts(
    frame: pd.DataFrame, unit: Hashable, group: Hashable, count: Hashable, tiers: Sequence[Hashable]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Turn one row per unit and group into one row per unit; repeated rows are added up.

    Parameters
    ----------
    frame : DataFrame
        Long form; not changed.
    unit, group, count : hashable
        Its columns.
    tiers : sequence
        Columns that hold the place of each unit.

    Returns
    -------
    counts : DataFrame
        Units in rows, groups in columns, both sorted (or in the order of a categorical).
    places : DataFrame or None
        Units in rows, tiers in columns.
    """
    if len(frame) == 0:
        msg = "the population is empty: the frame has no rows"
        raise DataError(msg)
    labels = {name: _column(frame, name) for name in (unit, group, *tiers)}
    for name, column in labels.items():
        if column.isna().any():
            msg = f"column {name!r} has no value in rows {listed(frame.index[column.isna()])}. Fill or drop those rows"
            raise DataError(msg)
    values = _numbers(_column(frame, count), frame.index)
    check_counts(values, count, frame.index)
    long = pd.DataFrame({"unit": labels[unit], "group": labels[group], "count": values})
    wide = long.pivot_table(index="unit", columns="group", values="count", aggfunc="sum", fill_value=0.0, observed=True)
    wide = wide.set_axis(wide.index.set_names([unit])).set_axis(
        pd.Index(list(wide.columns), tupleize_cols=False), axis=1
    )
    places = {}
    for tier in tiers:
        known = pd.DataFrame({"unit": labels[unit], "place": labels[tier]}).drop_duplicates()
        torn = known["unit"][known["unit"].duplicated(keep=False)]
        if len(torn):
            msg = f"units that lie in two places of tier {tier!r}: {listed(torn.unique())}. Make unit labels unique"
            raise DataError(msg)
        places[tier] = known.set_index("unit")["place"].reindex(wide.index)
    return wide, pd.DataFrame(places) if tiers else None
