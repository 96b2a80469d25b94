"""What a trial wrote while it ran: the file LOG in its folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpopt.errors import shorten
from hpopt.execution.slots import LOG, Job
from hpopt.files import writing

# What stays of a log that has grown beyond the first: about the second, from its end.
_MOST_BYTES = 2**20
_KEPT_BYTES = 2**16
_TAIL_LINES = 20
_TAIL_WIDTH = 200
_SAYS_NOTHING = "Extension modules:"  # what Python says below a crash, and hundreds of names
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def log_path(job: Job) -> Path:
    """The file that takes what a job writes."""
    return job.folder / LOG


@contextmanager
def output_into(log: Path) -> Iterator[None]:
    """Send all that is written to stdout and stderr, also by C code, into a file meanwhile.

    One that stays empty is removed, with its folder if nothing else is there. Raises RunError where
    there can be no such file.
    """
    target = _open(log)
    kept = os.dup(1), os.dup(2)
    try:
        for descriptor in (1, 2):
            os.dup2(target, descriptor)
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for descriptor, before in zip((1, 2), kept, strict=True):
            os.dup2(before, descriptor)
            os.close(before)
        os.close(target)
        _drop_if_empty(log)


def append_log(path: Path, text: bytes) -> None:
    """Take up what a job wrote elsewhere. Raises RunError where there can be no such file."""
    descriptor = _open(path)
    with open(descriptor, "ab") as file:
        file.write(text)
    shorten_log(path)


def shorten_log(path: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Cut a log that has grown too long down to its end; its writer may go on meanwhile."""
    with suppress(OSError):
        if path.stat().st_size > most_bytes:
            end = _end_of(path, _KEPT_BYTES)
            with path.open("r+b") as file:
                file.truncate(0)
            with path.open("ab") as file:
                file.write(end)


def log_tail(path: Path) -> str:
    """The last lines of a log; nothing where there is none."""
    try:
        end = _end_of(path, _KEPT_BYTES)
    except OSError:
        return ""
    text = _TERMINAL_CODE.sub("", end.decode(errors="replace")).strip()
    lines = [line for line in text.splitlines() if not line.startswith(_SAYS_NOTHING)]
    return "\n".join(shorten(line, _TAIL_WIDTH) for line in lines[-_TAIL_LINES:]).strip()


def _end_of(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - count))
        return file.read()


def _open(path: Path) -> int:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o666)


def _drop_if_empty(path: Path) -> None:
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()
            path.parent.rmdir()
