"""Divergence trajectories: how, from one place outwards, the mix of people turns into that of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.indices.placed import without_environment
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from segregation_tools.population.population import Population

__all__ = ["divergence_trajectories"]

MOST_ROWS = 20_000_000


def divergence_trajectories(
    data: Population | pd.DataFrame,
    /,
    *,
    groups: Sequence[Hashable] | None = None,
    units: Sequence[Hashable] | None = None,
) -> pd.DataFrame:
    """Follow the mix of the nearest people from units outwards until everyone is in.

    Parameters
    ----------
    data : Population or GeoDataFrame
        A frame needs `groups`.
    groups : sequence, optional
        Columns of counts.
    units : sequence, optional
        Labels of the units to begin in; without, all in which somebody lives.

    Returns
    -------
    DataFrame
        One row for each distance at which there are units: `unit` (where it begins), `metres`, `people` up to there, and
        `divergence`, the Kullback–Leibler divergence of their mix from that of the city, in nats; 0 in the end.

    Raises
    ------
    DataError
        If nobody lives in a unit, or there is none of that label.
    CapabilityError
        If the trajectories of all units would fill memory: name some.

    See Also
    --------
    distortion : The area under trajectories, in one number a unit.

    References
    ----------
    Olteanu, M., Randon-Furling, J. & Clark, W. A. V. (2019), Proceedings of the National Academy of Sciences 116,
    12250–12254.

    Examples
    --------
    From the west end of a row of four: ln 2 as long as only the first group is met, then less.

    >>> row = sgt.Grid(1, 4, cell_size=100)
    >>> pop = sgt.Population([[[10, 10, 0, 0]], [[0, 0, 10, 10]]], groups=["a", "b"], geography=row)
    >>> sgt.divergence_trajectories(pop, units=[(0, 0)])[["metres", "people", "divergence"]].round(3)
       metres  people  divergence
    0     0.0    10.0       0.693
    1   100.0    20.0       0.693
    2   200.0    30.0       0.057
    3   300.0    40.0       0.000
    """
    from segregation_tools.kernels.trajectories import trajectory

    pop = without_environment(as_population(data, groups), "divergence_trajectories")
    people = pop.sizes.reshape(-1)
    if units is None:
        origins = np.flatnonzero(people > 0)
    else:
        if isinstance(units, str) or not hasattr(units, "__len__") or not len(units):
            msg = f"units must be a list of labels, such as units=[{pop.units[0]!r}], not {units!r}"
            raise OptionError(msg)
        wanted = pd.Series(list(units), dtype=object)
        origins = pd.Index(pop.units.to_flat_index()).get_indexer(wanted)
        nowhere = (origins < 0) | ~(people[origins] > 0)
        if nowhere.any():
            msg = f"no unit with residents bears these labels: {listed(wanted[nowhere])}; units are {listed(pop.units)}"
            raise DataError(msg)
    if len(origins) * len(pop) > MOST_ROWS:
        msg = f"{len(origins):,} trajectories over {len(pop):,} units: name some of them, units=pop.units[:100]"
        raise CapabilityError(msg)
    counts = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
    counts = counts[counts.any(axis=1)]
    points = pop.geography.centroids.to_numpy()
    walks = [trajectory(points, counts, int(origin)) for origin in origins]
    begins = np.repeat(origins, [len(metres) for metres, _, _ in walks])
    metres, reached, divergence = (np.concatenate(parts) for parts in zip(*walks, strict=True))
    units_of = pop.units.to_flat_index()[begins]
    return pd.DataFrame({"unit": units_of, "metres": metres, "people": reached, "divergence": divergence})
