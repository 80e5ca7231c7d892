"""The null model of single units: what their neighbours say, and what others say who are dealt out to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from segregation_tools.autocorrelation.neighbours import less_mean
from segregation_tools.population.options import real_number, source_of_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.autocorrelation.field import Field

    Floats = NDArray[np.float64]

__all__ = ["SAME", "Around", "center_of", "counted", "of_some", "of_squares", "summed"]

SAME = 1e-12  # of a variance, or of a sum, as which rounding is taken
EPS = float(np.finfo(float).eps)


class Around(NamedTuple):
    """Values around their center.

    Attributes
    ----------
    u : ndarray of shape (units,)
        Values less the center.
    center : float
        Somewhere in the middle.
    loose : ndarray of shape (units,)
        The rounding that each brings to a sum.
    lag, slack : ndarray of shape (units,)
        Both added up over neighbours.
    """

    u: Floats
    center: float
    loose: Floats
    lag: Floats
    slack: Floats


def summed(read: Field, x: Floats) -> Around:
    """Give values around their center, and what neighbours say.

    Parameters
    ----------
    read : Field
        Whose neighbours.
    x : ndarray of shape (units,)
        Values.

    Returns
    -------
    Around
    """
    center = center_of(x)
    u = x - center
    lag, sizes = read.neighbours.lags(u)
    parts = SAME + 4 * EPS, 4 * EPS * abs(center)
    loose = parts[0] * np.abs(u) + parts[1]
    return Around(u, center, loose, lag, parts[0] * sizes + parts[1] * read.neighbours.degree)


def center_of(x: Floats) -> float:
    """Give the median of a thousand of the values: around it digits are kept, though some be far from all others.

    Parameters
    ----------
    x : ndarray of shape (units,)
        Values.

    Returns
    -------
    float
    """
    return float(np.median(x[:: len(x) // 1024 + 1]))


def of_some(near: Any, n: int, variance: Floats) -> Floats:
    """Give the variance of Σ_j w_j u_j of some of n values without replacement, from the variance of one.

    Parameters
    ----------
    near : Links or Cells
        Neighbours.
    n : int
        How many others there are.
    variance : ndarray of shape (units,)
        Of one of the others of each.

    Returns
    -------
    ndarray of shape (units,)
    """
    if n < 2:
        return np.full(len(variance), np.nan)
    whole, some = n * near.squared_degree, n * near.squared_degree - near.degree**2
    return np.where(some > SAME * whole, variance * some / (n - 1), 0.0)  # all others are neighbours, and count alike


def counted(
    read: Field, around: Around, permutations: Any, rng: Any, *, squared: bool = False
) -> NDArray[np.int64] | None:
    """Count, unit by unit, the draws that say as much or more, and as much or less.

    Parameters
    ----------
    read : Field
        Whose neighbours.
    around : Around
        Values, and what neighbours say.
    permutations : int
        How many draws.
    rng : Generator or int
        Source of chance.
    squared : bool
        Whether neighbours say Σ_j w_ij (u_i − u_j)².

    Returns
    -------
    ndarray of int, shape (2, units), or None
        None without draws.
    """
    draws = int(real_number(permutations, "permutations", 0, "a whole number of draws", whole=True))
    if not draws:
        return None
    from segregation_tools.kernels.permute import each_for_itself, shared_by_class

    near, root = read.neighbours, int(source_of_chance(rng).integers(2**63))
    u, _, loose, observed, slack = around
    alike = near.equal
    if alike is not None:
        observed, slack = observed / alike, slack / alike
        return shared_by_class(root, draws, u, loose, near.many, observed, slack, squared=squared)
    begins, weights = near.weights.indptr.astype(np.int64), near.weights.data  # type: ignore[union-attr]  # cells count alike
    return each_for_itself(root, draws, u, loose, begins, weights, observed, slack, squared=squared)


def of_squares(u: Floats) -> tuple[Floats, Floats]:
    """Give mean and variance of (u_i − u_j)² over the others.

    Parameters
    ----------
    u : ndarray of shape (units,)
        Values.

    Returns
    -------
    mean, variance : ndarray of shape (units,)
    """
    n, top = len(u) - 1, int(np.argmax(np.abs(u)))
    first, second, third, fourth = ((np.sum(u**power) - u**power) / n for power in (1, 2, 3, 4))
    mean = u**2 - 2 * u * first + second
    square = u**4 - 4 * u**3 * first + 6 * u**2 * second - 4 * u * third + fourth
    variance = square - mean**2
    variance[variance <= SAME * square] = 0.0
    # Beside one that is far from all others, sums of powers say nothing of these.
    others = np.delete(u, top)
    off = less_mean(others)
    squares = off * (off - 2 * (u[top] - others.mean()))
    mean[top], variance[top] = np.square(u[top] - others).mean(), squares.var() if np.ptp(others) > 0 else 0.0
    return mean, variance
