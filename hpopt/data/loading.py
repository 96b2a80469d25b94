"""From the section `dataset` to the table it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.data.building import build_table
from hpopt.data.images import folder_table, image_column, sheet_table
from hpopt.data.prepared import Prepared
from hpopt.data.reading import (
    PARQUET,
    joined,
    of_frame,
    read_csv,
    read_parquet,
    with_gaps,
    with_named_index,
)
from hpopt.data.series import array_table
from hpopt.data.series_columns import long_table, wide_table
from hpopt.data.settings import (
    AnyData,
    ArrayData,
    FileData,
    FunctionData,
    Gaps,
    ImageData,
    LongData,
    SklearnData,
)
from hpopt.data.sources import Table, arrays_of, load_sklearn, of_arrays
from hpopt.data.target_settings import TargetColumn, positive_of, target_column
from hpopt.data.target_spec import TargetTransform
from hpopt.data.weights import word_on_weightless
from hpopt.data.windows import build_windows
from hpopt.errors import DataError, SettingError, in_words
from hpopt.inputs.stored import Sheet, resolved
from hpopt.own_code import load_function, source_of
from hpopt.task import Task

_TRANSFORMS: dict[str, TargetTransform] = {"none": "none", "log": "log1p"}


def load_table(settings: AnyData, recorded: Prepared | None = None) -> Table:
    """The table of a dataset whose paths are absolute.

    Where a run has `recorded` what the columns of its table are, they are that.

    Raises DataError where it can't be read or used; SettingError where a setting is the reason.
    """
    if isinstance(settings, SklearnData):
        return _scaled(load_sklearn(settings.name), settings)
    if isinstance(settings, ImageData):
        return folder_table(settings)
    task: Task | None = None if settings.task == "auto" else settings.task
    if isinstance(settings, ArrayData):
        return _of_arrays(settings, task)
    if isinstance(settings, LongData):
        sheet, given = _read_files(settings)
        return _scaled(long_table(sheet, given, settings, _options(settings, task)), settings)
    if isinstance(settings, FileData):
        sheet, given = _read_files(settings)
        return _of_sheet(sheet, settings, settings.target, task, given, recorded)
    return _call(settings, task, recorded)


def _of_arrays(settings: ArrayData, task: Task | None) -> Table:
    """The table of NumPy's files."""
    target = target_column(settings.target)
    arrays = arrays_of(
        settings.source,
        Path(settings.path),
        settings.features,
        target.name,
        settings.lengths,
        settings.sample_weight,
    )
    sources: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    if settings.sample_weight is not None and arrays.weights is not None:
        sources = {"weights": settings.sample_weight}
        is_none = arrays.weights == 0
        if is_none.any() and len(arrays.target) == len(is_none):
            arrays = arrays.at(np.flatnonzero(~is_none))
            notes = (word_on_weightless(settings.sample_weight, int(is_none.sum())),)
    if not settings.series and arrays.lengths is None:
        table = of_arrays(arrays.rows, arrays.target, task, target.positive)
    else:
        how = {"lengths": settings.lengths}
        table = array_table(arrays.rows, arrays.lengths, arrays.target, task, target.positive, how)
    table = replace(table, weights=arrays.weights, sources=sources, notes=(*notes, *table.notes))
    return _scaled(table, settings)


def _of_sheet(
    sheet: Sheet,
    settings: FileData | FunctionData,
    target: str | TargetColumn,
    task: Task | None,
    given: np.ndarray | None = None,
    recorded: Prepared | None = None,
) -> Table:
    options = {**_options(settings, task, target), "given": given}
    if settings.windows is not None:
        return _windows(sheet, settings, options, recorded)
    if task == "forecast":
        raise SettingError(
            "a forecast is made of windows", ("task",), help="add `windows: {length: ...}`"
        )
    if settings.features.series:
        table = wide_table(sheet, settings.features, options)
        return _scaled(table, settings) if isinstance(settings, FunctionData) else table
    column = image_column(settings.features)
    if column is not None:
        return sheet_table(sheet, column, settings.features, options)
    return build_table(sheet, features=settings.features, recorded=recorded, **options)


def _options(
    settings: FileData | FunctionData | LongData,
    task: Task | None,
    target: str | TargetColumn | None = None,
) -> dict[str, Any]:
    """What `build_table` is told of the target and the split."""
    target = target or settings.target
    assert target is not None
    return {
        "target": target_column(target).name,
        "positive": positive_of(target),
        "task": task,
        "target_transform": _TRANSFORMS[settings.target_transform],
        "groups": settings.split.groups,
        "order": settings.split.order,
        "weight": getattr(settings, "sample_weight", None),
    }


def _windows(
    sheet: Sheet,
    settings: FileData | FunctionData,
    options: Mapping[str, Any],
    recorded: Prepared | None,
) -> Table:
    """The windows of a sheet. Raises SettingError where a setting asks for something else."""
    assert settings.windows is not None
    if options["task"] not in (None, "forecast"):
        raise SettingError(
            f"windows make a forecast, and no {options['task']}", ("task",), help="leave it out"
        )
    if options["given"] is not None:
        raise SettingError(
            "the parts of a forecast are cut by time from one file",
            ("test" if getattr(settings, "test", None) else "validation",),
            help="put the rows into one file, and leave it out",
        )
    if options["weight"] is not None:
        raise SettingError(
            "the windows of a forecast all count the same", ("sample_weight",), help="leave it out"
        )
    if settings.features.series:
        raise SettingError("windows hold no series", ("windows",), help="leave one of them out")
    if image_column(settings.features) is not None:
        raise SettingError("windows hold no images", ("windows",), help="leave one of them out")
    return build_windows(
        sheet,
        settings.windows,
        target=options["target"],
        order=settings.split.order,
        groups=settings.split.groups,
        target_transform=options["target_transform"],
        features=settings.features,
        train=settings.split.train,
        recorded=recorded,
    )


def _read_files(settings: FileData | LongData) -> tuple[Sheet, np.ndarray | None]:
    """The rows of all files, and of each row the part its file gives: 1 validation, 2 test."""
    if isinstance(settings, LongData):
        as_texts, image = [settings.id], None
        is_csv = Path(settings.path).suffix.lower() not in PARQUET
    else:
        kinds = settings.features.types
        as_texts = [n for n in kinds if kinds[n] in ("categorical", "image")]
        image, is_csv = image_column(settings.features), settings.source == "csv"
    spelled = [*as_texts, settings.split.groups or ""]

    def read(path: Path) -> Sheet:
        if is_csv:
            sheet = read_csv(
                path, gaps=_words(settings.gaps), spelled=spelled, encoding=settings.encoding
            )
        else:
            sheet = with_gaps(read_parquet(path), _words(settings.gaps) or ())
        return resolved(sheet, image, path.parent) if image in sheet.columns else sheet

    sheets: list[Sheet] = []
    parts: list[np.ndarray] = []
    for part, (key, path) in enumerate(
        (("path", settings.path), ("validation", settings.validation), ("test", settings.test))
    ):
        if path is None:
            continue
        try:
            sheet = read(Path(path))
        except DataError as error:
            if error.problems[0].location is not None:  # a line of the file itself
                raise
            [problem] = error.problems
            raise SettingError(problem.message, (key,), help=problem.help) from None
        missing = [
            name for name in (sheets[0].columns if sheets else ()) if name not in sheet.columns
        ]
        if missing:
            raise SettingError(
                f"{Path(path).name} has no column `{missing[0]}`, which {Path(settings.path).name} "
                "has",
                (key,),
            )
        sheets.append(sheet)
        parts.append(np.full(sheet.rows, part, dtype=np.int8))
    if len(sheets) == 1:
        return sheets[0], None
    return joined(sheets), np.concatenate(parts)


def _words(gaps: Gaps) -> tuple[str, ...] | None:
    return None if gaps is None else tuple(str(word).strip().casefold() for word in gaps)


def _call(settings: FunctionData, task: Task | None, recorded: Prepared | None) -> Table:
    """What the user's function gives, as a table."""
    import pandas as pd

    load = load_function(settings.source, "data")
    try:
        given: Any = load()
    except Exception as error:
        raise SettingError(f"{settings.source} failed: {in_words(error)}", ("source",)) from error
    if isinstance(given, pd.DataFrame):
        if settings.target is None:
            raise SettingError(
                "the function gives a DataFrame, of which it is not said what to predict",
                ("source",),
                help="add `target:` with the name of a column",
            )
        sheet = of_frame(given, "the DataFrame")
        sheet = with_gaps(sheet, _words(settings.gaps) or ())
        image, source = image_column(settings.features), source_of(settings.source)
        if image in sheet.columns:
            sheet = resolved(sheet, image, Path() if source is None else source.parent)
        return _of_sheet(sheet, settings, settings.target, task, recorded=recorded)
    if not isinstance(given, tuple) or len(given) != 2:
        raise SettingError(
            f"the function gives a {type(given).__name__}",
            ("source",),
            help="it should give a DataFrame, or two arrays: rows [n, ...] and target [n]",
        )
    features, target = given
    if isinstance(features, pd.DataFrame):
        named = None if settings.target is None else target_column(settings.target).name
        name = named or getattr(target, "name", None) or "target"
        frame = with_named_index(features).assign(**{str(name): np.asarray(target)})
        sheet = with_gaps(of_frame(frame, "the DataFrame"), _words(settings.gaps) or ())
        return _of_sheet(sheet, settings, str(name), task, recorded=recorded)
    for key in ("groups", "order"):
        if getattr(settings.split, key) is not None:
            raise SettingError("arrays have no columns by name", ("split", key))
    if settings.windows is not None or task == "forecast":
        key = "task" if settings.windows is None else "windows"
        raise SettingError(
            "a forecast is made of a table", (key,), help="let the function give a DataFrame"
        )
    if settings.sample_weight is not None:
        raise SettingError("arrays have no columns by name", ("sample_weight",))
    if settings.series:
        table = array_table(features, None, target, task, positive_of(settings.target))
        return _scaled(table, settings)
    return _scaled(of_arrays(features, target, task, positive_of(settings.target)), settings)


def _scaled(table: Table, settings: SklearnData | ArrayData | FunctionData | LongData) -> Table:
    """A table of arrays or series, which are to be scaled as the settings say."""
    return replace(table, settings={**table.settings, "scaling": settings.scaling})
