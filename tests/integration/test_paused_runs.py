"""Whole runs with `search.fidelity: epochs`: real fits, folds, workers, kills, a second session."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import rest_long

import hpopt
from hpopt.runs.folder import Run
from hpopt.trials import STATE

pytestmark = pytest.mark.keras

N_CALLS = 8


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paused")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["y"] = np.where(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=240) > 0, "up", "down")
    frame.to_csv(folder / "rows.csv", index=False)
    form = {
        "dataset": {"source": "csv", "path": "rows.csv", "target": "y"},
        "model": {"builder": "dense_dropout", "num_layers": 2, "dropout_prob": 0.1},
        "training": {"epochs": 18, "batch_size": 32, "metric": "accuracy"},
        "space": {
            "learning_rate": {"type": "real", "low": 1e-3, "high": 0.1, "prior": "log-uniform"},
            "num_dense_nodes": {"type": "integer", "low": 4, "high": 32},
        },
        "search": {"n_calls": N_CALLS, "fidelity": "epochs"},
        "execution": {"workers": 1},
        "output": {"confirm": 0, "plots": False},
    }
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(form))
    return path


def tuned(config, folder, **overrides) -> Run:
    run = hpopt.tune(config, output_dir=folder, progress=False, **overrides)
    return Run.open(run.path)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory) -> Run:
    return tuned(config, tmp_path_factory.mktemp("whole"))


def of(trials) -> list:
    """What trials gave, without the seconds."""
    return [
        (
            t.number,
            t.params,
            t.state,
            t.value,
            [(n, r.value, r.curves) for n, r in t.partial.items()],
        )
        for t in trials
    ]


def test_most_trials_stay_paused_and_the_best_is_fitted_in_full(run):
    trials = run.trials()
    assert len(trials) == N_CALLS
    assert sum(trial.state == "paused" for trial in trials) >= N_CALLS // 3
    assert (run.best.state, run.best.result.epochs) == ("finished", 18)
    assert all(t.latest.epochs in (2, 6) for t in trials if t.state == "paused")
    assert run.state == "finished"
    assert not list(run.path.rglob(STATE))
    assert (run.path / "best" / "model.keras").is_file()


def test_what_went_on_is_what_a_run_that_pauses_nothing_gives(run, config, tmp_path):
    first = run.trials()[:5]
    params = [dict(trial.params) for trial in first[1:]]
    changes = {"search__fidelity": None, "search__n_calls": 5, "search__initial": params}
    whole = tuned(config, tmp_path, **changes).trials()
    assert [trial.params for trial in whole] == [trial.params for trial in first]
    for one, other in zip(first, whole, strict=True):
        done = one.latest.epochs
        curves = {name: curve[:done] for name, curve in other.result.curves.items()}
        assert one.latest.curves == curves
        assert one.result is None or one.value == other.value


def test_it_is_told_in_words(run, hpopt):
    shown = hpopt("show", str(run.path)).out
    assert "paused)" in shown
    assert "stayed paused: the fits took" in shown
    assert "stayed paused" in (run.path / "summary.md").read_text()
    number = next(t.number for t in run.trials() if t.state == "paused")
    of_trial = hpopt("show", str(run.path), str(number)).out
    assert "paused after" in of_trial
    assert "of 18 epochs" in of_trial
    rows = hpopt("trials", str(run.path)).out.splitlines()
    assert sum(",paused," in row for row in rows) == sum(t.state == "paused" for t in run.trials())
    record = hpopt("trials", str(run.path), "--json").records[number - 1]
    assert [result["epochs"] for result in record["partial"].values()] in ([2], [2, 6])


@pytest.mark.parametrize("picture", ["learning_curves", "convergence"])
def test_pictures_show_what_is_paused(picture, run):
    figure = hpopt.plot(run, picture)
    count = sum(trial.state == "paused" for trial in run.trials())
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels[-1] == f"paused ({count})"


@pytest.mark.parametrize("seconds", rest_long([0.4, 0.0, 1.0]))
def test_a_run_that_is_killed_comes_to_the_same_end(seconds, run, config, tmp_path):
    command = [sys.executable, "-m", "hpopt", "tune", str(config), "--output-dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        journals = list(tmp_path.glob("*/journal.jsonl"))
        if journals and '"paused"' in journals[0].read_text():
            break
        time.sleep(0.02)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    [folder] = tmp_path.iterdir()
    again = hpopt.resume(folder, progress=False)
    assert of(again.trials()) == of(run.trials())


@pytest.mark.long
def test_folds_are_paused_each_by_itself(config, tmp_path):
    run = tuned(config, tmp_path, training__folds=2, search__n_calls=6)
    trials = run.trials()
    paused = [trial for trial in trials if trial.state == "paused"]
    assert paused
    assert all(len(trial.latest.scores) == 2 for trial in paused)
    went_on = [trial for trial in trials if trial.partial and trial.result]
    assert went_on
    for trial in went_on:
        short = trial.partial[min(trial.partial)].curves["loss"]
        assert trial.result.curves["loss"][: len(short)] == short
    assert not list(run.path.glob("trials/*/fit_*"))


@pytest.mark.long
def test_a_run_with_more_trials_goes_on_with_what_was_paused(config, tmp_path):
    run = tuned(config, tmp_path, search__n_calls=4)
    longer = hpopt.resume(run.path, search__n_calls=9, progress=False)
    assert len(longer.trials()) == 9
    assert longer.best.state == "finished"
    assert of(longer.trials()[:1]) == of(run.trials()[:1])


@pytest.mark.long
def test_with_two_workers_nothing_is_lost(config, tmp_path):
    run = tuned(config, tmp_path, execution__workers=2, search__n_calls=7)
    assert [trial.number for trial in run.trials()] == list(range(1, 8))
    assert {trial.state for trial in run.trials()} <= {"finished", "paused"}
