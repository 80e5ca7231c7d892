"""Slow twins of kernels/permute.py: draws counted one by one, in whole numbers, whose sums are exact."""


def shared(u, drawn, neighbours, *, squared=False):
    """Draws of each unit that say as much as its neighbours or more, and as much or less; none is drawn beside itself."""
    more, less = [], []
    for i, near in enumerate(neighbours):
        k = len(near)
        dealt = [[j if j != i else row[k] for j in row[:k]] for row in drawn]
        value, *sums = (sum((u[i] - u[j]) ** 2 if squared else u[j] for j in some) for some in [near, *dealt])
        more.append(sum(one >= value for one in sums) if k else 0)
        less.append(sum(one <= value for one in sums) if k else 0)
    return [more, less]


def tails(value, draws):
    """One-sided p-value of the tail in which a value lies, ties in both, and whether it is the upper one."""
    more, less = (draws >= value).sum(), (draws <= value).sum()
    return (min(more, less) + 1) / (len(draws) + 1), more < less
