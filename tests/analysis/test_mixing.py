"""Whether chains agree, and what they are worth: beside ArviZ, and beside chains of which the theory is known."""

import numpy as np
import pytest

from segregation_tools.analysis.mixing import effective_size, r_hat

TIME, CHAIN = np.arange(25), np.arange(4)[:, np.newaxis]
QUICK = np.sin(CHAIN + 0.7 * TIME**2)
TIED = np.floor(5 * np.sin(CHAIN + 0.35 * TIME))
DRIFTING = TIME / 25 + np.cos(CHAIN + TIME**2)


def sticky(seed, memory, draws=50, chains=4):
    """Chains of which each draw remembers so much of the one before."""
    noise = np.random.default_rng(seed).normal(size=(chains, draws))
    values = np.empty_like(noise)
    values[:, 0] = noise[:, 0] / np.sqrt(1 - memory**2)
    for t in range(1, draws):
        values[:, t] = memory * values[:, t - 1] + noise[:, t]
    return values


@pytest.mark.parametrize(
    ("draws", "ratio", "size"),
    [
        (QUICK, 0.9955876282781022, 97.74014130490662),
        (TIED, 1.0522727604534343, 24.220202079482718),
        (DRIFTING, 1.0671255250852014, 72.7839387324255),
    ],
    ids=["quick", "tied", "drifting"],
)
def test_as_arviz_says(draws, ratio, size):
    """`arviz.rhat(draws)` and `arviz.ess(draws)`, version 0.23.4."""
    assert r_hat(draws) == pytest.approx(ratio, rel=1e-12)
    assert effective_size(draws) == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize("memory", [-0.4, 0, 0.5, 0.9])
def test_draws_are_worth_what_their_memory_leaves(memory):
    """Of an autoregressive chain: (1 − memory) / (1 + memory) of what there are."""
    draws = sticky(1, memory, draws=20_000)
    assert effective_size(draws) / draws.size == pytest.approx((1 - memory) / (1 + memory), rel=0.1)
    assert r_hat(draws) == pytest.approx(1, abs=0.01)


def test_chains_that_do_not_agree_are_found():
    alike = sticky(2, 0.3)
    assert r_hat(alike) < 1.03
    assert r_hat(alike + 2 * CHAIN) > 1.5  # in the middle
    assert r_hat(alike * (1 + 3 * CHAIN)) > 1.2  # in the tails alone
    assert r_hat(alike + np.linspace(0, 5, 50)) > 1.2  # each chain drifts
    assert effective_size(alike + 2 * CHAIN) < 20


def test_only_ranks_count():
    draws = sticky(3, 0.6)
    for other in (np.exp(draws), draws**3, 7 + 2 * draws):
        assert effective_size(other) == pytest.approx(effective_size(draws))
    assert r_hat(7 + 2 * draws) == pytest.approx(r_hat(draws))
    for measure in (r_hat, effective_size):
        assert measure(draws[[2, 0, 3, 1]]) == pytest.approx(measure(draws))


def test_what_never_changes():
    assert np.isnan(r_hat(np.ones((4, 10))))
    assert np.isnan(effective_size(np.ones((4, 10))))
    assert r_hat(np.repeat(CHAIN, 10, axis=1)) == np.inf
    assert effective_size(np.repeat(CHAIN, 50, axis=1)) < 15  # of 200
    assert np.isnan(r_hat(np.where(TIME == 3, np.nan, QUICK)))
    assert np.isnan(effective_size(np.where(TIME == 3, np.nan, QUICK)))
    for draws in (4, 5, 6, 7):
        assert 0 < effective_size(QUICK[:, :draws]) < 100
        assert 0 < r_hat(QUICK[:, :draws]) < 3
