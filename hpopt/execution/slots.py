"""Places in which trials run, and what they report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hpopt.space.dimensions import Params
from hpopt.trials import Result


@dataclass(frozen=True)
class Job:
    """One evaluation: a trial, or one fold or repeat of it; it may write into `folder`."""

    number: int  # the trial's
    params: Params
    seed: int
    folder: Path
    fold: int = 0


@dataclass(frozen=True)
class TrialFinished:
    """A job came to its end with a value."""

    job: Job
    result: Result


@dataclass(frozen=True)
class TrialFailed:
    """A job gave no value; `reason` is one line for people.

    `log_tail` is the end of what it wrote. `is_external` says that the cause lay outside of it (its
    process was killed from elsewhere, say), so that it may be repeated.
    """

    job: Job
    reason: str
    log_tail: str = ""
    is_external: bool = False


TrialEvent = TrialFinished | TrialFailed


class TrialFunction(Protocol):
    """What runs in a slot: an `Objective`, or any function of its kind."""

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = 0) -> Result:
        """Evaluate params; raise TrialError, or anything else, where that fails."""
        ...


class Slots(Protocol):
    """A fixed number of slots, each of which runs one job at a time."""

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        ...

    def submit(self, job: Job) -> None:
        """Hand over a job. RuntimeError if no slot is free."""
        ...

    def events(self, timeout_s: float) -> list[TrialEvent]:
        """What has happened since the last call; waits up to `timeout_s` for something."""
        ...

    def kill(self, job: Job) -> None:
        """End a submitted job; it is reported as failed. One that is over is left alone."""
        ...

    def close(self) -> None:
        """Give everything back; jobs that still run are lost."""
        ...
