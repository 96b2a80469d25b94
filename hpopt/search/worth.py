"""What going on is worth: the improvement that is to be expected, for what it costs in epochs.

A fit may stop where it is paused, so its costs are not all due at once. With m the mean of f after
the next level, EI(m) the expected improvement of all that is left to learn then, `cost` the epochs
up to that level and `rest` those behind it, the worth is the largest rate of gain for cost that
some rule of stopping at that level reaches: the rate at which

    E max(0, EI(m) - rate rest) = rate cost.

It is the index of Gittins, "Bandit processes and dynamic allocation indices" (1979), with two
stages, and of one stage it is EI / cost. Costs are shares of the epochs of a whole fit.
"""

from __future__ import annotations

import numpy as np

from hpopt.search.acquisition import log_expected_improvement

# The expectation over m, by Gauss and Hermite.
_Z, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# Halvings of the interval that the rate is in.
_STEPS = 40


def worth_of_end(mu: np.ndarray, sigma: np.ndarray, incumbent: float, cost: float) -> np.ndarray:
    """The worth [m] of going on to all epochs, where f has mean mu and deviation sigma [m]."""
    return np.asarray(_improvement(mu, sigma, incumbent) / cost)


def worth_of_level(
    mu: np.ndarray,
    told: np.ndarray,
    left: np.ndarray,
    incumbent: float,
    *,
    cost: float,
    rest: float,
) -> np.ndarray:
    """The worth [m] of going on to a level, where f has mean mu, and its value moves that.

    `told` [m] is the deviation by which it will, `left` [m] that of f behind it.
    """
    after = mu[:, None] + told[:, None] * _Z
    gains = _improvement(after, np.broadcast_to(left[:, None], after.shape), incumbent)
    low, high = np.zeros(len(mu)), gains @ _WEIGHTS / cost
    for _ in range(_STEPS):
        rate = (low + high) / 2
        net = np.maximum(0.0, gains - rate[:, None] * rest) @ _WEIGHTS - rate * cost
        low, high = np.where(net > 0, rate, low), np.where(net > 0, high, rate)
    return np.asarray(low)


def _improvement(mu: np.ndarray, sigma: np.ndarray, incumbent: float) -> np.ndarray:
    """The expected improvement on the incumbent, of any shape."""
    return np.asarray(np.exp(log_expected_improvement(mu, sigma, incumbent)[0]))
