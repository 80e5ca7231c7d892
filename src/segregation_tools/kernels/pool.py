"""One pool of threads: compiled kernels run over chunks whose number does not depend on how many threads there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_chunks", "threads"]

CHUNK = 2048


def threads() -> int:
    """Say how many threads numba may use.

    Returns
    -------
    int
    """
    return int(numba.get_num_threads())


def in_chunks(work: Callable[[int, int], object], size: int, chunk: int = CHUNK) -> None:
    """Run work on every chunk of a range, on as many threads as numba may use.

    Parameters
    ----------
    work : callable
        ``work(first, last)``; releases the interpreter lock and writes what belongs to its chunk alone, so that the result
        is the same, bit for bit, on any number of threads.
    size : int
        End of the range that starts at 0.
    chunk : int
        Length of a chunk.
    """
    firsts = range(0, size, chunk)
    workers = min(threads(), len(firsts))
    if workers < 2:
        for first in firsts:
            work(first, min(first + chunk, size))
        return
    pool = ThreadPoolExecutor(workers)
    try:
        for _ in pool.map(lambda first: work(first, min(first + chunk, size)), firsts):
            pass
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: what has not begun does not begin
