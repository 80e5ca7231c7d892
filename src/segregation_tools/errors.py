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
    "listed",
    "warn",
]


class SegregationError(ValueError):
    """Base of every refusal: a `ValueError` whose message names the thing, the choices and the mend."""


class DataError(SegregationError):
    """The data given cannot be read as a population."""


class GroupError(SegregationError):
    """The groups given do not fit what was asked."""


class GeographyError(SegregationError):
    """Metres, geometry or another ingredient of place is missing or unusable."""


class OptionError(SegregationError):
    """The value of an option is outside its range."""


class CapabilityError(SegregationError):
    """An index, environment or result cannot do what was asked, with the reason."""


class DataWarning(UserWarning):
    """The data can be used, but something about it should be known."""


class UndefinedWarning(UserWarning):
    """A value is not defined for this population and is NaN, with the reason."""


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
