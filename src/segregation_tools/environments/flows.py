"""Where residents go: work, school, shops; whom they meet there, blended with whom they meet at home."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.errors import DataError, DataWarning, OptionError, listed, warn
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["Flows", "legs"]


@dataclass(frozen=True, eq=False)
class Flows:
    """Residents meet everyone who goes where they go, each place counting as much as they go there.

    A resident of i goes to j with probability f_ij, the flow from i to j among all from i; at j are Σ_k n_kg f_kj people of
    group g; whom he meets is the mean of the mixes of these places. As with zones, the mean of those met is the mix of the
    region.

    Parameters
    ----------
    od : DataFrame
        One row a flow; repeated pairs are added up. It is never changed.
    origin, destination, weight : hashable
        Its columns: the unit where people live, the place where they go (a unit or any other place), and how many, or how
        often.
    home_share : float
        From 0 to 1: what part of those met are residents of the own unit.

    Raises
    ------
    DataError
        If a column is missing, or a weight is negative or missing.
    OptionError
        If `home_share` is no share.

    Warns
    -----
    DataWarning
        If flows start at places that are no units: they are left out. If from some units nobody goes anywhere: their
        residents meet only each other.

    Notes
    -----
    All residents of a unit are taken to travel alike. Where groups of one unit go to different places this hides how far
    apart they are: in Rhode Island in 2019, D of low and high earners was .15 by tract of residence and .25 by tract of
    work, but .01 with everyone's flows. Where flows are known by group, measure the places they lead to as a population, or
    follow people through the day with `meeting`.

    References
    ----------
    Athey et al. 2021; Moro et al. 2021.

    Examples
    --------
    Residents of u stay; half of v go to u. At u are 100 a and 10 of v's b: everyone of u meets 10 in 110.

    >>> pop = sgt.Population([[100, 0], [0, 20]], groups=["a", "b"], units=["u", "v"])
    >>> trips = pd.DataFrame({"from": ["u", "v", "v"], "to": ["u", "u", "v"], "people": [100, 10, 10]})
    >>> met = pop.within(Flows(trips, origin="from", destination="to", weight="people"))
    >>> sgt.exposure(met).round(3).loc["a", "b"]
    np.float64(0.091)
    """

    od: pd.DataFrame = field(repr=False)
    origin: Hashable
    destination: Hashable
    weight: Hashable
    home_share: float = 0.0

    def __post_init__(self) -> None:
        if real_number(self.home_share, "home_share", 0, "a share from 0 to 1") > 1:
            msg = f"home_share must be a share from 0 to 1, not {self.home_share!r}"
            raise OptionError(msg)
        if not isinstance(self.od, pd.DataFrame):
            msg = f"flows are a DataFrame with one row a flow, not {type(self.od).__name__}"
            raise DataError(msg)
        for column in (self.origin, self.destination, self.weight):
            if sum(name == column for name in self.od.columns) != 1:
                msg = f"one column {column!r} is needed; the columns are {listed(self.od.columns, 30)}"
                raise DataError(msg)
        if self.od[self.weight].dtype.kind in "cmMb":
            msg = f"column {self.weight!r} is of type {self.od[self.weight].dtype}, not numbers"
            raise DataError(msg)

    def __str__(self) -> str:
        home = f", and for {self.home_share:.0%} those of their own unit" if self.home_share else ""
        return f"those who go where they go{home}"

    def on(self, geography: Geography | Grid) -> BoundFlows:
        """Match the origins with the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundFlows
        """
        units = geography.units
        weights, start, ends, places, _ = legs(self.od, self.origin, self.destination, self.weight, units)
        flows = sparse.csr_array((weights, (start, ends)), shape=(len(units), max(len(places), 1)))
        leaving: NDArray[np.float64] = np.asarray(flows.sum(axis=1))
        stay = leaving == 0
        if stay.any():
            warn(f"nobody goes anywhere from {listed(units[stay])}: their residents meet only each other", DataWarning)
        chance = sparse.csr_array(sparse.diags_array(1 / np.where(stay, 1, leaving)) @ flows)
        return BoundFlows(chance, stay, float(self.home_share))


def legs(
    od: pd.DataFrame, origin: Hashable, destination: Hashable, weight: Hashable, units: pd.Index[Any]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp], pd.Index[Any], NDArray[np.bool_]]:
    """Match the flows of a frame with the units where they start.

    Parameters
    ----------
    od : DataFrame
        One row a flow.
    origin, destination, weight : hashable
        Its columns.
    units : Index
        Where people live.

    Returns
    -------
    weights, starts, ends : ndarray of shape (flows,)
        Of the flows above 0 that start at a unit: how many, and the positions of unit and place.
    places : Index
        Where they end.
    kept : ndarray of bool, shape (rows,)
        Which rows these are.

    Raises
    ------
    DataError
        If a weight is negative or missing, a place is missing, or no flow starts at a unit.

    Warns
    -----
    DataWarning
        If some flows start at places that are no units.
    """
    weights = pd.to_numeric(od[weight], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(weights) & (weights >= 0)) | od[destination].isna().to_numpy()
    if wrong.any():
        msg = f"flows must be 0 or more, from a place to a place; correct rows {listed(od.index[wrong])}"
        raise DataError(msg)
    start = units.get_indexer(pd.Index(od[origin]))
    strange = (start < 0) & (weights > 0)
    if strange.any() and not (start[weights > 0] >= 0).any():
        msg = (
            f"no flow starts at a unit: origins are {listed(pd.unique(od[origin]), 3)}, units are "
            f"{listed(units[:3])}. Labels must be alike, numbers or text"
        )
        raise DataError(msg)
    if strange.any():
        part = weights[strange].sum() / weights.sum()
        names = pd.unique(od[origin][strange])
        warn(f"flows from places that are no units are left out ({part:.1%}): {listed(names)}", DataWarning)
    kept = (start >= 0) & (weights > 0)
    ends, places = pd.factorize(od[destination][kept])
    return weights[kept], start[kept], ends, pd.Index(places), kept


@dataclass(frozen=True, eq=False)
class BoundFlows:
    """Flows bound to the units of a population: from each unit, the chance to go to each place."""

    chance: sparse.csr_array
    stay: NDArray[np.bool_]
    home_share: float
    linear = False  # the mix of a place depends on how many live where
    includes_self = False

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once, as many people as live there."""
        home = counts.reshape(len(counts), -1).astype(np.float64)
        there = self.chance.T @ home.T
        people = there.sum(axis=1, keepdims=True)
        mixes = there / np.where(people > 0, people, 1)
        away = (self.chance @ mixes).T * home.sum(axis=0)
        met = self.home_share * home + (1 - self.home_share) * np.where(self.stay, home, away)
        yield slice(None), met.reshape(counts.shape)
