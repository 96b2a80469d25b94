"""`sample_weight`: a weight of n is n rows, wherever rows count."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import make_table

import hpopt
from hpopt.data.building import build_table
from hpopt.data.loading import load_table
from hpopt.data.new_rows import new_rows_of, read_new_rows
from hpopt.data.prepared import Prepared, fingerprints, prepare
from hpopt.data.reading import of_frame
from hpopt.data.settings import ArrayData, Features
from hpopt.data.splits import Parts
from hpopt.errors import DataError, SettingError
from hpopt.metrics.metrics import METRICS
from hpopt.statistics.sample import Predictor, Sample
from hpopt.statistics.threshold import as_judged, best_threshold
from hpopt.task import OWN_THRESHOLD
from hpopt.training.baselines import validation_predictions
from hpopt.training.objective import Objective
from hpopt.training.settings import Training

RNG = np.random.default_rng(0)
ROWS = 80
COUNTS = RNG.integers(0, 4, ROWS)
Y = RNG.integers(0, 2, ROWS)
SAID = (0.3 * Y + 0.7 * RNG.random(ROWS))[:, None]
CLASSES_Y = RNG.integers(0, 3, ROWS)
CLASSES = RNG.dirichlet(np.ones(3), ROWS)
VALUES_Y, VALUES = RNG.normal(size=ROWS), RNG.normal(size=(ROWS, 1))
RATES = {"binary": (Y, SAID), "multiclass": (CLASSES_Y, CLASSES), "regression": (VALUES_Y, VALUES)}


@pytest.mark.parametrize(
    ("metric", "task"), [(m, task) for m in METRICS.values() for task in RATES if task in m.tasks]
)
def test_a_weight_of_n_scores_as_n_rows(metric, task):
    y, said = RATES[task]
    repeated = metric.score(np.repeat(y, COUNTS), np.repeat(said, COUNTS, axis=0))
    weights = COUNTS.astype(float)
    assert metric.score(y, said, weights) == pytest.approx(repeated)
    assert metric.score(y, said, 7 * weights) == pytest.approx(repeated)
    sample = Sample(y, {"one": Predictor(said)}, [metric], weights=weights, resamples=300)
    assert sample.score("one", metric.name) == pytest.approx(repeated)
    assert sample.interval("one", metric.name).holds(repeated)


def test_fewer_rows_that_count_more_are_less_sure():
    y = np.array([0, 1] * 100)
    said = np.where(np.arange(200) % 10 < 8, y, 1 - y)[:, None].astype(float)
    weights = np.where(np.arange(200) % 20 < 2, 10.0, 0.1)
    metrics = [METRICS[name] for name in ("accuracy", "balanced_accuracy", "f1", "auc")]
    even, uneven = (
        Sample(y, {"one": Predictor(said)}, metrics, weights=each)
        for each in (np.ones(200), weights)
    )
    for metric in even.metrics:
        widths = [np.ptp(sample.interval("one", metric)) for sample in (even, uneven)]
        assert widths[1] > 1.2 * widths[0]


def test_a_difference_of_labels_goes_by_the_weights_of_the_rows_apart():
    y = np.array([0, 1] * 60)
    right, half = y[:, None].astype(float), np.where(np.arange(120) < 60, y, 1 - y)[:, None]
    light = np.where(np.arange(120) < 60, 1.0, 1e-6)
    for weights, is_clear in ((np.ones(120), True), (light, False)):
        predictors = {"a": Predictor(right), "b": Predictor(half.astype(float))}
        sample = Sample(y, predictors, [METRICS["f1"]], weights=weights)
        assert (abs(sample.compare("a", "b", "f1").difference) > 0.2) == is_clear


def test_the_threshold_is_that_of_the_rows_as_they_count():
    rng = np.random.default_rng(3)
    y = (rng.random(1500) < 0.3).astype(np.int64)
    said = np.clip(0.25 * y + 0.6 * rng.random(1500), 0, 1)[:, None]
    metric, weights = METRICS["accuracy"], np.where(y == 1, 8.0, 1.0)
    repeated = best_threshold(
        metric, np.repeat(y, weights.astype(int)), np.repeat(said, weights.astype(int), axis=0)
    )
    assert best_threshold(metric, y, said, weights) == pytest.approx(repeated, abs=0.05)
    assert best_threshold(metric, y, said) > repeated + 0.1
    judged = as_judged(metric, OWN_THRESHOLD, y, said, weights=weights)
    assert metric.score(y, judged, weights) > metric.score(y, said > 0.5, weights)


def weighted_data(folder, weights, task="binary"):
    table = replace(make_table(task, rows=ROWS), weights=weights, settings={"scaling": "none"})
    return prepare(table, Parts(np.arange(50), np.arange(50, 65), np.arange(65, 80)), folder)


def test_training_rows_count_one_on_average(tmp_path):
    weights = 100.0 * (1 + COUNTS)
    data = weighted_data(tmp_path, weights)
    assert data.weights("train").mean() == pytest.approx(1)
    shares = data.weights("test") / weights[65:]
    assert np.ptp(shares) == pytest.approx(0)


def test_other_weights_are_other_data():
    table = make_table(rows=ROWS)
    parts = Parts(np.arange(50), np.arange(50, 65), np.arange(65, 80))
    weighted = [replace(table, weights=each) for each in (np.ones(ROWS), 1.0 + COUNTS)]
    prints = [fingerprints(each, parts)["data"] for each in (table, *weighted)]
    assert len(set(prints)) == 3


@pytest.mark.keras
@pytest.mark.parametrize("driver", ["auto", "keras"])
def test_a_fit_to_a_weight_of_n_is_one_to_n_rows(tmp_path, driver):
    table = replace(make_table("binary", rows=ROWS), settings={"scaling": "standard"})
    validation, test = np.arange(50, 65), np.arange(65, 80)
    weights = 1.0 + COUNTS
    times = weights[:50].astype(int)
    repeated = Parts(np.repeat(np.arange(50), times), np.repeat(validation, 1), test)
    # Statistics of scaling are of rows, not of weights, so both get the same.
    scaled = (table.features - table.features.mean(axis=0)) / table.features.std(axis=0)
    table = replace(table, features=scaled, settings={"scaling": "none"})
    training = Training(
        epochs=5, batch_size=1000, optimizer="sgd", learning_rate=0.5, driver=driver
    )
    predictions = {}
    for name, data in {
        "weights": prepare(
            replace(table, weights=weights), Parts(np.arange(50), validation, test), tmp_path / "w"
        ),
        "rows": prepare(table, repeated, tmp_path / "r"),
    }.items():
        objective = Objective("dense_dropout", {}, training, "log_loss", data)
        result = objective({}, seed=1, folder=tmp_path / f"trial_{name}")
        network = objective.trained({}, seed=1, weights=tmp_path / f"trial_{name}/weights.npz")
        predictions[name] = objective.predict(network, "test"), result.curves["loss"]
    (by_weights, loss), (by_rows, expected) = predictions["weights"], predictions["rows"]
    assert by_weights == pytest.approx(by_rows, abs=1e-5)
    assert loss == pytest.approx(expected, abs=1e-5)


def test_plain_models_are_fitted_by_the_weights(tmp_path):
    weights = np.where(make_table(rows=ROWS).target == 1, 1e-6, 1.0)
    said = validation_predictions(weighted_data(tmp_path, weights))
    assert max(said["majority class"].max(), np.median(said["logistic regression"])) < 0.01


def frame(weights) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=len(weights))
    y = np.where(x + rng.normal(size=len(x)) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "weight": weights, "y": y})


@pytest.mark.parametrize(
    ("weights", "wrong"),
    [
        ([1.0, -2.0] * 30, "it holds -2; in 30 of 60 rows it is no number from 0 on"),
        ([1.0, np.nan] * 30, "it holds a gap; in 30 of 60"),
        ([1.0, np.inf] * 30, "it holds a gap"),
        (["1", "much"] * 30, '"much"'),
        ([0.0] * 60, "is 0 in every row"),
    ],
)
def test_what_weighs_nothing_is_said(weights, wrong):
    sheet = of_frame(frame(weights), "the frame")
    with pytest.raises(SettingError, match="weight") as caught:
        build_table(sheet, target="y", task=None, weight="weight")
    assert wrong in caught.value.message
    assert caught.value.key == ("sample_weight",)


def test_a_weight_is_no_feature(tmp_path):
    sheet = of_frame(frame(1.0 + np.arange(60)), "the frame")
    table = build_table(sheet, target="y", task=None, weight="weight")
    assert table.feature_names == ("x",)
    assert table.weights.tolist() == (1.0 + np.arange(60)).tolist()
    assert [column.use for column in table.columns] == ["feature", "weight", "target"]


def test_an_array_may_hold_them(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, x=RNG.normal(size=(20, 2)), y=np.arange(20) % 2, w=np.arange(20))
    data = ArrayData(source="npz", path=str(path), sample_weight="w")
    assert load_table(data).weights.tolist() == list(range(1, 20))
    with pytest.raises(SettingError, match="no array `v`"):
        load_table(data.model_copy(update={"sample_weight": "v"}))
    with pytest.raises(SettingError, match="one array"):
        load_table(data.model_copy(update={"source": "npy"}))


@pytest.mark.parametrize(
    ("features", "is_feature"),
    [({}, False), ({"types": {"weight": "numeric"}}, False), ({"include": ["weight", "x"]}, True)],
)
def test_a_weight_weighs_later_rows_too_whatever_else_it_is(tmp_path, features, is_feature):
    rows = frame(1.0 + np.arange(60))
    sheet, wanted = of_frame(rows, "the frame"), Features.model_validate(features)
    table = build_table(sheet, target="y", task=None, weight="weight", features=wanted)
    assert ("weight" in table.feature_names) == is_feature
    data = prepare(table, Parts(np.arange(40), np.arange(40, 50), np.arange(50, 60)), tmp_path)
    data = Prepared.from_json(json.loads(json.dumps(data.to_json())), tmp_path)
    new = new_rows_of(rows, data, with_target=True)
    assert new.weights.tolist() == rows["weight"].tolist()


def test_a_row_of_weight_0_is_no_row():
    weights = np.where(np.arange(60) % 4 == 0, 0.0, 2.0)
    rows = frame(weights)
    rows.loc[weights == 0, "y"] = "never"
    given = (np.arange(60) > 40).astype(np.int8)
    sheet = of_frame(rows, "the frame")
    table = build_table(sheet, target="y", task=None, weight="weight", given=given)
    assert set(table.labels) == {"no", "yes"}
    assert len(table.target) == len(table.weights) == len(table.given) == 45
    assert table.notes[0] == "15 rows of weight 0, by `weight`, are left out"


@pytest.mark.parametrize("name", ["w", None])
def test_weights_of_arrays_weigh_later_arrays(tmp_path, name):
    path = tmp_path / "rows.npz"
    arrays = {"x": RNG.normal(size=(20, 2)), "y": np.arange(20) % 2, "w": np.arange(20) // 2}
    np.savez(path, **arrays)
    table = load_table(ArrayData(source="npz", path=str(path), sample_weight=name))
    assert len(table.target) == (20 if name is None else 18)
    rows = np.arange(len(table.target))
    data = prepare(table, Parts(rows, rows[:5], rows[:5]), tmp_path / "data")
    new = read_new_rows(path, data, with_target=True)
    assert (None if new.weights is None else new.weights.tolist()) == (
        None if name is None else arrays["w"].tolist()
    )
    np.savez(path, x=arrays["x"], y=arrays["y"])
    new = read_new_rows(path, data, with_target=True)
    assert new.weights is None
    assert bool(new.notes) == (name is not None)


@pytest.mark.keras
def test_a_run_counts_rows_by_their_weights_to_its_end(tmp_path):
    weights = np.where(np.arange(300) % 3 == 0, 0.0, 1.0 + np.arange(300) % 2)
    rows = frame(weights)
    config = {
        "dataset": {"source": "csv", "target": "y", "sample_weight": "weight"},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 2, "metric": "f1"},
        "space": {"learning_rate": {"type": "real", "low": 1e-3, "high": 1e-1}},
        "search": {"n_calls": 2},
        "output": {"plots": False},
        "execution": {"workers": 0},
    }
    path = tmp_path / "rows.csv"
    rows.to_csv(path, index=False)
    config["dataset"]["path"] = str(path)
    run = hpopt.tune(config, output_dir=tmp_path)
    assert "Rows count by `weight`" in (run.path / "summary.md").read_text()
    evaluated = hpopt.evaluate(run, rows)
    kept = rows[rows["weight"] > 0]
    doubled = kept.loc[np.repeat(kept.index, kept["weight"].astype(int))].drop(columns="weight")
    expected = hpopt.evaluate(run, doubled)
    assert evaluated.scores == pytest.approx(expected.scores)
    assert any("rows count by `weight`" in note for note in evaluated.notes)
    assert any("all count the same" in note for note in expected.notes)
    hpopt.resume(run.path, search__n_calls=3)
    rows.assign(weight=1.0).to_csv(path, index=False)
    with pytest.raises(DataError, match="other data"):
        hpopt.resume(run.path, search__n_calls=4)


@pytest.mark.parametrize("spelled", [[True, False], ["TRUE", "FALSE"]])
def test_truth_values_weigh_what_they_say(spelled):
    given = frame([spelled[0]] * 40 + [spelled[1]] * 20)
    table = build_table(of_frame(given, "it"), target="y", task=None, weight="weight")
    assert table.weights.tolist() == [1.0] * 40
    assert "20 rows of weight 0" in table.notes[0]
