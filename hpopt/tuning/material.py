"""What a configuration makes of its data: the rows, their parts, and the header of its journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.config.binding import Binding
from hpopt.config.loading import Config
from hpopt.data.folds import Splits
from hpopt.data.leaks import possible_leaks
from hpopt.data.loading import load_table
from hpopt.data.prepared import Prepared, fingerprints, prepare
from hpopt.data.rare_classes import note_on_rare_classes
from hpopt.data.repeats import note_on_repeats
from hpopt.data.sources import Table
from hpopt.data.splits import Parts, split_rows
from hpopt.data.target_settings import positive_of
from hpopt.errors import DataError, SettingError
from hpopt.export.best import data_of
from hpopt.metrics.costs import Costs
from hpopt.metrics.metric import Metric
from hpopt.own_code import code_files, code_prints
from hpopt.runs import events
from hpopt.runs.folder import DATA, Run, now
from hpopt.runs.objectives import Direction, Goal
from hpopt.space.names import without
from hpopt.statistics.threshold import rule_of
from hpopt.task import TASKS
from hpopt.training.objective import Objective
from hpopt.tuning.resuming import check_comparable
from hpopt.version import VERSION


@dataclass(frozen=True)
class Material:
    """The rows, how they fall into parts, and what `auto` means for them."""

    table: Table
    parts: Parts
    metric: Metric
    loss: str
    rule: str | None  # by which probabilities become labels
    folds: int = 1
    costs: Costs | None = None  # of mistakes

    @property
    def notes(self) -> list[str]:
        """What people should know of the rows, and of how the parts came about."""
        rare = note_on_rare_classes(self.table, self.parts) if self.folds == 1 else None
        of_parts = [note for note in (self.parts.note, rare) if note]
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


def read_material(
    config: Config, begun: Goal | None = None, recorded: Prepared | None = None
) -> Material:
    """Read the data and split them.

    A run that was `begun` keeps the rule of its metric, and its positive class where the config
    names none. Where a run has `recorded` what the columns of its table are, they are that.

    Raises ConfigError where the metric, the loss or class weights do not fit them, DataError where
    they can't be used.
    """
    table = read_table(config, recorded)
    positive = None if begun is None else begun.positive
    if positive is not None and positive_of(getattr(config.dataset, "target", None)) is None:
        table = table.with_positive(positive)
    metric, loss = config.metric(table.task, table.labels), config.loss(table.task)
    config.check_class_weight(table.task, table.labels)
    config.check_label_smoothing(table.task)
    split = config.settings.dataset.split
    try:
        parts = split_rows(table, **split.model_dump(exclude={"groups", "order"}))
    except DataError as error:
        raise error.at(config.document.location(("dataset", "split"))) from None
    _check_classes(config, table, parts, metric)
    rule = rule_of(metric, table.task)
    if begun is not None and begun.name == metric.name:
        rule = begun.rule
    training = config.binding.training
    return Material(table, parts, metric, loss, rule, training.folds, training.costs)


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


def read_table(config: Config, recorded: Prepared | None = None) -> Table:
    """The table of a configuration, or as a run has `recorded` it.

    Raises DataError where it can't be read or used, with the line of the setting that is at fault.
    """
    try:
        return load_table(config.dataset, recorded)
    except SettingError as error:
        raise error.at(config.document.location(("dataset", *error.key))) from None


def read_again(run: Run, config: Config) -> Material:
    """The material of a run that is to go on.

    Raises what `read_material` raises, and ConfigError or DataError where new trials could not be
    compared with those that the run has.
    """
    path = getattr(config.dataset, "path", None)
    if path is not None and not Path(path).exists():
        raise DataError(f"there is no file {path}", help="say where it is now: --data PATH")
    goal = replace(run.goal, positive=_positive_of(run))
    material = read_material(config, goal, _recorded(run, config))
    check_comparable(run, config, header_of(config, material))
    return material


def _recorded(run: Run, config: Config) -> Prepared | None:
    """What a run took the columns of its table for, unless a new setting may have it otherwise."""
    settings = set(config.document.overrides) - set(run.overrides)
    is_other = any(
        text.startswith("dataset.") and not text.startswith("dataset.path=") for text in settings
    )
    if is_other or not (run.path / DATA).is_file():
        return None
    data = data_of(run, of_best=False)
    return data if data.readers else None


def _positive_of(run: Run) -> str | None:
    """The class that a run took for the positive one; hpopt 0.1 noted no more than the labels."""
    if run.goal.positive is not None or not (run.path / DATA).is_file():
        return run.goal.positive
    labels = data_of(run, of_best=False).labels
    return labels[1] if len(labels) == 2 else None


def header_of(config: Config, material: Material) -> events.Header:
    """What the journal of a run begins with."""
    binding, metric, document = config.binding, material.metric, config.document
    training = binding.training.model_dump() | {"metric": metric.name, "loss": material.loss}
    searched = binding.space.names
    return events.Header(
        hpopt=VERSION,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        fingerprints=fingerprints(material.table, material.parts),
        constants={
            "builder": binding.builder,
            "arguments": binding.arguments,
            "training": without(training, searched),
            **_files_of(binding),
        },
        space=binding.space.to_json(),
        require=[rule.text for rule in binding.space.rules],
        time=now(),
        config=document.path.name,
        n_calls=config.settings.search.n_calls,
        folder=str(document.path.resolve().parent),
        overrides=document.overrides,
        code=code_prints(code_files(document.tree, document.path.resolve().parent)),
        objectives=[asdict(_goal_of(material))],
    )


def _files_of(binding: Binding) -> dict[str, Any]:
    """The fingerprints of the files that the builder reads, by argument, where it reads any."""
    files = {name: Path(binding.arguments[name]) for name in binding.files}
    return {"files": code_prints(files)} if files else {}


def _goal_of(material: Material) -> Goal:
    """What the trials of a search are judged by."""
    table, metric = material.table, material.metric
    target = next((column.name for column in table.columns if column.use == "target"), None)
    direction: Direction = "maximize" if metric.greater_is_better else "minimize"
    return Goal(metric.name, target, direction, material.rule, table.positive, material.costs)
