"""The geography of a raster: square cells in rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import GeographyError
from segregation_tools.population.adjacency import RULES, cell_adjacency
from segregation_tools.population.geography import Geography, metres_per_unit
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from geopandas import GeoSeries
    from numpy.typing import NDArray
    from pyproj import CRS
    from scipy.sparse import csr_array

    from segregation_tools.kernels.nearby import Bands

__all__ = ["TO_METRES", "Grid"]

TO_METRES = (
    "gdalwarp -t_srs EPSG:… -r sum in.tif out.tif, or raster.rio.reproject(raster.rio.estimate_utm_crs(), "
    "resampling=Resampling.sum) of rioxarray"
)
DEGREES = (
    f"Reproject the raster first, so that people are kept: {TO_METRES}. Or tell its people by polygons in metres: "
    "sgt.crosswalk(pop, onto=frame) after frame = frame.to_crs(frame.estimate_utm_crs())"
)
UNKNOWN = "how large a cell is was not said: read the raster with cell_size=100 (metres, or units of crs=)"


@dataclass(frozen=True)
class Grid:
    """Square cells in rows (north to south) and columns (west to east).

    Parameters
    ----------
    rows, cols : int
        Shape of the grid.
    cell_size : float or None
        Side of a cell, in units of `crs`. Without it whatever needs a distance or an area is refused.
    crs : pyproj.CRS, anything it is made of, or None
        Without one, units are metres.
    x, y : float
        Upper left corner.

    Examples
    --------
    >>> Grid(2, 3, cell_size=100.0).areas
    array([[10000., 10000., 10000.],
           [10000., 10000., 10000.]])
    """

    rows: int
    cols: int
    cell_size: float | None
    crs: CRS | None = None
    x: float = 0.0
    y: float = 0.0

    def __post_init__(self) -> None:
        if self.cell_size is not None and not 0 < self.cell_size < np.inf:
            msg = f"cell_size must be a positive length, not {self.cell_size!r}"
            raise GeographyError(msg)
        if self.rows < 1 or self.cols < 1:
            msg = f"a grid needs at least one row and one column, not {self.rows} × {self.cols}"
            raise GeographyError(msg)
        if self.crs is not None:
            from pyproj import CRS
            from pyproj.exceptions import CRSError

            try:
                object.__setattr__(self, "crs", CRS.from_user_input(self.crs))
            except CRSError as unknown:
                msg = f"crs={self.crs!r} is no coordinate reference system ({unknown}): give an EPSG code, crs=25832"
                raise GeographyError(msg) from unknown

    @property
    def shape(self) -> tuple[int, ...]:
        """How many units there are, as the shape of one group."""
        return (self.rows, self.cols)

    @property
    def outlined(self) -> bool:
        """Whether there is geometry: cells need none."""
        return False

    def merged(self, codes: NDArray[np.intp], units: pd.Index[Any]) -> Geography:
        """Return the geography of merged cells, which has no shapes.

        Parameters
        ----------
        codes : ndarray of int
            Position in `units` of the unit that each cell goes to.
        units : pandas.Index
            Labels of the merged units.

        Returns
        -------
        Geography
        """
        return Geography(units)

    def placing(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of the cells as it is.

        Parameters
        ----------
        frame : DataFrame
            One row a cell.

        Returns
        -------
        DataFrame
        """
        return frame

    @cached_property
    def units(self) -> pd.MultiIndex:
        """Labels (row, col) of the cells, in the order of the flattened grid."""
        return pd.MultiIndex.from_product([range(self.rows), range(self.cols)], names=["row", "col"])

    def labels(self, at: NDArray[Any]) -> pd.MultiIndex:
        """Labels (row, col) of some cells, by their positions in the flattened grid or by a mask.

        Parameters
        ----------
        at : ndarray of int or bool
            Which cells.

        Returns
        -------
        pandas.MultiIndex
        """
        positions = np.flatnonzero(at) if at.dtype == bool else at
        return pd.MultiIndex.from_arrays(np.divmod(positions, self.cols), names=["row", "col"])

    def side(self, purpose: str) -> float:
        """Side of a cell, in units of the coordinate reference system.

        Parameters
        ----------
        purpose : str
            What needs it, for the refusal.

        Returns
        -------
        float

        Raises
        ------
        GeographyError
            If it is unknown.
        """
        if self.cell_size is None:
            msg = f"{purpose} needs metres, and {UNKNOWN}"
            raise GeographyError(msg)
        return self.cell_size

    def _metres(self, purpose: str) -> float:
        """Metres in a unit of the coordinate reference system; degrees are refused."""
        return metres_per_unit(self.crs, purpose, DEGREES)

    @property
    def cell_metres(self) -> float:
        """Side of a cell in metres; None where units are no cells.

        Raises
        ------
        GeographyError
            If the coordinates are degrees, or the size of a cell is unknown.
        """
        return self.side("a distance between cells") * self._metres("a distance between cells")

    @property
    def row_areas(self) -> NDArray[np.float64]:
        """Area of a cell of each row, in square metres, shape (rows,): of degrees, on the ellipsoid."""
        return self.areas_of_rows(np.arange(self.rows))

    def areas_of_rows(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Area of a cell of some rows, in square metres; of degrees, on the ellipsoid.

        Parameters
        ----------
        rows : ndarray of int
            Numbers of rows, which may lie beyond the grid.

        Returns
        -------
        ndarray of the same shape
        """
        side = self.side("area")
        if self.crs is None or not self.crs.is_geographic:
            return np.full(rows.shape, (side * self._metres("area")) ** 2)
        radians = self.crs.axis_info[0].unit_conversion_factor
        south, north = (np.clip((self.y - (rows + below) * side) * radians, -np.pi / 2, np.pi / 2) for below in (1, 0))
        return _between_parallels(south, north, self.crs.ellipsoid) * (side * radians)

    @property
    def areas(self) -> NDArray[np.float64]:
        """Area of every cell, in square metres, shape (rows, cols): of degrees, on the ellipsoid."""
        return np.broadcast_to(self.row_areas[:, np.newaxis], self.shape)

    @property
    def perimeters(self) -> NDArray[np.float64]:
        """Outline of every cell, in metres, shape (rows, cols)."""
        return np.broadcast_to(4 * self.side("perimeter") * self._metres("perimeter"), self.shape)

    @property
    def centroids(self) -> pd.DataFrame:
        """Centre of every cell, columns `x` and `y` in metres."""
        side, scale = self.side("centroid"), self._metres("centroid")
        across = (self.x + (np.arange(self.cols) + 0.5) * side) * scale
        down = (self.y - (np.arange(self.rows) + 0.5) * side) * scale
        x, y = np.meshgrid(across, down)
        return pd.DataFrame({"x": x.ravel(), "y": y.ravel()}, index=self.units)

    def cells(self, chosen: NDArray[np.intp] | None = None, *, points: bool = False) -> GeoSeries:
        """Draw cells as squares or as their centres.

        Parameters
        ----------
        chosen : ndarray of int, optional
            Positions of cells, in the order of the flattened grid; all without.
        points : bool
            Centres instead of squares.

        Returns
        -------
        GeoSeries
            Numbered from 0.
        """
        import shapely
        from geopandas import GeoSeries

        row, col = np.divmod(np.arange(self.rows * self.cols) if chosen is None else chosen, self.cols)
        side = self.side("drawing cells")
        west, south = self.x + col * side, self.y - (row + 1) * side
        shapes = (
            shapely.points(west + side / 2, south + side / 2)
            if points
            else shapely.box(west, south, west + side, south + side)
        )
        return GeoSeries(shapes, crs=self.crs)

    @cached_property
    def bands(self) -> Bands:
        """Centres of the cells, sorted so that what lies around each is found at once; in metres."""
        from segregation_tools.kernels.nearby import in_bands

        return in_bands(self.centroids.to_numpy())

    def adjacency(self, rule: str = "queen", tolerance: float = 0.0) -> csr_array:
        """Link the cells that touch.

        Parameters
        ----------
        rule : {"queen", "rook"}
            Whether cells that meet in a corner touch.
        tolerance : float
            Changes nothing: cells have no gaps between them.

        Returns
        -------
        csr_array of shape (cells, cells)
        """
        real_number(tolerance, "tolerance", 0, "a length in metres")
        return cell_adjacency(self.rows, self.cols, one_of(rule, "rule", RULES))

    @cached_property
    def borders(self) -> csr_array:
        """Length of the border that every two cells share, in metres."""
        return self.adjacency("rook") * (self.side("border") * self._metres("border"))

    def border_lines(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> GeoSeries:
        """Draw the sides that pairs of cells share.

        Parameters
        ----------
        a, b : ndarray of int, shape (pairs,)
            Positions of neighbouring cells, in the order of the flattened grid.

        Returns
        -------
        GeoSeries of shape (pairs,)
        """
        import shapely
        from geopandas import GeoSeries

        centers = self.centroids.to_numpy() / self._metres("border")
        middle, way = (centers[a] + centers[b]) / 2, (centers[b] - centers[a]) / 2
        side = np.column_stack([-way[:, 1], way[:, 0]])
        return GeoSeries(shapely.linestrings(np.stack([middle - side, middle + side], axis=1)), crs=self.crs)


def _between_parallels(south: NDArray[np.float64], north: NDArray[np.float64], ellipsoid: Any) -> NDArray[np.float64]:
    """Area between two parallels for each radian of longitude, b²/2 [s/(1 − e²s²) + artanh(es)/e] with s = sin φ.

    The difference is written out, so that cells of a few metres lose no digits.
    """
    e = np.sqrt(1 - (ellipsoid.semi_minor_metre / ellipsoid.semi_major_metre) ** 2)
    below, above = np.sin(south), np.sin(north)
    step = 2 * np.cos((south + north) / 2) * np.sin((north - south) / 2)
    first = step * (1 + e**2 * below * above) / ((1 - (e * below) ** 2) * (1 - (e * above) ** 2))
    second = step / (1 - e**2 * below * above)
    if e > 0:
        second = np.arctanh(e * second) / e
    area: NDArray[np.float64] = ellipsoid.semi_minor_metre**2 / 2 * (first + second)
    return area
