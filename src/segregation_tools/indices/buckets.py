"""The area that Lorenz measures need where units cannot be sorted in one place: residents are counted in buckets of shares.

What lies between buckets is known exactly; what lies within one is at least nothing and at most what it would be if its
residents stood at its two ends. Buckets that leave too much open are divided, and the units are read once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.blocks import blocks, shares_met
from segregation_tools.kernels.lorenz import area_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.chunked.parts import Part
    from segregation_tools.population.chunked.population import ChunkedPopulation

    Floats = NDArray[np.float64]

__all__ = ["areas_between"]

CELLS = 2**15  # equal buckets to begin with
MORE = 2**15  # into which those that leave most open are divided
ROUNDING = 1e-12  # of sums over all units
READINGS = 5  # at most: buckets are then as narrow as shares are told apart


def areas_between(pop: ChunkedPopulation, groups: Sequence[int], apart: float) -> tuple[Floats, Floats]:
    """Bounds of ½ Σ_i Σ_j t_i t_j |p_i − p_j| / T², over the units of a population in chunks.

    Parameters
    ----------
    pop : ChunkedPopulation
        Who lives where, and whom they meet.
    groups : sequence of int
        Rows of the groups whose shares are compared.
    apart : float
        How far the bounds of all groups together may lie apart.

    Returns
    -------
    low, high : ndarray of shape (groups,)
    """
    every = [Buckets(np.arange(CELLS + 1) / CELLS) for _ in groups]
    for _ in range(READINGS):
        work = partial(_counted, every, tuple(groups))
        (counted,) = pop.over_parts(work, put_together=_added)
        low = np.array([area_between(*_means(sums)) for sums in counted])
        within = [buckets.within(*sums) for buckets, sums in zip(every, counted, strict=True)]
        open_ = np.array([each.sum() for each in within])
        if open_.sum() <= apart:
            break
        every = [buckets.divided(each) for buckets, each in zip(every, within, strict=True)]
    return low * (1 - ROUNDING), (low + open_) * (1 + ROUNDING)


@dataclass(frozen=True, eq=False)
class Buckets:
    """Ranges of shares, from 0 to 1.

    Attributes
    ----------
    edges : ndarray of shape (buckets + 1,)
        Where they begin, and 1.
    """

    edges: Floats

    def holding(self, p: Floats) -> NDArray[np.intp]:
        """Tell in which bucket each share lies."""
        if len(self.edges) == CELLS + 1:  # none is divided yet
            return np.minimum((p * CELLS).astype(np.intp), CELLS - 1)
        return np.clip(np.searchsorted(self.edges, p, side="right") - 1, 0, len(self.edges) - 2)

    def within(self, people: Floats, members: Floats) -> Floats:
        """How large the area within each bucket may be, w a (1 − a) t², a the share of the way that the mean has gone.

        Parameters
        ----------
        people, members : ndarray of shape (buckets,)
            Parts t of all residents, and Σ t p.

        Returns
        -------
        ndarray of shape (buckets,)
        """
        wide = np.diff(self.edges)
        gone = np.clip((members / np.where(people > 0, people, 1) - self.edges[:-1]) / wide, 0, 1)
        most: Floats = wide * gone * (1 - gone) * people**2
        return most

    def divided(self, within: Floats) -> Buckets:
        """Cut those that leave most open into equal parts."""
        parts = np.ceil(MORE * np.sqrt(within) / max(np.sqrt(within).sum(), 1e-300)).astype(np.intp)
        parts = np.maximum(parts, 1)
        number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
        cuts = np.repeat(self.edges[:-1], parts) + number * np.repeat(np.diff(self.edges) / parts, parts)
        return Buckets(np.unique(np.append(cuts, 1.0)))


def _counted(every: Sequence[Buckets], groups: Sequence[int], part: Part) -> list[Floats]:
    """Residents of a part in each bucket, and how many of them are met who are of the group: Σ t and Σ t p."""
    found = [np.zeros((2, len(buckets.edges) - 1)) for buckets in every]
    here = part.population()
    everyone = here.group_totals.sum()
    for lived, met in blocks(here):
        residents, p = shares_met(lived, met)
        home = residents > 0
        share = residents[home] / everyone
        for g, buckets, sums in zip(groups, every, found, strict=True):
            p_here = p[g][home]
            at = buckets.holding(p_here)
            for row, weights in zip(sums, (share, share * p_here), strict=True):
                row += np.bincount(at, weights, minlength=row.size)
    return found


def _added(parts: list[list[Floats]]) -> list[Floats]:
    return [np.sum(each, axis=0) for each in zip(*parts, strict=True)]


def _means(sums: Floats) -> tuple[Floats, Floats]:
    """Mean shares of the buckets in which anybody is, and how many."""
    people, members = sums[:, sums[0] > 0]
    return members / people, people
