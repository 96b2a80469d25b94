"""Metrics with row counts: scikit-learn's numbers, of rows that are there several times."""

import numpy as np
import pytest

from hpopt.metrics.metrics import METRICS, metrics_for
from hpopt.metrics.weighted import HALF


def rows_of(task, n=60, seed=0):
    """A target [n] and predictions [n, units] with many ties."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        y = rng.normal(1e6, 3, n)
        return y, (y + rng.normal(size=n))[:, None]
    classes = 2 if task == "binary" else 4
    y = rng.integers(classes, size=n)
    raw = np.exp(np.round(rng.normal(size=(n, classes)) + 1.5 * np.eye(classes)[y], 1))
    shares = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    return y, shares[:, [1]] if task == "binary" else shares


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rows_that_count_are_rows_that_are_there(task, seed):
    y, predictions = rows_of(task, seed=seed)
    counts = np.random.default_rng(seed).integers(0, 4, size=(len(y), 3)).astype(float)
    counts[:, 0] = 1
    for metric in metrics_for(task):
        found = metric.scorer(y, predictions)(counts)
        for column in range(3):
            rows = np.repeat(np.arange(len(y)), counts[:, column].astype(int))
            expected = metric.score(y[rows], predictions[rows])
            assert found[column] == pytest.approx(expected, rel=1e-6), metric.name


def test_the_threshold_moves_the_metrics_of_labels_alone():
    y, predictions = rows_of("binary")
    once = np.ones((len(y), 1))
    said = (predictions[:, 0] > 0.8).astype(float)[:, None]
    for metric in metrics_for("binary"):
        found = metric.scorer(y, predictions, 0.8)(once)[0]
        plain = metric.scorer(y, predictions, HALF)(once)[0]
        if metric.needs == "labels":
            assert found == pytest.approx(metric.score(y, said))
            assert found != plain
        else:
            assert found == plain


def test_a_resample_without_a_class_has_no_auc():
    y, predictions = rows_of("binary")
    counts = np.column_stack([y == 1, np.ones(len(y))]).astype(float)
    found = METRICS["auc"].scorer(y, predictions)(counts)
    assert np.isnan(found[0])
    assert not np.isnan(found[1])
