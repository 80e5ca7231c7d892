"""Whole tables of people drawn by chance: every draw has a stream of its own, and is the same on any number of threads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segregation_tools.kernels.compile import compiled
from segregation_tools.kernels.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    State = NDArray[np.uint64]

__all__ = ["Allotment", "Shuffle", "binomial", "chances_of", "ln_factorials", "seeds_of"]

ENTRIES = 1 << 21  # of tables: above, a binomial is drawn by formula
WIDE = 9.5  # standard deviations that tables reach, beyond which there is less than 1e-19
FEW = 10.0  # expected successes up to which a binomial is drawn by adding up probabilities
TABLED = 1 << 16  # numbers of which the logarithm of the factorial is looked up
STEP = 0x9E3779B97F4A7C15  # of splitmix64
BELOW_ONE = 1 - 2**-53  # the last number before 1, to which half a step more would be rounded


def seeds_of(root: int, first: int, last: int) -> State:
    """Give the seeds of some of the draws that begin at one number.

    Parameters
    ----------
    root : int
        From 0 to 2^63.
    first, last : int
        Which draws.

    Returns
    -------
    ndarray of uint64, shape (last − first,)
    """
    with np.errstate(over="ignore"):
        seeds: State = np.uint64(root) + np.arange(first, last, dtype=np.uint64) * np.uint64(STEP)
    return seeds


@compiled
def _mixed(z: np.uint64) -> np.uint64:
    """Finish a number of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def stream(seed: np.uint64) -> State:
    """Begin a stream: the state of xoshiro256+, filled by splitmix64."""
    state = np.empty(4, dtype=np.uint64)
    z = _mixed(seed + np.uint64(STEP))
    for i in range(4):
        z += np.uint64(STEP)
        state[i] = _mixed(z)
    return state


@compiled
def uniform(state: State) -> float:
    """Draw the next number of xoshiro256+ from 0 to 1, never 0 nor 1."""
    a, b, c, d = state[0], state[1], state[2], state[3]
    drawn = a + d
    c ^= a
    d ^= b
    state[0], state[1] = a ^ d, b ^ c
    state[2] = c ^ (b << np.uint64(17))
    state[3] = (d << np.uint64(45)) | (d >> np.uint64(19))
    return min((np.float64(drawn >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0), BELOW_ONE)


@compiled
def sequence(seed: np.uint64) -> np.uint64:
    """Begin a sequence of `numbered`: seeds of `seeds_of` are one step apart, and unmixed they would be one, shifted."""
    return _mixed(seed)


@compiled
def numbered(sequence: np.uint64, number: int) -> float:
    """Draw a number from 0 to below 1 by its place in a sequence of splitmix64: none waits for the one before."""
    return np.float64(_mixed(sequence + np.uint64(number + 5) * np.uint64(STEP)) >> np.uint64(11)) * (
        1.0 / 9007199254740992.0
    )


@compiled
def binomial(state: State, n: int, chances: Floats, g: int, at: int, factorials: Floats) -> int:
    """Draw how many of n, with the chance of which the row is ``chances[g, at]``."""
    p, other = chances[g, at, 0], chances[g, at, 1] > 0
    if n <= 0 or p <= 0.0:
        return n if other else 0
    if n * p < FEW:
        few = _by_inversion(state, n, chances[g, at, 2], chances[g, at, 3])
    else:
        few = _by_rejection(state, n, p, chances[g, at, 4], factorials)
    return n - few if other else few


def chances_of(p: Floats) -> Floats:
    """Rows of what is needed of each chance: that of the rarer side, whether it is the other, odds, ln(1 − p), ln odds."""
    rare = np.minimum(p, 1 - p)
    with np.errstate(divide="ignore"):
        rows = [rare, (p > rare).astype(float), rare / (1 - rare), np.log1p(-rare), np.log(rare) - np.log1p(-rare)]
    return np.ascontiguousarray(np.stack(rows, axis=-1))


@compiled
def _by_inversion(state: State, n: int, odds: float, ln_not: float) -> int:
    """Go up from 0 until the probabilities add up to a uniform number."""
    none = math.exp(n * ln_not)
    while True:
        u, here, k = uniform(state), none, 0
        while u > here and k <= n:
            u -= here
            k += 1
            here *= odds * (n - k + 1) / k
        if k <= n:
            return k


@compiled
def _by_rejection(state: State, n: int, p: float, ln_odds: float, factorials: Floats) -> int:
    """Accept or reject a transformed uniform pair, with a squeeze: BTRS of Hörmann (1993)."""
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    sure = 0.92 - 4.2 / b
    while True:
        v = uniform(state)
        u = uniform(state) - 0.5
        edge = 0.5 - abs(u)
        k = math.floor((2.0 * a / edge + b) * u + c)
        if edge >= 0.07 and v <= sure:
            return k
        if k < 0 or k > n:
            continue
        m = int((n + 1) * p)
        v = math.log(v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b))
        above = _ln_factorial(m, factorials) + _ln_factorial(n - m, factorials)
        below = _ln_factorial(k, factorials) + _ln_factorial(n - k, factorials)
        if v <= above - below + (k - m) * ln_odds:
            return k


@compiled
def _ln_factorial(k: int, factorials: Floats) -> float:
    if k < len(factorials):
        return float(factorials[k])
    square = (k + 1.0) * (k + 1.0)
    tail = (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1.0)
    return (k + 0.5) * math.log(k + 1.0) - (k + 1.0) + 0.5 * math.log(2 * math.pi) + tail


def ln_factorials() -> Floats:
    """Give ln k! of small k."""
    return np.cumsum(np.log(np.maximum(np.arange(float(TABLED)), 1)))


class _Labels(NamedTuple):
    """How people are labelled one group after the other: the chance of each among those who are not labelled yet.

    Where all units share their chances, what follows from how many are left is looked up: for each group and each number
    left, an alias table (Walker) of how many belong to it.
    """

    chances: Floats
    factorials: Floats
    starts: Whole
    lowest: Whole
    keep: Floats
    alias: NDArray[np.int32]
    own: bool  # whether every unit has chances of its own


def _labels(shares: Floats, most: int, *, own: bool) -> _Labels:
    """Prepare labels by shares, of shape (groups, units or places), among up to so many people."""
    rest = np.cumsum(shares[::-1], axis=0)[::-1]
    conditional = np.divide(shares, rest, out=np.zeros(shares.shape), where=rest > 0)
    chances, factorials = chances_of(conditional), ln_factorials()
    starts: Whole = np.zeros(0, dtype=np.int64)
    lowest: Whole = np.zeros((0, 0), dtype=np.int64)
    if shares.shape[1] == 1 and most < TABLED and (most + 1) * (len(shares) - 1) < ENTRIES:
        n, p = np.arange(most + 1.0), conditional[:-1]
        middle, reach = n * p, WIDE * np.sqrt(n * p * (1 - p)) + WIDE**2
        lowest = np.floor(np.maximum(middle - reach, 0)).astype(np.int64)
        widths = np.ceil(np.minimum(middle + reach, n)).astype(np.int64) - lowest + 1
        starts = np.append(0, np.cumsum(widths))
        if starts[-1] > ENTRIES:
            starts, lowest = starts[:0], lowest[:0, :0]
    keep = np.empty(starts[-1] if starts.size else 0)
    alias = np.empty(len(keep), dtype=np.int32)
    if len(keep):
        _tabulate(chances, factorials, starts, lowest, keep, alias)
    return _Labels(chances, factorials, starts, lowest, keep, alias, own)


@compiled
def _tabulate(
    chances: Floats, factorials: Floats, starts: Whole, lowest: Whole, keep: Floats, alias: NDArray[np.int32]
) -> None:
    """Write the alias tables: entry j is kept with `keep[j]`, else `alias[j]` is taken, each entry being as likely."""
    groups, numbers = lowest.shape
    poor, rich = np.empty(numbers + 1, dtype=np.int64), np.empty(numbers + 1, dtype=np.int64)
    for g in range(groups):
        rare, other, ln_not, ln_odds = chances[g, 0, 0], chances[g, 0, 1] > 0, chances[g, 0, 3], chances[g, 0, 4]
        for n in range(numbers):
            start = starts[g * numbers + n]
            width = starts[g * numbers + n + 1] - start
            total = 0.0
            for j in range(width):
                k = lowest[g, n] + j
                few = n - k if other else k
                if rare > 0:
                    ways = factorials[n] - factorials[few] - factorials[n - few]
                    keep[start + j] = math.exp(ways + few * ln_odds + n * ln_not)
                else:
                    keep[start + j] = 1.0 if few == 0 else 0.0
                total += keep[start + j]
            poorer, richer = 0, 0
            for j in range(width):
                keep[start + j] *= width / total
                alias[start + j] = j
                if keep[start + j] < 1.0:
                    poor[poorer] = j
                    poorer += 1
                else:
                    rich[richer] = j
                    richer += 1
            while poorer and richer:
                little, much = poor[poorer - 1], rich[richer - 1]
                poorer -= 1
                alias[start + little] = much
                keep[start + much] -= 1.0 - keep[start + little]
                if keep[start + much] < 1.0:
                    richer -= 1
                    poor[poorer] = much
                    poorer += 1
            for left in range(poorer):
                keep[start + poor[left]] = 1.0
            for left in range(richer):
                keep[start + rich[left]] = 1.0


class Allotment:
    """Everyone is allotted to a group by chance; units keep their sizes.

    Parameters
    ----------
    sizes : ndarray of int, shape (units,)
        How many people live in each unit.
    shares : ndarray of shape (groups,) or (groups, units)
        Chance of belonging to each group; they add up to 1.
    """

    def __init__(self, sizes: Whole, shares: Floats) -> None:
        self.sizes = np.ascontiguousarray(sizes, dtype=np.int64)
        self.labels = _labels(shares.reshape(len(shares), -1), int(sizes.max(initial=0)), own=shares.ndim > 1)

    def draw(self, seeds: State) -> Floats:
        """Draw who lives where.

        Parameters
        ----------
        seeds : ndarray of uint64, shape (draws,)
            One for each draw.

        Returns
        -------
        ndarray of shape (draws, groups, units)
        """
        drawn = np.empty((len(seeds), len(self.labels.chances), len(self.sizes)))
        in_chunks(lambda first, last: _allot(self.sizes, self.labels, seeds, first, last, drawn), len(seeds), 1)
        return drawn


@compiled
def _allot(sizes: Whole, by: _Labels, seeds: State, first: int, last: int, drawn: Floats) -> None:
    for r in range(first, last):
        _label(stream(seeds[r]), sizes, by, 0, drawn[r])


@compiled
def _label(state: State, sizes: Whole, by: _Labels, place: int, drawn: Floats) -> None:
    """Label the people of some units, by the chances of their place, or of each unit where every unit has its own."""
    groups = len(by.chances)
    if len(by.starts):
        numbers = by.lowest.shape[1]
        for i in range(len(sizes)):
            left = sizes[i]
            for g in range(groups - 1):
                row = g * numbers + left
                start = by.starts[row]
                at = uniform(state) * (by.starts[row + 1] - start)
                j = int(at)
                of_them = by.lowest[g, left] + (j if at - j < by.keep[start + j] else by.alias[start + j])
                drawn[g, i] = of_them
                left -= of_them
            drawn[groups - 1, i] = left
    else:
        for i in range(len(sizes)):
            left = sizes[i]
            for g in range(groups - 1):
                of_them = binomial(state, left, by.chances, g, i if by.own else place, by.factorials)
                drawn[g, i] = of_them
                left -= of_them
            drawn[groups - 1, i] = left


class Shuffle:
    """Everyone changes places by chance, within places: units keep their sizes, groups their totals.

    Equal to a chain of hypergeometric draws: people are labelled one by one by chance; of a group that came out too large,
    just so many, whoever they are, are then labelled anew.

    Parameters
    ----------
    counts : ndarray of int, shape (groups, units)
        People.
    places : ndarray of int, shape (units,), optional
        Number of the place, from 0, in which people are shuffled; everywhere without.
    """

    def __init__(self, counts: Whole, places: Whole | None = None) -> None:
        places = np.zeros(counts.shape[1], dtype=np.int64) if places is None else places
        self.order = np.argsort(places, kind="stable")
        self.starts = np.searchsorted(places[self.order], np.arange(int(places.max(initial=0)) + 2))
        within = np.ascontiguousarray(counts[:, self.order])
        self.sizes = within.sum(axis=0)
        self.totals = np.ascontiguousarray(np.add.reduceat(within, self.starts[:-1], axis=1))
        shares = self.totals / np.maximum(self.totals.sum(axis=0), 1)
        self.labels = _labels(shares, int(self.sizes.max(initial=0)), own=False)

    def draw(self, seeds: State) -> Floats:
        """Draw who lives where.

        Parameters
        ----------
        seeds : ndarray of uint64, shape (draws,)
            One for each draw.

        Returns
        -------
        ndarray of shape (draws, groups, units)
        """
        drawn = np.empty((len(seeds), len(self.totals), len(self.sizes)))
        in_chunks(
            lambda first, last: _shuffle(self.sizes, self.totals, self.starts, self.labels, seeds, first, last, drawn),
            len(seeds),
            1,
        )
        if len(self.starts) > 2:
            drawn[:, :, self.order] = drawn.copy()
        return drawn


@compiled
def _shuffle(
    sizes: Whole, totals: Whole, places: Whole, by: _Labels, seeds: State, first: int, last: int, drawn: Floats
) -> None:
    for r in range(first, last):
        state = stream(seeds[r])
        for place in range(len(places) - 1):
            here = slice(places[place], places[place + 1])
            _label(state, sizes[here], by, place, drawn[r][:, here])
            _settle(state, totals[:, place], drawn[r][:, here])


@compiled
def _settle(state: State, totals: Whole, drawn: Floats) -> None:
    """Relabel people of groups that came out too large, drawn one by one, as groups that came out too small."""
    groups, units = drawn.shape
    missing = np.empty(groups, dtype=np.int64)
    all_missing = 0
    for g in range(groups):
        have = 0.0
        for i in range(units):
            have += drawn[g, i]
        missing[g] = totals[g] - int(have)
        all_missing += max(0, missing[g])
    if all_missing == 0:
        return
    up_to = np.empty(units)
    was = np.empty(units)
    for g in range(groups):
        if missing[g] >= 0:
            continue
        total = 0.0
        for i in range(units):
            was[i] = drawn[g, i]
            total += was[i]
            up_to[i] = total
        while missing[g] < 0:
            i = int(np.searchsorted(up_to, uniform(state) * total, side="right"))
            if i >= units or uniform(state) * was[i] >= drawn[g, i]:
                continue  # one who is relabelled already
            at = uniform(state) * all_missing
            other = 0
            while missing[other] <= 0 or at >= missing[other]:
                at -= max(0, missing[other])
                other += 1
            drawn[g, i] -= 1
            drawn[other, i] += 1
            missing[g] += 1
            missing[other] -= 1
            all_missing -= 1
