"""Params at the edges of a space: what a builder refuses there is an error before any trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hpopt.builders.registry import SHIPPED
from hpopt.config.loading import Config
from hpopt.config.settable import of_training
from hpopt.errors import Location
from hpopt.space.conditions import Scalar, same
from hpopt.space.dimensions import Categorical, Dimension, Integer, Params


@dataclass(frozen=True)
class Corner:
    """The defaults, but for one argument of the builder; `place` is where its values are given."""

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
    defaults = {dimension.name: dimension.default for dimension in binding.space}
    active = binding.space.defaults
    return tuple(
        Corner(
            binding.space.without_inactive({**defaults, dimension.name: value}),
            dimension.name,
            document.location(("space", dimension.name), of_key=True),
        )
        for dimension in binding.space
        if dimension.name in active and not of_training(dimension.name)
        for value in _edges(dimension)
        if not same(value, dimension.default)
    )


def _edges(dimension: Dimension) -> Iterator[Scalar]:
    """The values among which one may be refused: no shape hangs on a real number."""
    if isinstance(dimension, Categorical):
        yield from dimension.categories
    elif isinstance(dimension, Integer):
        yield from (dimension.low, dimension.high)
