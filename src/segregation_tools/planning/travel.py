"""Ways to school by street, for plans that are given no table of travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, listed
from segregation_tools.population.options import real_number
from segregation_tools.population.streets import network_of

if TYPE_CHECKING:
    from segregation_tools.population.population import Population

__all__ = ["street_travel"]


@dataclass(frozen=True, eq=False)
class StreetTravel:
    """Minutes by street, see `street_travel`."""

    streets: Any
    speed: float

    def __call__(self, pupils: Population, schools: pd.DataFrame) -> pd.DataFrame:
        """Measure the ways.

        Parameters
        ----------
        pupils : Population
            On areas or points.
        schools : DataFrame
            Index: school; `block` in which it stands.

        Returns
        -------
        DataFrame of blocks × schools
            Minutes.
        """
        from scipy.sparse.csgraph import dijkstra

        stands = schools["block"] if "block" in schools else pd.Series(np.nan, index=schools.index)
        lost = stands.index[~stands.isin(pupils.units)]
        if len(lost):
            msg = f"ways by street lead to the block of a school; 'block' is missing or unknown for {listed(lost)}"
            raise DataError(msg)
        network = network_of(self.streets, pupils.geography.crs)
        places, place = np.unique(pupils.geography.centroids.to_numpy(), axis=0, return_inverse=True)
        graph, nodes, _ = network.with_places(places)
        ends = nodes[place.reshape(-1)]
        metres = dijkstra(graph, directed=False, indices=ends[pupils.units.get_indexer(pd.Index(stands))])[:, ends]
        if np.isinf(metres).any():
            school, block = np.argwhere(np.isinf(metres))[0]
            msg = (
                f"no street leads from block {pupils.units[block]!r} to school {schools.index[school]!r} "
                f"({int(np.isinf(metres).sum())} such ways in all). Streets meet where they share a corner: "
                "streets.union_all() makes one of each crossing; or give travel as a table"
            )
            raise DataError(msg)
        return pd.DataFrame(metres.T / self.speed, index=pupils.units, columns=schools.index)


def street_travel(streets: Any, *, speed: float = 75) -> StreetTravel:
    """Measure ways to school by street, from the middle of each block to the middle of that of the school.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries
        Lines, in the coordinate system of the blocks.
    speed : float
        Metres a minute; 75 (4.5 km/h) on foot.

    Returns
    -------
    callable
        For `travel=` of `rezone` and `score`.

    Raises
    ------
    DataError, GeographyError
        When it is used: if a school stands in no block, no street leads there, or streets are in another coordinate system.

    Examples
    --------
    >>> import geopandas, shapely
    >>> places = geopandas.points_from_xy([0, 600], [0, 0], crs=32610)
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 20], "b": [5, 40]}, geometry=places)
    >>> streets = geopandas.GeoSeries([shapely.LineString([(0, 0), (0, 450), (600, 450), (600, 0)])], crs=32610)
    >>> schools = pd.DataFrame({"block": [0]}, index=["north"])
    >>> street_travel(streets)(sgt.Population.from_frame(blocks, ["a", "b"]), schools)
       north
    0    0.0
    1   20.0
    """
    return StreetTravel(streets, real_number(speed, "speed", 0, "metres a minute", above=True))
