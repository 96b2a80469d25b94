"""What a watch ends: by the processor time of made-up workers, whose clock is made up too."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job
from hpopt.execution.watching import Watch


@dataclass(eq=False)
class Working:
    """A worker that began at 0 s and takes so many seconds of the processor each second."""

    job: Job
    share: float
    begun_s: float = 0.0
    now: float = 0.0
    ended: list[str] = field(default_factory=list)

    def memory_bytes(self):
        return 0

    def cpu_s(self):
        return 5.0 + self.share * self.now

    def end(self, reason, says_where=False):
        self.ended.append(reason)


def reasons(timeout_s, share, until_s, work=None, least_timeout_s=0.0):
    watch = Watch(Resources(1, 1, [], 1e12, timeout_s))
    try:
        job = Job(1, {}, 0, Path("x"), least_timeout_s=least_timeout_s, work=work)
        child = Working(job, share)
        while child.now < until_s and not child.ended:
            child.now += 1.0
            watch._look_at(child, child.now, is_late=False)
        return child.ended
    finally:
        watch.close()


HUNG = ["hung: did nothing for 60 s (execution.trial_timeout)"]
# What TensorFlow's threads take, once they are there, is nothing.
IDLE, BUSY = 0.003, 0.05


@pytest.mark.parametrize(
    ("timeout_s", "share", "expected"),
    [
        (None, IDLE, HUNG),
        (None, BUSY, []),
        (300.0, IDLE, []),  # its owner has said how long a trial may take
        (100.0, IDLE, ["took longer than 100 s (execution.trial_timeout)"]),
        (100.0, BUSY, ["took longer than 100 s (execution.trial_timeout)"]),
    ],
)
def test_a_trial_ends_that_does_nothing_or_takes_too_long(timeout_s, share, expected):
    assert reasons(timeout_s, share, until_s=200) == expected


@pytest.mark.parametrize(("share", "expected"), [(IDLE, HUNG), (BUSY, [])])
def test_a_closing_step_has_more_time_but_may_not_hang(share, expected):
    def step(params, **_):
        raise NotImplementedError

    found = reasons(100.0, share, until_s=200, work=step, least_timeout_s=3600.0)
    assert found == expected


@pytest.mark.parametrize("timeout_s", [None, 30.0])
def test_a_closing_step_that_computes_for_ever_ends_by_its_own_limit(timeout_s):
    def step(params, **_):
        raise NotImplementedError

    found = reasons(timeout_s, 1.0, until_s=4000, work=step, least_timeout_s=140.0)
    assert found == ["took longer than 140 s (execution.trial_timeout)"]
