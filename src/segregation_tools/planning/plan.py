"""A plan for school zones: which school each block goes to, what follows from it, and whether it keeps to its rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, GeographyError, listed
from segregation_tools.planning.burden import WALK, burden_of
from segregation_tools.planning.goals import moves, named, travel_time, value_of
from segregation_tools.tables import as_html, html_table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.planning.constraints import Rule
    from segregation_tools.planning.goals import Goal
    from segregation_tools.planning.problem import Problem

    Codes = NDArray[np.intp]

__all__ = ["Check", "Plan", "check", "positions_of", "values_of"]

SHORT = {"minutes_before": "min_before", "minutes_now": "min_now"}  # of columns in shapefiles


@dataclass(frozen=True, eq=False)
class Plan:
    """Which school each block goes to, and what follows from it.

    Attributes
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    goal : Goal
        What was to be small.
    constraints : tuple of Rule
        What was kept to.
    seed : int or None
        With which the search began; None for an assignment made elsewhere.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> round(plan.moved, 3), list(plan.before.index), len(plan.to_frame())
    (0.0, ['dissimilarity', 'moves', 'travel_time'], 60)
    """

    problem: Problem = field(repr=False)
    zone: Codes = field(repr=False)
    goal: Goal
    constraints: tuple[Rule, ...]
    seed: int | None

    @property
    def assignment(self) -> pd.Series[Any]:
        """School of each block."""
        return pd.Series(self.problem.schools[self.zone], index=self.problem.blocks, name="school")

    @property
    def before(self) -> pd.Series[float]:
        """Measures of today's zones; NaN where a school closes."""
        return self._measured(self.problem.current)

    @property
    def after(self) -> pd.Series[float]:
        """Measures of the plan."""
        return self._measured(self.zone)

    def _measured(self, zone: Codes) -> pd.Series[float]:
        return values_of(self.problem, zone, [*(what for _, what in self.goal.terms), moves, travel_time])

    @property
    def moved(self) -> float:
        """Share of pupils whose school is another than today."""
        return value_of(self.problem, self.zone, moves)

    @cached_property
    def bound(self) -> float:
        """Bound of the goal that is soon found: no plan that keeps to the rules has a lower one; NaN if none is known.

        It is computed when it is asked for, in seconds; longer where rules let every block go to every school of a large
        district. `certify` finds a higher one.
        """
        from segregation_tools.planning.bounds import bound_of

        return bound_of(self)

    @property
    def gap(self) -> float:
        """By how much the goal could be lower at most, as far as `bound` tells; below 0 if the plan breaks rules."""
        return self.goal.value(self.problem, self.zone) - self.bound

    @property
    def rolls(self) -> pd.DataFrame:
        """Pupils of each school by group: columns ``("today", group)`` and ``("plan", group)``."""
        dates = {"today": self.problem.current, "plan": self.zone}
        columns = {
            (date, group): row
            for date, zone in dates.items()
            for group, row in zip(self.problem.pupils.groups, self.problem.by_school(zone), strict=True)
        }
        return pd.DataFrame(columns, index=self.problem.schools)

    def burden(self, *, walk: float = WALK) -> pd.DataFrame:
        """Tell by group whom the plan asks to move, and how far.

        Parameters
        ----------
        walk : float
            Minutes up to which pupils are taken to walk. Twenty is an assumption: minutes are those that were given, on foot
            or by whatever means.

        Returns
        -------
        DataFrame
            One row a group and one for all: `pupils`, `moved`, `share_moved`, `ratio_moved` (share moved over that of all),
            `minutes_before`, `minutes_now`, `p90_before`, `p90_now`, `longest_before`, `longest_now` (mean, ninth decile and
            longest way), `minutes_of_moved` (by how much the way of those who move becomes longer, on average),
            `walkers_lost` (pupils whose way today is `walk` minutes or less, and longer in the plan), `share_walkers_lost`
            (of those whose way is so short today). Ways of today are those to schools that stay open; NaN where there are
            none.
        """
        return burden_of(self.problem, self.zone, walk)

    def edited(self, changes: Mapping[Hashable, Hashable]) -> Plan:
        """Return the plan with some blocks at other schools: measured and checked anew, nothing searched.

        Parameters
        ----------
        changes : mapping of block to school
            What is changed.

        Returns
        -------
        Plan

        Raises
        ------
        DataError
            If a block or a school is not there.

        Examples
        --------
        >>> district = sgt.synthetic_district(60, 4, rng=1)
        >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
        >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
        >>> plan = sgt.score(pupils, district.blocks["school"], **today)
        >>> plan.edited({"B00001": "S02"}).assignment["B00001"]
        'S02'
        """
        zone, problem = self.zone.copy(), self.problem
        at = positions_of("blocks", problem.blocks, changes)
        to = positions_of("open schools", problem.schools, changes.values())
        zone[at] = to
        return replace(self, zone=zone, seed=None)

    def why(self, unit: Any) -> pd.DataFrame:
        """Show what every school would mean for a block, all other blocks left as they are.

        Parameters
        ----------
        unit : hashable
            Label of the block.

        Returns
        -------
        DataFrame
            One row a school, the best first: `minutes`, the goal's value if the block went there (`goal`), which rules that
            would break (`breaks`, empty where none); `today` and `plan` mark the two schools.
        """
        labels = list(self.problem.blocks)
        at = labels.index(unit) if unit in labels else -1
        if at < 0:
            msg = f"no block {unit!r}; blocks are {listed(self.problem.blocks)}"
            raise DataError(msg)
        rows = []
        for school in range(len(self.problem.schools)):
            zone = self.zone.copy()
            zone[at] = school
            value = self.goal.value(self.problem, zone)
            broken = dict.fromkeys(rule for one in self.constraints for rule, _, _ in one.broken(self.problem, zone))
            rows.append(
                {
                    "minutes": self.problem.minutes[at, school],
                    "goal": value,
                    "breaks": ", ".join(broken),
                    "today": school == self.problem.current[at],
                    "plan": school == self.zone[at],
                }
            )
        frame = pd.DataFrame(rows, index=self.problem.schools)
        return frame.sort_values("goal", kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a block: `current`, `moved`, `minutes_before`, `minutes_now`, `school`; and geometry.

        `current` is the school of today, even where it closes; the minutes to that are not known.

        Returns
        -------
        DataFrame or GeoDataFrame
        """
        problem, rows = self.problem, np.arange(len(self.zone))
        stays_open = problem.current >= 0
        frame = pd.DataFrame(
            {
                "current": pd.Series(problem.today, index=problem.blocks),
                "moved": self.zone != problem.current,
                "minutes_before": np.where(stays_open, problem.minutes[rows, problem.current], np.nan),
                "minutes_now": problem.minutes[rows, self.zone],
                "school": self.assignment,
            }
        )
        return problem.pupils.geography.placing(frame)

    def to_file(self, path: Any) -> None:
        """Write the blocks with their schools: a CSV table, or any file of areas that geopandas writes.

        Parameters
        ----------
        path : path-like
            Its ending says what is written: ``.csv``, ``.gpkg``, ``.shp`` … Names of columns in shapefiles have ten letters:
            ``min_before`` and ``min_now`` stand there for minutes. GeoJSON is written in longitudes and latitudes, as its
            standard (RFC 7946) asks.

        Raises
        ------
        GeographyError
            If a file of areas is asked for and there is no geometry.
        """
        frame, ending = self.to_frame(), Path(path).suffix.lower()
        if frame.index.nlevels == 1 and frame.index.name in {None, *frame.columns}:
            frame = frame.rename_axis("block")
        outlined = getattr(frame, "_geometry_column_name", None)
        if ending == ".csv":
            pd.DataFrame(frame.drop(columns=[] if outlined is None else outlined)).to_csv(path)
            return
        if outlined is None:
            msg = "there is no geometry to write: plan.to_file('plan.csv') writes the table"
            raise GeographyError(msg)
        if ending == ".shp":
            frame = frame.rename(columns=SHORT).rename_axis([str(name)[:10] for name in frame.index.names])
        layout: dict[str, Any] = {}
        if ending in (".geojson", ".json") and frame.crs is not None:
            frame, layout = frame.to_crs(4326), {"RFC7946": "YES"}  # type: ignore[operator]
        frame.to_file(path, **layout)  # type: ignore[operator]  # a GeoDataFrame

    def save(self, path: Any) -> None:
        """Write the plan with its district, goal and rules into one file, which `load_plan` reads.

        Parameters
        ----------
        path : path-like
            Of any name: a ZIP archive of plain text (JSON) and arrays of numbers (NumPy), so that reading runs no code. A
            file that is there is replaced when the new one is whole.

        Raises
        ------
        DataError
            If the goal or a rule is not the library's own, or labels are neither text nor numbers.
        """
        from segregation_tools.planning.saving import save_plan

        save_plan(self, path)

    @property
    def _title(self) -> str:
        return f"plan for {len(self.problem.blocks):,} blocks and {len(self.problem.schools):,} schools"

    def __str__(self) -> str:
        table = pd.DataFrame({"before": self.before, "after": self.after})
        return (
            f"{self._title}: {self.moved:.1%} of pupils change school\n{table.to_string(float_format='{:.4f}'.format)}"
        )

    def _repr_html_(self) -> str:
        values = zip(map(str, self.before.index), self.before, self.after, strict=True)
        rows = [[name, f"{was:.4f}", f"{now:.4f}"] for name, was, now in values]
        return html_table(
            ["", "before", "after"], rows, caption=f"{self._title}: {self.moved:.1%} of pupils change school"
        )


def positions_of(what: str, known: pd.Index[Any], labels: Iterable[Hashable]) -> Codes:
    """Find labels among those that are known.

    Parameters
    ----------
    what : str
        What they are, for the refusal.
    known : pandas.Index
        All there are.
    labels : iterable of hashable
        Which.

    Returns
    -------
    ndarray of int

    Raises
    ------
    DataError
        If one is not there.
    """
    wanted = pd.Index(list(labels), tupleize_cols=False)
    at = known.get_indexer(wanted) if len(wanted) else np.zeros(0, dtype=np.intp)
    if (at < 0).any():
        msg = f"there are no {what} {listed(wanted[at < 0].unique())}; there are {listed(known)}"
        raise DataError(msg)
    return np.asarray(at, dtype=np.intp)


def values_of(problem: Problem, zone: Codes, whats: Iterable[Any]) -> pd.Series[float]:
    """Measure a plan by several measures.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block; −1 where that closes.
    whats : iterable of Index or Measure
        By what.

    Returns
    -------
    Series by measure
        NaN where a school closes.
    """
    known = (zone >= 0).all()
    values = {name: value_of(problem, zone, what) if known else np.nan for name, what in named(whats).items()}
    return pd.Series(values, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Check:
    """Whether a plan keeps to its rules: true or false, and what it breaks.

    Attributes
    ----------
    violations : DataFrame
        `rule`, `where` (block, school, or "all"), `by` (pupils, pieces, minutes, or 1 for what may not be at all).

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> found = sgt.check(plan)
    >>> bool(found), list(found.violations.columns)
    (True, ['rule', 'where', 'by'])
    """

    violations: pd.DataFrame

    def __bool__(self) -> bool:
        return not len(self.violations)

    def __str__(self) -> str:
        return "keeps to all rules" if self else self.violations.to_string(index=False)

    def _repr_html_(self) -> str:
        return as_html(self.violations, "keeps to all rules" if self else "breaks rules")


def check(plan: Plan) -> Check:
    """Check a plan against its rules, apart from the search that made it.

    Parameters
    ----------
    plan : Plan
        From `rezone` or `score`.

    Returns
    -------
    Check
        True when all rules hold; `.violations` says what does not.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> plan = sgt.score(pupils, district.travel.idxmin(axis=1), **today, constraints=[sgt.capacity(within=0.15)])
    >>> bool(sgt.check(plan))
    True
    """
    broken = [found for rule in plan.constraints for found in rule.broken(plan.problem, plan.zone)]
    return Check(pd.DataFrame(broken, columns=["rule", "where", "by"]))
