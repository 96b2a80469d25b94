"""What a shorter fit can't know: how values at a part of the epochs differ from those at all.

The value at a level (a share of the epochs) of a trial with params x is

    y = v + g(x, h),      v = f(x) + e,      h = log(1/level) / log 9,

with f as in `gp.py`, e the trial's own noise, which stays with it through all levels, and v what it
gives in the end. g is a discrepancy that vanishes at h = 0, where all epochs are done. As in
Kennedy and O'Hagan, "Predicting the output from a complex computer code when fast approximations
are available" (2000), it is a Gaussian process of its own, here a Brownian motion in h:

    cov(g, g') = min(h, h') (1 + smooth k(q/stretch^2) + rough [one trial])

where k(q) is the kernel of `kernel.py` at signal 1. The 1 lets all short fits be worse by as much,
`smooth` is what some regions lose more by than others, and `rough` what of a trial's curve no other
trial tells. So a value at a level says of v what it can, and with what deviation. All this adds to
the covariance of observed values alone: whoever asks for f asks the `GP` as ever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpopt.search.gp import GP
from hpopt.search.kernel import Discrepancy, Hyperparameters, matern, squared_distances

# The level whose depth is 1. A ninth is the lowest that hpopt pauses at by itself.
_UNIT = math.log(9)
# The variance, at depth 1, of what all short fits are worse by; that of values is 1.
SHIFT = 1.0
# What is added to the variance of each value, so that those of one trial are never quite the same.
JITTER = 1e-6
_TINY = 1e-14


def depth(level: float) -> float:
    """The depth h of a level, a share of the epochs: 0 of all of them, 1 of a ninth."""
    return -math.log(level) / _UNIT


@dataclass(frozen=True)
class Depths:
    """At which depth `h` [n] each value was had, and of which `trial` [n]."""

    h: np.ndarray
    trial: np.ndarray

    def of(self, rows: np.ndarray) -> Depths:
        """Those of some rows, by their numbers."""
        return Depths(self.h[rows], self.trial[rows])

    def parts(self, r: np.ndarray, g: Discrepancy) -> tuple[np.ndarray, np.ndarray]:
        """The covariances [n, n] of what is smooth and what is rough in g; the shift is neither.

        r is sqrt(5 q) [n, n] of f's kernel.
        """
        smooth = self.shared * (g.smooth * matern(r / g.stretch))
        return np.asarray(smooth), np.asarray(self.shared * (g.rough * self.same))

    @property
    def same(self) -> np.ndarray:
        """Whether two values are of one trial, [n, n]."""
        return np.asarray(self.trial[:, None] == self.trial)

    @property
    def shared(self) -> np.ndarray:
        """min(h, h') [n, n]."""
        return np.asarray(np.minimum(self.h[:, None], self.h))

    def covariance(self, X: np.ndarray, groups: np.ndarray, theta: Hyperparameters) -> np.ndarray:
        """What two values at features X [n, p] share besides f [n, n]: g, and the trial's noise.

        The diagonal is without the noise, which a `GP` adds itself.
        """
        g = theta.discrepancy
        assert g is not None
        scaled = theta.scaled(X, groups)
        smooth, rough = self.parts(np.sqrt(5 * squared_distances(scaled, scaled)), g)
        between = theta.noise * (self.same - np.eye(len(self.h)))
        return np.asarray(SHIFT * self.shared + smooth + rough + between + JITTER * np.eye(len(X)))


@dataclass(frozen=True)
class Levelled:
    """The posterior after values at several depths, and what a trial will give by it.

    Of trials, by features X [m, p] and by number [m]; one that is new has a number of its own.
    """

    gp: GP
    depths: Depths

    def mean_at(self, X: np.ndarray, trial: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The mean [m] of the values at depths h [m]."""
        return np.asarray(self.gp.mean + self._beside(X, trial, h).T @ self.gp.alpha)

    def outlook(self, X: np.ndarray, trial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation [m] of v, what trials give in the end."""
        mu, sigma, _ = self._outlook(X, trial)
        return mu, sigma

    def told(
        self, X: np.ndarray, trial: np.ndarray, h: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The mean of v, how far values at depth h will move it, and what is left: [m] each.

        Both as deviations: their squares add up to the variance of v. With covariances after the
        observations, what is told is cov(v, y) / sd(y) for the values y.
        """
        theta = self.gp.hyperparameters
        g = theta.discrepancy
        assert g is not None
        mu, sigma, of_v = self._outlook(X, trial)
        of_y = self.gp.whiten(self._beside(X, trial, np.full(len(X), h)))
        prior = theta.signal + theta.noise
        variance = prior + h * (SHIFT + g.smooth + g.rough) - np.einsum("nm,nm->m", of_y, of_y)
        covariance = prior - np.einsum("nm,nm->m", of_v, of_y)
        told = np.clip(covariance / np.sqrt(np.maximum(variance, _TINY)), 0.0, sigma)
        return mu, told, np.sqrt(np.maximum(sigma**2 - told**2, _TINY))

    def _outlook(
        self, X: np.ndarray, trial: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        gp, theta = self.gp, self.gp.hyperparameters
        k = self._beside(X, trial, np.zeros(len(X)))
        whitened = gp.whiten(k)
        variance = theta.signal + theta.noise - np.einsum("nm,nm->m", whitened, whitened)
        return gp.mean + k.T @ gp.alpha, np.sqrt(np.maximum(variance, _TINY)), whitened

    def _beside(self, X: np.ndarray, trial: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The prior covariance [n, m] of all observations with values at depths h."""
        gp, theta = self.gp, self.gp.hyperparameters
        g = theta.discrepancy
        assert g is not None
        scaled, others = (theta.scaled(each, gp.groups) for each in (gp.X, X))
        r = np.sqrt(5 * squared_distances(scaled, others))
        same = self.depths.trial[:, None] == trial
        shared = np.minimum(self.depths.h[:, None], h)
        of_g = shared * (SHIFT + g.smooth * matern(r / g.stretch) + g.rough * same)
        return np.asarray(theta.signal * matern(r) + theta.noise * same + of_g)
