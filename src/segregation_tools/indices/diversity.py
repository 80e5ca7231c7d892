"""Diversity: how mixed a place is, which is not segregation: a diverse city may be segregated, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segregation_tools.indices import words
from segregation_tools.indices.shapes import of_the_mix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@of_the_mix(symbol="E", dimension="diversity", bounds=(0, float("inf")), source=["shannon1948", "reardon2002"])
def entropy_diversity(p: Array) -> Array:
    """Entropy E of the region, in nats: 0 with one group, ln(groups) when all are of one size.

    −Σ P_g ln P_g. Locally, the entropy of the environment of each unit; their mean over residents is E − M.

    Parameters
    ----------
    p : ndarray of shape (groups, …)
        Shares of the region, or of environments.

    Returns
    -------
    ndarray of shape (…)

    Examples
    --------
    One half each: ln 2.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.entropy_diversity(pop), 6)
    0.693147
    >>> sgt.entropy_diversity.local(pop).round(6).tolist()
    [0.325083, 0.325083]
    """
    return words.entropy(p)


@of_the_mix(symbol="I", dimension="diversity", bounds=(0, 1), source=["simpson1949", "reardon2002"])
def simpson_diversity(p: Array) -> Array:
    """Simpson's interaction index I of the region: the chance that two people drawn are of different groups.

    Σ P_g (1 − P_g), drawing with replacement: 0 with one group, 1 − 1/groups when all are of one size. Locally, that
    of the environment of each unit.

    Parameters
    ----------
    p : ndarray of shape (groups, …)
        Shares of the region, or of environments.

    Returns
    -------
    ndarray of shape (…)

    Examples
    --------
    Locally 1 − 0.9² − 0.1² = 0.18.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.simpson_diversity(pop), sgt.simpson_diversity.local(pop).round(10).tolist()
    (0.5, [0.18, 0.18])
    """
    return words.simpson(p)
