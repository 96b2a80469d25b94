"""Which of noisy trials is best: the posterior's choice, beside the luckiest draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.surrogate import Surrogate, fit_surrogate
from hpopt.space.space import Space
from hpopt.trials import Trial, ranked

# With fewer finished trials the surrogate ranks them no better than their values do.
_FEWEST = 8
# The least deviation of the noise, that of the values being 1, which makes the lowest of them no
# fair account of itself.
_LARGE = 0.5
# The lowest of some hundreds of values is hardly ever so many deviations of the noise below what
# is expected of it: then it is no luck.
_NO_LUCK = 4.0


@dataclass(frozen=True)
class Choice:
    """The trial of the lowest posterior mean, and that of the lowest value.

    `expected` and `expected_of_lowest` are what the posterior says of them, in values; `noise` is
    the deviation of the noise where the lowest is, that of all (warped) values being 1.
    """

    trial: Trial
    expected: float
    lowest: Trial
    expected_of_lowest: float
    noise: float
    luck: float
    """By how many deviations of the noise the lowest value lies below what is expected of it."""

    @property
    def is_noisy(self) -> bool:
        """Whether the values alone say that noise is large, and the lowest of them luck."""
        return self.noise >= _LARGE and self.luck < _NO_LUCK


def choose(space: Space, trials: Sequence[Trial]) -> Choice | None:
    """What the posterior chooses of the finished trials; None where they are too few to say."""
    finished = ranked(trials)
    if len(finished) < _FEWEST:
        return None
    surrogate = fit_surrogate(space, trials)
    means = _means(surrogate, finished)
    lowest = min(range(len(finished)), key=lambda i: float(finished[i].value or 0.0))
    best, noise = int(means.argmin()), _noise_at(surrogate, finished[lowest])
    of_lowest = float(surrogate.data.warping(np.array([finished[lowest].value]))[0])
    return Choice(
        finished[best],
        float(surrogate.to_values(means[best])),
        finished[lowest],
        float(surrogate.to_values(means[lowest])),
        noise,
        float(means[lowest] - of_lowest) / max(noise, 1e-9),
    )


def _noise_at(surrogate: Surrogate, trial: Trial) -> float:
    """The deviation of the noise where a trial is: what is loud is soon very low by luck."""
    features = surrogate.encoding.encode(*surrogate.encoding.points([trial.params]))
    gp = surrogate.gp
    row = int(np.square(gp.X - features).sum(axis=1).argmin())
    return math.sqrt(gp.hyperparameters.noise * gp.loudness[row] + gp.variances[row])


def expected_best(space: Space, trials: Sequence[Trial]) -> list[Trial]:
    """The finished trials in the order of what the surrogate expects of their params, lowest first.

    A value that was only lucky stands behind what its neighbours make likely. Params that were
    tried several times are there once. Too few trials for a surrogate are in the order of their
    values.
    """
    finished = ranked(trials)
    if len(finished) >= _FEWEST:
        means = _means(fit_surrogate(space, trials), finished)
        finished = [finished[index] for index in np.argsort(means, kind="stable")]
    distinct: list[Trial] = []
    for trial in finished:
        if all(trial.params != other.params for other in distinct):
            distinct.append(trial)
    return distinct


def _means(surrogate: Surrogate, trials: Sequence[Trial]) -> np.ndarray:
    encoding = surrogate.encoding
    with threadpool_limits(1):
        points = encoding.points([trial.params for trial in trials])
        return surrogate.gp.predict_mean(encoding.encode(*points))
