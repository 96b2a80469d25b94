"""The closing steps that build networks: a crash there costs a step, and nothing else."""

import subprocess
import sys
import time
import zipfile

import pytest

from hpopt import tune
from hpopt.closing import time_left, work
from hpopt.errors import RunError
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
# A builder that goes wrong from the closing step on behind the step AFTER, until MENDED is there.
NETS = """
import os
import signal
from pathlib import Path

import keras

HERE = Path({folder!r})


def build(input_shape, output, *, units=4):
    [journal] = HERE.glob("runs/*/journal.jsonl")
    if '"name":"{after}"' in journal.read_text() and not (HERE / "mended").exists():
        {fault}
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(units)(inputs)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""
CONFIG = """
dataset: {source: sklearn, name: iris}
model: {builder: "nets.py:build"}
training: {epochs: 1}
space:
  units: [4, 5]
search: {n_calls: 2}
execution: {workers: 1}
output: {plots: false, confirm: 0}
"""


def hpopt(folder, *arguments):
    command = [sys.executable, "-m", "hpopt", *arguments, "--quiet"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the worker was killed by SIGSEGV"),
        pytest.param(
            *("os._exit(7)", "the worker ended by itself, with exit code 7"),
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_network_that_ends_its_process_at_the_end_costs_an_error(tmp_path, fault, reason):
    ended = run_that_fails_after(tmp_path, "refit", fault)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert f"the closing step `best` failed: {reason}" in ended.stderr
    assert "to go on: hpopt resume" in ended.stderr
    run = only_run(tmp_path)
    assert len(run.trials()) == 2
    assert {"refit", "results", "summary"} <= {*run.steps}
    assert not {"best", "test"} & {*run.steps}
    assert not (run.path / "data").exists()

    (tmp_path / "mended").touch()
    again = hpopt(tmp_path, "resume", str(run.path))
    assert again.returncode == 0, again.stderr
    run = only_run(tmp_path)
    assert run.is_over
    assert len(run.trials()) == 2
    assert (run.path / "best" / "model.keras").is_file()


@pytest.mark.long
def test_a_network_that_computes_for_ever_at_the_end_is_ended_with_a_word(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(time_left, "_LEAST_LIMIT_S", 3.0)
    monkeypatch.setattr(time_left, "_TIMES_THE_LONGEST", 0)
    monkeypatch.setattr(work, "_LONG_S", 1.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(
        NETS.format(folder=str(tmp_path), after="refit", fault="while True: pass")
    )
    (tmp_path / "bad.yaml").write_text(CONFIG)
    began = time.monotonic()
    with pytest.raises(RunError, match=r"step `best` failed: took longer than \d+ s"):
        tune("bad.yaml")
    assert time.monotonic() - began < 200
    assert "`best` is still at it after 1 s" in capsys.readouterr().err
    run = only_run(tmp_path)
    assert {"refit", "results", "summary"} <= {*run.steps}


@pytest.mark.long
def test_a_race_whose_networks_crash_is_no_end_of_the_run(tmp_path):
    config = CONFIG.replace("confirm: 0", "confirm: 1").replace("n_calls: 2", "n_calls: 9")
    config = config.replace("[4, 5]", "{type: integer, low: 4, high: 40, default: 8}")
    # From the end of the search on: the race, and all that follows.
    ended = run_that_fails_after(tmp_path, "", "os.kill(os.getpid(), signal.SIGSEGV)", config)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    run = only_run(tmp_path)
    race = run.outcomes.confirm
    assert race.candidates
    assert race.rounds == 0
    assert race.chosen == run.best.number
    assert {each.reason for each in race.candidates} == {"the worker was killed by SIGSEGV"}


@pytest.mark.long
def test_a_worker_gives_the_same_model_as_this_process(tmp_path):
    (tmp_path / "same.yaml").write_text(
        """
dataset: {source: sklearn, name: iris}
model: {builder: dense_dropout}
training: {epochs: 2}
space:
  num_layers: {type: integer, low: 1, high: 3, default: 1}
search: {n_calls: 3}
output: {plots: false, confirm: 0, refit: true, ensemble: 2}
"""
    )
    runs = []
    for workers in (0, 1):
        ended = hpopt(tmp_path, "tune", "same.yaml", "-s", f"execution.workers={workers}")
        assert ended.returncode == 0, ended.stderr
        runs.append(Run.open(tmp_path / ended.stdout.strip()))
    here, there = runs
    for step in ("ensemble", "best", "test"):
        assert here.steps[step].outcome == there.steps[step].outcome
    for file, member in (("model.keras", "model.weights.h5"), ("predictions.npz", "outputs.npy")):
        archives = [zipfile.ZipFile(run.path / "best" / file) for run in runs]
        assert archives[0].read(member) == archives[1].read(member)
    names = [sorted(path.name for path in (run.path / "best").iterdir()) for run in runs]
    assert names[0] == names[1]


def run_that_fails_after(folder, after, fault, config=CONFIG):
    (folder / "nets.py").write_text(NETS.format(folder=str(folder), after=after, fault=fault))
    if not after:
        text = (folder / "nets.py").read_text().replace('"name":""', '"kind":"ended"')
        (folder / "nets.py").write_text(text)
    (folder / "bad.yaml").write_text(config)
    return hpopt(folder, "tune", "bad.yaml")


def only_run(folder) -> Run:
    [path] = (folder / "runs").iterdir()
    return Run.open(path)


@pytest.mark.long
def test_the_process_that_carries_a_run_needs_no_keras(tmp_path):
    config = CONFIG.replace('"nets.py:build"', "dense_dropout").replace("units:", "num_layers:")
    (tmp_path / "good.yaml").write_text(config)
    script = (
        "import sys, hpopt\n"
        "hpopt.tune('good.yaml', progress=False)\n"
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert only_run(tmp_path).is_over
