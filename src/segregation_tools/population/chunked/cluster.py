"""Where Dask is, what it holds, and work that is dealt out to the workers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from segregation_tools.errors import DataError, OptionError, lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["dask_here", "in_chunks", "on_workers"]

Result = TypeVar("Result")


def dask_here() -> Any:
    """Import Dask with its arrays.

    Returns
    -------
    module

    Raises
    ------
    CapabilityError
        If it is not installed.
    """
    try:
        import dask
        import dask.array
    except ImportError as absent:
        raise lacking("counts in chunks need more packages", "distributed", absent) from absent
    return dask


def in_chunks(source: Any) -> Any | None:
    """Return counts in chunks as a Dask array; None for anything else.

    Parameters
    ----------
    source : object
        What was given: a Dask array, a zarr array, or what holds one of them.

    Returns
    -------
    dask.array.Array or None
    """
    if hasattr(source, "__dask_graph__"):
        if not hasattr(source, "chunks") or not hasattr(source, "dtype"):
            msg = f"a raster in chunks is a Dask array, not {type(source).__name__}: dask.array.from_delayed makes one"
            raise DataError(msg)
        if any(np.isnan(size) for along in source.chunks for size in along):
            msg = "it is not known how large the chunks are: counts.compute_chunk_sizes() finds out"
            raise DataError(msg)
        return source
    if hasattr(source, "store") and not hasattr(source, "dtype"):
        msg = "this is a group of zarr arrays: name the one that holds the counts, group['counts']"
        raise DataError(msg)
    if hasattr(source, "chunks") and hasattr(source, "store"):  # zarr
        return dask_here().array.from_zarr(source)
    return None


def on_workers(client: Any, work: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]) -> list[Result]:
    """Run work on the workers of a cluster, once for each of some arguments.

    Parameters
    ----------
    client : dask.distributed.Client
        Of the cluster.
    work : callable
        Sent once; it may run again where a worker is lost.
    arguments : sequence of tuple
        Of each call.

    Returns
    -------
    list
        Results in their order.
    """
    if not (hasattr(client, "scatter") and hasattr(client, "gather")):
        msg = f"client must be a dask.distributed.Client, as Client('tcp://address:8786') makes one, not {client!r}"
        raise OptionError(msg)
    held = client.scatter(work, hash=False)
    tasks = [client.submit(_called, held, *each, pure=False) for each in arguments]
    try:
        results: list[Result] = client.gather(tasks)
    finally:
        client.cancel(tasks)  # interrupted: what has not begun does not begin
    return results


def _called(work: Callable[..., Result], *arguments: Any) -> Result:
    return work(*arguments)
