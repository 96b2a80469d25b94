"""How a search goes on, on the terminal: a live line, or plain lines where there is no terminal.

Both go to stderr, so that stdout holds what was found and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hpopt.observer import Observer
from hpopt.report.summary import show_score
from hpopt.runs.folder import Run
from hpopt.trials import Trial, best_of


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
        _say(f"run folder: {run.shown_path}")

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """One line: the trial, its value, the best, the time."""
        state = self._state
        _say(
            f"trial {trial.number:>{len(str(state.n_calls))}} of {state.n_calls}"
            f"  {state.last(trial)}  {state.counts(trials)}"
            f"  elapsed {_clock(state.elapsed_s)}  left {_clock(state.left_s(trials))}"
        )

    def closing(self) -> None:
        """Say that there is something to wait for."""
        _say(_CLOSING)


class LiveProgress(Observer):
    """One line that is rewritten: a bar, the last and the best value, the time."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[values]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True, highlight=False),
        )
        self._task: Any = None

    def setting_up(self) -> None:
        """Show a bar that only moves."""
        self._bar.start()
        self._task = self._bar.add_task(_SETTING_UP, total=None, values="", left="")

    def note(self, text: str) -> None:
        """Say it above the line."""
        self._bar.console.print(f"note: {text}", soft_wrap=True)

    def begin(self, run: Run, n_calls: int) -> None:
        """Say where the run folder is, and start the clock."""
        self._state = _State(run, n_calls)
        self._bar.console.print(f"run folder: {run.shown_path}", soft_wrap=True)
        self._bar.reset(self._task, total=n_calls, values="", left="")

    def started(self, trial: Trial) -> None:
        """Name the trial that runs."""
        description = f"trial {trial.number} of {self._state.n_calls}"
        self._bar.update(self._task, description=description)

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """Move on, and show the last and the best value."""
        state = self._state
        self._bar.update(
            self._task,
            advance=1,
            values=f"{state.last(trial)} · {state.counts(trials)}",
            left=f"left {_clock(state.left_s(trials))}",
        )

    def closing(self) -> None:
        """Name what is done now."""
        self._bar.update(self._task, description=_CLOSING, values="", left="")

    def close(self) -> None:
        """Give the terminal back."""
        self._bar.stop()


_LONGEST_S = 999 * 24 * 3600
_SETTING_UP = "setting up: importing TensorFlow, trying the defaults"
_CLOSING = "closing: saving and testing the best network"


class _State:
    """What both forms of progress say, in words."""

    def __init__(self, run: Run, n_calls: int) -> None:
        self.n_calls = n_calls
        self._metric = run.header.metric
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
        if trial.result is None:
            return f"failed: {trial.reason}"
        return f"{self._metric} {self._score(trial)}"

    def counts(self, trials: Sequence[Trial]) -> str:
        best = best_of(trials)
        failed = sum(trial.state == "failed" for trial in trials)
        words = [] if best is None else [f"best {self._score(best)} (trial {best.number})"]
        return "  ".join(words + ([f"{failed} failed"] if failed else []))

    def _score(self, trial: Trial) -> str:
        return "–" if trial.result is None else show_score(trial.result.metrics[self._metric])


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(min(seconds, _LONGEST_S))))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
