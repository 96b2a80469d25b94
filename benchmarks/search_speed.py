"""What a suggestion costs after many trials, beside Optuna's Gaussian process.

    python benchmarks/search_speed.py [--trials 100 300 1000] [--suggestions 10]

Random params of an FCNet table (9 dimensions) are the history; then each engine suggests and is
told in turn. One thread; processor seconds, which other programs on the machine hardly change.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from search_engines import optuna_study
from search_problems import make_problem
from threadpoolctl import threadpool_limits

from hpopt.search.engines import make_searcher
from hpopt.trials import Result, Trial


def main() -> None:
    """Print one line for each engine and length of history."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--suggestions", type=int, default=10)
    options = parser.parse_args()
    with threadpool_limits(1):
        for n in options.trials:
            print(f"gp, {n} trials: {show(ours(n, options.suggestions))}", flush=True)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory of the process until here: {memory:.0f} MB", flush=True)
        for n in options.trials:
            print(f"optuna-gp, {n} trials: {show(theirs(n, options.suggestions))}", flush=True)


def show(seconds: list[float]) -> str:
    """The first suggestion, whose fit has no warm start, and the mean of the others."""
    return f"first {seconds[0] * 1e3:.0f} ms, then {np.mean(seconds[1:]) * 1e3:.0f} ms on average"


def ours(n: int, suggestions: int) -> list[float]:
    """Seconds of each suggestion behind n random trials."""
    problem, rng = make_problem("fcnet-protein"), np.random.default_rng(0)
    searcher, trials, seconds = make_searcher("gp", n_calls=2 * n), [], []

    def add(params, info) -> None:  # type: ignore[no-untyped-def]
        value = problem.observe(params, rng)
        result = Result(value, {}, [value], {}, 1, 0.0)
        trials.append(Trial(len(trials) + 1, params, 0, "finished", info=info, result=result))

    for _ in range(n):
        add(problem.space.sample(rng), {})
    for _ in range(suggestions):
        start = time.process_time()
        suggestion = searcher.suggest(problem.space, trials, number=len(trials) + 1, seed=0)
        seconds.append(time.process_time() - start)
        add(suggestion.params, suggestion.info)
    return seconds


def theirs(n: int, suggestions: int) -> list[float]:
    """The same of Optuna's."""
    from optuna.trial import create_trial

    problem, rng = make_problem("fcnet-protein"), np.random.default_rng(0)
    study, ask = optuna_study("optuna-gp", problem.space, seed=0)
    trial, params = ask()
    study.tell(trial, problem.observe(params, rng))
    for _ in range(n - 1):
        params = dict(problem.space.sample(rng))
        value = problem.observe(params, rng)
        study.add_trial(create_trial(params=params, distributions=trial.distributions, value=value))
    seconds = []
    for _ in range(suggestions):
        start = time.process_time()
        trial, params = ask()
        seconds.append(time.process_time() - start)
        study.tell(trial, problem.observe(params, rng))
    return seconds


if __name__ == "__main__":
    main()
