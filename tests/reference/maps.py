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


def boundary_dissimilarity(counts, touching, lengths, areas, outlines, weights, order, falling, rate, standardize):
    """Pair by pair, in both directions."""
    x, y = counts
    home = [i for i in range(len(x)) if x[i] + y[i] > 0]
    value = sum(abs(x[i] / x.sum() - y[i] / y.sum()) for i in range(len(x))) / 2
    p = {i: x[i] / (x[i] + y[i]) for i in home}
    shape = {i: outlines[i] / areas[i] for i in home}
    if weights == "adjacent":
        steps = all_steps(touching)
        for k in range(1, order + 1):
            gaps = {i: [abs(p[i] - p[j]) for j in home if steps[i][j] == k] for i in home}
            every = [gap for mine in gaps.values() for gap in mine]
            if every and standardize == "rows":
                mean = sum(sum(mine) / len(mine) for mine in gaps.values() if mine) / len(home)
            else:
                mean = sum(every) / max(len(every), 1)
            value -= (exp(-rate * (k - 1)) if falling == "exponential" else k**-rate) * mean
        return value
    everything = sum(lengths[i][j] for i in home for j in home)
    for i in home:
        mine = sum(lengths[i][j] for j in home)
        for j in home:
            if lengths[i][j]:
                part = lengths[i][j] / (mine * len(home) if standardize == "rows" else everything)
                ratio = (shape[i] + shape[j]) / (2 * max(shape.values())) if weights == "border_shape" else 1
                value -= part * ratio * abs(p[i] - p[j])
    return value


def all_steps(touching):
    """Steps between any two units, one wave after the other."""
    steps = []
    for source in range(len(touching)):
        far, wave, k = {source: 0}, [source], 0
        while wave:
            k += 1
            wave = [j for j in range(len(touching)) if j not in far and any(touching[i][j] for i in wave)]
            far.update(dict.fromkeys(wave, k))
        steps.append([far.get(j, inf) for j in range(len(touching))])
    return steps


def spatial_proximity_profile(counts, touching, cuts=20_000):
    """Integrated on a fine grid of thresholds."""
    t = counts.sum(axis=0)
    home = [i for i in range(len(t)) if t[i] > 0]
    p, overall, steps = {i: counts[0][i] / t[i] for i in home}, counts[0].sum() / t.sum(), all_steps(touching)
    value = overall
    for cut in range(cuts):
        tau = (cut + 0.5) / cuts
        strong = [i for i in home if p[i] >= tau]
        k = len(strong)
        near = (k * k - k) / sum(steps[i][j] for i in strong for j in strong) if k > 1 else 0.0
        value += near / cuts if tau > overall else -near / cuts
    return value / (1 - overall)
