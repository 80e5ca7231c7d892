"""The chain of flips in plain loops: every step from scratch, and the chance of every step from every plan."""

import itertools
from dataclasses import dataclass, field
from math import exp, inf

import numpy as np

from segregation_tools.kernels.sample import stream, uniform


@dataclass
class Plain:
    """A district of units with a compactness, as plain lists; plans are tuples of zones."""

    edges: list
    sizes: list
    zones: int
    allowed: list  # by unit, zones
    low: list
    high: list
    home: list
    most_moved: float = inf
    loose: list = field(default_factory=list)
    compactness: float = 0.0

    def may(self, plan):
        rolls = [sum(s for s, z in zip(self.sizes, plan, strict=True) if z == zone) for zone in range(self.zones)]
        moved = sum(s for s, z, h in zip(self.sizes, plan, self.home, strict=True) if h not in (-1, z))
        return (
            all(z in can for z, can in zip(plan, self.allowed, strict=True))
            and all(low <= roll <= high for low, roll, high in zip(self.low, rolls, self.high, strict=True))
            and moved <= self.most_moved
        )

    def borders(self, plan):
        return [edge for edge, (a, b) in enumerate(self.edges) if plan[a] != plan[b]]

    def touched(self, plan, unit, zone):
        """How many units of a zone a unit touches."""
        others = [b if a == unit else a for a, b in self.edges if unit in (a, b)]
        return sum(plan[other] == zone for other in others)

    def pieces(self, plan):
        """How many pieces each zone has, of units that are not loose."""
        many, left = [0] * self.zones, set(range(len(plan))) - set(self.loose)
        while left:
            begun = left.pop()
            many[plan[begun]] += 1
            reached = [begun]
            while reached:
                here = reached.pop()
                for a, b in self.edges:
                    for there in [b] if a == here else [a] if b == here else []:
                        if there in left and plan[there] == plan[begun]:
                            left.remove(there)
                            reached.append(there)
        return many

    def ratio(self, plan, unit, new, along):
        """Chance with which a flip that was drawn is made, before pieces are looked at; 0 where it may not be."""
        after = (*plan[:unit], new, *plan[unit + 1 :])
        if plan[unit] == new or not self.may(after):
            return 0.0
        before, behind = len(self.borders(plan)), len(self.borders(after))
        weight = exp(-self.compactness * (behind - before))
        if not along:
            return weight
        there, back = self.touched(plan, unit, new) / before, self.touched(after, unit, plan[unit]) / max(behind, 1)
        return weight * back / there

    def keeps_pieces(self, plan, unit, new, along):
        return not along or self.pieces(plan) == self.pieces((*plan[:unit], new, *plan[unit + 1 :]))

    def walked(self, plan, seed, steps):
        """Take the steps that the kernel takes with the same random numbers."""
        plan, state, listed = list(plan), stream(np.uint64(seed)), self.borders(plan)
        loose, made = len(self.loose), 0
        for _ in range(steps):
            drawn = uniform(state) * len(plan) - loose
            along = drawn >= 0
            if along and not listed:
                continue
            if along:
                side = int(drawn / (len(plan) - loose) * 2 * len(listed))
                ends = self.edges[listed[side // 2]]
                unit, new = ends[side % 2], plan[ends[1 - side % 2]]
            else:
                unit, new = self.loose[int(drawn + loose)], int(uniform(state) * self.zones)
            ratio = self.ratio(tuple(plan), unit, new, along)
            if ratio == 0 or (ratio < 1 and uniform(state) >= ratio):
                continue
            if not self.keeps_pieces(tuple(plan), unit, new, along):
                continue
            made, old, plan[unit] = made + 1, plan[unit], new
            near = sorted((b if a == unit else a, edge) for edge, (a, b) in enumerate(self.edges) if unit in (a, b))
            for other, edge in near:  # the list is kept as the kernel keeps it: the last takes an empty place
                if plan[other] == old:
                    listed.append(edge)
                elif plan[other] == new:
                    listed[listed.index(edge)] = listed[-1]
                    listed.pop()
        return plan, made

    def chances(self, plan):
        """Chance of each other plan in one step."""
        units, loose, row = len(plan), len(self.loose), {}
        drawn = [(unit, zone, False, 1 / units / self.zones) for unit in self.loose for zone in range(self.zones)]
        borders = self.borders(plan)
        for a, b in (self.edges[edge] for edge in borders):
            each = (units - loose) / units / (2 * len(borders))
            drawn += [(a, plan[b], True, each), (b, plan[a], True, each)]
        for unit, new, along, chance in drawn:
            ratio = self.ratio(plan, unit, new, along)
            if ratio > 0 and self.keeps_pieces(plan, unit, new, along):
                after = (*plan[:unit], new, *plan[unit + 1 :])
                row[after] = row.get(after, 0.0) + chance * min(1.0, ratio)
        return row

    def every(self, start):
        """Every plan there is: those of as many pieces as the first, or all where all units are loose."""
        plans = filter(self.may, itertools.product(range(self.zones), repeat=len(self.sizes)))
        whole = len(self.loose) < len(self.sizes)
        return {plan for plan in plans if not whole or self.pieces(plan) == self.pieces(start)}

    def reached(self, start):
        """Every plan to which steps lead, with its own steps."""
        rows, new = {}, [start]
        while new:
            plan = new.pop()
            rows[plan] = self.chances(plan)
            new += [after for after in rows[plan] if after not in rows and after not in new]
        return rows

    def target(self, plans):
        """What plans should weigh."""
        weights = np.array([exp(-self.compactness * len(self.borders(plan))) for plan in plans])
        return dict(zip(plans, weights / weights.sum(), strict=True))
