"""A run whose dimensions are parts of a section and of an argument, from end to end."""

import csv
import io

import pytest
import yaml

from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras

BUILDER = """\
import keras

def build(input_shape, output, *, head: dict = {"units": 4, "kind": "relu"}):
    assert set(head) == {"units", "kind"}
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(head["units"], head["kind"])(inputs)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""
CONFIG = """\
dataset: {source: sklearn, name: iris}
model: {builder: "nets.py:build", head: {kind: tanh}}
training: {epochs: 12, learning_rate: 0.05}
space:
  training:
    early_stopping:
      patience: {type: integer, low: 1, high: 3}
  model:
    head:
      units: {type: integer, low: 2, high: 9, when: {early_stopping.patience: ">= 1"}}
search: {n_calls: 3, initial: [{early_stopping.patience: 1, head.units: 7}]}
execution: {workers: 0}
output: {confirm: 0, refit: true, plots: false}
"""


def test_a_nested_space_from_yaml_to_the_exported_model(hpopt, tmp_path):
    (tmp_path / "nets.py").write_text(BUILDER)
    (tmp_path / "nested.yaml").write_text(CONFIG)
    done = hpopt("tune", "nested.yaml")
    assert done.code == 0, done.err
    run = Run.open(next((tmp_path / "runs").iterdir()))
    names = ["early_stopping.patience", "head.units"]
    assert [form["name"] for form in run.header.space] == names
    assert run.header.constants["arguments"] == {"head": {"kind": "tanh"}}
    stopping = {"monitor": "val_loss", "min_delta": 0.0}
    assert run.header.constants["training"]["early_stopping"] == stopping
    assert run.trials()[1].params == {"early_stopping.patience": 1, "head.units": 7}
    assert list(yaml.safe_load((run.path / "best" / "params.yaml").read_text())) == names
    resolved = yaml.safe_load((run.path / "config.resolved.yaml").read_text())
    assert list(resolved["space"]) == ["early_stopping", "head"]
    rows = list(csv.DictReader(io.StringIO(hpopt("trials", "latest").out)))
    assert rows[1]["params.early_stopping.patience"] == "1"
    assert "early_stopping.patience" in hpopt("show", "latest").out

    # Its weights, its params and its config lead on: an export, another trial, another run.
    trial = run.trials()[1].number
    assert hpopt("export-best", "latest", "--trial", trial).code == 0
    assert hpopt("resume", "latest", "-s", "search.n_calls=4").code == 0
    assert [trial.state for trial in Run.open(run.path).trials()] == ["finished"] * 4
    refused = hpopt("resume", "latest", "-s", "space.early_stopping.patience.high=9")
    assert "`early_stopping.patience` was searched among other values" in refused.err
    again = hpopt("tune", "nested.yaml", "-s", "search.n_calls=1", "--warm-start", run.path.name)
    assert f"4 trials of {run.path.name} inform the search" in again.err
