"""What progress says of a search, on a terminal and elsewhere."""

import io
import re
from contextlib import closing

import pytest
from conftest import make_run, synthetic_run
from rich.console import Console

from hpopt.runs.events import Finished, Started
from hpopt.runs.folder import Run, now
from hpopt.tracking import pace as module
from hpopt.tracking.live import LiveProgress
from hpopt.tracking.observer import Plan
from hpopt.tracking.plain import PlainProgress


@pytest.fixture
def run(tmp_path):
    """Trial 2 of four is the best, trial 3 failed."""
    return Run.open(make_run(tmp_path / "iris"))


def test_a_pipe_gets_a_line_for_each_trial_that_ends(run, capsys):
    progress = PlainProgress()
    progress.begin(run, Plan(12))
    for count, trial in enumerate(run.trials(), start=1):
        progress._pace._over_before = 0  # the run was over before it was shown
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


@pytest.fixture
def terminal():
    """A terminal of 60 columns; what is printed above the live part stays in its file."""
    return Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)


def lines_of(console):
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def live_text(progress, width=60):
    console = Console(file=io.StringIO(), width=width)
    console.print(progress._drawn())
    return console.file.getvalue()


def test_a_terminal_keeps_the_trials_that_ended_and_shows_what_runs(run, terminal):
    first, best, failed, last = run.trials()
    progress = LiveProgress(terminal)
    progress.begin(run, Plan(4, workers=1))
    progress.started(first)
    progress._pace._over_before = 0
    progress.ended(first, [first])
    progress.ended(best, [first, best])
    progress.started(failed)
    progress.started(last)
    assert "0 of 4" not in live_text(progress)
    assert "2 of 4" in live_text(progress)
    assert "best 0.9375 (trial 2)" in live_text(progress)
    *_, runs, waits = live_text(progress).splitlines()
    assert runs.split()[:2] == ["3", "runs"]
    assert waits.split()[:2] == ["4", "waits"]
    progress.ended(failed, [first, best, failed])
    *_, heads, _, done, bad = lines_of(terminal)
    assert heads.split() == ["trial", "accuracy", "time", "rate", "size", "momentum"]
    assert done.split() == ["2", "*", "0.9375", "1.5", "s", "0.05", "null", "–"]
    assert bad.split() == ["3", "failed:", "the", "loss", "became", "nan", "in", "epoch", "3"]


def test_a_star_marks_a_new_best(run, terminal):
    progress = LiveProgress(terminal)
    first, best, *_ = run.trials()
    progress.begin(run, Plan(4))
    progress._best, progress._pace._over_before = 1, 0
    progress.ended(best, [first, best])
    assert "* " in lines_of(terminal)[-1]


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    run = synthetic_run(tmp_path, trials=5)
    progress = LiveProgress(console)
    progress.begin(run, Plan(12, workers=2))
    progress._pace._over_before = 0
    for trial in run.trials():
        progress.ended(trial, run.trials())
        progress.started(trial)
    progress.note("a note of many words " * 8)
    shown = [*lines_of(console), *live_text(progress, width).splitlines()]
    assert max(len(line) for line in shown if not line.startswith(str(run.path))) <= width


def test_closing_is_counted_and_stopping_is_shown_in_what_is_live(run, terminal):
    progress = LiveProgress(terminal)
    progress.begin(run, Plan(4, closing_s=lambda: 30.0))
    progress.closing(["confirm", "best", "plots"])
    progress.step("best")
    assert "closing: 2 of 3" in live_text(progress)
    assert "saving the best network" in live_text(progress)
    assert "about 0:00:30 left" in live_text(progress)
    progress.stopping("stopping soon")
    assert "stopping soon" in live_text(progress)
    assert "left" not in live_text(progress)


def test_a_frame_leaves_nothing_behind(run, terminal):
    progress = LiveProgress(terminal)
    with closing(progress):
        progress.setting_up()
        progress.begin(run, Plan(4))
        assert progress.stopping("stopping soon")
    screen = pyte_like(terminal.file.getvalue())
    assert "stopping" not in screen
    assert "━" not in screen
    assert not progress.stopping("again")  # which somebody else is to say now


def pyte_like(text):
    """What stands on a screen after a text with rich's codes: up a line, and erase a line."""
    lines = [""]
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", text):
        if part == "\n":
            lines.append("")
        elif part == "\x1b[1A":
            lines.pop()
        elif part == "\x1b[2K":
            lines[-1] = ""
        elif not part.startswith(("\x1b", "\r")):
            lines[-1] += part
    return "\n".join(lines)


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
    shown.begin(run, Plan(13, closing_s=lambda: 30.0))
    clock[0] += 60
    shown.ended(over(run, 4, 0.25), run.trials())
    shown.ended(run.trial(2), run.trials())
    run.close()
    *_, better, failed = capsys.readouterr().err.splitlines()
    best = max(run.score(trial) for trial in run.trials() if trial.result)
    # A minute for the one trial that was made here, so 9 minutes for the 9 that are left, and
    # what the closing steps take.
    assert better.startswith("trial  4 of 13  accuracy 0.2500  best ")
    assert f"best {best:.4f} (trial " in better
    assert better.endswith("1 failed  elapsed 0:01:00  left 0:09:30")
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
