"""The driver: a population in cache-sized blocks, so that formulas in plain NumPy run at the speed of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.indices.words import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

__all__ = ["blocks", "shares_met"]

# Temporaries of 128 kB and more are mapped by the C library and unmapped again at every use, which costs more than
# the arithmetic; a block of shares stays below that and well inside the second-level cache.
BLOCK_BYTES = 120_000


def blocks(pop: Population) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Cut a population into cache-sized pieces.

    Parameters
    ----------
    pop : Population
        Table or grid, with or without a local environment.

    Yields
    ------
    tuple of two ndarrays of shape (groups, some units)
        Who lives there and whom they meet: the same object where there is no local environment.
    """
    width = max(512, BLOCK_BYTES // (8 * len(pop.groups)))
    for _, lived, met in pop.strips():
        here = lived.reshape(len(pop.groups), -1)
        there = here if met is lived else met.reshape(len(pop.groups), -1)
        for start in range(0, here.shape[1], width):
            home = here[:, start : start + width]
            yield home, home if there is here else there[:, start : start + width]


def shares_met(lived: NDArray[Any], met: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the residents of a block and take the shares of those they meet.

    Parameters
    ----------
    lived, met : ndarray of shape (groups, units)
        A block.

    Returns
    -------
    residents : ndarray of shape (units,)
    p : ndarray of shape (groups, units)
    """
    residents: NDArray[np.float64] = lived.sum(axis=0, dtype=np.float64)
    if met is lived:
        return residents, share(lived, residents)
    return residents, share(met, met.sum(axis=0, dtype=np.float64))
