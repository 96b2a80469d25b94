"""Runs on Ray whose driver is killed: what had ended is kept, and what ran is run again."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from loops import SPACE, facts, searched, slow_bowl

from hpopt.runs.events import Header
from hpopt.runs.folder import JOURNAL, Run

pytest.importorskip("ray", reason='Ray is not installed: pip install "hpopt[ray]"')

PROGRAM = """if True:
    import sys
    from contextlib import closing
    from pathlib import Path
    from functions import Analytic
    from loops import search_in, slow_bowl
    from hpopt.execution.rays.slots import RaySlots
    from hpopt.execution.resources import Resources
    from hpopt.runs.folder import Run

    with (
        closing(Run.reopen(Path(sys.argv[1]))) as run,
        closing(RaySlots(Analytic(slow_bowl), Resources(2, 1, [], 1e9, None, "ray"))) as slots,
    ):
        search_in(run, n_calls=int(sys.argv[2]), slots=slots)
"""


def begun(*command) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def said(folder: Path) -> list[dict]:
    """The whole lines of a run's journal, which another process may be writing."""
    text = (folder / JOURNAL).read_text() if (folder / JOURNAL).is_file() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def killed_when(process, condition, patience_s=120):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_search_whose_driver_is_killed_comes_to_the_same_end(tmp_path):
    whole = searched(tmp_path / "whole", slow_bowl, n_calls=40)
    with closing(
        Run.create(tmp_path, "killed", Header("0", "rmse", False, {}, {}, SPACE.to_json()))
    ) as run:
        folder = run.path

    def has_ended() -> int:
        return sum(line.get("kind") == "finished" for line in said(folder))

    process = begun("-c", PROGRAM, folder, 40)
    killed_when(process, lambda: has_ended() >= 5)
    assert has_ended() < 40
    process = begun("-c", PROGRAM, folder, 40)
    assert process.communicate(timeout=120)[1] == ""
    run = Run.open(folder)
    assert facts(run) == facts(whole)
    kept = {trial.number for trial in run.trials() if run.weights(trial)}
    assert kept == {trial.number for trial in whole.trials() if whole.weights(trial)}


NETS = """
import keras
def build(input_shape, output, *, units=4):
    from sizes import MORE
    print("built with", units)
    x = keras.Input(input_shape)
    h = keras.layers.Dense(units + MORE, "relu")(x)
    return keras.Model(x, keras.layers.Dense(output.units, output.activation)(h))
"""
CONFIG = """
dataset: {source: sklearn, name: breast_cancer}
model: {builder: "nets.py:build"}
training: {epochs: 30, batch_size: 8}
space:
  units: {type: integer, low: 2, high: 16}
search: {n_calls: 5, engine: random}
execution: {backend: ray, workers: 1}
output: {plots: false}
"""


@pytest.mark.long
@pytest.mark.keras
def test_a_run_of_own_code_that_is_killed_is_resumed_at_the_command_line(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "sizes.py").write_text("MORE = 1\n")
    (tmp_path / "config.yaml").write_text(CONFIG)
    runs = tmp_path / "runs"

    def lines() -> list[dict]:
        return [line for folder in runs.glob("*") for line in said(folder)]

    def count(event) -> int:
        return sum(line.get("kind") == event for line in lines())

    process = begun("-m", "hpopt", "tune", tmp_path / "config.yaml", "--output-dir", runs)
    killed_when(process, lambda: count("finished") >= 1 and count("started") > count("finished"))
    [folder] = runs.iterdir()
    before = [(trial.params, trial.seed) for trial in Run.open(folder).trials()]
    process = begun("-m", "hpopt", "resume", folder)
    process.communicate(timeout=300)
    assert process.returncode == 0
    trials = Run.open(folder).trials()
    assert [trial.state for trial in trials] == ["finished"] * 5
    assert [(trial.params, trial.seed) for trial in trials][: len(before)] == before
    assert all((folder / "trials" / f"{n:04d}" / "log.txt").is_file() for n in range(1, 6))
    assert (folder / "best" / "model.keras").is_file()
