from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from conftest import make_run

from hpopt.cli.text import age
from hpopt.report.words import duration
from hpopt.runs.folder import Run

IDS = ["2026-11-22T08-00-00_iris", "2026-11-23T09-00-00_wine", "2026-11-23T09-00-00_wine-2"]


@pytest.fixture
def runs(tmp_path):
    make_run(tmp_path / "runs" / IDS[0])
    make_run(tmp_path / "runs" / IDS[1], n_calls=9, config="wine.yaml")
    make_run(tmp_path / "runs" / IDS[2], end="trial", config="wine.yaml")
    return tmp_path / "runs"


def test_runs_are_listed_from_the_latest_on(runs, hpopt):
    done = hpopt("runs")
    head, *rows = done.out.splitlines()
    assert head.split() == ["RUN", "CONFIG", "TRIALS", "BEST", "STATE", "AGE", "DISK"]
    assert [row.split()[:6] for row in rows] == [
        [IDS[2], "wine", "3/4", "0.9375", "accuracy", "interrupted"],
        [IDS[1], "wine", "4/9", "0.9375", "accuracy", "stopped"],
        [IDS[0][:19], "iris", "4/4", "0.9375", "accuracy", "finished"],
    ]
    assert (done.code, done.err) == (0, "")


def test_what_the_first_column_says_names_a_run(runs, hpopt):
    for row in hpopt("runs").out.splitlines()[1:]:
        assert hpopt("show", row.split()[0]).code == 0


def test_a_name_that_its_config_has_not_is_shown(tmp_path, hpopt):
    for name in ("2026-11-23T10-37-05_mine", "kept_for_the_report"):
        make_run(tmp_path / "runs" / name)
    rows = [line.split()[:2] for line in hpopt("runs").out.splitlines()[1:]]
    assert rows == [["2026-11-23T10-37-05_mine", "iris"], ["kept_for_the_report", "iris"]]


def test_a_row_fits_a_terminal(tmp_path, hpopt):
    make_run(tmp_path / "runs" / "2026-11-23T10-37-05_breast_cancer", config="breast_cancer.yaml")
    assert all(len(line) <= 80 for line in hpopt("runs").out.splitlines())


def test_a_broken_run_is_named_and_costs_no_other(runs, hpopt):
    (runs / IDS[1] / "journal.jsonl").write_text("{}\n")
    done = hpopt("runs")
    assert done.code == 0
    assert len(done.out.splitlines()) == 3
    assert f"runs/{IDS[1]}/journal.jsonl:1" in done.err
    [broken] = [record for record in hpopt("runs", "--json").records if record["state"] == "broken"]
    assert broken["id"] == IDS[1]
    assert "damaged" in broken["reason"]


def test_runs_as_json(runs, hpopt):
    newest, _, oldest = hpopt("runs", "--json").records
    assert newest["best"] == {"number": 2, "score": 0.9375}
    assert (newest["state"], oldest["state"]) == ("interrupted", "finished")
    assert oldest["config"] == "iris.yaml"
    assert (oldest["trials"], oldest["failed"], oldest["n_calls"]) == (4, 1, 4)
    assert oldest["begun"] == "2026-11-23T10:37:05+00:00"


def test_runs_elsewhere(runs, tmp_path, hpopt):
    runs.rename(tmp_path / "moved")
    assert len(hpopt("runs", "moved").out.splitlines()) == 4


def test_without_runs_it_says_how_to_make_one(tmp_path, hpopt):
    done = hpopt("runs")
    assert (done.code, done.out) == (0, "")
    assert "hpopt tune CONFIG" in done.err
    assert hpopt("runs", "--json").out == ""


def test_a_folder_that_is_not_there_is_a_mistake(hpopt):
    done = hpopt("runs", "nowhere")
    assert done.code == 2
    assert "there is no folder nowhere" in done.err


def test_a_run_that_is_written_is_running_and_then_interrupted(tmp_path, hpopt):
    header = Run.open(make_run(tmp_path / "old")).header
    run = Run.create(tmp_path / "runs", "iris", header)
    assert hpopt("runs", "--json").records[0]["state"] == "running"
    run.close()
    assert hpopt("runs", "--json").records[0]["state"] == "interrupted"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25 s"), (90, "90 s"), (150, "2 min"), (7300, "2 h"), (3 * 86400, "3 d")],
)
def test_a_time_in_words(seconds, text):
    assert duration(seconds) == text


def test_an_age_in_words():
    assert age(datetime.now(UTC) - timedelta(minutes=5)) == "5 min"
    assert age(datetime.now(UTC) + timedelta(hours=1)) == "now"  # the clock was set back since
    assert age(None) == "–"


def test_a_run_says_what_it_takes_on_disk(hpopt, tmp_path):
    folder = make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")
    (folder / "model").write_bytes(b"x" * 3_000_000)
    assert "3 MB" in hpopt("runs", str(tmp_path / "runs")).out
    [record] = hpopt("runs", str(tmp_path / "runs"), "--json").records
    assert 3_000_000 < record["disk_bytes"] < 3_100_000


def test_runs_are_removed_with_all_that_is_in_them(hpopt, tmp_path):
    one, other = (make_run(tmp_path / "runs" / f"2026-11-23T10-37-0{n}_iris") for n in (5, 6))
    refused = hpopt("runs", "remove", str(one))
    assert refused.code == 2
    assert "`--yes` removes without asking" in refused.err
    assert one.is_dir()
    done = hpopt("runs", "remove", str(one), "--yes")
    assert f"removed {one}" in done.out
    assert not one.exists()
    assert other.is_dir()


def test_a_run_that_is_written_is_not_removed(hpopt, tmp_path):
    folder = make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")
    with closing(Run.reopen(folder)):
        refused = hpopt("runs", "remove", str(folder), "--yes")
    assert refused.code == 1
    assert "written" in refused.err or "process" in refused.err
    assert (folder / "journal.jsonl").is_file()


def test_what_is_no_run_is_not_removed(hpopt, tmp_path):
    (tmp_path / "photos").mkdir()
    assert hpopt("runs", "remove", str(tmp_path / "photos"), "--yes").code == 1
    assert (tmp_path / "photos").is_dir()
    real = make_run(tmp_path / "2026-11-23T10-37-05_iris")
    link = tmp_path / "runs" / "2026-11-23T10-37-06_iris"
    link.parent.mkdir()
    link.symlink_to(real)
    assert "is a link" in hpopt("runs", "remove", str(link), "--yes").err
    assert real.is_dir()
