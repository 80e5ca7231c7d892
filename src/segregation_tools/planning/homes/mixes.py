"""Who moves into a home of each tenure: mean persons by group, or households that were sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.population.columns import check_one_column, check_one_row, columns_in_order, numbers_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Codes = NDArray[np.intp]

__all__ = ["Mixes", "check_persons", "in_one_order", "persons_by_tenure", "read_mixes"]

MOST = 20.0  # persons in a home on average; who says more means several homes
TENURE = "tenure"


@dataclass(frozen=True, eq=False)
class Sampled:
    """Households of one tenure that were sampled.

    Attributes
    ----------
    kinds : ndarray of int, shape (kinds, groups)
        Persons by group in each kind of household.
    many : ndarray of int, shape (kinds,)
        How many of the kind there are in the sample.
    """

    kinds: Whole
    many: Whole


@dataclass(frozen=True, eq=False)
class Mixes:
    """Households of each tenure.

    Attributes
    ----------
    tenures : tuple
        Labels, in an order of their own, whatever that of the rows given.
    mean : ndarray of shape (tenures, groups)
        Mean persons by group in a home.
    sampled : tuple of Sampled or None
        Households of each tenure, where a sample is known.
    """

    tenures: tuple[Hashable, ...]
    mean: Floats
    sampled: tuple[Sampled | None, ...]

    @property
    def size(self) -> Floats:
        """Mean persons in a home of each tenure."""
        size: Floats = self.mean.sum(axis=1)
        return size

    def household_sizes(self, tenure: int) -> tuple[Floats, Floats]:
        """Give how many persons live in an inhabited home of a tenure.

        Parameters
        ----------
        tenure : int
            Its position.

        Returns
        -------
        sizes, chances : ndarray of shape (sizes,)
            Of a tenure that was not sampled the mean alone.
        """
        sampled = self.sampled[tenure]
        if sampled is None:
            return self.size[[tenure]], np.ones(1)
        persons = sampled.kinds.sum(axis=1)
        return persons[persons > 0].astype(np.float64), sampled.many[persons > 0] / sampled.many[persons > 0].sum()

    def position(self, labels: pd.Index[Any], name: str, rows: pd.Index[Any]) -> Codes:
        """Find tenures by their labels.

        Parameters
        ----------
        labels : pandas.Index
            What is given.
        name : str
            Where it is given, for the refusal.
        rows : pandas.Index
            Labels of its rows.

        Returns
        -------
        ndarray of int

        Raises
        ------
        DataError
            If a tenure has no households.
        """
        known = pd.Index(self.tenures, tupleize_cols=False)
        at = known.get_indexer(labels)
        if (at < 0).any():
            msg = (
                f"{name} has tenures of which no households are known: {listed(labels[at < 0].unique())} in rows "
                f"{listed(rows[at < 0])}; there are {listed(self.tenures)}. Add them to tenures= or households="
            )
            raise DataError(msg)
        return at

    def moving_in(self, rng: np.random.Generator, tenure: Codes, homes: Whole) -> Whole:
        """Draw who moves into new homes.

        The mix of a tenure that was sampled is drawn once for all of its homes: what the sample does not know of it, it does
        not know of any.

        Parameters
        ----------
        rng : Generator
            Source of chance.
        tenure : ndarray of int, shape (lots,)
            Position of the tenure of each lot.
        homes : ndarray of int, shape (lots,)
            How many homes it has.

        Returns
        -------
        ndarray of int, shape (groups, lots)
            Persons.
        """
        drawn = np.zeros((self.mean.shape[1], len(homes)), dtype=np.int64)
        for t in np.unique(tenure):
            lots = tenure == t
            sampled = self.sampled[t]
            if sampled is None:
                drawn[:, lots] = _of_one_group(rng, homes[lots], self.mean[t])
            else:
                shares = rng.dirichlet(sampled.many)  # Bayesian bootstrap
                drawn[:, lots] = (rng.multinomial(homes[lots], shares) @ sampled.kinds).T
        return drawn


def _of_one_group(rng: np.random.Generator, homes: Whole, mean: Floats) -> Whole:
    """Draw households of one group each, of as many persons as a home has on average, rounded up or down by chance."""
    size = mean.sum()
    households = rng.multinomial(homes, mean / size).T
    return households * int(size) + rng.binomial(households, size - int(size))


def read_mixes(pop: Population, tenures: Any, households: Any) -> Mixes:
    """Read who lives in homes of each tenure.

    Parameters
    ----------
    pop : Population
        With the groups.
    tenures : DataFrame or None
        Tenure × group: mean persons by group per home.
    households : DataFrame or None
        One row a household: column `tenure`, and a column of persons for each group.

    Returns
    -------
    Mixes
        Of a tenure in both, the households are taken.

    Raises
    ------
    DataError
        If columns or numbers are missing or out of range.
    OptionError
        If neither is given.
    """
    if tenures is None and households is None:
        msg = (
            "who lives in homes of each tenure? Give tenures=, a frame of tenure × group with mean persons by group per "
            "home, or households=, a sample with column 'tenure' and persons by group"
        )
        raise OptionError(msg)
    means: dict[Hashable, Floats] = {}
    if tenures is not None:
        table = persons_by_tenure(pop.group_index(), tenures)
        means |= dict(zip(table.index, table.to_numpy(), strict=True))
    samples: dict[Hashable, Whole] = {} if households is None else _samples(pop, households)
    means |= {tenure: sample.mean(axis=0) for tenure, sample in samples.items()}
    check_persons(means)
    labels = in_one_order(means)
    sampled: list[Sampled | None] = []
    for label in labels:
        kinds, many = np.unique(samples[label], axis=0, return_counts=True) if label in samples else (None, None)
        sampled.append(None if kinds is None or many is None else Sampled(kinds, many.astype(np.int64)))
    return Mixes(tuple(labels), np.stack([means[label] for label in labels]), tuple(sampled))


def in_one_order(labels: Any) -> list[Any]:
    """Sort labels of any kind, so that the order in which they are given decides nothing.

    Parameters
    ----------
    labels : iterable
        Different labels.

    Returns
    -------
    list
    """
    return sorted(labels, key=lambda label: (type(label).__name__, str(label)))


def persons_by_tenure(groups: pd.Index[Any], tenures: Any) -> pd.DataFrame:
    """Read how many persons of each group live in a home, on average.

    Parameters
    ----------
    groups : pandas.Index
        Of the population.
    tenures : DataFrame
        Tenure × group.

    Returns
    -------
    DataFrame
        Its columns in the order of the groups.

    Raises
    ------
    DataError
        If tenures or groups are absent, repeated or unknown, or persons are missing or negative.
    """
    if not isinstance(tenures, pd.DataFrame):
        msg = f"tenures must be a DataFrame of tenure × group, not {type(tenures).__name__}"
        raise DataError(msg)
    if not len(tenures):
        msg = "tenures has no rows: give one for each tenure"
        raise DataError(msg)
    check_one_row(tenures.index, "tenures")
    strangers = tenures.columns[~tenures.columns.isin(groups)]
    if len(strangers):
        msg = (
            f"tenures has columns {listed(strangers)}, which are no groups of the population; these are {listed(groups)}. "
            "Groups to which nobody belongs are left out of it when it is read"
        )
        raise DataError(msg)
    table = columns_in_order(tenures, groups, "tenures", "groups")
    persons = numbers_of(table, "tenures", "persons of a group in a home")
    return pd.DataFrame(persons, index=table.index, columns=table.columns)


def check_persons(means: Mapping[Hashable, Floats]) -> None:
    """Refuse homes in which nobody lives, or too many.

    Parameters
    ----------
    means : mapping of tenure to ndarray of shape (groups,)
        Mean persons by group in a home.

    Raises
    ------
    DataError
        Naming the tenures.
    """
    empty = [tenure for tenure, mean in means.items() if not mean.sum() > 0]
    crowded = [tenure for tenure, mean in means.items() if mean.sum() > MOST]
    if empty or crowded:
        what = "nobody lives in homes of" if empty else f"more than {MOST:g} persons live in a home of"
        msg = f"{what} tenure {listed(empty or crowded)}: give persons by group per home"
        raise DataError(msg)


def _samples(pop: Population, households: Any) -> dict[Hashable, Whole]:
    if not isinstance(households, pd.DataFrame):
        msg = f"households must be a DataFrame with column 'tenure' and one for each group, not {type(households).__name__}"
        raise DataError(msg)
    absent = [name for name in (TENURE, *pop.groups) if name not in households]
    if absent or not len(households):
        msg = (
            f"households has no column {listed(absent)}; it has {listed(households.columns)}"
            if absent
            else "households has no rows: a sample has one for each household"
        )
        raise DataError(msg)
    check_one_column(households, (TENURE, *pop.groups), "households")
    persons = numbers_of(households[list(pop.groups)], "households", "a number of persons")
    part = (persons != np.rint(persons)).any(axis=1) | households[TENURE].isna().to_numpy()
    if part.any():
        msg = (
            f"households must have a tenure and whole persons; rows {listed(households.index[part])} do not. For mean "
            "persons per home use tenures="
        )
        raise DataError(msg)
    whole = persons.astype(np.int64)
    return {tenure: whole[rows] for tenure, rows in households.groupby(TENURE, observed=True).indices.items()}
