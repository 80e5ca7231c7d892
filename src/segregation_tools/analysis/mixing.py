"""Whether chains of draws have forgotten where they began, and how many independent draws they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["effective_size", "r_hat"]


def r_hat(draws: Floats) -> float:
    """Compare the spread of all draws with that within each half of each chain, once ranks have taken the place of values.

    Parameters
    ----------
    draws : ndarray of shape (chains, draws)
        In order; four draws or more.

    Returns
    -------
    float
        Near 1 where all chains say the same, of the middle and of the tails alike: the larger of the two. Infinite where
        each half stays at a value of its own, NaN where all draws are equal.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. & Bürkner, P.-C. (2021), Rank-normalization, folding, and
    localization: an improved R̂ for assessing convergence of MCMC, Bayesian Analysis 16(2), 667–718.

    Examples
    --------
    >>> chance = np.random.default_rng(1)
    >>> alike, apart = chance.normal(size=(4, 500)), chance.normal(size=(4, 500)) + np.arange(4)[:, np.newaxis]
    >>> r_hat(alike) < 1.01 < 1.1 < r_hat(apart)
    True
    """
    halves = _halves(draws)
    middle, tails = _normal_by_rank(halves), _normal_by_rank(np.abs(halves - np.median(halves)))
    ratios = [_ratio(values) for values in (middle, tails)]
    return float(np.nan if np.isnan(ratios).all() else np.nanmax(ratios))


def effective_size(draws: Floats) -> float:
    """Count the independent draws that would tell the mean of the ranks as well.

    Parameters
    ----------
    draws : ndarray of shape (chains, draws)
        In order; four draws or more.

    Returns
    -------
    float
        The bulk effective sample size: how many draws there are over the sum of their autocorrelations, as far as these are
        more than noise (Geyer's initial monotone sequence). More than there are, where they go to and fro; NaN where all
        are equal.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. & Bürkner, P.-C. (2021), as in `r_hat`. Geyer, C. (1992), Practical
    Markov chain Monte Carlo, Statistical Science 7(4), 473–483.

    Examples
    --------
    >>> chance = np.random.default_rng(1)
    >>> independent = chance.normal(size=(4, 500))
    >>> sticky = np.repeat(independent[:, :50], 10, axis=1)
    >>> effective_size(sticky) < 400 < 1500 < effective_size(independent)
    True
    """
    values = _normal_by_rank(_halves(draws))
    many = values.shape[1]
    within, between = values.var(axis=1, ddof=1).mean(), values.mean(axis=1).var(ddof=1)
    spread = within * (many - 1) / many + between
    if spread == 0:
        return float("nan")
    correlation = 1 - (within - _autocovariance(values).mean(axis=0)) / spread
    correlation[0] = 1
    last = max((many - 3) // 2, 0)  # lags beyond are of too few draws
    pairs = correlation[: 2 * last + 2].reshape(-1, 2)
    sums = pairs.sum(axis=1)
    kept = int(np.argmax(np.append(sums[:last] <= 0, True)))
    time = 2 * np.minimum.accumulate(sums[:kept]).sum() - 1 + max(pairs[kept, 0], 0)
    return float(values.size / max(time, 1 / np.log10(values.size)))


def _halves(draws: Floats) -> Floats:
    """Take each chain as two; an odd draw in the middle is left out."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _normal_by_rank(draws: Floats) -> Floats:
    """Give each draw the value that a draw of its rank would have in a normal sample; equal draws share their mean rank."""
    from scipy.special import ndtri

    ranks = pd.Series(draws.ravel()).rank().to_numpy()
    values: Floats = ndtri((ranks - 3 / 8) / (len(ranks) + 1 / 4)).reshape(draws.shape)
    return values


def _ratio(values: Floats) -> float:
    many = values.shape[1]
    within, between = values.var(axis=1, ddof=1).mean(), values.mean(axis=1).var(ddof=1)
    if within == 0:
        return float("nan" if between == 0 else "inf")
    return float(np.sqrt((many - 1) / many + between / within))


def _autocovariance(values: Floats) -> Floats:
    """Take the covariance of each chain with itself, so many draws later."""
    many = values.shape[1]
    power = np.abs(np.fft.rfft(values - values.mean(axis=1, keepdims=True), 2 * many)) ** 2
    covariance: Floats = np.fft.irfft(power)[:, :many] / many
    return covariance
