"""All that a run can do, done with series: groups, folds, closing steps, kills, exports."""

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
from hpopt.export.exporting import export_run
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The config of a long file: 90 series of 5 to 9 steps, three of a person, rise or fall."""
    folder = tmp_path_factory.mktemp("series")
    rng = np.random.default_rng(0)
    rows = [
        {"rec": f"r{n}", "t": t, "x": (-1) ** n * t + rng.normal(), "who": n // 3, "kind": n % 2}
        for n in range(90)
        for t in range(rng.integers(5, 10))
    ]
    frame = pd.DataFrame(rows).assign(kind=lambda rows: rows["kind"].map({0: "up", 1: "down"}))
    frame.to_csv(folder / "long.csv", index=False)
    form = {
        "dataset": {
            "source": "long",
            "path": "long.csv",
            "id": "rec",
            "time": "t",
            "channels": ["x"],
            "target": "kind",
            "split": {"groups": "who"},
        },
        "model": {"builder": "recurrent", "units": 6},
        "training": {"epochs": 6, "batch_size": 16, "folds": 2, "metric": "accuracy"},
        "space": {"learning_rate": {"type": "real", "low": 0.01, "high": 0.1, "default": 0.03}},
        "search": {"n_calls": 3},
        "execution": {"workers": 0},
        "output": {"confirm": 1, "refit": True, "ensemble": 2, "plots": False},
    }
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(form))
    return path


@pytest.fixture(scope="module")
def run(config) -> Run:
    run = hpopt.tune(config, output_dir=config.parent / "runs", progress=False)
    return Run.open(run.path)


def test_groups_folds_and_all_closing_steps_work(run):
    assert [trial.state for trial in run.trials()] == ["finished"] * 3
    assert {"confirm", "refit", "ensemble", "threshold", "test"} <= {*run.steps}
    assert run.steps["test"].outcome["best"]["accuracy"] > 0.7


@pytest.mark.parametrize("format", rest_long(["keras", "onnx", "saved_model", "tflite"], short=2))
def test_an_export_says_the_same_in_a_fresh_process(run, format):
    folder, export = export_run(run, format)
    assert export.largest_difference < 1e-5
    example = subprocess.run(
        [sys.executable, "example.py", "../../../../long.csv"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert example.returncode == 0, example.stderr
    assert "r0" in example.stdout or len(example.stdout.splitlines()) > 1


def test_a_later_run_learns_from_it(run, config):
    later = hpopt.tune(
        config,
        output_dir=config.parent / "later",
        search__n_calls=1,
        output__refit=False,
        output__confirm=0,
        warm_start=run.path,
        progress=False,
    )
    journal = (later.path / "journal.jsonl").read_text()
    assert '"informs":true' in journal.replace(" ", "")


@pytest.mark.long
def test_a_run_that_is_killed_goes_on(config, tmp_path):
    overrides = ["-s", "search.n_calls=4", "-s", "output.confirm=0", "-s", "output.refit=false"]
    command = [sys.executable, "-m", "hpopt", "tune", str(config), *overrides]
    process = subprocess.Popen(
        [*command, "--output-dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        journals = list(tmp_path.glob("*/journal.jsonl"))
        if journals and '"finished"' in journals[0].read_text():
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    [folder] = tmp_path.iterdir()
    again = hpopt.resume(folder, progress=False)
    assert [trial.state for trial in again.trials()] == ["finished"] * 4
