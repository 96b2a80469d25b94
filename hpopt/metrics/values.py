"""The metrics of values: how far a network's numbers are from the target's.

The steps ahead of a forecast are numbers like others: all of them count the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpopt.metrics.metric import Metric, of_sklearn
from hpopt.metrics.weighted import Scorer, mean_of, ratio, sums_of
from hpopt.task import Task

_VALUES: tuple[Task, ...] = ("regression", "forecast")


def _of_values(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def score(y: np.ndarray, predictions: np.ndarray) -> float:
        return float(of_sklearn(name)(y.reshape(-1), predictions.reshape(-1)))

    return score


def _errors(y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Truth less prediction, [n, units]."""
    return np.asarray(y.reshape(predictions.shape) - predictions)


def _weighted_rmse(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    of_squares = mean_of((_errors(y, predictions) ** 2).mean(axis=1))
    return lambda counts: np.asarray(np.sqrt(of_squares(counts)))


def _weighted_mae(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    return mean_of(np.abs(_errors(y, predictions)).mean(axis=1))


def _weighted_r2(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    errors = _errors(y, predictions)
    centred = (y - y.mean()).reshape(errors.shape)  # else sums would lose digits
    terms = np.stack([each.mean(axis=1) for each in (errors**2, centred**2, centred)])

    def scores(counts: np.ndarray) -> np.ndarray:
        errors, squares, sums = sums_of(terms, counts)
        return 1.0 - ratio(errors, squares - sums**2 / counts.sum(axis=0))

    return scores


def _wape(y: np.ndarray, predictions: np.ndarray) -> float:
    total = np.abs(y).sum()
    return float(np.abs(_errors(y, predictions)).sum() / total) if total > 0 else np.nan


def _weighted_wape(y: np.ndarray, predictions: np.ndarray) -> Scorer:
    errors = np.abs(_errors(y, predictions))
    terms = np.stack([errors.mean(axis=1), np.abs(y).reshape(errors.shape).mean(axis=1)])

    def scores(counts: np.ndarray) -> np.ndarray:
        errors, values = sums_of(terms, counts)
        return ratio(errors, values)

    return scores


RMSE = Metric(
    name="rmse",
    function=_of_values("root_mean_squared_error"),
    weighted=_weighted_rmse,
    greater_is_better=False,
    tasks=_VALUES,
    needs="values",
)
MAE = Metric(
    name="mae",
    function=_of_values("mean_absolute_error"),
    weighted=_weighted_mae,
    greater_is_better=False,
    tasks=_VALUES,
    needs="values",
)
R2 = Metric(
    name="r2",
    function=_of_values("r2_score"),
    weighted=_weighted_r2,
    greater_is_better=True,
    tasks=_VALUES,
    needs="values",
)
# Hyndman & Koehler, "Another look at measures of forecast accuracy", 2006: mae in units of the mean
# error that the value one season ago has in the training part.
MASE = Metric(
    name="mase",
    function=_of_values("mean_absolute_error"),
    weighted=_weighted_mae,
    greater_is_better=False,
    tasks=("forecast",),
    needs="values",
    counts_in_season_errors=True,
)
# The sum of all errors by the sum of all values, as a share: it has a value where some are 0.
WAPE = Metric(
    name="wape",
    function=_wape,
    weighted=_weighted_wape,
    greater_is_better=False,
    tasks=("forecast",),
    needs="values",
)
