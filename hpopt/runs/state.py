"""What a run has come to: the events of its journal, folded one after the other into one record.

This is the one place that says what an event means. The journal writes events and reads them, the
folder holds what they name; whoever asks how a run stands asks this record, by way of `Run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal

from hpopt.errors import RunError
from hpopt.runs.events import (
    Cut,
    Ended,
    Event,
    Failed,
    Finished,
    Fitted,
    Header,
    Known,
    Paused,
    Resumed,
    Scored,
    Started,
    Step,
    Thawed,
)
from hpopt.runs.legality import moment_of
from hpopt.runs.steps import StepOutcomes, trials_of
from hpopt.trials import Result, Trial, incumbent

HALF = 0.5  # the threshold where none was chosen
# finished; stopped early on request, and closed; closed without a model; its writer has gone.
Status = Literal["running", "finished", "stopped", "failed", "interrupted"]

# Why a search ended, where asking to resume is reason enough to go on.
_TO_GO_ON = ("interrupted", "failures")
_RESULT = [each.name for each in fields(Result)]


@dataclass
class RunState:
    """A run as its journal tells it; `apply` brings it up to date with one more event.

    The closing `steps` stand in the order in which they were done last. `end` says why the search
    is over, and is None while it goes on. `elapsed_s` is how long the run has been worked on, all
    sessions together, as of the last event that says so.
    """

    header: Header
    by_number: dict[int, Trial] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    fits: list[Fitted] = field(default_factory=list)  # of closing steps
    end: Ended | None = None
    known: Known | None = None  # of an earlier run
    resumed: list[Resumed] = field(default_factory=list)
    seen_test_after: list[int] = field(default_factory=list)  # so many trials, and more followed
    elapsed_s: float = 0.0
    is_reopened: bool = False  # and its search has not ended again

    @classmethod
    def of(cls, header: Header, events: Iterable[Event]) -> RunState:
        """The fold of all `events`. Raises what `apply` raises."""
        state = cls(header)
        for event in events:
            state.apply(event)
        return state

    def apply(self, event: Event) -> None:
        """Fold one more event in.

        Raises RunError where it ends a trial that never began, or without the metric of the run, or
        is a step that names a trial without a network.
        """
        match event:
            case Started():
                self._begin(event)
            case Paused():
                trial, result = self._begun(event.number), self._result(event)
                partial = {**trial.partial, event.level: result}
                self.by_number[event.number] = replace(
                    trial, state="paused", level=event.level, partial=_ascending(partial)
                )
            case Thawed():
                trial = self._begun(event.number)
                self.by_number[event.number] = replace(
                    trial,
                    state="running",
                    level=event.level,
                    info={**trial.info, **event.info},
                    reason=None,
                )
                self.elapsed_s = max(self.elapsed_s, event.elapsed or 0.0)
            case Finished():
                trial, result = self._begun(event.number), self._result(event)
                self.by_number[event.number] = replace(trial, state="finished", result=result)
            case Failed():
                trial = self._begun(event.number)
                self.by_number[event.number] = replace(trial, state="failed", reason=event.reason)
            case Cut():
                trial = self._begun(event.number)
                self.by_number[event.number] = replace(trial, state="cut", reason=event.reason)
            case Fitted():
                self.fits.append(event)
            case Step():
                self._close(event)
            case Ended():
                self.end, self.is_reopened = event, False
                self.elapsed_s = max(self.elapsed_s, event.elapsed or 0.0)
            case Resumed():
                self.resumed.append(event)
                self.end, self.is_reopened = None, True
            case Known():
                self.known = event
            case Header():
                pass

    def _begin(self, event: Started) -> None:
        """A trial, or another attempt at one; it undoes the end of the search, and what closed it.

        An attempt forgets how the one before it ended, but not what it gave while it was paused:
        the fit from nothing is the same.
        """
        if "test" in self.steps:
            self.seen_test_after.append(len(self.by_number))
        self.steps.clear()
        self.end = None
        self.elapsed_s = max(self.elapsed_s, event.elapsed or 0.0)
        before = self.by_number.get(event.number) if event.attempt > 1 else None
        self.by_number[event.number] = Trial(
            number=event.number,
            params=dict(event.params),
            seed=event.seed,
            info=dict(event.info),
            attempt=event.attempt,
            started=moment_of(event.time),
            level=event.level,
            partial={} if before is None else before.partial,
        )

    def _result(self, event: Scored) -> Result:
        """What a trial gave. Raises RunError where the metric of the run is not among it."""
        self._check_score(event)
        return Result(**{name: getattr(event, name) for name in _RESULT})

    def _begun(self, number: int) -> Trial:
        if number not in self.by_number:
            raise RunError(
                f"the journal ends trial {number}, which it never began",
                help="`hpopt runs repair RUN` sets that line aside, and keeps all others",
            )
        return self.by_number[number]

    def _check_score(self, event: Scored) -> None:
        if event.metrics.get(self.header.metric) is None:
            raise RunError(
                f"the journal has no {self.header.metric} of trial {event.number}",
                help="`hpopt runs repair RUN` sets that line aside, and keeps all others",
            )

    def _close(self, event: Step) -> None:
        for number in trials_of(event.record):
            if number not in self.by_number or self.by_number[number].result is None:
                raise RunError(
                    f"the journal's step `{event.name}` names trial {number}, which gave no value",
                    help="`hpopt runs repair RUN` sets that line aside, and keeps all others",
                )
        self.steps.pop(event.name, None)  # so that they stand as they were done
        self.steps[event.name] = event

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [self.by_number[number] for number in sorted(self.by_number)]

    def status(self, is_written: bool) -> Status:
        """How the run stands, where it is known whether somebody is writing it."""
        if "summary" not in self.steps or self.is_reopened:
            return "running" if is_written else "interrupted"
        if "best" not in self.steps:
            return "failed"
        if self.end is None:  # as journals were before they told why a search ended
            return "stopped" if len(self.by_number) < (self.n_calls or 0) else "finished"
        return "stopped" if self.end.reason == "interrupted" else "finished"

    def is_over(self, is_written: bool) -> bool:
        """Whether nothing is left to do: the search came to its own end, and all steps are done."""
        status = self.status(is_written)
        is_closed = status == "finished" or (status == "failed" and self.best is None)
        return is_closed and (self.end is None or self.end.reason not in _TO_GO_ON)

    @property
    def n_calls(self) -> int | None:
        """How many trials the run is to have, by its last session; None where that is not known."""
        return self.resumed[-1].n_calls if self.resumed else self.header.n_calls

    @property
    def overrides(self) -> Sequence[str]:
        """All that was laid over the config so far, as it was written."""
        later = [change for resumed in self.resumed for change in resumed.changes]
        return [*(self.header.overrides or ()), *later]

    @property
    def code(self) -> Mapping[str, str]:
        """Fingerprints of the files of own code, as they were when the run was last worked on."""
        return {**self.header.code, **{k: v for r in self.resumed for k, v in r.code.items()}}

    @property
    def begun(self) -> datetime | None:
        """When the run was begun, where that is known."""
        first = next(iter(self.by_number.values()), None)
        if self.header.time:
            return moment_of(self.header.time)
        return first.started if first else None

    @property
    def outcomes(self) -> StepOutcomes:
        """What the closing steps that are done have given, by attribute."""
        return StepOutcomes.of({name: step.record for name, step in self.steps.items()})

    @property
    def best(self) -> Trial | None:
        """The incumbent of the trials so far."""
        return incumbent(self.trials)

    @property
    def chosen(self) -> Trial | None:
        """The trial whose network the run is for: the confirmed one, or else `best`."""
        confirmed = self.outcomes.confirm
        return self.best if confirmed is None else self.by_number[confirmed.chosen]

    @property
    def ensemble(self) -> list[Trial]:
        """The trials of whose networks the run's model is the average; mostly there are none."""
        ensembled = self.outcomes.ensemble
        if ensembled is None or not ensembled.taken:
            return []
        return [self.by_number[number] for number in ensembled.members]

    @property
    def final(self) -> list[Trial]:
        """The trials whose networks make the run's model: the chosen one, or an ensemble's."""
        return self.ensemble or [trial for trial in (self.chosen,) if trial is not None]

    @property
    def threshold(self) -> float:
        """The probability above which the best network of two labels says the second."""
        chosen = self.outcomes.threshold
        return HALF if chosen is None else chosen.threshold


def _ascending(partial: Mapping[float, Result]) -> Mapping[float, Result]:
    return dict(sorted(partial.items()))
