"""Slots for whole trials, where a trial is several fits that may run side by side."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field, replace
from typing import assert_never

from hpopt.execution.resampling import Resampling
from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFinished, TrialLost
from hpopt.trials import Result


@dataclass
class _Trial:
    """A trial that has begun: what it was submitted as, its fits, and what came of them."""

    job: Job
    fits: list[Job]
    running: list[Job] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)
    outcome: Outcome | None = None  # its own, once it is settled


class FoldedSlots:
    """Takes whole trials and hands their fits to other slots.

    The fits left over of a trial that has begun come before the next trial. The first of them that
    ends without a value ends the trial: those that wait are withdrawn, those that run are killed.
    """

    def __init__(self, slots: Slots, resampling: Resampling) -> None:
        self._slots, self._resampling = slots, resampling
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
        fits = self._resampling.jobs(job)
        self._trials[job.number] = _Trial(job, fits)
        self._waiting.extend(fits)
        self._fill()

    def events(self, timeout_s: float) -> list[Outcome]:
        """What trials have come to since the last call; waits up to `timeout_s` for a fit."""
        ended: list[Outcome] = []
        for outcome in self._slots.events(timeout_s):
            trial = self._trials[outcome.job.number]
            trial.running.remove(outcome.job)
            self._take(trial, outcome)
            if trial.outcome is not None and not trial.running:
                del self._trials[trial.job.number]
                ended.append(trial.outcome)
        self._fill()
        return ended

    def kill(self, job: Job) -> None:
        """End a trial; it is reported as failed. One that is over is left alone."""
        trial = self._trials.get(job.number)
        if trial is not None:
            self._settle(trial, TrialFailed(job, "killed"))

    def close(self) -> None:
        """Give everything back; trials that still run are lost."""
        self._waiting.clear()
        self._slots.close()

    def _fill(self) -> None:
        while self._waiting and self._slots.free:
            fit = self._waiting.popleft()
            self._trials[fit.number].running.append(fit)
            self._slots.submit(fit)

    def _take(self, trial: _Trial, outcome: Outcome) -> None:
        """The one place that says what the outcome of a fit means for its trial."""
        match outcome:
            case TrialFinished():
                trial.results[trial.fits.index(outcome.job)] = outcome.result
                if len(trial.results) == len(trial.fits):
                    self._settle(trial, self._finished(trial))
            case TrialFailed() | TrialLost():
                self._settle(trial, replace(outcome, job=trial.job))
            case _:
                assert_never(outcome)

    def _settle(self, trial: _Trial, outcome: Outcome) -> None:
        """Give a trial its outcome, unless it has one; what is left of its fits is of no use."""
        if trial.outcome is None:
            trial.outcome = outcome
            self._waiting = deque(fit for fit in self._waiting if fit.number != trial.job.number)
            for fit in trial.running:
                self._slots.kill(fit)

    def _finished(self, trial: _Trial) -> TrialFinished:
        results = [trial.results[index] for index in range(len(trial.fits))]
        result = self._resampling.result(results)
        if result.state is None:
            for fit in trial.fits[1:]:  # what they left is of no further use
                shutil.rmtree(fit.folder, ignore_errors=True)
        return TrialFinished(trial.job, result)
