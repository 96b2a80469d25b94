import json

import pytest

from hpopt.cli.options import complete_config, complete_run, emit
from hpopt.runs.folder import JOURNAL

RUNS = ["2026-11-23T10-00-00_iris", "2026-11-22T10-00-00_wine", "2026-11-21T10-00-00_iris"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in RUNS:
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / JOURNAL).write_text("{}\n")
    (tmp_path / "configs").mkdir()
    for file in ("configs/wine.yaml", "configs/iris.yml", "configs/nets.py", "c.yaml", ".x.yaml"):
        (tmp_path / file).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("", ["latest", *RUNS]),
        ("la", ["latest"]),
        ("2026-11-2", RUNS),
        (RUNS[1][:-2], [RUNS[1]]),
        ("runs/", [f"runs/{name}" for name in ("latest", *RUNS)]),
        ("runs/2026-11-22", [f"runs/{RUNS[1]}"]),
        ("nothing", []),
        ("elsewhere/", []),
    ],
)
def test_a_run_is_completed(place, typed, completed):
    assert [run for run, _ in complete_run(typed)] == completed


def test_the_shell_says_which_run_is_the_latest(place):
    assert next(complete_run("")) == ("latest", RUNS[0])


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("", ["c.yaml", "configs/", "runs/"]),
        ("co", ["configs/"]),
        ("configs/", ["configs/iris.yml", "configs/wine.yaml"]),
        ("configs/w", ["configs/wine.yaml"]),
        (".", [".x.yaml"]),
        ("nowhere/", []),
    ],
)
def test_a_config_is_completed(place, typed, completed):
    assert list(complete_config(typed)) == completed


def test_a_record_is_one_line_of_strict_json(capsys, tmp_path):
    record = {"value": float("nan"), "curve": [1.0, float("inf")], "name": "ä\n\udc80", "n": None}
    emit(record)
    emit({"event": "ended"})
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {**record, "value": None, "curve": [1.0, None]}
    assert json.loads(second) == {"event": "ended"}
    assert first.isascii()  # no terminal's encoding can break it
