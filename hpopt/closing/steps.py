"""The end of a run: named steps, each journalled when it is done and safe to repeat.

A run that was killed among them goes on at the first that is not in the journal.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpopt.closing.assessment import has_threshold
from hpopt.closing.confirm import Race
from hpopt.closing.jobs import Stopped
from hpopt.closing.refit import Refit
from hpopt.closing.time_left import TimeLeft
from hpopt.closing.work import StepWork, do_in_slot
from hpopt.config.schema import OutputSettings
from hpopt.data.folds import Splits
from hpopt.errors import RunError, in_words
from hpopt.execution.slots import Slots
from hpopt.page.document import PAGE, report_page
from hpopt.plots.drawing import write_picture
from hpopt.plots.history import History
from hpopt.plots.pictures import PICTURES
from hpopt.report.findings import find_out
from hpopt.report.summary import summarise
from hpopt.runs.events import Step
from hpopt.runs.folder import SUMMARY, Run, now
from hpopt.runs.record import to_json
from hpopt.runs.results import dump_results
from hpopt.runs.steps import (
    Confirmed,
    Drawn,
    Findings,
    Listed,
    Refitted,
    Reported,
    StepOutcome,
    Summarised,
)
from hpopt.space.space import Space
from hpopt.training.objective import Objective

log = logging.getLogger(__name__)

# A step by its name, which the journal knows it by.
NamedStep = tuple[str, Callable[[], StepOutcome]]


@dataclass(frozen=True, kw_only=True)
class Closing:
    """The closing steps of a run, of which `output` says what is wanted.

    `objective` and `splits` are of the run's rows; `seed` and `space` are those of the search, and
    `slots` those that it has left. Once `stop` is set only what is quick is done. What
    `time_limit_s` leaves no time for is shortened or left out, and `note` hears of it.
    """

    run: Run
    objective: Objective
    space: Space
    slots: Slots
    splits: Splits
    seed: int
    output: OutputSettings
    stop: threading.Event
    time_limit_s: float | None = None
    note: Callable[[str], None] = log.warning
    begun: Callable[[str], None] = lambda name: None  # hears of each step

    @property
    def steps(self) -> Sequence[NamedStep]:
        """The steps in order. Without a finished trial only the summary can be written."""
        if self.run.best is None:
            return [("summary", self._summary)]
        return [
            *self._fitting_steps,
            *([("threshold", self._threshold)] if has_threshold(self.run) else []),
            ("best", self._best),
            ("test", self._test),
            ("results", self._results),
            ("summary", self._summary),
            *([("plots", self._plots)] if self.output.plots else []),
            *([("report", self._report)] if self.output.report else []),
        ]

    @property
    def _fitting_steps(self) -> Sequence[NamedStep]:
        """The steps that fit networks: a run that was stopped leaves them to its resumption.

        But where trials keep no network, as with folds, it has to have one.
        """
        run, output = self.run, self.output
        if self.stop.is_set():
            assert run.chosen is not None
            is_there = run.weights(run.chosen) is not None
            return [] if is_there else [("network", Refit(run, self.slots, self.splits, False))]
        steps: list[NamedStep] = []
        if output.confirm > 0:
            steps.append(("confirm", self._confirm))
        steps.append(("refit", self._refit))
        if output.ensemble is not None:
            steps.append(("ensemble", self._ensemble))
        return steps

    @property
    def _time(self) -> TimeLeft:
        return TimeLeft(self.run, self.time_limit_s)

    def _confirm(self) -> Confirmed:
        results = [trial.result for trial in self.run.trials() if trial.result is not None]
        budget_s = self.output.confirm * sum(result.seconds for result in results)
        left_s = self._time.seconds - self._refit_s()  # which is what the model is made of
        if left_s * max(1, self.slots.free) < budget_s:
            budget_s = max(0.0, left_s * max(1, self.slots.free))
            self.note(f"the race of the best is cut to {budget_s:.0f} s by search.time_limit")
        race = Race(
            run=self.run,
            objective=self.objective,
            space=self.space,
            slots=self.slots,
            splits=self.splits,
            budget_s=budget_s,
            stop=self.stop,
            deadline_s=self._time.deadline_s,
        )
        return race()

    def _refit(self) -> Refitted:
        """Fit again what is wanted; where time is short only what there is no model without."""
        whole, ensemble = self.output.refit, self.output.ensemble
        if (whole or ensemble) and self._time.seconds < self._refit_s():
            self.note("the best are not fitted to all rows again: search.time_limit left no time")
            whole, ensemble = False, None
        return Refit(self.run, self.slots, self.splits, whole, self.stop, ensemble)()

    def _refit_s(self) -> float:
        """How long it takes to fit the last networks to all rows, by what their trials took."""
        if not self.output.refit:
            return 0.0
        results = [trial.result for trial in self.run.trials() if trial.result is not None]
        seconds = sorted(result.seconds / len(result.scores) for result in results)
        fits = 2 + (self.output.ensemble or 0)
        return math.ceil(fits / max(1, self.slots.free)) * seconds[len(seconds) // 2]

    def _threshold(self) -> StepOutcome:
        return self._in_slot("threshold")

    def _ensemble(self) -> StepOutcome:
        chosen = self.run.chosen
        assert chosen is not None
        is_whole = self.run.refitted_weights(chosen) is not None
        whole = self.output.refit and (is_whole or self.time_limit_s is None)
        return self._in_slot("ensemble", whole=whole)

    @property
    def is_cut_short(self) -> bool:
        """Whether steps that fit networks are left over, because the run was asked to stop."""
        done, output = self.run.outcomes, self.output
        is_left = (
            (output.confirm > 0 and done.confirm is None)
            or done.refit is None
            or (output.ensemble is not None and done.ensemble is None)
        )
        return self.run.best is not None and self.stop.is_set() and is_left

    def do_all(self) -> None:
        """Do the steps that are not in the journal yet, or are there before one they build on.

        Raises RunError where one can't be done, but only when all others are.
        """
        failure: RunError | None = None
        place = -1  # in the journal, of the step before
        waiting = deque(self.steps)
        while waiting:
            name, step = waiting.popleft()
            done = list(self.run.steps)
            if name in done[place + 1 :]:
                place = done.index(name)
                continue
            self.run.check_place()
            self.begun(name)
            try:
                outcome = step()
                self.run.append(Step(name, now(), to_json(outcome)))
                log.info("closing step done: %s", name)
            except Stopped:
                log.info("closing step left to a resumption: %s", name)
                failure = None  # what failed is left to it as well
                waiting = deque(self.steps)  # now that the run is stopped, those that are quick
                continue
            except RunError as error:
                log.exception("closing step failed: %s", name)
                failure = failure or error
            place = len(self.run.steps)  # none of the others is behind it
        if failure is not None:
            raise failure

    def _best(self) -> StepOutcome:
        self._ready_rows()
        return self._in_slot("best")

    def _test(self) -> StepOutcome:
        self._ready_rows()
        return self._in_slot("test")

    def _ready_rows(self) -> None:
        """Have all rows there, where networks were fitted to them: by another process, maybe."""
        networks = [self.run.trials()[0], *self.run.final]
        if any(self.run.refitted_weights(trial) is not None for trial in networks):
            self.splits.write_whole()

    def _in_slot(self, step: str, *, whole: bool = False) -> StepOutcome:
        """Do a step that builds networks where trials run: a user's code may crash there."""
        work = StepWork(
            step=step,
            path=self.run.path,
            objective=self.objective,
            output=self.output,
            whole=whole,
        )
        return do_in_slot(self.run, self.slots, work, self.note)

    def _results(self) -> Listed:
        trials = self.run.trials()
        self.run.write(
            "results.pkl", lambda file: dump_results(self.space, trials, self.seed, file)
        )
        return Listed()

    def _plots(self) -> Drawn:
        """The pictures, which the summary then shows; all that matters is safe by now.

        One that can't be drawn is never worth a run, so its fault is logged. No time is kept for
        them where it is limited: trials are worth more.
        """
        history = History.of(self.run)
        missing: dict[str, str] = {}
        for name in PICTURES:
            try:
                picture = write_picture(history, name, self.run.path / "plots")
            except Exception as error:
                log.exception("the picture %s can't be drawn", name)
                missing[name] = in_words(error)
            else:
                if picture.reason is not None:
                    missing[name] = picture.reason
        drawn = [name for name in PICTURES if name not in missing]
        written = self.run.outcomes.summary
        if written is not None and written.findings is not None:
            self.run.write_text(SUMMARY, summarise(self.run, written.findings, drawn))
        return Drawn(drawn=drawn, missing=missing)

    def _report(self) -> Reported:
        """The page for a browser: it is never worth a run either, and any later time will do."""
        try:
            page = report_page([self.run])
        except Exception as error:
            log.exception("the page can't be made")
            return Reported(missing=in_words(error))
        self.run.write_text(PAGE, page)
        return Reported()

    def _summary(self) -> Summarised:
        """The summary; what the surrogate says in it goes into the journal, for `conclude`."""
        try:
            findings = find_out(self.run)
        except Exception as error:  # what the parameters did is never worth a run either
            log.exception("the surrogate can't be read")
            findings = Findings([f"The surrogate can't be read: {in_words(error)}"], None)
        self.run.write_text(SUMMARY, summarise(self.run, findings))
        return Summarised(findings=findings)
