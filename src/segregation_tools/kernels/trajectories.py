"""From every point outwards: how the mix of the nearest places turns into that of the whole, place after place.

All the places at one distance come in together. Nothing is held for pairs: one trajectory, or one histogram of it, at a
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.kernels.compile import compiled, vectorized
from segregation_tools.kernels.nearby import ALIKE, in_bands
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

__all__ = ["sum_ahead", "sum_binned", "sum_trajectories", "trajectory"]

TINY = 1e-300  # x ln x is 0 for it, but for rounding
CHUNK = 64  # points worked on together
MANTISSA = 23  # bits of a single-precision number behind its exponent


def trajectory(points: Floats, counts: Floats, at: int) -> tuple[Floats, Floats, Floats]:
    """Walk from one point to the farthest.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    counts : ndarray of shape (groups, points)
        People; every group has some.
    at : int
        Where to begin.

    Returns
    -------
    metres, people, divergence : ndarray of shape (distances,)
        Each distance at which there are places, the people up to there, and the Kullback–Leibler divergence of their mix
        from that of all, in nats.
    """
    walk = _Walk(points, counts)
    apart, order = walk.outwards(at)
    divergence = walk.divergence(order)
    last = _last_at_its_distance(apart, walk.rounding)
    return apart[last], walk.people[last] * counts.sum(), divergence[last]


def sum_trajectories(points: Floats, counts: Floats, sizes: Floats, origins: Places, *, focal: bool) -> Floats:
    """Add up the divergence along trajectories: Σ_k w_k D_k, w_k the size of the k-th nearest place.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    counts : ndarray of shape (groups, points)
        People; every group has some.
    sizes : ndarray of shape (points,)
        What each place weighs when it comes in.
    origins : ndarray of int
        Where trajectories begin: points with people.
    focal : bool
        Whether D_k is the largest divergence from there on, rather than that of the k nearest.

    Returns
    -------
    ndarray of shape (origins,)
    """
    sums = np.empty(len(origins))

    def work(first: int, last: int) -> None:
        walk = _Walk(points, counts)
        for i in range(first, last):
            apart, order = walk.outwards(origins[i])
            sums[i] = _added(apart, walk.divergence(order), sizes, order, walk.rounding, focal)

    in_chunks(work, len(origins), CHUNK)
    return sums


class _Walk:
    """Buffers of one thread for walking from point to point."""

    def __init__(self, points: Floats, counts: Floats) -> None:
        self.points = np.ascontiguousarray(points)
        self.rounding = _rounding(points)
        self.parts = np.ascontiguousarray((counts / counts.sum(axis=1, keepdims=True)).T)
        self.mix = counts.sum(axis=1) / counts.sum()
        self.reached = np.empty((len(counts), len(points)))
        self.people = np.empty(len(points))
        self.logs = np.empty((len(counts) + 1, len(points)))

    def outwards(self, at: int) -> tuple[Floats, Places]:
        """Give the distances of all points from one, sorted, and whose they are."""
        squares = _squares(self.points, at)
        order = np.argsort(squares)
        return np.sqrt(squares[order]), order

    def divergence(self, order: Places) -> Floats:
        """Give Σ_g p_g ln(p_g/P_g) of the first point, of the first two and so on."""
        _reach(order, self.parts, self.mix, self.reached, self.people)
        np.log(self.reached, out=self.logs[:-1])
        np.log(self.people, out=self.logs[-1])
        return _divergence(self.reached, self.people, self.logs, self.mix)


def _rounding(points: Floats) -> float:
    """By how much the rounding of coordinates may move a distance."""
    return 8 * float(np.finfo(np.float64).eps) * float(np.abs(points).max())


@vectorized
def _squares(points: Floats, at: int) -> Floats:
    squares = np.empty(len(points))
    x, y = points[at]
    for j in range(len(points)):
        squares[j] = (points[j, 0] - x) ** 2 + (points[j, 1] - y) ** 2
    return squares


@vectorized
def _reach(order: Places, parts: Floats, mix: Floats, reached: Floats, people: Floats) -> None:
    """Part of each group, and of everyone, that lives in the first place, in the first two and so on."""
    groups = len(mix)
    for g in range(groups):
        total = TINY
        for k in range(len(order)):
            total += parts[order[k], g]
            reached[g, k] = total
    for k in range(len(order)):
        total = 0.0
        for g in range(groups):
            total += mix[g] * reached[g, k]
        people[k] = total


@vectorized
def _divergence(reached: Floats, people: Floats, logs: Floats, mix: Floats) -> Floats:
    """p_g/P_g = reached_g/people, so that Σ p ln(p/P) = Σ_g P_g reached_g ln(reached_g)/people − ln people."""
    groups, n = reached.shape
    divergence = np.zeros(n)
    for g in range(groups):
        for k in range(n):
            divergence[k] += mix[g] * reached[g, k] * logs[g, k]
    for k in range(n):
        divergence[k] = max(0.0, divergence[k] / people[k] - logs[groups, k])  # below 0 by rounding alone
    return divergence


@compiled
def _last_at_its_distance(apart: Floats, rounding: float) -> NDArray[np.bool_]:
    last = np.ones(len(apart), dtype=np.bool_)
    for k in range(len(apart) - 1):
        last[k] = apart[k + 1] > apart[k] * (1 + ALIKE) + rounding
    return last


@compiled
def _added(apart: Floats, divergence: Floats, sizes: Floats, order: Places, rounding: float, focal: bool) -> float:
    last = _last_at_its_distance(apart, rounding)
    total, here = 0.0, 0.0
    for k in range(len(order) - 1, -1, -1):
        if last[k] and not (focal and here > divergence[k]):
            here = float(divergence[k])
        total += sizes[order[k]] * here
    return total


def sum_ahead(points: Floats, x: Floats, y: Floats, nearest: float) -> Floats:
    """Say how far, around each point, the one runs ahead of the other: Σ (X_{k−1} Y_k − X_k Y_{k−1}), shares so far.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    x, y : ndarray of shape (points,)
        What runs.
    nearest : float
        How many places are walked to, the own one included, and all that lie as far as the last.

    Returns
    -------
    ndarray of shape (points,), from −1 to 1
        NaN where there is nothing of the one or the other.
    """
    ahead = np.empty(len(points))
    points = np.ascontiguousarray(points)
    _, place, at_one = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    places = 1 / at_one[place]

    def work(first: int, last: int) -> None:
        for i in range(first, last):
            squares = _squares(points, i)
            some = len(points) if nearest > len(points) / 8 else 2 * int(nearest) + 8
            while True:
                near = np.arange(len(points)) if some >= len(points) else np.argpartition(squares, some)[:some]
                order = near[np.argsort(squares[near])]
                ahead[i], all_seen = _ahead(np.sqrt(squares[order]), order, places, x, y, _rounding(points), nearest)
                if all_seen or some >= len(points):
                    break
                some *= 4

    in_chunks(work, len(points), CHUNK)
    return ahead


@compiled
def _ahead(
    apart: Floats, order: Places, places: Floats, x: Floats, y: Floats, rounding: float, nearest: float
) -> tuple[float, bool]:
    """Value over the nearest places, and whether a place beyond them was seen."""
    one, other, area, walked = 0.0, 0.0, 0.0, 0.0
    k = 0
    while k < len(order) and walked < nearest - 0.5:
        here_x, here_y = 0.0, 0.0
        while True:
            here_x += x[order[k]]
            here_y += y[order[k]]
            walked += places[order[k]]
            k += 1
            if k == len(order) or apart[k] > apart[k - 1] * (1 + ALIKE) + rounding:
                break
        area += one * (other + here_y) - (one + here_x) * other
        one += here_x
        other += here_y
    return area / (one * other) if one > 0 and other > 0 else np.nan, k < len(order)


def sum_binned(
    points: Floats, counts: Floats, sizes: Floats, origins: Places, fineness: int, *, focal: bool
) -> tuple[Floats, Floats]:
    """Do what `sum_trajectories` does, with 2^fineness bins to each doubling of the area around a point.

    In a bin of m places the divergence is taken to go in m equal steps from its value before the bin to that behind it.

    Parameters
    ----------
    points, counts, sizes, origins, focal
        As in `sum_trajectories`.
    fineness : int
        From 1 to 10.

    Returns
    -------
    sums : ndarray of shape (origins,)
    coarse : ndarray of shape (origins,)
        Size of the fullest bin of several distances.
    """
    bands = in_bands(points)  # neighbours in memory are neighbours on the map
    here = points - points.mean(axis=0)
    nearest = max(
        bands.rounding, float(np.hypot(*np.ptp(here, axis=0))) * ALIKE, float(np.finfo(np.float32).tiny) ** 0.5
    )
    farthest = float(np.hypot(*np.ptp(here, axis=0)))
    shift = MANTISSA - fineness
    reaches = nearest, max(nearest, farthest)
    lowest, highest = (int(np.float32(reach * reach).view(np.int32)) >> shift for reach in reaches)
    rows = np.column_stack([(counts / counts.sum(axis=1, keepdims=True)).T, sizes])[bands.order]
    places = np.ascontiguousarray(here[bands.order])
    mix = counts.sum(axis=1) / counts.sum()
    sums, coarse = np.empty(len(origins)), np.empty(len(origins))

    def work(first: int, last: int) -> None:
        bins = np.empty((highest - lowest + 3, rows.shape[1]))
        kept = np.empty((len(mix) + 3, (last - first) * len(bins)))
        ends = np.empty(last - first + 1, dtype=np.int64)
        centers = np.ascontiguousarray(here[origins[first:last]])
        _fill(places, rows, centers, mix, shift, lowest, bins, kept, ends)
        reached, (people, added, steps) = np.split(kept[:, : ends[-1]], [len(mix)])
        logs = np.log(kept[: len(mix) + 1, : ends[-1]])
        _add_bins(
            _divergence(reached, people, logs, mix), added, steps, ends, focal, sums[first:last], coarse[first:last]
        )

    in_chunks(work, len(origins), CHUNK)
    return sums, coarse


@compiled
def _fill(
    places: Floats,
    rows: Floats,
    centers: Floats,
    mix: Floats,
    shift: int,
    lowest: int,
    bins: Floats,
    kept: Floats,
    ends: NDArray[np.int64],
) -> None:
    """Histograms of what lies around some centres, those bins that hold anything one behind the other.

    Rows of `kept`: the part of each group and of everyone that is reached, the size that comes in, in how many steps.
    """
    n, columns = rows.shape
    groups = columns - 1
    squares = np.empty(n, dtype=np.float32)
    bits = squares.view(np.int32)
    top = len(bins) - 1
    steps = np.empty(top + 1, dtype=np.int64)
    at = np.empty(top + 1, dtype=np.int32)
    filled = 0
    ends[0] = 0
    for c in range(len(centers)):
        x, y = centers[c]
        for j in range(n):
            squares[j] = (places[j, 0] - x) ** 2 + (places[j, 1] - y) ** 2
        bins[:] = 0.0
        steps[:] = 0
        at[:] = -1
        for j in range(n):
            b = min(max((bits[j] >> shift) - lowest + 1, 0), top)
            for g in range(columns):
                bins[b, g] += rows[j, g]
            steps[b] += at[b] != bits[j]  # what lies at one distance comes in as one
            at[b] = bits[j]
        before = filled
        for b in range(top + 1):
            if steps[b] > 0:
                people = 0.0
                for g in range(groups):
                    kept[g, filled] = bins[b, g] + (kept[g, filled - 1] if filled > before else TINY)
                    people += mix[g] * kept[g, filled]
                kept[groups, filled] = people
                kept[groups + 1, filled] = bins[b, groups]
                kept[groups + 2, filled] = steps[b]
                filled += 1
        ends[c + 1] = filled


@compiled
def _add_bins(
    divergence: Floats,
    sizes: Floats,
    steps: Floats,
    ends: NDArray[np.int64],
    focal: bool,
    sums: Floats,
    coarse: Floats,
) -> None:
    for c in range(len(ends) - 1):
        total, here, fullest = 0.0, float(divergence[ends[c + 1] - 1]), 0.0
        for b in range(ends[c + 1] - 1, ends[c], -1):
            before = here if focal and here > divergence[b - 1] else float(divergence[b - 1])
            total += sizes[b] * (here + (before - here) * (steps[b] - 1) / (2 * steps[b]))
            here = before
            if steps[b] > 1:
                fullest = max(fullest, float(sizes[b]))
        sums[c], coarse[c] = total + sizes[ends[c]] * here, fullest
