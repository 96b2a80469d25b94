"""Which trials go on: the surrogate weighs all that are paused against new params.

A suggestion of the engine `gp` where fits are paused at levels. Each way to go on has its worth,
the improvement to be expected for its epochs (`worth.py`); the best way is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.fidelity import Depths, Levelled, depth
from hpopt.search.fits import Fit
from hpopt.search.gp import GP
from hpopt.search.observations import Observations
from hpopt.search.worth import worth_of_end, worth_of_level
from hpopt.trials import Trial

# Where no new params may be tried, a trial goes on as long as a whole fit's epochs promise so much,
# the deviation of values being 1. Below it a search would hardly see the difference.
_LEAST_WORTH = 0.02


@dataclass(frozen=True)
class Way:
    """A way to go on: to fit a paused trial, or none for new params, up to a level."""

    trial: int | None
    level: float
    worth: float


@dataclass(frozen=True)
class Paused:
    """The trials of a search as they stand, paused, running and finished, and what to expect.

    `levels` are ascending shares of the epochs, and end with 1.
    """

    encoding: Encoding
    levelled: Levelled
    trials: Sequence[Trial]
    levels: Sequence[float]
    incumbent: float

    @classmethod
    def of(
        cls,
        encoding: Encoding,
        fit: Fit,
        data: Observations,
        trials: Sequence[Trial],
        levels: Sequence[float],
    ) -> Paused:
        """What is known of the `trials`. Of those that run it is expected what the model expects.

        The incumbent is the lowest that a finished trial gave, by the model; where none has
        finished, the lowest that any is expected to give.
        """
        n = len(data.y)
        depths = data.depths or Depths(np.zeros(n), -1 - np.arange(n))
        gp = fit.levelled.condition(encoding, replace(data, depths=depths))
        levelled = Levelled(gp, depths)
        rows = slice(data.n_finished or n)
        expected, _ = levelled.outlook(data.features[rows], depths.trial[rows])
        believing = _believing(encoding, levelled, trials)
        return cls(encoding, believing, trials, levels, float(expected.min()))

    @property
    def gp(self) -> GP:
        """The posterior of what trials give at all of their epochs."""
        return self.levelled.gp

    @cached_property
    def ways_on(self) -> list[Way]:
        """A way on for each paused trial, to the next level."""
        ways: list[Way] = []
        for level, following in pairwise(self.levels):
            paused = [t for t in self.trials if t.state == "paused" and _is_at(t, level)]
            if not paused:
                continue
            features = self._features(paused)
            numbers = np.array([trial.number for trial in paused])
            worths = self._worths(features, numbers, level, following)
            pairs = zip(paused, worths.tolist(), strict=True)
            ways += [Way(trial.number, following, worth) for trial, worth in pairs]
        return ways

    def earned(self) -> Way | None:
        """The best way on to a level that fewer have reached than the share of epochs before it.

        So many at least go on, whatever the model expects of them: what short fits tell it can
        learn from longer ones alone. None where all levels have their share, or none is paused.
        """
        ways = self.ways_on
        for level, following in reversed(list(pairwise(self.levels))):
            reached = sum(_has_reached(trial, level) for trial in self.trials)
            further = sum(_has_reached(trial, following) for trial in self.trials)
            here = [way for way in ways if way.level == following]
            if here and further < int(reached * level / following + 1e-9):
                return max(here, key=lambda way: way.worth)
        return None

    def way_of_new(self, point: np.ndarray) -> Way:
        """The way to try new params, a point [d], to the lowest level."""
        features = self.encoding.encode(*self.encoding.snap(point[None]))
        number = max((trial.number for trial in self.trials), default=0) + 1
        worth = self._worths(features, np.array([number]), 0.0, self.levels[0])
        return Way(None, self.levels[0], float(worth[0]))

    def best_way_on(self) -> Way | None:
        """The best way on that is worth it; any, as long as no trial has finished."""
        best = max(self.ways_on, key=lambda way: way.worth, default=None)
        has_finished = any(trial.value is not None for trial in self.trials)
        return None if best and has_finished and best.worth < _LEAST_WORTH else best

    def _worths(
        self, features: np.ndarray, numbers: np.ndarray, level: float, following: float
    ) -> np.ndarray:
        if following == 1:
            outlook = self.levelled.outlook(features, numbers)
            return worth_of_end(*outlook, self.incumbent, 1 - level)
        moves = self.levelled.told(features, numbers, depth(following))
        cost, rest = following - level, 1 - following
        return worth_of_level(*moves, self.incumbent, cost=cost, rest=rest)

    def _features(self, trials: Sequence[Trial]) -> np.ndarray:
        points = self.encoding.points([trial.params for trial in trials])
        return self.encoding.encode(*points)


def _has_reached(trial: Trial, level: float) -> bool:
    """Whether a trial has come to a level, or is on its way there."""
    return trial.value is not None or trial.level >= level


def _is_at(trial: Trial, level: float) -> bool:
    return max(trial.partial, default=0.0) == level


def _believing(encoding: Encoding, levelled: Levelled, trials: Sequence[Trial]) -> Levelled:
    """The posterior given that the trials that run come out, at their levels, as it expects."""
    running = [trial for trial in trials if trial.state == "running"]
    if not running:
        return levelled
    gp, depths = levelled.gp, levelled.depths
    features = encoding.encode(*encoding.points([trial.params for trial in running]))
    h = np.array([depth(trial.level) for trial in running])
    numbers = np.array([trial.number for trial in running])
    X = np.concatenate([gp.X, features])
    y = np.concatenate([gp.y, levelled.mean_at(features, numbers, h)])
    both = Depths(np.concatenate([depths.h, h]), np.concatenate([depths.trial, numbers]))
    variances = np.concatenate([gp.variances, np.zeros(len(running))])
    shared = both.covariance(X, gp.groups, gp.hyperparameters)
    given = X, y, gp.groups, gp.hyperparameters, variances
    return Levelled(GP.condition(*given, discrepancies=shared), both)
