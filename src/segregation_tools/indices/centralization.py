"""Centralization: whether a group lives near the centre, or near one of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import GeographyError, OptionError
from segregation_tools.indices.placed import ALIKE, from_each_place, like, of_the_map, undefined
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

    Array = NDArray[np.float64]


@of_the_map(
    symbol="ACE",
    dimension="centralization",
    bounds=(-1, 1),
    source=["massey1988"],
    groups=2,
    needs=("center",),
)
def absolute_centralization(
    x: Array,
    y: Array,
    areas: Array,
    centroids: Array,
    geography: Geography | Grid,
    *,
    center: Any = None,
    reach: float = np.inf,
) -> float:
    """How much nearer to the centre the first group lives than the land lies: above 0 nearer, below 0 farther.

    Σ (X_{k−1} A_k − X_k A_{k−1}) with the shares X of the group and A of the land within the k-th distance.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    areas : ndarray of shape (units,)
        Of the units.
    centroids : ndarray of shape (units, 2)
        In metres.
    geography : Geography or Grid
        Its coordinate system is that of `center`.
    center : str, (x, y), or several of them
        Coordinates in those of the map (a pair, a point, or several: the nearest counts), ``"mean"`` of the centroids or
        ``"population_weighted_mean"``. It has to be named: the answer depends on it.
    reach : float
        Metres: only units so near to a centre are compared with each other.

    Returns
    -------
    float
        NaN, with a warning, where nobody of the first group lives within reach.

    Notes
    -----
    Units equally far from the centre are taken together: their order never matters.

    Examples
    --------
    >>> city = sgt.synthetic_city("gradient", groups=["west", "east"], rows=3, cols=9)
    >>> round(sgt.absolute_centralization(city, center=(50, -150)), 3)   # a centre in the west
    0.329
    """
    apart = _distances(x + y, centroids, geography, center)
    return _ahead("absolute_centralization", apart, x, areas, reach)


@of_the_map(
    symbol="RCE",
    dimension="centralization",
    bounds=(-1, 1),
    source=["duncan1955b", "massey1988"],
    groups=2,
    needs=("center",),
)
def relative_centralization(
    x: Array,
    y: Array,
    centroids: Array,
    geography: Geography | Grid,
    *,
    center: Any = None,
    reach: float = np.inf,
) -> float:
    """How much nearer to the centre the first group lives than the second: above 0 nearer, below 0 farther.

    Σ (X_{k−1} Y_k − X_k Y_{k−1}) with the shares X and Y of the groups within the k-th distance.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    centroids : ndarray of shape (units, 2)
        In metres.
    geography : Geography or Grid
        Its coordinate system is that of `center`.
    center : str, (x, y), or several of them
        As in `absolute_centralization`.
    reach : float
        Metres: only units so near to a centre are compared with each other.

    Returns
    -------
    float
        NaN, with a warning, where nobody of one of the groups lives within reach.

    Examples
    --------
    >>> city = sgt.synthetic_city("gradient", groups=["west", "east"], rows=3, cols=9)
    >>> round(sgt.relative_centralization(city, center=(50, -150)), 3)   # a centre in the west
    0.657
    """
    apart = _distances(x + y, centroids, geography, center)
    return _ahead("relative_centralization", apart, x, y, reach)


@from_each_place(
    symbol="CI",
    dimension="centralization",
    bounds=(-1, 1),
    source=["folch2016"],
    groups=2,
    answer="units",
    needs=("nearest",),
)
def local_centralization(x: Array, y: Array, centroids: Array, *, nearest: float | None = None) -> Array:
    """Which of two groups lives nearer to each unit, among the units around it: above 0 the first, below 0 the second.

    Relative centralization with the unit as centre, over the units nearest to it: a map of the places around which a group
    gathers.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    centroids : ndarray of shape (units, 2)
        In metres.
    nearest : int
        How many units are compared, the one in the middle included; those equally far come in together, those at one place
        count as one. ``math.inf`` for all. It has to be named.

    Returns
    -------
    ndarray of shape (units,)
        NaN where only one of the groups lives around, and where nobody lives in the unit.

    Examples
    --------
    In a city that grows more eastern to the east, the first group lives nearer to every unit but those of the east.

    >>> city = sgt.synthetic_city("gradient", groups=["west", "east"], rows=1, cols=5)
    >>> sgt.local_centralization(city, nearest=5).round(3).tolist()
    [0.64, 0.512, 0.0, -0.512, -0.64]
    """
    from segregation_tools.kernels.trajectories import sum_ahead

    if nearest != np.inf:
        real_number(nearest, "nearest", 2, "a whole number of units, or math.inf", whole=True)
    ahead: Array = sum_ahead(centroids, x, y, float(nearest or np.inf))
    return ahead


def _ahead(name: str, apart: Array, one: Array, other: Array, reach: float) -> float:
    """How far, from the nearest to the farthest, one share runs ahead of another; equal distances are one step."""
    if reach != np.inf:
        within = apart <= real_number(reach, "reach", 0, "a distance in metres", above=True) * (1 + ALIKE)
        apart, one, other = apart[within], one[within], other[within]
        if not (one.any() and other.any()):
            return undefined(name, f"within reach={reach} of a centre one of the groups is absent")
    step = like(apart, rounding=1e-12 * apart.max())
    x, y = (np.cumsum(np.bincount(step, part)) / part.sum() for part in (one, other))
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def _distances(people: Array, centroids: Array, geography: Geography | Grid, center: Any) -> Array:
    """Distance of every unit from the nearest centre, in metres."""
    centers = _centers(people, centroids, geography, center)
    apart: Array = np.min([np.hypot(*(centroids - at).T) for at in centers], axis=0)
    return apart


def _centers(people: Array, centroids: Array, geography: Geography | Grid, center: Any) -> Array:
    """Coordinates of the centres, in metres."""
    import shapely

    from segregation_tools.population.geography import metres_per_unit

    if isinstance(center, str):
        if center not in ("mean", "population_weighted_mean"):
            msg = f"center must be coordinates, 'mean' or 'population_weighted_mean', not {center!r}"
            raise OptionError(msg)
        weights = None if center == "mean" else people
        return np.average(centroids, axis=0, weights=weights)[np.newaxis]
    own = getattr(center, "crs", None)
    if own is not None and geography.crs is not None and own != geography.crs:
        msg = (
            f"center is in {own.to_string()}, the map in {geography.crs.to_string()}: center = center.to_crs(frame.crs)"
        )
        raise GeographyError(msg)
    given = getattr(getattr(center, "geometry", center), "array", center)
    points = np.asarray(given, dtype=object).reshape(-1)
    if len(points) and all(isinstance(point, shapely.Point) and not point.is_empty for point in points):
        places: Array = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    else:
        places = _pairs(center)
    if not len(places) or not np.isfinite(places).all():
        msg = f"center must be finite coordinates, not {center!r}"
        raise OptionError(msg)
    return places * metres_per_unit(geography.crs, "center")


def _pairs(center: Any) -> Array:
    """Read (x, y), or several of them, and nothing else."""
    try:
        places = np.asarray(None if isinstance(center, (pd.DataFrame, pd.Series)) else center)
    except ValueError:
        places = np.asarray(None)
    if places.dtype.kind not in "iuf" or places.shape[-1:] != (2,) or places.ndim > 2:
        msg = f"center must be (x, y), several of them, or points, not {type(center).__name__}"
        raise OptionError(msg)
    return places.reshape(-1, 2).astype(np.float64)
