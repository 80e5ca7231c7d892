"""What chance alone would give: populations drawn by the rule of a null model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import CapabilityError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

__all__ = ["random_allocation"]


TRIES = 1000


def random_allocation(pop: Population, rng: np.random.Generator) -> NDArray[np.float64]:
    """Allot everyone to a group by chance, with the mix of the region; the sizes of units stay.

    Parameters
    ----------
    pop : Population
        Who lives where.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of the shape of the counts
        Somebody of every group: a draw without is drawn again. Where a unit's size is no whole number, the rest of it falls
        to one group, also by chance.

    Raises
    ------
    CapabilityError
        If a group is so small that it is not drawn.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10.5], [10, 90]], groups=["a", "b"])
    >>> random_allocation(pop, np.random.default_rng(1)).sum(axis=0)
    array([100. , 100.5])
    """
    mix = pop.group_totals / pop.group_totals.sum()
    sizes = pop.sizes.reshape(-1)
    whole = np.floor(sizes)
    rest = sizes - whole
    for _ in range(TRIES):
        drawn = rng.multinomial(whole.astype(np.int64), mix).astype(np.float64)
        if rest.any():
            drawn[np.arange(len(sizes)), rng.choice(len(mix), len(sizes), p=mix)] += rest
        if drawn.any(axis=0).all():
            return drawn.T.reshape(pop.counts.shape)
    rare, people = pop.groups[int(pop.group_totals.argmin())], pop.group_totals.min()
    msg = f"group {rare!r} ({people:g} people) is too small to be drawn: leave it out, or add it to another"
    raise CapabilityError(msg)
