"""Random search: uniform in the unit cube, and so in the scale of each dimension's prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpopt.search.searcher import Suggestion, generator, sample_unseen
from hpopt.space.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class RandomSearcher:
    """Draws each trial by itself, and never twice the same while others are left."""

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """Uniform params that no trial has had yet."""
        return Suggestion(sample_unseen(space, trials, generator(seed, number)))
