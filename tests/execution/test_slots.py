"""What every kind of slots promises: the conformance suite.

Every backend is here by being in the table, and a toy one of a single file by being put there.
"""

import math
from dataclasses import replace

import pytest
from analytic import objective

from hpopt.errors import RunError, SetupError
from hpopt.execution.choosing import BACKENDS, make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import PREFLIGHT, Job, TrialFailed, TrialFinished

ONE = Resources(1, 1, [], math.inf, math.inf)
KINDS = {name: replace(ONE, backend=name) for name in [*BACKENDS, "far"]}
KINDS["two processes"] = replace(ONE, workers=2)


def made(kind):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKENDS, "far", "far")
        return make_slots(objective, KINDS[kind])


@pytest.fixture(scope="module", params=KINDS)
def slots(request):
    slots = made(request.param)
    yield slots
    slots.close()


def wait_for_end(slots):
    for _ in range(90):
        if events := slots.events(1.0):
            return events
    raise TimeoutError


def test_a_trial_runs_in_its_folder_with_its_seed(slots, tmp_path):
    slots.submit(Job(4, {"does": "work", "x": 0.5}, 99, tmp_path / "0004", gives=("note",)))
    [event] = wait_for_end(slots)
    assert isinstance(event, TrialFinished)
    assert (event.job.number, event.result.value) == (4, 0.5)
    assert (tmp_path / "0004" / "note").read_text().startswith("99 0 ")


def test_a_job_may_be_a_fold_of_a_trial(slots, tmp_path):
    job = Job(4, {"does": "work"}, 99, tmp_path / "0004", fold=3, gives=("note",))
    slots.submit(job)
    [event] = wait_for_end(slots)
    assert event.job == job
    assert (tmp_path / "0004" / "note").read_text().startswith("99 3 ")


def test_a_job_goes_on_from_the_files_that_it_takes(slots, tmp_path):
    (tmp_path / "state").write_text("41")
    slots.submit(Job(4, {"does": "go on"}, 0, tmp_path, takes=("state",), gives=("note", "never")))
    [event] = wait_for_end(slots)
    assert event.result.value == 42
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note", "state"]


def test_a_slot_is_taken_until_its_trial_is_over(slots, tmp_path):
    free = slots.free
    slots.submit(Job(1, {"does": "work", "x": 0.0}, 0, tmp_path / "1"))
    assert slots.free == free - 1
    wait_for_end(slots)
    assert slots.free == free


def test_more_trials_than_slots_are_refused(slots, tmp_path):
    count = 0
    while slots.free:
        slots.submit(Job(count, {"does": "wait", "x": 0.2}, 0, tmp_path / str(count)))
        count += 1
    with pytest.raises(RuntimeError):
        slots.submit(Job(99, {"does": "work", "x": 0.0}, 0, tmp_path / "99"))
    ended = []
    while len(ended) < count:
        ended += wait_for_end(slots)
    assert sorted(event.job.number for event in ended) == list(range(count))


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("raise", "ValueError: no such thing"),
        ("give up", "the loss became nan in epoch 3"),
        ("exit", "SystemExit: 3"),
    ],
)
def test_a_trial_that_fails_says_why_and_frees_its_slot(slots, tmp_path, does, reason):
    free = slots.free
    job = Job(1, {"does": does}, 0, tmp_path / "1")
    slots.submit(job)
    [event] = wait_for_end(slots)
    assert isinstance(event, TrialFailed)
    assert (event.job, event.reason) == (job, reason)
    assert slots.free == free


def test_a_killed_trial_is_reported_as_failed_once(slots, tmp_path):
    job = Job(1, {"does": "wait", "x": 60.0}, 0, tmp_path / "1")
    slots.submit(job)
    slots.kill(job)
    [event] = wait_for_end(slots)
    assert isinstance(event, TrialFailed)
    assert event.job.number == 1
    assert slots.events(0.0) == []


def test_killing_a_trial_that_is_over_changes_nothing(slots, tmp_path):
    job = Job(1, {"does": "work", "x": 0.0}, 0, tmp_path / "1")
    slots.submit(job)
    wait_for_end(slots)
    slots.kill(job)
    assert slots.events(0.0) == []


def test_nothing_happens_where_nothing_was_submitted(slots):
    assert slots.events(0.0) == []


def test_a_full_disk_is_no_fault_of_a_trial(slots, tmp_path):
    slots.submit(Job(1, {"does": "find the disk full"}, 0, tmp_path / "1"))
    with pytest.raises(RunError, match="the disk is full"):
        wait_for_end(slots)


@pytest.mark.parametrize("kind", ["serial", "processes", "far"])
def test_a_fault_of_the_set_up_costs_a_trial_but_in_a_preflight_it_comes_back_as_it_is(
    kind, tmp_path
):
    slots, job = made(kind), Job(1, {"does": "be no set-up"}, 0, tmp_path / "1")
    slots.submit(job)
    [event] = wait_for_end(slots)
    assert (type(event), event.reason) == (TrialFailed, "no such builder")
    slots.submit(replace(job, number=0, fold=PREFLIGHT))
    with pytest.raises(SetupError, match="no such builder") as caught:
        wait_for_end(slots)
    assert caught.value.problems[0].help == "write another"
    slots.close()
