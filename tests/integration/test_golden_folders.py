"""Run folders as version 0.1 left them: they still read, predict, export and go on.

How they were made, and what is frozen beside them, is in tests/golden/README.md. Everything goes
through the command line and `import hpopt`, so that the tests hold however the inside is built.
"""

import csv
import io
import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import rest_long

from hpopt import evaluate, find_run, predict, resume
from hpopt.report.words import show_score

GOLDEN = Path(__file__).parent.parent / "golden"
INPUTS, RUNS = GOLDEN / "inputs", GOLDEN / "0.1" / "runs"
FOLDERS = {path.name.partition("_")[2]: path for path in sorted(RUNS.iterdir())}
FROZEN = {
    name: json.loads((GOLDEN / "0.1/frozen" / f"{name}.json").read_text()) for name in FOLDERS
}

WITH_MODEL = {
    "array": "cells.npz",
    "table": "customers.csv",
    "regression": "sales.csv",
    "ensemble": "digits.npz",
}
DATA = {"table": "customers.csv", "regression": "sales.csv", "own_builder": "arrays.npz"}
EXTENDED = {
    name: len(FROZEN[name]["resumed"])
    for name in ("array", "table", "regression", "ensemble", "grid", "sobol")
}
# Those whose next params hang on the history alone, and not on how a processor rounds.
EXACT = {"ensemble", "grid", "sobol", "own_builder", "closing"}
# Whose searcher has learned since: it goes on from the old trials in a way of its own.
LEARNED = {"array", "table"}
# In this process, whose TensorFlow is there already, and without what takes long.
QUICK = ("-s", "execution.workers=0", "-s", "output.plots=false", "-q")
# What scores of the same fits may differ by between processors.
LOOSE = {"rel": 0.2, "abs": 0.1}


@pytest.fixture
def golden(tmp_path):
    """Copies a golden folder to where it has never been."""

    def copied(name) -> Path:
        return Path(shutil.copytree(FOLDERS[name], tmp_path / "runs" / FOLDERS[name].name))

    return copied


def said_as_before(now, before) -> None:
    """All of `before` is there now, exactly; there may be more keys."""
    if isinstance(before, dict):
        assert before.keys() <= now.keys()
        for key, value in before.items():
            said_as_before(now[key], value)
    elif isinstance(before, list):
        assert isinstance(now, list)
        for mine, its in zip(now, before, strict=True):
            said_as_before(mine, its)
    else:
        assert now == before


def as_called_now(record) -> dict:
    """A record of 0.1, which said of a trial whose process had gone that it was running."""
    if "running" in record:
        return {**record, "running": []}
    return {**record, "state": record["state"].replace("running", "interrupted")}


def data_option(name) -> tuple:
    return ("--data", INPUTS / DATA[name]) if name in DATA else ()


def test_there_is_one_of_each_kind():
    assert set(FOLDERS) == {
        "ensemble",
        "array",
        "table",
        "regression",
        "own_builder",
        "closing",
        "grid",
        "sobol",
    }
    states = {name: frozen["show"]["state"] for name, frozen in FROZEN.items()}
    interrupted = {"own_builder", "closing"}
    assert {name for name, state in states.items() if state == "interrupted"} == interrupted
    assert {states[name] for name in states.keys() - interrupted} == {"finished"}
    assert FROZEN["own_builder"]["show"]["running"] == [5]
    assert FROZEN["ensemble"]["show"]["steps"]["ensemble"]["taken"]
    assert "confirm" in FROZEN["closing"]["show"]["steps"]
    assert "best" not in FROZEN["closing"]["show"]["steps"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_golden_folder_is_shown_as_it_was(golden, hpopt, name):
    path, frozen = golden(name), FROZEN[name]
    [record] = hpopt("show", path, "--json").records
    said_as_before(record, as_called_now(frozen["show"]))
    shown = hpopt("show", path)
    assert (shown.code, shown.err) == (0, "")
    assert path.name in shown.out
    assert show_score(record["best"]["score"]) in shown.out
    for trial in frozen["trials"]:
        done = hpopt("show", path, trial["number"], "--json")
        said_as_before(done.records, [as_called_now(trial)])


@pytest.mark.parametrize("name", FOLDERS)
def test_the_trials_of_a_golden_folder_are_listed_as_they_were(golden, hpopt, name):
    path, frozen = golden(name), FROZEN[name]
    records = hpopt("trials", path, "--json").records
    said_as_before(records, [as_called_now(trial) for trial in frozen["trials"]])
    rows, before = (
        list(csv.DictReader(io.StringIO(text)))
        for text in (hpopt("trials", path).out, frozen["csv"])
    )
    said_as_before(rows, [as_called_now(row) for row in before])


def test_golden_folders_are_listed_together(tmp_path, hpopt):
    shutil.copytree(RUNS, tmp_path / "runs")
    records = {record["id"]: record for record in hpopt("runs", "--json").records}
    for frozen in FROZEN.values():
        said_as_before(records[frozen["runs"]["id"]], frozen["runs"])
    listed = hpopt("runs").out
    assert all(name in listed for name in FOLDERS)
    [latest, *_] = sorted(records, reverse=True)
    assert find_run("latest").path.name == latest


@pytest.mark.parametrize("name", FOLDERS)
def test_a_golden_folder_opens_in_python(golden, name):
    run, show = find_run(str(golden(name))), FROZEN[name]["show"]
    assert (run.state, run.metric, run.n_calls) == (show["state"], show["metric"], show["n_calls"])
    assert run.best.number == show["best"]["number"]
    assert run.best.params == show["best"]["params"]
    assert run.score(run.best) == show["best"]["score"]
    assert len(run.trials()) == len(run.to_frame()) == show["trials"]
    assert f"best {run.metric}" in repr(run)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_golden_folder_is_drawn(golden, hpopt, name):
    path = golden(name)
    done = hpopt("plot", path, "--only", "convergence,learning_curves", "--json")
    assert done.code == 0
    assert [record["picture"] for record in done.records] == ["convergence", "learning_curves"]
    assert all(Path(record["path"]).stat().st_size > 5000 for record in done.records)


@pytest.mark.keras
@pytest.mark.parametrize("name", WITH_MODEL)
def test_the_model_of_a_golden_folder_says_what_it_said(golden, hpopt, name):
    path, rows, frozen = golden(name), INPUTS / WITH_MODEL[name], FROZEN[name]
    done = hpopt("predict", path, rows, "--json")
    assert done.code == 0
    before = pd.DataFrame(frozen["predictions"])
    for now in (pd.DataFrame(done.records), predict(str(path), rows)):
        pd.testing.assert_frame_equal(now, before, check_dtype=False, rtol=1e-5, atol=1e-5)
    [scored] = hpopt("evaluate", path, rows, "--json").records
    assert scored["scores"] == pytest.approx(frozen["evaluation"]["scores"], rel=1e-5, abs=1e-5)
    for key in ("rows", "labels", "confusion"):
        assert scored[key] == frozen["evaluation"][key]
    assert evaluate(str(path), rows).scores == pytest.approx(scored["scores"])


@pytest.mark.keras
@pytest.mark.parametrize("name", rest_long(WITH_MODEL))
def test_the_model_of_a_golden_folder_is_exported(
    golden, hpopt, tmp_path, monkeypatch, capsys, name
):
    done = hpopt("export-best", golden(name), "-o", "carried", "--json")
    assert done.code == 0, done.err
    [record] = done.records
    assert record["rows_checked"] > 0
    assert record["largest_difference"] < 1e-4
    members = sorted(FROZEN[name]["show"]["steps"].get("ensemble", {}).get("members", ()))
    assert sorted(record["members"]) == (members if name == "ensemble" else [])
    spoken = spoken_by_example(tmp_path / "carried", monkeypatch, capsys)
    assert float(spoken.rpartition("when it was tuned: ")[2]) < 1e-3


def spoken_by_example(folder, monkeypatch, capsys) -> str:
    """What its own example prints. That it needs no hpopt, the export has seen for itself."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "raw", raising=False)
    monkeypatch.setattr(sys, "argv", ["example.py"])
    capsys.readouterr()
    runpy.run_path(str(folder / "example.py"), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.keras
@pytest.mark.parametrize("name", rest_long(EXTENDED, short=2))
def test_a_finished_golden_run_is_extended(golden, hpopt, name):
    path, n_calls = golden(name), EXTENDED[name]
    more = (
        "-s",
        f"search.n_calls={n_calls}",
        "-s",
        "output.confirm=0",
        "-s",
        "output.ensemble=null",
    )
    done = hpopt("resume", path, *data_option(name), *more, *QUICK)
    assert done.code == 0, done.err
    assert_went_on(find_run(str(path)), name)


@pytest.mark.keras
def test_a_golden_run_that_was_killed_in_its_search_goes_on_and_is_exported(
    golden, hpopt, tmp_path
):
    """Without its builder's file: the folder has a copy. Its data have moved.

    The copy has not run here yet, so it asks once.
    """
    path = golden("own_builder")
    asked = hpopt("resume", path, *QUICK)
    assert asked.code == 2
    assert "--trust-code" in asked.err
    lost = hpopt("resume", path, "--trust-code", *QUICK)
    assert lost.code == 3
    assert "--data PATH" in lost.err
    done = hpopt("resume", path, *data_option("own_builder"), *QUICK)
    assert done.code == 0, done.err
    run = find_run(str(path))
    assert_went_on(run, "own_builder")
    assert run.trial(5).attempt == 2
    assert not (path / "data").exists()
    assert hpopt("export-best", path, "-o", "carried").code == 0
    assert (tmp_path / "carried" / "model.keras").is_file()


@pytest.mark.keras
def test_a_golden_run_that_was_killed_in_its_closing_steps_goes_on_there(golden, monkeypatch):
    path, before = golden("closing"), FROZEN["closing"]["show"]["steps"]
    run = resume(path, progress=False, execution__workers=0)
    assert_went_on(run, "closing")
    assert list(run.steps)[: len(before)] == list(before)
    assert all(run.steps[name].outcome == outcome for name, outcome in before.items())
    assert run.chosen.number == before["confirm"]["chosen"]
    said = predict(run, np.load(path / "best" / "predictions.npz")["rows"])
    assert len(said) == 30


def assert_went_on(run, name) -> None:
    """The run is over; its trials are the old ones, and then those that 0.1 would have made."""
    old, frozen = FROZEN[name]["trials"], FROZEN[name]["resumed"]
    assert run.state == "finished"
    assert "best" in run.steps
    assert (run.path / "best" / "model.keras").is_file()
    assert [trial.number for trial in run.trials()] == [trial["number"] for trial in frozen]
    for trial, then in zip(run.trials(), frozen, strict=True):
        assert (trial.seed, trial.state) == (then["seed"], then["state"])
        assert (run.score(trial) is None) == (then["score"] is None)
        was_over = trial.number <= len(old) and old[trial.number - 1]["state"] != "running"
        if was_over:
            assert run.score(trial) == then["score"]
            assert trial.params == then["params"]
        elif name in EXACT:
            assert_same(trial.params, then["params"], rel=1e-9)
            if then["score"] is not None:
                assert run.score(trial) == pytest.approx(then["score"], **LOOSE)
        elif name in LEARNED:
            assert run.space.contains(trial.params)
        else:  # but for what the last digits of linear algebra do to a maximum
            assert_same(trial.params, then["params"], rel=0.05, abs=0.01)


def assert_same(params, then, **tolerance) -> None:
    assert params.keys() == then.keys()
    for name, value in then.items():
        is_number = isinstance(value, float)
        assert params[name] == (pytest.approx(value, **tolerance) if is_number else value)
