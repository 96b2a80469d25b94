"""The search space: dimensions with conditions, and the way between params and the unit cube."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.errors import suggest_name
from hpopt.space.conditions import Condition, DimensionError, Scalar
from hpopt.space.dimensions import (
    Categorical,
    Dimension,
    Integer,
    Params,
    dimension_from_json,
    dimension_to_json,
)


class Space:
    """An ordered set of dimensions, some of which may be active only under a condition.

    A surrogate sees params as a point x [d] of the unit cube and a mask [d] of what is active.

    Raises DimensionError where a condition names an unknown parent, can never hold, or runs in a
    circle.
    """

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = tuple(dimensions)
        if len(set(self.names)) < len(self):
            raise ValueError(f"two dimensions have one name: {self.names}")
        for dimension in self.dimensions:
            for condition in dimension.when:
                self._check(dimension, condition)
        self.parents_first = self._sort_parents_first()

    @classmethod
    def from_json(cls, forms: Sequence[Mapping[str, Any]]) -> Space:
        """The space that `to_json` wrote."""
        return cls([dimension_from_json(form) for form in forms])

    def to_json(self) -> list[dict[str, Any]]:
        """The space in strict JSON, with the conditions as they stand in the YAML."""
        return [dimension_to_json(dimension) for dimension in self]

    def __len__(self) -> int:
        return len(self.dimensions)

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    @property
    def names(self) -> list[str]:
        """The names of all dimensions, in order."""
        return [dimension.name for dimension in self]

    @property
    def defaults(self) -> Params:
        """The params in which every active dimension has its default."""
        return self.without_inactive({dimension.name: dimension.default for dimension in self})

    def complete(self, params: Params) -> Mapping[str, Scalar]:
        """The params with the default in place of every dimension that is inactive in them."""
        return {d.name: params.get(d.name, d.default) for d in self}

    def to_unit(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Encode params as x [d] in the unit cube and a boolean mask [d] of what is active.

        An inactive dimension's coordinate is that of its default, and means nothing.
        """
        complete = self.complete(params)
        x = np.array(
            [dimension.to_unit(complete[dimension.name]) for dimension in self], dtype=float
        )
        return x, np.array([dimension.name in params for dimension in self], dtype=bool)

    def from_unit(self, x: np.ndarray) -> Params:
        """The params at the point x [d] of the unit cube; inactive dimensions are left out."""
        pairs = zip(self, x, strict=True)
        return self.without_inactive({d.name: d.from_unit(float(u)) for d, u in pairs})

    def sample(self, rng: np.random.Generator) -> Params:
        """Params drawn uniformly from the unit cube."""
        return self.from_unit(rng.random(len(self)))

    def contains(self, params: Params) -> bool:
        """Whether exactly the active dimensions are there, each with a legal value."""
        by_name = {dimension.name: dimension for dimension in self}
        if not all(n in by_name and by_name[n].contains(v) for n, v in params.items()):
            return False
        return set(self.without_inactive(self.complete(params))) == set(params)

    def without_inactive(self, complete: Mapping[str, Scalar]) -> Params:
        """The params that `complete`, which has a value for every dimension, comes down to."""
        active: set[str] = set()
        for dimension in self.parents_first:
            if all(c.parent in active and c.holds(complete[c.parent]) for c in dimension.when):
                active.add(dimension.name)
        return {name: value for name, value in complete.items() if name in active}

    def _check(self, dimension: Dimension, condition: Condition) -> None:
        parents = {other.name: other for other in self if other.name != dimension.name}
        parent = parents.get(condition.parent)
        if parent is None:
            who = "itself" if condition.parent == dimension.name else f"`{condition.parent}`"
            raise DimensionError(
                f"the condition hangs on {who}, which is no other dimension",
                key="when",
                help=suggest_name(condition.parent, parents),
                dimension=dimension.name,
            )
        if condition.bound is None:
            # Each value by itself: a typo in one of several would otherwise never be noticed.
            possible = all(_may_be(parent, value) for value in condition.values)
        elif isinstance(parent, Categorical):
            possible = any(condition.holds(category) for category in parent.categories)
        elif condition.comparison == "==":
            possible = _may_be(parent, condition.bound)
        else:
            possible = condition.holds(parent.low) or condition.holds(parent.high)
        if not possible:
            raise DimensionError(
                f"the condition `{condition}` can never hold",
                key="when",
                help=f"`{parent.name}` is {describe_dimension(parent)}",
                dimension=dimension.name,
            )

    def _sort_parents_first(self) -> list[Dimension]:
        ordered: list[Dimension] = []
        waiting = list(self.dimensions)
        while waiting:
            before = {dimension.name for dimension in ordered}
            ready = [d for d in waiting if all(c.parent in before for c in d.when)]
            if not ready:
                circle = ", ".join(f"`{dimension.name}`" for dimension in waiting)
                raise DimensionError(
                    f"the conditions of {circle} run in a circle",
                    key="when",
                    help="take one of them away",
                    dimension=waiting[0].name,
                )
            ordered += ready
            waiting = [dimension for dimension in waiting if dimension not in ready]
        return ordered


def settle_conditions(
    dimensions: Sequence[Dimension], constants: Mapping[str, Any]
) -> tuple[list[Dimension], dict[str, Condition]]:
    """Settle the conditions on names that are held constant, whose values `constants` gives.

    Gives the dimensions that can be active, without those conditions, and for each of the others
    the condition that never holds; with a dimension all that hang on it drop out.
    """
    kept = list(dimensions)
    dropped: dict[str, Condition] = {}
    while True:
        never = {
            dimension.name: condition
            for dimension in kept
            for condition in dimension.when
            if condition.parent in dropped
            or (condition.parent in constants and not condition.holds(constants[condition.parent]))
        }
        if not never:
            break
        dropped |= never
        kept = [dimension for dimension in kept if dimension.name not in never]
    settled = [
        replace(dimension, when=tuple(c for c in dimension.when if c.parent not in constants))
        for dimension in kept
    ]
    return settled, dropped


def _may_be(dimension: Dimension, value: Scalar) -> bool:
    """Whether a dimension can have a value that is the same in YAML, as 2.0 is for an integer."""
    if isinstance(dimension, Integer) and isinstance(value, float) and value.is_integer():
        return dimension.contains(int(value))
    return dimension.contains(value)


def describe_dimension(dimension: Dimension) -> str:
    """What a dimension can be, in words."""
    if isinstance(dimension, Categorical):
        return "one of " + ", ".join(f"`{category}`" for category in dimension.categories)
    return f"between {dimension.low} and {dimension.high}"
