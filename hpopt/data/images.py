"""From a table with a column of paths to a table of images, which a folder of classes is too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.data.building import build_table
from hpopt.data.column_kinds import Column
from hpopt.data.image_folders import LABEL, read_folder
from hpopt.data.settings import (
    Channels,
    Features,
    ImageData,
    ImageSize,
)
from hpopt.data.sources import Table
from hpopt.errors import DataError, SettingError
from hpopt.inputs.image.files import COLOURS, PATH, Seen, look_at_images, read_images
from hpopt.inputs.stored import Sheet, Texts, resolved
from hpopt.task import TASKS, Task

_MOST_LABELS = 20


def image_column(features: Features) -> str | None:
    """The column that is said to hold paths of images. Raises SettingError where several are."""
    names = [name for name, kind in features.types.items() if kind == "image"]
    if len(names) > 1:
        raise SettingError(
            f"`{names[0]}` and `{names[1]}` are images: a network takes one of them",
            ("features", "types", names[1]),
        )
    return names[0] if names else None


def folder_table(settings: ImageData) -> Table:
    """The table of a folder with a sub-folder a class. Raises DataError."""
    sheet, given = read_folder(Path(settings.path))
    labels = sheet.columns[LABEL]
    assert isinstance(labels, Texts)
    task: Task = "binary" if len(labels.distinct) == 2 else "multiclass"
    sheet = resolved(sheet, PATH, Path(settings.path))
    table = _table(sheet, PATH, {"target": LABEL, "task": task, "given": given})
    return _with_pixels(table, settings.size, settings.channels, settings.scaling)


def sheet_table(sheet: Sheet, column: str, features: Features, options: Mapping[str, Any]) -> Table:
    """The table of a sheet whose `column` holds absolute paths; the `options` are `build_table`'s.

    Raises DataError, or SettingError where a setting is the reason.
    """
    others = [name for name in features.include or [] if name != column]
    if others:
        raise SettingError(
            f"`{column}` is an image, beside which a network takes no `{others[0]}`",
            ("features", "include"),
            help="leave `include` out",
        )
    table = _table(sheet, column, options)
    return _with_pixels(table, features.size, features.channels, "standard")


def _table(sheet: Sheet, column: str, options: Mapping[str, Any]) -> Table:
    """A table of this one column, as if it were texts."""
    alone = Features(include=[column], types={column: "categorical"})
    return build_table(sheet, features=alone, **options)


def _with_pixels(table: Table, size: ImageSize, channels: Channels, scaling: str) -> Table:
    """The table of paths with the pixels of their files in the place of these."""
    [column] = table.feature_names
    files = table.features[column].to_array().tolist()
    if missing := files.count(""):
        raise DataError(f"`{column}` holds no path in {missing} of {len(files)} rows")
    seen = look_at_images(files)
    height, width = seen.size if size == "auto" else (size, size) if isinstance(size, int) else size
    depth = seen.channels if channels == "auto" else channels
    return replace(
        table,
        features=read_images(files, (height, width), depth),
        feature_names=COLOURS[depth],
        kind="image",
        settings={"scaling": scaling, "column": column},
        columns=tuple(
            _described(each, column, table, seen, (height, width, depth)) for each in table.columns
        ),
    )


def _described(
    column: Column, of_paths: str, table: Table, seen: Seen, shape: tuple[int, int, int]
) -> Column:
    """What a column is of a table of images of this shape."""
    if column.name == of_paths:
        return replace(column, kind="image", reason=_in_words(seen, shape), reader=None)
    if column.use == "left out":
        return replace(column, reason="images are taken alone")
    if column.use != "target" or not TASKS[table.task].has_labels:
        return column
    counts = np.bincount(table.target, minlength=len(table.labels))
    shown = [f'"{label}" {count}' for label, count in zip(table.labels, counts, strict=True)]
    more = ", ..." if len(shown) > _MOST_LABELS else ""
    return replace(column, reason=f"{table.task}: {', '.join(shown[:_MOST_LABELS])}{more}")


def _in_words(seen: Seen, shape: tuple[int, int, int]) -> str:
    """The size of images, and what size their files have: `28 x 28 pixels, grey`."""
    height, width, channels = shape
    colours = {1: "grey", 3: "in colours", 4: "in colours with alpha"}[channels]
    low, high = seen.sizes.min(axis=0).tolist(), seen.sizes.max(axis=0).tolist()
    (often, count), *_ = Counter(map(tuple, seen.sizes.tolist())).most_common(1)
    if low == high == [height, width]:
        files = ""
    elif low == high:
        files = f"; the files have {low[0]} x {low[1]}"
    else:
        share = f", {count} of them {often[0]} x {often[1]}" if count > 1 else ""
        files = f"; the files have {low[0]} x {low[1]} to {high[0]} x {high[1]}{share}"
    return f"{height} x {width} pixels (height x width), {colours}{files}"
