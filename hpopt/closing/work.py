"""The closing steps that build networks, as jobs: what a user's code does there costs a step alone.

A network that crashes, hangs or ends its process does so in a worker. That reads the run and writes
in the job's folder; the run folder's only writer takes over from there what belongs into it.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

from hpopt.closing.assessment import Assessment
from hpopt.closing.ensemble import Ensemble
from hpopt.closing.jobs import run_jobs
from hpopt.closing.time_left import limit_of_step_s
from hpopt.config.schema import OutputSettings
from hpopt.data.folds import OWN, WHOLE, split_folder
from hpopt.errors import RunError
from hpopt.execution.slots import LOG, Job, Slots, TrialFinished
from hpopt.export.best import BEST, BEST_FILES, best_files, trained_network
from hpopt.files import text_writer, write_whole
from hpopt.jsonline import json_line
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.forecasts import FORECASTS
from hpopt.runs.mistakes import MISTAKES
from hpopt.runs.record import to_json
from hpopt.runs.steps import Ensembled, Saved, Scored, StepOutcome, outcome_of
from hpopt.space.dimensions import Params
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial

log = logging.getLogger(__name__)

N_WEIGHTS = "weights"  # the metric that `Counting` gives

_OUTCOME = "outcome.json"
_LOOKED_AT = (MISTAKES, FORECASTS)  # what the step `test` keeps of the rows, where they can be seen
_MOST_MISTAKES = 24
_MOST_FORECASTS = 300
_RUN = Path("run")  # where the run's files stand for a worker that sees other paths
_NOTHING = Result(0.0, {}, [], {}, 0, 0.0)
_LONG_S = 60.0  # people hear of a step that takes longer


@dataclass(frozen=True)
class Counting:
    """An objective as a trial function that counts the weights of a network, and fits none."""

    objective: Objective

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = OWN) -> Result:
        """Build the network of params and give its number of weights among the metrics."""
        with self.objective.alone():
            network = self.objective.network(params, seed=seed)
            return replace(_NOTHING, metrics={N_WEIGHTS: float(network.count_params())})

    def warm_up(self) -> None:
        """See `TrialFunction`."""
        self.objective.warm_up()

    def reads(self, fold: int) -> Mapping[str, Path]:
        """See `TrialFunction`."""
        return self.objective.reads(fold)

    def at(self, folder: Path) -> Counting:
        """See `TrialFunction`."""
        return Counting(self.objective.at(folder))


@dataclass(frozen=True, kw_only=True)
class StepWork:
    """The step `ensemble`, `threshold`, `best` or `test` of the run at `path`, as a trial function.

    It leaves the step's record in its folder, and the files that belong into the run folder.
    `whole` is that of `Ensemble`.
    """

    step: str
    path: Path
    objective: Objective
    output: OutputSettings
    whole: bool = False

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = OWN) -> Result:
        """Do the step; raises RunError where weights are gone or the model can't be saved."""
        with self.objective.alone():
            run = Run.open(self.path, curves=False)
            steps = _NetworkSteps(run, self.objective, self.output, self.whole, folder)
            outcome = steps.do(self.step)
        form: Any = to_json(outcome)
        write_whole(folder / _OUTCOME, text_writer(json_line(form)))
        return _NOTHING

    def warm_up(self) -> None:
        """See `TrialFunction`."""
        self.objective.warm_up()

    def reads(self, fold: int) -> Mapping[str, Path]:
        """The run's journal and weights, and its rows: those of the test part for `test` alone."""
        rows, sees_test = self.objective.data.folder, self.step == "test"
        splits = [split for split in (OWN, WHOLE) if split_folder(rows, split).is_dir()]
        files: dict[str, Path] = {}
        for split in splits:
            files |= self.objective.reads(split, with_test=sees_test)
        of_run = [self.path / JOURNAL, *self.path.glob("*/*/*.npz")]
        return files | {str(_RUN / path.relative_to(self.path)): path for path in of_run}

    def at(self, folder: Path) -> StepWork:
        """See `TrialFunction`."""
        return replace(self, path=folder / _RUN, objective=self.objective.at(folder))


@dataclass(frozen=True)
class _NetworkSteps:
    """The steps themselves, of a run that is read; files are left in `folder`."""

    run: Run
    objective: Objective
    output: OutputSettings
    whole: bool
    folder: Path

    def do(self, step: str) -> StepOutcome:
        match step:
            case "ensemble":
                return self._ensemble()
            case "threshold":
                return self._assessment.threshold()
            case "best":
                return self._best()
            case "test":
                return self._test()
        raise ValueError(f"{step!r} is no step of networks")

    def _ensemble(self) -> Ensembled:
        assert self.output.ensemble is not None
        return Ensemble(self.run, self.objective, self.output.ensemble, self.whole)()

    def _best(self) -> Saved:
        chosen = self.run.chosen
        assert chosen is not None
        objective, network = self._network(*self.run.final)
        files, difference = best_files(
            self.run,
            objective,
            chosen,
            network,
            self.output.keep_rows,
            conformal=self._assessment.conformal,
        )
        for name, write in files.items():
            write_whole(self.folder / name, write)
        return Saved(trial=chosen.number, largest_difference=difference)

    def _test(self) -> Scored:
        """The scores on the test part; of rows that can be looked at the worst mistakes are kept,
        and of forecasts the last ones.
        """
        assessment, keep_rows = self._assessment, self.output.keep_rows
        scored = assessment.test()
        if keep_rows:
            mistakes = assessment.mistakes(min(keep_rows, _MOST_MISTAKES))
            forecasts = assessment.forecasts(min(keep_rows, _MOST_FORECASTS))
            if mistakes is not None:
                write_whole(self.folder / MISTAKES, mistakes.write)
            if forecasts is not None:
                write_whole(self.folder / FORECASTS, forecasts.write)
        return scored

    @cached_property
    def _assessment(self) -> Assessment:
        return Assessment(self.run, self.objective, self._network)

    def _network(self, *trials: Trial) -> tuple[Objective, Any]:
        """The last network of a trial, or the average of several trials' ones.

        With it comes the objective on the rows that it was fitted to. Raises RunError where there
        is none.
        """
        weights = [self.run.refitted_weights(trial) for trial in trials]
        if None in weights:
            return self.objective, trained_network(self.run, self.objective, *trials)
        objective = self.objective.on(WHOLE)
        networks = [
            objective.trained(trial.params, seed=trial.seed, weights=path)
            for trial, path in zip(trials, weights, strict=True)
            if path is not None
        ]
        return objective, objective.average(networks)


def do_in_slot(
    run: Run, slots: Slots, work: StepWork, note: Callable[[str], None] = log.warning
) -> StepOutcome:
    """Do a step in a slot, and put what it leaves into the run folder.

    Its files are there first: once the step is in the journal it is not done again. `note` hears of
    one that takes long. Raises RunError where it failed, however it did.
    """
    folder = run.data_folder / "closing"
    gives = (_OUTCOME, LOG, *BEST_FILES, *_LOOKED_AT)
    limit_s = limit_of_step_s(run, work.objective.data)
    job = Job(0, {}, 0, folder, gives=gives, least_timeout_s=limit_s, work=work)
    shutil.rmtree(folder, ignore_errors=True)

    def is_long() -> None:
        note(
            f"the closing step `{work.step}` is still at it after {_LONG_S:g} s; it is ended after "
            f"{limit_s:.0f} s (or execution.trial_timeout, if that is more)"
        )

    waiting = threading.Timer(_LONG_S, is_long)
    waiting.daemon = True
    waiting.start()
    try:
        [event] = run_jobs(slots, [job])
        if not isinstance(event, TrialFinished):
            log.error("what the closing step `%s` wrote last:\n%s", work.step, event.log_tail)
            raise RunError(f"the closing step `{work.step}` failed: {event.reason}")
        outcome = outcome_of(work.step, json.loads((folder / _OUTCOME).read_bytes()))
        assert outcome is not None
        if work.step == "best":
            files = sorted((folder / BEST).iterdir())
            run.write_folder(BEST, {path.name: partial(_copy, path) for path in files})
        if work.step == "test":
            for name in _LOOKED_AT:
                if (folder / name).is_file():
                    run.write(name, partial(_copy, folder / name))
                else:
                    (run.path / name).unlink(missing_ok=True)
        return outcome
    finally:
        waiting.cancel()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)
