"""The kind `table`: how the raw columns of a table become one matrix of network inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpopt.backend import load_keras
from hpopt.errors import DataError
from hpopt.inputs.kind import CardParts, RawRows, Runtime, Stem, Usage
from hpopt.inputs.naming import keras_names
from hpopt.inputs.row_files import blocks_of, row_file
from hpopt.inputs.stored import Sheet, Texts
from hpopt.inputs.table import card, example, twin
from hpopt.inputs.table.columns import (
    CategoricalColumn,
    FittedColumn,
    NumericColumn,
    RawColumns,
    column_from_json,
    column_kind,
    fingerprint_of,
    fitted_columns,
    with_spelling,
)
from hpopt.inputs.table.reading import read_column, readers_for, unseen
from hpopt.inputs.table.stem import stem_of

# An input for each column: a model of 1,000 is built, saved and loaded in some seconds.
_MOST_INPUTS = 1000
_NO_SETTINGS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class TableKind:
    """`columns` say what becomes of the raw columns.

    `readers` say how these are read from a DataFrame (`hpopt.inputs.raw`). A model for raw rows
    takes each column by itself, or all of them `packed` in one matrix: thousands of inputs take
    Keras minutes.
    """

    columns: tuple[FittedColumn, ...]
    readers: tuple[Mapping[str, Any], ...] = ()
    packed: bool = False

    name: ClassVar[str] = "table"
    input_dtype: ClassVar[str] = "float32"
    is_as_prepared: ClassVar[bool] = False
    is_padded: ClassVar[bool] = False

    @staticmethod
    def check(raw: RawColumns, names: Sequence[str]) -> None:
        """See `Kind`; whatever is no number in a column is a gap there."""

    @staticmethod
    def take(raw: RawColumns, rows: np.ndarray | slice) -> dict[str, np.ndarray | Texts]:
        """See `Kind`."""
        return {name: values[rows] for name, values in raw.items()}

    @staticmethod
    def fingerprint(raw: RawColumns) -> Iterator[bytes | np.ndarray]:
        """See `Kind`."""
        return fingerprint_of(raw)

    @staticmethod
    def named_columns(raw: RawColumns) -> RawColumns:
        """See `Kind`."""
        return raw

    @classmethod
    def fit(
        cls,
        raw: RawColumns,
        names: Sequence[str] = (),
        settings: Mapping[str, Any] = _NO_SETTINGS,
    ) -> TableKind:
        """The kind of a training part's raw columns, whose names are theirs.

        The settings: `readers`, and into how many `pieces` a number's range falls at most.
        """
        columns = fitted_columns(raw, settings.get("pieces", 0))
        readers = with_spelling(settings.get("readers", ()), columns)
        return cls(tuple(columns), readers, packed=len(columns) > _MOST_INPUTS)

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str] = ()) -> TableKind:
        """See `Kind`."""
        columns = tuple(column_from_json(entry) for entry in form["columns"])
        return cls(columns, tuple(form["readers"]), form.get("packed", False))

    def to_json(self) -> dict[str, Any]:
        """See `Kind`."""
        columns = [{"kind": column_kind(column), **asdict(column)} for column in self.columns]
        form = {"columns": columns, "readers": [dict(reader) for reader in self.readers]}
        return form | {"packed": True} if self.packed else form

    @property
    def names(self) -> tuple[str, ...]:
        """See `Kind`."""
        return tuple(column.name for column in self.columns)

    @property
    def embedded(self) -> tuple[CategoricalColumn, ...]:
        """The columns whose ids are embedded, in the order of the last inputs."""
        return tuple(c for c in self.columns if isinstance(c, CategoricalColumn) and c.embedding)

    @property
    def embeddings(self) -> tuple[tuple[int, int], ...]:
        """How many ids, and dimensions, each of the last inputs has, which are ids."""
        return tuple((len(c.vocabulary) + 1, c.embedding or 0) for c in self.embedded)

    @property
    def pieces(self) -> tuple[tuple[int, float, float], ...]:
        """The pieces of numbers' ranges: which input each belongs to, its lower and upper end.

        Of an input x the network sees clip((x - lower) / (upper - lower), 0, 1) besides x: the
        piecewise linear encoding of Gorishniy, Rubachev & Babenko, "On embeddings for numerical
        features in tabular deep learning", 2022.
        """
        numbers = [column for column in self.columns if isinstance(column, NumericColumn)]
        return tuple(
            (place, *ends)
            for place, column in zip(self.places_of_numbers, numbers, strict=True)
            for ends in pairwise(column.edges)
        )

    @property
    def places_of_numbers(self) -> tuple[int, ...]:
        """See `Kind`."""
        firsts = accumulate((column.width for column in self.columns), initial=0)
        pairs = zip(firsts, self.columns, strict=False)
        return tuple(place for place, column in pairs if isinstance(column, NumericColumn))

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """See `Kind`."""
        return dict(self._places)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a prepared row: the dense inputs, then the ids."""
        return (sum(column.width for column in self.columns) + len(self.embedded),)

    @property
    def stem(self) -> Stem | None:
        """See `Kind`."""
        [width] = self.input_shape
        names = [column.name for column in self.embedded]
        return stem_of(width, self.pieces, dict(zip(names, self.embeddings, strict=True)))

    def apply(self, raw: RawColumns) -> np.ndarray:
        """Raw columns as network inputs, float32 [n, width]; computed in float64.

        First the dense inputs, column by column in the spec's order, then an id for each embedded
        column, exact in float32 for there are fewer than 2^24.
        """
        n = len(next(iter(raw.values())))
        inputs = np.empty((n, *self.input_shape), dtype=np.float32)
        for place, block in self._blocks(raw):
            inputs[:, place] = block
        return inputs

    def _blocks(self, raw: RawColumns) -> Iterator[tuple[slice, np.ndarray]]:
        dense = {column.name: column for column in self.columns if column.width}
        embedded = {column.name: column for column in self.embedded}
        for name, places in self._places:
            block = (
                embedded[name].ids(raw[name])[:, None]
                if name in embedded
                else dense[name].dense(raw[name])
            )
            yield slice(places.start, places.stop), block

    @property
    def _places(self) -> Iterator[tuple[str, range]]:
        """The inputs of each column: dense ones first, then ids."""
        start = 0
        for column in self.columns:
            if column.width:
                yield column.name, range(start, start + column.width)
                start += column.width
        for place, embedded in enumerate(self.embedded, start=start):
            yield embedded.name, range(place, place + 1)

    def write(self, raw: RawColumns, rows: np.ndarray, path: Path) -> None:
        """See `Kind`: the numbers, the codes of texts, and what texts these stand for."""
        numeric, categorical = self._numeric, self._categorical
        texts = {name: list(v.distinct) for name, v in raw.items() if isinstance(v, Texts)}
        Path(f"{path}.texts.json").write_text(json.dumps(texts), encoding="utf-8")
        with (
            row_file(f"{path}.numbers.npy", "<f8", (len(rows), len(numeric))) as numbers,
            row_file(f"{path}.codes.npy", "<i4", (len(rows), len(categorical))) as codes,
        ):
            for some in blocks_of(rows):
                block = self.take(raw, some)
                numbers(_stacked([block[name] for name in numeric], len(some), np.float64))
                codes(_stacked([block[name] for name in categorical], len(some), np.int32))

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """See `Kind`: the raw columns, each [n], by name."""
        distinct = json.loads(Path(f"{path}.texts.json").read_text(encoding="utf-8"))
        numbers, codes = (
            np.load(f"{path}.{which}.npy", mmap_mode="r", allow_pickle=False)
            for which in ("numbers", "codes")
        )
        by_name = dict(zip(self._numeric, numbers.T, strict=True))
        for name, column in zip(self._categorical, codes.T, strict=True):
            by_name[name] = Texts(column, tuple(distinct[name])).to_array()
        return {name: by_name[name] for name in self.names}

    @property
    def _numeric(self) -> list[str]:
        return [c.name for c in self.columns if not isinstance(c, CategoricalColumn)]

    @property
    def _categorical(self) -> list[str]:
        return [c.name for c in self.columns if isinstance(c, CategoricalColumn)]

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """See `Kind`: an input [n, 1] for each raw column, or one matrix of all.

        The matrix `rows` [n, d] holds numbers, NaN where there is a gap, and the ids of texts.
        """
        if self._as_packed(runtime).takes_texts:
            inputs, rows = twin.column_inputs(self.columns, runtime.naming)
        else:
            inputs = rows = load_keras().Input((len(self.columns),), name="rows")
        return inputs, twin.network_inputs(rows, self.columns, runtime.dtype)

    def feed(self, rows: RawRows) -> Any:
        """See `Kind`."""
        import tensorflow as tf

        load_keras()
        assert isinstance(rows, Mapping)
        names = keras_names(self.names)
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite there: a gap
            if self.packed:
                values = [
                    column.ids(rows[column.name])
                    if isinstance(column, CategoricalColumn)
                    else rows[column.name]
                    for column in self.columns
                ]
                return tf.constant(np.column_stack(values).astype(np.float32))
            return {
                names[column]: tf.constant(values[:, None], tf.string)
                if values.dtype.kind == "U"
                else tf.constant(values[:, None].astype(np.float32))
                for column, values in rows.items()
            }

    def made_up(self, count: int) -> dict[str, np.ndarray]:
        """See `Kind`: with the columns' centers and scales, gaps, and texts that are new."""
        rng = np.random.default_rng(0)
        return {column.name: column.made_up(count, rng) for column in self.columns}

    def pictures(self, rows: RawRows) -> None:
        """See `Kind`."""

    def columns_needed(self) -> Sequence[str]:
        """See `Kind`."""
        return [reader["column"] for reader in self.readers]

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """See `Kind`: a line is a row."""
        return sheet

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[dict[str, np.ndarray], list[str]]:
        """See `Kind`."""
        columns: dict[str, np.ndarray] = {}
        notes: list[str] = []
        for reader in readers_for(sheet, source, self.readers, notes):
            columns |= read_column(sheet, source, reader, notes)
        for column in self.columns:
            if isinstance(column, CategoricalColumn):
                notes += unseen(column, columns[column.name])
        return columns, notes

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> RawRows:
        """See `Kind`: a table's columns have names."""
        raise DataError(
            f"the model takes a table, and {source} holds arrays without names",
            help="give a CSV file, or a Parquet file, with the columns of the training data",
        )

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> dict[str, Any]:
        """See `Kind`: how columns are read, and what the model's inputs are."""
        return example.columns_form(self.columns, self.readers, self._as_packed(runtime), files)

    def example(self, usage: Usage) -> dict[str, str]:
        """See `Kind`."""
        usage = replace(usage, runtime=self._as_packed(usage.runtime))
        return {"example.py": example.text(usage), **example.reading_code()}

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """See `Kind`."""
        return card.parts(self.columns, self.readers, self._as_packed(runtime), left_out)

    def _as_packed(self, runtime: Runtime) -> Runtime:
        """The runtime, for models that take what this one does."""
        return replace(runtime, takes_texts=runtime.takes_texts and not self.packed)


def _stacked(columns: Sequence[np.ndarray | Texts], n: int, dtype: Any) -> np.ndarray:
    arrays = [values.codes if isinstance(values, Texts) else values for values in columns]
    return np.column_stack([np.empty((n, 0), dtype), *arrays]).astype(dtype, copy=False)
