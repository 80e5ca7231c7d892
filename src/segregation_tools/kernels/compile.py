"""numba's flags, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

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
