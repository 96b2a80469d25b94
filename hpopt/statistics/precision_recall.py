"""Precision and recall at every threshold, of a model of two labels."""

from __future__ import annotations

import numpy as np

from hpopt.statistics.records import Operating, PrecisionRecall

# More are not told apart in a picture.
_MOST_POINTS = 200


def precision_recall(y: np.ndarray, predictions: np.ndarray, threshold: float) -> PrecisionRecall:
    """What probabilities [n, 1] of the second label give for class indices y [n], which hold it.

    The curve has a point for each value of the probability, the highest first, as
    `sklearn.metrics.precision_recall_curve` has; of very many, so many as are evenly spread over
    the recall. Its area as steps is the average precision.
    """
    values, is_positive = predictions[:, 0].astype(np.float64), y == 1
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))  # of rows of one value
    hits = np.cumsum(is_positive[order])[ends]
    recall, precision = hits / is_positive.sum(), hits / (ends + 1)
    chosen = np.arange(len(ends))
    if len(ends) > _MOST_POINTS:
        even = np.searchsorted(recall, np.linspace(0, 1, _MOST_POINTS - 1))
        chosen = np.unique([0, *np.minimum(even, len(ends) - 1)])
    said = int((values > threshold).sum())
    hit = int((is_positive & (values > threshold)).sum())
    return PrecisionRecall(
        curve=[Operating(*_rounded(recall[i], precision[i])) for i in chosen],
        threshold=threshold,
        in_force=Operating(*_rounded(hit / is_positive.sum(), hit / said)) if said else None,
    )


def _rounded(*shares: float) -> tuple[float, ...]:
    """Shares as a journal keeps them: finer than any picture."""
    return tuple(round(float(share), 5) for share in shares)
