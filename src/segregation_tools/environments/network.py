"""Everyone within a distance by street."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.environments.given import BoundWeights
from segregation_tools.errors import DataWarning, listed, warn
from segregation_tools.kernels.decay import KERNELS, REACH, weights_at
from segregation_tools.kernels.nearby import ALIKE
from segregation_tools.kernels.paths import within_reach
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.streets import network_of

if TYPE_CHECKING:
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["NetworkRadius"]


@dataclass(frozen=True, eq=False)
class NetworkRadius:
    """Residents meet everyone within a distance by street, their own unit in full.

    Ways run from the centroid of a unit straight to the nearest street, along streets, which are joined where they share a
    corner, and from the nearest street to the other centroid. A river or a railway without a crossing thus divides.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries
        Lines, in the coordinate system of the units.
    metres : float
        Scale of the kernel, 0 or more.
    kernel : str
        As in `Radius`.

    Raises
    ------
    GeographyError
        If streets are no lines or in another coordinate system, coordinates are degrees, or units have no geometry.
    OptionError
        If `metres` is no distance or the kernel is not known.

    Warns
    -----
    DataWarning
        If units lie farther from any street than the kernel reaches: they are named, and their residents meet only each
        other. How far each unit lies from its street is in ``pop.surroundings.snapped``.

    References
    ----------
    Roberto 2018.

    Examples
    --------
    On two banks of a river, 100 metres apart and 300 by the bridge.

    >>> import geopandas
    >>> from shapely import LineString, Point
    >>> road = geopandas.GeoSeries([LineString([(0, 0), (0, 100), (100, 100), (100, 0)])])
    >>> banks = geopandas.GeoDataFrame({"a": [9.0, 1], "b": [1.0, 9]}, geometry=[Point(0, 0), Point(100, 0)])
    >>> pop = sgt.Population.from_frame(banks, ["a", "b"])
    >>> [sgt.dissimilarity(pop.within(recipe)) for recipe in (sgt.Radius(200), NetworkRadius(road, 200))]
    [0.0, 0.8]
    """

    streets: Any = field(repr=False)
    metres: float
    kernel: str = "uniform"

    def __post_init__(self) -> None:
        real_number(self.metres, "metres", 0, "a distance")
        one_of(self.kernel, "kernel", KERNELS)

    def __str__(self) -> str:
        if self.kernel == "uniform":
            return f"everyone within {self.metres:,g} metres by street"
        return (
            f"those around them by street, the near more than the far ({self.kernel} kernel of {self.metres:,g} metres)"
        )

    def on(self, geography: Geography | Grid) -> BoundNetwork:
        """Put the units on the streets and find who is within reach.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundNetwork
        """
        network = network_of(self.streets, geography.crs)
        places, unit = np.unique(geography.centroids.to_numpy(), axis=0, return_inverse=True)
        unit = unit.reshape(-1)
        graph, nodes, apart = network.with_places(places)
        snapped = pd.Series(apart[unit], index=geography.units, name="metres")
        reach = self.metres * REACH.get(self.kernel, 1.0) * (1 + ALIKE)
        beyond = (snapped > reach).to_numpy()
        if beyond.any():
            warn(
                f"units farther than {reach:,.0f} metres from any street: {listed(geography.units[beyond])}. Their "
                "residents meet only each other; pop.surroundings.snapped says how far each lies",
                DataWarning,
            )
        one, other, distance = within_reach(graph.indptr, graph.indices, graph.data, nodes, reach)
        size = len(places)
        near = sparse.csr_array((weights_at(distance, self.metres, self.kernel), (one, other)), shape=(size, size))
        member = sparse.csr_array((np.ones(len(unit)), (np.arange(len(unit)), unit)), shape=(len(unit), size))
        weights = sparse.csr_array(member @ near @ member.T)
        return BoundNetwork(weights, snapped)


@dataclass(frozen=True, eq=False)
class BoundNetwork(BoundWeights):
    """Weights by street between the units of a population, and how far each was moved to its street."""

    snapped: pd.Series[float] = field(default_factory=lambda: pd.Series(dtype=float))
