"""Everything before the first trial: the data, the run folder, the preflight."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from hpopt.clock import running_s
from hpopt.config.loading import Config
from hpopt.config.resolved import resolved_yaml
from hpopt.data.folds import Splits
from hpopt.data.leaks import possible_leaks
from hpopt.data.loading import load_table
from hpopt.data.prepared import fingerprints, prepare
from hpopt.data.repeats import note_on_repeats
from hpopt.data.sources import Table
from hpopt.data.splits import Parts, split_rows
from hpopt.data.target_settings import positive_of
from hpopt.errors import DataError, Interrupted, SettingError, SetupError
from hpopt.execution.choosing import make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Slots
from hpopt.export.best import data_of
from hpopt.metrics.metric import Metric
from hpopt.own_code import code_files, code_prints, code_references, source_of
from hpopt.runs import journal
from hpopt.runs.environment import ENVIRONMENT, describe_environment
from hpopt.runs.folder import DATA, Run, now
from hpopt.runs.objectives import Direction, Goal
from hpopt.space.names import without
from hpopt.statistics.threshold import rule_of
from hpopt.task import TASKS
from hpopt.tracking.observer import Observer
from hpopt.training.objective import Objective
from hpopt.trusted import remember_code
from hpopt.tuning.corners import corners_of
from hpopt.tuning.resuming import Continuation, check_comparable
from hpopt.tuning.trying import Tried, try_defaults
from hpopt.tuning.warm_start import warm_start_from
from hpopt.version import VERSION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """The rows, how they fall into parts, and what `auto` means for them."""

    table: Table
    parts: Parts
    metric: Metric
    loss: str
    rule: str | None  # by which probabilities become labels

    @property
    def notes(self) -> list[str]:
        """What people should know of the rows, and of how the parts came about."""
        of_parts = [self.parts.note] if self.parts.note else []
        return [*self.table.notes, *of_parts, *self.cautions]

    @cached_property
    def cautions(self) -> list[str]:
        """Why scores may promise too much: rows that stand in two parts, and possible leaks."""
        repeats = note_on_repeats(self.table, self.parts)
        leaks = possible_leaks(self.table, self.parts.train)
        return [*([repeats] if repeats else []), *map(str, leaks)]

    def objective(self, config: Config, folder: Path) -> Objective:
        """The objective of a configuration, with the prepared rows in `folder`.

        Raises ConfigError where images are to be changed, and the rows are none.
        """
        binding = config.binding
        data = prepare(self.table, self.parts, folder)
        config.check_augmentation(data.features.input_shape)
        return Objective(
            binding.builder, binding.arguments, binding.training, self.metric.name, data, self.rule
        )

    def splits(self, config: Config, folder: Path) -> Splits:
        """What makes further splits of the rows, below the `folder` of the prepared ones.

        The folds of `training.folds` are there at once. Raises DataError where they can't be.
        """
        dataset, folds = config.settings.dataset, config.binding.training.folds
        stratified = TASKS[self.table.task].has_labels and dataset.split.stratify is not False
        splits = Splits(self.table, self.parts, folder, folds, dataset.split.seed, stratified)
        if folds > 1:
            try:
                splits.write_folds()
            except DataError as error:
                raise error.at(config.document.location(("training", "folds"))) from None
        return splits


@dataclass(frozen=True)
class Ready:
    """What the trials of a run need: what they do, where, and on which rows."""

    objective: Objective
    slots: Slots
    splits: Splits


def read_material(config: Config, begun: Goal | None = None) -> Material:
    """Read the data and split them.

    A run that was `begun` keeps the rule of its metric, and its positive class where the config
    names none.

    Raises ConfigError where the metric, the loss or class weights do not fit them, DataError where
    they can't be used.
    """
    table = read_table(config)
    positive = None if begun is None else begun.positive
    if positive is not None and positive_of(getattr(config.dataset, "target", None)) is None:
        table = table.with_positive(positive)
    metric, loss = config.metric(table.task), config.loss(table.task)
    config.check_class_weight(table.task, table.labels)
    split = config.settings.dataset.split
    try:
        parts = split_rows(table, **split.model_dump(exclude={"groups", "order"}))
    except DataError as error:
        raise error.at(config.document.location(("dataset", "split"))) from None
    _check_classes(config, table, parts, metric)
    rule = rule_of(metric.name, table.task)
    if begun is not None and begun.name == metric.name:
        rule = begun.rule
    return Material(table, parts, metric, loss, rule)


def _check_classes(config: Config, table: Table, parts: Parts, metric: Metric) -> None:
    """Raise DataError where the metric needs a class of which the validation part has no row."""
    if not metric.needs_every_class:
        return
    counts = np.bincount(table.target[parts.validation], minlength=len(table.labels))
    if counts.all():
        return
    label = table.labels[int(counts.argmin())]
    rows = int((table.target == counts.argmin()).sum())
    raise DataError(
        f'{metric.name} needs every class, and the validation part has no row of "{label}", which '
        f"{rows} of {len(table.target)} rows have",
        location=config.document.location(("training", "metric")),
        help="search by `log_loss`, which needs no class; or get more rows of it, at least one for "
        "each part"
        if rows < 3
        else "give the validation part a larger share, or search by `log_loss`",
    )


def read_table(config: Config) -> Table:
    """The table of a configuration.

    Raises DataError where it can't be read or used, with the line of the setting that is at fault.
    """
    try:
        return load_table(config.dataset)
    except SettingError as error:
        raise error.at(config.document.location(("dataset", *error.key))) from None


def set_up(
    config: Config,
    output_dir: Path,
    observer: Observer,
    stop: threading.Event,
    earlier: Run | None = None,
) -> tuple[Run, Ready]:
    """Read the data, make the run folder and try the default params, while workers warm up.

    The run may know of an `earlier` one.

    Raises ConfigError, DataError or SetupError, and leaves no folder then; likewise Interrupted
    where `stop` has been set meanwhile.
    """
    begun_s = running_s()
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


def _note_warm_start(warm_start: journal.Known, observer: Observer) -> None:
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


def read_again(run: Run, config: Config) -> Material:
    """The material of a run that is to go on.

    Raises what `read_material` raises, and ConfigError or DataError where new trials could not be
    compared with those that the run has.
    """
    path = getattr(config.dataset, "path", None)
    if path is not None and not Path(path).exists():
        raise DataError(f"there is no file {path}", help="say where it is now: --data PATH")
    material = read_material(config, replace(run.goal, positive=_positive_of(run)))
    check_comparable(run, config, header_of(config, material))
    return material


def _positive_of(run: Run) -> str | None:
    """The class that a run took for the positive one; hpopt 0.1 noted no more than the labels."""
    if run.goal.positive is not None or not (run.path / DATA).is_file():
        return run.goal.positive
    labels = data_of(run, of_best=False).labels
    return labels[1] if len(labels) == 2 else None


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
        journal.Resumed(again.changes, config.settings.search.n_calls, now(), VERSION, again.code)
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
                meanwhile=function.warm_up,  # Keras, for the end of the run
                note=observer.note,
            )
        except SetupError as error:
            raise error.at(config.document.location(("model", "builder"))) from None
        resolved = resolved_yaml(
            config, metric=material.metric.name, loss=material.loss, workers=resources.workers
        )
        run.write_text("config.resolved.yaml", resolved)
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


def header_of(config: Config, material: Material) -> journal.Header:
    """What the journal of a run begins with."""
    binding, metric, document = config.binding, material.metric, config.document
    training = binding.training.model_dump() | {"metric": metric.name, "loss": material.loss}
    searched = binding.space.names
    return journal.Header(
        hpopt=VERSION,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        fingerprints=fingerprints(material.table, material.parts),
        constants={
            "builder": binding.builder,
            "arguments": binding.arguments,
            "training": without(training, searched),
        },
        space=binding.space.to_json(),
        time=now(),
        config=document.path.name,
        n_calls=config.settings.search.n_calls,
        folder=str(document.path.resolve().parent),
        overrides=document.overrides,
        code=code_prints(code_files(document.tree, document.path.resolve().parent)),
        objectives=[asdict(_goal_of(material))],
    )


def _goal_of(material: Material) -> Goal:
    """What the trials of a search are judged by."""
    table, metric = material.table, material.metric
    target = next((column.name for column in table.columns if column.use == "target"), None)
    direction: Direction = "maximize" if metric.greater_is_better else "minimize"
    return Goal(metric.name, target, direction, material.rule, table.positive)
