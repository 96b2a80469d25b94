"""What a kind of input is: the one object that knows all that depends on what rows are.

A kind has three forms of a row. *Raw* rows are as their owner has them, in memory: what a kind
makes of them is its own matter. *Kept* rows (`RawRows`) are what is stored, checked and handed to
an exported model: one array [n, ...], or several by name. *Prepared* rows are what a network is
given: one array [n, ...], float32 or of another `input_dtype`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from hpopt.inputs.naming import Naming, keras_names
from hpopt.inputs.stored import Sheet, Texts

RawRows = np.ndarray | Mapping[str, np.ndarray]


def count_rows(rows: RawRows) -> int:
    """How many rows there are."""
    return len(rows if isinstance(rows, np.ndarray) else next(iter(rows.values())))


def take_rows(rows: RawRows, taken: slice) -> RawRows:
    """Some of the rows."""
    if isinstance(rows, np.ndarray):
        return rows[taken]
    return {name: values[taken] for name, values in rows.items()}


def count_bytes(rows: RawRows) -> int:
    """The memory that the rows take."""
    arrays = [rows] if isinstance(rows, np.ndarray) else rows.values()
    return sum(array.nbytes for array in arrays)


@dataclass(frozen=True)
class Runtime:
    """What a format of exported models can take: one without texts takes their codes."""

    takes_texts: bool = True
    dtype: Literal["float32", "float64"] = "float64"  # what it computes in, at most
    naming: Naming = keras_names  # how inputs may be called


@dataclass(frozen=True)
class Stem:
    """What stands before a builder's network and is trained with it.

    `layers` makes of prepared rows what the network is given, each of the shape `shape`. `ids` says
    which prepared inputs are ids, with how many there are: numbers that are no quantities. `words`
    and `instead` are for people who can't have it: what it is, and how to do without.
    """

    shape: tuple[int, ...]
    layers: Callable[[Any], Any]
    words: str
    instead: str
    ids: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What an export's `example.py` is made of, besides what the kind adds.

    `imports` are the lines of the format, `own_code` is that of the builder's classes. `load` is
    the line that gives `model`, and `call` the expression that hands it all of `rows`; `call_batch`
    hands it a few, where "%s" stands for an expression of them. `show` are lines that print the
    first `outputs`, and `constants` the keys of labels.json that they use.
    """

    runtime: Runtime
    packages: str  # what it takes beside NumPy, each with a space before it
    imports: str
    own_code: str
    load: str
    call: str
    call_batch: str
    constants: Sequence[str]
    outputs: str  # what the outputs mean, in words
    show: str


@dataclass(frozen=True)
class CardParts:
    """What a model card says of the inputs; `training` has a place for the words of the target."""

    inside: str  # what the model does itself, so that it takes raw rows
    packages: str  # what the example needs besides, each with a space before it
    inputs: str
    columns: str  # what stands in columns.json
    training: str
    limits: Sequence[str]


class Kind(Protocol):
    """What rows are, with the statistics of a training part.

    It holds plain values alone, so that it is small, can be compared, pickled and written down.
    `apply`, in NumPy, and `twin`, in Keras, give the same. Keras is imported inside methods.
    """

    name: ClassVar[str]
    input_dtype: ClassVar[str]  # of prepared rows
    is_as_prepared: ClassVar[bool]  # kept rows are prepared ones, and are stored once

    @property
    def is_padded(self) -> bool:
        """Whether steps of prepared rows that are all zeros only pad, as behind a series' end."""

    # Of raw rows, before anything is fitted.

    @staticmethod
    def check(raw: Any, names: Sequence[str]) -> None:
        """Raise DataError where raw rows, with features of these names, can't be used."""

    @staticmethod
    def take(raw: Any, rows: np.ndarray | slice) -> Any:
        """Some of the raw rows."""

    @staticmethod
    def fingerprint(raw: Any) -> Iterator[bytes | np.ndarray]:
        """What a hash of raw rows is taken of, in this order."""

    @staticmethod
    def named_columns(raw: Any) -> Mapping[str, np.ndarray | Texts]:
        """The columns [n] whose names tell people something; none where there are no such names."""

    @classmethod
    def fit(cls, raw: Any, names: Sequence[str], settings: Mapping[str, Any]) -> Self:
        """The kind with the statistics of a training part's raw rows."""

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str]) -> Self:
        """What `to_json` wrote; the names of the features are kept elsewhere."""

    # From raw rows to a network's.

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a prepared row."""

    @property
    def stem(self) -> Stem | None:
        """What stands before a builder's network, if anything does."""

    @property
    def places_of_numbers(self) -> tuple[int, ...] | None:
        """Which inputs of a flat row are quantities; None where all are, or rows have more axes."""

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """Which places of a prepared row's last axis a feature fills, by its name.

        None of any where people can't tell features apart, or a step may only pad.
        """

    def to_json(self) -> dict[str, Any]:
        """All but the names, in strict JSON."""

    def apply(self, raw: Any) -> np.ndarray:
        """Raw or kept rows as prepared ones [n, ...]."""

    def write(self, raw: Any, rows: np.ndarray, path: Path) -> None:
        """Write some raw rows into files that are named `path` and an ending of the kind's own."""

    def read(self, path: Path) -> RawRows:
        """The rows that `write` wrote, kept."""

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """A Keras input, or several by name, for kept rows, and the prepared rows made of them."""

    def feed(self, rows: RawRows) -> Any:
        """Kept rows as a model takes them that begins with the twin."""

    def made_up(self, count: int) -> RawRows:
        """Rows drawn at random, that look like the training part's: nobody's data."""

    def pictures(self, rows: RawRows) -> np.ndarray | None:
        """Kept rows to be looked at, uint8 [n, height, width, 1 or 3]; None where they can't be."""

    # New rows for a model that is there.

    def columns_needed(self) -> Sequence[str]:
        """The columns that a sheet must have. Raises DataError where rows can't come in columns."""

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """The sheet with one line for each row, where a row may take several.

        Raises DataError where lines of a row differ in the columns that are to be `alike`.
        """

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[RawRows, list[str]]:
        """The rows of columns, and what people should know of them. Raises DataError."""

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> RawRows:
        """The rows among arrays by name; "" is the name of one that has none. Raises DataError."""

    # What people are told who use an exported model.

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> Any:
        """What `columns.json` says of the inputs; `files` is what text files were like."""

    def example(self, usage: Usage) -> dict[str, str]:
        """The text of `example.py`, and those of the files that it imports.

        It defines `predict_columns(columns)` where kept rows are several arrays by name, else
        `predict(rows)`.
        """

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """What the card says; columns that are `left_out` are those of the data that it ignores."""
