"""Where `-o` writes, and what goes to stdout as it is: rows and trials, for programs."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from hpopt.errors import ConfigError
from hpopt.files import write_whole, writing

_STDOUT = (Path("-"), Path("/dev/stdout"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write a file; stdout if left out, or -."),
]
SafeCsv = Annotated[
    bool,
    typer.Option(
        "--safe-csv",
        help="Put ' before texts such as =1+1, which spreadsheets would run as formulas.",
    ),
]


def is_stdout(path: Path | None) -> bool:
    """Whether what is written goes to stdout: there is no -o, or it is -."""
    return path is None or path in _STDOUT


def keep_input(path: Path | None, data: Path) -> None:
    """Raise ConfigError where -o would write over the rows that a command reads."""
    if path is not None and path.is_file() and data.exists() and path.samefile(data):
        raise ConfigError(
            f"{path} holds the rows that are read, and would be written over",
            help="give `-o` the name of another file",
        )


def write_output(path: Path | None, text: str) -> None:
    """Write a text where -o says.

    A terminal is shown it without what it would obey; everything else is given it as it is.
    """
    if path is None or is_stdout(path):
        _print(text)
    else:
        write_file(path, text.encode(errors="backslashreplace"))


def write_bytes(content: bytes) -> None:
    """Write to stdout what is no text. Raises ConfigError where people would have to read it."""
    if sys.stdout.isatty():
        raise ConfigError("a picture is nothing for a terminal", help="add > picture.png")
    sys.stdout.flush()
    with writing(Path("stdout")), contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def write_file(path: Path, content: bytes) -> None:
    """Write what stands at a path of the user's own.

    A file is replaced whole or not at all, and keeps its mode; one that a symbolic link leads to
    stays where it is, and so does the link. What is no file, such as a pipe or a device, is
    written through, as far as its reader wants it. Raises RunError where that does not go.
    """
    with writing(path):
        place = Path(os.path.realpath(path))
        if place.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if _is_written_through(path):
            with contextlib.suppress(BrokenPipeError), path.open("wb") as file:
                file.write(content)
            return
        before = place.stat() if place.exists() else None
        if before is not None and not os.access(place, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    def write(file: BinaryIO) -> None:
        if before is not None:
            _keep_mode(file.fileno(), before)
        file.write(content)

    write_whole(place, write)


def safe_cell(text: str) -> str:
    """A text that no spreadsheet runs: Excel and others take one that begins so for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()


def _is_written_through(path: Path) -> bool:
    """Whether nothing can stand in the place of what is there, or nothing should."""
    if not path.exists():
        return False
    # /dev/fd/3 is whatever a shell has opened: a file in its place would not be what it reads.
    is_opened = path.absolute().is_relative_to("/dev") or path.absolute().is_relative_to("/proc")
    return is_opened or not path.is_file() or not os.access(path.resolve().parent, os.W_OK)


def _keep_mode(descriptor: int, before: os.stat_result) -> None:
    """Before anything is written, so that nobody reads meanwhile what is for one's own eyes."""
    if hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):  # only root can give a file away
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, before.st_mode & 0o7777)


def _print(text: str) -> None:
    from hpopt.cli.terminal import as_it_is

    stream = sys.stdout if sys.stdout.isatty() else as_it_is(sys.stdout)
    print(text, end="", file=stream)
