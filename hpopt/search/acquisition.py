"""Acquisition functions: what evaluating a point is worth, under a normal posterior of f there.

All are to be maximised, of mu and sigma [m] of a function to be minimised, and give their
derivatives by both. z = (incumbent - xi - mu) / sigma; phi and Phi are the standard normal density
and distribution function. EI and PI come as logarithms, which order points the same and still have
a slope where the functions themselves are too small for a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

AcquisitionName = Literal["EI", "PI", "LCB"]
# The published portfolio: one of these three is chosen anew each time (Hoffman et al., 2011).
PORTFOLIO: tuple[AcquisitionName, ...] = ("EI", "PI", "LCB")

_LOG_2PI = float(np.log(2 * np.pi))
# Where erfcx can no longer tell its value from its asymptote.
_FAR = -1e6

# The acquisition [m], and its derivatives by mu and sigma, [m] each.
Values = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Acquisition:
    """An acquisition function with what it compares against.

    `incumbent` is the lowest posterior mean at a point evaluated so far, not the lowest value:
    where values are noisy that one has been lucky. `noise` is the deviation of a value around f.
    All are in the surrogate's units, in which values have deviation 1; so are `xi`, the improvement
    below which PI is not interested, and sigma, of which LCB takes off `kappa`.
    """

    name: AcquisitionName
    incumbent: float
    noise: float = 0.0
    xi: float = 0.01
    kappa: float = 1.96

    def __call__(self, mu: np.ndarray, sigma: np.ndarray) -> Values:
        """The acquisition at points of posterior mu and sigma [m], and its derivatives [m]."""
        if self.name == "EI":
            return _add(
                log_expected_improvement(mu, sigma, self.incumbent), log_share(sigma, self.noise)
            )
        if self.name == "PI":
            return log_probability_of_improvement(mu, sigma, self.incumbent - self.xi)
        return lower_confidence_bound(mu, sigma, self.kappa)


def log_expected_improvement(mu: np.ndarray, sigma: np.ndarray, incumbent: float) -> Values:
    """Log EI = log(sigma h(z)) with h(z) = phi(z) + z Phi(z), and its derivatives.

    EI is of Jones, Schonlau and Welch (1998), its logarithm of Ament et al., "Unexpected
    improvements to expected improvement" (2023). dEI/dmu = -Phi(z) and dEI/dsigma = phi(z).
    """
    z = (incumbent - mu) / sigma
    log_h = log_improvement(z)
    by_mu = -np.exp(log_ndtr(z) - log_h) / sigma
    by_sigma = np.exp(-z * z / 2 - _LOG_2PI / 2 - log_h) / sigma
    return np.log(sigma) + log_h, by_mu, by_sigma


def log_improvement(z: np.ndarray) -> np.ndarray:
    """log(phi(z) + z Phi(z)), exact also far to the left, where the two terms cancel.

    There it is phi(z) (1 - |z| sqrt(pi/2) erfcx(|z|/sqrt 2)), with erfcx the scaled complementary
    error function; and phi(z)/z^2 in the limit. After Ament et al. (2023), equation 9.
    """
    right = np.maximum(z, -1.0)
    near = np.log(np.exp(-right * right / 2 - _LOG_2PI / 2) + right * ndtr(right))
    left = np.clip(z, _FAR, -1.0)
    # 1 - |z| m(z), where m is the Mills ratio; below -100 its series is closer.
    mills = np.sqrt(np.pi / 2) * erfcx(-np.maximum(left, -100.0) / np.sqrt(2))
    gap = np.where(left > -100.0, 1 + left * mills, (1 - 3 / left**2 + 15 / left**4) / left**2)
    far = -(np.minimum(z, -1.0) ** 2) / 2 - _LOG_2PI / 2 + np.log(gap)
    return np.asarray(np.where(z > -1.0, near, far))


def log_probability_of_improvement(mu: np.ndarray, sigma: np.ndarray, target: float) -> Values:
    """Log PI = log Phi(z), z = (target - mu)/sigma (Kushner, 1964), and its derivatives."""
    z = (target - mu) / sigma
    value = log_ndtr(z)
    slope = np.exp(-z * z / 2 - _LOG_2PI / 2 - value)
    return value, -slope / sigma, -slope * z / sigma


def lower_confidence_bound(mu: np.ndarray, sigma: np.ndarray, kappa: float) -> Values:
    """The bound kappa sigma - mu (Cox and John, 1992), and its derivatives."""
    return kappa * sigma - mu, np.full_like(mu, -1.0), np.full_like(sigma, kappa)


def log_share(sigma: np.ndarray, noise: float) -> Values:
    """Log of 1 - noise / sqrt(sigma^2 + noise^2), and its derivatives.

    The factor by which augmented EI (Huang, Allen, Notz and Zeng, 2006) values a measurement less
    where most of what could be learned is noise: so a repeat has the price that it deserves.
    """
    if noise == 0.0:
        zeros = np.zeros_like(sigma)
        return zeros, zeros, zeros
    spread = np.sqrt(sigma**2 + noise**2)
    # 1 - noise/spread without cancellation.
    share = sigma**2 / (spread * (spread + noise))
    slope = noise * sigma / spread**3 / share
    return np.log(share), np.zeros_like(sigma), slope


def _add(one: Values, other: Values) -> Values:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def hedge_choice(gains: np.ndarray, u: float) -> int:
    """Which of the portfolio to follow: drawn with the softmax of the gains, by u of [0, 1).

    Hoffman, Brochu and de Freitas, "Portfolio allocation for Bayesian optimization" (2011), with
    their eta = 1.
    """
    weights = np.exp(gains - gains.max())
    below = int((np.cumsum(weights / weights.sum()) <= u).sum())
    return min(below, len(gains) - 1)
