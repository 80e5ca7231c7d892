"""One verb that draws whatever the library gives: which picture belongs to which type, in one list."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from segregation_tools.analysis.chance import NullTest
from segregation_tools.analysis.change import ChangeDecomposition
from segregation_tools.analysis.nested import TierDecomposition
from segregation_tools.analysis.resampling import Bootstrap
from segregation_tools.autocorrelation.local import LocalAutocorrelation
from segregation_tools.errors import CapabilityError, OptionError
from segregation_tools.planning.facilities.placing import FacilityFrontier, FacilityPlan
from segregation_tools.planning.frontier import Frontier
from segregation_tools.planning.homes.siting import HomePlan
from segregation_tools.planning.neutral import NeutralPlans
from segregation_tools.planning.plan import Plan
from segregation_tools.population.population import Population
from segregation_tools.views.drawing import (
    clusters,
    draws,
    frontiers,
    intervals,
    lines,
    matrices,
    places,
    sites,
    waterfalls,
    zoning,
)
from segregation_tools.views.drawing.sheet import Sheet, plain
from segregation_tools.views.maps import painted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw"]


class Picture(NamedTuple):
    """What is drawn how.

    Attributes
    ----------
    kind : type
        Of what is drawn.
    about : str
        What that is, for people.
    draws : callable
        ``draws(x, sheet, **style)``.
    fits : callable
        Whether a thing of that type is one of these.
    """

    kind: type
    about: str
    draws: Callable[..., Any]
    fits: Callable[[Any], bool] = lambda x: True


# The first that fits is drawn.
PICTURES = (
    Picture(Population, "a Population", places.population),
    Picture(LocalAutocorrelation, "local_moran and its like", clusters.clusters),
    Picture(TierDecomposition, "decompose_tiers", waterfalls.tiers),
    Picture(ChangeDecomposition, "decompose_change", waterfalls.causes),
    Picture(NullTest, "null_test", draws.null_tests),
    Picture(Bootstrap, "bootstrap and difference", draws.resampled),
    Picture(NeutralPlans, "neutral_plans", draws.neutral),
    Picture(Plan, "rezone and score", zoning.zones),
    Picture(Frontier, "frontier", frontiers.zones),
    Picture(FacilityFrontier, "facility_frontier", frontiers.facilities),
    Picture(HomePlan, "site_homes", sites.homes),
    Picture(FacilityPlan, "place_facilities", sites.facilities),
    Picture(Mapping, "a dict of name to Bootstrap", intervals.bootstraps),
    Picture(pd.DataFrame, "exposure (rows 'from', columns 'to')", matrices.meetings, matrices.is_matrix),
    Picture(
        pd.DataFrame, "compare (columns place, index, adjusted, low, high)", intervals.compared, intervals.is_compared
    ),
    Picture(pd.DataFrame, "profile (columns scale, value)", lines.scales, lines.is_profile),
    Picture(pd.DataFrame, "segregation_curve (two columns from 0 to 1)", lines.steps, lines.is_curve),
    Picture(pd.DataFrame, "values of units × columns, with on=", places.several_values),
    Picture(pd.Series, "a value of each unit, with on=", places.local_values),
    Picture(np.ndarray, "a value of each cell of a grid, with on=", places.local_values),
)

OF_ANY = ("figsize", "title")
OF_MAPS = tuple(sorted(set(inspect.signature(painted).parameters) & {"edgecolor", "linewidth", "alpha", "markersize"}))


def draw(x: Any, *, ax: Axes | None = None, **style: Any) -> Axes | NDArray[Any]:
    """Draw a result: which picture is decided by what it is.

    Parameters
    ----------
    x : object
        A result of the library, as in the table below.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Without it a figure is made, as ``GeoDataFrame.plot`` makes one, and shown by a notebook. A picture of
        several panels makes its own figure, and refuses `ax` with a way to ask for one panel.
    **style
        Of any picture: `title` (text), `figsize` (inches; not with `ax`). Of all maps: `legend`, `edgecolor`, `linewidth`,
        `alpha`, `markersize` (where units are points), as in ``GeoDataFrame.plot``. Of one kind of picture: as in the table.

    Returns
    -------
    matplotlib.axes.Axes, or ndarray of Axes
        An array where there are several panels, in the order of the groups, columns, indices or dates.

    Raises
    ------
    TypeError
        If a keyword means nothing for this picture; its choices are named.
    CapabilityError
        If there is no picture of such a thing; those that there are are named.
    OptionError, DataError, GeographyError, GroupError
        If there is nothing to draw, a map has no geometry, or an option does not fit.

    Notes
    -----
    What is drawn, and with which keywords:

    =================================== ========================================================================
    `Population`                        map of shares of each group, all on one scale: `column` (a group, or a list),
                                        `classes` (edges), `cmap`, `min_count`; ``bivariate=True`` with two columns
    Series on the units (local values)  map of values: ``on=pop`` (or a GeoDataFrame), `cmap`, `classes`, `vmin`, `vmax`,
                                        `label`
    DataFrame of units × columns        the same for each column: `on` (a GeoDataFrame needs none), `column`,
                                        ``bivariate=True`` with two columns …
    `local_moran` and its like          map of clusters: `on`
    `segregation_curve`                 curve beside an even spread: `color`, `linestyle`, `linewidth`, `label`,
                                        `legend`; once more with its `ax` adds a curve
    `profile`                           value by scale, with what chance gives: `color`, `xlabel`, `ylabel`, `legend`
    `exposure` and its like             table of colours; ``on=pop`` sets that expected by chance beside it: `cmap`
    `decompose_tiers`                   parts that add up to the whole: `color`
    `decompose_change`                  the same of causes: `rises`, `falls` (colours)
    `compare`                           places and intervals beyond chance: `color`
    dict of name to `bootstrap`         values and intervals: `level`, `method`, `color`
    `bootstrap`, `difference`           histogram of draws: `level`, `method`, `bins`, `color`, `legend`
    `null_test`                         histogram of draws: `bins`, `color`, `legend`
    `neutral_plans`                     histogram of plans: `plan`, `what` (index or measure), `bins`, `color`, `legend`
    `rezone`, `score`                   zones today and in the plan: `date` (``"today"`` or ``"plan"``), `names`, `legend`
    `frontier`                          moves against the index: `chosen` (a row, or a plan), `color`, `legend`
    `facility_frontier`                 meetings against the goal: `chosen` (a row), `color`, `legend`
    `site_homes`                        homes at their sites: `column` (a tenure), `color`, `legend`; or
                                        ``kind="by_lot"``, the plan among those drawn by lot
    `place_facilities`                  sites and the way to the nearest: `cmap`, `vmin`, `vmax`, `color`, `names`
    =================================== ========================================================================

    A table is told by its columns: `exposure` by rows called `from` and columns called `to`, `compare` by `place`, `index`,
    `adjusted`, `low` and `high`, `profile` by `scale` and `value`, a curve by two columns that rise from 0 to 1. Any other
    is taken for values of units.

    Every group is drawn like any other: one scale, the order given. Shares are drawn in the classes of the report, and, as
    there, not of a group with fewer than `min_count` people in the whole region. Settings of matplotlib are not touched.

    Examples
    --------
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), ["white", "black", "asian", "hispanic"])
    >>> panels = sgt.draw(pop)
    >>> [ax.get_title() for ax in panels]
    ['white', 'black', 'asian', 'hispanic']
    >>> curve = sgt.draw(sgt.segregation_curve(pop[["black", "white"]]), title="Sacramento, 2000")
    >>> curve.get_title()
    'Sacramento, 2000'

    Local values know their units, and the population where those lie:

    >>> ax = sgt.draw(sgt.information_theory.local(pop), on=pop, vmin=-0.5, vmax=0.5)

    >>> from matplotlib import pyplot
    >>> pyplot.close("all")
    """
    picture = _picture_of(x)
    known = _keywords(picture.draws)
    unknown = [name for name in style if name not in known]
    if unknown:
        msg = f"draw() of {picture.about} has no keyword {', '.join(unknown)}; it takes ax, {', '.join(known)}"
        raise TypeError(msg)
    title, figsize = style.pop("title", None), style.pop("figsize", None)
    _check(ax, title, figsize)
    sheet = Sheet(ax, figsize)
    try:
        drawn: Axes | NDArray[Any] = picture.draws(x, sheet, **style)
    except BaseException:
        sheet.discard()
        raise
    if isinstance(title, str):
        _entitle(drawn, plain(title))
    return drawn


def _picture_of(x: Any) -> Picture:
    found = next((one for one in PICTURES if isinstance(x, one.kind) and one.fits(x)), None)
    if found is None:
        msg = f"there is no picture of {type(x).__name__}; drawn are: {'; '.join(one.about for one in PICTURES)}"
        raise CapabilityError(msg)
    return found


def _keywords(draws: Callable[..., Any]) -> list[str]:
    """List the keywords of a picture, those of all maps and of any picture among them."""
    parameters = inspect.signature(draws).parameters.values()
    own = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    of_maps = OF_MAPS if any(one.kind is one.VAR_KEYWORD for one in parameters) else ()
    return [*own, *of_maps, *OF_ANY]


def _check(ax: Any, title: Any, figsize: Any) -> None:
    if ax is not None and not isinstance(ax, Axes):
        msg = f"ax must be matplotlib Axes, as plt.subplots() gives them, not {type(ax).__name__}"
        raise OptionError(msg)
    if ax is not None and figsize is not None:
        msg = "figsize is of a figure that is made, and ax has one already: leave out one of the two"
        raise OptionError(msg)
    if title is not None and not isinstance(title, str):
        msg = f"title must be text, not {title!r}"
        raise OptionError(msg)


def _entitle(drawn: Axes | NDArray[Any], title: str) -> None:
    if isinstance(drawn, Axes):
        drawn.set_title(title)
    else:
        drawn[0].figure.suptitle(title)
