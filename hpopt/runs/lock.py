"""The lock on a journal: one writer, which everybody can see at work; it dies with its process.

It is an advisory `flock`. That belongs to the open file, not to the process as POSIX' `fcntl` locks
do, which a reader in the writer's own process would undo by closing the file.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import platform
import time
from io import IOBase
from pathlib import Path
from typing import Any

from hpopt.errors import RunError

fcntl: Any = None
with contextlib.suppress(ImportError):  # Windows' locks keep readers out too, so none is taken
    fcntl = importlib.import_module("fcntl")

log = logging.getLogger(__name__)

HOLDER = "journal.lock"  # beside the journal, while it is written
# A reader holds the lock for an instant while it looks.
_PATIENCE_S = 1.0


class Lock:
    """The lock of an open journal, held until it is released or its process ends.

    Raises RunError where another writer has it, naming that one's process.
    """

    def __init__(self, file: IOBase, path: Path) -> None:
        _take(file, path)
        # Who it is that holds the lock: it says nothing once nobody does, so it may be left behind.
        self._holder = path.with_name(HOLDER)
        with contextlib.suppress(OSError):
            self._holder.write_text(f"process {os.getpid()} on {platform.node()}\n")

    def release(self) -> None:
        """Take the name away; closing the file gives the lock itself back."""
        with contextlib.suppress(OSError):
            self._holder.unlink()


def _take(file: IOBase, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while fcntl is not None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RunError(
                    f"{_holder(path)} is writing {path.parent}",
                    help="wait for it or end it; a copy of the folder can be used meanwhile",
                ) from None
            time.sleep(0.01)
        except OSError as error:  # a file system that knows no locks
            log.warning("the journal can't be locked, so a reader can't see it run: %s", error)
            return
        else:
            return


def _holder(path: Path) -> str:
    try:
        return path.with_name(HOLDER).read_text().strip() or "another process"
    except (OSError, ValueError):
        return "another process"


def is_locked(path: Path) -> bool:
    """Whether somebody is writing the journal at `path`."""
    if fcntl is None:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
