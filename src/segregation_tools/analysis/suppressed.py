"""Counts that were kept back because they are small: the lowest and the highest value that an index can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import labelled_like, measurable, measured, rows_of
from segregation_tools.errors import DataError, GroupError, OptionError, listed
from segregation_tools.population import checking, reading
from segregation_tools.population.geography import Geography
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.indices.index import Index
    from segregation_tools.population.environment import Environment

    Floats = NDArray[np.float64]
    Sum = tuple[NDArray[np.intp], float, float]  # which gaps, and from where to where they add up

__all__ = ["SuppressedBounds", "suppressed_bounds"]

EVERY = 20_000  # tables: up to so many, each is measured
BATCH = 256  # tables measured together
NARROWEST = 1 / 64  # people: steps of the search end there
ROUNDING = 1e-9
AROUND = 5  # logarithm to base 2 of how many directions are tried for corners
NOTHING_FITS = "no table fits the totals: some are too small or too large for counts between the bounds of suppressed="
STARTS = 6  # tables at least, from which the search begins
BEGUN = 400  # gaps of all tables from which it begins, where they are few
ALONG = (1.0, 0.5, 0.25)  # of a step


def suppressed_bounds(
    index: Index,
    frame: pd.DataFrame,
    groups: Sequence[Hashable],
    *,
    suppressed: tuple[float, float] = (1, 4),
    total: Hashable | None = None,
    group_totals: Mapping[Any, float] | pd.Series[float] | None = None,
    within: Environment | None = None,
) -> SuppressedBounds:
    """Find the lowest and the highest value that an index has over all tables in which suppressed counts may be filled.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups.
    frame : GeoDataFrame or DataFrame
        One row a unit; a suppressed count is missing (NaN). Never changed.
    groups : sequence
        Columns of counts, one a group.
    suppressed : tuple of two numbers
        Smallest and largest count that is kept back: (1, 4) where counts below 5 are, and nobody is told.
    total : hashable, optional
        Column with the number of people in each unit, which narrows what its suppressed counts can be; missing where that is
        suppressed too. Where units without suppressed counts have more people than their groups, so may all.
    group_totals : mapping, optional
        Group → its people in all units together, where they are published.
    within : Environment, optional
        Whom residents meet, such as ``Zones(labels)``.

    Returns
    -------
    SuppressedBounds
        `.low`, `.high`, the tables `.lowest` and `.highest` where they are reached, and `.every`: whether each table was
        measured.

    Raises
    ------
    DataError
        If no count is suppressed, or no table fits the totals.

    Notes
    -----
    Where there are up to 20,000 tables of whole people, and totals are whole, each is measured. Else a search goes uphill
    and downhill from several tables, and may cut people in parts: at every step it solves a linear program for the slopes of
    the index, in a region that widens with success and narrows without (sequential linear programming). Both ends are
    reached by tables that fit; that none goes farther is then not proven.

    References
    ----------
    Griffith, R. & Stewart, R. (1961), A nonlinear programming technique for the optimization of continuous processing
    systems, Management Science 7, 379–392.

    Examples
    --------
    >>> schools = pd.DataFrame({"a": [90, 40, None], "b": [None, 60, 95]}, index=["north", "west", "south"])
    >>> found = suppressed_bounds(sgt.dissimilarity, schools, ["a", "b"], suppressed=(1, 9))
    >>> round(found.low, 3), round(found.high, 3), found.every
    (0.593, 0.681, True)
    """
    index = measurable(index)
    names = checking.checked_groups(groups)
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        msg = "frame must be a (Geo)DataFrame with one row a unit"
        raise DataError(msg)
    units, geometry = reading.spelled_geoids(frame.index), reading.geometry_of(frame)
    checking.check_units(units)
    counts, _ = reading.read_columns(frame, names, units, "keep")
    unknown = np.isnan(counts)
    if not unknown.any():
        msg = f"no count of {listed(names)} is suppressed: a suppressed count is missing (NaN)"
        raise DataError(msg)
    least, most = _range(suppressed)
    place = Geography(units, None if geometry is None else geometry.set_axis(units))
    pop = Population(np.where(unknown, (least + most) / 2, counts), names, geography=place)
    there = [names.index(group) for group in pop.groups]  # without groups that nobody can belong to
    counts, cells = counts[there], np.argwhere(unknown[there])
    sums = [
        *_of_units(frame, total, counts, cells, units),
        *_of_groups(group_totals, counts, cells, pop.groups, names, most),
    ]
    gaps = _Gaps(cells, np.full(len(cells), least), np.full(len(cells), most), *_stacked(sums, len(cells)))
    search = _Search(index, pop if within is None else pop.within(within), gaps)
    ways, values, every = search.ends()
    tables = np.stack([search.tables(end) for end in ways])
    low_value, high_value = (labelled_like(index(search.pop), end) for end in values)
    return SuppressedBounds(index, low_value, high_value, every, len(cells), pop.units, pop.groups, tables)


@dataclass(frozen=True, eq=False)
class SuppressedBounds:
    """Between which values an index lies, whatever the suppressed counts are.

    Attributes
    ----------
    index : Index
        What was measured.
    low, high : float, Series or DataFrame
        Lowest and highest value.
    every : bool
        Whether each table of whole people was measured, so that the ends are proven.
    suppressed : int
        How many counts are.

    Examples
    --------
    >>> schools = pd.DataFrame({"a": [90, 40, None], "b": [None, 60, 95]}, index=["north", "west", "south"])
    >>> found = sgt.suppressed_bounds(sgt.dissimilarity, schools, ["a", "b"], suppressed=(1, 9))
    >>> round(found.low, 3), round(found.high, 3)
    (0.593, 0.681)
    """

    index: Index
    low: Any
    high: Any
    every: bool
    suppressed: int
    _units: pd.Index[Any] = field(repr=False)
    _groups: tuple[Any, ...] = field(repr=False)
    _tables: Floats = field(repr=False)  # (2, values, groups, units)

    @property
    def lowest(self) -> pd.DataFrame | list[pd.DataFrame]:
        """A table in which the lowest value is reached; of an index with several values, one for each."""
        return self._filled(0)

    @property
    def highest(self) -> pd.DataFrame | list[pd.DataFrame]:
        """A table in which the highest value is reached; of an index with several values, one for each."""
        return self._filled(1)

    def _filled(self, end: int) -> pd.DataFrame | list[pd.DataFrame]:
        frames = [pd.DataFrame(table.T, index=self._units, columns=list(self._groups)) for table in self._tables[end]]
        return frames[0] if self.index.answer == "number" else frames

    def to_frame(self) -> pd.DataFrame:
        """Return one row a value: `low` and `high`, behind the groups it is about.

        Returns
        -------
        DataFrame
        """
        frame = pd.DataFrame(rows_of(self.low)).rename(columns={"value": "low"})
        frame["high"] = np.ravel(self.high)
        return frame

    @property
    def _title(self) -> str:
        how = "every table was measured" if self.every else "by search"
        return f"{self.index.__name__}, {self.suppressed:,} suppressed counts, {how}"

    def __str__(self) -> str:
        return f"{self._title}:\n{self.to_frame().to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), self._title)


def _range(suppressed: Any) -> tuple[float, float]:
    if not isinstance(suppressed, (tuple, list)) or len(suppressed) != 2:
        msg = f"suppressed must be the smallest and the largest count that is kept back, (1, 4), not {suppressed!r}"
        raise OptionError(msg)
    least = real_number(suppressed[0], "suppressed[0]", 0, "the smallest count that is kept back", whole=True)
    most = real_number(suppressed[1], "suppressed[1]", least, "the largest count that is kept back", whole=True)
    return least, most


def _of_units(
    frame: pd.DataFrame, total: Hashable | None, counts: Floats, cells: NDArray[np.intp], units: pd.Index[Any]
) -> Iterator[Sum]:
    """Yield what totals of units leave for their gaps: all of it, or less where groups do not cover everyone."""
    if total is None:
        return
    (stated,), _ = reading.read_columns(frame, [total], units, "keep")
    known, complete = np.nansum(counts, axis=0), ~np.isnan(counts).any(axis=0)
    left = stated - known
    left[np.abs(left) <= ROUNDING * np.maximum(known, 1)] = 0
    if (left < 0).any():
        rows = units[np.flatnonzero(left < 0)]
        msg = f"the groups add up to more than the stated total in rows {listed(rows)}: do groups overlap?"
        raise DataError(msg)
    others = bool((left > 0)[complete].any())
    for unit in np.unique(cells[:, 1]):
        if not np.isnan(left[unit]):
            yield np.flatnonzero(cells[:, 1] == unit), 0.0 if others else left[unit], left[unit]


def _of_groups(
    totals: Mapping[Any, float] | pd.Series[float] | None,
    counts: Floats,
    cells: NDArray[np.intp],
    groups: tuple[Any, ...],
    names: tuple[Any, ...],
    most: float,
) -> Iterator[Sum]:
    """Yield what totals of groups leave for their gaps."""
    if totals is None:
        return
    if not isinstance(totals, (Mapping, pd.Series)):
        msg = f"group_totals must name the groups, {{{names[0]!r}: 1200, …}} or a Series, not {totals!r}"
        raise DataError(msg)
    strangers = [group for group in totals.keys() if group not in names]  # noqa: SIM118 - of a Series too
    if strangers:
        msg = f"group_totals names {listed(strangers)}; the groups are {listed(names, 30)}"
        raise GroupError(msg)
    for group, people in totals.items():
        real_number(people, f"group_totals[{group!r}]", 0, "how many people the group has")
        g = groups.index(group) if group in groups else -1
        mine, known = np.flatnonzero(cells[:, 0] == g), float(np.nansum(counts[g])) if g >= 0 else 0.0
        left, most_left, rounding = people - known, most * len(mine), ROUNDING * max(known, 1)
        if not -rounding <= left <= most_left + rounding:
            msg = (
                f"group_totals says {people:,g} of {group!r}, but {known:,g} are counted, and {len(mine)} suppressed "
                f"counts hold {most_left:,g} at most"
            )
            raise DataError(msg)
        if len(mine):
            yield mine, max(left, 0.0), max(left, 0.0)


def _stacked(sums: list[Sum], gaps: int) -> tuple[csr_array, Floats, Floats]:
    """Give the totals as rows of a matrix, with their ends."""
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(sums)), [len(which) for which, _, _ in sums])
    columns = np.concatenate([which for which, _, _ in sums]) if sums else np.zeros(0, dtype=np.intp)
    matrix = csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(sums), gaps))
    return matrix, np.array([least for _, least, _ in sums]), np.array([most for _, _, most in sums])


@dataclass(frozen=True, eq=False)
class _Gaps:
    """Cells of a table that are not known: between which bounds they lie, and what they add up to."""

    cells: NDArray[np.intp]  # (gaps, 2): group and unit
    low: Floats  # (gaps,)
    high: Floats
    sums: csr_array  # (sums, gaps): which gaps a total holds
    least: Floats  # (sums,): from where to where they add up
    most: Floats

    def fitting(self, slope: Floats, low: Floats, high: Floats) -> Floats:
        """Fill the gaps, within narrower bounds, so that they go as far as they can along a slope."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        if not len(self.least):
            return np.where(slope > 0, high, np.where(slope < 0, low, (low + high) / 2))
        largest = np.abs(slope).max(initial=0)
        found = milp(
            -slope / (largest if largest > 0 else 1),
            constraints=LinearConstraint(self.sums, self.least, self.most),
            bounds=Bounds(low, high),
        )
        if found.x is None:
            raise DataError(NOTHING_FITS)
        filled: Floats = np.clip(found.x, low, high)
        return filled

    def every(self) -> Floats | None:
        """List all ways to fill the gaps with whole people, where they are few."""
        choices = [np.arange(low, high + 1) for low, high in zip(self.low, self.high, strict=True)]
        if np.log([len(choice) for choice in choices]).sum() > np.log(max(EVERY, 1)):
            return None
        ways = list(product(*choices))
        filled = np.array(ways, dtype=np.float64).reshape(len(ways), len(choices))
        added = filled @ self.sums.T
        fits = ((added >= self.least - ROUNDING) & (added <= self.most + ROUNDING)).all(axis=1)
        whole = (self.least % 1 == 0).all() and (self.most % 1 == 0).all()
        if whole and not fits.any():
            raise DataError(NOTHING_FITS)
        return filled[fits] if whole else None


@dataclass(frozen=True, eq=False)
class _Search:
    """An index over all tables in which the gaps may be filled."""

    index: Index
    pop: Population  # with the gaps filled somehow
    gaps: _Gaps

    @property
    def begun(self) -> int:
        """From how many tables the search begins: from more where nothing holds the gaps together and they are few."""
        return STARTS if len(self.gaps.least) else max(STARTS, BEGUN // len(self.gaps.low))

    def tables(self, filled: Floats) -> Floats:
        """Tables of shape (ways, groups, units)."""
        tables = np.repeat(self.pop.counts[np.newaxis], len(filled), axis=0)
        tables[:, self.gaps.cells[:, 0], self.gaps.cells[:, 1]] = filled
        return tables

    def values(self, filled: Floats) -> Floats:
        """Measure each way to fill the gaps, (ways, values); NaN where that leaves a group with nobody."""
        return np.stack(
            [
                value
                for begin in range(0, len(filled), BATCH)
                for value in measured([self.index], [self.pop], self.tables(filled[begin : begin + BATCH]))
            ]
        )

    def ends(self) -> tuple[Floats, Floats, bool]:
        """Find ways to fill the gaps and their values, (2, values, gaps) and (2, values), and whether all were measured."""
        every = self.gaps.every()
        if every is not None:
            values = self.values(every)
            at = np.stack(
                [
                    np.where(np.isnan(values), np.inf, values).argmin(axis=0),
                    np.where(np.isnan(values), -np.inf, values).argmax(axis=0),
                ]
            )
            return every[at], np.take_along_axis(values, at, axis=0), True
        starts = self.starts()
        ways = np.stack(
            [[self.climb(starts, v, sign) for v in range(self.values(starts[:1]).size)] for sign in (-1, 1)]
        )
        values = np.stack([[self.values(way[np.newaxis])[0, v] for v, way in enumerate(end)] for end in ways])
        return ways, values, False

    def starts(self) -> Floats:
        """Give corners of what is possible, and their middle: groups small or large, gaps even or uneven, and all around."""
        from scipy.stats import norm, qmc

        group, unit = self.gaps.cells.T
        shares = self.pop.counts / np.maximum(self.pop.sizes, 1)
        uneven = (shares - self.pop.mix.to_numpy()[:, np.newaxis])[group, unit]
        slopes = [uneven, *(np.where(group == g, 1.0, -1.0) for g in range(len(self.pop.groups)))]
        if len(group) <= qmc.Sobol.MAXDIM:
            around = qmc.Sobol(len(group), scramble=False).random_base2(AROUND if len(self.gaps.least) else 2 + AROUND)[
                1:
            ]
            slopes += list(norm.ppf(around))
        corners = [
            self.gaps.fitting(sign * slope, self.gaps.low, self.gaps.high) for slope in slopes for sign in (1, -1)
        ]
        return np.stack([np.mean(corners, axis=0), *corners])

    def climb(self, starts: Floats, v: int, sign: int) -> Floats:
        """Go uphill or downhill from the starts that are highest or lowest, and return where it is highest or lowest."""
        promising = np.argsort(-sign * self.values(starts)[:, v], kind="stable")[: self.begun]
        ends = [self._from(start, v, sign) for start in starts[promising]]
        return max(ends, key=lambda end: end[1])[0]

    def _from(self, at: Floats, v: int, sign: int) -> tuple[Floats, float]:
        """Climb from one start, as far as the slopes lead within a region that widens with success and narrows without."""
        low, high = self.gaps.low, self.gaps.high
        widest = reach = float((high - low).max())
        value = sign * float(self.values(at[np.newaxis])[0, v])
        while reach >= NARROWEST:
            slope, ways, found = self._slopes(at, v, reach)
            aim = self.gaps.fitting(sign * slope, np.maximum(low, at - reach), np.minimum(high, at + reach))
            along = at + np.multiply.outer(ALONG, aim - at)
            ways, found = np.concatenate([along, ways]), sign * np.append(self.values(along)[:, v], found)
            best = int(np.where(np.isnan(found), -np.inf, found).argmax())
            if found[best] > value + ROUNDING / 10:
                at, value, reach = ways[best], float(found[best]), min(2 * reach, widest)
            else:
                reach /= 2
        return at, value

    def _slopes(self, at: Floats, v: int, step: float) -> tuple[Floats, Floats, Floats]:
        """Take differences of the value on either side, gap by gap; and the tables between, where they fit, with values."""
        up, down = np.minimum(at + step, self.gaps.high), np.maximum(at - step, self.gaps.low)
        moved = np.tile(at, (2 * len(at), 1))
        np.fill_diagonal(moved[: len(at)], up)
        np.fill_diagonal(moved[len(at) :], down)
        values = self.values(moved)[:, v]
        above, below = values.reshape(2, -1)
        slope = np.nan_to_num((above - below) / np.where(up > down, up - down, 1))
        return (slope, moved[:0], values[:0]) if len(self.gaps.least) else (slope, moved, values)
