"""What people see of what hpopt prints: no control characters that come with somebody's data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from hpopt.shown import printable


@contextmanager
def shown_streams() -> Iterator[None]:
    """Have stdout and stderr write out what a terminal would obey, such as escape sequences."""
    with redirect_stdout(_shown(sys.stdout)), redirect_stderr(_shown(sys.stderr)):
        yield


def as_it_is(stream: TextIO) -> TextIO:
    """The stream behind one of `shown_streams`, for data that programs read."""
    return getattr(stream, "rich_proxied_file", stream)


def _shown(stream: Any) -> Any:
    return _Shown(stream) if stream is not None else None


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
