"""Watches over the trials that run: ends one that takes too long, or too much memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from hpopt.clock import running_s
from hpopt.execution.child import Child
from hpopt.execution.logs import log_path, shorten_log
from hpopt.execution.resources import Resources
from hpopt.execution.slots import PREFLIGHT
from hpopt.shown import show_bytes

_EVERY_S = 0.1
_LOGS_EVERY = 10
# A longer gap means that hpopt itself was held up, and may not have heard of a trial's end yet.
_HELD_UP_S = 5.0
# `trial_timeout: auto`: a trial that has computed for less than the second in the first, or takes
# so many times as long as any before it, and longer than the last. TensorFlow's own threads, once
# a network was fitted, take 3 ms a second for nothing.
_STILL_S = 60.0
_STILL_CPU_S = 0.6
_TIMES_THE_LONGEST = 50
_LEAST_TIMEOUT_S = 3600.0


class Watch:
    """A thread that looks at every worker ten times a second."""

    def __init__(self, resources: Resources) -> None:
        self.children: Sequence[Child] = ()  # replaced, never changed: the thread reads it
        self.longest_s = 0.0  # of the trials that came to their end
        self._resources = resources
        self._last_work: dict[Child, tuple[float, float]] = {}  # when it was seen, its CPU seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        looks, last = 0, time.monotonic()
        while not self._closed.wait(_EVERY_S):
            now = time.monotonic()
            held_up, last = now - last > _HELD_UP_S, now
            for child in self.children:
                self._look_at(child, running_s(), is_late=held_up)
                if looks % _LOGS_EVERY == 0 and child.job is not None:
                    shorten_log(log_path(child.job))
            looks += 1

    def _look_at(self, child: Child, now: float, *, is_late: bool) -> None:
        limit = self._resources.memory_limit_bytes
        if limit is not None and child.memory_bytes() > limit:
            child.end(f"used more than {show_bytes(limit)} of memory (execution.memory_limit)")
        begun = child.begun_s
        if begun is None or is_late:
            self._last_work.pop(child, None)
            return
        timeout, job = self._resources.timeout_s, child.job
        # Where the limit of trials is too short to count for other work, a hang is to show too.
        is_freed = job is not None and job.work is not None and (timeout or 0) < job.least_timeout_s
        if (timeout is None or is_freed) and self._stands_still(child, now):
            reason = f"hung: did nothing for {_STILL_S:g} s (execution.trial_timeout)"
            child.end(reason, says_where=True)
        if timeout is None:
            timeout = max(_LEAST_TIMEOUT_S, _TIMES_THE_LONGEST * self.longest_s)
            if job is not None and (job.fold == PREFLIGHT or job.least_timeout_s):
                timeout = 0.0  # no trial: it has what it has in any case
        timeout = max(timeout, job.least_timeout_s if job is not None else 0.0)
        if now - begun > timeout:
            reason = f"took longer than {timeout:g} s (execution.trial_timeout)"
            child.end(reason, says_where=True)

    def _stands_still(self, child: Child, now: float) -> bool:
        cpu_s = child.cpu_s()
        since, before = self._last_work.get(child, (now, cpu_s))
        if cpu_s - before > _STILL_CPU_S:
            since, before = now, cpu_s
        self._last_work[child] = (since, before)
        return now - since > _STILL_S
