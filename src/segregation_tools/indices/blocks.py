"""The driver: a population in cache-sized blocks, so that formulas in plain NumPy run at the speed of memory.

A grid within its windows is driven piece by piece, side by side: each strip of those met goes straight into the sums of all
indices that are asked for, and is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from segregation_tools.indices.words import share
from segregation_tools.population.environment import pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.scores import Shares, Totals
    from segregation_tools.population.population import Population

    Sum = NDArray[np.float64]

__all__ = ["Block", "Compiled", "Summand", "added_up", "blocks", "shares_met"]

# Temporaries of 128 kB and more are mapped by the C library and unmapped again at every use, which costs more than
# the arithmetic; a block of shares stays below that and well inside the second-level cache.
BLOCK_BYTES = 120_000

Compiled = Literal["deviation", "entropy", "meetings", "thresholds"]


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
    for _, lived, met in pop.strips():
        here = lived.reshape(len(pop.groups), -1)
        there = here if met is lived else met.reshape(len(pop.groups), -1)
        for part in _parts(*here.shape):
            home = here[:, part]
            yield home, home if there is here else there[:, part]


def _parts(groups: int, units: int) -> Iterator[slice]:
    width = max(512, BLOCK_BYTES // (8 * groups))
    return (slice(start, start + width) for start in range(0, units, width))


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
    block = Block.of(lived, met)
    return block.residents, block.p


@dataclass(frozen=True, eq=False)
class Block:
    """Some units, and what formulas read of them, worked out once for whichever indices read it.

    Attributes
    ----------
    lived, p : ndarray of shape (groups, units)
        Who lives there, and the shares of those they meet.
    residents, people : ndarray of shape (units,)
        How many live there, and how many they meet.
    settled : bool
        Whether it is known that somebody lives in every unit.
    """

    lived: NDArray[Any]
    p: NDArray[np.float64]
    residents: NDArray[np.float64]
    people: NDArray[np.float64]
    settled: bool = False

    @classmethod
    def of(cls, lived: NDArray[Any], met: NDArray[Any]) -> Block:
        """Make a block of who lives there and whom they meet; the same object is the same people."""
        residents: NDArray[np.float64] = lived.sum(axis=0, dtype=np.float64)
        people = residents if met is lived else met.sum(axis=0, dtype=np.float64)
        return cls(lived, share(met, people), residents, people)

    @cached_property
    def own(self) -> NDArray[np.float64]:
        """Shares of the unit itself."""
        if self.people is self.residents:
            return self.p
        if self.settled:
            return self.lived * (1 / self.residents)  # one division a unit
        return share(self.lived, self.residents)


@dataclass(frozen=True)
class Summand:
    """What an index adds up over the units.

    Attributes
    ----------
    of_block : callable
        What a block adds, ``of_block(block)``.
    compiled : tuple of str and callable, or None
        From which compiled total the same comes, and how, ``finish(total)``.
    """

    of_block: Callable[[Block], Any]
    compiled: tuple[Compiled, Callable[[Any], Any]] | None = None


def added_up(pops: Sequence[Population], summands: Sequence[Summand], mix: NDArray[np.float64]) -> list[list[Sum]]:
    """Add up over all units what some indices ask for, in one pass.

    Parameters
    ----------
    pops : sequence of Population
        The same residents in one environment or in several.
    summands : sequence of Summand
        What each index adds up.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    list of lists of ndarray
        For each population, the sum of each index.
    """
    found: dict[int, list[Sum]] = {}
    kinds: dict[Any, list[int]] = {}
    for i, pop in enumerate(pops):
        if pop.in_rows:
            kinds.setdefault((type(pop.surroundings), pop.surroundings.alike), []).append(i)  # type: ignore[union-attr]
        else:
            every = [[summand.of_block(block) for summand in summands] for block in (Block.of(*b) for b in blocks(pop))]
            found[i] = [np.sum(parts, axis=0) for parts in zip(*every, strict=True)]
    for alike in kinds.values():
        sums = _by_rows([pops[i] for i in alike], summands, mix)
        found |= dict(zip(alike, sums, strict=True))
    return [found[i] for i in range(len(pops))]


def _by_rows(pops: Sequence[Population], summands: Sequence[Summand], mix: NDArray[np.float64]) -> list[list[Sum]]:
    from segregation_tools.kernels.grids.scores import Shares, Totals
    from segregation_tools.kernels.pool import in_pieces

    counts, surroundings = pops[0].counts, [cast("Any", pop.surroundings) for pop in pops]
    ready: list[Any] = [summand.compiled[0] for summand in summands if summand.compiled is not None]
    rows = surroundings[0].reader(surroundings[1:], counts, everywhere=False)
    plain = [i for i, summand in enumerate(summands) if summand.compiled is None]

    def work(first: int, last: int) -> Generator[float, None, list[tuple[Totals, list[Sum]]]]:
        totals, shares = [Totals.none_yet(mix, ready) for _ in surroundings], Shares()
        added: list[list[Any]] = [[None] * len(plain) for _ in surroundings]
        for start, stop, mets in rows(first, last):
            for pop, total, sums, met in zip(pops, totals, added, mets, strict=True):
                if not pop.surroundings.includes_self:  # type: ignore[union-attr]
                    pop.check_company(slice(start, stop), met)
                if ready:
                    total.add(counts, start, met)
                for block in _inhabited(shares, counts, start, met) if plain else ():
                    for j, i in enumerate(plain):
                        more = summands[i].of_block(block)
                        sums[j] = more if sums[j] is None else sums[j] + more
            yield (stop - first) / (last - first)
        return list(zip(totals, added, strict=True))

    parts = in_pieces(work, pieces_of(counts.shape[1]))
    return [_finished(summands, [part[i] for part in parts], plain) for i in range(len(surroundings))]


def _finished(
    summands: Sequence[Summand], parts: Sequence[tuple[Totals, list[Sum]]], plain: Sequence[int]
) -> list[Sum]:
    """Add up the pieces, in their order, and read from the compiled totals what comes from them."""
    sums: list[Any] = [None] * len(summands)
    for j, i in enumerate(plain):
        sums[i] = np.sum([added[j] for _, added in parts if added[j] is not None], axis=0)  # nobody lives in some
    for i, summand in enumerate(summands):
        if summand.compiled is not None:
            name, finish = summand.compiled
            sums[i] = np.asarray(finish(sum(getattr(totals, name) for totals, _ in parts)))
    return sums


def _inhabited(shares: Shares, counts: NDArray[Any], first: int, met: NDArray[np.float64]) -> Iterator[Block]:
    """Blocks of the cells of a strip in which somebody lives: the others add nothing, and are most of most grids."""
    lived, p, residents, people = shares.of(counts, first, met)
    for part in _parts(*lived.shape):
        yield Block(lived[:, part], p[:, part], residents[part], people[part], settled=True)
