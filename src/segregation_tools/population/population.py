"""Who lives where: the immutable population that every verb of the library reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, GroupError, listed
from segregation_tools.kernels.grouping import margins_of_sums, sum_by_code
from segregation_tools.population import checking, rasters, reading
from segregation_tools.population.environment import ByRows, in_order, joined
from segregation_tools.population.geography import Geography, warn_web_mercator
from segregation_tools.tables import MOST, Cell, html_table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from segregation_tools.population.environment import Environment, Surroundings
    from segregation_tools.population.grid import Grid

__all__ = ["Population", "as_population"]

COUNTED = ("group_totals", "sizes")  # what the counts alone say


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Population:
    """Who lives in each unit, by group; checked once here, trusted ever after.

    Usually made by `from_frame`, `from_long`, `from_raster` or `from_cells`; this constructor takes arrays.

    Parameters
    ----------
    counts : array_like of shape (groups, units) or (groups, rows, cols)
        People, group axis first. Not copied where it already is an array of float64 (a grid: any number type); the
        population only ever reads it.
    groups : sequence
        One label a group; the first of two is the focal one.
    units : sequence, optional
        Labels of the units; numbered from 0 without.
    tiers : DataFrame, optional
        Broader places in which the units nest (state, county …), broad to narrow, on the unit index.
    total : array_like, optional
        Stated number of people in each unit where the groups do not cover everyone; what `versus` subtracts from.
    geography : Geography or Grid, optional
        Where the units lie; required for a grid.
    margins : array_like, optional
        Margins of error (90 %) of the counts, same shape.

    Raises
    ------
    DataError
        If counts are negative, infinite or missing, labels are repeated, tiers do not nest, nobody lives anywhere …

    Warns
    -----
    DataWarning
        If a group has no people; it is dropped.

    Examples
    --------
    >>> pop = Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> pop
    Population of 2 units, 200 people, 2 groups: 'a', 'b'
    >>> pop.mix
    a    0.5
    b    0.5
    Name: mix, dtype: float64
    """

    counts: NDArray[Any]
    groups: tuple[Any, ...]
    geography: Geography | Grid
    _tiers: pd.DataFrame | None
    stated_total: NDArray[np.float64] | None
    margins: NDArray[np.float64] | None
    recipe: Environment | None
    surroundings: Surroundings | None
    parted = False  # whether counts lie in chunks, and are read part by part

    def __init__(
        self,
        counts: ArrayLike,
        groups: Sequence[Hashable],
        *,
        units: Sequence[Hashable] | pd.Index[Any] | None = None,
        tiers: pd.DataFrame | None = None,
        total: ArrayLike | None = None,
        geography: Geography | Grid | None = None,
        margins: ArrayLike | None = None,
    ) -> None:
        groups = checking.checked_groups(groups)
        if hasattr(counts, "__dask_graph__"):
            msg = "counts in chunks are read where they lie by Population.from_raster, and Dask frames by from_frame"
            raise DataError(msg)
        counts = checking.numbers(counts, "counts")
        if counts.ndim == 2:
            counts = np.asarray(counts, dtype=np.float64)
        elif counts.ndim != 3 or geography is None:
            msg = (
                f"counts must have the shape (groups, units), or (groups, rows, cols) with geography=Grid(...); "
                f"these have {counts.shape}"
            )
            raise DataError(msg)
        if len(counts) != len(groups):
            msg = f"{len(groups)} groups are named, but the first axis of counts has {len(counts)}: group axis first"
            raise DataError(msg)
        if counts[0].size == 0:
            msg = "the population is empty: there are no units"
            raise DataError(msg)
        if geography is None:
            geography = Geography(pd.RangeIndex(counts.shape[1]) if units is None else pd.Index(units))
        elif units is not None:
            msg = "the geography labels the units: leave out units="
            raise DataError(msg)
        if geography.shape != counts.shape[1:]:
            held, given = (" × ".join(map(str, shape)) for shape in (geography.shape, counts.shape[1:]))
            msg = f"{held} units are labelled, one group of the counts has {given}"
            raise DataError(msg)
        if counts.ndim == 2:
            checking.check_units(geography.units)
        for name, row in zip(groups, counts, strict=True):
            checking.check_counts(row.reshape(-1), name, checking.Labels(geography))
        if tiers is not None:
            tiers = checking.aligned(tiers, geography, "tiers")
            checking.check_nested(tiers)
        total = None if total is None else checking.aligned(total, geography, "total")
        checking.check_names(groups, checking.taken_names(tiers, total, geography))
        totals = _group_totals(counts)
        stated = checking.checked_total(total, counts, geography)
        widths = checking.checked_margins(margins, counts, groups, geography)
        inhabited = checking.inhabited_groups(totals, groups, counts.dtype)
        if not inhabited.all():
            counts = counts[inhabited]
            widths = None if widths is None else widths[inhabited]
            groups = tuple(group for group, some in zip(groups, inhabited, strict=True) if some)
            totals = totals[inhabited]
        self._set(
            counts=counts,
            groups=groups,
            geography=geography,
            _tiers=tiers,
            stated_total=stated,
            margins=widths,
            recipe=None,
            surroundings=None,
        )
        self.__dict__["group_totals"] = _locked(totals)

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            self.__dict__[name] = _locked(value) if isinstance(value, np.ndarray) else value

    def _derive(self, **changes: Any) -> Self:
        """Make a population that differs in some fields, without checking again what was checked."""
        derived = object.__new__(type(self))
        kept = {name: self.__dict__[name] for name in self.__dataclass_fields__}
        for change in changes.values():
            if isinstance(change, np.ndarray) and change.base is None:
                change.flags.writeable = False  # made for this population alone
        derived._set(**(kept | changes))
        if "counts" not in changes:
            # The same people, counted once.
            derived.__dict__.update({name: self.__dict__[name] for name in COUNTED if name in self.__dict__})
        return derived

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(**state)

    # ---------------------------------------------------------------- reading

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        groups: Sequence[Hashable],
        *,
        tiers: Sequence[Hashable] | None = None,
        total: Hashable | None = None,
        missing: Literal["refuse", "zero", "drop"] = "refuse",
        margins: Mapping[Hashable, Hashable] | None = None,
    ) -> Self:
        """Read a population from a frame with one row a unit.

        Parameters
        ----------
        frame : GeoDataFrame or DataFrame
            Its index labels the units. It is never changed.
        groups : sequence
            Columns of counts, one a group.
        tiers : sequence, optional
            Columns that say in which broader places a unit lies, broad to narrow.
        total : hashable, optional
            Column with the number of people in the unit, where the groups do not cover everyone.
        missing : {"refuse", "zero", "drop"}
            What a missing count means: a mistake, nobody, or a unit to leave out.
        margins : mapping, optional
            Group → column with its margin of error (90 %).

        Returns
        -------
        Population

        Raises
        ------
        DataError
            Naming the column, the rows and the mend.

        Warns
        -----
        DataWarning
            If the columns look like shares or percentages: they add up to 1, or to 100, in nearly every row.

        Examples
        --------
        >>> import segregation_tools as sgt
        >>> tracts = sgt.load("sacramento")
        >>> sgt.Population.from_frame(tracts, groups=["white", "black"], tiers=["county"])
        Population of 403 units, 1,265,236 people, 2 groups: 'white', 'black'; tiers: 'county'; EPSG:4269
        """
        groups = checking.checked_groups(groups)
        if missing not in ("refuse", "zero", "drop"):
            msg = f"missing must be 'refuse', 'zero' or 'drop', not {missing!r}"
            raise DataError(msg)
        if reading.in_partitions(frame):
            from segregation_tools.population.chunked.reading import units_in_partitions

            if tiers is not None or margins is not None:
                msg = "tiers and margins are read of a frame in one memory: leave them out, or frame.compute()"
                raise CapabilityError(msg)
            return units_in_partitions(frame, groups, total=total, missing=missing)  # type: ignore[return-value]
        reading.refuse_no_frame(frame)
        if len(frame) == 0:
            msg = "the population is empty: the frame has no rows"
            raise DataError(msg)
        units = reading.spelled_geoids(frame.index)
        checking.check_units(units)
        columns = groups if total is None else (*groups, total)
        counts, kept = reading.read_columns(frame, columns, units, missing)
        if kept is not None:
            frame, units = frame[kept], units[kept]
            if not len(units):
                msg = "the population is empty: missing='drop' left no unit"
                raise DataError(msg)
        checking.warn_of_shares(counts[: len(groups)])
        geometry = reading.geometry_of(frame)
        if geometry is not None:
            warn_web_mercator(geometry.crs)
            geometry = geometry.set_axis(units)
        counts.flags.writeable = False  # ours alone: nobody can write to it any more
        return cls(
            counts[: len(groups)],
            groups,
            tiers=None if tiers is None else reading.read_tiers(frame, checking.names(tiers, "tiers"), units),
            total=None if total is None else counts[-1],
            geography=Geography(units, geometry),
            margins=None if margins is None else reading.read_margins(frame, checking.by_group(margins, groups), units),
        )

    @classmethod
    def from_long(
        cls,
        frame: pd.DataFrame,
        *,
        unit: Hashable,
        group: Hashable,
        count: Hashable,
        tiers: Sequence[Hashable] | None = None,
    ) -> Self:
        """Read a population from a frame with one row per unit and group.

        Parameters
        ----------
        frame : DataFrame
            Never changed. A pair of unit and group that is absent means nobody; repeated pairs are added up.
        unit, group, count : hashable
            Columns with the unit's label, the group's label and the number of people.
        tiers : sequence, optional
            Columns that say in which broader places a unit lies, broad to narrow.

        Returns
        -------
        Population
            Units and groups sorted, or in the order of a categorical column.

        Examples
        --------
        >>> import pandas as pd
        >>> rolls = pd.DataFrame({"school": ["s1", "s1", "s2"], "race": ["a", "b", "a"], "n": [30, 10, 20]})
        >>> pop = Population.from_long(rolls, unit="school", group="race", count="n")
        >>> pop.counts
        array([[30., 20.],
               [10.,  0.]])
        """
        counts, places = reading.wide_counts(frame, unit, group, count, checking.names(tiers or [], "tiers"))
        values = np.ascontiguousarray(counts.to_numpy(dtype=np.float64).T)
        values.flags.writeable = False
        units = reading.spelled_geoids(counts.index)
        if places is not None:
            places = reading.read_tiers(places, list(places), units)
        return cls(values, list(counts.columns), units=units, tiers=places)

    @classmethod
    def from_raster(
        cls,
        source: Any,
        *,
        groups: Sequence[Hashable] | None = None,
        cell_size: float | None = None,
        crs: Any = None,
        nodata: float | Sequence[float] | None = None,
    ) -> Self:
        """Read a population from a raster with one band a group: bands × rows × cols are its counts.

        Parameters
        ----------
        source : path, array or xarray.DataArray
            A file that rasterio reads (extra ``raster``); an array of shape (bands, rows, cols), or (rows, cols) where it
            is one band, north up; or a DataArray with dimensions in this order, whose coordinates are centres of cells.
            Counts keep their number type, and an array is not copied unless something in it stands for nobody, or north is
            down.
        groups : sequence, optional
            Bands to read, by what the raster calls them; or a name for each band, in their order. Without it, what the
            raster calls its bands, else ``band_1``, ``band_2`` …
        cell_size : float, optional
            Side of a cell, in units of the coordinate reference system, where the source does not say; without either,
            whatever needs a distance or an area is refused.
        crs : optional
            Coordinate reference system, where the source does not say, or says it wrongly. Without any, coordinates are in
            metres; of a DataArray whose dimensions are called lon and lat, in degrees.
        nodata : float or sequence of float, optional
            Values that stand for nobody, instead of those that the source declares.

        Returns
        -------
        Population
            On a `Grid`. Where there is no data, nobody lives.

        Raises
        ------
        DataError
            If cells hold NaN, negative or huge numbers that are not declared to stand for nobody: band, cells and mend
            are named.
        GroupError
            If `groups` do not fit the bands.
        GeographyError
            If cells are not square, or the raster is rotated.
        CapabilityError
            If a file is given and rasterio is not installed.

        Warns
        -----
        DataWarning
            If a band is empty (it is dropped), if coordinates are Web Mercator or look like degrees without saying so, or a
            cell holds the largest number of its type, which often stands for nobody.

        Examples
        --------
        >>> pop = sgt.Population.from_raster(np.array([[[3, 0], [-1, 5]], [[1, 2], [-1, 0]]]), cell_size=100, nodata=-1)
        >>> pop
        Population of 4 units, 11 people, 2 groups: 'band_1', 'band_2'
        >>> pop.counts[0]
        array([[3, 0],
               [0, 5]])
        """
        cells, grid = rasters.read_raster(source, groups, cell_size, crs, nodata)
        if cells.in_chunks:
            from segregation_tools.population.chunked.reading import cells_in_chunks

            return cells_in_chunks(cells, grid)  # type: ignore[return-value]  # a population, whose counts stay there
        return cls(cells.counts, cells.groups, geography=grid)

    @classmethod
    def from_cells(
        cls,
        frame: pd.DataFrame,
        *,
        x: Hashable,
        y: Hashable,
        groups: Sequence[Hashable],
        cell_size: float,
        crs: Any = None,
        anchor: Literal["center", "corner"] = "center",
    ) -> Self:
        """Read a population from a table with one row an inhabited cell; nobody lives in the others.

        Parameters
        ----------
        frame : DataFrame
            Never changed.
        x, y : hashable
            Columns with the coordinates of each cell.
        groups : sequence
            Columns of counts, one a group.
        cell_size : float
            Side of a cell, in units of `crs`.
        crs : optional
            Coordinate reference system; metres without.
        anchor : {"center", "corner"}
            Whether coordinates are those of the centre (such as x_mp_100m of the German census) or of the lower left
            corner (as in the names of cells of the European grid).

        Returns
        -------
        Population
            On the smallest `Grid` that holds the cells, north up, in the number type that the columns have in common.

        Raises
        ------
        DataError
            If cells stand twice or do not lie on one lattice, counts are missing or negative, or the lattice is larger than
            the memory: rows and mend are named.

        Warns
        -----
        DataWarning
            If all cells lie several sides apart, so that they seem to be larger.

        Examples
        --------
        >>> inhabited = pd.DataFrame({"x": [50, 250, 150], "y": [50, 50, 150], "a": [7, 8, 9]})
        >>> sgt.Population.from_cells(inhabited, x="x", y="y", groups=["a"], cell_size=100).counts
        array([[[0, 9, 0],
                [7, 0, 8]]])
        """
        counts, named, grid = rasters.read_cells(frame, x, y, groups, cell_size, crs, anchor)
        return cls(counts, named, geography=grid)

    # ---------------------------------------------------------------- what it holds

    @property
    def units(self) -> pd.Index[Any]:
        """Labels of the units; of a grid, (row, col)."""
        return self.geography.units

    @property
    def tiers(self) -> pd.DataFrame | None:
        """Broader places in which each unit lies, broad to narrow, or None."""
        return None if self._tiers is None else self._tiers.copy()

    @cached_property
    def group_totals(self) -> NDArray[np.float64]:
        """People of each group in all units together, shape (groups,)."""
        return _locked(_group_totals(self.counts))

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """People of all groups in each unit, the shape of one group."""
        return _locked(self.counts.sum(axis=0, dtype=np.float64))

    @property
    def total(self) -> pd.Series[float]:
        """People in each unit: as stated, else the sum of the groups."""
        people = self.sizes if self.stated_total is None else self.stated_total
        return pd.Series(people.reshape(-1).copy(), index=self.units, name="total")

    @property
    def mix(self) -> pd.Series[float]:
        """Share of each group among all people of the groups."""
        return pd.Series(self.group_totals / self.group_totals.sum(), index=self.group_index(), name="mix")

    def group_index(self, name: str | None = None) -> pd.Index[Any]:
        """Give the groups as the labels of an answer.

        Parameters
        ----------
        name : str, optional
            Name of the index.

        Returns
        -------
        pandas.Index
        """
        labels: pd.Index[Any] = pd.Index(list(self.groups), tupleize_cols=False, name=name)
        return labels

    @property
    def environment(self) -> NDArray[Any]:
        """Whom the residents of each unit meet; without a local environment, those who live there."""
        return self.counts if self.surroundings is None else self._met

    @cached_property
    def _met(self) -> NDArray[np.float64]:
        met = joined(self.surroundings, self.counts)  # type: ignore[arg-type]  # `environment` asks first
        self.check_company(slice(None), met)
        return _locked(met)

    @property
    def in_rows(self) -> bool:
        """Whether those met can be asked for row by row, and are not held already."""
        return isinstance(self.surroundings, ByRows) and self.counts.ndim == 3 and "_met" not in self.__dict__

    def strips(self) -> Iterator[tuple[slice, NDArray[Any], NDArray[Any]]]:
        """Yield the population part by part: a slice of the units, who lives there, whom they meet.

        Yields
        ------
        tuple of slice, ndarray and ndarray
            Without a local environment there is one strip, and both arrays are the same object.

        Raises
        ------
        CapabilityError
            If residents meet nobody; their units are named.
        """
        if self.surroundings is None or self.counts.ndim == 2 or "_met" in self.__dict__:
            # A table's environment is no larger than the table: it is made once, and every index reads it.
            yield slice(None), self.counts, self.environment
            return
        for where, met in in_order(self.surroundings, self.counts):
            if not self.surroundings.includes_self:
                self.check_company(where, met)
            yield where, self.counts[:, where], met

    def check_company(self, where: slice, met: NDArray[Any]) -> None:
        """Refuse an environment in which residents meet nobody.

        Parameters
        ----------
        where : slice
            Some units, along the first axis behind the groups.
        met : ndarray of shape (groups, some units, …)
            Whom they meet.

        Raises
        ------
        CapabilityError
            Naming their units.
        """
        alone = ~(met.sum(axis=0) > 0) & (self.sizes[where] > 0)
        if alone.any():
            units = np.arange(len(self)).reshape(self.sizes.shape)[where][alone]
            msg = (
                f"residents of some units meet nobody in this environment: {listed(self.geography.labels(units))}. "
                "Widen it, or let people meet their own unit"
            )
            raise CapabilityError(msg)

    # ---------------------------------------------------------------- other populations

    def __getitem__(self, groups: Sequence[Hashable]) -> Self:
        """Return the population of some groups only, in the order named: ``pop[["a", "b"]]``."""
        rows, named = self._chosen(groups)
        margins = None if self.margins is None else self.margins[rows]
        return self._derive(counts=self.counts[rows], groups=named, margins=margins)

    def versus(self, group: Hashable, *, rest: Hashable = "rest") -> Self:
        """Return one group against everyone else, as two columns.

        Parameters
        ----------
        group : hashable
            The focal group.
        rest : hashable
            What everyone else is called.

        Returns
        -------
        Population
            The rest is the stated total less the group, or the sum of the other groups where no total was stated.

        Examples
        --------
        >>> Population([[9, 1], [1, 5], [0, 4]], groups=["a", "b", "c"]).versus("a").counts
        array([[9., 1.],
               [1., 9.]])
        """
        i = self._focal(group, rest)
        if self.margins is not None and self.stated_total is not None:
            msg = "the margin of error of the rest is unknown where a total is stated: read the rest as a group"
            raise CapabilityError(msg)
        others = np.arange(len(self.groups)) != i
        two = np.empty((2, *self.sizes.shape))
        two[0] = self.counts[i]
        np.subtract(self.sizes if self.stated_total is None else self.stated_total, two[0], out=two[1])
        if not two[1].sum() > 0:
            self._refuse_no_rest(group)
        margins = self.margins
        if margins is not None:
            from scipy.sparse import csr_array

            here, widths = (array[others].reshape(int(others.sum()), -1).T for array in (self.counts, margins))
            of_the_rest = margins_of_sums(here, widths, csr_array(np.ones((here.shape[1], 1))))
            margins = np.stack([margins[i], of_the_rest.reshape(margins[i].shape)])
        np.maximum(two[1], 0, out=two[1])
        return self._derive(counts=two, groups=(group, rest), margins=margins)

    def with_groups(self, groups: Sequence[Hashable]) -> Self:
        """Return the population with the groups of a larger region, in its order; those that are new have nobody here.

        Parameters
        ----------
        groups : sequence
            All groups of this population, and others.

        Returns
        -------
        Population
            Itself where they are the same; else without margins of error, which new groups have none of.
        """
        if tuple(groups) == self.groups:
            return self
        nobody = np.zeros(self.counts.shape[1:], dtype=self.counts.dtype)
        rows = [self.counts[self.groups.index(group)] if group in self.groups else nobody for group in groups]
        return self._derive(counts=np.stack(rows), groups=tuple(groups), margins=None)

    def with_rest(self) -> Self:
        """Return the population with those of a stated total who belong to no group as one more group, ``rest``.

        Returns
        -------
        Population
            Itself where no total was stated, or the groups cover it; else without margins of error, which the rest has
            none of.
        """
        if self.stated_total is None:
            return self
        rest = np.maximum(self.stated_total - self.sizes, 0)
        if rest.sum() <= 1e-9 * self.stated_total.sum():
            return self
        self._refuse_after_nonlinear("counting those of no group as well", "pop.with_rest().within(...)")
        checking.check_names(self.groups, {"rest": "everyone of no group"})
        counts = np.concatenate([self.counts, rest[np.newaxis]])
        return self._derive(counts=counts, groups=(*self.groups, "rest"), margins=None)

    def merge(self, by: Hashable | pd.Series[Any] | Sequence[Any]) -> Population:
        """Return the population with units merged into larger ones.

        Parameters
        ----------
        by : name of a tier, Series on the unit index, or sequence of labels
            Where each unit goes.

        Returns
        -------
        Population
            Units are the labels, sorted; broader tiers are kept, geometry is dissolved when it is needed.

        Examples
        --------
        >>> Population([[9, 1, 2], [1, 5, 3]], groups=["a", "b"]).merge(["x", "y", "x"]).counts
        array([[11.,  1.],
               [ 4.,  5.]])
        """
        if self.surroundings is not None:
            msg = "merge the units first, then choose the environment: pop.merge(...).within(...)"
            raise CapabilityError(msg)
        labels = self._labels(by)
        codes, merged = pd.factorize(labels, sort=True)
        size = len(merged)
        margins = None
        if self.margins is not None:
            from scipy.sparse import csr_array

            here, widths = (array.reshape(len(self.groups), -1) for array in (self.counts, self.margins))
            where = csr_array((np.ones(len(codes)), codes, np.arange(len(codes) + 1)), shape=(len(codes), size))
            margins = margins_of_sums(here, widths, where)
        old = self.geography
        tiers = self._tiers
        if tiers is not None:
            first = pd.Series(np.arange(len(codes))).groupby(codes).first().to_numpy()
            whole = [name for name in tiers if (tiers[name].to_numpy()[first][codes] == tiers[name].to_numpy()).all()]
            tiers = tiers[whole].iloc[first].set_axis(merged) if whole else None

        return Population(
            sum_by_code(self.counts.reshape(len(self.groups), -1), codes, size),
            self.groups,
            tiers=tiers,
            total=None if self.stated_total is None else sum_by_code(self.stated_total.reshape(1, -1), codes, size)[0],
            geography=old.merged(codes, merged),
            margins=margins,
        )

    def within(self, environment: Environment) -> Self:
        """Return the same residents, who now meet the people of a local environment.

        Parameters
        ----------
        environment : Environment
            A recipe such as `Zones(labels)`.

        Returns
        -------
        Population
        """
        if not hasattr(environment, "on") or isinstance(environment, type):
            msg = f"within() takes an environment, such as sgt.Zones(labels), not {environment!r}"
            raise CapabilityError(msg)
        return self._derive(recipe=environment, surroundings=environment.on(self.geography))

    def redrawn(self, counts: NDArray[np.float64], environment: NDArray[np.float64] | None = None) -> Self:
        """Return other people in the same units: a draw of a null model, or of a resampling.

        Parameters
        ----------
        counts : ndarray of the shape of the counts
            Who lives in each unit now, 0 or more, some of every group.
        environment : ndarray of the same shape, optional
            Whom they meet, where that is known already.

        Returns
        -------
        Population
            Without stated totals and margins, which the draw has none of.
        """
        drawn = self._derive(counts=counts, stated_total=None, margins=None)
        if environment is not None:
            drawn.__dict__["_met"] = _locked(environment)
        return drawn

    def to_frame(self, *, export: bool = False, min_count: float = 5) -> pd.DataFrame:
        """Return counts, stated totals, tiers and geometry as a frame, one row a unit.

        Parameters
        ----------
        export : bool
            Whether the frame leaves the house: counts above 0 and below `min_count` become missing, and so does the
            stated total of a unit where such a count, or as few people of no group, could be had from it.
        min_count : float
            Smallest count that is published.

        Returns
        -------
        DataFrame or GeoDataFrame
        """
        counts = self.counts.reshape(len(self.groups), -1)
        columns: dict[Any, Any] = {name: row.astype(np.float64) for name, row in zip(self.groups, counts, strict=True)}
        if self.stated_total is not None:
            columns["total"] = self.stated_total.reshape(-1)
        frame = pd.DataFrame(columns, index=self.units)
        if export:
            small = (frame > 0) & (frame < min_count)
            if "total" in small:
                left = frame["total"] - counts.sum(axis=0, dtype=np.float64)
                small["total"] |= small.any(axis=1) | ((left > 1e-9) & (left < min_count))
            frame = frame.mask(small)
        if self.tiers is not None:
            frame = frame.join(self.tiers)
        if isinstance(self.geography, Geography) and self.geography.source is not None:
            import geopandas

            return geopandas.GeoDataFrame(frame, geometry=self.geography.geometry)  # type: ignore[no-any-return]
        return frame

    # ---------------------------------------------------------------- in words

    def __repr__(self) -> str:
        people = self.group_totals.sum()
        parts = [
            f"Population of {len(self):,} units, {people:,.0f} people, "
            f"{len(self.groups)} group{'s' * (len(self.groups) != 1)}: {listed(self.groups, 8)}"
        ]
        if self._tiers is not None:
            parts.append(f"tiers: {listed(self._tiers.columns)}")
        crs = self.geography.crs
        if crs is not None:
            parts.append(crs.to_string() if crs.to_authority() else crs.name)  # the text of others fills a page
        if self.recipe is not None:
            parts.append(f"within {self.recipe!r}")
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        rows = [
            [Cell(str(group), head=True), Cell(f"{people:,.0f}", number=True), Cell(f"{share:.1%}", number=True)]
            for group, people, share in zip(self.groups, self.group_totals, self.mix, strict=True)
        ]
        return html_table(["group", "people", "share"], rows[:MOST], caption=repr(self), more=len(rows) - MOST)

    def __len__(self) -> int:
        return int(self.counts[0].size)

    # ---------------------------------------------------------------- small helpers

    def _chosen(self, groups: Sequence[Hashable]) -> tuple[slice | list[int], tuple[Any, ...]]:
        """Rows of some groups, and their labels."""
        if checking.is_one_name(groups):
            self._position(groups)
            msg = f"pop[{groups!r}] is one group: name a list, pop[[{groups!r}, …]], or take pop.versus({groups!r})"
            raise GroupError(msg)
        picked = [self._position(group) for group in checking.checked_groups(groups)]
        self._refuse_after_nonlinear("choosing groups")
        beside = picked == list(range(picked[0], picked[0] + len(picked)))
        rows = slice(picked[0], picked[0] + len(picked)) if beside else picked  # a slice needs no copy
        return rows, tuple(self.groups[i] for i in picked)

    def _focal(self, group: Hashable, rest: Hashable) -> int:
        """Row of a group that can be set against everyone else."""
        i = self._position(group)
        if self.stated_total is not None:  # else as many people live in every unit as before
            self._refuse_after_nonlinear("versus with a stated total")
        elif len(self.groups) == 1:
            msg = f"{group!r} is the only group, so there is no rest: name more groups or total= when reading"
            raise GroupError(msg)
        if rest in self.groups:
            msg = f"a group is called {rest!r}, as everyone else would be: versus({group!r}, rest='everyone else')"
            raise GroupError(msg)
        return i

    @staticmethod
    def _refuse_no_rest(group: Hashable) -> NoReturn:
        msg = f"everyone belongs to {group!r}: there is no rest to compare it with"
        raise GroupError(msg)

    def _position(self, group: Hashable) -> int:
        if group not in self.groups:
            msg = f"no group {group!r}; the groups are {listed(self.groups, 30)}"
            raise GroupError(msg)
        return self.groups.index(group)

    def _refuse_after_nonlinear(self, what: str, mend: str = "choose the groups first, then within(...)") -> None:
        if self.surroundings is not None and not self.surroundings.linear:
            msg = f"{what} after within() would change whom people meet: {mend}"
            raise CapabilityError(msg)

    def _labels(self, by: Any) -> pd.Series[Any]:
        if not isinstance(by, str) and hasattr(by, "__len__"):
            return reading.labels_on(self.units, by)
        if self._tiers is None or by not in self._tiers:
            msg = f"no tier {by!r}; the tiers are {listed([] if self._tiers is None else self._tiers.columns)}"
            raise DataError(msg)
        labels: pd.Series[Any] = self._tiers[by]
        return labels


def as_population(data: Population | pd.DataFrame, groups: Sequence[Hashable] | None = None) -> Population:
    """Return a population, reading a frame if that is what was given: the one door of every verb.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame
        A frame needs `groups`.
    groups : sequence, optional
        Columns of counts; of a population, the groups to keep.

    Returns
    -------
    Population
    """
    if isinstance(data, Population):
        return data if groups is None else data[groups]
    if not reading.in_partitions(data):
        reading.refuse_no_frame(data)
    if groups is None:
        msg = f"name the columns that hold the groups, groups=[...]; the columns are {listed(data.columns, 30)}"
        raise GroupError(msg)
    return Population.from_frame(data, groups)


def _locked(values: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written through; the caller's own array stays writable."""
    view = values.view()
    view.flags.writeable = False
    return view


def _group_totals(counts: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # refused by name at the door
        return np.array([row.sum(dtype=np.float64) for row in counts])
