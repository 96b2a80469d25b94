"""The metrics with rows that count several times or not at all, for many such counts at once.

A resample of rows is nothing but how often each of them was drawn. A metric is taken apart here, as
far as it can be, into sums over rows, so that thousands of resamples are one matrix product. With
every count 1 the numbers are those of `hpopt.metrics.metrics`, which are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Row counts [n, b], a column for each resample, to scores [b]; NaN where there is no score.
Scorer = Callable[[np.ndarray], np.ndarray]

HALF = 0.5  # the threshold on the probability of two labels, where none was chosen
# Metrics of labels alone: with two of them they depend on the threshold.
OF_LABELS = ("accuracy", "balanced_accuracy", "f1")
# Metrics that rows of every class must be there for, and that do not depend on the classes' shares.
OF_CLASSES = ("balanced_accuracy", "auc")
# Metrics whose best score is 1, which few rows reach too easily.
UP_TO_ONE = ("accuracy", "balanced_accuracy", "f1", "auc", "average_precision")


def scorer(metric: str, y: np.ndarray, predictions: np.ndarray, threshold: float = HALF) -> Scorer:
    """The metric of predictions [n, units] of y [n] as a function of how often each row counts.

    `y` holds class indices, or values in the target's units; with two labels, the second is said
    where its probability is above `threshold`. Raises KeyError where the metric is unknown.
    """
    if metric in OF_LABELS:
        return label_scorer(metric, y, labels_above(predictions, threshold), predictions.shape[1])
    return _SCORES[metric](y, predictions)


def label_scorer(metric: str, y: np.ndarray, said: np.ndarray, units: int) -> Scorer:
    """A metric of labels as `scorer` gives it, where the labels `said` [n] are known."""
    return _LABELS[metric](y, said, units)


def labels_above(predictions: np.ndarray, threshold: float = HALF) -> np.ndarray:
    """The class index [n] that each row of probabilities [n, units] speaks for."""
    if predictions.shape[1] == 1:
        return (predictions[:, 0] > threshold).astype(np.int64)
    return np.asarray(predictions.argmax(axis=1))


def row_losses(y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The log loss of each row [n], for probabilities [n, units] of class indices y [n]."""
    shares = _shares(predictions)
    known = shares[np.arange(len(y)), y]
    smallest = np.finfo(np.float64).eps  # as scikit-learn clips
    return np.asarray(-np.log(np.clip(known, smallest, 1 - smallest)))


def _shares(predictions: np.ndarray) -> np.ndarray:
    """Probabilities [n, classes], adding up to 1."""
    wide = predictions.astype(np.float64)
    if wide.shape[1] == 1:
        return np.column_stack([1.0 - wide[:, 0], wide[:, 0]])
    return np.asarray(wide / wide.sum(axis=1, keepdims=True))


def _accuracy(y: np.ndarray, said: np.ndarray, units: int) -> Scorer:
    return _mean((y == said).astype(np.float64))


def _balanced_accuracy(y: np.ndarray, said: np.ndarray, units: int) -> Scorer:
    classes = range(int(max(y.max(), said.max())) + 1)
    parts = [np.stack([(y == k) & (said == k), y == k]) for k in classes]
    terms = np.concatenate(parts).astype(np.float64)

    def scores(counts: np.ndarray) -> np.ndarray:
        right, rows = _sums(terms, counts).reshape(-1, 2, counts.shape[1]).swapaxes(0, 1)
        return _mean_of_known(_ratio(right, rows))

    return scores


def _f1(y: np.ndarray, said: np.ndarray, units: int) -> Scorer:
    """F1 = 2 TP / (2 TP + FP + FN); with several classes their mean, as `average="macro"`."""
    classes = [1] if units == 1 else range(int(max(y.max(), said.max())) + 1)
    parts = [
        np.stack([2.0 * ((y == k) & (said == k)), 1.0 * (y == k) + (said == k)]) for k in classes
    ]
    terms = np.concatenate(parts)

    def scores(counts: np.ndarray) -> np.ndarray:
        hits, all = _sums(terms, counts).reshape(-1, 2, counts.shape[1]).swapaxes(0, 1)
        found = _mean_of_known(_ratio(hits, all))
        return np.where(np.isnan(found), 0.0, found)  # neither there nor said: 0, by definition

    return scores


def _auc(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    """The share of pairs of a row of the class and another that are in order; a tie is a half.

    With several classes the mean over them of each against the rest.
    """
    shares = predictions if predictions.shape[1] == 1 else _shares(predictions)
    units = [1] if shares.shape[1] == 1 else range(shares.shape[1])
    each = [_auc_of((y == k), shares[:, i]) for i, k in enumerate(units)]
    return lambda counts: np.mean([score(counts) for score in each], axis=0)


def _auc_of(is_class: np.ndarray, values: np.ndarray) -> Scorer:
    inside, outside = _in_order(is_class, values, join_inside=True)

    def scores(counts: np.ndarray) -> np.ndarray:
        ours, others = inside @ counts, outside @ counts
        below = np.cumsum(others, axis=0) - others / 2
        pairs = ours.sum(axis=0) * others.sum(axis=0)
        return _ratio((ours * below).sum(axis=0), pairs)

    return scores


def _average_precision(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    """AP = Σ (R_k - R_{k-1}) P_k over the thresholds from the highest value down."""
    inside, outside = _in_order(y == 1, -predictions[:, 0], join_inside=False)

    def scores(counts: np.ndarray) -> np.ndarray:
        ours = inside @ counts
        found = np.cumsum(ours, axis=0)
        precision = _ratio(found, found + np.cumsum(outside @ counts, axis=0))
        weighted = np.where(ours > 0, ours * precision, 0.0).sum(axis=0)
        return _ratio(weighted, found[-1])

    return scores


def _in_order(is_class: np.ndarray, values: np.ndarray, *, join_inside: bool) -> tuple[object, ...]:
    """Sparse matrices [g, n] that sum up the rows of the class and the others by their value.

    Rows of one value share one of the g groups, in ascending order, and so do neighbours of one
    kind, among which the order makes no difference: those outside of the class, and those inside
    if `join_inside`.
    """
    from scipy.sparse import csr_matrix

    distinct, group = np.unique(values, return_inverse=True)
    has_inside = np.bincount(group, is_class, len(distinct)) > 0
    has_outside = np.bincount(group, ~is_class, len(distinct)) > 0
    pure = [has_outside & ~has_inside, *([has_inside & ~has_outside] if join_inside else [])]
    joins = np.any([kind[1:] & kind[:-1] for kind in pure], axis=0)
    group = np.concatenate([[0], np.cumsum(~joins)])[group]
    shape = (int(group.max()) + 1, len(values))
    return tuple(
        csr_matrix((np.ones(len(rows)), (group[rows], rows)), shape=shape)
        for rows in (np.flatnonzero(is_class), np.flatnonzero(~is_class))
    )


def _log_loss(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    return _mean(row_losses(y, predictions))


def _rmse(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    of_squares = _mean((y - predictions[:, 0]) ** 2)
    return lambda counts: np.asarray(np.sqrt(of_squares(counts)))


def _mae(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    return _mean(np.abs(y - predictions[:, 0]))


def _r2(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    centred = y - y.mean()  # else the difference of large sums would lose digits
    terms = np.stack([(y - predictions[:, 0]) ** 2, centred**2, centred])

    def scores(counts: np.ndarray) -> np.ndarray:
        errors, squares, sums = _sums(terms, counts)
        return 1.0 - _ratio(errors, squares - sums**2 / counts.sum(axis=0))

    return scores


def _mean(values: np.ndarray) -> Scorer:
    terms = np.asarray(values, dtype=np.float64)[None]
    return lambda counts: _ratio(_sums(terms, counts)[0], counts.sum(axis=0))


def _sums(terms: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of terms [k, n] and counts [n, b], the sums [k, b]."""
    return np.asarray(terms @ counts)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Above / below, NaN where below is 0."""
    found = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def _mean_of_known(scores: np.ndarray) -> np.ndarray:
    """The mean [b] of scores [k, b] that are not NaN."""
    known = ~np.isnan(scores)
    return _ratio(np.where(known, scores, 0.0).sum(axis=0), known.sum(axis=0))


_LABELS = {"accuracy": _accuracy, "balanced_accuracy": _balanced_accuracy, "f1": _f1}
_SCORES = {
    "auc": _auc,
    "average_precision": _average_precision,
    "log_loss": _log_loss,
    "rmse": _rmse,
    "mae": _mae,
    "r2": _r2,
}
