"""The metrics of values: how far a network's numbers are from the target's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpopt.metrics.metric import Metric, of_sklearn
from hpopt.metrics.weighted import Scorer, mean_of, ratio, sums_of


def _of_values(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def score(y: np.ndarray, predictions: np.ndarray) -> float:
        return float(of_sklearn(name)(y, predictions[:, 0]))

    return score


def _weighted_rmse(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    of_squares = mean_of((y - predictions[:, 0]) ** 2)
    return lambda counts: np.asarray(np.sqrt(of_squares(counts)))


def _weighted_mae(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    return mean_of(np.abs(y - predictions[:, 0]))


def _weighted_r2(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    centred = y - y.mean()  # else the difference of large sums would lose digits
    terms = np.stack([(y - predictions[:, 0]) ** 2, centred**2, centred])

    def scores(counts: np.ndarray) -> np.ndarray:
        errors, squares, sums = sums_of(terms, counts)
        return 1.0 - ratio(errors, squares - sums**2 / counts.sum(axis=0))

    return scores


RMSE = Metric(
    name="rmse",
    function=_of_values("root_mean_squared_error"),
    weighted=_weighted_rmse,
    greater_is_better=False,
    tasks=("regression",),
    needs="values",
)
MAE = Metric(
    name="mae",
    function=_of_values("mean_absolute_error"),
    weighted=_weighted_mae,
    greater_is_better=False,
    tasks=("regression",),
    needs="values",
)
R2 = Metric(
    name="r2",
    function=_of_values("r2_score"),
    weighted=_weighted_r2,
    greater_is_better=True,
    tasks=("regression",),
    needs="values",
)
