"""Sums over what lies around each of many points: within a radius, or as far as a number of people are reached.

Points are kept in bands, which are built once and serve any radius and any number of people; nothing is held for pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.decay import KERNELS, REACH, decay
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Bands", "in_bands", "reach_of", "sum_nearest", "sum_within"]

ALIKE = 1e-9  # distances that differ by less than this part are one: coordinates are known no better


@dataclass(frozen=True, eq=False)
class Bands:
    """Places of points, sorted into bands from south to north, in each from west to east.

    Points with the same coordinates are one place.

    Attributes
    ----------
    order : ndarray of int, shape (points,)
        Points in the order of their places.
    firsts : ndarray of int, shape (places,)
        Where in `order` the points of each place begin.
    x, y : ndarray of shape (places,)
        Coordinates, counted from the middle of the points.
    starts : ndarray of int, shape (bands + 1,)
        Where each band begins.
    low, high : ndarray of shape (bands,)
        Smallest and largest `y` of each band.
    rounding : float
        By how much the rounding of coordinates may move a distance.
    """

    order: NDArray[np.intp]
    firsts: NDArray[np.intp]
    x: Floats
    y: Floats
    starts: NDArray[np.int64]
    low: Floats
    high: Floats
    rounding: float

    @property
    def extent(self) -> float:
        """No two points are farther apart."""
        return math.hypot(float(np.ptp(self.x)), float(np.ptp(self.y)))

    def laid_out(self, counts: NDArray[Any]) -> Floats:
        """Turn counts of shape (groups, points) into one row a place."""
        rows = np.ascontiguousarray(counts.T[self.order], dtype=np.float64)
        return rows if len(self.firsts) == len(rows) else np.add.reduceat(rows, self.firsts, axis=0)

    def given_back(self, rows: Floats) -> Floats:
        """Turn one row a place into an array of shape (groups, points), the points in their own order."""
        columns = np.empty((rows.shape[1], len(self.order)))
        many = np.diff(self.firsts, append=len(self.order))
        columns[:, self.order] = rows.T if len(rows) == len(self.order) else np.repeat(rows.T, many, axis=1)
        return columns


def in_bands(points: Floats) -> Bands:
    """Sort points into bands of about as many places as there are bands.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.

    Returns
    -------
    Bands
    """
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(points).max())
    x, y = (points - points.mean(axis=0)).T
    south = np.lexsort((x, y))
    place = np.cumsum(_begins(x[south], y[south])) - 1
    bands = math.isqrt(int(place[-1]) + 1)
    band = np.empty(len(points), dtype=np.intp)
    band[south] = place * bands // (place[-1] + 1)
    order = np.lexsort((y, x, band))  # in each band from west to east
    firsts = np.flatnonzero(_begins(x[order], y[order]))
    at = order[firsts]
    starts = np.searchsorted(band[at], np.arange(bands + 1)).astype(np.int64)
    low, high = np.minimum.reduceat(y[at], starts[:-1]), np.maximum.reduceat(y[at], starts[:-1])
    return Bands(order, firsts, x[at], y[at], starts, low, high, rounding)


def _begins(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Tell which of sorted points are not where the one before is."""
    return np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))


def reach_of(bands: Bands, scale: float, kernel: str) -> tuple[int, float]:
    """Say how far a kernel reaches among points whose coordinates are rounded.

    Parameters
    ----------
    bands : Bands
        The points.
    scale : float
        Scale of the kernel, in the units of the points.
    kernel : str
        One of `KERNELS`.

    Returns
    -------
    kind : int
        Position in `KERNELS`; the uniform one where only the same place is reached.
    reach : float
        What is no farther is within.
    """
    same_place = scale <= bands.rounding or scale * scale == 0
    reach = scale * REACH.get(kernel, 1.0) * (1 + ALIKE) + bands.rounding
    return KERNELS.index("uniform" if same_place else kernel), reach


def sum_within(bands: Bands, counts: NDArray[Any], scale: float, kernel: str) -> Floats:
    """Add up what lies within reach of every point, weighted by distance: Σ_j K(d_ij) n_j.

    Parameters
    ----------
    bands : Bands
        The points.
    counts : ndarray of shape (groups, points)
        What is added up.
    scale : float
        Scale of the kernel, in the units of the points. What lies at a distance that is `scale` but for rounding is within.
    kernel : str
        One of `KERNELS`.

    Returns
    -------
    ndarray of shape (groups, points)
    """
    kind, reach = reach_of(bands, scale, kernel)
    if KERNELS[kind] == "uniform" and reach >= bands.extent:
        return _everyone(counts)
    rows = bands.laid_out(counts)
    met = np.empty_like(rows)
    in_chunks(
        lambda first, last: _sum_within(
            bands.x, bands.y, bands.starts, bands.low, bands.high, rows, kind, scale, reach, first, last, met
        ),
        len(rows),
    )
    return bands.given_back(met)


@compiled
def _sum_within(
    x: Floats,
    y: Floats,
    starts: NDArray[np.int64],
    low: Floats,
    high: Floats,
    rows: Floats,
    kernel: int,
    scale: float,
    reach: float,
    first: int,
    last: int,
    met: Floats,
) -> None:
    squared_reach = reach * reach
    for i in range(first, last):
        met[i] = 0
        for band in range(np.searchsorted(high, y[i] - reach), len(low)):
            if low[band] > y[i] + reach:
                break
            off = max(0.0, low[band] - y[i], y[i] - high[band])
            width = math.sqrt(max(0.0, squared_reach - off * off)) * (1 + 1e-12)
            start, stop = starts[band], starts[band + 1]
            for j in range(start + np.searchsorted(x[start:stop], x[i] - width), stop):
                if x[j] > x[i] + width:
                    break
                squared = (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2
                if squared <= squared_reach:
                    weight = decay(kernel, squared / (scale * scale))
                    for g in range(rows.shape[1]):
                        met[i, g] += weight * rows[j, g]


def _everyone(counts: NDArray[Any]) -> Floats:
    return np.repeat(counts.sum(axis=1, dtype=np.float64)[:, np.newaxis], counts.shape[1], axis=1)


def sum_nearest(bands: Bands, counts: NDArray[Any], people: Floats, wanted: float, *, partly: bool = False) -> Floats:
    """Add up the nearest of every point until so many people are reached; all who live equally far come in together.

    Parameters
    ----------
    bands : Bands
        The points.
    counts : ndarray of shape (groups, points)
        What is added up; nothing where there are no people.
    people : ndarray of shape (points,)
        By what it is measured how many are reached.
    wanted : float
        How many to reach; where there are no more, everyone is met.
    partly : bool
        Whether, of those farthest away, only the part is taken that is needed to meet exactly `wanted`.

    Returns
    -------
    ndarray of shape (groups, points)
    """
    if wanted >= people.sum() * (1 - ALIKE):
        return _everyone(counts)
    weights = bands.laid_out(people[np.newaxis])[:, 0]
    inhabited = weights > 0
    # Search only among places where somebody is: in most grids and rural regions they are few.
    starts = np.append(0, np.cumsum(inhabited))[bands.starts]
    some = np.diff(starts) > 0
    x, y, rows = bands.x[inhabited], bands.y[inhabited], bands.laid_out(counts)[inhabited]
    starts = np.append(starts[:-1][some], starts[-1])
    low, high = np.minimum.reduceat(y, starts[:-1]), np.maximum.reduceat(y, starts[:-1])
    met = np.empty((len(bands.x), len(counts)))
    guess = bands.extent * math.sqrt(wanted / people.sum()) + bands.rounding
    in_chunks(
        lambda first, last: _sum_nearest(
            x, y, starts, low, high, rows, weights[inhabited], bands.x, bands.y,
            wanted, partly, bands.rounding, guess, first, last, met,
        ),
        len(met),
    )  # fmt: skip
    return bands.given_back(met)


@compiled
def _sum_nearest(
    x: Floats,
    y: Floats,
    starts: NDArray[np.int64],
    low: Floats,
    high: Floats,
    rows: Floats,
    weights: Floats,
    from_x: Floats,
    from_y: Floats,
    wanted: float,
    partly: bool,
    rounding: float,
    guess: float,
    first: int,
    last: int,
    met: Floats,
) -> None:
    n, groups = rows.shape
    squares, people, places = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    ring = np.empty(groups)
    enough = wanted * (1 - ALIKE)
    reach = guess
    for i in range(first, last):
        here_x, here_y = from_x[i], from_y[i]
        while True:
            found, total = 0, 0.0
            squared_reach = reach * reach
            for band in range(np.searchsorted(high, here_y - reach), len(low)):
                if low[band] > here_y + reach:
                    break
                off = max(0.0, low[band] - here_y, here_y - high[band])
                width = math.sqrt(max(0.0, squared_reach - off * off)) * (1 + 1e-12)
                start, stop = starts[band], starts[band + 1]
                for j in range(start + np.searchsorted(x[start:stop], here_x - width), stop):
                    if x[j] > here_x + width:
                        break
                    squared = (x[j] - here_x) ** 2 + (y[j] - here_y) ** 2
                    if squared <= squared_reach:
                        squares[found], people[found], places[found] = squared, weights[j], j
                        found += 1
                        total += weights[j]
            farthest = np.inf
            if total >= enough or found == n:
                farthest = math.sqrt(_reached(squares, people, places, found, enough))
                if farthest * (1 + ALIKE) + rounding <= reach or found == n:
                    break
            reach *= min(4.0, max(1.2, 1.1 * math.sqrt(wanted / max(total, wanted / 16))))

        outer = farthest * (1 + ALIKE) + rounding
        inner = max(0.0, farthest * (1 - ALIKE) - rounding) if partly else outer
        met[i] = 0
        ring[:] = 0
        nearer, in_ring = 0.0, 0.0
        for c in range(found):
            distance = math.sqrt(squares[c])
            if distance < inner or (not partly and distance <= outer):
                nearer += people[c]
                for g in range(groups):
                    met[i, g] += rows[places[c], g]
            elif distance <= outer:
                in_ring += people[c]
                for g in range(groups):
                    ring[g] += rows[places[c], g]
        if in_ring > 0:
            part = min(1.0, (wanted - nearer) / in_ring)
            for g in range(groups):
                met[i, g] += part * ring[g]
        if i + 1 < last:
            # A circle around the next place that holds this one holds enough people; most often fewer will do.
            step = math.sqrt((from_x[i + 1] - here_x) ** 2 + (from_y[i + 1] - here_y) ** 2)
            reach = min((outer + step) * (1 + 2 * ALIKE) + 2 * rounding, max(1.2 * outer, 1e-6 * guess))


@compiled
def _reached(squares: Floats, people: Floats, places: NDArray[np.int64], size: int, enough: float) -> float:
    """Smallest square of a distance within which there are enough people; reorders its arrays alike."""
    low, high, below = 0, size, 0.0
    while True:
        a, b, c = squares[low], squares[(low + high) // 2], squares[high - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        # nearer than the pivot: [low, smaller); as far: [smaller, at); not seen yet: [at, larger); farther: [larger, high)
        smaller, at, larger = low, low, high
        nearer, equal = 0.0, 0.0
        while at < larger:
            if squares[at] < pivot:
                nearer += people[at]
                _swap(squares, people, places, smaller, at)
                smaller += 1
                at += 1
            elif squares[at] > pivot:
                larger -= 1
                _swap(squares, people, places, larger, at)
            else:
                equal += people[at]
                at += 1
        if below + nearer >= enough and smaller > low:
            high = smaller
        elif below + nearer + equal >= enough or larger == high:
            return float(pivot)
        else:
            below += nearer + equal
            low = larger


@compiled
def _swap(squares: Floats, people: Floats, places: NDArray[np.int64], a: int, b: int) -> None:
    squares[a], squares[b] = squares[b], squares[a]
    people[a], people[b] = people[b], people[a]
    places[a], places[b] = places[b], places[a]
