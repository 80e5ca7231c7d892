"""What chance alone would give: populations drawn by the rule of a null model, and an index measured on each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, listed
from segregation_tools.population.options import one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = ["NULLS", "WHOLE", "null_model", "whole_people", "with_every_group"]

TRIES = 1000
WHOLE = 1e-6  # a count that is farther from a whole number is none


def null_model(null: str, pop: Population) -> Callable[[Seeds], Floats]:
    """Prepare the draws of a null model.

    Parameters
    ----------
    null : str
        One of `NULLS`.
    pop : Population
        Who lives where.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, …), a draw for each seed, the same whatever is drawn beside it.
        Somebody of every group: a draw without is drawn again.

    Raises
    ------
    CapabilityError
        If a group is so small that it is not drawn.
    DataError
        If people would have to be cut in two, or there are no tiers to stay in.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10.5], [10, 90]], groups=["a", "b"])
    >>> null_model("random_allocation", pop)(np.array([7], dtype=np.uint64)).sum(axis=1)
    array([[100. , 100.5]])
    """
    return with_every_group(NULLS[one_of(null, "null", tuple(NULLS))](pop), pop)


def with_every_group(draw: Callable[[Seeds], Floats], pop: Population) -> Callable[[Seeds], Floats]:
    """Draw again where a group came out with nobody.

    Parameters
    ----------
    draw : callable
        ``draw(seeds)`` gives counts of shape (draws, groups, units).
    pop : Population
        Who lives where.

    Returns
    -------
    callable
        ``draw(seeds)`` gives counts of shape (draws, groups, …), somebody of every group in each.

    Raises
    ------
    CapabilityError
        If a group is so small that it is not drawn.
    """

    def drawn(seeds: Seeds) -> Floats:
        found = draw(seeds)
        for again in range(1, TRIES):
            members = found.reshape(len(seeds), len(pop.groups), -1).sum(axis=2)
            lacking = np.flatnonzero((members == 0).any(axis=1))
            if not len(lacking):
                return found.reshape(len(seeds), *pop.counts.shape)
            found[lacking] = draw(seeds[lacking] ^ np.uint64(again))
        rare, people = pop.groups[int(pop.group_totals.argmin())], pop.group_totals.min()
        msg = f"group {rare!r} ({people:g} people) is too small to be drawn: leave it out, or add it to another"
        raise CapabilityError(msg)

    return drawn


def _random_allocation(pop: Population) -> Callable[[Seeds], Floats]:
    """Everyone belongs to a group with its share of the region; the sizes of units stay.

    Where a size is no whole number, the rest of it falls to one group, also by chance.
    """
    from segregation_tools.kernels.sample import Allotment

    mix = pop.group_totals / pop.group_totals.sum()
    sizes = pop.sizes.reshape(-1)
    whole = np.floor(sizes)
    rest = sizes - whole
    people = Allotment(whole.astype(np.int64), mix)

    def draw(seeds: Seeds) -> Floats:
        drawn = people.draw(seeds)
        if rest.any():
            units = np.arange(len(sizes))
            for r, seed in enumerate(seeds):
                drawn[r, np.random.default_rng(seed).choice(len(mix), len(sizes), p=mix), units] += rest
        return drawn

    return draw


def _both_margins(pop: Population) -> Callable[[Seeds], Floats]:
    """Everyone changes places with everyone: sizes of units and totals of groups stay."""
    from segregation_tools.kernels.sample import Shuffle

    return Shuffle(whole_people(pop)).draw


def _within_tiers(pop: Population) -> Callable[[Seeds], Floats]:
    """Everyone changes places within the narrowest tier: what differs between its places stays."""
    from segregation_tools.kernels.sample import Shuffle

    if pop.tiers is None:
        msg = "within_tiers shuffles people within places: name them, Population.from_frame(..., tiers=['county'])"
        raise DataError(msg)
    places = pd.factorize(pd.MultiIndex.from_frame(pop.tiers))[0]
    return Shuffle(whole_people(pop), places).draw


def _systematic(pop: Population) -> Callable[[Seeds], Floats]:
    """Everyone settles in a unit with its share of all people: totals of groups (whole people) stay, sizes vary."""
    from segregation_tools.kernels.sample import Allotment

    totals = np.rint(pop.group_totals).astype(np.int64)
    sizes = pop.sizes.reshape(-1)
    members = Allotment(totals, sizes / sizes.sum())
    return lambda seeds: np.ascontiguousarray(members.draw(seeds).transpose(0, 2, 1))


def _permuted_units(pop: Population) -> Callable[[Seeds], Floats]:
    """Units change places, with all who live in them."""
    counts = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)

    def draw(seeds: Seeds) -> Floats:
        return np.stack([counts[:, np.random.default_rng(seed).permutation(counts.shape[1])] for seed in seeds])

    return draw


NULLS: dict[str, Callable[[Population], Callable[[Seeds], Floats]]] = {
    "random_allocation": _random_allocation,
    "both_margins": _both_margins,
    "evenness": _random_allocation,  # as PySAL names it
    "systematic": _systematic,
    "permuted_units": _permuted_units,
    "within_tiers": _within_tiers,
}


def whole_people(pop: Population) -> NDArray[np.int64]:
    """Give the counts as whole numbers.

    Parameters
    ----------
    pop : Population
        Who lives where.

    Returns
    -------
    ndarray of int, shape (groups, units)

    Raises
    ------
    DataError
        If there are parts of people.
    """
    counts = pop.counts.reshape(len(pop.groups), -1)
    whole: NDArray[np.int64] = np.rint(counts).astype(np.int64)
    broken = (np.abs(counts - whole) > WHOLE).any(axis=1)
    if np.any(broken):
        names: Any = listed(pop.groups[g] for g in np.flatnonzero(broken))
        msg = f"only whole people can be dealt out; round the counts of {names}, frame[groups].round()"
        raise DataError(msg)
    return whole
