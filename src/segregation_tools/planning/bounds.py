"""How good a plan can be at all: bounds below which no plan lies that keeps to the rules, and the proof of them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from numpy.typing import NDArray

    from segregation_tools.planning.program import Program, Solution
    from segregation_tools.planning.progress import Progress, Tell
    from segregation_tools.planning.relaxed import Cut

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Certificate", "bound_of", "certify", "is_same"]

FEW = 10_000  # ways, units in zones, up to which the cheap bound is made in several rounds
ROUNDS = 4  # of it
LESS = 1e-7  # by how much a plan must be better to be another
SAME = 1e-6  # in proportion to the goal: what is nearer is as good
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
    land = Landscape.of(plan.problem, plan.goal, plan.constraints)
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
        True for a bar; or ``progress(share done, bound so far)``.

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
    holds, and may be lower than need be.

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
    land = Landscape.of(plan.problem, plan.goal, plan.constraints)
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
    relaxed = proof.relaxed
    return Certificate(
        proof.best, proof.bound, relaxed.bound, time.monotonic() - begun, relaxed.proof, tuple(proof.cuts)
    )


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
        self.bound = -np.inf
        self.relaxed = Relaxed(land, again=True)
        self.cuts: list[Cut] = self.relaxed.cuts

    @property
    def _left(self) -> float:
        return self.seconds - (time.monotonic() - self.begun)

    @property
    def _proven(self) -> bool:
        return is_same(self.value, self.bound)

    def _raise(self, bound: float) -> None:
        if bound > self.value + SAME * abs(self.value):
            msg = (
                f"the bound {bound:.9g} lies above a plan that keeps to all rules, {self.value:.9g}, which it must not"
            )
            raise ArithmeticError(msg)
        self.bound = max(self.bound, min(bound, self.value))

    def relax(self, tell: Tell | None) -> None:
        """Prove what holds even if blocks could be divided."""
        while self._left > 0 and self.relaxed.round(self._left):
            self._raise(self.relaxed.bound)
            self._tell(tell)
        self.cuts = self.relaxed.cuts

    def branch(self, tell: Tell | None) -> None:
        """Solve the program with whole blocks, and cut off solutions that fall apart, until the best hangs together."""
        program, constant, joined = self.relaxed.program, self.land.constant, False
        while self._left > 0 and not self._proven and np.isfinite(self.bound):
            held = program.copied()
            held.add(-np.inf, 0, x=cut_rows(program, self.cuts))
            held.below(self.value - constant - LESS * abs(self.value))
            near = 0.0 if joined else PART * (self.value - self.bound) / abs(self.value)
            solution = self._waited(held, near, tell)
            self._raise(min(self.value, constant + solution.bound))
            if solution.x is None:
                break
            found = self.relaxed.separate(np.round(solution.x), 0.5)
            self.cuts = [*self.cuts, *found]
            joined = not found
            if joined and not self._better(solution.x):
                break  # a rule that the program does not know: the bound holds, and cannot be raised

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

    def _waited(self, program: Program, near: float, tell: Tell | None) -> Solution:
        """Solve beside this thread, so that this one hears Ctrl-C."""
        solved: Future[Solution] = Future()
        left = self._left

        def work() -> None:
            try:
                solved.set_result(program.solved(seconds=left, gap=near))
            except Exception as error:  # noqa: BLE001 - the other thread raises it
                solved.set_exception(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
            self._tell(tell)
        return solved.result()

    def _tell(self, tell: Tell | None) -> None:
        if tell is not None:
            tell(min(1.0, 1 - self._left / self.seconds), self.bound)


def is_same(value: float, bound: float) -> bool:
    """Say whether a value is as low as its bound, but for rounding.

    Parameters
    ----------
    value, bound : float
        Of a goal.

    Returns
    -------
    bool
    """
    return bool(value - bound <= SAME * abs(value))


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
    relaxed : float
        The bound that holds even if blocks could be divided between schools: `recomputed` proves it again.
    seconds : float
        How long it took.
    """

    plan: Plan
    bound: float
    relaxed: float
    seconds: float
    _proof: tuple[tuple[Cut, ...], Floats] = field(repr=False)
    _cuts: tuple[Cut, ...] = field(repr=False)

    @property
    def value(self) -> float:
        """The goal of the plan."""
        return self.plan.goal.value(self.plan.problem, self.plan.zone)

    def __float__(self) -> float:
        return self.bound

    @property
    def gap(self) -> float:
        """By how much the goal could be lower at most."""
        return self.value - self.bound

    @property
    def proven(self) -> bool:
        """Whether no plan is better than this one, by more than a millionth."""
        return is_same(self.value, self.bound)

    @property
    def reached(self) -> float:
        """Share of what could be gained at most, from today's zones on, that the plan gains; NaN if a school closes."""
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
        return Landscape.of(self.plan.problem, self.plan.goal, self.plan.constraints)

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
            If a cut does not cut.
        """
        return recomputed(self._land, *self._proof)

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
        return f"{plan}: no plan that keeps to the rules is better by more than {self.gap:.5f}"

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
