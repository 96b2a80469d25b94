"""What turns the typed columns of a table into network inputs, as plain data.

A column is fitted to the training part alone. A raw column is an array [n] of one of two kinds:
float64 (numbers, booleans, parts of dates), where NaN is a gap, or text, where "" is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from hpopt.inputs.raw import said_of_spelling
from hpopt.inputs.scaling import as_keras_hands_over
from hpopt.inputs.stored import Texts

# The id of an embedded category, and the block of a one-hot one, that begin a vocabulary.
OTHER = 0

RawColumns = Mapping[str, "np.ndarray | Texts"]


@dataclass(frozen=True)
class NumericColumn:
    """A number as z / sqrt(1 + (z / CLIP)²) of z = (number - center) / scale.

    A gap is `fill`; with `has_indicator` a second input is 1 there and 0 elsewhere. What is not
    finite in float32 is a gap. The clip is that of RealMLP (Holzmüller, Grinsztajn & Steinwart,
    "Better by default", 2024): nearly z where |z| is small, and never beyond ±CLIP.

    `edges`, rising, cut the range of this input into pieces, of each of which the network sees how
    much of it lies below the number (`TableKind.pieces`).
    """

    name: str
    fill: float
    center: float
    scale: float
    has_indicator: bool
    edges: tuple[float, ...] = ()

    CLIP = 3.0

    @property
    def width(self) -> int:
        """How many inputs the column has."""
        return 1 + self.has_indicator

    def dense(self, raw: np.ndarray | Texts) -> np.ndarray:
        """The column's inputs, float64 [n, width]."""
        assert isinstance(raw, np.ndarray)
        numbers = as_keras_hands_over(raw)
        is_gap = ~np.isfinite(numbers)
        z = (np.where(is_gap, self.fill, numbers) - self.center) / self.scale
        clipped = z / np.sqrt(1 + np.square(z / self.CLIP))
        return np.column_stack([clipped, is_gap] if self.has_indicator else [clipped])

    def made_up(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Numbers drawn at random [count], and gaps where there were any."""
        draws = rng.normal(self.center, self.scale, count)
        return np.where(rng.random(count) < 0.1 * self.has_indicator, np.nan, draws)


@dataclass(frozen=True)
class CategoricalColumn:
    """A text as one input an entry (one-hot), or as an id for an embedding of so many dimensions.

    The id of a text is its place in the vocabulary, from 1 on; what stands there "" is a gap. Any
    other text, and a gap where there is no "", is 0, OTHER. One-hot, the inputs are those of the
    ids in this order; that of OTHER is left out where no row of the training part was OTHER
    (`has_other` is false), so that an unseen text is all zeros.
    """

    name: str
    vocabulary: tuple[str, ...]
    has_other: bool
    embedding: int | None = None

    @property
    def width(self) -> int:
        """How many dense inputs the column has."""
        return 0 if self.embedding else len(self.vocabulary) + self.has_other

    def ids(self, raw: np.ndarray | Texts) -> np.ndarray:
        """The id of each text [n]."""
        texts = raw if isinstance(raw, Texts) else Texts.of(raw)
        ids = np.array([self._id_of.get(text, OTHER) for text in (*texts.distinct, "")])
        return np.asarray(ids[texts.codes])

    def dense(self, raw: np.ndarray | Texts) -> np.ndarray:
        """The column's one-hot inputs, float64 [n, width]."""
        first = 0 if self.has_other else 1
        return np.asarray(self.ids(raw)[:, None] == np.arange(first, len(self.vocabulary) + 1))

    def made_up(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Texts drawn at random [count], a gap and a new one among them."""
        return rng.choice(np.array([*self.vocabulary, "", "new"]), count)

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {text: index for index, text in enumerate(self.vocabulary, start=1)}


FittedColumn = NumericColumn | CategoricalColumn


def column_kind(column: FittedColumn) -> str:
    """The name of a column's treatment."""
    return "numeric" if isinstance(column, NumericColumn) else "categorical"


def column_from_json(form: Mapping[str, Any]) -> FittedColumn:
    """The column of its values and its `kind`."""
    values = {name: value for name, value in form.items() if name != "kind"}
    if form["kind"] == "numeric":
        return NumericColumn(**values | {"edges": tuple(values.get("edges", ()))})
    return CategoricalColumn(**values | {"vocabulary": tuple(values["vocabulary"])})


def fitted_columns(raw: RawColumns, pieces: int = 0) -> list[FittedColumn]:
    """The columns of a training part's raw ones."""
    return [
        categorical_column(name, values)
        if isinstance(values, Texts) or values.dtype.kind in "UOT"
        else numeric_column(name, values, pieces)
        for name, values in raw.items()
    ]


def with_spelling(
    readers: Sequence[Mapping[str, Any]], columns: Sequence[FittedColumn]
) -> tuple[Mapping[str, Any], ...]:
    """The readers, which say of categories how those that come as numbers are spelled."""
    vocabularies = {c.name: c.vocabulary for c in columns if isinstance(c, CategoricalColumn)}
    return tuple(
        {**reader, **said_of_spelling(vocabularies[reader["column"]])}
        if reader["kind"] == "categorical"
        else reader
        for reader in readers
    )


def fingerprint_of(raw: RawColumns) -> Iterator[bytes | np.ndarray]:
    """What a hash of raw columns is taken of."""
    for values in raw.values():
        if isinstance(values, Texts):
            yield json.dumps(values.distinct).encode()
            yield values.codes
        else:
            yield values


# The quantile ranges that a scale is taken from, the first that is not 0, in units of the first:
# z of a normal distribution is then the same whichever it is.
_RANGES = ((0.25, 0.75, 1.0), (0.1, 0.9, 1.900), (0.02, 0.98, 3.045))


def numeric_column(name: str, raw: np.ndarray, pieces: int = 0) -> NumericColumn:
    """The column of a training part's numbers [n]; all gaps make a constant.

    The center, and what fills gaps, is the median; the scale is the range of the middle half, as in
    RealMLP, or a wider one where that is 0. The range falls into up to so many `pieces` of the same
    number of rows.
    """
    numbers = as_keras_hands_over(raw)
    is_gap = ~np.isfinite(numbers)
    present = numbers[~is_gap]
    if not len(present):
        return NumericColumn(name, 0.0, 0.0, 1.0, has_indicator=False)
    median = float(np.median(present))
    column = NumericColumn(name, median, median, _scale(present), has_indicator=bool(is_gap.any()))
    return replace(column, edges=_edges(column.dense(present)[:, 0], pieces)) if pieces else column


# What float32 loses of an input, up to 2e-7, is then little of any piece.
_SHORTEST_PIECE = 0.005


def _edges(inputs: np.ndarray, pieces: int) -> tuple[float, ...]:
    """The quantiles of a column's inputs [n], but those that are too near; none for two values."""
    quantiles = np.quantile(inputs, np.linspace(0, 1, pieces + 1), method="nearest")
    edges = [float(quantiles[0])]
    for quantile in quantiles[1:]:
        if quantile - edges[-1] >= _SHORTEST_PIECE:
            edges.append(float(quantile))
    return tuple(edges) if len(edges) > 2 else ()


def _scale(present: np.ndarray) -> float:
    ends = [end for low, high, _ in _RANGES for end in (low, high)]
    quantiles = np.quantile(present, ends)
    for index, (_, _, wide) in enumerate(_RANGES):
        scale = (quantiles[2 * index + 1] - quantiles[2 * index]) / wide
        if scale > 0:
            return float(scale)
    return float(present.max() - present.min()) / 2 or 1.0


# A category of more entries is embedded; fewer are one-hot.
_MOST_ONE_HOT = 16
_MOST_ENTRIES = 10_000
_MOST_DIMENSIONS = 32


def categorical_column(name: str, raw: np.ndarray | Texts) -> CategoricalColumn:
    """The column of a training part's texts [n].

    The vocabulary goes by falling frequency. Texts that are rarer than 1 row in 100, but not more
    than 10 rows, are OTHER: too few to learn from.
    """
    texts = raw if isinstance(raw, Texts) else Texts.of(raw)
    counts = np.bincount(texts.codes + 1, minlength=len(texts.distinct) + 1)
    by_text = sorted(
        ((int(count), text) for count, text in zip(counts, ("", *texts.distinct), strict=True)),
        key=lambda entry: (-entry[0], entry[1]),
    )
    rarest = rarest_kept(len(texts))
    kept = [text for count, text in by_text if count >= rarest][:_MOST_ENTRIES]
    has_other = sum(count for count, _ in by_text[: len(kept)]) < len(texts)
    size = len(kept) + 1
    return CategoricalColumn(
        name,
        vocabulary=tuple(kept),
        has_other=has_other,
        embedding=_dimensions(size) if size > _MOST_ONE_HOT else None,
    )


def rarest_kept(rows: int) -> int:
    """How many of so many rows a text must stand in, to have an entry of its own."""
    return min(max(rows // 100, 3), 10)


def _dimensions(size: int) -> int:
    # fastai's rule of thumb for tables.
    return min(round(1.6 * math.pow(size, 0.56)), _MOST_DIMENSIONS)
