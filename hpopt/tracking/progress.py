"""How a search goes on, on the terminal: a live line, or plain lines where there is no terminal.

Both go to stderr, so that stdout holds what was found and nothing else.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hpopt.errors import shorten
from hpopt.report.words import show_score
from hpopt.runs.folder import Run
from hpopt.shown import one_line, printable
from hpopt.tracking.observer import Observer
from hpopt.trials import Trial, incumbent


def choose_progress() -> Observer:
    """A live line on a terminal, plain lines elsewhere."""
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


class PlainProgress(Observer):
    """A line when a trial ends, for logs and pipes."""

    def setting_up(self) -> None:
        """Say that there is something to wait for."""
        _say(_SETTING_UP)

    def note(self, text: str) -> None:
        """Say it."""
        _say(f"note: {text}")

    def begin(self, run: Run, n_calls: int) -> None:
        """Say where the run folder is, and start the clock."""
        self._state = _State(run, n_calls)
        for line in self._state.heading:
            _say(line)

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """One line: the trial, its value, the best, the time."""
        state = self._state
        _say(
            f"trial {trial.number:>{len(str(state.n_calls))}} of {state.n_calls}"
            f"  {state.metric} {state.last(trial)}  {state.counts(trials)}"
            f"  elapsed {_clock(state.elapsed_s)}  left {_clock(state.left_s(trials))}"
        )

    def closing(self) -> None:
        """Say that there is something to wait for."""
        _say(_CLOSING)


class LiveProgress(Observer):
    """One line that is rewritten: the trial that runs, the last and the best value, the time."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._line = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._task: Any = None
        self._so_far = ""

    def setting_up(self) -> None:
        """Show that something goes on."""
        self._line.start()
        self._task = self._line.add_task(_SETTING_UP, total=None, left="")

    def note(self, text: str) -> None:
        """Say it above the line."""
        self._line.console.print(printable(f"note: {text}"), soft_wrap=True, markup=False)

    def begin(self, run: Run, n_calls: int) -> None:
        """Say where the run folder is, and start the clock."""
        self._state = _State(run, n_calls)
        for line in self._state.heading:
            self._line.console.print(printable(line), soft_wrap=True, markup=False)
        self._line.reset(self._task)

    def started(self, trial: Trial) -> None:
        """Name the trial that runs, behind it what is known so far."""
        self._line.update(self._task, description=self._describe(trial))

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """Show the last and the best value."""
        self._so_far = f" last {self._state.last(trial)} {self._state.counts(trials)}"
        left = f"left {_clock(self._state.left_s(trials))}"
        self._line.update(self._task, description=self._describe(trial), left=left)

    def closing(self) -> None:
        """Name what is done now."""
        self._line.update(self._task, description=_CLOSING, left="")

    def close(self) -> None:
        """Give the terminal back."""
        self._line.stop()

    def _describe(self, trial: Trial) -> str:
        return f"trial {trial.number} of {self._state.n_calls}{self._so_far}"


_LONGEST_S = 999 * 24 * 3600
_SETTING_UP = "setting up: importing TensorFlow, trying the defaults"
_CLOSING = "closing: saving and testing the best network, drawing"


class _State:
    """What both forms of progress say, in words."""

    def __init__(self, run: Run, n_calls: int) -> None:
        self.n_calls = n_calls
        self.metric = run.header.metric
        direction = "higher" if run.header.greater_is_better else "lower"
        self.heading = (
            f"run folder: {run.shown_path}",
            f"{n_calls} trials for the best {self.metric} ({direction} is better)",
        )
        self._started = time.monotonic()
        self._over_before = sum(trial.state != "running" for trial in run.trials())

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def left_s(self, trials: Sequence[Trial]) -> float:
        """The time left, if every trial to come costs what one has cost here."""
        over = sum(trial.state != "running" for trial in trials)
        return self.elapsed_s / (over - self._over_before) * (self.n_calls - over)

    def last(self, trial: Trial) -> str:
        return (
            f"failed: {shorten(one_line(trial.reason or ''), 60)}"
            if trial.result is None
            else self._score(trial)
        )

    def counts(self, trials: Sequence[Trial]) -> str:
        best = incumbent(trials)
        failed = sum(trial.state == "failed" for trial in trials)
        words = [] if best is None else [f"best {self._score(best)} (trial {best.number})"]
        return "  ".join(words + ([f"{failed} failed"] if failed else []))

    def _score(self, trial: Trial) -> str:
        return show_score(None if trial.result is None else trial.result.metrics[self.metric])


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(min(seconds, _LONGEST_S))))


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # whoever listened has gone; the run has not
        print(printable(line), file=sys.stderr, flush=True)
