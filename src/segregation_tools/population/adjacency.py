"""Which units touch: shared borders and corners of polygons, neighbouring cells of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import GeographyError, listed

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoSeries
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["RULES", "border_lines", "cell_adjacency", "polygon_adjacency", "refuse_invalid", "shared_borders"]

RULES = ("queen", "rook")


def polygon_adjacency(geometry: GeoSeries, units: pd.Index[Any], rule: str, tolerance: float) -> csr_array:
    """Find the polygons that touch.

    Parameters
    ----------
    geometry : GeoSeries
        One polygon a unit.
    units : pandas.Index
        Labels for the refusals.
    rule : {"queen", "rook"}
        Whether a corner is enough, or a stretch of border must be shared. Polygons that overlap touch by either rule.
    tolerance : float
        How far apart borders may lie and still be one, in the units of the geometry; by the rule ``"rook"`` they must then
        run along each other for at least as long.

    Returns
    -------
    csr_array of shape (units, units)
        1 for units that touch, symmetric, with nothing on the diagonal.

    Raises
    ------
    GeographyError
        If some units are not polygons, or cross themselves.
    """
    import shapely

    shapes = _polygons(geometry, units)
    tree = shapely.STRtree(shapes)
    if tolerance > 0:
        a, b = tree.query(shapes, predicate="dwithin", distance=tolerance)
    else:
        a, b = tree.query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    if rule == "rook":
        along = _along(shapes[a], shapes[b], tolerance)
        a, b = a[along], b[along]
    return _symmetric(a, b, len(shapes))


def _polygons(geometry: GeoSeries, units: pd.Index[Any]) -> NDArray[Any]:
    import shapely

    shapes = _areas_of(np.asarray(geometry.array))
    flat = shapely.get_dimensions(shapes) < 2
    if flat.any():
        msg = (
            f"contiguity needs polygons; units that are points or lines: {listed(units[flat])}. "
            "Take an environment by distance: sgt.Radius(metres) or sgt.NearestUnits(k)"
        )
        raise GeographyError(msg)
    refuse_invalid(shapes, units, "contiguity")
    return shapes


def refuse_invalid(shapes: NDArray[Any], units: pd.Index[Any], purpose: str) -> None:
    """Refuse polygons that cross themselves, which predicates and unions cannot take.

    Parameters
    ----------
    shapes : ndarray of geometries
        One a unit.
    units : pandas.Index
        Labels for the refusal.
    purpose : str
        What needs valid shapes.

    Raises
    ------
    GeographyError
        Naming the units and the mend.
    """
    import shapely

    invalid = ~shapely.is_valid(shapes)
    if invalid.any():
        msg = (
            f"{purpose} needs valid polygons; those of some units cross themselves: {listed(units[invalid])}. "
            "Mend them: frame.geometry = frame.geometry.make_valid()"
        )
        raise GeographyError(msg)


def _areas_of(shapes: NDArray[Any]) -> NDArray[Any]:
    """Take the areas of collections, in which a mended polygon may bring lines along."""
    import shapely

    areas = shapes.copy()
    for i in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapes[i])
        areas[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return areas


def _along(one: NDArray[Any], other: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Tell which pairs share more than a corner.

    Around a corner, the border that lies within a distance of the other unit grows as the distance does; where borders run
    along each other, it is their length whatever the distance. So twice what lies within the tolerance, less what lies
    within two, is the length along which they run.
    """
    import shapely

    shared: NDArray[np.bool_] = shapely.length(shapely.intersection(one, other)) > 0
    if tolerance == 0:
        return shared

    def near(here: NDArray[Any], there: NDArray[Any], distance: float) -> NDArray[np.float64]:
        close: NDArray[np.float64] = shapely.length(
            shapely.intersection(shapely.boundary(here), shapely.buffer(there, distance))
        )
        return close

    runs = [2 * near(*pair, tolerance) - near(*pair, 2 * tolerance) for pair in ((one, other), (other, one))]
    return shared | (np.maximum(*runs) >= tolerance)


def shared_borders(geometry: GeoSeries, units: pd.Index[Any]) -> csr_array:
    """Measure the border that polygons share.

    Parameters
    ----------
    geometry : GeoSeries
        One polygon a unit.
    units : pandas.Index
        Labels for the refusals.

    Returns
    -------
    csr_array of shape (units, units)
        Lengths in the units of the geometry, symmetric, with nothing on the diagonal.
    """
    import shapely

    shapes = _polygons(geometry, units)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    outlines = shapely.boundary(shapes)
    lengths = shapely.length(shapely.intersection(outlines[a], outlines[b]))
    shared = lengths > 0
    return _symmetric(a[shared], b[shared], len(shapes), lengths[shared])


def border_lines(geometry: GeoSeries, units: pd.Index[Any], a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[Any]:
    """Draw the borders that pairs of polygons share.

    Parameters
    ----------
    geometry : GeoSeries
        One polygon a unit.
    units : pandas.Index
        Labels for the refusals.
    a, b : ndarray of int, shape (pairs,)
        Positions of the units on either side.

    Returns
    -------
    ndarray of shapely lines, shape (pairs,)
        Without the points in which the two also meet.
    """
    import shapely

    outlines = shapely.boundary(_polygons(geometry, units))
    shared = shapely.intersection(outlines[a], outlines[b])
    parts, pair = shapely.get_parts(shared, return_index=True)
    lines = shapely.get_dimensions(parts) == 1
    drawn: NDArray[Any] = shapely.line_merge(shapely.multilinestrings(parts[lines], indices=pair[lines]))
    return drawn


def cell_adjacency(rows: int, cols: int, rule: str) -> csr_array:
    """Link the neighbouring cells of a grid.

    Parameters
    ----------
    rows, cols : int
        Shape of the grid.
    rule : {"queen", "rook"}
        Whether cells that meet in a corner touch.

    Returns
    -------
    csr_array of shape (cells, cells)
        Cells in the order of the flattened grid.
    """
    cell = np.arange(rows * cols).reshape(rows, cols)
    pairs = [(cell[:, :-1], cell[:, 1:]), (cell[:-1], cell[1:])]
    if rule == "queen":
        pairs += [(cell[:-1, :-1], cell[1:, 1:]), (cell[:-1, 1:], cell[1:, :-1])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    return _symmetric(a, b, cell.size)


def _symmetric(a: NDArray[np.intp], b: NDArray[np.intp], size: int, weights: NDArray[Any] | float = 1.0) -> csr_array:
    from scipy.sparse import csr_array

    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    values = np.broadcast_to(np.asarray(weights, dtype=np.float64), len(a))
    return csr_array((np.concatenate([values, values]), ends), shape=(size, size))
