"""Clustering: whether members of a group live near each other, within and beyond their unit.

Proximity is c_ij = exp(−d_ij/ℓ) between centroids and falls with distance ℓ, which has to be named; that of a unit with
itself is taken at a distance d_ii, or left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.indices.placed import areas_of, of_the_map, undefined
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

    Array = NDArray[np.float64]

ROUNDING = 1e-12

# Distance of the residents of a unit from each other, by its area.
SELF_DISTANCES: dict[str, Callable[[Array], Array]] = {
    "massey_denton": lambda areas: np.sqrt(0.6 * areas),
    "white": lambda areas: 0.6 * np.sqrt(areas),
}


def own_proximity(geography: Geography | Grid, decay: float, self_distance: str) -> Array | float:
    """Proximity of the residents of each unit to each other.

    Parameters
    ----------
    geography : Geography or Grid
        Areas of the units, where the distance follows from them.
    decay : float
        Metres over which proximity falls to 1/e.
    self_distance : {"massey_denton", "white", "zero", "left_out"}
        √(0.6 a), as Massey & Denton (1988) print; 0.6 √a, which lies nearer to the mean distance in a square, 0.52 √a; 0; or
        nobody is near those of the own unit.

    Returns
    -------
    ndarray of shape (units,), or float, from 0 to 1
    """
    if one_of(self_distance, "self_distance", (*SELF_DISTANCES, "zero", "left_out")) in SELF_DISTANCES:
        near: Array = np.exp(-SELF_DISTANCES[self_distance](areas_of(geography)) / decay)
        return near
    return float(self_distance == "zero")


def _near(
    rows: Array, home: NDArray[np.bool_], place: tuple[Geography | Grid, Array], decay: Any, self_distance: str
) -> Array:
    """P_uv = Σ_i Σ_j u_i v_j c_ij, (i, i) in, for every two rows of shares, over the units where people live."""
    from segregation_tools.kernels.pairs import pair_sums

    geography, centroids = place
    metres = real_number(decay, "decay", 0, "a distance in metres", above=True)
    own = np.broadcast_to(own_proximity(geography, metres, self_distance), home.shape)[home]
    shares = rows[:, home] / rows.sum(axis=1, keepdims=True)
    return pair_sums(centroids[home], shares, metres) + (shares * own) @ shares.T


def _nobody_near(name: str, decay: Any) -> float:
    return undefined(
        name, f"with decay={decay} nobody is near anybody: proximity falls to nothing before the next unit"
    )


@of_the_map(
    symbol="SP",
    dimension="clustering",
    bounds=(0, np.inf),
    source=["white1983", "massey1988"],
    needs=("decay",),
)
def spatial_proximity(
    counts: Array,
    geography: Geography | Grid,
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
    geography : Geography or Grid
        Areas of the units, where the self distance follows from them.
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
    totals = counts.sum(axis=1)
    weights = totals / totals.sum()
    near = _near(counts, counts.sum(axis=0) > 0, (geography, centroids), decay, self_distance)
    everyone = weights @ near @ weights
    if not everyone > 0:
        return _nobody_near("spatial_proximity", decay)
    return float(weights @ np.diagonal(near) / everyone)


@of_the_map(
    symbol="ACL", dimension="clustering", bounds=(-np.inf, np.inf), source=["massey1988"], groups=2, needs=("decay",)
)
def absolute_clustering(
    x: Array,
    y: Array,
    geography: Geography | Grid,
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
    geography : Geography or Grid
        Areas of the units, where the self distance follows from them.
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
    t = x + y
    near = _near(np.stack([x, t, (t > 0) / 1]), t > 0, (geography, centroids), decay, self_distance)
    most = near[0, 1] * t.sum() / x.sum() - near[2, 2]
    if abs(most) <= ROUNDING * near[2, 2]:
        return _nobody_near("absolute_clustering", decay)
    return float((near[0, 0] - near[2, 2]) / most)


@of_the_map(
    symbol="RCL", dimension="clustering", bounds=(-1, np.inf), source=["massey1988"], groups=2, needs=("decay",)
)
def relative_clustering(
    x: Array,
    y: Array,
    geography: Geography | Grid,
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
    geography : Geography or Grid
        Areas of the units, where the self distance follows from them.
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
    >>> abs(round(sgt.relative_clustering(sgt.synthetic_city("ghetto"), decay=200), 10))
    0.0
    """
    near = _near(np.stack([x, y]), x + y > 0, (geography, centroids), decay, self_distance)
    if not near[1, 1] > 0:
        return _nobody_near("relative_clustering", decay)
    return float(near[0, 0] / near[1, 1] - 1)


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
    geography: Geography | Grid,
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
    geography : Geography or Grid
        Areas of the units, where the self distance follows from them.
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
    met = potentials(centroids, counts, metres) + counts * own_proximity(geography, metres, self_distance)
    company = met.sum(axis=0)
    if ((company <= 0) & (counts.sum(axis=0) > 0)).any():
        return np.full((len(counts), len(counts)), _nobody_near("distance_decay_exposure", decay))
    return (counts @ (met / np.where(company > 0, company, 1)).T) / counts.sum(axis=1, keepdims=True)
