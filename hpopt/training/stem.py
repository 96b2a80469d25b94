"""The stem of a network for a table: trainable embeddings of its larger categories."""

from __future__ import annotations

from typing import Any

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec
from hpopt.data.tables import TableSpec
from hpopt.errors import SetupError
from hpopt.training.drivers import own_step


def shape_behind_stem(features: FeatureSpec | TableSpec) -> tuple[int, ...]:
    """The shape of a row as the builder's network sees it: a vector stands for each id."""
    if not isinstance(features, TableSpec):
        return features.input_shape
    [width] = features.input_shape
    return (width + sum(dimensions - 1 for _, dimensions in features.embeddings),)


def with_stem(network: Any, features: FeatureSpec | TableSpec) -> Any:
    """A builder's network behind the embeddings that the features ask for, if any.

    It takes prepared rows [n, width]: the dense inputs go on as they are, and each id that stands
    behind them becomes a vector. Raises SetupError where the network has a training step of its
    own, which would not be called.
    """
    if not isinstance(features, TableSpec) or not features.embeddings:
        return network
    own = own_step(network)
    if own is not None:
        names = ", ".join(column.name for column in features.embedded)
        raise SetupError(
            f"the embeddings of {names} can't stand before a model with its own {own}",
            help="leave these columns out, or let the builder give a plain keras.Model",
        )
    keras = load_keras()
    inputs = keras.Input(features.input_shape)
    first = features.input_shape[0] - len(features.embeddings)
    pieces = [inputs[:, :first]] if first else []
    for place, (size, dimensions) in enumerate(features.embeddings, start=first):
        pieces.append(keras.layers.Embedding(size, dimensions)(inputs[:, place]))
    return keras.Model(inputs, network(keras.layers.Concatenate()(pieces)))
