"""What hpopt prints, and what becomes of it where nobody can take it.

People see no control characters that come with somebody's data. A reader that has gone costs
nothing: what goes on, goes on unread. A full disk costs no run, and is said at the end.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from hpopt.errors import RunError
from hpopt.shown import printable


def open_streams() -> None:
    """Have the program read and write nothing by the standard streams that it was begun without.

    Otherwise the next file that is opened, such as a journal, would get the number of one, and
    with it whatever TensorFlow or a child writes there.
    """
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def take_stdout_apart() -> None:
    """Have Python's stdout write by a descriptor of its own, so that 1 can be lent to own code."""
    stdout = sys.stdout
    if not isinstance(stdout, io.TextIOWrapper):
        return
    stdout.flush()
    apart = open(  # noqa: SIM115
        os.dup(stdout.fileno()), "w", encoding=stdout.encoding, errors=stdout.errors
    )
    apart.reconfigure(write_through=stdout.write_through)
    sys.stdout = apart


@contextmanager
def descriptor_lent() -> Iterator[None]:
    """Send to stderr what is written to the descriptor of stdout itself, as a C library does.

    hpopt's own words go on to stdout, where `take_stdout_apart` was called before.
    """
    try:
        stdout = os.dup(1)
    except OSError:  # there is none
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


@contextmanager
def shown_streams() -> Iterator[Lasting]:
    """Have stdout and stderr write out what a terminal would obey, such as escape sequences.

    Gives the stdout behind it, which knows what could not be written.
    """
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal has no ä, it is shown as \\xe4, and costs no finished run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stdout, stderr = Lasting(sys.stdout), Lasting(sys.stderr)
    with redirect_stdout(_shown(stdout)), redirect_stderr(_shown(stderr)):
        try:
            yield stdout
        finally:
            stdout.flush()
            stderr.flush()


def as_it_is(stream: TextIO) -> TextIO:
    """The stream behind one of `shown_streams`, for data that programs read."""
    return getattr(stream, "rich_proxied_file", stream)


def _shown(stream: Any) -> Any:
    return _Shown(stream)


class Lasting:
    """A stream of text that loses what can't be written, and keeps the first reason."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write it, as long as that goes."""
        if self._failure is None:
            try:
                self._stream.write(text)
            except OSError as failure:
                self._lose(failure)
        return len(text)

    def flush(self) -> None:
        """Flush it, as long as that goes."""
        try:
            self._stream.flush()
        except OSError as failure:
            self._lose(failure)

    def error(self) -> RunError | None:
        """Why something is not where it was to be written; None where its reader has just gone."""
        self.flush()
        if self._failure is None or isinstance(self._failure, BrokenPipeError):
            return None
        return RunError(f"stdout can't be written: {self._failure.strerror or self._failure}")

    def _lose(self, failure: OSError) -> None:
        self._failure = self._failure or failure
        # What is still in buffers, and what children say, goes nowhere as well.
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Shown:
    """A stream of text that writes it `printable`; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream  # where Rich, which draws the live line, writes

    def write(self, text: str) -> int:
        """Write it, cleaned."""
        self.rich_proxied_file.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them, cleaned."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)
