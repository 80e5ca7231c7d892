"""A goal as a function of the people added to units: its value, its slopes, and how low the slopes say it can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError, GroupError, OptionError, listed
from segregation_tools.indices.index import Index
from segregation_tools.kernels.spread import Columns, gathered, scattered
from segregation_tools.planning.goals import Chosen, measured_by
from segregation_tools.planning.homes.presence import presence, presence_columns
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.zonal import ZonalForm
    from segregation_tools.planning.goals import Goal
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Surface", "checked_scales", "forms_of", "index_named"]

STEP = 1e-6  # of all people, by which totals are changed


def index_named(what: Any) -> tuple[Index, tuple[Any, ...]]:
    """Return the index of a goal's term, and which of its values is meant.

    Parameters
    ----------
    what : Index, Chosen or Measure
        Of a goal.

    Returns
    -------
    index : Index
    of : tuple
        Empty where it has one.

    Raises
    ------
    CapabilityError
        If it is no index that adds up over places.
    """
    index, of = (what.index, what.of) if isinstance(what, Chosen) else (what, ())
    if not isinstance(index, Index) or index.about.zonal is None or index.options:
        msg = (
            f"homes are sited by an index that adds up over places, such as sgt.information_theory, sgt.dissimilarity, "
            f"sgt.variance_ratio or sgt.exposure (of=...), not by {measured_by(what)}"
        )
        raise CapabilityError(msg)
    return index, of


def forms_of(goal: Goal, groups: Sequence[Any], mix: Floats) -> list[tuple[float, ZonalForm]]:
    """Say what places add to a goal, once the homes are there.

    Parameters
    ----------
    goal : Goal
        A weighted sum of indices.
    groups : sequence
        Names of the groups.
    mix : ndarray of shape (groups,)
        Shares of the region with the people of the homes.

    Returns
    -------
    list of (weight, ZonalForm)
    """
    forms = []
    for weight, what in goal.terms:
        index, of = index_named(what)
        unknown = [group for group in of if group not in groups]
        if unknown:
            msg = f"the goal names groups {listed(unknown)}; there are {listed(groups)}"
            raise GroupError(msg)
        two = index.about.groups == 2 and len(groups) != 2
        if two:
            msg = (
                f"{measured_by(what)} compares two groups and there are {len(groups)}: give the population of two, "
                f'pop[["{groups[0]}", "{groups[1]}"]] or pop.versus("{groups[0]}"), and tenures of the same groups'
            )
            raise GroupError(msg)
        forms.append((weight, index.about.zonal(mix, *(list(groups).index(group) for group in of))))  # type: ignore[misc]
    return forms


@dataclass(frozen=True, eq=False)
class Surface:
    """The goal over all who are present around some sources, at several scales.

    Attributes
    ----------
    goal : Goal
        A weighted sum of indices.
    groups : tuple
        Names of the groups.
    totals : ndarray of shape (groups,)
        People of the region, with those to come.
    columns : list of Columns
        Where the people of each source are present, by scale.
    today : ndarray of shape (scales, groups, units)
        Who is present today in the units that any source reaches.
    others : ndarray of shape (scales, groups, units)
        Who is present in all other units.
    """

    goal: Goal
    groups: tuple[Any, ...]
    totals: Floats
    columns: list[Columns]
    today: Floats
    others: Floats

    @property
    def people(self) -> float:
        """How many there will be in the region."""
        return float(self.totals.sum())

    @property
    def mix(self) -> Floats:
        """Shares of the region."""
        return np.asarray(self.totals / self.totals.sum())

    @cached_property
    def forms(self) -> list[tuple[float, ZonalForm]]:
        """What places add."""
        return forms_of(self.goal, self.groups, self.mix)

    @cached_property
    def elsewhere(self) -> float:
        """The goal over all units that no source reaches."""
        return sum([self.part(present) for present in self.others], 0.0)

    @classmethod
    def of(
        cls, pop: Population, goal: Goal, people: Floats, at: Codes, scales: Sequence[float], kernel: str
    ) -> Surface:
        """Find who is present around the sources.

        Parameters
        ----------
        pop : Population
            Those of today.
        goal : Goal
            What is to be small.
        people : ndarray of shape (groups,)
            How many will come, in all.
        at : ndarray of int, shape (sources,)
            Unit of each source.
        scales : sequence of float
            Metres.
        kernel : str
            By which they are spread.

        Returns
        -------
        Surface
        """
        units = int(np.prod(pop.geography.shape))
        columns = [presence_columns(pop.geography, at, scale, kernel) for scale in scales]
        touched = np.zeros(units, dtype=bool)
        for its in columns:
            touched[its.units] = True
        number = np.cumsum(touched, dtype=np.int32) - 1
        columns = [its._replace(units=number[its.units]) for its in columns]
        present = np.array(
            [presence(pop, scale, kernel=kernel).counts.reshape(len(pop.groups), -1) for scale in scales]
        )
        today, others = np.ascontiguousarray(present[..., touched]), present[..., ~touched]
        return cls(goal, pop.groups, pop.group_totals + people, columns, today, others)

    def present(self, people: Floats) -> Floats:
        """Spread people over the units around their sources.

        Parameters
        ----------
        people : ndarray of shape (groups, sources)
            Who is added at each source.

        Returns
        -------
        ndarray of shape (scales, groups, units)
            Of as many groups as were given.
        """
        added = np.zeros((len(self.columns), len(people), self.today.shape[-1]))
        for its, onto in zip(self.columns, added, strict=True):
            scattered(its, people, onto)
        return added

    def value(self, added: Floats) -> float:
        """Measure the goal: its mean over the scales.

        Parameters
        ----------
        added : ndarray of shape (scales, groups, units)
            From `present`.

        Returns
        -------
        float
        """
        return self.elsewhere + sum(self.part(present) for present in self.today + added)

    def part(self, present: Floats) -> float:
        """Take what some units of one scale add to the goal.

        Parameters
        ----------
        present : ndarray of shape (groups, units)
            Who is present in them.

        Returns
        -------
        float
        """
        return _added_up(self.forms, present, self.mix) / (self.people * len(self.columns))

    def slopes(self, added: Floats, width: float = 0.0) -> Floats:
        """Tell how the goal changes with one more person present in each unit.

        Parameters
        ----------
        added : ndarray of shape (scales, groups, units)
            From `present`.
        width : float
            As in `ZonalForm.slopes`.

        Returns
        -------
        ndarray of shape (scales, groups, units)
        """
        scales, groups, units = added.shape
        flat = (self.today + added).transpose(1, 0, 2).reshape(groups, -1)
        slopes = np.zeros(flat.shape)
        for weight, form in self.forms:
            slopes += weight * form.slopes(flat, self.mix, width)
        by_scale: Floats = slopes.reshape(groups, scales, units).transpose(1, 0, 2)
        return np.asarray(by_scale / (self.people * scales))

    def worth(self, slopes: Floats) -> Floats:
        """Tell how the goal changes with one more person at each source.

        Parameters
        ----------
        slopes : ndarray of shape (scales, groups, units)
            From `slopes`.

        Returns
        -------
        ndarray of shape (groups, sources)
        """
        each = [gathered(its, np.ascontiguousarray(rows)) for its, rows in zip(self.columns, slopes, strict=True)]
        return np.asarray(np.sum(each, axis=0))

    def by_totals(self, added: Floats, people: Floats) -> float:
        """Tell how the goal changes with more people in the region, wherever they are: by its mix and its size.

        Parameters
        ----------
        added : ndarray of shape (scales, groups, units)
            From `present`.
        people : ndarray of shape (groups,)
            Who they are.

        Returns
        -------
        float
        """
        step = STEP * self.people / people.sum()
        ends = [replace(self, totals=self.totals + sign * step * people).value(added) for sign in (1, -1)]
        return float((ends[0] - ends[1]) / (2 * step))

    @property
    def sources(self) -> int:
        """How many sources there are."""
        return len(self.columns[0].starts) - 1

    @property
    def usual(self) -> float:
        """How many are present in a unit, on average."""
        return float(self.today.sum()) / max(self.today[:, 0].size, 1)

    @property
    def bends_upwards(self) -> bool:
        """Whether the goal is convex, so that slopes bound it from below."""
        return all(form.convex(weight) for weight, form in self.forms)

    def width(self, error: float) -> float:
        """Say how wide deviations may count in proportion, so that the goal differs by no more than an error.

        Parameters
        ----------
        error : float
            Of the goal.

        Returns
        -------
        float
            0 where no slopes jump.
        """
        jumps = sum(
            abs(weight) * float(np.trace(form.weights)) for weight, form in self.forms if form.kind == "deviation"
        )
        return 2 * error * self.people / (jumps * self.today.shape[-1]) if jumps else 0.0

    def floor(self, slopes: Floats) -> float:
        """Say what slopes make of those present today: with people added, the goal is this plus their worth, or more.

        Parameters
        ----------
        slopes : ndarray of shape (scales, groups, units)
            From `slopes`.

        Returns
        -------
        float
        """
        return self.elsewhere + float((slopes * self.today).sum())


def _added_up(forms: list[tuple[float, ZonalForm]], present: Floats, mix: Floats) -> float:
    sizes = present.sum(axis=0)
    return float(sum(weight * (form.of_residents(present, mix) * sizes).sum() for weight, form in forms))


def checked_scales(bandwidths: Any) -> list[float]:
    """Read the scales.

    Parameters
    ----------
    bandwidths : float or sequence of float
        Metres.

    Returns
    -------
    list of float
    """
    several = list(bandwidths) if np.ndim(bandwidths) else [bandwidths]
    scales = [real_number(each, "bandwidths", 0, "metres") for each in several]
    if not scales or len(set(scales)) < len(scales):
        msg = f"bandwidths are one or more different distances in metres, such as [500, 2000]; got {bandwidths!r}"
        raise OptionError(msg)
    return scales
