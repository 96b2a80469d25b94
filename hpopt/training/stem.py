"""Puts what a kind of input asks for before a builder's network."""

from __future__ import annotations

from typing import Any

from hpopt.backend import load_keras
from hpopt.errors import SetupError
from hpopt.inputs.kind import Kind
from hpopt.inputs.naming import OURS, box
from hpopt.training.drivers import own_step


def shape_behind_stem(features: Kind) -> tuple[int, ...]:
    """The shape of a row as the builder's network sees it."""
    return features.input_shape if features.stem is None else features.stem.shape


def with_stem(network: Any, features: Kind) -> Any:
    """A builder's network behind the stem that the features ask for, if any.

    It takes prepared rows. Raises SetupError where the network has a training step of its own,
    which would not be called.
    """
    stem = features.stem
    if stem is None:
        return network
    own = own_step(network)
    if own is not None:
        raise SetupError(
            f"{stem.words} can't stand before a model with its own {own}",
            help=f"{stem.instead}, or let the builder give a plain keras.Model",
        )
    keras = load_keras()
    inputs = keras.Input(features.input_shape, dtype=features.input_dtype, name=f"{OURS}inputs")
    return keras.Model(inputs, network(box(f"{OURS}stem", stem.layers, inputs)))
