"""Slots in workers of Ray: warm, on whatever nodes there are, replaced when they are gone."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpopt.errors import RunError
from hpopt.execution.logs import append_log, log_path, log_tail
from hpopt.execution.messages import Begun, Broken, Gone, Returned, Wrote
from hpopt.execution.rays import actor, cluster
from hpopt.execution.rays.files import Node, Parcels, Stamp
from hpopt.execution.rays.worker import Worker, title_of
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFunction, TrialLost
from hpopt.files import write_whole

log = logging.getLogger(__name__)

# A job may wait for the next free worker where workers idle for more than this share of their time.
_IDLE_SHARE = 0.05
# So many workers, and as many as there are at once, may go one after the other before a job begins.
_MOST_FALSE_STARTS = 3
_PATIENCE_S = 600.0  # for the first worker: a cluster may have to start a machine for it
_GOODBYE_S = 5.0


def slots_for(function: TrialFunction, resources: Resources) -> Slots:
    """A slot for each worker that the resources allow, as far as the cluster has room."""
    return RaySlots(function, resources)


class RaySlots:
    """An actor for each slot. Ray places it, now or when there is room, and again when it is gone.

    A job may be submitted that waits for the first worker that is free: where none is there, and,
    with several, where they have idled noticeably.
    """

    def __init__(self, function: TrialFunction, resources: Resources) -> None:
        """Have the workers started, without waiting for them. Raises RunError without a Ray."""
        self._is_ours = cluster.enter(resources)
        import ray

        self._ray, self._function, self._resources = ray, function, resources
        self._nodes: dict[str, Node] = {}
        self._parcels = Parcels(ray.put)
        self._workers: list[Worker] = []
        self._waiting: deque[Job] = deque()
        self._events: list[Outcome] = []
        self._begun_s, self._has_worked, self._false_starts = time.monotonic(), False, 0
        self._idle_s = self._busy_s = 0.0
        try:
            cluster.check_room(resources, may_grow=not self._is_ours)
            ray.cloudpickle.register_pickle_by_value(actor)
            self._actor = ray.remote(actor.Actor).options(
                num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial
            )
            actors = [self._actor.remote() for _ in range(resources.workers)]
            stamps = {str(path): Stamp.of(path) for path in function.reads(0).values()}
            seen = {path: (stamp.size, stamp.modified_ns) for path, stamp in stamps.items()}
            self._greeting = uuid.uuid4().hex[:12], sys.path, seen
            self._workers = [Worker(each, self._greeting) for each in actors]
        except BaseException:
            self.close()
            raise

    @property
    def free(self) -> int:
        """How many jobs can be submitted now."""
        idle = sum(worker.is_idle for worker in self._workers)
        may_wait = self._may_wait or all(worker.node is None for worker in self._workers)
        return idle or (1 if may_wait and not self._waiting else 0)

    def submit(self, job: Job) -> None:
        """Hand over a job. RuntimeError if no slot is free."""
        if not self.free:
            raise RuntimeError(f"there is no slot for trial {job.number}")
        self._waiting.append(job)
        self._give_waiting()

    def events(self, timeout_s: float) -> list[Outcome]:
        """What jobs have come to since the last call; waits up to `timeout_s` for one.

        Raises RunError where workers can't run at all, a node does not fit this process, or a job
        could not write its files.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            patience_s = 0.0 if self._events else max(0.0, deadline - time.monotonic())
            at_work = {id(w.stream): w for w in self._workers if w.stream is not None}
            if not at_work:
                time.sleep(patience_s)
                break
            streams = [worker.stream for worker in at_work.values()]
            ready, _ = self._ray.wait(streams, timeout=patience_s, fetch_local=False)
            if not ready:
                break
            self._hear(at_work[id(ready[0])])
            self._give_waiting()
        if not self._has_worked and time.monotonic() - self._begun_s > _PATIENCE_S:
            room = cluster.describe_room(self._resources)
            raise RunError(f"no worker has started within {_PATIENCE_S:g} s: {room}")
        events, self._events = self._events, []
        return events

    def kill(self, job: Job) -> None:
        """End a submitted job; it is reported as failed. One that is over is left alone."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._events.append(TrialFailed(job, "killed before it began"))
        for worker in self._workers:
            if worker.job == job:
                tail = log_tail(log_path(job))
                self._events.append(TrialFailed(job, "killed before its end", tail))
                self._put_in_place_of(worker)

    def close(self) -> None:
        """End all workers, and a Ray that was started here; jobs that still run are lost."""
        with suppress(self._ray.exceptions.RayError):
            leaving = [worker.retire() for worker in self._workers if worker.is_idle]
            if leaving:
                self._ray.wait(leaving, num_returns=len(leaving), timeout=_GOODBYE_S)
        for worker in self._workers:
            worker.end()
        self._workers = []
        if self._is_ours:
            cluster.leave()

    @property
    def _may_wait(self) -> bool:
        # With one worker every trial is to know the results of all before it.
        return self._resources.workers > 1 and self._idle_s > _IDLE_SHARE * self._busy_s

    def _hear(self, worker: Worker) -> None:
        match worker.hear():
            case dict(here):
                self._welcome(worker, here)
            case None:
                self._has_worked = True
            case Begun():
                self._false_starts = 0
            case Wrote(text):
                assert worker.job is not None
                append_log(log_path(worker.job), text)
            case Returned() as returned:
                self._end_job(worker, returned)
            case Broken(error):
                raise error
            case Gone(reason):
                self._replace_lost(worker, reason)

    def _welcome(self, worker: Worker, here: Mapping[str, Any]) -> None:
        """A worker is there: see that its node fits this process, and have it begin."""
        cluster.check_versions(here["name"], here["versions"], actor.versions())
        if here["id"] not in self._nodes:
            beside = cluster.workers_on(here["id"], self._resources)
            node = Node(here["name"], Path(here["folder"]), here["sees_files"], beside)
            self._nodes[here["id"]] = node
            log.info("a node is there: %s, with room for %d workers", node.name, beside)
        worker.begin(self._nodes[here["id"]], self._function, self._resources)

    def _give_waiting(self) -> None:
        for worker in self._workers:
            if self._waiting and worker.is_idle:
                job = self._waiting.popleft()
                self._idle_s += worker.idle_s()
                worker.give(job, self._function, self._parcels)
                assert worker.node is not None
                log.info("%s is on %s", title_of(job), worker.node.name)

    def _end_job(self, worker: Worker, returned: Returned) -> None:
        assert worker.job is not None
        job = worker.job
        self._busy_s += worker.finish()
        for name, content in returned.files.items():
            write_whole(job.folder / name, content.tofile)
        self._events.append(replace(returned.outcome, job=job))

    def _replace_lost(self, worker: Worker, why: str) -> None:
        """A worker is gone: the job that it had begun is lost, and another takes its place."""
        where = "a node" if worker.node is None else worker.node.name
        reason, job = f"the worker on {where} is gone: {why}", worker.job
        log.warning(reason)
        if job is not None and worker.begun_s is not None:
            self._events.append(TrialLost(job, reason, log_tail(log_path(job))))
        else:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS + len(self._workers):
                raise RunError(f"no worker can be started: {reason}")
            self._waiting.extendleft([] if job is None else [job])
        self._put_in_place_of(worker)

    def _put_in_place_of(self, worker: Worker) -> None:
        worker.end()
        self._workers[self._workers.index(worker)] = Worker(self._actor.remote(), self._greeting)
