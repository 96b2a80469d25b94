"""Random search: uniform in the unit cube, and so in the scale of each dimension's prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpopt.search.engines import Engine
from hpopt.search.searcher import Searcher, Suggestion, generator, sample_unseen
from hpopt.space.space import Space
from hpopt.trials import Trial


class RandomEngine(Engine):
    """Chance alone."""

    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """It has no design to begin with, and a budget changes nothing."""
        return RandomSearcher()


@dataclass(frozen=True)
class RandomSearcher:
    """Draws each trial by itself, and never twice the same while others are left."""

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """Uniform params that no trial has had yet."""
        return Suggestion(sample_unseen(space, trials, generator(seed, number)))
