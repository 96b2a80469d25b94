"""Slots for whole trials, where a trial is several fits that may run side by side."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field

from hpopt.execution.evaluation import Evaluation
from hpopt.execution.slots import Job, Slots, TrialEvent, TrialFailed, TrialFinished
from hpopt.trials import Result


@dataclass
class _Trial:
    """A trial that has begun: what it was submitted as, its fits, and what came of them."""

    job: Job
    fits: list[Job]
    running: list[Job] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)
    failure: TrialFailed | None = None


class FoldedSlots:
    """Takes whole trials and hands their fits to other slots.

    The fits left over of a trial that has begun come before the next trial. The first of them that
    fails ends the trial: those that wait are withdrawn, those that run are killed.
    """

    def __init__(self, slots: Slots, evaluation: Evaluation) -> None:
        self._slots, self._evaluation = slots, evaluation
        self._trials: dict[int, _Trial] = {}
        self._waiting: deque[Job] = deque()

    @property
    def free(self) -> int:
        """How many trials can be submitted now: none while fits wait."""
        return 0 if self._waiting else self._slots.free

    def submit(self, job: Job) -> None:
        """Begin a trial. RuntimeError if no slot is free."""
        if not self.free:
            raise RuntimeError("no slot is free")
        fits = self._evaluation.jobs(job)
        self._trials[job.number] = _Trial(job, fits)
        self._waiting.extend(fits)
        self._fill()

    def events(self, timeout_s: float) -> list[TrialEvent]:
        """The trials that have ended since the last call; waits up to `timeout_s` for a fit."""
        ended: list[TrialEvent] = []
        for event in self._slots.events(timeout_s):
            trial = self._trials[event.job.number]
            trial.running.remove(event.job)
            if isinstance(event, TrialFinished):
                trial.results[trial.fits.index(event.job)] = event.result
            elif trial.failure is None:
                self._fail(trial, event)
            if (end := self._end(trial)) is not None:
                ended.append(end)
        self._fill()
        return ended

    def kill(self, job: Job) -> None:
        """End a trial; it is reported as failed. One that is over is left alone."""
        trial = self._trials.get(job.number)
        if trial is not None and trial.failure is None:
            self._fail(trial, TrialFailed(job, "killed"))

    def close(self) -> None:
        """Give everything back; trials that still run are lost."""
        self._waiting.clear()
        self._slots.close()

    def _fill(self) -> None:
        while self._waiting and self._slots.free:
            fit = self._waiting.popleft()
            self._trials[fit.number].running.append(fit)
            self._slots.submit(fit)

    def _fail(self, trial: _Trial, event: TrialFailed) -> None:
        trial.failure = event
        self._waiting = deque(fit for fit in self._waiting if fit.number != trial.job.number)
        for fit in trial.running:
            self._slots.kill(fit)

    def _end(self, trial: _Trial) -> TrialEvent | None:
        """The end of a trial, once none of its fits runs or waits any more."""
        failure = trial.failure
        if trial.running or (failure is None and len(trial.results) < len(trial.fits)):
            return None
        del self._trials[trial.job.number]
        if failure is not None:
            return TrialFailed(trial.job, failure.reason, failure.log_tail, failure.is_external)
        for fit in trial.fits[1:]:  # what they left is of no further use
            shutil.rmtree(fit.folder, ignore_errors=True)
        results = [trial.results[index] for index in range(len(trial.fits))]
        return TrialFinished(trial.job, self._evaluation.result(results))
