"""Workers of Ray, which is started on this machine."""

import math
import os
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from analytic import objective

from hpopt.errors import RunError
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, TrialFailed, TrialFinished, TrialLost

ray = pytest.importorskip("ray", reason='Ray is not installed: pip install "hpopt[ray]"')

from hpopt.execution.rays.slots import RaySlots  # noqa: E402

ONE = Resources(1, 1, [], math.inf, math.inf, "ray")


def started(function=objective, **changes) -> RaySlots:
    return RaySlots(function, replace(ONE, **changes))


@pytest.fixture(scope="module")
def slots():
    slots = started(memory_limit_bytes=300e6)
    yield slots
    slots.close()


def wait_for(slots, count=1, patience_s=60):
    events, deadline = [], time.monotonic() + patience_s
    while len(events) < count and time.monotonic() < deadline:
        events += slots.events(0.5)
    return events


def end_of(slots, folder, **params):
    slots.submit(Job(1, params, 0, folder, gives=("note", "log.txt")))
    [event] = wait_for(slots)
    return event


def until(condition, patience_s=30):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def actors() -> list[psutil.Process]:
    """The processes of actors that this machine has, the children of the tests' own Ray."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any("hpopt.execution.worker" in part for part in process.cmdline()):
                found.append(process.parent())
        except psutil.Error:
            pass
    return found


@pytest.mark.long
def test_a_trial_that_hangs_is_ended_and_says_where(tmp_path):
    slots = started(timeout_s=1.0)
    event = end_of(slots, tmp_path, does="hang in C")
    slots.close()
    assert event.reason == "took longer than 1 s (execution.trial_timeout)"
    assert "analytic.py" in event.log_tail


def test_where_no_worker_has_room_on_this_machine_it_is_said_at_once():
    with pytest.raises(RunError, match=r"a worker wants 1 CPUs and 9 GPUs, .* 1 CPUs and 0 GPU"):
        started(gpus_per_trial=9)
    assert not ray.is_initialized()


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:1"])
def test_where_there_is_no_cluster_it_is_said_how_to_start_one(address):
    with pytest.raises(RunError, match=f"can't be joined at `{address}`") as caught:
        started(address=address)
    assert "ray start --head" in caught.value.problems[0].help


@pytest.mark.parametrize(
    ("does", "reason", "outcome"),
    [
        ("segfault", "the worker was killed by SIGSEGV", TrialFailed),
        ("exit hard", "the worker ended by itself, with exit code 3", TrialFailed),
        ("be killed", "the worker was killed by SIGKILL, as a system does", TrialLost),
        ("allocate", "used more than 300 MB of memory (execution.memory_limit)", TrialFailed),
    ],
)
def test_a_trial_that_ends_its_process_fails_as_without_ray(slots, tmp_path, does, reason, outcome):
    event = end_of(slots, tmp_path, does=does)
    assert event.reason.startswith(reason)
    assert type(event) is outcome
    if does == "segfault":
        assert "analytic.py" in event.log_tail
        assert event.log_tail in (tmp_path / "log.txt").read_text()
    assert isinstance(end_of(slots, tmp_path / "next", does="work"), TrialFinished)


def test_what_a_trial_writes_is_in_its_log_while_it_runs(slots, tmp_path, capfd):
    slots.submit(Job(1, {"does": "talk and sleep"}, 0, tmp_path))
    until(lambda: slots.events(0.1) or (tmp_path / "log.txt").is_file())
    assert (tmp_path / "log.txt").read_text() == "still here\n"
    slots.kill(Job(1, {"does": "talk and sleep"}, 0, tmp_path))
    [event] = wait_for(slots)
    assert event == TrialFailed(event.job, "killed before its end", "still here")
    assert capfd.readouterr() == ("", "")


def test_an_actor_that_is_killed_costs_its_trial_alone(slots, tmp_path):
    end_of(slots, tmp_path / "warm", does="work")
    slots.submit(Job(1, {"does": "talk and sleep"}, 0, tmp_path))
    until(lambda: slots.events(0.1) or (tmp_path / "log.txt").is_file())
    [killed] = actors()
    [child] = killed.children()
    killed.kill()
    [event] = wait_for(slots)
    assert isinstance(event, TrialLost)
    assert event.reason.endswith("is gone: its worker process has died")
    assert event.log_tail == "still here"
    until(lambda: not child.is_running())
    assert isinstance(end_of(slots, tmp_path / "next", does="work"), TrialFinished)


PROGRAM = """if True:
    import logging, math, os, signal, sys, time
    from pathlib import Path
    import psutil
    from analytic import objective
    from hpopt.execution.rays.slots import RaySlots
    from hpopt.execution.resources import Resources
    from hpopt.execution.slots import Job

    def handler(number, frame):
        pass

    signal.signal(signal.SIGTERM, handler)
    logging.disable()
    slots = RaySlots(objective, Resources(2, 1, [], math.inf, math.inf, "ray"))
    assert signal.getsignal(signal.SIGTERM) is handler
    for number in (1, 2):
        while not slots.free:
            slots.events(0.1)
        slots.submit(Job(number, {"does": "talk and sleep"}, 0, Path(sys.argv[1], str(number))))
    while not all(Path(sys.argv[1], name, "log.txt").is_file() for name in "12"):
        slots.events(0.1)
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    ends = {end.laddr.ip for each in family for end in each.net_connections("inet")}
    lost = next(each for each in family if "ray::" in each.name() and each.children())
    print(*sorted(ends - {"127.0.0.1", "::ffff:127.0.0.1"}), file=sys.stderr)
    lost.kill()
    while not slots.events(0.5):
        pass
    if len(sys.argv) > 2:
        family = psutil.Process().children(recursive=True)
        ours = [p for p in family if "Agent" not in p.name()]  # Ray's own follow a minute later
        print(*(each.pid for each in ours), flush=True)
        time.sleep(600)
    slots.close()
"""


def program(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_ray_that_is_started_here_listens_to_this_machine_alone_and_says_nothing(tmp_path):
    process = program(tmp_path)
    assert process.communicate(timeout=120) == ("", "\n")
    assert process.returncode == 0


@pytest.mark.long
def test_a_driver_that_is_killed_takes_its_workers_with_it(tmp_path):
    process = program(tmp_path, "wait")
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) > 5
    process.kill()
    process.communicate()
    until(lambda: not [pid for pid in pids if psutil.pid_exists(pid)], 60)
