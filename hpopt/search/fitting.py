"""The most probable hyperparameters of the Gaussian process (MAP), by their analytic gradient.

theta [d + 2 + k] are the logarithms of lengthscales, signal and noise, and behind them, for each of
the `blocks` (the features of one dimension without order), how `likeness` differs from the
identity in it. Where values were had at several depths (`fidelity.py`), the logarithms of the
discrepancy's three numbers stand at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from hpopt.search.algebra import cholesky, inverse, solve
from hpopt.search.fidelity import JITTER, SHIFT, Depths
from hpopt.search.gp import MEAN_VARIANCE, fit_mean
from hpopt.search.kernel import (
    Discrepancy,
    Hyperparameters,
    lengthscale_prior,
    squared_distances,
)

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
# Of the discrepancy's smooth part, its stretch and its rough part: the modes, the deviations of
# their logarithms, and bounds on these.
TYPICAL_DISCREPANCY = Discrepancy(0.3, 1.0, 0.2)
_DISCREPANCY_DEVIATIONS = (1.5, 0.7, 2.0)
_LOG_DISCREPANCY = [
    (np.log(1e-4), np.log(10.0)),
    (np.log(0.3), np.log(30.0)),
    (np.log(1e-6), np.log(5.0)),
]


def to_vector(hyperparameters: Hyperparameters, blocks: Sequence[slice]) -> np.ndarray:
    """The theta of hyperparameters."""
    each = hyperparameters
    moved = [np.zeros((b.stop - b.start) ** 2) for b in blocks]
    if each.likeness is not None:
        moved = [(each.likeness[b, b] - np.eye(b.stop - b.start)).ravel() for b in blocks]
    g = each.discrepancy
    of_g = [] if g is None else [np.log([g.smooth, g.stretch, g.rough])]
    return np.concatenate([np.log([*each.lengthscales, each.signal, each.noise]), *moved, *of_g])


def from_vector(
    theta: np.ndarray, groups: np.ndarray, blocks: Sequence[slice], *, levelled: bool = False
) -> Hyperparameters:
    """The hyperparameters of theta; `levelled` says whether a discrepancy is among them."""
    discrepancy = None
    if levelled:
        discrepancy = Discrepancy(*np.exp(theta[-3:]).tolist())
        theta = theta[:-3]
    d = len(theta) - 2 - sum((b.stop - b.start) ** 2 for b in blocks)
    values = np.exp(theta[: d + 2])
    likeness = None
    if blocks:
        likeness, at = np.eye(len(groups)), d + 2
        for block in blocks:
            size = block.stop - block.start
            likeness[block, block] += theta[at : at + size**2].reshape(size, size)
            at += size**2
    variances = float(values[d]), float(values[d + 1])
    return Hyperparameters(values[:d], *variances, likeness, discrepancy)


def log_posterior(
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    variances: np.ndarray | None = None,
    loudness: np.ndarray | None = None,
    blocks: Sequence[slice] = (),
    depths: Depths | None = None,
) -> tuple[float, np.ndarray]:
    """Log marginal likelihood plus log priors, up to a constant, of theta; its gradient.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. The mean is set to its most probable value
    for theta; where a gradient with respect to it is zero, it adds nothing to the others.
    """
    hyperparameters = from_vector(theta, groups, blocks, levelled=depths is not None)
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
    total = K
    if depths is not None:
        g = hyperparameters.discrepancy
        assert g is not None
        shared, same, r_of_g = depths.shared, depths.same, r / g.stretch
        smooth, rough = depths.parts(r, g)
        # The noise is a trial's own, at all of its levels.
        total = K + SHIFT * shared + smooth + rough + hyperparameters.noise * same
        # Of k(q / stretch^2), by q.
        slope_of_g = -5 / 6 * g.smooth / g.stretch**2 * shared * (1 + r_of_g) * np.exp(-r_of_g)
        slope += slope_of_g

    own = noises if depths is None else np.full(n, JITTER)
    L = cholesky(total, own if variances is None else own + variances)
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
    by_noise, by_signal = np.diagonal(W) @ noises, (W * K).sum()
    by_g = np.zeros(0)
    if depths is not None:
        by_stretch = -2 / 5 * (W * r * r * slope_of_g).sum()
        by_noise = hyperparameters.noise * (W * same).sum()
        by_g = np.array([(W * smooth).sum(), by_stretch, (W * rough).sum()]) / 2
    W *= slope
    # dq_ab/dlog(lengthscale_j) = -2 (x_aj - x_bj)^2 / lengthscale_j^2, summed over all pairs.
    by_scaled = 2 * (W.sum(axis=1)[:, None] * scaled - W @ scaled)  # dvalue/dscaled
    by_feature = (scaled * by_scaled).sum(axis=0)
    gradient = np.empty(len(theta))
    gradient[:d] = -np.bincount(groups, by_feature, minlength=d)
    gradient[d] = by_signal / 2
    gradient[d + 1] = by_noise / 2
    by_moved = by_scaled / hyperparameters.lengthscales[groups]
    moved = [(X[:, block].T @ by_moved[:, block]).ravel() for block in blocks]
    gradient[d + 2 :] = np.concatenate([*moved, by_g])

    modes, deviations = _priors(d, sum(map(len, moved)), levelled=depths is not None)
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
    depths: Depths | None = None,
    max_iterations: int = 60,
) -> tuple[Hyperparameters, float]:
    """The most probable hyperparameters (MAP) for X [n, p] and y [n], the best of all starts.

    With them comes their log posterior density, up to a constant.
    """
    d = len(starts[0].lengthscales)
    bounds = [_LOG_LENGTHSCALES] * d + [_LOG_SIGNAL, _LOG_NOISE]
    bounds += [_LIKENESS_BOUNDS] * sum((b.stop - b.start) ** 2 for b in blocks)
    bounds += [] if depths is None else _LOG_DISCREPANCY
    low, high = np.array(bounds).T

    def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_posterior(theta, X, y, groups, variances, loudness, blocks, depths)
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
    return from_vector(best.x, groups, blocks, levelled=depths is not None), -float(best.fun)


def _priors(d: int, n_moved: int, *, levelled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Modes and deviations [d + 2 + k] of the normal priors on theta."""
    mode, deviation = lengthscale_prior(d)
    modes = [mode] * d + [_SIGNAL_PRIOR[0], _NOISE_PRIOR[0]] + [0.0] * n_moved
    deviations = [deviation] * d + [_SIGNAL_PRIOR[1], _NOISE_PRIOR[1]]
    deviations += [_LIKENESS_DEVIATION] * n_moved
    if levelled:
        typical = TYPICAL_DISCREPANCY
        modes += np.log([typical.smooth, typical.stretch, typical.rough]).tolist()
        deviations += _DISCREPANCY_DEVIATIONS
    return np.array(modes), np.array(deviations)
