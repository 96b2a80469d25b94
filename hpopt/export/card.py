"""The model card: the README.md of an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hpopt.config.parsing import read_document
from hpopt.data.prepared import Prepared
from hpopt.errors import ConfigError
from hpopt.export.example import OUTPUTS, needed
from hpopt.export.formats import Format
from hpopt.export.verifying import CheckRows
from hpopt.inputs.kind import CardParts
from hpopt.report.scores import ensemble_score
from hpopt.report.words import list_trials, show_interval, show_param, show_score, tally
from hpopt.runs.environment import describe_packages, recorded_versions
from hpopt.runs.folder import Run
from hpopt.shown import in_markdown, one_line
from hpopt.statistics.records import Interval
from hpopt.trials import Trial

_TASKS = {
    "binary": "a classifier of two labels",
    "multiclass": "a classifier of several labels",
    "regression": "a regression",
    "forecast": "a forecast",
}


@dataclass(frozen=True)
class Export:
    """What was exported, and what came of checking it.

    `members` are the trials of an ensemble; `trial` is then the one that it was compiled as.
    """

    run: Run
    trial: Trial
    data: Prepared
    format: Format
    check: CheckRows
    largest_difference: float
    own_classes: Sequence[str]
    members: Sequence[Trial] = ()

    @cached_property
    def of_inputs(self) -> CardParts:
        """What there is to say of the inputs."""
        left_out = [c["name"] for c in self.data.columns if c["use"] == "left out"]
        return self.data.features.card(self.format.runtime, left_out)

    @property
    def is_final(self) -> bool:
        """Whether this is the run's model: what was tested as the best."""
        trials = list(self.members) or [self.trial]
        return [trial.number for trial in trials] == [trial.number for trial in self.run.final]

    @property
    def test_intervals(self) -> Mapping[str, Interval | None]:
        """The intervals of `test_scores` by metric, where they are known."""
        scored = self.run.outcomes.test
        if scored is None or not self.test_scores:
            return {}
        return scored.intervals.get("best" if self.is_final else "default", {})

    @property
    def validation_scores(self) -> Mapping[str, float | None]:
        """What is known of it on the validation part."""
        if self.members:
            return {self.run.metric: ensemble_score(self.run)}
        return {} if self.trial.result is None else self.trial.result.metrics

    @property
    def test_scores(self) -> Mapping[str, float | None] | None:
        """Its scores on the test part, where it was tested: the best and the default."""
        scored = self.run.outcomes.test
        if scored is None:
            return None
        if self.is_final:
            return scored.best
        return scored.default if self.trial.number == 1 else None


def model_card(export: Export) -> str:
    """The whole card in Markdown."""
    sections = [
        _what_it_is(export),
        export.of_inputs.inputs,
        f"## Outputs\n\n{_outputs(export)}.\n",
        _scores(export),
        _origin(export),
        _files(export),
        *([_further_training(export)] if export.format.name == "keras" else []),
        _limits(export),
    ]
    return "\n".join(sections)


def _what_it_is(export: Export) -> str:
    run, trial, data = export.run, export.trial, export.data
    dataset = _config_of(run).get("dataset", {})
    path = Path(str(dataset.get("path") or "")).name
    name = dataset.get("name") or path or dataset.get("source") or "its data"
    origin = f"that hpopt {run.header.hpopt} found"
    what = f"A neural network {origin}: trial {trial.number}"
    if export.members:
        numbers = list_trials(each.number for each in export.members)
        what = f"The average of {len(export.members)} neural networks {origin}: trials {numbers}"
    return f"""# {in_markdown(str(name))}: {_TASKS[data.output.task]}

{what} of the run
`{one_line(run.path.name)}`. It takes raw rows, for {export.of_inputs.inside}.
{export.format.says}.

    pip install numpy{export.of_inputs.packages}{needed(export.format)}
    python example.py
"""


def _scores(export: Export) -> str:
    header, test, validation = export.run.header, export.test_scores, export.validation_scores
    names = list(dict.fromkeys([*validation, *(test or {})]))
    lines = ["## Scores", "", "| metric | validation | test |", "| --- | --- | --- |"]
    intervals = export.test_intervals
    for name in names:
        scores = [show_score(part.get(name)) for part in (validation, test or {})]
        test_score = f"{scores[1]} {show_interval(intervals.get(name))}".rstrip()
        lines.append(f"| {name} | {scores[0]} | {test_score} |")
    direction = "higher" if header.greater_is_better else "lower"
    lines += [
        "",
        f"The search went by `{header.metric}` on the validation part ({direction} is better).",
    ]
    if test is None:
        lines.append("This trial was not scored on the test part.")
    else:
        lines.append(
            "The best of many validation scores flatters itself: quote the score on the test part, "
            "which no trial saw."
        )
        if intervals:
            lines.append("In brackets its 95 % confidence interval.")
    return "\n".join([*lines, ""])


def _origin(export: Export) -> str:
    run, config = export.run, _config_of(export.run)
    search, sizes = config.get("search", {}), export.data.sizes
    prints = run.header.fingerprints
    lines = [
        "## How it was found",
        "",
        f"- {tally(run.trials())}; "
        + ", ".join(f"{k} {in_markdown(str(v))}" for k, v in search.items()),
        f"- rows: {', '.join(f'{count} {part}' for part, count in sizes.items())}",
        *(f"- fingerprint of the {name}: `{value}`" for name, value in prints.items()),
        f"- tuned with {_listed(_versions_of(run))}",
        f"- exported with {_listed(describe_packages())}",
        "",
    ]
    for trial in export.members or [export.trial]:
        whose = f"The params of trial {trial.number}" if export.members else "Its params"
        lines += [f"{whose}:", ""]
        lines += [
            f"- {in_markdown(name)}: {in_markdown(show_param(value))}"
            for name, value in trial.params.items()
        ]
        lines += [""]
    return "\n".join(lines)


def _files(export: Export) -> str:
    rows = len(export.check)
    whose = "made up at random" if export.check.target is None else "of the validation part"
    return f"""## What is here

- `{export.format.artifact}`: {export.format.holds}
- `labels.json`: {_labels_in_words(export.data)}
- `columns.json`: {export.of_inputs.columns}
- `params.yaml`: what the search chose
- `example.py`: how it is used
- `check.npz`: {rows} rows, {whose}, and what the model said of them when it was tuned.
  In a fresh process the export differed by {export.largest_difference:.2g} at most. The model does
  not need them: where rows are private, leave the file out.
"""


def _labels_in_words(data: Prepared) -> str:
    if not data.output.kind.has_labels:
        return "the task"
    contents = "the task, and the label of each class index"
    if data.output.kind.has_threshold:
        contents += f"; {_label(data, 1)} is said where its probability is above `threshold`"
    return contents


def _outputs(export: Export) -> str:
    data = export.data
    if offset := export.format.offset(data):
        return (
            f"{OUTPUTS[data.output.task]}, less {offset!r}: float32 has too few digits for all of "
            "it. `example.py` adds it in float64"
        )
    if not data.output.kind.has_threshold:
        return OUTPUTS[data.output.task]
    return f"[n, 1]: the probability of {_label(data, 1)}; the other label is {_label(data, 0)}"


def _label(data: Prepared, index: int) -> str:
    return f'"{in_markdown(data.labels[index])}"'


def _further_training(export: Export) -> str:
    data = export.data
    target = "class indices, as in labels.json"
    if not data.output.kind.has_labels:
        target = "in the target's own units"
    text = export.of_inputs.training.format(target=target)
    if export.members:
        text += f"\nIts trial is here {export.trial.number}; all members are trained together.\n"
    if data.target.transform == "log1p":
        text += "\nThe loss is that of log(1 + y), as in its trial.\n"
    elif not data.output.kind.has_labels:
        text += (
            "\nThe loss is weighted as if the target were standardised (its deviation was "
            f"{data.target.scale:.6g}), so that the learning rate fits. A loss of your own wants "
            "the same care: a squared error in the target's units is its square as large.\n"
        )
    return text


def _limits(export: Export) -> str:
    data = export.data
    lines = [
        "## Limits",
        "",
        f"- It learned from {data.sizes['train']} rows. Of rows unlike them it says something all "
        "the same, and nothing to rely on.",
        *export.of_inputs.limits,
    ]
    if data.output.kind.has_labels:
        lines.append(
            "- Nothing was done to calibrate its probabilities, and it knows no other labels than "
            "those of labels.json."
        )
    if export.own_classes:
        names = in_markdown(", ".join(export.own_classes))
        lines.append(f"- It holds classes of its builder's own: {names}.")
    if export.format.name != "keras":
        lines.append("- It can't be trained further: use `--format keras` for that.")
    return "\n".join([*lines, ""])


def _config_of(run: Run) -> Mapping[str, Any]:
    try:
        return read_document(run.path / "config.resolved.yaml").tree
    except ConfigError:
        return {}


def _versions_of(run: Run) -> Mapping[str, str | None]:
    return recorded_versions(run.path) or {"hpopt": run.header.hpopt}


def _listed(versions: Mapping[str, str | None]) -> str:
    return ", ".join(one_line(f"{name} {version}") for name, version in versions.items() if version)
