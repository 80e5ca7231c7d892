"""Zones as environments: residents meet everyone who shares their zone (a school's catchment, a district)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from segregation_tools.errors import DataError
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.population.reading import labels_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["Zones"]


@dataclass(frozen=True, eq=False, repr=False)
class Zones:
    """Residents meet everyone who lives in the same zone, and nobody else.

    Measuring with zones equals merging the units of each zone (the plan theorem), for every mean-of-scores index and
    for Gini; only the residents stay where they are.

    Parameters
    ----------
    labels : Series or sequence
        Zone of every unit. A Series is matched on the unit index; a sequence is taken in the order of the units.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> round(sgt.dissimilarity(pop), 4), round(sgt.dissimilarity(pop.within(Zones(tracts["county"]))), 4)
    (0.4134, 0.188)
    """

    labels: pd.Series[Any] | Sequence[Any]

    def __post_init__(self) -> None:
        if isinstance(self.labels, str) or not hasattr(self.labels, "__len__"):
            msg = f"Zones takes one label a unit, as a Series or a list, not {self.labels!r}"
            raise DataError(msg)

    def __repr__(self) -> str:
        return f"Zones(of {len(self.labels):,} units)"

    def __str__(self) -> str:
        return "everyone of the same zone"

    def on(self, geography: Geography | Grid) -> BoundZones:
        """Match the labels with the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundZones

        Raises
        ------
        DataError
            If a unit has no zone, or a sequence is not as long as there are units.
        """
        codes, zones = pd.factorize(labels_on(geography.units, self.labels))
        return BoundZones(codes, len(zones))


@dataclass(frozen=True, eq=False)
class BoundZones:
    """Zones bound to the units of a population."""

    codes: NDArray[np.intp]
    size: int
    linear = True
    includes_self = True

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once: the totals of each unit's zone."""
        flat = counts.reshape(len(counts), -1)
        sums = sum_by_code(flat, self.codes, self.size)
        yield slice(None), sums[:, self.codes].reshape(counts.shape)
