"""What is asked of any rolls: an index of them, the room of each school, and how groups are listed with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import measurable
from segregation_tools.planning.constraints import Capacity, rooms_of
from segregation_tools.planning.goals import minimize
from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.plan import Plan

    Floats = NDArray[np.float64]

__all__ = ["index_of_rolls", "one_valued", "room_of", "years_and_groups"]


def one_valued(index: Any) -> Index:
    """Return an index that has one value for all schools.

    Parameters
    ----------
    index : Index
        What was given.

    Returns
    -------
    Index

    Raises
    ------
    OptionError, CapabilityError
        If it is none, or has several values.
    """
    known = measurable(index)
    minimize(known)  # refuses what has several values, and says which to take
    return known


def room_of(plan: Plan, schools: pd.Index[Any]) -> pd.DataFrame:
    """Say between how many pupils schools have room for, by the plan's rules of capacity.

    Parameters
    ----------
    plan : Plan
        With its rules.
    schools : pandas.Index
        Which schools; others than the open ones have no rule.

    Returns
    -------
    DataFrame
        `low` and `high`; NaN without a rule.
    """
    rules = [rule for rule in plan.constraints if isinstance(rule, Capacity)]
    if not rules:
        return pd.DataFrame(np.nan, index=schools, columns=["low", "high"])
    low, high = rooms_of(plan.problem, rules)
    return pd.DataFrame({"low": low, "high": high}, index=plan.problem.schools).reindex(schools)


def index_of_rolls(index: Index, rolls: Floats, groups: tuple[Hashable, ...]) -> float:
    """Measure an index on rolls.

    Parameters
    ----------
    index : Index
        With one value.
    rolls : ndarray of shape (groups, schools)
        Pupils of each school.
    groups : tuple
        Their labels.

    Returns
    -------
    float
        NaN where nobody of a group goes to any of the schools, or rolls are not known.
    """
    if not (rolls.sum(axis=1) > 0).all():
        return float("nan")
    return float(index(Population(rolls, groups)))


def years_and_groups(counts: Mapping[str, Floats], years: Sequence[int], groups: tuple[Hashable, ...]) -> pd.DataFrame:
    """Add up blocks: one row a year and group, and one for all groups.

    Parameters
    ----------
    counts : mapping of str to ndarray of shape (years, groups, blocks)
        Pupils, by the name of their column.
    years : sequence of int
        Labels.
    groups : tuple
        Labels.

    Returns
    -------
    DataFrame
    """
    rows = pd.MultiIndex.from_product([years, groups_and_all(groups)], names=["year", "group"])
    by_group = {name: array.sum(axis=2) for name, array in counts.items()}
    columns = {name: np.column_stack([array, array.sum(axis=1)]).reshape(-1) for name, array in by_group.items()}
    return pd.DataFrame(columns, index=rows)
