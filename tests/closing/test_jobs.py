"""Fits of closing steps, side by side in what slots there are."""

import threading
from pathlib import Path

import pytest
from scripted import ScriptedSlots

from hpopt.closing.jobs import Stopped, run_jobs
from hpopt.execution.slots import Job, TrialFinished

JOBS = [Job(number, {}, number, Path("nowhere")) for number in range(1, 6)]


def test_every_job_comes_to_an_end_and_no_more_run_than_there_are_slots():
    slots = ScriptedSlots(free=2, fails=[3])
    ends = {event.job.number: event for event in run_jobs(slots, JOBS)}
    assert slots.jobs == JOBS
    assert [number for number, end in ends.items() if isinstance(end, TrialFinished)] == [
        1,
        2,
        4,
        5,
    ]
    assert ends[3].reason == "the loss became nan"
    assert slots.killed == []


def test_what_the_search_has_left_is_passed_over():
    slots = ScriptedSlots(free=2)
    slots.running.append(Job(99, {}, 1, Path("nowhere")))
    assert [event.job.number for event in run_jobs(slots, JOBS[:2])] == [1, 2]


def test_those_that_run_when_nobody_asks_any_more_are_killed():
    slots = ScriptedSlots(free=3)
    ends = run_jobs(slots, JOBS)
    next(ends)
    ends.close()
    assert slots.killed == JOBS[1:3]


def test_once_it_is_stopped_what_runs_may_end_and_no_other_begins():
    slots, stop = ScriptedSlots(free=2), threading.Event()
    ends = run_jobs(slots, JOBS, stop)
    assert next(ends).job == JOBS[0]
    stop.set()
    assert next(ends).job == JOBS[1]
    with pytest.raises(Stopped):
        next(ends)
    assert slots.jobs == JOBS[:2]
