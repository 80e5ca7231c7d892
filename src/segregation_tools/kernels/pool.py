"""One pool of threads: compiled kernels run over chunks whose number does not depend on how many threads there are."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import Any

__all__ = ["in_chunks", "in_pieces", "late_bar", "threads"]

CHUNK = 2048
PATIENCE = 2.0  # seconds until a bar tells how far a run is
OFTEN = 0.1  # seconds from one look of a bar to the next

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
        with late_bar(0) as tell:
            while tell is not None and left and not any(piece.done() and piece.exception() for piece in running):
                tell(sum(done) / len(done))
                left = wait(left, PATIENCE / 10, FIRST_EXCEPTION).not_done
        for piece in running:
            if piece.done() and piece.exception() is not None:
                piece.result()  # what failed is said at once, and the others are stopped
        return [piece.result() for piece in running]
    finally:
        stopped.set()  # interrupted: what has begun ends at its next step, and nothing else begins
        pool.shutdown(cancel_futures=True)


@contextmanager
def late_bar(patience: float | None = None, *, anyway: bool = False) -> Iterator[Callable[..., None] | None]:
    """Tell how far a run is by a bar, once it takes long.

    Parameters
    ----------
    patience : float, optional
        Seconds until there is one; `PATIENCE` without.
    anyway : bool
        Whether there is one at once, also where nobody seems to look, and it stays.

    Yields
    ------
    callable or None
        ``tell(share done, words)``; nothing where nobody is looking: at no terminal and in no notebook.
    """
    if not (anyway or _seen()):
        yield None
        return
    from tqdm import tqdm

    form = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
    bar: Any = None
    due = time.monotonic() + (0 if anyway else PATIENCE if patience is None else patience)
    last = (0.0, "")

    def look() -> None:
        nonlocal bar
        bar = tqdm(total=100, bar_format=form, leave=anyway) if bar is None else bar
        bar.n = round(100 * last[0])
        bar.set_postfix_str(last[1])

    def tell(done: float, words: str = "") -> None:
        nonlocal due, last
        last = (done, words)
        if time.monotonic() >= due:
            due = time.monotonic() + OFTEN
            look()

    try:
        yield tell
    finally:
        if bar is not None:
            look()
            bar.close()


class _StoppedError(Exception):
    """A piece was stopped because another one failed, or somebody interrupted the run."""


def _seen() -> bool:
    """Tell whether somebody is looking: at a terminal or in a notebook."""
    stream: Any = sys.stderr
    return bool(stream is not None and stream.isatty()) or "ipykernel" in sys.modules
