"""Options that must be a number or one of some words: whatever else is given is refused by name."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import OptionError, listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

__all__ = ["one_of", "real_number", "source_of_chance", "writable"]


def real_number(value: Any, name: str, least: float, what: str, *, above: bool = False, whole: bool = False) -> float:
    """Return an option that must be a finite number.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        Of the option.
    least : float
        Smallest value.
    what : str
        What the number says, for the refusal: "a distance in metres".
    above : bool
        Whether `least` itself is refused.
    whole : bool
        Whether it must be a whole number.

    Returns
    -------
    float

    Raises
    ------
    OptionError
        If it is none, or out of its range.
    """
    number = np.nan
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        try:
            number = float(value)
        except OverflowError:
            number = np.inf
    enough = number > least if above else number >= least
    if not enough or number == np.inf or (whole and number != int(number)):
        limit = f"above {least:g}" if above else f"{least:g} or more"
        msg = f"{name} must be {what}, {limit}, not {value!r}"
        raise OptionError(msg)
    return number


def one_of(value: Any, name: str, choices: Sequence[str]) -> str:
    """Return an option that must be one of some words.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        Of the option.
    choices : sequence of str
        The words.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        msg = f"{name} must be one of {listed(choices, 20)}, not {value!r}"
        raise OptionError(msg)
    return value


def source_of_chance(rng: Any) -> np.random.Generator:
    """Return the generator from which chance is drawn.

    Parameters
    ----------
    rng : Generator or int
        What was given.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    OptionError
        If it is neither.
    """
    seed = isinstance(rng, Integral) and not isinstance(rng, bool) and int(rng) >= 0
    if not (seed or isinstance(rng, np.random.Generator)):
        given = "" if rng is None else f", not {rng!r}"
        msg = f"chance needs a source: rng=7 (or a numpy Generator) gives the same answer each time{given}"
        raise OptionError(msg)
    return np.random.default_rng(rng)


def writable(path: str | PathLike[str]) -> Path:
    """Return where a file goes, asked before the work is done.

    Parameters
    ----------
    path : path-like
        What was given.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OptionError
        If it is a folder, or lies in a folder that is not there.
    """
    target = Path(path)
    if target.is_dir():
        msg = f"{target} is a folder: give the name of a file in it"
        raise OptionError(msg)
    if not target.parent.is_dir():
        msg = f"there is no folder {target.parent} for {target}: make it, or write elsewhere"
        raise OptionError(msg)
    return target
