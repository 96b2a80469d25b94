import json
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest
from conftest import dirty_frame

import hpopt
from hpopt.errors import MissingDependency
from hpopt.runs import events
from hpopt.runs.folder import Run, now
from hpopt.space.dimensions import Real
from hpopt.space.space import Space
from hpopt.tracking import mlflow_runs
from hpopt.tracking.mlflow_runs import RECORD, MLflow
from hpopt.tracking.observer import Plan

mlflow = pytest.importorskip("mlflow")
SPACE = Space([Real("learning_rate", 1e-4, 1e-1, "log-uniform")])
CURVES = {"loss": [0.9, 0.5, 0.25], "val_loss": [0.8, float("nan"), 0.5]}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """A file store of the test's own."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    at(f"file://{tmp_path}/store")
    yield tmp_path / "store"
    at("")


def at(uri):
    mlflow.set_tracking_uri(uri)


def new_run(tmp_path) -> Run:
    header = events.Header("0", "accuracy", True, {}, {"builder": "dense"}, SPACE.to_json())
    run = Run.create(tmp_path / "runs", "it", header)
    add(run, 1)
    run.append(events.Started(2, {"learning_rate": 0.1}, seed=0, time=now()))
    run.append(events.Failed(2, "the loss became nan"))
    return run


def add(run, number):
    run.append(events.Started(number, {"learning_rate": 0.01}, seed=0, time=now()))
    result = events.Finished(number, -0.75, {"accuracy": 0.75}, [0.75], CURVES, 3, 1.0)
    run.append(result)


def told(experiment="tuning"):
    """The parent and its children, by their names."""
    client = mlflow.MlflowClient()
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    parents = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in found if run not in parents}
    return parents, children


def watch(run, notes, close=True):
    observer = MLflow("tuning", notes.append)
    observer.begin(run, Plan(4))
    if close:
        observer.close()
    return observer


def test_a_run_is_a_parent_and_each_trial_a_child(tmp_path):
    notes = []
    run = new_run(tmp_path)
    run.write_text("summary.md", "all went well")
    watch(run, notes)
    run.close()
    [parent], children = told()
    assert notes == []
    assert (parent.info.run_name, parent.info.status) == (run.path.name, "KILLED")
    assert parent.data.params == {"metric": "accuracy", "builder": "dense"}
    assert parent.data.metrics["accuracy"] == 0.75
    first, second = children["trial 1 (default)"], children["trial 2"]
    assert first.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (first.info.status, second.info.status) == ("FINISHED", "FAILED")
    assert first.data.params == {"learning_rate": "0.01"}
    assert first.data.metrics["accuracy"] == 0.75
    assert second.data.tags["hpopt.reason"] == "the loss became nan"
    client = mlflow.MlflowClient()
    curve = client.get_metric_history(first.info.run_id, "val_loss")
    assert [(each.step, each.value) for each in curve] == [(1, 0.8), (3, 0.5)]
    files = [each.path for each in client.list_artifacts(parent.info.run_id)]
    assert files == ["summary.md"]


def test_a_resumed_run_goes_on_in_its_parent(tmp_path):
    run = new_run(tmp_path)
    watch(run, [])
    add(run, 3)
    observer = watch(run, [], close=False)
    add(run, 4)
    observer.ended(run.trials()[-1], run.trials())
    observer.close()
    run.close()
    [parent], children = told()
    assert sorted(children) == ["trial 1 (default)", "trial 2", "trial 3", "trial 4"]
    assert json.loads((run.path / RECORD).read_text())["run"] == parent.info.run_id


def test_a_server_that_fails_costs_a_word_and_is_told_later(tmp_path, store, caplog):
    notes = []
    run = new_run(tmp_path)
    at("http://127.0.0.1:9")
    began = time.monotonic()
    with caplog.at_level(logging.CRITICAL):
        observer = watch(run, notes, close=False)
        for trial in run.trials() * 50:
            observer.ended(trial, run.trials())
    assert time.monotonic() - began < 60
    assert len(notes) == 1
    assert "MLflow can't be told, and the run goes on without" in notes[0]
    at(f"file://{store}")
    observer.close()  # it is back
    run.close()
    assert sorted(told()[1]) == ["trial 1 (default)", "trial 2"]


def test_what_is_not_installed_is_told_before_the_first_trial(monkeypatch):
    monkeypatch.setattr(mlflow_runs, "find_spec", lambda module: None)
    with pytest.raises(MissingDependency) as caught:
        MLflow("tuning", print)
    assert 'pip install "hpopt[mlflow]"' in caught.value.render()


def config(folder):
    dirty_frame().to_csv(folder / "customers.csv", index=False)
    return {
        "dataset": {"source": "csv", "path": str(folder / "customers.csv"), "target": "churn"},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 2},
        "space": {"num_dense_nodes": [8, 4]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "keep_rows": 0},
        "tracking": {"mlflow": {"experiment": "tuning"}},
    }


@pytest.mark.keras
def test_the_model_is_in_keras_flavour_with_its_signature_and_no_row_is(tmp_path, store):
    run = hpopt.tune(config(tmp_path), output_dir=tmp_path / "runs", progress=False)
    [parent], _ = told()
    assert parent.info.status == "FINISHED"
    model = mlflow.keras.load_model(f"runs:/{parent.info.run_id}/model")
    assert sorted(each.name for each in model.inputs) == sorted(
        each.name for each in run.load_model().inputs
    )
    wrapped = mlflow.pyfunc.load_model(f"runs:/{parent.info.run_id}/model")
    assert "city" in wrapped.metadata.signature.inputs.input_names()
    # Ids stand in the rows, and nowhere in the model.
    written = [path.read_bytes() for path in store.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert not [content for content in written if b"C1000" in content or b"C1007" in content]


@pytest.mark.keras
@pytest.mark.skipif(find_spec("flask") is None, reason="the whole of MLflow has the server")
def test_a_tracking_server_is_told_the_same(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    port, place = uri.rpartition(":")[2], f"sqlite:///{tmp_path}/server.db"
    command = [sys.executable, "-m", "mlflow", "server", "--port", port]
    command += ["--backend-store-uri", place, "--artifacts-destination", str(tmp_path / "files")]
    with subprocess.Popen(command, env=os.environ, cwd=tmp_path) as server:
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{uri}/health", timeout=1)
                    break
                except OSError:
                    time.sleep(0.5)
            at(uri)
            hpopt.tune(config(tmp_path), output_dir=tmp_path / "runs", progress=False)
            [parent], children = told()
            assert parent.info.status == "FINISHED"
            assert len(children) == 1
            mlflow.keras.load_model(f"runs:/{parent.info.run_id}/model")
        finally:
            server.terminate()
