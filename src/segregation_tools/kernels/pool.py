"""One pool of threads: compiled kernels run over chunks whose number does not depend on how many threads there are."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

__all__ = ["in_chunks", "in_pieces", "threads"]

CHUNK = 2048
PATIENCE = 2.0  # seconds until a bar tells how far a run is

Result = TypeVar("Result")


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


def in_pieces(
    work: Callable[[int, int], Generator[float, None, Result]], pieces: Sequence[tuple[int, int]]
) -> list[Result]:
    """Run long work piece by piece, on as many threads as numba may use; a bar tells how far it is if it takes long.

    Parameters
    ----------
    work : callable
        ``work(first, last)``, a generator: it yields the share of its piece that is done wherever it may be stopped, and
        returns the result.
    pieces : sequence of pairs of int
        What to work on; the same for any number of threads.

    Returns
    -------
    list
        Results in the order of the pieces.
    """
    done = [0.0] * len(pieces)
    stopped = threading.Event()

    def run(place: int) -> Result:
        steps = work(*pieces[place])
        while True:
            if stopped.is_set():
                raise _StoppedError
            try:
                done[place] = next(steps)
            except StopIteration as end:
                done[place] = 1.0
                result: Result = end.value
                return result

    workers = min(threads(), len(pieces))
    pool = ThreadPoolExecutor(workers)
    try:
        running = [pool.submit(run, place) for place in range(len(pieces))]
        left = wait(running, PATIENCE, FIRST_EXCEPTION).not_done
        if left and _seen():
            from tqdm import tqdm

            with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining}", leave=False) as bar:
                while left and not any(piece.done() and piece.exception() for piece in running):
                    bar.n = int(100 * sum(done) / len(done))
                    bar.refresh()
                    left = wait(left, PATIENCE / 10, FIRST_EXCEPTION).not_done
        for piece in running:
            if piece.done() and piece.exception() is not None:
                piece.result()  # what failed is said at once, and the others are stopped
        return [piece.result() for piece in running]
    finally:
        stopped.set()  # interrupted: what has begun ends at its next step, and nothing else begins
        pool.shutdown(cancel_futures=True)


class _StoppedError(Exception):
    """A piece was stopped because another one failed, or somebody interrupted the run."""


def _seen() -> bool:
    """Tell whether somebody is looking: at a terminal or in a notebook."""
    stream: Any = sys.stderr
    return bool(stream is not None and stream.isatty()) or "ipykernel" in sys.modules
