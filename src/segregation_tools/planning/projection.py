"""Pupils in the years to come: yearly growth of those there today, and pupils of new homes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, OptionError, listed
from segregation_tools.planning.rates import Pupils
from segregation_tools.planning.rolls import years_and_groups
from segregation_tools.population.columns import check_one_row, columns_in_order, numbers_of
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Projection", "project_pupils", "years_ahead", "years_of"]

FARTHEST = 50  # years ahead; who says more means a date
A_HOME = 3.0  # pupils of all groups; who says more means several homes


@dataclass(frozen=True, eq=False)
class Projection(Mapping[int, Population]):
    """Expected pupils in each of several years: a mapping of year to Population, the first year today.

    Attributes
    ----------
    pupils : Population
        Those of today.
    years : tuple of int
        Today's year and those after it.
    of_today : ndarray of shape (years, groups, blocks)
        Pupils of the homes there today, who grow by a rate.
    of_new_homes : ndarray of shape (years, groups, blocks)
        Pupils of homes built after today.

    Examples
    --------
    >>> pupils = sgt.Population([[90, 10], [10, 90]], ["a", "b"], units=["west", "east"])
    >>> ahead = sgt.project_pupils(pupils, years=2, growth=pd.Series({"a": 0.1, "b": 0.0}))
    >>> [ahead[year].group_totals.round(1).tolist() for year in ahead]
    [[100.0, 100.0], [110.0, 100.0], [121.0, 100.0]]
    """

    pupils: Population
    years: tuple[int, ...]
    of_today: Floats = field(repr=False)
    of_new_homes: Floats = field(repr=False)

    @property
    def counts(self) -> Floats:
        """Pupils of all homes, shape (years, groups, blocks)."""
        return self.of_today + self.of_new_homes

    def __getitem__(self, year: int) -> Population:
        if year not in self.years:
            raise KeyError(year)
        at = self.years.index(year)
        return self.pupils if at == 0 else self.pupils.redrawn(self.counts[at].reshape(self.pupils.counts.shape))

    def __iter__(self) -> Iterator[int]:
        return iter(self.years)

    def __len__(self) -> int:
        return len(self.years)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a year and group, and one for all groups.

        Returns
        -------
        DataFrame
            `pupils`, and `of_new_homes` among them. ``projection[year].to_frame()`` has the blocks.
        """
        counts = {"pupils": self.counts, "of_new_homes": self.of_new_homes}
        return years_and_groups(counts, self.years, self.pupils.groups)

    @property
    def _title(self) -> str:
        first, last = self.counts[0].sum(), self.counts[-1].sum()
        return (
            f"projection of {first:,.0f} pupils in {self.years[0]} to {last:,.0f} in {self.years[-1]}, "
            f"{self.of_new_homes[-1].sum():,.0f} of them in new homes"
        )

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(float_format='{:.1f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().reset_index().astype(object), self._title)


def project_pupils(
    pupils: Population | pd.DataFrame,
    *,
    years: Any,
    growth: Any = 0.0,
    housing: pd.DataFrame | None = None,
    yields: pd.Series[Any] | pd.DataFrame | None = None,
) -> Projection:
    """Project the pupils of each block and group: growth of those there today, and new homes with their pupils.

    Parameters
    ----------
    pupils : Population
        Pupils by group in each block today.
    years : int or sequence of int
        How many years are projected: today is then year 0; or the years themselves, one after the other, today's first:
        ``range(2025, 2031)``. A number is at most 50.
    growth : float, Series or DataFrame
        Yearly rate by which the pupils of today's homes change, between −1 and 1; 0.02 for 2 % more each year: one for all,
        a Series by group or by block, or a DataFrame of blocks × groups.
    housing : DataFrame, optional
        New homes: columns `block`, `year` and `homes`, and `tenure` where yields differ by it (or by type). Homes count from
        their year on; rows of the same block and year add up.
    yields : Series or DataFrame, optional
        Pupils by group in a new home (student generation rates), at most 3 in all groups together: a Series by group, or a
        DataFrame of tenure × group.

    Returns
    -------
    Projection
        A mapping of year to Population, which goes into `rezone` and `score`; `phase_in` and `score_years` follow a plan
        over it. Expected numbers, no whole ones.

    Raises
    ------
    DataError
        If blocks, groups or tenures do not match; homes, years or yields are missing or out of range; or pupils become too
        many to be counted.
    OptionError
        If years are none, or a rate is out of its range.

    Notes
    -----
    Pupils of block b and group g in year t: P_bg (1 + r_bg)^t + Σ homes_b,τ y_g over all years τ ≤ t. Rates stay as they
    are over all years; growth is of today's homes alone, and new homes have the same yield in every year. The mix of new
    homes is that of `yields`, not of the block around them. A cohort-survival model of one's own enters as `growth` by block
    and group.

    Examples
    --------
    >>> pupils = sgt.Population([[90, 10], [10, 90]], ["a", "b"], units=["west", "east"])
    >>> homes = pd.DataFrame({"block": ["west", "west"], "year": [1, 2], "homes": [100, 50]})
    >>> ahead = sgt.project_pupils(pupils, years=2, housing=homes, yields=pd.Series({"a": 0.1, "b": 0.3}))
    >>> [ahead[year].counts.tolist() for year in ahead]
    [[[90.0, 10.0], [10.0, 90.0]], [[100.0, 10.0], [40.0, 90.0]], [[105.0, 10.0], [55.0, 90.0]]]
    """
    pupils = as_population(pupils)
    if pupils.with_rest() is not pupils:
        msg = "some pupils belong to none of the groups: read them as a group, pupils.with_rest()"
        raise CapabilityError(msg)
    labels = years_of(years)
    what = "a yearly rate (0.02 for 2 %)"
    rate = Pupils.of(pupils).rates(growth, "growth", what, least=-1, most=1, above=True, below=True)
    today = pupils.counts.reshape(rate.shape).astype(np.float64)
    elapsed = np.arange(len(labels))[:, np.newaxis, np.newaxis]
    if (housing is None) != (yields is None):
        msg = "housing= (new homes) and yields= (pupils by group in each) belong together: give both, or neither"
        raise OptionError(msg)
    built = np.zeros((len(labels), *rate.shape))
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        if housing is not None:
            at, block, moving_in = _housing(pupils, labels, housing, yields)
            for group in range(len(rate)):
                np.add.at(built[:, group], (at, block), moving_in[:, group])
        projection = Projection(pupils, labels, today * (1 + rate) ** elapsed, built.cumsum(axis=0))
        endless = ~np.isfinite(projection.counts.sum(axis=(1, 2)))
    if endless.any():
        since = labels[int(endless.argmax())]
        msg = f"pupils are no finite number from {since} on: project fewer years, lower growth or fewer homes"
        raise DataError(msg)
    return projection


def years_ahead(number: Any, name: str, what: str) -> int:
    """Read a number of years that counts from today.

    Parameters
    ----------
    number : int
        How many years.
    name, what : str
        Of the argument, and what it says, for refusals.

    Returns
    -------
    int

    Raises
    ------
    OptionError
        If it is none, or so large that it must be a date.
    """
    ahead = int(real_number(number, name, 1, what, whole=True))
    if ahead > FARTHEST:
        msg = (
            f"{name}={number!r} counts from today, year 0, and no farther than {FARTHEST} years: where years have names, "
            "name the years, years=range(2025, 2031)"
        )
        raise OptionError(msg)
    return ahead


def years_of(years: Any) -> tuple[int, ...]:
    """List the years of a projection, today's first.

    Parameters
    ----------
    years : int or sequence of int
        How many after today, or which.

    Returns
    -------
    tuple of int

    Raises
    ------
    OptionError
        If there is none after today, their number is a date, or they do not follow on each other.
    """
    if not hasattr(years, "__iter__") or isinstance(years, str):
        return tuple(range(years_ahead(years, "years", "a whole number of years") + 1))
    given = list(years)
    if not all(isinstance(year, Integral) and not isinstance(year, bool) for year in given):
        msg = f"years must be whole numbers, such as range(2025, 2031), not {listed(given)}"
        raise OptionError(msg)
    labels = tuple(int(year) for year in given)
    if len(labels) < 2 or labels != tuple(range(labels[0], labels[0] + len(labels))):
        msg = f"years must follow on each other, today's first, such as range(2025, 2031), not {listed(labels)}"
        raise OptionError(msg)
    return labels


def _housing(
    pupils: Population, years: tuple[int, ...], housing: Any, yields: Any
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Read new homes: position of year and block of each row, and the pupils of its homes by group."""
    if not isinstance(housing, pd.DataFrame):
        msg = f"housing must be a DataFrame with columns block, year and homes, not {type(housing).__name__}"
        raise DataError(msg)
    by_tenure = isinstance(yields, pd.DataFrame)
    absent = [name for name in ("block", "year", "homes", *(["tenure"] if by_tenure else [])) if name not in housing]
    if absent:
        why = "; yields are by tenure" if absent == ["tenure"] else ""
        msg = f"housing has no column {listed(absent)}{why}; it has {listed(housing.columns)}"
        raise DataError(msg)
    blocks = pd.Index(housing["block"], tupleize_cols=False)
    block = pupils.units.get_indexer(blocks)
    if (block < 0).any():
        msg = f"housing names blocks that have no row among the pupils: {listed(blocks[block < 0].unique())}"
        raise DataError(msg)
    homes = numbers_of(housing[["homes"]], "homes of housing", "a number of homes")[:, 0]
    year = numbers_of(housing[["year"]], "year of housing", "a year", least=-np.inf)[:, 0]
    late = ~np.isin(year, years[1:])
    if late.any():
        msg = (
            f"housing has years outside of {years[1]} to {years[-1]}: {listed(dict.fromkeys(year[late].tolist()))} in rows "
            f"{listed(housing.index[late])}. Homes of {years[0]} and before are those of today's pupils"
        )
        raise DataError(msg)
    each = _yields(pupils, yields)
    if by_tenure:
        tenures = pd.Index(housing["tenure"], tupleize_cols=False)
        of = yields.index.get_indexer(tenures)
        if (of < 0).any():
            msg = f"housing has tenures without yields: {listed(tenures[of < 0].unique())}; there are {listed(yields.index)}"
            raise DataError(msg)
        each = each[of]
    return (year - years[0]).astype(np.intp), block, homes[:, np.newaxis] * each


def _yields(pupils: Population, yields: Any) -> Floats:
    """Read pupils by group in a home, shape (tenures, groups); one row where all homes are alike."""
    if isinstance(yields, (pd.Series, Mapping)):
        yields = pd.DataFrame(pd.Series(yields)).T
    if not isinstance(yields, pd.DataFrame):
        msg = f"yields must be a Series by group or a DataFrame of tenure × group, not {type(yields).__name__}"
        raise DataError(msg)
    check_one_row(yields.index, "yields")
    table = columns_in_order(yields, pupils.group_index(), "yields", "groups")
    each = numbers_of(table, "yields", "pupils in a home")
    many = each.sum(axis=1)
    if (many > A_HOME).any():
        of = f" for {listed(yields.index[many > A_HOME])}" if len(yields) > 1 else ""
        msg = (
            f"yields must be pupils in one home, not in 100: at most {A_HOME:g} in all groups together; there are "
            f"{many.max():g}{of}"
        )
        raise DataError(msg)
    return each
