"""The most probable hyperparameters of the Gaussian process (MAP), by their analytic gradient.

theta [d + 2 + k] are the logarithms of lengthscales, signal and noise, and behind them, for each of
the `blocks` (the features of one dimension without order), how `likeness` differs from the
identity in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from hpopt.search.algebra import cholesky, inverse, solve
from hpopt.search.gp import MEAN_VARIANCE, fit_mean
from hpopt.search.kernel import Hyperparameters, lengthscale_prior, squared_distances

# Bounds on the logarithms of lengthscales, signal and noise, far outside of what the priors want.
_LOG_LENGTHSCALES = (np.log(5e-3), np.log(1e3))
_LOG_SIGNAL = (np.log(1e-2), np.log(1e2))
_LOG_NOISE = (np.log(1e-7), np.log(1e1))
# Normal priors on the logarithms: mode and deviation.
_SIGNAL_PRIOR = (0.0, 1.0)
_NOISE_PRIOR = (np.log(1e-4), 4.0)
# Below its mode a lengthscale's prior falls faster: what varies so fast in a dimension that no
# number of trials could learn it is noise to the search, and is to be called so.
_SHORTER = 0.7
# Deviation of the normal prior on how far a category lies, in each direction, from where it is as
# far from all others. To lie on another one costs half a unit of log density over its square.
_LIKENESS_DEVIATION = 0.5
_LIKENESS_BOUNDS = (-2.0, 2.0)


def to_vector(hyperparameters: Hyperparameters, blocks: Sequence[slice]) -> np.ndarray:
    """The theta of hyperparameters."""
    each = hyperparameters
    moved = [np.zeros((b.stop - b.start) ** 2) for b in blocks]
    if each.likeness is not None:
        moved = [(each.likeness[b, b] - np.eye(b.stop - b.start)).ravel() for b in blocks]
    return np.concatenate([np.log([*each.lengthscales, each.signal, each.noise]), *moved])


def from_vector(theta: np.ndarray, groups: np.ndarray, blocks: Sequence[slice]) -> Hyperparameters:
    """The hyperparameters of theta."""
    d = len(theta) - 2 - sum((b.stop - b.start) ** 2 for b in blocks)
    values = np.exp(theta[: d + 2])
    likeness = None
    if blocks:
        likeness, at = np.eye(len(groups)), d + 2
        for block in blocks:
            size = block.stop - block.start
            likeness[block, block] += theta[at : at + size**2].reshape(size, size)
            at += size**2
    return Hyperparameters(values[:d], float(values[d]), float(values[d + 1]), likeness)


def log_posterior(
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    variances: np.ndarray | None = None,
    loudness: np.ndarray | None = None,
    blocks: Sequence[slice] = (),
) -> tuple[float, np.ndarray]:
    """Log marginal likelihood plus log priors, up to a constant, of theta; its gradient.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. The mean is set to its most probable value
    for theta; where a gradient with respect to it is zero, it adds nothing to the others.
    """
    hyperparameters = from_vector(theta, groups, blocks)
    n, d = len(y), len(hyperparameters.lengthscales)
    loudness = np.ones(n) if loudness is None else loudness
    noises = hyperparameters.noise * loudness
    scaled = hyperparameters.scaled(X, groups)
    r = squared_distances(scaled, scaled)
    np.fill_diagonal(r, 0.0)
    r *= 5
    np.sqrt(r, out=r)
    slope = np.exp(-r)
    slope *= hyperparameters.signal  # signal exp(-r), for now
    K = slope * (1 + r * (1 + r / 3))
    slope *= 1 + r
    slope *= -5 / 6  # dk/dq

    L = cholesky(K, noises if variances is None else noises + variances)
    mean = fit_mean(L, y)
    alpha = solve(L, y - mean)
    value = (
        -(y - mean) @ alpha / 2
        - np.log(np.diagonal(L)).sum()
        - n / 2 * np.log(2 * np.pi)
        - mean**2 / (2 * MEAN_VARIANCE)
    )
    W = -inverse(L)
    W += alpha[:, None] * alpha  # twice dvalue/dK
    by_noise, total = np.diagonal(W) @ noises, (W * K).sum()
    W *= slope
    # dq_ab/dlog(lengthscale_j) = -2 (x_aj - x_bj)^2 / lengthscale_j^2, summed over all pairs.
    by_scaled = 2 * (W.sum(axis=1)[:, None] * scaled - W @ scaled)  # dvalue/dscaled
    by_feature = (scaled * by_scaled).sum(axis=0)
    gradient = np.empty(len(theta))
    gradient[:d] = -np.bincount(groups, by_feature, minlength=d)
    gradient[d] = total / 2
    gradient[d + 1] = by_noise / 2
    by_moved = by_scaled / hyperparameters.lengthscales[groups]
    moved = [(X[:, block].T @ by_moved[:, block]).ravel() for block in blocks]
    gradient[d + 2 :] = np.concatenate([np.zeros(0), *moved])

    modes, deviations = _priors(d, len(theta) - d - 2)
    deviations[:d][theta[:d] < modes[:d]] = _SHORTER
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
    loudness: np.ndarray | None = None,
    blocks: Sequence[slice] = (),
    max_iterations: int = 60,
) -> tuple[Hyperparameters, float]:
    """The most probable hyperparameters (MAP) for X [n, p] and y [n], the best of all starts.

    With them comes their log posterior density, up to a constant.
    """
    d = len(starts[0].lengthscales)
    bounds = [_LOG_LENGTHSCALES] * d + [_LOG_SIGNAL, _LOG_NOISE]
    bounds += [_LIKENESS_BOUNDS] * sum((b.stop - b.start) ** 2 for b in blocks)
    low, high = np.array(bounds).T

    def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_posterior(theta, X, y, groups, variances, loudness, blocks)
        return -value, -gradient

    results = [
        minimize(
            negative,
            np.clip(to_vector(start, blocks), low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": max_iterations, "ftol": 1e-6, "gtol": 1e-3},
        )
        for start in starts
    ]
    best = min(results, key=lambda result: float(result.fun))
    return from_vector(best.x, groups, blocks), -float(best.fun)


def _priors(d: int, n_moved: int) -> tuple[np.ndarray, np.ndarray]:
    """Modes and deviations [d + 2 + k] of the normal priors on theta."""
    mode, deviation = lengthscale_prior(d)
    return (
        np.array([mode] * d + [_SIGNAL_PRIOR[0], _NOISE_PRIOR[0]] + [0.0] * n_moved),
        np.array(
            [deviation] * d + [_SIGNAL_PRIOR[1], _NOISE_PRIOR[1]] + [_LIKENESS_DEVIATION] * n_moved
        ),
    )
