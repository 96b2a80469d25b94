"""A file by which another program asks the writer of a run to end, as Ctrl-C does once.

The writer looks for it itself: a pid that stands in a folder could be anybody's by now.
"""

from __future__ import annotations

import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpopt.files import open_plain, writing

log = logging.getLogger(__name__)

STOP_REQUEST = "stop.request"
_LOOK_EVERY_S = 0.5


def request_stop(run: Path) -> None:
    """Ask whoever writes the run folder to end. Raises RunError where it can't be written to."""
    with writing(run / STOP_REQUEST), suppress(FileExistsError):
        open_plain(run / STOP_REQUEST, "xb").close()


@contextmanager
def heeding_requests(run: Path, stop: threading.Event) -> Iterator[None]:
    """Set `stop` once the file is there, while the block runs; it is gone before and after.

    What an earlier writer was asked is no concern of a later one.
    """
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_EVERY_S):
            if not stop.is_set() and _is_asked(run):
                log.warning("asked to stop: what runs now is ended, and then the run is closed")
                stop.set()

    _clear(run)
    thread = threading.Thread(target=look, name="requests", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        _clear(run)


def _is_asked(run: Path) -> bool:
    """Whether the file is there: a folder or a link that came with the run asks for nothing."""
    try:
        return stat.S_ISREG((run / STOP_REQUEST).lstat().st_mode)
    except OSError:
        return False


def _clear(run: Path) -> None:
    with suppress(OSError):
        (run / STOP_REQUEST).unlink(missing_ok=True)
