"""The kind `windows`: the past of a series, step by step, and what is known of the steps ahead.

Each step's columns are treated as those of a table are, with statistics of the steps that training
windows see. Categories are one-hot; a column that is not known of the steps ahead is a gap there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpopt.backend import load_keras
from hpopt.errors import DataError
from hpopt.inputs.kind import CardParts, RawRows, Runtime, Stem, Usage
from hpopt.inputs.stored import Sheet, Texts, array_named
from hpopt.inputs.table import twin
from hpopt.inputs.table.columns import (
    CategoricalColumn,
    FittedColumn,
    NumericColumn,
    column_from_json,
    column_kind,
    fingerprint_of,
    fitted_columns,
    with_spelling,
)
from hpopt.inputs.table.reading import read_column, readers_for, unseen
from hpopt.inputs.windows import telling
from hpopt.inputs.windows.rows import Windows, windows_of

_NO_SETTINGS: Mapping[str, Any] = {}
# Entries of a category, each of which is an input of every step.
_MOST_ENTRIES = 32


@dataclass(frozen=True)
class WindowsKind:
    """Rows are windows [steps, columns]: `length` steps of the past, the latest last.

    Behind them stand `horizon` steps ahead where any column is `known` there. `columns` say what
    becomes of each column of a step: in kept rows numbers are as they are, NaN where there is a
    gap, and a category is its id. `readers` are those of a table.
    """

    columns: tuple[FittedColumn, ...]
    length: int
    horizon: int
    known: tuple[str, ...] = ()
    readers: tuple[Mapping[str, Any], ...] = ()

    name: ClassVar[str] = "windows"
    input_dtype: ClassVar[str] = "float32"
    is_as_prepared: ClassVar[bool] = False
    is_padded: ClassVar[bool] = False
    stem: ClassVar[Stem | None] = None

    @staticmethod
    def check(raw: Windows, names: Sequence[str]) -> None:
        """See `Kind`; whatever is no number in a column is a gap there."""

    @staticmethod
    def take(raw: Windows, rows: np.ndarray | slice) -> Windows:
        """See `Kind`."""
        return raw.take(rows)

    @staticmethod
    def fingerprint(raw: Windows) -> Iterator[bytes | np.ndarray]:
        """See `Kind`."""
        yield json.dumps([raw.length, raw.horizon, raw.known]).encode()
        yield raw.starts
        yield from fingerprint_of(raw.columns)

    @staticmethod
    def named_columns(raw: Windows) -> Mapping[str, np.ndarray | Texts]:
        """See `Kind`: windows share their steps, so that no column has a value a row."""
        return {}

    @classmethod
    def fit(
        cls, raw: Windows, names: Sequence[str] = (), settings: Mapping[str, Any] = _NO_SETTINGS
    ) -> WindowsKind:
        """The kind of the training part's windows; the setting `readers` is that of a table.

        Where there are steps ahead, the first column, which is the target, also says which these
        are: it is a gap there.
        """
        columns = [_one_hot(column) for column in fitted_columns(raw.compact().columns)]
        if raw.known and isinstance(columns[0], NumericColumn):
            columns[0] = replace(columns[0], has_indicator=True)
        readers = with_spelling(settings.get("readers", ()), columns)
        return cls(tuple(columns), raw.length, raw.horizon, raw.known, readers)

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str] = ()) -> WindowsKind:
        """See `Kind`."""
        columns = tuple(column_from_json(entry) for entry in form["columns"])
        known, readers = tuple(form["known"]), tuple(form["readers"])
        return cls(columns, form["length"], form["horizon"], known, readers)

    def to_json(self) -> dict[str, Any]:
        """See `Kind`."""
        return {
            "columns": [{"kind": column_kind(c), **asdict(c)} for c in self.columns],
            "readers": [dict(reader) for reader in self.readers],
            "length": self.length,
            "horizon": self.horizon,
            "known": list(self.known),
        }

    @property
    def names(self) -> tuple[str, ...]:
        """See `Kind`: the columns of a step."""
        return tuple(column.name for column in self.columns)

    @property
    def steps(self) -> int:
        """How many steps a row has."""
        return self.length + (self.horizon if self.known else 0)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """See `Kind`: steps, and inputs of each of them."""
        return (self.steps, sum(column.width for column in self.columns))

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """See `Kind`: what a column of all of a window's steps says."""
        ends = accumulate(column.width for column in self.columns)
        return {
            column.name: range(end - column.width, end)
            for column, end in zip(self.columns, ends, strict=True)
        }

    @property
    def kept_shape(self) -> tuple[int, int]:
        """The shape of a kept row: steps, and the columns of each of them."""
        return (self.steps, len(self.columns))

    def apply(self, raw: Windows | np.ndarray) -> np.ndarray:
        """Windows as network inputs, float32 [n, steps, width]; each step is treated once."""
        if isinstance(raw, np.ndarray):
            inputs = self._inputs(raw.reshape(-1, raw.shape[-1]))
            return inputs.reshape(len(raw), *self.input_shape)
        raw = raw.compact()
        past = self._inputs(self._packed(raw.columns))
        return self._windows(raw, past, lambda: self._inputs(self._packed(raw.ahead())))

    def _windows(self, raw: Windows, past: np.ndarray, ahead: Any) -> np.ndarray:
        """Windows of steps [m, d] that are past, and of those that `ahead()` gives."""
        if not len(raw):
            return np.empty((0, self.steps, past.shape[1]), np.float32)
        windows = windows_of(past, raw.starts, self.steps)
        if self.known:
            of_ahead = windows_of(ahead(), raw.starts + self.length, self.horizon)
            windows[:, self.length :] = of_ahead
        return windows

    def _packed(self, columns: Mapping[str, np.ndarray | Texts]) -> np.ndarray:
        """The columns of steps as float32 [m, d]: numbers, and the ids of categories."""
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite there: a gap
            return np.column_stack(
                [
                    column.ids(columns[column.name])
                    if isinstance(column, CategoricalColumn)
                    else np.asarray(columns[column.name])
                    for column in self.columns
                ]
            ).astype(np.float32)

    def _inputs(self, packed: np.ndarray) -> np.ndarray:
        """Steps [m, d], numbers and ids, as inputs float32 [m, width]."""
        blocks = []
        for values, column in zip(packed.T, self.columns, strict=True):
            if isinstance(column, NumericColumn):
                blocks.append(column.dense(values))
            else:
                first = 0 if column.has_other else 1
                blocks.append(values[:, None] == np.arange(first, len(column.vocabulary) + 1))
        return np.concatenate(blocks, axis=1, dtype=np.float32)

    def write(self, raw: Windows, rows: np.ndarray, path: Path) -> None:
        """See `Kind`: each step once, and where windows begin."""
        part = raw.take(rows).compact()
        np.save(f"{path}.starts.npy", part.starts)
        for name, columns in (("past", part.columns), ("ahead", part.ahead())):
            if name == "past" or self.known:
                np.save(f"{path}.{name}.npy", self._packed(columns))

    def read(self, path: Path) -> np.ndarray:
        """See `Kind`: float32 [n, steps, columns]."""
        past, starts = np.load(f"{path}.past.npy"), np.load(f"{path}.starts.npy")
        raw = Windows({}, starts, self.length, self.horizon, self.known)
        return self._windows(raw, past, lambda: np.load(f"{path}.ahead.npy"))

    def kept(self, raw: Windows) -> np.ndarray:
        """Windows as kept rows, float32 [n, steps, columns]."""
        raw = raw.compact()
        past = self._packed(raw.columns)
        return self._windows(raw, past, lambda: self._packed(raw.ahead()))

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """See `Kind`."""
        inputs = load_keras().Input(self.kept_shape, name="rows")
        return inputs, twin.network_inputs(inputs, self.columns, runtime.dtype)

    def feed(self, rows: RawRows) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(rows, np.float32)

    def made_up(self, count: int) -> np.ndarray:
        """See `Kind`: steps drawn one by one, with the columns' centers and scales."""
        rng = np.random.default_rng(0)
        columns = {c.name: c.made_up(count * self.steps, rng) for c in self.columns}
        rows = self._packed(columns).reshape(count, *self.kept_shape)
        if self.known:
            gaps = self._packed(Windows(columns, np.zeros(1), 1, 1, self.known).ahead())
            rows[:, self.length :] = gaps.reshape(count, *self.kept_shape)[:, self.length :]
        return rows

    def pictures(self, rows: RawRows) -> None:
        """See `Kind`."""

    def columns_needed(self) -> Sequence[str]:
        """See `Kind`: but for the target and the time stamps, which `data/` knows of."""
        return [reader["column"] for reader in self.readers]

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """See `Kind`: a line is a step, which several windows share."""
        return sheet

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[RawRows, list[str]]:
        """See `Kind`: rows of a sheet are steps, and stamps say how they make windows."""
        raise DataError(
            f"the model takes windows of {self.steps} steps, and {source} has single rows",
            help="give rows with their time stamps, or an array [n, steps, columns]",
        )

    def is_gap_possible(self, name: str) -> bool:
        """Whether a column had gaps in training, so that one says something ahead too."""
        [column] = [column for column in self.columns if column.name == name]
        return isinstance(column, CategoricalColumn) or column.has_indicator

    def columns_of_sheet(
        self, sheet: Sheet, source: str
    ) -> tuple[dict[str, np.ndarray | Texts], list[str]]:
        """The columns of a step [rows] that readers make of a sheet, and what of them is new.

        Raises DataError where they hold something else than they did.
        """
        columns: dict[str, np.ndarray | Texts] = {}
        notes: list[str] = []
        for reader in readers_for(sheet, source, self.readers, notes):
            read = read_column(sheet, source, reader, notes)
            columns |= {n: Texts.of(v) if v.dtype.kind == "U" else v for n, v in read.items()}
        for column in self.columns:
            texts = columns.get(column.name)
            if isinstance(column, CategoricalColumn) and isinstance(texts, Texts):
                notes += unseen(column, texts.to_array())
        return columns, notes

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> np.ndarray:
        """See `Kind`: windows as kept rows have them."""
        rows = array_named("x", arrays, 3, source)
        if rows.dtype.kind not in "biuf" or rows.shape[1:] != self.kept_shape:
            shape = ", ".join(map(str, self.kept_shape))
            raise DataError(
                f"{source} holds {rows.dtype} {list(rows.shape)}, where the model takes windows "
                f"[n, {shape}]",
                help=f"the columns of a step are {', '.join(self.names)}",
            )
        return rows.astype(np.float32)

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> dict[str, Any]:
        """See `Kind`."""
        return telling.columns_form(self.columns, self.length, self.horizon, self.known)

    def example(self, usage: Usage) -> dict[str, str]:
        """See `Kind`."""
        return {"example.py": telling.example(usage, self.kept_shape)}

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """See `Kind`."""
        return telling.card(self.columns, self.length, self.horizon, self.known)


def _one_hot(column: FittedColumn) -> FittedColumn:
    """The column, of whose entries the most frequent ones are inputs; the rest are OTHER."""
    if isinstance(column, NumericColumn):
        return column
    is_cut = len(column.vocabulary) > _MOST_ENTRIES
    return replace(
        column,
        vocabulary=column.vocabulary[:_MOST_ENTRIES],
        has_other=column.has_other or is_cut,
        embedding=None,
    )
