"""Plans that look at nobody's group: drawn by chance among all that keep to the rules, to set other plans beside."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from segregation_tools.analysis.chance import TIE
from segregation_tools.analysis.mixing import effective_size, r_hat
from segregation_tools.errors import GeographyError, OptionError, UndefinedWarning, warn
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.kernels import flips, moves
from segregation_tools.kernels.pool import in_chunks
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.planning import search
from segregation_tools.planning.evidence import check_alike
from segregation_tools.planning.goals import Goal, Measure, measured_by, minimize, travel_time
from segregation_tools.planning.goals import moves as moved
from segregation_tools.planning.landscape import ROUNDING, Landscape
from segregation_tools.planning.pieces import joining, pieces
from segregation_tools.planning.plan import Plan
from segregation_tools.planning.problem import read_problem
from segregation_tools.planning.progress import telling
from segregation_tools.planning.schools import DEFAULT, checked_rules, root_of
from segregation_tools.population.chunked.cluster import on_workers
from segregation_tools.population.options import real_number
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.planning.constraints import Rule
    from segregation_tools.planning.problem import Problem
    from segregation_tools.planning.progress import Progress, Tell
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Whole = NDArray[np.int32]

__all__ = ["NeutralPlans", "neutral_plans"]

CHAINS = 4  # however many threads there are
COMPACTNESS = 1.0
STEPS_PER_BLOCK = 20_000  # in all chains
FEW = 200  # plans, for more of which the chains are longer
TELLING = 100  # plans, of which fewer agree or differ by chance
LEAST = 16  # plans: four a chain
STEPS_A_PLAN = 10  # at least
BURN_IN = 1 / 3
WANDERING = 200  # steps a unit, at a time
RETURNS = 20  # times
TINY = 1e-12
PARTS = 12  # of burning in, of which the first half is hot in the last chain, and none in the first
NO_GOAL = moves.Terms(np.zeros(0, dtype=np.int64), np.zeros((0, 0, 0)), *np.zeros((3, 0)))
NO_FLIP = "no flip was possible: every plan is that with which the chains began. Loosen the rules"
MOST_R_HAT = 1.05
LEAST_EFFECTIVE = 10  # a chain


def neutral_plans(
    pupils: Population | pd.DataFrame,
    *,
    current: pd.Series[Any],
    schools: pd.DataFrame,
    travel: pd.DataFrame | Callable[..., pd.DataFrame],
    constraints: Sequence[Rule] = (),
    adjacency: Any = None,
    n: int = 200,
    compactness: float = COMPACTNESS,
    rng: np.random.Generator | int | None = None,
    steps: int | None = None,
    progress: Progress = None,
    client: Any = None,
) -> NeutralPlans:
    """Draw plans by chance among all that keep to the rules, without a look at anybody's group.

    Parameters
    ----------
    pupils, current, schools, travel, constraints, adjacency
        As in `rezone`.
    n : int
        How many plans, 16 or more; whether the chains have mixed can be told from about 100.
    compactness : float
        How much rarer a plan is for each border between two zones (two blocks that touch and go to different schools), as a
        logarithm; 0 or more. With 1 a plan with a border more is drawn e times as rarely, and zones are about as compact as
        those of districts are. With 0 every plan is as likely as any other, and nearly all of them are ragged.
    rng : Generator or int
        Source of chance. The same plans come each time, on any number of threads.
    steps : int, optional
        How many flips are tried, in all chains together; ten or more for each plan. Without, 20,000 for each block (blocks
        kept together are one), a minute or more for 10,000, and more in proportion for more than 200 plans.
    progress : bool or callable, optional
        A bar comes after two seconds where somebody is looking; True: at once, False: never. Or a function,
        ``progress(share done, plans so far)``.
    client : dask.distributed.Client, optional
        Whose workers walk the chains, without telling how far they are; without, it is done here. The plans are the same.

    Returns
    -------
    NeutralPlans
        All keep to all rules. Whether the chains have mixed, `.mixed`, is to be read before anything else.

    Raises
    ------
    OptionError, DataError, CapabilityError
        As in `rezone`.
    GeographyError
        If borders count, zones may fall apart, and nothing says which blocks touch.

    Notes
    -----
    Markov chains of Metropolis and Hastings: one block, or those of a label in `together`, changes to a zone that it
    touches, and the chance with which it does makes up for borders that are drawn more often than others, so that in the
    long run each plan comes in proportion to exp(−compactness × borders). Zones keep as many pieces as they have at the
    beginning, and none ends. An exempt block may change to any zone; without `contiguous` every block may, and zones may
    end. Plans that no sequence of such flips within the rules reaches are not drawn. Of four chains, the first begins at
    today's zones, or if these break a rule at a plan that a search finds by the rules alone; each other where zones have
    come back from wandering about as if there were room for all. Where room is scarce, no flips may lead from one of
    these plans to another: chains then tell different things, and have not mixed. The first third of each chain is left
    out, part of it at compactness 0.

    Rules that look at today's zones, such as ``capacity(within=...)``, ``longest_trip(ratio=...)`` and `most_moved`, keep
    neutral plans near these: what came of anybody's group when today's zones were drawn may be in them, too.

    Plans drawn uniformly are far more ragged than any that are drawn by hand (DeFord, Duchin & Solomon 2021), and say little
    of these. Plans drawn by spanning trees, as proposed there, are rarer by e to the .9 for each border on a grid of squares
    and by e to the .6 on blocks with six neighbours: the default is a little stricter.

    References
    ----------
    Metropolis, N., Rosenbluth, A., Rosenbluth, M., Teller, A. & Teller, E. (1953), Equation of state calculations by fast
    computing machines, Journal of Chemical Physics 21, 1087–1092. Hastings, W. (1970), Monte Carlo sampling methods using
    Markov chains and their applications, Biometrika 57, 97–109. DeFord, D., Duchin, M. & Solomon, J. (2021), Recombination:
    a family of Markov chains for redistricting, Harvard Data Science Review 3(1).

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> rules = [sgt.capacity(within=0.15), sgt.contiguous()]
    >>> drawn = sgt.neutral_plans(pupils, **today, constraints=rules, rng=7)
    >>> len(drawn), drawn.mixed, bool(sgt.check(drawn.plan(0)))
    (200, True, True)
    >>> plan = sgt.rezone(pupils, **today, constraints=rules, rng=7, steps=100_000)
    >>> bool(drawn.place(plan)["lower"] < drawn.place()["lower"])
    True
    """
    rules = checked_rules(constraints)
    many = int(real_number(n, "n", LEAST, "a whole number of plans", whole=True))
    compactness = real_number(compactness, "compactness", 0, "how much rarer each border makes a plan, as a logarithm")
    if steps is not None:
        least, what = STEPS_A_PLAN * many, f"a whole number of flips, {STEPS_A_PLAN} for each plan"
        steps = int(real_number(steps, "steps", least, what, whole=True))
    problem = read_problem(pupils, current, schools, travel, adjacency)
    land = Landscape.of(problem, minimize(travel_time), rules).unguided()
    root = root_of(rng)
    start = _start(land, root)
    steps = round(STEPS_PER_BLOCK * len(start) * max(1.0, many / FEW)) if steps is None else steps
    ground = _ground(land, start, compactness)
    with telling(progress, "{:,.0f} plans") as tell:
        drawn, made = _drawn(ground, _starts(land, ground, start, root), many, compactness, steps, root, tell, client)
    zones = np.stack([land.plan(zone) for zones in drawn for zone in zones])
    first = np.unique(land.parts, return_index=True)[1]  # block of each unit
    chain = np.repeat(np.arange(CHAINS), [len(zone) for zone in drawn])
    return NeutralPlans(problem, zones, chain, first[ground.graph.ends], rules, compactness, steps, made / steps, root)


class _Ground(NamedTuple):
    """What the chains walk on, with nobody's group.

    Attributes
    ----------
    district : District
        What is allowed; without counts.
    graph : Graph
        Which units touch.
    loose : ndarray of int
        Units that may go to any zone.
    parted : ndarray of bool, shape (zones,)
        Which zones have several pieces.
    """

    district: moves.District
    graph: moves.Graph
    loose: Whole
    parted: NDArray[np.bool_]


def _start(land: Landscape, root: int) -> NDArray[Any]:
    """Begin at today's zones, or where these break a rule at a plan that keeps to all, whatever else it is."""
    if land.beyond(land.at(land.start, 0)) <= ROUNDING:
        return land.start
    climbs = CHAINS * search.STEPS_PER_BLOCK * len(land.start)
    state, ends = search.annealed(land, root, None, climbs, lambda done, lowest: None)
    if state.stopped:
        raise KeyboardInterrupt
    if not ends:
        raise search.none_found(state)
    return ends[0][1]


def _starts(land: Landscape, ground: _Ground, start: NDArray[Any], root: int) -> list[Whole]:
    """Begin one chain at a plan, each other far from it: zones wander as if there were room for all, then come back.

    Where room is scarce, flips that keep to it may never lead from one of these plans to another: the chains then differ.
    """
    begun = [start.astype(np.int32) for _ in range(CHAINS)]
    seeds = seeds_of(root, 2 * CHAINS, 3 * CHAINS)
    roomy = ground.district._replace(
        low=np.zeros(len(ground.parted)), high=np.full(len(ground.parted), np.inf), most_moved=np.inf
    )
    long, people = WANDERING * len(start), max(float(land.district.sizes.mean()), TINY)

    def wander(first: int, last: int) -> None:
        for k in range(max(first, 1), last):
            away = moves.begun(begun[k], roomy, ground.graph, NO_GOAL, int(seeds[k]))
            flips.flip(away, roomy, *ground[1:], 0.0, long)
            at = land.at(away.zone.astype(np.intp), int(seeds[k]))
            for _ in range(RETURNS):
                land.step(at, long, (1.0, 1.0), (0.1 / people, 100 / people))
                if land.beyond(at) <= ROUNDING:
                    break
            if land.beyond(at) <= ROUNDING and _alike(land, at.zone, start):
                begun[k] = at.zone

    in_chunks(wander, CHAINS, 1)
    return begun


def _alike(land: Landscape, zone: NDArray[Any], start: NDArray[Any]) -> bool:
    """Say whether zones are in as many pieces as those of another plan, which flips never change."""
    if not land.district.whole:
        return True
    one, other = (pieces(land.units, each.astype(np.intp), land.left_out)[1] for each in (zone, start))
    return bool((one == other).all())


def _ground(land: Landscape, start: NDArray[Any], compactness: float) -> _Ground:
    units, whole = len(start), land.district.whole
    district = land.district._replace(
        counts=np.empty((units, 0)),
        low=land.district.low - ROUNDING / 2,  # what `check` lets pass, with room for rounding
        high=land.district.high + ROUNDING / 2,
        most_moved=land.district.most_moved + ROUNDING / 2,
    )
    if whole:
        parted = pieces(land.units, start, land.left_out)[1] > 1
        return _Ground(district, land.graph, land.left_out.astype(np.int32), parted)
    graph = land.graph if compactness == 0 else _touching(land)
    return _Ground(district, graph, np.arange(units, dtype=np.int32), np.zeros(len(district.low), dtype=bool))


def _touching(land: Landscape) -> moves.Graph:
    """Say which units touch, where zones may fall apart."""
    try:
        adjacency = land.problem.adjacency
    except GeographyError as lacking:
        msg = f"{lacking}. Borders between zones count: say which blocks touch, adjacency=, or take compactness=0"
        raise GeographyError(msg) from lacking
    joins = joining(land.problem.joined(land.parts, adjacency), np.zeros(0, dtype=np.intp))
    return moves.ringed(joins.indptr.astype(np.int32), joins.indices.astype(np.int32))


def _drawn(
    ground: _Ground,
    starts: list[Whole],
    many: int,
    compactness: float,
    steps: int,
    root: int,
    tell: Tell | None,
    client: Any,
) -> tuple[list[Whole], int]:
    """Walk all chains on, and keep the plans of each, (draws, units), and how many flips were made."""
    draws = [many // CHAINS + (k < many % CHAINS) for k in range(CHAINS)]
    each = steps // CHAINS
    burning = int(each * BURN_IN) // PARTS
    lengths = burning, (each - PARTS * burning) // draws[0]
    seeds = seeds_of(root, CHAINS, 2 * CHAINS)  # those before are of the search for a start
    chains = [
        _Chain(ground, start, int(seed), k, compactness, lengths, draws[k])
        for k, (start, seed) in enumerate(zip(starts, seeds, strict=True))
    ]
    if client is not None:
        chains = on_workers(client, _Chain.walked, [(chain, draws[0]) for chain in chains])
    else:
        _walk_abreast(chains, lengths, draws[0], tell)
    return [np.stack(chain.kept) for chain in chains], sum(chain.made for chain in chains)


def _walk_abreast(chains: Sequence[_Chain], lengths: tuple[int, int], draws: int, tell: Tell | None) -> None:
    """Walk all chains on, turn by turn."""
    burning, thin = lengths
    for turn in range(-PARTS, draws):

        def walk(first: int, last: int, turn: int = turn) -> None:
            for chain in chains[first:last]:
                chain.walk(turn)

        in_chunks(walk, CHAINS, 1)
        if tell is not None:
            done = PARTS * burning + (turn + 1) * thin if turn >= 0 else (turn + 1 + PARTS) * burning
            tell(done / (PARTS * burning + draws * thin), sum(len(chain.kept) for chain in chains))


class _Chain:
    """A Markov chain of plans, and those that are kept of it."""

    def __init__(
        self,
        ground: _Ground,
        start: Whole,
        seed: int,
        number: int,
        compactness: float,
        lengths: tuple[int, int],
        draws: int,
    ) -> None:
        self.ground, self.number, self.compactness = ground, number, compactness
        self.lengths, self.draws = lengths, draws
        self.at = moves.begun(start, ground.district, ground.graph, NO_GOAL, seed)
        self.kept: list[Whole] = []

    def walk(self, turn: int) -> None:
        """Flip on, and keep the plan, unless the turn is one of burning in."""
        hot = 2 * (turn + PARTS) * (CHAINS - 1) < PARTS * self.number
        flips.flip(self.at, *self.ground, 0.0 if hot else self.compactness, self.lengths[turn >= 0])
        if 0 <= turn < self.draws:
            self.kept.append(self.at.zone.copy())

    def walked(self, draws: int) -> _Chain:
        """Walk to the end."""
        for turn in range(-PARTS, draws):
            self.walk(turn)
        return self

    @property
    def made(self) -> int:
        """How many flips were made."""
        return int(self.at.tally[2])


@dataclass(frozen=True, eq=False)
class NeutralPlans:
    """Plans drawn by chance among those that keep to the rules, without a look at anybody's group.

    Attributes
    ----------
    problem : Problem
        The district.
    zones : ndarray of int, shape (plans, blocks)
        Position of the school of each block.
    chain : ndarray of int, shape (plans,)
        From which chain each plan is.
    borders : ndarray of int, shape (borders, 2)
        Positions of blocks that touch, as borders were counted; one of those that stay together stands for all.
    constraints : tuple of Rule
        What was kept to.
    compactness : float
        How much rarer a plan was for each border.
    steps : int
        How many flips were tried, in all chains.
    accepted : float
        Share of them that were made.
    seed : int
        With which chance began.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> drawn = sgt.neutral_plans(pupils, **today, constraints=[sgt.capacity(within=0.15), sgt.contiguous()], rng=7)
    >>> len(drawn), bool(sgt.check(drawn.plan(0))), bool(0 <= drawn.place()["lower"] <= 1)
    (200, True, True)
    """

    problem: Problem = field(repr=False)
    zones: Codes = field(repr=False)
    chain: Codes = field(repr=False)
    borders: Codes = field(repr=False)
    constraints: tuple[Rule, ...]
    compactness: float
    steps: int
    accepted: float
    seed: int

    def __len__(self) -> int:
        return len(self.zones)

    def __iter__(self) -> Iterator[Plan]:
        return (self.plan(i) for i in range(len(self)))

    def plan(self, i: int) -> Plan:
        """Return one of the plans.

        Parameters
        ----------
        i : int
            Which, from 0.

        Returns
        -------
        Plan
            Measured as `score` measures plans without a goal.

        Raises
        ------
        OptionError
            If there is none.
        """
        if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or not 0 <= i < len(self):
            msg = f"i must be the number of a plan, from 0 to {len(self) - 1}, not {i!r}"
            raise OptionError(msg)
        return Plan(self.problem, self.zones[i], DEFAULT, self.constraints, None)

    @property
    def assignments(self) -> pd.DataFrame:
        """School of each block, blocks × plans."""
        schools = self.problem.schools.to_numpy()[self.zones.T]
        return pd.DataFrame(schools, index=self.problem.blocks, columns=self._numbers)

    @property
    def cut_borders(self) -> Measure:
        """Number of borders between zones, as a measure of these plans and others of the same district."""
        a, b = self.borders.T
        return Measure("cut_borders", None, lambda problem, zone: float((zone[a] != zone[b]).sum()))

    def values(self, what: Index | Measure | Goal = dissimilarity) -> pd.Series[float]:
        """Measure each plan.

        Parameters
        ----------
        what : Index, Measure or Goal
            By what; ``sgt.minimize(sgt.isolation, of="black")`` for one value of an index that has several.

        Returns
        -------
        Series by plan
        """
        measured = pd.Series([self._value(self.problem, zone, what) for zone in self.zones], self._numbers, dtype=float)
        measured.name = repr(what) if isinstance(what, Goal) else measured_by(what)
        undefined = int(measured.isna().sum())
        if undefined:
            warn(f"{measured.name} is undefined (NaN) in {undefined} of {len(self)} plans", UndefinedWarning)
        return measured

    def place(self, plan: Plan | None = None, what: Index | Measure | Goal = dissimilarity) -> pd.Series[float]:
        """Say where a plan, or today's zones, stand among the neutral plans.

        Parameters
        ----------
        plan : Plan, optional
            Of the same pupils, zones of today and minutes; today's zones without.
        what : Index, Measure or Goal
            By what, as in `values`.

        Returns
        -------
        Series
            `value` of the plan; `lower`, the share of neutral plans with a lower value, those with the same counted half;
            `standard_error` of that share, by which it would differ if other plans were drawn; `effective_plans`, as how
            many independent ones they count for that. NaN of today where a school closes.

        Raises
        ------
        DataError
            If the plan is of other pupils, zones or minutes.

        Notes
        -----
        The error is the standard deviation of a share with the Jeffreys prior, Beta(½, ½), so that it is not nothing where
        no plan, or every plan, is lower. It holds where the chains have mixed, and tells nothing of plans under other rules.
        """
        if plan is not None and not isinstance(plan, Plan):
            msg = f"place takes a plan, from rezone or score, or nothing for today's zones, not {type(plan).__name__}"
            raise OptionError(msg)
        if plan is not None:
            check_alike({"the neutral plans": self.plan(0), "the plan": plan})
        problem, zone = (self.problem, self.problem.current) if plan is None else (plan.problem, plan.zone)
        values = self.values(what)
        return self._placed(values, self._value(problem, zone, what))

    def _placed(self, values: pd.Series[float], value: float) -> pd.Series[float]:
        tie = TIE * max(abs(value), 1)
        lower = np.where(values < value - tie, 1.0, np.where(values <= value + tie, 0.5, 0.0))
        sizes = [effective_size(self._by_chain(draws)) for draws in (lower, values.to_numpy(dtype=np.float64))]
        size = min(next((each for each in sizes if not np.isnan(each)), 1.0), len(self))
        share = np.nan if np.isnan(value) or values.isna().any() else lower.mean()
        a, b = share * size + 0.5, (1 - share) * size + 0.5
        error = np.sqrt(a * b / (a + b + 1)) / (a + b)
        placed = {"value": value, "lower": share, "standard_error": error, "effective_plans": size}
        return pd.Series(placed, name=values.name, dtype=np.float64)

    @cached_property
    def mixing(self) -> pd.DataFrame:
        """Whether the chains say the same, by measure.

        `r_hat` compares chains, near 1 where they agree; `effective_plans`: as how many independent plans they count. NaN of
        a measure that is the same in all plans.
        """
        measured = {name: self._by_chain(values.to_numpy(dtype=np.float64)) for name, values in self._measured.items()}
        rows = [[r_hat(draws), effective_size(draws)] for draws in measured.values()]
        return pd.DataFrame(rows, index=pd.Index(measured, name="measure"), columns=["r_hat", "effective_plans"])

    @property
    def mixed(self) -> bool:
        """Whether the chains have forgotten where they began, as far as they can tell.

        `r_hat` is below 1.05 by every measure and plans count as ten independent ones a chain or more (Gelman et al. 2013,
        Bayesian Data Analysis, 287).
        """
        told = self.mixing.dropna()
        agree = told["r_hat"] < MOST_R_HAT
        return bool(len(told) and agree.all() and (told["effective_plans"] >= LEAST_EFFECTIVE * CHAINS).all())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a plan.

        Returns
        -------
        DataFrame
            `chain`, `draw` in it, `dissimilarity`, `travel_time`, `moves` and, where any blocks are known to touch,
            `cut_borders`.
        """
        where = pd.DataFrame({"chain": self.chain}, index=self._numbers)
        where["draw"] = where.groupby("chain").cumcount()
        return where.join(self._measured)

    @cached_property
    def _measured(self) -> pd.DataFrame:
        return pd.DataFrame({measured_by(what): self.values(what) for what in self._measures})

    @property
    def _measures(self) -> list[Index | Measure]:
        return [dissimilarity, travel_time, moved, *([self.cut_borders] if len(self.borders) else [])]

    @property
    def _numbers(self) -> pd.Index[int]:
        return pd.RangeIndex(len(self), name="plan")

    def _by_chain(self, values: NDArray[Any]) -> Floats:
        """Give chains × draws; where some chains have a draw more, without that."""
        return np.stack([values[self.chain == k][: len(self) // CHAINS] for k in range(CHAINS)])

    @staticmethod
    def _value(problem: Problem, zone: Codes, what: Index | Measure | Goal) -> float:
        goal = what if isinstance(what, Goal) else minimize(what)
        if (zone < 0).any():
            return np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedWarning)  # NaN says it, once for all plans
            return goal.value(problem, zone)

    @property
    def _table(self) -> pd.DataFrame:
        today = [self._value(self.problem, self.problem.current, what) for what in self._measures]
        placed = [self._placed(self._measured[name], value) for name, value in zip(self._measured, today, strict=True)]
        spread = pd.DataFrame({"mean": self._measured.mean(), "sd": self._measured.std()})
        spread["today"], spread["lower_than_today"] = today, [place["lower"] for place in placed]
        return spread.join(self.mixing).rename_axis("measure").reset_index()

    @property
    def _title(self) -> str:
        blocks, schools = self.zones.shape[1], len(self.problem.schools)
        drawn = f"{CHAINS} chains, {self.steps:,} flips tried, compactness {self.compactness:g}"
        return f"{len(self):,} neutral plans for {blocks:,} blocks and {schools:,} schools ({drawn})"

    @property
    def _verdict(self) -> str:
        if self.accepted == 0:
            return NO_FLIP
        if self.mixed:
            return (
                "The chains have mixed: they began at plans far apart, and as far as they can tell, they say the same."
            )
        more = f"more flips, steps={4 * self.steps:_}"
        if len(self) < TELLING:
            return f"The chains have not shown that they mixed; so few plans hardly can. Take more, n={FEW}, and then {more}"
        return f"THE CHAINS HAVE NOT MIXED, and shares are not to be relied on. Try {more}; or give more room"

    def __str__(self) -> str:
        table = self._table.to_string(index=False, float_format="{:.4f}".format)
        return f"{self._title}\n{table}\n{self._verdict}"

    def _repr_html_(self) -> str:
        return as_html(self._table, f"{self._title}. {self._verdict}")
