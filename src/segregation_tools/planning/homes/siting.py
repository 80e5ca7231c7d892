"""Where to build homes: the plan, what it changes at every scale, and how far it may be from the best."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by
from segregation_tools.environments.radius import Radius
from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.indices.evenness import information_theory
from segregation_tools.kernels.decay import KERNELS
from segregation_tools.planning.goals import Chosen, Goal, measured_by, minimize
from segregation_tools.planning.homes.descent import Found, Town, blended, greedy
from segregation_tools.planning.homes.exchange import exchanged, full_sites
from segregation_tools.planning.homes.mixes import check_persons, persons_by_tenure
from segregation_tools.planning.homes.presence import presence, unbound
from segregation_tools.planning.homes.rules import rules_of
from segregation_tools.planning.homes.sites import read_supply, units_at
from segregation_tools.planning.homes.surface import Surface, checked_scales
from segregation_tools.planning.homes.whole import best_whole, nearest, rounded
from segregation_tools.planning.progress import telling
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from segregation_tools.planning.progress import Progress

    Floats = NDArray[np.float64]

__all__ = ["HomePlan", "site_homes"]

SMALL = 40  # numbers of homes, of sites and tenures, up to which the best plan is looked for exactly
ROUNDS = 4  # in which full sites are exchanged, and the tenures at them chosen anew
METHODS = ("descent", "greedy")
RESIDENTS = "{}, residents"
ROOM = "room of a site"


@dataclass(frozen=True, eq=False)
class HomePlan:
    """Homes by site and tenure, and what follows from them.

    Attributes
    ----------
    pop : Population
        Residents of today.
    sites : GeoDataFrame
        As they were given.
    homes : DataFrame of sites × tenures
        Whole homes.
    goal : Goal
        What was to be small.
    bandwidths : tuple of float
        Metres.
    kernel : str
        By which residents are spread around where they live.
    constraints : tuple
        What was kept to.
    bound : float
        No homes that keep to the rules make the goal smaller; NaN where the goal is not convex and none is known.
    marginal : DataFrame of sites × tenures
        By how much the goal falls with one more home there, besides those of the plan.
    by_lot : Series
        The goal of plans drawn by lot under the same rules; empty without `rng`.
    people : DataFrame of units × groups
        Those who move in.
    gains : DataFrame
        By how much the goal would fall (`gain`) if a rule were looser by one: `rule` and `of` what; see `binding`.

    Examples
    --------
    >>> import geopandas
    >>> place = geopandas.points_from_xy([0, 500], [0, 0], crs=32632)
    >>> homes = geopandas.GeoDataFrame({"a": [900.0, 100], "b": [100.0, 900]}, geometry=place)
    >>> pop = sgt.Population.from_frame(homes, ["a", "b"])
    >>> sites = homes[["geometry"]].assign(capacity=100)
    >>> persons = pd.DataFrame({"a": [0.2], "b": [1.8]}, index=["social"])
    >>> plan = sgt.site_homes(pop, sites, units={"social": 100}, tenures=persons, bandwidths=[200])
    >>> plan.homes["social"].tolist(), bool((plan.after < plan.before).all())
    ([100.0, 0.0], True)
    """

    pop: Population = field(repr=False)
    sites: GeoDataFrame = field(repr=False)
    homes: pd.DataFrame = field(repr=False)
    goal: Goal
    bandwidths: tuple[float, ...]
    kernel: str
    constraints: tuple[Any, ...]
    bound: float
    marginal: pd.DataFrame = field(repr=False)
    by_lot: pd.Series[float] = field(repr=False)
    people: pd.DataFrame = field(repr=False)
    gains: pd.DataFrame = field(repr=False)

    @cached_property
    def population(self) -> Population:
        """Residents of each unit with those of the homes."""
        counts = self.pop.counts + self.people.to_numpy().T.reshape(self.pop.counts.shape)
        return self.pop.redrawn(counts)

    @cached_property
    def before(self) -> pd.Series[float]:
        """Measures of today, by measure and bandwidth: of who is present (what the goal follows), and of residents.

        The first are those of ``presence(pop, metres)``, the second, with ", residents" behind the name, those of
        ``pop.within(Radius(metres, kernel))``.
        """
        return self._measured(self.pop)

    @cached_property
    def after(self) -> pd.Series[float]:
        """Measures with the homes."""
        return self._measured(self.population)

    def _measured(self, pop: Population) -> pd.Series[float]:
        values: dict[tuple[str, float], float] = {}
        terms = {measured_by(what): what for _, what in self.goal.terms}
        for metres in self.bandwidths:
            around, within = presence(pop, metres, kernel=self.kernel), pop.within(Radius(metres, self.kernel))
            for name, what in terms.items():
                values[name, metres] = _value_of(what, around)
                values[RESIDENTS.format(name), metres] = _value_of(what, within)
        series = pd.Series(values, name="value").rename_axis(["measure", "bandwidth"])
        return series.sort_index(level="measure", sort_remaining=False, kind="stable")

    def _goal_of(self, measures: pd.Series[float]) -> float:
        means = measures.groupby(level="measure").mean()
        return float(sum(weight * means[measured_by(what)] for weight, what in self.goal.terms))

    @property
    def value_before(self) -> float:
        """The goal today."""
        return self._goal_of(self.before)

    @property
    def value(self) -> float:
        """The goal with the homes: of each measure the mean over bandwidths."""
        return self._goal_of(self.after)

    def __float__(self) -> float:
        return self.value

    @property
    def gap(self) -> float:
        """By how much the goal could be lower at most."""
        return self.value - self.bound

    @property
    def share_of_best(self) -> float:
        """How much, of what any homes could gain, these do at least; NaN if there is nothing to gain, or no bound."""
        best = self.value_before - self.bound
        return float((self.value_before - self.value) / best) if best > 0 else float("nan")

    def to_frame(self) -> GeoDataFrame:
        """Return the sites with their homes: for maps and GIS.

        Returns
        -------
        GeoDataFrame
            The columns of `sites`, then `homes` (of all tenures), ``homes <tenure>``, and `gain_of_room`: by how much the
            goal would fall with room for one more home, the totals as they are.
        """
        frame = self.sites.copy()
        added = ["homes", *(f"homes {tenure}" for tenure in self.homes), "gain_of_room"]
        taken = [name for name in added if name in frame]
        if taken:
            msg = f"sites has columns {listed(taken)} already, which are to hold the plan: rename them"
            raise DataError(msg)
        frame["homes"] = self.homes.sum(axis=1).astype(int)
        for tenure in self.homes:
            frame[f"homes {tenure}"] = self.homes[tenure].astype(int)
        frame["gain_of_room"] = self.gains.loc[self.gains["rule"] == ROOM, "gain"].to_numpy()
        return frame

    @property
    def binding(self) -> pd.DataFrame:
        """What binds: the rules that keep the goal from falling, and what loosening them by one would gain.

        One row a tenure (one more home of it in all; it may lose), one for the budget, one for each site that is full.
        """
        return self.gains[self.gains["gain"] != 0].reset_index(drop=True)

    @property
    def _title(self) -> str:
        built = self.homes.to_numpy()
        text = (
            f"{built.sum():,.0f} homes at {int((built.sum(axis=1) > 0).sum()):,} of {len(built):,} sites; {self.goal!r}: "
            f"{self.value_before:.4f} -> {self.value:.4f}"
        )
        return text if np.isnan(self.bound) else f"{text}, no lower than {self.bound:.4f}"

    def _table(self) -> pd.DataFrame:
        return pd.DataFrame({"before": self.before, "after": self.after})

    def __str__(self) -> str:
        return f"{self._title}\n{self._table().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self._table().reset_index().astype(object), self._title)


def _value_of(what: Any, pop: Population) -> float:
    if not isinstance(what, Chosen):
        return float(what(pop))
    at = [list(pop.groups).index(group) for group in what.of]
    return float(np.asarray(what.index(pop))[tuple(at)])


def site_homes(
    pop: Population | pd.DataFrame,
    sites: GeoDataFrame,
    *,
    units: Any,
    tenures: pd.DataFrame,
    bandwidths: float | Sequence[float],
    goal: Goal | None = None,
    constraints: Any = (),
    kernel: str = "biweight",
    whole_sites: bool = False,
    method: str = "descent",
    gap: float = 1e-4,
    seconds: float = 10.0,
    draws: int = 99,
    rng: Any = None,
    progress: Progress = None,
) -> HomePlan:
    """Choose how many homes of which tenure to build at which site, so that people of all groups live closer together.

    Parameters
    ----------
    pop : Population
        Residents of today by group, with a geography in metres: areas, points or cells of a grid.
    sites : GeoDataFrame
        Where homes may be built, in the coordinates of the population: column `capacity`, the homes there is room for, and
        `cost`, what a home costs, if there is a budget. Those who move in count as residents of the unit in which a site
        lies; where units are points, of the nearest.
    units : mapping or Series
        Homes to be built in all, by tenure.
    tenures : DataFrame of tenure × group
        Mean persons by group in a home.
    bandwidths : float or sequence of float
        Scales in metres; the goal is the mean over them. 0 is the unit alone.
    goal : Goal, optional
        ``minimize(information_theory)`` unless told otherwise: sums of indices that add up over places, such as
        `information_theory`, `dissimilarity`, `variance_ratio`, `relative_diversity`; `exposure`, `isolation` with ``of=``.
    constraints : sequence, optional
        `budget`, `least_share`, `walk_to`.
    kernel : str
        By which residents are spread around where they live, as in `presence`.
    whole_sites : bool
        Whether a site is built in full or not at all.
    method : {"descent", "greedy"}
        The first goes on until the gap is closed; the second takes the homes of all tenures alike, in eight rounds, where
        the goal falls most, and still gives a bound.
    gap : float
        How far from the best the homes may stay, in the goal; see the Notes.
    seconds : float
        How long to go on at most. Reading, and making homes whole, come on top of it; choosing full sites takes as long
        once or twice more.
    draws : int
        Plans drawn by lot, if there is a source of chance.
    rng : Generator or int, optional
        With it the goal is also taken of plans drawn by lot: homes dealt out to the places there is room for; where that
        breaks a rule, the nearest homes that keep to all. The plan itself needs no chance.
    progress : bool or callable, optional
        As in `rezone`.

    Returns
    -------
    HomePlan

    Raises
    ------
    GeographyError
        If coordinates are degrees, sites are in others than the units, or in none of them.
    DataError
        If labels do not match, numbers are missing, negative or not whole, or no homes keep to all rules; says by how much.
    CapabilityError
        If a goal does not add up over places, or the population is within an environment.

    Notes
    -----
    The goal is taken of those present, `presence`: each resident is spread over the neighbourhood. With totals fixed by
    `units`, D, H, M, V, R and the like are then convex functions of the homes, and slopes at any plan bound all plans: the
    goal is at least Σ y n, with y the slopes and n who is present (Frank & Wolfe 1956). The descent blends the plans that
    slopes ask for until value and bound meet; homes are then made whole, and `bound` and `gap` are about these. Plans of up
    to forty numbers, sites × tenures, are solved exactly, as far as `seconds` allow (Duran & Grossmann 1986).
    Goals that are not convex, such as one group's exposure to another of three, are followed downhill, without a bound.

    What a plan cannot know is who will move in: `what_if` draws households for intervals. A low index is no end in itself:
    look at the people by unit and at the burden of those who make room.

    Examples
    --------
    >>> import pandas as pd, segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> sites = tracts.set_geometry(tracts.representative_point()).iloc[::5].assign(capacity=400)
    >>> persons = pd.DataFrame([[1.4, 0.1, 0.4, 0.5], [0.6, 0.5, 0.4, 1.0]], ["owned", "rented"], list(pop.groups))
    >>> plan = sgt.site_homes(
    ...     pop, sites, units={"owned": 2000, "rented": 2000}, tenures=persons, bandwidths=[1000, 3000]
    ... )
    >>> bool((plan.after < plan.before).all())
    True
    >>> plan.gap < 1e-3
    True
    """
    pop = unbound(as_population(pop), "site_homes(...)")
    goal = minimize(information_theory) if goal is None else goal
    if not isinstance(goal, Goal):
        msg = f"a goal is made by sgt.minimize(index) or sgt.maximize(index, of=...), not {goal!r}"
        raise OptionError(msg)
    if len(pop.groups) < 2:
        msg = f"there is one group, {pop.groups[0]!r}, and none for it to live with: name more groups"
        raise CapabilityError(msg)
    scales, kernel, method = (
        checked_scales(bandwidths),
        one_of(kernel, "kernel", KERNELS),
        one_of(method, "method", METHODS),
    )
    gap, seconds = real_number(gap, "gap", 0, "a gap of the goal"), real_number(seconds, "seconds", 0, "seconds")
    draws = int(real_number(draws, "draws", 1, "a whole number of plans", whole=True))
    persons = persons_by_tenure(pop.group_index(), tenures)
    check_persons(dict(zip(persons.index, persons.to_numpy(), strict=True)))
    at = units_at(pop, sites)
    rules = rules_of(constraints)
    supply = read_supply(sites, units, persons.index, rules, whole_sites=whole_sites)
    sources, source = np.unique(at, return_inverse=True)
    surface = Surface.of(pop, goal, supply.units @ persons.to_numpy(), sources, scales, kernel)
    town = Town(supply, surface, source, persons.to_numpy())
    with telling(progress) as tell:
        found = _followed(town, greedy(town), gap, seconds if method == "descent" else 0.0, tell)
        built, bound = _made_whole(town, found, whole_sites=whole_sites, gap=gap, seconds=seconds)
    by_lot = np.zeros(0) if rng is None else _by_lot(town, draws, begun_by(rng), whole_sites=whole_sites)
    homes = pd.DataFrame(built, index=sites.index, columns=persons.index)
    present = town.present(built)
    by_totals = np.array([surface.by_totals(present, row) for row in persons.to_numpy()])
    worth = town.worth(surface.slopes(present)) + by_totals
    moved_in = np.zeros((int(np.prod(pop.geography.shape)), len(pop.groups)))
    moved_in[sources] = town.people(built).T
    return HomePlan(
        pop,
        sites.copy(),
        homes,
        goal,
        tuple(scales),
        kernel,
        rules,
        float(bound),
        pd.DataFrame(-worth, index=sites.index, columns=persons.index),
        pd.Series(by_lot, name="goal"),
        pd.DataFrame(moved_in, index=pop.units, columns=list(pop.groups)),
        _limits(town, found, built, by_totals),
    )


def _followed(town: Town, start: Floats, gap: float, seconds: float, tell: Any) -> Found:
    """Descend from a start that keeps to the budget, too."""
    supply = town.supply
    if (start @ np.ones(len(supply.units))) @ supply.price > supply.budget:
        worth = town.worth(town.surface.slopes(town.present(start)))
        start = supply.cheapest(worth, gap / 10).homes
    return blended(town, start, gap, seconds, tell)


def _made_whole(town: Town, found: Found, *, whole_sites: bool, gap: float, seconds: float) -> tuple[Floats, float]:
    """Make homes whole, and sites full where they must be; better ones and a higher bound where there are few."""
    supply, bound = town.supply, found.bound
    if whole_sites:
        chosen = full_sites(supply, found.homes)
        homes = chosen.capacity[:, np.newaxis] * (supply.units / supply.units.sum())
        for _ in range(ROUNDS):
            again = _followed(replace(town, supply=chosen), homes, gap, seconds / ROUNDS, None)
            homes = exchanged(town, again.homes, seconds / ROUNDS)
            moved = np.where(homes.sum(axis=1) > 0, supply.capacity, 0.0)
            if (moved == chosen.capacity).all():
                break
            chosen = replace(supply, capacity=moved, answers=[])
        homes = rounded(chosen, homes, again.worth)
    else:
        homes = rounded(supply, found.homes, found.worth)
    if homes.size <= SMALL and town.surface.bends_upwards:
        homes, _, least = best_whole(town, homes, full=whole_sites, seconds=seconds)
        bound = max(bound, least)
    return homes, bound


def _by_lot(town: Town, draws: int, seed: int, *, whole_sites: bool) -> Floats:
    """Take the goal of homes that are dealt out by lot; where that breaks a rule, of the nearest that keep to all."""
    values = np.empty(draws)
    for draw in range(draws):
        chance, supply = np.random.default_rng((seed, draw)), replace(town.supply, answers=[])
        if whole_sites:
            supply = full_sites(supply, (chance.random(len(supply.sites)) * supply.capacity)[:, np.newaxis])
        places = np.repeat(np.arange(len(supply.sites)), supply.capacity.astype(np.int64))
        homes = np.zeros((len(supply.sites), len(supply.tenures)))
        tenures = np.repeat(np.arange(len(supply.tenures)), supply.units.astype(np.int64))
        np.add.at(homes, (chance.permutation(places)[: len(tenures)], tenures), 1)
        if not (supply.affords(homes) and supply.keeps_mixes(homes)):
            homes = nearest(supply, homes)
        values[draw] = town.surface.value(town.present(homes))
    return values


def _limits(town: Town, found: Found, built: Floats, by_totals: Floats) -> pd.DataFrame:
    """By how much the goal would fall if a rule were looser by one."""
    supply = town.supply
    cheapest = ((found.worth - found.prices) @ supply.patterns.T).min(axis=1) + found.price_of_money * supply.price
    full = built.sum(axis=1) >= supply.capacity
    gains = -(found.prices + by_totals)
    rows = [("homes in all", tenure, gain) for tenure, gain in zip(supply.tenures, gains.tolist(), strict=True)]
    if np.isfinite(supply.budget):
        rows.append(("budget", "", found.price_of_money))
    gains = np.where(full & (supply.capacity > 0), np.maximum(-cheapest, 0), 0.0)
    rows += [(ROOM, site, gain) for site, gain in zip(supply.sites, gains.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["rule", "of", "gain"])
