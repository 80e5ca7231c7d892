"""Sites, tenures and homes wanted, as they are given: read, matched and checked before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, GeographyError, OptionError, listed
from segregation_tools.planning.homes.rules import Budget, LeastShare, Walk
from segregation_tools.planning.homes.supply import NEARLY, ROUNDING, Supply
from segregation_tools.population.columns import check_one_column, check_one_row, numbers_of
from segregation_tools.population.geography import metres_per_unit
from segregation_tools.population.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["read_supply", "units_at"]


def read_supply(
    sites: GeoDataFrame, units: Any, tenures: pd.Index[Any], rules: Sequence[Any], *, whole_sites: bool
) -> Supply:
    """Read which homes may be built.

    Parameters
    ----------
    sites : GeoDataFrame
        Column `capacity`, and `cost` where there is a budget.
    units : mapping or Series
        Homes wanted by tenure.
    tenures : pandas.Index
        All tenures.
    rules : sequence
        `Budget`, `LeastShare`, `Walk`.
    whole_sites : bool
        Whether a site is built in full or not at all.

    Returns
    -------
    Supply

    Raises
    ------
    DataError, OptionError
        If columns or numbers are missing, or no homes keep to all rules.
    """
    check_one_row(sites.index, "sites")
    capacity = _column(sites, "capacity", "homes that a site has room for")
    if not isinstance(units, (Mapping, pd.Series)):
        msg = f"units are homes by tenure, {{tenure: number}} or a Series, not {type(units).__name__}"
        raise DataError(msg)
    wanted = pd.Series(units, dtype=object)
    check_one_row(wanted.index, "units")
    absent, strangers = tenures[~tenures.isin(wanted.index)], wanted.index[~wanted.index.isin(tenures)]
    if len(absent) or len(strangers):
        msg = (
            f"units must have one number of homes for each tenure: absent are {listed(absent) or 'none'}, "
            f"not known are {listed(strangers) or 'none'}"
        )
        raise DataError(msg)
    homes = numbers_of(wanted[tenures].to_frame("units"), "units", "homes wanted in all")[:, 0]
    for what, numbers, labels in (("capacity", capacity, sites.index), ("units", homes, tenures)):
        if (numbers != np.floor(numbers)).any():
            msg = f"{what} must be whole homes; others stand at {listed(labels[numbers != np.floor(numbers)])}: round them"
            raise DataError(msg)
    if not homes.sum() > 0:
        msg = "units asks for no homes at all"
        raise DataError(msg)
    wrong = [rule for rule in rules if not isinstance(rule, (Budget, LeastShare, Walk))]
    if wrong:
        msg = f"rules for homes are sgt.budget(...), sgt.least_share(...) and sgt.walk_to(...), not {listed(wrong)}"
        raise OptionError(msg)
    for walk in (rule for rule in rules if isinstance(rule, Walk)):
        capacity = np.where(walk.near(sites), capacity, 0.0)
    capacity = np.where(capacity <= homes.sum(), capacity, 0.0 if whole_sites else homes.sum())  # more is no room
    limits = [rule.most for rule in rules if isinstance(rule, Budget)]
    price = _column(sites, "cost", "what a home costs") if limits else np.zeros(len(sites))
    least = [rule for rule in rules if isinstance(rule, LeastShare)]
    if len(least) > 1:
        msg = f"one least share holds at a time, not {listed(least)}: name several tenures in one, least_share([...], share)"
        raise OptionError(msg)
    marks = tuple((rule.marked(tenures), rule.share) for rule in least)
    supply = Supply(sites.index, tenures, capacity, homes, price, min(limits, default=np.inf), marks)
    _check_possible(supply, rules)
    return supply


def _column(sites: GeoDataFrame, name: str, what: str) -> Floats:
    check_one_column(sites, [name], "sites")
    if name not in sites.columns:
        msg = f"sites needs a column {name!r}: {what}; there are {listed(sites.columns)}"
        raise DataError(msg)
    return numbers_of(pd.DataFrame(sites[[name]]), name, what)[:, 0]


def _check_possible(supply: Supply, rules: Sequence[Any]) -> None:
    wanted, room = supply.units.sum(), supply.capacity.sum()
    if wanted > room:
        near = " that are near enough" if any(isinstance(rule, Walk) for rule in rules) else ""
        found = f"{wanted:,.0f} homes are wanted, and the sites{near} have room for {room:,.0f}"
        msg = f"{found}: add sites or room, or want fewer"
        raise DataError(msg)
    for marked, share in supply.least:
        if supply.units[marked].sum() < share * wanted - NEARLY:
            msg = (
                f"a share of {share:g} of {listed(supply.tenures[marked])} at every site needs {share * wanted:,.1f} of "
                f"them in all, and units wants {supply.units[marked].sum():,.0f}: raise these, or lower the share"
            )
            raise DataError(msg)
    order = np.argsort(supply.price, kind="stable")
    built = np.clip(wanted - (np.cumsum(supply.capacity[order]) - supply.capacity[order]), 0, supply.capacity[order])
    least = float(built @ supply.price[order])
    if least > supply.budget * (1 + ROUNDING):
        found = f"{wanted:,.0f} homes cost {least:,.0f} at the cheapest sites, and the budget is {supply.budget:,.0f}"
        msg = f"{found}: raise it, or want fewer"
        raise DataError(msg)


def units_at(pop: Population, sites: GeoDataFrame) -> Codes:
    """Find the unit in which each site lies.

    Parameters
    ----------
    pop : Population
        With areas, points or cells.
    sites : GeoDataFrame
        Points, or areas of which a point inside counts.

    Returns
    -------
    ndarray of int, shape (sites,)
        Of points: the nearest unit. On a border between areas: that whose centroid is nearest.

    Raises
    ------
    GeographyError
        If sites have no geometry, lie in other coordinates than the units, or in none of them.
    """
    if not hasattr(sites, "geometry") or not hasattr(sites, "crs"):
        msg = "sites is a GeoDataFrame: GeoDataFrame(frame, geometry=geopandas.points_from_xy(x, y), crs=...)"
        raise GeographyError(msg)
    geometry, place = sites.geometry, pop.geography
    absent = np.asarray(geometry.isna() | geometry.is_empty)
    if absent.any():
        msg = f"sites without geometry: {listed(sites.index[absent])}. Give them a place, or leave them out"
        raise GeographyError(msg)
    if geometry.crs != place.crs:
        ours, theirs = ("no stated CRS" if crs is None else crs.name for crs in (place.crs, geometry.crs))
        mend = "sites = sites.to_crs(pop.geography.crs)" if geometry.crs is not None else "sites = sites.set_crs(...)"
        msg = f"sites are in {theirs}, the population in {ours}: {mend}"
        raise GeographyError(msg)
    metres_per_unit(geometry.crs, "siting homes")
    points = geometry.representative_point()
    x, y = np.asarray(points.x), np.asarray(points.y)
    if isinstance(place, Grid):
        side = place.side("siting homes")
        row, col = np.floor((place.y - y) / side).astype(np.intp), np.floor((x - place.x) / side).astype(np.intp)
        inside = (row >= 0) & (row < place.rows) & (col >= 0) & (col < place.cols)
        at = row * place.cols + col
    else:
        at = _areas_of(place.placed("siting homes"), points)
        inside = at >= 0
    if not inside.all():
        msg = (
            f"sites that lie in no unit of the population: {listed(sites.index[~inside])}. Leave them out, or give a "
            "population that reaches as far"
        )
        raise GeographyError(msg)
    return np.asarray(at, dtype=np.intp)


def _areas_of(areas: Any, points: Any) -> Codes:
    """Position of the area of each point, −1 in none; of points, that of the nearest."""
    if (areas.geom_type == "Point").all():
        nearest = areas.sindex.nearest(points, return_all=False)[1]
        return np.asarray(nearest, dtype=np.intp)
    site, unit = areas.sindex.query(points, predicate="intersects")
    centroids = areas.centroid.iloc[unit]
    far = np.asarray(centroids.distance(points.iloc[site], align=False))
    order = np.lexsort((centroids.y, centroids.x, far, site))  # whatever the order of the units
    first = order[np.unique(site[order], return_index=True)[1]]
    at = np.full(len(points), -1, dtype=np.intp)
    at[site[first]] = unit[first]
    return at
