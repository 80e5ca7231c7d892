"""How good a plan can be at all: bounds below which no plan lies that keeps to the rules, and the proof of them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, listed
from segregation_tools.planning.goals import measured_by
from segregation_tools.planning.landscape import Landscape
from segregation_tools.planning.mps import lines_of
from segregation_tools.planning.plan import Plan, check
from segregation_tools.planning.program import linear
from segregation_tools.planning.progress import telling
from segregation_tools.planning.relaxed import Relaxed, cut_rows, recomputed
from segregation_tools.population.options import real_number
from segregation_tools.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.planning.progress import Progress, Tell
    from segregation_tools.planning.relaxed import Cut, Proof

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Certificate", "bound_of", "certify"]

Answer = TypeVar("Answer")

FEW = 10_000  # ways, units in zones, up to which the cheap bound is made in several rounds
ROUNDS = 4  # of it
LESS = 1e-7  # of the goal: by how much a plan must be better to be another
SAME = 1e-6  # the same; what is nearer is as good
WAITING = 0.2  # seconds
PART = 1 / 3  # of what lies between value and bound: how near the solver comes before zones are looked at again


def bound_of(plan: Plan) -> float:
    """Compute a bound that is soon found: no plan of the district that keeps to the rules has a lower goal.

    Parameters
    ----------
    plan : Plan
        District, goal and rules.

    Returns
    -------
    float
        NaN for a goal that is not linear.
    """
    land = _land_of(plan, kept=bool(check(plan)))
    if not linear(land):
        return float("nan")
    relaxed = Relaxed(land)
    rounds = ROUNDS if len(relaxed.program.cost) <= FEW else 1
    while rounds and relaxed.round():
        rounds -= 1
    return relaxed.bound


def certify(plan: Plan, *, seconds: float = 60, progress: Progress = None) -> Certificate:
    """Prove how far a plan is, at most, from the best that keeps to the same rules; and search for that.

    Parameters
    ----------
    plan : Plan
        It keeps to its rules; its goal adds up costs of blocks and distances of shares: `dissimilarity` of any number of
        groups, `gorard`, `outside_band`, `moves`, `travel_time`, `walkers_lost`, with any weights.
    seconds : float
        How long at most; what is proven until then holds.
    progress : bool or callable, optional
        A bar comes after two seconds where somebody is looking; True: at once, False: never. Or a function,
        ``progress(share done, bound so far)``.

    Returns
    -------
    Certificate
        Value, bound, gap, whether the plan is proven to be the best, and a better plan if one was found. Interrupted
        (Ctrl-C), what is proven until then.

    Raises
    ------
    CapabilityError
        If the goal is of another kind, or the plan breaks its rules.

    Notes
    -----
    The linear program in which blocks may be divided, with room, moves and ways as the rules have them; zones hang together
    because a block that lies in a zone by some share needs as much of every set of blocks that cuts it off from the school
    (minimal separators, found by flows where the solution breaks them, those of one block, dominators, at once). Then whole
    blocks, by branch and bound (HiGHS), again with what cuts zones apart, until the best of its solutions hangs together.
    Where a school has no block, or its zone lies in several pieces today, that zones hang together is left out: the bound
    holds, and may be lower than need be. Interrupted, the solver ends what it is at in the background, within `seconds`.

    References
    ----------
    Oehrlein, J. & Haunert, J.-H. (2017), A cutting-plane method for contiguity-constrained spatial aggregation, Journal of
    Spatial Information Science 15, 89–120. Validi, H., Buchanan, A. & Lykhovyd, E. (2022), Imposing contiguity constraints
    in political districting models, Operations Research 70, 867–892. Huangfu, Q. & Hall, J. (2018), Parallelizing the dual
    revised simplex method, Mathematical Programming Computation 10, 119–142.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> plan = sgt.rezone(
    ...     sgt.Population.from_frame(district.blocks, ["a", "b", "c"]),
    ...     current=district.blocks["school"],
    ...     schools=district.schools,
    ...     travel=district.travel,
    ...     constraints=[sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)],
    ...     rng=7,
    ...     steps=100_000,
    ... )
    >>> proof = sgt.certify(plan)
    >>> proof.proven, proof.gap < 1e-6, plan.bound < proof.bound
    (True, True, True)
    """
    begun = time.monotonic()
    seconds = real_number(seconds, "seconds", 0, "how long may be searched for a proof", above=True)
    _check_plan(plan)
    land = _land_of(plan, kept=True)
    if not linear(land):
        terms = listed(measured_by(what) for _, what in plan.goal.terms)
        msg = (
            f"no bound is known for goals with {terms}: take sums of dissimilarity, gorard, outside_band, moves, "
            "travel_time and the like, each to be made small"
        )
        raise CapabilityError(msg)
    proof = _Proof(land, plan, begun, seconds)
    with telling(progress, "bound {:.5f}") as tell:
        try:
            proof.relax(tell)
            proof.branch(tell)
        except KeyboardInterrupt:
            pass  # what is proven until now
    return proof.certificate()


def _land_of(plan: Plan, *, kept: bool) -> Landscape:
    """Bring goal and rules together; the plan itself shows that they can be kept, where it keeps to them."""
    return Landscape.of(plan.problem, plan.goal, plan.constraints, plan.zone if kept else None)


def _check_plan(plan: Any) -> None:
    if not isinstance(plan, Plan):
        msg = f"certify takes a plan, from rezone, score or load_plan, not {type(plan).__name__}"
        raise CapabilityError(msg)
    broken = check(plan)
    if not broken:
        first = broken.violations.head(3).to_string(index=False, header=False)
        msg = (
            f"the plan breaks {len(broken.violations)} of its rules, and bounds are of plans that keep to them: {first}. "
            "See sgt.check(plan).violations"
        )
        raise CapabilityError(msg)


class _Proof:
    """What is proven and found until now."""

    def __init__(self, land: Landscape, plan: Plan, begun: float, seconds: float) -> None:
        self.land, self.begun, self.seconds = land, begun, seconds
        self.best, self.value = plan, plan.goal.value(plan.problem, plan.zone)
        self.relaxed = Relaxed(land, again=True)
        self.bound = self.relaxed.bound
        self.branched: list[Cut] = []  # what the program with whole units has
        self.exhausted = False

    @property
    def _left(self) -> float:
        return self.seconds - (time.monotonic() - self.begun)

    def certificate(self) -> Certificate:
        """Write down what is proven until now; another thread may still be solving."""
        proof = self.relaxed.proof
        self._raise(proof.bound)
        cuts = {
            (school, unit, tuple(those)): (school, unit, those) for school, unit, those in (*proof.cuts, *self.branched)
        }
        spent = time.monotonic() - self.begun
        return Certificate(self.best, self.bound, self.proven, self.exhausted, spent, proof, tuple(cuts.values()))

    @property
    def proven(self) -> bool:
        """Whether value and bound are the same, but for rounding."""
        return bool(self.value - self.bound <= SAME * self._size)

    @property
    def _size(self) -> float:
        """How large the goal is; not 0 where it is."""
        return max(abs(self.value), abs(self.value - self.land.constant), self.relaxed.program.unit_price)

    def _raise(self, bound: float) -> None:
        if bound > self.value + SAME * self._size:
            msg = (
                f"the bound {bound:.9g} lies above a plan that keeps to all rules, {self.value:.9g}, which it must not"
            )
            raise ArithmeticError(msg)
        self.bound = max(self.bound, min(bound, self.value))

    def relax(self, tell: Tell | None) -> None:
        """Prove what holds even if blocks could be divided."""
        rising = True
        while rising and self._left > 0:
            rising = self._waited(partial(self.relaxed.round, self._left), tell)
            self._raise(self.relaxed.bound)

    def branch(self, tell: Tell | None) -> None:
        """Solve the program with whole blocks, and cut off solutions that fall apart, until the best hangs together."""
        program, constant, joined = self.relaxed.program, self.land.constant, False
        self.branched = list(self.relaxed.cuts)
        while self._left > 0 and not self.proven:
            held, most = program.copied(), self.value - LESS * self._size
            held.add(-np.inf, 0, x=cut_rows(program, self.branched))
            held.below(most - constant)
            size = max(abs(self.value - constant), program.unit_price)
            near = 0.0 if joined else PART * (self.value - self.bound) / size
            solution = self._waited(partial(held.solved, seconds=self._left, gap=near), tell)
            self._raise(min(most, constant + solution.bound))
            if solution.x is None:
                break
            found = self.relaxed.separate(np.round(solution.x), 0.5)
            self.branched += found
            joined = not found
            if joined and not self._better(solution.x) and near == 0:
                self.exhausted = True  # a rule that the program does not know: the bound holds, and cannot be raised
                break

    def _better(self, x: Floats) -> bool:
        """Take a solution as the best plan, if it is one."""
        program = self.relaxed.program
        zone = np.empty(program.shape[0], dtype=np.intp)
        zone[program.unit[x > 0.5]] = program.zone[x > 0.5]
        plan = replace(self.best, zone=self.land.plan(zone), seed=None)
        value = plan.goal.value(plan.problem, plan.zone)
        if value < self.value and check(plan):
            self.best, self.value = plan, value
            return True
        return False

    def _waited(self, work: Callable[[], Answer], tell: Tell | None) -> Answer:
        """Solve beside this thread, so that this one hears Ctrl-C; the solver then ends later, unheard."""
        answer: Future[Answer] = Future()

        def solve() -> None:
            try:
                answer.set_result(work())
            except Exception as error:  # noqa: BLE001 - the other thread raises it
                answer.set_exception(error)

        threading.Thread(target=solve, daemon=True).start()
        while not answer.done():
            wait([answer], WAITING)
            self._tell(tell)
        return answer.result()

    def _tell(self, tell: Tell | None) -> None:
        if tell is not None:
            tell(min(1.0, 1 - self._left / self.seconds), self.bound)


# ---------------------------------------------------------------- what is proven


@dataclass(frozen=True, eq=False)
class Certificate:
    """How far a plan is, at most, from the best there is.

    Attributes
    ----------
    plan : Plan
        The best that is known: the one that was given, or a better one that was found on the way.
    bound : float
        No plan that keeps to the rules has a lower goal.
    proven : bool
        Whether no plan is better than this one by more than a millionth of the goal.
    exhausted : bool
        Whether more time cannot raise the bound: the best of the program with whole blocks breaks a rule that it leaves out,
        of zones in several pieces today or of a school without a block.
    seconds : float
        How long it took.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> rules = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)]
    >>> plan = sgt.rezone(pupils, **today, constraints=rules, rng=7, steps=100_000)
    >>> proof = sgt.certify(plan, seconds=10)
    >>> bool(proof.bound <= proof.value), bool(proof.bound >= plan.bound)
    (True, True)
    """

    plan: Plan
    bound: float
    proven: bool
    exhausted: bool
    seconds: float
    _proof: Proof = field(repr=False)
    _cuts: tuple[Cut, ...] = field(repr=False)

    @property
    def value(self) -> float:
        """The goal of the plan."""
        return self.plan.goal.value(self.plan.problem, self.plan.zone)

    @property
    def relaxed(self) -> float:
        """The bound that holds even if blocks could be divided between schools: `recomputed` proves it again."""
        return self._proof.bound

    def __float__(self) -> float:
        return self.bound

    @property
    def gap(self) -> float:
        """By how much the goal could be lower at most."""
        return self.value - self.bound

    @property
    def reached(self) -> float:
        """Share of what could be gained at most, from today's zones on, that the plan gains.

        NaN if a school closes, or today's zones are as low as the bound.
        """
        problem = self.plan.problem
        if (problem.current < 0).any():
            return float("nan")
        today = self.plan.goal.value(problem, problem.current)
        return float((today - self.value) / (today - self.bound)) if today > self.bound else float("nan")

    @property
    def cuts(self) -> pd.DataFrame:
        """One row for each set of blocks that was found to cut another off from a school.

        `school`, `block`, and `through`, a tuple of blocks: a zone that holds the block holds one of those.
        """
        land, schools = self._land, self.plan.problem.schools
        named = land.units.blocks  # of units, their first
        rows = [(schools[school], named[unit], tuple(named[those])) for school, unit, those in self._cuts]
        return pd.DataFrame(rows, columns=["school", "block", "through"])

    @property
    def _land(self) -> Landscape:
        return _land_of(self.plan, kept=True)

    def recomputed(self) -> float:
        """Prove `relaxed` again from the district alone, slowly and without a solver.

        By a search for each cut that it cuts, and the arithmetic of weak duality: whatever rows of the linear program count,
        what they come to, with the least that is left of prices, is a bound.

        Returns
        -------
        float
            `relaxed`, but for rounding.

        Raises
        ------
        ArithmeticError
            If a cut does not cut, or it comes to less.
        """
        again = recomputed(self._land, self._proof)
        if again < self.relaxed - SAME * max(abs(self.relaxed), abs(self.value)):
            msg = f"what the proof holds comes to {again:.9g}, not to {self.relaxed:.9g}"
            raise ArithmeticError(msg)
        return again

    def save(self, path: Any) -> None:
        """Write the program with whole blocks and all cuts as a text in the MPS format.

        Any solver of integer programs, such as HiGHS, SCIP, CBC or Gurobi, reads it: the least value that it can have is
        `bound` or more.

        Parameters
        ----------
        path : path-like
            Its ending should be ``.mps``.
        """
        land = self._land
        program = Relaxed(land).program
        program.add(-np.inf, 0, x=cut_rows(program, self._cuts))
        told = [
            f"Plans for {len(land.problem.blocks)} blocks: {self.plan.goal!r}.",
            f"Proven to be at least {self.bound!r}; the best plan known has {self.value!r}.",
            "xI_J is 1 if unit I, blocks of one school, goes to school J; dQ_J is how far sum Q of school J is from 0.",
            *(f"unit {i}: {block!r}" for i, block in enumerate(land.units.blocks)),
            *(f"school {j}: {school!r}" for j, school in enumerate(land.problem.schools)),
        ]
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines_of(program, land.constant, told))

    @property
    def _title(self) -> str:
        plan = f"plan for {len(self.plan.problem.blocks):,} blocks and {len(self.plan.problem.schools):,} schools"
        if self.proven:
            return f"{plan}: proven to be the best that keeps to the rules"
        more = "; more time does not raise the bound" if self.exhausted else ""
        return f"{plan}: no plan that keeps to the rules is better by more than {self.gap:.5f}{more}"

    def _rows(self) -> dict[str, str]:
        reached = {} if np.isnan(self.reached) else {"of what could be gained at most": f"{self.reached:.2%}"}
        return {
            repr(self.plan.goal): f"{self.value:.5f}",
            "proven bound": f"{self.bound:.5f}",
            "bound if blocks could be divided": f"{self.relaxed:.5f}",
            **reached,
            "seconds": f"{self.seconds:.1f}",
        }

    def __str__(self) -> str:
        return f"{self._title}\n{pd.Series(self._rows()).to_string()}"

    def _repr_html_(self) -> str:
        return html_table(["", ""], [[name, value] for name, value in self._rows().items()], caption=self._title)
