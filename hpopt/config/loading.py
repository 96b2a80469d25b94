"""From a YAML file to a `Config`: everything that can be checked before data is read."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from hpopt.config.binding import Binding, bind
from hpopt.config.document import Document, KeyPath
from hpopt.config.dumping import block_yaml
from hpopt.config.nesting import flattened
from hpopt.config.parsing import OVERRIDE, parse_document, read_document
from hpopt.config.plain import check_plain, no_config
from hpopt.config.problems import in_order, problems_of
from hpopt.config.schema import Settings
from hpopt.data.settings import AnyData, located
from hpopt.errors import ConfigError, Location, shorten, suggest_name
from hpopt.metrics.costs import COST, Costs, example_of_costs, misfit_of_costs
from hpopt.metrics.metric import Metric
from hpopt.metrics.metrics import default_metric, metrics_for
from hpopt.space.dimensions import Categorical, Dimension
from hpopt.space.names import owner
from hpopt.task import TASKS, Task

# What a config is called that was given as a mapping.
MAPPING = Path("mapping")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Config:
    """A checked configuration, with the document it was read from."""

    settings: Settings
    binding: Binding
    document: Document
    run_name: str  # what the run folder is called behind its time stamp

    @property
    def dataset(self) -> AnyData:
        """The section `dataset`, with paths that are seen from anywhere."""
        return located(self.settings.dataset, self.document.path.absolute().parent)

    def metric(self, task: Task, labels: Sequence[str]) -> Metric:
        """The metric to search by.

        Raises ConfigError where it does not fit the task, or the costs of mistakes the labels.
        """
        name, costs = self.settings.training.metric, self.settings.training.costs
        if costs is not None:
            self._check_costs(costs, task, labels)
        if name == "auto":
            return default_metric(task)
        fitting = {metric.name: metric for metric in metrics_for(task, costs, labels)}
        if name == COST and costs is None and TASKS[task].has_labels:
            raise ConfigError(
                "the metric `cost` needs to know what mistakes cost",
                location=self.document.location(("training", "metric")),
                help=f"beside it, by true class: `costs: {example_of_costs(labels)}`",
            )
        if name not in fitting:
            raise self._misfit("metric", name, task, list(fitting), ("training", "metric"))
        return fitting[name]

    def _check_costs(self, costs: Costs, task: Task, labels: Sequence[str]) -> None:
        if not TASKS[task].has_labels:
            problem: tuple[str, str] | None = f"`costs` do not fit a {task} task", "leave them out"
        else:
            problem = misfit_of_costs(costs, labels)
        if problem is not None:
            message, help = problem
            location = self.document.location(("training", "costs"))
            raise ConfigError(message, location=location, help=help)

    def loss(self, task: Task) -> str:
        """The loss to fit by, where it is not searched.

        Raises ConfigError where a loss, constant or searched, does not fit the task.
        """
        dimension = next((d for d in self.binding.space if d.name == "loss"), None)
        searched = dimension.categories if isinstance(dimension, Categorical) else ()
        section = "space" if "loss" in self.settings.space else "training"
        fitting = TASKS[task].losses
        for name in searched or (self.binding.training.loss,):
            if name not in ("auto", *fitting):
                raise self._misfit("loss", str(name), task, fitting, (section, "loss"))
        return TASKS[task].loss(self.binding.training.loss)

    def check_class_weight(self, task: Task, labels: Sequence[str]) -> None:
        """Raise ConfigError where class weights, constant or searched, do not fit the labels."""
        constant = self.settings.training.class_weight
        wanted: list[tuple[KeyPath, Any]] = [(("training", "class_weight"), constant)]
        for dimension in self.binding.space:
            if owner(dimension.name) == "class_weight":
                path: KeyPath = ("space", *dimension.name.split("."))
                label = dimension.name.partition(".")[2]
                wanted += [(path, value) for value in _weights_of(dimension, label)]
        for path, value in wanted:
            if value is not None and (problem := _misfit_of_weight(value, task, labels)):
                message, help = problem
                raise ConfigError(message, location=self.document.location(path), help=help)

    def check_label_smoothing(self, task: Task) -> None:
        """Raise ConfigError where labels are to be smoothed, and the task has none."""
        is_searched = "label_smoothing" in self.settings.space
        if TASKS[task].has_labels or not (is_searched or self.binding.training.label_smoothing):
            return
        section = "space" if is_searched else "training"
        raise ConfigError(
            f"`label_smoothing` does not fit a {task} task",
            location=self.document.location((section, "label_smoothing")),
            help="leave it out",
        )

    def check_augmentation(self, input_shape: tuple[int, ...]) -> None:
        """Raise ConfigError where images are to be changed, and the rows are none."""
        if self.binding.training.augmentation is None or len(input_shape) == 3:
            return
        searched = next((n for n in self.settings.space if owner(n) == "augmentation"), None)
        place = ("training", "augmentation") if searched is None else ("space", searched)
        shape = ", ".join(map(str, input_shape))
        raise ConfigError(
            f"`augmentation` is for images [height, width, channels], and a row here is [{shape}]",
            location=self.document.location(place, of_key=True),
            help="leave it out",
        )

    def _misfit(
        self, what: str, name: str, task: Task, fitting: Sequence[str], path: KeyPath
    ) -> ConfigError:
        return ConfigError(
            f"the {what} `{name}` does not fit a {task} task",
            location=self.document.location(path),
            help="one of " + ", ".join(f"`{option}`" for option in fitting),
        )


def _weights_of(dimension: Dimension, label: str) -> Sequence[Any]:
    """Values of a dimension of class weights, in the form that the setting has."""
    if label:
        return [{label: 1.0}]
    return dimension.categories if isinstance(dimension, Categorical) else [1.0]


def _misfit_of_weight(value: Any, task: Task, labels: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a class weight, and what would be right; None where it fits."""
    if not TASKS[task].has_labels:
        return "`class_weight` does not fit a regression task", "leave it out"
    if isinstance(value, dict):
        for label in value:
            if label not in labels:
                return f'there is no class "{label}"', suggest_name(label, labels)
    elif value != "balanced" and not TASKS[task].has_threshold:
        example = "{" + f"{labels[0]}: 2" + "}"
        return (
            "a number as `class_weight` is that of the positive one of two classes, and there are "
            f"{len(labels)}",
            f"give weights by label: {example}",
        )
    return None


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any], overrides: Sequence[str] = ()
) -> Config:
    """Read and check a YAML file with its overrides, a list of the form `key.path=value`.

    A mapping stands for the file of its content in the working directory. Raises ConfigError, with
    file, line and column, for everything that is wrong in it.
    """
    return check_document(load_document(source, overrides))


def load_document(
    source: str | os.PathLike[str] | Mapping[str, Any], overrides: Sequence[str] = ()
) -> Document:
    """The document of a YAML file, or of a mapping, with its overrides; it is not checked.

    Raises ConfigError where it can't be read.
    """
    overrides = [overrides] if isinstance(overrides, str) else overrides
    if isinstance(source, Mapping):
        check_plain(source)
        return parse_document(MAPPING, block_yaml(source).encode(), overrides)
    if isinstance(source, str | os.PathLike):
        return read_document(Path(source), overrides)
    raise no_config(source)


def check_document(document: Document) -> Config:
    """The configuration that a document describes. Raises ConfigError for all that is wrong."""
    _check_is_ours(document)
    document, problems = flattened(document)
    try:
        settings = Settings.model_validate(document.tree)
    except pydantic.ValidationError as error:
        raise ConfigError.of(in_order([*problems, *problems_of(error, document)])) from None
    if problems:
        raise ConfigError.of(in_order(problems))
    return Config(settings, bind(settings, document), document, _run_name(settings, document))


def _check_is_ours(document: Document) -> None:
    """Raise ConfigError, one for all, for a mapping that was never meant for hpopt."""
    sections = Settings.model_fields
    needed = [name for name, field in sections.items() if field.is_required()]
    others = [
        str(key)
        for key in document.tree
        if key not in sections and not _is_override(document.location((key,), of_key=True))
    ]
    if others and sum(name in document.tree for name in needed) < 2:
        raise ConfigError(
            f"this is no config of hpopt: it has {_listed(others)}, and of "
            f"{_listed(needed)} not even two",
            location=document.location((others[0],), of_key=True),
            help="`hpopt init DATA --target NAME` writes one; docs/configuration.md has every key",
        )


def _is_override(place: Location | None) -> bool:
    return place is not None and place.file.startswith(OVERRIDE)


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence; no more than a few."""
    shown = [f"`{name}`" for name in names[:4]] + (["more"] if len(names) > 4 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _run_name(settings: Settings, document: Document) -> str:
    name = settings.output.name
    if name is None:
        # In one form of those that Unicode has, for macOS and Linux compose letters differently.
        stem = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", document.path.stem))
        short = stem.lstrip("._-").encode(errors="ignore")[:_LONGEST_NAME]
        return short.decode(errors="ignore") or "run"
    is_name = re.fullmatch(r"[^\W_][\w.-]*", name)
    if not is_name or len(name.encode(errors="replace")) > _LONGEST_NAME:
        raise ConfigError(
            f'a run can\'t be named "{shorten(name, 40)}"',
            location=document.location(("output", "name")),
            help=f"up to {_LONGEST_NAME} letters, digits, `.`, `_` and `-`, "
            "beginning with a letter or digit",
        )
    return name
