"""Rows that count several times or not at all, for many such counts at once.

A resample of rows is nothing but how often each of them was drawn. A metric is taken apart, as far
as it can be, into sums over rows, so that thousands of resamples are one matrix product. With every
count 1 the numbers are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Row counts [n, b], a column for each resample, to scores [b]; NaN where there is no score.
Scorer = Callable[[np.ndarray], np.ndarray]

HALF = 0.5  # the threshold on the probability of two labels, where none was chosen


def labels_above(predictions: np.ndarray, threshold: float = HALF) -> np.ndarray:
    """The class index [n] that each row of probabilities [n, units] speaks for."""
    if predictions.shape[1] == 1:
        return (predictions[:, 0] > threshold).astype(np.int64)
    return np.asarray(predictions.argmax(axis=1))


def confusion(y: np.ndarray, predicted: np.ndarray, labels: int) -> np.ndarray:
    """How many rows [labels, labels] of each class index `y` [n] were taken for each."""
    counts = np.bincount(y * labels + predicted, minlength=labels * labels)
    return np.asarray(counts.reshape(labels, labels))


def sure_of(labels: np.ndarray, units: int) -> np.ndarray:
    """Probabilities [n, units] that speak for class indices [n] and for nothing else."""
    return labels[:, None].astype(np.float64) if units == 1 else np.eye(units)[labels]


def shares_of(predictions: np.ndarray) -> np.ndarray:
    """Probabilities [n, classes] of every class, in float64 and adding up to 1.

    A softmax in float32 misses a sum of 1 by more than scikit-learn tolerates.
    """
    wide = predictions.astype(np.float64)
    if wide.shape[1] == 1:
        return np.column_stack([1.0 - wide[:, 0], wide[:, 0]])
    return np.asarray(wide / wide.sum(axis=1, keepdims=True))


def mean_of(values: np.ndarray) -> Scorer:
    """The mean of values [n]."""
    terms = np.asarray(values, dtype=np.float64)[None]
    return lambda counts: ratio(sums_of(terms, counts)[0], counts.sum(axis=0))


def sums_of(terms: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of terms [k, n] and counts [n, b], the sums [k, b]."""
    return np.asarray(terms @ counts)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Above / below, NaN where below is 0."""
    quotients = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=quotients, where=below > 0)
    return quotients


def mean_of_finite(scores: np.ndarray) -> np.ndarray:
    """The mean [b] of scores [k, b] that are not NaN."""
    is_there = ~np.isnan(scores)
    return ratio(np.where(is_there, scores, 0.0).sum(axis=0), is_there.sum(axis=0))
