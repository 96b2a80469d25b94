"""Means and deviations, and the precision in which a network gets to see raw numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

Scaling = Literal["standard", "none"]


def mean_and_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the rows; the deviation of constant values counts as 1."""
    # The mean of a constant column is off by rounding, and its deviation is not quite zero.
    is_constant = values.max(axis=0) == values.min(axis=0)
    mean = np.where(is_constant, values[0], values.mean(axis=0))
    return mean, np.where(is_constant, 1.0, values.std(axis=0))


def as_keras_hands_over(features: np.ndarray) -> np.ndarray:
    """Raw features as a model gets to see them, rounded to float32; for arithmetic in float64."""
    with np.errstate(over="ignore"):
        return features.astype(np.float32).astype(np.float64)
