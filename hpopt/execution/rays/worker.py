"""A worker of Ray as hpopt sees it."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.errors import RunError, in_words
from hpopt.execution.messages import Begun, Gone
from hpopt.execution.rays.files import Node, Parcel, Parcels
from hpopt.execution.resources import Resources
from hpopt.execution.slots import PREFLIGHT, Job, TrialFunction


class Worker:
    """An actor, placed by Ray or about to be; `stream` has what it says while it is at work."""

    def __init__(self, actor: Any, greeting: tuple[Any, ...]) -> None:
        """Ask it where it is, with the arguments of `look_around`."""
        self.stream: Any = actor.look_around.remote(*greeting)
        self.node: Node | None = None  # where it is, once that is known
        self.job: Job | None = None
        self.begun_s: float | None = None  # when its job began
        self._over_s: float | None = None  # when its last job was over
        self._actor = actor
        self._brings: Mapping[str, Parcel] = {}  # they are there for as long as they are held

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a job."""
        return self.node is not None and self.stream is None

    def hear(self) -> Any:
        """What it says next, once that is there; Gone in its place. Raises RunError if it can't."""
        import ray

        try:
            said = ray.get(self.stream if self.job is None else next(self.stream))
        except ray.exceptions.RayTaskError as error:  # of its own making: it would be so again
            where = f" on {self.node.name}" if self.node else ""
            raise RunError(f"a worker can't work{where}: {in_words(error.cause)}") from error
        except ray.exceptions.RayError as error:
            return Gone(_why(error))
        if isinstance(said, Begun):
            assert self.node is not None
            self.begun_s = time.monotonic()
            self.node.has.update((name, parcel.stamp) for name, parcel in self._brings.items())
            self._brings = {}
        if said is None:
            self.stream = None
        return said

    def begin(self, node: Node, function: TrialFunction, resources: Resources) -> None:
        """Have it start its process on the node that it is on."""
        self.node = node
        there = function if node.sees_files else function.at(node.folder)
        self.stream = self._actor.begin.remote(pickle.dumps(there), resources, node.beside)

    def give(self, job: Job, function: TrialFunction, parcels: Parcels) -> None:
        """Hand over a job with all that it reads and takes; `function` is that of the slots."""
        assert self.node is not None
        work = job.work
        if not self.node.sees_files:
            self._brings = parcels.of(job.function(function).reads(job.fold), self.node)
            work = work and work.at(self.node.folder)
        takes = {name: np.fromfile(job.folder / name, np.uint8) for name in job.takes}
        self.job, self.begun_s = job, None
        self.stream = self._actor.run.options(name=title_of(job)).remote(
            replace(job, work=None), work and pickle.dumps(work), self._brings, takes
        )

    def finish(self) -> float:
        """Take back the job that is over, and give the seconds that it took."""
        assert self.begun_s is not None
        self.job = self.stream = None
        self._over_s = time.monotonic()
        return self._over_s - self.begun_s

    def idle_s(self) -> float:
        """How long it has had nothing to do since its last job; 0 if it has had none."""
        return 0.0 if self._over_s is None else time.monotonic() - self._over_s

    def retire(self) -> Any:
        """Have it leave nothing behind on its node; what comes back can be waited for."""
        return self._actor.retire.remote()

    def end(self) -> None:
        """End it at once, and its process with it."""
        import ray

        with suppress(ray.exceptions.RayError):
            ray.kill(self._actor)


def title_of(job: Job) -> str:
    """What a job is called in Ray's dashboard."""
    if job.work is not None:
        return f"work of {type(job.work).__name__}"
    if job.fold == PREFLIGHT:
        return "preflight"
    return f"trial {job.number}" + (f", fold {job.fold}" if job.fold else "")


def _why(error: Exception) -> str:
    """What Ray says of the cause, as far as it knows it."""
    found = re.search(r"(?:is dead|died) because (.+?)\.?(?:\. |$)", str(error), re.MULTILINE)
    return found[1] if found else in_words(error)
