"""How a search goes on, in plain lines on stderr: for logs, pipes and notebooks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from hpopt.runs.folder import Run
from hpopt.shown import printable
from hpopt.tracking.observer import Observer, Plan
from hpopt.tracking.pace import SETTING_UP, Pace, clock, step_in_words
from hpopt.trials import Trial


class PlainProgress(Observer):
    """A line when a trial ends, and one for each closing step."""

    def setting_up(self) -> None:
        """Say that there is something to wait for."""
        _say(SETTING_UP)

    def note(self, text: str) -> None:
        """Say it."""
        _say(f"note: {text}")

    def begin(self, run: Run, plan: Plan) -> None:
        """Say where the run folder is, and start the clock."""
        self._pace = Pace(run, plan)
        for line in self._pace.heading:
            _say(line)

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """One line: the trial, its value, the best, the time."""
        pace, n_calls = self._pace, self._pace.plan.n_calls
        _say(
            f"trial {trial.number:>{len(str(n_calls))}} of {n_calls}"
            f"  {pace.last(trial)}  {pace.best(trials)}"
            f"  elapsed {clock(pace.elapsed_s)}  left {clock(pace.left_s(trials))}"
        )

    def closing(self, steps: Sequence[str]) -> None:
        """Count the steps from here on."""
        self._steps = list(steps)

    def step(self, name: str) -> None:
        """Say that there is something to wait for."""
        place = self._steps.index(name) + 1 if name in self._steps else len(self._steps)
        _say(f"closing {place} of {len(self._steps)}: {step_in_words(name)}")


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # whoever listened has gone; the run has not
        print(printable(line), file=sys.stderr, flush=True)
