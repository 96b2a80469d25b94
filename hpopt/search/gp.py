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
    variances     [n]     what is known besides of the noise of each value; it adds to `noise`
    K             [n, n]  covariance of the values, noise included; K = L L^T
    mean          constant mean of f
    alpha         [n]     K^-1 (y - mean)
    mu, sigma     [m]     mean and deviation of f (without noise) at m new points

The kernel is Matérn-5/2 with automatic relevance determination: for the squared distance
q = sum_j (x_j - x'_j)^2 / lengthscale_j^2 and r = sqrt(5 q),

    k(q) = signal (1 + r + r^2/3) exp(-r),      dk/dq = -5/6 signal (1 + r) exp(-r).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs
from scipy.optimize import minimize

# The constant mean has a normal prior; y is standardised, so its deviation is about that of y.
_MEAN_VARIANCE = 1.0
# Bounds on the logarithms of lengthscales, signal and noise, far outside of what the priors want.
_LOG_LENGTHSCALES = (np.log(5e-3), np.log(1e3))
_LOG_SIGNAL = (np.log(1e-2), np.log(1e2))
_LOG_NOISE = (np.log(1e-7), np.log(1e1))
# Normal priors on the logarithms: mode and deviation.
_SIGNAL_PRIOR = (0.0, 1.0)
_NOISE_PRIOR = (np.log(1e-4), 2.5)


@dataclass(frozen=True)
class Hyperparameters:
    """What is fitted: one lengthscale a dimension [d], and the variances of signal and noise."""

    lengthscales: np.ndarray
    signal: float
    noise: float

    @classmethod
    def default(cls, d: int) -> Hyperparameters:
        """Where a fit starts that knows nothing: long lengthscales, little noise."""
        return cls(np.full(d, 2 * np.exp(lengthscale_prior(d)[0])), 1.0, 1e-3)

    def to_vector(self) -> np.ndarray:
        """Their logarithms [d + 2]."""
        return np.log([*self.lengthscales, self.signal, self.noise])

    @classmethod
    def from_vector(cls, theta: np.ndarray) -> Hyperparameters:
        """From their logarithms [d + 2]."""
        values = np.exp(theta)
        return cls(values[:-2], float(values[-2]), float(values[-1]))


def lengthscale_prior(d: int) -> tuple[float, float]:
    """Mode and deviation of the normal prior on the logarithm of a lengthscale in d dimensions.

    Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high dimensions"
    (2024): distances grow with the root of d, so lengthscales are expected to do the same. Theirs
    is a log-normal density, LogNormal(sqrt 2 + log(d)/2, sqrt 3); its factor 1/lengthscale moves
    the mode down by the variance.
    """
    return float(np.sqrt(2) + np.log(max(d, 1)) / 2 - 3), float(np.sqrt(3))


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
    variances: np.ndarray

    @classmethod
    def condition(
        cls,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray,
        hyperparameters: Hyperparameters,
        variances: np.ndarray | None = None,
    ) -> GP:
        """The posterior of f given X [n, p] and y [n], under fixed hyperparameters."""
        if variances is None:
            variances = np.zeros(len(y))
        K = kernel(X, X, groups, hyperparameters)
        L = _cholesky(K, hyperparameters.noise, variances)
        mean = _fit_mean(L, y)
        alpha = _solve(L, y - mean)
        return cls(
            X=X,
            y=y,
            groups=groups,
            hyperparameters=hyperparameters,
            mean=mean,
            L=L,
            alpha=alpha,
            variances=variances,
        )

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of f, [m] each, at X [m, p]."""
        k = kernel(self.X, X, self.groups, self.hyperparameters)
        v = _solve_lower(self.L, k)
        variance = self.hyperparameters.signal - np.einsum("nm,nm->m", v, v)
        return self.mean + k.T @ self.alpha, np.sqrt(np.maximum(variance, _TINY))

    def predict_mean(self, X: np.ndarray) -> np.ndarray:
        """The mean of f alone, [m], at X [m, p]; much cheaper than with the deviation."""
        k = kernel(self.X, X, self.groups, self.hyperparameters)
        return np.asarray(self.mean + k.T @ self.alpha)

    def predict_with_gradients(self, x: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and deviation of f at one point x [p], and their gradients [p]."""
        hyperparameters = self.hyperparameters
        scales = hyperparameters.lengthscales[self.groups]
        differences = (x - self.X) / scales  # [n, p]
        r = np.sqrt(5 * np.einsum("np,np->n", differences, differences))
        decay = hyperparameters.signal * np.exp(-r)
        k = decay * (1 + r + r * r / 3)
        slopes = -5 / 3 * (decay * (1 + r))[:, None] * differences / scales  # dk/dx [n, p]
        v = _solve_lower(self.L, k)
        beta = _solve_lower(self.L, v, transposed=True)
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
        v = _solve_lower(self.L, kernel(self.X, X, self.groups, self.hyperparameters))
        w = _solve_lower(self.L, kernel(self.X, other, self.groups, self.hyperparameters))
        return np.asarray(prior - v.T @ w)

    def predict_averages(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation [g] of the mean of f over s points each, X [g, s, p].

        Covariances of a mean are means of covariances, so one triangular solve of g columns serves
        all; those of g s points would cost s times as much.
        """
        k = np.stack(
            [kernel(self.X, x, self.groups, self.hyperparameters).mean(axis=1) for x in X], axis=1
        )  # [n, g]
        prior = np.array([kernel(x, x, self.groups, self.hyperparameters).mean() for x in X])
        v = _solve_lower(self.L, k)
        variance = prior - np.einsum("ng,ng->g", v, v)
        return self.mean + k.T @ self.alpha, np.sqrt(np.maximum(variance, _TINY))

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each value [n], noise included, had it not been seen.

        Rasmussen and Williams (2006), equations 5.10 to 5.12.
        """
        precision = np.diagonal(_inverse(self.L))
        return self.y - self.alpha / precision, 1 / np.sqrt(precision)


# Variances that rounding has made zero or negative.
_TINY = 1e-14


def kernel(
    X: np.ndarray, other: np.ndarray, groups: np.ndarray, hyperparameters: Hyperparameters
) -> np.ndarray:
    """Prior covariance of f between X [n, p] and other [m, p]: [n, m]."""
    scales = hyperparameters.lengthscales[groups]
    r = _squared_distances(X / scales, other / scales)
    r *= 5
    np.sqrt(r, out=r)
    k = np.exp(-r)
    k *= 1 + r * (1 + r / 3)
    k *= hyperparameters.signal
    return np.asarray(k)


def log_posterior(
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    variances: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Log marginal likelihood plus log priors, up to a constant, of theta [d + 2]; its gradient.

    theta are the logarithms of the hyperparameters, as `Hyperparameters.to_vector` gives them.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. The mean is set to its most probable value
    for theta; where a gradient with respect to it is zero, it adds nothing to the others.
    """
    hyperparameters = Hyperparameters.from_vector(theta)
    n, d = len(y), len(hyperparameters.lengthscales)
    scaled = X / hyperparameters.lengthscales[groups]
    r = _squared_distances(scaled, scaled)
    np.fill_diagonal(r, 0.0)
    r *= 5
    np.sqrt(r, out=r)
    slope = np.exp(-r)
    slope *= hyperparameters.signal  # signal exp(-r), for now
    K = slope * (1 + r * (1 + r / 3))
    slope *= 1 + r
    slope *= -5 / 6  # dk/dq

    L = _cholesky(K, hyperparameters.noise, np.zeros(n) if variances is None else variances)
    mean = _fit_mean(L, y)
    alpha = _solve(L, y - mean)
    value = (
        -(y - mean) @ alpha / 2
        - np.log(np.diagonal(L)).sum()
        - n / 2 * np.log(2 * np.pi)
        - mean**2 / (2 * _MEAN_VARIANCE)
    )
    W = -_inverse(L)
    W += alpha[:, None] * alpha  # twice dvalue/dK
    trace, total = np.trace(W), (W * K).sum()
    W *= slope
    # dq_ab/dlog(lengthscale_j) = -2 (x_aj - x_bj)^2 / lengthscale_j^2, summed over all pairs.
    by_feature = 2 * (W.sum(axis=1) @ scaled**2 - np.einsum("np,np->p", scaled, W @ scaled))
    gradient = np.empty(d + 2)
    gradient[:d] = -np.bincount(groups, by_feature, minlength=d)
    gradient[d] = total / 2
    gradient[d + 1] = hyperparameters.noise * trace / 2

    modes, deviations = _priors(d)
    standardised = (theta - modes) / deviations
    value -= standardised @ standardised / 2
    return float(value), gradient - standardised / deviations


def fit_hyperparameters(
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    starts: list[Hyperparameters],
    *,
    variances: np.ndarray | None = None,
    max_iterations: int = 60,
) -> Hyperparameters:
    """The most probable hyperparameters (MAP) for X [n, p] and y [n], the best of all starts."""
    d = len(starts[0].lengthscales)
    bounds = [_LOG_LENGTHSCALES] * d + [_LOG_SIGNAL, _LOG_NOISE]
    low, high = np.array(bounds).T

    def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_posterior(theta, X, y, groups, variances)
        return -value, -gradient

    results = [
        minimize(
            negative,
            np.clip(start.to_vector(), low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": max_iterations, "ftol": 1e-6, "gtol": 1e-3},
        )
        for start in starts
    ]
    return Hyperparameters.from_vector(min(results, key=lambda result: float(result.fun)).x)


def _priors(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Modes and deviations [d + 2] of the normal priors on the log hyperparameters."""
    mode, deviation = lengthscale_prior(d)
    return (
        np.array([mode] * d + [_SIGNAL_PRIOR[0], _NOISE_PRIOR[0]]),
        np.array([deviation] * d + [_SIGNAL_PRIOR[1], _NOISE_PRIOR[1]]),
    )


def _squared_distances(X: np.ndarray, other: np.ndarray) -> np.ndarray:
    q = (X**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * (X @ other.T)
    return np.asarray(np.maximum(q, 0.0, out=q))


# LAPACK is called directly: SciPy's own wrappers cost more than the work when n is small.


def _cholesky(K: np.ndarray, noise: float, variances: np.ndarray) -> np.ndarray:
    """The lower factor of K + diag(noise + variances), where `noise` is raised as rounding needs.

    Leaves K as it is.
    """
    for jitter in (noise, *(10.0**exponent for exponent in range(-8, 1))):
        if jitter >= noise:
            raised = np.array(K, order="F")
            np.einsum("nn->n", raised)[:] += jitter + variances
            L, info = dpotrf(raised, lower=1, overwrite_a=1)
            if info == 0:
                return np.asarray(L)
    raise np.linalg.LinAlgError("the covariance of the observations is not positive definite")


def _solve(L: np.ndarray, b: np.ndarray) -> np.ndarray:
    """K^-1 b for b [n], from K's lower factor."""
    return np.asarray(dpotrs(L, b, lower=1)[0])


def _solve_lower(L: np.ndarray, b: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """L^-1 b, or L^-T b, for b [n] or [n, m]."""
    solved = dtrtrs(L, b, lower=1, trans=int(transposed))[0]
    return np.asarray(solved.reshape(b.shape))


def _inverse(L: np.ndarray) -> np.ndarray:
    """K^-1 [n, n] from its lower factor."""
    inverse, _ = dpotri(L, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)


def _fit_mean(L: np.ndarray, y: np.ndarray) -> float:
    """The most probable constant mean, by generalised least squares with a normal prior."""
    ones = _solve_lower(L, np.ones(len(y)))
    whitened = _solve_lower(L, y)
    return float(ones @ whitened / (ones @ ones + 1 / _MEAN_VARIANCE))
