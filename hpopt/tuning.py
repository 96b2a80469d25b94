"""The main job: a configuration in, a run folder with a tuned network out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpopt import __version__
from hpopt.closing import Closing
from hpopt.config.loading import Config
from hpopt.config.resolved import resolved_yaml
from hpopt.data.prepared import fingerprints, prepare
from hpopt.data.sources import Table, load_sklearn
from hpopt.data.splits import Parts, split_rows
from hpopt.errors import DataError
from hpopt.execution.serial import SerialSlots
from hpopt.execution.slots import Slots, TrialEvent, TrialFinished
from hpopt.observer import Observer
from hpopt.preflight import preflight
from hpopt.runs import journal
from hpopt.runs.environment import describe_environment
from hpopt.runs.folder import Run, now
from hpopt.search.engines import make_searcher
from hpopt.search.searcher import Searcher
from hpopt.space import Space
from hpopt.training.metrics import Metric
from hpopt.training.objective import Objective
from hpopt.trials import trial_seed

log = logging.getLogger(__name__)

# How long the loop waits at most before it looks whether it is to stop.
_PATIENCE_S = 1.0


def tune(
    config: Config,
    *,
    output_dir: Path = Path("runs"),
    observer: Observer | None = None,
    stop: threading.Event | None = None,
) -> Run:
    """Search for the best network and leave a run folder in `output_dir`.

    Once `stop` is set no new trial begins, and the run is closed with what it has. Raises
    ConfigError, DataError or SetupError before the first trial, and then leaves no folder.
    """
    observer, stop = observer or Observer(), stop or threading.Event()
    settings, binding = config.settings, config.binding
    observer.setting_up()
    table = load_sklearn(settings.dataset.name)
    metric = config.metric(table.task)
    config.check_losses(table.task)
    try:
        parts = split_rows(table, **settings.dataset.split.model_dump())
    except DataError as error:
        raise error.at(config.document.location(("dataset", "split"))) from None
    run = Run.create(output_dir, config.run_name, _header(config, metric, table, parts))
    try:
        with run.log_file(), _discarded_on_error(run):
            data = prepare(table, parts, run.data_folder)
            objective = Objective(
                binding.builder, binding.arguments, binding.training, metric.name, data
            )
            preflight(objective, binding.space.defaults, seed=settings.search.seed)
            _describe(config, run)
            if stop.is_set():
                raise KeyboardInterrupt
        with run.log_file():
            observer.begin(run, settings.search.n_calls)
            searcher = make_searcher(settings.search.engine, settings.search.acquisition)
            search(
                run,
                binding.space,
                searcher,
                SerialSlots(objective),
                n_calls=settings.search.n_calls,
                seed=settings.search.seed,
                keep_weights=settings.output.keep_weights,
                observer=observer,
                stop=stop,
            )
            observer.closing()
            Closing(run, objective, binding.space, settings.search.seed).do_all()
    finally:
        run.close()
        observer.close()
    return run


def search(
    run: Run,
    space: Space,
    searcher: Searcher,
    slots: Slots,
    *,
    n_calls: int,
    seed: int,
    keep_weights: int,
    observer: Observer,
    stop: threading.Event,
) -> None:
    """The loop: fill the free slots, wait for what happens in them, write it down."""
    running: set[int] = set()
    number = len(run.trials())
    try:
        while running or (number < n_calls and not stop.is_set()):
            while slots.free and number < n_calls and not stop.is_set():
                number += 1
                _start(run, space, searcher, slots, number, seed)
                running.add(number)
                observer.started(run.trials()[-1])
            for event in slots.events(_PATIENCE_S):
                _record(run, event, keep_weights)
                running.remove(event.number)
                observer.ended(run.trial(event.number), run.trials())
    finally:
        slots.close()


def _start(
    run: Run, space: Space, searcher: Searcher, slots: Slots, number: int, run_seed: int
) -> None:
    suggestion = searcher.suggest(space, run.trials(), number=number, seed=run_seed)
    seed = trial_seed(run_seed, number)
    run.append(
        journal.Started(number, suggestion.params, seed=seed, time=now(), info=suggestion.info)
    )
    slots.submit(number, suggestion.params, seed, run.trial_folder(number))


def _record(run: Run, event: TrialEvent, keep_weights: int) -> None:
    if isinstance(event, TrialFinished):
        result = event.result
        run.append(journal.Finished(number=event.number, **vars(result)))
        run.keep_weights_of_best(keep_weights)
        log.info("trial %d finished: %s in %.1f s", event.number, result.metrics, result.seconds)
    else:
        log.warning("trial %d failed: %s", event.number, event.reason)
        run.append(journal.Failed(event.number, event.reason))


def _header(config: Config, metric: Metric, table: Table, parts: Parts) -> journal.Header:
    binding = config.binding
    training = binding.training.model_dump()
    searched = binding.space.names
    return journal.Header(
        hpopt=__version__,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        fingerprints=fingerprints(table, parts),
        constants={
            "builder": binding.builder,
            "arguments": binding.arguments,
            "training": {n: value for n, value in training.items() if n not in searched},
        },
        space=binding.space.to_json(),
    )


def _describe(config: Config, run: Run) -> None:
    """Write what the run was asked to do, and with what it does it."""
    run.write("config.yaml", lambda file: file.write(config.document.source))
    run.write_text("config.resolved.yaml", resolved_yaml(config, run.header.metric))
    run.write_json("environment.json", describe_environment(config.document.path))


@contextmanager
def _discarded_on_error(run: Run) -> Iterator[None]:
    """Leave no folder behind where the set-up fails: it would hold nothing but a header."""
    try:
        yield
    except BaseException:
        run.discard()
        raise
