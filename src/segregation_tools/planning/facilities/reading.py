"""Candidate sites and what is open already, read and checked; whom the catchment of each site brings together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.access import Access, Kernel, rings_of, weigh
from segregation_tools.analysis.ways import Ways, check_frame, limits_of, read_ways
from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.indices.placed import without_environment
from segregation_tools.population.columns import numbers_of
from segregation_tools.population.population import Population, as_population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Candidates", "read_candidates"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Sites at which a facility may open, and those that are open.

    Attributes
    ----------
    pop : Population
        Residents.
    sites : DataFrame
        As they were given.
    ways : Ways
        To the sites.
    open : Ways or None
        To what is open already.
    capacity : ndarray of shape (open + sites,)
        Supply of each, those that are open first.
    standard : float
        How far is near enough.
    kernel : str or tuple
        By which near people count more than far ones.
    """

    pop: Population
    sites: pd.DataFrame
    ways: Ways
    open: Ways | None
    capacity: Floats
    standard: float
    kernel: Kernel

    @property
    def people(self) -> Floats:
        """Counts, shape (groups, units)."""
        return np.asarray(self.pop.counts, dtype=np.float64).reshape(len(self.pop.groups), -1)

    @property
    def otherwise(self) -> Floats:
        """Cost of the way to what is open already, by unit; infinite where nothing is."""
        return np.full(len(self.pop), np.inf) if self.open is None else self.open.costs.min(axis=1)

    def visitors(self) -> Floats:
        """People of each group in the catchment of each site, the near more than the far, shape (groups, sites)."""
        return self.people @ weigh(self.ways.costs, self.standard, self.kernel)

    def meetings(self) -> Floats:
        """Visitors of each site times the probability that two of them are of different groups."""
        return met(self.visitors())[1]

    def access(self, chosen: Codes | None) -> Access | None:
        """Tell the access to what is open, and to some sites as well; None where nothing is."""
        parts = [] if self.open is None else [self.open]
        many = len(self.capacity) - len(self.ways.services)
        capacity = self.capacity[:many]
        if chosen is not None:
            parts.append(Ways(self.ways.services[chosen], self.ways.costs[:, chosen], self.ways.measured_in))
            capacity = np.append(capacity, self.capacity[many + chosen])
        if not parts:
            return None
        labels = parts[0].services.append([part.services for part in parts[1:]])
        ways = Ways(labels, np.concatenate([part.costs for part in parts], axis=1), self.ways.measured_in)
        return Access(self.pop, ways, capacity, (self.standard,), self.kernel)


def met(visitors: Floats) -> tuple[Floats, Floats]:
    """Tell how likely two visitors are of different groups, and visitors times that.

    Parameters
    ----------
    visitors : ndarray of shape (groups, sites)
        By group.

    Returns
    -------
    differ, meetings : ndarray of shape (sites,)
        `differ` is NaN where nobody comes.
    """
    everyone = visitors.sum(axis=0)
    some = np.where(everyone > 0, everyone, 1)
    differ = 1 - ((visitors / some) ** 2).sum(axis=0)
    return np.where(everyone > 0, differ, np.nan), np.where(everyone > 0, everyone * differ, 0)


def read_candidates(
    pop: Population | pd.DataFrame, sites: Any, existing: Any, cost: Any, standard: Any, kernel: Any
) -> Candidates:
    """Read sites, what is open, and the ways to both.

    Parameters
    ----------
    pop : Population
        Residents.
    sites, existing : GeoDataFrame
        Candidates; what is open, or None.
    cost, kernel
        As in `access`; a table has columns for both.
    standard : float
        One.

    Returns
    -------
    Candidates

    Raises
    ------
    DataError, GeographyError, OptionError
        As in `access`; if labels are shared, or only one of both has a capacity.
    """
    pop = without_environment(as_population(pop).with_rest(), "placing facilities")
    limits = limits_of(standard)
    if len(limits) > 1:
        msg = f"facilities are placed by one standard, not {standard!r}: take the one that holds"
        raise OptionError(msg)
    frames = {"sites": sites} if existing is None else {"sites": sites, "existing": existing}
    for what, frame in frames.items():
        check_frame(frame, what)
    if existing is not None:
        both = pd.Index(sites.index).intersection(pd.Index(existing.index))
        if len(both):
            msg = f"sites and existing share the labels {listed(both)}: existing.add_prefix('now ', axis=0) tells them apart"
            raise DataError(msg)
    ways = {what: read_ways(pop, frame, _part(cost, frames, what), what) for what, frame in frames.items()}
    having = [what for what, frame in frames.items() if "capacity" in getattr(frame, "columns", ())]
    if having and len(having) < len(frames):
        msg = f"only {having[0]} has a column 'capacity': give it to both, or to neither"
        raise DataError(msg)
    capacity = [
        numbers_of(pd.DataFrame(frame[["capacity"]]), "capacity", "the supply of a facility")[:, 0]
        if having
        else np.ones(len(frame))
        for frame in (frames[what] for what in ("existing", "sites") if what in frames)
    ]
    return Candidates(
        pop, sites, ways["sites"], ways.get("existing"), np.concatenate(capacity), limits[0], rings_of(kernel)
    )


def _part(cost: Any, frames: dict[str, Any], what: str) -> Any:
    """Columns of a table of ways that are about some of the places; other costs as they are."""
    if not isinstance(cost, pd.DataFrame) or hasattr(cost, "geometry"):
        return cost
    others = pd.Index([label for name, frame in frames.items() if name != what for label in frame.index])
    return cost.loc[:, ~cost.columns.isin(others)]
