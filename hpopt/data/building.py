"""From the columns of a table, as they were read, to what a network is given of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.data.chunks import plain_or_gap
from hpopt.data.column_kinds import Column, look, said_words
from hpopt.data.precision import loss_in_words, offset_of
from hpopt.data.prepared import Prepared
from hpopt.data.recorded import columns_as_recorded, target_as_recorded
from hpopt.data.settings import DateColumn, Features
from hpopt.data.sources import Table
from hpopt.data.target_settings import Label
from hpopt.data.target_spec import TargetTransform
from hpopt.data.targets import Target, encode_target
from hpopt.data.verdicts import ColumnKind
from hpopt.data.weights import weights_of, without_weightless
from hpopt.errors import DataError, SettingError, closest
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, raw_values
from hpopt.task import TASKS, Task

# What `split.order: time` means where no column has that name.
_TIME = "time"
# What a column is used for that is no feature.
_OF_ROLES = {
    "groups": "rows of one value stay together",
    "order": "the rows are split by it",
    "weight": "each row counts by it",
}


def build_table(
    sheet: Sheet,
    *,
    target: str,
    task: Task | None,
    positive: Label | None = None,
    target_transform: TargetTransform = "none",
    features: Features | None = None,
    groups: str | None = None,
    order: str | None = None,
    weight: str | None = None,
    given: np.ndarray | None = None,
    recorded: Prepared | None = None,
) -> Table:
    """The table of a sheet: its columns typed, its target encoded, rows without one dropped.

    Where a run has `recorded` what its columns are, they are that.

    Raises SettingError where a setting names a column that is not there, DataError where nothing
    can be learned.
    """
    features = features or Features()
    check_names(sheet, target, features, groups, None if order == _TIME else order, weight)
    if weight is not None:
        sheet, given = without_weightless(sheet, weight, given)
    stored = dict(sheet.columns)
    decimal = sheet.decimal
    words: Mapping[str, int] = sheet.words.get(target, {})
    encoded = (
        _encoded(sheet, target, task, positive)
        if recorded is None
        else target_as_recorded(target, sheet, recorded)
    )
    del stored[target]
    notes = [*sheet.notes, *encoded.notes]
    is_kept = _is_kept(encoded)
    if encoded.missing:
        rows = "row" if encoded.missing == 1 else "rows"
        notes.append(f"{encoded.missing} {rows} without `{target}` are left out" + _counted(words))
        stored = {name: values[is_kept] for name, values in stored.items()}
    columns = [target_as_column(target, encoded, words)]
    order = time_column(stored, order, decimal) if order == _TIME else order
    raw_features: dict[str, np.ndarray | Texts]
    if recorded is not None:
        others, raw_features = columns_as_recorded(stored, recorded)
    else:
        roles: dict[str | None, Any] = {groups: "groups", order: "order", weight: "weight"}
        others, raw_features = typed_columns(stored, sheet, features, roles)
    columns += others
    notes += [f"column `{column.name}`: {column.doubt}" for column in others if column.doubt]
    if not raw_features:
        raise DataError(
            "no column is left to learn from",
            help="; ".join(f"`{c.name}`: {c.reason}" for c in columns[1:6]) or None,
        )
    own = [c.reader for c in columns if c.use == "feature" and c.reader is not None]
    readers = own if recorded is None else recorded.readers
    by_place = {name: index for index, name in enumerate(sheet.columns)}
    return Table(
        features=raw_features,
        target=encoded.values[is_kept],
        feature_names=tuple(raw_features),
        labels=encoded.labels,
        task=encoded.task,
        target_transform=checked_transform(target_transform, encoded),
        kind="table",
        settings={"readers": readers, "pieces": features.pieces},
        groups=None if groups is None else group_numbers(stored[groups]),
        order=None if order is None else _order(order, stored[order], decimal),
        weights=None if weight is None else weights_of(weight, stored[weight], decimal),
        sources={
            role: name
            for role, name in (("groups", groups), ("weights", weight))
            if name is not None
        },
        given=None if given is None else given[is_kept],
        columns=tuple(sorted(columns, key=lambda column: by_place[column.name])),
        notes=tuple(notes),
        target_reader=encoded.reader,
        encoding=sheet.encoding,
        ids={c.name: _rank(stored[c.name]) for c in columns if c.kind == "id" and c.name in stored},
    )


def _encoded(sheet: Sheet, target: str, task: Task | None, positive: Label | None) -> Target:
    name, stored, words = f"the target `{target}`", sheet.columns[target], sheet.words
    try:
        return encode_target(name, stored, task, sheet.decimal, sheet.gaps, positive)
    except DataError as error:
        raise _with_words(error, words.get(target, {})) from None


def typed_columns(
    stored: Mapping[str, Stored], sheet: Sheet, features: Features, roles: dict[str | None, Any]
) -> tuple[list[Column], dict[str, np.ndarray | Texts]]:
    """What each column [n] is, and the raw columns of those that are features."""
    columns: list[Column] = []
    raw_features: dict[str, np.ndarray | Texts] = {}
    for name, values in stored.items():
        column = _look(name, values, features, sheet, roles)
        column = _with_prefix(column, {*sheet.columns, *raw_features})
        if column.use == "feature" and column.reader is not None:
            column, read = _read(column, values)
            raw_features |= read
        columns.append(column)
    return columns, raw_features


def _rank(values: Stored) -> np.ndarray:
    """Ids as numbers [n] in their order: texts go by the alphabet, and gaps come first."""
    if not isinstance(values, Texts):
        return np.asarray(values, dtype=np.float64)
    rank = np.argsort(np.argsort(np.array(values.distinct))).astype(np.float64)
    return np.asarray(np.append(rank, -1.0)[values.codes])


def _is_kept(encoded: Target) -> np.ndarray:
    has_labels = TASKS[encoded.task].has_labels
    is_gap = encoded.values < 0 if has_labels else np.isnan(encoded.values)
    return np.asarray(~is_gap)


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
            kind: ColumnKind = "numeric" if _is_number(values, sheet.decimal) else "categorical"
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
    read = raw_values(values, column.reader)
    first = next(iter(read.values()))  # of a date the days
    is_measured = column.kind == "numeric" or column.reader.get("parts", [""])[0] == "days"
    if not is_measured or not isinstance(first, np.ndarray):
        return column, read
    offset = offset_of(first)
    if offset is None:
        loss = loss_in_words(first)
        return replace(column, reason=f"{column.reason}; {loss}" if loss else column.reason), read
    name, reason = next(iter(read)), f"{column.reason}; {offset:.15g} is taken away for float32"
    reader = {**column.reader, "offset": offset}
    return replace(column, reason=reason, reader=reader), {**read, name: first - offset}


def _with_prefix(column: Column, others: Collection[str]) -> Column:
    """The column, whose parts are called by no name that another column or date's part has."""
    reader = column.reader
    if reader is None or column.kind != "date":
        return column
    prefix = column.name
    while any(f"{prefix}.{part}" in others for part in reader["parts"]):
        prefix += "_"
    return column if prefix == column.name else replace(column, reader={**reader, "prefix": prefix})


def _is_number(values: Stored, decimal: str) -> bool:
    return not isinstance(values, Texts) or plain_or_gap(values.distinct, (), decimal) is not None


def _counted(words: Mapping[str, int]) -> str:
    """The words that were taken for gaps, and how to have it otherwise."""
    if not words:
        return ""
    return f": {said_words(words)} taken for gaps; `gaps` in `dataset` lists the words for one"


def _with_words(error: DataError, words: Mapping[str, int]) -> DataError:
    """An error on a column, which also says what words of it were taken for gaps."""
    if not words:
        return error
    [problem] = error.problems
    gaps = f"{said_words(words)} were taken for gaps: `gaps: []` in `dataset` keeps such words"
    help = gaps if problem.help is None else f"{problem.help}; {gaps}"
    if isinstance(error, SettingError):
        return SettingError(problem.message, error.key, help=help)
    return DataError(problem.message, help=help)


def _as(column: Column, use: Any, reason: str) -> Column:
    return replace(column, use=use, reason=reason, reader=None)


def target_as_column(name: str, encoded: Target, words: Mapping[str, int]) -> Column:
    if not TASKS[encoded.task].has_labels:
        known = encoded.values[~np.isnan(encoded.values)]
        reason = f"regression, {known.min():,.6g} to {known.max():,.6g}"
        distinct = len(np.unique(known))
        return Column(name, "numeric", "target", reason, encoded.missing, distinct, words=words)
    labels = ", ".join(f'"{label}"' for label in encoded.labels[:5])
    more = ", ..." if len(encoded.labels) > 5 else ""
    kind: ColumnKind = "boolean" if len(encoded.labels) == 2 else "categorical"
    reason = f"{encoded.task}: {labels}{more}{_positive_in_words(encoded)}"
    distinct = len(encoded.labels)
    counts = np.bincount(encoded.values[encoded.values >= 0], minlength=distinct)
    examples = dict(zip(encoded.labels[:20], counts.tolist(), strict=False))
    return Column(
        name, kind, "target", reason, encoded.missing, distinct, words=words, examples=examples
    )


def _positive_in_words(encoded: Target) -> str:
    """Which of two classes is the positive one, and how rare it is."""
    if not TASKS[encoded.task].has_threshold:
        return ""
    share = float((encoded.values == 1).sum() / (encoded.values >= 0).sum())
    return f'; positive is "{encoded.labels[1]}", {100 * share:.3g} % of the rows'


def checked_transform(transform: TargetTransform, encoded: Target) -> TargetTransform:
    if transform == "none":
        return transform
    if TASKS[encoded.task].has_labels:
        raise SettingError("classes have no logarithm", ("target_transform",), help="leave it out")
    lowest = np.nanmin(encoded.values)
    if lowest < 0:
        raise SettingError(
            f"the target goes down to {lowest:g}, and has no logarithm there",
            ("target_transform",),
            help="leave it out",
        )
    return transform


def time_column(stored: dict[str, Stored], order: str, decimal: str) -> str:
    """The column that `time` stands for: the one of that name, or the only one of dates."""
    if order in stored:
        return order
    dates = [name for name, values in stored.items() if look(name, values, decimal).kind == "date"]
    if len(dates) == 1:
        return dates[0]
    shown = ", ".join(f"`{name}`" for name in dates)
    raise SettingError(
        f"the table has no column `{order}`, and {len(dates) or 'none'} of dates",
        ("split", "order"),
        help=f"name one of {shown}" if dates else "name the column to sort by",
    )


def group_numbers(values: Stored) -> np.ndarray:
    """A number for each row's group [n], the same for the same text; gaps are one group."""
    texts = as_categories(values)
    return texts.codes.astype(np.int64)


def _order(name: str, values: Stored, decimal: str) -> np.ndarray:
    """What the rows are sorted by [n]: the days of dates, numbers, or texts by the alphabet."""
    if isinstance(values, Texts):
        column = look(name, values, decimal)
        if _is_number(values, decimal):
            column = look(name, values, decimal, "numeric")
        if column.kind in ("date", "numeric") and column.reader is not None:
            reader = dict(column.reader)
            if column.kind == "date":
                reader["parts"] = ["days"]
            [keys] = raw_values(values, reader).values()
            assert isinstance(keys, np.ndarray)
        else:
            rank = np.argsort(np.argsort(np.array(values.distinct))).astype(np.float64)
            keys = np.append(rank, np.nan)[values.codes]
    elif values.dtype.kind == "M":
        keys = np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(np.float64))
    else:
        keys = values
    if missing := int(np.isnan(keys).sum()):
        raise SettingError(
            f"{missing} rows have no `{name}` to be sorted by",
            ("split", "order"),
            help="delete those rows, or split without `order`",
        )
    return np.asarray(keys, dtype=np.float64)
