"""The trials of a run as the surrogate sees them, and the fits that were recorded with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.gp import Hyperparameters, fit_hyperparameters
from hpopt.search.warping import Warping
from hpopt.trials import Trial

# More observations than these take too long: the best and the latest stand for the others.
_MOST, _MOST_BEST = 1500, 500
# Hyperparameters are fitted to no more than these, spread evenly over the ranks of their values: a
# fit takes n^3 some tens of times, and more observations would hardly change it.
_MOST_FITTED = 500
# With so few observations a fit is cheap, and may lie far from the last one: it starts twice.
_FEW = 60
# How far above the worst value a failed trial is put, in the surrogate's units.
_FAILED_ABOVE = 0.5


@dataclass(frozen=True)
class Data:
    """The finished and failed trials as the surrogate sees them.

    x [n, d] are points of the unit cube, `active` [n, d] their mask, `features` [n, p] what the
    encoding makes of them, and y [n] warped values. The first `n_finished` rows are of finished
    trials, the others of failed ones.
    """

    x: np.ndarray
    active: np.ndarray
    features: np.ndarray
    y: np.ndarray
    n_finished: int
    warping: Warping

    @classmethod
    def of(cls, encoding: Encoding, trials: Sequence[Trial]) -> Data:
        """The data of `trials`, of which at least one must be finished.

        A failed trial stands a little above the worst finished one, so that the model keeps away
        from its like; it takes no part in the warping. A pruned one has no place here yet: its
        value at fewer epochs would have to come in as a bound from below.
        """
        finished = _limited([trial for trial in trials if trial.value is not None])
        failed = [trial for trial in trials if trial.state == "failed"][-_MOST:]
        values = np.array([trial.value for trial in finished], dtype=float)
        warping = Warping.fit(values)
        warped = warping(values)
        x, active = encoding.points([trial.params for trial in (*finished, *failed)])
        y = np.concatenate([warped, np.full(len(failed), warped.max() + _FAILED_ABOVE)])
        return cls(x, active, encoding.encode(x, active), y, len(finished), warping)


def _limited(finished: list[Trial]) -> list[Trial]:
    """All finished trials, or the best and the latest of very many, in order."""
    if len(finished) <= _MOST:
        return finished
    by_value = sorted(finished, key=lambda trial: (trial.value, trial.number))
    kept = {trial.number for trial in by_value[:_MOST_BEST]}
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


def fit_to(encoding: Encoding, data: Data, warm: Hyperparameters | None = None) -> Hyperparameters:
    """The most probable hyperparameters for the data, started from the prior and from `warm`."""
    features, y, starts = data.features, data.y, []
    if warm is None or len(y) <= _FEW:
        starts.append(Hyperparameters.default(len(encoding.searched)))
    if warm is not None:
        starts.append(warm)
    if len(y) > _MOST_FITTED:
        spread = np.linspace(0, len(y) - 1, _MOST_FITTED).astype(int)
        chosen = np.sort(np.argsort(y, kind="stable")[spread])
        features, y = features[chosen], y[chosen]
    return fit_hyperparameters(features, y, encoding.groups, starts)
