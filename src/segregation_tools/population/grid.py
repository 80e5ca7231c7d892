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

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """Square cells in rows (north to south) and columns (west to east).

    Parameters
    ----------
    rows, cols : int
        Shape of the grid.
    cell_size : float
        Side of a cell, in units of `crs`.
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
    cell_size: float
    crs: CRS | None = None
    x: float = 0.0
    y: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.cell_size < np.inf:
            msg = f"cell_size must be a positive length, not {self.cell_size!r}"
            raise GeographyError(msg)
        if self.rows < 1 or self.cols < 1:
            msg = f"a grid needs at least one row and one column, not {self.rows} × {self.cols}"
            raise GeographyError(msg)
        if self.crs is not None:
            from pyproj import CRS

            object.__setattr__(self, "crs", CRS.from_user_input(self.crs))

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

    @property
    def areas(self) -> NDArray[np.float64]:
        """Area of every cell, in square metres, shape (rows, cols)."""
        return np.full((self.rows, self.cols), (self.cell_size * metres_per_unit(self.crs, "area")) ** 2)

    @property
    def perimeters(self) -> NDArray[np.float64]:
        """Outline of every cell, in metres, shape (rows, cols)."""
        return np.full((self.rows, self.cols), 4 * self.cell_size * metres_per_unit(self.crs, "perimeter"))

    @property
    def centroids(self) -> pd.DataFrame:
        """Centre of every cell, columns `x` and `y` in metres."""
        scale = metres_per_unit(self.crs, "centroid")
        across = (self.x + (np.arange(self.cols) + 0.5) * self.cell_size) * scale
        down = (self.y - (np.arange(self.rows) + 0.5) * self.cell_size) * scale
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
        side = self.cell_size
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
        return self.adjacency("rook") * (self.cell_size * metres_per_unit(self.crs, "border"))

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

        centers = self.centroids.to_numpy() / metres_per_unit(self.crs, "border")
        middle, way = (centers[a] + centers[b]) / 2, (centers[b] - centers[a]) / 2
        side = np.column_stack([-way[:, 1], way[:, 0]])
        return GeoSeries(shapely.linestrings(np.stack([middle - side, middle + side], axis=1)), crs=self.crs)
