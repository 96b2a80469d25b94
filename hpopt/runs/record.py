"""Frozen dataclasses as the JSON of a journal, and back from a journal that anybody may have made.

The names in the JSON are those of the fields, and the types of the fields say what is legal.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A record, or what stands in one, as plain JSON.

    A field that is None stands there as null; where None is its default too, it is left out.
    """
    if dataclasses.is_dataclass(value):
        pairs = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {
            field.name: to_json(inner)
            for field, inner in pairs
            if not (inner is None and field.default is None)
        }
    if isinstance(value, Mapping):
        return {name: to_json(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json(inner) for inner in value]
    return value


def from_json(kind: Callable[..., T], form: Any) -> T:
    """The record of class `kind` that plain JSON stands for.

    What is not there has its default, or is None where that is legal; what a later version has
    added is passed over. Raises ValueError where no version of hpopt could have written it.
    """
    if not isinstance(form, dict):
        raise ValueError(f"{form!r} is no record")
    values = {}
    for name, field_type in _types(kind).items():
        if name in form:
            values[name] = _value(field_type, form[name])
        elif type(None) in get_args(field_type):
            values[name] = None
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError("a record is not whole") from error


@functools.cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _value(field_type: Any, form: Any) -> Any:
    origin, arguments = get_origin(field_type), get_args(field_type)
    if origin is types.UnionType:  # one type or None
        [inner] = set(arguments) - {type(None)}
        return None if form is None else _value(inner, form)
    if dataclasses.is_dataclass(field_type):
        return from_json(field_type, form)  # type: ignore[arg-type]
    if origin is Mapping and isinstance(form, dict):
        return {name: _value(arguments[1], inner) for name, inner in form.items()}
    if origin is Sequence and isinstance(form, list):
        return [_value(arguments[0], inner) for inner in form]
    if field_type is float:
        return _number(form)
    if origin is None and issubclass(field_type, tuple) and isinstance(form, list):
        return _named_tuple(field_type, form)
    if type(form) is not field_type:
        raise ValueError(f"{form!r} is no {field_type}")
    return form


def _number(form: Any) -> float:
    """A number; a journal has null for those that are not finite."""
    if form is None:
        return math.nan
    if type(form) not in (int, float) or abs(form) > 1e308:
        raise ValueError(f"{form!r} is no number")
    return float(form)


def _named_tuple(kind: Any, form: list[Any]) -> Any:
    field_types = _types(kind).values()
    return kind(*(_value(each, inner) for each, inner in zip(field_types, form, strict=True)))
