"""Everyone up to the nearest k units, or the nearest k people: neighbourhoods that grow where few live."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import GeographyError
from segregation_tools.kernels.grids.layout import at_the_door
from segregation_tools.kernels.grids.nearest import homes_where_few, nearest_rows
from segregation_tools.kernels.nearby import sum_nearest, sum_within
from segregation_tools.population.environment import all_strips
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.kernels.nearby import Bands
    from segregation_tools.population.environment import Rows, Tiles
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["NearestPeople", "NearestUnits"]

ROUNDING = 1e-6  # of the people in a block, by which its sum may be off


@dataclass(frozen=True)
class NearestUnits:
    """Residents meet everyone in the k units nearest to them, of which their own is the first.

    Units of which the centroids are one place, such as the towers of an estate, count as one unit; all that lie as far as
    the k-th come in together. The answer therefore does not depend on the order of rows, nor on how a place is divided.

    Parameters
    ----------
    k : int
        How many units, 1 or more; of a population with fewer, everyone is met.

    Raises
    ------
    OptionError
        If `k` is no number of units.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> [round(sgt.dissimilarity(pop.within(NearestUnits(k))), 3) for k in (1, 5, 25, 403)]
    [0.413, 0.371, 0.331, 0.0]
    """

    k: int

    def __post_init__(self) -> None:
        real_number(self.k, "k", 1, "a whole number of units", whole=True)

    def __str__(self) -> str:
        return f"everyone in the nearest {self.k:,} units, their own among them"

    def on(self, geography: Geography | Grid) -> BoundNearest:
        """Take the centroids of the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundNearest

        Raises
        ------
        GeographyError
            If coordinates are degrees, or units have no geometry.
        """
        bands = geography.bands
        one_each = np.ones((1, len(bands.order)))
        at_one_place = sum_within(bands, one_each, 0, "uniform")[0]
        return BoundNearest(bands, float(self.k), units=1 / at_one_place)


@dataclass(frozen=True)
class NearestPeople:
    """Residents meet the k people who live nearest to them, those of their own unit first.

    People are those of all groups of the population. Of the units that lie equally far, none is preferred.

    Parameters
    ----------
    k : float
        How many people; where there are no more, everyone is met.
    last_ring : {"whole", "proportional"}
        Units farthest away are taken whole, so that at least k people are met, or in the part that makes it k exactly.
    shape : {"disc", "square"}
        Whether distance is that from centroid to centroid or, on a grid, the number of rings of cells around the own one:
        squares grow faster than discs towards their corners, and are found several times as fast.

    Raises
    ------
    OptionError
        If `k` is no number of people, or `last_ring` or `shape` is not known.

    Notes
    -----
    Who is among the nearest depends on how many live where: the environment of a sum of populations is not the sum of
    their environments. Choose groups first, ``pop[["a", "b"]].within(...)``.

    On a grid, distances are compared exactly, as the whole numbers that their squares are; what people count is rounded to
    2⁻⁶² of those around.

    References
    ----------
    Östh, Malmberg & Andersson 2014.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> [round(sgt.dissimilarity(pop.within(NearestPeople(k))), 3) for k in (1, 10_000, 100_000, 2_000_000)]
    [0.413, 0.386, 0.336, 0.0]
    >>> cells = sgt.Population([[[9, 1, 0], [0, 3, 5]]], ["a"], geography=sgt.Grid(2, 3, cell_size=100))
    >>> cells.within(NearestPeople(4)).environment
    array([[[ 9., 13.,  6.],
            [12.,  9.,  5.]]])
    >>> cells.within(NearestPeople(4, shape="square")).environment
    array([[[ 9., 18.,  9.],
            [13., 18.,  5.]]])
    """

    k: float
    last_ring: str = "whole"
    shape: str = field(default="disc", kw_only=True)

    def __post_init__(self) -> None:
        real_number(self.k, "k", 0, "a number of people", above=True)
        one_of(self.last_ring, "last_ring", ("whole", "proportional"))
        one_of(self.shape, "shape", ("disc", "square"))

    def __str__(self) -> str:
        rings = " by squares of cells" if self.shape == "square" else ""
        part = " (of the farthest units a part)" if self.last_ring == "proportional" else ""
        return f"the nearest {self.k:,g} people{rings}{part}"

    def on(self, geography: Geography | Grid) -> BoundNearest | NearestCells:
        """Take the centroids of the units, or the cells of a grid.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundNearest or NearestCells

        Raises
        ------
        GeographyError
            If coordinates are degrees, units have no geometry, or squares are asked for where there are no cells.
        """
        partly = self.last_ring == "proportional"
        if geography.cell_metres is not None:
            return NearestCells(float(self.k), partly, self.shape == "square")
        if self.shape == "square":
            msg = "shape='square' counts rings of cells, and these units are no cells of a grid: leave it out"
            raise GeographyError(msg)
        return BoundNearest(geography.bands, float(self.k), partly=partly)


@dataclass(frozen=True, eq=False)
class BoundNearest:
    """The nearest, bound to the units of a population; by people where `units` does not say what each unit counts."""

    bands: Bands
    k: float
    partly: bool = False
    units: NDArray[np.float64] | None = None

    @property
    def linear(self) -> bool:
        """Whether who is met does not depend on the counts."""
        return self.units is not None

    @property
    def includes_self(self) -> bool:
        """Whether each resident counts exactly once among those met: not where the nearest unit may be taken in part."""
        return not self.partly

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once."""
        flat = counts.reshape(len(counts), -1)
        reached = flat.sum(axis=0, dtype=np.float64) if self.units is None else self.units
        yield slice(None), sum_nearest(self.bands, flat, reached, self.k, partly=self.partly).reshape(counts.shape)


@dataclass(frozen=True)
class NearestCells:
    """The nearest people, bound to a grid."""

    k: float
    partly: bool = False
    square: bool = False
    linear = False

    @property
    def includes_self(self) -> bool:
        """Whether each resident counts exactly once among those met: not where the nearest cells may be taken in part."""
        return not self.partly

    @property
    def alike(self) -> tuple[bool, bool]:
        """Those alike but for `k` come from one expansion around each cell."""
        return self.partly, self.square

    def reaches(self, tiles: Tiles) -> NDArray[np.int64]:
        """Look as far as the corners of a block of tiles around the own in which enough people live."""
        people = np.zeros((tiles.people.shape[0] + 1, tiles.people.shape[1] + 1))
        people[1:, 1:] = tiles.people.cumsum(axis=0).cumsum(axis=1)
        down, across = tiles.people.shape
        row, col = np.arange(down)[:, np.newaxis], np.arange(across)[np.newaxis]
        least, most = np.zeros((down, across), dtype=np.intp), np.full((down, across), max(down, across))
        while (least < most).any():
            half = (least + most) // 2
            top, bottom, left, right = _block_of_tiles(row, col, half, people.shape)
            here = people[bottom, right] - people[top, right] - people[bottom, left] + people[top, left]
            enough = here >= self.k * (1 + ROUNDING)
            least, most = np.where(enough, least, half + 1), np.where(enough, half, most)
            most = np.maximum(least, most)  # the whole grid holds too few
        top, bottom, left, right = _block_of_tiles(row, col, least, people.shape)
        far_down = np.maximum(tiles.rows[bottom] - tiles.rows[row], tiles.rows[row + 1] - tiles.rows[top])
        far_across = np.maximum(tiles.cols[right] - tiles.cols[col], tiles.cols[col + 1] - tiles.cols[left])
        farthest = np.maximum(far_down, far_across) if self.square else np.hypot(far_down, far_across)
        reach: NDArray[np.int64] = np.ceil(farthest).astype(np.int64)
        return reach

    def reader(
        self,
        others: Sequence[NearestCells],
        counts: NDArray[Any],
        *,
        everywhere: bool,
        columns: tuple[int, int] | None = None,
    ) -> Rows:
        """Find the inhabited cells, where they are few, and return what yields those met by some rows."""
        bounds = (self, *others)
        order = np.argsort([bound.k for bound in bounds], kind="stable")
        wanted, rank = [bounds[i].k for i in order], np.argsort(order)
        read, _ = at_the_door(counts, 0, counts.shape[1])
        homes = homes_where_few(read)

        def rows(first: int, last: int) -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
            strips = nearest_rows(
                read,
                wanted,
                first,
                last,
                square=self.square,
                partly=self.partly,
                inhabited=not everywhere,
                columns=columns,
                homes=homes,
            )
            for start, stop, met in strips:
                yield start, stop, [met[i] for i in rank]

        return rows

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of every cell, strip by strip."""
        return all_strips(self, counts)


def _block_of_tiles(
    row: NDArray[np.intp], col: NDArray[np.intp], half: NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], ...]:
    """First and last edges, down and across, of the tiles up to `half` tiles away."""
    top, left = np.maximum(row - half, 0), np.maximum(col - half, 0)
    return top, np.minimum(row + half + 1, shape[0] - 1), left, np.minimum(col + half + 1, shape[1] - 1)
