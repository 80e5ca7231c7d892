"""Clustering: whether members of a group live near each other, within and beyond their unit.

Proximity is c_ij = exp(−d_ij/ℓ) between centroids and falls with distance ℓ, which has to be named; that of a unit with
itself is taken at a distance d_ii, or left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.placed import of_the_map
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Distance of the residents of a unit from each other, by its area.
SELF_DISTANCES: dict[str, Callable[[Array], Array]] = {
    "massey_denton": lambda areas: np.sqrt(0.6 * areas),
    "white": lambda areas: 0.6 * np.sqrt(areas),
    "zero": np.zeros_like,
    "left_out": lambda areas: np.full_like(areas, np.inf),
}


def own_proximity(areas: Array, decay: float, self_distance: str) -> Array:
    """Proximity of the residents of each unit to each other.

    Parameters
    ----------
    areas : ndarray of shape (units,)
        In square metres.
    decay : float
        Metres over which proximity falls to 1/e.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        √(0.6 a), as Massey & Denton (1988) print; 0.6 √a, which lies nearer to the mean distance in a square, 0.52 √a; 0; or
        nobody is near those of the own unit.

    Returns
    -------
    ndarray of shape (units,), from 0 to 1
    """
    own: Array = np.exp(-SELF_DISTANCES[one_of(self_distance, "self_distance", tuple(SELF_DISTANCES))](areas) / decay)
    return own


def _near(counts: Array, areas: Array, centroids: Array, decay: float, self_distance: str) -> Array:
    """Σ_i Σ_j u_i v_j c_ij for every two rows, (i, i) in."""
    from segregation_tools.kernels.pairs import pair_sums

    real_number(decay, "decay", 0, "a distance in metres", above=True)
    return pair_sums(centroids, counts, decay) + (counts * own_proximity(areas, decay, self_distance)) @ counts.T


@of_the_map(
    symbol="SP",
    dimension="clustering",
    bounds=(0, np.inf),
    source=["white1983", "massey1988"],
    needs=("decay",),
)
def spatial_proximity(
    counts: Array,
    areas: Array,
    centroids: Array,
    *,
    decay: float | None = None,
    self_distance: str = "massey_denton",
) -> float:
    """White's spatial proximity: how much nearer people live to their own group than to anyone, on average.

    Σ_g T_g P_gg / (T P_tt) with P_uv = Σ_i Σ_j u_i v_j c_ij / (U V). 1 is no clustering, above 1 groups live near
    themselves.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        People.
    areas : ndarray of shape (units,)
        Of the units.
    centroids : ndarray of shape (units, 2)
        In metres.
    decay : float
        Metres over which proximity falls to 1/e; it has to be named.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        Distance of the residents of a unit from each other: √(0.6 a), as printed by Massey & Denton; 0.6 √a; none; or pairs
        within a unit are left out.

    Returns
    -------
    float

    Examples
    --------
    A checkerboard and two halves are equally uneven; only in the halves do groups live near themselves.

    >>> [round(sgt.spatial_proximity(sgt.synthetic_city(kind), decay=200), 3) for kind in ("checkerboard", "ghetto")]
    [0.993, 1.495]
    """
    sums, totals = _near(counts, areas, centroids, decay or 0, self_distance), counts.sum(axis=1)
    own, everyone = np.diagonal(sums) / totals, sums.sum() / totals.sum()  # T_g P_gg and T P_tt
    return float(own.sum() / everyone)


@of_the_map(
    symbol="ACL", dimension="clustering", bounds=(-np.inf, 1), source=["massey1988"], groups=2, needs=("decay",)
)
def absolute_clustering(
    x: Array,
    y: Array,
    areas: Array,
    centroids: Array,
    *,
    decay: float | None = None,
    self_distance: str = "massey_denton",
) -> float:
    """Share of the first group among those near to its members, beyond what an even spread over the units would give.

    [Σ_i (x_i/X) Σ_j c_ij x_j − k] / [Σ_i (x_i/X) Σ_j c_ij t_j − k], k = (X/n²) Σ_i Σ_j c_ij, over the n units with
    residents.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    areas : ndarray of shape (units,)
        Of the units.
    centroids : ndarray of shape (units, 2)
        In metres.
    decay : float
        Metres over which proximity falls to 1/e; it has to be named.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        As in `spatial_proximity`.

    Returns
    -------
    float

    Examples
    --------
    >>> [round(sgt.absolute_clustering(sgt.synthetic_city(kind), decay=200), 3) for kind in ("checkerboard", "ghetto")]
    [-0.007, 0.495]
    """
    home = x + y > 0
    rows = np.stack([x, x + y, np.ones(len(x))])[:, home]
    sums = _near(rows, areas[home], centroids[home], decay or 0, self_distance)
    evenly = x.sum() ** 2 * sums[2, 2] / home.sum() ** 2
    return float((sums[0, 0] - evenly) / (sums[0, 1] - evenly))


@of_the_map(
    symbol="RCL", dimension="clustering", bounds=(-1, np.inf), source=["massey1988"], groups=2, needs=("decay",)
)
def relative_clustering(
    x: Array,
    y: Array,
    areas: Array,
    centroids: Array,
    *,
    decay: float | None = None,
    self_distance: str = "massey_denton",
) -> float:
    """How much nearer members of the first group live to each other than those of the second: P_xx/P_yy − 1.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    areas : ndarray of shape (units,)
        Of the units.
    centroids : ndarray of shape (units, 2)
        In metres.
    decay : float
        Metres over which proximity falls to 1/e; it has to be named.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        As in `spatial_proximity`.

    Returns
    -------
    float
        0 where both live alike, above 0 where the first group does more so.

    Examples
    --------
    >>> round(sgt.relative_clustering(sgt.synthetic_city("ghetto"), decay=200), 10)
    0.0
    """
    sums = _near(np.stack([x, y]), areas, centroids, decay or 0, self_distance)
    return float(sums[0, 0] / x.sum() ** 2 / (sums[1, 1] / y.sum() ** 2) - 1)


@of_the_map(
    symbol="DP*",
    dimension="exposure",
    bounds=(0, 1),
    source=["morgan1983", "massey1988"],
    answer="matrix",
    needs=("decay",),
)
def distance_decay_exposure(
    counts: Array,
    areas: Array,
    centroids: Array,
    *,
    decay: float | None = None,
    self_distance: str = "massey_denton",
) -> Array:
    """Exposure where contact falls with distance: whom the average member of each group meets, near and far.

    DP*(g→h) = Σ_i (n_ig/T_g) Σ_j c_ij n_jh / Σ_j c_ij t_j. Rows are from, columns to, and each adds up to 1.

    Parameters
    ----------
    counts : ndarray of shape (groups, units)
        People.
    areas : ndarray of shape (units,)
        Of the units.
    centroids : ndarray of shape (units, 2)
        In metres.
    decay : float
        Metres over which contact falls to 1/e; it has to be named.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        As in `spatial_proximity`.

    Returns
    -------
    ndarray of shape (groups, groups)

    Examples
    --------
    >>> city = sgt.synthetic_city("ghetto", groups=["west", "east"])
    >>> sgt.distance_decay_exposure(city, decay=200).round(3)
    to     west   east
    from
    west  0.761  0.239
    east  0.239  0.761
    """
    from segregation_tools.kernels.pairs import potentials

    metres = real_number(decay, "decay", 0, "a distance in metres", above=True)
    met = potentials(centroids, counts, metres) + counts * own_proximity(areas, metres, self_distance)
    company = met.sum(axis=0)
    return (counts @ (met / np.where(company > 0, company, 1)).T) / counts.sum(axis=1, keepdims=True)
