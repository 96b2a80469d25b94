import re
from pathlib import Path

import pytest
from conftest import ROOT, make_run, synthetic_run

from hpopt.runs.events import Started
from hpopt.runs.folder import Run

ID = "2026-11-23T10-37-05_iris"


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "runs" / ID)


def lines_of(done) -> list[list[str]]:
    assert (done.code, done.err) == (0, "")
    return [line.split() for line in done.out.splitlines()]


def test_a_run_is_shown(run, hpopt):
    done = hpopt("show", "latest")
    lines = lines_of(done)
    assert lines[0] == [f"{ID}:", "finished"]
    assert [
        "search",
        "4",
        "of",
        "4",
        "trials",
        "(1",
        "failed);",
        "4.5",
        "s",
        "of",
        "fitting",
    ] in lines
    assert ["best", "(trial", "2)", "0.9375", "0.9000"] in lines
    assert ["default", "params", "(trial", "1)", "0.7500", "0.7000"] in lines
    assert ["rate", "0.05", "0.001"] in lines
    assert ["size", "null", "16"] in lines
    assert ["momentum", "–", "0.5"] in lines  # inactive in the best
    assert "trial 3 failed: the loss became nan in epoch 3" in done.out
    assert [line[0] for line in lines if len(line) == 5 and line[-1] == "s"] == ["2", "1", "4"]
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_a_trial_is_shown(run, hpopt):
    done = hpopt("show", "latest", "2")
    lines = lines_of(done)
    assert lines[0] == ["trial", "2", "of", f"{ID}:", "finished,", "the", "best"]
    assert ["accuracy", "0.9375", "on", "validation"] in lines
    assert ["fit", "3", "epochs", "in", "1.5", "s"] in lines
    assert ["loss", "0.9000", "→", "0.3000"] in lines
    assert "val_loss  0.9000 → 0.5000, lowest 0.3500 in epoch 2" in done.out


def test_a_failed_trial_says_why(run, hpopt):
    lines = lines_of(hpopt("show", "latest", "3"))
    assert lines[0][-1] == "failed"
    assert ["reason", "the", "loss", "became", "nan", "in", "epoch", "3"] in lines


def test_a_run_as_json(run, hpopt):
    [record] = hpopt("show", "latest", "--json").records
    assert record["best"]["number"] == 2
    assert record["best"]["result"]["curves"]["loss"] == [0.9, 0.4, 0.3]
    assert record["steps"]["test"]["best"] == {"accuracy": 0.9}
    assert [dimension["name"] for dimension in record["space"]] == ["rate", "size", "momentum"]
    [trial] = hpopt("show", "latest", "3", "--json").records
    assert (trial["number"], trial["state"], trial["score"]) == (3, "failed", None)


def test_a_run_as_json_says_what_people_are_told(run, hpopt):
    Path(run, "data.json").write_text('{"cautions": ["possible leak: `late` is the target"]}')
    [record] = hpopt("show", "latest", "--json").records
    assert record["cautions"] == ["Possible leak: `late` is the target."]
    [sentence] = record["verdict"]
    assert sentence.startswith("Do not rely on these scores yet")
    shown = " ".join(hpopt("show", "latest").out.split())
    assert sentence in shown
    assert record["cautions"][0] in shown


def test_the_fields_of_a_run_as_json_are_documented(run, hpopt):
    text, _, _ = (ROOT / "docs" / "json.md").read_text().partition("## A page")
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    [record] = hpopt("show", "latest", "--json").records
    [trial] = hpopt("show", "latest", "2", "--json").records
    assert rows == [*record, *trial, *trial["result"]]


def test_a_trial_that_there_is_not(run, hpopt):
    done = hpopt("show", "latest", "5")
    assert (done.code, done.out) == (2, "")
    assert f"{ID} has no trial 5" in done.err
    assert "it has trials 1 to 4" in done.err


def test_a_run_that_goes_on(tmp_path, run, hpopt):
    writer = Run.create(tmp_path / "runs", "wine", Run.open(run).header)
    assert lines_of(hpopt("show", "wine"))[0][-1] == "running"  # before its first trial, too
    writer.append(Started(1, {"rate": 0.1}, seed=1, time="2026-11-23T10:00:00.000+00:00"))
    done = hpopt("show", "wine")
    assert "trial 1: running" in done.out
    assert "state" not in hpopt("show", "wine", "1").out
    assert hpopt("show", "wine", "--json").records[0]["running"] == [1]
    writer.close()
    done = hpopt("show", "wine")
    assert "interrupted: its process has gone" in done.out
    assert "trial 1: was running when the process ended" in done.out
    assert "never ended" in hpopt("show", "wine", "1").out


def test_a_run_without_a_model(tmp_path, run, hpopt):
    journal = (run / "journal.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in journal if '"finished"' not in line and '"name":"best"' not in line]
    (run / "journal.jsonl").write_text("".join(kept))
    done = hpopt("show", "latest")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{ID}: failed: it ended without a model")


def test_a_run_that_an_earlier_version_wrote(tmp_path, hpopt):
    make_run(tmp_path / "runs" / ID, time=None, config=None, n_calls=None)
    done = hpopt("show", "latest")
    assert (done.code, done.err) == (0, "")
    assert "search  4 trials (1 failed)" in done.out


def test_an_unknown_run(run, hpopt):
    done = hpopt("show", "wine")
    assert (done.code, done.out) == (1, "")
    assert ID in done.err


def test_the_best_of_a_curve_is_the_highest_where_more_is_better(tmp_path, hpopt):
    curves = {"val_accuracy": [0.5, 0.9, 0.7], "val_loss": [0.9, 0.2, 0.4], "val_rmse": [3.0, 1, 2]}
    synthetic_run(tmp_path / "runs", curves=curves)
    shown = hpopt("show", "latest", "2").out
    assert "0.5000 → 0.7000, highest 0.9000 in epoch 2" in shown
    assert "0.9000 → 0.4000, lowest 0.2000 in epoch 2" in shown
    assert "3.000 → 2.000, lowest 1.000 in epoch 2" in shown
