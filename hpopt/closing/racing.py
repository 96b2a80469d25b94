"""Which of a few candidates is best, from scores in rounds: the mathematics of a race.

A round scores every candidate on the same rows, so what counts is how candidates differ within it.
"""

from __future__ import annotations

import math

import numpy as np


def confidence_over(values: np.ndarray, leader: int, validation_share: float) -> np.ndarray:
    """How sure one may be [k] that the leader is better than each candidate; 1 for itself.

    values [k, j], to be minimised, are of k candidates in j rounds, two of each at least.
    `validation_share` is n_validation/n_train of a round's split. A one-sided t-test of paired
    differences d, with the variance (1/j + n_validation/n_train) s² of their mean: rounds share
    most of their rows, so that their scores are not independent (Nadeau and Bengio, "Inference for
    the generalization error", 2003, equation 9). s² is that of all pairs together: twice the
    residual variance of the table, with (k - 1)(j - 1) degrees of freedom.
    """
    from scipy.stats import t

    k, j = values.shape
    lead = values.mean(axis=1) - values[leader].mean()
    variance = 2 * residual_variance(values)
    if variance > 0:
        error = math.sqrt((1 / j + validation_share) * variance)
        sure = t.cdf(lead / error, (k - 1) * (j - 1))
    else:  # the same in every round: as sure as a sign test of so many
        sure = np.where(lead > 0, 1 - 0.5**j, np.where(lead < 0, 0.5**j, 0.5))
    sure[leader] = 1.0
    return np.asarray(sure)


def residual_variance(values: np.ndarray) -> float:
    """The variance in values [k, j] that neither candidates nor rounds explain."""
    k, j = values.shape
    residuals = (
        values
        - values.mean(axis=1, keepdims=True)
        - values.mean(axis=0, keepdims=True)
        + values.mean()
    )
    square = float(np.square(residuals).sum())
    # What rounding has left of equal differences is no variance.
    tiny = values.size * (np.finfo(float).eps * float(np.abs(values).max())) ** 2
    return square / ((k - 1) * (j - 1)) if square > 16 * tiny else 0.0


def within_one_error(values: np.ndarray) -> np.ndarray:
    """Which candidates [k] do as well as the leader, within one standard error of the difference.

    The rule of Breiman, Friedman, Olshen and Stone, "Classification and regression trees" (1984),
    section 3.4.3, with the error of paired differences.
    """
    means = values.mean(axis=1)
    error = math.sqrt(2 * residual_variance(values) / values.shape[1])
    return np.asarray(means - means.min() <= error)
