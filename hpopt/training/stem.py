"""The stem of a network for a table: pieces of numbers, trainable embeddings of categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec
from hpopt.data.tables import TableSpec
from hpopt.errors import SetupError
from hpopt.training.drivers import own_step


def shape_behind_stem(features: FeatureSpec | TableSpec) -> tuple[int, ...]:
    """The shape of a row as the builder's network sees it: pieces beside it, vectors for ids."""
    if not isinstance(features, TableSpec):
        return features.input_shape
    [width] = features.input_shape
    embedded = sum(dimensions - 1 for _, dimensions in features.embeddings)
    return (width + len(features.pieces) + embedded,)


def with_stem(network: Any, features: FeatureSpec | TableSpec) -> Any:
    """A builder's network behind the pieces and embeddings that the features ask for, if any.

    It takes prepared rows [n, width]: the dense inputs go on as they are, followed by the pieces of
    numbers, and each id that stands behind them becomes a vector. Raises SetupError where the
    network has a training step of its own, which would not be called.
    """
    if not isinstance(features, TableSpec) or not (features.pieces or features.embeddings):
        return network
    own = own_step(network)
    if own is not None:
        raise _no_stem(features, own)
    keras = load_keras()
    inputs = keras.Input(features.input_shape)
    first = features.input_shape[0] - len(features.embeddings)
    blocks = [inputs[:, :first]] if first else []
    if features.pieces:
        blocks.append(_pieces(inputs, features))
    for place, (size, dimensions) in enumerate(features.embeddings, start=first):
        blocks.append(keras.layers.Embedding(size, dimensions)(inputs[:, place]))
    return keras.Model(inputs, network(keras.layers.Concatenate()(blocks)))


def _pieces(inputs: Any, features: TableSpec) -> Any:
    """How much of each piece lies below its number, from 0 to 1 [n, pieces]."""
    ops = load_keras().ops
    places, lower, upper = (np.array(column) for column in zip(*features.pieces, strict=True))
    numbers = ops.take(inputs, places.astype(np.int32), axis=1)
    above = ops.subtract(numbers, lower.astype(np.float32))
    return ops.clip(ops.divide(above, (upper - lower).astype(np.float32)), 0.0, 1.0)


def _no_stem(features: TableSpec, own: str) -> SetupError:
    if not features.embeddings:
        return SetupError(
            f"the pieces of numbers can't stand before a model with its own {own}",
            help="write `pieces: 0` in `dataset.features`, or let the builder give a plain "
            "keras.Model",
        )
    names = ", ".join(column.name for column in features.embedded)
    return SetupError(
        f"the embeddings of {names} can't stand before a model with its own {own}",
        help="leave these columns out, or let the builder give a plain keras.Model",
    )
