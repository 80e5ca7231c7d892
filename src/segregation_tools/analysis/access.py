"""How near are services to whom? Nearest cost, services within a standard, floating catchments; by group and by tier."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from segregation_tools.analysis.disparity import (
    between_tiers,
    concentration_index,
    drawn_values,
    mean_over,
    median_over,
)
from segregation_tools.analysis.replicates import checked_level, quantiles
from segregation_tools.analysis.ways import Ways, limits_of, read_ways
from segregation_tools.errors import DataError, DataWarning, GroupError, OptionError, listed, warn
from segregation_tools.indices.placed import without_environment
from segregation_tools.kernels.decay import weights_at
from segregation_tools.kernels.nearby import ALIKE
from segregation_tools.population.columns import check_one_row, groups_and_all, numbers_of
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Access", "access", "rings_of", "weigh"]

ENDING = ("uniform", "triangular", "epanechnikov", "biweight")  # kernels that end at the standard
NEAREST = "nearest"
Kernel = str | tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Access:
    """How near services are to the residents of every unit; `access` makes it.

    Measures are `nearest`, the cost of the way to the nearest service, and for each standard, such as 500: `within_500`,
    whether one is as near; `services_500`, how many are; `access_500`, supply per head by two-step floating catchments.

    Attributes
    ----------
    pop : Population
        Residents, those of no group as `rest`.
    ways : Ways
        What every way costs.
    capacity : ndarray of shape (services,)
        Supply of each service; 1 without a column `capacity`.
    standards : tuple of float
        How far is near enough, ascending, in metres or minutes.
    kernel : str or tuple of (float, float)
        By which near people count more than far ones in a catchment.

    Examples
    --------
    Two doctors on a road, 400 m apart; the second is next door to those of b.

    >>> import geopandas
    >>> homes = geopandas.GeoDataFrame({"a": [30.0, 0], "b": [0.0, 10]}, geometry=geopandas.points_from_xy([0, 900], [0, 0]))
    >>> doctors = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy([400, 800], [0, 0]))
    >>> audit = sgt.access(sgt.Population.from_frame(homes, ["a", "b"]), doctors, standard=500)
    >>> list(audit.measures)
    ['nearest', 'within_500', 'services_500', 'access_500']
    >>> audit.to_frame()["nearest"].tolist()
    [400.0, 100.0]
    """

    pop: Population = field(repr=False)
    ways: Ways = field(repr=False)
    capacity: Floats = field(repr=False)
    standards: tuple[float, ...]
    kernel: Kernel

    @cached_property
    def measures(self) -> dict[str, Floats]:
        """Values of every unit by the name of the measure; the nearest is infinite where no service can be reached."""
        costs, people = self.ways.costs, self._people.sum(axis=0)
        found = {NEAREST: costs.min(axis=1)}
        for limit in self.standards:
            near = costs <= limit * (1 + ALIKE)
            weight = weigh(costs, limit, self.kernel)
            demand = people @ weight
            supply = np.where(demand > 0, self.capacity / np.where(demand > 0, demand, 1), 0)
            found[f"within_{limit:.15g}"] = near.any(axis=1).astype(np.float64)
            found[f"services_{limit:.15g}"] = near.sum(axis=1).astype(np.float64)
            found[f"access_{limit:.15g}"] = weight @ supply
        return found

    @property
    def _people(self) -> Floats:
        return np.asarray(self.pop.counts, dtype=np.float64).reshape(len(self.pop.groups), -1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a unit: every measure, and `service`, the label of the nearest one.

        Returns
        -------
        DataFrame or GeoDataFrame
            Where no service can be reached, `nearest` is infinite and `service` missing.
        """
        frame = pd.DataFrame(self.measures, index=self.pop.units)
        at = self.ways.costs.argmin(axis=1)
        labels = self.ways.services.to_numpy(dtype=object)[at]
        labels[np.isinf(self.measures[NEAREST])] = None
        frame.insert(1, "service", labels)
        return self.pop.geography.placing(frame)

    def by_service(self) -> pd.DataFrame:
        """Return one row a service: its `capacity`, and for each standard the `people` in its catchment.

        Returns
        -------
        DataFrame
            People count by the kernel: those at the edge of a catchment less than those next door.
        """
        everyone = self._people.sum(axis=0)
        counted = {
            f"people_{limit:.15g}": everyone @ weigh(self.ways.costs, limit, self.kernel) for limit in self.standards
        }
        return pd.DataFrame({"capacity": self.capacity} | counted, index=self.ways.services)

    def groups(self) -> pd.DataFrame:
        """Return one row a group, and one for all: means of every measure over the people of the group.

        Returns
        -------
        DataFrame
            `people`; `unreached`, those who can reach no service; `nearest`, mean over the others; `nearest_median`, half of
            the group have no farther way, infinite if half can reach none; and the means of the other measures: of
            `within_500` it is the share within the standard. Weighted by people (those who reach one, for `nearest`), the
            groups add up to all.
        """
        people = self._people
        people = np.vstack([people, people.sum(axis=0)])
        nearest = self.measures[NEAREST]
        columns = {
            "people": people.sum(axis=1),
            "unreached": people @ np.isinf(nearest).astype(np.float64),
            NEAREST: mean_over(people, nearest),
            "nearest_median": median_over(people, nearest),
        }
        columns |= {name: mean_over(people, values) for name, values in self.measures.items() if name != NEAREST}
        labels = pd.Index(groups_and_all(self.pop.groups), tupleize_cols=False, name="group")
        return pd.DataFrame(columns, index=labels)

    def gaps(
        self,
        *,
        against: Hashable = "others",
        draws: int = 1000,
        of: str = "people",
        level: float = 0.95,
        rng: np.random.Generator | int | None = None,
    ) -> pd.DataFrame:
        """Set each group beside others: gap and ratio of the means of every measure, with intervals.

        Parameters
        ----------
        against : hashable
            "others" (everyone who is not of the group), "all", or a group.
        draws : int
            Populations drawn for the intervals; 0 for none of either.
        of : {"people", "units"}
            Who is drawn, as in `bootstrap`: people, as if the census were a sample of all who might live here; or units with
            all who live in them, which tells how much rests on a few of them. Ways and supply per head stay as they are.
        level : float
            Of the intervals, which are quantiles of the draws.
        rng : Generator or int
            Source of chance.

        Returns
        -------
        DataFrame
            `group`, `measure`, `value`, `reference`, `gap` (value less reference), `ratio`; and `gap_low`, `gap_high`,
            `ratio_low`, `ratio_high`. Of `nearest` a gap above 0 is a longer way, of the others more access.
            Who reaches no service is left out of `nearest`: read it beside `unreached` of `groups`.

        Raises
        ------
        GroupError
            If there is no such group, or nobody else.
        DataError
            If people cannot be drawn because they are no whole numbers: `of="units"`, or round them.
        """
        names, values = list(self.measures), np.stack(list(self.measures.values()))
        _check_against(against)
        of_whom = [group for group in self.pop.groups if group != against]

        def means(people: Floats) -> Floats:
            return np.stack([self._pair(people, group, against, values) for group in of_whom])

        found = means(self._people)
        rows = pd.MultiIndex.from_product([of_whom, names], names=["group", "measure"])
        here, there = found[:, 0].ravel(), found[:, 1].ravel()
        frame = pd.DataFrame(
            {"value": here, "reference": there, "gap": here - there, "ratio": _over(here, there)}, rows
        )
        if drawn := _checked_draws(draws):
            tails = _tails(level)
            many = drawn_values(self.pop, means, drawn, of, rng)
            one, other = many[:, :, 0].reshape(drawn, -1), many[:, :, 1].reshape(drawn, -1)
            for name, ends in (("gap", quantiles(one - other, tails)), ("ratio", quantiles(_over(one, other), tails))):
                frame[f"{name}_low"], frame[f"{name}_high"] = ends
        return frame.reset_index()

    def _pair(self, people: Floats, group: Hashable, against: Hashable, values: Floats) -> Floats:
        """Means of all measures over a group and over whom it is set against, shape (2, measures)."""
        weights = self._weights(people, group, against)
        return np.stack([mean_over(weights, row) for row in values], axis=1)

    def _weights(self, people: Floats, group: Hashable, against: Hashable) -> Floats:
        """People of a group, and of whom it is set against, by unit."""
        groups = self.pop.groups
        _check_against(against)
        unknown = [name for name in (group, against) if name not in groups]
        if unknown and (unknown != [against] or against not in ("others", "all")):
            msg = f"no group {unknown[0]!r}; the groups are {listed(groups, 30)}, and against= may be 'others' or 'all'"
            raise GroupError(msg)
        one = people[groups.index(group)]
        if against in groups:
            return np.stack([one, people[groups.index(against)]])
        if len(groups) == 1:
            msg = f"{group!r} is the only group: name more groups, or total=, when the population is read"
            raise GroupError(msg)
        return np.stack([one, people.sum(axis=0) - (one if against == "others" else 0)])

    def concentration(
        self,
        by: Hashable | pd.Series[Any],
        *,
        draws: int = 1000,
        of: str = "people",
        level: float = 0.95,
        rng: np.random.Generator | int | None = None,
    ) -> pd.DataFrame:
        """Tell whether access is concentrated where units rank high: the concentration index of every measure.

        Parameters
        ----------
        by : hashable or Series
            A group, by whose share units are ranked; or a Series on the units, such as their median income.
        draws, of, level, rng
            As in `gaps`.

        Returns
        -------
        DataFrame
            `measure`, `mean`, `value`, `normalised`, `low` and `high` (of `value`). Above 0 there is more of the measure
            where units rank high, below 0 where they rank low. `normalised` is value/(1 − mean), for shares within a
            standard, whose index cannot reach 1 (Wagstaff 2005); missing for the others.

        Raises
        ------
        DataError, GroupError
            If the ranking lacks units, or there is no such group.

        References
        ----------
        Kakwani, Wagstaff & van Doorslaer 1997; Wagstaff 2005.
        """
        given = self._ranking(by)
        values = np.stack(list(self.measures.values()))

        def indices(people: Floats) -> Floats:
            everyone = people.sum(axis=0)
            rank = _over(people[self.pop.groups.index(by)], everyone) if given is None else given
            return np.stack([concentration_index(row, everyone, rank) for row in values])

        people = self._people
        found, everyone = indices(people), people.sum(axis=0)
        mean = np.array([mean_over(everyone, row) for row in values])
        shares = np.array([name.startswith("within_") for name in self.measures])
        frame = pd.DataFrame({"measure": list(self.measures), "mean": mean, "value": found})
        frame["normalised"] = np.where(shares & (mean < 1), _over(found, 1 - mean), np.nan)
        if drawn := _checked_draws(draws):
            frame["low"], frame["high"] = quantiles(drawn_values(self.pop, indices, drawn, of, rng), _tails(level))
        return frame

    def _ranking(self, by: Any) -> Floats | None:
        """Numbers by which units are ranked; None for the share of a group."""
        if not isinstance(by, pd.Series):
            if not isinstance(by, Hashable) or by not in self.pop.groups:
                given = repr(by) if isinstance(by, Hashable) else type(by).__name__
                msg = f"by must be a group, {listed(self.pop.groups, 30)}, or a Series on the units, not {given}"
                raise GroupError(msg)
            return None
        check_one_row(by.index, "by")
        lived_in = self.pop.units[self._people.sum(axis=0) > 0]
        absent = lived_in[~lived_in.isin(by.index)]
        if len(absent):
            msg = f"by has no value for units {listed(absent)}: give one for each in which somebody lives"
            raise DataError(msg)
        known = numbers_of(by.loc[lived_in].to_frame("by"), "by", "what units are ranked by", least=-np.inf)[:, 0]
        ranks = np.full(len(self.pop.units), np.nan)
        ranks[self.pop.units.get_indexer(lived_in)] = known
        return ranks

    def tiers(self, *, group: Hashable = None, against: Hashable = "others") -> pd.DataFrame:
        """Tell how much lies between the places of each tier, and how much within them.

        Parameters
        ----------
        group : hashable, optional
            Whose gap is split; without it, the variance of the measure between all people.
        against : hashable
            As in `gaps`.

        Returns
        -------
        DataFrame
            `measure`, `tier` (broad to narrow, `unit` last), `value` and `share`: values add up to the variance, or the gap.

        Raises
        ------
        DataError
            If the population has no tiers.

        Notes
        -----
        With m_t(i) the mean of the measure over everyone in the place of tier t in which i lives, m_0 the mean of all and
        the last m the value of the unit itself, tier t owns Σ n_i (m_t(i) − m_t−1(i))² / N of the variance, and
        Σ (a_i/A − b_i/B)(m_t(i) − m_t−1(i)) of the gap between groups a and b. A share of a gap can be below 0 or above 1:
        what lies between counties may run against what lies within them. Who reaches no service is left out of `nearest`.
        """
        if self.pop.tiers is None:
            msg = "there are no tiers to split by: Population.from_frame(..., tiers=['county'])"
            raise DataError(msg)
        people, tiers = self._people, self.pop.tiers
        pair = None if group is None else self._weights(people, group, against)
        codes = [pd.factorize(tiers[name])[0] for name in tiers]
        frames = []
        for measure, values in self.measures.items():
            parts = between_tiers(values, people.sum(axis=0), codes, pair)
            whole = parts.sum()
            frames.append(
                pd.DataFrame(
                    {"measure": measure, "tier": [*tiers, "unit"], "value": parts, "share": _over(parts, whole)}
                )
            )
        return pd.concat(frames, ignore_index=True)

    @property
    def _title(self) -> str:
        far = " and ".join(f"{limit:,g}" for limit in self.standards)
        many = len(self.ways.services)
        return f"access to {many:,} service{'s' * (many != 1)}; standard {far} {self.ways.measured_in}"

    def __str__(self) -> str:
        return f"{self._title}\n{self.groups().to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        table = self.groups().map("{:,.4g}".format).reset_index()
        return as_html(table.astype(object), self._title)


def access(
    pop: Population | pd.DataFrame,
    services: Any,
    *,
    standard: Any,
    cost: Any = "metres",
    kernel: Any = "uniform",
) -> Access:
    """Audit how near services are, and to whom.

    What differs between groups is a disparity. It says nothing about why, and nothing about discrimination.

    Parameters
    ----------
    pop : Population
        Residents. With a stated total, those of no group count as `rest`.
    services : GeoDataFrame
        One row a service, points or areas, of which a point inside counts; they may lie beyond the units. Column `capacity`
        where they are not alike: places, seats, doctors. Any frame where `cost` is a table.
    standard : float or sequence of float
        How far is near enough, in metres, or in the minutes of a table; the size of catchments, too.
    cost : "metres", GeoDataFrame, GeoSeries or DataFrame
        Straight lines from the centroid of a unit (the default); streets, along which ways are measured as `NetworkRadius`
        does; or minutes, a DataFrame of units × services, infinite where no way leads.
    kernel : str or mapping
        How people count in a catchment: all alike ("uniform", 2SFCA), or the near more than the far (E2SFCA): "triangular",
        "epanechnikov" or "biweight", which end at the standard; or weights of rings, ``{10: 1, 20: 0.68, 30: 0.22}``, the
        upper end of each.

    Returns
    -------
    Access
        `.to_frame()` by unit, `.by_service()`, `.groups()`, `.gaps(rng=)` with intervals, `.concentration(by, rng=)` and
        `.tiers()`.

    Raises
    ------
    DataError
        If labels are repeated or do not match, or costs or capacities are missing or below 0.
    GeographyError
        If places are missing, in degrees, or in other coordinates than the units.
    OptionError
        If the standard or the kernel is none.
    CapabilityError
        If the population has a local environment.

    Warns
    -----
    DataWarning
        If residents can reach no service, or a service is beyond the largest standard for everyone; they are named.

    Notes
    -----
    Two-step floating catchments: a service j shares its supply among the people in its catchment, R_j = S_j / Σ_i n_i w_ij,
    and access is A_i = Σ_j R_j w_ij, with w the kernel. Averaged over people it is the supply of all services that somebody
    reaches, per head. The table of costs is held in full, 8 bytes for each unit and service.

    References
    ----------
    Luo & Wang 2003; Luo & Qi 2009 (E2SFCA).

    Examples
    --------
    Two doctors on a road, 400 m apart; the second is next door to b.

    >>> import geopandas
    >>> homes = geopandas.GeoDataFrame({"a": [30.0, 0], "b": [0.0, 10]}, geometry=geopandas.points_from_xy([0, 900], [0, 0]))
    >>> doctors = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy([400, 800], [0, 0]))
    >>> pop = sgt.Population.from_frame(homes, ["a", "b"])
    >>> table = sgt.access(pop, doctors, standard=500).groups().reset_index()
    >>> table[["group", "people", "nearest", "services_500", "access_500"]].round(3)
      group  people  nearest  services_500  access_500
    0     a    30.0    400.0          1.00       0.025
    1     b    10.0    100.0          2.00       0.125
    2   all    40.0    325.0          1.25       0.050
    """
    pop = without_environment(as_population(pop).with_rest(), "access")
    limits, kernel = limits_of(standard), rings_of(kernel)
    ways = read_ways(pop, services, cost)
    capacity = np.ones(len(ways.services))
    if "capacity" in getattr(services, "columns", ()):
        told = pd.DataFrame(services[["capacity"]])
        capacity = numbers_of(told, "capacity", "the supply of a service")[:, 0]
    found = Access(pop, ways, capacity, limits, kernel)
    alone = np.isinf(ways.costs).all(axis=1) & (found._people.sum(axis=0) > 0)
    if alone.any():
        warn(
            f"no way leads to any service from units {listed(pop.geography.labels(alone))}: their people are counted as "
            "unreached, and left out of the mean of the nearest",
            DataWarning,
        )
    remote = ~(ways.costs <= limits[-1] * (1 + ALIKE)).any(axis=0)
    if remote.any():
        far = listed(ways.services[np.flatnonzero(remote)])
        warn(
            f"services that no unit has within {limits[-1]:,g} {ways.measured_in}: {far}. Is their place right?",
            DataWarning,
        )
    return found


def rings_of(kernel: Any) -> Kernel:
    """Read by what near people count more than far ones.

    Parameters
    ----------
    kernel : str or mapping
        As in `access`.

    Returns
    -------
    str, or tuple of (float, float)
        A kernel that ends at the standard; or upper ends and weights of rings, from the innermost.

    Raises
    ------
    OptionError
        If it is neither, or weights rise with distance.
    """
    if not hasattr(kernel, "items"):
        return one_of(kernel, "kernel", ENDING)
    told = cast("Mapping[Any, Any]", kernel)
    rings = sorted(
        (
            real_number(end, "kernel", 0, "rings by their upper end"),
            real_number(weight, "kernel", 0, "weights of rings"),
        )
        for end, weight in told.items()
    )
    weights = [weight for _, weight in rings]
    if not rings or weights != sorted(weights, reverse=True) or not weights[0] > 0:
        msg = (
            f"kernel must weigh rings by their end, near ones no less than far ones, {{10: 1, 20: 0.7}}, not {kernel!r}"
        )
        raise OptionError(msg)
    return tuple(rings)


def weigh(costs: Floats, limit: float, kernel: Kernel) -> Floats:
    """Weigh ways by what they cost; nothing beyond the standard counts.

    Parameters
    ----------
    costs : ndarray
        0 or more, or infinite.
    limit : float
        The standard.
    kernel : str, or tuple of (float, float)
        From `rings_of`.

    Returns
    -------
    ndarray of the shape of `costs`
    """
    within = costs <= limit * (1 + ALIKE)
    if isinstance(kernel, str):
        weight = weights_at(np.where(within, np.minimum(costs, limit), 0.0), limit, kernel)
    else:
        ends, weights = np.array(kernel).T
        weight = np.append(weights, 0.0)[np.searchsorted(ends * (1 + ALIKE), costs)]
    return np.where(within, weight, 0.0)


def _check_against(against: Any) -> None:
    if not isinstance(against, Hashable):
        msg = f"against= must be a group, 'others' or 'all', not {type(against).__name__}"
        raise GroupError(msg)


def _over(a: Floats, b: Any) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    return np.where(b != 0, a / np.where(b != 0, b, 1), np.nan)


def _checked_draws(draws: int) -> int:
    return int(real_number(draws, "draws", 0, "a whole number of populations", whole=True))


def _tails(level: float) -> Floats:
    level = checked_level(level)
    return np.array([(1 - level) / 2, (1 + level) / 2])
