"""Windows on grids: rows of those met, worked out strip by strip and never held for the whole grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError
from segregation_tools.kernels.grids.layout import at_the_door
from segregation_tools.kernels.grids.windows import box_rows
from segregation_tools.kernels.nearby import ALIKE
from segregation_tools.population.environment import all_strips
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.environment import Rows, Tiles
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["BoundWindow", "Square"]


@dataclass(frozen=True)
class Square:
    """Residents of a grid meet everyone in the square of cells around their own; all count alike.

    Parameters
    ----------
    metres : float
        Half the side, 0 or more: cells whose centres lie no farther to the west or east, and to the north or south.

    Raises
    ------
    OptionError
        If `metres` is no distance.

    Notes
    -----
    The work does not grow with the square. A `Radius` reaches equally far in all directions.

    Examples
    --------
    >>> import numpy as np
    >>> cells = sgt.Grid(1, 4, cell_size=100)
    >>> pop = sgt.Population(np.array([[[9, 1, 0, 0]], [[0, 0, 5, 5]]]), ["a", "b"], geography=cells)
    >>> pop.within(sgt.Square(100)).environment[:, 0]
    array([[10., 10.,  1.,  0.],
           [ 0.,  5., 10., 10.]])
    """

    metres: float

    def __post_init__(self) -> None:
        real_number(self.metres, "metres", 0, "a distance")

    def __str__(self) -> str:
        return f"everyone in a square that reaches {self.metres:,g} metres to each side"

    def on(self, geography: Geography | Grid) -> BoundWindow:
        """Count the cells.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundWindow

        Raises
        ------
        CapabilityError
            If the units are no cells of a grid.
        GeographyError
            If the cells are measured in degrees.
        """
        side = geography.cell_metres
        if side is None:
            msg = f"a square counts the cells of a grid; among units of other shapes: sgt.Radius({self.metres:g})"
            raise CapabilityError(msg)
        half = int(self.metres / side * (1 + ALIKE))
        return BoundWindow(box_rows, (half,), half)


@dataclass(frozen=True, eq=False)
class BoundWindow:
    """A window bound to the cells of a grid.

    Attributes
    ----------
    around : callable
        Whom the residents of some rows meet, ``around(counts, *size, first, last)``, strip by strip.
    size : tuple
        What it is told of kernel and size.
    reach : int
        No cell farther away, in rows, is met.
    """

    around: Callable[..., Iterator[tuple[int, int, NDArray[np.float64]]]]
    size: tuple[Any, ...]
    reach: int
    linear = True
    includes_self = True

    @property
    def alike(self) -> Callable[..., Any]:
        """Windows of one kind cut the rows alike."""
        return self.around

    def reaches(self, tiles: Tiles) -> NDArray[np.int64]:
        """Look equally far everywhere."""
        return np.full(tiles.people.shape, self.reach, dtype=np.int64)

    def reader(
        self,
        others: Sequence[BoundWindow],
        counts: NDArray[Any],
        *,
        everywhere: bool,
        columns: tuple[int, int] | None = None,
    ) -> Rows:
        """Return what yields those met by some rows, in this window and in others, which read the counts together."""
        windows = (self, *others)
        reach = max(window.reach for window in windows) + 1

        def rows(first: int, last: int) -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
            read, above = at_the_door(counts, first - reach, last + reach)
            strips = [window.around(read, *window.size, first - above, last - above) for window in windows]
            now = [next(strip) for strip in strips]
            start, behind = first - above, last - above
            while start < behind:
                until = min(stop for _, stop, _ in now)
                yield start + above, until + above, [met[:, start - top : until - top] for top, _, met in now]
                now = [next(strip, here) if here[1] == until else here for strip, here in zip(strips, now, strict=True)]
                start = until

        return rows

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of a few rows after the other."""
        return all_strips(self, counts)
