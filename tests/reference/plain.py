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


def region(counts):
    return counts.sum(axis=1) / counts.sum()


def _mean(counts, score):
    t = counts.sum(axis=0)
    return sum(t[i] * score(i) for i in range(len(t)) if t[i]) / t.sum()


def relative_diversity(counts, met):
    p, P = shares(met), region(counts)
    return 1 - _mean(counts, lambda i: sum(p[:, i] * (1 - p[:, i]))) / sum(P * (1 - P))


def normalized_exposure(counts, met):
    p, own, P = shares(met), shares(counts), region(counts)
    return sum(_mean(counts, lambda i, g=g: (own[g, i] - P[g]) * (p[g, i] - P[g]) / (1 - P[g])) for g in range(len(P)))


def squared_coefficient_of_variation(counts, met):
    p, P = shares(met), region(counts)
    return _mean(counts, lambda i: sum((p[:, i] - P) ** 2 / P)) / (len(P) - 1)


def divergence(counts, met):
    p, P = shares(met), region(counts)
    return _mean(counts, lambda i: sum(x * log(x / y) for x, y in zip(p[:, i], P, strict=True) if x > 0))


def hutchens(counts, met):
    p, (P, Q) = shares(met), region(counts)
    return 1 - _mean(counts, lambda i: (p[0, i] * p[1, i] / (P * Q)) ** 0.5)


def gorard(counts, met):
    p, (P, _) = shares(met), region(counts)
    return _mean(counts, lambda i: abs(p[0, i] / P - 1)) / 2


def atkinson(counts, met, b=0.5):
    p, (P, Q) = shares(met), region(counts)
    return 1 - P / Q * abs(_mean(counts, lambda i: p[1, i] ** (1 - b) * p[0, i] ** b / P)) ** (1 / (1 - b))


def min_max(counts, met):
    x, y = met[0] / met[0].sum(), met[1] / met[1].sum()
    return 1 - sum(map(min, zip(x, y, strict=True))) / sum(map(max, zip(x, y, strict=True)))


F = {
    "information": lambda c: -sum(x * log(x) / log(2) for x in (c, 1 - c) if x > 0),
    "variance": lambda c: 4 * c * (1 - c),
    "squareroot": lambda c: 2 * (max(c * (1 - c), 0.0)) ** 0.5,
}


def ordinal(kind, counts, met):
    p, P, f = shares(met), region(counts), F[kind]

    def variation(q):
        return sum(f(min(q[: k + 1].sum(), 1.0)) for k in range(len(q) - 1))

    return 1 - _mean(counts, lambda i: variation(p[:, i])) / variation(P)


def rank_order(kind, counts, met, degree):
    """Two-group index at each threshold, fitted by weighted normal equations, integrated on a fine grid."""
    two = {"information": information_theory, "variance": relative_diversity, "squareroot": hutchens}[kind]
    P, f = region(counts), F[kind]
    cuts = np.array([min(P[: k + 1].sum(), 1.0) for k in range(len(P) - 1)])
    at = [
        two(
            np.stack([counts[: k + 1].sum(axis=0), counts[k + 1 :].sum(axis=0)]),
            np.stack([met[: k + 1].sum(axis=0), met[k + 1 :].sum(axis=0)]),
        )
        for k in range(len(cuts))
    ]
    powers, weights = np.vander(cuts, degree + 1, increasing=True), np.array([f(c) for c in cuts])
    fit, *_ = np.linalg.lstsq(powers * weights[:, None], np.array(at) * weights, rcond=None)
    x = (np.arange(200_000) + 0.5) / 200_000
    height = _heights(kind, x)
    return (height * np.vander(x, degree + 1, increasing=True).dot(fit)).sum() / height.sum()


def _heights(kind, x):
    if kind == "information":
        return -(x * np.log2(x) + (1 - x) * np.log2(1 - x))
    return x * (1 - x) if kind == "variance" else np.sqrt(x * (1 - x))


def neighborhood_sorting_index(counts, met, incomes):
    p = shares(met)
    people = [(income, n) for row, income in zip(counts, incomes, strict=True) for n in [row.sum()]]
    mean = sum(y * n for y, n in people) / counts.sum()
    spread = sum(n * (y - mean) ** 2 for y, n in people) / counts.sum()
    return (_mean(counts, lambda i: (sum(p[g, i] * incomes[g] for g in range(len(p))) - mean) ** 2) / spread) ** 0.5
