"""The names of a model's inputs, made of the names of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Naming = Callable[[str], str]


def keras_name(column: str) -> str:
    """A column's name as an input of a Keras model may have it."""
    return column.replace("/", "_") or "_"


def tensorflow_name(column: str) -> str:
    """A column's name as an input of a SavedModel may have it."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", column)  # TensorFlow does so, and then has two of a name
    return name if re.match(r"[A-Za-z0-9]", name) else f"x{name}"


def input_names(columns: Sequence[str], naming: Naming = keras_name) -> dict[str, str]:
    """The name of each column's input, by the column's own; no two are the same."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        name = naming(column)
        while name in taken:
            name += "_"
        taken.add(name)
        names[column] = name
    return names
