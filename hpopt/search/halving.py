"""Asynchronous successive halving: which trials go on, for engines that do not model levels.

Li et al., "A system for massively parallel hyperparameter tuning" (2020): where fits are paused at
levels that grow by a factor eta, the best 1/eta of all that have reached one go on to the next,
those of higher levels first. None waits for others, and none that was passed over is lost: with
every further trial at its level it may come among the best again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hpopt.search.searcher import GoOn, Searcher, Suggestion
from hpopt.space.space import Space
from hpopt.trials import Trial

# Where fits are paused, as shares of their epochs.
LEVELS = (1 / 9, 1 / 3, 1.0)


@dataclass(frozen=True)
class Halving:
    """Begins what another searcher suggests at the lowest of the `levels`, and lets the best go on.

    The levels are ascending shares of the epochs, and end with 1.
    """

    searcher: Searcher
    levels: Sequence[float]

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | GoOn:
        """A trial that has earned its next level, or new params."""
        earned = self._earned(trials)
        if earned is not None:
            return earned
        suggestion = self.searcher.suggest(space, trials, number=number, seed=seed)
        assert isinstance(suggestion, Suggestion)
        return replace(suggestion, level=self.levels[0])

    def go_on(self, space: Space, trials: Sequence[Trial]) -> GoOn | None:
        """A trial that has earned its next level; the best of all, as long as none has finished."""
        earned = self._earned(trials)
        if earned is not None or any(trial.state == "finished" for trial in trials):
            return earned
        for level, following in reversed(list(pairwise(self.levels))):
            paused = [trial for trial in _best_first(trials, level) if _waits_at(trial, level)]
            if paused:
                return GoOn(paused[0].number, following)
        return None

    def _earned(self, trials: Sequence[Trial]) -> GoOn | None:
        for level, following in reversed(list(pairwise(self.levels))):
            reached = _best_first(trials, level)
            best = reached[: int(len(reached) * level / following + 1e-9)]
            for trial in best:
                if _waits_at(trial, level):
                    return GoOn(trial.number, following)
        return None


def share_of_epochs(n: int, levels: Sequence[float]) -> float:
    """The share of their epochs that n trials take where the first goes on to its end.

    Of the others as many reach each level as successive halving lets go on.
    """
    ends = [(level - before) / level for before, level in pairwise([0.0, *levels])]
    return (1 + (n - 1) * levels[0] * sum(ends)) / n


def _best_first(trials: Sequence[Trial], level: float) -> list[Trial]:
    """The trials that have a value at a level, the lowest first, the earlier first among equals."""
    reached = [trial for trial in trials if level in trial.partial]
    return sorted(reached, key=lambda trial: trial.partial[level].value)


def _waits_at(trial: Trial, level: float) -> bool:
    return trial.state == "paused" and max(trial.partial) == level
