import subprocess
import sys

import pytest
from conftest import ROOT

CONFIG = ROOT / "configs" / "breast_cancer.yaml"


@pytest.mark.keras
def test_a_check_says_what_a_run_would_be_and_leaves_nothing(tmp_path, hpopt, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    few = ["-s", "training.epochs=3", "-s", "search.n_calls=7"]
    done = hpopt("check", CONFIG, *few)
    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0].endswith("breast_cancer.yaml: a run can begin")
    assert "rows 569: 341 train, 136 validation, 92 test" in lines
    assert "features 30" in lines
    assert 'shares "benign" 62.7 %, "malignant" 37.3 %' in lines
    [plain] = [line for line in lines if line.startswith("plain models ")]
    assert plain.startswith("plain models majority class 0.6250, logistic regression 0.9")
    assert "network dense_dropout, with the default params 641 trainable parameters" in lines
    assert "learning_rate 0.001 to 0.1 log-uniform 0.001" in lines
    assert any(line.startswith("the run about") for line in lines)
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert list(tmp_path.glob("*/")) == []  # files there are TensorFlow's own

    [record] = hpopt("check", CONFIG, *few, "--json").records
    assert record["rows"] == {"train": 341, "validation": 136, "test": 92}
    assert record["shares"]["malignant"] == pytest.approx(212 / 569)
    assert record["baselines"]["majority class"] == pytest.approx(0.625, abs=0.01)
    assert record["parameters"] == 30 * 20 + 20 + 20 + 1
    assert {trial["epochs"] for trial in record["trial_times"]} == {3}
    times = record["trial_times"]
    mean_s = sum(trial["seconds"] for trial in times) / len(times)
    search_s = 7 * (mean_s + record["suggestion_s"]) / record["workers"]
    whole_s = record["start_s"] + search_s + record["closing_s"]
    assert record["run_s"] == pytest.approx(whole_s, rel=0.2)  # the load changes meanwhile


@pytest.mark.keras
@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("return 1", "gave back a int, not a keras.Model"),
        ("__import__('ctypes').string_at(0)", "killed by SIGSEGV\n  --> {}:1\n"),
    ],
)
def test_a_builder_that_can_t_be_built_is_found_before_a_run(tmp_path, hpopt, does, words):
    (tmp_path / "nets.py").write_text(f"def build(input_shape, output): {does}\n")
    (tmp_path / "c.yaml").write_text(
        "dataset: {source: sklearn, name: iris}\nmodel: {builder: 'nets.py:build'}\n"
        "space: {batch_size: [8, 16]}\n"
    )
    done = hpopt("check", "c.yaml")
    assert done.code == 2
    assert words.format(tmp_path / "nets.py") in done.err


def test_a_dry_run_names_every_value_in_force(hpopt):
    done = hpopt(
        "tune", CONFIG, "--dry-run", "-s", "search.n_calls=7", "-s", "search.engine=random"
    )
    assert done.code == 0
    assert "  n_calls: 7  # --set search.n_calls=7\n" in done.out
    assert "  loss: binary_crossentropy  # " in done.out
    assert "note: `search.acquisition` has no effect with the engine `random`" in done.err
    assert "not tried: the data and the network" in done.err
    [record] = hpopt("tune", CONFIG, "--dry-run", "--json").records
    assert record["config"]["training"]["batch_size"] == 256
    assert record["task"] == "binary"


def test_what_a_dry_run_prints_is_the_same_config(tmp_path, hpopt):
    out = hpopt("tune", CONFIG, "--dry-run").out
    (tmp_path / "again.yaml").write_text(out)
    again = hpopt("tune", "again.yaml", "--dry-run", "--json").records
    [first] = hpopt("tune", CONFIG, "--dry-run", "--json").records
    assert again[0]["config"] == first["config"]


def test_a_dry_run_needs_no_tensorflow(tmp_path):
    program = (
        f"import sys; sys.argv = ['hpopt', 'tune', {str(CONFIG)!r}, '--dry-run']\n"
        "from hpopt.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit(bool({'tensorflow', 'keras', 'sklearn', 'skopt'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0
    assert b"TensorFlow was not imported" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "tune"])
def test_a_wrong_config_is_an_error_of_usage(hpopt, command):
    done = hpopt(command, CONFIG, "-s", "training.metric=rmse")
    assert done.code == 2
    assert "the metric `rmse` does not fit a binary task" in done.err


def test_a_column_is_explained_without_a_fit(tmp_path, hpopt):
    rows = "".join(f'"${i},{100 + i}.50",{"ab"[i % 2]}\n' for i in range(1, 60))
    (tmp_path / "t.csv").write_text("price,y\n" + rows)
    (tmp_path / "c.yaml").write_text(
        "dataset: {source: csv, path: t.csv, target: y}\nmodel: {builder: dense_dropout}\n"
        "space: {num_dense_nodes: [8, 4]}\n"
    )
    done = hpopt("check", "c.yaml", "--explain", "price")
    assert done.out.startswith("price: numeric, feature\n")
    assert '"$" at them' in done.out
    assert 'unit: "$"' in done.out
    assert "$1,101.50 (1)" in done.out
    assert 'positive is "a"' in hpopt("check", "c.yaml", "--explain", "y").out
    assert "no column `prize`" in hpopt("check", "c.yaml", "--explain", "prize").err


@pytest.mark.keras
def test_what_is_measured_is_what_the_run_tries_first(tmp_path, hpopt):
    few = ["-s", "training.epochs=1", "-s", "search.n_calls=4", "-s", "execution.workers=0"]
    [record] = hpopt("check", CONFIG, *few, "--json").records
    assert hpopt("tune", CONFIG, *few, "-q", "--output-dir", tmp_path / "runs").code == 0
    [run] = (tmp_path / "runs").glob("*/")
    tried = [trial["params"] for trial in hpopt("trials", run, "--json").records]
    measured = [trial["params"] for trial in record["trial_times"]]
    assert measured[:3] == tried[:3]  # the fourth may go by what the others gave
