"""What a request's body says: rows as JSON or CSV, checked as `hpopt predict` checks a file's."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.data.new_target import NewRows
from hpopt.errors import DataError
from hpopt.predicting import Model

JSON, CSV = "application/json", "text/csv"
_BODY = "the request"
_FORM = 'send {"rows": [{"column": value, ...}, ...]}, or [[value, ...], ...] for arrays'


def rows_of(model: Model, body: bytes, kind: str) -> NewRows:
    """The rows of a body of this content type. Raises DataError, where they are not what it says.

    JSON rows are read as a DataFrame of the same values is, or as an array; CSV as a file is.
    """
    if kind == CSV:
        return _of_csv(model, body)
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{_BODY} is no JSON: {error}", help=_FORM) from None
    rows = given.get("rows") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{_BODY} has no list of rows", help=_FORM)
    return _of_arrays(model, rows) if isinstance(rows[0], list) else _of_records(model, rows)


def _of_csv(model: Model, body: bytes) -> NewRows:
    with tempfile.TemporaryDirectory(prefix="hpopt-") as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(body)
        try:
            rows = model.rows(path)
        except DataError as error:
            raise _of_the_request(error, str(path)) from None
        rows.notes = [note.replace(str(path), _BODY) for note in rows.notes]
        return rows


def _of_arrays(model: Model, rows: list[Any]) -> NewRows:
    try:
        array = np.array(rows, np.float64)
    except (ValueError, TypeError, OverflowError):
        raise DataError(
            f"the rows of {_BODY} are no array of numbers", help="all of one shape, without null"
        ) from None
    try:
        return model.rows(array)
    except DataError as error:
        raise _of_the_request(error, "the array") from None


def _of_records(model: Model, rows: list[Any]) -> NewRows:
    import pandas as pd

    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"row {number} of {_BODY} is no object", help=_FORM)
        if row.keys() != rows[0].keys():
            name = min(row.keys() ^ rows[0].keys())
            with_it, without = (number, 1) if name in row else (1, number)
            raise DataError(
                f"row {with_it} has `{name}`, and row {without} has not", help="a gap is null"
            )
        for name, value in row.items():
            if isinstance(value, list | dict):
                raise DataError(f"`{name}` of row {number} is no single value")
    try:
        return model.rows(pd.DataFrame(rows))
    except DataError as error:
        raise _of_the_request(error, "the DataFrame") from None


def _of_the_request(error: DataError, source: str) -> DataError:
    """The error with the request in place of the `source` that hpopt made of it."""
    texts = [str(problem).replace(source, _BODY) for problem in error.problems]
    return DataError("\n".join(texts))
