"""Places in which trials run, and what they report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hpopt.dimensions import Params
from hpopt.trials import Result


@dataclass(frozen=True)
class TrialFinished:
    """A trial came to its end with a value."""

    number: int
    result: Result


@dataclass(frozen=True)
class TrialFailed:
    """A trial gave no value; `reason` is one line for people."""

    number: int
    reason: str


TrialEvent = TrialFinished | TrialFailed


class TrialFunction(Protocol):
    """What runs in a slot: an `Objective`, or any function of its kind."""

    def __call__(self, params: Params, *, seed: int, folder: Path) -> Result:
        """Evaluate params; raise TrialError, or anything else, where that fails."""
        ...


class Slots(Protocol):
    """A fixed number of slots, each of which runs one trial at a time."""

    @property
    def free(self) -> int:
        """How many trials can be submitted now."""
        ...

    def submit(self, number: int, params: Params, seed: int, folder: Path) -> None:
        """Hand over a trial, which may write into `folder`. RuntimeError if no slot is free."""
        ...

    def events(self, timeout_s: float) -> list[TrialEvent]:
        """What has happened since the last call; waits up to `timeout_s` for something."""
        ...

    def kill(self, number: int) -> None:
        """End a submitted trial; it is reported as failed. One that is over is left alone."""
        ...

    def close(self) -> None:
        """Give everything back; trials that still run are lost."""
        ...
