"""From the columns of a sheet to a table of series: wide, a row a series, or long, a row a step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.data.series import look_at_channel, table_of_series
from hpopt.data.settings import Features, LongData, SeriesColumns
from hpopt.data.sources import Table
from hpopt.data.verdicts import ColumnKind
from hpopt.errors import SettingError, closest
from hpopt.inputs.series.sheets import line_a_series, series_of_sheet
from hpopt.inputs.series.steps import rows_by_id
from hpopt.inputs.stored import Sheet, Texts, as_categories

# A name that ends in a number, but for letters behind it.
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)


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
        column = look_at_channel(name, [sheet.columns[each] for each in names], sheet, place)
        layout["channels"].append({"name": name, "columns": names, "reader": column.reader})
        columns.append(replace(column, reason=f"{len(names)} steps, {names[0]} to {names[-1]}"))
    series, more = series_of_sheet(sheet, "the table", layout)
    used = {column for names in channels.values() for column in names}
    rest = {name: values for name, values in sheet.columns.items() if name not in used}
    sheet = replace(sheet, columns=rest, notes=[*sheet.notes, *notes, *more])
    return table_of_series(sheet, series, columns, options, {"layout": layout})


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
        column = look_at_channel(name, [sheet.columns[name]], sheet, ("channels",))
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
    return table_of_series(
        whole, series, columns, options, {"layout": layout}, id_column=settings.id
    )


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
