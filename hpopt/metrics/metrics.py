"""The metrics a search can be run for: by scikit-learn's definitions, with direction and tasks.

Every function takes the target y [n] (class indices, or values in the target's units) and the
network's predictions [n, units] (probabilities, or values in the target's units).
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.errors import TrialError
from hpopt.task import Task

log = logging.getLogger(__name__)

CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Metric:
    """How well predictions fit, as one number; `greater_is_better` gives its direction."""

    name: str
    function: Callable[[np.ndarray, np.ndarray], float]
    greater_is_better: bool
    tasks: tuple[Task, ...]

    def score(self, y: np.ndarray, predictions: np.ndarray) -> float:
        """The metric of predictions [n, units] against y [n], in its own direction.

        Raises TrialError where it has no finite value, as `auc` where y holds a single class.
        """
        if not np.isfinite(predictions).all():
            raise TrialError("the network's predictions are not finite")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what scikit-learn warns of comes back as a NaN
                score = float(self.function(y, predictions))
        except ValueError as error:
            raise TrialError(f"{self.name} has no value here: {error}") from error
        if not math.isfinite(score):
            raise TrialError(f"{self.name} has no value here: it is {score}")
        return score

    def to_value(self, score: float) -> float:
        """The score as a value to minimise."""
        return -score if self.greater_is_better else score


def labels_of(predictions: np.ndarray) -> np.ndarray:
    """The class index [n] that each row of probabilities [n, units] speaks for."""
    if predictions.shape[1] == 1:
        return (predictions[:, 0] > 0.5).astype(np.int64)
    return np.asarray(predictions.argmax(axis=1))


def _of_labels(name: str, **options: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    def score(y: np.ndarray, predictions: np.ndarray) -> float:
        return float(getattr(_sklearn_metrics(), name)(y, labels_of(predictions), **options))

    return score


def _of_values(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def score(y: np.ndarray, predictions: np.ndarray) -> float:
        return float(getattr(_sklearn_metrics(), name)(y, predictions[:, 0]))

    return score


def _f1(y: np.ndarray, predictions: np.ndarray) -> float:
    average = "binary" if predictions.shape[1] == 1 else "macro"
    return float(_sklearn_metrics().f1_score(y, labels_of(predictions), average=average))


def _auc(y: np.ndarray, predictions: np.ndarray) -> float:
    if predictions.shape[1] == 1:
        return float(_sklearn_metrics().roc_auc_score(y, predictions[:, 0]))
    classes = np.arange(predictions.shape[1])
    probabilities = _normalised(predictions)
    return float(
        _sklearn_metrics().roc_auc_score(y, probabilities, multi_class="ovr", labels=classes)
    )


def _log_loss(y: np.ndarray, predictions: np.ndarray) -> float:
    if predictions.shape[1] == 1:
        positive = predictions[:, 0].astype(np.float64)
        probabilities = np.column_stack([1.0 - positive, positive])
    else:
        probabilities = _normalised(predictions)
    classes = np.arange(probabilities.shape[1])
    return float(_sklearn_metrics().log_loss(y, probabilities, labels=classes))


def _normalised(predictions: np.ndarray) -> np.ndarray:
    # A softmax in float32 misses a sum of 1 by more than scikit-learn tolerates.
    wide = predictions.astype(np.float64)
    return np.asarray(wide / wide.sum(axis=1, keepdims=True))


def _sklearn_metrics() -> Any:
    import sklearn.metrics

    return sklearn.metrics


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _of_labels("accuracy_score"), True, CLASSIFICATION),
        Metric("balanced_accuracy", _of_labels("balanced_accuracy_score"), True, CLASSIFICATION),
        Metric("auc", _auc, True, CLASSIFICATION),
        Metric("average_precision", _of_values("average_precision_score"), True, ("binary",)),
        Metric("f1", _f1, True, CLASSIFICATION),
        Metric("log_loss", _log_loss, False, CLASSIFICATION),
        Metric("rmse", _of_values("root_mean_squared_error"), False, ("regression",)),
        Metric("mae", _of_values("mean_absolute_error"), False, ("regression",)),
        Metric("r2", _of_values("r2_score"), True, ("regression",)),
    )
}

_DEFAULTS: dict[Task, str] = {"binary": "accuracy", "multiclass": "accuracy", "regression": "rmse"}


def metrics_for(task: Task) -> list[Metric]:
    """The metrics that fit a task."""
    return [metric for metric in METRICS.values() if task in metric.tasks]


def scores_of(task: Task, y: np.ndarray, predictions: np.ndarray) -> dict[str, float | None]:
    """Every metric of a task for predictions [n, units] of y [n]; None where one has no value."""
    scores: dict[str, float | None] = {}
    for metric in metrics_for(task):
        try:
            scores[metric.name] = metric.score(y, predictions)
        except TrialError as error:
            log.warning("a score is missing: %s", error)
            scores[metric.name] = None
    return scores


def default_metric(task: Task) -> Metric:
    """What `metric: auto` means for a task."""
    return METRICS[_DEFAULTS[task]]
