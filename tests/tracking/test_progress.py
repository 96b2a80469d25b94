"""What progress says of a search, on a terminal and elsewhere."""

import re
from contextlib import closing

import pytest
from conftest import make_run, synthetic_run

from hpopt.runs.folder import Run, now
from hpopt.runs.journal import Finished, Started
from hpopt.tracking import progress as module
from hpopt.tracking.progress import LiveProgress, PlainProgress


@pytest.fixture
def run(tmp_path):
    """Trial 2 of four is the best, trial 3 failed."""
    return Run.open(make_run(tmp_path / "iris"))


def test_a_pipe_gets_a_line_for_each_trial_that_ends(run, capsys):
    progress = PlainProgress()
    progress.begin(run, 12)
    for count, trial in enumerate(run.trials(), start=1):
        progress._state._over_before = 0  # the run was over before it was shown
        progress.ended(trial, run.trials()[:count])
    head, budget, *lines = capsys.readouterr().err.splitlines()
    assert head == f"run folder: {run.path}"
    assert budget == "12 trials for the best accuracy (higher is better)"
    assert [re.sub(r"  elapsed .*", "", line) for line in lines] == [
        "trial  1 of 12  accuracy 0.7500  best 0.7500 (trial 1)",
        "trial  2 of 12  accuracy 0.9375  best 0.9375 (trial 2)",
        "trial  3 of 12  accuracy failed: the loss became nan in epoch 3  "
        "best 0.9375 (trial 2)  1 failed",
        "trial  4 of 12  accuracy 0.5000  best 0.9375 (trial 2)  1 failed",
    ]


def test_a_terminal_gets_the_incumbent_behind_the_trial_that_runs(run):
    first, best, failed, last = run.trials()
    progress = LiveProgress()
    with closing(progress):
        progress.setting_up()
        progress.begin(run, 4)
        progress.started(first)
        assert text(progress) == "trial 1 of 4"
        progress._state._over_before = 0
        progress.ended(best, [first, best])
        progress.started(last)
        assert text(progress) == "trial 4 of 4 last 0.9375 best 0.9375 (trial 2)"
        progress.ended(failed, [first, best, failed])
        assert "best 0.9375 (trial 2)  1 failed" in text(progress)
        progress.closing()
        assert text(progress).startswith("closing: ")


def text(progress):
    [task] = progress._line.tasks
    return task.description


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    time = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: time[0])
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
