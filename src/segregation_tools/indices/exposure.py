"""Exposure: whom the average member of a group meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.indices.chance import expected_meetings
from segregation_tools.indices.shapes import meeting
from segregation_tools.indices.zonal import by_meetings, by_meetings_beyond_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@meeting(
    symbol="P*",
    dimension="exposure",
    bounds=(0, 1),
    source=["bell1954", "lieberson1981", "reardon2004"],
    answer="matrix",
    expected=expected_meetings,
    zonal=by_meetings,
)
def exposure(meetings: Array) -> Array:
    """Exposure matrix P*: the share of each group among those whom the average member of a group meets.

    P*(g→h) = Σ_i (n_ig/T_g) p_ih. Rows are from, columns to, and each row adds up to 1; the diagonal is isolation.
    Under an even spread every row is the mix of the region.

    With ``with_self=False`` nobody meets himself, p from (n_ih − [g = h])/(t_i − 1) in units of two and more residents
    (Fossett 2017): unbiased where units are small.

    Parameters
    ----------
    meetings : ndarray of shape (groups, groups)
        Whom the average member of each group meets.

    Returns
    -------
    ndarray of shape (groups, groups)

    Examples
    --------
    Of 100 a, 90 live where 90 % are a, and 10 where 10 % are: 0.9 · 0.9 + 0.1 · 0.1 = 0.82.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.exposure(pop).round(10)
    to       a     b
    from
    a     0.82  0.18
    b     0.18  0.82
    """
    return meetings


@meeting(
    symbol="xPx",
    dimension="exposure",
    bounds=(0, 1),
    source=["bell1954", "lieberson1981", "reardon2004"],
    answer="groups",
    expected=lambda sizes, mix: expected_meetings(sizes, mix).diagonal(),
    zonal=lambda mix, group: by_meetings(mix, group, group),
)
def isolation(meetings: Array) -> Array:
    """Isolation xPx: the share of their own group among those whom the members of a group meet.

    Σ_i (n_ig/T_g) p_ig: the diagonal of the exposure matrix, one value a group. Every group has one; a large group is
    isolated by its size alone, which is why the value expected by chance stands beside it.

    Parameters
    ----------
    meetings : ndarray of shape (groups, groups)
        Whom the average member of each group meets.

    Returns
    -------
    ndarray of shape (groups,)

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.isolation(pop).round(10).to_dict()
    {'a': 0.82, 'b': 0.82}
    """
    return meetings.diagonal()


@meeting(
    symbol="xPy",
    dimension="exposure",
    bounds=(0, 1),
    source=["bell1954", "lieberson1981", "reardon2004"],
    groups=2,
    expected=lambda sizes, mix: expected_meetings(sizes, mix)[0, 1],
    zonal=by_meetings,
)
def interaction(meetings: Array) -> Array | float:
    """Interaction xPy: the share of the other group among those whom the first of two groups meets.

    Σ_i (x_i/X) p_iy. With two groups xPx + xPy = 1; yPx differs from xPy unless the groups are of one size.

    Parameters
    ----------
    meetings : ndarray of shape (groups, groups)
        Whom the average member of each group meets.

    Returns
    -------
    float

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> round(sgt.interaction(pop), 10)
    0.18
    """
    return meetings[0, 1] if len(meetings) == 2 else np.nan


@meeting(
    symbol="Z",
    dimension="exposure",
    bounds=(-float("inf"), 1),
    source=["bell1954", "coleman1975"],
    answer="matrix",
    zonal=by_meetings_beyond_chance,
)
def normalized_exposure_matrix(meetings: Array, mix: Array) -> Array:
    """Normalised exposure matrix Z: how much less often two groups meet than they would under an even spread.

    1 − P*(g→h)/P_h between groups, and on the diagonal (P*(g→g) − P_g)/(1 − P_g), the variance ratio of the group against
    the rest. 0 as often as expected, 1 never, below 0 more often. Without a local environment it is symmetric and at
    least 1 − 1/max(P_g, P_h).

    Parameters
    ----------
    meetings : ndarray of shape (groups, groups)
        Whom the average member of each group meets.
    mix : ndarray of shape (groups,)
        Shares of the region.

    Returns
    -------
    ndarray of shape (groups, groups)

    Examples
    --------
    a meets b 18 % of the time where ½ would be even: 1 − 0.18/0.5 = 0.64; (0.82 − 0.5)/0.5 = 0.64 among its own.

    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> sgt.normalized_exposure_matrix(pop).round(10)
    to       a     b
    from
    a     0.64  0.64
    b     0.64  0.64
    """
    if len(mix) == 1:
        return np.full((1, 1), np.nan)
    between = 1 - meetings / mix
    np.fill_diagonal(between, (meetings.diagonal() - mix) / (1 - mix))
    return between
