"""Everything before the first trial: the data, the run folder, the preflight."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from hpopt import __version__
from hpopt.builders.registry import source_of
from hpopt.config.loading import Config
from hpopt.config.resolved import resolved_yaml
from hpopt.data.folds import Splits
from hpopt.data.leaks import possible_leaks
from hpopt.data.loading import load_table
from hpopt.data.prepared import fingerprints, prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts, split_rows
from hpopt.errors import DataError, Interrupted, SettingError
from hpopt.execution.choosing import make_slots
from hpopt.execution.slots import Slots
from hpopt.observer import Observer
from hpopt.preflight import preflight
from hpopt.runs import journal
from hpopt.runs.environment import describe_environment
from hpopt.runs.folder import DATA, Run, now
from hpopt.training.metrics import Metric
from hpopt.training.objective import Objective

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """The rows, how they fall into parts, and what `auto` means for them."""

    table: Table
    parts: Parts
    metric: Metric
    loss: str

    @property
    def notes(self) -> list[str]:
        """What people should know of the rows, and of how the parts came about."""
        of_parts = [self.parts.note] if self.parts.note else []
        return [*self.table.notes, *of_parts, *possible_leaks(self.table, self.parts.train)]

    def objective(self, config: Config, folder: Path) -> Objective:
        """The objective of a configuration, with the prepared rows in `folder`."""
        binding = config.binding
        data = prepare(self.table, self.parts, folder, config.settings.dataset.scaling)
        return Objective(
            binding.builder, binding.arguments, binding.training, self.metric.name, data
        )

    def splits(self, config: Config, folder: Path) -> Splits:
        """What makes further splits of the rows, below the `folder` of the prepared ones.

        The folds of `training.folds` are there at once. Raises DataError where they can't be.
        """
        dataset, folds = config.settings.dataset, config.binding.training.folds
        stratified = self.table.task != "regression" and dataset.split.stratify is not False
        splits = Splits(
            self.table, self.parts, folder, folds, dataset.split.seed, stratified, dataset.scaling
        )
        if folds > 1:
            try:
                splits.write_folds()
            except DataError as error:
                raise error.at(config.document.location(("training", "folds"))) from None
        return splits


def read_material(config: Config) -> Material:
    """Read the data and split them.

    Raises ConfigError where the metric, the loss or class weights do not fit them, DataError where
    they can't be used.
    """
    table = read_table(config)
    metric, loss = config.metric(table.task), config.loss(table.task)
    config.check_class_weight(table.task)
    split = config.settings.dataset.split
    try:
        parts = split_rows(table, **split.model_dump(exclude={"groups", "order"}))
    except DataError as error:
        raise error.at(config.document.location(("dataset", "split"))) from None
    return Material(table, parts, metric, loss)


def read_table(config: Config) -> Table:
    """The table of a configuration.

    Raises DataError where it can't be read or used, with the line of the setting that is at fault.
    """
    try:
        return load_table(config.dataset)
    except SettingError as error:
        raise error.at(config.document.location(("dataset", *error.key))) from None


def set_up(
    config: Config, output_dir: Path, observer: Observer, stop: threading.Event
) -> tuple[Run, Objective, Slots, Splits]:
    """Read the data, make the run folder and try the default params, while workers warm up.

    Raises ConfigError, DataError or SetupError, and leaves no folder then; likewise Interrupted
    where `stop` has been set meanwhile.
    """
    binding = config.binding
    material = read_material(config)
    run = Run.create(output_dir, config.run_name, _header(config, material))
    slots: Slots | None = None
    try:
        with run.log_file():
            for note in (*binding.notes, *material.notes):
                log.warning(note)
                observer.note(note)
        objective = material.objective(config, run.data_folder)
        splits = material.splits(config, run.data_folder)
        training = binding.training
        n_jobs = config.settings.search.n_calls * training.folds * training.repeats
        slots = make_slots(objective, config.settings.execution, n_jobs=n_jobs)
        preflight(objective, binding.space.defaults, seed=config.settings.search.seed)
        run.write("config.yaml", lambda file: file.write(config.document.source))
        resolved = resolved_yaml(config, metric=material.metric.name, loss=material.loss)
        run.write_text("config.resolved.yaml", resolved)
        run.write_json(DATA, objective.data.to_json())
        source = source_of(binding.builder)
        if source is not None:
            run.write(f"builder/{source.name}", lambda file: file.write(source.read_bytes()))
        run.write_json("environment.json", describe_environment(config.document.path))
        if stop.is_set():
            raise Interrupted("interrupted before the first trial; no run folder is left")
    except BaseException:
        if slots is not None:
            slots.close()
        run.discard()  # it would hold nothing but a header
        raise
    return run, objective, slots, splits


def _header(config: Config, material: Material) -> journal.Header:
    binding, metric = config.binding, material.metric
    training = binding.training.model_dump() | {"metric": metric.name, "loss": material.loss}
    searched = binding.space.names
    return journal.Header(
        hpopt=__version__,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        fingerprints=fingerprints(material.table, material.parts),
        constants={
            "builder": binding.builder,
            "arguments": binding.arguments,
            "training": {n: value for n, value in training.items() if n not in searched},
        },
        space=binding.space.to_json(),
        time=now(),
        config=config.document.path.name,
        n_calls=config.settings.search.n_calls,
    )
