"""What people watch for hours: the time that is left, the best so far, what failed."""

import pytest
from conftest import synthetic_run

from hpopt.runs.folder import Run, now
from hpopt.runs.journal import Finished, Started
from hpopt.tracking import progress
from hpopt.tracking.progress import PlainProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    time = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])
    return time


def over(run, number, accuracy):
    """Add a finished trial to the run."""
    run.append(Started(number, run.trials()[0].params, seed=number, time=now()))
    run.append(Finished(number, -accuracy, {"accuracy": accuracy}, [accuracy], {}, 1, 0.5))
    return run.trial(number)


def test_a_line_tells_score_best_failures_and_the_time_left(tmp_path, clock, capsys):
    run = Run.reopen(synthetic_run(tmp_path, trials=3, failed=(2,)).path)
    shown = PlainProgress()
    shown.begin(run, n_calls=13)
    clock[0] += 60
    shown.ended(over(run, 4, 0.25), run.trials())
    shown.ended(run.trial(2), run.trials())
    run.close()
    *_, better, failed = capsys.readouterr().err.splitlines()
    best = max(run.score(trial) for trial in run.trials() if trial.result)
    # A minute for the one trial that was made here, so 9 minutes for the 9 that are left.
    assert better.startswith("trial  4 of 13  accuracy 0.2500  best ")
    assert f"best {best:.4f} (trial " in better
    assert better.endswith("1 failed  elapsed 0:01:00  left 0:09:00")
    assert failed.startswith(
        "trial  2 of 13  accuracy failed: the loss became nan in epoch 1  best"
    )


def test_a_listener_that_has_gone_costs_no_run(tmp_path, monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

        flush = write

    monkeypatch.setattr("sys.stderr", Gone())
    PlainProgress().note("x")
