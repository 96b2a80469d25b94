"""Gaussian-process regression: the surrogate's mathematics, in NumPy and SciPy alone.

Notation and shapes, after Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006),
chapters 2 and 5:

    n, p, d       observations, features, dimensions; a dimension has one feature or several
    X             [n, p]  features of the observations
    y             [n]     their values
    groups        [p]     which dimension (0 ... d-1) a feature belongs to
    lengthscales  [d]     one a dimension, shared by its features
    signal        variance of the latent function f around its mean
    noise         variance of a value around f
    loudness      [n]     by what factor the noise of each value is that of `noise`
    variances     [n]     what is known besides of the noise of each value; it adds to the others
    K             [n, n]  covariance of the values, noise included; K = L L^T
    mean          constant mean of f
    alpha         [n]     K^-1 (y - mean)
    mu, sigma     [m]     mean and deviation of f (without noise) at m new points

The kernel is that of `kernel.py`; how its hyperparameters are fitted stands in `fitting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpopt.search.algebra import cholesky, inverse, solve, solve_lower
from hpopt.search.kernel import Hyperparameters, kernel

# The constant mean has a normal prior; y is standardised, so its deviation is about that of y.
MEAN_VARIANCE = 1.0
# Variances that rounding has made zero or negative.
_TINY = 1e-14


@dataclass(frozen=True)
class GP:
    """The posterior of f after n observations."""

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    hyperparameters: Hyperparameters
    mean: float
    L: np.ndarray
    alpha: np.ndarray
    loudness: np.ndarray
    variances: np.ndarray

    @classmethod
    def condition(
        cls,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray,
        hyperparameters: Hyperparameters,
        variances: np.ndarray | None = None,
        loudness: np.ndarray | None = None,
        discrepancies: np.ndarray | None = None,
    ) -> GP:
        """The posterior of f given X [n, p] and y [n], under fixed hyperparameters.

        `discrepancies` [n, n] is the covariance of what values at a part of the epochs have besides
        f, as in `fidelity.py`.
        """
        variances = np.zeros(len(y)) if variances is None else variances
        loudness = np.ones(len(y)) if loudness is None else loudness
        K = kernel(X, X, groups, hyperparameters)
        if discrepancies is not None:
            K += discrepancies
        L = cholesky(K, hyperparameters.noise * loudness + variances)
        mean = fit_mean(L, y)
        alpha = solve(L, y - mean)
        return cls(
            X=X,
            y=y,
            groups=groups,
            hyperparameters=hyperparameters,
            mean=mean,
            L=L,
            alpha=alpha,
            loudness=loudness,
            variances=variances,
        )

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of f, [m] each, at X [m, p]."""
        mu, sigma, _ = self._predict(X)
        return mu, sigma

    def predict_beside(
        self, X: np.ndarray, other: np.ndarray, whitened: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and deviation [m] of f at X [m, p], and its covariance [k, m] with `other` [k, p].

        `whitened` [n, k] is that of `other`, which serves many X.
        """
        mu, sigma, v = self._predict(X)
        prior = kernel(other, X, self.groups, self.hyperparameters)
        return mu, sigma, prior - whitened.T @ v

    def _predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        k = kernel(self.X, X, self.groups, self.hyperparameters)
        v = solve_lower(self.L, k)
        variance = self.hyperparameters.signal - np.einsum("nm,nm->m", v, v)
        return self.mean + k.T @ self.alpha, np.sqrt(np.maximum(variance, _TINY)), v

    def predict_mean(self, X: np.ndarray) -> np.ndarray:
        """The mean of f alone, [m], at X [m, p]; much cheaper than with the deviation."""
        k = kernel(self.X, X, self.groups, self.hyperparameters)
        return np.asarray(self.mean + k.T @ self.alpha)

    def predict_with_gradients(self, x: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and deviation of f at one point x [p], and their gradients [p].

        Those by the features of categories are not right, for nobody can follow them.
        """
        hyperparameters = self.hyperparameters
        scales = hyperparameters.lengthscales[self.groups]
        differences = hyperparameters.scaled(x - self.X, self.groups)  # [n, p]
        r = np.sqrt(5 * np.einsum("np,np->n", differences, differences))
        decay = hyperparameters.signal * np.exp(-r)
        k = decay * (1 + r + r * r / 3)
        slopes = -5 / 3 * (decay * (1 + r))[:, None] * differences / scales  # dk/dx [n, p]
        v = solve_lower(self.L, k)
        beta = solve_lower(self.L, v, transposed=True)
        sigma = float(np.sqrt(max(hyperparameters.signal - v @ v, _TINY)))
        return (
            float(self.mean + k @ self.alpha),
            sigma,
            self.alpha @ slopes,
            -(beta @ slopes) / sigma,
        )

    def covariance(self, X: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Posterior covariance of f between X [m, p] and other [k, p]: [m, k]."""
        prior = kernel(X, other, self.groups, self.hyperparameters)
        return np.asarray(prior - self.whitened(X).T @ self.whitened(other))

    def whitened(self, x: np.ndarray) -> np.ndarray:
        """L^-1 k(X, x) [n, m] at x [m, p]: what of a covariance takes long."""
        return self.whiten(kernel(self.X, x, self.groups, self.hyperparameters))

    def whiten(self, k: np.ndarray) -> np.ndarray:
        """L^-1 k [n, m] for prior covariances k [n, m] with the observations."""
        return solve_lower(self.L, k)

    def predict_averages(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation [g] of the mean of f over s points each, X [g, s, p].

        Covariances of a mean are means of covariances, so one triangular solve of g columns serves
        all; those of g s points would cost s times as much.
        """
        k = np.stack(
            [kernel(self.X, x, self.groups, self.hyperparameters).mean(axis=1) for x in X], axis=1
        )  # [n, g]
        prior = np.array([kernel(x, x, self.groups, self.hyperparameters).mean() for x in X])
        v = solve_lower(self.L, k)
        variance = prior - np.einsum("ng,ng->g", v, v)
        return self.mean + k.T @ self.alpha, np.sqrt(np.maximum(variance, _TINY))

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each value [n], noise included, had it not been seen.

        Rasmussen and Williams (2006), equations 5.10 to 5.12.
        """
        precision = np.diagonal(inverse(self.L))
        return self.y - self.alpha / precision, 1 / np.sqrt(precision)


def fit_mean(L: np.ndarray, y: np.ndarray) -> float:
    """The most probable constant mean, by generalised least squares with a normal prior."""
    ones = solve_lower(L, np.ones(len(y)))
    whitened = solve_lower(L, y)
    return float(ones @ whitened / (ones @ ones + 1 / MEAN_VARIANCE))
