"""Values made well-behaved for a Gaussian process: no outliers, no heavy tails, deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Values beyond it are as good as infinite; its square must not be.
_LARGEST = 1e100
# How far above the upper quartile Tukey's fence stands, in distances between the quartiles.
_FENCE = 1.5
# The exponents of the power transform that are considered.
_EXPONENTS = np.linspace(-3.0, 3.0, 61)
# What different values at least are apart, so that there is a way back.
_APART = 1e-9


@dataclass(frozen=True)
class Warping:
    """A strictly increasing map from values to the surrogate's units, and back.

    Piecewise linear between `values` [k], ascending, and their images `warped` [k]; beyond them it
    goes on with the mean slope of the quarter of them at that end.
    """

    values: np.ndarray
    warped: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Warping:
        """The warping for the finished trials' values [n], at least one; infinite ones may be.

        What lies above Tukey's fence is drawn down to it: that a loss was 1e6 says no more than
        that it was bad. Then the power transform of Yeo and Johnson (2000) makes the values as
        normal as it can: it spreads out losses that crowd near their minimum, and draws in what is
        left of a tail. HEBO (Cowen-Rivers et al., 2022) warps its values so. Outliers below stay,
        for those are what is searched for.
        """
        clipped = np.clip(values, -_LARGEST, _LARGEST)
        knots, which = np.unique(clipped, return_inverse=True)
        capped = np.minimum(knots, fence(clipped, knots))
        images = _yeo_johnson(_standardise(capped, which), which)
        return cls(knots, _standardise(images, which) + _APART * np.arange(len(knots)))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The images [n] of values [n]."""
        return _interpolate(np.clip(values, -_LARGEST, _LARGEST), self.values, self.warped)

    def inverse(self, warped: np.ndarray) -> np.ndarray:
        """The values whose images these are, of any shape."""
        return _interpolate(warped, self.warped, self.values)


def fence(values: np.ndarray, knots: np.ndarray) -> float:
    """Tukey's upper fence of values [n]; where half of them are equal, of the different [k]."""
    lower, upper = np.quantile(values, [0.25, 0.75])
    if lower == upper:
        lower, upper = np.quantile(knots, [0.25, 0.75])
    return float(upper + _FENCE * (upper - lower))


def _standardise(images: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Images [k], shifted and scaled so that images[which] [n] have mean 0 and deviation 1."""
    sample = images[which]
    return np.asarray((images - sample.mean()) / (sample.std() or 1.0))


def _yeo_johnson(x: np.ndarray, which: np.ndarray) -> np.ndarray:
    """The power transform of x [k] that makes x[which] [n] most normal (their equation 3.1)."""
    transformed = np.array([yeo_johnson(x, exponent) for exponent in _EXPONENTS])
    jacobian = (np.sign(x) * np.log1p(np.abs(x)))[which].sum()
    variance = transformed[:, which].var(axis=1)
    if not variance.all():
        return x
    likelihood = (_EXPONENTS - 1) * jacobian - len(which) / 2 * np.log(variance)
    return np.asarray(transformed[likelihood.argmax()])


def yeo_johnson(x: np.ndarray, exponent: float) -> np.ndarray:
    """The transform of Yeo and Johnson (2000): a Box-Cox transform on both sides of zero."""
    return np.asarray(
        np.where(
            x >= 0,
            _box_cox(1 + np.maximum(x, 0.0), exponent),
            -_box_cox(1 - np.minimum(x, 0.0), 2 - exponent),
        )
    )


def _box_cox(x: np.ndarray, exponent: float) -> np.ndarray:
    log = np.log(x)
    return np.asarray(log if abs(exponent) < 1e-9 else np.expm1(exponent * log) / exponent)


def _interpolate(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Linear between the knots (x, y) [k], and on with the mean slope of the outer quarters."""
    result = np.array(np.interp(at, x, y))
    quarter = max(1, len(x) // 4)
    for end, outside in ((0, at < x[0]), (-1, at > x[-1])):
        if outside.any():
            inner = quarter if end == 0 else -1 - quarter
            slope = 1.0 if len(x) == 1 else (y[end] - y[inner]) / (x[end] - x[inner])
            result[outside] = y[end] + slope * (at[outside] - x[end])
    return result
