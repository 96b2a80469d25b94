"""What a run folder takes on disk, and taking it away."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from hpopt.errors import RunError
from hpopt.files import writing
from hpopt.runs.folder import JOURNAL
from hpopt.runs.journal import Journal


def size_bytes(folder: Path) -> int:
    """How much the files of a folder hold; what can't be read, or has gone, counts nothing."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(path, name)).st_size
    return size


def remove(folder: Path) -> None:
    """Delete a run folder with all that is in it.

    Raises RunError where it is no run folder, where it is being written, or can't be deleted.
    """
    if folder.is_symlink():
        raise RunError(f"{folder} is a link to another folder", help="remove that, or the link")
    if not (folder / JOURNAL).is_file():
        raise RunError(f"{folder} is no run folder: it has no {JOURNAL}")
    journal = Journal(folder / JOURNAL)  # which keeps writers out
    try:
        with writing(folder):
            shutil.rmtree(folder)
    finally:
        journal.close()
