"""Slow plain twins of the indices that read the map: every pair of units, one by one."""

from math import exp, hypot, inf, log, sqrt

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


def trajectory(counts, points, i):
    """Distances from unit i, and the divergence of everyone up to there, by looking at everyone each time."""
    groups, units = range(len(counts)), range(len(points))
    away = [round(hypot(*(points[i] - points[j])), 6) for j in units]
    mix = [sum(n) / counts.sum() for n in counts]
    steps = []
    for reach in sorted(set(away)):
        near = [sum(counts[g][j] for j in units if away[j] <= reach) for g in groups]
        shares = [n / sum(near) for n in near]
        steps.append((reach, sum(p * log(p / mix[g]) for g, p in enumerate(shares) if p > 0)))
    return away, steps


def distortion(counts, points, over, focal):
    """Of every unit with residents; not normalised."""
    people = counts.sum(axis=0)
    values = []
    for i in range(len(points)):
        if not people[i]:
            values.append(None)
            continue
        away, steps = trajectory(counts, points, i)
        total = 0.0
        for k, (reach, divergence) in enumerate(steps):
            size = sum(1 if over == "units" else people[j] / people.sum() for j, d in enumerate(away) if d == reach)
            total += size * (max(d for _, d in steps[k:]) if focal else divergence)
        values.append(total)
    return values


def local_centralization(counts, points, nearest):
    """Of every unit: the more of x than of y is nearer to it, over all pairs among the nearest places."""
    values = []
    for i in range(len(points)):
        away = [round(hypot(*(points[i] - at)), 6) for at in points]
        places = sorted({(d, *at.round(6)) for d, at in zip(away, points, strict=True)})
        reach = places[min(int(nearest), len(places)) - 1][0]
        near = [j for j, d in enumerate(away) if d <= reach]
        x, y = ([n[j] for j in near] for n in counts)
        if sum(x) and sum(y) and counts[:, i].sum():
            values.append(centralization(counts[0][near], counts[1][near], [away[j] for j in near]))
        else:
            values.append(None)
    return values


def least_effort(counts, points):
    """People × metres of the cheapest way to even a city, as one linear programme over all pairs of units."""
    from scipy.optimize import linprog

    people, units = counts.sum(axis=0), len(points)
    away = [hypot(*(a - b)) for a in points for b in points]
    leave_less_come = [[(a == i) - (b == i) for a in range(units) for b in range(units)] for i in range(units)]
    return sum(
        linprog(away, A_eq=leave_less_come, b_eq=n - n.sum() * people / people.sum(), method="highs").fun
        for n in counts
    )
