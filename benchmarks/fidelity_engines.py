"""What benchmarks/fidelity.py compares: searches that fit in part, and such that fit in full."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fidelity_tables import Table
from search_engines import optuna_study

from hpopt.search.engines import make_searcher
from hpopt.search.searcher import Suggestion
from hpopt.space.dimensions import Params
from hpopt.trials import Result, Trial


class Step(NamedTuple):
    """After one fit or a part of one.

    `spent` is in whole fits, `regret` of the best trial that was fitted in full (None before the
    first), `seconds` what choosing took, `params` how many params have been tried.
    """

    spent: float
    regret: float | None
    seconds: float
    params: int


class Ledger:
    """What a search has spent, and the best trial that it has fitted in full."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._epochs, self._best, self._regret = 0, float("inf"), None
        self._tried: set[tuple[object, ...]] = set()

    def fit(self, params: Params, epochs: int, before: int, seconds: float) -> tuple[float, Step]:
        """The value after `epochs`, of which `before` had been done already, and the step."""
        self._epochs += epochs - before
        value = self.table.value(params, epochs)
        if epochs == self.table.epochs and value < self._best:
            self._best, self._regret = value, self.table.regret(params)
        self._tried.add(tuple(params.values()))
        return value, Step(
            self._epochs / self.table.epochs, self._regret, seconds, len(self._tried)
        )


def ours(engine: str, levels: Sequence[int], table: Table, seed: int) -> Iterator[Step]:
    """An engine of hpopt's; with one level every fit is whole."""
    ledger = Ledger(table)
    shares = {level / levels[-1]: level for level in levels}
    searcher = make_searcher(engine, levels=list(shares))
    trials: list[Trial] = []
    while True:
        start = time.perf_counter()
        number = len(trials) + 1
        following = searcher.suggest(table.space, trials, number=number, seed=seed)
        seconds = time.perf_counter() - start
        if isinstance(following, Suggestion):
            trial = Trial(number, following.params, 0)
            trials.append(trial)
        else:
            trial = trials[following.trial - 1]
        before = shares.get(max(trial.partial, default=0.0), 0)
        info = {**trial.info, **following.info}
        level = following.level
        value, step = ledger.fit(trial.params, shares[level], before, seconds)
        result = Result(value, {}, [value], {}, shares[level], 0.0)
        state, whole, partial = "finished", result, trial.partial
        if level < 1:
            state, whole, partial = "paused", None, {**partial, level: result}
        trials[trial.number - 1] = Trial(
            trial.number, trial.params, 0, state, 1, None, info, whole, None, level, partial
        )
        yield step


def optuna(sampler: str, pruner: str, table: Table, seed: int) -> Iterator[Step]:
    """Optuna with a pruner, which is asked after each epoch."""
    import optuna as package

    pruners = {
        "hyperband": lambda: package.pruners.HyperbandPruner(1, table.epochs, 3),
        "median": lambda: package.pruners.MedianPruner(),
    }
    ledger = Ledger(table)
    study, ask = optuna_study(f"optuna-{sampler}", table.space, seed)
    study.pruner = pruners[pruner]()
    study.enqueue_trial(dict(table.space.defaults))
    while True:
        start = time.perf_counter()
        trial, params = ask()
        seconds, epoch, is_pruned = time.perf_counter() - start, 0, False
        while epoch < table.epochs and not is_pruned:
            value, step = ledger.fit(params, epoch + 1, epoch, seconds)
            epoch, seconds = epoch + 1, 0.0
            trial.report(value, epoch)
            is_pruned = epoch < table.epochs and trial.should_prune()
            yield step
        state = package.trial.TrialState
        study.tell(trial, None if is_pruned else value, state.PRUNED if is_pruned else None)


def first_epochs(table: Table, seed: int, *, share: float, budget: float) -> Iterator[Step]:
    """Random params for a share of the epochs each, then the best of them in full.

    Half of the budget goes into each part. After Egele et al., "Is one epoch all you need for
    multi-fidelity hyperparameter optimization?" (2023).
    """
    import numpy as np

    rng, ledger = np.random.default_rng(seed), Ledger(table)
    epochs = max(1, round(share * table.epochs))
    values = []
    for _ in range(int(budget / 2 / (epochs / table.epochs))):
        params = table.space.sample(rng)
        value, step = ledger.fit(params, epochs, 0, 0.0)
        values.append((value, len(values), params))
        yield step
    for _, _, params in sorted(values):
        yield ledger.fit(params, table.epochs, epochs, 0.0)[1]


Search = Callable[[Table, int, float], Iterator[Step]]
_LEVELS = (6, 17, 52)
ENGINES: dict[str, Search] = {
    "gp": lambda table, seed, budget: ours("gp", [table.epochs], table, seed),
    "gp-levels": lambda table, seed, budget: ours("gp", _LEVELS, table, seed),
    "random-halving": lambda table, seed, budget: ours("random", _LEVELS, table, seed),
    "tpe-hyperband": lambda table, seed, budget: optuna("tpe", "hyperband", table, seed),
    "tpe-median": lambda table, seed, budget: optuna("tpe", "median", table, seed),
    "6-epochs": lambda table, seed, budget: first_epochs(table, seed, share=6 / 52, budget=budget),
}
