"""Areas as a page draws them: in degrees or on a plane, simplified together, with few digits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from segregation_tools.errors import CapabilityError, GeographyError
from segregation_tools.population.grid import Grid
from segregation_tools.views.maps import can_be_drawn

if TYPE_CHECKING:
    from geopandas import GeoSeries
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Codes = NDArray[np.intp]

__all__ = ["DETAIL", "MOST", "shapes_of", "simplified", "units_of"]

MOST = 20_000  # areas that a page carries
DETAIL = 1 / 4000  # of the map's extent: corners that change less than a square of this side are left out
ACROSS = 1000.0  # extent of a map without a coordinate reference system, on the page
NORTH = 85.0  # degrees: maps on pages end there
FINE = 0.2  # degrees across, below which a sixth decimal is kept


def units_of(pop: Population) -> Codes:
    """Choose the units that are on the page: all areas, or the cells where somebody lives.

    Parameters
    ----------
    pop : Population
        Any.

    Returns
    -------
    ndarray of int
        Their positions.

    Raises
    ------
    GeographyError
        If there is nothing to draw.
    CapabilityError
        If they are too many for a page.
    """
    if not can_be_drawn(pop):
        msg = (
            "an interactive map needs geometry, and this population has none: read it from a GeoDataFrame "
            "(geopandas.read_file, or GeoDataFrame(frame, geometry=...)) or from a raster"
        )
        raise GeographyError(msg)
    cells = isinstance(pop.geography, Grid)
    chosen = np.flatnonzero(pop.sizes.reshape(-1) > 0) if cells else np.arange(len(pop))
    if len(chosen) > MOST:
        what = "inhabited cells" if cells else "areas"
        mend = (
            "read the raster with larger cells (gdalwarp -tr ... -r sum), or cut out a part of it"
            if cells
            else "take a part of them (frame = frame.cx[west:east, south:north]), or larger ones (pop.merge)"
        )
        msg = f"{len(chosen):,} {what} are too many for an interactive map, which carries {MOST:,}: {mend}"
        raise CapabilityError(msg)
    return chosen


def shapes_of(pop: Population, units: Codes) -> tuple[list[dict[str, Any] | None], bool]:
    """Draw units for a page.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    units : ndarray of int
        Positions of the units that are on the page.

    Returns
    -------
    shapes : list of dict or None
        GeoJSON geometries: longitude and latitude, or x and y on a plane; None for a unit without a place.
    plane : bool
        Whether it is a plane: coordinates without a reference system.

    Raises
    ------
    GeographyError
        If coordinates are not where their reference system can be drawn.
    """
    place = pop.geography
    given = place.cells(units) if isinstance(place, Grid) else place.geometry.reset_index(drop=True).iloc[units]
    there = np.asarray(~(given.isna() | given.is_empty))
    plane = given.crs is None
    laid = given[there].force_2d()
    laid = _on_plane(laid) if plane else _in_degrees(laid)
    if not isinstance(place, Grid):
        laid = _simplified(laid)
    drawn = iter(_rounded(laid, plane))
    return [next(drawn) if known else None for known in there], plane


def _on_plane(shapes: GeoSeries) -> GeoSeries:
    west, south, east, north = shapes.total_bounds
    longest = max(east - west, north - south) or 1.0  # a single point
    return shapes.translate(-west, -south).scale(ACROSS / longest, ACROSS / longest, origin=(0, 0))


def _in_degrees(shapes: GeoSeries) -> GeoSeries:
    degrees = shapes.to_crs(4326)
    west, south, east, north = degrees.total_bounds
    if not (-360 <= west <= east <= 360 and -NORTH <= south <= north <= NORTH):
        msg = (
            f"coordinates cannot be drawn: read as {shapes.crs.to_string()}, they reach from {west:g}, {south:g} to "
            f"{east:g}, {north:g} degrees; maps end at {NORTH:g}° north and south. If they are in another reference system, "
            "say so: frame = frame.set_crs(..., allow_override=True)"
        )
        raise GeographyError(msg)
    return degrees


def _simplified(shapes: GeoSeries) -> GeoSeries:
    seen = shapes if shapes.crs is None else shapes.to_crs(3857)  # as it is on the page
    west, south, east, north = seen.total_bounds
    simple: GeoSeries = seen.set_axis(range(len(seen))).copy()
    simple[:] = simplified(np.asarray(seen.array), max(east - west, north - south) * DETAIL)
    return simple if shapes.crs is None else simple.to_crs(4326)


def simplified(shapes: NDArray[Any], tolerance: float) -> NDArray[Any]:
    """Leave out corners that nobody sees; what two areas share stays shared.

    Parameters
    ----------
    shapes : ndarray of geometries
        Areas are mended and simplified; points and lines stay as they are.
    tolerance : float
        How far a line may be moved, in units of the coordinates.

    Returns
    -------
    ndarray of geometries
    """
    areas = shapely.make_valid(shapes)
    wide = shapely.area(areas) > 0
    areas[wide] = [_polygons(area) for area in areas[wide]]
    areas[wide] = shapely.coverage_simplify(areas[wide], tolerance)
    return areas


def _polygons(area: Any) -> Any:
    """Take the polygons of an area that was mended: lines and points beside them have no residents to show."""
    parts = shapely.get_parts(shapely.get_parts(area))
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def _rounded(shapes: GeoSeries, plane: bool) -> list[dict[str, Any]]:
    west, south, east, north = shapes.total_bounds
    digits = 2 if plane else 6 if max(east - west, north - south) < FINE else 5
    rounded = shapely.transform(np.asarray(shapes.array), lambda corners: np.round(corners, digits))
    return [json.loads(text) for text in shapely.to_geojson(rounded)]
