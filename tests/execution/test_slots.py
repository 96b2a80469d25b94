"""What every kind of slots promises: the conformance suite."""

import sys

import pytest

from hpopt.errors import TrialError
from hpopt.execution.serial import SerialSlots
from hpopt.execution.slots import Job, TrialFailed, TrialFinished
from hpopt.trials import Result

KINDS = {"serial": SerialSlots}


def objective(params, *, seed, folder, fold=0) -> Result:
    match params["does"]:
        case "raise":
            raise ValueError("no such thing")
        case "give up":
            raise TrialError("the loss became nan in epoch 3")
        case "exit":
            sys.exit(3)
    folder.mkdir(parents=True)
    (folder / "note").write_text(str(seed))
    return Result(params["x"], {}, [], {}, 1, 0.0)


@pytest.fixture(params=KINDS)
def slots(request):
    slots = KINDS[request.param](objective)
    yield slots
    slots.close()


def wait_for_end(slots):
    while not (events := slots.events(1.0)):
        pass
    return events


def test_a_trial_runs_in_its_folder_with_its_seed(slots, tmp_path):
    slots.submit(Job(4, {"does": "work", "x": 0.5}, 99, tmp_path / "0004"))
    [event] = wait_for_end(slots)
    assert isinstance(event, TrialFinished)
    assert (event.job.number, event.result.value) == (4, 0.5)
    assert (tmp_path / "0004" / "note").read_text() == "99"


def test_a_slot_is_taken_until_its_trial_is_over(slots, tmp_path):
    free = slots.free
    slots.submit(Job(1, {"does": "work", "x": 0.0}, 0, tmp_path / "1"))
    assert slots.free == free - 1
    wait_for_end(slots)
    assert slots.free == free


def test_more_trials_than_slots_are_refused(slots, tmp_path):
    for number in range(slots.free):
        slots.submit(Job(number, {"does": "work", "x": 0.0}, 0, tmp_path / str(number)))
    with pytest.raises(RuntimeError):
        slots.submit(Job(99, {"does": "work", "x": 0.0}, 0, tmp_path / "99"))


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
    assert (event.job, event.reason, event.is_external) == (job, reason, False)
    assert slots.free == free


def test_a_killed_trial_is_reported_as_failed_once(slots, tmp_path):
    job = Job(1, {"does": "work", "x": 0.0}, 0, tmp_path / "1")
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
