"""One axis of a search space: a real, an integer or a category.

Each dimension maps its values to the unit interval and back. Integers and categories own equal
shares of it (in the scale of their prior), so that uniform points are uniform values, the end
points included.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from hpopt.space.conditions import Condition, DimensionError, Scalar, is_number, same

# One configuration, in plain Python scalars, never numpy's; an inactive dimension is absent.
Params = Mapping[str, Scalar]
Prior = Literal["uniform", "log-uniform"]

# Beyond it neighbours are too close on the unit interval of a log-uniform prior to be told apart.
_LARGEST_INTEGER = 2**44
_MOST_CATEGORIES = 1000


def identity(params: Params) -> Hashable:
    """What is equal where params are the same: 1 and 1.0 are, 1 and true are not."""
    return frozenset((name, isinstance(value, bool), value) for name, value in params.items())


@dataclass(frozen=True)
class Real:
    """A real number between `low` and `high`, both included."""

    kind: ClassVar[str] = "real"
    name: str
    low: float
    high: float
    prior: Prior = "uniform"
    default: float | None = None  # None: the middle, on the prior's scale
    when: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _check_bounds(self)
        _settle_default(self)

    def to_unit(self, value: Scalar) -> float:
        """Where `value` lies on the unit interval."""
        low, high = _warp(self.prior, self.low), _warp(self.prior, self.high)
        return min(max((_warp(self.prior, value) - low) / (high - low), 0.0), 1.0)

    def from_unit(self, u: float) -> float:
        """The value at `u` of the unit interval."""
        low, high = _warp(self.prior, self.low), _warp(self.prior, self.high)
        value = _unwarp(self.prior, low + u * (high - low))
        return float(min(max(value, self.low), self.high))

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is a number within the bounds."""
        return is_number(value) and self.low <= value <= self.high  # type: ignore[operator]


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`, both included."""

    kind: ClassVar[str] = "integer"
    name: str
    low: int
    high: int
    prior: Prior = "uniform"
    default: int | None = None  # None: the middle, on the prior's scale
    when: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _check_bounds(self)
        _settle_default(self)

    def to_unit(self, value: Scalar) -> float:
        """The middle of the share of the unit interval that `value` owns: value ± 1/2."""
        assert isinstance(value, int)
        low, high = _warp(self.prior, self.low - 0.5), _warp(self.prior, self.high + 0.5)
        middle = (_warp(self.prior, value - 0.5) + _warp(self.prior, value + 0.5)) / 2
        return (middle - low) / (high - low)

    def from_unit(self, u: float) -> int:
        """The integer whose share of the unit interval holds `u`."""
        low, high = _warp(self.prior, self.low - 0.5), _warp(self.prior, self.high + 0.5)
        value = _unwarp(self.prior, low + u * (high - low))
        return min(max(math.floor(value + 0.5), self.low), self.high)

    def values(self) -> Sequence[int]:
        """All of its values."""
        return range(self.low, self.high + 1)

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is a whole number within the bounds."""
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        )


@dataclass(frozen=True)
class Categorical:
    """One of a few values, encoded by its index, so that a value comes back as it went in."""

    kind: ClassVar[str] = "categorical"
    name: str
    categories: tuple[Scalar, ...]
    default: Scalar
    when: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        if not self.categories:
            raise DimensionError(
                "there are no categories", key="categories", help="list at least one value"
            )
        if len(self.categories) > _MOST_CATEGORIES:
            raise DimensionError(
                f"{len(self.categories)} categories are more than a search can learn of",
                key="categories",
                help="use `type: integer` or `type: real`",
            )
        for position, category in enumerate(self.categories):
            if any(same(category, earlier) for earlier in self.categories[:position]):
                raise DimensionError(
                    f"the category `{category}` is listed twice",
                    key="categories",
                    help="keep one of them",
                )
        if not self.contains(self.default):
            raise DimensionError(
                f"the default `{self.default}` is not among the categories",
                key="default",
                help=f"one of {', '.join(f'`{category}`' for category in self.categories)}",
            )

    def values(self) -> Sequence[Scalar]:
        """All of its values."""
        return self.categories

    def index(self, value: Scalar) -> int:
        """The place of `value` among the categories; raises ValueError where it is none of them."""
        for index, category in enumerate(self.categories):
            if same(value, category):
                return index
        raise ValueError(f"{value!r} is no category of {self.name}")

    def to_unit(self, value: Scalar) -> float:
        """The middle of the share that `value` owns of the unit interval."""
        return (self.index(value) + 0.5) / len(self.categories)

    def from_unit(self, u: float) -> Scalar:
        """The category whose share of the unit interval holds `u`."""
        return self.categories[min(int(u * len(self.categories)), len(self.categories) - 1)]

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is one of the categories."""
        return any(same(value, category) for category in self.categories)


Dimension = Real | Integer | Categorical


def dimension_to_json(dimension: Dimension) -> dict[str, Any]:
    """A dimension in strict JSON: its fields as in the YAML, and its name."""
    form = {field.name: getattr(dimension, field.name) for field in fields(dimension)}
    form["when"] = {condition.parent: condition.form for condition in dimension.when}
    if isinstance(dimension, Categorical):
        form["categories"] = list(dimension.categories)
    return {"type": dimension.kind, **form}


def dimension_from_json(form: Mapping[str, Any]) -> Dimension:
    """The dimension that `dimension_to_json` wrote."""
    rest = {key: value for key, value in form.items() if key != "type"}
    rest["when"] = tuple(Condition.parse(*item) for item in rest["when"].items())
    if form["type"] == Categorical.kind:
        return Categorical(**rest | {"categories": tuple(rest["categories"])})
    return (Real if form["type"] == Real.kind else Integer)(**rest)


def _warp(prior: Prior, value: Scalar) -> float:
    assert isinstance(value, int | float)
    return math.log(value) if prior == "log-uniform" else float(value)


def _unwarp(prior: Prior, value: float) -> float:
    return math.exp(value) if prior == "log-uniform" else value


def _check_bounds(dimension: Real | Integer) -> None:
    low, high = dimension.low, dimension.high
    for key, bound in (("low", low), ("high", high)):
        if not math.isfinite(bound) or (
            isinstance(dimension, Integer) and abs(bound) >= _LARGEST_INTEGER
        ):
            raise DimensionError(
                f"`{key}` is too large" if math.isfinite(bound) else f"`{key}` is {bound}",
                key=key,
                help="give a finite bound; a whole number's must lie within ±2^44",
            )
    if low >= high:
        raise DimensionError(
            f"`low` ({low}) is not below `high` ({high})",
            key="low",
            help="swap them" if low > high else "write the single value, to hold it constant",
        )
    if not math.isfinite(high - low):
        raise DimensionError("the bounds are too far apart", key="high", help="bring them closer")
    if dimension.prior == "log-uniform" and low <= 0:
        raise DimensionError(
            f"a log-uniform prior needs `low` above 0, not {low}",
            key="low",
            help="raise `low`, or use `prior: uniform`",
        )
    if _warp(dimension.prior, low) == _warp(dimension.prior, high):
        raise DimensionError(
            "the bounds are too close together", key="high", help="move them further apart"
        )


def _settle_default(dimension: Real | Integer) -> None:
    """Put the middle where no default was given, and check one that was."""
    if dimension.default is None:
        middle = dimension.from_unit(0.5)
        if isinstance(dimension, Real) and dimension.contains(float(f"{middle:.6g}")):
            middle = float(f"{middle:.6g}")  # 0.01, not 0.010000000000000004
        object.__setattr__(dimension, "default", middle)
    elif not dimension.contains(dimension.default):
        raise DimensionError(
            f"the default {dimension.default} is outside its bounds",
            key="default",
            help=f"between {dimension.low} and {dimension.high}",
        )
