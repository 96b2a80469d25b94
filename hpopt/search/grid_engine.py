"""Grid search: a few values along each dimension, and every combination of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from hpopt.search.engines import Engine
from hpopt.search.searcher import Searcher, Suggestion, generator, is_seen, sample_unseen
from hpopt.space.conditions import Value
from hpopt.space.dimensions import Categorical, Dimension, Params, identity
from hpopt.space.space import Space
from hpopt.trials import Trial

_TRIES, _TRIES_OF_RULES = 100, 10_000
# A walk through a larger grid would take longer than a trial.
_MOST_WALKED = 100_000


class GridEngine(Engine):
    """A few values along each dimension, and every combination of them."""

    grid: Annotated[int, Ge(2), Le(1000)] = 5
    """The points of `grid` along each dimension, both ends among them; of a categorical all."""

    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """It has no design to begin with, and a budget changes nothing."""
        return GridSearcher(self.grid)

    def note(self, space: Space, n_calls: int) -> str | None:
        """What people should know where the budget is not that of the grid."""
        size = math.prod(len(axis_values(dimension, self.grid)) for dimension in space)
        if space.rules and size <= _MOST_WALKED:
            size = len(grid_points(space, self.grid))
            if not size:
                return (
                    "no point of the grid meets the rules, so the calls try random points: raise "
                    "search.grid"
                )
        if n_calls < size:
            return (
                f"the grid has up to {size} points, and {n_calls} calls try as many of them, in a "
                "shuffled order: raise search.n_calls or lower search.grid to try all"
            )
        if n_calls > size and space.points(size) is None:
            return f"the grid has {size} points at most: the calls beyond them try random points"
        return None


@dataclass(frozen=True)
class GridSearcher:
    """Tries the points of a grid in a shuffled order, which the run's seed decides.

    In the order of a loop, a run that ends early would have varied its last dimensions alone.
    When every point has been tried, random ones between them follow.
    """

    points: int

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """A point of the grid that no trial has had yet."""
        rng = generator(seed, number)
        if space.rules:
            return Suggestion(self._allowed(space, trials, rng))
        axes = [axis_values(dimension, self.points) for dimension in space]
        for _ in range(_TRIES):
            params = _params(space, [axis[int(rng.integers(len(axis)))] for axis in axes])
            if not is_seen(params, trials):
                return Suggestion(params)
        if math.prod(map(len, axes)) <= _MOST_WALKED:
            for values in itertools.product(*axes):
                params = _params(space, values)
                if not is_seen(params, trials):
                    return Suggestion(params)
        return Suggestion(sample_unseen(space, trials, rng))

    def _allowed(self, space: Space, trials: Sequence[Trial], rng: np.random.Generator) -> Params:
        """The same of the points that meet the space's rules."""
        axes = [axis_values(dimension, self.points) for dimension in space]
        seen = {identity(trial.params) for trial in trials}
        if math.prod(map(len, axes)) <= _MOST_WALKED:
            left = [p for p in grid_points(space, self.points) if identity(p) not in seen]
            if left:
                return left[int(rng.integers(len(left)))]
            return sample_unseen(space, trials, rng)
        for _ in range(_TRIES_OF_RULES):
            params = _params(space, [axis[int(rng.integers(len(axis)))] for axis in axes])
            if space.allows(params) and identity(params) not in seen:
                return params
        return sample_unseen(space, trials, rng)


def grid_points(space: Space, points: int) -> list[Params]:
    """All points of a grid that meet the space's rules, each once."""
    axes = [axis_values(dimension, points) for dimension in space]
    all_params = (_params(space, values) for values in itertools.product(*axes))
    return list({identity(p): p for p in all_params if space.allows(p)}.values())


def axis_values(dimension: Dimension, points: int) -> Sequence[Value]:
    """All categories; of numbers at most `points`, evenly on the prior's scale, with both ends."""
    if isinstance(dimension, Categorical):
        return dimension.categories
    values = [dimension.from_unit(float(u)) for u in np.linspace(0, 1, points)]
    return list(dict.fromkeys(values))


def _params(space: Space, values: Sequence[Value]) -> Params:
    return space.without_inactive(dict(zip(space.names, values, strict=True)))
