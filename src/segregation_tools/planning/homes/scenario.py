"""What if homes were built, demolished or let under another tenure: indices before and after, and who bears it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import (
    begun_by,
    checked_level,
    mean_of,
    measurable,
    quantiles,
    replicated,
)
from segregation_tools.errors import CapabilityError, OptionError, listed
from segregation_tools.indices.evenness import dissimilarity, information_theory
from segregation_tools.indices.index import Index
from segregation_tools.kernels.grouping import sum_by_code
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.planning.goals import Chosen, Goal, measured_by, minimize
from segregation_tools.planning.homes.changes import Changes, read_changes
from segregation_tools.planning.homes.mixes import Mixes, read_mixes
from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.homes.changes import Pool
    from segregation_tools.population.environment import Environment

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Seeds = NDArray[np.uint64]

__all__ = ["Scenario", "Wanted", "wanted", "what_if"]

TIE = 1e-12  # changes that are smaller are none
BETTER_LARGE = ("diversity", "exposure")  # dimensions of which a single value is better if it is larger


def what_if(
    pop: Population | pd.DataFrame,
    changes: pd.DataFrame,
    *,
    tenures: pd.DataFrame | None = None,
    households: pd.DataFrame | None = None,
    stock: pd.DataFrame | None = None,
    indices: Index | Goal | Sequence[Index | Goal] = (dissimilarity, information_theory),
    environments: Mapping[Hashable, Environment | None] | None = None,
    draws: int = 999,
    level: float = 0.95,
    rng: np.random.Generator | int | None = None,
) -> Scenario:
    """Ask what indices would be if homes were built, demolished or let under another tenure, and who would have to leave.

    Who moves in and who is displaced is drawn many times, so that every value comes with the interval in which what really
    happens is expected to lie.

    Parameters
    ----------
    pop : Population
        Who lives where today, everyone in a group; with a local environment, indices are those of that environment.
    changes : DataFrame
        One row a change, in any order:

        ===============  ==================================================================================================
        ``unit``         where the homes are, a label of the population's units
        ``homes``        how many, a whole number: above 0 they are built, below 0 demolished
        ``tenure``       whose households move in; of demolished homes, whose homes they are
        ``from_tenure``  optional: the homes (``homes`` above 0) are there today and change from this tenure to ``tenure``:
                         those who live in them are displaced, and households of the new tenure move in
        ``to``           optional, of homes demolished or changed: the unit where the displaced are rehoused, which may be
                         the same; where it is empty they leave the area
        ===============  ==================================================================================================

        The displaced are rehoused in homes that are not among those of the table: of 100 homes built where 60 are kept for
        them, enter 40. Sitting tenants who buy their homes change nothing in who lives where: leave them out.
    tenures : DataFrame, optional
        Tenure × group: mean persons by group per home. A home then has as many persons as one of the tenure has on average
        (rounded up or down by chance), all of one group.
    households : DataFrame, optional
        A sample of households: column `tenure`, and persons by group; other columns are not read. Of tenures that are in it
        the households that move in, and how sure their mix is, are drawn from it. This or `tenures` is needed.
    stock : DataFrame, optional
        Unit × tenure: homes of today, at least of the units in which homes are vacated, vacant ones included. With it the
        displaced are those who live in homes of that tenure; without it, any residents of the unit.
    indices : Index or Goal, or sequence of them
        What is measured. An index with one value, ``sgt.minimize(sgt.isolation, of="black")`` for one of an index that
        has several, ``sgt.maximize(...)`` where larger is better. Of an index as such smaller is better, of diversity and
        exposure larger.
    environments : mapping, optional
        Name → environment, None for the units themselves: indices are measured in each. Without it, in that of `pop`.
    draws : int
        How many outcomes are drawn.
    level : float
        How often intervals hold what really happens.
    rng : Generator or int
        Source of chance. Draw r of a seed is the same whatever the number of draws and the order of rows.

    Returns
    -------
    Scenario
        `.before`, `.after`, `.change`, `.population`, `.ledger`, `.burden()`, `.removal`, `.draws`.

    Raises
    ------
    DataError
        If rows name units or tenures that are not known, contradict themselves, or vacate more homes than there are.
    CapabilityError
        If some people belong to no group, or an index has several values.
    OptionError
        If households of tenures are not known, or options are out of their range.

    Notes
    -----
    Moving in: of a tenure in `households`, shares of the kinds of household are drawn by the Bayesian bootstrap (Rubin
    1981), once for all homes of the tenure, and the homes by a multinomial; of a tenure in `tenures` alone, whose means are
    taken to be known exactly, by a multinomial. Every home that is built finds a household.

    Moving out: the residents of a unit are housed by group, in as many homes as the mean persons per home make of them (at
    most all of the `stock`; others stand vacant). Sizes of these households vary as those of the sampled ones do; without a
    sample they are about equal. The homes that are vacated are drawn from all of them alike, without replacement. With
    `stock`, which residents live in homes of which tenure is drawn first, each of group g with chances in proportion to
    homes × mean persons of g per home.

    Everybody else stays. The values say nothing of rents, of those who move because others do (see `relocation_stress`), or
    of what residents want.

    References
    ----------
    Rubin, D. B. (1981), The Bayesian bootstrap, Annals of Statistics 9, 130–134.

    Examples
    --------
    >>> pop = sgt.Population([[900, 100], [100, 900]], ["a", "b"], units=["west", "east"])
    >>> tenures = pd.DataFrame({"a": [0.4, 1.8], "b": [1.6, 0.2]}, index=["social", "owned"])
    >>> changes = pd.DataFrame({"unit": ["west"], "homes": [100], "tenure": ["social"]})
    >>> found = sgt.what_if(pop, changes, tenures=tenures, indices=sgt.dissimilarity, draws=200, rng=7)
    >>> found.change[["before", "after"]].round(2).loc["dissimilarity"].tolist()
    [0.8, 0.68]
    >>> found.ledger[["before", "arrived", "displaced", "after"]].round(-1).loc["all"].tolist()
    [2000.0, 200.0, 0.0, 2200.0]
    """
    pop = as_population(pop)
    if pop.with_rest() is not pop:
        msg = "some people belong to none of the groups, and could be displaced: read them as a group, pop.with_rest()"
        raise CapabilityError(msg)
    found = wanted(indices)
    places = _places(pop, environments)
    number = int(real_number(draws, "draws", 1, "a whole number of outcomes", whole=True))
    level = checked_level(level)
    mixes = read_mixes(pop, tenures, households)
    lots = _Lots(pop, read_changes(pop, changes, mixes, stock), mixes)
    root = begun_by(rng)
    seeds = seeds_of(root, 0, number)
    moves = [lots.drawn(seed) for seed in seeds]
    at = {int(seed): r for r, seed in enumerate(seeds)}

    def values(there: Any) -> Floats:
        def tables(some: Seeds) -> Floats:
            return np.stack([there(moves[at[int(seed)]]) for seed in some])

        return found.taken(replicated(found.indices, list(places.values()), tables, root, 0, number), pop)

    after = values(lots.after)
    stayed = values(lots.had_they_stayed) if lots.leaves.any() else after
    today = np.concatenate([np.ravel(index(place)) for place in places.values() for index in found.indices])
    names = found.names(None if environments is None else places)
    return Scenario(
        pop=pop,
        before=pd.Series(found.taken(today[np.newaxis], pop)[0], index=names, name="before"),
        draws=pd.DataFrame(after, columns=names),
        draws_had_they_stayed=pd.DataFrame(stayed, columns=names),
        better=np.tile(found.better, len(places)),
        moved=np.stack([lots.summed(move) for move in moves]),
        counts=lots.after(_Move(*(np.mean(people, axis=0) for people in zip(*moves, strict=True)))),
        lots=lots,
        level=level,
        seed=root,
    )


class Wanted(NamedTuple):
    """Measures that are asked for.

    Attributes
    ----------
    indices : list of Index
        What is measured.
    labels : list of str
        Names of the values that are kept.
    chosen : list of (int, tuple)
        Which index each of them is of, and of which groups, where it has several.
    better : ndarray of shape (measures,)
        −1 where smaller is better, 1 where larger is.
    """

    indices: list[Index]
    labels: list[str]
    chosen: list[tuple[int, tuple[Any, ...]]]
    better: Floats

    def taken(self, values: Floats, pop: Population) -> Floats:
        """Keep the values asked for, in each place, of all that indices have.

        Parameters
        ----------
        values : ndarray of shape (draws, places × values)
            As `replicated` gives them.
        pop : Population
            With the groups.

        Returns
        -------
        ndarray of shape (draws, places × measures)
        """
        many = len(pop.groups)
        widths = [{"groups": many, "matrix": many * many}.get(index.answer, 1) for index in self.indices]
        begins = np.concatenate([[0], np.cumsum(widths)])
        columns = []
        for index, of in self.chosen:
            place = 0
            for group in of:
                place = place * many + pop.groups.index(group)
            columns.append(begins[index] + place)
        by_place = values.reshape(len(values), -1, begins[-1])
        return by_place[:, :, columns].reshape(len(values), -1)

    def names(self, places: Mapping[Hashable, Any] | None) -> pd.Index[Any]:
        """Label measures, in several places by both."""
        if places is None:
            return pd.Index(self.labels, name="measure")
        return pd.MultiIndex.from_product([list(places), self.labels], names=["environment", "measure"])


def wanted(indices: Any) -> Wanted:
    """Read which indices are asked for.

    Parameters
    ----------
    indices : Index, Goal, or sequence of them
        What was given.

    Returns
    -------
    Wanted

    Raises
    ------
    OptionError, CapabilityError
        If something else is among them, one comes twice, or an index has several values.
    """
    given = list(indices) if isinstance(indices, (list, tuple)) else [indices]
    terms: list[tuple[float, Any]] = []
    for one in given:
        if isinstance(one, Goal):
            terms.extend((-weight, what) for weight, what in one.terms)
        else:
            index = measurable(one)
            minimize(index)  # refuses what has several values, and says which to take
            terms.append((1.0 if index.about.dimension in BETTER_LARGE else -1.0, index))
    wrong = [what for _, what in terms if not isinstance(what, (Index, Chosen))]
    if wrong or not terms:
        msg = f"indices must be indices, such as [sgt.dissimilarity], not {listed(map(measured_by, wrong)) or 'none'}"
        raise OptionError(msg)
    labels = [measured_by(what) for _, what in terms]
    if len(set(labels)) < len(labels):
        msg = f"each index once, since its name stands for its value: {listed(labels, 20)}"
        raise OptionError(msg)
    known: list[Index] = []
    chosen = []
    for _, what in terms:
        index = what.index if isinstance(what, Chosen) else what
        if index not in known:
            known.append(index)
        chosen.append((known.index(index), what.of if isinstance(what, Chosen) else ()))
    return Wanted(known, labels, chosen, np.sign([weight for weight, _ in terms]))


def _places(pop: Population, environments: Any) -> dict[Hashable, Population]:
    if environments is None:
        return {None: pop}
    if not isinstance(environments, Mapping) or not environments:
        msg = (
            f"environments must be a mapping of name to environment, {{'1 km': sgt.Radius(1000)}}, not {environments!r}"
        )
        raise OptionError(msg)
    if pop.surroundings is not None:
        msg = "the population has an environment already: give it without one, and all of them in environments="
        raise CapabilityError(msg)
    return {name: pop if recipe is None else pop.within(recipe) for name, recipe in environments.items()}


class _Move(NamedTuple):
    """One outcome: persons by group who move into each lot built, and out of each lot vacated."""

    arrived: NDArray[Any]
    displaced: NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Lots:
    """Changes of homes, and how who moves is drawn."""

    pop: Population
    changes: Changes
    mixes: Mixes

    @property
    def leaves(self) -> NDArray[np.bool_]:
        """Of which vacated lots the displaced leave the area."""
        gone: NDArray[np.bool_] = self.changes.vacated[1] < 0
        return gone

    @cached_property
    def today(self) -> Floats:
        return self.pop.counts.reshape(len(self.pop.groups), -1).astype(np.float64)

    def drawn(self, seed: Any) -> _Move:
        """Draw who moves: those who come from one stream, those who go from another."""
        _, tenure, homes = self.changes.built
        arrived = self.mixes.moving_in(np.random.default_rng((int(seed), 0)), tenure, homes)
        displaced = np.zeros((len(self.pop.groups), len(self.leaves)), dtype=np.int64)
        rng = np.random.default_rng((int(seed), 1))
        housed: dict[int, Whole] = {}
        for pool in self.changes.pools:
            unit = pool.unit
            if unit not in housed:
                people = np.rint(self.today[:, unit]).astype(np.int64)
                shares = self.changes.shares.get(unit)
                housed[unit] = people if shares is None else rng.multinomial(people, shares)
            residents = housed[unit] if pool.tenure < 0 else housed[unit][:, pool.tenure]
            displaced[:, pool.rows] = _moving_out(rng, residents, pool, self.changes.vacated[2][pool.rows])
        return _Move(arrived, displaced)

    def after(self, move: _Move) -> Floats:
        """Count who lives where afterwards, in the shape of the counts."""
        unit, to, _ = self.changes.vacated
        stays = ~self.leaves
        counts = self.today + self._placed(move.arrived, self.changes.built[0])
        counts += self._placed(move.displaced[:, stays], to[stays]) - self._placed(move.displaced, unit)
        return counts.reshape(self.pop.counts.shape)

    def had_they_stayed(self, move: _Move) -> Floats:
        """Count the same if those who left the area lived where they did, beside the new homes."""
        back = self._placed(move.displaced[:, self.leaves], self.changes.vacated[0][self.leaves])
        return self.after(move) + back.reshape(self.pop.counts.shape)

    def _placed(self, people: NDArray[Any], units: NDArray[np.intp]) -> Floats:
        return sum_by_code(people, units, self.today.shape[1])

    def summed(self, move: _Move) -> Whole:
        """Add up by group who arrived, was displaced, and left: shape (groups, 3)."""
        left = move.displaced[:, self.leaves].sum(axis=1)
        return np.stack([move.arrived.sum(axis=1), move.displaced.sum(axis=1), left], axis=1)


def _moving_out(rng: np.random.Generator, residents: Whole, pool: Pool, homes: Whole) -> Whole:
    """Draw whom the homes of each row held: residents by group, housed one group after the other; shape (groups, rows)."""
    people = int(residents.sum())
    occupied = min(pool.homes, max(round(people / float(pool.sizes @ pool.chances)), int(people > 0)))
    chosen = rng.permutation(pool.homes)[: homes.sum()]
    row = np.repeat(np.arange(len(homes)), homes)[chosen < occupied]
    home = chosen[chosen < occupied]
    if not len(home):
        return np.zeros((len(residents), len(homes)), dtype=np.int64)
    sizes = np.cumsum(rng.choice(pool.sizes, occupied, p=pool.chances))
    doors = np.concatenate([[0], np.rint(sizes * (people / sizes[-1]))]).astype(np.int64)
    first, last = doors[home], doors[home + 1]
    ends = np.cumsum(residents)
    inside = np.minimum(last, ends[:, np.newaxis]) - np.maximum(first, (ends - residents)[:, np.newaxis])
    return sum_by_code(np.maximum(inside, 0), row, len(homes)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Scenario:
    """Indices before and after changes of homes, and who moves.

    Attributes
    ----------
    pop : Population
        Of today.
    before : Series
        Measures today; by environment, too, where there are several.
    draws : DataFrame
        Draws × measures: what was measured in each outcome.
    draws_had_they_stayed : DataFrame
        The same, if those who left the area lived where they did, beside the new homes.
    better : ndarray of shape (measures,)
        −1 where smaller is better, 1 where larger is.
    moved : ndarray of int, shape (draws, groups, 3)
        Persons who arrived, were displaced, and left the area.
    counts : ndarray
        Mean people in each unit afterwards, in the shape of the population's counts.
    lots : object
        What outcomes are drawn from.
    level : float
        How often intervals hold what really happens.
    seed : int
        With which the draws began.

    Examples
    --------
    >>> pop = sgt.Population([[900, 100], [100, 900]], ["a", "b"], units=["west", "east"])
    >>> tenures = pd.DataFrame({"a": [0.4], "b": [1.6]}, index=["social"])
    >>> changes = pd.DataFrame({"unit": ["west"], "homes": [100], "tenure": ["social"]})
    >>> found = sgt.what_if(pop, changes, tenures=tenures, indices=sgt.dissimilarity, draws=50, rng=7)
    >>> bool((found.after < found.before).all()), float(found.ledger["displaced"].sum())
    (True, 0.0)
    """

    pop: Population = field(repr=False)
    before: pd.Series[Any]
    draws: pd.DataFrame = field(repr=False)
    draws_had_they_stayed: pd.DataFrame = field(repr=False)
    better: Floats = field(repr=False)
    moved: Whole = field(repr=False)
    counts: Floats = field(repr=False)
    lots: _Lots = field(repr=False)
    level: float
    seed: int

    @property
    def after(self) -> pd.Series[Any]:
        """Measures afterwards: mean over the draws."""
        return pd.Series(mean_of(self.draws.to_numpy()), index=self.before.index, name="after")

    @cached_property
    def change(self) -> pd.DataFrame:
        """What changes, one row a measure.

        Returns
        -------
        DataFrame
            `before`, `after`, `change`; `low` and `high`, between which the change lies with the chance `level`;
            `had_they_stayed`, the value if those who left the area lived where they did, beside the new homes, with
            `change_had_they_stayed`; and `removal`.
        """
        frame = pd.DataFrame({"before": self.before, "after": self.after})
        frame["change"] = frame["after"] - frame["before"]
        frame["low"], frame["high"] = self._interval(self.draws)
        frame["had_they_stayed"] = mean_of(self.draws_had_they_stayed.to_numpy())
        frame["change_had_they_stayed"] = frame["had_they_stayed"] - frame["before"]
        frame["removal"] = self._removal(frame)
        return frame

    def _interval(self, draws: pd.DataFrame) -> Floats:
        """Give the ends between which the change of each measure lies, shape (2, measures)."""
        tails = np.array([(1 - self.level) / 2, (1 + self.level) / 2])
        return quantiles(draws.to_numpy() - self.before.to_numpy(), tails)

    def _removal(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        better = self.better
        gain = better * frame["change"].to_numpy()
        kept = better * frame["change_had_they_stayed"].to_numpy()
        sure, still = (
            np.where(better < 0, -high, low) > TIE
            for low, high in (self._interval(draws) for draws in (self.draws, self.draws_had_they_stayed))
        )
        mostly = kept < gain / 2
        found: NDArray[np.bool_] = (gain > TIE) & (mostly | (sure & ~still)) & bool(self.moved[:, :, 2].any())
        return found

    @property
    def removal(self) -> pd.Series[Any]:
        """Improvement by removal: whether a measure gets better mostly because some have left the area.

        True where the measure improves, and would improve by less than half as much, on average, if those who left lived
        where they did, beside the new homes; or where that it improves is sure at the `level` now, and would not be then.
        """
        return self.change["removal"]

    @cached_property
    def population(self) -> Population:
        """Expected population afterwards, in the environment of today's."""
        return self.pop.redrawn(self.counts.copy())

    def outcome(self, draw: int) -> Population:
        """Return the population of one draw: whole people, as they could live afterwards.

        Parameters
        ----------
        draw : int
            Number of the draw, from 0.

        Returns
        -------
        Population
        """
        number = int(real_number(draw, "draw", 0, "the number of a draw", whole=True))
        (seed,) = seeds_of(self.seed, number, number + 1)
        return self.pop.redrawn(self.lots.after(self.lots.drawn(seed)))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Who comes and goes, one row a group and one for all: means over the draws.

        Returns
        -------
        DataFrame
            `before`, `arrived` (in new homes, and in those that change tenure), `displaced`, of whom `rehoused` and `left`
            (the area), and `after` = before + arrived − left.
        """
        return self._with_all(self._counted(self.moved.mean(axis=0)))

    def _counted(self, moved: Any) -> dict[str, Floats]:
        arrived, displaced, left = np.asarray(moved).T
        before = self.pop.group_totals
        return {
            "before": before,
            "arrived": arrived,
            "displaced": displaced,
            "rehoused": displaced - left,
            "left": left,
            "after": before + arrived - left,
        }

    def _with_all(self, columns: Mapping[str, Any]) -> pd.DataFrame:
        rows = pd.Index(groups_and_all(self.pop.groups), name="group", tupleize_cols=False)
        return pd.DataFrame({name: [*column, np.sum(column)] for name, column in columns.items()}, index=rows)

    def burden(self) -> pd.DataFrame:
        """Tell by group whom the changes displace.

        Returns
        -------
        DataFrame
            One row a group, and one for all: `people` in the area; `displaced` on average, between `displaced_low` and
            `displaced_high` with the chance `level`; `share_displaced` of the people; `ratio_displaced`, that share over the
            one of all (above 1: the group bears more than its part); `in_units`, people in the units where homes are
            vacated; `share_in_units` and `ratio_in_units`, the same of these; `left` and `share_left`, displaced who leave
            the area.
        """
        here = self.lots.today[:, np.unique(self.lots.changes.vacated[0])].sum(axis=1)
        ledger = self.ledger
        frame = self._with_all({"people": self.pop.group_totals}).assign(displaced=ledger["displaced"])
        of_groups = self.moved[:, :, 1].astype(np.float64)
        everyone = np.column_stack([of_groups, of_groups.sum(axis=1)])
        tails = np.array([(1 - self.level) / 2, (1 + self.level) / 2])
        frame["displaced_low"], frame["displaced_high"] = quantiles(everyone, tails)
        frame["share_displaced"] = _share(frame["displaced"], frame["people"])
        frame["ratio_displaced"] = _share(frame["share_displaced"], frame["share_displaced"].iloc[-1])
        frame["in_units"] = self._with_all({"in_units": here})["in_units"]
        frame["share_in_units"] = _share(frame["displaced"], frame["in_units"])
        frame["ratio_in_units"] = _share(frame["share_in_units"], frame["share_in_units"].iloc[-1])
        frame["left"] = ledger["left"]
        frame["share_left"] = _share(frame["left"], frame["people"])
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure: the columns of `change`.

        Returns
        -------
        DataFrame
        """
        return self.change.copy()

    @property
    def _title(self) -> str:
        everyone = self.ledger.iloc[-1]
        return (
            f"{everyone['arrived']:,.0f} people move in and {everyone['displaced']:,.0f} are displaced, of whom "
            f"{everyone['left']:,.0f} leave the area; {len(self.draws):,} draws"
        )

    def __str__(self) -> str:
        warned = [str(name) for name in self.change.index[self.change["removal"]]]
        told = f"\nimprovement by removal: most of that of {listed(warned)} is due to those who left" if warned else ""
        return f"{self._title}\n{self.change.to_string(float_format='{:.4f}'.format)}{told}"

    def _repr_html_(self) -> str:
        return as_html(self.change.reset_index().astype(object), self._title)


def _share(part: Any, whole: Any) -> Any:
    """Divide, NaN where there is nothing to divide by."""
    whole = np.broadcast_to(np.asarray(whole, dtype=np.float64), np.shape(part))
    parts = np.asarray(part, dtype=np.float64)
    return np.divide(parts, whole, out=np.full(parts.shape, np.nan), where=whole > 0)
