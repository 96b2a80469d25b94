"""The trials of a run as the surrogate sees them, and the fits that were recorded with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.gp import Hyperparameters, fit_hyperparameters
from hpopt.search.warping import Warping
from hpopt.trials import Trial, ranked

# More observations than these take too long: the best and the latest stand for the others.
_MOST, _MOST_BEST = 1500, 500
# Hyperparameters are fitted to no more than these, spread evenly over the ranks of their values: a
# fit takes n^3 some tens of times, and more observations would hardly change it.
_MOST_FITTED = 500
# With so few observations a fit is cheap, and may lie far from the last one: it starts twice.
_FEW = 60
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
    finished trials, the others of failed ones.
    """

    x: np.ndarray
    active: np.ndarray
    features: np.ndarray
    y: np.ndarray
    variances: np.ndarray
    n_finished: int
    warping: Warping

    @classmethod
    def of(cls, encoding: Encoding, trials: Sequence[Trial]) -> Observations:
        """The data of `trials`, of which at least one must be finished.

        A failed trial stands a little above the worst finished one, so that the model keeps away
        from its like; it takes no part in the warping.
        """
        finished = _limited([trial for trial in trials if trial.value is not None])
        failed = [trial for trial in trials if trial.state == "failed"][-_MOST:]
        values = np.array([trial.value for trial in finished], dtype=float)
        warping = Warping.fit(values)
        warped = warping(values)
        x, active = encoding.points([trial.params for trial in (*finished, *failed)])
        y = np.concatenate([warped, np.full(len(failed), warped.max() + _FAILED_ABOVE)])
        variances = np.zeros(len(y))
        variances[: len(finished)] = _warped_variances(warping, values, finished)
        return cls(x, active, encoding.encode(x, active), y, variances, len(finished), warping)

    @property
    def noise(self) -> float:
        """The variance that a trial's fits tell of its value, as it is in the middle of them."""
        return float(np.median(self.variances[: self.n_finished]))


def _warped_variances(warping: Warping, values: np.ndarray, trials: Sequence[Trial]) -> np.ndarray:
    """The variances [n] of warped values [n] around what many more seeds would give."""
    scores = [trial.result.scores for trial in trials if trial.result is not None]
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


def recorded_fit(encoding: Encoding, trials: Sequence[Trial]) -> tuple[int, Hyperparameters] | None:
    """The latest hyperparameters that were written with a trial, and on how many they were fitted.

    None where there are none, or those of another space.
    """
    for trial in reversed(trials):
        form = trial.info.get("fit")
        if form is not None and list(form["lengthscales"]) == encoding.names:
            lengthscales = np.array(list(form["lengthscales"].values()), dtype=float)
            return form["trials"], Hyperparameters(lengthscales, form["signal"], form["noise"])
    return None


def fit_to_json(encoding: Encoding, n: int, hyperparameters: Hyperparameters) -> Mapping[str, Any]:
    """What `recorded_fit` reads; floats keep their last bit in JSON."""
    lengthscales = map(float, hyperparameters.lengthscales)
    return {
        "trials": n,
        "lengthscales": dict(zip(encoding.names, lengthscales, strict=True)),
        "signal": hyperparameters.signal,
        "noise": hyperparameters.noise,
    }


def fit_to(
    encoding: Encoding, data: Observations, warm: Hyperparameters | None = None
) -> Hyperparameters:
    """The most probable hyperparameters for the data, started from the prior and from `warm`."""
    features, y, variances, starts = data.features, data.y, data.variances, []
    if warm is None or len(y) <= _FEW:
        starts.append(Hyperparameters.default(len(encoding.searched)))
    if warm is not None:
        starts.append(warm)
    if len(y) > _MOST_FITTED:
        spread = np.linspace(0, len(y) - 1, _MOST_FITTED).astype(int)
        chosen = np.sort(np.argsort(y, kind="stable")[spread])
        features, y, variances = features[chosen], y[chosen], variances[chosen]
    return fit_hyperparameters(features, y, encoding.groups, starts, variances=variances)
