"""What run folders are called: by the time they were made, and mostly the name of their config."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from hpopt.errors import ConfigError

_STAMP = "%Y-%m-%dT%H-%M-%S"
# The stamp, the name, and a count where several runs were made within one second.
_ID = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)_(.+?)(?:-(\d+))?")


def name_of(run: Path) -> str:
    """What a run folder is called behind its time stamp."""
    match = _ID.fullmatch(run.name)
    return match[2] if match else run.name


def order_of(run: Path) -> tuple[str, int, str]:
    """By which run folders are sorted: the time stamp, and within a second the count at the end."""
    match = _ID.fullmatch(run.name)
    return (match[1], int(match[3] or 1), run.name) if match else ("", 0, run.name)


def new_folder(parent: Path, name: str) -> Path:
    """Make an empty folder in `parent` for a run of now. Raises ConfigError where none can be."""
    stem = f"{datetime.now():{_STAMP}}_{name}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        attempt = 1
        while True:
            path = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
            try:
                path.mkdir()
            except FileExistsError:
                attempt += 1
                continue
            return path
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "that is a file" if is_file else error.strerror
        raise ConfigError(
            f"no run folder can be made in {parent}: {reason}",
            help="name another folder with --output-dir",
        ) from None
