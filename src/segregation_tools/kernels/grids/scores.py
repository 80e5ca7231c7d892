"""The sums behind dissimilarity, entropies and exposure in one compiled pass over strips of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.kernels.compile import added_in_any_order, compiled, inlined
from segregation_tools.kernels.grids.layout import at_the_door
from segregation_tools.kernels.grids.windows import add_one, add_two

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Shares", "Totals"]

TILE = 512  # columns worked on together: the shares of a few groups stay in the first-level cache
TINY = 1e-300  # ln(0 + TINY) is finite, so that 0 ln 0 = 0


@dataclass(frozen=True, eq=False)
class Totals:
    """What is added up, over residents, of the shares p of those met; t residents in all, n of each group.

    Attributes
    ----------
    mix : ndarray of shape (groups,)
        Shares P of the region.
    sums : ndarray of shape (2,)
        Σ t Σ_g |p_g − P_g| and −Σ t Σ_g p_g ln p_g.
    meetings : ndarray of shape (groups, groups)
        Σ n_g p_h.
    thresholds : ndarray of shape (groups − 1,)
        −Σ t [C_k ln C_k + (1 − C_k) ln(1 − C_k)], C_k the share of those met who are of the first groups up to k.
    wanted : tuple of bool
        Which of the four are added up.
    room : tuple of ndarray
        To work in.
    """

    mix: Floats
    sums: Floats
    meetings: Floats
    thresholds: Floats
    wanted: tuple[bool, ...]
    room: tuple[Floats, Floats, Floats, NDArray[np.int64]]

    @classmethod
    def none_yet(cls, mix: Floats, wanted: Sequence[str]) -> Totals:
        """Begin with nobody.

        Parameters
        ----------
        mix : ndarray of shape (groups,)
            Shares of the region.
        wanted : sequence of str
            Which of `deviation`, `entropy`, `meetings` and `thresholds` are added up.

        Returns
        -------
        Totals
        """
        asked = tuple(name in wanted for name in ("deviation", "entropy", "meetings", "thresholds"))
        groups = len(mix)
        home, p, rows = (np.empty((many, TILE)) for many in (groups, groups, 3))
        room = home, p, rows, np.empty(TILE, dtype=np.int64)
        sums, meetings, thresholds = np.zeros(2), np.zeros((groups, groups)), np.zeros(groups - 1)
        return cls(np.ascontiguousarray(mix), sums, meetings, thresholds, asked, room)

    @property
    def deviation(self) -> Any:
        """Σ t Σ_g |p_g − P_g|."""
        return self.sums[0]

    @property
    def entropy(self) -> Any:
        """−Σ t Σ_g p_g ln p_g, in nats."""
        return self.sums[1]

    def add(self, counts: NDArray[Any], first: int, met: Floats) -> None:
        """Add a strip.

        Parameters
        ----------
        counts : ndarray of shape (groups, rows, cols)
            Who lives where in the whole grid.
        first : int
            First row of the strip.
        met : ndarray of shape (groups, some rows, cols)
            Whom they meet.
        """
        lived, above = at_the_door(counts, first, first + met.shape[1])
        deviations, entropies, exposures, ordinal = self.wanted
        home, p, rows, where = self.room
        _add_strip(
            lived, first - above, np.ascontiguousarray(met), self.mix, int(self.mix.argmax()),
            deviations, entropies, exposures, ordinal, home, p, rows, where, self.sums, self.meetings, self.thresholds,
        )  # fmt: skip


@inlined
def _ln(x: float) -> float:
    """Natural logarithm of a positive normal number, to the last digit but one, in steps that can be taken abreast.

    The reduction and polynomial of FreeBSD's ``e_log.c``: ln(2ᵏ(1 + f)) = k ln 2 + ln(1 + f), √½ < 1 + f < √2.
    """
    bits = np.float64(x).view(np.int64) + (0x3FF0000000000000 - 0x3FE6A09E00000000)
    k = (bits >> 52) - 0x3FF
    f = np.int64((bits & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    even = z * (
        0.6666666666666735130
        + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860510658591))
    )  # fmt: skip
    half = 0.5 * f * f
    return k * 0.6931471805599453 + (f - (half - s * (half + odd + even)))


class Shares:
    """Shares of those met where somebody lives, strip by strip, in memory that is used again."""

    def __init__(self) -> None:
        self.room = np.empty((0, 0))

    def of(self, counts: NDArray[Any], first: int, met: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Take the cells of a strip in which somebody lives.

        Parameters
        ----------
        counts : ndarray of shape (groups, rows, cols)
            Who lives where in the whole grid.
        first : int
            First row of the strip.
        met : ndarray of shape (groups, some rows, cols)
            Whom they meet.

        Returns
        -------
        lived, p : ndarray of shape (groups, cells)
            Residents, and shares of those met; valid until the next strip.
        residents, people : ndarray of shape (cells,)
            Residents of all groups, and how many are met.
        """
        lived, above = at_the_door(counts, first, first + met.shape[1])
        groups, rows, cols = met.shape
        if self.room.shape[1] < rows * cols:
            self.room = np.empty((2 * groups + 2, rows * cols))
        home, p, residents, people = self.room[:groups], self.room[groups:-2], self.room[-2], self.room[-1]
        some = _take_strip(
            lived, first - above, np.ascontiguousarray(met), home, p, residents, people,
            np.empty(TILE), np.empty(TILE, np.int64),
        )  # fmt: skip
        return home[:, :some], p[:, :some], residents[:some], people[:some]


@compiled
def _take_strip(
    counts: NDArray[Any],
    first: int,
    met: Floats,
    home: Floats,
    p: Floats,
    residents: Floats,
    people: Floats,
    inverse: Floats,
    where: NDArray[np.int64],
) -> int:
    groups, rows, cols = met.shape
    taken = 0
    for i in range(rows):
        for start in range(0, cols, where.size):
            stop = min(start + where.size, cols)
            here = residents[taken : taken + stop - start]
            some = _look(counts, first + i, start, here, where)
            there = people[taken : taken + stop - start]
            _invert(met, i, start, there, inverse)
            for g in range(groups):
                _pick_share(met[g, i, start:stop], inverse, where, some, p[g, taken:])
                _pick(counts[g, first + i, start:stop], where, some, home[g, taken:])
            _pick(here, where, some, here)
            _pick(there, where, some, there)
            taken += some
    return taken


@compiled
def _add_strip(
    counts: NDArray[Any],
    first: int,
    met: Floats,
    mix: Floats,
    largest: int,
    deviations: bool,
    entropies: bool,
    exposures: bool,
    ordinal: bool,
    home: Floats,
    p: Floats,
    row: Floats,
    where: NDArray[np.int64],
    sums: Floats,
    meetings: Floats,
    thresholds: Floats,
) -> None:
    groups, rows, cols = met.shape
    for i in range(rows):
        for start in range(0, cols, where.size):
            stop = min(start + where.size, cols)
            residents, rest = row[0, : stop - start], row[1, : stop - start]
            some = _look(counts, first + i, start, residents, where)
            if some == 0:
                continue
            _invert(met, i, start, rest, row[2])
            for g in range(groups):
                _pick_share(met[g, i, start:stop], row[2], where, some, p[g])
                if exposures:
                    _pick(counts[g, first + i, start:stop], where, some, home[g])
            if some < residents.size:
                _pick(residents, where, some, residents)
            residents, rest = residents[:some], rest[:some]
            if deviations:
                rest[:] = 0
                for g in range(groups):
                    if g != largest:
                        sums[0] += _deviation(residents, p[g], mix[g], rest)
                # What the others leave is the deviation of the largest group, so that rare groups keep all their digits.
                sums[0] += _size(residents, rest)
            if entropies:
                for g in range(groups):
                    sums[1] += _surprise(residents, p[g])
            if exposures:
                for g in range(0, groups, 2):
                    for h in range(0, groups, 2):
                        met_by = _products(
                            home[g, :some], home[min(g + 1, groups - 1)], p[h], p[min(h + 1, groups - 1)]
                        )
                        for k in range(min(2, groups - g)):
                            for j in range(min(2, groups - h)):
                                meetings[g + k, h + j] += met_by[2 * k + j]
            if ordinal:
                below = row[2, :some]
                below[:] = 0
                for g in range(groups - 1):
                    thresholds[g] += _parted(residents, p[g], below)


@compiled
def _look(counts: NDArray[Any], row: int, start: int, residents: Floats, where: NDArray[np.int64]) -> int:
    """Count the residents of a tile, and the cells in which there are any; note where they are, unless they are all."""
    _add_up(counts, row, start, residents)
    return _inhabited(residents, where)


@compiled
def _invert(met: Floats, row: int, start: int, people: Floats, inverse: Floats) -> None:
    """Count those met in a tile, and by what to multiply for shares."""
    _add_up(met, row, start, people)
    for k in range(people.size):
        inverse[k] = 1 / people[k]


# Each of these loops reads few arrays, so that it works on several cells at once.


@compiled
def _inhabited(residents: Floats, where: NDArray[np.int64]) -> int:
    empty = 0
    for k in range(residents.size):
        empty += residents[k] <= 0
    if empty == 0:
        return int(residents.size)
    some = 0
    for k in range(residents.size):
        where[some] = k
        some += residents[k] > 0
    return some


@compiled
def _pick(row: NDArray[Any], where: NDArray[np.int64], some: int, picked: Floats) -> None:
    if some == row.size:
        for k in range(some):
            picked[k] = row[k]
    else:
        for k in range(some):
            picked[k] = row[where[k]]


@compiled
def _add_up(counts: NDArray[Any], row: int, start: int, people: Floats) -> None:
    """Count the people of all groups in a tile."""
    stop, groups = start + people.size, counts.shape[0]
    people[:] = 0
    if groups % 2:
        add_one(people, counts[-1, row, start:stop])
    for g in range(0, groups - 1, 2):
        add_two(people, counts[g, row, start:stop], counts[g + 1, row, start:stop])


@compiled
def _pick_share(row: Floats, inverse: Floats, where: NDArray[np.int64], some: int, picked: Floats) -> None:
    if some == row.size:
        for k in range(some):
            picked[k] = row[k] * inverse[k]
    else:
        for k in range(some):
            picked[k] = row[where[k]] * inverse[where[k]]


@added_in_any_order
def _deviation(residents: Floats, shares: Floats, share: float, rest: Floats) -> float:
    total = 0.0
    for k in range(residents.size):
        off = shares[k] - share
        rest[k] += off
        total += residents[k] * abs(off)
    return total


@added_in_any_order
def _surprise(residents: Floats, shares: Floats) -> float:
    total = 0.0
    for k in range(residents.size):
        total -= residents[k] * shares[k] * _ln(shares[k] + TINY)
    return total


@added_in_any_order
def _parted(residents: Floats, shares: Floats, below: Floats) -> float:
    """Add a group to those below a threshold, and weigh how varied the two parts are."""
    total = 0.0
    for k in range(residents.size):
        c = min(below[k] + shares[k], 1.0)
        below[k] = c
        total -= residents[k] * (c * _ln(c + TINY) + (1 - c) * _ln(1 - c + TINY))
    return total


@added_in_any_order
def _size(residents: Floats, off: Floats) -> float:
    total = 0.0
    for k in range(residents.size):
        total += residents[k] * abs(off[k])
    return total


@added_in_any_order
def _products(n: Floats, m: Floats, p: Floats, q: Floats) -> tuple[float, float, float, float]:
    """Σ np, Σ nq, Σ mp and Σ mq."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(n.size):
        a += n[k] * p[k]
        b += n[k] * q[k]
        c += m[k] * p[k]
        d += m[k] * q[k]
    return a, b, c, d
