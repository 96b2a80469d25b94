"""What `auto` means in the section `execution`, on this machine and for this run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
    memory_limit_bytes: float  # infinite for none
    timeout_s: float | None  # None goes by how long trials take, infinite is none
    backend: str = "processes"  # a name in `hpopt/execution/choosing.py`

    @classmethod
    def of(cls, settings: Execution, *, n_jobs: int) -> Self:
        """Settle what `settings` leave to the machine, for a run of `n_jobs` jobs."""
        cores, gpus, free = count_processors(), find_gpus(), free_memory_bytes()
        if settings.workers == "auto":
            # Each trial that runs at once is one whose result the search does not know yet.
            most = len(gpus) or (cores - 1 if cores >= _MANY_CORES else cores)
            workers = max(1, min(most, free // WORKER_BYTES, math.isqrt(n_jobs)))
        else:
            workers = settings.workers
        threads, timeout = settings.threads_per_worker, settings.trial_timeout
        limit: float = math.inf
        if settings.memory_limit == "auto":
            limit = max(_LEAST_LIMIT_BYTES, _SHARE * free / max(1, workers))
        elif settings.memory_limit is not None:
            limit = memory_bytes(settings.memory_limit)
        return cls(
            workers=workers,
            threads=max(1, cores // max(1, workers)) if threads == "auto" else threads,
            gpus=gpus,
            memory_limit_bytes=limit,
            timeout_s=None if timeout == "auto" else math.inf if timeout is None else timeout,
            backend="processes" if workers else "serial",
        )

    def environment(self, place: int) -> dict[str, str]:
        """The variables of the environment that a worker starts in."""
        names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
        threads = {f"{name}_NUM_THREADS": str(self.threads) for name in names}
        threads["VECLIB_MAXIMUM_THREADS"] = threads.pop("VECLIB_MAXIMUM_NUM_THREADS")
        threads |= {f"TF_NUM_{kind}_THREADS": str(self.threads) for kind in ("INTRAOP", "INTEROP")}
        if not self.gpus:
            return threads
        return threads | {"CUDA_VISIBLE_DEVICES": self.gpus[place % len(self.gpus)]}
