"""What a browser runs and how it looks, as it lies beside this file."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["text_of"]


def text_of(*names: str) -> str:
    """Read files, one after the other.

    Parameters
    ----------
    *names : str
        Which.

    Returns
    -------
    str
    """
    folder = files("segregation_tools.views.editor")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
