"""The threshold on the probability of two labels that suits a metric of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpopt.metrics.metrics import METRICS
from hpopt.metrics.weighted import HALF, sure_of
from hpopt.statistics.records import Comparison
from hpopt.statistics.sample import Predictor, Sample
from hpopt.task import TASKS, Task

_FOLDS = 10
_RESAMPLES = 100  # whose middle threshold is taken
_MOST_CANDIDATES = 500
# Fewer rows of a label than these say too little of where it begins.
_FEWEST = 10


@dataclass(frozen=True)
class Threshold:
    """The threshold that is used, and why: what the metric gains by it on rows it was not made of.

    `tried` is what was found for all rows; `value` is that where the gain is clear, else 0.5.
    """

    value: float
    tried: float
    gain: Comparison | None


def depends_on_threshold(task: Task, metric: str) -> bool:
    """Whether a metric of a task can be had higher by another threshold."""
    return TASKS[task].has_threshold and METRICS[metric].needs == "labels"


def choose_threshold(
    metric: str, y: np.ndarray, predictions: np.ndarray, *, groups: np.ndarray | None = None
) -> Threshold:
    """The threshold for a metric of labels, chosen on rows y [n] with predictions [n, 1].

    A threshold is the middle one of those that are best on resamples of the rows, which varies less
    than the one that is best on the rows themselves. It takes the place of 0.5 only where it is
    measurably better: ten times a tenth of the rows is labelled by a threshold made of the other
    nine tenths, and that must beat 0.5 on the same rows beyond chance.
    """
    rare = min(int(y.sum()), int(len(y) - y.sum()))
    if rare < _FEWEST:
        return Threshold(HALF, HALF, None)
    values = predictions[:, 0].astype(np.float64)
    tried = _middle_best(metric, y, values)
    if tried == HALF:
        return Threshold(HALF, HALF, None)
    folds = _folds(y, groups)
    labels = np.empty(len(y))
    for fold in range(_FOLDS):
        within, outside = folds == fold, folds != fold
        labels[within] = values[within] > _middle_best(metric, y[outside], values[outside])
    predictors = {"thresholds": Predictor(labels[:, None]), "0.5": Predictor(predictions)}
    gain = Sample(y, predictors, [metric], groups=groups).compare("thresholds", "0.5", metric)
    better = gain is not None and gain.is_clear and METRICS[metric].to_value(gain.difference) < 0
    return Threshold(tried if better else HALF, tried, gain)


def _candidates(values: np.ndarray) -> np.ndarray:
    """0.5, and thresholds halfway between neighbouring probabilities, ascending."""
    distinct = np.unique(values.astype(np.float64))
    if len(distinct) > _MOST_CANDIDATES:
        distinct = np.unique(np.quantile(distinct, np.linspace(0, 1, _MOST_CANDIDATES)))
    return np.unique(np.concatenate([(distinct[1:] + distinct[:-1]) / 2, [HALF]]))


def _middle_best(metric: str, y: np.ndarray, probabilities: np.ndarray) -> float:
    """The median of the thresholds that are best on resamples of rows y [n]."""
    candidates, rng = _candidates(probabilities), np.random.default_rng(0)
    above = np.searchsorted(candidates, probabilities)  # how many of them a row is above
    best = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(y), size=len(y))
        values = _values(metric, y[drawn], above[drawn], len(candidates))
        equally = candidates[values <= values.min() + 1e-12]
        # Where several are equally good, 0.5 before any other, else the one in their middle.
        best.append(HALF if HALF in equally else np.median(equally))
    return float(np.median(best))


def _values(metric: str, y: np.ndarray, above: np.ndarray, count: int) -> np.ndarray:
    """The metric [count] of rows y [n] by each of `count` thresholds, as values to minimise.

    `above` [n] says how many of them, from the lowest up, a row's probability is above. Of two
    labels there are but four kinds of rows, by what they are and what is said of them.
    """
    counts = np.bincount(above * 2 + y, minlength=2 * (count + 1)).reshape(-1, 2)
    predicted_negative = np.cumsum(counts, axis=0)[:-1].T  # [2, count], of each label
    predicted_positive = counts.sum(axis=0)[:, None] - predicted_negative
    scorer = METRICS[metric].scorer(np.array([0, 1, 0, 1]), sure_of(np.array([0, 0, 1, 1]), 1))
    scores = scorer(np.concatenate([predicted_negative, predicted_positive]).astype(np.float64))
    return -scores if METRICS[metric].greater_is_better else scores


def _folds(y: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """The fold [n] of each row: both labels are spread over all; groups stay whole."""
    rng = np.random.default_rng(0)
    if groups is not None:
        names, group = np.unique(groups, return_inverse=True)
        return np.asarray(rng.permutation(len(names))[group] % _FOLDS)
    folds = np.empty(len(y), dtype=np.int64)
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == label))
        folds[rows] = np.arange(len(rows)) % _FOLDS
    return folds
