"""Every refusal and warning of the library, and the words they share. Imports nothing of the package."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sized
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CapabilityError",
    "DataError",
    "DataWarning",
    "GeographyError",
    "GroupError",
    "OptionError",
    "SegregationError",
    "UndefinedWarning",
    "lacking",
    "listed",
    "warn",
]


class SegregationError(ValueError):
    """Base of every refusal: a `ValueError` whose message names the thing, the choices and the mend.

    Examples
    --------
    >>> issubclass(sgt.GroupError, sgt.SegregationError), issubclass(sgt.SegregationError, ValueError)
    (True, True)
    """


class DataError(SegregationError):
    """The data given cannot be read as a population.

    Examples
    --------
    >>> try:
    ...     sgt.Population([[90, -1], [10, 90]], groups=["a", "b"])
    ... except sgt.DataError as refusal:
    ...     print(refusal)
    column 'a' holds negative counts in rows 1. Correct or drop those rows
    """


class GroupError(SegregationError):
    """The groups given do not fit what was asked.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90], [5, 5]], groups=["a", "b", "c"])
    >>> try:
    ...     sgt.hutchens(pop)
    ... except sgt.GroupError as refusal:
    ...     print(refusal)
    hutchens compares two groups; this population has 3 ('a', 'b', 'c'). Choose two, pop[['a', 'b']], or one against
    the rest, pop.versus('a')
    """


class GeographyError(SegregationError):
    """Metres, geometry or another ingredient of place is missing or unusable.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> try:
    ...     sgt.delta(pop)
    ... except sgt.GeographyError as refusal:
    ...     print(refusal)
    this population has no geometry: read it from a GeoDataFrame (geopandas.read_file, or GeoDataFrame(frame, geometry=...))
    """


class OptionError(SegregationError):
    """The value of an option is outside its range.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> try:
    ...     sgt.atkinson(pop, b=2)
    ... except sgt.OptionError as refusal:
    ...     print(refusal)
    b must lie between 0 and 1, not 2
    """


class CapabilityError(SegregationError):
    """An index, environment or result cannot do what was asked, with the reason.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> try:
    ...     sgt.gini.local(pop)
    ... except sgt.CapabilityError as refusal:
    ...     print(refusal)
    gini has no local values: it compares units pair by pair, so that no unit has a part of its own
    """


class DataWarning(UserWarning):
    """The data can be used, but something about it should be known.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     pop = sgt.Population([[90, 10], [10, 90], [0, 0]], groups=["a", "b", "c"])
    >>> [issubclass(warning.category, sgt.DataWarning) for warning in said], pop.groups
    ([True], ('a', 'b'))
    """


class UndefinedWarning(UserWarning):
    """A value is not defined for this population and is NaN, with the reason.

    Examples
    --------
    One group alone is not segregated from anybody.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     value = sgt.information_theory(sgt.Population([[90, 10]], groups=["a"]))
    >>> value, [issubclass(warning.category, sgt.UndefinedWarning) for warning in said]
    (nan, [True])
    """


def listed(things: Iterable[object], most: int = 5) -> str:
    """Name the first few things and say how many there are.

    Parameters
    ----------
    things : iterable
        Labels of rows, columns, groups …
    most : int
        How many to name.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed(range(9))
    '0, 1, 2, 3, 4 … (9 in all)'
    """
    every = things if isinstance(things, Sized) else list(things)
    named = [repr(getattr(thing, "item", lambda thing=thing: thing)()) for thing in islice(every, most)]
    return ", ".join(named) + (f" … ({len(every)} in all)" if len(every) > most else "")


def lacking(what: str, extra: str, absent: ImportError) -> CapabilityError:
    """Say which extra brings a package that is not installed.

    Parameters
    ----------
    what : str
        What needs it.
    extra : str
        Name of the extra.
    absent : ImportError
        What Python said.

    Returns
    -------
    CapabilityError
        To be raised.

    Examples
    --------
    >>> print(lacking("raster files need one more package", "raster", ImportError("No module named 'rasterio'")))
    raster files need one more package: pip install "segregation-tools[raster]" (No module named 'rasterio')
    """
    # Double quotes, since the shell of Windows knows no others.
    return CapabilityError(f'{what}: pip install "segregation-tools[{extra}]" ({absent})')


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the caller's own line: the first one outside this package.

    Parameters
    ----------
    message : str
        What is the matter, and what to do.
    category : type
        `DataWarning` or `UndefinedWarning`.
    """
    level, frame = 1, sys._getframe()
    package = __name__.partition(".")[0]
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
