"""One axis of a search space: a real, an integer or a category.

Each dimension maps its values to the unit interval and back. Integers and categories own equal
shares of it (in the scale of their prior), so that uniform points are uniform values, the end
points included. So do numbers that go by steps, on a uniform scale.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, ClassVar, Literal

from hpopt.space.beliefs import Belief, UnitBelief
from hpopt.space.conditions import (
    Condition,
    DimensionError,
    Value,
    frozen,
    is_number,
    is_value,
    same,
    value_text,
)

# One configuration, in plain Python values, never numpy's; an inactive dimension is absent.
Params = Mapping[str, Value]
Prior = Literal["uniform", "log-uniform"]

# Beyond it neighbours are too close on the unit interval of a log-uniform prior to be told apart.
_LARGEST_INTEGER = 2**44
_MOST_CATEGORIES = 1000
# More steps than these between two real numbers are no steps to a surrogate.
_MOST_STEPS = 100_000
# A number that is off a step by this share of it is on it: 0.1 + 0.2 is 0.3.
_OFF = 1e-6


def identity(params: Params) -> Hashable:
    """What is equal where params are the same: 1 and 1.0 are, 1 and true are not."""
    return frozenset((name, frozen(value)) for name, value in params.items())


@dataclass(frozen=True)
class Real:
    """A real number between `low` and `high`, both included, which may go by steps."""

    kind: ClassVar[str] = "real"
    name: str
    low: float
    high: float
    prior: Prior = "uniform"
    default: float | None = None  # None: the middle, on the prior's scale
    when: tuple[Condition, ...] = ()
    step: float | None = None
    belief: Belief | None = None

    def __post_init__(self) -> None:
        _check_bounds(self)
        _check_step(self)
        _check_belief(self)
        _settle_default(self)

    @property
    def n_values(self) -> int | None:
        """How many values it has; None where it has no steps."""
        return None if self.step is None else _n_steps(self) + 1

    def values(self) -> Iterable[float]:
        """All of its values, in order; only of one with steps."""
        assert self.n_values is not None
        return (self._at(k) for k in range(self.n_values))

    def _at(self, k: int) -> float:
        """The value that is k steps above `low`, in decimal: 0.3 and not 0.30000000000000004."""
        return float(Decimal(repr(self.low)) + k * Decimal(repr(self.step)))

    def to_unit(self, value: Value) -> float:
        """Where `value` lies on the unit interval."""
        if self.step is not None:
            return _stepped_to_unit(self, value)
        low, high = _warp(self.prior, self.low), _warp(self.prior, self.high)
        return min(max((_warp(self.prior, value) - low) / (high - low), 0.0), 1.0)

    def from_unit(self, u: float) -> float:
        """The value at `u` of the unit interval."""
        if self.n_values is not None:
            return self._at(min(int(u * self.n_values), self.n_values - 1))
        low, high = _warp(self.prior, self.low), _warp(self.prior, self.high)
        value = _unwarp(self.prior, low + u * (high - low))
        return float(min(max(value, self.low), self.high))

    def contains(self, value: Value) -> bool:
        """Whether `value` is a number within the bounds, and on a step."""
        if self.step is not None:
            return is_number(value) and _is_on_step(self, value)  # type: ignore[arg-type]
        return is_number(value) and self.low <= value <= self.high  # type: ignore[operator]


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`, both included, which may go by steps."""

    kind: ClassVar[str] = "integer"
    name: str
    low: int
    high: int
    prior: Prior = "uniform"
    default: int | None = None  # None: the middle, on the prior's scale
    when: tuple[Condition, ...] = ()
    step: int | None = None  # None: 1
    belief: Belief | None = None

    def __post_init__(self) -> None:
        if self.step == 1:
            object.__setattr__(self, "step", None)
        _check_bounds(self)
        _check_step(self)
        _check_belief(self)
        _settle_default(self)

    @property
    def n_values(self) -> int:
        """How many values it has."""
        return len(self.values())

    def to_unit(self, value: Value) -> float:
        """The middle of the share of the unit interval that `value` owns: value ± 1/2."""
        assert isinstance(value, int)
        if self.step is not None:
            return _stepped_to_unit(self, value)
        low, high = _warp(self.prior, self.low - 0.5), _warp(self.prior, self.high + 0.5)
        middle = (_warp(self.prior, value - 0.5) + _warp(self.prior, value + 0.5)) / 2
        return (middle - low) / (high - low)

    def from_unit(self, u: float) -> int:
        """The integer whose share of the unit interval holds `u`."""
        if self.step is not None:
            return self.values()[min(int(u * self.n_values), self.n_values - 1)]
        low, high = _warp(self.prior, self.low - 0.5), _warp(self.prior, self.high + 0.5)
        value = _unwarp(self.prior, low + u * (high - low))
        return min(max(math.floor(value + 0.5), self.low), self.high)

    def values(self) -> range:
        """All of its values."""
        return range(self.low, self.high + 1, self.step or 1)

    def contains(self, value: Value) -> bool:
        """Whether `value` is a whole number within the bounds, and on a step."""
        return isinstance(value, int) and not isinstance(value, bool) and value in self.values()


@dataclass(frozen=True)
class Categorical:
    """One of a few values, encoded by its index, so that a value comes back as it went in."""

    kind: ClassVar[str] = "categorical"
    name: str
    categories: tuple[Value, ...]
    default: Value
    when: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(is_value, self.categories)):
            raise DimensionError(
                "a category holds what JSON can't: it is to be plain data, and finite",
                key="categories",
                help="texts, numbers, true or false, null, and lists and mappings of them",
            )
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
                    f"the category `{value_text(category)}` is listed twice",
                    key="categories",
                    help="keep one of them",
                )
        if not self.contains(self.default):
            raise DimensionError(
                f"the default `{value_text(self.default)}` is not among the categories",
                key="default",
                help=describe_dimension(self),
            )

    @property
    def n_values(self) -> int:
        """How many values it has."""
        return len(self.categories)

    def values(self) -> tuple[Value, ...]:
        """All of its values."""
        return self.categories

    def index(self, value: Value) -> int:
        """The place of `value` among the categories; raises ValueError where it is none of them."""
        for index, category in enumerate(self.categories):
            if same(value, category):
                return index
        raise ValueError(f"{value!r} is no category of {self.name}")

    def to_unit(self, value: Value) -> float:
        """The middle of the share that `value` owns of the unit interval."""
        return (self.index(value) + 0.5) / len(self.categories)

    def from_unit(self, u: float) -> Value:
        """The category whose share of the unit interval holds `u`."""
        return self.categories[min(int(u * len(self.categories)), len(self.categories) - 1)]

    def contains(self, value: Value) -> bool:
        """Whether `value` is one of the categories."""
        return any(same(value, category) for category in self.categories)


@dataclass(frozen=True)
class Ordinal(Categorical):
    """One of a few values whose order counts, as sizes have one: neighbours are alike."""

    kind: ClassVar[str] = "ordinal"


Dimension = Real | Integer | Categorical


def dimension_to_json(dimension: Dimension) -> dict[str, Any]:
    """A dimension in strict JSON: its fields as in the YAML, and its name."""
    form = {field.name: getattr(dimension, field.name) for field in fields(dimension)}
    for key in ("step", "belief"):  # as versions wrote it that knew of none
        if form.get(key, 0) is None:
            del form[key]
    if "belief" in form:
        form["belief"] = asdict(form["belief"])
    form["when"] = {condition.parent: condition.form for condition in dimension.when}
    if isinstance(dimension, Categorical):
        form["categories"] = list(dimension.categories)
    return {"type": dimension.kind, **form}


def dimension_from_json(form: Mapping[str, Any]) -> Dimension:
    """The dimension that `dimension_to_json` wrote."""
    rest = {key: value for key, value in form.items() if key != "type"}
    rest["when"] = tuple(Condition.parse(*item) for item in rest["when"].items())
    if form["type"] in (Categorical.kind, Ordinal.kind):
        of_kind = Categorical if form["type"] == Categorical.kind else Ordinal
        return of_kind(**rest | {"categories": tuple(rest["categories"])})
    if "belief" in rest:
        rest["belief"] = Belief(**rest["belief"])
    return (Real if form["type"] == Real.kind else Integer)(**rest)


def describe_dimension(dimension: Dimension) -> str:
    """What a dimension can be, in words."""
    if isinstance(dimension, Categorical):
        return "one of " + ", ".join(f"`{value_text(each)}`" for each in dimension.categories)
    by_steps = "" if dimension.step is None else f", in steps of {dimension.step}"
    return f"between {dimension.low} and {dimension.high}{by_steps}"


def settled(dimension: Dimension, value: Any) -> Any:
    """A value that a dimension contains, as the dimension itself has it.

    Of a real a whole number is a float, and what is nearly on a step is on it. Categories are as
    they were listed. What is not contained stays.
    """
    if isinstance(dimension, Categorical):
        return dimension.from_unit(dimension.to_unit(value)) if dimension.contains(value) else value
    if not isinstance(dimension, Real) or not is_number(value):
        return value
    if dimension.step is None or not dimension.contains(value):
        return float(value)
    return dimension.from_unit(dimension.to_unit(value))


def unit_belief(dimension: Real | Integer, belief: Belief) -> UnitBelief:
    """A belief about a dimension on its unit interval."""
    half = (dimension.step or 1) / 2 if dimension.n_values is not None else 0.0
    low, high = dimension.low - half, dimension.high + half
    return UnitBelief.of(belief, low, high, is_log=dimension.prior == "log-uniform")


def _n_steps(dimension: Real | Integer) -> int:
    """How many steps there are from `low` to `high`."""
    assert dimension.step is not None
    return round((dimension.high - dimension.low) / dimension.step)


def _stepped_to_unit(dimension: Real | Integer, value: Value) -> float:
    """The middle of the share that a value owns; between two steps in proportion."""
    assert isinstance(value, int | float)
    assert dimension.step is not None
    steps = (value - dimension.low) / dimension.step
    return min(max((steps + 0.5) / (_n_steps(dimension) + 1), 0.0), 1.0)


def _is_on_step(dimension: Real | Integer, value: float) -> bool:
    """Whether a finite number is at a step from `low`, and not above `high`."""
    assert dimension.step is not None
    steps = (value - dimension.low) / dimension.step
    is_within = -_OFF <= steps <= _n_steps(dimension) + _OFF
    return is_within and abs(steps - round(steps)) <= _OFF


def _warp(prior: Prior, value: Value) -> float:
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


def _check_step(dimension: Real | Integer) -> None:
    low, high, step = dimension.low, dimension.high, dimension.step
    if step is None:
        return
    if not (math.isfinite(step) and step > 0):
        raise DimensionError(f"`step` is {step}", key="step", help="give a number above 0")
    if dimension.prior != "uniform":
        raise DimensionError(
            f"a {dimension.prior} prior goes by no steps",
            key="step",
            help="leave out `step` or `prior`; or list the values, which by number are in order: "
            f"[{low}, {_shown(2 * low)}, {_shown(4 * low)}, ...]",
        )
    n = (high - low) / step
    if n > _MOST_STEPS and isinstance(dimension, Real):
        raise DimensionError(
            f"{n:,.0f} steps are as good as none", key="step", help="leave it out, or enlarge it"
        )
    if not (_n_steps(dimension) and _is_on_step(dimension, high)):
        below = low + math.floor(n) * step
        ends = [_shown(end) for end in (below, below + step) if end > low]
        raise DimensionError(
            f"steps of {step} from {low} do not reach `high` ({high})",
            key="high",
            help=f"write {' or '.join(ends)}, or another `step`",
        )


def _check_belief(dimension: Real | Integer) -> None:
    belief = dimension.belief
    if belief is None:
        return
    if not dimension.low <= belief.around <= dimension.high:
        raise DimensionError(
            f"the belief is around {belief.around}, which is outside the bounds",
            key="belief",
            help=f"move it, or the bounds: between {dimension.low} and {dimension.high}",
        )
    is_log = dimension.prior == "log-uniform"
    if not (math.isfinite(belief.within) and belief.within > is_log):
        raise DimensionError(
            f"`within` is {belief.within}",
            key="belief",
            help="under a log-uniform prior it is a factor, above 1: 3 is from a third to the "
            "threefold"
            if is_log
            else "it is a distance on both sides of `around`, above 0",
        )


def _shown(number: float) -> str:
    """A number without what binary fractions add to it."""
    return str(number) if isinstance(number, int) else f"{number:.10g}"


def _settle_default(dimension: Real | Integer) -> None:
    """Put the middle where no default was given, and check one that was."""
    if dimension.default is None and dimension.belief is not None:
        centre = unit_belief(dimension, dimension.belief).centre
        object.__setattr__(dimension, "default", dimension.from_unit(centre))
        if isinstance(dimension, Real) and dimension.step is None:
            object.__setattr__(dimension, "default", float(dimension.belief.around))
    elif dimension.default is None:
        middle = dimension.from_unit(0.5)
        if (
            isinstance(dimension, Real)
            and not dimension.step
            and dimension.contains(float(f"{middle:.6g}"))
        ):
            middle = float(f"{middle:.6g}")  # 0.01, not 0.010000000000000004
        object.__setattr__(dimension, "default", middle)
    elif not dimension.contains(dimension.default):
        is_inside = is_number(dimension.default) and (
            dimension.low <= dimension.default <= dimension.high
        )
        if is_inside and dimension.step is not None:
            first = (
                dimension.low
                + math.floor((dimension.default - dimension.low) / dimension.step) * dimension.step
            )
            ends = " or ".join(_shown(each) for each in (first, first + dimension.step))
            raise DimensionError(
                f"the default {dimension.default} is between two steps", key="default", help=ends
            )
        raise DimensionError(
            f"the default {dimension.default} is outside its bounds",
            key="default",
            help=describe_dimension(dimension),
        )
    else:
        object.__setattr__(dimension, "default", settled(dimension, dimension.default))
