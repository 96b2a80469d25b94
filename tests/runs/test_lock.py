import signal
import subprocess
import sys

import pytest
from conftest import make_run

from hpopt.errors import RunError
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.journal import Journal
from hpopt.runs.lock import is_locked

WRITER = """
import sys, time
from pathlib import Path
from hpopt.runs.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(60)
"""


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
