"""The end of a run: named steps, each journalled when it is done and safe to repeat.

A run that was killed among them goes on at the first that is not in the journal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpopt.closing.confirm import Confirmation
from hpopt.closing.ensemble import STEP as ENSEMBLE
from hpopt.closing.ensemble import Ensemble
from hpopt.closing.jobs import Stopped
from hpopt.closing.refit import Refit
from hpopt.closing.testing import Judging
from hpopt.config.schema import OutputSettings
from hpopt.data.folds import WHOLE, Splits
from hpopt.errors import RunError, in_words
from hpopt.execution.slots import Slots
from hpopt.export.best import trained_network, write_best
from hpopt.plots.drawing import write_picture
from hpopt.plots.history import History
from hpopt.plots.pictures import PICTURES
from hpopt.report.findings import Findings, find_out
from hpopt.report.summary import summarise
from hpopt.runs.folder import Run, now
from hpopt.runs.journal import Step
from hpopt.runs.results import dump_results
from hpopt.space.space import Space
from hpopt.statistics.threshold import depends_on_threshold
from hpopt.training.objective import Objective
from hpopt.trials import Trial

log = logging.getLogger(__name__)

# About how long the steps take that fit nothing, and the pictures among them, on two cores.
CLOSING_S, PLOTS_S = 5.0, 8.0


@dataclass(frozen=True)
class Closing:
    """What the closing steps need: the run, its objective, and what the search was."""

    run: Run
    objective: Objective
    space: Space
    slots: Slots
    splits: Splits
    seed: int
    output: OutputSettings
    stop: threading.Event

    @property
    def steps(self) -> Sequence[tuple[str, Callable[[], Mapping[str, Any]]]]:
        """The steps in order. Without a finished trial only the summary can be written."""
        if self.run.best is None:
            return [("summary", self._summary)]
        return [
            *self._fitting_steps,
            *([("threshold", self._judging.threshold)] if self._has_threshold else []),
            ("best", self._best),
            ("test", self._judging.test),
            ("results", self._results),
            *([("plots", self._plots)] if self.output.plots else []),
            ("summary", self._summary),
        ]

    @property
    def _fitting_steps(self) -> Sequence[tuple[str, Callable[[], Mapping[str, Any]]]]:
        """The steps that fit networks: a run that was stopped leaves them to its resumption.

        But where trials keep no network, as with folds, it has to have one.
        """
        run, output = self.run, self.output
        if self.stop.is_set():
            assert run.chosen is not None
            is_there = run.weights(run.chosen) is not None
            return [] if is_there else [("network", Refit(run, self.slots, self.splits, False))]
        fitted_s = sum(trial.result.seconds for trial in run.trials() if trial.result is not None)
        confirm = Confirmation(
            run,
            self.objective,
            self.space,
            self.slots,
            self.splits,
            output.confirm * fitted_s,
            self.stop,
        )
        refit = Refit(run, self.slots, self.splits, output.refit, self.stop, output.ensemble)
        steps: dict[str, Callable[[], Mapping[str, Any]]] = {"confirm": confirm, "refit": refit}
        if output.ensemble is not None:
            steps[ENSEMBLE] = Ensemble(run, self.objective, output.ensemble, output.refit)
        return [(name, step) for name, step in steps.items() if name in self._wanted]

    @property
    def _wanted(self) -> set[str]:
        """The steps that fit networks, or compare them, as the config asks for them."""
        wanted = {"confirm": self.output.confirm > 0, "refit": True}
        wanted[ENSEMBLE] = self.output.ensemble is not None
        return {name for name, is_wanted in wanted.items() if is_wanted}

    @property
    def is_cut_short(self) -> bool:
        """Whether steps that fit networks are left over, because the run was asked to stop."""
        is_left = not self._wanted <= {*self.run.steps}
        return self.run.best is not None and self.stop.is_set() and is_left

    def network(self, *trials: Trial) -> tuple[Objective, Any]:
        """The last network of a trial, or the average of several trials' ones.

        With it comes the objective on the rows that it was fitted to. Raises RunError where there
        is none.
        """
        weights = [self.run.refitted_weights(trial) for trial in trials]
        if None in weights:
            return self.objective, trained_network(self.run, self.objective, *trials)
        self.splits.write_whole()  # it is gone where another process has fitted to it
        objective = self.objective.on(WHOLE)
        networks = [
            objective.trained(trial.params, seed=trial.seed, weights=path)
            for trial, path in zip(trials, weights, strict=True)
            if path is not None
        ]
        return objective, objective.average(networks)

    def do_all(self) -> None:
        """Do the steps that are not in the journal yet, or are there before one they build on.

        Raises RunError where one can't be done, but only when all others are.
        """
        failure: RunError | None = None
        place = -1  # in the journal, of the step before
        for name, step in self.steps:
            done = list(self.run.steps)
            if name in done[place + 1 :]:
                place = done.index(name)
                continue
            self.run.check_place()
            try:
                outcome = step()
                self.run.append(Step(name, now(), outcome))
                log.info("closing step done: %s", name)
            except Stopped:
                log.info("closing step left to a resumption: %s", name)
                self.do_all()  # those that are quick
                return
            except RunError as error:
                log.exception("closing step failed: %s", name)
                failure = failure or error
            place = len(self.run.steps)  # none of the others is behind it
        if failure is not None:
            raise failure

    def _best(self) -> Mapping[str, Any]:
        assert self.run.chosen is not None
        objective, network = self.network(*self.run.final)
        return write_best(self.run, objective, self.run.chosen, network, self.output.keep_rows)

    @property
    def _judging(self) -> Judging:
        return Judging(self.run, self.objective, self.network)

    @property
    def _has_threshold(self) -> bool:
        return depends_on_threshold(self.objective.data.output.task, self.run.metric)

    def _results(self) -> Mapping[str, Any]:
        trials = self.run.trials()
        self.run.write(
            "results.pkl", lambda file: dump_results(self.space, trials, self.seed, file)
        )
        return {}

    def _plots(self) -> Mapping[str, Any]:
        """The pictures; one that can't be drawn is never worth a run, so its fault is logged."""
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
        return {"drawn": [name for name in PICTURES if name not in missing], "missing": missing}

    def _summary(self) -> Mapping[str, Any]:
        """The summary; what the surrogate says in it goes into the journal, for `conclude`."""
        try:
            found = find_out(self.run)
        except Exception as error:  # what the parameters did is never worth a run either
            log.exception("the surrogate can't be read")
            found = Findings([f"The surrogate can't be read: {in_words(error)}"], None)
        self.run.write_text("summary.md", summarise(self.run, found))
        return {"findings": found.to_json()}
