"""What a network is fitted to, as plain numbers that can be written down."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hpopt.inputs.scaling import mean_and_scale

TargetTransform = Literal["none", "log1p"]


@dataclass(frozen=True)
class TargetSpec:
    """What the network is fitted to: (target - mean) / scale for regression, else the target.

    With `transform` log1p it is the target's log(1 + y) that has this mean and scale. Predictions
    stay above the `floor`, if there is one; hpopt 0.1 had none.
    """

    mean: float = 0.0
    scale: float = 1.0
    transform: TargetTransform = "none"
    floor: float | None = None

    @classmethod
    def of(cls, target: np.ndarray, transform: TargetTransform = "none") -> TargetSpec:
        """The spec of the training part's target [n] of a regression, or [n, steps] of a forecast.

        The steps ahead of a forecast share mean and scale.
        """
        values = target.reshape(-1)
        mean, scale = mean_and_scale(np.log1p(values) if transform == "log1p" else values)
        return cls(float(mean), float(scale), transform, 0.0 if transform == "log1p" else None)

    @property
    def float32_offset(self) -> float:
        """What predictions in float32 have to be less, to keep their digits; 0 where all fit.

        A round number near the mean, where values that float32 keeps apart lie further apart than
        a twenty-thousandth of the scale.
        """
        largest = abs(self.mean) + 3 * self.scale
        if self.transform != "none" or np.spacing(np.float32(largest)) <= 5e-5 * self.scale:
            return 0.0
        return float(round(self.mean, -math.floor(math.log10(self.scale))))

    def less(self, offset: float) -> TargetSpec:
        """The spec of the same target from which an offset is taken away."""
        return replace(self, mean=self.mean - offset) if offset else self

    def apply(self, target: np.ndarray) -> np.ndarray:
        """The target [n] as the network is to learn it, float32 [n, 1]; [n, steps] stays so."""
        values = np.log1p(target) if self.transform == "log1p" else target
        learnt = np.asarray((values - self.mean) / self.scale, dtype=np.float32)
        return learnt if learnt.ndim > 1 else learnt[:, None]

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """The network's outputs [n, units] in the target's own units."""
        if self == TargetSpec():
            return outputs
        values = outputs.astype(np.float64) * self.scale + self.mean
        values = np.expm1(values) if self.transform == "log1p" else values
        return values if self.floor is None else np.maximum(values, self.floor)
