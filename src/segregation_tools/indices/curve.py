"""The segregation curve: the whole picture of which D and Gini are two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from segregation_tools.errors import GroupError, listed
from segregation_tools.indices.blocks import blocks, shares_met
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

__all__ = ["lorenz_dominance", "segregation_curve"]


def segregation_curve(data: Population | pd.DataFrame, *, groups: Sequence[Hashable] | None = None) -> pd.DataFrame:
    """Cumulative shares of two groups over the units, from where the first is rarest to where it is most common.

    The diagonal is an even spread. The largest distance from it is D, twice the area between is Gini (Duncan & Duncan
    1955; James & Taeuber 1985). Units of equal share are one step, so that their order does not matter.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame
        Two groups; a frame needs `groups`.
    groups : sequence, optional
        Columns of counts.

    Returns
    -------
    DataFrame
        One column for each group, from 0 to 1; the first row is 0, the last 1. With a local environment, units are ordered
        by, and counted with, the shares their residents meet.

    Raises
    ------
    GroupError
        If there are not two groups.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.segregation_curve(pop).round(3).values.tolist()
    [[0.0, 0.0], [0.1, 0.9], [1.0, 1.0]]
    """
    pop = as_population(data, groups)
    if len(pop.groups) != 2:
        msg = f"a curve compares two groups, not {listed(pop.groups)}: pop[[…, …]] or pop.versus(…)"
        raise GroupError(msg)
    parts = [shares_met(lived, met) for lived, met in blocks(pop)]
    residents = np.concatenate([people for people, _ in parts])
    p = np.concatenate([shares[0] for _, shares in parts])[residents > 0]
    residents = residents[residents > 0]
    step, place = np.unique(p, return_inverse=True)
    people = np.bincount(place, residents)
    both = np.cumsum(np.column_stack([people * step, people * (1 - step)]), axis=0)
    return pd.DataFrame(np.vstack([np.zeros(2), both / both[-1]]), columns=pop.group_index())


def lorenz_dominance(one: Population, two: Population) -> Literal["first", "second", "equal", "neither"]:
    """Tell whose segregation curve is nowhere further from the diagonal, if one's is.

    That place is less segregated, or as much, by every index that respects transfers and does not depend on how large the
    groups are: Gini, Hutchens' O and Atkinson's A say so too, and D does not say the contrary. H, M, V and their like
    may, unless the groups have the same share of both places.

    Parameters
    ----------
    one, two : Population
        Of the same two groups.

    Returns
    -------
    {"first", "second", "equal", "neither"}
        The less segregated one; "neither" where the curves cross, and indices may disagree.

    Raises
    ------
    GroupError
        If the places do not have the same two groups.

    Examples
    --------
    >>> even = sgt.Population([[60, 40], [40, 60]], groups=["a", "b"])
    >>> apart = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.lorenz_dominance(even, apart)
    'first'
    """
    if set(one.groups) != set(two.groups):
        msg = f"the places must have the same groups, not {listed(one.groups)} and {listed(two.groups)}"
        raise GroupError(msg)
    two = two[list(one.groups)]
    curves = [segregation_curve(pop).round(12).to_numpy().T for pop in (one, two)]
    at = np.union1d(curves[0][1], curves[1][1])
    first, second = (_heights(curve[0], curve[1], at) for curve in curves)
    higher, lower = (first > second + 1e-11).any(), (first < second - 1e-11).any()
    if higher and lower:
        return "neither"
    return "first" if higher else "second" if lower else "equal"


def _heights(y: NDArray[np.float64], x: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights of a curve as each point is come to from the left: at its end it may climb upright.

    Between neighbouring points both curves are straight, so that these heights decide.
    """
    left = np.searchsorted(x, at, "left")
    return np.where(x[left] == at, y[left], np.interp(at, x, y))
