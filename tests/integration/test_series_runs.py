"""Series of different lengths, from a file to what the model and its exports say of others."""

import numpy as np
import pandas as pd
import pytest

import hpopt
from hpopt.errors import DataError
from hpopt.export.exporting import export_run
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras


def write(path, count=120, seed=0) -> pd.DataFrame:
    """A row a step, in any order: series of 4 to 9 steps that rise or fall."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        kind, slope = ("up", 1.0) if number % 2 else ("down", -1.0)
        for t in range(rng.integers(4, 10)):
            x = slope * t + rng.normal(scale=0.3)
            rows.append({"rec": f"r{number}", "t": t, "x": x, "y": 1000.0, "kind": kind})
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0)
    frame.to_csv(path, index=False)
    return frame


def test_a_long_file_is_tuned_predicted_and_exported(tmp_path):
    write(tmp_path / "long.csv")
    path = str(tmp_path / "long.csv")
    config = {
        "dataset": {"source": "long", "path": path, "id": "rec", "time": "t", "target": "kind"},
        "model": {"builder": "conv", "num_blocks": 1},
        "training": {"epochs": 8, "batch_size": 16, "learning_rate": 0.02, "folds": 2},
        "space": {"filters": {"type": "integer", "low": 4, "high": 8, "default": 6}},
        "search": {"n_calls": 2},
        "execution": {"workers": 0},
        "output": {"confirm": 0, "plots": False, "ensemble": 2, "keep_rows": 0},
    }
    run = hpopt.tune(config, output_dir=tmp_path / "runs", progress=False)
    assert run.best.result.metrics["accuracy"] > 0.7
    run = Run.open(run.path)
    frame = write(tmp_path / "new.csv", 20, seed=1)
    said = hpopt.predict(run, tmp_path / "new.csv")
    assert list(said["rec"]) == list(dict.fromkeys(frame["rec"]))
    scores = hpopt.evaluate(run, tmp_path / "new.csv").scores
    truth = frame.drop_duplicates("rec")["kind"].to_numpy()
    assert scores["accuracy"] == np.mean(said["prediction"] == truth)
    for format in ("onnx", "tflite"):
        _, export = export_run(run, format)
        assert export.largest_difference < 1e-5
    many = pd.concat([frame, *(frame[:1].assign(t=100 + n) for n in range(9))])
    with pytest.raises(DataError, match="more than 9 steps"):
        hpopt.predict(run, many)
