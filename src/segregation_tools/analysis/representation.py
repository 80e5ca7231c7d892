"""Who takes part: a panel, or those who answered, beside the population that they are taken to speak for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import checked_level
from segregation_tools.analysis.small_counts import withheld_in_line
from segregation_tools.errors import DataError, GroupError, UndefinedWarning, listed, warn
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Representation", "representation"]

METHODS = ("goodman", "wilson", "exact")
EVERYWHERE = "all"  # the place, where there are no others
TOLD_OF_MEMBERS = ("panel", "panel_share", "low", "high", "ratio", "ratio_low", "ratio_high", "more", "invitations")
TOLD_OF_INVITED = ("invited", "response_rate", "rate_low", "rate_high", "invitations")


def representation(
    panel: Any,
    pop: Population,
    *,
    by: Hashable | None = None,
    invited: Any = None,
    size: float | None = None,
    method: str = "goodman",
    level: float = 0.95,
) -> Representation:
    """Set a panel, or those who answered, beside the population: who is there, who is missing, whom to invite.

    Parameters
    ----------
    panel : mapping or Series of group to number; DataFrame, places × groups; or Population
        How many members there are of each group; with `by`, of each place, such as ``pd.crosstab(people["county"],
        people["group"])``. Groups and places that are not there have no member.
    pop : Population
        Who lives where.
    by : hashable, optional
        Name of a tier of the population: every place of it is set beside its own people.
    invited : as `panel`, optional
        How many were invited; response rates follow.
    size : float, optional
        How many members a panel is to have (in each place); numbers of groups are rounded up, so that it may become some
        more. Without, as few as can be while nobody leaves.
    method : {"goodman", "wilson", "exact"}
        Of the intervals: those of all groups of a place hold at once (Goodman 1965: Wilson's at the level 1 − (1 −
        level)/k for k groups); of each group alone (Wilson 1927); of each alone, and never too short (Clopper & Pearson
        1934).
    level : float
        Of the intervals.

    Returns
    -------
    Representation
        `.to_frame()`, and `.distance`.

    Raises
    ------
    GroupError
        If the panel has groups that the population has not.
    DataError
        If numbers are no whole numbers, or there are more members than people, or than were invited.

    Warns
    -----
    UndefinedWarning
        If a place has no member, or nobody of a group answered: how many to invite is then not known.

    Notes
    -----
    Intervals are those of a panel drawn by lot. A panel of those who came forward by themselves is none: then they say
    how far chance alone could have brought it, not whom it speaks for. Presence in proportion is one idea of fairness
    among others; small groups may need more than their share to be heard. Membership in a group is for each person to
    say, and is asked only where the law allows it.

    References
    ----------
    Goodman, L. (1965), On simultaneous confidence intervals for multinomial proportions, Technometrics 7(2), 247–254.
    Brown, L., Cai, T. & DasGupta, A. (2001), Interval estimation for a binomial proportion, Statistical Science 16(2),
    101–133.

    Examples
    --------
    Of 100 people 60 are a; of 20 members 15. For 15 of a to be 60 %, there must be 25 in all: 5 more, all of b.

    >>> town = sgt.Population([[60], [40]], groups=["a", "b"])
    >>> found = sgt.representation({"a": 15, "b": 5}, town, invited={"a": 20, "b": 10})
    >>> found.to_frame()[["share", "panel_share", "ratio", "more", "response_rate", "invitations"]].round(2)
           share  panel_share  ratio  more  response_rate  invitations
    group
    a        0.6         0.75   1.25   0.0           0.75          0.0
    b        0.4         0.25   0.62   5.0           0.50         10.0
    """
    pop = as_population(pop)
    level = checked_level(level)
    how = one_of(method, "method", METHODS)
    if size is not None:
        size = real_number(size, "size", 1, "a number of members", whole=True)
    people = _people(pop, by)
    members = _counted(panel, "panel", people, by)
    asked = None if invited is None else _counted(invited, "invited", people, by)
    _refuse_more(members, people, "members", "people of the population")
    if asked is not None:
        _refuse_more(asked, people, "invited", "people of the population")
        _refuse_more(members, asked, "members", "invited")
    return Representation(people, members, asked, size, how, level, by)


def _people(pop: Population, by: Hashable | None) -> pd.DataFrame:
    """People of each place and group."""
    groups = pop.group_index("group")
    if by is None:
        return pd.DataFrame([pop.group_totals], index=[EVERYWHERE], columns=groups)
    tiers = pop.tiers
    if tiers is None or by not in tiers:
        msg = f"no tier {by!r}; there are {listed(() if tiers is None else tiers)}. Name tiers= when reading"
        raise DataError(msg)
    counts = pd.DataFrame(pop.counts.reshape(len(groups), -1).T.astype(np.float64), columns=groups)
    found: pd.DataFrame = counts.groupby(tiers[by].to_numpy()).sum()
    return found


def _counted(given: Any, what: str, people: pd.DataFrame, by: Hashable | None) -> pd.DataFrame:
    """Whole numbers of each place and group, in the order of the people."""
    if isinstance(given, Population):
        table = _people(given, by)
    elif isinstance(given, pd.DataFrame) and by is not None:
        table = given
    elif isinstance(given, (Mapping, pd.Series)) and by is None:
        if isinstance(given, pd.Series) and not given.index.is_unique:
            msg = f"{what} names {listed(given.index[given.index.duplicated()].unique())} more than once: add them up"
            raise GroupError(msg)
        table = pd.DataFrame([dict(given.items())], index=[EVERYWHERE])
    else:
        wanted = "a number for each group" if by is None else f"a frame, places of {by!r} × groups"
        msg = f"{what} must be {wanted}, or a Population, not {type(given).__name__}"
        raise DataError(msg)
    for axis, known, error in ((table.columns, people.columns, GroupError), (table.index, people.index, DataError)):
        strange = [label for label in axis if label not in known]
        if strange or not axis.is_unique:
            wrong = f"does not know {listed(strange)}" if strange else "would need each once"
            msg = f"{what} names {listed(axis)}; the population {wrong}: it has {listed(known)}"
            raise error(msg)
    numbers = table.apply(pd.to_numeric, errors="coerce")
    wrong_cells = ~(np.isfinite(numbers) & (numbers >= 0) & (numbers == numbers.round()))
    if wrong_cells.to_numpy().any():
        rows, columns = (table.index[wrong_cells.any(axis=1)], table.columns[wrong_cells.any(axis=0)])
        msg = f"{what} must be whole numbers of people; correct {listed(columns)} in {listed(rows)}"
        raise DataError(msg)
    found: pd.DataFrame = numbers.reindex(index=people.index, columns=people.columns).fillna(0).astype(np.float64)
    return found


def _refuse_more(few: pd.DataFrame, many: pd.DataFrame, what: str, than: str) -> None:
    """Refuse more of a part than of the whole."""
    beyond = few > many + 1e-9
    if beyond.to_numpy().any():
        groups, places = few.columns[beyond.any(axis=0)], few.index[beyond.any(axis=1)]
        msg = f"more {what} than {than}, in group {listed(groups)} of {listed(places)}: are groups and places the same?"
        raise DataError(msg)


@dataclass(frozen=True, eq=False)
class Representation:
    """A panel beside the population; made by `representation`.

    Attributes
    ----------
    people, members : DataFrame
        How many there are of each place and group.
    invited : DataFrame or None
        How many were invited.
    size : float or None
        How many members there are to be.
    method : str
        Of the intervals.
    level : float
        Of the intervals.
    by : hashable
        Tier of the places, None where there is one place.

    Examples
    --------
    Of 100 people 60 are a; of 20 members 15.

    >>> found = sgt.representation({"a": 15, "b": 5}, sgt.Population([[60], [40]], groups=["a", "b"]))
    >>> found.to_frame()["ratio"].round(3).to_dict()
    {'a': 1.25, 'b': 0.625}
    """

    people: pd.DataFrame = field(repr=False)
    members: pd.DataFrame = field(repr=False)
    invited: pd.DataFrame | None = field(repr=False)
    size: float | None
    method: str
    level: float
    by: Hashable | None

    @cached_property
    def _table(self) -> pd.DataFrame:
        """One row a place and group, nothing withheld."""
        n, people = self.members.to_numpy(), self.people.to_numpy()
        total = n.sum(axis=1, keepdims=True)
        everyone = people.sum(axis=1, keepdims=True)
        share = people / np.where(everyone > 0, everyone, np.nan)
        here = np.where(total > 0, n / np.where(total > 0, total, 1), np.nan)
        low, high = interval_of_shares(n, np.broadcast_to(total, n.shape), self.method, self.level)
        there = np.where(share > 0, share, np.nan)
        more = self._more(n, share)
        columns = {
            "people": people,
            "share": share,
            "panel": n,
            "panel_share": here,
            "low": low,
            "high": high,
            "ratio": here / there,
            "ratio_low": low / there,
            "ratio_high": high / there,
            "more": more,
        }
        if self.invited is not None:
            asked = self.invited.to_numpy()
            rate = np.where(asked > 0, n / np.where(asked > 0, asked, 1), np.nan)
            rate_low, rate_high = interval_of_shares(n, asked, self.method, self.level)
            needed = np.ceil(more / np.where(rate > 0, rate, np.nan) - 1e-9)
            columns |= {"invited": asked, "response_rate": rate, "rate_low": rate_low, "rate_high": rate_high}
            columns["invitations"] = np.where(more > 0, needed, 0.0 * more)
        rows = pd.MultiIndex.from_product([self.people.index, self.people.columns], names=[self.by, "group"])
        frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=rows)
        return frame if self.by is not None else frame.droplevel(0)

    def _more(self, members: Floats, share: Floats) -> Floats:
        """Further members of each group, so that all are there in proportion and nobody leaves; NaN where nobody is yet."""
        if self.size is not None:
            return np.asarray(np.maximum(np.ceil(self.size * share - members - 1e-9), 0))
        aim = np.max(np.where(share > 0, members / np.where(share > 0, share, 1), 0), axis=1, keepdims=True)
        return np.asarray(np.where(aim > 0, np.maximum(np.ceil(aim * share - members - 1e-9), 0), np.nan))

    @property
    def distance(self) -> Any:
        """Share of the panel that would have to be of other groups to mirror the population: half the sum of differences.

        One value, or one a place.
        """
        n, people = self.members.to_numpy(), self.people.to_numpy()
        total = n.sum(axis=1)
        apart = np.abs(
            n / np.where(total > 0, total, np.nan)[:, np.newaxis]
            - people / np.where(people.sum(axis=1) > 0, people.sum(axis=1), np.nan)[:, np.newaxis]
        )
        values = pd.Series(apart.sum(axis=1) / 2, index=self.people.index, name="distance")
        return values if self.by is not None else float(values.iloc[0])

    def to_frame(self, *, export: bool = False, min_count: float = 5) -> pd.DataFrame:
        """Return one row a group, or a place and group.

        Parameters
        ----------
        export : bool
            Whether the frame leaves the house: members (or people invited, or who did not answer) above 0 and below
            `min_count` become missing, with all that would tell of them, and with other cells from which they could be
            had.
        min_count : float
            Smallest count that is published.

        Returns
        -------
        DataFrame
            `people` and `share` of the population; `panel` (members) and `panel_share`, with the ends of its interval,
            `low` and `high`; `ratio` (panel_share over share: 1 in proportion), `ratio_low`, `ratio_high`; `more`:
            further members, so that all groups are there in proportion. With `invited` also `invited`, `response_rate`,
            `rate_low`, `rate_high`, and `invitations`: how many more to invite for these members, at the same rate of
            response.

        Warns
        -----
        UndefinedWarning
            If a place has no member, or nobody of a group answered.
        """
        frame = self._table.copy()
        if frame[["panel_share", "more"]].isna().to_numpy().any():
            places = self.members.index[self.members.sum(axis=1) == 0]
            warn(f"the panel has no member in {listed(places)}: shares there are undefined (NaN)", UndefinedWarning)
        elif "invitations" in frame and frame["invitations"].isna().any():
            groups = frame.index[frame["invitations"].isna()]
            warn(f"nobody of {listed(groups)} answered: how many to invite is not known (NaN)", UndefinedWarning)
        if not export:
            return frame
        least = real_number(min_count, "min_count", 0, "a number of people")
        members, people = self.members.to_numpy(), self.people.to_numpy()
        hidden, nameless = _hidden([members, people - members], least)
        few, _ = _hidden([people], least)  # of the population: the sum goes with them
        columns = [name for name in TOLD_OF_MEMBERS if name in frame]
        shares = [name for name in columns if name != "panel"]
        if self.invited is not None:
            invited = self.invited.to_numpy()
            silent, _ = _hidden([members, invited - members, invited], least)
            frame.loc[(silent | hidden).ravel(), [*TOLD_OF_INVITED]] = np.nan
            frame.loc[_of_place(silent), ["invitations"]] = np.nan
        of_all = [name for name in ("more", "invitations") if name in frame]  # they tell of the other groups too
        frame.loc[hidden.ravel(), columns] = np.nan
        frame.loc[_of_place(nameless[:, np.newaxis] & np.ones_like(hidden)), shares] = np.nan
        frame.loc[_of_place(hidden), of_all] = np.nan
        frame.loc[few.ravel(), ["people", *columns]] = np.nan
        frame.loc[
            _of_place(few), ["share", *(name for name in shares if name not in ("panel_share", "low", "high"))]
        ] = np.nan
        return frame

    @property
    def _title(self) -> str:
        return f"{self.members.to_numpy().sum():,.0f} members beside {self.people.to_numpy().sum():,.0f} people"

    def __str__(self) -> str:
        return f"{self._title}:\n{self._table.to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self._table.reset_index(), self._title)


def _hidden(kinds: list[Floats], least: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Choose the cells, places × groups, of which counts are not told, and places of which their sum is not."""
    lines = np.stack([withheld_in_line(np.stack(counts), least) for counts in zip(*kinds, strict=True)])
    return lines[:, :-1], lines[:, -1]


def _of_place(hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for every row of the frame whether something of its place is hidden."""
    return np.repeat(hidden.any(axis=1), hidden.shape[1])


def interval_of_shares(counts: Floats, totals: Floats, method: str, level: float) -> tuple[Floats, Floats]:
    """Give the ends of the intervals of shares.

    Parameters
    ----------
    counts : ndarray of shape (places, groups)
        How many of each.
    totals : ndarray of the same shape
        Of how many; NaN follows where there are none.
    method : {"goodman", "wilson", "exact"}
        As in `representation`.
    level : float
        Of the intervals.

    Returns
    -------
    low, high : ndarray of shape (places, groups)
        0 where there is none, 1 where there are no others.

    Examples
    --------
    >>> low, high = interval_of_shares(np.array([[5.0, 15]]), np.array([[20.0, 20]]), "wilson", 0.95)
    >>> low.round(3), high.round(3)
    (array([[0.112, 0.531]]), array([[0.469, 0.888]]))
    """
    from scipy.stats import beta, norm

    n = np.where(totals > 0, totals, np.nan)
    tail = (1 - level) / 2
    if method == "exact":
        low, high = beta.ppf(tail, counts, n - counts + 1), beta.ppf(1 - tail, counts + 1, n - counts)
    else:
        z = norm.isf(tail / counts.shape[1] if method == "goodman" else tail)
        middle, spread = counts + z**2 / 2, z * np.sqrt(counts * (n - counts) / n + z**2 / 4)
        low, high = (middle - spread) / (n + z**2), (middle + spread) / (n + z**2)
    none, all_of_them = (counts == 0) & (totals > 0), (counts == totals) & (totals > 0)
    return np.where(none, 0.0, low), np.where(all_of_them, 1.0, high)
