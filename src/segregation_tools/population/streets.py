"""A network of streets, on which units are placed where they lie nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import DataError, GeographyError, listed
from segregation_tools.population.geography import metres_per_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["Network", "network_of"]


@dataclass(frozen=True, eq=False)
class Network:
    """Streets as a graph.

    Attributes
    ----------
    nodes : ndarray of shape (nodes, 2)
        Corners and crossings, in metres.
    one, other : ndarray of int, shape (pieces,)
        Ends of every straight piece of street.
    lengths : ndarray of shape (pieces,)
        In metres.
    """

    nodes: NDArray[np.float64]
    one: NDArray[np.intp]
    other: NDArray[np.intp]
    lengths: NDArray[np.float64]

    def with_places(self, places: NDArray[np.float64]) -> tuple[csr_array, NDArray[np.intp], NDArray[np.float64]]:
        """Lead from every place to the street that is nearest, and on from there.

        Parameters
        ----------
        places : ndarray of shape (places, 2)
            In metres.

        Returns
        -------
        graph : csr_array
            Lengths between nodes, places among them.
        nodes : ndarray of int, shape (places,)
            Which node each place is. No way leads through it.
        apart : ndarray of float, shape (places,)
            How far each lies from its street, in metres.
        """
        import shapely

        pieces: Any = shapely.linestrings(np.stack([self.nodes[self.one], self.nodes[self.other]], axis=1))
        points = shapely.points(places)
        nearest: Any = shapely.STRtree(pieces).nearest(points)
        along = np.clip(shapely.line_locate_point(pieces[nearest], points), 0, self.lengths[nearest])
        apart = shapely.distance(pieces[nearest], points)

        # Doors on one piece follow each other along it: the piece is cut at each.
        count, streets = len(places), len(self.nodes)
        order = np.lexsort((along, nearest))
        piece, at, door = nearest[order], along[order], streets + np.arange(count)
        first = np.append(True, np.diff(piece) > 0)
        last = np.append(first[1:], True)
        before = np.where(first, self.one[piece], door - 1)
        back = np.where(first, at, at - np.append(0, at[:-1]))
        whole = np.ones(len(self.one), dtype=bool)
        whole[piece] = False
        places_at = streets + count + order
        links = [
            (self.one[whole], self.other[whole], self.lengths[whole]),
            (before, door, back),
            (door[last], self.other[piece[last]], self.lengths[piece[last]] - at[last]),
            (door, places_at, apart[order]),
        ]
        start, end, length = (np.concatenate(part) for part in zip(*links, strict=True))
        return _shortest(start, end, length, streets + 2 * count), streets + count + np.arange(count), apart


def network_of(streets: Any, crs: Any) -> Network:
    """Read streets as a graph: lines are joined where they share a corner.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries
        Lines. Never changed.
    crs : pyproj.CRS or None
        Coordinate system of the units.

    Returns
    -------
    Network

    Raises
    ------
    GeographyError
        If the streets are no lines, or in another coordinate system than the units.
    """
    import shapely

    geometry: Any = getattr(streets, "geometry", None)
    if not hasattr(geometry, "crs"):
        msg = f"streets are a GeoDataFrame of lines, not {type(streets).__name__}"
        raise DataError(msg)
    if geometry.crs != crs:
        named = ["no stated system" if system is None else system.to_string() for system in (geometry.crs, crs)]
        mend = (
            "streets = streets.to_crs(frame.crs)" if None not in (geometry.crs, crs) else "state it with set_crs(...)"
        )
        msg = f"streets are in {named[0]}, units in {named[1]}: {mend}"
        raise GeographyError(msg)
    scale = metres_per_unit(geometry.crs, "streets")
    lines = np.asarray(geometry.array)
    lines = lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))]
    wrong = shapely.get_dimensions(lines) != 1
    if wrong.any() or not len(lines):
        kinds = sorted({shape.geom_type for shape in lines[wrong]}) or ["nothing"]
        msg = f"streets must be lines, not {listed(kinds)}"
        raise GeographyError(msg)
    lines = shapely.get_parts(shapely.get_parts(lines))  # of collections, and of what they hold
    corners, line = shapely.get_coordinates(lines, return_index=True)
    if not np.isfinite(corners).all():
        msg = "streets have coordinates that are infinite or missing: check their CRS"
        raise GeographyError(msg)
    nodes, place = np.unique(np.round(corners * scale, 3), axis=0, return_inverse=True)  # a millimetre apart is one
    place = place.reshape(-1)
    follows = line[1:] == line[:-1]
    one, other = place[:-1][follows], place[1:][follows]
    real = one != other
    if not real.any():
        msg = "streets have no length: their coordinates are all one"
        raise GeographyError(msg)
    ends = np.sort(np.stack([one[real], other[real]]), axis=0)  # a street that is drawn twice is one street
    one, other = np.unique(ends, axis=1)
    return Network(nodes, one, other, np.hypot(*(nodes[one] - nodes[other]).T))


def _shortest(start: NDArray[Any], end: NDArray[Any], length: NDArray[np.float64], size: int) -> csr_array:
    """Make a symmetric graph; of several links between two nodes the shortest counts."""
    from scipy.sparse import csr_array

    a, b = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((length, b, a))
    a, b, length = a[order], b[order], length[order]
    first = np.append(True, (np.diff(a) > 0) | (np.diff(b) > 0)) & (a != b)
    a, b, length = a[first], b[first], length[first]
    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    graph: csr_array = csr_array((np.concatenate([length, length]), ends), shape=(size, size))
    return graph
