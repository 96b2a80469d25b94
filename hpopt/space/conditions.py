"""When a dimension of a search space is active, and the values that conditions are made of."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

# What a param can be, as YAML and JSON know it; only categories are lists and mappings.
Value = float | int | str | bool | list[Any] | dict[str, Any] | None

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)(.*)", re.DOTALL)


class DimensionError(ValueError):
    """A dimension that makes no sense: `key` is the setting at fault."""

    def __init__(
        self, message: str, *, key: str, help: str | None = None, dimension: str | None = None
    ) -> None:
        super().__init__(message)
        self.key = key
        self.help = help
        self.dimension = dimension


@dataclass(frozen=True)
class Condition:
    """When a dimension is active: its parent has one of `values`, or compares so with `bound`."""

    parent: str
    values: tuple[Value, ...] = ()
    comparison: str | None = None
    bound: float | None = None

    @classmethod
    def parse(cls, parent: str, form: object) -> Condition:
        """Read the YAML form: a value, a list of values, or a comparison such as ">= 3".

        Raises DimensionError where it is none of these.
        """
        match = _COMPARISON.fullmatch(form) if isinstance(form, str) else None
        if match:
            try:
                return cls(parent, comparison=match[1], bound=_finite(match[2]))
            except ValueError:
                raise DimensionError(
                    f"`{form}` compares with something that is no number",
                    key="when",
                    help='write a comparison such as ">= 3", a value, or a list of values',
                ) from None
        values: list[Any] = form if isinstance(form, list) else [form]
        is_nested = isinstance(form, list)  # the list of values, one of which may be one itself
        if not values or not all(is_value(v) if is_nested else is_scalar(v) for v in values):
            raise DimensionError(
                f"the condition on `{parent}` can't be read",
                key="when",
                help='write a comparison such as ">= 3", a value, or a list of values',
            )
        return cls(parent, values=tuple(values))

    def holds(self, value: Value) -> bool:
        """Whether the parent's `value` makes the dimension active."""
        if self.comparison is None or self.bound is None:
            return any(same(value, wanted) for wanted in self.values)
        return is_number(value) and _COMPARISONS[self.comparison](value, self.bound)  # type: ignore[arg-type]

    @property
    def form(self) -> Any:
        """The YAML form, which `parse` reads."""
        return list(self.values) if self.bound is None else f"{self.comparison} {self.bound!r}"

    def __str__(self) -> str:
        if self.bound is None:
            return f"{self.parent} is {' or '.join(map(value_text, self.values))}"
        return f"{self.parent} {self.comparison} {self.bound:g}"


def same(a: Value, b: Value) -> bool:
    """Whether two values are the same in YAML: 1 and 1.0 are, 1 and true are not."""
    return frozen(a) == frozen(b)


def frozen(value: Any) -> Hashable:
    """What is equal, and hashes alike, where values are the same; a tuple is as good as a list."""
    if isinstance(value, list | tuple):
        return ("list", *map(frozen, value))
    if isinstance(value, dict):
        return frozenset((name, frozen(inner)) for name, inner in value.items())
    return isinstance(value, bool), value


def value_text(value: Value) -> str:
    """A value in a message, as YAML has it."""
    if value is None or isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def is_number(value: object) -> bool:
    """Whether `value` is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def is_scalar(value: object) -> bool:
    """Whether `value` is a single plain value, as YAML and JSON know them."""
    return value is None or isinstance(value, bool | int | float | str)


def is_value(value: object) -> bool:
    """Whether `value` is a single plain value, or a list or mapping of such, in JSON's bounds."""
    if isinstance(value, list):
        return all(map(is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_value(inner) for key, inner in value.items())
    return is_scalar(value) and not (isinstance(value, float) and not math.isfinite(value))
