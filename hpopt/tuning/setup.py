"""Everything before the first trial: the run folder, its slots, the preflight."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hpopt.clock import running_s
from hpopt.config.loading import Config
from hpopt.config.resolved import resolved_yaml
from hpopt.data.folds import Splits
from hpopt.errors import Interrupted, SetupError
from hpopt.execution.choosing import check_installed, make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Slots
from hpopt.own_code import code_references, source_of
from hpopt.runs import events
from hpopt.runs.environment import ENVIRONMENT, describe_environment
from hpopt.runs.folder import DATA, RESOLVED, Run, now
from hpopt.tracking.observer import Observer
from hpopt.training.objective import Objective
from hpopt.trusted import remember_code
from hpopt.tuning.corners import corners_of
from hpopt.tuning.material import Material, header_of, read_material
from hpopt.tuning.resuming import Continuation
from hpopt.tuning.trying import Tried, try_defaults
from hpopt.tuning.warm_start import warm_start_from
from hpopt.version import VERSION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """What the trials of a run need: what they do, where, and on which rows."""

    objective: Objective
    slots: Slots
    splits: Splits


def set_up(
    config: Config,
    output_dir: Path,
    observer: Observer,
    stop: threading.Event,
    earlier: Run | None = None,
) -> tuple[Run, Ready]:
    """Read the data, make the run folder and try the default params, while workers warm up.

    The run may know of an `earlier` one.

    Raises ConfigError, DataError, SetupError or MissingDependency, and leaves no folder then;
    likewise Interrupted where `stop` has been set meanwhile.
    """
    begun_s = running_s()
    check_installed(config.settings.execution.backend)  # before data are read, for minutes maybe
    material = read_material(config)
    header = header_of(config, material)
    space = config.binding.space
    warm_start = None if earlier is None else warm_start_from(earlier, header, space)
    run = Run.create(output_dir, config.run_name, header, begun_s)
    try:
        # At once, so that a run that is killed in what follows can be resumed.
        run.write("config.yaml", lambda file: file.write(config.document.source))
        _keep_code(run, config)
        remember_code(code_references(config.document.tree, config.document.path.resolve().parent))
        if warm_start is not None:
            run.append(warm_start)
            _note_warm_start(warm_start, observer)
        ready = _prepare(run, config, material, observer, stop)
        if stop.is_set():
            ready.slots.close()
            raise Interrupted("interrupted before the first trial; no run folder is left")
    except BaseException:
        run.discard()  # there is no trial to lose
        raise
    return run, ready


def _note_warm_start(warm_start: events.Known, observer: Observer) -> None:
    """Say how an earlier run is used."""
    earlier, count = warm_start.run, len(warm_start.trials)
    note = (
        f"{count} trial{'s' if count != 1 else ''} of {earlier} inform the search"
        if warm_start.informs
        else f"{earlier} was made otherwise (data, split, metric, code or constants): its values "
        f"say nothing here, and its best {count} params are tried first"
    )
    log.info(note)
    observer.note(note)


def set_up_again(
    run: Run, again: Continuation, material: Material, observer: Observer, stop: threading.Event
) -> Ready:
    """Ready a run to go on.

    Raises what `set_up` raises, and leaves the run as it was then.
    """
    config = again.config
    run.sweep(config.settings.output.keep_weights)
    ready = _prepare(run, config, material, observer, stop)
    if stop.is_set():
        ready.slots.close()
        raise Interrupted(f"interrupted; {run.path} is as it was")
    _keep_code(run, config)
    run.append(
        events.Resumed(again.changes, config.settings.search.n_calls, now(), VERSION, again.code)
    )
    return ready


def _prepare(
    run: Run, config: Config, material: Material, observer: Observer, stop: threading.Event
) -> Ready:
    """All that a run needs before its next trial can begin, behind its header and its config.

    The preflight is left once `stop` is set.
    """
    space, seed = config.binding.space, config.settings.search.seed
    with run.log_file():
        for note in (*config.binding.notes, *material.notes):
            log.warning(note)
            observer.note(note)
    objective = material.objective(config, run.data_folder)
    splits = material.splits(config, run.data_folder)
    function = Tried(objective, corners_of(config))
    resources = Resources.of(config.settings.execution, n_jobs=_jobs_left(run, config))
    with ExitStack() as on_failure:
        with run.log_file():
            slots = make_slots(function, resources)
        on_failure.callback(slots.close)
        try:
            try_defaults(
                slots,
                space.defaults,
                seed=seed,
                folder=run.data_folder / "preflight",
                stop=stop,
                source=source_of(objective.builder),
                note=observer.note,
            )
        except SetupError as error:
            raise error.at(config.document.location(("model", "builder"))) from None
        resolved = resolved_yaml(
            config, metric=material.metric.name, loss=material.loss, workers=resources.workers
        )
        run.write_text(RESOLVED, resolved)
        run.write_json(DATA, {**objective.data.to_json(), "cautions": material.cautions})
        if not (run.path / ENVIRONMENT).is_file():
            run.write_json(ENVIRONMENT, describe_environment(config.document.path))
        on_failure.pop_all()
    return Ready(objective, slots, splits)


def _jobs_left(run: Run, config: Config) -> int:
    training = config.binding.training
    trials_left = max(config.settings.search.n_calls - len(run.trials()), 1)
    return trials_left * training.folds * training.repeats


def _keep_code(run: Run, config: Config) -> None:
    """Copy the file of an own builder into the run folder."""
    source = source_of(config.binding.builder)
    if source is not None:
        run.write(f"builder/{source.name}", lambda file: file.write(source.read_bytes()))
