"""Sites on the map: where homes are to be built, where facilities are to open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from segregation_tools.errors import GeographyError, OptionError, listed
from segregation_tools.population.options import one_of
from segregation_tools.views.drawing.draws import DRAWN, by_lot
from segregation_tools.views.drawing.places import nobody, place_of, scaled
from segregation_tools.views.drawing.sheet import CHANCE, FOUND, colour_bar, plain, refuse_unused
from segregation_tools.views.maps import painted

if TYPE_CHECKING:
    from collections.abc import Hashable

    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from segregation_tools.planning.facilities.placing import FacilityPlan
    from segregation_tools.planning.homes.siting import HomePlan
    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["facilities", "homes"]

LAND = ListedColormap(["#ececec"], name="land")
LARGEST = 320.0  # square points of the site with the most homes
KINDS = ("sites", "by_lot")
HOLLOW: dict[str, Any] = {"marker": "o", "markersize": 4.5, "markerfacecolor": "white", "markeredgecolor": FOUND}


def homes(
    plan: HomePlan,
    sheet: Sheet,
    *,
    kind: str = "sites",
    column: Hashable | None = None,
    color: Any = None,
    legend: bool = True,
    **look: Any,
) -> Axes:
    """Draw how many homes are to be built where; or the plan among those drawn by lot.

    Parameters
    ----------
    plan : HomePlan
        From `site_homes`.
    sheet : Sheet
        Where.
    kind : {"sites", "by_lot"}
        A map, or a histogram.
    column : hashable, optional
        A tenure; all homes without.
    color : colour
        Of the sites, or of the histogram.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes
    """
    if one_of(kind, "kind", KINDS) == "by_lot":
        refuse_unused("of a histogram, kind='by_lot'", column=column, **look)
        return by_lot(plan, sheet, color=DRAWN if color is None else color, legend=legend)
    color = CHANCE if color is None else color
    if column is not None and column not in plan.homes:
        msg = f"column must be a tenure, of {listed(plan.homes.columns)}, not {column!r}"
        raise OptionError(msg)
    place = place_of(plan.pop)
    built = (plan.homes.sum(axis=1) if column is None else plan.homes[column]).to_numpy(dtype=np.float64)
    x, y = _points(plan.sites, place.crs)
    ax = sheet.one((6.4, 5.0))
    lived = np.where(plan.pop.sizes > 0, 0.5, np.nan)
    painted(place, lived, ax, cmap=LAND, norm=Normalize(0, 1), nothing="#ffffff", **({"edgecolor": "white"} | look))
    _open(ax, x[built == 0], y[built == 0])
    most = max(built.max(), 1.0)
    some = built > 0
    ax.scatter(x[some], y[some], s=LARGEST * built[some] / most, color=color, alpha=0.75, edgecolors="white", zorder=4)
    if legend:
        sheet.key([ax], _sizes(most, color, "homes" if column is None else f"homes, {plain(column)}", not some.all()))
    return ax


def _sizes(most: float, color: Any, what: str, empty: bool) -> list[Line2D]:
    """Explain how large a dot is for how many homes."""
    told = sorted({max(1, int(float(f"{most * part:.1g}"))) for part in (0.1, 0.4)} | {int(most)})
    dots = [(f"{many:,} {what}", {"color": color, "markersize": np.sqrt(LARGEST * many / most)}) for many in told]
    if empty:
        dots.append(("none there", {"color": "white", "markeredgecolor": FOUND, "markersize": 5}))
    return [Line2D([], [], marker="o", linestyle="none", label=label, **look) for label, look in dots]


def facilities(
    plan: FacilityPlan,
    sheet: Sheet,
    *,
    cmap: str | Colormap | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    color: Any = CHANCE,
    names: bool = True,
    legend: bool = True,
    **look: Any,
) -> Axes:
    """Draw the sites that were chosen, those that were not, and the way from each unit to the nearest facility.

    Parameters
    ----------
    plan : FacilityPlan
        From `place_facilities`.
    sheet : Sheet
        Where.
    cmap : str or Colormap, optional
        Colours.
    vmin : float, optional
        Low end of the scale.
    vmax : float, optional
        High end of the scale.
    color : colour
        Of the sites that open.
    names : bool
        Whether names are written where there is room.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes
    """
    candidates = plan.candidates
    place = place_of(candidates.pop)
    nearest = plan.after.measures["nearest"].reshape(place.shape)
    nearest = np.where(np.isfinite(nearest), nearest, np.nan)
    colours, norm = scaled(nearest, cmap, None, vmin, vmax)
    x, y = _points(candidates.sites, place.crs)
    opened = np.zeros(len(x), dtype=bool)
    opened[plan.at] = True
    ax = sheet.one((6.8, 5.0))
    painted(place, nearest, ax, cmap=colours, norm=norm, **look)
    _open(ax, x[~opened], y[~opened])
    ax.scatter(x[opened], y[opened], s=90, color=color, edgecolors="white", marker="D", zorder=4, gid="opened")
    if names:
        white = [withStroke(linewidth=2, foreground="white")]
        for label, at in zip(plan.sites.index, zip(x[plan.at], y[plan.at], strict=True), strict=True):
            ax.annotate(plain(label), at, (7, 4), textcoords="offset points", fontsize="small", path_effects=white)
    if legend:
        unit = candidates.ways.measured_in
        colour_bar([ax], nearest, colours, norm, f"way to the nearest facility ({unit})")
        dot: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white"}
        handles = [Line2D([], [], marker="D", color=color, label="opens", markersize=8, **dot)]
        if not opened.all():
            handles.append(Line2D([], [], **HOLLOW, linestyle="none", label="candidate"))
        sheet.key([ax], [*handles, *nobody(nearest, "reaches none")])
    return ax


def _open(ax: Axes, x: Floats, y: Floats) -> None:
    """Mark sites where nothing is to be."""
    ax.plot(x, y, linestyle="none", markeredgewidth=0.8, zorder=3, gid="not chosen", **HOLLOW)


def _points(sites: GeoDataFrame, crs: Any) -> tuple[Floats, Floats]:
    """Where sites stand, in the coordinates of the map; of areas a point inside."""
    geometry = getattr(sites, "geometry", None)
    if geometry is None:
        msg = "the sites of this plan have no geometry to be drawn at: give them as a GeoDataFrame"
        raise GeographyError(msg)
    if crs is not None and geometry.crs is not None and geometry.crs != crs:
        geometry = geometry.to_crs(crs)
    points = geometry.representative_point()
    return points.x.to_numpy(), points.y.to_numpy()
