"""How a search tells how far it is: by a bar, or to whom it is told to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.kernels.pool import late_bar

__all__ = ["Progress", "Tell", "spent", "telling"]

Tell: TypeAlias = Callable[[float, float], Any]  # of the share done, and the value so far
Progress: TypeAlias = bool | Tell | None


@contextmanager
def telling(progress: Progress, said: str = "goal {:.5f}") -> Iterator[Tell | None]:
    """Choose to whom a search tells how far it is.

    Parameters
    ----------
    progress : bool or callable, optional
        True for a bar with the value so far; without, there is one where a search takes long and somebody is looking.
    said : str
        How the bar says it.

    Yields
    ------
    callable or None
    """
    if progress is False:
        yield None
    elif progress is None or progress is True:
        with late_bar(anyway=progress is True) as show:

            def tell(done: float, value: float) -> None:
                if show is not None:
                    show(done, said.format(value) if np.isfinite(value) else "none yet")

            yield None if show is None else tell
    elif callable(progress):
        yield progress
    else:
        msg = f"progress must be True, False, or a function of (share done, lowest value), not {progress!r}"
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
