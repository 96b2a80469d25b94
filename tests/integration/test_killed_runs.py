"""Runs whose processes are killed at random moments: nothing that had ended is lost, nothing odd
comes of it. Real processes and real signals, on objectives that take no time."""

import os
import random
import signal
import time
from contextlib import closing

import psutil
import pytest
from conftest import rest_long
from functions import Analytic
from loops import SPACE, facts, search_in, searched, slow_bowl

from hpopt.execution.processes import ProcessSlots
from hpopt.execution.resources import Resources
from hpopt.runs.events import Header
from hpopt.runs.folder import Run

HEADER = Header("0", "rmse", False, {}, {}, SPACE.to_json())


def go_on(folder, options) -> int:
    """Go on with the run in `folder` in a process of its own, whose id comes back."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            slots = options.get("workers") and ProcessSlots(Analytic(slow_bowl), options["workers"])
            with closing(Run.reopen(folder)) as run:
                search_in(run, slots=slots, **{k: v for k, v in options.items() if k != "workers"})
                code = 0
        finally:
            os._exit(code)
    return process


def ended_within(process, seconds) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(process, os.WNOHANG)[0]:
            return True
        time.sleep(0.002)
    return False


def finished(run) -> dict:
    return {t.number: (t.params, t.value) for t in run.trials() if t.state == "finished"}


@pytest.mark.parametrize(
    ("engine", "n_calls", "longest_s"),
    rest_long([("gp", 18, 0.25), ("random", 100, 0.05), ("sobol", 100, 0.05), ("grid", 100, 0.05)]),
)
def test_a_run_killed_at_random_moments_comes_to_the_same_end(tmp_path, engine, n_calls, longest_s):
    options = {"n_calls": n_calls, "engine": engine, "acquisition": "gp_hedge", "keep_weights": 2}
    whole = searched(tmp_path / "whole", **options)
    with closing(Run.create(tmp_path, "killed", HEADER)) as run:
        folder = run.path
    chance, kills = random.Random(engine), 0
    ended: dict = {}
    while True:
        process = go_on(folder, options)
        is_patient = kills >= 12  # a run that only ever dies young comes to no end
        if ended_within(process, 60 if is_patient else chance.uniform(0.005, longest_s)):
            break
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        kills += 1
        now = finished(Run.open(folder))
        assert ended.items() <= now.items()
        ended = now
    run = Run.open(folder)
    assert kills >= 4
    assert facts(run) == facts(whole)
    assert run.end.reason == "n_calls"
    weights = {path.parent.name for path in folder.rglob("*.npz")}
    assert weights == {f"{t.number:04d}" for t in run.trials() if run.weights(t)}
    assert len(weights) <= 3


def test_workers_that_are_killed_and_whose_parent_is_killed(tmp_path):
    options = {"n_calls": 30, "workers": Resources(2, 1, [], 1e9, None)}
    with closing(Run.create(tmp_path, "killed", HEADER)) as run:
        folder = run.path
    chance, ended = random.Random(0), {}
    for victims in ("main", "both", "worker"):
        process = go_on(folder, options)
        before, deadline = len(ended), time.monotonic() + 30
        while len(finished(Run.open(folder))) < before + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.05))
        workers = psutil.Process(process).children(recursive=True)
        if victims != "main":
            workers[0].kill()
        if victims != "worker":
            os.kill(process, signal.SIGKILL)
        assert ended_within(process, 60)
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
        now = finished(Run.open(folder))
        assert ended.items() <= now.items()
        ended = now
    trials = Run.open(folder).trials()
    assert [trial.number for trial in trials] == list(range(1, 31))
    assert len(ended) == 30
