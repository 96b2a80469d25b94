"""Params at the edges of a space: what a builder refuses there is an error before any trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpopt.builders.registry import SHIPPED
from hpopt.config.loading import Config
from hpopt.config.settable import of_training
from hpopt.errors import Location
from hpopt.space.conditions import Condition, Value, same
from hpopt.space.dimensions import Categorical, Dimension, Integer, Params, Real
from hpopt.space.space import Space


@dataclass(frozen=True)
class Corner:
    """The defaults, but for one argument of the builder; `place` is where its values are given.

    Where the argument is inactive at the defaults, what its conditions hang on is changed too.
    """

    params: Params
    name: str
    place: Location | None


def corners_of(config: Config) -> tuple[Corner, ...]:
    """The corners of a configuration; none of an own builder, which says of no params beforehand
    that they can't be.
    """
    binding, document = config.binding, config.document
    if binding.builder not in SHIPPED:
        return ()
    return tuple(
        Corner(params, dimension.name, document.location(("space", dimension.name), of_key=True))
        for dimension in binding.space
        if not of_training(dimension.name)
        for params in _params_at_edges(binding.space, dimension)
    )


def _params_at_edges(space: Space, dimension: Dimension) -> Iterator[Params]:
    """Params with the dimension at each of its edges, none of which are the defaults.

    Those that break a rule are left out: they are never tried.
    """
    defaults = {other.name: other.default for other in space}
    around = {**defaults, **_switched_on(space, dimension)}
    is_on = dimension.name in space.defaults
    for value in _edges(dimension):
        params = space.without_inactive({**around, dimension.name: value})
        is_default = is_on and same(value, dimension.default)
        if dimension.name in params and not is_default and space.allows(params):
            yield params


def _switched_on(space: Space, dimension: Dimension) -> dict[str, Value]:
    """Values of what a dimension hangs on, straight or by others, with which it is active."""
    by_name = {other.name: other for other in space}
    conditions: dict[str, list[Condition]] = {}
    waiting = list(dimension.when)
    while waiting:
        condition = waiting.pop()
        conditions.setdefault(condition.parent, []).append(condition)
        waiting += by_name[condition.parent].when
    values: dict[str, Value] = {}
    for name, wanted in conditions.items():
        holding = (v for v in _candidates(by_name[name], wanted) if _all_hold(wanted, v))
        values[name] = next(holding, by_name[name].default)
    return values


def _all_hold(conditions: Sequence[Condition], value: Value) -> bool:
    return all(condition.holds(value) for condition in conditions)


def _candidates(parent: Dimension, conditions: Sequence[Condition]) -> Iterator[Value]:
    """The parent's default, then values next to what the conditions name, then its edges."""
    yield parent.default
    for condition in conditions:
        yield from (value for value in condition.values if parent.contains(value))
        if condition.bound is not None and isinstance(parent, Integer):
            near = math.floor(condition.bound)
            yield from (near + step for step in (-1, 0, 1) if parent.contains(near + step))
        elif condition.bound is not None and parent.contains(condition.bound):
            yield condition.bound
    if isinstance(parent, Real):
        yield from (parent.low, parent.high)
    yield from _edges(parent)


def _edges(dimension: Dimension) -> Iterator[Value]:
    """The values among which one may be refused: no shape hangs on a real number."""
    if isinstance(dimension, Categorical):
        yield from dimension.categories
    elif isinstance(dimension, Integer):
        yield from (dimension.low, dimension.high)
