"""Values made well-behaved for a Gaussian process: no heavy tails, no outliers, deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

# Values beyond it are as good as infinite; its square must not be.
_LARGEST = 1e100


@dataclass(frozen=True)
class Warping:
    """A strictly increasing map from values to the surrogate's units, and back.

    Piecewise linear between `values` [k], ascending, and their images `warped` [k]; it goes on
    beyond them with the slopes of the lower and the upper half.
    """

    values: np.ndarray
    warped: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Warping:
        """The warping for the finished trials' values [n], at least one; infinite ones may be."""
        clipped = np.clip(values, -_LARGEST, _LARGEST)
        knots, inverse, counts = np.unique(clipped, return_inverse=True, return_counts=True)
        images = _images(knots, counts)
        sample = images[inverse]
        deviation = float(sample.std())
        return cls(knots, (images - sample.mean()) / (deviation or 1.0))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The images [n] of values [n]."""
        clipped = np.clip(values, -_LARGEST, _LARGEST)
        return _interpolate(clipped, self.values, self.warped)

    def inverse(self, warped: np.ndarray) -> np.ndarray:
        """The values whose images these are, of any shape."""
        return _interpolate(warped, self.warped, self.values)


def _images(knots: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The images [k] of ascending values [k] that occur so often [k].

    Up to the median they are left as they are, for there every difference counts; above it normal
    scores of their ranks stand for them, as if the upper half were the normal mirror image of the
    lower: a loss of 1e6 or infinity is then just the worst. This is the half-rank warping of Song
    et al., "The Vizier Gaussian process bandit algorithm" (2024).
    """
    scores = ndtri((np.cumsum(counts) - counts / 2) / counts.sum())
    values = np.repeat(knots, counts)
    middle = float(np.median(values))
    spread = float(np.sqrt(((values[values <= middle] - middle) ** 2).mean()))
    if spread == 0.0:
        return np.asarray(scores)
    upper = scores - np.interp(middle, knots, scores)
    return np.where(knots <= middle, (knots - middle) / spread, upper)


def _interpolate(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Linear between the knots x, y [k], and on with the slope of a quarter of them beyond."""
    result = np.interp(at, x, y)
    k = len(x)
    if k == 1:
        return np.asarray(result + (at - x[0]))
    step = max(1, k // 4)
    below = (y[step] - y[0]) / (x[step] - x[0])
    above = (y[-1] - y[-1 - step]) / (x[-1] - x[-1 - step])
    result = np.where(at < x[0], y[0] + (at - x[0]) * below, result)
    return np.asarray(np.where(at > x[-1], y[-1] + (at - x[-1]) * above, result))
