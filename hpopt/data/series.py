"""From columns, or arrays, to a table of series: wide, a row a series, or long, a row a step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from hpopt.data.building import build_table
from hpopt.data.column_kinds import Column, look
from hpopt.data.precision import offset_of
from hpopt.data.reading import below
from hpopt.data.settings import Features, LongData, SeriesColumns
from hpopt.data.sources import Table
from hpopt.data.targets import encode_target
from hpopt.data.verdicts import ColumnKind
from hpopt.errors import DataError, SettingError, closest
from hpopt.inputs.series.sheets import line_a_series, series_of_sheet
from hpopt.inputs.series.steps import lengths_of, rows_by_id, series_of_arrays
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, raw_values
from hpopt.task import Task

# A name that ends in a number, but for letters behind it.
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_MOST_NAMED = 5
# What no column is called: that of the numbers of lines, by which is known which of them are kept.
_LINES = "\0lines"
_ALONE = "a series is taken alone"


def wide_table(sheet: Sheet, features: Features, options: Mapping[str, Any]) -> Table:
    """The table of a sheet with a row a series; the `options` are `build_table`'s.

    Raises DataError, or SettingError where a setting is the reason.
    """
    others = [*(features.include or []), *features.types]
    if others:
        key = "include" if features.include else "types"
        raise SettingError(
            f"`{others[0]}` can't stand beside a series: a network takes series alone",
            ("features", key),
            help=f"leave `{key}` out",
        )
    notes: list[str] = []
    channels = _channels(sheet, features.series, options, notes)
    layout: dict[str, Any] = {"form": "wide", "channels": []}
    columns = []
    for name, names in channels.items():
        place = ("features", "series", name)
        column = _look(name, [sheet.columns[each] for each in names], sheet, place)
        layout["channels"].append({"name": name, "columns": names, "reader": column.reader})
        columns.append(replace(column, reason=f"{len(names)} steps, {names[0]} to {names[-1]}"))
    series, more = series_of_sheet(sheet, "the table", layout)
    used = {column for names in channels.values() for column in names}
    rest = {name: values for name, values in sheet.columns.items() if name not in used}
    sheet = replace(sheet, columns=rest, notes=[*sheet.notes, *notes, *more])
    return _table(sheet, series, columns, options, {"layout": layout})


def _channels(
    sheet: Sheet,
    said: Mapping[str, SeriesColumns],
    options: Mapping[str, Any],
    notes: list[str],
) -> dict[str, list[str]]:
    """The columns of each channel, step by step. Raises SettingError where they can't be such."""
    roles = {
        options[role]: role for role in ("target", "groups", "order", "weight") if options[role]
    }
    channels: dict[str, list[str]] = {}
    for name, columns in said.items():
        key = ("features", "series", name)
        channels[name] = names = _named(columns, sheet, key, notes)
        for column in names:
            if column in roles:
                raise SettingError(f"`{column}` is the {roles[column]}, and no step", key)
        if len(set(names)) < len(names):
            twice = next(column for column in names if names.count(column) > 1)
            raise SettingError(f"`{twice}` is two steps of one channel", key)
        for other in channels:
            if other != name and (both := sorted({*channels[other]} & {*names})):
                raise SettingError(
                    f"`{both[0]}` is a step of two channels, `{other}` and `{name}`", key
                )
        first = next(iter(channels))
        if len(names) != len(channels[first]):
            raise SettingError(
                f"`{name}` has {len(names)} steps, and `{first}` has {len(channels[first])}",
                key,
                help="the channels of a series have the same steps",
            )
    return channels


def _named(said: SeriesColumns, sheet: Sheet, key: tuple[str, ...], notes: list[str]) -> list[str]:
    """The columns that a list names, or a range: by their numbers, else as they stand."""
    if not isinstance(said, str):
        for column in said:
            _check_there(column, sheet, key)
        return list(said)
    first, _, last = (part.strip() for part in said.partition(".."))
    for column in (first, last):
        _check_there(column, sheet, key)
    names = list(sheet.columns)
    ends = [NUMBERED.fullmatch(column) for column in (first, last)]
    if ends[0] is None or ends[1] is None or ends[0].group(1, 3) != ends[1].group(1, 3):
        start, end = names.index(first), names.index(last)
        if start > end:
            raise SettingError(f"`{last}` stands before `{first}`", key, help=f'"{last}..{first}"')
        return names[start : end + 1]
    around, (start, end) = ends[0].group(1, 3), (int(match[2]) for match in ends if match)
    numbered = {
        int(match[2]): column
        for column in names
        if (match := NUMBERED.fullmatch(column)) and match.group(1, 3) == around
    }
    step = 1 if start <= end else -1
    wanted = range(start, end + step, step)
    present = [number for number in wanted if number in numbered]
    if len({b - a for a, b in pairwise(present)}) > 1:
        missing = next(number for number in wanted if number not in numbered)
        notes.append(f"{said}: there is no column of number {missing}, and steps are not all alike")
    return [numbered[number] for number in present]


def _check_there(column: str, sheet: Sheet, key: tuple[str, ...]) -> None:
    if column in sheet.columns:
        return
    match = closest(column, sheet.columns)
    raise SettingError(
        f"the table has no column `{column}`",
        key,
        help=f"did you mean `{match}`?" if match else 'write a range "t00..t39", or a list',
    )


def long_table(
    sheet: Sheet, given: np.ndarray | None, settings: LongData, options: Mapping[str, Any]
) -> Table:
    """The table of a sheet with a row a step; `given` [lines] is the part that each is given.

    Raises DataError, or SettingError where a setting is the reason.
    """
    roles = [settings.id, options["target"], options["groups"], options["order"]]
    for name, key in (
        (settings.id, ("id",)),
        (settings.time, ("time",)),
        (options["target"], ("target",)),
        (options["groups"], ("split", "groups")),
        (options["order"], ("split", "order")),
        *((name, ("channels", index)) for index, name in enumerate(settings.channels or [])),
    ):
        if name is not None:
            _check_named(name, sheet, key)
    for index, name in enumerate(settings.channels or []):
        if name in (*roles, settings.time):
            raise SettingError(f"`{name}` can't be a channel besides", ("channels", index))
    id_reader = {"column": settings.id, "kind": "categorical", "gaps": list(sheet.gaps)}
    layout: dict[str, Any] = {
        "form": "long",
        "id": id_reader,
        "time": None if settings.time is None else _time_reader(settings.time, sheet),
        "channels": [],
    }
    names = settings.channels or _numbers(sheet, [*roles, settings.time])
    columns = []
    for name in names:
        column = _look(name, [sheet.columns[name]], sheet, ("channels",))
        layout["channels"].append({"name": name, "reader": column.reader})
        columns.append(replace(column, reason="a number for each step"))
    if given is not None:
        sheet = _with_ids_apart(sheet, settings.id, given)
    series, notes = series_of_sheet(sheet, "the table", layout)
    alike = [name for name in roles[1:] if name is not None]
    whole = line_a_series(sheet, "the table", layout, alike)
    whole = replace(whole, notes=[*whole.notes, *notes])
    if given is not None:
        _, first = rows_by_id(as_categories(sheet.columns[settings.id], id_reader).to_array())
        given = given[first]
    options = {**options, "given": given}
    return _table(whole, series, columns, options, {"layout": layout}, id_column=settings.id)


def _check_named(name: str, sheet: Sheet, key: tuple[str | int, ...]) -> None:
    if name not in sheet.columns:
        match = closest(name, sheet.columns)
        shown = ", ".join(f"`{column}`" for column in list(sheet.columns)[:20])
        raise SettingError(
            f"the table has no column `{name}`",
            key,
            help=(f"did you mean `{match}`? " if match else "") + f"it has {shown}",
        )


def _with_ids_apart(sheet: Sheet, name: str, given: np.ndarray) -> Sheet:
    """The sheet of several files, of which an id that stands in two is another one in each."""
    texts = sheet.columns[name]
    texts = texts.to_array() if isinstance(texts, Texts) else np.array([f"{x:g}" for x in texts])
    parts = [set(texts[given == part]) for part in range(3)]
    shared = (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])
    if not shared:
        return sheet
    suffix = np.array(["", " (validation)", " (test)"])[given]
    apart = np.where(texts == "", "", np.char.add(texts, suffix))
    return replace(sheet, columns={**sheet.columns, name: Texts.of(apart)})


def _time_reader(name: str, sheet: Sheet) -> Mapping[str, Any]:
    """How the time of a step is read: as a number, or as the days of a date."""
    values = sheet.columns[name]
    kinds: tuple[ColumnKind, ...] = ("numeric", "date")
    if not isinstance(values, Texts):
        kinds = ("date",) if values.dtype.kind == "M" else ("numeric",)
    for asked in kinds:
        try:
            column = look(name, values, sheet.decimal, asked, sheet.gaps)
        except ValueError:
            continue
        assert column.reader is not None
        return {**column.reader, **({"parts": ["days"]} if asked == "date" else {})}
    raise SettingError(
        f"`{name}` holds neither numbers nor dates, and can't say when a step was",
        ("time",),
        help="leave `time` out where rows stand in order",
    )


def _numbers(sheet: Sheet, taken: Sequence[str | None]) -> list[str]:
    """The columns of numbers that have no other role."""
    names = []
    for name, values in sheet.columns.items():
        if name not in taken and look(name, values, sheet.decimal, gaps=sheet.gaps).kind in (
            "numeric",
            "boolean",
        ):
            names.append(name)
    if not names:
        raise SettingError(
            "no column of numbers is left to be a channel", (), help="name them: `channels: [x]`"
        )
    return names


def _look(name: str, pieces: Sequence[Stored], sheet: Sheet, key: tuple[str, ...]) -> Column:
    """What the values of a channel are, all of its columns together."""
    values = pieces[0] if len(pieces) == 1 else below(pieces, sheet.decimal)
    try:
        column = look(name, values, sheet.decimal, "numeric", sheet.gaps)
    except ValueError as error:
        raise SettingError(f"`{name}` is no series of numbers: {error}", key) from None
    assert column.reader is not None
    read = raw_values(values, column.reader)[name]
    assert isinstance(read, np.ndarray)
    offset = offset_of(read)
    reader = column.reader if offset is None else {**column.reader, "offset": offset}
    return replace(column, reader=reader, examples={})


def _table(
    sheet: Sheet,
    series: np.ndarray,
    columns: Sequence[Column],
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    id_column: str | None = None,
) -> Table:
    """The table of series [n, ...], whose other columns stand in a sheet of as many rows."""
    numbers = Texts.of(np.arange(sheet.rows).astype(str))
    sheet = replace(sheet, columns={_LINES: numbers, **sheet.columns})
    is_empty = lengths_of(series) == 0
    if is_empty.any():
        kept = np.flatnonzero(~is_empty)
        if not len(kept):
            raise DataError("no series holds a number")
        taken = {name: values[kept] for name, values in sheet.columns.items()}
        note = f"{int(is_empty.sum())} of {len(series)} series hold no number, and are left out"
        sheet = replace(sheet, columns=taken, rows=len(kept), notes=[*sheet.notes, note])
        if options["given"] is not None:
            options = {**options, "given": options["given"][kept]}
    alone = Features(include=[_LINES], types={_LINES: "categorical"})
    table = build_table(sheet, features=alone, **options)
    series = series[table.features[_LINES].to_array().astype(int)]
    names = tuple(column.name for column in columns)
    others = [_described(column, id_column) for column in table.columns if column.name != _LINES]
    unused = [column.name for column in others if column.reason == _ALONE and column.kind != "id"]
    return _of_series(
        replace(table, columns=(*columns, *others)),
        series,
        names,
        settings,
        [_word_on_unused(unused)] if unused else [],
    )


def _described(column: Column, id_column: str | None) -> Column:
    if column.use != "left out" or column.kind in ("constant", "text"):
        return column
    if column.name == id_column:
        return replace(column, kind="id", reason="says which steps are one series")
    return replace(column, reason=_ALONE)


def _word_on_unused(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more}: not used, for {_ALONE}"


def array_table(
    rows: Any,
    lengths: np.ndarray | None,
    target: Any,
    task: Task | None,
    positive: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> Table:
    """The table of series as `series_of_arrays` takes them, and targets [n]. Raises DataError."""
    try:
        series = series_of_arrays(rows, lengths)
    except ValueError as error:
        raise DataError(str(error)) from None
    values = np.asarray(target)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != series.shape[:1]:
        raise DataError(f"{len(series)} series, but a target of the shape {list(values.shape)}")
    if (is_empty := lengths_of(series) == 0).any():
        raise DataError(f"series {int(is_empty.argmax()) + 1} holds no number", help="leave it out")
    encoded = encode_target("the target", values, task, positive=positive)
    if encoded.missing:
        raise DataError(f"{encoded.missing} rows have no target")
    table = Table(
        features=series,
        target=encoded.values,
        feature_names=(),
        labels=encoded.labels,
        task=encoded.task,
        notes=tuple(encoded.notes),
        target_reader=encoded.reader,
    )
    names = tuple(f"x{channel}" for channel in range(series.shape[2]))
    return _of_series(table, series, names, settings or {}, [])


def _of_series(
    table: Table,
    series: np.ndarray,
    names: tuple[str, ...],
    settings: Mapping[str, Any],
    notes: Sequence[str],
) -> Table:
    """The table whose features are these series, with words on their lengths and gaps."""
    lengths = lengths_of(series)
    series = series[:, : lengths.max()]
    is_padded = bool(lengths.min() < series.shape[1])
    inside = np.arange(series.shape[1]) < lengths[:, None]
    gaps = dict(
        zip(names, (np.isnan(series) & inside[..., None]).sum((0, 1)).tolist(), strict=True)
    )
    columns = (
        replace(each, gaps=gaps[each.name]) if each.use == "feature" else each
        for each in table.columns
    )
    return replace(
        table,
        columns=tuple(columns),
        features=np.ascontiguousarray(series),
        feature_names=names,
        kind="series",
        settings={**settings, "is_padded": is_padded},
        notes=(*table.notes, *notes, *_words(series, lengths, gaps)),
    )


def _words(series: np.ndarray, lengths: np.ndarray, gaps: Mapping[str, int]) -> list[str]:
    """What people should know of series: their lengths, and the gaps of each channel."""
    count, steps, channels = series.shape
    of = f" of {channels} channels" if channels > 1 else ""
    words = [f"{count:,} series{of}, each of {steps} steps"]
    if lengths.min() < steps:
        words = [
            f"{count:,} series{of}, of {lengths.min()} to {steps} steps, {np.median(lengths):g} in "
            "the middle: shorter ones are padded, and what pads is masked"
        ]
    each = [f"{number:,} in `{name}`" for name, number in gaps.items() if number]
    if each:
        more = f" and {len(each) - _MOST_NAMED} more channels" if len(each) > _MOST_NAMED else ""
        words.append(
            f"gaps in series: {', '.join(each[:_MOST_NAMED])}{more}; each counts as the mean of "
            "its channel"
        )
    return words
