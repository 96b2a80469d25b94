"""What benchmarks/search.py compares: hpopt's searchers by name, and its peers behind one face."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from search_problems import Problem

from hpopt.search.choosing import expected_best
from hpopt.search.engines import make_searcher
from hpopt.space.dimensions import Categorical, Integer, Params
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

# Of one trial: its regret by the truth, the value that was observed, the seconds that choosing the
# params took (where an engine learns on being told, that included), and the regret of the trial
# that would be reported if the search ended here.
Step = tuple[float, float, float, float]
# Behind which trials it is asked what would be reported; elsewhere it is the lowest value.
MARKS = (10, 25, 50, 80, 100, 200)


def run(engine: str, problem: Problem, seed: int, n_trials: int) -> Iterator[Step]:
    """Search a problem; all engines evaluate the defaults first, and see the same noise."""
    evaluate = _evaluator(problem, seed)
    if engine.startswith("optuna"):
        return _optuna(engine, problem.space, seed, n_trials, evaluate)
    return _ours(engine, problem.space, seed, n_trials, evaluate)


class _Lowest:
    """The regret of the trial that had the lowest value so far."""

    def __init__(self) -> None:
        self.value, self.regret = math.inf, math.inf

    def __call__(self, regret: float, value: float) -> float:
        if value < self.value:
            self.value, self.regret = value, regret
        return self.regret


def _evaluator(problem: Problem, seed: int) -> Callable[[Params, int], tuple[float, float]]:
    def evaluate(params: Params, number: int) -> tuple[float, float]:
        assert problem.space.contains(params), params
        noise = np.random.default_rng([seed, number, 1])
        return problem.regret(params), problem.observe(params, noise)

    return evaluate


def _ours(
    engine: str,
    space: Space,
    seed: int,
    n_trials: int,
    evaluate: Callable[[Params, int], tuple[float, float]],
) -> Iterator[Step]:
    name, _, acquisition = engine.partition(":")
    settings = {"acquisition": acquisition} if acquisition else {}
    searcher = make_searcher(name, n_calls=n_trials, **settings)
    trials: list[Trial] = []
    regrets: list[float] = []
    lowest = _Lowest()
    for number in range(1, n_trials + 1):
        start = time.perf_counter()
        suggestion = searcher.suggest(space, trials, number=number, seed=seed)
        seconds = time.perf_counter() - start
        regret, value = evaluate(suggestion.params, number)
        result = Result(value, {}, [value], {}, 1, 0.0)
        trials.append(
            Trial(number, suggestion.params, 0, "finished", info=suggestion.info, result=result)
        )
        regrets.append(regret)
        reported = lowest(regret, value)
        if number in MARKS and name == "gp":
            reported = regrets[expected_best(space, trials)[0].number - 1]
        yield regret, value, seconds, reported


def _optuna(
    engine: str,
    space: Space,
    seed: int,
    n_trials: int,
    evaluate: Callable[[Params, int], tuple[float, float]],
) -> Iterator[Step]:
    study, ask = optuna_study(engine, space, seed)
    study.enqueue_trial(dict(space.defaults))
    lowest = _Lowest()
    for number in range(1, n_trials + 1):
        start = time.perf_counter()
        trial, params = ask()
        seconds = time.perf_counter() - start
        regret, value = evaluate(params, number)
        start = time.perf_counter()
        study.tell(trial, value)
        seconds += time.perf_counter() - start
        yield regret, value, seconds, lowest(regret, value)


def optuna_study(engine: str, space: Space, seed: int) -> tuple[Any, Callable[[], Any]]:
    """A study of Optuna's, and what asks it for the next trial and its params."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"optuna-tpe": optuna.samplers.TPESampler, "optuna-gp": optuna.samplers.GPSampler}
    study = optuna.create_study(sampler=samplers[engine](seed=seed))

    def ask() -> tuple[Any, Params]:
        trial = study.ask()
        return trial, _ask_params(trial, space)

    return study, ask


def _ask_params(trial: Any, space: Space) -> Params:
    """Params as Optuna suggests them, parents first (as the benchmark's spaces list them)."""
    params: dict[str, float | int | str | bool | None] = {}
    for dimension in space:
        if not all(c.parent in params and c.holds(params[c.parent]) for c in dimension.when):
            continue
        if isinstance(dimension, Categorical):
            value = trial.suggest_categorical(dimension.name, list(dimension.categories))
        else:
            kind = trial.suggest_int if isinstance(dimension, Integer) else trial.suggest_float
            log = dimension.prior == "log-uniform"
            value = kind(dimension.name, dimension.low, dimension.high, log=log)
        params[dimension.name] = value
    return params
