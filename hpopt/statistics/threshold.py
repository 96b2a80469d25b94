"""The threshold on the probability of two labels that suits a metric of labels.

Where the threshold is chosen on the rows that it is then judged by, the score flatters. So it is
cross-fitted: each tenth of the rows is labelled by a threshold that was chosen on the other nine
tenths, and all labels are scored together (as the predictions of a cross-validation are; Stone
1974, "Cross-validatory choice and assessment of statistical predictions").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpopt.metrics.metric import Metric
from hpopt.metrics.weighted import HALF, ratio, sure_of
from hpopt.statistics.records import Comparison
from hpopt.statistics.sample import Predictor, Sample
from hpopt.task import LIKELIEST, OWN_THRESHOLD, TASKS, Task

_FOLDS = 10
# The threshold that is used is chosen once; those of its cross-fit in every epoch of a trial.
_RESAMPLES = 100
_RESAMPLES_OF_FOLD = 6
# Candidates are quantiles of the probabilities of either label.
_MOST_CANDIDATES = 60


def rule_of(metric: Metric, task: Task) -> str | None:
    """How probabilities become the labels that a metric judges; None where it judges none."""
    if metric.needs != "labels":
        return None
    return OWN_THRESHOLD if TASKS[task].has_threshold else LIKELIEST


def as_judged(
    metric: Metric,
    rule: str | None,
    y: np.ndarray,
    predictions: np.ndarray,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """What a model is scored by on rows y [n], where it `predictions` [n, units] of them.

    By the rule OWN_THRESHOLD these are the labels [n, 1] of its cross-fitted threshold; by any
    other rule the predictions as they are. Rows may count by `weights` [n].
    """
    if rule != OWN_THRESHOLD:
        return predictions
    values = predictions[:, 0].astype(np.float64)
    labels = _cross_fitted(metric, y, values, groups, weights)
    return labels[:, None]


def best_threshold(
    metric: Metric, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """The threshold for a metric of labels, chosen on all rows y [n] with predictions [n, 1].

    It is the middle one of those that are best on resamples of the rows, which varies less than
    the one that is best on the rows themselves.
    """
    cells = _Cells.of(y, predictions[:, 0].astype(np.float64), weights)
    counts = cells.counts(np.zeros(len(y), dtype=np.int64), 1)
    return float(_middle_best(metric, cells, counts, _RESAMPLES)[0])


def gain_over_half(
    metric: Metric,
    y: np.ndarray,
    predictions: np.ndarray,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Comparison | None:
    """What a threshold of its own gains a model over 0.5, on rows that it was not made of."""
    judged = as_judged(metric, OWN_THRESHOLD, y, predictions, groups, weights)
    predictors = {"own": Predictor(judged), "0.5": Predictor(predictions)}
    sample = Sample(y, predictors, [metric], groups=groups, weights=weights)
    return sample.compare("own", "0.5", metric.name)


def _cross_fitted(
    metric: Metric,
    y: np.ndarray,
    values: np.ndarray,
    groups: np.ndarray | None,
    weights: np.ndarray | None,
) -> np.ndarray:
    """The label [n] of each row, 0.0 or 1.0, by the threshold of the rows in the other folds."""
    folds, cells = _folds(y, groups), _Cells.of(y, values, weights)
    inside = cells.counts(folds, _FOLDS)
    outside = inside.sum(axis=0) - inside
    thresholds = _middle_best(metric, cells, outside, _RESAMPLES_OF_FOLD)
    return np.asarray(values > thresholds[folds], dtype=np.float64)


@dataclass(frozen=True)
class _Cells:
    """Rows by how many of the `candidates` [m] for a threshold their probability is above.

    A row's label and this are all that the score of a candidate depends on: `of_row` [n] is the
    number of both, `above * 2 + label`. `worth` [m + 1, 2] is what the rows of a cell count on
    average, where they do not all count the same.
    """

    candidates: np.ndarray
    of_row: np.ndarray
    worth: np.ndarray | None = None

    @classmethod
    def of(cls, y: np.ndarray, values: np.ndarray, weights: np.ndarray | None) -> _Cells:
        candidates = _candidates(y, values)
        of_row = np.searchsorted(candidates, values) * 2 + y
        if weights is None:
            return cls(candidates, of_row)
        size = 2 * (len(candidates) + 1)
        sums = np.bincount(of_row, weights, minlength=size)
        return cls(candidates, of_row, ratio(sums, np.bincount(of_row, minlength=size)))

    def counts(self, folds: np.ndarray, count: int) -> np.ndarray:
        """How many rows of each of `count` folds are in each cell [count, m + 1, 2]."""
        size = 2 * (len(self.candidates) + 1)
        flat = np.bincount(folds * size + self.of_row, minlength=count * size)
        return flat.reshape(count, -1, 2)


def _candidates(y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """0.5, and thresholds halfway between neighbouring probabilities, ascending.

    The lowest says the second label of all rows, where no probability is 0, and the highest of
    none. Of many probabilities quantiles are taken, as many for either label, so that they are
    close where a rare label is.
    """
    by_label = [_spread(values[y == label]) for label in (0, 1)]
    distinct = np.unique(np.concatenate(by_label))
    ends = [distinct[0] / 2, (1 + distinct[-1]) / 2, HALF]
    return np.unique(np.concatenate([(distinct[1:] + distinct[:-1]) / 2, ends]))


def _spread(values: np.ndarray) -> np.ndarray:
    """Values, or of many quantiles, each a value itself; in this loop a sort is what is fast."""
    if len(values) <= _MOST_CANDIDATES:
        return values
    at = np.linspace(0, len(values) - 1, _MOST_CANDIDATES)
    return np.asarray(np.sort(values)[np.rint(at).astype(np.int64)])


def _middle_best(metric: Metric, cells: _Cells, counts: np.ndarray, resamples: int) -> np.ndarray:
    """For each of k counts of cells [k, m + 1, 2] the median threshold of those best on resamples.

    A resample draws the count of each cell from a Poisson distribution, as a bootstrap of rows
    nearly does (Chamandy et al. 2012, "Estimating uncertainty for massive data streams").
    """
    drawn = np.random.default_rng(0).poisson(counts, size=(resamples, *counts.shape))
    if cells.worth is not None:
        drawn = drawn * np.nan_to_num(cells.worth).reshape(-1, 2)
    negative = np.cumsum(drawn, axis=2)[:, :, :-1]  # [r, k, m, 2]: said to be the first label
    positive = drawn.sum(axis=2)[:, :, None] - negative
    four = np.concatenate([negative, positive], axis=3)  # the kinds of rows by truth and label
    scorer = metric.scorer(np.array([0, 1, 0, 1]), sure_of(np.array([0, 0, 1, 1]), 1))
    scores = scorer(four.reshape(-1, 4).T.astype(np.float64)).reshape(four.shape[:3])
    worst = -np.inf if metric.greater_is_better else np.inf
    values = np.where(np.isnan(scores), -worst, -scores if metric.greater_is_better else scores)
    is_best = values <= values.min(axis=2, keepdims=True) + 1e-12
    # Where several are equally good, 0.5 before any other, else the one in their middle.
    so_far = np.cumsum(is_best, axis=2)
    middle = (2 * so_far > so_far[:, :, -1:]).argmax(axis=2)
    half = np.searchsorted(cells.candidates, HALF)
    best = np.where(is_best[:, :, half], half, middle)
    return np.asarray(np.median(cells.candidates[best], axis=0))


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
