"""From the columns of a table, as they were read, to what a network is given of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpopt.data.column_kinds import Column, said_words
from hpopt.data.prepared import Prepared
from hpopt.data.recorded import columns_as_recorded, target_as_recorded
from hpopt.data.row_roles import TIME, group_numbers, order_of, time_column
from hpopt.data.settings import Features
from hpopt.data.sources import Table
from hpopt.data.target_settings import Label
from hpopt.data.target_spec import TargetTransform
from hpopt.data.targets import Target, encode_target
from hpopt.data.typed_columns import check_names, typed_columns
from hpopt.data.verdicts import ColumnKind
from hpopt.data.weights import weights_of, without_weightless
from hpopt.errors import DataError, SettingError
from hpopt.inputs.stored import Sheet, Stored, Texts
from hpopt.task import TASKS, Task


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
    check_names(sheet, target, features, groups, None if order == TIME else order, weight)
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
    order = time_column(stored, order, decimal) if order == TIME else order
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
        order=None if order is None else order_of(order, stored[order], decimal),
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


def target_as_column(name: str, encoded: Target, words: Mapping[str, int]) -> Column:
    if not TASKS[encoded.task].has_labels:
        known = encoded.values[~np.isnan(encoded.values)]
        low, high = (f"{limit:,.6g}" for limit in (known.min(), known.max()))
        if low == high:  # time stamps in milliseconds
            low, high = (f"{limit:.15g}" for limit in (known.min(), known.max()))
        reason = f"regression, {low} to {high}"
        return Column(
            name,
            "numeric",
            "target",
            reason,
            encoded.missing,
            len(np.unique(known)),
            encoded.reader,
            words,
            encoded.examples,
        )
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
