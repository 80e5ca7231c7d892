"""How much of each cell of a grid polygons cover: exact, from the borders alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.grid import Grid

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

__all__ = ["Covered", "Spans", "covered"]

SLIVER = 1e-9  # of a cell, below which a part is rounding
PIECES = 1 << 20  # of borders that are cut at once
RUN = 1 << 20  # cells that are listed at once
BLOCK = 1 << 17  # cells that are added up at once, so that they stay in the cache


class Spans(NamedTuple):
    """Cells of a grid that lie side by side and belong to one polygon alike, and in the same part.

    Attributes
    ----------
    polygon : ndarray of int
        Which polygon.
    start, width : ndarray of int
        Position of the first cell in the flattened grid, and how many there are from there to the east.
    share : ndarray of float
        How much of each cell, or of what is spread over the cells.
    """

    polygon: Numbers
    start: Numbers
    width: Numbers
    share: Floats

    def gather(self, values: NDArray[Any], out: Floats) -> None:
        """Add what the cells hold to the polygons.

        Parameters
        ----------
        values : ndarray of shape (cells,)
            Held by each cell of the grid; summed in float64.
        out : ndarray of shape (polygons,)
            Added to.
        """
        parts = np.flatnonzero(self.width == 1)
        out += np.bincount(
            self.polygon[parts], weights=values[self.start[parts]] * self.share[parts], minlength=len(out)
        )
        runs = np.flatnonzero(self.width > 1)
        runs = runs[np.argsort(self.start[runs], kind="stable")]
        first, stop = self.start[runs], (self.start + self.width)[runs]
        sums = np.empty(len(runs))
        cuts = np.append(np.flatnonzero(np.diff(first // BLOCK)) + 1, len(runs))
        begin = 0
        for end in cuts[: len(runs)]:
            low, high = first[begin], stop[begin:end].max()
            ends = np.column_stack([first[begin:end], stop[begin:end]]).reshape(-1) - low
            here = np.zeros(high - low + 1)  # one more, since a sum ends before its end
            here[:-1] = values[low:high]
            sums[begin:end] = np.add.reduceat(here, ends)[::2]
            begin = end
        out += np.bincount(self.polygon[runs], weights=sums * self.share[runs], minlength=len(out))

    def spread(self, values: Floats, out: Floats) -> None:
        """Add what polygons hold to their cells.

        Parameters
        ----------
        values : ndarray of shape (polygons,)
            Held by each polygon.
        out : ndarray of shape (cells,)
            Added to.
        """
        for polygon, cell, share in self.cells():
            np.add.at(out, cell, values[polygon] * share)

    def of(self, some: NDArray[np.bool_]) -> Spans:
        """Choose some of the spans."""
        return Spans(self.polygon[some], self.start[some], self.width[some], self.share[some])

    def cells(self) -> Iterator[tuple[Numbers, Numbers, Floats]]:
        """Yield polygons, cells and shares, one for each cell, a million or so at a time."""
        ends, done = np.cumsum(self.width), 0
        while done < len(ends):
            upto = max(int(np.searchsorted(ends, (ends[done - 1] if done else 0) + RUN, "right")), done + 1)
            some, width = slice(done, upto), self.width[done:upto]
            along = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
            cell = np.repeat(self.start[some], width) + along
            yield np.repeat(self.polygon[some], width), cell, np.repeat(self.share[some], width)
            done = upto


class Covered(NamedTuple):
    """Cells of the endless lattice around a grid, once for each polygon that covers them.

    Attributes
    ----------
    polygon, row, col : ndarray of int
        Which polygon covers which cell; rows and columns may lie beyond the grid.
    width : ndarray of int
        How many cells side by side, from there to the east, are covered alike.
    share : ndarray of float
        Part of each cell that is covered, from 0 to 1.
    """

    polygon: Numbers
    row: Numbers
    col: Numbers
    width: Numbers
    share: Floats

    def within(self, grid: Grid) -> Spans:
        """Those cells that belong to the grid."""
        first, stop = np.maximum(self.col, 0), np.minimum(self.col + self.width, grid.cols)
        inside = np.flatnonzero((first < stop) & (self.row >= 0) & (self.row < grid.rows))
        start = (self.row * grid.cols + first)[inside]
        return Spans(self.polygon[inside], start, (stop - first)[inside], self.share[inside])


def covered(polygons: NDArray[Any], grid: Grid) -> Iterator[Covered]:
    """Find the cells that polygons cover, and how much of each.

    Parameters
    ----------
    polygons : ndarray of geometries
        Valid, in the coordinates of the grid; what is no area covers nothing.
    grid : Grid
        Its lattice is endless: polygons are covered whole.

    Yields
    ------
    Covered
        Of some polygons at a time, in their order.

    Notes
    -----
    Every border is cut at the lines of the lattice. To the east of a piece that rises by *h* within its row of cells, all
    cells are covered by *h* more, and the piece's own cell by the part of it that lies to the east; pieces that fall take
    away. Level borders do neither, so that cells between two pieces of a row are all covered alike. No shapes are
    intersected, and errors are those of the coordinates. (Fonts are drawn in this way.)
    """
    import shapely

    size = shapely.length(polygons) / grid.side("covering cells") + shapely.get_num_coordinates(polygons)
    parts = np.append(0, np.flatnonzero(np.diff(np.cumsum(2 * size) // PIECES)) + 1)
    for first, stop in zip(parts, np.append(parts[1:], len(polygons)), strict=True):
        yield _covered(polygons[first:stop], grid, int(first))


def _covered(polygons: NDArray[Any], grid: Grid, before: int) -> Covered:
    polygon, ends = _edges(polygons, grid)
    edge, ends = _cut(ends)
    polygon = polygon[edge]
    (x0, y0), (x1, y1) = ends.transpose(1, 2, 0)
    row, col = np.floor((y0 + y1) / 2).astype(np.int64), np.floor((x0 + x1) / 2).astype(np.int64)
    rise = y0 - y1  # rows are counted downwards
    order, starts = _cells(polygon, row, col)
    polygon, row, col, rise = polygon[order], row[order], col[order], rise[order]
    east = rise * (col + 1 - (x0 + x1)[order] / 2)
    polygon, row, col = polygon[starts], row[starts], col[starts]
    height, own = np.add.reduceat(rise, starts), np.add.reduceat(east, starts)
    upto = np.cumsum(height)  # rises and falls of a row cancel, so that it starts at 0 in each
    share = upto - height + own
    gap = np.zeros(len(col), dtype=np.int64)
    gap[:-1] = np.where((polygon[1:] == polygon[:-1]) & (row[1:] == row[:-1]), col[1:] - col[:-1] - 1, 0)
    share, between = (np.where(part > 1 - SLIVER, 1.0, part) for part in (share, upto))
    some, inner = share > SLIVER, (gap > 0) & (between > SLIVER)
    return Covered(
        np.concatenate([polygon[some], polygon[inner]]) + before,
        np.concatenate([row[some], row[inner]]),
        np.concatenate([col[some], col[inner] + 1]),
        np.concatenate([np.ones(some.sum(), dtype=np.int64), gap[inner]]),
        np.concatenate([share[some], between[inner]]),
    )


def _edges(polygons: NDArray[Any], grid: Grid) -> tuple[Numbers, Floats]:
    """Edges of all rings, shells clockwise and holes the other way, in columns and rows of the lattice.

    Returns
    -------
    polygon : ndarray of shape (edges,)
        Which polygon each belongs to.
    ends : ndarray of shape (edges, 2, 2)
        Where it starts and ends: column and row.
    """
    import shapely

    parts, of_part = shapely.get_parts(shapely.force_2d(polygons), return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_ring = shapely.get_rings(shapely.normalize(parts[areal]), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    side = grid.side("covering cells")
    at = np.column_stack([(points[:, 0] - grid.x) / side, (grid.y - points[:, 1]) / side])
    joined = ring[1:] == ring[:-1]
    ends = np.stack([at[:-1], at[1:]], axis=1)[joined]
    return of_part[areal][of_ring[ring[:-1][joined]]], ends


def _cut(ends: Floats) -> tuple[Numbers, Floats]:
    """Cut edges where they cross the lines of the lattice; level pieces, which cover nothing, are left out.

    Returns
    -------
    edge : ndarray of shape (pieces,)
        Position in `ends` of the edge that each is a piece of.
    ends : ndarray of shape (pieces, 2, 2)
    """
    sloping = np.flatnonzero(ends[:, 0, 1] != ends[:, 1, 1])
    start, way = ends[sloping, 0], ends[sloping, 1] - ends[sloping, 0]
    low, high = np.minimum(ends[sloping, 0], ends[sloping, 1]), np.maximum(ends[sloping, 0], ends[sloping, 1])
    first = np.floor(low).astype(np.int64) + 1
    many = np.maximum(np.ceil(high).astype(np.int64) - first, 0)  # lines strictly between
    edges, ratios, points = (
        [np.arange(len(sloping))] * 2,
        [np.zeros(len(sloping)), np.ones(len(sloping))],
        [start, ends[sloping, 1]],
    )
    for axis in (0, 1):
        crossing = np.repeat(np.arange(len(sloping)), many[:, axis])
        place = np.arange(len(crossing)) - np.repeat(np.cumsum(many[:, axis]) - many[:, axis], many[:, axis])
        line = (first[crossing, axis] + place).astype(np.float64)
        ratio = (line - start[crossing, axis]) / way[crossing, axis]
        point = start[crossing] + ratio[:, np.newaxis] * way[crossing]
        point[:, axis] = line
        edges.append(crossing)
        ratios.append(ratio)
        points.append(point)
    edge, ratio, point = np.concatenate(edges), np.concatenate(ratios), np.concatenate(points)
    order = np.lexsort((ratio, edge))
    edge, point = edge[order], point[order]
    same = np.flatnonzero(edge[1:] == edge[:-1])
    pieces = np.stack([point[same], point[same + 1]], axis=1)
    return sloping[edge[same]], pieces


def _cells(polygon: Numbers, row: Numbers, col: Numbers) -> tuple[Numbers, Numbers]:
    """Order pieces by polygon, row and column, and say where those of each cell start."""
    order = np.lexsort((col, row, polygon))
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = np.logical_or.reduce([np.diff(numbers[order]) != 0 for numbers in (polygon, row, col)])
    return order, np.flatnonzero(starts)
