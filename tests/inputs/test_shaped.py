"""Shaped arrays from the file to the exported model, through a convolution of one's own."""

import runpy

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import hpopt
from hpopt.errors import DataError
from hpopt.export import exporting
from hpopt.export.exporting import export_run
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
CONVOLUTION = """
import keras


def build(input_shape, output, *, filters=16):
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Conv2D(filters, 3, activation="relu")(inputs)
    hidden = keras.layers.Flatten()(hidden)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""


def digits(rows) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 8, 8, 1] and what they show."""
    bunch = load_digits()
    return bunch.images[rows][..., None], bunch.target[rows]


def tuned(folder, builder) -> Run:
    images, target = digits(slice(0, 400))
    np.savez(folder / "digits.npz", x=images, y=target)
    (folder / "nets.py").write_text(CONVOLUTION)
    config = {
        "dataset": {"source": "npz", "path": str(folder / "digits.npz"), "task": "multiclass"},
        "model": {"builder": builder},
        "training": {"epochs": 8, "batch_size": 32},
        "space": {"learning_rate": [0.01, 0.02]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": False},
    }
    return hpopt.tune(config, output_dir=folder / "runs", progress=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("shaped")
    return tuned(folder, f"{folder / 'nets.py'}:build")


@pytest.fixture
def unseen(tmp_path):
    """A file of images that the run has not seen."""
    images, target = digits(slice(1500, 1600))
    np.savez(tmp_path / "unseen.npz", x=images, y=target)
    np.save(tmp_path / "unseen.npy", images)
    return tmp_path / "unseen.npz"


def test_new_images_come_in_files_and_arrays(run, unseen):
    said = hpopt.predict(run, unseen)
    pd.testing.assert_frame_equal(hpopt.predict(run, unseen.with_suffix(".npy")), said)
    pd.testing.assert_frame_equal(hpopt.predict(run, np.load(unseen)["x"]), said)
    accuracy = hpopt.evaluate(run, unseen).scores["accuracy"]
    assert accuracy == np.mean(said["prediction"].astype(int) == np.load(unseen)["y"])
    assert accuracy > 0.7
    with pytest.raises(DataError, match=r"takes numbers \[n, 8, 8, 1\]"):
        hpopt.predict(run, np.load(unseen)["x"][..., 0])
    with pytest.raises(DataError, match="which columns can't hold"):
        hpopt.predict(run, pd.DataFrame({"x0": [1.0]}))


@pytest.mark.parametrize("format", ["keras", "saved_model", "onnx", "tflite"])
def test_every_format_takes_images(run, unseen, format, monkeypatch):
    def predict(folder, rows):
        return runpy.run_path(str(folder / "example.py"), run_name="example")["predict"](rows)

    if format != "onnx":  # a fresh process takes its time for TensorFlow
        monkeypatch.setattr(exporting, "spoken_elsewhere", predict)
    folder, export = export_run(run, format)
    assert export.largest_difference < 1e-5
    expected = hpopt.predict(run, unseen).filter(like="probability").to_numpy()
    np.testing.assert_allclose(predict(folder, np.load(unseen)["x"]), expected, atol=1e-5)
    assert "`rows`: float32 [n, 8, 8, 1]" in (folder / "README.md").read_text()


def test_the_dense_network_and_the_baselines_flatten_images(tmp_path):
    run = tuned(tmp_path, "dense_dropout")
    assert run.best.result.metrics["accuracy"] > 0.7
    baselines = run.steps["test"].outcome["baselines"]
    assert baselines["logistic regression"]["test"]["accuracy"] > 0.7
