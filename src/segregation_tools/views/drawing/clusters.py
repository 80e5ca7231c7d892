"""Maps of clusters of local autocorrelation, in the colours that PySAL and GeoDa use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from segregation_tools.autocorrelation.local import CLUSTERS
from segregation_tools.errors import DataError
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.views.drawing.places import aligned, place_of
from segregation_tools.views.drawing.sheet import SOFT
from segregation_tools.views.maps import painted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from segregation_tools.autocorrelation.local import LocalAutocorrelation
    from segregation_tools.views.drawing.sheet import Sheet

__all__ = ["COLOURS", "clusters"]

COLOURS = {
    "High-High": "#d7191c",
    "Low-Low": "#2c7bb6",
    "Low-High": "#abd9e9",
    "High-Low": "#fdae61",
    "Other Positive": "#8c6bb1",
    "Negative": "#4d4d4d",
    "Insignificant": "#d3d3d3",
    "Undefined": "#ffffff",
}
NAMES = {
    "High-High": "high among high",
    "Low-Low": "low among low",
    "Low-High": "low among high",
    "High-Low": "high among low",
    "Insignificant": "not significant",
    "Undefined": "undefined",
}


def clusters(found: LocalAutocorrelation, sheet: Sheet, *, on: Any = None, legend: bool = True, **look: Any) -> Axes:
    """Draw which kind of cluster each unit is in.

    Parameters
    ----------
    found : LocalAutocorrelation
        From `local_moran` and its like.
    sheet : Sheet
        Where.
    on : Population, GeoDataFrame or GeoSeries, optional
        Where the units lie.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes
    """
    shape = found.cluster.shape
    place = Grid(shape[0], shape[1], None) if on is None and len(shape) > 1 else place_of(on)
    kinds = list(COLOURS)
    codes = np.vectorize({name: kinds.index(name) for name in CLUSTERS}.__getitem__, otypes=[float])(found.cluster)
    if isinstance(place, Geography):
        labelled = found.to_frame()["value"].copy()
        labelled[:] = codes.reshape(-1)
        codes = aligned(labelled, place)
    elif codes.shape != place.shape:
        msg = (
            f"clusters of {codes.shape} cells, and the place has {place.shape}: give the population they were found in"
        )
        raise DataError(msg)
    cmap, norm = (
        ListedColormap(list(COLOURS.values()), name="clusters"),
        BoundaryNorm(np.arange(len(kinds) + 1) - 0.5, len(kinds)),
    )
    ax = sheet.one((6.4, 5.0))
    painted(place, codes, ax, cmap=cmap, norm=norm, nothing=COLOURS["Undefined"], **look)
    if legend:
        sheet.key([ax], _explained(found))
    if not ax.get_title():
        ax.set_title(f"{found.name}, p ≤ {found.level:.3g}")
    return ax


def _explained(found: LocalAutocorrelation) -> list[Patch]:
    """Name the kinds that there are, and how many units are of each."""
    many = {name: int((found.cluster == name).sum()) for name in COLOURS}
    return [
        Patch(facecolor=colour, edgecolor=SOFT, linewidth=0.5, label=f"{NAMES.get(name, name)} ({many[name]:,})")
        for name, colour in COLOURS.items()
        if many[name]
    ]
