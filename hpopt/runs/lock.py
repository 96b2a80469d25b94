"""The lock on a journal: one writer, which everybody can see at work; it dies with its process.

It is an advisory `flock`. That belongs to the open file, not to the process as POSIX' `fcntl` locks
do, which a reader in the writer's own process would undo by closing the file.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
from io import IOBase
from pathlib import Path
from typing import Any

from hpopt.errors import RunError

fcntl: Any = None
with contextlib.suppress(ImportError):  # Windows' locks keep readers out too, so none is taken
    fcntl = importlib.import_module("fcntl")

log = logging.getLogger(__name__)

# A reader holds the lock for an instant while it looks.
_PATIENCE_S = 1.0


def lock(file: IOBase, path: Path) -> None:
    """Take the lock of an open journal, until it is closed.

    Raises RunError where another writer has it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while fcntl is not None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RunError(f"another process is writing {path.parent}") from None
            time.sleep(0.01)
        except OSError as error:  # a file system that knows no locks
            log.warning("the journal can't be locked, so a reader can't see it run: %s", error)
            return
        else:
            return


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
