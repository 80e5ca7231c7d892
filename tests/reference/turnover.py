"""A year of turnover in plain loops: whoever moves looks at every unit."""

import math

import numpy as np

from segregation_tools.kernels.sample import binomial, chances_of, ln_factorials, stream, uniform
from segregation_tools.kernels.turnover import OF_A_UNIT


def year(counts, utility, leaving, choosing, rates, capacity):
    """One draw: counts and utility of shape (groups, units), two seeds."""
    groups, units = len(counts), len(capacity)
    found = [[int(n) for n in row] for row in counts]
    chances, factorials = chances_of(np.asarray(rates, dtype=float)), ln_factorials()
    movers = []
    with np.errstate(over="ignore"):
        for u in range(units):
            state = stream(np.uint64(leaving) ^ (np.uint64(u + 1) * np.uint64(OF_A_UNIT)))
            for g in range(groups):
                out = binomial(state, found[g][u], chances, g, u, factorials)
                found[g][u] -= out
                movers += [g] * out
    movers.sort()
    state = stream(np.uint64(choosing))
    while movers:
        g = movers.pop(int(uniform(state) * len(movers)))
        vacant = [capacity[u] - sum(row[u] for row in found) for u in range(units)]
        best = max(utility[g][u] for u in range(units) if vacant[u] > 0)
        weights = [vacant[u] * math.exp(utility[g][u] - best) if vacant[u] > 0 else 0.0 for u in range(units)]
        wanted, chosen = uniform(state) * sum(weights), 0
        while wanted >= weights[chosen]:
            wanted -= weights[chosen]
            chosen += 1
        found[g][chosen] += 1
    return np.array(found)
