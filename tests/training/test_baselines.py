"""Plain models on the rows that networks get."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_data, make_table

from hpopt.data.prepared import prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.inputs.stored import Texts
from hpopt.metrics.metrics import METRICS
from hpopt.training.baselines import _means, _square, baseline_predictions


def fitted(data, final=None) -> dict:
    return baseline_predictions(data, final or data)


def score(data, found, name, part, metric="accuracy") -> float:
    return METRICS[metric].score(data.y(part), found[name][1][part])


def test_a_classification_is_set_beside_three_plain_models(tmp_path):
    data = make_data(tmp_path, "multiclass")
    found = fitted(data)
    assert {name: kind for name, (kind, _) in found.items()} == {
        "majority class": "constant",
        "logistic regression": "linear",
        "gradient boosting": "boosting",
    }
    majority = np.bincount(data.y("train")).argmax()
    share = (data.y("test") == majority).mean()
    assert score(data, found, "majority class", "test") == pytest.approx(share)
    for part in ("validation", "test"):
        assert score(data, found, "logistic regression", part) > 0.8
        assert score(data, found, "gradient boosting", part) > 0.8


def test_the_constant_of_two_classes_is_their_shares(tmp_path):
    data = make_data(tmp_path, "binary")
    found = fitted(data)
    assert score(data, found, "majority class", "validation", "auc") == 0.5
    assert score(data, found, "logistic regression", "validation", "log_loss") < 0.3


def test_a_regression_is_set_beside_three_plain_models_in_its_own_units(tmp_path):
    data = make_data(tmp_path, "regression")
    found = fitted(data)
    assert list(found) == ["mean", "ridge regression", "gradient boosting"]
    off = np.sqrt(np.mean((data.y("test") - data.y("train").mean()) ** 2))
    assert score(data, found, "mean", "test", "rmse") == pytest.approx(off)
    assert score(data, found, "ridge regression", "test", "r2") > 0.99  # the target is linear


def test_of_the_test_part_they_speak_as_fitted_to_the_rows_of_the_final_network(tmp_path):
    table = make_table("regression")
    rows = np.arange(len(table.target))
    own = Parts(train=rows[:80], validation=rows[80:120], test=rows[120:])
    whole = Parts(train=rows[:120], validation=rows[80:120], test=rows[120:])
    small, large = prepare(table, own, tmp_path / "a"), prepare(table, whole, tmp_path / "b")
    both, alone = fitted(small, large), fitted(small)
    for name in both:
        assert np.array_equal(both[name][1]["validation"], alone[name][1]["validation"])
    assert both["mean"][1]["test"][0] == pytest.approx(table.target[:120].mean())
    assert not np.array_equal(
        both["gradient boosting"][1]["test"], alone["gradient boosting"][1]["test"]
    )


def test_a_final_network_s_rows_may_have_other_columns(tmp_path):
    rng = np.random.default_rng(0)
    n = 400
    places = rng.integers(0, 20, n)
    size = rng.normal(size=n)
    size[390] = np.nan  # a gap that the training part alone does not have, but all rows do
    raw = {"size": size, "place": Texts(places.astype(np.int32), tuple("abcdefghijklmnopqrst"))}
    target = (places % 2).astype(np.int64)
    table = Table(raw, target, ("size", "place"), ("no", "yes"), "binary", kind="table")
    rows = np.arange(n)
    own = Parts(train=rows[:200], validation=rows[300:], test=rows[200:300])
    whole = replace(own, train=np.concatenate([rows[:200], rows[300:]]))
    small, large = prepare(table, own, tmp_path / "a"), prepare(table, whole, tmp_path / "b")
    assert small.features.input_shape != large.features.input_shape
    found = fitted(small, large)
    assert score(large, found, "logistic regression", "test") > 0.95
    assert score(large, found, "gradient boosting", "test") > 0.95


def parts_by_class(table, train_class) -> Parts:
    """All rows of one class in training, the others in validation and test."""
    inside = np.flatnonzero(table.target == train_class)
    outside = np.flatnonzero(table.target != train_class)
    return Parts(train=inside, validation=outside[::2], test=outside[1::2])


def test_a_training_part_of_one_class_leaves_the_majority_alone(tmp_path):
    table = make_table("binary")
    data = prepare(table, parts_by_class(table, 1), tmp_path)
    found = fitted(data)
    assert list(found) == ["majority class"]
    assert score(data, found, "majority class", "test") == 0.0


def test_a_very_large_training_part_is_thinned_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.training.baselines._MOST_CELLS", 300)
    assert list(fitted(make_data(tmp_path, "binary"))) == [
        "majority class",
        "logistic regression on 40 rows",
        "gradient boosting on 40 rows",
    ]


def test_images_are_made_small_by_the_means_of_squares():
    images = np.arange(2 * 5 * 4, dtype=np.uint8).reshape(2, 5, 4, 1)
    assert (_means(images, 1) == images).all()
    small = _means(images, 2)
    assert small.shape == (2, 3, 2, 1)
    assert small[1, 0, 1, 0] == images[1, :2, 2:].mean()
    assert small[1, 2, 0, 0] == images[1, 4:, :2].mean()  # of what is left at the edge
    for shape, square in (((28, 28, 1), 2), ((64, 64, 3), 7), ((8, 8, 1), 1), ((784,), 1)):
        assert _square(shape) == square
