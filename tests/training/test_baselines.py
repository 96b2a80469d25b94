"""Plain models on the rows that networks get."""

import numpy as np
import pytest
from conftest import make_data, make_table

from hpopt.data.prepared import prepare
from hpopt.data.splits import Parts
from hpopt.training.baselines import baseline_scores

PARTS = ("validation", "test")


def test_a_classification_is_set_beside_the_majority_and_a_logistic_regression(tmp_path):
    data = make_data(tmp_path, "multiclass")
    scores = baseline_scores(data)
    assert list(scores) == ["majority class", "logistic regression"]
    train, test = data.y("train"), data.y("test")
    majority = np.bincount(train).argmax()
    assert scores["majority class"]["test"]["accuracy"] == pytest.approx((test == majority).mean())
    for part in PARTS:
        assert scores["logistic regression"][part]["accuracy"] > 0.8


def test_a_binary_task_has_every_metric(tmp_path):
    scores = baseline_scores(make_data(tmp_path, "binary"))
    assert scores["majority class"]["validation"]["auc"] == 0.5
    assert scores["logistic regression"]["validation"]["log_loss"] < 0.3


def test_a_regression_is_set_beside_the_mean_and_a_ridge_regression_in_its_own_units(tmp_path):
    data = make_data(tmp_path, "regression")
    scores = baseline_scores(data)
    assert list(scores) == ["mean", "ridge regression"]
    off = np.sqrt(np.mean((data.y("test") - data.y("train").mean()) ** 2))
    assert scores["mean"]["test"]["rmse"] == pytest.approx(off)
    assert scores["ridge regression"]["test"]["r2"] > 0.99  # the target is linear


def parts_by_class(table, train_class) -> Parts:
    """All rows of one class in training, the others in validation and test."""
    inside = np.flatnonzero(table.target == train_class)
    outside = np.flatnonzero(table.target != train_class)
    return Parts(train=inside, validation=outside[::2], test=outside[1::2])


def test_a_training_part_of_one_class_leaves_the_majority_alone(tmp_path):
    table = make_table("binary")
    data = prepare(table, parts_by_class(table, 1), tmp_path)
    scores = baseline_scores(data)
    assert list(scores) == ["majority class"]
    assert scores["majority class"]["test"]["accuracy"] == 0.0
    assert scores["majority class"]["test"]["auc"] is None


def test_a_very_large_training_part_is_thinned_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.training.baselines._MOST_CELLS", 300)
    scores = baseline_scores(make_data(tmp_path, "binary"))
    assert list(scores) == ["majority class", "logistic regression on 40 rows"]
