"""One slot in this very process: a trial runs while its events are waited for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from hpopt.dimensions import Params
from hpopt.errors import RunError, TrialError, in_words
from hpopt.execution.slots import TrialEvent, TrialFailed, TrialFinished, TrialFunction

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    number: int
    params: Params
    seed: int
    folder: Path


class SerialSlots:
    """Runs each trial inside `events`, which therefore takes as long as the trial does."""

    def __init__(self, function: TrialFunction) -> None:
        self._function = function
        self._job: _Job | None = None
        self._killed: list[TrialEvent] = []

    @property
    def free(self) -> int:
        """1 when no trial waits, else 0."""
        return 0 if self._job else 1

    def submit(self, number: int, params: Params, seed: int, folder: Path) -> None:
        """Keep the trial until `events` runs it."""
        if self._job is not None:
            raise RuntimeError(f"trial {self._job.number} holds the only slot")
        self._job = _Job(number, params, seed, folder)

    def events(self, timeout_s: float) -> list[TrialEvent]:
        """Run the trial that waits, however long it takes, and report its end."""
        events, self._killed = self._killed, []
        if self._job is not None:
            job, self._job = self._job, None
            events.append(self._run(job))
        return events

    def kill(self, number: int) -> None:
        """Withdraw the trial if it still waits: one that runs in this process can't be ended."""
        if self._job is not None and self._job.number == number:
            self._job = None
            self._killed.append(TrialFailed(number, "killed before it began"))

    def close(self) -> None:
        """Forget a trial that waits."""
        self._job = None

    def _run(self, job: _Job) -> TrialEvent:
        try:
            result = self._function(job.params, seed=job.seed, folder=job.folder)
        except TrialError as error:
            return TrialFailed(job.number, str(error))
        except RunError:  # a full disk is no fault of the params
            raise
        except (Exception, SystemExit) as error:  # a builder may call sys.exit
            log.exception("trial %d failed", job.number)
            return TrialFailed(job.number, in_words(error))
        return TrialFinished(job.number, result)
