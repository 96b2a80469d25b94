"""The search space: dimensions with conditions, and the way between params and the unit cube."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.errors import suggest_name
from hpopt.space.conditions import Condition, DimensionError, Value
from hpopt.space.dimensions import (
    Categorical,
    Dimension,
    Integer,
    Params,
    describe_dimension,
    dimension_from_json,
    dimension_to_json,
    unit_belief,
)
from hpopt.space.rules import Rule

# So many random points are drawn before one is looked for around the defaults instead.
_TRIES = 1000
# A walk through all points of a space goes so many steps at most where rules leave few of them.
_MOST_STEPS = 100_000


class Space:
    """An ordered set of dimensions, some of which may be active only under a condition.

    What is tried of it meets all `rules`. A surrogate sees params as a point x [d] of the unit cube
    and a mask [d] of what is active.

    Raises DimensionError where a condition names an unknown parent, can never hold, or runs in a
    circle; RuleError where a rule can't be meant so.
    """

    def __init__(self, dimensions: Sequence[Dimension], rules: Sequence[Rule] = ()) -> None:
        self.dimensions = tuple(dimensions)
        self.rules = tuple(rule.among(self.dimensions) for rule in rules)
        if len(set(self.names)) < len(self):
            raise ValueError(f"two dimensions have one name: {self.names}")
        for dimension in self.dimensions:
            for condition in dimension.when:
                self._check(dimension, condition)
        self.parents_first = self._sort_parents_first()
        for rule in self.rules:
            rule.check(self.dimensions)
        self.beliefs = {
            j: unit_belief(d, d.belief)
            for j, d in enumerate(self)
            if not isinstance(d, Categorical) and d.belief is not None
        }
        # The dimensions that decide whether rules are met, as a space, and which of all they are.
        self._ruling, self._columns = self._of_rules() if self.rules else (self, [])

    @classmethod
    def from_json(cls, forms: Sequence[Mapping[str, Any]], rules: Sequence[str] = ()) -> Space:
        """The space that `to_json` wrote, with rules by their texts."""
        dimensions = [dimension_from_json(form) for form in forms]
        return cls(dimensions, [Rule.from_json(text) for text in rules])

    def to_json(self) -> list[dict[str, Any]]:
        """The dimensions in strict JSON, with the conditions as they stand in the YAML."""
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

    def complete(self, params: Params) -> Mapping[str, Value]:
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

    def broken(self, params: Params) -> Rule | None:
        """The first rule that params break; None where they meet all."""
        return next((rule for rule in self.rules if not rule.is_met(params)), None)

    def allows(self, params: Params) -> bool:
        """Whether params meet all rules."""
        return self.broken(params) is None

    def allowed(self, x: np.ndarray) -> np.ndarray:
        """Which [m] of the points x [m, d] of the unit cube meet all rules."""
        if not self.rules:
            return np.ones(len(x), dtype=bool)
        rows = x[:, self._columns]
        return np.array([self.allows(self._ruling.from_unit(row)) for row in rows], dtype=bool)

    def drawn(self, u: np.ndarray) -> np.ndarray:
        """Points [m, d] as they are believed to be good, where u [m, d] are uniform ones."""
        if not self.beliefs:
            return u
        x = u.copy()
        for j, belief in self.beliefs.items():
            x[:, j] = belief.drawn(u[:, j])
        return x

    def log_belief(self, x: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log [m] of how far points x [m, d] are believed to be good, and its slopes [m, d].

        What is not active [m, d] is as good as one of which nothing is believed: 0.
        """
        total, slopes = np.zeros(len(x)), np.zeros(x.shape)
        for j, belief in self.beliefs.items():
            density, slope = belief.log_density(x[:, j])
            total += density * active[:, j]
            slopes[:, j] = slope * active[:, j]
        return total, slopes

    def sample(self, rng: np.random.Generator) -> Params:
        """Params drawn uniformly from the unit cube, of those that meet the rules.

        Where there are beliefs, half by these.

        Where these are very few, they come from a random walk that begins at the defaults.
        """
        if not self.rules:
            return self.from_unit(self.drawn(rng.random((1, len(self))))[0])
        for _ in range(_TRIES):
            x = self.drawn(rng.random((1, len(self))))[0]
            if self.allowed(x[None])[0]:
                return self.from_unit(x)
        return self._walked(rng)

    def _walked(self, rng: np.random.Generator) -> Params:
        """Where a random walk from the defaults ends that goes through what meets the rules."""
        at, _ = self.to_unit(self.defaults)
        for _ in range(_TRIES):
            size = 10.0 ** rng.uniform(-6, 0)
            changed = rng.random(len(self)) < rng.uniform(1 / len(self), 1)
            moved = at + changed * size * rng.normal(size=len(self))
            there = np.abs((moved + 1) % 2 - 1)  # folded back at the edges
            if self.allowed(there[None])[0]:
                at = there
        return self.from_unit(at)

    def points(self, most: int) -> list[Params] | None:
        """All params that there are; None where they are more than `most`.

        Also where rules leave so few of so many that to find them would take too long.
        """
        if any(dimension.n_values is None for dimension in self):
            return None
        points: list[Params] = []
        for step, params in enumerate(self._points({}, self.parents_first)):
            points += [] if params is None else [params]
            if len(points) > most or step > max(_MOST_STEPS, most):
                return None
        return points

    def _points(self, complete: Params, left: Sequence[Dimension]) -> Iterator[Params | None]:
        """All params that agree with those so far, the dimensions `left` being open.

        None stands for all that agree with some which break a rule already.
        """
        if not left:
            yield {name: complete[name] for name in self.names if name in complete}
            return
        dimension, *others = left
        if all(c.parent in complete and c.holds(complete[c.parent]) for c in dimension.when):
            for value in dimension.values():
                further = {**complete, dimension.name: value}
                yield from self._points(further, others) if self.allows(further) else (None,)
        else:
            yield from self._points(complete, others)

    def contains(self, params: Params) -> bool:
        """Whether exactly the active dimensions are there, each with a legal value."""
        by_name = {dimension.name: dimension for dimension in self}
        if not all(n in by_name and by_name[n].contains(v) for n, v in params.items()):
            return False
        return set(self.without_inactive(self.complete(params))) == set(params)

    def without_inactive(self, complete: Mapping[str, Value]) -> Params:
        """The params that `complete`, which has a value for every dimension, comes down to."""
        active: set[str] = set()
        for dimension in self.parents_first:
            if all(c.parent in active and c.holds(complete[c.parent]) for c in dimension.when):
                active.add(dimension.name)
        return {name: value for name, value in complete.items() if name in active}

    def _of_rules(self) -> tuple[Space, list[int]]:
        """What the rules name, and what that hangs on."""
        names = {name for rule in self.rules for name in rule.names}
        for dimension in reversed(self.parents_first):
            if dimension.name in names:
                names |= {condition.parent for condition in dimension.when}
        columns = [j for j, dimension in enumerate(self) if dimension.name in names]
        return Space([self.dimensions[j] for j in columns]), columns

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


def _may_be(dimension: Dimension, value: Value) -> bool:
    """Whether a dimension can have a value that is the same in YAML, as 2.0 is for an integer."""
    if isinstance(dimension, Integer) and isinstance(value, float) and value.is_integer():
        return dimension.contains(int(value))
    return dimension.contains(value)
