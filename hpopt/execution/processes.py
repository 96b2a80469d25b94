"""Slots in worker processes: warm, replaced when they are gone or have grown."""

from __future__ import annotations

import logging
import pickle
import queue
import time
from contextlib import suppress
from dataclasses import replace

from hpopt.errors import RunError
from hpopt.execution.child import Child
from hpopt.execution.logs import log_path, log_tail, shorten_log
from hpopt.execution.machine import free_memory_bytes
from hpopt.execution.messages import Broken, Done, Gone, Report, Warm
from hpopt.execution.resources import WORKER_BYTES, Resources
from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFunction
from hpopt.execution.watching import Watch

log = logging.getLogger(__name__)

# TensorFlow keeps about 10 MB of each new network shape for good: a worker that has grown by so
# much since its first job is replaced.
_GROWN_BYTES = 400_000_000
# After so many jobs a spare worker is kept warm: shorter runs need none.
_JOBS_BEFORE_SPARE = 10
# A job may wait for the next free worker where workers idle for more than this share of their time.
_IDLE_SHARE = 0.05
_LOG_BYTES = 2**16
_MOST_FALSE_STARTS = 3


def slots_for(function: TrialFunction, resources: Resources) -> Slots:
    """A slot for each worker that the resources allow."""
    return ProcessSlots(function, resources)


class ProcessSlots:
    """A worker process for each slot, and one that is kept warm to take the place of another.

    With several workers a job may be submitted that waits for the first of them that is free, so
    that none idles while the search thinks; the job's trial then knows one result less. That is
    offered where they have idled noticeably.
    """

    def __init__(
        self, function: TrialFunction, resources: Resources, *, spare_early: bool = True
    ) -> None:
        """Start the workers, without waiting until they are warm.

        A spare one is kept from early on, or else once a worker has grown.
        """
        self._resources = resources
        self._spare_early = spare_early
        self._function = pickle.dumps(function)
        self._inbox: queue.SimpleQueue[tuple[Child, Report]] = queue.SimpleQueue()
        self._watch = Watch(resources)
        self._spare: Child | None = None
        self._places = [
            self._start(resources.environment(place)) for place in range(resources.workers)
        ]
        self._waiting: Job | None = None
        self._events: list[Outcome] = []
        self._jobs_done = self._false_starts = 0
        self._idle_s = self._busy_s = 0.0

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        idle = sum(child.job is None for child in self._places)
        return idle or (1 if self._waiting is None and self._may_wait else 0)

    def submit(self, job: Job) -> None:
        """Hand over a job. RuntimeError if no slot is free."""
        if not self.free:
            raise RuntimeError(f"there is no slot for trial {job.number}")
        idle = [child for child in self._places if child.job is None]
        if idle:
            child = max(idle, key=lambda child: child.is_warm)
            self._idle_s += child.idle_s()
            child.give(job)
        else:
            self._waiting = job

    def events(self, timeout_s: float) -> list[Outcome]:
        """What jobs have come to since the last call; waits up to `timeout_s` for one.

        Raises RunError where workers can't run at all, or a job could not write its files.
        """
        deadline = time.monotonic() + timeout_s
        with suppress(queue.Empty):
            while True:
                patience_s = 0.0 if self._events else max(0.0, deadline - time.monotonic())
                self._hear(*self._inbox.get(timeout=patience_s))
        events, self._events = self._events, []
        return events

    def kill(self, job: Job) -> None:
        """End a submitted job; it is reported as failed. One that is over is left alone."""
        if self._waiting == job:
            self._waiting = None
            self._events.append(TrialFailed(job, "killed before it began"))
        for child in self._places:
            if child.job == job:
                tail = log_tail(log_path(job))
                self._events.append(TrialFailed(job, "killed before its end", tail))
                self._put_in_place_of(child)

    def close(self) -> None:
        """End all workers; jobs that still run are lost."""
        self._watch.close()
        for child in self._watch.children:
            child.close()
        self._watch.children = ()

    @property
    def _may_wait(self) -> bool:
        # With one worker every trial is to know the results of all before it.
        return self._resources.workers > 1 and self._idle_s > _IDLE_SHARE * self._busy_s

    def _hear(self, child: Child, report: Report) -> None:
        if child not in self._watch.children:
            return  # its last words: it has been replaced
        match report:
            case Warm():
                child.is_warm, self._false_starts = True, 0
            case Done(outcome):
                self._end_job(child, outcome)
            case Broken(error):
                raise error
            case Gone():
                self._replace_lost(child)
            case _:
                pass

    def _end_job(self, child: Child, outcome: Outcome) -> None:
        job_s = child.finish()
        if outcome.job.work is None:  # the end of a run wants no spare worker
            self._jobs_done += 1
        self._busy_s += job_s
        self._watch.longest_s = max(self._watch.longest_s, job_s)
        path = log_path(outcome.job)
        shorten_log(path, _LOG_BYTES)
        if isinstance(outcome, TrialFailed):
            outcome = replace(outcome, log_tail=log_tail(path))
        self._events.append(outcome)
        if child.grown_bytes > _GROWN_BYTES and self._spare_for(child):
            log.info("a worker has grown by %.0f MB and is replaced", child.grown_bytes / 1e6)
            self._put_in_place_of(child)
        self._give_waiting()
        self._keep_spare()

    def _replace_lost(self, child: Child) -> None:
        """A worker is gone: the job that it had begun has failed, and another takes its place."""
        if not child.is_warm:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS:
                raise RunError(f"no worker can be started: {child.describe_gone()}")
        if child is self._spare:
            self._spare = None
            self._drop(child)
        elif child.begun_s is None:
            log.warning("a worker is gone: %s", child.describe_gone())
            self._put_in_place_of(child, child.job)
        else:
            self._events.append(child.failure())
            self._put_in_place_of(child)

    def _put_in_place_of(self, child: Child, job: Job | None = None) -> None:
        """End a worker and put the spare, or else a new one, in its place; give it a job."""
        self._drop(child)
        successor = self._spare_for(child)
        if successor is None:
            successor = self._start(child.environment)
        else:
            self._spare = None
        self._places[self._places.index(child)] = successor
        if job is not None:
            successor.give(job)
        self._give_waiting()

    def _spare_for(self, child: Child) -> Child | None:
        """The spare worker, if it is warm and could do the work of `child`."""
        spare = self._spare
        fits = spare and spare.is_warm and spare.environment == child.environment
        return spare if fits else None

    def _keep_spare(self) -> None:
        if self._spare is not None or self._jobs_done < _JOBS_BEFORE_SPARE:
            return
        most_grown = max(self._places, key=lambda child: child.grown_bytes)
        is_wanted = self._spare_early or most_grown.grown_bytes > _GROWN_BYTES
        if is_wanted and free_memory_bytes() > 2 * WORKER_BYTES:
            self._spare = self._start(most_grown.environment)

    def _give_waiting(self) -> None:
        for child in self._places:
            if self._waiting is not None and child.job is None:
                child.give(self._waiting)
                self._waiting = None

    def _start(self, environment: dict[str, str]) -> Child:
        child = Child(self._function, environment, self._inbox)
        self._watch.children = (*self._watch.children, child)
        return child

    def _drop(self, child: Child) -> None:
        self._watch.children = [other for other in self._watch.children if other is not child]
        child.close()
