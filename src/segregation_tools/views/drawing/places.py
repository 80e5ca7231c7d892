"""Maps of values: shares of each group, local values of an index, any number of each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from segregation_tools.errors import CapabilityError, DataError, GeographyError, GroupError, OptionError, listed
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population
from segregation_tools.views.drawing.pairs import two_values
from segregation_tools.views.drawing.sheet import answer, colour_bar, plain, refuse_unused, words
from segregation_tools.views.maps import CLASSES, NOBODY, can_be_drawn, painted, shares_of
from segregation_tools.views.parts import refuse_rare

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from segregation_tools.views.drawing.sheet import Sheet

    Floats = NDArray[np.float64]

__all__ = ["aligned", "local_values", "nobody", "place_of", "population", "scaled", "several_values", "upwards"]

UPWARDS, BOTH_WAYS = "YlGnBu", "PuOr_r"
SHARE = "share of residents"


def place_of(on: Any) -> Geography | Grid:
    """Return where units lie.

    Parameters
    ----------
    on : Population, GeoDataFrame or GeoSeries
        What the caller gave.

    Returns
    -------
    Geography or Grid

    Raises
    ------
    OptionError
        If it is nothing of the kind.
    GeographyError
        If there is no geometry.
    """
    if isinstance(on, Population):
        place = on.geography
        if not can_be_drawn(on):
            _ = place.geometry if isinstance(place, Geography) else None  # says how to come by it
            msg = "there is nothing to draw: the geometry of all units is missing or empty"
            raise GeographyError(msg)
        return place
    geometry = getattr(on, "geometry", None)
    if geometry is None:
        kind = "nothing" if on is None else type(on).__name__
        msg = f"a map needs to know where the units lie: on=pop, or the GeoDataFrame of the values; it is {kind}"
        raise OptionError(msg)
    return Geography(on.index, geometry)


def aligned(values: Any, place: Geography | Grid) -> Floats:
    """Lay values of units out as the place has them.

    Parameters
    ----------
    values : Series on the units, or ndarray of the shape of a grid
        Numbers, NaN where there is none.
    place : Geography or Grid
        Where units lie.

    Returns
    -------
    ndarray of the shape of the place
        NaN of units without a value.

    Raises
    ------
    DataError
        If labels or shapes do not fit, or values are no finite numbers.
    """
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "biuf":
        msg = f"a map is of numbers, and these are {numbers.dtype}: draw a column of numbers"
        raise DataError(msg)
    numbers = numbers.astype(np.float64)
    if np.isinf(numbers).any():
        msg = "some values are infinite, which have no place on a scale: values.replace([np.inf, -np.inf], np.nan)"
        raise DataError(msg)
    if isinstance(values, pd.Series):
        return _by_label(values.index, numbers, place.units).reshape(place.shape)
    if isinstance(place, Grid) and numbers.shape == place.shape:
        return numbers
    told = f"{' × '.join(map(str, numbers.shape))} values, and the place has {' × '.join(map(str, place.shape))} units"
    msg = f"these are {told}: give a Series on the labels of the units, or of a grid an array of its rows and columns"
    raise DataError(msg)


def _by_label(labels: pd.Index[Any], numbers: Floats, units: pd.Index[Any]) -> Floats:
    if not labels.is_unique:
        msg = f"some units have two values: {listed(labels[labels.duplicated()].unique())}"
        raise DataError(msg)
    at = units.get_indexer(labels)
    if (at < 0).any():
        msg = f"values of units that are not on the map: {listed(labels[at < 0])}; units are {listed(units)}"
        raise DataError(msg)
    laid = np.full(len(units), np.nan)
    laid[at] = numbers
    return laid


def scaled(
    values: Floats,
    cmap: str | Colormap | None,
    classes: Sequence[float] | None,
    vmin: float | None,
    vmax: float | None,
) -> tuple[Colormap, Normalize]:
    """Choose the colours of a scale: from pale to dark, or, where values lie on both sides of 0, two ways from there.

    Parameters
    ----------
    values : ndarray
        All that is drawn.
    cmap : str, Colormap or None
        As in matplotlib.
    classes : sequence of float, optional
        Edges of classes; without, colours change gradually.
    vmin, vmax : float, optional
        Ends of the scale.

    Returns
    -------
    cmap : Colormap
    norm : Normalize

    Raises
    ------
    DataError
        If there are no values.
    OptionError
        If edges do not ascend.
    """
    if np.isnan(values).all():
        msg = "there is nothing to draw: no unit has a value"
        raise DataError(msg)
    if classes is not None:
        edges = [real_number(edge, "classes", -np.inf, "edges of classes") for edge in classes]
        if len(edges) < 2 or not (np.diff(edges) > 0).all():
            msg = f"classes must be two or more edges that ascend, such as (0, 0.1, 0.5, 1), not {classes!r}"
            raise OptionError(msg)
        many = len(edges) - 1
        return upwards(many) if cmap is None else colormaps.get_cmap(cmap).resampled(many), BoundaryNorm(edges, many)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    both_ways = low < 0 < high
    if both_ways:
        low, high = -max(-low, high), max(-low, high)
    ends = Normalize(low if vmin is None else vmin, high if vmax is None else vmax)
    if cmap is None and not both_ways:
        return upwards(256), ends
    return colormaps.get_cmap(cmap or BOTH_WAYS), ends


def upwards(many: int) -> ListedColormap:
    """Take colours from pale to dark; the palest can still be told from the page.

    Parameters
    ----------
    many : int
        How many.

    Returns
    -------
    ListedColormap
    """
    return ListedColormap(colormaps[UPWARDS](np.linspace(0.06, 1, many)), name=UPWARDS)


def nobody(values: Floats, label: str) -> list[Patch]:
    """Explain units without a value, where there are any.

    Parameters
    ----------
    values : ndarray
        Of all units.
    label : str
        What they have in common.

    Returns
    -------
    list of Patch
    """
    return [Patch(facecolor=NOBODY, label=label)] if np.isnan(values).any() else []


def population(
    pop: Population,
    sheet: Sheet,
    *,
    column: Hashable | Sequence[Hashable] | None = None,
    bivariate: bool = False,
    cmap: str | Colormap | None = None,
    classes: Sequence[float] | None = None,
    min_count: float = 5,
    legend: bool = True,
    **look: Any,
) -> Axes | NDArray[Any]:
    """Draw the share of each group among the residents of each unit, all on one scale.

    Parameters
    ----------
    pop : Population
        With geometry, or a grid.
    sheet : Sheet
        Where.
    column : hashable or sequence, optional
        Which are drawn; all without.
    bivariate : bool
        Whether two columns share one map.
    cmap : str or Colormap, optional
        Colours.
    classes : sequence of float, optional
        Edges of classes.
    min_count : float
        Fewest people of a group that is put on a map.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes or ndarray of Axes
    """
    place = place_of(pop)
    groups = list(pop.groups) if column is None else _named(column, pop.groups)
    refuse_rare(pop[groups], real_number(min_count, "min_count", 0, "a number of people"), "map")
    shares = [shares_of(pop, group) for group in groups]
    if bivariate:
        refuse_unused("of two values on one map, whose colours are fixed", cmap=cmap, classes=classes)
        return two_values(place, shares, list(map(plain, groups)), sheet, "no residents", legend, percent=True, **look)
    colours, norm = scaled(np.stack(shares), cmap, CLASSES if classes is None else classes, None, None)
    axes = sheet.several(len(groups), "name one group, column=...")
    for ax, group, values in zip(axes, groups, shares, strict=True):
        painted(place, values, ax, cmap=colours, norm=norm, **look)
        ax.set_title(plain(group))
    if legend:
        percent = PercentFormatter(1, decimals=0)
        colour_bar(axes, np.stack(shares), colours, norm, SHARE, alpha=look.get("alpha"), spelled=percent)
        sheet.key(axes, nobody(shares[0], "no residents"))
    return answer(axes)


def _named(column: Any, groups: Sequence[Hashable]) -> list[Hashable]:
    """Read one group, or a list of them."""
    named = [column] if column in groups else list(column) if isinstance(column, (list, tuple)) else [column]
    strangers = [group for group in named if group not in groups]
    if strangers or not named:
        msg = f"column must be one of {listed(groups)}, or a list of them; not so: {listed(strangers) or 'none'}"
        raise GroupError(msg)
    return named


def local_values(
    values: pd.Series[Any] | Floats,
    sheet: Sheet,
    *,
    on: Any = None,
    cmap: str | Colormap | None = None,
    classes: Sequence[float] | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    label: str | None = None,
    legend: bool = True,
    **look: Any,
) -> Axes | NDArray[Any]:
    """Draw one value of each unit.

    Parameters
    ----------
    values : Series or ndarray
        On the units; of a grid, of its shape.
    sheet : Sheet
        Where.
    on : Population, GeoDataFrame or GeoSeries, optional
        Where the units lie.
    cmap : str or Colormap, optional
        Colours.
    classes : sequence of float, optional
        Edges of classes.
    vmin : float, optional
        Low end of the scale.
    vmax : float, optional
        High end of the scale.
    label : str, optional
        What is drawn, for the key.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes or ndarray of Axes
    """
    place = place_of(on)
    laid = aligned(values, place)
    colours, norm = scaled(laid, cmap, classes, vmin, vmax)
    ax = sheet.one()
    painted(place, laid, ax, cmap=colours, norm=norm, **look)
    if legend:
        named = getattr(values, "name", None) or ""
        told = words(named) if label is None else plain(label)
        colour_bar([ax], laid, colours, norm, told, alpha=look.get("alpha"))
        sheet.key([ax], nobody(laid, "no value"))
    return ax


def several_values(
    values: pd.DataFrame,
    sheet: Sheet,
    *,
    on: Any = None,
    column: Hashable | Sequence[Hashable] | None = None,
    bivariate: bool = False,
    cmap: str | Colormap | None = None,
    classes: Sequence[float] | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    label: str | None = None,
    legend: bool = True,
    **look: Any,
) -> Axes | NDArray[Any]:
    """Draw some values of each unit, each on its own map and all on one scale.

    Parameters
    ----------
    values : DataFrame
        Units × columns.
    sheet : Sheet
        Where.
    on : Population, GeoDataFrame or GeoSeries, optional
        Where the units lie.
    column : hashable or sequence, optional
        Which are drawn; all without.
    bivariate : bool
        Whether two columns share one map.
    cmap : str or Colormap, optional
        Colours.
    classes : sequence of float, optional
        Edges of classes.
    vmin : float, optional
        Low end of the scale.
    vmax : float, optional
        High end of the scale.
    label : str, optional
        What is drawn, for the key.
    legend : bool
        Whether what is drawn is explained.
    **look
        As in `painted`.

    Returns
    -------
    Axes or ndarray of Axes
    """
    own = getattr(values, "geometry", None)  # of a GeoDataFrame
    if on is None and own is None:
        msg = (
            "this table is neither exposure, compare, profile nor a segregation curve, which are told by their columns; "
            "for maps of values of units, say where these lie: on=pop"
        )
        raise CapabilityError(msg)
    place = place_of(values if on is None else on)
    columns = list(values.columns if own is None else values.columns.drop(own.name))
    names = columns if column is None else _named(column, columns)
    laid = [aligned(values[name], place) for name in names]
    if bivariate:
        fixed = {"cmap": cmap, "classes": classes, "vmin": vmin, "vmax": vmax, "label": label}
        refuse_unused("of two values on one map, whose colours are fixed", **fixed)
        return two_values(place, laid, list(map(plain, names)), sheet, "no value", legend, percent=False, **look)
    colours, norm = scaled(np.stack(laid), cmap, classes, vmin, vmax)
    axes = sheet.several(len(names), "name one column, column=...")
    for ax, name, numbers in zip(axes, names, laid, strict=True):
        painted(place, numbers, ax, cmap=colours, norm=norm, **look)
        ax.set_title(plain(name))
    if legend:
        colour_bar(axes, np.stack(laid), colours, norm, plain(label or ""), alpha=look.get("alpha"))
        sheet.key(axes, nobody(np.stack(laid), "no value"))
    return answer(axes)
