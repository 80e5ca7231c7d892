"""How a search tells how far it is: by a bar, or to whom it is told to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from segregation_tools.errors import OptionError

__all__ = ["Progress", "Tell", "spent", "telling"]

Tell: TypeAlias = Callable[[float, float], Any]  # of the share done, and the value so far
Progress: TypeAlias = bool | Tell | None


@contextmanager
def telling(progress: Progress, said: str = "goal {:.5f}") -> Iterator[Tell | None]:
    """Choose to whom a search tells how far it is.

    Parameters
    ----------
    progress : bool or callable, optional
        True for a bar with the value so far.
    said : str
        How the bar says it.

    Yields
    ------
    callable or None
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        from tqdm import tqdm

        with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}") as bar:

            def tell(done: float, value: float) -> None:
                bar.n = round(100 * done)
                bar.set_postfix_str(said.format(value) if np.isfinite(value) else "none yet")

            yield tell
    elif callable(progress):
        yield progress
    else:
        msg = f"progress must be True, or a function of (share done, lowest value), not {progress!r}"
        raise OptionError(msg)


def spent(begun: float, seconds: float | None, made: int, many: int) -> float:
    """Tell which share of its length a search has behind it.

    Parameters
    ----------
    begun : float
        When it began, on the monotonic clock.
    seconds : float or None
        How long it lasts.
    made, many : int
        Instead: how many tries are made, of how many.

    Returns
    -------
    float
        1 or more when it is over.
    """
    if seconds is None:
        return made / many if many else 1.0
    return (time.monotonic() - begun) / seconds if seconds > 0 else 1.0
