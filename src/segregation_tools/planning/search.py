"""The search for a plan: annealing from several starts, on all threads; then what only takes one plan further."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError
from segregation_tools.kernels.pool import threads
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.planning.exact import reoptimizable, reoptimized
from segregation_tools.planning.landscape import ROUNDING, Landscape
from segregation_tools.planning.walk import walked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.kernels import moves

    Codes = NDArray[np.intp]

__all__ = ["STEPS_PER_BLOCK", "annealed", "found", "none_found"]

PART = 1 << 17  # steps between two looks at the clock
FELT = 4096  # steps in which a typical rise is felt
HEAT = 2.5  # first temperature, in typical rises
COOL = (0.22, 0.08)  # last temperature, by turns: now one, now the other finds more
MANY = 40  # schools below which it becomes colder in the end, in proportion
TOLL = (0.6, 60.0)  # first and last price of a pupil without room, in typical rises a pupil
COLD = 1e-9
STEPS_PER_BLOCK = 2000  # of one start
GRACE = 2.0  # seconds that settling may take beyond those of the search
ROUNDS = 40  # of settling
FOLLOWED = 0.4  # share of the time for a search by what can be followed, where the goal itself cannot
ANNEALED = 0.9  # share of the time for annealing, where a few zones at a time can be solved exactly after it
STEPS_A_CHANGE = 200  # as many as one change measured by the goal itself stands for
STEPS_A_CHOICE = 30_000_000  # as many as one exact solution of some zones stands for


def found(
    land: Landscape,
    *,
    root: int,
    seconds: float | None,
    steps: int | None,
    progress: Callable[[float, float], Any] | None = None,
    interrupted: Callable[[], Any] | None = None,
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
    interrupted : callable, optional
        Called when the annealing was interrupted.

    Returns
    -------
    ndarray of int, shape (blocks,)
        The best plan that keeps to all rules; interrupted, the best until then.

    Raises
    ------
    CapabilityError
        If none was found.
    """
    share = FOLLOWED if not land.exact else ANNEALED if reoptimizable(land) else 1.0

    def tell(done: float, lowest: float) -> None:
        if progress is not None:
            progress(share * done, lowest)

    def tell_more(done: float, lowest: float) -> None:
        if progress is not None:
            progress(share + (1 - share) * done, lowest)

    state, ends = annealed(land, root, None if seconds is None else share * seconds, steps, tell)
    if state.stopped and interrupted is not None:
        interrupted()
    if not ends:
        raise none_found(state)
    zone = min(ends, key=lambda end: end[0])[1]
    if share < 1 and not state.stopped:
        left = None if seconds is None else max(seconds - state.elapsed, 0.0)
        on, each = (reoptimized, STEPS_A_CHOICE) if land.exact else (walked, STEPS_A_CHANGE)
        zone = on(land, zone, seed=root, seconds=left, many=(steps or 0) // each, tell=tell_more)
    return land.plan(zone)


def none_found(state: _State) -> CapabilityError:
    """Say that no plan keeps to all rules, as far as was searched.

    Parameters
    ----------
    state : _State
        How the search ended.

    Returns
    -------
    CapabilityError
    """
    msg = (
        f"no plan that keeps to all rules was found: the best leaves {state.least_beyond:,.0f} pupils without room, or "
        "moves so many too many. Loosen capacity or most_moved, or search longer"
    )
    return CapabilityError(msg)


def annealed(
    land: Landscape, root: int, seconds: float | None, steps: int | None, tell: Callable[[float, float], Any]
) -> tuple[_State, list[tuple[float, Codes]]]:
    """Anneal from many starts, on all threads.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.
    root : int
        Where chance begins.
    seconds : float or None
        How long.
    steps : int or None
        Instead: how many steps in all.
    tell : callable
        ``tell(share done, best value so far)``.

    Returns
    -------
    state : _State
        How it ended.
    ends : list of (float, ndarray)
        The plans that came out, and the goal's value of each.
    """
    typical, people = _felt(land, root)
    toll = tuple(share * typical / people for share in TOLL)
    workers = threads()
    each = STEPS_PER_BLOCK * len(land.start)
    at, ends = land.at(land.start, 0), []
    if land.beyond(at) <= ROUNDING:
        ends.append((land.height(at), land.start))
    state = _State(land, typical, toll, time.monotonic(), seconds, lowest=min((end[0] for end in ends), default=np.inf))
    tasks: list[Future[list[tuple[float, Codes]]]] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            tell(0.0, state.lowest)
            if steps is None:
                tasks += [pool.submit(state.climb_on, root, worker, workers, each) for worker in range(workers)]
            else:
                many = max(1, round(steps / each))
                seeds = seeds_of(root, 0, many)
                tasks += [pool.submit(state.climb, turn, int(seed), steps // many) for turn, seed in enumerate(seeds)]
            waiting = set(tasks)
            while waiting:
                _, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                done = 1 - len(waiting) / len(tasks) if seconds is None else min(1.0, state.elapsed / seconds)
                tell(done, state.lowest)
        except KeyboardInterrupt:
            state.stopped = True
            pool.shutdown(wait=True, cancel_futures=True)
        except BaseException:  # of `progress`: nobody waits for the plan any more
            state.stopped = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        results = [task.result() for task in tasks if task.done() and not task.cancelled()]
    return state, ends + [end for result in results for end in result]


def _felt(land: Landscape, root: int) -> tuple[float, float]:
    """How much a move changes the goal, typically, and how many pupils it moves."""
    at = land.at(land.start, root)
    land.step(at, FELT, (COLD, COLD), (COLD, COLD))
    rise = at.felt[0] / max(at.tally[1], 1)
    return max(float(rise), 1e-12), max(float(land.district.sizes.mean()), 1e-12)


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
