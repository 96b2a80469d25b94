"""The first config for series: columns that are steps, or a row a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpopt.config.dumping import inline_yaml
from hpopt.data.series_columns import long_table, wide_table
from hpopt.data.settings import Features, LongData
from hpopt.data.sources import Table
from hpopt.drafting.finding import Long, Wide
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
from hpopt.inputs.stored import Sheet
from hpopt.report.words import show_shares

# Of fewer training rows an epoch is short.
_FEW_ROWS = 2_000


def draft_series(
    sheet: Sheet, found: Wide | Long, data: Path, source: str, target: str, place: Path
) -> Draft:
    """A config for the series that were `found` in a sheet. Raises DataError without a use of it.

    Raises SettingError where they are none after all.
    """
    options: dict[str, Any] = dict.fromkeys(("groups", "order", "weight", "positive", "task"))
    options |= {"target": target, "target_transform": "none", "given": None}
    if isinstance(found, Wide):
        table = wide_table(sheet, Features(series=dict(found.ranges)), options)
    else:
        settings = LongData(
            source="long",
            path=str(data),
            id=found.id,
            time=found.time,
            channels=list(found.channels),
            target=target,
        )
        table = long_table(sheet, None, settings, options)
    kind = source if isinstance(found, Wide) else "long"
    text = "\n".join(_lines(table, found, kind, path_from(place, data), target)) + "\n"
    shares = [f"classes: {show_shares(table.shares)}"] if table.labels else []
    few = [note] if (note := few_of_a_class(table)) else []
    return Draft(text, [*table.notes, *shares, *few])


def _lines(table: Table, found: Wide | Long, source: str, path: str, target: str) -> Iterator[str]:
    rows, steps, channels = table.features.shape
    train, validation, test = shares_for(rows)
    fitted = round(rows * train)
    batch = batch_size_for(fitted)
    [about] = [column for column in table.columns if column.use == "target"]
    docs = "docs/series.md tells of series, docs/configuration.md explains every key."
    yield from head_lines(source, path, docs)
    name = inline_yaml(target)
    if table.positive is not None:
        name = f"{{name: {name}, positive: {inline_yaml(table.positive)}}}"
    yield f"  target: {name}  # {comment(about.reason)}"
    if isinstance(found, Long):
        yield from _long_lines(found)
    yield f"  task: {table.task}"
    if table.labels:
        yield f"  # classes: {comment(show_shares(table.shares))}"
    shown = "channel" if channels == 1 else "channels"
    yield f"  # {rows:,} series of {steps} steps x {channels} {shown}"
    others = [c for c in table.columns if c.use == "left out"]
    for column in others[:20]:
        yield f"  #   {comment(column.name)}: left out ({column.kind}); {comment(column.reason)}"
    if isinstance(found, Wide):
        yield "  features:  # without `series` each column is a feature of its own"
        yield "    series:"
        for channel, said in found.ranges.items():
            yield f"      {inline_yaml(channel)}: {inline_yaml(said)}"
    yield f"  split: {{train: {train}, validation: {validation}, test: {test}, seed: 0}}"
    yield "  # where several series are of one person or device: `groups: COLUMN` in split"
    yield "model:"
    yield "  builder: conv  # or recurrent, which has other dimensions"
    epochs = 80 if fitted < _FEW_ROWS else 40
    yield "training:"
    yield f"  epochs: {epochs}  # at most: early stopping ends a fit that gets no better"
    yield f"  batch_size: {batch}"
    yield f"  decay_steps: {-(-fitted // batch)}  # the steps of an epoch"
    yield from metric_lines(table)
    yield f"  early_stopping: {{monitor: val_loss, patience: {epochs // 6}}}"
    yield from _space(steps, has_few_rows=fitted < _FEW_ROWS)
    yield from search_lines(n_calls=30)


def _long_lines(found: Long) -> Iterator[str]:
    yield f"  id: {inline_yaml(found.id)}  # its rows of one value are a series"
    if found.time is None:
        yield "  # time: NAME  # the column that says when a step was; else rows are in order"
    else:
        yield f"  time: {inline_yaml(found.time)}"
    yield f"  channels: [{', '.join(map(inline_yaml, found.channels))}]"


def _space(steps: int, *, has_few_rows: bool) -> Iterator[str]:
    """The dimensions for series of so many steps."""
    blocks = max(2, min(5, (steps // 4).bit_length()))  # so that the last one sees some steps
    yield "space:"
    yield (
        "  learning_rate:  {type: real, low: 3e-4, high: 1e-2, prior: log-uniform, default: 2e-3}"
    )
    yield "  learning_decay: {type: real, low: 0.85, high: 1.0, default: 0.95}  # an epoch"
    yield f"  num_blocks:     {{type: integer, low: 1, high: {blocks}, default: {min(3, blocks)}}}"
    yield "  filters:        {type: integer, low: 8, high: 64, prior: log-uniform, default: 24}"
    yield "  growth:         {type: real, low: 1.0, high: 2.0, default: 1.5}  # from block to block"
    yield "  convolutions:   [1, 2]  # in a block"
    yield "  kernel_size:    {type: integer, low: 3, high: 9, default: 5}  # steps"
    yield "  dilation:       [1, 2]  # the factor by which they move apart from block to block"
    # What batch normalisation says of new rows follows the batches slowly: few are too few.
    normalization = "[layer, batch]" if has_few_rows else "[batch, layer]"
    yield f"  normalization:  {normalization}"
    yield "  residual:       [false, true]"
    yield "  dropout_prob:   {type: real, low: 0.0, high: 0.5, default: 0.1}"
    yield "  head:           [average, max]"
    yield (
        "  weight_decay:   {type: real, low: 1e-6, high: 1e-1, prior: log-uniform, default: 1e-4}"
    )
