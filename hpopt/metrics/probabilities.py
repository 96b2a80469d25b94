"""The metrics of probabilities: how sure a network is of each class."""

from __future__ import annotations

import numpy as np

from hpopt.metrics.metric import CLASSIFICATION, Metric, of_sklearn
from hpopt.metrics.weighted import Scorer, mean_of, ratio, shares_of


def _auc(y: np.ndarray, predictions: np.ndarray) -> float:
    roc_auc_score = of_sklearn("roc_auc_score")
    if predictions.shape[1] == 1:
        return float(roc_auc_score(y, predictions[:, 0]))
    classes = np.arange(predictions.shape[1])
    return float(roc_auc_score(y, shares_of(predictions), multi_class="ovr", labels=classes))


def _weighted_auc(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    """The share of pairs of a row of the class and another that are in order; a tie is a half.

    With several classes the mean over them of each against the rest.
    """
    shares = predictions if predictions.shape[1] == 1 else shares_of(predictions)
    units = [1] if shares.shape[1] == 1 else range(shares.shape[1])
    each = [_auc_of((y == k), shares[:, i]) for i, k in enumerate(units)]
    return lambda counts: np.mean([score(counts) for score in each], axis=0)


def _auc_of(is_class: np.ndarray, values: np.ndarray) -> Scorer:
    inside, outside = _in_order(is_class, values, join_inside=True)

    def scores(counts: np.ndarray) -> np.ndarray:
        ours, others = inside @ counts, outside @ counts
        below = np.cumsum(others, axis=0) - others / 2
        pairs = ours.sum(axis=0) * others.sum(axis=0)
        return ratio((ours * below).sum(axis=0), pairs)

    return scores


def _average_precision(y: np.ndarray, predictions: np.ndarray) -> float:
    return float(of_sklearn("average_precision_score")(y, predictions[:, 0]))


def _weighted_average_precision(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    """AP = Σ (R_k - R_{k-1}) P_k over the thresholds from the highest value down."""
    inside, outside = _in_order(y == 1, -predictions[:, 0], join_inside=False)

    def scores(counts: np.ndarray) -> np.ndarray:
        ours = inside @ counts
        hits = np.cumsum(ours, axis=0)
        precision = ratio(hits, hits + np.cumsum(outside @ counts, axis=0))
        weighted = np.where(ours > 0, ours * precision, 0.0).sum(axis=0)
        return ratio(weighted, hits[-1])

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


def _log_loss(y: np.ndarray, predictions: np.ndarray) -> float:
    shares = shares_of(predictions)
    return float(of_sklearn("log_loss")(y, shares, labels=np.arange(shares.shape[1])))


def _weighted_log_loss(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    of_y = shares_of(predictions)[np.arange(len(y)), y]
    smallest = np.finfo(np.float64).eps  # as scikit-learn clips
    return mean_of(-np.log(np.clip(of_y, smallest, 1 - smallest)))


AUC = Metric(
    name="auc",
    function=_auc,
    weighted=_weighted_auc,
    greater_is_better=True,
    tasks=CLASSIFICATION,
    needs="probabilities",
    needs_every_class=True,
    is_share_of_pairs=True,
    is_up_to_one=True,
)
AVERAGE_PRECISION = Metric(
    name="average_precision",
    function=_average_precision,
    weighted=_weighted_average_precision,
    greater_is_better=True,
    tasks=("binary",),
    needs="probabilities",
    is_up_to_one=True,
)
LOG_LOSS = Metric(
    name="log_loss",
    function=_log_loss,
    weighted=_weighted_log_loss,
    greater_is_better=False,
    tasks=CLASSIFICATION,
    needs="probabilities",
)
