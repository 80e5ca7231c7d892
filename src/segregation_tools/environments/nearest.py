"""Everyone up to the nearest k units, or the nearest k people: neighbourhoods that grow where few live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.nearby import sum_nearest, sum_within
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.kernels.nearby import Bands
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["NearestPeople", "NearestUnits"]


@dataclass(frozen=True)
class NearestUnits:
    """Residents meet everyone in the k units nearest to them, of which their own is the first.

    Units of which the centroids are one place, such as the towers of an estate, count as one unit; all that lie as far as
    the k-th come in together. The answer therefore does not depend on the order of rows, nor on how a place is divided.

    Parameters
    ----------
    k : int
        How many units, 1 or more; of a population with fewer, everyone is met.

    Raises
    ------
    OptionError
        If `k` is no number of units.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> [round(sgt.dissimilarity(pop.within(NearestUnits(k))), 3) for k in (1, 5, 25, 403)]
    [0.413, 0.371, 0.331, 0.0]
    """

    k: int

    def __post_init__(self) -> None:
        real_number(self.k, "k", 1, "a whole number of units", whole=True)

    def __str__(self) -> str:
        return f"everyone in the nearest {self.k:,} units, their own among them"

    def on(self, geography: Geography | Grid) -> BoundNearest:
        """Take the centroids of the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundNearest

        Raises
        ------
        GeographyError
            If coordinates are degrees, or units have no geometry.
        """
        bands = geography.bands
        one_each = np.ones((1, len(bands.order)))
        at_one_place = sum_within(bands, one_each, 0, "uniform")[0]
        return BoundNearest(bands, float(self.k), units=1 / at_one_place)


@dataclass(frozen=True)
class NearestPeople:
    """Residents meet the k people who live nearest to them, those of their own unit first.

    People are those of all groups of the population. Of the units that lie equally far, none is preferred.

    Parameters
    ----------
    k : float
        How many people; where there are no more, everyone is met.
    last_ring : {"whole", "proportional"}
        Units farthest away are taken whole, so that at least k people are met, or in the part that makes it k exactly.

    Raises
    ------
    OptionError
        If `k` is no number of people, or `last_ring` is not known.

    Notes
    -----
    Who is among the nearest depends on how many live where: the environment of a sum of populations is not the sum of
    their environments. Choose groups first, ``pop[["a", "b"]].within(...)``.

    References
    ----------
    Östh, Malmberg & Andersson 2014.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> [round(sgt.dissimilarity(pop.within(NearestPeople(k))), 3) for k in (1, 10_000, 100_000, 2_000_000)]
    [0.413, 0.386, 0.336, 0.0]
    """

    k: float
    last_ring: str = "whole"

    def __post_init__(self) -> None:
        real_number(self.k, "k", 0, "a number of people", above=True)
        one_of(self.last_ring, "last_ring", ("whole", "proportional"))

    def __str__(self) -> str:
        part = " (of the farthest units a part)" if self.last_ring == "proportional" else ""
        return f"the nearest {self.k:,g} people{part}"

    def on(self, geography: Geography | Grid) -> BoundNearest:
        """Take the centroids of the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundNearest

        Raises
        ------
        GeographyError
            If coordinates are degrees, or units have no geometry.
        """
        return BoundNearest(geography.bands, float(self.k), partly=self.last_ring == "proportional")


@dataclass(frozen=True, eq=False)
class BoundNearest:
    """The nearest, bound to the units of a population; by people where `units` does not say what each unit counts."""

    bands: Bands
    k: float
    partly: bool = False
    units: NDArray[np.float64] | None = None

    @property
    def linear(self) -> bool:
        """Whether who is met does not depend on the counts."""
        return self.units is not None

    @property
    def includes_self(self) -> bool:
        """Whether each resident counts exactly once among those met: not where the nearest unit may be taken in part."""
        return not self.partly

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once."""
        flat = counts.reshape(len(counts), -1)
        reached = flat.sum(axis=0, dtype=np.float64) if self.units is None else self.units
        yield slice(None), sum_nearest(self.bands, flat, reached, self.k, partly=self.partly).reshape(counts.shape)
