"""What a plan must keep to: room, zones in one piece, ways, and how many move. Each rule says itself what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.planning.pieces import pieces
from segregation_tools.planning.problem import TOUCHING
from segregation_tools.population.options import real_number
from segregation_tools.population.reading import column_of_numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Allowed = NDArray[np.bool_]
    Codes = NDArray[np.intp]
    Broken = Iterator[tuple[str, Any, float]]  # rule, block or school, by how much

__all__ = [
    "ROUNDING",
    "Capacity",
    "Contiguous",
    "Forbidden",
    "Locked",
    "LongestTrip",
    "MostMoved",
    "Rule",
    "Together",
    "capacity",
    "contiguous",
    "forbidden",
    "locked",
    "longest_trip",
    "most_moved",
    "rooms_of",
    "together",
]

ROUNDING = 1e-6  # people or minutes


class Rule:
    """A rule; what it does not concern itself with stays as it is here."""

    def allowed(self, problem: Problem) -> Allowed:
        """Say which school each block may go to.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        return np.ones(problem.minutes.shape, dtype=bool)

    def rooms(self, problem: Problem) -> tuple[Floats, Floats]:
        """Say between how many pupils each school has room for.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        low, high : ndarray of shape (schools,)
        """
        return np.zeros(len(problem.schools)), np.full(len(problem.schools), np.inf)

    def most_moved(self, problem: Problem) -> float:
        """Say how many pupils may change school.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        float
        """
        return float("inf")

    def together(self, problem: Problem) -> Codes:
        """Say which blocks have one school.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of int, shape (blocks,)
            The same number for those that do.
        """
        return np.arange(len(problem.blocks))

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield what a plan breaks.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, block or school, and by how much
        """
        where = np.flatnonzero(~self.allowed(problem)[np.arange(len(zone)), zone])
        for block in where.tolist():
            yield self._name, problem.blocks[block], 1.0

    @property
    def _name(self) -> str:
        return type(self).__name__


def rooms_of(problem: Problem, rules: Iterable[Rule]) -> tuple[Floats, Floats]:
    """Say between how many pupils each school has room for, by several rules together.

    Parameters
    ----------
    problem : Problem
        The district.
    rules : iterable of Rule
        All of which hold.

    Returns
    -------
    low, high : ndarray of shape (schools,)
        0 and infinite where no rule says anything.
    """
    low, high = zip(*(rule.rooms(problem) for rule in (Rule(), *rules)), strict=True)
    return np.max(low, axis=0), np.min(high, axis=0)


@dataclass(frozen=True, eq=False, repr=False)
class Capacity(Rule):
    """Room in schools, see `capacity`."""

    within: float | None
    seats: Any
    low: Any

    def __repr__(self) -> str:
        given = {"within": self.within, "seats": self.seats, "low": self.low}
        plain = {
            name: repr(value) if isinstance(value, str) else f"{value:.10g}" if isinstance(value, (int, float)) else "…"
            for name, value in given.items()
            if value is not None
        }
        return f"capacity({', '.join(f'{name}={value}' for name, value in plain.items())})"

    def rooms(self, problem: Problem) -> tuple[Floats, Floats]:
        """Say between how many pupils each school has room for.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        low, high : ndarray of shape (schools,)
        """
        if self.within is not None:
            today = problem.rolls(problem.current)
            if (today == 0).any():
                msg = (
                    "capacity(within=...) is a share of today's roll, but nobody goes to "
                    f"{listed(problem.schools[np.flatnonzero(today == 0)])}: say how many may, capacity(seats=...)"
                )
                raise DataError(msg)
            return (1 - self.within) * today, (1 + self.within) * today
        low, high = super().rooms(problem)
        if self.seats is not None:
            high = _by_school(self.seats, "seats", problem)
        return (low if self.low is None else _by_school(self.low, "low", problem)), high

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield schools with too many or too few pupils, and by how many.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, school, and by how many pupils
        """
        rolls, (low, high) = problem.rolls(zone), self.rooms(problem)
        for school in np.flatnonzero((rolls > high + ROUNDING) | (rolls < low - ROUNDING)).tolist():
            yield (
                "capacity",
                problem.schools[school],
                float(max(rolls[school] - high[school], low[school] - rolls[school])),
            )


def _by_school(given: Any, what: str, problem: Problem) -> Floats:
    """Read a number for each school: a column of the table, a mapping, or one for all."""
    if isinstance(given, str):
        values = column_of_numbers(problem.table, given, problem.schools)
    elif isinstance(given, (pd.Series, Mapping)):
        named = pd.Series(given)
        if not named.index.is_unique:
            msg = f"{what} names schools more than once: {listed(named.index[named.index.duplicated()].unique())}"
            raise DataError(msg)
        values = column_of_numbers(pd.DataFrame({what: named.reindex(problem.schools)}), what, problem.schools)
    else:
        values = np.full(len(problem.schools), real_number(given, what, 0, "a number of pupils"))
    wrong = ~(values >= 0)
    if wrong.any():
        msg = f"{what} of schools {listed(problem.schools[wrong])} is missing or negative: give each school a number"
        raise DataError(msg)
    return values


def capacity(*, within: float | None = None, seats: Any = None, low: Any = None) -> Capacity:
    """Keep the roll of each school near today's, or within its seats.

    Parameters
    ----------
    within : float, optional
        Share of today's roll by which it may change, 0.15 for ±15 %.
    seats : str, Series, mapping or float, optional
        Most pupils of each school; a string names a column of the table of schools.
    low : str, Series, mapping or float, optional
        Fewest pupils of each school.

    Returns
    -------
    Capacity

    Raises
    ------
    OptionError
        If neither, or both, of `within` and `seats` or `low` are given.

    Examples
    --------
    >>> capacity(within=0.15)
    capacity(within=0.15)
    """
    if (within is None) == (seats is None and low is None):
        msg = "capacity(within=0.15), of today's rolls, or capacity(seats=..., low=...): one of the two"
        raise OptionError(msg)
    if within is not None:
        real_number(within, "within", 0, "a share of today's roll")
    kept = (given.copy() if isinstance(given, (pd.Series, dict)) else given for given in (seats, low))
    return Capacity(within, *kept)


@dataclass(frozen=True, repr=False)
class Contiguous(Rule):
    """Zones in one piece, see `contiguous`."""

    exempt: tuple[Hashable, ...] = ()
    tolerance: float = TOUCHING

    def __repr__(self) -> str:
        told = [f"exempt={list(self.exempt)}"] if self.exempt else []
        told += [f"tolerance={self.tolerance:g}"] if self.tolerance != TOUCHING else []
        return f"contiguous({', '.join(told)})"

    def left_out(self, problem: Problem) -> Codes:
        """Give the positions of blocks that are exempt.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of int
        """
        return _positions(problem, self.exempt, "contiguous(exempt=...)")

    def most(self, problem: Problem) -> Codes:
        """Say how many pieces each zone may have: one, or as many as today.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of int, shape (schools,)
        """
        return np.maximum(pieces(problem.touching(self.tolerance), problem.current, self.left_out(problem))[1], 1)

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield schools whose zone has too many pieces, or does not hold the block in which the school stands.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, school, and by how many pieces
        """
        beyond = pieces(problem.touching(self.tolerance), zone, self.left_out(problem))[1] - self.most(problem)
        yield from self.apart(problem, zone, beyond)

    def apart(self, problem: Problem, zone: Codes, beyond: Codes) -> Broken:
        """Yield what is broken, where it is known how many pieces there are; see `broken`.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.
        beyond : ndarray of int, shape (schools,)
            By how many pieces each zone has too many.

        Yields
        ------
        tuple of rule, school, and by how many pieces
        """
        for school in np.flatnonzero(beyond > 0).tolist():
            yield "contiguous", problem.schools[school], float(beyond[school])
        placed = np.flatnonzero(problem.stands >= 0)
        for school in placed[zone[problem.stands[placed]] != placed].tolist():
            yield "contiguous", problem.schools[school], 1.0

    def allowed(self, problem: Problem) -> Allowed:
        """Say which school each block may go to: where a school stands, only to that.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        allowed = super().allowed(problem)
        placed = np.flatnonzero(problem.stands >= 0)
        allowed[problem.stands[placed]] = False
        allowed[problem.stands[placed], placed] = True
        return allowed


def contiguous(*, exempt: Iterable[Hashable] = (), tolerance: float = TOUCHING) -> Contiguous:
    """Keep every zone in one piece, joined to the block of its school; no zone in more pieces than today.

    Parameters
    ----------
    exempt : iterable of block labels
        Islands, that need not be joined to anything: they stay with their school, or go to the nearest that they may.
    tolerance : float
        How many metres apart borders may lie and still be one, where no adjacency is given.

    Returns
    -------
    Contiguous

    Examples
    --------
    >>> contiguous()
    contiguous()
    """
    tolerance = real_number(tolerance, "tolerance", 0, "a length in metres")
    return Contiguous(_labels(exempt, "contiguous(exempt=[...])"), tolerance)


@dataclass(frozen=True, repr=False)
class LongestTrip(Rule):
    """Ways that pupils can be asked to go, see `longest_trip`."""

    minutes: float | None
    ratio: float | None

    def __repr__(self) -> str:
        return (
            f"longest_trip(minutes={self.minutes:g})" if self.ratio is None else f"longest_trip(ratio={self.ratio:g})"
        )

    def allowed(self, problem: Problem) -> Allowed:
        """Say which school is near enough to each block; the school of today is.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        stays = np.arange(len(problem.schools)) == problem.current[:, np.newaxis]
        return np.asarray((problem.minutes <= self._limit(problem)[:, np.newaxis] + ROUNDING) | stays)

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield blocks whose way is too long, and by how many minutes.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, block, and minutes
        """
        beyond = problem.minutes[np.arange(len(zone)), zone] - self._limit(problem)
        for block in np.flatnonzero((beyond > ROUNDING) & (zone != problem.current)).tolist():
            yield "longest_trip", problem.blocks[block], float(beyond[block])

    def _limit(self, problem: Problem) -> Floats:
        """Longest way of each block; where a school closes, the shortest there is stands for today's."""
        rows = np.arange(len(problem.current))
        if self.ratio is None:
            return np.full(len(rows), self.minutes)
        today = problem.minutes[rows, problem.current]
        return np.asarray(self.ratio * np.where(problem.current >= 0, today, problem.minutes.min(axis=1)))


def longest_trip(*, minutes: float | None = None, ratio: float | None = None) -> LongestTrip:
    """Keep every way short, or in proportion to today's.

    Parameters
    ----------
    minutes : float, optional
        Longest way to a new school.
    ratio : float, optional
        Longest way to a new school, as a multiple of today's.

    Returns
    -------
    LongestTrip

    Raises
    ------
    OptionError
        If not one of the two is given.

    Examples
    --------
    >>> longest_trip(ratio=1.5)
    longest_trip(ratio=1.5)
    """
    if (minutes is None) == (ratio is None):
        msg = "longest_trip(minutes=30) or longest_trip(ratio=1.5): one of the two"
        raise OptionError(msg)
    if ratio is not None:
        real_number(ratio, "ratio", 0, "a multiple of today's way", above=True)
    else:
        real_number(minutes, "minutes", 0, "minutes")
    return LongestTrip(minutes, ratio)


@dataclass(frozen=True, repr=False)
class MostMoved(Rule):
    """How many pupils may change school, see `most_moved`."""

    share: float

    def __repr__(self) -> str:
        return f"most_moved({self.share:g})"

    def most_moved(self, problem: Problem) -> float:
        """Say how many pupils may change school, those whose school closes not among them.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        float
        """
        return float(self.share * problem.sizes.sum())

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield by how many pupils too many move.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, "all", and how many pupils too many
        """
        moved = problem.sizes[(zone != problem.current) & (problem.current >= 0)].sum()
        if moved > self.most_moved(problem) + ROUNDING:
            yield "most_moved", "all", float(moved - self.most_moved(problem))


def most_moved(share: float) -> MostMoved:
    """Let at most a share of the pupils change school.

    Parameters
    ----------
    share : float
        From 0 to 1.

    Returns
    -------
    MostMoved

    Examples
    --------
    >>> most_moved(0.1)
    most_moved(0.1)
    """
    if real_number(share, "share", 0, "a share of the pupils, from 0 to 1") > 1:
        msg = f"share must be a share of the pupils, from 0 to 1, not {share!r}"
        raise OptionError(msg)
    return MostMoved(float(share))


@dataclass(frozen=True, repr=False)
class Locked(Rule):
    """Blocks that stay, see `locked`."""

    units: tuple[Hashable, ...]

    def __repr__(self) -> str:
        return f"locked({len(self.units)} blocks)"

    def allowed(self, problem: Problem) -> Allowed:
        """Say which school each block may go to: of locked ones, that of today.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        at = _positions(problem, self.units, "locked(...)")
        closing = at[problem.current[at] < 0]
        if len(closing):
            msg = f"locked blocks whose school closes: {listed(problem.blocks[closing])}. Unlock them"
            raise DataError(msg)
        allowed = super().allowed(problem)
        allowed[at] = False
        allowed[at, problem.current[at]] = True
        return allowed

    @property
    def _name(self) -> str:
        return "locked"


def locked(units: Iterable[Hashable]) -> Locked:
    """Leave blocks with the school of today.

    Parameters
    ----------
    units : iterable of block labels
        Which.

    Returns
    -------
    Locked

    Examples
    --------
    >>> locked(["b1", "b2"])
    locked(2 blocks)
    """
    return Locked(_labels(units, "locked([...])"))


@dataclass(frozen=True, repr=False)
class Forbidden(Rule):
    """Pairs that may not be, see `forbidden`."""

    pairs: tuple[tuple[Hashable, Hashable], ...]

    def __repr__(self) -> str:
        return f"forbidden({len(self.pairs)} pairs)"

    def allowed(self, problem: Problem) -> Allowed:
        """Say which school each block may go to.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of bool, shape (blocks, schools)
        """
        at = _positions(problem, [block for block, _ in self.pairs], "forbidden(...)")
        schools = problem.schools.get_indexer(pd.Index([school for _, school in self.pairs]))
        if (schools < 0).any():
            unknown = [school for (_, school), found in zip(self.pairs, schools, strict=True) if found < 0]
            msg = f"forbidden(...) names schools that are not there: {listed(unknown)}; there are {listed(problem.schools)}"
            raise DataError(msg)
        allowed = super().allowed(problem)
        allowed[at, schools] = False
        return allowed

    @property
    def _name(self) -> str:
        return "forbidden"


def forbidden(pairs: Iterable[tuple[Hashable, Hashable]]) -> Forbidden:
    """Keep blocks from schools, across a motorway or a river.

    Parameters
    ----------
    pairs : iterable of (block, school)
        Which.

    Returns
    -------
    Forbidden

    Examples
    --------
    >>> forbidden([("b1", "north")])
    forbidden(1 pairs)
    """
    named = _labels(pairs, "forbidden([...])")
    wrong = [pair for pair in named if not isinstance(pair, tuple) or len(pair) != 2]
    if wrong:
        msg = f"forbidden([(block, school), ...]) takes pairs, not {listed(wrong)}"
        raise OptionError(msg)
    return Forbidden(tuple((block, school) for block, school in named))


@dataclass(frozen=True, eq=False, repr=False)
class Together(Rule):
    """Blocks that share a school, see `together`."""

    labels: pd.Series[Any]

    def __repr__(self) -> str:
        return f"together({self.labels.nunique()} labels)"

    def together(self, problem: Problem) -> Codes:
        """Say which blocks have one school: those of one label.

        Parameters
        ----------
        problem : Problem
            The district.

        Returns
        -------
        ndarray of int, shape (blocks,)
            The same number for those that do; blocks without a label stand alone.
        """
        at = _positions(problem, list(self.labels.index), "together(...)")
        codes = pd.factorize(self.labels)[0]
        numbers = np.arange(len(problem.blocks)) + len(codes)
        numbers[at[codes >= 0]] = codes[codes >= 0]
        return numbers

    def broken(self, problem: Problem, zone: Codes) -> Broken:
        """Yield labels whose blocks go to several schools, and how many pupils are apart from the most.

        Parameters
        ----------
        problem : Problem
            The district.
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.

        Yields
        ------
        tuple of rule, label, and how many pupils
        """
        schools = pd.Series(zone, index=problem.blocks).reindex(self.labels.index)
        sizes = pd.Series(problem.sizes, index=problem.blocks).reindex(self.labels.index)
        for label, its in schools.groupby(self.labels, sort=False):
            pupils = sizes[its.index].groupby(its).sum()
            if len(pupils) > 1:
                yield "together", label, float(pupils.sum() - pupils.max())


def together(labels: pd.Series[Any] | Mapping[Hashable, Any]) -> Together:
    """Keep blocks of a label, a village or a housing estate, with one school.

    Parameters
    ----------
    labels : Series or mapping
        Label of each block; blocks that are absent, or whose label is missing, are free.

    Returns
    -------
    Together

    Examples
    --------
    >>> together({"b1": "old town", "b2": "old town", "b3": "harbour"})
    together(2 labels)
    """
    if not isinstance(labels, (pd.Series, Mapping)):
        msg = f"together(...) takes a Series or a mapping from block to label, not {labels!r}"
        raise OptionError(msg)
    named = pd.Series(labels).copy()
    if not named.index.is_unique:
        msg = f"together(...) names blocks more than once: {listed(named.index[named.index.duplicated()].unique())}"
        raise DataError(msg)
    return Together(named)


def _labels(given: Any, where: str) -> tuple[Any, ...]:
    """List labels; one text is a mistake."""
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        msg = f"{where} takes a list, not {given!r}"
        raise OptionError(msg)
    return tuple(given)


def _positions(problem: Problem, labels: Sequence[Hashable], where: str) -> Codes:
    if not len(labels):
        return np.zeros(0, dtype=np.intp)
    at = problem.blocks.get_indexer(pd.Index(list(labels), tupleize_cols=False))
    unknown = [label for label, found in zip(labels, at, strict=True) if found < 0]
    if unknown:
        msg = f"{where} names blocks that are not there: {listed(unknown)}; blocks are {listed(problem.blocks)}"
        raise DataError(msg)
    return np.asarray(at, dtype=np.intp)
