"""The grades of a school, and the share of pupils in each: one reader of what users write."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from segregation_tools.errors import OptionError, listed
from segregation_tools.population.options import real_number

__all__ = ["read_grades"]


def read_grades(given: Any) -> pd.Series[float]:
    """Read the grades, from low to high, and the share of pupils in each.

    Parameters
    ----------
    given : int, sequence, Series or mapping
        How many grades of equal size: 1, 2, …; or their names; or the share (or number) of pupils in each, by name.

    Returns
    -------
    Series
        Shares above 0, which add up to 1, by grade.

    Raises
    ------
    OptionError
        If it is none of these or in no order, names are missing or stand twice, or a share is not above 0.
    """
    if isinstance(given, (set, frozenset)):
        msg = f"grades must be in order, from low to high; a set has none: give a list, not {given!r}"
        raise OptionError(msg)
    if isinstance(given, (pd.Series, Mapping)):
        names, sizes = list(given.keys()), list(given.values() if isinstance(given, Mapping) else given)
    elif hasattr(given, "__iter__") and not isinstance(given, (str, bytes, pd.DataFrame)):
        names = list(given)
        sizes = [1.0] * len(names)
    else:
        what = "a number of grades, a list of their names, or a Series of pupils by grade"
        names = list(range(1, int(real_number(given, "grades", 1, what, whole=True)) + 1))
        sizes = [1.0] * len(names)
    _check_names(names)
    values = np.array(
        [
            real_number(size, f"the share of grade {listed([name])}", 0, "a number", above=True)
            for name, size in zip(names, sizes, strict=True)
        ]
    )
    index: pd.Index[Any] = pd.Index(names, tupleize_cols=False, name="grade")
    return pd.Series(values / values.sum(), index=index, name="share")


def _check_names(names: list[Any]) -> None:
    """Refuse names that cannot be told apart."""
    if not names:
        msg = "grades are none: give at least one, from low to high"
        raise OptionError(msg)
    missing = [name for name in names if not isinstance(name, Hashable)] or [name for name in names if pd.isna(name)]
    if missing:
        msg = f"grades must have names, such as 'K' or 1, not {listed(missing)}"
        raise OptionError(msg)
    twice = [name for name, again in zip(names, pd.Index(map(str, names)).duplicated(), strict=True) if again]
    if twice:
        msg = f"grades stand more than once: {listed(twice)}. Give each its own name"
        raise OptionError(msg)
