"""A table read by what a run has recorded of it, so that a later hpopt goes on with the same rows.

What a column is, may be decided otherwise by a later version: a run keeps what it decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from hpopt.data.column_kinds import Column
from hpopt.data.new_target import target_of
from hpopt.data.prepared import Prepared
from hpopt.data.targets import Target
from hpopt.data.verdicts import ColumnKind, Use
from hpopt.errors import DataError
from hpopt.inputs.stored import Sheet, Stored, Texts, is_gap, raw_values

_REASON = "as the run has it"


def target_as_recorded(name: str, sheet: Sheet, data: Prepared) -> Target:
    """The target of a run's data, in the classes or numbers that it was. Raises DataError."""
    where = f"the target `{name}`"
    values = target_of(sheet.columns[name], where, data, [], sheet.decimal)
    is_missing = values < 0 if data.labels else np.isnan(values)
    if is_missing.all():
        raise DataError(f"{where} holds no values")
    reader = data.target_reader
    return Target(values, data.labels, data.output.task, int(is_missing.sum()), reader=reader)


def columns_as_recorded(
    stored: Mapping[str, Stored], data: Prepared
) -> tuple[list[Column], dict[str, np.ndarray | Texts]]:
    """What each column [n] is by the record, and the raw columns of those that are features.

    Columns that the run did not have are left out. Raises DataError where one is gone.
    """
    readers = {reader["column"]: reader for reader in data.readers}
    if missing := [name for name in readers if name not in stored]:
        raise DataError(f"there is no column `{missing[0]}`, which the run has learned from")
    features: dict[str, np.ndarray | Texts] = {}
    for name, reader in readers.items():
        # How numbers are spelled is for rows from elsewhere, and is found anew.
        features |= raw_values(stored[name], {k: v for k, v in reader.items() if k != "spelled"})
    record = {column["name"]: column for column in data.columns}
    return [_column(name, values, record, readers) for name, values in stored.items()], features


def _column(
    name: str,
    values: Stored,
    record: Mapping[str, Mapping[str, str]],
    readers: Mapping[str, Mapping[str, object]],
) -> Column:
    gaps = int(is_gap(values).sum())
    distinct = len(np.unique(values.codes if isinstance(values, Texts) else values))
    if name not in record:
        reason = "the run does not have it"
        return Column(name, "constant", "left out", reason, gaps, distinct)
    kind, use = cast(ColumnKind, record[name]["kind"]), cast(Use, record[name]["use"])
    return Column(name, kind, use, _REASON, gaps, distinct, readers.get(name))
