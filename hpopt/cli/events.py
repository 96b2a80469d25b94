"""How a search goes on, for programs: one JSON object a line on stdout for each event."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from hpopt.cli.options import emit
from hpopt.report.record import brief, trial_record
from hpopt.runs.folder import Run
from hpopt.tracking.observer import Observer, Plan
from hpopt.trials import Trial, incumbent


class Begun(Observer):
    """Whether a search has begun: `is_so`."""

    is_so = False

    def begin(self, run: Run, plan: Plan) -> None:
        """The set-up holds."""
        self.is_so = True


class JsonEvents(Observer):
    """Prints what happens, and tells another observer, who speaks to people on stderr.

    Every line has an `event`: note, run_started, trial_started, trial_ended, closing, step. The end
    of the run is `run_ended`, which the command prints itself.
    """

    def __init__(self, other: Observer) -> None:
        self._other = other
        self._stdout = sys.stdout  # a live line, or `own_code_aside`, may put another there

    def setting_up(self) -> None:
        """Nothing that a program could use."""
        self._other.setting_up()

    def note(self, text: str) -> None:
        """Something that people should know."""
        self._tell("note", text=text)
        self._other.note(text)

    def begin(self, run: Run, plan: Plan) -> None:
        """Where the run folder is, and what is searched for."""
        self._run = run
        self._tell(
            "run_started",
            id=run.path.name,
            path=str(run.path),
            n_calls=plan.n_calls,
            metric=run.metric,
            greater_is_better=run.header.greater_is_better,
        )
        self._other.begin(run, plan)

    def started(self, trial: Trial) -> None:
        """Which params are tried."""
        self._tell("trial_started", number=trial.number, params=trial.params)
        self._other.started(trial)

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """All that is known of the trial, and the best so far."""
        best = brief(self._run, incumbent(trials))
        self._tell("trial_ended", **trial_record(self._run, trial), best=best)
        self._other.ended(trial, trials)

    def closing(self, steps: Sequence[str]) -> None:
        """The search is over."""
        self._tell("closing", steps=list(steps))
        self._other.closing(steps)

    def step(self, name: str) -> None:
        """What is done now."""
        self._tell("step", name=name)
        self._other.step(name)

    def stopping(self, text: str) -> bool:
        """Nothing that a program could use: it has asked for it."""
        return self._other.stopping(text)

    def close(self) -> None:
        """Nothing that a program could use."""
        self._other.close()

    def _tell(self, event: str, **record: Any) -> None:
        with redirect_stdout(self._stdout):
            print_event(event, **record)


def print_event(event: str, **record: Any) -> None:
    """Print one event."""
    emit({"event": event, **record})
