"""What differs between people, of values that all residents of a unit share: means, medians, ranks, tiers, draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.analysis.null_models import with_every_group
from segregation_tools.analysis.replicates import BATCH_BYTES, begun_by
from segregation_tools.analysis.resampling import people_drawn, units_drawn
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.population.options import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["between_tiers", "concentration_index", "drawn_values", "mean_over", "median_over"]

DUST = 1e-12  # of the largest value


def mean_over(people: Floats, values: Floats) -> Floats:
    """Mean of a value over people, without those for whom it is infinite; NaN where there are none.

    Parameters
    ----------
    people : ndarray of shape (…, units)
        How many live in each.
    values : ndarray of shape (units,)
        What they share.

    Returns
    -------
    ndarray of shape (…)
    """
    known = np.isfinite(values)
    many = people @ known.astype(np.float64)
    mean: Floats = np.where(many > 0, people @ np.where(known, values, 0.0) / np.where(many > 0, many, 1), np.nan)
    return mean


def median_over(people: Floats, values: Floats) -> Floats:
    """Lower median of a value over people: half of them have no more.

    Parameters
    ----------
    people : ndarray of shape (groups, units)
        How many live in each.
    values : ndarray of shape (units,)
        What they share; may be infinite.

    Returns
    -------
    ndarray of shape (groups,)
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(people[:, order], axis=1)
    half = below[:, -1:] / 2
    return np.asarray(values[order][(below >= half * (1 - 1e-12)).argmax(axis=1)])


def concentration_index(values: Floats, people: Floats, rank: Floats) -> Floats:
    """Concentration index of a value over people who are ranked: 2 cov(y, R) / mean(y).

    Parameters
    ----------
    values : ndarray of shape (units,)
        What the people of a unit share; the infinite are left out.
    people : ndarray of shape (units,)
        How many they are.
    rank : ndarray of shape (units,)
        By what they are ranked; those with the same are equals.

    Returns
    -------
    ndarray of shape ()
        From −1 to 1; NaN where the mean is 0 or there is nobody.
    """
    known = np.isfinite(values) & (people > 0) & ~np.isnan(rank)
    y, n = values[known], people[known]
    everyone = n.sum()
    if not (n * y).sum() > 0:
        return np.asarray(np.nan)
    _, at = np.unique(rank[known], return_inverse=True)
    equals = np.bincount(at, n)
    place = ((np.cumsum(equals) - equals / 2) / everyone)[at]
    return np.asarray(2 * (n * y * place).sum() / (n * y).sum() - 1)


def between_tiers(values: Floats, people: Floats, tiers: Sequence[Codes], pair: Floats | None) -> Floats:
    """Split the variance of a value between people, or its gap between two groups, by tier.

    Parameters
    ----------
    values : ndarray of shape (units,)
        What the people of a unit share; the infinite are left out.
    people : ndarray of shape (units,)
        How many they are.
    tiers : sequence of ndarray of int
        Place of each unit, broad to narrow.
    pair : ndarray of shape (2, units), or None
        People of two groups whose gap is split; None for the variance.

    Returns
    -------
    ndarray of shape (tiers + 1,)
        What lies between the places of each tier within those of the broader one; units last.
    """
    known = np.isfinite(values)
    y, n = np.where(known, values, 0.0), np.where(known, people, 0.0)
    means = [np.full(len(y), mean_over(n, y))]
    for code in tiers:
        many = np.bincount(code, n)
        means.append((np.bincount(code, n * y) / np.where(many > 0, many, 1))[code])
    steps = np.diff([*means, y], axis=0)
    steps[np.abs(steps) <= DUST * np.abs(y).max(initial=0.0)] = 0.0  # rounding of means
    if pair is None:
        return np.asarray(steps**2 @ n / n.sum() if n.sum() > 0 else np.full(len(steps), np.nan))
    counted = np.where(known, pair, 0.0)
    many = counted.sum(axis=1, keepdims=True)
    if not (many > 0).all():
        return np.full(len(steps), np.nan)
    one, other = counted / many
    return np.asarray(steps @ (one - other))


def drawn_values(
    pop: Population, measure: Callable[[Floats], Floats], draws: int, of: str, rng: np.random.Generator | int | None
) -> Floats:
    """Measure populations drawn from the population itself.

    Parameters
    ----------
    pop : Population
        Who lives where.
    measure : callable
        ``measure(people)``, people of shape (groups, units).
    draws : int
        How many.
    of : {"people", "units"}
        Who is drawn.
    rng : Generator or int
        Source of chance.

    Returns
    -------
    ndarray of shape (draws, …)
    """
    if one_of(of, "of", ("people", "units")) == "people":
        draw = people_drawn(pop)
    else:
        draw = with_every_group(units_drawn(pop), pop)
    root, at_once = begun_by(rng), max(1, BATCH_BYTES // (8 * pop.counts.size))
    found = []
    for first in range(0, draws, at_once):
        tables = draw(seeds_of(root, first, min(first + at_once, draws)))
        found += [measure(table.reshape(len(pop.groups), -1).astype(np.float64)) for table in tables]
    return np.stack(found)
