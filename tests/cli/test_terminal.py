"""What becomes of what hpopt prints where nobody can take it: one way out for all commands."""

import io
import os
import subprocess
import sys

import pytest
from conftest import make_run

from hpopt.cli.terminal import Lasting

COMMANDS = ["show latest", "trials latest", "trials latest --json", "plot latest -o - --only x"]
FULL = "error[run]: stdout can't be written: No space left on device\n"


@pytest.fixture
def shell(tmp_path):
    make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")

    def run(command: str, redirected: str) -> subprocess.CompletedProcess:
        line = command.replace("--only x", "--only convergence")
        line = f'"{sys.executable}" -m hpopt {line} {redirected}'
        return subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_said_on_one_line(shell, command):
    done = shell(command, ">/dev/full")
    assert (done.returncode, done.stderr) == (1, FULL)


@pytest.mark.parametrize("command", [*COMMANDS, "--help", "nonsense"])
def test_a_reader_that_has_gone_changes_no_exit_code(shell, command):
    expected = 2 if command == "nonsense" else 0
    done = shell(command, "2>errors | true; echo ${PIPESTATUS[0]}; cat errors")
    code, _, errors = done.stdout.partition("\n")
    assert int(code) == expected
    assert bool(errors) == bool(expected)


@pytest.mark.parametrize(
    "redirected", [">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-", "2>/dev/full >/dev/full"]
)
def test_streams_that_are_closed_or_full_end_in_no_traceback(shell, redirected):
    done = shell("show latest", redirected)
    assert done.returncode == (1 if " >/dev/full" in redirected else 0)
    assert done.stderr == ""
    assert bool(done.stdout) == (redirected in ("2>&-", "2>/dev/full"))


def test_no_file_gets_the_number_of_a_stream_that_is_closed(tmp_path):
    script = (
        "import os, subprocess, sys\n"
        "from hpopt.cli.terminal import open_streams\n"
        "open_streams()\n"
        "with open('journal', 'w') as file:\n"
        "    subprocess.run([sys.executable, '-c', 'import os; os.write(2, b\"x\")'], check=True)\n"
        "    os.write(1, b'x')\n"
        "    print('y', flush=True)\n"
    )
    command = f'"{sys.executable}" -c "$SCRIPT" <&- >&- 2>&-'
    environment = {**os.environ, "SCRIPT": script}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert (tmp_path / "journal").read_text() == ""


class Broken(io.StringIO):
    """A stream that fails after a while, and knows how often it was asked."""

    def __init__(self, failure, after):
        super().__init__()
        self.failure, self.after, self.asked = failure, after, 0

    def write(self, text):
        self.asked += 1
        if self.asked > self.after:
            raise self.failure
        return super().write(text)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (BrokenPipeError(32, "Broken pipe"), None),
    ],
)
def test_a_stream_keeps_the_first_reason_and_goes_on(failure, message):
    broken = Broken(failure, after=1)
    stream = Lasting(broken)
    for _ in range(4):
        print("a line", file=stream)
    assert broken.getvalue() == "a line"
    error = stream.error()
    assert (error and str(error)) == (message and f"stdout can't be written: {message}")
    assert broken.asked == 2
