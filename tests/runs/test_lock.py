import errno
import os
import signal
import subprocess
import sys

import pytest
from conftest import make_run

from hpopt.errors import RunError
from hpopt.runs import lock
from hpopt.runs.events import Failed, Started
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.journal import Journal
from hpopt.runs.lock import HOLDER, Holder, is_locked

WRITER = """
import sys, time
from pathlib import Path
from hpopt.runs.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(60)
"""


def test_a_process_that_was_forked_meanwhile_holds_no_lock_and_writes_nothing(tmp_path):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    journal = Journal(path)
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:  # what own code may leave running behind a run
        os.close(theirs)
        os.read(ours, 1)  # until the parent has looked
        os._exit(0 if journal._file.closed else 1)
    os.close(ours)
    try:
        assert is_locked(path)
        journal.close()
        assert not is_locked(path)
        Journal(path).close()
    finally:
        os.close(theirs)
        assert os.waitpid(child, 0)[1] == 0


def test_a_reader_sees_a_writer_as_long_as_it_lives(tmp_path):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"open\n"
            assert is_locked(path)
            assert Run.open(path.parent).state == "running"
            with pytest.raises(RunError, match=rf"process {writer.pid} on \S+ is writing"):
                Journal(path)
        finally:
            writer.send_signal(signal.SIGKILL)
        writer.wait(10)
    assert not is_locked(path)
    assert Run.open(path.parent).state == "interrupted"
    Journal(path).close()


def test_a_reader_in_the_writer_s_process_takes_no_lock_away(tmp_path):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    journal = Journal(path)
    assert is_locked(path)
    path.read_bytes()  # opens and closes the file, at which POSIX' locks of the process would end
    Run.open(path.parent)
    assert is_locked(path)
    journal.close()


def test_a_run_that_is_over_is_over_while_its_writer_still_lives(tmp_path):
    path = make_run(tmp_path / "run")
    journal = Journal(path / JOURNAL)
    assert Run.open(path).state == "finished"
    journal.close()


def test_what_is_no_file_has_no_writer(tmp_path):
    assert not is_locked(tmp_path / "nowhere")


@pytest.fixture
def no_flock(monkeypatch):
    """A file system that knows no `flock`, as some network ones."""

    class Unsupported:
        LOCK_EX = LOCK_SH = LOCK_NB = LOCK_UN = 0

        @staticmethod
        def flock(*_):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "fcntl", Unsupported)


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_where_there_is_no_flock_a_file_is_the_lock(no_flock, tmp_path):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    assert not is_locked(path)
    journal = Journal(path)
    assert is_locked(path)
    assert Run.open(path.parent).state == "running"
    with pytest.raises(RunError, match=rf"process {os.getpid()} on \S+ is writing"):
        Journal(path)
    journal.close()
    assert not path.with_name(HOLDER).exists()
    Journal(path).close()


def test_the_file_of_a_process_that_is_gone_from_this_host_is_taken_over(no_flock, tmp_path):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    me = Holder.here()
    gone = Holder(ended_process(), me.host, me.since)
    followed = Holder(me.pid, me.host, me.since.replace(year=2001))  # another had our number
    for stale in (gone, followed):
        path.with_name(HOLDER).write_text(stale.line)
        assert not is_locked(path)
        with_lock = Journal(path)
        assert path.with_name(HOLDER).read_text().startswith(me.line.rstrip())
        with_lock.close()
    assert not list(path.parent.glob(".*"))


def test_a_writer_that_has_flock_leaves_the_claim_of_one_that_has_none(tmp_path, monkeypatch):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    holder = path.with_name(HOLDER)
    with monkeypatch.context() as patch:
        patch.setattr(lock, "fcntl", None)
        claiming = Journal(path)
    text = holder.read_text()
    assert is_locked(path)
    with pytest.raises(RunError, match=rf"process {os.getpid()} on \S+ is writing"):
        Journal(path)
    assert holder.read_text() == text
    claiming.append(Started(5, {}, 1, ""))
    claiming.close()
    assert not holder.exists()
    Journal(path).close()


@pytest.mark.parametrize(
    ("text", "is_claim"),
    [
        ("process 1 on elsewhere\n", False),  # its flock is not there any more
        ("process 1 on elsewhere without flock\n", True),
        ("anything", False),
    ],
)
def test_with_flock_only_a_claim_counts(tmp_path, text, is_claim):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    path.with_name(HOLDER).write_text(text)
    assert is_locked(path) == is_claim
    if is_claim:
        with pytest.raises(RunError, match="process 1 on elsewhere is writing"):
            Journal(path)
        assert path.with_name(HOLDER).read_text() == text
    else:
        Journal(path).close()
        assert not path.with_name(HOLDER).exists()


@pytest.mark.parametrize("text", ["process 1 on elsewhere\n", "", "x" * 100, "process 9 on"])
def test_the_file_of_another_host_is_refused_with_the_way_out(no_flock, tmp_path, text):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    path.with_name(HOLDER).write_text(text)
    assert is_locked(path)
    with pytest.raises(RunError, match="is writing") as caught:
        Journal(path)
    assert f"delete {path.with_name(HOLDER)}" in caught.value.problems[0].help
    assert path.with_name(HOLDER).read_text() == text


@pytest.mark.parametrize("harm", ["longer", "shorter"])
def test_an_append_never_cuts_lines_of_another(tmp_path, harm):
    path = make_run(tmp_path / "run", end="trial") / JOURNAL
    journal = Journal(path)
    journal.append(Started(5, {}, 1, ""))
    text = path.read_bytes()
    if harm == "longer":
        path.write_bytes(text + text.splitlines(keepends=True)[-1].replace(b"5", b"6"))
    else:
        path.write_bytes(text[:-20])
    there = path.read_bytes()
    with pytest.raises(RunError, match="another process has written"):
        journal.append(Failed(5, "x"))
    journal.close()
    assert path.read_bytes() == there
