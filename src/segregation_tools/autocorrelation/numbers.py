"""Values as numbers, whatever they are given as; what is none is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["numbers_of", "within_range"]

NUMBERS = ("boolean", "decimal", "empty", "floating", "integer", "mixed-integer-float")  # of what pandas infers
RANGE = (1e-60, 1e60)  # of the largest value: fourth powers, and their sums, are numbers still


def numbers_of(values: Any, what: str = "values") -> NDArray[Any]:
    """Take values as numbers that kernels read.

    Parameters
    ----------
    values : Series or array_like
        Numbers. Missing ones, of whatever type, and those that a mask hides, become NaN.
    what : str
        Their name, for the refusal.

    Returns
    -------
    ndarray
        Of whole numbers, or of floating point numbers of 4 or 8 bytes; the values themselves where they are such.

    Raises
    ------
    DataError
        If they are none: text, even of digits, dates, complex numbers, or a whole table.
    """
    if isinstance(values, pd.DataFrame):
        name = f"frame[{values.columns[0]!r}]" if len(values.columns) else "frame['share']"
        msg = f"{what} are one number a unit, and no table: give one column, {name}; a grid is an array"
        raise DataError(msg)
    if isinstance(values, np.ma.MaskedArray):
        _refuse_other_kinds(values.data, what)
        return np.ma.filled(values.astype(np.float64), np.nan)
    numbers = np.asarray(values)
    _refuse_other_kinds(numbers, what)
    if numbers.dtype.kind == "O":
        series = isinstance(values, pd.Series)
        return values.to_numpy(np.float64, na_value=np.nan) if series else _of_objects(numbers)
    if numbers.dtype.kind == "f" and numbers.dtype.itemsize not in (4, 8):
        return numbers.astype(np.float64)
    return numbers if numbers.dtype.isnative else numbers.astype(numbers.dtype.newbyteorder("="))


def _refuse_other_kinds(numbers: NDArray[Any], what: str) -> None:
    kind = numbers.dtype.kind
    known = pd.api.types.infer_dtype(numbers.reshape(-1), skipna=True) in NUMBERS if kind == "O" else kind in "buif"
    if not known:
        name = pd.api.types.infer_dtype(numbers.reshape(-1), skipna=True) if kind == "O" else numbers.dtype
        msg = f"{what} must be numbers, not {name}"
        raise DataError(msg)


def _of_objects(numbers: NDArray[Any]) -> NDArray[np.float64]:
    found = np.array([np.nan if pd.isna(one) else float(one) for one in numbers.reshape(-1)], dtype=np.float64)
    return found.reshape(numbers.shape)


def within_range(numbers: NDArray[Any]) -> NDArray[Any]:
    """Give values in another unit, a power of 2, where they are so large or small that their powers are no numbers.

    Parameters
    ----------
    numbers : ndarray
        NaN where there is none. No statistic of autocorrelation depends on the unit of the values.

    Returns
    -------
    ndarray
    """
    largest = float(np.nanmax(np.abs(numbers))) if numbers.size and numbers.dtype.kind == "f" else 1.0
    if not 0 < largest < np.inf or RANGE[0] <= largest <= RANGE[1]:
        return numbers
    return np.ldexp(numbers.astype(np.float64), -int(np.frexp(largest)[1]))
