"""The average of several networks as the run's model: one tiny run, killed once on the way."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import synthetic_run
from made_up import NOISE, made_up_run

import hpopt
from hpopt.closing.ensemble import Ensemble, members
from hpopt.errors import Interrupted
from hpopt.export.exporting import export_run
from hpopt.metrics.metrics import METRICS
from hpopt.report.choice import describe_ensemble
from hpopt.runs.events import Step
from hpopt.runs.finding import find_run
from hpopt.runs.steps import EnsembleScores

CANDIDATES = [
    {"number": 2, "scores": [0.8] * 3, "mean": 0.8, "reason": None},
    {"number": 3, "scores": [0.7] * 5, "mean": 0.7, "reason": None},
    {"number": 4, "scores": [0.75] * 5, "mean": 0.75, "reason": None},
    {"number": 5, "scores": [0.9] * 2, "mean": 0.9, "reason": "the loss became nan"},
]


def test_members_are_those_that_lasted_in_the_race_and_then_the_best_of_the_search(tmp_path):
    def score(params, rng):
        return params["rate"]

    confirm = Step("confirm", "", {"candidates": CANDIDATES, "chosen": 3})
    run = synthetic_run(tmp_path, score=score, trials=8, steps=[confirm])
    found = [trial.number for trial in members(run, 7)]
    assert found[:3] == [4, 3, 2]
    rest = sorted((1, 6, 7, 8), key=lambda number: -run.trial(number).params["rate"])
    assert found[3:] == rest
    assert members(run, 2) == [run.trial(4), run.trial(3)]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            {"taken": True, "difference": 0.02, "interval": [0.01, 0.03], "p": 0.004},
            "The model is the average of the networks of trials 2 and 3: by `accuracy` on "
            "validation it is better than the network of trial 2 alone, at a confidence of 95% "
            "(0.9200 against 0.9000, a difference of 0.020 [0.010, 0.030], p = 0.004).",
        ),
        (
            {"taken": False, "difference": None},
            "The model is the network of trial 2 alone: by `accuracy` on validation the average of "
            "the networks of trials 2 and 3 is not measurably better, at a confidence of 95% "
            "(0.9200 against 0.9000).",
        ),
        (
            {"taken": False, "members": [2]},
            "There are not enough networks for an ensemble: the model is the network of trial 2 "
            "alone.",
        ),
    ],
)
def test_the_summary_says_what_was_compared(tmp_path, outcome, told):
    scores = {"ensemble": 0.92, "single": 0.9}
    outcome = {"members": [2, 3], "single": 2, "scores": scores, "level": 0.95} | outcome
    run = synthetic_run(tmp_path, trials=3, steps=[Step("ensemble", "", outcome)])
    assert describe_ensemble(run) == [told]
    assert len(run.final) == 1 + outcome["taken"]


@pytest.mark.parametrize("metric", ["accuracy", "mae"])
def test_the_average_is_taken_where_it_is_clearly_better(tmp_path, metric, monkeypatch):
    monkeypatch.setitem(NOISE, 3, 0.5)  # as good as the best, and with errors of its own
    run, objective = made_up_run(tmp_path, metric, gone=[1])
    ensembled = Ensemble(run, objective, 3, whole=False)()
    run.close()
    assert (ensembled.members, ensembled.single) == ([2, 3], 2)  # the first has no weights left
    y = objective.data.y("validation")
    scores = [
        METRICS[metric].score(y, objective.predict(network, "validation"))
        for network in ((2, 3), 2)
    ]
    assert ensembled.scores == EnsembleScores(
        ensemble=pytest.approx(scores[0]), single=pytest.approx(scores[1])
    )
    assert ensembled.comparison.difference == pytest.approx(scores[0] - scores[1])
    is_better = (ensembled.difference > 0) == (metric == "accuracy")
    assert ensembled.taken == (is_better and ensembled.comparison.is_clear)
    assert ensembled.taken == (metric == "mae")  # 80 rows tell labels too little


def test_the_average_with_a_poor_network_is_left(tmp_path):
    run, objective = made_up_run(tmp_path, "mae")
    ensembled = Ensemble(run, objective, 2, whole=False)()
    run.close()
    assert ensembled.members == [2, 1]
    assert ensembled.comparison.is_clear
    assert not ensembled.taken


def test_one_network_is_no_ensemble(tmp_path):
    run, objective = made_up_run(tmp_path, gone=[1, 3])
    ensembled = Ensemble(run, objective, 3, whole=False)()
    assert (ensembled.members, ensembled.taken, ensembled.scores) == ([2], False, None)
    assert Ensemble(run, objective, 3, whole=True)().members == []  # none is fitted to all rows
    run.close()


def frame(rows=300):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"]).round(4)
    rows["plan"] = rng.choice(["basic", "plus"], len(rows))
    return rows.assign(y=np.exp(3 + 0.3 * rows["a"]).round(4))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was killed before it compared; then its networks were made to err oppositely."""
    folder = tmp_path_factory.mktemp("ensemble")
    frame().to_csv(folder / "rows.csv", index=False)
    config = {
        "dataset": {
            "source": "csv",
            "path": str(folder / "rows.csv"),
            "target": "y",
            "task": "regression",
            "target_transform": "log",
        },
        "model": {"builder": "dense_dropout", "num_dense_nodes": 16},
        "training": {"epochs": 10, "batch_size": 32, "metric": "mae"},
        "space": {"learning_rate": {"type": "real", "low": 0.005, "high": 0.02, "default": 0.01}},
        "search": {"n_calls": 2, "engine": "random"},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": True, "ensemble": 2, "keep_weights": 1},
    }

    def killed(self):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ensemble, "__call__", killed)
        with pytest.raises(Interrupted):
            hpopt.tune(config, output_dir=folder / "runs", progress=False)
    stopped = find_run(str(next((folder / "runs").iterdir())))
    assert "refit" in stopped.steps
    assert "ensemble" not in stopped.steps
    with np.load(stopped.weights(stopped.best)) as arrays:
        *weights, bias = arrays.values()
    for trial, error in zip(stopped.trials(), (-1.0, 1.0), strict=True):
        np.savez(stopped.weights(trial), *weights, bias + np.float32(error))
    return hpopt.resume(stopped, progress=False)


@pytest.mark.keras
def test_the_model_of_a_run_is_the_average_that_was_better_on_validation(run):
    outcome = run.steps["ensemble"].outcome
    assert outcome["taken"]
    assert outcome["scores"]["ensemble"] < outcome["scores"]["single"]
    assert [trial.number for trial in run.final] == outcome["members"]
    assert sorted(outcome["members"]) == [1, 2]
    found = hpopt.evaluate(run, frame())
    baselines = run.steps["test"].outcome["baselines"]
    assert 0 < found.scores["mae"] < max(each["test"]["mae"] for each in baselines.values())
    tested = run.steps["test"].outcome
    assert tested["flattery"] is None
    assert tested["default"]["mae"] != tested["best"]["mae"]
    summary = (run.path / "summary.md").read_text()
    assert "The model is the average of the networks of trials" in summary
    assert "best (average of trials" in summary


@pytest.mark.keras
@pytest.mark.parametrize("format", ["keras", "tflite"])
def test_an_ensemble_is_exported_as_one_model(run, tmp_path, format):
    folder, export = export_run(run, format, folder=tmp_path / "out")
    assert len(export.members) == 2
    card = (folder / "README.md").read_text()
    assert "The average of 2 neural networks that hpopt" in card
    assert card.count("The params of trial") == 2
    validation = run.steps["ensemble"].outcome["scores"]["ensemble"]
    test = run.steps["test"].outcome["best"]["mae"]
    assert re.search(rf"\| mae \| {validation:.4g} \| {test:.2g}\d* \[", card)
    assert (folder / "params.yaml").read_text().count("# trial") == 2
