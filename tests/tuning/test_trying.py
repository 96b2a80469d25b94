"""The preflight where trials run: what it does wrong is an error, and nothing else."""

import math
import threading
import time

import pytest
from functions import Analytic

from hpopt.errors import SetupError
from hpopt.execution.processes import ProcessSlots
from hpopt.execution.resources import Resources
from hpopt.execution.serial import SerialSlots
from hpopt.execution.slots import PREFLIGHT, TrialFailed, TrialLost
from hpopt.trials import Result
from hpopt.tuning.trying import try_defaults


def works(params, *, seed, folder, fold=0) -> Result:
    return Result(fold, {}, [], {}, 1, 0.0)


def hangs(params, *, seed, folder, fold=0) -> Result:
    time.sleep(3600)


class Answering(SerialSlots):
    """Slots that say what they are told to, and keep the jobs that they were given."""

    def __init__(self, *answers):
        super().__init__(Analytic(works))
        self.jobs, self._answers = [], list(answers)

    def events(self, timeout_s):
        events = super().events(timeout_s)
        if not events or not self._answers:
            return events
        self.jobs.append(events[0].job)
        return [self._answers.pop(0)(events[0].job)]


def tried(slots, folder, stop=None, source=None):
    stop = stop or threading.Event()
    try_defaults(slots, {"x": 1}, seed=3, folder=folder, stop=stop, source=source)


def test_the_defaults_are_tried_as_a_job_of_its_own(tmp_path):
    slots = Answering(lambda job: TrialLost(job, "killed"))
    tried(slots, tmp_path / "preflight")  # lost once: it is tried again
    [job] = slots.jobs
    assert (job.number, job.params, job.seed, job.fold) == (0, {"x": 1}, 3, PREFLIGHT)
    assert job.least_timeout_s >= 60
    assert not (tmp_path / "preflight").exists()


def test_a_crash_is_an_error_with_the_line_at_which_it_was(tmp_path):
    source = tmp_path / "nets.py"
    source.write_text("import keras\n\ncrash()\n")
    log = f'Fatal Python error\n  File "{source}", line 3 in build\n  File "{source}", line 1'
    slots = Answering(lambda job: TrialFailed(job, "killed by SIGSEGV", log))
    with pytest.raises(SetupError) as caught:
        tried(slots, tmp_path / "preflight", source=source)
    assert caught.value.render().splitlines() == [
        "error[set-up]: the network of the default params can't be tried: killed by SIGSEGV",
        f"  --> {source}:3",
        "   |   crash()",
    ]


def test_what_is_lost_twice_is_an_error(tmp_path):
    slots = Answering(*2 * [lambda job: TrialLost(job, "killed by SIGKILL")])
    with pytest.raises(SetupError, match="killed by SIGKILL"):
        tried(slots, tmp_path)


def test_a_preflight_that_hangs_is_left_once_the_run_is_to_stop(tmp_path):
    slots = ProcessSlots(Analytic(hangs), Resources(1, 1, [], math.inf, math.inf))
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    try_defaults(slots, {}, seed=0, folder=tmp_path, stop=stop)
    slots.close()


def test_a_long_wait_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.tuning.trying._LONG_S", -1.0)

    class Slow(SerialSlots):
        calls = 0

        def events(self, timeout_s):
            self.calls += 1
            return super().events(timeout_s) if self.calls > 3 else []

    notes, did = [], []
    try_defaults(
        Slow(Analytic(works)),
        {},
        seed=0,
        folder=tmp_path / "preflight",
        stop=threading.Event(),
        meanwhile=lambda: did.append(True),
        note=notes.append,
    )
    assert did == [True]
    [note] = notes
    assert "for 600 s at most" in note
