"""The model card: the README.md of an export."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hpopt.data.prepared import Prepared
from hpopt.data.tables import TableSpec
from hpopt.export.example import outputs_in_words
from hpopt.export.formats import Format
from hpopt.export.table_card import MOST_COLUMNS, table_inputs, table_limits
from hpopt.export.table_card import TRAIN_ON as TRAIN_ON_TABLE
from hpopt.export.table_example import READING
from hpopt.export.verifying import CheckRows
from hpopt.report.scores import ensemble_score
from hpopt.report.words import list_trials, show_interval, show_param, show_score
from hpopt.runs.environment import describe_packages
from hpopt.runs.folder import Run
from hpopt.statistics.records import Interval
from hpopt.trials import Trial

_TASKS = {
    "binary": "a classifier of two labels",
    "multiclass": "a classifier of several labels",
    "regression": "a regression",
}
_OF_ARRAYS = "- It expects the columns above, in their order and units, and no gaps."
_TRAIN_ON = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
model = keras.saving.load_model("model.keras")
model.fit(rows, y, epochs=5)  # rows raw, as for predict; y: {target}
```
"""


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
        _inputs(export),
        f"## Outputs\n\n{outputs_in_words(export.data)}.\n",
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
    is_table = isinstance(data.features, TableSpec)
    inside = "the treatment of gaps and texts is inside" if is_table else "all scaling is inside"
    pandas = "pandas " if is_table else ""
    found = f"that hpopt {run.header.hpopt} found: trial"
    what = f"A neural network {found} {trial.number}"
    if export.members:
        numbers = list_trials(each.number for each in export.members)
        what = f"The average of {len(export.members)} neural networks {found}s {numbers}"
    return f"""# {name}: {_TASKS[data.output.task]}

{what} of the run
`{run.path.name}`. It takes raw rows, for {inside}.
{export.format.says}.

    pip install numpy {pandas}{" ".join(export.format.packages)}
    python example.py
"""


def _inputs(export: Export) -> str:
    data = export.data
    if isinstance(data.features, TableSpec):
        return table_inputs(data, data.features, export.format)
    shape = ", ".join(["n", *map(str, data.features.input_shape)])
    names = [f"{i}. {name}" for i, name in enumerate(data.feature_names[:MOST_COLUMNS])]
    more = len(data.feature_names) - len(names)
    if more > 0:
        names.append(f"... and {more} more, in `columns.json`")
    listed = "\n".join(names)
    return f"""## Inputs

`rows`: float32 [{shape}], without gaps, in these columns and in this order:

{listed}
"""


def _scores(export: Export) -> str:
    header, test, validation = export.run.header, export.test_scores, export.validation_scores
    names = list(dict.fromkeys([*validation, *(test or {})]))
    lines = ["## Scores", "", "| metric | validation | test |", "| --- | --- | --- |"]
    intervals = export.test_intervals
    for name in names:
        scores = [show_score(part.get(name)) for part in (validation, test or {})]
        told = f"{scores[1]} {show_interval(intervals.get(name))}".rstrip()
        lines.append(f"| {name} | {scores[0]} | {told} |")
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
        f"- {len(run.trials())} trials; " + ", ".join(f"{k} {v}" for k, v in search.items()),
        f"- rows: {', '.join(f'{count} {part}' for part, count in sizes.items())}",
        *(f"- fingerprint of the {name}: `{value}`" for name, value in prints.items()),
        f"- tuned with {_listed(_versions_of(run))}",
        f"- exported with {_listed(describe_packages())}",
        "",
    ]
    for trial in export.members or [export.trial]:
        whose = f"The params of trial {trial.number}" if export.members else "Its params"
        lines += [f"{whose}:", ""]
        lines += [f"- {name}: {show_param(value)}" for name, value in trial.params.items()]
        lines += [""]
    return "\n".join(lines)


def _files(export: Export) -> str:
    rows = len(export.check)
    whose = "made up at random" if export.check.target is None else "of the validation part"
    return f"""## What is here

- `{export.format.artifact}`: the model
- `labels.json`: {_labels_in_words(export.data)}
- `columns.json`: {_columns_in_words(export.data)}
- `params.yaml`: what the search chose
- `example.py`: how it is used
- `check.npz`: {rows} rows, {whose}, and what the model said of them when it was tuned.
  In a fresh process the export differed by {export.largest_difference:.2g} at most. The model does
  not need them: where rows are private, leave the file out.
"""


def _columns_in_words(data: Prepared) -> str:
    if isinstance(data.features, TableSpec):
        return f"how each column is read, by `{READING}`, and the inputs that it makes"
    return "the names of the input columns, in order"


def _labels_in_words(data: Prepared) -> str:
    if data.output.task == "regression":
        return "the task"
    told = "the task, and the label of each class index"
    if data.output.task == "binary":
        told += f"; {data.labels[1]!r} is said where its probability is above `threshold`"
    return told


def _further_training(export: Export) -> str:
    data = export.data
    target = "class indices, as in labels.json"
    if data.output.task == "regression":
        target = "in the target's own units"
    is_table = isinstance(data.features, TableSpec)
    text = (TRAIN_ON_TABLE if is_table else _TRAIN_ON).format(target=target)
    if export.members:
        text += f"\nIts trial is here {export.trial.number}; all members are trained together.\n"
    if data.target.transform == "log1p":
        text += "\nThe loss is that of log(1 + y), as in its trial.\n"
    elif data.output.task == "regression":
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
        *(table_limits() if isinstance(data.features, TableSpec) else [_OF_ARRAYS]),
    ]
    if data.output.task != "regression":
        lines.append(
            "- Nothing was done to calibrate its probabilities, and it knows no other labels than "
            "those of labels.json."
        )
    if export.own_classes:
        lines.append(f"- It holds classes of its builder's own: {', '.join(export.own_classes)}.")
    if export.format.name != "keras":
        lines.append("- It can't be trained further: use `--format keras` for that.")
    return "\n".join([*lines, ""])


def _config_of(run: Run) -> Mapping[str, Any]:
    try:
        tree = yaml.safe_load((run.path / "config.resolved.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _versions_of(run: Run) -> Mapping[str, str | None]:
    try:
        then = json.loads((run.path / "environment.json").read_text(encoding="utf-8"))
        return {**then["packages"], "Python": then["python"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"hpopt": run.header.hpopt}


def _listed(versions: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)
