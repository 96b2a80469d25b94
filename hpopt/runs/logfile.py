"""The log of a run folder: what hpopt logs, and what others warn of, while a block runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hpopt.files import open_plain, writing

_LOGGERS = ("hpopt", "py.warnings")


class _LogFile(logging.FileHandler):
    def _open(self) -> Any:
        return open_plain(Path(self.baseFilename), self.mode, encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Pass over what a full disk does not take: the journal's error is the one to see."""


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Append to the file at `path`. Raises RunError where it can't be written."""
    with writing(path):
        handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
