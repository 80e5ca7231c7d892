"""Schools of several levels in one plan: zones of each, and how few pupils are parted from those they come up with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import begun_by
from segregation_tools.errors import DataError, OptionError, SegregationError, listed
from segregation_tools.planning.goals import Measure, feeder_parts, measured_by, minimize, parted, split_feeders
from segregation_tools.planning.plan import Plan, check
from segregation_tools.planning.problem import read_problem
from segregation_tools.planning.progress import spent, telling
from segregation_tools.planning.schools import (
    checked_goal,
    checked_length,
    checked_rules,
    root_of,
    searched,
)
from segregation_tools.population.options import real_number
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.progress import Progress, Tell

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Plans = tuple[Plan, ...]  # one a level, from the youngest

__all__ = ["LevelsPlan", "rezone_levels"]

NEEDED, OPTIONAL = ("pupils", "current", "schools", "travel"), ("goal", "constraints")
SEARCHES = 120  # into how many the time is divided
ALONE = 5  # as many of them as the first search of each level stands for
NEAREST = 2  # among how many schools it is drawn to which one a feeder is sent instead
EXCHANGED, MORE = 0.5, 0.4  # how often another feeder comes in exchange, and how often one more is sent elsewhere
HASTE = 1.0  # seconds for a level that has no zones yet when the search is interrupted
BACK = 6  # after how many rounds the walk goes back to the best
SPLIT = split_feeders.name


@dataclass(frozen=True, eq=False)
class LevelsPlan:
    """Zones of schools of several levels, and who goes on with whom.

    Attributes
    ----------
    plans : dict of str to Plan
        Of each level, from the youngest; with the level's own goal.
    split : float
        What it counts if all pupils are parted from most of those they come with, at one level.
    seed : int
        With which the search began.

    Examples
    --------
    >>> levels = {}
    >>> for level, schools in (("elementary", 6), ("middle", 3)):
    ...     town = sgt.synthetic_district(60, schools, rng=1)  # the same blocks each time
    ...     levels[level] = dict(
    ...         pupils=sgt.Population.from_frame(town.blocks, ["a", "b", "c"]),
    ...         current=town.blocks["school"],
    ...         schools=town.schools,
    ...         travel=town.travel,
    ...     )
    >>> found = sgt.rezone_levels(levels, rng=7, steps=50_000)
    >>> list(found.plans), found.before.shape == found.after.shape
    (['elementary', 'middle'], True)
    """

    plans: Mapping[str, Plan]
    split: float
    seed: int

    @property
    def value(self) -> float:
        """The goals of all levels, and what parted pupils count: what was to be small."""
        return _value(tuple(self.plans.values()), self.split)

    @property
    def before(self) -> pd.DataFrame:
        """Measures of today's zones, levels × measures; see `after`."""
        return self._measured("before")

    @property
    def after(self) -> pd.DataFrame:
        """Measures of the plan, levels × measures.

        Those of each level's goal, `moves`, `travel_time`, and `split_feeders`: the share of its pupils who are parted from
        the largest part of those they come with from the level below. NaN of measures that a level's goal does not name, of
        feeders of the youngest level, and, of today, where a school closes.
        """
        return self._measured("after")

    def _measured(self, date: str) -> pd.DataFrame:
        rows = {level: getattr(plan, date) for level, plan in self.plans.items()}
        for (_, lower), (level, upper) in self._neighbours:
            feeders, zone = (_numbered(_labels(plan, date)) for plan in (lower, upper))
            parts = feeder_parts(upper.problem.sizes, feeders, zone, (feeders.max() + 1, zone.max() + 1))
            rows[level] = pd.concat([rows[level], pd.Series({SPLIT: parted(parts)})])
        names = dict.fromkeys(name for row in rows.values() for name in row.index)
        frame = pd.DataFrame([row.reindex(list(names)) for row in rows.values()], index=pd.Index(rows, name="level"))
        return frame[[*frame.columns.drop(SPLIT), SPLIT]]

    @property
    def feeders(self) -> pd.DataFrame:
        """Pupils of each level by the school they come from and that they go to.

        Returns
        -------
        DataFrame
            One row for each level from the second, `feeder` (school of the level below) and `school` that anybody comes from
            and goes to; columns `today` and `plan`, pupils of the level. ``feeders.loc["middle", "plan"].unstack()`` is the
            table of one level.
        """
        tables = {level: _went(lower, upper) for (_, lower), (level, upper) in self._neighbours}
        return pd.concat(tables, names=["level"])

    @property
    def _neighbours(self) -> Iterator[tuple[tuple[str, Plan], tuple[str, Plan]]]:
        return pairwise(self.plans.items())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a block, with geometry where there is any.

        Returns
        -------
        DataFrame or GeoDataFrame
            Of each level, under its name, such as `middle_school`: `_current` (school of today, even where it closes),
            `_school`, `_moved`; and from the second `_parted`: whether most of those who come from the same school go to
            another one.
        """
        columns: dict[str, Any] = {}
        below: Plan | None = None
        for level, plan in self.plans.items():
            columns[f"{level}_current"] = pd.Series(plan.problem.today, index=plan.problem.blocks)
            columns[f"{level}_school"] = plan.assignment
            columns[f"{level}_moved"] = plan.zone != plan.problem.current
            if below is not None:
                columns[f"{level}_parted"] = plan.zone != _parts(below, plan).argmax(axis=1)[below.zone]
            below = plan
        first = next(iter(self.plans.values())).problem
        return first.pupils.geography.placing(pd.DataFrame(columns))

    @property
    def _title(self) -> str:
        many = len(next(iter(self.plans.values())).problem.blocks)
        return f"plan for {len(self.plans)} levels and {many:,} blocks: {', '.join(self.plans)}"

    @property
    def _table(self) -> pd.DataFrame:
        """One row a level and measure."""
        before, after = self.before, self.after
        rows = [(*at, before.loc[at], after.loc[at]) for at in product(after.index, after.columns)]
        table = pd.DataFrame(rows, columns=["level", "measure", "before", "after"])
        return table.dropna(subset=["before", "after"], how="all")

    def __str__(self) -> str:
        return f"{self._title}\n{self._table.to_string(index=False, float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self._table, self._title)


def rezone_levels(
    levels: Mapping[str, Mapping[str, Any]],
    *,
    split: float = 0.25,
    adjacency: Any = None,
    rng: np.random.Generator | int | None = None,
    seconds: float = 10,
    steps: int | None = None,
    progress: Progress = None,
) -> LevelsPlan:
    """Search for the zones of schools of several levels at once, so that few pupils are parted from those they come up with.

    Parameters
    ----------
    levels : mapping of name to mapping
        From the youngest: ``{"elementary": {...}, "middle": {...}, "high": {...}}``. Each level has what `rezone` takes:
        `pupils`, `current`, `schools` and `travel`, and, where wanted, a `goal` and `constraints` of its own. Blocks are the
        same in all; pupils, groups and schools may differ.
    split : float
        What it counts if all pupils of a level are parted from most of those they come with, in points of the goals; 0 or
        more. With 0.25, to part a tenth of the pupils of a level must lower the sum of the goals by 0.025.
    adjacency : sparse matrix or libpysal Graph, optional
        Which blocks touch, for all levels; without, those that share a border, which are looked up level by level.
    rng : Generator or int
        Source of chance. `LevelsPlan.seed` is where it began.
    seconds : float
        How long is searched in all.
    steps : int, optional
        Instead of `seconds`: how many moves are tried in all. The plan is then the same each time, on any number of threads.
    progress : bool or callable, optional
        A bar comes after two seconds where somebody is looking; True: at once, False: never. Or a function,
        ``progress(share done, lowest joint goal so far)``; infinite until all levels have zones.

    Returns
    -------
    LevelsPlan
        The best that was found, at least as good as today's zones where these keep to the rules of all levels. Interrupted
        (Ctrl-C), the best until then.

    Raises
    ------
    OptionError
        If a level lacks something, or says what no level has; or there is one level only.
    DataError
        If levels have different blocks; and as in `rezone`, with the name of the level.
    CapabilityError
        If no plan was found that keeps to all rules of a level.

    Notes
    -----
    What is to be small: the goals of all levels, plus `split` times `split_feeders` of each level from the second. A feeder
    is the school of the level below in the plan, not today's. Pupils of the upper level count, for it is they who are
    parted: 1 − Σ_f max_s n_fs / n, where n_fs of its pupils come from f and go to s.

    That is the least, over all maps t of feeders to schools, of the share of pupils in blocks whose school is not that of
    their feeder, and this share adds up over blocks. One level is searched at a time, as in `rezone`, by its goal and this
    cost, towards the level below and the one above; then t is read again: the joint goal never rises (majorize–minimize). It
    begins at today's zones and at zones found for each level alone; then some feeders are sent to other schools, at times
    in exchange for others, and the levels are searched again, over and over. A plan is the best that was found, not the best
    there is: several seeds show how far they differ.

    References
    ----------
    Hunter, D. & Lange, K. (2004), A tutorial on MM algorithms, The American Statistician 58, 30–37.

    Examples
    --------
    >>> levels = {}
    >>> for level, schools in (("elementary", 6), ("middle", 3)):
    ...     town = sgt.synthetic_district(60, schools, rng=1)  # the same blocks each time
    ...     levels[level] = dict(
    ...         pupils=sgt.Population.from_frame(town.blocks, ["a", "b", "c"]),
    ...         current=town.blocks["school"],
    ...         schools=town.schools,
    ...         travel=town.travel,
    ...         constraints=[sgt.capacity(within=0.2), sgt.contiguous()],
    ...     )
    >>> found = sgt.rezone_levels(levels, rng=7, steps=200_000)
    >>> all(sgt.check(plan) for plan in found.plans.values())
    True
    >>> list(found.after)
    ['dissimilarity', 'moves', 'travel_time', 'split_feeders']
    >>> found.after.loc["middle", "split_feeders"] < found.before.loc["middle", "split_feeders"]
    np.True_
    """
    split = real_number(split, "split", 0, "what it counts if all pupils are parted")
    steps = checked_length(seconds, steps)
    names, today = _read(levels, adjacency)
    root = root_of(rng)
    with telling(progress) as tell:
        plans = _Search(names, split, np.random.default_rng(root), seconds, steps, tell).found(today)
    return LevelsPlan(dict(zip(names, plans, strict=True)), split, root)


# ---------------------------------------------------------------- reading


def _read(levels: Any, adjacency: Any) -> tuple[tuple[str, ...], Plans]:
    """Read each level as a plan that leaves all as it is; its zone is −1 where a school closes."""
    if not isinstance(levels, Mapping) or len(levels) < 2:
        msg = (
            "levels must be a mapping of two or more, from the youngest: {'elementary': dict(pupils=..., current=..., "
            f"schools=..., travel=...), 'middle': ...}}, not {_shown(levels)}; for one, sgt.rezone(...)"
        )
        raise OptionError(msg)
    plans: list[Plan] = []
    for name, given in levels.items():
        _check_given(name, given)
        with _named(name):
            goal = checked_goal(given.get("goal"))
            rules = checked_rules(given.get("constraints", ()))
            problem = read_problem(**{key: given[key] for key in NEEDED}, adjacency=adjacency)
        if plans and any(measured_by(what) == SPLIT for _, what in goal.terms):
            msg = (
                f"level {name!r}: its feeders are the schools of the level below; say what parted pupils count by split=, "
                f"and leave out minimize({SPLIT})"
            )
            raise OptionError(msg)
        plans.append(Plan(problem, problem.current, goal, rules, None))
    names = tuple(levels)
    for name, plan in zip(names[1:], plans[1:], strict=True):
        _check_same_blocks(names[0], plans[0].problem.blocks, name, plan.problem.blocks)
    return names, tuple(plans)


def _shown(levels: Any) -> str:
    return f"a mapping of {listed(levels) or 'nothing'}" if isinstance(levels, Mapping) else type(levels).__name__


def _check_given(name: Any, given: Any) -> None:
    if not isinstance(name, str):
        msg = f"a level is called {name!r}: give levels names, such as 'middle', under which columns can stand"
        raise OptionError(msg)
    if not isinstance(given, Mapping):
        msg = f"level {name!r} must be a mapping with {listed(NEEDED)}, not {type(given).__name__}"
        raise OptionError(msg)
    lacking = [key for key in NEEDED if key not in given]
    strange = [key for key in given if key not in NEEDED + OPTIONAL]
    if lacking or strange:
        what = f"lacks {listed(lacking)}" if lacking else f"has {listed(strange)}, which no level has"
        msg = f"level {name!r} {what}: a level has {listed(NEEDED)}, and may have {listed(OPTIONAL)}"
        raise OptionError(msg)


def _check_same_blocks(first: str, blocks: pd.Index[Any], name: str, others: pd.Index[Any]) -> None:
    if blocks.equals(others):
        return
    apart = blocks.symmetric_difference(others, sort=False)
    what = f"only one of them has {listed(apart)}" if len(apart) else "in another order"
    msg = (
        f"levels {first!r} and {name!r} have different blocks, {what}: give the pupils of all levels on the same blocks in "
        "the same order, with 0 where a level has none"
    )
    raise DataError(msg)


@contextmanager
def _named(level: str) -> Iterator[None]:
    """Let refusals say at which level."""
    try:
        yield
    except SegregationError as refusal:
        msg = f"level {level!r}: {refusal}"
        raise type(refusal)(msg) from refusal


# ---------------------------------------------------------------- who goes on with whom


def _parts(lower: Plan, upper: Plan) -> Floats:
    """Pupils of the upper level by the schools that they come from and go to."""
    shape = (len(lower.problem.schools), len(upper.problem.schools))
    return feeder_parts(upper.problem.sizes, lower.zone, upper.zone, shape)


def _value(plans: Plans, split: float) -> float:
    own = sum(plan.goal.value(plan.problem, plan.zone) for plan in plans)
    return own + split * sum(parted(_parts(*pair)) for pair in pairwise(plans))


def _targets(plans: Plans) -> list[Codes]:
    """School to which most pupils of each feeder go on, for each level but the last."""
    return [_parts(*pair).argmax(axis=1) for pair in pairwise(plans)]


def _parting(plans: Plans, level: int, targets: Sequence[Codes]) -> Floats:
    """Share of pupils whom each block parts in each zone of a level, from those they come with, and those they go on with.

    Its sum is never less than how many are parted, and as many where the targets are those of most.
    """
    problem = plans[level].problem
    cost: Floats = np.zeros(problem.minutes.shape)
    if level > 0:
        wanted = targets[level - 1][plans[level - 1].zone]
        cost += problem.share[:, np.newaxis] * (np.arange(len(problem.schools)) != wanted[:, np.newaxis])
    if level < len(targets):
        above = plans[level + 1]
        cost += above.problem.share[:, np.newaxis] * (targets[level] != above.zone[:, np.newaxis])
    return cost


def _by_way(lower: Plan, upper: Plan, feeder: int) -> Codes:
    """Schools of the upper level, that with the shortest ways from a feeder's zone first."""
    here = lower.zone == feeder
    weights = np.maximum(upper.problem.sizes[here], np.finfo(np.float64).tiny)
    return np.average(upper.problem.minutes[here], axis=0, weights=weights).argsort(kind="stable")


def _labels(plan: Plan, date: str) -> pd.Index[Any]:
    return plan.problem.today if date == "before" else plan.problem.schools[plan.zone]


def _numbered(labels: pd.Index[Any]) -> Codes:
    return pd.factorize(labels)[0].astype(np.intp)


def _went(lower: Plan, upper: Plan) -> pd.DataFrame:
    """Pupils by feeder and school, in the order of the schools; those that close first."""
    sizes = upper.problem.sizes
    dates = []
    for name, date in (("today", "before"), ("plan", "after")):
        labels = {"feeder": _labels(lower, date), "school": _labels(upper, date)}
        dates.append(pd.DataFrame(labels | {"today": 0.0, "plan": 0.0} | {name: sizes}))
    table = pd.concat(dates, ignore_index=True).groupby(["feeder", "school"], sort=False).sum()
    table = table[(table > 0).any(axis=1)]
    at = [plan.problem.schools.get_indexer(table.index.get_level_values(i)) for i, plan in enumerate((lower, upper))]
    return table.iloc[np.lexsort(at[::-1])]


# ---------------------------------------------------------------- the search


@dataclass(eq=False)
class _Search:
    """One level after the other, until the time is over."""

    names: tuple[str, ...]
    split: float
    chance: np.random.Generator
    seconds: float
    steps: int | None
    tell: Tell | None
    made: int = 0
    lowest: float = np.inf
    stopped: bool = False

    def found(self, today: Plans) -> Plans:
        """Search from today's zones; what comes out keeps to all rules."""
        starts = [today] if all(map(_keeps, today)) else []
        self.begun = time.monotonic()
        alone = today
        for level in range(len(today)):
            if not (self.stopped and starts):
                alone = self._searched(alone, level, ALONE)
        starts.append(alone)
        best = min(starts, key=self._valued)
        self.lowest = self._valued(best)
        try:
            for turn in count():
                if self._over:
                    break
                if turn < len(starts):
                    plans = self._round(starts[turn])
                else:
                    plans = self._round(plans if turn % BACK else best, resent=True)
                if self._valued(plans) < self.lowest:
                    best, self.lowest = plans, self._valued(plans)
        except KeyboardInterrupt:
            pass  # the best until now
        return best

    def _valued(self, plans: Plans) -> float:
        return _value(plans, self.split)

    @property
    def _done(self) -> float:
        limit = None if self.steps is not None else self.seconds
        return spent(self.begun, limit, self.made, SEARCHES)

    @property
    def _over(self) -> bool:
        return self.stopped or self._done >= 1

    def _round(self, plans: Plans, *, resent: bool = False) -> Plans:
        """Search each level twice, in some order; first, where a feeder is sent elsewhere, the two that it joins."""
        order = self.chance.permutation(len(plans)).tolist()
        if resent:
            low, targets = self._resent(plans)
            pair = [low, low + 1][:: int(self.chance.choice([-1, 1]))]
            for level in pair:
                plans = self._searched(plans, level, 1, targets)
            order = [level for level in order if level not in pair] + pair
        else:
            order += order
        for level in order:
            if self._over:
                break
            plans = self._searched(plans, level, 1, _targets(plans))
        return plans

    def _resent(self, plans: Plans) -> tuple[int, list[Codes]]:
        """Send some feeders to another school that is near; half of the time one that went there comes in exchange."""
        targets = _targets(plans)
        low = int(self.chance.integers(len(targets)))
        lower, upper, to = plans[low], plans[low + 1], targets[low]
        while True:
            feeder = int(self.chance.choice(np.unique(lower.zone)))
            was, others = to[feeder], _by_way(lower, upper, feeder)
            others = others[others != was][:NEAREST]
            if len(others):
                to[feeder] = new = self.chance.choice(others)
                back = np.setdiff1d(np.flatnonzero(to == new), feeder)
                if len(back) and self.chance.random() < EXCHANGED:
                    to[self.chance.choice(back)] = was
            if self.chance.random() > MORE:
                return low, targets

    def _searched(self, plans: Plans, level: int, parts: int, targets: Sequence[Codes] | None = None) -> Plans:
        """Search the zones of one level, all others held; without targets by its own goal, from today's zones."""
        plan, share = plans[level], parts / SEARCHES
        goal, begin = plan.goal, None
        if targets is not None:
            cost = _parting(plans, level, targets)
            goal, begin = goal + self.split * minimize(Measure("parted", lambda _: cost)), plan.zone
        seconds, steps = self.seconds * share, None if self.steps is None else max(1, int(self.steps * share))
        if self.stopped:  # the level needs zones all the same
            seconds, steps = min(seconds, HASTE), None
        with _named(self.names[level]):
            better = searched(
                plan.problem,
                goal,
                plan.constraints,
                root=begun_by(self.chance),
                seconds=seconds,
                steps=steps,
                begin=begin,
                progress=self._telling(parts),
                interrupted=self._stop,
            )
        self.made += parts
        return *plans[:level], replace(plan, zone=better.zone), *plans[level + 1 :]

    def _telling(self, parts: int) -> Tell | None:
        tell = self.tell
        if tell is None:
            return None
        return lambda done, _: tell(min(1.0, self._done + (done * parts / SEARCHES if self.steps else 0)), self.lowest)

    def _stop(self) -> None:
        self.stopped = True


def _keeps(plan: Plan) -> bool:
    return bool((plan.zone >= 0).all() and check(plan))
