"""Where the units lie: geometry, areas, perimeters and centroids in metres, computed when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataWarning, GeographyError, listed, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoSeries
    from pyproj import CRS

__all__ = ["Geography", "metres_per_unit", "warn_web_mercator"]

WEB_MERCATOR = 3857


def metres_per_unit(crs: CRS | None, purpose: str) -> float:
    """Return how many metres one unit of a coordinate reference system is.

    Parameters
    ----------
    crs : pyproj.CRS or None
        Without one, coordinates are taken to be in metres.
    purpose : str
        What needs metres, for the refusal.

    Returns
    -------
    float

    Raises
    ------
    GeographyError
        If the coordinates are degrees.
    """
    if crs is None:
        return 1.0
    if crs.is_geographic:
        msg = (
            f"{purpose} needs metres, but the coordinates are degrees ({crs.name}). "
            "Project the frame first: frame = frame.to_crs(frame.estimate_utm_crs())"
        )
        raise GeographyError(msg)
    return float(crs.axis_info[0].unit_conversion_factor)


@dataclass(frozen=True, eq=False)
class Geography:
    """The places of a population's units.

    Parameters
    ----------
    units : pandas.Index
        Labels of the units, unique.
    source : GeoSeries, callable returning one, or None
        Geometry in the order of `units`. A callable is only called when the geometry is first needed.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> place = sgt.Population.from_frame(tracts, groups=["white", "black"]).geography
    >>> round(place.areas.sum() / 1e6)   # square kilometres
    13750
    """

    units: pd.Index[Any]
    source: GeoSeries | Callable[[], GeoSeries] | None = None

    @cached_property
    def geometry(self) -> GeoSeries:
        """Geometry of every unit, on the unit index.

        Raises
        ------
        GeographyError
            If the population was read without geometry.
        """
        if self.source is None:
            msg = (
                "this population has no geometry: read it from a GeoDataFrame "
                "(geopandas.read_file, or GeoDataFrame(frame, geometry=...))"
            )
            raise GeographyError(msg)
        return self.source() if callable(self.source) else self.source

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system, or None when it was not stated (metres are assumed)."""
        return None if self.source is None else self.geometry.crs

    def placed(self, purpose: str) -> GeoSeries:
        """Geometry in which every unit has a place, or a refusal that names those without one."""
        geometry = self.geometry
        absent = np.asarray(geometry.isna() | geometry.is_empty)
        if absent.any():
            msg = (
                f"{purpose} needs a place for every unit; units without geometry: {listed(self.units[absent])}. "
                "Give them one or leave them out: frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]"
            )
            raise GeographyError(msg)
        return geometry

    def _measured(self, what: str, power: int) -> pd.Series[float]:
        geometry = self.placed(what)
        scale = metres_per_unit(geometry.crs, what) ** power
        values = geometry.area if power == 2 else geometry.length
        return pd.Series(np.asarray(values) * scale, index=self.units, name=what)

    @cached_property
    def areas(self) -> pd.Series[float]:
        """Area of every unit, in square metres."""
        return self._measured("area", 2)

    @cached_property
    def perimeters(self) -> pd.Series[float]:
        """Length of the whole outline of every unit, holes included, in metres."""
        return self._measured("perimeter", 1)

    @cached_property
    def centroids(self) -> pd.DataFrame:
        """Centroid of every unit, columns `x` and `y` in metres."""
        geometry = self.placed("centroid")
        scale = metres_per_unit(geometry.crs, "centroid")
        points = geometry.centroid
        return pd.DataFrame({"x": points.x.to_numpy() * scale, "y": points.y.to_numpy() * scale}, index=self.units)


def warn_web_mercator(crs: CRS | None) -> None:
    """Warn, at the door, that EPSG:3857 inflates distances and areas away from the equator.

    Parameters
    ----------
    crs : pyproj.CRS or None
        The coordinate reference system of what is read.
    """
    if crs is not None and crs.to_epsg() == WEB_MERCATOR:
        warn(
            "EPSG:3857 (Web Mercator) stretches distances and areas, about twofold at 60° north. "
            "For true metres: frame = frame.to_crs(frame.estimate_utm_crs())",
            DataWarning,
        )
