"""Invented cities whose truth is known, and invented school districts: for examples, tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, listed
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.population.population import Population
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame, GeoSeries
    from numpy.typing import NDArray

__all__ = ["District", "school_zones", "synthetic_city", "synthetic_country", "synthetic_district"]

PATTERNS = ("checkerboard", "ghetto", "gradient", "random")
KINDS = ("polygons", "points", "grid")


def synthetic_city(
    pattern: Literal["checkerboard", "ghetto", "gradient", "random"] = "checkerboard",
    *,
    rows: int = 10,
    cols: int = 10,
    groups: Sequence[str] = ("a", "b"),
    people: float = 100,
    cell_size: float = 100.0,
    kind: Literal["polygons", "points", "grid"] = "polygons",
    rng: np.random.Generator | int | None = None,
) -> Population:
    """Make a city of square cells whose segregation is known without computing it.

    Parameters
    ----------
    pattern : {"checkerboard", "ghetto", "gradient", "random"}
        checkerboard: each cell holds one group, neighbours differ. ghetto: each cell holds one group, each group has
        its own band of columns; same evenness as the checkerboard, all the clustering. gradient: the share of the
        first group falls evenly from west to east, (c + ½)/cols, and the others share the rest. random: everyone's
        group is drawn with equal chance.
    rows, cols : int
        Shape of the city.
    groups : sequence of str
        Group labels.
    people : float
        Residents of each cell; whole for ``"random"``.
    cell_size : float
        Side of a cell, in metres.
    kind : {"polygons", "points", "grid"}
        Geography of the cells.
    rng : numpy.random.Generator or int, optional
        Needed by ``"random"`` only.

    Returns
    -------
    Population
        Cells row by row, from north-west.

    Examples
    --------
    >>> city = synthetic_city("checkerboard", rows=4, cols=4)
    >>> city.counts[:, :3]
    array([[100.,   0., 100.],
           [  0., 100.,   0.]])
    """
    if rows < 1 or cols < 1:
        msg = f"a city needs at least one row and one column, not {rows} × {cols}"
        raise DataError(msg)
    size = len(groups)
    row, col = np.indices((rows, cols))
    if pattern == "checkerboard":
        shares = np.stack([(row + col) % size == g for g in range(size)])
    elif pattern == "ghetto":
        shares = np.stack([col * size // cols == g for g in range(size)])
    elif pattern == "gradient":
        first = 1 - (col + 0.5) / cols
        shares = np.stack([first, *[(1 - first) / max(size - 1, 1)] * (size - 1)])
    elif pattern == "random":
        if round(people) < 1:
            msg = f"a random city needs at least one person a cell, not {people!r}"
            raise DataError(msg)
        drawn = np.random.default_rng(rng).multinomial(round(people), np.full(size, 1 / size), size=(rows, cols))
        shares = np.moveaxis(drawn, -1, 0) / round(people)
    else:
        msg = f"no pattern {pattern!r}; the patterns are {listed(PATTERNS)}"
        raise DataError(msg)
    counts = shares * float(people)
    grid = Grid(rows, cols, cell_size)
    if kind == "grid":
        return Population(counts, groups, geography=grid)
    if kind not in KINDS:
        msg = f"no kind {kind!r}; the kinds are {listed(KINDS)}"
        raise DataError(msg)
    place = grid.cells(points=kind == "points")
    return Population(counts.reshape(size, -1), groups, geography=Geography(place.index, place))


def synthetic_country(
    rows: int = 600,
    cols: int = 500,
    *,
    towns: int = 60,
    groups: Sequence[str] = ("a", "b", "c"),
    people: float = 1_000_000,
    cell_size: float = 100.0,
    rng: np.random.Generator | int,
) -> Population:
    """Make a country of towns on a grid, most of its cells empty, as in the grids of a census.

    The second town has half as many people as the first, the third a third (Zipf); from its centre each thins out
    exponentially (Clark). In every town each group has a quarter around which more of its people live.

    Parameters
    ----------
    rows, cols : int
        Shape of the grid.
    towns : int
        How many, anywhere.
    groups : sequence of str
        Group labels; the second has half as many people as the first, and so on.
    people : float
        About how many live in the country.
    cell_size : float
        Side of a cell, in metres.
    rng : numpy.random.Generator or int
        Chance.

    Returns
    -------
    Population
        Whole people on a grid.

    References
    ----------
    Clark, C. (1951), Urban population densities, Journal of the Royal Statistical Society A 114, 490-496.

    Examples
    --------
    >>> country = synthetic_country(200, 150, towns=5, people=50_000, rng=1)
    >>> country.counts.shape, bool((country.sizes == 0).mean() > 0.5)
    ((3, 200, 150), True)
    """
    if min(rows, cols, towns) < 1 or not people > 0:
        msg = f"a country needs cells, a town and people, not {rows} × {cols} cells, {towns} towns and {people} people"
        raise DataError(msg)
    chance = np.random.default_rng(rng)
    expected = np.zeros((len(groups), rows, cols))
    of_group = 0.5 ** np.arange(len(groups))
    sizes = people / np.arange(1, towns + 1)
    sizes *= people / sizes.sum()
    for size in sizes:
        reach = 1 + 0.02 * np.sqrt(size)  # in cells: large towns are wider, and denser, too
        centre = chance.random(2) * (rows, cols)
        window, distance = _around(centre, 9 * reach, rows, cols)
        quarters = centre + chance.normal(0, 1.5 * reach, (len(groups), 2))
        near = np.stack([np.exp(-((_around(at, 0, rows, cols, window)[1] / reach) ** 2)) for at in quarters])
        weights = of_group[:, np.newaxis, np.newaxis] * (0.3 + 3 * near)
        density = size * np.exp(-distance / reach) / (2 * np.pi * reach**2)
        expected[:, *window] += density * weights / weights.sum(axis=0)
    counts = chance.poisson(expected)
    counts[:, *np.unravel_index(expected.sum(axis=0).argmax(), (rows, cols))] += 1
    return Population(counts.astype(np.int32), groups, geography=Grid(rows, cols, cell_size))


def _around(
    centre: NDArray[np.float64], reach: float, rows: int, cols: int, window: tuple[slice, slice] | None = None
) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """Rows and columns within reach of a place, or others, and how far their cells lie from it, in cells."""
    if window is None:
        low, high = np.maximum(centre - reach, 0).astype(int), np.ceil(centre + reach).astype(int)
        window = slice(low[0], min(high[0], rows)), slice(low[1], min(high[1], cols))
    down, across = np.mgrid[window]
    return window, np.hypot(down + 0.5 - centre[0], across + 0.5 - centre[1])


@dataclass(frozen=True, eq=False)
class District:
    """An invented school district.

    Attributes
    ----------
    blocks : GeoDataFrame
        One row a block: pupils by group, and `school`, the school whose zone the block lies in today.
    schools : DataFrame
        Index: school; `block` in which it stands, `seats`.
    travel : DataFrame
        Minutes from each block (rows) to each school (columns).

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> list(district.blocks.columns), list(district.schools.columns)
    (['a', 'b', 'c', 'school', 'geometry'], ['block', 'seats'])
    """

    blocks: GeoDataFrame
    schools: pd.DataFrame
    travel: pd.DataFrame

    def _repr_html_(self) -> str:
        told = f"District of {len(self.blocks):,} blocks and {len(self.schools):,} schools"
        return as_html(self.schools.rename_axis("school").reset_index(), told)


def synthetic_district(
    blocks: int,
    schools: int,
    *,
    groups: Sequence[str] = ("a", "b", "c"),
    pupils: float = 40,
    rng: np.random.Generator | int,
) -> District:
    """Make a school district of square blocks in which groups live apart and every pupil goes to the nearest school.

    Parameters
    ----------
    blocks, schools : int
        How many; blocks fill a near-square lattice of 400 m cells, row by row.
    groups : sequence of str
        Group labels.
    pupils : float
        Mean number of pupils in a block.
    rng : numpy.random.Generator or int
        Chance.

    Returns
    -------
    District
        Zones are connected: a block's way to its school stays in the zone. The same number as `rng` makes the same blocks,
        pupils and roads for any number of schools: those of several levels.

    Examples
    --------
    >>> district = synthetic_district(60, 4, rng=1)
    >>> len(district.blocks), len(district.schools), district.travel.shape
    (60, 4, (60, 4))
    """
    if not 1 <= schools <= blocks:
        msg = f"{schools} schools do not fit into {blocks} blocks: choose between one school and one a block"
        raise DataError(msg)
    chance = np.random.default_rng(rng)
    cols = int(np.ceil(np.sqrt(blocks)))
    grid = Grid(-(-blocks // cols), cols, 400.0)
    centre = grid.centroids.to_numpy()[:blocks] / grid.cell_size

    # Each group has a few hearts; its weight in a block falls off with distance from them.
    hearts = centre[chance.integers(blocks, size=(len(groups), 3))]
    reach = max(cols / 5, 1.0)
    distance = np.linalg.norm(centre[None, None] - hearts[:, :, None], axis=-1)
    weights = 0.15 + np.exp(-distance / reach).sum(axis=1)
    density = chance.gamma(6.0, pupils / 6.0, size=blocks)
    rolls = chance.poisson(density * weights / weights.sum(axis=0))

    place = grid.cells(np.arange(blocks))
    frame, table, travel = school_zones(place, pd.DataFrame(rolls.T, columns=list(groups)), schools, chance)
    return District(frame, table, travel)


def school_zones(
    place: GeoSeries, pupils: pd.DataFrame, schools: int, rng: np.random.Generator
) -> tuple[GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Put schools on lattice cells and give each block to the one that is nearest by travel.

    Parameters
    ----------
    place : GeoSeries
        Square cells of one size that touch each other.
    pupils : DataFrame
        Pupils of each cell, one column a group.
    schools : int
        How many schools.
    rng : numpy.random.Generator
        Chance.

    Returns
    -------
    blocks : GeoDataFrame
        With the column `school`.
    schools : DataFrame
        Columns `block` and `seats`.
    travel : DataFrame
        Minutes, blocks × schools.
    """
    import geopandas
    from scipy import sparse
    from scipy.sparse.csgraph import dijkstra

    blocks = len(place)
    side = float(np.sqrt(place.area.iloc[0]))
    points = place.centroid
    cell = np.floor(np.column_stack([points.x, points.y]) / side).astype(np.int64)
    numbered = {tuple(at): i for i, at in enumerate(cell.tolist())}
    pairs = np.array(
        [
            (i, numbered[x + dx, y + dy])
            for (x, y), i in numbered.items()
            for dx, dy in ((1, 0), (0, 1))
            if (x + dx, y + dy) in numbered
        ]
    ).reshape(-1, 2)
    metres_per_minute = 400.0 * rng.uniform(0.6, 1.4, size=len(pairs))
    roads = sparse.coo_array((side / metres_per_minute, (pairs[:, 0], pairs[:, 1])), shape=(blocks, blocks)).tocsr()

    sites = _spread_sites(cell.astype(np.float64), pupils.sum(axis=1).to_numpy() + 1e-6, schools, rng)
    minutes = dijkstra(roads, directed=False, indices=sites)
    names = pd.Index([f"S{i + 1:02d}" for i in range(schools)], name="school")
    labels = pd.Index([f"B{i + 1:05d}" for i in range(blocks)], name="block")
    travel = pd.DataFrame(np.transpose(minutes) + 2.0, index=labels, columns=names)

    current = travel.idxmin(axis=1)
    frame = geopandas.GeoDataFrame(pupils.set_axis(labels).assign(school=current), geometry=place.set_axis(labels))
    rolls = pupils.set_axis(labels).sum(axis=1).groupby(current).sum().reindex(names, fill_value=0)
    table = pd.DataFrame({"block": labels[sites], "seats": np.ceil(rolls * 1.15).astype(np.int64)}, index=names)
    return frame, table, travel


def _spread_sites(
    at: NDArray[np.float64], pupils: NDArray[np.float64], schools: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Cells where schools stand: spread as pupils are, by Lloyd's iteration, each school on a cell of its own."""
    from scipy.spatial import KDTree

    centre = at[rng.choice(len(at), schools, replace=False, p=pupils / pupils.sum())]
    for _ in range(20):
        _, nearest = KDTree(centre).query(at)
        weight = np.bincount(nearest, pupils, schools)
        for axis in range(2):
            moment = np.bincount(nearest, pupils * at[:, axis], schools)
            centre[:, axis] = np.where(weight > 0, moment / np.where(weight > 0, weight, 1), centre[:, axis])
    sites: list[int] = []
    for distance in np.linalg.norm(centre[:, None] - at, axis=-1):
        distance[sites] = np.inf
        sites.append(int(distance.argmin()))
    return np.array(sites)
