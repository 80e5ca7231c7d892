"""People of one division of a region told by the units of another: boundaries change between two dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, DataWarning, GeographyError, listed, warn
from segregation_tools.kernels.grouping import margins_of_sums
from segregation_tools.population.adjacency import refuse_invalid
from segregation_tools.population.checking import Labels, check_units, numbers
from segregation_tools.population.coverage import covered
from segregation_tools.population.geography import Geography, metres_per_unit
from segregation_tools.population.grid import TO_METRES, Grid
from segregation_tools.population.population import Population, as_population
from segregation_tools.population.reading import geometry_of, spelled_geoids

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from segregation_tools.population.coverage import Spans

__all__ = ["area_weights", "crosswalk"]

LOST = 1e-6  # of a unit's people, below which nobody is missed
OVERLAP = 0.01  # of the people of a grid, who may live in two polygons at once
ROUNDING = 1e-12  # of a cell
SLIVER = 1e-9  # of a unit's area, below which pieces are rounding


def crosswalk(
    pop: Population,
    onto: Population | GeoDataFrame | Grid | None = None,
    *,
    weights: pd.Series[float] | None = None,
) -> Population:
    """Tell a population by the units of another division: people of each unit are shared out among those.

    Parameters
    ----------
    pop : Population
        Without a local environment.
    onto : Population, GeoDataFrame or Grid, optional
        The other division: its units and geometry are taken, and of a Population its tiers. Without `weights`, people are
        shared out by area, as if they lived evenly spread over their unit. One of the two divisions may be a grid: cells are
        added up to polygons, those on a border in part, or people of polygons are spread over cells.
    weights : Series, optional
        Share of each unit's people who live in each of the other units: indexed by pairs (unit, other unit), such as
        ``frame.set_index(["GEOID10", "GEOID20"])["weight"]`` of a published crosswalk. Better than areas, where there are.
        Not for grids.

    Returns
    -------
    Population
        The same groups. Counts are parts of people in general.

    Raises
    ------
    DataError
        If the shares of a unit are negative or add up to more than 1, or a unit has none; or more than a hundredth of the
        people of a grid live where polygons overlap.
    GeographyError
        If there are no areas to go by.
    CapabilityError
        If both divisions are grids.

    Warns
    -----
    DataWarning
        If some people live in none of the other units: they are counted, and left out. If some people of a grid live where
        polygons overlap: they are shared out equally among these.

    Notes
    -----
    Sharing out by area makes units more alike, so that it understates segregation and its change. Margins of error are those
    of sums of parts of independent estimates. Polygons are transformed to the coordinates of a grid; the part of each cell
    that they cover is exact, and where a grid is in degrees, cells are as large as they are on the ellipsoid.

    References
    ----------
    Goodchild, M. & Lam, N. (1980), Areal interpolation: a variant of the traditional spatial problem, Geo-Processing 1,
    297–312. Logan, J., Xu, Z. & Stults, B. (2014), Interpolating US decennial census tract data from as early as 1970 to
    2010, Professional Geographer 66, 412–420.

    Examples
    --------
    >>> before = sgt.Population([[90, 10], [30, 60]], ["a", "b"], units=["west", "east"])
    >>> shares = {("west", "west"): 0.5, ("west", "centre"): 0.5, ("east", "centre"): 1.0}
    >>> after = sgt.crosswalk(before, weights=pd.Series(shares))
    >>> after.to_frame()
               a     b
    west    45.0  15.0
    centre  55.0  75.0

    Cells of a grid, added up to districts:

    >>> import geopandas, shapely
    >>> cells = sgt.Population.from_raster(np.array([[[4, 6, 8]], [[3, 0, 1]]]), groups=["a", "b"], cell_size=100)
    >>> halves = [shapely.box(0, -100, 150, 0), shapely.box(150, -100, 300, 0)]
    >>> sgt.crosswalk(cells, geopandas.GeoDataFrame(index=["west", "east"], geometry=halves)).counts
    array([[ 7., 11.],
           [ 3.,  1.]])
    """
    pop = as_population(pop)
    if pop.surroundings is not None:
        msg = "first the units, then the environment: crosswalk(pop, ...).within(...)"
        raise CapabilityError(msg)
    target = None if onto is None else _division(onto)
    if weights is None and target is None:
        msg = "give onto=, the other division with its geometry, or weights="
        raise DataError(msg)
    if isinstance(pop.geography, Grid) or isinstance(target, Grid):
        if weights is not None or target is None:
            msg = (
                "cells of a grid are shared out by area, crosswalk(pop, onto=...); where each belongs to one unit whole: "
                "pop.merge(labels)"
            )
            raise CapabilityError(msg)
        sharing = _sharing_of_cells(pop, target)
    else:
        sharing, target = _sharing_of_units(pop, onto, weights)
    margins = None
    if pop.margins is not None:
        here, widths = (array.reshape(len(pop.groups), -1) for array in (pop.counts, pop.margins))
        margins = margins_of_sums(here, widths, sharing.matrix()).reshape(-1, *target.shape)
    counts = np.zeros((len(pop.groups), *target.shape))
    for row, there in zip(pop.counts, counts, strict=True):
        sharing.add(row.reshape(-1), there.reshape(-1))
    counts.flags.writeable = False
    total = None
    if pop.stated_total is not None:
        total = np.zeros(target.shape)
        sharing.add(pop.stated_total.reshape(-1), total.reshape(-1))
    return Population(
        counts,
        pop.groups,
        tiers=onto.tiers if isinstance(onto, Population) else None,
        total=total,
        geography=target,
        margins=margins,
    )


class _Sharing(NamedTuple):
    """How people are shared out: as what adds those of units to the others, and as a matrix of units × others."""

    add: Callable[[NDArray[Any], NDArray[np.float64]], None]
    matrix: Callable[[], csr_array]


def area_weights(source: Population | GeoDataFrame, target: Population | GeoDataFrame) -> pd.Series[float]:
    """Share of each unit's area that lies in each unit of another division.

    Parameters
    ----------
    source, target : Population or GeoDataFrame
        Polygons. Where the coordinate reference systems differ, those of `target` are transformed; one that states none is
        taken to be in the other's.

    Returns
    -------
    Series
        From 0 to 1, indexed by pairs (unit, other unit) that overlap.

    Raises
    ------
    GeographyError
        If coordinates are degrees, or geometries are missing or invalid.

    Examples
    --------
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> counties = tracts[["county", "geometry"]].dissolve("county")
    >>> area_weights(tracts, counties).groupby(level=0).sum().round(6).eq(1).all()
    np.True_
    """
    import shapely

    geographies = [_outlined(division) for division in (source, target)]
    shapes = [geography.placed("sharing out by area") for geography in geographies]
    metres_per_unit(shapes[0].crs, "sharing out by area")
    if shapes[0].crs is not None and shapes[1].crs is not None:
        shapes[1] = shapes[1].to_crs(shapes[0].crs)
    ours, theirs = (np.asarray(shape.array) for shape in shapes)
    for geography, polygons in zip(geographies, (ours, theirs), strict=True):
        refuse_invalid(polygons, geography.units, "sharing out by area")
    areas = shapely.area(ours)
    _refuse_flat(areas, geographies[0])
    here, there = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shares = shapely.area(shapely.intersection(ours[here], theirs[there])) / areas[here]
    some = shares > SLIVER
    pairs = pd.MultiIndex.from_arrays(
        [geographies[0].units[here[some]], geographies[1].units[there[some]]], names=["unit", "other unit"]
    )
    return pd.Series(shares[some], index=pairs, name="weight")


def _outlined(division: Population | GeoDataFrame) -> Geography:
    """Take the units of a division that is no grid."""
    geography = _division(division)
    if isinstance(geography, Grid):
        msg = "area_weights lists pairs of polygons; cells of a grid are shared out without a list: crosswalk(pop, onto=...)"
        raise CapabilityError(msg)
    return geography


def _division(onto: Population | GeoDataFrame | Grid) -> Geography | Grid:
    """Take the units of a division from whatever it was given as."""
    if isinstance(onto, Population):
        return onto.geography
    if isinstance(onto, Grid):
        return onto
    if not isinstance(onto, pd.DataFrame):
        msg = f"a division is a Population or a GeoDataFrame, or a Grid, not {type(onto).__name__}"
        raise DataError(msg)
    units = spelled_geoids(onto.index)
    check_units(units)
    geometry = geometry_of(onto)
    return Geography(units, None if geometry is None else geometry.set_axis(units))


# ---------------------------------------------------------------- grids


def _sharing_of_cells(pop: Population, target: Geography | Grid) -> _Sharing:
    """How people are shared out where units or others are the cells of a grid."""
    source = pop.geography
    if isinstance(source, Geography) and isinstance(target, Grid):
        return _polygons_to_cells(pop, source, target)
    if isinstance(source, Grid) and isinstance(target, Geography):
        return _cells_to_polygons(pop, source, target)
    msg = (
        "people of one grid are not told by the cells of another: bring both rasters onto one grid first, adding up people. "
        f"{TO_METRES}"
    )
    raise CapabilityError(msg)


def _on(grid: Grid, place: Geography) -> NDArray[Any]:
    """Polygons in the coordinates of a grid."""
    shapes = place.placed("sharing out by area")
    if grid.crs is None:
        metres_per_unit(shapes.crs, "sharing out by area")  # as the grid is in metres
    elif shapes.crs is not None:
        shapes = shapes.to_crs(grid.crs)
    polygons = np.asarray(shapes.array)
    refuse_invalid(polygons, place.units, "sharing out by area")
    return polygons


def _cells_to_polygons(pop: Population, grid: Grid, place: Geography) -> _Sharing:
    """Each cell goes to the polygons that cover it, in the parts that they cover."""
    people, size = _people(pop), len(place.units)
    every = [part.within(grid) for part in covered(_on(grid, place), grid)]
    times = _times_covered(every, len(people))
    torn = _torn(times, people, every, place)
    shared = times[torn]
    short = np.flatnonzero(times < 1)
    left = people[short] * (1 - times[short])
    if left.sum() > LOST * people.sum():
        where = short[left > LOST * people[short]]
        warn(
            f"{left.sum():,.0f} of {people.sum():,.0f} people live in none of the other units: left out, from cells "
            f"(row, col) {listed(Labels(grid)[where])}",
            DataWarning,
        )

    def add(values: NDArray[Any], out: NDArray[np.float64]) -> None:
        if len(torn):
            values = values.astype(np.float64)
            values[torn] /= shared
        for spans in every:
            spans.gather(values, out)

    def matrix() -> csr_array:
        parts = [(cell, polygon, part / np.maximum(times[cell], 1)) for s in every for polygon, cell, part in s.cells()]
        return _as_matrix(parts, (len(people), size))

    return _Sharing(add, matrix)


def _times_covered(every: list[Spans], size: int) -> NDArray[np.float64]:
    """How many times polygons cover each cell, parts included; whole numbers are added up from where they change."""
    times, steps = np.zeros(size), np.zeros(size + 1)
    for spans in every:
        whole = spans.share == 1
        for _, cell, share in spans.of(~whole).cells():
            np.add.at(times, cell, share)
        np.add.at(steps, spans.start[whole], 1.0)
        np.add.at(steps, (spans.start + spans.width)[whole], -1.0)
    times += np.cumsum(steps[:-1], out=steps[:-1])
    return times


def _torn(
    times: NDArray[np.float64], people: NDArray[np.float64], every: list[Spans], place: Geography
) -> NDArray[np.intp]:
    """Cells in which polygons overlap; a warning where a few people live there, and a refusal where many do."""
    torn = np.flatnonzero(times > 1 + ROUNDING)
    excess = (times[torn] - 1) * people[torn]
    if excess.sum() <= LOST * people.sum():
        return torn
    here = np.zeros(len(people), dtype=bool)
    here[torn[excess > LOST * people[torn]]] = True
    several = {int(i) for spans in every for polygon, cell, _ in spans.cells() for i in np.unique(polygon[here[cell]])}
    told = (
        f"{excess.sum():,.0f} of {people.sum():,.0f} people live where polygons overlap, those of units "
        f"{listed(place.units[sorted(several)])}"
    )
    if excess.sum() > OVERLAP * people.sum():
        msg = (
            f"{told}, and would be counted more than once: mend the polygons, or take those that overlap one at a time"
        )
        raise DataError(msg)
    warn(f"{told}: shared out equally among these", DataWarning)
    return torn


def _polygons_to_cells(pop: Population, place: Geography, grid: Grid) -> _Sharing:
    """Each polygon goes to the cells that it covers, by the areas that it covers."""
    people, size = _people(pop), grid.rows * grid.cols
    areas, inside, every = np.zeros(len(pop)), np.zeros(len(pop)), []
    for part in covered(_on(grid, place), grid):
        areas += np.bincount(
            part.polygon, weights=part.share * part.width * grid.areas_of_rows(part.row), minlength=len(pop)
        )
        spans = part.within(grid)
        spans = spans._replace(share=spans.share * grid.areas_of_rows(spans.start // grid.cols) / areas[spans.polygon])
        inside += np.bincount(spans.polygon, weights=spans.share * spans.width, minlength=len(pop))
        every.append(spans)
    _refuse_flat(areas, place)
    left = people * np.maximum(1 - inside, 0)
    if left.sum() > LOST * people.sum():
        warn(
            f"{left.sum():,.0f} of {people.sum():,.0f} people live outside the grid: left out, from units "
            f"{listed(place.units[left > LOST * people])}. A grid that reaches further has room for them",
            DataWarning,
        )

    def add(values: NDArray[Any], out: NDArray[np.float64]) -> None:
        for spans in every:
            spans.spread(values, out)

    def matrix() -> csr_array:
        return _as_matrix([(i, cell, part) for spans in every for i, cell, part in spans.cells()], (len(pop), size))

    return _Sharing(add, matrix)


def _as_matrix(
    parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]], shape: tuple[int, int]
) -> csr_array:
    from scipy.sparse import csr_array

    none = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    row, col, share = (np.concatenate(column) for column in zip(none, *parts, strict=True))
    return csr_array((share, (row, col)), shape=shape)


def _people(pop: Population) -> NDArray[np.float64]:
    """People in each unit, as stated, else of all groups, without labels."""
    return (pop.sizes if pop.stated_total is None else pop.stated_total).reshape(-1)


def _refuse_flat(areas: NDArray[np.float64], place: Geography) -> None:
    flat = np.flatnonzero(areas == 0)
    if len(flat):
        msg = f"units without an area cannot be shared out by it: {listed(place.units[flat])}. Give weights="
        raise GeographyError(msg)


# ---------------------------------------------------------------- pairs of units


def _sharing_of_units(
    pop: Population, onto: Any, weights: pd.Series[float] | None
) -> tuple[_Sharing, Geography | Grid]:
    """How people are shared out by weights or else by area, and where the others lie."""
    if weights is None:
        pairs = _pairs(area_weights(pop, onto))
    else:
        pairs = _pairs(weights)
        absent = pop.units[~pop.units.isin(pairs[0]) & (pop.total.to_numpy() > 0)]
        if len(absent):
            msg = f"units that weights do not name: {listed(absent)}. Are codes text in one place and numbers in the other?"
            raise DataError(msg)
    target = None if onto is None else _division(onto)
    shares, units = _matrix(*pairs, pop, None if target is None else target.units)
    _tell_of_lost(shares, pop)

    def add(values: NDArray[Any], out: NDArray[np.float64]) -> None:
        out += values @ shares

    return _Sharing(add, lambda: shares), Geography(units) if target is None else target


def _pairs(weights: pd.Series[float]) -> tuple[pd.Index[Any], pd.Index[Any], NDArray[np.float64]]:
    """Labels of units, of those that they are shared out among, and shares; a blank label is nobody's."""
    if not isinstance(weights, pd.Series) or weights.index.nlevels != 2:
        msg = "weights must be a Series by pairs of units: frame.set_index(['unit', 'other unit'])['weight']"
        raise DataError(msg)
    shares = numbers(weights.to_numpy(), "weights").astype(np.float64)
    old, new = (spelled_geoids(weights.index.get_level_values(level)) for level in (0, 1))
    return old, new, shares


def _matrix(
    old: pd.Index[Any],
    new: pd.Index[Any],
    shares: NDArray[np.float64],
    pop: Population,
    onto: pd.Index[Any] | None,
) -> tuple[csr_array, pd.Index[Any]]:
    """Shares as a matrix of units × other units, and who the others are."""
    from scipy.sparse import csr_array

    at = pop.units.get_indexer(old)
    ours = at >= 0  # a published crosswalk covers a whole country
    old, new, at, shares = old[ours], new[ours], at[ours], shares[ours]
    wrong = ~(shares >= 0) | np.isinf(shares)
    if wrong.any():
        msg = f"weights are shares from 0 to 1; those of units {listed(old[wrong].unique())} are not"
        raise DataError(msg)
    twice = pd.MultiIndex.from_arrays([old, new]).duplicated()
    if twice.any():
        msg = f"pairs that stand more than once in weights: {listed(zip(old[twice], new[twice], strict=True))}"
        raise DataError(msg)
    units = new.dropna().unique() if onto is None else onto
    to = units.get_indexer(new)
    every = np.bincount(at, weights=shares, minlength=len(pop))
    more = every > 1 + LOST
    if more.any():
        msg = f"units shared out more than once, since their weights add up to more than 1: {listed(pop.units[more])}"
        raise DataError(msg)
    known = (to >= 0) & ~np.asarray(new.isna())
    matrix = csr_array((shares[known], (at[known], to[known])), shape=(len(pop), len(units)))
    return matrix, units


def _tell_of_lost(shares: csr_array, pop: Population) -> None:
    """Warn of people who live in none of the other units."""
    missing = 1 - np.asarray(shares.sum(axis=1)).ravel()
    lost = missing * pop.total.to_numpy()
    some = lost > LOST * pop.total.to_numpy()
    if some.any():
        warn(
            f"{lost[some].sum():,.0f} of {pop.total.sum():,.0f} people live in none of the other units: left out, from "
            f"units {listed(pop.units[some])}. To share them out among the others all the same, let the weights of each "
            "unit add up to 1: weights / weights.groupby(level=0).transform('sum')",
            DataWarning,
        )
