"""People of one division of a region told by the units of another: boundaries change between two dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, DataWarning, GeographyError, listed, warn
from segregation_tools.kernels.grouping import margins_of_sums
from segregation_tools.population.adjacency import refuse_invalid
from segregation_tools.population.checking import check_units, numbers
from segregation_tools.population.geography import Geography, metres_per_unit
from segregation_tools.population.population import Population, as_population
from segregation_tools.population.reading import geometry_of, spelled_geoids

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["area_weights", "crosswalk"]

LOST = 1e-6  # of a unit's people, below which nobody is missed
SLIVER = 1e-9  # of a unit's area, below which pieces are rounding


def crosswalk(
    pop: Population,
    onto: Population | GeoDataFrame | None = None,
    *,
    weights: pd.Series[float] | None = None,
) -> Population:
    """Tell a population by the units of another division: people of each unit are shared out among those.

    Parameters
    ----------
    pop : Population
        Without a local environment.
    onto : Population or GeoDataFrame, optional
        The other division: its units and geometry are taken, and of a Population its tiers. Without `weights`, people are
        shared out by area, as if they lived evenly spread over their unit.
    weights : Series, optional
        Share of each unit's people who live in each of the other units: indexed by pairs (unit, other unit), such as
        ``frame.set_index(["GEOID10", "GEOID20"])["weight"]`` of a published crosswalk. Better than areas, where there are.

    Returns
    -------
    Population
        The same groups. Counts are parts of people in general.

    Raises
    ------
    DataError
        If the shares of a unit are negative or add up to more than 1, or a unit has none.
    GeographyError
        If there are no areas to go by.

    Warns
    -----
    DataWarning
        If some people live in none of the other units: they are counted, and left out.

    Notes
    -----
    Sharing out by area makes units more alike, so that it understates segregation and its change. Margins of error are those
    of sums of parts of independent estimates.

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
    """
    pop = as_population(pop)
    if pop.surroundings is not None:
        msg = "first the units, then the environment: crosswalk(pop, ...).within(...)"
        raise CapabilityError(msg)
    _division(pop)  # refuses a grid
    if weights is None:
        if onto is None:
            msg = "give onto=, the other division with its geometry, or weights="
            raise DataError(msg)
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
    margins = None if pop.margins is None else margins_of_sums(pop.counts, pop.margins, shares)
    return Population(
        pop.counts @ shares,
        pop.groups,
        tiers=onto.tiers if isinstance(onto, Population) else None,
        total=None if pop.stated_total is None else pop.stated_total @ shares,
        geography=Geography(units) if target is None else target,
        margins=margins,
    )


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

    geographies = [_division(division) for division in (source, target)]
    shapes = [geography.placed("sharing out by area") for geography in geographies]
    metres_per_unit(shapes[0].crs, "sharing out by area")
    if shapes[0].crs is not None and shapes[1].crs is not None:
        shapes[1] = shapes[1].to_crs(shapes[0].crs)
    ours, theirs = (np.asarray(shape.array) for shape in shapes)
    for geography, polygons in zip(geographies, (ours, theirs), strict=True):
        refuse_invalid(polygons, geography.units, "sharing out by area")
    areas = shapely.area(ours)
    flat = np.flatnonzero(areas == 0)
    if len(flat):
        msg = f"units without an area cannot be shared out by it: {listed(geographies[0].units[flat])}. Give weights="
        raise GeographyError(msg)
    here, there = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shares = shapely.area(shapely.intersection(ours[here], theirs[there])) / areas[here]
    some = shares > SLIVER
    pairs = pd.MultiIndex.from_arrays(
        [geographies[0].units[here[some]], geographies[1].units[there[some]]], names=["unit", "other unit"]
    )
    return pd.Series(shares[some], index=pairs, name="weight")


def _division(onto: Population | GeoDataFrame) -> Geography:
    """Take the units of a division from whatever it was given as."""
    if isinstance(onto, Population):
        if not isinstance(onto.geography, Geography):
            msg = "a grid has no units to be shared out: aggregate its cells"
            raise CapabilityError(msg)
        return onto.geography
    if not isinstance(onto, pd.DataFrame):
        msg = f"a division is a Population or a GeoDataFrame, not {type(onto).__name__}"
        raise DataError(msg)
    units = spelled_geoids(onto.index)
    check_units(units)
    geometry = geometry_of(onto)
    return Geography(units, None if geometry is None else geometry.set_axis(units))


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
