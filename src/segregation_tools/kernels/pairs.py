"""Sums over all pairs of many points, with a proximity that falls exponentially with distance; no matrix is held."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segregation_tools.kernels.compile import added_in_any_order, compiled, vectorized
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]

__all__ = ["pair_sums", "potentials"]

CHUNK = 256
MANY = 20_000  # from here on in single precision, several pairs at once, wherever points lie close enough for it
TILE = 512
NEVER = 746.0  # e to the power of less than −746 is 0
WIDE = 60.0  # in decay lengths: in wider tiles single precision would place points too roughly


def pair_sums(points: Floats, rows: Floats, decay: float) -> Floats:
    """Add up Σ_i Σ_{j≠i} u_i v_j exp(−d_ij/decay) for every two of some quantities.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    rows : ndarray of shape (quantities, points)
        What lies at each point.
    decay : float
        Distance over which proximity falls to 1/e.

    Returns
    -------
    ndarray of shape (quantities, quantities)
        Symmetric; of 20,000 points and more with a relative error of some 1e-7.
    """
    x, y = np.ascontiguousarray((points - points.mean(axis=0)).T / decay)
    n = len(x)
    parts = np.zeros((-(-n // CHUNK), len(rows), len(rows)))
    order = _along_a_curve(x, y)
    x, y, rows = x[order], y[order], rows.take(order, axis=1).astype(np.float64)
    origins = np.arange(n) // TILE * TILE
    near_x, near_y = x - x[origins], y - y[origins]
    wide = np.maximum.reduceat(np.hypot(near_x, near_y), np.arange(0, n, TILE))
    largest = rows.max(axis=1, keepdims=True)
    largest[largest == 0] = 1  # single precision keeps no numbers above 10³⁸
    single_x, single_y, part = (array.astype(np.float32) for array in (near_x, near_y, rows / largest))
    columns, narrow = np.ascontiguousarray((rows / largest).T), WIDE if n >= MANY else -1.0
    in_chunks(
        lambda first, last: _pair_sums(
            x, y, columns, single_x, single_y, part, wide, narrow, first, last, parts[first // CHUNK]
        ),
        n,
        CHUNK,
    )
    parts *= largest * largest.T
    once: Floats = parts.sum(axis=0)
    return once + once.T


def _double(context: Any, number: Any, times: Any) -> Any:
    """Double a number, in single precision, as often as the last bits of another say, by adding to its exponent."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        bits = ir.IntType(32)
        number, times = (builder.bitcast(value, bits) for value in given)
        return builder.bitcast(builder.add(number, builder.shl(times, ir.Constant(bits, 23))), ir.FloatType())

    return types.float32(types.float32, types.float32), build


doubled: Any = intrinsic(_double)

WHOLE = np.float32(1.5 * 2**23)  # a number added to this one is rounded, and stands in its last bits
PER_HALVING = np.float32(-1 / math.log(2))
HALVINGS = 100  # whatever is farther counts as nothing: numbers below 2⁻¹²⁶ would be slow
FAR = HALVINGS * math.log(2)
LAST = np.float32(FAR)
# Chebyshev interpolation of 2^f between −½ and ½: off by less than 1e-7
C0, C1, C2, C3, C4, C5 = (
    np.float32(c)
    for c in (1.00000007545, 0.693147188026, 0.240221074853, 0.0555035711422, 0.00967603191826, 0.00133908633635)
)


NOTHING = np.float32(C0 * 2.0**-HALVINGS)


@compiled
def _pair_sums(
    x: Floats,
    y: Floats,
    columns: Floats,
    single_x: Singles,
    single_y: Singles,
    rows: Singles,
    wide: Floats,
    narrow: float,
    first: int,
    last: int,
    sums: Floats,
) -> None:
    """Take the points tile by tile: those of a narrow tile at once, placed from its first one so that no digits are lost."""
    n, quantities = columns.shape
    near, proximity = np.empty(quantities), np.empty(TILE, dtype=np.float32)
    for i in range(first, last):
        near[:] = 0
        for tile in range(i // TILE, len(wide)):
            origin = tile * TILE
            here_x, here_y = x[i] - x[origin], y[i] - y[origin]
            nearest = math.hypot(here_x, here_y) - wide[tile]
            start, stop = max(i + 1, origin), min(origin + TILE, n)
            if wide[tile] > narrow:
                if nearest < NEVER:
                    _add_one_by_one(x, y, columns, i, start, stop, near)
            elif nearest < FAR:
                _proximities(
                    single_x[start:stop], single_y[start:stop], np.float32(here_x), np.float32(here_y), proximity
                )
                for q in range(quantities):
                    near[q] += _dot(proximity, rows[q, start:stop])
        for p in range(quantities):
            for q in range(quantities):
                sums[p, q] += columns[i, p] * near[q]


@compiled
def _add_one_by_one(x: Floats, y: Floats, columns: Floats, i: int, start: int, stop: int, near: Floats) -> None:
    for j in range(start, stop):
        proximity = math.exp(-math.sqrt((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2))
        for q in range(len(near)):
            near[q] += proximity * columns[j, q]


@vectorized
def _proximities(x: Singles, y: Singles, here_x: np.float32, here_y: np.float32, proximity: Singles) -> None:
    """exp(−d) of the points of a tile from one."""
    for j in range(len(x)):
        dx, dy = x[j] - here_x, y[j] - here_y
        d = min(np.sqrt(dx * dx + dy * dy), LAST)
        whole = d * PER_HALVING + WHOLE
        f = d * PER_HALVING - (whole - WHOLE)
        power = C0 + f * (C1 + f * (C2 + f * (C3 + f * (C4 + f * C5))))
        proximity[j] = doubled(power, whole) - NOTHING


@added_in_any_order
def _dot(proximity: Singles, row: Singles) -> float:
    total = np.float32(0)
    for j in range(len(row)):
        total += proximity[j] * row[j]
    return float(total)


def _along_a_curve(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Order points along a Morton curve, so that those of a tile lie near each other."""
    code = np.zeros(len(x), dtype=np.uint64)
    for axis, values in enumerate((x, y)):
        span = np.ptp(values)
        step = ((values - values.min()) * (65_535 / span if span > 0 else 0)).astype(np.uint64)
        for bit in range(16):
            code |= ((step >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return np.argsort(code, kind="stable")


def potentials(points: Floats, rows: Floats, decay: float) -> Floats:
    """Add up Σ_{j≠i} v_j exp(−d_ij/decay) for every point.

    Parameters
    ----------
    points : ndarray of shape (points, 2)
        Coordinates.
    rows : ndarray of shape (quantities, points)
        What lies at each point.
    decay : float
        Distance over which proximity falls to 1/e.

    Returns
    -------
    ndarray of the shape of `rows`
    """
    x, y = np.ascontiguousarray((points - points.mean(axis=0)).T / decay)
    columns = np.ascontiguousarray(rows.T, dtype=np.float64)
    near = np.zeros_like(columns)
    in_chunks(lambda first, last: _potentials(x, y, columns, first, last, near), len(x), CHUNK)
    return np.ascontiguousarray(near.T)


@compiled
def _potentials(x: Floats, y: Floats, rows: Floats, first: int, last: int, near: Floats) -> None:
    n, quantities = rows.shape
    for i in range(first, last):
        for j in range(n):
            if j != i:
                proximity = math.exp(-math.sqrt((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2))
                for q in range(quantities):
                    near[i, q] += proximity * rows[j, q]
