"""The protocol of environments: what every answer to "whom do the residents of a unit meet?" offers.

Surroundings of a grid give those met by any of its rows on their own (`ByRows`), so that a grid of any size is worked on in
pieces, side by side, and what is met is never held for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from segregation_tools.errors import CapabilityError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

    Rows = Callable[[int, int], Iterator[tuple[int, int, list[NDArray[np.float64]]]]]

__all__ = ["ByRows", "Environment", "InParts", "Surroundings", "Tiles", "all_strips", "in_order", "joined", "pieces_of"]

PIECES = 16  # of a grid, whatever the number of threads, so that sums are the same to the last bit
FEWEST = 64  # rows in a piece: every window begins anew there


@runtime_checkable
class Environment(Protocol):
    """A recipe, such as "everyone within 1 km": binds to a geography once, then serves every index.

    Its text, ``str(recipe)``, says in words whom residents meet; texts and pages repeat it.
    """

    def on(self, geography: Geography | Grid) -> Surroundings:
        """Bind the recipe to the places of a population."""
        ...


@runtime_checkable
class Surroundings(Protocol):
    """An environment bound to a geography."""

    @property
    def linear(self) -> bool:
        """Whether the environment of a sum of counts is the sum of their environments.

        Not so for the nearest people: where it is not, whom residents meet may depend on how many people live in each unit,
        and on nothing else of the counts.
        """
        ...

    @property
    def includes_self(self) -> bool:
        """Whether each resident counts exactly once among those met, so that he can be taken out again."""
        ...

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Yield slices of the first axis behind the groups, each with its part of the environment.

        A part is read before the next one is asked for, which may overwrite it.
        """
        ...


@dataclass(frozen=True, eq=False)
class Tiles:
    """A grid cut along some rows and columns.

    Attributes
    ----------
    people : ndarray of shape (tiles down, tiles across)
        How many live in each.
    rows, cols : ndarray of int, shape (tiles down + 1,) and (tiles across + 1,)
        Where they begin, and the end.
    """

    people: NDArray[np.float64]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]

    def within(self, block: tuple[int, int, int, int]) -> tuple[slice, slice]:
        """Tell which tiles make up a block of cells.

        Parameters
        ----------
        block : tuple of int
            First row, row behind the last, first column, column behind the last: edges of tiles.

        Returns
        -------
        tuple of two slices
        """
        top, bottom = np.searchsorted(self.rows, block[:2])
        left, right = np.searchsorted(self.cols, block[2:])
        return slice(int(top), int(bottom)), slice(int(left), int(right))


@runtime_checkable
class ByRows(Surroundings, Protocol):
    """Surroundings of a grid that can be asked for any of its rows."""

    @property
    def alike(self) -> Hashable:
        """What kind they are: those of one kind can be asked together."""
        ...

    def reader(self, others: Sequence[Any], counts: NDArray[Any], *, everywhere: bool) -> Rows:
        """Prepare what all rows have in common, and return what reads some of them: any number of threads may call it.

        Parameters
        ----------
        others : sequence
            More surroundings that are alike, to be worked out along with these.
        counts : ndarray of shape (groups, rows, cols)
            Who lives in each cell of the whole grid.
        everywhere : bool
            Whether it matters, too, whom those would meet who lived where nobody does.

        Returns
        -------
        callable
            ``rows(first, last)`` yields, strip by strip, the first row, the row behind the last one, and a list of whom they
            meet in these surroundings and in each of the others, arrays of shape (groups, rows, cols), valid until the next
            strip. Strips come in order, without gaps; how they are cut depends on the grid alone.
        """
        ...


@runtime_checkable
class InParts(ByRows, Protocol):
    """Surroundings of a grid that lies in chunks: each part is read with as much around it as its residents look."""

    def reaches(self, tiles: Tiles) -> NDArray[np.int64]:
        """Say how far the residents of parts of the grid look.

        Parameters
        ----------
        tiles : Tiles
            The parts, with the people in each where whom residents meet depends on that.

        Returns
        -------
        ndarray of int, shape of ``tiles.people``
            Within so many rows and columns of their cells all live whom they meet; more is allowed.
        """
        ...

    def reader(
        self,
        others: Sequence[Any],
        counts: NDArray[Any],
        *,
        everywhere: bool,
        columns: tuple[int, int] | None = None,
    ) -> Rows:
        """Prepare as `ByRows` does; of the columns only some may matter.

        Parameters
        ----------
        others, counts, everywhere
            As there.
        columns : pair of int, optional
            First column and the one behind the last of those that matter; all without.

        Returns
        -------
        callable
        """
        ...


def all_strips(surroundings: ByRows, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield whom the residents of a grid meet, from its first row to its last.

    Parameters
    ----------
    surroundings : ByRows
        Bound to a grid.
    counts : ndarray of shape (groups, rows, cols)
        Who lives in each cell.

    Yields
    ------
    tuple of slice and ndarray
        Valid until the next strip.
    """
    rows = surroundings.reader((), counts, everywhere=True)
    for start, stop, (met,) in rows(0, counts.shape[1]):
        yield slice(start, stop), met


def pieces_of(rows: int) -> list[tuple[int, int]]:
    """Cut the rows of a grid into pieces that are worked on side by side.

    Parameters
    ----------
    rows : int
        How many there are.

    Returns
    -------
    list of pairs of int
        First row and the row behind the last of each.
    """
    size = max(FEWEST, -(-rows // PIECES))
    return [(first, min(first + size, rows)) for first in range(0, rows, size)]


def in_order(surroundings: Surroundings, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Take the strips of an environment, holding it to its promise: every unit once, in their order.

    Parameters
    ----------
    surroundings : Surroundings
        A bound environment.
    counts : ndarray of shape (groups, …)
        Who lives in each unit.

    Yields
    ------
    tuple of slice and ndarray

    Raises
    ------
    CapabilityError
        If units are left out, come twice or out of order.
    """
    done, size = 0, counts.shape[1]
    for where, met in surroundings.strips(counts):
        start, stop, _ = where.indices(size)
        if start != done:
            break
        done = stop
        yield where, met
    if done != size:
        msg = f"the strips of {type(surroundings).__name__} must cover the units once, in their order"
        raise CapabilityError(msg)


def joined(surroundings: Surroundings, counts: NDArray[Any]) -> NDArray[np.float64]:
    """Whom the residents of every unit meet: the strips, joined.

    Parameters
    ----------
    surroundings : Surroundings
        A bound environment.
    counts : ndarray of shape (groups, …)
        Who lives in each unit.

    Returns
    -------
    ndarray of the shape of `counts`
    """
    if isinstance(surroundings, ByRows) and counts.ndim == 3:
        return _side_by_side(surroundings, counts)
    met = np.empty(0)
    for where, part in in_order(surroundings, counts):
        if part.shape == counts.shape:
            return part
        if not met.size:
            met = np.empty(counts.shape)
        met[:, where] = part
    return met


def _side_by_side(surroundings: ByRows, counts: NDArray[Any]) -> NDArray[np.float64]:
    from segregation_tools.kernels.pool import in_pieces

    met, rows = np.empty(counts.shape), surroundings.reader((), counts, everywhere=True)

    def fill(first: int, last: int) -> Generator[float, None, None]:
        for start, stop, (part,) in rows(first, last):
            met[:, start:stop] = part
            yield (stop - first) / (last - first)

    in_pieces(fill, pieces_of(counts.shape[1]))
    return met
