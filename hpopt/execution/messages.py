"""What hpopt and a worker say to each other: pickles, one after the other, in a pipe each way.

A worker of Ray says `Begun`, `Wrote`, `Returned` and `Broken` of a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hpopt.errors import HpoptError
from hpopt.execution.slots import Job, Outcome


@dataclass(frozen=True)
class Setup:
    """The first thing a worker hears: the function that it is there for, pickled."""

    function: bytes
    sys_path: list[str]


@dataclass(frozen=True)
class Warm:
    """The worker has imported what it needs."""


@dataclass(frozen=True)
class Begun:
    """The worker has begun the job that it was given."""


@dataclass(frozen=True)
class Done:
    """The job is over."""

    outcome: Outcome


@dataclass(frozen=True)
class Wrote:
    """The end of what the job has written to its log since this was last said."""

    text: bytes


@dataclass(frozen=True)
class Returned:
    """The job is over; the files that it gives, by their names, as bytes [n]."""

    outcome: Outcome
    files: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Broken:
    """Nothing can run any more, and that is no fault of a job."""

    error: HpoptError


@dataclass(frozen=True)
class Gone:
    """The worker has ended; said by whoever listens to it, with the reason where it is known."""

    reason: str = ""


Order = Setup | Job
Report = Warm | Begun | Done | Broken | Gone
FarReport = Begun | Wrote | Returned | Broken
