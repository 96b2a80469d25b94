"""Exports of a table's model: a DataFrame in, without hpopt."""

import json
import runpy
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import dirty_frame

import hpopt
from hpopt.export import exporting
from hpopt.export.exporting import export_run
from hpopt.export.verifying import CheckRows

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def expected(table_run):
    """What hpopt itself says of new rows, with a gap and an unseen text in each column."""
    return hpopt.predict(table_run, new_rows())["probability_yes"].to_numpy()


@pytest.fixture(scope="module")
def packed_run(tmp_path_factory):
    """A run whose table counts as very wide: its model takes all columns in one matrix."""
    folder = tmp_path_factory.mktemp("packed")
    dirty_frame().to_csv(folder / "customers.csv", index=False)
    config = {
        "dataset": {
            "source": "csv",
            "path": str(folder / "customers.csv"),
            "target": {"name": "churn", "positive": "yes"},
        },
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 2},
        "space": {"num_dense_nodes": [8, 4]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": False},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpopt.inputs.table.kind._MOST_INPUTS", 3)
        return hpopt.tune(config, output_dir=folder / "runs", progress=False)


@pytest.mark.parametrize("format", ["keras", "saved_model", "onnx", "tflite", "numpy"])
def test_a_very_wide_table_is_one_input_in_every_format(packed_run, format, tmp_path, monkeypatch):
    positive = exporting.data_of(packed_run).labels[1]
    expected = hpopt.predict(packed_run, new_rows())[f"probability_{positive}"].to_numpy()
    monkeypatch.setattr(
        exporting,
        "spoken_elsewhere",
        lambda folder, rows: in_this_process(folder, monkeypatch)["predict_columns"](rows),
    )
    folder, export = export_run(packed_run, format, folder=tmp_path / "it")
    assert export.largest_difference < 1e-5
    example = in_this_process(folder, monkeypatch)
    np.testing.assert_allclose(example["predict"](new_rows())[:, 0], expected, atol=1e-5)
    assert "takes one matrix `rows`" in (folder / "README.md").read_text()
    if format == "keras":
        assert [len(i.shape) for i in example["model"].inputs] == [2]
        check_training_further(folder, example, monkeypatch)


def test_time_stamps_are_predicted_alike_where_there_is_float32_alone(
    stamps_run, tmp_path, monkeypatch
):
    run, frame = stamps_run
    expected = hpopt.predict(run, frame)["prediction"].to_numpy()
    monkeypatch.setattr(
        exporting,
        "spoken_elsewhere",
        lambda folder, rows: in_this_process(folder, monkeypatch)["predict_columns"](rows),
    )
    folder, _ = export_run(run, "tflite", folder=tmp_path / "it")
    said = in_this_process(folder, monkeypatch)["predict"](frame)[:, 0]
    assert np.ptp(expected) > 1e3  # of 60 000 in training, about 1.7e12
    np.testing.assert_allclose(said - 1.7e12, expected - 1.7e12, rtol=1e-4, atol=1)
    assert "`example.py` adds it in float64" in (folder / "README.md").read_text()


@pytest.fixture(scope="module")
def stamps_run(tmp_path_factory):
    """A run whose target, and a column, are time stamps in milliseconds; and rows of it."""
    folder = tmp_path_factory.mktemp("stamps")
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    frame = pd.DataFrame({"x": x, "since": 1_700_000_000_000 + rng.integers(0, 60_000, 120)})
    frame["y"] = (1_700_000_000_000 + 20_000 * x + rng.normal(size=120)).astype(np.int64)
    frame.to_csv(folder / "stamps.csv", index=False)
    config = {
        "dataset": {"source": "csv", "path": str(folder / "stamps.csv"), "target": "y"},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 5, "learning_rate": 0.03},
        "space": {"num_dense_nodes": [8, 4]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": False},
    }
    return hpopt.tune(config, output_dir=folder / "runs", progress=False), frame


def new_rows() -> pd.DataFrame:
    frame = dirty_frame(40, seed=5)
    frame.loc[3, ["age", "income (k/y)", "city", "plan", "signup", "member"]] = None
    frame.loc[4, ["city", "plan"]] = ["city 99", "never seen"]
    return frame[sorted(frame)]


@pytest.fixture(params=["keras", "saved_model", "onnx", "tflite", "numpy"])
def exported(request, table_run, tmp_path, monkeypatch):
    """An export, checked here where a fresh process takes its time for TensorFlow."""
    if request.param != "onnx":
        monkeypatch.setattr(
            exporting,
            "spoken_elsewhere",
            lambda folder, rows: in_this_process(folder, monkeypatch)["predict_columns"](rows),
        )
    return export_run(table_run, request.param, folder=tmp_path / "it")


def in_this_process(folder, monkeypatch) -> dict:
    """What `example.py` defines."""
    monkeypatch.syspath_prepend(folder)
    for module in ("raw", "text_files", "times", "written"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return runpy.run_path(str(folder / "example.py"), run_name="example")


@pytest.mark.parametrize("exported", ["keras"], indirect=True)
def test_the_keras_model_takes_a_table_where_hpopt_is_not(exported, expected, tmp_path):
    folder, _ = exported
    files = {"labels.json", "columns.json", "params.yaml", "README.md", "example.py", "check.npz"}
    assert {path.name for path in folder.iterdir()} == files | {
        "model.keras",
        "raw.py",
        "text_files.py",
        "times.py",
        "written.py",
    }
    frame = new_rows()
    frame["age"] = frame["age"].astype(object)
    frame.loc[30, "age"] = "forty"
    frame.to_csv(tmp_path / "new.csv", index=False, sep=";")
    program = (
        "import runpy, sys; sys.modules['hpopt'] = None; sys.argv[0] = 'example.py'\n"
        "sys.path.insert(0, '.'); runpy.run_path('example.py', run_name='__main__')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "new.csv")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    word = (
        "note: column 'age': 1 of 40 values do not fit and count as gaps, first 'forty' in row 31"
    )
    assert word in done.stderr.splitlines()
    said = [float(line.removeprefix("yes: ").split()[0]) for line in lines]
    np.testing.assert_allclose(said, expected[:5], atol=5e-4)

    card = (folder / "README.md").read_text()
    assert "pip install numpy pandas tensorflow keras" in card
    assert '| plan | categorical | "basic", "plus"' in card
    assert "| age | numeric |  |" in card
    assert "not used: customer id" in card
    columns = json.loads((folder / "columns.json").read_text())
    inputs = {column["name"]: column for column in columns["inputs"]}
    assert inputs["income (k/y)"] == {
        "name": "income (k/y)",
        "input": "income (k_y)",
        "kind": "numeric",
    }
    assert "signup.month" in inputs
    assert "" in inputs["plan"]["vocabulary"]


def test_every_format_says_the_same(exported, expected, monkeypatch):
    folder, export = exported
    assert export.largest_difference < 1e-5
    example = in_this_process(folder, monkeypatch)
    said = example["predict"](new_rows())[:, 0]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    if export.format.name == "keras":
        check_training_further(folder, example, monkeypatch)


def check_training_further(folder, example, monkeypatch):
    """The lines of the card train the model on a table as it comes."""
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    frame = dirty_frame()
    y = (frame["churn"] == "yes").to_numpy().astype(np.float32)
    before = example["predict"](frame)
    monkeypatch.setitem(sys.modules, "example", SimpleNamespace(**example))
    keras.utils.set_random_seed(0)
    exec(code, {"frame": frame, "y": y})
    assert np.abs(example["predict"](frame) - before).max() > 1e-3


def test_made_up_rows_of_a_table_are_kept_and_read_again(table_run, tmp_path):
    spec = exporting.data_of(table_run).features
    rows = spec.made_up(100)
    with (tmp_path / "rows.npz").open("wb") as file:
        CheckRows(rows, np.zeros((100, 1)), None).first(7).write(file)
    read = CheckRows.read(tmp_path / "rows.npz")
    assert len(read) == 7
    assert list(read.rows) == [column.name for column in spec.columns]
    for name, values in read.rows.items():
        np.testing.assert_array_equal(values, rows[name][:7])
