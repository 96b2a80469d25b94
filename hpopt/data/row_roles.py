"""What rows are sorted by and grouped by: columns as numbers, one for each row."""

from __future__ import annotations

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.data.typed_columns import is_number
from hpopt.errors import SettingError
from hpopt.inputs.stored import Stored, Texts, as_categories, raw_values

# What `split.order: time` means where no column has that name.
TIME = "time"


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


def order_of(name: str, values: Stored, decimal: str) -> np.ndarray:
    """What the rows are sorted by [n]: the days of dates, numbers, or texts by the alphabet."""
    if isinstance(values, Texts):
        column = look(name, values, decimal)
        if is_number(values, decimal):
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
