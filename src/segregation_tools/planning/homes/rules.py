"""What a plan for homes must keep to, besides the room of sites and the homes wanted: money, mixes, and ways on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, GeographyError, OptionError, listed
from segregation_tools.population.columns import numbers_of
from segregation_tools.population.geography import metres_per_unit
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

__all__ = ["Budget", "LeastShare", "Walk", "budget", "least_share", "rules_of", "walk_to"]


@dataclass(frozen=True)
class Budget:
    """What all homes may cost."""

    most: float

    def __repr__(self) -> str:
        return f"budget({self.most:g})"


@dataclass(frozen=True)
class LeastShare:
    """A share of the homes of every site that are of some tenures."""

    tenures: tuple[Hashable, ...]
    share: float

    def __repr__(self) -> str:
        return f"least_share({listed(self.tenures, 20)}, share={self.share:g})"

    def marked(self, tenures: pd.Index[Any]) -> NDArray[np.bool_]:
        """Tell which tenures it is about.

        Parameters
        ----------
        tenures : pandas.Index
            All there are.

        Returns
        -------
        ndarray of bool

        Raises
        ------
        DataError
            If one is not there.
        """
        if self.tenures in tenures:  # one label of several parts
            return np.array([tenure == self.tenures for tenure in tenures])
        unknown = [tenure for tenure in self.tenures if tenure not in tenures]
        if unknown:
            msg = f"{self!r} names tenures that are not there: {listed(unknown)}; there are {listed(tenures)}"
            raise DataError(msg)
        return np.asarray(tenures.isin(self.tenures))


@dataclass(frozen=True, eq=False)
class Walk:
    """How far a site may be from what its residents walk to."""

    services: Any
    most: float

    def __repr__(self) -> str:
        told = repr(self.services) if isinstance(self.services, str) else f"<{len(self.services)} places>"
        return f"walk_to({told}, most={self.most:g})"

    def near(self, sites: GeoDataFrame) -> NDArray[np.bool_]:
        """Tell which sites are near enough.

        Parameters
        ----------
        sites : GeoDataFrame
            One row a site.

        Returns
        -------
        ndarray of bool

        Raises
        ------
        DataError, GeographyError
            If there is no such column, or the services lie in other coordinates.
        """
        if isinstance(self.services, str):
            ways = numbers_of(_only(sites, self.services), self.services, "how far the walk is")[:, 0]
            return np.asarray(ways <= self.most)
        places = self.services.geometry
        if places.crs != sites.crs:
            theirs, ours = _named(places.crs), _named(sites.crs)
            msg = f"services are in {theirs}, sites in {ours}: services = services.to_crs(sites.crs)"
            raise GeographyError(msg)
        scale = metres_per_unit(sites.crs, "the walk to services")
        way = sites.geometry.representative_point().distance(places.union_all()) * scale
        return np.asarray(way <= self.most)


def _only(sites: GeoDataFrame, column: str) -> pd.DataFrame:
    if column not in sites.columns:
        msg = f"walk_to({column!r}, …) needs a column {column!r} of sites; there are {listed(sites.columns)}"
        raise DataError(msg)
    return pd.DataFrame(sites[[column]])


def _named(crs: Any) -> str:
    return "no stated CRS" if crs is None else str(crs.name)


def rules_of(constraints: Any) -> tuple[Any, ...]:
    """Return rules as a tuple, one alone, too.

    Parameters
    ----------
    constraints : rule or sequence of rules
        As given.

    Returns
    -------
    tuple
    """
    return tuple(constraints) if isinstance(constraints, (list, tuple)) else (constraints,)


def budget(most: float) -> Budget:
    """Limit what all homes cost.

    Parameters
    ----------
    most : float
        In the money of the column `cost` of sites, which is what a home costs there.

    Returns
    -------
    Budget

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> sgt.budget(2_500_000)
    budget(2.5e+06)
    """
    return Budget(real_number(most, "budget", 0, "what all homes may cost"))


def least_share(tenures: Hashable | Sequence[Hashable], share: float) -> LeastShare:
    """Ask for a least share of some tenures among the homes of every site that is built: of affordable homes, say.

    Parameters
    ----------
    tenures : hashable or sequence
        One tenure or several, which count together.
    share : float
        From 0 to 1.

    Returns
    -------
    LeastShare

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> sgt.least_share(["social", "intermediate"], 0.3)
    least_share('social', 'intermediate', share=0.3)
    """
    share = real_number(share, "share", 0, "a share, from 0 to 1")
    if share > 1:
        msg = f"share must be a share, from 0 to 1, not {share!r}"
        raise OptionError(msg)
    several = tuple(tenures) if isinstance(tenures, (list, tuple, set, frozenset)) else (tenures,)
    if not several:
        msg = 'least_share needs one tenure or more, least_share("social", 0.3)'
        raise OptionError(msg)
    return LeastShare(several, share)


def walk_to(services: Any, most: float) -> Walk:
    """Leave out sites from which it is too far to walk.

    Parameters
    ----------
    services : GeoDataFrame, GeoSeries or str
        Places in the coordinates of the sites: the way is a straight line, in metres, from a point of the site to the
        nearest of them. Or a column of sites, with ways in metres or minutes, along streets.
    most : float
        How far it may be.

    Returns
    -------
    Walk

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> sgt.walk_to("minutes_to_clinic", most=15)
    walk_to('minutes_to_clinic', most=15)
    """
    if not isinstance(services, str) and not hasattr(services, "geometry"):
        msg = f"walk_to takes a GeoDataFrame of services, or the name of a column of sites, not {services!r}"
        raise OptionError(msg)
    if not isinstance(services, str) and services.geometry.is_empty.all():
        msg = "services has no places: give at least one"
        raise OptionError(msg)
    return Walk(services, real_number(most, "most", 0, "how far the walk may be"))
