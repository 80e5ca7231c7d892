"""Compile what is compiled, once on a machine, so that no later call waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.autocorrelation.local import local_geary, local_moran
from segregation_tools.autocorrelation.whole import moran
from segregation_tools.environments.nearest import NearestPeople
from segregation_tools.environments.radius import Radius
from segregation_tools.environments.windows import Square
from segregation_tools.indices.evenness import dissimilarity, information_theory, relative_diversity
from segregation_tools.indices.exposure import exposure
from segregation_tools.indices.together import measure
from segregation_tools.kernels.decay import KERNELS
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from segregation_tools.population.environment import Environment

__all__ = ["warmup"]


def warmup() -> None:
    """Compile the kernels of grids, of points within a distance and of autocorrelation, or load what was compiled before.

    Compiled code is kept on disk, beside the library or in the folder that ``NUMBA_CACHE_DIR`` names, so that this takes
    half a minute once and a second ever after. Without it, each kernel is compiled when it is first needed.

    Examples
    --------
    >>> sgt.warmup()
    """
    indices = [dissimilarity, information_theory, exposure, relative_diversity]
    for dtype in (np.float32, np.float64):
        cells = np.ones((2, 8, 9), dtype=dtype)
        cells[0, 3] = 7
        grid = Grid(8, 9, cell_size=100.0)
        pop = Population(cells, ["a", "b"], geography=grid)
        nearest: list[Environment] = [
            NearestPeople(9, ring, shape=shape) for ring in ("whole", "proportional") for shape in ("disc", "square")
        ]
        recipes: list[Environment] = [
            Square(200),
            *[Radius(metres, kernel) for kernel in KERNELS for metres in (200, 2000)],
            *nearest,
        ]
        for recipe in recipes:
            measure(pop.within(recipe), indices)
        few = Population(cells * (np.arange(9) == 0), ["a", "b"], geography=grid)  # which are looked for in another way
        for recipe in nearest:
            measure(few.within(recipe), indices)
    centres = Geography(pop.units, grid.cells(points=True).set_axis(pop.units))  # the same places, as points
    place = Population(pop.counts.reshape(2, -1), ["a", "b"], geography=centres)
    of_points: list[Environment] = [Radius(200), NearestPeople(9)]
    for recipe in of_points:
        measure(place.within(recipe), indices)
    values, chain = np.arange(9.0), np.eye(9, k=1) + np.eye(9, k=-1) / 2  # whose neighbours do not count alike
    for local in (local_moran, local_geary):
        local(cells[0] + values, permutations=9, rng=0)
        local(values, chain, permutations=9, rng=0)
    for kind in (cells[0], cells[0].astype(np.float32)):
        moran(kind + values.astype(kind.dtype), permutations=9, rng=0)
