"""Who is present around some of many points: columns of a spreading kernel, and sums along and across them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.decay import decay
from segregation_tools.kernels.nearby import reach_of
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.kernels.nearby import Bands

    Floats = NDArray[np.float64]

__all__ = ["Columns", "columns_within", "gathered", "scattered"]

FEW = 512  # columns in a chunk


class Columns(NamedTuple):
    """Sparse columns: where the people of each source are present, and by which share.

    Attributes
    ----------
    starts : ndarray of int64, shape (sources + 1,)
        Where the column of each source begins.
    units : ndarray of int32
        Which units it reaches.
    weights : ndarray of float64
        How much of a person is present there.
    """

    starts: NDArray[np.int64]
    units: NDArray[np.int32]
    weights: Floats


def columns_within(bands: Bands, at: NDArray[np.intp], scale: float, kernel: str) -> Columns:
    """List the points within reach of some, and the kernel's weights.

    Parameters
    ----------
    bands : Bands
        The points.
    at : ndarray of int
        Which of them are sources.
    scale : float
        Scale of the kernel, in the units of the points.
    kernel : str
        One of `KERNELS`.

    Returns
    -------
    Columns
        Unscaled: K(d).
    """
    kind, reach = reach_of(bands, scale, kernel)
    many = np.diff(bands.firsts, append=len(bands.order))
    x, y = (np.repeat(each, many) for each in (bands.x, bands.y))
    starts = np.append(bands.firsts, len(bands.order))[bands.starts]
    place = np.empty(len(bands.order), dtype=np.intp)
    place[bands.order] = np.arange(len(place))
    sources, order = place[at], bands.order.astype(np.int32)
    starts_of_columns = np.zeros(len(at) + 1, dtype=np.int64)

    def walked(units: NDArray[np.int32], weights: Floats) -> None:
        places = x, y, starts, bands.low, bands.high, order, sources
        in_chunks(
            lambda first, last: _columns(*places, kind, scale, reach, first, last, starts_of_columns, units, weights),
            len(at),
            FEW,
        )

    walked(np.zeros(0, dtype=np.int32), np.zeros(0))  # counts
    starts_of_columns[:] = np.cumsum(starts_of_columns)
    found = starts_of_columns[-1]
    units, weights = np.empty(found, dtype=np.int32), np.empty(found)
    walked(units, weights)
    return Columns(starts_of_columns, units, weights)


@compiled
def _columns(
    x: Floats,
    y: Floats,
    starts: NDArray[np.int64],
    low: Floats,
    high: Floats,
    order: NDArray[np.int32],
    sources: NDArray[np.intp],
    kernel: int,
    scale: float,
    reach: float,
    first: int,
    last: int,
    found: NDArray[np.int64],
    units: NDArray[np.int32],
    weights: Floats,
) -> None:
    """Count what each source reaches, or write it down where there is room for it."""
    squared_reach = reach * reach
    fills = len(units) > 0
    for s in range(first, last):
        i = sources[s]
        at = found[s] if fills else 0
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
                    if fills:
                        units[at] = order[j]
                        weights[at] = 1.0 if kernel == 0 else decay(kernel, squared / (scale * scale))
                    at += 1
        if not fills:
            found[s + 1] = at


def gathered(columns: Columns, values: Floats) -> Floats:
    """Add up along each column what a person there is worth: Σ_i w_is v_i.

    Parameters
    ----------
    columns : Columns
        Of the sources.
    values : ndarray of shape (groups, units)
        Worth of a person present in each unit.

    Returns
    -------
    ndarray of shape (groups, sources)
    """
    sums = np.empty((len(values), len(columns.starts) - 1))
    in_chunks(lambda first, last: _gathered(*columns, values, first, last, sums), sums.shape[1], FEW)
    return sums


@compiled
def _gathered(
    starts: NDArray[np.int64],
    units: NDArray[np.int32],
    weights: Floats,
    values: Floats,
    first: int,
    last: int,
    sums: Floats,
) -> None:
    for s in range(first, last):
        for g in range(len(values)):
            row, added = values[g], 0.0
            for k in range(starts[s], starts[s + 1]):
                added += weights[k] * row[units[k]]
            sums[g, s] = added


def scattered(columns: Columns, people: Floats, onto: Floats) -> None:
    """Spread people over the units that their columns reach: onto_i += Σ_s w_is n_s.

    Parameters
    ----------
    columns : Columns
        Of the sources.
    people : ndarray of shape (groups, sources)
        How many each source has.
    onto : ndarray of shape (groups, units)
        Changed.
    """
    in_chunks(lambda first, last: _scattered(*columns, people, first, last, onto), len(onto), 1)


@compiled
def _scattered(
    starts: NDArray[np.int64],
    units: NDArray[np.int32],
    weights: Floats,
    people: Floats,
    first: int,
    last: int,
    onto: Floats,
) -> None:
    for g in range(first, last):
        row = onto[g]
        for s in range(people.shape[1]):
            many = people[g, s]
            if many != 0:
                for k in range(starts[s], starts[s + 1]):
                    row[units[k]] += weights[k] * many
