"""What `auto` means in the section `execution`, on this machine and for this run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from hpopt.execution.machine import count_processors, find_gpus, free_memory_bytes
from hpopt.execution.settings import Execution, memory_bytes

# What a worker needs at the least, and what a trial may always have.
WORKER_BYTES = 1_500_000_000
_LEAST_LIMIT_BYTES = 2_000_000_000
_SHARE = 0.8
# With so many cores one is left for whoever sits at the machine, and for the search.
_MANY_CORES = 4


@dataclass(frozen=True)
class Resources:
    """What trials have to run on, with every `auto` settled."""

    workers: int  # 0: trials run in this process
    threads: int
    gpus: Sequence[str]  # as CUDA_VISIBLE_DEVICES names them
    memory_limit_bytes: float | None  # infinite for none; None is settled where a worker is
    timeout_s: float | None  # None goes by how long trials take, infinite is none
    backend: str = "processes"  # a name in `hpopt/execution/choosing.py`
    # Of a cluster: where it is (None starts one here), and what a worker reserves of a node.
    address: str | None = None
    cpus_per_trial: float = 1
    gpus_per_trial: float = 0

    @classmethod
    def of(cls, settings: Execution, *, n_jobs: int) -> Self:
        """Settle what `settings` leave to the machine, for a run of `n_jobs` jobs."""
        if settings.backend == "ray":
            return cls._of_ray(settings, n_jobs)
        cores, gpus, free = count_processors(), find_gpus(), free_memory_bytes()
        if settings.workers == "auto":
            # Each trial that runs at once is one whose result the search does not know yet.
            most = len(gpus) or (cores - 1 if cores >= _MANY_CORES else cores)
            workers = max(1, min(most, free // WORKER_BYTES, math.isqrt(n_jobs)))
        else:
            workers = settings.workers
        threads, limit = settings.threads_per_worker, _limit_bytes(settings)
        return cls(
            workers=workers,
            threads=max(1, cores // max(1, workers)) if threads == "auto" else threads,
            gpus=gpus,
            memory_limit_bytes=_share_bytes(free, workers) if limit is None else limit,
            timeout_s=_timeout_s(settings),
            backend="processes" if workers else "serial",
        )

    @classmethod
    def _of_ray(cls, settings: Execution, n_jobs: int) -> Self:
        """As many workers as asked for, or as the run has use for: the cluster may come to grow."""
        workers, threads = settings.workers, settings.threads_per_worker
        return cls(
            workers=max(1, math.isqrt(n_jobs)) if workers == "auto" else workers,
            threads=max(1, int(settings.cpus_per_trial)) if threads == "auto" else threads,
            gpus=(),
            memory_limit_bytes=_limit_bytes(settings),
            timeout_s=_timeout_s(settings),
            backend="ray",
            address=settings.address,
            cpus_per_trial=settings.cpus_per_trial,
            gpus_per_trial=settings.gpus_per_trial,
        )

    def on_this_node(self, beside: int) -> Self:
        """Those of one of so many workers on the machine that this process is on.

        Which GPUs it sees has been settled for this process.
        """
        limit = self.memory_limit_bytes
        if limit is None:
            limit = _share_bytes(free_memory_bytes(), beside)
        return replace(self, workers=1, gpus=(), memory_limit_bytes=limit)

    def environment(self, place: int) -> dict[str, str]:
        """The variables of the environment that a worker starts in."""
        names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
        threads = {f"{name}_NUM_THREADS": str(self.threads) for name in names}
        threads["VECLIB_MAXIMUM_THREADS"] = threads.pop("VECLIB_MAXIMUM_NUM_THREADS")
        threads |= {f"TF_NUM_{kind}_THREADS": str(self.threads) for kind in ("INTRAOP", "INTEROP")}
        if not self.gpus:
            return threads
        return threads | {"CUDA_VISIBLE_DEVICES": self.gpus[place % len(self.gpus)]}


def _limit_bytes(settings: Execution) -> float | None:
    """The limit of a worker's memory; None where it is `auto`."""
    if settings.memory_limit == "auto":
        return None
    return math.inf if settings.memory_limit is None else memory_bytes(settings.memory_limit)


def _share_bytes(free: int, workers: int) -> float:
    """What `auto` lets each of some workers have of the memory that is free."""
    return max(_LEAST_LIMIT_BYTES, _SHARE * free / max(1, workers))


def _timeout_s(settings: Execution) -> float | None:
    timeout = settings.trial_timeout
    return None if timeout == "auto" else math.inf if timeout is None else timeout
