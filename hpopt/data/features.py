"""What turns raw columns into network inputs, as plain numbers that can be written down.

A `FeatureSpec` is taken from the training part alone, is applied to arrays with NumPy here, and is
built again as Keras layers in `hpopt/export/twin.py` for the exported model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Scaling = Literal["standard", "none"]
TargetTransform = Literal["none", "log1p"]


@dataclass(frozen=True)
class FeatureSpec:
    """input = (raw - mean) / scale, column by column, `mean` and `scale` [d].

    Unscaled features have mean 0 and scale 1.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def of(cls, features: np.ndarray, scaling: Scaling = "standard") -> FeatureSpec:
        """The spec of the training part's raw features [n, d].

        `standard` takes their mean and deviation, where a constant column keeps scale 1; `none`
        hands them to the network as they are.
        """
        if scaling == "none":
            columns = features.shape[1]
            return cls((0.0,) * columns, (1.0,) * columns)
        mean, scale = _mean_and_scale(as_keras_hands_over(features))
        return cls(tuple(mean.tolist()), tuple(scale.tolist()))

    @property
    def is_unscaled(self) -> bool:
        """Whether network inputs are the raw features."""
        return not any(self.mean) and set(self.scale) <= {1.0}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row, raw or prepared."""
        return (len(self.mean),)

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Raw features [n, d] as network inputs, float32 [n, d].

        The features are rounded to float32 first, because that is how Keras hands raw rows to an
        exported model; the arithmetic is in float64.
        """
        rows = as_keras_hands_over(features)
        prepared = (rows - np.asarray(self.mean)) / np.asarray(self.scale)
        return np.asarray(prepared, dtype=np.float32)


@dataclass(frozen=True)
class TargetSpec:
    """What the network is fitted to: (target - mean) / scale for regression, else the target.

    With `transform` log1p it is the target's log(1 + y) that has this mean and scale.
    """

    mean: float = 0.0
    scale: float = 1.0
    transform: TargetTransform = "none"

    @classmethod
    def of(cls, target: np.ndarray, transform: TargetTransform = "none") -> TargetSpec:
        """The spec of the training part's target [n] of a regression."""
        mean, scale = _mean_and_scale(np.log1p(target) if transform == "log1p" else target)
        return cls(float(mean), float(scale), transform)

    def apply(self, target: np.ndarray) -> np.ndarray:
        """The target [n] as the network is to learn it, float32 [n, 1]."""
        values = np.log1p(target) if self.transform == "log1p" else target
        return np.asarray((values - self.mean) / self.scale, dtype=np.float32)[:, None]

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """The network's outputs [n, units] in the target's own units."""
        if self == TargetSpec():
            return outputs
        values = outputs.astype(np.float64) * self.scale + self.mean
        return np.expm1(values) if self.transform == "log1p" else values


def _mean_and_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the rows; the deviation of constant values counts as 1."""
    # The mean of a constant column is off by rounding, and its deviation is not quite zero.
    is_constant = values.max(axis=0) == values.min(axis=0)
    mean = np.where(is_constant, values[0], values.mean(axis=0))
    return mean, np.where(is_constant, 1.0, values.std(axis=0))


def as_keras_hands_over(features: np.ndarray) -> np.ndarray:
    """Raw features as a model gets to see them, rounded to float32; for arithmetic in float64."""
    with np.errstate(over="ignore"):
        return features.astype(np.float32).astype(np.float64)
