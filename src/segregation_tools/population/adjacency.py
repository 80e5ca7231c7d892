"""Which units touch: shared borders and corners of polygons, neighbouring cells of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import GeographyError, OptionError, listed

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoSeries
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["RULES", "cell_adjacency", "polygon_adjacency"]

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
        If some units are not polygons.
    """
    import shapely

    shapes = np.asarray(geometry.array)
    flat = shapely.get_dimensions(shapes) < 2
    if flat.any():
        msg = (
            f"contiguity needs polygons; units that are points or lines: {listed(units[flat])}. "
            "Take an environment by distance: sgt.Radius(metres) or sgt.NearestUnits(k)"
        )
        raise GeographyError(msg)
    tree = shapely.STRtree(shapes)
    if tolerance > 0:
        a, b = tree.query(shapes, predicate="dwithin", distance=tolerance)
    else:
        a, b = tree.query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    if _checked(rule) == "rook":
        along = _along(shapes[a], shapes[b], tolerance)
        a, b = a[along], b[along]
    return _symmetric(a, b, len(shapes))


def _along(one: NDArray[Any], other: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Tell which pairs share more than a corner.

    Within the tolerance of a corner lie two tolerances of border, and a shared stretch is seen longer by as much.
    """
    import shapely

    if tolerance == 0:
        shared: NDArray[np.bool_] = shapely.length(shapely.intersection(one, other)) > 0
        return shared
    near = [
        shapely.length(shapely.intersection(shapely.boundary(here), shapely.buffer(there, tolerance)))
        for here, there in ((one, other), (other, one))
    ]
    long: NDArray[np.bool_] = np.maximum(*near) >= 3 * tolerance
    return long


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
    if _checked(rule) == "queen":
        pairs += [(cell[:-1, :-1], cell[1:, 1:]), (cell[:-1, 1:], cell[1:, :-1])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    return _symmetric(a, b, cell.size)


def _checked(rule: str) -> str:
    if rule not in RULES:
        msg = f"rule must be one of {listed(RULES)}, not {rule!r}"
        raise OptionError(msg)
    return rule


def _symmetric(a: NDArray[np.intp], b: NDArray[np.intp], size: int) -> csr_array:
    from scipy.sparse import csr_array

    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    return csr_array((np.ones(len(ends[0])), ends), shape=(size, size))
