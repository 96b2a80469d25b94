"""A run with rules between parameters, from end to end."""

import json

import pytest
import yaml
from as_0_1 import check_as_0_1

from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras

CONFIG = """\
dataset: {source: sklearn, name: iris}
model: {builder: dense_dropout}
training: {epochs: 3, batch_size: 32}
space:
  learning_rate: {type: real, low: 1e-3, high: 1e-1, prior: log-uniform}
  num_layers: {type: integer, low: 1, high: 4, default: 1}
  num_dense_nodes: {type: integer, low: 4, high: 64, default: 16}
require:
  - num_layers * num_dense_nodes <= batch_size
  - "num_dense_nodes % 2 == 0"
search: {n_calls: 5}
execution: {workers: 0}
output: {confirm: 0, plots: false}
"""


def test_a_run_keeps_to_its_rules_and_is_resumed_under_them(hpopt, tmp_path):
    (tmp_path / "ruled.yaml").write_text(CONFIG)
    done = hpopt("tune", "ruled.yaml")
    assert done.code == 0, done.err
    run = Run.open(next((tmp_path / "runs").iterdir()))
    assert run.header.require == [
        "num_layers * num_dense_nodes <= 32",
        "num_dense_nodes % 2 == 0",
    ]
    params = [trial.params for trial in run.trials()]
    assert all(p["num_layers"] * p["num_dense_nodes"] <= 32 for p in params)
    assert all(p["num_dense_nodes"] % 2 == 0 for p in params)
    assert all(run.space.allows(p) for p in params)
    assert check_as_0_1(run.path / "journal.jsonl")
    resolved = yaml.safe_load((run.path / "config.resolved.yaml").read_text())
    assert resolved["require"] == yaml.safe_load(CONFIG)["require"]

    changed = hpopt("resume", "latest", "-s", "require=[num_layers < 3]")
    assert changed.code == 2
    assert "the rule `num_layers < 3` is new" in changed.err
    assert hpopt("resume", "latest", "-s", "search.n_calls=6").code == 0
    assert len(Run.open(run.path).trials()) == 6

    (tmp_path / "other.yaml").write_text(CONFIG.replace("<= batch_size", "<= 16"))
    warm = hpopt("tune", "other.yaml", "-s", "search.n_calls=1", "--warm-start", run.path)
    assert warm.code == 0, warm.err
    last = max((tmp_path / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    known = [json.loads(line) for line in (last / "journal.jsonl").read_text().splitlines()]
    [event] = [event for event in known if event["kind"] == "known"]
    assert len(event["trials"]) < 6
    met = [t["params"]["num_layers"] * t["params"]["num_dense_nodes"] for t in event["trials"]]
    assert max(met) <= 16
