"""The least movement that evens a city: who would move where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segregation_tools.indices.placed import without_environment
from segregation_tools.indices.transport import movements
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from segregation_tools.population.population import Population

__all__ = ["least_movement"]


def least_movement(data: Population | pd.DataFrame, /, *, groups: Sequence[Hashable] | None = None) -> pd.DataFrame:
    """Find the moves that even a city with the least people × metres, every unit keeping its size.

    Afterwards every unit has the mix of the city. Distances are straight, between the centroids of units.

    Parameters
    ----------
    data : Population or GeoDataFrame
        A frame needs `groups`.
    groups : sequence, optional
        Columns of counts.

    Returns
    -------
    DataFrame
        `group`, `from` and `to` (units), `people` and `metres`; the longest moves first. `people` add up to D·T·I, D the
        dissimilarity; ``(people * metres).sum()`` over T·I is `dissimilarity_in_metres`.

    Raises
    ------
    GeographyError
        If units have no geometry, or coordinates are degrees.
    CapabilityError
        If the population has a local environment.

    Examples
    --------
    Of four cells in a row the two in the east have to change with the two in the west: 200 m each.

    >>> row = sgt.Grid(1, 4, cell_size=100)
    >>> pop = sgt.Population([[[10, 10, 0, 0]], [[0, 0, 10, 10]]], groups=["a", "b"], geography=row)
    >>> sgt.least_movement(pop)[["people", "metres"]].prod(axis=1).sum()
    np.float64(4000.0)
    """
    pop = without_environment(as_population(data, groups), "least_movement")
    centroids = pop.geography.centroids.to_numpy()
    counts = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
    found = movements(counts, centroids)
    group = np.repeat(np.arange(len(found)), [len(moved) for _, _, moved in found])
    start, end, moved = (np.concatenate(parts) for parts in zip(*found, strict=True))
    units = pop.units.to_flat_index()
    moves = pd.DataFrame(
        {
            "group": pop.group_index().to_flat_index()[group],
            "from": units[start],
            "to": units[end],
            "people": moved,
            "metres": np.hypot(*(centroids[start] - centroids[end]).T),
        }
    )
    return moves.sort_values("metres", key=lambda metres: -metres.round(3), kind="stable", ignore_index=True)
