"""Plain twins of the kernels of allocation: all that can be done is tried, one household after the other."""

NEVER = None


def best_sum(utility, group, room, limit):
    """Follow every way to place the households, by how many of each group are in each block; the largest sum there is.

    `utility` has a last column for those without a home; NEVER (None) where a block is not acceptable.
    """
    blocks = len(room)
    sums = {((0,) * blocks,) * len(limit): 0}
    for row, g in zip(utility, group, strict=True):
        reached = {}
        for held, total in sums.items():
            for b, worth in enumerate(row):
                if worth is NEVER:
                    continue
                now = held
                if b < blocks:
                    mine = list(held[g])
                    mine[b] += 1
                    now = (*held[:g], tuple(mine), *held[g + 1 :])
                    if mine[b] > limit[g][b] or sum(one[b] for one in now) > room[b]:
                        continue
                reached[now] = max(reached.get(now, total + worth), total + worth)
        sums = reached
    return max(sums.values())


def one_more(table, *at):
    """The same numbers, and one more at one place."""
    if not at:
        return table + 1
    return [one_more(part, *at[1:]) if i == at[0] else part for i, part in enumerate(table)]


def in_turn(order, utility, group, room, limit):
    """Let households choose one after the other: the block of each, None without one; of equals the first."""
    room, limit = list(room), [list(row) for row in limit]
    got = [None] * len(order)
    for i in order:
        free = [
            (-worth, b)
            for b, worth in enumerate(utility[i])
            if worth is not NEVER and room[b] > 0 and limit[group[i]][b] > 0
        ]
        if free:
            got[i] = min(free)[1]
            room[got[i]] -= 1
            limit[group[i]][got[i]] -= 1
    return got
