"""What each column of a table is used for, and the raw columns of those that are features."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.data.chunks import plain_or_gap
from hpopt.data.column_kinds import Column, look
from hpopt.data.fillers import filler_in_words
from hpopt.data.precision import loss_in_words, offset_of
from hpopt.data.settings import DateColumn, Features
from hpopt.data.verdicts import ColumnKind
from hpopt.errors import SettingError, closest
from hpopt.inputs.stored import Sheet, Stored, Texts, raw_values

# What a column is used for that is no feature.
_OF_ROLES = {
    "groups": "rows of one value stay together",
    "order": "the rows are split by it",
    "weight": "each row counts by it",
}


def typed_columns(
    stored: Mapping[str, Stored], sheet: Sheet, features: Features, roles: dict[str | None, Any]
) -> tuple[list[Column], dict[str, np.ndarray | Texts]]:
    """What each column [n] is, and the raw columns of those that are features."""
    columns: list[Column] = []
    raw_features: dict[str, np.ndarray | Texts] = {}
    for name, values in stored.items():
        column = _look(name, values, features, sheet, roles)
        if column.kind == "date":
            column = _with_prefix(column, {*sheet.columns, *raw_features})
        if column.use == "feature" and column.reader is not None:
            column, read = _read(column, values)
            raw_features |= read
        columns.append(column)
    return columns, raw_features


def _look(
    name: str, values: Stored, features: Features, sheet: Sheet, roles: dict[str | None, Any]
) -> Column:
    """What a column is and whether it is used, in the light of what its owner says of it."""
    named = features.types.get(name)
    date_format = named.date if isinstance(named, DateColumn) else None
    asked: ColumnKind | None = "date" if isinstance(named, DateColumn) else named
    is_wanted = features.include is not None and name in features.include
    words, zone = sheet.words.get(name), sheet.zones.get(name, "none")
    try:
        column = look(name, values, sheet.decimal, asked, sheet.gaps, words, date_format, zone)
        if is_wanted and asked is None and column.kind in ("id", "text"):
            kind: ColumnKind = "numeric" if is_number(values, sheet.decimal) else "categorical"
            column = look(name, values, sheet.decimal, kind, sheet.gaps, words)
    except ValueError as error:
        raise SettingError(
            f"`{name}` is not {asked}: {error}", ("features", "types", name)
        ) from None
    role = roles.get(name)
    if role is not None and not is_wanted:
        return _as(column, role, _OF_ROLES[role])
    if name in features.exclude or (features.include is not None and not is_wanted):
        return _as(column, "left out", "the config leaves it out")
    return column


def _read(column: Column, values: Stored) -> tuple[Column, dict[str, np.ndarray | Texts]]:
    """The raw columns of a column; what float32 would lose of them is taken away before."""
    assert column.reader is not None
    recorded = column.reader
    read = raw_values(values, recorded)
    first = next(iter(read.values()))  # of a date the days
    is_measured = column.kind == "numeric" or recorded.get("parts", [""])[0] == "days"
    if not is_measured or not isinstance(first, np.ndarray):
        return column, read
    if column.kind == "numeric" and not column.doubt:
        column = replace(column, doubt=filler_in_words(first))
    offset = offset_of(first)
    if offset is None:
        loss = loss_in_words(first)
        return replace(column, reason=f"{column.reason}; {loss}" if loss else column.reason), read
    name, reason = next(iter(read)), f"{column.reason}; {offset:.15g} is taken away for float32"
    reader = {**recorded, "offset": offset}
    return replace(column, reason=reason, reader=reader), {**read, name: first - offset}


def _with_prefix(column: Column, others: Collection[str]) -> Column:
    """The column, whose parts are called by no name that another column or date's part has."""
    reader = column.reader
    if reader is None:
        return column
    prefix = column.name
    while any(f"{prefix}.{part}" in others for part in reader["parts"]):
        prefix += "_"
    return column if prefix == column.name else replace(column, reader={**reader, "prefix": prefix})


def _as(column: Column, use: Any, reason: str) -> Column:
    return replace(column, use=use, reason=reason, reader=None)


def check_names(
    sheet: Sheet,
    target: str,
    features: Features,
    groups: str | None,
    order: str | None,
    weight: str | None,
) -> None:
    """Raise SettingError where a setting names no column of the table."""
    named: list[tuple[str | None, tuple[str | int, ...]]] = [
        (target, ("target",)),
        (groups, ("split", "groups")),
        (order, ("split", "order")),
        (weight, ("sample_weight",)),
        *((name, ("features", "include", i)) for i, name in enumerate(features.include or [])),
        *((name, ("features", "exclude", i)) for i, name in enumerate(features.exclude)),
        *((name, ("features", "types", name)) for name in features.types),
    ]
    for name, key in named:
        if name is not None and name not in sheet.columns:
            raise SettingError(
                f"the table has no column `{name}`", key, help=_columns_like(name, sheet.columns)
            )
        if name == target and key != ("target",):
            raise SettingError(
                f"`{name}` is the target, and can't be anything else", key, help="leave it out"
            )
    if target in sheet.repeated:
        raise SettingError(
            f"the header names the target `{target}` twice: it is not clear which is meant",
            ("target",),
            help="rename one of the columns in the file",
        )


def _columns_like(name: str, columns: Sequence[str] | dict[str, Any]) -> str:
    match = closest(name, columns)
    shown = ", ".join(f"`{column}`" for column in list(columns)[:20])
    more = f" and {len(columns) - 20} more" if len(columns) > 20 else ""
    return (f"did you mean `{match}`? " if match else "") + f"it has {shown}{more}"


def is_number(values: Stored, decimal: str) -> bool:
    """Whether values are numbers, or texts that all are plain ones."""
    return not isinstance(values, Texts) or plain_or_gap(values.distinct, (), decimal) is not None
