"""Bayesian optimisation with our own Gaussian process: the engine `gp`.

A suggestion is computed from the history alone. The hyperparameters are fitted anew only when the
trials have grown by some per cent; that fit is written with the trial (`info["fit"]`) and used, and
warm-started from, until the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.acquisition import PORTFOLIO, Acquisition, AcquisitionName, hedge_choice
from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP, Hyperparameters
from hpopt.search.maximiser import Maximiser
from hpopt.search.observations import Observations, fit_to, fit_to_json, recorded_fit
from hpopt.search.plateau import calls_for_spread
from hpopt.search.searcher import Suggestion, generator, sample_unseen
from hpopt.search.sobol_engine import SobolSearcher
from hpopt.space.space import Space
from hpopt.trials import Trial, made

# The least deviation of the noise, where that of the values is 1, with which a repeat can pay.
_NOISY = 0.1


@dataclass(frozen=True)
class BayesSearcher:
    """Maximises an acquisition function of the surrogate; a Sobol' design comes first.

    The design goes on where most values tie (`plateau.py`).

    `acquisition` is EI, PI, LCB or gp_hedge, which chooses among the three. `n_calls` is the run's
    budget, where it is known: of a small one the design takes little. `n_initial` sets its size.
    """

    acquisition: str = "EI"
    n_calls: int | None = None
    n_initial: int | None = None

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The point that promises most; at first, and on a plateau, one that fills the space.

        Trials that run count as evaluated, with the value that the surrogate expects of them, which
        takes their surroundings' uncertainty away (the "kriging believer" of Ginsbourger, Le Riche
        and Carraro, 2010).
        """
        encoding = Encoding(space)
        values = [trial.value for trial in trials if trial.value is not None]
        size = self.n_initial or initial_size(len(encoding.searched), self.n_calls)
        if number <= size or len(values) < 2 or calls_for_spread(values, number):
            return SobolSearcher().suggest(space, trials, number=number, seed=seed)
        if not encoding.searched:
            return Suggestion(space.defaults)
        with threadpool_limits(1):
            return self._suggest(encoding, trials, generator(seed, number))

    def _suggest(
        self, encoding: Encoding, trials: Sequence[Trial], rng: np.random.Generator
    ) -> Suggestion:
        data = Observations.of(encoding, trials)
        hyperparameters, info = _fit(encoding, data, trials)
        gp = GP.condition(data.features, data.y, encoding.groups, hyperparameters, data.variances)
        means = gp.predict_mean(data.features[: data.n_finished])
        centres = data.x[np.argsort(means, kind="stable")]
        gp = _believing(encoding, gp, trials)
        seen, _ = encoding.points([trial.params for trial in trials])
        maximiser = Maximiser(encoding, gp, centres, seen, rng)
        incumbent, noise = float(means.min()), math.sqrt(hyperparameters.noise + data.noise)
        if self.acquisition == "gp_hedge":
            tops = [maximiser.maximise(Acquisition(name, incumbent, noise)) for name in PORTFOLIO]
            gains = _gains(encoding, gp, trials)
            nominees = [top[0].tolist() for top in tops if top is not None]
            info["hedge"] = {"gains": gains.tolist(), "nominees": nominees}
            top = tops[hedge_choice(gains, rng.random())]
        else:
            acquisition = Acquisition(cast(AcquisitionName, self.acquisition), incumbent, noise)
            top = maximiser.maximise(acquisition)
            again = None if _is_exact(trials) else _best_repeat(data, gp, acquisition)
            if top is not None and again is not None and again[1] > top[1]:
                return Suggestion(encoding.space.from_unit(again[0]), info | {"repeat": True})
        if top is None:
            return Suggestion(sample_unseen(encoding.space, trials, rng), info)
        return Suggestion(encoding.space.from_unit(top[0]), info)


def _fit(
    encoding: Encoding, data: Observations, trials: Sequence[Trial]
) -> tuple[Hyperparameters, dict[str, Any]]:
    """The hyperparameters in force, and, where they are fitted now, what to write of them."""
    recorded = recorded_fit(encoding, trials)
    over = made(trials)
    if recorded is not None and not is_due(over, recorded[0]):
        return recorded[1], {}
    hyperparameters = fit_to(encoding, data, recorded[1] if recorded else None)
    return hyperparameters, {"fit": fit_to_json(encoding, over, hyperparameters)}


def _believing(encoding: Encoding, gp: GP, trials: Sequence[Trial]) -> GP:
    """The posterior given that the trials that run come out as it expects."""
    running = [trial.params for trial in trials if trial.state == "running"]
    if not running:
        return gp
    features = encoding.encode(*encoding.points(running))
    believed = np.concatenate([gp.y, gp.predict_mean(features)])
    variances = np.concatenate([gp.variances, np.zeros(len(running))])
    features = np.concatenate([gp.X, features])
    return GP.condition(features, believed, gp.groups, gp.hyperparameters, variances)


def _is_exact(trials: Sequence[Trial]) -> bool:
    """Whether every value is free of noise, so that a repeat can tell nothing."""
    return all(trial.result.standard_error == 0.0 for trial in trials if trial.result is not None)


def _best_repeat(
    data: Observations, gp: GP, acquisition: Acquisition
) -> tuple[np.ndarray, float] | None:
    """The finished point [d] that is most worth another measurement, and what that is worth.

    None where no repeat can be wanted: only augmented EI knows the price of noise, noise must be
    there, and where a repeat has once given the same value, it was the surrogate's own misfit.
    """
    if acquisition.name != "EI" or acquisition.noise < _NOISY:
        return None
    x, y = data.x[: data.n_finished], data.y[: data.n_finished]
    _, which = np.unique(x, axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([which.ravel(), y]), axis=0)
    if len(pairs) < len(y):
        return None
    worth = acquisition(*gp.predict(data.features[: data.n_finished]))[0]
    best = int(worth.argmax())
    return x[best], float(worth[best])


def initial_size(d: int, n_calls: int | None) -> int:
    """How many trials, the defaults included, come before the surrogate is asked.

    Few, for the priors make a model of few trials a fair guide, and each further point of the
    design is one that the model did not choose; a little more where dimensions are many. No more
    than a quarter of the budget, but three at least.
    """
    size = 2 + math.ceil(math.sqrt(d))
    return max(3, size if n_calls is None else min(size, n_calls // 4))


def is_due(n: int, fitted: int) -> bool:
    """Whether n observations are so many more than the `fitted` that a new fit pays."""
    return n < fitted or n >= fitted + max(1, fitted // 16)


def _gains(encoding: Encoding, gp: GP, trials: Sequence[Trial]) -> np.ndarray:
    """The portfolio's gains [3]: how low the surrogate now thinks of what each has nominated."""
    last: Mapping[str, Any] | None = next(
        (trial.info["hedge"] for trial in reversed(trials) if "hedge" in trial.info), None
    )
    if last is None or len(last["nominees"]) != len(PORTFOLIO):
        return np.zeros(len(PORTFOLIO))
    features = encoding.encode(*encoding.snap(np.array(last["nominees"])))
    return np.asarray(last["gains"] - gp.predict_mean(features))
