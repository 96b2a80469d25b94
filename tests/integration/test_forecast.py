"""A forecast from the table to what people carry away, as they would do it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hpopt
from hpopt.errors import DataError
from hpopt.export.exporting import export_run
from hpopt.predicting import Model

pytestmark = pytest.mark.keras


def _sales(days):
    """Two shops whose sales go by the day of the week and by the price, which is known ahead."""
    rng, day = np.random.default_rng(0), np.arange(days)
    frames = []
    for shop, level in (("north", 80.0), ("south", 120.0)):
        price = rng.choice([2.0, 3.0], days)
        sold = level + 20 * np.sin(2 * np.pi * day / 7) - 30 * (price - 2) + rng.normal(0, 2, days)
        dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
        frames.append(pd.DataFrame({"day": dates, "shop": shop, "price": price, "sold": sold}))
    return pd.concat(frames, ignore_index=True)


def _config(path, **training):
    return {
        "dataset": {
            "source": "csv",
            "path": str(path),
            "target": "sold",
            "windows": {"length": 14, "horizon": 3, "known": ["price", "day"]},
            "split": {"order": "day", "groups": "shop"},
        },
        "model": {"builder": "dense_dropout", "num_layers": 1, "activation": "relu"},
        "training": {"epochs": 25, "batch_size": 32, "learning_rate": 0.003, **training},
        "space": {"num_dense_nodes": [32, 16]},
        "search": {"n_calls": 2},
        "execution": {"workers": 0},
        "output": {"confirm": 0},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    _sales(400).to_csv(folder / "sales.csv", index=False)
    return hpopt.tune(_config(folder / "sales.csv"), output_dir=folder / "runs", progress=False)


def test_the_network_is_measured_beside_the_season_and_plain_models(run):
    scored = run.outcomes.test
    assert set(scored.baselines) == {
        "7 steps ago", "last value", "ridge regression", "gradient boosting"
    }  # fmt: skip
    assert scored.best["mase"] < 0.5 < scored.baselines["7 steps ago"].test["mase"]
    assert scored.best["mase"] < scored.baselines["last value"].test["mase"]
    assert scored.comparisons["7 steps ago"].is_clear
    assert 1 < scored.groups < scored.rows  # near windows count as one
    assert "7 steps ago" in (run.path / "summary.md").read_text()


def test_the_steps_to_come_have_time_stamps_and_their_series(run, tmp_path):
    latest = _sales(390).groupby("shop").tail(30)
    with pytest.raises(DataError, match="lacks `price` of `north` at 2025-01-25"):
        hpopt.predict(run, latest)
    ahead = _sales(393).groupby("shop").tail(33)
    truth = ahead.groupby("shop").tail(3)["sold"].to_numpy()
    ahead.loc[ahead["day"] > "2025-01-24", "sold"] = np.nan
    said = hpopt.predict(run, ahead)
    assert list(said.columns[:4]) == ["shop", "day", "step", "prediction"]
    assert said["shop"].tolist() == ["north"] * 3 + ["south"] * 3
    assert said["day"].tolist() == ["2025-01-25", "2025-01-26", "2025-01-27"] * 2
    assert np.abs(said["prediction"] - truth).max() < 25
    ahead.to_csv(tmp_path / "ahead.csv", index=False)
    of_file = hpopt.predict(run, str(tmp_path / "ahead.csv"))
    np.testing.assert_allclose(of_file["prediction"], said["prediction"], rtol=1e-6)


def test_what_is_shuffled_behind_the_last_target_changes_no_prediction(run):
    """All but what is known ahead: the other shop's later rows, and targets that are not there."""
    frame = _sales(393)
    frame.loc[frame["day"] > "2025-01-24", "sold"] = np.nan
    said = hpopt.predict(run, frame)
    other = frame[(frame["shop"] == "north") | (frame["day"] <= "2024-12-24")]
    others = hpopt.predict(
        run, pd.concat([other, frame[frame["shop"] == "south"].iloc[-60:]]).drop_duplicates()
    )
    np.testing.assert_array_equal(
        others["prediction"][others["shop"] == "north"], said["prediction"][said["shop"] == "north"]
    )


def test_a_later_file_is_evaluated_by_all_its_windows(run):
    evaluation = hpopt.evaluate(run, _sales(400).groupby("shop").tail(60))
    assert evaluation.rows == 2 * (60 - 16)
    assert evaluation.scores["mase"] == pytest.approx(run.outcomes.test.best["mase"], rel=0.3)
    assert set(evaluation.scores) == {"rmse", "mae", "r2", "mase", "wape"}


def test_arrays_of_windows_are_predicted_too(run, tmp_path):
    kind = Model(run).data.features
    rows = np.load(run.path / "best" / "predictions.npz")["rows"][:4]
    assert rows.shape == (4, 17, len(kind.names))
    np.save(tmp_path / "windows.npy", rows)
    said = hpopt.predict(run, str(tmp_path / "windows.npy"))
    assert said["row"].tolist() == np.repeat([1, 2, 3, 4], 3).tolist()
    with pytest.raises(DataError, match=r"takes windows \[n, 17, "):
        hpopt.predict(run, rows[:, :10])


def test_an_export_takes_windows_in_a_fresh_process(run):
    folder, export = export_run(run, "keras")
    assert export.largest_difference < 1e-4
    columns = json.loads((folder / "columns.json").read_text())
    assert [c["name"] for c in columns["columns"]][:2] == ["sold", "price"]
    assert columns["columns"][1]["known_ahead"]
    shown = subprocess.run(
        [sys.executable, folder / "example.py"], capture_output=True, text=True, check=True
    ).stdout
    assert "the next steps: " in shown
    assert "[n, 17," in (folder / "README.md").read_text()


def test_folds_are_rolling_origins(tmp_path):
    _sales(200).to_csv(tmp_path / "sales.csv", index=False)
    config = _config(tmp_path / "sales.csv", folds=3, epochs=3)
    config["output"] |= {"plots": False}
    config["search"]["n_calls"] = 1
    run = hpopt.tune(config, output_dir=tmp_path / "runs", progress=False)
    assert len(run.best.result.scores) == 3
    assert run.outcomes.test.best["mase"] > 0
