"""Networks that go wrong in every way there is: each costs its own trial, and nothing else."""

import subprocess
import sys

import psutil
import pytest

from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
NETS = """
import ctypes
import os
import time

import keras


def build(input_shape, output, *, kind="good"):
    print("building", kind)
    match kind:
        case "raises":
            raise ValueError("no such network")
        case "is no model":
            return [1, 2, 3]
        case "sleeps":
            time.sleep(3600)
        case "allocates":
            kept = []
            while True:
                kept.append(bytearray(b"x") * 50_000_000)
        case "exits":
            os._exit(7)
        case "segfaults":
            ctypes.string_at(0)
    inputs = keras.Input(input_shape)
    hidden = inputs * float("nan") if kind == "is nan" else inputs
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""
CONFIG = """
dataset: {source: sklearn, name: iris}
model: {builder: "nets.py:build"}
training: {epochs: 1}
space:
  kind: [good, raises, is no model, is nan, sleeps, allocates, exits, segfaults]
search: {engine: grid, n_calls: 8}
execution: {workers: 2, trial_timeout: 10, memory_limit: 2 GB}
output: {plots: false}
"""
REASONS = {
    "raises": "ValueError: no such network",
    "is no model": "the builder gave back a list, not a keras.Model",
    "is nan": "the loss became nan in epoch 1",
    "sleeps": "took longer than 10 s (execution.trial_timeout)",
    "allocates": "used more than 2.0 GB of memory (execution.memory_limit)",
    "exits": "the worker ended by itself, with exit code 7",
    "segfaults": "the worker was killed by SIGSEGV",
}


@pytest.mark.long
def test_a_run_with_every_bad_builder_ends_well(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "bad.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "hpopt", "tune", "bad.yaml", "--quiet"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0
    assert err == ""  # what networks print at the end of a run is in no one's way either
    run = Run.open(tmp_path / out.strip())
    assert run.state == "finished"
    assert {t.params["kind"]: t.reason for t in run.trials() if t.state == "failed"} == REASONS
    assert run.best.params["kind"] == "good"
    for trial in run.trials():
        log = (run.trial_folder(trial.number) / "log.txt").read_text()
        assert log.startswith(f"building {trial.params['kind']}\n")
    assert not [worker for worker in _workers() if worker[-1] == str(process.pid)]


def _workers():
    """The command lines of all workers there are; each ends with the id of its parent."""
    commands = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return [command for command in commands if "hpopt.execution.worker" in command]
