"""A network that begins with the body of a file, from a config to exports, and resumed."""

import numpy as np
import pytest
import yaml

import hpopt
from hpopt.errors import ConfigError
from hpopt.export.exporting import export_run
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
CONFIG = {
    "dataset": {"source": "sklearn", "name": "breast_cancer"},
    "model": {"builder": "pretrained", "file": "body.keras"},
    "training": {"epochs": 3, "folds": 2},
    "space": {"trainable_from": [None, "last"], "learning_rate": [0.01, 0.003]},
    "search": {"n_calls": 2},
    "execution": {"workers": 0},
    "output": {"confirm": 0, "plots": False},
}


def save_body(path, seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    layers = [
        keras.Input((30,)),
        keras.layers.Dense(16, "relu", name="first"),
        keras.layers.Dense(8, "relu", name="last"),
        keras.layers.Dense(3, name="classes"),
    ]
    keras.Sequential(layers).save(path)


@pytest.mark.long
def test_a_table_is_tuned_exported_and_resumed(tmp_path):
    save_body(tmp_path / "body.keras")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    run = hpopt.tune(tmp_path / "mine.yaml", output_dir=tmp_path / "runs", progress=False)
    assert [trial.state for trial in run.trials()] == ["finished"] * 2
    opened = Run.open(run.path)
    assert list(opened.header.constants["files"]) == ["file"]
    for format in ("onnx", "tflite"):
        _, export = export_run(opened, format)
        assert export.largest_difference < 1e-5
    assert len(hpopt.resume(run.path, search__n_calls=3, progress=False).trials()) == 3
    save_body(tmp_path / "body.keras", seed=1)
    with pytest.raises(ConfigError, match="the file `file` has changed since"):
        hpopt.resume(run.path, search__n_calls=4, progress=False)


@pytest.mark.long
def test_images_are_tuned_by_workers(tmp_path):
    import keras

    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 80)
    images = (rng.integers(0, 99, (80, 8, 8, 1)) + 150 * kinds[:, None, None, None]).astype("uint8")
    np.savez(tmp_path / "images.npz", x=images, y=kinds)
    layers = [keras.Input((None, None, 1)), keras.layers.Conv2D(4, 3), keras.layers.MaxPooling2D()]
    keras.Sequential(layers).save(tmp_path / "body.keras")
    config = {
        **CONFIG,
        "dataset": {"source": "npz", "path": str(tmp_path / "images.npz")},
        "model": {"builder": "pretrained", "file": str(tmp_path / "body.keras")},
        "training": {"epochs": 10, "batch_size": 16, "learning_rate": 0.02},
        "space": {"pooling": ["average", "max"], "head_layers": [0, 1]},
        "execution": {"workers": 1},
    }
    run = hpopt.tune(config, output_dir=tmp_path / "runs", progress=False)
    assert run.best.result.metrics["accuracy"] > 0.9


def test_a_file_that_is_not_there_or_is_searched_is_named_in_the_config(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    with pytest.raises(ConfigError, match=r"there is no file .*body\.keras") as refused:
        hpopt.load_config(tmp_path / "mine.yaml")
    assert refused.value.problems[0].location.file.endswith("mine.yaml")
    other = {**CONFIG, "model": {"builder": "pretrained"}, "space": {"file": ["a", "b"]}}
    with pytest.raises(ConfigError, match="can't be searched"):
        hpopt.load_config(other)
