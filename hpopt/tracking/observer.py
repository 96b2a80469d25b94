"""Who is told how a run goes on, while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpopt.runs.folder import Run
from hpopt.trials import Trial


@dataclass(frozen=True)
class Plan:
    """What a run is to do from here on: so many trials, so many of them at once.

    `closing_s` says how long the closing steps will take, by what is known when it is asked, and
    `limit_s` is the time that the whole run may take, where there is a limit.
    """

    n_calls: int
    workers: int = 1
    closing_s: Callable[[], float] = lambda: 0.0
    limit_s: float | None = None


class Observer:
    """Is told everything and says nothing; progress displays override what they show."""

    def setting_up(self) -> None:
        """The configuration is read; the data and the default network are tried."""

    def note(self, text: str) -> None:
        """Something that people should know, and that does not stop the run."""

    def begin(self, run: Run, plan: Plan) -> None:
        """The set-up holds; the search begins."""

    def started(self, trial: Trial) -> None:
        """A trial has begun."""

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """A trial is over; `trials` are all so far, itself among them."""

    def closing(self, steps: Sequence[str]) -> None:
        """The search is over; the closing steps begin."""

    def step(self, name: str) -> None:
        """A closing step begins."""

    def stopping(self, text: str) -> bool:
        """Somebody has asked the run to end; whether that is shown. Within a signal handler."""
        return False

    def close(self) -> None:
        """The run is over, well or badly."""


class Observers(Observer):
    """Tells each of several observers, one after the other."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def setting_up(self) -> None:
        """The configuration is read."""
        for observer in self._observers:
            observer.setting_up()

    def note(self, text: str) -> None:
        """Something that people should know."""
        for observer in self._observers:
            observer.note(text)

    def begin(self, run: Run, plan: Plan) -> None:
        """The search begins."""
        for observer in self._observers:
            observer.begin(run, plan)

    def started(self, trial: Trial) -> None:
        """A trial has begun."""
        for observer in self._observers:
            observer.started(trial)

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """A trial is over."""
        for observer in self._observers:
            observer.ended(trial, trials)

    def closing(self, steps: Sequence[str]) -> None:
        """The search is over."""
        for observer in self._observers:
            observer.closing(steps)

    def step(self, name: str) -> None:
        """A closing step begins."""
        for observer in self._observers:
            observer.step(name)

    def close(self) -> None:
        """The run is over."""
        for observer in self._observers:
            observer.close()
