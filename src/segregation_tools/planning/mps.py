"""A program as a text that other solvers read: the MPS format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segregation_tools.planning.program import Program

__all__ = ["lines_of"]


def lines_of(program: Program, constant: float, told: Sequence[str]) -> Iterator[str]:
    """Write a program without flows, line by line.

    Parameters
    ----------
    program : Program
        Columns are ``x<unit>_<zone>``, which are 0 or 1, and ``d<sum>_<zone>``, 0 or more; rows ``r<number>``.
    constant : float
        What the goal counts besides.
    told : sequence of str
        Lines that explain it.

    Yields
    ------
    str
    """
    low, high = np.concatenate(program.low), np.concatenate(program.high)
    zones, many = program.shape[1], len(program.weights)
    names = [f"x{unit}_{zone}" for unit, zone in zip(program.unit.tolist(), program.zone.tolist(), strict=True)]
    names += [f"d{i // zones}_{i % zones}" for i in range(many)]
    yield from (f"* {line}" for lines in told for line in lines.splitlines())
    yield from ("NAME plan", "ROWS", " N goal")
    kinds = np.where(low == high, "E", np.where(np.isfinite(high), "L", "G"))
    yield from (f" {kind} r{i}" for i, kind in enumerate(kinds))
    yield "COLUMNS"
    yield " MARKER 'MARKER' 'INTORG'"
    matrix, prices = program.matrix(), program.prices
    for column, name in enumerate(names):
        if column == len(program.cost):
            yield " MARKER 'MARKER' 'INTEND'"
        if prices[column]:
            yield f" {name} goal {float(prices[column])!r}"
        for entry in range(matrix.indptr[column], matrix.indptr[column + 1]):
            yield f" {name} r{matrix.indices[entry]} {float(matrix.data[entry])!r}"
    if not many:
        yield " MARKER 'MARKER' 'INTEND'"
    yield "RHS"
    yield f" RHS goal {-float(constant)!r}"  # the format takes it off
    side = np.where(kinds == "G", low, high)
    yield from (f" RHS r{i} {float(side[i])!r}" for i in np.flatnonzero(side).tolist())
    yield "RANGES"
    both = np.isfinite(low) & np.isfinite(high) & (low != high)
    yield from (f" RANGE r{i} {float(high[i] - low[i])!r}" for i in np.flatnonzero(both).tolist())
    yield "BOUNDS"
    yield from (f" UP BOUND {name} 1" for name in names[: len(program.cost)])
    yield "ENDATA"
