import csv
import io
import json

import pytest
from conftest import make_run, synthetic_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")


def test_trials_as_csv(run, hpopt):
    done = hpopt("trials", "latest")
    assert (done.code, done.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["accuracy"] for row in rows] == ["0.75", "0.9375", "", "0.5"]
    assert [row["state"] for row in rows] == ["finished", "finished", "failed", "finished"]
    assert [row["params.size"] for row in rows] == ["16", "null", "true", "auto"]
    assert [row["params.momentum"] for row in rows] == ["0.5", "", "", ""]  # inactive
    assert rows[2]["reason"] == "the loss became nan in epoch 3"
    assert hpopt("trials", "latest", "--csv").out == done.out


def test_trials_as_json(run, hpopt):
    records = hpopt("trials", "latest", "--json").records
    assert [record["score"] for record in records] == [0.75, 0.9375, None, 0.5]
    assert records[1]["params"] == {"rate": 0.05, "size": None}
    assert records[1]["result"]["curves"]["val_loss"] == [0.9, 0.35, 0.5]


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_trials_into_a_file(run, hpopt, tmp_path, form):
    shown = hpopt("trials", "latest", form).out
    done = hpopt("trials", "latest", form, "-o", "trials.txt")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "trials.txt").read_text() == shown


def test_a_run_without_trials_has_its_columns(tmp_path, hpopt, run):
    header = (run / "journal.jsonl").read_text().splitlines(keepends=True)[0]
    (run / "journal.jsonl").write_text(header)
    assert hpopt("trials", "latest").out.startswith("number,state,accuracy,params.rate,params.size")


def test_a_file_that_can_t_be_written(run, hpopt):
    done = hpopt("trials", "latest", "-o", run / "journal.jsonl" / "x.csv")
    assert done.code == 1
    assert "can't be written" in done.err


def test_a_trial_whose_process_has_gone_is_running_nowhere(tmp_path, hpopt):
    run = synthetic_run(tmp_path / "runs", running=True)
    assert run.state == "interrupted"
    assert "(1 interrupted)" in hpopt("show", "latest").out
    assert "12,interrupted" in hpopt("trials", "latest").out
    assert json.loads(hpopt("trials", "latest", "--json").out.splitlines()[-1])["state"] == (
        "interrupted"
    )
    assert json.loads(hpopt("show", "latest", "--json").out)["running"] == []
    assert run.to_frame()["state"].iloc[-1] == "interrupted"
