"""Worker processes: what ends a trial ends that trial alone."""

import math
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from analytic import does as work
from analytic import objective
from functions import Analytic

from hpopt.errors import RunError
from hpopt.execution import processes
from hpopt.execution.processes import ProcessSlots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import PREFLIGHT, Job, TrialFailed, TrialFinished, TrialLost


def started(count=1, function=objective, memory=300e6, timeout_s=math.inf) -> ProcessSlots:
    return ProcessSlots(function, Resources(count, 1, [], memory, timeout_s))


@pytest.fixture(scope="module")
def slots():
    slots = started()
    yield slots
    slots.close()


def wait_for(slots, count=1, patience_s=60):
    events, deadline = [], time.monotonic() + patience_s
    while len(events) < count and time.monotonic() < deadline:
        events += slots.events(0.5)
    return events


def end_of(slots, folder, **params):
    slots.submit(Job(1, params, 0, folder))
    [event] = wait_for(slots)
    return event


def worker_of(folder) -> int:
    return int((folder / "note").read_text().split()[-1])


@pytest.mark.parametrize(
    ("does", "reason", "outcome"),
    [
        ("segfault", "the worker was killed by SIGSEGV", TrialFailed),
        ("exit hard", "the worker ended by itself, with exit code 3", TrialFailed),
        ("be killed", "the worker was killed by SIGKILL, as a system does", TrialLost),
        ("close its files", "the worker ", TrialFailed),
        ("allocate", "used more than 300 MB of memory (execution.memory_limit)", TrialFailed),
    ],
)
def test_a_trial_that_ends_its_worker_fails_alone(slots, tmp_path, does, reason, outcome):
    event = end_of(slots, tmp_path, does=does)
    assert event.reason.startswith(reason)
    assert type(event) is outcome
    assert isinstance(end_of(slots, tmp_path / "next", does="work"), TrialFinished)


def test_a_fork_inside_a_trial_says_nothing_in_its_place(slots, tmp_path):
    assert isinstance(end_of(slots, tmp_path, does="fork"), TrialFinished)
    assert slots.events(0.5) == []
    assert isinstance(end_of(slots, tmp_path / "next", does="work"), TrialFinished)


def test_a_preflight_has_its_time_whatever_limit_trials_have(tmp_path):
    slots = started(timeout_s=0.3)
    slots.submit(Job(0, {"does": "wait", "x": 0.8}, 0, tmp_path, PREFLIGHT, least_timeout_s=9.0))
    [event] = wait_for(slots)
    slots.close()
    assert isinstance(event, TrialFinished)


def test_a_crash_leaves_the_place_in_the_log(slots, tmp_path):
    tail = end_of(slots, tmp_path, does="segfault").log_tail
    assert "Segmentation fault" in tail
    assert "analytic.py" in tail
    assert "Extension modules" not in tail
    assert tail in (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize("does", ["sleep", "hang in C"])
def test_a_trial_that_hangs_is_ended_and_says_where(tmp_path, does):
    slots = started(timeout_s=1.0)
    event = end_of(slots, tmp_path, does=does)
    slots.close()
    assert event.reason == "took longer than 1 s (execution.trial_timeout)"
    assert "analytic.py" in event.log_tail


def test_what_a_trial_writes_is_in_its_log(slots, tmp_path, capfd):
    end_of(slots, tmp_path / "1", does="talk")
    assert (tmp_path / "1" / "log.txt").read_text() == "from C\nfrom Python\n"
    end_of(slots, tmp_path / "2", does="talk a lot")
    assert (tmp_path / "2" / "log.txt").stat().st_size < 100_000
    end_of(slots, tmp_path / "3", does="work")
    assert [path.name for path in (tmp_path / "3").iterdir()] == ["note"]
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_is_killed_before_its_trial_costs_nothing(tmp_path):
    before = set(psutil.Process().children())
    slots = started()
    [child] = set(psutil.Process().children()) - before
    child.send_signal(signal.SIGSTOP)
    slots.submit(Job(1, {"does": "work"}, 0, tmp_path))
    child.kill()
    assert isinstance(wait_for(slots)[0], TrialFinished)
    slots.close()


def test_the_jobs_of_two_workers_run_side_by_side(tmp_path):
    slots = started(2)
    for number in (1, 2):  # until both are warm
        slots.submit(Job(number, {"does": "work"}, 0, tmp_path))
    wait_for(slots, 2)
    began = time.monotonic()
    for number in (3, 4):
        slots.submit(Job(number, {"does": "wait", "x": 1.5}, 0, tmp_path / str(number)))
    assert len(wait_for(slots, 2)) == 2
    assert time.monotonic() - began < 2.8
    slots.close()


def test_a_job_waits_for_the_first_free_worker_where_workers_have_idled(tmp_path):
    slots = started(2)
    wait = {"does": "wait", "x": 0.3}
    for number in (1, 2):
        slots.submit(Job(number, wait, 0, tmp_path / str(number)))
    wait_for(slots, 2)
    assert slots.free == 2
    time.sleep(0.2)  # as if the search had thought for so long
    for number in (3, 4):
        slots.submit(Job(number, wait, 0, tmp_path / str(number)))
    assert slots.free == 1
    slots.submit(Job(5, wait, 0, tmp_path / "5"))
    assert slots.free == 0
    assert sorted(event.job.number for event in wait_for(slots, 3)) == [3, 4, 5]
    slots.close()


def test_with_one_worker_no_trial_is_suggested_ahead(slots, tmp_path):
    end_of(slots, tmp_path, does="work")
    time.sleep(0.1)
    slots.submit(Job(1, {"does": "wait", "x": 0.1}, 0, tmp_path))
    assert slots.free == 0
    wait_for(slots)


def test_a_worker_that_has_grown_is_replaced_by_one_already_warm(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_JOBS_BEFORE_SPARE", 1)
    monkeypatch.setattr(processes, "_GROWN_BYTES", 30_000_000)
    before, served = len(psutil.Process().children()), []
    slots = started(function=Analytic(growing))
    for number in range(1, 10):
        event = end_of(slots, tmp_path, number=number)
        assert isinstance(event, TrialFinished)
        served.append(worker_of(tmp_path))
        slots.events(0.3)  # the next spare warms up meanwhile
    assert 2 <= len(set(served)) <= 4
    assert len(psutil.Process().children()) - before == 2  # the last one, and its spare
    slots.close()


def test_a_spare_worker_may_be_started_only_once_one_has_grown(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_JOBS_BEFORE_SPARE", 1)
    monkeypatch.setattr(processes, "_GROWN_BYTES", 30_000_000)
    one = Resources(1, 1, [], 300e6, math.inf)
    slots = ProcessSlots(Analytic(growing), one, spare_early=False)
    end_of(slots, tmp_path, number=1)
    first = worker_of(tmp_path)
    end_of(slots, tmp_path, number=2)
    assert slots._spare is None
    for number in range(3, 8):
        end_of(slots, tmp_path, number=number)
    assert worker_of(tmp_path) == first
    deadline = time.monotonic() + 60
    while not slots._spare.is_warm and time.monotonic() < deadline:
        slots.events(0.2)
    end_of(slots, tmp_path, number=8)  # after which it is replaced
    assert isinstance(end_of(slots, tmp_path, number=9), TrialFinished)
    assert worker_of(tmp_path) != first
    slots.close()


KEPT = []


def growing(params, *, seed, folder, fold=0):
    KEPT.append(bytearray(b"x") * 10_000_000)
    return work({"does": "work"}, seed=seed, folder=folder)


def unfit(params, *, seed, folder, fold=0):
    """Stands for a function that no worker can have."""


def test_where_no_worker_can_begin_the_run_ends_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "execution" not in entry])
    slots = started(function=Analytic(unfit))
    slots.submit(Job(1, {}, 0, tmp_path))
    with pytest.raises(RunError, match="begin: ModuleNotFoundError"):
        wait_for(slots)
    slots.close()


PROGRAM = """if True:
    import math, os, sys
    from pathlib import Path
    from analytic import objective
    from hpopt.execution.resources import Resources
    from hpopt.execution.processes import ProcessSlots
    from hpopt.execution.slots import Job
    slots = ProcessSlots(objective, Resources(2, 1, [], math.inf, math.inf))
    for number in (1, 2):
        slots.submit(Job(number, {"does": sys.argv[1]}, 0, Path(sys.argv[2], str(number))))
    slots.events(1.0)
    print("running", flush=True)
    while True:
        slots.events(60.0)
"""


@pytest.mark.parametrize("does", ["sleep", "hang in C"])
def test_no_worker_outlives_a_killed_parent(tmp_path, does):
    command = [sys.executable, "-c", PROGRAM, does, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout.readline() == b"running\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        for child in children:
            child.send_signal(signal.SIGINT)  # as Ctrl-C does
        assert len(children) == 2
        assert all(child.is_running() for child in children)
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


FROZEN = """if True:
    import sys
    from pathlib import Path
    from analytic import objective
    from hpopt.execution.resources import Resources
    from hpopt.execution.processes import ProcessSlots
    from hpopt.execution.slots import Job
    slots = ProcessSlots(objective, Resources(1, 1, [], 1e9, 5.0))
    slots.submit(Job(1, {"does": "work for two seconds"}, 0, Path(sys.argv[1])))
    while not (events := slots.events(0.5)):
        print("running", flush=True)
    print(type(events[0]).__name__, flush=True)
    slots.close()
"""


def test_time_in_which_all_was_frozen_does_not_count(tmp_path):
    command = [sys.executable, "-c", FROZEN, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout.readline() == b"running\n"
        family = [parent, *psutil.Process(parent.pid).children(recursive=True)]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for each in family:
                each.send_signal(number)
            time.sleep(6.0 if number == signal.SIGSTOP else 0.0)
        assert parent.stdout.read().splitlines()[-1] == b"TrialFinished"
