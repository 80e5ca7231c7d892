"""Ways from units to services: straight lines, by street, or a table of minutes; read and checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, GeographyError, OptionError, listed
from segregation_tools.kernels.paths import within_reach
from segregation_tools.population.columns import check_one_row, columns_in_order
from segregation_tools.population.geography import metres_per_unit
from segregation_tools.population.options import real_number
from segregation_tools.population.reading import column_of_numbers
from segregation_tools.population.streets import network_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]

__all__ = ["Ways", "check_frame", "limits_of", "read_ways"]

METRES = "metres"


@dataclass(frozen=True, eq=False)
class Ways:
    """What the way from every unit to every service costs.

    Attributes
    ----------
    services : pandas.Index
        Labels.
    costs : ndarray of shape (units, services)
        0 or more; infinite where no way leads.
    measured_in : str
        "metres", "metres by street", or "minutes" for whatever a table holds.
    """

    services: pd.Index[Any]
    costs: Floats
    measured_in: str


def check_frame(places: Any, what: str) -> None:
    """Refuse what is no table of places.

    Parameters
    ----------
    places : object
        What was given.
    what : str
        Name of the argument.

    Raises
    ------
    DataError
        If it is something else.
    """
    if isinstance(places, (str, bytes)) or not isinstance(getattr(places, "index", None), pd.Index):
        msg = f"{what} must be a GeoDataFrame with one row for each, not {type(places).__name__}"
        raise DataError(msg)


def read_ways(pop: Population, services: Any, cost: Any, what: str = "services") -> Ways:
    """Measure the ways from units to services, or read them.

    Parameters
    ----------
    pop : Population
        On areas, points or cells; without places where `cost` is a table.
    services : GeoDataFrame, GeoSeries or DataFrame
        One row a service. Of an area a point inside counts.
    cost : "metres", GeoDataFrame, GeoSeries or DataFrame
        Straight lines from the centroid; streets, along which ways are measured as `NetworkRadius` does; or a table of
        units × services, infinite where no way leads.
    what : str
        Name of the argument, for refusals.

    Returns
    -------
    Ways

    Raises
    ------
    DataError, GeographyError, OptionError
        If labels do not match, ways are missing or below 0, or places are missing, in degrees or other coordinates.
    """
    check_frame(services, what)
    check_one_row(services.index, what)
    if not len(services):
        msg = f"{what} is empty: give one row or more"
        raise DataError(msg)
    if isinstance(cost, str):
        if cost != METRES:
            msg = f"cost must be 'metres', streets, or a DataFrame of units × {what}, not {cost!r}"
            raise OptionError(msg)
        from scipy.spatial.distance import cdist

        straight = cdist(pop.geography.centroids.to_numpy(), _points(pop, services, what))
        return Ways(services.index, straight, METRES)
    if hasattr(cost, "geometry"):
        return Ways(services.index, _by_street(pop, _points(pop, services, what), cost), "metres by street")
    if isinstance(cost, pd.DataFrame):
        return Ways(services.index, _from_table(pop, services.index, cost, what), "minutes")
    msg = f"cost must be 'metres', streets, or a DataFrame of units × {what}, not {type(cost).__name__}"
    raise OptionError(msg)


def limits_of(standard: Any) -> tuple[float, ...]:
    """Read one standard or several.

    Parameters
    ----------
    standard : float or sequence of float
        How far is near enough, in metres or minutes.

    Returns
    -------
    tuple of float
        Ascending.

    Raises
    ------
    OptionError
        If one is no number of 0 or more, stands twice, or there is none.
    """
    several = list(standard) if hasattr(standard, "__iter__") and not isinstance(standard, str) else [standard]
    limits = [real_number(limit, "standard", 0, "how far is near enough, in metres or minutes") for limit in several]
    if not limits or len(set(limits)) != len(limits):
        msg = f"standard must be one distance or several different ones, such as [500, 1000], not {standard!r}"
        raise OptionError(msg)
    return tuple(sorted(limits))


def _points(pop: Population, services: Any, what: str) -> Floats:
    """Places of services in metres."""
    import shapely

    geometry = getattr(services, "geometry", None)
    if geometry is None or not hasattr(geometry, "crs"):
        msg = (
            f"{what} has no places: GeoDataFrame(frame, geometry=geopandas.points_from_xy(x, y), crs=...), or give the ways "
            f"as a table, cost= a DataFrame of units × {what}"
        )
        raise GeographyError(msg)
    ours = pop.geography.crs
    if geometry.crs != ours:
        theirs, here = ("no stated CRS" if crs is None else crs.name for crs in (geometry.crs, ours))
        mend = f"{what} = {what}.to_crs(pop.geography.crs)" if geometry.crs is not None else f"{what}.set_crs(...)"
        msg = f"{what} are in {theirs}, the population in {here}: {mend}"
        raise GeographyError(msg)
    absent = np.asarray(geometry.isna() | geometry.is_empty)
    if absent.any():
        msg = f"{what} without geometry: {listed(services.index[absent])}. Give them a place, or leave them out"
        raise GeographyError(msg)
    scale = metres_per_unit(geometry.crs, f"the way to {what}")
    corners, of = shapely.get_coordinates(np.asarray(geometry.array), return_index=True)
    nowhere = np.unique(of[~np.isfinite(corners).all(axis=1)])
    if len(nowhere):
        msg = f"{what} whose coordinates are infinite or missing: {listed(services.index[nowhere])}: check their CRS"
        raise GeographyError(msg)
    inside = geometry.representative_point()
    return np.column_stack([inside.x, inside.y]) * scale


def _by_street(pop: Population, points: Floats, streets: Any) -> Floats:
    """Length of the shortest way from every unit to every service; infinite where none leads."""
    network = network_of(streets, pop.geography.crs)
    homes = pop.geography.centroids.to_numpy()
    places, place = np.unique(np.concatenate([homes, points]), axis=0, return_inverse=True)
    graph, nodes, _ = network.with_places(places)
    home, service = (np.unique(part, return_inverse=True) for part in np.split(place.reshape(-1), [len(homes)]))
    start, end, apart = within_reach(
        graph.indptr, graph.indices, graph.data, nodes[service[0]], np.inf, targets=nodes[home[0]]
    )
    lengths = np.full((len(home[0]), len(service[0])), np.inf)
    lengths[end, start] = apart
    return lengths[np.ix_(home[1], service[1])]


def _from_table(pop: Population, services: pd.Index[Any], cost: pd.DataFrame, what: str) -> Floats:
    check_one_row(cost.index, "cost")
    absent, strangers = pop.units[~pop.units.isin(cost.index)], cost.index[~cost.index.isin(pop.units)]
    if len(absent) or len(strangers):
        found = [f"absent are {listed(absent)}"] if len(absent) else []
        found += [f"not known are {listed(strangers)}"] if len(strangers) else []
        msg = f"cost must have one row for each unit: {', '.join(found)}"
        raise DataError(msg)
    table = columns_in_order(cost, services, "cost", what).loc[pop.units]
    values = np.stack([column_of_numbers(table, column, table.index) for column in table.columns], axis=1)
    wrong = ~(values >= 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        msg = (
            f"cost must be 0 or more; it is {values[row, column]} from unit {pop.units[row]!r} to {services[column]!r} "
            f"({int(wrong.sum())} such in all). Where no way leads, say so: cost.fillna(np.inf)"
        )
        raise DataError(msg)
    return values
