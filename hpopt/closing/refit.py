"""The step `refit`: the networks that the run ends with, where no trial has left them.

The chosen params, the default ones and those of an ensemble are fitted on the training and the
validation part together where that is asked for, and on the training part where their trials kept
no network: those with folds never do.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from hpopt.closing.ensemble import members
from hpopt.closing.jobs import run_jobs
from hpopt.data.folds import OWN, WHOLE, Splits
from hpopt.errors import RunError
from hpopt.execution.slots import Job, Slots, TrialFinished
from hpopt.runs.folder import Run
from hpopt.runs.steps import Refitted, RefittedNetwork
from hpopt.space.names import owner
from hpopt.trials import Result, Trial

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refit:
    """Fits what is missing of the last networks; `whole` asks for those of all rows too.

    `ensemble` is how many networks an ensemble is to have, if there is to be one.
    A fit on all rows has none to stop early by: it lasts as many epochs as were best before.
    Once `stop` is set, where there is one, no fit begins, and Stopped is raised.
    """

    run: Run
    slots: Slots
    splits: Splits
    whole: bool
    stop: threading.Event | None = None
    ensemble: int | None = None

    def __call__(self) -> Refitted:
        """Fit, and give what came of each trial and part.

        Raises RunError where the network of the chosen params can't be fitted.
        """
        chosen, default = self.run.chosen, self.run.trials()[0]
        assert chosen is not None
        trials = {chosen.number: chosen}
        if default.result is not None:
            trials.setdefault(default.number, default)
        for trial in members(self.run, self.ensemble or 0):
            trials.setdefault(trial.number, trial)
        jobs = [self._own(trial) for trial in trials.values() if self.run.weights(trial) is None]
        if self.whole:
            self.splits.write_whole()
            jobs += [self._of_all_rows(trial) for trial in trials.values()]
        networks: dict[str, dict[str, RefittedNetwork]] = {}
        for event in run_jobs(self.slots, jobs, self.stop):
            job = event.job
            part = "train" if job.fold == OWN else "train+validation"
            if isinstance(event, TrialFinished):
                network = _network(event.result, has_scores=job.fold == OWN)
                networks.setdefault(str(job.number), {})[part] = network
            elif job.number == chosen.number:
                raise RunError(f"the network of trial {job.number} failed anew: {event.reason}")
            else:
                log.warning("trial %d is not fitted again: %s", job.number, event.reason)
        return Refitted(networks=networks)

    def _own(self, trial: Trial) -> Job:
        return Job(trial.number, trial.params, trial.seed, self.run.trial_folder(trial.number), OWN)

    def _of_all_rows(self, trial: Trial) -> Job:
        result = trial.result
        assert result is not None
        epochs = result.kept_epoch or result.epochs
        params = {n: value for n, value in trial.params.items() if owner(n) != "early_stopping"}
        params |= {"epochs": epochs, "early_stopping": None}
        planned = {**self.run.header.constants.get("training", {}), **trial.params}
        if planned.get("learning_schedule", "constant") != "constant" or planned.get("warmup"):
            # The schedule goes on as it did for the trial, and ends where that was best.
            params["schedule_epochs"] = planned.get("schedule_epochs") or planned["epochs"]
        folder = self.run.refit_folder(trial.number)
        return Job(trial.number, params, trial.seed, folder, WHOLE)


def _network(result: Result, *, has_scores: bool) -> RefittedNetwork:
    """What the journal says of a fit; one on all rows leaves none to be scored on."""
    assert result.weights is not None
    return RefittedNetwork(
        weights=result.weights,
        epochs=result.epochs,
        kept_epoch=result.kept_epoch,
        metrics=result.metrics if has_scores else {},
        seconds=result.seconds,
    )
