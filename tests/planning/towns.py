"""An invented district, with what `rezone` takes."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np

import segregation_tools as sgt
from segregation_tools.planning.landscape import Landscape

GROUPS = ["a", "b", "c"]
RULES = [sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5)]


class Town:
    """A district whose blocks, schools, travel and zones may be read and changed."""

    def __init__(self, blocks=200, schools=6, seed=3):
        self.district = sgt.synthetic_district(blocks, schools, rng=seed)
        self.blocks = self.district.blocks.set_crs(32610, allow_override=True)
        self.schools, self.travel = self.district.schools, self.district.travel

    @property
    def pupils(self):
        return sgt.Population.from_frame(self.blocks, [name for name in self.blocks if name in GROUPS])

    @property
    def today(self):
        return {"current": self.blocks["school"], "schools": self.schools, "travel": self.travel}

    def rezone(self, **given):
        return sgt.rezone(self.pupils, **({"constraints": RULES, "rng": 7, "steps": 400_000} | self.today | given))

    def score(self, assignment, **given):
        return sgt.score(self.pupils, assignment, **({"constraints": RULES} | self.today | given))

    def rolls(self, school):
        return self.blocks.groupby(school)[GROUPS].sum()


def land_of(town, goal, rules, **given):
    problem = town.score(town.blocks["school"], **given).problem
    return Landscape.of(problem, goal, rules)


@cache
def best_of_all(case, seed):
    """The lowest goal of all plans of a small case that keep to its rules, each checked."""
    town, goal, rules = small(case, seed)
    problem = town.score(town.blocks["school"]).problem
    plan = sgt.Plan(problem, problem.current, goal, tuple(rules), None)
    free = np.setdiff1d(np.arange(len(problem.blocks)), problem.stands)
    lowest = np.inf
    for choice in itertools.product(range(len(problem.schools)), repeat=len(free)):
        zone = np.empty_like(problem.current)
        zone[problem.stands], zone[free] = range(len(problem.schools)), choice
        if sgt.check(replace(plan, zone=zone)):
            lowest = min(lowest, goal.value(problem, zone))
    return lowest


D, MOVES = sgt.minimize(sgt.dissimilarity), sgt.minimize(sgt.moves)
CASES = {
    "dissimilarity": (D, [sgt.capacity(within=0.4), sgt.contiguous()]),
    "anywhere": (D, [sgt.capacity(within=0.3)]),
    "costs": (D + 0.3 * MOVES + 0.05 * sgt.minimize(sgt.travel_time), [sgt.capacity(within=0.5), sgt.contiguous()]),
    "band": (sgt.minimize(sgt.outside_band("a", 0.3, 0.35)) + 0.01 * MOVES, [sgt.contiguous()]),
    "few move": (D, [sgt.contiguous(), sgt.most_moved(0.25)]),
    "near": (D, [sgt.contiguous(), sgt.longest_trip(ratio=1.5)]),
    "together": (D, [sgt.contiguous()]),
    "island": (D, [sgt.capacity(within=0.5)]),
}


def small(case, seed):
    """A town of nine blocks and three schools, with the goal and the rules of a case."""
    goal, rules = CASES[case]
    town = Town(blocks=9, schools=3, seed=seed)
    stand = town.district.schools["block"]
    free = town.blocks.index.difference(stand)
    more = {
        "anywhere": lambda: [sgt.locked(stand)],
        "together": lambda: [sgt.together(dict.fromkeys(_neighbours(town, free), "x"))],
        "island": lambda: [sgt.contiguous(exempt=[free[0]]), sgt.locked([free[0]])],
    }.get(case, list)()
    return town, goal, [*rules, *more]


def _neighbours(town, free):
    """Two blocks that touch, and in which no school stands."""
    units = town.blocks.index
    pairs = zip(*town.pupils.geography.adjacency("rook").nonzero(), strict=True)
    return next(units[list(pair)] for pair in pairs if units[list(pair)].isin(free).all())
