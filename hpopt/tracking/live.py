"""How a search goes on, on a terminal: trials as lines that stay, and below them what runs now."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hpopt.runs.folder import Run
from hpopt.shown import one_line, printable
from hpopt.tracking.observer import Observer, Plan
from hpopt.tracking.pace import SETTING_UP, Pace, clock, step_in_words
from hpopt.tracking.trial_lines import TrialLines
from hpopt.trials import Trial, incumbent, made

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_FRAMES_A_SECOND = 4
_MOST_RUNNING = 8  # that have a line of their own


class LiveProgress(Observer):
    """A line for each trial that ends; below them a bar, the best, the time, and what runs.

    What is below is drawn anew four times a second, by a thread, and is gone at the end.
    """

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        self._console = console or Console(file=_own_stderr(), highlight=False)
        self._spinner = Spinner("dots")
        self._pace: Pace | None = None
        self._trials: Sequence[Trial] = ()
        self._running: dict[int, tuple[Trial, float]] = {}  # and when it was begun here
        self._best: int | None = None
        self._steps: list[str] = []
        self._step = self._stopping = ""
        self._end_s = 0.0  # when the run is over, by the clock
        self._began = time.monotonic()
        self._live = Live(
            get_renderable=self._drawn,
            console=self._console,
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
        )

    def setting_up(self) -> None:
        """Show that something goes on."""
        self._live.start()

    def note(self, text: str) -> None:
        """Say it above what is live."""
        self._print(f"note: {text}")

    def begin(self, run: Run, plan: Plan) -> None:
        """Say where the run folder is, and start the clock."""
        self._lines = TrialLines(run, plan.n_calls)
        self._trials = run.trials()
        best = incumbent(self._trials)
        self._best = None if best is None else best.number
        pace = Pace(run, plan)
        for line in pace.heading:
            self._print(line)
        self._print_heads()
        self._began, self._pace = time.monotonic(), pace

    def started(self, trial: Trial) -> None:
        """Show what is tried."""
        self._running = {**self._running, trial.number: (trial, time.monotonic())}

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """A line that stays."""
        assert self._pace is not None
        self._running = {n: each for n, each in self._running.items() if n != trial.number}
        self._trials = trials
        best = incumbent(trials)
        is_new = best is not None and best.number == trial.number != self._best
        self._best = None if best is None else best.number
        width = self._console.width - 1
        self._print_heads()
        style = {"failed": "red", "paused": "dim"}.get(trial.state, "green" if is_new else "")
        self._print(self._lines.ended(trial, width, is_best=is_new), style=style)
        self._end_s = time.monotonic() + self._pace.left_s(trials)

    def closing(self, steps: Sequence[str]) -> None:
        """Count the steps from here on."""
        assert self._pace is not None
        self._running, self._steps = {}, list(steps)
        self._end_s = time.monotonic() + self._pace.plan.closing_s()

    def step(self, name: str) -> None:
        """Name what is done now."""
        self._step = name

    def stopping(self, text: str) -> bool:
        """Take note of it: the thread that draws will show it."""
        self._stopping = text
        return self._live.is_started

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()

    def _print_heads(self) -> None:
        for line in self._lines.heads(self._trials, self._console.width - 1):
            self._print(line, style="bold")

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        self._console.print(Text(printable(text), style=style))

    def _drawn(self) -> RenderableType:
        """What is live, as it is now."""
        from rich.console import Group
        from rich.text import Text

        if self._pace is None:
            lines = [self._row(SETTING_UP, clock(time.monotonic() - self._began))]
        elif self._steps:
            lines = self._closing_lines()
        else:
            lines = self._searching_lines(self._pace)
        if self._stopping:
            lines.append(Text(self._stopping, style="yellow"))
        return Group(*lines)

    def _searching_lines(self, pace: Pace) -> list[Any]:
        from rich.text import Text

        over = made(self._trials)
        count = f"{over} of {pace.plan.n_calls}"
        gone = f"{clock(pace.elapsed_s)} gone" + self._left()
        lines: list[Any] = [self._bar(over, pace.plan.n_calls, count)]
        lines.append(Text("  ".join(filter(None, (pace.best(self._trials), gone)))))
        width, now = self._console.width - 1, time.monotonic()
        running = list(self._running.values())
        for place, (trial, since) in enumerate(running[:_MOST_RUNNING]):
            waits = place >= pace.plan.workers  # for the first worker that is free
            line = self._lines.running(trial, None if waits else now - since, width)
            lines.append(Text(line, style="cyan", no_wrap=True, overflow="crop"))
        if len(running) > _MOST_RUNNING:
            lines.append(Text(f"and {len(running) - _MOST_RUNNING} more", style="cyan"))
        return lines

    def _closing_lines(self) -> list[Any]:
        from rich.text import Text

        steps = self._steps
        place = steps.index(self._step) if self._step in steps else 0
        gone = f"{clock(time.monotonic() - self._began)} gone" + self._left()
        return [
            self._bar(place, len(steps), f"closing: {place + 1} of {len(steps)}"),
            Text(f"{step_in_words(self._step)}  {gone}"),
        ]

    def _left(self) -> str:
        left_s = 0.0 if self._stopping else self._end_s - time.monotonic()
        return f", about {clock(left_s)} left" if left_s >= 1 else ""

    def _bar(self, done: int, total: int, text: str) -> Any:
        from rich.progress_bar import ProgressBar

        return self._row(
            ProgressBar(
                total=max(total, 1), completed=done, width=min(40, self._console.width // 2)
            ),
            text,
        )

    def _row(self, middle: Any, right: str) -> Any:
        """The spinner, what fills the line, and a text behind it."""
        from rich.table import Table
        from rich.text import Text

        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column()
        row.add_column(no_wrap=True)
        row.add_row(self._spinner, middle, Text(one_line(right)))
        return row


def _own_stderr() -> Any:
    """A stream to where stderr leads now, wherever TensorFlow's silence leads it meanwhile.

    A frame that is half swallowed would leave lines behind.
    """
    with suppress(OSError, ValueError, AttributeError):
        return open(
            os.dup(sys.stderr.fileno()),
            "w",
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
        )
    return sys.stderr
