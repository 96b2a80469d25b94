"""Bayesian optimisation with our own Gaussian process: the engine `gp`.

A suggestion is computed from the history alone. The hyperparameters are fitted anew only when the
trials have grown by some per cent; that fit is written with the trial (`info["fit"]`) and used, and
warm-started from, until the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.acquisition import PORTFOLIO, Acquisition, AcquisitionName, hedge_choice
from hpopt.search.encoding import Encoding
from hpopt.search.fits import Fit, fit_to, fit_to_json, recorded_fit
from hpopt.search.gp import GP
from hpopt.search.knowledge import KnowledgeGradient
from hpopt.search.maximiser import Maximiser
from hpopt.search.observations import Observations
from hpopt.search.pausing import Paused
from hpopt.search.plateau import calls_for_spread
from hpopt.search.searcher import GoOn, Suggestion, generator, is_seen, sample_unseen
from hpopt.search.sobol_engine import SobolSearcher
from hpopt.space.dimensions import identity
from hpopt.space.space import Space
from hpopt.trials import Trial

# The least deviation of the noise, where that of the values is 1, with which the choice of the best
# is a matter of what the posterior says, and a repeat can pay.
_NOISY = 0.1
# After n values a belief counts to the power of this over n.
_TRUST = 10.0


@dataclass(frozen=True)
class BayesSearcher:
    """Maximises an acquisition function of the surrogate; a Sobol' design comes first.

    The design goes on where most values tie (`plateau.py`).

    `acquisition` is EI, PI, LCB or gp_hedge, which chooses among the three. `n_calls` is the run's
    budget, where it is known: of a small one the design takes little. `n_initial` sets its size.
    Where there are no `repeats`, noise is answered by new points alone. Where there are several
    `levels`, ascending shares of the epochs that end with 1, new params are fitted to the lowest,
    and what promises more for its epochs than others goes on (`pausing.py`).
    """

    acquisition: str = "EI"
    n_calls: int | None = None
    n_initial: int | None = None
    repeats: bool = True
    levels: Sequence[float] = (1.0,)

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | GoOn:
        """The point that promises most; at first, and on a plateau, one that fills the space.

        Trials that run count as evaluated, with the value that the surrogate expects of them, which
        takes their surroundings' uncertainty away (the "kriging believer" of Ginsbourger, Le Riche
        and Carraro, 2010).
        """
        encoding = Encoding(space)
        if len(self.levels) == 1:
            trials = [_whole(trial) for trial in trials]
        values = [trial.latest.value for trial in trials if trial.latest is not None]
        size = self.n_initial or initial_size(len(encoding.searched), self.n_calls)
        if number <= size or len(values) < 2 or calls_for_spread(values, number):
            spread = SobolSearcher().suggest(space, trials, number=number, seed=seed)
            return replace(spread, level=self.levels[0])
        if not encoding.searched:
            return Suggestion(space.defaults)
        rng = generator(seed, number)
        with threadpool_limits(1):
            if len(self.levels) > 1:
                return self._go_on_or_begin(encoding, trials, rng)
            return self._suggest(encoding, trials, rng)

    def go_on(self, space: Space, trials: Sequence[Trial]) -> GoOn | None:
        """The paused trial that promises most for its epochs, if that is enough."""
        encoding = Encoding(space)
        with threadpool_limits(1):
            data = Observations.of(encoding, trials)
            fit, info = _fit(encoding, data, trials)
            paused = Paused.of(encoding, fit, data, trials, self.levels)
            best = paused.earned() or paused.best_way_on()
        if best is None or best.trial is None:
            return None
        return GoOn(best.trial, best.level, info)

    def _go_on_or_begin(
        self, encoding: Encoding, trials: Sequence[Trial], rng: np.random.Generator
    ) -> Suggestion | GoOn:
        """The paused trial or the new params, whichever promises more for its epochs."""
        data = Observations.of(encoding, trials)
        fit, info = _fit(encoding, data, trials)
        paused = Paused.of(encoding, fit, data, trials, self.levels)
        earned = paused.earned()
        if earned is not None and earned.trial is not None:
            return GoOn(earned.trial, earned.level, info)
        maximiser = _maximiser(encoding, paused.gp, data, trials, rng)
        lowest = float(paused.gp.predict_mean(data.features[: data.n_finished or None]).min())
        noise = math.sqrt(fit.hyperparameters.noise + data.noise)
        point = self._best(maximiser, lowest, noise, info, trials, rng)
        ways = paused.ways_on + ([] if point is None else [paused.way_of_new(point)])
        best = max(ways, key=lambda way: way.worth, default=None)
        if best is not None and best.trial is not None:
            return GoOn(best.trial, best.level, info)
        if point is None:
            params = sample_unseen(encoding.space, trials, rng)
        else:
            params = encoding.space.from_unit(point)
        return Suggestion(params, info, self.levels[0])

    def _suggest(
        self, encoding: Encoding, trials: Sequence[Trial], rng: np.random.Generator
    ) -> Suggestion:
        data = Observations.of(encoding, trials)
        fit, info = _fit(encoding, data, trials)
        gp = fit.condition(encoding, data)
        means = gp.predict_mean(data.features[: data.n_finished])
        gp = _believing(encoding, gp, trials)
        noise = math.sqrt(fit.hyperparameters.noise + data.noise)
        is_noisy = noise >= _NOISY and not data.has_plateau and not is_exact(trials)
        if self.acquisition == "EI" and is_noisy:
            best = self._most_telling(encoding, gp, fit, data, trials, rng)
        else:
            maximiser = _maximiser(encoding, gp, data, trials, rng, means)
            best = self._best(maximiser, float(means.min()), noise, info, trials, rng)
        if best is None:
            return Suggestion(sample_unseen(encoding.space, trials, rng), info)
        params = encoding.space.from_unit(best)
        return Suggestion(params, info | ({"repeat": True} if is_seen(params, trials) else {}))

    def _most_telling(
        self,
        encoding: Encoding,
        gp: GP,
        fit: Fit,
        data: Observations,
        trials: Sequence[Trial],
        rng: np.random.Generator,
    ) -> np.ndarray | None:
        """The point [d], tried or new, whose value would tell most about which one is best."""
        gradient = KnowledgeGradient(
            encoding,
            gp,
            data.x[: data.n_finished],
            lambda features, mu: fit.noise(features, mu) + data.noise,
            _trust(trials),
        )
        barred = [t.params for t in trials if t.value is None or not self.repeats]
        return gradient.best(encoding.points(barred)[0], rng)

    def _best(
        self,
        maximiser: Maximiser,
        incumbent: float,
        noise: float,
        info: dict[str, Any],
        trials: Sequence[Trial],
        rng: np.random.Generator,
    ) -> np.ndarray | None:
        """The new point [d] where the acquisition function is highest."""
        if self.acquisition != "gp_hedge":
            name = cast(AcquisitionName, self.acquisition)
            return maximiser.maximise(Acquisition(name, incumbent, noise))
        tops = [maximiser.maximise(Acquisition(name, incumbent, noise)) for name in PORTFOLIO]
        gains = _gains(maximiser.encoding, maximiser.gp, trials)
        nominees = [top.tolist() for top in tops if top is not None]
        info["hedge"] = {"gains": gains.tolist(), "nominees": nominees}
        return tops[hedge_choice(gains, rng.random())]


def _maximiser(
    encoding: Encoding,
    gp: GP,
    data: Observations,
    trials: Sequence[Trial],
    rng: np.random.Generator,
    means: np.ndarray | None = None,
) -> Maximiser:
    """What maximises over the points that no trial has had, around those of the lowest means."""
    means = gp.predict_mean(data.features) if means is None else means
    order = np.argsort(means, kind="stable")
    if data.depths is not None:  # of a trial one row does
        order = order[np.sort(np.unique(data.depths.trial[order], return_index=True)[1])]
    centres = data.x[order]
    seen, _ = encoding.points([trial.params for trial in trials])
    return Maximiser(encoding, gp, centres, seen, rng, _trust(trials))


def _trust(trials: Sequence[Trial]) -> float:
    """How far beliefs still count: less and less, the more values there are.

    The acquisition is weighed by the belief to the power of beta / n, as pi-BO does (Hvarfner,
    Stoll, Souza, Lindauer, Hutter and Nardi, "Augmenting acquisition functions with user beliefs
    for Bayesian optimization", 2022), so what is wrong is overcome.
    """
    return _TRUST / max(sum(trial.latest is not None for trial in trials), 1)


def _fit(
    encoding: Encoding, data: Observations, trials: Sequence[Trial]
) -> tuple[Fit, dict[str, Any]]:
    """The fit in force, and, where it is made now, what to write of it."""
    recorded = recorded_fit(encoding, trials)
    over = sum(len(t.partial) + (t.state in ("finished", "failed")) for t in trials)
    if recorded is not None and not is_due(over, recorded[0]):
        return recorded[1], {}
    fit = fit_to(encoding, data, recorded[1] if recorded else None)
    return fit, {"fit": fit_to_json(encoding, over, fit)}


def _believing(encoding: Encoding, gp: GP, trials: Sequence[Trial]) -> GP:
    """The posterior given that the trials that run come out as it expects."""
    running = [trial.params for trial in trials if trial.state == "running"]
    if not running:
        return gp
    features = encoding.encode(*encoding.points(running))
    believed = np.concatenate([gp.y, gp.predict_mean(features)])
    variances = np.concatenate([gp.variances, np.zeros(len(running))])
    loudness = np.concatenate([gp.loudness, np.ones(len(running))])
    features = np.concatenate([gp.X, features])
    return GP.condition(features, believed, gp.groups, gp.hyperparameters, variances, loudness)


def _whole(trial: Trial) -> Trial:
    """A trial without what it gave at levels: a search that pauses nothing knows of none."""
    return replace(trial, partial={}) if trial.partial else trial


def is_exact(trials: Sequence[Trial]) -> bool:
    """Whether values have no noise, so that a repeat can tell nothing.

    So it is where it is said of every value, and where a repeat once gave the same value: what
    looked like noise was the surrogate's own misfit.
    """
    finished = [trial for trial in trials if trial.result is not None]
    if all(trial.result.standard_error == 0.0 for trial in finished if trial.result is not None):
        return True
    return len({(identity(trial.params), trial.value) for trial in finished}) < len(finished)


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
