"""Slow plain twins of the indices that read the map: every pair of units, one by one."""

from math import exp, hypot, inf, sqrt

SELF = {
    "massey_denton": lambda a: sqrt(0.6 * a),
    "white": lambda a: 0.6 * sqrt(a),
    "zero": lambda a: 0.0,
    "left_out": lambda a: inf,
}


def proximity(u, v, points, areas, decay, self_distance):
    """Σ_i Σ_j u_i v_j c_ij, (i, i) in."""
    total = 0.0
    for i in range(len(u)):
        for j in range(len(v)):
            d = SELF[self_distance](areas[i]) if i == j else hypot(*(points[i] - points[j]))
            total += u[i] * v[j] * exp(-d / decay)
    return total


def spatial_proximity(counts, *place):
    t = counts.sum(axis=0)
    own = sum(proximity(n, n, *place) / n.sum() for n in counts)
    return own / (proximity(t, t, *place) / t.sum())


def relative_clustering(counts, *place):
    x, y = counts
    return (proximity(x, x, *place) / x.sum() ** 2) / (proximity(y, y, *place) / y.sum() ** 2) - 1


def absolute_clustering(counts, points, areas, *how):
    home = counts.sum(axis=0) > 0
    x, t, one = counts[0][home], counts.sum(axis=0)[home], counts.sum(axis=0)[home] * 0 + 1
    place = (points[home], areas[home], *how)
    evenly = x.sum() / len(x) ** 2 * proximity(one, one, *place)
    return (proximity(x, x, *place) / x.sum() - evenly) / (proximity(x, t, *place) / x.sum() - evenly)


def distance_decay_exposure(counts, points, areas, decay, self_distance):
    rows = []
    for n in counts:
        row = [0.0] * len(counts)
        for i in range(len(n)):
            near = [
                exp(-(SELF[self_distance](areas[i]) if i == j else hypot(*(points[i] - points[j]))) / decay)
                for j in range(len(n))
            ]
            company = sum(c * t for c, t in zip(near, counts.sum(axis=0), strict=True))
            for h in range(len(counts)):
                if company:
                    row[h] += n[i] / n.sum() * sum(c * m for c, m in zip(near, counts[h], strict=True)) / company
        rows.append(row)
    return rows


def centralization(x, other, distances):
    """The more of one than of the other is nearer, over all pairs: ΣΣ x_i o_j sign(d_j − d_i)."""
    ahead = 0.0
    for i in range(len(x)):
        for j in range(len(other)):
            gap = distances[j] - distances[i]
            if abs(gap) > 1e-9 * max(distances):
                ahead += x[i] * other[j] * (1 if gap > 0 else -1)
    return ahead / (x.sum() * other.sum())
