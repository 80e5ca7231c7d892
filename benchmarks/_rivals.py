"""Two other ways to zones, on the district that our search has read: GerryChain, and a model for CP-SAT."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
from _districts import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from segregation_tools.planning.problem import Problem

ENDLESS = 10**9  # steps
BURST = 10  # of 5, 10, 30 and 100 steps the best
COLDNESS = 16.0  # of annealing, a block: of 2 to 50 among the best


def may_go(problem: Problem) -> np.ndarray:
    """Which school each block may go to."""
    return np.logical_and.reduce([rule.allowed(problem) for rule in RULES])


class Chain:
    """A district as GerryChain takes it: tallies, cut edges, room and zones in one piece, no geometry."""

    def __init__(self, problem: Problem, told: Iterable[str]) -> None:
        import networkx
        from gerrychain import Partition, updaters
        from gerrychain.constraints import single_flip_contiguous

        self.proposals = 0
        self.totals = problem.counts.sum(axis=1).tolist()
        low, high = (room.tolist() for room in RULES[0].rooms(problem))
        graph = networkx.Graph()
        for block, (focal, rest) in enumerate(problem.counts.T.tolist()):  # in order: GerryChain numbers them anew
            graph.add_node(block, focal=focal, rest=rest, all=focal + rest)
        graph.add_edges_from(zip(*(ends.tolist() for ends in problem.adjacency.nonzero()), strict=True))
        tallies = {name: updaters.Tally(name) for name in told}
        self.today = Partition(graph, dict(enumerate(problem.current.tolist())), tallies)

        def room(partition: Any) -> bool:
            return all(low[zone] <= people <= high[zone] for zone, people in partition["all"].items())

        self.constraints: list[Callable[[Any], bool]] = [room, single_flip_contiguous]

    def keep_ways_short(self, problem: Problem) -> None:
        """Refuse, before anything else is looked at, what takes a block to a school that it may not go to."""
        allowed = may_go(problem).tolist()

        def near(partition: Any) -> bool:
            return all(allowed[block][zone] for block, zone in (partition.flips or {}).items())

        self.constraints.insert(0, near)

    def propose(self, partition: Any, **chance: Any) -> Any:
        """Propose a flip, and count it."""
        from gerrychain.proposals import propose_random_flip

        self.proposals += 1
        return propose_random_flip(partition, **chance)

    def dissimilarity(self, partition: Any) -> float:
        """D of two groups from their tallies."""
        (a, b), focal, rest = self.totals, partition["focal"], partition["rest"]
        return sum(abs(focal[zone] / a - rest[zone] / b) for zone in focal) / 2


def proposed(problem: Problem, seconds: float) -> float:
    """Proposals that GerryChain makes and checks in a CPU-second; ways are not checked and D is not taken."""
    from gerrychain import MarkovChain, accept

    chain = Chain(problem, ["all"])
    states = MarkovChain(chain.propose, chain.constraints, accept.always_accept, chain.today, ENDLESS, rng=1)
    start = time.process_time()
    for _ in takewhile(lambda _: time.process_time() - start < seconds, states):
        pass
    return chain.proposals / (time.process_time() - start)


def by_gerrychain(problem: Problem, how: str, seconds: float) -> np.ndarray:
    """Position of the school of each block after so many CPU-seconds of GerryChain: short bursts, or annealing."""
    from gerrychain.optimization import SingleMetricOptimizer

    chain = Chain(problem, ["all", "focal", "rest"])
    chain.keep_ways_short(problem)
    search = SingleMetricOptimizer(
        chain.propose, chain.constraints, chain.today, chain.dissimilarity, maximize=False, rng=1
    )
    start = time.process_time()

    def cooled(_: int) -> float:
        return min(1.0, (time.process_time() - start) / (0.9 * seconds))

    states = (
        search.short_bursts(BURST, ENDLESS)
        if how == "short bursts"
        else search.simulated_annealing(ENDLESS, cooled, COLDNESS * len(problem.blocks))
    )
    for _ in takewhile(lambda _: time.process_time() - start < seconds, states):
        pass
    zone = search.best_part.assignment.mapping
    return np.array([zone[block] for block in range(len(problem.blocks))])


def by_cp_sat(problem: Problem, seconds: float) -> np.ndarray:
    """Position of the school of each block after so many seconds of CP-SAT on two threads, from today's zones.

    The model of Gillani et al. (2023): a block has one school, rolls are bounded, and a block in a zone touches another
    in it that is nearer to the school. D is a sum of absolute differences in whole numbers.
    """
    if "highspy" in sys.modules:
        sys.exit("highspy and ortools cannot be in one process")
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    zones = range(len(problem.schools))
    goes = {(block, zone): model.new_bool_var("") for block, zone in np.argwhere(may_go(problem)).tolist()}
    choices, members = defaultdict(list), defaultdict(list)
    for (block, zone), chosen in goes.items():
        choices[block].append(chosen)
        members[zone].append((block, chosen))
        model.add_hint(chosen, int(problem.current[block]) == zone)
    for chosen in choices.values():
        model.add_exactly_one(chosen)
    touching = problem.adjacency
    for (block, zone), chosen in goes.items():
        if block != problem.stands[zone]:
            near = touching.indices[touching.indptr[block] : touching.indptr[block + 1]].tolist()
            nearer = [b for b in near if problem.minutes[b, zone] < problem.minutes[block, zone]]
            model.add_bool_or([goes[b, zone] for b in nearer if (b, zone) in goes] + [~chosen])
    counts = np.rint(problem.counts).astype(int)
    a, b = (int(total) for total in counts.sum(axis=1))
    apart = []
    for zone, low, high in zip(zones, *RULES[0].rooms(problem), strict=True):
        blocks, chosen = zip(*members[zone], strict=True)
        focal, rest = counts[:, blocks]
        roll = cp_model.LinearExpr.weighted_sum(chosen, (focal + rest).tolist())
        model.add_linear_constraint(roll, int(np.ceil(low - 1e-9)), int(np.floor(high + 1e-9)))
        difference = cp_model.LinearExpr.weighted_sum(chosen, (focal * b - rest * a).tolist())
        apart.append(model.new_int_var(0, a * b, ""))
        model.add(apart[-1] >= difference)  # quicker to presolve than equality with an absolute value
        model.add(apart[-1] >= -difference)
        today = problem.current[list(blocks)] == zone
        model.add_hint(apart[-1], abs(int((focal * b - rest * a)[today].sum())))
    model.minimize(sum(apart))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        sys.exit(f"CP-SAT: {solver.status_name(status)}")
    plan = np.full(len(problem.blocks), -1)
    for (block, zone), chosen in goes.items():
        if solver.boolean_value(chosen):
            plan[block] = zone
    return plan
