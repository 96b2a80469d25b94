"""What stands before a network for a table: pieces of numbers, trainable embeddings of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.inputs.kind import Stem

if TYPE_CHECKING:
    from hpopt.inputs.table.kind import TableKind


def stem_of(kind: TableKind) -> Stem | None:
    """The stem that a table's pieces and embeddings ask for, if it has any.

    The dense inputs go on as they are, followed by the pieces of numbers, and each id that stands
    behind them becomes a vector.
    """
    if not (kind.pieces or kind.embeddings):
        return None
    [width] = kind.input_shape
    first = width - len(kind.embeddings)
    embedded = sum(dimensions - 1 for _, dimensions in kind.embeddings)
    words, instead = "the pieces of numbers", "write `pieces: 0` in `dataset.features`"
    if kind.embeddings:
        names = ", ".join(column.name for column in kind.embedded)
        words, instead = f"the embeddings of {names}", "leave these columns out"

    def layers(inputs: Any) -> Any:
        keras = load_keras()
        blocks = [inputs[:, :first]] if first else []
        if kind.pieces:
            blocks.append(_pieces(inputs, kind))
        for place, (size, dimensions) in enumerate(kind.embeddings, start=first):
            blocks.append(keras.layers.Embedding(size, dimensions)(inputs[:, place]))
        return keras.layers.Concatenate()(blocks)

    return Stem(
        shape=(width + len(kind.pieces) + embedded,),
        layers=layers,
        words=words,
        instead=instead,
        ids={place: size for place, (size, _) in enumerate(kind.embeddings, start=first)},
    )


def _pieces(inputs: Any, kind: TableKind) -> Any:
    """How much of each piece lies below its number, from 0 to 1 [n, pieces]."""
    ops = load_keras().ops
    places, lower, upper = (np.array(column) for column in zip(*kind.pieces, strict=True))
    numbers = ops.take(inputs, places.astype(np.int32), axis=1)
    above = ops.subtract(numbers, lower.astype(np.float32))
    return ops.clip(ops.divide(above, (upper - lower).astype(np.float32)), 0.0, 1.0)
