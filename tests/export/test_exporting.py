"""Exports as people use them: from the folder alone, in processes without hpopt."""

import json
import runpy
import shutil
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, rest_long

from hpopt import load_config, tune
from hpopt.errors import ConfigError, MissingDependency, RunError
from hpopt.export import exporting, formats, verifying
from hpopt.export.exporting import export_run
from hpopt.own_code import code_prints
from hpopt.runs.events import Finished, Started
from hpopt.runs.folder import Run, now

pytestmark = pytest.mark.keras
OWN_FILE = "json my-nets.py"  # no name that a module can have
OWN_CLASS = """
import keras

@keras.saving.register_keras_serializable("mine")
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

def build(input_shape, output, *, units=4):
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(units, "relu")(Twice()(inputs))
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""


def few_trials(folder: Path, config="breast_cancer", overrides=()) -> Run:
    path = config if isinstance(config, Path) else ROOT / "configs" / f"{config}.yaml"
    few = ["search.n_calls=4", "search.engine=random", "training.epochs=1", "execution.workers=0"]
    quick = ["output.plots=false", "output.confirm=0"]
    return tune(load_config(path, [*few, *quick, *overrides]), output_dir=folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return few_trials(tmp_path_factory.mktemp("export"), overrides=["output.keep_weights=2"])


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Run:
    """A run of a builder with a class of its own, whose file is gone since."""
    folder = tmp_path_factory.mktemp("own")
    (folder / OWN_FILE).write_text(OWN_CLASS)
    (folder / "own.yaml").write_text(
        "dataset: {source: sklearn, name: iris}\n"
        f"model: {{builder: '{OWN_FILE}:build'}}\n"
        "space: {units: {type: integer, low: 2, high: 9}}\n"
    )
    run = few_trials(folder, folder / "own.yaml")
    (folder / OWN_FILE).unlink()
    return run


@pytest.fixture
def copied(run, tmp_path) -> Run:
    """The run elsewhere, as after a download: packed, moved, unpacked."""
    archive = shutil.make_archive(str(tmp_path / "run"), "zip", run.path)
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "moved")
    return Run.open(tmp_path / "moved")


@pytest.fixture
def checked_here(monkeypatch):
    """Exports are checked in this process, where a fresh one takes its time for TensorFlow."""

    def spoken_here(folder, rows):
        return runpy.run_path(str(folder / "example.py"), run_name="example")["predict"](rows)

    monkeypatch.setattr(exporting, "spoken_elsewhere", spoken_here)


def python(*arguments, cwd) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


# What must not be needed where each format is used.
ABSENT = {
    "keras": ["hpopt"],
    "saved_model": ["hpopt", "keras"],
    "onnx": ["hpopt", "keras", "tensorflow", "tf2onnx", "onnx"],
    "tflite": ["hpopt", "keras", "tensorflow"],
    "numpy": ["hpopt", "keras", "tensorflow", "scipy", "pandas"],
}


@pytest.mark.parametrize("format", rest_long([*ABSENT][::-1], short=2))
def test_an_export_works_where_nothing_else_is_and_says_what_it_is(format, run, tmp_path):
    folder, export = export_run(run, format, folder=tmp_path / "it")
    names = {path.name for path in folder.iterdir()}
    artifact = export.format.artifact
    files = {"labels.json", "columns.json", "params.yaml", "README.md", "example.py", "check.npz"}
    assert names - {"numpy_model.py"} == files | {artifact}
    assert ("numpy_model.py" in names) == (format == "numpy")
    assert export.largest_difference < 1e-5
    assert len(export.check) == 136
    absent = f"sys.modules.update(dict.fromkeys({ABSENT[export.format.name]}))"
    program = f"import runpy, sys; {absent}; runpy.run_path('example.py', run_name='__main__')"
    said = python("-c", program, cwd=folder).splitlines()
    assert len(said) == 6
    assert {line.split()[-1] for line in said[:5]} <= {"benign", "malignant"}
    assert float(said[-1].split()[-1]) < 1e-5

    card = (folder / "README.md").read_text()
    assert run.path.name in card
    assert run.header.fingerprints["data"] in card
    assert f"{run.best.result.metrics['accuracy']:.4f}" in card
    assert f"{run.steps['test'].outcome['best']['log_loss']:.4f}" in card
    assert "0. mean radius\n1. mean texture\n" in card
    assert "341 train, 136 validation, 92 test" in card
    assert ("To train it further" in card) == (export.format.name == "keras")
    assert export.format.artifact in card


def test_a_folder_that_was_sent_is_exported_where_it_arrives(copied, checked_here):
    folder, export = export_run(copied, "keras")
    assert folder == copied.path / "export" / f"{copied.best.number:04d}_keras"
    assert export.largest_difference < 1e-5


def test_a_model_that_says_something_else_is_an_error_and_leaves_no_folder(copied, checked_here):
    path = copied.path / "best" / "predictions.npz"
    arrays = dict(np.load(path))
    arrays["outputs"][5] += 0.01
    np.savez(path, **arrays)
    with pytest.raises(RunError, match="says something else") as caught:
        export_run(copied, "keras")
    assert caught.value.exit_code == 1
    assert not (copied.path / "export").exists()


def test_an_export_that_does_not_work_elsewhere_is_an_error(tmp_path):
    (tmp_path / "example.py").write_text("import hpopt.export.verifying")
    with pytest.raises(RunError, match="does not work in a fresh process"):
        verifying.spoken_elsewhere(tmp_path, np.zeros((2, 3)))


def test_a_folder_with_something_in_it_is_left_alone(run, tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(ConfigError, match="is there already"):
        export_run(run, "keras", folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_second_export_replaces_the_first_where_that_is_wanted(copied, checked_here, hpopt):
    folder, _ = export_run(copied, "keras")
    (folder / "README.md").write_text("my own words")
    folder.chmod(0o700)
    again = hpopt("export-best", copied.path)
    assert again.code == 2
    assert "is there already" in again.err
    assert "--force" in again.err
    assert (folder / "README.md").read_text() == "my own words"
    assert hpopt("export-best", copied.path, "--force").code == 0
    assert (folder / "README.md").read_text() != "my own words"
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "example.py").unlink()
    for place in (folder, folder / "README.md", copied.path):
        refused = hpopt("export-best", copied.path, "--force", "-o", place)
        assert (refused.code, "--force" in refused.err) == (2, False)
    assert hpopt("export-best", copied.path, "-o", "-").code == 2


def test_another_trial_is_built_again_from_its_weights(run, tmp_path, checked_here):
    kept = [trial.number for trial in run.trials() if run.weights(trial)]
    number = next(number for number in kept if number != run.best.number)
    folder, export = export_run(run, "keras", number=number, folder=tmp_path / "it")
    assert export.trial.number == number
    threshold = json.loads((folder / "labels.json").read_text())["threshold"]
    accuracy = float(((export.check.outputs[:, 0] > threshold) == export.check.target).mean())
    # The one is at the threshold that all rows chose, the other is cross-fitted.
    assert accuracy == pytest.approx(run.trial(number).result.metrics["accuracy"], abs=0.05)


def test_a_trial_that_is_not_kept_is_told_with_those_that_are(run):
    kept = [trial.number for trial in run.trials() if run.weights(trial)]
    gone = next(trial.number for trial in run.trials() if trial.number not in kept)
    with pytest.raises(RunError) as caught:
        export_run(run, "keras", number=gone)
    assert f"the weights of trial {gone} are not kept" in str(caught.value)
    assert str(run.best.number) in str(caught.value)
    assert "keep_weights" in caught.value.render()
    with pytest.raises(ConfigError, match="has no trial 77"):
        export_run(run, "keras", number=77)


def test_a_class_of_ones_own_travels_with_the_model_or_is_not_needed(own, tmp_path):
    folder, export = export_run(own, "keras", folder=tmp_path / "keras")
    assert export.own_classes == ("mine>Twice",)
    assert (folder / "builder_code.py").read_text() == OWN_CLASS
    assert "import builder_code" in (folder / "example.py").read_text()
    folder, export = export_run(own, "saved_model", folder=tmp_path / "saved_model")
    assert not (folder / "builder_code.py").exists()
    assert export.largest_difference < 1e-5


def test_a_class_whose_code_is_gone_is_told(own, tmp_path):
    moved = shutil.copytree(own.path, tmp_path / "moved")
    shutil.rmtree(moved / "builder")
    with pytest.raises(RunError, match="mine>Twice"):
        export_run(Run.open(moved), "saved_model")


def test_code_that_was_changed_since_is_noticed(own, tmp_path):
    moved = Run.open(shutil.copytree(own.path, tmp_path / "moved"))
    path = moved.path / "builder" / OWN_FILE
    path.write_text(OWN_CLASS.replace("return 2 * inputs", "return -20 * inputs"))
    number = 2 if moved.best.number == 1 else 1
    with pytest.raises(ConfigError, match="has changed since the run's trials ran it"):
        export_run(moved, "keras", number=number)
    with pytest.raises(RunError, match="built again"):
        export_run(moved, "keras", number=number, trust_code=True)


def test_the_code_of_a_folder_that_was_sent_runs_only_where_it_is_trusted(
    own, tmp_path, hpopt, monkeypatch, checked_here
):
    """The one rule of all commands that load a model, where nothing of it has run before."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    sent = shutil.copytree(own.path, tmp_path / "sent")
    np.savez(tmp_path / "rows.npz", X=np.ones((3, 4)), y=np.array(["setosa"] * 3))
    (sent / "builder" / OWN_FILE).write_text(f"print('it was run')\n{OWN_CLASS}")
    journal = sent / "journal.jsonl"
    prints = [
        code_prints({"builder": each.path / "builder" / OWN_FILE}) for each in (own, Run.open(sent))
    ]
    journal.write_text(journal.read_text().replace(*(each["builder"] for each in prints)))
    for command in (
        ["predict", sent, "rows.npz"],
        ["evaluate", sent, "rows.npz"],
        ["export-best", sent],
        ["resume", sent, "-s", "search.n_calls=5"],
    ):
        done = hpopt(*command)
        assert (done.code, done.out) == (2, "")
        assert "has not run for you on this machine yet" in done.err
        assert "it was run" not in done.err
    done = hpopt("predict", sent, "rows.npz", "--trust-code")
    assert done.code == 0
    assert "it was run" in done.err
    assert done.out.count("\n") == 4
    assert hpopt("evaluate", sent, "rows.npz").code == 0


def test_no_rows_of_the_data_stay_where_none_may(tmp_path):
    run = few_trials(tmp_path, overrides=["output.keep_rows=0", "search.n_calls=1"])
    kept = np.load(run.path / "best" / "predictions.npz")
    assert set(kept.files) == {"rows", "outputs"}
    assert kept["rows"].shape == (100, 30)
    assert kept["outputs"].shape == (100, 1)


def test_what_is_not_installed_is_told_with_the_command_that_installs_it(run, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda module: None)
    with pytest.raises(MissingDependency) as caught:
        export_run(run, "onnx")
    assert caught.value.exit_code == 4
    assert 'pip install "hpopt[onnx]"' in caught.value.render()
    assert "ai-edge-litert" not in caught.value.render()


def test_the_program_exports_and_speaks_json(run, tmp_path, hpopt):
    [record] = hpopt("export-best", run.path, "-o", tmp_path / "it", "--json").records
    assert record["folder"] == str(tmp_path / "it")
    assert (record["trial"], record["rows_checked"]) == (run.best.number, 136)
    assert record["largest_difference"] < 1e-5


def test_a_difference_counts_in_deviations_of_the_target():
    target = verifying.TargetSpec(1.7e9, 100.0)
    said, expected = np.array([[1.7e9 + 50]]), np.array([[1.7e9]])
    assert verifying.largest_difference(said, expected, target) == pytest.approx(0.5)
    assert np.isnan(verifying.largest_difference(said * np.nan, expected, target))
    assert verifying.largest_difference(said, np.ones((2, 1)), target) == np.inf


def test_a_run_that_is_extended_exports_the_model_that_it_has(run, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_checked", lambda *_: 0.0)
    copy = shutil.copytree(run.path, tmp_path / "copy")
    with closing(Run.reopen(copy)) as extended:
        extended.append(Started(5, {}, seed=1, time=now()))
        better = replace(run.best.result, value=-1.0, weights=None)
        extended.append(Finished(5, **vars(better)))
    folder, export = export_run(Run.open(copy), "keras")
    assert export.trial.number == run.chosen.number
    for name in ("model.keras", "labels.json", "params.yaml"):
        assert (folder / name).read_bytes() == (run.path / "best" / name).read_bytes()
