"""The trials of a run as the surrogate sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.fidelity import Depths, depth
from hpopt.search.plateau import edge_of_plateau
from hpopt.search.warping import Warping
from hpopt.trials import Result, Trial, ranked

# More observations than these take too long: the best and the latest stand for the others.
_MOST, _MOST_BEST = 1000, 400
# With so many values a trial's are only its latest: those before it tell hardly more than it does.
_MANY_LEVELLED = 300
# How far above the worst value a failed trial is put, in the surrogate's units.
_FAILED_ABOVE = 0.5
# How many degrees of freedom the noise of all trials counts for in that of one.
_PRIOR_DF = 4


@dataclass(frozen=True)
class Observations:
    """The finished and failed trials as the surrogate sees them.

    x [n, d] are points of the unit cube, `active` [n, d] their mask, `features` [n, p] what the
    encoding makes of them, y [n] warped values, and `variances` [n] what the fits of a trial tell
    of its value's noise, 0 where a trial is a single fit. The first `n_finished` rows are of
    finished trials, then come failed ones, and then what trials gave at the levels at which they
    were paused; `depths` is None where none was. Where most values lie on a plateau they are capped
    at its edge: values that tie have little noise, and how dead a network is tells nothing.
    """

    x: np.ndarray
    active: np.ndarray
    features: np.ndarray
    y: np.ndarray
    variances: np.ndarray
    n_finished: int
    warping: Warping
    has_plateau: bool = False
    depths: Depths | None = None

    @classmethod
    def of(cls, encoding: Encoding, trials: Sequence[Trial]) -> Observations:
        """The data of `trials`, of which at least one must have a value.

        A failed trial stands a little above the worst one, so that the model keeps away from its
        like; it takes no part in the warping, of which the latest value of each trial makes one.
        """
        finished = _limited([trial for trial in trials if trial.value is not None])
        failed = [trial for trial in trials if trial.state == "failed"][-_MOST:]
        short = _short_fits(trials, _MOST - len(finished))
        latest = [trial.latest for trial in trials if trial.state != "failed"]
        known = np.array([result.value for result in latest if result is not None], dtype=float)
        edge = edge_of_plateau(known.tolist())
        of_finished = np.array([trial.value for trial in finished], dtype=float)
        of_short = np.array([fit.result.value for fit in short], dtype=float)
        if edge is not None:
            known, of_finished, of_short = (
                np.minimum(values, edge) for values in (known, of_finished, of_short)
            )
        warping = Warping.fit(known)
        of_failed = np.full(len(failed), warping(known).max() + _FAILED_ABOVE)
        y = np.concatenate([warping(of_finished), of_failed, warping(of_short)])
        rows = [*finished, *failed, *(fit.trial for fit in short)]
        x, active = encoding.points([trial.params for trial in rows])
        variances = np.zeros(len(y))
        results = [trial.result for trial in finished if trial.result is not None]
        variances[: len(finished)] = _warped_variances(warping, of_finished, results)
        depths = None
        if short:
            variances[len(y) - len(short) :] = _warped_variances(
                warping, of_short, [fit.result for fit in short]
            )
            h = [0.0] * (len(finished) + len(failed)) + [depth(fit.level) for fit in short]
            depths = Depths(np.array(h), np.array([trial.number for trial in rows]))
        return cls(
            x,
            active,
            encoding.encode(x, active),
            y,
            variances,
            len(finished),
            warping,
            edge is not None,
            depths,
        )

    def spread(self, most: int) -> Observations:
        """At most so many of them, spread evenly over the ranks of their values."""
        if len(self.y) <= most:
            return self
        ranks = np.linspace(0, len(self.y) - 1, most).astype(int)
        chosen = np.sort(np.argsort(self.y, kind="stable")[ranks])
        return replace(
            self,
            x=self.x[chosen],
            active=self.active[chosen],
            features=self.features[chosen],
            y=self.y[chosen],
            variances=self.variances[chosen],
            n_finished=int((chosen < self.n_finished).sum()),
            depths=None if self.depths is None else self.depths.of(chosen),
        )

    @property
    def noise(self) -> float:
        """The variance that a trial's fits tell of its value, as it is in the middle of them."""
        n = self.n_finished or len(self.variances)
        return float(np.median(self.variances[:n]))


class ShortFit(NamedTuple):
    """What a trial gave at a level at which it was paused."""

    trial: Trial
    level: float
    result: Result


def _short_fits(trials: Sequence[Trial], most: int) -> list[ShortFit]:
    """What trials gave at levels below all epochs; of very many the latest of each unfinished one.

    No more than `most` of those.
    """
    fits = [
        ShortFit(trial, level, result)
        for trial in trials
        if trial.state != "failed"
        for level, result in trial.partial.items()
    ]
    if len(fits) + sum(trial.value is not None for trial in trials) <= _MANY_LEVELLED:
        return fits
    of_paused = [fit for fit in fits if fit.trial.result is None]
    latest = [fit for fit in of_paused if fit.result is fit.trial.latest]
    return sorted(latest, key=lambda fit: fit.result.value)[: max(0, most)]


def _warped_variances(
    warping: Warping, values: np.ndarray, results: Sequence[Result]
) -> np.ndarray:
    """The variances [n] of warped values [n] around what many more seeds would give."""
    scores = [result.scores for result in results]
    if len(scores) < 2 or len(scores[0]) < 2 or len({len(each) for each in scores}) > 1:
        return np.zeros(len(values))
    deviations = np.sqrt(noise_variances(np.array(scores)))
    return np.asarray(np.square((warping(values + deviations) - warping(values - deviations)) / 2))


def noise_variances(scores: np.ndarray) -> np.ndarray:
    """The variance [n] of the mean of each trial's scores [n, k], one a fold and repeat.

    That a fold is hard is so for all trials and no noise between them: what a fold adds in the
    middle of the trials is taken off first. What is left is the residual of a two-way table, with
    (n - 1)(k - 1) degrees of freedom. The k - 1 of one trial tell little of its own variance, so it
    is drawn towards that of all, as in Smyth, "Linear models and empirical Bayes methods" (2004),
    equation 3: (d0 s0² + d s²) / (d0 + d), with d0 = 4. s0² is from the median, for the trials that
    almost diverged are noisy beyond measure.
    """
    from scipy.stats import chi2

    n, k = scores.shape
    deviations = scores - scores.mean(axis=1, keepdims=True)
    of_folds = np.median(deviations, axis=0)
    residuals = deviations - (of_folds - of_folds.mean())
    own = np.square(residuals).sum(axis=1) / (k - 1) * n / (n - 1)
    shared = np.median(own) * (k - 1) / chi2.median(k - 1)
    return np.asarray((_PRIOR_DF * shared + (k - 1) * own) / (_PRIOR_DF + k - 1) / k)


def _limited(finished: list[Trial]) -> list[Trial]:
    """All finished trials, or the best and the latest of very many, in order."""
    if len(finished) <= _MOST:
        return finished
    kept = {trial.number for trial in ranked(finished)[:_MOST_BEST]}
    others = [trial for trial in finished if trial.number not in kept]
    kept |= {trial.number for trial in others[-(_MOST - _MOST_BEST) :]}
    return [trial for trial in finished if trial.number in kept]
