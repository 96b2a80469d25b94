"""What stands before a network for a table: pieces of numbers, trainable embeddings of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.inputs.kind import Stem

# Of a piece of a number's range: which input the number is, its lower and its upper end.
Piece = tuple[int, float, float]


def stem_of(
    width: int, pieces: Sequence[Piece], embedded: Mapping[str, tuple[int, int]]
) -> Stem | None:
    """The stem that a table's `pieces` and embedded columns ask for, if it has any.

    Of the `width` inputs the last ones are ids: `embedded` says of each column how many ids it has,
    and how many dimensions. The dense inputs go on as they are, followed by the pieces of numbers,
    and each id becomes a vector.
    """
    if not (pieces or embedded):
        return None
    first = width - len(embedded)
    added = sum(dimensions - 1 for _, dimensions in embedded.values())
    words, instead = "the pieces of numbers", "write `pieces: 0` in `dataset.features`"
    if embedded:
        words, instead = f"the embeddings of {', '.join(embedded)}", "leave these columns out"

    def layers(inputs: Any) -> Any:
        keras = load_keras()
        blocks = [inputs[:, :first]] if first else []
        if pieces:
            blocks.append(_shares_of_pieces(inputs, pieces))
        for place, (size, dimensions) in enumerate(embedded.values(), start=first):
            blocks.append(keras.layers.Embedding(size, dimensions)(inputs[:, place]))
        return keras.layers.Concatenate()(blocks)

    return Stem(
        shape=(width + len(pieces) + added,),
        layers=layers,
        words=words,
        instead=instead,
        ids={place: size for place, (size, _) in enumerate(embedded.values(), start=first)},
    )


def _shares_of_pieces(inputs: Any, pieces: Sequence[Piece]) -> Any:
    """How much of each piece lies below its number, from 0 to 1 [n, pieces]."""
    ops = load_keras().ops
    places, lower, upper = (np.array(column) for column in zip(*pieces, strict=True))
    numbers = ops.take(inputs, places.astype(np.int32), axis=1)
    above = ops.subtract(numbers, lower.astype(np.float32))
    return ops.clip(ops.divide(above, (upper - lower).astype(np.float32)), 0.0, 1.0)
