"""The covariance of the latent function: Matérn-5/2 with a lengthscale for each dimension.

For the squared distance q = sum_j (x_j - x'_j)^2 / lengthscale_j^2 and r = sqrt(5 q),

    k(q) = signal (1 + r + r^2/3) exp(-r),      dk/dq = -5/6 signal (1 + r) exp(-r).

Of a dimension without order the features are one-hot, and `likeness` moves its categories in the
space that these span: such as behave alike come to lie close to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Discrepancy:
    """What is fitted of how values at a part of the epochs differ; see `fidelity.py`.

    Two variances, of what is smooth and of what is rough in it, and how many of the lengthscales
    its own are.
    """

    smooth: float
    stretch: float
    rough: float


@dataclass(frozen=True)
class Hyperparameters:
    """What is fitted: one lengthscale a dimension [d], and the variances of signal and noise.

    `likeness` [p, p] maps features to where they lie for the kernel; None leaves them there. It
    differs from the identity in the blocks of dimensions without order alone. `discrepancy` is None
    where all values are of all epochs.
    """

    lengthscales: np.ndarray
    signal: float
    noise: float
    likeness: np.ndarray | None = None
    discrepancy: Discrepancy | None = None

    def scaled(self, X: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Features X [n, p] as the kernel sees them, in which its lengthscale is 1."""
        moved = X if self.likeness is None else X @ self.likeness
        return np.asarray(moved / self.lengthscales[groups])

    @classmethod
    def default(cls, d: int) -> Hyperparameters:
        """Where a fit starts that knows nothing: long lengthscales, little noise."""
        return cls(np.full(d, 2 * np.exp(lengthscale_prior(d)[0])), 1.0, 1e-3)

    @classmethod
    def loud(cls, d: int) -> Hyperparameters:
        """Where a fit starts that takes most of what it sees for noise."""
        return cls(np.full(d, 4 * np.exp(lengthscale_prior(d)[0])), 0.5, 0.5)


def lengthscale_prior(d: int) -> tuple[float, float]:
    """Mode and deviation of the normal prior on the logarithm of a lengthscale in d dimensions.

    Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high dimensions"
    (2024): distances grow with the root of d, so lengthscales are expected to do the same. Theirs
    is a log-normal density, LogNormal(sqrt 2 + log(d)/2, sqrt 3); its factor 1/lengthscale moves
    the mode down by the variance.
    """
    return float(np.sqrt(2) + np.log(max(d, 1)) / 2 - 3), float(np.sqrt(3))


def kernel(
    X: np.ndarray, other: np.ndarray, groups: np.ndarray, hyperparameters: Hyperparameters
) -> np.ndarray:
    """Prior covariance of f between X [n, p] and other [m, p]: [n, m]."""
    scaled, others = (hyperparameters.scaled(each, groups) for each in (X, other))
    r = squared_distances(scaled, others)
    r *= 5
    np.sqrt(r, out=r)
    k = matern(r)
    k *= hyperparameters.signal
    return k


def matern(r: np.ndarray) -> np.ndarray:
    """The kernel at signal 1 for r = sqrt(5 q) of any shape."""
    k = np.exp(-r)
    k *= 1 + r * (1 + r / 3)
    return np.asarray(k)


def squared_distances(X: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Between X [n, p] and other [m, p]: [n, m]."""
    q = (X**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * (X @ other.T)
    return np.asarray(np.maximum(q, 0.0, out=q))
