"""The section `execution` of the YAML: where trials run, and what ends one that goes wrong."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt
from pydantic import field_validator, model_validator

from hpopt.grammar import Count, Section

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT])(i?)B", re.IGNORECASE)
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}


class Execution(Section):
    """Where trials run: in workers, each of which is a process that runs one at a time."""

    backend: Literal["processes", "ray"] = "processes"
    """What carries the trials: worker `processes` of this machine, or `ray`, on a cluster of many.
    Ray needs `pip install "hpopt[ray]"`."""
    address: str | None = None
    """Of `ray`: the cluster to join, `auto` for the one that this machine is in, or `host:port`.
    `null` goes by the variable RAY_ADDRESS, or else starts Ray on this machine."""
    cpus_per_trial: Annotated[float, Gt(0)] = 1
    """Of `ray`: the processors that a worker reserves."""
    gpus_per_trial: Annotated[float, Ge(0)] = 0
    """Of `ray`: the GPUs that a worker reserves; 0.25 lets four workers share one."""
    workers: Literal["auto"] | Annotated[int, Ge(0)] = "auto"
    """How many trials run at once, each in a process of its own; `auto` goes by the processors, the
    memory, the GPUs and `search.n_calls`. 0 runs them in hpopt's own process, for a debugger. In a
    cluster as many of them work as there is room for."""
    threads_per_worker: Literal["auto"] | Count = "auto"
    """How many threads a worker computes with; `auto` shares the processors out, and of `ray` takes
    those that are reserved."""
    trial_timeout: Literal["auto"] | Annotated[float, Gt(0)] | None = "auto"
    """The seconds after which a trial has failed; `auto` ends one that does nothing for a minute,
    or takes fifty times as long as the longest before it, and an hour at least. `null`: never."""
    memory_limit: str | None = "auto"
    """The memory, such as `4 GB`, with which a trial has failed; `auto` is a worker's share of four
    fifths of what is free when the run begins. `null`: no limit."""
    max_failures: Count | None = 20
    """So many trials that fail in a row end the search. `null`: it goes on."""

    @field_validator("address")
    @classmethod
    def _is_no_client(cls, address: str | None) -> str | None:
        if address is not None and address.startswith("ray://"):
            raise ValueError("run hpopt in the cluster itself: ray job submit -- hpopt tune ...")
        return address

    @model_validator(mode="after")
    def _fits_its_backend(self) -> Self:
        if self.backend == "ray" and self.workers == 0:
            raise ValueError("`backend: ray` needs workers: `workers: 0` runs trials in hpopt")
        of_ray = {"address", "cpus_per_trial", "gpus_per_trial"} & self.model_fields_set
        if of_ray and "backend" not in self.model_fields_set:
            names = ", ".join(f"`{name}`" for name in sorted(of_ray))
            raise ValueError(f"only `backend: ray` has {names}: say `backend` too")
        return self

    @field_validator("memory_limit", mode="before")
    @classmethod
    def _is_a_size(cls, text: Any) -> Any:
        if text not in ("auto", None) and not memory_bytes(str(text)):
            raise ValueError("write a size such as `4 GB` or `800 MB`, `auto` or null")
        return text


def memory_bytes(text: str) -> int:
    """A size such as `4 GB` in bytes; 0 where it is none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return 0
    return int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].upper()])
