"""The main job as a stranger uses it: the program, a shipped config, the model elsewhere."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, rest_long

from hpopt.plots.pictures import PICTURES
from hpopt.report.words import show_with
from hpopt.runs.folder import Run

pytestmark = pytest.mark.keras
CONFIG = ROOT / "configs" / "breast_cancer.yaml"
OWN_BUILDER = (
    "dataset: {source: sklearn, name: iris}\n"
    "model: {builder: 'nets.py:build'}\n"
    "space: {units: {type: integer, low: 1, high: 9}}\n"
    "search: {n_calls: 3, engine: random}\n"
    "execution: {workers: 0}\n"
)
FEW = ["-s", "search.n_calls=4", "-s", "training.epochs=5", "-s", "execution.workers=0"]

# Pictures of images and of forecasts.
ELSEWHERE = ("mistakes", "forecast", "steps_ahead")


QUICK = ["-s", "output.plots=false", "-s", "output.confirm=0"]  # where nobody looks at these


def program(*arguments, cwd) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "hpopt", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def quiet_run(*arguments, cwd) -> Run:
    done = program("tune", *arguments, "-s", "output.plots=false", "--quiet", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return Run.open(cwd / done.stdout.strip())


@pytest.fixture
def tuned(hpopt, tmp_path):
    """Tunes in this process, whose TensorFlow is there already."""

    def run(*arguments) -> Run:
        done = hpopt("tune", *arguments, "-s", "output.plots=false", "--quiet")
        assert (done.code, done.err) == (0, "")
        return Run.open(tmp_path / done.out.strip())

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def done(folder) -> subprocess.CompletedProcess:
    return program("tune", CONFIG, *FEW, "-s", "execution.workers=1", cwd=folder)


@pytest.fixture(scope="module")
def run(done, folder) -> Run:
    assert done.returncode == 0, done.stderr
    [path] = (folder / "runs").iterdir()
    return Run.open(path)


def test_the_run_folder_holds_what_the_design_says(run):
    names = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert names == {
        "config.yaml",
        "config.resolved.yaml",
        "journal.jsonl",
        "environment.json",
        "results.pkl",
        "summary.md",
        "hpopt.log",
        *(f"plots/{name}.png" for name in PICTURES if name not in ELSEWHERE),
        "best/model.keras",
        "best/labels.json",
        "best/params.yaml",
        "best/data.json",
        "best/intervals.json",
        "best/predictions.npz",
        "data.json",
        *(f"trials/000{number}/weights.npz" for number in (1, 2, 3, 4)),
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_breast_cancer", run.path.name)
    assert (run.path / "config.yaml").read_bytes() == CONFIG.read_bytes()


def test_every_line_of_the_journal_is_strict_json(run):
    def refuse(constant):
        raise ValueError(constant)

    lines = (run.path / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line, parse_constant=refuse) for line in lines]
    kinds = [event["kind"] for event in events]
    assert kinds == ["header", *["started", "finished"] * 4, "ended", *["step"] * 8]
    assert [event["name"] for event in events[-8:]] == [
        "confirm",
        "refit",
        "threshold",
        "best",
        "test",
        "results",
        "summary",
        "plots",
    ]


def test_the_model_takes_raw_rows_in_a_process_without_hpopt(run):
    program = """if True:
        import sys
        sys.modules["hpopt"] = None
        import json, keras, numpy as np
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        rows, target = load_breast_cancer(return_X_y=True)
        options = {"test_size": 0.4, "random_state": 2}
        _, rest, _, y = train_test_split(rows, target, stratify=target, **options)
        validation, test, y_validation, y_test = train_test_split(rest, y, stratify=y, **options)
        model = keras.saving.load_model("best/model.keras")
        kept = np.load("best/predictions.npz")
        labels = json.load(open("best/labels.json"))
        said = model.predict(validation, verbose=0)
        assert np.array_equal(kept["rows"], validation)
        assert np.array_equal(kept["target"], y_validation)
        assert np.abs(said - kept["outputs"]).max() < 1e-5
        assert labels["labels"] == ["malignant", "benign"]
        assert 0 < labels["threshold"] < 1
        model.fit(rows[:64], target[:64], verbose=0)  # it is compiled
        print(json.dumps(float(((said[:, 0] > labels["threshold"]) == y_validation).mean())))
    """
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=run.path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    # The one is at the threshold that all rows chose, the other is cross-fitted.
    accuracy = run.best.result.metrics["accuracy"]
    assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(accuracy, abs=0.05)


def test_progress_is_plain_lines_where_there_is_no_terminal(done):
    lines = [line for line in done.stderr.splitlines() if line.startswith("trial")]
    assert "\x1b" not in done.stderr
    pattern = r"trial \d of 4  accuracy 0\.\d{4}  best 0\.\d{4} \(trial \d\)  elapsed \S+  left \S+"
    assert [bool(re.fullmatch(pattern, line)) for line in lines] == [True] * 4


def test_progress_is_live_on_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hpopt", "tune", str(CONFIG), *FEW, *QUICK]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(ours, 4096):
            said += piece
    os.close(ours)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert "4 trials for the best accuracy (higher is better)" in text
    assert len(re.findall(r"[1-4]  [ *] +0\.\d{4} +[\d.]+ s  ", text)) == 4
    assert re.search(r"best 0\.\d{4} \(trial \d\)", text)
    assert re.search(r"closing: \d of \d", text)


def test_stdout_says_what_was_found_and_where_it_is(done, run):
    best = run.best
    assert f"best accuracy on validation: {best.result.metrics['accuracy']:.4f}" in done.stdout
    assert done.stdout.rstrip().endswith(f"run folder: runs/{run.path.name}")


def test_nothing_else_is_said(done):
    assert "Warning" not in done.stdout + done.stderr


def test_the_summary_gives_the_test_scores_of_the_best_and_of_the_defaults(run):
    summary = (run.path / "summary.md").read_text()
    test = run.steps["test"].outcome
    for who in ("best", "default"):
        if test.get(who) is None:
            continue
        interval = test["intervals"].get(who, {}).get("accuracy")
        assert show_with(interval, test[who]["accuracy"]) in summary
    assert set(test["best"]) >= {"accuracy", "auc", "log_loss"}


def test_the_same_config_gives_the_same_trials_bit_for_bit(run, tmp_path):
    again = quiet_run(CONFIG, *FEW, *QUICK, cwd=tmp_path)

    def trials_of(run):
        return [(t.number, t.params, t.seed, t.value, t.result.curves) for t in run.trials()]

    assert trials_of(again) == trials_of(run)


@pytest.mark.long
def test_the_surrogates_trials_repeat_bit_for_bit_too(tuned, tmp_path):
    options = ["-s", "search.n_calls=9", "-s", "training.epochs=2", "-s", "search.seed=3", *QUICK]
    one = tuned(CONFIG, *options, "-s", "execution.workers=0")
    other = quiet_run(CONFIG, *options, "-s", "execution.workers=1", cwd=tmp_path)
    assert one.path != other.path
    assert [t.params for t in one.trials()] == [t.params for t in other.trials()]
    assert [t.value for t in one.trials()] == [t.value for t in other.trials()]


def test_the_resolved_config_repeats_the_run(run, tmp_path):
    again = quiet_run(run.path / "config.resolved.yaml", cwd=tmp_path)
    assert [t.value for t in again.trials()] == [t.value for t in run.trials()]
    assert again.path.name.endswith("_breast_cancer")


def test_every_value_of_the_resolved_config_says_where_it_came_from(run):
    lines = (run.path / "config.resolved.yaml").read_text().splitlines()
    values = [line for line in lines if not line.endswith(":")]
    assert all(" # " in line for line in values)
    assert "  n_calls: 4  # --set search.n_calls=4" in lines
    assert "  momentum: 0.0  # default" in lines
    assert any(re.match(r"  batch_size: 256  # .*breast_cancer.yaml:\d+:\d+$", x) for x in lines)


@pytest.mark.parametrize("name", rest_long(["diabetes", "digits"]))
def test_other_tasks_are_tuned_and_named(tuned, name):
    options = ["-s", f"dataset.name={name}", "-s", "training.metric=auto", "--name", name]
    run = tuned(CONFIG, *FEW, *options, "-s", "search.engine=random")
    assert run.path.name.endswith(f"_{name}")
    assert run.header.metric == {"digits": "accuracy", "diabetes": "rmse"}[name]


def test_a_fault_of_the_set_up_names_the_users_line_and_leaves_no_folder(tmp_path, hpopt):
    (tmp_path / "nets.py").write_text(
        "def build(input_shape, output, *, units=3):\n    return oops\n"
    )
    (tmp_path / "mine.yaml").write_text(OWN_BUILDER)
    done = hpopt("tune", "mine.yaml")
    assert done.code == 2
    assert "NameError: name 'oops' is not defined" in done.err
    assert f"--> {tmp_path / 'nets.py'}:2" in done.err
    assert "Traceback" not in done.err
    assert not list((tmp_path / "runs").iterdir())


def test_too_few_rows_are_a_fault_of_the_data(hpopt):
    split = "dataset.split={train: 0.999, validation: 0.0005, test: 0.0005}"
    done = hpopt("tune", CONFIG, "-s", split)
    assert done.code == 3
    assert "569 rows are too few for these shares" in done.err
    assert f"--> --set {split}" in done.err


def test_a_metric_without_a_value_on_the_validation_part_is_found_at_once(hpopt):
    split = "dataset.split={train: 0.9965, validation: 0.00175, test: 0.00175}"
    done = hpopt("tune", CONFIG, "-s", split, "-s", "training.metric=auc")
    assert done.code == 3
    assert "auc needs every class, and the validation part has no row of" in done.err


def test_a_run_in_which_every_trial_fails_ends_without_a_model(tmp_path, hpopt):
    (tmp_path / "nets.py").write_text(
        "import keras\n"
        "calls = []\n"
        "def build(input_shape, output, *, units=3):\n"
        "    calls.append(units)\n"
        "    if len(calls) > 2:  # the preflight builds two\n"
        "        raise ValueError('no more networks')\n"
        "    x = keras.Input(input_shape)\n"
        "    return keras.Model(x, keras.layers.Dense(output.units, output.activation)(x))\n"
    )
    (tmp_path / "mine.yaml").write_text(OWN_BUILDER)
    done = hpopt("tune", "mine.yaml")
    assert done.code == 1
    assert "no trial gave a value" in done.out
    assert "ValueError: no more networks" in done.out


def test_a_best_network_that_cant_be_saved_costs_none_of_the_rest(tmp_path, hpopt):
    (tmp_path / "nets.py").write_text(
        "import keras\n"
        "def build(input_shape, output, *, kind='plain'):\n"
        "    x = keras.Input(input_shape)\n"
        "    h = keras.layers.Lambda(lambda t: t * 2)(x) if kind == 'doubled' else x * 0\n"
        "    return keras.Model(x, keras.layers.Dense(output.units, output.activation)(h))\n"
    )
    (tmp_path / "mine.yaml").write_text(
        OWN_BUILDER.replace("units: {type: integer, low: 1, high: 9}", "kind: [plain, doubled]")
    )
    done = hpopt("tune", "mine.yaml")
    assert done.code == 1
    assert "can't be saved and loaded again" in done.err
    assert "Traceback" not in done.err
    [path] = (tmp_path / "runs").iterdir()
    assert not (path / "best").exists()
    assert (path / "results.pkl").is_file()
    assert (path / "summary.md").is_file()


def test_what_the_split_could_not_do_is_said_and_logged(tmp_path, hpopt):
    split = "dataset.split={train: 0.99, validation: 0.006, test: 0.004}"
    done = hpopt("tune", CONFIG, *FEW, *QUICK, "-s", "dataset.name=iris", "-s", split)
    assert done.code == 0, done.err
    assert "note: the split is not stratified" in done.err
    [path] = (tmp_path / "runs").iterdir()
    assert "the split is not stratified" in (path / "hpopt.log").read_text()


def test_the_search_never_reads_the_test_part(tmp_path, monkeypatch):
    from hpopt import load_config
    from hpopt.data.prepared import Prepared
    from hpopt.tracking.observer import Observer
    from hpopt.tuning.tune import tune

    read = []
    array = Prepared._array
    monkeypatch.setattr(
        Prepared, "_array", lambda self, part, kind: read.append(part) or array(self, part, kind)
    )

    class UntilClosing(Observer):
        def closing(self, steps):
            self.parts = set(read)

    observer = UntilClosing()
    config = load_config(CONFIG, [*FEW, *QUICK][1::2])
    run = tune(config, output_dir=tmp_path, observer=observer)
    assert observer.parts == {"train", "validation"}
    assert "test" in read
    assert run.steps["test"].outcome["best"]["accuracy"] > 0


def start(cwd, config) -> subprocess.Popen:
    """Start a long run, and come back when its first trial is over."""
    (cwd / "long.yaml").write_text(config)
    command = [sys.executable, "-m", "hpopt", "tune", "long.yaml"]
    process = subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("trial"):
            return process
    raise AssertionError("no trial was finished")


def test_ctrl_c_ends_the_search_and_keeps_what_it_found(tmp_path, base_config):
    config = base_config.replace("n_calls: 100", "n_calls: 500") + "output: {plots: false}\n"
    process = start(tmp_path, config)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    [path] = (tmp_path / "runs").iterdir()
    run = Run.open(path)
    assert all(trial.state == "finished" for trial in run.trials())
    assert len(run.trials()) < 500
    assert (path / "best" / "model.keras").is_file()
    assert not run.data_folder.exists()


def test_ctrl_c_twice_ends_at_once_and_leaves_a_whole_journal(tmp_path, base_config):
    config = base_config.replace("  epochs: 50\n", "").replace(
        "space:\n", "space:\n  epochs: {type: integer, low: 5, high: 100000, default: 5}\n"
    )
    process = start(tmp_path, config)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    [path] = (tmp_path / "runs").iterdir()
    assert f"interrupted; what was finished is in {path}" in said
    assert Run.open(path).trials()


def test_ctrl_c_before_the_first_trial_leaves_no_folder(tmp_path):
    command = [sys.executable, "-m", "hpopt", "tune", CONFIG]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline().startswith("setting up")
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    assert "stopping" not in said  # there is nothing to wait for
    assert "Traceback" not in said
    assert "interrupted before the first trial" in said
    assert not list((tmp_path / "runs").glob("*"))


def test_25_calls_reach_097_on_validation_and_093_on_raw_test_rows(tuned):
    run = tuned(CONFIG, "-s", "search.n_calls=25", "-s", "execution.workers=0")
    assert run.best.result.metrics["accuracy"] >= 0.97
    assert run.steps["test"].outcome["best"]["accuracy"] >= 0.93


def test_trials_of_folds_end_in_a_network_of_all_rows(tuned):
    options = ["-s", "search.n_calls=2", "-s", "training.epochs=2", "-s", "execution.workers=0"]
    folds = ["-s", "training.folds=2", "-s", "output.refit=true", "-s", "output.confirm=1"]
    run = tuned(CONFIG, *options, *folds)
    for trial in run.trials():
        assert len(trial.result.scores) == 2
        assert trial.result.value == pytest.approx(-np.mean(trial.result.scores))
        assert trial.result.standard_error >= 0
        assert trial.result.weights is None
    assert run.weights(run.chosen).is_file()
    with (
        np.load(run.refitted_weights(run.chosen)) as whole,
        np.load(run.weights(run.chosen)) as own,
    ):
        assert not np.array_equal(whole["arr_0"], own["arr_0"])
    assert run.steps["best"].outcome["trial"] == run.chosen.number
    assert run.steps["test"].outcome["best"]["accuracy"] > 0.3
    assert not run.data_folder.exists()
