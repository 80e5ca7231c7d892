"""Opening the zone editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segregation_tools.errors import OptionError, lacking
from segregation_tools.planning.plan import Plan
from segregation_tools.planning.schools import checked_length
from segregation_tools.population.options import real_number, source_of_chance

if TYPE_CHECKING:
    import numpy as np

__all__ = ["edit"]


def edit(plan: Plan, *, seconds: float = 3, rng: np.random.Generator | int = 0, height: float = 520) -> Any:
    """Open a plan for school zones in an editor: paint blocks, see what follows, search on from there.

    Parameters
    ----------
    plan : Plan
        From `rezone`, `score` or `load_plan`; not changed. Its goal and its rules are those of the editor.
    seconds : float
        How long "Improve from here" searches.
    rng : Generator or int
        Source of chance of these searches; each draws on where the last one ended.
    height : float
        Of the map, in pixels.

    Returns
    -------
    Editor
        A widget for JupyterLab, Notebook 7, VS Code, Colab and marimo. `.plan` is the plan as it is now, at any time; what
        the buttons do, `.paint`, `.lock`, `.unlock`, `.undo`, `.redo`, `.improve`, `.save` and `.to_file` do from Python,
        and the map follows. Without a running kernel, a picture of the zones stands in its place.

    Raises
    ------
    CapabilityError
        If anywidget is not installed: it comes with ``pip install "segregation-tools[interactive]"``.
    GeographyError
        If blocks have no geometry.

    Examples
    --------
    >>> district = sgt.synthetic_district(60, 4, rng=1)
    >>> pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
    >>> today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
    >>> editor = sgt.edit(sgt.score(pupils, district.blocks["school"], **today))
    >>> editor.paint({"B00001": "S02"})
    >>> editor.plan.assignment["B00001"]
    'S02'
    >>> editor.undo()
    >>> editor.plan.moved
    0.0
    """
    if not isinstance(plan, Plan):
        msg = f"edit takes a plan, from rezone, score or load_plan, not {type(plan).__name__}"
        raise OptionError(msg)
    checked_length(seconds, None)
    chance = source_of_chance(rng)
    tall = real_number(height, "height", 0, "pixels", above=True)
    try:
        from segregation_tools.views.editor.widget import Editor
    except ModuleNotFoundError as absent:
        if absent.name != "anywidget":
            raise
        raise lacking("the editor needs one more package", "interactive", absent) from absent
    return Editor(plan, seconds=seconds, rng=chance, height=tall)
