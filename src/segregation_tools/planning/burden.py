"""Whom a plan asks to move, how far, and who can no longer walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segregation_tools.population.columns import groups_and_all
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["WALK", "burden_of", "longest_way"]

WALK = 20.0  # minutes; an assumption, see `Plan.burden`


def burden_of(problem: Problem, zone: Codes, walk: float = WALK) -> pd.DataFrame:
    """Tell by group whom a plan asks to move, and how far; see `Plan.burden`.

    Parameters
    ----------
    problem : Problem
        The district.
    zone : ndarray of int, shape (blocks,)
        Position of the school of each block.
    walk : float
        Minutes up to which pupils walk.

    Returns
    -------
    DataFrame
    """
    walk = real_number(walk, "walk", 0, "minutes that a pupil walks")
    rows = np.arange(len(zone))
    stays_open = problem.current >= 0
    before = np.where(stays_open, problem.minutes[rows, problem.current], np.nan)
    now = problem.minutes[rows, zone]
    moving = zone != problem.current
    walks = before <= walk  # not where the school closes: NaN
    table = {}
    for name, people in zip(groups_and_all(problem.pupils.groups), [*problem.counts, problem.sizes], strict=True):
        moved, walkers = float(people[moving].sum()), float(people[walks].sum())
        lost = float(people[walks & (now > walk)].sum())
        was, goes = people * stays_open, people * (stays_open & moving)
        table[name] = {
            "pupils": float(people.sum()),
            "moved": moved,
            "share_moved": moved / people.sum(),
            "minutes_before": _mean(before, was),
            "minutes_now": _mean(now, people),
            "p90_before": _decile(before, was),
            "p90_now": _decile(now, people),
            "longest_before": longest_way(before, was),
            "longest_now": longest_way(now, people),
            "minutes_of_moved": _mean(now - before, goes),
            "walkers_lost": lost,
            "share_walkers_lost": lost / walkers if walkers > 0 else np.nan,
        }
    frame = pd.DataFrame(table).T
    of_all = frame["share_moved"].iloc[-1]
    frame.insert(3, "ratio_moved", frame["share_moved"] / of_all if of_all > 0 else np.nan)
    return frame.rename_axis("group")


def _mean(minutes: Floats, people: Floats) -> float:
    return float(people @ np.nan_to_num(minutes) / people.sum()) if people.any() else float("nan")


def _decile(minutes: Floats, people: Floats) -> float:
    """Minutes within which nine of ten arrive."""
    if not people.any():
        return float("nan")
    order = np.argsort(minutes, kind="stable")
    reached = np.cumsum(people[order])
    return float(minutes[order][np.searchsorted(reached, 0.9 * reached[-1] - 1e-9)])


def longest_way(minutes: Floats, people: Floats) -> float:
    """Take the longest way that anybody goes.

    Parameters
    ----------
    minutes : ndarray of shape (blocks,)
        From each block.
    people : ndarray of shape (blocks,)
        How many go.

    Returns
    -------
    float
        NaN where nobody goes.
    """
    return float(minutes[people > 0].max()) if (people > 0).any() else float("nan")
