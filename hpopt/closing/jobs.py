"""Runs the fits of a closing step in the slots that the search has left."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator

from hpopt.execution.slots import Job, Outcome, Slots, TrialLost

_PATIENCE_S = 1.0


class Stopped(Exception):  # noqa: N818 (it is no error)
    """A step was left in the middle, because the run was asked to stop."""


def run_jobs(
    slots: Slots, jobs: Iterable[Job], stop: threading.Event | None = None
) -> Iterator[Outcome]:
    """Run jobs side by side and give each one's end as it comes.

    One that was ended from outside is run again once. Those that still run when nobody asks any
    more are killed. Once `stop` is set no other begins; raises Stopped where some are left then.
    """
    waiting, running, again = deque(jobs), list[Job](), list[Job]()
    try:
        while waiting or running:
            is_stopped = stop is not None and stop.is_set()
            if is_stopped and not running:
                raise Stopped
            while waiting and slots.free and not is_stopped:
                running.append(waiting.popleft())
                slots.submit(running[-1])
            for event in slots.events(_PATIENCE_S):
                if event.job not in running:  # left over of the search
                    continue
                running.remove(event.job)
                if isinstance(event, TrialLost) and event.job not in again:
                    again.append(event.job)
                    waiting.append(event.job)
                else:
                    yield event
    finally:
        for job in running:
            slots.kill(job)
