"""An index measured on many tables of the same units: draws of a null model, of a resampling, of an error."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.indices.index import Index
from segregation_tools.indices.together import values_in
from segregation_tools.kernels.pool import late_bar
from segregation_tools.kernels.sample import seeds_of
from segregation_tools.population.chunked.cluster import on_workers
from segregation_tools.population.environment import joined
from segregation_tools.population.options import real_number, source_of_chance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = [
    "begun_by",
    "checked_level",
    "labelled_like",
    "mean_of",
    "measurable",
    "measured",
    "one_value",
    "quantiles",
    "replicated",
    "rows_of",
    "spread_of",
]

BATCH_BYTES = 32_000_000  # of counts that meet their surroundings together
ROOTS = 2**63
TASKS, MOST_A_TASK = 64, 100  # draws are dealt to workers in so many parts, or in more of so many draws


def begun_by(rng: np.random.Generator | int | None) -> int:
    """Take the number with which draws begin from a source of chance.

    Parameters
    ----------
    rng : Generator or int
        Source of chance.

    Returns
    -------
    int
        Draw r of it is the same however many are drawn, at once or one after the other, and on any number of threads.

    Raises
    ------
    OptionError
        If it is none.
    """
    return int(source_of_chance(rng).integers(ROOTS))


def checked_level(level: float) -> float:
    """Return the level of an interval.

    Parameters
    ----------
    level : float
        How often such intervals hold the truth.

    Returns
    -------
    float

    Raises
    ------
    OptionError
        If it does not lie between 0 and 1.
    """
    if not 0 < real_number(level, "level", 0, "a share of intervals", above=True) < 1:
        msg = f"level must lie between 0 and 1, such as 0.95, not {level!r}"
        raise OptionError(msg)
    return level


def measurable(index: Any) -> Index:
    """Return an index with a value, or with one for each group or pair of groups.

    Parameters
    ----------
    index : Index
        What is to be measured.

    Returns
    -------
    Index

    Raises
    ------
    OptionError
        If it is no index.
    CapabilityError
        If it has values of single units only.
    """
    if not isinstance(index, Index):
        msg = f"index must be an index, such as sgt.dissimilarity, not {index!r}; sgt.shelf() lists them"
        raise OptionError(msg)
    if index.answer == "units":
        msg = f"{index.__name__} has a value for each unit and none for all: there is nothing to set beside chance"
        raise CapabilityError(msg)
    return index


def replicated(
    indices: Sequence[Index],
    pops: Sequence[Population],
    draw: Callable[[Seeds], Floats],
    root: int,
    first: int,
    last: int,
    client: Any = None,
) -> Floats:
    """Measure indices on draws, each population in its own environment.

    Parameters
    ----------
    indices : sequence of Index
        What is measured.
    pops : sequence of Population
        The same people in one environment or in several.
    draw : callable
        ``draw(seeds)`` gives counts, (draws, groups, …).
    root : int
        From `begun_by`.
    first, last : int
        Which draws.
    client : dask.distributed.Client, optional
        Whose workers draw and measure; without, it is done here. The values are the same.

    Returns
    -------
    ndarray of shape (last − first, values)
        Values of the first population, index by index, then of the next. A bar tells how far it is if it takes long.
    """
    work = partial(_drawn_and_measured, indices, pops, draw, root)
    if client is None:
        values = work(first, last)
    else:
        size = max(1, min(MOST_A_TASK, -(-(last - first) // TASKS)))
        ranges = [(begin, min(begin + size, last)) for begin in range(first, last, size)]
        values = np.concatenate(on_workers(client, work, ranges))
    undefined = int(np.isnan(values).any(axis=1).sum())
    if undefined:
        names = listed([index.__name__ for index in indices])
        warn(f"{names} is undefined (NaN) in {undefined} of {len(values)} draws: they are left out", UndefinedWarning)
    return values


def _drawn_and_measured(
    indices: Sequence[Index],
    pops: Sequence[Population],
    draw: Callable[[Seeds], Floats],
    root: int,
    first: int,
    last: int,
) -> Floats:
    at_once = max(1, BATCH_BYTES // (8 * pops[0].counts.size))
    found: list[Floats] = []
    with late_bar() as tell:
        for begin in range(first, last, at_once):
            tables = draw(seeds_of(root, begin, min(begin + at_once, last)))
            for value in measured(indices, pops, tables):
                found.append(value)
                if tell is not None:
                    tell(len(found) / (last - first))
    return np.stack(found)


def mean_of(draws: Floats) -> Floats:
    """Mean of each value over the draws in which it is defined; NaN where there are none.

    Parameters
    ----------
    draws : ndarray of shape (draws, values)
        From `replicated`.

    Returns
    -------
    ndarray of shape (values,)
    """
    defined = ~np.isnan(draws)
    many = defined.sum(axis=0)
    return np.where(many > 0, np.where(defined, draws, 0).sum(axis=0) / np.maximum(many, 1), np.nan)


def spread_of(draws: Floats) -> Floats:
    """Take the standard deviation of each value over the draws in which it is defined; NaN where there are fewer than two.

    Parameters
    ----------
    draws : ndarray of shape (draws, values)
        From `replicated`.

    Returns
    -------
    ndarray of shape (values,)
    """
    many = (~np.isnan(draws)).sum(axis=0)
    squares = np.nansum((draws - mean_of(draws)) ** 2, axis=0)
    return np.where(many > 1, np.sqrt(squares / np.maximum(many - 1, 1)), np.nan)


def measured(indices: Sequence[Index], pops: Sequence[Population], tables: Floats) -> Iterator[Floats]:
    """Measure indices on each of some tables.

    Parameters
    ----------
    indices : sequence of Index
        What is measured.
    pops : sequence of Population
        The same people in one environment or in several.
    tables : ndarray of shape (tables, groups, …)
        Other people in the same units.

    Yields
    ------
    ndarray of shape (values,)
    """
    met = [_met(pop, tables) for pop in pops]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedWarning)  # NaN says it, once for all draws
        for r, counts in enumerate(tables):
            drawn = [
                pop.redrawn(counts, None if there is None else there[r]) for pop, there in zip(pops, met, strict=True)
            ]
            yield np.concatenate([np.ravel(value) for row in values_in(drawn, indices) for value in row])


def _met(pop: Population, tables: Floats) -> Floats | None:
    """Whom residents meet: in all tables at once, where the environment of a sum is the sum of the environments."""
    bound: Any = pop.surroundings
    if bound is None or pop.in_rows:
        return None
    if not bound.linear:
        return np.stack([joined(bound, counts) for counts in tables])
    return joined(bound, tables.reshape(-1, *tables.shape[2:])).reshape(tables.shape)


def quantiles(draws: Floats, at: Sequence[float] | Floats) -> Floats:
    """Quantiles of each value over the draws in which it is defined; NaN where there are none.

    Parameters
    ----------
    draws : ndarray of shape (draws, values)
        From `replicated`.
    at : sequence of float
        Which.

    Returns
    -------
    ndarray of shape (quantiles, values)
    """
    columns = [column[~np.isnan(column)] for column in draws.T]
    return np.stack([np.quantile(c, at) if len(c) else np.full(len(at), np.nan) for c in columns], axis=1)


def labelled_like(answer: Any, values: Floats) -> Any:
    """Give values the labels of an answer of the same index.

    Parameters
    ----------
    answer : float, Series or DataFrame
        An answer.
    values : ndarray of shape (values,)
        In its order.

    Returns
    -------
    float, Series or DataFrame
    """
    if isinstance(answer, pd.DataFrame):
        return pd.DataFrame(values.reshape(answer.shape), index=answer.index, columns=answer.columns)
    if isinstance(answer, pd.Series):
        return pd.Series(values, index=answer.index, name=answer.name)
    return float(values[0])


def one_value(answer: Any, name: str) -> float:
    """Return the answer of an index that has one.

    Parameters
    ----------
    answer : float, Series or DataFrame
        An answer.
    name : str
        What it is, for the refusal.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If there are several.
    """
    if isinstance(answer, (pd.Series, pd.DataFrame)):
        msg = f"there are several values: take them from .{name}"
        raise TypeError(msg)
    return float(answer)


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """Take an answer apart, one row a value, with the groups it is about.

    Parameters
    ----------
    answer : float, Series or DataFrame
        An answer.

    Returns
    -------
    list of dict
        `group`, or `from` and `to`, where there are several values; `value`.
    """
    if isinstance(answer, pd.DataFrame):
        return [
            {"from": start, "to": end, "value": value}
            for start, row in zip(answer.index, answer.to_numpy(), strict=True)
            for end, value in zip(answer.columns, row, strict=True)
        ]
    if isinstance(answer, pd.Series):
        return [{"group": group, "value": value} for group, value in answer.items()]
    return [{"value": answer}]
