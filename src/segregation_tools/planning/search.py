"""The search for a plan: annealing from several starts, on all threads, in parts that can be interrupted."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError, DataError, GroupError, OptionError, listed
from segregation_tools.indices.index import Index
from segregation_tools.kernels import moves
from segregation_tools.kernels.pool import threads
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.planning.constraints import Contiguous, Rule, joining, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.planning.goals import Goal
    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Landscape", "found", "value_of"]

KINDS = {"deviation": moves.DEVIATION, "entropy": moves.ENTROPY, "quadratic": moves.QUADRATIC}
PART = 1 << 17  # steps between two looks at the clock
FELT = 4096  # steps in which a typical rise is felt
HEAT = 2.5  # first temperature, in typical rises
COOL = (0.22, 0.08)  # last temperature, by turns: now one, now the other finds more
MANY = 40  # schools below which it becomes colder in the end, in proportion
TOLL = (0.6, 60.0)  # first and last price of a pupil without room, in typical rises a pupil
COLD = 1e-9
STEPS_PER_BLOCK = 2000  # of one start
LARGEST = 1e30  # goal
GRACE = 2.0  # seconds that settling may take beyond those of the search
ROUNDS = 40  # of settling
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Landscape:
    """A district with its goal and rules, as the search walks it."""

    problem: Problem
    district: moves.District
    graph: moves.Graph
    terms: moves.Terms
    constant: float
    start: Codes

    @classmethod
    def of(cls, problem: Problem, goal: Goal, rules: Sequence[Rule]) -> Landscape:
        """Bring goal and rules together, and refuse what cannot be kept to.

        Parameters
        ----------
        problem : Problem
            The district.
        goal : Goal
            What is to be small.
        rules : sequence of Rule
            What is kept to.

        Returns
        -------
        Landscape

        Raises
        ------
        DataError
            If a block has no school, pupils no room, or a part of the district no school.
        """
        each = [rule.allowed(problem) for rule in rules]
        allowed = np.logical_and.reduce([np.ones(problem.minutes.shape, dtype=bool), *each])
        shut = np.flatnonzero(~allowed.any(axis=1))
        if len(shut):
            taking_part = [repr(rule) for rule, its in zip(rules, each, strict=True) if not its[shut].all()]
            msg = (
                f"{len(shut)} blocks have no school that they may go to: {listed(problem.blocks[shut])}, under "
                f"{', '.join(taking_part)}. Loosen one of these for them"
            )
            raise DataError(msg)
        rooms = [rule.rooms(problem) for rule in rules] or [Rule().rooms(problem)]
        low = np.asarray(np.max([low for low, _ in rooms], axis=0), dtype=np.float64)
        high = np.asarray(np.min([high for _, high in rooms], axis=0), dtype=np.float64)
        _check_room(problem, low, high)
        whole = next((rule for rule in rules if isinstance(rule, Contiguous)), None)
        if whole is not None:
            _check_joined(problem, whole)
        if len(problem.pupils.groups) < 2:
            msg = f"there is one group, {listed(problem.pupils.groups)}, and none for it to meet: name more groups"
            raise GroupError(msg)
        linear, constant = np.zeros(problem.minutes.shape), 0.0
        kinds, weights = [], []
        mix: Floats = np.asarray(problem.pupils.mix, dtype=np.float64)
        for weight, what in goal.terms:
            if isinstance(what, Index):
                what(problem.pupils)  # refuses groups that it cannot compare
                form = what.about.zonal(mix)  # type: ignore[misc]  # `minimize` has seen to it
                constant += weight * form.constant
                kinds.append(KINDS[form.kind])
                inner = form.weights if form.kind == "quadratic" else np.tile(np.diag(form.weights), (len(mix), 1))
                weights.append(weight * inner / problem.sizes.sum())
            else:
                linear += weight * what.cost(problem)
        if not np.abs(linear).max(initial=0) < LARGEST:
            msg = f"the weights of {goal!r} are too large: let what matters most weigh about 1"
            raise OptionError(msg)
        district = moves.District(
            np.ascontiguousarray(problem.counts.T),
            problem.sizes,
            np.where(allowed, linear, np.inf).astype(np.float32),
            low,
            high,
            problem.current.astype(np.int32),
            min([rule.most_moved(problem) for rule in rules], default=np.inf),
            whole is not None,
        )
        terms = moves.Terms(
            np.array(kinds, dtype=np.int64),
            np.array(weights, dtype=np.float64).reshape(len(kinds), len(mix), len(mix)),
            mix,
        )
        starts, near = _edges(problem, whole)
        start = _started(problem, allowed, whole)
        return cls(problem, district, moves.ringed(starts, near), terms, constant, start)

    def at(self, zone: Codes, seed: int) -> moves.Annealing:
        """Stand at a plan.

        Parameters
        ----------
        zone : ndarray of int, shape (blocks,)
            Position of the school of each block.
        seed : int
            Of the random numbers.

        Returns
        -------
        Annealing
        """
        return moves.begun(zone.astype(np.int32), self.district, self.graph, self.terms, seed)

    def step(self, at: moves.Annealing, steps: int, heat: tuple[float, float], toll: tuple[float, float]) -> None:
        """Walk on.

        Parameters
        ----------
        at : Annealing
            Where; changed.
        steps : int
            How many.
        heat, toll : tuple of float
            At their beginning and end.
        """
        moves.anneal(at, self.district, self.graph, self.terms, 0, steps, steps, heat, toll)

    def beyond(self, at: moves.Annealing) -> float:
        """Count pupils for whom there is no room, or who move beyond what is allowed.

        Parameters
        ----------
        at : Annealing
            Where.

        Returns
        -------
        float
        """
        rolls = at.sums[:, -1]
        over = np.maximum(rolls - self.district.high, 0) + np.maximum(self.district.low - rolls, 0)
        return float(over.sum() + max(0.0, at.moved[0] - self.district.most_moved))

    def height(self, at: moves.Annealing) -> float:
        """Take the goal's value.

        Parameters
        ----------
        at : Annealing
            Where.

        Returns
        -------
        float
        """
        zone = at.zone
        return self.constant + float(
            at.worth.sum() + self.district.cost[np.arange(len(zone)), zone].sum(dtype=np.float64)
        )


def _check_room(problem: Problem, low: Floats, high: Floats) -> None:
    pupils = problem.sizes.sum()
    tight = np.flatnonzero(low > high)
    if len(tight):
        msg = (
            f"schools that must have more pupils than they may: {listed(problem.schools[tight])}. Loosen low= or seats="
        )
        raise DataError(msg)
    room, must = high.sum(), low.sum()
    if room < pupils - ROUNDING:
        msg = (
            f"the schools hold {room:,.0f} pupils, {pupils - room:,.0f} fewer than there are ({pupils:,.0f}): give room"
        )
        raise DataError(msg)
    if must > pupils + ROUNDING:
        msg = f"schools must have {must:,.0f} pupils, {must - pupils:,.0f} more than there are ({pupils:,.0f}): lower low="
        raise DataError(msg)


def _check_joined(problem: Problem, whole: Contiguous) -> None:
    """Refuse blocks from which no way leads to any school."""
    if (problem.stands < 0).any():
        return
    one = np.zeros(len(problem.blocks), dtype=np.intp)
    piece, _ = pieces(problem, one, whole.left_out(problem))
    reached = np.isin(piece, piece[problem.stands])
    reached[whole.left_out(problem)] = True
    if not reached.all():
        lost = problem.blocks[np.flatnonzero(~reached)]
        msg = (
            f"{len(lost)} blocks lie in a part of the district without a school, cut off from the rest: {listed(lost)}. "
            "Exempt them, contiguous(exempt=[...]), or say which blocks touch, adjacency="
        )
        raise DataError(msg)


def _edges(problem: Problem, whole: Contiguous | None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the neighbours of each block begin, and which they are; none where zones may fall apart."""
    if whole is None:
        return np.zeros(len(problem.blocks) + 1, dtype=np.int32), np.zeros(0, dtype=np.int32)
    matrix = joining(problem, whole.left_out(problem))
    return matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)


def _started(problem: Problem, allowed: NDArray[np.bool_], whole: Contiguous | None) -> Codes:
    """Begin at today's zones; what may not stay, or closes, goes to a school whose zone touches, the nearest first."""
    zone = problem.current.copy()
    rows = np.arange(len(zone))
    if whole is None:
        wrong = (zone < 0) | ~allowed[rows, zone]
        zone[wrong] = np.where(allowed, problem.minutes, np.inf).argmin(axis=1)[wrong]
        return zone
    placed = np.flatnonzero(problem.stands >= 0)
    nowhere = np.flatnonzero((problem.stands < 0) & (problem.rolls(problem.current) == 0))
    if len(nowhere):
        names = listed(problem.schools[nowhere])
        msg = f"nobody goes to {names} today, and no block says where a zone could begin: give 'block'"
        raise DataError(msg)
    zone[problem.stands[placed]] = placed
    zone[(zone >= 0) & ~allowed[rows, zone]] = -1
    left_out = whole.left_out(problem)
    exempt = np.isin(rows, left_out)
    lost = exempt & (zone < 0)  # joined to nothing
    zone[lost] = np.where(allowed, problem.minutes, np.inf).argmin(axis=1)[lost]
    most = whole.most(problem)
    piece, many = pieces(problem, zone, left_out)
    for school in np.flatnonzero(many > most):  # a block that another school took may have cut a zone apart
        mine = np.flatnonzero((zone == school) & ~exempt)
        sizes = np.bincount(piece[mine], minlength=len(zone))
        if problem.stands[school] >= 0:
            sizes[piece[problem.stands[school]]] = len(zone) + 1
        kept = np.argsort(-sizes, kind="stable")[: most[school]]
        zone[mine[~np.isin(piece[mine], kept)]] = -1
    return _grown(problem, zone, allowed, joining(problem, left_out))


def _grown(problem: Problem, zone: Codes, allowed: NDArray[np.bool_], matrix: csr_array) -> Codes:
    """Give blocks without a school to one whose zone touches them, the shortest way first."""
    import heapq

    waiting: list[tuple[float, int, int]] = []

    def offer(block: int) -> None:
        for near in matrix.indices[matrix.indptr[block] : matrix.indptr[block + 1]]:
            if zone[near] < 0 and allowed[near, zone[block]]:
                heapq.heappush(waiting, (problem.minutes[near, zone[block]], int(near), int(zone[block])))

    for block in np.flatnonzero(zone >= 0).tolist():
        offer(block)
    while waiting:
        _, block, school = heapq.heappop(waiting)
        if zone[block] < 0:
            zone[block] = school
            offer(block)
    lost = np.flatnonzero(zone < 0)
    if len(lost):
        msg = (
            f"{len(lost)} blocks touch no zone of a school that they may go to: {listed(problem.blocks[lost])}. Allow them "
            "another school, or exempt them from contiguous()"
        )
        raise DataError(msg)
    return zone


def found(
    land: Landscape,
    *,
    root: int,
    seconds: float | None,
    steps: int | None,
    progress: Callable[[float, float], Any] | None = None,
) -> Codes:
    """Search for a plan.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.
    root : int
        Where chance begins.
    seconds : float or None
        How long is searched.
    steps : int or None
        Instead: how many steps are made in all; the plan is then the same each time.
    progress : callable, optional
        ``progress(share done, best value so far)``.

    Returns
    -------
    ndarray of int, shape (blocks,)
        The best plan that keeps to all rules; interrupted, the best until then.

    Raises
    ------
    CapabilityError
        If none was found.
    """
    typical, people = _felt(land, root)
    toll = tuple(share * typical / people for share in TOLL)
    workers = threads()
    each = STEPS_PER_BLOCK * len(land.start)
    at, ends = land.at(land.start, 0), []
    if land.beyond(at) <= ROUNDING:
        ends.append((land.height(at), land.start))
    state = _State(land, typical, toll, time.monotonic(), seconds, lowest=min((end[0] for end in ends), default=np.inf))
    with ThreadPoolExecutor(workers) as pool:
        if steps is None:
            tasks = [pool.submit(state.climb_on, root, worker, workers, each) for worker in range(workers)]
        else:
            many = max(1, round(steps / each))
            seeds = seeds_of(root, 0, many)
            tasks = [pool.submit(state.climb, turn, int(seed), steps // many) for turn, seed in enumerate(seeds)]
        waiting = set(tasks)
        try:
            while waiting:
                _, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                if progress is not None:
                    done = 1 - len(waiting) / len(tasks) if seconds is None else min(1.0, state.elapsed / seconds)
                    progress(done, state.lowest)
        except KeyboardInterrupt:
            state.stopped = True
            pool.shutdown(wait=True, cancel_futures=True)
        except BaseException:  # of `progress`: nobody waits for the plan any more
            state.stopped = True
            raise
        results = [task.result() for task in tasks if task.done() and not task.cancelled()]
    ends += [end for result in results for end in result]
    if not ends:
        msg = (
            f"no plan that keeps to all rules was found: the best leaves {state.least_beyond:,.0f} pupils without room, or "
            "moves so many too many. Loosen capacity or most_moved, or search longer"
        )
        raise CapabilityError(msg)
    return min(ends, key=lambda end: end[0])[1]


def _felt(land: Landscape, root: int) -> tuple[float, float]:
    """How much a move changes the goal, typically, and how many pupils it moves."""
    at = land.at(land.start, root)
    land.step(at, FELT, (COLD, COLD), (COLD, COLD))
    rise = at.felt[0] / max(at.tally[1], 1)
    return max(float(rise), 1e-12), max(float(land.problem.sizes.mean()), 1e-12)


@dataclass(eq=False)
class _State:
    """What all starts share."""

    land: Landscape
    typical: float
    toll: Any
    begun: float
    seconds: float | None
    lowest: float = float("inf")
    least_beyond: float = float("inf")
    stopped: bool = False

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    @property
    def _over(self) -> bool:
        """Whether settling must end, too."""
        return self.stopped or (self.seconds is not None and self.elapsed > self.seconds + GRACE)

    def climb(self, turn: int, seed: int, steps: int) -> list[tuple[float, Codes]]:
        """Anneal for so many steps from the start."""
        at = self.land.at(self.land.start, seed)
        for first in range(0, steps, PART):
            if self.stopped:
                break
            last = min(first + PART, steps)
            self.land.step(at, last - first, *self._prices(turn, first / steps, last / steps))
        return self._settled(at, turn)

    def climb_on(self, root: int, worker: int, workers: int, each: int) -> list[tuple[float, Codes]]:
        """Anneal again and again until the time is over, as often as it lasts for starts of a good length."""
        found = []
        seconds = self.seconds or 0.0
        part = PART // 8
        begun = time.monotonic()
        at = self.land.at(self.land.start, int(seeds_of(root, worker, worker + 1)[0]))
        self.land.step(at, part, *self._prices(worker, 0.0, 0.0))
        pace = part / max(time.monotonic() - begun, 1e-6)
        left = seconds - self.elapsed
        many = max(1, round((left * pace / each) ** 0.7)) if left * pace > each else 1
        for again in range(many):
            turn = worker + workers * (again + 1)
            seed = seeds_of(root, turn, turn + 1)[0]
            begun = time.monotonic()
            share = (seconds - self.elapsed) / (many - again) * 0.97
            at = self.land.at(self.land.start, int(seed))
            done = 0.0
            while done < 1 and not self.stopped:
                steps = int(min(PART, max(1024, pace * share / 50)))
                before = time.monotonic()
                ahead = min(1.0, done + steps / max(pace * share, 1))
                self.land.step(at, steps, *self._prices(turn, done, ahead))
                now = time.monotonic()
                pace = steps / max(now - before, 1e-6)
                done = (now - begun) / max(share, 1e-6)
            found += self._settled(at, turn)
            if self.stopped or self.elapsed >= seconds:
                break
        return found

    def _cold(self, turn: int) -> float:
        return COOL[turn % len(COOL)] * min(1.0, len(self.land.problem.schools) / MANY) * self.typical

    def _prices(self, turn: int, first: float, last: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Temperature and toll between two times, each from its beginning to its end by equal factors."""
        hot, cold, (cheap, dear) = HEAT * self.typical, self._cold(turn), self.toll
        return (
            (hot * (cold / hot) ** first, hot * (cold / hot) ** last),
            (cheap * (dear / cheap) ** first, cheap * (dear / cheap) ** last),
        )

    def _settled(self, at: moves.Annealing, turn: int) -> list[tuple[float, Codes]]:
        """Walk on where it is cold until nobody is without room, then go down to the bottom; nothing if somebody is."""
        cold, dear = self._cold(turn), self.toll[1]
        round_long = 20 * len(at.zone)
        for _ in range(ROUNDS):
            if self.land.beyond(at) <= ROUNDING or self._over:
                break
            # cheap at first: pupils pass through schools that are full
            self.land.step(at, 5 * round_long, (2 * cold, cold / 4), (self.toll[0] / 2, 10 * dear))
        for _ in range(ROUNDS):
            before = self.land.height(at), self.land.beyond(at)
            self.land.step(at, round_long, (COLD * cold,) * 2, (1000 * dear,) * 2)
            if (self.land.height(at), self.land.beyond(at)) == before or self._over:
                break
        self.least_beyond = min(self.least_beyond, self.land.beyond(at))
        if self.land.beyond(at) > ROUNDING:
            return []
        height = self.land.height(at)
        self.lowest = min(self.lowest, height)
        return [(height, at.zone.astype(np.intp))]


def value_of(problem: Problem, zone: Codes, what: Any) -> float:
    """Measure a plan.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    what : Index or Measure
        By what.

    Returns
    -------
    float
    """
    if isinstance(what, Index):
        from segregation_tools.population.population import Population

        rolls = problem.by_school(zone)
        return float(what(Population(rolls, problem.pupils.groups)))
    return float(what.cost(problem)[np.arange(len(zone)), zone].sum())
