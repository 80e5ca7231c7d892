"""The driver: a population in cache-sized blocks, so that formulas in plain NumPy run at the speed of memory.

A grid within its windows is driven piece by piece, side by side: each strip of those met goes straight into the sums of all
indices that are asked for, and is never stored. What lies in chunks is driven part by part, wherever the parts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from segregation_tools.indices.words import share
from segregation_tools.population.environment import pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.kernels.grids.scores import Shares, Totals
    from segregation_tools.population.chunked.parts import Part
    from segregation_tools.population.chunked.population import ChunkedPopulation
    from segregation_tools.population.population import Population

    Sum = NDArray[np.float64]
    Added = tuple[dict[str, Any], list[Any]]  # compiled totals, and what each of the other summands adds up to

__all__ = ["Block", "Compiled", "Summand", "added_up", "blocks", "shares_met", "summed"]

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


def summed(pop: Population, of_block: Callable[[NDArray[Any], NDArray[Any]], Any], *, everywhere: bool = False) -> Any:
    """Add up over all blocks.

    Parameters
    ----------
    pop : Population
        Table or grid, in memory or in chunks.
    of_block : callable
        What a block adds, ``of_block(lived, met)``, as `blocks` gives them.
    everywhere : bool
        Whether it matters, too, whom those would meet who lived where nobody does.

    Returns
    -------
    ndarray, or what else can be added
    """
    if pop.parted:
        chunked = cast("ChunkedPopulation", pop)
        return np.sum(chunked.over_parts(partial(_summed_in, of_block), everywhere=everywhere), axis=0)
    return np.sum([of_block(lived, met) for lived, met in blocks(pop)], axis=0)


def _summed_in(of_block: Callable[[NDArray[Any], NDArray[Any]], Any], part: Part) -> Any:
    return summed(part.population(), of_block)


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
        if pop.in_rows or pop.parted:
            kinds.setdefault((type(pop.surroundings), getattr(pop.surroundings, "alike", None)), []).append(i)
        else:
            every = [[summand.of_block(block) for summand in summands] for block in (Block.of(*b) for b in blocks(pop))]
            found[i] = [np.sum(parts, axis=0) for parts in zip(*every, strict=True)]
    for alike in kinds.values():
        driven = _by_parts if pops[alike[0]].parted else _by_rows
        sums = driven([pops[i] for i in alike], summands, mix)
        found |= dict(zip(alike, sums, strict=True))
    return [found[i] for i in range(len(pops))]


def _by_rows(pops: Sequence[Population], summands: Sequence[Summand], mix: NDArray[np.float64]) -> list[list[Sum]]:
    from segregation_tools.kernels.pool import in_pieces

    counts, surroundings = pops[0].counts, [cast("Any", pop.surroundings) for pop in pops]
    rows = surroundings[0].reader(surroundings[1:], counts, everywhere=False)

    def work(first: int, last: int) -> Generator[float, None, list[Added]]:
        asked = _Asked(len(pops), summands, mix)
        for start, stop, mets in rows(first, last):
            for pop, met in zip(pops, mets, strict=True):
                if not pop.surroundings.includes_self:  # type: ignore[union-attr]
                    pop.check_company(slice(start, stop), met)
            asked.add(counts, start, mets)
            yield (stop - first) / (last - first)
        return asked.found

    parts = in_pieces(work, pieces_of(counts.shape[1]))
    return [_finished(summands, [part[i] for part in parts]) for i in range(len(pops))]


def _by_parts(pops: Sequence[Population], summands: Sequence[Summand], mix: NDArray[np.float64]) -> list[list[Sum]]:
    surroundings = [pop.surroundings for pop in pops if pop.surroundings is not None]
    work = partial(_added_in, surroundings, list(summands), mix)
    parts = cast("ChunkedPopulation", pops[0]).over_parts(work, among=surroundings)
    return [_finished(summands, [part[min(i, len(part) - 1)] for part in parts]) for i in range(len(pops))]


def _added_in(
    surroundings: Sequence[Any], summands: Sequence[Summand], mix: NDArray[np.float64], part: Part
) -> list[Added]:
    """Add up over a part, in each of several surroundings, or in none."""
    if not surroundings:
        every = (Block.of(*block) for block in blocks(part.population()))
        sums = [[summand.of_block(block) for summand in summands] for block in every]
        return [({}, [np.sum(each, axis=0) for each in zip(*sums, strict=True)])]
    asked = _Asked(len(surroundings), summands, mix)
    lived = part.alone
    for start, _, mets in part.rows(surroundings):
        asked.add(lived, start, mets)
    return asked.found


class _Asked:
    """What indices ask for, added up strip by strip in several surroundings."""

    def __init__(self, surroundings: int, summands: Sequence[Summand], mix: NDArray[np.float64]) -> None:
        from segregation_tools.kernels.grids.scores import Shares, Totals

        self.summands, self.shares = summands, Shares()
        self.ready: list[Any] = [summand.compiled[0] for summand in summands if summand.compiled is not None]
        self.plain = [i for i, summand in enumerate(summands) if summand.compiled is None]
        self.totals: list[Totals] = [Totals.none_yet(mix, self.ready) for _ in range(surroundings)]
        self.added: list[list[Any]] = [[None] * len(summands) for _ in range(surroundings)]

    def add(self, lived: NDArray[Any], start: int, mets: Sequence[NDArray[np.float64]]) -> None:
        """Add a strip that begins at a row of those who live there."""
        for total, sums, met in zip(self.totals, self.added, mets, strict=True):
            if self.ready:
                total.add(lived, start, met)
            for block in _inhabited(self.shares, lived, start, met) if self.plain else ():
                for i in self.plain:
                    more = self.summands[i].of_block(block)
                    sums[i] = more if sums[i] is None else sums[i] + more

    @property
    def found(self) -> list[Added]:
        """Compiled totals, and the sums of the other summands, in each of the surroundings."""
        compiled = [{name: np.copy(getattr(total, name)) for name in self.ready} for total in self.totals]
        return list(zip(compiled, self.added, strict=True))


def _finished(summands: Sequence[Summand], parts: Sequence[Added]) -> list[Sum]:
    """Add up the pieces, in their order, and read from the compiled totals what comes from them."""
    sums: list[Any] = []
    for i, summand in enumerate(summands):
        if summand.compiled is not None and parts[0][0]:
            name, finish = summand.compiled
            sums.append(np.asarray(finish(sum(compiled[name] for compiled, _ in parts))))
        else:
            sums.append(np.sum([added[i] for _, added in parts if added[i] is not None], axis=0))  # none live in some
    return sums


def _inhabited(shares: Shares, counts: NDArray[Any], first: int, met: NDArray[np.float64]) -> Iterator[Block]:
    """Blocks of the cells of a strip in which somebody lives: the others add nothing, and are most of most grids."""
    lived, p, residents, people = shares.of(counts, first, met)
    for part in _parts(*lived.shape):
        yield Block(lived[:, part], p[:, part], residents[part], people[part], settled=True)
