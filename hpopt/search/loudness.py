"""Where values are noisy: the noise's variance as a function of params and of the value itself.

log loudness = intercept + slopes . (features, their squares) + by_mean mu, where mu is the mean of
the posterior. It is the model of the dispersion in a double generalised linear model (Smyth,
"Generalized linear models with varying dispersion", 1989): squared standardised residuals are
chi-squared with one degree of freedom times the loudness. Normal priors draw the slopes towards
zero, where all noise is equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

# Deviations of the priors on the slopes by a feature, whose range is 1, and by the mean, whose
# deviation is 1.
_BY_FEATURE, _BY_MEAN = 1.5, 1.0
# No value's noise is by more than e to this from the middle one's.
_MOST = 4.0
# A residual is no larger than so many deviations: one outlier makes no loud place.
_LARGEST = 3.5


@dataclass(frozen=True)
class Loudness:
    """By what factor the noise's variance is that of the middle of all values.

    `slopes` [2 p] are those by the features and, behind them, by their squares around the middle.
    """

    intercept: float
    slopes: np.ndarray
    by_mean: float

    def __call__(self, features: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The factors [m] at features [m, p] where the posterior mean is mu [m]."""
        logs = self.intercept + _curved(features) @ self.slopes + self.by_mean * mu
        return np.asarray(np.exp(np.clip(logs, -_MOST, _MOST)))

    @classmethod
    def fit(
        cls, features: np.ndarray, mu: np.ndarray, residuals: np.ndarray
    ) -> tuple[Loudness, float]:
        """The most probable loudness for residuals [n], of deviation 1 were the noise even.

        With it comes the log density of the priors there, which is 0 where the noise is even.
        """
        curved = _curved(features)
        middle = curved.mean(axis=0)
        design = np.column_stack([curved - middle, mu - mu.mean()])
        deviations = np.array([*np.full(curved.shape[1], _BY_FEATURE), _BY_MEAN])
        squares = np.minimum(np.abs(residuals), _LARGEST) ** 2

        def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
            logs = np.clip(theta[0] + design @ theta[1:], -30.0, 30.0)
            shares = squares * np.exp(-logs)
            slack = theta[1:] / deviations
            by_logs = (1 - shares) / 2
            gradient = np.concatenate([[by_logs.sum()], by_logs @ design + slack / deviations])
            return float((logs + shares).sum() / 2 + slack @ slack / 2), gradient

        start = np.zeros(1 + design.shape[1])
        best = minimize(negative, start, jac=True, method="L-BFGS-B").x
        slopes, by_mean = best[1:-1], float(best[-1])
        slack = best[1:] / deviations
        intercept = -float(middle @ slopes) - by_mean * float(mu.mean())
        return cls(intercept, slopes, by_mean), -float(slack @ slack) / 2


def _curved(features: np.ndarray) -> np.ndarray:
    """Features [n, p] and their squares: [n, 2 p], of a range of about 1 each."""
    return np.concatenate([features, 4 * np.square(features - 0.5)], axis=1)
