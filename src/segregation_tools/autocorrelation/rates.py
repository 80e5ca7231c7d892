"""Shares of small units, which vary by chance alone: standardized, or drawn towards the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.autocorrelation.numbers import numbers_of
from segregation_tools.errors import DataError, listed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["empirical_bayes"]


def empirical_bayes(events: ArrayLike, at_risk: ArrayLike, *, standardized: bool = True) -> Any:
    """Correct shares of units of different size for chance (empirical Bayes).

    In a small unit a share is far from that of the region by chance alone. *Standardized*, each share less that of the
    region is divided by the standard error that its size gives, (p_i − b)/√(a + b/t_i) (Assunção & Reis): what Moran's I of
    rates is to be computed from, and what ``rates="empirical_bayes"`` does. Else each share is drawn towards that of the
    region, the more the smaller the unit (Marshall), for a map.

    Parameters
    ----------
    events : array_like of shape (units,)
        Members of a group, 0 or more. A Series keeps its labels.
    at_risk : array_like of shape (units,)
        People, above 0, in the same order; of two Series, those with the same labels belong together.
    standardized : bool
        Whether standardized.

    Returns
    -------
    ndarray or Series of shape (units,)

    Raises
    ------
    DataError
        If a unit is without people, or has more members than people, or the two are not of the same units.

    References
    ----------
    Marshall 1991; Assunção & Reis 1999.

    Examples
    --------
    Where a tenth is the rule, half of 2 people says less than half of 200.

    >>> empirical_bayes([1, 100, 10], [2, 200, 998]).round(2)
    array([ 1.44,  2.22, -0.45])
    >>> empirical_bayes([1, 100, 10], [2, 200, 998], standardized=False).round(3)
    array([0.263, 0.494, 0.01 ])
    """
    counts = numbers_of(events, "events").astype(np.float64)
    people = numbers_of(_alongside(at_risk, events), "at_risk").astype(np.float64)
    if counts.ndim != 1 or counts.shape != people.shape:
        msg = f"events and at_risk are of the same units; these have the shapes {counts.shape} and {people.shape}"
        raise DataError(msg)
    wrong = ~((people > 0) & (counts >= 0) & (counts <= people) & np.isfinite(people))
    if wrong.any():
        units = events.index if isinstance(events, pd.Series) else pd.RangeIndex(len(counts))
        msg = (
            f"units need people, and no more members than people: not so in rows {listed(units[wrong])}. Leave them out, or "
            "correct them"
        )
        raise DataError(msg)
    if not len(counts):
        return events if isinstance(events, pd.Series) else counts
    shares = counts / people
    mean = counts.sum() / people.sum()
    between = people @ np.square(shares - mean) / people.sum() - mean / people.mean()  # variance beyond that of chance
    if standardized:
        spread = between + mean / people
        spread = np.where(spread > 0, spread, mean / people)
        found = (shares - mean) / np.sqrt(np.where(spread > 0, spread, 1))
    else:
        between = max(between, 0.0)
        found = mean + between / (between + np.where(mean > 0, mean, 1) / people) * (shares - mean)
    return pd.Series(found, index=events.index) if isinstance(events, pd.Series) else found


def _alongside(at_risk: Any, events: Any) -> Any:
    """People in the order of the events, where both are labelled."""
    if not (isinstance(at_risk, pd.Series) and isinstance(events, pd.Series)):
        return at_risk
    for units in (events.index, at_risk.index):
        if not units.is_unique:
            msg = f"labels that stand more than once: {listed(units[units.duplicated()].unique())}. Give every unit its own"
            raise DataError(msg)
    odd = events.index.symmetric_difference(at_risk.index)
    if len(odd):
        msg = f"events and at_risk are of the same units; only one has {listed(odd)}"
        raise DataError(msg)
    return at_risk.reindex(events.index)
