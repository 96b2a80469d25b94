"""The first config for a folder of images: to run as it is, and to edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hpopt.data.images import folder_table
from hpopt.data.settings import ImageData
from hpopt.data.sources import Table
from hpopt.drafting.parts import (
    Draft,
    batch_size_for,
    comment,
    head_lines,
    metric_lines,
    path_from,
    search_lines,
    shares_for,
)
from hpopt.report.words import show_shares

# Of fewer training rows an epoch is short.
_FEW_ROWS = 2_000


def draft_images(folder: Path, place: Path) -> Draft:
    """A config for a folder with a sub-folder a class, that is to lie in the folder `place`.

    Raises DataError where its images can't be read.
    """
    table = folder_table(ImageData(source="images", path=str(folder)))
    text = "\n".join(_lines(table, path_from(place, folder))) + "\n"
    return Draft(text, [*table.notes, f"classes: {show_shares(table.shares)}"])


def _lines(table: Table, path: str) -> Iterator[str]:
    height, width, channels = table.features.shape[1:]
    [about] = [column.reason for column in table.columns if column.kind == "image"]
    [target] = [column.reason for column in table.columns if column.use == "target"]
    rows = len(table.target)
    train, validation, test = shares_for(rows)
    fitted = round(rows * train) if table.given is None else int((table.given == 0).sum())
    batch = batch_size_for(fitted)
    docs = "docs/images.md tells of images, docs/configuration.md explains every key."
    yield from head_lines("images", path, docs)
    yield f"  # {rows:,} images of {comment(target)}"
    yield f"  # {about}"
    yield f"  size: [{height}, {width}]  # height and width; a fit's time goes by their product"
    yield f"  channels: {channels}  # 1 is grey, 3 are colours"
    if table.given is not None:
        yield "  # Parts have folders of their own; the shares are those of what has none."
    yield f"  split: {{train: {train}, validation: {validation}, test: {test}, seed: 0}}"
    yield "model:"
    yield "  builder: conv"
    yield "training:"
    epochs = 60 if fitted < _FEW_ROWS else 30
    yield f"  epochs: {epochs}  # at most: early stopping ends a fit that gets no better"
    yield f"  batch_size: {batch}"
    yield f"  decay_steps: {-(-fitted // batch)}  # the steps of an epoch"
    yield from metric_lines(table)
    yield f"  early_stopping: {{monitor: val_loss, patience: {epochs // 6}}}"
    yield "  # augmentation: {flip: horizontal}  # where a mirrored image shows the same"
    yield from _space(min(height, width), has_few_rows=fitted < _FEW_ROWS)
    yield from search_lines(n_calls=30)


def _space(side: int, *, has_few_rows: bool) -> Iterator[str]:
    """The dimensions for images whose shorter side has so many pixels."""
    blocks = max(2, min(4, (side // 2).bit_length()))  # so that the last one sees two or more
    yield "space:"
    yield (
        "  learning_rate:  {type: real, low: 3e-4, high: 1e-2, prior: log-uniform, default: 2e-3}"
    )
    yield "  learning_decay: {type: real, low: 0.8, high: 1.0, default: 0.92}  # an epoch"
    yield f"  num_blocks:     {{type: integer, low: 1, high: {blocks}, default: {blocks - 1}}}"
    yield "  filters:        {type: integer, low: 8, high: 48, prior: log-uniform, default: 16}"
    yield "  growth:         {type: real, low: 1.0, high: 2.5, default: 2.0}  # from block to block"
    yield "  convolutions:   [1, 2]  # in a block"
    yield "  kernel_size:    [3, 5]"
    # What batch normalisation says of new rows follows the batches slowly: few are too few.
    normalization = "[layer, batch]" if has_few_rows else "[batch, layer]"
    yield f"  normalization:  {normalization}"
    yield "  residual:       [false, true]"
    yield "  dropout_prob:   {type: real, low: 0.0, high: 0.5, default: 0.1}"
    yield "  head:           [average, flatten]"
    yield (
        "  weight_decay:   {type: real, low: 1e-6, high: 1e-1, prior: log-uniform, default: 1e-4}"
    )
    yield "  training:"
    yield "    augmentation:  # images are changed at random while a network is fitted"
    yield "      shift:      {type: real, low: 0.0, high: 0.15, default: 0.03}  # of its sides"
