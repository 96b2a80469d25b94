"""One slot in this very process: a job runs while its events are waited for."""

from __future__ import annotations

from hpopt.execution.resources import Resources
from hpopt.execution.running import run_job
from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFunction


def slots_for(function: TrialFunction, resources: Resources) -> Slots:
    """One slot, whatever else there is."""
    return SerialSlots(function)


class SerialSlots:
    """Runs each job inside `events`, which therefore takes as long as the job does."""

    def __init__(self, function: TrialFunction) -> None:
        self._function = function
        self._job: Job | None = None
        self._killed: list[Outcome] = []

    @property
    def free(self) -> int:
        """1 when no job waits, else 0."""
        return 0 if self._job else 1

    def submit(self, job: Job) -> None:
        """Keep the job until `events` runs it."""
        if self._job is not None:
            raise RuntimeError(f"trial {self._job.number} holds the only slot")
        self._job = job

    def events(self, timeout_s: float) -> list[Outcome]:
        """Run the job that waits, however long it takes, and report its end."""
        events, self._killed = self._killed, []
        if self._job is not None:
            job, self._job = self._job, None
            events.append(run_job(self._function, job, job.folder))
        return events

    def kill(self, job: Job) -> None:
        """Withdraw the job if it still waits: one that runs in this process can't be ended."""
        if self._job == job:
            self._job = None
            self._killed.append(TrialFailed(job, "killed before it began"))

    def close(self) -> None:
        """Forget a job that waits."""
        self._job = None
