"""What both forms of progress say of a run: how far it is, what is best, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from hpopt.errors import shorten
from hpopt.report.words import counted, paused_with_score, show_score
from hpopt.runs.folder import Run
from hpopt.shown import one_line
from hpopt.tracking.observer import Plan
from hpopt.trials import Trial, incumbent, made

SETTING_UP = "setting up: importing TensorFlow, trying the defaults"
# The closing steps, as what is done in them.
_STEPS = {
    "confirm": "fitting the best again",
    "refit": "fitting the best to all rows",
    "network": "fitting the best again",
    "ensemble": "averaging the best",
    "threshold": "choosing the threshold",
    "best": "saving the best network",
    "test": "testing it",
    "results": "listing the trials",
    "plots": "drawing",
    "summary": "writing the summary",
    "report": "writing the page",
}
_LONGEST_S = 999 * 24 * 3600


class Pace:
    """How a run goes on, from when this session of it began."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.plan = plan
        self.metric = run.header.metric
        direction = "higher" if run.header.greater_is_better else "lower"
        trials = counted(plan.n_calls, "trial")
        self.heading = (
            f"run folder: {run.shown_path}",
            f"{trials} for the best {self.metric} ({direction} is better)",
        )
        self._run = run
        self._started = time.monotonic()
        self._over_before = made(run.trials())

    @property
    def elapsed_s(self) -> float:
        """How long this session has searched."""
        return time.monotonic() - self._started

    def left_s(self, trials: Sequence[Trial]) -> float:
        """The time left, if every trial to come costs what one has cost here; closing included."""
        over = made(trials)
        search_s = self.elapsed_s / max(over - self._over_before, 1) * (self.plan.n_calls - over)
        left_s = search_s + self.plan.closing_s()
        if self.plan.limit_s is None:
            return left_s
        return max(0.0, min(left_s, self.plan.limit_s - self._run.elapsed_s))

    def score(self, trial: Trial) -> str:
        """A trial's score by the metric of the run."""
        return show_score(None if trial.result is None else trial.result.metrics[self.metric])

    def last(self, trial: Trial) -> str:
        """What a trial has come to, behind the metric's name."""
        if trial.state == "paused":
            return paused_with_score(self._run, trial)
        if trial.state == "cut":
            return f"{self.metric} {shorten(one_line(trial.reason or 'cut off'), 60)}"
        if trial.result is None:
            return f"{self.metric} failed: {shorten(one_line(trial.reason or ''), 60)}"
        return f"{self.metric} {self.score(trial)}"

    def best(self, trials: Sequence[Trial]) -> str:
        """The best so far, and how many have failed."""
        best = incumbent(trials)
        failed = sum(trial.state == "failed" for trial in trials)
        words = [] if best is None else [f"best {self.score(best)} (trial {best.number})"]
        return "  ".join(words + ([f"{failed} failed"] if failed else []))


def step_in_words(name: str) -> str:
    """What a closing step does."""
    return _STEPS.get(name, name)


def clock(seconds: float) -> str:
    """A time as a clock shows it: 1:02:03."""
    return str(timedelta(seconds=round(min(seconds, _LONGEST_S))))
