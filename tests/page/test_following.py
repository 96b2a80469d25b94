"""Runs are followed while their writers go on, whatever becomes of their folders."""

import shutil
import time
from contextlib import closing
from queue import Empty

import pytest
from conftest import MIXED, synthetic_run, valley

from hpopt.page.following import Following
from hpopt.runs.events import Finished, Started
from hpopt.runs.folder import JOURNAL, Run, now


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def wait_for(queue, is_wanted, limit_s=20):
    """The first message that is wanted."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            message = queue.get(timeout=0.5)
        except Empty:
            continue
        if is_wanted(message):
            return message
    raise AssertionError("no such message came")


def append_trial(run, number):
    params = MIXED.defaults
    run.append(Started(number, params, seed=number, time=now()))
    score = valley(params, None)
    run.append(Finished(number, -score, {"accuracy": score}, [score], {"loss": [1.0]}, 1, 0.1))


def test_trials_are_told_as_they_come(runs):
    before = synthetic_run(runs, trials=3)
    with closing(Following(runs)) as following:
        queue = following.listen()
        first = wait_for(queue, lambda m: m["kind"] == "run")
        assert first["record"]["made"] == 3
        with closing(Run.reopen(before.path)) as writer:
            append_trial(writer, 4)
            told = wait_for(queue, lambda m: m["kind"] == "run" and m["record"]["made"] == 4)
            assert told["record"]["state"] == "running"
            assert [trial["number"] for trial in told["trials"]][-1] == 4
            assert [t["number"] for t in following.record(before.path.name)["trials"]] == [
                1,
                2,
                3,
                4,
            ]
        wait_for(queue, lambda m: m["kind"] == "run" and m["record"]["state"] == "interrupted")


def test_who_comes_later_is_told_of_all(runs):
    synthetic_run(runs, trials=3, name="one")
    with closing(Following(runs)) as following:
        wait_for(following.listen(), lambda m: m["kind"] == "run")
        synthetic_run(runs, trials=2, name="two")
        queue = following.listen()
        for name in ("one", "two"):
            wait_for(queue, lambda m, name=name: m["kind"] == "run" and name in m["id"])


def test_a_folder_that_goes_is_told(runs):
    run = synthetic_run(runs, trials=3)
    with closing(Following(runs)) as following:
        queue = following.listen()
        wait_for(queue, lambda m: m["kind"] == "run")
        shutil.rmtree(run.path)
        assert wait_for(queue, lambda m: m["kind"] == "gone")["id"] == run.path.name
        with pytest.raises(KeyError):
            following.record(run.path.name)


def test_a_journal_that_becomes_shorter_is_read_anew(runs):
    run = synthetic_run(runs, trials=6)
    with closing(Following(runs)) as following:
        queue = following.listen()
        wait_for(queue, lambda m: m["kind"] == "run")
        journal = run.path / JOURNAL
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:-2]))
        wait_for(queue, lambda m: m["kind"] == "run" and m["record"]["made"] == 5)


def test_a_damaged_journal_is_refused_and_told_once_it_is_whole(runs):
    run = synthetic_run(runs, trials=3)
    whole = (run.path / JOURNAL).read_bytes()
    (run.path / JOURNAL).write_bytes(whole.replace(b'"kind"', b'"kin', 1))
    with closing(Following(runs)) as following:
        queue = following.listen()
        assert "damaged" in wait_for(queue, lambda m: m["kind"] == "refused")["reason"]
        (run.path / JOURNAL).write_bytes(whole)
        wait_for(queue, lambda m: m["kind"] == "run")


def test_no_link_is_followed(runs, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = synthetic_run(elsewhere, trials=3)
    (runs / "2026-11-27T00-00-00_linked").symlink_to(run.path)
    inside = synthetic_run(runs, trials=2, name="inside")
    (inside.path / "best").symlink_to(elsewhere)
    with closing(Following(runs)) as following:
        queue = following.listen()
        told = wait_for(queue, lambda m: True)
        assert told["kind"] == "refused"
        assert "symbolic link" in told["reason"]
        with pytest.raises(KeyError):
            following.record("2026-11-27T00-00-00_linked")


def test_the_surrogate_is_made_once_for_so_many_trials(runs):
    run = synthetic_run(runs, trials=8)
    with closing(Following(None, [run.path])) as following:
        wait_for(following.listen(), lambda m: m["kind"] == "run")
        first = following.surrogate(run.path.name)
        assert first["order"]
        assert following.surrogate(run.path.name) is first
