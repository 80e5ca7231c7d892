"""Slow plain twins: the formulas as printed, in loops. Two groups are rows 0 and 1."""

from math import log

import numpy as np


def shares(counts):
    total = counts.sum(axis=0)
    return np.array([[n / t if t else 0.0 for n, t in zip(row, total, strict=True)] for row in counts])


def dissimilarity(counts, met):
    t, p = counts.sum(axis=0), shares(met)
    T, P = counts.sum(), counts.sum(axis=1) / counts.sum()
    total = sum(t[i] * abs(p[g, i] - P[g]) for g in range(len(P)) for i in range(len(t)))
    return total / (2 * T * sum(P * (1 - P)))


def _entropy(p):
    return -sum(x * log(x) for x in p if x > 0)


def mutual_information(counts, met):
    t, p = counts.sum(axis=0), shares(met)
    P = counts.sum(axis=1) / counts.sum()
    return _entropy(P) - sum(t[i] * _entropy(p[:, i]) for i in range(len(t))) / t.sum()


def information_theory(counts, met):
    return mutual_information(counts, met) / _entropy(counts.sum(axis=1) / counts.sum())


def variance_ratio(counts, met):
    """Σ_g P_g (1 − P_g)(xPx of g − xPx of the rest with g) / I: Fossett's separation, group by group."""
    p, P = shares(met), counts.sum(axis=1) / counts.sum()
    rest = counts.sum(axis=0) - counts
    total = 0.0
    for g in range(len(P)):
        if counts[g].sum() and rest[g].sum():
            gap = (counts[g] * p[g]).sum() / counts[g].sum() - (rest[g] * p[g]).sum() / rest[g].sum()
            total += P[g] * (1 - P[g]) * gap
    return total / sum(P * (1 - P))


def gini(counts, met):
    t, p = counts.sum(axis=0), shares(met)
    T, P = counts.sum(), counts.sum(axis=1) / counts.sum()
    total = sum(
        t[i] * t[j] * abs(p[g, i] - p[g, j]) for g in range(len(P)) for i in range(len(t)) for j in range(len(t))
    )
    return total / (2 * T**2 * sum(P * (1 - P)))


def exposure(counts, met):
    p = shares(met)
    return np.array([[(n * p[h]).sum() / n.sum() for h in range(len(counts))] for n in counts])


def exposure_without_self(counts):
    """Ask every person, one by one, who the others of the unit are."""
    size = len(counts)
    met, asked = np.zeros((size, size)), np.zeros(size)
    for unit in counts.T:
        people = unit.sum()
        if people < 2:
            continue
        for g in range(size):
            for _ in range(int(unit[g])):
                asked[g] += 1
                met[g] += [(unit[h] - (g == h)) / (people - 1) for h in range(size)]
    return np.where(asked[:, None] > 0, met / np.maximum(asked, 1)[:, None], np.nan)


def area(p, t):
    """½ ΣΣ t_i t_j |p_i − p_j| / T²."""
    return 0.5 * (t[:, None] * t * np.abs(p[:, None] - p)).sum() / t.sum() ** 2
