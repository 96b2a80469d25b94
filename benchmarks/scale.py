"""What it costs to have many workers: trials that sleep, on Ray and in our own processes.

    python benchmarks/scale.py [--backends processes ray] [--workers 1 2 8] [--trials 15]
        [--seconds 2] [--nodes 2] [--engine random]

All workers are warm before the clock starts. Perfect is `trials` for each worker, one behind the
other; the efficiency is its time over the time that it took. Ray's nodes are pretended on this
machine (`ray.cluster_utils.Cluster`), with as many processors as there are to be workers: trials
that sleep need none. CPU is the main process', and memory the most that it ever had. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpopt.execution.choosing import make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, Slots
from hpopt.runs.events import Header
from hpopt.runs.folder import Run
from hpopt.search.engines import make_searcher
from hpopt.space.dimensions import Params, Real
from hpopt.space.space import Space
from hpopt.tracking.observer import Observer
from hpopt.trials import Result
from hpopt.tuning.budget import Budget
from hpopt.tuning.loop import search

SPACE = Space([Real(name, -1, 1, default=0.5) for name in ("x", "y", "z")])


@dataclass(frozen=True)
class Sleeping:
    """A trial function that sleeps, and gives the value of a bowl."""

    seconds: float

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = 0) -> Result:
        time.sleep(self.seconds)
        value = sum(float(x) ** 2 for x in params.values())  # type: ignore[arg-type]
        return Result(value, {"rmse": value}, [value], {}, 1, self.seconds)

    def warm_up(self) -> None:
        pass

    def reads(self, fold: int) -> dict[str, Path]:
        return {}

    def at(self, folder: Path) -> Sleeping:
        return self


def main() -> None:
    """Print a line for each backend and count of workers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backends", nargs="+", default=["processes", "ray"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 8])
    parser.add_argument("--trials", type=int, default=15, help="for each worker")
    parser.add_argument("--seconds", type=float, default=2.0, help="that a trial takes")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--engine", default="random")
    asked = parser.parse_args()
    logging.disable()
    os.environ.setdefault("RAY_worker_niceness", "0")  # as our own processes are
    print(
        f"Trials of {asked.seconds:g} s, {asked.trials} a worker, `engine: {asked.engine}`, "
        f"{os.cpu_count()} processors; Ray has {asked.nodes} nodes.\n"
    )
    print("| backend | workers | start, s | time, s | efficiency | ms lost a trial | CPU, s | MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for backend in asked.backends:
        for workers in asked.workers:
            with cluster_for(backend, workers, asked.nodes) as address:
                resources = Resources(workers, 1, [], math.inf, math.inf, backend, address)
                print(measured(resources, asked), flush=True)


@contextmanager
def cluster_for(backend: str, workers: int, nodes: int) -> Iterator[str | None]:
    """The address of a cluster with room for so many workers, where the backend needs one."""
    if backend != "ray":
        yield None
        return
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for node in range(min(nodes, workers)):
        cluster.add_node(num_cpus=len(range(node, workers, nodes)))
    try:
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


def measured(resources: Resources, asked: Any) -> str:
    """Make the trials, and give the line of the table."""
    workers, n_calls = resources.workers, asked.trials * resources.workers
    with tempfile.TemporaryDirectory(prefix="hpopt-scale-") as folder:
        began_s = time.perf_counter()
        with closing(make_slots(Sleeping(asked.seconds), resources)) as slots:
            until_warm(slots, workers, Path(folder))
            start_s = time.perf_counter() - began_s
            header = Header("0", "rmse", False, {}, {}, SPACE.to_json())
            with closing(Run.create(Path(folder), "scale", header)) as run:
                cpu_s, began_s = time.process_time(), time.perf_counter()
                search(
                    run,
                    SPACE,
                    make_searcher(asked.engine, n_calls=n_calls),
                    slots,
                    budget=Budget(n_calls),
                    seed=0,
                    keep_weights=0,
                    observer=Observer(),
                    stop=threading.Event(),
                )
                took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    perfect_s = asked.trials * asked.seconds
    lost_ms = 1000 * (took_s - perfect_s) * workers / n_calls
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {resources.backend} | {workers} | {start_s:.1f} | {took_s:.1f} | "
        f"{perfect_s / took_s:.3f} | {lost_ms:.0f} | {cpu_s:.1f} | {megabytes:.0f} |"
    )


def until_warm(slots: Slots, workers: int, folder: Path) -> None:
    """Have every worker there, and have had each one make a trial."""
    while slots.free < workers:
        slots.events(0.1)
    for number in range(workers):
        slots.submit(Job(number, SPACE.defaults, 0, folder / str(number)))
    ended = 0
    while ended < workers:
        ended += len(slots.events(1.0))


if __name__ == "__main__":
    from scale import main as main_of_module  # workers import what they run by the module's name

    main_of_module()
