"""`hpopt report`: where the page comes to stand, and what is printed of it."""

import re

import pytest
from conftest import CALIBRATED, ROOT, synthetic_run

from hpopt.runs.folder import Run


@pytest.fixture
def run(tmp_path) -> Run:
    return synthetic_run(tmp_path / "runs", trials=6, steps=[CALIBRATED])


def test_it_stands_in_the_run_folder(run, hpopt):
    done = hpopt("report", "latest")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"runs/{run.path.name}/report.html\n"
    assert run.path.name in (run.path / "report.html").read_text()


def test_it_stands_where_it_is_wanted(run, hpopt, tmp_path):
    assert hpopt("report", "latest", "-o", "page.html").out == "page.html\n"
    assert hpopt("report", "latest", "-o", "-").out.startswith("<!doctype html>")
    assert not (run.path / "report.html").exists()


def test_several_runs_stand_on_one_page(run, hpopt, tmp_path):
    other = synthetic_run(tmp_path / "runs", trials=4, name="other")
    assert hpopt("report", run.path, other.path, run.path).out == "report.html\n"
    [record] = hpopt("report", run.path, other.path, run.path, "--json").records
    assert [each["id"] for each in record["runs"]] == [run.path.name, other.path.name]


def test_a_run_that_goes_on_is_shown(tmp_path, hpopt):
    synthetic_run(tmp_path / "runs", trials=0)
    assert hpopt("report", "latest").code == 0


def test_what_is_no_run_is_said(hpopt, tmp_path):
    done = hpopt("report", "nothing")
    assert (done.code, done.out) == (1, "")
    assert "there is no run `nothing`" in done.err


def test_no_link_in_the_folder_is_written_through(run, hpopt, tmp_path):
    (tmp_path / "mine.html").write_text("mine")
    (run.path / "report.html").symlink_to(tmp_path / "mine.html")
    done = hpopt("report", "latest")
    assert done.code == 1
    assert "symbolic link" in done.err
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_its_fields_are_documented(run, hpopt):
    text = (ROOT / "docs" / "json.md").read_text()
    known, _, page = text.partition("## A page")
    of_page, of_trial = (
        re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        for part in page.split("Its trials have the fields")
    )
    of_run, of_trials, *_ = (
        re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in known.split("\n## A ")[1:]
    )
    [record] = hpopt("report", "latest", "--json").records
    assert set(record) == {"hpopt", "made", "runs"}
    assert set(record["runs"][0]) == {*of_run, *of_page}
    trial = record["runs"][0]["trials"][0]
    assert set(trial) == {*of_trials, *of_trial} - {"info", "partial"}
