"""Whom people meet at home, at school, at work, in their leisure, and in all of it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.domains import Domain, Given, domain_of
from segregation_tools.analysis.replicates import measurable
from segregation_tools.errors import CapabilityError, DataError, GroupError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.indices.evenness import dissimilarity, information_theory
from segregation_tools.indices.words import share
from segregation_tools.population.columns import check_one_column, check_one_row
from segregation_tools.population.environment import joined
from segregation_tools.population.geography import Geography
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index

    Floats = NDArray[np.float64]

__all__ = ["Meeting", "meeting"]

TOGETHER = "together"  # what the row of all domains is called
ROUNDING = 1e-12  # a variance of no more, beside what is squared, is none


def meeting(
    domains: Mapping[Hashable, Any],
    *,
    hours: Mapping[Hashable, float] | pd.Series[Any] | pd.DataFrame,
    home: Hashable = "home",
) -> Meeting:
    """Follow people through the day: whom they meet at home, at work, at school, in their leisure.

    In domain d, P_d(g→h) = Σ_j a_gj q_jh: over its places j, the share of g's time that is spent there, times the share
    of h among those whom one meets there. All domains together are their time-weighted sum, P(g→h) = Σ_d τ_dg P_d(g→h).

    Parameters
    ----------
    domains : mapping of name to domain
        The one of `home` is a Population, by unit; its environment counts, where it has one. Others are `Visits` (flows
        by group: who goes from which unit where), `Flows` (all of a unit travel alike), another environment of the
        residents, such as `Zones` of schools, or a Population by place: who is present there, from wherever they come.
        All have the same groups.
    hours : mapping or Series of domain to number; or DataFrame, domains × groups
        How much time is spent in each, in any unit of time; only the shares count.
    home : hashable
        Name of the domain where people live.

    Returns
    -------
    Meeting
        `.exposure`, `.together`, `.domains`, `.isolation`, `.bridges()`, `.isolating()`, `.exposure_segregation()`; and
        `.population`, on which every index measures whom people meet in all domains.

    Raises
    ------
    DataError
        If a domain cannot be read, or the home is no Population.
    GroupError
        If domains have other groups.
    OptionError
        If `hours` lack a domain or a group, name one that is not there, or are negative.

    Warns
    -----
    DataWarning
        If it is not known where people of a group go from some unit: they are taken to meet those they meet at home.

    Notes
    -----
    Places are where people can meet, not where they do: those of one workplace district may never see each other, and
    the larger the places, the more mixed they look. Compare domains whose places are of like size, and take hours from
    a survey of time use.

    Data on where people go by group can tell of single persons. Take published tables, not traces of devices, unless
    those who carry them have agreed and the law allows it.

    References
    ----------
    Wong, D. & Shaw, S.-L. (2011), Measuring segregation: an activity space approach, Journal of Geographical Systems
    13(2), 127–145. Ellis, M., Wright, R. & Parks, V. (2004), Work together, live apart? Geographies of racial and
    ethnic segregation at home and at work, Annals of the Association of American Geographers 94(3), 620–637.

    Examples
    --------
    a and b live apart; at work, place x has 10 a, place y 10 a and 20 b. At work an a meets b half of the time at x
    never, at y to ⅔: ⅓ on average. With 60 hours at home and 40 at work, 0.4 · ⅓ = 0.133 of those whom an a meets are
    b.

    >>> homes = sgt.Population([[20, 0], [0, 20]], groups=["a", "b"], units=["u", "v"])
    >>> trips = pd.DataFrame({"from": ["u", "u", "v"], "to": ["x", "y", "y"], "a": [10, 10, 0], "b": [0, 0, 20]})
    >>> work = sgt.Visits(trips, origin="from", destination="to", weight={"a": "a", "b": "b"})
    >>> found = sgt.meeting({"home": homes, "work": work}, hours={"home": 60, "work": 40})
    >>> found.together.round(3)
    to        a      b
    from
    a     0.867  0.133
    b     0.133  0.867
    >>> found.domains[["share", "dissimilarity"]].round(3)
              share  dissimilarity
    domain
    home        0.6          1.000
    work        0.4          0.500
    together    1.0          0.733
    """
    if not isinstance(domains, Mapping) or home not in domains:
        named = listed(domains) if isinstance(domains, Mapping) else type(domains).__name__
        msg = (
            f"domains must be a mapping with the one where people live, {home!r}; given: {named}. Or name it, home=..."
        )
        raise DataError(msg)
    if TOGETHER in domains:
        msg = f"no domain may be called {TOGETHER!r}: so is the sum of all"
        raise DataError(msg)
    residents = as_population(domains[home])
    given = {**domains, home: residents}
    read = tuple(domain_of(name, one, residents) for name, one in given.items())
    return Meeting(read, _shares_of_time(hours, given, residents), home, residents)


def _shares_of_time(hours: Any, domains: Mapping[Hashable, Any], residents: Population) -> pd.DataFrame:
    """Shares of the time of each group, domains × groups; columns add up to 1."""
    groups, names = residents.group_index("group"), pd.Index(list(domains), tupleize_cols=False, name="domain")
    if isinstance(hours, pd.DataFrame):
        table = hours
    elif isinstance(hours, (Mapping, pd.Series)):
        spent = hours if isinstance(hours, pd.Series) else pd.Series(dict(hours.items()), dtype=object)
        check_one_row(spent.index, "hours")
        table = pd.DataFrame(dict.fromkeys(groups, spent))
    else:
        msg = f"hours must be a mapping of domains to hours, or a frame of domains × groups, not {hours!r}"
        raise OptionError(msg)
    for what, wanted, there in (("domain", names, table.index), ("group", groups, table.columns)):
        missing, strange = wanted.difference(there, sort=False), there.difference(wanted, sort=False)
        if len(missing) or len(strange) or not there.is_unique:
            wrong = f"no {listed(missing)}" if len(missing) else f"unknown or twice: {listed(strange)}"
            msg = f"hours must have each {what} once, {listed(wanted)}: {wrong}"
            raise OptionError(msg)
    spent = table.loc[names, groups].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not (np.isfinite(spent) & (spent >= 0)).all() or not (spent.sum(axis=0) > 0).all():
        msg = f"hours must be numbers, 0 or more, and some for every group, not {hours!r}"
        raise OptionError(msg)
    return pd.DataFrame(spent / spent.sum(axis=0), index=names, columns=groups)


@dataclass(frozen=True, eq=False, repr=False)
class Meeting:
    """Whom people meet, by domain and in all of them; made by `meeting`.

    Attributes
    ----------
    parts : tuple of Domain
        What was read.
    time : DataFrame
        Share of the time of each group in each domain.
    home : hashable
        Name of the domain where people live.
    residents : Population
        Who lives where.

    Examples
    --------
    >>> homes = sgt.Population([[20, 0], [0, 20]], groups=["a", "b"], units=["u", "v"])
    >>> trips = pd.DataFrame({"from": ["u", "u", "v"], "to": ["x", "y", "y"], "a": [10, 10, 0], "b": [0, 0, 20]})
    >>> work = sgt.Visits(trips, origin="from", destination="to", weight={"a": "a", "b": "b"})
    >>> found = sgt.meeting({"home": homes, "work": work}, hours={"home": 60, "work": 40})
    >>> found.domains["dissimilarity"].round(3).to_dict()
    {'home': 1.0, 'work': 0.5, 'together': 0.733}
    """

    parts: tuple[Domain, ...] = field(repr=False)
    time: pd.DataFrame
    home: Hashable
    residents: Population

    # ---------------------------------------------------------------- whom they meet

    @cached_property
    def exposure(self) -> pd.DataFrame:
        """Share of each group among those whom the average member of a group meets: rows (domain, from), columns to."""
        frames = {part.name: self._matrix(part.exposure) for part in self.parts}
        found: pd.DataFrame = pd.concat(frames, names=["domain"])
        return found

    @cached_property
    def together(self) -> pd.DataFrame:
        """The same in all domains, each counting as much as the time of the first group that is spent there."""
        return self._matrix(sum(self._spent(part)[:, np.newaxis] * part.exposure for part in self.parts))

    @cached_property
    def population(self) -> Population:
        """The residents, by unit and group, and whom they meet in all domains: what every index takes.

        Its units are pairs of unit and group, since those of one unit may go to different places by group. Its exposure
        is `together`. Those of one unit and group are taken to meet alike, so that indices of evenness are low rather
        than high.
        """
        group, unit = np.nonzero(self._counts > 0)
        counts = np.zeros((len(self._counts), len(unit)))
        counts[group, np.arange(len(unit))] = self._counts[group, unit]
        shares = self._met[group, :, unit].T
        where = self.residents.units.to_flat_index()[unit]
        units = pd.MultiIndex.from_arrays([where, self.residents.group_index()[group]], names=["unit", "group"])
        pop = Population(counts, self.residents.groups, geography=Geography(units))
        words = f"the people of all their domains ({', '.join(map(str, self.time.index))}), by the time spent there"
        return pop.within(Given(np.ascontiguousarray(shares), counts, words))

    # ---------------------------------------------------------------- domain by domain

    def measured(self, index: Index) -> pd.Series[float]:
        """Measure each domain, and all of them together.

        Parameters
        ----------
        index : Index
            With one value, such as `dissimilarity`.

        Returns
        -------
        Series by domain
            Of a domain, how its places differ; `together`, how those differ whom residents meet in all of their time.

        Raises
        ------
        CapabilityError
            If the index has no single value.
        """
        index = measurable(index)
        if index.answer != "number":
            msg = (
                f"{index.__name__} has several values: see .exposure, or take an index with one, such as dissimilarity"
            )
            raise CapabilityError(msg)
        values = {part.name: float(index(part.population)) for part in self.parts}
        return pd.Series({**values, TOGETHER: float(index(self.population))}, name=index.__name__).rename_axis("domain")

    @cached_property
    def domains(self) -> pd.DataFrame:
        """One row a domain, and `together`: `share` (of all time), `places`, `dissimilarity`, `information_theory`."""
        shares = self.time @ self._sizes
        places = {part.name: int((part.present.sum(axis=0) > 0).sum()) for part in self.parts}
        columns = {
            "share": pd.Series({**shares.to_dict(), TOGETHER: 1.0}),
            "places": pd.Series({**places, TOGETHER: pd.NA}, dtype="Int64"),
            "dissimilarity": self.measured(dissimilarity),
            "information_theory": self.measured(information_theory),
        }
        order = pd.Index([*places, TOGETHER], name="domain", tupleize_cols=False)
        return pd.DataFrame({name: column.reindex(order) for name, column in columns.items()})

    @cached_property
    def isolation(self) -> pd.DataFrame:
        """One row a domain and group.

        `time` (share of the group's time), `isolation` (share of their own among those they meet), `even` (what an even
        spread of those present would give), `beyond` ((isolation − even)/(1 − even): 0 as even, 1 only their own),
        `contribution` (time · isolation; those of all domains add up to the isolation together) and `excess` (time ·
        (isolation − even)).
        """
        rows = []
        for part in self.parts:
            spent, own, even = self._spent(part), part.exposure.diagonal(), part.even
            with np.errstate(divide="ignore", invalid="ignore"):
                beyond = np.where(even < 1, (own - even) / (1 - even), np.nan)
            columns = {"time": spent, "isolation": own, "even": even, "beyond": beyond}
            columns |= {"contribution": spent * own, "excess": spent * (own - even)}
            rows.append(pd.DataFrame(columns, index=self.residents.group_index("group")))
        found: pd.DataFrame = pd.concat(dict(zip(self.time.index, rows, strict=True)), names=["domain"])
        return found

    def isolating(self) -> pd.DataFrame:
        """Say which domain isolates whom.

        Returns
        -------
        DataFrame
            One row a group: `domain`, the one in which it is most among itself beyond an even spread, with its
            `isolation`, `even` and `beyond`; `weighs_most`, the domain that adds most to its isolation, as time is
            spent there too; and `least`, the one in which it is least among itself.
        """
        rows = {}
        for group, mine in self.isolation.groupby(level="group", sort=False):
            table = mine.droplevel("group")
            if table["beyond"].isna().all():
                continue
            most: Any = table["beyond"].idxmax()
            told = {"domain": most, **{name: table.loc[most, name] for name in ("isolation", "even", "beyond")}}
            rows[group] = {**told, "weighs_most": table["excess"].idxmax(), "least": table["beyond"].idxmin()}
        columns = ["domain", "isolation", "even", "beyond", "weighs_most", "least"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return frame.rename_axis("group")

    def bridges(self, of: Hashable | None = None, to: Hashable | None = None) -> pd.DataFrame:
        """Say at which places groups meet.

        Parameters
        ----------
        of, to : hashable, optional
            Two groups: where members of the one meet the other. Without, where people meet any group but their own.

        Returns
        -------
        DataFrame
            One row a domain and place, those that bridge most first: `time`, the share of the time (of `of`, or of all
            residents) that is spent there; `across`, the share of `to`, or of other groups, among those met there;
            `contribution`, time · across, which adds up to the exposure of `of` to `to`, or to the chance that somebody
            met is of another group; `share`, its part of that sum.

        Raises
        ------
        GroupError
            If there is no such group, or one of the two is missing.
        """
        groups = self.residents.groups
        if (of is None) != (to is None) or any(group is not None and group not in groups for group in (of, to)):
            msg = f"name two groups, bridges(of=..., to=...), or none; groups are {listed(groups)}"
            raise GroupError(msg)
        tables = []
        for part in self.parts:
            spent = self._spent(part)[:, np.newaxis] * part.time
            if of is None:
                each = self._sizes[:, np.newaxis] * spent
                time, meets = each.sum(axis=0), (each * (1 - part.mix)).sum(axis=0)
            else:
                time = spent[groups.index(of)]
                meets = time * part.mix[groups.index(to)]
            table = pd.DataFrame({"domain": part.name, "place": part.places, "time": time, "contribution": meets})
            tables.append(table.groupby(["domain", "place"], sort=False).sum())
        frame: pd.DataFrame = pd.concat(tables)
        frame = frame[frame["time"] > 0]
        frame.insert(1, "across", frame["contribution"] / frame["time"])
        total = frame["contribution"].sum()
        frame["share"] = frame["contribution"] / total if total > 0 else np.nan
        return frame.sort_values("contribution", ascending=False, kind="stable")

    # ---------------------------------------------------------------- own against met

    def exposure_segregation(self, values: Any = None) -> pd.DataFrame:
        """Set what people are beside what those are whom they meet.

        Parameters
        ----------
        values : mapping or Series of group to number, Series by unit, or DataFrame, units × groups; optional
            A numeric attribute of the residents: mean income, years of schooling … Without, membership in each group.

        Returns
        -------
        DataFrame
            One row a domain, and `together`. Without `values` one column a group: by how much more its members meet of
            it than all others do, P(g→g) − P(¬g→g); 0 where all meet alike, 1 where nobody meets another. With
            `values`: `slope` of the mean value of those met on one's own, and their `correlation`, over residents.

        Raises
        ------
        DataError
            If a group or unit has no value.
        CapabilityError
            If values are of units, and it is not known from which unit people come.

        Notes
        -----
        The slope does not depend on how finely residents are told apart. For the correlation each person is taken to be
        at one place of a domain, and the places of different domains to be independent among those of one unit and
        group. With two groups the slope of membership is the variance ratio, and its correlation in one domain the root
        of that.

        References
        ----------
        Athey, S., Ferguson, B., Gentzkow, M. & Schmidt, T. (2021), Estimating experienced racial segregation in US
        cities using large-scale GPS data, PNAS 118(46), e2026160118: experienced isolation, the columns by group.
        Nilforoshan, H., Looi, W., Pierson, E. et al. (2023), Human mobility networks reveal increased segregation in
        large cities, Nature 624, 586–592: exposure segregation, the correlation.
        """
        if values is None:
            more = {part.name: _beyond_others(part.exposure, part.even) for part in self.parts}
            more[TOGETHER] = _beyond_others(self.together.to_numpy(), self._sizes)
            groups = self.residents.group_index("group")
            return pd.DataFrame.from_dict(more, orient="index", columns=groups).rename_axis("domain")
        own = self._attribute(values)
        by_unit, units = _by_unit(values, self.residents), own.shape[1]
        rows: dict[Hashable, tuple[float, float]] = {}
        mean, spread = np.zeros(own.shape), np.zeros(own.shape)
        for part in self.parts:
            places, tau = self._means(part, own, by_unit=by_unit), self._spent(part)[:, np.newaxis]
            met, squares = (
                np.stack([part.at(value, g, units) for g in range(len(own))]) for value in (places, places**2)
            )
            rows[part.name] = _line(own, met, squares - met**2, self._counts)
            mean, spread = mean + tau * met, spread + tau**2 * (squares - met**2)
        rows[TOGETHER] = _line(own, mean, spread, self._counts)
        found = pd.DataFrame.from_dict(rows, orient="index", columns=["slope", "correlation"]).rename_axis("domain")
        if found.isna().to_numpy().any():
            warn("everyone has, or meets, one value: slope or correlation is undefined (NaN)", UndefinedWarning)
        return found

    # ---------------------------------------------------------------- as a table

    def to_frame(self) -> pd.DataFrame:
        """Return one row a domain and pair of groups: `domain`, `from`, `to`, `exposure`, `time`, `contribution`.

        Returns
        -------
        DataFrame
            Contributions of a pair add up to its exposure together.
        """
        groups = self.residents.groups
        rows = [
            {"domain": part.name, "from": one, "to": met, "exposure": part.exposure[g, h], "time": self._spent(part)[g]}
            for part in self.parts
            for g, one in enumerate(groups)
            for h, met in enumerate(groups)
        ]
        tidy = pd.DataFrame(rows)
        return tidy.assign(contribution=tidy["time"] * tidy["exposure"])

    @property
    def _title(self) -> str:
        return f"Whom {self._counts.sum():,.0f} people of {len(self._counts)} groups meet in {len(self.parts)} domains"

    def __str__(self) -> str:
        return f"{self._title}:\n{self.domains.to_string(float_format='{:.4f}'.format)}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(self.domains.reset_index(), self._title)

    # ---------------------------------------------------------------- words of these

    @cached_property
    def _counts(self) -> Floats:
        """Residents, shape (groups, units)."""
        return self.residents.counts.reshape(len(self.residents.groups), -1).astype(np.float64)

    @cached_property
    def _sizes(self) -> Floats:
        """Share of each group among the residents."""
        return np.asarray(self._counts.sum(axis=1) / self._counts.sum())

    def _spent(self, part: Domain) -> Floats:
        """Share of the time of each group in a domain."""
        return np.asarray(self.time.to_numpy()[[one.name for one in self.parts].index(part.name)])

    def _matrix(self, values: Any) -> pd.DataFrame:
        groups = self.residents.group_index
        return pd.DataFrame(values, index=groups("from"), columns=groups("to"))

    @property
    def _met(self) -> Floats:
        """Shares of groups among those met in all domains, shape (groups from, groups to, units)."""
        units = self._counts.shape[1]
        return np.asarray(
            sum(
                np.stack([tau * part.at(part.mix, g, units) for g, tau in enumerate(self._spent(part))])
                for part in self.parts
            )
        )

    def _attribute(self, values: Any) -> Floats:
        """Values of the residents, shape (groups, units)."""
        groups, units = self.residents.group_index(), self.residents.units
        if isinstance(values, (pd.Series, pd.DataFrame)):
            check_one_row(values.index, "values")
        if isinstance(values, pd.DataFrame):
            check_one_column(values, groups, "values")
            table = values.reindex(index=units, columns=groups)
        elif _by_unit(values, self.residents):
            found = values.reindex(units)
            table = pd.DataFrame(dict.fromkeys(groups, found))
        else:
            told = pd.Series(dict(values.items()) if hasattr(values, "items") else values, dtype=object)
            strange = told.index[~told.index.isin(groups)]
            if len(strange):
                msg = (
                    f"values has {listed(strange)}, which are neither groups nor all units; groups are {listed(groups)}"
                )
                raise DataError(msg)
            told = told.reindex(groups)
            table = pd.DataFrame([told.to_numpy()] * len(units), index=units, columns=groups)
        numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64).T
        without = ~np.isfinite(numbers) & (self._counts > 0)
        if without.any():
            who = [group for group, row in zip(groups, without, strict=True) if row.any()]
            where = self.residents.geography.labels(np.flatnonzero(without.any(axis=0)))
            msg = f"a value is missing, or no number, for residents of group {listed(who)} in units {listed(where)}"
            raise DataError(msg)
        return np.asarray(np.nan_to_num(numbers))

    def _means(self, part: Domain, own: Floats, *, by_unit: bool) -> Floats:
        """Mean value of those whom one meets at each place of a domain."""
        if not by_unit:
            return np.asarray(own[:, 0] @ part.mix)
        if part.go is None:
            msg = (
                f"it is not known from which unit those at the places of {part.name!r} come: give sgt.Visits(...) or "
                "sgt.Flows(...), or one value a group"
            )
            raise CapabilityError(msg)
        return self._at_places(part, own)

    def _at_places(self, part: Domain, own: Floats) -> Floats:
        pop, bound, go = part.population, part.population.surroundings, part.go or ()
        if bound is not None and bound.linear:
            sums = np.stack([(self._counts * own).sum(axis=0), self._counts.sum(axis=0)])
            met = joined(bound, sums.reshape(2, *pop.counts.shape[1:])).reshape(2, -1)
            return np.asarray(share(met[:1], met[1])[0])
        if bound is not None and not isinstance(bound, Given):
            msg = f"the values of those met in {part.name!r} cannot be had in this environment: give one value a group"
            raise CapabilityError(msg)
        there = sum(chance.T @ (n * x) for chance, n, x in zip(go, self._counts, own, strict=True))
        places = share(np.asarray(there)[np.newaxis], part.present.sum(axis=0))[0]
        if len(part.at_home):
            home = self.parts[list(self.time.index).index(self.home)]
            places[-len(part.at_home) :] = self._at_places(home, own)[part.at_home]
        return np.asarray(places)


def _by_unit(values: Any, residents: Population) -> bool:
    """Say whether values are those of units, or of groups."""
    if isinstance(values, pd.DataFrame):
        return True
    return isinstance(values, pd.Series) and not residents.group_index().isin(values.index).all()


def _beyond_others(exposure: Floats, sizes: Floats) -> Floats:
    """By how much more members of each group meet of it than all others do."""
    others = sizes @ exposure - sizes * exposure.diagonal()
    rest = 1 - sizes
    return np.asarray(exposure.diagonal() - others / np.where(rest > 0, rest, np.nan))


def _line(own: Floats, met: Floats, spread: Floats, weights: Floats) -> tuple[float, float]:
    """Slope of those met on one's own, and correlation, over residents; those of one group and unit spread around a mean."""
    x, y = (values - np.average(values, weights=weights) for values in (own, met))
    xx, yy, xy = (np.average(each, weights=weights) for each in (x * x, y * y + spread, x * y))
    if not xx > ROUNDING * np.average(own**2, weights=weights):
        return np.nan, np.nan
    return float(xy / xx), float(xy / np.sqrt(xx * yy)) if yy > ROUNDING * xx else np.nan
