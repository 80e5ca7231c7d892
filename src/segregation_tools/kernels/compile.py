"""numba's flags, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["added_in_any_order", "added_with_gaps", "compiled", "inlined", "vectorized"]

Kernel = TypeVar("Kernel", bound="Callable[..., Any]")


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel: serial, without the interpreter lock, kept on disk between sessions.

    Parameters
    ----------
    kernel : callable
        Plain loops over arrays; the undecorated function stays at ``.py_func``.

    Returns
    -------
    callable
    """
    fast: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(kernel)
    return fast  # type: ignore[no-any-return]


def inlined(kernel: Kernel) -> Kernel:
    """Compile a part of a kernel into each place that calls it, for what is called millions of times.

    Parameters
    ----------
    kernel : callable
        A few lines.

    Returns
    -------
    callable
    """
    fast: Any = numba.njit(nogil=True, inline="always", error_model="numpy")(kernel)
    return fast  # type: ignore[no-any-return]


def vectorized(kernel: Kernel) -> Kernel:
    """Compile a kernel in which no NaN and no infinity occurs, so that several terms are worked on at once.

    Parameters
    ----------
    kernel : callable
        Plain loops over arrays.

    Returns
    -------
    callable
    """
    return _with_flags(kernel, {"contract", "nsz", "nnan", "ninf"})


def added_in_any_order(kernel: Kernel) -> Kernel:
    """Compile a `vectorized` kernel whose sums may be added up in any order.

    Parameters
    ----------
    kernel : callable
        Plain loops over arrays.

    Returns
    -------
    callable
    """
    return _with_flags(kernel, {"contract", "nsz", "nnan", "ninf", "reassoc"})


def added_with_gaps(kernel: Kernel) -> Kernel:
    """Compile a kernel whose sums may be added up in any order, and are NaN where a term is.

    Parameters
    ----------
    kernel : callable
        Plain loops over arrays.

    Returns
    -------
    callable
    """
    return _with_flags(kernel, {"contract", "nsz", "reassoc"})


def _with_flags(kernel: Kernel, flags: set[str]) -> Kernel:
    fast: Any = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=flags)(kernel)
    return fast  # type: ignore[no-any-return]
