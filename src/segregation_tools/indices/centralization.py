"""Centralization: whether a group lives near the centre, or near one of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import GeographyError, OptionError
from segregation_tools.indices.placed import like, of_the_map

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
    x: Array, y: Array, areas: Array, centroids: Array, geography: Geography | Grid, *, center: Any = None
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

    Returns
    -------
    float

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
    return _ahead(apart, x, areas)


@of_the_map(
    symbol="RCE",
    dimension="centralization",
    bounds=(-1, 1),
    source=["duncan1955b", "massey1988"],
    groups=2,
    needs=("center",),
)
def relative_centralization(
    x: Array, y: Array, centroids: Array, geography: Geography | Grid, *, center: Any = None
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

    Returns
    -------
    float

    Examples
    --------
    >>> city = sgt.synthetic_city("gradient", groups=["west", "east"], rows=3, cols=9)
    >>> round(sgt.relative_centralization(city, center=(50, -150)), 3)   # a centre in the west
    0.657
    """
    return _ahead(_distances(x + y, centroids, geography, center), x, y)


def _ahead(apart: Array, one: Array, other: Array) -> float:
    """How far, from the nearest to the farthest, one share runs ahead of another; equal distances are one step."""
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
