"""The metrics of labels: what a network says, whatever the probability it says it with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpopt.metrics.metric import CLASSIFICATION, Metric, Share, of_sklearn
from hpopt.metrics.weighted import Scorer, labels_above, mean_of, mean_of_finite, ratio, sums_of


def _of_labels(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def score(y: np.ndarray, predictions: np.ndarray) -> float:
        return float(of_sklearn(name)(y, labels_above(predictions)))

    return score


def _weighted_accuracy(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    return mean_of(y == labels_above(predictions))


def _weighted_balanced_accuracy(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    predicted = labels_above(predictions)
    classes = range(int(max(y.max(), predicted.max())) + 1)
    parts = [np.stack([(y == k) & (predicted == k), y == k]) for k in classes]
    terms = np.concatenate(parts).astype(np.float64)

    def scores(counts: np.ndarray) -> np.ndarray:
        right, rows = sums_of(terms, counts).reshape(-1, 2, counts.shape[1]).swapaxes(0, 1)
        return mean_of_finite(ratio(right, rows))

    return scores


def _weighted_f1(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    """F1 = 2 TP / (2 TP + FP + FN); with several classes their mean, as `average="macro"`."""
    predicted = labels_above(predictions)
    classes = [1] if predictions.shape[1] == 1 else range(int(max(y.max(), predicted.max())) + 1)
    parts = [
        np.stack([2.0 * ((y == k) & (predicted == k)), 1.0 * (y == k) + (predicted == k)])
        for k in classes
    ]
    terms = np.concatenate(parts)

    def scores(counts: np.ndarray) -> np.ndarray:
        hits, all = sums_of(terms, counts).reshape(-1, 2, counts.shape[1]).swapaxes(0, 1)
        mean = mean_of_finite(ratio(hits, all))
        return np.where(np.isnan(mean), 0.0, mean)  # neither there nor predicted: 0, by definition

    return scores


def _f1(y: np.ndarray, predictions: np.ndarray) -> float:
    average = "binary" if predictions.shape[1] == 1 else "macro"
    return float(of_sklearn("f1_score")(y, labels_above(predictions), average=average))


def _right(y: np.ndarray, said: np.ndarray, units: int, weights: np.ndarray | None) -> list[Share]:
    return [Share.of(y == said, np.ones(len(y), dtype=bool), weights)]


def _recalls(
    y: np.ndarray, said: np.ndarray, units: int, weights: np.ndarray | None
) -> list[Share]:
    return [Share.of(said == k, y == k, weights) for k in np.unique(y)]


def _overlaps(
    y: np.ndarray, said: np.ndarray, units: int, weights: np.ndarray | None
) -> list[Share]:
    """F1 = 2J / (1 + J): J is the share of hits among the rows of a class or said to be of it."""
    classes = [1] if units == 1 else np.union1d(y, said)
    each = [Share.of((y == k) & (said == k), (y == k) | (said == k), weights) for k in classes]
    return [share._replace(as_dice=True) for share in each]


ACCURACY = Metric(
    name="accuracy",
    function=_of_labels("accuracy_score"),
    weighted=_weighted_accuracy,
    shares=_right,
    greater_is_better=True,
    tasks=CLASSIFICATION,
    needs="labels",
    is_share=True,
    is_up_to_one=True,
)
BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    function=_of_labels("balanced_accuracy_score"),
    weighted=_weighted_balanced_accuracy,
    shares=_recalls,
    greater_is_better=True,
    tasks=CLASSIFICATION,
    needs="labels",
    needs_every_class=True,
    is_up_to_one=True,
)
F1 = Metric(
    name="f1",
    function=_f1,
    weighted=_weighted_f1,
    shares=_overlaps,
    greater_is_better=True,
    tasks=CLASSIFICATION,
    needs="labels",
    is_up_to_one=True,
)
