"""Social frontiers: borders at which the mix of people changes sharply from one side to the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import whole_people
from segregation_tools.errors import CapabilityError, DataError, DataWarning, GeographyError, OptionError, warn
from segregation_tools.indices.placed import without_environment
from segregation_tools.population.options import one_of, real_number, source_of_chance
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Array = NDArray[np.float64]
    Sides = tuple[NDArray[np.intp], NDArray[np.intp]]

__all__ = ["social_frontiers"]

DRAWS = 999
MOST = 1_000_000_000  # people that NumPy deals out
NULLS = ("permuted_units", "permuted_people")
ALL_PAIRS = 20_000  # units of which all pairs are compared
TIE = 1e-12  # differences that are closer are one


def social_frontiers(
    data: Population | pd.DataFrame,
    /,
    *,
    groups: Sequence[Hashable] | None = None,
    null: str = "permuted_people",
    at_least: float = 0.0,
    fdr: float = 0.05,
    draws: int | None = None,
    rng: np.random.Generator | int | None = None,
) -> GeoDataFrame:
    """Rank the borders of a city by how much the mix of people differs between their two sides, and test them.

    The difference is half of Σ_g abs(p_ag − p_bg): the share of either side that would have to be other people for both to
    be alike; with two groups, the difference of their shares.

    Parameters
    ----------
    data : Population or GeoDataFrame
        A frame needs `groups`.
    groups : sequence, optional
        Columns of counts.
    null : {"permuted_people", "permuted_units"}
        What a difference is held against. The people of the two sides, dealt out anew with the sizes of the units kept: do
        the sides differ by more than chance? Or the units, dealt to other places: do the two sides differ more than two
        units taken anywhere in the city? In a divided city few borders do, for most pairs of units differ.
    at_least : float
        Smallest difference that is called a frontier. Where units are large, nearly every difference is more than chance.
    fdr : float
        Expected share of false ones among the frontiers (Benjamini & Hochberg).
    draws : int, optional
        Without, two groups and pairs of units are tested exactly, and the people of more groups are dealt out 999 times. How
        often people are dealt out, or how many pairs of units are drawn, which is needed above 20,000 units.
    rng : Generator or int, optional
        Source of chance; needed only where there are draws.

    Returns
    -------
    GeoDataFrame
        One row a border between two units with residents, the sharpest first: `unit`, `neighbour`, `difference` (0 to 1),
        `metres` of border, `p_value`, `q_value` (smallest `fdr` at which the difference counts), `frontier`, and the line
        itself as `geometry`.

    Raises
    ------
    GeographyError
        If units are no polygons, or none share a border.
    CapabilityError
        If there are too many units to compare all pairs, or the population has a local environment.
    DataError
        If people cannot be dealt out because they are no whole numbers.

    See Also
    --------
    boundary_dissimilarity : What such differences take from D, in one number.

    Notes
    -----
    All pairs of units together are the exact distribution of one border's difference over all ways to permute the units, and
    of two groups the members on one side are hypergeometric: no draws are needed. Where there are draws, p-values are no
    smaller than 1/(draws + 1), and among many borders none may be small enough; a warning then says how many it takes.
    Units should not overlap: a border is where outlines run along each other. Neighbours of one unit have it in common, so
    that tests are not independent; Benjamini & Hochberg's control holds under such positive dependence. Dean et al. (2019)
    fit a Bayesian model of spatial smoothing instead.

    References
    ----------
    Dean, N., Dong, G., Piekut, A. & Pryce, G. (2019), Tijdschrift voor Economische en Sociale Geografie 110, 271–288.
    Benjamini, Y. & Hochberg, Y. (1995), Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    Where the two halves of a city meet, and nowhere else.

    >>> borders = sgt.social_frontiers(sgt.synthetic_city("ghetto"))
    >>> len(borders), int(borders["frontier"].sum()), borders["difference"][:10].min(), borders["difference"][10:].max()
    (180, 10, np.float64(1.0), np.float64(0.0))
    """
    from geopandas import GeoDataFrame
    from scipy.stats import false_discovery_control

    pop = without_environment(as_population(data, groups), "social_frontiers")
    one_of(null, "null", NULLS)
    least = real_number(at_least, "at_least", 0, "a difference from 0 to 1")
    if not real_number(fdr, "fdr", 0, "a share of false ones", above=True) < 1:
        msg = f"fdr must be below 1, not {fdr!r}"
        raise OptionError(msg)
    if least > 1:
        msg = f"at_least must be a difference from 0 to 1, not {at_least!r}"
        raise OptionError(msg)
    if draws is not None:
        draws = int(real_number(draws, "draws", 1, "a whole number", whole=True))
    counts = whole_people(pop) if null == "permuted_people" else pop.counts.reshape(len(pop.groups), -1)
    people = counts.sum(axis=0)
    shared = pop.geography.borders.tocoo()
    a, b = shared.coords
    real = (a < b) & (people[a] > 0) & (people[b] > 0)
    a, b, metres = a[real], b[real], shared.data[real]
    if not len(a):
        msg = "no two units with residents share a border"
        raise GeographyError(msg)
    mixes = counts / np.where(people > 0, people, 1)
    difference = _difference(mixes[:, a], mixes[:, b])
    if null == "permuted_units":
        p_value = _beside_other_pairs(difference, mixes[:, people > 0], draws, rng)
    elif len(counts) == 2 and draws is None:
        p_value = _dealt_out_anew(difference, counts, (a, b))
    else:
        draws = DRAWS if draws is None else draws
        p_value = _drawn_anew(difference, counts, (a, b), draws, source_of_chance(rng), pop.units)
    q_value = false_discovery_control(p_value)
    if draws is not None:
        _warn_of_few_draws(draws, p_value, q_value, fdr)
    frontier = (q_value <= fdr) & (difference >= least)
    lines = pop.geography.border_lines(a, b)
    borders = pd.DataFrame(
        {
            "unit": pop.units.to_flat_index()[a],
            "neighbour": pop.units.to_flat_index()[b],
            "difference": difference,
            "metres": metres,
            "p_value": p_value,
            "q_value": q_value,
            "frontier": frontier,
        }
    )
    ranked: GeoDataFrame = GeoDataFrame(borders, geometry=lines).sort_values(
        ["difference", "metres"], ascending=False, kind="stable", ignore_index=True
    )
    return ranked


def _difference(one: Array, other: Array) -> Array:
    half: Array = np.abs(one - other).sum(axis=0) / 2
    return half


def _beside_other_pairs(
    difference: Array, mixes: Array, draws: int | None, rng: np.random.Generator | int | None
) -> Array:
    """Share of pairs of units, of all or of those drawn, that differ as much."""
    units = mixes.shape[1]
    least = np.sort(difference) - TIE
    as_much = np.zeros(len(least) + 1, dtype=np.int64)  # pairs that reach just so many of the sorted differences
    if draws is not None:
        chance = source_of_chance(rng)
        one = chance.integers(units, size=draws)
        other = (one + chance.integers(1, units, size=draws)) % units
        as_much += np.bincount(np.searchsorted(least, _difference(mixes[:, one], mixes[:, other]), "right"),
                               minlength=len(as_much))  # fmt: skip
        pairs, seen = draws + 1, 1
    elif units > ALL_PAIRS:
        msg = f"{units:,} units have too many pairs to compare them all: draw some, draws=1_000_000, rng=7"
        raise CapabilityError(msg)
    else:
        for i in range(units - 1):
            found = np.searchsorted(least, _difference(mixes[:, i : i + 1], mixes[:, i + 1 :]), "right")
            as_much += np.bincount(found, minlength=len(as_much))
        pairs, seen = units * (units - 1) // 2, 0
    reached = as_much[::-1].cumsum()[::-1][1:]  # how many pairs reach each of the sorted differences
    p_value = np.empty(len(difference))
    p_value[np.argsort(difference)] = (reached + seen) / pairs
    return p_value


def _dealt_out_anew(difference: Array, people: NDArray[np.int64], sides: Sides) -> Array:
    """Chance that two sides differ as much, of two groups: k of K members fall to the side of t people, hypergeometric.

    The difference k/t − (K − k)/t' grows with k, so that it is as large beyond one k and below another.
    """
    from scipy.stats import hypergeom

    (one, here), (two, there) = ((people[0, side], people[:, side].sum(axis=0)) for side in sides)
    members, everyone = one + two, here + there
    per_member = 1 / here + 1 / there
    far = np.ceil((members / there + difference - TIE) / per_member)
    near = np.floor((members / there - difference + TIE) / per_member)
    chance = hypergeom(everyone, members, here)
    p_value: Array = np.minimum(chance.sf(far - 1) + chance.cdf(near), 1)
    return p_value


def _drawn_anew(
    difference: Array,
    people: NDArray[np.int64],
    sides: Sides,
    draws: int,
    rng: np.random.Generator,
    units: pd.Index[Any],
) -> Array:
    """Share of deals, the real one included, in which the two sides of a border differ as much, of many groups."""
    p_value = np.empty(len(difference))
    for i, (a, b) in enumerate(zip(*sides, strict=True)):
        both = people[:, a] + people[:, b]
        if both.sum() >= MOST:
            msg = f"{units[a]!r} and {units[b]!r} hold {both.sum():,} people, more than can be dealt out: compare "
            msg += "units, null='permuted_units'"
            raise DataError(msg)
        here = rng.multivariate_hypergeometric(both, people[:, a].sum(), size=draws, method="marginals").T
        there = both[:, np.newaxis] - here
        drawn = _difference(here / people[:, a].sum(), there / people[:, b].sum())
        p_value[i] = (1 + np.count_nonzero(drawn >= difference[i] - TIE)) / (draws + 1)
    return p_value


def _warn_of_few_draws(draws: int, p_value: Array, q_value: Array, fdr: float) -> None:
    """Warn where borders that no draw reaches are no frontiers, only because there are too few draws."""
    beyond = p_value <= 1 / (draws + 1)
    if beyond.any() and q_value[beyond].min() > fdr:
        needed = math.ceil(len(p_value) / fdr)
        warn(
            f"with draws={draws} no p-value is below {1 / (draws + 1):.2g}, too coarse to tell the "
            f"{np.count_nonzero(beyond)} sharpest of {len(p_value)} borders from chance: draws={needed} tells",
            DataWarning,
        )
