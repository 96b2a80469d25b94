"""The lock on a journal: one writer, which everybody can see at work; it dies with its process.

It is an advisory `flock`. That belongs to the open file, not to the process as POSIX' `fcntl` locks
do, which a reader in the writer's own process would undo by closing the file.

Where a file system knows no `flock` (some network ones), or the system has none, the file
`journal.lock` is the lock itself: it names the writer by its host, process and start, so that one
which is gone from this host is told from one that works. It is a claim then, and says so, for one
writer may have `flock` where another has none. Elsewhere the file only says who it is.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from io import IOBase
from pathlib import Path
from typing import Any

from hpopt.errors import RunError
from hpopt.files import open_plain, writing

fcntl: Any = None
with contextlib.suppress(ImportError):  # Windows' locks keep readers out too, so none is taken
    fcntl = importlib.import_module("fcntl")

HOLDER = "journal.lock"  # beside the journal, while it is written
# A reader holds the lock for an instant while it looks.
_PATIENCE_S = 1.0
# By how much two readings of when a process started may differ: clocks are set right meanwhile.
_SAME_START_S = 2.0
_NAMED = re.compile(r"process (\d{1,9}) on (\S+)(?: since (\S+))?(?: without flock)?\n?")
_CLAIM = " without flock\n"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock; `since` is when its process started, which tells it from a later one."""

    pid: int
    host: str
    since: datetime | None

    @classmethod
    def here(cls) -> Holder:
        """The process that asks."""
        return cls(os.getpid(), _host(), _start_of(os.getpid()))

    @classmethod
    def parse(cls, text: str) -> Holder | None:
        """The holder that a file's text names, if it names one."""
        match = _NAMED.fullmatch(text)
        if match is None:
            return None
        with contextlib.suppress(ValueError, OverflowError):
            since = datetime.fromisoformat(match[3]) if match[3] else None
            return cls(int(match[1]), match[2], since)
        return None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def line(self) -> str:
        """What the file says."""
        return f"{self}{f' since {self.since.isoformat()}' if self.since else ''}\n"

    @property
    def is_gone(self) -> bool:
        """Whether its process has ended; of other hosts nobody can say."""
        if self.host != _host():
            return False
        start = _start_of(self.pid)
        if start is None or self.since is None:
            return start is None
        return abs((start - self.since).total_seconds()) > _SAME_START_S


class Lock:
    """The lock of an open journal, held until it is released or its process ends.

    Raises RunError where another writer has it, naming that one's process.
    """

    def __init__(self, file: IOBase, path: Path) -> None:
        self._file = file
        self._path = path.with_name(HOLDER)
        self._me = Holder.here()
        self._line = self._me.line
        if _take(file, path):
            self._name()
        else:
            self._line = self._line.rstrip("\n") + _CLAIM
            self._claim()

    def release(self) -> None:
        """Take the name away and give the lock back.

        Closing the file would do so too, but not before a child that was forked meanwhile, which
        shares the open file, has closed its own.
        """
        with contextlib.suppress(OSError):
            if _text_of(self._path) == self._line:
                self._path.unlink()
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system that knows no locks
                fcntl.flock(self._file.fileno(), fcntl.LOCK_UN)

    def _write(self) -> None:
        with open_plain(self._path, "xb") as file:
            try:
                file.write(self._line.encode())
                file.flush()
            except OSError:
                self._path.unlink(missing_ok=True)
                raise

    def _name(self) -> None:
        """Say who has the lock, in place of what one that had it left behind.

        Raises RunError where a writer that could take none works by its claim.
        """
        text = _text_of(self._path)
        if _is_claimed(text):
            raise _is_written(self._path, is_certain=False)
        try:
            self._set_aside(text)
            self._write()
        except FileExistsError:  # claimed in this moment
            raise _is_written(self._path, is_certain=False) from None
        except OSError:  # the lock is held without it
            pass

    def _claim(self) -> None:
        """Make the file that is the lock, also in place of one whose process is gone."""
        with writing(self._path):
            try:
                self._write()
            except FileExistsError:
                text = _text_of(self._path)
                if not _is_stale(text):
                    raise _is_written(self._path, is_certain=False) from None
                self._set_aside(text)
                try:
                    self._write()
                except FileExistsError:
                    raise _is_written(self._path, is_certain=False) from None

    def _set_aside(self, stale: str) -> None:
        """Remove the stale file; where another writer has just replaced it, put its own back."""
        aside = self._path.with_name(f".{HOLDER}.{self._me.pid}.part")
        with contextlib.suppress(FileNotFoundError):
            os.replace(self._path, aside)
            if _text_of(aside) != stale:
                with contextlib.suppress(OSError):
                    os.link(aside, self._path)
            aside.unlink()


def is_locked(path: Path) -> bool:
    """Whether somebody is writing the journal at `path`."""
    try:
        with path.open("rb") as file:
            if fcntl is not None:
                try:
                    fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return True
                except OSError:  # a file system that knows no locks
                    pass
                else:
                    return _is_claimed(_text_of(path.with_name(HOLDER)))
            holder = path.with_name(HOLDER)
            return holder.exists() and not _is_stale(_text_of(holder))
    except OSError:
        return False


def knows_locks(folder: Path) -> bool:
    """Whether the file system of a folder has locks that keep a second writer out.

    A file is made there. Raises OSError where that can't be.
    """
    path = folder / HOLDER
    with open_plain(path, "xb") as first, path.open("rb") as second:
        if fcntl is None:
            return False
        try:
            fcntl.flock(first.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:
            fcntl.flock(second.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def _take(file: IOBase, path: Path) -> bool:
    """Take the `flock`; False where there is none to take."""
    deadline = time.monotonic() + _PATIENCE_S
    while fcntl is not None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _is_written(path.with_name(HOLDER), is_certain=True) from None
            time.sleep(0.01)
        except OSError:  # a file system that knows no locks
            return False
        else:
            return True
    return False


def _is_written(holder: Path, *, is_certain: bool) -> RunError:
    """The error of a second writer; a file alone can outlive the writer that it names."""
    named = Holder.parse(_text_of(holder))
    who = "another process" if named is None else str(named)
    help = "wait for it or end it; a copy of the folder can be used meanwhile"
    if not is_certain and (named is None or named.host != _host()):
        help += f". This file system has no locks: if nobody writes it any more, delete {holder}"
    return RunError(f"{who} is writing {holder.parent}", help=help)


def _is_claimed(text: str) -> bool:
    """Whether what a file says is the claim of a writer without `flock` that may be at work."""
    return text.endswith(_CLAIM) and not _is_stale(text)


def _is_stale(text: str) -> bool:
    """Whether what a file says names a process that is gone."""
    holder = Holder.parse(text)
    return holder is not None and holder.is_gone


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _host() -> str:
    return platform.node().replace(" ", "-") or "this-host"


def _start_of(pid: int) -> datetime | None:
    """When a process of this host started; None where there is none of that number."""
    import psutil

    try:
        return datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)
    except psutil.NoSuchProcess:
        return None
    except (psutil.Error, OverflowError, ValueError, OSError):
        return datetime.now(UTC) if psutil.pid_exists(pid) else None
