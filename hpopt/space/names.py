"""Names that nest: `early_stopping.patience` is the `patience` of `early_stopping`.

The name of a dimension is the path of what it sets, joined by dots. Most have one step alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def owner(name: str) -> str:
    """The first step of a name: the setting or argument that it is, or is a part of."""
    return name.partition(".")[0]


def is_part(name: str) -> bool:
    """Whether a name is that of a part of something."""
    return "." in name


def overlap(name: str, other: str) -> bool:
    """Whether two names are the same, or one is of a part of what the other names."""
    return f"{name}.".startswith(f"{other}.") or f"{other}.".startswith(f"{name}.")


def value_of(name: str, values: Mapping[str, Any]) -> Any:
    """The value that a name has in nested `values`; None where there is none."""
    value: Any = values
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def leaves(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values as flat ones, by joined names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{part}": inner for part, inner in leaves(value).items()}
        else:
            flat[name] = value
    return flat


def laid_over(values: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values with others, by joined names, in the places of theirs."""
    nested = dict(values)
    parts: dict[str, dict[str, Any]] = {}
    for name, value in flat.items():
        head, _, rest = name.partition(".")
        if rest:
            nested.setdefault(head, {})  # in the order of the names
            parts.setdefault(head, {})[rest] = value
        else:
            nested[head] = value
    for head, inner in parts.items():
        whole = nested.get(head)
        nested[head] = laid_over(whole if isinstance(whole, Mapping) else {}, inner)
    return nested


def without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Nested values less those that have one of the joined names."""
    names = set(names)
    rest: dict[str, Any] = {}
    for name, value in values.items():
        if name in names:
            continue
        inner = {n.removeprefix(f"{name}.") for n in names if n.startswith(f"{name}.")}
        rest[name] = without(value, inner) if inner and isinstance(value, Mapping) else value
    return rest
