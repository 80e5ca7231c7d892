"""Everyone within a distance, the near counting more than the far where the kernel says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segregation_tools.environments.windows import BoundWindow
from segregation_tools.kernels.decay import KERNELS, REACH
from segregation_tools.kernels.grids.weighted import weighted_rows
from segregation_tools.kernels.nearby import sum_within
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from segregation_tools.kernels.nearby import Bands
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["Radius"]


@dataclass(frozen=True)
class Radius:
    """Residents meet everyone within a distance of the centroid of their unit, their own unit in full.

    The people of a unit at distance d count with weight K(d), and K(0) = 1: with u = d / metres,

    ================  ==================  ==========================
    kernel            K                   reach
    ================  ==================  ==========================
    ``uniform``       1                   d ≤ metres
    ``triangular``    1 − u               d < metres
    ``epanechnikov``  1 − u²              d < metres
    ``biweight``      (1 − u²)²           d < metres
    ``gaussian``      exp(−u²/2)          4 metres (standard deviations)
    ``exponential``   exp(−u)             8 metres (e-folding lengths)
    ================  ==================  ==========================

    Parameters
    ----------
    metres : float
        Scale of the kernel, 0 or more. At 0 residents meet those who live at the same place.
    kernel : str
        One of the above.

    Raises
    ------
    OptionError
        If `metres` is no distance or the kernel is not known.

    Notes
    -----
    A distance that equals the radius but for rounding lies within it. Distances are taken from centroid to centroid, so that
    a radius below the size of the units leaves each of them alone.

    On a grid those met are worked out a few rows at a time, as far as each kernel reaches, never by a product of two. With
    the uniform kernel whole counts add up exactly; others to 10⁻¹³ of all who live in a block of some hundred cells a side,
    and never to less than the cell itself. With other kernels, counts of single precision (float32, or integers of 8 or
    16 bits) add up in single precision, each sum to 10⁻⁵ of itself.

    References
    ----------
    Reardon & O'Sullivan 2004; the biweight kernel of Reardon et al. 2008.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> near = pop.within(Radius(2000, kernel="triangular"))
    >>> round(sgt.dissimilarity(near), 7), round(sgt.information_theory(near), 7)
    (0.3948725, 0.1521781)
    """

    metres: float
    kernel: str = "uniform"

    def __post_init__(self) -> None:
        real_number(self.metres, "metres", 0, "a distance")
        one_of(self.kernel, "kernel", KERNELS)

    def __str__(self) -> str:
        if self.kernel == "uniform":
            return f"everyone within {self.metres:,g} metres"
        return f"those around them, the near more than the far ({self.kernel} kernel of {self.metres:,g} metres)"

    def on(self, geography: Geography | Grid) -> BoundRadius | BoundWindow:
        """Take the centroids of the units, or the cells of a grid.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundRadius or BoundWindow

        Raises
        ------
        GeographyError
            If coordinates are degrees, or units have no geometry.
        """
        side = geography.cell_metres
        if side is not None:
            cells = self.metres / side
            return BoundWindow(weighted_rows, (self.kernel, cells), math.ceil(cells * REACH.get(self.kernel, 1.0)))
        return BoundRadius(geography.bands, float(self.metres), self.kernel)


@dataclass(frozen=True, eq=False)
class BoundRadius:
    """A radius bound to the units of a population: their centroids in bands, whatever the radius."""

    bands: Bands
    metres: float
    kernel: str
    linear = True
    includes_self = True

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once."""
        met = sum_within(self.bands, counts.reshape(len(counts), -1), self.metres, self.kernel)
        yield slice(None), met.reshape(counts.shape)
