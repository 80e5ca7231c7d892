"""Where people of each group spend their time: the places of home, school, work and leisure, and who is present there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.environments.flows import Flows, legs
from segregation_tools.errors import CapabilityError, DataError, DataWarning, GroupError, OptionError, listed, warn
from segregation_tools.indices.words import share
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

    Floats = NDArray[np.float64]

__all__ = ["AT_HOME", "Domain", "Given", "Visits", "domain_of"]

AT_HOME = "at home"  # the place of those who go nowhere


@dataclass(frozen=True, eq=False)
class Visits:
    """Who of which group goes from where to which places: flows that are known by group, as of commuters by earnings.

    Parameters
    ----------
    od : DataFrame
        One row a flow; repeated flows are added up. It is never changed.
    origin, destination : hashable
        Its columns: the unit where people live, and the place where they go.
    weight : hashable, or mapping of group to hashable
        Its column of how many, or how often; or one column a group.
    group : hashable, optional
        Its column of groups, where `weight` is one column.

    Raises
    ------
    DataError
        If a column is missing.
    OptionError
        If groups are named twice, or not at all.

    Notes
    -----
    Flows say where those of a group and unit go; how many they are is said by the population of the home domain. To
    take people at a place as they are counted there, give a Population by place.

    Examples
    --------
    >>> trips = pd.DataFrame({"from": ["u", "u", "v"], "to": ["x", "y", "y"], "a": [9, 1, 0], "b": [0, 5, 5]})
    >>> str(sgt.Visits(trips, origin="from", destination="to", weight={"a": "a", "b": "b"}))
    "visits of 'a', 'b'"
    """

    od: pd.DataFrame = field(repr=False)
    origin: Hashable
    destination: Hashable
    weight: Hashable | Mapping[Any, Hashable]
    group: Hashable | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.od, pd.DataFrame):
            msg = f"visits are a DataFrame with one row a flow, not {type(self.od).__name__}"
            raise DataError(msg)
        wide = isinstance(self.weight, Mapping)
        if wide == (self.group is not None):
            msg = "name the groups once: group= with one column of weights, or weight={'a': column, 'b': column}"
            raise OptionError(msg)
        columns = [self.origin, self.destination, *(self.weight.values() if isinstance(self.weight, Mapping) else ())]
        for column in columns if wide else [*columns, self.weight, self.group]:
            if sum(name == column for name in self.od.columns) != 1:
                msg = f"one column {column!r} is needed; the columns are {listed(self.od.columns, 30)}"
                raise DataError(msg)

    def __str__(self) -> str:
        return f"visits of {listed(self.groups)}"

    @property
    def groups(self) -> list[Any]:
        """Groups that are named, in their order."""
        return list(self.weight) if isinstance(self.weight, Mapping) else list(pd.unique(self.od[self.group]))

    def long(self) -> pd.DataFrame:
        """Return one row a flow of a group: `origin`, `destination`, `group`, `weight`.

        Returns
        -------
        DataFrame
            On the index of the frame that was given.
        """
        weights = self.weight if isinstance(self.weight, Mapping) else {None: self.weight}
        ends = {"origin": self.od[self.origin], "destination": self.od[self.destination]}
        parts = [
            pd.DataFrame({**ends, "group": self.od[self.group] if group is None else group, "weight": self.od[column]})
            for group, column in weights.items()
        ]
        long: pd.DataFrame = pd.concat(parts)
        return long


@dataclass(frozen=True, eq=False)
class Given:
    """Whom the residents of each unit meet, as shares that were worked out for them.

    Attributes
    ----------
    shares : ndarray of shape (groups, units)
        Each column adds up to 1 where anybody lives.
    residents : ndarray of the same shape
        For whom.
    words : str
        Who is met.
    """

    shares: Floats = field(repr=False)
    residents: Floats = field(repr=False)
    words: str
    linear = False
    includes_self = False

    def __str__(self) -> str:
        return self.words

    def on(self, geography: Geography | Grid) -> Given:
        """Return itself.

        Parameters
        ----------
        geography : Geography or Grid
            Of the units.

        Returns
        -------
        Given
        """
        return self

    def strips(self, counts: NDArray[Any]) -> Any:
        """Yield the environment of all units at once, as many people as there are.

        Parameters
        ----------
        counts : ndarray of shape (groups, units)
            Of those for whom it was worked out; others are refused.

        Yields
        ------
        tuple of slice and ndarray
        """
        if not np.array_equal(counts, self.residents):
            msg = (
                "whom they meet was worked out for these residents; of others, or of drawn ones, it is not known. "
                "Make a meeting(...) of theirs"
            )
            raise CapabilityError(msg)
        yield slice(None), self.shares * counts.sum(axis=0)


@dataclass(frozen=True, eq=False)
class Domain:
    """Where people spend one part of their time.

    Attributes
    ----------
    name : hashable
        Such as "work".
    places : Index
        Its places.
    present : ndarray of shape (groups, places)
        Who spends time there, by group.
    mix : ndarray of shape (groups, places)
        Shares of groups among those whom one meets there.
    go : tuple of sparse arrays of shape (units, places), or None
        By group, the chance with which residents of each unit are at each place; None where it is not known who comes
        from where.
    population : Population
        The places, for indices.
    at_home : ndarray of int
        Units where people are at home meanwhile; each is one of the last places.
    """

    name: Hashable
    places: pd.Index[Any]
    present: Floats
    mix: Floats
    go: tuple[sparse.csr_array, ...] | None
    population: Population
    at_home: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    @property
    def time(self) -> Floats:
        """Share of the time of each group that is spent at each place, shape (groups, places)."""
        return np.asarray(self.present / self.present.sum(axis=1, keepdims=True))

    @property
    def exposure(self) -> Floats:
        """Share of each group among those whom the average member of a group meets, shape (groups, groups)."""
        return np.asarray(self.time @ self.mix.T)

    @property
    def even(self) -> Floats:
        """Share of each group among all who are present, shape (groups,)."""
        return np.asarray(self.present.sum(axis=1) / self.present.sum())

    def at(self, values: Floats, group: int, units: int) -> Floats:
        """Take the mean of values of places over the time of those of a group, by the unit where they live.

        Parameters
        ----------
        values : ndarray of shape (…, places)
            Of each place.
        group : int
            Position of the group.
        units : int
            How many there are.

        Returns
        -------
        ndarray of shape (…, units)
            The same for all units, where it is not known who comes from where.
        """
        if self.go is not None:
            return np.asarray((self.go[group] @ values.T).T)
        return np.repeat((values @ self.time[group])[..., np.newaxis], units, axis=-1)


def domain_of(name: Hashable, given: Any, residents: Population) -> Domain:
    """Read a domain.

    Parameters
    ----------
    name : hashable
        Of the domain.
    given : Population, Visits, Flows or another environment
        Who is where.
    residents : Population
        Who lives where.

    Returns
    -------
    Domain

    Raises
    ------
    DataError
        If it is none of these.
    GroupError
        If its groups are others.
    """
    if given is residents:
        return _of_places(name, residents, tied=True)
    if isinstance(given, Population):
        _same_groups(name, given.groups, residents)
        same = given.groups == residents.groups
        return _of_places(name, given if same else given[list(residents.groups)], tied=False)
    if isinstance(given, Flows):
        return _of_visits(name, *_everyones(given, residents), residents)
    if isinstance(given, Visits):
        return _of_visits(name, *_by_group(name, given, residents), residents)
    if hasattr(given, "on") and not isinstance(given, type):
        return _of_places(name, residents.within(given), tied=True)
    msg = (
        f"domain {name!r} must be a Population by place, sgt.Visits(...), sgt.Flows(...) or another environment, "
        f"not {type(given).__name__}"
    )
    raise DataError(msg)


def _same_groups(name: Hashable, groups: Any, residents: Population) -> None:
    if set(groups) != set(residents.groups):
        msg = f"domain {name!r} has the groups {listed(groups)}, home has {listed(residents.groups)}: name them alike"
        raise GroupError(msg)


def _of_places(name: Hashable, pop: Population, *, tied: bool) -> Domain:
    """Read a population; its units are the places, and the homes where it is that of the residents."""
    groups = len(pop.groups)
    present = pop.counts.reshape(groups, -1).astype(np.float64)
    met = pop.environment.reshape(groups, -1).astype(np.float64)
    go = (sparse.csr_array(sparse.eye_array(present.shape[1])),) * groups if tied else None
    return Domain(name, pop.units.to_flat_index(), present, share(met, met.sum(axis=0)), go, pop)


def _of_visits(
    name: Hashable, flows: list[sparse.csr_array], places: pd.Index[Any], home: float, residents: Population
) -> Domain:
    """Send the residents of each unit and group where flows go; those who go nowhere are where they live."""
    groups = residents.groups
    counts = residents.counts.reshape(len(groups), -1).astype(np.float64)
    met = residents.environment.reshape(len(groups), -1)
    leaving = np.stack([np.asarray(flow.sum(axis=1)) for flow in flows])
    stay = (leaving == 0) & (counts > 0)
    if stay.any():
        whom = [f"{counts[g][stay[g]].sum():,.0f} of {group!r}" for g, group in enumerate(groups) if stay[g].any()]
        units = residents.geography.labels(np.flatnonzero(stay.any(axis=0)))
        warn(
            f"domain {name!r}: nothing is known of where {', '.join(whom)} go, from {listed(units)}; they are taken to "
            "meet those they meet at home",
            DataWarning,
        )
    away = [
        sparse.diags_array((1 - home) / np.where(left > 0, left, 1)) @ flow
        for left, flow in zip(leaving, flows, strict=True)
    ]
    there = np.stack([chance.T @ n for chance, n in zip(away, counts, strict=True)])
    at_home = np.where(leaving > 0, home, 1.0)
    kept = np.flatnonzero((at_home * counts).any(axis=0))
    go = tuple(
        sparse.csr_array(sparse.hstack([chance, sparse.csr_array(sparse.diags_array(part))[:, kept]]))
        for chance, part in zip(away, at_home, strict=True)
    )
    present = np.hstack([there, (at_home * counts)[:, kept]])
    mix = np.hstack([share(there, there.sum(axis=0)), share(met, met.sum(axis=0))[:, kept]])
    labels = pd.Index([*places, *[AT_HOME] * len(kept)], dtype=object, tupleize_cols=False)
    pop = Population(present, groups)
    if len(kept):
        pop = pop.within(Given(mix, pop.counts, "those at the same place"))
    return Domain(name, labels, present, mix, go, pop, kept)


def _everyones(given: Flows, residents: Population) -> tuple[list[sparse.csr_array], pd.Index[Any], float]:
    weights, start, ends, places, _ = legs(
        given.od, given.origin, given.destination, given.weight, residents.geography.units
    )
    flows = sparse.csr_array((weights, (start, ends)), shape=(len(residents), len(places)))
    return [flows] * len(residents.groups), places, float(given.home_share)


def _by_group(
    name: Hashable, given: Visits, residents: Population
) -> tuple[list[sparse.csr_array], pd.Index[Any], float]:
    _same_groups(name, given.groups, residents)
    long = given.long()
    weights, start, ends, places, kept = legs(long, "origin", "destination", "weight", residents.geography.units)
    whose = residents.group_index().get_indexer(pd.Index(long["group"][kept], tupleize_cols=False))
    flows = [
        sparse.csr_array((weights[mine], (start[mine], ends[mine])), shape=(len(residents), len(places)))
        for mine in (whose == g for g in range(len(residents.groups)))
    ]
    return flows, places, 0.0
