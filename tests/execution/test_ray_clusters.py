"""Clusters of Ray, whose nodes are all pretended on this machine."""

import math
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from analytic import objective as analytic
from far import hidden
from functions import Analytic
from test_far import objective  # noqa: F401 (a fixture)

from hpopt.data.folds import OWN, WHOLE
from hpopt.errors import RunError
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, TrialFinished, TrialLost

pytest.importorskip("ray", reason='Ray is not installed: pip install "hpopt[ray]"')

from ray.cluster_utils import Cluster

from hpopt.execution.rays import actor, files
from hpopt.execution.rays.slots import RaySlots

ON_RAY = Resources(1, 1, [], math.inf, math.inf, "ray")


@pytest.fixture(scope="module")
def cluster():
    """A head without processors: no worker is on it."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # others may have the processors
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        yield cluster
        ray.shutdown()
        cluster.shutdown()


@contextmanager
def node_of(cluster, cpus=1, **options):
    node = cluster.add_node(num_cpus=cpus, **options)
    try:
        yield node
    finally:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)


@contextmanager
def slots_on(cluster, workers, function=analytic, resources=ON_RAY):
    import ray

    slots = RaySlots(function, replace(resources, workers=workers, address=cluster.address))
    try:
        yield slots
    finally:
        slots.close()
        assert ray.is_initialized()  # the cluster, and this process in it, are there for others
        ray.shutdown()


def wait_for(slots, count=1, patience_s=240):
    events, deadline = [], time.monotonic() + patience_s
    while len(events) < count and time.monotonic() < deadline:
        events += slots.events(0.5)
    return events


def until_free(slots, count, patience_s=60):
    deadline = time.monotonic() + patience_s
    while slots.free < count:
        assert time.monotonic() < deadline
        slots.events(0.2)


def test_workers_are_as_many_as_nodes_have_room_for_and_one_that_goes_costs_its_trials(
    cluster, tmp_path
):
    def job(number, does, **more):
        return Job(number, {"does": does, **more}, 0, tmp_path / str(number))

    with slots_on(cluster, 3) as slots:
        assert slots.free == 1  # it waits for a node
        slots.submit(job(1, "work"))
        assert slots.free == 0
        with node_of(cluster) as lost:
            assert isinstance(wait_for(slots)[0], TrialFinished)
            assert slots.free == 1
            with node_of(cluster, cpus=2):
                until_free(slots, 3)
                for number in (2, 3, 4):
                    slots.submit(job(number, "talk and sleep"))
                while not all((tmp_path / name / "log.txt").is_file() for name in "234"):
                    slots.events(0.1)
                cluster.remove_node(lost)
                [event] = wait_for(slots)
                assert isinstance(event, TrialLost)
                assert "its node has died" in event.reason
                others = {2, 3, 4} - {event.job.number}
                for number in others:
                    slots.kill(job(number, "talk and sleep"))
                assert {event.job.number for event in wait_for(slots, 2)} == others
                until_free(slots, 2)
                slots.submit(event.job)
                assert slots.free == 1


def test_a_node_with_other_versions_is_named(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Ray has workers look for modules where the driver stands
    older = tmp_path / "older"
    (older / "hpopt").mkdir(parents=True)
    (older / "hpopt" / "__init__.py").touch()
    (older / "hpopt" / "version.py").write_text('VERSION = "0.0.1"\n')
    without = tmp_path / "without"
    without.mkdir()
    (without / "hpopt.py").write_text("raise ImportError\n")
    for path, has in ((older, "has hpopt 0.0.1"), (without, "has no hpopt")):
        with (
            node_of(cluster, env_vars={"PYTHONPATH": str(path)}),
            slots_on(cluster, 1) as slots,
        ):
            slots.submit(Job(1, {"does": "work"}, 0, tmp_path / "1"))
            with pytest.raises(RunError, match=rf"the node \S+ \(\S+\) {has}, and this process "):
                wait_for(slots)


@dataclass(frozen=True)
class Reading(Analytic):
    """Gives the sum of the numbers in a file."""

    path: Path

    def __call__(self, params, *, seed, folder, fold=0):
        result = super().__call__({"does": "go on"}, seed=seed, folder=folder)
        return replace(result, value=float(np.load(self.path).sum()), state=str(self.path))

    def reads(self, fold):
        return {"rows/numbers.npy": self.path}

    def at(self, folder):
        return replace(self, path=folder / "rows" / "numbers.npy")


@pytest.mark.parametrize("sees", [pytest.param(True, marks=pytest.mark.long), False])
def test_files_are_read_where_they_are_or_brought_to_each_node_once(
    cluster, tmp_path, monkeypatch, sees
):
    path = tmp_path / "numbers.npy"
    np.save(path, np.arange(10_000))
    if not sees:
        monkeypatch.setattr(actor, "_sees", lambda files: False)
    monkeypatch.setattr(files, "_CHUNK_BYTES", 10_000)
    (tmp_path / "state").write_text("41")
    with node_of(cluster, 2), slots_on(cluster, 2, Reading(analytic.function, path)) as slots:
        until_free(slots, 2)
        [node] = slots._nodes.values()
        there = path if sees else node.folder / "rows" / "numbers.npy"
        states = set()
        for first in (1, 3):
            for number in (first, first + 1):  # one for each worker
                slots.submit(Job(number, {}, 0, tmp_path, takes=("state",), gives=("note",)))
            for event in wait_for(slots, 2):
                assert event.result.value == 49_995_000
                assert event.result.state == str(there)
            states.add((there.stat().st_ino, there.stat().st_mtime_ns))
        assert len(states) == 1
        assert (tmp_path / "note").read_text().startswith("0 0 ")
        assert len(slots._parcels._made) == 0  # what nobody fetches is given back
        if not sees:
            np.save(path, np.arange(10))
            until_free(slots, 2)
            slots.submit(Job(5, {}, 0, tmp_path, takes=("state",)))
            assert wait_for(slots)[0].result.value == 45
    assert sees or not node.folder.exists()


def seen_gpus(params, *, seed, folder, fold=0):
    result = analytic({"does": "wait", "x": 1.0}, seed=seed, folder=folder)
    return replace(result, state=os.environ.get("CUDA_VISIBLE_DEVICES"))


@pytest.mark.long
def test_two_trials_share_a_gpu_and_see_the_one_that_ray_has_given_them(cluster, tmp_path):
    half = replace(ON_RAY, gpus_per_trial=0.5)
    with (
        node_of(cluster, 4, num_gpus=2),
        slots_on(cluster, 4, Analytic(seen_gpus), half) as slots,
    ):
        until_free(slots, 4)
        for number in range(4):
            slots.submit(Job(number, {}, 0, tmp_path / str(number)))
        seen = sorted(event.result.state for event in wait_for(slots, 4))
    assert seen == ["0", "0", "1", "1"]


@pytest.mark.keras
@pytest.mark.long
def test_a_real_trial_gives_the_same_where_no_file_of_the_driver_is_seen(
    cluster,
    objective,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setattr(actor, "_sees", lambda files: False)
    monkeypatch.setattr(files, "_CHUNK_BYTES", 1000)
    with node_of(cluster, cpus=2), slots_on(cluster, 2, objective) as slots:
        until_free(slots, 2)
        [node] = slots._nodes.values()
        for fold in (OWN, 2, WHOLE):
            reads = {path.parent for path in objective.reads(fold).values()}
            slots.submit(Job(1, {}, 5, tmp_path / f"far {fold}", fold))
            with hidden(*reads):
                [far] = wait_for(slots)
            here = objective({}, seed=5, folder=tmp_path / f"here {fold}", fold=fold)
            assert isinstance(far, TrialFinished)
            assert far.result == replace(here, seconds=far.result.seconds)
            if here.weights is not None:
                kept = [
                    np.load(tmp_path / f"{place} {fold}" / here.weights)
                    for place in ("far", "here")
                ]
                assert all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[1])
        rows = node.folder / "rows" / "train.inputs.npy"
        written = rows.stat().st_ino
        for number in (2, 3):  # one for each of the two workers
            slots.submit(Job(number, {}, 5, tmp_path / str(number)))
        assert all(isinstance(event, TrialFinished) for event in wait_for(slots, 2))
        assert rows.stat().st_ino == written
        until_free(slots, 2)
    assert not node.folder.exists()
