"""How well a site mixes its tenures: who has whom as the nearest neighbour, beside tenures dealt out by lot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from segregation_tools.analysis.chance import ALTERNATIVES, p_values
from segregation_tools.autocorrelation.whole import drawn
from segregation_tools.errors import DataError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.planning.homes.mixes import in_one_order
from segregation_tools.population.checking import check_units
from segregation_tools.population.columns import check_one_column, groups_and_all
from segregation_tools.population.geography import Geography, warn_web_mercator
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.reading import geometry_of
from segregation_tools.population.weights import weights_between, within_steps
from segregation_tools.tables import as_html

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["PepperPotting", "pepper_potting"]

MEASURES = ("nearest", "joins")


def pepper_potting(
    homes: Any,
    tenure: Hashable = "tenure",
    *,
    site: Hashable | None = None,
    neighbours: int = 4,
    graph: Any = None,
    draws: int = 999,
    alternative: str = "two-sided",
    rng: np.random.Generator | int | None = None,
) -> PepperPotting:
    """Measure how well tenures are pepper-potted: mixed home by home, or set apart in blocks of their own.

    Two counts, each beside what it would be were the tenures of a site dealt out to its homes by lot: homes of which the
    nearest neighbour is of another tenure (Dixon 1994), and joins of unlike tenures among neighbours. Observed over expected
    is 1 by lot, above 1 where tenures are more mixed, and below where they are clustered.

    Parameters
    ----------
    homes : GeoDataFrame
        One row a home, a point or a polygon (its centroid is taken), in a projected coordinate reference system.
    tenure : hashable
        Column with the tenure of each home.
    site : hashable, optional
        Column with the site of each home, where there are several: homes are neighbours within their site only, and each
        site keeps its tenures.
    neighbours : int
        For joins: homes are joined if one is among so many homes nearest to the other. All that lie as far as the last of
        them are among them.
    graph : libpysal Graph or W, DataFrame, sparse matrix, array, or Contiguity, optional
        Who is joined with whom, instead: weights as they are, such as ``sgt.Contiguity()`` of polygons that touch.
    draws : int
        How often tenures are dealt out for p-values; 0 for none.
    alternative : {"two-sided", "greater", "less"}
        Which values speak against chance: more mixed is greater.
    rng : Generator or int
        Source of chance, where there are draws.

    Returns
    -------
    PepperPotting
        `.value` (nearest neighbours, observed over expected), `.p_value`, `.to_frame()`, `.pairs()`.

    Raises
    ------
    DataError
        If a column is missing, or homes have no tenure, site or place.
    GeographyError
        If coordinates are degrees.
    OptionError
        If an option is out of its range.

    Warns
    -----
    UndefinedWarning
        If no site has homes of two tenures: there is nothing to mix.

    Notes
    -----
    N_ij = Σ w_ab over homes a of tenure i and b of tenure j. For nearest neighbours w_ab = 1 for the home nearest to a; m
    homes that are equally near, such as flats at one address, count 1/m each, so that the order of rows decides nothing.
    Expected of a site with n homes and S₀ = Σ w_ab: S₀ n_i n_j / (n (n − 1)), of i = j S₀ n_i (n_i − 1) / (n (n − 1)); sites
    add up. A join of two homes counts once, so that joins of weights that go both ways are halved.

    References
    ----------
    Dixon, P. (1994), Testing spatial segregation using a nearest-neighbor contingency table, Ecology 75, 1940–1948. Cliff,
    A. & Ord, J. K. (1981), Spatial Processes.

    Examples
    --------
    Eight homes along a street, of two tenures in turn, and in two halves.

    >>> import geopandas
    >>> street = geopandas.GeoSeries.from_xy(np.arange(8) * 10.0, np.zeros(8), crs=32632)
    >>> for tenures in ("sosososo", "ssssoooo"):
    ...     homes = geopandas.GeoDataFrame({"tenure": list(tenures)}, geometry=street)
    ...     found = sgt.pepper_potting(homes, draws=0)
    ...     print(round(found.value, 3))
    1.75
    0.219
    """
    _check_columns(homes, tenure, site)
    one_of(alternative, "alternative", ALTERNATIVES)
    nearest = int(real_number(neighbours, "neighbours", 1, "a whole number of homes", whole=True))
    number = int(real_number(draws, "draws", 0, "a whole number of draws", whole=True))
    check_units(homes.index)
    geometry = geometry_of(homes)
    if geometry is not None:
        warn_web_mercator(geometry.crs, "homes = homes.to_crs(homes.estimate_utm_crs())")
    place = Geography(homes.index, geometry)
    points = place.centroids.to_numpy()
    tenures, kind = _coded(homes[tenure])
    sites, where = (["site"], np.zeros(len(homes), dtype=np.intp)) if site is None else _coded(homes[site])
    links = (_near(points, where, 1, shared=True), _joins(points, where, nearest, place, graph))
    # One order of homes, whatever that of the rows: draws are the same.
    order = np.lexsort((kind, points[:, 1], points[:, 0], where))
    site_of = where[order]
    layout = _Layout(len(sites), site_of, len(tenures), tuple(_pairs(weights[order][:, order]) for weights in links))
    tenure_of = kind[order]
    found = layout.counted(tenure_of)

    def shuffled(at: Any) -> Floats:
        return layout.counted(tenure_of[at[np.argsort(site_of[at], kind="stable")]])

    dealt = drawn(shuffled, (np.arange(len(homes)),), number, rng, parts=len(found))  # type: ignore[arg-type]
    result = PepperPotting(
        tuple(tenures),
        None if site is None else tuple(sites),
        np.bincount(site_of, minlength=len(sites)),
        found,
        layout.expected(tenure_of),
        dealt,
        alternative,
    )
    if np.isnan(result.value):
        warn("pepper-potting is undefined (NaN): no site has homes of two tenures", UndefinedWarning)
    return result


def _check_columns(homes: Any, tenure: Hashable, site: Hashable | None) -> None:
    if not isinstance(homes, pd.DataFrame):
        msg = f"homes must be a GeoDataFrame with one row a home, not {type(homes).__name__}"
        raise DataError(msg)
    for name in (tenure, *([] if site is None else [site])):
        if name not in homes:
            msg = f"homes has no column {name!r}; it has {listed(homes.columns)}"
            raise DataError(msg)
        check_one_column(homes, [name], "homes")
        missing = homes[name].isna().to_numpy()
        if missing.any():
            msg = f"homes without a {name!r} in rows {listed(homes.index[missing])}: give it, or leave them out"
            raise DataError(msg)
    if not len(homes):
        msg = "homes has no rows"
        raise DataError(msg)


def _coded(column: pd.Series[Any]) -> tuple[list[Any], Codes]:
    """Labels of a column, in an order of their own, and which of them each row has."""
    labels = in_one_order(column.unique())
    return labels, pd.Index(labels, tupleize_cols=False).get_indexer(pd.Index(column, tupleize_cols=False))


def _near(points: Floats, where: Codes, many: int, *, shared: bool = False) -> sparse.csr_array:
    """Link each home with so many nearest to it in its site, and with all that lie as far as the last of them.

    Each link counts 1, or, shared, 1 over the number of the home's links.
    """
    from scipy.spatial import cKDTree

    from segregation_tools.kernels.nearby import ALIKE

    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(points).max())
    starts, ends, counts = [], [], []
    for one in range(int(where.max()) + 1):
        here = np.flatnonzero(where == one)
        wanted = min(many, len(here) - 1)
        if wanted < 1:
            continue
        tree = cKDTree(points[here])
        farthest = np.asarray(tree.query(points[here], k=wanted + 1)[0])[:, -1]  # the home itself is one of them
        found = tree.query_ball_point(points[here], farthest * (1 + ALIKE) + rounding)
        lengths = np.array([len(others) for others in found])
        start, end = np.repeat(np.arange(len(here)), lengths), np.concatenate(found).astype(np.intp)
        other = start != end
        starts.append(here[start[other]])
        ends.append(here[end[other]])
        counts.append(np.repeat(1 / (lengths - 1) if shared else np.ones(len(here)), lengths)[other])
    shape = (len(points), len(points))
    if not starts:
        return sparse.csr_array(shape)
    return sparse.csr_array((np.concatenate(counts), (np.concatenate(starts), np.concatenate(ends))), shape=shape)


def _joins(points: Floats, where: Codes, many: int, place: Geography, graph: Any) -> sparse.csr_array:
    """Weights of joins, such that each join is Σ of both ways: within sites."""
    if graph is None:
        near = _near(points, where, many)
        return sparse.csr_array(near.maximum(near.T) / 2)
    if all(hasattr(graph, name) for name in ("rule", "order", "tolerance")):
        weights = within_steps(place.adjacency(graph.rule, graph.tolerance), int(graph.order))
    else:
        weights = weights_between(graph, place.units)
    pairs = sparse.coo_array(weights)
    within = (pairs.row != pairs.col) & (where[pairs.row] == where[pairs.col])
    given = (pairs.data[within] / 2, (pairs.row[within], pairs.col[within]))
    if not within.any():
        msg = "the graph joins no two homes of a site: look at its labels and weights"
        raise OptionError(msg)
    return sparse.csr_array(given, shape=pairs.shape)


def _pairs(weights: Any) -> tuple[Codes, Codes, Floats]:
    pairs = sparse.coo_array(weights)
    return pairs.row.astype(np.intp), pairs.col.astype(np.intp), pairs.data.astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Layout:
    """Homes sorted by site, and their links.

    Attributes
    ----------
    sites : int
        How many.
    where : ndarray of int, shape (homes,)
        Site of each home, sorted.
    kinds : int
        How many tenures.
    links : tuple
        Of nearest neighbours, and of joins: start, end and weight of each.
    """

    sites: int
    where: Codes
    kinds: int
    links: tuple[tuple[Codes, Codes, Floats], ...]

    def counted(self, kind: Codes) -> Floats:
        """Count, of each measure, the table of tenures, and unlike neighbours of each site; one after the other."""
        found = []
        for start, end, weight in self.links:
            pair = kind[start] * self.kinds + kind[end]
            unlike = weight * (kind[start] != kind[end])
            found += [np.bincount(pair, weight, self.kinds**2), np.bincount(self.where[start], unlike, self.sites)]
        return np.concatenate(found)

    def expected(self, kind: Codes) -> Floats:
        """Give the same were tenures dealt out by lot."""
        cells = np.bincount(self.where * self.kinds + kind, minlength=self.sites * self.kinds)
        many = cells.reshape(self.sites, self.kinds).astype(np.float64)
        n = many.sum(axis=1)
        ordered = n * (n - 1)
        found = []
        for start, _, weight in self.links:
            links = np.bincount(self.where[start], weight, self.sites)
            both = many[:, :, np.newaxis] * many[:, np.newaxis] - many[:, :, np.newaxis] * np.eye(self.kinds)
            part = np.divide(links, ordered, out=np.zeros(self.sites), where=ordered > 0)
            table = part[:, np.newaxis, np.newaxis] * both
            unlike = table.sum(axis=(1, 2)) - np.trace(table, axis1=1, axis2=2)
            found += [table.sum(axis=0).reshape(-1), unlike]
        return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class PepperPotting:
    """How tenures are mixed among the homes of a site, or of several.

    Attributes
    ----------
    tenures : tuple
        Labels.
    sites : tuple or None
        Labels of sites, where there are several.
    homes : ndarray of int, shape (sites,)
        How many.
    observed, expected : ndarray
        Counts, and what they would be by lot: of nearest neighbours the table of tenures and unlike ones by site, then of
        joins.
    draws : ndarray of shape (draws, counts)
        Counts of tenures dealt out by lot.
    alternative : str
        Which values speak against chance.

    Examples
    --------
    Eight homes along a street, of two tenures in turn.

    >>> import geopandas
    >>> street = geopandas.GeoSeries.from_xy(np.arange(8) * 10.0, np.zeros(8), crs=32632)
    >>> found = sgt.pepper_potting(geopandas.GeoDataFrame({"tenure": list("sosososo")}, geometry=street), draws=99, rng=7)
    >>> round(found.value, 2), found.tenures
    (1.75, ('o', 's'))
    """

    tenures: tuple[Any, ...]
    sites: tuple[Any, ...] | None
    homes: NDArray[np.int64] = field(repr=False)
    observed: Floats = field(repr=False)
    expected: Floats = field(repr=False)
    draws: Floats = field(repr=False)
    alternative: str

    @property
    def value(self) -> float:
        """Homes whose nearest neighbour is of another tenure, observed over expected: 1 by lot, above more mixed."""
        return float(self._unlike("nearest").iloc[-1]["ratio"])

    @property
    def p_value(self) -> float:
        """Of that count, (k + 1)/(draws + 1)."""
        return float(self._unlike("nearest").iloc[-1]["p"])

    def __float__(self) -> float:
        return self.value

    def to_frame(self) -> pd.DataFrame:
        """Return unlike neighbours of each site, and of all.

        Returns
        -------
        DataFrame
            One row a measure (``nearest``: homes whose nearest neighbour is of another tenure; ``joins``: of unlike tenures)
            and site, the last of each for all sites; `homes`, `observed`, `expected`, `ratio` and `p`. NaN where there is
            nothing to mix.
        """
        frame = pd.concat({name: self._unlike(name) for name in MEASURES}, names=["measure"])
        return frame.droplevel("site") if self.sites is None else frame

    def pairs(self) -> pd.DataFrame:
        """Return neighbours of each pair of tenures, over all sites.

        Returns
        -------
        DataFrame
            One row a measure, and tenures `from` and `to`, their own among them: `observed`, `expected`, `ratio` and `p`. Of
            joins, which have no direction, each pair of tenures once.
        """
        return pd.concat({name: self._table(name) for name in MEASURES}, names=["measure"])

    def _parts(self, name: str) -> tuple[list[Floats], list[Floats]]:
        """Give tables of tenures, and unlike neighbours by site: each observed, expected and drawn."""
        many = len(self.tenures)
        first = MEASURES.index(name) * (many**2 + len(self.homes))
        counts = [array[..., first:] for array in (self.observed, self.expected, self.draws)]
        tables = [part[..., : many**2].reshape(*part.shape[:-1], many, many) for part in counts]
        return tables, [part[..., many**2 : many**2 + len(self.homes)] for part in counts]

    def _unlike(self, name: str) -> pd.DataFrame:
        _, counts = self._parts(name)
        observed, expected, draws = (np.concatenate([c, c.sum(axis=-1, keepdims=True)], axis=-1) for c in counts)
        labels = groups_and_all(() if self.sites is None else self.sites)
        if self.sites is None:
            observed, expected, draws = observed[-1:], expected[-1:], draws[:, -1:]
        homes = np.append([] if self.sites is None else self.homes, self.homes.sum()).astype(np.int64)
        frame = _beside(observed, expected, draws, self.alternative)
        frame.insert(0, "homes", homes)
        return frame.set_axis(pd.Index(labels, name="site", tupleize_cols=False))

    def _table(self, name: str) -> pd.DataFrame:
        tables, _ = self._parts(name)
        rows, columns = np.indices(tables[0].shape).reshape(2, -1)
        if name == "joins":  # both ways are one
            tables = [table + np.swapaxes(table, -1, -2) * (1 - np.eye(len(self.tenures))) for table in tables]
            once = rows <= columns
            rows, columns = rows[once], columns[once]
        observed, expected, draws = (table[..., rows, columns] for table in tables)
        frame = _beside(observed, expected, draws, self.alternative)
        labels = pd.Index(self.tenures, tupleize_cols=False)
        return frame.set_axis(pd.MultiIndex.from_arrays([labels[rows], labels[columns]], names=["from", "to"]))

    @property
    def _title(self) -> str:
        where = "" if self.sites is None else f" on {len(self.sites)} sites"
        p = f", p {self.p_value:.3g} of {len(self.draws):,} draws" if len(self.draws) else ""
        return (
            f"pepper-potting of {self.homes.sum():,} homes of {len(self.tenures)} tenures{where}: {self.value:.3f} "
            f"times as many unlike nearest neighbours as by lot{p}"
        )

    def __str__(self) -> str:
        return f"{self._title}\n{self.to_frame().to_string(float_format='{:.4f}'.format)}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().reset_index().astype(object), self._title)


def _beside(observed: Floats, expected: Floats, draws: Floats, alternative: str) -> pd.DataFrame:
    """Set counts beside those by lot; where nothing is expected there is no ratio."""
    some = expected > 0
    ratio = np.divide(observed, expected, out=np.full(expected.shape, np.nan), where=some)
    p = np.where(some, p_values(observed, draws, alternative), np.nan)
    return pd.DataFrame({"observed": observed, "expected": expected, "ratio": ratio, "p": p})
