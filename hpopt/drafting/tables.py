"""The first config for a table, written from what its columns are: to run as it is, and to edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Literal

import numpy as np

from hpopt.config.dumping import inline_yaml
from hpopt.data.building import build_table
from hpopt.data.column_kinds import Column, said_words
from hpopt.data.leaks import Leak, possible_leaks
from hpopt.data.reading import read_csv, read_parquet
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows
from hpopt.drafting.finding import Long, Wide, find_long, find_wide
from hpopt.drafting.parts import (
    Draft,
    batch_size_for,
    comment,
    few_of_a_class,
    head_lines,
    metric_lines,
    path_from,
    search_lines,
    shares_for,
)
from hpopt.drafting.series import draft_series
from hpopt.errors import ConfigError, DataError, closest
from hpopt.inputs.stored import Sheet
from hpopt.report.words import align, show_shares

_MOST_COLUMNS = 100
_FEWEST_ROWS = 5  # for shares of 0.6, 0.2 and 0.2
_WIDTH = 90  # of a comment that is a sentence
_SKEWED = 2.0
# From so many rows on pieces of numbers help; all numbers together have no more of them than this.
_ROWS_FOR_PIECES = 5_000
_MOST_PIECES = 512
_FEWEST_PIECES = 8


def draft_config(data: Path, target: str | None, place: Path) -> Draft:
    """A config for the table in `data`, that is to lie in the folder `place`.

    Raises DataError where the table can't be read or used, ConfigError without a target.
    """
    source: Literal["csv", "parquet"] = (
        "parquet" if data.suffix.lower() in (".parquet", ".pq") else "csv"
    )
    sheet = read_parquet(data) if source == "parquet" else read_csv(data)
    if target is None or target not in sheet.columns:
        raise _no_target(sheet, target)
    wide = find_wide(sheet, target)
    if wide is not None and wide.looks_it:
        return draft_series(sheet, wide, data, source, target, place)
    long = None if wide is not None else find_long(sheet, target)
    if long is not None and long.time is not None:
        return draft_series(sheet, long, data, source, target, place)
    table = build_table(sheet, target=target, task=None)
    leaks, hints = _leaks(table), [*_series_hints(wide, long)]
    text = "\n".join(_lines(table, source, path_from(place, data), target, leaks, hints)) + "\n"
    shares = [f"classes: {show_shares(table.shares)}"] if table.labels else []
    few = [note] if (note := few_of_a_class(table)) else []
    return Draft(text, [*table.notes, *shares, *few, *map(str, leaks)])


def _leaks(table: Table) -> Sequence[Leak]:
    """What the training part says of leaks, if the rows can be split as the draft has it."""
    if (rows := len(table.target)) < _FEWEST_ROWS:
        raise DataError(
            f"{rows} rows are too few: a part would be empty",
            help=f"{_FEWEST_ROWS} are the least, and say little; some hundreds are a beginning",
        )
    train, validation, test = shares_for(rows)
    try:
        parts = split_rows(
            table, train=train, validation=validation, test=test, seed=0, stratify="auto"
        )
    except DataError:  # of too few rows `check` says so
        return []
    return possible_leaks(table, parts.train)


def _no_target(sheet: Sheet, target: str | None) -> ConfigError:
    shown = ", ".join(f"`{name}`" for name in list(sheet.columns)[:30])
    more = f" and {len(sheet.columns) - 30} more" if len(sheet.columns) > 30 else ""
    if target is None:
        return ConfigError(
            "it is not said which column is to be predicted",
            help=f"add `--target NAME`, with one of {shown}{more}",
        )
    match = closest(target, sheet.columns)
    meant = f"did you mean `{match}`? " if match else ""
    return ConfigError(f"the table has no column `{target}`", help=f"{meant}it has {shown}{more}")


def _lines(
    table: Table, source: str, path: str, target: str, leaks: Sequence[Leak], hints: Sequence[str]
) -> Iterator[str]:
    rows = len(table.target)
    train, validation, test = shares_for(rows)
    fitted = round(rows * train)
    batch, epochs = batch_size_for(fitted), _epochs(fitted)
    steps = -(-fitted // batch)
    [about] = [column for column in table.columns if column.use == "target"]
    docs = "docs/configuration.md explains every key; `hpopt check` says what this config means."
    yield from head_lines(source, path, docs)
    yield f"  target: {_target(table, target)}  # {comment(about.reason)}"
    yield f"  task: {table.task}{_other_task(table)}"
    if table.labels:
        yield f"  # classes: {comment(show_shares(table.shares))}"
    yield from _transform(table)
    yield from _features(table, leaks)
    yield from hints
    yield from _pieces(table, fitted)
    yield f"  split: {{train: {train}, validation: {validation}, test: {test}, seed: 0}}"
    yield from _other_splits(table)
    yield "model:"
    yield "  builder: dense_dropout"
    yield "  dropout_after: all"
    yield "training:"
    yield f"  epochs: {epochs}  # at most: early stopping ends a fit that gets no better"
    yield f"  batch_size: {batch}"
    yield f"  decay_steps: {steps}  # the steps of an epoch"
    yield from metric_lines(table)
    yield f"  early_stopping: {{monitor: val_loss, patience: {max(epochs // 6, 5)}}}"
    yield "space:"
    widest = 128 if fitted < 2_000 else 256 if fitted < 20_000 else 512
    yield (
        "  learning_rate:       {type: real, low: 1e-4, high: 3e-2, prior: log-uniform, "
        "default: 2e-3}"
    )
    yield (
        "  learning_decay:      {type: real, low: 0.85, high: 1.0, default: 0.97}"
        "  # of the rate, an epoch"
    )
    yield "  num_layers:          {type: integer, low: 1, high: 4, default: 2}"
    yield (
        f"  num_dense_nodes:     {{type: integer, low: 16, high: {widest}, prior: log-uniform, "
        "default: 64}"
    )
    yield "  activation:          [relu, silu]"
    yield "  batch_normalization: [false, true]"
    yield "  dropout_prob:        {type: real, low: 0.0, high: 0.5, default: 0.1}"
    yield (
        "  weight_decay:        {type: real, low: 1e-6, high: 1e-1, prior: log-uniform, "
        "default: 1e-4}"
    )
    yield from search_lines(n_calls=50)


def _series_hints(wide: Wide | None, long: Long | None) -> Iterator[str]:
    """A word on what may be series, but does not look it enough to be taken for such."""
    if wide is not None:
        ranges = ", ".join(f'{inline_yaml(n)}: "{r}"' for n, r in wide.ranges.items())
        yield f"    # series: {{{comment(ranges)}}}  # if they are steps: docs/series.md"
    if long is not None:
        name = comment(inline_yaml(long.id))
        yield f"    # Rows of one {name} have the same target. If they are the steps of a series,"
        yield f"    # it is `source: long` with `id: {name}`: docs/series.md"


def _target(table: Table, name: str) -> str:
    """The target, with the positive one of two classes, which is the rarer."""
    if table.positive is None:
        return inline_yaml(name)
    return f"{{name: {inline_yaml(name)}, positive: {inline_yaml(table.positive)}}}"


def _epochs(rows: int) -> int:
    return 100 if rows < 20_000 else 50 if rows < 100_000 else 20


def _other_task(table: Table) -> str:
    numbered = all(label.lstrip("-").isdigit() for label in table.labels)
    if table.task == "multiclass" and numbered:
        return "  # or regression, if the classes are numbers to come near to"
    return ""


def _transform(table: Table) -> Iterator[str]:
    """A word on a target whose large values would rule the fit."""
    if table.task != "regression" or table.target.min() < 0:
        return
    spread = table.target.std()
    skew = float(np.mean(((table.target - table.target.mean()) / spread) ** 3))
    if skew > _SKEWED:
        yield (
            f"  # target_transform: log  # the target has a long tail (skewness {skew:.1f}); "
            "try it, above all with metric mae"
        )


def _features(table: Table, leaks: Sequence[Leak]) -> Iterator[str]:
    columns = [column for column in table.columns if column.use != "target"]
    shown = columns[:_MOST_COLUMNS]
    rows = [[comment(c.name), _use(c), _gaps(c), comment(c.reason)] for c in shown]
    yield "  # What the columns are, found by looking at them:"
    yield from (f"  #   {line}".rstrip() for line in align(rows, ()))
    if len(columns) > len(shown):
        yield f"  #   and {len(columns) - len(shown)} more, which `hpopt check` shows"
    yield from _gap_words(table)
    yield "  features:"
    for leak in leaks:
        yield from (f"    # {line}" for line in wrap(comment(str(leak)), _WIDTH))
    names = dict.fromkeys(name for leak in leaks if leak.is_used for name in leak.columns)
    example = f": [{', '.join(map(inline_yaml, names))}]" if names else ""
    yield f"    exclude: []  # names of columns that are not to be used{example}"
    example = next((c.name for c in columns if c.kind == "numeric"), columns[0].name)
    yield (
        f"    types: {{}}  # where it was seen wrong: {{{inline_yaml(example)}: categorical}}; "
        "numeric, categorical, boolean, date"
    )


def _gap_words(table: Table) -> Iterator[str]:
    """Which words were taken for gaps, how often and where, and how to have it otherwise."""
    with_words = [column for column in table.columns if column.words]
    for column in with_words[:_MOST_COLUMNS]:
        yield f"  # taken for gaps in {inline_yaml(column.name)}: {said_words(column.words)}"
    if with_words:
        listed = {word.casefold() for column in with_words for word in column.words}
        kept = ", ".join(inline_yaml(word) for word in sorted(listed))
        yield f"  # gaps: [{kept}]  # the only words that stand for a gap; [] is none"


def _pieces(table: Table, fitted: int) -> Iterator[str]:
    """A finer view of the numbers, where so many rows are `fitted` that it does not overfit."""
    numbers = sum(c.use == "feature" and c.kind == "numeric" for c in table.columns)
    pieces = min(_MOST_PIECES // max(numbers, 1), 48) if fitted >= _ROWS_FOR_PIECES else 0
    if numbers and pieces >= _FEWEST_PIECES:
        yield f"    pieces: {pieces}  # of each number's range, for the network to see; 0: none"


def _use(column: Column) -> str:
    return column.kind if column.use == "feature" else f"left out ({column.kind})"


def _gaps(column: Column) -> str:
    return f"{column.gaps} gaps" if column.gaps else ""


def _other_splits(table: Table) -> Iterator[str]:
    dates = [column.name for column in table.columns if column.kind == "date"]
    if dates:
        yield f"  # for a forecast: `order: {inline_yaml(dates[0])}` in split; the test comes last"
    ids = [c.name for c in table.columns if c.kind == "id" and c.distinct < len(table.target) / 1.5]
    if ids:
        yield (
            f"  # where rows of one {inline_yaml(ids[0])} belong together: "
            f"`groups: {inline_yaml(ids[0])}` in split"
        )
