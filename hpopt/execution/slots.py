"""Places in which trials run, and what they report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from hpopt.space.dimensions import Params
from hpopt.trials import STATE, WEIGHTS, Result

LOG = "log.txt"  # what a job wrote to stdout and stderr
PREFLIGHT = -2  # in the place of a fold: whether the params can be tried at all; see `run_job`


@dataclass(frozen=True)
class Job:
    """One evaluation: a trial, or one fold or repeat of it.

    It runs in a scratch folder, and names its files relative to that. Slots bring what it `takes`
    there from `folder`, and what it `gives` back, as far as it is there. Where workers see `folder`
    it is the scratch folder, and nothing needs to be brought; no worker may count on that.
    """

    number: int  # the trial's; 0 of the preflight
    params: Params
    seed: int
    folder: Path  # of the process that submits it
    fold: int = 0
    share: float = 1.0  # of its epochs, to which the fit is to go
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = (WEIGHTS, STATE, LOG)
    least_timeout_s: float = 0.0  # a shorter limit does not count for it
    # What runs in place of the slots' own function: other work than a trial's.
    work: TrialFunction | None = field(default=None, compare=False)

    def function(self, own: TrialFunction) -> TrialFunction:
        """What runs, where `own` is the function of the slots."""
        return own if self.work is None else self.work


@dataclass(frozen=True)
class TrialFinished:
    """A job came to its end with a value."""

    job: Job
    result: Result


@dataclass(frozen=True)
class TrialFailed:
    """A job gave no value; `reason` is one line for people, `log_tail` the end of what it wrote."""

    job: Job
    reason: str
    log_tail: str = ""


@dataclass(frozen=True)
class TrialLost:
    """A job was ended by a cause outside of it, as by a system that kills its process.

    It may be as good as any, and may be repeated. Its fields are those of TrialFailed.
    """

    job: Job
    reason: str
    log_tail: str = ""


# How a job can end. `FoldedSlots` and the loop each say in one place what an outcome means to them,
# and mypy names both places where one is left out.
Outcome = TrialFinished | TrialFailed | TrialLost


class TrialFunction(Protocol):
    """What runs in a slot: an `Objective`, or any function of its kind.

    It is pickled for workers. Where these see other paths than this process, slots bring there what
    it `reads`, and have it look for that there with `at`.
    """

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = 0) -> Result:
        """Evaluate params in a scratch folder; raise TrialError, or anything else, on failure.

        One that can pause takes a `share` as well, which it is given where that is below 1: it goes
        to that part of its epochs only, from where it was if the folder has a `STATE`, and leaves
        there the next one.
        """
        ...

    def warm_up(self) -> None:
        """Do ahead what a worker would else do in its first job, such as long imports."""
        ...

    def reads(self, fold: int) -> Mapping[str, Path]:
        """What a job of this fold reads: a relative path for each file, and where it is now."""
        ...

    def at(self, folder: Path) -> Self:
        """The same function, whose files are in `folder` under the relative paths of `reads`."""
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

    def events(self, timeout_s: float) -> list[Outcome]:
        """What jobs have come to since the last call; waits up to `timeout_s` for one."""
        ...

    def kill(self, job: Job) -> None:
        """End a submitted job; it is reported as failed. One that is over is left alone."""
        ...

    def close(self) -> None:
        """Give everything back; jobs that still run are lost."""
        ...
