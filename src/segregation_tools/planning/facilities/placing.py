"""Where facilities go: the choice of sites that is proven best, whom it brings nearer, and what else could be had for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError
from segregation_tools.kernels.nearby import ALIKE
from segregation_tools.planning.facilities.places import Choice, Places, chosen_places
from segregation_tools.planning.facilities.reading import Candidates, met, read_candidates
from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.options import one_of, real_number
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.analysis.access import Access
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["FacilityFrontier", "FacilityPlan", "facility_frontier", "place_facilities", "rank_facilities"]

GOALS = ("p_median", "coverage", "worst_group")


@dataclass(frozen=True, eq=False)
class FacilityPlan:
    """Sites that were chosen, and what follows; `place_facilities` makes it.

    Attributes
    ----------
    candidates : Candidates
        Residents, sites and ways.
    goal : str
        What was followed.
    at : ndarray of int
        Positions of the chosen sites.
    value : float
        Of the goal: mean cost of the way to the nearest, over all people or over the group that has it farthest; or share of
        people within the standard.
    bound : float
        No choice of as many sites is better.

    Examples
    --------
    Two of three blocks get a library: those of the third walk 300 m.

    >>> import geopandas
    >>> road = geopandas.points_from_xy([0, 300, 900], [0, 0, 0])
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 0, 20], "b": [0, 10, 40]}, geometry=road)
    >>> pop = sgt.Population.from_frame(blocks, ["a", "b"])
    >>> plan = sgt.place_facilities(pop, blocks[["geometry"]], number=2, standard=400)
    >>> plan.sites.index.tolist(), plan.assignment.tolist(), plan.gap
    ([0, 2], [0, 0, 2], 0.0)
    """

    candidates: Candidates = field(repr=False)
    goal: str
    at: Codes = field(repr=False)
    value: float
    bound: float

    @property
    def sites(self) -> pd.DataFrame:
        """The rows of the sites that were chosen."""
        return self.candidates.sites.iloc[self.at]

    @property
    def gap(self) -> float:
        """By how much a better choice could be better at most: 0 where the plan is proven best."""
        return abs(self.value - self.bound)

    @cached_property
    def before(self) -> Access | None:
        """Access to what is open today; None where nothing is."""
        return self.candidates.access(None)

    @cached_property
    def after(self) -> Access:
        """Access with the chosen sites as well."""
        found = self.candidates.access(self.at)
        assert found is not None  # noqa: S101  # sites were chosen
        return found

    @property
    def meetings(self) -> float:
        """Expected cross-group meetings in the catchments of the chosen sites, as in `rank_facilities`."""
        return float(self.candidates.meetings()[self.at].sum())

    @property
    def assignment(self) -> pd.Series[Any]:
        """The facility that is nearest to each unit, open or chosen; missing where none can be reached."""
        nearest: pd.Series[Any] = self.after.to_frame()["service"].rename("facility")
        return pd.Series(nearest)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a unit: `nearest` and whether it is within the standard, before and after, and `facility`.

        Returns
        -------
        DataFrame or GeoDataFrame
        """
        after = self.after.to_frame()
        limit = f"within_{self.candidates.standard:.15g}"
        columns: dict[str, Any] = {
            "nearest_after": after["nearest"],
            f"{limit}_after": after[limit],
            "facility": after["service"],
        }
        if self.before is not None:
            before = self.before.measures
            columns = {"nearest_before": before["nearest"], f"{limit}_before": before[limit]} | columns
        return self.candidates.pop.geography.placing(pd.DataFrame(columns, index=self.candidates.pop.units))

    def groups(self) -> pd.DataFrame:
        """Return one row a group, and one for all: `people`, and `unreached`, mean `nearest` and `within`, before and after.

        Returns
        -------
        DataFrame
            Before is missing where nothing is open. `nearest` is the mean over those who can reach one: where a plan reaches
            others, far away, it may grow though no way becomes longer; `unreached` counts those who reach none.
        """
        after, limit = self.after.groups(), f"within_{self.candidates.standard:.15g}"
        table = after[["people"]].copy()
        for when, found in (("before", None if self.before is None else self.before.groups()), ("after", after)):
            for name in ("unreached", "nearest", limit):
                table[f"{name}_{when}"] = np.nan if found is None else found[name]
        return table

    @property
    def _title(self) -> str:
        told = {
            "p_median": "mean cost of the way to the nearest",
            "coverage": "share of people within the standard",
            "worst_group": "mean cost for the group that has it farthest",
        }[self.goal]
        proven = "proven best" if self.gap <= 1e-6 * abs(self.value) else f"no choice is better than {self.bound:,.5g}"
        return f"{len(self.at)} of {len(self.candidates.sites):,} sites, {told} {self.value:,.5g} ({proven})"

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self._title}\n{self.groups().to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.groups().map("{:,.4g}".format).reset_index().astype(object), self._title)


def place_facilities(
    pop: Population | pd.DataFrame,
    sites: Any,
    *,
    number: int,
    standard: float,
    goal: str = "p_median",
    cost: Any = "metres",
    existing: Any = None,
    kernel: Any = "uniform",
    seconds: float = 15,
) -> FacilityPlan:
    """Choose the sites of new facilities: shortest ways, most people within a standard, or the group that has it farthest.

    Parameters
    ----------
    pop : Population
        Residents.
    sites : GeoDataFrame
        Candidates, one row each; column `capacity` if facilities are not alike, which counts for access before and after,
        not for the choice.
    number : int
        How many are opened.
    standard : float
        How far is near enough, in metres or in the minutes of a table.
    goal : {"p_median", "coverage", "worst_group"}
        The lowest mean cost of the way to the nearest facility (Hakimi 1964); the most people within the standard (Church &
        ReVelle 1974); or the lowest mean cost for that group whose mean is highest.
    cost : "metres", GeoDataFrame, GeoSeries or DataFrame
        As in `access`; a table has columns for the sites and for what is open.
    existing : GeoDataFrame, optional
        What is open already, and stays.
    kernel : str or mapping
        Of catchments, as in `access`.
    seconds : float
        After which the best so far is taken, with its bound.

    Returns
    -------
    FacilityPlan
        `.sites`, `.value`, `.bound`, `.gap`, `.before` and `.after` (as `access` gives them), `.groups()`, `.assignment`.

    Raises
    ------
    DataError, GeographyError
        As in `access`; if ways are needed that lead nowhere.
    OptionError
        If the number of sites or the goal is none.

    Notes
    -----
    The mean cost and coverage are decided by branch and bound over Lagrangian relaxations, which start from greedy choices
    and exchanges; `worst_group`, and what `facility_frontier` asks for besides, by HiGHS with Benders cuts of the radius
    formulation. A gap of a millionth of the value counts as none. Who is nearest to a facility goes there: it has room for
    all. Within `seconds` the answer does not depend on chance, nor on threads.

    References
    ----------
    Hakimi 1964; Teitz & Bart 1968; Church & ReVelle 1974; Cornuéjols, Fisher & Nemhauser 1977; García, Labbé & Marín 2011;
    Duran-Mateluna, Alès & Elloumi 2023.

    Examples
    --------
    Three blocks on a road; two libraries are to be opened.

    >>> import geopandas
    >>> road = geopandas.points_from_xy([0, 300, 900], [0, 0, 0])
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 0, 20], "b": [0, 10, 40]}, geometry=road)
    >>> pop = sgt.Population.from_frame(blocks, ["a", "b"])
    >>> plan = sgt.place_facilities(pop, blocks[["geometry"]], number=2, standard=400)
    >>> list(plan.sites.index), plan.value, plan.gap
    ([0, 2], 30.0, 0.0)
    """
    candidates = read_candidates(pop, sites, existing, cost, standard, kernel)
    goal = one_of(goal, "goal", GOALS)
    many = _checked_number(number, candidates)
    choice = chosen_places(_problem(candidates, goal, many), real_number(seconds, "seconds", 0, "a time", above=True))
    return _plan(candidates, goal, choice)


def _checked_number(number: Any, candidates: Candidates) -> int:
    many = int(real_number(number, "number", 1, "how many sites are opened", whole=True))
    if many > len(candidates.sites):
        msg = f"number={many} is more than the {len(candidates.sites)} sites there are"
        raise OptionError(msg)
    return many


def _problem(candidates: Candidates, goal: str, number: int, **asked: Any) -> Places:
    """Say what is to be decided; coverage as the share of people who are left without, to be small."""
    people, costs, otherwise = candidates.people, candidates.ways.costs, candidates.otherwise
    weights = people.sum(axis=0, keepdims=True) / people.sum()
    if goal == "coverage":
        limit = candidates.standard * (1 + ALIKE)
        without = np.where(np.isfinite(otherwise), otherwise > limit, True).astype(np.float64)
        return Places((costs > limit).astype(np.float64), without, weights, number, **asked)
    if goal == "worst_group":
        weights = people / people.sum(axis=1, keepdims=True)
    nowhere = np.isinf(np.minimum(costs, otherwise[:, np.newaxis])) & (people.sum(axis=0) > 0)[:, np.newaxis]
    if nowhere.any():
        unit, site = np.argwhere(nowhere)[0]
        pop, labels = candidates.pop, candidates.ways.services
        msg = (
            f"{goal} needs a way from every unit to every site, or to what is open: none leads from unit "
            f"{pop.geography.labels(np.array([unit]))[0]!r} to {labels[site]!r} ({int(nowhere.sum())} such in all). "
            "Leave the unit or the site out, or take goal='coverage'"
        )
        raise DataError(msg)
    empty = ~(people.sum(axis=0) > 0)
    return Places(np.where(empty[:, np.newaxis], 0.0, costs), otherwise, weights, number, **asked)


def _plan(candidates: Candidates, goal: str, choice: Choice) -> FacilityPlan:
    value, bound = (1 - choice.value, 1 - choice.bound) if goal == "coverage" else (choice.value, choice.bound)
    return FacilityPlan(candidates, goal, choice.sites, value, bound)


def rank_facilities(
    pop: Population | pd.DataFrame,
    sites: Any,
    *,
    standard: float,
    cost: Any = "metres",
    existing: Any = None,
    kernel: Any = "uniform",
) -> pd.DataFrame:
    """Set candidate sites beside each other: whom each would bring together, and the gap in access it would close.

    Parameters
    ----------
    pop, sites, standard, cost, existing
        As in `place_facilities`.
    kernel : str or mapping
        By which the near visit more than the far, as in `access`.

    Returns
    -------
    DataFrame
        One row a site, most meetings first. `visitors` expected, all and by group (`visitors_a`): those in the catchment, by
        the kernel; `differ`, the probability that two of them, drawn with replacement, are of different groups; `meetings`,
        visitors times that: the visitors for whom the next one is of another group. `newly_within`, share of all people who
        had nothing within the standard and would have. `gap_before` and `gap_after`: mean cost of the way to the nearest of
        the group with the highest, less that of the group with the lowest; `gap_closed`, before less after, below 0 where it
        widens. Without `existing` before is missing.

    Notes
    -----
    Sites stand each by itself, as if it alone were opened. Who visits a facility is not known: everyone in the catchment may
    come, at the rate of the kernel, and groups come alike.

    Examples
    --------
    >>> import geopandas
    >>> road = geopandas.points_from_xy([0, 300, 900], [0, 0, 0])
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 0, 20], "b": [0, 10, 40]}, geometry=road)
    >>> pop = sgt.Population.from_frame(blocks, ["a", "b"])
    >>> ranked = sgt.rank_facilities(pop, blocks[["geometry"]], standard=400)
    >>> ranked[["visitors", "differ", "meetings", "gap_after"]].round(3)
       visitors  differ  meetings  gap_after
    2      60.0   0.444    26.667      420.0
    0      40.0   0.375    15.000      420.0
    1      40.0   0.375    15.000       60.0
    """
    candidates = read_candidates(pop, sites, existing, cost, standard, kernel)
    people, visitors = candidates.people, candidates.visitors()
    differ, meetings = met(visitors)
    everyone, limit = people.sum(axis=0), candidates.standard * (1 + ALIKE)
    newly = everyone * (candidates.otherwise > limit) @ (candidates.ways.costs <= limit) / everyone.sum()
    after = np.array([_gap(people, np.minimum(candidates.otherwise, way)) for way in candidates.ways.costs.T])
    before = _gap(people, candidates.otherwise)
    columns = {"visitors": visitors.sum(axis=0)}
    columns |= {f"visitors_{group}": row for group, row in zip(candidates.pop.groups, visitors, strict=True)}
    columns |= {"differ": differ, "meetings": meetings, "newly_within": newly}
    columns |= {"gap_before": np.full(len(after), before), "gap_after": after, "gap_closed": before - after}
    frame = pd.DataFrame(columns, index=candidates.ways.services)
    return frame.sort_values("meetings", ascending=False, kind="stable")


def _gap(people: Floats, nearest: Floats) -> float:
    """Mean cost of the group with the highest less that of the lowest; NaN where somebody reaches nothing."""
    if np.isinf(nearest[people.sum(axis=0) > 0]).any():
        return float("nan")
    means = people @ np.where(np.isinf(nearest), 0, nearest) / people.sum(axis=1)
    return float(np.ptp(means))


@dataclass(frozen=True, eq=False)
class FacilityFrontier:
    """Plans from the best for the goal to the most meetings: what each gives up for the other.

    Attributes
    ----------
    plans : tuple of FacilityPlan
        None is dominated by another.
    least : tuple of float
        How many meetings each was asked for.

    Examples
    --------
    >>> import geopandas
    >>> road = geopandas.points_from_xy([0, 300, 900], [0, 0, 0])
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 0, 20], "b": [0, 10, 40]}, geometry=road)
    >>> pop = sgt.Population.from_frame(blocks, ["a", "b"])
    >>> found = sgt.facility_frontier(pop, blocks[["geometry"]], number=1, standard=400, points=3)
    >>> len(found.plans) == len(found.to_frame())
    True
    """

    plans: tuple[FacilityPlan, ...]
    least: tuple[float, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a plan.

        Returns
        -------
        DataFrame
            The goal under its name, `bound` and `gap` of it among all choices with as many meetings as were asked for
            (`least_meetings`); `meetings`; mean nearest cost of each group (`nearest_a`); and `sites`, a tuple of labels.
        """
        rows = []
        for plan, least in zip(self.plans, self.least, strict=True):
            row: dict[str, Any] = {plan.goal: plan.value, "bound": plan.bound, "gap": plan.gap}
            row |= {"least_meetings": least, "meetings": plan.meetings}
            named = zip(groups_and_all(plan.candidates.pop.groups), plan.after.groups()["nearest"], strict=True)
            row |= {f"nearest_{group}": mean for group, mean in named}
            rows.append(row | {"sites": tuple(plan.sites.index)})
        return pd.DataFrame(rows)

    @property
    def _title(self) -> str:
        return f"{len(self.plans):,} plans, by {self.plans[0].goal} and cross-group meetings"

    def __str__(self) -> str:
        table = self.to_frame().drop(columns="sites")
        return f"{self._title}\n{table.to_string(index=False, float_format='{:,.5g}'.format)}"

    def _repr_html_(self) -> str:
        table = self.to_frame().drop(columns="sites").map("{:,.5g}".format)
        return as_html(table.astype(object), self._title)


def facility_frontier(
    pop: Population | pd.DataFrame,
    sites: Any,
    *,
    number: int,
    standard: float,
    goal: str = "p_median",
    cost: Any = "metres",
    existing: Any = None,
    kernel: Any = "uniform",
    points: int = 7,
    seconds: float = 15,
) -> FacilityFrontier:
    """Trace what shorter ways, or coverage, cost in expected meetings across groups, and the other way round.

    Parameters
    ----------
    pop, sites, number, standard, goal, cost, existing, kernel
        As in `place_facilities`; meetings are those of `rank_facilities`, added up over the chosen sites, each in its own
        catchment.
    points : int
        How many plans are looked for: for the goal alone, for the most meetings, and between them under equally spaced
        demands for meetings (ε-constraints). Those that another one dominates are left out.
    seconds : float
        For each plan.

    Returns
    -------
    FacilityFrontier

    Raises
    ------
    DataError, GeographyError, OptionError
        As in `place_facilities`.

    References
    ----------
    Haimes, Lasdon & Wismer 1971.

    Examples
    --------
    >>> import geopandas
    >>> road = geopandas.points_from_xy([0, 300, 900], [0, 0, 0])
    >>> blocks = geopandas.GeoDataFrame({"a": [30, 0, 20], "b": [0, 10, 40]}, geometry=road)
    >>> pop = sgt.Population.from_frame(blocks, ["a", "b"])
    >>> found = sgt.facility_frontier(pop, blocks[["geometry"]], number=1, standard=400, points=3)
    >>> found.to_frame()[["p_median", "meetings", "sites"]].round(1)
       p_median  meetings sites
    0     330.0      26.7  (2,)
    """
    candidates = read_candidates(pop, sites, existing, cost, standard, kernel)
    goal, many = one_of(goal, "goal", GOALS), _checked_number(number, candidates)
    steps = int(real_number(points, "points", 2, "how many plans", whole=True))
    limit = real_number(seconds, "seconds", 0, "a time", above=True)
    gains = candidates.meetings()
    first = _plan(candidates, goal, chosen_places(_problem(candidates, goal, many), limit))
    demands = np.linspace(first.meetings, np.sort(gains)[-many:].sum(), steps)
    plans, asked = [first], [float(demands[0])]
    for least in demands[1:].tolist():
        if plans[-1].meetings < least:  # else it is the best of this demand, too
            places = _problem(candidates, goal, many, gains=gains, least=least)
            plans.append(_plan(candidates, goal, chosen_places(places, limit)))
            asked.append(least)
    signs = np.array([1.0 if goal == "coverage" else -1.0, 1.0])
    kept = _not_dominated(np.array([[plan.value, plan.meetings] for plan in plans]) * signs)
    pairs = [pair for pair, keep in zip(zip(plans, asked, strict=True), kept, strict=True) if keep]
    return FacilityFrontier(tuple(plan for plan, _ in pairs), tuple(least for _, least in pairs))


def _not_dominated(values: Floats) -> list[bool]:
    """Tell which rows no other one is as good as in both columns; of rows that are alike the first is kept."""
    alike = 1e-6 * np.abs(values).max(axis=0)
    no_worse = (values[:, np.newaxis] >= values - alike).all(axis=2)
    better = (values[:, np.newaxis] > values + alike).any(axis=2)
    earlier = np.arange(len(values))[:, np.newaxis] < np.arange(len(values))
    kept: list[bool] = (~(no_worse & (better | earlier)).any(axis=0)).tolist()
    return kept
