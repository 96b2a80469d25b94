"""Folders of images from the files to what an exported model says of others."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import hpopt
from hpopt.errors import DataError
from hpopt.export import exporting
from hpopt.export.exporting import export_run
from hpopt.runs.folder import Run
from hpopt.runs.mistakes import MISTAKES

pytestmark = pytest.mark.keras


def write_digits(folder, rows) -> None:
    """Digits of 8x8 pixels as PNG files, in a folder for each."""
    digits = load_digits()
    for row in rows:
        place = folder / str(digits.target[row])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(digits.images[row] * 15)).save(place / f"{row}.png")


def config(path, **output):
    return {
        "dataset": {"source": "images", "path": str(path)},
        "model": {"builder": "conv", "num_blocks": 1, "normalization": "none", "head": "flatten"},
        "training": {
            "epochs": 8,
            "augmentation": {"shift": 0.02},
            "batch_size": 32,
            "learning_rate": 0.01,
        },
        "space": {"filters": {"type": "integer", "low": 12, "high": 24, "default": 16}},
        "search": {"n_calls": 2},
        "execution": {"workers": 0},
        "output": {"confirm": 0, "plots": False, **output},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_digits(folder / "digits", range(400))
    write_digits(folder / "unseen", range(1500, 1600))
    return folder


@pytest.fixture(scope="module")
def run(folder) -> Run:
    wanted = config(folder / "digits", refit=True, ensemble=2, plots=True)
    return hpopt.tune(wanted, output_dir=folder / "runs", progress=False)


def test_a_folder_of_images_is_tuned_and_its_mistakes_are_shown(run):
    assert run.best.result.metrics["accuracy"] > 0.7
    test = run.steps["test"].outcome
    counts = np.array(test["confusion"]["counts"])
    assert counts.sum() == test["rows"]
    assert np.trace(counts) / counts.sum() == pytest.approx(test["best"]["accuracy"])
    assert (run.path / "plots" / "confusion.png").is_file()
    if np.trace(counts) < counts.sum():
        assert (run.path / "plots" / "mistakes.png").is_file()
    assert not (run.path / "data").exists()


def test_new_images_are_predicted_and_evaluated(run, folder):
    said = hpopt.predict(run, folder / "unseen")
    truth = [path.split("/")[0] for path in said["path"]]
    accuracy = hpopt.evaluate(run, folder / "unseen").scores["accuracy"]
    assert accuracy == np.mean(said["prediction"] == truth)
    assert accuracy > 0.7
    [one] = hpopt.predict(run, folder / "unseen" / said["path"][3])["prediction"]
    assert one == said["prediction"][3]
    table = said[["path"]].assign(label=truth)
    table.to_csv(folder / "unseen" / "some.csv", index=False)
    assert hpopt.evaluate(run, folder / "unseen" / "some.csv").scores["accuracy"] == accuracy
    pixels = np.stack([Image.open(folder / "unseen" / path) for path in said["path"]])[..., None]
    assert (hpopt.predict(run, pixels)["prediction"] == said["prediction"]).all()
    with pytest.raises(DataError, match=r"takes uint8 \[n, 8, 8, 1\]"):
        hpopt.predict(run, pixels[..., 0])
    with pytest.raises(DataError, match="no whole numbers from 0 to 255"):
        hpopt.predict(run, pixels / 255)


@pytest.mark.parametrize("format", ["keras", "saved_model", "onnx", "tflite"])
def test_every_format_takes_uint8_and_its_example_reads_files(run, folder, format, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))  # where pixels.py is found in this process

    def load(place):
        monkeypatch.syspath_prepend(str(place))
        return runpy.run_path(str(place / "example.py"), run_name="example")

    if format != "onnx":  # a fresh process takes its time for TensorFlow
        monkeypatch.setattr(
            exporting, "spoken_elsewhere", lambda place, rows: load(place)["predict"](rows)
        )
    place, export = export_run(run, format)
    assert export.largest_difference < 1e-5
    example = load(place)
    said = hpopt.predict(run, folder / "unseen")
    rows = np.stack([example["read"](folder / "unseen" / path) for path in said["path"]])
    assert rows.dtype == np.uint8
    expected = said.filter(like="probability").to_numpy()
    np.testing.assert_allclose(example["predict"](rows), expected, atol=1e-5)
    assert "`rows`: uint8 [n, 8, 8, 1]" in (place / "README.md").read_text()
    assert json.loads((place / "columns.json").read_text()) == {"size": [8, 8], "channels": 1}


@pytest.mark.long
def test_a_run_on_images_goes_on_in_folds_without_keeping_rows(folder):
    form = config(folder / "digits", keep_rows=0)
    form["training"] |= {"folds": 2, "epochs": 3}
    run = hpopt.tune(form, output_dir=folder / "runs", progress=False)
    again = hpopt.resume(run.path, search__n_calls=3, progress=False)
    assert [trial.state for trial in again.trials()] == ["finished"] * 3
    assert not (run.path / MISTAKES).exists()
    with np.load(run.path / "best" / "predictions.npz") as kept:
        assert "target" not in kept.files
        assert kept["rows"].dtype == np.uint8
    warm = hpopt.tune(form, output_dir=folder / "runs", progress=False, warm_start=run.path)
    assert warm.trials()


def test_a_folder_is_drafted_checked_and_told_of(folder, hpopt):
    done = hpopt("init", folder / "digits", "-o", "digits.yaml")
    assert done.code == 0, done.err
    text = Path("digits.yaml").read_text()
    assert "size: [8, 8]" in text
    assert "builder: conv" in text
    assert '400 images of multiclass: "0" 41' in text
    assert hpopt("init", folder / "digits", "--target", "label").code == 2
    done = hpopt("check", "digits.yaml", "-s", "training.epochs=1", "-s", "execution.workers=0")
    assert done.code == 0, done.err
    assert "8 x 8 pixels (height x width), grey" in done.out
