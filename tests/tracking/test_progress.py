"""What progress says of a search, on a terminal and elsewhere."""

import re
from contextlib import closing

import pytest
from conftest import make_run

from hpopt.runs.folder import Run
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
