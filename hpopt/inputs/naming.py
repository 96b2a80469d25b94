"""The names in a model: those of its inputs are made of the names of columns, its layers' are ours.

Keras wants all names of a model to differ, TensorFlow those of a signature, and people call their
columns whatever they like: `rows`, `concatenate`, `class`, `self`. So all that stands beside the
inputs has a name that begins as no input's does, and what has other names stands in a box.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Sequence
from typing import Any

from hpopt.backend import load_keras

# How the names of layers begin that stand beside inputs.
OURS = "hpopt."

# The names of some columns' inputs, by the columns' own; no two are the same.
Naming = Callable[[Sequence[str]], dict[str, str]]


def keras_names(columns: Sequence[str]) -> dict[str, str]:
    """See `Naming`: as inputs of a Keras model may be called."""
    return _all_different(columns, _keras_name, alike=str)


def tensorflow_names(columns: Sequence[str]) -> dict[str, str]:
    """See `Naming`: as inputs of a SavedModel may be called, which are arguments of a function."""
    return _all_different(columns, _tensorflow_name, alike=str.casefold)  # a graph takes A for a


def box(name: str, layers: Callable[[Any], Any], inputs: Any) -> Any:
    """What `layers` make of a tensor, as one layer `name`: inside of it all may be called anything.

    A network by itself is such layers, too.
    """
    keras = load_keras()
    # What a builder calls its network is not known here, but that it ends otherwise than this.
    inside = keras.Input(
        inputs.shape[1:], dtype=inputs.dtype, name=f"{getattr(layers, 'name', OURS)}.inputs"
    )
    return keras.Model(inside, layers(inside), name=name)(inputs)


def _keras_name(column: str) -> str:
    name = column.replace("/", "_") or "_"
    return f"_{name}" if name.startswith(OURS) else name


def _tensorflow_name(column: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", column)  # TensorFlow does so, and then has two of a name
    is_taken = name == "self" or keyword.iskeyword(name)
    return f"x{name}" if is_taken or not re.match(r"[A-Za-z0-9]", name) else name


def _all_different(
    columns: Sequence[str], name_of: Callable[[str], str], alike: Callable[[str], str]
) -> dict[str, str]:
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        name = name_of(column)
        while alike(name) in taken:
            name += "_"
        taken.add(alike(name))
        names[column] = name
    return names
