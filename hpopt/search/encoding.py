"""A space as the surrogate sees it: points of the unit cube, their activity and their features.

x [m, d] are points of the unit cube and `active` [m, d] the mask of what is active in them. In
their features [m, p] Euclidean distance means what it should:

- a real is itself; an integer runs from 0 to 1, and so does a number that goes by steps;
- so does an ordinal, and a categorical whose values are numbers in order, by rank: the user has
  chosen the scale by listing them;
- any other categorical is one-hot over the root of 2, so that two categories are 1 apart;
- a dimension under a condition lies on an arc of radius 1 where it is active, (cos u, sin u), and
  in its centre where it is not: two values are about as far apart as without the condition, and
  each is 1 away from "inactive", whatever its coordinate. This is the embedding of Swersky,
  Duvenaud, Snoek, Hutter and Osborne, "Raiders of the lost architecture" (2014). A one-hot is 0
  where it is inactive.

A dimension of a single value has no feature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpopt.space.conditions import Condition, is_number
from hpopt.space.dimensions import Categorical, Dimension, Integer, Ordinal, Params
from hpopt.space.space import Space

# Of two values there is one distance, which the lengthscale is; of very many too little is learned.
_FEWEST_ALIKE, _MOST_ALIKE = 3, 12


class Encoding:
    """Turns points of a space's unit cube into features, many at a time."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.index = {dimension.name: j for j, dimension in enumerate(space)}
        self.searched = [j for j, dimension in enumerate(space) if dimension.n_values != 1]
        widths = [_width(space.dimensions[j]) for j in self.searched]
        # Of each feature: its dimension among the searched ones.
        self.groups = np.repeat(np.arange(len(self.searched)), widths)
        self.is_real = np.array([d.n_values is None for d in space], dtype=bool)  # without steps
        self._defaults = np.array([d.to_unit(d.default) for d in space], dtype=float)
        self._parents_first = space.parents_first

    @property
    def blocks(self) -> dict[str, slice]:
        """The features of each dimension without order whose values may be alike, by its name."""
        blocks = {}
        for group, j in enumerate(self.searched):
            dimension = self.space.dimensions[j]
            if isinstance(dimension, Categorical) and not is_ordinal(dimension):
                first, last = np.flatnonzero(self.groups == group)[[0, -1]].tolist()
                if _FEWEST_ALIKE <= last - first + 1 <= _MOST_ALIKE:
                    blocks[dimension.name] = slice(first, last + 1)
        return blocks

    @property
    def names(self) -> list[str]:
        """The searched dimensions' names, in the order of the lengthscales."""
        return [self.space.names[j] for j in self.searched]

    def points(self, params: Sequence[Params]) -> tuple[np.ndarray, np.ndarray]:
        """`Space.to_unit` of many params: points [n, d] and their mask [n, d]."""
        x = np.empty((len(params), len(self.space)))
        active = np.empty(x.shape, dtype=bool)
        for j, dimension in enumerate(self.space):
            name, default = dimension.name, dimension.default
            active[:, j] = [name in one for one in params]
            x[:, j] = _to_unit(dimension, [one.get(name, default) for one in params])
        return x, active

    def snap(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points that params have, nearest to x [m, d], and their mask.

        An integer or category goes to the middle of its share, an inactive dimension to its
        default, as in `Space.to_unit`; so equal params are equal rows.
        """
        x = np.array(x, dtype=float)
        for j, dimension in enumerate(self.space):
            x[:, j] = _snap(dimension, x[:, j])
        active = self.activity(x)
        return np.where(active, x, self._defaults), active

    def activity(self, x: np.ndarray) -> np.ndarray:
        """What is active [m, d] in points [m, d] that lie on their dimensions' values."""
        active = np.ones(x.shape, dtype=bool)
        for dimension in self._parents_first:
            for condition in dimension.when:
                parent = self.index[condition.parent]
                holds = _holds(condition, self.space.dimensions[parent], x[:, parent])
                active[:, self.index[dimension.name]] &= active[:, parent] & holds
        return active

    def encode(self, x: np.ndarray, active: np.ndarray) -> np.ndarray:
        """The features features [m, p] of points x [m, d] under a mask [m, d]."""
        columns = [
            _features(self.space.dimensions[j], x[:, j], active[:, j]) for j in self.searched
        ]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(x), 0))

    def slopes(self, u: np.ndarray, active: np.ndarray) -> np.ndarray:
        """The derivatives [p] of the features at u [d] by their reals' coordinates, else 0."""
        slopes: list[float] = []
        for j in self.searched:
            dimension = self.space.dimensions[j]
            if dimension.n_values is not None:
                slopes += [0.0] * _width(dimension)
            elif dimension.when:
                slopes += [-np.sin(u[j]) * active[j], np.cos(u[j]) * active[j]]
            else:
                slopes.append(1.0)
        return np.array(slopes)

    def neighbours(self, u: np.ndarray, active: np.ndarray) -> np.ndarray:
        """All points [m, d] that differ from u [d] in one integer or category that is active.

        Of an integer of many values those at distances 1, 2, 4, ... on both sides.
        """
        rows = []
        for j in self.searched:
            dimension = self.space.dimensions[j]
            if self.is_real[j] or not active[j]:
                continue
            for other in _other_values(dimension, float(u[j])):
                row = u.copy()
                row[j] = other
                rows.append(row)
        return np.array(rows).reshape(len(rows), len(u))


def is_ordinal(dimension: Dimension) -> bool:
    """Whether categories have an order: one is said, or they are numbers that go up or down."""
    if not isinstance(dimension, Categorical) or len(dimension.categories) < 2:
        return False
    if isinstance(dimension, Ordinal):
        return True
    numbers = [float(c) for c in dimension.categories if is_number(c)]  # type: ignore[arg-type]
    return len(numbers) == len(dimension.categories) and (
        numbers == sorted(numbers) or numbers == sorted(numbers, reverse=True)
    )


def _width(dimension: Dimension) -> int:
    """How many features a dimension has."""
    if isinstance(dimension, Categorical) and not is_ordinal(dimension):
        return len(dimension.categories)
    return 2 if dimension.when else 1


def _features(dimension: Dimension, u: np.ndarray, active: np.ndarray) -> np.ndarray:
    """The features [m, width] of one dimension's coordinates u [m]."""
    if (size := _n_shares(dimension)) is not None:
        index = _share(size, u)
        if isinstance(dimension, Categorical) and not is_ordinal(dimension):
            one_hot = index[:, None] == np.arange(size)
            return np.asarray(one_hot * (active[:, None] / np.sqrt(2)))
        u = index / (size - 1)
    elif isinstance(dimension, Integer):
        first, last = dimension.to_unit(dimension.low), dimension.to_unit(dimension.high)
        u = (u - first) / (last - first)
    if not dimension.when:
        return u[:, None]
    return np.stack([np.cos(u) * active, np.sin(u) * active], axis=1)


def _to_unit(dimension: Dimension, values: Sequence[Any]) -> np.ndarray:
    """`to_unit` of many values."""
    if isinstance(dimension, Categorical):
        coordinates = {repr(c): dimension.to_unit(c) for c in dimension.categories}
        # 16.0 is the category 16 as well, though it looks otherwise.
        return np.array([coordinates.get(repr(v)) or dimension.to_unit(v) for v in values])
    numbers = np.array(values, dtype=float)
    if dimension.step is not None:
        steps = (numbers - dimension.low) / dimension.step
        return np.clip((steps + 0.5) / (_n_shares(dimension) or 1), 0.0, 1.0)
    if isinstance(dimension, Integer):
        return _integer_to_unit(dimension, numbers)
    low, high = dimension.low, dimension.high
    if dimension.prior == "log-uniform":
        numbers, low, high = np.log(numbers), math.log(low), math.log(high)
    return np.clip((numbers - low) / (high - low), 0.0, 1.0)


def _snap(dimension: Dimension, u: np.ndarray) -> np.ndarray:
    """The coordinates of the values that own u [m]."""
    if (size := _n_shares(dimension)) is not None:
        return np.asarray((_share(size, u) + 0.5) / size)
    if isinstance(dimension, Integer):
        return _integer_to_unit(dimension, _integer_values(dimension, u))
    return np.asarray(np.clip(u, 0.0, 1.0))


def _n_shares(dimension: Dimension) -> int | None:
    """Of categories and steps their number: they own equal shares of the unit interval."""
    if isinstance(dimension, Categorical) or dimension.step is not None:
        return dimension.n_values
    return None


def _share(size: int, u: np.ndarray) -> np.ndarray:
    """Which of so many shares hold u [m]."""
    return np.asarray(np.minimum((u * size).astype(int), size - 1))


def _integer_bounds(dimension: Integer) -> tuple[float, float]:
    low, high = dimension.low - 0.5, dimension.high + 0.5
    return (math.log(low), math.log(high)) if dimension.prior == "log-uniform" else (low, high)


def _integer_values(dimension: Integer, u: np.ndarray) -> np.ndarray:
    """`Integer.from_unit` of many."""
    low, high = _integer_bounds(dimension)
    values = low + u * (high - low)
    if dimension.prior == "log-uniform":
        values = np.exp(values)
    return np.clip(np.floor(values + 0.5), dimension.low, dimension.high)


def _integer_to_unit(dimension: Integer, values: np.ndarray) -> np.ndarray:
    """`Integer.to_unit` of many."""
    low, high = _integer_bounds(dimension)
    if dimension.prior == "log-uniform":
        middles = (np.log(values - 0.5) + np.log(values + 0.5)) / 2
    else:
        middles = values
    return np.asarray((middles - low) / (high - low))


def _holds(condition: Condition, parent: Dimension, u: np.ndarray) -> np.ndarray:
    """`Condition.holds` for many coordinates u [m] of the parent."""
    different, which = np.unique(u, return_inverse=True)
    holds = [condition.holds(parent.from_unit(one)) for one in different.tolist()]
    return np.array(holds, dtype=bool)[which]


def _other_values(dimension: Dimension, u: float) -> np.ndarray:
    """Coordinates of a discrete dimension's other values, or of some on both sides of u."""
    if (size := _n_shares(dimension)) is not None:
        index = int(_share(size, np.array(u)))
        is_whole = isinstance(dimension, Categorical)
        return np.asarray((_others(index, 0, size - 1, is_whole=is_whole) + 0.5) / size)
    assert isinstance(dimension, Integer)
    others = _others(dimension.from_unit(u), dimension.low, dimension.high)
    return _integer_to_unit(dimension, others.astype(float))


def _others(value: int, low: int, high: int, *, is_whole: bool = False) -> np.ndarray:
    """The whole numbers between the ends but one; of many those at distances 1, 2, 4, ..."""
    if is_whole or high - low < 12:
        return np.delete(np.arange(low, high + 1), value - low)
    steps = 2 ** np.arange(44)
    others = np.concatenate([value - steps, value + steps])
    return np.asarray(others[(others >= low) & (others <= high)])
