"""Each fault of the program that hpopt grew out of, with the test that would have caught it."""

import json

import numpy as np
import pytest
from conftest import ROOT
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from hpopt import load_config, tune
from hpopt.backend import load_keras
from hpopt.report.words import show_with
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
CONFIG = ROOT / "configs" / "breast_cancer.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    overrides = [
        "search.n_calls=14",
        "search.engine=random",  # with worse trials behind the best one
        "training.epochs=8",
        "dataset.split.stratify=false",
        "output.keep_weights=1",
        "output.plots=false",
        "execution.workers=0",
    ]
    return tune(load_config(CONFIG, overrides), output_dir=tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def parts():
    rows, target = load_breast_cancer(return_X_y=True)
    options = {"test_size": 0.4, "random_state": 2}
    train, rest, y_train, y_rest = train_test_split(rows, target, **options)
    validation, test, y_validation, y_test = train_test_split(rest, y_rest, **options)
    return {
        "train": (train, y_train),
        "validation": (validation, y_validation),
        "test": (test, y_test),
    }


@pytest.fixture(scope="module")
def model(run):
    return load_keras().saving.load_model(run.path / "best" / "model.keras")


def accuracy(run, model, part) -> float:
    rows, y = part
    return float(((model.predict(rows, verbose=0)[:, 0] > run.threshold) == y).mean())


def test_a_later_worse_model_does_not_overwrite_the_best(run, model, parts):
    values = [trial.value for trial in run.trials()]
    best = int(np.argmin(values))
    assert any(value > values[best] for value in values[best + 1 :])
    assert run.steps["best"].outcome["trial"] == best + 1
    assert accuracy(run, model, parts["validation"]) == pytest.approx(-values[best], abs=0.03)


def test_the_output_does_not_take_the_searched_activation(run):
    activations = {trial.params["activation"] for trial in run.trials()}
    assert activations == {"relu", "sigmoid", "softmax"}
    losses = [trial.result.curves["loss"] for trial in run.trials()]
    assert all(len(set(curve)) > 1 for curve in losses)  # a softmax over one unit learns nothing


def test_every_dimension_of_every_trial_is_written_down(run):
    lines = (run.path / "journal.jsonl").read_text().splitlines()
    started = [event for event in map(json.loads, lines) if event["kind"] == "started"]
    names = set(load_config(CONFIG).settings.space)
    assert len(names) == 7
    assert [set(event["params"]) for event in started] == [names] * 14


def test_raw_features_are_scaled_by_the_training_part(model, parts):
    rows, _ = parts["train"]
    assert rows.max() > 4000
    scaled = np.asarray(model.get_layer("hpopt.inputs")(rows))
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-4)


def test_the_test_part_is_used_once_and_reported_beside_the_validation_score(run, model, parts):
    reported = run.steps["test"].outcome["best"]["accuracy"]
    assert reported == pytest.approx(accuracy(run, model, parts["test"]))
    summary = (run.path / "summary.md").read_text()
    interval = run.outcomes.test.interval("best", "accuracy")
    assert show_with(interval, reported) in summary
    assert f"The best of 14 validation scores was {run.score(run.best):.4f}" in summary


def test_every_trial_is_seeded_by_itself(run):
    assert len({trial.seed for trial in run.trials()}) == 14


def test_params_are_plain_python_whatever_the_searcher_hands_out(run):
    # The surrogate chose the last trials; scikit-optimize hands out numpy's integers and strings.
    kinds = {type(value) for trial in run.trials()[11:] for value in trial.params.values()}
    assert kinds == {float, int, str}
