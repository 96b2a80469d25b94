"""Bayesian optimisation with our own Gaussian process: the engine `gp`.

A suggestion is computed from the history alone. The hyperparameters are fitted anew only when the
trials have grown by some per cent; that fit is written with the trial (`info["fit"]`) and used, and
warm-started from, until the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.acquisition import PORTFOLIO, Acquisition, hedge_choice
from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP
from hpopt.search.maximiser import Maximiser
from hpopt.search.observations import Data, fit_to, fit_to_json, points, recorded_fit
from hpopt.search.searcher import Suggestion, generator, is_seen, sample_unseen
from hpopt.search.sobol_engine import SobolSearcher
from hpopt.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class BayesSearcher:
    """Maximises an acquisition function of the surrogate; a Sobol' design comes first.

    `acquisition` is EI, PI, LCB or gp_hedge, which chooses among the three. `n_calls` is the run's
    budget, where it is known: of a small one the design takes little. `n_initial` sets its size.
    """

    acquisition: str = "EI"
    n_calls: int | None = None
    n_initial: int | None = None

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The point whose evaluation promises most, or one of the design at first.

        Trials that run count as evaluated, with the value that the surrogate expects of them, which
        takes their surroundings' uncertainty away (the "kriging believer" of Ginsbourger, Le Riche
        and Carraro, 2010).
        """
        encoding = Encoding(space)
        finished = sum(trial.value is not None for trial in trials)
        size = self.n_initial or initial_size(len(encoding.searched), self.n_calls)
        if number <= size or finished < 2:
            return SobolSearcher().suggest(space, trials, number=number, seed=seed)
        if not encoding.searched:
            return Suggestion(space.defaults)
        with threadpool_limits(1):
            return self._suggest(encoding, trials, generator(seed, number))

    def _suggest(
        self, encoding: Encoding, trials: Sequence[Trial], rng: np.random.Generator
    ) -> Suggestion:
        info: dict[str, Any] = {}
        data = Data.of(encoding, trials)
        recorded = recorded_fit(encoding, trials)
        if recorded is None or is_due(len(data.y), recorded[0]):
            hyperparameters = fit_to(encoding, data, recorded[1] if recorded else None)
            info["fit"] = fit_to_json(encoding, len(data.y), hyperparameters)
        else:
            hyperparameters = recorded[1]
        gp = GP.condition(data.features, data.y, encoding.groups, hyperparameters)
        incumbent = float(gp.predict_mean(data.features).min())
        noise = float(np.sqrt(hyperparameters.noise))
        running = [trial for trial in trials if trial.state == "running"]
        x, active = points(encoding, running)
        if running:
            features = encoding.encode(x, active)
            believed = np.concatenate([data.y, gp.predict_mean(features)])
            gp = GP.condition(
                np.concatenate([data.features, features]),
                believed,
                encoding.groups,
                hyperparameters,
            )
        maximiser = Maximiser(encoding, gp, data, x, rng)
        if self.acquisition == "gp_hedge":
            nominees = [
                maximiser.maximise(Acquisition(name, incumbent, noise)) for name in PORTFOLIO
            ]
            gains = _gains(encoding, gp, trials)
            chosen = nominees[hedge_choice(gains, rng.random())]
            info["hedge"] = {
                "gains": gains.tolist(),
                "nominees": [u.tolist() for u in nominees],
            }
        else:
            chosen = maximiser.maximise(
                Acquisition(self.acquisition, incumbent, noise)  # type: ignore[arg-type]
            )
        params = encoding.space.from_unit(chosen)
        if is_seen(params, trials):
            params = sample_unseen(encoding.space, trials, rng)
        return Suggestion(params, info)


def initial_size(d: int, n_calls: int | None) -> int:
    """How many trials, the defaults included, come before the surrogate is asked.

    One more than dimensions, for fewer leave every direction unseen; but no more than a quarter of
    the budget, and between 3 and 12: the priors make a model of few trials a fair guide.
    """
    size = d + 1 if n_calls is None else min(d + 1, n_calls // 4)
    return min(max(size, 3), 12)


def is_due(n: int, fitted: int) -> bool:
    """Whether n observations are so many more than the `fitted` that a new fit pays."""
    return n < fitted or n >= fitted + max(1, fitted // 16)


def _gains(encoding: Encoding, gp: GP, trials: Sequence[Trial]) -> np.ndarray:
    """The portfolio's gains [3]: how low the surrogate now thinks of what each has nominated."""
    last: Mapping[str, Any] | None = next(
        (trial.info["hedge"] for trial in reversed(trials) if "hedge" in trial.info), None
    )
    if last is None:
        return np.zeros(len(PORTFOLIO))
    x, active = encoding.snap(np.array(last["nominees"]))
    return np.asarray(last["gains"] - gp.predict_mean(encoding.encode(x, active)))
