"""Segregation at all scales at once: how far one has to look from a place before its mix is that of the whole city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.indices.placed import from_each_place, undefined
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Places = NDArray[np.intp]

FINENESS = range(2, 9)  # bins to each doubling of the area, as powers of two
EVEN = 1e-12  # a coefficient below it is rounding
COARSER = 1.5  # a unit with a fuller bin than this times those tried is not one like them
TRIED = 64  # units whose error decides how fine the bins are


@from_each_place(
    symbol="Δ",
    dimension="clustering",
    bounds=(0, 1),
    source=["olteanu2019"],
)
def distortion(
    counts: Array,
    centroids: Array,
    *,
    over: str = "people",
    focal: bool = True,
    normalized: bool = True,
    tolerance: float = 0.0,
) -> Array:
    """How far one has to look from home before the mix is that of the city, over all scales: 0 at once, 1 never could be.

    From each unit the nearest units are taken in, one distance after another; D(n) is the Kullback–Leibler divergence of the
    mix of the n nearest people from that of the city. Its *focal distance* for a threshold δ is the number of people from
    which on D stays below δ; the coefficient of the unit is the integral of focal distances over all thresholds, which is
    Σ_k t_k max_{l ≥ k} D_l, here over all people. It is divided by its largest possible value: that of a person in the
    midst of the smallest group of a city of ghettos, nested by size, −Σ_g (C_g/T) Li₂(−T_g/C_g) with C_g the people of all
    smaller groups. `.local` gives the coefficients; the index is their mean over residents.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        People.
    centroids : ndarray of shape (units, 2)
        In metres.
    over : {"people", "units"}
        Whether a step counts by the people who come in, as shares of all, or as 1.
    focal : bool
        Whether a step counts with the largest divergence from there on, or with its own.
    normalized : bool
        Whether to divide by the largest possible value; over people only.
    tolerance : float
        0 is exact. Otherwise people are sorted into bins of distance, as few as keep the mean relative error of the
        coefficients below this on 64 units spread over the map, where both are computed: some five times faster. Where no
        bins do, it is exact.

    Returns
    -------
    ndarray of shape (units,)
        From 0 to 1; without `normalized` in nats, or in nats × units.

    Notes
    -----
    Olteanu, Randon-Furling & Clark draw their trajectories over the aggregated population, and normalise by the most
    isolated *person*; two other programs for their method integrate over people as well. PySAL adds up over ranked units,
    without focal distances, so that twice as many units of half the size give twice the value: ``over="units",
    focal=False, normalized=False`` is that. Units equally far come in together, so that the order of rows does not matter.
    Over units, those without residents are steps too, which change nothing but the rank of those behind them.

    Examples
    --------
    On a checkerboard the next cells make up for one's own; from the far end of one half, all of it has to be crossed.

    >>> cities = [sgt.synthetic_city(kind) for kind in ("checkerboard", "ghetto")]
    >>> [round(sgt.distortion(city), 3) for city in cities]
    [0.048, 0.489]
    """
    from segregation_tools.kernels.trajectories import sum_binned, sum_trajectories

    one_of(over, "over", ("people", "units"))
    real_number(tolerance, "tolerance", 0, "a relative error")
    if normalized and over == "units":
        msg = "over='units' has no largest value to divide by: give normalized=False"
        raise OptionError(msg)
    totals = counts.sum(axis=1)
    people = counts.sum(axis=0)
    home = people > 0
    values = np.full(len(people), np.nan)
    if np.count_nonzero(totals) < 2:
        values[home] = undefined("distortion", "only one group has people")
        return values
    lived, origins = counts[totals > 0], np.flatnonzero(home)
    sizes = people / people.sum() if over == "people" else np.ones(len(people))
    bins = _fine_enough(centroids, lived, sizes, origins, focal, tolerance) if tolerance else None
    exactly = origins
    if bins is not None:
        fineness, coarsest = bins
        values[home], coarse = sum_binned(centroids, lived, sizes, origins, fineness, focal=focal)
        exactly = origins[coarse > COARSER * coarsest]  # as from an island, to which a city is one bin
    values[exactly] = sum_trajectories(centroids, lived, sizes, exactly, focal=focal)
    return values / _most_distorted(totals[totals > 0]) if normalized else values


def _most_distorted(totals: Array) -> float:
    """∫ D(n) dn/T from the midst of the smallest group outwards, where groups lie around each other by size.

    While group g comes in behind the C smaller ones, D = ln(T/n) + (1 − C/n) ln((n − C)/T_g).
    """
    from scipy.special import spence  # spence(z) = Li₂(1 − z)

    by_size = np.sort(totals)
    smaller = np.cumsum(by_size)[:-1]
    return float(-(smaller @ spence(1 + by_size[1:] / smaller)) / totals.sum())


def _fine_enough(
    points: Array, counts: Array, sizes: Array, origins: Places, focal: bool, tolerance: float
) -> tuple[int, float] | None:
    """Find the fewest bins that keep the tolerance on some units, and how much the fullest holds; None where none do."""
    from segregation_tools.kernels.trajectories import sum_binned, sum_trajectories

    if len(origins) <= TRIED:
        return None
    all_over = origins[np.lexsort(points[origins].T)]  # the map, whatever the order of rows
    tried = all_over[np.arange(TRIED) * len(origins) // TRIED]
    exact = sum_trajectories(points, counts, sizes, tried, focal=focal)
    for fineness in FINENESS:
        binned, coarse = sum_binned(points, counts, sizes, tried, fineness, focal=focal)
        if (np.abs(binned - exact) / np.maximum(exact, EVEN)).mean() <= tolerance:
            return fineness, float(coarse.max())
    return None
