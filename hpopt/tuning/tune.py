"""The main job: a configuration in, a run folder with a tuned network out."""

from __future__ import annotations

import logging
import os
import shlex
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from hpopt.closing.steps import Closing
from hpopt.closing.time_left import CLOSING_S, expected_closing_s
from hpopt.config.loading import Config
from hpopt.errors import Interrupted, RunError
from hpopt.execution.folded import FoldedSlots
from hpopt.execution.machine import slowness
from hpopt.execution.resampling import Resampling
from hpopt.execution.slots import Slots
from hpopt.runs import events
from hpopt.runs.folder import Run, now
from hpopt.runs.requests import heeding_requests
from hpopt.search.engines import make_searcher
from hpopt.search.searcher import PausingSearcher
from hpopt.tracking.mlflow_runs import MLflow
from hpopt.tracking.observer import Observer, Observers, Plan
from hpopt.tracking.tensorboard import TensorBoard
from hpopt.tuning.budget import INTERRUPTED, Budget
from hpopt.tuning.constant import ConstantWatch
from hpopt.tuning.loop import search
from hpopt.tuning.material import read_again
from hpopt.tuning.resuming import continuation_of
from hpopt.tuning.setup import Ready, set_up, set_up_again
from hpopt.tuning.warm_start import earlier_trials, to_try_first

log = logging.getLogger(__name__)


def tune(
    config: Config,
    *,
    output_dir: str | os.PathLike[str] = "runs",
    earlier: Run | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
) -> Run:
    """Search for the best network and leave a run folder in `output_dir`.

    The trials of an `earlier` run inform the search, where they can be compared with new ones.
    Once `stop` is set no new trial begins, and the run is closed with what it has. Raises
    ConfigError, DataError, SetupError or MissingDependency before the first trial, and leaves no
    folder then; RunError where files can't be written, or the best network can't be saved;
    Interrupted on a KeyboardInterrupt. `resume` goes on with the run after any of these.
    """
    observer, stop = _observers(config, observer), stop or threading.Event()
    try:
        observer.setting_up()
        with _interruptible("interrupted before the first trial; no run folder is left"):
            run, ready = set_up(config, Path(output_dir), observer, stop, earlier)
        _carry_on(run, config, ready, observer, stop)
    finally:
        observer.close()
    return run


def resume(
    folder: Path,
    *,
    changes: Sequence[str] = (),
    data: str | None = None,
    trust_code: bool = False,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
) -> Run:
    """Go on with a run from its folder, as if it had never ended; give it back if it is finished.

    Trials that were running are run again with the same params and seed. `changes` are overrides
    from here on, `data` is where the data file is now, and `trust_code` lets own code run that has
    changed. Raises what `tune` raises, and RunError where somebody else is writing the run;
    ConfigError or DataError where new trials could not be compared with those that the run has.
    """
    left = Run.open(folder)
    if left.is_over and not changes and data is None:
        return left
    run = Run.reopen(folder)
    with closing(run):
        again = continuation_of(run, changes, data=data, trust_code=trust_code)
        config, stop = again.config, stop or threading.Event()
        with _interruptible(f"interrupted; {run.path} is as it was"):
            material = read_again(run, config)
        if run.is_over and _budget(run, config).end(run) is not None:
            return run
        observer = _observers(config, observer)
        try:
            observer.setting_up()
            with _interruptible(f"interrupted; {run.path} is as it was"):
                ready = set_up_again(run, again, material, observer, stop)
            _carry_on(run, config, ready, observer, stop)
        finally:
            observer.close()
    return run


def _observers(config: Config, observer: Observer | None) -> Observer:
    """Who is told: the given one, and what the config asks for."""
    observer, tracking = observer or Observer(), config.settings.tracking
    others: list[Observer] = [TensorBoard()] if tracking.tensorboard else []
    if tracking.mlflow is not None:
        others.append(MLflow(tracking.mlflow.experiment, observer.note))
    return Observers(observer, *others) if others else observer


@contextmanager
def _interruptible(text: str) -> Iterator[None]:
    """Raise Interrupted with a text for people in place of a KeyboardInterrupt."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(text) from None


@contextmanager
def _naming_how_to_resume(run: Run) -> Iterator[None]:
    """Have what ends the run before its time name the command that goes on with it."""
    text = f"interrupted; what was finished is in {run.path}\n{how_to_resume(run)}"
    try:
        with _interruptible(text):
            yield
    except RunError as error:
        error.problems = [replace(p, help=p.help or how_to_resume(run)) for p in error.problems]
        raise


def _carry_on(
    run: Run, config: Config, ready: Ready, observer: Observer, stop: threading.Event
) -> None:
    """Search until the budget is used up, and close the run."""
    options, space = config.settings, config.binding.space
    with (
        _naming_how_to_resume(run),
        closing(run),
        run.log_file(),
        closing(ready.slots),
        heeding_requests(run.path, stop),
    ):
        has_labels = ready.objective.data.output.kind.has_labels
        watch = ConstantWatch(lambda text: _say(text, observer), has_labels=has_labels)
        _search(run, config, ready.slots, Observers(observer, watch), stop)
        steps = Closing(
            run=run,
            objective=ready.objective,
            space=space,
            slots=ready.slots,
            splits=ready.splits,
            seed=options.search.seed,
            output=options.output,
            stop=stop,
            time_limit_s=options.search.time_limit,
            note=lambda text: _say(text, observer),
            begun=observer.step,
        )
        observer.closing([name for name, _ in steps.steps])
        steps.do_all()
        if steps.is_cut_short:
            run.append(events.Ended(INTERRUPTED.reason, INTERRUPTED.text, now(), run.elapsed_s))


def _search(
    run: Run, config: Config, slots: Slots, observer: Observer, stop: threading.Event
) -> None:
    options, space, training = config.settings, config.binding.space, config.binding.training
    budget = _budget(run, config)
    _note_of_engine(config, observer)
    workers, calls = max(1, slots.free), options.search.n_calls
    plan = Plan(
        n_calls=calls if budget.points is None else min(calls, len(budget.points)),
        workers=workers,
        closing_s=lambda: expected_closing_s(options.output, _fitted_s(run), workers, len(space)),
        limit_s=options.search.time_limit,
    )
    observer.begin(run, plan)
    search(
        run,
        space,
        _searcher(run, config),
        FoldedSlots(slots, Resampling(training.folds, training.repeats)),
        budget=budget,
        seed=options.search.seed,
        keep_weights=options.output.keep_weights,
        observer=observer,
        stop=stop,
    )


def _fitted_s(run: Run) -> list[float]:
    """How long each fit of a finished trial took."""
    results = [trial.result for trial in run.trials() if trial.result is not None]
    return [result.seconds / len(result.scores) for result in results for _ in result.scores]


def _searcher(run: Run, config: Config) -> PausingSearcher:
    search = config.settings.search
    return make_searcher(
        **search.of_searcher,
        n_calls=search.n_calls,
        given=[*config.binding.initial, *to_try_first(run.known)],
        earlier=earlier_trials(run.known),
        levels=search.levels,
    )


def how_to_resume(run: Run) -> str:
    """The command that goes on with a run."""
    return f"to go on: hpopt resume {shlex.quote(run.shown_path)}"


def _budget(run: Run, config: Config) -> Budget:
    """What the run may use from here on; failures before it was resumed do not count against it."""
    options = config.settings
    return Budget(
        options.search.n_calls,
        no_improvement=options.search.stop.no_improvement,
        target=options.search.stop.target,
        time_limit_s=options.search.time_limit,
        closing_s=CLOSING_S,
        closing_share=options.output.confirm,
        closing_fits=(2 if options.output.refit else 0) + (options.output.ensemble or 0),
        slowness=slowness,
        max_failures=options.execution.max_failures,
        failures_after=len(run.trials()),
        points=config.binding.space.points(options.search.n_calls),
    )


def _note_of_engine(config: Config, observer: Observer) -> None:
    search = config.settings.search
    note = search.chosen.note(config.binding.space, search.n_calls)
    if note is not None:
        _say(note, observer)


def _say(note: str, observer: Observer) -> None:
    log.warning(note)
    observer.note(note)
