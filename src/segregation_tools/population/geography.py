"""Where the units lie: geometry, areas, perimeters and centroids in metres, computed when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataWarning, GeographyError, listed, warn
from segregation_tools.population.adjacency import (
    RULES,
    border_lines,
    polygon_adjacency,
    refuse_invalid,
    shared_borders,
)
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from geopandas import GeoSeries
    from numpy.typing import NDArray
    from pyproj import CRS
    from scipy.sparse import csr_array

    from segregation_tools.kernels.nearby import Bands

__all__ = ["Geography", "metres_per_unit", "warn_web_mercator"]

WEB_MERCATOR = (3857, 3785)  # today's code, and an older one for the same coordinates
PROJECT_FRAME = "Project the frame first: frame = frame.to_crs(frame.estimate_utm_crs())"


def metres_per_unit(crs: CRS | None, purpose: str, mend: str = PROJECT_FRAME) -> float:
    """Return how many metres one unit of a coordinate reference system is.

    Parameters
    ----------
    crs : pyproj.CRS or None
        Without one, coordinates are taken to be in metres.
    purpose : str
        What needs metres, for the refusal.
    mend : str
        How to come by metres, for the refusal.

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
        msg = f"{purpose} needs metres, but the coordinates are degrees ({crs.name}). {mend}"
        raise GeographyError(msg)
    return float(crs.axis_info[0].unit_conversion_factor)


@dataclass(frozen=True, eq=False)
class Dissolved:
    """Geometry of merged units, made when it is needed.

    Attributes
    ----------
    parts : Geography
        Units before they were merged.
    codes : ndarray of int
        Position in `units` of the unit that each part goes to.
    units : pandas.Index
        Labels of the merged units.
    """

    parts: Geography
    codes: NDArray[np.intp]
    units: pd.Index[Any]

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system of the parts."""
        return self.parts.crs

    def made(self) -> GeoSeries:
        """Dissolve the parts of each unit."""
        parts = self.parts.geometry
        absent = np.asarray(parts.isna() | parts.is_empty)
        refuse_invalid(np.asarray(parts.array)[~absent], self.parts.units[~absent], "merging units")
        merged = parts.groupby(self.codes).apply(lambda part: part.union_all()).set_crs(self.crs)
        incomplete = np.unique(
            self.codes[absent]
        )  # without one of its parts a unit has no place: it is named when asked
        merged.iloc[incomplete] = None
        return merged.set_axis(self.units)


@dataclass(frozen=True, eq=False)
class Geography:
    """The places of a population's units.

    Parameters
    ----------
    units : pandas.Index
        Labels of the units, unique.
    source : GeoSeries, Dissolved or None
        Geometry in the order of `units`, or how to make it when it is first needed.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> place = sgt.Population.from_frame(tracts, groups=["white", "black"]).geography
    >>> round(place.areas.sum() / 1e6)   # square kilometres
    13750
    """

    units: pd.Index[Any]
    source: GeoSeries | Dissolved | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """How many units there are, as the shape of one group."""
        return (len(self.units),)

    @property
    def cell_metres(self) -> None:
        """Side of a cell in metres; None where units are no cells."""
        return

    def labels(self, at: NDArray[Any]) -> pd.Index[Any]:
        """Labels of some units, by their positions or by a mask."""
        return self.units[at]

    @property
    def outlined(self) -> bool:
        """Whether there is geometry."""
        return self.source is not None

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
        return self.source.made() if isinstance(self.source, Dissolved) else self.source

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system, or None when it was not stated (metres are assumed)."""
        return None if self.source is None else self.source.crs

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

    def _measured(self, what: str, power: int) -> NDArray[np.float64]:
        geometry = self.placed(what)
        scale = metres_per_unit(geometry.crs, what) ** power
        refuse_invalid(np.asarray(geometry.array), self.units, what)
        return np.asarray(geometry.area if power == 2 else geometry.length) * scale

    @cached_property
    def _areas(self) -> NDArray[np.float64]:
        return self._measured("area", 2)

    @cached_property
    def _perimeters(self) -> NDArray[np.float64]:
        return self._measured("perimeter", 1)

    @cached_property
    def _centroids(self) -> NDArray[np.float64]:
        geometry = self.placed("centroid")
        scale = metres_per_unit(geometry.crs, "centroid")
        points = geometry.centroid
        centroids = np.column_stack([points.x, points.y]) * scale
        nowhere = np.asarray(~np.isfinite(centroids).all(axis=1))
        if nowhere.any():
            msg = (
                f"units whose coordinates are infinite or missing: {listed(self.units[nowhere])}. "
                "This is what to_crs leaves where coordinates lie outside the area of a projection: check their CRS"
            )
            raise GeographyError(msg)
        return centroids

    @cached_property
    def bands(self) -> Bands:
        """Centroids, sorted so that what lies around each is found at once; in metres."""
        from segregation_tools.kernels.nearby import in_bands

        return in_bands(self._centroids)

    def adjacency(self, rule: str = "queen", tolerance: float = 0.0) -> csr_array:
        """Find the units that touch.

        Parameters
        ----------
        rule : {"queen", "rook"}
            Whether a corner is enough, or a stretch of border must be shared.
        tolerance : float
            How many metres apart borders may lie and still be one.

        Returns
        -------
        csr_array of shape (units, units)
            1 for units that touch, nothing on the diagonal.
        """
        rule, tolerance = one_of(rule, "rule", RULES), real_number(tolerance, "tolerance", 0, "a length in metres")
        geometry = self.placed("contiguity")
        scale = metres_per_unit(geometry.crs, "tolerance") if tolerance > 0 else 1.0
        return polygon_adjacency(geometry, self.units, rule, tolerance / scale)

    @cached_property
    def borders(self) -> csr_array:
        """Length of the border that every two units share, in metres."""
        geometry = self.placed("border")
        return shared_borders(geometry, self.units) * metres_per_unit(geometry.crs, "border")

    def border_lines(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> GeoSeries:
        """Draw the borders that pairs of units share.

        Parameters
        ----------
        a, b : ndarray of int, shape (pairs,)
            Positions of the units on either side; they share a border.

        Returns
        -------
        GeoSeries of shape (pairs,)
        """
        from geopandas import GeoSeries

        geometry = self.placed("border")
        return GeoSeries(border_lines(geometry, self.units, a, b), crs=geometry.crs)

    @property
    def areas(self) -> pd.Series[float]:
        """Area of every unit, in square metres."""
        return pd.Series(self._areas.copy(), index=self.units, name="area")

    @property
    def perimeters(self) -> pd.Series[float]:
        """Length of the whole outline of every unit, holes included, in metres."""
        return pd.Series(self._perimeters.copy(), index=self.units, name="perimeter")

    @property
    def centroids(self) -> pd.DataFrame:
        """Centroid of every unit, columns `x` and `y` in metres."""
        return pd.DataFrame(self._centroids.copy(), index=self.units, columns=["x", "y"])

    def merged(self, codes: NDArray[np.intp], units: pd.Index[Any]) -> Geography:
        """Return the geography of merged units; shapes are dissolved when they are needed.

        Parameters
        ----------
        codes : ndarray of int
            Position in `units` of the unit that each one goes to.
        units : pandas.Index
            Labels of the merged units.

        Returns
        -------
        Geography
        """
        return Geography(units, Dissolved(self, codes, units) if self.outlined else None)

    def placing(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of the units with their geometry, where there is any.

        Parameters
        ----------
        frame : DataFrame
            One row a unit.

        Returns
        -------
        GeoDataFrame or DataFrame
        """
        if not self.outlined:
            return frame
        import geopandas

        placed: pd.DataFrame = geopandas.GeoDataFrame(frame, geometry=self.geometry)
        return placed


def warn_web_mercator(crs: CRS | None, mend: str = "frame = frame.to_crs(frame.estimate_utm_crs())") -> None:
    """Warn, at the door, that EPSG:3857 inflates distances and areas away from the equator.

    Parameters
    ----------
    crs : pyproj.CRS or None
        The coordinate reference system of what is read.
    mend : str
        How to come by true metres.
    """
    if crs is not None and crs.to_epsg() in WEB_MERCATOR:
        warn(
            f"EPSG:3857 (Web Mercator) stretches distances and areas, about twofold at 60° north. For true metres: {mend}",
            DataWarning,
        )
