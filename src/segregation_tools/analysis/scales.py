"""Segregation as the neighbourhood grows: profiles over distances or people, and the ratio of the large to the small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import begun_by, measurable, quantiles, replicated, rows_of
from segregation_tools.environments.nearest import NearestPeople
from segregation_tools.environments.radius import Radius
from segregation_tools.errors import CapabilityError, OptionError, UndefinedWarning, warn
from segregation_tools.indices.index import Index
from segregation_tools.indices.together import values_in
from segregation_tools.population.options import real_number
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from segregation_tools.population.population import Population

__all__ = ["macro_micro", "profile"]

LEVEL = 0.95
ROUNDING = 1e-9  # a value below it is none


def profile(
    index: Index,
    pop: Population,
    *,
    radii: Sequence[float] | None = None,
    people: Sequence[float] | None = None,
    kernel: str = "uniform",
    rng: np.random.Generator | int | None = None,
    draws: int = 99,
) -> pd.DataFrame:
    """Value of an index as the neighbourhood of the residents grows.

    Parameters
    ----------
    index : Index
        With one value, or with one for each group or pair of groups; options are bound, ``sgt.atkinson.bind(b=0.9)``.
    pop : Population
        Without a local environment: the profile chooses them.
    radii : sequence of float, optional
        Distances in metres, scales of the kernel; 0 is those who live at the same place.
    people : sequence of float, optional
        Numbers of nearest people, instead of distances.
    kernel : str
        Of the distances, as in `Radius`.
    rng : Generator or int, optional
        Draws what chance alone would give: everyone is allotted to a group at random, and meets others within the same
        environments.
    draws : int
        How many populations are drawn.

    Returns
    -------
    DataFrame
        `scale` (metres or people), `group`, or `from` and `to`, where the index tells them apart, `value`; with `rng` also
        `low` and `high`, between which 95 of 100 drawn values lie at each scale.

    Raises
    ------
    CapabilityError
        If the index has values of single units only, or the population has an environment already.
    OptionError
        If not one of `radii` and `people` is given, or one is out of its range.

    Notes
    -----
    Where the mean of those met is not the mix of the region, as with any kernel near the edge of a city, values need not
    fall with scale and may be below 0.

    References
    ----------
    Reardon et al. 2008 (radii); Östh, Malmberg & Andersson 2014 (people).

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> profile(sgt.information_theory, pop, radii=[0, 2000, 10_000], rng=7).round(4)
         scale   value     low    high
    0      0.0  0.1710  0.0003  0.0004
    1   2000.0  0.1420 -0.0001  0.0004
    2  10000.0  0.0871 -0.0001  0.0003
    """
    pop = as_population(pop)
    if pop.recipe is not None:
        msg = "a profile chooses the environments itself: give it the population without one"
        raise CapabilityError(msg)
    index = measurable(index)
    if index.reads_map:
        msg = f"{index.__name__} reads the map itself and no local environment: it has no profile"
        raise CapabilityError(msg)
    draws = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    recipes = _recipes(radii, people, kernel)
    surroundings = [pop.within(recipe) for _, recipe in recipes]
    if surroundings[0].in_rows:
        values = values_in(surroundings, [index])
    else:  # one environment after the other: none is kept once the index has read it
        values = [values_in([pop.within(recipe)], [index])[0] for _, recipe in recipes]
    table = pd.DataFrame(
        [
            {"scale": scale, **row}
            for (scale, _), (value,) in zip(recipes, values, strict=True)
            for row in rows_of(value)
        ]
    )
    if rng is not None:
        drawn = replicated([index], surroundings, null_model("random_allocation", pop), begun_by(rng), 0, draws)
        table["low"], table["high"] = quantiles(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return table


def _recipes(
    radii: Sequence[float] | None, people: Sequence[float] | None, kernel: str
) -> list[tuple[float, Radius | NearestPeople]]:
    """Scales and their environments."""
    given = [scales for scales in (radii, people) if scales is not None]
    if len(given) != 1 or isinstance(given[0], str) or not hasattr(given[0], "__len__") or not len(given[0]):
        msg = "give radii=[...] (metres) or people=[...] (how many), one of the two, as a list"
        raise OptionError(msg)
    if people is None:
        radius = [Radius(metres, kernel) for metres in given[0]]
        return [(float(recipe.metres), recipe) for recipe in radius]
    if kernel != "uniform":
        msg = f"the nearest people all count alike: leave out kernel={kernel!r}, or give radii="
        raise OptionError(msg)
    nearest = [NearestPeople(k) for k in given[0]]
    return [(float(recipe.k), recipe) for recipe in nearest]


def macro_micro(
    index: Index, pop: Population, *, macro: float = 4000, micro: float = 500, kernel: str = "uniform"
) -> float:
    """Value of an index in large neighbourhoods over its value in small ones.

    Parameters
    ----------
    index : Index
        With one value.
    pop : Population
        Without a local environment.
    macro, micro : float
        The large and the small radius, in metres.
    kernel : str
        As in `Radius`.

    Returns
    -------
    float
        Near 1 where whole quarters differ from each other, near 0 where segregation is a matter of streets. NaN, with a
        warning, where there is none in small neighbourhoods.

    References
    ----------
    Lee et al. 2008; Reardon et al. 2008, who use the biweight kernel.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> tracts = sgt.load("sacramento").to_crs(32610)
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"])
    >>> round(macro_micro(sgt.information_theory, pop), 3)
    0.698
    """
    if isinstance(index, Index) and index.answer != "number":
        msg = f"{index.__name__} has several values; macro_micro takes an index with one: profile(...) takes any"
        raise CapabilityError(msg)
    large, small = profile(index, pop, radii=[macro, micro], kernel=kernel)["value"]
    if not abs(small) > ROUNDING:
        warn(f"macro_micro is undefined (NaN): {index.__name__} is {small} within {micro:g} metres", UndefinedWarning)
        return float("nan")
    return float(large / small)
